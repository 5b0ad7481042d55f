/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: events, from the FM's own log 4 (r3.2 8.2.10.2, 9.20)
 *
 * The device notifies (0106h) when its log becomes non-empty; records are read
 * with 0100h and cleared with 0101h, oldest first, until none is left. Records
 * chained by More are one event of ours, also across two reads.
 */
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "fmapi-call.h"
#include "fmapi-config.h"
#include "fmapi-event.h"
#include "handle.h"

/*
 * Portions to read at once: a device may log faster than we read, and may chain
 * records without an end.
 */
#define DRAIN_MAX 4096

static int cxlfm_fmevent_type(const CXLDcdEventRecord *record)
{
    static const uint8_t uuid[16] = { CXL_DCD_EVENT_UUID_BYTES };

    if (memcmp(record->uuid, uuid, sizeof(uuid))) {
        return -1;
    }
    switch (record->type) {
    case CXL_DCD_EVENT_ADD_RESPONSE:
        /* Some devices report a refusal as an answer of length 0. */
        return record->extent.length ? CXLFM_EVENT_ADDED :
               CXLFM_EVENT_REJECTED;
    case CXL_DCD_EVENT_CAPACITY_RELEASED:
        return CXLFM_EVENT_RELEASED;
    default:
        return -1;
    }
}

static struct cxlfm_event *cxlfm_fmevent_new(uint8_t type, size_t device)
{
    struct cxlfm_event *event = calloc(1, sizeof(*event));

    g_assert(event);
    event->type = type;
    event->device = device;
    event->extents = (struct cxlfm_extent *)(event + 1);
    return event;
}

/* Append one extent to @event, which may move; room doubles. */
static struct cxlfm_event *cxlfm_fmevent_grow(struct cxlfm_event *event,
                                              const CXLDcdEventRecord *record)
{
    struct cxlfm_extent *e;

    if (!(event->extent_count & (event->extent_count - 1))) {
        size_t room = MAX(event->extent_count * 2, 1);

        event = realloc(event, sizeof(*event) + room * sizeof(*e));
        g_assert(event);
    }
    event->extents = (struct cxlfm_extent *)(event + 1);
    e = &event->extents[event->extent_count++];
    cxlfm_fmapi_extent(&record->extent, event->host, e);
    return event;
}

static int cxlfm_fmevent_locate(cxlfm *fm, struct cxlfm_event *event)
{
    struct cxlfm_host host = { 0 };
    uint32_t i;
    int ret;

    if (!event->extent_count) {
        return 0;
    }
    ret = cxlfm_fmapi_host(fm, event->host, NULL, &host);
    if (ret < 0) {
        return ret;
    }
    for (i = 0; i < event->extent_count; i++) {
        cxlfm_fmapi_locate(&host, &event->extents[i]);
    }
    event->region = event->extents[0].region;
    return 0;
}

static void cxlfm_fmevent_queue(cxlfm *fm, size_t device,
                                const CXLDcdEventRecord *record,
                                struct cxlfm_event **open)
{
    int type = cxlfm_fmevent_type(record);

    if (type < 0) {
        return;
    }
    if (!*open) {
        *open = cxlfm_fmevent_new(type, device);
        (*open)->host = cxl_dcd_get16(record->host_id);
        (*open)->timestamp = cxl_dcd_get64(record->timestamp);
        memcpy((*open)->tag, record->extent.tag, CXLFM_TAG_SIZE);
    }
    if (record->extent.length) {
        *open = cxlfm_fmevent_grow(*open, record);
    }
    if (!(record->flags & CXL_DCD_EVENT_MORE)) {
        g_queue_push_tail(&fm->events, *open);
        *open = NULL;
    }
}

