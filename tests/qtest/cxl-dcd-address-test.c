/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: memory is reachable exactly while its extent is
 * accepted and a committed decoder leads to it. Every other read gives all
 * ones, every other write is dropped (r3.1 Table 8-27), none reaches RAM.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define PATTERN 0x5a17c0de00000000ULL

static uint64_t rd(CXLDcdDevice *d, uint64_t hpa)
{
    return qtest_readq(d->machine->qts, hpa);
}

static void wr(CXLDcdDevice *d, uint64_t hpa, uint64_t value)
{
    qtest_writeq(d->machine->qts, hpa, value);
}

/* Is there memory in [hpa, hpa + len)? Start, middle and end are tried. */
static void check(CXLDcdDevice *d, uint64_t hpa, uint64_t len, bool reachable)
{
    const uint64_t at[] = { hpa, hpa + (len / 2 & ~7ULL), hpa + len - 8 };
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(at); i++) {
        wr(d, at[i], PATTERN | at[i]);
        g_assert_cmphex(rd(d, at[i]), ==,
                        reachable ? PATTERN | at[i] : UINT64_MAX);
    }
}

static void assert_mapping(CXLDcdDevice *d, const char *mapping, unsigned count)
{
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", mapping), ==, count);
}

/* --- The life of an extent --- */

static void only_while_accepted(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    check(d, hpa, BLOCK, false);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    check(d, hpa, BLOCK, false);
    assert_mapping(d, "none", 1);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    check(d, hpa, BLOCK, true);
    check(d, hpa + BLOCK, BLOCK, false);
    assert_mapping(d, "direct", 1);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    check(d, hpa, BLOCK, true);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    check(d, hpa, BLOCK, false);
}

static void not_after_reject(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 4 * BLOCK }));
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    check(d, hpa, 4 * BLOCK, false);
}

static void only_what_was_accepted(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 4 * BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + BLOCK, BLOCK }), ==,
                    SUCCESS);
    check(d, hpa, BLOCK, false);
    check(d, hpa + BLOCK, BLOCK, true);
    check(d, hpa + 2 * BLOCK, 2 * BLOCK, false);
}

static void not_after_partial_release(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_add_accepted(d, { 0, 4 * BLOCK });
    check(d, hpa, 4 * BLOCK, true);
    wr(d, hpa + 3 * BLOCK, 42);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base + BLOCK, BLOCK }), ==,
                    SUCCESS);
    check(d, hpa, BLOCK, true);
    check(d, hpa + BLOCK, BLOCK, false);
    g_assert_cmphex(rd(d, hpa + 3 * BLOCK), ==, 42);
    check(d, hpa + 2 * BLOCK, 2 * BLOCK, true);
}

static void not_after_forced(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK });
    check(d, hpa, 2 * BLOCK, true);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .forced = true);
    check(d, hpa, BLOCK, false);
    check(d, hpa + BLOCK, BLOCK, true);
}

/* A write that was dropped must not show when the block is added later. */
static void dropped_write_stays_dropped(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    wr(d, hpa, 0x1111111111111111ULL);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    wr(d, hpa + 8, 0x2222222222222222ULL);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    g_assert_cmphex(rd(d, hpa), ==, 0);
    g_assert_cmphex(rd(d, hpa + 8), ==, 0);
}

/* An access over the end of an extent must not reach the block behind it. */
static void access_over_the_end(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    wr(d, hpa + BLOCK - 4, 0x3333333344444444ULL);
    g_assert_cmphex(qtest_readl(d->machine->qts, hpa + BLOCK), ==, UINT32_MAX);
    cxl_dcd_add_accepted(d, { BLOCK, BLOCK });
    g_assert_cmphex(qtest_readl(d->machine->qts, hpa + BLOCK), ==, 0);
}

static void access_sizes(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint64_t hpa = cxl_dcd_map(d);

    g_assert_cmphex(qtest_readb(qts, hpa), ==, UINT8_MAX);
    g_assert_cmphex(qtest_readw(qts, hpa), ==, UINT16_MAX);
    g_assert_cmphex(qtest_readl(qts, hpa), ==, UINT32_MAX);
    qtest_memset(qts, hpa, 0x77, BLOCK);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    g_assert_cmphex(rd(d, hpa + BLOCK / 2), ==, 0);
    qtest_memset(qts, hpa, 0x77, BLOCK);
    g_assert_cmphex(qtest_readb(qts, hpa + 1), ==, 0x77);
    g_assert_cmphex(qtest_readw(qts, hpa + BLOCK - 2), ==, 0x7777);
}

