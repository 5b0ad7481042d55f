# SPDX-License-Identifier: GPL-2.0-or-later
"""A device without dynamic capacity beside one with it: nothing changes."""

import os

from steps import MIB, create_region, destroy_region, online_movable
from vm import poll

BOOT = "static"
SERIAL = 99                     # of the plain device that run.py adds
FOLDER = "/sys/bus/cxl/devices"


def plain(vm):
    """The guest's name of the plain memdev."""
    return vm.guest_ok(f"cd {FOLDER}; for m in mem*; do [ $(($(cat $m/serial)))"
                       f" = {SERIAL} ] && echo $m; done; true")


def files(vm, name):
    """Every file of the memdev and of its decoders, with its inode: a file that
    was taken out and put back has another one."""
    return vm.guest_ok(
        f"cd {FOLDER}; e=$(grep -l . endpoint*/uport/serial | while read f; do "
        f"[ $(readlink -f ${{f%/serial}}) = $(readlink -f {name}) ] && "
        "echo ${f%%/*}; done); "
        f"find -H {name} $e -xdev -type f -printf '%p %i\\n' | grep -v power "
        "| sort")


def test_files(vm, check):
    name = plain(vm)
    check.must(name, "the plain device is there")
    before = files(vm, name)
    check.that("/mode " in before and "/serial " in before,
               "its files are seen", before)
    check.that("dynamic" not in before, "none is ours", before)
    vm.guest_ok("modprobe -r cxl_dcd")
    check.equal(files(vm, name), before, "the same ones without the module")
    vm.guest_ok("modprobe cxl_dcd")
    check.equal(files(vm, name), before, "and with it again")


def test_stock_region(vm, check):
    """Its volatile capacity is the stock driver's, as ever."""
    with online_movable(vm):
        stock_region(vm, check, plain(vm))


def stock_region(vm, check, name):
    done = vm.guest_ok("cxl create-region -t ram -d decoder0.0 -s 256M "
                       f"-m {name} 2> /dev/null | grep -o 'region[0-9][0-9]*'")
    region = done.split()[0]
    # From 7.3 on it is bound in the background
    driver = poll(lambda: vm.guest(
        f"readlink {FOLDER}/dax_{region}/driver").out.strip(), 20,
        "the DAX region has a driver")
    check.equal(os.path.basename(driver), "cxl_dax_region",
                "the stock driver has its DAX region")
    size = vm.guest_ok(f"cat {FOLDER}/{region}/size")
    check.equal(int(size, 16), 256 * MIB, "all of it")
    blocks = 256 * MIB // int(vm.guest_ok(
        "cat /sys/devices/system/memory/block_size_bytes"), 16)

    def is_offline():
        """Its memory, which may come online a little later than it is there"""
        vm.guest(f"daxctl offline-memory -r {region} all")
        return int(vm.guest("cat /sys/devices/system/memory/memory*/state | "
                            "grep -c offline").out) == blocks

    poll(is_offline, 60, "its memory is offline")
    vm.guest_ok(f"cxl disable-region -f {region}; "
                f"cxl destroy-region -f {region}")
    mine = create_region(vm)
    destroy_region(vm, mine)
    check.that(mine, "the other device is none the worse")
