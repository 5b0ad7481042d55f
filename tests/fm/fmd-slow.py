# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon with more to do than it can: nobody's memory is ended for that

  SLOW_DISK_LIBRARY  tests/fm/slow-disk.c
"""

import concurrent.futures
import os
import threading
import uuid

from fmdtest import main
from fmtest import until

LEASE = 5                     # seconds, the least there is
CLAIMS = 120                  # that are put at once
DISK = 900                    # milliseconds; what waits is written together


def disk(w, ms):
    path = f"{w.dir.name}/disk"
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(f"{ms}\n")
    os.rename(path + ".new", path)
    return path


def renewal_waits(w):
    """Its renewal waits behind others for longer than its lease: it stays."""
    path = disk(w, 0)
    w.fmd.end()
    w.begin(LD_PRELOAD=os.environ["SLOW_DISK_LIBRARY"], SLOW_DISK=path)
    claim = w.bound(lease=LEASE)
    over = threading.Event()
    renewed = []

    def renew():
        while not over.is_set():
            renewed.append(w.fmd.ask(
                "POST", f"/v1/claims/{claim}/renew", timeout=120).status)
            over.wait(1)

    with concurrent.futures.ThreadPoolExecutor(CLAIMS + 1) as pool:
        disk(w, DISK)
        puts = [pool.submit(w.fmd.ask, "PUT", f"/v1/claims/{uuid.uuid4()}",
                            {"host": "vm2", "bytes": "1G"}, 120)
                for _ in range(CLAIMS)]
        keeper = pool.submit(renew)
        status = {p.result().status for p in puts}
        disk(w, 0)
        over.set()
        keeper.result()
    w.checks.equal(status, {201}, "all were put")
    w.checks.equal(set(renewed), {200}, "each renewal came in time")
    w.checks.equal(w.fmd.phase(claim), "Bound", "it is as it was")
    w.checks.that(until(lambda: w.fmd.try_get(f"/v1/claims/{claim}").status ==
                        404, LEASE + 10),
                  "it ends when nobody renews it, and the daemon has time",
                  w.fmd.claim(claim))


def lane_of_reads(w):
    """$expand and lists have workers of their own, and hold up no renewal."""
    def worked():
        return {line.split('"')[1]: int(line.split()[1])
                for line in w.fmd.try_get("/metrics").text.splitlines()
                if line.startswith("cxl_fmd_http_work_total{")}

    w.bound()
    for path in ("/v1/claims", "/v1/hosts", "/v1/pools", "/v1/orphans",
                 "/redfish/v1/Systems?$expand=.",
                 "/redfish/v1?$expand=*($levels=4)"):
        before = worked()
        w.checks.equal(w.fmd.ask("GET", path).status, 200, path)
        after = worked()
        # /metrics itself is one of the store's.
        w.checks.equal((after["large"] - before["large"],
                        after["store"] - before["store"]), (1, 1),
                       f"{path} is answered in that lane")


if __name__ == "__main__":
    main(renewal_waits, lane_of_reads, more="owner-ttl = 20")
