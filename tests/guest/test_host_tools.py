# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands for dynamic capacity that ndctl itself does not have."""

import json
import time

from steps import (ADD, MIB, RELEASE, add, all_online, create_dax,
                   create_region, dax_devices, destroy_dax, destroy_region,
                   memdev, release, request, shown, wait_available)
from vm import poll

TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
OTHER = "11111111-2222-4333-8444-555555555555"
PART = [(0, 256 * MIB)]
#> [dynamic-capacity]
#> mode = system-ram
#> release = system-ram
#> #tagged = off
#> #movable = true


def test_names(vm, check):
    """Every name of the first partition makes the same region."""
    types = set()
    for kind in ("dc", "dc0", "dynamic_ram_a", "dynamic_ram_1", "dynamic_ram"):
        out = vm.guest_ok(f"cxl create-region -m -d decoder0.0 -t {kind} "
                          f"-s 256M -w 1 {memdev(vm)} 2> /dev/null")
        region = json.loads(out)
        types.add(region["type"])
        check.equal(region["size"], 256 * MIB, f"{kind}: size as asked for")
        destroy_region(vm, region["region"])
    check.equal(len(types), 1, f"all of them are one partition: {types}")
    decoder = vm.guest_ok("cxl list -D -d decoder0.0")
    check.that(f'"{types.pop()}_capable":true' in decoder,
               "the root decoder shows that it can do it", decoder)


def test_refused_regions(vm, check):
    for extra, word in (("-s 100M", "multiple"), ("-s 1T", "needs"),
                        ("-U " + TAG, "UUID"), ("-w 2", "memdevs")):
        bad = vm.guest("cxl create-region -t dc0 -d decoder0.0 "
                       f"-m {memdev(vm)} {extra}")
        check.that(bad.status == 1 and word in bad.text,
                   f"create-region {extra} is refused and says why", bad.text)
    taken = vm.guest_ok("cat /sys/bus/cxl/devices/decoder2.0/dpa_size")
    check.equal(int(taken, 16), 0, "no device addresses stay taken")


def test_verbose(vm, check):
    """-v has the library tell what it tries."""
    for command in ("cxl release-extent %s region77 --all",
                    "cxl wait-extent %s region77 --timeout 0",
                    "daxctl online-capacity %s -m devdax",
                    "daxctl offline-capacity %s --release system-ram",
                    "timeout 2 daxctl watch-capacity %s"):
        quiet, loud = (vm.guest(command % v).text for v in ("", "-v"))
        check.that("lib" not in quiet and "lib" in loud, command % "-v",
                   f"{quiet}\nwith -v:\n{loud}")


def test_wait_extent(vm, check):
    region = create_region(vm)
    began = time.monotonic()
    late = vm.guest(f"cxl wait-extent {region} --timeout 1")
    check.equal(late.status, 2, "wait-extent says by status 2 that it waited")
    check.that(time.monotonic() - began >= 1, "as long as it was told to")
    add(vm, region, PART)
    done = vm.guest(f"cxl wait-extent {region} --size 256M --timeout 0")
    check.equal(done.status, 0, "capacity that is there is found at once")
    check.equal(json.loads(done.out)["extents"][0]["length"], 256 * MIB,
                "and shown")
    more = vm.guest(f"cxl wait-extent {region} --size 257M --timeout 0")
    check.equal(more.status, 2, "less than asked for is not enough")
    other = vm.guest(f"cxl wait-extent {region} --uuid {TAG} --timeout 0")
    check.equal(other.status, 2, "untagged capacity is not that of a tag")
    for bad in ("region77", f"{region} --size 1x", f"{region} --timeout -1",
                f"{region} --uuid xyz", f"{region} --gone --size 1G"):
        refused = vm.guest(f"cxl wait-extent {bad}")
        check.that(refused.status == 1 and refused.err,
                   f"wait-extent {bad}: status 1", refused.text)
    request(vm, RELEASE, PART)
    gone = vm.guest(f"cxl wait-extent {region} --gone --timeout 20")
    check.equal(gone.status, 0, "wait-extent --gone")
    late = vm.guest(f"cxl wait-extent {region} --timeout 30 & waits=$!; "
                    f"sleep 1; cxl disable-region {region}; "
                    f"cxl destroy-region {region}; wait $waits")
    check.that(late.status == 1 and "is gone" in late.text,
               "a region that goes meanwhile is no reason to wait", late.text)


