# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fmd on one machine: claims from the wish to the end, whatever hosts do"""

import signal
import time

from fmdtest import MIB, Daemon, Pool, main
from fmtest import until

A = "aaaaaaaa-0000-4000-8000-000000000001"


def whole(w):
    """Wish, bound, wish again, delete, gone"""
    claim = w.bound(A)
    w.checks.equal(w.pool.tags(), {A: {1: 64 * MIB}}, "the tag is the claim's")
    _, again = w.fmd.put(A)
    w.checks.equal(again.status, 200, "the same wish again")
    w.checks.equal(w.fmd.put(A, size="128M")[1].status, 409,
                   "another size is refused")
    w.checks.equal(len(w.pool.asked("add")), 1, "it was added once")
    w.checks.equal(w.fmd.delete(claim).status, 202, "deleted")
    w.goes(claim)
    w.checks.equal(w.pool.tags(), {}, "nothing is out")
    w.checks.equal(w.fmd.delete(claim).status, 404, "there is none to delete")
    w.bound(A)
    w.audited()


def wrong(w):
    """What makes no sense is said, and not kept"""
    for body, words in (({}, "bytes"), ({"bytes": -1}, "bytes"),
                        ({"bytes": "64M", "host": "vm9"}, "not known"),
                        ({"bytes": "64M", "hots": "vm1"}, "hots"),
                        ({"bytes": "64M", "host": "vm1", "deleted": True},
                         "delete"),
                        ({"bytes": "64M", "host": "vm1",
                          "selector": {"a": "b"}}, "both"),
                        ({"bytes": "64M", "host": "vm1", "region": 99},
                         "region")):
        answer = w.fmd.ask("PUT", f"/v1/claims/{A}", body)
        w.checks.that(400 <= answer.status < 500 and words in answer.text,
                      f"{body} is refused", answer)
    w.checks.equal(w.fmd.ask("PUT", "/v1/claims/x", {"bytes": 1}).status // 100,
                   4, "no UUID")
    w.checks.equal(w.fmd.list("claims"), [], "none is kept")
    w.fmd.put(A, size=str(MIB))
    w.comes(A, "Pending")
    w.checks.that("multiple" in w.fmd.status(A)["message"],
                  "a part of a block cannot be had", w.fmd.status(A))
    w.checks.equal(w.pool.asked("add"), [], "nothing was asked of the device")


def declined(w):
    """Who takes nothing is asked again, later; who takes half gives it back"""
    w.pool.host(1, "reject")
    w.fmd.put(A)
    w.comes(A, "Declined")
    w.checks.equal(len(w.pool.asked("add")), 1, "asked once so far")
    w.pool.host(1, "accept")
    w.comes(A, "Bound", 15)
    w.pool.host(2, "half")
    give_back = w.fmd.put(None, "vm2")[0]
    w.comes(give_back, "Declined")
    w.checks.equal(w.pool.tags().get(give_back), None,
                   "half of it is of no use")


declined.world = {"more": "retry = 2"}


def silent(w):
    """No answer: the offer stands, and is answered in the end"""
    w.pool.host(1, "silent")
    w.fmd.put(A)
    w.comes(A, "Offering")
    w.comes(A, "Unanswered")
    w.fmd.delete(A)
    time.sleep(1.5)
    w.comes(A, "Unanswered")
    w.checks.equal(w.pool.asked("release"), [], "force is not allowed")
    w.pool.host(1, "accept")
    w.goes(A)
    w.checks.equal(w.pool.tags(), {}, "it was asked for then")


def stuck(w):
    """Not given back: Stuck, and forced only when the policy says so"""
    w.bound(A)
    w.pool.host(1, "keep")
    w.fmd.delete(A)
    w.comes(A, "Releasing")
    w.comes(A, "Stuck")
    w.checks.equal([a[2].get("forced-removal")
                    for a in w.pool.asked("release")], [False],
                   "asked once, without force")
    w.policy("vm1", "ask-timeout = 1\nforce-after = 1")
    w.goes(A)
    w.checks.equal([a[2].get("forced-removal")
                    for a in w.pool.asked("release")], [False, True],
                   "then it was taken")


