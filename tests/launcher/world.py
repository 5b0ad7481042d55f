# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cases of tests/launcher see of the world: dcd-vm, its users, its QEMUs."""

import json
import os
import pty
import signal
import socket
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LAUNCHER = os.path.join(TOP, "scripts", "dcd-vm")
ALIAS = "/tmp/qmp-sock"
SMALL = ["--accel", "tcg", "--memory", "512M"]
STOPPED = ["--", "-S"]
NOBODY = 65534


class Skip(Exception):
    """What cannot be tested here, and why."""


def qemus():
    """Processes that are a QEMU, until all of theirs is closed.  Only those that
    these tests have started are seen here."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                name, _, rest = file.read().partition("(")[2].rpartition(")")
                threads = len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            continue
        if name.startswith("qemu-system") and (rest.split()[0] != "Z" or
                                               threads > 1):
            found.append(int(pid))
    return found


def wait_for(check, what, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class Place:
    """A runtime folder, and dcd-vm that uses it."""

    def __init__(self, folder):
        self.folder = folder
        self.base = os.path.join(folder, "dcd-vm")
        self.env = dict(os.environ, XDG_RUNTIME_DIR=folder)

    def popen(self, *words, **more):
        return subprocess.Popen([LAUNCHER, *words], env=self.env,
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, **more)

    def __call__(self, *words, status=0, says=""):
        done = self.popen(*words)
        try:
            out = done.communicate(timeout=90)[0]
        except subprocess.TimeoutExpired:
            done.kill()
            raise
        assert done.returncode == status and says in out, \
            f"{words}: status {done.returncode}, not {status}; '{says}'; {out}"
        return out

    def start(self, name, *options, status=0, says=""):
        return self("start", name, *SMALL, *options, *STOPPED, status=status,
                    says=says)

    def known(self, name, status=0):
        return json.loads(self("status", name, "--json", status=status))

    def states(self):
        out = subprocess.run([LAUNCHER, "list", "--json"], env=self.env,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=True).stdout
        return {m["name"]: m["state"] for m in json.loads(out)["machines"]}

    def end_all(self):
        for pid in qemus():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not qemus(), "all have ended")
        if os.path.lexists(ALIAS):
            os.unlink(ALIAS)


def greeting(path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(path)
        return b"QMP" in sock.recv(4096)


def listener(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen(1)
    return sock


def as_nobody(*words):
    """dcd-vm of a user without XDG_RUNTIME_DIR"""
    return subprocess.run(
        ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY),
         "--clear-groups", LAUNCHER, *words], env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False)


def by_hand(place, path, qemu="/bin/true"):
    return place.popen("--qemu", qemu, "--qmp", path, "--ssh-port", "2399")


def in_terminal(place, *words):
    """A child on a terminal of its own; (process number, the other side)"""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(LAUNCHER, [LAUNCHER, *words], place.env)
    return pid, terminal
