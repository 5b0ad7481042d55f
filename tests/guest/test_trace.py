# SPDX-License-Identifier: GPL-2.0-or-later
"""The trace event of dynamic capacity, as programs of the DCD series take it."""

import re

from steps import (ADD, MIB, RELEASE, create_region, destroy_region, memdev,
                   request, wait_released, wait_shown)
from vm import poll

TRACING = "/sys/kernel/tracing"
EVENT = "cxl_dynamic_capacity"
INSTANCE = f"{TRACING}/instances/test"
PART = (64 * MIB, 128 * MIB)
TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
# What the series has, with the header that all events of the core have: bytes
FIELDS = {"log": 4, "hdr_uuid": 16, "serial": 8, "hdr_flags": 4,
          "hdr_handle": 2, "hdr_related_handle": 2, "hdr_timestamp": 8,
          "hdr_length": 1, "hdr_maint_op_class": 1, "event_type": 1,
          "hostid": 2, "updated_region_index": 1, "dpa_start": 8, "length": 8,
          "uuid": 16, "sh_extent_seq": 2}


def traced(vm):
    """Lines of our event in the instance."""
    return [line for line in vm.guest_ok(f"cat {INSTANCE}/trace").splitlines()
            if f" {EVENT}: " in line]


def test_format(vm, check):
    """Programs find fields by their names."""
    text = vm.guest_ok(f"cat {TRACING}/events/cxl/{EVENT}/format")
    have = {name: int(size) for name, size in re.findall(
        r"field:\w[\w ]* (\w+)(?:\[\d+\])?;\s+offset:\d+;\s+size:(\d+)", text)}
    check.equal({name: have.get(name) for name in FIELDS}, FIELDS,
                "the series' fields are there, of their sizes")
    check.that("__data_loc char[] memdev" in text and
               "__data_loc char[] host" in text, "so is whose it is", text)
    # libtraceevent knows no names of C for numbers.
    check.that("CXL_DCD" not in text, "their values are numbers", text)


def test_system(vm, check):
    """Who listens to all of the CXL core's system hears of ours."""
    region = create_region(vm)
    name = memdev(vm)
    vm.guest_ok(f"mkdir {INSTANCE} && echo 1 > {INSTANCE}/events/cxl/enable")
    try:
        request(vm, ADD, [PART], tag=TAG)
        wait_shown(vm, region, [PART])
        request(vm, RELEASE, [PART], tag=TAG)
        wait_released(vm)
        lines = poll(lambda: len(traced(vm)) > 1 and traced(vm), 20,
                     "the events are traced")
        base = int(vm.guest_ok(
            "cat /sys/bus/cxl/devices/decoder2.0/dpa_resource"), 16)
        what = (f"starting_dpa={base + PART[0]:x} length={PART[1]:x} tag={TAG} "
                "shared_extent_sequence=0")
        check.that(
            all(kind in line and f"memdev={name} " in line and what in line
                for kind, line in zip(("'Add capacity'", "'Release capacity'"),
                                      lines)),
            "an add and a release, each with what it is about", "\n".join(lines))
        check.equal(len(lines), 2, "and no more")
        vm.guest_ok("modprobe -r cxl_dcd")
        left = vm.guest_ok(f"ls {INSTANCE}/events/cxl").split()
        check.that("cxl_general_media" in left and EVENT not in left,
                   "without the module the core's own stay", left)
        vm.guest_ok(f"modprobe cxl_dcd && echo 1 > {INSTANCE}/events/cxl/enable")
        request(vm, ADD, [PART])
        wait_shown(vm, region, [PART])
        poll(lambda: traced(vm), 20, "the next load's events are traced")
    finally:
        vm.guest(f"echo 0 > {INSTANCE}/events/cxl/enable; rmdir {INSTANCE}")
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)
