/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the calls that QEMU's own files make
 *
 * Kept apart from dcd/device.h so that the hooks pull in nothing else.
 */
#ifndef CXL_DCD_ROUTE_H
#define CXL_DCD_ROUTE_H

typedef struct CXLType3Dev CXLType3Dev;
typedef struct GuestPhysBlockList GuestPhysBlockList;
typedef struct MemoryRegion MemoryRegion;

/*
 * An HDM decoder on the way to a device changed, or a device came or went.
 * Works out anew what the fixed windows lead to and takes away mappings that
 * no longer hold before it returns. Nothing to do: costs a comparison. BQL.
 */
void cxl_dcd_route_changed(void);

/*
 * QMP is about to poison [@start, @start + @length) of a device. False and
 * @errp set: there is nothing of the host's to poison. Otherwise its pages are
 * reached access by access from now on, which is where poison is seen. BQL.
 */
bool cxl_dcd_poison_inject(CXLType3Dev *ct3d, uint64_t start, uint64_t length,
                           Error **errp);

/*
 * A transfer maps [@offset, @offset + @len) of @mr, or is through with what it
 * mapped there. Any thread; the first inside the RCU read section in which the
 * memory map was looked up.
 */
void cxl_dcd_dma_begin(MemoryRegion *mr, uint64_t offset, uint64_t len);
void cxl_dcd_dma_end(MemoryRegion *mr, uint64_t offset, uint64_t len);

/*
 * The guest's memory is about to be dumped, and @list has what the memory map
 * says is RAM: add capacity that is trapped. BQL.
 */
void cxl_dcd_dump_append(GuestPhysBlockList *list);

#endif /* CXL_DCD_ROUTE_H */
