# SPDX-License-Identifier: GPL-2.0-or-later
"""What a fabric manager does all the time, beside a test."""

import threading

from qmp import QMP, QMPError


class Load:
    """Requests without a rest, over a QMP socket of its own; @once is one."""

    PAUSE = 0.1                             # seconds between two

    def __init__(self, path):
        self.qmp, self.stop = QMP(path), threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.sent, self.error = 0, None

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.stop.set()
        self.thread.join()
        self.qmp.close()

    def run(self):
        try:
            while not self.stop.wait(self.PAUSE):
                self.once()
        except Exception as err:            # looked at by the test
            self.error = err

    def once(self):
        raise NotImplementedError

    def ask(self, command, path, part):
        """Offer or ask for (offset, length), which may be there, or not."""
        try:
            self.qmp.call(command, {
                "path": path, "region-id": 0,
                "extents": [{"offset": part[0], "len": part[1]}]})
            self.sent += 1
        except QMPError:
            pass
