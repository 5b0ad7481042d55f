# SPDX-License-Identifier: GPL-2.0-or-later
"""The web page of cxl-fmd: what is served, and what it shows of what there is"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

import browser
from etcdtest import Etcd
from fmdtest import Daemon
from fmtest import MIB, until
from pagetest import figure, main
from pooltest import Device
from webtest import free_port, raw_unix, read_all

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "docs"))
from blocks import blocks_of  # noqa: E402

OURS = "tests/fm/fmd-page.py"
TAKES = ("elsewhere",)


# --- What is served ---

def served(f):
    """Files with a strict policy, and none but these"""
    for path, kind in (("/", "text/html"), ("/page/main.js", "text/javascript"),
                       ("/page/page.css", "text/css"),
                       ("/page/icon.svg", "image/svg+xml")):
        answer = f.get(path)
        headers = answer.headers
        f.checks.equal((answer.status, headers["Content-Type"].split(";")[0]),
                       (200, kind), f"{path} is {kind}")
        policy = dict(part.strip().split(" ", 1) for part in
                      headers["Content-Security-Policy"].split(";"))
        f.checks.equal(
            [policy.get(p) for p in ("default-src", "script-src", "style-src",
                                     "connect-src", "frame-ancestors",
                                     "base-uri", "form-action")],
            ["'none'", "'self'", "'self'", "'self'", "'none'", "'none'",
             "'none'"], f"{path}: nobody else's content")
        f.checks.equal((headers["X-Content-Type-Options"],
                        headers["Referrer-Policy"], headers["Cache-Control"]),
                       ("nosniff", "no-referrer", "no-store"),
                       f"{path}: what a browser may not do with it")
        words = answer.body.decode()
        f.checks.that("style=" not in words and "innerHTML" not in words,
                      f"{path}: nothing inline")
    for path in ("/page/", "/page/nope.js", "/page/embed-page", "/index.html",
                 "/page/../page/main.js", "/page/%2e%2e", "/page/a/b"):
        f.checks.equal(f.get(path).status, 404, f"there is no {path}")
    f.checks.equal(f.ask("POST", "/").status, 405, "it takes nothing")
    f.checks.equal(f.get("/v1/hosts").headers["Content-Security-Policy"],
                   "default-src 'none'; frame-ancestors 'none'",
                   "what is no page may load nothing")


served.opened = False


def guarded(f):
    """Other sites may lead here, and do nothing here."""
    away = {"Sec_Fetch_Site": "cross-site"}
    visit = {**away, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    f.wants(200, "", "GET", "/", **visit)
    f.wants(403, "bad-origin", "GET", "/", **away)
    f.wants(403, "bad-origin", "GET", "/", **{**visit,
                                              "Sec_Fetch_Dest": "iframe"})
    f.wants(403, "bad-origin", "GET", "/", Origin="https://evil.example",
            **visit)
    for path in ("/page/main.js", "/v1/hosts", "/v1/me", "/metrics"):
        f.wants(403, "bad-origin", "GET", path, **visit)
    stream = f.events("", **visit)
    f.checks.equal(stream.status, 403, "nor the events")
    stream.close()
    claim = "/v1/claims/5f0d7a52-6a1b-4c55-9b1f-0a6c3a1f9d10"
    f.wants(403, "bad-origin", "PUT", claim, {"bytes": 1}, **visit)
    f.wants(403, "bad-origin", "PUT", claim, {"bytes": 1},
            Origin="http://evil.example")
    for host in ("evil.example", "localhost.evil.example"):
        s = raw_unix(f.socket)
        s.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n"
                  "Connection: close\r\n\r\n".encode())
        f.checks.that(read_all(s).startswith(b"HTTP/1.1 421"),
                      f"a page that calls us {host} is told nothing")
        s.close()


guarded.opened = False


def another_site(f):
    """A page of another origin cannot ask, or have anything done."""
    f.web.go(f"http://127.0.0.1:{f.forward.port}/page/icon.svg")
    said = f.web.js("""
        const base = arguments[0];
        const claim = base +
          "/v1/claims/5f0d7a52-6a1b-4c55-9b1f-0a6c3a1f9d10";
        const tried = [
          fetch(base + "/v1/hosts"),
          fetch(base + "/v1/hosts", { mode: "no-cors" }),
          fetch(claim, { method: "PUT", body: '{"bytes": 2097152}',
                         headers: { "Content-Type": "application/json" } }),
          fetch(claim, { method: "POST", mode: "no-cors", body: "{}" }),
        ];
        return Promise.allSettled(tried).then((all) => all.map((one) =>
          one.status === "rejected" ? "refused" :
            one.value.type + one.value.status));""", f.origin)
    f.checks.that(all(s in ("refused", "opaque0") for s in said),
                  "nothing can be read", said)
    f.checks.equal(f.get("/v1/claims").json()["claims"], [],
                   "nothing was done")
    f.web.complaints()
    f.web.go("about:blank")


another_site.opened = False


def document(f):
    """docs/page.md: what leads a browser to the socket, as it is written"""
    blocks = [b for b in blocks_of("docs/page.md") if b.test == OURS]
    f.checks.equal(len(blocks), 1, "there is something to type")
    port = free_port()
    text = "\n".join(blocks[0].lines).replace("/run/cxl-fmd/api", f.socket)
    f.checks.that("8080" in text, "with the port that is spoken of")
    shell = subprocess.Popen(["bash", "-c", text.replace("8080", str(port)) +
                              "\ntrap 'kill $!' EXIT; read"],
                             stdin=subprocess.PIPE)
    try:
        f.must(lambda: is_open(port), "it leads somewhere")
        f.web.go(f"http://localhost:{port}/")
        f.shows("#host-list", "vm1")
    finally:
        f.web.go("about:blank")
        shell.stdin.close()
        shell.wait(timeout=30)


document.opened = False


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


# --- What it shows ---

def changes(f):
    """What changes through the API is shown, and nothing is loaded again."""
    began = time.monotonic()
    one = f.claim("64M", host="vm1", consumer="17", consumer_kind="job")
    f.shows("#claims", "job/17")
    print(f"# a wish is shown after {(time.monotonic() - began) * 1e3:.0f} ms")
    f.shows("#claims", "Bound")
    f.shows("#top-out", "64 MiB")
    print(f"# its capacity after {(time.monotonic() - began) * 1e3:.0f} ms")
    f.shows("#top-claims", "0 of 1")
    f.shows("#host-list", "has 64 MiB")
    f.shows("#map .legend", "vm1")
    f.shows("#decision-list", "offer it at vm1")
    f.shows("#event-list", "Bound")
    f.shows("#speed-add", "s", "how long it took")
    f.host(2, "silent")
    late = f.claim("32M", host="vm2", consumer="late")
    f.shows("#top-claims", "1 of 2")
    f.shows("#map .legend", "offered")
    f.shows("#host-list", "offered 32 MiB")
    f.shows("#claims", "Offering")
    f.host(2, "accept")
    f.host(1, "keep")
    f.ask("DELETE", one)
    f.shows("#map .legend", "asked to give it back")
    f.shows("#claims", "Ending")
    f.host(1, "give")
    f.ask("DELETE", late)
    f.reaches(late, "gone")
    f.hides("#claims", "late")
    f.host(3, "die")
    f.shows("#top-hosts", "2 of 3")
    f.shows("#host-list", "not alive")
    f.host(3, "live")
    f.shows("#top-hosts", "3 of 3")
    f.not_loaded_again()


def pressure(f):
    """How short of memory a host is, as a number and over time"""
    f.shows("#host-list", "pressure 37.5 %")
    f.must(lambda: f.web.js(
        "return document.querySelector('#host-list .spark .pressure')"
        "?.getAttribute('points')?.split(' ').length >= 2"),
           "and a line of it")


pressure.policy = "pressure = echo 37.5"


def sanitized(f):
    """How fast what left a host is clean, once that is known"""
    f.shows("#speed-sanitize", "-")
    claim = f.claim("64M", host="vm1")
    f.reaches(claim, "Bound")
    f.host(1, "slow")
    f.ask("DELETE", claim)
    f.must(lambda: f.state("model.live.values().next().value.extents"
                           ".some((e) => e.state === 'sanitizing')"),
           "it is being sanitized")
    time.sleep(1)
    f.host(1, "clean")
    f.shows("#speed-sanitize", "MiB/s", "at least so fast")


def same_as_a_table(f):
    """The table has what the API has, with holders of what is shared."""
    one = f.claim("48M", host="vm1")
    both = f.claim("16M", host="vm1", shared_with=["vm2"], region=1)
    f.reaches(one, "Bound")
    f.reaches(both, "Bound")
    f.expect(0, "add", "2M", "--tag", "random", "-d", "vm3", "--wait")
    f.shows("#top-orphans", "1")
    f.web.click("#map summary")

    def cells():
        return f.web.js("return [...document.querySelectorAll("
                        "'.extents tbody tr')].map((r) => [...r.children]"
                        ".map((c) => c.textContent))")
    pool = f.get("/v1/pools").json()["pools"][0]["uuid"]
    names = {h["uuid"]: h["name"] for h in f.get("/v1/hosts").json()["hosts"]}

    def want():
        live = f.get(f"/v1/pools/{pool}").json()["live"]
        return sorted([str(e["region"]), names[e["host"]],
                       f"{e['offset'] // MIB} MiB" if e["offset"] else "0 B",
                       f"{e['length'] // MIB} MiB", e["tag"]]
                      for e in live["extents"])
    f.checks.that(until(lambda: sorted([r[0], r[1], *r[3:6]] for r in cells())
                        == want(), 30), "each extent has its row",
                  f"{cells()} {want()}")
    f.checks.equal(len(cells()), 4, "two hosts of one extent are two rows")
    f.shows(".extents", "orphan")
    segments = f.state("model.live.size")
    f.checks.equal(segments, 1, "one pool is live")
    drawn = f.state("mapsDrawn().map((m) => m.segments)", "pools.js")
    f.checks.equal(drawn, [3], "the map has three segments")


def reconnects(f):
    """The daemon is killed, and ends: no event is lost, none comes twice."""
    f.claim("16M", host="vm1", consumer="before")
    f.shows("#claims", "before")
    for number in (signal.SIGKILL, signal.SIGTERM):
        f.kill_daemon(number)
        f.shows("#line", "not connected")
        f.shows("#banner", "of")
        f.start_daemon()
        path = f.claim("16M", host="vm2", consumer=f"after-{number:d}")
        f.reaches(path, "Bound")
        f.shows("#line", "live")
        f.shows("#claims", f"after-{number:d}")
        f.hides("#banner", "of")
        told = f.told_ids()
        f.checks.that(until(lambda: f.event_ids()[-1:] >= told[-1:], 30),
                      "it has heard of the last event")
        ids = f.event_ids()
        f.checks.equal(ids, sorted(set(ids)), "in order, none twice")
        f.checks.equal(set(told) - set(ids), set(), "none is missing")
        f.checks.equal(f.state("stream.counts.doubled", "live.js"), 0,
                       "the daemon sent none twice")
    f.not_loaded_again()


# The requests that meet no daemon
# A daemon that ends says so to whoever still asks: 503
reconnects.expected = ("net::ERR", "Failed to fetch", "status of 503")


def forgotten(f):
    """Where events are not kept any more, all is read anew."""
    gone = f.claim("16M", host="vm1", consumer="forgotten")
    f.shows("#claims", "forgotten")
    f.shows("#event-list", "Bound")
    f.kill_daemon(signal.SIGKILL)
    for name in os.listdir(f.dir.name):
        if name.startswith("events"):
            os.remove(os.path.join(f.dir.name, name))
    f.start_daemon()
    f.shows("#event-list", "not kept any more")
    f.shows("#line", "live")
    f.ask("DELETE", gone)
    f.hides("#claims", "forgotten")
    f.claim("16M", host="vm2", consumer="new")
    f.shows("#claims", "new")
    f.shows("#claims", "Bound")
    f.must(lambda: f.state("model.gaps") == 1, "it was told once")
    after = f.state("model.events.findIndex((e) => e.kind === 'page')") + 1
    told = f.told_ids()
    f.checks.that(until(lambda: f.event_ids()[-1] == told[-1], 30),
                  "it goes on")
    ids = f.event_ids()[after:]
    f.checks.equal(ids, told[-len(ids):], "each once from there on")
    f.not_loaded_again()


forgotten.expected = reconnects.expected


def asleep(f):
    """A page that nobody looks at keeps no stream, and catches up."""
    f.state("stream.hide(true)", "live.js")
    f.shows("#line", "asleep")
    streams = "cxl_fmd_http_streams 0"
    f.must(lambda: streams in f.get("/metrics").body.decode(),
           "there is no stream")
    f.reaches(f.claim("16M", host="vm1", consumer="unseen"), "Bound")
    f.checks.that("unseen" not in f.web.text("#claims"), "it sleeps")
    f.state("stream.hide(false)", "live.js")
    f.shows("#claims", "unseen")
    f.shows("#top-out", "16 MiB")
    told = f.told_ids()
    f.checks.that(until(lambda: f.event_ids() == told, 30),
                  "all that happened meanwhile, once", f.event_ids())


def two_machines(f):
    """A pool of another machine is as its owner wrote it; an old store is told"""
    if not Etcd.is_there():
        f.checks.skip("two machines", "no etcd (package etcd-server)")
        return
    etcd, folder = Etcd(), tempfile.TemporaryDirectory(prefix="there-")
    pool = Device((1,))
    hosts = {"far": (pool.monitor(1), "pressure = echo 62.5")}
    there = Daemon(folder.name, hosts,
                   machine="there", store=etcd.address,
                   more="url = http://there.example:8443")
    try:
        f.kill_daemon(signal.SIGTERM)
        with open(f.config, "a", encoding="ascii") as file:
            file.write(f"[daemon]\nstore = {etcd.address}\n")
        f.start_daemon()
        there.start()
        f.checks.that(there.ready() and there.owns(), "there are two")
        far = f.claim("32M", host="far", consumer="far away")
        near = f.claim("64M", host="vm1")
        f.reaches(far, "Bound")
        f.reaches(near, "Bound")
        f.open()
        f.shows("#pools", "machine there")
        f.shows("#pools", "http://there.example:8443")
        f.shows("#host-list", "machine there")
        f.shows("#host-list", "pressure 62.5 %")
        f.shows("#top-out", "96 MiB")
        f.must(lambda: f.state("mapsDrawn().map((m) => m.segments)",
                               "pools.js") == [1, 1], "each has its map")
        etcd.kill(0)
        f.shows("#top-health", "not well")
        f.shows("#top-stale", ":", "it says since when it is stale")
        f.shows("#host-list", "has 64 MiB", "what was read stays")
        etcd.start(0)
        f.shows("#top-stale", "not stale")
        f.not_loaded_again()
    finally:
        there.end(signal.SIGKILL)
        f.web.go("about:blank")
        f.checks.equal(f.kill_daemon(signal.SIGTERM), 0,
                       "the daemon ends in good order")
        etcd.end()
        pool.close()
        folder.cleanup()


two_machines.opened = False


def many(f):
    """Of many pools the first are shown, and whoever needs somebody before"""
    pools = [Device((1,), 256) for _ in range(14)]
    with open(f.config, "a", encoding="ascii") as file:
        file.writelines(f"[host far{n:02}]\nmonitor = {pool.monitor(1)}\n"
                        for n, pool in enumerate(pools))
    count = "document.querySelectorAll('#pools > .pool').length"
    first = "document.querySelector('#host-list h3').textContent"
    try:
        f.daemon.send_signal(signal.SIGHUP)
        f.must(lambda: f.state("model.pools.length") == 15 and
               f.state("model.hosts.filter((h) => h.alive).length") == 17,
               "it has all of them")
        f.must(lambda: f.web.js(f"return {count}") == 12, "twelve are shown")
        f.shows("#map .most", "3 of 15")
        f.web.js("document.querySelector('#map .most').click()")
        f.must(lambda: f.web.js(f"return {count}") == 15, "then all")
        f.must(lambda: f.web.js(f"return {first}") == "far00",
               "hosts are drawn by name")
        pools[9].kill()
        f.must(lambda: f.web.js(f"return {first}") == "far09",
               "the one that is gone comes first")
    finally:
        f.web.go("about:blank")
        f.checks.equal(f.kill_daemon(signal.SIGTERM), 0,
                       "the daemon ends in good order")
        for n, pool in enumerate(pools):
            if n == 9:
                pool.dir.cleanup()
            else:
                pool.close()


def pictures(f):
    """A day like any other, for the documents: make pictures"""
    world = [f.claim("192M", host="vm1", consumer="4711", consumer_kind="job"),
             f.claim("128M", host="vm2", consumer="redis-0",
                     consumer_kind="pod"),
             f.claim("96M", host="vm1", consumer="4712", consumer_kind="job"),
             f.claim("160M", host="vm3", consumer="postgres"),
             f.claim("64M", host="vm4", consumer="4713", consumer_kind="job"),
             f.claim("48M", host="vm2", consumer="redis-1",
                     consumer_kind="pod")]
    for path in world:
        f.reaches(path, "Bound")
    f.reaches(f.claim("96M", host="vm3", shared_with=["vm4", "vm1"], region=1,
                      consumer="model weights"), "Bound")
    f.ask("DELETE", world[1])
    f.reaches(world[1], "gone")
    f.host(1, "keep")
    f.host(4, "silent")
    f.host(5, "reject")
    f.ask("DELETE", world[2])
    f.claim("80M", host="vm4", consumer="4714", consumer_kind="job")
    f.claim("32M", host="vm5", consumer="4715", consumer_kind="job")
    if figure("day"):
        f.must(lambda: f.state("model.history.values().next().value.length")
               > 3, "there is some history")
    f.shows("#claims", "Declined")
    f.shows("#claims", "Unanswered")
    f.shows("#map .legend", "asked to give it back")
    f.web.size(1280, 960)
    for look in ("light", "dark"):
        f.web.dark(look == "dark")
        time.sleep(.5)            # until it is drawn
        f.web.js("document.querySelector('canvas').focus();"
                 "document.querySelector('canvas').blur()")
        f.web.shoot(figure(look) or os.devnull)
    if figure("light"):
        subprocess.run([os.path.join(TOP, "tests", "lint", "pictures"),
                        "--write"], check=True)


pictures.hosts = (1, 2, 3, 4, 5)
pictures.policy = "min = 32M\nmax = 320M\nask-timeout = 2"


if __name__ == "__main__":
    browser.require()
    main(served, guarded, another_site, document, changes, pressure,
         sanitized, same_as_a_table, reconnects, forgotten, asleep,
         two_machines, many, pictures)
