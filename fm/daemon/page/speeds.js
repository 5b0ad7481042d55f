// SPDX-License-Identifier: GPL-2.0-or-later
// How fast: from the times of the events, and what the daemon counts

import { el, keyed, setText } from "./dom.js";
import { size, span } from "./format.js";
import { model, quantile, ratePerSecond } from "./model.js";

function latency(list) {
  const half = quantile(list, .5);
  return half === null ? ["-", "none yet"] :
    [span(half), `95 % within ${span(quantile(list, .95))}, of ${
      list.length}`];
}

function mean(total, count, metrics) {
  const n = metrics?.[`cxl_fmd_${count}`];
  const seconds = metrics?.[`cxl_fmd_${total}`];
  return n ? [span(Math.round(seconds / n * 1e4) / 10), `mean of ${n}`] :
    ["-", "none yet"];
}

/* The daemon counts that of which it knows the time: it is at least so fast */
function sanitized(metrics) {
  const bytes = metrics?.cxl_fmd_sanitized_bytes_total;
  const seconds = metrics?.cxl_fmd_sanitize_seconds_total;
  return seconds > 0 ? [`${size(bytes / seconds)}/s`,
                        `at least, of ${size(bytes)} that took ${
                          span(seconds * 1000)}`] :
    ["-", "none whose time is known"];
}

function acts(metrics) {
  let done = 0;
  let failed = 0;
  for (const [name, value] of Object.entries(metrics ?? {})) {
    done += name.startsWith("cxl_fmd_acts_total{") ? value : 0;
    failed += name.startsWith("cxl_fmd_acts_failed_total{") ? value : 0;
  }
  return [String(done), failed ? `${failed} refused or not answered` :
    "none refused"];
}

export function showSpeeds(root) {
  const { metrics } = model;
  const list = [
    ["add", "From the wish to the capacity, half within",
     ...latency(model.adds)],
    ["release", "From the end to gone, half within",
     ...latency(model.releases)],
    ["sanitize", "From leaving a host until it is clean and free",
     ...sanitized(metrics)],
    ["events", "Events a second", ratePerSecond().toFixed(1),
     `${model.heard} heard`],
    ["acts", "Asked of devices", ...acts(metrics)],
    ["pass", "A look at a pool takes", ...mean("pass_seconds_total",
                                               "passes_total", metrics)],
    ["store", "A write to the store takes", ...mean("store_seconds_total",
      "store_writes_total", metrics)],
  ];
  if (!root.list) {
    root.list = el("div", { class: "speeds" });
    root.append(root.list);
  }
  keyed(root.list, list, ([key]) => key,
        ([key]) => el("div", { class: "speed" }, el("p", { class: "label" }),
                      el("p", { class: "value", id: `speed-${key}` }),
                      el("p", { class: "more quiet" })),
        (element, [, label, value, more]) => {
          const [a, b, c] = element.children;
          setText(a, label);
          setText(b, value);
          setText(c, more);
        });
}
