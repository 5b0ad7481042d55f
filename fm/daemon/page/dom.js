// SPDX-License-Identifier: GPL-2.0-or-later
// Elements. What others wrote becomes text and nothing else: there is no way
// here to make markup of it.

/* el("td", { class: "quiet", title: "..." }, "text", el("b")) */
export function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith("on")) {
      made.addEventListener(key.slice(2), value);
    } else if (value === true) {
      made.setAttribute(key, "");
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(key, value);
    }
  }
  made.append(...children.filter((c) => c !== null && c !== undefined));
  return made;
}

export const $ = (id) => document.getElementById(id);

/* Touch the document only when it changes: layout costs more than a compare. */
export function setText(element, text) {
  const value = String(text);
  if (element.textContent !== value) {
    element.textContent = value;
  }
}

export function setClass(element, value) {
  if (element.className !== value) {
    element.className = value;
  }
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) {
    element.hidden = hidden;
  }
}

/*
 * The children of @parent are one for each of @items, in order; those that are
 * there already stay, so that focus and selection do.
 * make(item) gives an element, update(element, item) has it show the item.
 */
export function keyed(parent, items, keyOf, make, update) {
  const there = parent.keyedChildren ??= new Map();
  const wanted = new Set();
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = there.get(key);
    wanted.add(key);
    if (!child) {
      child = make(item);
      there.set(key, child);
    }
    update(child, item);
    if (child === at) {
      at = at.nextElementSibling;
    } else {
      parent.insertBefore(child, at);
    }
  }
  for (const [key, child] of there) {
    if (!wanted.has(key)) {
      child.remove();
      there.delete(key);
    }
  }
}

/* A table with a head; its body */
export function table(columns, attributes) {
  const body = el("tbody");
  const made = el("table", attributes, el("thead", null, el("tr", null,
    ...columns.map((c) => el("th", { scope: "col" }, c)))), body);
  return { table: el("div", { class: "wide", tabindex: "0", role: "region",
                              "aria-label": attributes?.["aria-label"] },
                     made), body };
}
