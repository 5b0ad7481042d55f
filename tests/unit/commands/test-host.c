/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's commands as bytes: 4800h to 4803h, 0100h and 0101h
 * (CXL r3.2 8.2.10.9.9, 8.2.10.2). After every refusal the whole state is what
 * it was.
 */
#include "tests/unit/fixture.h"

/* DPA 40000000h, length 10000000h, accepted (4802h) or released (4803h) */
static const uint8_t golden_update[0x20] = {
    0x01, [0x0b] = 0x40, [0x13] = 0x10,
};

/* Tag 10h..1fh, host 0, prescriptive; offset 2 = 1 for 5605h */
static const uint8_t golden_initiate[0x48] = {
    [0x02] = 0x02, [0x1c] = 0x01, [0x23] = 0x40, [0x2b] = 0x10,
    [0x30] = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
    0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
};

/* One extent's life in golden bytes: offered, accepted, listed, released */
static void test_golden(void)
{
    static const uint8_t list[0x38] = {
        0x01, [0x04] = 0x01, [0x13] = 0x40, [0x1b] = 0x10,
        [0x20] = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
        0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
    };
    static const uint8_t get[] = { 1, 0, 0, 0, 0, 0, 0, 0 };
    Fixture *f = fixture_new(16);
    uint8_t release[0x48];

    g_assert_rc(fm(f, 0x5604, golden_initiate, 0x48), SUCCESS);
    g_assert_rc(mailbox(f, 0x4802, golden_update, 0x20), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0);
    g_assert_rc(mailbox(f, 0x4801, get, 8), SUCCESS);
    /* The generation is the device's own business */
    memset(f->out + 8, 0, 4);
    g_assert_cmpmem(f->out, f->out_len, list, sizeof(list));
    memcpy(release, golden_initiate, sizeof(release));
    release[2] = 0x01;
    g_assert_rc(fm(f, 0x5605, release, 0x48), SUCCESS);
    g_assert_rc(mailbox(f, 0x4803, golden_update, 0x20), SUCCESS);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 0);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->host_log), ==, 2);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->fm_log), ==, 2);
    fixture_free(f);
}

static void assert_region(const uint8_t *at, uint64_t base, uint64_t units,
                          uint64_t length, uint64_t block, uint32_t handle,
                          uint8_t flags)
{
    const CXLDcdWireRegion *region = (const CXLDcdWireRegion *)at;
    static const uint8_t zero[3];

    g_assert_cmphex(cxl_dcd_get64(region->base), ==, base);
    g_assert_cmphex(cxl_dcd_get64(region->decode_length), ==, units);
    g_assert_cmphex(cxl_dcd_get64(region->length), ==, length);
    g_assert_cmphex(cxl_dcd_get64(region->block_size), ==, block);
    g_assert_cmphex(cxl_dcd_get32(region->dsmad_handle), ==, handle);
    g_assert_cmphex(region->flags, ==, flags);
    g_assert_cmpmem(region->reserved, 3, zero, 3);
}

static void test_config(void)
{
    Fixture *f = fixture_new(16);
    const CXLDcdWireCounters *counters;
    uint8_t in[2] = { 8, 0 };

    g_assert_rc(OFFER(f, REGION0, BLOCK), SUCCESS);
    g_assert_rc(mailbox(f, 0x4800, in, 2), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 8 + 3 * 0x28 + 0x10);
    g_assert_cmpuint(f->out[0], ==, 3);
    g_assert_cmpuint(f->out[1], ==, 3);
    assert_region(f->out + 0x08, REGION0, 4, GIB, BLOCK, 5, 0);
    assert_region(f->out + 0x30, REGION1, 4, GIB, BLOCK, 6, 0);
    assert_region(f->out + 0x58, REGION2, 1, 256 * MIB, 4096, 7, 1);
    counters = (const CXLDcdWireCounters *)(f->out + 0x80);
    g_assert_cmpuint(cxl_dcd_get32(counters->supported_extents), ==, 4096);
    g_assert_cmpuint(cxl_dcd_get32(counters->available_extents), ==, 4095);
    g_assert_cmpuint(cxl_dcd_get32(counters->supported_tags), ==, 64);
    g_assert_cmpuint(cxl_dcd_get32(counters->available_tags), ==, 64);

    /* The counters follow the last region that was returned */
    in[0] = 1;
    in[1] = 1;
    g_assert_rc(mailbox(f, 0x4800, in, 2), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 8 + 0x28 + 0x10);
    g_assert_cmpuint(f->out[0], ==, 3);
    g_assert_cmpuint(f->out[1], ==, 1);
    assert_region(f->out + 0x08, REGION1, 4, GIB, BLOCK, 6, 0);
    in[0] = 0;
    g_assert_rc(mailbox(f, 0x4800, in, 2), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 8 + 0x10);
    in[0] = 255;
    in[1] = 2;
    g_assert_rc(mailbox(f, 0x4800, in, 2), SUCCESS);
    g_assert_cmpuint(f->out[1], ==, 1);
    in[1] = 3;
    g_assert_rc(mailbox(f, 0x4800, in, 2), INVALID_INPUT);
    in[1] = 255;
    g_assert_rc(mailbox(f, 0x4800, in, 2), INVALID_INPUT);
    fixture_free(f);
}

