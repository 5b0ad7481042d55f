/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: the host's event log 4 (CXL r3.2 8.2.10.2):
 * records, More chains, clearing, interrupt; a full log: cxl-dcd-log-test.c
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS

/* --- Records --- */

static void record_fields(CXLDcdDevice *d)
{
    static const uint8_t uuid[] = { CXL_DCD_EVENT_UUID_BYTES };
    static const uint8_t zeros[0x28];
    CXLDcdHostConfig config;
    CXLDcdEvents events;
    const CXLDcdEventRecord *r;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 2 * BLOCK, 3 * BLOCK }));
    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &config), ==, SUCCESS);
    events = cxl_dcd_peek_events(d);
    r = cxl_dcd_record_at(&events, 0);
    g_assert_cmpmem(r->uuid, 16, uuid, 16);
    g_assert_cmphex(r->length, ==, 0x80);
    g_assert_cmpmem(r->record_flags, 3, zeros, 3);  /* severity 0 */
    g_assert_cmphex(cxl_dcd_get16(r->handle), !=, 0);
    g_assert_cmphex(cxl_dcd_get16(r->related_handle), ==, 0);
    g_assert_cmphex(r->type, ==, CXL_DCD_EVENT_ADD);
    g_assert_cmphex(r->validity, ==, CXL_DCD_EVENT_COUNTERS_VALID);
    g_assert_cmphex(cxl_dcd_get16(r->host_id), ==, 0);
    g_assert_cmphex(r->region_index, ==, 0);
    g_assert_cmphex(r->flags, ==, 0);
    g_assert_cmphex(cxl_dcd_get64(r->extent.start_dpa), ==,
                    d->dc_base + 2 * BLOCK);
    g_assert_cmphex(cxl_dcd_get64(r->extent.length), ==, 3 * BLOCK);
    g_assert_cmpmem(r->extent.tag, 16, zeros, 16);
    g_assert_cmphex(cxl_dcd_get16(r->extent.sequence), ==, 0);
    g_assert_cmpuint(cxl_dcd_get32(r->available_extents), ==,
                     cxl_dcd_get32(config.counters.available_extents));
    g_assert_cmpuint(cxl_dcd_get32(r->available_tags), ==,
                     cxl_dcd_get32(config.counters.available_tags));
    g_assert_cmpmem(r->reserved1, sizeof(r->reserved1), zeros,
                    sizeof(r->reserved1));
    g_assert_cmpmem(r->reserved2, sizeof(r->reserved2), zeros,
                    sizeof(r->reserved2));
    g_assert_cmpmem(r->reserved3, sizeof(r->reserved3), zeros,
                    sizeof(r->reserved3));
    cxl_dcd_events_free(&events);
}

static void add_groups(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 4 * BLOCK, BLOCK },
                                       { 8 * BLOCK, BLOCK }));
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_ADD,
        { d->dc_base, BLOCK }, { d->dc_base + 4 * BLOCK, BLOCK },
                       { d->dc_base + 8 * BLOCK, BLOCK });
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 16 * BLOCK, BLOCK }));
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_ADD,
        { d->dc_base + 16 * BLOCK, BLOCK });
}

static void two_groups_in_order(CXLDcdDevice *d)
{
    CXLDcdEvents events;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }, { 0, BLOCK }));
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    events = cxl_dcd_drain_events(d);
    g_assert_cmpuint(events.records->len, ==, 3);
    g_assert_cmphex(cxl_dcd_record_at(&events, 0)->flags, ==,
                    CXL_DCD_EVENT_MORE);
    g_assert_cmphex(cxl_dcd_record_at(&events, 1)->flags, ==, 0);
    g_assert_cmphex(cxl_dcd_record_at(&events, 2)->flags, ==, 0);
    g_assert_cmphex(cxl_dcd_get64(cxl_dcd_record_at(&events,
                                                    2)->extent.start_dpa), ==,
                    d->dc_base + 4 * BLOCK);
    cxl_dcd_events_free(&events);
}

