# SPDX-License-Identifier: GPL-2.0-or-later
"""The web page of cxl-fmd: what people do with it, and with what"""

import json
import os
import shlex
import tempfile

import browser
from fleettest import TOKENS
from fmtest import MIB
from pagetest import main

HOSTILE = "<script>window.stung=1</script><img src=x onerror=window.stung=1>"


# --- What it does ---

def events_held(f):
    """Events can be held while more come, and saved."""
    f.claim("2M", host="vm1", consumer="first")
    f.shows("#event-list", "Bound")
    f.web.click("#event-pause")
    before = f.web.text("#event-list")
    f.claim("2M", host="vm2", consumer="second")
    f.shows("#claims", "second")
    f.shows("#event-bar", "newer")
    f.checks.equal(f.web.text("#event-list"), before, "it stays as it was")
    f.web.click("#event-pause")
    f.must(lambda: f.web.text("#event-list") != before, "it goes on")
    f.web.js("document.getElementById('event-kind').value = 'act';"
             "document.getElementById('event-kind')"
             ".dispatchEvent(new Event('change'))")
    f.must(lambda: set(f.web.js(
        "return [...document.querySelectorAll('#event-list .kind')]"
        ".map((e) => e.textContent)")) == {"act"}, "one kind alone")
    with tempfile.TemporaryDirectory(prefix="page-") as folder:
        f.web.cdp("Browser.setDownloadBehavior", behavior="allow",
                  downloadPath=folder)
        f.web.click("#event-save")
        f.must(lambda: any(n.endswith(".ndjson") for n in os.listdir(folder)),
               "it is saved")
        name, = os.listdir(folder)
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            saved = [json.loads(line) for line in file]
    ids = [int(e["id"]) for e in saved]
    f.checks.that(ids == f.event_ids()[:len(ids)] and len(ids) > 5,
                  "all that came, also of other kinds", ids)


def buttons(f):
    """A button does what the command does that it shows."""
    # It is not there before the page has drawn its claims.
    f.must(lambda: f.web.js("return document.getElementById('claim-add')"
                            "?.disabled === false"), "claims can be added")
    f.web.click("#claim-add")
    f.web.js("document.getElementById('add-bytes').value = ''")
    f.web.type("#add-bytes", "24M")
    f.web.js("document.getElementById('add-host').value = 'vm2'")
    f.web.type("#add-who", "job/it's 1; $(touch x)")
    shown = f.web.text("dialog .command")
    words = shlex.split(shown)
    f.checks.equal(words[:-1], ["cxl-fm", "claim", "add", "24M", "--host",
                                "vm2", "--consumer", "job/it's 1; $(touch x)",
                                "--uuid"], "the command, as a shell reads it")
    f.web.click("dialog button.main")
    f.must(lambda: f.web.text("dialog") is None, "it is done")
    path = f"/v1/claims/{words[-1]}"
    f.reaches(path, "Bound")
    claim = f.get(path).json()
    f.checks.equal((claim["bytes"], claim["consumer_kind"], claim["consumer"]),
                   (24 * MIB, "job", "it's 1; $(touch x)"), "as it was said")
    f.expect(0, *words[1:])
    f.checks.equal(len(f.get("/v1/claims").json()["claims"]), 1,
                   "the command is the same again")
    f.shows("#claims", "24 MiB for vm2")
    f.web.click(".claim button")
    shown = f.web.text("dialog .command")
    f.checks.equal(shown, f"cxl-fm claim delete {words[-1]}",
                   "how it is ended")
    f.web.press("escape")
    f.must(lambda: f.web.text("dialog") is None, "Escape takes the dialog")
    f.checks.equal(f.phase(path), "Bound", "nothing was done")
    f.web.click(".claim button")
    f.web.click("dialog button.main")
    f.reaches(path, "gone")
    f.hides("#claims", "24 MiB")
    f.web.click("#claim-add")
    f.web.type("#add-bytes", "nonsense")
    f.web.click("dialog button.main")
    f.shows("dialog .bad", "bytes", "why it was refused")


buttons.expected = ("422",)


