# SPDX-License-Identifier: GPL-2.0-or-later
"""The module goes and comes while what it made is there.

CXL_DCD_RELOADS chooses how often that is done under load as well;
scripts/soak-host does.
"""

import os
import random

from agent import Agent, Refused
from load import Load as LoadBase
from steps import (ADD, MIB, RELEASE, add, create_dax, create_region,
                   destroy_region, memdev, request, states, wait_released,
                   wait_shown)
from test_flood import limit, timed
from vm import poll

BOOT = "two-devices"
RELOADS = int(os.environ.get("CXL_DCD_RELOADS", "20"))
PARTS = [(i * 64 * MIB, 32 * MIB) for i in range(16)]
FIXED = (1536 * MIB, 64 * MIB)
READERS = 2
SECONDS = 5


class Load(LoadBase):
    PAUSE = 0.01

    def __init__(self, path):
        super().__init__(path)
        self.dice = random.Random(4)

    def once(self):
        part = self.dice.choice(PARTS)
        self.ask(self.dice.choice([ADD, RELEASE]),
                 "/machine/peripheral/cxl-mem0", part)


def test_in_use(vm, check):
    """Who has a device mapped keeps the module; without him the extent comes
    back."""
    region = create_region(vm)
    request(vm, ADD, [FIXED])
    wait_shown(vm, region, [FIXED])
    with Agent(vm) as agent:
        for _ in range(10):
            name = create_dax(vm, region)
            agent.ask("map", 0, f"/dev/{name}", FIXED[1])
            agent.ask("put", 0, 0, MIB, 64, 1)
            refused = vm.guest("modprobe -r cxl_dcd")
            alive = agent.ask("get", 0, 0, MIB, 64, 1, 1)
            agent.ask("unmap", 0)
            vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
            wait_shown(vm, region, [FIXED])
    check.that("in use" in refused.text, "who has it mapped keeps it loaded",
               refused.text)
    check.that(alive != "sigbus", "and goes on", alive)
    check.equal(vm.kernel_complaints(), [],
                "ten times: the counters are zero at unload")
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def leave(vm, check, region, most):
    """Reloads and requests have left nothing that a command waits for."""
    for command in (f"cxl release-extent {region} --all",
                    f"cxl disable-region {region}",
                    f"cxl destroy-region {region}"):
        done, took = timed(vm, command)
        check.that(done.status == 0 and took < most,
                   f"{command}: {took:.2f} s (of {most:.1f} s)", done.text)
        wait_released(vm)


def test_under_load(vm, check):
    region = create_region(vm)
    most = limit(vm, region, SECONDS)
    vm.qmp.call(ADD, {"path": "/machine/peripheral/cxl-mem0", "region-id": 0,
                      "extents": [{"offset": FIXED[0], "len": FIXED[1]}]})
    wait_shown(vm, region, [FIXED])
    for _ in range(READERS):
        vm.guest_ok("rm -f /tmp/enough; setsid sh -c 'while [ ! -e /tmp/enough ]; do "
                    "cat /sys/bus/cxl/devices/*/extent*/* "
                    "/sys/bus/cxl/devices/*/mode /sys/bus/dax/devices/*/* "
                    "/sys/bus/cxl/devices/mem*/dynamic*/*; done' "
                    "> /dev/null 2>&1 < /dev/null &")
    with Load(vm.qmp_path) as load, Agent(vm) as agent:
        for _ in range(RELOADS):
            name = create_dax(vm, region, f"-s {2 * MIB}")
            try:
                agent.ask("map", 0, f"/dev/{name}", 2 * MIB)
                agent.ask("put", 0, 0, 4096, 512, 1)
            except Refused:
                pass                        # released just now: fine
            answer = agent.ask("unmap", 0)
            vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
            poll(lambda: FIXED in states(vm, region), 20,
                 "the extent that nobody asks for is there")
    vm.guest_ok("touch /tmp/enough")
    poll(lambda: vm.guest("pgrep -f '[w]hile .*enough'").status == 1, 60,
         "all readers have seen that it is over")
    check.that(load.sent > RELOADS and not load.error,
               f"{load.sent} requests were made meanwhile", load.error)
    check.that(answer == "", f"{RELOADS} times unloaded and loaded")
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    poll(lambda: not any(e[3] == "pending" for e in vm.extents()), 30,
         "every offer is answered")
    poll(lambda: {(o, n) for _, o, n, _ in vm.extents()} ==
         set(states(vm, region)), 30, "both sides list the same")
    check.equal(vm.kernel_complaints(), [], "the kernel log is clean")
    leave(vm, check, region, most)


