/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: several QEMU processes on one pool. Each is a
 * host with a head of its own; region 0 is plain, region 1 is sharable.
 */
#include "qemu/osdep.h"
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
#define OP_SANITIZE      0x4400
#define SANITIZE_SECONDS 5

typedef struct Pool {
    char *directory;
    char *file;
    CXLDcdMachine *host[HOSTS + 1];       /* by id; 0 is not used */
    uint64_t hpa[HOSTS + 1];              /* of region 0 */
} Pool;

static CXLDcdOptions pool_options(const Pool *pool, unsigned id,
                                  const char *regions)
{
    return (CXLDcdOptions) {
        .size = 2 * REGION, .pool = pool->file, .host = id,
        .regions = regions,
    };
}

static CXLDcdDevice *pool_start(Pool *pool, unsigned id, const char *regions)
{
    CXLDcdOptions options = pool_options(pool, id, regions);

    pool->host[id] = cxl_dcd_machine_start(&options);
    pool->hpa[id] = cxl_dcd_map(&pool->host[id]->device[0]);
    return &pool->host[id]->device[0];
}

static Pool pool_begin(void)
{
    Pool pool = { .directory = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL) };

    g_assert_nonnull(pool.directory);
    pool.file = g_build_filename(pool.directory, "pool", NULL);
    return pool;
}

static void pool_end(Pool *pool)
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

static void pool_kill(Pool *pool, unsigned id)
{
    cxl_dcd_machine_kill(g_steal_pointer(&pool->host[id]));
}

static CXLDcdDevice *head(const Pool *pool, unsigned id)
{
    return &pool->host[id]->device[0];
}

/* query-cxl-dc-pool of host @id; qobject_unref() it */
static QDict *pool_query(const Pool *pool, unsigned id)
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

static uint64_t pool_free(const Pool *pool, unsigned id)
{
    QDict *info = pool_query(pool, id);
    uint64_t available = qdict_get_int(info, "available");

    qobject_unref(info);
    return available;
}

/* What host @about has, as host @id sees it: "region:offset+MiB state", ... */
static char *pool_extents(const Pool *pool, unsigned id, unsigned about)
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

static void assert_extents(const Pool *pool, unsigned about, const char *want)
{
    unsigned id;

    /* Whoever is asked, all see the same */
    for (id = 1; id <= HOSTS; id++) {
        g_autofree char *have = NULL;

        if (pool->host[id]) {
            have = pool_extents(pool, id, about);
            g_assert_cmpstr(have, ==, want);
        }
    }
}

static uint64_t dpa(const CXLDcdDevice *d, unsigned region, uint64_t offset)
{
    return d->dc_base + region * REGION + offset;
}

static void accepted(CXLDcdDevice *d, unsigned region, uint64_t offset,
                     uint64_t len, const char *tag)
{
    cxl_dcd_qmp_add(d, .region = region, .tag = tag,
                    CXL_DCD_EXTENTS({ offset, len }));
    g_assert_cmphex(cxl_dcd_accept(d, { dpa(d, region, offset), len }), ==,
                    SUCCESS);
    cxl_dcd_drop_events(d);
}

static uint64_t load(const Pool *pool, unsigned id, uint64_t offset)
{
    return qtest_readq(pool->host[id]->qts, pool->hpa[id] + offset);
}

static void store(const Pool *pool, unsigned id, uint64_t offset,
                  uint64_t value)
{
    qtest_writeq(pool->host[id]->qts, pool->hpa[id] + offset, value);
}

static void reclaim(const Pool *pool, unsigned id, unsigned host,
                    uint64_t freed)
{
    QDict *response = qtest_qmp(pool->host[id]->qts,
        "{'execute':'cxl-dc-pool-reclaim','arguments':"
        "{'pool':'dcmem0','host-id':%u}}", host);

    g_assert_cmpuint(qdict_get_int(qdict_get_qdict(response, "return"),
                                   "freed"), ==, freed);
    qobject_unref(response);
}

/* --- Cases --- */