def asked_again(w):
    """Who did not give it back is asked once more after a while"""
    w.bound(A)
    w.pool.host(1, "keep")
    w.fmd.delete(A)
    w.comes(A, "Stuck")
    w.pool.host(1, "give")
    w.goes(A)
    w.checks.equal([a[2].get("forced-removal")
                    for a in w.pool.asked("release")], [False, False],
                   "asked twice, without force")


asked_again.world = {"more": "retry = 2"}


def withdrawn(w):
    """An offer that nobody answers is withdrawn by force, if that is allowed"""
    w.pool.host(1, "silent")
    w.fmd.put(A)
    w.comes(A, "Offering")
    w.fmd.delete(A)
    w.comes(A, "Unanswered")
    w.checks.that(until(lambda: w.pool.asked("release")), "it is withdrawn")
    w.pool.host(1, "accept")
    w.goes(A)


withdrawn.world = {"keys": "ask-timeout = 1\nforce-after = 1"}


def bounds(w):
    """Never below the minimum, never above the maximum, never more than is"""
    one, two = w.bound(), w.bound()
    w.fmd.delete(one)
    w.fmd.delete(two)
    w.checks.that(until(lambda: sorted([w.fmd.phase(one), w.fmd.phase(two)])
                        == ["", "Stuck"]), "one of two goes, the minimum stays",
                  (w.fmd.claim(one), w.fmd.claim(two)))
    w.audited({1: 64 * MIB})
    over = w.fmd.put(None, "vm1", "256M")[0]
    w.comes(over, "Pending")
    w.checks.that("maximum" in w.fmd.status(over)["message"], "it says why",
                  w.fmd.status(over))
    full = w.fmd.put(None, "vm2", "2G")[0]
    w.comes(full, "Pending")
    w.checks.that("no room" in w.fmd.status(full)["message"], "it says why",
                  w.fmd.status(full))
    w.fmd.delete(full)
    w.goes(full)


bounds.world = {"keys": "ask-timeout = 1\nmin = 64M\nmax = 256M"}


def by_hand(w):
    """What somebody made by hand is shown, and never touched"""
    w.fmd.end()
    w.cxl_fm("add", "32M", "-H", "1", "--wait")
    orphan = "bbbbbbbb-0000-4000-8000-000000000002"
    w.cxl_fm("add", "32M", "-H", "1", "--tag", orphan, "--wait")
    w.begin()
    claim = w.bound()
    w.checks.that(until(lambda: [o["tag"] for o in w.fmd.list("orphans")] ==
                        [orphan]), "the orphan shows", w.fmd.list("orphans"))
    host, = [h for h in w.fmd.list("hosts") if h["name"] == "vm1"]
    w.checks.equal(host["untagged"], 32 * MIB, "what has no tag is told")
    w.fmd.delete(claim)
    w.goes(claim)
    w.checks.equal(sum(sum(a.values()) for a in w.pool.tags().values()),
                   64 * MIB, "both are as they were")


def shared(w):
    """One tag at several hosts, one after the other, and back"""
    claim = w.bound(A, "vm1", "32M", region=1, shared_with=["vm2"])
    w.checks.equal(w.pool.tags(), {A: {1: 32 * MIB, 2: 32 * MIB}}, "both")
    w.fmd.put(A, "vm1", "32M", region=1, shared_with=["vm2", "vm3"])
    w.checks.that(until(lambda: len(w.pool.tags()[A]) == 3), "one more joins",
                  w.pool.tags())
    w.fmd.put(A, "vm1", "32M", region=1, shared_with=["vm3"])
    w.checks.that(until(lambda: sorted(w.pool.tags()[A]) == [1, 3]),
                  "one leaves", w.pool.tags())
    w.comes(A, "Bound")
    w.fmd.delete(claim)
    w.goes(claim)
    w.checks.equal(w.pool.tags(), {}, "nothing is out")
    _, answer = w.fmd.put(A, "vm1", "32M", shared_with=["vm2"])
    w.comes(A, "Pending")
    w.checks.that("sharable" in w.fmd.status(A)["message"],
                  "the other region is not sharable", w.fmd.status(A))


