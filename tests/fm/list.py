# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm list: devices, hosts and regions"""

from fmtest import MIB, NAME, UNREACHABLE, USAGE, OK, main


def table(b):
    """For people: one row per region."""
    out = b.expect(OK, "list", out=NAME).out.splitlines()
    b.checks.equal(len(out), 4, "a heading and three regions")
    b.checks.equal(out[2].split()[:8],
                   [NAME, "0", "1", "1", "GiB", "1", "GiB", "2"],
                   "region 1 as a row")
    b.checks.that("sharable" in out[2], "region 1 is sharable", out[2])


def shape(b):
    """For programs: the documented shape."""
    b.expect(OK, "add", "256M", "--wait")
    device, = b.expect(OK, "list", "--json").json()["devices"]
    b.checks.equal(sorted(device), ["add-policies", "address", "device", "door",
                                    "hosts", "path", "serial",
                                    "total-capacity"], "keys of a device")
    b.checks.equal(device["serial"], int(NAME, 16), "serial number")
    b.checks.equal(device["add-policies"],
                   ["free", "contiguous", "prescriptive"], "policies")
    b.checks.equal(device["total-capacity"], 2304 * MIB, "total capacity")
    host, = device["hosts"]
    b.checks.equal(host["extents"], {"supported": 4096, "available": 4095},
                   "counters of extents")
    b.checks.equal(host["regions"][0], {
        "index": 0, "base": 0x40000000, "decode-length": 1024 * MIB,
        "length": 1024 * MIB, "block-size": 2 * MIB, "available": 768 * MIB,
        "attributes": [], "sanitize": False,
        "block-sizes": [2 * MIB, 4 * MIB]}, "region 0")
    b.checks.equal(host["regions"][2]["sanitize"], True,
                   "region 2 is erased on release")


def choice(b):
    """--device and --address"""
    b.expect(OK, "list", "--device", NAME, out=NAME)
    b.expect(USAGE, "list", "--device", "nope",
             err=f"there is no device 'nope'; there are: {NAME}")
    b.expect(UNREACHABLE, "list", "-a", "fm:/nonexistent",
             err="is the machine running")
    b.expect(UNREACHABLE, "list", "-a", b.address, "-a", "fm:/nonexistent",
             out=NAME, err="cannot reach fm:/nonexistent")
    b.expect(USAGE, "list", "-a", "ftp:/x", err="must begin with qmp:")
    if b.door == "fm":
        b.expect(USAGE, "list", "-a", b.address + ",eid=7",
                 err="from 8 to 254")
        b.expect(OK, "list", "-a", b.address + ",eid=9", out=NAME)
    b.expect(USAGE, "list", "word", err="too many words")
    b.expect(USAGE, "list", "--odd", err="--odd")
    b.expect(OK, "-a" + b.address, "-j", "list", out=NAME)
    b.expect(OK, "-ja", b.address, "list", out=NAME)
    b.expect(OK, "-jd" + NAME, "--address=" + b.address, "list", out=NAME)
    result = b.expect(OK, "list", "--noheadings", "--bytes", out="1073741824")
    b.checks.that("REGION" not in result.out and "GiB" not in result.out,
                  "numbers only", result)
    b.expect(OK, "--bytes", "list", out="REGION")
    b.expect(OK, "help", "release", out="cxl-fm release [OPTION")
    b.expect(USAGE, "-jx", "list", err="a command must follow")
    b.expect(USAGE, "-ja", err="a command must follow")
    b.expect(USAGE, "nothing", err="there is no command 'nothing'")


def other_server(b):
    """What listens there is no QEMU, or is silent."""
    where = b.address.removeprefix(b.door + ":")
    b.expect(UNREACHABLE, "list", "-a", "qmp:" + where,
             "--answer-timeout", "0.3", err="does not greet")
    if b.door == "fm":
        b.expect(UNREACHABLE, "list", "-a", b.address + ",eid=77",
                 "--answer-timeout", "0.3", err="nothing answers")


if __name__ == "__main__":
    main(table, shape, choice, other_server)
