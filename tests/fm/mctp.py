# SPDX-License-Identifier: GPL-2.0-or-later
"""Through the kernel's MCTP, fm:mctp:NETWORK:EID"""

import os
import socket

from fmtest import MIB, OK, UNREACHABLE, USAGE, main

def wrong(b):
    """Addresses that are none"""
    for rest in ("", "1", "1:", ":9", "0:9", "1:7", "1:255", "1:9x", "x:9",
                 "-1:9", "1:9:9", "1:9,eid=10", "99999999999:9", "1:-9", " 1:9"):
        b.address = f"fm:mctp:{rest}"
        b.expect(USAGE, "list", err="as in fm:mctp:1:9")


def without(b):
    """A kernel that has none says so; one that has it, that nobody is there"""
    try:
        socket.socket(45, socket.SOCK_DGRAM).close()
        word = "mctp route"
    except OSError:
        word = "CONFIG_MCTP"
    b.address = "fm:mctp:1:9"
    b.expect(UNREACHABLE, "list", err=word)


def kernel(b):
    """From now on, cxl-fm has what a kernel with it would give"""
    os.environ["LD_PRELOAD"] = os.environ["MCTP_KERNEL"]
    os.environ["MCTP_LINE"] = b.address[len("fm:"):]
    os.environ.pop("MCTP_TAKEN", None)
    b.address = "fm:mctp:1:9"


def done():
    for name in ("LD_PRELOAD", "MCTP_LINE", "MCTP_TAKEN", "MCTP_NOISE"):
        os.environ.pop(name, None)


def life(b):
    """Add, look, release; and a list of more than one answer"""
    kernel(b)
    try:
        b.expect(OK, "add", "64M", "--wait", out="accepted 64 MiB")
        b.checks.equal(b.extents(), [(0, 0, 64 * MIB, "accepted")],
                       "it is there")
        b.expect(OK, "release", "--all", "--wait", out="released 64 MiB")
        b.expect(OK, "add", "--no-chain",
                 *[f"--extent={4 * i}M+2M" for i in range(60)], "--wait")
        b.checks.equal(len(b.extents()), 60, "sixty in several answers")
    finally:
        done()


def taken(b):
    """Somebody else has the notifications: events are looked for"""
    kernel(b)
    os.environ["MCTP_TAKEN"] = "1"
    try:
        b.expect(OK, "add", "2M", "--wait", out="accepted 2 MiB")
    finally:
        done()


def nobody(b):
    """No such endpoint, no such network"""
    kernel(b)
    try:
        b.address = "fm:mctp:2:9"
        b.expect(UNREACHABLE, "list", err="mctp route")
        b.address = "fm:mctp:1:99"
        b.expect(UNREACHABLE, "list", "--answer-timeout=1", err="not answered")
    finally:
        done()


def noise(b):
    """Another endpoint never stops to send: the time for an answer passes"""
    kernel(b)
    os.environ["MCTP_NOISE"] = "1"
    try:
        b.expect(UNREACHABLE, "list", "--answer-timeout=1", err="not answered")
    finally:
        done()


if __name__ == "__main__":
    main(wrong, without, life, taken, nobody, noise)
