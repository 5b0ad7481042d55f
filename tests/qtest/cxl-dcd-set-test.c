/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a set of devices interleaved by whole pages is
 * memory to the guest exactly where every device of the set has its part; the
 * rest goes access by access, and both agree on where a byte is.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define BLOCK    CXL_DCD_TEST_BLOCK
#define SUCCESS  CXL_DCD_RC_SUCCESS
#define PAGE     4096
#define BY_PAGES 4                /* granularity code of 4 KiB */

static uint64_t hpa_of(CXLDcdDevice *d, unsigned position, uint64_t offset)
{
    return cxl_dcd_set_hpa(d->machine, 1, BY_PAGES, position, offset);
}

static uint64_t load(CXLDcdDevice *d, unsigned position, uint64_t offset)
{
    return qtest_readq(d->machine->qts, hpa_of(d, position, offset));
}

static void store(CXLDcdDevice *d, unsigned position, uint64_t offset,
                  uint64_t value)
{
    qtest_writeq(d->machine->qts, hpa_of(d, position, offset), value);
}

/* The extents of device @i: how many are mapped, how many are not */
static void assert_kinds(CXLDcdDevice *d, unsigned i, unsigned direct,
                         unsigned trapped, unsigned none)
{
    CXLDcdDevice *one = &d->machine->device[i];

    g_assert_cmpuint(cxl_dcd_query_count(one, "mapping", "direct"), ==, direct);
    g_assert_cmpuint(cxl_dcd_query_count(one, "mapping", "trapped"), ==,
                     trapped);
    g_assert_cmpuint(cxl_dcd_query_count(one, "mapping", "none"), ==, none);
}

static int64_t mappings(CXLDcdDevice *d)
{
    QDict *info = cxl_dcd_query(d);
    int64_t count = qdict_get_int(info, "direct-mappings");

    qobject_unref(info);
    return count;
}

/*
 * Decode two devices as a set, and have a block accepted on both, with contents
 * (assert_contents). Returns the second.
 */
static CXLDcdDevice *prepare(CXLDcdDevice *d)
{
    unsigned i;

    cxl_dcd_set_commit(d->machine, 1, BY_PAGES);
    for (i = 0; i < 2; i++) {
        cxl_dcd_add_accepted(&d->machine->device[i], { 0, BLOCK });
    }
    assert_kinds(d, 0, 1, 0, 0);
    assert_kinds(d, 1, 1, 0, 0);
    for (i = 0; i < 2; i++) {
        store(d, i, 0, 100 + i);
        store(d, i, PAGE - 8, 200 + i);
        store(d, i, BLOCK - 8, 300 + i);
    }
    return &d->machine->device[1];
}

static void assert_contents(CXLDcdDevice *d, unsigned position)
{
    g_assert_cmphex(load(d, position, 0), ==, 100 + position);
    g_assert_cmphex(load(d, position, PAGE - 8), ==, 200 + position);
    g_assert_cmphex(load(d, position, BLOCK - 8), ==, 300 + position);
}

static void assert_absent(CXLDcdDevice *d, unsigned position)
{
    store(d, position, 0, 77);
    g_assert_cmphex(load(d, position, 0), ==, UINT64_MAX);
    g_assert_cmphex(load(d, position, BLOCK - 8), ==, UINT64_MAX);
}

static void whole_stripes(CXLDcdDevice *d)
{
    CXLDcdDevice *other = &d->machine->device[1];

    cxl_dcd_set_commit(d->machine, 1, BY_PAGES);
    cxl_dcd_add_accepted(d, { 0, BLOCK }, { 2 * BLOCK, 2 * BLOCK });
    assert_kinds(d, 0, 0, 2, 0);
    g_assert_cmpuint(cxl_dcd_query_count(d, "trapped-by", "incomplete"), ==, 2);
    store(d, 0, 3 * BLOCK, 1);
    assert_absent(d, 1);
    /* Blocks 1 and 2 of the one, 0, 2 and 3 of the other */
    cxl_dcd_add_accepted(other, { BLOCK, 2 * BLOCK });
    assert_kinds(d, 0, 0, 2, 0);
    assert_kinds(d, 1, 0, 1, 0);
    g_assert_cmpint(mappings(d), ==, 1);
    store(d, 1, 2 * BLOCK, 2);
    g_assert_cmphex(load(d, 1, 2 * BLOCK), ==, 2);
    cxl_dcd_add_accepted(other, { 3 * BLOCK, BLOCK });
    assert_kinds(d, 0, 1, 1, 0);
    assert_kinds(d, 1, 1, 1, 0);
    g_assert_cmpint(mappings(d), ==, 1);
    cxl_dcd_add_accepted(other, { 0, BLOCK });
    cxl_dcd_add_accepted(d, { BLOCK, BLOCK });
    assert_kinds(d, 0, 3, 0, 0);
    assert_kinds(d, 1, 3, 0, 0);
    g_assert_cmpint(mappings(d), ==, 1);
    g_assert_cmphex(load(d, 0, 3 * BLOCK), ==, 1);
    g_assert_cmphex(load(d, 1, 2 * BLOCK), ==, 2);
}