def test_release_extent(vm, check):
    region = create_region(vm)
    add(vm, region, [(0, 128 * MIB), (512 * MIB, 128 * MIB)])
    dax = create_dax(vm, region, "-s 128M")
    busy = vm.guest(f"cxl release-extent {region} --offset 0")
    check.that(busy.status == 1 and "busy" in busy.text,
               "an extent in use is not released", busy.text)
    none = vm.guest(f"cxl release-extent {region} --offset 1G")
    check.that(none.status == 1, "nor one that is not there", none.text)
    free = vm.guest(f"cxl release-extent {region} --offset 512M")
    check.equal(free.status, 0, "a free one is")
    check.equal({e[:3] for e in vm.extents()}, {(0, 0, 128 * MIB)},
                "the device has that one back, and no other")
    destroy_dax(vm, dax)
    rest = vm.guest(f"cxl release-extent {region} --all")
    check.equal(rest.status, 0, "release-extent --all")
    check.equal(vm.extents(), set(), "the device has everything back")
    destroy_region(vm, region)


def test_release_tag(vm, check):
    region = create_region(vm)
    request(vm, ADD, [(0, 64 * MIB), (256 * MIB, 64 * MIB)], tag=TAG)
    vm.guest_ok(f"cxl wait-extent {region} --size 128M --timeout 20")
    extra = vm.guest(f"cxl release-extent {region} --all too")
    check.equal(extra.status, 129, "an extra word is wrong usage")
    done = vm.guest(f"cxl release-extent {region} --uuid {TAG}")
    check.that(done.status == 0 and "released 2 extents" in done.text,
               "both extents of a tag are counted", done.text)
    check.equal(vm.extents(), set(), "and gone")
    destroy_region(vm, region)


def test_tags(vm, check):
    """A tag is claimed as one device; untagged capacity stays beside it."""
    region = create_region(vm)
    parts = [(0, 64 * MIB), (256 * MIB, 128 * MIB)]
    request(vm, ADD, parts, tag=TAG)
    vm.guest_ok(f"cxl wait-extent {region} --uuid {TAG} --size 192M "
                "--timeout 20")
    add(vm, region, [(1024 * MIB, 64 * MIB)])
    check.equal({t for _, _, t in shown(vm, region)},
                {TAG, "00000000-0000-0000-0000-000000000000"},
                "cxl list shows the tags")
    wrong = vm.guest(f"daxctl create-device {region} --uuid {OTHER}")
    check.that(wrong.status != 0 and "No such file" in wrong.text,
               "a tag that is not there", wrong.text)
    both = vm.guest(f"daxctl create-device {region} --uuid {TAG} -s 64M")
    check.that(both.status != 0, "a tag and a size", both.text)
    check.equal(dax_devices(vm), {}, "neither made a device")
    dax = create_dax(vm, region, f"--uuid {TAG}")
    listed = dax_devices(vm)[dax]
    check.equal((listed["size"], listed["uuid"]), (192 * MIB, TAG),
                "the tag's device has all of it, and daxctl list says whose")
    again = vm.guest(f"daxctl create-device {region} --uuid {TAG}")
    check.that(again.status != 0, "it cannot be claimed twice", again.text)
    resize = vm.guest(f"daxctl reconfigure-device {dax} -s 64M")
    check.that(resize.status != 0 and "tag" in resize.text,
               "nor resized", resize.text)
    plain = create_dax(vm, region)
    check.equal(dax_devices(vm)[plain]["size"], 64 * MIB,
                "the untagged capacity is a device of its own")
    destroy_dax(vm, plain)
    destroy_dax(vm, dax)
    request(vm, RELEASE, parts, tag=TAG)
    release(vm, [(1024 * MIB, 64 * MIB)])
    vm.guest_ok(f"cxl wait-extent {region} --gone --timeout 20")
    destroy_region(vm, region)


