/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: FM API commands 5600h to 5603h and 5606h to
 * 5608h in raw frames: what the device is, who has what, references
 */
#include "qemu/osdep.h"
#include "cxl-dcd-fmapi-test.h"

/* --- 5600h to 5603h --- */

static void info(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    CXLDcdFmInfoResponse r;

    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_INFO, NULL, 0, &r,
                                   sizeof(r)), ==, SUCCESS);
    g_assert_cmpuint(r.hosts, ==, 1);
    g_assert_cmpuint(r.regions, ==, 3);
    g_assert_cmphex(cxl_dcd_get16(r.add_policies), ==, 0x7);
    g_assert_cmphex(cxl_dcd_get16(r.removal_policies), ==, 0x3);
    g_assert_cmphex(r.sanitize_configurable, ==, 0x7);
    g_assert_cmpuint(cxl_dcd_get64(r.total_capacity), ==, 4 + 2 + 1);
    /* 2^6 up to the largest power of two that divides the region */
    g_assert_cmphex(cxl_dcd_get64(r.block_sizes[0]), ==, 0x7fffffc0);
    g_assert_cmphex(cxl_dcd_get64(r.block_sizes[1]), ==, 0x3fffffc0);
    g_assert_cmphex(cxl_dcd_get64(r.block_sizes[2]), ==, 0x1fffffc0);
    cxl_dcd_fm_close(&l);
}

static void region_config(CXLDcdDevice *d)
{
    static const BadField bad[] = {
        BAD(CXLDcdFmRegionConfigRequest, host_id, 1,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmRegionConfigRequest, host_id, 0xffff,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmRegionConfigRequest, start_region, 3,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmRegionConfigRequest, start_region, 255,
            CXL_DCD_RC_INVALID_INPUT),
    };
    CXLDcdFmRegionConfigRequest in = { .region_count = 255 };
    struct QEMU_PACKED {
        CXLDcdFmRegionConfigResponse head;
        CXLDcdFmRegion region[3];
        CXLDcdWireCounters counters;
    } r;
    CXLDcdFmLine l = cxl_dcd_fm_connect();

    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_REGION_CONFIG, &in,
                                   sizeof(in), &r, sizeof(r)), ==, SUCCESS);
    g_assert_cmpuint(r.head.available_regions, ==, 3);
    g_assert_cmpuint(r.head.returned_regions, ==, 3);
    g_assert_cmphex(cxl_dcd_get64(r.region[0].base), ==, d->dc_base);
    g_assert_cmpuint(cxl_dcd_get64(r.region[0].decode_length), ==, 4);
    g_assert_cmpuint(cxl_dcd_get64(r.region[1].length), ==, 512 * MIB);
    g_assert_cmpuint(cxl_dcd_get64(r.region[1].block_size), ==, BLOCK1);
    g_assert_cmphex(r.region[SHARED].attributes, ==, CXL_DCD_REGION_SHARABLE);
    g_assert_cmpuint(cxl_dcd_get32(r.counters.supported_extents), ==, 64);
    g_assert_cmpuint(cxl_dcd_get32(r.counters.available_tags), ==, 4);
    ASSERT_REFUSED(d, &l, CXL_DCD_OP_FM_GET_REGION_CONFIG, in, bad);
    /* The last one alone; none at all: the counters */
    in.start_region = 2;
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_REGION_CONFIG, &in,
                                   sizeof(in), &r, sizeof(r) - 80), ==,
                    SUCCESS);
    g_assert_cmpuint(r.head.returned_regions, ==, 1);
    in.region_count = 0;
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_REGION_CONFIG, &in,
                                   sizeof(in), &r, 4 + 16), ==, SUCCESS);
    cxl_dcd_fm_close(&l);
}

