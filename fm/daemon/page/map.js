// SPDX-License-Identifier: GPL-2.0-or-later
// The map of a pool: to look at, to point at, to walk through by keys

import { el, setText, setHidden, $ } from "./dom.js";
import { drawMap, ROW, ROW_HEIGHT } from "./map-draw.js";
import { find } from "./map-rows.js";
import { STATES, colourOf } from "./palette.js";
import { clock, short, size } from "./format.js";
import { hostName, model, phaseOf } from "./model.js";

const ZOOM_MAX = 4096;

export const holderName = (holder) => hostName(holder.host) ||
  (holder.head === null || holder.state === "sanitizing" ||
   holder.state === "referenced" ? "" : `head ${holder.head}`);

/* [[word, value], ...] of what is known of a segment */
export function facts(segment) {
  const claim = model.claims.get(segment.claim);
  const rows = [];
  for (const holder of segment.holders) {
    rows.push([holderName(holder) || "nobody",
               STATES[holder.state] ?? holder.state]);
  }
  rows.push(["size", size(segment.length)], ["offset", size(segment.offset)],
            ["tag", segment.tag || "none"]);
  if (claim) {
    const who = [claim.consumer_kind, claim.consumer].filter((t) => t);
    rows.push(["claim", who.length ? `${who.join(" ")} (${short(claim.uuid)})` :
      short(claim.uuid)]);
    rows.push([phaseOf(claim), `since ${clock(claim.status?.since)}`]);
  } else {
    rows.push(["claim", segment.tag ? "none: an orphan" : "none: by hand"]);
  }
  return rows;
}

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name)
    .trim();
}

let look = null;                // colours of the page, read once

export function forgetLook() {
  look = null;
}

function lookNow() {
  look ??= { ground: style("--ground"), empty: style("--empty"),
             ink: style("--ink"), quiet: style("--quiet"),
             mark: style("--mark"), widths: new Map(),
             font: `12px ${style("--font")}`, name: holderName };
  return look;
}

export class PoolMap {
  constructor(name) {
    this.rows = [];
    this.view = { from: 0, to: 1 };
    this.chosen = null;         // {row, segment}, by pointer or keys
    this.byKeys = false;
    this.width = 0;
    this.dirty = true;
    this.drawn = 0;             // segments in sight
    this.drawing = 0;           // ms that the last drawing took
    this.canvas = el("canvas", { tabindex: "0", role: "img", "aria-label": name,
      "aria-describedby": "map-keys",
      onpointermove: (e) => this.point(e), onpointerleave: () => this.leave(),
      onpointerdown: (e) => this.grab(e), onpointerup: () => this.drop(),
      onpointercancel: () => this.drop(), onkeydown: (e) => this.key(e),
      onblur: () => this.leave(), ondblclick: () => this.fit() });
    this.canvas.addEventListener("wheel", (e) => this.wheel(e),
                                 { passive: false });
    this.said = el("p", { class: "said", "aria-live": "polite" });
    this.out = el("button", { type: "button", title: "Zoom out (-)",
                              onclick: () => this.zoom(1 / 2) }, "−");
    this.in = el("button", { type: "button", title: "Zoom in (+)",
                             onclick: () => this.zoom(2) }, "+");
    this.all = el("button", { type: "button", title: "All of it (0)",
                              onclick: () => this.fit() }, "All");
    this.where = el("span", { class: "quiet" });
    this.tools = el("div", { class: "zoom" }, this.where, this.out, this.in,
                    this.all);
    this.root = el("div", { class: "map" }, this.canvas, this.said);
    this.sizer = new ResizeObserver(([entry]) => {
      this.width = Math.floor(entry.contentRect.width);
      this.dirty = true;
    });
    this.sizer.observe(this.root);
    this.showZoom();
  }

