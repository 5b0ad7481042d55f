/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz the pool: what the heads of two processes do to one file, and what
 * somebody does to the file meanwhile
 *
 * Byte 0, bit 0: nobody spoils the file. Then whatever is done leaves it whole,
 * and what is refused leaves it as it was. Else words behind the memory are
 * changed between two calls: all may be refused, but nothing crashes or goes
 * round for ever (libFuzzer's -timeout).
 *
 * Then deeds, a byte and what it needs. Hosts 0 and 1 are of one handle, 2 and 3
 * of the other, which is to the first as another process is.
 */
#include <string.h>
#include <unistd.h>
#include "fuzzer.h"
#include "hw/cxl/dcd/pool/file.h"

#define BLOCK    4096ULL
#define BLOCKS   192U             /* three leaves of the index, so two levels */
#define HOSTS    4U
#define TAGS     3U
#define WAIT_MS  1                /* a spoiled lock is nobody's to give */
#define DEEDS    200

typedef struct Input {
    const uint8_t *at;
    size_t left;
} Input;

static const CXLDcdPoolConfig config = {
    .size = BLOCKS * BLOCK, .block_size = BLOCK, .max_hosts = HOSTS,
    .max_records = 96,
};

static CXLDcdPool *pools[2];
static bool whole;

static uint8_t take(Input *in)
{
    if (!in->left) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

static CXLDcdPool *pool_of(uint32_t host)
{
    return pools[host / 2];
}

static CXLDcdPoolRange take_range(Input *in)
{
    uint64_t first = take(in) % (BLOCKS + 2), count = take(in);

    return (CXLDcdPoolRange) { first, count < 240 ? count % 24 : UINT64_MAX };
}

static void take_tag(Input *in, uint8_t tag[CXL_DCD_POOL_TAG_SIZE])
{
    memset(tag, 0, CXL_DCD_POOL_TAG_SIZE);
    tag[0] = 1 + take(in) % TAGS;
}

/* --- What is true of the pool, as far as anybody can ask --- */

static void add_number(GChecksum *sum, uint64_t number)
{
    g_checksum_update(sum, (const uint8_t *)&number, sizeof(number));
}

static char *truth(void)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    CXLDcdPoolHostInfo info;
    uint32_t owner;

    for (uint64_t block = 0; block < BLOCKS; block++) {
        add_number(sum, cxl_dcd_pool_block(pools[0], block, &owner));
        add_number(sum, owner);
    }
    for (uint32_t host = 0; host < HOSTS; host++) {
        g_assert_true(cxl_dcd_pool_host(pools[0], host, true, &info));
        add_number(sum, info.blocks);
        add_number(sum, info.used->len);
        for (guint i = 0; i < info.used->len; i++) {
            const CXLDcdPoolUsed *used =
                &g_array_index(info.used, CXLDcdPoolUsed, i);

            add_number(sum, used->extent.range.first);
            add_number(sum, used->extent.range.count);
            add_number(sum, used->use);
        }
        g_array_unref(info.used);
    }
    return g_strdup(g_checksum_get_string(sum));
}

/* --- What heads do --- */

static bool claim(Input *in, uint32_t host)
{
    CXLDcdPoolExtent extents[4] = { 0 };
    uint8_t shape = take(in);
    size_t count = 1 + shape % G_N_ELEMENTS(extents);
    bool shared = shape & 0x80;

    for (size_t i = 0; i < count; i++) {
        extents[i].range = take_range(in);
        extents[i].sequence = shared ? i + 1 : 0;
        if (shared || shape & 0x40) {
            take_tag(in, extents[i].tag);
        }
    }
    return cxl_dcd_pool_claim(pool_of(host), host, extents, count, shared,
                              NULL);
}

static bool share(Input *in, uint32_t host)
{
    uint8_t tag[CXL_DCD_POOL_TAG_SIZE];

    take_tag(in, tag);
    return cxl_dcd_pool_share(pool_of(host), host, tag, NULL);
}

static bool hold(Input *in, uint32_t host)
{
    uint8_t tag[CXL_DCD_POOL_TAG_SIZE];

    take_tag(in, tag);
    return cxl_dcd_pool_hold(pool_of(host), host, tag, take(in) & 1, NULL);
}

typedef bool Change(CXLDcdPool *pool, uint32_t host,
                    const CXLDcdPoolRange *range, GError **error);

static bool finish_clean(CXLDcdPool *pool, uint32_t host,
                         const CXLDcdPoolRange *range, GError **error)
{
    return cxl_dcd_pool_finish(pool, host, range, true, error);
}

static bool clear(CXLDcdPool *pool, uint32_t host,
                  const CXLDcdPoolRange *range, GError **error)
{
    /* In bytes: that a sum of them overflows is the caller's to know */
    return range->count <= BLOCKS &&
           cxl_dcd_pool_clear(pool, host, range->first * BLOCK,
                              range->count * BLOCK, error);
}

/* Mostly of something that the host has */
static bool change(Input *in, uint32_t host, Change *what)
{
    CXLDcdPoolRange range = take_range(in);
    CXLDcdPoolHostInfo info = { 0 };

    if (range.count & 1 &&
        cxl_dcd_pool_host(pool_of(host), host, true, &info) &&
        info.used->len) {
        range = g_array_index(info.used, CXLDcdPoolUsed,
                              range.first % info.used->len).extent.range;
    }
    g_clear_pointer(&info.used, g_array_unref);
    return what(pool_of(host), host, &range, NULL);
}

/* The process of a host ends, and another one takes what it had, or is it */
static bool die(Input *in, uint32_t host)
{
    uint64_t freed;

    cxl_dcd_pool_detach(pool_of(host), host);
    if (take(in) & 1) {
        cxl_dcd_pool_reclaim(pools[!(host / 2)], host, &freed, NULL);
    }
    return cxl_dcd_pool_attach(pool_of(host), host, NULL) || true;
}

static void free_tags(CXLDcdPool *pool)
{
    uint32_t generation;
    GArray *tags = cxl_dcd_pool_tags(pool, &generation);

    for (guint i = 0; i < tags->len; i++) {
        g_array_unref(g_array_index(tags, CXLDcdPoolTagInfo, i).hosts);
    }
    g_array_unref(tags);
}

static bool look(Input *in, uint32_t host)
{
    CXLDcdPool *pool = pool_of(host);
    CXLDcdPoolRange range = take_range(in), found;
    CXLDcdPoolRegion regions[CXL_DCD_POOL_REGIONS];
    uint8_t tag[CXL_DCD_POOL_TAG_SIZE];
    uint64_t claims;
    GArray *extents;

    take_tag(in, tag);
    extents = cxl_dcd_pool_tag_extents(pool, tag, NULL);
    g_clear_pointer(&extents, g_array_unref);
    free_tags(pool);
    cxl_dcd_pool_find(pool, range.first, BLOCKS, range.count, &found, NULL);
    cxl_dcd_pool_find_apart(pool, range.first, BLOCKS, range.count, &found,
                            NULL);
    cxl_dcd_pool_free_since(pool, &range, 1, &claims);
    cxl_dcd_pool_free_blocks(pool, 0, BLOCKS);
    cxl_dcd_pool_longest(pool);
    cxl_dcd_pool_regions(pool, regions);
    cxl_dcd_pool_check(pool, NULL);
    return true;
}

static bool deed(Input *in)
{
    static Change *const changes[] = {
        cxl_dcd_pool_accept, cxl_dcd_pool_leave, finish_clean, clear,
    };
    uint8_t kind = take(in);
    uint32_t host = kind >> 4 & (HOSTS - 1);

    switch (kind & 15) {
    case 0:
    case 1:
    case 2:
        return claim(in, host);
    case 3:
        return share(in, host);
    case 4:
        return hold(in, host);
    case 5:
        return die(in, host);
    case 6:
        return look(in, host);
    default:
        return change(in, host, changes[(kind & 15) % 4]);
    }
}

/* --- And somebody who has the file open for himself --- */

/* Of what lies behind the memory, only the begin of each journal counts */
static uint64_t take_place(Input *in)
{
    const CXLDcdPool *pool = pools[0];
    static const size_t journal = 8 * sizeof(PoolEntry);
    uint8_t part = take(in);
    uint64_t at = (uint64_t)take(in) << 8 | take(in);
    uint64_t begin, len;

    switch (part % 7) {
    case 0:
        begin = 0;
        len = 2 * POOL_PAGE + journal;
        break;
    case 1:
        begin = (uint8_t *)pool->parcels - pool->meta;
        len = POOL_PARCELS * sizeof(PoolParcel) + journal;
        break;
    case 2:
        begin = (uint8_t *)pool->hosts - pool->meta;
        len = HOSTS * sizeof(PoolHost);
        break;
    case 3:
        begin = (uint8_t *)pool->buckets - pool->meta;
        len = pool->buckets_count * sizeof(uint32_t);
        break;
    case 4:
        begin = (uint8_t *)pool->records - pool->meta;
        len = 24 * sizeof(PoolRecord);
        break;
    case 5:
        begin = (uint8_t *)pool->words - pool->meta;
        len = BLOCKS * sizeof(uint64_t);
        break;
    default:
        begin = (uint8_t *)pool->nodes - pool->meta;
        len = 8 * sizeof(PoolNode);
    }
    return begin + at * 4 % len;
}

static void spoil(Input *in)
{
    uint64_t at = take_place(in) & ~3ULL;
    uint8_t how = take(in);
    uint32_t word;

    if (at + sizeof(word) > pools[0]->meta_length) {
        return;
    }
    memcpy(&word, pools[0]->meta + at, sizeof(word));
    word = how & 0x80 ? how & 0x7f :
           how & 0x40 ? word ^ 1U << how % 32 :
           word + (int8_t)(how << 2);
    memcpy(pools[0]->meta + at, &word, sizeof(word));
}

/* --- A file for each input --- */

static bool begin(void)
{
    g_autofree char *path =
        g_strdup_printf("/dev/shm/cxl-dcd-fuzz-pool-%d", getpid());

    unlink(path);
    pools[0] = cxl_dcd_pool_open(path, &config, NULL);
    pools[1] = pools[0] ? cxl_dcd_pool_open_again(pools[0], NULL) : NULL;
    unlink(path);
    if (!pools[1]) {
        return false;
    }
    for (uint32_t host = 0; host < HOSTS; host++) {
        g_assert_true(cxl_dcd_pool_attach(pool_of(host), host, NULL));
    }
    cxl_dcd_pool_set_wait(pools[0], WAIT_MS);
    cxl_dcd_pool_set_wait(pools[1], WAIT_MS);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Input in = { data, size };
    unsigned deeds;

    whole = take(&in) & 1;
    g_assert_true(begin());
    for (deeds = 0; in.left && deeds < DEEDS; deeds++) {
        if (!whole) {
            if (*in.at & 0x80) {
                spoil(&in);
            }
            deed(&in);
            continue;
        }
        g_autofree char *before = truth();

        if (!deed(&in)) {
            g_autofree char *after = truth();

            g_assert_cmpstr(before, ==, after);
        }
        g_assert_true(cxl_dcd_pool_check(pools[0], NULL));
    }
    cxl_dcd_pool_close(pools[1]);
    cxl_dcd_pool_close(pools[0]);
    return 0;
}
