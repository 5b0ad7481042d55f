// SPDX-License-Identifier: GPL-2.0-or-later
// Events: as they come, held while somebody reads, and to take along

import { el, keyed, setText, setClass } from "./dom.js";
import { day, clock, short } from "./format.js";
import { model, ratePerSecond } from "./model.js";

const MOST = 100;

let paused = null;              // the events as they were; null: they go on
let kind = "";
let find = "";
let bar = null;

/* All that is kept, one JSON object a line, as the daemon told it */
function save() {
  const text = model.events.filter((e) => e.kind !== "page")
    .map(({ seq, ...told }) => JSON.stringify(told)).join("\n");
  const url = URL.createObjectURL(new Blob([text, "\n"],
                                           { type: "application/x-ndjson" }));
  const link = el("a", { href: url, download: `cxl-fmd-events-${
    new Date().toISOString().replaceAll(":", "")}.ndjson` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function buildBar(root, redraw) {
  const pause = el("button", { type: "button", id: "event-pause",
                               "aria-pressed": "false", onclick: () => {
                                 paused = paused ? null : [...model.events];
                                 pause.setAttribute("aria-pressed",
                                                    String(Boolean(paused)));
                                 setText(pause, paused ? "Go on" : "Pause");
                                 redraw();
                               } }, "Pause");
  const choose = el("select", { id: "event-kind", onchange: () => {
    kind = choose.value;
    redraw();
  } }, el("option", { value: "" }, "all kinds"),
    ...["claim", "host", "pool", "orphan", "act", "device", "store", "daemon"]
      .map((k) => el("option", { value: k }, k)));
  const text = el("input", { type: "search", id: "event-find",
                             placeholder: "text, UUID", oninput: () => {
                               find = text.value.toLowerCase();
                               redraw();
                             } });
  const count = el("span", { class: "quiet" });
  root.append(pause, el("button", { type: "button", id: "event-save",
                                    onclick: save }, "Download"),
              el("label", { for: "event-kind", class: "hide" }, "Kind"), choose,
              el("label", { for: "event-find", class: "hide" }, "Find events"),
              text, count);
  return { count };
}

function fits(event) {
  return (!kind || event.kind === kind) &&
    (!find || event.object.includes(find) ||
     event.text.toLowerCase().includes(find));
}

function newest() {
  const list = paused ?? model.events;
  const found = [];
  for (let i = list.length - 1; i >= 0 && found.length < MOST; i--) {
    if (fits(list[i])) {
      found.push(list[i]);
    }
  }
  return found;
}

export function showEvents(root, tools) {
  bar ??= buildBar(tools, () => showEvents(root, tools));
  const late = paused ? model.events.length - paused.length : 0;
  setText(bar.count, paused ? `held; ${Math.max(0, late)} newer` :
    `${model.events.length} kept, ${ratePerSecond().toFixed(1)} a second`);
  if (!root.list) {
    root.list = el("ol", { class: "events", tabindex: "0",
                           "aria-label": "Events, newest first" });
    root.append(root.list);
  }
  keyed(root.list, newest(), (event) => event.seq, (event) =>
    el("li", null, el("time", { class: "quiet",
                                title: clock(event.time, true) },
                      day(event.time)), el("span", { class: "kind" },
                                           event.kind),
       el("code", { class: "quiet", title: event.object },
          short(event.object)), el("span", null, event.text)),
        (li, event) => setClass(li, `kind-${event.kind === "page" ? "page" :
          "any"}`));
}
