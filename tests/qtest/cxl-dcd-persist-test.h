/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a device with property dc-state. Region 0 is
 * not volatile, region 1 (of BOTH) is; memory and state are files of the host.
 */
#ifndef CXL_DCD_PERSIST_TEST_H
#define CXL_DCD_PERSIST_TEST_H

#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define REGION  (256 * MIB)
#define TAG     "20212223-2425-2627-2829-2a2b2c2d2e2f"
#define BOTH    "[{\"size\":268435456,\"flags\":[\"nonvolatile\"]}," \
                "{\"size\":268435456}]"

typedef struct Store {
    char *directory;
    char *memory;
    char *state;
    char *properties;
    CXLDcdOptions options;
} Store;

/* In @directory, which store_end() removes */
static inline Store store_begin_in(char *directory, const char *regions,
                                   uint64_t size)
{
    Store store = { .directory = directory };

    g_assert_nonnull(store.directory);
    store.memory = g_build_filename(store.directory, "memory", NULL);
    store.state = g_build_filename(store.directory, "state", NULL);
    store.properties = g_strdup_printf(",\"dc-state\":\"%s\"", store.state);
    store.options = (CXLDcdOptions) {
        .size = size,
        .regions = regions,
        .properties = store.properties,
        .memory_file = store.memory,
    };
    return store;
}

static inline Store store_begin(const char *regions, uint64_t size)
{
    return store_begin_in(g_dir_make_tmp("cxl-dcd-XXXXXX", NULL), regions,
                          size);
}

static inline void store_end(Store *store)
{
    unlink(store->memory);
    unlink(store->state);
    /* Nothing else may have been left in it */
    g_assert_cmpint(rmdir(store->directory), ==, 0);
    g_free(store->directory);
    g_free(store->memory);
    g_free(store->state);
    g_free(store->properties);
}

static inline bool saved(CXLDcdDevice *d, const Store *store)
{
    QDict *info = cxl_dcd_query(d);
    bool saved = qdict_get_bool(info, "state-saved");

    g_assert_cmpstr(qdict_get_str(info, "state-file"), ==, store->state);
    qobject_unref(info);
    return saved;
}

/* It is written beside the running machine, and soon. */
static inline void assert_saved(CXLDcdDevice *d, const Store *store)
{
    gint64 limit = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;

    while (!saved(d, store)) {
        g_assert_cmpint(g_get_monotonic_time(), <, limit);
        g_usleep(1000);
    }
}

static inline void offer_and_accept(CXLDcdDevice *d, unsigned region,
                                    uint64_t offset, uint64_t len,
                                    const char *tag)
{
    cxl_dcd_qmp_add(d, .region = region, .tag = tag,
                    CXL_DCD_EXTENTS({ offset, len }));
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + region * REGION + offset,
                                        len }), ==, SUCCESS);
    cxl_dcd_drop_events(d);
}

/* device_add with the state file of @store, which fails */
static inline void refuse(CXLDcdMachine *m, const Store *store,
                          const char *extra, const char *regions,
                          const char *error)
{
    g_autofree char *json = g_strdup_printf(
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"cxl-type3\","
        "\"bus\":\"rp0\",\"id\":\"bad\",\"dc-memdev\":\"dcmem0\","
        "\"dc-regions\":%s,\"dc-state\":\"%s\"%s}}", regions, store->state,
        extra);

    cxl_dcd_qmp_fails(m, json, error);
}

#endif /* CXL_DCD_PERSIST_TEST_H */
