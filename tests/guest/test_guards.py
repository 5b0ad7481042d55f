# SPDX-License-Identifier: GPL-2.0-or-later
"""What would take memory away unseen, or give out what is not there: refused."""

from steps import (MIB, add, create_dax, create_region, dax_devices,
                   destroy_dax, destroy_region, memtest, release,
                   wait_released)

BOOT = "regions"
PART = (0, 64 * MIB)


def test_lower_region_stays(vm, check):
    """A region under another one is not destroyed from under it."""
    low, high = create_region(vm, "dc0"), create_region(vm, "dc1")
    add(vm, high, [PART], dc=1)
    dax = create_dax(vm, high)
    memtest(vm, 64, f"/dev/{dax}", 5)
    out = vm.guest(f"cxl destroy-region -f {low}")
    check.that(out.status != 0 and f"destroy {high} first" in out.text,
               "the tool refuses, and says what to do", out.text)
    check.equal(vm.guest_ok(f"cat /sys/bus/cxl/devices/{low}/commit"), "1",
                "before it has changed anything")
    raw = vm.guest(f"echo 0 > /sys/bus/cxl/devices/{low}/commit")
    check.that("busy" in raw.text, "nor does the kernel", raw.text)
    check.that("above it on the same device" in vm.guest_ok("dmesg"),
               "and says why")
    same = vm.guest(f"memtest -v 64 /dev/{dax} 5", 300)
    check.that(same.status == 0, "the memory is as it was", same.text)
    destroy_dax(vm, dax)
    out = vm.guest("cxl destroy-region -f all")
    check.equal(out.status, 0, "all of them go, the uppermost first")
    wait_released(vm)
    vm.guest("ls -d /sys/bus/cxl/devices/region*")


def test_enable_without_the_module(vm, check):
    """A region is no memory while nobody knows which of it is backed."""
    region = create_region(vm, "dc0")
    add(vm, region, [PART])
    vm.guest_ok("modprobe -r cxl_dcd")
    out = vm.guest(f"cxl enable-region {region}; "
                   f"echo {region} > /sys/bus/cxl/drivers/cxl_region/bind")
    check.that(vm.guest(f"test -e /sys/bus/cxl/devices/dax_{region}"
                        ).status != 0, "it cannot be enabled", out.text)
    check.that(not dax_devices(vm) and
               vm.guest("grep kmem /proc/iomem").status != 0,
               "nothing of it is given out")
    vm.guest_ok("modprobe cxl_dcd")
    check.equal({e[1:] for e in vm.extents()}, {(*PART, "accepted")},
                "the next load has what there was")
    dax = create_dax(vm, region)
    check.equal(dax_devices(vm)[dax]["size"], PART[1], "to be used")
    destroy_dax(vm, dax)
    release(vm, [PART])
    destroy_region(vm, region)


def test_memmap_on_memory(vm, check):
    """The kernel's records do not lie in what can be taken away."""
    region = create_region(vm, "dc0")
    add(vm, region, [PART])
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl disable-device {dax}")
    file = f"/sys/bus/dax/devices/{dax}/memmap_on_memory"
    check.that("not supported" in vm.guest(f"echo 1 > {file}").text,
               "memmap_on_memory is refused")
    check.equal(vm.guest_ok(f"echo 0 > {file} && cat {file}"), "0",
                "0 is what it is")
    vm.guest_ok(f"daxctl destroy-device {dax}")
    release(vm, [PART])
    destroy_region(vm, region)
