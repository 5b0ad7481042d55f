# SPDX-License-Identifier: GPL-2.0-or-later
"""make demo-fleet-guest: the machine that dies has a booted guest"""

import os
import shutil
import subprocess
import sys

import netguest
import netns
from checks import Checks  # noqa: E402 (found by netguest)

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "demo-fleet.py")
LIMIT = 1500


def main():
    why = netguest.why_not() or netns.why_not() or (
        "" if shutil.which("etcd") else "no etcd (package etcd-server)")
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    checks = Checks()
    done = subprocess.run([sys.executable, DEMO, "--guest"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=LIMIT, check=False)
    checks.equal(done.returncode, 0, "it ends well")
    for text in ("it is on machine a", "the guest has", "is placed anew",
                 "machine a works", "job 17 keeps the new place",
                 "all of it held"):
        checks.that(text in done.stdout, f"it says \"{text}\"",
                    done.stdout[-4000:])
    checks.equal(done.stdout.count("nothing lost, no block twice, no tag "
                                   "twice"), 4, "four audits")
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
