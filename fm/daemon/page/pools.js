// SPDX-License-Identifier: GPL-2.0-or-later
// A card for each pool: its map, what the colours mean, and the same as a table

import { el, keyed, setText, setHidden, setClass, table } from "./dom.js";
import { size, clock, short } from "./format.js";
import { extentsOf, hostName, model, phaseOf } from "./model.js";
import { Most } from "./most.js";
import { rowsOf } from "./map-rows.js";
import { PoolMap, holderName } from "./map.js";
import { STATES, colourOf, fillOf, NOBODY } from "./palette.js";

const PAGE = 100;               // rows of the table at a time
const STEP = 12;                // pools at a time

const cards = new Map();        // UUID -> what is shown of it

/* A swatch of a state, drawn as the map draws it */
function swatch(state, colours) {
  const canvas = el("canvas", { class: "swatch", "aria-hidden": "true",
                                width: "44", height: "28" });
  const g = canvas.getContext("2d");
  const ground = getComputedStyle(document.documentElement)
    .getPropertyValue("--ground").trim();
  g.scale(2, 2);
  colours.forEach((colour, n) => {
    g.fillStyle = fillOf(g, state, colour, ground, 2);
    for (let x = n * 5; x < 22; x += 5 * colours.length) {
      g.fillRect(x, 0, colours.length > 1 ? 5 : 22, 14);
    }
  });
  return canvas;
}

function legendOf(states, shared) {
  const items = Object.entries(STATES).filter(([state]) => states.has(state))
    .map(([state, words]) => el("li", null, swatch(state, [NOBODY]), words));
  if (shared) {
    items.push(el("li", null, swatch("accepted", ["#0072b2", "#e69f00"]),
                  "several share it"));
  }
  return items;
}

// --- The table ---

function tableRows(rows) {
  const found = [];
  for (const row of rows) {
    for (const segment of row.segments) {
      for (const holder of segment.holders) {
        found.push({ row, segment, holder });
      }
    }
  }
  return found;
}

function cells({ row, segment, holder }) {
  const claim = model.claims.get(segment.claim);
  return [String(row.index), holderName(holder) || "nobody",
          STATES[holder.state] ?? holder.state, size(segment.offset),
          size(segment.length), segment.tag || "none",
          claim ? `${phaseOf(claim)}${claim.consumer ? `, ${claim.consumer}` :
            ""}` : segment.tag ? "orphan" : "by hand",
          clock(claim?.status?.since)];
}

class ExtentTable {
  constructor(name) {
    this.from = 0;
    this.rows = [];
    const { table: wide, body } = table(["Region", "Host", "State", "Offset",
                                         "Size", "Tag", "Claim", "Since"],
                                        { "aria-label": `Extents of ${name}` });
    this.body = body;
    this.count = el("span", { class: "quiet" });
    this.back = el("button", { type: "button",
                               onclick: () => this.turn(-PAGE) }, "Before");
    this.on = el("button", { type: "button",
                             onclick: () => this.turn(PAGE) }, "Next");
    this.root = el("details", { class: "extents" },
                   el("summary", null, "The same as a table"), wide,
                   el("p", { class: "bar-of-tools" }, this.back, this.on,
                      this.count));
    this.root.addEventListener("toggle", () => this.show());
  }

  turn(step) {
    this.from = Math.max(0, this.from + step);
    this.show();
  }

  update(rows) {
    this.rows = rows;
    this.show();
  }

  show() {
    if (!this.root.open) {
      return;
    }
    const all = tableRows(this.rows);
    this.from = Math.min(this.from, Math.max(0, all.length - 1));
    const shown = all.slice(this.from, this.from + PAGE);
    keyed(this.body, shown, ({ row, segment, holder }) =>
      `${row.index} ${segment.offset} ${holder.host} ${holder.head}`,
          () => el("tr", null, ...Array.from({ length: 8 }, () => el("td"))),
          (tr, one) => cells(one).forEach((text, n) =>
            setText(tr.children[n], text)));
    setText(this.count, all.length ? `${this.from + 1} to ${
      this.from + shown.length} of ${all.length}` : "nothing is out");
    this.back.disabled = this.from === 0;
    this.on.disabled = this.from + PAGE >= all.length;
  }
}

// --- The card ---

