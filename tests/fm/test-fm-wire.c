/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cxl-fmd and the fmd door say to each other: all of it comes back, and
 * nonsense is refused or within its bounds
 *
 * Run under sanitizers by scripts/check-fm-sanitizers. --seed repeats a run.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "fmd-wire.h"
#include "spoil.h"

#define ROUNDS 5000

static const uint8_t a_tag[CXLFM_TAG_SIZE] = { 0x11, 0x22, 0xff, [15] = 9 };

static struct cxlfm_extent an_extent(void)
{
    struct cxlfm_extent e = {
        .offset = 1ull << 40, .length = INT64_MAX, .dpa = 3, .host = 65535,
        .sequence = 7, .region = 7, .state = CXLFM_EXTENT_REFERENCED,
        .mapping = CXLFM_MAPPING_TRAPPED,
    };

    memcpy(e.tag, a_tag, sizeof(e.tag));
    return e;
}

static void a_snapshot(struct cxlfm_snapshot *s)
{
    *s = (struct cxlfm_snapshot) {
        .serial = CXLFM_UNKNOWN, .total_capacity = 1ull << 50,
        .vendor = 0x8086, .device = 0xffff, .add_policies = 15,
        .removal_policies = 3, .pending_listed = true, .host_count = 2,
        .extent_count = 2,
    };
    s->hosts = g_new0(struct cxlfm_host, 2);
    s->hosts[1] = (struct cxlfm_host) {
        .id = 9, .region_count = 8, .generation = UINT32_MAX,
        .supported_extents = 5, .available_extents = 4, .supported_tags = 3,
        .available_tags = 2,
    };
    s->hosts[1].regions[7] = (struct cxlfm_region) {
        .base = 1, .decode_length = 2, .length = 3, .block_size = 4,
        .available = CXLFM_UNKNOWN, .block_sizes = 6, .index = 7,
        .attributes = 255, .sanitize = true, .sanitize_configurable = true,
    };
    s->extents = g_new0(struct cxlfm_extent, 2);
    s->extents[1] = an_extent();
}

static void free_inside(struct cxlfm_snapshot *s)
{
    g_free(s->hosts);
    g_free(s->extents);
}

/* As it goes over the line */
static struct json_object *over(struct json_object *o)
{
    struct json_object *back = json_tokener_parse(
        json_object_to_json_string(o));

    json_object_put(o);
    g_assert_nonnull(back);
    return back;
}

static void test_snapshot(void)
{
    struct cxlfm_snapshot before, after;
    struct json_object *o;

    a_snapshot(&before);
    o = over(cxlfm_wire_snapshot(&before));
    g_assert_null(cxlfm_wire_read_snapshot(o, &after));
    json_object_put(o);
    g_assert_cmpmem(before.hosts, 2 * sizeof(*before.hosts), after.hosts,
                    after.host_count * sizeof(*after.hosts));
    g_assert_cmpmem(before.extents, 2 * sizeof(*before.extents),
                    after.extents, after.extent_count * sizeof(*after.extents));
    free_inside(&before);
    free_inside(&after);
    before.hosts = after.hosts = NULL;
    before.extents = after.extents = NULL;
    g_assert_cmpmem(&before, sizeof(before), &after, sizeof(after));
}

static void test_tags(void)
{
    const struct cxlfm_tag tags[2] = {
        { .tag = { 1 }, .fm_reference = true, .accepted = { 0x81, [31] = 0x80 },
          .pending = { [1] = 1 } },
        { .tag = { 2 } },
    };
    g_autoptr(GArray) back = g_array_new(false, true,
                                         sizeof(struct cxlfm_tag));
    struct json_object *o = over(cxlfm_wire_tags(tags, 2));

    g_assert_null(cxlfm_wire_read_tags(o, back));
    json_object_put(o);
    g_assert_cmpmem(tags, sizeof(tags), back->data,
                    back->len * sizeof(struct cxlfm_tag));
}

static uint8_t pool_tags[1][CXLFM_TAG_SIZE] = { { 7, [15] = 1 } };

static void a_pool(struct cxlfm_pool *pool, struct cxlfm_pool_host *hosts,
                   struct cxlfm_pool_extent *extents)
{
    hosts[0] = (struct cxlfm_pool_host) { .id = 3, .alive = true, .here = true,
        .owned = 5, .path = (char *)"/machine/\"x\"" };
    extents[0] = (struct cxlfm_pool_extent) { .offset = 1, .length = 2,
        .host = 3, .region = 7, .shared = true, .state = CXLFM_POOL_LEAVING };
    *pool = (struct cxlfm_pool) {
        .name = (char *)"pool0", .file = (char *)"/dev/shm/p",
        .identity = (char *)"uuid", .size = 100, .block_size = 2,
        .available = 50, .largest = 40, .max_hosts = 8, .host_count = 1,
        .hosts = hosts, .extent_count = 1, .extents = extents,
        .region_count = 2, .region_available = { 20, 30 },
        .extent_tags = pool_tags,
    };
}

