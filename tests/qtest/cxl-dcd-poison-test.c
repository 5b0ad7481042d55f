/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: poison, injected over QMP and by the host's
 * mailbox (8.2.10.9.4). It is honoured on access, it is only where the host
 * has capacity, and it leaves with the capacity.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cxl-dcd-client.h"

#define BLOCK       CXL_DCD_TEST_BLOCK
#define SUCCESS     CXL_DCD_RC_SUCCESS
#define LINE        64
#define PAGE        4096
#define VALUE       0x0123456789abcdefULL

#define OP_GET      0x4300
#define OP_INJECT   0x4301
#define OP_CLEAR    0x4302
#define LIST_COUNT  0x0a          /* 8.2.10.9.4.1: the list's header */
#define LIST_HEADER 0x20
#define LIST_ENTRY  0x10
#define LIST_MAX    8
#define SOURCE_MASK 7

static const CXLDcdOptions trapped = {
    .properties = ",\"dc-direct-map\":false",
};

static void inject(CXLDcdDevice *d, uint64_t dpa, uint64_t length)
{
    qtest_qmp_assert_success(d->machine->qts,
        "{'execute':'cxl-inject-poison','arguments':{'path':%s,"
        "'start':%" PRIu64 ",'length':%" PRIu64 "}}", d->path, dpa, length);
}

static uint16_t mailbox_inject(CXLDcdDevice *d, uint64_t dpa)
{
    uint8_t in[8];

    stq_le_p(in, dpa);
    return cxl_dcd_command(d, OP_INJECT, in, sizeof(in), NULL, 0, NULL);
}

static uint16_t mailbox_clear(CXLDcdDevice *d, uint64_t dpa, uint64_t value)
{
    uint8_t in[8 + LINE];
    unsigned i;

    stq_le_p(in, dpa);
    for (i = 0; i < LINE; i += 8) {
        stq_le_p(in + 8 + i, value);
    }
    return cxl_dcd_command(d, OP_CLEAR, in, sizeof(in), NULL, 0, NULL);
}

/* The whole poison list is these ranges of DPA, in any order. */
static void assert_list(CXLDcdDevice *d, const CXLDcdSpan *ranges,
                        unsigned count)
{
    uint8_t in[16], out[LIST_HEADER + LIST_MAX * LIST_ENTRY];
    unsigned i, k, found;
    size_t len;

    stq_le_p(in, 0);
    stq_le_p(in + 8, (d->dc_base + CXL_DCD_TEST_SIZE) / LINE);
    g_assert_cmphex(cxl_dcd_command(d, OP_GET, in, sizeof(in), out,
                                    sizeof(out), &len), ==, SUCCESS);
    g_assert_cmpuint(lduw_le_p(out + LIST_COUNT), ==, count);
    for (i = 0; i < count; i++) {
        for (k = 0, found = 0; k < count; k++) {
            const uint8_t *entry = out + LIST_HEADER + k * LIST_ENTRY;

            found += (ldq_le_p(entry) & ~SOURCE_MASK) == ranges[i].start &&
                     ldl_le_p(entry + 8) * LINE == ranges[i].length;
        }
        g_assert_cmpuint(found, ==, 1);
    }
}

#define assert_poison(d, ...) \
    assert_list(d, CXL_DCD_SPANS(__VA_ARGS__), CXL_DCD_COUNT(__VA_ARGS__))

static uint64_t load(CXLDcdDevice *d, uint64_t offset)
{
    return qtest_readq(d->machine->qts, d->machine->window + offset);
}

static void store(CXLDcdDevice *d, uint64_t offset, uint64_t value)
{
    qtest_writeq(d->machine->qts, d->machine->window + offset, value);
}

/* Accept blocks 0 and 1, mapped, with a value around the line at PAGE. */
static void prepare(CXLDcdDevice *d)
{
    cxl_dcd_map(d);
    cxl_dcd_add_accepted(d, { 0, BLOCK }, { 4 * BLOCK, BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 2);
    store(d, PAGE - 8, VALUE);
    store(d, PAGE, VALUE);
    store(d, PAGE + LINE, VALUE);
    store(d, BLOCK - 8, VALUE);
    store(d, 4 * BLOCK, VALUE);
}

/* The line at PAGE is poisoned, and nothing else. */
static void assert_honoured(CXLDcdDevice *d)
{
    g_assert_cmphex(load(d, PAGE), ==, UINT64_MAX);
    g_assert_cmphex(load(d, PAGE + LINE - 8), ==, UINT64_MAX);
    g_assert_cmphex(load(d, PAGE - 8), ==, VALUE);
    g_assert_cmphex(load(d, PAGE + LINE), ==, VALUE);
    g_assert_cmphex(load(d, BLOCK - 8), ==, VALUE);
    g_assert_cmphex(load(d, 4 * BLOCK), ==, VALUE);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 1);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "trapped"), ==, 1);
    g_assert_cmpuint(cxl_dcd_query_count(d, "trapped-by", "poisoned"), ==, 1);
    assert_poison(d, { d->dc_base + PAGE, LINE });
}

