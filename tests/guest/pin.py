# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of ours in the guest: pin.c, a process that holds on to pages."""

import os
import subprocess

from vm import BUILD, poll

NAME = "/tmp/pin"
SAID = "/tmp/pinned"


def push(vm, name):
    """Build NAME.c and bring it into the guest, as /tmp/NAME."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          f"{name}.c")
    program = os.path.join(BUILD, "guest", "test", name)
    os.makedirs(os.path.dirname(program), exist_ok=True)
    subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror",
                    "-static", "-o", program, source], check=True)
    copy(vm, program)


def copy(vm, path):
    """A file into the guest's /tmp; its path there."""
    there = f"/tmp/{os.path.basename(path)}"
    with open(path, "rb") as file:
        subprocess.run(vm.ssh_command() + [
            f"cat > {there} && chmod +x {there}"], input=file.read(),
            check=True, timeout=60)
    return there


def push_pin(vm):
    push(vm, "pin")


def hold(vm, where, arguments=""):
    """Start it with memory of a node or a DAX device; back when it has it."""
    # What an earlier one has said is not for this one; the shell that makes
    # the file anew may do so after we look.
    vm.guest_ok(f"rm -f {SAID}; setsid {NAME} {where} {arguments} > {SAID} "
                "2>&1 < /dev/null &")
    poll(lambda: "pinned" in vm.guest(f"cat {SAID}").out, 60,
         "a process holds on to its pages")


def said(vm):
    """What it has said, as words."""
    return vm.guest_ok(f"cat {SAID}").split()
