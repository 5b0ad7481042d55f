/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what operators ask of a pool, over QMP
 *
 * Any process that has the pool open answers for all of it: everything is read
 * from the file.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/head.h"
#include "hw/cxl/dcd/trace.h"
#include "block/thread-pool.h"
#include "monitor/monitor.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-cxl.h"

static const CxlDcPoolState states[] = {
    [CXL_DCD_POOL_PENDING] = CXL_DC_POOL_STATE_PENDING,
    [CXL_DCD_POOL_ACCEPTED] = CXL_DC_POOL_STATE_ACCEPTED,
    [CXL_DCD_POOL_LEAVING] = CXL_DC_POOL_STATE_LEAVING,
};

/* The pool with this id, complete. */
static CXLDcdPoolObject *cxl_dcd_pool_query_find_pool(const char *id,
                                                      Error **errp)
{
    Object *obj = object_resolve_path_component(object_get_objects_root(), id);
    CXLDcdPoolObject *object;

    object = obj ? (CXLDcdPoolObject *)
                   object_dynamic_cast(obj, TYPE_CXL_DCD_POOL) : NULL;
    if (!object || !object->pool) {
        error_setg(errp, "there is no object '" TYPE_CXL_DCD_POOL "' with id "
                   "'%s'", id);
        return NULL;
    }
    return object;
}

/* --- What is read while nobody may change it --- */

typedef struct CXLDcdPoolSeen {
    CXLDcdPool *pool;
    uint64_t block_size;
    uint64_t available;           /* blocks */
    uint64_t largest;             /* blocks */
    unsigned regions;
    CXLDcdPoolRegion region[CXL_DCD_POOL_REGIONS];
    uint64_t region_free[CXL_DCD_POOL_REGIONS]; /* blocks */
    CXLDcdPoolHostInfo *hosts;    /* of all that there may be */
    GArray *tags;                 /* CXLDcdPoolTagInfo */
} CXLDcdPoolSeen;

/*
 * Others wait for as long as this takes, some of them with a machine: what is
 * seen is made into an answer later.
 */
static void cxl_dcd_pool_query_look(CXLDcdPool *pool, CXLDcdPoolSeen *seen)
{
    uint32_t max_hosts = cxl_dcd_pool_config(pool)->max_hosts, generation, i;

    seen->pool = pool;
    seen->block_size = cxl_dcd_pool_config(pool)->block_size;
    seen->available =
        cxl_dcd_pool_free_blocks(pool, 0, cxl_dcd_pool_blocks(pool));
    seen->largest = cxl_dcd_pool_longest(pool);
    seen->regions = cxl_dcd_pool_regions(pool, seen->region);
    for (i = 0; i < seen->regions; i++) {
        const CXLDcdPoolRegion *region = &seen->region[i];

        seen->region_free[i] =
            cxl_dcd_pool_free_blocks(pool, region->first,
                                     region->first + region->count);
    }
    seen->hosts = g_new0(CXLDcdPoolHostInfo, max_hosts);
    for (i = 0; i < max_hosts; i++) {
        if (cxl_dcd_pool_host(pool, i, false, &seen->hosts[i]) &&
            seen->hosts[i].known) {
            cxl_dcd_pool_host(pool, i, true, &seen->hosts[i]);
        }
    }
    seen->tags = cxl_dcd_pool_tags(pool, &generation);
}

static void cxl_dcd_pool_query_forget(CXLDcdPoolSeen *seen)
{
    uint32_t max_hosts = cxl_dcd_pool_config(seen->pool)->max_hosts, i;

    for (i = 0; i < max_hosts; i++) {
        g_clear_pointer(&seen->hosts[i].used, g_array_unref);
    }
    g_free(seen->hosts);
    g_array_unref(seen->tags);
}

/* --- The answer --- */

static CxlDcPoolRegionList *
cxl_dcd_pool_query_regions(const CXLDcdPoolSeen *seen)
{
    CxlDcPoolRegionList *list = NULL, **tail = &list;
    unsigned i;

    for (i = 0; i < seen->regions; i++) {
        const CXLDcdPoolRegion *from = &seen->region[i];
        CxlDcPoolRegion *region = g_new0(CxlDcPoolRegion, 1);

        region->index = i;
        region->offset = from->first * seen->block_size;
        region->length = from->count * seen->block_size;
        region->available = seen->region_free[i] * seen->block_size;
        region->flags = cxl_dcd_props_flags(from->attributes);
        region->sanitize = from->sanitize;
        QAPI_LIST_APPEND(tail, region);
    }
    return list;
}

