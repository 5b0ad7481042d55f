/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a device that misbehaves on demand
 *
 * What each fault makes of an answer is tested with the commands (unit tests);
 * here it is at its doors: doorbell, interrupt, event log, line, query, reset,
 * migration.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client-fm.h"
#include "qobject/qlist.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define MS      1000000LL

/* cxl-dcd-fault with @members, each with a leading comma */
static char *fault_json(CXLDcdDevice *d, const char *members)
{
    return g_strdup_printf("{'execute': 'cxl-dcd-fault', 'arguments': "
                           "{'path': '%s'%s}}", d->path, members);
}

static void fault(CXLDcdDevice *d, const char *members)
{
    g_autofree char *json = fault_json(d, members);

    cxl_dcd_qmp_does(d->machine, json);
}

static void refused(CXLDcdDevice *d, const char *members, const char *part)
{
    g_autofree char *json = fault_json(d, members);

    cxl_dcd_qmp_fails(d->machine, json, part);
}

static void clear(CXLDcdDevice *d)
{
    qtest_qmp_assert_success(d->machine->qts,
                             "{'execute': 'cxl-dcd-fault-clear', "
                             "'arguments': {'path': %s}}", d->path);
}

static uint64_t at(CXLDcdDevice *d, uint64_t block)
{
    return d->dc_base + block * BLOCK;
}

static unsigned armed(CXLDcdDevice *d)
{
    QDict *info = cxl_dcd_query(d);
    unsigned count = qlist_size(qdict_get_qlist(info, "faults"));

    qobject_unref(info);
    return count;
}

static uint16_t look(CXLDcdDevice *d, unsigned *ret_total)
{
    CXLDcdExtentList list;
    uint16_t code = cxl_dcd_get_extents(d, 16, 0, &list);

    if (code == SUCCESS) {
        *ret_total = list.total;
        cxl_dcd_extents_free(&list);
    }
    return code;
}

/* --- The host's mailbox --- */

/* A code for nothing done, and one for something; both once */
static void mailbox_code(CXLDcdDevice *d)
{
    unsigned total;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    fault(d, ", 'kind': 'return-code', 'opcode': 18434, 'return-code': 5");
    fault(d, ", 'kind': 'return-code', 'opcode': 18434, 'return-code': 4,"
             "'carry-out': true");
    g_assert_cmpuint(armed(d), ==, 2);
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 0), BLOCK }), ==,
                    CXL_DCD_RC_RETRY_REQUIRED);
    g_assert_cmphex(look(d, &total), ==, SUCCESS);
    g_assert_cmpuint(total, ==, 0);
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 0), BLOCK }), ==,
                    CXL_DCD_RC_INTERNAL_ERROR);
    g_assert_cmphex(look(d, &total), ==, SUCCESS);
    g_assert_cmpuint(total, ==, 1);
    g_assert_cmpuint(armed(d), ==, 0);
}

/* Commands of the parent are met as well; so is what nobody knows */
static void mailbox_any(CXLDcdDevice *d)
{
    uint8_t out[0x100];

    fault(d, ", 'kind': 'return-code', 'opcode': 16384, 'return-code': 6,"
             "'count': 2, 'skip': 1");
    fault(d, ", 'kind': 'return-code', 'opcode': 65535, 'return-code': 0");
    g_assert_cmphex(cxl_dcd_command(d, 0x4000, NULL, 0, out, sizeof(out), NULL),
                    ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_command(d, 0x4000, NULL, 0, out, sizeof(out), NULL),
                    ==, CXL_DCD_RC_BUSY);
    g_assert_cmphex(cxl_dcd_command(d, 0x4000, NULL, 0, out, sizeof(out), NULL),
                    ==, CXL_DCD_RC_BUSY);
    g_assert_cmphex(cxl_dcd_command(d, 0x4000, NULL, 0, out, sizeof(out), NULL),
                    ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_command(d, 0xffff, NULL, 0, out, sizeof(out), NULL),
                    ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_command(d, 0xffff, NULL, 0, out, sizeof(out), NULL),
                    ==, CXL_DCD_RC_UNSUPPORTED);
}

/* Bytes that an operator gives are where he wants them */
static void mailbox_corrupt(CXLDcdDevice *d)
{
    uint8_t in[2] = { 8, 0 }, out[0x200];
    size_t len;

    fault(d, ", 'kind': 'corrupt', 'opcode': 18432, 'offset': 1,"
             "'bytes': 'ffEE'");
    g_assert_cmphex(cxl_dcd_command(d, 0x4800, in, 2, out, sizeof(out), &len),
                    ==, SUCCESS);
    g_assert_cmphex(out[0], ==, 2);
    g_assert_cmphex(out[1], ==, 0xff);
    g_assert_cmphex(out[2], ==, 0xee);
}

