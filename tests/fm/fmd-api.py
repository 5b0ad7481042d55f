# SPDX-License-Identifier: GPL-2.0-or-later
"""/v1 of cxl-fmd: claims, hosts, devices, metrics; what is said is stored"""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid

from fleettest import TOKENS, main
from fmtest import LIMIT, MIB, until
from webtest import LONG, NO_TEXT, raw_unix, talk_nonsense

NOBODY = str(uuid.UUID(int=1))


# --- Claims ---

def claims(f):
    """A claim from its wish to its end"""
    path = f"/v1/claims/{uuid.uuid4()}"
    wish = {"bytes": "32M", "host": "vm1", "consumer_kind": "job",
            "consumer": "17"}
    answer = f.wants(201, "", "PUT", path, wish)
    f.checks.equal(answer.headers.get("Location"), path, "where it is")
    first = answer.headers["ETag"].split("-")[0]
    f.checks.equal((answer.json()["bytes"], answer.json()["uuid"]),
                   (32 * MIB, path[-36:]), "what is stored")
    answer = f.wants(200, "", "PUT", path, wish)
    f.checks.equal(answer.headers["ETag"].split("-")[0], first,
                   "the same again changes nothing of the wish")
    f.wants(200, "", "PUT", path, {**wish, "bytes": 32 * MIB})
    f.reaches(path, "Bound")
    extents = f.run("extents", "--json", "-d", "vm1").json()["devices"][0]
    f.checks.equal([(e["length"], e["tag"]) for e in extents["extents"]],
                   [(32 * MIB, path[-36:])], "its UUID is the tag")
    answer = f.wants(409, "conflict", "PUT", path, {**wish, "bytes": "64M"})
    f.wants(200, "", "GET", path.upper().replace("/V1/CLAIMS", "/v1/claims"))
    f.wants(202, "", "DELETE", path)
    f.reaches(path, "gone")
    f.wants(404, "not-found", "GET", path)
    f.wants(404, "not-found", "DELETE", path)
    f.checks.equal(f.run("extents", "--json").json()["devices"][0]["extents"],
                   [], "nothing is left of it")


def wrong_claims(f):
    """What is no claim is refused, with the member's name."""
    path = f"/v1/claims/{uuid.uuid4()}"
    for body, say in (({}, "bytes"), ({"bytes": 0}, "bytes"),
                      ({"bytes": -1}, "bytes"), ({"bytes": "much"}, "bytes"),
                      ({"bytes": 1.5}, "bytes"), ({"bytes": "1G", "hots": ""},
                                                  "hots"),
                      ({"bytes": "1G", "region": 8}, "region"),
                      ({"bytes": "1G", "host": "no such"}, "host"),
                      ({"bytes": "1G", "deleted": True}, "deleted"),
                      ({"bytes": "1G", "uuid": NOBODY}, "uuid"),
                      ({"bytes": "1G", "selector": {"a": 1}}, "selector"),
                      ({"bytes": "1G", "consumer": "x" * 300}, "consumer"),
                      ({"bytes": "1G", "shared_with": ["a"] * 17},
                       "shared_with"),
                      *(({"bytes": "1G", "lease": lease},
                         '"lease" must be a whole number from 5 to 31536000')
                        for lease in (0, 4, -5, 31536001, 1 << 63, 1e300, 5.5,
                                      "30", "30s", True, [5], {})),
                      ({"bytes": "1G", "lapsed": True}, '"lapsed" is not put')):
        answer = f.wants(422, "invalid", "PUT", path, body)
        f.checks.that(say in answer.json()["error"]["message"],
                      f"it names {say}", answer)
    answer = f.ask("PUT", path, {"bytes": "1G", "host": "nobody"})
    f.checks.that(answer.status in (404, 409, 422) and "nobody" in
                  answer.json()["error"]["message"], "a host that is not known",
                  answer)
    for word in ("x", "0", "00000000-0000-0000-0000-000000000000",
                 path[-36:] + "0", "%2e%2e", path[-36:].replace("-", "_")):
        f.wants(400, "bad-uuid", "PUT", f"/v1/claims/{word}", {"bytes": 1})
        f.wants(400, "bad-uuid", "GET", f"/v1/claims/{word}")
    f.wants(400, "bad-json", "PUT", path, "{", Content_Type="application/json")
    f.wants(415, "not-json", "PUT", path, "{}")
    f.wants(413, "too-large", "PUT", path, {"bytes": 1, "consumer": "x" * 70000})
    f.wants(404, "not-found", "GET", path)
    f.checks.equal(f.get("/v1/claims").json()["claims"], [],
                   "none of it is a claim")


