# SPDX-License-Identifier: GPL-2.0-or-later
"""A fleet of three machines whose network, disks and clocks are not good

  FMD_SEED  of the cables that lose what they carry
"""

import base64
import os
import random
import shutil
import sys
import time
import urllib.error

import netns
from fmdtest import MIB
from fmtest import run_tests, until
from netfleet import LOST, TTL, NetFleet

SEED = os.environ.get("FMD_SEED") or str(random.SystemRandom().randrange(
    1 << 32))
JOB = "17171717-1717-4717-8717-171717171717"
PATIENCE = 60                 # seconds for what takes a few


class Bed(NetFleet):
    """With the checks of the tests"""

    def bound(self, claim, asked, host=None, size="64M"):
        claim, answer = self[asked].fmd.put(claim, host, size)
        self.checks.that(answer.status in (200, 201), "it is acknowledged",
                         answer)
        self.comes(claim, "Bound", asked)
        return claim

    def comes(self, claim, phase, asked):
        self.checks.that(self[asked].fmd.is_at(claim, phase, PATIENCE),
                         f"it is {phase}", self[asked].fmd.claim(claim))

    def place(self, claim):
        """The machine where it is; None when that is not one"""
        found = list(self.holders(claim))
        return found[0] if len(found) == 1 else None

    def well(self):
        """All is as it should be again, by itself."""
        self.checks.that(until(lambda: all(m.is_up() for m in self.alive()) and
                               self.all_know_all(), PATIENCE),
                         "all goes on by itself",
                         [m.fmd.told()[-2000:] for m in self.alive()])

    def audited(self, asked="a"):
        """Once all that is on its way has arrived"""
        self.checks.that(until(lambda: not self.audit(self[asked].fmd),
                               PATIENCE), "the audit",
                         "\n".join(self.audit(self[asked].fmd)))

    def refuses(self, name):
        """Until it does: who has just been cut off does not know it yet."""
        def refused():
            return self[name].fmd.put(None, None, "2M")[1].status in (503, 504)
        self.checks.that(until(refused, PATIENCE),
                         f"{name} acknowledges nothing")

    def close(self):
        codes = super().close()
        self.checks.equal(codes, {}, "the daemons end in good order")


def others(name):
    return [n for n in "abc" if n != name]


# --- The network ---

def alone(f, away, cut, join):
    """@away has lost the others: it changes nothing, and knows nothing new"""
    first, second = others(away)
    mine = f.bound(None, away, f"{away}1")
    theirs = f.bound(None, first, f"{first}1")
    anywhere = f.bound(JOB, second, None, "96M")
    asked = len(f[away].pool.asked())
    cut()
    f.refuses(away)
    f.checks.that(until(lambda: f[away].fmd.try_get("/v1/claims").json.get(
        "stale_ms", 0) > 1000, PATIENCE), "its lists say how old they are")
    f.checks.equal(f[away].fmd.try_get("/readyz").status, 503,
                   "it is not ready")
    f.checks.equal(f[away].fmd.try_get("/healthz").status, 200,
                   "but it is healthy")
    f.bound(None, first, f"{second}2", "32M")
    f.comes(mine, "Lost", first)
    f.checks.that(until(lambda: f[first].fmd.phase(JOB) == "Bound" and any(
        n != away for n in f.holders(JOB)), PATIENCE),
        "a claim for any host is at a machine that is heard of",
        f[first].fmd.claim(JOB))
    # To end what it has is a wish; only the others may hear it.
    f[first].fmd.delete(theirs)
    f.checks.that(f[first].fmd.is_gone(theirs, PATIENCE), "the others go on")
    f.checks.that(mine in f[away].pool.tags(), "what is bound stays")
    f.checks.equal(len(f[away].pool.asked()), asked, "who is alone acts not")
    join()
    f.well()
    for claim in (mine, anywhere):
        f.comes(claim, "Bound", away)
    f.audited(away)


def partition(f):
    """A cable is pulled, of one machine after another"""
    for away in random.Random(SEED).sample("abc", 2):
        print(f"# {away}")
        alone(f, away, lambda name=away: f.net.cut(name),
              lambda name=away: f.net.join(name))
        for claim in f["a"].fmd.list("claims"):
            f["a"].fmd.delete(claim["uuid"])
        f.checks.that(until(lambda: not f["a"].fmd.list("claims"), PATIENCE),
                      "all is given back", f["a"].fmd.list("claims"))


def mute(f):
    """What a machine says is not heard, and it hears all"""
    wire = f.net.wires["b"]

    def cut():
        wire.mute = True

    def join():
        wire.mute = False
    alone(f, "b", cut, join)


mute.fleet = {"wires": SEED}


def nobody(f):
    """All cables are pulled: nobody acts; all is as it was, and goes on"""
    claims = [f.bound(None, n, f"{n}1") for n in "abc"]
    before = [len(f[n].pool.asked()) for n in "abc"]
    for name in "abc":
        f.net.cut(name)
    for name in "abc":
        f.refuses(name)
    time.sleep(TTL + LOST)
    f.checks.equal([len(f[n].pool.asked()) for n in "abc"], before,
                   "nobody acts")
    for name in "abc":
        f.net.join(name)
    f.well()
    for claim in claims:
        f.comes(claim, "Bound", "a")
    f.audited()


