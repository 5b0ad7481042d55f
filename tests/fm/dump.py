# SPDX-License-Identifier: GPL-2.0-or-later
"""One add as bytes on the line: check docs/fm.md, or print it anew

usage: dump.py FILE.md     check the dump in the file
       dump.py --print     print what the file should have
"""

import socket
import sys
import tempfile
import threading

from fmtest import Bench, Checks

BEGIN, END = "<!-- dump: made by tests/fm/dump.py -->", "<!-- end of dump -->"
TAKES = ("output",)           # of docs/fm.md, all of it (tests/docs/blocks.py)
FLAG = 0x7e


class Recorder:
    """A unix socket in front of the device's that keeps what passes."""

    def __init__(self, upstream, path):
        self.frames = []          # (to the device, bytes), in order
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.upstream = upstream
        threading.Thread(target=self.relay, daemon=True).start()

    def relay(self):
        client = self.listener.accept()[0]
        device = socket.socket(socket.AF_UNIX)
        device.connect(self.upstream)
        back = threading.Thread(target=self.copy, args=(device, client, False))
        back.start()
        self.copy(client, device, True)
        device.shutdown(socket.SHUT_RDWR)
        back.join()

    def copy(self, source, target, to_device):
        while data := source.recv(65536):
            self.frames += [(to_device, f) for f in split(data)]
            target.sendall(data)


def split(data):
    """Whole frames of one write: by position, as flags may be in the FCS."""
    while data:
        at, packet = 3, 0
        while packet < data[2]:
            at += 2 if data[at] == 0x7d else 1
            packet += 1
        yield data[:at + 3]
        data = data[at + 3:]


def unescape(frame):
    out, body = bytearray(), iter(frame[3:-3])
    for byte in body:
        out.append(next(body) ^ 0x20 if byte == 0x7d else byte)
    return bytes(out)


def rows(data, first):
    """Hex in rows of 16, each with its offset."""
    return [f"{first + i:04x}  {data[i:i + 16].hex(' ')}"
            for i in range(0, len(data), 16)]


def describe(frames):
    """The exchange of command 5604h, and what the frames are made of."""
    text, inside = [], False
    for to_device, frame in frames:
        packet = unescape(frame)
        start = packet[3] & 0x80
        body = packet[4:]
        if start:
            inside = body[0] == 7 and body[4:6] == b"\x04\x56"
        if not inside:
            continue
        text += ["", "fabric manager to device:" if to_device else
                 "device to fabric manager:",
                 f"  flag, revision, count   {frame[:3].hex(' ')}",
                 f"  MCTP header             {packet[:4].hex(' ')}"]
        if start:
            text += [f"  message type            {body[:1].hex()}",
                     f"  CCI header              {body[1:13].hex(' ')}"]
            body = body[13:]
        if body:
            text += ["  payload"] + ["    " + r for r in rows(body, 0 if start
                                                            else 0x33)]
        text += [f"  frame check, flag       {frame[-3:].hex(' ')}"]
    return "\n".join(text).strip("\n") + "\n"


def record(checks):
    bench = Bench(checks)
    with tempfile.TemporaryDirectory() as work:
        recorder = Recorder(bench.address[3:], f"{work}/line")
        bench.expect(0, "add", "-a", f"fm:{work}/line", "-e", "0+256M")
    bench.close()
    return describe(recorder.frames)


def check(path):
    checks = Checks()
    made = record(checks)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    kept = text.split(BEGIN)[1].split(END)[0].split("```")[1].lstrip("\n")
    checks.equal(kept, made, f"the dump in {path} is what passes")
    checks.that("00 00 02" in made and made.count("to device") == 2,
                "the request is there, in two frames", made)
    sys.exit(checks.end())


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        print(record(Checks(tap=False)))
    else:
        check(sys.argv[1])
