// SPDX-License-Identifier: GPL-2.0-or-later
// Hosts: what they have against what they may, must and are to have

import { el, keyed, setClass, setHidden, setText } from "./dom.js";
import { size, span } from "./format.js";
import { model } from "./model.js";
import { Most } from "./most.js";
import { colourOf } from "./palette.js";

const STEP = 60;                // hosts at a time
const NO_LIMIT = 2 ** 63;
const SVG = "http://www.w3.org/2000/svg";

/* What several hosts may have at once is nobody's own, nor counted so. */
function isShared(claim, pools) {
  const pool = pools.get(claim.status?.pool);
  return (claim.shared_with ?? []).length > 0 ||
    Boolean(pool?.regions?.find((r) => r.index === (claim.region ?? 0))
      ?.sharable);
}

/* Bytes that each host shares, by UUID */
function shares() {
  const sums = new Map();
  for (const live of model.live.values()) {
    for (const extent of live.extents) {
      if (extent.shared && extent.state === "accepted") {
        sums.set(extent.host, (sums.get(extent.host) ?? 0) + extent.length);
      }
    }
  }
  return sums;
}

/* Bytes that claims want for each host alone, by UUID */
function wanted(pools) {
  const sums = new Map();
  const byName = new Map(model.hosts.map((h) => [h.name, h.uuid]));
  for (const claim of model.claims.values()) {
    if (claim.deleted || isShared(claim, pools)) {
      continue;
    }
    const named = claim.status?.host || claim.host;
    const uuid = byName.get(named) ?? named;
    sums.set(uuid, (sums.get(uuid) ?? 0) + claim.bytes);
  }
  return sums;
}

function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  return made;
}

/* A line of what it owned, and one, dashed, of how it suffered */
function spark() {
  const line = svg("polyline", { fill: "none", "stroke-width": "1.5",
                                 "vector-effect": "non-scaling-stroke" });
  const pressure = svg("polyline", { fill: "none", "stroke-width": "1",
                                     "stroke-dasharray": "3 2",
                                     class: "pressure",
                                     "vector-effect": "non-scaling-stroke" });
  const root = svg("svg", { viewBox: "0 0 100 24", class: "spark",
                            preserveAspectRatio: "none", role: "img" });
  root.append(line, pressure);
  return { root, line, pressure };
}

/* Pressure over time as points; none of times at which it was not known */
function pressurePoints(list, from, long) {
  return list.filter(({ pressure }) => typeof pressure === "number").map(
    ({ time, pressure }) => `${(time - from) / long * 100},${
      22 - pressure / 100 * 20}`);
}

class Row {
  constructor() {
    this.name = el("h3");
    this.mark = el("span", { class: "dot", "aria-hidden": "true" });
    this.state = el("span", { class: "badge" });
    this.owned = el("div", { class: "fill owned" });
    this.offered = el("div", { class: "fill offered" });
    this.releasing = el("div", { class: "fill releasing" });
    this.min = el("div", { class: "tick", title: "minimum" });
    this.max = el("div", { class: "tick", title: "maximum" });
    this.want = el("div", { class: "want", title: "asked for by claims" });
    this.bar = el("div", { class: "bar" }, this.owned, this.releasing,
                  this.offered, this.min, this.max, this.want);
    this.numbers = el("p", { class: "quiet numbers" });
    this.error = el("p", { class: "note bad", hidden: true });
    this.spark = spark();
    this.root = el("article", { class: "host" },
                   el("div", { class: "host-head" }, this.mark, this.name,
                      this.state), this.bar, this.numbers, this.spark.root,
                   this.error);
  }

