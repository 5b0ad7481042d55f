// SPDX-License-Identifier: GPL-2.0-or-later
// Draws a pool's rows on a canvas

import { colourOf, fillOf, inkOn } from "./palette.js";
import { size } from "./format.js";

export const ROW = { above: 22, bar: 42, below: 32 };
export const ROW_HEIGHT = ROW.above + ROW.bar + ROW.below;
const NARROW = 1.5;             // pixels below which only a share is shown
const STRIPE = 7;

/* A step of an axis: a power of two that leaves room for its name */
function axisStep(bytes, width) {
  let step = 1 << 12;
  while (bytes / step > Math.max(1, width / 90)) {
    step *= 2;
  }
  return step;
}

/* The colours of @segment as fillRect() knows them, one below the other */
function fillSegment(g, segment, x, y, w, h, look) {
  const { holders } = segment;
  if (holders.length === 1) {
    g.fillStyle = fillOf(g, holders[0].state, colourOf(holders[0].host),
                         look.ground, look.scale);
    g.fillRect(x, y, w, h);
    return;
  }
  // Stripes that stay in place when the row is scrolled under them
  for (let at = 0; at < w; at += STRIPE) {
    const holder = holders[Math.round(at / STRIPE) % holders.length];
    g.fillStyle = fillOf(g, holder.state, colourOf(holder.host), look.ground,
                         look.scale);
    g.fillRect(x + at, y, Math.min(STRIPE, w - at), h);
  }
}

function label(g, segment, x, y, w, h, look) {
  const [holder] = segment.holders;
  const from = Math.max(x, 0);
  const room = Math.min(x + w, look.width) - from - 10;
  if (room < 24) {
    return;
  }
  const name = segment.holders.length > 1 ?
    segment.holders.map((s) => look.name(s)).join(" + ") : look.name(holder);
  if (!name) {
    return;
  }
  let text = look.widths.get(name);
  if (text === undefined) {
    text = g.measureText(name).width;
    look.widths.set(name, text);
  }
  if (text > room) {
    return;
  }
  if (holder.state === "accepted" && segment.holders.length === 1) {
    g.fillStyle = inkOn(colourOf(holder.host));
  } else {
    g.fillStyle = look.ground;
    g.fillRect(from + 3, y + h / 2 - 9, text + 6, 18);
    g.fillStyle = look.ink;
  }
  g.fillText(name, from + 6, y + h / 2 + 4);
}

/*
 * What is too narrow to be seen: a column of pixels is filled as far as its
 * share of it is taken, with the colour of whoever has most.
 */
function drawColumns(g, columns, y, look) {
  for (let x = 0; x < columns.used.length; x++) {
    const share = columns.used[x];
    if (share > 0) {
      const h = Math.max(2, Math.min(1, share) * ROW.bar);
      g.fillStyle = columns.colour[x];
      g.fillRect(x, y + ROW.bar - h, 1, h);
    }
  }
}

function drawSegments(g, row, y, view, look) {
  const perByte = look.width / (view.to - view.from);
  const columns = { used: new Float32Array(Math.ceil(look.width)),
                    most: new Float32Array(Math.ceil(look.width)),
                    colour: [] };
  const wide = [];
  let drawn = 0;
  for (const segment of row.segments) {
    const x = (segment.offset - view.from) * perByte;
    const w = segment.length * perByte;
    if (x + w < 0 || x > look.width) {
      continue;
    }
    drawn++;
    if (w < NARROW) {
      const at = Math.max(0, Math.min(columns.used.length - 1, Math.floor(x)));
      columns.used[at] += w;
      if (w >= columns.most[at]) {
        columns.most[at] = w;
        columns.colour[at] = colourOf(segment.holders[0].host);
      }
      continue;
    }
    const from = Math.max(x, -STRIPE * 40);
    fillSegment(g, segment, from, y, Math.min(x + w, look.width + 20) - from,
                ROW.bar, look);
    wide.push([segment, x, w]);
  }
  drawColumns(g, columns, y, look);
  g.fillStyle = look.ground;
  for (const [, x, w] of wide) {
    if (w > 4) {
      g.fillRect(x + w - 1, y, 1, ROW.bar);
    }
  }
  for (const [segment, x, w] of wide) {
    label(g, segment, x, y, w, ROW.bar, look);
  }
  return drawn;
}

