# SPDX-License-Identifier: GPL-2.0-or-later
"""Capacity that is taken without asking, and what user space is told."""

import re

from agent import Agent
from pin import hold, push_pin, said
from steps import (ADD, MIB, RELEASE, add, add_tagged, available, create_dax,
                   create_region, dax_devices, destroy_dax, destroy_region,
                   log_from_now, memtest, request, states, wait_logged,
                   wait_released, wait_shown)
from vm import poll

TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
PART = (256 * MIB, 256 * MIB)
OTHER = (1024 * MIB, 64 * MIB)


def force(vm, extents, **more):
    request(vm, RELEASE, extents, forced_removal=True, **more)


class Uevents:
    """What the kernel tells user space about regions meanwhile."""

    def __init__(self, vm):
        self.vm = vm

    def __enter__(self):
        self.vm.guest_ok(
            "setsid udevadm monitor --kernel --property "
            "--subsystem-match=cxl > /tmp/uevents 2>&1 < /dev/null & "
            "echo $! > /tmp/uevents.pid")
        poll(lambda: self.vm.guest("grep -q KERNEL /tmp/uevents").status == 0,
             20, "udevadm monitor listens")
        return self

    def __exit__(self, *exc):
        self.vm.guest_ok("kill $(cat /tmp/uevents.pid)")

    def seen(self):
        """[(event, length, tag)] so far."""
        text = self.vm.guest_ok("cat /tmp/uevents")
        return [(event, int(length, 16), tag) for event, tag, length in
                re.findall(r"DCD_EVENT=(\w+)\nDCD_REGION=region\d+\n"
                           r"DCD_UUID=([-0-9a-f]+)\nDCD_LENGTH=(0x\w+)", text)]

    def wait(self, event, length, tag="00000000-0000-0000-0000-000000000000"):
        poll(lambda: (event, length, tag) in self.seen(), 20,
             f"uevent {event} of {length} bytes; seen: {self.seen()}")


def test_uevents(vm, check):
    region = create_region(vm)
    with Uevents(vm) as uevents:
        add_tagged(vm, region, [PART], TAG)
        uevents.wait("add", PART[1], TAG)
        dax = create_dax(vm, region, f"--uuid {TAG}")
        request(vm, RELEASE, [PART], tag=TAG)
        uevents.wait("busy", PART[1], TAG)
        destroy_dax(vm, dax)
        uevents.wait("release", PART[1], TAG)
        add(vm, region, [OTHER])
        force(vm, [OTHER])
        uevents.wait("forced", OTHER[1])
        check.equal([e[0] for e in uevents.seen()][:4],
                    ["add", "busy", "release", "add"],
                    "each step is told once, in order")
    wait_shown(vm, region, [])
    destroy_region(vm, region)


def test_free(vm, check):
    """Nobody has it: it is just gone."""
    region = create_region(vm)
    add(vm, region, [PART, OTHER])
    force(vm, [PART])
    wait_shown(vm, region, [OTHER])
    check.equal(available(vm, region), OTHER[1], "the other extent stays")
    force(vm, [OTHER])
    wait_shown(vm, region, [])
    check.equal(vm.extents(), set(), "the device agrees")
    destroy_region(vm, region)


def test_destroyed_at_once(vm, check):
    """While the kernel still takes the device's driver away, its name is hidden
    already: who destroys the device then need not come again."""
    region = create_region(vm)
    for _ in range(4):
        add(vm, region, [PART])
        dax = create_dax(vm, region)
        force(vm, [PART])
        done = vm.guest(
            f"while [ -e /sys/bus/dax/devices/{dax}/driver ]; do :; done; "
            f"daxctl disable-device {dax} && daxctl destroy-device {dax}")
        check.equal((done.status, done.err.count("busy")), (0, 0),
                    f"it is destroyed: {done.text}")
        wait_released(vm)
    destroy_region(vm, region)