static uint16_t list(Fixture *f, uint32_t count, uint32_t start)
{
    CXLDcdGetExtentListRequest in = {
        cxl_dcd_put32(count), cxl_dcd_put32(start)
    };

    return mailbox(f, 0x4801, &in, sizeof(in));
}

static uint32_t generation(Fixture *f)
{
    g_assert_rc(list(f, 0, 0), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x10);
    return cxl_dcd_get32(((CXLDcdGetExtentListResponse *)f->out)->generation);
}

/* @count single-block extents of region 0 with a hole after each */
static uint64_t *scattered(unsigned count)
{
    uint64_t *pairs = g_new(uint64_t, 2 * count);

    for (unsigned i = 0; i < count; i++) {
        pairs[2 * i] = REGION0 + 2 * i * BLOCK;
        pairs[2 * i + 1] = BLOCK;
    }
    return pairs;
}

static void offer_all(Fixture *f, unsigned count, const uint64_t *pairs)
{
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = CXL_DCD_OP_FM_INITIATE_ADD,
        .policy = CXL_DCD_POLICY_PRESCRIPTIVE,
        .count = count, .pairs = pairs,
    }), SUCCESS);
}

static void test_list(void)
{
    Fixture *f = fixture_new(128);
    CXLDcdGetExtentListResponse *out = (CXLDcdGetExtentListResponse *)f->out;
    g_autofree uint64_t *pairs = scattered(60);
    uint32_t before = generation(f), after, seen = 0, n;

    offer_all(f, 60, pairs);
    g_assert_rc(list(f, 60, 0), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x10);
    g_assert_cmpuint(generation(f), ==, before);

    g_assert_rc(update(f, 0x4802, false, 60, pairs), SUCCESS);
    after = generation(f);
    g_assert_cmpuint(after, !=, before);
    /* In pieces, ascending, until the end; a payload holds 50 */
    while (seen < 60) {
        g_assert_rc(list(f, UINT32_MAX, seen), SUCCESS);
        n = cxl_dcd_get32(out->returned);
        g_assert_cmpuint(n, ==, MIN(60 - seen, 50));
        g_assert_cmpuint(f->out_len, ==, 0x10 + n * 0x28);
        g_assert_cmpuint(cxl_dcd_get32(out->total), ==, 60);
        g_assert_cmpuint(cxl_dcd_get32(out->generation), ==, after);
        for (uint32_t i = 0; i < n; i++, seen++) {
            g_assert_cmphex(cxl_dcd_get64(out->extents[i].start_dpa), ==,
                            pairs[2 * seen]);
            g_assert_cmphex(cxl_dcd_get64(out->extents[i].length), ==, BLOCK);
        }
    }
    g_assert_rc(list(f, 7, 3), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(out->returned), ==, 7);
    g_assert_rc(list(f, 1, 60), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(out->returned), ==, 0);
    g_assert_rc(list(f, 1, 61), INVALID_INPUT);
    g_assert_rc(list(f, 0, UINT32_MAX), INVALID_INPUT);
    fixture_free(f);
}

