#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Root in a guest writes everything it can reach of CXL devices: QEMU lives.

usage: run.py [--seconds N] [--seed N]

Boots the guest with iomem=relaxed and runs storm.c in it, while capacity is
asked for and taken over QMP. The guest's kernel may end, and is started again
then; QEMU may not. Uses the QEMU under sanitizers, where one was built
(scripts/build-qemu --sanitizers). Exit status: 0 QEMU lived and had nothing to
say, 1 it did not, 77 there is no guest.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "guest"))

from qmp import QMPError                                  # noqa: E402
from vm import BUILD, GUEST, VM, GuestError, poll          # noqa: E402

OPTIONS = ["--append", "iomem=relaxed", "--dc-region", "1G:2M", "--dc-region",
           "512M:64K:sharable", "--static", "256M", "--persistent", "256M"]
FINDINGS = ("runtime error:", "AddressSanitizer", "Assertion", "assertion",
            "qemu: fatal", "LeakSanitizer")
DEVICE = "/machine/peripheral/cxl-mem0"


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1]
                                     .split("\n")[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    return parser.parse_args()


def qemu(folder):
    """The QEMU to be run, and what its sanitizers are told: not to look at what
    scripts/check-sanitizers does not look at."""
    asan = os.path.join(BUILD, "qemu-asan", "qemu-system-x86_64")
    if not os.access(asan, os.X_OK):
        return os.path.join(BUILD, "qemu", "qemu-system-x86_64"), {}
    suppress = os.path.join(folder, "ubsan.supp")
    with open(suppress, "w", encoding="ascii") as file:
        file.write("alignment:qemu-file-types.h\nbounds:lpc_ich9.c\n")
    return asan, {"ASAN_OPTIONS": "detect_leaks=0",
                  "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:"
                  f"suppressions={suppress}"}


def build(folder):
    program = os.path.join(folder, "storm")
    subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror",
                    "-Wno-unused-parameter", "-static", "-pthread", "-o",
                    program, os.path.join(HERE, "storm.c")], check=True)
    return program


def put(vm, program):
    with open(program, "rb") as file:
        subprocess.run(vm.ssh_command() + ["cat > /tmp/storm && "
                                           "chmod 755 /tmp/storm"],
                       stdin=file, check=True, timeout=120)


def ask(vm, luck, counts):
    """One request of an operator's, whatever comes of it."""
    offset, length = luck.randrange(512) << 21, luck.randrange(1, 9) << 21
    what = luck.choice(["add", "add", "release", "release", "query"])
    if luck.random() < 0.003:
        what = "reset"
    where = {"path": DEVICE, "region": 0,
             "extents": [{"offset": offset, "len": length}]}
    try:
        if what == "add":
            vm.qmp.call("cxl-add-dynamic-capacity", where)
        elif what == "release":
            vm.qmp.call("cxl-release-dynamic-capacity", {
                "forced-removal": True, "sanitize-on-release": True, **where})
        elif what == "query":
            vm.qmp.call("query-cxl-dynamic-capacity")
        else:
            vm.qmp.call("system_reset")
        counts[what] = counts.get(what, 0) + 1
    except QMPError:
        counts["refused"] = counts.get("refused", 0) + 1


def alive(vm):
    return vm.process.poll() is None


def findings(vm):
    vm.log.flush()
    vm.log.seek(0)
    return [line for line in vm.log.read().splitlines()
            if any(word in line for word in FINDINGS)]


def one_guest(vm, program, end, luck, counts):
    """Storm in one boot of the guest, as long as it answers."""
    put(vm, program)
    seconds = max(int(end - time.monotonic()), 5)
    vm.guest(f"modprobe -q cxl_dcd; timeout {seconds + 20} /tmp/storm {seconds} "
             f"{luck.randrange(1 << 30)} > /tmp/storm.log 2>&1 < /dev/null &")
    poll(lambda: "mailboxes" in vm.guest("cat /tmp/storm.log").out, 60,
         "the storm does not begin")
    print(vm.guest_ok("cat /tmp/storm.log"), flush=True)
    counts["storms"] = counts.get("storms", 0) + 1
    looked = time.monotonic()
    while time.monotonic() < end and alive(vm):
        ask(vm, luck, counts)
        time.sleep(0.02)
        if time.monotonic() - looked > 20:
            if vm.guest("pgrep -x storm", 30).status:
                return
            looked = time.monotonic()


def main():
    given = arguments()
    if not os.path.exists(os.path.join(GUEST, "root.img")):
        print("storm: no guest was built; run 'make build'")
        sys.exit(77)
    luck, counts, boots = random.Random(given.seed), {}, 0
    end = time.monotonic() + given.seconds
    problems = []
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        program, environment = qemu(folder)
        os.environ.update(environment)
        print(f"storm: {given.seconds} s, seed {given.seed}, {program}",
              flush=True)
        storm = build(folder)
        while time.monotonic() < end and not problems:
            boots += 1
            vm = VM([*OPTIONS, "--qemu", program])
            try:
                vm.start()
                one_guest(vm, storm, end, luck, counts)
                vm.qmp.call("query-status")
            except (GuestError, OSError, QMPError,
                    subprocess.SubprocessError) as err:
                print(f"storm: {str(err)[-3000:]}", flush=True)
            problems = findings(vm) if vm.process else ["no QEMU"]
            if not alive(vm):
                problems.append(f"QEMU ended: {vm.process.returncode}")
                vm.log.seek(0)
                print(vm.log.read()[-6000:])
            vm.stop()
    if not counts.get("storms"):
        problems.append("there was none")
    print(f"storm: {boots} boots, {counts}")
    for line in problems:
        print(f"storm: {line}")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
