# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9, what hangs, and what is damaged."""

import fcntl
import os
import signal
import struct
import subprocess
import time

from world import SMALL, STOPPED, qemus, wait_for


def test_after_kill_9_of_qemu_all_commands_understand(place):
    place.start("one")
    os.kill(place.known("one")["pid"], signal.SIGKILL)
    wait_for(lambda: not qemus(), "it has ended")
    assert place.states() == {"one": "stopped"}
    place("status", "one", status=3, says="stopped")
    place("ssh", "one", status=1, says="does not run")
    place("console", "one", status=1, says="does not run")
    place("stop", "one", says="does not run")
    place("start", "one", says="as it was started last")
    assert place.states() == {"one": "running"}
    os.kill(place.known("one")["pid"], signal.SIGKILL)
    wait_for(lambda: not qemus(), "it has ended")
    place("delete", "one")
    assert place.states() == {}


def test_after_kill_9_of_the_launcher_all_commands_understand(place):
    for delay in (0, 0.05, 0.1, 0.2, 0.3, 0.5):
        launcher = place.popen("start", "one", *SMALL, *STOPPED)
        time.sleep(delay)
        launcher.kill()
        launcher.communicate()
        # What it began may go on for a moment, and is one or the other then.
        wait_for(lambda: "starting" not in place.states().values(), "it is done")
        state = place.states().get("one")
        if state is None:
            continue
        place("status", "one", status=0 if state == "running" else 3)
        if state == "running":
            place.start("one", status=1, says="running already")
        place("delete", "one", "--force")
        assert place.states() == {} and not qemus(), delay


def test_a_number_used_again_is_not_taken_for_the_machine(place):
    place.start("one")
    info = os.path.join(place.base, "one", "info")
    with open(info, encoding="utf-8") as file:
        text = file.read()
    pid = place.known("one")["pid"]
    other = subprocess.Popen(["sleep", "60"])
    forged = text.replace(f"pid={pid}\n", f"pid={other.pid}\n")
    try:
        # The machine runs, and the number is another's.
        with open(info, "w", encoding="utf-8") as file:
            file.write(forged)
        place("stop", "one", "--force", status=1)
        place("delete", "one", "--force", status=1)
        assert other.poll() is None
        # It has ended, and the number is another's.
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not qemus(), "it has ended")
        assert place.states() == {"one": "stopped"}
        place("stop", "one", "--force")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_one_that_hangs_can_be_killed(place):
    place.start("one")
    os.kill(place.known("one")["pid"], signal.SIGSTOP)
    place("list")
    place("stop", "one", "--force", says="is stopped")
    assert not qemus()


def test_damaged_files_are_no_end(place):
    place.start("one")
    place("stop", "one")
    for name in ("options", "info"):
        for text in ("", "{", "[1, 2]", "pid=x\nstarted=\n", "\xff\0"):
            with open(os.path.join(place.base, "one", name), "w",
                      encoding="utf-8") as file:
                file.write(text)
            assert place.states() == {"one": "stopped"}
            place("status", "one", status=3)
    place.start("one")


def test_the_lock_of_a_machine_is_asked_for_and_not_taken(place):
    """Those who look must not be in the way of one who starts."""
    place.start("one")
    place("stop", "one")
    with open(os.path.join(place.base, "one", "lock"), "r+b") as file:
        flock = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, flock)
        assert place.states() == {"one": "starting"}
        place("stop", "one", status=1, says="being started")
        place.start("one", status=1, says="running already")
    assert place.states() == {"one": "stopped"}
