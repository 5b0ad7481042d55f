#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Three guests on one pool: capacity follows a job, is shared, and outlives a
guest that is killed.  Ends with an account of every block.

usage: demo-pool.py     (make demo-pool)
"""

import json
import os
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "guest"))
from steps import GIB, MIB, create_region   # noqa: E402
from vm import BUILD, VM, GuestError, poll  # noqa: E402

CXL_FM = os.path.join(BUILD, "meson", "fm", "cxl-fm")
TAG = "50504f4f-4c00-4000-8000-000000000001"
HOSTS = (1, 2, 3)
# Capacity becomes memory by itself, and is let go when it is asked for.
SETUP = """cat > /etc/daxctl.conf.d/dynamic-capacity.conf << END
[dynamic-capacity]
mode = system-ram
release = system-ram
END
systemctl restart daxctl-capacity
cat > /usr/local/bin/used-memory << 'END'
#!/bin/sh
# The share of memory that is in use, as pressure
awk '/MemTotal/ {t = $2} /MemAvailable/ {a = $2}
END {print 100 * (t - a) / t}' /proc/meminfo
END
chmod +x /usr/local/bin/used-memory"""
POLICY = """\
step 512M
high 60
low 40
"""


class Demo:
    def __init__(self, folder):
        self.folder, self.vms = folder, {}

    def boot(self, host):
        vm = VM(["--memory", "1G", "--cpus", "1", "--pool",
                 f"{self.folder}/pool", "--host-id", str(host), "--dc-region",
                 "7G", "--dc-region", "1G:2M:sharable"])
        self.vms[host] = vm
        vm.start()
        create_region(vm)
        vm.guest_ok(SETUP)

    def boot_all(self):
        threads = [threading.Thread(target=self.boot, args=(h,))
                   for h in HOSTS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for host in HOSTS:
            if not self.vms[host].boot_seconds:
                raise GuestError(f"guest {host} did not start")

    def fm(self, *words, hosts=HOSTS, show=True):
        """Run cxl-fm on the monitors of these hosts; shown as typed."""
        monitors = " ".join(f"qmp:{self.vms[h].qmp_path}" for h in hosts)
        if show:
            print("$ cxl-fm " + " ".join(words), flush=True)
        done = subprocess.run([CXL_FM, *words], text=True, timeout=180,
                              env={**os.environ, "CXL_FM_ADDRESS": monitors},
                              stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise GuestError(f"cxl-fm {' '.join(words)}: exit "
                             f"{done.returncode}\n{done.stdout}")
        if show:
            print(done.stdout, end="", flush=True)
        return done.stdout

    def pool(self, hosts=HOSTS):
        return json.loads(self.fm("--json", "pool", hosts=hosts, show=False))

    def memory(self, host):
        out = self.vms[host].guest_ok("grep MemTotal /proc/meminfo")
        return int(out.split()[1]) << 10

    def wait_memory(self, host, size):
        poll(lambda: self.memory(host) >= size, 60,
             f"guest {host} has {size >> 20} MiB")

    def job(self, host, mib):
        """A job that holds so much memory in a guest"""
        self.vms[host].guest_ok(
            "mkdir -p /job && (mountpoint -q /job || mount -t tmpfs -o "
            f"size=90% tmpfs /job) && mount -o remount,size=90% /job && "
            f"head -c {mib}M /dev/zero > /job/$RANDOM$RANDOM", 180)

    def job_ends(self, host):
        self.vms[host].guest_ok("umount /job && "
                                "echo 3 > /proc/sys/vm/drop_caches")


def say(text):
    print(f"\n--- {text}", flush=True)


def follow(demo):
    """The job goes from guest to guest; so does the capacity."""
    policy = f"{demo.folder}/policy"
    config = os.path.join(BUILD, "guest", "ssh", "config")
    with open(policy, "w", encoding="utf-8") as file:
        file.write(POLICY)
        for host in HOSTS:
            file.write(f"host {host} max 2G pressure ssh -F {config} -p "
                       f"{demo.vms[host].port} guest used-memory\n")
    say("a job in guest 1 takes memory; the balance sees it and gives")
    demo.job(1, 500)
    base = demo.memory(1)
    demo.fm("balance", "--policy", policy, "--dry-run")
    demo.fm("balance", "--policy", policy)
    demo.wait_memory(1, base + 500 * MIB)
    demo.fm("pool")
    demo.job(1, 450)
    for source, sink in ((1, 2), (2, 3)):
        say(f"the job moves from guest {source} to guest {sink}, "
            "and its capacity with it")
        demo.job_ends(source)
        base = demo.memory(sink)
        demo.fm("move", "512M", "--from", str(source), "--to", str(sink))
        demo.wait_memory(sink, base + 500 * MIB)
        demo.job(sink, 900)
        demo.fm("pool")


def share(demo):
    """One extent for two guests: what one writes, the other reads."""
    say("one tagged extent for guests 1 and 2")
    for host in (1, 2):
        create_region(demo.vms[host], "dc1")
    demo.fm("add", "256M", "-r", "1", "-H", "1", "-t", TAG, "--wait",
            hosts=(1,))
    demo.fm("share", TAG, "-r", "1", "-H", "2", "--wait", hosts=(2,))
    demo.fm("pool")
    names = {}
    for host in (1, 2):
        out = demo.vms[host].guest_ok(
            f"daxctl create-device --uuid {TAG} | grep chardev", 60)
        names[host] = out.split('"')[3]
    # -v only reads, and compares with what the other wrote: all 256 MiB
    demo.vms[1].guest_ok(f"memtest 256 /dev/{names[1]} 7", 300)
    demo.vms[2].guest_ok(f"memtest -v 256 /dev/{names[2]} 7", 300)
    if demo.vms[2].guest(f"memtest -v 2 /dev/{names[2]} 8", 60).status != 1:
        raise GuestError("memtest finds whatever it is asked for")
    print("guest 1 wrote 256 MiB, guest 2 read the same bytes", flush=True)


def kill(demo):
    """SIGKILL, and what the dead guest had comes back."""
    say("guest 3 is killed; its capacity is taken back")
    before = demo.pool()
    had = next(h["owned"] for h in before["hosts"] if h["host"] == 3)
    demo.vms[3].process.kill()
    demo.vms[3].process.wait()
    demo.fm("reclaim", "--host", "3", hosts=(1, 2))
    after = demo.pool((1, 2))
    if not had or after["available"] != before["available"] + had:
        raise GuestError(f"{had} bytes of guest 3 did not come back: "
                         f"{before['available']} to {after['available']}")
    demo.fm("pool", hosts=(1, 2))


def account(demo):
    """Every block is somebody's, or free, and nobody's twice."""
    say("every block is accounted for")
    pool = demo.pool((1, 2))
    ranges = {(e["offset"], e["length"])
              for h in pool["hosts"] for e in h["extents"]}
    end, owned = 0, 0
    for offset, length in sorted(ranges):
        if offset < end:
            raise GuestError(f"two extents share block {offset:#x}")
        end, owned = offset + length, owned + length
    if owned + pool["available"] != pool["size"] or pool["size"] != 8 * GIB:
        raise GuestError(f"{owned} bytes owned and {pool['available']} free "
                         f"are not {pool['size']}")
    for host in (1, 2):
        bad = demo.vms[host].kernel_complaints()
        if bad:
            raise GuestError(f"guest {host}: {bad}")
    print(f"{owned >> 20} MiB with hosts, {pool['available'] >> 20} MiB free, "
          f"together {pool['size'] >> 20} MiB: nothing lost, nothing twice")


def main():
    with tempfile.TemporaryDirectory(prefix="cxl-dcd-pool-",
                                     dir="/dev/shm") as folder:
        demo = Demo(folder)
        try:
            say("three guests on one pool of 8 GiB")
            demo.boot_all()
            demo.fm("pool")
            follow(demo)
            share(demo)
            kill(demo)
            account(demo)
        except GuestError as failure:
            print(f"demo-pool: {failure}", file=sys.stderr)
            return 1
        finally:
            for vm in demo.vms.values():
                vm.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
