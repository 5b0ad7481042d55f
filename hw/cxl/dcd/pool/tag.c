/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: shared capacity of the pool
 *
 * A tag of a sharable region is one allocation (CXL r3.2 9.13.3): its extents
 * are the tag's and not a host's, every host gets them in the same order.
 * Hosts have references on the tag, and the fabric manager may have one
 * (5606h). The last reference that goes takes the extents along: they are
 * leaving, in the name of the host whose reference it was.
 */
#include <errno.h>
#include <string.h>
#include "blocks.h"
#include "error.h"
#include "record.h"
#include "tag.h"

void cxl_dcd_pool_tags_changed(CXLDcdPool *pool, uint32_t first, int count)
{
    PoolRoot root = *pool->root;

    root.tags = first;
    root.tag_count += count;
    root.tag_generation++;
    cxl_dcd_pool_set_root(pool, &root);
}

static void cxl_dcd_pool_tag_add_reference(CXLDcdPool *pool, uint32_t tag,
                                           uint32_t reference)
{
    PoolRecord parent = pool->records[tag];
    PoolRecord record = pool->records[reference];

    record.peer_next = parent.references;
    record.peer_prev = 0;
    cxl_dcd_pool_set_record(pool, reference, &record);
    if (parent.references &&
        !cxl_dcd_pool_set_link(pool, parent.references, POOL_REFERENCE,
                               POOL_PEER_PREV, reference)) {
        return;
    }
    parent.references = reference;
    parent.reference_count++;
    cxl_dcd_pool_set_record(pool, tag, &parent);
    cxl_dcd_pool_link_host(pool, reference);
    cxl_dcd_pool_hash(pool, reference);
}

bool cxl_dcd_pool_new_reference(CXLDcdPool *pool, uint32_t tag, uint32_t host,
                          GError **error)
{
    PoolRecord record = {
        .kind = POOL_REFERENCE, .use = CXL_DCD_POOL_PENDING, .host = host,
        .parent = tag, .generation = pool->records[tag].generation,
    };
    uint32_t number;

    memcpy(record.tag, pool->records[tag].tag, sizeof(record.tag));
    number = cxl_dcd_pool_new_record(pool, &record, error);
    if (!number) {
        return false;
    }
    cxl_dcd_pool_tag_add_reference(pool, tag, number);
    return true;
}

static bool cxl_dcd_pool_tag_check_sequences(const CXLDcdPoolExtent *extents,
                                             size_t count, GError **error)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(extents[i].tag, extents[0].tag, sizeof(extents[0].tag))) {
            return cxl_dcd_pool_fail(error, EINVAL, "shared capacity is one "
                                     "tag's; two were given");
        }
        if (extents[i].sequence != i) {
            return cxl_dcd_pool_fail(error, EINVAL, "extent %zu of a shared "
                                     "tag has sequence %u", i,
                                     extents[i].sequence);
        }
    }
    return true;
}

bool cxl_dcd_pool_new_tag(CXLDcdPool *pool, uint32_t host,
                          const CXLDcdPoolExtent *extents, size_t count,
                          uint64_t generation, GError **error)
{
    PoolRecord tag = { .kind = POOL_TAG, .host = POOL_NONE,
                       .generation = generation,
                       .extent_count = count, .next = pool->root->tags };
    uint32_t number, last = 0;

    if (!cxl_dcd_pool_tag_check_sequences(extents, count, error)) {
        return false;
    }
    memcpy(tag.tag, extents[0].tag, sizeof(tag.tag));
    number = cxl_dcd_pool_new_record(pool, &tag, error);
    if (!number) {
        return false;
    }
    for (size_t i = count; i; i--) {
        const CXLDcdPoolExtent *e = &extents[i - 1];
        PoolRecord extent = {
            .kind = POOL_EXTENT, .use = CXL_DCD_POOL_ACCEPTED,
            .host = POOL_NONE, .sequence = e->sequence,
            .first = e->range.first, .count = e->range.count,
            .generation = generation, .parent = number, .next = last,
        };

        memcpy(extent.tag, e->tag, sizeof(extent.tag));
        last = cxl_dcd_pool_take(pool, &extent, CXL_DCD_POOL_SHARED, error);
        if (!last) {
            return false;
        }
        tag.count += extent.count;
    }
    tag.extents = last;
    cxl_dcd_pool_set_record(pool, number, &tag);
    if (tag.next &&
        !cxl_dcd_pool_set_link(pool, tag.next, POOL_TAG, POOL_PREV, number)) {
        return true;
    }
    cxl_dcd_pool_tags_changed(pool, number, 1);
    cxl_dcd_pool_hash(pool, number);
    return cxl_dcd_pool_new_reference(pool, number, host, error);
}

