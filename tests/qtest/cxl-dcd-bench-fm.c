/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cxl-dcd-bench-fm - what the FM endpoint costs, and how long it holds up
 *
 * Not a test: prints lines "name extents value".
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client-fm.h"

#define GIB     CXL_DCD_TEST_GIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define CYCLES  500
#define REPEATS 7
#define MANY    1000000
#define CHUNK   10000
#define PASSES  5
#define PART    25                /* extents of one answer */
#define BURST   64                /* requests that are sent at once */

static int64_t now(void)
{
    return g_get_monotonic_time();
}

/* --- Add, accept, release: through QMP and through the FM endpoint --- */

/* @l NULL: by QMP. What the host does is the same. */
static void cycle(CXLDcdDevice *d, CXLDcdFmLine *l)
{
    if (l) {
        g_assert_cmphex(cxl_dcd_fm_initiate(l, CXL_DCD_OP_FM_INITIATE_ADD,
                                            CXL_DCD_POLICY_PRESCRIPTIVE,
                                            d->dc_base, BLOCK), ==, SUCCESS);
    } else {
        cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    }
    cxl_dcd_drop_events(d);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    if (l) {
        g_assert_cmphex(cxl_dcd_fm_initiate(l, CXL_DCD_OP_FM_INITIATE_RELEASE,
                                            CXL_DCD_REMOVE_PRESCRIPTIVE,
                                            d->dc_base, BLOCK), ==, SUCCESS);
    } else {
        cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    }
    cxl_dcd_drop_events(d);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==, SUCCESS);
}

static double cycle_cost(CXLDcdDevice *d, CXLDcdFmLine *l)
{
    int64_t start = now();
    unsigned i;

    for (i = 0; i < CYCLES; i++) {
        cycle(d, l);
    }
    return (double)(now() - start) / CYCLES;
}

static void cycles(void)
{
    CXLDcdOptions options = { 0 };
    double qmp = G_MAXDOUBLE, fm = G_MAXDOUBLE;
    CXLDcdMachine *machine;
    CXLDcdDevice *d;
    CXLDcdFmLine l;
    unsigned i;

    cxl_dcd_fm_options(&options, NULL);
    machine = cxl_dcd_machine_start(&options);
    d = &machine->device[0];
    cxl_dcd_map(d);
    l = cxl_dcd_fm_connect();
    for (i = 0; i < REPEATS; i++) {
        qmp = MIN(qmp, cycle_cost(d, NULL));
        fm = MIN(fm, cycle_cost(d, &l));
    }
    printf("cycle-qmp-us 1 %.1f\ncycle-fm-us 1 %.1f\n", qmp, fm);
    cxl_dcd_fm_close(&l);
    cxl_dcd_machine_stop(machine);
}

/* --- A long list in parts, while the guest wants the machine --- */

/* Ask for many parts at once; then how long a register of the device takes */
static int64_t burst(CXLDcdDevice *d, CXLDcdFmLine *l, unsigned first)
{
    uint8_t bytes[BURST * 64], packet[4 + 64], body[1200], head[4];
    int64_t start, took;
    size_t len = 0;
    unsigned i;

    for (i = 0; i < BURST; i++) {
        const CXLDcdFmExtentListRequest in = {
            .extent_count = cxl_dcd_put32(PART),
            .start_index = cxl_dcd_put32(first + i * PART),
        };

        memcpy(packet, ((uint8_t[]) { 1, l->eid, 8, 0xc8 }), 4);
        len += cxl_dcd_fm_frame(packet, 4 + cxl_dcd_fm_request(packet + 4,
                                    CXL_DCD_OP_FM_GET_EXTENT_LISTS, i, &in,
                                    sizeof(in)), bytes + len);
    }
    cxl_dcd_fm_send(l, bytes, len);
    start = now();
    qtest_readl(d->machine->qts, d->mailbox);
    took = now() - start;
    for (i = 0; i < BURST; i++) {
        len = cxl_dcd_fm_receive_message(l, head, body, sizeof(body));
        g_assert_cmphex(body[2], ==, i);
        g_assert_cmphex(body[9], ==, SUCCESS);
        g_assert_cmpuint(len, ==, CXL_DCD_FM_CCI +
                                  sizeof(CXLDcdFmExtentListResponse) +
                                  PART * sizeof(CXLDcdWireExtent));
    }
    return took;
}

static void list(void)
{
    CXLDcdOptions options = {
        .size = 16384 * GIB, .regions = "[{\"size\":17592186044416}]",
    };
    const unsigned bursts = MANY / (BURST * PART);
    g_autofree int64_t *best = g_new(int64_t, bursts);
    g_autofree CXLDcdSpan *spans = g_new(CXLDcdSpan, CHUNK);
    int64_t worst = 0, highest = 0, took, start, quickest = INT64_MAX;
    CXLDcdMachine *machine;
    CXLDcdDevice *d;
    CXLDcdFmLine l;
    unsigned i, pass;

    cxl_dcd_fm_options(&options, ",\"dc-max-extents\":2000000,"
                       "\"dc-event-log-size\":16384");
    machine = cxl_dcd_machine_start(&options);
    d = &machine->device[0];
    for (i = 0; i < MANY; i++) {
        spans[i % CHUNK] = (CXLDcdSpan) { i * 4ULL * BLOCK, BLOCK };
        if (i % CHUNK == CHUNK - 1) {
            cxl_dcd_add_accepted_n(d, spans, CHUNK);
        }
    }
    l = cxl_dcd_fm_connect();
    for (pass = 0; pass < PASSES; pass++) {
        start = now();
        for (i = 0; i < bursts; i++) {
            took = burst(d, &l, i * BURST * PART);
            best[i] = pass ? MIN(best[i], took) : took;
            highest = MAX(highest, took);
        }
        quickest = MIN(quickest, now() - start);
    }
    for (i = 0; i < bursts; i++) {
        worst = MAX(worst, best[i]);
    }
    /* Of several passes the best at each place: what others do is no cost */
    printf("list-blocks-us %u %" PRId64 "\n", MANY, worst);
    printf("list-blocks-highest-us %u %" PRId64 "\n", MANY, highest);
    printf("list-ms %u %.1f\n", MANY, quickest / 1000.0);
    cxl_dcd_fm_close(&l);
    cxl_dcd_machine_stop(machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cycles();
    list();
    return 0;
}