/* It hangs until the next reset, and nothing that is written changes that */
static void mailbox_hangs(CXLDcdDevice *d)
{
    unsigned total;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    fault(d, ", 'kind': 'no-answer', 'opcode': 18434");
    cxl_dcd_begin_accept(d, (CXLDcdSpan) { at(d, 0), BLOCK });
    g_assert(cxl_dcd_doorbell(d));
    g_assert_cmpuint(armed(d), ==, 0);
    qtest_clock_step(d->machine->qts, 100000 * MS);
    qtest_writel(d->machine->qts, d->mailbox + 4, 0);
    qtest_writel(d->machine->qts, d->mailbox + 4, 1);
    g_assert(cxl_dcd_doorbell(d));
    clear(d);
    g_assert(cxl_dcd_doorbell(d));
    /* It was carried out, only not said; that is told by the query */
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "accepted"), ==, 1);
    cxl_dcd_machine_reset(d->machine);
    g_assert_false(cxl_dcd_doorbell(d));
    g_assert_cmphex(look(d, &total), ==, SUCCESS);
}

static void mailbox_late(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    fault(d, ", 'kind': 'delay', 'opcode': 18434, 'delay': 3000");
    cxl_dcd_begin_accept(d, (CXLDcdSpan) { at(d, 0), BLOCK });
    g_assert(cxl_dcd_doorbell(d));
    qtest_clock_step(d->machine->qts, 2900 * MS);
    g_assert(cxl_dcd_doorbell(d));
    qtest_clock_step(d->machine->qts, 200 * MS);
    g_assert_false(cxl_dcd_doorbell(d));
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 0), BLOCK }), !=, SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 0), BLOCK });
}

/* --- Log and interrupt --- */

static void lost_interrupt(CXLDcdDevice *d)
{
    unsigned vector = cxl_dcd_irq_enable(d);

    fault(d, ", 'kind': 'lost-interrupt'");
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_false(cxl_dcd_irq_take(d, vector));
    g_assert(cxl_dcd_event_status(d));
    cxl_dcd_drop_events(d);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 2 * BLOCK, BLOCK }));
    g_assert(cxl_dcd_irq_take(d, vector));
}

static void overflow(CXLDcdDevice *d)
{
    CXLDcdEvents events;

    fault(d, ", 'kind': 'overflow'");
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 2 * BLOCK, BLOCK },
                                       { 4 * BLOCK, BLOCK },
                                       { 6 * BLOCK, BLOCK }));
    events = cxl_dcd_peek_events(d);
    g_assert_cmphex(events.flags & CXL_DCD_EVENTS_OVERFLOW, !=, 0);
    g_assert_cmpuint(events.overflow_count, ==, 3);
    g_assert_cmpuint(events.records->len, ==, 1);
    g_assert_cmphex(cxl_dcd_record_at(&events, 0)->flags, ==, 0);
    cxl_dcd_events_free(&events);
    g_assert_cmpuint(armed(d), ==, 0);
    cxl_dcd_drop_events(d);
    cxl_dcd_assert_no_events(d);
}

/* --- The fabric manager's line --- */

static void line_faults(CXLDcdDevice *d)
{
    CXLDcdFmLine line = cxl_dcd_fm_connect();
    uint8_t body[0x100], head[4];
    size_t len = cxl_dcd_fm_info_request(body, 1);

    fault(d, ", 'kind': 'return-code', 'opcode': 22016, 'return-code': 6");
    g_assert_cmphex(cxl_dcd_fm_info(&line), ==, CXL_DCD_RC_BUSY);
    fault(d, ", 'kind': 'no-answer', 'opcode': 22016");
    cxl_dcd_fm_send_message(&line, CXL_DCD_FM_EID, CXL_DCD_FM_OWNER, body, len);
    cxl_dcd_fm_silent(&line);
    fault(d, ", 'kind': 'delay', 'opcode': 22016, 'delay': 200");
    g_assert_cmphex(cxl_dcd_fm_info(&line), ==, SUCCESS);
    fault(d, ", 'kind': 'length', 'opcode': 22016, 'length': 70000");
    cxl_dcd_fm_send_message(&line, CXL_DCD_FM_EID, CXL_DCD_FM_OWNER, body, len);
    len = cxl_dcd_fm_receive_message(&line, head, body, sizeof(body));
    g_assert_cmpuint(len, ==, CXL_DCD_FM_CCI + 0x54);
    g_assert_cmphex(body[1 + 5], ==, 70000 & 0xff);
    g_assert_cmphex(body[1 + 6], ==, 70000 >> 8 & 0xff);
    g_assert_cmphex(body[1 + 7], ==, 70000 >> 16);
    /* The mailbox's are no concern of the line's */
    fault(d, ", 'kind': 'return-code', 'opcode': 1, 'return-code': 6");
    fault(d, ", 'kind': 'return-code', 'opcode': 1, 'return-code': 7,"
             "'door': 'fm-api'");
    g_assert_cmphex(cxl_dcd_fm_ask(&line, 1, NULL, 0, body, 0x12), ==,
                    CXL_DCD_RC_MEDIA_DISABLED);
    g_assert_cmpuint(armed(d), ==, 1);
    cxl_dcd_fm_close(&line);
}

