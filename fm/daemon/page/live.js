// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps the model as the daemon has it: events say that something changed, and
// what they do not say themselves is read then, not more often than it pays.

import { Refused, Stream, get, ask } from "./api.js";
import { changed, hear, listen, model, noteHistory, setClaims } from
  "./model.js";

const SOON = 60;                // ms from an event to the question
const LATER = [400, 1500];      // and again: what it was about may take a while
const OFTEN = 5000;             // ms between questions when nothing happens
const CLAIMS_AGAIN = 120000;
const METRICS_AGAIN = 10000;
const AWAY = 20000;             // ms until a page that nobody sees is quiet

export const line = { state: "waiting", error: null, since: Date.now() };

export const stream = new Stream(hear, (state, error) => {
  if (line.state !== state) {
    line.since = Date.now();
    if (state === "live") {
      due(0);
    }
  }
  line.state = state;
  line.error = error;
  changed("line");
});

/* --- What there is --- */

async function readPools() {
  const { pools, stale_ms: stale } = await get("/v1/pools");
  const there = new Set();
  for (const pool of pools) {
    if (pool.mine || model.live.has(pool.uuid)) {
      const { live } = await get(`/v1/pools/${encodeURIComponent(pool.uuid)}`);
      if (live) {
        model.live.set(pool.uuid, live);
        there.add(pool.uuid);
      }
    }
  }
  for (const uuid of model.live.keys()) {
    if (!there.has(uuid)) {
      model.live.delete(uuid);
    }
  }
  model.pools = pools;
  model.stale = stale;
}

const PART = 2000;              // claims in one answer
let claimsAt = -Infinity;
let metricsAt = -Infinity;

async function readClaims() {
  const all = [];
  let part = {};
  let first = null;
  do {                          // events since the first part mend the rest
    part = await get(`/v1/claims?limit=${PART}` +
                     (part.next ? `&after=${part.next}` : ""));
    all.push(...part.claims);
    first ??= part.revision;
  } while (part.next);
  claimsAt = performance.now();
  setClaims(all, first);
}

async function readMetrics() {
  metricsAt = performance.now();
  const text = await (await ask("GET", "/metrics")).text();
  const found = {};
  for (const row of text.split("\n")) {
    const at = row.lastIndexOf(" ");
    if (at > 0 && !row.startsWith("#")) {
      found[row.slice(0, at)] = Number(row.slice(at + 1));
    }
  }
  model.metrics = found;
}

async function readAll() {
  model.me = await get("/v1/me");
  if (model.me.role === "nobody") {
    throw new Refused(401, { message: "this daemon asks for a token",
                             what_to_do: "" });
  }
  const now = performance.now();
  const [, { hosts }, health, { orphans }] = await Promise.all([
    readPools(), get("/v1/hosts"), get("/v1/health"), get("/v1/orphans"),
    now - claimsAt > CLAIMS_AGAIN ? readClaims() : null,
    now - metricsAt > METRICS_AGAIN ? readMetrics() : null,
  ]);
  model.hosts = hosts;
  model.health = health;
  model.orphans = orphans;
  model.heardAt = Date.now();
  noteHistory(Date.now());
}

/* --- When --- */

let timer = null;
let timerAt = Infinity;
let reading = false;
let notBefore = 0;
let begun = false;              // the stream, once somebody is let in
let more = [];                  // times at which to look again
export let refused = null;      // why nothing can be read; null
export const reads = { count: 0, ms: 0 };

function due(ms) {
  const at = Math.max(performance.now() + ms, notBefore);
  if (at < timerAt) {
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(read, at - performance.now());
  }
}

async function read() {
  timerAt = Infinity;
  if (reading) {
    return;
  }
  reading = true;
  const began = performance.now();
  more = more.filter((at) => at > began);
  try {
    await readAll();
    refused = null;
    if (!begun) {
      begun = true;
      stream.run();
    } else if (line.state === "denied") {
      stream.again();
    }
  } catch (error) {
    refused = error;
    claimsAt = -Infinity;
  }
  reading = false;
  reads.count++;
  reads.ms = performance.now() - began;
  // A daemon that takes long is not asked all the time.
  notBefore = performance.now() + Math.min(Math.max(reads.ms * 2, 150), 5000);
  changed("lists");
  if (!stream.hidden) {
    due(Math.min(OFTEN, ...more.map((at) => at - performance.now())));
  }
}

/* Everything anew, now */
export function again() {
  claimsAt = metricsAt = -Infinity;
  notBefore = 0;
  due(0);
}

let away = null;

function look() {
  clearTimeout(away);
  if (document.hidden) {
    away = setTimeout(() => stream.hide(true), AWAY);
  } else if (stream.hidden) {
    stream.hide(false);
    due(0);
  }
}

export function start() {
  listen((what) => {
    if (what === "events") {
      const now = performance.now();
      more = LATER.map((ms) => now + ms);
      due(SOON);
    } else if (what === "lost") {
      claimsAt = -Infinity;
      due(0);
    }
  });
  document.addEventListener("visibilitychange", look);
  look();
  due(0);
}
