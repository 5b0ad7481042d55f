/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: DC regions of several devices behind one host
 * bridge, decoded as one interleave set (CXL r3.2 8.2.4.20). Where a byte goes
 * is computed here from the formulas, not asked of the device.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS

static void accept_on(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, BLOCK });
}

/*
 * Write through the set, read each device alone: the bytes are where the
 * formulas put them.
 */
static void spread(CXLDcdDevice *d, unsigned ways_code,
                   unsigned granularity_code)
{
    CXLDcdMachine *m = d->machine;
    uint64_t g = 256ULL << granularity_code;
    const uint64_t offsets[] = { 0, g - 8, g, 5 * g + 16, BLOCK - 8 };
    unsigned ways = 1 << ways_code, i, k;

    cxl_dcd_set_commit(m, ways_code, granularity_code);
    for (i = 0; i < ways; i++) {
        accept_on(&m->device[i]);
    }
    for (i = 0; i < ways; i++) {
        g_assert_cmpuint(cxl_dcd_query_count(&m->device[i], "mapping",
                                             "direct"), ==, 1);
    }
    for (i = 0; i < ways; i++) {
        for (k = 0; k < G_N_ELEMENTS(offsets); k++) {
            uint64_t hpa = cxl_dcd_set_hpa(m, ways_code, granularity_code, i,
                                           offsets[k]);

            qtest_writeq(m->qts, hpa, 1 + i * 1000 + k);
        }
    }
    for (i = 0; i < ways; i++) {
        CXLDcdDecoder alone = { .hpa = m->window, .size = 512 * MIB };

        cxl_dcd_decoder_uncommit(m, m->device[i].hdm, 0);
        cxl_dcd_decoder_uncommit(m, m->host_bridge_hdm, 0);
        alone.skip = i;           /* the only target is port i */
        cxl_dcd_decoder_commit(m, m->host_bridge_hdm, &alone);
        alone.skip = m->device[i].dc_base;
        cxl_dcd_decoder_commit(m, m->device[i].hdm, &alone);
        for (k = 0; k < G_N_ELEMENTS(offsets); k++) {
            g_assert_cmphex(qtest_readq(m->qts, m->window + offsets[k]), ==,
                            1 + i * 1000 + k);
        }
        /* It may have to be brought into another order first */
        while (cxl_dcd_query_count(&m->device[i], "mapping", "trapped")) {
            g_usleep(1000);
        }
        g_assert_cmpuint(cxl_dcd_query_count(&m->device[i], "mapping",
                                             "direct"), ==, 1);
        for (k = 0; k < G_N_ELEMENTS(offsets); k++) {
            g_assert_cmphex(qtest_readq(m->qts, m->window + offsets[k]), ==,
                            1 + i * 1000 + k);
        }
    }
}

static void two_ways_256(CXLDcdDevice *d)
{
    spread(d, 1, 0);
}

static void two_ways_16k(CXLDcdDevice *d)
{
    spread(d, 1, 6);
}

static void four_ways_256(CXLDcdDevice *d)
{
    spread(d, 2, 0);
}

static void four_ways_4k(CXLDcdDevice *d)
{
    spread(d, 2, 4);
}

/* Only one device of the set has accepted: the other's stripes are not there */
static void half_accepted(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    uint64_t first = cxl_dcd_set_hpa(m, 1, 0, 0, 0);
    unsigned k;

    cxl_dcd_set_commit(m, 1, 0);
    accept_on(&m->device[1]);
    for (k = 0; k < 4; k++) {
        uint64_t absent = cxl_dcd_set_hpa(m, 1, 0, 0, k * 256);
        uint64_t there = cxl_dcd_set_hpa(m, 1, 0, 1, k * 256);

        qtest_writeq(m->qts, absent, 77);
        qtest_writeq(m->qts, there, 88 + k);
        g_assert_cmphex(qtest_readq(m->qts, absent), ==, UINT64_MAX);
        g_assert_cmphex(qtest_readq(m->qts, there), ==, 88 + k);
    }
    accept_on(&m->device[0]);
    g_assert_cmphex(qtest_readq(m->qts, first), ==, 0);
    g_assert_cmphex(cxl_dcd_give_back(&m->device[1],
                                      { m->device[1].dc_base, BLOCK }), ==,
                    SUCCESS);
    g_assert_cmphex(qtest_readq(m->qts, cxl_dcd_set_hpa(m, 1, 0, 1, 0)), ==,
                    UINT64_MAX);
    g_assert_cmphex(qtest_readq(m->qts, first), ==, 0);
}

