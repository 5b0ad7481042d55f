/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the Coherent Device Attribute Table
 *
 * The parent builds entries for static memory, and one set for all dynamic
 * capacity, which is dropped: each region gets a set of its own, with its
 * attributes. The DSMAS handle of region i follows those of static memory, and
 * is what 4800h reports as DSMAD handle.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/device.h"
#include "cdat.h"
#include "system/numa.h"

/* DSMAS, four DSLBIS, DSEMTS */
#define ENTRIES_PER_RANGE 6

/* Between local DRAM and a switch away; the same for every region */
#define READ_LATENCY_PS    150000
#define WRITE_LATENCY_PS   250000
#define BANDWIDTH_MBS      16000

#define LATENCY_UNIT       10000
#define BANDWIDTH_UNIT     1000

/* UEFI memory type and attribute: conventional special purpose, reserved */
#define EFI_SPECIAL        1
#define EFI_RESERVED       2

static void *cxl_dcd_cdat_entry(CDATSubHeader **slot, uint8_t type,
                                uint16_t length)
{
    CDATSubHeader *header = g_malloc0(length);

    header->type = type;
    header->length = length;
    *slot = header;
    return header;
}

static void cxl_dcd_cdat_latency(CDATSubHeader **slot, uint8_t handle,
                                 uint8_t type, uint64_t unit, uint64_t value)
{
    CDATDslbis *dslbis = cxl_dcd_cdat_entry(slot, CDAT_TYPE_DSLBIS,
                                            sizeof(*dslbis));

    dslbis->handle = handle;
    dslbis->flags = HMAT_LB_MEM_MEMORY;
    dslbis->data_type = type;
    dslbis->entry_base_unit = unit;
    dslbis->entry[0] = value / unit;
}

static void cxl_dcd_cdat_region(CDATSubHeader **table,
                                const CXLDcdRegionConfig *region)
{
    bool nonvolatile = region->attributes & CXL_DCD_REGION_NONVOLATILE;
    uint8_t handle = region->dsmad_handle;
    CDATDsmas *dsmas;
    CDATDsemts *dsemts;

    dsmas = cxl_dcd_cdat_entry(&table[0], CDAT_TYPE_DSMAS, sizeof(*dsmas));
    dsmas->DSMADhandle = handle;
    /* Region attributes have the bit numbers of DSMAS flags */
    dsmas->flags = region->attributes | CDAT_DSMAS_FLAG_DYNAMIC_CAP;
    dsmas->DPA_base = region->base;
    dsmas->DPA_length = region->decode_length;

    cxl_dcd_cdat_latency(&table[1], handle, HMAT_LB_DATA_READ_LATENCY,
                         LATENCY_UNIT, READ_LATENCY_PS);
    cxl_dcd_cdat_latency(&table[2], handle, HMAT_LB_DATA_WRITE_LATENCY,
                         LATENCY_UNIT, WRITE_LATENCY_PS);
    cxl_dcd_cdat_latency(&table[3], handle, HMAT_LB_DATA_READ_BANDWIDTH,
                         BANDWIDTH_UNIT, BANDWIDTH_MBS);
    cxl_dcd_cdat_latency(&table[4], handle, HMAT_LB_DATA_WRITE_BANDWIDTH,
                         BANDWIDTH_UNIT, BANDWIDTH_MBS);

    dsemts = cxl_dcd_cdat_entry(&table[5], CDAT_TYPE_DSEMTS, sizeof(*dsemts));
    dsemts->DSMAS_handle = handle;
    dsemts->EFI_memory_type_attr = nonvolatile ? EFI_RESERVED : EFI_SPECIAL;
    dsemts->DPA_offset = 0;
    dsemts->DPA_length = region->decode_length;
}

static int cxl_dcd_cdat_build(CDATSubHeader ***ret_table, void *opaque)
{
    CXLDcdDevice *device = CXL_DCD(opaque);
    CXLType3Dev *ct3d = CXL_TYPE3(device);
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    unsigned ranges = !!ct3d->hostvmem + !!ct3d->hostpmem;
    CDATSubHeader **table, **parent_table;
    unsigned i, count = ranges * ENTRIES_PER_RANGE;
    int parent_count;

    parent_count = device->parent_build_cdat(&parent_table, opaque);
    if (parent_count < (int)count) {
        return -EINVAL;
    }
    table = g_new0(CDATSubHeader *,
                   count + config->num_regions * ENTRIES_PER_RANGE);
    for (i = 0; i < (unsigned)parent_count; i++) {
        if (i < count) {
            table[i] = parent_table[i];
        } else {
            g_free(parent_table[i]);
        }
    }
    g_free(parent_table);
    for (i = 0; i < config->num_regions; i++) {
        cxl_dcd_cdat_region(&table[count], &config->regions[i]);
        count += ENTRIES_PER_RANGE;
    }
    *ret_table = table;
    return count;
}

/* What the parent forgets when it releases a table that it has built */
void cxl_dcd_cdat_free(CXLDcdDevice *device)
{
    CDATObject *cdat = &CXL_TYPE3(device)->cxl_cstate.cdat;

    if (!cdat->filename && cdat->entry) {
        g_clear_pointer(&cdat->entry[0].base, g_free);
    }
}

bool cxl_dcd_cdat_init(CXLDcdDevice *device, Error **errp)
{
    CXLComponentState *cstate = &CXL_TYPE3(device)->cxl_cstate;

    if (cstate->cdat.filename) {
        return true;              /* the user's own table */
    }
    cxl_dcd_cdat_free(device);
    cxl_doe_cdat_release(cstate);
    device->parent_build_cdat = cstate->cdat.build_cdat_table;
    cstate->cdat.build_cdat_table = cxl_dcd_cdat_build;
    return cxl_doe_cdat_init(cstate, errp);
}
