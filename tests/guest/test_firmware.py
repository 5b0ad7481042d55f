# SPDX-License-Identifier: GPL-2.0-or-later
"""A region that was there before the kernel's drivers (firmware.py)."""

from firmware import firmware, load_stack, looks_and_works, take, the_region
from steps import GIB

BOOT = "regions"


def test_found(vm, check):
    """The package's rule loads the module before the ports are looked at."""
    firmware(vm, GIB)
    take(vm)
    load_stack(vm)
    looks_and_works(vm, check, the_region(vm))
