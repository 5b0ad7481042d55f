# SPDX-License-Identifier: GPL-2.0-or-later
"""Where machines are kept, who may have a name, and what is free.

The base folder is $XDG_RUNTIME_DIR/dcd-vm, for root /run/dcd-vm: it goes with the
next boot, as machines do.  It is open to nobody else.
"""

import errno
import fcntl
import os
import re
import socket
import stat
import struct
import sys

PROG = "dcd-vm"
CALL = os.environ.get("DCD_VM_CALL", PROG)   # as the user calls it
ALIAS = "/tmp/qmp-sock"            # what people type, and where cxl-fm looks
ALIAS_LOCK = ALIAS + ".lock"
FIRST_PORT = 2222                  # the same for ssh
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
SOCKET_NAME_LIMIT = 107            # bytes, the kernel's


class Failed(Exception):
    """What the user is told; status is that of the program."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


def say(text, file=None):
    print(f"{PROG}: {text}", file=file or sys.stdout, flush=True)


def check_name(name):
    if not NAME.fullmatch(name):
        raise Failed(
            f"{name!r} is no name for a machine: 1 to 32 letters, digits, dots, "
            "_ and -, the first a letter or digit", 2)


def candidates():
    """Places for the base folder, the best first."""
    runtime, user = os.environ.get("XDG_RUNTIME_DIR", ""), os.geteuid()
    # After su or sudo the variable may still be that of another user.
    for folder in (runtime, f"/run/user/{user}"):
        try:
            if folder.startswith("/") and os.stat(folder).st_uid == user:
                yield os.path.join(folder, PROG)
        except OSError:
            pass
    yield f"/run/{PROG}" if user == 0 else f"/tmp/{PROG}-{user}"


def base_folder():
    """The base folder, made if need be, and nobody else's."""
    folder = next(candidates())
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    except OSError as err:
        raise Failed(f"cannot make {folder}: {err.strerror}; set "
                     "XDG_RUNTIME_DIR to a folder of yours") from None
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Failed(f"{folder} is not a folder of yours: somebody else made it; "
                     "set XDG_RUNTIME_DIR to a folder of yours")
    if found.st_mode & 0o077:
        raise Failed(f"{folder} is open to others: chmod 700 {folder}")
    return folder


# --- locks: of open file descriptions, which a child inherits and which end with
# the last process that has one, however that ends

_FLOCK = "hhqqi4x"


def _lock_bytes(kind):
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)


def try_lock(descriptor):
    """Take the lock of an open file; False when another has it."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _lock_bytes(fcntl.F_WRLCK))
    except OSError as err:
        if err.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def wait_lock(descriptor):
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLKW, _lock_bytes(fcntl.F_WRLCK))


def is_locked(path):
    """Whether somebody has the lock; it is not touched."""
    try:
        with open(path, "rb") as file:
            answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK,
                                 _lock_bytes(fcntl.F_WRLCK))
    except FileNotFoundError:
        return False
    return struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK


class Turn:
    """Only one at a time changes what is below the base folder."""

    def __init__(self, base):
        self.path = os.path.join(base, ".lock")
        self.file = None

    def __enter__(self):
        self.file = open(self.path, "a", encoding="ascii")
        if not try_lock(self.file.fileno()):
            say(f"waiting for another {PROG} that starts or stops a machine",
                sys.stderr)
            wait_lock(self.file.fileno())
        return self

    def __exit__(self, *exc):
        self.file.close()


# --- sockets and ports

def answers(path):
    """Whether somebody listens on a unix socket.  None when that cannot be told;
    a queue that is full is somebody's, too."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.setblocking(False)
        try:
            sock.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except BlockingIOError:
            return True
        except OSError:
            return None
    return True


def port_is_free(address, port):
    """As QEMU will see it: by binding, with SO_REUSEADDR as slirp does."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
        except OSError as err:
            if err.errno == errno.EADDRINUSE:
                return False
            raise Failed(f"--ssh-address {address}: {err.strerror}") from None
    return True


def greets(address, port, timeout):
    """Whether the guest's sshd says its name: then the guest has booted."""
    try:
        with socket.create_connection((address, port), timeout) as sock:
            sock.settimeout(timeout)
            return sock.recv(4) == b"SSH-"
    except OSError:
        return False


def alias_lock():
    """The lock of those who want ALIAS for a socket of theirs, scripts/vm/places.sh;
    None when one of them has it, or keeps it from us."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    for more in (0, os.O_CREAT | os.O_EXCL):
        try:
            descriptor = os.open(ALIAS_LOCK, flags | more, 0o644)
        except OSError:
            continue
        if more:
            os.fchmod(descriptor, 0o644)    # other users lock it, too
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who had it may have removed it before we did.
            if os.path.samestat(os.fstat(descriptor), os.lstat(ALIAS_LOCK)):
                return descriptor
        except FileNotFoundError:
            os.close(descriptor)
            continue
        except OSError:
            pass
        os.close(descriptor)
        return None
    return None


def leave_alias_lock(descriptor):
    """It is needed while the alias is made; who runs by hand keeps one of theirs."""
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            os.unlink(ALIAS_LOCK)
    except OSError:
        pass
    os.close(descriptor)


def take_alias(target, base):
    """Let ALIAS lead to target if it is nobody's: whether it does now."""
    lock = alias_lock()
    if lock is None:
        return False
    try:
        return link_alias(target, base)
    finally:
        leave_alias_lock(lock)


def link_alias(target, base):
    try:
        found = os.lstat(ALIAS)
    except FileNotFoundError:
        found = None
    if found and found.st_uid != os.geteuid():
        return False
    if found and stat.S_ISLNK(found.st_mode):
        leads_to = os.readlink(ALIAS)
        ours = leads_to.startswith(base + os.sep) or not os.path.exists(ALIAS)
        if not ours or answers(ALIAS) is not False:
            return False
    elif found and (not stat.S_ISSOCK(found.st_mode) or
                    answers(ALIAS) is not False):
        return False
    try:
        if found:
            os.unlink(ALIAS)
        # Unlike rename() this takes nothing from who came in between.
        os.symlink(target, ALIAS)
    except OSError:
        return False
    return True


def drop_alias(target):
    """Remove ALIAS if it leads to target."""
    try:
        if os.readlink(ALIAS) == target:
            os.unlink(ALIAS)
    except OSError:
        pass
