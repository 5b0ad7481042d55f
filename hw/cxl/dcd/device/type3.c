/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the device
 *
 * Life: realize checks the properties, lets the parent realize itself (with
 * one DC region over the whole backend, which is never backed), then makes the
 * core, the event log, the CDAT and joins the fixed windows. Reset is the
 * parent's, then our commands go over those it has put back. Exit takes the
 * device out of the machine; the rest ends with the object, when nobody is on
 * his way to its memory any more. Both take a device that realize left half
 * made.
 */
#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/head.h"
#include "hw/cxl/dcd/hooks.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/state.h"
#include "hw/cxl/dcd/trace.h"
#include "cdat.h"
#include "fault.h"
#include "fm.h"
#include "gate.h"
#include "mailbox-registers.h"
#include "mailbox.h"
#include "ops.h"
#include "props.h"
#include "registers.h"
#include "reset.h"
#include "sanitize.h"
#include "settle.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-cxl.h"
#include "qemu/module.h"
#include "system/hostmem.h"

/* A head's memory is the pool's; the parent takes it as it takes any other */
static bool cxl_dcd_use_pool(CXLDcdDevice *device, Error **errp)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);

    if (!device->pool) {
        if (device->host_id) {
            error_setg(errp, "property '" CXL_DCD_PROP_HOST "' needs property '"
                       CXL_DCD_PROP_POOL "': only heads of a pool have a "
                       "number");
        }
        return !device->host_id;
    }
    if (ct3d->dc.host_dc || ct3d->dc.num_regions) {
        error_setg(errp, "property '" CXL_DCD_PROP_POOL "' gives the memory: "
                   "leave out '" CXL_DCD_PROP_MEMDEV "' and 'num-dc-regions'");
        return false;
    }
    if (device->state_path) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "' cannot be used "
                   "with '" CXL_DCD_PROP_POOL "': the pool's file keeps what "
                   "a host has");
        return false;
    }
    object_property_set_link(OBJECT(device), "volatile-dc-memdev",
                             OBJECT(device->pool), errp);
    return ct3d->dc.host_dc;
}

static bool cxl_dcd_check_number(const char *name, uint32_t number,
                                 uint32_t max, Error **errp)
{
    if (!number || number > max) {
        error_setg(errp, "property '%s' is %u, it must be from 1 to %u", name,
                   number, max);
        return false;
    }
    return true;
}

static bool cxl_dcd_check_props(CXLDcdDevice *device, Error **errp)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);
    MemoryRegion *mr;

    if (device->region_props && ct3d->dc.num_regions) {
        error_setg(errp, "properties '" CXL_DCD_PROP_REGIONS "' and "
                   "'num-dc-regions' cannot be used together");
        return false;
    }
    if (!ct3d->dc.host_dc) {
        error_setg(errp, "dynamic capacity regions need memory: set property '"
                   CXL_DCD_PROP_MEMDEV "' to the id of a memory backend");
        return false;
    }
    mr = host_memory_backend_get_memory(ct3d->dc.host_dc);
    if (!mr || !memory_region_size(mr) ||
        memory_region_size(mr) % CXL_DCD_CAPACITY_UNIT) {
        error_setg(errp, "size %" PRIu64 " of the memory backend of property "
                   "'%s' is not a multiple of 256 MiB",
                   mr ? memory_region_size(mr) : 0,
                   device->pool ? CXL_DCD_PROP_POOL : CXL_DCD_PROP_MEMDEV);
        return false;
    }
    if (mr->readonly) {
        error_setg(errp, "the memory backend of property '" CXL_DCD_PROP_MEMDEV
                   "' is read-only, but capacity is sanitized when it leaves a "
                   "host: make it without readonly=on and rom=on");
        return false;
    }
    if (!cxl_dcd_check_number(CXL_DCD_PROP_EXTENTS, device->max_extents,
                              CXL_DCD_EXTENTS_MAX, errp) ||
        !cxl_dcd_check_number(CXL_DCD_PROP_TAGS, device->max_tags,
                              CXL_DCD_EXTENTS_MAX, errp) ||
        !cxl_dcd_check_number(CXL_DCD_PROP_LOG_SIZE, device->event_log_size,
                              CXL_DCD_EVENT_DEPTH_MAX, errp)) {
        return false;
    }
    if (device->fmapi_eid > 254 ||
        (device->fmapi_eid && device->fmapi_eid < CXL_DCD_MCTP_EID_FIRST)) {
        error_setg(errp, "property '" CXL_DCD_PROP_FMAPI_EID "' is %u, it must "
                   "be 0 (none yet) or from %u to 254", device->fmapi_eid,
                   CXL_DCD_MCTP_EID_FIRST);
        return false;
    }
    if (device->map_limit > CXL_DCD_MAP_LIMIT_MAX) {
        error_setg(errp, "property '" CXL_DCD_PROP_LIMIT "' is %u, it must be "
                   "at most %u", device->map_limit, CXL_DCD_MAP_LIMIT_MAX);
        return false;
    }
    return true;
}

