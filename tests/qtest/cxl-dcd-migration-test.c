/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a machine is saved to a file and another QEMU
 * goes on from there. What does not fit is refused in words.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client-fm.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define TAG     "10111213-1415-1617-1819-1a1b1c1d1e1f"

typedef struct Move {
    char *directory;
    char *file;
    char *uri;
} Move;

static Move move_begin(void)
{
    Move move = { .directory = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL) };

    g_assert_nonnull(move.directory);
    move.file = g_build_filename(move.directory, "state", NULL);
    move.uri = g_strdup_printf("file:%s", move.file);
    return move;
}

static void move_end(Move *move)
{
    unlink(move->file);
    rmdir(move->directory);
    g_free(move->directory);
    g_free(move->file);
    g_free(move->uri);
}

static void prepare(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK }, { 8 * BLOCK, BLOCK });
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 16 * BLOCK, BLOCK }), .tag = TAG);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 24 * BLOCK, BLOCK }));
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    qtest_memset(d->machine->qts, hpa, 0x5a, 2 * BLOCK);
    qtest_writeq(d->machine->qts, hpa + 8 * BLOCK, 4711);
}

/* The host answers what it was offered before, and goes on. */
static void go_on(CXLDcdDevice *d, unsigned vector)
{
    QTestState *qts = d->machine->qts;
    uint64_t hpa = d->machine->window;
    CXLDcdEvents events;

    g_assert_cmphex(qtest_readq(qts, hpa), ==, 0x5a5a5a5a5a5a5a5aULL);
    g_assert_cmphex(qtest_readq(qts, hpa + 2 * BLOCK - 8), ==,
                    0x5a5a5a5a5a5a5a5aULL);
    g_assert_cmphex(qtest_readq(qts, hpa + 2 * BLOCK), ==, UINT64_MAX);
    g_assert_cmphex(qtest_readq(qts, hpa + 8 * BLOCK), ==, 4711);
    g_assert_cmphex(qtest_readq(qts, hpa + 16 * BLOCK), ==, UINT64_MAX);
    events = cxl_dcd_drain_events(d);
    g_assert_cmpuint(events.records->len, ==, 3);
    cxl_dcd_events_free(&events);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + 16 * BLOCK, BLOCK }), ==,
                    SUCCESS);
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base + 8 * BLOCK, BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, { d->dc_base, 2 * BLOCK },
                           { d->dc_base + 16 * BLOCK, BLOCK });
    qtest_writeq(qts, hpa + 16 * BLOCK, 815);
    g_assert_cmphex(qtest_readq(qts, hpa + 16 * BLOCK), ==, 815);
    cxl_dcd_irq_take(d, vector);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 40 * BLOCK, BLOCK }));
    g_assert_true(cxl_dcd_irq_take(d, vector));
}

static void to_a_file(const CXLDcdOptions *options)
{
    Move move = move_begin();
    CXLDcdMachine *from = cxl_dcd_machine_start(options), *to;
    unsigned vector = cxl_dcd_irq_enable(&from->device[0]);
    char *before;

    prepare(&from->device[0]);
    before = cxl_dcd_snapshot(&from->device[0]);
    cxl_dcd_machine_save(from, move.uri);
    to = cxl_dcd_machine_load(options, from, move.uri);
    cxl_dcd_machine_stop(from);
    cxl_dcd_assert_unchanged(&to->device[0], before);
    go_on(&to->device[0], vector);
    cxl_dcd_machine_stop(to);
    move_end(&move);
}

static const CXLDcdOptions small = {
    .size = 256 * MIB,
    .regions = "[{\"size\":268435456}]",
};

static void everything(void)
{
    to_a_file(&small);
}

static void host_bridge_decoders(void)
{
    static const CXLDcdOptions options = {
        .size = 256 * MIB,
        .regions = "[{\"size\":268435456}]",
        .host_bridge_decoders = true,
    };

    to_a_file(&options);
}

static void static_memory_beside(void)
{
    static const CXLDcdOptions options = {
        .size = 256 * MIB,
        .regions = "[{\"size\":268435456}]",
        .static_size = 256 * MIB,
    };

    to_a_file(&options);
}

