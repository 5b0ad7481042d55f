# SPDX-License-Identifier: GPL-2.0-or-later
"""Redfish of cxl-fmd: events, pushed and streamed; connections"""

import concurrent.futures
import http.server
import json
import os
import queue
import signal
import threading
import time

from fmtest import Failed, until
from redfishtest import ROOT, main, message, walk
from webtest import LIMIT, raw_unix

SEATS = f"{ROOT}/EventService/Subscriptions"


class Sink:
    """Takes events at .url; .answer is what it says to them"""

    def __init__(self):
        self.got, self.answer, self.tries = queue.Queue(), 204, 0
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = sink.answer   # it may change meanwhile
                sink.tries += 1
                if answer < 300:
                    sink.got.put((dict(self.headers), json.loads(body)))
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/here?a=b"
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def next(self):
        try:
            return self.got.get(timeout=LIMIT)
        except queue.Empty:
            raise Failed("no event came") from None

    def until(self, kind, origin):
        """The record of that kind from that path, and the event it came in"""
        for _ in range(100):
            headers, event = self.next()
            for record in event["Events"]:
                if record["MessageId"].endswith(kind) and \
                        record["OriginOfCondition"]["@odata.id"] == origin:
                    return headers, event, record
        raise Failed(f"no {kind}")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def seat(f, url, **more):
    answer = f.ask("POST", SEATS, dict({"Destination": url,
                                        "Protocol": "Redfish"}, **more))
    if answer.status != 201:
        raise Failed(f"no subscription: {answer}")
    return answer.headers["Location"]


def pushed(f):
    """A subscriber hears what comes, changes and goes."""
    sink = Sink()
    path = seat(f, sink.url, Context="mine", HttpHeaders=[{"X-Mine": "1"}])
    node = f.node(path)
    f.checks.equal((node["Context"], node["Destination"], node["HttpHeaders"],
                    node["Status"]["State"]), ("mine", sink.url, [], "Enabled"),
                   "what was asked for; headers are not told")
    chunk = f.chunk(16)
    headers, event, record = sink.until("ResourceCreated", chunk)
    f.checks.equal((headers["X-Mine"], headers["OData-Version"],
                    headers["Content-Type"]),
                   ("1", "4.0", "application/json; charset=utf-8"), "headers")
    f.checks.equal((event["Context"], event["@odata.type"]),
                   ("mine", "#Event.v1_7_0.Event"), "the event")
    f.checks.equal([r["MemberId"] for r in event["Events"]],
                   [str(n) for n in range(len(event["Events"]))],
                   "records are numbered")
    f.checks.equal((record["EventType"], record["MessageSeverity"]),
                   ("ResourceAdded", "OK"), "the record")
    sink.until("ResourceChanged", chunk)
    f.ask("DELETE", chunk)
    sink.until("ResourceRemoved", chunk)
    etag = f.get(path).headers["ETag"]
    answer = f.ask("PATCH", path, {"Context": "new"}, If_Match=etag)
    f.checks.equal(answer.json()["Context"], "new", "the context is changed")
    for method, body in (("PATCH", {"Context": "newer"}), ("DELETE", None)):
        f.refuses(412, "PreconditionFailed", method, path, body, If_Match=etag)
    f.refuses(400, "PropertyUnknown", "PATCH", path,
              {"Destination": "http://127.0.0.1:9/"})
    other = f.chunk(16)
    _, event, _ = sink.until("ResourceCreated", other)
    f.checks.equal(event["Context"], "new", "and counts")
    f.checks.equal(f.ask("DELETE", path).status, 204, "it ends")
    f.refuses(404, "ResourceMissingAtURI", "GET", path)
    f.refuses(404, "ResourceMissingAtURI", "DELETE", path)
    f.refuses(404, "ResourceMissingAtURI", "PATCH", path, {"Context": ""})
    sink.close()


