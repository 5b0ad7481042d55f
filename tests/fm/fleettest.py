# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fmd on one machine for tests: a pool of heads without a machine below it

  CXL_FMD      the daemon
  CXL_FM       the tool
  POOL_DEVICE  tests/fm/pool-device
"""

import json
import os
import signal
import subprocess
import tempfile
import threading
import uuid

from fmtest import LIMIT, Bench, Failed, run_tests, until
from pooltest import Device
from webtest import Client, certificate, free_port, raw_unix

TOKENS = {"reader": "r" * 20, "user": "u" * 20, "admin": "a" * 20}


class Events:
    """A stream of server-sent events; a list that grows"""

    def __init__(self, path, query="", **headers):
        text = "".join(f"{k.replace('_', '-')}: {v}\r\n"
                       for k, v in headers.items())
        self.socket = raw_unix(path)
        self.socket.sendall(f"GET /v1/events{query} HTTP/1.0\r\n"
                            f"Host: localhost\r\n{text}\r\n".encode())
        self.file = self.socket.makefile("r", encoding="utf-8", newline="\n")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def next(self, limit=LIMIT):
        """{"id", "event", "data"} of the next event that has data"""
        self.socket.settimeout(limit)
        found = {}
        while True:
            line = self.file.readline()
            if not line:
                return None
            line = line.rstrip("\n")
            if line:
                key, _, value = line.partition(": ")
                found[key] = value
            elif "data" in found:
                return {"id": int(found["id"]), "event": found["event"],
                        "data": json.loads(found["data"])}
            else:
                found = {}

    def close(self):
        self.file.close()
        self.socket.close()


class Fleet(Client, Bench):
    """The daemon, a pool of two hosts, vm1 and vm2, and cxl-fm through it"""

    hosts = (1, 2)
    mib = 0                   # size of the pool; 0: as it comes

    def __init__(self, checks, test=None):
        self.checks = checks
        self.device = Device(self.hosts, self.mib)
        self.dir = tempfile.TemporaryDirectory(prefix="fleet-")
        self.socket = f"{self.dir.name}/api"
        self.address = f"fmd:{self.socket}"
        self.daemon = None
        self.log = []
        self.pair = None
        self.write_config(getattr(test, "config", ""),
                          getattr(test, "tcp", False),
                          getattr(test, "policy", ""))
        self.start_daemon()

    def write_config(self, config, tcp, policy):
        text = (f"[daemon]\nmachine = here\nstate = {self.dir.name}\n"
                f"run = {self.dir.name}\n[http]\nsocket = {self.socket}\n"
                f"{config}\n")
        if tcp:
            self.pair = certificate(self.dir.name)
            if not self.pair:
                raise Failed("no openssl")
            self.port = free_port()
            path = f"{self.dir.name}/tokens"
            with open(path, "w", encoding="ascii") as file:
                file.writelines(f"{role} {role} {token}\n"
                                for role, token in TOKENS.items())
            os.chmod(path, 0o600)
            text += (f"listen = 127.0.0.1:{self.port}\nkey = {self.pair[0]}\n"
                     f"certificate = {self.pair[1]}\ntokens = {path}\n")
        for host in self.hosts:
            text += (f"[host vm{host}]\nmonitor = {self.device.monitor(host)}\n"
                     f"label.row = {host}\n{policy}\n")
        self.config = f"{self.dir.name}/conf"
        with open(self.config, "w", encoding="ascii") as file:
            file.write(text)

    def start_daemon(self, listener=None):
        """@listener: a socket that is handed over as systemd does it"""
        command = [os.environ["CXL_FMD"], "-c", self.config]
        if listener:
            command = ["sh", "-c", f'exec 3<&{listener.fileno()}; LISTEN_PID=$$ '
                       'LISTEN_FDS=1 exec "$@"', "sh", *command]
        self.daemon = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True,
            pass_fds=[listener.fileno()] if listener else ())
        threading.Thread(target=self._read_log, args=(self.daemon.stderr,),
                         daemon=True).start()
        if not until(self.is_up, LIMIT):
            raise Failed("the daemon does not start:\n" + "".join(self.log))

    def _read_log(self, pipe):
        with pipe:
            for line in pipe:
                self.log.append(line)

    def is_up(self):
        """It serves, and has reached its hosts."""
        try:
            hosts = self.get("/v1/hosts").json()["hosts"]
        except OSError:
            return False
        return len(hosts) == len(self.hosts) and all(
            h["reachable"] and h["alive"] for h in hosts)

    def kill_daemon(self, signal_=signal.SIGKILL):
        self.daemon.send_signal(signal_)
        code = self.daemon.wait(timeout=LIMIT)
        self.daemon = None
        return code

    def host(self, host, *words):
        self.device.host(host, *words)

    # --- HTTP ---

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def wants(self, status, code, method, path, body=None, **headers):
        """Ask and check the status and the word for programs."""
        answer = self.ask(method, path, body, **headers)
        self.checks.that((answer.status, answer.code()) == (status, code),
                         f"{method} {path} {repr(body)[:50]} "
                         f"{repr(headers)[:50]} gives {status} {code}", answer)
        return answer

    def events(self, query="", **headers):
        return Events(self.socket, query, **headers)

    def claim(self, size="16M", **members):
        """A new claim that is put; its path"""
        path = f"/v1/claims/{uuid.uuid4()}"
        answer = self.ask("PUT", path, {"bytes": size, **members})
        if answer.status != 201:
            raise Failed(f"no claim: {answer}")
        return path

    def phase(self, path):
        answer = self.get(path)
        if answer.status == 404:
            return "gone"
        return (answer.json()["status"] or {}).get("phase", "Pending")

    def reaches(self, path, phase, limit=LIMIT):
        good = until(lambda: self.phase(path) == phase, limit)
        self.checks.that(good, f"the claim is {phase}", self.get(path))
        return good

    def close(self):
        if self.daemon:
            code = self.kill_daemon(signal.SIGTERM)
            self.checks.equal(code, 0, "the daemon ends in good order")
        wrong = [line for line in self.log if "ERROR" in line or
                 "CRITICAL" in line or "Sanitizer" in line]
        self.checks.equal(wrong, [], "its journal has no complaint")
        self.checks.equal(self.device.close(), 0,
                          "the pool ends in good order")
        self.dir.cleanup()


def main(*tests):
    import sys
    chosen = [t for t in tests if t.__name__ in sys.argv[1:]] or tests
    run_tests(chosen, Fleet)
