# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal on the serial port of a machine."""

import os
import select
import socket
import sys
import termios
import tty

from place import Failed, say, try_lock

LEAVE = b"\x1d"                    # Ctrl-]


def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(2)
    try:
        sock.connect(path)
    except OSError as err:
        raise Failed(f"{path}: {err.strerror or err}") from None
    sock.settimeout(None)
    return sock


def copy(sock):
    """Both ways, until the machine ends or the user leaves."""
    watch = [sock, sys.stdin.fileno()]
    while True:
        for ready in select.select(watch, [], [])[0]:
            if ready is sock:
                said = sock.recv(4096)
                if not said:
                    return "the machine has ended"
                os.write(sys.stdout.fileno(), said)
            else:
                typed = os.read(ready, 1024)
                before, leave, _ = typed.partition(LEAVE)
                if before:
                    sock.sendall(before)
                if leave or not typed:
                    return "left the console; the machine goes on"


def attach(path, name):
    # The port serves one at a time, and would let a second wait without a word.
    lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not try_lock(lock):
        raise Failed(f"somebody has the console of '{name}' already")
    with connect(path) as sock:
        terminal = sys.stdin.isatty()
        if terminal:
            say(f"the console of '{name}'; Ctrl-] leaves it, Enter shows a prompt")
            before = termios.tcgetattr(sys.stdin)
            tty.setraw(sys.stdin)
        try:
            why = copy(sock)
        except (ConnectionError, BrokenPipeError):
            why = "the machine has ended"
        finally:
            if terminal:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
    if terminal:
        print()
    say(why, sys.stderr)