def anywhere(w):
    """Who names no host gets one that will have it"""
    w.pool.host(1, "reject")
    w.pool.host(2, "reject")
    w.fmd.put(A, None, selector={})
    w.comes(A, "Bound")
    w.checks.equal(list(w.pool.tags().get(A, [])), [3], "the third took it")
    w.checks.that(len(w.pool.asked("add", A)) <= 3, "nobody was asked twice",
                  w.pool.asked("add", A))
    nowhere = w.fmd.put(None, None, selector={"colour": "blue"})[0]
    w.comes(nowhere, "Pending")
    w.fmd.delete(nowhere)
    w.goes(nowhere)


def dies(w):
    """What a dead host had waits for it, then is taken back and given anew"""
    claim = w.bound(A)
    w.pool.host(1, "die")
    w.comes(claim, "Lost")
    w.checks.equal(w.pool.tags(), {A: {1: 64 * MIB}}, "it waits for its host")
    w.pool.host(1, "live")
    w.comes(claim, "Bound")
    w.checks.equal(w.pool.asked("reclaim"), [], "it was taken up again")
    w.policy("vm1", "ask-timeout = 1\nreclaim-after = 1")
    w.pool.host(1, "die")
    w.checks.that(until(lambda: not w.pool.tags()), "it is taken back",
                  w.fmd.claim(claim))
    w.comes(claim, "Lost")
    w.pool.host(1, "live")
    w.comes(claim, "Bound")
    w.audited()


def dies_elsewhere(w):
    """A claim for any host is placed anew when its host has died"""
    w.fmd.put(A, None)
    w.comes(A, "Bound")
    first, = w.pool.tags()[A]
    w.pool.host(first, "die")
    w.checks.that(until(lambda: w.fmd.phase(A) == "Bound" and
                        list(w.pool.tags().get(A, [])) not in ([], [first])),
                  "another host has it", w.fmd.claim(A))
    w.audited()


dies_elsewhere.world = {"keys": "ask-timeout = 1\nreclaim-after = 1"}


def dies_dirty(w):
    """What a dead host had given back, and was not clean yet, is nobody's"""
    w.bound(A)
    other = w.bound()
    w.pool.host(1, "slow")
    w.fmd.delete(other)
    w.goes(other)
    host, = [h for h in w.fmd.list("hosts") if h["name"] == "vm1"]
    w.checks.equal(host["untagged"], 0, "it is not told as somebody's")
    w.pool.host(1, "die")
    w.comes(A, "Lost")
    w.checks.that(until(lambda: A not in w.pool.tags()), "A is taken back",
                  w.fmd.claim(A))


dies_dirty.world = dies_elsewhere.world


def dies_with_others(w):
    """Capacity without claim is not taken back with the rest"""
    w.bound(A)
    w.fmd.end()
    w.cxl_fm("add", "32M", "-H", "1", "--wait")
    w.begin()
    w.pool.host(1, "die")
    w.comes(A, "Lost")
    w.checks.that(until(lambda: "by hand" in w.fmd.status(A)["message"]),
                  "it says what to do", w.fmd.status(A))
    w.checks.equal(w.pool.asked("reclaim"), [], "it is left alone")


dies_with_others.world = dies_elsewhere.world


def all_die(w):
    """Nobody is left to tell what the pool has: all is as it was after it"""
    claim = w.bound(A)
    gone = w.bound(host="vm2")
    for host in (1, 2, 3):
        w.pool.host(host, "die")
    w.comes(claim, "Lost")
    w.fmd.delete(gone)
    w.fmd.end()
    w.fmd.start()
    w.checks.that(w.fmd.ready(), "started anew with nobody there")
    time.sleep(1)
    w.checks.that(w.fmd.claim(gone), "what is not known is not forgotten")
    for host in (1, 2, 3):
        w.pool.host(host, "live")
    w.comes(claim, "Bound", 20)
    w.goes(gone, 20)
    w.audited()