/* An access over the end of a stripe belongs to two devices. */
static void over_a_stripe(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;

    cxl_dcd_set_commit(m, 1, 0);
    accept_on(&m->device[0]);
    accept_on(&m->device[1]);
    qtest_writel(m->qts, m->window + 256 - 4, 0x11111111);
    qtest_writel(m->qts, m->window + 256, 0x22222222);
    g_assert_cmphex(qtest_readl(m->qts, m->window + 256 - 4), ==, 0x11111111);
    g_assert_cmphex(qtest_readl(m->qts, m->window + 256), ==, 0x22222222);
    g_assert_cmphex(qtest_readl(m->qts, m->window + 512 - 4), ==, 0);
}

/* Two devices, each decoded alone beside the other, and mapped. */
static void side_by_side(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    unsigned i;

    for (i = 0; i < 2; i++) {
        uint64_t hpa = cxl_dcd_map_beside(m, i);

        accept_on(&m->device[i]);
        g_assert_cmpuint(cxl_dcd_query_count(&m->device[i], "mapping",
                                             "direct"), ==, 1);
        qtest_writeq(m->qts, hpa, 100 + i);
    }
    g_assert_cmphex(qtest_readq(m->qts, m->window), ==, 100);
    g_assert_cmphex(qtest_readq(m->qts, m->window + CXL_DCD_TEST_GIB), ==, 101);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    g_assert_cmphex(qtest_readq(m->qts, m->window), ==, UINT64_MAX);
    g_assert_cmphex(qtest_readq(m->qts, m->window + CXL_DCD_TEST_GIB), ==, 101);
}

/* What cannot be decoded is not committed, and says so (8.2.4.20.7). */
static void reserved_encodings(CXLDcdDevice *d)
{
    static const unsigned ways[] = { 0xb, 0xf, 5, 7 };
    CXLDcdMachine *m = d->machine;
    unsigned i;

    accept_on(d);
    for (i = 0; i < G_N_ELEMENTS(ways); i++) {
        CXLDcdDecoder decoder = {
            .hpa = m->window, .size = 512 * MIB, .ways_code = ways[i],
            .granularity_code = 0xf, .skip = d->dc_base,
        };

        g_assert_cmphex(cxl_dcd_decoder_try(m, d->hdm, &decoder), ==,
                        CXL_DCD_TEST_HDM_ERROR);
        qtest_readq(m->qts, m->window);
        qtest_readq(m->qts, m->window + CXL_DCD_TEST_GIB);
        g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 0);
        cxl_dcd_decoder_uncommit(m, d->hdm, 0);
    }
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions two = { .devices = 2 };
    static const CXLDcdOptions four = { .devices = 4 };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/interleave/2-ways-256", &two, two_ways_256);
    cxl_dcd_add_case("/cxl-dcd/interleave/2-ways-16k", &two, two_ways_16k);
    cxl_dcd_add_case("/cxl-dcd/interleave/4-ways-256", &four, four_ways_256);
    cxl_dcd_add_case("/cxl-dcd/interleave/4-ways-4k", &four, four_ways_4k);
    cxl_dcd_add_case("/cxl-dcd/interleave/half-accepted", &two, half_accepted);
    cxl_dcd_add_case("/cxl-dcd/interleave/over-a-stripe", &two, over_a_stripe);
    cxl_dcd_add_case("/cxl-dcd/interleave/side-by-side", &two, side_by_side);
    cxl_dcd_add_case("/cxl-dcd/interleave/reserved-encodings", NULL,
                     reserved_encodings);
    return g_test_run();
}
