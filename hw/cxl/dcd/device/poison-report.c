/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: Get Poison List, 4300h (r3.2 8.2.10.9.4.1)
 *
 * In place of the parent's, which stops QEMU when the list is longer than the
 * mailbox. A list that does not fit is told in parts: More says that there is
 * another one, which the host has by asking the same again. Lines come in order
 * of their address, and what is remembered is the address to go on from, so the
 * list may change between two parts; what stays in it is told once.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "mailbox.h"

/* The answer, in front of the records */
#define LIST_FLAGS         0x00
#define LIST_OVERFLOW_TIME 0x02
#define LIST_COUNT         0x0a
#define LIST_HEADER        0x20
#define LIST_MORE          (1 << 0)
#define LIST_OVERFLOW      (1 << 1)
#define LIST_SCANNING      (1 << 2)

#define RECORD_LINES       8
#define RECORD_SIZE        16
#define RECORDS_MAX                                                            \
    ((CXL_MAILBOX_MAX_PAYLOAD_SIZE - LIST_HEADER) / RECORD_SIZE)
#define SOURCE_MASK        0x7

/* The poison that is lowest in [@from, @end); what is below @from is cut off */
static bool cxl_dcd_poison_next(const CXLPoisonList *list, uint64_t from,
                                uint64_t end, CXLPoison *ret)
{
    const CXLPoison *poison;
    bool found = false;

    QLIST_FOREACH(poison, list, node) {
        uint64_t start = MAX(poison->start, from);
        uint64_t below = start - poison->start;

        if (start >= end || below >= poison->length ||
            (found && start >= ret->start)) {
            continue;
        }
        *ret = (CXLPoison) {
            .start = start,
            .length = MIN(poison->length - below, end - start),
            .type = poison->type,
        };
        found = true;
    }
    return found;
}

static size_t cxl_dcd_poison_records(CXLDcdDevice *device, uint64_t end,
                                     uint8_t *out)
{
    const CXLPoisonList *list = &CXL_TYPE3(device)->poison_list;
    CXLPoison poison;
    size_t count = 0;

    while (count < RECORDS_MAX &&
           cxl_dcd_poison_next(list, device->poison_from, end, &poison)) {
        uint8_t *record = out + LIST_HEADER + count++ * RECORD_SIZE;

        stq_le_p(record, ROUND_DOWN(poison.start, CXL_CACHE_LINE_SIZE) |
                         (poison.type & SOURCE_MASK));
        stl_le_p(record + RECORD_LINES,
                 MIN(DIV_ROUND_UP(poison.length, CXL_CACHE_LINE_SIZE),
                     UINT32_MAX));
        device->poison_from = poison.start + poison.length;
    }
    return count;
}

CXLRetCode cxl_dcd_poison_report(const struct cxl_cmd *cmd,
                                 uint8_t *in, size_t in_len,
                                 uint8_t *out, size_t *out_len, CXLCCI *cci)
{
    CXLDcdDevice *device = CXL_DCD(cci->d);
    CXLType3Dev *ct3d = CXL_TYPE3(device);
    uint64_t dpa = ldq_le_p(in), lines = ldq_le_p(in + sizeof(dpa)), end;
    uint8_t flags = scan_media_running(cci) ? LIST_SCANNING : 0;
    CXLPoison more;
    size_t count;

    if (dpa % CXL_CACHE_LINE_SIZE) {
        return CXL_MBOX_INVALID_INPUT;
    }
    if (lines > (UINT64_MAX - dpa) / CXL_CACHE_LINE_SIZE) {
        return CXL_MBOX_INVALID_PA;
    }
    end = dpa + lines * CXL_CACHE_LINE_SIZE;
    if (device->poison_asked.dpa != dpa ||
        device->poison_asked.len != end - dpa || device->poison_from < dpa) {
        device->poison_from = dpa;
    }
    device->poison_asked = (CXLDcdRange) { dpa, end - dpa };
    count = cxl_dcd_poison_records(device, end, out);
    if (cxl_dcd_poison_next(&ct3d->poison_list, device->poison_from, end,
                            &more)) {
        flags |= LIST_MORE;
    } else {
        device->poison_from = dpa;
    }
    if (ct3d->poison_list_overflowed) {
        flags |= LIST_OVERFLOW;
        stq_le_p(out + LIST_OVERFLOW_TIME, ct3d->poison_list_overflow_ts);
    }
    out[LIST_FLAGS] = flags;
    stw_le_p(out + LIST_COUNT, count);
    *out_len = LIST_HEADER + count * RECORD_SIZE;
    return CXL_MBOX_SUCCESS;
}

void cxl_dcd_poison_report_reset(CXLDcdDevice *device)
{
    device->poison_asked = (CXLDcdRange) { 0 };
    device->poison_from = 0;
}
