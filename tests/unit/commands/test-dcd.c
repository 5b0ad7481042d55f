/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fabric manager's commands as bytes: 5600h to 5608h (CXL r3.2 7.6.7.6)
 *
 * After every refusal the whole state is what it was.
 */
#include "tests/unit/fixture.h"

static void test_info(void)
{
    Fixture *f = fixture_new(16);
    const CXLDcdFmInfoResponse *info = (const CXLDcdFmInfoResponse *)f->out;

    g_assert_rc(fm(f, 0x5600, NULL, 0), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x54);
    g_assert_cmpuint(info->hosts, ==, 1);
    g_assert_cmpuint(info->regions, ==, 3);
    g_assert_cmphex(cxl_dcd_get16(info->add_policies), ==, 0x7);
    g_assert_cmphex(cxl_dcd_get16(info->removal_policies), ==, 0x3);
    g_assert_cmphex(info->sanitize_configurable, ==, 1 << 0);
    g_assert_cmpuint(cxl_dcd_get64(info->total_capacity), ==, 4 + 4 + 1);
    g_assert_cmphex(cxl_dcd_get64(info->block_sizes[0]), ==, 0x600000);
    g_assert_cmphex(cxl_dcd_get64(info->block_sizes[2]), ==, 0x1000);
    g_assert_cmphex(cxl_dcd_get64(info->block_sizes[3]), ==, 0);
    fixture_free(f);
}

static void test_region_config(void)
{
    Fixture *f = fixture_new(16);
    const CXLDcdFmRegionConfigResponse *out =
        (const CXLDcdFmRegionConfigResponse *)f->out;
    uint8_t in[4] = { HOST_ID, 0, 8, 0 }, limit = 8;

    g_assert_rc(fm(f, 0x5601, in, 4), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 4 + 3 * 0x28 + 0x10);
    g_assert_cmpuint(out->available_regions, ==, 3);
    g_assert_cmpuint(out->returned_regions, ==, 3);
    g_assert_cmphex(cxl_dcd_get64(out->regions[1].base), ==, REGION1);
    g_assert_cmphex(cxl_dcd_get64(out->regions[1].decode_length), ==, 4);
    g_assert_cmphex(cxl_dcd_get64(out->regions[1].length), ==, GIB);
    g_assert_cmphex(cxl_dcd_get64(out->regions[1].block_size), ==, BLOCK);
    g_assert_cmphex(out->regions[1].attributes, ==, CXL_DCD_REGION_SHARABLE);
    g_assert_cmphex(out->regions[1].sanitize, ==, 0);
    g_assert_cmphex(out->regions[2].sanitize, ==, 1);
    /* At the smallest response limit still all three */
    g_assert_rc(fm(f, 0x0004, &limit, 1), SUCCESS);
    g_assert_rc(fm(f, 0x5601, in, 4), SUCCESS);
    g_assert_cmpuint(f->out_len, <=, 256);

    in[3] = 3;
    g_assert_rc(fm(f, 0x5601, in, 4), INVALID_INPUT);
    in[3] = 0;
    in[0] = HOST_ID + 1;
    g_assert_rc(fm(f, 0x5601, in, 4), INVALID_INPUT);
    in[0] = HOST_ID;
    in[1] = 1;
    g_assert_rc(fm(f, 0x5601, in, 4), INVALID_INPUT);
    fixture_free(f);
}

static uint16_t set_region(Fixture *f, uint8_t region, uint64_t block,
                           uint8_t sanitize)
{
    CXLDcdFmSetRegionRequest in = {
        .region = region, .block_size = cxl_dcd_put64(block),
        .sanitize = sanitize,
    };

    return fm(f, 0x5602, &in, sizeof(in));
}

