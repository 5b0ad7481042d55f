/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: references on shared tags of the pool
 */
#include <errno.h>
#include <string.h>
#include "error.h"
#include "journal.h"
#include "leave.h"
#include "lock.h"
#include "record.h"
#include "tag.h"

static uint32_t cxl_dcd_pool_share_find_tag(CXLDcdPool *pool,
                                            const uint8_t *tag, GError **error)
{
    uint32_t number = cxl_dcd_pool_lookup(pool, tag, POOL_NONE);

    if (!number) {
        cxl_dcd_pool_fail(error, ENOENT, "the tag names no shared capacity of "
                          "pool '%s'", pool->path);
    }
    return number;
}

GArray *cxl_dcd_pool_tag_extents(CXLDcdPool *pool, const uint8_t *tag,
                                 GError **error)
{
    GArray *extents = NULL;
    uint32_t number, at, i;

    if (!cxl_dcd_pool_begin(pool, error)) {
        return NULL;
    }
    number = cxl_dcd_pool_share_find_tag(pool, tag, error);
    if (number) {
        extents = g_array_new(FALSE, FALSE, sizeof(CXLDcdPoolExtent));
        at = pool->records[number].extents;
        for (i = 0; i < pool->records[number].extent_count; i++) {
            PoolRecord *record = cxl_dcd_pool_record(pool, at, POOL_EXTENT);
            CXLDcdPoolExtent extent = { 0 };

            if (!record) {
                break;
            }
            extent.range = (CXLDcdPoolRange) { record->first, record->count };
            extent.sequence = record->sequence;
            memcpy(extent.tag, tag, sizeof(extent.tag));
            g_array_append_val(extents, extent);
            at = record->next;
        }
    }
    if (!cxl_dcd_pool_end(pool, number, error)) {
        g_clear_pointer(&extents, g_array_unref);
    }
    return extents;
}

bool cxl_dcd_pool_share(CXLDcdPool *pool, uint32_t host, const uint8_t *tag,
                        GError **error)
{
    uint32_t number;
    bool ok;

    if (!cxl_dcd_pool_check_host(pool, host, error) ||
        !cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    number = cxl_dcd_pool_share_find_tag(pool, tag, error);
    ok = number && (!cxl_dcd_pool_lookup(pool, tag, host) ||
                    cxl_dcd_pool_fail(error, EEXIST, "host %u has this tag "
                                      "already", host)) &&
        cxl_dcd_pool_new_reference(pool, number, host, error);
    if (ok) {
        cxl_dcd_pool_tags_changed(pool, pool->root->tags, 0);
    }
    return cxl_dcd_pool_end(pool, ok, error);
}

bool cxl_dcd_pool_hold_left(CXLDcdPool *pool, uint32_t host, const uint8_t *tag,
                            bool held, GArray *left, GError **error)
{
    uint32_t number;

    if (!cxl_dcd_pool_check_host(pool, host, error) ||
        !cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    number = cxl_dcd_pool_share_find_tag(pool, tag, error);
    if (number && pool->records[number].use != held) {
        cxl_dcd_pool_set_use(pool, number, held);
        cxl_dcd_pool_tags_changed(pool, pool->root->tags, 0);
        cxl_dcd_pool_end_tag_if_unused(pool, number, host, left);
    }
    return cxl_dcd_pool_end(pool, number, error);
}

bool cxl_dcd_pool_hold(CXLDcdPool *pool, uint32_t host, const uint8_t *tag,
                       bool held, GError **error)
{
    g_autoptr(GArray) left = g_array_new(FALSE, FALSE, sizeof(CXLDcdPoolRange));

    return cxl_dcd_pool_hold_left(pool, host, tag, held, left, error) &&
           cxl_dcd_pool_clean_left(pool, host, left, true, error);
}
