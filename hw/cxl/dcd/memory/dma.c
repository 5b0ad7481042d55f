/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: transfers that are under way
 *
 * A disk, a network card or whatever else does DMA holds a pointer to the
 * device's memory from address_space_map() to address_space_unmap(). Capacity
 * that the host gives back meanwhile is out of the memory map at once, and in
 * reach of such a transfer until it ends. So they are kept account of: QEMU's
 * own count of references is one for all of the memory.
 *
 * The calls come from any thread. Whoever looks up the memory map does so
 * inside an RCU read section that ends after the call here: so after a grace
 * period every transfer that still found the capacity is known.
 */
#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/hooks.h"
#include "hw/cxl/dcd/memory.h"
#include "qemu/interval-tree.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"

struct CXLDcdDma {
    CXLDcdDevice *device;
    void (*ended)(CXLDcdDevice *device);
    QEMUBH *bh;
    QemuMutex mutex;              /* of what follows */
    IntervalTreeRoot transfers;   /* by offset in the backend */
    unsigned count;
    bool referenced;              /* the device stays while there are any */
};

static void cxl_dcd_dma_changed(void *opaque)
{
    CXLDcdDma *dma = opaque;
    CXLDcdDevice *device = dma->device;
    bool last = false;

    WITH_QEMU_LOCK_GUARD(&dma->mutex) {
        if (dma->referenced && !dma->count) {
            dma->referenced = false;
            last = true;
        }
    }
    dma->ended(device);
    if (last) {
        object_unref(OBJECT(device));
    }
}

void cxl_dcd_dma_init(CXLDcdDevice *device,
                      void (*ended)(CXLDcdDevice *device))
{
    CXLDcdDma *dma = g_new0(CXLDcdDma, 1);

    dma->device = device;
    dma->ended = ended;
    dma->bh = qemu_bh_new(cxl_dcd_dma_changed, dma);
    qemu_mutex_init(&dma->mutex);
    device->dma = dma;
}

void cxl_dcd_dma_free(CXLDcdDevice *device)
{
    CXLDcdDma *dma = device->dma;

    if (dma) {
        g_assert(!dma->count);
        device->dma = NULL;
        qemu_bh_delete(dma->bh);
        qemu_mutex_destroy(&dma->mutex);
        g_free(dma);
    }
}

static CXLDcdDma *cxl_dcd_dma_of(MemoryRegion *mr)
{
    RamDiscardManager *manager = memory_region_get_ram_discard_manager(mr);
    Object *device =
        manager ? object_dynamic_cast(OBJECT(manager), TYPE_CXL_DCD) : NULL;

    return device ? CXL_DCD(device)->dma : NULL;
}

void cxl_dcd_dma_begin(MemoryRegion *mr, uint64_t offset, uint64_t len)
{
    CXLDcdDma *dma = cxl_dcd_dma_of(mr);
    IntervalTreeNode *transfer;

    if (!dma) {
        return;
    }
    transfer = g_new0(IntervalTreeNode, 1);
    transfer->start = offset;
    transfer->last = offset + MAX(len, 1) - 1;
    QEMU_LOCK_GUARD(&dma->mutex);
    interval_tree_insert(transfer, &dma->transfers);
    dma->count++;
    if (!dma->referenced) {
        dma->referenced = true;
        object_ref(OBJECT(dma->device));
    }
}

/* The transfer that begins at @offset; the one of @len if there are several */
static IntervalTreeNode *cxl_dcd_dma_find(CXLDcdDma *dma, uint64_t offset,
                                          uint64_t len)
{
    IntervalTreeNode *node, *found = NULL;

    for (node = interval_tree_iter_first(&dma->transfers, offset, offset); node;
         node = interval_tree_iter_next(node, offset, offset)) {
        if (node->start != offset) {
            continue;
        }
        found = node;
        if (node->last - node->start + 1 == len) {
            break;
        }
    }
    return found;
}

void cxl_dcd_dma_end(MemoryRegion *mr, uint64_t offset, uint64_t len)
{
    CXLDcdDma *dma = cxl_dcd_dma_of(mr);
    IntervalTreeNode *transfer;

    if (!dma) {
        return;
    }
    QEMU_LOCK_GUARD(&dma->mutex);
    transfer = cxl_dcd_dma_find(dma, offset, len);
    if (!transfer) {
        return; /* it began before the device was there */
    }
    interval_tree_remove(transfer, &dma->transfers);
    g_free(transfer);
    dma->count--;
    qemu_bh_schedule(dma->bh);
}

bool cxl_dcd_dma_busy(CXLDcdDevice *device, uint64_t offset, uint64_t len)
{
    CXLDcdDma *dma = device->dma;

    QEMU_LOCK_GUARD(&dma->mutex);
    return interval_tree_iter_first(&dma->transfers, offset, offset + len - 1);
}
