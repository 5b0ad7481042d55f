/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cxl-fm top draws: the same on a terminal and as text
 */
#include <curses.h>
#include <stdio.h>
#include "text.h"
#include "top-draw.h"
#include "top-map.h"

#define ONCE_WIDTH  80
#define COLOURS     8                 /* hosts share colours beyond that */

/*
 * Okabe and Ito's, as the page of cxl-fmd has them: most colour-blind people
 * tell them apart. The nearest of 256 colours, and of 8.
 */
static const struct { short fine, plain; } colours[COLOURS] = {
    { 32, COLOR_BLUE }, { 214, COLOR_YELLOW }, { 36, COLOR_GREEN },
    { 175, COLOR_MAGENTA }, { 74, COLOR_CYAN }, { 166, COLOR_RED },
    { 227, COLOR_WHITE }, { 245, COLOR_WHITE },
};

void top_draw_colours(void)
{
    int i;

    start_color();
    use_default_colors();
    for (i = 0; i < COLOURS; i++) {
        init_pair(1 + i, COLORS >= 256 ? colours[i].fine : colours[i].plain,
                  -1);
    }
}

static int top_width(const Top *top)
{
    return top->curses ? MAX(COLS, 20) : ONCE_WIDTH;
}

static int top_colour(uint16_t host)
{
    return COLOR_PAIR(1 + host % COLOURS);
}

static bool top_visible(const Top *top)
{
    int y = top->row - top->scroll;

    return y >= 0 && y < LINES - TOP_EVENT_LINES - 2;
}

static void top_line(Top *top, const char *text, int attributes)
{
    if (!top->curses) {
        puts(text);
    } else if (top_visible(top)) {
        attron(attributes);
        mvaddnstr(top->row - top->scroll, 0, text, COLS);
        attroff(attributes);
    }
    top->row++;
}

static void top_cells(Top *top, const MapCell *cells, size_t count)
{
    size_t i;

    if (!top->curses) {
        fputs("    ", stdout);
        for (i = 0; i < count; i++) {
            putchar(cells[i].letter);
        }
        putchar('\n');
    } else if (top_visible(top)) {
        move(top->row - top->scroll, 4);
        for (i = 0; i < count; i++) {
            int attributes = cells[i].letter == MAP_FREE ? A_DIM :
                cells[i].letter == MAP_SHARED ? A_BOLD :
                top_colour(cells[i].host) |
                (cells[i].letter == '#' ? A_BOLD : 0);

            addch(cells[i].letter | attributes);
        }
    }
    top->row++;
}

/* Whose each cell is, where there are no colours to say it */
static void top_owners(const Top *top, const MapCell *cells, size_t count)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    size_t i;

    if (top->curses) {
        return;
    }
    fputs("    ", stdout);
    for (i = 0; i < count; i++) {
        putchar(cells[i].letter == MAP_FREE || cells[i].letter == MAP_SHARED ?
                ' ' : digits[cells[i].host % (sizeof(digits) - 1)]);
    }
    putchar('\n');
}

/*
 * ", 1 GiB accepted, ..." of @region, or, -1, of all; what several have counts
 * once.
 */
static char *top_usage(struct cxlfm_snapshot *const *snapshots, size_t number,
                       int region)
{
    uint64_t bytes[CXLFM_EXTENT_STATE_MAX] = { 0 };
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash,
                                                  g_int64_equal);
    GString *text = g_string_new(NULL);
    size_t i, j;

    for (i = 0; i < number; i++) {
        for (j = 0; snapshots[i] && j < snapshots[i]->extent_count; j++) {
            const struct cxlfm_extent *e = &snapshots[i]->extents[j];

            if ((region < 0 || e->region == region) &&
                e->state < CXLFM_EXTENT_STATE_MAX &&
                (number == 1 ||
                 g_hash_table_add(seen, (gpointer)&e->offset))) {
                bytes[e->state] += e->length;
            }
        }
    }
    for (i = 0; i < CXLFM_EXTENT_STATE_MAX; i++) {
        if (bytes[i]) {
            g_autofree char *size = format_size(bytes[i]);

            g_string_append_printf(text, ", %s %s", size,
                                   extent_state_name(i));
        }
    }
    return g_string_free(text, false);
}