static void release_record(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, 4 * BLOCK });
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 2 * BLOCK, BLOCK }));
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_RELEASE,
        { d->dc_base, BLOCK },
                       { d->dc_base + 2 * BLOCK, BLOCK });
}

static void forced_record(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, 4 * BLOCK });
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, 4 * BLOCK }), .forced = true);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_FORCED_RELEASE,
        { d->dc_base, 4 * BLOCK });
    cxl_dcd_assert_no_extents(d);
}

/* The host is told which region it has to look at again. */
static void region_record(CXLDcdDevice *d)
{
    const CXLDcdEventRecord *record;
    CXLDcdHostConfig config;
    CXLDcdEvents events;

    qtest_qmp_assert_success(d->machine->qts,
        "{'execute':'cxl-set-dynamic-capacity-region','arguments':{'path':%s,"
        "'region':1,'block-size':1048576,'sanitize-on-release':true}}",
        d->path);
    events = cxl_dcd_drain_events(d);
    g_assert_cmpuint(events.records->len, ==, 1);
    record = &g_array_index(events.records, CXLDcdEventRecord, 0);
    g_assert_cmphex(record->type, ==, CXL_DCD_EVENT_REGION_CONFIG);
    g_assert_cmpuint(record->region_index, ==, 1);
    g_assert_cmphex(record->flags & CXL_DCD_EVENT_MORE, ==, 0);
    cxl_dcd_events_free(&events);
    g_assert_cmphex(cxl_dcd_get_config(d, 1, 1, &config), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get64(config.region[0].block_size), ==, 1 << 20);
    g_assert_cmphex(config.region[0].flags, ==, CXL_DCD_REGION_SANITIZE);
}

/* A pending group that is removed by force is dead, without an event. */
static void forced_pending(CXLDcdDevice *d)
{
    CXLDcdHostConfig before, now;

    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &before), ==, SUCCESS);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .forced = true);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_ADD,
        { d->dc_base, BLOCK });
    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &now), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(now.counters.available_extents) + 1, ==,
                     cxl_dcd_get32(before.counters.available_extents));
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==,
                    CXL_DCD_RC_INVALID_PA);
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &now), ==, SUCCESS);
    g_assert_cmpmem(&now.counters, sizeof(now.counters), &before.counters,
                    sizeof(before.counters));
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
}

/* --- Get Event Records --- */

/* More Event Records only when not all fitted; reading removes nothing. */
static void get_more(CXLDcdDevice *d)
{
    size_t fit = (cxl_dcd_mailbox_size(d) - sizeof(CXLDcdGetEventsResponse)) /
                 sizeof(CXLDcdEventRecord);
    g_autofree CXLDcdSpan *spans = g_new(CXLDcdSpan, fit + 1);
    CXLDcdEvents events, again;
    uint16_t oldest;
    size_t i;

    for (i = 0; i <= fit; i++) {
        spans[i] = (CXLDcdSpan){ 2 * i * BLOCK, BLOCK };
    }
    cxl_dcd_qmp_add(d, .extents = spans, .count = fit + 1);
    events = cxl_dcd_peek_events(d);
    g_assert_cmpuint(events.records->len, ==, fit);
    g_assert_cmphex(events.flags, ==, CXL_DCD_EVENTS_MORE);
    again = cxl_dcd_peek_events(d);
    g_assert_cmpmem(again.records->data, again.records->len * 0x80,
                    events.records->data, events.records->len * 0x80);
    cxl_dcd_events_free(&again);
    oldest = cxl_dcd_handle_at(&events, 0);
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, &oldest, 1), ==, SUCCESS);
    again = cxl_dcd_peek_events(d);
    g_assert_cmpuint(again.records->len, ==, fit);
    g_assert_cmphex(again.flags, ==, 0);
    g_assert_cmphex(cxl_dcd_handle_at(&again, 0), ==,
                    cxl_dcd_handle_at(&events, 1));
    cxl_dcd_events_free(&again);
    cxl_dcd_events_free(&events);
}

