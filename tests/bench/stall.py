# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the machine stands still while much capacity comes and goes.

QEMU serves its monitors, and lets the guest reach its devices, under one lock.
Two look at that from outside while gigabytes are taken, cleaned and given back:
a second client of QMP, and a timer of a millisecond in the guest.  What they see
when nothing goes on is the machine's own noise.
"""

import json
import os
import re
import shutil
import subprocess
import threading
import time

from qmp import QMP
from steps import (ADD, GIB, MIB, RELEASE, create_dax, create_region, destroy_dax,
                   destroy_region, request)
from vm import BUILD, VM, GuestError, poll

TICKS = os.path.join(BUILD, "meson", "tests", "bench", "ticks")
SHM = "/dev/shm"
LIMIT_MS = 10
WAIT = 300
IDLE, ROUNDS = 5, 3


def size():
    """As much as half of what tmpfs and memory have, at most 64 GiB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        free = int(re.search(r"MemAvailable: +(\d+) kB", file.read())[1]) << 10
    most = min(shutil.disk_usage(SHM).free, free) // 2
    return min(64 * GIB, 1 << most.bit_length() - 1)


class Beside:
    """The two that look, from `with` to its end; then .answer and .tick in ms."""

    def __init__(self, vm):
        self.vm, self.answer, self.tick = vm, 0.0, 0.0
        self.stop = threading.Event()

    def ask(self):
        qmp = QMP(self.vm.qmp_path, WAIT)
        while not self.stop.is_set():
            before = time.monotonic()
            qmp.run("query-status")
            self.answer = max(self.answer, (time.monotonic() - before) * 1000)
            time.sleep(.001)
        qmp.close()

    def __enter__(self):
        self.child = subprocess.Popen(
            self.vm.ssh_command() + ["chrt -f 50 ticks"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.child.stdout.readline().strip() != "ready":
            raise GuestError("ticks did not start in the guest")
        self.thread = threading.Thread(target=self.ask)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.stop.set()
        self.thread.join()
        out, _ = self.child.communicate(timeout=60)
        self.count, latest, _ = (int(word) for word in out.split())
        self.tick = latest / 1000


class Phases:
    """What each was seen to do.  A stall of ours comes each time, noise does
    not: the best of the rounds counts."""

    def __init__(self, report, vm, what):
        self.report, self.vm, self.what = report, vm, what
        self.seen = {}

    def look(self, name, work):
        with Beside(self.vm) as beside:
            before = time.monotonic()
            work()
            seconds = time.monotonic() - before
        self.seen.setdefault(name, []).append(
            (beside.answer, beside.tick, seconds))

    def tell(self):
        for name, rows in self.seen.items():
            answer, tick, seconds = (min(column) for column in zip(*rows))
            target = None if name == "nothing" else LIMIT_MS
            name = f"{self.what}: {name}"
            self.report.add(f"stall: longest answer, {name}", answer, "ms",
                            None, target, at_least=False)
            self.report.add(f"stall: latest tick, {name}", tick, "ms", None,
                            target, at_least=False)
            self.report.add(f"stall: time, {name}", seconds, "s")


def give(vm, amount):
    vm.qmp.call(ADD, {"path": "/machine/peripheral/cxl-mem0", "region-id": 0,
                      "extents": [{"offset": 0, "len": amount}]}, WAIT)
    poll(lambda: [e["state"] for e in vm.device()["extents"]] == ["accepted"],
         WAIT, "the host accepts", .01)


def fill(vm, region, amount):
    """What nobody has touched costs nothing to take away"""
    dax = create_dax(vm, region)
    vm.guest_ok(f"memtest {amount // MIB} /dev/{dax} 1", 600)
    destroy_dax(vm, dax)


def leave(vm, amount, **how):
    request(vm, RELEASE, [(0, amount)], **how)
    poll(lambda: not vm.device()["extents"], WAIT, "all of it is clean", .01)


def round_of(phases, amount, region):
    """Each comes from the state that the one before has left"""
    vm, gib = phases.vm, amount // GIB
    phases.look("nothing", lambda: time.sleep(IDLE))
    phases.look(f"add of {gib} GiB", lambda: give(vm, amount))
    fill(vm, region, amount)
    phases.look(f"release of {gib} GiB", lambda: leave(vm, amount))
    give(vm, amount)
    fill(vm, region, amount)
    phases.look(f"force of {gib} GiB",
                lambda: leave(vm, amount, forced_removal=True))


def sanitize(vm):
    vm.guest_ok("cd /sys/bus/cxl/devices/mem0/security && echo 1 > sanitize && "
                "while grep -q sanitize state; do sleep .1; done", WAIT)


def watched(report, what, options, amount, push):
    with VM(options) as vm:
        push(vm, TICKS)
        phases = Phases(report, vm, what)
        for _ in range(ROUNDS):
            region = create_region(vm)
            round_of(phases, amount, region)
            destroy_region(vm, region)
            if what == "own":
                phases.look("sanitize", lambda: sanitize(vm))
            else:
                others_die(phases, options, amount)
        if what == "pool":
            create_region(vm)
            leave_with_all(phases, amount)
        phases.tell()


def others_die(phases, options, amount):
    """Another host has all of it, and its machine is killed"""
    vm = phases.vm
    with VM(options + ["--host-id", "1"]) as other:
        region = create_region(other)
        give(other, amount)
        fill(other, region, amount)
        other.process.kill()
        other.process.wait()
    phases.look(f"reclaim of {amount // GIB} GiB", lambda: vm.qmp.call(
        "cxl-reclaim-dc-pool", {"pool": "pool0", "host-id": 1}, WAIT))


def leave_with_all(phases, amount):
    """The device is unplugged, with all that its host has used"""
    vm = phases.vm
    [region] = [entry["region"] for entry in json.loads(
        vm.guest_ok("cxl list -R"))]
    give(vm, amount)
    fill(vm, region, amount)

    def unplug():
        vm.qmp.run("device_del", id="cxl-mem0")
        vm.qmp.wait_event("DEVICE_DELETED", WAIT)
        time.sleep(1)               # what held on to it lets go
    phases.look(f"unplug with {amount // GIB} GiB", unplug)


def stall(report, push):
    amount = size()
    print(f"stall: {amount // GIB} GiB come and go, of the device and of a pool")
    pool = os.path.join(SHM, f"cxl-dcd-bench-{os.getpid()}")
    try:
        for what, options in (
                ("own", ["--dc-size", str(amount), "--static", "1G"]),
                ("pool", ["--dc-size", str(amount), "--pool", pool])):
            watched(report, what, options, amount, push)
    finally:
        for name in os.listdir(SHM):
            if name.startswith(os.path.basename(pool)):
                os.unlink(os.path.join(SHM, name))
