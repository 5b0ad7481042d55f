# SPDX-License-Identifier: GPL-2.0-or-later
"""Several machines in network namespaces: an etcd, a pool and a cxl-fmd each.

Call netns.inside() first.
"""

import os
import signal
import subprocess
import tempfile

from etcdtest import Etcd
from fmdtest import Daemon, Pool, audit
from fmtest import LIMIT, Failed, until
from netns import Net, Wire, within

TTL = 3                       # seconds of an owner's lease
LOST = 2                      # and how long a pool may be without one
MIB = 256                     # of each pool
# Who was cut off and comes back makes nobody else give up his office. (Etcd 3.5
# does so by itself.)
ETCD = ("--pre-vote",)
KEYS = f"owner-ttl = {TTL}\nlost-after = {LOST}\nretry = 1\n"
HOST = "ask-timeout = 1"


class Machine:
    """A pool of two hosts and their daemon, on one machine"""

    def __init__(self, name, member, etcd, daemon=KEYS, host=HOST):
        self.name, self.member, self.etcd = name, member, etcd
        self.dir = tempfile.TemporaryDirectory(prefix=f"{name}-")
        self.pool, monitors = self.begin_hosts()
        hosts = {f"{name}{n}": (monitor, f"{host}\nlabel.machine = {name}\n"
                                f"{more}")
                 for n, (monitor, more) in monitors.items()}
        self.names = set(hosts)
        # Its own member of the etcd is asked first.
        urls = etcd.clients[member:] + etcd.clients[:member]
        self.fmd = Daemon(self.dir.name, hosts, machine=name,
                          store=f"etcd:{','.join(urls)}", more=daemon)
        self.fmd.before = within(name)
        self.fmd.start()
        self.up = True

    def begin_hosts(self):
        """The pool, and {host: (its monitor, lines of configuration)}"""
        pool = Pool((1, 2), MIB)
        return pool, {n: (pool.monitor(n), "") for n in pool.hosts}

    def wait_hosts(self):
        """Until they have started"""

    @property
    def address(self):
        """For cxl-fm"""
        return f"fmd:{self.fmd.api}"

    def power_off(self, net):
        """No process is left, no cable, and nobody is told."""
        self.up = False
        net.cut(self.name)
        self.fmd.end(signal.SIGKILL)
        self.etcd.kill(self.member)
        self.pool.kill()

    def power_on(self, net):
        """What was written is there: etcd's log, and what the pool knows."""
        net.join(self.name)
        self.etcd.start(self.member)
        self.pool.start()
        self.fmd.start()
        self.up = True

    def pause(self):
        self.fmd.kill(signal.SIGSTOP)

    def go_on(self):
        self.fmd.kill(signal.SIGCONT)

    def is_up(self):
        return self.fmd.try_get("/readyz").status == 200 and \
            any(p["mine"] for p in self.fmd.list("pools"))

    def uuid(self):
        """Of its pool"""
        return next(p["uuid"] for p in self.fmd.list("pools") if p["mine"])

    def cxl_fm(self, *words):
        """What cxl-fm says on this machine"""
        done = subprocess.run([*within(self.name), os.environ["CXL_FM"],
                               *words], text=True, timeout=2 * LIMIT,
                              env=dict(os.environ, CXL_FM_ADDRESS=self.address,
                                       LC_ALL="C"),
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise Failed(f"cxl-fm {' '.join(words)} gives {done.returncode}:\n"
                         f"{done.stdout}")
        return done.stdout

    def close(self):
        """The exit status of the daemon"""
        code = self.fmd.end() if self.up else 0
        if self.up:
            self.pool.close()
        self.dir.cleanup()
        return code


class NetFleet:
    """Machines a, b and c. @wires: their cables are Wires with that seed.

    @daemon, @host: lines of the configuration; @options: of the etcd; @kinds:
    classes of machines, Machine for those that it does not name.
    """

    def __init__(self, checks, names="abc", wires=None, options=(),
                 daemon=KEYS, host=HOST, kinds=None):
        self.checks = checks
        self.net = Net()
        self.machines = {}
        at = [(self.net.add(name, Wire(f"{wires}{name}")
                            if wires is not None else None), within(name))
              for name in names]
        self.etcd = Etcd(machines=at, options=(*ETCD, *options))
        for member, name in enumerate(names):
            kind = (kinds or {}).get(name, Machine)
            self.machines[name] = kind(name, member, self.etcd, daemon, host)
        for machine in self.machines.values():
            machine.wait_hosts()
        for name in names:
            if not until(self.machines[name].is_up, LIMIT):
                raise Failed(f"machine {name} does not come to work:\n" +
                             self.machines[name].fmd.told() +
                             self.etcd.told())
        if not until(self.all_know_all, LIMIT):
            raise Failed("the machines do not come to know of each other")

    def all_know_all(self):
        """Every daemon knows every host of a machine that is up as reached."""
        names = {n for m in self.alive() for n in m.names}
        return all(names <= {h["name"] for h in m.fmd.list("hosts")
                             if h["reachable"]} for m in self.alive())

    def __getitem__(self, name):
        return self.machines[name]

    def alive(self):
        return [m for m in self.machines.values() if m.up]

    def holders(self, claim):
        """{machine: bytes} of those whose devices have capacity of it"""
        found = {}
        for machine in self.alive():
            for tag, at in machine.pool.tags().items():
                if tag == claim:
                    found[machine.name] = sum(at.values())
        return found

    def audit(self, fmd, minimum=None):
        """Faults, as texts: blocks lost or given twice, a tag at two pools,
        a claim that is said to be bound and is not"""
        faults, pools = [], {}
        for machine in self.alive():
            faults += [f"machine {machine.name}: {text}" for text in
                       audit(machine.pool, fmd, minimum)]
            for tag in machine.pool.tags():
                pools.setdefault(tag, []).append(machine.name)
        faults += [f"{tag} is in the pools of {' and '.join(names)}"
                   for tag, names in pools.items() if len(names) > 1]
        for claim in fmd.list("claims"):
            status = claim["status"] or {}
            here = self.holders(claim["uuid"])
            if status.get("phase") == "Bound" and \
                    list(here.values()) != [claim["bytes"]]:
                faults.append(f"{claim['uuid']} is called bound and the "
                              f"devices have {here}")
        return faults

    def close(self):
        codes = {m.name: m.close() for m in self.machines.values()}
        self.etcd.end()
        self.net.close()
        return {name: code for name, code in codes.items() if code}