def roles(f):
    """Without a token nothing is shown; a reader looks; 403 is told."""
    f.shows("#sign-in", "Token", "it asks for a token")
    f.checks.that("vm1" not in f.web.text("body"), "it shows nothing yet")
    f.checks.equal(f.web.complaints(), [], "to have no token is no fault")
    f.web.type("#token", "wrong" * 5)
    f.web.press("enter")
    f.shows("#sign-in", "not known", "a wrong one is told")
    f.web.type("#token", TOKENS["reader"])
    f.web.press("enter")
    f.shows("#host-list", "vm1")
    f.shows("#role", "token reader, reader")
    f.shows("#line", "live")
    f.checks.that(not f.web.js("return document.querySelector('#sign-in')"
                               ".checkVisibility()"), "it asks no more")
    path = f.claim("16M", host="vm1")
    f.shows("#claims", "16 MiB for vm1")
    f.checks.equal(f.web.js(
        "return [...document.querySelectorAll('#claims button:not([hidden])')]"
        ".map((b) => b.disabled)"), [True, True], "a reader has no buttons")
    f.checks.equal(f.web.js("return Object.entries(localStorage).length + "
                            "document.cookie.length"), 0,
                   "the token goes with the tab")
    # One who was a user when the page asked, and is none any more
    f.web.js("sessionStorage.setItem('cxl-fmd-token', arguments[0])",
             TOKENS["user"])
    f.shows("#role", "user, user")
    f.must(lambda: f.web.js("return document.querySelector("
                            "'.claim button')?.disabled === false"),
           "a user has buttons")
    f.web.click(".claim button")
    f.checks.equal(f.web.text("dialog .command"),
                   f"cxl-fm claim delete {path[-36:]} --address "
                   f"fmd:{f.origin}", "the command says where")
    f.web.js("sessionStorage.setItem('cxl-fmd-token', arguments[0])",
             TOKENS["reader"])
    f.web.click("dialog button.main")
    f.shows("dialog .bad", "403: this needs the role user")
    f.reaches(path, "Bound")
    f.web.press("escape")
    # The file has it no more
    with open(f"{f.dir.name}/tokens", "w", encoding="ascii") as file:
        file.write(f"admin admin {TOKENS['admin']}\n")
    f.shows("#sign-in", "not known", "a token that is taken away is asked for")
    f.shows("#line", "not allowed")


roles.tcp = True
roles.expected = ("401", "403")


def hostile(f):
    """What others call things is text, whatever they call them."""
    name = HOSTILE + "\u202e\u0000x".replace("\u0000", "")
    for n, text in enumerate((name, "'\"><b>&amp;", "x" * 250,
                              "\u200b{{7*7}}${7*7}")):
        f.claim("2M", host="vm1", consumer=text, consumer_kind="<i>")
    f.claim("2T", host="vm2", consumer=HOSTILE)
    f.shows("#claim-list", HOSTILE)
    f.shows("#claim-list", "{{7*7}}")
    f.shows("#decision-list", HOSTILE)
    f.web.type("#claim-find", "script")
    f.hides("#claim-list", "7*7")
    f.web.click(".claim:last-child button")
    f.checks.that(f.web.js("return !window.stung && document.scripts.length"
                           " === 1 && !document.querySelector('img, b, i')"),
                  "none of it is markup")
    f.web.press("escape")
    f.checks.that(f.web.js("return import('/page/format.js').then((m) => "
                           "m.word(\"a\\nb\\u202e'c\") === \"'ab'\\\\''c'\")"),
                  "a word of a command obeys nobody")
    f.checks.that(f.web.js("""
        return import("/page/dom.js").then((m) => {
          const made = m.el("p", { title: arguments[0] }, arguments[0]);
          return made.children.length === 0;
        });""", HOSTILE), "there is no way to make markup")


# --- Whoever looks, with whatever ---

def keyboard(f):
    """All of it without a pointer"""
    one, two = f.claim("64M", host="vm1", consumer="k1"), \
        f.claim("32M", host="vm2", consumer="k2")
    f.reaches(one, "Bound")
    f.reaches(two, "Bound")
    f.shows("#map .legend", "vm2")
    f.web.press("tab")
    f.checks.equal(f.web.js("return document.activeElement.className"), "skip",
                   "the first step leads past the head")
    f.web.press("enter")
    seen = []
    for _ in range(8):
        f.web.press("tab")
        seen.append(f.web.js("return document.activeElement.tagName"))
        if seen[-1] == "CANVAS":
            break
    f.checks.equal(seen[-1], "CANVAS", "the map can be entered")
    f.web.press("right")
    f.shows("#tip", "vm1")
    f.shows("#tip", "k1")
    f.shows(".said", "64 MiB", "who hears the page is told, too")
    f.web.press("right")
    f.shows("#tip", "k2")
    f.web.press("+")
    f.web.press("+")
    f.shows(".zoom", "×4")
    view = "return document.querySelector('.zoom').innerText"
    before = f.web.js(view)
    f.web.press("left")
    f.web.press("right")
    f.shows("#tip", "k2")
    f.web.press("0")
    f.checks.that(f.web.js(view) != before, "all of it is in sight again")
    f.web.press("escape")
    f.checks.that(not f.web.js("return document.querySelector('#tip')"
                               ".checkVisibility()"), "Escape takes the tip")
    f.web.point("#map canvas", -560, -30)
    f.shows("#tip", "vm1", "the pointer finds the same")
    # To the table, which opens by a key
    for _ in range(8):
        f.web.press("tab")
        if f.web.js("return document.activeElement.tagName") == "SUMMARY":
            break
    f.web.press("enter")
    f.shows(".extents tbody", "vm2")
    found = f.web.js("""
        return [...document.querySelectorAll(
            "button, input, select, canvas[tabindex], summary")]
          .filter((e) => !(e.ariaLabel || e.textContent || e.labels?.length))
          .map((e) => e.outerHTML)""")
    f.checks.equal(found, [], "each control has a name")


