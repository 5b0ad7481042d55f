/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: sets of devices whose granularity is less than
 * a page. Their bytes lie in the order of the host's addresses while the set is
 * decoded, and nobody can tell: each byte is where the formulas of 8.2.4.20 put
 * it, through the set and through each device alone. Random loads and stores
 * are compared with plain arrays, one for each device.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-layout-model.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define MUCH    (256 * MIB)       /* of each of four */
#define WAIT_US (30 * G_USEC_PER_SEC)

/* Each granularity after another, and each device alone between them */
static void all_granularities(CXLDcdDevice *d, unsigned ways_code)
{
    static const unsigned codes[] = { 0, 2, 1, 6, 3, 4 };
    Model *model = model_new(d, ways_code);
    unsigned i, k;

    model_show_set(model, codes[0]);
    model_accept(model);
    /* Nobody had anything there: it is memory from the first moment on */
    model_assert_direct(model);
    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (i) {
            model_show_set(model, codes[i]);
        }
        model_run(model, 200);       /* while it moves, too */
        wait_direct(d);
        model_run(model, 200);
        model_check(model);
        model_uncommit(model);
        k = g_rand_int_range(model->rand, 0, model_ways(model));
        model_show_alone(model, k);
        model_run(model, 100);
        wait_direct(&d->machine->device[k]);
        model_check(model);
        model_uncommit(model);
    }
    for (k = 0; k < model_ways(model); k++) {
        model_show_alone(model, k);
        model_check(model);
        model_uncommit(model);
    }
    model_free(model);
}

static void two_ways(CXLDcdDevice *d)
{
    all_granularities(d, 1);
}

static void four_ways(CXLDcdDevice *d)
{
    all_granularities(d, 2);
}

static void eight_ways(CXLDcdDevice *d)
{
    all_granularities(d, 3);
}

/* What each device had alone is the set's when it is decoded */
static void over_contents(CXLDcdDevice *d)
{
    Model *model = model_new(d, 2);
    unsigned k;

    model_accept(model);
    for (k = 0; k < 4; k++) {
        model_show_alone(model, k);
        model_run(model, 100);
        model_uncommit(model);
    }
    model_show_set(model, 0);
    model_run(model, 100);
    wait_direct(d);
    model_assert_direct(model);
    model_check(model);
    model_run(model, 100);
    /* Out of sight and back, nothing has to move */
    model_uncommit(model);
    model_show_set(model, 0);
    model_assert_direct(model);
    model_check(model);
    model_free(model);
}

/* One member gives back: its bytes go, and none of the others' */
static void leaves(CXLDcdDevice *d, bool forced)
{
    Model *model = model_new(d, 1);
    CXLDcdDevice *other = &d->machine->device[1];

    model_show_set(model, 0);
    model_accept(model);
    model_run(model, 300);
    if (forced) {
        cxl_dcd_qmp_release(other, CXL_DCD_EXTENTS({ 0, SIZE }), .forced = true,
                            .sanitize = true);
    } else {
        g_assert_cmphex(cxl_dcd_give_back(other, { other->dc_base, SIZE }), ==,
                        SUCCESS);
    }
    g_assert_cmphex(qtest_readb(d->machine->qts, d->machine->window + 256), ==,
                    0xff);
    qtest_writeq(d->machine->qts, d->machine->window + 256, 77);
    model_load(model, 0, 256);
    model_store(model, 512, 256);
    cxl_dcd_wait_clean(other);
    memset(model->bytes[1], 0, SIZE);
    cxl_dcd_add_accepted(other, { 0, SIZE });
    model_assert_direct(model);
    model_check(model);
    model_run(model, 100);
    model_free(model);
}

static void given_back(CXLDcdDevice *d)
{
    leaves(d, false);
}

static void taken_by_force(CXLDcdDevice *d)
{
    leaves(d, true);
}

/* Extents that differ, accepted in turns; only common ones are memory */
static void in_turns(CXLDcdDevice *d)
{
    Model *model = model_new(d, 1);
    CXLDcdDevice *other = &d->machine->device[1];
    uint64_t at;

    model_show_set(model, 1);
    cxl_dcd_add_accepted(d, { 0, 4 * BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(d, "trapped-by", "incomplete"), ==, 1);
    for (at = 0; at < 8 * BLOCK; at += 65536) {
        model_store(model, at, 512);
        g_assert_cmphex(qtest_readq(d->machine->qts, d->machine->window + at +
                                    512), ==, UINT64_MAX);
    }
    cxl_dcd_add_accepted(other, { BLOCK, 2 * BLOCK });
    wait_direct(other);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "trapped"), ==, 1);
    cxl_dcd_add_accepted(d, { 4 * BLOCK, 6 * BLOCK });
    cxl_dcd_add_accepted(other, { 0, BLOCK }, { 3 * BLOCK, 7 * BLOCK });
    wait_direct(d);
    wait_direct(other);
    model_check(model);
    model_run(model, 200);
    model_free(model);
}

