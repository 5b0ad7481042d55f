/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges, the choice of extents to take back, and the map of top */
#include <inttypes.h>
#include <string.h>
#include "range.h"
#include "fail.h"
#include "pick.h"
#include "top-map.h"

/* --- Ranges: text "0-10 20-30" to an array and back --- */

static GArray *ranges(const char *text)
{
    GArray *array = g_array_new(false, false, sizeof(CxlfmRange));
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    size_t i;

    for (i = 0; words[i] && *words[i]; i++) {
        CxlfmRange r = { 0 };
        char *end;

        r.start = g_ascii_strtoull(words[i], &end, 10);
        r.end = g_ascii_strtoull(end + 1, NULL, 10);
        g_array_append_val(array, r);
    }
    return array;
}

static void assert_ranges(const GArray *array, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < array->len; i++) {
        const CxlfmRange *r = &g_array_index(array, CxlfmRange, i);

        g_string_append_printf(text, "%s%" PRIu64 "-%" PRIu64, i ? " " : "",
                               r->start, r->end);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_normalize(void)
{
    static const char *const cases[][2] = {
        { "", "" }, { "5-5", "" }, { "20-30 0-10", "0-10 20-30" },
        { "0-10 10-20", "0-20" }, { "0-30 5-10", "0-30" },
        { "0-10 5-20 18-25 40-41", "0-25 40-41" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) array = ranges(cases[i][0]);

        cxlfm_ranges_normalize(array);
        assert_ranges(array, cases[i][1]);
    }
}

static void test_subtract_intersect(void)
{
    static const char *const cases[][4] = {
        /* a, b, a - b, a & b */
        { "0-10", "", "0-10", "" },
        { "", "0-10", "", "" },
        { "0-10", "0-10", "", "0-10" },
        { "0-10", "3-5", "0-3 5-10", "3-5" },
        { "0-10", "3-5 7-8", "0-3 5-7 8-10", "3-5 7-8" },
        { "0-10 20-30", "5-25", "0-5 25-30", "5-10 20-25" },
        { "0-10 20-30 40-50", "0-45", "45-50", "0-10 20-30 40-45" },
        { "10-20", "0-5 20-30", "10-20", "" },
        { "0-100", "0-1 99-100", "1-99", "0-1 99-100" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) a = ranges(cases[i][0]);
        g_autoptr(GArray) b = ranges(cases[i][1]);
        g_autoptr(GArray) minus = cxlfm_ranges_subtract(a, b);
        g_autoptr(GArray) both = cxlfm_ranges_intersect(a, b);

        assert_ranges(minus, cases[i][2]);
        assert_ranges(both, cases[i][3]);
        g_assert_cmpuint(cxlfm_ranges_bytes(minus) + cxlfm_ranges_bytes(both),
                         ==, cxlfm_ranges_bytes(a));
    }
}

/* Against a bitmap, on random sets */
static void test_random_sets(void)
{
    int round, i;

    for (round = 0; round < 500; round++) {
        g_autoptr(GArray) a = g_array_new(false, false, sizeof(CxlfmRange));
        g_autoptr(GArray) b = g_array_new(false, false, sizeof(CxlfmRange));
        g_autoptr(GArray) minus = NULL;
        bool in_a[64] = { 0 }, in_b[64] = { 0 }, result[64] = { 0 };
        unsigned r;

        for (i = 0; i < 8; i++) {
            uint64_t start = g_test_rand_int_range(0, 60);
            CxlfmRange range = { start,
                                 start + g_test_rand_int_range(0, 5) };

            g_array_append_val(i % 2 ? a : b, range);
            for (r = range.start; r < range.end; r++) {
                (i % 2 ? in_a : in_b)[r] = true;
            }
        }
        cxlfm_ranges_normalize(a);
        cxlfm_ranges_normalize(b);
        minus = cxlfm_ranges_subtract(a, b);
        for (r = 0; r < minus->len; r++) {
            const CxlfmRange *range = &g_array_index(minus, CxlfmRange, r);

            for (i = range->start; i < (int)range->end; i++) {
                g_assert_false(result[i]);
                result[i] = true;
            }
        }
        for (i = 0; i < 64; i++) {
            g_assert_cmpint(result[i], ==, in_a[i] && !in_b[i]);
        }
    }
}

/* --- Picking: lengths of what is held, lengths of what is picked --- */

static void assert_pick(const char *held, uint64_t bytes, const char *expected)
{
    g_auto(GStrv) words = g_strsplit(held, " ", -1);
    size_t count = g_strv_length(words), i, picked_count;
    g_autofree struct cxlfm_extent *extents =
        g_new0(struct cxlfm_extent, count);
    g_autofree struct cxlfm_extent *picked = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    uint64_t offset = 0;

    for (i = 0; i < count; i++) {
        extents[i].offset = offset;
        extents[i].dpa = 1000 + offset;
        extents[i].length = g_ascii_strtoull(words[i], NULL, 10);
        offset += extents[i].length + 1;
    }
    pick_extents(extents, count, bytes, 1, &picked, &picked_count, &error);
    g_assert_no_error(error);
    for (i = 0; i < picked_count; i++) {
        g_assert_cmpuint(picked[i].dpa, ==, 1000 + picked[i].offset);
        g_string_append_printf(text, "%s%" PRIu64 "+%" PRIu64, i ? " " : "",
                               picked[i].offset, picked[i].length);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_pick(void)
{
    g_autofree struct cxlfm_extent *picked = NULL;
    const struct cxlfm_extent held = { .length = 8 };
    g_autoptr(GError) less = NULL, odd = NULL;
    size_t count;

    assert_pick("4", 4, "0+4");
    assert_pick("4 4", 4, "5+4");          /* the last of equals */
    assert_pick("8 4 2", 4, "9+4");        /* one that fits exactly */
    assert_pick("8 4 2", 6, "9+4 14+2");   /* whole ones before a piece */
    assert_pick("8 2", 5, "9+2 5+3");      /* then the tail of the larger */
    assert_pick("8 16", 3, "5+3");         /* break the smallest that does */
    assert_pick("1 1 1", 3, "4+1 2+1 0+1");
    g_assert_false(pick_extents(&held, 1, 9, 1, &picked, &count, &less));
    g_assert_error(less, TOOL_ERROR, TOOL_FAILED);
    g_assert_false(pick_extents(&held, 1, 3, 2, &picked, &count, &odd));
    g_assert_error(odd, TOOL_ERROR, TOOL_FAILED);
}

/* --- The map --- */

static void assert_map(const struct cxlfm_extent *extents, size_t count,
                       uint64_t length, size_t cells_count,
                       const char *expected)
{
    struct cxlfm_host host = { .region_count = 1 };
    struct cxlfm_snapshot s = {
        .host_count = 1, .hosts = &host, .extent_count = count,
        .extents = (struct cxlfm_extent *)extents,
    };
    struct cxlfm_snapshot *only = &s;
    g_autofree MapCell *cells = g_new(MapCell, cells_count);
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;

    host.regions[0].length = length;
    map_region(&only, 1, 0, cells, cells_count);
    for (i = 0; i < cells_count; i++) {
        g_string_append_c(text, cells[i].letter);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

/* Heads of a pool on one map: who has what, and what several have */
static void test_map_of_pool(void)
{
    struct cxlfm_extent first[] = {
        { .offset = 0, .length = 20, .host = 1,
          .state = CXLFM_EXTENT_ACCEPTED },
        { .offset = 40, .length = 20, .host = 1,
          .state = CXLFM_EXTENT_ACCEPTED },
        { .offset = 60, .length = 5, .host = 1,
          .state = CXLFM_EXTENT_ACCEPTED },
    };
    struct cxlfm_extent second[] = {
        { .offset = 20, .length = 10, .host = 2,
          .state = CXLFM_EXTENT_PENDING },
        { .offset = 40, .length = 20, .host = 2,
          .state = CXLFM_EXTENT_ACCEPTED },
        /* Beside the other's, in one cell: nobody shares it. */
        { .offset = 65, .length = 5, .host = 2,
          .state = CXLFM_EXTENT_ACCEPTED },
    };
    struct cxlfm_host host = { .region_count = 1 };
    struct cxlfm_snapshot one = {
        .host_count = 1, .hosts = &host, .extent_count = 3, .extents = first,
    };
    struct cxlfm_snapshot other = {
        .host_count = 1, .hosts = &host, .extent_count = 3, .extents = second,
    };
    struct cxlfm_snapshot *heads[] = { &one, NULL, &other };
    static const uint16_t hosts[] = { 1, 1, 2, 0, 1, 1, 1, 0, 0, 0 };
    MapCell cells[10];
    char text[11] = "";
    unsigned i;

    host.regions[0].length = 100;
    map_region(heads, 3, 0, cells, 10);
    for (i = 0; i < 10; i++) {
        text[i] = cells[i].letter;
        g_assert_cmpuint(cells[i].host, ==, hosts[i]);
    }
    g_assert_cmpstr(text, ==, "##o.==#...");
    /* A region that one of them does not have */
    map_region(heads, 3, 1, cells, 10);
    g_assert_cmpint(cells[0].letter, ==, MAP_FREE);
}

static void test_map(void)
{
    const struct cxlfm_extent extents[] = {
        { .offset = 0, .length = 10, .state = CXLFM_EXTENT_ACCEPTED },
        { .offset = 10, .length = 4, .state = CXLFM_EXTENT_PENDING },
        { .offset = 14, .length = 6, .state = CXLFM_EXTENT_RELEASING },
        { .offset = 99, .length = 1, .state = CXLFM_EXTENT_DEAD },
    };
    const struct cxlfm_extent huge = {
        .offset = 1ull << 62, .length = 1ull << 61,
        .state = CXLFM_EXTENT_ACCEPTED,
    };
    const struct cxlfm_extent outside = {
        .offset = 90, .length = 20, .state = CXLFM_EXTENT_ACCEPTED,
    };

    assert_map(NULL, 0, 100, 5, ".....");
    assert_map(extents, 4, 100, 10, "#r.......x");
    assert_map(extents, 4, 100, 1, "#");
    assert_map(&huge, 1, 1ull << 63, 8, "....##..");
    assert_map(&outside, 1, 100, 4, "....");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fm/range/normalize", test_normalize);
    g_test_add_func("/fm/range/subtract-intersect", test_subtract_intersect);
    g_test_add_func("/fm/range/random", test_random_sets);
    g_test_add_func("/fm/pick", test_pick);
    g_test_add_func("/fm/map", test_map);
    g_test_add_func("/fm/map/pool", test_map_of_pool);
    return g_test_run();
}
