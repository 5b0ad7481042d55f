# SPDX-License-Identifier: GPL-2.0-or-later
"""Interleaved regions against guest DRAM and against unmodified QEMU."""

import json
import os
import re
import subprocess

from steps import (ADD, MIB, create_dax, destroy_dax, memdev, wait_available,
                   wait_released)
from vm import BUILD, VM, GuestError

UNMODIFIED = os.path.join(BUILD, "qemu-unmodified", "qemu-system-x86_64")
WAYS = (2, 4, 8)
GRANULARITIES = (256, 1024, 4096, 16384)
SIZE = 256 * MIB                # of a set; each member has its part
BIG, SMALL = 128, 4             # MiB touched: native, and where it traps
# A decoder chooses by the bits 8 to 14 of an address (CXL 8.2.4.20.1)
HIGHEST = 1 << 15


def region_of(vm, ways, granularity):
    names = " ".join(memdev(vm, f"cxl-mem{i}") for i in range(ways))
    return json.loads(vm.guest_ok(
        f"cxl create-region -t dc0 -d decoder0.0 -w {ways} -g {granularity} "
        f"-m {names} 2> /dev/null"))["region"]


def give_all(vm, region, ways, each):
    for i in range(ways):
        vm.qmp.call(ADD, {"path": f"/machine/peripheral/cxl-mem{i}",
                          "host-id": 0, "selection-policy": "prescriptive",
                          "region": 0,
                          "extents": [{"offset": 0, "len": each}]})
    wait_available(vm, region, ways * each, 60)
    return create_dax(vm, region)


def against_dram(report, vm, ways, granularity, measure, better):
    """As system RAM, as the guest's DRAM is, so that pages are of one size"""
    region = region_of(vm, ways, granularity)
    dax = give_all(vm, region, ways, SIZE // ways)
    mapping = {e["mapping"] for i in range(ways)
               for e in vm.device(f"cxl-mem{i}")["extents"]}
    if mapping != {"direct"}:
        raise GuestError(f"{ways} ways by {granularity}: {mapping}")
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}", 120)
    node = vm.guest_ok(f"cat /sys/bus/dax/devices/{dax}/target_node")
    best = {}
    for where in ("0", node) * 3:           # in turn: noise hits both
        now = measure(vm, BIG, where, rounds=3, steps=20000, threads=1)
        best[where] = better(best.get(where, now), now)
    for kind in ("write", "read"):
        report.add(f"set of {ways} by {granularity}, {kind}, DC / DRAM",
                   best[node][f"{kind}-1t"], "MB/s", best["0"][f"{kind}-1t"],
                   0.9)
    vm.guest_ok(f"daxctl reconfigure-device -m devdax -f {dax}", 120)
    destroy_dax(vm, dax)
    vm.guest_ok(f"cxl release-extent {region} --all")
    for i in range(ways):
        wait_released(vm, f"cxl-mem{i}")
    vm.guest_ok(f"cxl disable-region {region} && cxl destroy-region {region}")


def against_unmodified(report, granularity, measure, better, push):
    options = ["--devices", "2", "--dc-size", "1G"]
    with VM(options) as ours, VM(options + ["--qemu", UNMODIFIED]) as old:
        machines = {}
        for vm in (ours, old):
            push(vm)
            machines[vm] = give_all(vm, region_of(vm, 2, granularity), 2,
                                    64 * MIB)
        best = {}
        for _ in range(3):
            for vm, dax in machines.items():
                # Ours in as much as does not fit into a cache
                mib = BIG if vm is ours else SMALL
                now = measure(vm, mib, f"/dev/{dax}", rounds=1, steps=20000,
                              threads=1)
                best[vm] = better(best.get(vm, now), now)
        for kind, target in (("write", 80), ("read", 45)):
            report.add(f"interleaved {kind} by {granularity} bytes, ours / "
                       "unmodified QEMU", best[ours][f"{kind}-1t"], "MB/s",
                       best[old][f"{kind}-1t"], target)


def commit(report):
    """Over 1 GiB with contents, of four devices by 256 bytes; by the device's
    registers, without a guest, so that only the device is in it"""
    tree = os.path.join(BUILD, "qemu")
    out = subprocess.run(
        [os.path.join(tree, "tests", "qtest", "cxl-dcd-layout-test"), "--tap",
         "-k", "-p", "/x86_64/cxl-dcd/layout/much"], check=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, env={
            **os.environ, "QTEST_QEMU_BINARY":
            os.path.join(tree, "qemu-system-x86_64")}).stdout
    found = re.search(r"moved in (\d+) ms.* after (\d+) us", out)
    report.add("commit of a set over 1 GiB of contents", int(found[1]), "ms",
               None, 1000, at_least=False)
    report.add("... the machine answers after, at the latest",
               int(found[2]) / 1000, "ms", None, 10, at_least=False)


def sets(report, measure, better, push):
    """measure(vm, MiB, where...) is membench's, better() takes the best"""
    print("interleave: sets of 2, 4 and 8 devices")
    commit(report)
    with VM(["--devices", "8", "--bridges", "1", "--dc-size", "512M"]) as vm:
        push(vm)
        for ways in WAYS:
            for granularity in GRANULARITIES:
                if ways * granularity <= HIGHEST:
                    against_dram(report, vm, ways, granularity, measure,
                                 better)
    for granularity in (256, 4096):
        against_unmodified(report, granularity, measure, better, push)
