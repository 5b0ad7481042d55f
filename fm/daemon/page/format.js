// SPDX-License-Identifier: GPL-2.0-or-later
// Sizes, times, and commands as people type them

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/* "1.25 GiB"; "-" for what is not known */
export function size(bytes) {
  if (typeof bytes !== "number") {
    return "-";
  }
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toPrecision(3)) || 0} ${UNITS[unit]}`;
}

/* "12:03:04", with milliseconds if @fine */
export function clock(ms, fine) {
  const d = new Date(ms);
  if (typeof ms !== "number" || !ms || Number.isNaN(d.getTime())) {
    return "-";
  }
  const two = (n) => String(n).padStart(2, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}` +
    (fine ? `.${String(d.getMilliseconds()).padStart(3, "0")}` : "");
}

let today = 0;                  // when it began, and when the next one does
let tomorrow = 0;

/* The date besides, when it is not today's */
export function day(ms) {
  const now = Date.now();
  if (now < today || now >= tomorrow) {
    today = new Date(now).setHours(0, 0, 0, 0);
    tomorrow = new Date(today).setDate(new Date(today).getDate() + 1);
  }
  return typeof ms !== "number" || !ms || (ms >= today && ms < tomorrow) ?
    clock(ms) : `${new Date(ms).toLocaleDateString()} ${clock(ms)}`;
}

/* "35 ms", "1.2 s", "4 min", "3 h", "2 d" */
export function span(ms) {
  if (typeof ms !== "number") {
    return "-";
  }
  const steps = [[1000, 1, "ms"], [60000, 1000, "s"], [3600000, 60000, "min"],
                 [86400000 * 2, 3600000, "h"]];
  for (const [below, one, unit] of steps) {
    if (ms < below) {
      const value = ms / one;
      return `${value < 10 && one > 1 ? Math.floor(value * 10) / 10 :
        Math.floor(value)} ${unit}`;
    }
  }
  return `${Math.floor(ms / 86400000)} d`;
}

export const short = (uuid) => String(uuid).slice(0, 8);

/*
 * One word of a shell: whatever somebody called a thing, to paste the command
 * does nothing else. What a terminal would obey, or show as something else, is
 * left out.
 */
export function word(text) {
  const plain = String(text).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, "");
  return /^[A-Za-z0-9._\/:=@%+-]+$/.test(plain) ? plain :
    `'${plain.replaceAll("'", "'\\''")}'`;
}
