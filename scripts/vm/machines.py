#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that have names: start, stop, status, list, ssh, console, delete.

scripts/dcd-vm calls this; `dcd-vm --help` is the documentation.
"""

import json
import os
import sys

from console import attach
from machine import Machine, machines, ssh_words
from place import ALIAS, CALL, Failed, base_folder, greets, say

NOT_RUNNING = 3


def flags(words, known):
    """What of the known flags was given; anything else is refused."""
    for word in words:
        if word not in known:
            raise Failed(f"unknown option {word!r}"
                         + (f" (there are: {', '.join(known)})" if known else "")
                         + f"; {CALL} --help", 2)
    return set(words)


def named(words, command):
    """(the machine, what comes behind its name)"""
    if not words or not words[0]:
        raise Failed(f"{command} needs the NAME of a machine; `{CALL} list` "
                     "shows those that there are", 2)
    return Machine(base_folder(), words[0]), words[1:]


def start(words):
    machine, options = named(words, "start")
    wait = False
    end = options.index("--") if "--" in options else len(options)
    for word in options[:end]:
        if word in ("--daemon", "--folder", "--print", "--pidfile"):
            raise Failed(f"{word} is not for start", 2)
    if "--wait" in options[:end]:
        options.remove("--wait")
        wait = True
    if not options and machine.exists():
        options, folder = machine.last_start()
        if options:
            try:
                os.chdir(folder)
            except OSError as err:
                raise Failed(f"it was started in {folder} last: {err.strerror}; "
                             "give its options") from None
            say("as it was started last: " + " ".join(options))
    machine.start(options, wait)


def run(words):
    """Without a command: the machine `default`, in this terminal."""
    machine = Machine(base_folder(), "default")
    end = words.index("--") if "--" in words else len(words)
    if "--daemon" in words[:end]:
        words.remove("--daemon")
        machine.start(words, False)
        return 0
    return machine.run(words)


def stop(words):
    machine, rest = named(words, "stop")
    machine.stop("--force" in flags(rest, ["--force"]))


def delete(words):
    machine, rest = named(words, "delete")
    machine.delete("--force" in flags(rest, ["--force"]))


def described(machine):
    """What `status` and `list` tell, for programs."""
    state, info = machine.look()
    known = {"name": machine.name, "state": state, "folder": machine.folder,
             "options": machine.last_start()[0]}
    if state == "running":
        numbers = ("pid", "memory", "cpus", "devices", "bridges", "capacity",
                   "ssh_port", "host_id")
        known.update({k.replace("_", "-"): int(v) if k in numbers else v
                      for k, v in info.items()
                      if k not in ("started", "keep") and v})
        known["keep"] = info.get("keep") == "true"
        known["alias"] = os.path.realpath(ALIAS) == \
            os.path.realpath(info["qmp"])
    return known


def size(number):
    for unit, shift in (("TiB", 40), ("GiB", 30), ("MiB", 20)):
        if number >> shift and not number & ((1 << shift) - 1):
            return f"{number >> shift} {unit}"
    return f"{number} B"


def rows_of(known):
    """What a person wants to know, one thing a line."""
    yield "state", known["state"]
    if known["state"] == "running":
        up = greets(known["ssh-address"].replace("0.0.0.0", "127.0.0.1"),
                    known["ssh-port"], 2)
        yield "guest", "has booted" if up else "is booting"
        yield "process", f"{known['pid']}, {known['accel']}"
        yield "machine", f"{known['cpus']} processors, {size(known['memory'])}"
        yield "devices", (
            f"{known['devices']} with {size(known['capacity'])} each: cxl-mem0 is "
            "serial 1 in the guest's `cxl list -M`"
            if known["devices"] > 1 else
            f"cxl-mem0 with {size(known['capacity'])}")
        if "pool" in known:
            yield "pool", f"{known['pool']}, host {known['host-id']}"
        yield "ssh", (f"{CALL} ssh {known['name']}, or ssh -p "
                      f"{known['ssh-port']} root@localhost")
        yield "monitor", known["qmp"] + (
            f" ({ALIAS})" if known["alias"] and known["qmp"] != ALIAS else "")
        yield "cxl-fm", f"cxl-fm -a qmp:{known['fm-qmp']}"
        yield "FM line", f"cxl-fm -a fm:{known['fm']}"
        if "console" in known:
            yield "console", f"{CALL} console {known['name']}"
    yield "options", " ".join(known["options"]) or "none"
    yield "folder", known["folder"]


def status(words):
    machine, rest = named(words, "status")
    wants = flags(rest, ["--json"])
    machine.must_exist()
    known = described(machine)
    if wants:
        print(json.dumps(known, indent=2))
    else:
        print(machine.name)
        for title, text in rows_of(known):
            print(f"  {title:8} {text}")
    return 0 if known["state"] == "running" else NOT_RUNNING


def list_all(words):
    wants = flags(words, ["--json", "--cxl-fm"])
    found = [described(m) for m in machines(base_folder())]
    if "--json" in wants:
        print(json.dumps({"machines": found}, indent=2))
    elif "--cxl-fm" in wants:
        print("[machines]")
        for known in found:
            if known["state"] == "running":
                print(f"{known['name']} = qmp:{known['fm-qmp']}")
    elif not found:
        print(f"no machine; `{CALL} start NAME` makes one")
    else:
        print(f"{'NAME':16} {'STATE':8} {'PROCESS':>8} {'SSH':>6} DEVICES")
        for known in found:
            print(f"{known['name']:16} {known['state']:8} "
                  f"{known.get('pid', '-'):>8} {known.get('ssh-port', '-'):>6} "
                  + (f"{known['devices']} x {size(known['capacity'])}"
                     if "devices" in known else "-"))
    return 0


def ssh(words):
    machine, command = named(words, "ssh")
    info = machine.must_run()
    call = ssh_words(info)
    if not os.access(call[2], os.R_OK):
        raise Failed(f"the key in {os.path.dirname(call[2])} is another user's: "
                     f"{CALL} console {machine.name} (root, no password), or ssh "
                     f"-p {info['ssh_port']} root@localhost with a key of yours")
    machine.wait_boot()
    os.execvp(call[0], call + command)


def console(words):
    machine, rest = named(words, "console")
    flags(rest, [])
    info = machine.must_run()
    if not info.get("console"):
        raise Failed(f"the console of '{machine.name}' is the terminal that it "
                     "was started in")
    attach(info["console"], machine.name)


COMMANDS = {"start": start, "run": run, "stop": stop, "delete": delete,
            "status": status, "list": list_all, "ssh": ssh, "console": console}


def main(words):
    # What machines write is for their owner only.
    os.umask(0o077)
    try:
        return COMMANDS[words[0]](words[1:]) or 0
    except Failed as err:
        say(f"error: {err}", sys.stderr)
        return err.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as err:
        say(f"error: {err}", sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