static uint64_t cxl_dcd_backend_size(HostMemoryBackend *backend)
{
    return backend ?
        memory_region_size(host_memory_backend_get_memory(backend)) : 0;
}

static bool cxl_dcd_configure(CXLDcdDevice *device, CXLDcdConfig *config,
                              Error **errp)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);
    uint64_t base = cxl_dcd_backend_size(ct3d->hostvmem) +
        cxl_dcd_backend_size(ct3d->hostpmem ?: ct3d->hostmem);
    unsigned i, handle = !!ct3d->hostvmem + !!(ct3d->hostpmem ?:
                                               ct3d->hostmem);

    config->host_id = device->host_id;
    config->max_extents = device->pool
        ? MIN(device->max_extents, cxl_dcd_head_extents_max())
        : device->max_extents;
    config->max_tags = device->max_tags;
    if (!cxl_dcd_props_layout(device, base,
                              cxl_dcd_backend_size(ct3d->dc.host_dc), config,
                              errp)) {
        return false;
    }
    for (i = 0; i < config->num_regions; i++) {
        config->regions[i].dsmad_handle = handle + i;
    }
    return true;
}

/* The parent is realized: from here on dynamic capacity is ours */
static bool cxl_dcd_setup(CXLDcdDevice *device, const CXLDcdConfig *config,
                          Error **errp)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);
    const CXLDcdRegionConfig *last = &config->regions[config->num_regions - 1];
    CXLEventLog *logs = ct3d->cxl_dstate.event_logs;
    g_autoptr(GError) error = NULL;
    bool nonvolatile = true;
    unsigned i;

    cxl_dcd_settle_init(device);
    cxl_dcd_device_fault_init(device);
    device->ops = cxl_dcd_device_ops;
    if (!device->prealloc_chosen) {
        device->prealloc = !device->pool &&
                           cxl_dcd_prealloc_advised(ct3d->dc.host_dc);
    }
    if (device->pool) {
        cxl_dcd_head_ops(&device->ops);
        if (cxl_dcd_pool_config(device->pool->pool)->reserve) {
            cxl_dcd_prepare_init(device, &cxl_dcd_head_prepare_ops);
        }
    } else if (device->prealloc) {
        device->ops.claim = cxl_dcd_prealloc_claim;
        cxl_dcd_prepare_init(device, &cxl_dcd_prealloc_ops);
    }
    device->dcd = cxl_dcd_new(config, &device->ops, device, &error);
    if (!device->dcd) {
        error_setg(errp, CXL_DCD_PROP_REGIONS ": %s", error->message);
        return false;
    }
    device->events = cxl_dcd_event_log_new(device->event_log_size,
                                           &cxl_dcd_device_log_ops, device);
    device->context = (CXLDcdCommandContext) {
        .dcd = device->dcd, .events = device->events,
    };
    device->dc_mr = host_memory_backend_get_memory(ct3d->dc.host_dc);
    device->dc_ram = memory_region_get_ram_ptr(device->dc_mr);
    address_space_cache_init(&device->dc_cache, &ct3d->dc.host_dc_as, 0,
                             memory_region_size(device->dc_mr), true);
    cxl_dcd_map_init(device);
    cxl_dcd_poison_init(device);
    cxl_dcd_layout_init(device);
    cxl_dcd_dma_init(device, cxl_dcd_sanitizer_poke);
    cxl_dcd_sanitizer_init(device, device->pool ? &cxl_dcd_head_sanitize_ops :
                                                  &cxl_dcd_sanitize_own_ops);
    device->dc_base = config->regions[0].base;
    device->dc_end = last->base + last->decode_length;
    for (i = 0; i < config->num_regions; i++) {
        nonvolatile &= !!(config->regions[i].attributes &
                          CXL_DCD_REGION_NONVOLATILE);
    }
    memory_region_set_nonvolatile(device->dc_mr, nonvolatile);

    /* The parent checks poison commands against the end of its capacity */
    ct3d->dc.total_capacity = device->dc_end - ct3d->cxl_dstate.static_mem_size;
    /* A vector of its own: the parent has it share one with another log */
    logs[CXL_EVENT_TYPE_DYNAMIC_CAP].irq_vec =
        logs[CXL_EVENT_TYPE_INFO].irq_vec + CXL_EVENT_TYPE_DYNAMIC_CAP;
    cxl_dcd_check_enables(device, 0);
    cxl_dcd_reset_offer(device);
    if (!cxl_dcd_cdat_init(device, errp)) {
        return false;
    }
    cxl_dcd_footprint_trim(device);
    return !device->fmapi ||
           cxl_dcd_fm_new(device, device->fmapi, device->fmapi_eid, errp);
}

