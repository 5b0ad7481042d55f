# SPDX-License-Identifier: GPL-2.0-or-later
"""What cxl-fm shows of several hosts: tables, JSON, events, names."""

import os
import socket
import time

from fmtest import FAILED, MIB, OK, UNREACHABLE, USAGE
from pooltest import main


def columns(b):
    """Tables of which one wants a part"""
    b.give(2, "64M")
    words = ("--noheadings", "--bytes", "-o")
    b.checks.equal(b.expect(OK, "pool", *words, "has,Host").out.split("\n"),
                   ["       0  1", "67108864  2", "       0  3", ""],
                   "two columns, in the order that was wanted")
    b.checks.equal(b.expect(OK, "extents", *words, "size,state").out,
                   "67108864  accepted\n", "of another one")
    b.checks.equal(b.expect(OK, "list", "-o", "on-release").out.split("\n"),
                   ["ON RELEASE"] + 6 * ["erase"] + [""], "with a heading")
    for command in ("list", "extents", "tags", "pool", "config"):
        b.expect(USAGE, command, "-o", "device,colour",
                 err="there is no column '" + ("device" if command == "pool"
                                               else "colour"))
    b.expect(USAGE, "watch", "-o", "device", err="Unknown option -o")


def misspelled(b):
    """JSON of a command that cannot be understood"""
    for words in (("nosuch", "--json"), ("list", "--json", "--nosuch"),
                  ("list", "--nosuch", "-j"), ("add", "-wj", "1x"),
                  ("add", "1M", "2M", "-nj"), ("-j", "nosuch")):
        found = b.expect(USAGE, *words).json()
        b.checks.equal((found["error"]["kind"], found["error"]["exit"]),
                       ("usage", USAGE), "one document")
    result = b.expect(USAGE, "list", "--nosuch", "--", "--json")
    b.checks.equal(result.out, "", "none where none is wanted")


def one_fails(b):
    """One of several devices that fails does not hide the others"""
    b.host(2, "deaf")
    result = b.expect(UNREACHABLE, "list", "--answer-timeout", "0.3",
                      out="mem0",
                      err="has not answered")
    b.checks.that(b.monitor(2)[4:] in result.err, "it is named", result)
    found = b.run("extents", "--json", "--answer-timeout", "0.3")
    b.checks.equal(len(found.json()["devices"]), 2, "two are shown")


def shared_policy(b):
    """QMP can share, and says so"""
    found = b.run("list", "--json", "-a", b.monitor(1)).json()
    b.checks.that("shared" in found["devices"][0]["add-policies"], "shared",
                  found)


def watched(b):
    """Of several machines one may go and come back"""
    child = b.start("watch", "-c", "1", "-T", "10", "-a", b.monitor(1), "-a",
                    b.monitor(2))
    time.sleep(0.5)
    b.host(2, "die", "live")
    time.sleep(2)
    b.host(1, "die")
    time.sleep(0.5)
    b.checks.that(child.poll() is None, "it goes on")
    b.host(2, "die")
    _, err = child.communicate(timeout=10)
    b.checks.equal(child.returncode, UNREACHABLE, "until none is left")
    b.checks.that("connected anew" in err and "broke" in err, "and says so",
                  err)


def watched_late(b):
    """Who is not there, or held, when one begins to watch is found later"""
    b.host(2, "die")
    b.host(3, "silent")
    for _ in range(2):
        b.expect(OK, "add", "64M", "-a", b.monitor(3), "-H", "3")
    with socket.socket(socket.AF_UNIX) as holder:
        holder.connect(b.monitor(3)[4:])
        child = b.start("watch", "-c", "2", "-T", "28", "--answer-timeout",
                        "0.5")
        missing = child.stderr.readline() + child.stderr.readline()
        b.checks.that("cannot reach" in missing and "does not greet" in
                      missing, "two are missing at the start", missing)
        b.host(2, "live")
        b.checks.that("qmp2: connected anew" in child.stderr.readline(),
                      "one has come")
        b.host(1, "die")
        b.checks.that("broke" in child.stderr.readline(), "one is lost")
        b.host(1, "live")
        b.checks.that("qmp1: connected anew" in child.stderr.readline(),
                      "and is back")
    b.checks.that("qmp3: connected anew" in child.stderr.readline(),
                  "who was held is found, too")
    b.host(3, "accept")
    out, _ = child.communicate(timeout=28)
    b.checks.equal(out.count("host 3 accepted"), 2, "its events come")