def narrow(f):
    """320 pixels, and no way to scroll sideways"""
    f.claim("16M", host="vm1", consumer="y" * 200)
    f.host(2, "silent")
    f.claim("16M", host="vm2", consumer="late", consumer_kind="job")
    f.shows("#claims", "late")
    f.web.size(320, 640)
    wide = ("return Math.max(document.documentElement.scrollWidth, "
            "document.body.scrollWidth)")
    f.must(lambda: f.web.js("return document.querySelector('canvas')"
                            ".clientWidth < 320"), "the map is narrow, too")
    f.checks.equal(f.web.js(wide), 320, "it fits")
    f.web.click("#map summary")
    f.shows(".extents tbody", "vm1")
    f.checks.equal(f.web.js(wide), 320, "with the table")
    f.web.click("#claim-add")
    f.checks.that(f.web.js("""
        const box = document.querySelector("dialog").getBoundingClientRect();
        return box.left >= 0 && box.right <= 320 &&
          document.querySelector("dialog").scrollWidth <= box.width"""),
                  "with a dialog")
    f.web.press("escape")
    # Only then has the focus gone back to the button.
    f.must(lambda: f.web.text("dialog") is None, "Escape leaves it")
    f.web.js("document.querySelector('canvas').focus()")
    f.web.press("right")
    f.checks.that(f.web.js("""
        const box = document.getElementById("tip").getBoundingClientRect();
        return box.width > 0 && box.left >= 0 && box.right <= 320"""),
                  "with the tip")
    f.checks.equal(f.web.js(wide), 320, "and fits still")


BRIGHT = """
    const parse = (c) => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const light = (c) => parse(c).map((v) => (v /= 255) <= .04 ? v / 12.92 :
      ((v + .055) / 1.055) ** 2.4).reduce((s, v, n) =>
      s + v * [.2126, .7152, .0722][n], 0);
    const ground = (e) => {
      for (; e; e = e.parentElement) {
        const c = getComputedStyle(e).backgroundColor;
        if (!c.endsWith(", 0)")) return c;
      }
      return "rgb(255, 255, 255)";
    };
    const low = [];
    for (const e of document.querySelectorAll("main *, header *")) {
      const text = [...e.childNodes].some((n) => n.nodeType === 3 &&
                                          n.data.trim());
      if (!text || !e.checkVisibility() || e.disabled) continue;
      const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
      const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
      if (contrast < 4.5) {
        low.push(`${e.tagName} ${e.className} "${e.textContent.slice(0, 30)}" `
                 + contrast.toFixed(1));
      }
    }
    return low;"""


def dark(f):
    """By night, too, text is read: a contrast of 4.5 and more"""
    f.claim("64M", host="vm1", consumer="a")
    f.host(2, "silent")
    f.claim("64M", host="vm2", consumer="b")
    f.host(3, "reject")
    f.claim("64M", host="vm3", consumer="c")
    f.shows("#claims", "Declined")
    f.shows("#map .legend", "offered")
    ground = "return getComputedStyle(document.body).backgroundColor"
    pixel = """
        const map = document.querySelector("#map canvas");
        const dot = document.createElement("canvas").getContext(
          "2d", { willReadFrequently: true });
        dot.drawImage(map, map.width - 30, 45, 1, 1, 0, 0, 1, 1);
        return [...dot.getImageData(0, 0, 1, 1).data];"""
    day, day_pixel = f.web.js(ground), f.web.js(pixel)
    f.checks.equal(f.web.js(BRIGHT), [], "by day")
    f.web.dark(True)
    f.must(lambda: f.web.js(ground) != day, "the ground is dark")
    f.must(lambda: f.web.js(pixel) != day_pixel, "the map's, too")
    f.checks.equal(f.web.js(BRIGHT), [], "by night")


if __name__ == "__main__":
    browser.require()
    main(events_held, buttons, roles, hostile, keyboard, narrow, dark)