static void cxl_dcd_unlink_region(MemoryRegion *mr)
{
    if (mr->container) {
        memory_region_del_subregion(mr->container, mr);
    }
}

/*
 * The parent leaves its register blocks inside each other. Each one holds a
 * reference to its owner, which is the device itself: it would never end, nor
 * would DEVICE_DELETED be sent.
 */
static void cxl_dcd_unlink_registers(CXLType3Dev *ct3d)
{
    cxl_dcd_unlink_region(&ct3d->cxl_cstate.crb.io);
    cxl_dcd_unlink_region(&ct3d->cxl_cstate.crb.cache_mem);
    cxl_dcd_unlink_region(&ct3d->cxl_dstate.caps);
    cxl_dcd_unlink_region(&ct3d->cxl_dstate.device);
    cxl_dcd_unlink_region(&ct3d->cxl_dstate.mailbox);
    cxl_dcd_unlink_region(&ct3d->cxl_dstate.memory_device);
}

static void cxl_dcd_backends(CXLType3Dev *ct3d, HostMemoryBackend **ret)
{
    ret[0] = ct3d->hostvmem;
    ret[1] = ct3d->hostpmem ?: ct3d->hostmem;
    ret[2] = ct3d->dc.host_dc;
}

/* A bit for each memory backend that a device uses, this one or another */
static unsigned cxl_dcd_taken_memory(CXLType3Dev *ct3d)
{
    HostMemoryBackend *backends[3];
    unsigned i, taken = 0;

    cxl_dcd_backends(ct3d, backends);
    for (i = 0; i < ARRAY_SIZE(backends); i++) {
        if (backends[i] && host_memory_backend_is_mapped(backends[i])) {
            taken |= 1 << i;
        }
    }
    return taken;
}

/* The parent takes backends and never gives one back; not those of @others */
static void cxl_dcd_free_memory(CXLType3Dev *ct3d, unsigned others)
{
    HostMemoryBackend *backends[3];
    unsigned i;

    cxl_dcd_backends(ct3d, backends);
    for (i = 0; i < ARRAY_SIZE(backends); i++) {
        if (backends[i] && !(others & 1 << i)) {
            host_memory_backend_set_mapped(backends[i], false);
        }
    }
}

/*
 * Unplugged: nobody reaches the device any more, and it answers nothing. What
 * somebody may still hold on to (transfers that are under way, capacity that is
 * not clean yet) goes with the object.
 */
