/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that misbehaves on demand: each kind of fault, at both doors
 */
#include "hw/cxl/dcd/fault.h"
#include "hw/cxl/dcd/wire_fm.h"
#include "tests/unit/fixture.h"

typedef struct Bed {
    Fixture *f;
    CXLDcdFaults *faults;
    CXLDcdFaultAnswer answer;     /* the last one */
    bool ran;                     /* and whether it was carried out */
    unsigned changes;
    bool armed;
} Bed;

static void bed_changed(void *opaque, bool armed)
{
    Bed *bed = opaque;

    g_assert(bed->armed != armed);
    bed->armed = armed;
    bed->changes++;
}

static Bed *bed_new(void)
{
    Bed *bed = g_new0(Bed, 1);

    bed->f = fixture_new(16);
    bed->faults = cxl_dcd_faults_new(bed_changed, bed);
    cxl_dcd_endpoint_set_faults(bed->f->endpoint, bed->faults);
    return bed;
}

static void bed_free(Bed *bed)
{
    cxl_dcd_faults_free(bed->faults);
    fixture_free(bed->f);
    g_free(bed);
}

static void arm(Bed *bed, CXLDcdFault fault)
{
    g_autoptr(GError) error = NULL;

    cxl_dcd_fault_arm(bed->faults, &fault, &error);
    g_assert_no_error(error);
}

/* As the device's mailbox does it */
static uint16_t ask(Bed *bed, uint16_t opcode, const void *in, size_t len)
{
    CXLDcdFaultAnswer *answer = &bed->answer;
    CXLDcdFault *fault = cxl_dcd_fault_find(bed->faults, false, opcode, in,
                                            len, &bed->ran);

    *answer = (CXLDcdFaultAnswer) {
        .out = bed->f->out, .room = sizeof(bed->f->out), .outside = 0xd0000000,
    };
    if (bed->ran) {
        answer->code = mailbox(bed->f, opcode, in, len);
        answer->len = bed->f->out_len;
    }
    cxl_dcd_fault_strike(bed->faults, fault, answer);
    return answer->code;
}

static CXLDcdGetExtentListResponse *list(Bed *bed)
{
    static const uint8_t all[8] = { 0xff, 0xff, 0xff, 0xff };

    g_assert_rc(ask(bed, CXL_DCD_OP_GET_EXTENT_LIST, all, sizeof(all)),
                SUCCESS);
    return (CXLDcdGetExtentListResponse *)bed->f->out;
}

static uint16_t events(Bed *bed)
{
    static const uint8_t log = CXL_DCD_EVENT_LOG;

    return ask(bed, CXL_DCD_OP_GET_EVENT_RECORDS, &log, 1);
}

static void have_two(Bed *bed)
{
    g_assert_rc(OFFER(bed->f, REGION0, BLOCK), SUCCESS);
    g_assert_rc(ACCEPT(bed->f, REGION0, BLOCK), SUCCESS);
    g_assert_rc(OFFER(bed->f, REGION0 + 4 * BLOCK, BLOCK), SUCCESS);
    g_assert_rc(ACCEPT(bed->f, REGION0 + 4 * BLOCK, BLOCK), SUCCESS);
}

#define LIST CXL_DCD_OP_GET_EXTENT_LIST

/* --- When --- */

static void test_none(void)
{
    Bed *bed = bed_new();

    have_two(bed);
    list(bed);
    g_assert_cmpuint(bed->answer.len, ==, 16 + 2 * 0x28);
    g_assert_cmpuint(bed->answer.said, ==, bed->answer.len);
    g_assert(!bed->answer.none && !bed->answer.delay && bed->ran);
    g_assert_null(cxl_dcd_fault_armed(bed->faults, 0));
    g_assert(!cxl_dcd_fault_event(bed->faults, CXL_DCD_FAULT_OVERFLOW));
    g_assert_cmpuint(bed->changes, ==, 0);
    cxl_dcd_faults_clear(bed->faults);
    g_assert_cmpuint(bed->changes, ==, 0);
    bed_free(bed);
}