static void test_set_region(void)
{
    Fixture *f = fixture_new(16);
    g_autoptr(GByteArray) before = fixture_state(f);
    CXLDcdEvent event;

    g_assert_rc(set_region(f, 8, BLOCK, 0), INVALID_INPUT);
    g_assert_rc(set_region(f, 3, BLOCK, 0), INVALID_INPUT);
    g_assert_rc(set_region(f, 0, 3 * MIB, 0), INVALID_INPUT);
    g_assert_rc(set_region(f, 0, 8 * MIB, 0), INVALID_INPUT);
    g_assert_rc(set_region(f, 0, 0, 0), INVALID_INPUT);
    g_assert_rc(set_region(f, 1, BLOCK, 1), UNSUPPORTED);
    assert_state_is(f, before);

    g_assert_rc(set_region(f, 0, 4 * MIB, 1), SUCCESS);
    g_assert_cmpuint(cxl_dcd_config(f->dcd)->regions[0].block_size, ==,
                     4 * MIB);
    g_assert_true(cxl_dcd_config(f->dcd)->regions[0].sanitize);
    g_assert_true(cxl_dcd_event_log_peek(f->host_log, 0, &event, NULL, NULL));
    g_assert_cmpuint(event.type, ==, CXL_DCD_EVENT_REGION_CONFIG);
    g_assert_cmpuint(event.region, ==, 0);
    g_assert_rc(OFFER(f, REGION0, BLOCK), INVALID_EXTENT_LIST);

    /* Refused while capacity is out, be it only offered */
    g_assert_rc(OFFER(f, REGION0, 4 * MIB), SUCCESS);
    g_assert_rc(set_region(f, 0, BLOCK, 1), UNSUPPORTED);
    g_assert_rc(REJECT(f), SUCCESS);
    g_assert_rc(set_region(f, 0, BLOCK, 0), SUCCESS);
    fixture_free(f);
}

