# SPDX-License-Identifier: GPL-2.0-or-later
"""One region over several devices: taken together, and in interleave order."""

import json

from agent import Agent
from hostile import Hostile
from steps import (ADD, MIB, RELEASE, create_dax, create_region, dax_devices,
                   destroy_dax, destroy_region, memdev, request, states,
                   wait_released, wait_shown)
from vm import GuestError, poll

BOOT = "eight"
TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
PART = (64 * MIB, 32 * MIB)
WORDS = 512


def devices(ways):
    return [f"cxl-mem{i}" for i in range(ways)]


def create(vm, ways, granularity=None):
    names = " ".join(memdev(vm, d) for d in devices(ways))
    option = f"-g {granularity}" if granularity else ""
    done = vm.guest(f"cxl create-region -t dc0 -d decoder0.0 -w {ways} "
                    f"{option} -m {names}")
    if done.status != 0:
        raise GuestError(f"region of {ways} ways: {done.text}\n"
                         + vm.guest_ok("dmesg | tail -8"))
    return json.loads(done.out)["region"]


def add_all(vm, region, ways, parts, tag=None):
    for device in devices(ways):
        request(vm, ADD, parts, device, tag=tag)
    wait_shown(vm, region, [(o * ways, n * ways) for o, n in parts])


def release_all(vm, region, ways):
    vm.guest_ok(f"cxl release-extent {region} --all")
    for device in devices(ways):
        wait_released(vm, device)


def order(vm, check, ways, granularity):
    """Numbers written over the set are found on each device alone."""
    region = create(vm, ways, granularity)
    add_all(vm, region, ways, [PART])
    check.equal([e["mapping"] for e in vm.device("cxl-mem0")["extents"]],
                ["direct"], "the host reaches it as memory")
    dax = create_dax(vm, region)
    check.equal(dax_devices(vm)[dax]["size"], ways * PART[1],
                "the extent is the sum over the devices")
    with Agent(vm) as agent:
        agent.ask("map", 0, f"/dev/{dax}", ways * PART[1])
        check.equal(agent.ask("put", 0, 0, granularity, WORDS, 1000), "",
                    "a number into each granule")
        check.equal(agent.ask("get", 0, 0, granularity, WORDS, 1000, 1), "",
                    "is read back")
        agent.ask("unmap", 0)
    destroy_dax(vm, dax)
    # Without our module nothing is given back when the region goes.
    vm.guest_ok("modprobe -r cxl_dcd")
    destroy_region(vm, region)
    vm.guest_ok("modprobe cxl_dcd")
    with Agent(vm) as agent:
        for i, device in enumerate(devices(ways)):
            alone(vm, check, agent, ways, granularity, i, device)


def alone(vm, check, agent, ways, granularity, i, device):
    """Look at one device's part by a region of its own."""
    region = create_region(vm, device=device)
    wait_shown(vm, region, [PART])
    dax = create_dax(vm, region)
    agent.ask("map", 0, f"/dev/{dax}", PART[1])
    check.equal(agent.ask("get", 0, 0, granularity, WORDS // ways,
                          1000 + i, ways), "",
                f"device {i} has every {ways}th of them")
    agent.ask("unmap", 0)
    destroy_dax(vm, dax)
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm, device)
    destroy_region(vm, region)


def test_two_ways(vm, check):
    order(vm, check, 2, 16384)


def test_four_ways(vm, check):
    order(vm, check, 4, 256)


def test_eight_ways(vm, check):
    order(vm, check, 8, 4096)


def test_set_as_system_ram(vm, check):
    """Programs run on and from memory of two devices."""
    region = create(vm, 2)
    parts = [(0, 256 * MIB)]
    add_all(vm, region, 2, parts)
    check.equal([e["mapping"] for e in vm.device("cxl-mem1")["extents"]],
                ["direct"], "whole pages by default, so each is RAM")
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}", 120)
    node = vm.guest_ok(f"cat /sys/bus/dax/devices/{dax}/target_node")
    out = vm.guest_ok(
        f"cd /dev/shm && N='numactl --membind={node}' && "
        "$N cp $(command -v sha256sum) sum && "
        "$N dd if=/dev/urandom of=data bs=1M count=32 2> /dev/null && "
        "$N ./sum data && sha256sum data && "
        "rm -f sum data", 120)
    sums = {line.split()[0] for line in out.splitlines()}
    check.equal((len(out.splitlines()), len(sums)), (2, 1),
                "a program run from there reads what was written there")
    vm.guest_ok(f"daxctl reconfigure-device -m devdax -f {dax}", 120)
    destroy_dax(vm, dax)
    release_all(vm, region, 2)
    destroy_region(vm, region)


