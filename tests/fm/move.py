# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm pool, move, share and reclaim over hosts that answer, or do not."""

import json
import os
import signal
import time

from fmtest import (FAILED, MIB, OK, PARTIAL, REFUSED, REJECTED, TAG, TIMEOUT,
                    UNKNOWN, UNREACHABLE, USAGE, until)
from pooltest import Device, main

MOVE = ("move", "256M", "--from", "1", "--to", "2")


def success(b):
    """What one host gives another gets; the rest stays as it was"""
    b.give(1, "512M")
    b.expect(OK, *MOVE, out="host 2 accepted 256 MiB")
    b.checks.equal(b.owned(), [256, 256, 0], "256 MiB have moved")
    b.expect(OK, *MOVE, "--force", out="host 1 lost 256 MiB")
    b.checks.equal(b.owned(), [0, 512, 0], "the other half too")
    b.expect(OK, "move", "512M", "--from", "2", "--to", "3")
    b.checks.equal(b.owned(), [0, 0, 512], "and on")


def dry(b):
    """A dry run counts what the giver would give"""
    b.give(1, "512M")
    b.give(3, "512M")
    b.expect(OK, *MOVE, "-n", out="would offer 256 MiB of region 0 to host 2")
    b.checks.equal(b.owned(), [512, 0, 512], "nothing moved")
    b.expect(OK, *MOVE)
    b.checks.equal(b.owned(), [256, 256, 512], "and it can be done")


def keeps(b):
    """Who does not give still has it; asked again, it gives"""
    b.give(1, "256M")
    b.host(1, "keep")
    b.expect(TIMEOUT, *MOVE, "-T", "0.2", err="nothing was given to host 2")
    b.checks.equal(b.owned(), [256, 0, 0], "nothing moved")
    b.host(1, "give")
    b.expect(OK, *MOVE)
    b.checks.equal(b.owned(), [0, 256, 0], "now it has")


def late(b):
    """A host that answers late, but in time"""
    b.give(1, "256M")
    b.host(1, "silent")
    move = b.start(*MOVE, "-T", "10")
    time.sleep(0.3)
    b.checks.that(move.poll() is None, "it waits")
    b.host(1, "accept")
    b.checks.equal(move.wait(10), OK, "it waited long enough")
    b.checks.equal(b.owned(), [0, 256, 0], "moved")
    move.communicate()


def declines(b):
    """What nobody takes is free; the exit status says that a part was done"""
    b.give(1, "256M")
    b.host(2, "reject")
    b.expect(PARTIAL, *MOVE, err="it is free for all")
    b.checks.equal(b.owned(), [0, 0, 0], "host 1 gave")
    b.checks.equal(b.pool()["available"], 1280 * MIB, "nothing is lost")


def dies(b):
    """The receiver is gone: nothing is asked of the giver"""
    b.give(1, "256M")
    b.host(2, "die")
    b.expect(USAGE, *MOVE, err="host 2 is not alive")
    b.checks.equal(b.owned(), [256, 0, 0], "nothing moved")


def unknown(b):
    """A monitor that carries out what it does not answer"""
    words = ("add", "64M", "-a", b.monitor(1), "-H", "1", "--answer-timeout",
             "0.2")
    b.host(1, "mute")
    result = b.expect(UNKNOWN, *words, "--json",
                      err="whether it was carried out is unknown")
    b.checks.equal(result.json()["error"]["kind"], "unknown", "in JSON too")
    b.host(1, "speak", "break")
    b.expect(UNKNOWN, *words, err="whether it was carried out is unknown")
    b.checks.equal(b.owned(), [128, 0, 0], "both were")
    b.expect(UNREACHABLE, "add", "1M", "-a", "qmp:/no/such",
             err="cannot reach")


def other_address(b):
    """A dead address changes nothing about what was done elsewhere"""
    b.give(1, "256M")
    b.address += " qmp:/no/such/socket"
    b.expect(OK, *MOVE, err="cannot reach qmp:/no/such/socket")
    b.host(2, "die")
    b.expect(OK, "reclaim", "-H", "2", out="took back 256 MiB")
    b.expect(UNREACHABLE, "list", out="mem0")


def two_pools(b):
    """Nothing moves from one pool to another, or by a number alone"""
    other = Device((1, 2))
    try:
        b.give(1, "256M")
        both = f"{b.monitor(1)} {other.monitor(2)}"
        b.address = both
        b.expect(USAGE, *MOVE, err="say which with --pool")
        b.expect(USAGE, *MOVE, "--pool", b.device.file,
                 err="none of the addresses is its monitor")
        b.expect(USAGE, *MOVE, "--pool", "nonsense", err="there is no pool")
        b.expect(USAGE, "pool", err="say which with --pool")
        b.expect(OK, "pool", "--pool", other.file, out=other.monitor(2))
        b.address = f"{other.addresses()} {b.device.addresses()}"
        b.expect(OK, *MOVE, "--pool", b.device.file)
        found = b.run("pool", "--json", "--pool", b.device.file).json()
        b.checks.equal([h["owned"] >> 20 for h in found["hosts"]],
                       [0, 256, 0], "in the pool that was named")
        found = b.run("pool", "--json", "--pool", other.file).json()
        b.checks.equal([h["owned"] for h in found["hosts"]], [0, 0],
                       "and not in the other")
    finally:
        other.close()


