# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines as network namespaces, each with a cable to one bridge.

A program calls inside() first: it goes on in namespaces of its own (network,
mounts, processes), where /run is empty.  So two of them do not see each other,
nothing is left whatever ends them, and they need no root where the kernel lets
everybody make namespaces.
"""

import fcntl
import heapq
import os
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time

INSIDE = "CXL_DCD_NETNS"      # the end of a pipe that closes with the outside
SPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc",
          "--kill-child"]
TRIAL = ("mount -t tmpfs none /run && mkdir /run/netns && ip netns add a && "
         "ip link add trial type bridge && ip link add v type veth peer name w "
         "netns a && nsenter --net=/run/netns/a true")
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 0x0002, 0x1000
FRAME_MAX = 65536


# --- A place of our own ---

def why_not():
    """What stands against machines of this kind here; None: nothing"""
    for program, package in (("ip", "iproute2"), ("unshare", "util-linux"),
                             ("nsenter", "util-linux")):
        if not shutil.which(program):
            return f"no {program} (package {package})"
    trial = subprocess.run([*_spaces(), "sh", "-c", TRIAL], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=60, check=False)
    if trial.returncode:
        return ("network namespaces cannot be made here"
                f"{': run it as root' if os.geteuid() else ''} "
                f"({' '.join(trial.stdout.split())[:200]})")
    return None


def _spaces():
    return SPACES + (["--map-root-user"] if os.geteuid() else [])


def inside():
    """Go on in namespaces of our own; gives why not, where that cannot be."""
    if INSIDE in os.environ:
        return _settle(int(os.environ.pop(INSIDE)))
    why = why_not()
    if why:
        return why
    sys.stdout.flush()
    end, lifeline = os.pipe()
    child = subprocess.Popen([*_spaces(), sys.executable, *sys.argv],
                             pass_fds=[end],
                             env=dict(os.environ, **{INSIDE: str(end)}))
    os.close(end)
    try:
        code = child.wait()
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    # Its first process ends with the pipe, and all others with that.
    os.close(lifeline)
    child.wait()
    sys.exit(code)


def _settle(lifeline):
    def wait_for_the_end():
        os.read(lifeline, 1)
        os._exit(1)

    os.set_inheritable(lifeline, False)
    # That of the terminal reaches the outside, too, which ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=wait_for_the_end, daemon=True).start()
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    os.makedirs("/run/netns")
    os.environ["TMPDIR"] = "/run"
    return None


# --- The network ---

def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, timeout=60)


class Net:
    """A bridge that this program is at, too"""

    def __init__(self, base="10.77.0"):
        self.base, self.names, self.wires = base, [], {}
        ip("link", "set", "lo", "up")
        ip("link", "add", "bridge", "type", "bridge")
        ip("addr", "add", f"{base}.254/24", "dev", "bridge")
        ip("link", "set", "bridge", "up")

    def add(self, name, wire=None):
        """A machine; its address. With @wire, a Wire is its cable."""
        self.names.append(name)
        ip("netns", "add", name)
        if wire:
            self.wires[name] = wire
            wire.plug(name)
        else:
            ip("link", "add", "name", name, "type", "veth", "peer", "name", "eth0",
               "netns", name)
        address = f"{self.base}.{len(self.names)}"
        ip("link", "set", "dev", name, "master", "bridge", "up")
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        return address

    def cut(self, name):
        """Its cable is pulled out of the bridge."""
        ip("link", "set", "dev", name, "down")

    def join(self, name):
        ip("link", "set", "dev", name, "up")

    def close(self):
        for name in self.names:
            if name in self.wires:
                self.wires[name].end()
            else:
                ip("link", "del", "dev", name)
            ip("netns", "del", name)
        ip("link", "del", "dev", "bridge")


def within(name):
    """What to put before a command that runs in that machine"""
    return ["nsenter", f"--net=/run/netns/{name}"]


def _tap(name):
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", name.encode(),
                                             IFF_TAP | IFF_NO_PI))
    return file


class Wire:
    """A cable that loses frames and is slow.

    As `tc netem` does, for kernels without it, and by a seed.
    """

    def __init__(self, seed, loss=0.0, delay=0.0):
        self.dice = random.Random(seed)
        self.loss, self.delay = loss, delay       # a share; seconds, each way
        self.mute = False                         # nothing leaves the machine
        self.lost = self.carried = 0
        self.ends, self.late, self.wake = [], [], os.pipe()
        self.thread = threading.Thread(target=self._carry, daemon=True)

    def plug(self, name):
        self.ends = [_tap(f"{name}-m"), _tap(name)]
        ip("link", "set", "dev", f"{name}-m", "netns", name, "name", "eth0")
        self.thread.start()

    def _take(self, end):
        try:
            frame = os.read(self.ends[end], FRAME_MAX)
        except OSError:               # its interface is down
            return
        if self.mute and end == 0 or self.dice.random() < self.loss:
            self.lost += 1
            return
        # The number keeps the order of those that are due together.
        self.carried += 1
        heapq.heappush(self.late, (time.monotonic() + self.delay,
                                   self.carried, 1 - end, frame))

    def _carry(self):
        polled = select.poll()
        for file in (*self.ends, self.wake[0]):
            polled.register(file, select.POLLIN)
        while True:
            left = self.late[0][0] - time.monotonic() if self.late else 10
            for file, _ in polled.poll(max(0, left) * 1000):
                if file == self.wake[0]:
                    return
                self._take(self.ends.index(file))
            while self.late and self.late[0][0] <= time.monotonic():
                _, _, end, frame = heapq.heappop(self.late)
                try:
                    os.write(self.ends[end], frame)
                except OSError:       # down, or it does not read
                    self.lost += 1

    def end(self):
        os.write(self.wake[1], b"x")
        self.thread.join()
        for file in (*self.ends, *self.wake):
            os.close(file)