/* Of three faults for one opcode, one strikes at a time, in their order */
static void test_order(void)
{
    static const uint8_t get[2] = { 8, 0 };
    Bed *bed = bed_new();

    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_RETURN_CODE,
                             .opcode = 0x4800, .return_code = 5, .left = 1 });
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_RETURN_CODE,
                             .opcode = 0x4800, .return_code = 6, .left = 2 });
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_RETURN_CODE,
                             .opcode = 0x4800, .return_code = 7, .skip = 1 });
    g_assert_cmphex(ask(bed, 0x4800, get, 2), ==, 5);
    g_assert_cmphex(ask(bed, 0x4800, get, 2), ==, 6);
    g_assert_cmphex(ask(bed, 0x4800, get, 2), ==, 6);
    g_assert_cmphex(ask(bed, 0x4800, get, 2), ==, 0); /* skipped */
    g_assert_cmphex(ask(bed, 0x4800, get, 2), ==, 7);
    g_assert_cmphex(ask(bed, 0x4800, get, 2), ==, 7);
    g_assert_cmpuint(cxl_dcd_fault_armed(bed->faults, 0)->struck, ==, 2);
    g_assert_null(cxl_dcd_fault_armed(bed->faults, 1));
    /* Other opcodes, and the other door, are not concerned */
    list(bed);
    g_assert_cmpuint(bed->answer.len, ==, 16);
    cxl_dcd_faults_clear(bed->faults);
    g_assert_cmphex(ask(bed, 0x4800, get, 2), ==, 0);
    g_assert_cmpuint(bed->changes, ==, 2);
    bed_free(bed);
}

static void test_events_of_other_logs(void)
{
    Bed *bed = bed_new();
    uint8_t log;
    bool run;

    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_RETURN_CODE,
                             .opcode = 0x0100, .return_code = 6 });
    for (log = 0; log < 8; log++) {
        CXLDcdFault *fault = cxl_dcd_fault_find(bed->faults, false, 0x0100,
                                                &log, 1, &run);

        g_assert(!fault == (log != CXL_DCD_EVENT_LOG));
        g_assert(run == !fault);
    }
    g_assert_null(cxl_dcd_fault_find(bed->faults, false, 0x0100, &log, 0,
                                     &run));
    bed_free(bed);
}

/* --- What --- */

/* Without carrying it out, and after it */
static void test_return_code(void)
{
    Bed *bed = bed_new();
    const uint64_t range[] = { REGION0, BLOCK };
    uint8_t accept[0x20] = { 1 };

    g_assert_rc(OFFER(bed->f, REGION0, BLOCK), SUCCESS);
    memcpy(accept + 8, range, sizeof(range));
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_RETURN_CODE,
                             .opcode = 0x4802, .left = 1 });
    g_assert_rc(ask(bed, 0x4802, accept, sizeof(accept)), SUCCESS);
    g_assert(!bed->ran);
    g_assert_cmpuint(cxl_dcd_listed_count(bed->f->dcd), ==, 0);
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_RETURN_CODE,
                             .opcode = 0x4802, .left = 1, .carry_out = true,
                             .return_code = CXL_DCD_RC_INTERNAL_ERROR });
    g_assert_rc(ask(bed, 0x4802, accept, sizeof(accept)), INTERNAL_ERROR);
    g_assert_cmpuint(cxl_dcd_listed_count(bed->f->dcd), ==, 1);
    bed_free(bed);
}

static void test_no_answer_and_delay(void)
{
    Bed *bed = bed_new();

    have_two(bed);
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_NO_ANSWER, .opcode = LIST,
                             .left = 1, .carry_out = true });
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_DELAY, .opcode = LIST,
                             .left = 1, .delay = 1234 });
    list(bed);
    g_assert(bed->answer.none && bed->ran);
    list(bed);
    g_assert(!bed->answer.none);
    g_assert_cmpuint(bed->answer.delay, ==, 1234);
    g_assert_cmpuint(bed->answer.len, ==, 16 + 2 * 0x28);
    bed_free(bed);
}

/* Bytes behind the answer's end are not touched, nor is an error's payload */
static void test_corrupt_and_length(void)
{
    static const uint8_t junk[4] = { 0xde, 0xad, 0xbe, 0xef };
    static const uint8_t far[8] = { 1, 0, 0, 0, 99 };
    g_autoptr(GBytes) bytes = g_bytes_new_static(junk, sizeof(junk));
    Bed *bed = bed_new();

    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_CORRUPT, .opcode = LIST,
                             .left = 1, .offset = 14, .bytes = bytes });
    g_assert_rc(ask(bed, LIST, far, sizeof(far)), INVALID_INPUT);
    list(bed);
    g_assert_cmpmem(bed->f->out + 14, 2, junk, 2);
    g_assert_cmphex(bed->f->out[16], ==, 0xee);
    g_assert_null(cxl_dcd_fault_armed(bed->faults, 0));
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_CORRUPT, .opcode = LIST,
                             .left = 1, .offset = 16, .bytes = bytes });
    list(bed);
    g_assert_nonnull(cxl_dcd_fault_armed(bed->faults, 0)); /* nothing there */
    have_two(bed);
    list(bed);
    g_assert_cmpmem(bed->f->out + 16, 4, junk, 4);
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_LENGTH, .opcode = LIST,
                             .left = 1, .length = 0xfffff });
    list(bed);
    g_assert_cmpuint(bed->answer.said, ==, 0xfffff);
    g_assert_cmpuint(bed->answer.len, ==, 16 + 2 * 0x28);
    bed_free(bed);
}

