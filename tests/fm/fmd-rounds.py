# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fmd through rounds of random trouble, each with an audit.

  FMD_ROUNDS   how many (50)
  FMD_SEED     which ones; printed, so that a failure can be had again
  FMD_STORE    sqlite (the default) or etcd
"""

import os
import random
import signal
import sys
import time

from etcdtest import Etcd
from fmdtest import MIB, TTL, World, run_tests
from fmtest import until
from lossyline import LossyLine

ROUNDS = int(os.environ.get("FMD_ROUNDS", "50"))
SEED = int(os.environ.get("FMD_SEED", str(random.SystemRandom().randrange(
    1 << 32))))
REST = 12                     # rounds between two rests
LEAST = 64 * MIB              # vm1's minimum; its process never dies
SIZES = ("4M", "16M", "64M", "128M")
POINTS = ("intent-due", "intent-written", "act-due", "act-done", "gone-due")


class Rounds:
    def __init__(self, world, etcd):
        self.w, self.etcd = world, etcd
        self.dice = random.Random(SEED)
        self.live = set()         # acknowledged, and not deleted
        self.maybe = set()        # whose answer did not come
        self.deleted = set()      # acknowledged
        self.dead = set()         # hosts
        self.faults = []
        self.base = world.bound(None, "vm1", "64M")
        self.live.add(self.base)

    # --- What happens ---

    def put(self):
        host = self.dice.choice(["vm1", "vm2", "vm3", None])
        size = self.dice.choice(SIZES)
        claim = f"{self.dice.getrandbits(128):032x}"
        claim = "-".join((claim[:8], claim[8:12], claim[12:16], claim[16:20],
                          claim[20:]))
        try:
            _, answer = self.w.fmd.put(claim, host, size)
        except OSError:
            self.maybe.add(claim)
            return
        if answer.status in (200, 201):
            self.live.add(claim)
        elif answer.status // 100 == 5:
            self.maybe.add(claim)
        else:
            self.faults.append(f"PUT gave {answer}")

    def delete(self):
        mine = sorted(self.live - {self.base})
        if not mine:
            return
        claim = self.dice.choice(mine)
        self.live.discard(claim)
        try:
            status = self.w.fmd.delete(claim).status
        except OSError:
            status = 500
        if status in (200, 202, 204):
            self.deleted.add(claim)
        elif status // 100 == 5:
            self.maybe.add(claim)
        else:
            self.faults.append(f"{claim} was acknowledged, and DELETE gives "
                               f"{status}")

    def kill(self):
        self.w.fmd.end(signal.SIGKILL)
        self.w.fmd.start()

    def kill_at(self):
        self.w.fmd.end(signal.SIGKILL)
        self.w.fmd.start(CXL_FMD_KILL_AT=self.dice.choice(POINTS))
        until(lambda: self.w.fmd.child.poll() is not None, TTL + 1.5)
        self.kill()

    def stop(self):
        self.w.fmd.kill(signal.SIGSTOP)
        time.sleep(self.dice.choice([0.1, TTL + 0.5]))
        self.w.fmd.kill(signal.SIGCONT)

    def term(self):
        code = self.w.fmd.end()
        # One that has just begun has not said yet that it wants to hear it.
        if code not in (0, -signal.SIGTERM):
            self.faults.append(f"SIGTERM: it ended with {code}")
        self.w.fmd.start()

    def mood(self):
        self.w.pool.host(self.dice.choice([1, 2, 3]), self.dice.choice(
            ["accept", "reject", "silent", "half", "keep", "give", "break",
             "accept", "give"]))

    def die(self):
        host = self.dice.choice([2, 3])
        self.w.pool.host(host, "live" if host in self.dead else "die")
        self.dead ^= {host}

    def hang(self):
        host = self.dice.choice([2, 3])
        if host not in self.dead:
            self.w.pool.host(host, "deaf")
            time.sleep(self.dice.random())
            self.w.pool.host(host, "hear")

    def store(self):
        if self.etcd and self.dice.random() < 0.3:
            # What it writes next, or soon, is done, and it does not hear it.
            self.w.line.lose(b"/v3/kv/txn", self.dice.randint(1, 3))
        elif self.etcd:
            self.etcd.trouble(self.dice)

    def wait(self):
        time.sleep(self.dice.random() / 2)

    # --- What must hold ---

    def check(self, number):
        if not self.w.fmd.ready():
            if self.w.fmd.child.poll() is not None:
                self.faults.append(f"it ended by itself: "
                                   f"{self.w.fmd.child.returncode}")
            else:
                self.faults.append("it does not come to be ready")
            return
        there = {c["uuid"]: c for c in self.w.fmd.list("claims")}
        lost = sorted(c for c in self.live if c not in there or
                      there[c]["deleted"])
        if lost:
            self.faults.append(f"acknowledged and lost: {lost}")
        for claim in sorted(self.deleted):
            if claim in there and not there[claim]["deleted"]:
                self.faults.append(f"{claim} is wished again by itself")
        self.faults += self.w.audit({1: LEAST})
        self.faults = [f"round {number}: {f}" for f in self.faults]

    def rest(self):
        """All is well for a while: everything comes to be as wished"""
        for host in (1, 2, 3):
            if host in self.dead:
                self.w.pool.host(host, "live")
            self.w.pool.host(host, "accept", "give", "hear", "speak")
        self.dead.clear()

        def settled():
            there = {c["uuid"]: c for c in self.w.fmd.list("claims")}
            # Those whose answer did not come are wished, or they are not.
            self.live |= {c for c in there if not there[c]["deleted"]}
            return there and all(
                not c["deleted"] and
                (c["status"] or {}).get("phase") == "Bound" or
                "no room" in (c["status"] or {}).get("message", "")
                for c in there.values())
        if not until(settled, 40):
            self.faults += [f"not as wished after a rest: {c}" for c in
                            self.w.fmd.list("claims")
                            if (c["status"] or {}).get("phase") != "Bound"]
        self.maybe.clear()
        self.deleted.clear()
        # Room for what comes
        for claim in sorted(self.live - {self.base}):
            if self.dice.random() < 0.5:
                self.live.discard(claim)
                self.w.fmd.delete(claim)
                self.deleted.add(claim)

    def run(self):
        moves = [self.put] * 6 + [self.delete] * 4 + [
            self.kill, self.kill_at, self.stop, self.term, self.mood,
            self.mood, self.mood, self.die, self.hang, self.wait, self.store]
        for number in range(1, ROUNDS + 1):
            told = []
            for _ in range(self.dice.randint(1, 5)):
                move = self.dice.choice(moves)
                told.append(move.__name__)
                move()
            self.check(number)
            if number % REST == 0 or number == ROUNDS:
                self.rest()
                self.check(number)
            if self.faults or not number % REST:
                self.w.checks.that(not self.faults, f"round {number}",
                                   f"seed {SEED}: {told}\n" +
                                   "\n".join(self.faults) + "\n" +
                                   self.w.fmd.told()[-8000:])
            if self.faults:
                return
        self.history()

    def history(self):
        """Whoever listens hears of each change once, in order"""
        events = [e for e in self.w.fmd.events() if "id" in e]
        ids = [e["id"] for e in events]
        self.w.checks.that(ids and ids == sorted(set(ids)),
                           "events have ids that grow", ids)
        told = [(e["data"]["revision"], e["data"]["key"]) for e in events
                if "revision" in e["data"]]
        self.w.checks.that(len(told) == len(set(told)), "none is told twice",
                           sorted(t for t in told if told.count(t) > 1))
        revisions = [rev for rev, _ in told]
        self.w.checks.that(revisions == sorted(revisions), "in order")
        bound = {c["uuid"] for c in self.w.fmd.list("claims")
                 if (c["status"] or {}).get("phase") == "Bound"}
        heard = {e["object"] for e in events
                 if e["data"].get("key", "").endswith("/status") and
                 e["data"]["value"] and e["data"]["value"]["phase"] == "Bound"}
        self.w.checks.that(bound <= heard or len(events) > 8000,
                           "none is missed", bound - heard)


def rounds(w):
    """Puts, deletes, kills, stops, deaths, moods, and trouble of the store"""
    Rounds(w, w.etcd).run()


def start(checks, test):
    etcd = Etcd(1) if os.environ.get("FMD_STORE") == "etcd" else None
    world = World(checks, keys="ask-timeout = 1\nreclaim-after = 1",
                  more="retry = 1", start=False)
    world.etcd = etcd
    world.hosts["vm1"] = (world.hosts["vm1"][0], "ask-timeout = 1\nmin = 64M")
    world.hosts["vm3"] = (world.hosts["vm3"][0], "ask-timeout = 1\n"
                          "force-after = 1\nreclaim-after = 1")
    if etcd:
        world.line = LossyLine(int(etcd.clients[0].rsplit(":", 1)[1]), b"", 0)
        world.fmd.store = f"etcd:{world.line.url}"
        world.others.append(etcd)
    world.fmd.configure(world.hosts)
    world.begin()
    return world


if __name__ == "__main__":
    print(f"# FMD_SEED={SEED} FMD_ROUNDS={ROUNDS}")
    if os.environ.get("FMD_STORE") == "etcd" and not Etcd.is_there():
        print("1..0 # SKIP no etcd (package etcd-server)")
        sys.exit(0)
    run_tests([rounds], start)
