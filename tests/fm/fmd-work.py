# SPDX-License-Identifier: GPL-2.0-or-later
"""What one change costs does not grow with the fleet: work, counted

Many pools and claims in one daemon; its own counters say how often it looked,
and at how much. And it ends at once, however much there is.
"""

import signal
import socket
import tempfile
import time
import uuid

from fmdtest import Daemon, Pool, run_tests
from fmtest import until

POOLS, EACH, CLAIMS = 12, 3, 20
MIB = 256
ANSWER = 2                    # seconds that a monitor has to answer


class Many:
    """Several pools of one machine; nothing is looked at but when told"""

    def __init__(self, checks, test):
        self.checks = checks
        self.dir = tempfile.TemporaryDirectory(prefix="fmd-")
        pools, each = getattr(test, "size", (POOLS, EACH))
        self.pools = [Pool(tuple(range(1, 1 + each)), MIB)
                      for _ in range(pools)]
        self.hosts = {f"p{n}h{h}": (pool.monitor(h), "")
                      for n, pool in enumerate(self.pools)
                      for h in pool.hosts}
        self.fmd = Daemon(self.dir.name, self.hosts,
                          more="pass = 600\nowner-ttl = 30")
        self.silent = []

    def begin(self):
        self.fmd.start()
        self.checks.that(until(lambda: len(self.fmd.list("pools")) ==
                               len(self.pools) and
                               all(p["mine"] for p in self.fmd.list("pools")),
                               60), "it has all pools")

    def number(self, name):
        return next(int(line.split()[1]) for line in
                    self.fmd.try_get("/metrics").text.splitlines()
                    if line.startswith(f"cxl_fmd_{name} "))

    def counted(self):
        """(looks at pools, claims looked at), once nothing moves any more"""
        last = None
        while last != (now := (self.number("passes_total"),
                               self.number("claims_looked_at_total"))):
            last = now
            time.sleep(1.3)       # a pool is published once a second
        return now

    def claims(self, count, pool, size="2M", **more):
        """Claims that are put, for the hosts of a pool in turn"""
        found = []
        for n in range(count):
            claim = str(uuid.uuid4())
            answer = self.fmd.ask("PUT", f"/v1/claims/{claim}", dict(
                more, host=f"p{pool}h{n % EACH + 1}", bytes=size))
            self.checks.equal(answer.status, 201, "it is put")
            found.append(claim)
        return found

    def bound(self, count):
        line = f'cxl_fmd_claims{{phase="Bound"}} {count}'
        self.checks.that(until(lambda: line in self.fmd.try_get(
            "/metrics").text, 60), f"{count} are bound")

    def ends(self, limit):
        begun = time.monotonic()
        code = self.fmd.end(signal.SIGTERM)
        took = time.monotonic() - begun
        self.checks.equal(code, 0, "it ends in good order")
        self.checks.that(took < limit, "at once", took)

    def close(self):
        self.fmd.end(signal.SIGKILL)
        for pool in self.pools:
            pool.close()
        for s in self.silent:
            s.close()
        self.dir.cleanup()


def own(w):
    """A claim is looked at by its pool, and by no other"""
    w.begin()
    for pool in range(POOLS):
        w.claims(CLAIMS, pool)
    w.bound(POOLS * CLAIMS)
    looks, looked = w.counted()
    w.claims(CLAIMS, 0)
    w.bound((POOLS + 1) * CLAIMS)
    looks, looked = [b - a for a, b in zip((looks, looked), w.counted())]
    # It is placed, offered, taken; each is written, and heard of. What comes
    # together is looked at once.
    w.checks.that(0 < looks <= 3 * CLAIMS,
                  "a pool looks, and not all of them", looks)
    w.checks.that(looked <= looks * 2 * CLAIMS, "at its own claims",
                  (looked, looks))


def writes(w):
    """From the wish to the capacity the disk is written three times"""
    w.begin()
    w.counted()
    before, begun = w.number("store_writes_total"), time.monotonic()
    for _ in range(CLAIMS):
        claim, = w.claims(1, 0)
        w.checks.that(w.fmd.is_at(claim, "Bound"), "it is bound")
    # The wish, what will be done, what came of it; and a pool's sizes, which
    # are told once a second.
    most = 3 * CLAIMS + time.monotonic() - begun + 2
    found = w.number("store_writes_total") - before
    w.checks.that(3 * CLAIMS <= found <= most, "three for each claim", found)


writes.size = (1, 3)


def leases(w):
    """Who renews a lease wakes nobody"""
    w.begin()
    claim, = w.claims(1, 0, lease=3600)
    w.bound(1)
    before = w.counted()
    for _ in range(30):
        w.checks.equal(w.fmd.ask("POST", f"/v1/claims/{claim}/renew").status,
                       200, "it is renewed")
    w.checks.equal(w.counted(), before, "no pool looks")


def any_host(w):
    """One for any host is looked at where it is placed"""
    w.begin()
    before = w.counted()[0]
    claim = str(uuid.uuid4())
    w.fmd.ask("PUT", f"/v1/claims/{claim}", {"bytes": "2M"})
    w.bound(1)
    w.checks.that(w.counted()[0] - before <= 12, "by one pool",
                  w.counted()[0] - before)


def ended(w):
    """One that ends is looked at, too, and goes"""
    w.begin()
    claim, = w.claims(1, 1)
    w.bound(1)
    w.fmd.ask("DELETE", f"/v1/claims/{claim}")
    w.checks.that(w.fmd.is_gone(claim), "it is gone")


def ends_in_the_middle(w):
    """Many monitors that do not answer: each thread ends after one of them"""
    w.begin()
    for n, pool in enumerate(w.pools):
        for host in pool.hosts:
            pool.host(host, "deaf")
        w.claims(1, n)
    time.sleep(.3)
    w.ends(3 * ANSWER)


ends_in_the_middle.size = (3, 7)


def ends_before_it_began(w):
    """Nor does it reach all hosts first that it has not reached yet"""
    for n in range(60):
        s = socket.socket(socket.AF_UNIX)
        s.bind(f"{w.dir.name}/silent{n}")
        s.listen()
        w.silent.append(s)
        w.hosts[f"silent{n}"] = (f"qmp:{w.dir.name}/silent{n}", "")
    w.fmd.configure(w.hosts)
    w.fmd.start()
    w.checks.that(w.fmd.ready(), "it is there")
    w.checks.that(until(lambda: len(w.fmd.list("hosts")) == len(w.hosts)),
                  "it knows all")
    w.ends(3 * ANSWER)


ends_before_it_began.size = (1, 1)


def ends_at_work(w):
    """Nor does it do first all that is wished"""
    w.begin()
    for pool in range(POOLS):
        w.claims(CLAIMS, pool, "4M")
    w.ends(3 * ANSWER)


if __name__ == "__main__":
    run_tests([own, writes, leases, any_host, ended, ends_in_the_middle,
               ends_before_it_began, ends_at_work], Many)
