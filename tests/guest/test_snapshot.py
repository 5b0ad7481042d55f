# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that runs programs in an accepted extent is saved and moved.

The extent is a node of System RAM.  It holds a file with a known pattern (on
a tmpfs bound to the node), and a program that is bound to the node writes and
compares memory all the time.  docs/snapshots.md shows the same by hand.
"""

import os
import shutil
import tempfile

from steps import (ADD, MIB, add, create_region, dax_devices, destroy_region,
                   release, request, wait_available, wait_released)
from vm import GUEST, VM, GuestError, poll

SIZE = 256 * MIB
EXTENT, OTHER = [(0, SIZE)], [(SIZE, SIZE)]
FILE_MIB, WORK_MIB, SEED = 96, 16, 21
HMP = "human-monitor-command"
#> { "execute": "migrate", "arguments": { "uri": "file:/tmp/state" } }
#> { "execute": "migrate-incoming", "arguments": { "uri": "file:/tmp/state" } }


class Arrival(VM):
    """A machine in which no guest boots: one comes in from elsewhere."""

    def __init__(self, options):
        super().__init__(options, ["-incoming", "defer"])

    def wait_ssh(self, timeout=None):
        if self.arrived:
            super().wait_ssh(timeout)

    arrived = False

    def come_in(self, uri):
        """Begin to listen or to read; the guest is up when this is done."""
        self.qmp.call("migrate-incoming", {"uri": uri})

    def go_on(self):
        def running():
            return self.alive() and self.qmp.call("query-status")["running"]
        poll(running, 120, "the guest runs here")
        self.arrived = True
        self.wait_ssh(60)


def migrate(vm, uri):
    """Move all of the guest out; gives what query-migrate says at the end."""
    vm.qmp.call("migrate", {"uri": uri})

    def ended():
        vm.alive()
        now = vm.qmp.call("query-migrate")
        if now["status"] in ("failed", "cancelled"):
            raise GuestError(f"migration: {now}")
        return now if now["status"] == "completed" else None
    return poll(ended, 240, "migration ends")


class Work:
    """What runs in the extent, and whether it is still as it should be."""

    def __init__(self, vm, region):
        self.region = region
        self.dax = next(iter(dax_devices(vm)), None)
        if not self.dax:
            out = vm.guest_ok(f"daxctl create-device {region} 2> /dev/null "
                              "| grep -o 'dax[0-9.]*' | head -1")
            self.dax = out.strip()
        vm.guest_ok(f"daxctl reconfigure-device -m system-ram {self.dax}", 120)
        self.node = vm.guest_ok(
            f"cat /sys/bus/dax/devices/{self.dax}/target_node")
        vm.guest_ok(
            "mkdir -p /run/kept && mount -t tmpfs -o "
            f"size={FILE_MIB + 8}M,mpol=bind:{self.node} none /run/kept && "
            f"truncate -s {FILE_MIB}M /run/kept/file && "
            f"memtest {FILE_MIB} /run/kept/file {SEED}", 300)
        vm.guest_ok(
            "rm -f /run/rounds /run/wrong; (while numactl "
            f"--membind={self.node} memtest {WORK_MIB} > /run/last 2>&1; "
            "do echo round >> /run/rounds; done; mv /run/last /run/wrong) "
            "> /dev/null 2>&1 < /dev/null & echo $! > /run/worker")

    def rounds(self, vm):
        return int(vm.guest_ok("wc -l < /run/rounds 2> /dev/null || echo 0"))

    def check(self, vm, check, where):
        same = vm.guest(f"memtest -v {FILE_MIB} /run/kept/file {SEED}", 300)
        check.that(same.status == 0, f"{where}: the file in the extent is as "
                   "it was", same.text)
        before = self.rounds(vm)
        try:
            poll(lambda: self.rounds(vm) > before + 1, 180, "more rounds")
            on = True
        except GuestError:
            on = False
        check.that(on, f"{where}: the program in the extent goes on",
                   vm.guest("cat /run/wrong").text)
        said = vm.extents()
        check.that((0, 0, SIZE, "accepted") in said,
                   f"{where}: the device has the extent", said)
        mapping = {e["mapping"] for e in vm.device()["extents"]}
        check.equal(mapping, {"direct"}, f"{where}: mapped directly")

    def end(self, vm):
        vm.guest_ok("kill $(cat /run/worker); pkill -x memtest; sleep 0.1; "
                    "umount /run/kept; true")
        vm.guest_ok(f"daxctl offline-memory {self.dax}; "
                    f"daxctl reconfigure-device -f -m devdax {self.dax} && "
                    f"daxctl disable-device {self.dax} && "
                    f"daxctl destroy-device {self.dax}", 120)


def capacity_moves(vm, region, check, where):
    """Capacity still comes and goes: events, mailbox and interrupts work."""
    request(vm, ADD, OTHER)
    wait_available(vm, region, SIZE)
    release(vm, OTHER)
    wait_available(vm, region, 0)
    check.that(True, f"{where}: capacity is added and released")


def test_savevm(vm, check):
    region = create_region(vm)
    add(vm, region, EXTENT)
    work = Work(vm, region)
    work.check(vm, check, "before")
    said = vm.qmp.call(HMP, {"command-line": "savevm one"}, 240)
    check.must(not said.strip(), "savevm", said)
    work.check(vm, check, "after savevm")
    # What happens now is undone by loadvm
    vm.guest_ok("dd if=/dev/zero of=/run/kept/file bs=1M count=64 "
                "conv=notrunc 2> /dev/null")
    request(vm, ADD, OTHER)
    wait_available(vm, region, SIZE)
    said = vm.qmp.call(HMP, {"command-line": "loadvm one"}, 240)
    check.must(not said.strip(), "loadvm", said)
    check.equal(vm.extents(), {(0, 0, SIZE, "accepted")},
                "loadvm: capacity added since is gone")
    vm.forget_ssh()
    vm.wait_ssh(60)
    work.check(vm, check, "after loadvm")
    capacity_moves(vm, region, check, "after loadvm")
    work.end(vm)
    release(vm, EXTENT)
    destroy_region(vm, region)


def own_guest_files(where):
    """Kernel and a disk of its own: two machines use it one after the other"""
    for name in ("vmlinuz", "initrd.img", "ssh"):
        os.symlink(os.path.join(GUEST, name),
                   os.path.join(where, name))
    shutil.copyfile(os.path.join(GUEST, "root.img"),
                    os.path.join(where, "root.img"))


def test_migrate(vm, check):
    """To a file, from the file, and from there over a socket."""
    with tempfile.TemporaryDirectory(prefix="cxl-dcd-") as where:
        own_guest_files(where)
        options = ["--guest", where, "--keep"]
        state = os.path.join(where, "state")
        with VM(options) as first:
            region = create_region(first)
            add(first, region, EXTENT)
            work = Work(first, region)
            work.check(first, check, "first")
            done = migrate(first, f"file:{state}")
            # 2 GiB of memory and the extent; not the 3.75 GiB that nobody has
            looked = done["ram"]["duplicate"] + done["ram"]["normal"]
            check.that(looked * 4096 < 4 << 30, "to a file, without looking "
                       "at capacity that nobody has", done)
        with Arrival(options) as second:
            second.come_in(f"file:{state}")
            second.go_on()
            work.check(second, check, "from a file")
            capacity_moves(second, region, check, "from a file")
            with Arrival(options) as third:
                uri = f"unix:{where}/socket"
                third.come_in(uri)
                done = migrate(second, uri)
                print(f"# over a socket: {done['ram']['transferred'] >> 20} "
                      f"MiB in {done['total-time']} ms, "
                      f"down {done['downtime']} ms", flush=True)
                third.go_on()
                second.stop()
                work.check(third, check, "over a socket")
                capacity_moves(third, region, check, "over a socket")
                work.end(third)
                release(third, EXTENT)
                wait_released(third)
                destroy_region(third, region)
                check.equal(third.kernel_complaints(), [],
                            "the kernel log is clean")
