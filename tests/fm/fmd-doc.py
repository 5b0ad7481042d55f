# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/fleet.md: its commands, as they are written

They name files of a system; a shell of our own is given others in their place.
"""

import os
import subprocess
import sys

from certtest import Authority
from fleettest import TOKENS
from fmtest import Failed, run_tests, until
from pooltest import Device
from webtest import UnixConnection, ask, certificate, free_port

import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "docs"))
from blocks import blocks_of  # noqa: E402

LIMIT = 60
OURS = "tests/fm/fmd-doc.py"
TAKES = ("elsewhere", "part")


class World:
    """A system whose /etc, /run and /var/lib are a folder of ours"""

    def __init__(self, checks, test):
        self.checks = checks
        self.device = Device((1,))
        self.dir = tempfile.TemporaryDirectory(prefix="fleet-")
        root = self.dir.name
        self.port = free_port()
        self.places = {
            "qmp:/run/vm1.qmp": self.device.monitor(1),
            "/etc/cxl-fmd.conf": f"{root}/cxl-fmd.conf",
            "/etc/cxl-fmd/": f"{root}/",
            "/run/cxl-fmd": f"{root}/run", "localhost:8443":
            f"localhost:{self.port}", "0.0.0.0:8443": f"0.0.0.0:{self.port}",
            # Where the daemon and the tool would look by themselves
            "cxl-fmd &": f"cxl-fmd --config {root}/cxl-fmd.conf &",
        }
        self.socket = f"{root}/run/api"
        os.mkdir(f"{root}/run")
        os.mkdir(f"{root}/state")
        os.mkdir(f"{root}/bin")
        for name in ("CXL_FM", "CXL_FMD"):
            program = os.environ[name]
            os.symlink(program, f"{root}/bin/{os.path.basename(program)}")

    def here(self, text):
        for place, ours in self.places.items():
            text = text.replace(place, ours)
        return text

    def is_up(self):
        try:
            connection = UnixConnection(self.socket)
            hosts = ask(connection, "GET", "/v1/hosts").json()["hosts"]
            connection.close()
        except OSError:
            return False
        return bool(hosts) and all(h["reachable"] for h in hosts)

    def configured(self):
        """What the reader's file says besides, for our folders"""
        with open(f"{self.dir.name}/cxl-fmd.conf", "a",
                  encoding="utf-8") as file:
            file.write(f"[daemon]\nstate = {self.dir.name}/state\n"
                       f"run = {self.dir.name}/run\n[http]\n"
                       f"socket = {self.socket}\n")

    def close(self):
        self.checks.equal(self.device.close(), 0,
                          "the pool ends in good order")
        self.dir.cleanup()


def document(w):
    """Every block, in one shell, from the first to the last"""
    blocks = [b for b in blocks_of("docs/fleet.md") if b.test == OURS]
    parts = [b for b in blocks if b.how == "part"]
    steps = [b for b in blocks if b.how == "elsewhere"]
    w.checks.that(len(parts) == 2 and len(steps) >= 6,
                  "there is something to type", (len(parts), len(steps)))
    pair = certificate(w.dir.name)
    if not pair:
        raise Failed("no openssl")
    for role, token in TOKENS.items():
        with open(f"{w.dir.name}/tokens", "a", encoding="ascii") as file:
            file.write(f"{role} {role} {token}\n")
    with open(f"{w.dir.name}/token", "w", encoding="ascii") as file:
        file.write(TOKENS["user"] + "\n")
    with open(f"{w.dir.name}/tokens", "a", encoding="ascii") as file:
        file.write("user ci cert:NAME\n")
    os.chmod(f"{w.dir.name}/tokens", 0o640)
    ca = Authority(w.dir.name)
    os.rename(ca.cert, f"{w.dir.name}/clients.pem")
    ca.cert = f"{w.dir.name}/clients.pem"
    for path, name in zip(ca.issue("NAME"), ("ci.pem", "ci.key")):
        os.rename(path, f"{w.dir.name}/{name}")
    environment = dict(os.environ, HOME=w.dir.name, LC_ALL="C",
                       PATH=f"{w.dir.name}/bin:{os.environ['PATH']}",
                       CXL_FM_ADDRESS=f"fmd:{w.socket}")
    shell = subprocess.Popen(["bash", "-e"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, bufsize=1, env=environment,
                             cwd=w.dir.name)
    tcp = "\n".join(line.strip() for part in parts for line in part.lines[1:])
    try:
        for number, block in enumerate(steps):
            lines = block.lines
            if number == 0:       # the file, then the daemon
                type_(w, shell, lines[:-1], block)
                w.configured()
                with open(f"{w.dir.name}/cxl-fmd.conf", "a",
                          encoding="utf-8") as file:
                    file.write(w.here(tcp) + "\n")
                type_(w, shell, lines[-1:], block)
                if not until(w.is_up, 20):
                    raise Failed("the daemon does not start")
            else:
                type_(w, shell, lines, block)
    finally:
        if shell.poll() is None:
            shell.stdin.write("kill $(jobs -p); wait\n")
        shell.stdin.close()
        rest = shell.stdout.read()
        shell.wait(timeout=LIMIT)
        shell.stdout.close()
    w.checks.that("ERROR" not in rest, "the daemon ends", rest)


def type_(w, shell, lines, block):
    """Type @lines; the status is 0 and what is expected is printed."""
    shell.stdin.write("".join(w.here(line) + "\n" for line in lines))
    shell.stdin.write("echo; echo ==done==\n")
    said = ""
    while "==done==" not in said:
        line = shell.stdout.readline()
        if not line:
            w.checks.that(False, f"{block.where}: typed as written", said)
            raise Failed("the shell has ended")
        said += line
    w.checks.that(True, f"{block.where}: typed as written")
    for text in block.expect:
        w.checks.that(text in said, f"{block.where}: it prints {text}", said)


if __name__ == "__main__":
    run_tests([document], World)