/* Each device of a set has its part of it at a DPA of its own */
static void elsewhere(CXLDcdDevice *d)
{
    CXLDcdDevice *other = &d->machine->device[1];
    const uint64_t skip = 256 * CXL_DCD_TEST_MIB;
    const CXLDcdDecoder moved = {
        .hpa = d->machine->window, .size = CXL_DCD_TEST_GIB, .ways_code = 1,
        .granularity_code = BY_PAGES, .skip = other->dc_base + skip,
    };

    cxl_dcd_set_commit(d->machine, 1, BY_PAGES);
    cxl_dcd_decoder_uncommit(d->machine, other->hdm, 0);
    cxl_dcd_decoder_commit(d->machine, other->hdm, &moved);
    cxl_dcd_add_accepted(other, { skip, BLOCK });
    assert_kinds(d, 1, 0, 1, 0);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    assert_kinds(d, 0, 1, 0, 0);
    assert_kinds(d, 1, 1, 0, 0);
    store(d, 0, PAGE, 1);
    store(d, 1, PAGE, 2);
    g_assert_cmphex(load(d, 0, PAGE), ==, 1);
    g_assert_cmphex(load(d, 1, PAGE), ==, 2);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    assert_kinds(d, 1, 0, 1, 0);
    assert_absent(d, 0);
    g_assert_cmphex(load(d, 1, PAGE), ==, 2);
}

/* One access over many pages, as a device's DMA makes it */
static void over_pages(CXLDcdDevice *d)
{
    g_autofree uint8_t *bytes = g_malloc(4 * PAGE);
    unsigned i;

    prepare(d);
    for (i = 0; i < 4 * PAGE; i++) {
        bytes[i] = i / PAGE * 16 + i % 13;
    }
    qtest_memwrite(d->machine->qts, hpa_of(d, 0, PAGE) + 100, bytes,
                   4 * PAGE - 200);
    memset(bytes, 0, 4 * PAGE);
    qtest_memread(d->machine->qts, hpa_of(d, 0, PAGE) + 100, bytes,
                  4 * PAGE - 200);
    for (i = 0; i < 4 * PAGE - 200; i++) {
        g_assert_cmphex(bytes[i], ==, i / PAGE * 16 + i % 13);
    }
    /* The third page of them is device 0's */
    g_assert_cmphex(qtest_readb(d->machine->qts, hpa_of(d, 0, 2 * PAGE)), ==,
                    (2 * PAGE - 100) / PAGE * 16 + (2 * PAGE - 100) % 13);
}

static void given_back(CXLDcdDevice *d)
{
    CXLDcdDevice *other = prepare(d);

    g_assert_cmphex(cxl_dcd_give_back(other, { other->dc_base, BLOCK }), ==,
                    SUCCESS);
    assert_kinds(d, 0, 0, 1, 0);
    assert_absent(d, 1);
    assert_contents(d, 0);
    cxl_dcd_add_accepted(other, { 0, BLOCK });
    assert_kinds(d, 0, 1, 0, 0);
    g_assert_cmphex(load(d, 1, 0), ==, 0);
    assert_contents(d, 0);
}

static void taken_by_force(CXLDcdDevice *d)
{
    prepare(d);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .forced = true);
    assert_absent(d, 0);
    assert_contents(d, 1);
    assert_kinds(d, 1, 0, 1, 0);
}

