# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTTP server of cxl-fmd: whoever is slow, loud or rude pays for it alone"""

import concurrent.futures
import os
import resource
import socket
import threading
import time

from fmtest import until
from httptest import READER, USER, main, with_
from webtest import (LIMIT, UnixConnection, ask, closed_within, raw_unix, read_all,
                     talk_nonsense, tls)


@with_(config="header-seconds = 2\nbody-seconds = 2\nidle-seconds = 3")
def slow_clients(w):
    """Each step has a deadline, also for who sends a letter now and then."""
    slow = [raw_unix(w.socket) for _ in range(50)]
    over = threading.Event()

    def drip():
        text = b"GET /fast HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"y" * 99
        for byte in text:
            for s in slow:
                try:
                    s.send(bytes([byte]))
                except OSError:
                    pass
            if over.wait(.2):
                return

    dripping = threading.Thread(target=drip)
    began = time.monotonic()
    dripping.start()
    w.others("beside 50 that drip")
    closed = [closed_within(s, 8)[0] for s in slow]
    took = time.monotonic() - began
    over.set()
    dripping.join()
    w.checks.that(all(closed) and 1.5 < took < 5,
                  "who drips a header is closed at its deadline", took)
    body = raw_unix(w.socket)
    body.sendall(b"PUT /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                 b"application/json\r\nContent-Length: 9\r\n\r\n{")
    good, took = closed_within(body, 8)
    w.checks.that(good and 1.5 < took < 5, "and who drips a body", took)
    idle = raw_unix(w.socket)
    idle.sendall(b"GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n")
    good, took = closed_within(idle, 8)
    w.checks.that(good and 2 < took < 6, "and who is idle", took)


@with_(config="idle-seconds = 2")
def slow_readers(w):
    """Who does not read its answer holds up nobody, and not for ever."""
    deaf = []
    for _ in range(30):
        s = raw_unix(w.socket)
        s.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        deaf.append(s)
    w.others("beside 30 that do not read")
    w.checks.equal(len(w.ask("GET", "/large").body), 8 << 20,
                   "a large answer is whole")
    w.checks.that(until(lambda: w.ask("GET", "/count").body.split()[0] ==
                        b"1", 10), "they are closed in the end",
                  w.ask("GET", "/count").body)
    for s in deaf:
        s.close()


@with_(config="answer-megabytes = 40")
def deaf_crowd(w):
    """Answers that nobody reads do not fill the memory."""
    deaf = []
    for _ in range(40):
        s = raw_unix(w.socket)
        s.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        deaf.append(s)
    status = [s.recv(4096).split()[1] for s in deaf]
    w.checks.equal((status.count(b"200"), status.count(b"503")), (5, 35),
                   "five of 8 MiB are kept, the others are told to wait")
    with open(f"/proc/{w.server.pid}/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1]) * resource.getpagesize() >> 20
    sanitized = "detect_leaks" in os.environ.get("ASAN_OPTIONS", "")
    w.checks.that(resident < 220 or sanitized, "the server stays small",
                  f"{resident} MiB")
    w.others("beside 40 that do not read")
    for s in deaf:
        s.close()
    w.checks.that(until(lambda: w.ask("GET", "/large").status == 200, 5),
                  "when they are gone, there is room again")


@with_(config="waiting-requests = 40")
def slow_devices(w):
    """Requests that wait for devices hold up no others; too many are told."""
    with concurrent.futures.ThreadPoolExecutor(80) as pool:
        asked = [pool.submit(w.ask, "GET", "/slow") for _ in range(80)]
        time.sleep(.1)
        w.others("beside 80 that wait for a device")
        status = [a.result().status for a in asked]
    w.checks.equal(sorted(set(status)), [200, 503], "served, or told to wait")
    w.checks.that(status.count(200) >= 40, "as many as configured are served",
                  status.count(200))


@with_(config="requests-per-second = 50")
def rate(w):
    """One connection cannot ask as often as it likes; others can ask."""
    connection = UnixConnection(w.socket)
    status = [ask(connection, "GET", "/fast") for _ in range(300)]
    late = [a for a in status if a.status == 429]
    w.checks.that(late and late[0].code() == "too-fast" and
                  late[0].headers.get("Retry-After") == "1",
                  "who asks too often is told to wait",
                  late[0] if late else "")
    w.others("at the same time")
    time.sleep(1)
    w.checks.equal(ask(connection, "GET", "/fast").status, 200,
                   "after a second it may ask again")
    connection.close()


def crowd(w):
    """1,000 connections are served, idle ones make room for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    crowd_ = [raw_unix(w.socket) for _ in range(1000)]
    for s in crowd_:
        s.sendall(b"GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n")
    said = [s.recv(4096) for s in crowd_]
    w.checks.equal(sum(b"fast" in s for s in said), 1000, "all are served")
    w.others("beside 1,000")
    w.checks.equal(w.ask("GET", "/count").body.split()[0], b"1001",
                   "all are connected")
    crowd_ += [raw_unix(w.socket) for _ in range(1600)]
    w.others("beside 2,600, more than there is room for")
    w.checks.that(int(w.ask("GET", "/count").body.split()[0]) <= 2048,
                  "the limit holds")
    for s in crowd_:
        s.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@with_(config="streams = 8")
def streams(w):
    """Streams tell everybody at once, cost nothing, and are counted."""
    heads = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
    streams_ = [raw_unix(w.socket) for _ in range(8)]
    for s in streams_:
        s.sendall(heads)
        while b"\r\n\r\n" not in s.recv(4096):
            pass
    answer = w.expect(503, "too-many-streams", "GET", "/stream")
    w.checks.equal(answer.headers.get("Retry-After"), "5", "when to come back")
    for n in range(1, 51):
        w.ask("POST", "/tick")
    for i, s in enumerate(streams_):
        said = b""
        while b"tick 50\n" not in said:
            said += s.recv(4096)
        w.checks.that(said.count(b"tick") == 50, f"stream {i} heard all")
    for s in streams_[:4]:
        s.close()
    w.checks.that(until(lambda: (w.ask("POST", "/tick"), w.ask(
        "GET", "/count").body.split()[1])[1] == b"4"),
        "those that left are forgotten")
    with open(f"/proc/{w.server.pid}/stat", encoding="ascii") as file:
        before = sum(map(int, file.read().split()[13:15]))
    time.sleep(1)
    with open(f"/proc/{w.server.pid}/stat", encoding="ascii") as file:
        after = sum(map(int, file.read().split()[13:15]))
    w.checks.that(after - before < 20, "silent streams take no time",
                  f"{after - before} ticks")
    began = time.monotonic()
    code, said = w.stop()
    w.checks.that(code == 0 and time.monotonic() - began < 5,
                  "and do not keep the server from its end", said)
    for s in streams_[4:]:
        s.close()


def stream_at_work(w):
    """A stream that has much to look at has its turns, and others theirs."""
    s = raw_unix(w.socket)
    s.sendall(b"GET /turns HTTP/1.1\r\nHost: localhost\r\n\r\n")
    said = s.recv(4096)
    for _ in range(10):
        w.checks.equal(w.ask("GET", "/fast").status, 200, "others are served")
    s.settimeout(0)
    try:
        said += s.recv(4096)
    except BlockingIOError:
        pass
    w.checks.that(b" 200 " in said and b"done" not in said, "before it is done",
                  said)
    s.settimeout(LIMIT)
    while b"done" not in said:
        said += s.recv(4096)
    s.close()


def ends_at_work(w):
    """What is under way at the end is answered."""
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(w.ask, "GET", "/slow") for _ in range(20)]
        time.sleep(.2)
        code, said = w.stop()
        w.checks.equal((code, said), (0, ""), "it ends in good order")
        w.checks.equal([a.result().status for a in asked], [200] * 20,
                       "all are answered")


GATE = b"GET /gate HTTP/1.1\r\nHost: localhost\r\n"
WORKERS = 2                   # of what may be large


def at_gate(w, count):
    """@count requests of ours for work that lasts until the gate opens

    The first of them are at work: what comes together is read in any order.
    """
    asked = []
    for number in range(count):
        if number == WORKERS:
            w.checks.that(until(lambda: came(w) == WORKERS),
                          "all workers are busy", came(w))
        asked.append(raw_unix(w.socket))
        asked[-1].sendall(GATE + b"Connection: close\r\n\r\n")
    w.checks.that(until(lambda: waiting(w) == count),
                  f"{count} are there", waiting(w))
    return asked


def came(w):
    return len(w.ask("GET", "/log").body.splitlines())


def waiting(w):
    """For a worker, or at work"""
    return int(w.ask("GET", "/count").body.split()[2])


def connected(w):
    """Besides the one that asks this"""
    return int(w.ask("GET", "/count").body.split()[0]) - 1


def ends_while_waiting(w):
    """What waits at the end for a worker is told so; what has one is done."""
    asked = at_gate(w, 40)
    w.server.stdin.close()
    said = [read_all(s) for s in asked[WORKERS:]]
    w.checks.equal({s.split()[1] for s in said}, {b"503"},
                   "who waits is told to go, while the workers are at work")
    w.checks.that(all(b"about to end" in s for s in said), "and why", said[0])
    w.ask("POST", "/open")
    w.checks.equal([read_all(s).split()[1] for s in asked[:WORKERS]],
                   [b"200"] * WORKERS, "what was begun is answered")
    w.checks.equal(w.stop(), (0, ""), "it ends in good order")


def hung_up(w):
    """Nothing is done for who has hung up; who only says no more is not gone"""
    asked = at_gate(w, 30)
    listening = raw_unix(w.socket)
    listening.sendall(GATE + b"\r\n")
    listening.shutdown(socket.SHUT_WR)
    w.checks.that(until(lambda: waiting(w) == 31), "one more waits")
    for s in asked[WORKERS:]:
        s.close()
    w.checks.that(until(lambda: connected(w) == WORKERS + 1),
                  "those that hung up are no connections any more, though "
                  "their turn has not come", connected(w))
    w.ask("POST", "/open")
    read_all(listening)
    for s in asked[:WORKERS]:
        read_all(s)
    w.checks.equal(came(w), WORKERS + 1, "what was asked for by those that did not, and no more")


@with_(tcp=True, config="waiting-requests = 20\nconnections-per-address = 64")
def turns(w):
    """Who asks much waits for itself; others have every other turn."""
    if not w.pair:
        w.checks.skip("turns", "no openssl")
        return
    many = [tls_raw(w, READER, "/gate") for _ in range(20)]
    w.checks.that(until(lambda: waiting(w) == 20 and came(w) == WORKERS),
                  "one has asked much")
    refused = [tls_raw(w, READER, "/gate") for _ in range(5)]
    w.checks.equal({read_all(s).split()[1] for s in refused}, {b"503"},
                   "more than so many at once are refused")
    other = tls_raw(w, USER, "/gate")
    w.checks.that(until(lambda: waiting(w) == 21), "another has one request")
    w.ask("POST", "/open")
    w.checks.that(b" 200 " in read_all(other)[:20], "it is served")
    for s in many:
        w.checks.that(b" 200 " in read_all(s)[:20], "and all that waited")
    came_in = w.ask("GET", "/log").body.split(b"\n")
    w.checks.that(b"token u" in came_in[WORKERS:WORKERS + 2],
                  "its turn is one of the first two", came_in)
    # Whose TCP ends is gone.
    w.checks.that(until(lambda: connected(w) == 0), "all are gone")


@with_(tcp=True)
def hung_up_tls(w):
    """Nor is anything done over TLS for who has hung up"""
    if not w.pair:
        w.checks.skip("hung_up_tls", "no openssl")
        return
    asked = [tls_raw(w, READER, "/gate") for _ in range(20)]
    w.checks.that(until(lambda: waiting(w) == 20 and came(w) == WORKERS),
                  "20 have asked")
    for s in asked:
        s.close()
    w.checks.that(until(lambda: connected(w) == WORKERS),
                  "who hung up is no connection any more", connected(w))
    w.ask("POST", "/open")
    w.checks.that(until(lambda: connected(w) == 0), "the gate is open")
    w.checks.equal(came(w), WORKERS, "nothing was done for them")


def tls_raw(w, token, path):
    """A connection that has asked for @path, without waiting"""
    connection = tls(w.port, w.pair[1])
    connection.connect()
    connection.sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode())
    return connection.sock


def lanes(w):
    """What takes long holds up nothing that goes to the store."""
    asked = at_gate(w, 60)
    for n in range(20):
        w.checks.equal(w.ask("PUT", f"/echo/{n}", {}).status, 200,
                       "the store is written beside 60 large answers")
    w.ask("POST", "/open")
    w.checks.equal({read_all(s).split()[1] for s in asked}, {b"200"},
                   "those are answered, too")


def nonsense(w):
    """Random bytes end no server and mislead none."""
    talk_nonsense(w.socket, [
        b"/fast", b"/slow", b"/echo/x", b"/admin/x", b"/stream", b"/", b"*",
        b"/count", b"http://localhost/fast"])
    w.checks.that(w.server.poll() is None, "the server lives")
    w.others("after all that")


if __name__ == "__main__":
    main(slow_clients, slow_readers, deaf_crowd, slow_devices, rate, crowd,
         streams, stream_at_work, ends_at_work, ends_while_waiting, hung_up, hung_up_tls,
         turns, lanes,
         nonsense)
