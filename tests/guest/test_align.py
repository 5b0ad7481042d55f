# SPDX-License-Identifier: GPL-2.0-or-later
"""A device whose pages are larger than its capacity: refused, nothing taken."""

from steps import (MIB, add, add_tagged, available, create_dax, create_region,
                   dax_devices, destroy_dax, destroy_region, seed,
                   wait_released)

TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
GIB = 1024 * MIB
PART = (0, 256 * MIB)


def end(vm, region):
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_claim(vm, check):
    """A claim that can take nothing leaves the tag closed, and claimable."""
    region = create_region(vm)
    add_tagged(vm, region, [PART], TAG)
    empty = seed(vm, region)
    vm.guest_ok(f"echo {GIB} > {empty}/align")
    check.that(vm.guest(f"echo {TAG} > {empty}/uuid").status != 0,
               "a tag of 256 MiB is no device with pages of 1 GiB")
    check.equal(available(vm, region), 0, "its capacity is not open to others")
    check.equal(vm.guest_ok(f"cat {empty}/size"), "0", "the device is empty")
    vm.guest_ok(f"echo {2 * MIB} > {empty}/align")
    out = vm.guest(f"daxctl create-device {region} --uuid {TAG} --align 1G")
    check.that(out.status != 0 and not dax_devices(vm),
               "daxctl leaves nothing behind either", out.text)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[dax]["size"], PART[1], "it can be claimed")
    vm.guest_ok(f"daxctl disable-device {dax}")
    check.that(vm.guest(f"echo {GIB} > /sys/bus/dax/devices/{dax}/align"
                        ).status != 0, "nor can its pages grow afterwards")
    vm.guest_ok(f"daxctl destroy-device {dax}")
    end(vm, region)


def test_size(vm, check):
    """Pages that begin before the capacity would show a neighbour's memory."""
    region = create_region(vm)
    window = int(vm.guest_ok(f"cat /sys/bus/cxl/devices/{region}/resource"), 16)
    off = (512 * MIB - window) % GIB        # so that it is between two GiB
    part = (off, GIB)
    add(vm, region, [part])
    empty = seed(vm, region)
    vm.guest_ok(f"echo {GIB} > {empty}/align")
    for file, text in (("size", GIB), ("mapping", f"{window + off:x}-"
                                                  f"{window + off + GIB - 1:x}")):
        check.that(vm.guest(f"echo {text} > {empty}/{file}").status != 0,
                   f"{file}: pages of 1 GiB that begin elsewhere are refused")
        check.equal(vm.guest_ok(f"cat {empty}/size"), "0", f"{file}: none taken")
        check.equal(available(vm, region), GIB, f"{file}: all is free")
    vm.guest_ok(f"echo {2 * MIB} > {empty}/align")
    dax = create_dax(vm, region)
    check.equal(dax_devices(vm)[dax]["size"], GIB, "with 2 MiB it works")
    destroy_dax(vm, dax)
    end(vm, region)