def chosen(f):
    """A subscriber hears only what it asked for."""
    sinks = [Sink() for _ in range(4)]
    hosts, added, below, none = sinks
    seat(f, hosts.url, ResourceTypes=["ComputerSystem"])
    seat(f, added.url, EventTypes=["ResourceAdded"])
    chunks = f.chunks()
    seat(f, below.url, OriginResources=[{"@odata.id": chunks}],
         SubordinateResources=True)
    seat(f, none.url, RegistryPrefixes=["Base"])
    chunk = f.chunk(16)
    _, event, _ = added.until("ResourceCreated", chunk)
    f.checks.equal({r["EventType"] for r in event["Events"]},
                   {"ResourceAdded"}, "by the type of the event")
    _, event, _ = below.until("ResourceCreated", chunk)
    f.checks.equal({r["OriginOfCondition"]["@odata.id"].rsplit("/", 1)[0]
                    for r in event["Events"]}, {chunks}, "by the origin")
    f.ask("PUT", "/v1/hosts/00000000-0000-4000-8000-000000000009",
          {"name": "new", "machine": "there", "monitor": "qmp:/none"})
    _, event, _ = hosts.until("ResourceCreated", f"{ROOT}/Systems/new")
    f.checks.equal({r["OriginOfCondition"]["@odata.id"].split("/")[3]
                    for r in event["Events"]}, {"Systems"}, "by the schema")
    f.checks.that(none.got.empty(), "by the registry")
    for sink in sinks:
        sink.close()


def tried(f):
    """What is not taken is sent again; then the policy counts."""
    f.kill_daemon(signal.SIGTERM)
    os.environ["FMD_REDFISH_INTERVAL_MS"] = "50"
    f.start_daemon()
    del os.environ["FMD_REDFISH_INTERVAL_MS"]
    sinks = {p: Sink() for p in ("TerminateAfterRetries", "SuspendRetries",
                                 "RetryForever")}
    # From the first event on, which may be of a subscription made after it
    for sink in sinks.values():
        sink.answer = 500
    paths = {p: seat(f, s.url, DeliveryRetryPolicy=p)
             for p, s in sinks.items()}
    chunk = f.chunk(16)
    f.checks.that(until(lambda: f.get(paths["TerminateAfterRetries"]).status ==
                        404, LIMIT), "it is terminated")
    f.checks.that(until(lambda: f.node(paths["SuspendRetries"])["Status"]
                        ["State"] == "Disabled", LIMIT), "it is suspended")
    for policy in ("TerminateAfterRetries", "SuspendRetries"):
        f.checks.equal(sinks[policy].tries, 4, f"{policy}: once and 3 again")
    forever = sinks["RetryForever"]
    f.checks.that(until(lambda: forever.tries > 5, LIMIT), "it goes on")
    forever.answer = 200
    forever.until("ResourceCreated", chunk)
    f.checks.that(True, "nothing was lost")
    f.checks.equal(f.node(paths["RetryForever"])["Status"]["State"],
                   "Enabled", "it is well")
    f.checks.equal(f.get("/healthz").status, 200, "the daemon is well")
    for sink in sinks.values():
        sink.close()
    # To nobody at all
    f.ask("DELETE", paths["RetryForever"])
    path = seat(f, forever.url, DeliveryRetryPolicy="RetryForever")
    f.chunk(16)
    f.checks.equal(f.ask("DELETE", path).status, 204,
                   "one that is tried for ever can be ended")


