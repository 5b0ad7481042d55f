/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what 4802h and 4803h must refuse, with which
 * return code, and that a refusal changes nothing (CXL r3.2 8.2.10.9.9.3, .4)
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define ADD     CXL_DCD_OP_ADD_RESPONSE
#define RELEASE CXL_DCD_OP_RELEASE
#define MORE    CXL_DCD_UPDATE_MORE

/*
 * The state every case starts from. Blocks of region 0:
 *   0..3    accepted, one extent
 *   8..9    accepted, one extent
 *   16..19  pending, oldest group, one extent
 *   24..25  pending, oldest group, one extent
 *   32..33  pending, second group
 */
static uint64_t at(CXLDcdDevice *d, uint64_t block)
{
    return d->dc_base + block * BLOCK;
}

static void prepare(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, 4 * BLOCK },
                                           { 8 * BLOCK, 2 * BLOCK });
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 16 * BLOCK, 4 * BLOCK },
                                       { 24 * BLOCK, 2 * BLOCK }));
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 32 * BLOCK, 2 * BLOCK }));
}

/* These ranges are refused with @code, in one command, and nothing changes. */
static void refused(CXLDcdDevice *d, uint16_t opcode, uint16_t code,
                    const CXLDcdSpan *ranges, size_t count)
{
    char *before = cxl_dcd_snapshot(d);

    g_assert_cmphex(cxl_dcd_update(d, opcode, 0, ranges, count), ==, code);
    cxl_dcd_assert_unchanged(d, before);
}

#define refused_as(d, opcode, code, ...) \
    refused(d, opcode, CXL_DCD_RC_##code, CXL_DCD_SPANS(__VA_ARGS__), \
            CXL_DCD_COUNT(__VA_ARGS__))

/* Payload lengths that do not hold what the header says. */
static void bad_length(CXLDcdDevice *d, uint16_t opcode)
{
    struct CXL_DCD_PACKED {
        CXLDcdUpdateRequest header;
        CXLDcdUpdatedExtent extent[2];
    } request = { 0 };
    static const struct {
        uint32_t count;
        size_t len;
    } cases[] = {
        { 1, 0 }, { 1, 7 }, { 1, 8 }, { 1, 0x1f }, { 2, 0x20 }, { 2, 0x37 },
        { 0x80000000, 0x38 }, { 0xffffffff, 0x38 },
        { 0x0aaaaaab, 0x38 },     /* times 18h is 8 in 32 bits */
    };
    char *before = cxl_dcd_snapshot(d);
    unsigned i;

    request.extent[0].start_dpa = cxl_dcd_put64(at(d, 16));
    request.extent[0].length = cxl_dcd_put64(BLOCK);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        request.header.count = cxl_dcd_put32(cases[i].count);
        g_assert_cmphex(cxl_dcd_command(d, opcode, &request, cases[i].len, NULL,
                                        0, NULL), ==,
                        CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    }
    cxl_dcd_assert_unchanged(d, before);
}

static void add_bad_length(CXLDcdDevice *d)
{
    prepare(d);
    bad_length(d, ADD);
}

static void release_bad_length(CXLDcdDevice *d)
{
    prepare(d);
    bad_length(d, RELEASE);
}

/* --- Malformed lists: Invalid Extent List --- */

static void add_malformed(CXLDcdDevice *d)
{
    prepare(d);
    refused_as(d, ADD, INVALID_EXTENT_LIST, { at(d, 16), 0 });
    refused_as(d, ADD, INVALID_EXTENT_LIST, { at(d, 16), BLOCK / 2 });
    refused_as(d, ADD, INVALID_EXTENT_LIST, { at(d, 16) + 64, BLOCK });
    refused_as(d, ADD, INVALID_EXTENT_LIST, { at(d, 16) + BLOCK / 2, BLOCK });
    refused_as(d, ADD, INVALID_EXTENT_LIST, { at(d, 16), 2 * BLOCK },
                                            { at(d, 17), BLOCK });
    refused_as(d, ADD, INVALID_EXTENT_LIST, { at(d, 24), BLOCK },
                                            { at(d, 16), BLOCK },
                                            { at(d, 24), BLOCK });
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 16), BLOCK }), ==, SUCCESS);
}

static void release_malformed(CXLDcdDevice *d)
{
    prepare(d);
    refused_as(d, RELEASE, INVALID_EXTENT_LIST, { at(d, 0), 0 });
    refused_as(d, RELEASE, INVALID_EXTENT_LIST, { at(d, 0), BLOCK / 2 });
    refused_as(d, RELEASE, INVALID_EXTENT_LIST, { at(d, 0) + 64, BLOCK });
    refused_as(d, RELEASE, INVALID_EXTENT_LIST, { at(d, 0), 2 * BLOCK },
                                                { at(d, 1), BLOCK });
    refused_as(d, RELEASE, INVALID_EXTENT_LIST, { at(d, 0), BLOCK },
                                                { at(d, 8), BLOCK },
                                                { at(d, 0), BLOCK });
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 0), BLOCK }), ==, SUCCESS);
}