/* Poison takes a stripe from all of the set, and only that */
static void poisoned(CXLDcdDevice *d)
{
    CXLDcdDevice *other = prepare(d);

    qtest_qmp_assert_success(d->machine->qts,
        "{'execute':'cxl-inject-poison','arguments':{'path':%s,"
        "'start':%" PRIu64 ",'length':64}}", other->path,
        other->dc_base + 8 * PAGE);
    g_assert_cmphex(load(d, 1, 8 * PAGE), ==, UINT64_MAX);
    g_assert_cmphex(load(d, 1, 8 * PAGE + 64), ==, 0);
    g_assert_cmphex(load(d, 0, 8 * PAGE), ==, 0);
    store(d, 0, 8 * PAGE, 5);
    g_assert_cmphex(load(d, 0, 8 * PAGE), ==, 5);
    assert_contents(d, 0);
    assert_contents(d, 1);
    assert_kinds(d, 0, 0, 1, 0);
    g_assert_cmpint(mappings(d), ==, 2);
}

/* A member that does not answer: its part is gone, the rest goes on */
static void disabled(CXLDcdDevice *d)
{
    CXLDcdDevice *other = prepare(d);

    cxl_dcd_device_enable(other, false);
    assert_absent(d, 1);
    assert_contents(d, 0);
    assert_kinds(d, 0, 0, 1, 0);
    cxl_dcd_device_enable(other, true);
    assert_contents(d, 1);
    assert_kinds(d, 0, 1, 0, 0);
    assert_kinds(d, 1, 1, 0, 0);
}

static void uncommitted(CXLDcdDevice *d)
{
    CXLDcdDevice *other = prepare(d);

    cxl_dcd_decoder_uncommit(d->machine, other->hdm, 0);
    assert_absent(d, 1);
    assert_contents(d, 0);
    assert_kinds(d, 1, 0, 0, 1);
    g_assert_cmpint(mappings(d), ==, 0);
    cxl_dcd_set_commit(d->machine, 1, BY_PAGES);
    assert_contents(d, 0);
    assert_contents(d, 1);
    assert_kinds(d, 0, 1, 0, 0);
}

static void unplugged(CXLDcdDevice *d)
{
    CXLDcdDevice *other = prepare(d);

    cxl_dcd_device_unplug(other);
    assert_contents(d, 0);
    g_assert_cmphex(load(d, 1, 0), ==, UINT64_MAX);
    cxl_dcd_device_plug(other);
    assert_absent(d, 1);
    assert_contents(d, 0);
}

static void reset(CXLDcdDevice *d)
{
    prepare(d);
    cxl_dcd_machine_reset(d->machine);
    g_assert_cmpint(mappings(d), ==, 0);
    g_assert_cmphex(load(d, 0, 0), ==, UINT64_MAX);
}

/* The limit leaves the largest pieces mapped */
static void limited(CXLDcdDevice *d)
{
    unsigned i;

    cxl_dcd_set_commit(d->machine, 1, BY_PAGES);
    for (i = 0; i < 2; i++) {
        cxl_dcd_add_accepted(&d->machine->device[i], { 0, BLOCK },
                             { 2 * BLOCK, BLOCK }, { 4 * BLOCK, BLOCK },
                             { 6 * BLOCK, 3 * BLOCK });
    }
    g_assert_cmpint(mappings(d), ==, 2);
    assert_kinds(d, 0, 2, 2, 0);
    for (i = 0; i < 2; i++) {
        store(d, i, 8 * BLOCK, 40 + i);
        store(d, i, 4 * BLOCK, 50 + i);
    }
    for (i = 0; i < 2; i++) {
        g_assert_cmphex(load(d, i, 8 * BLOCK), ==, 40 + i);
        g_assert_cmphex(load(d, i, 4 * BLOCK), ==, 50 + i);
    }
}

