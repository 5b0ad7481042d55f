# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that is asked back goes when it can, and without harm to others."""

from steps import (ADD, MIB, RELEASE, add, all_online, create_dax,
                   create_region, dax_devices, destroy_dax, destroy_region,
                   release, request, wait_released)
from test_host_tools import by_policy
from vm import GuestError, poll

BOTH = "mode = system-ram\\nrelease = system-ram\\n"
NO_POLICY = ("rm -f /etc/daxctl.conf.d/test.conf; "
             "systemctl restart daxctl-capacity")
LARGE = (0, 1024 * MIB)
SMALL = (0, 256 * MIB)


def modes(vm):
    return [d["mode"] for d in dax_devices(vm).values()]


def wait_said(vm, words):
    """Until the service has said this; gives the line."""
    journal = "journalctl -b -u daxctl-capacity"
    try:
        return poll(lambda: vm.guest(f"{journal} | grep '{words}'").out, 90,
                    f"it says '{words}'")
    except GuestError as error:
        raise GuestError(f"{error}; but\n" + vm.guest(
            f"{journal} | tail -20; dmesg | tail -5; free -m").text) from error


def test_no_room(vm, check):
    """What is in it has nowhere to go: nobody is ended for that."""
    region = create_region(vm)
    add(vm, region, [LARGE])
    try:
        by_policy(vm, BOTH)
        poll(lambda: all_online(vm), 30, "it is memory")
        vm.guest_ok(
            "dmesg -C; mount -t tmpfs -o size=100% tmpfs /mnt && "
            "kib=$(awk '/^(MemAvailable|SwapFree):/ { n += $2 } "
            "END { print n - 524288 }' /proc/meminfo) && "
            "head -c ${kib}K /dev/zero > /mnt/full", 300)
        request(vm, RELEASE, [LARGE])
        said = wait_said(vm, "MiB to spare")
        check.that("lose 1024 MiB" in said, "with how much is missing", said)
        vm.guest_ok("sleep 4")
        check.equal(modes(vm), ["system-ram"], "it stays memory")
        check.equal({e[3] for e in vm.extents()}, {"releasing"},
                    "the request stays, too")
        check.that("Out of memory" not in vm.guest_ok("dmesg"),
                   "no program was ended")
        vm.guest_ok("rm /mnt/full")
        poll(lambda: not vm.extents(), 90, "it goes when there is room")
    finally:
        vm.guest(f"umount /mnt; {NO_POLICY}")
    destroy_region(vm, region)


def test_somebody_sets_it_online(vm, check):
    """Commands that do the opposite wait for each other."""
    region = create_region(vm)
    vm.guest_ok("dmesg -C; rm -f /tmp/enough /tmp/ended; setsid sh -c "
                "'while [ ! -e /tmp/enough ]; do daxctl online-memory all; done; "
                "touch /tmp/ended' > /dev/null 2>&1 < /dev/null &")
    try:
        by_policy(vm, BOTH)
        for _ in range(4):
            request(vm, ADD, [SMALL])
            poll(lambda: modes(vm) == ["system-ram"], 30, "it is memory")
            request(vm, RELEASE, [SMALL])
            poll(lambda: not vm.extents(), 60, "the device has it back")
        log = vm.guest_ok("dmesg")
        check.that("cannot be hotremoved" not in log and
                   "until the next boot" not in log,
                   "the kernel has kept none of it", log[-2000:])
    finally:
        vm.guest(f"touch /tmp/enough; {NO_POLICY}")
    poll(lambda: vm.guest("test -e /tmp/ended").status == 0, 30,
         "the loop ends")
    destroy_region(vm, region)


def test_becomes_memory(vm, check):
    """So does who makes memory of a device that is devdax still."""
    region = create_region(vm)
    add(vm, region, [SMALL])
    dax = create_dax(vm, region)
    command = f"daxctl reconfigure-device -m system-ram {dax}"
    waits = vm.guest(f"flock /sys/bus/cxl/devices/dax_{region} "
                     f"timeout 5 {command}")
    check.equal(waits.status, 124, "it waits for who has the region")
    check.that(modes(vm) != ["system-ram"], "and has done nothing before")
    done = vm.guest(command)
    check.that(done.status == 0 and all_online(vm), "then it is memory",
               done.text)
    vm.guest_ok(f"daxctl destroy-device -f {dax}")
    release(vm, [SMALL])
    destroy_region(vm, region)


def test_too_small(vm, check):
    """What makes no memory block stays what it was, and it is said why."""
    region = create_region(vm)
    part = (0, 64 * MIB)
    add(vm, region, [part])
    dax = create_dax(vm, region)
    out = vm.guest(f"daxctl reconfigure-device -m system-ram {dax}")
    check.that(out.status != 0 and "blocks of 128 MiB" in out.text,
               "64 MiB are no memory block", out.text)
    check.equal(modes(vm), ["devdax"], "it is devdax, as before")
    check.equal(vm.guest(f"test -c /dev/{dax}").status, 0, "to be used")
    destroy_dax(vm, dax)
    release(vm, [part])
    wait_released(vm)
    destroy_region(vm, region)