static void cxl_dcd_unplug(CXLDcdDevice *device)
{
    device->gone = true;
    cxl_dcd_route_detach(device);
    if (device->dc_mr) {
        cxl_dcd_map_free(device);
    }
    if (device->attached) {
        cxl_dcd_vmstate_detach(device);
    }
    cxl_dcd_gate_close(device);
    cxl_dcd_fm_free(device->fm);
    cxl_dcd_prepare_abandon(device);
    cxl_dcd_head_unplug(device);
    cxl_dcd_device_fault_free(device);
    cxl_dcd_cdat_free(device);
    CXL_TYPE3(device)->dc.num_regions =
        !!CXL_TYPE3(device)->dc.host_dc; /* as it realized */
    CXL_DCD_GET_CLASS(device)->parent_exit(PCI_DEVICE(device));
    cxl_dcd_free_parent(CXL_TYPE3(device));
    cxl_dcd_unlink_registers(CXL_TYPE3(device));
    cxl_dcd_settle_gone(device);
}

/* Nothing is under way any more; or realize left the device half made */
static void cxl_dcd_end(CXLDcdDevice *device)
{
    g_clear_pointer(&device->prepare, cxl_dcd_prepare_free);
    g_clear_pointer(&device->sanitizer, cxl_dcd_sanitizer_free);
    cxl_dcd_persist_free(device);
    if (device->attached) {
        cxl_dcd_discard_attach(device, false);
        device->attached = false;
    }
    cxl_dcd_dma_free(device);
    cxl_dcd_poison_free(device);
    cxl_dcd_layout_free(device);
    cxl_dcd_settle_free(device);
    cxl_dcd_mailbox_registers_free(device);
    cxl_dcd_mailbox_free(device);
    cxl_dcd_head_detach(device);
    g_clear_pointer(&device->dcd, cxl_dcd_free);
    g_clear_pointer(&device->events, cxl_dcd_event_log_free);
    g_clear_pointer(&device->path, g_free);
    if (device->dc_mr || device->gone) {
        cxl_dcd_free_memory(CXL_TYPE3(device), 0);
    }
    if (device->dc_mr) {
        address_space_cache_destroy(&device->dc_cache);
    }
    device->dc_mr = NULL;
    device->gone = false;
}

/* Properties that make no sense without regions */
static bool cxl_dcd_needs_regions(CXLDcdDevice *device, Error **errp)
{
    if (CXL_TYPE3(device)->dc.host_dc) {
        error_setg(errp, "property '" CXL_DCD_PROP_MEMDEV "' is set but there "
                   "are no regions: set '" CXL_DCD_PROP_REGIONS "' or "
                   "'num-dc-regions'");
        return true;
    }
    if (device->fmapi) {
        error_setg(errp, "property '" CXL_DCD_PROP_FMAPI "' needs dynamic "
                   "capacity: set '" CXL_DCD_PROP_REGIONS "' or "
                   "'num-dc-regions'");
        return true;
    }
    return false;
}