def test_half(vm, check):
    """Half of an extent is taken: the other half is no use and goes back."""
    region = create_region(vm)
    add(vm, region, [PART, OTHER])
    dax = create_dax(vm, region)
    half = PART[1] // 2
    force(vm, [(PART[0] + half, half)])
    poll(lambda: states(vm, region).get(PART) == "forced", 20,
         "the guest knows")
    destroy_dax(vm, dax)
    wait_shown(vm, region, [OTHER])
    poll(lambda: {e[1:3] for e in vm.extents()} == {OTHER}, 20,
         f"the device has all of it: {vm.extents()}")
    add(vm, region, [PART])
    check.equal(available(vm, region), PART[1] + OTHER[1],
                "and can give it anew")
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_mapped(vm, check):
    """Users of a DAX device get SIGBUS; its addresses wait for its end."""
    region = create_region(vm)
    add(vm, region, [PART, OTHER])
    victim = create_dax(vm, region, f"-s {PART[1]}")
    bystander = create_dax(vm, region, f"-s {OTHER[1]}")
    ranges = {d: int(vm.guest_ok(f"cat /sys/bus/dax/devices/{d}/mapping0/"
                                 "start"), 16) for d in (victim, bystander)}
    if dax_devices(vm)[victim]["size"] != PART[1] or \
            ranges[victim] > ranges[bystander]:
        victim, bystander = bystander, victim
    with Agent(vm) as agent:
        agent.ask("map", 0, f"/dev/{victim}", PART[1])
        agent.ask("map", 1, f"/dev/{bystander}", OTHER[1])
        for slot in (0, 1):
            check.equal(agent.ask("put", slot, 0, MIB, 16, 5), "",
                        f"mapping {slot} is written")
        force(vm, [PART])
        poll(lambda: states(vm, region).get(PART) == "forced", 20,
             "the guest knows")
        check.equal(agent.ask("put", 0, 0, MIB, 16, 7), "sigbus",
                    "the next access gives SIGBUS")
        check.equal(agent.ask("get", 1, 0, MIB, 16, 5, 1), "",
                    "the neighbour holds what it had")
        agent.ask("unmap", 0)
        agent.ask("unmap", 1)
    check.equal({e[1:3] for e in vm.extents()}, {OTHER},
                "the device has it back already")
    destroy_dax(vm, victim)
    wait_shown(vm, region, [OTHER])
    add(vm, region, [PART])
    again = create_dax(vm, region)
    test = memtest(vm, 256, f"/dev/{again}", 3)
    check.that(test.status == 0, "the same addresses serve again", test.text)
    destroy_dax(vm, again)
    destroy_dax(vm, bystander)
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_tag(vm, check):
    """One member of a claimed tag is taken: the whole device dies."""
    region = create_region(vm)
    add_tagged(vm, region, [PART, OTHER], TAG)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    with Agent(vm) as agent:
        agent.ask("map", 0, f"/dev/{dax}", PART[1] + OTHER[1])
        agent.ask("put", 0, 0, MIB, 320, 1)
        force(vm, [OTHER], tag=TAG)
        poll(lambda: states(vm, region).get(OTHER) == "forced", 20,
             "the guest knows")
        check.equal([agent.ask("get", 0, at, MIB, 1, 1, 1)
                     for at in (0, PART[1])], ["sigbus", "sigbus"],
                    "every part of it gives SIGBUS")
        agent.ask("unmap", 0)
    destroy_dax(vm, dax)
    wait_shown(vm, region, [PART])
    again = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[again]["size"], PART[1],
                "what is left of the tag can be claimed")
    destroy_dax(vm, again)
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_system_ram(vm, check):
    """Memory of the kernel's is taken offline, and the kernel lives on."""
    region = create_region(vm)
    add(vm, region, [PART])
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    node = dax_devices(vm)[dax]["target_node"]
    total = f"grep MemTotal /sys/devices/system/node/node{node}/meminfo"
    check.that(f" {PART[1] // 1024} kB" in vm.guest_ok(total),
               "all of it is memory")
    log_from_now(vm)
    force(vm, [PART])
    wait_logged(vm, "now offline", 60)
    left = vm.guest(total).out
    check.that(not left or " 0 kB" in left, "none of it is left", left)
    vm.guest_ok(f"daxctl destroy-device -f {dax}")
    wait_shown(vm, region, [])
    check.equal(vm.extents(), set(), "the device has it back")
    add(vm, region, [PART])
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_system_ram_in_parts(vm, check):
    """A DAX device of System RAM loses one extent, and then the other."""
    low, high = (256 * MIB, 256 * MIB), (512 * MIB, 256 * MIB)
    region = create_region(vm)
    add(vm, region, [low, high])
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    node = dax_devices(vm)[dax]["target_node"]
    total = f"grep -h MemTotal /sys/devices/system/node/node{node}/meminfo"
    driver = f"test -e /sys/bus/dax/devices/{dax}/driver"
    # Somebody else has the kernel's lock for this, most of the time.
    vm.guest_ok(
        f"cd $(ls -d /sys/devices/system/node/node{node}/memory* | tail -1); "
        "rm -f /tmp/enough /tmp/ended; setsid sh -c "
        "'while [ ! -e /tmp/enough ]; do "
        "echo offline > state; echo online_movable > state; done; "
        "touch /tmp/ended' > /dev/null 2>&1 < /dev/null &")
    log_from_now(vm)
    force(vm, [low])
    wait_logged(vm, "keeps the rest", 60)
    vm.guest_ok("touch /tmp/enough; while [ ! -e /tmp/ended ]; do sleep 1; "
                "done")
    check.that("poisoning" not in vm.guest_ok("dmesg"),
               "and has no page that is poisoned")
    check.that(f" {high[1] // 1024} kB" in vm.guest_ok(total),
               "the other extent is memory as before", vm.guest(total).text)
    check.equal(vm.guest(driver).status, 0, "and has its driver")
    check.equal({e[1:3] for e in vm.extents()}, {high}, "one is the guest's")
    check.equal(vm.guest(
        "cd /sys/devices/system/memory; for b in $(grep -l offline "
        "memory*/state); do echo online_movable > $b && echo $b; done").out,
                "", "what is gone is not set online again")
    force(vm, [high])
    poll(lambda: vm.guest(driver).status != 0, 60, "the driver goes at last")
    left = vm.guest(total).out
    check.that(not left or " 0 kB" in left, "none of it is left", left)
    check.that("cannot be hotremoved" not in vm.guest_ok("dmesg"),
               "all of it was removed")
    vm.guest_ok(f"daxctl destroy-device -f {dax}")
    wait_shown(vm, region, [])
    add(vm, region, [low])
    again = create_dax(vm, region)
    test = memtest(vm, 256, f"/dev/{again}", 3)
    check.that(test.status == 0, "the same addresses serve again", test.text)
    destroy_dax(vm, again)
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_system_ram_without_driver(vm, check):
    """Taken away after its driver: nobody is left to ask."""
    region = create_region(vm)
    add(vm, region, [PART])
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    vm.guest_ok(f"echo {dax} > /sys/bus/dax/drivers/kmem/unbind")
    vm.guest_ok(f"echo 0 > /sys/bus/dax/devices/{dax}/size")
    log_from_now(vm)
    force(vm, [PART])
    wait_logged(vm, "now offline", 60)
    check.equal(states(vm, region), {PART: "forced"},
                "its addresses are not given out again")
    vm.reset()
    vm.guest_ok("true")


