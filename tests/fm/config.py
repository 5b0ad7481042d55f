# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm config: block size and sanitize of a region"""

from fmtest import MIB, OK, REFUSED, USAGE, main


def region(b, number):
    return b.run("config", "--json").json()["devices"][0]["regions"][number]


def show(b):
    """A row per region"""
    rows = b.expect(OK, "config").out.splitlines()
    b.checks.equal(len(rows), 4, "three regions")
    b.checks.equal(len(b.expect(OK, "config", "-r", "2").out.splitlines()), 2,
                   "one of them")


def change(b):
    """Block size and sanitize, each alone"""
    b.expect(OK, "config", "-r", "0", "-b", "4M",
             out="region 0 now has blocks of 4 MiB, sanitize on release off")
    b.expect(OK, "config", "-r", "0", "-s", "on", out="release on")
    b.checks.equal((region(b, 0)["block-size"], region(b, 0)["sanitize"]),
                   (4 * MIB, True), "both hold")
    b.expect(OK, "config", "-r", "0", "-b", "2M", "-n", out="would have")
    b.checks.equal(region(b, 0)["block-size"], 4 * MIB, "-n changes nothing")


def refused(b):
    """Impossible sizes, capacity that is out"""
    b.expect(USAGE, "config", "-r", "0", "-b", "8M",
             err="cannot have blocks of 8 MiB; possible: ")
    b.expect(REFUSED, "config", "-r", "1", "-s", "on", err="Unsupported")
    b.expect(OK, "add", "2M", "--wait")
    b.expect(REFUSED, "config", "-r", "0", "-b", "4M", err="Unsupported")
    b.expect(USAGE, "config", "-b", "4M", err="which region?")
    b.expect(USAGE, "config", "-r", "0", "-s", "maybe", err="on and off")
    b.expect(USAGE, "config", "-r", "9", "-s", "on", err="not within 0 to 7")


if __name__ == "__main__":
    main(show, change, refused)