def test_set_is_complete(vm, check):
    """Nothing is seen until each device of the set has made its offer."""
    region = create(vm, 2)
    request(vm, ADD, [PART], "cxl-mem0", tag=TAG)
    poll(lambda: vm.device("cxl-mem0")["event-log-used"] == 0, 20,
         "the guest has read the first offer")
    check.equal((states(vm, region), {e[3] for e in vm.extents("cxl-mem0")}),
                ({}, {"pending"}), "one of two: nothing yet")
    request(vm, ADD, [PART], "cxl-mem1", tag=TAG)
    wait_shown(vm, region, [(2 * PART[0], 2 * PART[1])])
    dax = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[dax]["size"], 2 * PART[1],
                "two of two: one extent, claimed by its tag")
    destroy_dax(vm, dax)
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    wait_shown(vm, region, [(2 * PART[0], 2 * PART[1])])
    dax = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[dax]["size"], 2 * PART[1],
                "the same after the module was loaded anew")
    request(vm, RELEASE, [PART], "cxl-mem1", tag=TAG)
    poll(lambda: set(states(vm, region).values()) == {"releasing"}, 20,
         "a release of one part is one of the whole")
    destroy_dax(vm, dax)
    wait_released(vm, "cxl-mem1")
    wait_released(vm, "cxl-mem0")
    check.equal(states(vm, region), {}, "and all of it goes back")
    destroy_region(vm, region)


def test_member_is_forced(vm, check):
    """One member takes its part by force: the others get theirs back."""
    region = create(vm, 2)
    add_all(vm, region, 2, [PART])
    whole = (2 * PART[0], 2 * PART[1])
    dax = create_dax(vm, region)
    request(vm, RELEASE, [PART], "cxl-mem0")
    poll(lambda: states(vm, region) == {whole: "releasing"}, 20,
         "one member waits")
    request(vm, RELEASE, [PART], "cxl-mem1", forced_removal=True)
    poll(lambda: states(vm, region) == {whole: "forced"}, 20,
         "the other one does not")
    destroy_dax(vm, dax)
    wait_shown(vm, region, [])
    for device in devices(2):
        wait_released(vm, device)
    add_all(vm, region, 2, [PART])
    check.equal(states(vm, region), {whole: "accepted"},
                "both can give it anew")
    release_all(vm, region, 2)
    destroy_region(vm, region)


def test_set_is_refused(vm, check):
    """Offers that do not match are refused, on every device."""
    region = create(vm, 2)
    request(vm, ADD, [PART, (128 * MIB, 2 * MIB)], "cxl-mem0")
    request(vm, ADD, [PART, (256 * MIB, 2 * MIB)], "cxl-mem1")
    wait_shown(vm, region, [(2 * PART[0], 2 * PART[1])])
    poll(lambda: all({e[3] for e in vm.extents(d)} == {"accepted"}
                     for d in devices(2)), 20, "both have their answer")
    for device in devices(2):
        check.equal({e[1:3] for e in vm.extents(device)}, {PART},
                    f"{device}: what matches is accepted, the rest is not")
    check.that("offered no match" in vm.guest_ok("dmesg | tail -6"),
               "the log says why")
    release_all(vm, region, 2)
    destroy_region(vm, region)


def test_set_times_out(vm, check):
    """A device whose partner never speaks is answered in the end."""
    region = create(vm, 2)
    vm.guest_ok("echo 2 > /sys/module/cxl_dcd/parameters/chain_timeout")
    request(vm, ADD, [PART], "cxl-mem0")
    poll(lambda: not vm.extents("cxl-mem0"), 20, "the offer is refused")
    check.that("not all devices" in vm.guest_ok("dmesg | tail -3"),
               "the log says why")
    vm.guest_ok("echo 20 > /sys/module/cxl_dcd/parameters/chain_timeout")
    add_all(vm, region, 2, [PART])
    check.equal(len(states(vm, region)), 1, "the next offer is taken")
    release_all(vm, region, 2)
    destroy_region(vm, region)


