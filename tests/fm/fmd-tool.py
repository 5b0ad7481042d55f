# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm beside cxl-fmd: claims, status, and every command, many at once"""

import concurrent.futures
import json
import os
import signal
import socket
import threading
import time
import uuid

from fleettest import TOKENS, main
from fmtest import (FAILED, MIB, OK, REFUSED, REJECTED, TIMEOUT, UNREACHABLE,
                    UNKNOWN, USAGE, until)

NOBODY = str(uuid.UUID(int=1))


# --- Claims ---

def claim_life(f):
    """From the wish to the end, as people and as programs see it"""
    f.expect(OK, "claim", "list", out="no claims")
    tag = str(uuid.uuid4())
    out = f.expect(OK, "claim", "add", "16M", "--host", "vm1", "--uuid",
                   tag.upper(), "--consumer", "job/17", "--wait").out
    f.checks.equal(out.splitlines()[1].split(),
                   [tag, "16", "MiB", "vm1", "Bound", "-"], "it is bound")
    claim = f.expect(OK, "claim", "show", tag, "--json").json()
    f.checks.equal((claim["bytes"], claim["consumer_kind"], claim["consumer"],
                    claim["status"]["phase"]),
                   (16 * MIB, "job", "17", "Bound"), "as JSON")
    f.expect(OK, "claim", "add", "16M", "--host", "vm1", "--uuid", tag,
             "--consumer", "job/17", out="Bound")
    f.expect(REFUSED, "claim", "add", "32M", "--host", "vm1", "--uuid", tag,
             err="another size")
    found = f.expect(OK, "claim", "list", "--json").json()["claims"]
    f.checks.equal([c["uuid"] for c in found], [tag], "one claim")
    f.expect(OK, "claim", "wait", tag, out="Bound")
    f.expect(OK, "claim", "delete", tag, "--wait")
    f.expect(FAILED, "claim", "show", tag, err="there is no claim")
    f.expect(FAILED, "claim", "delete", tag, err="there is no claim")
    f.expect(FAILED, "claim", "wait", tag, err="there is no claim")
    f.expect(OK, "claim", "add", "4M", "-l", "row=2", "--wait", "--noheadings",
             out="vm2")


def claim_lease(f):
    """A lease, as people write it; renewed, and refused by the daemon"""
    tag = str(uuid.uuid4())
    for text, seconds in (("30", 30), ("30s", 30), ("5m", 300), ("2h", 7200),
                          ("1d", 86400)):
        claim = f.expect(OK, "claim", "add", "4M", "-H", "vm1", "-u", tag,
                         "--lease", text, "--json").json()
        f.checks.equal(claim["lease"], seconds, f"{text} are {seconds}")
    f.expect(OK, "claim", "renew", tag, out="vm1")
    f.checks.equal(f.expect(OK, "claim", "renew", tag, "--json").json()["uuid"],
                   tag, "as JSON")
    for text in ("4s", "366d"):
        f.expect(USAGE, "claim", "add", "4M", "--lease", text,
                 err='"lease" must be a whole number from 5 to 31536000')
    f.expect(FAILED, "claim", "renew", NOBODY, err="there is no claim")
    f.expect(OK, "claim", "add", "4M", "-H", "vm1", "-u", tag)
    f.expect(REFUSED, "claim", "renew", tag, err="has no lease")


def claim_ends(f):
    """What comes of a claim is in the exit status."""
    f.host(1, "reject")
    f.expect(REJECTED, "claim", "add", "4M", "-H", "vm1", "--wait",
             out="Declined")
    f.host(1, "silent")
    result = f.expect(TIMEOUT, "claim", "add", "4M", "-H", "vm1", "--wait",
                      "-T", "0.5", "--json")
    f.checks.that(result.json()["status"]["phase"] in
                  ("Offering", "Unanswered", "Pending"), "what it was", result)
    f.expect(TIMEOUT, "claim", "add", "400G", "-H", "vm2", "--wait", "-T",
             "0.5")
    f.expect(USAGE, "claim", "add", "4M", "-H", "no such", err='"host"')
    result = f.run("claim", "add", "4M", "-H", "nobody", "--json")
    f.checks.that(result.code in (USAGE, REFUSED, FAILED) and "nobody" in
                  result.json()["error"]["message"], "no such host", result)
    f.host(1, "accept", "keep")


