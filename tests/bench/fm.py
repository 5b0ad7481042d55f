# SPDX-License-Identifier: GPL-2.0-or-later
"""The fabric manager's endpoint: round trips, a cycle, a list of a million."""

import json
import os
import subprocess
import tempfile

from scale import OURS, figures, output
from vm import BUILD, poll

CLIENT = os.path.join(BUILD, "meson", "tests", "fm", "bench-fm")
DEVICE = os.path.join(BUILD, "qemu", "tests", "qtest", "cxl-dcd",
                      "cxl-dcd-bench-fm")
SECONDS, RUNS = 3, 3


def rate(address):
    """Round trips a second of the better of a few runs"""
    return max(json.loads(output([CLIENT, address, str(SECONDS)], 60))
               ["per-second"] for _ in range(RUNS))


def round_trips():
    """Get DCD Info over the FM endpoint, the query over QMP"""
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen(
            [OURS, "-accel", "qtest", "-display", "none", "-nodefaults", "-L",
             "/usr/share/qemu", "-L", "/usr/share/seabios", "-machine",
             "q35,cxl=on,cxl-fmw.0.targets.0=cxl.0,cxl-fmw.0.size=4G",
             "-device", "pxb-cxl,id=cxl.0,bus=pcie.0,bus_nr=52", "-object",
             "memory-backend-ram,id=m,size=1G,reserve=off", "-device",
             "cxl-rp,id=rp0,bus=cxl.0,chassis=0,slot=0", "-chardev",
             f"socket,id=fm0,path={folder}/fm,server=on,wait=off", "-device",
             "cxl-type3,bus=rp0,id=d,volatile-dc-memdev=m,num-dc-regions=1,"
             "fmapi=fm0", "-qmp", f"unix:{folder}/qmp,server=on,wait=off"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            poll(lambda: os.path.exists(f"{folder}/qmp"), 60, "QMP socket")
            return rate(f"fm:{folder}/fm"), rate(f"qmp:{folder}/qmp")
        finally:
            child.terminate()
            child.wait(60)


def fm(report):
    print("fm: the fabric manager's endpoint")
    endpoint, qmp = round_trips()
    report.add("fm: Get DCD Info round trips a second", endpoint, "1/s", None,
               20000)
    report.add("fm: round trips a second, endpoint / QMP", endpoint, "1/s",
               qmp)
    device = figures(output([DEVICE], 1200, QTEST_QEMU_BINARY=OURS))
    report.add("fm: add, accept, release, endpoint / QMP",
               device["cycle-fm-us"][1], "us", device["cycle-qmp-us"][1], 1.2,
               at_least=False)
    report.add("fm: a million extents read, the device is busy at once for",
               device["list-blocks-us"][1000000] / 1000, "ms", None, 1,
               at_least=False)
    report.add("fm: a million extents read", device["list-ms"][1000000], "ms")
