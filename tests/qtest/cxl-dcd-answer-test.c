/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what 4802h and 4803h do when all is well (CXL
 * r3.2 8.2.10.9.9). Refusals are in the update test.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS

/* DPA of a block of region 0 */
static uint64_t at(CXLDcdDevice *d, uint64_t block)
{
    return d->dc_base + block * BLOCK;
}

static void add_accept_all(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 4 * BLOCK, 3 * BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 0), BLOCK },
                                   { at(d, 4), 3 * BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 0), BLOCK },
        { at(d, 4), 3 * BLOCK });
}

/* What was not accepted is free again: it can be offered once more. */
static void add_accept_subset(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 4 * BLOCK, BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 4), BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 4), BLOCK });
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
}

static void add_accept_part(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 8 * BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 2), 3 * BLOCK }),
                    ==, SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 2),
                                               3 * BLOCK });
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 2 * BLOCK },
                                       { 5 * BLOCK, 3 * BLOCK }));
}

static void add_decline(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    cxl_dcd_assert_no_extents(d);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, 0);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
}

/* The empty list is for the oldest group. */
static void add_decline_oldest(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 4), BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 4), BLOCK });
}

static void add_second_region(CXLDcdDevice *d)
{
    const uint64_t block = CXL_DCD_TEST_BLOCK1;
    uint64_t base = d->dc_base + CXL_DCD_TEST_LENGTH;

    cxl_dcd_qmp_add(d, .region = 1, CXL_DCD_EXTENTS({ 3 * block, block }));
    g_assert_cmphex(cxl_dcd_accept(d, { base + 3 * block, block }), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, { base + 3 * block, block });
}

static void add_keeps_tag(CXLDcdDevice *d)
{
    static const uint8_t tag[] = { 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
                                   0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d,
                                   0x1e, 0x1f };
    CXLDcdEvents events;
    CXLDcdExtentList list;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }),
                    .tag = "10111213-1415-1617-1819-1a1b1c1d1e1f");
    events = cxl_dcd_drain_events(d);
    g_assert_cmpmem(g_array_index(events.records, CXLDcdEventRecord,
                                  0).extent.tag, 16, tag, 16);
    cxl_dcd_events_free(&events);
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 0), BLOCK }), ==, SUCCESS);
    list = cxl_dcd_list_extents(d);
    g_assert_cmpmem(g_array_index(list.extents, CXLDcdWireExtent, 0).tag, 16,
                    tag, 16);
    cxl_dcd_extents_free(&list);
}

/* Nothing happens until the command with More = 0 is there. */
static void add_more_chain(CXLDcdDevice *d)
{
    const CXLDcdSpan a = { at(d, 0), BLOCK };
    const CXLDcdSpan b = { at(d, 4), BLOCK };

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 4 * BLOCK, BLOCK }));
    g_assert_cmphex(cxl_dcd_update(d, CXL_DCD_OP_ADD_RESPONSE,
                                   CXL_DCD_UPDATE_MORE, &a, 1), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, 2);
    g_assert_cmphex(cxl_dcd_update(d, CXL_DCD_OP_ADD_RESPONSE, 0, &b, 1), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, a, b);
}

static void release_whole(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, BLOCK }, { 4 * BLOCK, BLOCK });
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 0), BLOCK }), ==, SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 4), BLOCK });
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
}

/* What is left of the extent is in two pieces. */
static void release_middle(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, 8 * BLOCK });
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 3), BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 0), 3 * BLOCK },
        { at(d, 4), 4 * BLOCK });
}

static void release_over_extents(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK },
                                           { 2 * BLOCK, 2 * BLOCK });
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 1), 2 * BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 0), BLOCK },
        { at(d, 3), BLOCK });
}

/* One event may be answered by many commands. */
static void release_in_steps(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, 4 * BLOCK });
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, 4 * BLOCK }));
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 2), 2 * BLOCK }),
                    ==, SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 0), 2 * BLOCK });
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 0), 2 * BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_assert_no_extents(d);
}

static void release_more_chain(CXLDcdDevice *d)
{
    const CXLDcdSpan a = { at(d, 0), BLOCK };
    const CXLDcdSpan b = { at(d, 4), BLOCK };

    cxl_dcd_add_accepted(d, { 0, BLOCK }, { 4 * BLOCK, BLOCK });
    g_assert_cmphex(cxl_dcd_update(d, CXL_DCD_OP_RELEASE, CXL_DCD_UPDATE_MORE,
                                   &a, 1), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "accepted"), ==, 2);
    g_assert_cmphex(cxl_dcd_update(d, CXL_DCD_OP_RELEASE, 0, &b, 1), ==,
                    SUCCESS);
    cxl_dcd_assert_no_extents(d);
}

/* Reserved bits are ignored on receipt. */
static void update_ignores_reserved(CXLDcdDevice *d)
{
    struct CXL_DCD_PACKED {
        CXLDcdUpdateRequest header;
        CXLDcdUpdatedExtent extent;
    } request = {
        .header = { .count = cxl_dcd_put32(1), .flags = 0xfe,
                    .reserved = { 0xff, 0xff, 0xff } },
        .extent = { .start_dpa = cxl_dcd_put64(d->dc_base),
                    .length = cxl_dcd_put64(BLOCK),
                    .reserved = { 1, 2, 3, 4, 5, 6, 7, 8 } },
    };

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmphex(cxl_dcd_command(d, CXL_DCD_OP_ADD_RESPONSE, &request,
                                    sizeof(request), NULL, 0, NULL), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, { at(d, 0), BLOCK });
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/add-response/all", NULL, add_accept_all);
    cxl_dcd_add_case("/cxl-dcd/add-response/subset", NULL, add_accept_subset);
    cxl_dcd_add_case("/cxl-dcd/add-response/part-of-extent", NULL,
                     add_accept_part);
    cxl_dcd_add_case("/cxl-dcd/add-response/decline", NULL, add_decline);
    cxl_dcd_add_case("/cxl-dcd/add-response/decline-oldest", NULL,
                     add_decline_oldest);
    cxl_dcd_add_case("/cxl-dcd/add-response/second-region", NULL,
                     add_second_region);
    cxl_dcd_add_case("/cxl-dcd/add-response/keeps-tag", NULL, add_keeps_tag);
    cxl_dcd_add_case("/cxl-dcd/add-response/more-chain", NULL, add_more_chain);
    cxl_dcd_add_case("/cxl-dcd/add-response/reserved-ignored", NULL,
                     update_ignores_reserved);
    cxl_dcd_add_case("/cxl-dcd/release/whole", NULL, release_whole);
    cxl_dcd_add_case("/cxl-dcd/release/middle", NULL, release_middle);
    cxl_dcd_add_case("/cxl-dcd/release/over-extents", NULL,
                     release_over_extents);
    cxl_dcd_add_case("/cxl-dcd/release/in-steps", NULL, release_in_steps);
    cxl_dcd_add_case("/cxl-dcd/release/more-chain", NULL, release_more_chain);
    return g_test_run();
}
