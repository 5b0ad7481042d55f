# SPDX-License-Identifier: GPL-2.0-or-later
"""Random adds, claims, uses, releases and forced removals in one boot.

After each operation the guest's view, the device's and a model's are
compared.  CXL_DCD_SEED and CXL_DCD_OPERATIONS choose another run.
"""

import errno
import os
import random
import uuid

from agent import Agent, Refused
from model import UNIT, Device, Extent, Model, covered
from steps import ADD, MIB, RELEASE, create_region, destroy_region, request
from vm import GuestError, poll

BOOT = "suite"
NULL = "00000000-0000-0000-0000-000000000000"
SIZES = [2048 * MIB, 1024 * MIB]
SEED = int(os.environ.get("CXL_DCD_SEED", "20261123"))
OPERATIONS = int(os.environ.get("CXL_DCD_OPERATIONS", "300"))
SLOTS = 48
BUS = "/sys/bus/dax"


class Run:
    """Three views of one machine, and a dice."""

    def __init__(self, vm, agent, regions):
        self.vm, self.agent, self.regions = vm, agent, regions
        self.model, self.dice = Model(), random.Random(SEED)
        self.done = {}

    # --- looking

    def folder(self, dc):
        return (f"/sys/bus/cxl/devices/dax_{self.regions[dc]}/dax_region")

    def guest_view(self):
        extents, available, devices = self.agent.state()
        numbers = {name: dc for dc, name in enumerate(self.regions)}
        return (sorted((numbers[r], o, n, state, tag)
                       for r, o, n, state, tag in extents),
                [available.get(r, 0) // UNIT for r in self.regions],
                {name: size for name, (size, _) in devices.items() if size})

    def expected(self):
        return (self.model.guest_view(),
                [self.model.free_units(dc) for dc in (0, 1)],
                {d.name: d.size for d in self.model.devices.values()})

    def device_view(self):
        listed = self.vm.device()["extents"]
        if any(e["state"] not in ("accepted", "releasing") for e in listed):
            return None
        return covered((e["region"], e["offset"], e["len"],
                        "" if e["tag"] == NULL else e["tag"]) for e in listed)

    def compare(self, what):
        """Wait until all three agree; they have to."""
        def agree():
            return (self.guest_view() == self.expected() and
                    self.device_view() == self.model.device_view())
        try:
            poll(agree, 20, what, 0.01)
        except GuestError:
            raise GuestError(
                f"seed {SEED}, after {sum(self.done.values())} operations, "
                f"{what}:\nguest    {self.guest_view()}\n"
                f"expected {self.expected()}\ndevice   {self.device_view()}\n"
                f"expected {self.model.device_view()}") from None

    # --- operations; each gives what it did, or None when it was not possible

    def place(self, dc, count):
        """Ranges of a DC region that nothing is over."""
        found = []
        for _ in range(count * 8):
            length = self.dice.randint(1, 12) * UNIT
            offset = self.dice.randrange(0, SIZES[dc] - length, UNIT)
            taken = [Extent(dc, o, n, None) for o, n in found]
            if not any(e.overlaps(dc, offset, length)
                       for e in self.model.extents + taken):
                found.append((offset, length))
            if len(found) == count:
                break
        return found

    def offer(self, dc, tag):
        if len(self.model.extents) > 40:
            return None
        ranges = self.place(dc, self.dice.randint(1, 3))
        if not ranges:
            return None
        request(self.vm, ADD, ranges, region=dc, tag=tag)
        self.model.extents += [Extent(dc, o, n, tag) for o, n in ranges]
        return f"add {ranges} to dc{dc}, tag {tag}"

    def add(self):
        return self.offer(0, None)

    def add_tagged(self):
        return self.offer(self.dice.randrange(2),
                          str(uuid.UUID(int=self.dice.getrandbits(128))))

    def some_extent(self, forced=False):
        known = [e for e in self.model.extents if not e.forced and
                 (forced or not e.releasing)]
        return self.dice.choice(known) if known else None

    def named(self, extent):
        """What a request for an extent must name: shared tags go whole."""
        if extent.dc == 0:
            return [extent]
        return [e for e in self.model.group(extent) if not e.forced]

    def release(self):
        extent = self.some_extent()
        if not extent:
            return None
        request(self.vm, RELEASE, [(e.offset, e.length)
                                   for e in self.named(extent)],
                region=extent.dc, tag=extent.tag)
        self.model.ask(extent)
        return f"release {extent.__dict__}"

    def force(self):
        extent = self.some_extent(forced=True)
        if not extent:
            return None
        taken = self.named(extent)
        request(self.vm, RELEASE, [(e.offset, e.length) for e in taken],
                region=extent.dc, tag=extent.tag, forced_removal=True)
        for member in taken:
            self.model.force(member)
        return f"force {extent.__dict__}"

    def give_back(self):
        """The guest releases without having been asked."""
        extent = self.some_extent()
        if not extent:
            return None
        for path in self.agent.list(
                f"/sys/bus/cxl/devices/dax_{self.regions[extent.dc]}/ext*"):
            if int(self.agent.read(f"{path}/offset"), 16) == extent.offset:
                break
        busy = bool(self.model.users(extent))
        try:
            self.agent.write(f"{path}/release", 1)
            failed = False
        except Refused as err:
            failed = err.errno == errno.EBUSY
        if failed != busy:
            raise GuestError(f"release of {extent.__dict__}: refused is "
                             f"{failed}, in use is {busy}")
        if not busy:
            self.model.ask(extent)
        return f"give back {extent.__dict__}"

    def new_device(self, dc, file, text):
        """Make a device and size it; a Device, or None when refused."""
        self.agent.write(f"{self.folder(dc)}/create", 1)
        name = self.agent.read(f"{self.folder(dc)}/create")
        try:
            self.agent.write(f"{BUS}/devices/{name}/{file}", text)
        except Refused as err:
            if err.errno != errno.ENOENT:
                raise
            self.agent.write(f"{self.folder(dc)}/delete", name)
            return None
        window = int(self.agent.read("/sys/bus/cxl/devices/"
                                     f"{self.regions[dc]}/resource"), 16)
        ranges = []
        for path in sorted(self.agent.list(
                f"{BUS}/devices/{name}/mapping[0-9]*")):
            start, end = (int(self.agent.read(f"{path}/{f}"), 16)
                          for f in ("start", "end"))
            ranges.append((start - window, end + 1 - start))
        device = Device(name, dc, ranges)
        self.model.devices[name] = device
        return device

    def waiting(self, dc):
        """Can `create` make an empty device at all?"""
        return self.model.free_units(dc) or any(
            e.dc == dc and e.tag and not e.claim and not e.releasing
            for e in self.model.extents)

    def claim(self):
        tags = sorted({(e.dc, e.tag) for e in self.model.extents
                       if e.tag and not e.claim and not e.releasing})
        if not tags or len(self.model.devices) >= SLOTS:
            return None
        dc, tag = self.dice.choice(tags)
        device = self.new_device(dc, "uuid", tag)
        want = [e for e in self.model.extents
                if e.tag == tag and not e.releasing]
        if not device or device.size != sum(e.length for e in want):
            raise GuestError(f"claim of {tag}: {device and device.ranges}")
        for extent in want:
            extent.claim = device.name
        return f"claim {tag}"

    def claim_untagged(self):
        if not self.waiting(0) or len(self.model.devices) >= SLOTS:
            return None
        free = [e for e in self.model.extents if e.dc == 0 and not e.tag and
                not e.releasing and not self.model.users(e)]
        device = self.new_device(0, "uuid", 0)
        if bool(device) != bool(free):
            raise GuestError(f"claim of 0: {device}, free: {free}")
        for extent in free:
            if device and device.ranges == [(extent.offset, extent.length)]:
                extent.claim = device.name
        return "claim 0"

    def claim_nothing(self):
        if not self.waiting(0) or len(self.model.devices) >= SLOTS:
            return None
        if self.new_device(0, "uuid", uuid.UUID(int=7)):
            raise GuestError("a tag that is not there was claimed")
        return "claim of nothing"

    def create(self):
        free = self.model.free_units(0)
        if not free or len(self.model.devices) >= SLOTS:
            return None
        size = self.dice.randint(1, min(free, 24)) * UNIT
        device = self.new_device(0, "size", size)
        if not device or device.size != size:
            raise GuestError(f"{size} bytes: {device and device.ranges}")
        return f"create {size}"

    def some_device(self):
        names = sorted(self.model.devices)
        return self.model.devices[self.dice.choice(names)] if names else None

    def use(self):
        device = self.some_device()
        if not device:
            return None
        if device.slot is None:
            if device.dead or any(e.forced for e in self.model.extents if
                                  device in self.model.users(e)):
                return None
            self.map(device)
        units = device.size // UNIT
        first = self.dice.getrandbits(32)
        got = [self.agent.ask("put", device.slot, 0, UNIT, units, first),
               self.agent.ask("get", device.slot, 0, UNIT, units, first, 1)]
        if got != (["sigbus"] * 2 if device.dead else ["", ""]):
            raise GuestError(f"use of {device.__dict__}: {got}")
        return f"use {device.name}"

    def map(self, device):
        if not device.bound:
            try:
                self.agent.write(f"{BUS}/drivers/device_dax/bind", device.name)
            except Refused as err:
                # The bus binds all that is idle when one is bound.
                if err.errno not in (errno.ENODEV, errno.EBUSY):
                    raise
        self.refresh_bound()
        taken = {d.slot for d in self.model.devices.values()}
        device.slot = min(set(range(64)) - taken)
        self.agent.ask("map", device.slot, f"/dev/{device.name}", device.size)

    def refresh_bound(self):
        bound = {os.path.basename(p) for p in
                 self.agent.list(f"{BUS}/drivers/device_dax/dax*")}
        for device in self.model.devices.values():
            device.bound = device.name in bound

    def unmap(self):
        device = self.some_device()
        if not device or device.slot is None:
            return None
        self.agent.ask("unmap", device.slot)
        device.slot = None
        return f"unmap {device.name}"

    def empty(self, device):
        """Take the driver and the size away.  The kernel binds what is idle
        when another device is bound, in its own time: perhaps just now."""
        for _ in range(10):
            self.refresh_bound()
            if device.bound:
                self.agent.write(f"{BUS}/drivers/device_dax/unbind",
                                 device.name)
            try:
                self.agent.write(f"{BUS}/devices/{device.name}/size", 0)
                return
            except Refused as err:
                if err.errno != errno.EBUSY:
                    raise
        raise GuestError(f"{device.name} is bound again and again")

    def destroy(self):
        device = self.some_device()
        if not device:
            return None
        if device.slot is not None:
            self.agent.ask("unmap", device.slot)
        self.empty(device)
        self.agent.write(f"{self.folder(device.dc)}/delete", device.name)
        self.model.destroy(device)
        return f"destroy {device.name}"

    def reload(self):
        for device in self.model.devices.values():
            if device.slot is not None:
                self.agent.ask("unmap", device.slot)
        self.vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
        self.model.reload()
        return "reload"

    WEIGHTS = {"add": 14, "add_tagged": 10, "release": 12, "force": 6,
               "give_back": 6, "claim": 12, "claim_untagged": 5,
               "claim_nothing": 2, "create": 12, "use": 24, "unmap": 6,
               "destroy": 14, "reload": 1}

    def step(self):
        name = self.dice.choices(list(self.WEIGHTS),
                                 list(self.WEIGHTS.values()))[0]
        what = getattr(self, name)()
        if what is None:
            return False
        self.refresh_bound()
        self.compare(what)
        self.done[name] = self.done.get(name, 0) + 1
        return True

    def finish(self):
        while self.model.devices:
            self.destroy()
        while self.some_extent():
            self.release()
        self.compare("the end")


def test_operations(vm, check):
    regions = [create_region(vm, "dc0"), create_region(vm, "dc1")]
    with Agent(vm) as agent:
        run = Run(vm, agent, regions)
        while sum(run.done.values()) < OPERATIONS:
            run.step()
        run.finish()
    check.that(True, f"{OPERATIONS} operations, seed {SEED}: the three views "
               f"agree after each ({run.done})")
    destroy_region(vm, regions[1])
    destroy_region(vm, regions[0])
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    check.equal(vm.kernel_complaints(), [],
                "the module's counters are zero when it is unloaded")
