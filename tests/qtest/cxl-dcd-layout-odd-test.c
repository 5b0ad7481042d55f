/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: decoders as no driver programs them, over
 * capacity that would be brought into the order of the host's addresses; and a
 * machine that is saved while bytes are in memory of a device that is gone.
 * Whatever the guest does to its decoders, what each device has is as it was.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define GIB     CXL_DCD_TEST_GIB
#define SIZE    (20 * MIB)        /* of each device that is accepted: units */
#define STEP    65536             /* of which PIECE bytes are looked at */
#define PIECE   2048
#define THREE   8                 /* IW of 3 ways */
#define COARSE  15                /* IG of 8 MiB, which does not exist */
#define MOVE_US (300 * 1000)      /* a move of this much would be over */

/* Something else for each 8 bytes of each device, or of a set */
static uint64_t word(unsigned i, uint64_t at)
{
    return (i + 1) << 24 | at / 8;
}

static void fill(CXLDcdMachine *m, uint64_t hpa, uint64_t len, unsigned i)
{
    uint64_t words[PIECE / 8], at;
    unsigned k;

    for (at = 0; at < len; at += STEP) {
        for (k = 0; k < PIECE / 8; k++) {
            words[k] = word(i, at + 8 * k);
        }
        qtest_memwrite(m->qts, hpa + at, words, PIECE);
    }
}

static void check(CXLDcdMachine *m, uint64_t hpa, uint64_t len, unsigned i)
{
    uint64_t words[PIECE / 8], at;
    unsigned k;

    for (at = 0; at < len; at += STEP) {
        qtest_memread(m->qts, hpa + at, words, PIECE);
        for (k = 0; k < PIECE / 8; k++) {
            g_assert_cmphex(words[k], ==, word(i, at + 8 * k));
        }
    }
}

static void show_alone(CXLDcdMachine *m, unsigned i)
{
    CXLDcdDecoder alone = { .hpa = m->window, .size = 512 * MIB, .skip = i };

    cxl_dcd_decoder_commit(m, m->host_bridge_hdm, &alone);
    alone.skip = m->device[i].dc_base;
    cxl_dcd_decoder_commit(m, m->device[i].hdm, &alone);
}

static void hide(CXLDcdMachine *m)
{
    unsigned i;

    for (i = 0; i < m->device_count; i++) {
        cxl_dcd_decoder_uncommit(m, m->device[i].hdm, 0);
    }
    cxl_dcd_decoder_uncommit(m, m->host_bridge_hdm, 0);
}

static void fill_each(CXLDcdMachine *m)
{
    unsigned i;

    for (i = 0; i < m->device_count; i++) {
        cxl_dcd_add_accepted(&m->device[i], { 0, SIZE });
        show_alone(m, i);
        fill(m, m->window, SIZE, i);
        hide(m);
    }
}

static void check_each(CXLDcdMachine *m)
{
    unsigned i;

    for (i = 0; i < m->device_count; i++) {
        show_alone(m, i);
        check(m, m->window, SIZE, i);
        g_usleep(MOVE_US);
        check(m, m->window, SIZE, i);
        hide(m);
    }
}

/*
 * The devices' decoders have twice as many ways as there are devices, so each
 * is at two places of the set, which show the same bytes.
 */
static void at_two_places(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    CXLDcdDecoder set = { .hpa = m->window, .size = 2 * GIB, .skip = 0x0100 };
    unsigned i;

    fill_each(m);
    set.ways_code = m->device_count - 1;
    cxl_dcd_decoder_commit(m, m->host_bridge_hdm, &set);
    set.ways_code = m->device_count;
    for (i = 0; i < m->device_count; i++) {
        set.skip = m->device[i].dc_base;
        cxl_dcd_decoder_commit(m, m->device[i].hdm, &set);
    }
    g_usleep(MOVE_US);
    for (i = 0; i < 2 * m->device_count; i++) {
        g_assert_cmphex(qtest_readq(m->qts, m->window + 256 * i), ==,
                        word(i % m->device_count, 0));
    }
    hide(m);
    check_each(m);
}

/* Granules that are larger than a device's part of what is moved in one go */
static void coarse(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    CXLDcdDecoder set = {
        .hpa = m->window, .size = 2 * GIB, .skip = 0x03020100, .ways_code = 2,
        .granularity_code = COARSE,
    };
    const uint64_t granule = 256ULL << COARSE;
    unsigned i;

    fill_each(m);
    cxl_dcd_decoder_commit(m, m->host_bridge_hdm, &set);
    for (i = 0; i < 4; i++) {
        set.skip = m->device[i].dc_base;
        cxl_dcd_decoder_commit(m, m->device[i].hdm, &set);
    }
    g_usleep(MOVE_US);
    for (i = 0; i < 8; i++) {
        uint64_t at = 6 * MIB;

        g_assert_cmphex(qtest_readq(m->qts, m->window + i * granule + at), ==,
                        word(i % 4, i / 4 * granule + at));
    }
    hide(m);
    check_each(m);
}

