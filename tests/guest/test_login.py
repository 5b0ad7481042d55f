# SPDX-License-Identifier: GPL-2.0-or-later
"""The way into the guest stays open, whoever knocks at it."""


def test_one_is_not_shut_out_for_another(vm, check):
    """All clients of the guest have one address.  sshd would refuse it for a
    while after a few that gave up in the middle, as whoever waits for a boot
    does; how many that takes depends on how quick the machine is."""
    check.equal(vm.guest_ok("sshd -T | grep -i '^persourcepenalties '"),
                "persourcepenalties no", "sshd punishes no address")