/* The same over a socket, with both machines there at once. */
static void to_a_second_qemu(void)
{
    Move move = move_begin();
    g_autofree char *uri = g_strdup_printf("unix:%s", move.file);
    CXLDcdMachine *from = cxl_dcd_machine_start(&small), *to;
    unsigned vector = cxl_dcd_irq_enable(&from->device[0]);
    char *before;

    prepare(&from->device[0]);
    before = cxl_dcd_snapshot(&from->device[0]);
    to = cxl_dcd_machine_listen(&small, from, uri);
    cxl_dcd_machine_save(from, uri);
    qtest_qmp_eventwait(to->qts, "RESUME");
    cxl_dcd_machine_stop(from);
    cxl_dcd_assert_unchanged(&to->device[0], before);
    go_on(&to->device[0], vector);
    cxl_dcd_machine_stop(to);
    move_end(&move);
}

/*
 * What is asked of a machine that has gone elsewhere would be lost there: it is
 * refused, and is not when this machine goes on after all.
 */
static void left_behind(void)
{
    static const char elsewhere[] = "has migrated";
    Move move = move_begin();
    CXLDcdMachine *m = cxl_dcd_machine_start(&small);
    CXLDcdDevice *d = &m->device[0];
    g_autofree char *fault = g_strdup_printf(
        "{'execute':'cxl-inject-poison','arguments':{'path':'%s','start':%"
        PRIu64 ",'length':64}}", d->path, d->dc_base);
    g_autofree char *region = g_strdup_printf(
        "{'execute':'cxl-set-dynamic-capacity-region','arguments':{"
        "'path':'%s','region':0,'sanitize-on-release':false}}", d->path);
    char *before;

    prepare(d);
    cxl_dcd_machine_save(m, move.uri);
    before = cxl_dcd_snapshot(d);
    cxl_dcd_qmp_add(d, .policy = "free", .length = BLOCK, .error = elsewhere);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .error = elsewhere);
    cxl_dcd_qmp_release(d, .forced = true, CXL_DCD_EXTENTS({ 0, BLOCK }),
                        .error = elsewhere);
    cxl_dcd_qmp_fails(m, region, elsewhere);
    cxl_dcd_qmp_fails(m, fault, elsewhere);
    cxl_dcd_assert_unchanged(d, before);
    qtest_qmp_assert_success(m->qts, "{'execute':'cont'}");
    cxl_dcd_qmp_add(d, .policy = "free", .length = BLOCK);
    cxl_dcd_machine_stop(m);
    move_end(&move);
}

/*
 * A machine in use goes back to what it was: to the capacity that it had then,
 * and to the poison in it; nothing of what it had since is left.
 */
static void back_in_use(void)
{
    CXLDcdMachine *m = cxl_dcd_snapshots_start(&small);
    CXLDcdDevice *d = &m->device[0];
    QTestState *qts = m->qts;
    char *before;

    cxl_dcd_map(d);
    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK });
    cxl_dcd_drop_events(d);
    qtest_writeq(qts, m->window + BLOCK, 4711);
    qtest_qmp_assert_success(qts, "{'execute':'cxl-inject-poison','arguments':"
        "{'path':%s,'start':%lld,'length':64}}", d->path,
        (long long)d->dc_base);
    g_assert_cmphex(qtest_readq(qts, m->window), ==, UINT64_MAX);
    before = cxl_dcd_snapshot(d);
    cxl_dcd_hmp(m, "savevm one");

    cxl_dcd_qmp_release(d, .forced = true, CXL_DCD_EXTENTS({ 0, 2 * BLOCK }));
    cxl_dcd_drop_events(d);
    cxl_dcd_add_accepted(d, { 8 * BLOCK, BLOCK });
    qtest_writeq(qts, m->window + 8 * BLOCK, 815);
    /* Once more while some of it is being sanitized */
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base + 8 * BLOCK, BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_hmp(m, "loadvm one");
    cxl_dcd_assert_unchanged(d, before);
    g_assert_cmphex(qtest_readq(qts, m->window), ==, UINT64_MAX);
    g_assert_cmphex(qtest_readq(qts, m->window + BLOCK), ==, 4711);
    cxl_dcd_add_accepted(d, { 8 * BLOCK, BLOCK });
    g_assert_cmphex(qtest_readq(qts, m->window + 8 * BLOCK), ==, 0);
    cxl_dcd_machine_stop(m);
}

