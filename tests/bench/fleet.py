# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fmd: from the request to the capacity, claims a second, how much it takes

The hosts are tests/fm/pool-device: no machine's own time is in it.
"""

import concurrent.futures
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from vm import BUILD

HERE = os.path.dirname(os.path.abspath(__file__))
MESON = os.path.join(BUILD, "meson")
RUNS, SECONDS, CLAIMS, READERS = 40, 4, 10000, 1000
POOLS, HEADS, EACH, POOL_MIB, TTL = 143, 7, 10, 256, 10

for name, path in (("CXL_FM", "fm/cxl-fm"), ("CXL_FMD", "fm/daemon/cxl-fmd"),
                   ("POOL_DEVICE", "tests/fm/pool-device")):
    os.environ.setdefault(name, os.path.join(MESON, path))


class Quiet:
    """Checks of tests/fm that only matter when they fail"""

    def that(self, good, what, detail=""):
        if not good:
            raise RuntimeError(f"{what}: {detail}")

    def equal(self, got, want, what):
        self.that(got == want, what, f"got {got!r}, expected {want!r}")


def milliseconds(call):
    """Median of RUNS"""
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def tool(*words):
    subprocess.run([os.environ["CXL_FM"], *words], check=True,
                   stdout=subprocess.DEVNULL)


def bound(ask, connection):
    """Claim 2 MiB over a connection that is there; wait until it is bound."""
    path = f"/v1/claims/{uuid.uuid4()}"
    answer = ask(connection, "PUT", path, {"bytes": "2M", "host": "vm1"})
    if answer.status != 201:
        raise RuntimeError(str(answer))
    while (ask(connection, "GET", path).json()["status"] or {}).get(
            "phase") != "Bound":
        time.sleep(.0005)     # not to be a part of what is measured


def claims_a_second(fleet, ask, connect, clients, most=None):
    """Claims that are acknowledged, that is stored; of a host that is full"""
    counts, end = [0] * clients, time.monotonic() + SECONDS

    def put(n):
        connection = connect(fleet.socket)
        while (sum(counts) < most if most else time.monotonic() < end):
            if ask(connection, "PUT", f"/v1/claims/{uuid.uuid4()}",
                   {"bytes": "400G", "host": "vm2"}).status == 201:
                counts[n] += 1
        connection.close()

    began = time.monotonic()
    threads = [threading.Thread(target=put, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def fleet(report):
    print("fleet: cxl-fmd, with its store in SQLite")
    if not os.path.exists(os.environ["CXL_FMD"]):
        print("  not built: it needs libmicrohttpd, libcurl and SQLite")
        return
    sys.path.insert(0, os.path.join(HERE, "..", "fm"))
    from fleettest import Fleet
    from pooltest import Device
    from webtest import UnixConnection, ask, raw_unix

    straight = Device((1,))
    f = Fleet(Quiet())
    try:
        alone = milliseconds(lambda: tool("add", "2M", "-a",
                                          straight.monitor(1), "-H", "1",
                                          "--wait"))
        connection = UnixConnection(f.socket)
        report.add("fleet: request to bound, HTTP / cxl-fm at the monitor",
                   milliseconds(lambda: bound(ask, connection)), "ms", alone,
                   1.2, at_least=False)
        report.add("fleet: cxl-fm add, through cxl-fmd / at the monitor",
                   milliseconds(lambda: tool("add", "2M", "-a", f.address,
                                             "-d", "vm1", "--wait")), "ms",
                   alone)
        report.add("fleet: memory of the daemon", resident(f.daemon.pid),
                   "MiB")
        for clients in (1, 10, 100):
            report.add(f"fleet: claims stored a second, {clients} clients",
                       claims_a_second(f, ask, UnixConnection, clients),
                       "1/s")
        there = len(f.get("/v1/claims").json()["claims"])
        if there < CLAIMS:
            claims_a_second(f, ask, UnixConnection, 20, CLAIMS - there)
        report.add(f"fleet: GET /healthz beside {CLAIMS} claims",
                   milliseconds(lambda: ask(connection, "GET", "/healthz")),
                   "ms", None, 20, at_least=False)
        report.add(f"fleet: GET {CLAIMS} claims",
                   milliseconds(lambda: f.get("/v1/claims")), "ms")
        report.add(f"fleet: memory of the daemon with {CLAIMS} claims",
                   resident(f.daemon.pid), "MiB")
        readers = [raw_unix(f.socket) for _ in range(READERS)]
        report.add(f"fleet: GET /healthz beside {READERS} connections",
                   milliseconds(lambda: ask(connection, "GET", "/healthz")),
                   "ms", None, 20, at_least=False)
        for reader in readers:
            reader.close()
        connection.close()
    finally:
        f.close()
        straight.close()
    large(report)
    page(report)


def large(report):
    """Ten claims for each of a thousand hosts, and an owner that dies"""
    from fmdtest import Daemon, Pool
    from fmtest import until

    folder = tempfile.TemporaryDirectory(prefix="bench-")
    pools = [Pool(tuple(range(1, 1 + HEADS)), POOL_MIB)
             for _ in range(POOLS)]
    hosts = {f"p{n}h{h}": (pool.monitor(h), "ask-timeout = 5")
             for n, pool in enumerate(pools) for h in pool.hosts}
    names = list(hosts) * EACH
    size = f"{len(names)} claims over {len(hosts)} hosts"
    print(f"fleet: {size} of {POOLS} pools")
    # What is not told is looked at twice a minute, as ever.
    first, second = (Daemon(folder.name, hosts, name=name,
                            more=f"pass = 30\nowner-ttl = {TTL}")
                     for name in ("first", "second"))

    def all_owned(daemon):
        owned = daemon.list("pools")
        return len(owned) == POOLS and all(p["mine"] for p in owned)

    def metric(daemon, name):
        return next(float(line.split()[1]) for line in
                    daemon.try_get("/metrics").text.splitlines()
                    if line.startswith(f"cxl_fmd_{name} "))

    def seconds(what, limit=1800):
        began = time.monotonic()
        if not until(what, limit):
            raise RuntimeError("it does not come")
        return time.monotonic() - began

    def is_bound(daemon, count):
        return metric(daemon, 'claims{phase="Bound"}') == count

    try:
        first.start()
        seconds(lambda: all_owned(first))
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(20) as clients:
            for status in clients.map(lambda host: first.ask(
                    "PUT", f"/v1/claims/{uuid.uuid4()}",
                    {"host": host, "bytes": "2M"}, 300).status, names):
                if status != 201:
                    raise RuntimeError(f"a claim gives {status}")
        seconds(lambda: is_bound(first, len(names)))
        report.add(f"fleet: {size}, put to bound",
                   len(names) / (time.monotonic() - began), "1/s")
        report.add("fleet: a look at one of those pools, mean",
                   metric(first, "pass_seconds_total") * 1000 /
                   metric(first, "passes_total"), "ms")
        second.start()
        seconds(lambda: second.try_get("/readyz").status == 200)
        first.end(signal.SIGKILL)
        took = seconds(lambda: all_owned(second))
        report.add(f"fleet: owner dead to all {POOLS} pools taken over, lease "
                   f"of {TTL} s", took, "s")
        if not is_bound(second, len(names)):
            raise RuntimeError("claims are not as they were")
        second.end(signal.SIGKILL)
        first.start()
        report.add("fleet: start until all of them are reconciled",
                   seconds(lambda: all_owned(first) and
                           metric(first, "passes_total") >= POOLS), "s")
    finally:
        first.end(signal.SIGKILL)
        second.end(signal.SIGKILL)
        for pool in pools:
            pool.close()
        folder.cleanup()


def page(report):
    """The web page, in a browser without a screen"""
    if not shutil.which("chromedriver"):
        print("  the page: no chromedriver; scripts/setup installs it")
        return
    import pageload
    f = pageload.Loaded(Quiet())
    try:
        found = pageload.report(pageload.measure(f))
    finally:
        f.close()
    what = "fleet: the page, 10,200 extents, 100 events/s: "
    report.add(f"{what}a frame, median", found["median"], "ms")
    report.add(f"{what}a frame, 95 %", found["p95"], "ms")
    report.add(f"{what}drawing the map", found["map"], "ms")
