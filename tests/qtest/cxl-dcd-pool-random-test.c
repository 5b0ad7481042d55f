/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: QEMU processes on one pool that are killed at
 * random, while others go on
 *
 * Each round does random work on all hosts, kills one by SIGKILL, audits the
 * pool by what each of the others sees, and has the dead host come back or
 * reclaimed. Contents tell whose they are. CXL_DCD_POOL_ROUNDS sets how many
 * rounds (60); --seed repeats a run.
 */
#include "qemu/osdep.h"
#include <sys/resource.h>
#include "qobject/qlist.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define REGION  (256 * MIB)
#define BLOCKS  (REGION / BLOCK)
#define REGIONS "[{\"size\":268435456},{\"size\":268435456," \
                "\"flags\":[\"sharable\"]}]"
#define HOSTS   3
#define ACTIONS 12
#define PATTERN(host) (0x1111111111111111ULL * (host))
#define TAG     "20212223-2425-2627-2829-2a2b2c2d2e2f"
#define SHARED  0xabababababababULL

typedef struct World {
    char *directory;
    char *file;
    CXLDcdMachine *host[HOSTS + 1];       /* by id, 0 is not used */
    uint64_t hpa[HOSTS + 1];
    unsigned owner[BLOCKS];               /* of region 0; 0: nobody */
    bool shares[HOSTS + 1];
} World;

static CXLDcdDevice *head(World *w, unsigned id)
{
    return &w->host[id]->device[0];
}

static void start(World *w, unsigned id)
{
    const CXLDcdOptions options = {
        .size = 2 * REGION, .pool = w->file, .host = id, .regions = REGIONS,
    };

    w->host[id] = cxl_dcd_machine_start(&options);
    w->hpa[id] = cxl_dcd_map(head(w, id));
}

/* A run of blocks of which @id has all, or nobody any; 0: none there */
static unsigned run_of(const World *w, unsigned id, unsigned *ret_first)
{
    unsigned first = g_test_rand_int_range(0, BLOCKS), count = 0;
    unsigned want = g_test_rand_int_range(1, 9);

    while (first + count < BLOCKS && count < want &&
           w->owner[first + count] == id) {
        count++;
    }
    *ret_first = first;
    return count;
}

static void store_run(World *w, unsigned id, unsigned first, unsigned count)
{
    unsigned i;

    for (i = first; i < first + count; i++) {
        uint64_t at = w->hpa[id] + i * BLOCK;

        /* Nothing stale, then ours */
        g_assert_cmphex(qtest_readq(w->host[id]->qts, at), ==, 0);
        qtest_writeq(w->host[id]->qts, at, PATTERN(id));
        w->owner[i] = id;
    }
}

static void add(World *w, unsigned id)
{
    CXLDcdDevice *d = head(w, id);
    unsigned first, count = run_of(w, 0, &first);
    uint64_t dpa = d->dc_base + first * BLOCK;

    if (!count) {
        /* Somebody's: refused, whoever asks */
        if (w->owner[first] != id) {
            cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ first * BLOCK, BLOCK }),
                            .error = "of the pool is host");
        }
        return;
    }
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ first * BLOCK, count * BLOCK }));
    cxl_dcd_drop_events(d);
    if (g_test_rand_int_range(0, 4) == 0) {
        g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
        return;
    }
    g_assert_cmphex(cxl_dcd_accept(d, { dpa, count * BLOCK }), ==, SUCCESS);
    store_run(w, id, first, count);
}

static void release(World *w, unsigned id)
{
    CXLDcdDevice *d = head(w, id);
    unsigned first, count = run_of(w, id, &first), i;
    uint64_t dpa = d->dc_base + first * BLOCK;

    if (!count) {
        return;
    }
    if (g_test_rand_bit()) {
        cxl_dcd_qmp_release(d, .forced = true,
                            CXL_DCD_EXTENTS({ first * BLOCK, count * BLOCK }));
        cxl_dcd_drop_events(d);
    } else {
        g_assert_cmphex(cxl_dcd_give_back(d, { dpa, count * BLOCK }), ==,
                        SUCCESS);
    }
    for (i = first; i < first + count; i++) {
        w->owner[i] = 0;
    }
}

static bool anybody_shares(const World *w)
{
    unsigned i;

    for (i = 1; i <= HOSTS; i++) {
        if (w->shares[i]) {
            return true;
        }
    }
    return false;
}

static void share(World *w, unsigned id)
{
    CXLDcdDevice *d = head(w, id);
    uint64_t at = w->hpa[id] + REGION, dpa = d->dc_base + REGION;
    bool first = !anybody_shares(w);

    if (w->shares[id]) {
        g_assert_cmphex(qtest_readq(w->host[id]->qts, at), ==, SHARED);
        g_assert_cmphex(cxl_dcd_give_back(d, { dpa, 4 * BLOCK }), ==, SUCCESS);
        w->shares[id] = false;
        return;
    }
    if (first) {
        cxl_dcd_qmp_add(d, .region = 1, .tag = TAG,
                        CXL_DCD_EXTENTS({ 0, 4 * BLOCK }));
    } else {
        cxl_dcd_qmp_add(d, .region = 1, .tag = TAG,
                        .policy = "enable-shared-access");
    }
    cxl_dcd_drop_events(d);
    g_assert_cmphex(cxl_dcd_accept(d, { dpa, 4 * BLOCK }), ==, SUCCESS);
    g_assert_cmphex(qtest_readq(w->host[id]->qts, at), ==, first ? 0 : SHARED);
    qtest_writeq(w->host[id]->qts, at, SHARED);
    w->shares[id] = true;
}

