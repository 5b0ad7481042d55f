/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A core with its event logs and CCIs, put together as the device does it
 *
 * Region 0: DPA 0x40000000, 1 GiB, 2 MiB blocks, sanitize configurable.
 * Region 1: DPA 0x80000000, 1 GiB, 2 MiB blocks, sharable.
 * Region 2: DPA 0xc0000000, 256 MiB, 4 KiB blocks, sanitized on release.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <string.h>
#include "hw/cxl/dcd/commands.h"

#define MIB         (1ULL << 20)
#define GIB         (1ULL << 30)
#define BLOCK       (2 * MIB)
#define REGION0     0x40000000ULL
#define REGION1     0x80000000ULL
#define REGION2     0xc0000000ULL
#define HOST_ID     0
#define OUT_MAX     2048

typedef struct Fixture {
    CXLDcd *dcd;
    CXLDcdEventLog *host_log;
    CXLDcdEventLog *fm_log;
    CXLDcdFmCci *cci;
    CXLDcdEndpoint *endpoint;
    GByteArray *line;             /* what the endpoint sent */
    CXLDcdCommandContext mailbox;
    uint8_t out[OUT_MAX];         /* payload of the last answer */
    size_t out_len;
    /* Memory for offers: times that it has to be taken first */
    unsigned takes;
    bool may_wait;
    bool begun;                   /* and who offers waits for it */
} Fixture;

static inline uint32_t fixture_room(void *opaque)
{
    return cxl_dcd_event_log_room(((Fixture *)opaque)->host_log);
}

static inline void fixture_event(void *opaque, const CXLDcdEvent *event)
{
    Fixture *f = opaque;

    cxl_dcd_event_log_insert(event->type >= CXL_DCD_EVENT_ADD_RESPONSE ?
                             f->fm_log : f->host_log, event);
}

static inline void fixture_fm_non_empty(void *opaque)
{
    Fixture *f = opaque;

    if (f->endpoint) {
        cxl_dcd_endpoint_notify(f->endpoint);
    }
}

static inline void fixture_send(void *opaque, const uint8_t *bytes, size_t len)
{
    g_byte_array_append(((Fixture *)opaque)->line, bytes, len);
}

static inline bool fixture_claim(void *opaque, const CXLDcdExtent *extents,
                                 size_t count, bool join, GError **error)
{
    Fixture *f = opaque;

    if (f->may_wait && f->takes) {
        f->takes--;
        f->begun = true;
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED, "begun");
        return false;
    }
    return true;
}

static inline void fixture_may_wait(void *opaque, bool may_wait)
{
    ((Fixture *)opaque)->may_wait = may_wait;
}

static inline bool fixture_begun(void *opaque)
{
    return ((Fixture *)opaque)->begun;
}

static inline Fixture *fixture_new(uint32_t log_depth)
{
    static const CXLDcdOps core_ops = {
        .event_room = fixture_room,
        .event = fixture_event,
        .claim = fixture_claim,
    };
    static const CXLDcdEventLogOps fm_log_ops = {
        .became_non_empty = fixture_fm_non_empty,
    };
    static const CXLDcdEndpointOps endpoint_ops = {
        .send = fixture_send,
        .may_wait = fixture_may_wait,
        .begun = fixture_begun,
    };
    static const CXLDcdFmIdentity identity = {
        0x8086, 0x0d93, 0x1af4, 0x1100, 0x1122334455667788
    };
    static const uint8_t uuid[16] = { 0xaa };
    CXLDcdConfig config = {
        .host_id = HOST_ID, .max_extents = 4096, .max_tags = 64,
        .num_regions = 3,
        .regions = {
            { .base = REGION0, .decode_length = GIB, .length = GIB,
              .block_size = BLOCK, .block_sizes = BLOCK | 4 * MIB,
              .dsmad_handle = 5, .sanitize_configurable = true },
            { .base = REGION1, .decode_length = GIB, .length = GIB,
              .block_size = BLOCK, .block_sizes = BLOCK, .dsmad_handle = 6,
              .attributes = CXL_DCD_REGION_SHARABLE },
            { .base = REGION2, .decode_length = 256 * MIB,
              .length = 256 * MIB, .block_size = 4096, .block_sizes = 4096,
              .dsmad_handle = 7, .sanitize = true },
        },
    };
    Fixture *f = g_new0(Fixture, 1);
    g_autoptr(GError) error = NULL;

    f->line = g_byte_array_new();
    f->host_log = cxl_dcd_event_log_new(log_depth, NULL, NULL);
    f->fm_log = cxl_dcd_event_log_new(log_depth, &fm_log_ops, f);
    f->dcd = cxl_dcd_new(&config, &core_ops, f, &error);
    g_assert_no_error(error);
    f->cci = cxl_dcd_fm_cci_new(f->dcd, f->fm_log, &identity);
    f->endpoint = cxl_dcd_endpoint_new(f->cci, 9, uuid, &endpoint_ops, f);
    f->mailbox = (CXLDcdCommandContext) {
        .dcd = f->dcd, .events = f->host_log,
    };
    return f;
}

static inline void fixture_free(Fixture *f)
{
    cxl_dcd_endpoint_free(f->endpoint);
    cxl_dcd_fm_cci_free(f->cci);
    cxl_dcd_free(f->dcd);
    cxl_dcd_event_log_free(f->host_log);
    cxl_dcd_event_log_free(f->fm_log);
    g_byte_array_unref(f->line);
    g_free(f);
}

