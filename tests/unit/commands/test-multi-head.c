/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fabric manager's commands on a head of a pool: 5500h, 5501h, and 56xxh
 * about hosts that are other processes (here: another opening of the file)
 */
#include <glib/gstdio.h>
#include <string.h>
#include "tests/unit/fixture.h"
#include "hw/cxl/dcd/pool.h"

#define POOL_SIZE (512 * MIB)
#define HOSTS 12

typedef struct World {
    Fixture *f;
    CXLDcdPool *mine;
    CXLDcdPool *others;           /* hosts 2 and 3; 4 was there once */
    char *dir;
    char *path;
} World;

static CXLDcdPool *open_pool(const World *w)
{
    const CXLDcdPoolConfig config = { .size = POOL_SIZE, .block_size = BLOCK,
                                      .max_hosts = HOSTS };
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool = cxl_dcd_pool_open(w->path, &config, &error);

    g_assert_no_error(error);
    return pool;
}

static void attach(CXLDcdPool *pool, uint32_t host, uint32_t read_only)
{
    const CXLDcdPoolRegion regions[2] = {
        { .count = 128, .decode_length = GIB },
        { .first = 128, .count = 128, .decode_length = 256 * MIB,
          .attributes = CXL_DCD_REGION_SHARABLE, .sanitize = 1 },
    };
    const CXLDcdPoolHead head = {
        .base = REGION0 * (host + 1), .max_extents = 100, .max_tags = 10,
        .read_only = read_only,
    };
    g_autoptr(GError) error = NULL;

    g_assert_true(cxl_dcd_pool_attach(pool, host, &error) &&
                  cxl_dcd_pool_set_head(pool, host, regions, 2, &head,
                                        &error));
}

static void claim(CXLDcdPool *pool, uint32_t host, uint64_t first,
                  uint64_t count, char tag, bool shared)
{
    CXLDcdPoolExtent extent = { .range = { first, count } };
    g_autoptr(GError) error = NULL;

    memset(extent.tag, tag, sizeof(extent.tag));
    cxl_dcd_pool_claim(pool, host, &extent, 1, shared, &error);
    g_assert_no_error(error);
}

static void accept(CXLDcdPool *pool, uint32_t host, uint64_t first,
                   uint64_t count)
{
    CXLDcdPoolRange range = { first, count };

    g_assert_true(cxl_dcd_pool_accept(pool, host, &range, NULL));
}

static World *world_new(void)
{
    const CXLDcdHeadInfo link = { .max_width = 16, .current_width = 8,
                                  .speeds = 0x1f, .max_speed = 5,
                                  .current_speed = 4 };
    World *w = g_new0(World, 1);

    w->dir = g_dir_make_tmp("dcd-pool-XXXXXX", NULL);
    w->path = g_build_filename(w->dir, "pool", NULL);
    w->f = fixture_new(16);
    w->mine = open_pool(w);
    attach(w->mine, HOST_ID, 0);
    w->others = open_pool(w);
    attach(w->others, 2, 0);
    attach(w->others, 3, 2);
    attach(w->others, 4, 0);
    cxl_dcd_pool_detach(w->others, 4);
    claim(w->others, 2, 130, 4, 'S', true);
    accept(w->others, 2, 130, 4);
    g_assert_true(cxl_dcd_pool_share(w->others, 3, (const uint8_t *)
                                     "SSSSSSSSSSSSSSSS", NULL));
    claim(w->others, 2, 10, 5, 0, false);
    claim(w->others, 2, 20, 2, 'T', false);
    accept(w->others, 2, 20, 2);
    cxl_dcd_fm_cci_set_pool(w->f->cci, w->mine, &link);
    return w;
}

static void world_free(World *w)
{
    fixture_free(w->f);
    cxl_dcd_pool_close(w->mine);
    cxl_dcd_pool_close(w->others);
    g_unlink(w->path);
    g_rmdir(w->dir);
    g_free(w->path);
    g_free(w->dir);
    g_free(w);
}

static uint16_t pair(Fixture *f, uint16_t opcode, uint8_t start, uint8_t max)
{
    const uint8_t in[] = { start, max };

    return fm(f, opcode, in, sizeof(in));
}