static void owned_once(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;
    char *before;

    b = pool_start(&pool, 2, REGIONS(""));
    accepted(a, 0, 4 * BLOCK, 4 * BLOCK, NULL);
    store(&pool, 1, 4 * BLOCK, 0x1111);
    before = cxl_dcd_snapshot(b);
    cxl_dcd_qmp_add(b, CXL_DCD_EXTENTS({ 7 * BLOCK, 2 * BLOCK }),
                    .error = "block 7 of the pool is host 1's");
    cxl_dcd_qmp_add(b, .host = 1, CXL_DCD_EXTENTS({ 0, BLOCK }),
                    .error = "ask the head of host 1, which is in another");
    cxl_dcd_qmp_add(b, .host = 3, CXL_DCD_EXTENTS({ 0, BLOCK }),
                    .error = "which no process is");
    cxl_dcd_qmp_release(b, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }),
                        .error = "was not added to host 2");
    cxl_dcd_assert_unchanged(b, before);
    /* Device picks: around what the other has */
    cxl_dcd_qmp_add(b, .policy = "contiguous", .length = 6 * BLOCK);
    assert_extents(&pool, 2, "0:16+12 pending");
    g_assert_cmphex(cxl_dcd_reject(b), ==, SUCCESS);
    assert_extents(&pool, 2, "");
    cxl_dcd_qmp_add(b, .policy = "free", .length = REGION - 4 * BLOCK);
    assert_extents(&pool, 2, "0:0+8 pending, 0:16+240 pending");
    cxl_dcd_qmp_add(a, .policy = "free", .length = BLOCK,
                    .error = "region 0 has 0x0 free");
    cxl_dcd_drop_events(b);
    g_assert_cmphex(cxl_dcd_accept(b, { dpa(b, 0, 0), 2 * BLOCK }), ==,
                    SUCCESS);
    assert_extents(&pool, 2, "0:0+4 accepted");
    /* What one host gave back, the other gets without its contents */
    cxl_dcd_qmp_release(a, CXL_DCD_EXTENTS({ 4 * BLOCK, 2 * BLOCK }));
    g_assert_cmphex(cxl_dcd_give_back(a, { dpa(a, 0, 4 * BLOCK), 2 * BLOCK }),
                    ==, SUCCESS);
    assert_extents(&pool, 1, "0:12+4 accepted");
    cxl_dcd_drop_events(b);
    accepted(b, 0, 4 * BLOCK, BLOCK, NULL);
    g_assert_cmphex(load(&pool, 2, 4 * BLOCK), ==, 0);
    g_assert_cmphex(load(&pool, 1, 4 * BLOCK), ==, UINT64_MAX);
    cxl_dcd_qmp_release(a, .forced = true,
                        CXL_DCD_EXTENTS({ 7 * BLOCK, BLOCK }));
    assert_extents(&pool, 1, "0:12+2 accepted");
    g_assert_cmpuint(pool_free(&pool, 1), ==, 2 * REGION - 4 * BLOCK);
    pool_end(&pool);
}

/* Two blocks of region 1 that @a and @b share from now on, in the same order */
static void share(CXLDcdDevice *a, CXLDcdDevice *b)
{
    CXLDcdExtentList of_a, of_b;
    char *before;

    cxl_dcd_qmp_add(a, .region = 1, .tag = TAG,
                    CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }, { 0, BLOCK }));
    before = cxl_dcd_snapshot(b);
    cxl_dcd_qmp_add(b, .region = 1, .tag = TAG,
                    CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }), .error = "in use");
    cxl_dcd_qmp_add(b, .region = 1, .tag = OTHER,
                    .policy = "enable-shared-access",
                    .error = "names no shared capacity");
    cxl_dcd_qmp_add(b, .region = 0, .tag = TAG,
                    .policy = "enable-shared-access",
                    .error = "region 0 is not a sharable region");
    cxl_dcd_assert_unchanged(b, before);
    cxl_dcd_qmp_add(b, .region = 1, .tag = TAG,
                    .policy = "enable-shared-access");
    cxl_dcd_qmp_add(b, .region = 1, .tag = TAG,
                    .policy = "enable-shared-access", .error = "has this tag");
    g_assert_cmphex(cxl_dcd_accept(a, { dpa(a, 1, 0), BLOCK },
                                   { dpa(a, 1, 8 * BLOCK), BLOCK }), ==,
                    SUCCESS);
    g_assert_cmphex(cxl_dcd_accept(b, { dpa(b, 1, 0), BLOCK },
                                   { dpa(b, 1, 8 * BLOCK), BLOCK }), ==,
                    SUCCESS);
    of_a = cxl_dcd_list_extents(a);
    of_b = cxl_dcd_list_extents(b);
    /* Same order, same tag, same sequence numbers: byte by byte */
    g_assert_cmpuint(of_a.total, ==, 2);
    g_assert_cmpmem(of_a.extents->data, 2 * sizeof(CXLDcdWireExtent),
                    of_b.extents->data, 2 * sizeof(CXLDcdWireExtent));
    cxl_dcd_extents_free(&of_a);
    cxl_dcd_extents_free(&of_b);
}

