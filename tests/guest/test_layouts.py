# SPDX-License-Identifier: GPL-2.0-or-later
"""The module on a kernel that has other private structures than its headers:
it says so, once, and does nothing."""

import glob
import json
import os
import subprocess

from steps import (ADD, MIB, add, create_dax, create_region, destroy_dax,
                   destroy_region, memdev, memtest, release, request)
from vm import BUILD, GUEST, GuestError, poll

BOOT = "static"
HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(BUILD, "guest", "test", "layouts")
PART = (0, 64 * MIB)
WORDS = "is not what the module was built for"


def copy(vm, path):
    """A file to /tmp of the guest."""
    with open(path, "rb") as file:
        done = subprocess.run(vm.ssh_command() + ["cat > /tmp/other.ko"],
                              stdin=file, capture_output=True, check=False)
    if done.returncode:
        raise GuestError(f"{path} cannot be copied: {done.stderr}")


def use(vm):
    """As far as anybody gets with it: a region, an extent, a DAX device."""
    made = vm.guest(f"cxl create-region -t dc0 -d decoder0.0 -m {memdev(vm)}")
    if made.status:
        return
    region = json.loads(made.out)["region"]
    if vm.guest(f"test -e /sys/bus/cxl/devices/dax_{region}/dax_region"
                ).status == 0:
        request(vm, ADD, [PART])
        poll(lambda: not any(e[3] == "pending" for e in vm.extents()), 30,
             "the offer is answered")
        vm.guest(f"daxctl create-device {region}")
    for command in (f"daxctl destroy-device -f -r {region} all",
                    f"cxl disable-region -f {region}",
                    f"cxl destroy-region -f {region}"):
        vm.guest(command)


def one_line(vm, check, path):
    """What a module for another layout says, and leaves."""
    name = os.path.basename(path)[:-len(".ko")]
    copy(vm, path)
    vm.guest_ok("dmesg -C")
    loaded = vm.guest("insmod /tmp/other.ko; udevadm settle")
    use(vm)
    said = [line for line in vm.guest_ok("dmesg").splitlines() if WORDS in line]
    check.that(len(said) == 1, f"{name}: one line says so",
               "\n".join(said) + loaded.text)
    vm.guest(f"rmmod layout_{name}")
    left = vm.guest("ls -d /sys/bus/cxl/devices/*region* /sys/module/cxl_dcd "
                    f"/sys/module/layout_{name}").out
    check.equal(left, "", f"{name}: nothing is left")


def test_other_layouts(vm, check):
    if os.path.realpath(GUEST) != os.path.realpath(os.path.join(BUILD, "guest")):
        check.skip("other layouts", "they are built for the stock kernel only")
        return
    built = subprocess.run([os.path.join(HERE, "build-layouts")],
                           capture_output=True, text=True, check=False)
    check.must(built.returncode == 0, "modules for other layouts are built",
               built.stdout + built.stderr)
    modules = sorted(glob.glob(os.path.join(MODULES, "*.ko")))
    check.must(modules, "there are some")
    # Else udev loads the right module beside the wrong one.
    right = vm.guest_ok("modinfo -n cxl_dcd")
    vm.guest_ok(f"modprobe -r cxl_dcd && mv {right} {right}.away")
    try:
        for path in modules:
            one_line(vm, check, path)
    finally:
        vm.guest_ok(f"mv {right}.away {right} && modprobe cxl_dcd")
    region = create_region(vm)
    add(vm, region, [PART])
    dax = create_dax(vm, region)
    done = memtest(vm, 64, f"/dev/{dax}", 3)
    check.that(done.status == 0, "the right module works after all of them",
               done.text)
    destroy_dax(vm, dax)
    release(vm, [PART])
    destroy_region(vm, region)
