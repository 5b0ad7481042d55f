/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: FM API commands 5604h and 5605h in raw frames:
 * Initiate Dynamic Capacity Add, Release
 */
#include "qemu/osdep.h"
#include "cxl-dcd-fmapi-test.h"

/* --- 5604h --- */

static void add_good(CXLDcdDevice *d)
{
    Initiate add = initiate(CXL_DCD_POLICY_FREE, 2 * BLOCK, no_tag, -1);
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint64_t base = d->dc_base, high = base + 256 * BLOCK;
    char *before;

    /* Two blocks are free, not side by side: for Free, not for Contiguous */
    cxl_dcd_add_accepted(d, { BLOCK, 255 * BLOCK },
                         { 257 * BLOCK, 255 * BLOCK });
    g_assert_cmphex(run(&l, ADD, &add), ==, SUCCESS);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_ADD, { base, BLOCK },
                               { high, BLOCK });
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    add.head.policy = CXL_DCD_POLICY_CONTIGUOUS | 0xf0;  /* reserved bits */
    before = cxl_dcd_snapshot(d);
    g_assert_cmphex(run(&l, ADD, &add), ==, CXL_DCD_RC_RESOURCES_EXHAUSTED);
    cxl_dcd_assert_unchanged(d, before);
    add.head.length = cxl_dcd_put64(BLOCK);
    g_assert_cmphex(run(&l, ADD, &add), ==, SUCCESS);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_ADD, { base, BLOCK });
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    /* Prescriptive: just that; region and length are reserved. */
    add = initiate(CXL_DCD_POLICY_PRESCRIPTIVE, BLOCK, tag, high);
    add.head.region = 7;
    add.head.length = cxl_dcd_put64(1);
    g_assert_cmphex(run(&l, ADD, &add), ==, SUCCESS);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_ADD, { high, BLOCK });
    g_assert_cmphex(cxl_dcd_accept(d, { high, BLOCK }), ==, SUCCESS);
    cxl_dcd_assert_extents(d, { base + BLOCK, 255 * BLOCK }, { high, BLOCK },
                           { base + 257 * BLOCK, 255 * BLOCK });
    cxl_dcd_fm_close(&l);
}

