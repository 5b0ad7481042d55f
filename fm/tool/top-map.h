/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A region as a row of cells, for top and its test */
#ifndef CXL_FM_TOP_MAP_H
#define CXL_FM_TOP_MAP_H

#include "cxlfm.h"

typedef struct MapCell {
    char letter;                      /* '.' free, see MAP_LEGEND */
    uint16_t host;                    /* when it is not free, nor shared */
} MapCell;

#define MAP_FREE   '.'
#define MAP_SHARED '='
#define MAP_LEGEND ". free   o offered   # accepted   = shared   " \
                   "r releasing   s sanitizing   x dead   k kept by reference"

/*
 * @region as @count cells of equal size (the last may be smaller), as @number
 * devices have it: one, or heads of one pool; NULL for one that is not known. A
 * cell shows what takes most of it, anything rather than free.
 */
void map_region(struct cxlfm_snapshot *const *snapshots, size_t number,
                unsigned region, MapCell *cells, size_t count);

#endif /* CXL_FM_TOP_MAP_H */
