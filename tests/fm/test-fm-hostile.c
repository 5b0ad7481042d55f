/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a monitor says in nonsense: answers of QEMU with values exchanged at
 * random. Each is understood or refused; what is understood is in its bounds.
 *
 * Run under sanitizers by scripts/check-fm-sanitizers. --seed repeats a run.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "device.h"
#include "handle.h"
#include "qmp-parse.h"
#include "qmp-pool.h"
#include "spoil.h"

#define ROUNDS 20000

static const char device_json[] =
    "{\"path\":\"/machine/mem0\",\"id\":\"mem0\",\"host-id\":3,"
    "\"generation\":7,\"supported-extents\":64,\"available-extents\":60,"
    "\"supported-tags\":8,\"available-tags\":8,\"regions\":[{\"index\":0,"
    "\"base\":268435456,\"decode-length\":268435456,\"length\":268435456,"
    "\"block-size\":2097152,\"flags\":[\"sharable\",\"read-only\"],"
    "\"sanitize\":true,\"available\":4194304}],\"extents\":[{\"region\":0,"
    "\"offset\":0,\"len\":2097152,\"dpa\":268435456,\"tag\":"
    "\"11111111-2222-3333-4444-555555555555\",\"sequence\":1,"
    "\"state\":\"accepted\",\"mapping\":\"direct\"}],"
    "\"fm-references\":[\"11111111-2222-3333-4444-555555555555\"]}";
static const char pool_json[] =
    "{\"pool\":\"pool0\",\"file\":\"/no/such/pool\",\"size\":268435456,"
    "\"block-size\":2097152,\"available\":134217728,\"largest\":4194304,"
    "\"max-hosts\":8,\"regions\":[{\"index\":0,\"available\":134217728}],"
    "\"hosts\":[{\"host-id\":1,\"alive\":true,\"path\":\"/machine/mem0\","
    "\"owned\":134217728,\"extents\":[{\"offset\":0,\"len\":134217728,"
    "\"region\":0,\"shared\":false,\"state\":\"pending\"}]}]}";
static const char event_json[] =
    "{\"event\":\"CXL_DYNAMIC_CAPACITY_ADDED\",\"timestamp\":{\"seconds\":5,"
    "\"microseconds\":6},\"data\":{\"path\":\"/machine/mem0\",\"host-id\":3,"
    "\"region\":0,\"tag\":\"11111111-2222-3333-4444-555555555555\","
    "\"extents\":[{\"offset\":0,\"len\":2097152},{\"offset\":4194304,"
    "\"len\":2097152}]}}";

static cxlfm *handle(void)
{
    cxlfm *fm = cxlfm_new();

    fm->address = g_strdup("qmp:/no/such/monitor");
    cxlfm_devices_add(fm, "mem0", "/machine/mem0");
    return fm;
}

static void check_extent(const struct cxlfm_extent *e)
{
    g_assert_cmpuint(e->region, <, CXLFM_MAX_REGIONS);
    g_assert_cmpuint(e->state, <, CXLFM_EXTENT_STATE_MAX);
    g_assert_cmpuint(e->mapping, <=, CXLFM_MAPPING_NONE);
    g_assert_cmpuint(e->offset, <=, INT64_MAX);
    g_assert_cmpuint(e->length, <=, INT64_MAX);
}

static void test_devices(void)
{
    cxlfm *fm = handle();
    unsigned good = 0, i;
    size_t j;

    for (i = 0; i < ROUNDS; i++) {
        struct cxlfm_snapshot *s = g_new0(struct cxlfm_snapshot, 1);
        struct json_object *o = spoilt(device_json);
        int ret = cxlfm_qmp_parse_device(fm, o, s);

        g_assert_true(!ret || ret == CXLFM_ERROR_PROTOCOL);
        good += !ret;
        for (j = 0; !ret && j < s->extent_count; j++) {
            check_extent(&s->extents[j]);
        }
        g_assert_cmpuint(s->hosts[0].region_count, <=, CXLFM_MAX_REGIONS);
        cxlfm_snapshot_free(s);
        json_object_put(o);
    }
    g_assert_cmpuint(good, >, ROUNDS / 4);
    g_assert_cmpuint(good, <, ROUNDS);
    cxlfm_free(fm);
}

static void test_pools(void)
{
    cxlfm *fm = handle();
    unsigned good = 0, i;
    size_t j;

    for (i = 0; i < ROUNDS; i++) {
        struct json_object *o = spoilt(pool_json);
        struct cxlfm_pool *pool = cxlfm_qmp_pool_parse(fm, o);

        good += pool != NULL;
        for (j = 0; pool && j < pool->extent_count; j++) {
            g_assert_cmpuint(pool->extents[j].region, <, CXLFM_MAX_REGIONS);
            g_assert_cmpuint(pool->extents[j].state, <, CXLFM_POOL_STATE_MAX);
        }
        if (pool) {
            g_assert_cmpuint(pool->available, <=, pool->size);
            g_assert_cmpuint(pool->region_count, <=, CXLFM_MAX_REGIONS);
            g_assert_true(*pool->name && *pool->identity);
        }
        cxlfm_pool_free(pool);
        json_object_put(o);
    }
    g_assert_cmpuint(good, >, ROUNDS / 4);
    g_assert_cmpuint(good, <, ROUNDS);
    cxlfm_free(fm);
}

static void test_events(void)
{
    cxlfm *fm = handle();
    unsigned good = 0, i;
    size_t j;

    for (i = 0; i < ROUNDS; i++) {
        struct json_object *o = spoilt(event_json);
        struct cxlfm_event *event = cxlfm_qmp_parse_event(fm, o);

        good += event != NULL;
        for (j = 0; event && j < event->extent_count; j++) {
            check_extent(&event->extents[j]);
        }
        free(event);
        json_object_put(o);
    }
    g_assert_cmpuint(good, >, ROUNDS / 4);
    g_assert_cmpuint(good, <, ROUNDS);
    cxlfm_free(fm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fm/hostile/devices", test_devices);
    g_test_add_func("/fm/hostile/pools", test_pools);
    g_test_add_func("/fm/hostile/events", test_events);
    return g_test_run();
}