def kept(f):
    """Subscriptions are there after a restart, with their secrets."""
    sink = Sink()
    path = seat(f, sink.url, Context="kept", HttpHeaders=[{"X-Mine": "s3cret"}])
    file = f"{f.dir.name}/redfish-subscriptions.json"
    f.checks.equal(os.stat(file).st_mode & 0o777, 0o600,
                   "the file is its own only")
    f.kill_daemon(signal.SIGTERM)
    f.start_daemon()
    f.checks.equal(f.node(path)["Context"], "kept", "it is there")
    headers, event, _ = sink.until("ResourceCreated", f.chunk(16))
    f.checks.equal((event["Context"], headers["X-Mine"]), ("kept", "s3cret"),
                   "and works")
    f.kill_daemon(signal.SIGTERM)
    with open(file, "w", encoding="ascii") as spoiled:
        spoiled.write('{"x": [')
    f.start_daemon()
    f.checks.equal(f.node(SEATS)["Members"], [], "a spoiled file is nothing")
    sink.close()


def refused(f):
    """Subscriptions that are none"""
    good = {"Destination": "http://127.0.0.1:9/", "Protocol": "Redfish"}
    for key, body in (
            ("PropertyMissing", {"Protocol": "Redfish"}),
            ("PropertyMissing", {"Destination": "http://127.0.0.1:9/"}),
            ("PropertyValueNotInList", dict(good, Protocol="FTP")),
            ("PropertyValueNotInList", dict(good, EventFormatType="x")),
            ("PropertyValueNotInList", dict(good, SubscriptionType="SSE")),
            ("PropertyValueNotInList", dict(good, DeliveryRetryPolicy="x")),
            ("PropertyValueTypeError", dict(good, Context=7)),
            ("PropertyValueFormatError", dict(good, Context="x" * 2000)),
            ("PropertyValueTypeError", dict(good, VerifyCertificate="yes")),
            ("PropertyValueTypeError", dict(good, EventTypes="Other")),
            ("PropertyValueNotInList", dict(good, EventTypes=["x"])),
            ("PropertyValueOutOfRange", dict(good, EventTypes=["Other"] * 99)),
            ("PropertyValueFormatError", dict(good, OriginResources=["x"])),
            ("PropertyUnknown", dict(good, Colour="red"))):
        f.refuses(400, key, "POST", SEATS, body)
    for url in ("", "x", "/x", "file:///etc/passwd", "ftp://127.0.0.1/",
                "http://", "http:///x", "http://a:b@127.0.0.1/", "http://[::1",
                "gopher://127.0.0.1/", "http://127.0.0.1/#x", "x" * 2000,
                "redfish-sse://127.0.0.1:1"):
        f.refuses(400, "PropertyValueFormatError", "POST", SEATS,
                  dict(good, Destination=url))
    for headers in ([{"Host": "x"}], [{"Content-Length": "1"}],
                    [{"A b": "x"}], [{"A": "x\r\nB: y"}], [{"": "x"}],
                    [{"A": 7}], [{"A": "x" * 2000}]):
        answer = f.refuses(400, "PropertyValueFormatError", "POST", SEATS,
                           dict(good, HttpHeaders=headers))
        f.checks.that("2000" not in answer.body.decode() and
                      "xxxx" not in answer.body.decode(), "it is not told")
    count = len(f.node(SEATS)["Members"])
    f.checks.equal(count, 0, "none of them is there")
    for _ in range(16):
        seat(f, good["Destination"])
    f.refuses(503, "EventSubscriptionLimitExceeded", "POST", SEATS, good)


