# SPDX-License-Identifier: GPL-2.0-or-later
"""Where cxl-fm looks when nobody says where: in a /tmp of our own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile

INSIDE = "CXL_FM_OWN_TMP"     # where the old /tmp is, inside
USUAL = "/tmp/qmp-sock"


def inside():
    """Go on where /tmp is ours, with links to all that was there; or skip."""
    if os.environ.get(INSIDE):
        return
    for option in ((), ("--user", "--map-root-user")):
        spaces = ["unshare", *option, "--mount"]
        if shutil.which("unshare") and not subprocess.run(
                [*spaces, "mount", "-t", "tmpfs", "none", "/tmp"],
                stderr=subprocess.DEVNULL, check=False).returncode:
            place = tempfile.mkdtemp(dir="/var/tmp")
            try:
                done = subprocess.run(
                    [*spaces, "sh", "-c", f"""
                     set -e
                     mount --rbind /tmp {place}
                     mount -t tmpfs none /tmp
                     for f in {place}/* {place}/.[!.]*; do
                         case $f in *qmp-sock*) ;; *) ln -s "$f" /tmp ;; esac
                     done
                     exec "$@" """, "sh", sys.executable,
                     os.path.abspath(__file__), *sys.argv[1:]],
                    env=dict(os.environ, **{INSIDE: place}), check=False)
            finally:
                os.rmdir(place)
            sys.exit(done.returncode)
    print("1..0 # SKIP no namespaces of mounts here")
    sys.exit(0)


inside()

from fmtest import OK, UNREACHABLE  # noqa: E402
from pooltest import main  # noqa: E402


def look(b, code, **what):
    """cxl-fm without an address, a file of names or a daemon"""
    os.environ["XDG_CONFIG_HOME"] = b.device.dir.name
    address, b.address = b.address, ""
    try:
        return b.expect(code, "list", "--answer-timeout", "1", **what)
    finally:
        b.address = address
        del os.environ["XDG_CONFIG_HOME"]


def machine(b):
    """A machine of dcd-vm: its monitor for cxl-fm, while people have theirs"""
    folder = f"{b.device.dir.name}/machine"
    os.mkdir(folder)
    for number, name in ((1, "qmp"), (2, "fm-qmp")):
        os.rename(b.monitor(number)[4:], f"{folder}/{name}")
    os.symlink(f"{folder}/qmp", USUAL)
    with socket.socket(socket.AF_UNIX) as people:
        people.connect(USUAL)
        result = look(b, OK, out="mem0")
        b.checks.that("      2 " in result.out, "host 2 is behind it", result)
        os.unlink(f"{folder}/fm-qmp")
        look(b, UNREACHABLE, err="does not greet")
    os.unlink(USUAL)


def plain(b):
    """A socket that is no machine's, and none at all"""
    look(b, UNREACHABLE, err="cannot reach qmp:/tmp/qmp-sock")
    os.symlink(b.monitor(1)[4:], USUAL)
    look(b, OK, out="mem0")
    os.unlink(USUAL)


def foreign(b):
    """Another user's, who may answer what he likes"""
    listen = """import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
print(flush=True); sys.stdin.read()"""
    path = f"{b.device.dir.name}/foreign"
    os.chmod(b.device.dir.name, 0o777)
    try:
        child = subprocess.Popen([sys.executable, "-c", listen, path],
                                 user=65534, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
    except OSError as error:
        print(f"# no other user here: {error}")
        return
    child.stdout.readline()
    os.symlink(path, USUAL)
    look(b, UNREACHABLE, err="user 65534 listens at qmp:/tmp/qmp-sock")
    b.expect(UNREACHABLE, "list", "-a", f"qmp:{path}", "--answer-timeout",
             "0.3", err="does not greet")
    child.communicate()
    os.unlink(USUAL)


if __name__ == "__main__":
    main(machine, plain, foreign)
