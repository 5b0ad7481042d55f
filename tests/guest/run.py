#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the tests that need a booted guest: one boot serves many.

usage: run.py [--boots] [--boot NAME] [PATTERN]

Every file test_*.py here gives functions test_*(vm, check) and says what
machine they need: BOOT, a name from the table MACHINES below (default
"plain").  A test leaves the machine as it found it: no extent and no region;
that is looked at after each one and counts as a failure if not so.
Prints TAP.  --boots lists the machines that have tests.
"""

import argparse
import glob
import importlib.util
import os
import re
import sys
import traceback

from checks import Checks, Failed
from qmp import QMPError
from steps import RELEASE, request
from vm import VM, GuestError, poll

HERE = os.path.dirname(os.path.abspath(__file__))

# Machines by name: dcd-vm's options.
MACHINES = {
    "plain": [],
    "two-devices": ["--devices", "2", "--dc-size", "2G"],
    "static": ["--static", "512M", "--dc-size", "2G"],
    "suite": ["--dc-region", "2G:64K", "--dc-region", "1G:2M:sharable"],
    "no-ram": ["--dc-region", "1G:2M:read-only",
               "--dc-region", "1G:2M:sharable"],
    "eight": ["--devices", "8", "--bridges", "1", "--dc-size", "512M"],
    "sixteen": ["--devices", "16", "--dc-size", "1T", "--latency", "300",
                "--bandwidth", "16G"],
    "mixed": ["--static", "256M", "--persistent", "256M", "--dc-size", "2G",
              "--regions", "8"],
    "hypervisor": ["--dc-size", "1G"],
    "pool": ["--pool", f"/dev/shm/cxl-dcd-pool-{os.getpid()}", "--host-id",
             "1", "--dc-size", "1G"],
    "regions": ["--dc-region", "1G:2M", "--dc-region", "512M:64K:nonvolatile",
                "--dc-region", "40G:2M"],
}


# What the platform must say of itself so that it has QoS classes: how far the
# host bridge is from the processors.
HMAT = ["-machine", "hmat=on", "-numa", "cpu,node-id=0,socket-id=0",
        "-numa", "node,nodeid=1,initiator=0",
        "-object", "acpi-generic-port,id=gp0,pci-bus=cxl.1,node=1"]
for node, nanoseconds, bandwidth in (0, 10, "10G"), (1, 50, "5G"):
    HMAT += ["-numa", f"hmat-lb,initiator=0,target={node},hierarchy=memory,"
             f"data-type=access-latency,latency={nanoseconds}",
             "-numa", f"hmat-lb,initiator=0,target={node},hierarchy=memory,"
             f"data-type=access-bandwidth,bandwidth={bandwidth}"]

# A device that has no dynamic capacity (test_others.py).
PLAIN = ["-object", "memory-backend-ram,id=plain,size=256M",
         "-device", "cxl-rp,id=rp-plain,bus=cxl.1,port=9,chassis=9,slot=9",
         "-device", "cxl-type3,bus=rp-plain,id=plain0,volatile-memdev=plain,"
         "sn=99"]

# What QEMU is told on top; its last -cpu counts.
QEMU_ARGS = {"hypervisor": ["-cpu", "max"], "mixed": HMAT, "static": PLAIN}


def tests_by_machine():
    """{machine: [(name, function)]} of all the test files."""
    found = {}
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        stem = os.path.basename(path)[len("test_"):-len(".py")]
        spec = importlib.util.spec_from_file_location(stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        boot = getattr(module, "BOOT", "plain")
        if boot not in MACHINES:
            sys.exit(f"{path}: BOOT is '{boot}', known are {list(MACHINES)}")
        for name, value in vars(module).items():
            if name.startswith("test_") and callable(value):
                found.setdefault(boot, []).append(
                    (f"{stem}/{name[len('test_'):]}", value))
    return found


# Of the whole machine: who changes one puts it back.
SETTINGS = ["/sys/devices/system/memory/auto_online_blocks",
            "/sys/kernel/rcu_expedited",
            "/proc/sys/vm/memory_failure_early_kill",
            "/sys/module/cxl_dcd/parameters/*"]


def settings(vm):
    """What SETTINGS are, as text."""
    return vm.guest("grep -s . " + " ".join(SETTINGS)).out


def kept(vm):
    """What capacity becomes, and a test takes away again: DAX devices but for the
    empty one of each region, and memory blocks; a line each."""
    return vm.guest(
        "for d in /sys/bus/dax/devices/*; do [ -e $d ] || continue; "
        "[ $(cat $d/size) = 0 ] || echo $(basename $d), $(cat $d/size) bytes; "
        "done; echo memory blocks: $(ls -d /sys/devices/system/memory/memory* "
        "| wc -l), of them offline: $(cat /sys/devices/system/memory/memory*/state "
        "| grep -c offline)").out


def left_over(vm, before, had):
    """What a test left behind, as text; empty when nothing."""
    found = []
    for device in vm.qmp.call("query-cxl-dynamic-capacity"):
        if device["extents"]:
            found.append(f"{device['id']} has {len(device['extents'])} "
                         f"extents, the first {device['extents'][0]}")
    regions = vm.guest("ls -d /sys/bus/cxl/devices/region* 2> /dev/null; true")
    if regions.status:
        found.append("the guest does not answer: " + regions.text)
        return "\n".join(found)
    if regions.out:
        found.append("regions in the guest: " + regions.out.strip())
    now = settings(vm)
    if now != before:
        found.append(f"settings of the kernel:\n{now}which were:\n{before}")
    try:
        # The kernel may be at it yet: after a boot, or behind an rmdir.
        poll(lambda: kept(vm) == had, 20, "the guest has what it had")
    except GuestError:
        found.append(f"in the guest there are:\n{kept(vm)}where were:\n{had}")
    return "\n".join(found)


def run_one(vm, check, name, function):
    before = check.failed
    kernel, had = settings(vm), kept(vm)
    print(f"# {name}", flush=True)
    try:
        function(vm, Prefixed(check, name))
    except Failed:
        pass
    except (GuestError, OSError, TimeoutError, Exception) as err:
        check.that(False, f"{name}: runs to its end",
                   f"{type(err).__name__}: {err}\n{traceback.format_exc()}")
    rest = left_over(vm, kernel, had)
    if rest or check.failed > before:
        check.that(not rest, f"{name}: leaves the machine clean", rest)
    if rest:
        try:
            start_afresh(vm)
        except (GuestError, OSError, QMPError) as err:
            print(f"# the guest cannot be started afresh: {err}", flush=True)


def start_afresh(vm):
    """So that the tests after one that failed say something of their own."""
    for device in vm.qmp.call("query-cxl-dynamic-capacity"):
        for extent in device["extents"]:
            tagged = extent["tag"].strip("0-")
            request(vm, RELEASE, [(extent["offset"], extent["len"])],
                    device["id"], extent["region"],
                    extent["tag"] if tagged else None, forced_removal=True)
    # A file that the test has put back stays so; what the kernel said does not.
    if vm.guest("sync", 20).status == 0:
        for line in vm.kernel_complaints():
            print(f"# the kernel said: {line}")
    vm.reset()
    print("# the guest was started afresh", flush=True)


class Prefixed:
    """A view of Checks that puts the test's name before each check."""

    def __init__(self, check, prefix):
        self._check, self._prefix = check, prefix

    def that(self, good, name, detail=""):
        return self._check.that(good, f"{self._prefix}: {name}", detail)

    def equal(self, got, want, name):
        return self._check.equal(got, want, f"{self._prefix}: {name}")

    def must(self, good, name, detail=""):
        self._check.must(good, f"{self._prefix}: {name}", detail)

    def skip(self, name, why):
        self._check.skip(f"{self._prefix}: {name}", why)


def run_machine(boot, tests, check):
    try:
        with VM(MACHINES[boot], QEMU_ARGS.get(boot, ())) as vm:
            print(f"# {boot}: ssh after {vm.boot_seconds:.1f} s", flush=True)
            for name, function in tests:
                run_one(vm, check, name, function)
            bad = vm.kernel_complaints()
            check.that(not bad, f"{boot}: the guest's kernel log is clean",
                       "\n".join(bad[:20]))
    except (GuestError, OSError, TimeoutError) as err:
        check.that(False, f"{boot}: the machine runs", str(err))


def main():
    parser = argparse.ArgumentParser(description="See the head of this file.")
    parser.add_argument("--boots", action="store_true")
    parser.add_argument("--boot", choices=list(MACHINES))
    parser.add_argument("pattern", nargs="?", default="")
    options = parser.parse_args()
    found = tests_by_machine()
    if options.boots:
        for boot in found:
            print(boot)
        return 0
    check = Checks()
    for boot, tests in found.items():
        tests = [t for t in tests if re.search(options.pattern, t[0])]
        if tests and options.boot in (None, boot):
            run_machine(boot, tests, check)
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
