/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: operators are told what became of a request
 *
 * An event of QMP when capacity has changed hands.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "outcome.h"
#include "qapi/qapi-events-cxl.h"
#include "qemu/error-report.h"
#include "system/kvm.h"

/*
 * A guest that has trapped memory among its system memory may hang: its other
 * devices cannot reach it, and under KVM vector instructions fail. Said once a
 * device; not of what the operator has switched off himself, nor of what may be
 * otherwise in a moment. The first one that is trapped stands for all that were
 * accepted with it: there may be thousands.
 */
static void cxl_dcd_outcome_warn(CXLDcdDevice *device,
                                 const CXLDcdExtent *extent, size_t count)
{
    CxlDynamicCapacityTrap why;

    while (count && cxl_dcd_route_mapping(device, extent->dpa, extent->len) !=
                    CXL_DYNAMIC_CAPACITY_MAPPING_TRAPPED) {
        extent++;
        count--;
    }
    if (!count) {
        return;
    }
    why = cxl_dcd_trap_why(device, extent->dpa, extent->len);
    if (why == CXL_DYNAMIC_CAPACITY_TRAP_SWITCHED_OFF ||
        why == CXL_DYNAMIC_CAPACITY_TRAP_MOVING ||
        why == CXL_DYNAMIC_CAPACITY_TRAP_INCOMPLETE) {
        return;
    }
    device->trap_told = true;
    warn_report("device '%s': accesses to an extent that the host has accepted "
                "(DPA 0x%" PRIx64 ", 0x%" PRIx64 " bytes) are trapped (%s): "
                "slow, and no system memory for a guest%s",
                device->path, extent->dpa, extent->len,
                CxlDynamicCapacityTrap_str(why),
                kvm_enabled() ? ", whose vector instructions fail there" : "");
}

static void cxl_dcd_outcome_send(CXLDcdDevice *device, CXLDcdOutcome outcome,
                             uint8_t region, const CXLDcdTag *tag,
                             CxlDynamicCapacityRangeList *ranges)
{
    uint16_t host = cxl_dcd_config(device->dcd)->host_id;
    g_autofree char *text = cxl_dcd_tag_text(tag->bytes);

    switch (outcome) {
    case CXL_DCD_OUTCOME_ADDED:
        qapi_event_send_cxl_dynamic_capacity_added(device->path, host, region,
                                                   text, ranges);
        break;
    case CXL_DCD_OUTCOME_REJECTED:
        qapi_event_send_cxl_dynamic_capacity_rejected(device->path, host,
                                                      region, text, ranges);
        break;
    case CXL_DCD_OUTCOME_RELEASED:
        qapi_event_send_cxl_dynamic_capacity_released(device->path, host,
                                                      region, text, ranges);
        break;
    case CXL_DCD_OUTCOME_FORCED:
        qapi_event_send_cxl_dynamic_capacity_forced(device->path, host, region,
                                                    text, ranges);
        break;
    }
}

/* One event for each series of extents with the same region and tag */
void cxl_dcd_outcome_tell(void *opaque, CXLDcdOutcome outcome,
                          const CXLDcdExtent *extents, size_t count)
{
    CXLDcdDevice *device = opaque;
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    size_t i, first = 0;

    if (outcome == CXL_DCD_OUTCOME_ADDED && !device->trap_told) {
        cxl_dcd_outcome_warn(device, extents, count);
    }
    while (first < count) {
        CxlDynamicCapacityRangeList *ranges = NULL, **tail = &ranges;
        const CXLDcdExtent *head = &extents[first];

        for (i = first; i < count && extents[i].region == head->region &&
             !memcmp(&extents[i].tag, &head->tag, sizeof(head->tag)); i++) {
            CxlDynamicCapacityRange *range =
                g_new0(CxlDynamicCapacityRange, 1);

            trace_cxl_dcd_outcome(device->path, outcome, extents[i].dpa,
                                  extents[i].len);
            range->dpa = extents[i].dpa;
            range->offset = range->dpa - config->regions[head->region].base;
            range->len = extents[i].len;
            QAPI_LIST_APPEND(tail, range);
        }
        cxl_dcd_outcome_send(device, outcome, head->region, &head->tag, ranges);
        qapi_free_CxlDynamicCapacityRangeList(ranges);
        first = i;
    }
}
