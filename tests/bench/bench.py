#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure the device against guest DRAM, unmodified QEMU and virtio-mem.

usage: bench.py [SECTION...]     sections: memory, latency, application, scale,
                                 start, interleave, stall, power-on, pool, fm,
                                 fleet

Every figure that is judged is a ratio of two measurements of one run: the
machines this runs on are noisy.  Ends with a table and with
build/bench/results.json: of each section where it was measured, and of each figure
name, value, unit, baseline, ratio, target, pass.  document.py takes it into the
documents.
"""

import argparse
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "guest"))

from fleet import fleet                                     # noqa: E402
from fm import fm                                           # noqa: E402
from latency import latency                                 # noqa: E402
from pool import pool                                       # noqa: E402
from power_on import power_on                               # noqa: E402
from report import Report                                   # noqa: E402
from scale import scale, start                              # noqa: E402
from sets import sets                                       # noqa: E402
from stall import stall                                     # noqa: E402
from steps import (GIB, MIB, ADD, add, create_dax, create_region,
                   destroy_dax, destroy_region, release)    # noqa: E402
from vm import BUILD, VM, GuestError, poll                  # noqa: E402

UNMODIFIED = os.path.join(BUILD, "qemu-unmodified", "qemu-system-x86_64")
MEMBENCH = os.path.join(BUILD, "meson", "tests", "bench", "membench")
BIG, SMALL = 256, 4             # MiB touched: native, and where it traps


def push(vm, path, target="/usr/local/bin/"):
    command = ["scp", "-q", "-F",
               os.path.join(BUILD, "guest", "ssh", "config"),
               "-P", str(vm.port), "-r", path, f"guest:{target}"]
    subprocess.run(command, check=True, timeout=120)


def push_membench(vm):
    push(vm, MEMBENCH)


def membench(vm, mib, where, rounds=4, steps=1000000, threads=2):
    """Figures of one piece of memory, {name: value}."""
    prefix, file = ("", f"--file {where}") if where.startswith("/") else \
        (f"numactl --membind={where} ", "")
    out = vm.guest_ok(f"{prefix}membench {file} --size {mib} --threads "
                      f"{threads} --rounds {rounds} --steps {steps}", 1200)
    return {n: float(v) for n, v in re.findall(r"^(\S+) ([\d.]+) ", out, re.M)}


def better(first, second):
    """Best of two runs, figure by figure."""
    return {n: min(first[n], second[n]) if n == "latency" else
            max(first[n], second[n]) for n in first}


def dd(vm, node):
    """MB/s of dd with its buffers on a node."""
    out = vm.guest(f"numactl --membind={node} dd if=/dev/zero of=/dev/null "
                   "bs=16M count=8 2>&1", 300).out
    amount, seconds = re.search(r"(\d+) bytes.* ([\d.e-]+) s,", out).groups()
    return int(amount) / float(seconds) / 1e6


def unmodified_memory():
    """Figures of unmodified QEMU's dynamic capacity, in the same guest."""
    with VM(["--qemu", UNMODIFIED, "--dc-size", "2G"]) as vm:
        push(vm, MEMBENCH)
        region = create_region(vm)
        vm.qmp.call(ADD, {"path": "/machine/peripheral/cxl-mem0",
                          "host-id": 0, "selection-policy": "prescriptive",
                          "region": 0,
                          "extents": [{"offset": 0, "len": 256 * MIB}]})
        poll(lambda: int(vm.guest_ok(
            f"cat /sys/bus/cxl/devices/dax_{region}/dax_region/available_size")
        ) == 256 * MIB, 60, "unmodified QEMU: capacity usable")
        dax = create_dax(vm, region)
        return membench(vm, SMALL, f"/dev/{dax}", rounds=1, steps=20000,
                        threads=1)