/* Clear Poison gives the line its new contents, and the page its mapping. */
static void clear(CXLDcdDevice *d)
{
    g_assert_cmphex(mailbox_clear(d, d->dc_base + PAGE, 5), ==, SUCCESS);
    assert_list(d, NULL, 0);
    g_assert_cmphex(load(d, PAGE), ==, 5);
    g_assert_cmphex(load(d, PAGE + LINE - 8), ==, 5);
    g_assert_cmphex(load(d, PAGE + LINE), ==, VALUE);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 2);
}

static void by_qmp(CXLDcdDevice *d)
{
    prepare(d);
    inject(d, d->dc_base + PAGE, LINE);
    assert_honoured(d);
    clear(d);
}

static void by_mailbox(CXLDcdDevice *d)
{
    prepare(d);
    g_assert_cmphex(mailbox_inject(d, d->dc_base + PAGE), ==, SUCCESS);
    assert_honoured(d);
    clear(d);
}

/* --- Written over --- */

static void assert_healed(CXLDcdDevice *d, uint64_t first)
{
    assert_list(d, NULL, 0);
    for (unsigned i = 0; i < LINE / 8; i++) {
        g_assert_cmphex(load(d, PAGE + 8 * i), ==, first + i);
    }
    g_assert_cmphex(load(d, PAGE - 8), ==, VALUE);
    g_assert_cmphex(load(d, PAGE + LINE), ==, VALUE);
}

/* By a transfer, which has more than the line; the page is mapped again */
static void written_over(CXLDcdDevice *d)
{
    uint64_t bytes[3 * LINE / 8];

    prepare(d);
    qtest_memread(d->machine->qts, d->machine->window + PAGE - LINE, bytes,
                  sizeof(bytes));
    inject(d, d->dc_base + PAGE, LINE);
    assert_honoured(d);
    for (unsigned i = 0; i < LINE / 8; i++) {
        bytes[LINE / 8 + i] = 100 + i;
    }
    qtest_memwrite(d->machine->qts, d->machine->window + PAGE - LINE, bytes,
                   sizeof(bytes));
    assert_healed(d, 100);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 2);
}

/* By stores of all sizes, in any order, and two lines by turns */
static void written_in_pieces(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint64_t line = d->machine->window + PAGE;
    unsigned i;

    prepare(d);
    store(d, 4 * BLOCK + LINE, VALUE);
    inject(d, d->dc_base + PAGE, LINE);
    inject(d, d->dc_base + 4 * BLOCK, LINE);
    for (i = 7; i; i--) {
        store(d, PAGE + 8 * i, 200 + i);
        store(d, 4 * BLOCK + 8 * i, 300 + i);
    }
    /* Once more is not another piece; nor is what lies beside it */
    store(d, PAGE + 8, 201);
    store(d, PAGE - 8, VALUE);
    store(d, PAGE + LINE, VALUE);
    qtest_writel(qts, line, 200);
    qtest_writew(qts, line + 4, 0);
    qtest_writeb(qts, line + 6, 0);
    assert_poison(d, { d->dc_base + PAGE, LINE },
                  { d->dc_base + 4 * BLOCK, LINE });
    g_assert_cmphex(load(d, PAGE), ==, UINT64_MAX);
    g_assert_cmphex(load(d, PAGE + 8), ==, UINT64_MAX);
    qtest_writeb(qts, line + 7, 0);
    assert_poison(d, { d->dc_base + 4 * BLOCK, LINE });
    store(d, 4 * BLOCK, 300);
    assert_healed(d, 200);
    g_assert_cmphex(load(d, 4 * BLOCK + LINE - 8), ==, 307);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 2);
}

/* Of several lines that are one entry of the list, one */
static void written_while_trapped(CXLDcdDevice *d)
{
    uint64_t line[LINE / 8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    cxl_dcd_map(d);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "trapped"), ==, 1);
    inject(d, d->dc_base + PAGE, 3 * LINE);
    qtest_memwrite(d->machine->qts, d->machine->window + PAGE + LINE, line,
                   LINE);
    assert_poison(d, { d->dc_base + PAGE, LINE },
                  { d->dc_base + PAGE + 2 * LINE, LINE });
    g_assert_cmphex(load(d, PAGE + LINE - 8), ==, UINT64_MAX);
    g_assert_cmphex(load(d, PAGE + LINE), ==, 1);
    g_assert_cmphex(load(d, PAGE + 2 * LINE - 8), ==, 8);
    g_assert_cmphex(load(d, PAGE + 2 * LINE), ==, UINT64_MAX);
}

