# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims with a lease: they end when nobody renews them, and not before"""

import signal
import threading
import time

from etcdtest import Etcd
from fmdtest import TTL, Daemon, World, run_tests
from fmtest import until

A = "aaaaaaaa-0000-4000-8000-000000000001"
LEASE = 5                     # seconds, the least there is
TURN = 2                      # until it is seen and the capacity is back
GRACE = LEASE / 3             # after a gap, for one more try
LIFE = 2.5                    # of a daemon that does not live long


def renew(daemon, claim):
    return daemon.ask("POST", f"/v1/claims/{claim}/renew")


def leased(w, claim=None, host="vm1", size="64M", lease=LEASE):
    return w.bound(claim, host, size, lease=lease)


def stays(w, claim, seconds, what):
    w.checks.that(not until(lambda: w.fmd.try_get(
        f"/v1/claims/{claim}").status == 404 or
        (w.fmd.claim(claim) or {}).get("deleted"), seconds), what,
        w.fmd.claim(claim))


def ends(w, claim, what="it is ended"):
    w.checks.that(w.fmd.is_gone(claim, LEASE + TURN), what,
                  w.fmd.claim(claim))


def number(daemon, name):
    return next(int(line.split()[1]) for line in daemon.try_get(
        "/metrics").text.splitlines() if line.startswith(f"cxl_fmd_{name} "))


def lapsed(daemon):
    return number(daemon, "claims_lapsed_total")


def lapses(w):
    """Not renewed, it ends; as by DELETE, and an event says why"""
    begun = time.monotonic()
    claim, other = leased(w), w.bound(host="vm2")
    ends(w, claim)
    w.checks.that(time.monotonic() - begun >= LEASE, "after its time",
                  time.monotonic() - begun)
    why = [e for e in w.fmd.events() if e.get("object") == claim and
           "lease of 5 s was not renewed" in e["text"]]
    w.checks.equal([(e["kind"], e["data"]["value"]["deleted"],
                     e["data"]["value"]["lapsed"]) for e in why],
                   [("claim", True, True)], "one event says why")
    w.checks.equal(lapsed(w.fmd), 1, "it is counted")
    w.checks.equal(list(w.pool.tags()), [other], "the other one stays")
    w.checks.equal([a[2].get("forced-removal")
                    for a in w.pool.asked("release", claim)], [False],
                   "its host was asked for it")
    w.audited()


def renewed(w):
    """Renewed, it stays: by the call for that, or put again"""
    claim = leased(w)
    before = w.fmd.claim(claim)["revision"]
    told = len([e for e in w.fmd.events() if e.get("object") == claim])
    for turn in range(7):
        time.sleep(1.5)
        if turn % 2:
            answer = w.fmd.put(claim, lease=LEASE)[1]
        else:
            answer = renew(w.fmd, claim)
        w.checks.equal((answer.status, answer.json.get("lease"),
                        answer.json.get("revision")), (200, LEASE, before),
                       "it is as it was")
    w.checks.equal(len([e for e in w.fmd.events()
                        if e.get("object") == claim]), told,
                   "which is no event")
    ends(w, claim, "then it is not renewed any more")
    w.checks.equal(renew(w.fmd, claim).status, 404, "nor can it be")


def changed(w):
    """A lease may be longer or shorter, be given, and be taken away"""
    claim = leased(w, lease=3600)
    w.fmd.put(claim, lease=LEASE)
    ends(w, claim, "shorter")
    claim = w.bound()
    w.fmd.put(claim, lease=LEASE)
    ends(w, claim, "given")
    claim = leased(w)
    w.fmd.put(claim)
    w.checks.that("lease" not in w.fmd.claim(claim), "none any more")
    stays(w, claim, LEASE + TURN, "taken away")
    w.checks.equal(renew(w.fmd, claim).status, 409, "nothing to renew")


def waiting(w):
    """One that was never placed ends, too; one that is ended is not renewed"""
    claim = w.fmd.put(None, None, "400G", lease=LEASE)[0]
    w.comes(claim, "Pending")
    ends(w, claim)
    claim = leased(w)
    w.pool.host(1, "keep")
    w.fmd.delete(claim)
    answer = renew(w.fmd, claim)
    w.checks.equal(answer.status, 409, "who ended it cannot renew it")
    w.checks.that("being released" in answer.text, "it says why", answer)


