# SPDX-License-Identifier: GPL-2.0-or-later
"""Static volatile memory and dynamic capacity side by side on one device."""

from steps import (MIB, add, create_dax, create_region, destroy_dax,
                   destroy_region, memtest, release)

BOOT = "static"
PART = [(256 * MIB, 128 * MIB)]


def test_beside(vm, check):
    # What the kernel puts its own data on can never be taken offline again.
    vm.guest_ok("echo online_movable > "
                "/sys/devices/system/memory/auto_online_blocks")
    static = create_region(vm, kind="ram", extra="-s 512M")
    dynamic = create_region(vm)
    add(vm, dynamic, PART)
    dax = create_dax(vm, dynamic)
    result = memtest(vm, 128, f"/dev/{dax}", 5)
    check.that(result.status == 0, "the dynamic part is usable", result.text)
    destroy_dax(vm, dax)
    release(vm, PART)
    destroy_region(vm, dynamic)
    vm.guest(f"daxctl offline-memory -r {static} all")
    vm.guest_ok(f"cxl disable-region -f {static}; "
                f"cxl destroy-region -f {static}")


def test_dynamic_alone(vm, check):
    """The static part stays unused: the decoder skips over it."""
    dynamic = create_region(vm)
    add(vm, dynamic, PART)
    dax = create_dax(vm, dynamic)
    result = memtest(vm, 128, f"/dev/{dax}", 6)
    check.that(result.status == 0, "the dynamic part is usable", result.text)
    destroy_dax(vm, dax)
    release(vm, PART)
    destroy_region(vm, dynamic)