/* Skips go round, so that two decoders show the same DPA */
static void shown_twice(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    CXLDcdDecoder alone = {
        .index = 1, .hpa = m->window + 2 * GIB, .size = 512 * MIB,
    };
    unsigned i;

    cxl_dcd_set_commit(m, 1, 0);
    cxl_dcd_decoder_commit(m, m->host_bridge_hdm, &alone);
    alone.skip = -512 * MIB;
    cxl_dcd_decoder_commit(m, d->hdm, &alone);
    for (i = 0; i < 2; i++) {
        cxl_dcd_add_accepted(&m->device[i], { 0, SIZE });
    }
    fill(m, m->window, 2 * SIZE, 0);
    g_usleep(MOVE_US);
    for (i = 0; i < PIECE / 512; i++) {
        g_assert_cmphex(qtest_readq(m->qts, alone.hpa + 256 * i), ==,
                        word(0, 512 * i));
    }
    fill(m, alone.hpa, SIZE, 1);
    for (i = 0; i < PIECE / 512; i++) {
        uint64_t hpa = m->window + 512 * i;

        g_assert_cmphex(qtest_readq(m->qts, hpa), ==, word(1, 256 * i));
        g_assert_cmphex(qtest_readq(m->qts, hpa + 256), ==,
                        word(0, 512 * i + 256));
    }
    /* When the second is gone, the set has its order */
    cxl_dcd_decoder_uncommit(m, d->hdm, 1);
    g_usleep(MOVE_US);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 1);
    for (i = 0; i < PIECE / 512; i++) {
        uint64_t hpa = m->window + 512 * i;

        g_assert_cmphex(qtest_readq(m->qts, hpa), ==, word(1, 256 * i));
        g_assert_cmphex(qtest_readq(m->qts, hpa + 256), ==,
                        word(0, 512 * i + 256));
    }
}

/*
 * Below the set there is a decoder of 3 ways whose size is no multiple of 3: so
 * the set begins in the middle of a page. It can be saved and loaded.
 */
static void crooked(void)
{
    static const CXLDcdOptions two = { .devices = 2 };
    g_autofree char *file = g_strdup_printf("%s/cxl-dcd-layout-odd-%d.mig",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    CXLDcdMachine *from = cxl_dcd_machine_start(&two), *to;
    CXLDcdDecoder below = {
        .hpa = from->window + 2 * GIB, .size = 256 * MIB, .ways_code = THREE,
    };
    CXLDcdDecoder set = {
        .index = 1, .hpa = from->window, .size = 512 * MIB, .ways_code = 1,
    };
    unsigned i;

    for (i = 0; i < 2; i++) {
        cxl_dcd_add_accepted(&from->device[i], { 84 * MIB, 64 * MIB });
        below.skip = from->device[i].dc_base;
        cxl_dcd_decoder_commit(from, from->device[i].hdm, &below);
        cxl_dcd_decoder_commit(from, from->device[i].hdm, &set);
    }
    set.index = 0;
    set.skip = 0x0100;
    cxl_dcd_decoder_commit(from, from->host_bridge_hdm, &set);
    fill(from, from->window, SIZE, 0);
    g_usleep(MOVE_US);
    check(from, from->window, SIZE, 0);
    cxl_dcd_machine_save(from, uri);
    to = cxl_dcd_machine_load(&two, from, uri);
    cxl_dcd_machine_stop(from);
    check(to, to->window, SIZE, 0);
    cxl_dcd_machine_stop(to);
    unlink(file);
}

/* --- Snapshots --- */

/* The machine has stopped, loses a member of a set, and is saved at once */
static void unplugged_when_stopped(void)
{
    const CXLDcdOptions two = {
        .devices = 2, .size = 512 * MIB, .regions = "[{\"size\":536870912}]",
    };
    CXLDcdMachine *m = cxl_dcd_snapshots_start(&two);
    unsigned i;

    cxl_dcd_set_commit(m, 1, 0);
    for (i = 0; i < 2; i++) {
        cxl_dcd_add_accepted(&m->device[i], { 0, SIZE });
    }
    fill(m, m->window, 2 * SIZE, 0);
    cxl_dcd_hmp(m, "stop");
    cxl_dcd_device_unplug_begin(&m->device[1]);
    cxl_dcd_hmp(m, "savevm one");
    qtest_memset(m->qts, m->window, 0, STEP);
    cxl_dcd_hmp(m, "loadvm one");
    cxl_dcd_hmp(m, "cont");
    for (i = 0; i < 2 * SIZE / STEP; i++) {
        g_assert_cmphex(qtest_readq(m->qts, m->window + i * STEP), ==,
                        word(0, i * STEP));
        g_assert_cmphex(qtest_readq(m->qts, m->window + i * STEP + 256), ==,
                        UINT64_MAX);
    }
    cxl_dcd_machine_stop(m);
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions one = { .host_bridge_decoders = true };
    static const CXLDcdOptions two = { .devices = 2 };
    static const CXLDcdOptions four = { .devices = 4 };
    static const CXLDcdOptions kvm = {
        .devices = 4, .arguments = "-accel kvm ",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/layout-odd/one-as-two", &one, at_two_places);
    cxl_dcd_add_case("/cxl-dcd/layout-odd/two-as-four", &two, at_two_places);
    cxl_dcd_add_case("/cxl-dcd/layout-odd/shown-twice", &two, shown_twice);
    cxl_dcd_add_case("/cxl-dcd/layout-odd/coarse", &four, coarse);
    if (qtest_has_accel("kvm")) {
        cxl_dcd_add_case("/cxl-dcd/layout-odd/coarse-kvm", &kvm, coarse);
    }
    g_test_add_func("/cxl-dcd/layout-odd/crooked", crooked);
    g_test_add_func("/cxl-dcd/layout-odd/unplugged-when-stopped",
                    unplugged_when_stopped);
    return g_test_run();
}