static void cxl_dcd_realize(PCIDevice *pci_dev, Error **errp)
{
    ERRP_GUARD();
    CXLDcdDevice *device = CXL_DCD(pci_dev);
    CXLType3Dev *ct3d = CXL_TYPE3(device);
    unsigned regions = cxl_dcd_props_regions(device);
    g_autofree CXLDcdConfig *config = g_new0(CXLDcdConfig, 1);
    unsigned others;

    if (device->gone) {
        error_setg(errp, "the device was taken out of the machine; make "
                   "another one");
        return;
    }
    if (!cxl_dcd_use_pool(device, errp) ||
        (!regions && cxl_dcd_needs_regions(device, errp))) {
        return;
    }
    if (regions && (!cxl_dcd_check_props(device, errp) ||
                    !cxl_dcd_configure(device, config, errp))) {
        return;
    }
    ct3d->dc.num_regions = !!regions;
    others = cxl_dcd_taken_memory(ct3d);
    CXL_DCD_GET_CLASS(device)->parent_realize(pci_dev, errp);
    ct3d->dc.num_regions = device->region_props || device->pool ? 0 : regions;
    if (*errp) {
        cxl_dcd_free_memory(ct3d, others);
        return;
    }
    device->path = object_get_canonical_path(OBJECT(device));
    device->parent_register_write = ct3d->cxl_cstate.crb.special_ops->write;
    ct3d->cxl_cstate.crb.special_ops->write = cxl_dcd_register_write;
    cxl_dcd_mailbox_registers_init(device);
    pcie_cap_flr_init(pci_dev);
    if (regions && !cxl_dcd_setup(device, config, errp)) {
        cxl_dcd_unplug(device);
        cxl_dcd_end(device);
        return;
    }
    if (device->state_path && !regions) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "' needs dynamic "
                   "capacity: set '" CXL_DCD_PROP_REGIONS "'");
        cxl_dcd_unplug(device);
        cxl_dcd_end(device);
        return;
    }
    if (regions && (!cxl_dcd_persist_init(device, errp) ||
                    !cxl_dcd_head_attach(device, errp))) {
        cxl_dcd_unplug(device);
        cxl_dcd_end(device);
        return;
    }
    cxl_dcd_discard_attach(device, true);
    cxl_dcd_vmstate_attach(device);
    device->attached = true;
    if (regions) {
        cxl_dcd_window_find();
    }
    cxl_dcd_route_attach(device);
    trace_cxl_dcd_realized(device->path, regions, device->dc_base,
                           device->dc_end);
}

static void cxl_dcd_exit(PCIDevice *pci_dev)
{
    trace_cxl_dcd_exit(CXL_DCD(pci_dev)->path);
    cxl_dcd_unplug(CXL_DCD(pci_dev));
}

static void cxl_dcd_instance_init(Object *obj)
{
    CXLDcdDevice *device = CXL_DCD(obj);

    QTAILQ_INIT(&device->settled);
    object_property_add_alias(obj, CXL_DCD_PROP_MEMDEV, obj,
                              "volatile-dc-memdev");
}

static void cxl_dcd_instance_finalize(Object *obj)
{
    CXLDcdDevice *device = CXL_DCD(obj);

    cxl_dcd_end(device);
    qapi_free_CxlDynamicCapacityRegionConfigList(device->region_props);
}

static void cxl_dcd_class_init(ObjectClass *oc, void *data)
{
    CXLDcdDeviceClass *ddc = CXL_DCD_CLASS(oc);
    CXLType3Class *ctc = CXL_TYPE3_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);
    DeviceClass *dc = DEVICE_CLASS(oc);

    ddc->parent_realize = pc->realize;
    ddc->parent_exit = pc->exit;
    ddc->parent_config_write = pc->config_write;
    ddc->parent_set_cacheline = ctc->set_cacheline;
    ddc->parent_reset = dc->legacy_reset;
    ddc->loaded = cxl_dcd_sanitize_resume;
    ddc->fm_save = cxl_dcd_fm_save;
    ddc->fm_load = cxl_dcd_fm_load;
    ddc->stopped = cxl_dcd_mailbox_registers_stopped;
    pc->realize = cxl_dcd_realize;
    pc->exit = cxl_dcd_exit;
    pc->config_write = cxl_dcd_config_write;
    ctc->set_cacheline = cxl_dcd_set_cacheline;
    device_class_set_legacy_reset(dc, cxl_dcd_reset_device);
    cxl_dcd_prepare_class_init();
    cxl_dcd_vmstate_class_init(dc);
    cxl_dcd_discard_class_init(oc);
    dc->desc = "CXL Memory Device (Type 3)";
    cxl_dcd_props_class_init(oc);
}

static const TypeInfo cxl_dcd_info = {
    .name = TYPE_CXL_DCD,
    .parent = TYPE_CXL_TYPE3,
    .class_size = sizeof(CXLDcdDeviceClass),
    .class_init = cxl_dcd_class_init,
    .instance_size = sizeof(CXLDcdDevice),
    .instance_init = cxl_dcd_instance_init,
    .instance_finalize = cxl_dcd_instance_finalize,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_RAM_DISCARD_MANAGER },
        { }
    },
};

static void cxl_dcd_register_types(void)
{
    type_register_static(&cxl_dcd_info);
}

type_init(cxl_dcd_register_types)
