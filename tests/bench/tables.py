# SPDX-License-Identifier: GPL-2.0-or-later
"""Which figures of `make bench` stand in which table of docs/performance.md

{name of the table: ([heading...], [(words, figure)...])}.  The headings stand for
the figure's value, baseline, ratio, and what was aimed at; a table with fewer has
the first ones, and the last when it is AIM.
"""

AIM = "aimed at"
RATIO = ["ours", "the other", "ratio", AIM]
PLAIN = ["figure", AIM]


def memory(words, name):
    return f"{words}", f"{name} bandwidth, DC / DRAM"


TABLES = {
    "memory": (["DC", "guest DRAM", "ratio", AIM], [
        memory("write, 1 thread", "write-1t"),
        memory("write, 2 threads", "write-2t"),
        memory("read, 1 thread", "read-1t"),
        memory("read, 2 threads", "read-2t"),
        memory("copy, 1 thread", "copy-1t"),
        memory("copy, 2 threads", "copy-2t"),
        ("random latency over 256 MiB", "random latency, DC / DRAM"),
        ("`dd` bound to the node", "dd bound to the node, DC / DRAM"),
        ("redis SET, its own benchmark", "redis set, DC / DRAM"),
        ("redis GET", "redis get, DC / DRAM")]),
    "unmodified": (["DC", "unmodified QEMU", "ratio", AIM], [
        ("write", "write, DC / unmodified QEMU"),
        ("read", "read, DC / unmodified QEMU")]),
    "unmodified-latency": (["unmodified QEMU", "DC", "ratio"], [
        ("random latency", "random latency, unmodified QEMU / DC")]),
    "use": (["DC", "virtio-mem", "ratio", AIM], [
        ("QMP request to online system RAM",
         "1 GiB to online system RAM, DC / virtio-mem"),
        ("the same back", "1 GiB of system RAM back, DC / virtio-mem"),
        ("QMP request to a DAX device (virtio-mem: RAM)",
         "1 GiB to a DAX device, DC / virtio-mem"),
        ("unused DAX capacity back (virtio-mem: RAM)",
         "1 GiB of unused DAX capacity back, DC / virtio-mem")]),
    "many": (PLAIN, [
        ("256 extents in one request, accepted by the guest",
         "256 extents in one request, accepted"),
        ("the same, released", "256 extents in one request, released"),
        ("an entry of the core's list of 1,000,000",
         "core: a list entry at 1,000,000 extents"),
        ("memory of one extent, beside one bit a block",
         "core: memory of one extent"),
        ("1,000 separate extents in one request, to mapped",
         "device: 1,000 extents in one request, to mapped"),
        ("the same in one release", "device: 1,000 extents in one release"),
        ("QEMU with 1 TiB of capacity, resident",
         "start with 1 TiB, resident")]),
    "many-ratios": (["at 1,000,000", "at 1,000", "ratio", AIM], [
        ("add, accept, release in the core",
         "core: a round at 1,000,000 extents / at 1,000"),
        ("add, accept, release by QMP, rate",
         "device: rounds a second, 1,000,000 extents / 1,000")]),
    "start": (["ours", "unmodified QEMU", "ratio"], [
        ("QEMU with 16 TiB of capacity, resident",
         "start with 16 TiB, resident, ours / unmodified"),
        ("start of QEMU with 1 TiB", "start with 1 TiB, ours / unmodified")]),
    "fm": (PLAIN, [
        ("Get DCD Info round trips, one at a time",
         "fm: Get DCD Info round trips a second"),
        ("list of 1,000,000 extents, 64 requests of 25 at once",
         "fm: a million extents read"),
        ("... the device lets nobody else run for at most",
         "fm: a million extents read, the device is busy at once for")]),
    "fm-ratios": (["FM endpoint", "QMP", "ratio", AIM], [
        ("round trips", "fm: round trips a second, endpoint / QMP"),
        ("add, accept, release", "fm: add, accept, release, endpoint / QMP")]),
    "pool": (["100 TiB, 10,000 hosts", "1/8 TiB, 12 hosts", "ratio", AIM], [
        ("a round: pick, offer, accept, release",
         "pool: a round of one host: add, accept, release, 100 TiB / 1/8 TiB"),
        ("finding the longest free run",
         "pool: finding the longest run, 100 TiB / 1/8 TiB"),
        ("a share of a tag, and its end",
         "pool: a share and its end, 100 TiB / 1/8 TiB")]),
    "pool-size": (PLAIN, [
        ("opening 100 TiB, every block checked",
         "pool: opening 100 TiB, every block checked"),
        ("heap of one host of 100 TiB",
         "pool: heap of one host of 100 TiB")]),
    "pool-processes": (["so many", "one", "ratio", AIM], [
        ("2 processes", "pool: claims a second, 2 processes / 1"),
        ("2 processes of neighbours, hosts 0 and 1",
         "pool: claims a second, 2 processes of hosts 0 and 1 / 1"),
        ("4 processes", "pool: claims a second, 4 processes / 1"),
        ("8 processes", "pool: claims a second, 8 processes / 1")]),
    "interleave": (["ours", "unmodified QEMU", "ratio", AIM], [
        (f"{kind} by {size}",
         f"interleaved {kind} by {bytes_} bytes, ours / unmodified QEMU")
        for size, bytes_ in (("4 KiB", 4096), ("256 bytes", 256))
        for kind in ("write", "read")]),
    "commit": (PLAIN, [
        ("commit of a set of four by 256 bytes, over 1 GiB of contents",
         "commit of a set over 1 GiB of contents"),
        ("... the machine answers after, at the latest",
         "... the machine answers after, at the latest")]),
}
# All figures whose names begin so stand in one table, by the rest of their names.
FAMILIES = {
    "fleet": ("fleet: ", ["figure", "beside", "ratio", AIM]),
    "power-on": ("from power on: ", PLAIN),
}
# Those of which a table has rows and columns: who is in a row and who in a column
PIVOTS = {
    "stall": ("what", r"stall: (?P<column>[^,]+), (?P<row>.+)"),
    "sets": ("devices, granularity in bytes",
             r"set of (?P<row>.+), (?P<column>write|read), DC / DRAM"),
}
