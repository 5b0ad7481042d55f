/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a device that was unplugged answers nothing
 *
 * A processor that is about to access a register has found it in the memory
 * map, then waits for the BQL. Meanwhile the device is unplugged: the parent
 * frees what its registers lead to, and only the object stays while somebody is
 * on the way to it. So what registers do is changed before: they read all ones,
 * as what is not there does, and what is written vanishes.
 */
#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "gate.h"

static uint64_t cxl_dcd_gate_read(void *opaque, hwaddr addr, unsigned size)
{
    return UINT64_MAX;
}

static void cxl_dcd_gate_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size)
{
}

static const MemoryRegionOps cxl_dcd_gate_ops = {
    .read = cxl_dcd_gate_read,
    .write = cxl_dcd_gate_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static int cxl_dcd_gate_close_one(Object *child, void *opaque)
{
    MemoryRegion *mr;

    mr = (MemoryRegion *)object_dynamic_cast(child, TYPE_MEMORY_REGION);
    if (mr && mr->terminates && !mr->ram) {
        mr->ops = &cxl_dcd_gate_ops;
    }
    return 0;
}

void cxl_dcd_gate_close(CXLDcdDevice *device)
{
    object_child_foreach(OBJECT(device), cxl_dcd_gate_close_one, NULL);
}