/* Each command with every wrong length, and one that does not exist */
static void test_lengths(void)
{
    static const struct {
        uint16_t opcode;
        size_t good;
        bool variable;
    } commands[] = {
        { 0x0100, 1, false }, { 0x0101, 6, true }, { 0x4800, 2, false },
        { 0x4801, 8, false }, { 0x4802, 8, true }, { 0x4803, 8, true },
    };
    static const uint8_t in[64];
    Fixture *f = fixture_new(16);
    g_autoptr(GByteArray) before = fixture_state(f);

    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        for (size_t len = 0; len < sizeof(in); len++) {
            bool bad = len < commands[i].good ||
                       (len > commands[i].good && !commands[i].variable);

            if (bad) {
                g_assert_rc(mailbox(f, commands[i].opcode, in, len),
                            INVALID_PAYLOAD_LENGTH);
            } else {
                g_assert_cmphex(mailbox(f, commands[i].opcode, in, len), !=,
                                CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
            }
        }
    }
    g_assert_rc(mailbox(f, 0x4804, in, 8), UNSUPPORTED);
    g_assert_rc(mailbox(f, 0x5600, in, 0), UNSUPPORTED);
    assert_state_is(f, before);
    fixture_free(f);
}

/* A count that the payload does not hold, up to one that wraps 2^32 bytes */
static void test_update_count(void)
{
    static const uint32_t counts[] = {
        2, 3, 0x0aaaaaab, 0x7fffffff, 0x80000000, 0xffffffff
    };
    Fixture *f = fixture_new(16);
    g_autoptr(GByteArray) before = NULL;
    uint8_t in[0x20];

    g_assert_rc(OFFER(f, REGION0, BLOCK), SUCCESS);
    before = fixture_state(f);
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        cxl_dcd_le32 count = cxl_dcd_put32(counts[i]);

        memcpy(in, golden_update, sizeof(in));
        memcpy(in, &count, 4);
        g_assert_rc(mailbox(f, 0x4802, in, sizeof(in)),
                    INVALID_PAYLOAD_LENGTH);
        g_assert_rc(mailbox(f, 0x4803, in, sizeof(in)),
                    INVALID_PAYLOAD_LENGTH);
    }
    for (size_t len = 8; len < sizeof(in); len++) {
        g_assert_rc(mailbox(f, 0x4802, golden_update, len),
                    INVALID_PAYLOAD_LENGTH);
    }
    assert_state_is(f, before);
    fixture_free(f);
}

/* An empty answer declines an offer; with nothing pending there is none */
static void test_add_nothing_pending(void)
{
    Fixture *f = fixture_new(16);
    g_autoptr(GByteArray) before = fixture_state(f);

    g_assert_rc(REJECT(f), INVALID_INPUT);
    g_assert_rc(ACCEPT(f, REGION0, BLOCK), INVALID_INPUT);
    assert_state_is(f, before);
    fixture_free(f);
}

static void test_add_reject(void)
{
    Fixture *f = fixture_new(16);

    g_assert_rc(OFFER(f, REGION0, BLOCK), SUCCESS);
    g_assert_rc(REJECT(f), SUCCESS);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 0);
    g_assert_cmpuint(cxl_dcd_available(f->dcd, 0), ==, GIB);
    g_assert_rc(REJECT(f), INVALID_INPUT);
    fixture_free(f);
}

static void test_add_partial(void)
{
    Fixture *f = fixture_new(16);

    g_assert_rc(OFFER(f, REGION0, 8 * BLOCK), SUCCESS);
    g_assert_rc(ACCEPT(f, REGION0 + BLOCK, BLOCK, REGION0 + 4 * BLOCK, BLOCK),
                SUCCESS);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 2);
    g_assert_cmpuint(cxl_dcd_available(f->dcd, 0), ==, GIB - 2 * BLOCK);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->fm_log), ==, 2);
    fixture_free(f);
}

