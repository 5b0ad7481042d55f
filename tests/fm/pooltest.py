# SPDX-License-Identifier: GPL-2.0-or-later
"""Pools of several hosts for tests, without a machine: tests/fm/pool-device.

  POOL_DEVICE  the program
"""

import os
import subprocess
import tempfile

from fmtest import LIMIT, Bench, run_tests


class Device:
    """One pool: a monitor and a host for each number"""

    def __init__(self, hosts, mib=0, journal=""):
        """@mib: its size; 0: two regions, 1280 MiB together. The path of
        @journal counts from its own folder."""
        self.dir = tempfile.TemporaryDirectory(prefix="fmpool-")
        self.hosts, self.mib = hosts, mib
        self.journal = journal and os.path.join(self.dir.name, journal)
        self.file = f"{self.dir.name}/pool"
        self.start()

    def start(self):
        self.child = subprocess.Popen(
            [os.environ["POOL_DEVICE"],
             *([f"--size={self.mib}"] if self.mib else []), self.dir.name,
             *map(str, self.hosts)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, env=dict(os.environ, **(
                {"POOL_JOURNAL": self.journal} if self.journal else {})))
        self.child.stdout.readline()

    def kill(self):
        """All its processes are dead at once; its file stays as it is."""
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()

    def monitor(self, host):
        return f"qmp:{self.dir.name}/qmp{host}"

    def addresses(self):
        return " ".join(map(self.monitor, self.hosts))

    def host(self, host, *words):
        """Tell a host how to behave; returns when it does."""
        for word in words:
            self.child.stdin.write(f"{host} {word}\n")
            self.child.stdout.readline()

    def close(self):
        self.child.stdin.close()
        code = self.child.wait(timeout=LIMIT)
        self.child.stdout.close()
        self.dir.cleanup()
        return code


class Hosts(Bench):
    """cxl-fm pointed at hosts 1, 2 and 3 of one pool"""

    def __init__(self, checks):
        self.checks = checks
        self.device = Device((1, 2, 3), journal="journal")
        self.address = self.device.addresses()

    def host(self, host, *words):
        self.device.host(host, *words)

    def monitor(self, host):
        return self.device.monitor(host)

    def give(self, host, size, *words):
        """Have a host get and accept @size"""
        self.expect(0, "add", size, "-a", self.monitor(host), "-H", str(host),
                    "--wait", *words)

    def pool(self, address=None):
        words = ("-a", address) if address else ()
        return self.run("pool", "--json", *words).json()

    def owned(self, address=None):
        """MiB that each host has alone"""
        return [h["owned"] >> 20 for h in self.pool(address)["hosts"]]

    def policy(self, text):
        path = f"{self.device.dir.name}/policy"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def close(self):
        self.checks.equal(self.device.close(), 0, "the pool ends in good "
                          "order")


def main(*tests):
    run_tests(tests, lambda checks, test: Hosts(checks))
