# SPDX-License-Identifier: GPL-2.0-or-later
"""What most guest tests do: regions, extents, DAX devices, on both sides."""

import contextlib
import json

from vm import GuestError, poll

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
ADD, RELEASE = "cxl-add-dynamic-capacity", "cxl-release-dynamic-capacity"
MEMORY_BLOCK = 128 * MIB      # as long as the guest has less than 64 GiB
ONLINE_POLICY = "/sys/devices/system/memory/auto_online_blocks"


@contextlib.contextmanager
def online_movable(vm):
    """New memory is movable meanwhile: what the kernel puts its own data on
    can never be taken offline again."""
    before = vm.guest_ok(f"cat {ONLINE_POLICY}")
    vm.guest_ok(f"echo online_movable > {ONLINE_POLICY}")
    try:
        yield
    finally:
        vm.guest(f"echo {before} > {ONLINE_POLICY}")


def request(vm, command, extents, device="cxl-mem0", region=0, tag=None,
            **more):
    """Add or release by QMP; extents is a list of (offset, length)."""
    arguments = {"path": f"/machine/peripheral/{device}", "region-id": region,
                 "extents": [{"offset": o, "len": n} for o, n in extents]}
    if tag:
        arguments["tag"] = tag
    arguments.update({k.replace("_", "-"): v for k, v in more.items()})
    return vm.qmp.call(command, arguments)


def memdev(vm, device="cxl-mem0"):
    """The guest's name of a device: dcd-vm numbers serial numbers from 1."""
    serial = int(device[len("cxl-mem"):]) + 1
    name = vm.guest_ok(
        "for m in /sys/bus/cxl/devices/mem*; do "
        f"[ $(($(cat $m/serial))) = {serial} ] && basename $m; done; true")
    if not name:
        raise GuestError(f"no memdev with serial {serial} in the guest")
    return name


def create_region(vm, kind="dc0", device="cxl-mem0", extra=""):
    """Create a region; gives its name."""
    done = vm.guest(f"cxl create-region -t {kind} -d decoder0.0 {extra} "
                    f"-m {memdev(vm, device)}")
    if done.status != 0:
        raise GuestError(f"create-region -t {kind}: {done.text}")
    return json.loads(done.out)["region"]


def destroy_region(vm, region):
    vm.guest_ok(f"cxl disable-region {region} && cxl destroy-region {region}")


def log_from_now(vm):
    """What wait_logged() waits for is not what was said before."""
    vm.guest_ok("dmesg -C")


def wait_logged(vm, words, timeout=20):
    """Wait until the kernel says this; other lines may follow at once."""
    poll(lambda: words in vm.guest_ok("dmesg"), timeout,
         f"the kernel's log says '{words}'")


def dax_region(region):
    return f"/sys/bus/cxl/devices/dax_{region}/dax_region"


def available(vm, region):
    return int(vm.guest_ok(f"cat {dax_region(region)}/available_size"))


def wait_available(vm, region, size, timeout=30):
    poll(lambda: available(vm, region) == size, timeout,
         f"{region}: {size} bytes available")


def add(vm, region, extents, device="cxl-mem0", dc=0):
    """Add capacity and wait until the guest can use it."""
    before = available(vm, region)
    request(vm, ADD, extents, device, dc)
    wait_available(vm, region, before + sum(n for _, n in extents))


def release(vm, extents, device="cxl-mem0", dc=0, timeout=30):
    """Release capacity and wait until the device has it back."""
    request(vm, RELEASE, extents, device, dc)
    gone = {(dc, o, n) for o, n in extents}
    poll(lambda: not gone & {e[:3] for e in vm.extents(device)}, timeout,
         f"release of {sorted(gone)}")


def wait_released(vm, device="cxl-mem0", timeout=30):
    """Wait until the device has everything back."""
    poll(lambda: not vm.extents(device), timeout,
         "the device has everything back")


def shown(vm, region):
    """[(offset, length, tag)] as the guest lists a region's extents."""
    listed = json.loads(vm.guest_ok(f"cxl list -r {region} -N"))[0]
    return sorted((e["offset"], e["length"], e["uuid"])
                  for e in listed.get("extents", []))


def states(vm, region):
    """{(offset, length): state} of a region's extents, from sysfs."""
    out = vm.guest_ok(
        f"cd /sys/bus/cxl/devices/dax_{region}; for e in extent*; do "
        "[ -d $e ] && cat $e/offset $e/length $e/state | tr '\\n' ' ' && "
        "echo; done; true")
    rows = [line.split() for line in out.splitlines()]
    rows = [row for row in rows if len(row) == 3]  # others go just now
    return {(int(o, 16), int(n, 16)): state for o, n, state in rows}


def wait_shown(vm, region, want, timeout=30):
    """Wait until the guest shows exactly the extents [(offset, length)]."""
    want = sorted(want)
    poll(lambda: sorted(states(vm, region)) == want, timeout,
         f"{region} shows {want}")


def add_tagged(vm, region, extents, tag, device="cxl-mem0", dc=0):
    """Add capacity with a tag and wait until the guest shows it."""
    request(vm, ADD, extents, device, dc, tag)
    size = sum(n for _, n in extents)
    vm.guest_ok(f"cxl wait-extent {region} --uuid {tag} --size {size} "
                "--timeout 30")


def dax_devices(vm):
    """{name: what daxctl lists}, without empty ones."""
    out = vm.guest_ok("daxctl list")
    return {d["chardev"]: d for d in json.loads(out)} if out else {}


def all_online(vm, size=None):
    """Is there one DAX device (of this size), and all of it memory? It has the
    driver for that before its blocks are there, and those before they are
    online."""
    found = list(dax_devices(vm).values())
    return len(found) == 1 and found[0]["mode"] == "system-ram" and \
        size in (None, found[0]["size"]) and \
        found[0]["online_memblocks"] * MEMORY_BLOCK == found[0]["size"]


def seed(vm, region):
    """sysfs folder of the empty device that each region has."""
    return vm.guest_ok(
        f"for d in /sys/bus/cxl/devices/dax_{region}/dax*.*; do "
        "[ $(cat $d/size) = 0 ] && echo $d && break; done")


def create_dax(vm, region, extra=""):
    """Make a DAX device of all that is available; gives its name."""
    out = vm.guest_ok(f"daxctl create-device {region} {extra} 2> /dev/null")
    return json.loads(out)[0]["chardev"]


def destroy_dax(vm, name):
    vm.guest_ok(f"daxctl disable-device {name} && daxctl destroy-device {name}")


def memtest(vm, mib, path="", seed=1, prefix=""):
    """Write and verify; the Result of the program."""
    return vm.guest(f"{prefix} memtest {mib} {path} {seed if path else ''}",
                    300)
