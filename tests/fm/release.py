# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm release: ask for capacity back, or take it"""

from fmtest import (FAILED, MIB, NAME, OK, PARTIAL, REFUSED, TAG, TIMEOUT,
                    USAGE, main)


def ways(b):
    """By size, extent, tag, all"""
    b.expect(OK, "add", "-e", "0+64M", "-e", "128M+2M", "-e", "256M+8M",
             "--wait")
    b.expect(OK, "release", "8M", "-n",
             out="would ask host 0 for 8 MiB of region 0, "
                 "[0x10000000, +0x800000]")
    b.expect(OK, "release", "8M", "--wait", out="host 0 released 8 MiB")
    b.expect(OK, "release", "4M", "--wait", out="released 4 MiB")
    b.checks.equal(b.extents(), [(0, 0, 62 * MIB, "accepted")],
                   "whole extents first, then a tail")
    b.expect(OK, "release", "-e", "0+2M", "-e", "4M+2M", "--wait",
             out="released 4 MiB")
    b.expect(OK, "add", "4M", "-r", "1", "-t", TAG, "--wait")
    b.expect(OK, "release", "--tag", TAG, "--wait", out="released 4 MiB")
    b.expect(OK, "release", "--all", "--wait", out="released 58 MiB")
    b.checks.equal(b.extents(), [], "all is back")
    b.expect(FAILED, "release", "--all", err="has nothing in region 0")
    b.expect(FAILED, "release", "2M", err="less than 2 MiB")


def held(b):
    """A host that keeps it: who holds what, then --force"""
    b.expect(OK, "add", "-e", "16M+32M", "--wait")
    b.host("keep")
    late = b.expect(TIMEOUT, "release", "--all", "--wait", "-T", "0.5",
                    "--json", err="host 0 still holds 32 MiB in 1 extent of "
                    "region 0: [0x1000000, +0x2000000]")
    b.checks.equal({k: late.json()[k] for k in ("outcome", "wanted", "done",
                                                "waiting")},
                   {"outcome": "timeout", "wanted": 32 * MIB, "done": 0,
                    "waiting": 32 * MIB}, "as JSON")
    b.checks.that("--force" in late.err, "it says what to do", late.err)
    b.checks.equal(len(b.extents()), 1, "the host still has it")
    b.expect(OK, "release", "--all", "--force", "--sanitize", "--wait",
             out="host 0 lost 32 MiB")
    b.checks.equal(b.extents(), [], "it is gone")


def many(b):
    """More extents than one FM API request holds"""
    for at in range(0, 48, 24):
        pieces = [w for i in range(at, at + 24)
                  for w in ("-e", f"{4 * i}M+2M")]
        b.expect(OK, "add", *pieces, "--wait")
    b.expect(OK, "release", "--all", "--wait", out="released 96 MiB")
    b.checks.equal(b.extents(), [], "all is back")


def half_way(b):
    """A later request of a long list is refused: what was taken is told"""
    pieces = [w for i in range(24) for w in ("-e", f"{4 * i}M+2M")]
    b.expect(OK, "add", *pieces, "--wait")
    bad = ("release", *pieces, "-e", "512M+2M", "--force")
    result = b.expect(PARTIAL, *bad, "--json",
                      err="48 MiB of 50 MiB were taken, then it failed")
    found = result.json()
    b.checks.equal((found["steps"][0]["taken"], found["error"]["kind"],
                    found["exit"]), (48 * MIB, "partial", PARTIAL),
                   "in JSON too, in one document")
    b.checks.equal(b.extents(), [], "the host has nothing any more")
    b.expect(REFUSED, *bad, err="Invalid")
    for at in range(0, 48, 24):
        b.expect(OK, "add", *(w for i in range(at, at + 24)
                              for w in ("-e", f"{4 * i}M+2M")), "--wait")
    b.host("keep")
    b.expect(OK, "release", "--all")
    b.expect(OK, "release", "--all", out="asked for 96 MiB")
    b.host("give")
    b.expect(OK, "release", "--all", "--wait", out="released 96 MiB")


def refused(b):
    """What is not the host's cannot be released; nothing changes"""
    b.expect(OK, "add", "-e", "0+4M", "--wait")
    before = b.extents()
    b.expect(REFUSED, "release", "-e", "4M+2M", err="Invalid")
    b.expect(REFUSED, "release", "-e", "2M+4M", err="Invalid")
    b.expect(REFUSED, "release", "-e", "0+1M", err="block size 0x200000")
    b.expect(REFUSED, "release", "--tag", TAG, err="Invalid Input")
    b.expect(REFUSED, "release", "-e", "0+1M", "-n", err="block size")
    b.expect(FAILED, "release", "1M", err="not a multiple")
    b.checks.equal(b.extents(), before, "nothing was changed")


def usage(b):
    """What is no sensible wish never reaches the device"""
    for words, err in (((), "what?"), (("2M", "--all"), "exclude each other"),
                       (("--all", "-e", "0+2M"), "exclude each other"),
                       (("-e", "0+2M", "-t", TAG), "exclude each other"),
                       (("x",), "is not a size"),
                       (("--all", "-T", "5"), "--timeout is for --wait")):
        b.expect(USAGE, "release", *words, err=err)


def asks(b):
    """Without --wait it only asks"""
    b.expect(OK, "add", "2M", "--wait")
    b.host("keep")
    b.expect(OK, "release", "2M", out=f"{NAME}: asked for 2 MiB")
    b.expect(OK, "release", "2M", "--force", out="took 2 MiB")
    b.checks.equal(b.extents(), [], "taken at once")


if __name__ == "__main__":
    main(ways, held, many, half_way, refused, usage, asks)