SET_UP = """
cd /sys/bus/cxl/devices
mem={mem}
for d in endpoint*/decoder*.0 root*/*/endpoint*/decoder*.0; do
    [ -e $d/dpa_size ] || continue
    [ $(basename $(readlink -f $(dirname $d)/uport)) = $mem ] && break
done
"""
MAKE = """
root=/sys/bus/cxl/devices/decoder0.0
region=$(cat $root/create_ram_region); echo $region > $root/create_ram_region
cd /sys/bus/cxl/devices/$region
echo 256 > interleave_granularity; echo 1 > interleave_ways
echo 0x10000000 > size
echo $(basename $d) > target0; echo "target0: $?"
echo $region > $root/delete_region
"""


def test_decoder_without_region(vm, check):
    """Capacity that was reserved, but for no region: while the module is not
    loaded nobody gets it as volatile memory."""
    find = SET_UP.format(mem=memdev(vm))
    vm.guest_ok(find + "echo dynamic_ram_1 > $d/mode; "
                "echo 0x10000000 > $d/dpa_size")
    vm.guest_ok("modprobe -r cxl_dcd")
    made = vm.guest(find + "cat $d/mode;" + MAKE)
    check.that("target0: 0" not in made.out and "target0:" in made.out,
               "it is taken into no region", made.text)
    vm.guest_ok("modprobe cxl_dcd")
    check.equal(vm.guest_ok(find + "cat $d/mode"), "dynamic_ram_1",
                "then it is over dynamic capacity again")
    made = vm.guest(find + MAKE)
    check.that("target0: 0" in made.out, "and can be taken", made.text)
    vm.guest_ok(find + "echo 0 > $d/dpa_size; echo ram > $d/mode; true")


def test_unplug_while_loading(vm, check):
    """A device that goes while the module comes or goes, and one that comes."""
    serial = "grep -lx 0x2 /sys/bus/cxl/devices/mem*/serial"
    for turn in range(4):
        vm.guest_ok("setsid sh -c 'for i in 1 2 3 4; do modprobe -r cxl_dcd; "
                    "modprobe cxl_dcd; done; touch /tmp/reloaded' "
                    "> /dev/null 2>&1 < /dev/null & rm -f /tmp/reloaded")
        for _ in range(2):
            vm.guest_ok("for m in /sys/bus/cxl/devices/mem*; do "
                        "[ $(($(cat $m/serial))) = 2 ] || continue; "
                        "pci=$(basename $(dirname $(readlink -f $m))); done; "
                        "cd /sys/bus/pci/drivers/cxl_pci; "
                        "echo $pci > unbind; echo $pci > bind")
        poll(lambda: vm.guest("test -e /tmp/reloaded").status == 0, 120,
             f"turn {turn}: the module is there")
        poll(lambda: vm.guest(serial).status == 0, 20, "so is the device")
    fresh = memdev(vm, "cxl-mem1")
    poll(lambda: vm.guest(f"test -e /sys/bus/cxl/devices/{fresh}/"
                          "dynamic_ram_1/size").status == 0, 20,
         "its dynamic capacity is seen")
    region = create_region(vm, device="cxl-mem1")
    add(vm, region, [FIXED], "cxl-mem1")
    check.equal(set(states(vm, region)), {FIXED}, "and works")
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm, "cxl-mem1")
    destroy_region(vm, region)
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    check.equal(vm.kernel_complaints(), [], "the kernel log is clean")
