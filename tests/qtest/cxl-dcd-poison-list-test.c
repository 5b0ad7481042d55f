/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a poison list that is longer than the mailbox
 * (r3.2 8.2.10.9.4.1). It is told in parts, each line once, whatever a guest
 * does between two of them.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cxl-dcd-client-raw.h"

#define SUCCESS         CXL_DCD_RC_SUCCESS
#define BLOCK           CXL_DCD_TEST_BLOCK
#define LINE            64
#define STRIDE          4096
#define LIMIT           256         /* lines that the device keeps */
#define LIMIT_CODE      0x0010      /* Inject Poison Limit Reached */

#define OP_GET          0x4300
#define OP_INJECT       0x4301
#define OP_CLEAR        0x4302

#define LIST_COUNT      0x0a
#define LIST_HEADER     0x20
#define LIST_MORE       1
#define RECORD          16
#define PART            ((CXL_DCD_RAW_PAYLOAD - LIST_HEADER) / RECORD)

static uint16_t ask(CXLDcdDevice *d, uint64_t dpa, uint64_t lines,
                    CXLDcdRawReply *reply)
{
    uint8_t in[16];

    stq_le_p(in, dpa);
    stq_le_p(in + 8, lines);
    return cxl_dcd_raw_bytes(d, OP_GET, in, sizeof(in), reply);
}

static uint16_t inject(CXLDcdDevice *d, uint64_t dpa)
{
    uint8_t in[8];

    stq_le_p(in, dpa);
    return cxl_dcd_raw_bytes(d, OP_INJECT, in, sizeof(in), NULL);
}

static uint16_t clear(CXLDcdDevice *d, uint64_t dpa)
{
    uint8_t in[8 + LINE] = { 0 };

    stq_le_p(in, dpa);
    return cxl_dcd_raw_bytes(d, OP_CLEAR, in, sizeof(in), NULL);
}

/* A part of the list: lines @first, @first + 1 ... of those at every STRIDE */
static void assert_part(CXLDcdDevice *d, const CXLDcdRawReply *part,
                        unsigned first, unsigned count, bool more)
{
    unsigned i;

    g_assert_cmpuint(lduw_le_p(part->bytes + LIST_COUNT), ==, count);
    g_assert_cmpuint(part->length, ==, LIST_HEADER + count * RECORD);
    g_assert_cmpuint(part->bytes[0] & LIST_MORE, ==, more ? LIST_MORE : 0);
    for (i = 0; i < count; i++) {
        const uint8_t *record = part->bytes + LIST_HEADER + i * RECORD;

        g_assert_cmphex(ldq_le_p(record) & ~7ULL, ==,
                        d->dc_base + (uint64_t)(first + i) * STRIDE);
        g_assert_cmpuint(ldl_le_p(record + 8), ==, 1);
    }
}

static void assert_list(CXLDcdDevice *d, unsigned count)
{
    const uint64_t lines = CXL_DCD_TEST_SIZE / LINE;
    CXLDcdRawReply part;
    unsigned at = 0, now;

    do {
        now = MIN(count - at, PART);
        g_assert_cmphex(ask(d, d->dc_base, lines, &part), ==, SUCCESS);
        assert_part(d, &part, at, now, at + now < count);
        at += now;
    } while (at < count);
}

/* A line is listed with what it takes up of the lists: by QMP, by mailbox */
static void fill(CXLDcdDevice *d, unsigned from, unsigned count, bool qmp)
{
    unsigned i;

    for (i = from; i < count; i++) {
        uint64_t dpa = d->dc_base + (uint64_t)i * STRIDE;

        if (qmp) {
            qtest_qmp_assert_success(d->machine->qts,
                "{'execute':'cxl-inject-poison','arguments':{'path':%s,"
                "'start':%" PRIu64 ",'length':64}}", d->path, dpa);
        } else {
            g_assert_cmphex(inject(d, dpa), ==, SUCCESS);
        }
    }
}

static void any_count(CXLDcdDevice *d, bool qmp)
{
    static const unsigned counts[] = {
        0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1, LIMIT,
    };
    unsigned i;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    for (i = 0; i < ARRAY_SIZE(counts); i++) {
        fill(d, i ? counts[i - 1] : 0, counts[i], qmp);
        assert_list(d, counts[i]);
        assert_list(d, counts[i]);
    }
    g_assert_cmphex(inject(d, d->dc_base + LIMIT * STRIDE), ==, LIMIT_CODE);
    assert_list(d, LIMIT);
}

static void by_mailbox(CXLDcdDevice *d)
{
    any_count(d, false);
}