def lossy(f):
    """A fifth of all frames is lost, the others are late by 200 ms"""
    for wire in f.net.wires.values():
        # There is one at each end of a way.
        wire.loss, wire.delay = 1 - 0.8 ** 0.5, 0.1
    claims, refused = [], 0
    for number in range(9):
        claim, answer = f["abc"[number % 3]].fmd.put(
            None, "abc"[number // 3] + "1" if number % 2 else None, "16M")
        if answer.status == 201:
            claims.append(claim)
        elif answer.status in (503, 504):
            refused += 1
        else:
            f.checks.that(False, "it is taken, or refused for now", answer)
    print(f"# {len(claims)} acknowledged, {refused} not")
    f.checks.that(claims, "some are acknowledged")
    for claim in claims:
        f.checks.that(f["b"].fmd.is_at(claim, "Bound", 3 * PATIENCE),
                      "what is acknowledged is done", f["b"].fmd.claim(claim))
    f.audited("c")
    f.checks.that(sum(w.lost for w in f.net.wires.values()) > 100,
                  "the cables did lose")
    for claim in claims:
        f.checks.that(until(lambda c=claim: f["a"].fmd.delete(c).status in
                            (200, 202, 404), PATIENCE), "it is ended")
    for wire in f.net.wires.values():
        wire.loss = wire.delay = 0
    f.well()
    f.checks.that(until(lambda: not any(c in m.pool.tags() for c in claims
                                        for m in f.alive()), PATIENCE),
                  "and given back")
    f.audited()


# A network as that one wants more patience, of etcd too.
lossy.fleet = {"wires": SEED, "daemon": "owner-ttl = 10\nlost-after = 60\n"
               "retry = 1\n", "options": ("--heartbeat-interval=300",
                                          "--election-timeout=3000")}


# --- Machines ---

def stopped(f):
    """A daemon is stopped for longer than its lease, and goes on"""
    f.bound(JOB, "a", None, "96M")
    where = f.place(JOB)
    asked = others(where)[0]
    named = f.bound(None, asked, f"{where}1", "32M")
    epoch = f[asked].fmd.status(named)["epoch"]
    before = len(f[where].pool.asked())
    f[where].pause()
    f.checks.that(until(lambda: f[asked].fmd.phase(JOB) == "Bound" and
                        len(f.holders(JOB)) == 2, PATIENCE),
                  "its machine counts as gone", f[asked].fmd.claim(JOB))
    f.comes(named, "Lost", asked)
    f.checks.equal(len(f[where].pool.asked()), before, "nobody is there")
    f[where].go_on()
    f.well()
    f.checks.that(until(lambda: f.place(JOB) not in (None, where), PATIENCE),
                  "what was placed anew is given back here", f.holders(JOB))
    f.comes(named, "Bound", asked)
    f.checks.that(f[asked].fmd.status(named)["epoch"] > epoch,
                  "its owner is another: as it was, it may write nothing")
    f.audited(asked)


def dies(f):
    """A machine loses its power, with all that is on it"""
    f.bound(JOB, "a", None, "96M")
    where = f.place(JOB)
    asked = others(where)[0]
    named = f.bound(None, asked, f"{where}1", "32M")
    f[where].power_off(f.net)
    f.checks.that(until(lambda: f[asked].fmd.phase(JOB) == "Bound" and
                        f.place(JOB), PATIENCE), "it is placed anew",
                  f[asked].fmd.claim(JOB))
    f.comes(named, "Lost", asked)
    f.audited(asked)
    f[where].power_on(f.net)
    f.well()
    f.comes(named, "Bound", asked)
    f.checks.that(until(lambda: f.place(JOB) not in (None, where), PATIENCE),
                  "it is not at two places", f.holders(JOB))
    f.audited(asked)


# --- Disks ---

def full(f):
    """The etcd has no room: nothing is acknowledged that is not kept"""
    kept = f.bound(None, "a", "b1")
    value = base64.b64encode(b"x" * (1 << 20)).decode()
    try:
        for _ in range(64):
            f.etcd.ask("/v3/kv/put", {"key": "Zmls", "value": value})
        f.checks.that(False, "it comes to be full")
    except urllib.error.HTTPError as error:
        error.close()
    for name in "abc":
        _, answer = f[name].fmd.put(None, "c1", "2M")
        f.checks.that(answer.status == 507 and "space" in answer.text and
                      "defragment" in answer.text,
                      f"{name} says what to do", answer)
    f.checks.equal([c["uuid"] for c in f["a"].fmd.list("claims")], [kept],
                   "what was acknowledged is told")
    time.sleep(TTL + LOST)
    f.checks.equal(f.holders(kept), {"b": 64 * MIB}, "and stays bound")
    f.etcd.compact()
    for member in range(3):
        f.etcd.ask("/v3/maintenance/defragment", {}, member)
    for alarm in f.etcd.ask("/v3/maintenance/alarm", {"action": "GET"}).get(
            "alarms", []):
        f.etcd.ask("/v3/maintenance/alarm", dict(alarm, action="DEACTIVATE"))
    f.well()
    f.bound(None, "c", "c1", "2M")
    f.comes(kept, "Bound", "a")
    f.audited()


full.fleet = {"options": (f"--quota-backend-bytes={16 * MIB}",)}


TESTS = (partition, mute, nobody, lossy, stopped, dies, full)

if __name__ == "__main__":
    why = netns.inside() or ("" if shutil.which("etcd") else
                             "no etcd (package etcd-server)")
    if why:
        print(f"1..0 # SKIP {why}")
        sys.exit(0)
    print(f"# FMD_SEED={SEED}")
    run_tests([t for t in TESTS if t.__name__ in sys.argv[1:]] or TESTS,
              lambda checks, test: Bed(checks, **getattr(test, "fleet", {})))
