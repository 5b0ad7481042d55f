/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cxl-dcd-bench - what requests cost inside the device
 *
 * Not a test: prints lines "name extents value". What a round trip of qtest
 * costs is measured beside it and taken off.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define GIB     CXL_DCD_TEST_GIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define MANY    1000
#define CHUNK   10000
#define ROUNDS  300
#define REPEATS 5

static double milliseconds(void)
{
    return g_get_monotonic_time() / 1000.0;
}

/* 4802h or 4803h for @ranges, less what the same bytes cost when refused */
static double update_cost(CXLDcdDevice *d, uint16_t opcode,
                          const CXLDcdSpan *ranges, size_t count)
{
    double start = milliseconds(), done, idle;

    g_assert_cmphex(cxl_dcd_update_chain(d, opcode, ranges, count), ==,
                    CXL_DCD_RC_SUCCESS);
    done = milliseconds();
    g_assert_cmphex(cxl_dcd_update_chain(d, opcode, ranges, count), !=,
                    CXL_DCD_RC_SUCCESS);
    idle = milliseconds() - done;
    return MAX(done - start - idle, 0);
}

/* The same for the request; QEMU's monitor reads it byte by byte. */
static double add_cost(CXLDcdDevice *d, const CXLDcdSpan *offsets, size_t count)
{
    double start = milliseconds(), done, idle;

    cxl_dcd_qmp_add(d, .extents = offsets, .count = count);
    done = milliseconds();
    cxl_dcd_qmp_add(d, .extents = offsets, .count = count, .error = "overlaps");
    idle = milliseconds() - done;
    return MAX(done - start - idle, 0);
}

/*
 * One request of @count extents that do not touch: QMP, answer, mapping. With
 * a decoder committed, each becomes a mapping of its own.
 */
static void one_request(size_t count)
{
    static const CXLDcdOptions options = {
        .size = 8 * GIB, .regions = "[{\"size\":8589934592}]",
    };
    CXLDcdMachine *machine = cxl_dcd_machine_start(&options);
    CXLDcdDevice *d = &machine->device[0];
    g_autofree CXLDcdSpan *offsets = g_new(CXLDcdSpan, count);
    g_autofree CXLDcdSpan *ranges = g_new(CXLDcdSpan, count);
    double add = G_MAXDOUBLE, release = G_MAXDOUBLE;
    unsigned repeat;
    size_t i;

    cxl_dcd_map(d);
    for (i = 0; i < count; i++) {
        offsets[i] = (CXLDcdSpan) { i * 2 * BLOCK, BLOCK };
        ranges[i] = (CXLDcdSpan) { d->dc_base + i * 2 * BLOCK, BLOCK };
    }
    for (repeat = 0; repeat < REPEATS; repeat++) {
        double spent = add_cost(d, offsets, count);
        cxl_dcd_drop_events(d);
        spent += update_cost(d, CXL_DCD_OP_ADD_RESPONSE, ranges, count);
        add = MIN(add, spent);
        g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==,
                         count);
        release = MIN(release, update_cost(d, CXL_DCD_OP_RELEASE, ranges,
                                           count));
    }
    printf("request-add-map-ms %zu %.3f\n", count, add);
    printf("request-release-ms %zu %.3f\n", count, release);
    cxl_dcd_machine_stop(machine);
}

static void lay_out(CXLDcdDevice *d, size_t from, size_t to)
{
    g_autofree CXLDcdSpan *offsets = g_new(CXLDcdSpan, CHUNK);
    g_autofree CXLDcdSpan *ranges = g_new(CXLDcdSpan, CHUNK);

    while (from < to) {
        size_t count = MIN(CHUNK, to - from), i;

        for (i = 0; i < count; i++) {
            offsets[i] = (CXLDcdSpan) { (from + i) * 4 * BLOCK, BLOCK };
            ranges[i] = offsets[i];
            ranges[i].start += d->dc_base;
        }
        cxl_dcd_qmp_add(d, .extents = offsets, .count = count);
        cxl_dcd_drop_events(d);
        g_assert_cmphex(cxl_dcd_update_chain(d, CXL_DCD_OP_ADD_RESPONSE,
                                             ranges, count), ==,
                        CXL_DCD_RC_SUCCESS);
        from += count;
    }
}

/* QMP add, event, answer, release, with all round trips: rounds a second */
static void throughput(void)
{
    static const size_t sizes[] = { 100, 1000, 10000, 100000, 1000000 };
    static const CXLDcdOptions options = {
        .size = 16384 * GIB,
        .regions = "[{\"size\":17592186044416}]",
        .properties = ",\"dc-max-extents\":2000000",
    };
    CXLDcdMachine *machine = cxl_dcd_machine_start(&options);
    CXLDcdDevice *d = &machine->device[0];
    size_t live = 0, i;
    unsigned round, repeat;

    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        double best = G_MAXDOUBLE;

        lay_out(d, live, sizes[i]);
        live = sizes[i];
        for (repeat = 0; repeat < REPEATS; repeat++) {
            double start = milliseconds();

            for (round = 0; round < ROUNDS; round++) {
                uint64_t offset = (uint64_t)g_test_rand_int_range(0, live) *
                                  4 * BLOCK + 2 * BLOCK;

                cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ offset, BLOCK }));
                cxl_dcd_drop_events(d);
                g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + offset,
                                                    BLOCK }), ==,
                                CXL_DCD_RC_SUCCESS);
                g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base + offset,
                                                       BLOCK }), ==,
                                CXL_DCD_RC_SUCCESS);
            }
            best = MIN(best, milliseconds() - start);
        }
        printf("rounds-per-second %zu %.0f\n", live, ROUNDS / best * 1000);
        fflush(stdout);
    }
    cxl_dcd_machine_stop(machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    one_request(256);
    one_request(MANY);
    throughput();
    return 0;
}
