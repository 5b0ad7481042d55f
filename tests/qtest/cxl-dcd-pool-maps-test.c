/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: of a pool's file, a process maps what its host
 * has, and nothing else: /proc/PID/maps says so
 */
#include "qemu/osdep.h"
#include "cxl-dcd-pool-test.h"

#define BLOCKS (2 * REGION / BLOCK)

/* Blocks of the pool that host @id's process maps: "first+count first+count" */
static char *mapped(const Pool *pool, unsigned id)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/maps",
                                            qtest_pid(pool->host[id]->qts));
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    GString *result = g_string_new(NULL);
    bool block[BLOCKS] = { 0 };
    unsigned i, first;

    g_assert_true(g_file_get_contents(name, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        uint64_t start, end, offset;

        if (!g_str_has_suffix(lines[i], pool->file)) {
            continue;
        }
        g_assert_cmpint(sscanf(lines[i], "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64,
                               &start, &end, &offset), ==, 3);
        /* What follows the memory is the pool's own record */
        for (; start < end && offset < 2 * REGION; start += BLOCK) {
            block[offset / BLOCK] = true;
            offset += BLOCK;
        }
    }
    for (i = 0; i < BLOCKS; i++) {
        for (first = i; i < BLOCKS && block[i]; i++) {
            /* to the end of the run */
        }
        if (i > first) {
            g_string_append_printf(result, "%s%u+%u", result->len ? " " : "",
                                   first, i - first);
        }
    }
    return g_string_free(result, false);
}

static void assert_mapped_now(const Pool *pool, unsigned id, const char *want)
{
    g_autofree char *have = mapped(pool, id);

    g_assert_cmpstr(have, ==, want);
}

static void assert_mapped(const Pool *pool, unsigned id, const char *want)
{
    cxl_dcd_wait_clean(head(pool, id));
    assert_mapped_now(pool, id, want);
}

static void accepted_only(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;

    b = pool_start(&pool, 2, REGIONS(""));
    assert_mapped(&pool, 1, "");
    /* An offer is not the host's yet */
    cxl_dcd_qmp_add(a, CXL_DCD_EXTENTS({ 4 * BLOCK, 4 * BLOCK }));
    assert_mapped(&pool, 1, "");
    g_assert_cmphex(cxl_dcd_accept(a, { dpa(a, 0, 4 * BLOCK), 3 * BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_drop_events(a);
    assert_mapped(&pool, 1, "4+3");
    store(&pool, 1, 5 * BLOCK, 0x1111);
    accepted(b, 0, 7 * BLOCK, BLOCK, NULL);
    accepted(b, 0, 0, BLOCK, NULL);
    assert_mapped(&pool, 1, "4+3");
    assert_mapped(&pool, 2, "0+1 7+1");
    /* Given back, taken, by a reset of the machine: the middle, the rest */
    g_assert_cmphex(cxl_dcd_give_back(a, { dpa(a, 0, 5 * BLOCK), BLOCK }), ==,
                    SUCCESS);
    assert_mapped(&pool, 1, "4+1 6+1");
    cxl_dcd_qmp_release(a, .forced = true,
                        CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    assert_mapped(&pool, 1, "6+1");
    accepted(b, 0, 5 * BLOCK, BLOCK, NULL);
    assert_mapped(&pool, 2, "0+1 5+1 7+1");
    g_assert_cmphex(load(&pool, 2, 5 * BLOCK), ==, 0);
    cxl_dcd_machine_reset(pool.host[1]);
    assert_mapped(&pool, 1, "6+1");
    pool_end(&pool);
}

static void shared(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;

    b = pool_start(&pool, 2, REGIONS(""));
    accepted(a, 1, 0, BLOCK, TAG);
    store(&pool, 1, REGION, 0x77);
    cxl_dcd_qmp_add(b, .region = 1, .tag = TAG,
                    .policy = "enable-shared-access");
    assert_mapped(&pool, 2, "");
    g_assert_cmphex(cxl_dcd_accept(b, { dpa(b, 1, 0), BLOCK }), ==, SUCCESS);
    assert_mapped(&pool, 2, "128+1");
    g_assert_cmphex(load(&pool, 2, REGION), ==, 0x77);
    /* The fabric manager's reference keeps it; no host maps it then */
    qtest_qmp_assert_success(pool.host[1]->qts,
        "{'execute':'cxl-dynamic-capacity-reference','arguments':"
        "{'path':%s,'tag':%s,'held':true}}", a->path, TAG);
    cxl_dcd_machine_reset(pool.host[1]);
    assert_mapped(&pool, 1, "");
    assert_mapped(&pool, 2, "128+1");
    cxl_dcd_qmp_release(b, .tag = TAG, .policy = "tag-based", .forced = true);
    assert_mapped(&pool, 2, "");
    cxl_dcd_qmp_add(a, .region = 1, .tag = TAG,
                    .policy = "enable-shared-access");
    g_assert_cmphex(cxl_dcd_accept(a, { dpa(a, 1, 0), BLOCK }), ==, SUCCESS);
    assert_mapped(&pool, 1, "128+1");
    pool.hpa[1] = cxl_dcd_map(a);
    g_assert_cmphex(load(&pool, 1, REGION), ==, 0x77);
    pool_end(&pool);
}

/* What is not the host's in the end was not mapped either */
static void refused(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS(""));
    int fd;

    accepted(a, 0, 0, BLOCK, NULL);
    cxl_dcd_qmp_add(a, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    fd = pool_lock(&pool);
    g_assert_cmphex(cxl_dcd_accept(a, { dpa(a, 0, 8 * BLOCK), BLOCK }), ==,
                    CXL_DCD_RC_RETRY_REQUIRED);
    g_assert_cmphex(cxl_dcd_give_back(a, { dpa(a, 0, 0), BLOCK }), ==,
                    CXL_DCD_RC_RETRY_REQUIRED);
    assert_mapped_now(&pool, 1, "0+1");
    close(fd);
    g_assert_cmphex(cxl_dcd_reject(a), ==, SUCCESS);
    assert_mapped(&pool, 1, "0+1");
    pool_end(&pool);
}

static void another_life(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS(""));

    accepted(a, 0, BLOCK, 2 * BLOCK, OTHER);
    accepted(a, 0, 8 * BLOCK, BLOCK, NULL);
    store(&pool, 1, BLOCK, 0x4242);
    pool_kill(&pool, 1);
    a = pool_start(&pool, 1, REGIONS(""));
    assert_mapped(&pool, 1, "1+2 8+1");
    g_assert_cmphex(load(&pool, 1, BLOCK), ==, 0x4242);
    cxl_dcd_device_unplug(a);
    assert_mapped(&pool, 1, "");
    cxl_dcd_device_plug(a);
    assert_mapped(&pool, 1, "1+2 8+1");
    pool.hpa[1] = cxl_dcd_map(a);
    g_assert_cmphex(load(&pool, 1, BLOCK), ==, 0x4242);
    pool_end(&pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/pool-maps/accepted-only", accepted_only);
    qtest_add_func("/cxl-dcd/pool-maps/shared", shared);
    qtest_add_func("/cxl-dcd/pool-maps/refused", refused);
    qtest_add_func("/cxl-dcd/pool-maps/another-life", another_life);
    return g_test_run();
}
