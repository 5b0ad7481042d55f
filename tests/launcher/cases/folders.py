# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose the folders are, and that other users are in nobody's way."""

import os
import stat

from world import ALIAS, NOBODY, SMALL, STOPPED, Skip, as_nobody, by_hand


def test_the_folder_is_for_its_owner_only(place):
    place.start("one")
    for path in (place.base, os.path.join(place.base, "one")):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700, path
    for name in os.listdir(os.path.join(place.base, "one")):
        mode = os.stat(os.path.join(place.base, "one", name)).st_mode
        assert not mode & 0o077, name


def test_a_folder_that_others_may_read_is_refused(place):
    os.mkdir(place.base)
    os.chmod(place.base, 0o755)
    place("list", status=1, says=f"chmod 700 {place.base}")


def test_a_link_in_the_place_of_the_folder_is_refused(place):
    os.mkdir(os.path.join(place.folder, "other"), 0o700)
    os.symlink("other", place.base)
    place("list", status=1, says="not a folder of yours")


def test_a_link_in_the_place_of_a_machine_is_no_machine(place):
    place("list")
    os.mkdir(os.path.join(place.folder, "other"))
    os.symlink(os.path.join(place.folder, "other"),
               os.path.join(place.base, "one"))
    place.start("one", status=1, says="is not a folder")
    place("delete", "one", "--force", status=1)
    assert os.path.isdir(os.path.join(place.folder, "other"))


def test_the_runtime_folder_of_another_user_is_not_used(place):
    os.chown(place.folder, NOBODY, NOBODY)
    place("list")
    assert not os.path.exists(place.base)


def test_another_user_has_machines_of_its_own_without_a_home(place):
    with open("/proc/self/uid_map", encoding="ascii") as file:
        if int(file.read().split()[2]) < NOBODY:
            raise Skip("needs root")
    place.start("one")
    folder = f"/tmp/dcd-vm-{NOBODY}"
    done = as_nobody("start", "one", *SMALL, *STOPPED)
    assert done.returncode == 0, done.stdout
    assert ALIAS not in done.stdout, "the alias of another user"
    done = as_nobody("list")
    assert "2223" in done.stdout, done.stdout
    done = as_nobody("ssh", "one")
    assert "console one" in done.stdout, done.stdout
    done = as_nobody("delete", "one", "--force")
    assert done.returncode == 0, done.stdout
    os.unlink(os.path.join(folder, ".lock"))
    os.rmdir(folder)
    os.mkdir(folder, 0o700)
    done = as_nobody("list")
    assert done.returncode == 1 and "somebody else made it" in done.stdout, \
        done.stdout
    os.rmdir(folder)


def test_what_another_user_left_behind_is_in_nobodys_way(place):
    with open("/proc/self/uid_map", encoding="ascii") as file:
        if int(file.read().split()[2]) < NOBODY:
            raise Skip("needs root")
    before = os.umask(0o077)
    try:
        for path in (ALIAS, "/tmp/other"):
            assert by_hand(place, path).wait() == 0
    finally:
        os.umask(before)
    with open("/tmp/dark.lock", "w", encoding="ascii"):
        os.chmod("/tmp/dark.lock", 0o600)
    for path in (ALIAS, "/tmp/other", "/tmp/dark"):
        assert os.path.exists(path + ".lock")
        done = as_nobody("--qemu", "/bin/true", "--qmp", path, "--ssh-port",
                         "2399")
        assert done.returncode == 0, done.stdout
