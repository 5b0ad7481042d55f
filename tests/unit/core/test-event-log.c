/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event log: order, room, overflow, handles, clearing, snapshots
 * (CXL r3.2 8.2.10.2).
 */
#include <string.h>
#include "hw/cxl/dcd/event_log.h"

typedef struct Seen {
    uint64_t clock;
    unsigned non_empty;
    unsigned empty;
    unsigned dropped;
} Seen;

static uint64_t seen_now(void *opaque)
{
    return ++((Seen *)opaque)->clock;
}

static void seen_non_empty(void *opaque)
{
    ((Seen *)opaque)->non_empty++;
}

static void seen_empty(void *opaque)
{
    ((Seen *)opaque)->empty++;
}

static void seen_dropped(void *opaque, const CXLDcdEvent *event)
{
    ((Seen *)opaque)->dropped++;
}

static const CXLDcdEventLogOps ops = {
    .now = seen_now,
    .became_non_empty = seen_non_empty,
    .became_empty = seen_empty,
    .dropped = seen_dropped,
};

static CXLDcdEvent add_event(uint64_t dpa, bool more)
{
    return (CXLDcdEvent) {
        .type = CXL_DCD_EVENT_ADD, .dpa = dpa, .length = 0x200000,
        .more = more,
    };
}

static bool insert(CXLDcdEventLog *log, uint64_t dpa, bool more)
{
    CXLDcdEvent event = add_event(dpa, more);
    bool in = cxl_dcd_event_log_insert(log, &event);

    cxl_dcd_event_log_assert(log);
    return in;
}

