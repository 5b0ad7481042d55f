# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm and a booted guest: capacity becomes usable memory, and comes back

Runs over QMP, and over the FM endpoint when the device has one.  Skipped when
QEMU or the guest image is not built.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "guest"))
from checks import Checks, Failed  # noqa: E402
from vm import BUILD, VM, GuestError, poll  # noqa: E402

OK, REJECTED, TIMEOUT = 0, 6, 4
GIB = 1 << 30
QEMU = os.path.join(BUILD, "bin", "qemu-system-x86_64")


class Manager:
    """cxl-fm at one address."""

    def __init__(self, checks, address):
        self.checks, self.address = checks, address

    def __call__(self, code, *words, out="", err=""):
        done = subprocess.run(
            [os.environ["CXL_FM"], *words], capture_output=True, text=True,
            timeout=120, check=False,
            env=dict(os.environ, CXL_FM_ADDRESS=self.address))
        self.checks.that(done.returncode == code and out in done.stdout and
                         err in done.stderr,
                         f"{self.address.split(':')[0]}: cxl-fm "
                         f"{' '.join(words)} gives {code}",
                         f"exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done


def round_trip(checks, vm, fm):
    """Add, use, keep, force, give back, with a region in the guest"""
    fm(OK, "add", "1G", "--wait", out="accepted 1 GiB in 1 extent")
    vm.guest_ok("daxctl create-device -r region0")
    size = vm.guest_ok("cat /sys/bus/dax/devices/dax0.1/size")
    checks.equal(int(size), GIB, "the guest has a DAX device of 1 GiB")
    vm.guest_ok("memtest 64 /dev/dax0.1")
    checks.that(True, "and can write and read it")
    fm(TIMEOUT, "release", "1G", "--wait", "-T", "2",
       err="host 0 still holds 1 GiB in 1 extent of region 0: "
           "[0x0, +0x40000000]")
    vm.guest_ok("daxctl disable-device dax0.1 && "
                "daxctl destroy-device dax0.1", timeout=60)
    poll(lambda: not vm.extents(), 30, "the guest keeps what it may give back")
    checks.that(True, "once the device is destroyed, the guest gives it back")
    fm(OK, "add", "-e", "1G+512M", "--wait", out="accepted 512 MiB")
    fm(OK, "release", "512M", "--wait", out="host 0 released 512 MiB")
    fm(OK, "add", "256M", "--wait")
    vm.guest_ok("daxctl create-device -r region0")
    fm(OK, "release", "256M", "--force", "--wait", out="host 0 lost 256 MiB")
    checks.that(not {e for e in vm.extents() if e[3] != "sanitizing"},
                "forced: it is gone at once")
    poll(lambda: vm.guest("memtest 1 /dev/dax0.1").status, 30,
         "the guest can still use capacity that was forced")
    checks.that(True, "and its users are cut off")
    vm.guest_ok("daxctl disable-device dax0.1; daxctl destroy-device dax0.1")


def run(checks, vm, addresses):
    first = Manager(checks, addresses[0])
    first(REJECTED, "add", "256M", "--wait", "-T", "30",
          err="host 0 declined all of 256 MiB")
    vm.guest_ok("cxl create-region -m -t dc0 -d decoder0.0 -w 1 mem0")
    for address in addresses:
        round_trip(checks, vm, Manager(checks, address))
    checks.equal(vm.kernel_complaints(), [], "the kernel log has no complaint")


def has_endpoint():
    """Whether this QEMU's device can be given an FM endpoint"""
    done = subprocess.run([QEMU, "-L", "/usr/share/seabios", "-device",
                           "cxl-type3,help"], capture_output=True, text=True,
                          timeout=60, check=False)
    return "fmapi=" in done.stdout


def main():
    if not (os.path.exists(QEMU) and
            os.path.exists(os.path.join(BUILD, "guest", "root.img"))):
        print("1..0 # SKIP QEMU or the guest image is not built")
        sys.exit(0)
    checks = Checks()
    vm = VM(["--dc-size", "4G"])
    vm.qemu_args = ["-qmp", f"unix:{vm.dir}/fm-qmp,server=on,wait=off"]
    addresses = [f"qmp:{vm.dir}/fm-qmp"]
    if has_endpoint():
        vm.qemu_args += [
            "-chardev", f"socket,id=fm0,path={vm.dir}/fm,server=on,wait=off",
            "-global", "cxl-type3.fmapi=fm0"]
        addresses.append(f"fm:{vm.dir}/fm")
    try:
        with vm:
            run(checks, vm, addresses)
    except (Failed, GuestError) as failure:
        checks.that(False, "the guest plays its part", failure)
    sys.exit(checks.end())


if __name__ == "__main__":
    main()
