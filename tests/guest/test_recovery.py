# SPDX-License-Identifier: GPL-2.0-or-later
"""What is accepted is found again, and what is gone is let go."""

from agent import Agent
from hostile import LIE_LOSE, LIE_NONE, TYPE_CONFIG, Hostile, record
from steps import (MIB, RELEASE, add, add_tagged, create_dax,
                   create_region, dax_devices, destroy_dax, destroy_region,
                   log_from_now, memdev, memtest, request, shown, states,
                   wait_logged, wait_released, wait_shown)
from vm import poll

BOOT = "two-devices"
TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
NULL = "00000000-0000-0000-0000-000000000000"
LOW, HIGH = (128 * MIB, 64 * MIB), (512 * MIB, 128 * MIB)
MODULE = "/sys/module/cxl_dcd"


def release_all(vm, region, device="cxl-mem0"):
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm, device)


def test_module_reload(vm, check):
    """Contents, tags and a region with live extents outlive the module."""
    region = create_region(vm)
    add(vm, region, [LOW])
    add_tagged(vm, region, [HIGH], TAG)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    memtest(vm, 128, f"/dev/{dax}", 11)
    generation = vm.device()["generation"]
    vm.guest_ok("modprobe -r cxl_dcd")
    check.equal(vm.guest(f"test -e {MODULE}").status, 1,
                "it unloads although a DAX device exists")
    vm.guest_ok("modprobe cxl_dcd")
    wait_shown(vm, region, [LOW, HIGH])
    check.equal(shown(vm, region), [LOW + (NULL,), HIGH + (TAG,)],
                "both extents are back, with their tags")
    check.equal(vm.device()["generation"], generation,
                "the device was not asked to change anything")
    dax = create_dax(vm, region, f"--uuid {TAG}")
    same = vm.guest(f"memtest -v 128 /dev/{dax} 11", 300)
    check.that(same.status == 0, "the tag holds what was written", same.text)
    destroy_dax(vm, dax)
    release_all(vm, region)
    destroy_region(vm, region)


def test_disabled(vm, check):
    """A region that somebody has disabled stays so over a reload."""
    region = create_region(vm)
    driver = f"/sys/bus/cxl/devices/{region}/driver"
    vm.guest_ok(f"cxl disable-region {region} && modprobe -r cxl_dcd && "
                "modprobe cxl_dcd && udevadm settle")
    check.that(vm.guest(f"test -e {driver}").status != 0,
               "the next load does not enable it")
    vm.guest_ok(f"cxl enable-region {region}")
    add(vm, region, [LOW])
    check.equal(shown(vm, region), [LOW + (NULL,)], "it can be enabled, and used")
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    wait_shown(vm, region, [LOW])
    check.that(vm.guest(f"test -e {driver}").status == 0,
               "one that was enabled is enabled again")
    release_all(vm, region)
    destroy_region(vm, region)


def test_reset(vm, check):
    """Extents outlive a crash of the guest and come back with a region."""
    region = create_region(vm)
    add(vm, region, [LOW])
    add_tagged(vm, region, [HIGH], TAG)
    dax = create_dax(vm, region, f"--uuid {TAG}")
    memtest(vm, 128, f"/dev/{dax}", 12)
    vm.reset()
    check.equal({e[1:3] for e in vm.extents()}, {LOW, HIGH},
                "the device keeps what was accepted")
    region = create_region(vm)
    check.equal(shown(vm, region), [LOW + (NULL,), HIGH + (TAG,)],
                "a new region has the extents, without a new offer")
    dax = create_dax(vm, region, f"--uuid {TAG}")
    same = vm.guest(f"memtest -v 128 /dev/{dax} 12", 300)
    check.that(same.status == 0, "with their contents", same.text)
    destroy_dax(vm, dax)
    release_all(vm, region)
    destroy_region(vm, region)


def test_overflow(vm, check):
    """Events were lost: the list is read anew and decides."""
    region = create_region(vm)
    add(vm, region, [LOW, HIGH])
    name = memdev(vm)
    with Hostile(vm, name) as bad:
        log_from_now(vm)
        bad.set("overflow", 1)
        bad.inject(record(0, 0, kind=TYPE_CONFIG))
        wait_logged(vm, "list anew")
        check.equal(set(states(vm, region)), {LOW, HIGH},
                    "nothing was lost: nothing changes")
        bad.set("lie", LIE_LOSE)
        request(vm, RELEASE, [LOW], forced_removal=True)
        wait_shown(vm, region, [HIGH])
        check.equal({e[1:3] for e in vm.extents()}, {HIGH},
                    "a forced release that nobody told of is found out")
        bad.set("lie", LIE_NONE)
    add(vm, region, [LOW])
    check.equal(set(states(vm, region)), {LOW, HIGH}, "and life goes on")
    release_all(vm, region)
    destroy_region(vm, region)


