# SPDX-License-Identifier: GPL-2.0-or-later
"""A booted guest: started by dcd-vm, driven by ssh and QMP, always stopped."""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from qmp import QMP

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("CXL_DCD_BUILD", os.path.join(TOP, "build"))
# scripts/check-bases has guests with other kernels
GUEST = os.environ.get("CXL_DCD_GUEST", os.path.join(BUILD, "guest"))
BOOT_LIMIT = 600                   # a minute on an idle machine, more devices more

# What the kernel prints when it is unwell.
BAD_KERNEL = re.compile(
    r"WARNING:|BUG:|Oops|general protection|Call Trace|KASAN:|"
    r"lockdep(?! checking is)|ODEBUG|new suspected memory leaks|"
    r"refcount_t|list_(add|del) corruption|rcu.*stall|hung_task|soft lockup|"
    r"nonexistent resource|cannot create duplicate|sysfs:|kernfs:|"
    r"cannot be hotremoved")


# A test runner ends us by SIGTERM when the time is up, a terminal that closes by
# SIGHUP: stop the machine then.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:     # nohup
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))


class GuestError(Exception):
    """The guest could not be started or reached."""


class Result:
    """What a command gave: status, out (both streams joined by ssh), err."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def text(self):
        return (self.out + self.err).strip()


def end_with_parent():
    """For a child: SIGTERM when its parent ends, even by SIGKILL."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM, 0, 0, 0)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def poll(check, timeout, what, interval=0.2):
    """Call check() until it gives something true; that is returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise GuestError(f"after {timeout} s: {what}")
        time.sleep(interval)


class VM:
    """One machine.  Use it as a context manager: it is stopped at the end.

    options are dcd-vm's, as a list; qemu_args go to QEMU as they are.
    """

    def __init__(self, options=(), qemu_args=(), qmp_path=None, ssh_port=None):
        self.dir = tempfile.mkdtemp(prefix="cxl-dcd-")
        self.qmp_path = qmp_path or os.path.join(self.dir, "qmp")
        self.port = ssh_port or free_port()
        self.serial = os.path.join(self.dir, "serial.log")
        # QMP serves one client per socket: this one is ours, so that the
        # socket of the launcher stays free for socat.
        self.own_qmp = os.path.join(self.dir, "own-qmp")
        self.options, self.qemu_args = list(options), list(qemu_args)
        self.process = self.qmp = None
        self.boot_seconds = None
        self.forgiven = 0.0             # seconds after the guest's boot

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc):
        self.stop()

    def start(self):
        start = time.monotonic()
        command = [os.path.join(TOP, "scripts", "dcd-vm"),
                   "--ssh-port", str(self.port), "--qmp", self.qmp_path,
                   "--serial", self.serial, "--guest", GUEST, *self.options,
                   "--", "-qmp", f"unix:{self.own_qmp},server=on,wait=off",
                   *self.qemu_args]
        self.log = open(os.path.join(self.dir, "qemu.log"), "w+")
        # It is the thread's end that counts: another than the main one may go
        # while the machine is wanted.
        dies = threading.current_thread() is threading.main_thread()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=end_with_parent if dies else None)
        poll(lambda: self.alive() and os.path.exists(self.own_qmp), 30,
             "QEMU has no QMP socket")
        self.qmp = QMP(self.own_qmp)
        self.wait_ssh()
        self.boot_seconds = time.monotonic() - start

    def alive(self):
        """True while QEMU runs; says why when it has ended."""
        if self.process.poll() is None:
            return True
        self.log.seek(0)
        raise GuestError(f"QEMU ended with status {self.process.returncode}: "
                         + self.log.read().strip())

    def wait_ssh(self, timeout=None):
        def up():
            return self.alive() and self.guest("true", timeout=20).status == 0
        try:
            poll(up, timeout or BOOT_LIMIT, "no ssh", interval=0.5)
        except GuestError as err:
            raise GuestError(f"{err}; end of the serial log:\n"
                             + self.serial_tail()) from None

    def serial_tail(self, lines=15):
        try:
            with open(self.serial, errors="replace") as log:
                return "".join(log.readlines()[-lines:])
        except OSError:
            return "(no serial log)"

    def stop(self):
        if self.qmp:
            self.qmp.close()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process:
            self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def reset(self):
        """Press the reset button; back when the guest is up again."""
        # One that hangs says nothing, and is reset all the same.
        before = self.guest("cat /proc/sys/kernel/random/boot_id",
                            20).out.strip()
        self.forget_ssh()
        self.forgiven = 0.0
        self.qmp.run("system_reset")

        def up():
            now = self.guest("cat /proc/sys/kernel/random/boot_id", 20)
            return self.alive() and now.status == 0 and now.out.strip() not in (
                "", before)
        poll(up, BOOT_LIMIT, "no ssh after the reset", interval=0.5)

    def forget_ssh(self):
        """End the connection that commands share; the next one makes a new."""
        subprocess.run(self.ssh_command()[:-1] + ["-O", "exit", "guest"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=20, check=False)

    def ssh_command(self):
        """ssh to this guest.  One connection serves all commands: setting
        one up costs a second under emulation."""
        return ["ssh", "-F", os.path.join(BUILD, "guest", "ssh", "config"),
                "-p", str(self.port), "-o", "ControlMaster=auto",
                "-o", f"ControlPath={self.dir}/ssh", "-o", "ControlPersist=60",
                "guest"]

    def guest(self, command, timeout=60):
        """Run a shell command in the guest; a Result, whatever the status."""
        try:
            done = subprocess.run(
                self.ssh_command() + [command], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                timeout=timeout, errors="replace", check=False)
        except subprocess.TimeoutExpired as err:
            why = self.what_hangs() if timeout >= 60 else ""
            return Result(124, (err.stdout or b"").decode(errors="replace"),
                          f"no end after {timeout} s{why}")
        return Result(done.returncode, done.stdout, done.stderr)

    def what_hangs(self):
        """Where the guest's processes are, for the person who must find out
        why a command has not ended; over a connection of its own."""
        look = ("for t in /proc/[0-9]*; do grep -q '^State:.*[DR] (' $t/status "
                "2> /dev/null && tr '\\0' ' ' < $t/cmdline && echo $t && "
                "cat $t/stack; done; cat /proc/loadavg")
        try:
            done = subprocess.run(
                self.ssh_command()[:-1] + ["-o", "ControlPath=none", "guest",
                                           look], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                errors="replace", check=False)
        except subprocess.TimeoutExpired:
            return "; nor does a new connection; serial log:\n" + \
                self.serial_tail()
        return "; running or blocked:\n" + done.stdout[-8000:]

    def guest_ok(self, command, timeout=60):
        """As guest(), but a failure is an error; gives the output."""
        result = self.guest(command, timeout)
        if result.status != 0:
            raise GuestError(f"'{command}' ended with {result.status}: "
                             f"{result.text}")
        return result.out.strip()

    def kernel_complaints(self):
        """Where the kernel log says the kernel is unwell, with what is near.

        The journal has all of this boot, also what left the kernel's own
        buffer, or what a test has cleared from it.
        """
        log = [line for line in self.guest_ok(
            "timeout 20 journalctl --sync && timeout 30 journalctl -k -b -q "
            "--no-pager -o short-monotonic || dmesg").splitlines()
            if self.log_time(line) >= self.forgiven]
        near = {at for i, line in enumerate(log) if BAD_KERNEL.search(line)
                for at in range(max(i - 8, 0), min(i + 12, len(log)))}
        return [log[at] for at in sorted(near)]

    @staticmethod
    def log_time(line):
        """Seconds since boot of a line of the kernel's log."""
        found = re.match(r"\[ *(\d+\.\d+)\]", line)
        return float(found[1]) if found else 0.0

    def forgive(self):
        """What the kernel has complained of until now was to be expected."""
        self.forgiven = float(self.guest_ok("cut -d' ' -f1 /proc/uptime"))

    def device(self, name="cxl-mem0"):
        """What QMP says of one device's dynamic capacity."""
        for entry in self.qmp.call("query-cxl-dynamic-capacity"):
            if entry.get("id") == name:
                return entry
        raise GuestError(f"query-cxl-dynamic-capacity does not know {name}")

    def extents(self, name="cxl-mem0"):
        """Set of (region, offset, len, state) as QEMU sees them."""
        return {(e["region"], e["offset"], e["len"], e["state"])
                for e in self.device(name)["extents"]}
