# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm over QMP and over a serial line, against QEMU with two devices and no
guest

  QEMU         the emulator; without it the test is skipped
"""

import contextlib
import errno
import fcntl
import os
import socket
import struct
import subprocess
import tempfile

from fmtest import (FAILED, MIB, OK, REFUSED, TAG, TIMEOUT, UNREACHABLE, USAGE,
                    Bench, Failed, main_qemu, until)
from qmp import QMP

DEVICES = (
    '{"driver":"cxl-type3","bus":"rp0","id":"mem0","sn":1,"dc-memdev":"m0",'
    '"dc-regions":[{"size":1073741824},{"size":268435456,'
    '"flags":["sharable"]}],"fmapi":"fm0"}',
    '{"driver":"cxl-type3","bus":"rp1","id":"mem1","sn":2,"dc-memdev":"m1",'
    '"dc-regions":[{"size":268435456,"block-size":4096}],"fmapi":"fm0",'
    '"fmapi-eid":10}')
TIOCSETD, N_MCTP = 0x5423, 28


class Machine(Bench):
    """QEMU, stopped, with its monitor where cxl-fm looks."""

    def __init__(self, checks):
        self.checks = checks
        self.dir = tempfile.TemporaryDirectory(prefix="fmtest-")
        path = f"{self.dir.name}/qmp"
        words = [os.environ["QEMU"], "-L", "/usr/share/seabios", "-L",
                 "/usr/share/qemu", "-nodefaults", "-display", "none", "-S",
                 "-machine", "q35,cxl=on", "-accel", "qtest", "-m", "64M",
                 "-qmp", f"unix:{path},server=on,wait=off",
                 "-chardev", "pty,id=fm0",
                 "-device", "pxb-cxl,id=cxl.1,bus=pcie.0,bus_nr=12",
                 "-device", "cxl-rp,id=rp0,bus=cxl.1,port=0,chassis=0,slot=2",
                 "-device", "cxl-rp,id=rp1,bus=cxl.1,port=1,chassis=0,slot=3",
                 "-object", "memory-backend-ram,id=m0,size=1280M,reserve=off",
                 "-object", "memory-backend-ram,id=m1,size=256M,reserve=off",
                 "-device", DEVICES[0], "-device", DEVICES[1],
                 "-machine", "cxl-fmw.0.targets.0=cxl.1,cxl-fmw.0.size=4G"]
        self.device = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
        self.address = "qmp:" + path
        if not until(lambda: self.up(path), 60):
            self.device.kill()
            raise Failed("QEMU did not start: " + self.device.stderr.read())

    def up(self, path):
        with socket.socket(socket.AF_UNIX) as line:
            return os.path.exists(path) and not line.connect_ex(path)

    def close(self):
        self.device.terminate()
        code = self.device.wait(timeout=30)
        self.device.stderr.close()
        self.checks.equal(code, 0, "QEMU ends in good order")
        self.dir.cleanup()


def reading(b):
    """Two devices on one monitor"""
    devices = b.expect(OK, "list", "--json").json()["devices"]
    b.checks.equal([(d["device"], d["path"], d["door"], d["total-capacity"])
                    for d in devices],
                   [("mem0", "/machine/peripheral/mem0", "qmp", 1280 * MIB),
                    ("mem1", "/machine/peripheral/mem1", "qmp", 256 * MIB)],
                   "both devices")
    b.checks.equal(devices[0]["hosts"][0]["regions"][1]["attributes"],
                   ["sharable"], "attributes of a region")
    b.checks.equal(len(b.expect(OK, "list", "-d", "mem1").out.splitlines()), 2,
                   "one of them")
    b.expect(OK, "config", "-d", "mem0", out="2 MiB")
    b.expect(USAGE, "add", "2M", err="there are 2 devices, say which with "
             "--device: mem0, mem1")
    b.expect(USAGE, "list", "-d", "mem7", err="there are: mem0, mem1")


def offers(b):
    """Offers are listed; nobody answers"""
    b.expect(TIMEOUT, "add", "64M", "-d", "mem0", "--wait", "-T", "0.3",
             err="host 0 has not answered the offer of 64 MiB")
    b.expect(OK, "add", "-e", "128M+2M", "-e", "256M+4M", "-d", "mem0")
    b.expect(OK, "add", "4M", "-r", "1", "-t", TAG, "-d", "mem0")
    b.checks.equal(b.extents(), [
        (0, 0, 64 * MIB, "pending"), (0, 128 * MIB, 2 * MIB, "pending"),
        (0, 256 * MIB, 4 * MIB, "pending"), (1, 0, 4 * MIB, "pending")],
        "four pending extents")
    b.expect(OK, "tags", out=TAG)
    lines = b.expect(OK, "top", "--once").out.splitlines()
    b.checks.equal(lines[2].strip()[:5], "ooooo", "the map shows them")
    b.expect(OK, "release", "--all", "-r", "0", "--force", "--wait", "-d",
             "mem0")
    b.checks.equal({e[3] for e in b.extents() if e[0] == 0}, {"dead"},
                   "taken back before an answer")


def refused(b):
    """The device's own sentences; nothing changes"""
    b.expect(REFUSED, "add", "3M", "-d", "mem0", err="block size 0x200000")
    b.expect(REFUSED, "add", "2G", "-d", "mem0", err="region 0")
    b.expect(REFUSED, "add", "2M", "-H", "4", "-d", "mem0", err="host")
    b.expect(REFUSED, "add", "2M", "-r", "7", "-d", "mem0", err="region 7")
    b.expect(REFUSED, "release", "-e", "0+2M", "-d", "mem0", err="extent")
    b.expect(REFUSED, "release", "-t", TAG, "-d", "mem0", err="tag")
    b.expect(REFUSED, "reference", "add", TAG, "-d", "mem0", err="tag")
    b.expect(REFUSED, "share", TAG, "-r", "1", "-d", "mem0", err="tag")
    b.expect(FAILED, "release", "2M", "-d", "mem0", err="less than 2 MiB")
    b.checks.equal(b.extents(), [], "nothing was changed")


