# SPDX-License-Identifier: GPL-2.0-or-later
"""The Python binding, and through it what programs rely on in libcxlfm.

  CXLFM_LIBRARY, PYTHONPATH   where the library and its binding are
  FM_SIZES                    tests/fm/sizes
"""

import os
import select
import subprocess
import uuid

import cxlfm
from fmtest import MIB, NAME, Bench, run_tests, until
from pooltest import Hosts

GROUP = uuid.UUID("11111111-2222-3333-4444-555555555555")


def raises(b, kind, words, call, *args, **named):
    try:
        call(*args, **named)
    except cxlfm.Error as error:
        b.checks.that(error.kind == kind and words in str(error),
                      f"{kind.name}: {words}", error)
        return error
    b.checks.that(False, f"{kind.name}: {words}", "nothing was raised")
    return None


def readable(fm, seconds=0.0):
    return bool(select.select([fm], [], [], seconds)[0])


def layout(b):
    """The binding's structs are the header's"""
    text = subprocess.run([os.environ["FM_SIZES"]], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    measured = dict(line.split() for line in text.splitlines())
    b.checks.equal({n: cxlfm.ctypes.sizeof(s)
                    for n, s in cxlfm.STRUCTS.items()},
                   {n: int(size) for n, size in measured.items()}, "sizes")
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "VERSION"),
              encoding="utf-8") as file:
        b.checks.equal(cxlfm.version(), file.read().strip(), "version")


def change(b):
    """Add, look, release"""
    with cxlfm.Handle(b.address) as fm:
        b.checks.equal(fm.devices, (NAME,), "the device")
        told = []
        out = fm.add(4 * MIB, wait=5, progress=lambda *a: not told.append(a))
        b.checks.equal((out.state, out.done), (cxlfm.OutcomeState.DONE,
                                               4 * MIB), "accepted")
        fm.add([cxlfm.Extent(64 * MIB, 2 * MIB)], tag=GROUP, wait=5)
        s = fm.snapshot()
        b.checks.equal([(e.offset, e.length, e.tag, e.state.name)
                        for e in s.extents],
                       [(0, 4 * MIB, None, "ACCEPTED"),
                        (64 * MIB, 2 * MIB, GROUP, "ACCEPTED")], "both")
        b.checks.equal(len(s.hosts[0].regions), 3, "three regions")
        out = fm.release(tag=GROUP, wait=5)
        b.checks.equal(out.done, 2 * MIB, "released by tag")
        error = raises(b, cxlfm.ErrorKind.REFUSED, "Exhausted", fm.add,
                       1 << 40)
        b.checks.that(error.return_code and not error.retry, "with its code")
        b.host("keep")
        out = fm.release([cxlfm.Extent(0, 4 * MIB)], wait=0.2)
        b.checks.equal((out.state.name, out.waiting), ("TIMEOUT", 4 * MIB),
                       "it keeps")


def events(b):
    """The descriptor polls true for what was read on the way, and only then"""
    with cxlfm.Handle(b.address) as fm:
        fm.subscribe()
        list(fm.events())
        b.checks.that(not readable(fm), "nothing happened yet")
        fm.add(2 * MIB, wait=5)
        b.checks.that(readable(fm, 1), "what came while waiting shows")
        b.checks.equal([e.type.name for e in fm.events()], ["ADDED"],
                       "one event")
        b.checks.that(not readable(fm), "and that was all")
        fm.add(2 * MIB)
        fm.snapshot()
        b.checks.that(readable(fm, 1), "beside an answer")
        b.checks.equal(len(list(fm.events())), 1, "again one")


def old_events(b):
    """What happened before anybody listened shows, too"""
    b.expect(0, "add", "2M", "--wait")
    with cxlfm.Handle(b.address) as fm:
        fm.subscribe()
        b.checks.that(readable(fm), "there is something")
        b.checks.equal(len(list(fm.events())), 1, "an event")
        b.checks.that(not readable(fm), "and no more")


