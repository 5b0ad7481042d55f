# SPDX-License-Identifier: GPL-2.0-or-later
"""Capacity that must never be System RAM: it is read-only, or others write it."""

from steps import (ADD, MIB, available, create_dax, create_region, destroy_dax,
                   destroy_region, request, wait_available, wait_released)

BOOT = "no-ram"
TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
PART = (0, 256 * MIB)           # two memory blocks


def by_hand(vm, dax):
    """As a script that passes by all tools: have kmem take the device."""
    return vm.guest(f"modprobe kmem; cd /sys/bus/dax/drivers; "
                    f"[ ! -e device_dax/{dax} ] || "
                    f"echo {dax} > device_dax/unbind; "
                    f"echo {dax} > kmem/new_id; echo {dax} > kmem/bind; "
                    f"[ -e kmem/{dax} ]")


def never(vm, check, region, dax, word):
    for force in ("", "-f"):
        said = vm.guest(f"daxctl reconfigure-device {force} -m system-ram {dax}")
        check.that(said.status != 0 and f"{word} capacity" in said.text and
                   "larger extents" not in said.text,
                   f"{word}: daxctl {force} says why not", said.text)
    taken = by_hand(vm, dax)
    check.that(taken.status != 0, f"{word}: kmem does not take it", taken.text)
    check.that(vm.guest("grep kmem /proc/iomem").status != 0,
               f"{word}: no memory was added")
    check.that(f"{word} capacity: it cannot become System RAM"
               in vm.guest_ok("dmesg"), f"{word}: the log says so")
    vm.guest_ok(f"echo {dax} > /sys/bus/dax/drivers/kmem/remove_id")
    vm.guest_ok(f"echo {dax} > /sys/bus/dax/drivers/device_dax/bind")
    mapped = vm.guest(f"head -c 0 /dev/{dax}")
    check.that(mapped.status == 0, f"{word}: as a DAX device it serves",
               mapped.text)
    destroy_dax(vm, dax)
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_read_only(vm, check):
    region = create_region(vm)
    request(vm, ADD, [PART])
    wait_available(vm, region, PART[1])
    never(vm, check, region, create_dax(vm, region), "read-only")


def test_shareable(vm, check):
    region = create_region(vm, "dc1")
    check.equal(available(vm, region), 0, "nothing yet")
    request(vm, ADD, [PART], region=1, tag=TAG)
    vm.guest_ok(f"cxl wait-extent {region} --uuid {TAG} --size {PART[1]} "
                "--timeout 30")
    never(vm, check, region, create_dax(vm, region, f"--uuid {TAG}"),
          "shareable")
