# SPDX-License-Identifier: GPL-2.0-or-later
"""A device with DC regions of different size, block size and kind."""

import json

from steps import (ADD, KIB, MIB, add, create_dax, create_region, destroy_dax,
                   destroy_region, memdev, memtest, release, request)
from vm import poll

BOOT = "regions"


def test_second_region(vm, check):
    """Region 1 alone, and both together."""
    low = create_region(vm, "dc0")
    high = create_region(vm, "dc1")
    add(vm, low, [(0, 64 * MIB)], dc=0)
    add(vm, high, [(64 * MIB, 32 * MIB)], dc=1)
    check.equal(vm.extents(), {(0, 0, 64 * MIB, "accepted"),
                               (1, 64 * MIB, 32 * MIB, "accepted")},
                "each region has its extent")
    names = [create_dax(vm, low), create_dax(vm, high)]
    for mib, name, seed in ((64, names[0], 1), (32, names[1], 2)):
        result = memtest(vm, mib, f"/dev/{name}", seed)
        check.that(result.status == 0, f"{name} is usable", result.text)
    for mib, name, seed in ((64, names[0], 1), (32, names[1], 2)):
        same = vm.guest(f"memtest -v {mib} /dev/{name} {seed}", 300)
        check.that(same.status == 0, f"{name} holds its own", same.text)
        destroy_dax(vm, name)
    release(vm, [(64 * MIB, 32 * MIB)], dc=1)
    release(vm, [(0, 64 * MIB)], dc=0)
    destroy_region(vm, high)
    destroy_region(vm, low)


def test_too_small_for_the_kernel(vm, check):
    """64 KiB is a block of the device but no page the kernel can map as DAX:
    the guest must say no, and the capacity must be free again."""
    low = create_region(vm, "dc0")
    high = create_region(vm, "dc1")
    vm.qmp.events.clear()
    request(vm, ADD, [(0, 64 * KIB)], region=1)
    event = vm.qmp.wait_event("CXL_DYNAMIC_CAPACITY_REJECTED")
    check.equal(event["data"]["region"], 1, "the event names the region")
    poll(lambda: not vm.extents(), 10, "the capacity is free again")
    check.equal(vm.extents(), set(), "the capacity is free again")
    destroy_region(vm, high)
    destroy_region(vm, low)


def test_nonvolatile(vm, check):
    """Which partition keeps its contents without power is shown."""
    name = memdev(vm)
    region = create_region(vm, "dc1")
    flags = vm.guest_ok(f"cd /sys/bus/cxl/devices/{name}; "
                        "cat dynamic_ram_[123]/nonvolatile").split()
    check.equal(flags, ["0", "1", "0"], "by the kernel")
    listed = json.loads(vm.guest_ok(f"cxl list -m {name}"))[0]
    check.equal([listed.get(f"dynamic_ram_{i}_nonvolatile")
                 for i in (1, 2, 3)], [None, True, None], "and by cxl list")
    add(vm, region, [(0, 64 * MIB)], dc=1)
    dax = create_dax(vm, region)
    done = memtest(vm, 64, f"/dev/{dax}", 4)
    check.that(done.status == 0, "it is used as the others", done.text)
    destroy_dax(vm, dax)
    release(vm, [(0, 64 * MIB)], dc=1)
    destroy_region(vm, region)
