# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fmd on etcd: without quorum, with members that die, on two machines"""

import base64
import signal
import sys
import tempfile
import time

from etcdtest import Etcd
from fmdtest import MIB, TTL, Daemon, Pool, World, audit, run_tests
from fmtest import until
from lossyline import LossyLine, coded

A = "aaaaaaaa-0000-4000-8000-000000000001"


def quorum(w):
    """No quorum: wishes are refused, reads are old, what is bound stays"""
    claim = w.bound(A)
    w.etcd.stop()
    _, answer = w.fmd.put(None, "vm2")
    w.checks.that(answer.status in (503, 504), "nothing is acknowledged",
                  answer)
    w.checks.that(until(lambda: w.fmd.try_get("/v1/claims").json.get(
        "stale_ms", 0) > 1000), "reads say how old they are")
    w.checks.equal(w.fmd.try_get("/readyz").status, 503, "it is not ready")
    w.checks.equal(w.fmd.try_get("/healthz").status, 200, "but it is healthy")
    w.checks.equal([c["uuid"] for c in w.fmd.list("claims")], [claim],
                   "and still tell what was")
    w.checks.equal(w.fmd.list("pools")[0]["uuid"] != "", True, "pools, too")
    time.sleep(2 * TTL)
    w.checks.equal(w.pool.tags(), {A: {1: 64 * MIB}}, "what is bound stays")
    before = len(w.pool.asked())
    w.pool.host(2, "die")
    time.sleep(1)
    w.checks.equal(len(w.pool.asked()), before, "nobody acts")
    w.pool.host(2, "live")
    w.etcd.go_on()
    w.checks.that(w.fmd.ready(), "it goes on by itself")
    w.bound(host="vm2")
    w.fmd.delete(claim)
    w.goes(claim)
    w.audited()


def dies(w):
    """etcd is killed, and comes back"""
    claim = w.bound(A)
    w.etcd.kill()
    time.sleep(TTL + 1)
    w.etcd.start(0)
    w.checks.that(w.fmd.ready() and w.fmd.owns(), "it goes on by itself",
                  w.fmd.told())
    w.checks.equal(w.pool.tags(), {A: {1: 64 * MIB}}, "as it was")
    w.fmd.delete(claim)
    w.goes(claim)


def late(w):
    """The daemon is there before etcd is"""
    w.fmd.end()
    w.etcd.kill()
    w.fmd.start()
    time.sleep(1.5)
    w.checks.equal(w.fmd.try_get("/readyz").status, 503, "it waits")
    w.etcd.start(0)
    w.checks.that(w.fmd.ready(), "and goes on")
    w.bound()


def compacted(w):
    """What happened while it slept is not in the history any more"""
    old = w.bound(A)
    other = Daemon(w.dir.name, {}, machine="other", store=w.etcd.address,
                   name="other").start()
    w.others.append(other)
    w.checks.that(other.ready(), "another one")
    w.fmd.kill(signal.SIGSTOP)
    new = other.put(None, "vm2")[0]
    other.delete(old)
    w.etcd.compact()
    w.fmd.kill(signal.SIGCONT)
    w.goes(old)
    w.comes(new, "Bound")
    w.audited()


def members(w):
    """Of three members one may die; of two that are left none"""
    claim = w.bound(A)
    w.etcd.kill(0)
    w.checks.that(until(lambda: w.fmd.put(claim)[1].status == 200, 20),
                  "two are enough")
    w.bound(host="vm2")
    w.etcd.kill(1)
    status = w.fmd.put(None, "vm3")[1].status
    w.checks.that(status in (503, 504), "one is not", status)
    w.etcd.start(0)
    w.checks.that(until(lambda: w.fmd.ready() and w.fmd.owns(), 20),
                  "two again")
    w.bound(host="vm3")
    w.audited()


members.members = 3


def silent(w):
    """The member that it listens to is stopped: its line stays, and is still"""
    w.etcd.stop(0)
    w.checks.that(until(lambda: w.fmd.put(A, "vm2")[1].status in (200, 201),
                        30), "another member is asked", w.fmd.told())
    w.checks.that(w.fmd.is_at(A, "Bound", 15), "and listened to",
                  w.fmd.claim(A))
    w.etcd.go_on(0)
    w.audited()