def which_head(b):
    """Heads of one name are told apart by their host"""
    b.expect(OK, "add", "64M", "-H", "2", "--wait", out="host 2 accepted")
    b.expect(OK, "add", "64M", "-H", "3", "-d", "mem0")
    b.checks.equal(b.owned(), [0, 64, 64], "each where it belongs")
    b.expect(OK, "release", "64M", "-H", "3", "--wait")
    b.expect(USAGE, "add", "64M", err="say which with --host")
    b.expect(USAGE, "add", "64M", "-H", "7", err="none of them is host 7's")
    b.expect(OK, "add", "64M", "-a", b.monitor(2), out="to host 2")


def share(b):
    """A tag for one more host, and for one that declines"""
    b.give(1, "64M", "-r", "1", "-t", TAG)
    b.expect(OK, "share", TAG, "-r", "1", "-H", "2", "--wait",
             out="host 2 accepted 64 MiB")
    b.host(3, "reject")
    b.expect(REJECTED, "share", TAG, "-r", "1", "-H", "3", "--wait",
             err="declined")
    b.expect(REFUSED, "share", TAG, "-r", "1", "-H", "2")
    b.expect(OK, "pool", out="=")
    b.expect(OK, "release", "-t", TAG, "-r", "1", "-H", "1", "--wait")
    b.checks.equal(b.pool()["available"], (1280 - 64) * MIB,
                   "host 2 still has it")
    b.expect(OK, "release", "-t", TAG, "-r", "1", "-H", "2", "--wait")
    b.checks.equal(b.pool()["available"], 1280 * MIB, "now nobody has")


def reclaim(b):
    """From the dead, and who comes back finds what it had"""
    b.give(2, "128M")
    b.expect(REFUSED, "reclaim", "-H", "2", err="is alive")
    b.host(2, "die", "live")
    b.checks.equal(b.owned(), [0, 128, 0], "it is back, with its memory")
    b.host(2, "die")
    result = b.expect(OK, "reclaim", "-H", "2", "--json")
    b.checks.equal(result.json()["freed"], 128 * MIB, "128 MiB are free")
    b.host(2, "live")
    b.checks.equal(b.owned(), [0, 0, 0], "nothing is left for it")
    b.expect(OK, "add", "64M", "-H", "2", "--wait")


def cleaning(b):
    """What is being sanitized is nobody's yet: wait when told to wait"""
    b.give(1, "512M")
    b.give(2, "512M")
    b.host(1, "slow")
    b.expect(OK, "release", "512M", "-H", "1")
    b.expect(OK, "extents", "-a", b.monitor(1), out="sanitizing")
    b.expect(REFUSED, "add", "512M", "-H", "1",
             err="'--wait' waits until that is done")
    b.expect(REFUSED, "add", "512M", "-H", "1", "--wait", "-T", "0.3",
             err="still being sanitized")
    add = b.start("add", "512M", "-H", "1", "--wait", "-T", "10")
    time.sleep(0.3)
    b.host(1, "clean")
    b.checks.equal(add.wait(10), OK, "it got it when it was clean")
    add.communicate()
    b.checks.equal(b.owned(), [512, 512, 0], "both have theirs")


def documents(b):
    """One JSON document for each command, with its steps"""
    b.give(1, "256M")
    found = b.expect(OK, *MOVE, "--json").json()
    b.checks.equal([s["action"] for s in found["steps"]], ["release", "add"],
                   "two steps")
    b.checks.equal([s["outcome"] for s in found["steps"]], ["done", "done"],
                   "both done")
    b.checks.equal(found["exit"], OK, "and its own status")
    b.host(1, "reject")
    found = b.expect(PARTIAL, "move", "256M", "--from", "2", "--to", "1",
                     "--json").json()
    b.checks.equal([s["outcome"] for s in found["steps"]],
                   ["done", "rejected"], "what was done, and what was not")
    b.checks.equal(found["exit"], PARTIAL, "a part")
    found = b.expect(FAILED, "move", "256M", "--from", "2", "--to", "1",
                     "--json").json()
    b.checks.that("less than 256 MiB" in found["error"]["message"] and
                  found["steps"] == [], "an error is in the same document",
                  found)
    b.host(1, "accept")
    found = b.expect(OK, "add", "-a", b.monitor(1), "-H", "1", "--no-chain",
                     "-e", "0+2M", "-e", "4M+2M", "--json").json()
    b.checks.equal(len(found["steps"]), 2, "an offer each")
    found = b.expect(PARTIAL, "add", "-a", b.monitor(1), "-H", "1",
                     "--no-chain", "-e", "8M+2M", "-e", "0+2M",
                     "--json").json()
    b.checks.equal((len(found["steps"]), found["error"]["kind"]),
                   (1, "partial"), "the first stands")