static void set_region(CXLDcdDevice *d)
{
    static const BadField bad[] = {
        BAD(CXLDcdFmSetRegionRequest, region, 3,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmSetRegionRequest, region, 8,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmSetRegionRequest, block_size, 0,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmSetRegionRequest, block_size, 32,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmSetRegionRequest, block_size, 3 * MIB,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmSetRegionRequest, block_size, 1ULL << 63,
            CXL_DCD_RC_INVALID_INPUT),
    };
    CXLDcdFmSetRegionRequest in = {
        .region = 1, .block_size = cxl_dcd_put64(MIB), .sanitize = 1,
    };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    const CXLDcdEventRecord *record;
    CXLDcdHostConfig config;
    CXLDcdEvents events;

    ASSERT_REFUSED(d, &l, CXL_DCD_OP_FM_SET_REGION_CONFIG, in, bad);
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_SET_REGION_CONFIG, in),
                    ==, SUCCESS);
    events = cxl_dcd_drain_events(d);
    g_assert_cmpuint(events.records->len, ==, 1);
    record = &g_array_index(events.records, CXLDcdEventRecord, 0);
    g_assert_cmphex(record->type, ==, CXL_DCD_EVENT_REGION_CONFIG);
    g_assert_cmpuint(record->region_index, ==, 1);
    cxl_dcd_events_free(&events);
    g_assert_cmphex(cxl_dcd_get_config(d, 1, 1, &config), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get64(config.region[0].block_size), ==, MIB);
    g_assert_cmphex(config.region[0].flags, ==, CXL_DCD_REGION_SANITIZE);

    /* Refused while capacity of the region is out, be it only offered */
    cxl_dcd_qmp_add(d, .region = 1, CXL_DCD_EXTENTS({ 0, MIB }));
    in.block_size = cxl_dcd_put64(2 * MIB);
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_SET_REGION_CONFIG, in),
                    ==, CXL_DCD_RC_UNSUPPORTED);
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_SET_REGION_CONFIG, in),
                    ==, SUCCESS);
    cxl_dcd_fm_close(&l);
}

static void extent_lists(CXLDcdDevice *d)
{
    static const BadField bad[] = {
        BAD(CXLDcdFmExtentListRequest, host_id, 1,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmExtentListRequest, start_index, 31,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmExtentListRequest, start_index, UINT32_MAX,
            CXL_DCD_RC_INVALID_INPUT),
    };
    CXLDcdFmExtentListRequest in = { .extent_count = cxl_dcd_put32(-1) };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    struct QEMU_PACKED {
        CXLDcdFmExtentListResponse head;
        CXLDcdWireExtent extent[25];
    } r;
    CXLDcdExtentList list;
    CXLDcdSpan spans[30];
    unsigned i;

    for (i = 0; i < 30; i++) {
        spans[i] = (CXLDcdSpan) { 2 * i * BLOCK, BLOCK };
    }
    cxl_dcd_add_accepted_n(d, spans, 30);
    /* 25 fit into 1024 bytes; the rest by index; the host sees the same. */
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_EXTENT_LISTS, &in,
                                   sizeof(in), &r, sizeof(r)), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(r.head.returned), ==, 25);
    g_assert_cmpuint(cxl_dcd_get32(r.head.total), ==, 30);
    list = cxl_dcd_list_extents(d);
    g_assert_cmpuint(cxl_dcd_get32(r.head.generation), ==, list.generation);
    g_assert_cmpmem(r.extent, sizeof(r.extent), list.extents->data,
                    25 * sizeof(CXLDcdWireExtent));
    in.start_index = cxl_dcd_put32(25);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_EXTENT_LISTS, &in,
                                   sizeof(in), &r,
                                   sizeof(r.head) + 5 * sizeof(r.extent[0])),
                    ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(r.head.start_index), ==, 25);
    g_assert_cmpmem(r.extent, 5 * sizeof(CXLDcdWireExtent),
                    list.extents->data + 25 * sizeof(CXLDcdWireExtent),
                    5 * sizeof(CXLDcdWireExtent));
    cxl_dcd_extents_free(&list);
    /* None: behind the last, or asked for 0 */
    in.start_index = cxl_dcd_put32(30);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_EXTENT_LISTS, &in,
                                   sizeof(in), &r, sizeof(r.head)), ==,
                    SUCCESS);
    in.extent_count = cxl_dcd_put32(0);
    in.start_index = cxl_dcd_put32(0);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_EXTENT_LISTS, &in,
                                   sizeof(in), &r, sizeof(r.head)), ==,
                    SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(r.head.total), ==, 30);
    ASSERT_REFUSED(d, &l, CXL_DCD_OP_FM_GET_EXTENT_LISTS, in, bad);
    cxl_dcd_fm_close(&l);
}

/* --- 5606h to 5608h --- */

typedef struct QEMU_PACKED TagList {
    CXLDcdFmListTagsResponse head;
    CXLDcdFmTag tag[1];
} TagList;

static TagList list_tags(CXLDcdFmLine *l, unsigned count)
{
    const CXLDcdFmListTagsRequest in = { .max_tags = cxl_dcd_put32(12) };
    TagList list = { 0 };

    g_assert_cmphex(cxl_dcd_fm_ask(l, CXL_DCD_OP_FM_LIST_TAGS, &in, sizeof(in),
                                   &list, sizeof(list.head) +
                                   count * sizeof(list.tag[0])), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(list.head.total), ==, count);
    g_assert_cmpuint(cxl_dcd_get32(list.head.returned), ==, count);
    g_assert_cmphex(list.head.validity, ==, CXL_DCD_TAGS_REFERENCES_VALID |
                                            CXL_DCD_TAGS_PENDING_VALID);
    return list;
}