static void regions_do_not_alias(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d), hpa1 = hpa + CXL_DCD_TEST_LENGTH;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    cxl_dcd_qmp_add(d, .region = 1,
                    CXL_DCD_EXTENTS({ 0, CXL_DCD_TEST_BLOCK1 }));
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + CXL_DCD_TEST_LENGTH,
                                        CXL_DCD_TEST_BLOCK1 }), ==, SUCCESS);
    check(d, hpa, BLOCK, true);
    check(d, hpa1, CXL_DCD_TEST_BLOCK1, true);
    check(d, hpa1 + CXL_DCD_TEST_BLOCK1, CXL_DCD_TEST_BLOCK1, false);
    g_assert_cmphex(rd(d, hpa), ==, PATTERN | hpa);
}

static void sanitized(CXLDcdDevice *d, bool forced)
{
    uint64_t hpa = cxl_dcd_map(d);
    uint64_t at;

    cxl_dcd_add_accepted(d, { 0, BLOCK }, { BLOCK, BLOCK });
    qtest_memset(d->machine->qts, hpa, 0x99, 2 * BLOCK);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .sanitize = true,
                        .forced = forced);
    if (!forced) {
        /* Not before the host has let go. */
        g_assert_cmphex(rd(d, hpa), ==, 0x9999999999999999ULL);
        g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==,
                        SUCCESS);
    }
    cxl_dcd_drain_events(d);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    for (at = 0; at < BLOCK; at += 4096) {
        g_assert_cmphex(rd(d, hpa + at), ==, 0);
    }
    g_assert_cmphex(rd(d, hpa + BLOCK), ==, 0x9999999999999999ULL);
}

static void sanitized_on_request(CXLDcdDevice *d)
{
    sanitized(d, false);
}

static void sanitized_when_forced(CXLDcdDevice *d)
{
    sanitized(d, true);
}

/* Region 0 has Sanitize on Release: no request needs to ask for it. */
static void sanitized_by_region(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);
    CXLDcdHostConfig config;

    g_assert_cmphex(cxl_dcd_get_config(d, 1, 0, &config), ==, SUCCESS);
    g_assert_cmphex(config.region[0].flags, ==, CXL_DCD_REGION_SANITIZE);
    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK });
    qtest_memset(d->machine->qts, hpa, 0x99, 2 * BLOCK);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    g_assert_cmphex(rd(d, hpa), ==, 0);
    g_assert_cmphex(rd(d, hpa + BLOCK - 8), ==, 0);
    g_assert_cmphex(rd(d, hpa + BLOCK), ==, 0x9999999999999999ULL);
}

/* Writes to a read-only region are dropped; the region beside it is not. */
static void read_only_region(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d), hpa1 = hpa + 256 * MIB;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    cxl_dcd_qmp_add(d, .region = 1, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + 256 * MIB, BLOCK }), ==,
                    SUCCESS);
    wr(d, hpa, PATTERN);
    wr(d, hpa1, PATTERN);
    g_assert_cmphex(rd(d, hpa), ==, 0);
    g_assert_cmphex(rd(d, hpa1), ==, PATTERN);
}

/* --- Decoders --- */

static void not_without_decoder(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    uint64_t hpa = m->window;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    assert_mapping(d, "none", 1);
    check(d, hpa, BLOCK, false);
    cxl_dcd_map(d);
    assert_mapping(d, "direct", 1);
    wr(d, hpa, 4711);
    cxl_dcd_decoder_uncommit(m, d->hdm, 0);
    assert_mapping(d, "none", 1);
    check(d, hpa, BLOCK, false);
    cxl_dcd_map(d);
    g_assert_cmphex(rd(d, hpa), ==, 4711);
    check(d, hpa, BLOCK, true);
}

/*
 * What a host bridge answers that decodes nothing is not the device's: it may
 * be zeros. It must not be the memory.
 */
static void not_without_host_bridge(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    uint64_t hpa = cxl_dcd_map(d), value;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    check(d, hpa, BLOCK, true);
    wr(d, hpa, 4711);
    cxl_dcd_decoder_uncommit(m, m->host_bridge_hdm, 0);
    assert_mapping(d, "none", 1);
    wr(d, hpa, 42);
    value = rd(d, hpa);
    g_assert_true(value == 0 || value == UINT64_MAX);
    cxl_dcd_map(d);
    g_assert_cmphex(rd(d, hpa), ==, 4711);
    assert_mapping(d, "direct", 1);
}