def unkept(f):
    """What cannot be kept is not so, and a second client undoes nothing."""
    file = f"{f.dir.name}/redfish-subscriptions.json"
    good = {"Destination": "http://127.0.0.1:9/", "Protocol": "Redfish"}
    path = seat(f, good["Destination"], Context="old")
    # Nothing can take the place of a folder.
    os.remove(file)
    os.mkdir(file)
    f.refuses(507, "InsufficientStorage", "POST", SEATS, good)
    f.refuses(507, "InsufficientStorage", "PATCH", path, {"Context": "new"})
    f.checks.equal(f.node(path)["Context"], "old", "it is not changed")
    f.refuses(507, "InsufficientStorage", "DELETE", path)
    f.checks.equal([m["@odata.id"] for m in f.node(SEATS)["Members"]], [path],
                   "it is there still, and no other")
    os.rmdir(file)
    f.checks.equal(f.ask("PATCH", path, {"Context": "new"}).status, 200,
                   "when there is room it is")
    f.refuses(400, "PropertyValueFormatError", "POST", SEATS,
              dict(good, Id="SSE-1"))
    # One of those who have seen the same may change it.
    rounds = []
    for n in range(20):
        etag, begin = f.get(path).headers["ETag"], threading.Barrier(6)

        def change(word, etag=etag, begin=begin):
            begin.wait()
            return f.ask("PATCH", path, {"Context": word},
                         If_Match=etag).status
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            rounds.append(sorted(pool.map(change, (f"{n}-{i}" for i in
                                                   range(6)))))
    f.checks.equal(rounds, [[200] + 5 * [412]] * 20,
                   "one of six that have seen the same")
    # All that were taken are there after a restart, however long they are.
    long = {f"X-{n}": "/" * 1024 for n in range(16)}
    answers = [f.ask("POST", SEATS, dict(good, HttpHeaders=[long] * 3)).status
               for _ in range(15)]
    taken = len(f.node(SEATS)["Members"])
    f.checks.equal((set(answers), taken), ({201, 507},
                                           1 + answers.count(201)),
                   "so many have room")
    f.kill_daemon(signal.SIGKILL)
    f.start_daemon()
    f.checks.equal(len(f.node(SEATS)["Members"]), taken, "and are kept")


class Stream:
    """Server-sent events of Redfish"""

    def __init__(self, path, **headers):
        text = "".join(f"{k.replace('_', '-')}: {v}\r\n"
                       for k, v in headers.items())
        self.socket = raw_unix(path)
        self.socket.sendall(f"GET {ROOT}/EventService/SSE HTTP/1.0\r\n"
                            f"Host: localhost\r\n{text}\r\n".encode())
        self.file = self.socket.makefile("r", encoding="utf-8", newline="\n")
        self.head = []
        while not self.head or self.head[-1]:
            self.head.append(self.file.readline().strip())

    def next(self):
        """(id, event) of the next that has data"""
        number, end = None, time.monotonic() + 2 * LIMIT
        while True:
            if time.monotonic() > end:
                raise Failed("no event came")   # nothing but heartbeats
            key, _, value = self.file.readline().rstrip("\n").partition(": ")
            if key == "id":
                number = int(value)
            elif key == "data":
                return number, json.loads(value)

    def until(self, kind, origin):
        while True:
            number, event = self.next()
            record, = event["Events"]
            if record["MessageId"].endswith(kind) and \
                    record["OriginOfCondition"]["@odata.id"] == origin:
                return number, event

    def close(self):
        self.file.close()
        self.socket.close()