static void add_bad(CXLDcdDevice *d)
{
    static const BadField bad[] = {
        BAD_FIELD(host_id, 1, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(host_id, 0xffff, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(policy, 4, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(policy, 15, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(region, 3, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(region, 255, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(length, 0, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(length, BLOCK + 1, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(length, 2 * GIB, CXL_DCD_RC_RESOURCES_EXHAUSTED),
        BAD_FIELD(length, -(uint64_t)BLOCK, CXL_DCD_RC_RESOURCES_EXHAUSTED),
        /* Sharable capacity needs a tag. */
        BAD_FIELD(region, SHARED, CXL_DCD_RC_INVALID_INPUT),
        /* Nothing has the tag that is to be shared. */
        BAD_FIELD(policy, CXL_DCD_POLICY_SHARED_ACCESS,
                  CXL_DCD_RC_INVALID_INPUT),
    };
    Initiate add = initiate(CXL_DCD_POLICY_FREE, BLOCK, no_tag, -1);
    CXLDcdFmLine l = cxl_dcd_fm_connect();

    ASSERT_REFUSED(d, &l, ADD, add.head, bad);
    g_assert_cmphex(run(&l, ADD, &add), ==, SUCCESS);
    cxl_dcd_fm_close(&l);
}

static void add_bad_extents(CXLDcdDevice *d)
{
    static const BadField bad[] = {
        BAD_FIELD(host_id, 1, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(extent_count, 0, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_FIELD(extent_count, 2, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH),
        BAD_FIELD(extent_count, UINT32_MAX, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH),
        BAD_FIELD(extent_count, 0x06666667, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH),
        BAD_EXTENT(length, 0, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(length, BLOCK - 1, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(length, 2 * GIB, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(length, UINT64_MAX - BLOCK + 1,
                   CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(start_dpa, BLOCK / 2, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(start_dpa, 1ULL << 50, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(start_dpa, 4 * BLOCK, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(start_dpa, 8 * BLOCK, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(sequence, 1, CXL_DCD_RC_INVALID_EXTENT_LIST),
    };
    Initiate add = initiate(CXL_DCD_POLICY_PRESCRIPTIVE, BLOCK, no_tag, BLOCK);
    CXLDcdFmLine l = cxl_dcd_fm_connect();

    g_assert_cmphex(d->dc_base, ==, 0);
    cxl_dcd_add_accepted(d, { 4 * BLOCK, BLOCK });
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    ASSERT_REFUSED(d, &l, ADD, add, bad);
    g_assert_cmphex(run(&l, ADD, &add), ==, SUCCESS);
    cxl_dcd_fm_close(&l);
}

/* No more to be tracked: Resources Exhausted; a full log: Retry Required */
static void add_limits(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    Initiate add = initiate(CXL_DCD_POLICY_PRESCRIPTIVE, BLOCK, no_tag, 0);
    uint16_t code = SUCCESS;
    unsigned i;
    char *before;

    for (i = 0; i < 65 && code == SUCCESS; i++) {
        add.extent.start_dpa = cxl_dcd_put64(2 * i * BLOCK);
        before = cxl_dcd_snapshot(d);
        code = run(&l, ADD, &add);
        if (code == SUCCESS) {
            g_free(before);
        }
    }
    g_assert_cmpuint(i, ==, 65);
    g_assert_cmphex(code, ==, CXL_DCD_RC_RESOURCES_EXHAUSTED);
    cxl_dcd_assert_unchanged(d, before);
    cxl_dcd_fm_close(&l);
}

/* --- 5605h --- */

static void release_good(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    Initiate in = initiate(CXL_DCD_POLICY_FREE, 2 * BLOCK, tag, -1);
    uint64_t base = d->dc_base;

    g_assert_cmphex(run(&l, ADD, &in), ==, SUCCESS);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_ADD, { base, 2 * BLOCK });
    g_assert_cmphex(cxl_dcd_accept(d, { base, 2 * BLOCK }), ==, SUCCESS);
    /* By tag: asked, and given back */
    in = initiate(CXL_DCD_REMOVE_TAG, 2 * BLOCK, tag, -1);
    g_assert_cmphex(run(&l, RELEASE, &in), ==, SUCCESS);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_RELEASE, { base, 2 * BLOCK });
    cxl_dcd_assert_extents(d, { base, 2 * BLOCK });
    /* Length 0 is all of the tag. */
    in.head.length = cxl_dcd_put64(0);
    g_assert_cmphex(run(&l, RELEASE, &in), ==, SUCCESS);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_RELEASE, { base, 2 * BLOCK });
    /* Listed, by force: gone at once */
    in = initiate(CXL_DCD_REMOVE_PRESCRIPTIVE | CXL_DCD_REMOVE_FORCED, BLOCK,
                  no_tag, base);
    g_assert_cmphex(run(&l, RELEASE, &in), ==, SUCCESS);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_FORCED_RELEASE,
                               { base, BLOCK });
    cxl_dcd_assert_extents(d, { base + BLOCK, BLOCK });
    /* ... and to be erased */
    in.head.policy |= CXL_DCD_REMOVE_SANITIZE | 0xc0;   /* reserved bits */
    in.extent.start_dpa = cxl_dcd_put64(base + BLOCK);
    g_assert_cmphex(run(&l, RELEASE, &in), ==, SUCCESS);
    cxl_dcd_assert_no_extents(d);
    cxl_dcd_drop_events(d);
    cxl_dcd_fm_close(&l);
}

static void release_bad(CXLDcdDevice *d)
{
    static const BadField bad[] = {
        BAD_FIELD(host_id, 1, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(policy, 2, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(policy, 15, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(length, BLOCK + 1, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(length, 3 * BLOCK, CXL_DCD_RC_RESOURCES_EXHAUSTED),
        BAD_FIELD(tag, 7, CXL_DCD_RC_INVALID_INPUT),
    };
    static const BadField bad_extent[] = {
        BAD_FIELD(host_id, 1, CXL_DCD_RC_INVALID_INPUT),
        BAD_FIELD(extent_count, 0, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_FIELD(extent_count, 2, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH),
        BAD_EXTENT(length, 0, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(length, BLOCK + 1, CXL_DCD_RC_INVALID_EXTENT_LIST),
        BAD_EXTENT(length, 3 * BLOCK, CXL_DCD_RC_INVALID_PA),
        BAD_EXTENT(start_dpa, 1, CXL_DCD_RC_INVALID_EXTENT_LIST),
        /* Not the host's; not even there; only offered and not forced */
        BAD_EXTENT(start_dpa, 16 * BLOCK, CXL_DCD_RC_INVALID_PA),
        BAD_EXTENT(start_dpa, 1ULL << 50, CXL_DCD_RC_INVALID_PA),
        BAD_EXTENT(start_dpa, 8 * BLOCK, CXL_DCD_RC_INVALID_PA),
    };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    Initiate in = initiate(CXL_DCD_POLICY_FREE, 2 * BLOCK, tag, -1);

    g_assert_cmphex(run(&l, ADD, &in), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_accept(d, { 0, 2 * BLOCK }), ==, SUCCESS);
    cxl_dcd_drop_events(d);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    in = initiate(CXL_DCD_REMOVE_TAG, BLOCK, tag, -1);
    ASSERT_REFUSED(d, &l, RELEASE, in.head, bad);
    in = initiate(CXL_DCD_REMOVE_PRESCRIPTIVE, BLOCK, no_tag, 0);
    ASSERT_REFUSED(d, &l, RELEASE, in, bad_extent);
    g_assert_cmphex(run(&l, RELEASE, &in), ==, SUCCESS);
    cxl_dcd_fm_close(&l);
}

int main(int argc, char **argv)
{
    cxl_dcd_fm_options(&options, options.properties);
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/fmapi/add/good", &options, add_good);
    cxl_dcd_add_case("/cxl-dcd/fmapi/add/bad-fields", &options, add_bad);
    cxl_dcd_add_case("/cxl-dcd/fmapi/add/bad-extents", &options,
                     add_bad_extents);
    cxl_dcd_add_case("/cxl-dcd/fmapi/add/limits", &options, add_limits);
    cxl_dcd_add_case("/cxl-dcd/fmapi/release/good", &options, release_good);
    cxl_dcd_add_case("/cxl-dcd/fmapi/release/bad-fields", &options,
                     release_bad);
    return g_test_run();
}