/* A member that is pulled out has others' bytes in its memory */
static void unplugged(CXLDcdDevice *d)
{
    Model *model = model_new(d, 1);
    CXLDcdDevice *other = &d->machine->device[1];

    model_show_set(model, 0);
    model_accept(model);
    model_run(model, 300);
    cxl_dcd_device_unplug(other);
    model_load(model, 0, 256);
    model_load(model, 2 * SIZE - 512, 256);
    g_assert_cmphex(qtest_readq(d->machine->qts, d->machine->window + 256), ==,
                    UINT64_MAX);
    cxl_dcd_decoder_uncommit(d->machine, d->hdm, 0);
    cxl_dcd_decoder_uncommit(d->machine, d->machine->host_bridge_hdm, 0);
    model_show_alone(model, 0);
    wait_direct(d);
    model_check(model);
    model_run(model, 100);
    cxl_dcd_device_plug(other);
    model_free(model);
}

static void poisoned(CXLDcdDevice *d)
{
    Model *model = model_new(d, 1);
    CXLDcdDevice *other = &d->machine->device[1];
    const uint64_t line = 9 * MIB + 64;      /* DPA */
    uint64_t hpa = cxl_dcd_set_hpa(d->machine, 1, 0, 1, line);

    model_show_set(model, 0);
    model_accept(model);
    model_run(model, 200);
    qtest_qmp_assert_success(d->machine->qts,
        "{'execute':'cxl-inject-poison','arguments':{'path':%s,"
        "'start':%" PRIu64 ",'length':64}}", other->path,
        other->dc_base + line);
    g_assert_cmphex(qtest_readq(d->machine->qts, hpa), ==, UINT64_MAX);
    g_assert_cmpuint(cxl_dcd_query_count(d, "trapped-by", "poisoned"), ==, 1);
    model_load(model, hpa - d->machine->window - 64, 64);
    model_load(model, hpa - d->machine->window + 64, 600);
    model_load(model, 0, 600);
    model_free(model);
}

/* Capacity outlives a reset of the machine, decoders do not */
static void reset(CXLDcdDevice *d)
{
    Model *model = model_new(d, 1);

    model_show_set(model, 0);
    model_accept(model);
    model_run(model, 200);
    cxl_dcd_machine_reset(d->machine);
    model_show_set(model, 2);
    model_run(model, 100);
    wait_direct(d);
    model_assert_direct(model);
    model_check(model);
    model_run(model, 100);
    model_free(model);
}

/*
 * A GiB with contents becomes a set's. The machine goes on meanwhile, and every
 * byte is right at any time.
 */
static void much(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    Model *model = model_new(d, 2);
    int64_t start, before, longest = 0;
    unsigned i;

    for (i = 0; i < 4; i++) {
        cxl_dcd_add_accepted(&d->machine->device[i], { 0, MUCH });
        model_show_alone(model, i);
        qtest_memset(qts, d->machine->window, 0x40 + i, MUCH);
        model_uncommit(model);
    }
    start = g_get_monotonic_time();
    model_show_set(model, 0);
    do {
        uint64_t at = g_rand_int(model->rand) % (4 * MUCH);

        before = g_get_monotonic_time();
        g_assert_cmphex(qtest_readb(qts, d->machine->window + at), ==,
                        0x40 + at / 256 % 4);
        longest = MAX(longest, g_get_monotonic_time() - before);
        g_assert_cmpint(before - start, <, WAIT_US);
    } while (cxl_dcd_query_count(d, "mapping", "trapped"));
    g_test_message("a GiB moved in %" PRId64 " ms, the machine answered after "
                   "%" PRId64 " us at the latest",
                   (g_get_monotonic_time() - start) / 1000, longest);
    model_assert_direct(model);
    for (i = 0; i < 4000; i++) {
        uint64_t at = g_rand_int(model->rand) % (4 * MUCH);

        g_assert_cmphex(qtest_readb(qts, d->machine->window + at), ==,
                        0x40 + at / 256 % 4);
    }
    model_free(model);
}

