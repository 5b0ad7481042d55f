# SPDX-License-Identifier: GPL-2.0-or-later
"""Capacity in use is kept, and given back once it is free."""

from qmp import QMPError
from steps import (MIB, RELEASE, available, add, create_dax, create_region,
                   dax_region, destroy_dax, destroy_region, memtest, release,
                   request, wait_logged, wait_released)
from vm import poll

PART = [(0, 256 * MIB)]


def test_busy(vm, check):
    region = create_region(vm)
    add(vm, region, PART)
    dax = create_dax(vm, region)
    memtest(vm, 256, f"/dev/{dax}", 3)
    request(vm, RELEASE, PART)
    said = poll(lambda: vm.guest("dmesg | grep -i 'cxl_dcd.*in use'").out, 20,
                "the kernel log says that the extent is in use")
    check.that(said, "the module says that the extent is in use")
    check.equal({e[:3] for e in vm.extents()}, {(0, 0, 256 * MIB)},
                "the extent is still the guest's")
    again = vm.guest(f"memtest 256 /dev/{dax} 4", 300)
    check.that(again.status == 0, "and still usable", again.text)
    destroy_dax(vm, dax)
    wait_released(vm)
    check.equal(vm.extents(), set(), "released by itself when free")
    check.equal(available(vm, region), 0, "the guest has none of it left")
    destroy_region(vm, region)


def test_neighbour_stays(vm, check):
    """Releasing one extent leaves the contents of the next alone."""
    region = create_region(vm)
    low, high = (0, 128 * MIB), (128 * MIB, 128 * MIB)
    add(vm, region, [high])
    dax = create_dax(vm, region)
    check.that(memtest(vm, 128, f"/dev/{dax}", 9).status == 0,
               "the upper extent is written")
    add(vm, region, [low])
    release(vm, [low])
    same = vm.guest(f"memtest -v 128 /dev/{dax} 9", 300)
    check.that(same.status == 0, "it still holds what was written", same.text)
    destroy_dax(vm, dax)
    release(vm, [high])
    destroy_region(vm, region)


def test_never_added(vm, check):
    region = create_region(vm)
    try:
        request(vm, RELEASE, PART)
        check.that(False, "release of what was never added is refused")
    except QMPError as err:
        check.that("0x0" in err.desc or "256" in err.desc
                   or "10000000" in err.desc,
                   "release of what was never added is refused, naming it",
                   err.desc)
    check.equal(vm.extents(), set(), "nothing changed")
    destroy_region(vm, region)


def test_system_ram_holds_the_module(vm, check):
    region = create_region(vm)
    add(vm, region, PART)
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    out = vm.guest("modprobe -r cxl_dcd")
    check.that(out.status != 0 and "in use" in out.text,
               "not unloaded under System RAM", out.text)
    vm.guest_ok(f"daxctl reconfigure-device -m devdax -f {dax}", 120)
    out = vm.guest("modprobe -r cxl_dcd && modprobe cxl_dcd")
    check.that(out.status == 0, "unloaded when there is none", out.text)
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_system_ram_stuck(vm, check):
    """What the kernel does not let go of is not given back, whoever asks."""
    region = create_region(vm)
    add(vm, region, PART)
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    vm.guest_ok(f"echo {dax} > /sys/bus/dax/drivers/kmem/unbind")
    vm.guest_ok(f"echo 0 > /sys/bus/dax/devices/{dax}/size")
    file = f"/sys/bus/cxl/devices/dax_{region}/extent*/release"
    check.that("busy" in vm.guest(f"echo 1 > {file}").text,
               "its user cannot give it back")
    check.that(vm.guest(f"echo 0 > /sys/bus/dax/devices/{dax}/uuid"
                        ).status != 0, "nobody else can have it")
    request(vm, RELEASE, PART)
    wait_logged(vm, "no DAX device has it")
    kept = {(0, 0, 256 * MIB)}
    check.equal({e[:3] for e in vm.extents()}, kept, "the device waits")
    check.that("in use" in vm.guest("modprobe -r cxl_dcd").text,
               "the module stays: who else would watch over it")
    vm.guest_ok(f"cxl disable-region -f {region}; cxl enable-region {region}")
    check.that(vm.guest(f"test -e {dax_region(region)}").status != 0,
               "a region with such memory gets no driver")
    request(vm, RELEASE, PART)
    wait_logged(vm, "its region has no driver")
    check.equal({e[:3] for e in vm.extents()}, kept, "the device waits on")
    vm.reset()
    region = create_region(vm)
    check.equal(available(vm, region), 256 * MIB, "the next boot has it")
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)
