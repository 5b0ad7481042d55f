// SPDX-License-Identifier: GPL-2.0-or-later
// What the buttons do. Each shows the command that does the same.

import { ask } from "./api.js";
import { el, setText, setHidden } from "./dom.js";
import { size, word } from "./format.js";
import { claimHost, model } from "./model.js";

/* The daemon decides; this only spares people buttons that would be refused. */
export function mayChange() {
  return model.me?.role === "user" || model.me?.role === "admin";
}

/* How cxl-fm finds this daemon; by the unix socket it does by itself */
function address() {
  return location.protocol === "https:" ?
    ["--address", `fmd:${location.origin}`] : [];
}

const command = (...words) => ["cxl-fm", ...words, ...address()].map(word)
  .join(" ");

/* Version 4. crypto.randomUUID() is only where TLS or localhost is. */
function randomUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6] & 15 | 64;
  bytes[8] = bytes[8] & 63 | 128;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/* A dialog with the command, which is done when it is confirmed */
function confirm({ title, fields, commandOf, button, act }) {
  const before = document.activeElement;
  const line = el("code", { class: "command" });
  const why = el("p", { class: "note bad", role: "alert", hidden: true });
  const go = el("button", { class: "main" }, button);
  const stop = el("button", { type: "button",
                              onclick: () => dialog.close() }, "Leave it");
  const show = () => setText(line, commandOf());
  const form = el("form", { oninput: show, onsubmit: async (event) => {
    event.preventDefault();
    go.disabled = true;
    setHidden(why, true);
    try {
      await act();
      dialog.close();
    } catch (error) {
      setText(why, `${error.status ? `${error.status}: ` : ""}${
        error.message}${error.todo ? ` (${error.todo})` : ""}`);
      setHidden(why, false);
    }
    go.disabled = false;
  } }, el("h2", null, title), ...fields,
    el("p", { class: "quiet" }, "The same as"), line, why,
    el("div", { class: "bar-of-tools" }, go, stop));
  const dialog = el("dialog", { "aria-label": title, onclose: () => {
    dialog.remove();
    before?.focus?.();
  } }, form);
  document.body.append(dialog);
  show();
  dialog.showModal();
}

export function askToRelease(claim) {
  const who = claim.consumer || claim.uuid;
  confirm({
    title: "Release a claim",
    fields: [el("p", null, `${size(claim.bytes)} of ${who}${
      claimHost(claim) ? ` at ${claimHost(claim)}` : ""} are asked back; ` +
      "their contents are lost.")],
    commandOf: () => command("claim", "delete", claim.uuid),
    button: "Release",
    act: () => ask("DELETE", `/v1/claims/${encodeURIComponent(claim.uuid)}`),
  });
}

function field(name, label, input) {
  input.id = `add-${name}`;
  return el("p", { class: "field" }, el("label", { for: input.id }, label),
            input);
}

export function showAdd() {
  const uuid = randomUuid();
  const bytes = el("input", { required: true, value: "256M",
                              autocomplete: "off" });
  const host = el("select", null, el("option", { value: "" }, "any"),
                  ...[...model.hosts].sort((a, b) => a.name < b.name ? -1 : 1)
                    .map((h) => el("option", { value: h.name }, h.name)));
  const who = el("input", { placeholder: "job/17", autocomplete: "off" });
  const consumer = () => {
    const [kind, ...rest] = who.value.trim().split("/");
    return rest.length ? { consumer_kind: kind, consumer: rest.join("/") } :
      kind ? { consumer: kind } : {};
  };
  confirm({
    title: "Add a claim",
    fields: [field("bytes", "Size", bytes), field("host", "Host", host),
             field("who", "For whom", who)],
    commandOf: () => command("claim", "add", bytes.value || "SIZE",
                             ...(host.value ? ["--host", host.value] : []),
                             ...(who.value ? ["--consumer", who.value.trim()] :
                               []), "--uuid", uuid),
    button: "Add",
    act: () => ask("PUT", `/v1/claims/${uuid}`, { bytes: bytes.value,
      ...(host.value ? { host: host.value } : {}), ...consumer() }),
  });
}
