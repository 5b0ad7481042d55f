# SPDX-License-Identifier: GPL-2.0-or-later
"""What lives as long as its terminal, what outlives it, and the console."""

import os
import pty
import signal
import time

from world import (ALIAS, SMALL, STOPPED, TOP, greeting, in_terminal, qemus,
                   wait_for)


def test_without_a_name_it_is_default_and_ends_with_its_terminal(place):
    pid, terminal = in_terminal(place, *SMALL, *STOPPED)
    wait_for(lambda: place.states() == {"default": "running"} and
             os.path.exists(ALIAS), "it runs")
    assert qemus() == [pid], "the launcher becomes QEMU"
    known = place.known("default")
    assert known["qmp"] == ALIAS and known["ssh-port"] == 2222
    wait_for(lambda: os.path.exists(known["fm-qmp"]), "the second monitor")
    assert greeting(ALIAS) and greeting(known["fm-qmp"])
    place(*SMALL, *STOPPED, status=1, says="running already")
    place("console", "default", status=1, says="the terminal")
    place.start("one")
    assert place.known("one")["ssh-port"] == 2223
    os.close(terminal)
    os.waitpid(pid, 0)
    assert place.states() == {"default": "stopped", "one": "running"}
    assert not os.path.exists(ALIAS)


def test_without_a_name_stop_ends_it(place):
    pid, terminal = in_terminal(place, *SMALL, *STOPPED)
    wait_for(lambda: place.states() == {"default": "running"}, "it runs")
    # Its terminal must be read, or QEMU would wait for that to the end.
    place("stop", "default")
    os.waitpid(pid, 0)
    os.close(terminal)
    assert not qemus()


def test_what_start_began_stays_when_the_terminal_closes(place):
    pid, terminal = in_terminal(place, "start", "one", *SMALL, *STOPPED)
    os.waitpid(pid, 0)
    os.close(terminal)
    time.sleep(0.3)
    assert place.states() == {"one": "running"}


def test_a_test_machine_ends_with_its_test(place):
    """However that ends: its terminal closes, or it is killed."""
    program = ("import sys; sys.path.insert(0, sys.argv[1])\n"
               "from vm import VM\n"
               "with VM(['--accel', 'tcg', '--memory', '512M'], ['-S']): pass")
    words = ["python3", "-c", program, os.path.join(TOP, "tests", "guest")]
    for end in ("terminal", "kill"):
        pid, terminal = pty.fork()
        if pid == 0:
            # Whoever runs the tests may be deaf to it (nohup).
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            os.execvp(words[0], words)
        wait_for(qemus, "it has a machine")
        if end == "kill":
            os.kill(pid, signal.SIGKILL)
        else:
            os.close(terminal)
        os.waitpid(pid, 0)
        wait_for(lambda: not qemus(), f"{end}: the machine has ended")
        if end == "kill":
            os.close(terminal)


def test_daemon_is_start_default(place):
    place("--daemon", *SMALL, *STOPPED)
    assert place.states() == {"default": "running"}
    assert greeting(ALIAS)


def test_the_console_is_for_one_and_ends_with_the_machine(place):
    place.start("one")
    pid, terminal = in_terminal(place, "console", "one")
    said = b""
    while b"Ctrl-]" not in said:
        said += os.read(terminal, 1000)
    wait_for(lambda: "somebody has" in place.popen(
        "console", "one").communicate()[0], "a second one is refused")
    os.write(terminal, b"\x1d")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(terminal)
    pid, terminal = in_terminal(place, "console", "one")
    said = b""
    while b"Ctrl-]" not in said:
        said += os.read(terminal, 1000)
    place("stop", "one")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(terminal)