static void test_extent_lists(void)
{
    Fixture *f = fixture_new(128);
    CXLDcdFmExtentListRequest in = { .extent_count = cxl_dcd_put32(1000) };
    const CXLDcdFmExtentListResponse *out =
        (const CXLDcdFmExtentListResponse *)f->out;
    uint64_t pairs[80];
    uint8_t limit = 8;

    for (unsigned i = 0; i < 40; i++) {
        pairs[2 * i] = REGION0 + 2 * i * BLOCK;
        pairs[2 * i + 1] = BLOCK;
    }
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5604, .policy = 2, .tag = 0x21, .count = 40,
        .pairs = pairs,
    }), SUCCESS);
    g_assert_rc(update(f, 0x4802, false, 40, pairs), SUCCESS);

    /* 25 in 1024 bytes, 5 in 256 */
    g_assert_rc(fm(f, 0x5603, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x18 + 25 * 0x28);
    g_assert_cmpuint(cxl_dcd_get32(out->returned), ==, 25);
    g_assert_cmpuint(cxl_dcd_get32(out->total), ==, 40);
    g_assert_cmpuint(cxl_dcd_get32(out->generation), ==,
                     cxl_dcd_generation(f->dcd));
    g_assert_cmphex(cxl_dcd_get64(out->extents[24].start_dpa), ==, pairs[48]);
    g_assert_cmphex(out->extents[24].tag[15], ==, 0x21);
    g_assert_rc(fm(f, 0x0004, &limit, 1), SUCCESS);
    in.start_index = cxl_dcd_put32(33);
    g_assert_rc(fm(f, 0x5603, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(out->start_index), ==, 33);
    g_assert_cmpuint(cxl_dcd_get32(out->returned), ==, 5);
    in.start_index = cxl_dcd_put32(40);
    g_assert_rc(fm(f, 0x5603, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x18);
    in.start_index = cxl_dcd_put32(41);
    g_assert_rc(fm(f, 0x5603, &in, sizeof(in)), INVALID_INPUT);
    in.start_index = 0;
    in.host_id = cxl_dcd_put16(HOST_ID + 1);
    g_assert_rc(fm(f, 0x5603, &in, sizeof(in)), INVALID_INPUT);
    fixture_free(f);
}

/* Offer, answer, and what the fabric manager learns of it */
static void test_add_and_release(void)
{
    Fixture *f = fixture_new(64);
    CXLDcdEvent event;

    for (uint8_t policy = 0; policy < 2; policy++) {
        CXLDcdExtent extent;

        g_assert_rc(initiate(f, &(Initiate) {
            .opcode = 0x5604, .policy = policy, .region = 0,
            .length = 4 * BLOCK, .tag = 0x40 + policy,
        }), SUCCESS);
        g_assert_cmpuint(cxl_dcd_available(f->dcd, 0), ==, GIB - 4 * BLOCK);
        g_assert_true(cxl_dcd_extent_from(f->dcd, 0, &extent));
        g_assert_cmpuint(extent.state, ==, CXL_DCD_PENDING);
        g_assert_rc(ACCEPT(f, extent.dpa, extent.len), SUCCESS);
        g_assert_true(cxl_dcd_event_log_peek(f->fm_log, 2 * policy, &event,
                                             NULL, NULL));
        g_assert_cmpuint(event.type, ==, CXL_DCD_EVENT_ADD_RESPONSE);
        g_assert_cmpuint(event.host_id, ==, HOST_ID);
        g_assert_cmphex(event.dpa, ==, extent.dpa);
        g_assert_cmphex(event.tag[0], ==, 0x40 + policy);

        g_assert_rc(initiate(f, &(Initiate) {
            .opcode = 0x5605, .policy = CXL_DCD_REMOVE_TAG,
            .length = 4 * BLOCK, .tag = 0x40 + policy,
        }), SUCCESS);
        g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 1);
        g_assert_rc(RELEASE(f, extent.dpa, extent.len), SUCCESS);
        g_assert_true(cxl_dcd_event_log_peek(f->fm_log, 2 * policy + 1, &event,
                                             NULL, NULL));
        g_assert_cmpuint(event.type, ==, CXL_DCD_EVENT_CAPACITY_RELEASED);
    }
    fixture_free(f);
}

static void test_add_errors(void)
{
    Fixture *f = fixture_new(4);
    g_autoptr(GByteArray) before = NULL;
    const Initiate bad[] = {
        { .opcode = 0x5604, .host = 1, .policy = 0, .length = BLOCK },
        { .opcode = 0x5604, .policy = 4, .length = BLOCK },
        { .opcode = 0x5604, .policy = 15, .length = BLOCK },
        { .opcode = 0x5604, .policy = 0, .region = 3, .length = BLOCK },
        { .opcode = 0x5604, .policy = 0, .region = 255, .length = BLOCK },
        { .opcode = 0x5604, .policy = 0, .length = 0 },
        { .opcode = 0x5604, .policy = 1, .length = BLOCK + 1 },
        { .opcode = 0x5604, .policy = 3, .region = 1, .tag = 9 },
        { .opcode = 0x5604, .policy = 3, .region = 0, .tag = 9 },
    };

    g_assert_rc(OFFER(f, REGION0, BLOCK), SUCCESS);
    before = fixture_state(f);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_rc(initiate(f, &bad[i]), INVALID_INPUT);
    }
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5604, .policy = 0, .length = GIB }), RESOURCES_EXHAUSTED);
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5604, .policy = 1, .length = 1ULL << 63
    }), RESOURCES_EXHAUSTED);
    /* Prescriptive */
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5604, .policy = 2 }), INVALID_EXTENT_LIST);
    g_assert_rc(OFFER(f, REGION0, BLOCK), INVALID_EXTENT_LIST);
    g_assert_rc(OFFER(f, REGION0 + BLOCK, 0), INVALID_EXTENT_LIST);
    g_assert_rc(OFFER(f, REGION0 + 64, BLOCK), INVALID_EXTENT_LIST);
    /* An offset plus a length past 2^64 is outside of the region */
    g_assert_rc(OFFER(f, 0 - BLOCK, 2 * BLOCK), INVALID_EXTENT_LIST);
    /* Four records do not fit beside one: nothing is half-added */
    g_assert_rc(OFFER(f, REGION0 + 2 * BLOCK, BLOCK, REGION0 + 4 * BLOCK,
                      BLOCK, REGION0 + 6 * BLOCK, BLOCK, REGION0 + 8 * BLOCK,
                      BLOCK), RETRY_REQUIRED);
    assert_state_is(f, before);
    fixture_free(f);
}