static void shared(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;

    b = pool_start(&pool, 2, REGIONS(""));
    share(a, b);
    store(&pool, 1, REGION + 8, 0xa1);
    g_assert_cmphex(load(&pool, 2, REGION + 8), ==, 0xa1);
    store(&pool, 2, REGION + 8 * BLOCK, 0xb2);
    g_assert_cmphex(load(&pool, 1, REGION + 8 * BLOCK), ==, 0xb2);
    cxl_dcd_drop_events(a);
    cxl_dcd_drop_events(b);
    /* A reset of one host takes the capacity from it, not from the other */
    cxl_dcd_machine_reset(pool.host[1]);
    cxl_dcd_assert_no_extents(a);
    assert_extents(&pool, 1, "");
    assert_extents(&pool, 2, "1:0+2 accepted, 1:16+2 accepted");
    g_assert_cmphex(load(&pool, 2, REGION + 8), ==, 0xa1);
    /* Kept by the fabric manager alone; any head may say so */
    qtest_qmp_assert_success(pool.host[1]->qts,
        "{'execute':'cxl-dynamic-capacity-reference','arguments':"
        "{'path':%s,'tag':%s,'held':true}}", a->path, TAG);
    cxl_dcd_qmp_release(b, .tag = TAG, .policy = "tag-based", .forced = true);
    assert_extents(&pool, 2, "");
    g_assert_cmpuint(pool_free(&pool, 1), ==, 2 * REGION - 2 * BLOCK);
    cxl_dcd_qmp_add(a, .region = 1, .tag = TAG,
                    .policy = "enable-shared-access");
    g_assert_cmphex(cxl_dcd_reject(a), ==, SUCCESS);
    qtest_qmp_assert_success(pool.host[2]->qts,
        "{'execute':'cxl-dynamic-capacity-reference','arguments':"
        "{'path':%s,'tag':%s,'held':false}}", b->path, TAG);
    g_assert_cmpuint(pool_free(&pool, 1), ==, 2 * REGION);
    cxl_dcd_drop_events(b);
    accepted(b, 1, 0, BLOCK, OTHER);
    g_assert_cmphex(load(&pool, 2, REGION + 8), ==, 0);
    pool_end(&pool);
}

static void read_only(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;

    b = pool_start(&pool, 2, REGIONS(",\"read-only\""));
    accepted(a, 1, 0, BLOCK, TAG);
    store(&pool, 1, REGION, 0x77);
    cxl_dcd_qmp_add(b, .region = 1, .tag = TAG,
                    .policy = "enable-shared-access");
    g_assert_cmphex(cxl_dcd_accept(b, { dpa(b, 1, 0), BLOCK }), ==, SUCCESS);
    store(&pool, 2, REGION, 0x88);
    g_assert_cmphex(load(&pool, 2, REGION), ==, 0x77);
    g_assert_cmphex(load(&pool, 1, REGION), ==, 0x77);
    store(&pool, 1, REGION, 0x99);
    g_assert_cmphex(load(&pool, 2, REGION), ==, 0x99);
    pool_end(&pool);
}

