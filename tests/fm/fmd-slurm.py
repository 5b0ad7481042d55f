# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/slurm.md: Debian's Slurm, its prolog and epilog, and cxl-fmd"""

import os
import shutil
import socket
import subprocess
import sys

from fleettest import Fleet
from fmtest import MIB, Failed, run_tests, until

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "docs"))
from blocks import blocks_of  # noqa: E402

OURS = "tests/fm/fmd-slurm.py"
TAKES = ("part",)
NEEDED = ("slurmctld", "slurmd", "munged", "srun", "scontrol", "uuidgen")


def free_port():
    with socket.socket() as s:
        s.bind(("", 0))
        return s.getsockname()[1]


class Slurm(Fleet):
    """A cluster of one node, vm1, beside the daemon"""

    def __init__(self, checks, test):
        super().__init__(checks, test)
        self.programs = []
        root = self.where = f"{self.dir.name}/slurm"
        for folder in ("", "/state", "/spool"):
            os.mkdir(root + folder)
        for name in ("prolog", "epilog"):
            self.write(name, f"#!/bin/sh\nexport CXL_FM_ADDRESS={self.address}"
                       f"\nexport PATH={os.path.dirname(os.environ['CXL_FM'])}"
                       f":/usr/bin:/bin\nexec {TOP}/fm/examples/slurm/{name} "
                       f">> {root}/{name}.log 2>&1\n", 0o755)
        conf, gres = [b.lines for b in blocks_of("docs/slurm.md")
                      if b.test == OURS]
        self.configure([line.strip() for line in conf],
                       [line.strip() for line in gres])
        self.environment = dict(os.environ, SLURM_CONF=f"{root}/slurm.conf")
        self.begin()

    def write(self, name, text, mode=0o644):
        path = f"{self.where}/{name}"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)

    def configure(self, conf, gres):
        root, host = self.where, socket.gethostname()
        lines = [line.replace("/etc/slurm/", f"{root}/") for line in conf]
        lines = [f"{line} NodeHostname={host} NodeAddr=127.0.0.1"
                 if line.startswith("NodeName") else line for line in lines]
        lines += ["ClusterName=test", f"SlurmctldHost={host}(127.0.0.1)",
                  "SlurmUser=root", f"AuthInfo=socket={root}/munge",
                  f"StateSaveLocation={root}/state",
                  f"SlurmdSpoolDir={root}/spool",
                  f"SlurmctldPidFile={root}/ctld.pid",
                  f"SlurmdPidFile={root}/slurmd.pid",
                  f"SlurmctldPort={free_port()}", f"SlurmdPort={free_port()}",
                  "ProctrackType=proctrack/pgid", "TaskPlugin=task/none",
                  "MpiDefault=none", "ReturnToService=2",
                  "SelectType=select/cons_tres",
                  "PartitionName=all Nodes=vm1 Default=YES State=UP"]
        self.write("slurm.conf", "\n".join(lines) + "\n")
        self.write("gres.conf", "\n".join(gres) + "\n")
        self.write("cgroup.conf", "CgroupAutomount=no\n")
        self.write("key", "k" * 1024, 0o400)

    def begin(self):
        root = self.where
        self.serve("munged", "--foreground", "--force", f"--socket={root}/munge",
                   f"--key-file={root}/key", f"--pid-file={root}/munge.pid",
                   f"--log-file={root}/munge.log", f"--seed-file={root}/seed")
        if not until(lambda: os.path.exists(f"{root}/munge")):
            raise Failed("munged does not start")
        self.serve("slurmctld", "-D")
        self.serve("slurmd", "-D", "-N", "vm1")
        if not until(lambda: self.node() == "idle", 30):
            raise Failed(f"no node: {self.node()}")

    def serve(self, *command):
        log = open(f"{self.where}/{command[0]}.log", "w", encoding="ascii")
        self.programs.append((subprocess.Popen(
            command, env=self.environment, stdout=log, stderr=log), log))

    def ask_slurm(self, *command):
        return subprocess.run(command, env=self.environment, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)

    def node(self):
        return self.ask_slurm("sinfo", "-h", "-o", "%T").stdout.strip()

    def given(self):
        found = self.run("extents", "-d", "vm1", "--json").json()
        return sum(e["length"] for e in found["devices"][0]["extents"]) // MIB

    def close(self):
        for program, log in reversed(self.programs):
            program.terminate()
            program.wait(timeout=30)
            log.close()
        super().close()


def job(s):
    """A job has its memory while it runs, and the host keeps none of it"""
    tool = os.environ["CXL_FM"]
    ran = s.ask_slurm("srun", "--gres=cxlmem:1", tool, "claim", "list", "-a",
                      s.address)
    s.checks.that(ran.returncode == 0 and "1 GiB" in ran.stdout and
                  "Bound" in ran.stdout, "its claim is bound while it runs",
                  ran)
    s.checks.that(until(lambda: not s.get("/v1/claims").json()["claims"]),
                  "its claim ends with it", s.get("/v1/claims").body)
    s.checks.equal(s.given(), 0, "and the memory is back")
    ran = s.ask_slurm("srun", "true")
    s.checks.that(ran.returncode == 0 and
                  not s.get("/v1/claims").json()["claims"],
                  "a job that wants none has no claim", ran)


def declined(s):
    """A node that does not get the memory is drained; the job waits"""
    until(lambda: s.node() == "idle", 20)
    s.host(1, "reject")
    waiting = subprocess.Popen(["srun", "--gres=cxlmem:1", "true"],
                               env=s.environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    s.checks.that(until(lambda: s.node().startswith("drain"), 30),
                  "the node is drained", s.node())
    s.checks.that(until(lambda: not s.get("/v1/claims").json()["claims"]),
                  "nobody waits for the memory", s.get("/v1/claims").body)
    s.host(1, "accept")
    waiting.terminate()
    waiting.wait(timeout=30)
    s.ask_slurm("scancel", "--state=PENDING")
    s.ask_slurm("scontrol", "update", "NodeName=vm1", "State=RESUME")
    s.checks.that(until(lambda: s.node() == "idle", 30),
                  "it can be taken up again", s.node())
    ran = s.ask_slurm("srun", "--gres=cxlmem:1", "echo", "here")
    s.checks.that("here" in ran.stdout, "and a job gets its memory", ran)


if __name__ == "__main__":
    if not all(map(shutil.which, NEEDED)) or os.getuid():
        print("1..0 # SKIP needs root, slurmctld, slurmd, munge and uuid-runtime")
        sys.exit(0)
    run_tests([job, declined], Slurm)