def test_set_loses_an_offer(vm, check):
    """The fabric manager takes an offer back while the set waits for it."""
    region = create(vm, 2)
    request(vm, ADD, [PART], "cxl-mem0")
    poll(lambda: vm.device("cxl-mem0")["event-log-used"] == 0, 20,
         "the guest has read the first offer")
    request(vm, RELEASE, [PART], "cxl-mem0", forced_removal=True)
    request(vm, ADD, [PART], "cxl-mem1")
    poll(lambda: not vm.extents("cxl-mem1"), 20, "the other one goes back")
    check.equal((states(vm, region), vm.extents("cxl-mem0")), ({}, set()),
                "there is no set")
    add_all(vm, region, 2, [PART])
    check.equal([{e[3] for e in vm.extents(d)} for d in devices(2)],
                [{"accepted"}] * 2, "the next offers are taken")
    release_all(vm, region, 2)
    destroy_region(vm, region)


def test_forced_behind_an_offer(vm, check):
    """What is taken away is gone now, though the log waits for an offer."""
    region = create(vm, 2)
    other = (256 * MIB, 32 * MIB)
    add_all(vm, region, 2, [other])
    request(vm, ADD, [PART], "cxl-mem0")
    poll(lambda: vm.device("cxl-mem0")["event-log-used"] == 0, 20,
         "the guest has read the offer")
    request(vm, RELEASE, [other], "cxl-mem0", forced_removal=True)
    wait_shown(vm, region, [], 8)
    check.equal({e[3] for e in vm.extents("cxl-mem0")}, {"pending"},
                "the offer waits on for the rest of its set")
    request(vm, ADD, [PART], "cxl-mem1")
    wait_shown(vm, region, [(2 * PART[0], 2 * PART[1])])
    check.that(True, "and is taken when that has come")
    release_all(vm, region, 2)
    destroy_region(vm, region)


def test_forced_behind_many(vm, check):
    """The same behind more records than one command shows."""
    region = create(vm, 2)
    parts = [(256 * MIB + i * 4 * MIB, 2 * MIB) for i in range(30)]
    gone = (480 * MIB, 2 * MIB)
    add_all(vm, region, 2, parts + [gone])
    timeout = "/sys/module/cxl_dcd/parameters/chain_timeout"
    before = vm.guest_ok(f"cat {timeout}; echo 3600 > {timeout}")
    request(vm, ADD, [PART], "cxl-mem0")
    poll(lambda: vm.device("cxl-mem0")["event-log-used"] == 0, 20,
         "the guest has read the offer")
    for part in parts:
        request(vm, RELEASE, [part], "cxl-mem0")
    request(vm, RELEASE, [gone], "cxl-mem0", forced_removal=True)
    poll(lambda: (2 * gone[0], 2 * gone[1]) not in states(vm, region), 60,
         "what was taken away is gone though an offer is waiting")
    vm.guest_ok(f"echo {before} > {timeout}")
    check.that(True, "the offer does not wait on")
    for device in devices(2):
        wait_released(vm, device)
    destroy_region(vm, region)


def test_set_of_long_lists(vm, check):
    """More extents than one command holds, in two orders; then one is cut."""
    region = create(vm, 8)
    parts = [(i * 4 * MIB, 2 * MIB) for i in range(120)]
    whole = [(o * 8, n * 8) for o, n in parts]
    with Hostile(vm, memdev(vm, "cxl-mem3")) as bad:
        for device in devices(8):
            request(vm, ADD,
                    parts[::-1] if device == "cxl-mem3" else parts, device)
        wait_shown(vm, region, whole, 120)
        check.that(True, "each of them is matched")
        release_all(vm, region, 8)
        bad.set("cut", 1)
        for device in devices(8):
            request(vm, ADD, parts, device)
        wait_shown(vm, region, whole[85:], 120)
        poll(lambda: all({e[1:] for e in vm.extents(d)} ==
                         {p + ("accepted",) for p in parts[85:]}
                         for d in devices(8)), 60,
             "what one of them lost, the others give back")
        check.that(True, "a cut answer of one device is seen")
    release_all(vm, region, 8)
    destroy_region(vm, region)