def status(b):
    """What waits, and for whom; what needs somebody"""
    b.expect(OK, "status", out="health: ok, 3 devices")
    b.give(1, "64M")
    b.host(1, "keep")
    b.expect(OK, "release", "64M", "-H", "1")
    b.host(2, "silent")
    b.expect(OK, "add", "128M", "-H", "2")
    text = b.expect(OK, "status", out="health: waiting").out
    b.checks.that("host 1: 64 MiB are asked for and not given back" in text
                  and "host 2: 128 MiB are offered and not answered" in text
                  and text.count("pool pool0") == 1, "both are named", text)
    found = b.expect(OK, "status", "--json").json()
    b.checks.equal([(n["kind"], n["code"], n.get("host"), n.get("bytes"))
                    for n in found["notes"]],
                   [("waiting", "asked", 1, 64 * MIB),
                    ("waiting", "offered", 2, 128 * MIB),
                    ("pool", "pool", None, None)], "and by codes")
    b.checks.equal([n["text"] for n in found["notes"]],
                   found["waiting"] + found["pools"], "with their sentences")
    b.give(3, "32M")
    b.host(3, "die")
    found = b.expect(UNREACHABLE, "status", "--json").json()
    b.checks.that(found["health"] == "attention" and
                  any("host 3 is not alive and has 32 MiB" in line
                      for line in found["problems"]), "who must act", found)
    b.checks.equal([(n["code"], n.get("pool"), n.get("host"), n.get("bytes"))
                    for n in found["notes"] if n["kind"] == "problem"],
                   [("host-dead", "pool0", 3, 32 * MIB),
                    ("address-missing", None, None, None)], "by code, too")
    b.host(1, "slow", "give")
    b.expect(OK, "release", "--all", "-H", "1")
    b.expect(UNREACHABLE, "status", out="64 MiB are being sanitized")


def names(b):
    """Machines have names in a file"""
    home = f"{b.device.dir.name}/config"
    os.mkdir(home)
    os.environ["XDG_CONFIG_HOME"] = home
    try:
        with open(f"{home}/cxl-fm.conf", "w", encoding="utf-8") as file:
            file.write("[machines]\n" + "".join(
                f"vm{n} = {b.monitor(n)}\n" for n in (1, 2)))
        b.address = ""
        b.expect(OK, "add", "512M", "-a", "vm1", "--wait",
                 out="host 1 accepted")
        b.expect(OK, "list", out="mem0")
        b.expect(OK, "move", "256M", "--from", "vm1", "--to", "vm2")
        b.checks.equal(b.owned("vm2"), [256, 256, 0], "they were found")
        b.expect(USAGE, "move", "1M", "--from", "vm1", "--to", "vm9",
                 err="'vm9' is no host")
        b.expect(USAGE, "move", "1M", "--from", "vm1", "--to", "1",
                 err="the same host")
        b.expect(USAGE, "move", "1M", "--from", "vm1", "--to", "vm2", "-a",
                 "vm1", err="is not among the addresses")
        b.expect(USAGE, "list", "-a", "vm7", err="must begin with qmp:")
        with open(f"{home}/cxl-fm.conf", "a", encoding="utf-8") as file:
            file.write("nonsense\n")
        b.expect(USAGE, "list", err="cxl-fm.conf: Key file contains line")
        other = f"{home}/other"
        with open(other, "w", encoding="utf-8") as file:
            file.write("[machines]\n" + "".join(
                f"left{n} = {b.monitor(n)}\n" for n in (1, 2)))
        b.expect(OK, "--config", other, "-a", "left1", "-a", "left2", "move",
                 "64M", "--from", "left2", "--to", "left1",
                 out="host 1 accepted")
        b.expect(OK, "list", f"--config={other}", out="mem0")
        b.expect(USAGE, "list", "--config", f"{home}/none",
                 err="none: No such file")
    finally:
        del os.environ["XDG_CONFIG_HOME"]


def drawn(b):
    """A cell of the map is what most of it is"""
    for at in range(0, 1024, 64):
        b.expect(OK, "add", "-H", "2", "-e", f"{at}M+2M")
    b.expect(OK, "pool", out="[" + "." * 64 + "]")
    b.give(1, "512M")
    text = b.expect(OK, "pool").out
    b.checks.that(text.count("1") >= 20 and "[" in text, "host 1 shows", text)


def hostile(b):
    """A pool that is told of in nonsense is reported, not used"""
    b.host(1, "hostile")
    b.expect(FAILED, "pool", "-a", b.monitor(1),
             err="description of a pool cannot be understood")


if __name__ == "__main__":
    main(columns, misspelled, one_fails, shared_policy, watched, watched_late,
         status, names, drawn, hostile)
