# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests that the device must refuse leave host and guest as they were."""

from qmp import QMPError
from steps import (ADD, GIB, KIB, MIB, add, available, create_region,
                   destroy_region, release, request)

HELD = [(512 * MIB, 128 * MIB)]
TOO_FAR = (1 << 64) - 2 * MIB

# (name, DC region, extents, what the message must name)
BAD = [
    ("offset not a block's multiple", 0, [(4096, 2 * MIB)], "0x1000"),
    ("length not a block's multiple", 0, [(0, 4096)], "0x1000"),
    ("beyond the region", 0, [(4 * GIB, 2 * MIB)], "0x100000000"),
    ("across the region's end", 0, [(4 * GIB - 2 * MIB, 4 * MIB)],
     "0x400000"),
    ("sum past 2^64", 0, [(TOO_FAR, 4 * MIB)], "0xffffffffffe00000"),
    ("length 0", 0, [(0, 0)], "0"),
    ("overlap with what the guest has", 0, [(600 * MIB, 2 * MIB)],
     "0x25800000"),
    ("overlap within the request", 0, [(0, 4 * MIB), (2 * MIB, 2 * MIB)],
     "0x200000"),
    ("good extent before a bad one", 0, [(0, 2 * MIB), (2 * MIB, 512 * KIB)],
     "0x80000"),
    ("region that does not exist", 5, [(0, 2 * MIB)], "5"),
    ("empty list", 0, [], ""),
]


def test_refused(vm, check):
    region = create_region(vm)
    add(vm, region, HELD)
    before = vm.device()
    for name, dc, extents, named in BAD:
        try:
            request(vm, ADD, extents, region=dc)
            check.that(False, f"{name}: refused", "it was accepted")
        except QMPError as err:
            check.that(named.lower() in err.desc.lower(),
                       f"{name}: refused, naming '{named}'", err.desc)
        check.equal(vm.device(), before, f"{name}: no change of state")
    check.equal(available(vm, region), 128 * MIB, "the guest saw nothing")
    release(vm, HELD)
    destroy_region(vm, region)


def test_no_such_device(vm, check):
    for path in ("/machine/peripheral/nothing", "/machine", ""):
        try:
            vm.qmp.call(ADD, {"path": path, "region-id": 0, "extents": [
                {"offset": 0, "len": 2 * MIB}]})
            check.that(False, f"path '{path}' is refused")
        except QMPError as err:
            check.that(path in err.desc, f"path '{path}' is refused", err.desc)


def test_many_extents(vm, check):
    """More extents in one request than a small event log could take."""
    region = create_region(vm)
    extents = [(i * 4 * MIB, 2 * MIB) for i in range(200)]
    add(vm, region, extents)
    check.equal(vm.extents(), {(0, o, n, "accepted") for o, n in extents},
                "200 separate extents are accepted")
    release(vm, extents, timeout=60)
    check.equal(vm.extents(), set(), "and released")
    destroy_region(vm, region)
