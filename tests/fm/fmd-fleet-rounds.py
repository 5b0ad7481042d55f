# SPDX-License-Identifier: GPL-2.0-or-later
"""A fleet of three machines through rounds of random trouble, with an audit each.

  FMD_ROUNDS   how many (30)
  FMD_SEED     which ones; printed, so that a failure can be had again
"""

import os
import random
import shutil
import signal
import sys
import time
import uuid

import netns
from fmdtest import MIB, audit
from fmtest import run_tests, until
from netfleet import HOST, KEYS, LOST, TTL, NetFleet

ROUNDS = int(os.environ.get("FMD_ROUNDS", "30"))
SEED = int(os.environ.get("FMD_SEED", str(random.SystemRandom().randrange(
    1 << 32))))
REST = 10                     # rounds between two rests
PATIENCE = 90                 # seconds for a rest
SIZES = ("2M", "8M", "16M", "48M")
POINTS = ("intent-due", "intent-written", "act-due", "act-done", "gone-due")
LEAST = 32 * MIB              # that a1 keeps, whatever happens
NAMES = "abc"


class Rounds:
    def __init__(self, fleet):
        self.f, self.dice = fleet, random.Random(SEED)
        self.live = set()         # acknowledged, and not deleted
        self.deleted = set()      # acknowledged
        self.dead = set()         # hosts, as (machine, number)
        self.faults, self.told = [], []
        self.base = str(uuid.UUID(int=self.dice.getrandbits(128)))
        fleet["a"].fmd.put(self.base, "a1", "32M")
        if not fleet["a"].fmd.is_at(self.base, "Bound"):
            self.faults.append("the first claim is not bound")
        self.live.add(self.base)

    def any_machine(self, **having):
        """One that is up, unless said otherwise; None"""
        good = [m for m in self.f.machines.values()
                if m.up == having.get("up", True)]
        return self.dice.choice(good) if good else None

    # --- What happens ---

    def put(self):
        machine = self.any_machine()
        host = self.dice.choice([None, None, "a1", "a2", "b1", "b2", "c1",
                                 "c2"])
        claim = str(uuid.UUID(int=self.dice.getrandbits(128)))
        size = self.dice.choice(SIZES)
        if not machine:
            return
        try:
            _, answer = machine.fmd.put(claim, host, size)
        except OSError:
            return                # whether it is there is seen in a rest
        if answer.status in (200, 201):
            self.live.add(claim)
        elif answer.status // 100 != 5:
            self.faults.append(f"PUT gave {answer}")

    def delete(self):
        mine, machine = sorted(self.live - {self.base}), self.any_machine()
        if not mine or not machine:
            return
        claim = self.dice.choice(mine)
        self.live.discard(claim)
        try:
            status = machine.fmd.delete(claim).status
        except OSError:
            return
        if status in (200, 202, 204):
            self.deleted.add(claim)
        elif status == 404:
            # It may be behind; that it was lost is seen by the others.
            self.live.add(claim)
        elif status // 100 != 5:
            self.faults.append(f"DELETE of {claim} gives {status}")

    def cut(self):
        self.f.net.cut(self.dice.choice(NAMES))

    def join(self):
        machine = self.any_machine()
        if machine:
            self.f.net.join(machine.name)

    def wire(self):
        wire = self.f.net.wires[self.dice.choice(NAMES)]
        wire.loss = self.dice.choice([0, 0.05, 0.2, 0.5])
        wire.delay = self.dice.choice([0, 0.01, 0.1, 0.3])
        wire.mute = self.dice.random() < 0.2

    def pause(self):
        machine = self.any_machine()
        if machine:
            machine.pause()
            time.sleep(self.dice.choice([0.2, 1, TTL + LOST + 1]))
            machine.go_on()

    def kill(self):
        machine = self.any_machine()
        if machine:
            machine.fmd.end(signal.SIGKILL)
            machine.fmd.start()

    def kill_at(self):
        machine = self.any_machine()
        if machine:
            machine.fmd.end(signal.SIGKILL)
            machine.fmd.start(CXL_FMD_KILL_AT=self.dice.choice(POINTS))
            until(lambda: machine.fmd.child.poll() is not None, TTL)
            machine.fmd.end(signal.SIGKILL)
            machine.fmd.start()

    def power(self):
        """Off, or on again"""
        machine = self.any_machine(up=self.dice.random() < 0.5)
        if machine and machine.up:
            machine.power_off(self.f.net)
            self.dead -= {(machine.name, n) for n in machine.pool.hosts}
        elif machine:
            machine.power_on(self.f.net)

    def etcd_dies(self):
        machine = self.any_machine()
        if machine:
            self.f.etcd.kill(machine.member)
            time.sleep(self.dice.random())
            self.f.etcd.start(machine.member)

    def etcd_hangs(self):
        machine = self.any_machine()
        if machine:
            self.f.etcd.stop(machine.member)
            time.sleep(self.dice.choice([0.5, TTL + 1]))
            self.f.etcd.go_on(machine.member)

    def compact(self):
        try:
            self.f.etcd.compact()
        except OSError:
            pass

    def mood(self):
        machine = self.any_machine()
        if machine:
            machine.pool.host(self.dice.choice([1, 2]), self.dice.choice(
                ["accept", "reject", "silent", "half", "keep", "give", "break",
                 "accept", "give"]))

    def host_dies(self):
        machine = self.any_machine()
        if machine:
            machine.pool.host(2, "live" if (machine.name, 2) in self.dead
                              else "die")
            self.dead ^= {(machine.name, 2)}

    def wait(self):
        time.sleep(self.dice.random() * 2)

    # --- What must hold ---

    def check(self, number):
        """What holds in all that trouble, by the devices themselves"""
        for machine in self.f.alive():
            least = {1: LEAST} if machine.name == "a" else {}
            self.faults += [f"machine {machine.name}: {text}" for text in
                            audit(machine.pool, machine.fmd, least)]
            if machine.fmd.child.poll() is not None:
                self.faults.append(f"cxl-fmd of {machine.name} ended by itself"
                                   f": {machine.fmd.child.returncode}")
        self.faults = [f"round {number}: {text}" for text in self.faults]

    def kept(self):
        """Nothing is lost that was acknowledged, nor wished again."""
        there = {c["uuid"]: c for c in self.f["a"].fmd.list("claims")}
        faults = [f"acknowledged and lost: {c}" for c in sorted(self.live)
                  if c not in there or there[c]["deleted"]]
        return faults + [f"wished again by itself: {c}" for c in
                         sorted(self.deleted)
                         if c in there and not there[c]["deleted"]]

    def settled(self):
        claims = self.f["a"].fmd.list("claims")
        return claims and all(
            not c["deleted"] and
            ((c["status"] or {}).get("phase") == "Bound" or
             "room" in (c["status"] or {}).get("message", ""))
            for c in claims) and not self.f.audit(self.f["a"].fmd)

    def rest(self):
        """All is well for a while: everything comes to be as wished."""
        for machine in self.f.machines.values():
            wire = self.f.net.wires[machine.name]
            wire.loss, wire.delay, wire.mute = 0, 0, False
            if not machine.up:
                machine.power_on(self.f.net)
            self.f.net.join(machine.name)
            for host in machine.pool.hosts:
                if (machine.name, host) in self.dead:
                    machine.pool.host(host, "live")
                machine.pool.host(host, "accept", "give", "hear", "speak")
        self.dead.clear()
        good = until(lambda: all(m.is_up() for m in self.f.alive()) and
                     self.f.all_know_all(), PATIENCE)
        if not good:
            self.faults.append("the machines do not come to be well")
        elif not until(self.settled, PATIENCE):
            self.faults += [f"not as wished after a rest: {c}" for c in
                            self.f["a"].fmd.list("claims")
                            if (c["status"] or {}).get("phase") != "Bound"]
            self.faults += self.f.audit(self.f["a"].fmd)
        self.faults += self.kept()
        self.deleted.clear()
        self.live = {c["uuid"] for c in self.f["a"].fmd.list("claims")
                     if not c["deleted"]}
        # Room for what comes
        for claim in sorted(self.live - {self.base}):
            if self.dice.random() < 0.6 and \
                    self.f["a"].fmd.delete(claim).status in (200, 202):
                self.live.discard(claim)
                self.deleted.add(claim)

    def run(self):
        moves = [self.put] * 8 + [self.delete] * 4 + [self.join] * 2 + [
            self.cut, self.wire, self.pause, self.kill, self.kill_at,
            self.power, self.etcd_dies, self.etcd_hangs, self.compact,
            self.mood, self.mood, self.host_dies, self.wait]
        for number in range(1, ROUNDS + 1):
            for _ in range(self.dice.randint(1, 4)):
                move = self.dice.choice(moves)
                self.told.append(f"{number} {move.__name__}")
                move()
            self.check(number)
            if number % REST == 0 or number == ROUNDS:
                self.rest()
                self.check(number)
            if self.faults or not number % REST or number == ROUNDS:
                self.f.checks.that(not self.faults, f"round {number}", "\n".join(
                    [f"seed {SEED}: {self.told}", *self.faults] +
                    [m.fmd.told()[-6000:] for m in self.f.machines.values()]))
                self.told.clear()
            if self.faults:
                return


class Bed(NetFleet):
    def close(self):
        self.checks.equal(super().close(), {}, "the daemons end in good order")


def rounds(f):
    """Partitions, losses, stops, kills, lost power, moods, and wishes"""
    Rounds(f).run()


if __name__ == "__main__":
    why = netns.inside() or ("" if shutil.which("etcd") else
                             "no etcd (package etcd-server)")
    if why:
        print(f"1..0 # SKIP {why}")
        sys.exit(0)
    print(f"# FMD_SEED={SEED} FMD_ROUNDS={ROUNDS}")
    run_tests([rounds], lambda checks, test: Bed(
        checks, wires=SEED, daemon=KEYS,
        host=f"{HOST}\nreclaim-after = 1\nforce-after = 2"))
