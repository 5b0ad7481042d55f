# SPDX-License-Identifier: GPL-2.0-or-later
"""What a stranger types: each wrong input is told what is right"""

import os

from fmtest import FAILED, MIB, OK, REFUSED, TAG, UNREACHABLE, USAGE, main

VERSION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                       "VERSION")

# What was typed, exit code, and what must be said
WRONG = (
    (USAGE, "ad 1G", "there are: list, status, extents, add"),
    (USAGE, "--foo list", "a command must follow, not '--foo'"),
    (USAGE, "-a", "a command must follow"),
    (USAGE, "list --jsn", "Unknown option --jsn"),
    (USAGE, "list everything", "too many words after 'list'"),
    (USAGE, "list -a nowhere", "must begin with qmp:"),
    (USAGE, "list -a fm:/tmp/x,eid=3", "a number from 8 to 254"),
    (UNREACHABLE, "list -a fm:/no/such/socket", "is the machine running"),
    (USAGE, "add", "how much? Give a SIZE such as 1G"),
    (USAGE, "add 1.5G", "a whole number with K, M, G or T"),
    (USAGE, "add 0", "a size of 0 asks for nothing"),
    (USAGE, "add 4M -t hello", "write a UUID"),
    (USAGE, "add 4M -p best", "there are free, contiguous"),
    (USAGE, "add 4M -T 3", "--timeout is for --wait"),
    (USAGE, "add -e 1G", "write OFFSET+LENGTH"),
    (REFUSED, "add 3M", "a multiple of region 0's block size 0x200000"),
    (REFUSED, "add 100G", "region 0 has 1 GiB available, not 100 GiB"),
    (REFUSED, "add 4M -r 5", "host 0 has no region 5"),
    (REFUSED, "add 4M -H 4", "there is no host 4"),
    (REFUSED, "add -e 1G+2M", "leaves region 0, which has 0x40000000 bytes"),
    (USAGE, "release", "Give a SIZE such as 1G"),
    (FAILED, "release 4M", "that can be asked for, less than 4 MiB"),
    (REFUSED, f"release -t {TAG}", f"host 0 has nothing with tag {TAG}"),
    (USAGE, "share", "something is missing after 'share'"),
    (REFUSED, f"share {TAG}", "'cxl-fm tags' shows who has what"),
    (REFUSED, f"reference add {TAG}", "no sharable capacity has this tag"),
    (USAGE, f"reference keep {TAG}", "There are add and remove"),
    (USAGE, "config -b 4M", "which region? Give --region N"),
    (USAGE, "config -r 0 -b 3", "cannot have blocks of 3 B; possible"),
    (USAGE, "config -r 0 -s yes", "There are on and off"),
)


def wrong(b):
    """Nothing of it changes anything."""
    before = b.run("list", "--json").out
    for code, words, said in WRONG:
        b.expect(code, *words.split(), err=said)
    b.checks.equal(b.run("list", "--json").out, before, "nothing changed")


def right(b):
    """What looks strange and is good"""
    b.expect(OK, "-j", "list", out='"devices"')
    b.expect(OK, "--address", b.address, "-d", "1122334455667788", "add",
             "4M", "--wait")
    b.checks.equal(b.extents(), [(0, 0, 4 * MIB, "accepted")], "4 MiB")
    with open(VERSION) as file:
        version = file.read()
    for word in ("--version", "version"):
        b.expect(OK, word, out="cxl-fm " + version)


if __name__ == "__main__":
    main(wrong, right)