static void by_qmp(CXLDcdDevice *d)
{
    any_count(d, true);
    /* What the list has no room for waits for a scan, and is marked */
    fill(d, LIMIT, LIMIT + 40, true);
    assert_list(d, LIMIT);
}

/* Between two parts the list changes, or something else is asked */
static void between_parts(CXLDcdDevice *d)
{
    const uint64_t lines = CXL_DCD_TEST_SIZE / LINE, base = d->dc_base;
    CXLDcdRawReply part;
    unsigned i;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    fill(d, 0, LIMIT - 1, false);
    g_assert_cmphex(ask(d, base, lines, &part), ==, SUCCESS);
    assert_part(d, &part, 0, PART, true);
    for (i = 0; i < PART; i += 2) {
        g_assert_cmphex(clear(d, base + i * STRIDE), ==, SUCCESS);
    }
    g_assert_cmphex(ask(d, base, lines, &part), ==, SUCCESS);
    assert_part(d, &part, PART, PART, true);
    /* Another range: from its start, and this one begins anew */
    g_assert_cmphex(ask(d, base + STRIDE, 1, &part), ==, SUCCESS);
    assert_part(d, &part, 1, 1, false);
    g_assert_cmphex(ask(d, base + (uint64_t)PART * STRIDE, lines / 2, &part),
                    ==, SUCCESS);
    assert_part(d, &part, PART, PART, true);
    /* The rest of it goes: there is a last part all the same */
    g_assert_cmphex(cxl_dcd_give_back(d, { base, BLOCK }), ==, SUCCESS);
    g_assert_cmphex(ask(d, base + (uint64_t)PART * STRIDE, lines / 2, &part),
                    ==, SUCCESS);
    assert_part(d, &part, 0, 0, false);
    /* A reset forgets who asked for what */
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    fill(d, 0, PART + 1, false);
    g_assert_cmphex(ask(d, base, lines, &part), ==, SUCCESS);
    assert_part(d, &part, 0, PART, true);
    cxl_dcd_machine_reset(d->machine);
    cxl_dcd_add_accepted(d, { BLOCK, BLOCK });
    g_assert_cmphex(ask(d, base, lines, &part), ==, SUCCESS);
    g_assert_cmpuint(lduw_le_p(part.bytes + LIST_COUNT), <=, PART);
}

/* Ranges that end in the middle of something, or nowhere */
static void odd_ranges(CXLDcdDevice *d)
{
    const uint64_t base = d->dc_base;
    CXLDcdRawReply part;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    qtest_qmp_assert_success(d->machine->qts,
        "{'execute':'cxl-inject-poison','arguments':{'path':%s,"
        "'start':%" PRIu64 ",'length':1024}}", d->path, base + STRIDE);
    g_assert_cmphex(ask(d, base + STRIDE + 2 * LINE, 3, &part), ==, SUCCESS);
    g_assert_cmpuint(lduw_le_p(part.bytes + LIST_COUNT), ==, 1);
    g_assert_cmphex(ldq_le_p(part.bytes + LIST_HEADER) & ~7ULL, ==,
                    base + STRIDE + 2 * LINE);
    g_assert_cmpuint(ldl_le_p(part.bytes + LIST_HEADER + 8), ==, 3);
    g_assert_cmphex(ask(d, base + STRIDE, 0, &part), ==, SUCCESS);
    assert_part(d, &part, 0, 0, false);
    g_assert_cmphex(ask(d, 0, UINT64_MAX / LINE, &part), ==, SUCCESS);
    g_assert_cmpuint(lduw_le_p(part.bytes + LIST_COUNT), ==, 1);
    g_assert_cmphex(ask(d, base + 1, 1, NULL), ==, CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(ask(d, LINE, UINT64_MAX / LINE + 1, NULL), ==,
                    CXL_DCD_RC_INVALID_PA);
    g_assert_cmphex(ask(d, -(uint64_t)LINE, 1, NULL), ==,
                    CXL_DCD_RC_INVALID_PA);
    g_assert_cmphex(ask(d, 0, UINT64_MAX, NULL), ==, CXL_DCD_RC_INVALID_PA);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/poison-list/by-mailbox", NULL, by_mailbox);
    cxl_dcd_add_case("/cxl-dcd/poison-list/by-qmp", NULL, by_qmp);
    cxl_dcd_add_case("/cxl-dcd/poison-list/between-parts", NULL, between_parts);
    cxl_dcd_add_case("/cxl-dcd/poison-list/odd-ranges", NULL, odd_ranges);
    return g_test_run();
}
