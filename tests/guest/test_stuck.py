# SPDX-License-Identifier: GPL-2.0-or-later
"""One region hangs in the stock drivers: the others go on."""

import os

from pin import copy, hold, push, push_pin
from qmp import QMPError
from steps import (ADD, MIB, RELEASE, add, add_tagged, available, create_dax,
                   create_region, dax_devices, dax_region, destroy_dax,
                   destroy_region, release, request, shown, states,
                   wait_released, wait_shown)
from vm import GUEST, GuestError, poll

BOOT = "regions"
TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
RAM = (0, 256 * MIB)
PART = (64 * MIB, 32 * MIB)
SECONDS = 20


def background(vm, name, command):
    """Start a shell command in the guest that may hang."""
    vm.guest_ok(f"setsid sh -c 'echo $$ > /tmp/{name}.pid; {command}; "
                f"touch /tmp/{name}.ended' > /tmp/{name}.log 2>&1 "
                "< /dev/null &")


def stack(vm, name):
    return vm.guest(f"cat /proc/$(cat /tmp/{name}.pid)/stack").out


def ended(vm, name):
    return vm.guest(f"test -e /tmp/{name}.ended").status == 0


def system_ram(vm, region, dc):
    add(vm, region, [RAM], dc=dc)
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    return dax


def offline_for_ever(vm, check, node):
    """Somebody has the kernel's lock for hotplug, and never gives it back."""
    hold(vm, node)
    background(vm, "offline",
               f"for b in /sys/devices/system/node/node{node}/memory*; do "
               "echo offline > $b/state; done")
    # It runs all the time, so that its stack says nothing.
    vm.guest_ok("sleep 8")
    check.must(not ended(vm, "offline"),
               "taking a block offline does not end")


def lives(vm, check, region):
    """All of a region that needs no lock of the DAX core works."""
    read = vm.guest(f"timeout 10 cat {dax_region(region)}/available_size "
                    f"{dax_region(region)}/create")
    check.equal(read.status, 0, "its files can be read")
    request(vm, ADD, [PART], region=1)
    wait_shown(vm, region, [PART], SECONDS)
    check.that(True, "an offer is accepted", "")
    check.equal({e[1:] for e in vm.extents() if e[0] == 1},
                {(*PART, "accepted")}, "and answered")
    check.equal(available(vm, region), PART[1], "and can be taken")
    check.equal(vm.guest(f"timeout 20 cxl list -r {region} -N").status, 0,
                "the tools list it")
    # A user who has to wait holds up nobody, and can be ended.
    taken = vm.guest("timeout 3 sh -c 'echo 1 > "
                     f"{dax_region(region)}/create'")
    check.that(taken.status != 0, "a new DAX device has to wait")
    release(vm, [PART], dc=1, timeout=SECONDS)
    check.equal(shown(vm, region), [], "what is asked back goes")
    request(vm, ADD, [PART], region=1)
    wait_shown(vm, region, [PART], SECONDS)
    request(vm, RELEASE, [PART], region=1, forced_removal=True)
    wait_shown(vm, region, [], SECONDS)
    check.equal(available(vm, region), 0, "what is taken is gone")


def test_others_go_on(vm, check):
    """A's memory is removed behind a block of C that never goes offline."""
    push_pin(vm)
    regions = [create_region(vm, kind) for kind in ("dc0", "dc1", "dc2")]
    stuck, other, pinned = regions
    stuck_dax = system_ram(vm, stuck, 0)
    vm.guest_ok(f"daxctl offline-memory {stuck_dax}")
    pinned_dax = system_ram(vm, pinned, 2)
    vm.guest_ok("rm -f /tmp/*.ended /tmp/*.pid")
    offline_for_ever(vm, check, dax_devices(vm)[pinned_dax]["target_node"])
    background(vm, "unbind",
               f"echo {stuck} > /sys/bus/cxl/drivers/cxl_region/unbind")
    poll(lambda: "unregister_dev_dax" in stack(vm, "unbind"), 30,
         "the region's end waits inside the DAX core")
    lives(vm, check, other)
    check.that(not ended(vm, "unbind"), "all that while, the one hung")
    vm.guest_ok("pkill -x pin; true")
    poll(lambda: ended(vm, "unbind") and ended(vm, "offline"), 60,
         "it ends when it can")
    add(vm, other, [PART], dc=1)
    dax = create_dax(vm, other)
    check.equal(dax_devices(vm)[dax]["size"], PART[1], "all is as before")
    destroy_dax(vm, dax)
    vm.guest_ok(f"daxctl reconfigure-device -m devdax -f {pinned_dax} && "
                f"daxctl destroy-device -f {pinned_dax}", 120)
    for region in other, pinned:
        vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    for region in reversed(regions):
        if region != stuck:
            destroy_region(vm, region)
    vm.guest_ok(f"cxl destroy-region {stuck}")


