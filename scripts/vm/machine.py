# SPDX-License-Identifier: GPL-2.0-or-later
"""One machine: its folder, who runs it, starting and stopping it.

A machine runs while somebody has the lock of its folder.  The launcher takes it
and QEMU, which the launcher becomes, inherits it; so it ends with QEMU, however
that ends, and no process number can be mistaken for it.

  lock         see above
  options      what it was started with, and where: JSON
  info         what scripts/dcd-vm says of it: process, ports, sockets
  qmp fm-qmp   monitors, for people and for cxl-fm
  fm console   FM endpoints of the devices; the serial port
  qemu.log serial.log
"""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

from place import (ALIAS, CALL, FIRST_PORT, SOCKET_NAME_LIMIT, Failed, Turn,
                   check_name, drop_alias, greets, is_locked, port_is_free, say,
                   take_alias, try_lock)

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LAUNCHER = os.path.join(TOP, "scripts", "dcd-vm")
START_LIMIT = 60                   # seconds until QEMU answers
STOP_LIMIT = 20                    # until it has ended
BOOT_LIMIT = 300                   # until the guest's sshd answers


def option(options, name, default=None):
    """The value of an option of dcd-vm; the last one counts."""
    for word, value in zip(options, options[1:]):
        if word == "--":
            break
        if word == name:
            default = value
    return default