def test_unplug(vm, check):
    """The device goes while its memory is mapped, and another comes."""
    name = memdev(vm, "cxl-mem1")
    region = create_region(vm, device="cxl-mem1")
    add(vm, region, [LOW], "cxl-mem1")
    dax = create_dax(vm, region)
    with Agent(vm) as agent:
        agent.ask("map", 0, f"/dev/{dax}", LOW[1])
        agent.ask("put", 0, 0, MIB, 16, 1)
        vm.qmp.events.clear()
        vm.qmp.run("device_del", id="cxl-mem1")
        event = vm.qmp.wait_event("DEVICE_DELETED", 60)
        while event["data"].get("device") != "cxl-mem1":
            event = vm.qmp.wait_event("DEVICE_DELETED", 60)
        poll(lambda: vm.guest(f"test -e /sys/bus/cxl/devices/{name}").status,
             20, "the guest has let go of it")
        check.equal(agent.ask("put", 0, 0, MIB, 16, 2), "sigbus",
                    "who has it mapped gets SIGBUS")
        agent.ask("unmap", 0)
    check.equal(dax_devices(vm), {}, "its DAX devices are gone")
    vm.guest_ok(f"cxl destroy-region -f {region}")
    vm.qmp.call("device_add", {
        "driver": "cxl-type3", "bus": "rp1", "id": "cxl-mem1", "sn": 2,
        "volatile-dc-memdev": "dcmem1", "num-dc-regions": 1})
    poll(lambda: vm.guest("grep -lx 0x2 /sys/bus/cxl/devices/mem*/serial"
                          ).status == 0, 60, "the guest has the new one")
    fresh = memdev(vm, "cxl-mem1")
    poll(lambda: vm.guest(f"test -e /sys/bus/cxl/devices/{fresh}/"
                          "dynamic_ram_1/size").status == 0, 20,
         "its dynamic capacity is seen")
    region = create_region(vm, device="cxl-mem1")
    add(vm, region, [LOW], "cxl-mem1")
    dax = create_dax(vm, region)
    test = memtest(vm, 64, f"/dev/{dax}", 3)
    check.that(test.status == 0, "and works", test.text)
    destroy_dax(vm, dax)
    release_all(vm, region, "cxl-mem1")
    destroy_region(vm, region)


def mapping(vm):
    return vm.device()["extents"][0]["mapping"]


def test_suspend(vm, check):
    """Suspend to RAM and disk are refused, suspend to idle is survived."""
    region = create_region(vm)
    add(vm, region, [LOW])
    dax = create_dax(vm, region)
    memtest(vm, 64, f"/dev/{dax}", 4)
    for kind in ("mem", "disk"):
        bad = vm.guest(f"echo {kind} > /sys/power/state")
        check.that(bad.status not in (0, 124), f"'{kind}' is refused",
                   bad.text)
    # The button wakes who sleeps; who is awake is not to be switched off by it.
    vm.guest_ok("mkdir -p /run/systemd/logind.conf.d && printf '[Login]\\n"
                "HandlePowerKey=ignore\\n' > /run/systemd/logind.conf.d/t.conf"
                "; systemctl try-restart systemd-logind")
    vm.guest_ok("dmesg -C; (sleep 1; echo freeze > /sys/power/state) "
                "> /dev/null 2>&1 < /dev/null &")
    poll(lambda: mapping(vm) == "trapped", 30,
         "its memory is switched off while the guest sleeps")

    def pressed():
        vm.qmp.run("system_powerdown")
        return mapping(vm) == "direct"
    poll(pressed, 120, "the guest wakes", interval=5)
    check.that("suspend exit" in vm.guest_ok("dmesg"),
               "it has slept and woken")
    same = vm.guest(f"memtest -v 64 /dev/{dax} 4", 300)
    check.that(same.status == 0, "the contents are as they were", same.text)
    destroy_dax(vm, dax)
    request(vm, RELEASE, [LOW])
    wait_released(vm)
    add(vm, region, [LOW])
    check.equal(states(vm, region), {LOW: "accepted"}, "events still arrive")
    release_all(vm, region)
    destroy_region(vm, region)
