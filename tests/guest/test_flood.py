# SPDX-License-Identifier: GPL-2.0-or-later
"""Capacity that comes and goes by the thousand does not stall the tools."""

import time

from qmp import QMPError
from steps import (ADD, MIB, RELEASE, create_region, destroy_region, request,
                   wait_released)
from vm import poll

PART = [(0, 2 * MIB)]
PAIRS = 3000
SECONDS = 2


def timed(vm, command):
    """By the guest's clock: ssh may have to connect anew."""
    out = vm.guest(f"date +%s%N; {command}; rc=$?; date +%s%N; exit $rc", 300)
    lines = out.out.split()
    return out, (int(lines[-1]) - int(lines[0])) / 1e9 if lines else 300


def limit(vm, region, seconds):
    """For a command that waits for nothing: so many seconds, or ten times what
    the like of it takes now, where the machine has others to serve. Those that
    waited for udev's queue took minutes."""
    # The first makes ssh and the page cache ready.
    timed(vm, f"cxl list -r {region} -N")
    _, idle = timed(vm, f"cxl list -r {region} -N")
    return max(seconds, 10 * idle)


def test_tools(vm, check):
    region = create_region(vm)
    vm.guest_ok("udevadm settle; nohup udevadm monitor --kernel "
                "--subsystem-match=cxl > /tmp/flood 2>&1 < /dev/null & "
                "echo $! > /tmp/flood.pid")
    most = limit(vm, region, SECONDS)
    start, done = time.monotonic(), 0
    while done < PAIRS and time.monotonic() - start < 150:
        try:
            request(vm, ADD, PART)
            poll(lambda: any(e[3] == "accepted" for e in vm.extents()), 20,
                 "it is accepted", 0.001)
            request(vm, RELEASE, PART)
            poll(lambda: not vm.extents(), 20, "it is released", 0.001)
            done += 1
        except QMPError:
            continue
    out, took = timed(vm, f"cxl list -r {region} -N")
    check.equal(out.status, 0, "cxl list works right after it")
    check.that(took < most, f"and takes {took:.2f} s (of {most:.1f} s) "
               f"after {done} pairs in {time.monotonic() - start:.0f} s")
    out, took = timed(vm, f"cxl release-extent {region} --all; "
                      f"cxl disable-region {region} && "
                      f"cxl enable-region {region}")
    check.that(took < most, f"so do the others ({took:.2f} s)",
               out.text)
    vm.guest_ok("kill $(cat /tmp/flood.pid)")
    events = int(vm.guest_ok("grep -c KERNEL /tmp/flood"))
    check.that(events < done, f"{done} pairs are {events} uevents")
    wait_released(vm)
    destroy_region(vm, region)
