# SPDX-License-Identifier: GPL-2.0-or-later
"""Eight DC regions beside volatile and persistent static capacity."""

import json

from steps import (MIB, add, create_dax, create_region, destroy_dax,
                   destroy_region, memdev, memtest, online_movable, states,
                   wait_released)

BOOT = "mixed"
DEVICE = "cxl-mem0"
PART = (64 * MIB, 32 * MIB)


def test_partitions(vm, check):
    name = memdev(vm, DEVICE)
    sizes = vm.guest_ok(f"cd /sys/bus/cxl/devices/{name}; "
                        "cat ram/size pmem/size dynamic_ram_*/size").split()
    check.equal([int(s, 16) for s in sizes], [256 * MIB] * 10,
                "ten partitions of 256 MiB")


def test_qos_class(vm, check):
    """The platform's class, for dynamic capacity as for static."""
    name = memdev(vm, DEVICE)
    path = f"/sys/bus/cxl/devices/{name}"
    static = vm.guest(f"cat {path}/ram/qos_class")
    check.that(static.status == 0, "the stock driver shows one", static.text)
    classes = vm.guest_ok(f"cat {path}/dynamic_ram_*/qos_class").split()
    check.equal(classes, [static.out.strip()] * 8, "so do eight partitions")
    listed = json.loads(vm.guest_ok(f"cxl list -m {name}"))[0]
    check.equal([listed.get(f"dynamic_ram_{i}_qos_class")
                 for i in range(1, 9)], [int(static.out)] * 8,
                "and cxl list")


def in_their_places(vm, check, kinds):
    """Each partition has its region and its memory at the same time."""
    regions = []
    for kind in kinds:
        regions.append(create_region(vm, kind, DEVICE))
        # Memory of a static region comes online by udev. Then the stock kernel
        # has every region of the node set the node's values, and complains when
        # a second one does: so there is none before.
        vm.guest_ok("udevadm settle")
    dynamic = []
    for kind, region in zip(kinds, regions):
        mode = vm.guest_ok(f"cat /sys/bus/cxl/devices/{region}/mode")
        if not kind.startswith("dc"):
            check.equal(mode, kind, f"{region} is over {kind}")
            continue
        check.equal(mode, f"dynamic_ram_{int(kind[2:]) + 1}",
                    f"{region} is over {kind}")
        add(vm, region, [PART], DEVICE, int(kind[2:]))
        dynamic.append((region, create_dax(vm, region)))
        check.equal(states(vm, region), {PART: "accepted"}, f"{kind}: taken")
    for seed, (_, dax) in enumerate(dynamic):
        test = memtest(vm, 32, f"/dev/{dax}", seed)
        check.that(test.status == 0, f"{dax} is written", test.text)
    for seed, (region, dax) in enumerate(dynamic):
        same = vm.guest(f"memtest -v 32 /dev/{dax} {seed}", 300)
        check.that(same.status == 0, f"{dax} holds its own", same.text)
        destroy_dax(vm, dax)
        vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm, DEVICE)
    for kind, region in zip(reversed(kinds), reversed(regions)):
        if kind == "ram":
            vm.guest(f"daxctl offline-memory -r {region} all")
        vm.guest_ok(f"cxl disable-region -f {region}; "
                    f"cxl destroy-region -f {region}")


def beside(vm, check, kinds):
    with online_movable(vm):
        in_their_places(vm, check, kinds)


# A device has four decoders, so four regions at a time.
def test_static_and_dynamic(vm, check):
    beside(vm, check, ["ram", "pmem", "dc0", "dc1"])


def test_persistent_skipped(vm, check):
    beside(vm, check, ["ram", "dc0", "dc2", "dc3"])


def test_upper_regions(vm, check):
    beside(vm, check, ["dc4", "dc5", "dc6", "dc7"])


def test_order(vm, check):
    """Decoders take device addresses in ascending order, or not at all."""
    high = create_region(vm, "dc5", DEVICE)
    bad = vm.guest("cxl create-region -t dc2 -d decoder0.0 -m "
                   + memdev(vm, DEVICE))
    check.that(bad.status != 0 and bad.text, "dc2 after dc5 is refused",
               bad.text)
    destroy_region(vm, high)
    low = create_region(vm, "dc2", DEVICE)
    high = create_region(vm, "dc5", DEVICE)
    destroy_region(vm, high)
    destroy_region(vm, low)


def test_skip_after_reload(vm, check):
    """Over both static partitions no resource can be: none is freed."""
    region = create_region(vm, "dc0", DEVICE)
    vm.guest_ok("dmesg -C; modprobe -r cxl_dcd && modprobe cxl_dcd")
    destroy_region(vm, region)
    log = vm.guest_ok("dmesg")
    check.that("nonexistent resource" not in log,
               "what a decoder skips is known again after a reload", log)
    again = create_region(vm, "dc0", DEVICE)
    check.that(again, "its capacity can be had again")
    destroy_region(vm, again)
