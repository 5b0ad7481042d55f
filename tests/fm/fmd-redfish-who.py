# SPDX-License-Identifier: GPL-2.0-or-later
"""Redfish of cxl-fmd: who may what, by which token, and for how long"""

import base64
import re
import time
import uuid

from fleettest import TOKENS
from fmtest import until
from redfishtest import ROOT, main, message
from webtest import LIMIT, tls


def basic(name, token):
    text = base64.b64encode(f"{name}:{token}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


def sessions(f):
    """Sessions and passwords"""
    path = f"{ROOT}/SessionService/Sessions"
    body = {"UserName": "user", "Password": TOKENS["user"]}
    answer = f.token(None, "POST", path, body)
    f.checks.equal(answer.status, 201, "a session, without a token")
    secret, location = answer.headers["X-Auth-Token"], \
        answer.headers["Location"]
    f.checks.equal(answer.json()["@odata.id"], location, "where it is")
    f.checks.equal(answer.json()["Password"], None, "no password is told")
    answer = f.token(None, "GET", location, X_Auth_Token=secret)
    f.checks.equal((answer.status, answer.json()["UserName"]), (200, "user"),
                   "it lets in")
    f.checks.equal(f.token(None, "GET", "/v1/claims",
                           X_Auth_Token=secret).status, 401,
                   "it is for Redfish only")
    f.checks.equal(f.token(None, "GET", path, **basic(
        "reader", TOKENS["reader"])).status, 200, "Basic lets in")
    f.checks.equal(f.token(None, "GET", "/v1/claims", **basic(
        "reader", TOKENS["reader"])).status, 401, "for Redfish only")
    for name, headers in (
            ("another's name", basic("admin", TOKENS["reader"])),
            ("a wrong token", basic("reader", "x" * 20)),
            ("no colon", {"Authorization": "Basic eA=="}),
            ("no base64", {"Authorization": "Basic ?!"}),
            ("a long one", {"Authorization": "Basic " + "e" * 5000}),
            ("a NUL", basic("reader\0", TOKENS["reader"])),
            ("a session that is none", {"X_Auth_Token": "0" * 64}),
            ("a long one for a session", {"X_Auth_Token": "0" * 6400})):
        answer = f.token(None, "GET", path, **headers)
        f.checks.equal((answer.status, message(answer)),
                       (401, "ResourceAtUriUnauthorized"), name)
    for key, wrong in (
            ("PropertyMissing", {}), ("PropertyMissing", {"UserName": "user"}),
            ("PropertyValueTypeError", {"UserName": 1, "Password": 2})):
        answer = f.token(None, "POST", path, wrong)
        f.checks.equal((answer.status, message(answer)), (400, key),
                       f"{wrong} makes no session")
    answer = f.token(None, "POST", path, dict(body, Password="x" * 20))
    f.checks.equal((answer.status, message(answer)),
                   (401, "ResourceAtUriUnauthorized"), "nor a wrong password")
    f.checks.that("x" * 20 not in answer.body.decode(), "which is not told")
    other = f.token(TOKENS["reader"], "DELETE", location)
    f.checks.equal((other.status, message(other)),
                   (403, "InsufficientPrivilege"), "it is nobody else's to end")
    f.checks.equal(f.token(None, "DELETE", location,
                           X_Auth_Token=secret).status, 204, "it ends")
    f.checks.equal(f.token(None, "GET", path, X_Auth_Token=secret).status, 401,
                   "and lets in no more")
    # Who loses the token loses the session.
    answer = f.token(None, "POST", path, body)
    secret = answer.headers["X-Auth-Token"]
    with open(f"{f.dir.name}/tokens", "w", encoding="ascii") as file:
        file.write(f"admin admin {TOKENS['admin']}\n")
    f.checks.equal(f.token(None, "GET", path, X_Auth_Token=secret).status, 401,
                   "a token that is gone takes its sessions along")
    accounts = f.token(TOKENS["admin"], "GET",
                       f"{ROOT}/AccountService/Accounts?$expand=.").json()
    f.checks.equal([a["UserName"] for a in accounts["Members"]], ["admin"],
                   "accounts are the names in the file")


sessions.tcp = True


def many_sessions(f):
    """A token has 16 sessions, the oldest makes room; others have theirs."""
    path = f"{ROOT}/SessionService/Sessions"

    def begin(role):
        return f.token(None, "POST", path, {"UserName": role,
                                            "Password": TOKENS[role]})

    def works(answer):
        return f.token(None, "GET", path, X_Auth_Token=answer.headers[
            "X-Auth-Token"]).status
    admin = begin("admin")
    begun = [begin("reader") for _ in range(40)]
    f.checks.equal({a.status for a in begun}, {201}, "as many as it likes")
    f.checks.equal([works(a) for a in begun], [401] * 24 + [200] * 16,
                   "the last 16 go on")
    f.checks.equal(works(admin), 200, "and that of another token")
    user = begin("user")
    where = user.headers["Location"]
    for role, status in (("reader", 403), ("user", 204)):
        f.checks.equal(f.token(TOKENS[role], "DELETE", where).status, status,
                       f"{role} ends one of user by its token: {status}")
    f.checks.equal(works(user), 401, "it has ended")
    where = begin("user").headers["Location"]
    f.checks.equal(f.token(None, "DELETE", where, **basic(
        "user", TOKENS["user"])).status, 204, "or by name and token")


many_sessions.tcp = True


def refused(f):
    """Refused logins are in the journal, however many, in a few lines"""
    for n in range(30):
        if n % 2:
            f.token(f"{n:020}", "GET", "/v1/claims")
        else:
            f.token(None, "POST", f"{ROOT}/SessionService/Sessions",
                    {"UserName": "admin", "Password": f"{n:020}"})

    def told():
        lines = [line for line in f.log if "refused" in line]
        return lines, sum(int((re.search(r"(\d+) more", line) or [0, 1])[1])
                          for line in lines)
    f.checks.that(until(lambda: told()[1] == 30), "each is counted", told())
    f.checks.that(len(told()[0]) < 15 and all("127.0.0.1" in line
                                             for line in told()[0]),
                  "in a few lines, with the address", told())
    f.checks.that(not any("0" * 18 in line for line in f.log),
                  "what was tried is not told")
    f.token(None, "GET", "/v1/claims")
    f.checks.equal(told()[1], 30, "who has not tried is not told")


refused.tcp = True


def stream_of(f, path, **headers):
    """An answer over TLS that has begun"""
    connection = tls(f.port, f.pair[1], timeout=2 * LIMIT)
    connection.request("GET", path, headers={
        k.replace("_", "-"): v for k, v in headers.items()})
    return connection.getresponse()


def ends(stream):
    """Heartbeats come until it does."""
    end = time.monotonic() + 2 * LIMIT
    while time.monotonic() < end:
        if not stream.readline():
            return True
    return False


def left(f):
    """Who may no more hears no more: streams end, too."""
    path = f"{ROOT}/SessionService/Sessions"
    sse = f"{ROOT}/EventService/SSE"
    answer = f.token(None, "POST", path, {"UserName": "user",
                                          "Password": TOKENS["user"]})
    secret, location = answer.headers["X-Auth-Token"], \
        answer.headers["Location"]
    bearer = {role: {"Authorization": f"Bearer {TOKENS[role]}"}
              for role in TOKENS}
    ours = stream_of(f, sse, X_Auth_Token=secret)
    others = [stream_of(f, sse, **bearer["reader"]),
              stream_of(f, "/v1/events", **bearer["user"]),
              stream_of(f, sse, **basic("reader", TOKENS["reader"]))]
    stays = stream_of(f, sse, **bearer["admin"])
    f.checks.equal({s.status for s in (ours, stays, *others)}, {200},
                   "streams for whoever may")
    f.checks.equal(f.token(None, "DELETE", location,
                           X_Auth_Token=secret).status, 204,
                   "the session ends")
    # What it has begun does not end with it: its token may still.
    others.append(ours)
    f.chunk(4)
    line = b"so far"
    while line and b"ResourceCreated" not in line:
        line = ours.readline()
    f.checks.that(line, "and its stream goes on")
    with open(f"{f.dir.name}/tokens", "w", encoding="ascii") as file:
        file.write(f"admin admin {TOKENS['admin']}\n")
    for stream in others:
        f.checks.that(ends(stream), "one of a token that was taken away ends")
    f.chunk(16)
    line = b"so far"
    while line and b"ResourceCreated" not in line:
        line = stays.readline()
    f.checks.that(line, "others go on")
    stays.close()


left.tcp = True


def roles(f):
    """A reader changes nothing, a user claims, an admin subscribes."""
    path = f.chunks()
    there = f.chunk(16)
    size = {"MemoryChunkSizeMiB": 16}
    seat = {"Destination": "http://127.0.0.1:9/", "Protocol": "Redfish"}
    for role, method, where, body, good in (
            ("reader", "GET", path, None, True),
            ("reader", "POST", path, size, False),
            ("reader", "DELETE", there, None, False),
            ("reader", "POST", f"{ROOT}/Fabrics/CXL/Connections", {}, False),
            ("user", "POST", f"{ROOT}/EventService/Subscriptions", seat, False),
            ("admin", "POST", f"{ROOT}/EventService/Subscriptions", seat, True),
            ("user", "POST", path, size, True),
            ("user", "DELETE", there, None, True)):
        answer = f.token(TOKENS[role], method, where, body)
        f.checks.equal((answer.status < 300, message(answer)),
                       (good, "" if good else "InsufficientPrivilege"),
                       f"{role}: {method} {where[-40:]}")


roles.tcp = True


def limited(f):
    """A token that is limited to a host changes that host's claims only."""
    token = "l" * 20
    with open(f"{f.dir.name}/tokens", "a", encoding="ascii") as file:
        file.write(f"user own {token} host=vm1\n")
    path, body = f.chunks(), {"MemoryChunkSizeMiB": 16}
    other = f.chunk(16, "vm2")
    ask = lambda *words: f.token(token, *words)  # noqa: E731

    def links(*names):
        return dict(body, Links={"Endpoints": [f.end(n) for n in names]})
    for what, names, status in (("its own", ("vm1",), 202),
                                ("another's", ("vm2",), 403),
                                ("both", ("vm1", "vm2"), 403),
                                ("any", (), 403)):
        answer = ask("POST", path, links(*names))
        f.checks.equal(answer.status, status, f"a chunk for {what}")
    f.checks.equal(ask("DELETE", other).status, 403, "another's stays")
    claim = other.rsplit("/", 1)[1]
    f.checks.equal(ask("DELETE", f"/v1/claims/{claim}").status, 403,
                   "also as a claim")
    f.checks.equal(ask("POST", f"/v1/claims/{claim}/renew").status, 403,
                   "and is not renewed")
    for host, status in (("vm1", 201), ("vm2", 403), (None, 403)):
        wish = {"bytes": "16M", **({"host": host} if host else {})}
        mine = f"/v1/claims/{uuid.uuid4()}"
        f.checks.equal(ask("PUT", mine, wish).status, status,
                       f"PUT of a claim for {host}")
        if status == 201:
            vm1 = next(h for h in f.get("/v1/hosts").json()["hosts"]
                       if h["name"] == "vm1")["uuid"]
            f.checks.equal(ask("PUT", mine, dict(wish, shared_with=["vm2"]))
                           .status, 403, "it shares with nobody else")
            f.checks.equal(ask("PUT", f"/v1/claims/{uuid.uuid4()}",
                               dict(wish, host=vm1)).status, 201,
                           "by the UUID of its host")
            f.checks.equal(ask("PUT", mine, dict(wish, lease=60)).status, 200,
                           "it has a lease")
            f.checks.equal(ask("POST", f"{mine}/renew").status, 200,
                           "its own is renewed")
            f.checks.equal(ask("DELETE", mine).status, 202, "its own goes")
    f.checks.equal(f.phase(f"/v1/claims/{claim}"), "Bound",
                   "the other's is as it was")
    theirs = f.token(TOKENS["user"], "POST", path, links("vm1"))
    ours = ask("POST", path, links("vm1"))
    for task, status, whose in ((theirs, 403, "another's"), (ours, 204, "its")):
        task = task.json()["@odata.id"]
        f.checks.that(until(lambda: f.node(task)["TaskState"] == "Completed"),
                      "a task is done")
        f.checks.equal(ask("DELETE", task).status, status,
                       f"a record of {whose} own tasks")
    with open(f"{f.dir.name}/tokens", "a", encoding="ascii") as file:
        file.write(f"admin wrong {'w' * 20} host=vm1\n")
    f.checks.equal(ask("GET", path).status, 401, "a limit that limits nothing "
                   "is an error in the file")


limited.tcp = True


if __name__ == "__main__":
    main(sessions, many_sessions, refused, left, roles, limited)
