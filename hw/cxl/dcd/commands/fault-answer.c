/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: answers that no device should give
 *
 * Lists of extents (4801h, 5603h, and the records of log 4) and of tags
 * (5608h), spoiled in the ways that their readers must see through.
 */
#include <string.h>
#include "hw/cxl/dcd/wire_fm.h"
#include "fault-answer.h"

/* Less than a block of any region, so in none of them aligned */
#define INSIDE_BLOCK 1

/* Where an answer has what. 0 bytes an entry: it is no list of extents. */
typedef struct Layout {
    uint16_t opcode;
    uint8_t header;               /* bytes before the entries */
    uint8_t entry;                /* bytes of one */
    uint8_t extent;               /* where the extent is, in the entry */
    uint8_t count;                /* where the number of entries is */
    uint8_t count_bytes;
    uint8_t total;                /* of all that there are; 0: not told */
    uint8_t generation;           /* is told where has_generation */
    bool has_generation;
} Layout;

static const Layout layouts[] = {
    {
        .opcode = CXL_DCD_OP_GET_EVENT_RECORDS,
        .header = sizeof(CXLDcdGetEventsResponse),
        .entry = sizeof(CXLDcdEventRecord),
        .extent = offsetof(CXLDcdEventRecord, extent),
        .count = offsetof(CXLDcdGetEventsResponse, record_count),
        .count_bytes = sizeof(cxl_dcd_le16),
    }, {
        .opcode = CXL_DCD_OP_GET_EXTENT_LIST,
        .header = sizeof(CXLDcdGetExtentListResponse),
        .entry = sizeof(CXLDcdWireExtent),
        .count = offsetof(CXLDcdGetExtentListResponse, returned),
        .count_bytes = sizeof(cxl_dcd_le32),
        .total = offsetof(CXLDcdGetExtentListResponse, total),
        .generation = offsetof(CXLDcdGetExtentListResponse, generation),
        .has_generation = true,
    }, {
        .opcode = CXL_DCD_OP_FM_GET_EXTENT_LISTS,
        .header = sizeof(CXLDcdFmExtentListResponse),
        .entry = sizeof(CXLDcdWireExtent),
        .count = offsetof(CXLDcdFmExtentListResponse, returned),
        .count_bytes = sizeof(cxl_dcd_le32),
        .total = offsetof(CXLDcdFmExtentListResponse, total),
        .generation = offsetof(CXLDcdFmExtentListResponse, generation),
        .has_generation = true,
    }, {
        .opcode = CXL_DCD_OP_FM_LIST_TAGS,
        .header = sizeof(CXLDcdFmListTagsResponse),
        .total = offsetof(CXLDcdFmListTagsResponse, total),
        .generation = offsetof(CXLDcdFmListTagsResponse, generation),
        .has_generation = true,
    },
};

static const Layout *cxl_dcd_fault_layout(uint16_t opcode)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(layouts); i++) {
        if (layouts[i].opcode == opcode) {
            return &layouts[i];
        }
    }
    return NULL;
}

bool cxl_dcd_fault_fits(CXLDcdFaultKind kind, uint16_t opcode)
{
    const Layout *layout = cxl_dcd_fault_layout(opcode);

    switch (kind) {
    case CXL_DCD_FAULT_OVERLAP:
    case CXL_DCD_FAULT_MISALIGN:
    case CXL_DCD_FAULT_OUTSIDE:
        return layout && layout->entry;
    case CXL_DCD_FAULT_ENDLESS:
        return layout;
    case CXL_DCD_FAULT_UNSTABLE:
        return layout && layout->has_generation;
    default:
        return true;
    }
}

/* --- Extents --- */

static uint32_t cxl_dcd_fault_count(const Layout *layout,
                                    const CXLDcdFaultAnswer *answer)
{
    return layout->entry && answer->len > layout->header ?
        (answer->len - layout->header) / layout->entry : 0;
}

static CXLDcdWireExtent *cxl_dcd_fault_extent(const Layout *layout,
                                              CXLDcdFaultAnswer *answer,
                                              uint32_t index)
{
    return (CXLDcdWireExtent *)(answer->out + layout->header +
                                (size_t)index * layout->entry +
                                layout->extent);
}

