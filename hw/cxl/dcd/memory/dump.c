/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: trapped capacity in a dump of the guest's memory
 *
 * A dump has what the memory map says is RAM. Capacity that is trapped is
 * memory to the guest all the same; it is put between, by rising address. Where
 * a set shows it in pieces of a few hundred bytes, one by one from several
 * devices, it is left out: a dump has a header for each piece, and goes over
 * all of them for each.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/hooks.h"
#include "hw/cxl/dcd/memory.h"
#include "access.h"
#include "qemu/error-report.h"
#include "system/memory_mapping.h"
#include "window.h"

/* More make a dump take minutes */
#define PIECES_MAX 16384

typedef struct CXLDcdDump {
    GuestPhysBlockList *list;
    GuestPhysBlock *at;           /* none before it ends above what was added */
    unsigned pieces;
    bool left_out;
} CXLDcdDump;

typedef struct CXLDcdDumpPiece {
    uint64_t start, end;          /* HPA */
    uint8_t *bytes;               /* of start */
    MemoryRegion *mr;
} CXLDcdDumpPiece;

static bool cxl_dcd_dump_goes_on(const GuestPhysBlock *block,
                                 const CXLDcdDumpPiece *piece)
{
    return block && block->mr == piece->mr &&
           block->target_end == piece->start &&
           block->host_addr + (block->target_end - block->target_start) ==
           piece->bytes;
}

/* Up to @end, in front of dump->at */
static void cxl_dcd_dump_insert(CXLDcdDump *dump, const CXLDcdDumpPiece *piece,
                                uint64_t end)
{
    GuestPhysBlock *before = dump->at ?
        QTAILQ_PREV(dump->at, next) : QTAILQ_LAST(&dump->list->head);
    GuestPhysBlock *block;

    if (cxl_dcd_dump_goes_on(before, piece)) {
        before->target_end = end;
        return;
    }
    if (dump->pieces == PIECES_MAX) {
        dump->left_out = true;
        return;
    }
    block = g_new0(GuestPhysBlock, 1);
    block->target_start = piece->start;
    block->target_end = end;
    block->host_addr = piece->bytes;
    block->mr = piece->mr;
    memory_region_ref(block->mr);
    if (dump->at) {
        QTAILQ_INSERT_BEFORE(dump->at, block, next);
    } else {
        QTAILQ_INSERT_TAIL(&dump->list->head, block, next);
    }
    dump->list->num++;
    dump->pieces++;
}

/* What of it is not there; pieces come by rising address. */
static void cxl_dcd_dump_add(CXLDcdDump *dump, CXLDcdDumpPiece piece)
{
    while (piece.start < piece.end) {
        while (dump->at && dump->at->target_end <= piece.start) {
            dump->at = QTAILQ_NEXT(dump->at, next);
        }
        if (!dump->at || dump->at->target_start >= piece.end) {
            cxl_dcd_dump_insert(dump, &piece, piece.end);
            return;
        }
        if (dump->at->target_start > piece.start) {
            cxl_dcd_dump_insert(dump, &piece, dump->at->target_start);
        }
        piece.bytes += dump->at->target_end - piece.start;
        piece.start = dump->at->target_end;
    }
}

/* All that the host has there, whether it is mapped or not */
static void cxl_dcd_dump_route(CXLDcdDump *dump, const CXLDcdRoute *route)
{
    CXLDcdDevice *device = route->way[0].device;
    uint64_t first = route->way[0].dpa, end = first + route->size, dpa = first;
    CXLDcdExtent extent;
    CXLDcdSpan span;

    if (route->ways > 1 || !device->dcd) {
        return;
    }
    for (; dpa < end && cxl_dcd_extent_from(device->dcd, dpa, &extent) &&
           extent.dpa < end; dpa = span.end) {
        dpa = MAX(dpa, extent.dpa);
        if (!cxl_dcd_state_listed(extent.state) ||
            !cxl_dcd_span(device, dpa, &span)) {
            /* It is on its way, or the page is poisoned */
            span.end = MIN(extent.dpa + extent.len,
                           ROUND_DOWN(dpa, CXL_DCD_PAGE) + CXL_DCD_PAGE);
            continue;
        }
        if (!memory_region_is_nonvolatile(span.holder->dc_mr)) {
            cxl_dcd_dump_add(dump, (CXLDcdDumpPiece) {
                .start = route->hpa + (dpa - first),
                .end = route->hpa + (MIN(span.end, end) - first),
                .bytes = span.holder->dc_ram + span.backing +
                         (dpa - span.start),
                .mr = span.holder->dc_mr,
            });
        }
    }
}

void cxl_dcd_dump_append(GuestPhysBlockList *list)
{
    CXLDcdDump dump = { .list = list };
    GPtrArray *windows = cxl_dcd_windows();
    unsigned i, n;

    for (i = 0; windows && i < windows->len; i++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, i);

        dump.at = QTAILQ_FIRST(&list->head);
        for (n = 0; n < window->routes->len; n++) {
            cxl_dcd_dump_route(&dump, &g_array_index(window->routes,
                                                     CXLDcdRoute, n));
        }
    }
    if (dump.left_out) {
        warn_report("the dump leaves out dynamic capacity: what is trapped is "
                    "in more than %u pieces", PIECES_MAX);
    }
}
