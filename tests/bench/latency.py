# SPDX-License-Identifier: GPL-2.0-or-later
"""From a QMP request to memory in use and back, beside virtio-mem.

Both are in one machine and take turns, so that a noisy minute hits both.  The
guest's policy service puts dynamic capacity into use; virtio-mem's driver does
it in the kernel.  A watcher in the guest says when the memory is there.
"""

import os
import statistics
import subprocess
import time

from steps import GIB, MIB, ADD, RELEASE, create_region, request
from vm import BUILD, VM, GuestError

MEMWATCH = os.path.join(BUILD, "meson", "tests", "bench", "memwatch")
CONF = "/etc/daxctl.conf.d/dynamic-capacity.conf"
ROUNDS = 7
CHAIN = 256
VIRTIO = ["-m", "size=2G,maxmem=6G,slots=4", "-object",
          "memory-backend-ram,id=vmem,size=2G,reserve=off",
          "-device", "virtio-mem-pci,id=vm0,memdev=vmem,requested-size=0,"
          "bus=pcie.0"]


class Watcher:
    """memwatch in the guest, waiting since before the request."""

    def __init__(self, vm, *options):
        self.child = subprocess.Popen(
            vm.ssh_command() + ["memwatch " + " ".join(options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.expect("ready")

    def expect(self, word):
        line = self.child.stdout.readline().strip()
        if line != word:
            raise GuestError(f"memwatch: '{line}' instead of '{word}'")

    def seconds_since(self, start):
        self.expect("reached")
        seconds = time.monotonic() - start
        self.child.wait(20)
        return seconds


def until(check, limit=60):
    """Seconds until check() holds."""
    start = time.monotonic()
    while not check():
        if time.monotonic() - start > limit:
            raise GuestError(f"no end after {limit} s")
        time.sleep(0.002)
    return time.monotonic() - start


def policy(vm, mode):
    vm.guest_ok(f"printf '[dynamic-capacity]\\nmode = {mode}\\n"
                f"release = system-ram\\n' > {CONF}")


def settle(vm):
    """Let the guest finish what the last round has started (udev, kworkers):
    its own doing must not be in the next figure."""
    vm.guest_ok("udevadm settle; sleep 0.5")


def virtio_mem(vm):
    watcher = Watcher(vm, "--ram", str(GIB))
    start = time.monotonic()
    vm.qmp.call("qom-set", {"path": "vm0", "property": "requested-size",
                            "value": GIB})
    plug = watcher.seconds_since(start)
    settle(vm)
    vm.qmp.call("qom-set", {"path": "vm0", "property": "requested-size",
                            "value": 0})
    return plug, until(lambda: vm.qmp.call(
        "qom-get", {"path": "vm0", "property": "size"}) == 0)


def dynamic_ram(vm):
    watcher = Watcher(vm, "--ram", str(GIB))
    start = time.monotonic()
    request(vm, ADD, [(0, GIB)])
    online = watcher.seconds_since(start)
    settle(vm)
    request(vm, RELEASE, [(0, GIB)])
    return online, until(lambda: not vm.extents())


def dynamic_dax(vm, region):
    watcher = Watcher(vm, "--dax")
    start = time.monotonic()
    request(vm, ADD, [(0, GIB)])
    usable = watcher.seconds_since(start)
    settle(vm)
    vm.guest_ok("daxctl destroy-device -f all")
    settle(vm)
    request(vm, RELEASE, [(0, GIB)])
    return usable, until(lambda: not vm.extents())


def chain(vm):
    """One request of many extents that do not touch: offered to accepted."""
    extents = [(i * 4 * MIB, 2 * MIB) for i in range(CHAIN)]
    start = time.monotonic()
    request(vm, ADD, extents)
    until(lambda: all(e["state"] == "accepted"
                      for e in vm.device()["extents"]))
    accepted = time.monotonic() - start
    start = time.monotonic()
    request(vm, RELEASE, extents)
    until(lambda: not vm.extents())
    return accepted, time.monotonic() - start


def median(pairs, index):
    return statistics.median(pair[index] for pair in pairs)


def latency(report, push):
    print("latency: 1 GiB from QMP request to memory in use, and back")
    with VM(["--memory", "2G", "--dc-size", "2G"], VIRTIO) as vm:
        push(vm, MEMWATCH)
        # As the device wants it: memory that can be taken away again.
        vm.guest_ok("echo online_movable > "
                    "/sys/devices/system/memory/auto_online_blocks")
        region = create_region(vm)
        policy(vm, "system-ram")
        virtio, ours = [], []
        for _ in range(ROUNDS):
            virtio.append(virtio_mem(vm))
            settle(vm)
            ours.append(dynamic_ram(vm))
            settle(vm)
        report.add("1 GiB to online system RAM, DC / virtio-mem",
                   median(ours, 0), "s", median(virtio, 0), 1, at_least=False)
        report.add("1 GiB of system RAM back, DC / virtio-mem",
                   median(ours, 1), "s", median(virtio, 1), 1, at_least=False)
        policy(vm, "devdax")
        dax = [dynamic_dax(vm, region) for _ in range(ROUNDS)]
        report.add("1 GiB to a DAX device, DC / virtio-mem", median(dax, 0),
                   "s", median(virtio, 0))
        report.add("1 GiB of unused DAX capacity back, DC / virtio-mem",
                   median(dax, 1), "s", median(virtio, 1))
        policy(vm, "off")
        chains = [chain(vm) for _ in range(3)]
        report.add(f"{CHAIN} extents in one request, accepted",
                   median(chains, 0), "s")
        report.add(f"{CHAIN} extents in one request, released",
                   median(chains, 1), "s")
