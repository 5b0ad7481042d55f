# SPDX-License-Identifier: GPL-2.0-or-later
"""GET /v1/events of cxl-fmd: a reader that comes back misses nothing"""

import signal
import time

from fleettest import main
from fmtest import until


def events(f):
    """Events are told at once, and a reader that comes back misses none."""
    stream = f.events()
    hello = stream.next()
    f.checks.equal(hello["event"], "hello", "a stream begins with its place")
    path = f.claim(host="vm1")
    began = time.monotonic()
    got = [stream.next()]
    while got[-1]["data"]["object"] != path[-36:]:
        got.append(stream.next())
    f.checks.that(time.monotonic() - began < 1, "it is told at once")
    f.reaches(path, "Bound")
    stream.close()
    last = got[-1]["id"]
    f.ask("DELETE", path)
    f.reaches(path, "gone")
    time.sleep(.2)
    again = f.events("", Last_Event_ID=str(hello["id"]))
    f.checks.equal(again.next()["event"], "hello", "the place is known")
    replay = []
    while not replay or replay[-1]["id"] <= last:
        replay.append(again.next())
    f.checks.equal([e["id"] for e in replay[:len(got)]],
                   [e["id"] for e in got], "the same events come again")
    ids = [e["id"] for e in replay]
    f.checks.equal(ids, sorted(set(ids)), "in order, none twice")
    again.close()
    kinds = f.events(f"?kind=device&after={hello['id']}")
    kinds.next()
    told = kinds.next()
    f.checks.equal((told["event"], told["data"]["data"]["event"]),
                   ("device", "added"), "only the kind that was asked for")
    kinds.close()
    lost = f.events("", Last_Event_ID=str(1 << 63))
    f.checks.equal(lost.next()["event"], "lost",
                   "an id of another life: read anew")
    lost.close()
    for odd in ("x", "-1", "1.5", str(1 << 64)):
        f.checks.equal(f.events("", Last_Event_ID=odd).status, 400,
                       f"{odd} is no id")


def events_over_restarts(f):
    """Ids go on after a restart; a reader comes back with its last one."""
    stream = f.events()
    start = stream.next()["id"]
    path = f.claim(host="vm1")
    f.reaches(path, "Bound")
    first = []
    while not first or first[-1]["data"]["object"] != path[-36:]:
        first.append(stream.next())
    f.kill_daemon(signal.SIGTERM)
    f.checks.that(until(lambda: stream.next() is None, 5),
                  "the end of the daemon ends the stream")
    f.start_daemon()
    again = f.events("", Last_Event_ID=str(start))
    f.checks.equal(again.next()["event"], "hello", "the place is known still")
    f.checks.equal(again.next(), first[0], "and the first event is the same")
    again.close()


def few_a_turn(f):
    """Also who wants none of many events lets others have their turns."""
    def turns():
        return next(int(line.split()[1]) for line in
                    f.get("/metrics").body.decode().splitlines()
                    if line.startswith("cxl_fmd_http_stream_turns_total "))

    stream = f.events("?kind=none")
    for _ in range(150):
        path = f.claim("2M", host="vm1")
        f.ask("DELETE", path)
    f.checks.that(until(lambda: f.phase(path) == "gone"), "much has happened")
    stream.close()
    before = turns()
    stream = f.events("?kind=none&after=0")
    f.checks.equal(stream.next()["event"], "hello", "it begins")
    last = f.events("?kind=none").next()["id"]
    f.checks.that(until(lambda: turns() - before >= last // 100),
                  f"{last} events are looked at in turns of a hundred",
                  turns() - before)
    stream.close()


def many_readers(f):
    """200 readers hear the same, whoever is slow."""
    readers = [f.events("?kind=claim") for _ in range(200)]
    for reader in readers:
        reader.next()
    paths = [f.claim("2M") for _ in range(20)]
    for n, reader in enumerate(readers[::10]):
        heard = set()
        while len(heard) < 20:
            heard.add(reader.next()["data"]["object"])
        f.checks.equal(heard, {p[-36:] for p in paths}, f"reader {n * 10} "
                       "heard of all")
    for reader in readers:
        reader.close()


if __name__ == "__main__":
    main(events, events_over_restarts, few_a_turn, many_readers)
