# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that fail, are slow or are broken into: nothing is lost for good."""

from hostile import (BUSY, INVALID_INPUT, LIE_LOSE, LIE_NONE, NO_ANSWER,
                     OP_ANSWER, OP_CLEAR_EVENTS, OP_GET_EVENTS, OP_LIST,
                     OP_RELEASE, OP_SET_POLICY, RETRY_REQUIRED, TYPE_RELEASE,
                     Hostile, record)
from steps import (ADD, MIB, RELEASE, add, create_dax, create_region,
                   destroy_dax, destroy_region, log_from_now, memdev, release,
                   request, states, wait_logged, wait_released, wait_shown)
from vm import poll

BOOT = "two-devices"
TAG = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911"
PART, OTHER = (128 * MIB, 64 * MIB), (512 * MIB, 128 * MIB)
# More than three commands of 85 entries
MANY = [(i * 4 * MIB, 2 * MIB) for i in range(300)]


def end(vm, region):
    if vm.extents():
        vm.guest_ok(f"cxl release-extent {region} --all")
    wait_released(vm)
    destroy_region(vm, region)


def accepted(vm):
    """[(offset, length)] that the device counts as the host's; in order."""
    return sorted(e[1:3] for e in vm.extents() if e[3] == "accepted")


def test_events_are_retried(vm, check):
    """The log stays non-empty after an error, and no interrupt comes again."""
    region = create_region(vm)
    with Hostile(vm, memdev(vm)) as bad:
        for opcode, late in ((OP_GET_EVENTS, False), (OP_CLEAR_EVENTS, False),
                             (OP_CLEAR_EVENTS, True)):
            bad.forget()
            bad.fail(opcode, 2, late=late)
            request(vm, ADD, [PART])
            wait_shown(vm, region, [PART])
            poll(lambda: vm.device()["event-log-used"] == 0, 30,
                 "the log is emptied in the end")
            check.equal(bad.answers(), [("add", [PART])],
                        f"{opcode:04x}h fails, late={late}: one answer")
            release(vm, [PART])
    end(vm, region)


def test_interrupt_is_retried(vm, check):
    region = create_region(vm)
    with Hostile(vm, memdev(vm)) as bad:
        vm.guest_ok("modprobe -r cxl_dcd")
        bad.fail(OP_SET_POLICY, 2)
        vm.guest_ok("modprobe cxl_dcd")
        add(vm, region, [PART])
        check.equal(accepted(vm), [PART], "offers are seen all the same")
    end(vm, region)


def test_no_interrupt(vm, check):
    """A device that never sets one up is looked at now and then."""
    region = create_region(vm)
    with Hostile(vm, memdev(vm)) as bad:
        vm.guest_ok("modprobe -r cxl_dcd")
        log_from_now(vm)
        bad.fail(OP_SET_POLICY, 7)
        vm.guest_ok("modprobe cxl_dcd")
        wait_logged(vm, "no interrupt for the dynamic capacity log", 120)
        for part in PART, OTHER:
            add(vm, region, [part])
        check.equal(accepted(vm), [PART, OTHER], "offers are seen all the same")
        vm.guest_ok("modprobe -r cxl_dcd && modprobe cxl_dcd")
    end(vm, region)


def test_lists_are_retried(vm, check):
    region = create_region(vm)
    add(vm, region, [PART, OTHER])
    with Hostile(vm, memdev(vm)) as bad:
        vm.guest_ok("modprobe -r cxl_dcd")
        bad.fail(OP_LIST, 3)
        vm.guest_ok("modprobe cxl_dcd")
        wait_shown(vm, region, [PART, OTHER])
        check.that(True, "what was accepted before comes back by itself")
        log_from_now(vm)
        bad.set("lie", LIE_LOSE)
        bad.fail(OP_LIST, 2)
        request(vm, RELEASE, [PART], forced_removal=True)
        wait_logged(vm, "overflowed")
        bad.set("lie", LIE_NONE)
        wait_shown(vm, region, [OTHER])
        check.that(True, "an overflow is not forgotten, when the list fails")
    end(vm, region)


def test_later_is_no_refusal(vm, check):
    """Retry Required and Busy: the same command again, and nothing else."""
    region = create_region(vm)
    with Hostile(vm, memdev(vm)) as bad:
        for code in RETRY_REQUIRED, BUSY:
            bad.forget()
            bad.fail(OP_ANSWER, 3, code)
            request(vm, ADD, [PART])
            wait_shown(vm, region, [PART])
            check.equal(accepted(vm), [PART], f"{code}: the offer is taken")
            bad.fail(OP_RELEASE, 3, code)
            release(vm, [PART])
            check.equal(bad.answers(), [("add", [PART]), ("release", [PART])],
                        f"{code}: one answer, one release")
    end(vm, region)


def test_answers_that_fail(vm, check):
    """A failed answer must not leave its offer in the way of later ones."""
    region = create_region(vm)
    with Hostile(vm, memdev(vm)) as bad:
        bad.forget()
        bad.fail(OP_ANSWER, 1, INVALID_INPUT)
        request(vm, ADD, [PART])
        poll(lambda: not vm.extents(), 20, "the device waits no more")
        check.equal(bad.wait_answers(2), [("add", []), ("add", [PART])],
                    "the offer is refused")
        check.equal(states(vm, region), {}, "nothing of it is used")
        add(vm, region, [PART])
        check.equal(accepted(vm), [PART], "the next one is taken")
        bad.fail(OP_ANSWER, 1, NO_ANSWER, late=True)
        request(vm, ADD, [OTHER])
        wait_shown(vm, region, [PART, OTHER])
        check.equal(accepted(vm), [PART, OTHER],
                    "what the device took without a word is found")
    end(vm, region)