  update(rows) {
    this.rows = rows;
    if (this.chosen) {
      // What was chosen may be gone, or have changed.
      const row = rows[this.chosen.row];
      const [found, at] = row ? find(row.segments, this.chosen.segment.offset) :
        [false, 0];
      this.choose(found ? { row: this.chosen.row,
                            segment: row.segments[at] } : null);
    }
    this.dirty = true;
  }

  close() {
    this.sizer.disconnect();
    this.choose(null);
  }

  draw() {
    if (!this.dirty || !this.width) {
      return;
    }
    const began = performance.now();
    const scale = Math.min(devicePixelRatio || 1, 3);
    const height = Math.max(1, this.rows.length) * ROW_HEIGHT;
    const { canvas } = this;
    if (canvas.width !== Math.round(this.width * scale) ||
        canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(this.width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.height = `${height}px`;
    }
    this.drawn = drawMap(canvas.getContext("2d"), this.rows, this.view,
                         Object.assign(lookNow(), { scale, width: this.width,
                                                    chosen: this.chosen }));
    this.dirty = false;
    this.drawing = performance.now() - began;
  }

  // --- Which part ---

  setView(from, to) {
    const span = Math.min(1, Math.max(1 / ZOOM_MAX, to - from));
    const start = Math.max(0, Math.min(1 - span, from));
    this.view = { from: start, to: start + span };
    this.dirty = true;
    this.showZoom();
  }

  zoom(times, at = .5) {
    const { from, to } = this.view;
    const middle = from + (to - from) * at;
    this.setView(middle - (middle - from) / times,
                 middle + (to - middle) / times);
  }

  fit() {
    this.setView(0, 1);
  }

  showZoom() {
    const times = 1 / (this.view.to - this.view.from);
    this.out.disabled = this.all.disabled = times <= 1;
    this.in.disabled = times >= ZOOM_MAX;
    setText(this.where, times > 1 ? `×${Number(times.toPrecision(2))} from ${
      Math.round(this.view.from * 1000) / 10} %` : "");
  }

  wheel(event) {
    // The wheel belongs to the page, unless the map was entered.
    if (document.activeElement !== this.canvas && !event.ctrlKey) {
      return;
    }
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const step = (this.view.to - this.view.from) *
        (event.deltaX || event.deltaY) / box.width;
      this.setView(this.view.from + step, this.view.to + step);
    } else {
      this.zoom(event.deltaY < 0 ? 1.25 : .8,
                (event.clientX - box.left) / box.width);
    }
  }

