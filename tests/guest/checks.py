# SPDX-License-Identifier: GPL-2.0-or-later
"""Count checks; show each one as a TAP line or as a verdict for a person."""

import sys


class Failed(Exception):
    """A check failed on which the rest of its test rests."""


class Checks:
    """Counts.  With tap=True each check prints a line `ok N - name`."""

    def __init__(self, tap=True):
        self.tap, self.passed, self.failed, self.skipped = tap, 0, 0, 0
        self.names = []

    def _show(self, good, name, detail):
        number = self.passed + self.failed + self.skipped
        if self.tap:
            print(f"{'ok' if good else 'not ok'} {number} - {name}")
            for line in detail.splitlines() if not good else ():
                print(f"# {line}")
        else:
            print(f"    {'ok:    ' if good else 'FAILED:'} {name}"
                  + (f" ({detail})" if detail and not good else ""))
        sys.stdout.flush()

    def that(self, good, name, detail=""):
        """Record a check; gives back whether it was good."""
        self.names.append(name)
        if good:
            self.passed += 1
        else:
            self.failed += 1
        self._show(good, name, str(detail))
        return bool(good)

    def equal(self, got, want, name):
        return self.that(got == want, name, f"got {got!r}, expected {want!r}")

    def must(self, good, name, detail=""):
        """As that(), but a failure ends the test."""
        if not self.that(good, name, detail):
            raise Failed(name)

    def skip(self, name, why):
        self.skipped += 1
        number = self.passed + self.failed + self.skipped
        print(f"ok {number} - {name} # SKIP {why}")

    def end(self):
        """Close the report; gives the exit status."""
        if self.tap:
            print(f"1..{self.passed + self.failed + self.skipped}")
        else:
            print(f"\n{self.passed} checks passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0