/* Each refusal, with the code of the table and the state as it was */
static void test_add_errors(void)
{
    Fixture *f = fixture_new(16);
    const uint64_t huge = 0 - BLOCK;
    g_autoptr(GByteArray) before = NULL;

    g_assert_rc(OFFER(f, REGION0 + 8 * BLOCK, BLOCK), SUCCESS);
    g_assert_rc(ACCEPT(f, REGION0 + 8 * BLOCK, BLOCK), SUCCESS);
    g_assert_rc(OFFER(f, REGION0, 4 * BLOCK), SUCCESS);
    g_assert_rc(OFFER(f, REGION0 + 4 * BLOCK, BLOCK), SUCCESS);
    before = fixture_state(f);

    /* Malformed */
    g_assert_rc(ACCEPT(f, REGION0, BLOCK, REGION0, BLOCK),
                INVALID_EXTENT_LIST);
    g_assert_rc(ACCEPT(f, REGION0, 2 * BLOCK, REGION0 + BLOCK, BLOCK),
                INVALID_EXTENT_LIST);
    g_assert_rc(ACCEPT(f, REGION0 + 4096, BLOCK), INVALID_EXTENT_LIST);
    g_assert_rc(ACCEPT(f, REGION0, BLOCK - 4096), INVALID_EXTENT_LIST);
    g_assert_rc(ACCEPT(f, REGION0, 0), INVALID_EXTENT_LIST);
    /* Not what was offered, or not yet */
    g_assert_rc(ACCEPT(f, REGION0, 5 * BLOCK), INVALID_PA);
    g_assert_rc(ACCEPT(f, REGION0 + 4 * BLOCK, BLOCK), INVALID_PA);
    g_assert_rc(ACCEPT(f, REGION0 + 8 * BLOCK, BLOCK), INVALID_PA);
    g_assert_rc(ACCEPT(f, REGION0 + 16 * BLOCK, BLOCK), INVALID_PA);
    g_assert_rc(ACCEPT(f, 0, BLOCK), INVALID_PA);
    /* Beyond all regions, and a length that wraps past 2^64 */
    g_assert_rc(ACCEPT(f, REGION0, huge), INVALID_PA);
    g_assert_rc(ACCEPT(f, huge, BLOCK), INVALID_PA);
    g_assert_rc(ACCEPT(f, huge, 2 * BLOCK), INVALID_PA);
    g_assert_rc(ACCEPT(f, REGION0, BLOCK, REGION0 + BLOCK, huge), INVALID_PA);
    assert_state_is(f, before);
    g_assert_rc(ACCEPT(f, REGION0, 4 * BLOCK), SUCCESS);
    fixture_free(f);
}

static void test_add_more(void)
{
    Fixture *f = fixture_new(64);
    g_autofree uint64_t *pairs = scattered(30);

    offer_all(f, 30, pairs);
    g_assert_rc(update(f, 0x4802, true, 10, pairs), SUCCESS);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 0);
    g_assert_rc(update(f, 0x4802, true, 0, NULL), SUCCESS);
    g_assert_rc(update(f, 0x4802, true, 10, pairs + 20), SUCCESS);
    g_assert_rc(update(f, 0x4802, false, 10, pairs + 40), SUCCESS);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 30);

    /* The same for the way back */
    g_assert_rc(update(f, 0x4803, true, 20, pairs), SUCCESS);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 30);
    g_assert_rc(update(f, 0x4803, false, 10, pairs + 40), SUCCESS);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 0);
    fixture_free(f);
}

