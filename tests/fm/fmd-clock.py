# SPDX-License-Identifier: GPL-2.0-or-later
"""Wall clocks that jump, and that are not the same: nothing is decided by them

  CLOCK_JUMP_LIBRARY  tests/fm/clock-jump.c
"""

import os
import time

from fmdtest import MIB, TTL, Daemon, main
from fmtest import until

A = "aaaaaaaa-0000-4000-8000-000000000001"
DAY = 24 * 3600


def jump(w, seconds):
    with open(f"{w.dir.name}/ahead", "w", encoding="ascii") as file:
        file.write(f"{seconds}\n")


def begin(w, seconds=0):
    """The daemon again, with a clock of its own"""
    jump(w, seconds)
    w.fmd.end()
    w.begin(LD_PRELOAD=os.environ["CLOCK_JUMP_LIBRARY"],
            CLOCK_JUMP=f"{w.dir.name}/ahead")


def jumps(w):
    """A day ahead, a month back, and right again"""
    begin(w)
    claim = w.bound(A)
    epoch = w.fmd.list("pools")[0]["epoch"]
    told = len(w.fmd.events())
    for seconds in (DAY, -30 * DAY, 0):
        jump(w, seconds)
        new = w.bound(host="vm2", size="2M")
        since = w.fmd.status(new)["since"] / 1000
        w.checks.that(abs(since - time.time() - seconds) < 3600,
                      "its clock is another", (since, seconds))
        time.sleep(2 * TTL)
        w.checks.equal(w.fmd.list("pools")[0]["epoch"], epoch,
                       "its lease did not lapse")
        w.checks.equal(w.fmd.phase(claim), "Bound", "what is bound stays")
        w.fmd.delete(new)
        w.goes(new)
    ids = [e["id"] for e in w.fmd.events() if "id" in e]
    w.checks.that(len(ids) > told and ids == sorted(set(ids)),
                  "events keep their order", ids)
    w.audited()


def died(w):
    """Time that a host was dead is not told by the wall clock"""
    w.policy("vm2", "ask-timeout = 1\nreclaim-after = 3600")
    begin(w)
    claim = w.bound(A, "vm2")
    w.pool.host(2, "die")
    w.comes(claim, "Lost")
    jump(w, DAY)
    time.sleep(2 * TTL)
    w.checks.equal(w.pool.tags(), {A: {2: 64 * MIB}},
                   "an hour has not passed by a jump of a day")
    w.pool.host(2, "live")
    w.comes(claim, "Bound")
    w.audited()


def disagree(w):
    """Two daemons, a day apart: one acts, and the other waits for its end"""
    begin(w, -DAY)
    claim = w.bound(A)
    epoch = w.fmd.list("pools")[0]["epoch"]
    other = Daemon(w.dir.name, w.hosts, name="other")
    w.others.append(other)
    other.start()
    w.checks.that(other.ready(), "the other is there")
    time.sleep(3 * TTL)
    w.checks.that(not any(p["mine"] for p in other.list("pools")),
                  "it does not think that the first has been silent")
    w.checks.equal(w.fmd.list("pools")[0]["epoch"], epoch,
                   "which keeps its pool")
    w.fmd.delete(claim)
    w.goes(claim)
    w.fmd.end()
    w.checks.that(until(other.owns), "it takes over when that has ended",
                  other.told())
    claim, _ = other.put(None, "vm3", "2M")
    w.checks.that(other.is_at(claim, "Bound"), "and works")
    other.end()
    w.begin()
    w.audited()


def leased(w):
    """A consumer's lease is as long as it is, whatever the clock says"""
    begin(w)
    claim = w.bound(A, lease=6)
    begun = time.monotonic()
    for seconds in (DAY, -30 * DAY, 0, 365 * DAY):
        jump(w, seconds)
        time.sleep(1)
        w.checks.equal(w.fmd.phase(claim), "Bound", "it is not over")
    w.checks.that(w.fmd.is_gone(claim, 5), "then it is", w.fmd.claim(claim))
    w.checks.that(time.monotonic() - begun >= 6, "after its time",
                  time.monotonic() - begun)
    w.audited()


if __name__ == "__main__":
    main(jumps, died, disagree, leased)
