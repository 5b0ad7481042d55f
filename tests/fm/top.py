# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm top: the map, once as text and live on a terminal"""

import os
import pty
import re
import select
import subprocess
import time

from fmtest import NAME, OK, USAGE, main


def once(b):
    """--once: a letter for each cell"""
    b.expect(OK, "add", "-e", "0+512M", "--wait")
    b.host("keep")
    b.expect(OK, "release", "-e", "256M+256M")
    lines = b.expect(OK, "top", "--once", out=NAME).out.splitlines()
    b.checks.equal(lines[2].strip(), "#" * 36 + "." * 36,
                   "half of region 0 is accepted")
    b.checks.equal(lines[4].strip(), "." * 72, "region 1 is free")
    b.checks.that("2.25 GiB, 2 extents" in lines[0] or
                  "2.25 GiB, 1 extent" in lines[0], "the head", lines[0])


def start(b, interval, term="xterm"):
    """cxl-fm top on a terminal, and our end of that"""
    ours, theirs = pty.openpty()
    environment = dict(os.environ, CXL_FM_ADDRESS=b.address, TERM=term,
                       LINES="24", COLUMNS="100")
    program = subprocess.Popen([os.environ["CXL_FM"], "top", "-i", interval],
                               stdin=theirs, stdout=theirs, stderr=theirs,
                               env=environment, close_fds=True)
    os.close(theirs)
    return ours, program


def used(program):
    """Seconds of a processor"""
    with open(f"/proc/{program.pid}/stat", encoding="ascii") as file:
        times = file.read().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def rests(b):
    """What happens while it is paused, or when the line breaks, is no work"""
    b.host("silent")
    b.expect(OK, "add", "2M")
    ours, program = start(b, "0.5")
    try:
        drawn(ours, "blocks of 2 MiB")
        os.write(ours, b"p")
        drawn(ours, "(paused)")
        b.host("accept")
        before = used(program)
        text = drawn(ours, "host 0 accepted 2 MiB")
        b.checks.that("accepted 2 MiB" in text, "the event is shown", text)
        drawn(ours, None, 1)
        b.checks.that(used(program) - before < 0.3, "and it sleeps",
                      used(program) - before)
        os.write(ours, b"p")
        b.host("expel")
        before = used(program)
        b.checks.that("broke" in drawn(ours, "broke"), "so is an end")
        drawn(ours, None, 1)
        b.checks.that(used(program) - before < 0.3, "it sleeps again")
        b.wait_listener()
    finally:
        program.kill()
        program.wait()
        os.close(ours)


def screen(b):
    """Live: draws, follows a change, leaves on q"""
    ours, program = start(b, "0.2")
    try:
        seen = drawn(ours, "= shared   r releasing")
        b.checks.that(NAME in seen, "the device is on the screen", seen)
        b.checks.that("blocks of 2 MiB" in seen, "so are its regions", seen)
        os.write(ours, b"q")
        drawn(ours, None)
        b.checks.equal(program.wait(timeout=10), OK, "q leaves")
    finally:
        program.kill()
        program.wait()
        os.close(ours)


def coloured(b):
    """A device is named in the colour of what its host has."""
    b.expect(OK, "add", "64M", "--wait")
    ours, program = start(b, "0.2", "xterm-256color")
    try:
        text = drawn(ours, "r releasing", raw=True)
        name = re.search(r"38;5;(\d+)m[^\x1b]*" + NAME, text)
        cells = re.search(r"38;5;(\d+)m[^\x1b]*#", text)
        b.checks.that(name and cells and name[1] == cells[1] == "32",
                      "both have the first colour of the page's", repr(text))
    finally:
        program.kill()
        program.wait()
        os.close(ours)


def drawn(terminal, wanted, limit=10, raw=False):
    """What was drawn until `wanted` was (or the program left)."""
    end = time.monotonic() + limit
    text = ""
    while time.monotonic() < end and not (wanted and wanted in text):
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            break
        text += data if raw else re.sub(
            r"\x1b(\[[0-9;?]*[A-Za-z]|[()].|[=>78])", "", data)
    return text


def usage(b):
    """Where it cannot draw"""
    b.expect(USAGE, "top", err="--once prints the map once")
    b.expect(USAGE, "top", "--json", err="extents --json")
    b.expect(USAGE, "top", "-i", "0", err="0.1 to 3600")


if __name__ == "__main__":
    main(once, screen, coloured, rests, usage)