/* @layout: one of @snapshots; they have the same regions. */
static void top_region(Top *top, struct cxlfm_snapshot *const *snapshots,
                       size_t number, const struct cxlfm_snapshot *layout,
                       unsigned i)
{
    const struct cxlfm_region *r = &layout->hosts[0].regions[i];
    size_t width = top_width(top) - 8, count;
    g_autofree char *size = format_size(r->length);
    g_autofree char *block = format_size(r->block_size);
    g_autofree char *usage = top_usage(snapshots, number, i);
    g_autofree char *line = g_strdup_printf("  region %u: %s in blocks of %s%s",
                                            i, size, block, usage);
    g_autofree MapCell *cells = NULL;

    top_line(top, line, 0);
    if (!r->block_size || !r->length) {
        return;
    }
    /* A cell is never less than a block. */
    count = MIN(width, r->length / r->block_size);
    if (!count) {
        return;
    }
    cells = g_new(MapCell, count);
    map_region(snapshots, number, i, cells, count);
    top_cells(top, cells, count);
    if (number > 1) {
        top_owners(top, cells, count);
    }
}

static void top_regions(Top *top, struct cxlfm_snapshot *const *snapshots,
                        size_t number)
{
    size_t i;
    unsigned r;

    for (i = 0; i < number; i++) {
        const struct cxlfm_snapshot *s = snapshots[i];

        if (s && s->host_count) {
            for (r = 0; r < s->hosts[0].region_count; r++) {
                top_region(top, snapshots, number, s, r);
            }
            return;
        }
    }
}

/* A device of one host is named in the colour of its cells. */
static int top_name_colour(const struct cxlfm_snapshot *s)
{
    return s && s->host_count == 1 ? top_colour(s->hosts[0].id) : 0;
}

static void top_device(Top *top, unsigned i)
{
    const Target *target = &g_array_index(top->targets, Target, i);
    struct cxlfm_snapshot *s = top->snapshots->pdata[i];
    g_autofree char *size = s ? format_size(s->total_capacity) : NULL;
    g_autofree char *pieces = s ? format_count(s->extent_count, "extent") :
                              NULL;
    g_autofree char *line = s ?
        g_strdup_printf("%s  %s, %s", target->name, size, pieces) :
        g_strdup_printf("%s  does not answer", target->name);

    top_line(top, line, A_BOLD | top_name_colour(s));
    top_regions(top, &s, 1);
}

/* Is target @i a head of the same pool as @j? */
static bool top_same_pool(const Top *top, unsigned i, unsigned j)
{
    return top->pools->pdata[i] &&
           !g_strcmp0(top->pools->pdata[i], top->pools->pdata[j]);
}

/* One map for the heads of the pool that target @first is one of */
static void top_pool(Top *top, unsigned first)
{
    g_autoptr(GPtrArray) snapshots = g_ptr_array_new();
    g_autofree char *title = g_strdup_printf(
        "pool %s", (char *)top->pool_names->pdata[first]);
    unsigned i;

    for (i = first; i < top->targets->len; i++) {
        if (top_same_pool(top, first, i)) {
            g_ptr_array_add(snapshots, top->snapshots->pdata[i]);
        }
    }
    top_line(top, title, A_BOLD);
    top_regions(top, (struct cxlfm_snapshot **)snapshots->pdata,
                snapshots->len);
    for (i = first; i < top->targets->len; i++) {
        struct cxlfm_snapshot *s = top->snapshots->pdata[i];
        const char *name = g_array_index(top->targets, Target, i).name;
        g_autofree char *usage = top_usage(&s, 1, -1);
        g_autofree char *line = s && s->host_count ?
            g_strdup_printf("  host %u, %s%s", s->hosts[0].id, name, usage) :
            g_strdup_printf("  %s  does not answer", name);

        if (top_same_pool(top, first, i)) {
            top_line(top, line, top_name_colour(s));
        }
    }
}

/* The first of its pool that is drawn; how many there are in *ret_heads */
static bool top_is_first(const Top *top, unsigned i, unsigned *ret_heads)
{
    bool first = true;
    unsigned j;

    *ret_heads = 0;
    for (j = 0; j < top->targets->len; j++) {
        if (top_same_pool(top, i, j)) {
            first &= *ret_heads || i == j;
            (*ret_heads)++;
        }
    }
    return first;
}

void top_draw(Top *top)
{
    unsigned i, heads;

    top->row = 0;
    for (i = 0; i < top->targets->len; i++) {
        bool first = top_is_first(top, i, &heads);

        if (heads < 2) {
            top_device(top, i);
        } else if (first) {
            top_pool(top, i);
        }
    }
}
