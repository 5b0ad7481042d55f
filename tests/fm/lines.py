# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of line, and fabric managers that come and go"""

import random
import socket
import subprocess

from fmtest import MIB, NAME, OK, UNREACHABLE, USAGE, main


# The frame of a Get DCD Info request
GET_INFO = bytes.fromhex("7e01110109 08ca0700020000560000000000 0000c31a7e")


def round_trip(b):
    """add, extents, release over this line"""
    b.expect(OK, "list", out=NAME)
    b.expect(OK, "add", "64M", "--wait", out="accepted 64 MiB")
    b.checks.equal(b.extents(), [(0, 0, 64 * MIB, "accepted")], "it is there")
    b.expect(OK, "release", "--all", "--wait", out="released 64 MiB")


def tcp(b):
    """TCP on loopback"""
    round_trip(b)


def terminal(b):
    """A pty, as a serial port would be"""
    round_trip(b)


def speed(b):
    """A serial port has a speed, while we have it"""
    path, usual = b.address.split(":", 2)[2], b.address

    def baud():
        return subprocess.run(["stty", "speed", "-F", path], check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()
    before = baud()
    b.checks.that(before != "57600", "another one before", before)
    b.address = usual + ",baud=57600"
    child = b.start("watch")
    b.wait_listener()
    b.checks.equal(baud(), "57600", "57600")
    child.terminate()
    child.communicate(timeout=10)
    b.checks.equal(baud(), before, "as it was")
    b.address = usual + ",baud=115200,eid=9"
    b.expect(OK, "list", out=NAME)
    for wrong in ("", "fast", "12345", "0", "9600bps", "-9600"):
        b.expect(USAGE, "list", "-a", f"{usual},baud={wrong}",
                 err="is not a speed that a serial port may have")


tcp.line = "tcp"
terminal.line = speed.line = "pty"


def vanish(b):
    """Ten fabric managers that leave in the middle of a message, with noise"""
    noise = random.Random(7)
    b.expect(OK, "add", "2M", "--wait")
    before = b.extents()
    for i in range(10):
        line = socket.socket(socket.AF_UNIX)
        line.connect(b.address[3:])
        line.sendall(GET_INFO[:noise.randrange(1, len(GET_INFO) - 1)] +
                     noise.randbytes(i * 10))
        line.close()
    b.checks.equal(b.extents(), before, "the device is as it was")


def crowded(b):
    """One holds the line, others wait: there is a queue, and it moves"""
    others, full = [], 0
    while full < 20:              # the device takes the first a little later
        line = socket.socket(socket.AF_UNIX)
        line.setblocking(False)
        others.append(line)
        try:
            line.connect(b.address[3:])
            full = 0
        except BlockingIOError:
            full += 1
            b.host("accept")
    b.expect(UNREACHABLE, "list", "--answer-timeout", "0.3",
             err="another fabric manager holds it")
    started = b.start("list")
    for line in others:
        line.close()
    out, err = started.communicate(timeout=30)
    b.checks.that(started.returncode == OK and NAME in out,
                  "when they leave, it is our turn", err)


if __name__ == "__main__":
    main(round_trip, tcp, terminal, speed, vanish, crowded)
