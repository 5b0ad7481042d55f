# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel module as a module: it comes, goes, and finds what is there."""

from steps import (MIB, add, available, create_region, destroy_region, release)


def test_is_unmodified_kernel(vm, check):
    version = vm.guest_ok("cat /proc/version")
    check.that("Debian" in version and "+deb13-amd64" in version,
               "the kernel is Debian's own", version)
    state = vm.guest_ok("cat /sys/module/cxl_dcd/initstate")
    check.equal(state, "live", "cxl_dcd is loaded at boot")


def test_reload(vm, check):
    out = vm.guest("modprobe -r cxl_dcd")
    check.must(out.status == 0, "it can be removed", out.text)
    check.that(vm.guest("test -e /sys/module/cxl_dcd").status != 0,
               "it is gone")
    out = vm.guest("modprobe cxl_dcd")
    check.must(out.status == 0, "it can be loaded again", out.text)
    region = create_region(vm)
    add(vm, region, [(0, 128 * MIB)])
    check.equal(available(vm, region), 128 * MIB, "and works as before")
    release(vm, [(0, 128 * MIB)])
    destroy_region(vm, region)