static uint16_t get_log(CXLDcdDevice *d, uint8_t log, size_t len)
{
    const uint8_t request[2] = { log };
    uint8_t out[0x800];

    return cxl_dcd_command(d, CXL_DCD_OP_GET_EVENT_RECORDS, request, len, out,
                           sizeof(out), NULL);
}

static void get_refused(CXLDcdDevice *d)
{
    g_assert_cmphex(get_log(d, 0, 1), ==, SUCCESS);
    g_assert_cmphex(get_log(d, 3, 1), ==, SUCCESS);
    g_assert_cmphex(get_log(d, 5, 1), ==, CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(get_log(d, 255, 1), ==, CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(get_log(d, 4, 0), ==, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    g_assert_cmphex(get_log(d, 4, 2), ==, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
}

/* --- Clear Event Records --- */

/* Three records of one group; the caller gets their handles. */
static void three_records(CXLDcdDevice *d, uint16_t *handles)
{
    CXLDcdEvents events;
    unsigned i;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 4 * BLOCK, BLOCK },
                                       { 8 * BLOCK, BLOCK }));
    events = cxl_dcd_peek_events(d);
    g_assert_cmpuint(events.records->len, ==, 3);
    for (i = 0; i < 3; i++) {
        handles[i] = cxl_dcd_handle_at(&events, i);
    }
    g_assert_cmphex(handles[0], !=, handles[1]);
    g_assert_cmphex(handles[1], !=, handles[2]);
    g_assert_cmphex(handles[0], !=, handles[2]);
    cxl_dcd_events_free(&events);
}

static void clear_drops_status(CXLDcdDevice *d)
{
    uint16_t h[3];

    three_records(d, h);
    g_assert_true(cxl_dcd_event_status(d));
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, h, 2), ==, SUCCESS);
    g_assert_true(cxl_dcd_event_status(d));
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, &h[2], 1), ==, SUCCESS);
    g_assert_false(cxl_dcd_event_status(d));
    /* Clearing the record is no answer: the group is still pending. */
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, 3);
}

static void clear_refused(CXLDcdDevice *d)
{
    uint16_t h[3], zero = 0, unknown, swapped[2], gap[2], twice[2];
    char *before;

    three_records(d, h);
    unknown = cxl_dcd_put16(cxl_dcd_get16(h[2]) + 100);
    swapped[0] = h[1];
    swapped[1] = h[0];
    gap[0] = h[0];
    gap[1] = h[2];
    twice[0] = twice[1] = h[0];
    before = cxl_dcd_snapshot(d);
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, &zero, 1), ==,
                    CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, &unknown, 1), ==,
                    CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, &h[1], 1), ==,
                    CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, swapped, 2), ==,
                    CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, gap, 2), ==,
                    CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(cxl_dcd_clear_events(d, 0, twice, 2), ==,
                    CXL_DCD_RC_INVALID_HANDLE);
    cxl_dcd_assert_unchanged(d, before);
}