def leases(f):
    """What has no lease, or is not there, is not renewed."""
    path, wish = f"/v1/claims/{uuid.uuid4()}", {"bytes": "16M", "host": "vm1"}
    f.wants(404, "not-found", "POST", f"{path}/renew")
    f.wants(201, "", "PUT", path, wish)
    answer = f.wants(409, "conflict", "POST", f"{path}/renew")
    f.checks.that("has no lease" in answer.json()["error"]["message"],
                  "it says why", answer)
    answer = f.wants(200, "", "PUT", path, {**wish, "lease": 600})
    f.checks.equal(answer.json()["lease"], 600, "it has one now")
    f.reaches(path, "Bound")
    tag = f.get(path).headers["ETag"]
    answer = f.wants(200, "", "POST", f"{path}/renew", If_Match=tag)
    f.checks.equal((answer.headers["ETag"], answer.json()),
                   (tag, f.get(path).json()), "it is as it was")
    f.wants(400, "no-body", "POST", f"{path}/renew", {})
    f.wants(412, "stale", "POST", f"{path}/renew", If_Match='"1"')
    f.wants(405, "bad-method", "GET", f"{path}/renew")
    f.wants(400, "bad-uuid", "POST", "/v1/claims/x/renew")
    f.wants(202, "", "DELETE", path)
    f.reaches(path, "gone")
    f.wants(404, "not-found", "POST", f"{path}/renew")


def conditions(f):
    """If-Match and If-None-Match: nobody overwrites what he has not seen."""
    path = f"/v1/claims/{uuid.uuid4()}"
    wish = {"bytes": "16M", "host": "vm1"}
    f.wants(412, "stale", "PUT", path, wish, If_Match="*")
    f.wants(412, "stale", "PUT", path, wish, If_Match='"1"')
    f.wants(404, "not-found", "GET", path)
    answer = f.wants(201, "", "PUT", path, wish, If_None_Match="*")
    tag = answer.headers["ETag"]
    f.wants(412, "exists", "PUT", path, wish, If_None_Match="*")
    f.wants(200, "", "PUT", path, {**wish, "consumer": "a"}, If_Match=tag)
    f.wants(412, "stale", "PUT", path, {**wish, "consumer": "b"}, If_Match=tag)
    answer = f.get(path)
    f.checks.equal(answer.json()["consumer"], "a", "the first one won")
    for odd in ("1", "W/\"1\"", '"x"', '"0"', '"1","2"', '""', "*,*",
                '"18446744073709551616"'):
        f.wants(400, "bad-if-match", "PUT", path, wish, If_Match=odd)
    f.wants(400, "bad-if-none-match", "PUT", path, wish, If_None_Match=tag)
    f.reaches(path, "Bound")
    news = f.wants(200, "", "GET", path, If_None_Match=tag)
    f.checks.that(news.headers["ETag"] != tag, "that it is bound is news")
    tag = news.headers["ETag"]
    answer = f.wants(304, "", "GET", path, If_None_Match=tag)
    f.checks.equal(answer.body, b"", "nothing new, nothing sent")
    f.wants(412, "stale", "DELETE", path, If_Match='"1"')
    f.wants(202, "", "DELETE", path, If_Match="*")
    f.reaches(path, "gone")


def queries(f):
    """Lists can be asked for a part; a misspelt filter is no filter."""
    one = f.claim(host="vm1", consumer="17", consumer_kind="job")
    two = f.claim(selector={"row": "2"})
    f.reaches(one, "Bound")
    f.reaches(two, "Bound")
    vm2 = f.get("/v1/hosts?name=vm2").json()["hosts"]
    f.checks.equal([h["name"] for h in vm2], ["vm2"], "hosts by name")

    def uuids(query):
        return sorted("/v1/claims/" + c["uuid"] for c in f.get(
            f"/v1/claims?{query}").json()["claims"])
    f.checks.equal(uuids(""), sorted([one, two]), "all")
    f.checks.equal(uuids("phase=Bound"), sorted([one, two]), "by phase")
    f.checks.equal(uuids("phase=Pending"), [], "by another phase")
    f.checks.equal(uuids("consumer=17&consumer_kind=job"), [one], "by whom")
    f.checks.equal(uuids("host=vm1"), [one], "by host, as it was named")
    f.checks.equal(uuids(f"host={vm2[0]['uuid']}"), [two], "by its UUID")
    f.wants(400, "bad-query", "GET", "/v1/claims?fase=Bound")
    f.wants(400, "bad-query", "GET", "/v1/hosts?x")


