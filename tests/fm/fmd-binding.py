# SPDX-License-Identifier: GPL-2.0-or-later
"""libcxlfm in Python, with cxl-fmd at the other end"""

import json
import uuid

import cxlfm
from fleettest import main
from fmtest import MIB

NOBODY = str(uuid.UUID(int=1))


def binding(f):
    """The library in Python asks the daemon, and has its devices."""
    with cxlfm.Handle(f.address) as fm:
        f.checks.equal(list(fm.devices), ["vm1", "vm2"], "devices")
        status, text = fm.ask("PUT", f"/v1/claims/{uuid.uuid4()}",
                              '{"bytes": "4M", "host": "vm1"}')
        f.checks.equal((status, json.loads(text)["bytes"]), (201, 4 * MIB),
                       "a claim")
        f.checks.equal(fm.ask("GET", f"/v1/claims/{NOBODY}")[0], 404,
                       "what is not there is an answer, no error")
        tags = [p.extents for p in fm.pools()]
        f.checks.that(len(tags) == 2, "pools, as each process tells", tags)


if __name__ == "__main__":
    main(binding)
