# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fmd and certificates of clients: cxl-fm shows one, hosts, the journal"""

import base64
import os

from certtest import Authority, show
from fleettest import TOKENS, Fleet, run_tests
from fmtest import OK, REFUSED, USAGE, until

VARIABLES = {"cert": "CXL_FMD_CERT_FILE", "key": "CXL_FMD_KEY_FILE",
             "token": "CXL_FMD_TOKEN_FILE"}


class Certified(Fleet):
    """A daemon over TCP that takes certificates of .ca"""

    def write_config(self, config, tcp, policy):
        self.ca = Authority(self.dir.name)
        super().write_config(f"client-ca = {self.ca.cert}\n{config}", True,
                             policy)
        self.tokens = f"{self.dir.name}/tokens"
        self.lines("user ci cert:ci host=vm1\nreader look cert:look\n"
                   "admin boss cert:boss\n")

    def start_daemon(self, listener=None):
        """One that tells who asks, in its log"""
        program = os.environ["CXL_FMD"]
        loud = f"{self.dir.name}/loud"
        with open(loud, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nG_MESSAGES_DEBUG=all exec "
                       f"{program} \"$@\" >&2\n")
        os.chmod(loud, 0o700)
        os.environ["CXL_FMD"] = loud
        try:
            super().start_daemon(listener)
        finally:
            os.environ["CXL_FMD"] = program

    def lines(self, text):
        with open(self.tokens + ".new", "w", encoding="ascii") as file:
            file.write(text + "".join(f"{role} {role} {token}\n"
                                      for role, token in TOKENS.items()))
        os.chmod(self.tokens + ".new", 0o600)
        os.rename(self.tokens + ".new", self.tokens)

    def run_as(self, code, *words, say=None, **files):
        """cxl-fm with these files in the environment, over TLS"""
        before = {key: os.environ.pop(key, None) for key in VARIABLES.values()}
        os.environ["CXL_FMD_CA_FILE"] = self.pair[1]
        os.environ.update({VARIABLES[key]: path
                           for key, path in files.items()})
        try:
            return self.expect(code, *words, "-a",
                               f"fmd:https://localhost:{self.port}",
                               **(say or {}))
        finally:
            del os.environ["CXL_FMD_CA_FILE"]
            for key, value in before.items():
                os.environ.pop(key, None)
                if value is not None:
                    os.environ[key] = value


def pair(shown):
    return dict(zip(("cert", "key"), shown))


def tool(f):
    """cxl-fm shows a certificate, and says what is wrong with it."""
    ci, look, boss = (pair(f.ca.issue(n)) for n in ("ci", "look", "boss"))
    one = f"{f.dir.name}/one.pem"
    with open(one, "w", encoding="ascii") as file:
        for path in ci.values():
            with open(path, encoding="ascii") as part:
                file.write(part.read())
    f.run_as(OK, "list", say={"out": "vm1"}, **look)
    f.run_as(REFUSED, "add", "2M", "-d", "vm1",
             say={"err": "cert:look is reader"}, **look)
    f.run_as(OK, "add", "2M", "-d", "vm1", "--wait", **boss)
    f.run_as(OK, "claim", "add", "2M", "-H", "vm1", "--wait",
             say={"out": "Bound"}, **ci)
    f.run_as(OK, "claim", "list", say={"out": "Bound"}, cert=one, key=one)
    f.run_as(REFUSED, "list", say={"err": "has expired"},
             **pair(f.ca.issue("ci", start=-200, end=-100)))
    f.run_as(REFUSED, "list", say={"err": "not for clients"},
             **pair(f.ca.issue("ci", "serverAuth")))
    f.run_as(REFUSED, "list", say={"err": "cert:stranger"},
             **pair(f.ca.issue("stranger")))
    f.run_as(REFUSED, "list", say={"err": "client-ca has signed"},
             **pair(Authority(f.dir.name).issue("ci")))
    token = f"{f.dir.name}/token"
    with open(token, "w", encoding="ascii") as file:
        file.write(TOKENS["reader"] + "\n")
    f.run_as(REFUSED, "add", "2M", "-d", "vm1",
             say={"err": "token reader is reader"}, token=token, **boss)
    f.run_as(REFUSED, "list", say={"err": "cert:stranger"}, token=token,
             **pair(f.ca.issue("stranger")))
    # What is wrong before anybody is asked
    f.run_as(USAGE, "list", say={"err": "CXL_FMD_KEY_FILE"}, cert=ci["cert"])
    f.run_as(USAGE, "list", say={"err": "CXL_FMD_CERT_FILE"}, key=ci["key"])
    f.run_as(USAGE, "list", say={"err": "CXL_FMD_CERT_FILE: Failed to open"},
             cert="/nonexistent", key=ci["key"])
    f.run_as(USAGE, "list", say={"err": "CXL_FMD_KEY_FILE: Failed to open"},
             cert=ci["cert"], key="/nonexistent")
    f.run_as(USAGE, "list", say={"err": "a certificate and its key"},
             cert="/dev/null", key=ci["key"])
    f.run_as(USAGE, "list", say={"err": "a certificate and its key"},
             cert=ci["cert"], key=look["key"])
    # The socket of the machine asks for none.
    os.environ["CXL_FMD_CERT_FILE"] = "/nonexistent"
    f.expect(OK, "list", out="vm1")
    del os.environ["CXL_FMD_CERT_FILE"]