/* The extent count is not believed, whatever it multiplies to */
static void test_extent_count(void)
{
    static const uint32_t counts[] = { 2, 0x06666667, 0x80000000, 0xffffffff };
    Fixture *f = fixture_new(16);
    g_autoptr(GByteArray) before = fixture_state(f);
    union {
        CXLDcdFmInitiateRequest request;
        uint8_t bytes[0x48];
    } in = { .request.policy = CXL_DCD_POLICY_PRESCRIPTIVE };

    for (uint16_t opcode = 0x5604; opcode <= 0x5605; opcode++) {
        in.request.policy = opcode == 0x5604 ? CXL_DCD_POLICY_PRESCRIPTIVE :
                                               CXL_DCD_REMOVE_PRESCRIPTIVE;
        for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
            in.request.extent_count = cxl_dcd_put32(counts[i]);
            g_assert_rc(fm(f, opcode, &in, sizeof(in)),
                        INVALID_PAYLOAD_LENGTH);
        }
        in.request.extent_count = cxl_dcd_put32(1);
        for (size_t len = 0; len < sizeof(in); len++) {
            g_assert_rc(fm(f, opcode, &in, len), INVALID_PAYLOAD_LENGTH);
        }
    }
    assert_state_is(f, before);
    fixture_free(f);
}

static void test_release_errors(void)
{
    Fixture *f = fixture_new(64);
    g_autoptr(GByteArray) before = NULL;

    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5604, .policy = 1, .length = 4 * BLOCK, .tag = 1
    }), SUCCESS);
    g_assert_rc(ACCEPT(f, REGION0, 4 * BLOCK), SUCCESS);
    g_assert_rc(OFFER(f, REGION0 + 8 * BLOCK, BLOCK), SUCCESS);
    before = fixture_state(f);
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5605, .host = 1, .tag = 1 }), INVALID_INPUT);
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5605, .policy = 2, .tag = 1 }), INVALID_INPUT);
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5605, .tag = 2, .length = BLOCK }), INVALID_INPUT);
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5605, .tag = 1, .length = 5 * BLOCK
    }), RESOURCES_EXHAUSTED);
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5605, .policy = 1 }), INVALID_EXTENT_LIST);
    /* Only pending, and not forced */
    g_assert_rc(ASK(f, 0, REGION0 + 8 * BLOCK, BLOCK), INVALID_PA);
    g_assert_cmphex(ASK(f, 0, REGION0 + 16 * BLOCK, BLOCK), !=, 0);
    g_assert_cmphex(ASK(f, 0, 0 - BLOCK, 2 * BLOCK), !=, 0);
    assert_state_is(f, before);
    fixture_free(f);
}

