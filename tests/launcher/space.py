# SPDX-License-Identifier: GPL-2.0-or-later
"""A network, a /tmp and processes of one's own.

Then port 2222 and /tmp/qmp-sock are free whatever else this computer does, no
process outlives the test, and a process number is not used by others.
"""

import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
INSIDE = "CXL_DCD_OWN_SPACE"


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(77)


def enter():
    """Run this program again in there, unless it is there."""
    if INSIDE in os.environ:
        return
    if not os.path.exists(os.path.join(TOP, "build/guest/root.img")):
        skip("nothing is built")
    if TOP.startswith("/tmp/"):
        skip("a clone below /tmp cannot have a /tmp of its own")
    space = ["--mount", "--net", "--pid", "--fork", "--mount-proc",
             "--kill-child"]
    if os.geteuid():
        space = ["--user", "--map-root-user", *space]
    if subprocess.run(["unshare", *space, "true"], stderr=subprocess.DEVNULL,
                      check=False).returncode:
        skip("this computer lets nobody have a network of one's own")
    prepare = ("for folder in /tmp /dev/shm; do "
               "mount -t tmpfs -o mode=1777 none $folder || exit; done; "
               'ip link set lo up && exec "$@"')
    sys.exit(subprocess.run(
        ["unshare", *space, "sh", "-c", prepare, "sh", sys.executable,
         *sys.argv], env=dict(os.environ, **{INSIDE: "1"}),
        check=False).returncode)
