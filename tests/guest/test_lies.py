# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that lies by lot, and a host that goes on meanwhile.

In each round some faults are drawn, armed and met by operations of both sides
that are drawn, too.  What the host makes of a lie cannot be foretold; but when
the device has become honest and the module is loaded anew, both have to say the
same, and the kernel must not have complained.  CXL_DCD_SEED and CXL_DCD_LIES
choose another run, and how many rounds.
"""

import os
import random
import uuid

from model import UNIT, covered
from qmp import QMPError
from steps import (ADD, MIB, RELEASE, add, create_region, destroy_region,
                   memdev, request, states, wait_released)
from test_faults import clear, fault
from vm import GuestError, poll

BOOT = "suite"
SEED = int(os.environ.get("CXL_DCD_SEED", "20261201"))
ROUNDS = int(os.environ.get("CXL_DCD_LIES", "12"))
SIZE = 2048 * MIB
LATER = "/sys/module/cxl_dcd/parameters/chain_timeout"

EVENTS, CLEAR, POLICY, CONFIG = 0x0100, 0x0101, 0x0103, 0x4800
LIST, ANSWER, RELEASE_OP = 0x4801, 0x4802, 0x4803
ALL = [EVENTS, CLEAR, POLICY, CONFIG, LIST, ANSWER, RELEASE_OP]
EXTENTS = [EVENTS, LIST]
HELD = ("accepted", "releasing")

# Which answers a kind of lie is for, and what else it takes.  A command that is
# never answered ends the mailbox until the next reset: test_trouble.py.
LIES = {
    "return-code": (ALL, lambda dice: {
        "return-code": dice.randrange(0x20),
        "carry-out": bool(dice.getrandbits(1))}),
    "delay": (ALL, lambda dice: {"delay": dice.choice([10, 200, 2500])}),
    "corrupt": ([EVENTS, CONFIG, LIST], lambda dice: {
        "offset": dice.randrange(120),
        "bytes": dice.randbytes(dice.randint(1, 16)).hex()}),
    "length": ([EVENTS, CONFIG, LIST], lambda dice: {
        "length": dice.choice([0, 1, dice.randrange(256), 0xfffff])}),
    "repeat": ([EVENTS, CONFIG, LIST], lambda dice: {}),
    "overlap": (EXTENTS, lambda dice: {}),
    "misalign": (EXTENTS, lambda dice: {}),
    "outside": (EXTENTS, lambda dice: {}),
    "endless": (EXTENTS, lambda dice: {}),
    "unstable": ([LIST], lambda dice: {}),
    "overflow": ([None], lambda dice: {}),
    "lost-interrupt": ([None], lambda dice: {}),
}


class Round:
    """What is drawn, and what was done, for whoever wants to know."""

    def __init__(self, vm, region, dice):
        self.vm, self.region, self.dice, self.said = vm, region, dice, []
        self.armed = 0

    def lie(self):
        kind = self.dice.choice(sorted(LIES))
        opcodes, more = LIES[kind]
        opcode = self.dice.choice(opcodes)
        more = {**more(self.dice), "skip": self.dice.choice([0, 0, 0, 0, 1]),
                "count": self.dice.choice([1, 1, 2, 5])}
        self.said.append(f"{kind} {opcode and hex(opcode)} {more}")
        fault(self.vm, kind, opcode, **more)
        self.armed += 1

    def met(self):
        """How many lies the host has heard; spent ones are listed no more."""
        return self.armed - sum(not f["struck"]
                                for f in self.vm.device()["faults"])

    def capacity(self, command, ranges, **more):
        """Of an operator, who is told when it cannot be."""
        try:
            request(self.vm, command, ranges, **more)
        except QMPError as err:
            self.said.append(f"({err})")

    def offer(self):
        ranges = [(self.dice.randrange(0, SIZE // UNIT - 8) * UNIT,
                   self.dice.randint(1, 8) * UNIT)
                  for _ in range(self.dice.randint(1, 4))]
        tag = self.dice.choice([None, None, str(
            uuid.UUID(int=self.dice.getrandbits(128)))])
        self.capacity(ADD, ranges, tag=tag)

    def release(self, **more):
        """As the device has it, not as the guest says."""
        known = self.vm.device()["extents"]
        if known:
            extent = self.dice.choice(known)
            tag = extent["tag"] if extent["tag"].strip("0-") else None
            self.capacity(RELEASE, [(extent["offset"], extent["len"])],
                          region=extent["region"], tag=tag, **more)

    def force(self):
        self.release(forced_removal=True)

    def guest(self, command):
        """Whatever comes of it, it ends."""
        done = self.vm.guest(f"timeout 60 {command}", 90)
        if done.status in (124, 255):
            raise GuestError(f"'{command}' has no end: {done.text}")

    def look(self):
        self.guest(f"cxl list -r {self.region} -N")

    def use(self):
        self.guest("sh -c 'd=$(daxctl create-device "
                   f"{self.region} -s {4 * MIB} | grep -o dax[0-9.]*) && "
                   "memtest 4 /dev/${d%% *} 1; daxctl disable-device ${d%% *};"
                   "daxctl destroy-device ${d%% *}'")

    def give_back(self):
        self.guest(f"cxl release-extent {self.region} --all")

    def reload(self):
        self.guest("sh -c 'modprobe -r cxl_dcd; modprobe cxl_dcd'")

    STEPS = ["offer"] * 4 + ["release"] * 2 + ["force", "look", "use",
                                               "give_back", "reload"]

    def play(self):
        for _ in range(self.dice.randint(1, 4)):
            self.lie()
        for _ in range(self.dice.randint(4, 8)):
            step = self.dice.choice(self.STEPS)
            self.said.append(step)
            getattr(self, step)()


def device_view(vm):
    return covered((e["region"], e["offset"], e["len"], "")
                   for e in vm.device()["extents"]
                   if e["state"] in HELD)


def guest_view(vm, region):
    return covered((0, o, n, "") for o, n in states(vm, region))


def honest_again(vm, region):
    clear(vm)
    # A command that was late may still be on its way.
    poll(lambda: vm.guest("modprobe -r cxl_dcd && modprobe cxl_dcd").status == 0,
         60, "the module can be loaded anew")
    vm.guest_ok(f"echo 1 > {LATER}")
    poll(lambda: guest_view(vm, region) == device_view(vm), 40,
         "both sides say the same")


def reset_device(vm):
    """As the one who looks after the machine does with a device that is stuck:
    a reset of its bus, and the stock driver sets it up anew."""
    address = vm.guest_ok("basename $(readlink -f /sys/bus/cxl/devices/"
                          f"{memdev(vm)}/../)").strip()
    device = f"/sys/bus/pci/devices/{address}"
    driver = "/sys/bus/pci/drivers/cxl_pci"
    vm.guest_ok(f"echo cxl_bus > {device}/reset_method; "
                f"echo 1 > {device}/reset; echo default > {device}/reset_method;"
                f"echo {address} > {driver}/unbind; "
                f"echo {address} > {driver}/bind; udevadm settle")


def empty(vm, region):
    """For the next round; gives its region.  An offer that was never answered
    stays with the device until that is reset."""
    known = vm.device()["extents"]
    for extent in known:
        if extent["state"] in HELD:
            tag = extent["tag"] if extent["tag"].strip("0-") else None
            request(vm, RELEASE, [(extent["offset"], extent["len"])], tag=tag,
                    region=extent["region"], forced_removal=True)
    poll(lambda: not states(vm, region), 40, "nothing is left in the guest")
    if any(extent["state"] not in HELD for extent in known):
        destroy_region(vm, region)
        reset_device(vm)
        region = create_region(vm)
    wait_released(vm)
    return region


def test_by_lot(vm, check):
    region = create_region(vm)
    before = vm.guest_ok(f"cat {LATER}")
    dice = random.Random(SEED)
    print(f"# seed {SEED}, {ROUNDS} rounds", flush=True)
    vm.guest_ok(f"echo 1 > {LATER}")
    heard = 0
    for number in range(ROUNDS):
        turn = Round(vm, region, dice)
        try:
            turn.play()
            heard += turn.met()
            honest_again(vm, region)
            region = empty(vm, region)
        except (GuestError, QMPError) as err:
            clear(vm)
            raise GuestError(
                f"seed {SEED}, round {number}: {err}\n" +
                "\n".join(turn.said) +
                f"\nguest  {guest_view(vm, region)}"
                f"\ndevice {vm.device()['extents']}") from None
    check.that(True, f"{ROUNDS} rounds, seed {SEED}: both sides say the same "
               "when the lies are over")
    check.that(heard >= ROUNDS // 2, f"the host has heard {heard} lies")
    add(vm, region, [(0, 64 * MIB)])
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    vm.guest_ok(f"echo {before} > {LATER}")
    destroy_region(vm, region)
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    check.equal(vm.kernel_complaints(), [], "the kernel log is clean")
