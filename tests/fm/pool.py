# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm on a pool of two QEMU processes, and no guest

  QEMU         the emulator; without it the test is skipped
"""

import os
import signal
import subprocess
import tempfile

from fmtest import (MIB, OK, REFUSED, USAGE, Bench, Failed, main_qemu,
                    until)

POLICY = """\
step 64M
host 1 min 64M pressure echo 'some avg10=0.00 avg60=0.00'
host 2 max 128M weight 2 pressure echo 55
"""


class Pool(Bench):
    """Hosts 1 and 2, stopped"""

    def __init__(self, checks):
        self.checks = checks
        self.dir = tempfile.TemporaryDirectory(prefix="fmpool-")
        self.hosts = {}
        for host in (1, 2):
            self.start_host(host)
        self.address = " ".join(self.monitor(host) for host in (1, 2))

    def monitor(self, host):
        return f"qmp:{self.dir.name}/qmp{host}"

    def start_host(self, host):
        path = self.monitor(host)[4:]
        if os.path.exists(path):
            os.unlink(path)
        self.hosts[host] = subprocess.Popen(
            [os.environ["QEMU"], "-L", "/usr/share/seabios", "-L",
             "/usr/share/qemu", "-nodefaults", "-display", "none", "-S",
             "-machine", "q35,cxl=on", "-accel", "qtest", "-m", "64M",
             "-qmp", f"unix:{path},server=on,wait=off",
             "-device", "pxb-cxl,id=cxl.1,bus=pcie.0,bus_nr=12",
             "-device", "cxl-rp,id=rp0,bus=cxl.1,port=0,chassis=0,slot=2",
             "-object", f"cxl-dc-pool,id=pool0,path={self.dir.name}/pool,"
             "size=256M,reserve=off", "-device",
             f"cxl-type3,bus=rp0,id=mem0,sn={host},dc-pool=pool0,"
             f"host-id={host}",
             "-machine", "cxl-fmw.0.targets.0=cxl.1,cxl-fmw.0.size=4G"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if not until(lambda: os.path.exists(path), 60):
            raise Failed(f"host {host} did not start")

    def stop_host(self, host, how):
        child = self.hosts.pop(host)
        child.send_signal(how)
        child.wait(timeout=30)
        child.stderr.close()

    def pool(self):
        return self.run("pool", "--json").json()

    def close(self):
        for host in list(self.hosts):
            self.stop_host(host, signal.SIGTERM)
        self.dir.cleanup()


def show(b):
    """Who has what, from one place"""
    b.expect(OK, "add", "64M", "-d", "mem0", "-a", b.monitor(1), "-H", "1")
    found = b.pool()
    b.checks.equal((found["size"], found["available"]),
                   (256 * MIB, 192 * MIB), "256 MiB, of which 64 are out")
    b.checks.equal([(h["host"], h["alive"], h["owned"])
                    for h in found["hosts"]],
                   [(1, True, 64 * MIB), (2, True, 0)], "and host 1 has them")
    b.expect(OK, "pool", out="[1111111111111111......")
    b.expect(OK, "pool", "-a", b.monitor(2), out="  yes    64 MiB        1  -")
    b.expect(USAGE, "pool", "-a", f"fm:{b.dir.name}/x,eid=3",
             err="from 8 to 254")


def reclaim(b):
    """Not from the living"""
    b.expect(OK, "add", "64M", "-a", b.monitor(2), "-H", "2")
    b.expect(USAGE, "reclaim", err="which host? Give --host ID")
    b.expect(REFUSED, "reclaim", "-H", "2", err="host 2 of pool pool0 is alive")
    b.expect(REFUSED, "reclaim", "-H", "7", err="no host 7")
    b.stop_host(2, signal.SIGKILL)
    b.expect(OK, "reclaim", "-H", "2", "-n", out="would take back",
             err="nothing listens there any more")
    b.address = b.monitor(1)
    b.expect(OK, "reclaim", "-H", "2", out="took back 64 MiB that host 2 had")
    b.checks.equal(b.pool()["available"], 256 * MIB, "nothing is lost")
    b.expect(USAGE, "move", "64M", "--from", "1", "--to", "2",
             err="host 2 is not alive; 'cxl-fm reclaim'")
    b.start_host(2)
    b.checks.that(until(lambda: b.pool()["hosts"][1]["alive"]), "2 is back")
    b.expect(USAGE, "move", "64M", "--from", "1", "--to", "2",
             err="none of the addresses is its monitor")


def move(b):
    """What can be seen before anything moves"""
    b.expect(USAGE, "move", "64M", err="Give --from ID and --to ID")
    b.expect(USAGE, "move", "64M", "--from", "1", "--to", "1",
             err="the same host")
    b.expect(USAGE, "move", "64M", "--from", "1", "--to", "9",
             err="has no host 9")
    result = b.run("move", "64M", "--from", "1", "--to", "2")
    b.checks.that(result.code and "less than 64 MiB" in result.err,
                  "host 1 has nothing to give", result)
    b.checks.equal(b.pool()["available"], 256 * MIB, "nothing moved")


def balance(b):
    """Decisions, their reasons, and that no guest answers"""
    path, log = f"{b.dir.name}/policy", f"{b.dir.name}/log"
    with open(path, "w", encoding="utf-8") as file:
        file.write(POLICY)
    b.expect(USAGE, "balance", err="by which policy?")
    b.expect(USAGE, "balance", "-p", "/no/such/file", err="No such file")
    b.expect(OK, "balance", "-p", path, "-n", "-l", log,
             out="would move 64 MiB from what is free to host 1: it has 0 B, "
                 "less than its minimum 64 MiB")
    result = b.expect(OK, "balance", "-p", path, "-n",
                      out="to host 2: it has 0 B, pressure 55.00 is at least")
    b.checks.that("host 2: alive, has 0 B, pressure 55.00" in result.out,
                  "what was seen is told", result)
    with open(log, encoding="utf-8") as file:
        text = file.read()
    b.checks.that(text.count("Z would move 64 MiB") == 2, "both are logged",
                  text)
    b.checks.equal(b.pool()["available"], 256 * MIB, "dry: nothing moved")
    result = b.run("balance", "-p", path, "-T", "0.2")
    b.checks.that(result.code == 1 and "a host did not answer in time" in
                  result.out, "hosts that do not answer are told of", result)
    with open(path, "a", encoding="utf-8") as file:
        file.write("host 1 min 3\n")
    b.expect(USAGE, "balance", "-p", path, err="policy, line 4: host 1 has two")


if __name__ == "__main__":
    main_qemu(Pool, show, reclaim, move, balance)
