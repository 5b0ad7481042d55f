# SPDX-License-Identifier: GPL-2.0-or-later
"""The pressure of hosts: their commands, whatever those print, however long"""

import os
import signal
import time

from fleettest import main
from fmdtest import Daemon
from fmtest import FAILED, MIB, OK, until


def hosts(f):
    return {h["name"]: (h["pressure_now"], h["pressure_error"])
            for h in f.get("/v1/hosts").json()["hosts"]}


def reading(f):
    """The number that the command prints, in the list and for Prometheus"""
    f.checks.that(until(lambda: hosts(f) == {"vm1": (12.5, None),
                                             "vm2": (12.5, None)}),
                  "it is told of each", hosts(f))
    text = f.get("/metrics").body.decode()
    f.checks.equal(sorted(line.partition("name=")[2] for line in
                          text.splitlines() if line.startswith(
                              "cxl_fmd_host_pressure_percent{")),
                   ['"vm1"} 12.50', '"vm2"} 12.50'], "and in /metrics")


reading.policy = "pressure = echo some avg10=12.5 avg60=1"


def none(f):
    """Of who has no command nothing is known, and nothing wrong"""
    f.checks.equal(hosts(f), {"vm1": (None, None), "vm2": (None, None)},
                   "it is null")
    f.checks.that("host_pressure_percent{" not in f.get(
        "/metrics").body.decode(), "and no number for Prometheus")


def anew(f):
    """Another command is another reading, after SIGHUP"""
    f.checks.that(until(lambda: hosts(f)["vm1"][0] == 1), "the first one")
    with open(f.config, encoding="ascii") as file:
        text = file.read()
    with open(f.config, "w", encoding="ascii") as file:
        file.write(text.replace("echo 1", "echo 2"))
    f.daemon.send_signal(signal.SIGHUP)
    f.checks.that(until(lambda: hosts(f)["vm1"][0] == 2), "the second one",
                  hosts(f))
    with open(f.config, "w", encoding="ascii") as file:
        file.write(text.replace("pressure = echo 1", ""))
    f.daemon.send_signal(signal.SIGHUP)
    f.checks.that(until(lambda: hosts(f)["vm1"] == (None, None)), "none",
                  hosts(f))


anew.policy = "pressure = echo 1"


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file
                    if line.startswith("VmRSS:"))


def endless(f):
    """Words of a guest without an end: read for a while, and no longer"""
    before = resident(f.daemon.pid)
    f.checks.that(until(lambda: (hosts(f)["vm1"][1] or "").startswith(
        "'yes' failed and said 'y y y")), "it says why", hosts(f))
    f.checks.equal(hosts(f)["vm1"][0], None, "it is not known")
    f.checks.that(resident(f.daemon.pid) < before + 16 * MIB,
                  "and nothing is kept of it")


endless.policy = "pressure = yes"
MARK = "1234.5678"


