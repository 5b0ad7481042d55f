# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages of a DAX device that somebody holds beyond his mapping."""

import time

from pin import hold, push_pin
from steps import (ADD, MIB, RELEASE, add, create_dax, create_region,
                   dax_devices, destroy_dax, destroy_region, log_from_now,
                   memtest, request, states, wait_logged, wait_released,
                   wait_shown)
from vm import poll

# The records of whole sections (128 MiB) go with their memory.
PART = (256 * MIB, 256 * MIB)
HELD = 200


def hold_asleep(vm, dax):
    """A process that has given a device's pages to a pipe, and sleeps."""
    hold(vm, f"/dev/{dax}", HELD)
    vm.guest_ok("kill -STOP $(pgrep -x pin)")
    log_from_now(vm)


def waits(vm, check, what):
    wait_logged(vm, "pages of it are held", 30)
    check.that(vm.guest("timeout 20 cxl list -R -N").status == 0,
               f"{what}: all else goes on")


def let_go(vm):
    """The kernel gives the pages back, whose records must be there still."""
    vm.guest_ok("kill -KILL $(pgrep -x pin)")
    poll(lambda: vm.guest("pgrep -x pin").status != 0, 60,
         "the process is gone")
    wait_logged(vm, "its pages are let go", 30)


def sound(vm, check, what):
    bad = vm.kernel_complaints()
    check.must(not bad, f"{what}: the kernel is well", "\n".join(bad[:20]))


def test_forced(vm, check):
    """Taken away from who holds it: he is cut off, and the kernel lives."""
    push_pin(vm)
    region = create_region(vm)
    add(vm, region, [PART])
    dax = create_dax(vm, region)
    hold_asleep(vm, dax)
    request(vm, RELEASE, [PART], forced_removal=True)
    waits(vm, check, "forced")
    check.equal(states(vm, region), {PART: "forced"},
                "its addresses are not given to anybody else")
    request(vm, ADD, [PART])
    poll(lambda: not vm.extents(), 20, "an offer of the same is refused")
    let_go(vm)
    destroy_dax(vm, dax)
    wait_shown(vm, region, [])
    sound(vm, check, "forced")
    add(vm, region, [PART])
    again = create_dax(vm, region)
    test = memtest(vm, PART[1] // MIB, f"/dev/{again}", 3)
    check.that(test.status == 0, "the addresses serve again", test.text)
    destroy_dax(vm, again)
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_disabled(vm, check):
    """So do those who take the driver or the region away by hand."""
    push_pin(vm)
    region = create_region(vm)
    add(vm, region, [PART])
    for what, command in (
            ("device", "daxctl disable-device {dax}"),
            ("region", "echo {region} > /sys/bus/cxl/drivers/cxl_region/unbind")):
        dax = create_dax(vm, region)
        hold_asleep(vm, dax)
        vm.guest_ok("rm -f /tmp/ended; setsid sh -c '" +
                    command.format(dax=dax, region=region) +
                    "; touch /tmp/ended' > /dev/null 2>&1 < /dev/null &")
        waits(vm, check, what)
        check.that(vm.guest("test -e /tmp/ended").status != 0,
                   f"{what}: it does not end before")
        let_go(vm)
        poll(lambda: vm.guest("test -e /tmp/ended").status == 0, 30,
             f"{what}: it ends")
        sound(vm, check, what)
        if what == "device":
            vm.guest_ok(f"daxctl destroy-device {dax}")
    wait_released(vm)
    check.equal(dax_devices(vm), {}, "all of it is gone")
    vm.guest_ok(f"cxl destroy-region {region}")


IN_USE = "/sys/module/cxl_dcd/parameters/in_use"


def refused(vm, check, dax, what, why):
    """Unloading is refused at once, and one can read why."""
    start = time.monotonic()
    for command in "modprobe -r", "rmmod":
        out = vm.guest(f"timeout 30 {command} cxl_dcd", 40)
        check.that(out.status not in (0, 124) and "in use" in out.text,
                   f"{what}: {command} says that it is in use", out.text)
    check.that(time.monotonic() - start < 20, f"{what}: at once")
    reasons = vm.guest_ok(f"cat {IN_USE}")
    check.that(f"{dax}: {why}" in reasons, f"{what}: why can be read", reasons)
    again = vm.guest(f"head -c 4096 /dev/null < /dev/{dax}; "
                     "timeout 20 cxl list -R -N")
    check.equal(again.status, 0, f"{what}: all goes on")


def test_unload(vm, check):
    """Who has a device open, or its pages, is not waited for: unloading is
    refused."""
    push_pin(vm)
    region = create_region(vm)
    add(vm, region, [PART])
    dax = create_dax(vm, region)
    check.equal(vm.guest_ok(f"cat {IN_USE}"), "", "nothing keeps the module")
    vm.guest_ok(f"setsid sleep 600 < /dev/{dax} > /dev/null 2>&1 &")
    refused(vm, check, dax, "open", "programs have it open")
    vm.guest_ok("pkill -x sleep")
    hold_asleep(vm, dax)
    refused(vm, check, dax, "mapped and held", "programs have it open")
    vm.guest_ok("kill -KILL $(pgrep -x pin)")
    poll(lambda: vm.guest("pgrep -x pin").status != 0, 60, "it is gone")
    log_from_now(vm)
    hold(vm, f"/dev/{dax}", f"{HELD} closed")
    wait_logged(vm, "cannot be unloaded until", 30)
    refused(vm, check, dax, "closed and held", "pages of it are held")
    vm.guest_ok("pkill -x pin")
    wait_logged(vm, "its pages are let go", 30)
    poll(lambda: vm.guest_ok(f"cat {IN_USE}") == "", 30,
         "nothing keeps the module any more")
    out = vm.guest("timeout 40 modprobe -r cxl_dcd")
    check.equal((out.status, out.text), (0, ""), "then it can be unloaded")
    vm.guest_ok("modprobe cxl_dcd")
    wait_shown(vm, region, [PART])
    sound(vm, check, "unload")
    dax = create_dax(vm, region)
    test = memtest(vm, PART[1] // MIB, f"/dev/{dax}", 3)
    check.that(test.status == 0, "the capacity serves again", test.text)
    destroy_dax(vm, dax)
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)
