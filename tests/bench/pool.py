# SPDX-License-Identifier: GPL-2.0-or-later
"""One pool of many hosts: cost against size, claims of many processes."""

import os
import re
import subprocess
import tempfile

from vm import BUILD

PROGRAM = os.path.join(BUILD, "meson", "tests", "bench", "pool-scale")
APART = "4"                     # host numbers of processes that contend
REPEATS = 3                     # in turn; the best of each counts
TIMES = {2: 1.6, 4: 2.5}        # as many claims as one process
ROUND = "a round of one host: add, accept, release"


def run(*arguments):
    """{name: {size: value}} of what the program prints."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        text = subprocess.run([PROGRAM, folder, *arguments], check=True,
                              text=True, timeout=900,
                              stdout=subprocess.PIPE).stdout
    found = {}
    for name, size, value in re.findall(r"^([a-z-]+) ([\d.]+) ([\d.]+)$", text,
                                        re.M):
        found.setdefault(name, {})[float(size)] = float(value)
    return found


def pool(report):
    print("pool: 10,000 hosts on 100 TiB, and processes that contend")
    cost = run()
    # The logarithm of the number of blocks grows by 1.6
    report.add(f"pool: {ROUND}, 100 TiB / 1/8 TiB", cost["pool-round"][100],
               "us", cost["pool-round"][0.125], 8, at_least=False)
    report.add("pool: finding the longest run, 100 TiB / 1/8 TiB",
               cost["pool-find"][100], "us", cost["pool-find"][0.125], 4,
               at_least=False)
    report.add("pool: a share and its end, 100 TiB / 1/8 TiB",
               cost["pool-share"][100], "us", cost["pool-share"][0.125], 4,
               at_least=False)
    report.add("pool: opening 100 TiB, every block checked",
               cost["pool-check-ms"][100], "ms")
    report.add("pool: heap of one host of 100 TiB",
               cost["pool-heap-per-host-bytes"][100], "bytes")
    for name, words in (("pool-round", "a round of one host"),
                        ("pool-find", "finding the longest run"),
                        ("pool-share", "a share and its end")):
        report.series(words, "TiB of the pool", "us", cost[name])
    report.series("heap of one host", "TiB of the pool", "bytes",
                  cost["pool-heap-per-host-bytes"])
    contend(report)


def contend(report):
    """What is said of a host in the file is 88 bytes, and processors fetch 128
    at a time: neighbours wait for each other, so they are a figure apart"""
    rates = dict.fromkeys((1, 2, 4, 8), 0)
    neighbours = 0
    for _ in range(REPEATS):
        for processes in rates:
            rates[processes] = max(
                rates[processes],
                run(str(processes), APART)["claims-per-second"][processes])
        neighbours = max(neighbours, run("2")["claims-per-second"][2])
    report.add("pool: claims a second, 2 processes of hosts 0 and 1 / 1",
               neighbours, "1/s", rates[1])
    for processes in (2, 4, 8):
        # With a processor for each
        target = TIMES.get(processes) if os.cpu_count() >= processes else None
        report.add(f"pool: claims a second, {processes} processes / 1",
                   rates[processes], "1/s", rates[1], target)
    report.series("claims and releases", "processes", "claims/s", rates)