def breaks(b):
    """A connection that breaks shows, and the handle can be used again"""
    with cxlfm.Handle(b.address) as fm:
        fm.subscribe()
        list(fm.events())
        b.host("expel")
        b.checks.that(until(lambda: readable(fm)), "it polls true")
        raises(b, cxlfm.ErrorKind.UNREACHABLE, "broke", fm.next_event)
        raises(b, cxlfm.ErrorKind.UNREACHABLE, "connect anew", fm.snapshot)
        fm.reconnect()
        fm.add(2 * MIB, wait=5)
        b.checks.equal([e.type.name for e in fm.events(1)], ["ADDED"],
                       "it has subscribed again")
    with cxlfm.Handle() as fm:
        raises(b, cxlfm.ErrorKind.INVALID, "never connected", fm.reconnect)
        raises(b, cxlfm.ErrorKind.UNREACHABLE, "cannot reach", fm.connect,
               "fm:/no/such")
        raises(b, cxlfm.ErrorKind.UNREACHABLE, "cannot reach", fm.reconnect)
        fm.connect(b.address)
        raises(b, cxlfm.ErrorKind.INVALID, "connected to", fm.connect,
               b.address)


def log(b):
    """What passes over the line can be seen"""
    lines = []
    with cxlfm.Handle(b.address, log=lines.append) as fm:
        fm.add(2 * MIB, wait=5)
    b.checks.that(any("> command 5604h" in line for line in lines) and
                  any("< command 5604h: Success" in line for line in lines),
                  "request and answer", lines)
    b.expect(0, "list", "--debug", err="> command")


def reserved(b):
    """What a later library may know is not taken for nothing"""
    with cxlfm.Handle(b.address) as fm:
        request = cxlfm.STRUCTS["add"](length=MIB * 2)
        request.reserved[2] = 1
        ret = cxlfm._lib.cxlfm_add(fm._fm, 0, cxlfm.byref(request))
        b.checks.equal(ret, cxlfm.ErrorKind.INVALID, "it is refused")
        b.checks.equal(fm.snapshot().extents, (), "and nothing was done")


def monitors(b):
    """Pools, and events of a monitor"""
    with cxlfm.Handle(b.monitor(1)) as fm:
        fm.add(64 * MIB, host=1, wait=5, tag=GROUP)
        pool, = fm.pools()
        b.checks.equal([(e.offset, e.tag) for e in pool.extents],
                       [(0, GROUP)], "what the pool says of an extent")
        b.checks.equal([(h.id, h.alive, h.owned // MIB) for h in pool.hosts],
                       [(1, True, 64), (2, True, 0), (3, True, 0)], "hosts")
        b.checks.equal([a // MIB for a in pool.region_available], [960, 256],
                       "what regions have")
        b.checks.that(readable(fm, 1), "the event of the add shows")
        b.checks.equal([e.type.name for e in fm.events()], ["ADDED"], "it is")
        b.checks.that(not readable(fm), "no more")
        raises(b, cxlfm.ErrorKind.REFUSED, "", fm.reclaim, "pool0", 2)
        b.host(2, "die")
        b.checks.equal(fm.reclaim("pool0", 2), 0, "it had nothing")
        b.host(1, "die")
        raises(b, cxlfm.ErrorKind.UNREACHABLE, "broke", fm.pools)
        raises(b, cxlfm.ErrorKind.UNREACHABLE, "cannot reach", fm.reconnect)
        b.host(1, "live")
        fm.reconnect()
        b.checks.equal(fm.pools()[0].hosts[0].owned, 64 * MIB, "as it was")
        fm.set_timeout(0.2)
        b.host(1, "mute")
        raises(b, cxlfm.ErrorKind.UNKNOWN, "is unknown", fm.add, MIB * 2,
               host=1)


def one_line(b):
    """A serial line has one client; it is left as it was found"""
    path = b.address.rsplit(":", 1)[1]
    before = subprocess.run(["stty", "-a", "-F", path], check=True,
                            stdout=subprocess.PIPE).stdout
    with cxlfm.Handle(b.address) as fm:
        raises(b, cxlfm.ErrorKind.UNREACHABLE, "another fabric manager",
               cxlfm.Handle, b.address)
        fm.add(2 * MIB, wait=5)
    after = subprocess.run(["stty", "-a", "-F", path], check=True,
                           stdout=subprocess.PIPE).stdout
    b.checks.equal(after, before, "its settings")
    with cxlfm.Handle(b.address):
        pass


one_line.line = "pty"
monitors.kind = Hosts


if __name__ == "__main__":
    run_tests((layout, change, events, old_events, breaks, log, reserved,
               monitors, one_line),
              lambda checks, test: test.kind(checks)
              if hasattr(test, "kind") else
              Bench(checks, getattr(test, "line", "unix")))
