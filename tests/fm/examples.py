# SPDX-License-Identifier: GPL-2.0-or-later
"""fm/examples: they do what they say

  FM_GIVE   fm/examples/give.c, built
"""

import os
import subprocess

from fmtest import MIB, until
from pooltest import main

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                        "..", "fm", "examples")


def run(b, *words):
    """An example, with cxl-fm in the PATH"""
    bin_dir = f"{b.device.dir.name}/bin"
    if not os.path.exists(bin_dir):
        os.mkdir(bin_dir)
        os.symlink(os.environ["CXL_FM"], f"{bin_dir}/cxl-fm")
    return subprocess.run(
        words, env=dict(os.environ, CXL_FM_ADDRESS=b.address,
                        PATH=f"{bin_dir}:{os.environ['PATH']}"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=60, check=False)


def give(b):
    """C: give a host memory"""
    done = run(b, os.environ["FM_GIVE"], b.monitor(2), "2", str(64 * MIB))
    b.checks.that(done.returncode == 0 and "host 2 has taken 67108864 of" in
                  done.stdout, "it takes it", done.stdout)
    b.checks.equal(b.owned(), [0, 64, 0], "and has it")
    done = run(b, os.environ["FM_GIVE"], b.monitor(2), "3", "4096")
    b.checks.that(done.returncode == 1 and "no device of host 3" in
                  done.stdout, "not from another's device", done.stdout)
    b.host(2, "reject")
    done = run(b, os.environ["FM_GIVE"], b.monitor(2), "2", str(64 * MIB))
    b.checks.equal(done.returncode, 1, "it declines")


def borrow(b):
    """Shell: memory for the time of a command"""
    done = run(b, f"{EXAMPLES}/borrow.sh", "1", "128M", "cxl-fm", "pool")
    b.checks.that(done.returncode == 0 and "128 MiB" in done.stdout,
                  "it has it while the command runs", done.stdout)
    b.checks.equal(b.owned(), [0, 0, 0], "and not after it")
    done = run(b, f"{EXAMPLES}/borrow.sh", "1", "128M", "false")
    b.checks.equal(done.returncode, 1, "the command's status")
    b.host(1, "reject")
    done = run(b, f"{EXAMPLES}/borrow.sh", "1", "128M", "echo", "run")
    b.checks.that(done.returncode == 6 and "declined" in done.stdout and
                  "run" not in done.stdout.splitlines(), "a refusal",
                  done.stdout)


def follow(b):
    """Python: events of machines that come and go"""
    log = f"{b.device.dir.name}/log"
    b.host(1, "silent")
    b.expect(0, "add", "64M", "-H", "1")

    def seen(*words):
        def look():
            with open(log, encoding="utf-8") as file:
                text = file.read()
            return all(word in text for word in words)
        return until(look)

    with open(log, "w", encoding="utf-8") as out:
        child = subprocess.Popen([f"{EXAMPLES}/follow.py", b.monitor(1),
                                  b.monitor(2)], stdout=out)
    try:
        b.checks.that(seen(f"{b.monitor(1)}: here", f"{b.monitor(2)}: here"),
                      "both are there")
        b.host(1, "accept")
        b.checks.that(seen("host 1 added 64 MiB"), "an event")
        b.host(2, "die")
        b.checks.that(seen(f"{b.monitor(2)}: the connection"), "one dies")
        b.host(2, "live")
        b.checks.that(until(lambda: open(log, encoding="utf-8").read().count(
            f"{b.monitor(2)}: here") == 2), "and is back")
        b.host(1, "die", "live")
        b.checks.that(until(lambda: open(log, encoding="utf-8").read().count(
            f"{b.monitor(1)}: here") == 2), "so is the other")
    finally:
        child.terminate()
        child.wait()


if __name__ == "__main__":
    main(give, borrow, follow)
