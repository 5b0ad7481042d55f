/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A region as a row of cells, for top and its test */
#ifndef CXL_FM_TOP_MAP_H
#define CXL_FM_TOP_MAP_H

#include "cxlfm.h"

typedef struct MapCell {
    char letter;                      /* '.' free, see MAP_LEGEND */
    uint16_t host;                    /* when it is not free */
} MapCell;

#define MAP_LEGEND ". free   o offered   # accepted   r releasing   " \
                   "s sanitizing   x dead   k kept by reference"

/*
 * @region as @count cells of equal size (the last may be smaller). A cell
 * shows what takes most of it, anything rather than free.
 */
void map_region(const struct cxlfm_snapshot *snapshot, unsigned region,
                MapCell *cells, size_t count);

#endif /* CXL_FM_TOP_MAP_H */