def started_at(pid):
    """When a process began, in the kernel's ticks; None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8",
                  errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None


def process_of(info):
    """The process that an info is of, unless it has ended."""
    pid = info.get("pid", "")
    if pid.isdigit() and str(started_at(int(pid))) == info.get("started"):
        return int(pid)
    return None


class Machine:
    """What is known of a machine of that name; it need not be there."""

    def __init__(self, base, name):
        check_name(name)
        self.base, self.name = base, name
        self.folder = os.path.join(base, name)

    def file(self, name):
        return os.path.join(self.folder, name)

    def exists(self):
        return os.path.isdir(self.folder) and not os.path.islink(self.folder)

    def must_exist(self):
        if not self.exists():
            others = ", ".join(m.name for m in machines(self.base)) or "none"
            raise Failed(f"there is no machine '{self.name}' (there are: "
                         f"{others}); `{CALL} start {self.name}` makes it")

    def read(self, name):
        try:
            with open(self.file(name), encoding="utf-8",
                      errors="surrogateescape") as file:
                return file.read()
        except OSError:
            return ""

    def info(self):
        """What the launcher wrote of the run that goes on, or of the last one."""
        return dict(line.split("=", 1) for line in
                    self.read("info").splitlines() if "=" in line)

    def last_start(self):
        """(its options, the folder that their paths begin in)"""
        try:
            last = json.loads(self.read("options") or '{"words": []}')
            words, folder = last["words"], last.get("folder", "/")
        except (ValueError, LookupError, TypeError, AttributeError):
            words, folder = None, "/"
        if not isinstance(words, list) or not isinstance(folder, str) or \
                not all(isinstance(w, str) for w in words):
            say(f"{self.file('options')} is damaged: the defaults are taken",
                sys.stderr)
            return [], "/"
        return words, folder

    def process(self):
        """The number of the process that runs it; None when that is not known,
        because it starts just now or was taken by another program."""
        return process_of(self.info())

    def look(self):
        """(running, starting or stopped; the info that goes with it)"""
        if not is_locked(self.file("lock")):
            return "stopped", {}
        info = self.info()
        return ("running", info) if process_of(info) else ("starting", {})

    def must_run(self):
        self.must_exist()
        state, info = self.look()
        if state == "starting":
            raise Failed(f"'{self.name}' is being started: try again in a moment")
        if state != "running":
            raise Failed(f"'{self.name}' does not run: "
                         f"{CALL} start {self.name}")
        return info

    # --- starting

    def take(self):
        """The descriptor of the lock, when nobody runs it; QEMU inherits it.
        What is left of another run goes."""
        if os.path.lexists(self.folder) and not self.exists():
            raise Failed(f"{self.folder} is not a folder: remove it")
        longest = len(os.fsencode(self.file("fm-qmp")))
        if longest > SOCKET_NAME_LIMIT:
            raise Failed(f"{self.folder} is too long for the name of a socket "
                         f"by {longest - SOCKET_NAME_LIMIT} bytes: take a "
                         "shorter name, or set XDG_RUNTIME_DIR")
        os.makedirs(self.folder, 0o700, exist_ok=True)
        lock = os.open(self.file("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                       0o600)
        if not try_lock(lock):
            os.close(lock)
            pid = self.process()
            raise Failed(
                f"'{self.name}' is running already"
                f"{f' (process {pid})' if pid else ''}: {CALL} stop {self.name}, "
                f"or {CALL} start OTHER-NAME for one more")
        self.clean()
        return lock

    def remember(self, options):
        """What the next start takes when it is given none."""
        with open(self.file("options.new"), "w", encoding="utf-8",
                  errors="surrogateescape") as file:
            json.dump({"folder": os.getcwd(), "words": options}, file)
        os.rename(self.file("options.new"), self.file("options"))

    def clean(self):
        """Remove what only a running machine has."""
        drop_alias(self.file("qmp"))
        for name in ("info", "info.new", "qmp", "fm-qmp", "fm", "console"):
            try:
                os.unlink(self.file(name))
            except FileNotFoundError:
                pass

    def choose_port(self, options):
        """What was asked for, or what it had, or the first that is free."""
        if option(options, "--ssh-port"):
            return []
        address = option(options, "--ssh-address", "127.0.0.1")
        # One that is being started in a terminal has not bound its port yet.
        used = {info.get("ssh_port", str(FIRST_PORT)) for state, info in (
            m.look() for m in machines(self.base) if m.name != self.name)
            if state != "stopped"}
        for port in range(FIRST_PORT, FIRST_PORT + 1000):
            if str(port) not in used and port_is_free(address, port):
                return ["--ssh-port", str(port)]
        raise Failed(f"no port from {FIRST_PORT} on is free: give --ssh-port")

    def launch(self, lock, options):
        """QEMU, in a session of its own: it stays when the terminal closes."""
        places = ["--folder", self.folder, "--qmp", self.file("qmp"),
                  "--serial", self.file("serial.log"),
                  "--console", self.file("console")]
        with open(self.file("qemu.log"), "w", encoding="utf-8") as log:
            return subprocess.Popen(
                [LAUNCHER, *places, *self.choose_port(options), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, pass_fds=[lock])

    def connect(self):
        """To the monitor for cxl-fm; None while it is not there."""
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(0.1)
        try:
            sock.connect(self.file("fm-qmp"))
            # It greets early, and answers when all has been set up.
            sock.sendall(b'{"execute": "qmp_capabilities"}\n')
        except OSError:
            sock.close()
            return None
        return sock

    def answers(self, connection):
        """(whether QEMU has carried out a command, the connection to go on with)"""
        if connection is None:
            connection = self.connect()
        if connection is None:
            return False, None
        try:
            said = connection.recv(4096)
        except TimeoutError:
            return False, connection
        except OSError:
            said = b""
        if b'"return"' in said:
            return True, connection
        if not said:
            connection.close()
            return False, None
        return False, connection

    def start(self, options, wait):
        with Turn(self.base):
            new = not self.exists()
            lock = self.take()
            try:
                self.launch_and_wait(lock, options)
            except BaseException:
                self.clean()
                if new:
                    shutil.rmtree(self.folder)
                raise
            finally:
                os.close(lock)
            self.remember(options)
            alias = option(options, "--qmp") is None and \
                take_alias(self.file("qmp"), self.base)
        info = self.must_run()
        for line in self.read("qemu.log").splitlines():
            if line.startswith("dcd-vm: warning: "):
                print(line, file=sys.stderr, flush=True)
        say(f"'{self.name}' runs, ssh at port {info['ssh_port']}: "
            f"{CALL} ssh {self.name}")
        say(f"cxl-fm -a qmp:{info['fm_qmp']} manages it"
            + (f", {ALIAS} leads to its monitor" if alias else ""))
        if wait:
            self.wait_boot()

    def launch_and_wait(self, lock, options):
        qemu = self.launch(lock, options)
        try:
            self.wait_answer(qemu)
        except BaseException:
            qemu.kill()
            qemu.wait()
            raise

    def wait_answer(self, qemu):
        deadline = time.monotonic() + START_LIMIT
        connection = None
        while True:
            done, connection = self.answers(connection)
            if done:
                connection.close()
                return
            status = qemu.poll()
            if status is not None:
                # How to log in is of no use any more.
                said = re.sub(r"^dcd-vm: (tcg|kvm), ssh: .*\n", "",
                              self.read("qemu.log"), flags=re.M).strip()
                raise Failed(f"'{self.name}' did not start:\n{said}" if said else
                             f"'{self.name}' did not start: QEMU ended with "
                             f"status {status} and said nothing",
                             2 if status == 2 else 1)
            if time.monotonic() > deadline:
                raise Failed(f"'{self.name}': QEMU does not answer after "
                             f"{START_LIMIT} s and was ended; its log is "
                             f"{self.file('qemu.log')}")
            time.sleep(0.05)

    def run(self, options):
        """In this terminal, in this process: it ends with the terminal."""
        # What cannot be started is not remembered.
        done = subprocess.run([LAUNCHER, "--print", *options],
                              stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            return done.returncode
        with Turn(self.base):
            lock = self.take()
            self.remember(options)
            os.set_inheritable(lock, True)
            os.execv(LAUNCHER, [LAUNCHER, "--folder", self.folder, *options])

    def wait_boot(self):
        """Until the guest lets somebody in."""
        info = self.must_run()
        # What it listens on for all is reached by this one, too.
        address = info["ssh_address"].replace("0.0.0.0", "127.0.0.1")
        deadline, told = time.monotonic() + BOOT_LIMIT, False
        while not greets(address, int(info["ssh_port"]), 2):
            if self.look()[0] != "running":
                raise Failed(f"'{self.name}' has ended; its log is "
                             f"{self.file('qemu.log')}")
            if time.monotonic() > deadline:
                raise Failed(f"the guest of '{self.name}' has not booted after "
                             f"{BOOT_LIMIT} s; look at {CALL} console "
                             f"{self.name}, or {info['serial']}")
            if not told:
                say("waiting for the guest to boot (a minute without KVM)")
                told = True
            time.sleep(0.5)

    # --- stopping

    def stop(self, force):
        self.must_exist()
        with Turn(self.base):
            if self.look()[0] == "stopped":
                self.clean()
                say(f"'{self.name}' does not run")
                return
            self.end(force)
            self.clean()
        say(f"'{self.name}' is stopped")

    def end(self, force):
        info = self.info()
        pid = process_of(info)
        if not pid:
            raise Failed(f"'{self.name}' is being started, or another program "
                         f"has its lock: see who has {self.file('lock')} open "
                         "(fuser, lsof)")
        process = os.pidfd_open(pid)
        try:
            # The descriptor is of the process that has the number now.
            if str(started_at(pid)) != info["started"]:
                return
            if info.get("keep") == "true" and not force:
                self.shut_down(info, process)
            else:
                signal.pidfd_send_signal(
                    process, signal.SIGKILL if force else signal.SIGTERM)
            if not ended(process, STOP_LIMIT):
                raise Failed(f"'{self.name}' (process {pid}) does not end after "
                             f"{STOP_LIMIT} s: {CALL} stop {self.name} --force "
                             "kills it")
        except ProcessLookupError:
            pass
        finally:
            os.close(process)

    def shut_down(self, info, process):
        """A disk that is kept is written out first, by the guest itself."""
        say(f"shutting down the guest of '{self.name}': its disk is kept")
        subprocess.run([*ssh_words(info), "systemctl", "poweroff"], timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        if not ended(process, 120):
            raise Failed(f"the guest of '{self.name}' does not shut down: "
                         f"{CALL} stop {self.name} --force ends it, and what is "
                         "not on its disk yet is lost")

    def delete(self, force):
        self.must_exist()
        with Turn(self.base):
            if self.look()[0] != "stopped":
                if not force:
                    raise Failed(f"'{self.name}' is running: {CALL} stop "
                                 f"{self.name} first, or give --force")
                self.end(True)
            self.clean()
            shutil.rmtree(self.folder)
        say(f"'{self.name}' is deleted")


def ssh_words(info):
    config = os.path.join(info["guest"], "ssh", "config")
    return ["ssh", "-F", config, "-p", info["ssh_port"], "guest"]


def ended(process, seconds):
    """Whether the process of a descriptor ends in that time."""
    watch = select.poll()
    watch.register(process, select.POLLIN)
    return bool(watch.poll(seconds * 1000))


def machines(base):
    """All that there are, by name."""
    found = []
    for entry in sorted(os.scandir(base), key=lambda e: e.name):
        if entry.is_dir(follow_symlinks=False):
            try:
                found.append(Machine(base, entry.name))
            except Failed:
                pass                    # not one of ours
    return found
