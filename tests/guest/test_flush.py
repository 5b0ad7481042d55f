# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that sees a hypervisor, whose kernel will not flush CPU caches."""

from steps import (MIB, add, create_dax, create_region, destroy_dax,
                   destroy_region, memdev, memtest, release)

BOOT = "hypervisor"


def test_hint(vm, check):
    """The commit fails, and the tool says why and what to do."""
    check.that("hypervisor" in vm.guest_ok("grep -m1 flags /proc/cpuinfo"),
               "the guest sees a hypervisor")
    done = vm.guest("cxl create-region -t dc0 -d decoder0.0 -m "
                    + memdev(vm))
    check.that(done.status != 0, "no region can be committed", done.text)
    for words in ("sees a hypervisor", "-cpu max,-hypervisor",
                  "no_cache_flush"):
        check.that(words in done.text, f"the message has '{words}'", done.text)
    check.that("Failed to synchronize CPU cache state"
               in vm.guest_ok("dmesg"), "the kernel's log has the reason")
    vm.guest_ok("dmesg -C")
    vm.forgive()


def test_option(vm, check):
    """The module's option lets it pass, with a warning."""
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd no_cache_flush=1")
    log = vm.guest_ok("dmesg")
    check.that("no_cache_flush: regions are committed" in log,
               "the log warns", log)
    region = create_region(vm)
    add(vm, region, [(0, 64 * MIB)])
    dax = create_dax(vm, region)
    result = memtest(vm, 64, f"/dev/{dax}", 1)
    check.that(result.status == 0, "its memory is usable", result.text)
    destroy_dax(vm, dax)
    release(vm, [(0, 64 * MIB)])
    destroy_region(vm, region)
    log = vm.guest_ok("dmesg")
    check.that("Call Trace" not in log and "Failed to sync" not in log,
               "and the kernel has nothing to say about it", log)
    vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    done = vm.guest("cxl create-region -t dc0 -d decoder0.0 -m "
                    + memdev(vm))
    check.that(done.status != 0, "without the option it is as before",
               done.text)
    vm.guest_ok("dmesg -C")
    vm.forgive()
