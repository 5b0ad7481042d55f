# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of the fleet whose host is a booted guest, by dcd-vm.

  CXL_DCD_BUILD  where QEMU and the guest's image are; build by default
"""

import os
import shutil
import sys
import tempfile
import threading

from fmdtest import Pool
from netfleet import MIB, Machine

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "guest"))
from steps import create_region                          # noqa: E402
from vm import BUILD, GUEST, VM, GuestError, poll        # noqa: E402

QEMU = os.path.join(BUILD, "bin", "qemu-system-x86_64")
# A claim's capacity is memory by itself, and is let go when it is asked for.
SETUP = """cat > /etc/daxctl.conf.d/dynamic-capacity.conf << END
[dynamic-capacity]
tagged = system-ram
release = system-ram
END
systemctl restart daxctl-capacity"""


def why_not():
    for path in (QEMU, os.path.join(GUEST, "root.img")):
        if not os.path.exists(path):
            return f"no {os.path.relpath(path)}: make build makes it"
    return None


class GuestPool:
    """What a machine needs of its pool, from the guest's own monitor"""

    hosts = (1,)

    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="fmguest-")
        self.file, self.vm = f"{self.dir.name}/pool", None

    def truth(self):
        pool, = self.vm.qmp.call("query-cxl-dc-pool", {})
        return pool

    tags = Pool.tags

    def kill(self):
        self.vm.process.kill()
        self.vm.process.wait()
        shutil.rmtree(self.vm.dir, ignore_errors=True)

    def start(self):
        """The machine boots its guest."""

    def close(self):
        self.vm.stop()
        self.dir.cleanup()


class GuestMachine(Machine):
    """Its only host is a guest."""

    def begin_hosts(self):
        self.pool = GuestPool()
        self.monitor = f"{self.pool.dir.name}/qmp"
        self.begin_guest()
        # It is chosen before the others.
        return self.pool, {1: (f"qmp:{self.monitor}",
                               "label.guest = yes\nweight = 10")}

    def begin_guest(self):
        self.vm = self.pool.vm = VM(["--qemu", QEMU, "--memory", "1G", "--cpus", "1",
                      "--pool", self.pool.file, "--host-id", "1",
                      "--dc-region", f"{MIB}M"], qmp_path=self.monitor)
        self.failed = None
        self.thread = threading.Thread(target=self._boot)
        self.thread.start()

    def _boot(self):
        try:
            self.vm.start()
            create_region(self.vm)
            self.vm.guest_ok(SETUP)
        except GuestError as error:
            self.failed = error

    def wait_hosts(self):
        self.thread.join()
        if self.failed:
            raise GuestError(f"machine {self.name}: {self.failed}")

    def memory(self):
        """Bytes that its guest calls its own"""
        out = self.vm.guest_ok("grep MemTotal /proc/meminfo")
        return int(out.split()[1]) << 10

    def wait_memory(self, size):
        poll(lambda: self.memory() >= size, 60,
             f"the guest of {self.name} has {size >> 20} MiB")

    def power_on(self, net):
        if os.path.exists(self.monitor):
            os.unlink(self.monitor)
        self.begin_guest()
        super().power_on(net)
        self.wait_hosts()

    def close(self):
        self.thread.join()
        return super().close()
