/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a head's capacity as blocks of its pool
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/memory.h"
#include "head-blocks.h"

CXLDcdPoolRange cxl_dcd_head_blocks_of(CXLDcdDevice *device, uint64_t dpa,
                                       uint64_t len)
{
    uint64_t size =
        cxl_dcd_pool_config(cxl_dcd_head_pool_of(device))->block_size;

    return (CXLDcdPoolRange) { cxl_dcd_backing_of(device, dpa) / size,
                               len / size };
}

int cxl_dcd_head_range_of(const CXLDcdDevice *device,
                          const CXLDcdPoolRange *range, CXLDcdRange *ret)
{
    uint64_t size =
        cxl_dcd_pool_config(cxl_dcd_head_pool_of(device))->block_size;

    return cxl_dcd_backing_region(device, range->first * size,
                                  range->count * size, ret);
}

bool cxl_dcd_head_refuse(GError **error, GError *from)
{
    uint16_t code;

    switch (from->code) {
    case EBUSY:
        code = CXL_DCD_RC_BUSY;
        break;
    case ETIMEDOUT:
        code = CXL_DCD_RC_RETRY_REQUIRED;
        break;
    case ENOSPC:
        code = CXL_DCD_RC_RESOURCES_EXHAUSTED;
        break;
    case EIO:
        code = CXL_DCD_RC_INTERNAL_ERROR;
        break;
    default:
        code = CXL_DCD_RC_INVALID_INPUT;
        break;
    }
    g_set_error_literal(error, CXL_DCD_ERROR, code, from->message);
    g_error_free(from);
    return false;
}

int cxl_dcd_head_hide(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    return cxl_dcd_pages_hide(MEMORY_BACKEND(device->pool),
                              cxl_dcd_backing_of(device, dpa), len);
}

bool cxl_dcd_head_show(CXLDcdDevice *device, const CXLDcdExtent *extents,
                       size_t count, GError **error)
{
    size_t i;
    int ret;

    for (i = 0; i < count; i++) {
        ret = cxl_dcd_pages_show(MEMORY_BACKEND(device->pool),
                                 cxl_dcd_backing_of(device, extents[i].dpa),
                                 extents[i].len);
        if (ret < 0) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                        "cannot map 0x%" PRIx64 " bytes of pool '%s': %s; "
                        "each piece of capacity that stands alone takes two of "
                        "the mappings that vm.max_map_count allows a process",
                        extents[i].len, device->pool->path, g_strerror(-ret));
            while (i--) {
                cxl_dcd_head_hide(device, extents[i].dpa, extents[i].len);
            }
            return false;
        }
    }
    return true;
}
