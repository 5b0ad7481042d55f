/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: mappings that KVM and vhost have room for
 *
 * Each mapping is a memory slot to KVM, and to every device whose rings another
 * process or the kernel serves (vhost). Some have 8, or 64. One more than they
 * have makes QEMU end, or the device work with a table that is not true any
 * more; so what does not fit is trapped.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/virtio/vhost.h"
#include "system/kvm.h"
#include "slots.h"

/* For memory of devices that come later */
#define SPARE 2

static struct {
    MemoryListener listener;
    const uint32_t *mappings;
    uint32_t known;               /* of them, KVM and vhost have these */
} cxl_dcd_slots;

static void cxl_dcd_slots_commit(MemoryListener *listener)
{
    cxl_dcd_slots.known = *cxl_dcd_slots.mappings;
}

void cxl_dcd_slots_init(const uint32_t *mappings)
{
    if (!cxl_dcd_slots.mappings) {
        cxl_dcd_slots.mappings = mappings;
        cxl_dcd_slots.listener = (MemoryListener) {
            .name = "cxl-dcd-slots",
            .commit = cxl_dcd_slots_commit,
        };
        memory_listener_register(&cxl_dcd_slots.listener,
                                 &address_space_memory);
    }
}

bool cxl_dcd_slots_room(void)
{
    uint64_t now = *cxl_dcd_slots.mappings;
    uint64_t free = vhost_get_free_memslots(); /* beside the known ones */

    if (kvm_enabled()) {
        free = MIN(free, kvm_get_free_memslots());
    }
    return now + SPARE < cxl_dcd_slots.known + free;
}
