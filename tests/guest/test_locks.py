# SPDX-License-Identifier: GPL-2.0-or-later
"""Files are read while what they belong to comes and goes: nobody hangs."""

from steps import (MIB, add, available, create_region, dax_region,
                   destroy_region, release)
from vm import poll

PART = (0, 64 * MIB)
SECONDS = 12

# Without a process for each step: the shell's own words are quick enough.
LOOP = """
cat > /tmp/loop << 'END'
what=$1 region=$2
cd /sys/bus/cxl/devices/dax_$region || exit
n=0
while [ ! -e /tmp/enough ]; do
    case $what in
    make)
        echo 1 > dax_region/create && read -r dev < dax_region/create &&
            echo 2097152 > $dev/size && echo 0 > $dev/size
        echo $dev > dax_region/delete ;;
    device)
        for dev in dax*.[1-9]*; do
            read -r x < $dev/uuid
            read -r x < $dev/mapping0/start
            echo 0 > $dev/size
        done ;;
    region)
        read -r x < dax_region/available_size ;;
    esac
    n=$((n + 1))
done 2> /dev/null
echo $what $n >> /tmp/turns
END
rm -f /tmp/enough /tmp/turns
"""


def test_create_and_read(vm, check):
    """Deleting a DAX device waits for readers of its files, not they for it."""
    region = create_region(vm)
    add(vm, region, [PART])
    vm.guest_ok(LOOP)
    loops = ["make"] + 2 * ["device"] + ["region"]
    for what in loops:
        vm.guest_ok(f"setsid sh /tmp/loop {what} {region} "
                    "> /dev/null 2>&1 < /dev/null &")
    vm.guest_ok(f"sleep {SECONDS}; touch /tmp/enough")
    poll(lambda: len(vm.guest_ok("cat /tmp/turns || :").split()) ==
         2 * len(loops), 60, "all of them come to their end")
    turns = vm.guest_ok("cat /tmp/turns").split()
    check.that(all(int(n) > 10 for n in turns[1::2]),
               "each of them had its turns: " + " ".join(turns))
    vm.guest_ok(f"for d in /sys/bus/cxl/devices/dax_{region}/dax*.*; do "
                "echo 0 > $d/size; done")
    check.equal(available(vm, region), PART[1],
                f"all is free again ({dax_region(region)})")
    release(vm, [PART])
    destroy_region(vm, region)
