# SPDX-License-Identifier: GPL-2.0-or-later
"""What cxl and daxctl show of dynamic capacity is what is there."""

import json

from steps import (MIB, add, create_dax, create_region, destroy_dax,
                   destroy_region, release)

EXTENTS = [(0, 64 * MIB), (256 * MIB, 128 * MIB)]


def test_list_extents(vm, check):
    region = create_region(vm)
    add(vm, region, EXTENTS)
    listed = json.loads(vm.guest_ok(f"cxl list -r {region} --extents"))
    entry = listed[0] if isinstance(listed, list) else listed
    shown = {(e["offset"], e["length"]) for e in entry["extents"]}
    check.equal(shown, set(EXTENTS), "cxl list shows the extents")
    dax = create_dax(vm, region)
    listed = json.loads(vm.guest_ok(f"daxctl list -d {dax}"))
    check.equal(listed[0]["size"], 192 * MIB, "daxctl list shows the size")
    destroy_dax(vm, dax)
    release(vm, EXTENTS)
    left = json.loads(vm.guest_ok(f"cxl list -r {region} --extents"))
    entry = left[0] if isinstance(left, list) else left
    check.equal(entry.get("extents", []), [], "and none after the release")
    destroy_region(vm, region)


def test_refusals(vm, check):
    """Wrong requests fail with a message and make nothing."""
    for command in ("cxl create-region -t dc7 -d decoder0.0 -m mem0",
                    "cxl create-region -t dc0 -d decoder9.9 -m mem0",
                    "daxctl create-device region9"):
        result = vm.guest(command)
        check.that(result.status != 0 and result.text,
                   f"'{command}' is refused with a message", result.text)
    none = vm.guest("ls -d /sys/bus/cxl/devices/region*")
    check.equal(none.out, "", "no region was made")