class Card {
  constructor(pool) {
    const name = pool.name || short(pool.uuid);
    this.map = new PoolMap(`Map of pool ${name}`);
    this.title = el("h3", null, name);
    this.about = el("p", { class: "quiet" });
    this.note = el("p", { class: "note", hidden: true });
    this.legend = el("ul", { class: "legend" });
    this.table = new ExtentTable(name);
    this.known = "";
    this.root = el("article", { class: "pool" },
                   el("div", { class: "pool-head" }, this.title, this.about,
                      this.map.tools),
                   this.note, this.map.root, this.legend, this.table.root);
  }

  update(pool) {
    const live = model.live.get(pool.uuid);
    const now = live ?? pool;
    const extents = extentsOf(pool);
    const rows = rowsOf(now, extents);
    const used = rows.reduce((sum, r) => sum + r.length - r.free, 0);
    setText(this.title, pool.name || short(pool.uuid));
    setText(this.about, [`machine ${pool.machine}`,
                         `${size(used)} of ${size(now.size)} are out`,
                         pool.owner ? "" : "nobody owns it now"]
      .filter((t) => t).join(" · "));
    this.tell(pool, live);
    this.map.update(rows);
    this.map.canvas.setAttribute("aria-label", `Map of pool ${pool.name}: ${
      rows.map((r) => `region ${r.index}, ${r.segments.length} extents, ${
        size(r.free)} free`).join("; ")}`);
    this.table.update(rows);
    this.show(extents, rows);
  }

  tell(pool, live) {
    const error = model.health?.pools?.find((p) => p.uuid === pool.uuid)?.error;
    let text = error ?? "";
    if (!live) {
      text = `As its owner wrote it to the claims; machine ${pool.machine} ` +
        `has the live picture${pool.owner?.url ? `: ${pool.owner.url}` : ""}.`;
    } else if (!live.known) {
      text = "Not all heads were heard: what looks free may be somebody's.";
    }
    setText(this.note, text);
    setHidden(this.note, !text);
    setClass(this.note, error ? "note bad" : "note");
  }

  show(extents, rows) {
    const states = new Set(extents.map((e) => e.state));
    const hosts = [...new Set(extents.map((e) => e.host))]
      .filter((uuid) => hostName(uuid))
      .sort((a, b) => hostName(a) < hostName(b) ? -1 : 1);
    const shared = rows.some((r) => r.segments.some(
      (s) => s.holders.length > 1));
    const key = JSON.stringify([[...states].sort(), hosts.map(hostName),
                                shared, document.documentElement.dataset.look]);
    if (key === this.known) {
      return;
    }
    this.known = key;
    this.legend.replaceChildren(
      ...hosts.map((uuid) => el("li", null, swatch("accepted",
        [colourOf(uuid)]), hostName(uuid))),
      ...legendOf(states, shared));
  }
}

let most = null;

/* Those first that nobody keeps, or cannot */
function choose() {
  const wrong = new Set(model.pools.filter((p) => !p.owner)
    .map((p) => p.uuid));
  for (const pool of model.health?.pools ?? []) {
    if (pool.error) {
      wrong.add(pool.uuid);
    }
  }
  return [...model.pools].sort((a, b) => wrong.has(b.uuid) - wrong.has(a.uuid) ||
    (`${a.machine} ${a.name}` < `${b.machine} ${b.name}` ? -1 : 1));
}

export function showPools(root) {
  most ??= new Most(STEP, root, () => showPools(root));
  const found = most.of(choose());
  const shown = new Set(found.map((p) => p.uuid));
  for (const [uuid, card] of cards) {
    if (!shown.has(uuid)) {
      card.map.close();
      cards.delete(uuid);
    }
  }
  keyed(root, found, (pool) => pool.uuid, (pool) => {
    const card = new Card(pool);
    cards.set(pool.uuid, card);
    return card.root;
  }, (_, pool) => cards.get(pool.uuid).update(pool));
}

/* At most once a frame */
export function drawMaps() {
  for (const card of cards.values()) {
    card.map.draw();
  }
}

export function redrawMaps() {
  for (const card of cards.values()) {
    card.map.dirty = true;
  }
}

/* For whoever measures */
export function mapsDrawn() {
  return [...cards.values()].map((c) => ({ segments: c.map.drawn,
                                           ms: c.map.drawing }));
}