def hosts(f):
    """Hosts come and go over HTTP, but commands do not."""
    path = f"/v1/hosts/{uuid.uuid4()}"
    wish = {"name": "far", "machine": "elsewhere", "monitor": "qmp:/nowhere"}
    f.wants(403, "command", "PUT", path, {**wish, "pressure": "rm -rf /"})
    f.wants(201, "", "PUT", path, wish)
    f.wants(200, "", "PUT", path, wish)
    f.wants(409, "conflict", "PUT", f"/v1/hosts/{uuid.uuid4()}", wish)
    answer = f.wants(200, "", "GET", path)
    f.checks.equal(answer.json()["name"], "far", "it is there")
    claim = f.claim(host="far")
    f.wants(409, "conflict", "DELETE", path)
    f.ask("DELETE", claim)
    f.reaches(claim, "gone")
    f.wants(200, "", "DELETE", path)
    f.wants(404, "not-found", "GET", path)


# --- Numbers ---

SAMPLE = re.compile(r'^([a-z_:][a-z0-9_:]*)(?:\{([a-z_]+="(?:[^"\\\n]|\\.)*",?)'
                    r'*\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN)$')


def metrics(f):
    """/metrics is what Prometheus reads."""
    f.reaches(f.claim(host="vm1"), "Bound")
    f.get("/nope")
    answer = f.get("/metrics")
    f.checks.equal(answer.headers["Content-Type"],
                   "text/plain; version=0.0.4", "the type it looks for")
    kinds, helped, seen, values = {}, set(), [], {}
    for line in answer.body.decode().splitlines():
        if line.startswith("# HELP "):
            name = line.split()[2]
            f.checks.that(name not in helped and line.endswith("."),
                          f"{name}: help, once")
            helped.add(name)
        elif line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            kinds[name] = kind
            f.checks.that((kind == "counter") == name.endswith("_total"),
                          f"{name} is a {kind}")
        else:
            found = SAMPLE.match(line)
            f.checks.that(found, f"a sample: {line[:60]}")
            name = found[1]
            f.checks.that(kinds.get(name) and name in helped and (
                not seen or seen[-1] == name or name not in seen),
                f"{name} stands below its head")
            seen.append(name)
            values[line.rpartition(" ")[0]] = float(found[3])
    f.checks.equal((values['cxl_fmd_claims{phase="Bound"}'],
                    values['cxl_fmd_acts_total{act="add"}'],
                    values["cxl_fmd_ready"]), (1, 1, 1), "they are true")
    if not shutil.which("promtool"):
        f.checks.skip("promtool", "it is not there (package prometheus)")
        return
    done = subprocess.run(["promtool", "check", "metrics"], input=answer.body,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=LIMIT, check=False)
    f.checks.equal((done.returncode, done.stdout), (0, b""),
                   "promtool finds nothing")
    f.checks.that(values['cxl_fmd_http_answers_total{class="4xx"}'] >= 1 and
                  1 << 20 < values["cxl_fmd_resident_memory_bytes"] < 1 << 28,
                  "and these", values)


# --- What is acknowledged is stored ---

def kills(f):
    """kill -9 at any moment loses nothing that was acknowledged."""
    acknowledged, over = [], threading.Event()

    def put():
        while not over.is_set():
            path = f"/v1/claims/{uuid.uuid4()}"
            try:
                if f.ask("PUT", path, {"bytes": "2M",
                                       "host": "vm1"}).status == 201:
                    acknowledged.append(path)
            except OSError:
                time.sleep(.01)

    dice = random.Random(7)
    for _ in range(6):
        over.clear()
        writers = [threading.Thread(target=put) for _ in range(4)]
        for writer in writers:
            writer.start()
        time.sleep(dice.uniform(.05, .3))
        f.kill_daemon()
        over.set()
        for writer in writers:
            writer.join()
        f.start_daemon()
        there = {"/v1/claims/" + c["uuid"]
                 for c in f.get("/v1/claims").json()["claims"]}
        lost = [p for p in acknowledged if p not in there]
        f.checks.equal(lost, [], f"all of {len(acknowledged)} are there")
    f.checks.that(len(acknowledged) > 20, "enough were put",
                  len(acknowledged))


