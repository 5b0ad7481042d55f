# SPDX-License-Identifier: GPL-2.0-or-later
"""The web page of cxl-fmd with 10,000 extents and 100 events a second

How long a frame takes is printed; it is a figure of the machine, and of what
else runs there. The test fails when the page is of no use.
"""

import browser
from fmtest import run_tests
from pageload import Loaded, measure, report

USELESS = 500                 # ms of the median frame


def load(f):
    """The page stays of use, and shows the end of it all."""
    found = report(measure(f))
    print("# a frame: {median:.1f} ms in the median, {p95:.1f} ms at 95 %, "
          "{most:.0f} ms at most; tasks above 50 ms: {long}; the map is drawn "
          "in {map:.1f} ms; {events:.0f} events a second".format(**found))
    f.checks.that(found["median"] < USELESS, "the page moves", found)
    f.checks.that(found["events"] > 10, "it was loaded", found)
    path = f.claim("400G", host="vm1", consumer="the last one")
    f.shows("#claims", "the last one")
    f.ask("DELETE", path)
    f.hides("#claims", "the last one")
    ids = f.event_ids()
    f.checks.equal(ids, sorted(set(ids)), "events in order, none twice")
    f.checks.equal(set(f.told_ids()) - set(ids), set(), "none is missing")
    f.not_loaded_again()


if __name__ == "__main__":
    browser.require()
    run_tests([load], Loaded)
