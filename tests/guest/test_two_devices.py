# SPDX-License-Identifier: GPL-2.0-or-later
"""Two devices in one machine do not know of each other's capacity."""

from steps import (MIB, add, available, create_dax, create_region, destroy_dax,
                   destroy_region, memtest, release)

BOOT = "two-devices"
PART = [(0, 128 * MIB)]


def test_apart(vm, check):
    first = create_region(vm, device="cxl-mem0")
    second = create_region(vm, device="cxl-mem1")
    add(vm, first, PART, "cxl-mem0")
    check.equal(available(vm, second), 0, "the second got nothing")
    check.equal(vm.extents("cxl-mem1"), set(), "QEMU agrees")
    add(vm, second, PART, "cxl-mem1")
    names = [create_dax(vm, first), create_dax(vm, second)]
    for seed, name in enumerate(names):
        check.that(memtest(vm, 128, f"/dev/{name}", seed).status == 0,
                   f"{name} is written")
    for seed, name in enumerate(names):
        same = vm.guest(f"memtest -v 128 /dev/{name} {seed}", 300)
        check.that(same.status == 0, f"{name} holds its own contents",
                   same.text)
        destroy_dax(vm, name)
    release(vm, PART, "cxl-mem0")
    check.equal(available(vm, second), 128 * MIB, "the second keeps its own")
    release(vm, PART, "cxl-mem1")
    destroy_region(vm, first)
    destroy_region(vm, second)
