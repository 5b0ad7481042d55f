// SPDX-License-Identifier: GPL-2.0-or-later
// What a pool's map shows: a row for each region, with who has what

/* Pieces of the same blocks, which several hosts share, are one segment. */
function segmentsOf(pieces) {
  const segments = [];
  pieces.sort((a, b) => a.offset - b.offset || a.length - b.length);
  for (const piece of pieces) {
    const last = segments.at(-1);
    const holder = { host: piece.host, head: piece.head, state: piece.state };
    if (last && last.offset === piece.offset && last.length === piece.length) {
      last.holders.push(holder);
      last.tag ||= piece.tag;
      last.claim ||= piece.claim;
    } else {
      segments.push({ offset: piece.offset, length: piece.length,
                      tag: piece.tag, claim: piece.claim,
                      shared: piece.shared, holders: [holder] });
    }
  }
  for (const { holders } of segments) {
    holders.sort((a, b) => a.head - b.head);
  }
  return segments;
}

function largestGap(segments, length) {
  let at = 0;
  let best = { offset: 0, length: 0 };
  for (const { offset, length: used } of [...segments, { offset: length,
                                                         length: 0 }]) {
    if (offset - at > best.length) {
      best = { offset: at, length: offset - at };
    }
    at = Math.max(at, offset + used);
  }
  return best;
}

/*
 * [{index, length, block, sharable, segments, free, gap}]; @free in bytes, @gap:
 * the largest free run, of length 0 when there is none.
 */
export function rowsOf(pool, extents) {
  const pieces = new Map();
  for (const extent of extents) {
    const list = pieces.get(extent.region) ?? [];
    list.push(extent);
    pieces.set(extent.region, list);
  }
  return (pool.regions ?? []).filter((r) => r.length > 0).map((region) => {
    const segments = segmentsOf(pieces.get(region.index) ?? []);
    let used = 0;
    let at = 0;
    for (const segment of segments) {
      const end = segment.offset + segment.length;
      used += Math.max(0, end - Math.max(at, segment.offset));
      at = Math.max(at, end);
    }
    return { index: region.index, length: region.length,
             block: region.block_size, sharable: region.sharable, segments,
             free: region.length - used,
             gap: largestGap(segments, region.length) };
  });
}

/* The segment at @offset, or the index of the next one: [found, index] */
export function find(segments, offset) {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle].offset + segments[middle].length <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return [low < segments.length && segments[low].offset <= offset, low];
}
