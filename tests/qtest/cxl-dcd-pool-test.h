/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: several QEMU processes on one pool. Each is a
 * host with a head of its own; region 0 is plain, region 1 is sharable.
 *
 *> {"execute": "query-cxl-dc-pool", "arguments": {"pool": "pool0"}}
 *> {"execute":"cxl-reclaim-dc-pool","arguments":{"pool":"pool0","host-id":2}}
 */
#ifndef CXL_DCD_POOL_TEST_H
#define CXL_DCD_POOL_TEST_H

#include "qobject/qlist.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define REGION  (256 * MIB)
#define TAG     "20212223-2425-2627-2829-2a2b2c2d2e2f"
#define OTHER   "30313233-3435-3637-3839-3a3b3c3d3e3f"
#define REGIONS(flags) "[{\"size\":268435456},{\"size\":268435456," \
                       "\"flags\":[\"sharable\"" flags "]}]"
#define HOSTS   3

typedef struct Pool {
    char *directory;
    char *file;
    CXLDcdMachine *host[HOSTS + 1];       /* by id; 0 is not used */
    uint64_t hpa[HOSTS + 1];              /* of region 0 */
} Pool;

static inline CXLDcdOptions pool_options(const Pool *pool, unsigned id,
                                         const char *regions)
{
    return (CXLDcdOptions) {
        .size = 2 * REGION, .pool = pool->file, .host = id,
        .regions = regions,
    };
}

static inline CXLDcdDevice *pool_start(Pool *pool, unsigned id,
                                       const char *regions)
{
    CXLDcdOptions options = pool_options(pool, id, regions);

    pool->host[id] = cxl_dcd_machine_start(&options);
    pool->hpa[id] = cxl_dcd_map(&pool->host[id]->device[0]);
    return &pool->host[id]->device[0];
}

static inline Pool pool_begin(void)
{
    Pool pool = { .directory = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL) };

    g_assert_nonnull(pool.directory);
    pool.file = g_build_filename(pool.directory, "pool", NULL);
    return pool;
}

static inline void pool_end(Pool *pool)
{
    unsigned i;

    for (i = 1; i <= HOSTS; i++) {
        if (pool->host[i]) {
            cxl_dcd_machine_stop(pool->host[i]);
        }
    }
    g_assert_cmpint(unlink(pool->file), ==, 0);
    /* Nothing else may have been left in it */
    g_assert_cmpint(rmdir(pool->directory), ==, 0);
    g_free(pool->directory);
    g_free(pool->file);
}

static inline void pool_kill(Pool *pool, unsigned id)
{
    cxl_dcd_machine_kill(g_steal_pointer(&pool->host[id]));
}

static inline CXLDcdDevice *head(const Pool *pool, unsigned id)
{
    return &pool->host[id]->device[0];
}

/*
 * As a process does that is stopped just then; until the result is closed: a
 * token in the header's page, whose opening has its byte of the file locked
 */
static inline int pool_lock(const Pool *pool)
{
    const uint64_t opening = 7, token = (opening + 1) << 32 | 1;
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET,
        .l_start = (1LL << 61) + opening, .l_len = 1,
    };
    int fd = open(pool->file, O_RDWR);

    g_assert_cmpint(fcntl(fd, F_OFD_SETLK, &lock), ==, 0);
    g_assert_cmpint(pwrite(fd, &token, sizeof(token), 2 * REGION + 2048), ==,
                    sizeof(token));
    return fd;
}

/* query-cxl-dc-pool of host @id; qobject_unref() it */
static inline QDict *pool_query(const Pool *pool, unsigned id)
{
    QDict *response = qtest_qmp(pool->host[id]->qts,
                                "{'execute':'query-cxl-dc-pool'}");
    QList *list = qdict_get_qlist(response, "return");
    QDict *info;

    g_assert_nonnull(list);
    info = qobject_ref(qobject_to(QDict, qlist_peek(list)));
    qobject_unref(response);
    return info;
}

static inline uint64_t pool_free(const Pool *pool, unsigned id)
{
    QDict *info = pool_query(pool, id);
    uint64_t available = qdict_get_int(info, "available");

    qobject_unref(info);
    return available;
}

/* What host @about has, as host @id sees it: "region:offset+MiB state", ... */
static inline char *pool_extents(const Pool *pool, unsigned id, unsigned about)
{
    QDict *info = pool_query(pool, id);
    GString *text = g_string_new(NULL);
    const QListEntry *host, *entry;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(info, "hosts"), host) {
        QDict *one = qobject_to(QDict, qlist_entry_obj(host));

        if (qdict_get_int(one, "host-id") != about) {
            continue;
        }
        QLIST_FOREACH_ENTRY(qdict_get_qlist(one, "extents"), entry) {
            QDict *e = qobject_to(QDict, qlist_entry_obj(entry));

            g_string_append_printf(text, "%s%" PRId64 ":%" PRId64 "+%" PRId64
                " %s", text->len ? ", " : "", qdict_get_int(e, "region"),
                (int64_t)(qdict_get_int(e, "region-offset") / MIB),
                (int64_t)(qdict_get_int(e, "len") / MIB),
                qdict_get_str(e, "state"));
        }
    }
    qobject_unref(info);
    return g_string_free(text, false);
}

static inline void assert_extents(const Pool *pool, unsigned about,
                                  const char *want)
{
    unsigned id;

    for (id = 1; id <= HOSTS; id++) {
        if (pool->host[id]) {
            cxl_dcd_wait_clean(&pool->host[id]->device[0]);
        }
    }
    /* Whoever is asked, all see the same */
    for (id = 1; id <= HOSTS; id++) {
        g_autofree char *have = NULL;

        if (pool->host[id]) {
            have = pool_extents(pool, id, about);
            g_assert_cmpstr(have, ==, want);
        }
    }
}

static inline uint64_t dpa(const CXLDcdDevice *d, unsigned region,
                           uint64_t offset)
{
    return d->dc_base + region * REGION + offset;
}

static inline void accepted(CXLDcdDevice *d, unsigned region, uint64_t offset,
                            uint64_t len, const char *tag)
{
    cxl_dcd_qmp_add(d, .region = region, .tag = tag,
                    CXL_DCD_EXTENTS({ offset, len }));
    g_assert_cmphex(cxl_dcd_accept(d, { dpa(d, region, offset), len }), ==,
                    SUCCESS);
    cxl_dcd_drop_events(d);
}

static inline uint64_t load(const Pool *pool, unsigned id, uint64_t offset)
{
    return qtest_readq(pool->host[id]->qts, pool->hpa[id] + offset);
}

static inline void store(const Pool *pool, unsigned id, uint64_t offset,
                         uint64_t value)
{
    qtest_writeq(pool->host[id]->qts, pool->hpa[id] + offset, value);
}

static inline void reclaim(const Pool *pool, unsigned id, unsigned host,
                           uint64_t freed)
{
    QDict *response = qtest_qmp(pool->host[id]->qts,
        "{'execute':'cxl-reclaim-dc-pool','arguments':"
        "{'pool':'dcmem0','host-id':%u}}", host);

    g_assert_cmpuint(qdict_get_int(qdict_get_qdict(response, "return"),
                                   "freed"), ==, freed);
    qobject_unref(response);
}

#endif /* CXL_DCD_POOL_TEST_H */
