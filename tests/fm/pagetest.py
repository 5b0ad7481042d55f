# SPDX-License-Identifier: GPL-2.0-or-later
"""The web page of cxl-fmd in a browser: a daemon, a pool, and who looks at it"""

import atexit
import os
import sys

from browser import Browser, Forward
from fleettest import Fleet
from fmtest import Failed, run_tests, until

SHOWS = 30                    # seconds; an idle machine takes less than one

_browser = None


def browser():
    """One for all tests: it takes seconds to start."""
    global _browser
    if not _browser:
        _browser = Browser()
        atexit.register(_browser.close)
    return _browser


class Page(Fleet):
    """The page, in the browser, through a forwarded socket or over TLS"""

    hosts = (1, 2, 3)
    expected = ()             # parts of what the console may be told

    def __init__(self, checks, test=None):
        self.hosts = getattr(test, "hosts", self.hosts)
        super().__init__(checks, test)
        self.expected = getattr(test, "expected", ())
        self.forward = Forward(self.socket)
        self.tls = getattr(test, "tcp", False)
        self.origin = (f"https://localhost:{self.port}" if self.tls else
                       f"http://localhost:{self.forward.port}")
        self.web = browser()
        self.web.size(1280, 900)
        self.web.dark(False)
        self.web.go("about:blank")
        self.web.complaints()
        if getattr(test, "opened", True):
            self.open()

    def open(self):
        """Load the page. That it is this load is told by a mark in it."""
        self.web.go(self.origin + "/")
        self.web.js("window.untouched = true")
        if not self.tls:
            self.must(lambda: self.state("line.state", "live.js") == "live" and
                      self.state("model.hosts.length") >= len(self.hosts),
                      "the page is live")

    def state(self, expression, module="model.js"):
        """Of a module of the page: it is loaded once"""
        return self.web.js(f"return import('/page/{module}')"
                           f".then((m) => m.{expression})")

    def shows(self, selector, text, what=None):
        """Wait until the text is there."""
        good = until(lambda: text in (self.web.text(selector) or ""), SHOWS)
        return self.checks.that(good, what or f"{selector} shows {text}",
                                self.web.text(selector))

    def hides(self, selector, text, what=None):
        good = until(lambda: text not in (self.web.text(selector) or ""),
                     SHOWS)
        return self.checks.that(good, what or f"{selector} shows no {text}",
                                self.web.text(selector))

    def must(self, what, name):
        if not until(what, SHOWS):
            self.checks.that(False, name, "\n".join(
                self.web.complaints() + [str(self.web.text("body"))]))
            raise Failed(name)
        self.checks.that(True, name)

    def not_loaded_again(self):
        self.checks.that(self.web.js("return window.untouched === true"),
                         "the page was not loaded again")

    def event_ids(self):
        """Of the events that the page has, in its order"""
        return [int(i) for i in self.state("model.events.map((e) => e.id)")]

    def told_ids(self):
        """Of the events that the daemon keeps"""
        now, ids = self.events(), []
        last = now.next()["id"]
        now.close()
        stream = self.events("?after=0")
        while not ids or ids[-1] < last:
            told = stream.next()
            if told["event"] not in ("hello", "lost"):
                ids.append(told["id"])
        stream.close()
        return ids

    def close(self):
        wrong = [c for c in self.web.complaints()
                 if not any(e in c for e in self.expected)]
        self.checks.equal(wrong, [], "the console was told nothing")
        foreign = self.web.js(
            "return performance.getEntriesByType('resource')"
            ".map((e) => e.name).filter((n) => !n.startsWith(location.origin)"
            " && !n.startsWith('data:'))")
        self.checks.equal(foreign, [], "nobody else was asked for anything")
        self.web.go("about:blank")
        self.forward.close()
        super().close()


def main(*tests):
    chosen = [t for t in tests if t.__name__ in sys.argv[1:]] or tests
    run_tests(chosen, Page)


def figure(name):
    """Where a picture goes: PAGE_FIGURES, or nowhere"""
    folder = os.environ.get("PAGE_FIGURES")
    return folder and os.path.join(folder, f"page-{name}.png")