/* The tag ends; its extents are @host's to clean. */
static void cxl_dcd_pool_tag_end_tag(CXLDcdPool *pool, uint32_t number,
                                     uint32_t host, GArray *left)
{
    PoolRecord tag = pool->records[number], copy;
    uint32_t at = tag.extents, i;

    for (i = 0; i < tag.extent_count; i++) {
        PoolRecord *extent = cxl_dcd_pool_record(pool, at, POOL_EXTENT);
        uint32_t next;

        if (!extent || pool->failed) {
            return;
        }
        next = extent->next;
        cxl_dcd_pool_mark(pool, at, CXL_DCD_POOL_SHARED, CXL_DCD_POOL_DIRTY);
        copy = *extent;
        copy.host = host;
        copy.parent = 0;
        copy.use = POOL_LEFT;
        cxl_dcd_pool_set_record(pool, at, &copy);
        cxl_dcd_pool_link_host(pool, at);
        cxl_dcd_pool_count_host(pool, host, extent->count, false);
        if (left) {
            CXLDcdPoolRange range = { copy.first, copy.count };

            g_array_append_val(left, range);
        }
        at = next;
    }
    cxl_dcd_pool_unhash(pool, number);
    if ((tag.next &&
         !cxl_dcd_pool_set_link(pool, tag.next, POOL_TAG, POOL_PREV,
                                tag.prev)) ||
        (tag.prev &&
         !cxl_dcd_pool_set_link(pool, tag.prev, POOL_TAG, POOL_NEXT,
                                tag.next))) {
        return;
    }
    cxl_dcd_pool_tags_changed(pool, tag.prev ? pool->root->tags : tag.next, -1);
    cxl_dcd_pool_free_record(pool, number);
}

void cxl_dcd_pool_end_tag_if_unused(CXLDcdPool *pool, uint32_t number,
                                    uint32_t host, GArray *left)
{
    const PoolRecord *tag = &pool->records[number];

    if (!tag->reference_count && !tag->use) {
        cxl_dcd_pool_tag_end_tag(pool, number, host, left);
    }
}

/* Out of the tag's list of references */
static void cxl_dcd_pool_tag_unlink_peer(CXLDcdPool *pool,
                                         const PoolRecord *record,
                                         PoolRecord *tag)
{
    if (record->peer_next &&
        !cxl_dcd_pool_set_link(pool, record->peer_next, POOL_REFERENCE,
                               POOL_PEER_PREV, record->peer_prev)) {
        return;
    }
    if (record->peer_prev) {
        cxl_dcd_pool_set_link(pool, record->peer_prev, POOL_REFERENCE,
                              POOL_PEER_NEXT, record->peer_next);
    } else {
        tag->references = record->peer_next;
    }
}

void cxl_dcd_pool_drop_reference(CXLDcdPool *pool, uint32_t number,
                                 uint32_t host, GArray *left)
{
    PoolRecord record = pool->records[number];
    PoolRecord *parent = cxl_dcd_pool_record(pool, record.parent, POOL_TAG);
    PoolRecord tag;

    if (!parent) {
        return;
    }
    tag = *parent;
    cxl_dcd_pool_tag_unlink_peer(pool, &record, &tag);
    tag.reference_count--;
    cxl_dcd_pool_set_record(pool, record.parent, &tag);
    cxl_dcd_pool_unhash(pool, number);
    cxl_dcd_pool_unlink_host(pool, number);
    cxl_dcd_pool_free_record(pool, number);
    cxl_dcd_pool_count_host(pool, host, 0, true);
    cxl_dcd_pool_tags_changed(pool, pool->root->tags, 0);
    cxl_dcd_pool_end_tag_if_unused(pool, record.parent, host, left);
}
