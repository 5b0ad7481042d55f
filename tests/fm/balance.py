# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm balance over hosts that give, keep, decline and die."""

import fcntl
import json
import os
import signal
import subprocess
import time

from fmtest import FAILED, OK, REFUSED, UNREACHABLE, USAGE, until
from pooltest import Device, main

GIVES = """\
step 256M
host 1 min 256M pressure echo 0
host 2 pressure echo 50
"""


def decided(text):
    return [line for line in text.splitlines() if line.startswith("move ")]


def takes(b):
    """From who is calm to who is short, a step a round, down to the minimum"""
    path = b.policy(GIVES)
    for _ in range(4):
        b.give(1, "256M")
    result = b.expect(OK, "balance", "-p", path, "-c", "5", "-i", "0",
                      out="move 256 MiB from host 1 to host 2")
    b.checks.equal(b.owned(), [256, 768, 0], "down to its minimum, not below")
    b.checks.equal(len(decided(result.out)), 3, "in three steps")


def whole_extents(b):
    """Of one large extent a part is not asked for when all may come back"""
    b.give(1, "1G")
    result = b.expect(OK, "balance", "-p", b.policy(GIVES), "-c", "2", "-i",
                      "0", out="nothing to move")
    b.checks.equal(decided(result.out), [], "no step")


def outstanding(b):
    """A host that takes its time is not asked for more, below its minimum"""
    path = b.policy(GIVES)
    for _ in range(4):
        b.give(1, "256M")
    b.host(1, "keep")
    result = b.expect(FAILED, "balance", "-p", path, "-c", "4", "-i", "0",
                      "-T", "0.1", out="is to give back 256 MiB")
    b.checks.equal(len(decided(result.out)), 1, "it is asked once")
    states = [e[3] for e in extents_of(b, 1)]
    b.checks.equal(sorted(states), ["accepted"] * 3 + ["releasing"],
                   "for one of its extents")


def unanswered(b):
    """A host that does not answer an offer gets no second one"""
    b.host(2, "silent")
    result = b.expect(FAILED, "balance", "-p", b.policy(GIVES.replace(
        "host 1 min 256M", "host 1")), "-c", "3", "-i", "0", "-T", "0.1")
    b.checks.equal(len(decided(result.out)), 1, "one offer")


def extents_of(b, host):
    found = b.run("extents", "--json", "-a", b.monitor(host)).json()
    return [(e["region"], e["offset"], e["length"], e["state"])
            for e in found["devices"][0]["extents"]]


def unknown_pressure(b):
    """Whose command fails, lies or hangs is not robbed"""
    b.give(1, "1G")
    for command in ("false", "echo 7; false", "echo no idea"):
        text = GIVES.replace("host 1 min 256M pressure echo 0",
                             f"host 1 weight 100 pressure {command}")
        b.expect(OK, "balance", "-p", b.policy(text),
                 out="host 1: its pressure is not known")
    b.checks.equal(b.owned(), [1024, 0, 0], "nothing was taken")


def region(b):
    """What is free elsewhere is of no use to a region"""
    for _ in range(4):
        b.give(1, "256M")
    b.checks.equal(b.pool()["available"] >> 20, 256, "region 1 is all free")
    result = b.expect(OK, "balance", "-p", b.policy(GIVES),
                      out="move 256 MiB from host 1 to host 2")
    b.checks.equal(b.owned(), [768, 256, 0], "so host 1 gave")
    b.checks.that("what is free" not in result.out, "nothing else", result)
    b.expect(OK, "balance", "-p", b.policy(GIVES), "-r", "5", "-n",
             out="0 B are free")