function drawGap(g, row, y, view, look) {
  if (!row.gap.length) {
    return;
  }
  const perByte = look.width / (view.to - view.from);
  const x = (row.gap.offset - view.from) * perByte;
  const end = x + row.gap.length * perByte;
  const from = Math.max(x + 1, 0);
  const to = Math.min(end - 1, look.width);
  if (to <= from) {
    return;
  }
  g.strokeStyle = look.quiet;
  g.lineWidth = 1;
  g.setLineDash([4, 3]);
  g.strokeRect(from + .5, y + 3.5, to - from - 1, ROW.bar - 7);
  g.setLineDash([]);
  const text = `largest free run: ${size(row.gap.length)}`;
  const short = size(row.gap.length);
  for (const words of [text, short]) {
    if (g.measureText(words).width < to - from - 12) {
      g.fillStyle = look.quiet;
      g.fillText(words, from + 7, y + ROW.bar / 2 + 4);
      break;
    }
  }
}

function drawAxis(g, y, view, look) {
  const bytes = view.to - view.from;
  const step = axisStep(bytes, look.width);
  const perByte = look.width / bytes;
  g.fillStyle = look.quiet;
  for (let at = Math.ceil(view.from / step) * step; at <= view.to;
       at += step) {
    const x = (at - view.from) * perByte;
    const text = at ? size(at) : "0";
    const w = g.measureText(text).width;
    g.fillRect(Math.min(x, look.width - 1), y, 1, 4);
    g.fillText(text, Math.max(0, Math.min(x - w / 2, look.width - w)), y + 15);
  }
}

function drawTitle(g, row, y, look) {
  const parts = [`region ${row.index}`, size(row.length),
                 `${size(row.free)} free`];
  if (row.sharable) {
    parts.push("can be shared");
  }
  parts.push(`blocks of ${size(row.block)}`);
  let text = parts.join(" · ");
  while (parts.length > 1 && g.measureText(text).width > look.width) {
    parts.pop();
    text = parts.join(" · ");
  }
  g.fillStyle = look.ink;
  g.fillText(text, 0, y + 13);
}

/*
 * @view: {from, to}, shares of a row's length. @look: {width, scale, ground,
 * empty, ink, quiet, mark, name(holder), widths, chosen: {row, segment} | null}.
 * How many segments are in sight.
 */
export function drawMap(g, rows, view, look) {
  let drawn = 0;
  g.setTransform(look.scale, 0, 0, look.scale, 0, 0);
  g.clearRect(0, 0, look.width, rows.length * ROW_HEIGHT);
  g.font = look.font;
  rows.forEach((row, n) => {
    const y = n * ROW_HEIGHT + ROW.above;
    const bytes = { from: view.from * row.length, to: view.to * row.length };
    drawTitle(g, row, n * ROW_HEIGHT, look);
    g.save();
    g.beginPath();
    g.rect(0, y, look.width, ROW.bar);
    g.clip();
    g.fillStyle = look.empty;
    g.fillRect(0, y, look.width, ROW.bar);
    drawn += drawSegments(g, row, y, bytes, look);
    drawGap(g, row, y, bytes, look);
    g.restore();
    drawAxis(g, y + ROW.bar + 2, bytes, look);
    if (look.chosen?.row === n) {
      const { segment } = look.chosen;
      const perByte = look.width / (bytes.to - bytes.from);
      const x = (segment.offset - bytes.from) * perByte;
      const w = Math.max(3, segment.length * perByte);
      g.strokeStyle = look.mark;
      g.lineWidth = 2.5;
      g.strokeRect(Math.max(1.5, x - 1), y - 2,
                   Math.min(w + 2, look.width - 3), ROW.bar + 4);
    }
  });
  return drawn;
}
