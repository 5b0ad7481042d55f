/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pool of a multi-headed device: who has what, and reclaiming
 */
#include <stdlib.h>
#include <string.h>
#include "done.h"
#include "door.h"
#include "error.h"
#include "export.h"
#include "handle.h"

static int cxlfm_pool_check(cxlfm *fm)
{
    if (!fm->door || fm->fd < 0) {
        return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE, "not connected");
    }
    if (!fm->door->pool_query) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "%s: a whole pool is seen and reclaimed through a "
                          "monitor; give an address that begins with qmp:",
                          fm->address);
    }
    return 0;
}

/* At least one, in an array that frees them. */
static int cxlfm_pool_list(cxlfm *fm, GPtrArray *pools)
{
    int ret = cxlfm_pool_check(fm);

    g_ptr_array_set_free_func(pools, (GDestroyNotify)cxlfm_pool_free);
    if (ret >= 0) {
        ret = cxlfm_done(fm, fm->door->pool_query(fm, pools));
    }
    if (ret >= 0 && !pools->len) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "%s has no pool (object cxl-dc-pool)", fm->address);
    }
    return ret;
}

CXLFM_EXPORT int cxlfm_pool_query(cxlfm *fm, struct cxlfm_pool **ret_pool)
{
    g_autoptr(GPtrArray) pools = g_ptr_array_new();
    int ret = cxlfm_pool_list(fm, pools);

    if (ret >= 0) {
        *ret_pool = pools->pdata[0];
        pools->pdata[0] = NULL;
    }
    return ret;
}

CXLFM_EXPORT int cxlfm_pools(cxlfm *fm, struct cxlfm_pool ***ret_pools,
                             size_t *ret_count)
{
    g_autoptr(GPtrArray) pools = g_ptr_array_new();
    int ret = cxlfm_pool_list(fm, pools);

    if (ret >= 0) {
        *ret_count = pools->len;
        *ret_pools = malloc(pools->len * sizeof(**ret_pools));
        g_assert(*ret_pools);
        memcpy(*ret_pools, pools->pdata, pools->len * sizeof(**ret_pools));
        g_ptr_array_set_free_func(pools, NULL);
    }
    return ret;
}

CXLFM_EXPORT int cxlfm_pool_reclaim(cxlfm *fm, const char *pool, uint16_t host,
                                    uint64_t *ret_freed)
{
    int ret = cxlfm_pool_check(fm);

    return ret < 0 ? ret :
           cxlfm_done(fm, fm->door->pool_reclaim(fm, pool, host, ret_freed));
}