def memory(report):
    print("memory: an accepted extent, guest DRAM, unmodified QEMU")
    old = unmodified_memory()
    with VM(["--memory", "2G"]) as vm:
        push(vm, MEMBENCH)
        region = create_region(vm)
        add(vm, region, [(0, GIB)])
        dax = create_dax(vm, region)
        direct = membench(vm, BIG, f"/dev/{dax}")
        vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}", 120)
        node = vm.guest_ok(f"cat /sys/bus/dax/devices/{dax}/target_node")
        # In turn, so that a noisy minute hits both
        dram, ours = membench(vm, BIG, "0"), membench(vm, BIG, node)
        dram = better(dram, membench(vm, BIG, "0"))
        ours = better(ours, membench(vm, BIG, node))
        for name in sorted(dram):
            if name == "latency":
                report.add("random latency, DC / DRAM", ours[name], "ns",
                           dram[name], 1 / 0.95, at_least=False)
            else:
                report.add(f"{name} bandwidth, DC / DRAM", ours[name], "MB/s",
                           dram[name], 0.95)
        report.add("dd bound to the node, DC / DRAM",
                   max(dd(vm, node), dd(vm, node)), "MB/s",
                   max(dd(vm, "0"), dd(vm, "0")), 0.95)
        report.add("write, DC / unmodified QEMU", direct["write-1t"], "MB/s",
                   old["write-1t"], 80)
        report.add("read, DC / unmodified QEMU", direct["read-1t"], "MB/s",
                   old["read-1t"], 45)
        report.add("random latency, unmodified QEMU / DC", old["latency"],
                   "ns", direct["latency"])
        vm.guest_ok(f"daxctl reconfigure-device -m devdax -f {dax}", 120)
        destroy_dax(vm, dax)
        release(vm, [(0, GIB)])
        destroy_region(vm, region)


def redis_files():
    """A folder with redis-server, redis-benchmark and their libraries."""
    folder = os.path.join(BUILD, "bench", "redis")
    subprocess.run([os.path.join(HERE, "fetch-redis"), folder], check=True)
    return folder


def redis_rate(vm, node):
    """SET and GET requests a second of a server bound to a node."""
    run = "/root/redis/run"
    vm.guest_ok(f"numactl --membind={node} {run} redis-server --port 7000 "
                "--save '' --daemonize yes --bind 127.0.0.1")
    try:
        poll(lambda: "PONG" in vm.guest(
            f"{run} redis-cli -p 7000 ping").out, 60, "redis answers")
        out = vm.guest_ok(f"{run} redis-benchmark -p 7000 -n 20000 -c 8 -P 16 "
                          "-d 512 -r 100000 -t set,get --csv", 600)
    finally:
        vm.guest(f"{run} redis-cli -p 7000 shutdown nosave")
    return {m[0].lower(): float(m[1]) for m in
            re.findall(r'^"(SET|GET)[^"]*","([\d.]+)"', out, re.M)}


def application(report):
    print("application: redis on the DC node and on DRAM")
    folder = redis_files()
    with VM(["--memory", "3G"]) as vm:
        push(vm, folder, "/root/")
        region = create_region(vm)
        add(vm, region, [(0, GIB)])
        dax = create_dax(vm, region)
        vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}", 120)
        node = vm.guest_ok(f"cat /sys/bus/dax/devices/{dax}/target_node")
        rates = {"0": {}, node: {}}
        for where in ("0", node, "0", node):
            for kind, rate in redis_rate(vm, where).items():
                rates[where][kind] = max(rate, rates[where].get(kind, 0))
        for kind in ("set", "get"):
            report.add(f"redis {kind}, DC / DRAM", rates[node][kind], "req/s",
                       rates["0"][kind], 0.95)


SECTIONS = {"memory": memory, "latency": lambda r: latency(r, push),
            "application": application, "scale": scale,
            "start": lambda r: start(r, UNMODIFIED),
            "interleave": lambda r: sets(r, membench, better, push_membench),
            "stall": lambda r: stall(r, push), "power-on": power_on,
            "pool": pool, "fm": fm, "fleet": fleet}


def main():
    parser = argparse.ArgumentParser(description="See the head of this file.")
    parser.add_argument("section", nargs="*", choices=[[], *SECTIONS])
    chosen = parser.parse_args().section or list(SECTIONS)
    report = Report(os.path.join(BUILD, "bench"))
    start = time.monotonic()
    for name in chosen:
        report.section(name)
        try:
            SECTIONS[name](report)
        except (GuestError, OSError, RuntimeError,
                subprocess.SubprocessError) as err:
            report.add(f"section {name} runs to its end", 0, "", None, 1)
            print(f"  {err}")
    path = report.write()
    print(f"\nwritten: {os.path.relpath(path)} "
          f"({time.monotonic() - start:.0f} s)")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