static CxlDcPoolExtent *cxl_dcd_pool_query_extent(const CXLDcdPoolSeen *seen,
                                                  const CXLDcdPoolUsed *used)
{
    uint64_t first = used->extent.range.first;
    CxlDcPoolExtent *extent = g_new0(CxlDcPoolExtent, 1);
    unsigned i;

    extent->offset = first * seen->block_size;
    extent->len = used->extent.range.count * seen->block_size;
    for (i = 0; i < seen->regions; i++) {
        const CXLDcdPoolRegion *region = &seen->region[i];

        if (first >= region->first && first - region->first < region->count) {
            extent->region = i;
            extent->region_offset = (first - region->first) * seen->block_size;
        }
    }
    extent->tag = cxl_dcd_tag_text(used->extent.tag);
    extent->sequence = used->extent.sequence;
    extent->shared = used->shared;
    extent->state = states[used->use];
    extent->generation = used->generation;
    return extent;
}

typedef struct FindHead {
    CXLDcdPool *pool;
    uint16_t host;
    const char *path;
} FindHead;

static int cxl_dcd_pool_query_find_head(Object *obj, void *opaque)
{
    Object *device = object_dynamic_cast(obj, TYPE_CXL_DCD);
    FindHead *find = opaque;

    if (device && CXL_DCD(device)->pool_attached &&
        CXL_DCD(device)->pool->pool == find->pool &&
        CXL_DCD(device)->host_id == find->host) {
        find->path = CXL_DCD(device)->path;
    }
    return !!find->path;
}

/* NULL when there never was a head for it */
static CxlDcPoolHost *cxl_dcd_pool_query_host(const CXLDcdPoolSeen *seen,
                                              uint16_t number)
{
    const CXLDcdPoolHostInfo *info = &seen->hosts[number];
    FindHead find = { .pool = seen->pool, .host = number };
    CxlDcPoolExtentList **tail;
    CxlDcPoolHost *host;
    guint i;

    if (!info->known || !info->used) {
        return NULL;
    }
    host = g_new0(CxlDcPoolHost, 1);
    host->host_id = number;
    host->alive = info->alive;
    host->lives = info->lives;
    host->owned = info->blocks * seen->block_size;
    host->generation = info->generation;
    object_child_foreach_recursive(object_get_root(),
                                   cxl_dcd_pool_query_find_head, &find);
    host->path = g_strdup(find.path);
    tail = &host->extents;
    for (i = 0; i < info->used->len; i++) {
        const CXLDcdPoolUsed *used =
            &g_array_index(info->used, CXLDcdPoolUsed, i);

        QAPI_LIST_APPEND(tail, cxl_dcd_pool_query_extent(seen, used));
    }
    return host;
}

static CxlDcPoolTagList *cxl_dcd_pool_query_tags(const CXLDcdPoolSeen *seen)
{
    CxlDcPoolTagList *list = NULL, **tail = &list;
    guint i, j;

    for (i = 0; i < seen->tags->len; i++) {
        const CXLDcdPoolTagInfo *from =
            &g_array_index(seen->tags, CXLDcdPoolTagInfo, i);
        CxlDcPoolTag *tag = g_new0(CxlDcPoolTag, 1);
        CxlDcPoolReferenceList **hosts = &tag->hosts;

        tag->tag = cxl_dcd_tag_text(from->tag);
        tag->len = from->blocks * seen->block_size;
        tag->held = from->held;
        tag->generation = from->generation;
        for (j = 0; j < from->hosts->len; j++) {
            const CXLDcdPoolReference *one =
                &g_array_index(from->hosts, CXLDcdPoolReference, j);
            CxlDcPoolReference *reference = g_new0(CxlDcPoolReference, 1);

            reference->host_id = one->host;
            reference->state = states[one->use];
            QAPI_LIST_APPEND(hosts, reference);
        }
        QAPI_LIST_APPEND(tail, tag);
    }
    return list;
}