/* --- Ranges that are not there: Invalid Physical Address --- */

static void add_not_offered(CXLDcdDevice *d)
{
    prepare(d);
    refused_as(d, ADD, INVALID_PA, { at(d, 40), BLOCK });
    refused_as(d, ADD, INVALID_PA, { at(d, 15), 2 * BLOCK });
    refused_as(d, ADD, INVALID_PA, { at(d, 19), 2 * BLOCK });
    refused_as(d, ADD, INVALID_PA, { at(d, 16), 4 * BLOCK },
                                   { at(d, 40), BLOCK });
}

static void add_already_added(CXLDcdDevice *d)
{
    prepare(d);
    refused_as(d, ADD, INVALID_PA, { at(d, 0), BLOCK });
    refused_as(d, ADD, INVALID_PA, { at(d, 16), BLOCK }, { at(d, 8), BLOCK });
}

/* Groups are answered in the order in which they were logged. */
static void add_out_of_order(CXLDcdDevice *d)
{
    prepare(d);
    refused_as(d, ADD, INVALID_PA, { at(d, 32), BLOCK });
    refused_as(d, ADD, INVALID_PA, { at(d, 16), BLOCK }, { at(d, 32), BLOCK });
}

static void no_region(CXLDcdDevice *d, uint16_t opcode)
{
    uint64_t end = d->dc_base + CXL_DCD_TEST_SIZE;

    refused_as(d, opcode, INVALID_PA, { end, BLOCK });
    refused_as(d, opcode, INVALID_PA, { end + (1ULL << 40), BLOCK });
    refused_as(d, opcode, INVALID_PA, { -BLOCK, BLOCK });
}

static void add_no_region(CXLDcdDevice *d)
{
    prepare(d);
    no_region(d, ADD);
}

static void release_no_region(CXLDcdDevice *d)
{
    prepare(d);
    no_region(d, RELEASE);
}

/*
 * A length of 2^64 - 2 MiB wraps past the end of all addresses: it is outside,
 * not malformed.
 */
static void length_wraps(CXLDcdDevice *d, uint16_t opcode, uint64_t block)
{
    refused_as(d, opcode, INVALID_PA, { at(d, block), -BLOCK });
    refused_as(d, opcode, INVALID_PA, { at(d, block), -at(d, block) });
    refused_as(d, opcode, INVALID_PA, { -BLOCK, 2 * BLOCK });
    refused_as(d, opcode, INVALID_PA, { at(d, block), 1ULL << 63 });
}

static void add_length_wraps(CXLDcdDevice *d)
{
    prepare(d);
    length_wraps(d, ADD, 16);
}

static void release_length_wraps(CXLDcdDevice *d)
{
    prepare(d);
    length_wraps(d, RELEASE, 8);
}

static void release_not_accepted(CXLDcdDevice *d)
{
    prepare(d);
    refused_as(d, RELEASE, INVALID_PA, { at(d, 40), BLOCK });
    refused_as(d, RELEASE, INVALID_PA, { at(d, 3), 2 * BLOCK });
    refused_as(d, RELEASE, INVALID_PA, { at(d, 0), BLOCK },
                                       { at(d, 40), BLOCK });
}

static void release_pending(CXLDcdDevice *d)
{
    prepare(d);
    refused_as(d, RELEASE, INVALID_PA, { at(d, 16), BLOCK });
}

static void release_twice(CXLDcdDevice *d)
{
    prepare(d);
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 8), BLOCK }), ==, SUCCESS);
    refused_as(d, RELEASE, INVALID_PA, { at(d, 8), BLOCK });
    refused_as(d, RELEASE, INVALID_PA, { at(d, 8), 2 * BLOCK });
}

/* --- Empty lists --- */

static void release_empty(CXLDcdDevice *d)
{
    prepare(d);
    refused(d, RELEASE, CXL_DCD_RC_INVALID_INPUT, NULL, 0);
}

/* There is nothing to decline: refused, whatever was accepted before. */
static void empty_with_nothing_pending(CXLDcdDevice *d)
{
    refused(d, ADD, CXL_DCD_RC_INVALID_INPUT, NULL, 0);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    refused(d, ADD, CXL_DCD_RC_INVALID_INPUT, NULL, 0);
}