def told(b):
    """JSON: one document a round, with what was seen, decided and done"""
    for _ in range(2):
        b.give(1, "256M")
    result = b.expect(OK, "balance", "-p", b.policy(GIVES), "-c", "2", "-i",
                      "0", "--json")
    rounds = [json.loads(line) for line in result.out.splitlines()]
    b.checks.equal([r["exit"] for r in rounds], [OK, OK],
                   "two rounds, two lines")
    b.checks.equal([h["owned"] >> 20 for h in rounds[0]["hosts"]], [512, 0],
                   "what they had")
    step = rounds[0]["steps"][0]
    b.checks.equal((step["from"], step["to"], step["bytes"] >> 20,
                    step["outcome"]), (None, 2, 256, "done"), "what was done")
    b.checks.equal([c["action"] for c in step["changes"]], ["add"],
                   "and by which changes")


def restarts(b):
    """A host that dies and comes back takes part again"""
    path = b.policy(GIVES)
    for _ in range(4):
        b.give(1, "256M")
    child = b.start("balance", "-p", path, "-c", "0", "-i", "0.1", "-T", "5")
    b.checks.that(until(lambda: owned(b, 3) == [256, 768, 0]), "it works")
    b.host(1, "die")
    time.sleep(0.5)
    b.host(1, "live")
    b.expect(OK, "release", "256M", "-a", b.monitor(2), "--wait",
             "--answer-timeout", "3")
    b.checks.that(until(lambda: owned(b, 3)[1] >= 768), "and again")
    b.checks.that(child.poll() is None, "without an end")
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=10)
    b.checks.that("stopped by a signal" in out, "a signal ends it", out)


def owned(b, host):
    """As one monitor tells it, when nobody holds that"""
    result = b.run("pool", "--json", "-a", b.monitor(host),
                   "--answer-timeout", "3")
    return [h["owned"] >> 20 for h in result.json().get("hosts", [])]


def stopped(b):
    """A signal while a host is asked: the rest is left, and told of"""
    for _ in range(4):
        b.give(1, "256M")
    b.host(1, "keep")
    child = b.start("balance", "-p", b.policy(GIVES), "-c", "0", "-T", "60")
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    started = time.monotonic()
    out, _ = child.communicate(timeout=10)
    b.checks.that(time.monotonic() - started < 5, "at once")
    b.checks.that("what hosts were asked for or offered stands" in out,
                  "it says what stands", out)
    b.checks.equal(b.owned()[1], 0, "nothing was added")