def stuck(w):
    """What is not given back is Stuck, and forced only by its host's policy"""
    claim = leased(w)
    w.pool.host(1, "keep")
    w.comes(claim, "Stuck", LEASE + TURN + 3)
    answer = renew(w.fmd, claim)
    w.checks.that(answer.status == 409 and "not renewed in time" in
                  answer.text, "it is too late", answer)
    w.policy("vm1", "ask-timeout = 1\nforce-after = 1")
    w.goes(claim)


def down(w):
    """While no daemon is there it does not end, nor at once after that"""
    claim = leased(w)
    time.sleep(LEASE - 2)
    w.fmd.end(signal.SIGKILL)
    time.sleep(LEASE + 1)
    w.begin()
    stays(w, claim, GRACE - .5, "there is time for one more try")
    w.checks.equal(renew(w.fmd, claim).status, 200, "it can be renewed")
    stays(w, claim, LEASE - 1.5, "which counts")
    ends(w, claim)
    w.audited()


def restarts(w, how):
    """Lives that are shorter than the lease"""
    begun, up, lives = time.monotonic(), 0, 1
    claim = leased(w)
    while not until(lambda: not w.fmd.claim(claim), LIFE) and lives < 8:
        up += time.monotonic() - begun
        w.fmd.end(how)
        time.sleep(1)
        begun = time.monotonic()
        w.begin()
        lives += 1
    # At most so long somebody was there
    up += time.monotonic() - begun
    w.checks.that(not w.fmd.claim(claim) and lives > 1,
                  "it ends after several lives", (up, lives))
    w.checks.that(up >= LEASE, "and has its whole time", (up, lives))
    w.audited()


def ended(w):
    """A daemon that ends more often than the lease goes on where it was"""
    restarts(w, signal.SIGTERM)


def killed(w):
    """Nor does one that is killed begin anew each time"""
    restarts(w, signal.SIGKILL)


def kept(w):
    """What is kept is how long nobody renewed it; who does begins anew"""
    claim = leased(w)
    time.sleep(LEASE - 2)
    w.fmd.end()
    w.begin()
    w.checks.equal(renew(w.fmd, claim).status, 200, "it is renewed")
    stays(w, claim, LEASE - 1, "it has its whole time again")
    w.checks.that(w.fmd.is_gone(claim, TURN + 1), "and not more",
                  w.fmd.claim(claim))


def quiet(w):
    """Who renews in good time costs no more writes than that"""
    claim = leased(w, lease=3600)
    time.sleep(1.5)               # its pool is published, a second later
    before = number(w.fmd, "store_writes_total")
    for _ in range(10):
        renew(w.fmd, claim)
        time.sleep(.3)
    w.checks.equal(number(w.fmd, "store_writes_total") - before, 10,
                   "a write each")


def paused(w):
    """Nor while the daemon is stopped, though it goes on as the placer"""
    epoch = w.fmd.list("pools")[0]["epoch"]
    claim = leased(w)
    time.sleep(LEASE - 2)
    w.fmd.kill(signal.SIGSTOP)
    time.sleep(LEASE + 1)
    w.fmd.kill(signal.SIGCONT)
    stays(w, claim, GRACE - .5, "there is time for one more try")
    w.checks.equal(w.fmd.list("pools")[0]["epoch"], epoch,
                   "its own lease did not lapse")
    ends(w, claim)


paused.more = "owner-ttl = 60"


def placer(w):
    """Another placer goes on where the first one was"""
    other = Daemon(w.dir.name, {}, machine="b", store=w.fmd.store,
                   name="other").start()
    w.others.append(other)
    w.checks.that(other.ready(), "another machine")
    claim = leased(w)
    time.sleep(LEASE - 2)
    w.checks.equal(renew(other, claim).status, 200, "any daemon renews it")
    stays(w, claim, LEASE - 1.5, "it has its time")
    w.fmd.end(signal.SIGKILL)
    w.checks.that(until(lambda: other.try_get("/v1/health").json["placer"]),
                  "the other is the placer")
    w.checks.that(not until(lambda: other.claim(claim)["deleted"], GRACE - .5),
                  "there is time for one more try", other.claim(claim))
    w.checks.that(until(lambda: other.claim(claim)["deleted"], LEASE / 4 + 3),
                  "then it is ended", other.claim(claim))
    w.checks.equal(lapsed(other), 1, "by the other")
    w.begin()
    w.goes(claim)
    w.audited()


