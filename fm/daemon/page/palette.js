// SPDX-License-Identifier: GPL-2.0-or-later
// A colour for each host, a pattern for each state

/*
 * Okabe and Ito's, which people with any of the usual kinds of colour blindness
 * tell apart, in an order in which neighbours differ in brightness, too.
 */
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9",
                 "#d55e00", "#f0e442", "#8a8f98"];
export const NOBODY = "#8a8f98";

const given = new Map();        // UUID of a host -> its number

/* Hosts keep theirs as long as the page is open. */
export function giveColours(hosts) {
  for (const host of [...hosts].sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (!given.has(host.uuid)) {
      given.set(host.uuid, given.size);
    }
  }
}

export function colourOf(uuid) {
  const number = given.get(uuid);
  return number === undefined ? NOBODY : COLOURS[number % COLOURS.length];
}

/* Black or white, whichever is read more easily on @colour */
export function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(colour.slice(at, at + 2), 16) / 255;
    return c <= .04 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  });
  return .2126 * r + .7152 * g + .0722 * b > .2 ? "#000" : "#fff";
}

export const STATES = {
  accepted: "has it",
  pending: "offered",
  releasing: "asked to give it back",
  sanitizing: "being sanitized",
  dead: "of a host that ended",
  referenced: "held for a tag, nobody has it",
};

const patterns = new Map();

function line(g, ...points) {
  g.beginPath();
  g.moveTo(points[0], points[1]);
  g.lineTo(points[2], points[3]);
  g.stroke();
}

const DRAW = {
  pending(g, n) {               // rising lines on nothing much
    line(g, -1, n + 1, n + 1, -1);
    line(g, -1, 1, 1, -1);
    line(g, n - 1, n + 1, n + 1, n - 1);
  },
  releasing(g, n) {             // falling lines, wide
    line(g, -1, -1, n + 1, n + 1);
    line(g, -1, n - 1, 1, n + 1);
    line(g, n - 1, -1, n + 1, 1);
  },
  sanitizing(g, n) {            // dots
    g.fillRect(n / 2 - 1, n / 2 - 1, 2.5, 2.5);
  },
  dead(g, n) {                  // crosses
    line(g, 0, 0, n, n);
    line(g, 0, n, n, 0);
  },
  referenced(g, n) {            // level lines
    line(g, 0, n / 2, n, n / 2);
  },
};

/*
 * What to fill with for @state of @colour on @ground; @scale: device pixels of
 * one of the page. A pattern, or the colour itself when it is accepted.
 */
export function fillOf(g, state, colour, ground, scale) {
  if (state === "accepted" || !DRAW[state]) {
    return colour;
  }
  const key = `${state} ${colour} ${ground} ${scale}`;
  if (!patterns.has(key)) {
    if (patterns.size > 200) {
      patterns.clear();
    }
    const tile = document.createElement("canvas");
    const n = 8;
    tile.width = tile.height = Math.round(n * scale);
    const t = tile.getContext("2d");
    t.scale(tile.width / n, tile.height / n);
    t.fillStyle = ground;
    t.fillRect(0, 0, n, n);
    t.fillStyle = t.strokeStyle = colour;
    t.globalAlpha = state === "releasing" ? .45 : .18;
    t.fillRect(0, 0, n, n);
    t.globalAlpha = 1;
    t.lineWidth = state === "releasing" ? 2.6 : 1.8;
    DRAW[state](t, n);
    const pattern = g.createPattern(tile, "repeat");
    pattern.setTransform(new DOMMatrix().scale(n / tile.width));
    patterns.set(key, pattern);
  }
  return patterns.get(key);
}