static void killed(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;

    b = pool_start(&pool, 2, REGIONS(""));
    accepted(a, 0, 0, 2 * BLOCK, NULL);
    accepted(a, 0, 8 * BLOCK, 2 * BLOCK, OTHER);
    accepted(a, 1, 0, BLOCK, TAG);
    store(&pool, 1, BLOCK, 0x1234);
    store(&pool, 1, REGION, 0x5678);
    cxl_dcd_qmp_add(b, .region = 1, .tag = TAG,
                    .policy = "enable-shared-access");
    g_assert_cmphex(cxl_dcd_accept(b, { dpa(b, 1, 0), BLOCK }), ==, SUCCESS);
    cxl_dcd_qmp_add(a, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    cxl_dcd_qmp_fails(pool.host[2], "{\"execute\":\"cxl-dc-pool-reclaim\","
                      "\"arguments\":{\"pool\":\"dcmem0\",\"host-id\":1}}",
                      "host 1 of pool");
    pool_kill(&pool, 1);
    assert_extents(&pool, 1, "0:0+4 accepted, 0:8+2 pending, 0:16+4 accepted, "
                   "1:0+2 accepted");
    cxl_dcd_qmp_add(b, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }),
                    .error = "host 1's");

    /* Back again: what it had accepted, with tag and contents */
    a = pool_start(&pool, 1, REGIONS(""));
    assert_extents(&pool, 1, "0:0+4 accepted, 0:16+4 accepted");
    cxl_dcd_assert_extents(a, { dpa(a, 0, 0), 2 * BLOCK },
                           { dpa(a, 0, 8 * BLOCK), 2 * BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(a, "tag", OTHER), ==, 1);
    g_assert_cmphex(load(&pool, 1, BLOCK), ==, 0x1234);
    g_assert_cmphex(load(&pool, 2, REGION), ==, 0x5678);
    cxl_dcd_qmp_release(a, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmphex(cxl_dcd_give_back(a, { dpa(a, 0, 0), BLOCK }), ==,
                    SUCCESS);

    /* Or taken back by any other, and clean; the share goes with the last */
    pool_kill(&pool, 1);
    reclaim(&pool, 2, 1, 3 * BLOCK);
    assert_extents(&pool, 1, "");
    cxl_dcd_drop_events(b);
    accepted(b, 0, 0, 2 * BLOCK, NULL);
    g_assert_cmphex(load(&pool, 2, BLOCK), ==, 0);
    pool_kill(&pool, 2);
    pool_start(&pool, 3, REGIONS(""));
    reclaim(&pool, 3, 2, 3 * BLOCK);
    reclaim(&pool, 3, 2, 0);
    g_assert_cmpuint(pool_free(&pool, 3), ==, 2 * REGION);
    pool_end(&pool);
}

/* A head that is unplugged keeps its host's capacity for the next one */
static void unplugged(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;

    b = pool_start(&pool, 2, REGIONS(""));
    accepted(a, 0, BLOCK, 2 * BLOCK, OTHER);
    store(&pool, 1, BLOCK, 0x4242);
    cxl_dcd_qmp_add(a, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    cxl_dcd_device_unplug(a);
    assert_extents(&pool, 1, "0:2+4 accepted, 0:16+2 pending");
    cxl_dcd_qmp_add(b, CXL_DCD_EXTENTS({ BLOCK, BLOCK }), .error = "host 1's");
    cxl_dcd_device_plug(a);
    cxl_dcd_assert_extents(a, { dpa(a, 0, BLOCK), 2 * BLOCK });
    assert_extents(&pool, 1, "0:2+4 accepted");
    pool.hpa[1] = cxl_dcd_map(a);
    g_assert_cmphex(load(&pool, 1, BLOCK), ==, 0x4242);
    cxl_dcd_device_unplug(a);
    reclaim(&pool, 2, 1, 2 * BLOCK);
    cxl_dcd_device_plug(a);
    cxl_dcd_assert_no_extents(a);
    pool_end(&pool);
}

/* Sanitize of one head's media: other hosts' data is not its own */
static void sanitized(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;

    b = pool_start(&pool, 2, REGIONS(""));
    accepted(a, 0, 0, 2 * BLOCK, NULL);
    accepted(b, 0, 2 * BLOCK, BLOCK, NULL);
    accepted(a, 1, 0, BLOCK, TAG);
    store(&pool, 1, 2 * BLOCK - 8, 1);
    store(&pool, 2, 2 * BLOCK, 2);
    store(&pool, 1, REGION, 3);
    g_assert_cmphex(cxl_dcd_command(a, OP_SANITIZE, NULL, 0, NULL, 0, NULL),
                    ==, CXL_DCD_RC_BACKGROUND_STARTED);
    qtest_clock_step(pool.host[1]->qts,
                     SANITIZE_SECONDS * G_GINT64_CONSTANT(1000000000));
    g_assert_cmphex(load(&pool, 1, 2 * BLOCK - 8), ==, 0);
    g_assert_cmphex(load(&pool, 2, 2 * BLOCK), ==, 2);
    g_assert_cmphex(load(&pool, 1, REGION), ==, 3);
    assert_extents(&pool, 1, "0:0+4 accepted, 1:0+2 accepted");
    pool_end(&pool);
}

/* object-add or device_add with these members, which must fail */
static void refused(CXLDcdMachine *machine, const char *command,
                    const char *members, const char *error)
{
    g_autofree char *json = g_strdup_printf(
        "{\"execute\":\"%s\",\"arguments\":{%s}}", command, members);

    cxl_dcd_qmp_fails(machine, json, error);
}

static void object_refused(const Pool *pool, const char *file,
                           const char *members, const char *error)
{
    g_autofree char *all = g_strdup_printf(
        "\"qom-type\":\"cxl-dc-pool\",\"id\":\"again\",\"path\":\"%s\",%s",
        file, members);

    refused(pool->host[1], "object-add", all, error);
}

static void device_refused(const Pool *pool, const char *members,
                           const char *error)
{
    g_autofree char *all = g_strdup_printf(
        "\"driver\":\"cxl-type3\",\"bus\":\"rp1\",\"id\":\"again\",%s",
        members);

    refused(pool->host[1], "device_add", all, error);
}

static void bad_objects(const Pool *pool)
{
    object_refused(pool, pool->file, "\"size\":268435456", "no pool of size");
    object_refused(pool, pool->file, "\"size\":1073741824", "no pool of size");
    object_refused(pool, pool->file,
                   "\"size\":536870912,\"block-size\":4096",
                   "was made with block-size=2097152");
    object_refused(pool, pool->file,
                   "\"size\":536870912,\"max-hosts\":2",
                   "was made with max-hosts=64");
    object_refused(pool, pool->file,
                   "\"size\":536870912,\"share\":false", "cannot be off");
    object_refused(pool, "/proc/version", "\"size\":536870912",
                   "/proc/version");
    object_refused(pool, "/nowhere/at/all", "\"size\":536870912",
                   "cannot make pool");
    object_refused(pool, pool->directory, "\"size\":536870912",
                   "cannot open pool");
}

static void bad_heads(const Pool *pool)
{
    /* A second device of this process needs a pool object of its own */
    device_refused(pool, "\"dc-pool\":\"dcmem0\",\"host-id\":3",
                   "used multiple times");
    qtest_qmp_assert_success(pool->host[1]->qts,
        "{'execute':'object-add','arguments':{'qom-type':'cxl-dc-pool',"
        "'id':'more','path':%s,'size':536870912}}", pool->file);
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":1",
                   "host 1 of pool");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":2,"
                   "\"dc-regions\":" REGIONS(""), "by another process");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":64",
                   "ids 0 to 63");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3",
                   "divided into 2 regions");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3,\"dc-regions\":"
                   "[{\"size\":268435456},{\"size\":268435456}]",
                   "divided into 2 regions");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3,\"dc-regions\":"
                   "[{\"size\":268435456,\"block-size\":4096}]",
                   "is not the pool's");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3,"
                   "\"dc-memdev\":\"plain\"", "leave out 'dc-memdev'");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3,"
                   "\"dc-state\":\"/tmp/state\"", "cannot be used with");
    device_refused(pool, "\"dc-memdev\":\"plain\",\"num-dc-regions\":1,"
                   "\"host-id\":3", "needs property 'dc-pool'");
    device_refused(pool, "\"dc-pool\":\"plain\",\"host-id\":3",
                   "cxl-dc-pool");
}

