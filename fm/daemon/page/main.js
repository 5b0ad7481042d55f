// SPDX-License-Identifier: GPL-2.0-or-later
// The page of cxl-fmd: puts the parts together, and has each drawn when what it
// shows has changed, at most once a frame and the long ones less often

import { $, setClass, setHidden, setText } from "./dom.js";
import { token } from "./api.js";
import { clock } from "./format.js";
import { listen, model } from "./model.js";
import { again, line, refused, start, stream } from "./live.js";
import { giveColours } from "./palette.js";
import { forgetLook } from "./map.js";
import { drawMaps, redrawMaps, showPools } from "./pools.js";
import { showTop } from "./top.js";
import { showHosts } from "./hosts.js";
import { showClaims } from "./claims.js";
import { showDecisions } from "./decisions.js";
import { showEvents } from "./events.js";
import { showSpeeds } from "./speeds.js";

// --- Who looks, and whether anybody answers ---

const LINE = { live: ["live", "live"], waiting: ["not connected", "waiting"],
               denied: ["not allowed", "denied"], hidden: ["asleep", "hidden"] };

function why(error) {
  if (!error) {
    return "";
  }
  return error.status ? `${error.message} (${error.status})` :
    "The daemon does not answer";
}

function showLine() {
  const error = refused ?? line.error;
  const denied = error?.status === 401 || error?.status === 403;
  const [word, mood] = LINE[denied ? "denied" : line.state];
  const since = line.state === "live" ? "" : ` since ${clock(line.since)}`;
  setText($("line"), `${word}${since}`);
  setClass($("line"), `line ${mood}`);
  const silent = line.state === "waiting" && performance.now() > 3000;
  let text = "";
  if (error?.status === 403) {
    text = `Not allowed (403): ${error.message}. ${error.todo ?? ""}`;
  } else if (!denied && silent) {
    text = `${why(error) || "The stream of events ended"}; what is shown is ` +
      `of ${clock(model.heardAt)}. It is tried again.`;
  } else if (!denied && refused) {
    text = `What there is cannot be read: ${why(refused)}.`;
  }
  setText($("banner"), text);
  setHidden($("banner"), !text);
  setHidden($("sign-in"), error?.status !== 401 &&
    !(error?.status === 403 && token.get()));
  setText($("sign-in-why"), error?.status === 401 ?
    `${token.get() ? error.message : "A token of the daemon's tokens file."} ` +
    "It is kept until this tab is closed." : "");
  setClass(document.body, line.state === "live" && !refused ? "" : "old");
}

function showWho() {
  const { me } = model;
  setText($("machine"), me?.machine ? `on ${me.machine}` : "");
  setText($("role"), me ? `${me.who}, ${me.role === "nobody" ? "no role" :
    me.role}${me.role === "reader" ? ": looks, changes nothing" : ""}` : "");
  const title = model.health && !model.health.ok ? "! cxl-fmd" : "cxl-fmd";
  const named = me?.machine ? `${title} on ${me.machine}` : title;
  if (document.title !== named) {
    document.title = named;
  }
}

function signIn(event) {
  event.preventDefault();
  token.set($("token").value.trim());
  $("token").value = "";
  stream.again();
  again();
}

// --- What is drawn when ---

/* [what changes it, ms between two drawings, how] */
const PARTS = [
  [["line", "lists"], 0, () => showLine()],
  [["lists"], 0, () => {
    giveColours(model.hosts);
    showPools($("pools"));
  }],
  [["lists", "claims", "line"], 200, () => showTop($("top"), line)],
  [["lists"], 200, () => showHosts($("host-list"))],
  [["lists"], 0, () => showWho()],
  [["lists", "claims"], 250, () => showClaims($("claim-list"), $("claim-bar"))],
  [["lists", "events"], 250, () => showDecisions($("decision-list"))],
  [["events", "lists"], 150, () => showEvents($("event-list"), $("event-bar"))],
  [["events", "lists"], 500, () => showSpeeds($("speed-list"))],
].map(([what, every, draw]) => ({ what, every, draw, dirty: true, at: 0 }));

let asked = false;

function frame(now) {
  asked = false;
  let late = Infinity;
  let spent = 0;
  for (const part of PARTS) {
    if (!part.dirty) {
      continue;
    }
    const wait = part.at + part.every - now;
    // What would make this frame long waits for the next one.
    if (wait > 0 || spent > 12) {
      late = Math.min(late, Math.max(wait, 0));
      continue;
    }
    const began = performance.now();
    part.dirty = false;
    part.at = now;
    part.draw();
    spent += performance.now() - began;
  }
  drawMaps();
  if (late < Infinity) {
    setTimeout(want, late);
  }
}

function want() {
  if (!asked) {
    asked = true;
    requestAnimationFrame(frame);
  }
}

function dirty(what) {
  for (const part of PARTS) {
    part.dirty ||= part.what.includes(what);
  }
  want();
}

/* Dark or light, as the system has it */
function relook() {
  document.documentElement.dataset.look = dark.matches ? "dark" : "light";
  forgetLook();
  redrawMaps();
  dirty("lists");
}

const dark = matchMedia("(prefers-color-scheme: dark)");

listen(dirty);
dark.addEventListener("change", relook);
relook();
$("sign-in").addEventListener("submit", signIn);
addEventListener("resize", want);
// Pointers and keys change what is chosen on a map.
for (const type of ["pointermove", "pointerdown", "keydown", "wheel", "click",
                    "focusout"]) {
  addEventListener(type, want, { passive: true });
}
// "Stale since" and the like grow older by themselves.
setInterval(() => dirty("line"), 1000);
start();

