# SPDX-License-Identifier: GPL-2.0-or-later
"""Two devices in one machine do not know of each other's capacity."""

from pin import hold, push_pin
from steps import (MIB, RELEASE, add, available, create_dax, create_region,
                   dax_devices, destroy_dax, destroy_region, log_from_now,
                   memtest, release, request, wait_logged)

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


def test_forced_beside_one_that_hangs(vm, check):
    """System RAM of both is taken away; of the first, pages are held."""
    push_pin(vm)
    names = []
    for device in "cxl-mem0", "cxl-mem1":
        region = create_region(vm, device=device)
        add(vm, region, PART, device)
        names.append(create_dax(vm, region))
        vm.guest_ok(f"daxctl reconfigure-device -m system-ram {names[-1]}")
    hold(vm, dax_devices(vm)[names[0]]["target_node"], "1")
    vm.guest_ok("kill -STOP $(pgrep -x pin)")   # so that it cannot end
    log_from_now(vm)
    request(vm, RELEASE, PART, "cxl-mem0", forced_removal=True)
    wait_logged(vm, "Memory failure")
    request(vm, RELEASE, PART, "cxl-mem1", forced_removal=True)
    wait_logged(vm, "now offline", 120)
    log = vm.guest_ok("dmesg | grep 'System RAM'")
    check.that(f"{names[1]}: " in log and f"{names[0]}: " not in log,
               "the second does not wait until the first is given up", log)
    wait_logged(vm, "cannot be taken offline", 240)
    # What was held stays with this kernel; the next one begins anew.
    vm.reset()
    vm.guest_ok("true")
