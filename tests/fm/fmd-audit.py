# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit of a fleet sees what must not be: truths that are made up"""

from fmdtest import MIB, audit_of
from fmtest import run_tests

A, B = (f"{c * 8}-0000-4000-8000-000000000001" for c in "ab")


class Nothing:
    """These tests need nothing that runs."""

    def __init__(self, checks, test):
        self.checks = checks

    def close(self):
        pass


def extent(offset, length, tag, state="accepted"):
    return {"offset": offset * MIB, "len": length * MIB, "tag": tag,
            "state": state}


def pool(available, *hosts):
    """A pool of 64 MiB; for each host its extents"""
    return {"size": 64 * MIB, "available": available * MIB,
            "hosts": [{"host-id": n + 1, "extents": extents}
                      for n, extents in enumerate(hosts)]}


def claim(uuid, mib, shared=()):
    return {"uuid": uuid, "bytes": mib * MIB, "shared_with": list(shared)}


def good(t):
    """What may be is no fault."""
    for what, truth, claims in (
            ("nothing", pool(64, [], []), []),
            ("one beside the other",
             pool(48, [extent(0, 8, A)], [extent(8, 8, B)]),
             [claim(A, 8), claim(B, 8)]),
            ("a tag in two pieces",
             pool(48, [extent(0, 8, A), extent(32, 8, A)], []),
             [claim(A, 16)]),
            ("shared", pool(56, [extent(0, 8, A)], [extent(0, 8, A)]),
             [claim(A, 8, ["vm2"])]),
            ("shared by three, and one beside it",
             pool(52, [extent(0, 8, A)], [extent(0, 8, A), extent(8, 4, B)],
                  [extent(0, 8, A)]),
             [claim(A, 8, ["vm2", "vm3"]), claim(B, 4)]),
            ("by hand", pool(56, [extent(0, 8, "")], []), [])):
        t.checks.equal(audit_of(truth, claims), [], what)


def bad(t):
    """What must not be is one, each kind of it."""
    a, b = claim(A, 8), claim(B, 8)
    for what, truth, claims, say in (
            ("the same range, two tags",
             pool(56, [extent(0, 8, A)], [extent(0, 8, B)]), [a, b],
             "given twice"),
            ("two tags at one host",
             pool(56, [extent(0, 8, A), extent(0, 8, B)]), [a, b],
             "given twice"),
            ("by hand, twice",
             pool(56, [extent(0, 8, "")], [extent(0, 8, "")]), [],
             "given twice"),
            ("twice in the list of a host",
             pool(56, [extent(0, 8, A), extent(0, 8, A)]), [claim(A, 16)],
             "given twice"),
            ("a part of it", pool(52, [extent(0, 8, A)], [extent(4, 8, B)]),
             [a, b], "given twice"),
            ("one within another",
             pool(48, [extent(0, 16, A)], [extent(4, 8, B)]),
             [claim(A, 16), b], "given twice"),
            ("one within another, behind a small one",
             pool(46, [extent(0, 16, A)],
                  [extent(2, 2, B), extent(14, 4, B)]),
             [claim(A, 16), b], "given twice"),
            ("lost", pool(40, [extent(0, 8, A)]), [a], "free of"),
            ("made of nothing", pool(60, [extent(0, 8, A)]), [a], "free of"),
            ("at two hosts, not shared",
             pool(48, [extent(0, 8, A)], [extent(8, 8, A)]), [a],
             "granted twice"),
            ("more than was wished", pool(48, [extent(0, 16, A)]), [a],
             "has more than")):
        faults = audit_of(truth, claims)
        t.checks.that(any(say in fault for fault in faults),
                      f"{what}: {say}", faults)
    truth = pool(56, [extent(0, 8, "", "offered")])
    t.checks.that("minimum" in str(audit_of(truth, [], {1: 8 * MIB})),
                  "what is only offered is not the minimum")


if __name__ == "__main__":
    run_tests([good, bad], Nothing)
