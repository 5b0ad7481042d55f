# SPDX-License-Identifier: GPL-2.0-or-later
"""agent.c in the guest, behind one ssh: a file read costs a millisecond."""

import os
import selectors
import subprocess

from vm import BUILD, GuestError

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "agent.c")
PROGRAM = os.path.join(BUILD, "guest", "test", "agent")


class Refused(Exception):
    """A system call in the guest failed; .errno says how."""

    def __init__(self, command, number):
        super().__init__(f"{command}: {os.strerror(number)}")
        self.errno = number


def build():
    if (os.path.exists(PROGRAM) and
            os.path.getmtime(PROGRAM) > os.path.getmtime(SOURCE)):
        return
    os.makedirs(os.path.dirname(PROGRAM), exist_ok=True)
    new = f"{PROGRAM}.{os.getpid()}"
    subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror",
                    "-static", "-o", new, SOURCE], check=True)
    os.rename(new, PROGRAM)


class Agent:
    """A conversation with the guest.  Use it as a context manager."""

    def __init__(self, vm):
        build()
        self.vm = vm
        if vm.guest("test -x /tmp/agent").status:
            with open(PROGRAM, "rb") as file:
                subprocess.run(vm.ssh_command() + [
                    "cat > /tmp/agent.new && chmod +x /tmp/agent.new && "
                    "mv /tmp/agent.new /tmp/agent"],
                    input=file.read(), check=True, timeout=60)
        self.child = subprocess.Popen(
            vm.ssh_command() + ["/tmp/agent"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        self._ready = selectors.DefaultSelector()
        self._ready.register(self.child.stdout, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self._ready.close()
        self.child.stdout.close()

    def ask(self, *words, timeout=60):
        """Send a command; gives the answer without its first word "ok"."""
        command = " ".join(str(w) for w in words)
        self.child.stdin.write(command + "\n")
        if not self._ready.select(timeout):
            raise GuestError(f"'{command}': no answer after {timeout} s")
        answer = self.child.stdout.readline().rstrip("\n")
        if answer.startswith("err "):
            raise Refused(command, int(answer[4:]))
        if not answer:
            raise GuestError(f"'{command}': the agent has ended")
        return answer[3:] if answer.startswith("ok") else answer

    def read(self, path):
        return self.ask("read", path)

    def write(self, path, text):
        self.ask("write", path, text)

    def list(self, pattern):
        return self.ask("list", pattern).split()

    def state(self):
        """(extents, available, devices) of the whole guest.

        extents: [(region, offset, length, state, tag or None)];
        available: {region: bytes}; devices: {name: (size, tag)}.
        """
        extents, available, devices = [], {}, {}
        for word in self.ask("state").split():
            kind, path, *values = word.split(",")
            if kind == "extent":
                offset, length, state, tag = values
                if "-" in (offset, length, state):
                    continue            # gone while we looked
                extents.append((region_of(path), int(offset, 16),
                                int(length, 16), state,
                                None if tag == "-" else tag))
            elif kind == "region" and values[0] != "-":
                available[region_of(path)] = int(values[0])
            elif kind == "dax" and values[0] != "-":
                devices[os.path.basename(path)] = (int(values[0]), values[1])
        return sorted(extents, key=str), available, devices


def region_of(path):
    """region3 of /sys/bus/cxl/devices/dax_region3/extent3.1"""
    return path.split("/")[5][len("dax_"):]