/* Another command, an error, or the other opcode drops what was collected */
static void test_more_dropped(void)
{
    Fixture *f = fixture_new(64);
    uint8_t log = CXL_DCD_EVENT_LOG;

    g_assert_rc(OFFER(f, REGION0, 4 * BLOCK), SUCCESS);
    g_assert_rc(UPDATE(f, 0x4802, true, REGION0, BLOCK), SUCCESS);
    g_assert_rc(mailbox(f, 0x0100, &log, 1), SUCCESS);
    g_assert_rc(UPDATE(f, 0x4802, true, REGION0 + BLOCK, BLOCK), SUCCESS);
    g_assert_rc(mailbox(f, 0x4802, NULL, 0), INVALID_PAYLOAD_LENGTH);
    g_assert_rc(UPDATE(f, 0x4802, true, REGION0 + 2 * BLOCK, BLOCK), SUCCESS);
    g_assert_rc(RELEASE(f, REGION0 + 2 * BLOCK, BLOCK), INVALID_PA);
    g_assert_rc(ACCEPT(f, REGION0 + 3 * BLOCK, BLOCK), SUCCESS);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 1);
    g_assert_cmpuint(cxl_dcd_available(f->dcd, 0), ==, GIB - BLOCK);

    /* The fabric manager's CCI is another one and does not break in */
    g_assert_rc(OFFER(f, REGION0, 3 * BLOCK), SUCCESS);
    g_assert_rc(UPDATE(f, 0x4802, true, REGION0, BLOCK), SUCCESS);
    g_assert_rc(fm(f, 0x5600, NULL, 0), SUCCESS);
    g_assert_rc(ACCEPT(f, REGION0 + 2 * BLOCK, BLOCK), SUCCESS);
    g_assert_cmpuint(cxl_dcd_available(f->dcd, 0), ==, GIB - 3 * BLOCK);
    g_assert_true(cxl_dcd_reachable(f->dcd, REGION0, BLOCK));
    g_assert_true(cxl_dcd_reachable(f->dcd, REGION0 + 2 * BLOCK, BLOCK));
    fixture_free(f);
}

static void test_release(void)
{
    Fixture *f = fixture_new(64);
    const uint64_t huge = 0 - BLOCK;
    g_autoptr(GByteArray) before = NULL;
    uint32_t g;

    g_assert_rc(OFFER(f, REGION0, 4 * BLOCK, REGION0 + 4 * BLOCK, 4 * BLOCK),
                SUCCESS);
    g_assert_rc(ACCEPT(f, REGION0, 4 * BLOCK, REGION0 + 4 * BLOCK, 4 * BLOCK),
                SUCCESS);
    before = fixture_state(f);
    g_assert_rc(update(f, 0x4803, false, 0, NULL), INVALID_INPUT);
    g_assert_rc(RELEASE(f, REGION0, BLOCK, REGION0, BLOCK),
                INVALID_EXTENT_LIST);
    g_assert_rc(RELEASE(f, REGION0 + 64, BLOCK), INVALID_EXTENT_LIST);
    g_assert_rc(RELEASE(f, REGION0, 0), INVALID_EXTENT_LIST);
    g_assert_rc(RELEASE(f, REGION0 + 6 * BLOCK, 4 * BLOCK), INVALID_PA);
    g_assert_rc(RELEASE(f, REGION0, BLOCK, REGION0 + 20 * BLOCK, BLOCK),
                INVALID_PA);
    g_assert_rc(RELEASE(f, REGION0, huge), INVALID_PA);
    g_assert_rc(RELEASE(f, huge, BLOCK), INVALID_PA);
    assert_state_is(f, before);

    /* A range may end one extent and begin the next */
    g = generation(f);
    g_assert_rc(RELEASE(f, REGION0 + 3 * BLOCK, 2 * BLOCK), SUCCESS);
    g_assert_cmpuint(generation(f), !=, g);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 2);
    /* A piece from the middle splits */
    g_assert_rc(RELEASE(f, REGION0 + BLOCK, BLOCK), SUCCESS);
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 3);
    g_assert_rc(RELEASE(f, REGION0 + BLOCK, BLOCK), INVALID_PA);
    g_assert_cmpuint(cxl_dcd_available(f->dcd, 0), ==, GIB - 5 * BLOCK);
    fixture_free(f);
}

/* Sharable capacity: all of it or nothing, both ways */
static void test_shared(void)
{
    Fixture *f = fixture_new(64);
    CXLDcdExtent extent;

    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5604, .policy = CXL_DCD_POLICY_CONTIGUOUS, .region = 1,
        .length = 4 * BLOCK, .tag = 0x77,
    }), SUCCESS);
    g_assert_true(cxl_dcd_extent_from(f->dcd, REGION1, &extent));
    g_assert_rc(ACCEPT(f, extent.dpa, BLOCK), INVALID_EXTENT_LIST);
    g_assert_rc(ACCEPT(f, extent.dpa, 4 * BLOCK), SUCCESS);
    g_assert_rc(RELEASE(f, extent.dpa, BLOCK), INVALID_EXTENT_LIST);
    g_assert_rc(RELEASE(f, extent.dpa, 4 * BLOCK), SUCCESS);
    g_assert_cmpuint(cxl_dcd_available(f->dcd, 1), ==, GIB);
    fixture_free(f);
}