# --- Devices by hand ---

def devices(f):
    """The calls of libcxlfm over HTTP, and its errors"""
    found = f.get("/v1/devices").json()["devices"]
    f.checks.equal([d["host_name"] for d in found], ["vm1", "vm2"],
                   "devices, by the names of their hosts")
    path = f"/v1/devices/{found[0]['id']}"
    f.wants(200, "", "POST", path + "/add", {"host": 1, "length": 4 * MIB})
    until(lambda: f.get(path + "/snapshot").json()["extents"][0]["state"] ==
          "accepted")
    extents = f.get(path + "/snapshot").json()["extents"]
    f.checks.equal([(e["length"], e["tag"]) for e in extents],
                   [(4 * MIB, None)], "what it has")
    answer = f.wants(409, "refused", "POST", path + "/add",
                     {"host": 1, "length": 1 << 50})
    f.checks.equal(answer.json()["error"]["cxlfm_error"], -5,
                   "the library's error")
    f.wants(422, "invalid", "POST", path + "/add", {"host": 1})
    f.wants(422, "invalid", "POST", path + "/add", {"lenght": 5})
    f.wants(422, "invalid", "POST", path + "/add", {"length": -5})
    f.wants(422, "invalid", "POST", path + "/release", {"removal": "x"})
    f.wants(422, "invalid", "POST", path + "/reference", {"tag": "x",
                                                          "held": True})
    f.wants(422, "invalid", "POST", path + "/region", {"region": 9})
    f.wants(422, "invalid", "POST", path + "/reclaim", {"pool": "x",
                                                        "host": -1})
    f.wants(404, "not-found", "GET", "/v1/devices/none/snapshot")
    f.wants(404, "not-found", "POST", "/v1/devices/none/add", {})
    f.wants(200, "", "POST", path + "/release",
            {"host": 1, "removal": "prescriptive",
             "extents": [{"offset": extents[0]["offset"],
                          "length": 4 * MIB}]})
    until(lambda: not f.get(path + "/snapshot").json()["extents"])
    f.checks.equal(f.get(path + "/snapshot").json()["extents"], [],
                   "it is given back")


def hung_device(f):
    """A device that does not answer holds up nobody but who asks for it."""
    found = f.get("/v1/devices").json()["devices"]
    f.host(1, "deaf")
    asking = [threading.Thread(target=lambda: f.get(
        f"/v1/devices/{found[0]['id']}/snapshot")) for _ in range(60)]
    for thread in asking:
        thread.start()
    time.sleep(.1)
    for path in ("/v1/claims", "/v1/hosts", "/healthz", "/metrics",
                 "/v1/devices", "/v1/health",
                 f"/v1/devices/{found[1]['id']}/snapshot"):
        began = time.monotonic()
        answer = f.get(path)
        took = time.monotonic() - began
        f.checks.that(answer.status == 200 and took < 1,
                      f"{path} is answered meanwhile", f"{took} {answer}")
    f.expect(0, "claim", "add", "2M", "-H", "vm2", "--wait", "-T", "5")
    f.expect(0, "extents", "-d", "vm2", out="accepted")
    f.host(1, "speak")
    for thread in asking:
        thread.join()


def reloads(f):
    """The configuration is read anew while requests run: none is spoilt."""
    keep = f.claim(host="vm1")
    f.reaches(keep, "Bound")
    device = f.get("/v1/devices").json()["devices"][0]["id"]
    over, wrong = threading.Event(), []

    def asks(path):
        while not over.is_set():
            answer = f.get(path)
            if answer.status != 200:
                wrong.append(f"{path} {answer}")
    asking = [threading.Thread(target=asks, args=(path,)) for path in
              ("/v1/devices", "/v1/hosts", "/v1/devices",
               f"/v1/devices/{device}/snapshot")]
    for thread in asking:
        thread.start()
    for weight in range(2, 30):
        f.write_config("", False, f"weight = {weight}")
        f.daemon.send_signal(signal.SIGHUP)
        if not until(lambda want=weight: [h["weight"] for h in f.get(
                "/v1/hosts").json()["hosts"]] == [want, want]):
            wrong.append(f"no weight {weight}")
    with open(f.config, "a", encoding="ascii") as file:
        file.write("nonsense = 1\n")
    f.daemon.send_signal(signal.SIGHUP)
    f.checks.that(until(lambda: "all stays as it was" in "".join(f.log)),
                  "one that makes no sense is not taken over", f.log)
    f.log[:] = [line for line in f.log if "all stays as it was" not in line]
    over.set()
    for thread in asking:
        thread.join()
    f.checks.equal(wrong, [], "all are answered, and each is taken over")
    f.checks.equal({h["weight"] for h in f.get("/v1/hosts").json()["hosts"]},
                   {29}, "the hosts are as the last good one says")
    f.reaches(keep, "Bound")


