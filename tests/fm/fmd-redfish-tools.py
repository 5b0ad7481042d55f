# SPDX-License-Identifier: GPL-2.0-or-later
"""Redfish of cxl-fmd with clients that others wrote: redfishtool and sushy

Both are packages of Debian that scripts/setup installs. DMTF's validators are
not: validator() asks what Redfish-Protocol-Validator does and no other test.
"""

import json
import os
import shutil
import subprocess

from fleettest import TOKENS
from fmtest import LIMIT
from redfishtest import ROOT, main
from webtest import tls

# Not with a virtual environment's Python, which has no packages of Debian
PYTHON = "/usr/bin/python3"

SUSHY = """
import json, sys
import sushy
from sushy import auth
port, certificate, password = sys.argv[1:]
for kind in (auth.BasicAuth, auth.SessionAuth, auth.SessionOrBasicAuth):
    root = sushy.Sushy(f"https://localhost:{port}/redfish/v1/",
                       auth=kind("user", password), verify=certificate)
    systems = root.get_system_collection().get_members()
    fabric, = root.get_fabric_collection().get_members()
    tasks = root.get_task_service().tasks.get_members()
    print(json.dumps({
        "systems": sorted([s.identity, s.power_state.value,
                           s.system_type.value] for s in systems),
        "managers": sorted({m.identity for s in systems for m in s.managers}),
        "chassis": [[c.identity, c.chassis_type.value]
                    for c in root.get_chassis_collection().get_members()],
        "endpoints": sorted(e.identity for e in fabric.endpoints.get_members()),
        "tasks": [[t.task_state.value, t.percent_complete] for t in tasks],
        "timeout": root.get_session_service().session_timeout}))
"""


def run(*command):
    """Its status, what it said, and what it complained of"""
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    done = subprocess.run(command, capture_output=True, text=True,
                          timeout=2 * LIMIT, env=environment, check=False)
    return done.returncode, done.stdout, done.stderr


def tool(f, *words, role="user"):
    command = ["redfishtool", "-r", f"localhost:{f.port}", "-S", "Always",
               "-u", role, "-p", TOKENS[role], *words]
    code, said, why = run(*command)
    f.checks.equal(code, 0, f"redfishtool {' '.join(words)[:70]}")
    try:
        return json.loads(said)
    except ValueError:
        return {"said": said, "why": why}


def redfishtool(f):
    """redfishtool reads everything, claims and releases."""
    f.checks.equal(tool(f, "versions"), {"v1": f"{ROOT}/"}, "versions")
    f.checks.equal(tool(f, "root")["Id"], "RootService", "the root")
    for auth in ("Basic", "Session"):
        names = {m["Id"] for m in tool(f, "-A", auth, "Systems",
                                       "list")["Members"]}
        f.checks.equal(names, {"vm1", "vm2"}, f"hosts, with {auth}")
    for words in (("Chassis", "-a"), ("Managers", "-F"),
                  ("SessionService", "Sessions"), ("AccountService", "Roles"),
                  ("Systems", "-I", "vm1"), ("odata",)):
        f.checks.that("@odata.id" in str(tool(f, *words)) or
                      words == ("odata",), "and says something")
    chunks = tool(f, "raw", "GET", f.chunks())
    f.checks.equal(chunks["Members@odata.count"], 0, "no chunk")
    body = json.dumps({"MemoryChunkSizeMiB": 32,
                       "Links": {"Endpoints": [f.end("vm1")]}})
    # It follows the task's monitor.
    chunk = tool(f, "raw", "POST", f.chunks(), "-d", body)
    f.checks.equal((chunk["MemoryChunkSizeMiB"], chunk["Status"]["State"]),
                   (32, "Enabled"), "a chunk is claimed")
    tool(f, "raw", "DELETE", chunk["@odata.id"])
    f.checks.equal(f.get(chunk["@odata.id"]).status, 404, "and released")


redfishtool.tcp = True


