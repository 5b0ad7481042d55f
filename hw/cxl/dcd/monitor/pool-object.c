/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: -object cxl-dc-pool
 *
 * A memory backend whose memory is a pool's. It is made and opened when the
 * object is complete; who has which block is in cxl-dcd-pool*.c.
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/head.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qom/object_interfaces.h"

#define DEFAULT_BLOCK_SIZE (2 * MiB)

static bool cxl_dcd_pool_alloc(HostMemoryBackend *backend, Error **errp)
{
    CXLDcdPoolObject *object = CXL_DCD_POOL(backend);
    g_autofree char *name = host_memory_backend_get_name(backend);
    const CXLDcdPoolConfig config = {
        .size = backend->size, .block_size = object->block_size,
        .max_hosts = object->max_hosts, .max_records = object->max_extents,
        .reserve = backend->reserve,
    };
    g_autofree char *again = NULL;
    g_autoptr(GError) error = NULL;
    int fd;

    if (!object->path) {
        error_setg(errp, "property 'path' of object 'cxl-dc-pool' is missing: "
                   "set it to the pool's file");
        return false;
    }
    if (!backend->share) {
        error_setg(errp, "property 'share' of object 'cxl-dc-pool' cannot be "
                   "off: other hosts have the same memory");
        return false;
    }
    object->pool = cxl_dcd_pool_open(object->path, &config, &error);
    if (!object->pool) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    /*
     * The memory region closes its own, and gives it to back ends in other
     * processes: not the one with the locks, which would live on with those.
     */
    again = g_strdup_printf("/proc/self/fd/%d", cxl_dcd_pool_fd(object->pool));
    fd = open(again, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot use pool '%s'", object->path);
        return false;
    }
    backend->aligned = true;
    return memory_region_init_ram_from_fd(&backend->mr, OBJECT(backend), name,
                                          backend->size,
                                          RAM_SHARED | RAM_NORESERVE, fd, 0,
                                          errp);
}

static void cxl_dcd_pool_complete(UserCreatable *uc, Error **errp)
{
    ERRP_GUARD();
    UserCreatableClass *parent = USER_CREATABLE_CLASS(
        object_class_by_name(TYPE_MEMORY_BACKEND));
    HostMemoryBackend *backend = MEMORY_BACKEND(uc);
    CXLDcdPoolObject *object = CXL_DCD_POOL(uc);
    size_t page;
    int ret;

    if (backend->prealloc) {
        error_setg(errp, "property 'prealloc' of object 'cxl-dc-pool' cannot "
                   "be on: other hosts have the same memory. Property "
                   "'reserve' has each block's taken before it is offered");
        return;
    }
    parent->complete(uc, errp);
    if (*errp) {
        return;
    }
    page = qemu_ram_pagesize(backend->mr.ram_block);
    if (page > object->block_size) {
        error_setg(errp, "block-size %" PRIu64 " of pool '%s' is less than a "
                   "page of its file system, %zu: no host could map a block "
                   "alone", object->block_size, object->path, page);
        return;
    }
    ret = cxl_dcd_pages_hide(backend, 0, memory_region_size(&backend->mr));
    if (ret < 0) {
        error_setg_errno(errp, -ret, "cannot reserve 0x%" PRIx64 " bytes of "
                         "addresses for pool '%s'; with "
                         "vm.overcommit_memory=2 they count as memory",
                         memory_region_size(&backend->mr), object->path);
    }
}

static bool cxl_dcd_pool_fixed(Object *obj, const char *name, Error **errp)
{
    if (CXL_DCD_POOL(obj)->pool) {
        error_setg(errp, "property '%s' cannot be set any more: the pool is "
                   "open", name);
        return true;
    }
    return false;
}

static char *cxl_dcd_pool_get_path(Object *obj, Error **errp)
{
    return g_strdup(CXL_DCD_POOL(obj)->path);
}

static void cxl_dcd_pool_set_path(Object *obj, const char *value, Error **errp)
{
    CXLDcdPoolObject *object = CXL_DCD_POOL(obj);

    if (!cxl_dcd_pool_fixed(obj, "path", errp)) {
        g_free(object->path);
        object->path = g_strdup(value);
    }
}

