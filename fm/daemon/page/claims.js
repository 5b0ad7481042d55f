// SPDX-License-Identifier: GPL-2.0-or-later
// Claims: a line of phases with times each, those first that are not as wanted

import { el, keyed, setClass, setText, setHidden } from "./dom.js";
import { clock, day, short, size, span } from "./format.js";
import { claimHost, model, phaseOf } from "./model.js";
import { askToRelease, mayChange, showAdd } from "./act.js";

const MOST = 60;                // shown at a time

const MOOD = { Bound: "good", Declined: "bad", Lost: "bad", Stuck: "bad",
               Unanswered: "bad", Forcing: "warn" };

let filter = "";
let most = MOST;
let bar = null;

function buildBar(root, redraw) {
  const find = el("input", { type: "search", id: "claim-find",
                             placeholder: "consumer, host, phase, UUID",
                             oninput: () => {
                               filter = find.value.toLowerCase();
                               most = MOST;
                               redraw();
                             } });
  const add = el("button", { type: "button", id: "claim-add",
                             onclick: showAdd }, "Add a claim");
  const count = el("span", { class: "quiet" });
  const more = el("button", { type: "button", onclick: () => {
    most += MOST;
    redraw();
  } }, "Show more");
  root.append(el("label", { for: "claim-find", class: "hide" }, "Find claims"),
              find, add, count, more);
  return { add, count, more };
}

const whoOf = (claim) => [claim.consumer_kind, claim.consumer]
  .filter((t) => t).join("/");

function fits(claim) {
  return !filter || [claim.uuid, whoOf(claim), claimHost(claim),
                     phaseOf(claim)].some(
    (t) => t.toLowerCase().includes(filter));
}

function rank(claim) {
  return phaseOf(claim) === "Bound" ? 1 : 0;
}

/* The chosen ones, those that need somebody first, then the newest */
function choose() {
  const found = [...model.claims.values()].filter(fits);
  found.sort((a, b) => rank(a) - rank(b) ||
    (b.status?.since ?? Infinity) - (a.status?.since ?? Infinity) ||
    (a.uuid < b.uuid ? -1 : 1));
  return found;
}

class Row {
  constructor() {
    this.who = el("strong");
    this.what = el("span");
    this.id = el("code", { class: "quiet" });
    this.phase = el("span", { class: "badge" });
    this.steps = el("ol", { class: "steps" });
    this.why = el("p", { class: "note", hidden: true });
    this.release = el("button", { type: "button", class: "small",
                                  onclick: () => askToRelease(this.claim) },
                      "Release");
    this.root = el("article", { class: "claim" },
                   el("div", { class: "claim-head" }, this.phase, this.who,
                      this.what, this.id, this.release), this.steps, this.why);
  }

  update(claim) {
    const phase = phaseOf(claim);
    const host = claimHost(claim);
    const shared = (claim.shared_with ?? []).length;
    this.claim = claim;
    setText(this.who, whoOf(claim));
    setHidden(this.who, !whoOf(claim));
    setText(this.what, `${size(claim.bytes)} for ${host || "any host"}${
      shared ? ` and ${shared} more` : ""}`);
    setText(this.id, short(claim.uuid));
    this.id.title = claim.uuid;
    setText(this.phase, phase);
    setClass(this.phase, `badge ${MOOD[phase] ?? "warn"}`);
    setText(this.why, claim.status?.message ?? "");
    setHidden(this.why, !claim.status?.message);
    this.release.disabled = !mayChange() || claim.deleted;
    setText(this.release, claim.deleted ? "Ending" : "Release");
    this.release.setAttribute("aria-label", `Release ${size(claim.bytes)} of ${
      whoOf(claim) || short(claim.uuid)}`);
    this.line(claim, phase);
  }

  line(claim, phase) {
    let steps = model.stories.get(claim.uuid) ?? [];
    if (!steps.length) {
      steps = [{ phase, time: claim.status?.since ?? 0 }];
    }
    keyed(this.steps, steps.map((s, n) => ({ ...s, n, before: steps[n - 1] })),
          (s) => s.n, () => el("li", null, el("span", { class: "phase" }),
                               el("span", { class: "quiet" })),
          (li, s) => {
            const [name, time] = li.children;
            setText(name, s.phase);
            setText(time, s.before ? `+${span(s.time - s.before.time)}` :
              day(s.time));
            li.title = `${clock(s.time, true)}${s.why ? `: ${s.why}` : ""}`;
            setClass(li, MOOD[s.phase] ?? "");
          });
  }
}

const rows = new WeakMap();

export function showClaims(root, tools) {
  bar ??= buildBar(tools, () => showClaims(root, tools));
  const found = choose();
  const shown = found.slice(0, most);
  bar.add.disabled = !mayChange();
  bar.add.title = mayChange() ? "" : "needs the role user";
  setText(bar.count, found.length > shown.length ?
    `${shown.length} of ${found.length}` : found.length ? "" :
    model.claims.size ? "none is like that" : "there are none");
  setHidden(bar.more, found.length <= shown.length);
  keyed(root, shown, (claim) => claim.uuid, () => {
    const row = new Row();
    rows.set(row.root, row);
    return row.root;
  }, (element, claim) => rows.get(element).update(claim));
}
