# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fmd under systemd: its units, and what it tells and is given"""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess

from fmdtest import World, run_tests
from fmtest import until

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
UNITS = os.path.join(TOP, "packaging", "systemd")


def units(w):
    """The units are good, and leave the daemon few rights"""
    if not shutil.which("systemd-analyze"):
        print("# no systemd-analyze: not tested")
        return
    for name in ("cxl-fmd.service", "cxl-fmd.socket"):
        with open(f"{UNITS}/{name}", encoding="utf-8") as file:
            text = file.read().replace("/usr/sbin/cxl-fmd",
                                       os.environ["CXL_FMD"])
        with open(f"{w.dir.name}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    path = f"{w.dir.name}/cxl-fmd.service"
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    said = [l for l in done.stdout.splitlines() if "cxl-fmd" in l]
    w.checks.that(not said, "nothing is wrong with them", done.stdout)
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes",
                           "--threshold=25", path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    w.checks.that(not done.returncode, "exposure below 2.5", done.stdout)


def example(w):
    """The configuration of the package is good, and so are its examples"""
    path = os.path.join(TOP, "packaging", "cxl-fmd.conf")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    spoken = re.sub(r"^#(?=[a-z[])", "", text, flags=re.M)
    w.checks.that(spoken.count("\n[") > text.count("\n["), "it has examples")
    # What they name is on no machine.
    spoken = re.sub(r"^(listen|certificate|key|tokens|client-ca|client-crl) "
                    r".*\n", "", spoken, flags=re.M)
    for name, words, says in (
            ("as it is", text, "0 hosts, store sqlite:"),
            ("with its examples", spoken, "1 hosts, store etcd:https://a:")):
        with open(f"{w.dir.name}/example", "w", encoding="utf-8") as file:
            file.write(words)
        done = subprocess.run([os.environ["CXL_FMD"], "--check", "-c",
                               f"{w.dir.name}/example"], text=True, timeout=30,
                              stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT)
        w.checks.that(not done.returncode and says in done.stdout, name,
                      done.stdout)


def told(w):
    """READY, WATCHDOG, RELOADING, STOPPING"""
    path = f"{w.dir.name}/notify"
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.bind(path)
    line.settimeout(10)
    heard = []

    def hears(word):
        while word not in "\n".join(heard):
            heard.append(line.recv(4096).decode())
        return True
    # WATCHDOG_PID must not be somebody else's: without it, it is everybody's.
    w.fmd.start(NOTIFY_SOCKET=path, WATCHDOG_USEC="600000")
    w.checks.that(hears("READY=1"), "ready", heard)
    w.checks.that(hears("WATCHDOG=1"), "alive", heard)
    w.fmd.kill(signal.SIGHUP)
    w.checks.that(hears("RELOADING=1"), "reads its file anew", heard)
    heard.clear()
    w.checks.that(hears("READY=1"), "and is ready again", heard)
    w.checks.equal(w.fmd.end(), 0, "it ends in good order")
    w.checks.that(hears("STOPPING=1"), "and said so", heard)
    line.close()


def given(w):
    """A socket that systemd listens on is used"""
    line = socket.socket(socket.AF_UNIX)
    line.bind(w.fmd.api)
    line.listen()

    def hand_over():
        os.dup2(line.fileno(), 3)
        os.environ["LISTEN_PID"] = str(os.getpid())
    with open(w.fmd.log, "a", encoding="utf-8") as log:
        w.fmd.child = subprocess.Popen(
            ["sh", "-c", "LISTEN_PID=$$ exec \"$0\" -v -c \"$1\"",
             os.environ["CXL_FMD"], w.fmd.path], stderr=log, pass_fds=[3],
            preexec_fn=hand_over, env=dict(os.environ, LISTEN_FDS="1"))
    line.close()
    w.checks.that(w.fmd.ready(), "it answers there", w.fmd.told())
    w.checks.equal(w.fmd.end(), 0, "it ends in good order")
    w.checks.that(os.path.exists(w.fmd.api), "the socket stays systemd's")


def check(w):
    """--check says what is wrong, and starts nothing"""
    def run(text):
        with open(w.fmd.path, "w", encoding="utf-8") as file:
            file.write(text)
        return subprocess.run([os.environ["CXL_FMD"], "--check", "-c",
                               w.fmd.path], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              check=False)
    good = run(f"[daemon]\nstate = {w.dir.name}/none\n[host a]\n"
               "monitor = qmp:/x\nlabel.row = 3\nmax = 64 GiB\n")
    w.checks.that(not good.returncode and "1 hosts" in good.stdout, "good",
                  good.stdout)
    w.checks.that(not os.path.exists(f"{w.dir.name}/none"), "nothing is made")
    for text, words in (("[demon]\n", "[demon]"),
                        ("[daemon]\npas = 1\n", "pas"),
                        ("[daemon]\npass = 0\n", "1 to 3600"),
                        ("[daemon]\nmachine = a b\n", "machine"),
                        ("[host a]\n", "monitor"),
                        ("[host a]\nmonitor = tcp:x\n", "qmp:/PATH"),
                        ("[host a]\nmonitor = qmp:/x\nmin = 2G\nmax = 1G\n",
                         "min"),
                        ("[host a]\nmonitor = qmp:/x\nforce-after = soon\n",
                         "never"),
                        ("[host a]\nmonitor = qmp:/x\n[host b]\n"
                         "monitor = qmp:/x\n", "same"),
                        ("[http]\nsokcet = x\n", "sokcet"),
                        ("nonsense", "")):
        done = run(text)
        w.checks.that(done.returncode == 1 and words in done.stdout,
                      f"{text!r} is refused", done.stdout)


def modes(w):
    """What it makes is nobody else's, whatever the umask"""
    mask = os.umask(0)
    try:
        w.begin()
    finally:
        os.umask(mask)
    w.bound()
    run, state = f"{w.dir.name}/run", f"{w.dir.name}/fmd"
    files = [f"{w.dir.name}/{name}" for name in os.listdir(w.dir.name)
             if name.startswith("store.db")]
    files += [f"{folder}/{name}" for folder in (run, state)
              for name in os.listdir(folder)]
    w.checks.that({os.path.basename(f).split("-")[0] for f in files} ==
                  {"store.db", "events.db", "pool"}, "its files", files)
    for path in files:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        w.checks.equal(oct(mode), "0o600", os.path.relpath(path, w.dir.name))
    for path in (run, state):
        mode = stat.S_IMODE(os.stat(path).st_mode)
        w.checks.that(not mode & 0o027, os.path.relpath(path, w.dir.name),
                      oct(mode))
    w.checks.equal(oct(stat.S_IMODE(os.stat(w.fmd.api).st_mode)), "0o660",
                   "its socket is for its group")


def pool(w):
    """A host that is put as one of another pool is let alone"""
    w.hosts["vm1"] = (w.hosts["vm1"][0], "pool = "
                      "cccccccc-0000-4000-8000-000000000003")
    w.fmd.configure(w.hosts)
    w.begin()
    w.checks.that(until(lambda: "let alone" in [
        h["error"] or "" for h in w.fmd.list("hosts")
        if h["name"] == "vm1"][0]), "it says so", w.fmd.list("hosts"))
    claim = w.fmd.put(None, "vm1")[0]
    w.comes(claim, "Pending")


if __name__ == "__main__":
    run_tests([units, example, told, given, check, modes, pool],
              lambda checks, test: World(checks, start=False))
