# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm share, tags and reference: capacity that outlives its host"""

from fmtest import OK, REFUSED, REJECTED, TAG, TIMEOUT, USAGE, main


def tags(b):
    return [(t["tag"], t["fm-reference"], t["accepted"], t["pending"])
            for t in b.run("tags", "--json").json()["devices"][0]["tags"]]


def list_tags(b):
    """tags: who accepted, who was offered"""
    b.expect(OK, "tags", out="no tags")
    b.host("silent")
    b.expect(OK, "add", "4M", "-r", "1", "-t", TAG)
    b.checks.equal(tags(b), [(TAG, False, [], [0])], "offered to host 0")
    b.host("accept")
    b.checks.equal(tags(b), [(TAG, False, [0], [])], "accepted by host 0")
    row = b.expect(OK, "tags", out=TAG).out.splitlines()[1]
    b.checks.equal(row.split()[1:], [TAG, "0", "-", "-"], "the row")
    more = [f"{i:032x}" for i in range(1, 15)]
    for tag in more:
        b.expect(OK, "add", "2M", "-r", "1", "-t", tag, "--wait")
    b.checks.equal(len(tags(b)), 15, "more tags than one answer holds (12)")


def reference(b):
    """A reference keeps capacity until somebody shares it"""
    b.expect(OK, "add", "4M", "-r", "1", "-t", TAG, "--wait")
    b.expect(OK, "reference", "add", TAG, "-n", out="would take")
    b.checks.equal(tags(b), [(TAG, False, [0], [])], "-n changes nothing")
    b.expect(OK, "reference", "add", TAG, out="took the reference")
    b.expect(OK, "release", "--tag", TAG, "--wait")
    b.checks.equal(tags(b), [(TAG, True, [], [])], "held by the reference")
    b.host("silent")
    b.expect(TIMEOUT, "share", TAG, "-r", "1", "--wait", "-T", "0.3",
             err="has not answered the offer of the capacity of tag " + TAG)
    b.host("accept")
    b.checks.equal(tags(b), [(TAG, True, [0], [])], "the host has it again")
    b.expect(OK, "release", "--tag", TAG, "--wait")
    b.host("reject")
    b.expect(REJECTED, "share", TAG, "-r", "1", "--wait", err="declined all")
    b.host("accept")
    b.expect(OK, "share", TAG, "-r", "1", "--wait", out="accepted 4 MiB")
    gone = b.expect(OK, "reference", "remove", TAG, "--json").json()
    b.checks.equal((gone["fm-reference"], gone["outcome"]), (False, "done"),
                   "as JSON")
    b.expect(OK, "release", "--tag", TAG, "--wait")
    b.checks.equal(tags(b), [], "nobody has it: freed")


def refused(b):
    """What is no shared tag"""
    b.expect(REFUSED, "share", TAG, "-r", "1", err="Invalid Input")
    b.expect(REFUSED, "reference", "add", TAG, err="Invalid Input")
    b.expect(REFUSED, "reference", "remove", TAG, err="Invalid Input")
    b.expect(USAGE, "share", err="something is missing")
    b.expect(USAGE, "share", "odd", err="'odd' is not a tag")
    b.expect(USAGE, "reference", "keep", TAG, err="add and remove")
    b.expect(USAGE, "reference", TAG, err="something is missing")


if __name__ == "__main__":
    main(list_tags, reference, refused)
