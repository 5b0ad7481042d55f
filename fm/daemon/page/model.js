// SPDX-License-Identifier: GPL-2.0-or-later
// What the page knows: the daemon's lists, and what the events have changed
// since. Everything that grows has an end: this page may stay open for months.

const EVENTS_KEEP = 8192;       // as many as the daemon keeps
const DECISIONS_KEEP = 300;
const SAMPLES_KEEP = 500;
const STEPS_KEEP = 40;          // of one claim
const STORIES_KEEP = 20000;     // claims whose steps are remembered
const HISTORY_KEEP = 240;       // of a host

export const model = {
  me: null,                     // {role, who, machine, version}
  health: null,
  pools: [],
  live: new Map(),              // UUID of a pool -> its live picture
  hosts: [],
  orphans: [],
  metrics: null,                // {name: value}
  claims: new Map(),            // UUID -> claim with status
  claimsRevision: 0,
  stale: 0,                     // ms that the store's copy is old
  heardAt: 0,                   // when an answer came last (our clock)
  events: [],                   // oldest first; {seq, id, time, kind, ...}
  heard: 0,                     // events ever
  gaps: 0,                      // times that some were lost
  decisions: [],
  stories: new Map(),           // UUID of a claim -> [{phase, time}]
  adds: [],                     // ms from wish to capacity
  releases: [],                 // ms from end to gone
  history: new Map(),           // UUID of a host -> [{time, owned, pressure}]
  rate: [],                     // when events came, of the last seconds
};

const listeners = new Set();

/* @fn(what) after something changed: "claims", "events", "live", "lists" */
export function listen(fn) {
  listeners.add(fn);
}

export function changed(what) {
  for (const fn of listeners) {
    fn(what);
  }
}

function keep(list, most) {
  // Not at each event: to cut costs as much as the list is long.
  if (list.length > most * 1.25) {
    list.splice(0, list.length - most);
  }
}

/* --- Claims --- */

export const phaseOf = (claim) => claim.status?.phase ?? "Pending";

/* Of the lists; events that are newer than the list are put on top. */
export function setClaims(list, revision) {
  model.claims = new Map(list.map((claim) => [claim.uuid, claim]));
  model.claimsRevision = revision;
  for (const event of model.events) {
    if (event.kind === "claim" && event.data?.revision > revision) {
      applyClaim(event);
    }
  }
  changed("claims");
}

function applyClaim(event) {
  const { key, value, revision } = event.data;
  const there = model.claims.get(event.object);
  if (String(key).endsWith("/status")) {
    if (there) {
      there.status = value;
    }
  } else if (!value) {
    model.claims.delete(event.object);
  } else {
    model.claims.set(event.object, { ...value, uuid: event.object, revision,
                                     status: there?.status ?? null });
  }
}

/* --- What became of a claim, step by step --- */

function story(uuid) {
  let steps = model.stories.get(uuid);
  if (!steps) {
    steps = [];
    model.stories.set(uuid, steps);
    if (model.stories.size > STORIES_KEEP) {
      model.stories.delete(model.stories.keys().next().value);
    }
  }
  return steps;
}

function step(uuid, phase, time, why) {
  const steps = story(uuid);
  const last = steps.at(-1);
  if (last?.phase === phase) {
    last.why = why;
    return false;
  }
  steps.push({ phase, time, why });
  if (steps.length > STEPS_KEEP) {
    steps.splice(1, steps.length - STEPS_KEEP);
  }
  return true;
}

function sample(list, from, to) {
  if (from && to >= from.time) {
    list.push(to - from.time);
    keep(list, SAMPLES_KEEP);
  }
}

function follow(event) {
  const { key, value } = event.data ?? {};
  const uuid = event.object;
  const steps = model.stories.get(uuid) ?? [];
  if (String(key).endsWith("/status")) {
    const fresh = value && step(uuid, value.phase, event.time,
                                value.message ?? "");
    if (fresh && value.phase === "Bound" &&
        steps.filter((s) => s.phase === "Bound").length === 1 &&
        steps[0].phase === "asked") {
      sample(model.adds, steps[0], event.time);
    }
    return fresh;
  }
  if (!value) {
    sample(model.releases, steps.find((s) => s.phase === "ended"), event.time);
    step(uuid, "Gone", event.time, "");
    // Nobody asks for it any more, but the decisions speak of it a while.
    return false;
  }
  step(uuid, value.deleted ? "ended" : "asked", event.time, "");
  return false;
}

