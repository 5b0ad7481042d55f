# SPDX-License-Identifier: GPL-2.0-or-later
"""From power on to capacity in use, and off again: what a first look takes.

The guest's memory is made of the capacity by hand, one command after the other,
as the tutorial has it; its policy service would do most of them by itself.
"""

import time

from steps import GIB, add, create_dax, create_region
from vm import VM

LIMIT = 25
END = 60


class Watch:
    """Seconds between one look and the next."""

    def __init__(self, report):
        self.report, self.start = report, time.monotonic()
        self.last = self.start

    def step(self, name):
        now = time.monotonic()
        self.report.add(f"from power on: {name}", now - self.last, "s")
        self.last = now

    def end(self):
        self.report.add("from power on: all of it", self.last - self.start,
                        "s", None, LIMIT, at_least=False)


def power_on(report):
    print("power-on: boot, region, add, DAX device, system RAM, power off")
    watch = Watch(report)
    with VM([]) as vm:
        watch.step("boot, until ssh answers")
        region = create_region(vm)
        watch.step("region")
        add(vm, region, [(0, GIB)])
        watch.step("add of 1 GiB")
        dax = create_dax(vm, region)
        watch.step("DAX device")
        vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}", 120)
        watch.step("system RAM")
        vm.guest("systemctl poweroff")
        vm.process.wait(END)
        watch.step("power off")
    watch.end()
