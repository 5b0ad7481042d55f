# SPDX-License-Identifier: GPL-2.0-or-later
"""The largest machine that dcd-vm makes: 16 devices of 1 TiB, far away.

Each four devices are below a host bridge, which has decoders for four regions and
a window of its own; HMAT and generic ports tell how far that is.
"""

import json

from steps import GIB, add, create_dax, destroy_dax, memtest, release

BOOT = "sixteen"


def by_serial(vm):
    """{serial number: the guest's name} of all memdevs"""
    return {int(m["serial"]): m["memdev"]
            for m in json.loads(vm.guest_ok("cxl list -M"))}


def test_each_device_has_a_region(vm, check):
    names = by_serial(vm)
    check.equal(sorted(names), list(range(1, 17)),
                "serial numbers tell the devices apart")
    regions = []
    for n in range(16):
        done = vm.guest(f"cxl create-region -t dc0 -d decoder0.{n // 4} "
                        f"-m {names[n + 1]}")
        check.that(done.status == 0, f"cxl-mem{n}: a region by decoder0.{n // 4}",
                   done.text)
        if done.status == 0:
            regions.append(json.loads(done.out))
    check.that(all(r["size"] == 1 << 40 for r in regions) and len(regions) == 16,
               "16 regions of 1 TiB at once", regions)
    last = regions[-1]["region"]
    add(vm, last, [((1 << 40) - GIB, GIB)], "cxl-mem15")
    name = create_dax(vm, last)
    done = memtest(vm, 64, f"/dev/{name}")
    check.that(done.status == 0, "the end of the last one is memory", done.text)
    done = vm.guest(f"daxctl reconfigure-device -m system-ram {name}", 120)
    check.that(done.status == 0, "and becomes System RAM", done.text)
    node = vm.guest_ok(f"cat /sys/bus/dax/devices/{name}/target_node")
    size = vm.guest_ok(f"numactl -H | sed -n 's/^node {node} size: //p'")
    check.equal(size, "1024 MB", "of 1 GiB, in a node of its own")
    tiers = vm.guest_ok(
        "grep -l . /sys/devices/virtual/memory_tiering/*/nodelist | wc -l")
    check.that(int(tiers) > 1, "in a memory tier of its own", tiers)
    done = vm.guest(f"daxctl reconfigure-device -m devdax -f {name}", 120)
    check.that(done.status == 0, "it goes offline again", done.text)
    destroy_dax(vm, name)
    release(vm, [((1 << 40) - GIB, GIB)], "cxl-mem15")
    # From the last to the first: the kernel frees addresses from the top.
    for region in reversed(regions):
        vm.guest_ok(f"cxl disable-region {region['region']} && "
                    f"cxl destroy-region {region['region']}")


def test_the_distance_is_known(vm, check):
    # Without HMAT it says for each: Failed to retrieve ep perf coordinates.
    shown = vm.guest_ok("dmesg | grep -c 'perf coord' || true")
    check.equal(shown, "0", "the kernel finds performance data for each device")


def test_the_guest_reaches_nothing(vm, check):
    # The host listens there: it is how we are in.
    done = vm.guest("timeout 10 bash -c ': < /dev/tcp/10.0.2.2/"
                    f"{vm.port}' && echo reached")
    check.that("reached" not in done.out, "the host's loopback is out of reach",
               done.text)
