/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: faults of a device
 *
 * They are an operator's for this one machine: no migration takes them along,
 * so there is none while one is armed, or while a doorbell hangs.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/trace.h"
#include "fault.h"
#include "migration/blocker.h"
#include "qapi/error.h"

void cxl_dcd_device_fault_ended(CXLDcdDevice *device)
{
    if (device->fault_blocker && !cxl_dcd_fault_armed(device->faults, 0) &&
        !device->doorbell_held) {
        migrate_del_blocker(&device->fault_blocker);
    }
}

static void cxl_dcd_device_fault_changed(void *opaque, bool armed)
{
    if (!armed) {
        cxl_dcd_device_fault_ended(opaque);
    }
}

bool cxl_dcd_device_fault(CXLDcdDevice *device, const CXLDcdFault *fault,
                          Error **errp)
{
    g_autoptr(GError) error = NULL;

    if (!device->fault_blocker) {
        error_setg(&device->fault_blocker, "device '%s' misbehaves on demand "
                   "(cxl-dcd-fault), which ends here; clear its faults, and "
                   "reset the machine if a command hangs", device->path);
        if (migrate_add_blocker(&device->fault_blocker, errp) < 0) {
            return false;
        }
    }
    if (!cxl_dcd_fault_arm(device->faults, fault, &error)) {
        error_setg(errp, "%s", error->message);
        cxl_dcd_device_fault_ended(device);
        return false;
    }
    trace_cxl_dcd_fault(device->path, fault->kind, fault->fm, fault->opcode,
                        fault->skip, fault->left);
    return true;
}

void cxl_dcd_device_fault_clear(CXLDcdDevice *device)
{
    cxl_dcd_faults_clear(device->faults);
}

void cxl_dcd_device_fault_init(CXLDcdDevice *device)
{
    device->faults = cxl_dcd_faults_new(cxl_dcd_device_fault_changed, device);
}

void cxl_dcd_device_fault_free(CXLDcdDevice *device)
{
    g_clear_pointer(&device->faults, cxl_dcd_faults_free);
    migrate_del_blocker(&device->fault_blocker);
}
