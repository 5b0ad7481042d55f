# SPDX-License-Identifier: GPL-2.0-or-later
"""Static volatile memory and dynamic capacity side by side on one device."""

from firmware import firmware, load_stack, looks_and_works, take, the_region
from steps import (GIB, MIB, add, create_dax, create_region, destroy_dax,
                   destroy_region, memdev, memtest, online_movable,
                   release)

BOOT = "static"
PART = [(256 * MIB, 128 * MIB)]


def test_beside(vm, check):
    with online_movable(vm):
        side_by_side(vm, check)


def side_by_side(vm, check):
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


def test_firmware_before_module(vm, check):
    """The port driver has given a committed decoder up before the module
    comes: the device gets its second chance."""
    firmware(vm, 2 * GIB, skip=512 * MIB)
    vm.guest_ok("sed -i.bak /softdep/d /etc/modprobe.d/cxl_dcd.conf")
    take(vm, "cxl_dcd")
    load_stack(vm)
    name = memdev(vm)
    check.that("Failed to reserve DPA" in vm.guest_ok("dmesg | tail -30"),
               "the stock driver does not know the addresses")
    made = vm.guest(f"ls -d /sys/bus/cxl/devices/{name}/driver "
                    "/sys/bus/cxl/devices/region* 2> /dev/null").out
    check.equal(made, "", "and makes neither region nor endpoint")
    take(vm)
    vm.guest_ok("mv /etc/modprobe.d/cxl_dcd.conf.bak "
                "/etc/modprobe.d/cxl_dcd.conf && modprobe cxl_dcd")
    looks_and_works(vm, check, the_region(vm))
