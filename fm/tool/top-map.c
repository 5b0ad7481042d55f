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

/* Cells as they are filled: which bytes of each are what it shows */
typedef struct Map {
    MapCell *cells;
    uint64_t *best;                   /* how many */
    uint64_t *from;                   /* the first of them */
    size_t count;
    uint64_t length;                  /* bytes of the region */
} Map;

/* @bytes of cell @at, from @from on, are of @e. */
static void map_take(Map *map, size_t at, const struct cxlfm_extent *e,
                     uint64_t from, uint64_t bytes)
{
    MapCell *cell = &map->cells[at];

    if (bytes > map->best[at]) {
        map->best[at] = bytes;
        map->from[at] = from;
        cell->letter = letters[e->state % CXLFM_EXTENT_STATE_MAX];
        cell->host = e->host;
    } else if (bytes == map->best[at] && from == map->from[at] &&
               cell->letter == '#' && cell->host != e->host &&
               e->state == CXLFM_EXTENT_ACCEPTED) {
        cell->letter = MAP_SHARED;
    }
}

static void map_extent(Map *map, const struct cxlfm_extent *e)
{
    uint64_t end = e->offset + e->length;
    size_t at;

    if (e->offset >= map->length || end > map->length) {
        return;
    }
    for (at = map_cell_of(map->length, e->offset, map->count);
         at < map->count &&
         map_cell_start(map->length, at, map->count) < end; at++) {
        uint64_t from = MAX(e->offset, map_cell_start(map->length, at,
                                                      map->count));
        uint64_t to = MIN(end, map_cell_start(map->length, at + 1,
                                              map->count));

        if (to > from) {
            map_take(map, at, e, from, to - from);
        }
    }
}

void map_region(struct cxlfm_snapshot *const *snapshots, size_t number,
                unsigned region, MapCell *cells, size_t count)
{
    g_autofree uint64_t *best = g_new0(uint64_t, count);
    g_autofree uint64_t *from = g_new0(uint64_t, count);
    Map map = { .cells = cells, .best = best, .from = from, .count = count };
    size_t i, j;

    for (i = 0; i < count; i++) {
        cells[i] = (MapCell) { .letter = MAP_FREE };
    }
    for (i = 0; i < number; i++) {
        const struct cxlfm_snapshot *s = snapshots[i];

        map.length = s && s->host_count && region < s->hosts[0].region_count ?
                     s->hosts[0].regions[region].length : 0;
        for (j = 0; map.length && j < s->extent_count; j++) {
            if (s->extents[j].region == region) {
                map_extent(&map, &s->extents[j]);
            }
        }
    }
}
