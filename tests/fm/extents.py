# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm extents: who has what"""

from fmtest import MIB, NAME, OK, TAG, USAGE, main


def nothing(b):
    """A fresh device"""
    b.expect(OK, "extents", out="no extents")
    b.checks.equal(b.extents(), [], "as JSON: an empty list")


def table(b):
    """One row per extent, filters"""
    b.expect(OK, "add", "-e", "0+2M", "-e", "512M+64M", "--wait")
    b.expect(OK, "add", "4M", "-r", "1", "-t", TAG, "--wait")
    rows = b.expect(OK, "extents", out=TAG).out.splitlines()
    b.checks.equal(len(rows), 4, "a heading and three extents")
    b.checks.equal(rows[2].split(), [NAME, "0", "0", "0x20000000", "64", "MiB",
                                     "0x60000000", "accepted", "-", "0", "-"],
                   "the second row")
    for words, count in ((("-r", "0"), 2), (("-t", TAG), 1), (("-H", "0"), 3),
                         (("-r", "0", "-t", TAG), 0)):
        found = b.expect(OK, "extents", "--json", *words).json()
        b.checks.equal(len(found["devices"][0]["extents"]), count,
                       f"{' '.join(words)} finds {count}")
    b.expect(USAGE, "extents", "-t", "odd", err="'odd' is not a tag")


def shape(b):
    """The documented shape, and that the FM API lists no offers"""
    b.expect(OK, "add", "4M", "-r", "1", "-t", TAG, "--wait")
    b.host("silent")
    b.expect(OK, "add", "2M")
    device, = b.expect(OK, "extents", "--json").json()["devices"]
    b.checks.equal(device, {
        "device": NAME, "address": b.address, "door": b.door,
        "pending-listed": False,
        "extents": [{"host": 0, "region": 1, "offset": 0, "length": 4 * MIB,
                     "dpa": 0x80000000, "tag": TAG, "sequence": 0,
                     "state": "accepted", "mapping": None}]}, "shape")


def many(b):
    """A list of many parts: 25 extents fit one answer"""
    for at in range(0, 240, 24):
        pieces = [w for i in range(at, at + 24)
                  for w in ("-e", f"{4 * i}M+2M")]
        b.expect(OK, "add", *pieces, "--wait")
    b.checks.equal([e[1] for e in b.extents()],
                   [4 * MIB * i for i in range(240)], "240 extents in order")


if __name__ == "__main__":
    main(nothing, table, shape, many)