def claim_usage(f):
    """Words that make no claim"""
    for words, say in ((("claim",), "something is missing"),
                       (("claim", "add"), "needs a SIZE"),
                       (("claim", "keep"), "There are add"),
                       (("claim", "show"), "needs the UUID"),
                       (("claim", "show", "x"), "no claim's UUID"),
                       (("claim", "show", "0" * 32), "no claim's UUID"),
                       (("claim", "list", "x"), "takes no word"),
                       (("claim", "add", "much"), "'much'"),
                       (("claim", "add", "1M", "-r", "8"), "--region"),
                       (("claim", "add", "1M", "-l", "row"), "KEY=VALUE"),
                       (("claim", "add", "1M", "-u", "x"), "no claim's UUID"),
                       (("claim", "add", "1M", "-T", "-1"), "--timeout"),
                       (("claim", "renew"), "needs the UUID"),
                       *((("claim", "add", "1M", "--lease", time),
                          "30s, 5m, 2h or 1d") for time in (
                              "", "0", "-5", "s", "5x", "5 s", "1.5h", "5ms",
                              "99999999999999999999", "+5", "0x10")),
                       (("claim", "list", "-a", "qmp:/x"), "no cxl-fmd")):
        f.expect(USAGE, *words, err=say)
    f.expect(UNREACHABLE, "claim", "list", "-a", "fmd:/nonexistent",
             err="does cxl-fmd run")
    f.expect(USAGE, "claim", "list", "-a", "fmd:nonsense", err="path of the")
    f.checks.equal(f.run("claim", "list").out, "no claims\n", "none was made")


def status(f):
    """One screen: what is not as wanted, and why"""
    f.expect(OK, "status", out="claims: none")
    good = f.claim("8M", host="vm1")
    f.reaches(good, "Bound")
    result = f.expect(OK, "status", "--json").json()
    f.checks.equal((result["health"], result["claims"], result["devices"]),
                   ("ok", {"Bound": 1}, 2), "all is well")
    f.host(2, "reject")
    bad = f.claim("8M", host="vm2")
    f.reaches(bad, "Declined")
    f.claim("900G", host="vm1")
    tag = str(uuid.uuid4())
    f.expect(OK, "add", "2M", "-d", "vm1", "--tag", tag, "--wait")
    until(lambda: f.get("/v1/orphans").json()["orphans"])
    result = f.expect(OK, "status", out="health: attention")
    for text in (f"claim {bad[-36:]}: 8 MiB, Declined", "Pending",
                 f"2 MiB of tag {tag}, which no claim wants"):
        f.checks.that(text in result.out, f"it says {text}", result)
    f.host(2, "die")
    until(lambda: not f.get("/v1/hosts?name=vm2").json()["hosts"][0][
        "reachable"])
    f.expect(OK, "status", out="host vm2 is not reached")
    f.host(2, "live", "accept")


# --- Every command through the daemon ---

def commands(f):
    """list, add, move, balance... as if the monitors were ours"""
    found = f.expect(OK, "list", "--json").json()["devices"]
    f.checks.equal([(d["device"], d["door"], d["hosts"][0]["host"])
                    for d in found], [("vm1", "fmd", 1), ("vm2", "fmd", 2)],
                   "devices have the names of their hosts")
    f.checks.equal(len({d["path"] for d in found}), 2, "and paths of their own")
    f.expect(OK, "add", "64M", "-d", "vm1", "--wait")
    f.expect(OK, "add", "64M", "-H", "2", "--wait")
    f.expect(OK, "move", "32M", "--from", "1", "--to", "2")
    pool = f.expect(OK, "pool", "--json").json()
    f.checks.equal([h["owned"] >> 20 for h in pool["hosts"]], [32, 96],
                   "it was moved")
    f.expect(USAGE, "move", "2M", "--from", "1", "--to", "7", err="no host 7")
    tag = str(uuid.uuid4())
    f.expect(OK, "add", "4M", "-r", "1", "-d", "vm1", "-t", tag, "--wait")
    f.expect(OK, "share", tag, "-d", "vm2", "-r", "1", "--wait")
    f.expect(OK, "tags", out=tag)
    f.expect(REFUSED, "add", "900G", "-d", "vm1")
    f.expect(OK, "top", "--once", out="vm1")
    f.host(1, "die")
    until(lambda: not f.get("/v1/hosts?name=vm1").json()["hosts"][0][
        "reachable"])
    f.expect(OK, "reclaim", "--host", "1")
    pool = f.expect(OK, "pool", "--json").json()
    f.checks.equal([h["owned"] >> 20 for h in pool["hosts"]
                    if h["host"] == 1], [0], "what a dead host had is free")
    f.host(1, "live")