def moved(w):
    """The machines are there with another pool: claims are had from that"""
    claim = w.bound(A)
    w.fmd.end()
    old, w.pool = w.pool, Pool((1, 2, 3))
    w.hosts = {f"vm{h}": (w.pool.monitor(h), "ask-timeout = 1")
               for h in (1, 2, 3)}
    w.fmd.configure(w.hosts)
    w.begin()
    w.checks.that(until(lambda: A in w.pool.tags()), "it is in the new one",
                  w.fmd.claim(claim))
    w.comes(claim, "Bound")
    w.checks.equal(len(w.pool.asked("add")), 1, "added once")
    w.checks.equal(old.close(), 0, "the old one ends in good order")
    w.audited()


def breaks(w):
    """Connections break, answers are lost: the device knows what was done"""
    w.pool.host(1, "break")
    w.bound(A)
    w.checks.equal(len(w.pool.asked("add", A)), 1, "added once")
    w.pool.host(1, "break")
    w.fmd.delete(A)
    w.goes(A)


def hangs(w):
    """A monitor that does not answer holds up nobody else"""
    w.bound(A)
    w.pool.host(1, "deaf")
    w.bound(host="vm2")
    w.fmd.delete(A)
    time.sleep(1)
    w.checks.that(w.fmd.claim(A), "what it had is not forgotten")
    w.pool.host(1, "hear")
    w.goes(A, 20)


def heard_before(w):
    """What the daemon before said of a host is not that this one reaches it"""
    w.fmd.end()
    w.fmd.more = "owner-ttl = 60"
    w.fmd.configure(w.hosts)
    w.begin()
    w.checks.that(until(lambda: all(h["alive"] for h in w.fmd.list("hosts"))),
                  "all are reached")
    w.fmd.end(signal.SIGKILL)
    w.pool.host(2, "deaf")
    w.fmd.start()

    def vm2():
        found = w.fmd.try_get("/v1/hosts").json.get("hosts", [])
        return next((h for h in found if h["name"] == "vm2"), None)
    w.checks.that(until(vm2), "it tells of its hosts")
    told = vm2()
    w.checks.that(told["alive"] and not told["reachable"],
                  "and not that it has reached this one", told)
    w.pool.host(2, "hear")
    w.checks.that(until(lambda: vm2()["reachable"], 20), "later it has")


def two(w):
    """Two daemons on one machine: one acts, the other takes over"""
    other = Daemon(w.dir.name, w.hosts, name="other")
    w.others.append(other)
    w.bound(A)
    other.start()
    w.checks.that(other.ready(), "the other is there")
    time.sleep(0.5)
    w.checks.that(not any(p["mine"] for p in other.list("pools")),
                  "the pool is not the other's")
    w.fmd.end()
    w.checks.that(other.owns(), "it takes over", other.told())
    other.delete(A)
    w.checks.that(other.is_gone(A), "and acts")
    other.end()
    w.begin()


def stops(w):
    """SIGTERM in the middle of much, and a start, lose nothing"""
    claims = [w.fmd.put(None, f"vm{n % 3 + 1}", "4M")[0] for n in range(30)]
    w.checks.equal(w.fmd.end(), 0, "it ends in good order")
    w.begin()
    w.checks.that(until(lambda: {c["uuid"] for c in w.fmd.list("claims")
                                 if (c["status"] or {}).get("phase") ==
                                 "Bound"} == set(claims)), "all are bound",
                  w.fmd.list("claims"))
    w.checks.equal(sorted(w.pool.tags()), sorted(claims), "each once")
    w.audited()


if __name__ == "__main__":
    main(whole, wrong, declined, silent, stuck, asked_again, withdrawn, bounds,
         by_hand, shared, anywhere, dies, dies_elsewhere, dies_dirty,
         dies_with_others, all_die, moved, breaks, hangs, heard_before, two,
         stops)
