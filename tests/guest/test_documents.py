# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents, typed as they stand into a machine that runs.

One document is one session (tests/docs/blocks.py).  Nothing of it is changed
but where the machine's sockets are.
"""

import json
import os
import re
import subprocess
import sys

from vm import BUILD, TOP, GuestError, poll

sys.path.insert(0, os.path.join(TOP, "tests", "docs"))
from blocks import blocks_of, documents, machine_of  # noqa: E402

BOOT = "plain"
#> make run
# What only looks may be looked at again: the guest works while we type.
LOOKS = re.compile(r"(\./)?(cxl list|daxctl list|cat |numactl -H)|cxl-fm (list"
                   r"|extents)")


class Session:
    """A person with a terminal on the host and one in the guest."""

    def __init__(self, vm):
        self.vm, self.socat, self.said = vm, None, ""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.socat:
            self.socat.stdin.close()
            self.socat.terminate()
            self.socat.wait()
            self.socat.stdout.close()

    def guest(self, text):
        done = self.vm.guest(f"cd /root && {text}", 180)
        if done.status:
            raise GuestError(f"guest> {text}: status {done.status}: "
                             + done.text)
        return done.text

    def host(self, text):
        text = text.replace("/tmp/qmp-sock", self.vm.qmp_path)
        if text.startswith("socat "):
            return self.converse(text)
        if text == "make run":
            return ""                   # it runs: that is this machine
        if text.startswith("ssh "):
            text = re.sub(r" guest$", f" -p {self.vm.port} guest true", text)
        path = os.pathsep.join([os.path.join(BUILD, "bin"),
                                os.path.join(BUILD, "meson", "fm"),
                                os.environ["PATH"]])
        done = subprocess.run(
            text, shell=True, cwd=TOP, stdin=subprocess.DEVNULL, timeout=180,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, env=dict(os.environ, PATH=path,
                                  CXL_FM_ADDRESS=f"qmp:{self.vm.qmp_path}"))
        if done.returncode:
            raise GuestError(f"host> {text}: status {done.returncode}: "
                             + done.stdout)
        return done.stdout

    def converse(self, text):
        self.socat = subprocess.Popen(
            ["timeout", "900"] + text.split(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        return self.socat.stdout.readline()

    def qmp(self, text):
        """Type it; gives everything that came until it was answered."""
        if not self.socat:
            self.converse(f"socat UNIX-CONNECT:{self.vm.qmp_path} STDIO")
            self.qmp('{ "execute": "qmp_capabilities" }')
        self.socat.stdin.write(text)
        self.socat.stdin.flush()
        said = ""
        while True:
            line = self.socat.stdout.readline()
            said += line
            answer = json.loads(line)
            if "error" in answer:
                raise GuestError(f"{text}: {line}")
            if "return" in answer:
                return said

    def hear(self):
        """Events so far: they come before the answer to a question."""
        return "".join(
            line for line in self.qmp('{ "execute": "query-status" }\n')
            .splitlines(True) if '"event"' in line)

    def block(self, block):
        """Type a block; gives what is not as the reader was told."""
        steps = [(kind, re.sub(r"\s+# .*$", "", text) if kind != "qmp"
                  else text) for kind, text in block.steps()]
        said = [getattr(self, kind)(text) for kind, text in steps]

        def missing():
            for i, (kind, text) in enumerate(steps):
                if LOOKS.match(text) or "query-" in text:
                    said[i] = getattr(self, kind)(text)
            if self.socat:
                self.said += self.hear()
            text = "".join(said) + self.said
            return [e for e in block.expect if e not in text]

        self.said = ""
        rest = [e for e in block.expect if e not in "".join(said)]
        if rest:
            try:
                poll(lambda: not missing(), 30, "as the reader is told", 0.5)
            except GuestError:
                return f"{missing()} not in: " + "".join(said) + self.said
        return ""


def session_test(path, blocks):
    def run(vm, check):
        with Session(vm) as session:
            for block in blocks:
                first = block.lines[0].strip()
                why = session.block(block)
                check.that(not why, f"line {block.number}: {first[:60]}", why)
    return run


for _path in documents():
    _typed = [b for b in blocks_of(_path) if b.how in ("session", "host")]
    if _typed and machine_of(_path) == BOOT:
        _name = re.sub(r"\W", "_", os.path.splitext(_path)[0]).lower()
        globals()[f"test_{_name}"] = session_test(_path, _typed)