/* Get Event Records into a buffer that the caller frees. */
static CXLDcdGetEventsResponse *get(CXLDcdEventLog *log, unsigned fit)
{
    size_t max = sizeof(CXLDcdGetEventsResponse) +
                 fit * sizeof(CXLDcdEventRecord);
    CXLDcdGetEventsResponse *response = g_malloc(max);
    size_t len = 0;

    g_assert_cmphex(cxl_dcd_event_log_get(log, response, max, &len), ==,
                    CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(len, ==, sizeof(*response) +
                     cxl_dcd_get16(response->record_count) *
                     sizeof(CXLDcdEventRecord));
    return response;
}

static uint16_t clear(CXLDcdEventLog *log, uint8_t flags,
                      const uint16_t *handles, uint8_t count)
{
    uint8_t in[sizeof(CXLDcdClearEventsRequest) + 255 * 2] = {
        CXL_DCD_EVENT_LOG, flags, count
    };
    uint16_t rc;

    for (unsigned i = 0; i < count; i++) {
        in[6 + 2 * i] = handles[i] & 0xff;
        in[7 + 2 * i] = handles[i] >> 8;
    }
    rc = cxl_dcd_event_log_clear(log, in, 6 + 2 * count);
    cxl_dcd_event_log_assert(log);
    return rc;
}

/* One Add Capacity record, byte by byte */
static void test_golden_record(void)
{
    static const uint8_t golden[128] = {
        0xca, 0x95, 0xaf, 0xa7, 0xf1, 0x83, 0x40, 0x18,
        0x8c, 0x2f, 0x95, 0x26, 0x8e, 0x10, 0x1a, 0x2a,
        0x80, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
        [0x31] = 0x01,
        [0x3b] = 0x40, [0x43] = 0x10,
        [0x48] = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
        0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
        [0x78] = 0xff, 0x01,
    };
    CXLDcdEvent event = {
        .type = CXL_DCD_EVENT_ADD, .dpa = 0x40000000, .length = 0x10000000,
        .available_extents = 511,
    };
    g_autofree CXLDcdGetEventsResponse *response = NULL;
    CXLDcdEventLog *log = cxl_dcd_event_log_new(4, NULL, NULL);

    for (unsigned i = 0; i < CXL_DCD_TAG_SIZE; i++) {
        event.tag[i] = 0x10 + i;
    }
    g_assert_true(cxl_dcd_event_log_insert(log, &event));
    response = get(log, 1);
    g_assert_cmpmem(&response->records[0], 128, golden, 128);
    cxl_dcd_event_log_free(log);
}

static void test_decode_round_trip(void)
{
    CXLDcdEvent event = {
        .type = CXL_DCD_EVENT_CAPACITY_RELEASED, .dpa = 0x1122334455667788,
        .length = 0x40, .available_extents = 7, .available_tags = 9,
        .sequence = 0x1234, .host_id = 0xabcd, .region = 7, .more = true,
    };
    CXLDcdEvent back;
    CXLDcdEventRecord record;
    uint16_t handle;
    uint64_t timestamp;

    memset(event.tag, 0x5a, sizeof(event.tag));
    cxl_dcd_event_encode(&record, &event, 0xfffe, 0x8877665544332211);
    g_assert_true(cxl_dcd_event_decode(&record, &back, &handle, &timestamp));
    g_assert_cmphex(back.dpa, ==, event.dpa);
    g_assert_cmphex(back.length, ==, event.length);
    g_assert_cmpmem(back.tag, 16, event.tag, 16);
    g_assert_cmpuint(back.available_extents, ==, 7);
    g_assert_cmpuint(back.available_tags, ==, 9);
    g_assert_cmphex(back.sequence, ==, 0x1234);
    g_assert_cmphex(back.host_id, ==, 0xabcd);
    g_assert_cmpuint(back.region, ==, 7);
    g_assert_true(back.more);
    g_assert_cmphex(handle, ==, 0xfffe);
    g_assert_cmphex(timestamp, ==, 0x8877665544332211);

    record.type = CXL_DCD_EVENT_CAPACITY_RELEASED + 1;
    g_assert_false(cxl_dcd_event_decode(&record, &back, &handle, &timestamp));
    record.type = CXL_DCD_EVENT_ADD;
    record.uuid[15] ^= 1;
    g_assert_false(cxl_dcd_event_decode(&record, &back, &handle, &timestamp));
}

/* Reading does not clear; More only when more than fitted */
static void test_get(void)
{
    Seen seen = { 0 };
    CXLDcdEventLog *log = cxl_dcd_event_log_new(16, &ops, &seen);
    CXLDcdGetEventsResponse *response = get(log, 3);
    uint8_t small[sizeof(*response) - 1];
    size_t len;

    g_assert_cmpuint(response->flags, ==, 0);
    g_assert_cmpuint(cxl_dcd_get16(response->record_count), ==, 0);
    g_free(response);

    for (unsigned i = 0; i < 4; i++) {
        insert(log, i * 0x200000, i < 3);
    }
    g_assert_cmpuint(seen.non_empty, ==, 1);

    for (unsigned repeat = 0; repeat < 2; repeat++) {
        response = get(log, 3);
        g_assert_cmphex(response->flags, ==, CXL_DCD_EVENTS_MORE);
        g_assert_cmpuint(cxl_dcd_get16(response->record_count), ==, 3);
        for (unsigned i = 0; i < 3; i++) {
            CXLDcdEventRecord *record = &response->records[i];

            g_assert_cmphex(cxl_dcd_get16(record->handle), ==, i + 1);
            g_assert_cmphex(cxl_dcd_get64(record->timestamp), ==, i + 1);
            g_assert_cmphex(cxl_dcd_get64(record->extent.start_dpa), ==,
                            i * 0x200000);
            g_assert_cmphex(record->flags, ==, CXL_DCD_EVENT_MORE);
        }
        g_free(response);
    }
    response = get(log, 4);
    g_assert_cmphex(response->flags, ==, 0);
    g_assert_cmphex(response->records[3].flags, ==, 0);
    g_free(response);
    g_assert_cmphex(cxl_dcd_event_log_get(log, small, sizeof(small), &len), ==,
                    CXL_DCD_RC_INTERNAL_ERROR);
    cxl_dcd_event_log_free(log);
}

static void test_clear_order(void)
{
    static const uint16_t swapped[] = { 2, 1 }, gap[] = { 1, 3 },
                          newer[] = { 2 }, zero[] = { 0 }, twice[] = { 1, 1 },
                          unknown[] = { 1, 2, 3, 4 }, good[] = { 1, 2 },
                          last[] = { 3 };
    Seen seen = { 0 };
    CXLDcdEventLog *log = cxl_dcd_event_log_new(16, &ops, &seen);

    for (unsigned i = 0; i < 3; i++) {
        insert(log, i, false);
    }
    g_assert_cmphex(clear(log, 0, swapped, 2), ==, CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(clear(log, 0, gap, 2), ==, CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(clear(log, 0, newer, 1), ==, CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(clear(log, 0, zero, 1), ==, CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(clear(log, 0, twice, 2), ==, CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(clear(log, 0, unknown, 4), ==, CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmpuint(cxl_dcd_event_log_count(log), ==, 3);
    g_assert_cmphex(clear(log, 0, NULL, 0), ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(log), ==, 3);

    g_assert_cmphex(clear(log, 0, good, 2), ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(log), ==, 1);
    g_assert_cmpuint(seen.empty, ==, 0);
    g_assert_cmphex(clear(log, 0, last, 1), ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(seen.empty, ==, 1);
    g_assert_cmphex(clear(log, 0, last, 1), ==, CXL_DCD_RC_INVALID_HANDLE);

    /* Empty to non-empty again: a second notification */
    insert(log, 9, false);
    g_assert_cmpuint(seen.non_empty, ==, 2);
    cxl_dcd_event_log_free(log);
}

static void test_clear_length(void)
{
    uint8_t in[] = { CXL_DCD_EVENT_LOG, 0, 2, 0, 0, 0, 1, 0, 2, 0 };
    CXLDcdEventLog *log = cxl_dcd_event_log_new(16, NULL, NULL);

    insert(log, 0, false);
    insert(log, 1, false);
    for (size_t len = 0; len < sizeof(in); len++) {
        /* An exact allocation, so that a read past it is caught */
        uint8_t *exact = g_memdup2(in, MAX(len, 1));

        g_assert_cmphex(cxl_dcd_event_log_clear(log, exact, len), ==,
                        CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
        g_free(exact);
    }
    g_assert_cmpuint(cxl_dcd_event_log_count(log), ==, 2);
    g_assert_cmphex(cxl_dcd_event_log_clear(log, in, sizeof(in)), ==,
                    CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(log), ==, 0);
    cxl_dcd_event_log_free(log);
}

/* Old records stay, new ones are counted, the open group is closed */
static void test_overflow(void)
{
    static const uint16_t first[] = { 1 };
    Seen seen = { 0 };
    CXLDcdEventLog *log = cxl_dcd_event_log_new(4, &ops, &seen);
    CXLDcdGetEventsResponse *response;

    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpuint(cxl_dcd_event_log_room(log), ==, 4 - i);
        g_assert_true(insert(log, i, true));
    }
    g_assert_cmpuint(cxl_dcd_event_log_room(log), ==, 0);
    g_assert_false(insert(log, 4, true));
    g_assert_false(insert(log, 5, false));
    g_assert_cmpuint(seen.dropped, ==, 2);
    g_assert_true(cxl_dcd_event_log_overflowed(log));

    response = get(log, 8);
    g_assert_cmphex(response->flags, ==, CXL_DCD_EVENTS_OVERFLOW);
    g_assert_cmpuint(cxl_dcd_get16(response->overflow_count), ==, 2);
    g_assert_cmpuint(cxl_dcd_get64(response->first_overflow), ==, 5);
    g_assert_cmpuint(cxl_dcd_get64(response->last_overflow), ==, 6);
    g_assert_cmpuint(cxl_dcd_get16(response->record_count), ==, 4);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(cxl_dcd_get64(response->records[i].extent.start_dpa),
                        ==, i);
        g_assert_cmpuint(response->records[i].flags, ==, i < 3);
    }
    g_free(response);

    g_assert_cmphex(clear(log, 0, first, 1), ==, CXL_DCD_RC_SUCCESS);
    response = get(log, 8);
    g_assert_cmphex(response->flags, ==, 0);
    g_assert_cmpuint(cxl_dcd_get16(response->overflow_count), ==, 0);
    g_assert_cmpuint(cxl_dcd_get64(response->first_overflow), ==, 0);
    g_free(response);
    cxl_dcd_event_log_free(log);
}

static void test_overflow_count_saturates(void)
{
    CXLDcdEventLog *log = cxl_dcd_event_log_new(1, NULL, NULL);
    CXLDcdEvent event = add_event(0, false);
    g_autofree CXLDcdGetEventsResponse *response = NULL;

    for (unsigned i = 0; i < 70000; i++) {
        cxl_dcd_event_log_insert(log, &event);
    }
    response = get(log, 1);
    g_assert_cmpuint(cxl_dcd_get16(response->overflow_count), ==, 65535);
    cxl_dcd_event_log_free(log);
}

static void test_clear_all(void)
{
    static const uint16_t one[] = { 1 };
    Seen seen = { 0 };
    CXLDcdEventLog *log = cxl_dcd_event_log_new(2, &ops, &seen);

    insert(log, 0, false);
    insert(log, 1, false);
    g_assert_cmphex(clear(log, CXL_DCD_CLEAR_ALL, NULL, 0), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmpuint(cxl_dcd_event_log_count(log), ==, 2);
    insert(log, 2, false);
    g_assert_cmphex(clear(log, CXL_DCD_CLEAR_ALL, one, 1), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmpuint(cxl_dcd_event_log_count(log), ==, 2);
    g_assert_cmphex(clear(log, CXL_DCD_CLEAR_ALL, NULL, 0), ==,
                    CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(log), ==, 0);
    g_assert_false(cxl_dcd_event_log_overflowed(log));
    g_assert_cmpuint(seen.empty, ==, 1);
    cxl_dcd_event_log_free(log);
}

/* 200,000 records through a full log: no handle is 0 or there twice */
static void test_handle_wrap(void)
{
    CXLDcdEventLog *log = cxl_dcd_event_log_new(CXL_DCD_EVENT_DEPTH_MAX, NULL,
                                                NULL);
    CXLDcdEvent event = add_event(0, false);
    g_autofree uint8_t *used = g_malloc0(65536);
    uint32_t inserted = 0;

    while (inserted < 200000) {
        CXLDcdEvent out;
        uint16_t handles[200];

        while (cxl_dcd_event_log_room(log)) {
            event.dpa = inserted++;
            cxl_dcd_event_log_insert(log, &event);
        }
        memset(used, 0, 65536);
        for (uint32_t i = 0; i < CXL_DCD_EVENT_DEPTH_MAX; i++) {
            uint16_t handle;

            g_assert_true(cxl_dcd_event_log_peek(log, i, &out, &handle, NULL));
            g_assert_cmpuint(handle, !=, 0);
            g_assert_cmpuint(used[handle]++, ==, 0);
            g_assert_cmpuint(out.dpa, ==,
                             inserted - CXL_DCD_EVENT_DEPTH_MAX + i);
            if (i < G_N_ELEMENTS(handles)) {
                handles[i] = handle;
            }
        }
        for (unsigned round = 0; round < 200; round++) {
            for (unsigned i = 0; i < G_N_ELEMENTS(handles); i++) {
                cxl_dcd_event_log_peek(log, i, &out, &handles[i], NULL);
            }
            g_assert_cmphex(clear(log, 0, handles, G_N_ELEMENTS(handles)), ==,
                            CXL_DCD_RC_SUCCESS);
        }
    }
    cxl_dcd_event_log_free(log);
}

static void test_reset(void)
{
    Seen seen = { 0 };
    CXLDcdEventLog *log = cxl_dcd_event_log_new(2, &ops, &seen);

    cxl_dcd_event_log_reset(log);
    g_assert_cmpuint(seen.empty, ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        insert(log, i, false);
    }
    cxl_dcd_event_log_reset(log);
    g_assert_cmpuint(cxl_dcd_event_log_count(log), ==, 0);
    g_assert_false(cxl_dcd_event_log_overflowed(log));
    g_assert_cmpuint(seen.empty, ==, 1);
    g_assert_true(insert(log, 4, false));
    g_assert_cmpuint(seen.non_empty, ==, 2);
    cxl_dcd_event_log_free(log);
}

static CXLDcdEventLog *log_to_save(void)
{
    static const uint16_t two[] = { 1, 2 };
    CXLDcdEventLog *log = cxl_dcd_event_log_new(5, NULL, NULL);

    for (unsigned i = 0; i < 5; i++) {
        insert(log, i, i & 1);
    }
    clear(log, 0, two, 2);
    for (unsigned i = 5; i < 10; i++) {
        insert(log, i, i & 1);
    }
    return log;
}

static void test_save_restore(void)
{
    CXLDcdEventLog *log = log_to_save();
    CXLDcdEventLog *copy = cxl_dcd_event_log_new(6, NULL, NULL);
    g_autoptr(GByteArray) saved = cxl_dcd_event_log_save(log);
    g_autoptr(GByteArray) again = NULL;
    g_autofree CXLDcdGetEventsResponse *a = get(log, 8), *b = NULL;
    const char *why;

    insert(copy, 77, false);
    g_assert_true(cxl_dcd_event_log_restore(copy, saved->data, saved->len,
                                            &why));
    g_assert_null(why);
    cxl_dcd_event_log_assert(copy);
    again = cxl_dcd_event_log_save(copy);
    g_assert_cmpmem(saved->data, saved->len, again->data, again->len);
    b = get(copy, 8);
    g_assert_cmpmem(a, 32 + 5 * 128, b, 32 + 5 * 128);
    g_assert_true(cxl_dcd_event_log_overflowed(copy));
    /* The copy goes on: one more fits, the next handle follows */
    g_assert_true(insert(copy, 10, false));
    cxl_dcd_event_log_free(log);
    cxl_dcd_event_log_free(copy);
}

/* Every single-byte change is either harmless or refused without effect */
static void test_restore_damaged(void)
{
    CXLDcdEventLog *log = log_to_save();
    CXLDcdEventLog *small = cxl_dcd_event_log_new(4, NULL, NULL);
    g_autoptr(GByteArray) saved = cxl_dcd_event_log_save(log);
    g_autoptr(GByteArray) after = NULL;
    const char *why = NULL;
    unsigned refused = 0;

    g_assert_false(cxl_dcd_event_log_restore(small, saved->data, saved->len,
                                             &why));
    g_assert_nonnull(why);
    for (size_t len = 0; len < saved->len; len++) {
        uint8_t *exact = g_memdup2(saved->data, MAX(len, 1));

        g_assert_false(cxl_dcd_event_log_restore(log, exact, len, NULL));
        g_free(exact);
    }
    after = cxl_dcd_event_log_save(log);
    g_assert_cmpmem(saved->data, saved->len, after->data, after->len);

    for (size_t i = 0; i < saved->len; i++) {
        CXLDcdEventLog *other = cxl_dcd_event_log_new(5, NULL, NULL);

        saved->data[i] ^= 0x81;
        refused += !cxl_dcd_event_log_restore(other, saved->data, saved->len,
                                              NULL);
        cxl_dcd_event_log_assert(other);
        saved->data[i] ^= 0x81;
        cxl_dcd_event_log_free(other);
    }
    /* Per record at least UUID, length and handle are checked */
    g_assert_cmpuint(refused, >=, 5 * 19);
    cxl_dcd_event_log_free(log);
    cxl_dcd_event_log_free(small);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/event-log/golden-record", test_golden_record);
    g_test_add_func("/core/event-log/decode-round-trip",
                    test_decode_round_trip);
    g_test_add_func("/core/event-log/get", test_get);
    g_test_add_func("/core/event-log/clear/order", test_clear_order);
    g_test_add_func("/core/event-log/clear/length", test_clear_length);
    g_test_add_func("/core/event-log/clear/all", test_clear_all);
    g_test_add_func("/core/event-log/overflow", test_overflow);
    g_test_add_func("/core/event-log/overflow/count-saturates",
                    test_overflow_count_saturates);
    g_test_add_func("/core/event-log/handle-wrap", test_handle_wrap);
    g_test_add_func("/core/event-log/reset", test_reset);
    g_test_add_func("/core/event-log/save-restore", test_save_restore);
    g_test_add_func("/core/event-log/restore-damaged", test_restore_damaged);
    return g_test_run();
}
