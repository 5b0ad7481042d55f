# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of the Linux DCD series' own test suite, against our device.

Each function has the name of the case there.  Where the series leaves it to
the fabric manager to ask again for what was in use, our module gives it back
by itself; that is what is looked at here.
"""

from agent import Agent
from hostile import Hostile, record
from steps import (ADD, MIB, RELEASE, add, add_tagged, available, create_dax,
                   create_region, dax_devices, destroy_dax, destroy_region,
                   request, seed, shown, states, wait_released, wait_shown)
from vm import poll

BOOT = "suite"
TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
OTHER = "11111111-2222-4333-8444-555555555555"
NULL = "00000000-0000-0000-0000-000000000000"
LOW, HIGH = (128 * MIB, 64 * MIB), (256 * MIB, 64 * MIB)
SHARED_BASE = 2048 * MIB        # DPA of the second, sharable DC region


def release_all(vm, region, device="cxl-mem0"):
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm, device)


def refused(vm, command, word):
    result = vm.guest(command)
    return result.status != 0 and word in result.text


def test_pre_existing_extents(vm, check):
    region = create_region(vm)
    add(vm, region, [LOW])
    add_tagged(vm, region, [HIGH], TAG)
    vm.guest_ok("modprobe -r cxl_dcd")
    destroy_region(vm, region)
    check.equal({e[1:3] for e in vm.extents()}, {LOW, HIGH},
                "the device keeps them while nobody drives it")
    vm.guest_ok("modprobe cxl_dcd")
    region = create_region(vm)
    check.equal(shown(vm, region), [LOW + (NULL,), HIGH + (TAG,)],
                "both surface when a region is created")
    first = create_dax(vm, region, "--uuid 0")
    second = create_dax(vm, region, f"--uuid {TAG}")
    check.equal([dax_devices(vm)[d]["size"] for d in (first, second)],
                [64 * MIB, 64 * MIB], "claimed by 0 and by tag")
    destroy_dax(vm, first)
    destroy_dax(vm, second)
    request(vm, RELEASE, [HIGH], tag=TAG)
    wait_shown(vm, region, [LOW])
    release_all(vm, region)
    destroy_region(vm, region)


def test_remove_extent_under_dax_device(vm, check):
    region = create_region(vm)
    add_tagged(vm, region, [HIGH], TAG)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    request(vm, RELEASE, [HIGH], tag=TAG)
    poll(lambda: states(vm, region) == {HIGH: "releasing"}, 20,
         "the release is deferred")
    check.equal(len(vm.extents()), 1, "the device still waits for it")
    destroy_dax(vm, dax)
    wait_released(vm)
    check.equal(states(vm, region), {}, "it goes when the device is destroyed")
    destroy_region(vm, region)


def test_create_dax_dev_spanning_two_extents(vm, check):
    region = create_region(vm)
    add_tagged(vm, region, [LOW, HIGH], TAG)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[dax]["size"], 128 * MIB,
                "one device of the sum")
    test = vm.guest(f"memtest 128 /dev/{dax} 2", 300)
    check.that(test.status == 0, "and one file", test.text)
    destroy_dax(vm, dax)
    release_all(vm, region)
    destroy_region(vm, region)


def test_remove_extents_in_use(vm, check):
    region = create_region(vm)
    add_tagged(vm, region, [LOW, HIGH], TAG)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    for part in (LOW, HIGH):
        request(vm, RELEASE, [part], tag=TAG)
    poll(lambda: set(states(vm, region).values()) == {"releasing"}, 20,
         "releases in use are deferred")
    check.equal(len(vm.extents()), 2, "both stay with the guest")
    test = vm.guest(f"memtest 128 /dev/{dax} 3", 300)
    check.that(test.status == 0, "and stay usable", test.text)
    destroy_dax(vm, dax)
    wait_released(vm)
    destroy_region(vm, region)


def test_inject_tag_support(vm, check):
    region = create_region(vm)
    add(vm, region, [LOW])
    add_tagged(vm, region, [HIGH], TAG)
    tagged = create_dax(vm, region, f"--uuid {TAG}")
    plain = create_dax(vm, region, "--uuid 0")
    sizes = dax_devices(vm)
    check.equal((sizes[tagged]["size"], sizes[plain]["size"]),
                (64 * MIB, 64 * MIB), "each is claimed for itself")
    destroy_dax(vm, tagged)
    destroy_dax(vm, plain)
    release_all(vm, region)
    destroy_region(vm, region)


def test_uuid_no_match(vm, check):
    region = create_region(vm)
    add(vm, region, [LOW])
    add_tagged(vm, region, [HIGH], TAG)
    before = available(vm, region)
    check.that(refused(vm, f"daxctl create-device {region} --uuid {OTHER}",
                       "No such file"), "ENOENT")
    check.equal((available(vm, region), dax_devices(vm)), (before, {}),
                "nothing is consumed")
    release_all(vm, region)
    destroy_region(vm, region)


def test_uuid_no_match_seed_intact(vm, check):
    """The empty device of the region takes the true tag after a wrong one."""
    region = create_region(vm)
    add_tagged(vm, region, [HIGH], TAG)
    path = seed(vm, region)
    check.that(refused(vm, f"echo {OTHER} > {path}/uuid", "No such file"),
               "ENOENT")
    check.equal(vm.guest_ok(f"cat {path}/size {path}/uuid").split(),
                ["0", NULL], "the seed is as it was")
    vm.guest_ok(f"echo {TAG} > {path}/uuid")
    check.equal(vm.guest_ok(f"cat {path}/size {path}/uuid").split(),
                [str(64 * MIB), TAG], "and takes the true tag")
    vm.guest_ok(f"echo 0 > {path}/size")
    dax = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[dax]["size"], 64 * MIB,
                "the true tag can still be claimed")
    destroy_dax(vm, dax)
    release_all(vm, region)
    destroy_region(vm, region)


def test_uuid_aggregation(vm, check):
    region = create_region(vm)
    parts = [(i * 32 * MIB, 16 * MIB) for i in (7, 2, 5)]
    add_tagged(vm, region, parts, TAG)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[dax]["size"], 48 * MIB,
                "one claim collects all members")
    ranges = vm.guest_ok(f"cd /sys/bus/dax/devices/{dax}; for m in 0 1 2; do "
                         "cat mapping$m/page_offset; done").split()
    check.equal([int(r, 0) for r in ranges], [0, 4096, 8192],
                "behind one another, without a gap")
    destroy_dax(vm, dax)
    release_all(vm, region)
    destroy_region(vm, region)


def test_uuid_show(vm, check):
    region = create_region(vm)
    add(vm, region, [LOW])
    add_tagged(vm, region, [HIGH], TAG)
    plain = create_dax(vm, region, "--uuid 0")
    tagged = create_dax(vm, region, f"--uuid {TAG}")
    number = plain[len("dax"):].split(".")[0]
    for name, want in ((f"dax{number}.0", NULL), (plain, NULL), (tagged, TAG)):
        got = vm.guest_ok(f"cat /sys/bus/dax/devices/{name}/uuid")
        check.equal(got, want, f"{name} reads {want}")
    destroy_dax(vm, plain)
    destroy_dax(vm, tagged)
    release_all(vm, region)
    destroy_region(vm, region)


def test_shared_extent_inject(vm, check):
    region = create_region(vm, "dc1")
    parts = [(128 * MIB, 64 * MIB), (0, 64 * MIB)]
    add_tagged(vm, region, parts, TAG, dc=1)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[dax]["size"], 128 * MIB, "the claim is the sum")
    destroy_dax(vm, dax)
    release_all(vm, region)
    destroy_region(vm, region)


def test_seq_integrity_gap(vm, check):
    region = create_region(vm, "dc1")
    with Hostile(vm) as bad:
        answers = bad.exchange(
            record(SHARED_BASE, 64 * MIB, TAG, more=True, seq=0),
            record(SHARED_BASE + 64 * MIB, 64 * MIB, TAG, seq=2))
    check.equal(answers, [("add", [])], "sequence 0, 2 is refused as a whole")
    check.equal(states(vm, region), {}, "nothing surfaces")
    check.that("not exactly 0..n-1" in vm.guest_ok("dmesg | tail -5"),
               "the log says why")
    destroy_region(vm, region)


def test_cross_more_uniqueness(vm, check):
    region = create_region(vm)
    add_tagged(vm, region, [HIGH], TAG)
    with Hostile(vm) as bad:
        answers = bad.exchange(record(512 * MIB, 64 * MIB, TAG))
    check.equal(answers, [("add", [])], "a second offer of the tag is dropped")
    dax = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[dax]["size"], 64 * MIB,
                "the first is still usable")
    destroy_dax(vm, dax)
    release_all(vm, region)
    destroy_region(vm, region)


def test_alignment_rejection(vm, check):
    region = create_region(vm)
    vm.qmp.events.clear()
    request(vm, ADD, [(129 * MIB, 64 * MIB)])
    vm.qmp.wait_event("CXL_DYNAMIC_CAPACITY_REJECTED")
    check.equal(states(vm, region), {}, "an offset of 1 MiB is dropped")
    check.that("multiples of 2 MiB" in vm.guest_ok("dmesg | tail -5"),
               "the log says why")
    destroy_region(vm, region)


def test_partial_extent_remove(vm, check):
    region = create_region(vm)
    add_tagged(vm, region, [HIGH], TAG)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    request(vm, RELEASE, [(HIGH[0], HIGH[1] // 2)], tag=TAG)
    poll(lambda: states(vm, region) == {HIGH: "releasing"}, 20,
         "half of it is asked for, all of it is meant")
    destroy_dax(vm, dax)
    wait_released(vm)
    check.equal(states(vm, region), {}, "all of it goes when unused")
    destroy_region(vm, region)


def test_multiple_extent_remove(vm, check):
    region = create_region(vm)
    parts = [LOW, HIGH, (512 * MIB, 64 * MIB)]
    add_tagged(vm, region, parts, TAG)
    request(vm, RELEASE, [HIGH], tag=TAG)
    wait_released(vm)
    check.equal(states(vm, region), {},
                "a release of one member takes the whole group")
    destroy_region(vm, region)


def test_destroy_region_without_extent_removal(vm, check):
    region = create_region(vm)
    add(vm, region, [LOW])
    add_tagged(vm, region, [HIGH], TAG)
    destroy_region(vm, region)
    wait_released(vm)
    region = create_region(vm)
    check.equal(states(vm, region), {}, "a fresh region has no extents")
    destroy_region(vm, region)


def test_destroy_with_extent_and_dax(vm, check):
    region = create_region(vm)
    add_tagged(vm, region, [HIGH], TAG)
    create_dax(vm, region, f"--uuid {TAG}")
    vm.guest_ok(f"cxl destroy-region -f {region}")
    wait_released(vm)
    check.equal(dax_devices(vm), {}, "the device is gone with its region")
    region = create_region(vm)
    check.equal(states(vm, region), {}, "a fresh region has no extents")
    destroy_region(vm, region)


def test_dax_device_ops(vm, check):
    region = create_region(vm)
    add_tagged(vm, region, [HIGH], TAG)
    check.that(refused(vm, f"daxctl create-device {region} --uuid 0", ""),
               "no untagged capacity: fails")
    check.that(refused(vm, f"daxctl create-device {region}", ""),
               "a plain create fails")
    dax = create_dax(vm, region, f"--uuid {TAG}")
    for size in (16 * MIB, 128 * MIB):
        check.that(refused(vm, "echo %d > /sys/bus/dax/devices/%s/size" %
                           (size, dax), "not supported"),
                   f"a resize to {size >> 20} MiB fails")
    check.that(refused(vm, f"echo {OTHER} > /sys/bus/dax/devices/{dax}/uuid",
                       "busy"), "so does a second claim")
    destroy_dax(vm, dax)
    again = create_dax(vm, region, f"--uuid {TAG}")
    check.equal(dax_devices(vm)[again]["size"], 64 * MIB,
                "destroying it frees the tag for a new claim")
    destroy_dax(vm, again)
    release_all(vm, region)
    destroy_region(vm, region)


def test_reject_overlapping(vm, check):
    region = create_region(vm)
    add(vm, region, [LOW])
    with Hostile(vm) as bad:
        answers = bad.exchange(record(LOW[0] + 32 * MIB, 64 * MIB))
        check.equal(answers, [("add", [])], "a straddling extent is ignored")
        inside = (LOW[0] + 32 * MIB, 16 * MIB)
        answers = bad.exchange(record(*inside))
        check.equal(answers, [("add", [inside])],
                    "one inside an accepted extent is a duplicate")
    check.equal(states(vm, region), {LOW: "accepted"}, "nothing has changed")
    release_all(vm, region)
    destroy_region(vm, region)


def test_two_regions(vm, check):
    first = create_region(vm, extra="-s 1G")
    second = create_region(vm, extra="-s 1G")
    add(vm, second, [(1024 * MIB + 64 * MIB, 64 * MIB)])
    check.equal((states(vm, first), states(vm, second)),
                ({}, {(64 * MIB, 64 * MIB): "accepted"}),
                "an extent comes to the region it lies in")
    add(vm, first, [(64 * MIB, 64 * MIB)])
    vm.qmp.events.clear()
    request(vm, ADD, [(992 * MIB, 64 * MIB)])
    vm.qmp.wait_event("CXL_DYNAMIC_CAPACITY_REJECTED")
    check.that("reaches beyond" in vm.guest_ok("dmesg | tail -5"),
               "one over the border is refused")
    dax = create_dax(vm, second)
    test = vm.guest(f"memtest 64 /dev/{dax} 3", 300)
    check.that(test.status == 0, "the second region is usable", test.text)
    destroy_dax(vm, dax)
    vm.guest_ok(f"cxl release-extent {first} --all; "
                f"cxl release-extent {second} --all")
    wait_released(vm)
    destroy_region(vm, second)
    destroy_region(vm, first)


def test_more_bit(vm, check):
    region = create_region(vm)
    with Hostile(vm) as bad:
        bad.set("pretend", 1)
        bad.inject(record(*LOW, TAG, more=True))
        poll(lambda: vm.guest_ok("cat /sys/kernel/debug/cxl_dcd_inject/"
                                 "pending") == "0", 20, "the record is read")
        check.equal((bad.answers(), states(vm, region)), ([], {}),
                    "nothing surfaces until More is 0")
        answers = bad.exchange(record(*HIGH, TAG))
        check.equal(answers, [("add", [LOW, HIGH])], "one answer for both")
        wait_shown(vm, region, [LOW, HIGH])
        bad.set("pretend", 1)
        vm.guest_ok(f"cxl release-extent {region} --all")
        wait_shown(vm, region, [])
    destroy_region(vm, region)


def test_driver_reload(vm, check):
    region = create_region(vm)
    add(vm, region, [LOW])
    vm.guest_ok("modprobe -r cxl_dcd")
    check.equal(vm.guest("ls -d /sys/bus/cxl/devices/dax_region*").out, "",
                "without the driver there are no extents")
    request(vm, ADD, [HIGH])
    vm.guest_ok("modprobe cxl_dcd")
    wait_shown(vm, region, [LOW, HIGH])
    check.equal(set(states(vm, region)), {LOW, HIGH},
                "the old one and what was offered meanwhile")
    release_all(vm, region)
    destroy_region(vm, region)


def test_event_reporting(vm, check):
    region = create_region(vm)
    trace = "/sys/kernel/tracing"
    vm.guest_ok(f"echo > {trace}/trace; echo 1 > "
                f"{trace}/events/cxl/cxl_dynamic_capacity/enable")
    add(vm, region, [LOW])
    request(vm, RELEASE, [LOW])
    wait_released(vm)
    lines = vm.guest_ok(f"grep -c cxl_dynamic_capacity: {trace}/trace")
    check.equal(int(lines), 2, "two events for an add and a release")
    vm.guest_ok(f"echo 0 > {trace}/events/cxl/cxl_dynamic_capacity/enable")
    destroy_region(vm, region)


def test_mapped_by_name(vm, check):
    """As famfs does: several processes map one device and see one file,
    which here begins in one extent and ends in another."""
    region = create_region(vm, "dc1")
    add_tagged(vm, region, [HIGH, LOW], TAG, dc=1)
    path = "/dev/" + create_dax(vm, region, f"--uuid {TAG}")
    count = 128 * MIB // (64 * 1024)
    with Agent(vm) as writer, Agent(vm) as reader:
        writer.ask("map", 0, path, 128 * MIB)
        reader.ask("map", 0, path, 128 * MIB)
        writer.ask("put", 0, 8, 64 * 1024, count, 1000)
        check.equal(reader.ask("get", 0, 8, 64 * 1024, count, 1000, 1), "",
                    "another process reads what one has written")
        reader.ask("put", 0, 64 * MIB, 8, 1, 77)
        check.equal(writer.ask("get", 0, 64 * MIB, 8, 1, 77, 1), "",
                    "and the other way round, in the second extent")
        reader.ask("map", 1, path, 64 * MIB, 64 * MIB)
        check.equal(reader.ask("get", 1, 0, 8, 1, 77, 1), "",
                    "a file that begins there is mapped by its offset")
    destroy_dax(vm, path.split("/")[-1])
    release_all(vm, region)
    destroy_region(vm, region)