static void references(CXLDcdDevice *d)
{
    Initiate in = initiate(CXL_DCD_POLICY_FREE, BLOCK, tag, -1);
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint64_t base;
    uint32_t generation;
    TagList list;
    CXLDcdHostConfig config;

    g_assert_cmphex(cxl_dcd_get_config(d, 1, SHARED, &config), ==, SUCCESS);
    base = cxl_dcd_get64(config.region[0].base);
    generation = cxl_dcd_get32(list_tags(&l, 0).head.generation);
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_ADD_REFERENCE, tag), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    in.head.region = SHARED;
    g_assert_cmphex(run(&l, ADD, &in), ==, SUCCESS);
    list = list_tags(&l, 1);
    g_assert_cmpuint(cxl_dcd_get32(list.head.generation), !=, generation);
    g_assert_cmpmem(list.tag[0].tag, 16, tag, 16);
    g_assert_cmphex(list.tag[0].pending[0], ==, 1);
    g_assert_cmphex(list.tag[0].accepted[0], ==, 0);
    g_assert_cmphex(cxl_dcd_accept(d, { base, BLOCK }), ==, SUCCESS);
    list = list_tags(&l, 1);
    g_assert_cmphex(list.tag[0].pending[0], ==, 0);
    g_assert_cmphex(list.tag[0].accepted[0], ==, 1);
    g_assert_cmphex(list.tag[0].flags, ==, 0);
    /* Held by us, twice is once; then no host has it, and it is there. */
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_ADD_REFERENCE, tag), ==,
                    SUCCESS);
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_ADD_REFERENCE, tag), ==,
                    SUCCESS);
    g_assert_cmphex(cxl_dcd_give_back(d, { base, BLOCK }), ==, SUCCESS);
    list = list_tags(&l, 1);
    g_assert_cmphex(list.tag[0].flags, ==, CXL_DCD_TAG_FM_REFERENCE);
    g_assert_cmphex(list.tag[0].accepted[0], ==, 0);
    /* Enable Shared Access offers it again; the last reference frees it. */
    in.head.policy = CXL_DCD_POLICY_SHARED_ACCESS;
    in.head.length = cxl_dcd_put64(0);
    g_assert_cmphex(run(&l, ADD, &in), ==, SUCCESS);
    g_assert_cmphex(list_tags(&l, 1).tag[0].pending[0], ==, 1);
    g_assert_cmphex(run(&l, ADD, &in), ==, CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_REMOVE_REFERENCE, tag),
                    ==, SUCCESS);
    list_tags(&l, 0);
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_REMOVE_REFERENCE, tag),
                    ==, CXL_DCD_RC_INVALID_INPUT);
    cxl_dcd_fm_close(&l);
}

static void tags_bad(CXLDcdDevice *d)
{
    static const BadField bad[] = {
        BAD(CXLDcdFmListTagsRequest, start_index, 1,
            CXL_DCD_RC_INVALID_INPUT),
        BAD(CXLDcdFmListTagsRequest, start_index, UINT32_MAX,
            CXL_DCD_RC_INVALID_INPUT),
    };
    CXLDcdFmListTagsRequest in = { .max_tags = cxl_dcd_put32(-1) };
    CXLDcdFmLine l = cxl_dcd_fm_connect();

    ASSERT_REFUSED(d, &l, CXL_DCD_OP_FM_LIST_TAGS, in, bad);
    /* A tag that cannot be shared has no references. */
    cxl_dcd_qmp_add(d, .tag = "10111213-1415-1617-1819-1a1b1c1d1e00",
                    CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_ADD_REFERENCE, tag), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_ADD_REFERENCE, no_tag),
                    ==, CXL_DCD_RC_INVALID_INPUT);
    cxl_dcd_fm_close(&l);
}

int main(int argc, char **argv)
{
    cxl_dcd_fm_options(&options, options.properties);
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/fmapi/info", &options, info);
    cxl_dcd_add_case("/cxl-dcd/fmapi/region-config", &options, region_config);
    cxl_dcd_add_case("/cxl-dcd/fmapi/set-region", &options, set_region);
    cxl_dcd_add_case("/cxl-dcd/fmapi/extent-lists", &options, extent_lists);
    cxl_dcd_add_case("/cxl-dcd/fmapi/references", &options, references);
    cxl_dcd_add_case("/cxl-dcd/fmapi/tags-bad", &options, tags_bad);
    return g_test_run();
}
