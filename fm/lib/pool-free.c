/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of what was told of a pool; doors need it too
 */
#include <glib.h>
#include "cxlfm.h"
#include "export.h"

CXLFM_EXPORT void cxlfm_pool_free(struct cxlfm_pool *pool)
{
    size_t i;

    if (pool) {
        for (i = 0; i < pool->host_count; i++) {
            g_free(pool->hosts[i].path);
        }
        g_free(pool->identity);
        g_free(pool->name);
        g_free(pool->file);
        g_free(pool->hosts);
        g_free(pool->extents);
        g_free(pool->extent_tags);
        g_free(pool);
    }
}
