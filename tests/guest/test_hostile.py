# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that lies: no crash, no leak, a clear refusal, and life goes on."""

import struct

from hostile import (LIE_ERROR, LIE_EVENT_COUNT, LIE_EVENT_SHORT,
                     LIE_GENERATION, LIE_NONE, LIE_NOTHING, LIE_RETURNED,
                     LIE_SHORT, LIE_TOTAL, TYPE_FORCED, TYPE_RELEASE, Hostile,
                     record)
from steps import (MIB, add, create_region, destroy_region, states,
                   wait_released, wait_shown)
from vm import poll

BOOT = "suite"
TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
OTHER = "11111111-2222-4333-8444-555555555555"
PART = (128 * MIB, 64 * MIB)
REGION = 2048 * MIB             # size of the first DC region
TOP = 1 << 64

# (name, records, what the log says)
REFUSED = [
    ("length 0", [record(0, 0)], "length is 0"),
    ("wraps", [record(TOP - 2 * MIB, 4 * MIB)], "wraps"),
    ("gigantic", [record(0, TOP - 2 * MIB)], "not inside one"),
    ("as large as can be", [record(2 * MIB, TOP - 1)], "wraps"),
    ("outside of all", [record(1 << 50, 2 * MIB)], "not inside one"),
    ("over the border of two", [record(REGION - 2 * MIB, 4 * MIB)],
     "not inside one"),
    ("no region is over it", [record(REGION, 2 * MIB, TAG)], "create one"),
    ("not a block", [record(2 * MIB + 4096, 2 * MIB)], "block size"),
    ("part of a huge page", [record(64 << 10, 2 * MIB)], "2 MiB"),
    ("twice in one offer", [record(0, 4 * MIB, more=True),
                            record(2 * MIB, 4 * MIB)], "same offer"),
    ("a sequence where there is none", [record(0, 2 * MIB, TAG, seq=7)],
     "not shareable"),
    ("one bad member of a tag", [record(0, 2 * MIB, TAG, more=True),
                                 record(8 * MIB + 4096, 2 * MIB, TAG)],
     "block size"),
    ("a tag over two DC regions", [record(0, 2 * MIB, TAG, more=True),
                                   record(REGION, 2 * MIB, TAG)],
     "create one"),
]


def test_offers(vm, check):
    region = create_region(vm)
    add(vm, region, [PART])
    with Hostile(vm) as bad:
        for name, records, word in REFUSED:
            answers = bad.exchange(*records)
            check.equal(answers, [("add", [])], f"{name}: empty answer")
            check.that(word in vm.guest_ok("dmesg | grep cxl | tail -1"),
                       f"{name}: one line says why",
                       vm.guest_ok("dmesg | tail -2"))
        good = (512 * MIB, 2 * MIB)
        answers = bad.exchange(record(0, 0, more=True),
                               record(*good, OTHER, more=True),
                               record(TOP - 4096, 4096, TAG))
        check.equal(answers, [("add", [good])],
                    "what is good among the bad is taken")
        bad.set("pretend", 1)
        vm.guest_ok(f"cxl release-extent {region} --uuid {OTHER}")
    check.equal(states(vm, region), {PART: "accepted"},
                "what was there is untouched")
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_chains(vm, check):
    region = create_region(vm)
    params = "/sys/module/cxl_dcd/parameters"
    with Hostile(vm) as bad:
        few = [(i * 4 * MIB, 2 * MIB) for i in range(500)]
        wild = [record(*part, more=True) for part in few]
        wild += [record(1 << 50, i * MIB, more=True) for i in range(9499)]
        bad.forget()
        bad.set("pretend", 1)
        bad.inject(*wild, record(0, 0))
        wait_shown(vm, region, few, 60)
        taken = [span for word, spans in bad.answers() for span in spans
                 if word == "add"]
        check.equal(taken, few, "500 of an offer of 10000 records are taken")
        vm.guest_ok(f"cxl release-extent {region} --all")
        wait_shown(vm, region, [], 60)

        vm.guest_ok(f"echo 100 > {params}/max_chain")
        answers = bad.exchange(*[record(0, 2 * MIB, more=True)] * 3000,
                               record(0, 2 * MIB))
        check.equal(answers, [("add", [])], "an endless offer is refused")
        check.that("max_chain" in vm.guest_ok("dmesg | tail -5"),
                   "the log says by which limit")
        vm.guest_ok(f"echo 16384 > {params}/max_chain; "
                    f"echo 1 > {params}/chain_timeout")
        answers = bad.exchange(record(0, 2 * MIB, more=True))
        check.equal(answers, [("add", [])], "an offer without an end, too")
        vm.guest_ok(f"echo 20 > {params}/chain_timeout")
        # The first and the last are the ends that were still to come.
        answers = bad.exchange(record(0, 2 * MIB),
                               record(0, 2 * MIB, more=True),
                               record(PART[0], 2 * MIB, kind=TYPE_RELEASE),
                               record(0, 2 * MIB), count=2)
        check.equal(answers, [("add", []), ("release", [(PART[0], 2 * MIB)])],
                    "an offer that another record cuts off, too")
    check.equal(states(vm, region), {}, "nothing of all that stays")
    destroy_region(vm, region)


