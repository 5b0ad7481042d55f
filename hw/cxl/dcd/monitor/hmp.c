/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the same for people, "info cxl-dynamic-capacity"
 */
#include "qemu/osdep.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-cxl.h"
#include "qemu/module.h"

static void cxl_dcd_print_region(Monitor *mon,
                                 const CxlDynamicCapacityRegion *region)
{
    const CxlDynamicCapacityRegionFlagList *flag;

    monitor_printf(mon, "  region %u: dpa 0x%" PRIx64 ", length 0x%" PRIx64
                   ", block 0x%" PRIx64 ", available 0x%" PRIx64,
                   region->index, region->base, region->length,
                   region->block_size, region->available);
    for (flag = region->flags; flag; flag = flag->next) {
        monitor_printf(mon, ", %s",
                       CxlDynamicCapacityRegionFlag_str(flag->value));
    }
    monitor_printf(mon, "%s\n", region->sanitize ? ", sanitize" : "");
}

static void cxl_dcd_print_device(Monitor *mon,
                                 const CxlDynamicCapacityInfo *info)
{
    const CxlDynamicCapacityRegionList *region;
    const CxlDynamicCapacityExtentInfoList *item;

    monitor_printf(mon, "%s: host %u, generation %u, extents %u of %u, "
                   "tags %u of %u, %u direct mappings\n", info->path,
                   info->host_id, info->generation,
                   info->supported_extents - info->available_extents,
                   info->supported_extents,
                   info->supported_tags - info->available_tags,
                   info->supported_tags, info->direct_mappings);
    for (region = info->regions; region; region = region->next) {
        cxl_dcd_print_region(mon, region->value);
    }
    for (item = info->extents; item; item = item->next) {
        const CxlDynamicCapacityExtentInfo *extent = item->value;

        monitor_printf(mon, "  extent [0x%" PRIx64 ", +0x%" PRIx64 "] of "
                       "region %u: %s, %s, tag %s, sequence %u%s%s\n",
                       extent->offset, extent->len, extent->region,
                       CxlDynamicCapacityState_str(extent->state),
                       CxlDynamicCapacityMapping_str(extent->mapping),
                       extent->tag, extent->sequence,
                       extent->has_waits_for ? ", waits for " : "",
                       extent->has_waits_for
                       ? CxlDynamicCapacityWait_str(extent->waits_for) : "");
    }
}

static void cxl_dcd_hmp_info(Monitor *mon, const QDict *qdict)
{
    CxlDynamicCapacityInfoList *list, *item;
    Error *err = NULL;

    list = qmp_query_cxl_dynamic_capacity(NULL, false, 0, false, 0, NULL, &err);
    if (hmp_handle_error(mon, err)) {
        return;
    }
    if (!list) {
        monitor_printf(mon, "no device has dynamic capacity\n");
    }
    for (item = list; item; item = item->next) {
        cxl_dcd_print_device(mon, item->value);
    }
    qapi_free_CxlDynamicCapacityInfoList(list);
}

static void cxl_dcd_hmp_register(void)
{
    monitor_register_hmp("cxl-dynamic-capacity", true, cxl_dcd_hmp_info);
}

type_init(cxl_dcd_hmp_register)