static void some_with_nothing_pending(CXLDcdDevice *d)
{
    uint16_t code;
    char *before;
    const CXLDcdSpan range = { d->dc_base, BLOCK };

    before = cxl_dcd_snapshot(d);
    code = cxl_dcd_update(d, ADD, 0, &range, 1);
    g_assert_true(code == CXL_DCD_RC_INVALID_INPUT ||
                  code == CXL_DCD_RC_INVALID_PA);
    cxl_dcd_assert_unchanged(d, before);
}

/* --- More chains --- */

/* An error ends the chain; the group is still to be answered. */
static void chain_ends_with_error(CXLDcdDevice *d, uint16_t opcode,
                                  const CXLDcdSpan *good,
                                  const CXLDcdSpan *bad)
{
    char *before = cxl_dcd_snapshot(d);

    g_assert_cmphex(cxl_dcd_update(d, opcode, MORE, good, 1), ==, SUCCESS);
    if (cxl_dcd_update(d, opcode, MORE, bad, 1) == SUCCESS) {
        /* A device may judge the chain when it is complete. */
        g_assert_cmphex(cxl_dcd_update(d, opcode, 0, &good[1], 1), !=, SUCCESS);
    }
    cxl_dcd_assert_unchanged(d, before);
    g_assert_cmphex(cxl_dcd_update(d, opcode, 0, &good[1], 1), ==, SUCCESS);
}

static void add_chain_error(CXLDcdDevice *d)
{
    const CXLDcdSpan good[] = { { at(d, 16), BLOCK }, { at(d, 24), BLOCK } };
    const CXLDcdSpan bad = { at(d, 40), BLOCK };

    prepare(d);
    chain_ends_with_error(d, ADD, good, &bad);
    /* Block 16 was of the chain that failed: it is not accepted. */
    cxl_dcd_assert_extents(d, { at(d, 0), 4 * BLOCK },
        { at(d, 8), 2 * BLOCK }, { at(d, 24), BLOCK });
}

static void release_chain_error(CXLDcdDevice *d)
{
    const CXLDcdSpan good[] = { { at(d, 0), BLOCK }, { at(d, 8), BLOCK } };
    const CXLDcdSpan bad = { at(d, 40), BLOCK };

    prepare(d);
    chain_ends_with_error(d, RELEASE, good, &bad);
    cxl_dcd_assert_extents(d, { at(d, 0), 4 * BLOCK },
        { at(d, 9), BLOCK });
}

/* Entries of different commands of one chain overlap. */
static void chain_overlap(CXLDcdDevice *d)
{
    const CXLDcdSpan range = { at(d, 16), 2 * BLOCK };
    char *before;

    prepare(d);
    before = cxl_dcd_snapshot(d);
    g_assert_cmphex(cxl_dcd_update(d, ADD, MORE, &range, 1), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_update(d, ADD, 0, &range, 1), ==,
                    CXL_DCD_RC_INVALID_EXTENT_LIST);
    cxl_dcd_assert_unchanged(d, before);
}

/* The commands of a chain are consecutive and of one opcode. */
static void chain_broken_by_command(CXLDcdDevice *d)
{
    const CXLDcdSpan first = { at(d, 16), BLOCK };
    const CXLDcdSpan second = { at(d, 24), BLOCK };
    CXLDcdHostConfig config;

    prepare(d);
    g_assert_cmphex(cxl_dcd_update(d, ADD, MORE, &first, 1), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get_config(d, 1, 0, &config), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_update(d, ADD, 0, &second, 1), ==, SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 0), 4 * BLOCK },
        { at(d, 8), 2 * BLOCK }, { at(d, 24), BLOCK });
}

static void chain_broken_by_other_kind(CXLDcdDevice *d)
{
    const CXLDcdSpan release = { at(d, 0), BLOCK };
    const CXLDcdSpan add = { at(d, 16), BLOCK };

    prepare(d);
    g_assert_cmphex(cxl_dcd_update(d, RELEASE, MORE, &release, 1), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_update(d, ADD, 0, &add, 1), ==, SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 0), 4 * BLOCK },
        { at(d, 8), 2 * BLOCK }, { at(d, 16), BLOCK });
}

