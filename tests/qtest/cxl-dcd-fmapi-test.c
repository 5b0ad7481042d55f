/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: FM API commands 5600h to 5608h in raw frames
 *
 * CXL r3.2 7.6.7.6: each command's good case and the bad values of each field.
 * A refused command must leave no trace: every table of bad fields compares
 * all that host, fabric manager and operator can see.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client-fm.h"

#define MIB        CXL_DCD_TEST_MIB
#define GIB        CXL_DCD_TEST_GIB
#define BLOCK      CXL_DCD_TEST_BLOCK
#define BLOCK1     CXL_DCD_TEST_BLOCK1
#define SUCCESS    CXL_DCD_RC_SUCCESS
#define ADD        CXL_DCD_OP_FM_INITIATE_ADD
#define RELEASE    CXL_DCD_OP_FM_INITIATE_RELEASE
#define SHARED     2                /* region that can be shared */

static CXLDcdOptions options = {
    .size = 2 * GIB,
    .regions = "[{\"size\":1073741824,\"block-size\":2097152},"
               "{\"size\":536870912,\"block-size\":65536},"
               "{\"size\":268435456,\"flags\":[\"sharable\"]}]",
    /* Little, to come to the end of it */
    .properties = ",\"dc-max-extents\":64,\"dc-max-tags\":4",
};

static const uint8_t tag[16] = { 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
                                 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e };
static const uint8_t no_tag[16];

/* A request with one listed extent behind it, which not every policy uses */
typedef struct QEMU_PACKED Initiate {
    CXLDcdFmInitiateRequest head;
    CXLDcdWireExtent extent;
} Initiate;

static Initiate initiate(uint8_t policy, uint64_t length, const uint8_t *name,
                         uint64_t dpa)
{
    Initiate request = { .head.policy = policy };

    memcpy(request.head.tag, name, 16);
    if (dpa == UINT64_MAX) {
        request.head.length = cxl_dcd_put64(length);
    } else {
        request.head.extent_count = cxl_dcd_put32(1);
        request.extent.start_dpa = cxl_dcd_put64(dpa);
        request.extent.length = cxl_dcd_put64(length);
        memcpy(request.extent.tag, name, 16);
    }
    return request;
}

/* Send it, with its extent only when it counts one */
static uint16_t run(CXLDcdFmLine *l, uint16_t opcode, const Initiate *request)
{
    return cxl_dcd_fm_ask(l, opcode, request, sizeof(request->head) +
                          (cxl_dcd_get32(request->head.extent_count) ?
                           sizeof(request->extent) : 0), NULL, 0);
}

/* --- Bad fields --- */

typedef struct BadField {
    size_t offset;
    size_t size;
    uint64_t value;
    uint16_t code;
} BadField;

#define BAD(struct_, field, value_, code_) \
    { offsetof(struct_, field), sizeof_field(struct_, field), value_, code_ }
#define BAD_FIELD(field, value_, code_) \
    BAD(CXLDcdFmInitiateRequest, field, value_, code_)
#define BAD_EXTENT(field, value_, code_) \
    BAD(Initiate, extent.field, value_, code_)

/* @request is good but for one field at a time; nothing may change. */
static void assert_refused(CXLDcdDevice *d, CXLDcdFmLine *l, uint16_t opcode,
                           const void *request, size_t len,
                           const BadField *bad, size_t count)
{
    char *before = cxl_dcd_snapshot(d);
    size_t i, answer_len, byte;
    uint8_t answer[1024];

    for (i = 0; i < count; i++) {
        g_autofree uint8_t *wrong = g_memdup2(request, len);
        uint16_t code;

        for (byte = 0; byte < bad[i].size; byte++) {
            wrong[bad[i].offset + byte] = byte < 8 ?
                                          bad[i].value >> 8 * byte : 0;
        }
        code = cxl_dcd_fm_command(l, opcode, wrong, len, answer, &answer_len);
        if (code != bad[i].code) {
            g_test_message("%04xh, bad field %zu", opcode, i);
        }
        g_assert_cmphex(code, ==, bad[i].code);
    }
    cxl_dcd_assert_unchanged(d, before);
}
#define ASSERT_REFUSED(d, l, opcode, request, bad) \
    assert_refused(d, l, opcode, &(request), sizeof(request), bad, \
                   G_N_ELEMENTS(bad))

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
    cxl_dcd_add_case("/cxl-dcd/fmapi/add/good", &options, add_good);
    cxl_dcd_add_case("/cxl-dcd/fmapi/add/bad-fields", &options, add_bad);
    cxl_dcd_add_case("/cxl-dcd/fmapi/add/bad-extents", &options,
                     add_bad_extents);
    cxl_dcd_add_case("/cxl-dcd/fmapi/add/limits", &options, add_limits);
    cxl_dcd_add_case("/cxl-dcd/fmapi/release/good", &options, release_good);
    cxl_dcd_add_case("/cxl-dcd/fmapi/release/bad-fields", &options,
                     release_bad);
    cxl_dcd_add_case("/cxl-dcd/fmapi/references", &options, references);
    cxl_dcd_add_case("/cxl-dcd/fmapi/tags-bad", &options, tags_bad);
    return g_test_run();
}