def one_map(f):
    """Heads of a pool are one map: whose, and what several have"""
    f.expect(OK, "add", "256M", "-d", "vm1", "--wait")
    f.expect(OK, "add", "128M", "-d", "vm2", "--wait")
    tag = str(uuid.uuid4())
    f.expect(OK, "add", "64M", "-r", "1", "-d", "vm1", "-t", tag, "--wait")
    f.expect(OK, "share", tag, "-d", "vm2", "-r", "1", "--wait")
    f.host(2, "silent")
    f.expect(OK, "add", "64M", "-d", "vm2")
    lines = f.expect(OK, "top", "--once").out.splitlines()
    f.checks.equal(lines[0], "pool pool0", "its name")
    f.checks.equal(sum(line.startswith("  region") for line in lines), 2,
                   "each region once")
    f.checks.equal([line.strip() for line in lines[2:4]],
                   ["#" * 27 + "o" * 5 + "." * 40, "1" * 18 + "2" * 14],
                   "who has what")
    f.checks.that(lines[4].endswith(", 64 MiB accepted"),
                  "what both have counts once", lines[4])
    f.checks.that("=" in lines[5] and not lines[6].strip(),
                  "what both have is nobody's alone", lines[5:7])
    f.checks.that(lines[7].startswith("  host 1, vm1, ") and
                  "320 MiB accepted" in lines[7] and
                  lines[8].startswith("  host 2, vm2, ") and
                  "64 MiB pending" in lines[8], "and how much", lines[7:9])


def first_look(f):
    """A device is told of although its monitor is busy when one asks first"""
    f.device.child.send_signal(signal.SIGSTOP)
    f.claim("4M", host="vm1")               # the daemon looks at the pool
    time.sleep(0.2)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(f.run, "list", "--json")
        time.sleep(0.4)
        f.device.child.send_signal(signal.SIGCONT)
        found = asked.result().json()
    f.checks.equal([d["device"] for d in found.get("devices", ())],
                   ["vm1", "vm2"], "both are there")


def watchers(f):
    """Several watch, and all are told the same at once."""
    watching = [f.start("watch", "-c", "2", "-T", "10", "--json")
                for _ in range(3)]
    until(lambda: b"cxl_fmd_http_streams 3\n" in f.get("/metrics").body)
    f.expect(OK, "add", "4M", "-d", "vm1", "--wait")
    f.expect(OK, "release", "--all", "-d", "vm1", "--wait")
    said = [w.communicate(timeout=15)[0] for w in watching]
    f.checks.that([w.returncode for w in watching] == [OK] * 3,
                  "each has heard two events", said)
    heard = [[json.loads(line)["event"] for line in text.splitlines()]
             for text in said]
    f.checks.equal(heard, [["added", "released"]] * 3, "the same two")


def many(f):
    """Sixteen at once, adding and releasing: nobody fails, nothing is left."""
    def life(n):
        host = f"vm{n % 2 + 1}"
        tag = str(uuid.uuid4())
        return [f.run("add", "2M", "-d", host, "-t", tag, "--wait").code,
                f.run("extents", "-d", host).code,
                f.run("release", "-d", host, "-t", tag, "--wait").code]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(life, range(48)))
    f.checks.equal(codes, [[OK] * 3] * 48, "all is done")
    f.checks.equal([d["extents"] for d in f.run(
        "extents", "--json").json()["devices"]], [[], []], "nothing is left")


def claims_at_once(f):
    """One UUID from many clients is one claim."""
    tag = str(uuid.uuid4())
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: f.run(
            "claim", "add", "4M", "-H", "vm1", "-u", tag, "--wait").code,
            range(16)))
    f.checks.equal(codes, [OK] * 16, "each is told that it is bound")
    extents = f.run("extents", "--json", "-d", "vm1").json()["devices"][0]
    f.checks.equal([e["length"] for e in extents["extents"]], [4 * MIB],
                   "it was given once")


def restart(f):
    """The daemon ends and comes back under its clients."""
    watching = f.start("watch", "-T", "10")
    until(lambda: b"cxl_fmd_http_streams 1\n" in f.get("/metrics").body)
    waiting = f.start("claim", "add", "900G", "-H", "vm1", "--wait")
    until(lambda: f.get("/v1/claims").json()["claims"])
    f.kill_daemon(signal.SIGTERM)
    f.expect(UNREACHABLE, "list", err="does cxl-fmd run")
    f.checks.equal((watching.wait(timeout=10), waiting.wait(timeout=10)),
                   (UNREACHABLE, UNREACHABLE), "who was connected is told")
    watching.communicate(), waiting.communicate()
    f.start_daemon()
    f.expect(OK, "list", out="vm1")
    f.checks.equal(len(f.run("claim", "list", "--json").json()["claims"]), 1,
                   "the claim is there")


