# SPDX-License-Identifier: GPL-2.0-or-later
"""A region that was there before the kernel's drivers.

The decoders are committed by hand while no CXL driver is loaded, as firmware
does it, or a kernel that started another one by kexec.
"""

import base64

from agent import Agent
from steps import (MIB, add, create_dax, create_region, destroy_dax,
                   destroy_region, memdev, memtest, release, states)
from vm import GuestError, poll

PART = (64 * MIB, 64 * MIB)
STACK = "cxl_acpi cxl_mem cxl_pci"

# CXL r3.2 section 8.2.4.20: registers of an HDM decoder, from its capability.
GLOBAL, BASE, SIZE_OF, CONTROL, TARGETS = 0x04, 0x10, 0x18, 0x20, 0x24
COMMIT, COMMITTED, HOST_ONLY = 1 << 9, 1 << 10, 1 << 12
CAPABILITIES, HDM_CAPABILITY = 0x1000, 5


def host_bridge(vm):
    """Physical address of the first host bridge's registers, from the CEDT."""
    table = base64.b64decode(
        vm.guest_ok("base64 -w 0 /sys/firmware/acpi/tables/CEDT"))
    at = 36
    while at < len(table):
        if table[at] == 0:                                # CHBS
            return int.from_bytes(table[at + 16:at + 24], "little")
        at += int.from_bytes(table[at + 2:at + 4], "little")
    raise GuestError("no host bridge in the CEDT")


class Decoders:
    """The HDM decoder capability of one component, mapped by the agent."""

    def __init__(self, agent, slot, path, offset):
        self.agent, self.slot = agent, slot
        agent.ask("map", slot, path, 0x10000, offset)
        first = self.peek(CAPABILITIES)
        for i in range(1, (first >> 24) + 1):
            header = self.peek(CAPABILITIES + 4 * i)
            if header & 0xffff == HDM_CAPABILITY:
                self.at = CAPABILITIES + (header >> 20)
                return
        raise GuestError(f"{path} has no HDM decoders")

    def peek(self, at):
        return int(self.agent.ask("peek", self.slot, at))

    def poke(self, at, value):
        self.agent.ask("poke", self.slot, self.at + at, value)

    def commit(self, base, size, skip=0):
        """Decoder 0, one way.  A host bridge has targets in the place of the
        bytes of DPA that an endpoint skips; 0 is its first port."""
        for at, value in [(GLOBAL, 2), (BASE, base & 0xffffffff),
                          (BASE + 4, base >> 32), (SIZE_OF, size & 0xffffffff),
                          (SIZE_OF + 4, size >> 32), (TARGETS, skip),
                          (TARGETS + 4, 0), (CONTROL, HOST_ONLY),
                          (CONTROL, HOST_ONLY | COMMIT)]:
            self.poke(at, value)
        if not self.peek(self.at + CONTROL) & COMMITTED:
            raise GuestError("the decoder did not commit")

    def done(self):
        self.agent.ask("unmap", self.slot)


def firmware(vm, size, skip=0):
    """All drivers away, and the decoders as firmware would leave them: over
    size bytes of DPA behind skip bytes."""
    name, region = memdev(vm), create_region(vm)
    base = int(vm.guest_ok(f"cat /sys/bus/cxl/devices/{region}/resource"), 16)
    destroy_region(vm, region)
    bar = vm.guest_ok(f"readlink -f /sys/bus/cxl/devices/{name}/../resource0")
    bridge = host_bridge(vm)
    take(vm, "cxl_dcd", "cxl_pci")
    vm.guest_ok("modprobe -r cxl_dcd")
    vm.guest_ok(f"udevadm settle; for m in dax_cxl cxl_pmem {STACK}; do "
                "modprobe -r $m; done; ! lsmod | grep ^cxl_")
    with Agent(vm) as agent:
        for slot, (path, at, over) in enumerate([("/dev/mem", bridge, 0),
                                                 (bar, 0, skip)]):
            decoders = Decoders(agent, slot, path, at)
            decoders.commit(base, size, over)
            decoders.done()


def load_stack(vm):
    vm.guest_ok(f"for m in {STACK}; do modprobe $m || exit; done; "
                "udevadm settle")


def take(vm, *modules):
    """Let modules be loaded no more, or all of them with none."""
    vm.guest_ok("mkdir -p /run/modprobe.d && rm -f /run/modprobe.d/test.conf "
                f"&& for m in {' '.join(modules)}; do echo install $m false; "
                "done > /run/modprobe.d/test.conf && "
                # udev looks for new rules of modprobe every three seconds
                "udevadm control --reload")


def the_region(vm):
    """The region that was found."""
    return poll(lambda: vm.guest(
        "cd /sys/bus/cxl/devices; for r in region*; do [ -d dax_$r ] && "
        "echo $r; done").out.strip(), 30, "the region is found")


def looks_and_works(vm, check, region):
    check.equal(vm.guest_ok(f"cat /sys/bus/cxl/devices/{region}/mode"),
                "dynamic_ram_1", "the region says what it is over")
    add(vm, region, [PART])
    check.equal(states(vm, region), {PART: "accepted"}, "it takes capacity")
    dax = create_dax(vm, region)
    test = memtest(vm, 64, f"/dev/{dax}", 21)
    check.that(test.status == 0, "which is memory", test.text)
    destroy_dax(vm, dax)
    release(vm, [PART])
    destroy_region(vm, region)
    again = create_region(vm)
    destroy_region(vm, again)
    check.that(again, "destroyed, its decoders are free for another")