def streamed(f):
    """ServerSentEventUri: the same as a stream, which goes on where it was"""
    f.checks.equal(f.node(f"{ROOT}/EventService")["ServerSentEventUri"],
                   f"{ROOT}/EventService/SSE", "where it is")
    stream = Stream(f.socket, Accept="text/event-stream")
    f.checks.that("Content-Type: text/event-stream" in stream.head and
                  "OData-Version: 4.0" in stream.head, "its header",
                  stream.head)
    seats = f.node(f"{SEATS}?$expand=.")["Members"]
    f.checks.equal([s["SubscriptionType"] for s in seats], ["SSE"],
                   "its reader is a subscription")
    chunk = f.chunk(16)
    number, event = stream.until("ResourceCreated", chunk)
    f.checks.equal(str(number), event["Id"], "ids are those of the events")
    f.checks.that(seats[0]["Context"] and
                  event["Context"] == seats[0]["Context"],
                  "its context says which stream it is", event)
    stream.close()
    f.ask("DELETE", chunk)
    f.checks.that(until(lambda: f.get(chunk).status == 404, LIMIT), "it goes")
    stream = Stream(f.socket, Last_Event_ID=number)
    later, _ = stream.until("ResourceRemoved", chunk)
    f.checks.that(later > number, "a reader that comes back misses nothing")
    stream.close()
    # Seen when the next heartbeat does not get through.
    f.checks.that(until(lambda: not f.node(SEATS)["Members"], 3 * LIMIT),
                  "who has gone is no subscription any more")
    stream = Stream(f.socket)
    seat_, = (m["@odata.id"] for m in f.node(SEATS)["Members"])
    f.checks.equal(walk(f.read, SEATS)[1], [], "it is a good one")
    f.checks.equal(f.ask("DELETE", seat_).status, 204, "it can be ended")
    while stream.file.readline():
        pass
    f.checks.equal(f.get(seat_).status, 404, "then the stream ends")
    stream.close()
    # One that is for any host and pool comes when it is placed.
    stream = Stream(f.socket)
    claim = f.claim(selector={"row": "2"})
    f.reaches(claim, "Bound")
    chunk = f"{f.chunks()}/{claim.rsplit('/', 1)[1]}"
    stream.until("ResourceCreated", chunk)
    f.ask("DELETE", claim)
    stream.until("ResourceRemoved", chunk)
    f.checks.that(True, "a claim that was placed comes and goes")
    # The same UUID again is another thing.
    f.checks.that(until(lambda: f.get(claim).status == 404, LIMIT), "it is gone")
    f.ask("PUT", claim, {"bytes": "16M", "host": "vm1", "pool":
                         f.chunks().split("/")[4]})
    stream.until("ResourceCreated", chunk)
    f.checks.that(True, "and may come again")
    stream.close()
    for wrong in ("x", 1 << 62):
        stream = Stream(f.socket, Last_Event_ID=wrong)
        _, event = stream.next()
        f.checks.equal(event["Events"][0]["OriginOfCondition"]["@odata.id"],
                       f"{ROOT}/", f"{wrong}: it is told to read anew")
        stream.close()


def sunfish(f):
    """An agent announces itself once, and is told which context it has."""
    sink = Sink()
    path = seat(f, sink.url, Id="SunfishServer", Oem={"CxlDcd": {
        "Announce": "http://127.0.0.1:8000"}})
    f.checks.equal(path, f"{SEATS}/SunfishServer", "the Id that Sunfish knows")
    _, event = sink.next()
    record, = event["Events"]
    f.checks.equal((record["MessageId"].split(".")[-1], record["MessageArgs"]),
                   ("AggregationSourceDiscovered",
                    ["Redfish", "http://127.0.0.1:8000"]), "it announces")
    method = f.node(record["OriginOfCondition"]["@odata.id"])
    f.checks.equal(method["ConnectionMethodType"], "Redfish", "how")
    f.checks.that(until(lambda: "Announced" in open(
        f"{f.dir.name}/redfish-subscriptions.json", encoding="ascii").read(),
        LIMIT), "it remembers")
    f.ask("PATCH", path, {"Context": "source"})
    f.kill_daemon(signal.SIGTERM)
    f.start_daemon()
    chunk = f.chunk(16)
    kinds = set()
    while "ResourceCreated" not in kinds:
        _, event = sink.next()
        kinds |= {r["MessageId"].split(".")[-1] for r in event["Events"]
                  if r["MessageId"].split(".")[-1] != "ResourceCreated" or
                  r["OriginOfCondition"]["@odata.id"] == chunk}
    f.checks.equal(event["Context"], "source", "with its context")
    f.checks.that("AggregationSourceDiscovered" not in kinds, "once only",
                  kinds)
    f.refuses(409, "ResourceInUse", "POST", SEATS, {
        "Id": "SunfishServer", "Destination": sink.url, "Protocol": "Redfish"})
    for key, more in (("PropertyValueFormatError", {"Id": "a b"}),
                      ("PropertyValueFormatError", {"Id": "x" * 65}),
                      ("PropertyValueFormatError", {"Id": "../x"}),
                      ("PropertyValueFormatError", {"Oem": {"CxlDcd": {
                          "Announce": "file:///x"}}}),
                      ("PropertyUnknown", {"Oem": {"CxlDcd": {"x": 1}}}),
                      ("PropertyValueTypeError", {"Oem": []})):
        f.refuses(400, key, "POST", SEATS, dict(
            {"Destination": sink.url, "Protocol": "Redfish"}, **more))
    sink.close()