def quorum(w):
    """Without quorum nobody can renew, and nothing ends"""
    if not Etcd.is_there():
        w.checks.skip("quorum", "no etcd (package etcd-server)")
        return
    claim, gone = leased(w), leased(w, host="vm2")
    time.sleep(LEASE - 2)
    w.etcd.stop()
    time.sleep(2 * TTL)
    w.checks.that(renew(w.fmd, claim).status in (503, 504), "nobody renews")
    time.sleep(LEASE)
    w.etcd.go_on()
    w.checks.that(until(lambda: renew(w.fmd, claim).status == 200, 10),
                  "it can be renewed once that goes on", w.fmd.claim(claim))
    w.checks.that(w.fmd.ready() and w.fmd.owns(), "it goes on")
    w.checks.that(w.fmd.is_gone(gone, LEASE + TURN), "who does not is ended")
    w.checks.equal(renew(w.fmd, claim).status, 200, "who does is not")
    stays(w, claim, LEASE - 1.5, "who renews stays")
    w.audited()


quorum.etcd = True


def many(w):
    """Of many, those end whose consumers are silent, and no other"""
    ended = threading.Event()
    claims = [w.fmd.put(None, f"vm{n % 3 + 1}", "2M", lease=LEASE)[0]
              for n in range(60)]
    kept, refused = set(claims[::2]), []

    def keep():
        while not ended.wait(.5):
            for claim in kept:
                if renew(w.fmd, claim).status != 200:
                    refused.append(claim)
    thread = threading.Thread(target=keep)
    thread.start()
    w.checks.that(until(lambda: {c["uuid"] for c in w.fmd.list("claims")} ==
                        kept, LEASE + 10), "the silent ones end",
                  len(w.fmd.list("claims")))
    time.sleep(LEASE)
    w.checks.equal({c["uuid"] for c in w.fmd.list("claims")}, kept,
                   "and nobody else")
    ended.set()
    thread.join()
    w.checks.equal(refused, [], "who renews is never told that it is too late")
    w.audited()


def foreign(w):
    """Keys beside claims that are nobody's leave, and harm nobody"""
    if not Etcd.is_there():
        w.checks.skip("foreign", "no etcd (package etcd-server)")
        return
    claim = leased(w, A, lease=3600)
    names = ["x", "", "y" * 400, A + "/status", A.replace("a", "b")]
    for name in names:
        w.etcd.put(f"/cxl-dcd/v1/leases/{name}", "nonsense")
    w.etcd.put(f"/cxl-dcd/v1/leases/{A}", "[[[")
    w.checks.that(until(lambda: len(w.etcd.keys("/cxl-dcd/v1/leases/")) <= 2,
                        LEASE + 3), "they leave",
                  w.etcd.keys("/cxl-dcd/v1/leases/"))
    w.checks.equal(w.fmd.phase(claim), "Bound", "the claim stays")
    w.checks.equal(renew(w.fmd, claim).status, 200, "and can be renewed")
    w.fmd.delete(claim)
    w.goes(claim)
    w.checks.that(f"/cxl-dcd/v1/leases/{A}" not in w.etcd.keys(
        "/cxl-dcd/v1/leases/"), "its lease went with it")


foreign.etcd = True


def start(checks, test):
    with_etcd = getattr(test, "etcd", False) and Etcd.is_there()
    world = World(checks, start=False, more=getattr(test, "more", ""))
    if with_etcd:
        world.etcd = Etcd()
        world.others.append(world.etcd)
        world.fmd.store = world.etcd.address
        world.fmd.configure(world.hosts)
    world.begin()
    return world


if __name__ == "__main__":
    import sys
    tests = [lapses, renewed, changed, waiting, stuck, down, ended, killed,
             kept, quiet, paused, placer, quorum, many, foreign]
    run_tests([t for t in tests if t.__name__ in sys.argv[1:]] or tests, start)
