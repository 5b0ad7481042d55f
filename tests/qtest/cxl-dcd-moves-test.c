/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: whatever a device has, and in whatever way its
 * machine moves or fails to, it is the same afterwards
 *
 * Offers, answers, releases and writes by lot, then a move by lot. Where the
 * guest is then, all that can be asked for is what it was, and so is every byte
 * that was written. g_test's --seed repeats a run.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define BLOCKS  64
#define ROUNDS  10
#define STEPS   24

typedef enum Block { FREE, OFFERED, MINE } Block;

typedef struct World {
    CXLDcdMachine *m;
    CXLDcdDevice *d;
    CXLDcdOptions options;
    char *folder;
    uint64_t hpa;
    Block state[BLOCKS];
    uint64_t value[BLOCKS];       /* written at both ends; 0: nothing was */
    GQueue offers;                /* of CXLDcdSpan, in blocks; oldest first */
} World;

/* --- What the fabric manager and the guest do --- */

static unsigned run_of(const World *w, unsigned first, Block state)
{
    unsigned end = first;

    while (end < BLOCKS && w->state[end] == state && end < first + 4) {
        end++;
    }
    return end - first;
}

static void set(World *w, unsigned first, unsigned count, Block state)
{
    for (unsigned i = first; i < first + count; i++) {
        w->state[i] = state;
        w->value[i] = 0;
    }
}

static void offer(World *w, unsigned first)
{
    unsigned count = run_of(w, first, FREE);
    CXLDcdSpan *span;

    if (count) {
        cxl_dcd_qmp_add(w->d, CXL_DCD_EXTENTS({ first * BLOCK,
                                                count * BLOCK }));
        span = g_new(CXLDcdSpan, 1);
        *span = (CXLDcdSpan) { first, count };
        g_queue_push_tail(&w->offers, span);
        set(w, first, count, OFFERED);
    }
}

static void answer(World *w, bool accept)
{
    CXLDcdSpan *span = g_queue_pop_head(&w->offers);

    if (span && accept) {
        g_assert_cmphex(cxl_dcd_accept(w->d, { w->d->dc_base +
                            span->start * BLOCK, span->length * BLOCK }), ==,
                        SUCCESS);
    } else if (span) {
        g_assert_cmphex(cxl_dcd_reject(w->d), ==, SUCCESS);
    }
    if (span) {
        set(w, span->start, span->length, accept ? MINE : FREE);
    }
    g_free(span);
}

static void give_back(World *w, unsigned first)
{
    unsigned count = run_of(w, first, MINE);

    if (count) {
        g_assert_cmphex(cxl_dcd_give_back(w->d, { w->d->dc_base + first * BLOCK,
                                                  count * BLOCK }), ==,
                        SUCCESS);
        set(w, first, count, FREE);
    }
}

static void ask_back(World *w, unsigned block)
{
    if (w->state[block] == MINE) {
        cxl_dcd_qmp_release(w->d, CXL_DCD_EXTENTS({ block * BLOCK, BLOCK }));
    }
}

static void write_one(World *w, unsigned block)
{
    if (w->state[block] == MINE) {
        uint64_t at = w->hpa + block * BLOCK;

        w->value[block] = (uint64_t)g_test_rand_int() << 8 | 1;
        qtest_writeq(w->m->qts, at, w->value[block]);
        qtest_writeq(w->m->qts, at + BLOCK - 8, ~w->value[block]);
    }
}

static void step(World *w)
{
    unsigned block = g_test_rand_int_range(0, BLOCKS);

    switch (g_test_rand_int_range(0, 8)) {
    case 0:
    case 1:
        offer(w, block);
        break;
    case 2:
    case 3:
        answer(w, g_test_rand_int_range(0, 4));
        break;
    case 4:
        give_back(w, block);
        break;
    case 5:
        ask_back(w, block);
        break;
    case 6:
        cxl_dcd_drop_events(w->d);
        break;
    default:
        write_one(w, block);
        break;
    }
}

static void assert_contents(const World *w)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        uint64_t at = w->hpa + i * BLOCK, ones = UINT64_MAX;
        uint64_t first = w->state[i] == MINE ? w->value[i] : ones;
        uint64_t last = w->state[i] != MINE ? ones :
                        w->value[i] ? ~w->value[i] : 0;

        g_assert_cmphex(qtest_readq(w->m->qts, at), ==, first);
        g_assert_cmphex(qtest_readq(w->m->qts, at + BLOCK - 8), ==, last);
    }
}

/* --- How the machine moves --- */

static void capability(CXLDcdMachine *m, const char *name, bool on)
{
    qtest_qmp_assert_success(m->qts,
        "{'execute':'migrate-set-capabilities','arguments':{'capabilities':["
        "{'capability':%s,'state':%i}]}}", name, on);
}

static void move_begins(CXLDcdMachine *m, const char *uri)
{
    qtest_qmp_assert_success(m->qts, "{'execute':'migrate','arguments':"
                             "{'uri':%s}}", uri);
}

