# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm watch: events as they happen"""

import json
import signal
import subprocess

from fmtest import MIB, NAME, OK, TAG, TIMEOUT, UNREACHABLE, USAGE, main


def past(b):
    """What the device remembers comes first"""
    b.expect(OK, "add", "-e", "0+2M", "-e", "4M+2M", "--wait")
    b.expect(OK, "release", "--all", "--wait")
    lines = b.expect(OK, "watch", "-c", "2", "-T", "10", "--json").out
    events = [json.loads(line) for line in lines.splitlines()]
    b.checks.equal([(e["event"], e["host"], e["region"],
                     sum(x["length"] for x in e["extents"])) for e in events],
                   [("added", 0, 0, 4 * MIB), ("released", 0, 0, 4 * MIB)],
                   "an added and a released event")
    b.checks.equal(sorted(events[0]), ["address", "device", "event", "extents",
                                       "host", "region", "tag",
                                       "timestamp-ns"], "shape")
    b.expect(TIMEOUT, "watch", "-c", "1", "-T", "0.5",
             err="1 more events were to come")
    b.expect(OK, "watch", "-T", "0.3")


def chain(b):
    """A group of more records than one answer holds is one event"""
    pieces = [w for i in range(24) for w in ("-e", f"{4 * i}M+2M")]
    b.expect(OK, "add", *pieces, "--wait")
    event = json.loads(b.expect(OK, "watch", "-c", "1", "-T", "10",
                                "--json").out)
    b.checks.equal([e["offset"] for e in event["extents"]],
                   [4 * MIB * i for i in range(24)], "24 extents")


def live(b):
    """An event that comes while we watch: by notification"""
    b.host("silent")
    b.expect(OK, "add", "4M", "-r", "1", "-t", TAG)
    started = b.start("watch")
    try:
        b.wait_listener()
        b.host("accept")
        line = started.stdout.readline()
        b.checks.that(f"{NAME}: host 0 accepted 4 MiB of region 1 [0x0, "
                      f"+0x400000] tag {TAG}" in line, "a line at once", line)
        started.send_signal(signal.SIGINT)
        b.checks.equal(started.wait(timeout=10), OK, "SIGINT ends it well")
    finally:
        started.kill()
        started.communicate()


def broken(b):
    """The device goes away"""
    started = b.start("watch", stdin=subprocess.DEVNULL)
    b.wait_listener()
    b.expect(UNREACHABLE, "list", "--answer-timeout", "0.4",
             err="another fabric manager may hold the line")
    b.host("expel")
    out, err = started.communicate(timeout=10)
    b.checks.that(started.returncode == UNREACHABLE and "broke" in err,
                  "a broken connection ends it", out + err)


def usage(b):
    """Limits"""
    b.expect(USAGE, "watch", "-c", "-1", err="at least 1")
    b.expect(USAGE, "watch", "-T", "0", err="more than 0")


if __name__ == "__main__":
    main(past, chain, live, broken, usage)
