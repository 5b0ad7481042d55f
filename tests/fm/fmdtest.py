# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines with pools and cxl-fmd for tests: real processes, no guests.

  CXL_FMD      the program under test
  POOL_DEVICE  tests/fm/pool-device
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import uuid

from fmtest import LIMIT, run_tests, until
from pooltest import Device

MIB = 1 << 20
TTL = 1                       # seconds of an owner's lease
REGIONS = 1280 * MIB          # what pool-device has in all


class Answer:
    def __init__(self, status, text):
        self.status, self.text = status, text

    @property
    def json(self):
        return json.loads(self.text)

    def __str__(self):
        return f"{self.status} {self.text}"


class Unix(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """One cxl-fmd. @hosts: {name: (monitor, "key=value\\n...")}"""

    def __init__(self, folder, hosts, machine="a", store=None, more="",
                 name="fmd"):
        self.dir, self.machine = folder, machine
        self.api = f"{folder}/{name}.api"
        self.log = f"{folder}/{name}.log"
        self.path = f"{folder}/{name}.conf"
        self.store = store or f"sqlite:{folder}/store.db"
        self.name, self.more, self.child = name, more, None
        self.before = []              # words before the command
        self.configure(hosts)

    def configure(self, hosts):
        lines = ["[daemon]", f"machine = {self.machine}",
                 f"store = {self.store}", f"state = {self.dir}/{self.name}",
                 f"run = {self.dir}/run", f"owner-ttl = {TTL}", "pass = 1",
                 self.more, "[http]", f"socket = {self.api}"]
        for name, (monitor, keys) in hosts.items():
            lines += [f"[host {name}]", f"monitor = {monitor}", keys]
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def start(self, **environment):
        with open(self.log, "a", encoding="utf-8") as log:
            self.child = subprocess.Popen(
                [*self.before, os.environ["CXL_FMD"], "-v", "-c", self.path],
                stderr=log,
                env=dict(os.environ, **environment))
        return self

    def ready(self):
        """Until it answers, and its pools are somebody's"""
        return until(lambda: self.try_get("/readyz").status == 200)

    def owns(self):
        return until(lambda: any(p.get("mine") for p in self.list("pools")))

    def kill(self, number=signal.SIGKILL):
        if self.child:
            self.child.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Its exit status, or minus the signal that ended it"""
        if not self.child:
            return 0
        self.kill(number)
        code = self.child.wait(timeout=LIMIT)
        self.child = None
        return code

    def gone(self):
        """Wait until it has died by itself."""
        code = self.child.wait(timeout=LIMIT)
        self.child = None
        return code

    def ask(self, method, path, body=None, timeout=LIMIT):
        line = Unix(self.api, timeout)
        text = body if isinstance(body, (str, type(None))) else \
            json.dumps(body)
        try:
            line.request(method, path, text,
                         {"Content-Type": "application/json"})
            answer = line.getresponse()
            return Answer(answer.status, answer.read().decode())
        finally:
            line.close()

    def try_get(self, path):
        """Status 0 when nobody answers"""
        try:
            return self.ask("GET", path)
        except (OSError, http.client.HTTPException):
            return Answer(0, "{}")

    def events(self, seconds=1.0):
        """All events that are kept, as a listener hears them"""
        line = Unix(self.api, seconds)
        line.request("GET", "/v1/events?after=0")
        answer, text = line.getresponse(), b""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                text += answer.read1(1 << 16)
        except OSError:
            pass
        line.close()
        return [json.loads(l[len("data: "):]) for l in
                text.decode().splitlines() if l.startswith("data: {")]

    def first_event(self, after):
        """What a stream that goes on there begins with: hello, or lost"""
        line = Unix(self.api, LIMIT)
        line.request("GET", f"/v1/events?after={after}")
        answer = line.getresponse()
        kind = ""
        while not kind.startswith("event: "):
            kind = answer.readline().decode().strip()
        line.close()
        return kind[len("event: "):]

    def list(self, kind):
        return self.try_get(f"/v1/{kind}").json.get(kind, [])

    def put(self, claim, host="vm1", size="64M", **more):
        """PUT; the claim's UUID, which is made when it is None, and answer"""
        claim = claim or str(uuid.uuid4())
        body = dict({"bytes": size}, **more)
        if host:
            body["host"] = host
        return claim, self.ask("PUT", f"/v1/claims/{claim}", body)

    def delete(self, claim):
        return self.ask("DELETE", f"/v1/claims/{claim}")

    def claim(self, claim):
        """None: there is no such claim, or nobody answers"""
        answer = self.try_get(f"/v1/claims/{claim}")
        return answer.json if answer.status == 200 else None

    def status(self, claim):
        found = self.claim(claim)
        return (found or {}).get("status") or {}

    def phase(self, claim):
        return self.status(claim).get("phase", "")

    def is_at(self, claim, phase, limit=10):
        return until(lambda: self.phase(claim) == phase, limit)

    def is_gone(self, claim, limit=10):
        return until(lambda: self.try_get(
            f"/v1/claims/{claim}").status == 404, limit)

    def told(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()


class Pool(Device):
    """A pool-device that says what was asked of it"""

    def __init__(self, hosts, mib=0):
        self.told = tempfile.NamedTemporaryFile(prefix="fmjournal-")
        super().__init__(hosts, mib, self.told.name)

    def truth(self):
        self.child.stdin.write("0 pool\n")
        pool, = json.loads(self.child.stdout.readline())
        return pool

    def tags(self):
        """{tag: {host: bytes}} of all that is out, with or without tag"""
        return tags_of(self.truth())

    def asked(self, command=None, tag=None):
        """Changes that were asked for: [(host, command, arguments, ok)]"""
        with open(self.journal, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        found = [(l["host"], l["request"]["execute"],
                  l["request"].get("arguments", {}), l["ok"]) for l in lines]
        return [f for f in found if (not command or command in f[1]) and
                (not tag or f[2].get("tag") == tag)]

    def close(self):
        self.told.close()
        return super().close()


class World:
    """A pool of three heads, vm1 to vm3, and the daemon of their machine"""

    def __init__(self, checks, keys="ask-timeout = 1", more="", start=True,
                 hosts=(1, 2, 3)):
        self.checks = checks
        self.dir = tempfile.TemporaryDirectory(prefix="fmd-")
        self.pool = Pool(hosts)
        self.hosts = {f"vm{h}": (self.pool.monitor(h), keys) for h in hosts}
        self.fmd = Daemon(self.dir.name, self.hosts, more=more)
        self.others = []
        if start:
            self.begin()

    def begin(self, **environment):
        self.fmd.start(**environment)
        self.checks.that(self.fmd.ready() and self.fmd.owns(),
                         "the daemon has its pool", self.fmd.told())

    def policy(self, name, keys):
        """The host's policy is another; returns when it is known."""
        self.hosts[name] = (self.hosts[name][0], keys)
        self.fmd.configure(self.hosts)
        before = {h["name"]: h["revision"] for h in self.fmd.list("hosts")}
        self.fmd.kill(signal.SIGHUP)
        self.checks.that(until(lambda: {
            h["name"]: h["revision"] for h in self.fmd.list("hosts")} !=
            before), f"{name} has another policy")
        time.sleep(0.1)

    def bound(self, claim=None, host="vm1", size="64M", **more):
        claim, answer = self.fmd.put(claim, host, size, **more)
        self.checks.that(answer.status in (200, 201), "it is acknowledged",
                         answer)
        self.checks.that(self.fmd.is_at(claim, "Bound"), f"{size} for {host} "
                         "are bound", self.fmd.claim(claim))
        return claim

    def cxl_fm(self, *words, host=1):
        """cxl-fm, straight to a monitor: the daemon must not hold it."""
        done = subprocess.run(
            [os.environ["CXL_FM"], *words], timeout=LIMIT, text=True,
            env=dict(os.environ, CXL_FM_ADDRESS=self.pool.monitor(host)),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.checks.that(not done.returncode, f"cxl-fm {' '.join(words)}",
                         done.stdout)

    def comes(self, claim, phase, limit=10):
        return self.checks.that(self.fmd.is_at(claim, phase, limit),
                                f"it is {phase}", self.fmd.claim(claim))

    def goes(self, claim, limit=10):
        return self.checks.that(self.fmd.is_gone(claim, limit),
                                "it is gone", self.fmd.claim(claim))

    def audit(self, minimum=None):
        """What must hold whatever happened; faults as texts"""
        return audit(self.pool, self.fmd, minimum)

    def audited(self, minimum=None):
        faults = self.audit(minimum)
        self.checks.that(not faults, "the audit", "\n".join(faults))

    def close(self):
        code = self.fmd.end()
        for other in self.others:
            other.end(signal.SIGKILL)
        self.checks.equal(code, 0, "the daemon ends in good order")
        if code:
            print("# " + self.fmd.told()[-3000:].replace("\n", "\n# "))
        self.checks.equal(self.pool.close(), 0, "the pool ends in good order")
        self.dir.cleanup()


def tags_of(truth):
    """{tag: {host: bytes}} of all that is out, with or without tag"""
    found = {}
    for host in truth["hosts"]:
        for extent in host["extents"]:
            at = found.setdefault(extent["tag"], {})
            at[host["host-id"]] = at.get(host["host-id"], 0) + extent["len"]
    return found


def out_of(truth, faults):
    """Bytes that are out; each byte is of one tag, and of a host once."""
    ranges = sorted((e["offset"], e["offset"] + e["len"], e["tag"],
                     host["host-id"])
                    for host in truth["hosts"] for e in host["extents"])
    used, end, last = 0, 0, None
    for one in ranges:
        # One range of a tag may be with several hosts: then it is shared.
        shared = last and one[2] and one[:3] == last[:3] and one[3] != last[3]
        if one[0] < end and not shared:
            faults.append(f"given twice: {last} and {one}")
        used += max(one[1] - max(one[0], end), 0)
        if one[1] > end:
            end, last = one[1], one
    return used


def audit(pool, fmd, minimum=None):
    """Of one pool, and the claims as @fmd knows them"""
    return audit_of(pool.truth(), fmd.list("claims"), minimum)


def audit_of(truth, claims, minimum=None):
    """What is wrong with @truth, a pool, when there are @claims"""
    faults = []
    used = out_of(truth, faults)
    if used + truth["available"] != truth["size"]:
        faults.append(f"{used} are out and {truth['available']} free of "
                      f"{truth['size']}")
    claims = {c["uuid"]: c for c in claims}
    for tag, at in tags_of(truth).items():
        claim = claims.get(tag)
        if claim and not claim["shared_with"] and len(at) > 1:
            faults.append(f"{tag} was granted twice: {at}")
        if claim and any(b > claim["bytes"] for b in at.values()):
            faults.append(f"{tag} has more than {claim['bytes']}: {at}")
    for host, least in (minimum or {}).items():
        owned = sum(e["len"] for h in truth["hosts"]
                    if h["host-id"] == host for e in h["extents"]
                    if e["state"] == "accepted")
        if owned < least:
            faults.append(f"host {host} has {owned}, its minimum is {least}")
    return faults


def main(*tests, **named):
    run_tests(tests, lambda checks, test:
              World(checks, **dict(named, **getattr(test, "world", {}))))