def sushy(f):
    """sushy of OpenStack knows its way."""
    f.chunk(16)
    code, said, why = run(PYTHON, "-c", SUSHY, str(f.port), f.pair[1],
                          TOKENS["user"])
    f.checks.equal(code, 0, f"sushy{why[-2000:] if code else ''}")
    pool = f.node(f"{ROOT}/Chassis")["Members"][0]["@odata.id"]
    want = {"systems": [["vm1", "On", "Virtual"], ["vm2", "On", "Virtual"]],
            "managers": ["here"],
            "chassis": [[pool.rsplit("/", 1)[1], "Enclosure"]],
            "endpoints": ["I.vm1", "I.vm2", "T.vm1", "T.vm2"],
            "tasks": [["Completed", 100]], "timeout": 1800}
    f.checks.equal([json.loads(line) for line in said.splitlines()],
                   [want] * 3, "with each way to say who one is")


sushy.tcp = True


def accepts(f, ask, path, kind):
    """What a client may say that it takes"""
    words = [w + more for w in (kind, "application/*", "*/*")
             for more in ("", ";charset=utf-8")]
    f.checks.equal([w for w in words if ask("GET", path, Accept=w).status
                    != 200], [], f"{path} is given to who takes {kind}")


def validator(f):
    """What DMTF's protocol validator asks"""
    path = f"{ROOT}/SessionService/Sessions"
    body = {"UserName": "admin", "Password": TOKENS["admin"]}
    mine = f.token(None, "POST", f"{path}/Members", body)
    other = f.token(None, "POST", path, body)
    f.checks.equal((mine.status, other.status), (201, 201), "two sessions")
    f.checks.that(mine.headers["Location"] != other.headers["Location"],
                  "are not the same")
    secret = mine.headers["X-Auth-Token"]

    def ask(method, where, what=None, **headers):
        return f.token(None, method, where, what, X_Auth_Token=secret,
                       **headers)
    answer = ask("PATCH", mine.headers["Location"], {"UserName": "x"})
    f.checks.equal((answer.status, answer.headers["Allow"]),
                   (405, "GET, HEAD, DELETE"), "no session is changed")
    for where in (path, f"{ROOT}/Systems", f"{ROOT}/AccountService",
                  f"{ROOT}/AccountService/Accounts",
                  f"{ROOT}/AccountService/Accounts/3"):
        head = ask("HEAD", where)
        f.checks.that(head.status == 200 and not head.body and
                      "rel=describedby" in head.headers.get("Link", ""),
                      f"HEAD of {where}", head)
        # Who one is comes before what one has.
        lost = f.token(None, "GET", where, If_None_Match=head.headers["ETag"])
        f.checks.equal((lost.status, lost.headers.get("WWW-Authenticate", "")
                        .split(" ")[0]), (401, "Basic"), "only with a token")
    accepts(f, ask, f"{ROOT}/", "application/json")
    accepts(f, ask, f"{ROOT}/$metadata", "application/xml")
    connection = tls(f.port, f.pair[1])
    connection.request("GET", f"{ROOT}/EventService/SSE", headers={
        "X-Auth-Token": secret, "Accept": "text/event-stream;charset=utf-8"})
    stream = connection.getresponse()
    f.checks.equal((stream.status, stream.headers["Content-Type"]),
                   (200, "text/event-stream"), "the stream")
    f.checks.equal(ask("DELETE", mine.headers["Location"]).status, 204,
                   "its session ends")
    f.chunk(16)
    line = stream.readline()
    while line and not line.startswith(b"data:"):
        line = stream.readline()
    f.checks.that(b"ResourceEvent" in line, "and it goes on", line)
    connection.close()


validator.tcp = True


if __name__ == "__main__":
    if not shutil.which("redfishtool") or run(PYTHON, "-c", "import sushy")[0]:
        print("# no clients (packages redfishtool, python3-sushy)")
        main(validator)
    else:
        main(redfishtool, sushy, validator)
