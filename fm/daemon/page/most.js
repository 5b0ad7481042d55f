// SPDX-License-Identifier: GPL-2.0-or-later
// Of a long list the first ones, and a button for more

import { el, setHidden, setText } from "./dom.js";

export class Most {
  /* @step at a time, of what is in the element @list; @redraw: after the button */
  constructor(step, list, redraw) {
    this.most = step;
    this.button = el("button", { type: "button", class: "most", hidden: true,
                                 onclick: () => {
                                   this.most += step;
                                   redraw();
                                 } });
    list.after(this.button);
  }

  /* Those of @found, in its order, that are shown */
  of(found) {
    const left = found.length - this.most;
    setText(this.button, `Show more; ${left} of ${found.length} are not shown`);
    setHidden(this.button, left <= 0);
    return left > 0 ? found.slice(0, this.most) : found;
  }
}
