/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: the host's event log 4 (CXL r3.2 8.2.10.2) when
 * there is much in it: long chains, a full log, overflow
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define TINY    0x1000ULL           /* block size */

static uint32_t log_depth(CXLDcdDevice *d)
{
    uint8_t out[0x80];

    g_assert_cmphex(cxl_dcd_command(d, CXL_DCD_OP_IDENTIFY_MEMDEV, NULL, 0, out,
                                    sizeof(out), NULL), ==, SUCCESS);
    return out[0x43] | out[0x44] << 8;
}

/* @count single blocks of TINY, every second one from block @first on. */
static CXLDcdSpan *every_second(uint64_t base, unsigned first, unsigned count)
{
    CXLDcdSpan *spans = g_new(CXLDcdSpan, count);
    unsigned i;

    for (i = 0; i < count; i++) {
        spans[i].start = base + (first + 2ULL * i) * TINY;
        spans[i].length = TINY;
    }
    return spans;
}

/*
 * All records of an add of 10,000 extents arrive, only the last without More,
 * and all are accepted.
 */
static void chain_of_10000(CXLDcdDevice *d)
{
    enum { N = 10000 };
    g_autofree CXLDcdSpan *offsets = every_second(0, 0, N);
    g_autofree CXLDcdSpan *dpas = every_second(d->dc_base, 0, N);

    cxl_dcd_qmp_add(d, .extents = offsets, .count = N);
    cxl_dcd_assert_event_group_n(d, CXL_DCD_EVENT_ADD, dpas, N);
    g_assert_cmphex(cxl_dcd_update_chain(d, CXL_DCD_OP_ADD_RESPONSE, dpas, N),
                    ==, SUCCESS);
    cxl_dcd_assert_extents_n(d, dpas, N);
    g_assert_cmphex(cxl_dcd_update_chain(d, CXL_DCD_OP_RELEASE, dpas, N), ==,
                    SUCCESS);
    cxl_dcd_assert_no_extents(d);
}

/* Fill log 4 with one group of as many extents as it has room for. */
static uint32_t fill_log(CXLDcdDevice *d)
{
    uint32_t depth = log_depth(d);
    g_autofree CXLDcdSpan *offsets = every_second(0, 0, depth);

    g_assert_cmpuint(2ULL * depth * TINY, <, CXL_DCD_TEST_GIB);
    cxl_dcd_qmp_add(d, .extents = offsets, .count = depth);
    return depth;
}

/* An add that would overflow the log fails and leaves nothing behind. */
static void full_log_refuses_add(CXLDcdDevice *d)
{
    uint32_t depth = fill_log(d);
    CXLDcdEvents events;

    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, depth);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ TINY, TINY }), .error = "event log");
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, depth);
    events = cxl_dcd_drain_events(d);
    g_assert_cmpuint(events.records->len, ==, depth);
    g_assert_cmphex(events.flags & CXL_DCD_EVENTS_OVERFLOW, ==, 0);
    g_assert_cmphex(cxl_dcd_record_at(&events, depth - 1)->flags, ==, 0);
    cxl_dcd_events_free(&events);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ TINY, TINY }));
}

static void too_many_for_log(CXLDcdDevice *d)
{
    uint32_t count = log_depth(d) + 1;
    g_autofree CXLDcdSpan *offsets = every_second(0, 0, count);
    char *before = cxl_dcd_snapshot(d);

    cxl_dcd_qmp_add(d, .extents = offsets, .count = count,
                    .error = "event log");
    cxl_dcd_assert_unchanged(d, before);
}

/* A forced release goes ahead; that it is not logged is reported. */
static void full_log_forced_release(CXLDcdDevice *d)
{
    uint32_t depth = log_depth(d);
    uint64_t last = (2ULL * depth + 1) * TINY;
    CXLDcdEvents events;

    cxl_dcd_add_accepted(d, { last, TINY });
    fill_log(d);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ last, TINY }),
                        .error = "event log");
    cxl_dcd_assert_extents(d, { d->dc_base + last, TINY });
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ last, TINY }), .forced = true);
    cxl_dcd_assert_no_extents(d);
    events = cxl_dcd_peek_events(d);
    g_assert_cmphex(events.flags, ==,
                    CXL_DCD_EVENTS_OVERFLOW | CXL_DCD_EVENTS_MORE);
    g_assert_cmpuint(events.overflow_count, ==, 1);
    g_assert_cmphex(events.first_overflow, ==, events.last_overflow);
    cxl_dcd_events_free(&events);
    g_assert_cmphex(cxl_dcd_clear_events(d, CXL_DCD_CLEAR_ALL, NULL, 0), ==,
                    SUCCESS);
    g_assert_false(cxl_dcd_event_status(d));
    cxl_dcd_assert_no_events(d);
    g_assert_cmphex(cxl_dcd_clear_events(d, CXL_DCD_CLEAR_ALL, NULL, 0), ==,
                    CXL_DCD_RC_INVALID_INPUT);
}

/* Clearing one record ends the overflow report (8.2.10.2.2). */
static void overflow_ends_with_clear(CXLDcdDevice *d)
{
    uint64_t last = (2ULL * log_depth(d) + 1) * TINY;
    CXLDcdEvents events;
    uint16_t oldest;

    cxl_dcd_add_accepted(d, { last, TINY });
    fill_log(d);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ last, TINY }), .forced = true);
    events = cxl_dcd_peek_events(d);
    g_assert_cmphex(events.flags & CXL_DCD_EVENTS_OVERFLOW, !=, 0);
    oldest = cxl_dcd_handle_at(&events, 0);
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, &oldest, 1), ==, SUCCESS);
    cxl_dcd_events_free(&events);
    events = cxl_dcd_peek_events(d);
    g_assert_cmphex(events.flags & CXL_DCD_EVENTS_OVERFLOW, ==, 0);
    g_assert_cmpuint(events.overflow_count, ==, 0);
    cxl_dcd_events_free(&events);
}

int main(int argc, char **argv)
{
    /* No need for memory behind it: the backend is never touched. */
    static const CXLDcdOptions deep = {
        .size = CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":1073741824,\"block-size\":4096}]",
    };
    static const CXLDcdOptions shallow = {
        .size = CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":1073741824,\"block-size\":4096}]",
        .properties = ",\"dc-event-log-size\":100",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/event/log-keeps-10000", &deep,
                     chain_of_10000);
    cxl_dcd_add_case("/cxl-dcd/event/full/refuses-add", &shallow,
                     full_log_refuses_add);
    cxl_dcd_add_case("/cxl-dcd/event/full/too-many-for-log", &deep,
                     too_many_for_log);
    cxl_dcd_add_case("/cxl-dcd/event/full/forced-release", &shallow,
                     full_log_forced_release);
    cxl_dcd_add_case("/cxl-dcd/event/full/overflow-ends-with-clear", &shallow,
                     overflow_ends_with_clear);
    return g_test_run();
}
