# SPDX-License-Identifier: GPL-2.0-or-later
"""Many extents, much capacity: the core, the device, and the start of QEMU."""

import os
import re
import subprocess
import tempfile
import time

from qmp import QMP
from vm import BUILD, poll

CORE = os.path.join(BUILD, "meson", "tests", "bench", "core-scale")
DEVICE = os.path.join(BUILD, "qemu", "tests", "qtest", "cxl-dcd",
                      "cxl-dcd-bench")
CURVES = {"add-accept-release": "add, accept, release",
          "contiguous-add-reject": "add in one piece, declined",
          "list-entry": "an entry of the list"}
OURS = os.path.join(BUILD, "bin", "qemu-system-x86_64")


def figures(text):
    """{name: {extents: value}} of lines "name extents value"."""
    found = {}
    for name, extents, value in re.findall(r"^([a-z-]+) (\d+) ([\d.]+)$",
                                           text, re.M):
        found.setdefault(name, {})[int(extents)] = float(value)
    return found


def output(command, limit, **env):
    return subprocess.run(command, check=True, text=True, timeout=limit,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={**os.environ, **env}).stdout


def scale(report):
    print("scale: 16 TiB and a million extents")
    core = figures(output([CORE], 600))
    cost = core["add-accept-release"]
    report.add("core: a round at 1,000,000 extents / at 1,000", cost[1000000],
               "us", cost[1000], 2, at_least=False)
    cost = core["list-entry"]
    report.add("core: a list entry at 1,000,000 extents", cost[1000000], "us")
    report.add("core: memory of one extent",
               core["bytes-per-extent"][1000000], "bytes", None, 128,
               at_least=False)
    for name, values in core.items():
        if name in CURVES:
            report.series(CURVES[name], "live extents", "us", values)
    device = figures(output([DEVICE], 1200, QTEST_QEMU_BINARY=OURS))
    report.add("device: 1,000 extents in one request, to mapped",
               device["request-add-map-ms"][1000], "ms", None, 25,
               at_least=False)
    report.add("device: 1,000 extents in one release",
               device["request-release-ms"][1000], "ms")
    rate = device["rounds-per-second"]
    report.add("device: rounds a second, 1,000,000 extents / 1,000",
               rate[1000000], "1/s", rate[1000], 0.5)
    report.series("device rounds", "live extents", "rounds/s", rate)


def start_cost(qemu, size, properties):
    """Seconds until QMP answers, and KiB that are resident then."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "qmp")
        begin = time.monotonic()
        child = subprocess.Popen(
            [qemu, "-accel", "qtest", "-cpu", "max,phys-bits=52", "-display",
             "none", "-nodefaults", "-L", "/usr/share/qemu",
             "-L", "/usr/share/seabios", "-machine",
             "q35,cxl=on,cxl-fmw.0.targets.0=cxl.0,cxl-fmw.0.size=32T",
             "-device", "pxb-cxl,id=cxl.0,bus=pcie.0,bus_nr=52", "-object",
             f"memory-backend-ram,id=m,size={size},reserve=off", "-device",
             "cxl-rp,id=rp0,bus=cxl.0,chassis=0,slot=0", "-device",
             f"cxl-type3,bus=rp0,id=d,{properties}",
             "-qmp", f"unix:{path},server=on,wait=off"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            poll(lambda: os.path.exists(path), 60, "QMP socket", 0.002)
            QMP(path).close()
            seconds = time.monotonic() - begin
            with open(f"/proc/{child.pid}/status") as file:
                kib = int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
        finally:
            child.terminate()
            child.wait(60)
    return seconds, kib


def start(report, unmodified):
    print("start: time and memory against capacity")
    short = "volatile-dc-memdev=m,num-dc-regions=1"
    sizes = {"1G": 1 / 1024, "64G": 1 / 16, "1T": 1, "4T": 4, "16T": 16}
    ours = {s: start_cost(OURS, s, short) for s in sizes}
    theirs = {s: start_cost(unmodified, s, short) for s in sizes}
    report.add("start with 1 TiB, resident", ours["1T"][1] / 1024, "MiB",
               None, 64, at_least=False)
    report.add("start with 16 TiB, resident, ours / unmodified",
               ours["16T"][1] / 1024, "MiB", theirs["16T"][1] / 1024)
    report.add("start with 1 TiB, ours / unmodified", ours["1T"][0], "s",
               theirs["1T"][0])
    for name, runs in (("ours", ours), ("unmodified", theirs)):
        report.series(f"resident memory, {name}", "TiB", "MiB",
                      {sizes[s]: runs[s][1] / 1024 for s in sizes})
