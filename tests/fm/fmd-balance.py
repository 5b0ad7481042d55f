# SPDX-License-Identifier: GPL-2.0-or-later
"""cxl-fm balance where cxl-fmd keeps the pool: it makes and ends claims."""

import os
import signal

from fleettest import main
from fmtest import FAILED, MIB, OK, REFUSED, until

STEP = "step 32M\n"
SHORT = "pressure echo 50"
CALM = "pressure echo 0"


def policy(f, *hosts):
    path = os.path.join(f.dir.name, "policy")
    with open(path, "w", encoding="ascii") as file:
        file.write(STEP + "".join(f"host {i + 1} {h}\n"
                                  for i, h in enumerate(hosts)))
    return path


def balance(f, path, *words, code=OK):
    return f.expect(code, "balance", "--policy", path, "-i", "0", *words)


def claims(f):
    """[(kind, MiB, phase, name of the host)]"""
    names = {h["uuid"]: h["name"] for h in f.get("/v1/hosts").json()["hosts"]}
    return sorted((c["consumer_kind"], c["bytes"] // MIB,
                   (c["status"] or {}).get("phase", "Pending"),
                   names.get((c["status"] or {}).get("host"), ""))
                  for c in f.get("/v1/claims").json()["claims"])


def owned(f):
    pool = f.expect(OK, "pool", "--json").json()
    return [h["owned"] // MIB for h in pool["hosts"]]


def free_bytes(f):
    """Of region 0, once the daemon has seen what was done last"""
    until(lambda: f.get("/v1/pools").json()["pools"][0]["available"] ==
          f.expect(OK, "pool", "--json").json()["available"])
    return f.get("/v1/pools").json()["pools"][0]["regions"][0]["available"]


def nothing_strange(f):
    f.checks.equal(f.get("/v1/orphans").json()["orphans"], [],
                   "no capacity without a claim")


def minimum(f):
    """Who has less than its minimum gets a claim of that much"""
    path = policy(f, f"min 64M {CALM}")
    told = balance(f, path, "-c", "3", "--json").out.splitlines()
    f.checks.equal(claims(f), [("balance", 32, "Bound", "vm1")] * 2,
                   "two steps, two claims")
    f.checks.that('"change":"make"' in told[0] and '"steps"' not in told[2],
                  "each step is told, and the third round has none", told)
    f.checks.equal(owned(f), [64, 0], "the pool has it so")
    nothing_strange(f)


def moves(f):
    """Claims of the calm end for the short, those of others never"""
    job = f.claim("96M", host="vm1", consumer_kind="job", consumer="17")
    f.reaches(job, "Bound")
    path = policy(f, f"min 160M {CALM}", CALM)
    balance(f, path, "-c", "3")
    f.checks.equal(owned(f), [160, 0], "a minimum counts all of it")
    # All that is left is somebody's, so only vm1 can help.
    free = free_bytes(f)
    rest = f.claim(free, host="vm1")
    f.reaches(rest, "Bound")
    path = policy(f, f"min 96M {CALM}", SHORT)
    out = balance(f, path, "-c", "5").out
    f.checks.equal(sum("move 32 MiB from host 1 to host 2" in line
                       for line in out.splitlines()), 2,
                   "as many steps as it has claims of balance")
    f.checks.equal([c for c in claims(f) if c[0] == "balance"],
                   [("balance", 32, "Bound", "vm2")] * 2, "they are vm2's")
    for path in (job, rest):
        f.checks.equal(f.phase(path), "Bound", "others keep theirs")
    nothing_strange(f)


def keeps_minimum(f):
    """A claim goes whole: not when that would leave too little"""
    path = policy(f, f"min 32M {CALM}")
    balance(f, path)
    free = free_bytes(f)
    f.reaches(f.claim(free, host="vm2"), "Bound")
    out = balance(f, policy(f, f"min 16M {CALM}", SHORT), "-c", "2").out
    f.checks.that("nothing to move" in out, "it stays", out)
    f.checks.equal(owned(f)[0], 32, "the host has its claim")


def declined(f):
    """What a host declines is not asked for by a claim that stays"""
    f.host(1, "reject")
    out = balance(f, policy(f, f"min 32M {CALM}"), code=FAILED).out
    f.checks.that("not done: the claim was Declined" in out, "it says so", out)
    f.checks.that(until(lambda: claims(f) == []), "the claim is taken back",
                  claims(f))
    f.host(1, "accept")


def slow(f):
    """A host that takes its time is not robbed, nor asked twice"""
    path = policy(f, f"min 32M {CALM}")
    balance(f, path)
    free = free_bytes(f)
    f.reaches(f.claim(free, host="vm2"), "Bound")
    f.host(1, "keep")
    out = balance(f, policy(f, CALM, SHORT), "-c", "3", "-T", "0.3",
                  code=FAILED).out
    f.checks.equal(sum(line.startswith("move ") for line in
                       out.splitlines()), 1, "it is asked once")
    f.checks.equal(owned(f)[0], 32, "and keeps it until it gives it back")
    f.checks.that([c[2] for c in claims(f) if c[0] == "balance"][0] in
                  ("Releasing", "Stuck"), "its claim is to end", claims(f))
    nothing_strange(f)


def dry_run(f):
    """It says what it would do, and no claim is made"""
    out = balance(f, policy(f, f"min 32M {CALM}"), "--dry-run").out
    f.checks.that("would move 32 MiB" in out, "it says what", out)
    f.checks.equal(claims(f), [], "no claim")


def stopped(f):
    """Ended in the middle of a wait, it leaves no claim that nobody wants"""
    f.host(1, "silent")
    child = f.start("balance", "--policy", policy(f, f"min 32M {CALM}"), "-c",
                    "0")
    f.checks.that(until(lambda: claims(f)), "it waits")
    child.send_signal(signal.SIGTERM)
    child.communicate()
    f.host(1, "accept")
    f.checks.that(until(lambda: claims(f) == []), "its claim ends, too",
                  claims(f))
    nothing_strange(f)


def one(f):
    """One balancer to a pool"""
    path = policy(f, f"min 32M {CALM}")
    f.host(1, "silent")
    first = f.start("balance", "--policy", path, "-T", "20")
    f.checks.that(until(lambda: claims(f)), "one waits")
    result = balance(f, path, code=REFUSED)
    f.checks.that("another 'cxl-fm balance' looks" in result.err,
                  "a second one is refused", result)
    f.host(1, "accept")
    first.send_signal(signal.SIGTERM)
    first.communicate()


def makers(f):
    return {c["consumer"] for c in f.get("/v1/claims").json()["claims"]
            if not c["deleted"]}


def another(f):
    """Of two users or machines the second is refused, until it takes over"""
    path = policy(f, f"min 32M {CALM}")
    balance(f, path, "--as", "anna@one")
    other = policy(f, CALM, f"min 32M {CALM}")
    result = balance(f, other, "--as", "bert@two", code=REFUSED)
    f.checks.that("'anna@one' balances pool" in result.err and
                  "--take-over" in result.err, "it says who, and what to do",
                  result.err)
    f.checks.equal(owned(f), [32, 0], "nothing was changed")
    out = balance(f, other, "--as", "bert@two", "--dry-run").out
    f.checks.that("would move 32 MiB" in out, "it may look", out)
    balance(f, other, "--as", "bert@two", "--take-over", "-c", "2")
    f.checks.equal((owned(f), makers(f)), ([32, 32], {"bert@two"}),
                   "it takes over all of it")
    result = balance(f, path, "--as", "anna@one", code=REFUSED)
    f.checks.that("'bert@two' balances" in result.err, "once", result.err)
    balance(f, path, "--as", "bert@two")
    nothing_strange(f)


def of_before(f):
    """Claims of a version without names are nobody's, and go on"""
    pool = f.expect(OK, "pool", "--json").json()["pool"]
    f.reaches(f.claim("32M", host="vm1", consumer_kind="balance",
                      consumer=pool), "Bound")
    job = f.claim("32M", host="vm2", consumer_kind="job", consumer="anna@one")
    f.reaches(job, "Bound")
    balance(f, policy(f, f"min 64M {CALM}"), "--as", "anna@one")
    f.checks.equal(owned(f), [64, 32], "it goes on")


def at_once(f):
    """Two that begin at once: one does it, the other leaves nothing"""
    for turn in range(5):
        path = policy(f, f"min 64M {CALM}", f"min 64M {CALM}")
        children = []
        for who in "ab":
            # As another user has another folder for its lock
            folder = f"{f.dir.name}/{turn}{who}"
            os.mkdir(folder, 0o700)
            os.environ["XDG_RUNTIME_DIR"] = folder
            children.append(f.start("balance", "--policy", path, "-c", "2",
                                    "-i", "0", "--as", who))
        for child in children:
            child.communicate()
        f.checks.that(len(makers(f)) == 1, "one has made them", claims(f))
        f.checks.that(max(owned(f)) <= 64, "nobody has too much", owned(f))
        for claim in f.get("/v1/claims").json()["claims"]:
            f.ask("DELETE", f"/v1/claims/{claim['uuid']}")
        f.checks.that(until(lambda: not claims(f)), "all gone")
    nothing_strange(f)


if __name__ == "__main__":
    main(minimum, moves, keeps_minimum, declined, slow, dry_run, stopped,
         one, another, of_before, at_once)
