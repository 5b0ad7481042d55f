# SPDX-License-Identifier: GPL-2.0-or-later
"""System RAM that is taken by force: nobody goes on with nonsense."""

import contextlib
import os

from pin import copy, push
from steps import (MIB, RELEASE, add, create_dax, create_region, dax_devices,
                   destroy_region, log_from_now, request, wait_logged,
                   wait_released, wait_shown)
from vm import GUEST, poll

BLOCK = (256 * MIB, 128 * MIB)
TURN = "/sys/module/cxl_dcd/parameters/poison_turn"


@contextlib.contextmanager
def slow(vm, function, ms):
    """A function of the kernel takes its time meanwhile."""
    module = copy(vm, os.path.join(GUEST, "test", "cxl_dcd_slow.ko"))
    vm.guest_ok(f"insmod {module} function={function} ms={ms}")
    try:
        yield
    finally:
        vm.guest_ok("rmmod cxl_dcd_slow")


def taken(vm, pages):
    """What a program can read of its memory after that was taken by force."""
    push(vm, "reach")
    region = create_region(vm)
    add(vm, region, [BLOCK])
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    node = dax_devices(vm)[dax]["target_node"]
    vm.guest_ok(f"rm -f /tmp/reached; setsid /tmp/reach {node} {pages} "
                "> /tmp/reached 2>&1 < /dev/null &")
    poll(lambda: "ready" in vm.guest("cat /tmp/reached").out, 60,
         "a program has memory")
    log_from_now(vm)
    request(vm, RELEASE, [BLOCK], forced_removal=True)
    wait_logged(vm, "now offline", 240)
    vm.guest_ok("pkill -x reach")
    poll(lambda: "sigbus" in vm.guest("cat /tmp/reached").out, 60,
         "it has looked at its memory")
    said = vm.guest_ok("cat /tmp/reached").split()
    vm.guest_ok(f"daxctl destroy-device -f {dax}", 120)
    wait_shown(vm, region, [])
    wait_released(vm)
    destroy_region(vm, region)
    return said


def test_many_pages(vm, check):
    """More pages than one turn has time for: all of them are cut off."""
    before = vm.guest_ok(f"cat {TURN}")
    vm.guest_ok(f"echo 20 > {TURN}")
    said = taken(vm, "4096")
    vm.guest_ok(f"echo {before} > {TURN}")
    check.equal(said, ["ready", "nonsense", "0", "sigbus", "4096"],
                "each of its pages gives SIGBUS")


def test_behind_the_back(vm, check):
    """Pages that somebody gets when all were looked at are not moved."""
    with slow(vm, "lru_cache_disable", 1000):
        said = taken(vm, "1 256")
    check.equal(said[:2], ["ready", "late"], "it got pages meanwhile")
    check.equal(said[2:4], ["nonsense", "0"], "none of them is moved")
    check.that(int(said[5]) > 1, "who got them is cut off, too", said)