static void cxl_dcd_pool_get_block_size(Object *obj, Visitor *v,
                                        const char *name, void *opaque,
                                        Error **errp)
{
    visit_type_size(v, name, &CXL_DCD_POOL(obj)->block_size, errp);
}

static void cxl_dcd_pool_set_block_size(Object *obj, Visitor *v,
                                        const char *name, void *opaque,
                                        Error **errp)
{
    uint64_t value;

    if (visit_type_size(v, name, &value, errp) &&
        !cxl_dcd_pool_fixed(obj, name, errp)) {
        CXL_DCD_POOL(obj)->block_size = value;
    }
}

/* @opaque: offset of the property's uint32_t */
static void cxl_dcd_pool_get_count(Object *obj, Visitor *v, const char *name,
                                   void *opaque, Error **errp)
{
    uint32_t *count = (void *)((char *)obj + (uintptr_t)opaque);

    visit_type_uint32(v, name, count, errp);
}

static void cxl_dcd_pool_set_count(Object *obj, Visitor *v, const char *name,
                                   void *opaque, Error **errp)
{
    uint32_t *count = (void *)((char *)obj + (uintptr_t)opaque), value;

    if (visit_type_uint32(v, name, &value, errp) &&
        !cxl_dcd_pool_fixed(obj, name, errp)) {
        *count = value;
    }
}

static void cxl_dcd_pool_instance_init(Object *obj)
{
    CXL_DCD_POOL(obj)->block_size = DEFAULT_BLOCK_SIZE;
    MEMORY_BACKEND(obj)->share = true;
}

static void cxl_dcd_pool_instance_finalize(Object *obj)
{
    CXLDcdPoolObject *object = CXL_DCD_POOL(obj);

    cxl_dcd_pool_close(object->pool);
    g_free(object->path);
}

static void cxl_dcd_pool_class_init(ObjectClass *oc, void *data)
{
    MEMORY_BACKEND_CLASS(oc)->alloc = cxl_dcd_pool_alloc;
    USER_CREATABLE_CLASS(oc)->complete = cxl_dcd_pool_complete;
    object_class_property_add_str(oc, "path", cxl_dcd_pool_get_path,
                                  cxl_dcd_pool_set_path);
    object_class_property_set_description(oc, "path",
        "The pool's file; made when there is none");
    object_class_property_add(oc, "block-size", "size",
                              cxl_dcd_pool_get_block_size,
                              cxl_dcd_pool_set_block_size, NULL, NULL);
    object_class_property_set_description(oc, "block-size",
        "Smallest piece that a host can have");
    object_class_property_add(oc, "max-hosts", "uint32",
        cxl_dcd_pool_get_count, cxl_dcd_pool_set_count, NULL,
        (void *)offsetof(CXLDcdPoolObject, max_hosts));
    object_class_property_set_description(oc, "max-hosts",
        "Hosts the pool is made for (0: 64, or as the file has it)");
    object_class_property_add(oc, "max-extents", "uint32",
        cxl_dcd_pool_get_count, cxl_dcd_pool_set_count, NULL,
        (void *)offsetof(CXLDcdPoolObject, max_extents));
    object_class_property_set_description(oc, "max-extents",
        "Extents, tags and references of all hosts that the pool is made for "
        "(0: 16384, or as the file has it)");
}

static const TypeInfo cxl_dcd_pool_info = {
    .name = TYPE_CXL_DCD_POOL,
    .parent = TYPE_MEMORY_BACKEND,
    .class_init = cxl_dcd_pool_class_init,
    .instance_size = sizeof(CXLDcdPoolObject),
    .instance_init = cxl_dcd_pool_instance_init,
    .instance_finalize = cxl_dcd_pool_instance_finalize,
};

static void cxl_dcd_pool_register_types(void)
{
    type_register_static(&cxl_dcd_pool_info);
}

type_init(cxl_dcd_pool_register_types)
