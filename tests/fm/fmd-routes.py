# SPDX-License-Identifier: GPL-2.0-or-later
"""Every route of cxl-fmd: it is there, and what is spoiled harms nobody

The daemon says itself what it serves (cxl-fmd --routes), so that none is
forgotten.
"""

import os
import random
import re
import subprocess
import uuid

from fmtest import until
from redfishtest import main, walk
from webtest import (LIMIT, UnixConnection, ask, is_text, raw_unix,
                     spoiled_request)

EACH = 12                     # spoiled requests to a route
STREAMS = ("/v1/events", "/redfish/v1/EventService/SSE")
GIGABYTE = 1 << 30


def routes():
    """(method, path)"""
    said = subprocess.run([os.environ["CXL_FMD"], "--routes"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return [tuple(line.split()) for line in said.splitlines()]


def known(f):
    """Paths of all that is there"""
    paths = [f"/v1/{kind}/{o['uuid']}" for kind in ("claims", "hosts", "pools")
             for o in f.get(f"/v1/{kind}").json()[kind]]
    for device in f.get("/v1/devices").json()["devices"]:
        paths += [f"/v1/devices/{device['id']}/{what}" for what in
                  ("snapshot", "tags", "pools", "add", "release", "reference",
                   "region", "reclaim")]
    seen, wrong = walk(f.read)
    f.checks.equal(wrong, [], "the tree is good")
    return paths + ["/page/main.js", *seen]


def examples(paths, route):
    """Those of @paths that @route serves; one that nothing has is made up"""
    pattern = re.escape(route).replace(re.escape("{}"), "[^/]+")
    return [p for p in paths if re.fullmatch(pattern, p)] or [
        route.replace("{}", str(uuid.uuid4()))]


def world(f):
    """Something of every kind that can be there"""
    kept = f.chunk(16)
    f.ask("POST", "/redfish/v1/EventService/Subscriptions",
          {"Destination": "https://localhost:1/", "Protocol": "Redfish",
           "Context": "x"})
    return kept


def served(f):
    """Each is there: what it answers is its own, and no fault of the daemon"""
    world(f)
    paths, wrong = known(f), []
    for method, route in routes():
        # What is there stays: a change is asked for of what is not.
        path = examples(paths if method == "GET" else [], route)[0]
        if path in STREAMS:
            with raw_unix(f.socket) as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                          .encode())
                status = int(s.recv(4096).split()[1])
        else:
            status = f.ask(method, path, {} if method != "GET" else None
                           ).status
        if status in (405, 501) or status >= 500 or (
                method == "GET" and status != 200 and "{}" not in route):
            wrong.append((method, path, status))
    f.checks.equal(wrong, [], "each route answers")


def spoiled(f):
    """Spoiled requests to each; then all is as it was"""
    seed = int(os.environ.get("FUZZ_SEED", random.randrange(1 << 30)))
    each = int(os.environ.get("FUZZ_EACH", EACH))
    all_routes = routes()
    print(f"# FUZZ_SEED={seed} FUZZ_EACH={each}, {len(all_routes)} routes")
    dice = random.Random(seed)
    kept = world(f)
    claim = f.claim(host="vm1", consumer="stays")
    f.reaches(claim, "Bound")
    paths = known(f)
    for method, route in all_routes:
        # Only by chance are these the same, and then nothing has it.
        there = paths if method in ("GET", "POST", "PATCH") else []
        for n in range(each):
            s = raw_unix(f.socket, timeout=.3 if n % 4 == 0 else .02)
            try:
                s.sendall(spoiled_request(
                    dice, [p.encode() for p in examples(there, route)],
                    method.encode()))
                is_text(s.recv(1 << 20))
            except OSError:
                pass
            s.close()
        if f.daemon.poll() is not None:
            f.checks.that(False, f"the daemon lives after {method} {route}")
            return
    f.checks.equal(f.get("/healthz").status, 200, "the daemon is well")
    f.reaches(claim, "Bound")
    f.checks.equal(f.get(kept).status, 200, "what was there is there")
    f.checks.that(until(lambda: not walk(f.read)[1], LIMIT), "the tree is good",
                  walk(f.read)[1])


def huge(f):
    """A body of a gigabyte is refused before it is sent, wherever it goes"""
    wrong = []
    for method, route in routes():
        if method in ("GET", "DELETE") or route.endswith("/renew"):
            continue
        path = examples([], route)[0]
        connection = UnixConnection(f.socket)
        connection.connect()
        connection.sock.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            f"application/json\r\nContent-Length: {GIGABYTE}\r\n"
            "Expect: 100-continue\r\n\r\n{".encode())
        said = connection.sock.recv(4096)
        connection.close()
        if not said.startswith(b"HTTP/1.1 413 "):
            wrong.append((method, path, said[:60]))
    f.checks.equal(wrong, [], "413 for each")
    connection = UnixConnection(f.socket)
    f.checks.equal(ask(connection, "GET", "/healthz").status, 200,
                   "others are served")
    connection.close()


if __name__ == "__main__":
    main(served, spoiled, huge)