def test_together(vm, check):
    """Two who make devices at the same time do not take each other's."""
    region = create_region(vm)
    request(vm, ADD, [(0, 64 * MIB)], tag=TAG)
    request(vm, ADD, [(256 * MIB, 128 * MIB)], tag=OTHER)
    vm.guest_ok(f"cxl wait-extent {region} --size 192M --timeout 20")
    for _ in range(3):
        both = vm.guest(f"daxctl create-device {region} --uuid {TAG} & one=$!;"
                        f" daxctl create-device --uuid {OTHER} & two=$!; "
                        "wait $one && wait $two")
        check.that(both.status == 0, "both have theirs", both.text)
        check.equal(sorted((d["size"], d["uuid"])
                           for d in dax_devices(vm).values()),
                    [(64 * MIB, TAG), (128 * MIB, OTHER)],
                    "each its own, and no device is left over")
        vm.guest_ok("daxctl destroy-device -f all")
    none = vm.guest("daxctl create-device --uuid "
                    "99999999-2222-4333-8444-555555555555")
    check.that(none.status != 0 and "no region has" in none.text and
               "No such file" in none.text, "a tag that no region has",
               none.text)
    vm.guest_ok(f"cxl release-extent {region} --all")
    empty = vm.guest(f"daxctl create-device {region} --uuid {TAG}")
    check.that(empty.status != 0 and "No such file" in empty.text,
               "nor one that has nothing at all", empty.text)
    destroy_region(vm, region)


def test_bad_sizes(vm, check):
    """What is no size takes nothing."""
    region = create_region(vm)
    add(vm, region, PART)
    for bad in ("-s 1X", "-s -5", "-s -1", "-s junk", "-s 16777217T", "-a 2Q",
                f"--uuid {TAG} -s junk", f"--uuid {TAG} --input /dev/null"):
        refused = vm.guest(f"daxctl create-device {region} {bad}")
        check.that(refused.status == 1 and refused.err,
                   f"create-device {bad} is refused", refused.text)
    check.equal(dax_devices(vm), {}, "no device was made")
    for bad in ("--size 99999999999999999999", "--size 0", "--size ' -5'",
                "--size 1M and more"):
        refused = vm.guest(f"cxl wait-extent {region} {bad} --timeout 9")
        check.that(refused.status in (1, 129) and refused.err,
                   f"wait-extent {bad} is refused", refused.text)
    release(vm, PART)
    destroy_region(vm, region)


def test_policy(vm, check):
    """Capacity becomes memory and goes again, as a policy says."""
    policy = "/sys/devices/system/memory/auto_online_blocks"
    before = vm.guest_ok(f"cat {policy}")
    region = create_region(vm)
    add(vm, region, PART)
    off = vm.guest("daxctl online-capacity --mode off")
    check.equal((off.status, dax_devices(vm)), (0, {}), "off does nothing")
    vm.guest_ok("daxctl online-capacity --mode devdax")
    (plain,) = dax_devices(vm).values()
    check.equal((plain["mode"], plain["size"]), ("devdax", 256 * MIB),
                "devdax makes a device of it")
    destroy_dax(vm, plain["chardev"])
    bad = vm.guest("daxctl online-capacity --mode always")
    check.that(bad.status == 1 and "system-ram" in bad.text,
               "a policy that is none is refused", bad.text)
    vm.guest_ok("daxctl online-capacity --mode system-ram")
    devices = list(dax_devices(vm).values())
    check.equal([(d["mode"], d["movable"], d["size"]) for d in devices],
                [("system-ram", True, 256 * MIB)], "all of it is memory")
    check.equal(vm.guest_ok(f"cat {policy}"), before,
                "the kernel's own policy is what it was")
    node = devices[0]["target_node"]
    size = vm.guest_ok(f"numactl -H | grep 'node {node} size'")
    check.that(" 256 MB" in size, f"node {node} has it", size)
    request(vm, RELEASE, PART)
    poll(lambda: '"releasing"' in vm.guest_ok(f"cxl list -r {region} -N"), 20,
         "the extent is wanted back")
    check.that('"state":"releasing"' in vm.guest_ok("daxctl list -R -N"),
               "daxctl list shows that, too")
    vm.guest_ok("daxctl offline-capacity --release off")
    check.equal(len(dax_devices(vm)), 1, "off leaves it alone")
    vm.guest_ok("daxctl offline-capacity --release system-ram")
    check.equal(dax_devices(vm), {}, "system-ram lets go of it")
    vm.guest_ok(f"cxl wait-extent {region} --gone --timeout 20")
    check.equal(vm.extents(), set(), "and the device has it back")
    destroy_region(vm, region)


