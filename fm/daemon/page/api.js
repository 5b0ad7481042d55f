// SPDX-License-Identifier: GPL-2.0-or-later
// Asking the daemon: requests with the token, and the stream of events

const TOKEN = "cxl-fmd-token";
const SILENCE = 40000;          // ms; the daemon says something each 15 s
const RETRY_MIN = 500, RETRY_MAX = 8000;
const FOR_EVER = 2 ** 31 - 1;    // ms; more is none at all
const LINE_MAX = 4 << 20;       // characters of one event

/* The token is gone with the tab. */
export const token = {
  get() {
    return sessionStorage.getItem(TOKEN) ?? "";
  },
  set(value) {
    if (value) {
      sessionStorage.setItem(TOKEN, value);
    } else {
      sessionStorage.removeItem(TOKEN);
    }
  },
};

export class Refused extends Error {
  constructor(status, error) {
    super(error?.message ?? `the daemon answers ${status}`);
    this.status = status;
    this.todo = error?.what_to_do ?? "";
  }
}

function headers(more) {
  return token.get() ? { ...more, Authorization: `Bearer ${token.get()}` } :
    { ...more };
}

async function refusal(answer) {
  let error = null;
  try {
    error = (await answer.json()).error;
  } catch {
    // No JSON: its status says enough.
  }
  return new Refused(answer.status, error);
}

/* How far the daemon's clock is ahead of this machine's, in ms */
export let ahead = 0;

function hearClock(answer) {
  const date = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(date)) {
    const difference = date - Date.now();
    ahead = Math.abs(difference) < 2500 ? 0 : difference;
  }
}

export async function ask(method, path, body) {
  const answer = await fetch(path, {
    method, cache: "no-store", credentials: "omit", redirect: "error",
    headers: headers(body && { "Content-Type": "application/json" }),
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30000),
  });
  if (!answer.ok) {
    throw await refusal(answer);
  }
  hearClock(answer);
  return answer;
}

export const get = async (path) => (await ask("GET", path)).json();

/* Splits what comes into events, wherever the network has cut it. */
class Splitter {
  constructor(found) {
    this.rest = "";
    this.found = found;
    this.event = {};
  }

  put(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop();
    if (this.rest.length > LINE_MAX) {
      throw new Error("an event is too long");
    }
    for (const line of lines) {
      this.line(line.endsWith("\r") ? line.slice(0, -1) : line);
    }
  }

  line(line) {
    if (!line) {
      if (this.event.id !== undefined) {
        this.found(this.event);
      }
      this.event = {};
      return;
    }
    const at = line.indexOf(":");
    if (at > 0) {
      const value = line.slice(at + 1);
      this.event[line.slice(0, at)] = value.startsWith(" ") ? value.slice(1) :
        value;
    }
  }
}

/*
 * The events, from the first that is kept, each once, over as many connections
 * as it takes.
 *
 *   heard(kind, id, data)   one; kinds "hello" and "lost" say where we are
 *   state(word, error)      "live", "waiting" (it tries again), "denied",
 *                           "hidden" (nobody looks)
 */
export class Stream {
  constructor(heard, state) {
    this.heard = heard;
    this.state = state;
    this.last = null;           // id of the last event; text, as it came
    this.abort = null;
    this.wake = null;
    this.hidden = false;
    this.counts = { connections: 0, doubled: 0 };
  }

  async run() {
    let wait = RETRY_MIN;
    for (;;) {
      const began = performance.now();
      let denied = false;
      try {
        if (!this.hidden) {
          await this.connect();
          this.state("waiting", null);
        }
      } catch (error) {
        denied = error.status === 401 || error.status === 403;
        this.state(denied ? "denied" : "waiting", error);
      }
      if (this.hidden) {
        this.state("hidden", null);
      }
      // Who was heard for long is likely to be back at once.
      wait = performance.now() - began > 10000 ? RETRY_MIN :
        Math.min(wait * 1.7, RETRY_MAX);
      // Who is not let in is not let in a second later, either: again() is for
      // when that changed.
      await this.pause(this.hidden || denied ? FOR_EVER :
        wait * (.75 + Math.random() / 2));
    }
  }

  pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /* At once, with another token or because somebody looks again */
  again() {
    this.abort?.abort();
    this.wake?.();
  }

  hide(hidden) {
    this.hidden = hidden;
    this.again();
  }

  async connect() {
    const abort = new AbortController();
    this.abort = abort;
    let timer = setTimeout(() => abort.abort(), SILENCE);
    try {
      const answer = await fetch(this.last === null ? "/v1/events?after=0" :
        "/v1/events", {
        cache: "no-store", credentials: "omit", redirect: "error",
        headers: headers(this.last === null ? null :
          { "Last-Event-ID": this.last }),
        signal: abort.signal,
      });
      if (!answer.ok) {
        throw await refusal(answer);
      }
      hearClock(answer);
      this.counts.connections++;
      this.state("live", null);
      const splitter = new Splitter((event) => this.event(event));
      const decoder = new TextDecoder();
      const reader = answer.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) {
          return;
        }
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), SILENCE);
        splitter.put(decoder.decode(value, { stream: true }));
      }
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  event(event) {
    const place = event.event === "hello" || event.event === "lost";
    const id = BigInt(event.id);
    // Ids grow. "lost" may go back: to another life of the daemon.
    if (event.event && !place && this.last !== null &&
        id <= BigInt(this.last)) {
      this.counts.doubled++;
      return;
    }
    if (this.last === null || event.event === "lost" ||
        id > BigInt(this.last)) {
      this.last = event.id;
    }
    if (event.event) {
      this.heard(event.event, event.id, JSON.parse(event.data ?? "null"));
    }
  }
}
