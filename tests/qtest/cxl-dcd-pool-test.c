/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what hosts of one pool have, share, give back
 * and leave behind
 */
#include "qemu/osdep.h"
#include "cxl-dcd-pool-test.h"

#define OP_SANITIZE      0x4400
#define SANITIZE_SECONDS 5
#define SECOND           G_GINT64_CONSTANT(1000000000)

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
        "{'execute':'cxl-add-dynamic-capacity-reference','arguments':"
        "{'path':%s,'tag':%s}}", a->path, TAG);
    cxl_dcd_qmp_release(b, .tag = TAG, .policy = "tag-based", .forced = true);
    assert_extents(&pool, 2, "");
    g_assert_cmpuint(pool_free(&pool, 1), ==, 2 * REGION - 2 * BLOCK);
    cxl_dcd_qmp_add(a, .region = 1, .tag = TAG,
                    .policy = "enable-shared-access");
    g_assert_cmphex(cxl_dcd_reject(a), ==, SUCCESS);
    qtest_qmp_assert_success(pool.host[2]->qts,
        "{'execute':'cxl-remove-dynamic-capacity-reference','arguments':"
        "{'path':%s,'tag':%s}}", b->path, TAG);
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

/* A process that got the pool's memory outlives QEMU, which is dead then */
static void killed_and_mapped(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS(""));
    int fd = cxl_dcd_machine_mapped(pool.host[1], pool.file);

    if (fd < 0) {
        g_test_skip("this process may not have another's files");
        pool_end(&pool);
        return;
    }
    pool_start(&pool, 2, REGIONS(""));
    accepted(a, 0, 0, BLOCK, NULL);
    pool_kill(&pool, 1);
    reclaim(&pool, 2, 1, BLOCK);
    a = pool_start(&pool, 1, REGIONS(""));
    accepted(a, 0, 0, BLOCK, NULL);
    close(fd);
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

/*
 * Somebody has the pool's lock and is stopped. The machine goes on, nothing is
 * said that the pool does not know, and later the same is done.
 */
static void locked(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;
    int fd;

    b = pool_start(&pool, 2, REGIONS(""));
    accepted(a, 0, 0, 2 * BLOCK, NULL);
    cxl_dcd_qmp_add(a, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    cxl_dcd_drop_events(a);
    fd = pool_lock(&pool);
    g_assert_cmphex(cxl_dcd_accept(a, { dpa(a, 0, 8 * BLOCK), BLOCK }), ==,
                    CXL_DCD_RC_RETRY_REQUIRED);
    g_assert_cmphex(cxl_dcd_give_back(a, { dpa(a, 0, 0), BLOCK }), ==,
                    CXL_DCD_RC_RETRY_REQUIRED);
    cxl_dcd_qmp_release(a, .forced = true, CXL_DCD_EXTENTS({ 0, BLOCK }),
                        .error = "cannot be changed now");
    cxl_dcd_qmp_add(b, CXL_DCD_EXTENTS({ 16 * BLOCK, BLOCK }),
                    .error = "was locked by another process");
    cxl_dcd_qmp_add(b, .policy = "free", .length = BLOCK,
                    .error = "was locked by another process");
    cxl_dcd_qmp_add(b, .policy = "contiguous", .length = BLOCK,
                    .error = "was locked by another process");
    cxl_dcd_qmp_fails(pool.host[2], "{'execute':'query-cxl-dc-pool'}",
                      "was locked by another process");
    cxl_dcd_assert_extents(a, { dpa(a, 0, 0), 2 * BLOCK });
    g_assert_cmphex(load(&pool, 1, 0), ==, 0);
    /* A reset cannot be refused: what it takes is owed to the pool */
    qtest_system_reset(pool.host[1]->qts);
    close(fd);
    assert_extents(&pool, 1, "0:0+4 accepted");
    g_assert_cmpuint(pool_free(&pool, 2), ==, 2 * REGION - 2 * BLOCK);
    pool_end(&pool);
}

/* Sanitize of one head's media: other hosts' data is not its own */
static void sanitized(void)
{
    Pool pool = pool_begin();
    CXLDcdDevice *a = pool_start(&pool, 1, REGIONS("")), *b;
    int fd;

    b = pool_start(&pool, 2, REGIONS(""));
    accepted(a, 0, 0, 2 * BLOCK, NULL);
    accepted(b, 0, 2 * BLOCK, BLOCK, NULL);
    accepted(a, 1, 0, BLOCK, TAG);
    store(&pool, 1, 2 * BLOCK - 8, 1);
    store(&pool, 2, 2 * BLOCK, 2);
    store(&pool, 1, REGION, 3);
    g_assert_cmphex(cxl_dcd_command(a, OP_SANITIZE, NULL, 0, NULL, 0, NULL),
                    ==, CXL_DCD_RC_BACKGROUND_STARTED);
    /* It takes until the pool can be asked what is whose */
    fd = pool_lock(&pool);
    qtest_clock_step(pool.host[1]->qts, SANITIZE_SECONDS * SECOND);
    g_assert_cmphex(load(&pool, 1, 2 * BLOCK - 8), ==, UINT64_MAX);
    close(fd);
    qtest_clock_step(pool.host[1]->qts, SECOND);
    g_assert_cmphex(load(&pool, 1, 2 * BLOCK - 8), ==, 0);
    g_assert_cmphex(load(&pool, 2, 2 * BLOCK), ==, 2);
    g_assert_cmphex(load(&pool, 1, REGION), ==, 3);
    assert_extents(&pool, 1, "0:0+4 accepted, 1:0+2 accepted");
    pool_end(&pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/pool/owned-once", owned_once);
    qtest_add_func("/cxl-dcd/pool/shared", shared);
    qtest_add_func("/cxl-dcd/pool/read-only", read_only);
    qtest_add_func("/cxl-dcd/pool/killed", killed);
    qtest_add_func("/cxl-dcd/pool/killed-and-mapped", killed_and_mapped);
    qtest_add_func("/cxl-dcd/pool/unplugged", unplugged);
    qtest_add_func("/cxl-dcd/pool/locked", locked);
    qtest_add_func("/cxl-dcd/pool/sanitized", sanitized);
    return g_test_run();
}
