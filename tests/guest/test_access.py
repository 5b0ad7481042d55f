# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast memory of a DC region is: told to its node, as of a static region."""

import re

from steps import (MIB, add, all_online, create_dax, create_region,
                   dax_devices, destroy_dax, destroy_region, online_movable,
                   release)
from vm import poll

BOOT = "mixed"
PART = (0, 256 * MIB)
NODES = "/sys/devices/system/node"
TIERS = "/sys/devices/virtual/memory_tiering"


def told(vm, node):
    """{access0/read_latency, ...: number} of a node; empty when it has none."""
    out = vm.guest(f"cd {NODES}/node{node} && grep -s . access[01]/initiators/"
                   "*_latency access[01]/initiators/*_bandwidth").out
    return {f"{found[1]}/{found[2]}": int(found[3]) for found in
            re.finditer(r"(access[01])/initiators/(\w+):(\d+)", out)}


def tier(vm, node):
    """The name of the memory tier that a node is in."""
    for line in vm.guest_ok(f"grep . {TIERS}/*/nodelist").splitlines():
        path, nodes = line.rsplit(":", 1)
        for part in nodes.split(","):
            first, _, last = part.partition("-")
            if first and int(first) <= node <= int(last or first):
                return path.split("/")[-2]
    return ""


def wait_no_node(vm, node):
    poll(lambda: vm.guest(f"test -e {NODES}/node{node}").status != 0, 30,
         f"node {node} has gone")


def of_static(vm, check):
    """(node, what it is told, its tier) with a static region's memory."""
    region = create_region(vm, "ram")
    vm.guest_ok("udevadm settle")
    dax = poll(lambda: all_online(vm) and list(dax_devices(vm).values())[0], 60,
               "the static region's memory is online")
    node = dax["target_node"]
    have = told(vm, node), tier(vm, node)
    check.that(have[0], "the stock kernel tells a static region's node", have)
    vm.guest_ok(f"daxctl reconfigure-device -m devdax -f {dax['chardev']} && "
                f"cxl disable-region -f {region} && "
                f"cxl destroy-region -f {region}")
    wait_no_node(vm, node)
    return (node, *have)


def online(vm, dax):
    vm.guest_ok(f"daxctl reconfigure-device -m system-ram {dax}", 120)


def offline(vm, dax):
    vm.guest_ok(f"daxctl reconfigure-device -m devdax -f {dax}", 120)


def test_as_static(vm, check):
    with online_movable(vm):
        node, want, want_tier = of_static(vm, check)
        regions = [create_region(vm, "dc0"), create_region(vm, "dc1")]
        dax = []
        for dc, region in enumerate(regions):
            add(vm, region, [PART], dc=dc)
            dax.append(create_dax(vm, region))
        for first, second in dax, reversed(dax):
            online(vm, first)
            check.equal(told(vm, node), want, "the node is told the same")
            check.equal(tier(vm, node), want_tier, "and in the same tier")
            # A second region of the node, and blocks that come again without
            # the node having gone, add nothing.
            online(vm, second)
            offline(vm, second)
            vm.guest_ok(f"daxctl offline-memory {first} && "
                        f"daxctl online-memory {first}", 120)
            check.equal(told(vm, node), want, "it stays so")
            offline(vm, first)
            wait_no_node(vm, node)
        for name in dax:
            destroy_dax(vm, name)
        for dc in 0, 1:
            release(vm, [PART], dc=dc)
        for region in reversed(regions):
            destroy_region(vm, region)