def deaf_head(b):
    """A head that does not answer does not keep the others from moving"""
    b.give(1, "512M")
    b.host(3, "deaf")
    result = b.expect(OK, *MOVE, "--answer-timeout", "0.3",
                      out="host 2 accepted 256 MiB", err="has not answered")
    b.checks.that(b.monitor(3)[4:] in result.err, "it is named", result)
    found = b.expect(OK, "pool", "--json", "--answer-timeout", "0.3").json()
    b.checks.equal([h["owned"] // MIB for h in found["hosts"]], [256, 256, 0],
                   "the pool is told of by the others")
    b.expect(UNREACHABLE, "pool", "-a", b.monitor(3), "--answer-timeout",
             "0.3", err="has not answered")
    b.host(3, "hear")


def cut(b, ready, *words):
    """What comes of a command that a signal ends once ready() is true"""
    child = b.start(*words)
    b.checks.that(until(ready), f"{' '.join(words)} is under way")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=10)
    return child.returncode, out, err


def held(b, host, state):
    """Has the pool capacity of @host in @state?"""
    return any(e["state"] == state for h in b.pool(b.monitor(3))["hosts"]
               if h["host"] == host for e in h["extents"])


def interrupted(b):
    """A signal while a host is waited for: what stands, and who has what"""
    b.give(1, "512M")
    b.host(2, "silent")
    one = ("-a", b.monitor(2), "-H", "2", "--wait")
    code, _, err = cut(b, lambda: held(b, 2, "pending"), "add", "64M", *one)
    b.checks.that(code == UNKNOWN and "the offer of 64 MiB to host 2 stands"
                  in err, "an offer stands", err)
    b.host(2, "accept")
    b.checks.that(until(lambda: b.owned(b.monitor(3))[1] == 64),
                  "and is answered later")
    b.host(2, "keep")
    asked = until_asked(b, 2)
    code, out, err = cut(b, asked, "release", "64M", "--json", *one)
    b.checks.that(code == UNKNOWN and "may give back the rest later" in err,
                  "a request stands", err)
    b.checks.equal(json.loads(out)["outcome"], "interrupted", "JSON says so")
    b.host(1, "keep")
    code, out, err = cut(b, until_asked(b, 1), *MOVE, "--json", "-a",
                         b.monitor(1), "-a", b.monitor(2))
    b.checks.that(code == UNKNOWN and "nothing was given to host 2" in err and
                  f"'cxl-fm add {256 * MIB} --host 2 --region 0'" in err,
                  "a move stops before the giver gave", err)
    found = json.loads(out)
    b.checks.equal((found["exit"], [s["outcome"] for s in found["steps"]]),
                   (UNKNOWN, ["interrupted"]), "JSON says so")


def until_asked(b, host):
    """Whether @host has been asked for something: it journals that"""
    before = os.path.getsize(b.device.journal)

    def asked():
        with open(b.device.journal, encoding="utf-8") as file:
            file.seek(before)
            return any(f'"host":{host}' in line and "release" in line
                       for line in file)
    return asked


def between(b):
    """A signal when the giver has given and the taker has nothing yet"""
    b.give(1, "512M")
    b.host(1, "slow")
    code, _, err = cut(b, until_asked(b, 1), *MOVE, "-a", b.monitor(1), "-a",
                       b.monitor(2))
    b.checks.that(code == PARTIAL and "host 1 has given it back and host 2 was "
                  "not offered it" in err and "gives it" in err,
                  "it says whose it is, and how to go on", err)
    b.host(1, "clean", "give")
    b.host(2, "silent")
    code, _, err = cut(b, lambda: held(b, 2, "pending"), *MOVE, "-a",
                       b.monitor(1), "-a", b.monitor(2))
    b.checks.that(code == UNKNOWN and "the offer to host 2 stands" in err,
                  "or that it is offered", err)


def gives_more(b):
    """A host that gives back all of what is asked for in part: it is told"""
    b.host(1, "whole")
    b.give(1, "512M")
    b.expect(OK, "release", "128M", "-H", "1", "--wait",
             out="released 128 MiB, and 384 MiB more")
    b.give(1, "512M")
    found = b.expect(OK, "release", "128M", "-H", "1", "--wait",
                     "--json").json()
    b.checks.equal((found["done"] // MIB, found["more"] // MIB), (128, 384),
                   "in JSON, too")
    b.give(2, "512M")
    found = b.expect(OK, "release", "128M", "-H", "2", "--wait",
                     "--json").json()
    b.checks.equal((found["done"] // MIB, found["more"]), (128, 0),
                   "and nothing when there is nothing more")
    b.checks.equal(b.owned(), [0, 384, 0], "as it is")


if __name__ == "__main__":
    main(success, dry, keeps, late, declines, dies, unknown, other_address,
         two_pools, which_head, share, reclaim, cleaning, documents, deaf_head,
         interrupted, between, gives_more)
