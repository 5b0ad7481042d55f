# SPDX-License-Identifier: GPL-2.0-or-later
"""One offer of ten thousand extents."""

from steps import (ADD, MIB, create_region, destroy_region, request, seed,
                   wait_released)

BOOT = "regions"
TAG = "0f0e0d0c-0b0a-4908-8706-050403020100"
NR = 10000
SIZE = NR * 2 * MIB


def test_chain(vm, check):
    """None of them touches another; one tag, so one device of them all."""
    region = create_region(vm, "dc2")
    vm.qmp.events.clear()
    request(vm, ADD, [(i * 4 * MIB, 2 * MIB) for i in range(NR)], region=2,
            tag=TAG)
    vm.guest_ok(f"cxl wait-extent {region} --uuid {TAG} --size {SIZE} "
                "--timeout 240", 300)
    event = vm.qmp.wait_event("CXL_DYNAMIC_CAPACITY_ADDED")
    check.equal(len(event["data"]["extents"]), NR, "one answer takes them all")
    check.equal({e[3] for e in vm.extents()}, {"accepted"},
                "the device counts none as pending")
    path = seed(vm, region)
    vm.guest_ok(f"echo {TAG} > {path}/uuid", 300)
    check.equal(int(vm.guest_ok(f"cat {path}/size")), SIZE,
                "one device of ten thousand ranges")
    last = vm.guest_ok(f"cat {path}/mapping{NR - 1}/page_offset")
    check.equal(int(last, 0), (NR - 1) * 512, "in order")
    vm.guest_ok(f"echo 0 > {path}/size", 300)
    vm.guest_ok(f"cxl release-extent {region} --all", 300)
    wait_released(vm, timeout=240)
    check.equal(vm.guest(f"ls -d /sys/bus/cxl/devices/dax_{region}/extent*"
                         ).out, "", "and all of them go again")
    destroy_region(vm, region)