/* Nobody has any of it: it is laid out anew for whoever is next */
static void emptied(CXLDcdDevice *d)
{
    static const unsigned codes[] = { 0, 1, 1, 3, 6, 0 };
    Model *model = model_new(d, 1);
    unsigned i, k;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        model_show_set(model, codes[i]);
        model_accept(model);
        model_check(model);
        model_run(model, 100);
        wait_direct(d);
        model_check(model);
        for (k = 0; k < 2; k++) {
            CXLDcdDevice *one = &d->machine->device[k];

            g_assert_cmphex(cxl_dcd_give_back(one, { one->dc_base, SIZE }), ==,
                            SUCCESS);
            cxl_dcd_wait_clean(one);
            memset(model->bytes[k], 0, SIZE);
        }
        model_uncommit(model);
    }
    model_free(model);
}

/* Two units may be mapped; the third lies plainly, and is trapped */
static void limited(CXLDcdDevice *d)
{
    Model *model = model_new(d, 1);
    QDict *info;

    model_show_set(model, 0);
    model_accept(model);
    info = cxl_dcd_query(d);
    g_assert_cmpint(qdict_get_int(info, "direct-mappings"), ==, 4);
    qobject_unref(info);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "trapped"), ==, 1);
    g_assert_cmpuint(cxl_dcd_query_count(d, "trapped-by", "limit"), ==, 1);
    g_assert_cmpuint(cxl_dcd_query_count(d, "layout", "both"), ==, 1);
    model_run(model, 300);
    model_check(model);
    model_uncommit(model);
    model_show_alone(model, 1);
    model_check(model);
    wait_direct(&d->machine->device[1]);
    model_check(model);
    model_free(model);
}

/* What others may look for in a file by its address stays where it is */
static void files_stay_plain(CXLDcdDevice *d)
{
    Model *model = model_new(d, 1);
    unsigned i;

    model_show_set(model, 0);
    for (i = 0; i < 2; i++) {
        CXLDcdDevice *one = &d->machine->device[i];

        cxl_dcd_qmp_add(one, CXL_DCD_EXTENTS({ 0, SIZE }));
        g_assert_cmphex(cxl_dcd_accept(one, { one->dc_base, SIZE }), ==,
                        SUCCESS);
        cxl_dcd_drop_events(one);
    }
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "trapped"), ==, 1);
    model_run(model, 100);
    model_uncommit(model);
    model_show_alone(model, 1);
    g_assert_cmpuint(cxl_dcd_query_count(&d->machine->device[1], "mapping",
                                         "direct"), ==, 1);
    model_check(model);
    model_free(model);
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions two = { .devices = 2 };
    static const CXLDcdOptions four = { .devices = 4 };
    static const CXLDcdOptions eight = { .devices = 8 };
    static const CXLDcdOptions few = {
        .devices = 2, .properties = ",\"dc-direct-map-limit\":4",
    };
    static const CXLDcdOptions nonvolatile = {
        .devices = 2, .size = CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":1073741824,\"flags\":[\"nonvolatile\"]}]",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/layout/2-ways", &two, two_ways);
    cxl_dcd_add_case("/cxl-dcd/layout/4-ways", &four, four_ways);
    cxl_dcd_add_case("/cxl-dcd/layout/8-ways", &eight, eight_ways);
    cxl_dcd_add_case("/cxl-dcd/layout/over-contents", &four, over_contents);
    cxl_dcd_add_case("/cxl-dcd/layout/released", &two, given_back);
    cxl_dcd_add_case("/cxl-dcd/layout/forced", &two, taken_by_force);
    cxl_dcd_add_case("/cxl-dcd/layout/in-turns", &two, in_turns);
    cxl_dcd_add_case("/cxl-dcd/layout/unplugged", &two, unplugged);
    cxl_dcd_add_case("/cxl-dcd/layout/poisoned", &two, poisoned);
    cxl_dcd_add_case("/cxl-dcd/layout/reset", &two, reset);
    cxl_dcd_add_case("/cxl-dcd/layout/limited", &few, limited);
    cxl_dcd_add_case("/cxl-dcd/layout/much", &four, much);
    cxl_dcd_add_case("/cxl-dcd/layout/emptied", &two, emptied);
    cxl_dcd_add_case("/cxl-dcd/layout/nonvolatile", &nonvolatile,
                     files_stay_plain);
    return g_test_run();
}