  // --- What is pointed at ---

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const y = event.clientY - box.top;
    const n = Math.floor(y / ROW_HEIGHT);
    const row = this.rows[n];
    const inRow = y - n * ROW_HEIGHT - ROW.above;
    if (!row || inRow < -2 || inRow > ROW.bar + 2) {
      return null;
    }
    const pixel = row.length * (this.view.to - this.view.from) / box.width;
    const offset = row.length * this.view.from +
      (event.clientX - box.left) * pixel;
    const [found, at] = find(row.segments, offset);
    const next = row.segments[at];
    return found || (next && next.offset - offset < pixel * 2) ?
      { row: n, segment: next } : null;
  }

  point(event) {
    if (this.held) {
      const box = this.canvas.getBoundingClientRect();
      const step = (this.held.x - event.clientX) / box.width *
        (this.held.to - this.held.from);
      this.setView(this.held.from + step, this.held.to + step);
      return;
    }
    this.byKeys = false;
    this.choose(this.at(event));
  }

  grab(event) {
    this.held = { x: event.clientX, ...this.view };
    if (this.view.to - this.view.from < 1) {
      this.canvas.setPointerCapture(event.pointerId);
    }
  }

  drop() {
    this.held = null;
  }

  leave() {
    this.byKeys = false;
    this.choose(null);
  }

  choose(chosen) {
    if (chosen?.segment === this.chosen?.segment) {
      return;
    }
    this.chosen = chosen;
    this.dirty = true;
    this.tell();
  }

  /* The tip at the segment, and the same words for who hears the page */
  tell() {
    const tip = $("tip");
    if (!this.chosen) {
      if (tip.owner === this) {
        setHidden(tip, true);
      }
      setText(this.said, "");
      return;
    }
    const rows = facts(this.chosen.segment);
    tip.owner = this;
    tip.replaceChildren(el("dl", null, ...rows.flatMap(([word, value]) => [
      el("dt", null, word), el("dd", null, value)])));
    tip.style.borderColor = colourOf(this.chosen.segment.holders[0].host);
    setHidden(tip, false);
    this.place(tip);
    if (this.byKeys) {
      setText(this.said, rows.map((r) => r.join(": ")).join(", "));
    }
  }

  place(tip) {
    const box = this.canvas.getBoundingClientRect();
    const row = this.rows[this.chosen.row];
    const share = (this.chosen.segment.offset + this.chosen.segment.length / 2) /
      row.length;
    const x = box.left + Math.max(0, Math.min(1, (share - this.view.from) /
      (this.view.to - this.view.from))) * box.width;
    const y = box.top + (this.chosen.row + 1) * ROW_HEIGHT - ROW.below + 8;
    const limit = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(8, Math.min(x - tip.offsetWidth / 2, limit)) +
      scrollX}px`;
    tip.style.top = `${y + scrollY}px`;
  }

  // --- By keys ---

  key(event) {
    const span = this.view.to - this.view.from;
    const moves = {
      "ArrowRight": () => this.walk(1), "ArrowLeft": () => this.walk(-1),
      "ArrowDown": () => this.climb(1), "ArrowUp": () => this.climb(-1),
      "Home": () => this.end(0), "End": () => this.end(-1),
      "PageDown": () => this.setView(this.view.from + span,
                                     this.view.to + span),
      "PageUp": () => this.setView(this.view.from - span, this.view.to - span),
      "+": () => this.zoom(2, this.middle()),
      "=": () => this.zoom(2, this.middle()),
      "-": () => this.zoom(1 / 2, this.middle()), "0": () => this.fit(),
      "Escape": () => this.leave(),
    };
    if (moves[event.key] && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      moves[event.key]();
    }
  }

  /* Where zooming stays: at what is chosen */
  middle() {
    if (!this.chosen) {
      return .5;
    }
    const { segment, row } = this.chosen;
    const share = (segment.offset + segment.length / 2) / this.rows[row].length;
    return Math.max(0, Math.min(1, (share - this.view.from) /
      (this.view.to - this.view.from)));
  }

  go(row, at) {
    const segments = this.rows[row]?.segments ?? [];
    const segment = segments.at(Math.min(at, segments.length - 1));
    if (!segment) {
      return;
    }
    this.byKeys = true;
    const share = segment.offset / this.rows[row].length;
    const end = (segment.offset + segment.length) / this.rows[row].length;
    const span = this.view.to - this.view.from;
    if (share < this.view.from || end > this.view.to) {
      this.setView(share - span / 4, share - span / 4 + span);
    }
    this.choose({ row, segment });
  }

  walk(step) {
    if (!this.chosen) {
      const row = this.rows.findIndex((r) => r.segments.length);
      this.go(row, step > 0 ? 0 : -1);
      return;
    }
    const { row, segment } = this.chosen;
    const at = this.rows[row].segments.indexOf(segment) + step;
    this.go(row, Math.max(0, at));
  }

  climb(step) {
    const count = this.rows.length;
    const from = this.chosen?.row ?? (step > 0 ? -1 : count);
    for (let row = from + step; row >= 0 && row < count; row += step) {
      if (this.rows[row].segments.length) {
        const offset = this.chosen ? this.chosen.segment.offset /
          this.rows[this.chosen.row].length * this.rows[row].length : 0;
        this.go(row, find(this.rows[row].segments, offset)[1]);
        return;
      }
    }
  }

  end(at) {
    const row = this.chosen?.row ??
      this.rows.findIndex((r) => r.segments.length);
    this.go(row, at);
  }
}
