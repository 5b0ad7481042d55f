# SPDX-License-Identifier: GPL-2.0-or-later
"""A small QMP client: commands with a time limit, events kept for later."""

import json
import socket
import time


class QMPError(Exception):
    """QEMU refused a command; .desc is its message, .kind its class."""

    def __init__(self, command, reply):
        self.command = command
        self.kind = reply.get("class", "")
        self.desc = reply.get("desc", "")
        super().__init__(f"{command}: {self.desc}")


class QMP:
    """One connection to a QMP socket, ready for commands."""

    def __init__(self, path, timeout=30):
        self.path = path
        self.events = []
        self._buffer = b""
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.settimeout(timeout)
        self._sock.connect(path)
        self.timeout = timeout
        self.greeting = self._receive(time.monotonic() + timeout)
        self.run("qmp_capabilities")

    def close(self):
        self._sock.close()

    def _receive(self, deadline):
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no answer on {self.path}")
            self._sock.settimeout(left)
            try:
                data = self._sock.recv(1 << 20)
            except socket.timeout:
                raise TimeoutError(f"no answer on {self.path}") from None
            if not data:
                raise ConnectionError(f"{self.path}: QEMU closed the socket")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)

    def run(self, command, timeout=None, **arguments):
        """Run one command (underscores in argument names become dashes)."""
        return self.call(command, {k.replace("_", "-"): v
                                   for k, v in arguments.items()}, timeout)

    def call(self, command, arguments=None, timeout=None):
        """Run one command with a ready dict; returns what it returns."""
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        self._sock.settimeout(self.timeout)
        self._sock.sendall(json.dumps(request).encode() + b"\n")
        deadline = time.monotonic() + (timeout or self.timeout)
        while True:
            reply = self._receive(deadline)
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise QMPError(command, reply["error"])
            else:
                return reply["return"]

    def wait_event(self, name, timeout=30):
        """The oldest kept event of that name; waits for it if need be."""
        deadline = time.monotonic() + timeout
        while True:
            for i, event in enumerate(self.events):
                if event["event"] == name:
                    return self.events.pop(i)
            reply = self._receive(deadline)
            if "event" in reply:
                self.events.append(reply)
