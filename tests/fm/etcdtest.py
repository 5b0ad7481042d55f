# SPDX-License-Identifier: GPL-2.0-or-later
"""An etcd of one or several members for tests, in a folder: on loopback, or
each on a machine of its own"""

import base64
import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from fmtest import until


def free_ports(count):
    lines = [socket.socket() for _ in range(count)]
    for line in lines:
        line.bind(("127.0.0.1", 0))
    ports = [line.getsockname()[1] for line in lines]
    for line in lines:
        line.close()
    return ports


def coded(text):
    return base64.b64encode(text.encode()).decode()


class Etcd:
    @staticmethod
    def is_there():
        return shutil.which("etcd")

    def __init__(self, members=1, machines=(), options=(), limit=20):
        """@machines: (address, what to put before a command) of each member"""
        self.dir = tempfile.TemporaryDirectory(prefix="fmetcd-")
        self.compacted = 0
        if machines:
            members = len(machines)
            self.clients = [f"http://{at}:2379" for at, _ in machines]
            self.peers = [f"http://{at}:2380" for at, _ in machines]
        else:
            ports = free_ports(2 * members)
            self.clients = [f"http://127.0.0.1:{p}" for p in ports[:members]]
            self.peers = [f"http://127.0.0.1:{p}" for p in ports[members:]]
        self.before = [list(words) for _, words in machines] or [[]] * members
        self.options = list(options)
        self.address = "etcd:" + ",".join(self.clients)
        self.children = [None] * members
        for member in range(members):
            self.start(member)
        until(lambda: self.is_well() or self.has_ended(), limit)
        if not self.is_well():
            told = self.told()
            self.end()
            raise RuntimeError(f"etcd does not come to be well:\n{told}")

    def start(self, member):
        cluster = ",".join(f"m{n}={p}" for n, p in enumerate(self.peers))
        with open(f"{self.dir.name}/log{member}", "ab") as log:
            self.children[member] = subprocess.Popen(
                [*self.before[member], "etcd", *self.options,
                 "--name", f"m{member}",
                 "--data-dir", f"{self.dir.name}/m{member}",
                 "--listen-client-urls", self.clients[member],
                 "--advertise-client-urls", self.clients[member],
                 "--listen-peer-urls", self.peers[member],
                 "--initial-advertise-peer-urls", self.peers[member],
                 "--initial-cluster", cluster], stdout=log, stderr=log)

    def ask(self, path, body, member=0):
        request = urllib.request.Request(self.clients[member] + path,
                                         json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def is_well(self):
        for url in self.clients:
            try:
                with urllib.request.urlopen(url + "/health",
                                            timeout=2) as answer:
                    if json.loads(answer.read())["health"] == "true":
                        return True
            except (urllib.error.URLError, OSError, ValueError):
                pass
        return False

    def has_ended(self):
        return any(child.poll() is not None for child in self.children)

    def told(self):
        text = ""
        for member in range(len(self.children)):
            with open(f"{self.dir.name}/log{member}", errors="replace",
                      encoding="utf-8") as log:
                text += log.read()[-2000:]
        return text

    def put(self, key, value, lease=0):
        """Beside the daemons"""
        self.ask("/v3/kv/put", {"key": coded(key), "value": coded(value),
                                "lease": lease})

    def keys(self, prefix):
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        found = self.ask("/v3/kv/range", {
            "key": coded(prefix), "range_end": coded(end), "keys_only": True})
        return [base64.b64decode(kv["key"]).decode()
                for kv in found.get("kvs", ())]

    def compact(self):
        """All that was is forgotten; again only when something has changed."""
        revision = self.ask("/v3/kv/range", {"key": "eA=="})["header"][
            "revision"]
        if revision != self.compacted:
            self.ask("/v3/kv/compaction", {"revision": revision,
                                           "physical": True})
        self.compacted = revision

    def kill(self, member=0):
        self.children[member].kill()
        self.children[member].wait()

    def stop(self, member=0):
        self.children[member].send_signal(signal.SIGSTOP)

    def go_on(self, member=0):
        self.children[member].send_signal(signal.SIGCONT)

    def trouble(self, dice):
        """Something that a daemon must live with"""
        what = dice.choice(["stop", "kill", "compact"])
        if what == "stop":
            self.stop()
            time.sleep(dice.choice([0.2, 2.0]))
            self.go_on()
        elif what == "kill":
            self.kill()
            time.sleep(dice.choice([0.1, 1.5]))
            self.start(0)
            until(self.is_well, 20)
        else:
            self.compact()

    def end(self, *_):
        for member, child in enumerate(self.children):
            if child.poll() is None:
                self.go_on(member)
                self.kill(member)
        self.dir.cleanup()