static void test_pool(void)
{
    struct cxlfm_pool_extent extents[1];
    struct cxlfm_pool_host hosts[1];
    struct cxlfm_pool pool, *back;
    struct json_object *o;

    a_pool(&pool, hosts, extents);
    o = over(cxlfm_wire_pool(&pool));
    g_assert_null(cxlfm_wire_read_pool(o, &back));
    json_object_put(o);
    g_assert_cmpstr(back->name, ==, pool.name);
    g_assert_cmpstr(back->file, ==, pool.file);
    g_assert_cmpstr(back->identity, ==, pool.identity);
    g_assert_cmpuint(back->size, ==, 100);
    g_assert_cmpuint(back->largest, ==, 40);
    g_assert_cmpuint(back->max_hosts, ==, 8);
    g_assert_cmpuint(back->region_count, ==, 2);
    g_assert_cmpuint(back->region_available[1], ==, 30);
    g_assert_cmpstr(back->hosts[0].path, ==, hosts[0].path);
    g_assert_cmpuint(back->hosts[0].owned, ==, 5);
    g_assert_true(back->hosts[0].alive && back->hosts[0].here);
    g_assert_cmpmem(extents, sizeof(extents), back->extents,
                    back->extent_count * sizeof(*extents));
    g_assert_cmpmem(pool_tags, sizeof(pool_tags), back->extent_tags,
                    sizeof(pool_tags));
    cxlfm_pool_free(back);
}

static void test_requests(void)
{
    const struct cxlfm_extent listed[2] = {
        { .offset = 4, .length = 8, .region = 2 },
        { .offset = 64, .length = 16, .region = 2 },
    };
    const struct cxlfm_add add = {
        .host = 3, .policy = CXLFM_POLICY_PRESCRIPTIVE, .region = 2,
        .length = 7, .tag = { 5 }, .extents = listed, .extent_count = 2,
    };
    const struct cxlfm_release release = {
        .host = 3, .removal = CXLFM_REMOVE_TAG, .region = 2, .force = true,
        .sanitize = true, .length = 9, .tag = { 6 },
    };
    struct cxlfm_release release_back;
    struct cxlfm_add add_back;
    struct json_object *o = over(cxlfm_wire_add(&add));

    g_assert_null(cxlfm_wire_read_add(o, &add_back));
    json_object_put(o);
    g_assert_cmpmem(listed, sizeof(listed), add_back.extents,
                    add_back.extent_count * sizeof(*listed));
    g_free((void *)add_back.extents);
    add_back.extents = listed;
    g_assert_cmpmem(&add, sizeof(add), &add_back, sizeof(add_back));
    o = over(cxlfm_wire_release(&release));
    g_assert_null(cxlfm_wire_read_release(o, &release_back));
    json_object_put(o);
    g_assert_cmpmem(&release, sizeof(release), &release_back,
                    sizeof(release_back));
}

/* A misspelt wish is no wish. */
static void test_unknown_members(void)
{
    static const char *const wrong[] = {
        "{\"lenght\":5}", "{\"length\":-1}", "{\"length\":\"5\"}",
        "{\"length\":5.5}", "{\"region\":8}", "{\"host\":65536}",
        "{\"policy\":\"best\"}", "{\"tag\":\"x\"}", "{\"tag\":5}",
        "{\"extents\":[]}", "{\"extents\":{}}", "{\"extents\":[{}]}",
        "{\"extents\":[{\"offset\":0}]}", "[]", "null",
        "{\"length\":18446744073709551615}",
    };
    struct cxlfm_release release;
    struct cxlfm_add add;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        struct json_object *o = json_tokener_parse(wrong[i]);

        if (!cxlfm_wire_read_add(o, &add)) {
            g_error("taken as an add: %s", wrong[i]);
        }
        if (!cxlfm_wire_read_release(o, &release)) {
            g_error("taken as a release: %s", wrong[i]);
        }
        json_object_put(o);
    }
}

static void test_event(void)
{
    struct cxlfm_extent extent = an_extent();
    const struct cxlfm_event event = {
        .type = CXLFM_EVENT_FORCED, .region = 7, .host = 9, .extent_count = 1,
        .timestamp = 1700000000000000000, .tag = { 8 }, .extents = &extent,
    };
    struct json_object *o = over(cxlfm_wire_event(&event));
    struct cxlfm_event *back;

    g_assert_null(cxlfm_wire_read_event(o, &back));
    json_object_put(o);
    g_assert_cmpuint(back->type, ==, event.type);
    g_assert_cmpuint(back->timestamp, ==, event.timestamp);
    g_assert_cmpuint(back->host, ==, event.host);
    g_assert_cmpmem(back->tag, CXLFM_TAG_SIZE, event.tag, CXLFM_TAG_SIZE);
    g_assert_cmpmem(back->extents, back->extent_count * sizeof(extent),
                    &extent, sizeof(extent));
    free(back);
}

