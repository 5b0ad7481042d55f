# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that misbehaves on demand, cxl-dcd-fault: what the host makes of it."""

import time

from steps import (ADD, MIB, add, create_region, destroy_region, log_from_now,
                   memdev, request, states, wait_logged, wait_released, wait_shown)
from vm import poll

BOOT = "suite"
PATH = "/machine/peripheral/cxl-mem0"
LIST, CONFIG, ANSWER, RELEASE_OP, EVENTS = 0x4801, 0x4800, 0x4802, 0x4803, 0x0100
BUSY, RETRY, INTERNAL = 6, 5, 4
ONE, TWO = (0, 64 * MIB), (128 * MIB, 64 * MIB)


def fault(vm, kind, opcode=None, **more):
    arguments = {"path": PATH, "kind": kind}
    if opcode is not None:
        arguments["opcode"] = opcode
    arguments.update({k.replace("_", "-"): v for k, v in more.items()})
    vm.qmp.call("cxl-dcd-fault", arguments)


def faults(vm):
    return vm.qmp.run("query-cxl-dynamic-capacity", path=PATH)[0]["faults"]


def clear(vm):
    vm.qmp.run("cxl-dcd-fault-clear", path=PATH)


def give_back(vm, region):
    vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)


def wait_left(vm, count=0):
    poll(lambda: len(faults(vm)) == count, 30, f"{count} faults are left")


def test_answers(vm, check):
    """What goes wrong with the host's answer is put right by the host"""
    region = create_region(vm)
    for code in (BUSY, RETRY):
        fault(vm, "return-code", ANSWER, return_code=code, count=3)
        add(vm, region, [ONE, TWO])
        check.equal(faults(vm), [], f"code {code}: asked three times more")
        give_back(vm, region)
    # Nobody knows whether it has been done: the host looks, and it is right
    for name, arguments in [
            ("late", {"kind": "delay", "opcode": ANSWER, "delay": 4000}),
            ("an error, but it is done",
             {"kind": "return-code", "opcode": ANSWER, "return-code": INTERNAL,
              "carry-out": True})]:
        vm.qmp.call("cxl-dcd-fault", {"path": PATH, **arguments})
        request(vm, ADD, [ONE, TWO])
        wait_shown(vm, region, [ONE, TWO])
        check.equal({e[3] for e in vm.extents()}, {"accepted"}, name)
        give_back(vm, region)
    fault(vm, "return-code", ANSWER, return_code=INTERNAL)
    request(vm, ADD, [ONE, TWO])
    wait_left(vm)
    wait_released(vm)
    check.equal(states(vm, region), {}, "an error, and it is not done")
    fault(vm, "return-code", RELEASE_OP, return_code=BUSY, count=3)
    add(vm, region, [ONE])
    give_back(vm, region)
    check.equal(faults(vm), [], "a release is repeated, too")
    destroy_region(vm, region)


def test_records(vm, check):
    """Records that make no sense cost the host what they are about, no more"""
    region = create_region(vm)
    for kind, word in (("misalign", "block size"),
                       ("outside", "not inside one dynamic capacity region")):
        fault(vm, kind, EVENTS)
        request(vm, ADD, [ONE, TWO])
        wait_shown(vm, region, [TWO])
        check.that(word in vm.guest_ok("dmesg | grep cxl_mem | tail -1"),
                   f"{kind}: the log says why", vm.guest_ok("dmesg | tail -2"))
        give_back(vm, region)
    fault(vm, "overlap", EVENTS)
    add(vm, region, [ONE, TWO])
    give_back(vm, region)
    params = "/sys/module/cxl_dcd/parameters"
    vm.guest_ok(f"echo 1 > {params}/chain_timeout")
    fault(vm, "endless", EVENTS)
    request(vm, ADD, [ONE, TWO])
    wait_left(vm)
    poll(lambda: not vm.extents(), 30, "an offer without an end is refused")
    time.sleep(2)                   # what comes at once would be its rest
    add(vm, region, [ONE])
    check.equal(states(vm, region), {ONE: "accepted"},
                "the one after an offer without an end is taken")
    vm.guest_ok(f"echo 20 > {params}/chain_timeout")
    give_back(vm, region)
    destroy_region(vm, region)