def alone(b):
    """One balancer to a pool"""
    with open(b.device.file, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        b.expect(REFUSED, "balance", "-p", b.policy(GIVES),
                 err="another 'cxl-fm balance', or a cxl-fmd, looks after pool pool0")
        b.expect(OK, "balance", "-p", b.policy(GIVES), "-n",
                 out="would move 256 MiB")


class Lines:
    """What a balancer without an end has said, a file as it grows"""

    def __init__(self, b, *words):
        self.path = f"{b.device.dir.name}/said"
        self.file = open(self.path, "w+", encoding="utf-8")
        self.child = subprocess.Popen(
            [os.environ["CXL_FM"], "balance", "-c", "0", "-i", "0.1", *words],
            env=dict(os.environ, CXL_FM_ADDRESS=b.address), text=True,
            stdout=self.file, stderr=subprocess.DEVNULL)
        self.seen = 0

    def comes(self, text):
        """Until @text is said, after what came before"""
        def look():
            with open(self.path, encoding="utf-8") as file:
                at = file.read().find(text, self.seen)
            self.seen = self.seen if at < 0 else at + len(text)
            return at >= 0
        return until(look)

    def end(self, number=signal.SIGTERM):
        self.child.send_signal(number)
        self.child.wait(timeout=10)
        self.file.close()
        return self.child.returncode


QUIET = "host 1\nhost 2\n"


def pool_gone(b):
    """All machines of one pool restart, while those of another go on"""
    other = Device((1, 2))
    b.address += " " + other.addresses()
    for words in (("--json",), ()):
        said = Lines(b, "-p", b.policy(QUIET), "--pool", b.device.file,
                     *words)
        good = '"available"' if words else "nothing to move"
        b.checks.that(said.comes(good), "a good round")
        for host in b.device.hosts:
            b.host(host, "die")
        b.checks.that(said.comes('"kind":"usage"' if words else
                                 "nothing done: there is no pool"),
                      "then there is no pool")
        for host in b.device.hosts:
            b.host(host, "live")
        b.checks.that(said.comes(good) and said.child.poll() is None,
                      "and there is one again")
        said.end()
    for host in b.device.hosts:
        b.host(host, "die")
    b.expect(USAGE, "balance", "-c", "0", "-p", b.policy(QUIET), "--pool",
             b.device.file, err="there is no pool")
    b.address = b.device.addresses()
    b.checks.equal(other.close(), 0, "the other pool ends in good order")


def lock_passes(b):
    """Somebody else looks after the pool for a while"""
    said = Lines(b, "-p", b.policy(QUIET))
    b.checks.that(said.comes("nothing to move"), "a good round")
    with open(b.device.file, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        b.checks.that(said.comes("nothing done: another 'cxl-fm balance'"),
                      "a round without the lock")
    b.checks.that(said.comes("nothing to move"), "a good one again")
    b.checks.equal(said.end(signal.SIGHUP), FAILED,
                   "a hangup ends it, as other signals do")


def monitors_free(b):
    """Nobody waits for a monitor because a host does not tell its pressure"""
    fifo = f"{b.device.dir.name}/pressure"
    os.mkfifo(fifo)
    child = b.start("balance", "-n", "-p", b.policy(
        f"host 1 pressure cat {fifo}\nhost 2 pressure echo 0\n"))
    with open(fifo, "w", encoding="ascii") as file:
        b.expect(OK, "list", "--answer-timeout", "1", out="mem0")
        file.write("7\n")
    out, _ = child.communicate(timeout=10)
    b.checks.that("host 1: alive, has 0 B, pressure 7.00" in out,
                  "and then it is told", out)


def why_unknown(b):
    """JSON says why a pressure is not known, and of each round that failed"""
    found = b.expect(OK, "balance", "-j", "-p", b.policy(
        "host 1 pressure false\nhost 2 pressure echo 3\n")).json()
    b.checks.equal([(h["pressure"], h["pressure-error"]) for h in
                    found["hosts"]],
                   [(None, "'false' failed and said ''"), (3, None)],
                   "why it is null")
    b.address = b.monitor(1)
    b.host(1, "deaf")
    out = b.expect(UNREACHABLE, "balance", "-j", "-c", "3", "-i", "0", "-p",
                   b.policy(QUIET), "--answer-timeout", "0.2").out
    decoder, kinds = json.JSONDecoder(), []
    while out:
        found, end = decoder.raw_decode(out)
        kinds.append(found["error"]["kind"])
        out = out[end:].lstrip()
    b.checks.equal(kinds, ["unreachable"] * 3, "three rounds, three documents")
    b.host(1, "hear")


def output(b):
    """What cannot be written is an error"""
    child = b.start("list", "--json")
    child.communicate()
    b.checks.equal(child.returncode, OK, "to a pipe")
    for words, code in ((("list", "--json"), FAILED), (("--help",), FAILED),
                        (("--version",), FAILED), (("list", "-h"), FAILED),
                        (("nosuch", "--json"), USAGE)):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [os.environ["CXL_FM"], *words], stdout=full,
                stderr=subprocess.PIPE, text=True, check=False,
                env=dict(os.environ, CXL_FM_ADDRESS=b.address))
        b.checks.that(done.returncode == code and "standard output" in
                      done.stderr, f"{words} to a full disk", done.stderr)
    b.expect(FAILED, "balance", "-p", b.policy(GIVES), "-l", "/dev/full",
             err="no more is logged")
    b.expect(USAGE, "balance", "-p", b.policy(GIVES), "-l", "/no/such/log",
             err="cannot be written")
    b.expect(UNREACHABLE, "balance", "-p", b.policy(GIVES), "-a",
             "qmp:/no/such")


if __name__ == "__main__":
    main(takes, whole_extents, outstanding, unanswered, unknown_pressure,
         region, told, restarts, stopped, alone, output, pool_gone,
         lock_passes, monitors_free, why_unknown)
