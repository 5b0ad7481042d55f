# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTTP server of cxl-fmd, with routes of the test, for tests

  FMD_HTTP_SERVER  tests/fm/http-server
"""

import os
import subprocess
import sys
import tempfile
import time

from fmtest import run_tests
from webtest import LIMIT, Client, certificate, free_port

READER, USER, ADMIN = "r" * 20, "u" * 20, "a" * 20
SOON = 2                      # seconds in which others must be served


class Web(Client):
    """A server, its folder and its socket"""

    def __init__(self, checks, test):
        self.checks = checks
        self.dir = tempfile.TemporaryDirectory(prefix="fmd-http-")
        self.socket = f"{self.dir.name}/api"
        self.server = None
        self.pair = None
        if getattr(test, "start", True):
            self.start(getattr(test, "config", ""),
                       tcp=getattr(test, "tcp", False))

    def start(self, config="", tcp=False):
        text = f"[http]\nsocket = {self.socket}\n{config}\n"
        if tcp:
            self.pair = certificate(self.dir.name)
            self.port = free_port()
            self.tokens = f"{self.dir.name}/tokens"
            self.write_tokens(f"# who\nreader r {READER}\nuser u {USER}\n"
                              f"\nadmin\ta  {ADMIN} # me\n")
            text += (f"listen = 127.0.0.1:{self.port}\nkey = {self.pair[0]}\n"
                     f"certificate = {self.pair[1]}\ntokens = {self.tokens}\n")
        path = f"{self.dir.name}/conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        self.server = subprocess.Popen(
            [os.environ["FMD_HTTP_SERVER"], path], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self.server.stdout.readline().strip()

    def write_tokens(self, text):
        new = self.tokens + ".new"
        with open(new, "w", encoding="utf-8",
                  errors="surrogateescape") as file:
            file.write(text)
        os.chmod(new, 0o600)
        os.rename(new, self.tokens)

    def stop(self):
        if not self.server.stdin.closed:
            self.server.stdin.close()
        code = self.server.wait(timeout=LIMIT)
        said = self.server.stderr.read()
        self.server.stdout.close()
        self.server.stderr.close()
        self.server = None
        return code, said

    def expect(self, status, code, *request, **headers):
        answer = self.ask(*request, **headers)
        self.checks.that(
            (answer.status, answer.code()) == (status, code),
            f"{' '.join(repr(r)[:40] for r in request)} {str(headers)[:60]} "
            f"gives {status} {code}", answer)
        return answer

    def others(self, what):
        """Somebody else is served at once."""
        began = time.monotonic()
        answer = self.ask("GET", "/fast")
        took = time.monotonic() - began
        self.checks.that(answer.status == 200 and took < SOON,
                         f"others are served {what}", f"{took:.2f} s {answer}")

    def close(self):
        if self.server:
            code, said = self.stop()
            # Logins that are refused are told, and many tests try some.
            said = [line for line in said.splitlines() if line and
                    "refused" not in line]
            self.checks.equal((code, said), (0, []),
                              "the server ends in good order")
        self.checks.that(not os.path.exists(self.socket),
                         "its socket is gone")
        self.dir.cleanup()


def with_(**what):
    def mark(test):
        for key, value in what.items():
            setattr(test, key, value)
        return test
    return mark


def main(*tests):
    run_tests([t for t in tests if t.__name__ in sys.argv[1:]] or tests, Web)