static CxlDcPoolInfo *cxl_dcd_pool_query_info(CXLDcdPoolObject *object,
                                              const CXLDcdPoolSeen *seen)
{
    const CXLDcdPoolConfig *config = cxl_dcd_pool_config(seen->pool);
    CxlDcPoolInfo *info = g_new0(CxlDcPoolInfo, 1);
    CxlDcPoolHostList **tail = &info->hosts;
    uint32_t i;

    info->pool = g_strdup(object_get_canonical_path_component(OBJECT(object)));
    info->file = g_strdup(object->path);
    info->size = config->size;
    info->block_size = config->block_size;
    info->available = seen->available * config->block_size;
    info->largest = seen->largest * config->block_size;
    info->max_hosts = config->max_hosts;
    info->regions = cxl_dcd_pool_query_regions(seen);
    for (i = 0; i < config->max_hosts; i++) {
        CxlDcPoolHost *host = cxl_dcd_pool_query_host(seen, i);

        if (host) {
            QAPI_LIST_APPEND(tail, host);
        }
    }
    info->tags = cxl_dcd_pool_query_tags(seen);
    return info;
}

static int cxl_dcd_pool_query_collect(Object *obj, void *opaque)
{
    Object *object = object_dynamic_cast(obj, TYPE_CXL_DCD_POOL);

    if (object && CXL_DCD_POOL(object)->pool) {
        g_ptr_array_add(opaque, object);
    }
    return 0;
}

CxlDcPoolInfoList *qmp_query_cxl_dc_pool(const char *pool, Error **errp)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new();
    CxlDcPoolInfoList *list = NULL, **tail = &list;
    guint i;

    if (pool) {
        CXLDcdPoolObject *object = cxl_dcd_pool_query_find_pool(pool, errp);

        if (!object) {
            return NULL;
        }
        g_ptr_array_add(objects, object);
    } else {
        object_child_foreach(object_get_objects_root(),
                             cxl_dcd_pool_query_collect, objects);
    }
    for (i = 0; i < objects->len; i++) {
        CXLDcdPoolObject *object = g_ptr_array_index(objects, i);
        g_autoptr(GError) error = NULL;
        CXLDcdPoolSeen seen;

        if (!cxl_dcd_pool_freeze(object->pool, &error)) {
            error_setg(errp, "%s", error->message);
            qapi_free_CxlDcPoolInfoList(list);
            return NULL;
        }
        cxl_dcd_pool_query_look(object->pool, &seen);
        cxl_dcd_pool_thaw(object->pool);
        QAPI_LIST_APPEND(tail, cxl_dcd_pool_query_info(object, &seen));
        cxl_dcd_pool_query_forget(&seen);
    }
    return list;
}

/* --- Reclaim: cleaning takes as long as there is memory --- */

typedef struct CXLDcdReclaim {
    const CXLDcdPool *pool;
    uint16_t host;
    uint64_t freed;               /* bytes */
    GError *error;
} CXLDcdReclaim;

/* In a thread, by a handle of its own: to the pool, that is another process */
static int cxl_dcd_pool_query_reclaim(void *opaque)
{
    CXLDcdReclaim *reclaim = opaque;
    CXLDcdPool *pool = cxl_dcd_pool_open_again(reclaim->pool, &reclaim->error);
    uint64_t blocks = 0;

    if (pool) {
        cxl_dcd_pool_reclaim(pool, reclaim->host, &blocks, &reclaim->error);
        reclaim->freed = blocks * cxl_dcd_pool_config(pool)->block_size;
        cxl_dcd_pool_close(pool);
    }
    return 0;
}

CxlDcPoolReclaimed *coroutine_fn qmp_cxl_reclaim_dc_pool(const char *pool,
                                                         uint16_t host_id,
                                                         Error **errp)
{
    CXLDcdPoolObject *object = cxl_dcd_pool_query_find_pool(pool, errp);
    CXLDcdReclaim reclaim = { .host = host_id };
    CxlDcPoolReclaimed *result;

    if (!object) {
        return NULL;
    }
    /* The object may be deleted meanwhile */
    object_ref(OBJECT(object));
    reclaim.pool = object->pool;
    monitor_qmp_serve_others();
    thread_pool_submit_co(cxl_dcd_pool_query_reclaim, &reclaim);
    object_unref(OBJECT(object));
    if (reclaim.error) {
        error_setg(errp, "%s", reclaim.error->message);
        g_error_free(reclaim.error);
        return NULL;
    }
    trace_cxl_dcd_pool_reclaim(pool, host_id, reclaim.freed);
    result = g_new0(CxlDcPoolReclaimed, 1);
    result->freed = reclaim.freed;
    return result;
}

CxlDcPoolReclaimed *coroutine_fn qmp_cxl_dc_pool_reclaim(const char *pool,
                                                         uint16_t host_id,
                                                         Error **errp)
{
    return qmp_cxl_reclaim_dc_pool(pool, host_id, errp);
}
