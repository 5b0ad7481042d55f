/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of the pool share: a file in a folder of its own, whose @config
 * the test defines, and what hosts do with it
 */
#ifndef POOL_FIXTURE_H
#define POOL_FIXTURE_H

#include <glib/gstdio.h>
#include <string.h>
#include "hw/cxl/dcd/pool.h"

#define BLOCK 4096ULL

static char *dir, *path;

static const CXLDcdPoolConfig config;

static inline CXLDcdPool *open_pool(void)
{
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool = cxl_dcd_pool_open(path, &config, &error);

    g_assert_no_error(error);
    return pool;
}

static inline CXLDcdPool *open_host(uint32_t host)
{
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool = open_pool();

    cxl_dcd_pool_attach(pool, host, &error);
    g_assert_no_error(error);
    return pool;
}

static inline void sound(CXLDcdPool *pool)
{
    g_autoptr(GError) error = NULL;

    cxl_dcd_pool_check(pool, &error);
    g_assert_no_error(error);
}

static inline void end(CXLDcdPool *pool)
{
    sound(pool);
    cxl_dcd_pool_close(pool);
    g_unlink(path);
}

static inline void failed(bool ok, GError **error, int code, const char *words)
{
    g_assert_false(ok);
    g_assert_error(*error, CXL_DCD_POOL_ERROR, code);
    g_assert_nonnull(strstr((*error)->message, words));
    g_clear_error(error);
}

static inline CXLDcdPoolExtent extent(uint64_t first, uint64_t count, char tag,
                                      uint16_t sequence)
{
    CXLDcdPoolExtent e = { .range = { first, count }, .sequence = sequence };

    memset(e.tag, tag, sizeof(e.tag));
    return e;
}

static inline bool claim(CXLDcdPool *pool, uint32_t host, uint64_t first,
                         uint64_t count, GError **error)
{
    CXLDcdPoolExtent e = extent(first, count, 0, 0);

    return cxl_dcd_pool_claim(pool, host, &e, 1, false, error);
}

static inline void give_back(CXLDcdPool *pool, uint32_t host, uint64_t first,
                             uint64_t count)
{
    CXLDcdPoolRange range = { first, count };
    g_autoptr(GError) error = NULL;

    cxl_dcd_pool_leave(pool, host, &range, &error);
    g_assert_no_error(error);
    cxl_dcd_pool_finish(pool, host, &range, true, &error);
    g_assert_no_error(error);
}

static inline uint64_t free_blocks(CXLDcdPool *pool)
{
    return cxl_dcd_pool_free_blocks(pool, 0, config.size / BLOCK);
}

/* g_test_run(), in a folder that is there only for that */
static inline int run_in_folder(void)
{
    int status;

    dir = g_dir_make_tmp("dcd-pool-XXXXXX", NULL);
    path = g_build_filename(dir, "pool", NULL);
    status = g_test_run();
    g_rmdir(dir);
    g_free(path);
    g_free(dir);
    return status;
}

#endif /* POOL_FIXTURE_H */
