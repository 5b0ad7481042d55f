# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fmd is killed, or stopped for longer than its lease, at every point"""

import http.client
import os
import signal
import subprocess
import time
import uuid

from fmdtest import MIB, TTL, Daemon, main
from fmtest import until

A = "aaaaaaaa-0000-4000-8000-000000000001"
POINTS = ("intent-due", "intent-written", "act-due", "act-done")


def last_words(w, method, claim, **body):
    """
    Asked of one that dies of it: the status, or 0 without an answer. What is
    stored is acted on at once, be it answered by then or not.
    """
    try:
        return w.fmd.ask(method, f"/v1/claims/{claim}", body or None,
                         timeout=TTL).status
    except (OSError, http.client.HTTPException):
        return 0


def put(w, **body):
    """The claim, and what was said to it, if anything"""
    claim = str(uuid.uuid4())
    return claim, last_words(w, "PUT", claim, bytes="64M", **body)


def killed(w, claim, wanted):
    """It has died; one that is started finds what was done"""
    w.checks.equal(w.fmd.gone(), -signal.SIGKILL, "it died there")
    w.begin()
    if wanted:
        w.comes(claim, "Bound")
        w.checks.equal(w.pool.tags().get(claim), {1: 64 * MIB}, "once")
    else:
        w.goes(claim)
        w.checks.equal(w.pool.tags(), {}, "nothing is out")
    w.audited()


def add(w):
    """Killed around an add"""
    for point in POINTS:
        w.fmd.end()
        w.begin(CXL_FMD_KILL_AT=point)
        before = len(w.pool.asked("add"))
        claim, said = put(w, host="vm1")
        w.checks.that(said in (0, 201), f"nothing else is said at {point}",
                      said)
        killed(w, claim, True)
        w.checks.equal(len(w.pool.asked("add")) - before, 1,
                       f"added once although killed at {point}")
        w.fmd.delete(claim)
        w.goes(claim)


