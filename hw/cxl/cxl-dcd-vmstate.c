/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: snapshots and migration of the device
 *
 * What the parent holds is in cxl-dcd-vmstate-type3.c. Here: regions, extents,
 * offers and a half-sent answer (the core's stream) and the host's event log
 * (the log's stream). Both are checked by their owners before anything changes
 * and name what does not fit. Mappings are made when the machine starts: only
 * then have the decoders of all bridges been loaded.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"
#include "hw/cxl/cxl_dcd_route.h"
#include "hw/cxl/cxl_dcd_vmstate.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "system/hostmem.h"
#include "system/runstate.h"

/* 65,536 records and 4 Mi extents are far below this */
#define STREAM_MAX (512u << 20)

static void put_bytes(QEMUFile *f, GByteArray *bytes)
{
    qemu_put_be32(f, bytes->len);
    qemu_put_buffer(f, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
}

static int capacity_put(QEMUFile *f, void *pv, size_t size,
                        const VMStateField *field, JSONWriter *vmdesc)
{
    CXLDcdDevice *device = pv;

    put_bytes(f, cxl_dcd_save(device->dcd));
    put_bytes(f, cxl_dcd_event_log_save(device->events));
    return 0;
}

static uint8_t *get_bytes(QEMUFile *f, const char *what, uint32_t *ret_len)
{
    uint8_t *bytes;

    *ret_len = qemu_get_be32(f);
    if (*ret_len > STREAM_MAX) {
        error_report("%s: %" PRIu32 " bytes in the stream, at most %u are "
                     "possible", what, *ret_len, STREAM_MAX);
        return NULL;
    }
    bytes = g_malloc(*ret_len);
    if (qemu_get_buffer(f, bytes, *ret_len) != *ret_len) {
        error_report("%s: the stream ends early", what);
        g_free(bytes);
        return NULL;
    }
    return bytes;
}

static int capacity_get(QEMUFile *f, void *pv, size_t size,
                        const VMStateField *field)
{
    CXLDcdDevice *device = pv;
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *capacity = NULL;
    g_autofree uint8_t *events = NULL;
    const char *why = "";
    uint32_t len;

    capacity = get_bytes(f, "dynamic capacity", &len);
    if (!capacity) {
        return -EINVAL;
    }
    if (!cxl_dcd_restore(device->dcd, capacity, len, &error)) {
        error_report("%s: %s", device->path, error->message);
        return -EINVAL;
    }
    events = get_bytes(f, "dynamic capacity event log", &len);
    if (!events) {
        return -EINVAL;
    }
    if (!cxl_dcd_event_log_restore(device->events, events, len, &why)) {
        error_report("%s: event log cannot be restored: %s", device->path, why);
        return -EINVAL;
    }
    cxl_dcd_scrub_free(device);
    return 0;
}

static const VMStateInfo vmstate_info_capacity = {
    .name = "dynamic capacity",
    .get = capacity_get,
    .put = capacity_put,
};

static bool has_capacity(void *opaque)
{
    CXLDcdDevice *device = opaque;

    return device->dcd;
}

static int capacity_loaded(void *opaque, int version_id)
{
    cxl_dcd_check_enables(opaque, 0);
    cxl_dcd_sanitize_resume(opaque);
    return 0;
}

static const VMStateDescription vmstate_capacity = {
    .name = "cxl-type3/dynamic-capacity",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = has_capacity,
    .post_load = capacity_loaded,
    .fields = (const VMStateField[]) {
        {
            .name = "capacity",
            .size = sizeof(CXLDcdDevice),
            .info = &vmstate_info_capacity,
            .flags = VMS_SINGLE,
            .offset = 0,
        },
        VMSTATE_BOOL(mem_withdrawn, CXLDcdDevice),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription cxl_dcd_vmstate_device = {
    .name = "cxl-type3",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(parent_obj, CXLDcdDevice, 1, cxl_dcd_vmstate_type3,
                       CXLType3Dev),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_capacity,
        NULL
    }
};

static void for_each_backend(CXLDcdDevice *device,
                             void (*fn)(MemoryRegion *mr, DeviceState *dev))
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);
    HostMemoryBackend *backends[] = {
        ct3d->hostvmem, ct3d->hostpmem, ct3d->lsa, ct3d->dc.host_dc,
    };

    for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
        if (backends[i]) {
            fn(host_memory_backend_get_memory(backends[i]), DEVICE(device));
        }
    }
}

void cxl_dcd_vmstate_attach(CXLDcdDevice *device)
{
    for_each_backend(device, vmstate_register_ram);
}

void cxl_dcd_vmstate_detach(CXLDcdDevice *device)
{
    for_each_backend(device, vmstate_unregister_ram);
}

/* Memory that changes behind the processors' back, while it is being copied */
void cxl_dcd_vmstate_memory_changed(CXLDcdDevice *device,
                                    const CXLDcdRange *range)
{
    if (global_dirty_tracking && device->dc_mr) {
        memory_region_set_dirty(device->dc_mr,
                                cxl_dcd_backing_of(device, range->dpa),
                                range->len);
    }
}

static int finish_scrubs(Object *obj, void *opaque)
{
    Object *device = object_dynamic_cast(obj, TYPE_CXL_DCD);

    if (device && CXL_DCD(device)->dc_mr) {
        cxl_dcd_scrub_finish(CXL_DCD(device));
    }
    return 0;
}

/*
 * The last of the memory is copied after the machine was stopped and before
 * any device is asked: what is to be clear in the copy must be clear by then.
 */
static void machine_changes(void *opaque, bool running, RunState state)
{
    if (running) {
        cxl_dcd_route_changed();
    } else {
        object_child_foreach_recursive(object_get_root(), finish_scrubs, NULL);
    }
}

void cxl_dcd_vmstate_class_init(DeviceClass *dc)
{
    static bool handler_added;

    dc->vmsd = &cxl_dcd_vmstate_device;
    if (!handler_added) {
        handler_added = true;
        qemu_add_vm_change_state_handler(machine_changes, NULL);
    }
}
