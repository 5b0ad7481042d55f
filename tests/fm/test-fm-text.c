/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words and numbers of cxl-fm: sizes, extents, tags, tables */
#include <string.h>
#include "fail.h"
#include "parse.h"
#include "table.h"
#include "text.h"

static void test_size_good(void)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        { "1", 1 }, { "4096", 4096 }, { "100B", 100 }, { "0x1000", 0x1000 },
        { "1K", 1024 }, { "1k", 1024 }, { "2M", 2 << 20 }, { "1G", 1 << 30 },
        { "1GiB", 1 << 30 }, { "3T", 3ull << 40 }, { "1P", 1ull << 50 },
        { "15E", 15ull << 60 }, { "18446744073709551615", UINT64_MAX },
        { "0xffffffffffffffff", UINT64_MAX },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        uint64_t bytes = 0;

        g_assert_true(parse_size(cases[i].text, &bytes, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(bytes, ==, cases[i].bytes);
    }
}

static void test_size_bad(void)
{
    static const char *const cases[] = {
        "", " 1", "1 ", "-1", "+1", "G", "1X", "1GB", "1Gi", "1.5G", "0", "0G",
        "0x", "0xg", "16E", "18446744073709551616", "1G1", "one", "1GG",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        uint64_t bytes;

        g_test_message("'%s'", cases[i]);
        g_assert_false(parse_size(cases[i], &bytes, &error));
        g_assert_error(error, TOOL_ERROR, TOOL_USAGE);
    }
}

static void test_extent(void)
{
    static const char *const bad[] = {
        "", "1G", "+1G", "1G+", "1G+0", "1G-1G", "1G+1G+1G", "1G +1G",
        "0xffffffffffffffff+2", "x+1",
    };
    struct cxlfm_extent extent;
    size_t i;

    g_assert_true(parse_extent("1G+256M", &extent, NULL));
    g_assert_cmphex(extent.offset, ==, 0x40000000);
    g_assert_cmphex(extent.length, ==, 0x10000000);
    g_assert_true(parse_extent("0+2M", &extent, NULL));
    g_assert_cmphex(extent.offset, ==, 0);
    g_assert_true(parse_extent("0x200000+0x1000", &extent, NULL));
    g_assert_cmphex(extent.length, ==, 0x1000);
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("'%s'", bad[i]);
        g_assert_false(parse_extent(bad[i], &extent, &error));
        g_assert_error(error, TOOL_ERROR, TOOL_USAGE);
    }
}

static void test_tag(void)
{
    static const char *const bad[] = {
        "", "1", "zz203040-5060-7080-90a0-b0c0d0e0f000",
        "10203040-5060-7080-90a0-b0c0d0e0f00", "10203040506070-80-90a0-b0c0d0",
        "10203040-5060-7080-90a0-b0c0d0e0f0001",
        "00000000-0000-0000-0000-000000000000",
    };
    uint8_t tag[CXLFM_TAG_SIZE], other[CXLFM_TAG_SIZE];
    char text[CXLFM_TAG_TEXT];
    size_t i;

    g_assert_true(parse_tag("10203040-5060-7080-90A0-b0c0d0e0f000", tag,
                            NULL));
    cxlfm_tag_format(tag, text);
    g_assert_cmpstr(text, ==, "10203040-5060-7080-90a0-b0c0d0e0f000");
    g_assert_true(parse_tag("102030405060708090a0b0c0d0e0f000", other, NULL));
    g_assert_cmpmem(tag, sizeof(tag), other, sizeof(other));
    g_assert_true(parse_tag(NULL, tag, NULL));
    g_assert_true(cxlfm_tag_is_zero(tag));
    g_assert_true(parse_tag("random", tag, NULL));
    g_assert_true(parse_tag("random", other, NULL));
    g_assert_true(memcmp(tag, other, sizeof(tag)));
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("'%s'", bad[i]);
        g_assert_false(parse_tag(bad[i], tag, &error));
        g_assert_error(error, TOOL_ERROR, TOOL_USAGE);
    }
}

