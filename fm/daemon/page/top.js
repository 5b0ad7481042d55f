// SPDX-License-Identifier: GPL-2.0-or-later
// The top line: is all well?

import { el, setText, setClass } from "./dom.js";
import { clock, size, span } from "./format.js";
import { model, phaseOf } from "./model.js";

const tiles = new Map();

function tile(root, key, label) {
  if (!tiles.has(key)) {
    const made = { value: el("p", { class: "value", id: `top-${key}` }),
                   more: el("p", { class: "more quiet" }) };
    made.root = el("div", { class: "tile" }, el("p", { class: "label" }, label),
                   made.value, made.more);
    root.append(made.root);
    tiles.set(key, made);
  }
  return tiles.get(key);
}

function put(root, key, label, value, more, mood) {
  const made = tile(root, key, label);
  setText(made.value, value);
  setText(made.more, more);
  setClass(made.root, `tile ${mood}`);
}

function capacity() {
  let total = 0;
  let free = 0;
  let largest = 0;
  for (const pool of model.pools) {
    const now = model.live.get(pool.uuid) ?? pool;
    total += now.size ?? 0;
    free += now.available ?? 0;
    largest = Math.max(largest, now.largest ?? 0);
  }
  return { total, free, largest };
}

/* "2 Pending, 1 Stuck" */
function notBound() {
  const counts = new Map();
  for (const claim of model.claims.values()) {
    const phase = phaseOf(claim);
    if (phase !== "Bound") {
      counts.set(phase, (counts.get(phase) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1])
    .map(([phase, n]) => `${n}\u00a0${phase}`);
}

function healthOf(line) {
  const { health } = model;
  if (!health || line.state === "waiting") {
    return ["no answer", "the daemon does not answer", "bad"];
  }
  const wrong = [];
  if (!health.store?.ok) {
    wrong.push(health.store?.error || "the store does not answer");
  }
  for (const pool of health.pools ?? []) {
    if (pool.error) {
      wrong.push(pool.error);
    }
  }
  if (wrong.length) {
    return ["not well", wrong.join("; "), "bad"];
  }
  if (health.ok) {
    return ["well", "all is as wanted", "good"];
  }
  const count = (n, word) => n ? [`${n} ${word}${n === 1 ? "" : "s"}`] : [];
  return ["attention", [
    ...count(health.hosts.known - health.hosts.reachable, "silent host"),
    ...count(health.not_bound, "claim"), ...count(health.orphans, "orphan"),
  ].join(", "), "warn"];
}

function stale(line) {
  if (model.stale > 0) {
    const at = model.heardAt - model.stale;
    return [clock(at), `the store's copy is of ${span(Date.now() - at)} ago`,
            "bad"];
  }
  if (model.stale < 0) {
    return ["never read", "the store was not read yet", "bad"];
  }
  if (line.state !== "live") {
    return [clock(model.heardAt), "when the daemon was heard last", "bad"];
  }
  return ["not stale", "as new as it can be", "good"];
}

export function showTop(root, line) {
  const { total, free, largest } = capacity();
  const { health } = model;
  const reachable = health?.hosts?.reachable ?? 0;
  const known = health?.hosts?.known ?? 0;
  const down = model.hosts.filter((h) => !h.alive);
  const alive = model.hosts.length - down.length;
  const phases = notBound();
  const claims = model.claims.size;
  const bad = phases.length ? [...model.claims.values()].filter(
    (c) => phaseOf(c) !== "Bound").length : 0;
  put(root, "health", "Health", ...healthOf(line));
  put(root, "stale", "Stale since", ...stale(line));
  put(root, "out", "Out", size(total - free), `of ${size(total)} in ${
    model.pools.length} ${model.pools.length === 1 ? "pool" : "pools"}`, "");
  put(root, "free", "Free", size(free), `largest run ${size(largest)}`, "");
  put(root, "hosts", "Hosts alive", `${alive} of ${model.hosts.length}`,
      down.length ? `not: ${down.slice(0, 4).map((h) => h.name).join(", ")}${
        down.length > 4 ? " ..." : ""}` :
        `${reachable} of ${known} monitors here answer`,
      down.length ? "bad" : "good");
  put(root, "claims", "Unmet claims", `${bad} of ${claims}`,
      phases.length ? phases.join(", ") : "each has what it wants",
      bad ? "warn" : "good");
  put(root, "orphans", "Orphans", String(model.orphans.length),
      model.orphans.length ? `${size(model.orphans.reduce(
        (sum, o) => sum + o.bytes, 0))} with a tag of no claim` :
        "each tag has its claim", model.orphans.length ? "warn" : "good");
}