static void check_extents(const struct cxlfm_extent *extents, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        g_assert_cmpuint(extents[i].region, <, CXLFM_MAX_REGIONS);
        g_assert_cmpuint(extents[i].state, <, CXLFM_EXTENT_STATE_MAX);
        g_assert_cmpuint(extents[i].mapping, <=, CXLFM_MAPPING_NONE);
        g_assert_cmpuint(extents[i].offset, <=, INT64_MAX);
        g_assert_cmpuint(extents[i].length, <=, INT64_MAX);
    }
}

/* The text of @o, which is taken */
static char *text_of(struct json_object *o)
{
    char *text = g_strdup(json_object_to_json_string(o));

    json_object_put(o);
    return text;
}

static void hostile_snapshot(const char *text, unsigned *good)
{
    struct json_object *o = spoilt(text);
    struct cxlfm_snapshot s;
    size_t i;

    if (!cxlfm_wire_read_snapshot(o, &s)) {
        ++*good;
        check_extents(s.extents, s.extent_count);
        for (i = 0; i < s.host_count; i++) {
            g_assert_cmpuint(s.hosts[i].region_count, <=, CXLFM_MAX_REGIONS);
        }
        free_inside(&s);
    }
    json_object_put(o);
}

static void hostile_pool(const char *text, unsigned *good)
{
    struct json_object *o = spoilt(text);
    struct cxlfm_pool *pool;

    if (!cxlfm_wire_read_pool(o, &pool)) {
        ++*good;
        g_assert_cmpuint(pool->available, <=, pool->size);
        g_assert_cmpuint(pool->region_count, <=, CXLFM_MAX_REGIONS);
        g_assert_true(pool->name && pool->file && pool->identity);
        cxlfm_pool_free(pool);
    }
    json_object_put(o);
}

static void hostile_event(const char *text, unsigned *good)
{
    struct json_object *o = spoilt(text);
    struct cxlfm_event *event;

    if (!cxlfm_wire_read_event(o, &event)) {
        ++*good;
        g_assert_cmpuint(event->type, <, CXLFM_EVENT_MAX);
        check_extents(event->extents, event->extent_count);
        free(event);
    }
    json_object_put(o);
}

static void hostile_add(const char *text, unsigned *good)
{
    struct json_object *o = spoilt(text);
    struct cxlfm_add add;

    if (!cxlfm_wire_read_add(o, &add)) {
        ++*good;
        check_extents(add.extents, add.extent_count);
        g_free((void *)add.extents);
    }
    json_object_put(o);
}

static void test_hostile(void)
{
    struct cxlfm_extent extent = an_extent();
    const struct cxlfm_event event = { .extents = &extent, .extent_count = 1 };
    const struct cxlfm_add add = { .policy = CXLFM_POLICY_PRESCRIPTIVE,
        .extents = &extent, .extent_count = 1, .tag = { 1 } };
    struct cxlfm_pool_extent pool_extents[1];
    struct cxlfm_pool_host pool_hosts[1];
    struct cxlfm_snapshot snapshot;
    struct cxlfm_pool pool;
    unsigned good[4] = { 0 }, i;
    char *texts[4];

    a_snapshot(&snapshot);
    a_pool(&pool, pool_hosts, pool_extents);
    texts[0] = text_of(cxlfm_wire_snapshot(&snapshot));
    texts[1] = text_of(cxlfm_wire_pool(&pool));
    texts[2] = text_of(cxlfm_wire_event(&event));
    texts[3] = text_of(cxlfm_wire_add(&add));
    free_inside(&snapshot);
    for (i = 0; i < ROUNDS; i++) {
        hostile_snapshot(texts[0], &good[0]);
        hostile_pool(texts[1], &good[1]);
        hostile_event(texts[2], &good[2]);
        hostile_add(texts[3], &good[3]);
    }
    for (i = 0; i < 4; i++) {
        g_assert_cmpuint(good[i], >, ROUNDS / 8);
        g_assert_cmpuint(good[i], <, ROUNDS);
        g_free(texts[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fm/wire/snapshot", test_snapshot);
    g_test_add_func("/fm/wire/tags", test_tags);
    g_test_add_func("/fm/wire/pool", test_pool);
    g_test_add_func("/fm/wire/requests", test_requests);
    g_test_add_func("/fm/wire/unknown-members", test_unknown_members);
    g_test_add_func("/fm/wire/event", test_event);
    g_test_add_func("/fm/wire/hostile", test_hostile);
    return g_test_run();
}