def activation(f):
    """A socket that somebody else made, as systemd does, is served and kept."""
    with open(os.environ["CXL_FMD"], "rb") as file:
        if b"libsystemd" not in file.read():
            f.checks.skip("activation", "built without libsystemd")
            return
    f.kill_daemon(signal.SIGTERM)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f.socket)
    listener.listen(64)
    asked = f.start("claim", "list")      # waits in the listener's queue
    for _ in range(2):
        f.start_daemon(listener)
        f.expect(OK, "list", out="vm1")
        f.kill_daemon(signal.SIGTERM)
        f.checks.that(os.path.exists(f.socket), "the socket stays")
    f.checks.equal(asked.communicate(timeout=10)[0], "no claims\n",
                   "who came before the daemon is answered")
    listener.close()
    os.unlink(f.socket)
    f.start_daemon()


def over_tls(f):
    """fmd:https: a token says who it is, certificates say who the daemon is."""
    where = f"fmd:https://localhost:{f.port}"
    token = f"{f.dir.name}/token"

    def run(role, code, *words, ca=f.pair[1], **say):
        with open(token, "w", encoding="ascii") as file:
            file.write(TOKENS.get(role, role) + "\n")
        os.environ.update(CXL_FMD_TOKEN_FILE=token, CXL_FMD_CA_FILE=ca)
        try:
            return f.expect(code, *words, "-a", where, **say)
        finally:
            del os.environ["CXL_FMD_TOKEN_FILE"], os.environ["CXL_FMD_CA_FILE"]

    run("reader", OK, "list", out="vm1")
    run("reader", REFUSED, "add", "2M", "-d", "vm1", err="needs the role admin")
    run("reader", REFUSED, "claim", "add", "2M", err="needs the role user")
    run("user", OK, "claim", "add", "2M", "-H", "vm1", "--wait", out="Bound")
    run("user", REFUSED, "add", "2M", "-d", "vm1", err="needs the role admin")
    run("admin", OK, "add", "2M", "-d", "vm1", "--wait")
    run("wrong", REFUSED, "list", err="not known")
    run("a\nb", USAGE, "list", err="one line")
    run("reader", UNREACHABLE, "list", ca="/dev/null")
    f.expect(UNREACHABLE, "list", "-a", where)
    f.expect(UNREACHABLE, "list", "-a", where.replace("https", "http"))


over_tls.tcp = True


# --- A daemon that is none ---

class Strange:
    """Answers every request with what it is told"""

    def __init__(self, path, answer):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(64)
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,),
                             daemon=True).start()

    def talk(self, client):
        try:
            asked = client.recv(65536).split(b" ")[1]
            self.answer(client, asked)
        except (OSError, IndexError):
            pass
        client.close()

    def close(self):
        self.socket.close()


def plain(body, status=b"200 OK"):
    def answer(client, asked):
        client.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" %
                       (status, len(body)) + body)
    return answer


def endless(client, asked):
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        client.sendall(b"[" * 65536)


def then(body):
    """A good list of devices, then @body to all else"""
    devices = json.dumps({"devices": [{"id": "a", "name": "vm1", "path": "/x",
                                       "host": "h"}]}).encode()

    def answer(client, asked):
        plain(devices if asked == b"/v1/devices" else body)(client, asked)
    return answer


def mute(client, asked):
    time.sleep(2)


def busy():
    """Has no room, and at the end of the 20 s that a client has no voice"""
    begun = []

    def answer(client, asked):
        begun.append(time.monotonic())
        if begun[-1] - begun[0] > 19:
            mute(client, asked)
        plain(b"{}", b"503 Later")(client, asked)
    return answer