/* The first answer is the truth, then it is given again */
static void test_repeat(void)
{
    Bed *bed = bed_new();

    g_assert_rc(OFFER(bed->f, REGION0, BLOCK), SUCCESS);
    g_assert_rc(ACCEPT(bed->f, REGION0, BLOCK), SUCCESS);
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_REPEAT, .opcode = LIST,
                             .left = 2 });
    g_assert_cmpuint(cxl_dcd_get32(list(bed)->returned), ==, 1);
    g_assert_rc(RELEASE(bed->f, REGION0, BLOCK), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(list(bed)->returned), ==, 1);
    g_assert(!bed->ran);
    g_assert_cmpuint(cxl_dcd_get32(list(bed)->returned), ==, 1);
    g_assert_cmpuint(bed->answer.len, ==, 16 + 0x28);
    g_assert_cmpuint(cxl_dcd_get32(list(bed)->returned), ==, 0);
    bed_free(bed);
}

/* Lists without an extent wait for one */
static void test_extents(void)
{
    Bed *bed = bed_new();
    CXLDcdGetExtentListResponse *got;

    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_OVERLAP, .opcode = LIST,
                             .left = 1 });
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_MISALIGN, .opcode = LIST,
                             .left = 1 });
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_OUTSIDE, .opcode = LIST,
                             .left = 1 });
    list(bed);
    g_assert_cmpuint(cxl_dcd_fault_armed(bed->faults, 0)->kind, ==,
                     CXL_DCD_FAULT_OVERLAP);
    have_two(bed);
    got = list(bed);
    g_assert_cmpuint(bed->answer.len, ==, 16 + 3 * 0x28);
    g_assert_cmpuint(cxl_dcd_get32(got->returned), ==, 3);
    g_assert_cmpuint(cxl_dcd_get32(got->total), ==, 3);
    g_assert_cmpmem(&got->extents[2], 0x28, &got->extents[1], 0x28);
    got = list(bed);
    g_assert_cmphex(cxl_dcd_get64(got->extents[0].start_dpa), ==, REGION0 + 1);
    got = list(bed);
    g_assert_cmphex(cxl_dcd_get64(got->extents[0].start_dpa), ==, 0xd0000000);
    got = list(bed);
    g_assert_cmphex(cxl_dcd_get64(got->extents[0].start_dpa), ==, REGION0);
    bed_free(bed);
}

/* The answer has no room for one more */
static void test_overlap_in_full(void)
{
    Bed *bed = bed_new();
    uint8_t get[8] = { 2 };
    CXLDcdFaultAnswer answer = { .room = 16 + 2 * 0x28 };
    CXLDcdGetExtentListResponse *got;
    g_autofree uint8_t *out = g_malloc(answer.room);
    bool run;

    have_two(bed);
    g_assert_rc(mailbox(bed->f, LIST, get, sizeof(get)), SUCCESS);
    memcpy(out, bed->f->out, answer.room);
    answer.out = out;
    answer.len = answer.room;
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_OVERLAP, .opcode = LIST });
    cxl_dcd_fault_strike(bed->faults,
                         cxl_dcd_fault_find(bed->faults, false, LIST, get, 8,
                                            &run), &answer);
    got = (CXLDcdGetExtentListResponse *)out;
    g_assert_cmpuint(answer.len, ==, answer.room);
    g_assert_cmpuint(cxl_dcd_get32(got->returned), ==, 2);
    g_assert_cmpmem(&got->extents[0], 0x28, &got->extents[1], 0x28);
    bed_free(bed);
}

