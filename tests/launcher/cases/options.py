# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept of the last start, and what is not."""

import os
import socket
import subprocess

from world import LAUNCHER, SMALL, STOPPED


def test_options_are_kept_and_replaced(place):
    place.start("one", "--devices", "3")
    assert place.known("one")["devices"] == 3
    place("stop", "one")
    place("start", "one")
    assert place.known("one")["devices"] == 3
    place("stop", "one")
    place.start("one")
    assert place.known("one")["devices"] == 1


def test_paths_are_kept_as_they_were_meant(place):
    """The next start may come from another folder."""
    before, folder = os.getcwd(), os.path.join(place.folder, "work")
    os.mkdir(folder)
    os.chdir(folder)
    try:
        place.start("one", "--pool", "pool", "--host-id", "1", "--dc-size",
                    "256M")
        os.chdir("/")
        place("stop", "one")
        pool = os.stat(os.path.join(folder, "pool")).st_ino
        place("start", "one")
        assert place.known("one")["pool"] == os.path.join(folder, "pool")
        assert os.stat(os.path.join(folder, "pool")).st_ino == pool
        assert not os.path.exists("/pool")
        place("stop", "one")
        os.rename(folder, folder + "-gone")
        place("start", "one", status=1, says="it was started in")
    finally:
        os.chdir(before)


def test_a_start_that_fails_changes_nothing(place):
    place.start("new", "--dc-size", "100M", status=2, says="256 MiB")
    assert place.states() == {}
    place.start("one", "--devices", "2")
    place("stop", "one")
    place.start("one", "--nonsense", status=2, says="unknown option")
    place("start", "one", "--", "-no-such-option", status=1, says="invalid")
    # What QEMU finds late, when its monitor has greeted already
    place.start("one", "--pool", os.path.join(place.folder, "pool"),
                "--dc-region", "256M:512M", status=1, says="block-size")
    place("start", "one", "--daemon", status=2, says="not for start")
    place("start", "one")
    assert place.known("one")["devices"] == 2


def test_a_machine_that_cannot_be_started_is_no_machine(place):
    place("--nonsense", status=2, says="unknown option")
    place("--memory", "1M", status=2, says="less than 512M")
    place("--memory", "4G", "start", "one", status=2, says="before all options")
    assert place.states() == {}


def test_words_that_are_no_command(place):
    for word in ("strat", "restart", "rm"):
        place(word, "one", status=2, says=f"there is no command '{word}'")
    assert "usage: dcd-vm" in place("help")
    assert place("version") == place("--version")
    assert place.states() == {}


def test_what_is_said_of_a_start_that_failed(place):
    out = place.start("one", "--pool", "/nonexistent/pool", "--dc-size", "256M",
                      status=1, says="cannot make pool")
    assert "ssh" not in out, out
    place.start("one", "--dc-region", "256M:3M", status=2,
                says="a power of two")


def test_what_to_call_next_is_called_as_the_user_calls_it(place):
    link = os.path.join(place.folder, "machine")
    os.symlink(LAUNCHER, link)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(1)
        done = subprocess.run(
            [link, "start", "one", *SMALL, "--ssh-port",
             str(sock.getsockname()[1]), *STOPPED], env=place.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 1 and "is in use" in done.stdout, done.stdout
    assert f"{link} list" in done.stdout and LAUNCHER not in done.stdout, \
        done.stdout
