# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/redfish.md: its commands, as they are written

They name files of a system; a shell of our own is given others in their place.
"""

import os
import shutil
import subprocess
import sys

from fleettest import TOKENS
from fmtest import run_tests
from redfishtest import Red

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "docs"))
from blocks import blocks_of  # noqa: E402

LIMIT = 120
OURS = "tests/fm/fmd-redfish-doc.py"
TAKES = ("elsewhere",)


def document(f):
    """Every block, in one shell, from the first to the last"""
    steps = [b for b in blocks_of("docs/redfish.md") if b.test == OURS]
    f.checks.equal({b.how for b in steps}, {"elsewhere"}, "what there is")
    with open(f"{f.dir.name}/token", "w", encoding="ascii") as file:
        file.write(TOKENS["user"] + "\n")
    script = "set -e\n"
    for block in steps:
        script += "\n".join(block.lines) + f"\necho; echo '== {block.where}'\n"
    script = script.replace("localhost:8443", f"localhost:{f.port}").replace(
        "/etc/cxl-fmd/", f"{f.dir.name}/")
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    # From its input line by line, as a person types: aliases count at once.
    done = subprocess.run(["bash"], input=script, text=True,
                          capture_output=True, timeout=LIMIT, cwd=f.dir.name,
                          env=dict(environment, HOME=f.dir.name, LC_ALL="C"),
                          check=False)
    f.checks.that(done.returncode == 0, "typed as written",
                  done.stdout[-3000:] + done.stderr[-3000:])
    rest = done.stdout
    for block in steps:
        said, _, rest = rest.partition(f"== {block.where}\n")
        for text in block.expect:
            f.checks.that(text in said, f"{block.where}: it prints {text}",
                          said)


document.tcp = True


if __name__ == "__main__":
    if not shutil.which("redfishtool"):
        print("1..0 # SKIP no client (package redfishtool)")
    else:
        run_tests([document], Red)