def who(f):
    """What it may is that of its line; the journal has its name."""
    ci = f.ca.issue("ci")
    me = show(f, ci, "GET", "/v1/me").json()
    f.checks.equal((me["who"], me["role"]), ("cert:ci", "user"), "who it is")
    f.checks.equal(show(f, None, "GET", "/v1/me").json()["role"], "nobody",
                   "nobody without")
    claims = [f"/v1/claims/00000000-0000-4000-8000-00000000000{n}"
              for n in (1, 2)]
    for path, host, status in ((claims[0], "vm1", 201), (claims[1], "vm2",
                                                         403)):
        answer = show(f, ci, "PUT", path, {"bytes": "16M", "host": host})
        f.checks.equal(answer.status, status, f"a claim of {host}")
    f.checks.that(until(lambda: any(
        f"cert:ci: PUT claims {claims[0][-36:]}" in line for line in f.log)),
        "the journal names it", f.log[-5:])
    # Over Redfish, too
    root = "/redfish/v1/Chassis"
    f.checks.equal(show(f, ci, "GET", root).status, 200, "Redfish")
    answer = show(f, f.ca.issue("stranger"), "GET", root)
    said = answer.json()["error"]
    f.checks.that(answer.status == 401 and "cert:stranger" in str(said),
                  "and what is not good there", answer)
    for shown, name, word, status in (
            (ci, "reader", TOKENS["reader"], 200),
            (ci, "reader", "x" * 20, 401), (ci, "ci", "cert:ci", 401),
            (None, "ci", "cert:ci", 401), (None, "ci", "cert:\0ci", 401),
            (f.ca.issue("stranger"), "reader", TOKENS["reader"], 401)):
        basic = base64.b64encode(f"{name}:{word}".encode()).decode()
        answer = show(f, shown, "GET", root,
                      Authorization=f"Basic {basic}")
        f.checks.equal(answer.status, status,
                       f"Redfish as {name} with {word[:7]!r}")
    for word in ("cert:ci", "cert:\0ci"):
        answer = show(f, None, "POST", "/redfish/v1/SessionService/Sessions",
                      {"UserName": "ci", "Password": word})
        f.checks.equal(answer.status, 401, f"{word!r} makes no session")
    # A page of another site cannot use what the browser shows by itself.
    for headers in ({"Origin": "https://evil.example"},
                    {"Sec_Fetch_Site": "cross-site"}):
        answer = show(f, ci, "PUT", claims[0], {"bytes": "32M"}, **headers)
        f.checks.equal((answer.status, answer.code()), (403, "bad-origin"),
                       f"{headers}")


def document(f):
    """The OpenAPI document has it, and that no token is needed then."""
    said = f.get("/v1/openapi.json").json()
    f.checks.equal(said["security"], [{"token": []}, {}], "a token, or none")
    f.checks.equal({s["type"] for s in said["components"][
        "x-securitySchemes"].values()}, {"mutualTLS"}, "but a certificate")


if __name__ == "__main__":
    run_tests([tool, who, document], Certified)
