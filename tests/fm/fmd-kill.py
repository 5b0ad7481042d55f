# SPDX-License-Identifier: GPL-2.0-or-later
"""A host's process that hangs: it is ended before what it has is taken back"""

import os
import re
import signal
import socket
import subprocess
import threading
import time

from fmdtest import MIB, World, run_tests
from fmtest import until

A = "aaaaaaaa-0000-4000-8000-000000000001"


class Hung(World):
    """vm1 is of one process, vm2 of another, on the same pool"""

    def __init__(self, checks, policy="kill-after = 2"):
        super().__init__(checks, start=False, hosts=(1,))
        self.policy_text = ("ask-timeout = 1\nreclaim-after = 0\n" + policy)
        self.monitor = f"{self.pool.dir.name}/qmp2"
        self.start_vm2()
        self.configure(self.monitor)

    def configure(self, monitor):
        self.hosts["vm2"] = (f"qmp:{monitor}", self.policy_text)
        self.fmd.configure(self.hosts)

    def start_vm2(self):
        self.vm2 = subprocess.Popen(
            [os.environ["POOL_DEVICE"], self.pool.dir.name, "2"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.vm2.stdout.readline()

    def bound_and_hung(self):
        self.begin()
        self.bound(A, "vm2")
        self.vm2.send_signal(signal.SIGSTOP)
        self.fmd.delete(A)

    def lives(self):
        return self.vm2.poll() is None

    def close(self):
        if self.lives():
            self.vm2.send_signal(signal.SIGCONT)
            self.vm2.stdin.close()
            self.vm2.wait(timeout=30)
        elif not self.vm2.stdin.closed:
            self.vm2.stdin.close()
        self.vm2.stdout.close()
        super().close()


def killed(w):
    """It is ended, seen to have ended, and what it had is free"""
    w.bound_and_hung()
    w.goes(A, 30)
    w.checks.equal(w.vm2.wait(timeout=10), -signal.SIGKILL, "it was killed")
    w.checks.equal(w.pool.tags(), {}, "nothing is out")
    acts = [e["text"] for e in w.fmd.events()
            if e.get("object") == A and e.get("kind") == "act"]
    said = [text.split(" at ")[0] for text in acts if text.endswith("done")]
    w.checks.equal(said, ["add", "kill", "reclaim"], "in this order")
    w.audited()
    w.start_vm2()
    w.bound(A, "vm2")
    w.fmd.delete(A)
    w.goes(A)


def patient(w):
    """It is not, when it answers in time"""
    w.bound_and_hung()
    w.checks.that(until(lambda: "will be ended" in w.fmd.status(A).get(
        "message", ""), 20), "it is said", w.fmd.claim(A))
    w.vm2.send_signal(signal.SIGCONT)
    w.goes(A)
    w.checks.that(w.lives(), "it lives")
    w.checks.equal(kills(w), [], "nothing was done to it")


patient.policy = "kill-after = 3600"


def never(w):
    """It is not, when nobody allowed it, however long it hangs"""
    w.bound_and_hung()
    w.checks.that(until(lambda: "does not answer" in w.fmd.status(A).get(
        "message", ""), 20), "it is said", w.fmd.claim(A))
    # Its queue of connections comes to be full, which is no end, either.
    time.sleep(8)
    w.checks.equal(w.fmd.phase(A), "Releasing", "it waits")
    w.checks.that(w.lives(), "it lives")
    w.checks.that(A in w.pool.tags(), "and keeps what it has")


never.policy = ""


class Relay:
    """Listens at a monitor's place, and is not the host.

    Once it is muted, @answers lines of the host's pass on each connection that
    is made then.
    """

    def __init__(self, path, monitor, answers=0):
        self.monitor, self.answers = monitor, answers
        self.muted = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def carry(self, source, sink, left):
        try:
            while line := source.readline():
                if self.muted.is_set():
                    left -= 1
                    if left < 0:
                        return
                sink.sendall(line)
        except OSError:
            pass

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            left = self.answers if self.muted.is_set() else 0
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.monitor)
            for source, sink, lines in ((client, server, 1 << 30),
                                        (server, client, left)):
                threading.Thread(target=self.carry, args=(
                    source.makefile("rb"), sink, lines), daemon=True).start()


def behind_relay(w, answers):
    path = f"{w.dir.name}/relay"
    relay = Relay(path, w.monitor, answers)
    w.configure(path)
    w.begin()
    w.bound(A, "vm2")
    relay.muted.set()
    w.fmd.delete(A)


def bystander(w):
    """Nor who only listens at its monitor, and is not the host"""
    behind_relay(w, answers=0)
    # This process listens: it would not see the rest.
    w.checks.that(until(lambda: "has not the pool open" in w.fmd.status(A).get(
        "message", ""), 30), "it says who must act", w.fmd.claim(A))
    w.checks.that(w.lives(), "the host lives")


def kills(w):
    return [e["text"] for e in w.fmd.events() if e.get("kind") == "act" and
            "kill" in e["text"]]


def failed(w):
    """How often its monitor was asked for a line, and gave none of use"""
    text = w.fmd.ask("GET", "/metrics").text
    return int(re.search(r"connects_failed_total (\d+)", text)[1])


def half(w):
    """Nor one that answers, though not to all: it is silent from then on"""
    behind_relay(w, answers=3)    # greeting, capabilities, devices
    w.checks.that(until(lambda: failed(w) >= 5, 60), "it is asked")
    w.checks.equal(kills(w), [], "nothing was done to it")


half.policy = "kill-after = 7"


def between(w):
    """Nor one that has not been asked since the time was over"""
    w.bound_and_hung()
    begun = time.monotonic()
    # The fifth question comes four seconds after the fourth has failed.
    w.checks.that(until(lambda: failed(w) >= 4, 60), "it is asked")
    w.vm2.send_signal(signal.SIGCONT)
    if time.monotonic() - begun > 15:
        w.checks.skip("between", "the machine is slow: it was asked too late")
        return
    w.goes(A, 30)
    w.checks.that(w.lives(), "it lives")
    w.checks.equal(kills(w), [], "nothing was done to it")


between.policy = "kill-after = 14"


TESTS = (killed, patient, never, bystander, half, between)

if __name__ == "__main__":
    import sys
    run_tests([t for t in TESTS if t.__name__ in sys.argv[1:]] or TESTS, lambda checks, test: Hung(
        checks, getattr(test, "policy", "kill-after = 2")))