def test_by_itself(vm, check):
    """The service does it when capacity comes and is asked for."""
    conf = "/etc/daxctl.conf.d/dynamic-capacity.conf"
    settings = ("cat /sys/devices/system/memory/auto_online_blocks "
                "/sys/kernel/rcu_expedited")
    before = vm.guest_ok(settings)
    vm.guest_ok("systemctl stop daxctl-capacity")
    region = create_region(vm)
    poll(lambda: vm.guest("systemctl is-active daxctl-capacity").status == 0,
         20, "udev starts the service for a region")
    add(vm, region, PART)
    vm.guest_ok(f"cp {conf} /tmp/conf; printf '[dynamic-capacity]\\n"
                f"mode = system-ram\\nrelease = system-ram\\n' > {conf}")
    try:
        check.equal(dax_devices(vm), {}, "off, as shipped: nothing was done")
        vm.guest_ok("systemctl restart daxctl-capacity")
        poll(lambda: all_online(vm), 20, "what is there is used at the start")
        for _ in range(3):
            request(vm, RELEASE, PART)
            poll(lambda: not vm.extents(), 30, "the device has it back")
            check.equal(dax_devices(vm), {}, "no device is left")
            request(vm, ADD, PART)
            poll(lambda: all_online(vm), 30, "new capacity is memory")
        # They are put back after all of it is online.
        poll(lambda: vm.guest_ok(settings) == before, 20,
             "the kernel's own settings are put back")
        check.equal(vm.guest_ok(settings), before,
                    "the kernel's own settings are what they were")
        request(vm, RELEASE, PART)
        poll(lambda: not vm.extents(), 30, "the device has it back")
    finally:
        vm.guest_ok(f"mv /tmp/conf {conf}")
    destroy_region(vm, region)


def test_halves(vm, check):
    """A tag that cannot be memory does not keep the rest from being it."""
    region = create_region(vm)
    add(vm, region, PART)
    request(vm, ADD, [(512 * MIB, 64 * MIB)], tag=TAG)
    vm.guest_ok(f"cxl wait-extent {region} --uuid {TAG} --timeout 20")
    done = vm.guest("daxctl online-capacity --mode system-ram "
                    "--tagged system-ram")
    check.that(done.status == 1 and "blocks of 128 MiB" in done.text,
               "64 MiB are no memory block, and it is said", done.text)
    check.equal([(d["mode"], d["size"]) for d in dax_devices(vm).values()],
                [("system-ram", 256 * MIB)], "the untagged part is memory")
    vm.guest_ok("daxctl destroy-device -f all; "
                f"cxl release-extent {region} --all")
    poll(lambda: not vm.extents(), 20, "the device has everything back")
    destroy_region(vm, region)


def by_policy(vm, text):
    """The service, with a policy of its own beside the one that is shipped."""
    vm.guest_ok(f"printf '[dynamic-capacity]\\n{text}' > "
                "/etc/daxctl.conf.d/test.conf; "
                "systemctl restart daxctl-capacity")


