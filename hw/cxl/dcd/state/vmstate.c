/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: snapshots and migration of the device
 *
 * What the parent holds is in state/vmstate-type3.c. Here: regions, extents,
 * offers and a half-sent answer (the core's stream) and the host's event log
 * (the log's stream). Both are checked by their owners before anything changes
 * and name what does not fit. Mappings are made when the machine starts: only
 * then have the decoders of all bridges been loaded.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/hooks.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/state.h"
#include "vmstate.h"
#include "migration/qemu-file-types.h"
#include "migration/register.h"
#include "migration/vmstate.h"
#include "system/hostmem.h"
#include "system/runstate.h"

/* 65,536 records and 4 Mi extents are far below this */
#define STREAM_MAX (512u << 20)

static void cxl_dcd_vmstate_put_bytes(QEMUFile *f, GByteArray *bytes)
{
    qemu_put_be32(f, bytes->len);
    qemu_put_buffer(f, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
}

static int cxl_dcd_vmstate_capacity_put(QEMUFile *f, void *pv, size_t size,
                                        const VMStateField *field,
                                        JSONWriter *vmdesc)
{
    CXLDcdDevice *device = pv;

    cxl_dcd_vmstate_put_bytes(f, cxl_dcd_save(device->dcd));
    cxl_dcd_vmstate_put_bytes(f, cxl_dcd_event_log_save(device->events));
    device->sent = true;
    return 0;
}

static uint8_t *cxl_dcd_vmstate_get_bytes(QEMUFile *f, const char *what,
                                          uint32_t *ret_len)
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

static int cxl_dcd_vmstate_capacity_get(QEMUFile *f, void *pv, size_t size,
                                        const VMStateField *field)
{
    CXLDcdDevice *device = pv;
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *capacity = NULL;
    g_autofree uint8_t *events = NULL;
    CXLDcdSanitizer *aside;
    const char *why = "";
    uint32_t len;
    bool restored;

    capacity = cxl_dcd_vmstate_get_bytes(f, "dynamic capacity", &len);
    if (!capacity) {
        return -EINVAL;
    }
    aside = cxl_dcd_sanitizer_put_aside(device);
    device->restoring = true;
    restored = cxl_dcd_restore(device->dcd, capacity, len, &error);
    device->restoring = false;
    if (!restored) {
        cxl_dcd_sanitizer_take_up(device, aside);
        error_report("%s: %s", device->path, error->message);
        return -EINVAL;
    }
    cxl_dcd_sanitizer_free(aside);
    /* What is free now may have been somebody's */
    device->claims++;
    events = cxl_dcd_vmstate_get_bytes(f, "dynamic capacity event log", &len);
    if (!events) {
        return -EINVAL;
    }
    if (!cxl_dcd_event_log_restore(device->events, events, len, &why)) {
        error_report("%s: event log cannot be restored: %s", device->path, why);
        return -EINVAL;
    }
    /* Another order of bytes follows, if there was one */
    cxl_dcd_layout_clear(device);
    return 0;
}

static const VMStateInfo vmstate_info_capacity = {
    .name = "dynamic capacity",
    .get = cxl_dcd_vmstate_capacity_get,
    .put = cxl_dcd_vmstate_capacity_put,
};

static bool cxl_dcd_vmstate_has_capacity(void *opaque)
{
    CXLDcdDevice *device = opaque;

    return device->dcd;
}

static int cxl_dcd_vmstate_capacity_loaded(void *opaque, int version_id)
{
    CXLDcdDevice *device = opaque;

    /* An incoming machine is new: it has nothing but what it was sent */
    if (!device->pool && !runstate_check(RUN_STATE_INMIGRATE)) {
        cxl_dcd_sanitize_gaps(device);
    }
    cxl_dcd_check_enables(opaque, 0);
    CXL_DCD_GET_CLASS(opaque)->loaded(opaque);
    return 0;
}

/* --- The order of bytes in interleaved sets --- */

static int cxl_dcd_vmstate_layout_put(QEMUFile *f, void *pv, size_t size,
                                      const VMStateField *field,
                                      JSONWriter *vmdesc)
{
    cxl_dcd_vmstate_put_bytes(f, cxl_dcd_layout_save(pv));
    return 0;
}

static int cxl_dcd_vmstate_layout_get(QEMUFile *f, void *pv, size_t size,
                                      const VMStateField *field)
{
    CXLDcdDevice *device = pv;
    g_autofree uint8_t *bytes = NULL;
    const char *why = "";
    uint32_t len;

    bytes = cxl_dcd_vmstate_get_bytes(f, "interleaved capacity", &len);
    if (!bytes) {
        return -EINVAL;
    }
    if (!cxl_dcd_layout_load(device, bytes, len, &why)) {
        error_report("%s: the order of bytes in its interleaved capacity "
                     "cannot be restored: %s", device->path, why);
        return -EINVAL;
    }
    return 0;
}

static const VMStateInfo vmstate_info_layout = {
    .name = "interleaved capacity",
    .get = cxl_dcd_vmstate_layout_get,
    .put = cxl_dcd_vmstate_layout_put,
};

static bool cxl_dcd_vmstate_has_layout(void *opaque)
{
    return cxl_dcd_layout_any(opaque);
}

static const VMStateDescription vmstate_layout = {
    .name = "cxl-type3/dynamic-capacity/layout",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = cxl_dcd_vmstate_has_layout,
    .fields = (const VMStateField[]) {
        {
            .name = "layout",
            .size = sizeof(CXLDcdDevice),
            .info = &vmstate_info_layout,
            .flags = VMS_SINGLE,
            .offset = 0,
        },
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_capacity = {
    .name = "cxl-type3/dynamic-capacity",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = cxl_dcd_vmstate_has_capacity,
    .post_load = cxl_dcd_vmstate_capacity_loaded,
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
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_layout,
        NULL
    }
};

/* --- The endpoint for fabric managers --- */

static int cxl_dcd_vmstate_fm_put(QEMUFile *f, void *pv, size_t size,
                                  const VMStateField *field, JSONWriter *vmdesc)
{
    GByteArray *endpoint, *events;

    CXL_DCD_GET_CLASS(pv)->fm_save(pv, &endpoint, &events);
    cxl_dcd_vmstate_put_bytes(f, endpoint);
    cxl_dcd_vmstate_put_bytes(f, events);
    return 0;
}

static int cxl_dcd_vmstate_fm_get(QEMUFile *f, void *pv, size_t size,
                                  const VMStateField *field)
{
    CXLDcdDevice *device = pv;
    g_autoptr(GByteArray) endpoint = NULL;
    g_autoptr(GByteArray) events = NULL;
    const char *why = "";
    uint8_t *bytes;
    uint32_t len;

    bytes = cxl_dcd_vmstate_get_bytes(f, "fabric manager endpoint", &len);
    if (!bytes) {
        return -EINVAL;
    }
    endpoint = g_byte_array_new_take(bytes, len);
    bytes = cxl_dcd_vmstate_get_bytes(f, "fabric manager event log", &len);
    if (!bytes) {
        return -EINVAL;
    }
    events = g_byte_array_new_take(bytes, len);
    if (!CXL_DCD_GET_CLASS(device)->fm_load(device, endpoint, events, &why)) {
        error_report("%s: the fabric manager's endpoint cannot be restored: %s",
                     device->path, why);
        return -EINVAL;
    }
    return 0;
}

static const VMStateInfo vmstate_info_fm = {
    .name = "fabric manager endpoint",
    .get = cxl_dcd_vmstate_fm_get,
    .put = cxl_dcd_vmstate_fm_put,
};

static bool cxl_dcd_vmstate_has_fm(void *opaque)
{
    CXLDcdDevice *device = opaque;

    return device->fm;
}

static const VMStateDescription vmstate_fm = {
    .name = "cxl-type3/fabric-manager",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = cxl_dcd_vmstate_has_fm,
    .fields = (const VMStateField[]) {
        {
            .name = "endpoint",
            .size = sizeof(CXLDcdDevice),
            .info = &vmstate_info_fm,
            .flags = VMS_SINGLE,
            .offset = 0,
        },
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
        &vmstate_fm,
        NULL
    }
};

static void cxl_dcd_vmstate_for_each_backend(CXLDcdDevice *device,
                                             void (*fn)(MemoryRegion *mr,
                                                        DeviceState *dev))
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

/* --- Contents stay as they are meanwhile --- */

/*
 * The memory is loaded before the device's state: what is cleaned in between
 * would be cleaned by what the old state said.
 */
static int cxl_dcd_vmstate_load_setup(QEMUFile *f, void *opaque, Error **errp)
{
    cxl_dcd_sanitizer_hold(opaque, CXL_DCD_HOLD_LOADING, true);
    return 0;
}

static int cxl_dcd_vmstate_load_cleanup(void *opaque)
{
    cxl_dcd_sanitizer_hold(opaque, CXL_DCD_HOLD_LOADING, false);
    return 0;
}

/* A machine that was stopped before is not told of its end by a stop */
static int cxl_dcd_vmstate_save_prepare(void *opaque, Error **errp)
{
    if (!runstate_is_running()) {
        cxl_dcd_sanitizer_hold(opaque, CXL_DCD_HOLD_STOPPED, true);
    }
    return 0;
}

static const SaveVMHandlers cxl_dcd_vmstate_handlers = {
    .save_prepare = cxl_dcd_vmstate_save_prepare,
    .load_setup = cxl_dcd_vmstate_load_setup,
    .load_cleanup = cxl_dcd_vmstate_load_cleanup,
};

void cxl_dcd_vmstate_attach(CXLDcdDevice *device)
{
    cxl_dcd_vmstate_for_each_backend(device, vmstate_register_ram);
    if (device->dcd) {
        register_savevm_live("cxl-dcd-hold", VMSTATE_INSTANCE_ID_ANY, 1,
                             &cxl_dcd_vmstate_handlers, device);
    }
}

void cxl_dcd_vmstate_detach(CXLDcdDevice *device)
{
    if (device->dcd) {
        unregister_savevm(NULL, "cxl-dcd-hold", device);
    }
    cxl_dcd_vmstate_for_each_backend(device, vmstate_unregister_ram);
}

static int cxl_dcd_vmstate_stopped(Object *obj, void *opaque)
{
    Object *device = object_dynamic_cast(obj, TYPE_CXL_DCD);

    if (device && CXL_DCD(device)->dcd) {
        CXL_DCD_GET_CLASS(device)->stopped(CXL_DCD(device));
    }
    return 0;
}

static int cxl_dcd_vmstate_goes_on(Object *obj, void *opaque)
{
    Object *device = object_dynamic_cast(obj, TYPE_CXL_DCD);

    if (device) {
        CXL_DCD(device)->sent = false;
    }
    return 0;
}

/*
 * The last of the memory is copied after the machine was stopped, or the other
 * machine has it from here on: what is not clean yet is cleaned there, or here
 * if the machine goes on here.
 */
static void cxl_dcd_vmstate_machine_changes(void *opaque, bool running,
                                            RunState state)
{
    bool hold = !running &&
                (state == RUN_STATE_FINISH_MIGRATE ||
                 state == RUN_STATE_SAVE_VM || state == RUN_STATE_RESTORE_VM);

    if (!running) {
        cxl_dcd_layout_finish();
    }
    cxl_dcd_sanitizer_hold_all(CXL_DCD_HOLD_STOPPED, hold);
    if (running) {
        cxl_dcd_route_changed();
    }
    object_child_foreach_recursive(object_get_root(),
                                   running ? cxl_dcd_vmstate_goes_on :
                                             cxl_dcd_vmstate_stopped, NULL);
}

void cxl_dcd_vmstate_class_init(DeviceClass *dc)
{
    static bool handler_added;

    dc->vmsd = &cxl_dcd_vmstate_device;
    if (!handler_added) {
        handler_added = true;
        qemu_add_vm_change_state_handler(cxl_dcd_vmstate_machine_changes, NULL);
    }
}