/* A command of the generic set comes between: it, too, is unrelated. */
/* Also by one that is refused, or that there is not */
static void chain_broken_by_generic(CXLDcdDevice *d)
{
    static const struct {
        uint16_t opcode, code;
        size_t len;
    } others[] = {
        { CXL_DCD_OP_IDENTIFY_MEMDEV, SUCCESS, 0 },
        { CXL_DCD_OP_IDENTIFY_MEMDEV, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH, 5 },
        { 0x0100, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH, 0 },
        { 0xc000, CXL_DCD_RC_UNSUPPORTED, 0 },
    };
    const CXLDcdSpan first = { at(d, 0), BLOCK };
    uint8_t in[8] = { 0 }, out[0x80];
    unsigned i;

    cxl_dcd_add_accepted(d, { 0, 4 * BLOCK }, { 8 * BLOCK, 5 * BLOCK });
    for (i = 0; i < G_N_ELEMENTS(others); i++) {
        const CXLDcdSpan last = { at(d, 8 + i), BLOCK };

        g_assert_cmphex(cxl_dcd_update(d, RELEASE, MORE, &first, 1), ==,
                        SUCCESS);
        g_assert_cmphex(cxl_dcd_command(d, others[i].opcode, in, others[i].len,
                                        out, sizeof(out), NULL), ==,
                        others[i].code);
        g_assert_cmphex(cxl_dcd_update(d, RELEASE, 0, &last, 1), ==, SUCCESS);
        cxl_dcd_assert_extents(d, { at(d, 0), 4 * BLOCK },
                               { at(d, 9 + i), (4 - i) * BLOCK });
    }
}

/* --- Limits --- */

static void release_resources(CXLDcdDevice *d)
{
    CXLDcdHostConfig config;

    cxl_dcd_add_accepted(d, { 0, 3 * BLOCK },
                                           { 8 * BLOCK, BLOCK });
    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &config), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(config.counters.available_extents), ==, 0);
    refused_as(d, RELEASE, RESOURCES_EXHAUSTED, { at(d, 1), BLOCK });
    /* Without another piece it works. */
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 2), BLOCK }), ==, SUCCESS);
}

static void add_resources(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 8 * BLOCK }));
    refused_as(d, ADD, RESOURCES_EXHAUSTED, { at(d, 0), BLOCK },
               { at(d, 2), BLOCK }, { at(d, 4), BLOCK });
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 0), BLOCK }, { at(d, 2), BLOCK }),
                    ==, SUCCESS);
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions two = { .properties = ",\"dc-max-extents\":2" };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/add-response/bad-length", NULL, add_bad_length);
    cxl_dcd_add_case("/cxl-dcd/add-response/malformed", NULL, add_malformed);
    cxl_dcd_add_case("/cxl-dcd/add-response/not-offered", NULL,
                     add_not_offered);
    cxl_dcd_add_case("/cxl-dcd/add-response/already-added", NULL,
                     add_already_added);
    cxl_dcd_add_case("/cxl-dcd/add-response/out-of-order", NULL,
                     add_out_of_order);
    cxl_dcd_add_case("/cxl-dcd/add-response/no-region", NULL, add_no_region);
    cxl_dcd_add_case("/cxl-dcd/add-response/length-wraps", NULL,
                     add_length_wraps);
    cxl_dcd_add_case("/cxl-dcd/add-response/empty-with-nothing-pending", NULL,
                     empty_with_nothing_pending);
    cxl_dcd_add_case("/cxl-dcd/add-response/some-with-nothing-pending", NULL,
                     some_with_nothing_pending);
    cxl_dcd_add_case("/cxl-dcd/add-response/resources-exhausted", &two,
                     add_resources);
    cxl_dcd_add_case("/cxl-dcd/add-response/chain-error", NULL,
                     add_chain_error);
    cxl_dcd_add_case("/cxl-dcd/add-response/chain-overlap", NULL,
                     chain_overlap);
    cxl_dcd_add_case("/cxl-dcd/add-response/chain-broken-by-command", NULL,
                     chain_broken_by_command);
    cxl_dcd_add_case("/cxl-dcd/release/chain-broken-by-add-response", NULL,
                     chain_broken_by_other_kind);
    cxl_dcd_add_case("/cxl-dcd/release/chain-broken-by-generic-command", NULL,
                     chain_broken_by_generic);

    cxl_dcd_add_case("/cxl-dcd/release/bad-length", NULL, release_bad_length);
    cxl_dcd_add_case("/cxl-dcd/release/malformed", NULL, release_malformed);
    cxl_dcd_add_case("/cxl-dcd/release/no-region", NULL, release_no_region);
    cxl_dcd_add_case("/cxl-dcd/release/length-wraps", NULL,
                     release_length_wraps);
    cxl_dcd_add_case("/cxl-dcd/release/not-accepted", NULL,
                     release_not_accepted);
    cxl_dcd_add_case("/cxl-dcd/release/pending", NULL, release_pending);
    cxl_dcd_add_case("/cxl-dcd/release/twice", NULL, release_twice);
    cxl_dcd_add_case("/cxl-dcd/release/empty", NULL, release_empty);
    cxl_dcd_add_case("/cxl-dcd/release/chain-error", NULL, release_chain_error);
    cxl_dcd_add_case("/cxl-dcd/release/resources-exhausted", &two,
                     release_resources);
    return g_test_run();
}
