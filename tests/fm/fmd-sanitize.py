# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast what left a host is free again: only what is known is counted"""

import signal
import time

from fmdtest import MIB, Daemon, main
from fmtest import until

PREFIX = "cxl_fmd_sanitize"


def counted(daemon):
    """(bytes, seconds)"""
    found = {}
    for line in daemon.try_get("/metrics").text.splitlines():
        if line.startswith(PREFIX):
            name, value = line.split()
            found[name] = float(value)
    return (found["cxl_fmd_sanitized_bytes_total"],
            found["cxl_fmd_sanitize_seconds_total"])


def left(w, *hosts, size="64M"):
    """A claim of each leaves, and is not clean yet; when it began to leave"""
    claims = [w.bound(host=f"vm{h}", size=size) for h in hosts]
    for host in hosts:
        w.pool.host(host, "slow")
    begun = time.monotonic()
    for claim in claims:
        w.fmd.delete(claim)
    w.checks.that(until(lambda: sum(
        e["state"] == "sanitizing" for e in extents(w)) == len(hosts)),
        "it is being sanitized", extents(w))
    return begun


def extents(w):
    pool = w.fmd.list("pools")[0]["uuid"]
    return w.fmd.try_get(f"/v1/pools/{pool}").json["live"]["extents"]


def clean(w, *hosts):
    for host in hosts:
        w.pool.host(host, "clean")
    ended = time.monotonic()
    w.checks.that(until(lambda: not extents(w)), "it is free", extents(w))
    return ended


def timed(w):
    """Bytes, and the time from leaving until free, at most a tenth too long"""
    begun = left(w, 1)
    time.sleep(1.5)
    w.checks.equal(counted(w.fmd), (0, 0), "until it is free, nothing is known")
    took = clean(w, 1) - begun
    w.checks.that(until(lambda: counted(w.fmd)[0]), "it is counted")
    size, seconds = counted(w.fmd)
    w.checks.equal(size, 64 * MIB, "what was sanitized")
    # From the answer to DELETE; the release comes a moment after it.
    w.checks.that(1.5 <= seconds <= took * 1.1 + .1, "and its time",
                  (seconds, took))
    w.audited()


def several(w):
    """Each that leaves is timed for itself"""
    begun = left(w, 1, 2)
    time.sleep(1)
    w.pool.host(1, "clean")
    first = time.monotonic() - begun
    time.sleep(1)
    took = first + clean(w, 2) - begun
    w.checks.that(until(lambda: counted(w.fmd)[0] == 128 * MIB),
                  "both are counted", counted(w.fmd))
    seconds = counted(w.fmd)[1]
    w.checks.that(3 <= seconds <= took * 1.1 + .1, "and the time of each",
                  (seconds, took))


def forced(w):
    """So is what is taken by force"""
    w.policy("vm1", "ask-timeout = 1\nforce-after = 0")
    w.pool.host(1, "keep")
    left(w, 1)
    time.sleep(1.5)
    clean(w, 1)
    w.checks.that(until(lambda: counted(w.fmd)[0] == 64 * MIB), "it is counted")
    seconds = counted(w.fmd)[1]
    w.checks.that(1.5 <= seconds < 2, "without the time that it was asked",
                  seconds)


def fast(w):
    """What was clean at once has no time that is known"""
    for _ in range(3):
        claim = w.bound(host="vm1")
        w.fmd.delete(claim)
        w.goes(claim)
    time.sleep(.5)
    w.checks.equal(counted(w.fmd), (0, 0), "nothing is counted")


def unseen(w):
    """What began while nobody looked does not count, the next one does"""
    left(w, 1)
    w.fmd.end(signal.SIGKILL)
    w.begin()
    w.checks.that(until(lambda: extents(w)), "there it is", extents(w))
    time.sleep(1.2)
    clean(w, 1)
    time.sleep(.3)
    w.checks.equal(counted(w.fmd), (0, 0), "since when is not known")
    left(w, 1)
    time.sleep(1)
    clean(w, 1)
    w.checks.that(until(lambda: counted(w.fmd)[0] == 64 * MIB),
                  "the next one is", counted(w.fmd))


def joins(w):
    """Nor does it count when another leaves beside it, which does"""
    left(w, 1)
    w.fmd.end(signal.SIGKILL)
    w.begin()
    w.checks.that(until(lambda: extents(w)), "one of before")
    claim = w.bound(host="vm2", size="32M")
    w.pool.host(2, "slow")
    w.fmd.delete(claim)
    w.checks.that(until(lambda: len(extents(w)) == 2), "and one of now",
                  extents(w))
    time.sleep(1)
    clean(w, 1, 2)
    time.sleep(.3)
    w.checks.equal(counted(w.fmd)[0], 32 * MIB, "the one that is known")


def other(w):
    """Who does not own the pool counts nothing"""
    second = Daemon(w.dir.name, w.hosts, name="other").start()
    w.others.append(second)
    w.checks.that(second.ready(), "a second daemon")
    left(w, 1)
    time.sleep(1)
    clean(w, 1)
    w.checks.that(until(lambda: counted(w.fmd)[0] == 64 * MIB), "one counts")
    time.sleep(.3)
    w.checks.equal(counted(second), (0, 0), "and not the other")
    second.end()


if __name__ == "__main__":
    main(timed, several, forced, fast, unseen, joins, other)
