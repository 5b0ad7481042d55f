# SPDX-License-Identifier: GPL-2.0-or-later
"""ssh to the guest: by which key it knows it, and whom it lets in"""

import socket
import subprocess

OWN = "/etc/ssh/ssh_host_ed25519_key"
GIVE = "/usr/local/sbin/cxl-dcd-host-key"
USED = "/run/cxl-dcd/host_key"


def test_handed_in(vm, check):
    """That we are here says that it is the right one: ssh looks at it."""
    check.equal(vm.guest(f"ls {OWN}").status, 2, "none is on the disk")
    check.equal(vm.guest_ok(f"stat -c '%U %a' {USED}"), "root 600",
                "it is root's")


def test_own(vm, check):
    """Where none is handed in, as when another user starts the machine"""
    handed_in = vm.guest_ok(f"cat {USED}")
    try:
        for _ in range(2):
            vm.guest_ok(f"{GIVE} /nonexistent")
            own = vm.guest_ok(f"cat {OWN}")
            check.that(own != handed_in, "one is made")
            check.equal(vm.guest_ok(f"cat {USED}"), own, "and taken, and kept")
        check.equal(vm.guest_ok(f"stat -c '%U %a' {OWN}"), "root 600",
                    "it is root's")
        vm.guest_ok("/usr/sbin/sshd -t")
    finally:
        vm.guest_ok(f"rm -f {OWN} {OWN}.pub && {GIVE}")
    check.equal(vm.guest_ok(f"cat {USED}"), handed_in, "as it was")


def test_knocking(vm, check):
    """Who looks whether the guest is up, again and again, keeps nobody out."""
    greeted = 0
    for _ in range(40):
        with socket.create_connection(("127.0.0.1", vm.port), 30) as sock:
            sock.settimeout(30)
            greeted += sock.recv(4) == b"SSH-"
    check.equal(greeted, 40, "it greets each time")
    done = subprocess.run(vm.ssh_command()[:-1] + [
        "-o", "ControlPath=none", "guest", "true"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
        check=False)
    check.equal((done.returncode, done.stdout), (0, ""), "a new connection")