  update(host, want, shared, pool) {
    const colour = colourOf(host.uuid);
    const max = host.max < NO_LIMIT ? host.max : null;
    const owned = host.owned ?? 0;
    const offered = host.offered ?? 0;
    // What is asked for may be more than there ever is: it stops at the end.
    const scale = Math.max(max ?? Math.max(pool?.size ?? 0, want),
                           owned + offered, host.min ?? 0, 1);
    const share = (bytes) => `${Math.min(100, bytes / scale * 100)}%`;
    setText(this.name, host.name);
    this.mark.style.background = colour;
    this.owned.style.width = share(owned);
    this.owned.style.background = colour;
    this.releasing.style.width = share(host.releasing ?? 0);
    this.releasing.style.left = share(owned - (host.releasing ?? 0));
    this.offered.style.left = share(owned);
    this.offered.style.width = share(offered);
    this.offered.style.color = colour;
    setHidden(this.min, !host.min);
    this.min.style.left = share(host.min ?? 0);
    setHidden(this.max, max === null);
    this.max.style.left = share(max ?? 0);
    setHidden(this.want, !want);
    this.want.style.left = share(want);
    setText(this.numbers, numbers(host, max, want, shared));
    const [word, mood] = stateOf(host);
    setText(this.state, word);
    setClass(this.state, `badge ${mood}`);
    setText(this.error, host.error ?? "");
    setHidden(this.error, !host.error);
    this.line(model.history.get(host.uuid) ?? [], scale, colour);
  }

  line(list, scale, colour) {
    const { root, line, pressure } = this.spark;
    // A line that is level all the time says nothing that the bar does not.
    const says = list.some((one) => one.owned !== list[0].owned ||
                           typeof one.pressure === "number");
    root.toggleAttribute("hidden", !says);
    if (!says) {
      return;
    }
    const from = list[0].time;
    const long = Math.max(1, list.at(-1).time - from);
    const points = list.flatMap(({ time, owned }, n) => {
      const x = (time - from) / long * 100;
      const y = 22 - owned / scale * 20;
      return n ? [`${x},${22 - list[n - 1].owned / scale * 20}`, `${x},${y}`] :
        [`${x},${y}`];
    });
    line.setAttribute("points", points.join(" "));
    line.setAttribute("stroke", colour);
    const suffered = pressurePoints(list, from, long);
    pressure.setAttribute("points", suffered.join(" "));
    root.setAttribute("aria-label", `what it had in the last ${span(long)}${
      suffered.length ? ", and its pressure" : ""}`);
  }
}

function stateOf(host) {
  if (!host.alive) {
    return ["not alive", "bad"];
  }
  if (!host.reachable && host.head !== null) {
    return ["does not answer", "bad"];
  }
  return ["alive", "good"];
}

function numbers(host, max, want, shared) {
  const parts = [`has ${size(host.owned)}`];
  if (host.offered) {
    parts.push(`offered ${size(host.offered)}`);
  }
  if (host.releasing) {
    parts.push(`to give back ${size(host.releasing)}`);
  }
  parts.push(`asked for ${size(want)}`);
  if (shared) {
    parts.push(`shares ${size(shared)}`);
  }
  if (host.untagged) {
    parts.push(`${size(host.untagged)} by hand`);
  }
  if (host.min) {
    parts.push(`minimum ${size(host.min)}`);
  }
  parts.push(max === null ? "no maximum" : `maximum ${size(max)}`);
  if (typeof host.pressure_now === "number") {
    parts.push(`pressure ${host.pressure_now.toFixed(1)} %`);
  } else if (host.pressure_error) {
    parts.push("pressure not known");
  }
  if (host.lives > 1) {
    parts.push(`connected ${host.lives} times`);
  }
  if (host.machine && host.machine !== model.me?.machine) {
    parts.push(`machine ${host.machine}`);
  }
  return parts.join(" · ");
}

const rows = new WeakMap();
let most = null;

/* Those first that need somebody */
function order(a, b) {
  const [well, too] = [a, b].map((host) => stateOf(host)[1] === "good");
  return well !== too ? well - too : a.name < b.name ? -1 : 1;
}

export function showHosts(root) {
  const pools = new Map(model.pools.map((p) => [p.uuid, p]));
  const sums = wanted(pools);
  const shared = shares();
  most ??= new Most(STEP, root, () => showHosts(root));
  keyed(root, most.of([...model.hosts].sort(order)), (host) => host.uuid,
        () => {
          const row = new Row();
          rows.set(row.root, row);
          return row.root;
        }, (element, host) => rows.get(element).update(
          host, sums.get(host.uuid) ?? 0, shared.get(host.uuid) ?? 0,
          pools.get(host.alive?.pool)));
}
