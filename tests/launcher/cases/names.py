# SPDX-License-Identifier: GPL-2.0-or-later
"""What a machine may be called, and what is said of one that is not there."""

import os



def test_hostile_names_are_refused_and_make_nothing(place):
    for name in ("../x", "..", ".", ".hidden", "a/b", "/etc", "with blank", "",
                 "-x", "--force", "a" * 33, "a\nb", "ä", "a,b", "a;b", "$(id)"):
        place("start", name, status=2)
    for command in ("stop", "status", "ssh", "console", "delete"):
        place(command, "../x", status=2)
    assert not os.path.exists(os.path.join(place.folder, "x"))
    left = set(os.listdir(place.base)) if os.path.isdir(place.base) else set()
    assert left <= {".lock"}, left


def test_a_name_may_have_32_characters(place):
    place.start("a" * 32)
    assert place.states() == {"a" * 32: "running"}


def test_what_is_not_there_is_said_with_what_there_is(place):
    place.start("one")
    for command in ("stop", "status", "ssh", "console", "delete"):
        place(command, "two", status=1, says="there are: one")
    place("stop", status=2, says="needs the NAME")
    place("list", "--nonsense", status=2, says="--cxl-fm")
    place("stop", "one", "--nonsense", status=2)


def test_a_name_too_long_for_a_socket_is_refused(place):
    deep = os.path.join(place.folder, "d" * 80)
    os.mkdir(deep)
    place.env["XDG_RUNTIME_DIR"] = deep
    place.start("n" * 32, status=1, says="shorter name")
    assert not os.path.exists(os.path.join(deep, "dcd-vm", "n" * 32))
