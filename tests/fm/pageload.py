# SPDX-License-Identifier: GPL-2.0-or-later
"""The web page of cxl-fmd with 10,000 extents and 100 events a second"""

import statistics
import threading
import time
import uuid

from fmtest import MIB, Failed
from pagetest import Page
from webtest import UnixConnection, ask

EXTENTS, EACH = 3400, 200     # of each host; in one request
EVENTS, SECONDS = 100, 15

MEASURE = """
    const [seconds] = arguments;
    const frames = [];
    const tasks = [];
    const observer = new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map((e) => e.duration)));
    observer.observe({ type: "longtask" });
    const pools = await import("/page/pools.js");
    const { model } = await import("/page/model.js");
    const heard = model.heard;
    return new Promise((resolve) => {
      const began = performance.now();
      let last = began;
      const frame = (now) => {
        frames.push(now - last);
        last = now;
        if (now - began < seconds * 1000) {
          requestAnimationFrame(frame);
        } else {
          observer.disconnect();
          resolve({ frames: frames.slice(1), tasks,
                    heard: (model.heard - heard) / (now - began) * 1000,
                    maps: pools.mapsDrawn() });
        }
      };
      requestAnimationFrame(frame);
    });"""


class Loaded(Page):
    """A pool of 40 GiB in 10,200 extents"""

    mib = 40960

    def fill(self):
        for host, device in enumerate(self.get("/v1/devices").json()["devices"]):
            for at in range(0, EXTENTS, EACH):
                extents = [{"offset": 4 * MIB * (host * EXTENTS + at + n),
                            "length": 2 * MIB} for n in range(EACH)]
                answer = self.ask(
                    "POST", f"/v1/devices/{device['id']}/add",
                    {"host": host + 1, "policy": "prescriptive", "region": 0,
                     "extents": extents})
                if answer.status != 200:
                    raise Failed(f"no extents: {answer}")
        return EXTENTS * len(self.hosts)


class Changes(threading.Thread):
    """Claims come and go, so that there are EVENTS events a second"""

    def __init__(self, page):
        super().__init__()
        self.page, self.over = page, threading.Event()
        self.wrong = []

    def run(self):
        connection = UnixConnection(self.page.socket)
        began, last = time.monotonic(), None
        sent = 0
        while not self.over.is_set():
            # Two or three events of a claim that comes, as many as it goes
            path = f"/v1/claims/{uuid.uuid4()}"
            answers = [ask(connection, "PUT", path, {
                "bytes": "400G", "host": "vm2", "consumer": f"load {sent}"})]
            if last:
                answers.append(ask(connection, "DELETE", last))
            last = path
            self.wrong += [a for a in answers if a.status >= 300]
            sent += 4
            ahead = sent / EVENTS - (time.monotonic() - began)
            if ahead > 0:
                self.over.wait(ahead)
        connection.close()


def measure(f):
    """{frames, tasks, heard, maps} of SECONDS under load"""
    count = f.fill()
    f.must(lambda: sum(m["segments"] for m in f.state("mapsDrawn()",
                                                      "pools.js")) == count,
           f"the map has {count} extents")
    load = Changes(f)
    load.start()
    try:
        found = f.web.js(MEASURE,
                         SECONDS)
    finally:
        load.over.set()
        load.join()
    f.checks.equal(load.wrong, [], "all changes were taken")
    return found


def report(found):
    frames = sorted(found["frames"])
    return {"median": statistics.median(frames),
            "p95": frames[int(len(frames) * .95)], "most": frames[-1],
            "long": len([t for t in found["tasks"] if t > 50]),
            "map": max(m["ms"] for m in found["maps"]),
            "events": found["heard"]}
