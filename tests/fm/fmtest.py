# SPDX-License-Identifier: GPL-2.0-or-later
"""Run cxl-fm against fm-device: the device's core and endpoint, no machine.

A test is a function that takes a Bench.  main() runs the functions it is given
over a unix socket, or over what the environment names, each with a device of
its own.

  CXL_FM       the program under test
  FM_DEVICE    tests/fm/fm-device
  CXL_FMD      the daemon; with FM_THROUGH=fmd it holds the device, and cxl-fm
               asks it
"""

import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "guest"))
from checks import Checks, Failed  # noqa: E402

NAME = "1122334455667788"     # the device's serial number
MIB = 1 << 20
TAG = "11111111-2222-3333-4444-555555555555"
LIMIT = 30                    # seconds for one run of cxl-fm

(OK, FAILED, USAGE, REFUSED, TIMEOUT, UNREACHABLE, REJECTED, UNKNOWN,
 PARTIAL) = range(9)


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = (done.returncode, done.stdout,
                                         done.stderr)

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class Bench:
    """A device, its host, and cxl-fm pointed at it."""

    def __init__(self, checks, line="unix"):
        self.checks = checks
        self.dir = tempfile.TemporaryDirectory(prefix="fmtest-")
        if line == "unix":
            line = f"unix:{self.dir.name}/fm.sock"
        self.device = subprocess.Popen(
            [os.environ["FM_DEVICE"], line], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        self.address = self.device.stdout.readline().split()[1]
        self.daemon = None
        if os.environ.get("FM_THROUGH") == "fmd":
            self.address = self.start_daemon(self.address)

    def start_daemon(self, monitor):
        """cxl-fmd holds the device, which has its name; gives its address."""
        path = f"{self.dir.name}/fmd"
        with open(f"{path}.conf", "w", encoding="ascii") as file:
            file.write(f"[daemon]\nstate = {self.dir.name}\nrun = "
                       f"{self.dir.name}\n[http]\nsocket = {path}\n"
                       f"[host {NAME}]\nmonitor = {monitor}\n")
        self.daemon = subprocess.Popen([os.environ["CXL_FMD"], "-c",
                                        f"{path}.conf"],
                                       stderr=subprocess.DEVNULL)
        self.address = f"fmd:{path}"
        if not until(lambda: NAME in self.run("list").out):
            raise Failed("cxl-fmd does not reach the device")
        return self.address

    @property
    def door(self):
        """The way cxl-fm takes: fm, or fmd"""
        return self.address.split(":")[0]

    def host(self, *words):
        """Tell the host how to behave; returns when it does."""
        for word in words:
            self.device.stdin.write(word + "\n")
            said = self.device.stdout.readline().strip()
        return said

    def wait_listener(self):
        """Until somebody holds the line and has asked for events"""
        if not until(lambda: self.host("listened") == "yes"):
            raise Failed("nobody listens to the device")

    def start(self, *words, **extra):
        environment = dict(os.environ, CXL_FM_ADDRESS=self.address, LC_ALL="C")
        return subprocess.Popen([os.environ["CXL_FM"], *words],
                                env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **extra)

    def run(self, *words):
        started = self.start(*words)
        try:
            out, err = started.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            started.kill()
            raise Failed(f"cxl-fm {' '.join(words)} ran for {LIMIT} s")
        return Result(subprocess.CompletedProcess(words, started.returncode,
                                                  out, err))

    def expect(self, code, *words, out="", err=""):
        """Run and check exit code and a part of what it says."""
        result = self.run(*words)
        self.checks.that(result.code == code and out in result.out and
                         err in result.err,
                         f"cxl-fm {' '.join(words)} gives {code}"
                         f"{', ' + repr(out or err) if out or err else ''}",
                         result)
        return result

    def extents(self, **keys):
        """(region, offset, length, state) of every extent"""
        found = self.run("extents", "--json").json()["devices"][0]["extents"]
        return [(e["region"], e["offset"], e["length"], e["state"])
                for e in found]

    def close(self):
        if self.daemon:
            self.daemon.terminate()
            self.checks.equal(self.daemon.wait(timeout=LIMIT), 0,
                              "the daemon ends in good order")
        self.device.stdin.close()
        code = self.device.wait(timeout=LIMIT)
        self.checks.equal(code, 0, "the device ends in good order")
        self.device.stdout.close()
        self.dir.cleanup()


def until(what, limit=10):
    """Poll until what() is true."""
    end = time.monotonic() + limit
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def run_tests(tests, start):
    """Each test gets a start(checks, test) of its own, closed after it."""
    checks = Checks()
    for test in tests:
        print(f"# {test.__name__}: {test.__doc__}")
        world = start(checks, test)
        try:
            test(world)
        except Failed as failure:
            checks.that(False, test.__name__, failure)
        finally:
            world.close()
    sys.exit(checks.end())


def main(*tests):
    run_tests(tests, lambda checks, test:
              Bench(checks, getattr(test, "line", "unix")))


def main_qemu(kind, *tests):
    """kind(checks) starts QEMU."""
    if not os.path.exists(os.environ.get("QEMU", "")):
        print("1..0 # SKIP no QEMU with our device; run scripts/build-qemu")
        sys.exit(0)
    run_tests(tests, lambda checks, test: kind(checks))