static void test_endless_and_unstable(void)
{
    Bed *bed = bed_new();
    const CXLDcdGetEventsResponse *got =
        (const CXLDcdGetEventsResponse *)bed->f->out;
    uint32_t first;

    have_two(bed);
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_ENDLESS, .opcode = LIST,
                             .left = 1 });
    g_assert_cmphex(cxl_dcd_get32(list(bed)->total), ==, UINT32_MAX);
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_UNSTABLE, .opcode = LIST });
    first = cxl_dcd_get32(list(bed)->generation);
    g_assert_cmphex(cxl_dcd_get32(list(bed)->generation), !=, first);
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_ENDLESS, .opcode = 0x0100,
                             .left = 1 });
    g_assert_rc(events(bed), SUCCESS);
    g_assert_cmphex(got->flags & CXL_DCD_EVENTS_MORE, !=, 0);
    g_assert_cmpuint(cxl_dcd_get16(got->record_count), ==, 2);
    g_assert_cmphex(got->records[1].flags & CXL_DCD_EVENT_MORE, !=, 0);
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_OVERLAP, .opcode = 0x0100,
                             .left = 1 });
    g_assert_rc(events(bed), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get16(got->record_count), ==, 3);
    g_assert_cmpuint(bed->answer.len, ==, 0x20 + 3 * 0x80);
    g_assert_cmpmem(&got->records[2], 0x80, &got->records[1], 0x80);
    bed_free(bed);
}

/* --- The log --- */

typedef struct Losing {
    CXLDcdEventLog *log;
    unsigned lose, lost;
} Losing;

static bool losing_full(void *opaque)
{
    Losing *losing = opaque;

    return losing->lose && losing->lose--;
}

static void losing_dropped(void *opaque, const CXLDcdEvent *event)
{
    ((Losing *)opaque)->lost++;
}

/* An empty log is not full, whatever anybody says */
static void test_log(void)
{
    static const CXLDcdEventLogOps ops = {
        .full = losing_full, .dropped = losing_dropped,
    };
    const CXLDcdEvent event = { .dpa = REGION0, .length = BLOCK, .more = true };
    CXLDcdEvent last = event;
    Losing losing = { .lose = 1 };
    g_autoptr(GByteArray) saved = NULL;

    losing.log = cxl_dcd_event_log_new(16, &ops, &losing);
    last.more = false;
    g_assert(cxl_dcd_event_log_insert(losing.log, &event));
    g_assert(!cxl_dcd_event_log_insert(losing.log, &event));
    /* The rest of the group as well, and nothing of the next */
    g_assert(!cxl_dcd_event_log_insert(losing.log, &event));
    g_assert(!cxl_dcd_event_log_insert(losing.log, &last));
    g_assert(cxl_dcd_event_log_insert(losing.log, &last));
    g_assert_cmpuint(losing.lost, ==, 3);
    g_assert_cmpuint(losing.lose, ==, 0);
    g_assert(cxl_dcd_event_log_overflowed(losing.log));
    cxl_dcd_event_log_assert(losing.log);
    saved = cxl_dcd_event_log_save(losing.log);
    g_assert(cxl_dcd_event_log_restore(losing.log, saved->data, saved->len,
                                       NULL));
    cxl_dcd_event_log_free(losing.log);
}

static void test_event_kinds(void)
{
    Bed *bed = bed_new();

    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_LOST_INTERRUPT, .left = 1,
                             .skip = 1 });
    g_assert(!cxl_dcd_fault_event(bed->faults, CXL_DCD_FAULT_OVERFLOW));
    g_assert(!cxl_dcd_fault_event(bed->faults, CXL_DCD_FAULT_LOST_INTERRUPT));
    g_assert(cxl_dcd_fault_event(bed->faults, CXL_DCD_FAULT_LOST_INTERRUPT));
    g_assert(!cxl_dcd_fault_event(bed->faults, CXL_DCD_FAULT_LOST_INTERRUPT));
    g_assert(!bed->armed);
    bed_free(bed);
}

/* --- The fabric manager's door --- */

/* Bytes that the endpoint sent for 5603h since the line was last emptied */
static size_t fm_list(Bed *bed)
{
    CXLDcdFmExtentListRequest request = {
        .extent_count = cxl_dcd_put32(UINT32_MAX),
    };
    struct CXL_DCD_PACKED {
        uint8_t type;
        CXLDcdCciHeader header;
        CXLDcdFmExtentListRequest request;
    } message = {
        .type = CXL_DCD_MCTP_TYPE_FM_API,
        .header = { .command = 0x03, .command_set = 0x56,
                    .length = { sizeof(request) } },
        .request = request,
    };
    static const CXLDcdMctpConfig config = { .eid = 8, .max_message = 4096 };
    static const CXLDcdMctpOps ops = { .send = fixture_send };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    CXLDcdMctp *peer = cxl_dcd_mctp_new(&config, &ops, bed->f);

    g_byte_array_set_size(bed->f->line, 0);
    cxl_dcd_mctp_send(peer, 8, 9, 1, true, (const uint8_t *)&message,
                      sizeof(message));
    cxl_dcd_mctp_free(peer);
    g_byte_array_append(bytes, bed->f->line->data, bed->f->line->len);
    g_byte_array_set_size(bed->f->line, 0);
    cxl_dcd_endpoint_receive(bed->f->endpoint, bytes->data, bytes->len);
    return bed->f->line->len;
}