/* A mailbox command; the request is an exact copy, so overreads are caught. */
static inline uint16_t mailbox(Fixture *f, uint16_t opcode, const void *in,
                               size_t len)
{
    g_autofree uint8_t *exact = len ? g_memdup2(in, len) : g_malloc(1);
    uint16_t code;

    f->out_len = 0;
    memset(f->out, 0xee, sizeof(f->out));
    code = cxl_dcd_mailbox_run(&f->mailbox, opcode, exact, len, f->out,
                               sizeof(f->out), &f->out_len);
    cxl_dcd_assert_state(f->dcd);
    return code;
}

/* The same through the fabric manager's CCI, without message framing. */
static inline uint16_t fm(Fixture *f, uint16_t opcode, const void *in,
                          size_t len)
{
    g_autofree uint8_t *exact = len ? g_memdup2(in, len) : g_malloc(1);
    uint16_t code;

    f->out_len = 0;
    memset(f->out, 0xee, sizeof(f->out));
    code = cxl_dcd_fm_run(f->cci, opcode, exact, len, f->out, sizeof(f->out),
                          &f->out_len);
    cxl_dcd_assert_state(f->dcd);
    return code;
}

/* All state that an operation could have changed, to compare later. */
static inline GByteArray *fixture_state(Fixture *f)
{
    GByteArray *all = cxl_dcd_save(f->dcd);
    GByteArray *host = cxl_dcd_event_log_save(f->host_log);
    GByteArray *manager = cxl_dcd_event_log_save(f->fm_log);

    g_byte_array_append(all, host->data, host->len);
    g_byte_array_append(all, manager->data, manager->len);
    g_byte_array_unref(host);
    g_byte_array_unref(manager);
    return all;
}

static inline void assert_state_is(Fixture *f, GByteArray *before)
{
    g_autoptr(GByteArray) now = fixture_state(f);

    g_assert_cmpmem(now->data, now->len, before->data, before->len);
}

/* --- Requests --- */

/* 4802h or 4803h with pairs of DPA and length */
static inline uint16_t update(Fixture *f, uint16_t opcode, bool more,
                              unsigned count, const uint64_t *pairs)
{
    size_t len = sizeof(CXLDcdUpdateRequest) +
                 count * sizeof(CXLDcdUpdatedExtent);
    g_autofree CXLDcdUpdateRequest *request = g_malloc0(len);

    request->count = cxl_dcd_put32(count);
    request->flags = more ? CXL_DCD_UPDATE_MORE : 0;
    for (unsigned i = 0; i < count; i++) {
        request->extents[i].start_dpa = cxl_dcd_put64(pairs[2 * i]);
        request->extents[i].length = cxl_dcd_put64(pairs[2 * i + 1]);
    }
    return mailbox(f, opcode, request, len);
}

#define UPDATE(f, opcode, more, ...) \
    update(f, opcode, more, \
           sizeof((uint64_t[]){ __VA_ARGS__ }) / (2 * sizeof(uint64_t)), \
           (uint64_t[]){ __VA_ARGS__ })
#define ACCEPT(f, ...)  UPDATE(f, CXL_DCD_OP_ADD_RESPONSE, false, __VA_ARGS__)
#define RELEASE(f, ...) UPDATE(f, CXL_DCD_OP_RELEASE, false, __VA_ARGS__)
#define REJECT(f)       update(f, CXL_DCD_OP_ADD_RESPONSE, false, 0, NULL)

/* 5604h or 5605h; pairs for the prescriptive policies, all with @tag */
typedef struct Initiate {
    uint16_t opcode;
    uint16_t host;
    uint8_t policy;               /* and the flags of 5605h */
    uint8_t region;
    uint64_t length;
    uint8_t tag;                  /* all 16 bytes; 0: none */
    unsigned count;
    const uint64_t *pairs;
} Initiate;

static inline uint16_t initiate(Fixture *f, const Initiate *i)
{
    size_t len = sizeof(CXLDcdFmInitiateRequest) +
                 i->count * sizeof(CXLDcdWireExtent);
    g_autofree CXLDcdFmInitiateRequest *request = g_malloc0(len);

    request->host_id = cxl_dcd_put16(i->host);
    request->policy = i->policy;
    request->region = i->region;
    request->length = cxl_dcd_put64(i->length);
    memset(request->tag, i->tag, sizeof(request->tag));
    request->extent_count = cxl_dcd_put32(i->count);
    for (unsigned n = 0; n < i->count; n++) {
        CXLDcdWireExtent *extent = &request->extents[n];

        extent->start_dpa = cxl_dcd_put64(i->pairs[2 * n]);
        extent->length = cxl_dcd_put64(i->pairs[2 * n + 1]);
        memset(extent->tag, i->tag, sizeof(extent->tag));
    }
    return fm(f, i->opcode, request, len);
}

#define OFFER(f, ...) \
    initiate(f, &(Initiate) { \
        .opcode = CXL_DCD_OP_FM_INITIATE_ADD, \
        .policy = CXL_DCD_POLICY_PRESCRIPTIVE, \
        .count = sizeof((uint64_t[]){ __VA_ARGS__ }) / 16, \
        .pairs = (uint64_t[]){ __VA_ARGS__ } })
#define ASK(f, flags, ...) \
    initiate(f, &(Initiate) { \
        .opcode = CXL_DCD_OP_FM_INITIATE_RELEASE, \
        .policy = CXL_DCD_REMOVE_PRESCRIPTIVE | (flags), \
        .count = sizeof((uint64_t[]){ __VA_ARGS__ }) / 16, \
        .pairs = (uint64_t[]){ __VA_ARGS__ } })

#define g_assert_rc(call, code) g_assert_cmphex(call, ==, CXL_DCD_RC_##code)

#endif /* FIXTURE_H */