silent.members = 3


def put_of(key):
    """Bytes of a request that writes such a key"""
    return b'"request_put":{"key":"' + coded(key)


def lost_answers(w):
    """It did what it asked for, and does not hear it: it finds out"""
    line = LossyLine(int(w.etcd.clients[0].rsplit(":", 1)[1]),
                     put_of("/cxl-dcd/v1/placer"))
    w.fmd.end()
    w.fmd.store = f"etcd:{line.url}"
    w.fmd.configure(w.hosts)
    w.begin()
    w.bound(A, None)
    w.checks.equal(line.lost, 1, "that it was elected was lost; it places")
    for times in (1, 2):
        line.lose(put_of("/cxl-dcd/v1/claims"), times)
        claim, answer = w.fmd.put(None, "vm2", "2M")
        w.checks.that(answer.status in (200, 201, 503, 504), "of a claim that "
                      "is kept nobody is told that it is another's", answer)
        w.comes(claim, "Bound")
        line.lose(put_of("/cxl-dcd/v1/claims"), times)
        answer = w.fmd.delete(claim)
        w.checks.that(answer.status in (200, 202, 404, 503, 504),
                      "nor when it is ended", answer)
        w.goes(claim)
    w.checks.that(line.lost > 4, "answers were lost", line.lost)
    w.audited()
    w.fmd.end()
    line.close()
    w.fmd.store = w.etcd.address
    w.fmd.configure(w.hosts)
    w.begin()


def machine(w):
    """A machine dies with its pool: what may be anywhere is placed anew"""
    far = tempfile.TemporaryDirectory(prefix="fmd-b-")
    pool = Pool((1, 2))
    other = Daemon(far.name, {"vmb": (pool.monitor(1), "label.far = yes")},
                   machine="b", store=w.etcd.address,
                   more="lost-after = 2").start()
    w.others.append(other)
    w.checks.that(other.ready() and other.owns(), "two machines, two pools")
    any_host = w.fmd.put(A, None, "960M")[0]
    w.checks.that(until(lambda: other.phase(any_host) == "Bound"), "bound",
                  other.claim(any_host))
    here = A in w.pool.tags()
    named = w.bound(host="vm2", size="4M")
    dead, alive = (w.fmd, other) if here else (other, w.fmd)
    left = pool if here else w.pool
    dead.end(signal.SIGKILL)
    w.checks.that(until(lambda: alive.phase(any_host) == "Bound" and
                        A in left.tags(), 20), "it is on the other machine",
                  alive.claim(any_host))
    if here:
        w.checks.that(alive.is_at(named, "Lost"), "one for a host there is "
                      "Lost", alive.claim(named))
    w.checks.that(alive.try_get("/v1/health").json["placer"],
                  "who is left is the placer")
    # It was only the daemon: what is at two places is asked back at the first.
    dead.start()
    w.checks.that(until(lambda: A not in (w.pool if here else pool).tags(),
                        20), "the old one gives it back", dead.told())
    w.checks.that(A in left.tags(), "the new one keeps it")
    w.checks.that(dead.is_at(named, "Bound"), "and the other is bound",
                  dead.claim(named))
    w.checks.equal(audit(pool, alive) + audit(w.pool, alive), [], "the audit")
    other.end()
    w.checks.equal(pool.close(), 0, "the other pool ends in good order")
    far.cleanup()


def lease_of(etcd, key):
    found = etcd.ask("/v3/kv/range", {"key": base64.b64encode(
        key.encode()).decode()})
    return found["kvs"][0]["lease"]