def release(w):
    """Killed around a release, and before the claim leaves the store"""
    for point in (*POINTS, "gone-due"):
        claim = w.bound()
        w.fmd.end()
        w.begin(CXL_FMD_KILL_AT=point)
        said = last_words(w, "DELETE", claim)
        w.checks.that(said // 100 in (0, 2), f"nothing else at {point}", said)
        killed(w, claim, False)


def force(w):
    """Killed around a forced release"""
    for point in POINTS:
        claim = w.bound()
        w.pool.host(1, "keep")
        w.fmd.delete(claim)
        w.comes(claim, "Stuck")
        w.fmd.end()
        w.hosts["vm1"] = (w.hosts["vm1"][0], "ask-timeout = 0\n"
                          "force-after = 0")
        w.fmd.configure(w.hosts)
        w.fmd.start(CXL_FMD_KILL_AT=point)
        killed(w, claim, False)
        w.pool.host(1, "give")
        w.policy("vm1", "ask-timeout = 1")


def anywhere(w):
    """Killed while a claim for any host is placed"""
    for point in POINTS:
        w.fmd.end()
        w.begin(CXL_FMD_KILL_AT=point)
        claim = put(w)[0]
        w.checks.equal(w.fmd.gone(), -signal.SIGKILL, "it died there")
        w.begin()
        w.comes(claim, "Bound")
        w.checks.equal([len(a) for a in w.pool.tags().values()].count(1),
                       len(w.pool.tags()), "at one host each")
    w.audited()


def is_stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"


def stopped(w):
    """Stopped past its lease after it said what it will do: it does nothing"""
    other = Daemon(w.dir.name, w.hosts, name="other")
    w.others.append(other)
    for point in ("intent-due", "intent-written", "act-due"):
        w.fmd.end()
        w.begin(CXL_FMD_STOP_AT=point)
        before = w.fmd.list("pools")[0]["epoch"]
        asked = len(w.pool.asked("add"))
        claim = put(w, host="vm1")[0]
        w.checks.that(until(lambda: is_stopped(w.fmd.child.pid)),
                      f"it is stopped at {point}")
        # It waits, or ends: who is stopped may hold the store's lock, too.
        other.start()
        time.sleep(TTL + 1.5)
        w.checks.that(not any(p["mine"] for p in other.list("pools")),
                      "the lock keeps the other off while it may act")
        w.checks.that(len(w.pool.asked("add")) == asked, "nobody acted",
                      w.fmd.told() + other.told())
        w.fmd.kill(signal.SIGCONT)
        w.comes(claim, "Bound")
        w.checks.equal(len(w.pool.asked("add")) - asked, 1, "added once")
        w.checks.that(w.fmd.status(claim)["epoch"] > before,
                      "by an owner of a later epoch", w.fmd.status(claim))
        w.checks.that("lapsed" in w.fmd.told(), "it knew", w.fmd.told())
        events = w.fmd.events()
        offers = [e["data"]["value"]["epoch"] for e in events
                  if e.get("data", {}).get("key") == f"claims/{claim}/status"
                  and e["data"]["value"]["phase"] == "Offering"]
        w.checks.equal([epoch for epoch in offers if epoch <= before],
                       [] if point == "intent-due" else [before],
                       "what it had not written before, it may not write after")
        told = [e.get("text", "") for e in events
                if e.get("kind") == "pool" or e.get("object") == claim]
        knew = [n for n, text in enumerate(told) if "not ours" in text]
        acts = [n for n, text in enumerate(told) if "at host vm1: " in text]
        w.checks.that(knew and len(acts) == 1 and acts[0] > knew[-1],
                      "it acted after that", told)
        other.end()
    w.audited()


def taken_over(w):
    """Killed while another waits: that one takes over and finishes"""
    other = Daemon(w.dir.name, w.hosts, name="other")
    w.others.append(other)
    w.fmd.end()
    w.begin(CXL_FMD_KILL_AT="act-done")
    other.start()
    w.checks.that(other.ready(), "the other is there")
    claim = put(w, host="vm1")[0]
    w.checks.equal(w.fmd.gone(), -signal.SIGKILL, "it died")
    begun = time.monotonic()
    w.checks.that(other.is_at(claim, "Bound"), "the other goes on",
                  other.told())
    took = time.monotonic() - begun
    w.checks.that(took < 3 * TTL + 2, "soon", took)
    w.checks.equal(len(w.pool.asked("add")), 1, "added once")
    other.end()
    w.begin()


def removed(w):
    """Its store is taken away under its feet: nothing more is acknowledged"""
    claim = w.bound()
    os.rename(f"{w.dir.name}/store.db", f"{w.dir.name}/aside")
    _, answer = w.fmd.put(None)
    w.checks.that(answer.status // 100 == 5 and "removed" in answer.text,
                  "it says so", answer)
    w.checks.that(until(lambda: w.fmd.try_get("/readyz").status == 503),
                  "it is not ready")
    os.rename(f"{w.dir.name}/aside", f"{w.dir.name}/store.db")
    w.checks.that(w.fmd.ready(), "it was put back")
    w.fmd.delete(claim)
    w.goes(claim)


def full(w):
    """A disk that is full: nothing is acknowledged that is not kept"""
    w.fmd.end()
    small = f"{w.dir.name}/small"
    os.mkdir(small)
    if os.geteuid() or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "none", small],
            check=False, stderr=subprocess.DEVNULL).returncode:
        print("# a small disk needs root: not tested")
        w.begin()
        return
    try:
        w.fmd = Daemon(small, w.hosts)
        w.begin()
        kept = w.bound()
        with open(f"{small}/fill", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        given, refused = [], 0
        for _ in range(60):
            claim, answer = w.fmd.put(None, "vm2", "2M")
            if answer.status == 201:
                given.append(claim)
            else:
                refused += 1
                w.checks.that(answer.status in (503, 507) and
                              "room" in answer.text, "it says why", answer) \
                    if refused == 1 else None
        w.checks.that(refused, "there is no room")
        w.checks.equal({c["uuid"] for c in w.fmd.list("claims")},
                       {kept, *given}, "what was acknowledged is kept")
        w.checks.equal(w.pool.tags().get(kept), {1: 64 * MIB},
                       "what is bound stays")
        # What happens at devices needs no store, and is told all the same.
        vm3 = next(d["id"] for d in w.fmd.list("devices")
                   if d["host_name"] == "vm3")
        for _ in range(20):
            w.fmd.ask("POST", f"/v1/devices/{vm3}/add",
                      {"host": 3, "length": 2 * MIB})
        time.sleep(.5)
        told = {e["id"]: e for e in w.fmd.events() if "id" in e}
        w.fmd.end(signal.SIGKILL)
        os.unlink(f"{small}/fill")
        w.begin()
        again = {e["id"]: e for e in w.fmd.events() if "id" in e}
        w.checks.that(max(told) not in again and max(again) > max(told),
                      "some of what was told is not kept",
                      (max(told), max(again)))
        w.checks.equal([i for i in told if again.get(i, told[i]) != told[i]],
                       [], "no id is given twice")
        w.checks.equal(w.fmd.first_event(max(told)), "lost",
                       "who heard of it is told that some are gone")
        w.checks.equal(w.fmd.first_event(max(again)), "hello",
                       "and who did not, is not")
        for claim in given:
            w.checks.that(w.fmd.is_at(claim, "Bound"), "it goes on")
        w.bound()
        w.audited()
        w.checks.equal(w.fmd.end(), 0, "it ends in good order")
    finally:
        w.fmd.end(signal.SIGKILL)
        subprocess.run(["umount", "-l", small], check=False)


if __name__ == "__main__":
    main(add, release, force, anywhere, stopped, taken_over, removed, full)