static void test_format_size(void)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0 B" }, { 100, "100 B" }, { 1023, "1023 B" }, { 1024, "1 KiB" },
        { 1536, "1.5 KiB" }, { 1000000, "1000000 B" }, { 2 << 20, "2 MiB" },
        { 5ull << 28, "1.25 GiB" }, { 7ull << 28, "1.75 GiB" },
        { 9ull << 27, "1152 MiB" }, { 1ull << 40, "1 TiB" },
        { 1ull << 60, "1 EiB" }, { UINT64_MAX, "18446744073709551615 B" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = format_size(cases[i].bytes);

        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void test_format_lists(void)
{
    const struct cxlfm_extent extents[] = {
        { .offset = 0, .length = 0x1000 }, { .offset = 0x2000, .length = 16 },
    };
    uint8_t bitmap[32] = { 0x09, [31] = 0x80 };
    g_autofree char *all = format_extents(extents, 2, 2);
    g_autofree char *one = format_extents(extents, 2, 1);
    g_autofree char *hosts = format_hosts(bitmap);
    g_autofree char *attributes = format_attributes(
        CXLFM_REGION_SHARABLE | CXLFM_REGION_READ_ONLY |
        CXLFM_REGION_IC_SPECIFIC);
    g_autofree char *none = format_attributes(0);

    g_assert_cmpstr(all, ==, "[0x0, +0x1000] [0x2000, +0x10]");
    g_assert_cmpstr(one, ==, "[0x0, +0x1000] and 1 more");
    g_assert_cmpstr(hosts, ==, "0, 3, 255");
    g_assert_cmpstr(attributes, ==, "sharable, read-only");
    g_assert_cmpstr(none, ==, "-");
}

static void test_event_line(void)
{
    struct cxlfm_extent extent = { .offset = 0x1000, .length = 0x2000 };
    struct cxlfm_event event = {
        .type = CXLFM_EVENT_RELEASED, .host = 3, .region = 1,
        .extent_count = 1, .extents = &extent, .tag = { 0xab },
    };
    g_autofree char *line = format_event(&event, "mem0"), *lost = NULL;

    g_assert_nonnull(strstr(line, " mem0: host 3 gave back 8 KiB of region 1 "
                            "[0x1000, +0x2000] tag "
                            "ab000000-0000-0000-0000-000000000000"));
    event.type = CXLFM_EVENT_LOST;
    lost = format_event(&event, "mem0");
    g_assert_nonnull(strstr(lost, "events were lost"));
}

static void test_table(void)
{
    static const char *const headings[] = { "NAME", ">N", "ON TOP", NULL };
    Table *table = table_new(headings);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_cmpuint(table_rows(table), ==, 0);
    table_row(table, g_strdup("a"), g_strdup("1"), g_strdup("x"), NULL);
    table_row(table, g_strdup("longer"), g_strdup("100"), g_strdup(""), NULL);
    g_assert_cmpuint(table_rows(table), ==, 2);
    text = table_text(table, true);
    g_assert_cmpstr(text, ==, "NAME      N  ON TOP\n"
                              "a         1  x\n"
                              "longer  100  \n");
    g_free(text);
    g_assert_true(table_choose(table, NULL, NULL));
    g_assert_true(table_choose(table, " on-top,NAME", &error));
    text = table_text(table, false);
    g_assert_cmpstr(text, ==, "x  a\n   longer\n");
    g_assert_false(table_choose(table, "name,,size", &error));
    g_assert_cmpint(error->code, ==, TOOL_USAGE);
    g_assert_nonnull(strstr(error->message, "no column ''; there are: name, "));
    table_free(table);
    table_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fm/text/size/good", test_size_good);
    g_test_add_func("/fm/text/size/bad", test_size_bad);
    g_test_add_func("/fm/text/extent", test_extent);
    g_test_add_func("/fm/text/tag", test_tag);
    g_test_add_func("/fm/text/format-size", test_format_size);
    g_test_add_func("/fm/text/format-lists", test_format_lists);
    g_test_add_func("/fm/text/event-line", test_event_line);
    g_test_add_func("/fm/text/table", test_table);
    return g_test_run();
}