def waited_for(f):
    """Who has asked before all doors are open is answered at once."""
    f.kill_daemon(signal.SIGTERM)
    key, path = f.pair[0], f"{f.dir.name}/handed-over"
    os.rename(key, f"{key}.kept")
    os.mkfifo(key)                # who reads it waits for us
    asked, said = [], []

    def wait():
        said.extend(s.recv(15) for s in asked)
        with open(f"{key}.kept", "rb") as kept, open(key, "wb") as file:
            file.write(kept.read())
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        for what in ("/v1/events", "/redfish/v1/EventService/SSE",
                     "/metrics"):
            asked.append(raw_unix(path))
            asked[-1].sendall(f"GET {what} HTTP/1.0\r\n"
                              "Host: localhost\r\n\r\n".encode())
        waiter = threading.Thread(target=wait)
        waiter.start()
        f.socket = path
        f.start_daemon(listener)
        waiter.join()
        f.checks.equal(said, 3 * [b"HTTP/1.1 200 OK"], "streams, too")
        for s in asked:
            s.close()


waited_for.tcp = True


# --- Nonsense ---

def limits(f):
    """Claims have limits, of all and of each who puts them"""
    many = "too-many-claims"

    def put(token, path=None):
        path = path or f"/v1/claims/{uuid.uuid4()}"
        return path, f.token(TOKENS[token], "PUT", path,
                             {"bytes": "2M", "host": "vm1"})
    mine = [put("user") for _ in range(3)]
    f.checks.equal([a.status for _, a in mine], [201] * 3, "three of user")
    f.checks.equal({a.json().get("by") for _, a in mine}, {"token user"},
                   "it is noted whose they are")
    _, answer = put("user")
    f.checks.equal((answer.status, answer.code()), (507, many), "no fourth")
    f.checks.that("claims-per-token" in answer.json()["error"]["message"],
                  "the limit has its name", answer)
    chunk = f.token(TOKENS["user"], "POST", "/redfish/v1/Chassis/"
                    f"{f.get('/v1/pools').json()['pools'][0]['uuid']}"
                    "/MemoryDomains/0/MemoryChunks",
                    {"MemoryChunkSizeMiB": 2})
    f.checks.equal(chunk.status, 507, "nor as a chunk of Redfish")
    theirs = [put("admin") for _ in range(2)]
    f.checks.equal([a.status for _, a in theirs], [201] * 2, "two of admin")
    _, answer = put("admin")
    f.checks.equal((answer.status, answer.code()), (507, many),
                   "there are five of all")
    f.checks.that('"claims" of [daemon] is 5' in
                  answer.json()["error"]["message"], "that one too", answer)
    f.checks.equal(put("user", mine[0][0])[1].status, 200,
                   "what is there is put again")
    answer = put("admin", mine[0][0])[1]
    f.checks.equal((answer.status, answer.json()["by"]), (200, "token user"),
                   "by others it stays whose it was")
    f.wants(422, "invalid", "PUT", mine[0][0],
            {"bytes": "2M", "host": "vm1", "by": "token admin"})
    f.token(TOKENS["user"], "DELETE", mine[0][0])
    f.checks.that(until(lambda: f.phase(mine[0][0]) == "gone"), "one ends")
    f.checks.equal(put("user")[1].status, 201, "then there is room for one")


limits.tcp = True
limits.config = "[daemon]\nclaims = 5\nclaims-per-token = 3\n[http]"