static void bad_input(void)
{
    Pool pool = pool_begin();
    CXLDcdOptions options = pool_options(&pool, 1, REGIONS(""));
    char *before;

    options.arguments =
        "-device cxl-rp,id=rp1,bus=cxl.0,chassis=0,slot=1,port=1 "
        "-object memory-backend-ram,id=plain,size=256M,reserve=off ";
    pool.host[1] = cxl_dcd_machine_start(&options);
    pool_start(&pool, 2, REGIONS(""));
    before = cxl_dcd_snapshot(head(&pool, 1));
    bad_objects(&pool);
    bad_heads(&pool);
    refused(pool.host[1], "cxl-dc-pool-reclaim",
            "\"pool\":\"plain\",\"host-id\":3", "no object 'cxl-dc-pool'");
    refused(pool.host[1], "cxl-dc-pool-reclaim",
            "\"pool\":\"more\",\"host-id\":64", "0 to 63");
    refused(pool.host[1], "migrate", "\"uri\":\"exec:cat >/dev/null\"",
            "is a head of a pool");
    refused(pool.host[1], "cxl-set-dynamic-capacity-region",
            "\"path\":\"/machine/peripheral/cxl-mem0\",\"region\":0,"
            "\"block-size\":4096", "not supported");
    cxl_dcd_assert_unchanged(head(&pool, 1), before);
    g_assert_cmpuint(pool_free(&pool, 2), ==, 2 * REGION);
    pool_end(&pool);
}