/* --- Query, reset, migration, unplug --- */

static void query(CXLDcdDevice *d)
{
    QDict *info, *one;
    QList *faults;

    g_assert_cmpuint(armed(d), ==, 0);
    fault(d, ", 'kind': 'corrupt', 'opcode': 18433, 'offset': 16,"
             "'bytes': '00ff', 'skip': 3, 'count': 0");
    fault(d, ", 'kind': 'lost-interrupt', 'count': 7");
    info = cxl_dcd_query(d);
    faults = qdict_get_qlist(info, "faults");
    one = qobject_to(QDict, qlist_peek(faults));
    g_assert_cmpstr(qdict_get_str(one, "kind"), ==, "corrupt");
    g_assert_cmpstr(qdict_get_str(one, "door"), ==, "mailbox");
    g_assert_cmpstr(qdict_get_str(one, "bytes"), ==, "00ff");
    g_assert_cmpint(qdict_get_int(one, "opcode"), ==, 0x4801);
    g_assert_cmpint(qdict_get_int(one, "offset"), ==, 16);
    g_assert_cmpint(qdict_get_int(one, "skip"), ==, 3);
    g_assert_cmpint(qdict_get_int(one, "count"), ==, 0);
    g_assert_cmpint(qdict_get_int(one, "struck"), ==, 0);
    qobject_unref(info);
    cxl_dcd_machine_reset(d->machine);
    g_assert_cmpuint(armed(d), ==, 2);
    clear(d);
    g_assert_cmpuint(armed(d), ==, 0);
    clear(d);
}

#define MIGRATE "{'execute': 'migrate', 'arguments': " \
                "{'uri': 'exec:cat > /dev/null'}}"

static void not_migrated(CXLDcdDevice *d)
{
    fault(d, ", 'kind': 'lost-interrupt'");
    cxl_dcd_qmp_fails(d->machine, MIGRATE, "misbehaves on demand");
    clear(d);
    /* A fault that is refused leaves nothing behind */
    refused(d, ", 'kind': 'overlap', 'opcode': 18432", "4800h");
    cxl_dcd_machine_save(d->machine, "exec:cat > /dev/null");
    qtest_qmp_assert_success(d->machine->qts, "{'execute': 'cont'}");
    /* Nor while a command hangs by one that is over */
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    fault(d, ", 'kind': 'no-answer', 'opcode': 18434");
    cxl_dcd_begin_accept(d, (CXLDcdSpan) { at(d, 0), BLOCK });
    g_assert_cmpuint(armed(d), ==, 0);
    cxl_dcd_qmp_fails(d->machine, MIGRATE, "misbehaves on demand");
    cxl_dcd_machine_reset(d->machine);
    cxl_dcd_machine_save(d->machine, "exec:cat > /dev/null");
}

/* What cannot be migrated cannot be saved either */
static void not_saved(void)
{
    static const CXLDcdOptions usual;
    CXLDcdMachine *m = cxl_dcd_snapshots_start(&usual);
    CXLDcdDevice *d = &m->device[0];
    g_autofree char *reply = NULL;

    fault(d, ", 'kind': 'lost-interrupt'");
    reply = qtest_hmp(m->qts, "savevm one");
    g_assert_nonnull(strstr(reply, "misbehaves on demand"));
    clear(d);
    cxl_dcd_hmp(m, "savevm one");
    cxl_dcd_machine_stop(m);
}

/* An armed fault, a hanging doorbell and a late answer end with the device */
static void unplugged(CXLDcdDevice *d)
{
    static const char *const kinds[] = {
        "'no-answer'", "'delay', 'delay': 60000",
    };
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *members = g_strdup_printf(
            ", 'opcode': 18434, 'count': 0, 'kind': %s", kinds[i]);

        cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
        fault(d, members);
        cxl_dcd_begin_accept(d, (CXLDcdSpan) { at(d, 0), BLOCK });
        g_assert(cxl_dcd_doorbell(d));
        cxl_dcd_device_unplug(d);
        cxl_dcd_device_plug(d);
        g_assert_cmpuint(armed(d), ==, 0);
        qtest_clock_step(d->machine->qts, 70000 * MS);
        cxl_dcd_assert_no_extents(d);
    }
    cxl_dcd_machine_save(d->machine, "exec:cat > /dev/null");
}

