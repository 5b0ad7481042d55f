# SPDX-License-Identifier: GPL-2.0-or-later
"""Chromium without a screen, driven by WebDriver over HTTP."""

import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from fmtest import Failed, until
from webtest import free_port

LIMIT = 60                    # seconds for one thing the browser does
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"tab": "\ue004", "enter": "\ue007", "escape": "\ue00c",
        "left": "\ue012", "up": "\ue013", "right": "\ue014",
        "down": "\ue015"}
# What is out of sight is not laid out (content-visibility): it has no text and
# cannot be hit. While a script runs all of it is, and nothing is painted so.
LAID_OUT = """
    const all = new CSSStyleSheet();
    all.replaceSync("* { content-visibility: visible !important }");
    document.adoptedStyleSheets.push(all);
    try {
        %s
    } finally {
        document.adoptedStyleSheets.pop();
    }"""
TEXT = LAID_OUT % """
        return document.querySelector(arguments[0])?.innerText ?? null;"""
CLICK = LAID_OUT % """
        const it = document.querySelector(arguments[0]);
        if (!it) return "there is no such thing";
        if (it.disabled) return "it is disabled";
        it.scrollIntoView({ block: "center", behavior: "instant" });
        const box = it.getBoundingClientRect();
        const hit = document.elementFromPoint(box.x + box.width / 2,
                                              box.y + box.height / 2);
        if (!it.contains(hit))
            return `it cannot be seen for ${hit?.outerHTML.slice(0, 200)}`;
        it.focus();
        it.click();
        return null;"""


def require():
    """End the test as skipped where there is no browser."""
    missing = [p for p in ("chromium", "chromedriver") if not shutil.which(p)]
    if missing:
        print(f"1..0 # SKIP no {missing[0]}; run scripts/setup")
        sys.exit(0)


class WebDriverError(Failed):
    pass


class Browser:
    def __init__(self, width=1280, height=900):
        self.dir = tempfile.TemporaryDirectory(prefix="browser-",
                                               ignore_cleanup_errors=True)
        self.port = free_port()
        # A home of its own: nothing of this user's is read or written.
        environment = dict(os.environ, HOME=self.dir.name, TZ="UTC",
                           XDG_CONFIG_HOME=self.dir.name,
                           XDG_CACHE_HOME=self.dir.name)
        with open(f"{self.dir.name}/log", "w", encoding="utf-8") as log:
            self.driver = subprocess.Popen(
                ["chromedriver", f"--port={self.port}"], stdout=log,
                stderr=log, env=environment)
        self.session = None
        if not until(self._is_up, LIMIT):
            raise WebDriverError("chromedriver does not start")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu",
                     "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--lang=en-US",
                     "--hide-scrollbars", f"--window-size={width},{height}",
                     f"--user-data-dir={self.dir.name}/profile"]
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "acceptInsecureCerts": True,
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments}}}})
        self.session = made["sessionId"]
        self.ask("POST", "timeouts", {"script": LIMIT * 1000})

    def _is_up(self):
        try:
            return self._call("GET", "/status")["ready"]
        except (OSError, http.client.HTTPException):
            return False

    def _call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=LIMIT)
        try:
            connection.request(method, path, None if body is None else
                               json.dumps(body),
                               {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise WebDriverError(f"{method} {path}: {value['error']}: "
                                 f"{value['message']}")
        return value

    def ask(self, method, path, body=None):
        if method == "POST" and body is None:
            body = {}
        return self._call(method, f"/session/{self.session}/{path}", body)

    def go(self, url):
        self.ask("POST", "url", {"url": url})

    def js(self, script, *arguments):
        """What @script returns; it may be a promise."""
        return self.ask("POST", "execute/sync", {"script": script,
                                                 "args": list(arguments)})

    def text(self, selector):
        """What people read there; None: there is no such thing"""
        return self.js(TEXT, selector)

    def find(self, selector):
        return self.ask("POST", "element", {"using": "css selector",
                                            "value": selector})[ELEMENT]

    def click(self, selector):
        """Press it where it is seen. WebDriver's own click looks where it is
        and presses later: a page that is drawn anew has moved it by then."""
        problem = self.js(CLICK, selector)
        if problem:
            raise WebDriverError(f"click on {selector}: {problem}")

    def type(self, selector, text):
        self.ask("POST", f"element/{self.find(selector)}/value",
                 {"text": KEYS.get(text, text)})

    def press(self, *keys):
        """Keys, to whatever has the focus"""
        actions = [{"type": kind, "value": KEYS.get(key, key)}
                   for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("POST", "actions", {"actions": [
            {"type": "key", "id": "keys", "actions": actions}]})

    def point(self, selector, x, y):
        """Move the pointer to a place in an element, from its middle."""
        self.ask("POST", "actions", {"actions": [
            {"type": "pointer", "id": "mouse", "actions": [
                {"type": "pointerMove", "duration": 0, "x": x, "y": y,
                 "origin": {ELEMENT: self.find(selector)}}]}]})

    def cdp(self, command, **parameters):
        return self.ask("POST", "goog/cdp/execute", {"cmd": command,
                                                     "params": parameters})

    def dark(self, on):
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if on else
             "light"}])

    def size(self, width, height, scale=1):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width,
                 height=height, deviceScaleFactor=scale, mobile=False)

    def shoot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", "screenshot")))

    def complaints(self):
        """What the console was told since it was asked last, as texts"""
        return [f"{e['level']}: {e['message']}" for e in
                self.ask("POST", "se/log", {"type": "browser"})]

    def close(self):
        try:
            if self.session:
                self._call("DELETE", f"/session/{self.session}")
        except (OSError, WebDriverError, http.client.HTTPException):
            pass
        self.driver.terminate()
        self.driver.wait(timeout=LIMIT)
        # The browser's own processes may write for a moment longer.
        until(self._is_removed, LIMIT)
        self.dir.cleanup()

    def _is_removed(self):
        shutil.rmtree(self.dir.name, ignore_errors=True)
        return not os.path.exists(self.dir.name)


class Forward:
    """A port of this machine that leads to a unix socket, as ssh -L has it"""

    def __init__(self, path):
        self.path = path
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.path)
            except OSError:
                client.close()
                continue
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=(one, other),
                                 daemon=True).start()

    @staticmethod
    def _carry(source, target):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