/* --- Decisions --- */

function decide(event) {
  model.decisions.push(event);
  keep(model.decisions, DECISIONS_KEEP);
}

const TOLD = new Set(["Placed", "Declined", "Unanswered", "Lost", "Stuck",
                      "Forcing", "Pending"]);

function isDecision(event, fresh) {
  if (event.kind === "act" || event.kind === "orphan" ||
      event.kind === "daemon") {
    return true;
  }
  if (event.kind === "pool") {
    return !event.data?.key || String(event.data.key).endsWith("/owner");
  }
  const status = event.data?.value;
  return event.kind === "claim" && fresh && status?.message &&
    TOLD.has(status.phase);
}

/* --- Events --- */

let seq = 0;                    // of this page: ids may come again when the
                                // daemon has lost what it kept

export function hear(kind, id, event) {
  model.heardAt = Date.now();
  if (kind === "hello") {
    return;
  }
  if (kind === "lost") {
    // At first it only says that older ones are not kept.
    if (model.events.length) {
      model.gaps++;
      model.events.push({ seq: ++seq, id: Number(id), time: Date.now(),
                          kind: "page", object: "",
                          text: "some events are not kept any more: all was " +
                            "read anew", data: null });
    }
    changed("lost");
    return;
  }
  if (typeof event !== "object" || !event) {
    return;
  }
  event.seq = ++seq;
  model.heard++;
  model.events.push(event);
  keep(model.events, EVENTS_KEEP);
  model.rate.push(performance.now());
  keep(model.rate, 2000);
  let fresh = false;
  if (event.kind === "claim") {
    fresh = follow(event);
    if (event.data?.revision > model.claimsRevision) {
      applyClaim(event);
      changed("claims");
    }
  }
  if (isDecision(event, fresh)) {
    decide(event);
  }
  changed("events");
}

/* Events a second, of the last ten */
export function ratePerSecond() {
  const since = performance.now() - 10000;
  let count = 0;
  for (let i = model.rate.length - 1; i >= 0 && model.rate[i] > since; i--) {
    count++;
  }
  return count / 10;
}

/* --- Pools and hosts --- */

export function hostName(uuid) {
  return model.hosts.find((h) => h.uuid === uuid)?.name ?? "";
}

/* A claim names its host by UUID or by name; "" when it has none yet. */
export function claimHost(claim) {
  const named = claim.status?.host || claim.host || "";
  return hostName(named) || named;
}

/*
 * The extents of a pool: as its devices say, or, of another machine's pool, as
 * its owner wrote them to the claims.
 */
export function extentsOf(pool) {
  const live = model.live.get(pool.uuid);
  if (live) {
    return live.extents;
  }
  const found = [];
  for (const claim of model.claims.values()) {
    if (claim.status?.pool === pool.uuid) {
      for (const extent of claim.status.extents ?? []) {
        found.push({ ...extent, head: null, tag: claim.uuid,
                     claim: claim.uuid,
                     shared: (claim.shared_with ?? []).length > 0 });
      }
    }
  }
  return found;
}

export function noteHistory(now) {
  for (const host of model.hosts) {
    if (typeof host.owned !== "number") {
      continue;
    }
    const list = model.history.get(host.uuid) ?? [];
    const last = list.at(-1);
    // Each five seconds: 240 are twenty minutes.
    if (!last || now - last.time >= 5000) {
      list.push({ time: now, owned: host.owned,
                  pressure: host.pressure_now ?? null });
      keep(list, HISTORY_KEEP);
    } else {
      last.owned = host.owned;
    }
    model.history.set(host.uuid, list);
  }
  for (const uuid of model.history.keys()) {
    if (!model.hosts.some((h) => h.uuid === uuid)) {
      model.history.delete(uuid);
    }
  }
}

/* The value below which @share of @list is; null of nothing */
export function quantile(list, share) {
  if (!list.length) {
    return null;
  }
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1,
                         Math.ceil(share * sorted.length) - 1)];
}
