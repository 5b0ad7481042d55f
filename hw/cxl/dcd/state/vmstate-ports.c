/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration state of the CXL ports above a device
 *
 * QEMU's CXL root ports, switch ports and host bridges carry no VMState, so a
 * migrated guest finds them reset: bus numbers, windows and HDM decoders gone.
 * They get one here, without a change to their files: their classes are given
 * a description before the first of them can be made. What a port holds is its
 * PCI state and the component registers (HDM decoders among them, 8.2.4.20).
 *
 * The structs of the ports are private to their files. Their component
 * registers are found through the ".cache_mem" memory region that every CXL
 * component owns, and whose opaque is its CXLComponentState.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "hw/cxl/cxl.h"
#include "vmstate.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci_host.h"
#include "hw/pci/pcie_port.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"

typedef struct ComponentSearch {
    CXLComponentState *found;
} ComponentSearch;

static int cxl_dcd_vmstate_match_cache_mem(Object *child, void *opaque)
{
    ComponentSearch *search = opaque;
    MemoryRegion *mr;

    mr = (MemoryRegion *)object_dynamic_cast(child, TYPE_MEMORY_REGION);
    if (!mr || g_strcmp0(memory_region_name(mr), ".cache_mem") != 0) {
        return 0;
    }
    search->found = mr->opaque;
    return 1;
}

static CXLComponentState *cxl_dcd_vmstate_component_of(void *dev)
{
    ComponentSearch search = { };

    object_child_foreach(OBJECT(dev), cxl_dcd_vmstate_match_cache_mem, &search);
    return search.found;
}

static int cxl_dcd_vmstate_component_put(QEMUFile *f, void *pv, size_t size,
                                         const VMStateField *field,
                                         JSONWriter *vmdesc)
{
    CXLComponentState *cstate = cxl_dcd_vmstate_component_of(pv);
    size_t len = sizeof(cstate->crb.cache_mem_registers);

    if (!cstate) {
        error_report("%s has no CXL component registers to save",
                     object_get_typename(OBJECT(pv)));
        return -ENODEV;
    }
    qemu_put_be32(f, len);
    qemu_put_buffer(f, (uint8_t *)cstate->crb.cache_mem_registers, len);
    return 0;
}

static int cxl_dcd_vmstate_component_get(QEMUFile *f, void *pv, size_t size,
                                         const VMStateField *field)
{
    CXLComponentState *cstate = cxl_dcd_vmstate_component_of(pv);
    size_t len = sizeof(cstate->crb.cache_mem_registers);
    uint32_t sent = qemu_get_be32(f);

    if (!cstate || sent != len) {
        error_report("%s: %" PRIu32 " bytes of CXL component registers in the "
                     "stream, %zu here", object_get_typename(OBJECT(pv)), sent,
                     cstate ? len : 0);
        return -EINVAL;
    }
    qemu_get_buffer(f, (uint8_t *)cstate->crb.cache_mem_registers, len);
    return 0;
}

const VMStateInfo cxl_dcd_vmstate_info_component = {
    .name = "cxl component registers",
    .get = cxl_dcd_vmstate_component_get,
    .put = cxl_dcd_vmstate_component_put,
};

static const VMStateDescription vmstate_cxl_slot = {
    .name = "cxl-dcd/cxl-slot",
    .priority = MIG_PRI_PCI_BUS,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = pcie_cap_slot_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj.parent_obj.parent_obj, PCIESlot),
        VMSTATE_STRUCT(parent_obj.parent_obj.parent_obj.exp.aer_log, PCIESlot,
                       0, vmstate_pcie_aer_log, PCIEAERLog),
        CXL_DCD_VMSTATE_COMPONENT(),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_cxl_upstream = {
    .name = "cxl-dcd/cxl-upstream",
    .priority = MIG_PRI_PCI_BUS,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj.parent_obj, PCIEPort),
        VMSTATE_STRUCT(parent_obj.parent_obj.exp.aer_log, PCIEPort,
                       0, vmstate_pcie_aer_log, PCIEAERLog),
        CXL_DCD_VMSTATE_COMPONENT(),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_cxl_host_bridge = {
    .name = "cxl-dcd/cxl-host-bridge",
    .priority = MIG_PRI_PCI_BUS,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        CXL_DCD_VMSTATE_COMPONENT(),
        VMSTATE_END_OF_LIST()
    }
};

static void cxl_dcd_vmstate_give_vmstate(const char *type,
                                         const VMStateDescription *vmsd)
{
    ObjectClass *klass = object_class_by_name(type);

    /* Not every build has every port */
    if (klass) {
        DEVICE_CLASS(klass)->vmsd = vmsd;
    }
}

/* Runs after all types are registered and before any device is made */
static void cxl_dcd_vmstate_port_init(void)
{
    cxl_dcd_vmstate_give_vmstate("cxl-rp", &vmstate_cxl_slot);
    cxl_dcd_vmstate_give_vmstate("cxl-downstream", &vmstate_cxl_slot);
    cxl_dcd_vmstate_give_vmstate("cxl-upstream", &vmstate_cxl_upstream);
    cxl_dcd_vmstate_give_vmstate(TYPE_PXB_CXL_HOST, &vmstate_cxl_host_bridge);
}
migration_init(cxl_dcd_vmstate_port_init)