def test_many_restarts(vm, check):
    """Who tries one policy after the other is not locked out."""
    for _ in range(8):
        done = vm.guest("systemctl restart daxctl-capacity")
        check.must(done.status == 0, "the service starts again", done.text)
    running = "systemctl is-active daxctl-capacity"
    time.sleep(1)
    check.equal(vm.guest(running).out.strip(), "active", "and stays")
    vm.guest_ok("systemctl kill -s KILL daxctl-capacity")
    time.sleep(1)
    state = vm.guest(running).out.strip()
    check.that(state in ("deactivating", "activating"),
               "one that fails is not started again at once", state)
    poll(lambda: vm.guest(running).status == 0, 20, "but soon")


def test_all_of_it_killed(vm, check):
    """What the service had replaced for a moment is put back though none of its
    processes lives to do it."""
    policy = "/sys/devices/system/memory/auto_online_blocks"
    note = "/run/daxctl-dynamic-capacity"
    before = vm.guest_ok(f"cat {policy}")
    other = "online" if before != "online" else "offline"
    vm.guest_ok("systemctl restart daxctl-capacity")
    # As it stands while memory is added: test-hold.c of tests/ndctl
    vm.guest_ok(f"echo {before} - > {note}; echo {other} > {policy}")
    vm.guest_ok("systemctl kill -s KILL --kill-whom=all daxctl-capacity")
    poll(lambda: vm.guest_ok(f"cat {policy}") == before, 20,
         "the kernel's policy is what it was")
    check.that(vm.guest(f"test -e {note}").status != 0, "it is put back once")
    poll(lambda: vm.guest("systemctl is-active daxctl-capacity").status == 0,
         20, "the service is there again")


def test_rest_comes_back(vm, check):
    """One extent of a device is wanted back: the others are used again."""
    parts = [(i * 512 * MIB, 128 * MIB) for i in range(3)]
    region = create_region(vm)
    add(vm, region, parts)
    try:
        by_policy(vm, "mode = system-ram\\nrelease = system-ram\\n")
        poll(lambda: all_online(vm, 384 * MIB), 20, "all of it is memory")
        request(vm, RELEASE, parts[1:2])
        poll(lambda: len(vm.extents()) == 2, 30, "the device has one back")
        poll(lambda: all_online(vm, 256 * MIB), 20,
             "the others are memory again")
        vm.guest_ok("rm /etc/daxctl.conf.d/test.conf; "
                    "systemctl restart daxctl-capacity")
        request(vm, RELEASE, parts[:1])
        poll(lambda: '"releasing"' in vm.guest_ok(f"cxl list -r {region} -N"),
             20, "one more is wanted back")
        done = vm.guest("daxctl offline-capacity --release system-ram")
        check.that(done.status == 0 and dax_devices(vm) == {},
                   "by hand, and no policy for the rest", done.text)
    finally:
        vm.guest("rm -f /etc/daxctl.conf.d/test.conf; "
                 "systemctl restart daxctl-capacity")
    release(vm, parts[2:])
    destroy_region(vm, region)


def test_tries_again(vm, check):
    """Memory that does not go offline at once goes later."""
    region = create_region(vm)
    add(vm, region, PART)
    mount = "/sys/devices/system/memory/memory$nr/state"
    try:
        by_policy(vm, "mode = system-ram\\nrelease = system-ram\\n")
        poll(lambda: all_online(vm), 20, "it is memory")
        (dax,) = dax_devices(vm).values()
        node = f"/sys/devices/system/node/node{dax['target_node']}"
        states = f"cat {node}/memory[0-9]*/state"
        check.equal(vm.guest_ok(states).split(), ["online"] * 2,
                    "in two blocks")
        # The second block's file cannot be written to.
        vm.guest_ok(f"nr=$(ls -d {node}/memory[0-9]* | tail -1 | "
                    "sed 's/.*memory//'); echo $nr > /tmp/nr; "
                    f"mount --bind {mount} {mount} && "
                    f"mount -o remount,bind,ro {mount}")
        since = vm.guest_ok("date +%s")
        request(vm, RELEASE, PART)
        poll(lambda: "does not go offline" in vm.guest_ok(
            f"journalctl -b -u daxctl-capacity --since @{since}"), 20,
            "it fails, and says so")
        # It may be about to try again just now.
        poll(lambda: vm.guest_ok(states).split() == ["online"] * 2, 20,
             "no block stays offline")
        check.equal(len(dax_devices(vm)), 1, "the device is still there")
        vm.guest_ok(f"nr=$(cat /tmp/nr); umount {mount}")
        poll(lambda: not vm.extents(), 30, "the device has it back after all")
    finally:
        vm.guest(f"nr=$(cat /tmp/nr); umount {mount}; "
                 "rm -f /etc/daxctl.conf.d/test.conf; "
                 "systemctl restart daxctl-capacity")
    destroy_region(vm, region)