static GByteArray *fm_uuid(CXLDcdFmLine *l)
{
    uint8_t out[64];
    size_t len;

    g_assert_cmphex(cxl_dcd_fm_control(l, l->eid, CXL_DCD_MCTP_GET_UUID, NULL,
                                       0, out, &len), ==, 0);
    return g_byte_array_append(g_byte_array_new(), out, len);
}

static GByteArray *fm_log(CXLDcdFmLine *l)
{
    const uint8_t log = CXL_DCD_EVENT_LOG;
    uint8_t out[1024];
    size_t len;

    g_assert_cmphex(cxl_dcd_fm_command(l, CXL_DCD_OP_GET_EVENT_RECORDS, &log, 1,
                                       out, &len), ==, SUCCESS);
    return g_byte_array_append(g_byte_array_new(), out, len);
}

/* What a fabric manager has set up, and has not read yet, is there as well. */
static void fm_endpoint(void)
{
    Move move = move_begin();
    CXLDcdOptions options = small;
    g_autoptr(GByteArray) uuid = NULL;
    g_autoptr(GByteArray) log = NULL;
    CXLDcdMachine *from, *to;
    CXLDcdFmLine a, b;
    uint8_t out[64], limit = 9;
    size_t len;

    cxl_dcd_fm_options(&options, NULL);
    from = cxl_dcd_machine_start(&options);
    a = cxl_dcd_fm_connect();
    g_assert_cmphex(cxl_dcd_fm_control(&a, 9, CXL_DCD_MCTP_SET_EID, "\0\x20",
                                       2, out, &len), ==, 0);
    a.eid = 0x20;
    g_assert_cmphex(cxl_dcd_fm_ask(&a, CXL_DCD_OP_SET_RESPONSE_LIMIT, &limit, 1,
                                   out, 1), ==, SUCCESS);
    cxl_dcd_add_accepted(&from->device[0], { 0, BLOCK });
    uuid = fm_uuid(&a);
    log = fm_log(&a);
    g_assert_cmpuint(log->len, >, sizeof(CXLDcdGetEventsResponse));
    cxl_dcd_machine_save(from, move.uri);
    to = cxl_dcd_machine_load(&options, from, move.uri);
    b = cxl_dcd_fm_connect();
    b.eid = 0x20;
    {
        g_autoptr(GByteArray) uuid_there = fm_uuid(&b);
        g_autoptr(GByteArray) log_there = fm_log(&b);

        g_assert_cmpmem(uuid_there->data, uuid_there->len, uuid->data,
                        uuid->len);
        g_assert_cmpmem(log_there->data, log_there->len, log->data, log->len);
    }
    g_assert_cmphex(cxl_dcd_fm_ask(&b, CXL_DCD_OP_GET_RESPONSE_LIMIT, NULL, 0,
                                   out, 1), ==, SUCCESS);
    g_assert_cmpuint(out[0], ==, limit);
    cxl_dcd_fm_close(&b);
    cxl_dcd_fm_close(&a);
    cxl_dcd_machine_stop(from);
    cxl_dcd_machine_stop(to);
    move_end(&move);
}

/* Bytes of memory that a finished migration has looked at, and has sent */
static uint64_t ram_figure(CXLDcdMachine *m, const char *name)
{
    QDict *reply = qtest_qmp(m->qts, "{'execute':'query-migrate'}");
    QDict *ram = qdict_get_qdict(qdict_get_qdict(reply, "return"), "ram");
    uint64_t figure = qdict_get_int(ram, name);

    qobject_unref(reply);
    return figure;
}