static void test_forced(void)
{
    Fixture *f = fixture_new(64);
    CXLDcdEvent event;
    uint32_t n;

    g_assert_rc(OFFER(f, REGION0, 4 * BLOCK), SUCCESS);
    g_assert_rc(ACCEPT(f, REGION0, 4 * BLOCK), SUCCESS);
    n = cxl_dcd_event_log_count(f->host_log);
    g_assert_rc(ASK(f, CXL_DCD_REMOVE_FORCED | CXL_DCD_REMOVE_SANITIZE,
                    REGION0 + BLOCK, BLOCK), SUCCESS);
    g_assert_false(cxl_dcd_reachable(f->dcd, REGION0 + BLOCK, 64));
    g_assert_true(cxl_dcd_reachable(f->dcd, REGION0 + 2 * BLOCK, 64));
    g_assert_true(cxl_dcd_event_log_peek(f->host_log, n, &event, NULL, NULL));
    g_assert_cmpuint(event.type, ==, CXL_DCD_EVENT_FORCED_RELEASE);
    g_assert_cmphex(event.dpa, ==, REGION0 + BLOCK);
    g_assert_cmphex(event.length, ==, BLOCK);

    /* A pending offer dies: only an empty answer closes it */
    g_assert_rc(OFFER(f, REGION0 + 8 * BLOCK, BLOCK), SUCCESS);
    n = cxl_dcd_event_log_count(f->host_log);
    g_assert_rc(ASK(f, CXL_DCD_REMOVE_FORCED, REGION0 + 8 * BLOCK, BLOCK),
                SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->host_log), ==, n);
    g_assert_rc(ACCEPT(f, REGION0 + 8 * BLOCK, BLOCK), INVALID_PA);
    g_assert_rc(REJECT(f), SUCCESS);
    g_assert_rc(REJECT(f), INVALID_INPUT);
    fixture_free(f);
}

/* A full host log stops a request, not a forced removal */
static void test_forced_without_room(void)
{
    Fixture *f = fixture_new(2);

    g_assert_rc(OFFER(f, REGION0, BLOCK, REGION0 + 4 * BLOCK, BLOCK), SUCCESS);
    g_assert_rc(ACCEPT(f, REGION0, BLOCK, REGION0 + 4 * BLOCK, BLOCK),
                SUCCESS);
    g_assert_rc(ASK(f, 0, REGION0, BLOCK), RETRY_REQUIRED);
    g_assert_false(cxl_dcd_event_log_overflowed(f->host_log));
    g_assert_rc(ASK(f, CXL_DCD_REMOVE_FORCED, REGION0, BLOCK), SUCCESS);
    g_assert_true(cxl_dcd_event_log_overflowed(f->host_log));
    g_assert_cmpuint(cxl_dcd_listed_count(f->dcd), ==, 1);
    fixture_free(f);
}

static uint16_t reference(Fixture *f, uint16_t opcode, uint8_t tag)
{
    CXLDcdFmReferenceRequest in;

    memset(in.tag, tag, sizeof(in.tag));
    return fm(f, opcode, &in, sizeof(in));
}

static uint16_t list_tags(Fixture *f, uint32_t start, uint32_t max)
{
    CXLDcdFmListTagsRequest in = {
        cxl_dcd_put32(start), cxl_dcd_put32(max)
    };

    return fm(f, 0x5608, &in, sizeof(in));
}