def test_records(vm, check):
    """Records of other kinds, and requests for what makes no sense."""
    region = create_region(vm)
    add(vm, region, [PART])
    with Hostile(vm) as bad:
        bad.set("pretend", 1)
        bad.inject(*[record(0, 2 * MIB, kind=k) for k in (3, 4, 5, 77, 255)],
                   record(*PART, uuid=bytes(16)),
                   *[record(start, length, kind=k) for k in
                     (TYPE_RELEASE, TYPE_FORCED) for start, length in
                     ((0, 0), (TOP - 1, 1), (TOP - 1, TOP - 1), (1 << 50, 1),
                      (0, 4096))])
        poll(lambda: vm.guest_ok("cat /sys/kernel/debug/cxl_dcd_inject/"
                                 "pending") == "0", 20, "all of it is read")
        check.equal(states(vm, region), {PART: "accepted"},
                    "none of it does anything")
        log = vm.guest_ok("dmesg | tail -20")
        for word in ("unknown type 77", "of another kind", "makes no sense",
                     "reconfigured"):
            check.that(word in log, f"the log says '{word}'", log)
        bad.inject(record(0, TOP - 1, kind=TYPE_FORCED))
        wait_shown(vm, region, [])
        check.equal(states(vm, region), {},
                    "a forced release of everything is obeyed")
        bad.set("pretend", 0)
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    wait_shown(vm, region, [PART])
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def test_lists(vm, check):
    """Answers that contradict themselves: no extent, and no end of the host."""
    region = create_region(vm)
    add(vm, region, [PART])
    with Hostile(vm) as bad:
        for lie in (LIE_GENERATION, LIE_TOTAL, LIE_RETURNED, LIE_NOTHING,
                    LIE_SHORT, LIE_ERROR):
            vm.guest_ok("modprobe -r cxl_dcd")
            bad.set("lie", lie)
            vm.guest_ok("modprobe cxl_dcd", timeout=120)
            check.equal(states(vm, region), {},
                        f"list, lie {lie}: nothing is believed")
        for lie in (LIE_EVENT_COUNT, LIE_EVENT_SHORT, LIE_ERROR):
            bad.set("lie", lie)
            bad.inject(record(0, 2 * MIB))
            poll(lambda: "dynamic capacity log" in
                 vm.guest_ok("dmesg | tail -3"), 20, "it is said")
            check.equal(states(vm, region), {}, f"events, lie {lie}: refused")
        vm.guest_ok("modprobe -r cxl_dcd")
        bad.set("lie", LIE_NONE)
        vm.guest_ok("modprobe cxl_dcd")
        wait_shown(vm, region, [PART])
        check.equal(states(vm, region), {PART: "accepted"},
                    "with the truth, the extent is back")
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def config(regions, available=None, returned=None):
    """A 4800h answer; regions are (base, decode units, length, block)."""
    head = struct.pack("<BB6x", available or len(regions),
                       returned or len(regions))
    return head + b"".join(struct.pack("<QQQQIB3x", *r, 0, 0)
                           for r in regions) + bytes(16)


def test_configurations(vm, check):
    """A device whose regions contradict each other is left alone."""
    sane = (0, 8, REGION, 64 << 10)
    bad_configs = {
        "no region": config([]),
        "200 regions": config([sane], available=200),
        "more returned than sent": config([sane], 8, 8),
        "none returned": config([sane], 1, 0)[:1] + b"\0" + bytes(6),
        "overlap": config([sane, (256 * MIB, 4, 1024 * MIB, 2 * MIB)]),
        "wraps": config([(TOP - 256 * MIB, 2, 512 * MIB, 2 * MIB)]),
        "units wrap": config([(0, 1 << 40, 1 << 62, 2 * MIB)]),
        "block 0": config([(0, 8, REGION, 0)]),
        "block of 3 MiB": config([(0, 8, 1536 * MIB, 3 * MIB)]),
        "larger than its space": config([(0, 1, REGION, 2 * MIB)]),
        "base not aligned": config([(4096, 8, REGION, 2 * MIB)]),
        "three bytes": b"\1\1\0",
    }
    with Hostile(vm) as bad:
        for name, data in bad_configs.items():
            vm.guest_ok("modprobe -r cxl_dcd")
            bad.config(data)
            vm.guest_ok("modprobe cxl_dcd")
            there = vm.guest("ls -d /sys/bus/cxl/devices/mem0/dynamic_ram_*")
            check.equal(there.out, "", f"{name}: not used")
        vm.guest_ok("modprobe -r cxl_dcd")
        bad.config(b"")
        vm.guest_ok("modprobe cxl_dcd")
    region = create_region(vm)
    add(vm, region, [PART])
    check.equal(states(vm, region), {PART: "accepted"},
                "with the truth, all is as before")
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)