/* Log 4 through the mailbox; the group's More chain; other logs are not ours */
static void test_events(void)
{
    static const uint8_t bad_logs[] = { 0, 3, 5, 255 };
    static const uint8_t clear[] = { 4, 0, 2, 0, 0, 0, 1, 0, 2, 0 };
    Fixture *f = fixture_new(64);
    CXLDcdGetEventsResponse *out = (CXLDcdGetEventsResponse *)f->out;
    uint8_t log = CXL_DCD_EVENT_LOG;

    for (unsigned i = 0; i < sizeof(bad_logs); i++) {
        uint8_t bad[10];

        g_assert_rc(mailbox(f, 0x0100, &bad_logs[i], 1), INVALID_INPUT);
        memcpy(bad, clear, sizeof(bad));
        bad[0] = bad_logs[i];
        g_assert_rc(mailbox(f, 0x0101, bad, sizeof(bad)), INVALID_INPUT);
    }
    g_assert_rc(OFFER(f, REGION0, BLOCK, REGION0 + 4 * BLOCK, BLOCK), SUCCESS);
    g_assert_rc(mailbox(f, 0x0100, &log, 1), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x20 + 2 * 0x80);
    g_assert_cmpuint(cxl_dcd_get16(out->record_count), ==, 2);
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpuint(out->records[i].type, ==, CXL_DCD_EVENT_ADD);
        g_assert_cmphex(out->records[i].record_flags[0], ==, 0);
        g_assert_cmphex(out->records[i].flags, ==, !i);
        g_assert_cmphex(out->records[i].validity, ==, 1);
        g_assert_cmphex(cxl_dcd_get64(out->records[i].extent.start_dpa), ==,
                        REGION0 + 4 * i * BLOCK);
    }
    g_assert_rc(mailbox(f, 0x0101, clear, sizeof(clear)), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0);
    g_assert_rc(mailbox(f, 0x0101, clear, sizeof(clear)), INVALID_HANDLE);
    fixture_free(f);
}

static void test_effects(void)
{
    size_t count;
    const CXLDcdCommand *commands = cxl_dcd_mailbox_commands(&count);
    static const uint16_t expected[][2] = {
        { 0x0100, 0x0000 }, { 0x0101, 0x0010 }, { 0x4800, 0x0000 },
        { 0x4801, 0x0000 }, { 0x4802, 0x0002 }, { 0x4803, 0x0002 },
    };

    g_assert_cmpuint(count, ==, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < count; i++) {
        g_assert_cmphex(commands[i].opcode, ==, expected[i][0]);
        g_assert_cmphex(commands[i].effects, ==, expected[i][1]);
        g_assert_true(cxl_dcd_command_find(commands, count,
                                           expected[i][0]) == &commands[i]);
    }
    g_assert_null(cxl_dcd_command_find(commands, count, 0x4804));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/commands/host/golden", test_golden);
    g_test_add_func("/commands/host/lengths", test_lengths);
    g_test_add_func("/commands/host/effects", test_effects);
    g_test_add_func("/commands/host/config", test_config);
    g_test_add_func("/commands/host/list", test_list);
    g_test_add_func("/commands/host/update/count", test_update_count);
    g_test_add_func("/commands/host/update/more", test_add_more);
    g_test_add_func("/commands/host/update/drops-chain", test_more_dropped);
    g_test_add_func("/commands/host/add/nothing-pending",
                    test_add_nothing_pending);
    g_test_add_func("/commands/host/add/decline", test_add_reject);
    g_test_add_func("/commands/host/add/partial", test_add_partial);
    g_test_add_func("/commands/host/add/errors", test_add_errors);
    g_test_add_func("/commands/host/release", test_release);
    g_test_add_func("/commands/host/shared", test_shared);
    g_test_add_func("/commands/host/events", test_events);
    return g_test_run();
}
