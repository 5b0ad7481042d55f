# SPDX-License-Identifier: GPL-2.0-or-later
"""One device takes its time for each command: the other one does not wait."""

import statistics
import time

from load import Load as LoadBase
from qmp import QMPError
from steps import (ADD, MIB, RELEASE, create_region, dax_region,
                   destroy_region, request, states, wait_released, wait_shown)
from vm import poll

BOOT = "two-devices"
SLOW, QUICK = "cxl-mem1", "cxl-mem0"
PATH = f"/machine/peripheral/{SLOW}"
PART = (64 * MIB, 64 * MIB)
EVENTS, ANSWER, GIVE_BACK = 0x0100, 0x4802, 0x4803
# Below the two seconds after which the stock driver gives a command up.
DELAY = 1500
ROUNDS = 8
# What the rest of the machine adds is in the first measurement as well. But the
# stock driver keeps a processor busy while it waits for the slow one, and who
# needs that one, or a grace period, waits as long as one command takes.
SLACK, TIMES = 1.0 + DELAY / 1000, 4


class Load(LoadBase):
    PAUSE = 0.2

    def once(self):
        for command in ADD, RELEASE:
            self.ask(command, PATH, PART)


def struck(vm):
    """How often the slow device was slow."""
    return sum(f["struck"] for f in
               vm.qmp.call("query-cxl-dynamic-capacity", {"path": PATH})
               [0]["faults"])


def timed(times, name, function):
    start = time.monotonic()
    value = function()
    times.setdefault(name, []).append(time.monotonic() - start)
    return value


def use(vm, region):
    """What a user and a fabric manager do with a device; {what: seconds}."""
    files = (f"cat {dax_region(region)}/available_size "
             f"{dax_region(region)}/create /sys/bus/cxl/devices/{region}/mode")
    times = {}
    for _ in range(ROUNDS):
        request(vm, ADD, [PART], QUICK)
        timed(times, "an offer", lambda: poll(
            lambda: (0, *PART, "accepted") in vm.extents(QUICK), 60,
            "it is accepted", 0.05))
        timed(times, "its files", lambda: vm.guest_ok(files))
        timed(times, "its list", lambda: vm.guest_ok(f"cxl list -r {region} -N"))
        request(vm, RELEASE, [PART], QUICK)
        timed(times, "a release", lambda: poll(
            lambda: not vm.extents(QUICK), 60, "it is given back", 0.05))
    for _ in range(3):
        timed(times, "its end",
              lambda: vm.guest_ok(f"cxl disable-region {region}"))
        timed(times, "its beginning",
              lambda: vm.guest_ok(f"cxl enable-region {region}"))
    return times


def test_other_device(vm, check):
    quick = create_region(vm, device=QUICK)
    slow = create_region(vm, device=SLOW)
    before = use(vm, quick)
    for opcode in EVENTS, ANSWER, GIVE_BACK:
        vm.qmp.call("cxl-dcd-fault", {"path": PATH, "kind": "delay",
                                      "opcode": opcode, "delay": DELAY,
                                      "count": 0})
    with Load(vm.qmp_path) as load:
        poll(lambda: struck(vm) > 1, 60, "the device is slow")
        first = struck(vm)
        start = time.monotonic()
        after = use(vm, quick)
        seconds = time.monotonic() - start
        waits = struck(vm) - first
    check.that(load.sent and not load.error, "there was load", load.error)
    check.that(waits * DELAY / 1000 > seconds / 3,
               f"the slow one was about {waits} commands in {seconds:.0f} s")
    for what, quiet in before.items():
        was, now = statistics.median(quiet), statistics.median(after[what])
        check.that(now < was * TIMES + SLACK,
                   f"{what} of the other: {was:.2f} s, and now {now:.2f} s, "
                   f"at most {max(after[what]):.2f} s")
    vm.qmp.call("cxl-dcd-fault-clear", {"path": PATH})
    wait_shown(vm, quick, [])
    request_back(vm)
    wait_released(vm, SLOW)
    check.equal(states(vm, slow), {}, "the slow one is in order again")
    for region in quick, slow:
        destroy_region(vm, region)


def request_back(vm):
    """Ask for what the slow one has, when it has answered all offers."""
    poll(lambda: "pending" not in [e[-1] for e in vm.extents(SLOW)], 60,
         "the last offer is answered", 0.05)
    try:
        request(vm, RELEASE, [PART], SLOW)
    except QMPError:
        pass                                # it is back already
