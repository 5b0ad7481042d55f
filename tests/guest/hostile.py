# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that misbehaves: cxl_dcd_inject.ko between memdev and mailbox.

What a correct device never sends (linux/test/inject) is put into its event
log here, and what the host answers is read back.
"""

import os
import struct
import subprocess

from vm import GUEST, GuestError, poll

MODULE = os.path.join(GUEST, "test", "cxl_dcd_inject.ko")
FOLDER = "/sys/kernel/debug/cxl_dcd_inject"
UUID = bytes.fromhex("ca95afa7f18340188c2f95268e101a2a")
TYPE_ADD, TYPE_RELEASE, TYPE_FORCED, TYPE_CONFIG = range(4)
(LIE_NONE, LIE_GENERATION, LIE_TOTAL, LIE_RETURNED, LIE_NOTHING, LIE_SHORT,
 LIE_EVENT_COUNT, LIE_EVENT_SHORT, LIE_ERROR, LIE_LOSE) = range(10)


OP_GET_EVENTS, OP_CLEAR_EVENTS, OP_SET_POLICY = 0x0100, 0x0101, 0x0103
OP_LIST, OP_ANSWER, OP_RELEASE = 0x4801, 0x4802, 0x4803
INVALID_INPUT, INTERNAL_ERROR = 0x0002, 0x0004
RETRY_REQUIRED, BUSY = 0x0005, 0x0006
NO_ANSWER = 0                   # instead of a return code: a timeout


def tag_bytes(tag):
    return bytes.fromhex(tag.replace("-", "")) if tag else bytes(16)


def record(dpa, length, tag=None, more=False, seq=0, kind=TYPE_ADD,
           uuid=UUID, region=0):
    """One event record, 128 bytes (CXL r3.2 Table 8-62)."""
    return struct.pack("<16sB31xBBHBB2xQQ16sH6x24xII", uuid, 0x80, kind, 0, 0,
                       region, 1 if more else 0, dpa, length, tag_bytes(tag),
                       seq, 0, 0)


class Hostile:
    """The module while it is loaded.  Use it as a context manager."""

    def __init__(self, vm, memdev="mem0"):
        self.vm, self.memdev = vm, memdev

    def __enter__(self):
        with open(MODULE, "rb") as file:
            self._pipe("cat > /tmp/cxl_dcd_inject.ko", file.read())
        self.vm.guest_ok("mountpoint -q /sys/kernel/debug || "
                         "mount -t debugfs none /sys/kernel/debug; "
                         f"insmod /tmp/cxl_dcd_inject.ko memdev={self.memdev}")
        return self

    def __exit__(self, *exc):
        self.vm.guest_ok("rmmod cxl_dcd_inject")

    def _pipe(self, command, data):
        done = subprocess.run(self.vm.ssh_command() + [command], input=data,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=60, check=False)
        if done.returncode:
            raise GuestError(f"'{command}': {done.stdout.decode()}")

    def set(self, name, value):
        self.vm.guest_ok(f"echo {int(value)} > {FOLDER}/{name}")

    def fail(self, opcode, count=1, code=INTERNAL_ERROR, late=False):
        """The next commands of this opcode fail; late: after they were run."""
        self.set("fail_opcode", opcode)
        self.set("fail_code", code)
        self.set("fail_late", late)
        self.set("fail_count", count)

    def inject(self, *records):
        """Put records into the log and let the host know."""
        self._pipe(f"dd of={FOLDER}/events bs=12800 iflag=fullblock "
                   "status=none", b"".join(records))

    def config(self, data):
        """What 4800h answers from now on; b"" for the device's own words."""
        self._pipe(f"cat > {FOLDER}/config", data or b"\n")

    def forget(self):
        self.vm.guest_ok(f"echo > {FOLDER}/answers")

    def answers(self):
        """[("add"|"release", [(dpa, length)])] since forget()."""
        found = []
        for line in self.vm.guest_ok(f"cat {FOLDER}/answers").splitlines():
            word, *spans = line.split()
            found.append((word, [tuple(int(n, 16) for n in span.split("+"))
                                 for span in spans]))
        return found

    def wait_answers(self, count, timeout=30):
        return poll(lambda: (lambda a: len(a) >= count and a)(self.answers()),
                    timeout, f"{count} answers of the host")

    def exchange(self, *records, count=1, pretend=True):
        """Inject and give the answers; the real device hears nothing."""
        self.forget()
        self.set("pretend", pretend)
        self.inject(*records)
        answers = self.wait_answers(count)
        self.set("pretend", False)
        return answers