static uint32_t cxl_dcd_fault_get(const uint8_t *at, unsigned bytes)
{
    uint32_t value = at[0] | at[1] << 8;

    if (bytes == sizeof(value)) {
        value |= (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    }
    return value;
}

static void cxl_dcd_fault_put(uint8_t *at, unsigned bytes, uint32_t value)
{
    unsigned i;

    for (i = 0; i < bytes; i++) {
        at[i] = value >> 8 * i;
    }
}

static void cxl_dcd_fault_count_up(CXLDcdFaultAnswer *answer, uint8_t offset,
                                   unsigned bytes)
{
    uint8_t *at = answer->out + offset;

    cxl_dcd_fault_put(at, bytes, cxl_dcd_fault_get(at, bytes) + 1);
}

/* The last entry once more; where there is no room, in place of the first */
static void cxl_dcd_fault_overlap(const Layout *layout,
                                  CXLDcdFaultAnswer *answer, uint32_t count)
{
    uint8_t *first = answer->out + layout->header;
    uint8_t *behind = first + (size_t)count * layout->entry;

    if (answer->room - answer->len < layout->entry) {
        memcpy(cxl_dcd_fault_extent(layout, answer, 0),
               cxl_dcd_fault_extent(layout, answer, count - 1),
               sizeof(CXLDcdWireExtent));
        return;
    }
    memmove(behind, behind - layout->entry, layout->entry);
    answer->len += layout->entry;
    cxl_dcd_fault_count_up(answer, layout->count, layout->count_bytes);
    if (layout->total) {
        cxl_dcd_fault_count_up(answer, layout->total, sizeof(uint32_t));
    }
}

/* --- Lists that do not end, or do not stay as they are --- */

static void cxl_dcd_fault_endless(const Layout *layout,
                                  CXLDcdFaultAnswer *answer, uint32_t count)
{
    CXLDcdGetEventsResponse *events = (CXLDcdGetEventsResponse *)answer->out;
    uint32_t i;

    if (layout->total) {
        memset(answer->out + layout->total, 0xff, sizeof(uint32_t));
        return;
    }
    events->flags |= CXL_DCD_EVENTS_MORE;
    for (i = 0; i < count; i++) {
        events->records[i].flags |= CXL_DCD_EVENT_MORE;
    }
}

bool cxl_dcd_fault_spoil(const CXLDcdFault *fault, CXLDcdFaultAnswer *answer)
{
    const Layout *layout = cxl_dcd_fault_layout(fault->opcode);
    uint32_t count;
    CXLDcdWireExtent *extent;

    if (!layout || answer->code != CXL_DCD_RC_SUCCESS ||
        answer->len < layout->header) {
        return false;
    }
    count = cxl_dcd_fault_count(layout, answer);
    switch (fault->kind) {
    case CXL_DCD_FAULT_ENDLESS:
        cxl_dcd_fault_endless(layout, answer, count);
        return true;
    case CXL_DCD_FAULT_UNSTABLE:
        cxl_dcd_fault_put(answer->out + layout->generation, sizeof(uint32_t),
                          cxl_dcd_fault_get(answer->out + layout->generation,
                                            sizeof(uint32_t)) +
                          1 + fault->struck);
        return true;
    default:
        break;
    }
    if (!count) {
        return false;
    }
    extent = cxl_dcd_fault_extent(layout, answer, 0);
    switch (fault->kind) {
    case CXL_DCD_FAULT_OVERLAP:
        cxl_dcd_fault_overlap(layout, answer, count);
        return true;
    case CXL_DCD_FAULT_MISALIGN:
        extent->start_dpa = cxl_dcd_put64(cxl_dcd_get64(extent->start_dpa) +
                                          INSIDE_BLOCK);
        return true;
    case CXL_DCD_FAULT_OUTSIDE:
        extent->start_dpa = cxl_dcd_put64(answer->outside);
        return true;
    default:
        return false;
    }
}