static void multi_headed(void)
{
    World *w = world_new();
    Fixture *f = w->f;

    g_assert_rc(pair(f, 0x5500, 2, 255), SUCCESS);
    g_assert_cmpmem(f->out, f->out_len, "\x0c\x0c\0\0\x02\x0a\0\0"
                    "\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b", 18);
    g_assert_rc(pair(f, 0x5500, 11, 0), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 8);
    g_assert_rc(pair(f, 0x5500, 12, 1), INVALID_INPUT);
    g_assert_rc(fm(f, 0x5500, "\0", 1), INVALID_PAYLOAD_LENGTH);
    world_free(w);
}

static void heads(void)
{
    World *w = world_new();
    Fixture *f = w->f;

    g_assert_rc(pair(f, 0x5501, 3, 2), SUCCESS);
    /* Host 3 is alive, host 4 was */
    g_assert_cmpmem(f->out, f->out_len, "\x02\0\0\0"
                    "\x03\x10\x08\x1f\x05\x04\x04\0\0"
                    "\x04\x10\0\x1f\x05\0\x08\0\0", 22);
    g_assert_rc(pair(f, 0x5501, 0, 255), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 4 + HOSTS * 9);
    g_assert_cmphex(f->out[4 + 6], ==, CXL_DCD_LTSSM_L0);
    g_assert_rc(pair(f, 0x5501, 12, 1), INVALID_INPUT);
    g_assert_rc(fm(f, 0x5501, "\0\0\0", 3), INVALID_PAYLOAD_LENGTH);
    world_free(w);
}

/* Without a pool there are no such commands, nor a way to its CCI */
static void no_pool(void)
{
    Fixture *f = fixture_new(16);
    CXLDcdFmRegionConfigRequest in = { .host_id = cxl_dcd_put16(2),
                                       .region_count = 8 };

    g_assert_rc(pair(f, 0x5500, 0, 1), UNSUPPORTED);
    g_assert_rc(pair(f, 0x5501, 0, 1), UNSUPPORTED);
    g_assert_rc(fm(f, 0x5601, &in, sizeof(in)), INVALID_INPUT);
    fixture_free(f);
}

/* 5300h to the LD pool: the same commands, and the log of commands says so */
static void tunnel(void)
{
    static const uint8_t info[] = {
        0, 1, 14, 0,                      /* LD pool, 14 bytes of message */
        0, 0x5a, 0, 0x00, 0x55, 2, 0, 0, 0, 0, 0, 0, 0, 4,
    };
    static const uint8_t logs[] = {
        0, 1, 12, 0, 0, 0x5a, 0, 0x00, 0x04, 0, 0, 0, 0, 0, 0, 0,
    };
    World *w = world_new();
    Fixture *f = w->f;
    size_t direct;

    g_assert_rc(fm(f, 0x5300, info, sizeof(info)), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 16 + 8 + 4);
    g_assert_cmpmem(f->out + 12, 2, "\0\0", 2);
    g_assert_cmpmem(f->out + 16, 12, "\x0c\x0c\0\0\0\x04\0\0\0\1\2\3", 12);
    g_assert_rc(fm(f, 0x0400, NULL, 0), SUCCESS);
    direct = f->out[8 + 16] | f->out[8 + 17] << 8;
    g_assert_rc(fm(f, 0x5300, logs, sizeof(logs)), SUCCESS);
    /* Less the tunnel itself */
    g_assert_cmpuint(f->out[16 + 8 + 16] | f->out[16 + 8 + 17] << 8, ==,
                     direct - 4);
    world_free(w);
}

