# SPDX-License-Identifier: GPL-2.0-or-later
"""--qmp of those who arrange it by hand."""

import os
import socket

from world import SMALL, STOPPED, by_hand, greeting, listener, qemus, wait_for


def test_a_live_socket_is_never_removed(place):
    # Neither a colon in the path nor a missing socat makes it look dead.
    place.env["PATH"] = os.path.join(place.folder, "bin")
    os.mkdir(place.env["PATH"])
    for tool in ("sh", "dirname", "readlink", "cat", "awk", "sed", "grep",
                 "perl", "flock", "wc", "cut", "head", "rm", "python3", "mv",
                 "tr", "env"):
        for folder in ("/usr/bin", "/bin"):
            if os.path.exists(f"{folder}/{tool}"):
                os.symlink(f"{folder}/{tool}",
                           os.path.join(place.env["PATH"], tool))
                break
    for name in ("plain", "with:colon", "with blank"):
        path = os.path.join(place.folder, name)
        with listener(path) as sock:
            done = by_hand(place, path)
            out = done.communicate(timeout=30)[0]
            assert done.returncode == 1 and "running machine" in out, out
            sock.settimeout(1)
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(path)
        done = by_hand(place, path)
        out = done.communicate(timeout=30)[0]
        assert done.returncode == 0, out
        assert not os.path.exists(path), "one that nobody answers is removed"


def test_a_socket_whose_queue_is_full_is_live(place):
    path = os.path.join(place.folder, "full")
    clients = []
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
        sock.listen(0)
        for _ in range(8):
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            clients.append(client)
            try:
                client.connect(path)
            except BlockingIOError:
                break
        done = by_hand(place, path)
        out = done.communicate(timeout=30)[0]
        assert done.returncode == 1 and "running machine" in out, out
        assert os.path.exists(path)
    for client in clients:
        client.close()


def test_two_that_want_one_socket_do_not_both_get_it(place):
    path = os.path.join(place.folder, "shared")
    slow = os.path.join(place.folder, "slow")
    with open(slow, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexec sleep 60\n")
    os.chmod(slow, 0o755)
    first = by_hand(place, path, slow)
    try:
        wait_for(lambda: os.path.exists(path + ".lock"), "the first is there")
        wait_for(lambda: b"sleep" in open(
            f"/proc/{first.pid}/cmdline", "rb").read(), "it has begun")
        done = by_hand(place, path)
        out = done.communicate(timeout=30)[0]
        assert done.returncode == 1 and "running machine" in out, out
    finally:
        first.kill()
        first.communicate()
    done = by_hand(place, path)
    out = done.communicate(timeout=30)[0]
    assert done.returncode == 0, out


def test_by_hand_in_the_background(place):
    paths = [os.path.join(place.folder, n) for n in ("a", "b")]
    for number, path in enumerate(paths):
        place(*SMALL, "--daemon", "--qmp", path, "--ssh-port",
              str(2300 + number), *STOPPED)
        assert greeting(path)
        with open(path + ".pid", encoding="ascii") as file:
            assert int(file.read()) in qemus()
        assert os.path.exists(path + ".log")
    assert place.states() == {}
    # The lock is QEMU's as long as it runs.
    out = by_hand(place, paths[0]).communicate(timeout=30)[0]
    assert "running machine" in out, out