/* --- Bad input --- */

static void bad(CXLDcdDevice *d)
{
    g_autofree char *long_one = g_strnfill(514, 'a');
    g_autofree char *much = g_strdup_printf(
        ", 'kind': 'corrupt', 'opcode': 1, 'bytes': '%s'", long_one);
    char *before = cxl_dcd_snapshot(d);
    g_autofree char *clear_nothing = g_strdup(
        "{'execute': 'cxl-dcd-fault-clear', 'arguments': {'path': '/nil'}}");
    unsigned i;

    refused(d, "", "kind");
    refused(d, ", 'kind': 'nonsense'", "nonsense");
    refused(d, ", 'kind': 'delay', 'delay': 5", "needs 'opcode'");
    refused(d, ", 'kind': 'delay', 'opcode': 1", "needs 'delay'");
    refused(d, ", 'kind': 'delay', 'opcode': 1, 'delay': 0", "0 ms");
    refused(d, ", 'kind': 'delay', 'opcode': 1, 'delay': 60001", "60000");
    refused(d, ", 'kind': 'delay', 'opcode': 65536, 'delay': 1", "uint16");
    refused(d, ", 'kind': 'delay', 'opcode': 1, 'delay': -1", "uint32");
    refused(d, ", 'kind': 'return-code', 'opcode': 1", "needs 'return-code'");
    refused(d, ", 'kind': 'overflow', 'opcode': 1", "leave it out");
    refused(d, ", 'kind': 'overflow', 'door': 'mailbox'", "leave it out");
    refused(d, ", 'kind': 'no-answer', 'opcode': 1, 'length': 1",
            "'length' means nothing");
    refused(d, ", 'kind': 'corrupt', 'opcode': 1", "needs 'bytes'");
    refused(d, ", 'kind': 'corrupt', 'opcode': 1, 'bytes': ''", "0 bytes");
    refused(d, ", 'kind': 'corrupt', 'opcode': 1, 'bytes': 'abc'", "3 hexa");
    refused(d, ", 'kind': 'corrupt', 'opcode': 1, 'bytes': 'zz'", "'z'");
    refused(d, much, "514");
    refused(d, ", 'kind': 'corrupt', 'opcode': 1, 'bytes': 'aa',"
               "'offset': 1048576", "0xfffff");
    refused(d, ", 'kind': 'length', 'opcode': 1, 'length': 1048576",
            "1048575");
    refused(d, ", 'kind': 'misalign', 'opcode': 18434", "4802h");
    refused(d, ", 'kind': 'no-answer', 'opcode': 22016",
            "no endpoint for fabric managers");
    cxl_dcd_qmp_fails(d->machine, clear_nothing, "/nil");
    cxl_dcd_assert_unchanged(d, before);
    for (i = 0; i < 64; i++) {
        fault(d, ", 'kind': 'lost-interrupt'");
    }
    refused(d, ", 'kind': 'lost-interrupt'", "64 faults are armed");
    clear(d);
}

int main(int argc, char **argv)
{
    CXLDcdOptions fm = { };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/fault/mailbox/code", NULL, mailbox_code);
    cxl_dcd_add_case("/cxl-dcd/fault/mailbox/any", NULL, mailbox_any);
    cxl_dcd_add_case("/cxl-dcd/fault/mailbox/corrupt", NULL, mailbox_corrupt);
    cxl_dcd_add_case("/cxl-dcd/fault/mailbox/hangs", NULL, mailbox_hangs);
    cxl_dcd_add_case("/cxl-dcd/fault/mailbox/late", NULL, mailbox_late);
    cxl_dcd_add_case("/cxl-dcd/fault/lost-interrupt", NULL, lost_interrupt);
    cxl_dcd_add_case("/cxl-dcd/fault/overflow", NULL, overflow);
    cxl_dcd_fm_options(&fm, NULL);
    cxl_dcd_add_case("/cxl-dcd/fault/line", &fm, line_faults);
    cxl_dcd_add_case("/cxl-dcd/fault/query", NULL, query);
    cxl_dcd_add_case("/cxl-dcd/fault/not-migrated", NULL, not_migrated);
    qtest_add_func("/cxl-dcd/fault/not-saved", not_saved);
    cxl_dcd_add_case("/cxl-dcd/fault/unplugged", NULL, unplugged);
    cxl_dcd_add_case("/cxl-dcd/fault/bad", NULL, bad);
    return g_test_run();
}
