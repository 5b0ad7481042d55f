#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole life of dynamic capacity, on a booted machine, unattended.

Every command is shown with the prompt of the side it runs on, with its output
and a verdict.  Every effect is looked up on both sides: QEMU's own query and
the guest.  Exit status 0 only if all of it was as it must be.

usage: walkthrough.py [--tap | --record FILE] [DCD-VM-OPTION...]

--record also writes what is shown, and when, as an asciicast of version 2.
"""

import json
import os
import re
import subprocess
import sys
import time

from checks import Checks, Failed
from vm import TOP, VM, GuestError, poll

#> make demo
#> make run
sys.path.insert(0, os.path.join(TOP, "tests", "docs"))
from blocks import blocks_of, documents  # noqa: E402

ME = "tests/guest/walkthrough.py"
TAKES = ("output",)
SOCKET = "/tmp/qmp-sock"  # what a person types; a test has one of its own
GIB = 1 << 30
MIB = 1 << 20
DEVICE = "/machine/peripheral/cxl-mem0"
ADD, RELEASE = "cxl-add-dynamic-capacity", "cxl-release-dynamic-capacity"


RECORDING = "docs/figures/demo.cast"


class Recording:
    """Standard output, and a file that has it with its times."""

    def __init__(self, path):
        self.out, self.begun, self.line = sys.stdout, time.monotonic(), ""
        self.file = open(path, "w", encoding="utf-8")
        json.dump({"version": 2, "width": 96, "height": 26,
                   "title": "make demo"}, self.file)
        self.file.write("\n")

    def write(self, text):
        self.out.write(text)
        *lines, self.line = (self.line + text).split("\n")
        for line in lines:
            json.dump([round(time.monotonic() - self.begun, 2), "o",
                       line + "\r\n"], self.file, ensure_ascii=False)
            self.file.write("\n")

    def flush(self):
        self.out.flush()
        self.file.flush()


def recorded():
    """The lines of the recording, but for those that tell times"""
    with open(os.path.join(TOP, RECORDING), encoding="utf-8") as file:
        next(file)
        text = "".join(json.loads(line)[2] for line in file)
    return [line.replace("    ok:    ", "ok:") for line in text.split("\r\n")
            if line.startswith(("host>", "guest>", "--- ", "    ok:"))]


def squeezed(text):
    """Without blanks: the same however it is laid out."""
    return re.sub(r"\s", "", text)


class WalkThrough:
    """The steps, in order.  Each leaves the machine as the next needs it."""

    def __init__(self, vm, check, show):
        self.vm, self.check, self.show = vm, check, show
        self.said = []
        self.node = None

    # --- the two prompts

    def say(self, text=""):
        self.said.append(text)
        if self.show:
            print(text, flush=True)

    def step(self, title):
        self.say(f"\n--- {title}")

    def guest(self, command, timeout=120):
        self.say(f"guest># {command}")
        result = self.vm.guest(f"cd /root && {command}", timeout)
        if result.text:
            self.say(result.text)
        return result

    def host_qmp(self, command, extents):
        """Type a request into socat, as a person does, and read the answer."""
        socket = self.vm.qmp_path
        lines = ['{ "execute": "qmp_capabilities" }',
                 f'{{ "execute": "{command}",\n'
                 f'  "arguments": {{\n'
                 f'      "path": "{DEVICE}",\n'
                 f'      "region-id": 0,\n'
                 f'      "extents": [\n'
                 + ",\n".join(f'      {{\n          "offset": {offset},\n'
                              f'          "len": {length}\n      }}'
                              for offset, length in extents)
                 + "\n      ]\n  }\n}"]
        self.say(f"host># socat UNIX-CONNECT:{socket} STDIO")
        socat = subprocess.Popen(
            ["timeout", "60", "socat", f"UNIX-CONNECT:{socket}", "STDIO"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        answer = {}
        try:
            self.say(socat.stdout.readline().rstrip())
            for line in lines:
                self.say(line)
                socat.stdin.write(line + "\n")
                socat.stdin.flush()
                answer = {}
                while not {"return", "error"} & answer.keys():
                    text = socat.stdout.readline()
                    if not text:
                        raise GuestError("socat: QEMU closed the socket")
                    self.say(text.rstrip())
                    answer = json.loads(text)
        finally:
            socat.stdin.close()
            socat.terminate()
            socat.wait()
        return answer

    # --- looking things up

    def available(self):
        """Capacity of the DAX region that no device uses, in bytes."""
        return int(self.vm.guest_ok(
            "cat /sys/bus/cxl/devices/dax_region0/dax_region/available_size"))

    def dax_size(self, name):
        """Size of a DAX device in bytes; None if there is none."""
        result = self.vm.guest(f"cat /sys/bus/dax/devices/{name}/size")
        return int(result.out) if result.status == 0 else None

    def wait_available(self, size, name, timeout=30):
        try:
            poll(lambda: self.available() == size, timeout, name)
            return self.check.that(True, name)
        except GuestError:
            return self.check.that(
                False, name, f"available_size is {self.available()}")

    def extents_are(self, wanted, name):
        """Both the ranges and the state, as QEMU's query tells them."""
        got = self.vm.extents()
        want = {(0, offset, length, "accepted") for offset, length in wanted}
        self.check.that(got == want, name, f"QMP says {sorted(got)}")

    # --- the steps

    def create_region(self):
        self.step("Create a region over the device's dynamic capacity")
        result = self.guest(
            "./cxl create-region -t dc0 -d decoder0.0 -m mem0")
        self.check.must(result.status == 0, "cxl create-region succeeds",
                        result.text)
        state = self.vm.guest_ok("cat /sys/bus/cxl/devices/region0/commit")
        self.check.equal(state, "1", "the region's decoders are committed")
        self.check.equal(self.available(), 0,
                         "the region has no capacity yet")
        self.extents_are([], "QEMU: no extent")

    def add(self, extents, title):
        self.step(title)
        start = time.monotonic()
        answer = self.host_qmp(ADD, extents)
        self.check.must("return" in answer, "QMP add succeeds", answer)
        total = sum(length for _, length in extents)
        self.wait_available(total, f"guest: {total // MIB} MiB available")
        self.seconds_to_usable = time.monotonic() - start
        self.extents_are(extents, "QEMU: the guest has accepted all of it")

    def create_dax(self, size):
        self.step("Make a DAX device of it")
        result = self.guest("./daxctl create-device region0")
        self.check.must(result.status == 0, "daxctl create-device succeeds",
                        result.text)
        self.check.equal(self.dax_size("dax0.1"), size,
                         f"dax0.1 has {size // MIB} MiB")
        self.check.equal(self.available(), 0, "nothing is left over")

    def system_ram(self):
        self.step("Use it as system memory")
        before = self.node_sizes()
        result = self.guest("./daxctl reconfigure-device -m system-ram dax0.1")
        self.check.that(result.status == 0
                        and "reconfigured 1 device" in result.text,
                        "daxctl: reconfigured 1 device", result.text)
        self.node = int(self.vm.guest_ok(
            "cat /sys/bus/dax/devices/dax0.1/target_node"))
        self.guest("numactl -H")
        gained = (self.node_sizes().get(self.node, 0)
                  - before.get(self.node, 0))
        self.check.must(gained == 1024,
                        f"NUMA node {self.node} has 1024 MiB more",
                        f"gained {gained} MiB")

    def node_sizes(self):
        """Memory of each NUMA node in MiB."""
        lines = self.vm.guest_ok(
            "grep -H MemTotal /sys/devices/system/node/node*/meminfo")
        sizes = {}
        for line in lines.splitlines():
            words = line.split(":", 1)[1].split()
            sizes[int(words[1])] = int(words[3]) // 1024
        return sizes

    def run_program(self):
        self.step("Run a program whose memory is bound to that node")
        result = self.guest(f"numactl --membind={self.node} memtest 512", 300)
        self.check.that(result.status == 0 and " 0 of " in result.out,
                        "512 MiB written, read back and all of it right",
                        result.text)

    def free_ram(self):
        self.step("Take the memory out of use")
        result = self.guest("./daxctl reconfigure-device -m devdax -f dax0.1")
        self.check.must(result.status == 0, "the memory goes offline",
                        result.text)
        self.check.equal(self.node_sizes().get(self.node, 0), 0,
                         f"NUMA node {self.node} has no memory any more")

    def destroy_dax(self):
        result = self.guest("./daxctl disable-device dax0.1 && "
                            "./daxctl destroy-device dax0.1")
        self.check.must(result.status == 0, "the DAX device is destroyed",
                        result.text)
        self.check.equal(self.dax_size("dax0.1"), None, "dax0.1 is gone")

    def release(self, extents):
        self.step("Give the capacity back")
        answer = self.host_qmp(RELEASE, extents)
        self.check.must("return" in answer, "QMP release succeeds", answer)
        self.wait_available(0, "guest: the capacity is gone")
        try:
            poll(lambda: not self.vm.extents(), 10, "extents stay")
        except GuestError:
            pass
        self.extents_are([], "QEMU: no extent")

    def use_dax(self, size):
        self.step("Map the device into a program")
        result = self.guest(f"memtest {size // MIB} /dev/dax0.1 7", 300)
        self.check.that(result.status == 0 and " 0 of " in result.out,
                        f"{size // MIB} MiB written, read back and right",
                        result.text)

    def destroy_region(self):
        self.step("Destroy the region")
        result = self.guest("./cxl disable-region region0 && "
                            "./cxl destroy-region region0")
        self.check.that(result.status == 0, "cxl destroy-region succeeds",
                        result.text)
        gone = self.vm.guest("ls -d /sys/bus/cxl/devices/region0 "
                             "/sys/bus/cxl/devices/dax_region0")
        self.check.that(not gone.out, "the region is gone", gone.out)

    def run(self):
        self.create_region()
        self.add([(0, GIB)], "Add 1 GiB at offset 0")
        self.say(f"    usable {self.seconds_to_usable:.1f} s after the request")
        self.create_dax(GIB)
        self.system_ram()
        self.run_program()
        self.free_ram()
        self.destroy_dax()
        self.release([(0, GIB)])
        two = [(GIB + 256 * MIB, 256 * MIB), (3 * GIB, 128 * MIB)]
        self.add(two, "Add two extents at other offsets, in one request")
        self.create_dax(384 * MIB)
        self.use_dax(384 * MIB)
        self.destroy_dax()
        self.release(two)
        self.destroy_region()
        complaints = self.vm.kernel_complaints()
        self.check.that(not complaints, "the guest's kernel log is clean",
                        "\n".join(complaints[:10]))
        # Not while the recording is made that is looked at
        if not isinstance(sys.stdout, Recording):
            self.as_documented()

    @staticmethod
    def is_seen(line, seen):
        return re.search(re.sub(r"\d+", r"\\d+", re.escape(squeezed(line))),
                         seen)

    def as_documented(self):
        """What documents show of this is what is seen, but for numbers."""
        seen = squeezed("\n".join(
            self.said + [f"ok: {name}" for name in self.check.names])
            .replace(self.vm.qmp_path, SOCKET))
        for path in documents():
            for block in blocks_of(path):
                if block.how in TAKES and block.test == ME:
                    missing = [x for x in block.lines
                               if not self.is_seen(x, seen)]
                    self.check.that(not missing, f"{path} shows what is seen",
                                    "\n".join(missing))
        missing = [line for line in recorded() if not self.is_seen(line, seen)]
        self.check.that(not missing, f"{RECORDING} shows what is seen",
                        "\n".join(missing))


def main(arguments):
    tap = "--tap" in arguments
    options = [a for a in arguments if a != "--tap"]
    if options[:1] == ["--record"] and len(options) > 1:
        sys.stdout = Recording(options[1])
        options = options[2:]
    check = Checks(tap)
    if not tap:
        print("Booting the guest ...", flush=True)
    try:
        socket = None if tap or os.path.exists(SOCKET) else SOCKET
        with VM(options, qmp_path=socket) as vm:
            line = f"ssh after {vm.boot_seconds:.1f} s"
            print(f"# {line}" if tap else line, flush=True)
            WalkThrough(vm, check, not tap).run()
    except (Failed, GuestError, OSError, TimeoutError) as err:
        if not isinstance(err, Failed):
            check.that(False, "the walk-through goes on", err)
        elif not tap:
            print("The rest depends on this: stopping here.")
    return check.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