def pressure(w):
    """What another daemon tells of its hosts' pressure is read with care"""
    other = Daemon(w.dir.name, {}, machine="b", store=w.etcd.address,
                   name="b").start()
    w.others.append(other)
    w.checks.that(other.ready(), "another machine")
    uuid = next(h["uuid"] for h in w.fmd.list("hosts") if h["name"] == "vm1")
    key = f"/cxl-dcd/v1/pressures/{uuid}"
    lease = lease_of(w.etcd, f"/cxl-dcd/v1/hosts/{uuid}/alive")

    def now():
        return {h["name"]: h["pressure_now"] for h in other.list("hosts")}

    def metrics():
        return [line for line in other.try_get("/metrics").text.splitlines()
                if line.startswith("cxl_fmd_host_pressure_percent{")]

    def told(value, lease=lease, key=key):
        """Its writing is seen: a mark that makes sense is written after it."""
        code = lambda text: base64.b64encode(text).decode()
        w.etcd.ask("/v3/kv/put", {"key": code(key.encode()),
                                  "value": code(value), "lease": lease})

    def good(number):
        told(b'{"v":1,"percent":%d}' % number)
        return w.checks.that(until(lambda: now()["vm1"] == number),
                             "what makes sense is shown", now())

    for number, value in enumerate((
            b"", b"null", b"7", b'"7"', b"[]", b"{", b"{}",
            b'{"v":1}', b'{"v":2,"percent":7}', b'{"v":1,"percent":"7"}',
            b'{"v":1,"percent":-0.5}', b'{"v":1,"percent":101}',
            b'{"v":1,"percent":1e300}', b'{"v":1,"percent":1e999}',
            b'{"v":1,"percent":-1e999}', b'{"v":1,"percent":NaN}',
            b'{"v":1,"percent":Infinity}', b'{"v":1,"percent":null}',
            b'{"v":1,"percent":true}', b'{"v":1,"percent":[7]}',
            b'{"v":1,"percent":{"a":7}}', b'{"v":1,"percent":7,"more":1}',
            b'{"v":1,"percent":99999999999999999999999}', b"[" * 5000)):
        good(number)
        told(value)
        w.checks.that(until(lambda: now()["vm1"] is None), f"{value[:40]} is "
                      "no pressure", now())
        w.checks.equal(metrics(), [], "nor for Prometheus")
    good(8)
    told(b"\xff\x00\xfe")
    w.bound(host="vm2", size="2M")
    w.checks.equal(now()["vm1"], 8, "what is no text is not in the copy")
    told(b'{"v":1,"percent":9}', 0)
    w.checks.that(until(lambda: now()["vm1"] is None), "of no lease it may be "
                  "of any age", now())
    good(10)
    before = metrics()
    for where in ("", "vm1", "x" * 400, "00000000-0000-0000-0000-000000000000",
                  A, uuid + "/more", uuid.upper()):
        told(b'{"v":1,"percent":9}', key=f"/cxl-dcd/v1/pressures/{where}")
    good(11)
    w.checks.equal([line.replace(" 11.", " 10.") for line in metrics()],
                   before, "a key that makes no sense is nobody's")
    w.checks.equal(len(before), 1, "each host has one line")
    w.fmd.kill(signal.SIGSTOP)
    w.checks.that(until(lambda: now()["vm1"] is None), "it goes with the lease "
                  "of its daemon", now())
    w.fmd.kill(signal.SIGCONT)
    w.checks.that(w.fmd.owns(), "which lives")
    w.bound(A)
    w.checks.that(until(lambda: {h["name"]: h["alive"] is not None for h in
                                 other.list("hosts")}["vm1"]), "again")
    w.etcd.stop()
    w.checks.that(until(lambda: now()["vm1"] is None), "what is old is not "
                  "shown", now())
    w.etcd.go_on()
    w.checks.that(w.fmd.ready(), "it goes on")
    w.audited()


def start(checks, test):
    etcd = Etcd(getattr(test, "members", 1))
    world = World(checks, start=False, more="lost-after = 2")
    world.etcd = etcd
    world.fmd.store = etcd.address
    world.fmd.configure(world.hosts)
    world.others.append(etcd)
    world.begin()
    return world


if __name__ == "__main__":
    if not Etcd.is_there():
        print("1..0 # SKIP no etcd (package etcd-server)")
        sys.exit(0)
    tests = [quorum, dies, late, compacted, members, silent, lost_answers,
             machine, pressure]
    run_tests([t for t in tests if t.__name__ in sys.argv[1:]] or tests, start)
