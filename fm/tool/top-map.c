/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A region as a row of cells, for top and its test
 */
#include <glib.h>
#include "top-map.h"

static const char letters[CXLFM_EXTENT_STATE_MAX] = {
    [CXLFM_EXTENT_PENDING] = 'o',
    [CXLFM_EXTENT_ACCEPTED] = '#',
    [CXLFM_EXTENT_RELEASING] = 'r',
    [CXLFM_EXTENT_SANITIZING] = 's',
    [CXLFM_EXTENT_DEAD] = 'x',
    [CXLFM_EXTENT_REFERENCED] = 'k',
};

/* Where cell @i of @count over @length bytes begins; does not overflow */
static uint64_t map_cell_start(uint64_t length, size_t i, size_t count)
{
    return length / count * i + length % count * i / count;
}

/* The cell that holds @offset. */
static size_t map_cell_of(uint64_t length, uint64_t offset, size_t count)
{
    size_t low = 0, high = count - 1;

    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;

        if (map_cell_start(length, middle, count) <= offset) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

void map_region(const struct cxlfm_snapshot *snapshot, unsigned region,
                MapCell *cells, size_t count)
{
    g_autofree uint64_t *best = g_new0(uint64_t, count);
    uint64_t length = snapshot->host_count ?
                      snapshot->hosts[0].regions[region].length : 0;
    size_t i, at;

    for (i = 0; i < count; i++) {
        cells[i] = (MapCell) { .letter = '.' };
    }
    for (i = 0; i < snapshot->extent_count; i++) {
        const struct cxlfm_extent *e = &snapshot->extents[i];
        uint64_t end = e->offset + e->length;

        if (e->region != region || e->offset >= length || end > length) {
            continue;
        }
        for (at = map_cell_of(length, e->offset, count);
             at < count && map_cell_start(length, at, count) < end; at++) {
            uint64_t from = MAX(e->offset, map_cell_start(length, at, count));
            uint64_t to = MIN(end, map_cell_start(length, at + 1, count));

            if (to > from && to - from > best[at]) {
                best[at] = to - from;
                cells[at].letter = letters[e->state % CXLFM_EXTENT_STATE_MAX];
                cells[at].host = e->host;
            }
        }
    }
}
