# SPDX-License-Identifier: GPL-2.0-or-later
"""The name that people type, /tmp/qmp-sock: who has it, and who must not take it."""

import os
import signal

from world import ALIAS, by_hand, greeting, listener, qemus, wait_for


def test_the_first_machine_has_the_alias(place):
    place.start("one")
    place.start("two")
    assert os.readlink(ALIAS) == place.known("one")["qmp"]
    assert place.known("one")["alias"] and not place.known("two")["alias"]
    assert greeting(ALIAS)
    place("stop", "one")
    assert not os.path.lexists(ALIAS)
    place("delete", "one")
    place("delete", "two", "--force")
    assert not [x for x in os.listdir("/tmp") if x.startswith("qmp-sock")]


def test_an_alias_left_behind_is_taken_over(place):
    place.start("one")
    os.kill(place.known("one")["pid"], signal.SIGKILL)
    wait_for(lambda: not qemus(), "it has ended")
    place.start("two")
    assert os.readlink(ALIAS) == place.known("two")["qmp"]


def test_a_socket_of_somebody_who_listens_is_left_alone(place):
    with listener(ALIAS):
        before = os.stat(ALIAS).st_ino
        place.start("one")
        assert os.stat(ALIAS).st_ino == before
        assert not place.known("one")["alias"]
        place("delete", "one", "--force")
        assert os.stat(ALIAS).st_ino == before
        place(status=1, says="belongs to a running machine")
        assert os.stat(ALIAS).st_ino == before


def test_one_who_is_about_to_bind_keeps_the_alias(place):
    slow = os.path.join(place.folder, "slow")
    with open(slow, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexec sleep 60\n")
    os.chmod(slow, 0o755)
    first = by_hand(place, ALIAS, slow)
    try:
        wait_for(lambda: b"sleep" in open(
            f"/proc/{first.pid}/cmdline", "rb").read(), "it has begun")
        place.start("one")
        assert not os.path.lexists(ALIAS)
    finally:
        first.kill()
        first.communicate()
    place.start("two")
    assert place.known("two")["alias"]


def test_what_is_not_a_socket_is_left_alone(place):
    with open(ALIAS, "w", encoding="ascii") as file:
        file.write("mine")
    place.start("one")
    with open(ALIAS, encoding="ascii") as file:
        assert file.read() == "mine"
