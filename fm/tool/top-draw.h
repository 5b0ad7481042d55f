/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cxl-fm top draws: the same on a terminal and as text */
#ifndef CXL_FM_TOP_DRAW_H
#define CXL_FM_TOP_DRAW_H

#include <stdbool.h>
#include <glib.h>
#include "target.h"
#include "tool.h"

#define TOP_EVENT_LINES 5

typedef struct Top {
    Tool *tool;
    const GArray *targets;
    GPtrArray *snapshots;             /* of each target; NULL: not known */
    GPtrArray *pools;                 /* whose head each is; NULL: of none */
    GPtrArray *pool_names;
    GQueue events;                    /* lines, newest first */
    int scroll;
    bool curses;                      /* else plain text to stdout */
    bool paused;
    int row;                          /* being drawn, before scrolling */
} Top;

/* On a terminal that has colours, before anything is drawn */
void top_draw_colours(void);
/* All devices and pools; top->row is then how many lines that were. */
void top_draw(Top *top);

#endif /* CXL_FM_TOP_DRAW_H */
