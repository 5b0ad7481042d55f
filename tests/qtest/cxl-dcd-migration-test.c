/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a machine is saved to a file and another QEMU
 * goes on from there. Symptom 7: migration "completed" and lost contents and
 * state of all CXL memory without a word.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/migration/everything", everything);
    qtest_add_func("/cxl-dcd/migration/host-bridge-decoders",
                   host_bridge_decoders);
    qtest_add_func("/cxl-dcd/migration/static-memory-beside",
                   static_memory_beside);
    return g_test_run();
}