static void test_endpoint(void)
{
    Bed *bed = bed_new();
    size_t whole;

    have_two(bed);
    whole = fm_list(bed);
    g_assert_cmpuint(whole, >, 2 * 0x28);
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_NO_ANSWER, .fm = true,
                             .opcode = 0x5603, .left = 1 });
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_RETURN_CODE, .fm = true,
                             .opcode = 0x5603, .left = 1, .return_code = 6 });
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_OVERLAP, .fm = true,
                             .opcode = 0x5603, .left = 1 });
    g_assert_cmpuint(fm_list(bed), ==, 0);
    g_assert_cmpuint(fm_list(bed), <, 0x28);
    g_assert_cmpuint(fm_list(bed), >=, whole + 0x28);
    g_assert_cmpuint(fm_list(bed), ==, whole);
    /* The mailbox's faults are not the fabric manager's */
    arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_NO_ANSWER,
                             .opcode = 0x5603 });
    g_assert_cmpuint(fm_list(bed), ==, whole);
    bed_free(bed);
}

/* --- Refused --- */

static void refused(Bed *bed, CXLDcdFault fault, const char *part)
{
    g_autoptr(GError) error = NULL;

    g_assert(!cxl_dcd_fault_arm(bed->faults, &fault, &error));
    g_assert_nonnull(error);
    if (!strstr(error->message, part)) {
        g_test_fail_printf("'%s' does not say '%s'", error->message, part);
    }
    g_assert_null(cxl_dcd_fault_armed(bed->faults, 0));
    g_assert_cmpuint(bed->changes, ==, 0);
}

static void test_refused(void)
{
    g_autoptr(GBytes) none = g_bytes_new(NULL, 0);
    g_autofree uint8_t *much = g_malloc0(257);
    g_autoptr(GBytes) long_one = g_bytes_new(much, 257);
    Bed *bed = bed_new();
    unsigned i;

    refused(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_DELAY }, "0 ms");
    refused(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_DELAY, .delay = 60001 },
            "from 1 to 60000");
    refused(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_LENGTH,
                                 .length = 0x100000 }, "1048575");
    refused(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_CORRUPT }, "0 bytes");
    refused(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_CORRUPT,
                                 .bytes = none }, "from 1 to 256");
    refused(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_CORRUPT,
                                 .bytes = long_one }, "257 bytes");
    refused(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_OVERLAP,
                                 .opcode = 0x4800 }, "4800h");
    refused(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_OUTSIDE,
                                 .opcode = 0x5608 }, "lists of extents");
    refused(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_UNSTABLE,
                                 .opcode = 0x4802 }, "5608h");
    for (i = 0; i < CXL_DCD_FAULTS_MAX; i++) {
        arm(bed, (CXLDcdFault) { .kind = CXL_DCD_FAULT_LOST_INTERRUPT });
    }
    g_assert(!cxl_dcd_fault_arm(bed->faults, cxl_dcd_fault_armed(bed->faults,
                                                                  0), NULL));
    bed_free(bed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fault/none", test_none);
    g_test_add_func("/fault/order", test_order);
    g_test_add_func("/fault/other-logs", test_events_of_other_logs);
    g_test_add_func("/fault/return-code", test_return_code);
    g_test_add_func("/fault/no-answer-and-delay", test_no_answer_and_delay);
    g_test_add_func("/fault/corrupt-and-length", test_corrupt_and_length);
    g_test_add_func("/fault/repeat", test_repeat);
    g_test_add_func("/fault/extents", test_extents);
    g_test_add_func("/fault/overlap-in-full", test_overlap_in_full);
    g_test_add_func("/fault/endless-and-unstable", test_endless_and_unstable);
    g_test_add_func("/fault/log", test_log);
    g_test_add_func("/fault/event-kinds", test_event_kinds);
    g_test_add_func("/fault/endpoint", test_endpoint);
    g_test_add_func("/fault/refused", test_refused);
    return g_test_run();
}