static void becomes(World *w, CXLDcdMachine *to)
{
    cxl_dcd_machine_stop(w->m);
    w->m = to;
    w->d = &to->device[0];
}

static void by_file(World *w)
{
    g_autofree char *file = g_build_filename(w->folder, "state", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", file);

    cxl_dcd_machine_save(w->m, uri);
    becomes(w, cxl_dcd_machine_load(&w->options, w->m, uri));
    unlink(file);
}

/* A machine that listens, with these options of migration */
static CXLDcdMachine *listener(World *w, CXLDcdOptions options, char **ret_uri,
                               const char *globals)
{
    options.arguments = globals;
    *ret_uri = g_strdup_printf("unix:%s/door", w->folder);
    return cxl_dcd_machine_listen(&options, w->m, *ret_uri);
}

static void by_socket(World *w)
{
    g_autofree char *uri = NULL;
    CXLDcdMachine *to = listener(w, w->options, &uri, NULL);

    cxl_dcd_machine_save(w->m, uri);
    qtest_qmp_eventwait(to->qts, "RESUME");
    becomes(w, to);
}

/* The guest runs there while most of its memory is still here. */
static void by_postcopy(World *w)
{
    g_autofree char *uri = NULL;
    CXLDcdMachine *to = listener(w, w->options, &uri,
                                 "-global migration.x-postcopy-ram=on ");

    capability(w->m, "postcopy-ram", true);
    move_begins(w->m, uri);
    qtest_qmp_assert_success(w->m->qts, "{'execute':'migrate-start-postcopy'}");
    qtest_qmp_eventwait(to->qts, "RESUME");
    cxl_dcd_machine_migrated(w->m, "completed");
    cxl_dcd_machine_migrated(to, "completed");
    becomes(w, to);
}

/* All is ready for the other machine, and this one goes on after all. */
static void cancelled(World *w)
{
    g_autofree char *file = g_build_filename(w->folder, "state", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", file);

    capability(w->m, "pause-before-switchover", true);
    move_begins(w->m, uri);
    cxl_dcd_machine_migrated(w->m, "pre-switchover");
    /* It has not been sent yet, so that it may be changed */
    for (unsigned block = 0; block < BLOCKS; block += 8) {
        offer(w, block);
        ask_back(w, block);
    }
    qtest_qmp_assert_success(w->m->qts, "{'execute':'migrate_cancel'}");
    cxl_dcd_machine_migrated(w->m, "cancelled");
    qtest_qmp_eventwait(w->m->qts, "RESUME");
    capability(w->m, "pause-before-switchover", false);
    unlink(file);
}

/* The other machine has all of the state, and refuses it. */
static void failed(World *w)
{
    g_autofree char *uri = NULL;
    CXLDcdOptions other = w->options;
    CXLDcdMachine *to;

    other.regions = "[{\"size\":268435456,\"flags\":[\"sharable\"]}]";
    to = listener(w, other, &uri,
                  "-global migration.x-return-path=on 2>/dev/null ");
    capability(w->m, "return-path", true);
    move_begins(w->m, uri);
    cxl_dcd_machine_migrated(w->m, "failed");
    qtest_qmp_eventwait(w->m->qts, "RESUME");
    capability(w->m, "return-path", false);
    cxl_dcd_machine_stop(to);
}

/* --- By lot --- */

static void moves(const void *opaque)
{
    void (*const move)(World *w) = opaque;
    World w = {
        .options = { .size = 256 * MIB, .regions = "[{\"size\":268435456}]" },
        .folder = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL),
    };

    w.m = cxl_dcd_machine_start(&w.options);
    w.d = &w.m->device[0];
    w.hpa = cxl_dcd_map(w.d);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char *before;

        for (unsigned k = 0; k < STEPS; k++) {
            step(&w);
        }
        /* Else what is being sanitized moves, and becomes clean there */
        if (i & 1) {
            cxl_dcd_wait_clean(w.d);
            before = cxl_dcd_snapshot(w.d);
            move(&w);
            if (move != cancelled) {
                cxl_dcd_assert_unchanged(w.d, before);
            } else {
                g_free(before);
            }
        } else {
            move(&w);
        }
        assert_contents(&w);
    }
    while (!g_queue_is_empty(&w.offers)) {
        answer(&w, true);
    }
    assert_contents(&w);
    cxl_dcd_wait_clean(w.d);
    cxl_dcd_machine_stop(w.m);
    g_assert_cmpint(rmdir(w.folder), ==, 0);
    g_free(w.folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/cxl-dcd/moves/file", by_file, moves);
    g_test_add_data_func("/cxl-dcd/moves/socket", by_socket, moves);
    g_test_add_data_func("/cxl-dcd/moves/postcopy", by_postcopy, moves);
    g_test_add_data_func("/cxl-dcd/moves/cancelled", cancelled, moves);
    g_test_add_data_func("/cxl-dcd/moves/failed", failed, moves);
    return g_test_run();
}