static void test_references_and_tags(void)
{
    Fixture *f = fixture_new(64);
    const CXLDcdFmListTagsResponse *out =
        (const CXLDcdFmListTagsResponse *)f->out;
    CXLDcdExtent extent;
    uint32_t generation;

    g_assert_rc(reference(f, 0x5606, 7), INVALID_INPUT);
    g_assert_rc(reference(f, 0x5607, 7), INVALID_INPUT);
    g_assert_rc(list_tags(f, 0, 10), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x10);
    generation = cxl_dcd_get32(out->generation);

    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5604, .policy = 1, .region = 1, .length = BLOCK, .tag = 7
    }), SUCCESS);
    g_assert_rc(list_tags(f, 0, 10), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x10 + 0x54);
    g_assert_cmpuint(cxl_dcd_get32(out->total), ==, 1);
    g_assert_cmpuint(cxl_dcd_get32(out->returned), ==, 1);
    g_assert_cmphex(out->validity, ==, 3);
    g_assert_cmphex(out->tags[0].tag[3], ==, 7);
    g_assert_cmphex(out->tags[0].pending[HOST_ID / 8], ==, 1);
    g_assert_cmphex(out->tags[0].accepted[0], ==, 0);
    g_assert_cmpuint(cxl_dcd_get32(out->generation), !=, generation);

    g_assert_true(cxl_dcd_extent_from(f->dcd, REGION1, &extent));
    g_assert_rc(ACCEPT(f, extent.dpa, extent.len), SUCCESS);
    g_assert_rc(reference(f, 0x5606, 7), SUCCESS);
    g_assert_rc(reference(f, 0x5606, 7), SUCCESS);
    g_assert_rc(list_tags(f, 0, 10), SUCCESS);
    g_assert_cmphex(out->tags[0].accepted[HOST_ID / 8], ==, 1);
    g_assert_cmphex(out->tags[0].pending[0], ==, 0);
    g_assert_cmphex(out->tags[0].flags, ==, CXL_DCD_TAG_FM_REFERENCE);
    g_assert_rc(list_tags(f, 0, 0), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x10);
    g_assert_rc(list_tags(f, 1, 1), SUCCESS);
    g_assert_rc(list_tags(f, 2, 1), INVALID_INPUT);

    /* The reference alone keeps it; access comes back by policy 3 */
    g_assert_rc(RELEASE(f, extent.dpa, extent.len), SUCCESS);
    g_assert_cmpuint(cxl_dcd_available(f->dcd, 1), ==, GIB - BLOCK);
    g_assert_rc(initiate(f, &(Initiate) {
        .opcode = 0x5604, .policy = 3, .region = 1, .tag = 7 }), SUCCESS);
    g_assert_rc(ACCEPT(f, extent.dpa, extent.len), SUCCESS);
    g_assert_rc(RELEASE(f, extent.dpa, extent.len), SUCCESS);
    g_assert_rc(reference(f, 0x5607, 7), SUCCESS);
    g_assert_cmpuint(cxl_dcd_available(f->dcd, 1), ==, GIB);
    g_assert_rc(reference(f, 0x5607, 7), INVALID_INPUT);
    fixture_free(f);
}

/* Every fixed-size command with every wrong length */
static void test_lengths(void)
{
    static const struct {
        uint16_t opcode;
        size_t good;
    } commands[] = {
        { 0x5600, 0 }, { 0x5601, 4 }, { 0x5602, 16 }, { 0x5603, 12 },
        { 0x5606, 16 }, { 0x5607, 16 }, { 0x5608, 8 },
    };
    static const uint8_t in[80];
    Fixture *f = fixture_new(16);
    g_autoptr(GByteArray) before = fixture_state(f);

    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        for (size_t len = 0; len < sizeof(in); len++) {
            if (len != commands[i].good) {
                g_assert_rc(fm(f, commands[i].opcode, in, len),
                            INVALID_PAYLOAD_LENGTH);
            }
        }
    }
    g_assert_rc(fm(f, 0x5609, in, 0), UNSUPPORTED);
    g_assert_rc(fm(f, 0x4800, in, 2), UNSUPPORTED);
    assert_state_is(f, before);
    fixture_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/commands/dcd/info", test_info);
    g_test_add_func("/commands/dcd/lengths", test_lengths);
    g_test_add_func("/commands/dcd/region-config", test_region_config);
    g_test_add_func("/commands/dcd/set-region", test_set_region);
    g_test_add_func("/commands/dcd/extent-lists", test_extent_lists);
    g_test_add_func("/commands/dcd/add-and-release", test_add_and_release);
    g_test_add_func("/commands/dcd/add/errors", test_add_errors);
    g_test_add_func("/commands/dcd/extent-count", test_extent_count);
    g_test_add_func("/commands/dcd/release/errors", test_release_errors);
    g_test_add_func("/commands/dcd/forced", test_forced);
    g_test_add_func("/commands/dcd/forced/without-room",
                    test_forced_without_room);
    g_test_add_func("/commands/dcd/references-and-tags",
                    test_references_and_tags);
    return g_test_run();
}
