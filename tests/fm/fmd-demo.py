# SPDX-License-Identifier: GPL-2.0-or-later
"""make demo-fleet: two beside each other, one that is ended, one refused"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import netns
from fmtest import until
from checks import Checks

HERE = os.path.dirname(os.path.abspath(__file__))
DEMO = os.path.join(HERE, "demo-fleet.py")
# As people start it, with the tree that this test is of
#> make demo-fleet
MAKE = ["make", "--no-print-directory", "-C", os.path.join(HERE, "..", ".."),
        "demo-fleet", "FLEET=" + os.path.normpath(os.path.join(
            os.path.dirname(os.environ["CXL_FM"]), ".."))]
LIMIT = 200
PLACES = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("net", "pid")}


def start(*before, command=(sys.executable, DEMO), **environment):
    # As from a terminal: what runs in the background may ignore SIGINT.
    return subprocess.Popen([*before, *command], text=True,
                            preexec_fn=lambda: signal.signal(
                                signal.SIGINT, signal.SIG_DFL),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=dict(os.environ, **environment))


def strangers():
    """{pid: command} of processes in other namespaces than ours"""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            place = os.readlink(f"/proc/{pid}/ns/pid")
            with open(f"/proc/{pid}/cmdline", encoding="utf-8",
                      errors="replace") as file:
                command = file.read().replace("\0", " ")
        except OSError:
            continue
        if place != PLACES["pid"] and command:
            found[pid] = command
    return found


def page(checks):
    """The page that it names is there for browsers of this machine"""
    demo = start()
    address = None
    for line in demo.stdout:
        found = re.match(r"page: (http://localhost:\d+/) ", line)
        if found:
            address = found[1]
            break
    checks.that(address, "it names a page")
    with urllib.request.urlopen(address, timeout=30) as answer:
        checks.that(b"<html" in answer.read(), "which is there")
    with urllib.request.urlopen(f"{address}v1/pools", timeout=30) as answer:
        checks.equal(len(json.load(answer)["pools"]), 3,
                     "and tells of three pools")
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=LIMIT)
    try:
        urllib.request.urlopen(address, timeout=30)
        checks.that(False, "it has gone with the fleet")
    except OSError:
        checks.that(True, "it has gone with the fleet")


def both(checks):
    """Two at once: each carries out all of it, and nothing is left"""
    before = sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") \
        else None
    demos = [start(command=MAKE), start()]
    for number, demo in enumerate(demos):
        out, err = demo.communicate(timeout=LIMIT)
        checks.that(demo.returncode == 0, f"demo {number} ends well",
                    out + err)
        for text in ("is placed anew", "acknowledges nothing", "all of it held",
                     "job 17 keeps the new place", "and no capacity is with a "
                     "host"):
            checks.that(text in out, f"it says \"{text}\"", out[-2000:])
        checks.equal(out.count("nothing lost, no block twice, no tag twice"), 4,
                     "four audits")
        checks.equal(err, "", "and no complaint")
        status = out[out.index("cxl-fm status"):out.index("---", 100)]
        checks.that("health: ok" in status and "of machine b: 256 MiB" in status
                    and "of machine c: 256 MiB" in status and
                    "problems" not in status, "one machine knows of all",
                    status)
    after = sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") \
        else None
    checks.equal(after, before, "no namespace is left")


def ended(checks):
    """Ended by a signal in the middle: no process is left"""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        there = set(strangers())
        demo = start()
        for line in demo.stdout:
            if "job 17 wants" in line:
                break
        ours = set(strangers()) - there
        checks.that(len(ours) >= 9, "etcd, pools and daemons run", ours)
        begun = time.monotonic()
        demo.send_signal(number)
        checks.that(demo.wait(timeout=60) != 0, f"{number.name} ends it")
        checks.that(until(lambda: not ours & set(strangers()), 20),
                    "and all of them", {p: c for p, c in strangers().items()
                                        if p in ours})
        demo.stdout.close()
        demo.stderr.close()
        print(f"# {time.monotonic() - begun:.1f} s")


def refused(checks):
    """Where it cannot be, it says so, and what to do"""
    def says(code, text, demo):
        out, err = demo.communicate(timeout=LIMIT)
        checks.that((demo.returncode, text in err) == (code, True),
                    f"it ends with {code}: {text}", (demo.returncode, out, err))
    says(2, "no ip (package iproute2)", start(PATH="/nonexistent"))
    says(2, "not built: /nonexistent", start(CXL_FMD="/nonexistent"))
    says(2, "network namespaces cannot be made here", start(
        "unshare", "--user", "--map-root-user", "sh", "-c",
        "echo 0 > /proc/sys/user/max_net_namespaces && exec \"$@\"", "sh"))


if __name__ == "__main__":
    why = netns.why_not() or ("" if shutil.which("etcd") else
                              "no etcd (package etcd-server)")
    if why:
        print(f"1..0 # SKIP {why}")
        sys.exit(0)
    all_checks = Checks()
    for test in (page, both, ended, refused):
        print(f"# {test.__name__}: {test.__doc__}")
        test(all_checks)
    sys.exit(all_checks.end())