def test_forced_destroy(vm, check):
    """Memory is taken offline before its device goes."""
    region = create_region(vm)
    add(vm, region, PART)
    dax = create_dax(vm, region)
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
    refused = vm.guest(f"daxctl destroy-device {dax}")
    check.that(refused.status != 0 and "--force" in refused.text,
               "destroy-device without --force is refused", refused.text)
    vm.guest_ok(f"daxctl destroy-device -f {dax}")
    log = vm.guest_ok("dmesg")
    check.that("cannot be hotremoved" not in log, "no memory is left behind")
    missing = vm.guest(f"daxctl reconfigure-device -m devdax {dax}")
    check.that(missing.status != 0 and dax in missing.text,
               "a device that is not there is named", missing.text)
    wait_available(vm, region, 256 * MIB)
    release(vm, PART)
    destroy_region(vm, region)


def test_destroyed_together(vm, check):
    """Two devices on one node go at the same time, their memory first."""
    region = create_region(vm)
    add(vm, region, PART)
    for _ in range(2):
        names = [create_dax(vm, region, "-s 128M") for _ in range(2)]
        for dax in names:
            vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}")
        both = vm.guest("; ".join(
            f"daxctl destroy-device -f {dax} & p{i}=$!"
            for i, dax in enumerate(names)) +
            "; wait $p0 && wait $p1")
        check.that(both.status == 0, "both are destroyed", both.text)
        check.equal(dax_devices(vm), {}, "and gone")
    log = vm.guest_ok("dmesg")
    check.that("cannot be hotremoved" not in log, "no memory is left behind")
    wait_available(vm, region, 256 * MIB)
    release(vm, PART)
    destroy_region(vm, region)


def test_monitor(vm, check):
    region = create_region(vm)
    vm.guest_ok("setsid cxl monitor > /tmp/monitor 2>&1 < /dev/null & "
                "echo $! > /tmp/monitor.pid")
    poll(lambda: vm.guest("test -d /sys/kernel/tracing/instances/cxl_monitor"
                          ).status == 0, 20, "cxl monitor has begun")
    poll(lambda: vm.guest("grep -q 1 /sys/kernel/tracing/instances/"
                          "cxl_monitor/events/cxl/cxl_dynamic_capacity/"
                          "enable").status == 0, 20,
         "and takes our events")
    add(vm, region, PART)
    line = poll(lambda: vm.guest("grep '\"add capacity\"' /tmp/monitor").out,
                60, "cxl monitor prints an event")
    event = json.loads(line.splitlines()[-1])
    check.equal((event["event_type"], event["uuid"]),
                ("add capacity", "00000000-0000-0000-0000-000000000000"),
                "the event is readable")
    release(vm, PART)
    destroy_region(vm, region)
    # The module goes and comes back under the monitor.
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    poll(lambda: vm.guest("grep -q 1 /sys/kernel/tracing/instances/"
                          "cxl_monitor/events/cxl/cxl_dynamic_capacity/"
                          "enable").status == 0, 20,
         "the module's events are enabled again")
    region = create_region(vm)
    add(vm, region, PART)
    before = len(line.splitlines())
    poll(lambda: len(vm.guest("grep '\"add capacity\"' /tmp/monitor")
                     .out.splitlines()) > before, 60, "and printed")
    vm.guest("kill $(cat /tmp/monitor.pid)")
    release(vm, PART)
    destroy_region(vm, region)