def connections(f):
    """One more host of a shared tag, and one fewer"""
    path = f"{ROOT}/Fabrics/CXL/Connections"
    chunk = f.chunk(32, "vm1", region=1)
    claim = chunk.rsplit("/", 1)[1]
    first, = (m["@odata.id"] for m in f.node(path)["Members"])
    f.checks.equal(first, f"{path}/{claim}.vm1", "the first host has one")
    info = {"MemoryChunkInfo": [{"MemoryChunk": {"@odata.id": chunk}}]}
    body = dict(info, ConnectionType="Memory", Links={
        "InitiatorEndpoints": [f.end("vm2")]})
    answer = f.ask("POST", path, body)
    f.checks.equal((answer.status, answer.headers.get("Location")),
                   (201, f"{path}/{claim}.vm2"), "one more")
    f.checks.that(until(lambda: f.node(f"{path}/{claim}.vm2")["Status"]["State"]
                        == "Enabled" and
                        f.node(f"{ROOT}/Systems/vm2/Memory/CXL")["CapacityMiB"],
                        LIMIT), "the host has it", f.node(chunk))
    at = f.node(chunk)["Links"]["MemoryRegions"][1]["@odata.id"]
    f.checks.that(until(lambda: f.node(at)["MemoryExtents"], LIMIT) and
                  f.node(at)["ShareableRegion"], "in a region to share")
    f.checks.equal([e["SequenceNumber"] for e in f.node(at)["MemoryExtents"]],
                   list(range(1, f.node(at)["ExtentsCount"] + 1)),
                   "shared extents are numbered")
    f.refuses(409, "ResourceInUse", "POST", path, body)
    f.refuses(409, "ResourceCannotBeDeleted", "DELETE", first)
    f.refuses(412, "PreconditionFailed", "DELETE", f"{path}/{claim}.vm2",
              If_Match='"1-x"')
    f.checks.equal(f.ask("DELETE", f"{path}/{claim}.vm2").status, 204,
                   "one fewer")
    f.refuses(404, "ResourceMissingAtURI", "DELETE", f"{path}/{claim}.vm2")
    f.checks.that(until(lambda: f.node(f"{ROOT}/Systems/vm2/Memory/CXL")
                        ["CapacityMiB"] == 0, LIMIT), "the host gave it back")
    for key, wrong in (
            ("PropertyMissing", {}), ("PropertyMissing", info),
            ("PropertyValueFormatError", dict(body, MemoryChunkInfo=[])),
            ("PropertyValueFormatError", dict(body, MemoryChunkInfo=[7])),
            ("PropertyValueFormatError", dict(body, MemoryChunkInfo=[
                {"MemoryChunk": {"@odata.id": chunk + "x"}}])),
            ("PropertyValueFormatError", dict(body, Links={
                "InitiatorEndpoints": [f.end("nobody")]}))):
        f.refuses(400, key, "POST", path, wrong)
    both = f.chunk(16, "vm1", "vm2", region=1)
    f.checks.equal(f.node(both)["Oem"]["CxlDcd"]["Hosts"], ["vm1", "vm2"],
                   "two from the beginning")
    f.checks.equal(message(f.get(f"{path}/{claim}.vm9")),
                   "ResourceMissingAtURI", "nobody's connection")


if __name__ == "__main__":
    main(pushed, chosen, tried, kept, refused, unkept, streamed, sunfish,
         connections)
