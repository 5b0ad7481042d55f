/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share: a whole device without QEMU, and input bytes
 * turned into requests
 *
 * A raw request has the fuzzer's bytes as payload and finds decoding errors. A
 * made one has ranges that lie on or near blocks, so that the fuzzer gets past
 * the first check and into the states behind it. After every command all
 * invariants are checked, and after every refusal that nothing changed.
 */
#ifndef DCD_WORLD_H
#define DCD_WORLD_H

#include "../unit/fixture.h"

typedef struct Input {
    const uint8_t *at;
    size_t left;
} Input;

static inline uint8_t take(Input *in)
{
    if (!in->left) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

static inline uint64_t take_bytes(Input *in, unsigned n)
{
    uint64_t value = 0;

    while (n--) {
        value = value << 8 | take(in);
    }
    return value;
}

/* An exact copy of up to @max raw bytes, so that a read past them is caught */
static inline uint8_t *take_raw(Input *in, size_t max, size_t *ret_len)
{
    size_t want = take_bytes(in, 2) % (max + 1);
    size_t len = MIN(want, in->left);
    uint8_t *copy = g_malloc(MAX(len, 1));

    memcpy(copy, in->at, len);
    in->at += len;
    in->left -= len;
    *ret_len = len;
    return copy;
}

/* Mostly a whole range of blocks in some region; sometimes anything at all */
static inline void take_range(Input *in, uint64_t *ret_dpa, uint64_t *ret_len)
{
    static const uint64_t bases[] = { REGION0, REGION1, REGION2 };
    uint8_t kind = take(in);
    uint64_t block = (kind & 3) == 2 ? 4096 : BLOCK;

    if (kind >> 4 == 15) {
        *ret_dpa = take_bytes(in, 8);
        *ret_len = take_bytes(in, 8);
        return;
    }
    *ret_dpa = bases[kind & 3 ? (kind & 3) - 1 : 0] + take(in) * block;
    *ret_len = (take(in) & 15) * block;
    if (kind >> 4 == 14) {
        *ret_dpa += take(in);
        *ret_len += take_bytes(in, 2);
    }
}

/* The whole state must be sound, and @before when the command was refused. */
static inline void world_check(Fixture *f, uint16_t code, GByteArray *before)
{
    cxl_dcd_assert_state(f->dcd);
    cxl_dcd_event_log_assert(f->host_log);
    cxl_dcd_event_log_assert(f->fm_log);
    if (code != CXL_DCD_RC_SUCCESS) {
        assert_state_is(f, before);
    }
    g_byte_array_unref(before);
}

/*
 * The state before a command of the host. A chain that is being collected is
 * lost by a refusal and by other commands, so it does not count.
 */
static inline GByteArray *world_before(Fixture *f, bool keeps_chain)
{
    if (!keeps_chain) {
        cxl_dcd_chain_abort(f->dcd);
    }
    return fixture_state(f);
}

static inline uint16_t world_initiate(Fixture *f, Input *in, uint16_t opcode)
{
    uint64_t pairs[32];
    Initiate request = {
        .opcode = opcode, .pairs = pairs, .policy = take(in),
    };
    uint8_t shape = take(in);
    GByteArray *before;
    uint16_t code;

    request.region = shape & 3;
    request.host = shape >> 4 == 15;
    request.tag = shape >> 2 & 3;
    request.length = take(in) * BLOCK;
    request.count = take(in) % 16;
    for (unsigned i = 0; i < request.count; i++) {
        take_range(in, &pairs[2 * i], &pairs[2 * i + 1]);
    }
    before = fixture_state(f);
    code = initiate(f, &request);
    world_check(f, code, before);
    return code;
}

/* 4802h, 4803h. The oldest offer is often accepted as it is. */
static inline void world_update(Fixture *f, Input *in)
{
    uint8_t shape = take(in);
    uint16_t opcode = shape & 1 ? CXL_DCD_OP_ADD_RESPONSE : CXL_DCD_OP_RELEASE;
    bool more = (shape & 6) == 6;
    unsigned count = (shape >> 3) % 16;
    uint64_t pairs[32], dpa = 0;
    CXLDcdExtent extent;
    GByteArray *before = world_before(f, more);
    uint16_t code;

    for (unsigned i = 0; i < count; i++) {
        if (shape & 0x80 && cxl_dcd_extent_from(f->dcd, dpa, &extent)) {
            dpa = extent.dpa + extent.len;
            pairs[2 * i] = extent.dpa;
            pairs[2 * i + 1] = extent.len;
        } else {
            take_range(in, &pairs[2 * i], &pairs[2 * i + 1]);
        }
    }
    code = update(f, opcode, more, count, pairs);
    if (code != CXL_DCD_RC_SUCCESS && more) {
        g_byte_array_unref(before);
        before = world_before(f, false);
    }
    world_check(f, code, before);
}

/* Clear as many of the oldest records as @count says, from either log. */
static inline void world_clear(Fixture *f, CXLDcdEventLog *log, uint8_t count)
{
    CXLDcdClearEventsRequest *request;
    uint8_t in[sizeof(*request) + 255 * 2] = { CXL_DCD_EVENT_LOG, 0, count };
    CXLDcdEvent event;
    uint16_t handle;

    request = (CXLDcdClearEventsRequest *)in;
    for (unsigned i = 0; i < count; i++) {
        if (cxl_dcd_event_log_peek(log, i, &event, &handle, NULL)) {
            request->handles[i] = cxl_dcd_put16(handle);
        }
    }
    if (log == f->host_log) {
        mailbox(f, CXL_DCD_OP_CLEAR_EVENT_RECORDS, in,
                sizeof(*request) + 2 * count);
    } else {
        fm(f, CXL_DCD_OP_CLEAR_EVENT_RECORDS, in,
           sizeof(*request) + 2 * count);
    }
}

/* --- Steps: what the bytes of an input are turned into --- */

typedef void (*WorldStep)(Fixture *f, Input *in);

static inline void world_add(Fixture *f, Input *in)
{
    world_initiate(f, in, CXL_DCD_OP_FM_INITIATE_ADD);
}

static inline void world_release(Fixture *f, Input *in)
{
    world_initiate(f, in, CXL_DCD_OP_FM_INITIATE_RELEASE);
}

static inline void world_clear_host(Fixture *f, Input *in)
{
    world_clear(f, f->host_log, take(in));
}

static inline void world_clear_fm(Fixture *f, Input *in)
{
    world_clear(f, f->fm_log, take(in));
}

/* Everything saved and restored into itself is the same again. */
static inline void world_round_trip(Fixture *f, Input *in)
{
    g_autoptr(GByteArray) before = fixture_state(f);
    g_autoptr(GByteArray) core = cxl_dcd_save(f->dcd);
    g_autoptr(GByteArray) host = cxl_dcd_event_log_save(f->host_log);
    g_autoptr(GError) error = NULL;

    g_assert(cxl_dcd_restore(f->dcd, core->data, core->len, &error));
    g_assert(cxl_dcd_event_log_restore(f->host_log, host->data, host->len,
                                       NULL));
    cxl_dcd_assert_state(f->dcd);
    assert_state_is(f, before);
}

/*
 * Take steps until the input ends, each byte choosing the next one. What is
 * listed twice is chosen twice as often. Returns what a fuzz target returns.
 */
static inline int world_run(const uint8_t *data, size_t size,
                            const WorldStep *steps, unsigned count)
{
    Input in = { data, size };
    Fixture *f = fixture_new(take(&in) & 1 ? 8 : 256);

    while (in.left) {
        steps[take(&in) % count](f, &in);
    }
    fixture_free(f);
    return 0;
}

#endif /* DCD_WORLD_H */