def test_signals(vm, check):
    """A log that has records stays silent; the host looks all the same"""
    region = create_region(vm)
    log_from_now(vm)
    fault(vm, "lost-interrupt")
    request(vm, ADD, [ONE])
    wait_shown(vm, region, [ONE])
    check.that("no interrupt came" in vm.guest_ok("dmesg"),
               "an interrupt that was lost is made up for")
    add(vm, region, [TWO])
    give_back(vm, region)
    # Of an offer whose records are lost in part, the host takes what it saw
    log_from_now(vm)
    fault(vm, "overflow")
    request(vm, ADD, [ONE, TWO])
    wait_logged(vm, "overflowed", 30)
    wait_left(vm)
    wait_shown(vm, region, [ONE])
    poll(lambda: vm.extents() == {(0, *ONE, "accepted")}, 30,
         "the rest is declined")
    give_back(vm, region)
    add(vm, region, [ONE, TWO])
    give_back(vm, region)
    destroy_region(vm, region)


def interrupts(vm):
    """Of all dynamic capacity logs so far"""
    return sum(int(word) for line in
               vm.guest_ok("grep cxl_dcd /proc/interrupts").splitlines()
               for word in line.split()[1:] if word.isdigit())


def test_bus_reset(vm, check):
    """Its reset switches the log's interrupt off; the host sees and sets it up"""
    node = "/sys/bus/cxl/devices/" + memdev(vm)
    address = vm.guest_ok(f"basename $(readlink -f {node}/../)").strip()
    device = f"/sys/bus/pci/devices/{address}"
    check.that("cxl_bus" in vm.guest_ok(f"cat {device}/reset_method"),
               "the device can be reset by its bus")
    log_from_now(vm)
    vm.guest_ok(f"echo cxl_bus > {device}/reset_method; echo 1 > {device}/reset")
    # Nobody has a region for it: what the host has heard of, it declines.
    request(vm, ADD, [ONE])
    wait_logged(vm, "the device was reset", 30)
    wait_released(vm)
    log_from_now(vm)
    before = interrupts(vm)
    for _ in range(3):
        request(vm, ADD, [TWO])
        wait_released(vm)
    check.that(interrupts(vm) >= before + 3 and
               "no interrupt came" not in vm.guest_ok("dmesg"),
               "and hears of the next by interrupts", vm.guest_ok("dmesg"))
    # The stock driver does not set up its decoders anew
    vm.guest_ok(f"echo default > {device}/reset_method;"
                f"echo {address} > /sys/bus/pci/drivers/cxl_pci/unbind;"
                f"echo {address} > /sys/bus/pci/drivers/cxl_pci/bind;"
                "udevadm settle")
    region = create_region(vm)
    add(vm, region, [ONE])
    give_back(vm, region)
    destroy_region(vm, region)


def test_rebound(vm, check):
    """The PCI core resets a device whose link had an error, and has the memdev
    bound anew: then the interrupt is set up at once"""
    name = memdev(vm)
    address = vm.guest_ok(
        f"basename $(readlink -f /sys/bus/cxl/devices/{name}/../)").strip()
    device = f"/sys/bus/pci/devices/{address}"
    drivers = "/sys/bus/cxl/drivers/cxl_mem"
    log_from_now(vm)
    vm.guest_ok(f"echo {name} > {drivers}/unbind;"
                f"echo cxl_bus > {device}/reset_method; echo 1 > {device}/reset;"
                f"echo default > {device}/reset_method;"
                f"echo {name} > {drivers}/bind; udevadm settle")
    wait_logged(vm, "the device was reset", 3)
    before = interrupts(vm)
    region = create_region(vm)
    add(vm, region, [ONE])
    check.that(interrupts(vm) > before and
               "no interrupt came" not in vm.guest_ok("dmesg"),
               "the first offer is heard of by interrupt")
    give_back(vm, region)
    destroy_region(vm, region)


def test_lists(vm, check):
    """A list that lies is not believed; the next look finds the truth"""
    region = create_region(vm)
    add(vm, region, [ONE, TWO])
    for kind in ("overlap", "misalign", "outside", "endless", "unstable"):
        vm.guest_ok("modprobe -r cxl_dcd")
        fault(vm, kind, LIST, count=0)
        vm.guest_ok("modprobe cxl_dcd")
        poll(lambda: faults(vm)[0]["struck"], 30, "the list was read")
        check.that(set(states(vm, region)) <= {ONE, TWO},
                   f"{kind}: what is not there is not shown")
        clear(vm)
        vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
        wait_shown(vm, region, [ONE, TWO])
        check.equal({e[3] for e in vm.extents()}, {"accepted"},
                    f"{kind}: nothing is lost by it")
    give_back(vm, region)
    destroy_region(vm, region)
