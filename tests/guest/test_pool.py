# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest whose device is one head of a pool; what it writes is in its file."""

import os

from steps import (MIB, add, create_dax, create_region, destroy_dax,
                   destroy_region, memtest, release)

BOOT = "pool"
PART = (64 * MIB, 128 * MIB)


def pool_of(vm):
    return vm.qmp.call("query-cxl-dc-pool")[0]


def used_bytes(path, offset, length):
    """How many of every 4096th byte are not zero."""
    with open(path, "rb") as file:
        return sum(os.pread(file.fileno(), 1, at) != b"\0"
                   for at in range(offset + 7, offset + length, 4096))


def test_capacity(vm, check):
    pool = pool_of(vm)
    host = pool["hosts"][0]
    check.equal((host["host-id"], host["alive"], host["owned"]),
                (1, True, 0), "the guest is host 1")
    region = create_region(vm)
    add(vm, region, [PART])
    pool = pool_of(vm)
    check.equal([(e["offset"], e["len"], e["state"]) for e in
                 pool["hosts"][0]["extents"]], [PART + ("accepted",)],
                "the pool's file says what the guest has accepted")
    mapping = [e["mapping"] for e in
               vm.qmp.call("query-cxl-dynamic-capacity")[0]["extents"]]
    check.equal(mapping, ["direct"], "it is mapped")
    dax = create_dax(vm, region)
    test = memtest(vm, 64, f"/dev/{dax}", 1)
    check.that(test.status == 0, "the guest writes and reads it", test.text)
    written = used_bytes(pool["file"], *PART)
    check.that(written > 64 * MIB // 4096 // 2,
               "its bytes are in the pool's file", f"{written} of 32768")
    destroy_dax(vm, dax)
    release(vm, [PART])
    pool = pool_of(vm)
    check.equal((pool["available"], used_bytes(pool["file"], *PART)),
                (pool["size"], 0), "what was given back is free, and zero")
    destroy_region(vm, region)
    # The machine still has it open
    os.unlink(pool["file"])