def running(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if file.read().split(b"\0")[:2] == [b"sleep", mark.encode()]:
                    found.append(pid)
        except OSError:
            continue
    return found


def hangs(f):
    """One that hangs holds up nobody, and ends with the daemon"""
    f.checks.that(until(lambda: len(running(MARK)) == 2), "both hang")
    f.reaches(f.claim(host="vm1"), "Bound")
    begun = time.monotonic()
    f.checks.equal(f.kill_daemon(signal.SIGTERM), 0, "the daemon ends")
    f.checks.that(time.monotonic() - begun < 8, "without waiting for them")
    f.checks.that(until(lambda: not running(MARK)), "and so do they",
                  running(MARK))


hangs.policy = f"pressure = sleep {MARK}"


def left_behind(f):
    """What a command leaves in the background is not waited for"""
    f.checks.that(until(lambda: hosts(f)["vm1"] == (5, None), 3),
                  "its number counts at once", hosts(f))


left_behind.policy = "pressure = sleep 8.8 & echo 5"


def silent(f):
    """One that closes its output and goes on ends with the daemon, too"""
    mark = "2345.6"
    f.checks.that(until(lambda: len(running(mark)) == 2), "both go on")
    begun = time.monotonic()
    f.checks.equal(f.kill_daemon(signal.SIGTERM), 0, "the daemon ends")
    f.checks.that(time.monotonic() - begun < 8 and
                  until(lambda: not running(mark)), "and so do they")


silent.policy = "pressure = exec >&-; sleep 2345.6"


def stopped(f):
    """A balancer that waits for a command ends when it is told to"""
    path = os.path.join(f.dir.name, "policy")
    with open(path, "w", encoding="ascii") as file:
        file.write("host 1 pressure sleep 3456.7\n")
    for number in (signal.SIGINT, signal.SIGTERM):
        child = f.start("balance", "--policy", path, "-c", "0")
        f.checks.that(until(lambda: running("3456.7")), "it waits")
        begun = time.monotonic()
        child.send_signal(number)
        child.communicate(timeout=20)
        f.checks.that(time.monotonic() - begun < 8 and
                      until(lambda: not running("3456.7")),
                      f"{number.name} ends both")


def wrong(f):
    """What is no pressure is an error, and one of balance, too"""
    f.checks.that(until(lambda: (hosts(f)["vm2"][1] or "").endswith(
        "gave 'no idea\\x1b[1m'".replace("\\x1b", " "))), "it says what",
        hosts(f))
    path = os.path.join(f.dir.name, "policy")
    for command, said in (("yes", "failed and said 'y y y"),
                          ("echo 7; false", "failed and said '7'"),
                          ("exit 3", "failed and said ''"),
                          ("printf '101'", "gave '101'")):
        with open(path, "w", encoding="ascii") as file:
            file.write(f"host 1 pressure {command}\n")
        f.expect(OK, "balance", "--policy", path, out=said)
    with open(path, "w", encoding="ascii") as file:
        file.write("host 9 min 1M pressure exit 3\n")
    f.checks.that(f.run("balance", "--policy", path).code in (OK, FAILED),
                  "a host that is not there is asked nothing")


wrong.policy = "pressure = printf 'no idea\\\\033[1m'"


# --- What other machines are told ---

TOLD = "/tmp/pressure-of-{pid}"   # what vm1's command prints; its daemon's test
SHORT = "[daemon]\nowner-ttl = 1"


def told_file():
    return TOLD.format(pid=os.getpid())


def say(text):
    with open(told_file() + ".new", "w", encoding="ascii") as file:
        file.write(f"{text}\n")
    os.rename(told_file() + ".new", told_file())


class There(Daemon):
    """The daemon of another machine of the fleet, which has no hosts"""

    def __init__(self, f):
        super().__init__(f.dir.name, {}, machine="there", name="there",
                         store=f"sqlite:{f.dir.name}/store.db")
        self.start()
        f.checks.that(self.ready(), "another machine's daemon", self.told())

    def hosts(self):
        return {h["name"]: (h["pressure_now"], h["pressure_error"])
                for h in self.list("hosts")}

    def metrics(self):
        return sorted(line.partition("name=")[2] for line in self.try_get(
            "/metrics").text.splitlines() if line.startswith(
                "cxl_fmd_host_pressure_percent{"))


def elsewhere(f):
    """Every daemon of the fleet shows it, and what changes of it"""
    there = There(f)
    told = {"vm1": (12.5, None), "vm2": (12.5, None)}
    f.checks.that(until(lambda: there.hosts() == told), "it is told of each",
                  there.hosts())
    f.checks.equal(there.metrics(), ['"vm1"} 12.50', '"vm2"} 12.50'],
                   "and in /metrics")
    f.checks.equal(hosts(f), told, "as at its own machine")
    f.kill_daemon()
    f.checks.that(until(lambda: there.hosts() == {"vm1": (None, None),
                                                  "vm2": (None, None)}),
                  "of who is silent it is not known", there.hosts())
    f.checks.equal(there.metrics(), [], "nor in /metrics")
    f.start_daemon()
    f.checks.that(until(lambda: there.hosts() == told), "and again",
                  there.hosts())
    f.checks.equal(there.end(), 0, "the other ends in good order")


elsewhere.policy = "pressure = echo some avg10=12.5 avg60=1"
elsewhere.config = SHORT


def changes(f):
    """A small change writes nothing; what is not known is taken back"""
    there = There(f)
    say(50)
    f.checks.that(until(lambda: there.hosts()["vm1"][0] == 50 and
                        there.hosts()["vm2"][0] == 50, 2 * 10 + 2),
                  "it is told", there.hosts())
    before = revision(there)
    last = len(there.events())
    passes = counter(there, "passes_total"), counter(f, "passes_total")
    say(50.9)
    f.checks.that(until(lambda: hosts(f)["vm1"][0] == 50.9 and
                        hosts(f)["vm2"][0] == 50.9, 12), "a little more",
                  hosts(f))
    f.checks.equal((revision(there), there.hosts()["vm1"][0]), (before, 50),
                   "which is not worth a write")
    say(51)
    f.checks.that(until(lambda: there.hosts()["vm1"][0] == 51 and
                        there.hosts()["vm2"][0] == 51, 12), "one percent is",
                  there.hosts())
    f.checks.equal(revision(there), before + 2, "of one write each")
    f.checks.equal(len(there.events()), last, "and no event")
    f.checks.that(counter(there, "passes_total") == passes[0] and
                  counter(f, "passes_total") - passes[1] < 10,
                  "it makes nobody look at a pool", passes)
    say("no idea")
    f.checks.that(until(lambda: there.hosts() == {"vm1": (None, None),
                                                  "vm2": (None, None)}, 12),
                  "what is wrong is not known, and whose words it is not told",
                  there.hosts())
    f.checks.equal(there.end(), 0, "the other ends in good order")
    os.unlink(told_file())


changes.policy = f"pressure = cat {told_file()}"
changes.config = SHORT


def revision(daemon):
    return daemon.try_get("/v1/hosts").json["revision"]


def counter(daemon, name):
    answer = daemon.ask("GET", "/metrics")
    text = answer.text if hasattr(answer, "text") else answer.body.decode()
    return next(int(line.split()[1]) for line in text.splitlines()
                if line.startswith(f"cxl_fmd_{name} "))


def taken(f):
    """A command that is taken out of the configuration is no word any more"""
    there = There(f)
    f.checks.that(until(lambda: there.hosts()["vm2"][0] == 3), "it is told")
    with open(f.config, encoding="ascii") as file:
        text = file.read()
    with open(f.config, "w", encoding="ascii") as file:
        file.write(text.replace("pressure = echo 3", ""))
    f.daemon.send_signal(signal.SIGHUP)
    f.checks.that(until(lambda: there.hosts() == {"vm1": (None, None),
                                                  "vm2": (None, None)}, 5),
                  "it is taken back at once", there.hosts())
    f.checks.equal(there.end(), 0, "the other ends in good order")


taken.policy = "pressure = echo 3"


if __name__ == "__main__":
    main(reading, none, anew, endless, hangs, left_behind, silent, stopped,
         wrong, elsewhere, changes, taken)