/* Which device is the head of host @about, as the process of host 1 says it */
static void assert_path(const Pool *pool, unsigned about, const char *want)
{
    QDict *info = qtest_qmp(pool->host[1]->qts,
                            "{'execute':'query-cxl-dc-pool'}");
    const QListEntry *object, *host;
    unsigned found = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(info, "return"), object) {
        QDict *one = qobject_to(QDict, qlist_entry_obj(object));

        QLIST_FOREACH_ENTRY(qdict_get_qlist(one, "hosts"), host) {
            QDict *h = qobject_to(QDict, qlist_entry_obj(host));
            const char *path = qdict_get_try_str(h, "path");

            if (qdict_get_int(h, "host-id") == about && path) {
                g_assert_cmpstr(path, ==, want);
                found++;
            }
        }
    }
    g_assert_cmpuint(found, ==, 1);
    qobject_unref(info);
}

/* All of a pool as one region, and two heads of one process */
static void by_default(void)
{
    Pool pool = pool_begin();
    CXLDcdOptions options = pool_options(&pool, 1, NULL);
    g_autofree char *arguments = g_strdup_printf(
        "-device cxl-rp,id=rp1,bus=cxl.0,chassis=0,slot=1,port=1 "
        "-object cxl-dc-pool,id=two,size=512M,path=%s "
        "-device cxl-type3,bus=rp1,id=two,dc-pool=two,host-id=2 ", pool.file);
    CXLDcdHostConfig config;

    options.arguments = arguments;
    pool.host[1] = cxl_dcd_machine_start(&options);
    g_assert_cmphex(cxl_dcd_get_config(head(&pool, 1), 8, 0, &config), ==,
                    SUCCESS);
    g_assert_cmpuint(config.returned, ==, 1);
    g_assert_cmphex(cxl_dcd_get64(config.region[0].length), ==, 2 * REGION);
    g_assert_cmphex(cxl_dcd_get64(config.region[0].block_size), ==, BLOCK);
    accepted(head(&pool, 1), 0, 0, BLOCK, NULL);
    assert_path(&pool, 1, "/machine/peripheral/cxl-mem0");
    assert_path(&pool, 2, "/machine/peripheral/two");
    cxl_dcd_qmp_fails(pool.host[1],
        "{\"execute\":\"cxl-add-dynamic-capacity\",\"arguments\":{"
        "\"path\":\"/machine/peripheral/two\",\"region\":0,"
        "\"extents\":[{\"offset\":0,\"len\":2097152}]}}", "is host 1's");
    pool_end(&pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/pool/owned-once", owned_once);
    qtest_add_func("/cxl-dcd/pool/shared", shared);
    qtest_add_func("/cxl-dcd/pool/read-only", read_only);
    qtest_add_func("/cxl-dcd/pool/killed", killed);
    qtest_add_func("/cxl-dcd/pool/unplugged", unplugged);
    qtest_add_func("/cxl-dcd/pool/sanitized", sanitized);
    qtest_add_func("/cxl-dcd/pool/bad-input", bad_input);
    qtest_add_func("/cxl-dcd/pool/by-default", by_default);
    return g_test_run();
}