static void clear_all_without_overflow(CXLDcdDevice *d)
{
    uint16_t h[3];
    char *before;

    three_records(d, h);
    before = cxl_dcd_snapshot(d);
    g_assert_cmphex(cxl_dcd_clear_events(d, CXL_DCD_CLEAR_ALL, NULL, 0), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    cxl_dcd_assert_unchanged(d, before);
}

static void clear_bad_length(CXLDcdDevice *d)
{
    static const uint8_t request[] = { 4, 0, 2, 0, 0, 0, 1, 0 };
    static const size_t lengths[] = { 0, 5, 6, 8 };
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_assert_cmphex(cxl_dcd_command(d, CXL_DCD_OP_CLEAR_EVENT_RECORDS,
                                        request, lengths[i], NULL, 0, NULL),
                        ==, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    }
}

/* --- Interrupt --- */

static void irq_on_first_record(CXLDcdDevice *d)
{
    unsigned vector = cxl_dcd_irq_enable(d);
    CXLDcdEvents events;

    g_assert_false(cxl_dcd_irq_take(d, vector));
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 4 * BLOCK, BLOCK }));
    g_assert_true(cxl_dcd_irq_take(d, vector));
    /* Only the step from empty to non-empty interrupts. */
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    g_assert_false(cxl_dcd_irq_take(d, vector));
    events = cxl_dcd_drain_events(d);
    g_assert_cmpuint(events.records->len, ==, 3);
    cxl_dcd_events_free(&events);
    g_assert_false(cxl_dcd_irq_take(d, vector));
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 12 * BLOCK, BLOCK }));
    g_assert_true(cxl_dcd_irq_take(d, vector));
}

static void set_policy(CXLDcdDevice *d, uint8_t setting, size_t len,
                       uint16_t code)
{
    CXLDcdEventIrqPolicy policy = { .dynamic_capacity = setting };

    g_assert_cmphex(cxl_dcd_command(d, CXL_DCD_OP_SET_EVENT_IRQ_POLICY, &policy,
                                    len, NULL, 0, NULL), ==, code);
}

static void irq_none(CXLDcdDevice *d)
{
    unsigned vector = cxl_dcd_irq_enable(d), i;

    set_policy(d, 0, sizeof(CXLDcdEventIrqPolicy), SUCCESS);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmpuint(vector, <, d->vectors);
    for (i = 0; i < d->vectors; i++) {
        g_assert_false(cxl_dcd_irq_take(d, i));
    }
}

/* Requests of 4 bytes are legal and leave the fifth setting alone. */
static void irq_short_policy(CXLDcdDevice *d)
{
    unsigned vector = cxl_dcd_irq_enable(d);

    set_policy(d, 0, sizeof(CXLDcdEventIrqPolicy) - 1, SUCCESS);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_true(cxl_dcd_irq_take(d, vector));
    set_policy(d, 0, 3, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/event/record-fields", NULL, record_fields);
    cxl_dcd_add_case("/cxl-dcd/event/add-groups", NULL, add_groups);
    cxl_dcd_add_case("/cxl-dcd/event/two-groups-in-order", NULL,
                     two_groups_in_order);
    cxl_dcd_add_case("/cxl-dcd/event/release-record", NULL, release_record);
    cxl_dcd_add_case("/cxl-dcd/event/forced-record", NULL, forced_record);
    cxl_dcd_add_case("/cxl-dcd/event/region-record", NULL, region_record);
    cxl_dcd_add_case("/cxl-dcd/event/forced-pending-is-dead", NULL,
                     forced_pending);
    cxl_dcd_add_case("/cxl-dcd/event/get/nothing", NULL,
                     cxl_dcd_assert_no_events);
    cxl_dcd_add_case("/cxl-dcd/event/get/more-than-fit", NULL, get_more);
    cxl_dcd_add_case("/cxl-dcd/event/get/refused", NULL, get_refused);
    cxl_dcd_add_case("/cxl-dcd/event/clear/drops-status", NULL,
                     clear_drops_status);
    cxl_dcd_add_case("/cxl-dcd/event/clear/refused", NULL, clear_refused);
    cxl_dcd_add_case("/cxl-dcd/event/clear/all-without-overflow", NULL,
                     clear_all_without_overflow);
    cxl_dcd_add_case("/cxl-dcd/event/clear/bad-length", NULL, clear_bad_length);
    cxl_dcd_add_case("/cxl-dcd/event/interrupt/first-record", NULL,
                     irq_on_first_record);
    cxl_dcd_add_case("/cxl-dcd/event/interrupt/none", NULL, irq_none);
    cxl_dcd_add_case("/cxl-dcd/event/interrupt/short-policy", NULL,
                     irq_short_policy);
    return g_test_run();
}