/* 64 GiB of capacity, of which 1 GiB is used: the rest is not looked at. */
static void skips_unused_capacity(void)
{
    static const CXLDcdOptions large = {
        .size = 64 * CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":68719476736}]",
    };
    Move move = move_begin();
    CXLDcdMachine *from = cxl_dcd_machine_start(&large), *to;
    CXLDcdDevice *d = &from->device[0];
    uint64_t hpa = cxl_dcd_map(d), at;

    cxl_dcd_add_accepted(d, { 8 * CXL_DCD_TEST_GIB, CXL_DCD_TEST_GIB });
    for (at = 0; at < CXL_DCD_TEST_GIB; at += 64 * MIB) {
        qtest_writeq(from->qts, hpa + 8 * CXL_DCD_TEST_GIB + at, at + 1);
    }
    cxl_dcd_machine_save(from, move.uri);
    g_test_message("%" PRIu64 " KiB sent, %" PRIu64 " pages without contents",
                   ram_figure(from, "transferred") >> 10,
                   ram_figure(from, "duplicate"));
    /* Pages without contents: those of the extent and of the machine's RAM */
    g_assert_cmpuint(ram_figure(from, "duplicate") * 4096, <,
                     2 * CXL_DCD_TEST_GIB);
    g_assert_cmpuint(ram_figure(from, "transferred"), <, 64 * MIB);
    to = cxl_dcd_machine_load(&large, from, move.uri);
    cxl_dcd_machine_stop(from);
    for (at = 0; at < CXL_DCD_TEST_GIB; at += 64 * MIB) {
        g_assert_cmphex(qtest_readq(to->qts,
                                    hpa + 8 * CXL_DCD_TEST_GIB + at), ==,
                        at + 1);
    }
    cxl_dcd_machine_stop(to);
    move_end(&move);
}

/* A machine of another configuration says what is wrong, and does not run. */
static void refused(const CXLDcdOptions *other, const char *why)
{
    Move move = move_begin();
    g_autofree char *log = g_build_filename(move.directory, "log", NULL);
    g_autofree char *to_log = g_strdup_printf("2> %s ", log);
    g_autofree char *said = NULL;
    CXLDcdOptions options = *other;
    CXLDcdMachine *from = cxl_dcd_machine_start(&small), *to;

    prepare(&from->device[0]);
    cxl_dcd_machine_save(from, move.uri);
    options.arguments = to_log;
    to = cxl_dcd_machine_listen(&options, from, move.uri);
    cxl_dcd_machine_migrated(to, "failed");
    g_assert_true(g_file_get_contents(log, &said, NULL, NULL));
    g_test_message("%s", said);
    g_assert_nonnull(strstr(said, "/machine/peripheral/cxl-mem0"));
    g_assert_nonnull(strstr(said, why));
    cxl_dcd_machine_stop(to);
    cxl_dcd_machine_stop(from);
    unlink(log);
    move_end(&move);
}

static void other_attributes(void)
{
    static const CXLDcdOptions other = {
        .size = 256 * MIB,
        .regions = "[{\"size\":268435456,\"flags\":[\"sharable\"]}]",
    };

    refused(&other, "region 0 has another base, length or attributes here");
}

static void other_number_of_regions(void)
{
    static const CXLDcdOptions other = {
        .size = 256 * MIB,
        .regions = "[{\"size\":134217728},{\"size\":134217728}]",
    };

    refused(&other, "the device had another number of regions");
}

static void fewer_extents(void)
{
    static const CXLDcdOptions other = {
        .size = 256 * MIB,
        .regions = "[{\"size\":268435456}]",
        .properties = ",\"dc-max-extents\":2",
    };

    refused(&other, "more extents than this device tracks");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/migration/to-a-second-qemu", to_a_second_qemu);
    qtest_add_func("/cxl-dcd/migration/fm-endpoint", fm_endpoint);
    qtest_add_func("/cxl-dcd/migration/left-behind", left_behind);
    qtest_add_func("/cxl-dcd/migration/back-in-use", back_in_use);
    qtest_add_func("/cxl-dcd/migration/skips-unused-capacity",
                   skips_unused_capacity);
    qtest_add_func("/cxl-dcd/migration/other-attributes", other_attributes);
    qtest_add_func("/cxl-dcd/migration/other-number-of-regions",
                   other_number_of_regions);
    qtest_add_func("/cxl-dcd/migration/fewer-extents", fewer_extents);
    qtest_add_func("/cxl-dcd/migration/everything", everything);
    qtest_add_func("/cxl-dcd/migration/host-bridge-decoders",
                   host_bridge_decoders);
    qtest_add_func("/cxl-dcd/migration/static-memory-beside",
                   static_memory_beside);
    return g_test_run();
}