/* The decoder is moved: old addresses are dead, contents are at the new. */
static void decoder_moves(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    uint64_t hpa = cxl_dcd_map(d);
    CXLDcdDecoder decoder = {
        .hpa = m->window + 4 * CXL_DCD_TEST_GIB,
        .size = CXL_DCD_TEST_GIB,
        .skip = d->dc_base,
    };

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    wr(d, hpa, 4711);
    cxl_dcd_decoder_uncommit(m, d->hdm, 0);
    cxl_dcd_decoder_commit(m, d->hdm, &decoder);
    check(d, hpa, BLOCK, false);
    g_assert_cmphex(rd(d, decoder.hpa), ==, 4711);
    check(d, decoder.hpa, BLOCK, true);
    assert_mapping(d, "direct", 1);
}

/* A decoder that covers DC only in part: the rest is not decoded. */
static void decoder_covers_part(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    CXLDcdDecoder decoder = { .hpa = m->window, .size = 256 * MIB,
                              .skip = d->dc_base };

    cxl_dcd_decoder_commit(m, d->hdm, &decoder);
    cxl_dcd_add_accepted(d, { 254 * MIB, 4 * MIB });
    check(d, m->window + 254 * MIB, 2 * MIB, true);
    check(d, m->window + 256 * MIB, 2 * MIB, false);
}

/* Static memory by decoder 0, DC by decoder 1 with a skip to its base. */
static void static_memory_beside(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    CXLDcdDecoder memory = { .hpa = m->window, .size = 256 * MIB };
    CXLDcdDecoder dc = { .index = 1, .hpa = m->window + 256 * MIB,
                         .size = CXL_DCD_TEST_GIB,
                         .skip = d->dc_base - 256 * MIB };

    cxl_dcd_decoder_commit(m, d->hdm, &memory);
    cxl_dcd_decoder_commit(m, d->hdm, &dc);
    check(d, memory.hpa, memory.size, true);
    check(d, dc.hpa, BLOCK, false);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    check(d, dc.hpa, BLOCK, true);
    check(d, dc.hpa + BLOCK, BLOCK, false);
    check(d, memory.hpa + memory.size - BLOCK, BLOCK, true);
}

/* Volatile, then persistent, then dynamic, by three decoders. */
static void three_kinds_of_memory(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    CXLDcdDecoder decoder = { .hpa = m->window, .size = 256 * MIB };

    g_assert_cmphex(d->dc_base, ==, 512 * MIB);
    cxl_dcd_decoder_commit(m, d->hdm, &decoder);
    decoder.index = 1;
    decoder.hpa += 256 * MIB;
    cxl_dcd_decoder_commit(m, d->hdm, &decoder);
    decoder.index = 2;
    decoder.hpa += 256 * MIB;
    decoder.size = CXL_DCD_TEST_GIB;
    cxl_dcd_decoder_commit(m, d->hdm, &decoder);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    check(d, m->window, 256 * MIB, true);
    check(d, m->window + 256 * MIB, 256 * MIB, true);
    check(d, m->window + 512 * MIB, BLOCK, true);
    check(d, m->window + 512 * MIB + BLOCK, BLOCK, false);
    qtest_writeq(m->qts, m->window, 1);
    qtest_writeq(m->qts, m->window + 256 * MIB, 2);
    qtest_writeq(m->qts, m->window + 512 * MIB, 3);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    g_assert_cmphex(rd(d, m->window), ==, 1);
    g_assert_cmphex(rd(d, m->window + 256 * MIB), ==, 2);
    check(d, m->window + 512 * MIB, BLOCK, false);
}

/* More separate extents than may be mapped: the rest is trapped, all work. */
static void more_than_may_be_mapped(CXLDcdDevice *d)
{
    enum { N = 40 };
    uint64_t hpa = cxl_dcd_map(d);
    CXLDcdSpan spans[N];
    unsigned i;

    for (i = 0; i < N; i++) {
        spans[i] = (CXLDcdSpan){ 2 * i * BLOCK, BLOCK };
    }
    cxl_dcd_add_accepted_n(d, spans, N);
    assert_mapping(d, "direct", 16);
    assert_mapping(d, "trapped", N - 16);
    g_assert_cmpuint(cxl_dcd_query_count(d, "trapped-by", "limit"), ==,
                     N - 16);
    for (i = 0; i < N; i++) {
        check(d, hpa + spans[i].start, BLOCK, true);
        check(d, hpa + spans[i].start + BLOCK, BLOCK, false);
    }
}