LOOPS = """
cat > /tmp/loop << 'END'
n=0
while [ ! -e /tmp/enough ]; do
    case $1 in
    delete)
        cd / && cd /sys/bus/cxl/devices/dax_$2/dax_region || continue
        echo 1 > create && read -r d < create && echo $d > delete &&
            n=$((n + 1)) ;;
    disable)
        echo $2 > /sys/bus/cxl/drivers/cxl_region/unbind
        echo $2 > /sys/bus/cxl/drivers/cxl_region/bind
        sleep 0.4
        n=$((n + 1)) ;;
    esac
done 2> /dev/null
echo $1 $n >> /tmp/turns
END
rm -f /tmp/enough /tmp/turns
"""


def test_delete_and_disable(vm, check):
    """Deleting DAX devices while their region is disabled: no deadlock."""
    region = create_region(vm, "dc1")
    add_tagged(vm, region, [PART], TAG, dc=1)
    vm.guest_ok(LOOPS)
    loops = ["delete", "delete", "disable"]
    for what in loops:
        vm.guest_ok(f"setsid sh /tmp/loop {what} {region} "
                    "> /dev/null 2>&1 < /dev/null &")
    for _ in range(40):
        if not states(vm, region):          # disabling has given it back
            try:
                request(vm, ADD, [PART], region=1, tag=TAG)
            except QMPError:
                pass                        # not yet, or not any more
        vm.guest_ok("sleep 0.5")
    vm.guest_ok("touch /tmp/enough")
    try:
        poll(lambda: vm.guest("wc -l < /tmp/turns").out.strip() ==
             str(len(loops)), 60, "all of them come to their end")
        hangs = ""
    except GuestError:
        hangs = vm.what_hangs()
    check.must(not hangs, "all of them come to their end", hangs)
    turns = vm.guest_ok("cat /tmp/turns").split()
    check.that(all(int(n) > 5 for n in turns[1::2]),
               "each of them had its turns: " + " ".join(turns))
    vm.guest(f"cxl enable-region {region}")
    vm.guest(f"cxl release-extent {region} --all")
    wait_released(vm)
    add(vm, region, [PART], dc=1)
    release(vm, [PART], dc=1)
    destroy_region(vm, region)


BEGIN = """
cat > /tmp/begin << 'END'
for n in $(seq 30); do
    echo $1 > /sys/bus/cxl/drivers/cxl_region/unbind
    echo $1 > /sys/bus/cxl/drivers/cxl_region/bind
done 2> /dev/null
touch /tmp/enough
echo begin >> /tmp/turns
END
rm -f /tmp/enough /tmp/turns; dmesg -C
"""


def test_create_too_early(vm, check):
    """A region's files are there before it is ours: nothing comes of that."""
    push(vm, "early")
    # Stock code that takes its time, with the files already there.
    slow = copy(vm, os.path.join(GUEST, "test", "cxl_dcd_slow.ko"))
    vm.guest_ok(f"insmod {slow} function=alloc_dax_region ms=20")
    region = create_region(vm, "dc1")
    vm.guest_ok(BEGIN)
    loops = [f"/tmp/early {dax_region(region)} /tmp/enough"] * 2
    for what in [f"{loop} >> /tmp/turns" for loop in loops] + [
            f"sh /tmp/begin {region}"]:
        vm.guest_ok(f"setsid sh -c '{what}' > /dev/null 2>&1 < /dev/null &")
    loops.append("begin")
    try:
        poll(lambda: vm.guest("wc -l < /tmp/turns").out.strip() ==
             str(len(loops)), 240, "all of them come to their end")
        hangs = ""
    except GuestError:
        hangs = vm.what_hangs()
    check.must(not hangs, "all of them come to their end", hangs)
    vm.guest_ok("rmmod cxl_dcd_slow")
    turns = vm.guest_ok("cat /tmp/turns").split()
    check.that(all(int(n) > 100 for n in turns if n.isdigit()),
               "they found its files: " + " ".join(turns))
    log = vm.guest_ok("dmesg")
    check.that("is not what the module was built for" not in log and
               "not used" not in log, "no region is taken for a strange one",
               log[-3000:])
    vm.guest(f"cxl enable-region {region}")
    add(vm, region, [PART], dc=1)
    check.equal(available(vm, region), PART[1], "and it can be used")
    release(vm, [PART], dc=1)
    destroy_region(vm, region)
