# SPDX-License-Identifier: GPL-2.0-or-later
"""The same tools with the names of every series of patches for Linux."""

import json

from steps import (MIB, add, add_tagged, create_dax, create_region,
                   dax_devices, destroy_dax, destroy_region, memdev,
                   wait_released)

BOOT = "suite"
TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
PART = (64 * MIB, 64 * MIB)

# names=: the two partitions, what their regions are called
SERIES = {
    "dc0": (["dc0", "dc1"], ["dc", "dc"]),
    "dynamic_ram_a": (["dynamic_ram_a", "dynamic_ram_b"],) * 2,
    "dynamic_ram_1": (["dynamic_ram_1", "dynamic_ram_2"],) * 2,
    "dynamic_ram": (["dynamic_ram", "dynamic_ram_shared"],) * 2,
}


def reload(vm, names):
    vm.guest_ok(f"modprobe -r cxl_dcd && modprobe cxl_dcd {names}")


def two_regions(vm, check, name, parts, kinds, asked):
    """A region over each partition, both with memory."""
    path = f"/sys/bus/cxl/devices/{memdev(vm)}"
    shown = vm.guest_ok(f"cd {path}; ls -d d*/ | tr -d /").split()
    check.equal([s for s in shown if s.startswith(("dc", "dynamic"))],
                sorted(parts), f"{name}: folders of the memdev")
    regions = [create_region(vm, kind) for kind in asked]
    check.equal([vm.guest_ok(f"cat /sys/bus/cxl/devices/{r}/mode")
                 for r in regions], kinds, f"{name}: modes of regions")
    modes = vm.guest_ok("cat /sys/bus/cxl/devices/decoder2.[01]/mode").split()
    check.equal(modes, parts, f"{name}: modes of decoders")
    add(vm, regions[0], [PART])
    add_tagged(vm, regions[1], [PART], TAG, dc=1)
    dax = [create_dax(vm, regions[0]),
           create_dax(vm, regions[1], f"--uuid {TAG}")]
    sizes = dax_devices(vm)
    check.equal([sizes[d]["size"] for d in dax], [64 * MIB] * 2,
                f"{name}: memory from both")
    for device in dax:
        destroy_dax(vm, device)
    for region in regions:
        vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    for region in reversed(regions):
        destroy_region(vm, region)


def test_series(vm, check):
    try:
        for name, (parts, kinds) in SERIES.items():
            reload(vm, f"names={name}")
            asked = ["dc0", parts[1]]
            if name == "dynamic_ram":
                # Names by properties do not tell which is the first.
                asked = parts
                for position in "dc0", "dc1", "dynamic_ram_1":
                    none = vm.guest(f"cxl create-region -t {position} "
                                    f"-d decoder0.0 -m {memdev(vm)}")
                    check.that(none.status == 1 and
                               ", ".join(parts) in none.text,
                               f"{name}: {position} is no name, and it is "
                               "said what is", none.text)
            two_regions(vm, check, name, parts, kinds, asked)
            listed = json.loads(vm.guest_ok(f"cxl list -m {memdev(vm)}"))[0]
            check.equal([listed.get(f"{p}_size") for p in parts],
                        [2048 * MIB, 1024 * MIB], f"{name}: cxl list -m")
            window = json.loads(vm.guest_ok("cxl list -D -d decoder0.0"))[0]
            check.equal({k for k in window
                         if k.startswith(("dc", "dynamic"))},
                        {f"{k}_capable" for k in kinds},
                        f"{name}: what the window can do")
    finally:
        reload(vm, "")


# As tutorials of 2023 have it, without any tool.
BY_HAND = """
cd /sys/bus/cxl/devices
region=$(cat decoder0.0/create_dc_region)
echo $region > decoder0.0/create_dc_region
echo dc1 > decoder2.0/mode
echo 0x40000000 > decoder2.0/dpa_size
echo 256 > $region/interleave_granularity
echo 1 > $region/interleave_ways
echo 0x40000000 > $region/size
echo decoder2.0 > $region/target0
echo 1 > $region/commit
echo $region > /sys/bus/cxl/drivers/cxl_region/bind
echo $region
"""


def test_by_hand(vm, check):
    try:
        reload(vm, "names=dc0")
        region = vm.guest_ok("set -e" + BY_HAND)
        add_tagged(vm, region, [PART], TAG, dc=1)
        dax = create_dax(vm, region, f"--uuid {TAG}")
        check.equal(dax_devices(vm)[dax]["size"], 64 * MIB,
                    "a region made by hand has memory")
        destroy_dax(vm, dax)
        vm.guest_ok(f"cxl release-extent {region} --all")
        wait_released(vm)
        destroy_region(vm, region)
    finally:
        reload(vm, "")


def test_by_properties(vm, check):
    """What the partition is, instead of where, with any names shown."""
    region = create_region(vm, "dynamic_ram_shared")
    check.equal(vm.guest_ok(f"cat /sys/bus/cxl/devices/{region}/mode"),
                "dynamic_ram_2", "dynamic_ram_shared is the shareable one")
    destroy_region(vm, region)
    none = vm.guest("cxl create-region -t dynamic_ram_ro -d decoder0.0 "
                    f"-m {memdev(vm)}")
    check.that(none.status == 1 and "dynamic_ram_1, dynamic_ram_2" in none.text,
               "no partition is read-only: it is said which there are",
               none.text)


def test_shared_is_no_ram(vm, check):
    """Capacity that other hosts may have does not become memory."""
    region = create_region(vm, "dc1")
    add_tagged(vm, region, [(0, 256 * MIB)], TAG, dc=1)
    policy = vm.guest("daxctl online-capacity --tagged system-ram")
    check.that(policy.status == 1 and "shareable" in policy.text,
               "not by policy", policy.text)
    check.equal(dax_devices(vm), {}, "which makes no device either")
    vm.guest_ok("daxctl online-capacity --tagged devdax")
    (dax,) = dax_devices(vm)
    by_hand = vm.guest(f"daxctl reconfigure-device -m system-ram {dax}")
    check.that(by_hand.status != 0 and "shareable" in by_hand.text,
               "nor by hand", by_hand.text)
    check.equal(dax_devices(vm)[dax]["mode"], "devdax", "it stays as it was")
    forced = vm.guest(f"daxctl reconfigure-device -f -m system-ram {dax}")
    check.that(forced.status != 0, "nor by force: the kernel refuses",
               forced.text)
    vm.guest_ok(f"daxctl reconfigure-device -f -m devdax {dax}")
    check.equal(dax_devices(vm)[dax]["mode"], "devdax", "it can go on")
    vm.guest_ok(f"daxctl destroy-device -f {dax}; "
                f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_window(vm, check):
    """What a window does not take is said with what it takes."""
    bad = vm.guest(f"cxl reserve-dpa -t dc0 {memdev(vm)}")
    check.that(bad.status != 0 and "create-region" in bad.text,
               "reserve-dpa knows no dynamic capacity", bad.text)


def test_unknown(vm, check):
    vm.guest_ok("modprobe -r cxl_dcd")
    bad = vm.guest("modprobe cxl_dcd names=dynamic")
    log = vm.guest_ok("dmesg | tail -3")
    vm.guest_ok("modprobe cxl_dcd")
    check.that(bad.status != 0 and "names=dynamic is not known" in log,
               "names that are none are refused", bad.text + log)