def configure(b):
    """Block size and sanitize"""
    b.expect(OK, "config", "-d", "mem1", "-r", "0", "-b", "64K", "-s", "on",
             out="region 0 now has blocks of 64 KiB, sanitize on release on")
    found = b.run("config", "-d", "mem1", "--json").json()
    region = found["devices"][0]["regions"][0]
    b.checks.equal((region["block-size"], region["sanitize"]), (65536, True),
                   "both hold")
    b.expect(OK, "add", "64K", "-d", "mem1")
    b.expect(REFUSED, "config", "-d", "mem1", "-r", "0", "-b", "4K")


def many(b):
    """A thousand extents in one offer"""
    pieces = [w for i in range(1000) for w in ("-e", f"{8 * i}K+4K")]
    b.expect(OK, "add", *pieces, "-d", "mem1")
    b.checks.equal(sum(len(d["extents"]) for d in
                       b.run("extents", "--json").json()["devices"]), 1000,
                   "all are listed")


def busy(b):
    """A monitor that another client holds; an emulator that goes away"""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(b.address[4:])
        line.recv(1000)
        b.expect(UNREACHABLE, "list", "--answer-timeout", "0.5",
                 err="serves one client at a time")
    started = b.start("watch")
    b.checks.that(until(lambda: b.run("list", "--answer-timeout",
                                      "0.5").code == UNREACHABLE),
                  "watch holds the monitor")
    b.device.terminate()
    out, err = started.communicate(timeout=30)
    b.checks.that(started.returncode == UNREACHABLE and "closed it" in err,
                  "watch ends when QEMU does", out + err)


def serial_path(b):
    """Where QEMU's pty is"""
    with contextlib.closing(QMP(b.address[4:])) as qmp:
        return next(c["filename"][4:] for c in qmp.call("query-chardev")
                    if c["label"] == "fm0")


def serial(b):
    """Both devices on one serial line, each with an endpoint id"""
    path, monitor = serial_path(b), b.address
    names = [f"{n:016x}" for n in (1, 2)]
    b.address = f"fm:tty:{path}"
    found = b.run("list", "--json").json()["devices"]
    b.checks.equal([d["device"] for d in found], names, "both are found")
    b.expect(USAGE, "add", "4M", err="say which with --device")
    b.expect(OK, "add", "4M", "-d", names[1], out="offered 4 MiB")
    b.address = f"fm:tty:{path},eid=9"
    b.expect(OK, "list", out=names[0])
    b.expect(OK, "add", "2M")
    b.address = f"fm:tty:{path},eid=11"
    b.expect(UNREACHABLE, "list", "--answer-timeout", "0.3")
    b.address = monitor
    found = b.run("extents", "--json").json()["devices"]
    b.checks.equal([[e["length"] for e in d["extents"]] for d in found],
                   [[2 * MIB], [4 * MIB]], "each took what was meant for it")


def discipline(b):
    """Linux's own MCTP on the line, where the kernel has it"""
    line = os.open(serial_path(b), os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.ioctl(line, TIOCSETD, struct.pack("i", N_MCTP))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise Failed(f"line discipline {N_MCTP}: {error}") from error
        b.checks.skip("mctp-serial", "this kernel has no CONFIG_MCTP_SERIAL")
        return
    finally:
        os.close(line)
    b.checks.that(True, "the kernel takes the line as mctp-serial")


if __name__ == "__main__":
    main_qemu(Machine, reading, offers, refused, configure, many, serial,
              discipline, busy)