def test_older_offer(vm, check):
    """An offer that never reached us is not in the way of those that do."""
    region = create_region(vm)
    with Hostile(vm, memdev(vm)) as bad:
        log_from_now(vm)
        bad.set("lie", LIE_LOSE)
        request(vm, ADD, [PART])
        wait_logged(vm, "overflowed")
        bad.set("lie", LIE_NONE)
        add(vm, region, [OTHER])
        check.equal({e[1:] for e in vm.extents()}, {OTHER + ("accepted",)},
                    "the older one is refused, the new one is taken")
    end(vm, region)


def test_chain_is_cut(vm, check):
    """Another user of the mailbox comes between the commands of a list."""
    region = create_region(vm)
    with Hostile(vm, memdev(vm)) as bad:
        bad.set("cut", 2)
        request(vm, ADD, MANY)
        # 170 were lost with the first two commands
        poll(lambda: len(states(vm, region)) == 130, 60, "the rest is shown")
        check.equal(sorted(states(vm, region)), accepted(vm),
                    "used is what the device has accepted, not more")
        bad.set("cut", 1)
        vm.guest_ok(f"cxl release-extent {region} --all", 120)
        poll(lambda: not vm.extents(), 60, "all of it goes back")
        check.equal(states(vm, region), {}, "a cut release is sent again")

        bad.forget()
        bad.set("cut", 2)
        request(vm, ADD, MANY, tag=TAG)
        poll(lambda: any(word == "release" for word, _ in bad.answers()), 60,
             "the rest of the tag is given back")
        poll(lambda: not vm.extents(), 60, "the device has it")
        check.equal(states(vm, region), {}, "no part of a tag is used")
        check.that("does not list it" in vm.guest_ok("dmesg | tail -5"),
                   "the log says why")

        request(vm, ADD, MANY, tag=TAG)
        wait_shown(vm, region, MANY, 60)
        bad.set("cut", 2)
        request(vm, RELEASE, MANY, tag=TAG)
        poll(lambda: not vm.extents(), 60, "a tag goes back as a whole")
        check.equal(states(vm, region), {}, "and is not shown any more")
    end(vm, region)


def test_late_records(vm, check):
    """The rest of an offer that was refused is not another offer."""
    region = create_region(vm)
    timeout = "/sys/module/cxl_dcd/parameters/chain_timeout"
    with Hostile(vm, memdev(vm)) as bad:
        vm.guest_ok(f"echo 1 > {timeout}")
        check.equal(bad.exchange(record(*PART, more=True)), [("add", [])],
                    "an offer without an end is refused")
        vm.guest_ok(f"echo 20 > {timeout}")
        check.equal(bad.exchange(record(*PART, more=True), record(*PART),
                                 record(*OTHER)), [("add", [OTHER])],
                    "its rest gets no answer, the next one has its own")
        bad.set("pretend", 1)
        vm.guest_ok(f"cxl release-extent {region} --all")
        answers = bad.exchange(record(*PART, more=True),
                               record(1 << 50, 2 * MIB, kind=TYPE_RELEASE),
                               record(*PART), record(*OTHER), count=3)
        check.equal(answers, [("add", []), ("release", [(1 << 50, 2 * MIB)]),
                              ("add", [OTHER])],
                    "the same where another record cut it off")
        bad.set("pretend", 1)
        vm.guest_ok(f"cxl release-extent {region} --all")
    end(vm, region)


def test_forced_and_offered_again(vm, check):
    """What a DAX device still holds is not ours when it is offered again."""
    region = create_region(vm)
    add(vm, region, [PART])
    dax = create_dax(vm, region)
    request(vm, RELEASE, [PART], forced_removal=True)
    poll(lambda: states(vm, region) == {PART: "forced"}, 20, "it is forced")
    request(vm, ADD, [PART])
    poll(lambda: not vm.extents(), 20, "the offer is refused")
    check.equal(states(vm, region), {PART: "forced"}, "nothing has changed")
    destroy_dax(vm, dax)
    wait_shown(vm, region, [])
    add(vm, region, [PART])
    check.equal((states(vm, region), accepted(vm)),
                ({PART: "accepted"}, [PART]), "then it is taken")
    end(vm, region)


def test_slow_device(vm, check):
    """Whoever waits for another device waits a second, not for all of it."""
    region = create_region(vm)
    other = create_region(vm, device="cxl-mem1")
    with Hostile(vm, memdev(vm)) as bad:
        bad.forget()
        bad.set("slow", 300)
        bad.set("pretend", 1)
        bad.inject(*[record((1 << 50) + i * 2 * MIB, 2 * MIB,
                            kind=TYPE_RELEASE) for i in range(120)])
        bad.wait_answers(1)
        rounds = 0
        while rounds < 2 and len(bad.answers()) < 120:
            add(vm, other, [PART], "cxl-mem1")
            release(vm, [PART], "cxl-mem1")
            rounds += 1
        check.that(len(bad.answers()) < 120,
                   "another device's capacity comes and goes meanwhile")
        bad.set("slow", 0)
        bad.wait_answers(120)
        bad.set("pretend", 0)
    destroy_region(vm, other)
    end(vm, region)