def strange_daemons(f):
    """What is no cxl-fmd, or a mad one, gets a sentence and no crash."""
    cases = [
        (plain(b""), "is no JSON"), (plain(b"{}"), "not a list"),
        (plain(b"[]"), "not a list"), (plain(b"{\"devices\":5}"), "not a list"),
        (plain(b"{\"devices\":[5]}"), "has no id"),
        (plain(b"{\"devices\":[{\"id\":\"../x\"}]}"), "has no id"),
        (plain(b"{\"devices\":[{\"id\":\"a b\"}]}"), "has no id"),
        (plain(b"<html>", b"404 No"), "no cxl-fmd"),
        (plain(b"{\"error\":5}", b"500 No"), "no cxl-fmd"),
        (plain(b"{\"error\":{\"message\":\"sorry\"}}", b"409 No"), "sorry"),
        (plain(b"{\"error\":{\"message\":\"m\",\"cxlfm_error\":5}}",
               b"409 No"), "m"),
        (busy(), "no cxl-fmd"),
        (lambda client, asked: None, "cannot reach"),
        (lambda client, asked: client.sendall(b"nonsense"), "cannot reach"),
        (mute, "has not answered"),
        (endless, "larger than"),
        (then(b"{}"), "makes no sense"),
        (then(b"{\"serial\":null}"), "makes no sense"),
        (then(b"[" * 100000), "no JSON"),
    ]
    for n, (answer, say) in enumerate(cases):
        path = f"{f.dir.name}/strange{n}"
        daemon = Strange(path, answer)
        # Only who waits for the limit wants it short
        limit = "0.5" if answer is mute else "20"
        result = f.run("extents", "-a", f"fmd:{path}", "--answer-timeout",
                       limit)
        f.checks.that(result.code in (FAILED, UNREACHABLE, REFUSED, USAGE) and
                      say in result.err, f"case {n}: {say}", result)
        daemon.close()
    path = f"{f.dir.name}/strange"
    daemon = Strange(path, then(b""))
    f.expect(FAILED, "add", "2M", "-a", f"fmd:{path}")

    def cut(client, asked):
        if asked == b"/v1/devices/a/add":
            return                # the connection ends, it may be done
        snapshot = {"serial": None, "total-capacity": 1, "vendor": 0,
                    "device": 0, "add-policies": 1, "removal-policies": 1,
                    "pending-listed": True, "hosts": [], "extents": []}
        then(json.dumps(snapshot).encode())(client, asked)
    daemon.answer = cut
    f.expect(UNKNOWN, "add", "2M", "-a", f"fmd:{path}",
             err="whether it was carried out is unknown")
    daemon.close()


def parts(sizes, name):
    """The list @name in parts of that many entries; each "next" leads on"""
    entries = [{"id": f"d{n:03}", "uuid": f"u{n:03}", "name": f"vm{n}",
                "path": "/x", "host": f"h{n}"} for n in range(sum(sizes))]

    def answer(client, asked):
        path, _, query = asked.decode().partition("?")
        after = dict(w.split("=") for w in query.split("&") if w).get("after")
        begin = int(after.partition("%20")[2]) if after else 0
        ends = [sum(sizes[:n + 1]) for n in range(len(sizes))]
        said = {path[4:]: []}
        if path[4:] == name:
            end = next(e for e in ends if e > begin)
            said = {name: entries[begin:end]}
            if end < len(entries):
                said["next"] = f"behind {end}"
        plain(json.dumps(said).encode())(client, asked)
    return answer


def lists_in_parts(f):
    """A list is whole, in however many parts the daemon gives it."""
    path = f"{f.dir.name}/parts"
    daemon = Strange(path, parts([2, 1, 4], "claims"))
    said = f.expect(OK, "claim", "list", "--json", "-a", f"fmd:{path}").json()
    f.checks.equal(([c["uuid"] for c in said["claims"]], "next" in said),
                   ([f"u{n:03}" for n in range(7)], False), "all claims")
    daemon.answer = parts([3, 3, 1], "devices")
    result = f.run("list", "-a", f"fmd:{path}")
    f.checks.that("vm6" in result.err or "vm6" in result.out, "all devices",
                  result)
    for name, command in (("claims", ("claim", "list")), ("devices", ("list",))):
        for body in ({name: [], "next": "x"}, {name: 5, "next": "x"},
                     {name: [{"id": "a", "uuid": "a"}], "next": "a"}):
            daemon.answer = plain(json.dumps(body).encode())
            result = f.expect(FAILED, *command, "-a", f"fmd:{path}")
            f.checks.that("makes no sense" in result.err or
                          "list of devices" in result.err, "it ends", result)
    daemon.close()


def many_claims(f):
    """More than one part of them, as people and as programs see them"""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = sorted(path[-36:] for path in pool.map(
            lambda _: f.claim("900G", host="vm1"), range(1005)))
    said = f.expect(OK, "claim", "list", "--json").json()
    f.checks.equal([c["uuid"] for c in said["claims"]], made, "all of them")
    f.checks.equal(len(f.expect(OK, "claim", "list", "--noheadings").out
                       .splitlines()), len(made), "one a line")
    f.checks.equal(sum(f.expect(OK, "status", "--json").json()["claims"]
                       .values()), len(made), "status counts them")


if __name__ == "__main__":
    main(claim_life, claim_lease, claim_ends, claim_usage, status, commands,
         one_map, first_look, watchers, many, claims_at_once, restart,
         activation, over_tls, strange_daemons, lists_in_parts, many_claims)
