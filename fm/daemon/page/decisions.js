// SPDX-License-Identifier: GPL-2.0-or-later
// What the daemon saw, what it decided, and what came of it

import { el, keyed, setText, setClass } from "./dom.js";
import { day, short, size } from "./format.js";
import { hostName, model } from "./model.js";

const MOST = 30;

const VERBS = { add: "offer it", share: "offer it, too", release: "ask for it",
                force: "take it", reclaim: "take it from the dead" };

function aboutClaim(uuid) {
  const claim = model.claims.get(uuid);
  return claim ? `${size(claim.bytes)} of ${claim.consumer || short(uuid)}` :
    short(uuid);
}

/* {saw, decided, came}: texts */
function words(event) {
  const value = event.data?.value;
  if (event.kind === "act") {
    const { act, host, ok } = event.data ?? {};
    return { saw: `claim ${aboutClaim(event.object)}`,
             decided: `${VERBS[act] ?? act} at ${hostName(host) || "a host"}`,
             came: ok ? "done" : event.text, bad: !ok };
  }
  if (event.kind === "claim" && value) {
    return { saw: `claim ${aboutClaim(event.object)}`, decided: value.phase,
             came: value.message,
             bad: ["Declined", "Lost", "Stuck"].includes(value.phase) };
  }
  if (event.kind === "pool") {
    const pool = model.pools.find((p) => p.uuid === event.object);
    return { saw: `pool ${pool?.name || short(event.object)}`, decided: "",
             came: event.text };
  }
  if (event.kind === "orphan") {
    return { saw: `tag ${short(event.object)}`, decided: "leave it alone",
             came: event.text, bad: true };
  }
  return { saw: event.kind, decided: "", came: event.text };
}

export function showDecisions(root) {
  const shown = model.decisions.slice(-MOST).reverse();
  if (!root.list) {
    root.list = el("ol", { class: "decisions" });
    root.none = el("p", { class: "quiet" }, "nothing was to be decided yet");
    root.append(root.none, root.list);
  }
  root.none.hidden = shown.length > 0;
  keyed(root.list, shown, (event) => event.seq,
        () => el("li", null, el("time", { class: "quiet" }), el("span"),
                 el("strong"), el("span", { class: "quiet" })),
        (li, event) => {
          const { saw, decided, came, bad } = words(event);
          const [time, what, decision, result] = li.children;
          setText(time, day(event.time));
          setText(what, saw);
          setText(decision, decided);
          setText(result, came);
          setClass(li, bad ? "bad" : "");
        });
}