static void migrated(void)
{
    static const CXLDcdOptions two = { .devices = 2 };
    g_autofree char *file = g_strdup_printf("%s/cxl-dcd-set-%d.mig",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    CXLDcdMachine *from = cxl_dcd_machine_start(&two), *to;

    prepare(&from->device[0]);
    cxl_dcd_machine_save(from, uri);
    to = cxl_dcd_machine_load(&two, from, uri);
    cxl_dcd_machine_stop(from);
    assert_kinds(&to->device[0], 0, 1, 0, 0);
    assert_kinds(&to->device[0], 1, 1, 0, 0);
    assert_contents(&to->device[0], 0);
    assert_contents(&to->device[0], 1);
    cxl_dcd_machine_stop(to);
    unlink(file);
}

/* Access by access, in turns: what the one device has, the other has not */
static void in_turns(CXLDcdDevice *d)
{
    CXLDcdDevice *other = &d->machine->device[1];
    QTestState *qts = d->machine->qts;
    uint64_t hpa[2];
    unsigned i;

    for (i = 0; i < 2; i++) {
        hpa[i] = cxl_dcd_map_beside(d->machine, i);
    }
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    assert_kinds(d, 0, 0, 1, 0);
    qtest_writeq(qts, hpa[0], 1);
    for (i = 0; i < 2; i++) {
        g_assert_cmphex(qtest_readq(qts, hpa[0]), ==, 1);
        g_assert_cmphex(qtest_readq(qts, hpa[1]), ==, UINT64_MAX);
    }
    qtest_writeq(qts, hpa[0], 3);
    qtest_writeq(qts, hpa[1], 2);
    cxl_dcd_add_accepted(other, { 0, BLOCK });
    g_assert_cmphex(qtest_readq(qts, hpa[0]), ==, 3);
    g_assert_cmphex(qtest_readq(qts, hpa[1]), ==, 0);
    qtest_writeq(qts, hpa[1], 2);
    g_assert_cmphex(qtest_readq(qts, hpa[0]), ==, 3);
    g_assert_cmphex(qtest_readq(qts, hpa[1]), ==, 2);
}

/* QEMU has room for about 2,040 mappings; three devices ask for 3,000 */
#define MANY  1000
#define SMALL CXL_DCD_TEST_BLOCK1

static void many_of_all(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    g_autofree CXLDcdSpan *spans = g_new(CXLDcdSpan, MANY);
    int64_t total = 0;
    unsigned i, k;

    for (i = 0; i < 3; i++) {
        CXLDcdDevice *one = &m->device[i];
        uint64_t hpa = cxl_dcd_map_beside(m, i);

        for (k = 0; k < MANY; k++) {
            spans[k] = (CXLDcdSpan) { 2 * k * SMALL, SMALL };
        }
        cxl_dcd_add_accepted_n(one, spans, MANY);
        qtest_writeq(m->qts, hpa + 2 * (MANY - 1) * SMALL, i + 1);
        total += mappings(one);
    }
    g_assert_cmpint(total, >, MANY);
    g_assert_cmpint(total, <, 2040);
    for (i = 0; i < 3; i++) {
        g_assert_cmphex(qtest_readq(m->qts, m->window + i * CXL_DCD_TEST_GIB +
                                    2 * (MANY - 1) * SMALL), ==, i + 1);
    }
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions two = { .devices = 2 };
    static const CXLDcdOptions few = {
        .devices = 2, .properties = ",\"dc-direct-map-limit\":2",
    };
    static const CXLDcdOptions none = {
        .devices = 2, .properties = ",\"dc-direct-map-limit\":0",
    };
    static const CXLDcdOptions three = {
        .devices = 3, .size = CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":1073741824,\"block-size\":65536}]",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/set/whole-stripes", &two, whole_stripes);
    cxl_dcd_add_case("/cxl-dcd/set/elsewhere", &two, elsewhere);
    cxl_dcd_add_case("/cxl-dcd/set/over-pages", &two, over_pages);
    cxl_dcd_add_case("/cxl-dcd/set/released", &two, given_back);
    cxl_dcd_add_case("/cxl-dcd/set/forced", &two, taken_by_force);
    cxl_dcd_add_case("/cxl-dcd/set/poisoned", &two, poisoned);
    cxl_dcd_add_case("/cxl-dcd/set/disabled", &two, disabled);
    cxl_dcd_add_case("/cxl-dcd/set/uncommitted", &two, uncommitted);
    cxl_dcd_add_case("/cxl-dcd/set/unplugged", &two, unplugged);
    cxl_dcd_add_case("/cxl-dcd/set/reset", &two, reset);
    cxl_dcd_add_case("/cxl-dcd/set/limited", &few, limited);
    cxl_dcd_add_case("/cxl-dcd/map/in-turns", &none, in_turns);
    cxl_dcd_add_case("/cxl-dcd/map/many-of-all-devices", &three, many_of_all);
    g_test_add_func("/cxl-dcd/set/migrated", migrated);
    return g_test_run();
}