static int cxlfm_fmevent_clear(cxlfm *fm, const cxl_dcd_le16 *handles,
                               uint8_t count)
{
    uint8_t buffer[sizeof(CXLDcdClearEventsRequest) + UINT8_MAX * 2] = { 0 };
    CXLDcdClearEventsRequest *wire = (CXLDcdClearEventsRequest *)buffer;
    const uint8_t *answer;
    size_t len;

    wire->log = CXL_DCD_EVENT_LOG;
    wire->count = count;
    memcpy(wire->handles, handles, count * sizeof(handles[0]));
    return cxlfm_fmapi_call(fm, &(const CxlfmRequest) {
                                .opcode = CXL_DCD_OP_CLEAR_EVENT_RECORDS,
                                .payload = buffer,
                                .len = sizeof(*wire) +
                                       count * sizeof(handles[0]),
                                .once = true,
                            }, &answer, &len);
}

/* Read and clear one portion. Records in it, or an error. */
static int cxlfm_fmevent_portion(cxlfm *fm, size_t device,
                                 struct cxlfm_event **open, bool *overflow)
{
    const uint8_t log = CXL_DCD_EVENT_LOG;
    const CXLDcdGetEventsResponse *r;
    cxl_dcd_le16 handles[64];
    const uint8_t *answer;
    size_t len, count, i;
    int ret;

    ret = cxlfm_fmapi_call(fm, &(const CxlfmRequest) {
                               .opcode = CXL_DCD_OP_GET_EVENT_RECORDS,
                               .payload = &log, .len = sizeof(log),
                               .min_answer = sizeof(*r),
                           }, &answer, &len);
    if (ret < 0) {
        return ret;
    }
    r = (const CXLDcdGetEventsResponse *)answer;
    count = MIN(cxl_dcd_get16(r->record_count),
                (len - sizeof(*r)) / sizeof(r->records[0]));
    count = MIN(count, G_N_ELEMENTS(handles));
    *overflow |= r->flags & CXL_DCD_EVENTS_OVERFLOW;
    for (i = 0; i < count; i++) {
        handles[i] = r->records[i].handle;
        cxlfm_fmevent_queue(fm, device, &r->records[i], open);
    }
    if (count) {
        ret = cxlfm_fmevent_clear(fm, handles, count);
    }
    return ret < 0 ? ret : (int)count;
}

static int cxlfm_fmevent_drain(cxlfm *fm, size_t device)
{
    struct cxlfm_event *open = NULL;
    unsigned known = g_queue_get_length(&fm->events), portions = 0;
    bool overflow = false;
    GList *l;
    int ret;

    cxlfm_fmapi_select(fm, device);
    do {
        ret = cxlfm_fmevent_portion(fm, device, &open, &overflow);
    } while (ret > 0 && ++portions < DRAIN_MAX);
    fm->news |= ret > 0;
    if (open) {
        /* The end of the chain is not there: report what came of it. */
        g_queue_push_tail(&fm->events, open);
    }
    if (overflow) {
        g_queue_push_tail(&fm->events,
                          cxlfm_fmevent_new(CXLFM_EVENT_LOST, device));
    }
    for (l = g_queue_peek_nth_link(&fm->events, known); l && ret >= 0;
         l = l->next) {
        ret = cxlfm_fmevent_locate(fm, l->data);
    }
    return ret;
}

int cxlfm_fmapi_drain(cxlfm *fm)
{
    size_t i;
    int ret = 0;

    for (i = 0; i < cxlfm_fmapi_endpoints(fm) && ret >= 0; i++) {
        ret = cxlfm_fmevent_drain(fm, i);
    }
    return ret;
}

int cxlfm_fmapi_subscribe(cxlfm *fm)
{
    const cxl_dcd_le16 policy = cxl_dcd_put16(CXL_DCD_MCTP_EVENT_DC);
    const uint8_t *answer;
    size_t len, i;
    int ret = 0;

    for (i = 0; i < cxlfm_fmapi_endpoints(fm) && ret >= 0; i++) {
        cxlfm_fmapi_select(fm, i);
        ret = cxlfm_fmapi_call(fm, &(const CxlfmRequest) {
                                   .opcode = CXL_DCD_OP_SET_MCTP_EVENT_POLICY,
                                   .payload = &policy, .len = sizeof(policy),
                               }, &answer, &len);
    }
    return ret;
}