def test_then_answered(vm, check):
    """Taken while it is asked for and in use: one end, no second answer."""
    region = create_region(vm)
    add_tagged(vm, region, [PART], TAG)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    request(vm, RELEASE, [PART], tag=TAG)
    poll(lambda: states(vm, region) == {PART: "releasing"}, 20, "pending")
    force(vm, [PART], tag=TAG)
    poll(lambda: states(vm, region) == {PART: "forced"}, 20, "forced")
    request(vm, ADD, [PART])
    poll(lambda: not vm.extents(), 20, "an offer of the same is refused")
    check.that("overlaps" in vm.guest_ok("dmesg | tail -5"),
               "while its old user holds the addresses")
    destroy_dax(vm, dax)
    wait_shown(vm, region, [])
    destroy_region(vm, region)


def cut_off(vm, check, part, arguments, what):
    """A program whose memory is taken away gets SIGBUS, not nonsense."""
    region = create_region(vm)
    add(vm, region, [part])
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    hold(vm, dax_devices(vm)[dax]["target_node"], arguments)
    log_from_now(vm)
    force(vm, [part])
    poll(lambda: vm.guest("pgrep -x pin").status != 0, 120,
         f"{what}: its process is told or ended")
    check.equal(said(vm)[1:], ["SIGBUS"], f"{what}: it gets SIGBUS")
    # Before it says anything, grep finds nothing
    poll(lambda: "was taken away by the device" in vm.guest(
        "dmesg | grep 'System RAM'").out, 120, f"{what}: it comes to an end")
    told = vm.guest_ok("dmesg | grep 'System RAM'")
    check.that("now offline" in told, f"{what}: all of it is offline", told)
    vm.guest_ok(f"daxctl destroy-device -f {dax}", 120)
    wait_shown(vm, region, [])
    add(vm, region, [part])
    again = create_dax(vm, region)
    test = memtest(vm, part[1] // MIB, f"/dev/{again}", 3)
    check.that(test.status == 0, f"{what}: the addresses serve again",
               test.text)
    destroy_dax(vm, again)
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_system_ram_users(vm, check):
    push_pin(vm)
    cut_off(vm, check, PART, "16 free", "memory in use")
    cut_off(vm, check, PART, "1", "pinned pages")
    cut_off(vm, check, PART, "2", "a pinned huge page")
    check.equal(vm.guest_ok("cat /proc/sys/vm/memory_failure_early_kill"), "0",
                "the kernel's setting is as before")


def test_unmovable(vm, check):
    """Pages that cannot be moved, of one who does not care: what is free
    beside them is given to nobody, and not with a line for each page."""
    push_pin(vm)
    region = create_region(vm)
    add(vm, region, [PART])
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    node = dax_devices(vm)[dax]["target_node"]
    hold(vm, node, "1")
    vm.guest_ok("kill -STOP $(pgrep -x pin)")   # so that it cannot end
    log_from_now(vm)
    force(vm, [PART])
    told = poll(lambda: vm.guest(
        "dmesg | grep 'cannot be taken offline'").out, 120,
        "the pages cannot be taken offline")
    check.that("are held still" in told, "the log says what was done", told)
    lines = int(vm.guest_ok("dmesg | grep -c 'Memory failure'"))
    check.that(0 < lines < 2000, f"the kernel says little ({lines} lines)")
    total, free = (int(line.split()[-2]) for line in vm.guest_ok(
        "grep -e MemTotal: -e MemFree: /sys/devices/system/node/"
        f"node{node}/meminfo").splitlines())
    check.that(free < 4096, f"nothing of it is free ({free} KiB)")
    check.that(total < 32 * 1024, f"nor counted as memory ({total} KiB)")
    vm.guest_ok("kill -CONT $(pgrep -x pin)")
    poll(lambda: vm.guest("pgrep -x pin").status != 0, 60,
         "then its process ends")
    # What was held stays with this kernel; the next one begins anew.
    vm.reset()
    vm.guest_ok("true")