/* QEMU aborts at about 2,040 separate mappings. */
static void thousands_of_extents(CXLDcdDevice *d)
{
    enum { N = 3000 };
    const uint64_t block = 4096;
    uint64_t hpa = cxl_dcd_map(d);
    g_autofree CXLDcdSpan *spans = g_new(CXLDcdSpan, N);
    unsigned i;

    for (i = 0; i < N; i++) {
        spans[i] = (CXLDcdSpan){ 2 * i * block, block };
    }
    cxl_dcd_add_accepted_n(d, spans, N);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct") +
                     cxl_dcd_query_count(d, "mapping", "trapped"), ==, N);
    for (i = 0; i < N; i += 300) {
        check(d, hpa + spans[i].start, block, true);
        check(d, hpa + spans[i].start + block, block, false);
    }
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions bridge = { .host_bridge_decoders = true };
    static const CXLDcdOptions with_memory = { .static_size = 256 * MIB };
    static const CXLDcdOptions three_kinds = {
        .static_size = 256 * MIB,
        .properties = ",\"persistent-memdev\":\"pmem\",\"lsa\":\"lsa\"",
        .arguments = "-object memory-backend-ram,id=pmem,size=256M "
                     "-object memory-backend-ram,id=lsa,size=256K ",
    };
    static const CXLDcdOptions few = {
        .properties = ",\"dc-direct-map-limit\":16",
    };
    static const CXLDcdOptions small = {
        .size = 256 * MIB,
        .regions = "[{\"size\":268435456,\"block-size\":4096}]",
    };

    static const CXLDcdOptions sanitizing = {
        .size = CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":1073741824,\"sanitize\":true}]",
    };
    static const CXLDcdOptions read_only = {
        .size = 512 * MIB,
        .regions = "[{\"size\":268435456,\"flags\":[\"read-only\"]},"
                   "{\"size\":268435456}]",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/address/only-while-accepted", NULL,
                     only_while_accepted);
    cxl_dcd_add_case("/cxl-dcd/address/only-while-accepted-bridge", &bridge,
                     only_while_accepted);
    cxl_dcd_add_case("/cxl-dcd/address/not-after-decline", NULL,
                     not_after_reject);
    cxl_dcd_add_case("/cxl-dcd/address/only-what-was-accepted", NULL,
                     only_what_was_accepted);
    cxl_dcd_add_case("/cxl-dcd/address/not-after-partial-release", NULL,
                     not_after_partial_release);
    cxl_dcd_add_case("/cxl-dcd/address/not-after-forced-release", NULL,
                     not_after_forced);
    cxl_dcd_add_case("/cxl-dcd/address/dropped-write-stays-dropped", NULL,
                     dropped_write_stays_dropped);
    cxl_dcd_add_case("/cxl-dcd/address/access-over-the-end", NULL,
                     access_over_the_end);
    cxl_dcd_add_case("/cxl-dcd/address/access-sizes", NULL, access_sizes);
    cxl_dcd_add_case("/cxl-dcd/address/regions-do-not-alias", NULL,
                     regions_do_not_alias);
    cxl_dcd_add_case("/cxl-dcd/address/sanitized-on-request", NULL,
                     sanitized_on_request);
    cxl_dcd_add_case("/cxl-dcd/address/sanitized-when-forced", NULL,
                     sanitized_when_forced);
    cxl_dcd_add_case("/cxl-dcd/address/sanitized-by-region", &sanitizing,
                     sanitized_by_region);
    cxl_dcd_add_case("/cxl-dcd/address/read-only-region", &read_only,
                     read_only_region);
    cxl_dcd_add_case("/cxl-dcd/address/not-without-decoder", NULL,
                     not_without_decoder);
    cxl_dcd_add_case("/cxl-dcd/address/not-without-host-bridge", &bridge,
                     not_without_host_bridge);
    cxl_dcd_add_case("/cxl-dcd/address/decoder-moves", NULL, decoder_moves);
    cxl_dcd_add_case("/cxl-dcd/address/decoder-covers-part", NULL,
                     decoder_covers_part);
    cxl_dcd_add_case("/cxl-dcd/address/static-memory-beside", &with_memory,
                     static_memory_beside);
    cxl_dcd_add_case("/cxl-dcd/address/three-kinds-of-memory", &three_kinds,
                     three_kinds_of_memory);
    cxl_dcd_add_case("/cxl-dcd/address/more-than-may-be-mapped", &few,
                     more_than_may_be_mapped);
    cxl_dcd_add_case("/cxl-dcd/address/thousands-of-extents", &small,
                     thousands_of_extents);
    return g_test_run();
}
