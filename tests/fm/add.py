# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm add: offer capacity to a host"""

import time

from fmtest import (MIB, NAME, OK, PARTIAL, REFUSED, REJECTED, TAG, TIMEOUT,
                    USAGE, main)


def sizes(b):
    """By size: free and contiguous"""
    b.expect(OK, "add", "2M", out=f"{NAME}: offered 2 MiB of region 0 to host")
    b.expect(OK, "add", "1G", "-r", "1", "-t", TAG, "--wait",
             out="accepted 1 GiB in 1 extent of region 1")
    b.expect(OK, "add", "-e", "4M+2M", "--wait")
    b.expect(OK, "add", "6M", "--wait", "-p", "contiguous")
    b.checks.equal(b.extents(), [
        (0, 0, 2 * MIB, "accepted"), (0, 4 * MIB, 2 * MIB, "accepted"),
        (0, 6 * MIB, 6 * MIB, "accepted"),
        (1, 0, 1024 * MIB, "accepted")], "the device's choice")


def prescriptive(b):
    """By extent: one offer, or one each"""
    b.expect(OK, "add", "-e", "8M+2M", "-e", "16M+4M", "--wait",
             out="accepted 6 MiB in 2 extents")
    b.host("half")
    b.expect(REJECTED, "add", "-e", "32M+2M", "-e", "40M+2M", "--wait",
             err="accepted 2 MiB of 4 MiB and declined the rest")
    b.host("reject")
    b.expect(REJECTED, "add", "-e", "40M+2M", "--wait",
             err="declined all of 2 MiB")
    b.host("accept")
    done = b.expect(OK, "add", "-e", "48M+2M", "-e", "56M+2M", "--no-chain",
                    "--wait")
    b.checks.equal(len(done.out.splitlines()), 2, "two offers, two outcomes")
    b.expect(PARTIAL, "add", "-e", "64M+2M", "-e", "8M+2M", "--no-chain",
             err="extent 2 of 2, those before it stand")
    b.checks.equal([e[1] // MIB for e in b.extents()],
                   [8, 16, 32, 48, 56, 64], "what there is in the end")


def outcomes(b):
    """--wait: the shape of an outcome, and a host that does not answer"""
    got = b.expect(OK, "add", "2M", "--wait", "--json").json()
    got.pop("elapsed-ms")
    extent, = got.pop("extents")
    b.checks.equal(extent["state"], "accepted", "the extent of the outcome")
    b.checks.equal(got, {
        "device": NAME, "address": b.address, "door": b.door, "action": "add",
        "host": 0, "tag": None, "wanted": 2 * MIB, "outcome": "done",
        "done": 2 * MIB, "waiting": 0}, "shape")
    b.host("silent")
    begin = time.monotonic()
    late = b.expect(TIMEOUT, "add", "4M", "--wait", "-T", "0.5", "--json",
                    err="has not answered the offer of 4 MiB")
    b.checks.that(0.4 < time.monotonic() - begin < 5, "it took half a second")
    b.checks.equal((late.json()["outcome"], late.json()["waiting"]),
                   ("timeout", 4 * MIB), "as JSON")
    b.host("accept", "silent")    # the offer above is answered
    started = b.start("add", "6M", "--wait", "-T", "20")
    time.sleep(0.2)               # let it wait; the host answers then
    b.host("accept")
    out, err = started.communicate(timeout=20)
    b.checks.that(started.returncode == OK and "accepted 6 MiB" in out,
                  "an answer while we wait ends it", out + err)


def dry_run(b):
    """-n changes nothing and finds what will be refused"""
    b.expect(OK, "add", "4M", "-n",
             out=f"{NAME}: would offer 4 MiB of region 0 to host 0")
    b.expect(OK, "add", "-e", "0+2M", "-n", "--json", out='"dry-run"')
    b.expect(REFUSED, "add", "3M", "-n", err="block size 0x200000")
    b.expect(REFUSED, "add", "-e", "1M+2M", "-n",
             err="extent [0x100000, +0x200000] is not a multiple of region 0's "
                 "block size 0x200000")
    b.expect(REFUSED, "add", "-e", "1023M+2M", "-r", "1", "-n", err="block")
    b.expect(REFUSED, "add", "-e", "1022M+4M", "-n", err="leaves region 0")
    b.expect(REFUSED, "add", "2G", "-n", err="has 1 GiB available, not 2 GiB")
    b.expect(REFUSED, "add", "2M", "-r", "5", "-n", err="has no region 5")
    b.expect(REFUSED, "add", "2M", "-H", "3", "-n", err="there is no host 3")
    b.checks.equal(b.extents(), [], "nothing was changed")


def refused(b):
    """The device says no, and we say why; nothing changes"""
    b.expect(REFUSED, "add", "3M", err="not a multiple of region 0's block")
    b.expect(REFUSED, "add", "2G", err="Resources Exhausted")
    b.expect(REFUSED, "add", "2M", "-H", "3", err="Invalid Input")
    b.expect(REFUSED, "add", "2M", "-r", "1", err="return code")
    b.expect(REFUSED, "add", "-e", "0+2M", "-e", "1M+2M",
             err="Invalid Extent List")
    error = b.expect(REFUSED, "add", "1M", "--json").json()["error"]
    b.checks.equal((error["exit"], error["kind"], error["return-code"],
                    error["return-code-name"]),
                   (3, "refused", 2, "Invalid Input"), "as JSON")
    b.checks.equal(b.extents(), [], "nothing was changed")


def usage(b):
    """What is no sensible wish never reaches the device"""
    for words, err in (
            ((), "how much?"), (("1G", "-e", "0+2M"), "one of them"),
            (("1.5G",), "is not a size"), (("0",), "asks for nothing"),
            (("1G", "-r", "8"), "region 8 is not within 0 to 7"),
            (("1G", "-H", "65536"), "host id 65536 is not within"),
            (("1G", "-p", "best"), "'best' is not a policy"),
            (("1G", "-p", "prescriptive"), "go together"),
            (("1G", "-T", "3"), "--timeout is for --wait"),
            (("1G", "--wait", "-T", "-4"), "0 to 86400"),
            (("1G", "--wait", "-T", "nan"), "0 to 86400"),
            (("-e", "0+0"), "empty"), (("-e", "5"), "is not an extent"),
            (("1G", "-t", "x"), "is not a tag"),
            (("1G", "--no-chain"), "--no-chain is for several --extent"),
            (("-e", "0+2M", "--chain", "--no-chain"), "contradict"),
            (("1G", "2G"), "too many words after '1G'")):
        b.expect(USAGE, "add", *words, err=err)
    pieces = [w for i in range(25) for w in ("-e", f"{4 * i}M+2M")]
    b.expect(USAGE, "add", *pieces, err="25 extents do not fit one FM API")
    b.checks.equal(b.extents(), [], "nothing was changed")


if __name__ == "__main__":
    main(sizes, prescriptive, outcomes, dry_run, refused, usage)