/* What was written before the poison came does not count. */
static void written_then_poisoned(CXLDcdDevice *d)
{
    prepare(d);
    for (unsigned again = 0; again < 3; again++) {
        if (again == 2) {
            cxl_dcd_give_back(d, { d->dc_base, BLOCK });
            cxl_dcd_add_accepted(d, { 0, BLOCK });
            store(d, PAGE - 8, VALUE);
            store(d, PAGE + LINE, VALUE);
        }
        g_assert_cmphex(mailbox_inject(d, d->dc_base + PAGE), ==, SUCCESS);
        for (unsigned i = 0; i < 4; i++) {
            store(d, PAGE + 8 * (again & 1 ? i : 7 - i), 1);
        }
        assert_poison(d, { d->dc_base + PAGE, LINE });
        g_assert_cmphex(load(d, PAGE), ==, UINT64_MAX);
    }
    for (unsigned i = 0; i < LINE / 8; i++) {
        store(d, PAGE + 8 * i, 400 + i);
    }
    assert_healed(d, 400);
}

static void gone_with_release(CXLDcdDevice *d)
{
    prepare(d);
    inject(d, d->dc_base + PAGE, LINE);
    inject(d, d->dc_base + 4 * BLOCK, LINE);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    assert_poison(d, { d->dc_base + 4 * BLOCK, LINE });
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    g_assert_cmphex(load(d, PAGE), !=, UINT64_MAX);
    g_assert_cmphex(load(d, 4 * BLOCK), ==, UINT64_MAX);
}

static void gone_by_force(CXLDcdDevice *d)
{
    prepare(d);
    inject(d, d->dc_base + PAGE, LINE);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .forced = true);
    assert_list(d, NULL, 0);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    g_assert_cmphex(load(d, PAGE), !=, UINT64_MAX);
}

/* Poison over the border of two extents, of which the middle is released */
static void part_stays(CXLDcdDevice *d)
{
    uint64_t base = d->dc_base;

    cxl_dcd_map(d);
    cxl_dcd_add_accepted(d, { 0, 4 * BLOCK });
    inject(d, base + BLOCK - LINE, 2 * BLOCK);
    g_assert_cmphex(cxl_dcd_give_back(d, { base + BLOCK, BLOCK }), ==, SUCCESS);
    assert_poison(d, { base + BLOCK - LINE, LINE },
                  { base + 2 * BLOCK, BLOCK - LINE });
    g_assert_cmphex(load(d, BLOCK - LINE), ==, UINT64_MAX);
    g_assert_cmphex(load(d, BLOCK - LINE - 8), ==, 0);
    g_assert_cmphex(load(d, 3 * BLOCK - LINE), ==, 0);
}

static void refused(CXLDcdDevice *d, uint64_t dpa, uint64_t length)
{
    g_autofree char *json = g_strdup_printf(
        "{\"execute\":\"cxl-inject-poison\",\"arguments\":{\"path\":\"%s\","
        "\"start\":%" PRIu64 ",\"length\":%" PRIu64 "}}", d->path, dpa, length);
    g_autofree char *error = g_strdup_printf(
        "[0x%" PRIx64 ", +0x%" PRIx64 "] is not inside", dpa, length);
    char *before = cxl_dcd_snapshot(d);

    cxl_dcd_qmp_fails(d->machine, json, error);
    g_assert_cmphex(mailbox_inject(d, dpa + length - LINE), ==,
                    CXL_DCD_RC_INVALID_PA);
    g_assert_cmphex(mailbox_clear(d, dpa + length - LINE, 1), ==,
                    CXL_DCD_RC_INVALID_PA);
    cxl_dcd_assert_unchanged(d, before);
    assert_list(d, NULL, 0);
}

/* What the host has not got cannot be poisoned. */
static void only_what_the_host_has(CXLDcdDevice *d)
{
    uint64_t base = d->dc_base;

    refused(d, base, LINE);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    refused(d, base, LINE);
    g_assert_cmphex(cxl_dcd_accept(d, { base, BLOCK }), ==, SUCCESS);
    refused(d, base + BLOCK - LINE, 2 * LINE);
    refused(d, base + BLOCK, LINE);
    refused(d, base + (1ULL << 40), LINE);
    refused(d, -(uint64_t)LINE, LINE);
    inject(d, base + BLOCK - LINE, LINE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/poison/by-qmp", NULL, by_qmp);
    cxl_dcd_add_case("/cxl-dcd/poison/by-mailbox", NULL, by_mailbox);
    cxl_dcd_add_case("/cxl-dcd/poison/written-over", NULL, written_over);
    cxl_dcd_add_case("/cxl-dcd/poison/written-in-pieces", NULL,
                     written_in_pieces);
    cxl_dcd_add_case("/cxl-dcd/poison/written-while-trapped", &trapped,
                     written_while_trapped);
    cxl_dcd_add_case("/cxl-dcd/poison/written-then-poisoned", NULL,
                     written_then_poisoned);
    cxl_dcd_add_case("/cxl-dcd/poison/gone-with-release", NULL,
                     gone_with_release);
    cxl_dcd_add_case("/cxl-dcd/poison/gone-by-force", NULL, gone_by_force);
    cxl_dcd_add_case("/cxl-dcd/poison/part-stays", NULL, part_stays);
    cxl_dcd_add_case("/cxl-dcd/poison/only-what-the-host-has", NULL,
                     only_what_the_host_has);
    return g_test_run();
}