static void act(World *w)
{
    unsigned id = g_test_rand_int_range(1, HOSTS + 1);

    switch (g_test_rand_int_range(0, 6)) {
    case 0:
    case 1:
    case 2:
        add(w, id);
        break;
    case 3:
    case 4:
        release(w, id);
        break;
    default:
        share(w, id);
        break;
    }
}

/* Host @id has what we think it has, in the eyes of host @viewer */
static void audit_host(World *w, const QDict *host, unsigned id)
{
    g_autofree bool *seen = g_new0(bool, BLOCKS);
    const QListEntry *entry;
    bool shares = false;
    unsigned i;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(host, "extents"), entry) {
        QDict *e = qobject_to(QDict, qlist_entry_obj(entry));
        uint64_t first = qdict_get_int(e, "region-offset") / BLOCK;

        if (!g_str_equal(qdict_get_str(e, "state"), "accepted")) {
            continue;
        }
        if (qdict_get_int(e, "region") == 1) {
            shares = true;
            continue;
        }
        for (i = 0; i < qdict_get_int(e, "len") / BLOCK; i++) {
            g_assert_false(seen[first + i]);
            seen[first + i] = true;
        }
    }
    for (i = 0; i < BLOCKS; i++) {
        g_assert_cmpint(seen[i], ==, w->owner[i] == id);
    }
    g_assert_cmpint(shares, ==, w->shares[id]);
}

static void wait_clean(World *w)
{
    unsigned id;

    for (id = 1; id <= HOSTS; id++) {
        if (w->host[id]) {
            cxl_dcd_wait_clean(head(w, id));
        }
    }
}

static void audit(World *w, unsigned viewer)
{
    QDict *response = qtest_qmp(w->host[viewer]->qts,
                                "{'execute':'query-cxl-dc-pool'}");
    QDict *pool = qobject_to(QDict, qlist_peek(
                                 qdict_get_qlist(response, "return")));
    uint64_t used = anybody_shares(w) ? 4 : 0;
    const QListEntry *entry;
    unsigned i;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(pool, "hosts"), entry) {
        QDict *host = qobject_to(QDict, qlist_entry_obj(entry));

        audit_host(w, host, qdict_get_int(host, "host-id"));
    }
    for (i = 0; i < BLOCKS; i++) {
        unsigned id = w->owner[i];

        used += !!id;
        if (id && w->host[id]) {
            g_assert_cmphex(qtest_readq(w->host[id]->qts,
                                        w->hpa[id] + i * BLOCK), ==,
                            PATTERN(id));
        }
    }
    g_assert_cmpuint(qdict_get_int(pool, "available"), ==,
                     2 * REGION - used * BLOCK);
    qobject_unref(response);
}

static void lose(World *w, unsigned id, unsigned other)
{
    unsigned i;

    /* In the middle of something, now and then */
    if (g_test_rand_bit()) {
        qtest_qmp_send(w->host[id]->qts,
            "{'execute':'cxl-add-dynamic-capacity','arguments':{'path':%s,"
            "'region':0,'selection-policy':'free','length':%lld}}",
            head(w, id)->path, (long long)BLOCK);
    }
    cxl_dcd_machine_kill(g_steal_pointer(&w->host[id]));
    if (g_test_rand_bit()) {
        qtest_qmp_assert_success(w->host[other]->qts,
            "{'execute':'cxl-dc-pool-reclaim','arguments':"
            "{'pool':'dcmem0','host-id':%u}}", id);
        for (i = 0; i < BLOCKS; i++) {
            w->owner[i] = w->owner[i] == id ? 0 : w->owner[i];
        }
        w->shares[id] = false;
        audit(w, other);
    }
    start(w, id);
    w->shares[id] = false;
}

static void random_kills(void)
{
    const char *text = g_getenv("CXL_DCD_POOL_ROUNDS");
    unsigned rounds = text ? g_ascii_strtoull(text, NULL, 10) : 60, i, j;
    struct rlimit files;
    World w = { .directory = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL) };

    /* What libqtest has of a machine that was killed stays open */
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &files), ==, 0);
    files.rlim_cur = files.rlim_max;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &files), ==, 0);
    w.file = g_build_filename(w.directory, "pool", NULL);
    for (i = 1; i <= HOSTS; i++) {
        start(&w, i);
    }
    for (i = 0; i < rounds; i++) {
        unsigned id = g_test_rand_int_range(1, HOSTS + 1);

        for (j = 0; j < ACTIONS; j++) {
            act(&w);
            wait_clean(&w);
        }
        audit(&w, id);
        lose(&w, id, id % HOSTS + 1);
        for (j = 1; j <= HOSTS; j++) {
            audit(&w, j);
        }
    }
    for (i = 1; i <= HOSTS; i++) {
        cxl_dcd_machine_stop(w.host[i]);
    }
    unlink(w.file);
    g_assert_cmpint(rmdir(w.directory), ==, 0);
    g_free(w.file);
    g_free(w.directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/pool/random", random_kills);
    return g_test_run();
}
