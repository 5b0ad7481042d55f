#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Follow several machines in one event loop, over their ends and beginnings

    follow.py qmp:/tmp/vm1-qmp qmp:/tmp/vm2-qmp

Prints a line for each event. What cannot be reached is tried again.
"""

import selectors
import sys
import time

import cxlfm

AGAIN = 1                         # seconds


def tell(address, event):
    size = sum(extent.length for extent in event.extents)
    print(f"{address}: host {event.host} {event.type.name.lower()} "
          f"{size >> 20} MiB", flush=True)


class Machine:
    def __init__(self, address):
        self.address, self.handle = address, cxlfm.Handle()
        self.lost_at = None       # None: never connected yet

    def connect(self, selector):
        try:
            if self.lost_at is None:
                self.handle.connect(self.address)
                self.handle.subscribe()
            else:
                self.handle.reconnect()
        except cxlfm.Error:
            return
        selector.register(self.handle, selectors.EVENT_READ, self)
        print(f"{self.address}: here", flush=True)
        self.lost_at = 0

    def read(self, selector):
        try:
            for event in self.handle.events():
                tell(self.address, event)
        except cxlfm.Error as error:
            # Before the descriptor goes with the old connection
            selector.unregister(self.handle)
            print(f"{self.address}: {error}", flush=True)
            self.lost_at = time.monotonic()


def main():
    machines = [Machine(address) for address in sys.argv[1:]]
    selector = selectors.DefaultSelector()
    while machines:
        there = [key.data for key in selector.get_map().values()]
        for machine in machines:
            if machine not in there:
                machine.connect(selector)
        for key, _ in selector.select(AGAIN):
            key.data.read(selector)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