static void other_regions(void)
{
    const CXLDcdFmRegionConfigResponse *out;
    const CXLDcdWireCounters *counters;
    CXLDcdFmRegionConfigRequest in = { .region_count = 8 };
    World *w = world_new();
    Fixture *f = w->f;

    out = (const void *)f->out;
    g_assert_rc(fm(f, 0x5600, NULL, 0), SUCCESS);
    g_assert_cmpuint(f->out[0], ==, HOSTS);
    in.host_id = cxl_dcd_put16(3);
    g_assert_rc(fm(f, 0x5601, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(out->available_regions, ==, 2);
    g_assert_cmpuint(out->returned_regions, ==, 2);
    g_assert_cmphex(cxl_dcd_get64(out->regions[0].base), ==, 4 * REGION0);
    g_assert_cmphex(cxl_dcd_get64(out->regions[1].base), ==,
                    4 * REGION0 + GIB);
    g_assert_cmphex(cxl_dcd_get64(out->regions[1].length), ==, 128 * BLOCK);
    g_assert_cmphex(cxl_dcd_get64(out->regions[1].block_size), ==, BLOCK);
    g_assert_cmphex(out->regions[1].attributes, ==,
                    CXL_DCD_REGION_SHARABLE | CXL_DCD_REGION_READ_ONLY);
    g_assert_cmphex(out->regions[1].sanitize, ==, 1);
    counters = (const void *)&out->regions[2];
    g_assert_cmpuint(cxl_dcd_get32(counters->available_extents), ==, 99);
    g_assert_cmpuint(cxl_dcd_get32(counters->available_tags), ==, 9);
    in.start_region = 1;
    in.region_count = 0;
    g_assert_rc(fm(f, 0x5601, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 4 + sizeof(*counters));
    in.start_region = 2;
    g_assert_rc(fm(f, 0x5601, &in, sizeof(in)), INVALID_INPUT);
    /* Never there: its regions are not available; not possible at all */
    in = (CXLDcdFmRegionConfigRequest) { .host_id = cxl_dcd_put16(7),
                                         .region_count = 1 };
    g_assert_rc(fm(f, 0x5601, &in, sizeof(in)), SUCCESS);
    g_assert_cmphex(cxl_dcd_get64(out->regions[0].length), ==, 0);
    in.host_id = cxl_dcd_put16(HOSTS);
    g_assert_rc(fm(f, 0x5601, &in, sizeof(in)), INVALID_INPUT);
    world_free(w);
}

static void other_extents(void)
{
    const CXLDcdFmExtentListResponse *out;
    CXLDcdFmExtentListRequest in = { .host_id = cxl_dcd_put16(2),
                                     .extent_count = cxl_dcd_put32(9) };
    CXLDcdPoolRange gone = { 20, 2 };
    World *w = world_new();
    uint32_t generation;
    Fixture *f = w->f;

    out = (const void *)f->out;
    g_assert_rc(fm(f, 0x5603, &in, sizeof(in)), SUCCESS);
    /* Accepted ones only */
    g_assert_cmpuint(cxl_dcd_get32(out->total), ==, 2);
    g_assert_cmpuint(cxl_dcd_get32(out->returned), ==, 2);
    g_assert_cmphex(cxl_dcd_get64(out->extents[0].start_dpa), ==,
                    3 * REGION0 + 20 * BLOCK);
    g_assert_cmphex(out->extents[0].tag[0], ==, 'T');
    g_assert_cmphex(cxl_dcd_get64(out->extents[1].start_dpa), ==,
                    3 * REGION0 + GIB + 2 * BLOCK);
    g_assert_cmphex(cxl_dcd_get64(out->extents[1].length), ==, 4 * BLOCK);
    generation = cxl_dcd_get32(out->generation);
    in.start_index = cxl_dcd_put32(1);
    g_assert_rc(fm(f, 0x5603, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(out->returned), ==, 1);
    g_assert_cmphex(out->extents[0].tag[0], ==, 'S');
    in.start_index = cxl_dcd_put32(3);
    g_assert_rc(fm(f, 0x5603, &in, sizeof(in)), INVALID_INPUT);
    in.start_index = cxl_dcd_put32(0);
    in.extent_count = cxl_dcd_put32(0);
    g_assert_true(cxl_dcd_pool_leave(w->others, 2, &gone, NULL));
    g_assert_rc(fm(f, 0x5603, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(out->total), ==, 1);
    g_assert_cmpuint(cxl_dcd_get32(out->generation), !=, generation);
    world_free(w);
}

static void tags(void)
{
    const CXLDcdFmListTagsResponse *out;
    CXLDcdFmListTagsRequest in = { .max_tags = cxl_dcd_put32(9) };
    World *w = world_new();
    uint32_t generation;
    Fixture *f = w->f;

    out = (const void *)f->out;
    claim(w->mine, HOST_ID, 200, 1, 'M', true);
    g_assert_rc(fm(f, 0x5608, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(out->total), ==, 2);
    g_assert_cmphex(out->tags[0].tag[0], ==, 'M');
    g_assert_cmphex(out->tags[0].pending[0], ==, 1 << HOST_ID);
    g_assert_cmphex(out->tags[1].tag[15], ==, 'S');
    g_assert_cmphex(out->tags[1].accepted[0], ==, 1 << 2);
    g_assert_cmphex(out->tags[1].pending[0], ==, 1 << 3);
    g_assert_cmphex(out->tags[1].flags, ==, 0);
    generation = cxl_dcd_get32(out->generation);
    g_assert_rc(fm(f, 0x5608, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(out->generation), ==, generation);
    accept(w->others, 3, 130, 4);
    g_assert_true(cxl_dcd_pool_hold(w->mine, HOST_ID, out->tags[1].tag, true,
                                    NULL));
    in.start_index = cxl_dcd_put32(1);
    g_assert_rc(fm(f, 0x5608, &in, sizeof(in)), SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(out->returned), ==, 1);
    g_assert_cmphex(out->tags[0].accepted[0], ==, 1 << 2 | 1 << 3);
    g_assert_cmphex(out->tags[0].flags, ==, CXL_DCD_TAG_FM_REFERENCE);
    g_assert_cmpuint(cxl_dcd_get32(out->generation), !=, generation);
    in.start_index = cxl_dcd_put32(3);
    g_assert_rc(fm(f, 0x5608, &in, sizeof(in)), INVALID_INPUT);
    world_free(w);
}

/*
 * Another process has the pool's lock, and is stopped: what cannot be told is
 * not told as if there were nothing
 */
static void locked(void)
{
    CXLDcdFmRegionConfigRequest regions = { .host_id = cxl_dcd_put16(3),
                                            .region_count = 8 };
    CXLDcdFmExtentListRequest extents = { .host_id = cxl_dcd_put16(2),
                                          .extent_count = cxl_dcd_put32(9) };
    CXLDcdFmListTagsRequest all = { .max_tags = cxl_dcd_put32(9) };
    World *w = world_new();
    Fixture *f = w->f;

    cxl_dcd_pool_set_wait(w->mine, 20);
    g_assert_true(cxl_dcd_pool_freeze(w->others, NULL));
    g_assert_rc(fm(f, 0x5601, &regions, sizeof(regions)), RETRY_REQUIRED);
    g_assert_rc(fm(f, 0x5603, &extents, sizeof(extents)), RETRY_REQUIRED);
    g_assert_rc(fm(f, 0x5608, &all, sizeof(all)), RETRY_REQUIRED);
    g_assert_cmpuint(f->out_len, ==, 0);
    /* What is in no need of the lock */
    g_assert_rc(pair(f, 0x5500, 2, 255), SUCCESS);
    g_assert_rc(pair(f, 0x5501, 3, 2), SUCCESS);
    cxl_dcd_pool_thaw(w->others);
    g_assert_rc(fm(f, 0x5601, &regions, sizeof(regions)), SUCCESS);
    g_assert_rc(fm(f, 0x5603, &extents, sizeof(extents)), SUCCESS);
    g_assert_rc(fm(f, 0x5608, &all, sizeof(all)), SUCCESS);
    /* It was only held for as long as it was looked at */
    claim(w->others, 3, 60, 1, 0, false);
    world_free(w);
}

/* Capacity goes to a host through its own head */
static void other_requests(void)
{
    Initiate add = { .opcode = 0x5604, .host = 2, .length = BLOCK };
    Initiate release = { .opcode = 0x5605, .host = 2, .tag = 'T' };
    World *w = world_new();
    g_autoptr(GByteArray) before = fixture_state(w->f);

    g_assert_rc(initiate(w->f, &add), UNSUPPORTED);
    g_assert_rc(initiate(w->f, &release), UNSUPPORTED);
    add.host = HOSTS;
    release.host = HOSTS;
    g_assert_rc(initiate(w->f, &add), INVALID_INPUT);
    g_assert_rc(initiate(w->f, &release), INVALID_INPUT);
    assert_state_is(w->f, before);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/commands/multi-head/multi-headed-info", multi_headed);
    g_test_add_func("/commands/multi-head/head-info", heads);
    g_test_add_func("/commands/multi-head/no-pool", no_pool);
    g_test_add_func("/commands/multi-head/tunnel", tunnel);
    g_test_add_func("/commands/multi-head/region-config", other_regions);
    g_test_add_func("/commands/multi-head/extent-lists", other_extents);
    g_test_add_func("/commands/multi-head/tags", tags);
    g_test_add_func("/commands/multi-head/locked", locked);
    g_test_add_func("/commands/multi-head/requests", other_requests);
    return g_test_run();
}
