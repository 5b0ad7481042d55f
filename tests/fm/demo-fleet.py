#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Three machines, a pool of memory on each, and one fleet: a job's memory is
placed, a machine dies, the job gets its memory on another, and at the end every
byte is accounted for.

usage: demo-fleet.py [--guest] [--page] [BUILD]
       (make demo-fleet, demo-fleet-guest)

BUILD is meson's folder, build/meson by default.  The machines are network
namespaces of this one; nothing of them is left when it ends.  Their hosts are
devices that answer by themselves; with --guest, that of machine a is a guest
that boots, has what it is given as memory, and dies with its machine.  The page
of machine a has a port of this machine, whose users may all open it, while the
fleet is there; with --page a browser does, and the fleet stays until Enter.
"""

import json
import os
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
WITH_GUEST = "--guest" in sys.argv[1:]
FOLDERS = [word for word in sys.argv[1:] if word not in ("--guest", "--page")]
BUILD = os.path.abspath(FOLDERS[0] if FOLDERS else
                        os.path.join(TOP, "build", "meson"))
for name, path in (("CXL_FM", "fm/cxl-fm"), ("CXL_FMD", "fm/daemon/cxl-fmd"),
                   ("POOL_DEVICE", "tests/fm/pool-device")):
    os.environ.setdefault(name, os.path.join(BUILD, path))

import demopage                                          # noqa: E402
import netguest                                          # noqa: E402
import netns                                             # noqa: E402
from fmtest import Failed, until                         # noqa: E402
from netfleet import LOST, MIB, TTL, NetFleet            # noqa: E402

JOB = "17171717-1717-4717-8717-171717171717"
NAMED = "b0b0b0b0-0b0b-40b0-80b0-0b0b0b0b0b0b"
SIZE = 128 << 20              # a block of memory of the guest's kernel


def say(text):
    print(f"\n--- {text}", flush=True)


class Demo:
    def __init__(self):
        self.fleet = NetFleet(None, kinds={"a": netguest.GuestMachine}
                              if WITH_GUEST else None)
        self.begun = time.monotonic()

    def shown(self, name, *words):
        """Run cxl-fm there; shown as typed."""
        print(f"{name}$ cxl-fm {' '.join(words)}", flush=True)
        out = self.fleet[name].cxl_fm(*words)
        print(out, end="", flush=True)
        return out

    def well(self, name):
        return "health: ok" in self.fleet[name].cxl_fm("status")

    def must(self, good, text):
        if not good:
            raise Failed(f"not so: {text}")
        print(f"ok: {text}", flush=True)

    def wait(self, what, text, limit=60):
        begun = time.monotonic()
        if not until(what, limit):
            raise Failed(f"not in {limit} s: {text}")
        print(f"ok: {text} (after {time.monotonic() - begun:.1f} s)",
              flush=True)

    def audit(self, asked):
        """Every byte of every pool of a machine that is up"""
        for machine in self.fleet.alive():
            truth = machine.pool.truth()
            extents = {(e["offset"], e["len"]) for h in truth["hosts"]
                       for e in h["extents"]}
            out = sum(length for _, length in extents)
            print(f"pool of {machine.name}: {out >> 20:4} MiB with hosts + "
                  f"{truth['available'] >> 20:4} MiB free = "
                  f"{truth['size'] >> 20} MiB")
            if truth["size"] != MIB << 20:
                raise Failed(f"the pool of {machine.name} has "
                             f"{truth['size']} bytes")
        faults = self.fleet.audit(self.fleet[asked].fmd)
        self.must(not faults, "nothing lost, no block twice, no tag twice"
                  if not faults else "; ".join(faults))


def place(d):
    """Who has most room gets it; any daemon may be asked."""
    say("job 17 wants 128 MiB, on whatever machine")
    before = d.fleet["a"].memory() if WITH_GUEST else 0
    d.shown("a", "claim", "add", "128M", "--uuid", JOB, "--consumer", "job/17",
            "--wait")
    job, = d.fleet.holders(JOB)
    if WITH_GUEST:
        d.must(job == "a", "it is on machine a, whose weight is greatest")
        d.wait(lambda: d.fleet["a"].memory() >= before + SIZE,
               f"the guest has {(before + SIZE) >> 20} MiB instead of "
               f"{before >> 20} MiB")
    named, other = (n for n in "abc" if n != job)
    say(f"somebody wants 32 MiB for host {named}1, of machine {named}, and "
        f"asks machine {other}")
    d.shown(other, "claim", "add", "32M", "--uuid", NAMED, "--host",
            f"{named}1", "--wait")
    d.shown(job, "claim", "list")
    d.must(d.fleet.holders(JOB) == {job: SIZE},
           f"the device of machine {job} says so, too")
    d.audit("a")
    return job, named, other


def cut(d, away, named):
    """A machine without the others changes nothing."""
    say(f"the cable of machine {away} is pulled")
    d.fleet.net.cut(away)
    fmd, other = d.fleet[away].fmd, d.fleet[named].fmd

    def refused():
        return fmd.put(None, None, "2M")[1].status in (503, 504)
    d.wait(refused, f"machine {away} acknowledges nothing")
    d.must(fmd.list("claims"), "it still tells what was")
    claim, answer = other.put(None, f"{named}2", "2M")
    d.must(answer.status == 201, "the two others go on")
    d.wait(lambda: other.phase(claim) == "Bound",
           f"and host {named}2 gets what it wants")
    other.delete(claim)
    d.fleet.net.join(away)
    d.wait(lambda: all(m.is_up() for m in d.fleet.alive()),
           f"with its cable, {away} goes on by itself")


def die(d, dead, asked):
    """Power off: the placer finds another place."""
    fmd = d.fleet[asked].fmd
    say(f"machine {dead} loses its power: cxl-fmd, etcd, its hosts, all at "
        f"once.\n    Its lease lapses in {TTL} s; {LOST} s later it counts "
        "as gone")
    pool = d.fleet[dead].uuid()
    d.fleet[dead].power_off(d.fleet.net)
    begun = time.monotonic()
    d.wait(lambda: any(p["uuid"] == pool and not p["owner"]
                       for p in fmd.list("pools")), "its lease has lapsed")
    d.shown(asked, "status")
    d.wait(lambda: fmd.phase(JOB) == "Bound" and d.fleet.holders(JOB),
           "the claim of job 17 is placed anew")
    print(f"{time.monotonic() - begun:.1f} s without memory for job 17")
    d.shown(asked, "claim", "list")
    where, = d.fleet.holders(JOB)
    d.must(where != dead and d.fleet.holders(JOB) == {where: SIZE},
           f"its 128 MiB are on machine {where} now")
    d.audit(asked)


def back(d, dead, asked):
    """It remembers what it had, and that is not counted twice."""
    say(f"machine {dead} has power again; its device still has what job 17 "
        "had there")
    d.fleet[dead].power_on(d.fleet.net)
    d.wait(lambda: d.fleet[dead].is_up() and d.fleet.all_know_all(),
           f"machine {dead} works")
    d.wait(lambda: list(d.fleet.holders(JOB).values()) == [SIZE] and
           dead not in d.fleet.holders(JOB),
           "it has given that back; job 17 keeps the new place")
    d.shown(dead, "status")
    d.audit(asked)


def end(d, asked):
    say("job 17 ends, and so does the other claim")
    for claim in (JOB, NAMED):
        d.shown(asked, "claim", "delete", claim, "--wait")
    d.wait(lambda: not d.fleet[asked].fmd.list("claims"), "no claim is left")
    d.wait(lambda: not any(m.pool.tags() for m in d.fleet.alive()),
           "and no capacity is with a host")
    d.audit(asked)


def main():
    folder = demopage.outside()  # kept to the end
    why = netns.inside()
    missing = [p for p in map(os.environ.get,
                              ("CXL_FM", "CXL_FMD", "POOL_DEVICE"))
               if not os.access(p, os.X_OK)]
    if not why and not shutil.which("etcd"):
        why = "no etcd (package etcd-server)"
    if not why and WITH_GUEST:
        why = netguest.why_not()
    if not why and missing:
        why = f"not built: {', '.join(missing)}"
    if why:
        print(f"demo-fleet: {why}", file=sys.stderr)
        if folder:
            folder.cleanup()
        return 2
    demo = None
    try:
        say("three machines, a, b and c: namespaces on one bridge; on each an "
            f"etcd, a\n    cxl-fmd, and a pool of {MIB} MiB with "
            f"{'hosts; that of a boots' if WITH_GUEST else 'two hosts'}")
        demo = Demo()
        demo.wait(lambda: demo.well("a"), "they know each other, and are well")
        print(f"page: {demopage.inside(demo.fleet['a'].fmd.api)} shows it, in "
              "a browser, until the end", flush=True)
        demo.shown("a", "status")
        job, named, other = place(demo)
        cut(demo, other, named)
        die(demo, job, other)
        back(demo, job, other)
        end(demo, other)
        if demopage.wanted():
            input("\nThe fleet stays until Enter ")
    except (Failed, netguest.GuestError) as failure:
        print(f"demo-fleet: {failure}", file=sys.stderr)
        for machine in demo.fleet.machines.values() if demo else ():
            print(f"What cxl-fmd of machine {machine.name} said last:\n"
                  f"{machine.fmd.told()[-3000:]}", file=sys.stderr)
        return 1
    codes = demo.fleet.close()
    if codes:
        print(f"demo-fleet: daemons ended with {json.dumps(codes)}",
              file=sys.stderr)
        return 1
    print(f"\nall of it held, in {time.monotonic() - demo.begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
