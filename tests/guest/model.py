# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest with dynamic capacity must look like: plain lists, no tricks."""

from steps import MIB

UNIT = 2 * MIB


class Extent:
    """Capacity that the guest shows; `forced`: the device has it back."""

    def __init__(self, dc, offset, length, tag):
        self.dc, self.offset, self.length, self.tag = dc, offset, length, tag
        self.releasing = self.forced = False
        self.claim = None

    @property
    def state(self):
        return ("forced" if self.forced else
                "releasing" if self.releasing else
                "claimed" if self.claim else "accepted")

    def overlaps(self, dc, offset, length):
        return (dc == self.dc and offset < self.offset + self.length
                and self.offset < offset + length)


class Device:
    """A DAX device: what it has, and whether somebody uses it."""

    def __init__(self, name, dc, ranges, tag=None):
        self.name, self.dc, self.ranges, self.tag = name, dc, ranges, tag
        self.slot = None
        self.dead = False
        self.bound = False

    @property
    def size(self):
        return sum(length for _, length in self.ranges)


class Model:
    """The rules of release, claim and force, by the obvious loops."""

    def __init__(self):
        self.extents, self.devices = [], {}

    def users(self, extent):
        return [d for d in self.devices.values()
                if any(extent.overlaps(d.dc, o, n) for o, n in d.ranges)]

    def group(self, extent):
        return [e for e in self.extents if e is extent or
                (extent.tag and e.tag == extent.tag)]

    def ask(self, extent):
        for member in self.group(extent):
            member.releasing = True
        self.settle()

    def force(self, extent):
        extent.forced = extent.releasing = True
        for device in self.users(extent):
            if device.bound:
                device.dead = True
        self.settle()

    def settle(self):
        self.extents = [e for e in self.extents
                        if not e.releasing or self.users(e)]

    def destroy(self, device):
        del self.devices[device.name]
        for extent in self.extents:
            if extent.claim == device.name:
                extent.claim = None
        self.settle()

    def reload(self):
        """Without the module there are no DAX devices."""
        self.devices = {}
        for extent in self.extents:
            extent.claim = None
        self.settle()

    def free_units(self, dc):
        """How many units an allocation by size can have."""
        total = 0
        for e in self.extents:
            if e.dc == dc and not e.tag and not e.releasing:
                total += e.length - sum(
                    min(o + n, e.offset + e.length) - max(o, e.offset)
                    for d in self.users(e) for o, n in d.ranges
                    if e.overlaps(d.dc, o, n))
        return total // UNIT

    def guest_view(self):
        return sorted((e.dc, e.offset, e.length, e.state, e.tag)
                      for e in self.extents)

    def device_view(self):
        return covered((e.dc, e.offset, e.length, e.tag or "")
                       for e in self.extents if not e.forced)


def covered(extents):
    """{(dc, tag): merged ranges}: a device may list neighbours as one."""
    found = {}
    for dc, offset, length, tag in sorted(extents,
                                          key=lambda e: (e[0], e[3], e[1])):
        ranges = found.setdefault((dc, tag), [])
        if ranges and ranges[-1][1] == offset:
            ranges[-1][1] = offset + length
        else:
            ranges.append([offset, offset + length])
    return found