def pages(f):
    """Lists come in parts, in which nothing is missed or told twice."""
    paths = sorted(f.claim("2M", host="vm1", consumer="odd" if n % 2 else "")
                   for n in range(11))
    for limit in (1, 3, 10, 11, 12):
        got, query, parts = [], "", 0
        while query is not None:
            said = f.get(f"/v1/claims?limit={limit}{query}").json()
            f.checks.that(len(said["claims"]) <= limit, "no part is larger")
            got += [c["uuid"] for c in said["claims"]]
            query = f"&after={said['next']}" if "next" in said else None
            parts += 1
        f.checks.equal((got, parts), ([p[-36:] for p in paths],
                                      -(-11 // limit)), f"parts of {limit}")
    said = f.get("/v1/claims?limit=2&consumer=odd").json()
    f.checks.equal([c["consumer"] for c in said["claims"]], ["odd"] * 2,
                   "what is asked for is counted")
    f.checks.equal(f.get(f"/v1/claims?after={paths[-1][-36:].upper()}").json()[
        "claims"], [], "behind the last there is nothing")
    f.checks.that("next" not in f.get("/v1/claims").json(),
                  "without a limit it is all")
    hosts = f.get("/v1/hosts?limit=1").json()
    f.checks.equal((len(hosts["hosts"]), len(f.get(
        f"/v1/hosts?after={hosts['next']}").json()["hosts"])), (1, 1),
        "hosts, too")
    for query in ("limit=0", "limit=-1", "limit=x", "limit=", "limit=10001",
                  "after=x", "after=", "after=%ff"):
        f.wants(400, "bad-query", "GET", f"/v1/claims?{query}")


def texts(f):
    """No text that is none comes in, and each answer is one."""
    for no in NO_TEXT:
        body = b'{"bytes":"2M","host":"vm1","consumer":"' + no + b'"}'
        f.wants(400, "bad-json", "PUT", f"/v1/claims/{uuid.uuid4()}", body,
                Content_Type="application/json")
    for path in ("/v1/claims/%ff%fe", "/v1/pools/%ff", "/%ff",
                 "/v1/devices/%c0%af/snapshot", "/redfish/v1/%ed%a0%80"):
        answer = f.get(path)
        f.checks.that(answer.status in (400, 404) and answer.json()["error"],
                      f"{path} is said not to be there in a text", answer)
    f.wants(400, "bad-query", "GET", "/v1/claims?%ff=1")
    f.wants(200, "", "GET", "/v1/claims?host=%ff")
    long = "%c3%a9" * 60
    # Whatever the place where a message cuts it
    for odd in ("", "x"):
        said = [f.get(f"/v1/claims/{odd}{long}"),
                f.get(f"/v1/claims?{odd}{long}=1"),
                f.get(f"/v1/pools/{odd}{long}"),
                f.get(f"/v1/devices/{odd}{long}/snapshot"),
                f.get(f"/v1/events?after={odd}{long}")]
        for member, value in ((f"{odd}{LONG.decode()}", 1),
                              ("host", odd + LONG.decode()),
                              ("bytes", odd + LONG.decode()),
                              ("consumer", ["x" + LONG.decode()])):
            said.append(f.ask("PUT", f"/v1/claims/{uuid.uuid4()}",
                              json.dumps({"bytes": "2M", member: value},
                                         ensure_ascii=False).encode(),
                              Content_Type="application/json"))
        for answer in said:
            f.checks.that(400 <= answer.status < 500 and answer.code(),
                          "an error is text that a strict reader takes", answer)


def nonsense(f):
    """Random requests on every route; what was there stays as it was."""
    keep = f.claim(host="vm1")
    f.reaches(keep, "Bound")
    device = f.get("/v1/devices").json()["devices"][1]["id"]
    document = f.get("/v1/openapi.json").json()
    paths = []
    for path in document["paths"]:
        for word in (str(uuid.uuid5(uuid.NAMESPACE_URL, path)), "x", NOBODY):
            paths.append(path.replace("{uuid}", word).replace(
                "{device}", device).encode())
    talk_nonsense(f.socket, paths)
    f.checks.that(f.daemon.poll() is None, "the daemon lives")
    f.checks.equal(f.get("/healthz").status, 200, "and is well")
    f.reaches(keep, "Bound")


if __name__ == "__main__":
    main(claims, wrong_claims, leases, conditions, queries, hosts, metrics,
         kills, devices, hung_device, reloads, waited_for, limits, pages, texts,
         nonsense)
