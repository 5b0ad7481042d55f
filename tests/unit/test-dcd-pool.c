/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool: its rules, and what is refused; after each case everything in the
 * file must agree.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hw/cxl/cxl_dcd_pool.h"

#define BLOCK 4096ULL
#define BLOCKS 512ULL

static char *dir, *path;

static const CXLDcdPoolConfig config = {
    .size = BLOCKS * BLOCK, .block_size = BLOCK, .max_hosts = 8,
    .max_records = 200, .reserve = true,
};

static CXLDcdPool *open_pool(void)
{
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool = cxl_dcd_pool_open(path, &config, &error);

    g_assert_no_error(error);
    return pool;
}

static CXLDcdPool *open_host(uint32_t host)
{
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool = open_pool();

    cxl_dcd_pool_attach(pool, host, &error);
    g_assert_no_error(error);
    return pool;
}

static void sound(CXLDcdPool *pool)
{
    g_autoptr(GError) error = NULL;

    cxl_dcd_pool_check(pool, &error);
    g_assert_no_error(error);
}

static void end(CXLDcdPool *pool)
{
    sound(pool);
    cxl_dcd_pool_close(pool);
    g_unlink(path);
}

static void failed(bool ok, GError **error, int code, const char *words)
{
    g_assert_false(ok);
    g_assert_error(*error, CXL_DCD_POOL_ERROR, code);
    g_assert_nonnull(strstr((*error)->message, words));
    g_clear_error(error);
}

static CXLDcdPoolExtent extent(uint64_t first, uint64_t count, char tag,
                               uint16_t sequence)
{
    CXLDcdPoolExtent e = { .range = { first, count }, .sequence = sequence };

    memset(e.tag, tag, sizeof(e.tag));
    return e;
}

static bool claim(CXLDcdPool *pool, uint32_t host, uint64_t first,
                  uint64_t count, GError **error)
{
    CXLDcdPoolExtent e = extent(first, count, 0, 0);

    return cxl_dcd_pool_claim(pool, host, &e, 1, false, error);
}

static void give_back(CXLDcdPool *pool, uint32_t host, uint64_t first,
                      uint64_t count)
{
    CXLDcdPoolRange range = { first, count };
    g_autoptr(GError) error = NULL;

    cxl_dcd_pool_leave(pool, host, &range, &error);
    g_assert_no_error(error);
    cxl_dcd_pool_finish(pool, host, &range, true, &error);
    g_assert_no_error(error);
}

static uint64_t free_blocks(CXLDcdPool *pool)
{
    return cxl_dcd_pool_free_blocks(pool, 0, BLOCKS);
}

/* --- Rules --- */

static void owned_once(void)
{
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    CXLDcdPoolRange part = { 5, 1 }, found;
    g_autoptr(GError) error = NULL;
    uint32_t owner;

    g_assert_true(claim(a, 1, 4, 3, NULL));
    failed(claim(b, 2, 3, 2, &error), &error, EBUSY, "block 4");
    g_assert_cmpuint(free_blocks(b), ==, BLOCKS - 3);
    failed(cxl_dcd_pool_leave(b, 2, &part, &error), &error, EPERM, "not host");
    failed(cxl_dcd_pool_accept(b, 2, &part, &error), &error, EPERM, "not host");
    failed(cxl_dcd_pool_leave(b, 1, &part, &error), &error, EPERM,
           "not this process's");
    failed(cxl_dcd_pool_finish(a, 1, &part, true, &error), &error, EPERM,
           "not leaving");
    g_assert_cmpint(cxl_dcd_pool_block(b, 5, &owner), ==, CXL_DCD_POOL_OWNED);
    g_assert_cmpuint(owner, ==, 1);
    /* The middle goes: nobody gets it before it is clean */
    cxl_dcd_pool_memory(a)[5 * BLOCK] = 7;
    g_assert_true(cxl_dcd_pool_leave(a, 1, &part, NULL));
    g_assert_cmpint(cxl_dcd_pool_block(b, 5, &owner), ==, CXL_DCD_POOL_DIRTY);
    failed(claim(b, 2, 5, 1, &error), &error, EBUSY, "being cleaned");
    g_assert_true(cxl_dcd_pool_finish(a, 1, &part, true, NULL));
    g_assert_true(claim(b, 2, 5, 1, NULL));
    g_assert_cmpint(cxl_dcd_pool_memory(b)[5 * BLOCK], ==, 0);
    g_assert_true(cxl_dcd_pool_find(b, 0, BLOCKS, 5, &found));
    g_assert_cmpuint(found.first, ==, 7);
    g_assert_cmpuint(found.count, ==, BLOCKS - 7);
    g_assert_true(cxl_dcd_pool_find(b, 0, 6, 1, &found));
    g_assert_cmpuint(found.count, ==, 4);
    g_assert_false(cxl_dcd_pool_find(b, 0, 7, 5, &found));
    cxl_dcd_pool_close(b);
    end(a);
}

static void all_or_none(void)
{
    CXLDcdPoolExtent two[] = { extent(0, 4, 0, 0), extent(8, 4, 0, 0) };
    CXLDcdPoolExtent many[CXL_DCD_POOL_RANGES_MAX + 1];
    CXLDcdPool *pool = open_host(1);
    g_autoptr(GError) error = NULL;
    unsigned i;

    g_assert_true(cxl_dcd_pool_attach(pool, 2, NULL));
    g_assert_true(claim(pool, 2, 11, 1, NULL));
    failed(cxl_dcd_pool_claim(pool, 1, two, 2, false, &error), &error, EBUSY,
           "host 2");
    g_assert_cmpuint(free_blocks(pool), ==, BLOCKS - 1);
    for (i = 0; i < G_N_ELEMENTS(many); i++) {
        many[i] = extent(20 + i % 400, 1, 0, 0);
    }
    failed(cxl_dcd_pool_claim(pool, 1, many, G_N_ELEMENTS(many), false, &error),
           &error, ENOSPC, "1024");
    /* 199 records can be in use */
    failed(cxl_dcd_pool_claim(pool, 1, many, 250, false, &error), &error,
           ENOSPC, "199 records");
    g_assert_cmpuint(free_blocks(pool), ==, BLOCKS - 1);
    failed(cxl_dcd_pool_claim(pool, 1, many, 0, false, &error), &error, ENOSPC,
           "extents");
    failed(claim(pool, 1, BLOCKS, 1, &error), &error, EINVAL, "512");
    failed(claim(pool, 1, 1, UINT64_MAX, &error), &error, EINVAL, "blocks");
    failed(claim(pool, 1, 1, 0, &error), &error, EINVAL, "0 blocks");
    g_assert_cmpuint(free_blocks(pool), ==, BLOCKS - 1);
    end(pool);
}

static void shared(void)
{
    CXLDcdPoolExtent two[] = { extent(10, 2, 'A', 0), extent(4, 3, 'A', 1) };
    CXLDcdPoolExtent plain = extent(100, 1, 'A', 0);
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) extents = NULL;
    g_autoptr(GArray) tags = NULL;
    uint32_t generation;
    uint64_t freed;

    g_assert_true(cxl_dcd_pool_claim(a, 1, two, 2, true, NULL));
    failed(cxl_dcd_pool_claim(b, 2, two, 2, true, &error), &error, EEXIST,
           "in use");
    failed(cxl_dcd_pool_claim(b, 2, &plain, 1, false, &error), &error, EEXIST,
           "in use");
    failed(cxl_dcd_pool_share(a, 1, two[0].tag, &error), &error, EEXIST,
           "already");
    failed(cxl_dcd_pool_share(b, 2, (uint8_t *)"no such tag here", &error),
           &error, ENOENT, "no shared");
    extents = cxl_dcd_pool_tag_extents(b, two[0].tag, NULL);
    g_assert_cmpmem(extents->data, extents->len * sizeof(two[0]), two,
                    sizeof(two));
    g_assert_true(cxl_dcd_pool_share(b, 2, two[0].tag, NULL));
    g_assert_true(cxl_dcd_pool_accept(b, 2, &two[1].range, NULL));
    sound(a);
    /* The first host leaves, the second and then only the FM keep it */
    memset(cxl_dcd_pool_memory(a) + 4 * BLOCK, 7, BLOCK);
    give_back(a, 1, 10, 2);
    give_back(a, 1, 4, 3);
    g_assert_cmpuint(free_blocks(a), ==, BLOCKS - 5);
    g_assert_true(cxl_dcd_pool_hold(a, 1, two[0].tag, true, NULL));
    g_assert_true(cxl_dcd_pool_hold(b, 2, two[0].tag, true, NULL));
    give_back(b, 2, 4, 3);
    tags = cxl_dcd_pool_tags(b, &generation);
    g_assert_cmpuint(tags->len, ==, 1);
    g_assert_true(g_array_index(tags, CXLDcdPoolTagInfo, 0).held);
    g_assert_cmpuint(g_array_index(tags, CXLDcdPoolTagInfo, 0).hosts->len, ==,
                     0);
    g_assert_cmpint(cxl_dcd_pool_memory(b)[4 * BLOCK], ==, 7);
    g_assert_true(cxl_dcd_pool_share(b, 2, two[0].tag, NULL));
    g_assert_true(cxl_dcd_pool_hold(a, 1, two[0].tag, false, NULL));
    g_assert_cmpuint(free_blocks(a), ==, BLOCKS - 5);
    /* The last one dies; what it held is free when it is reclaimed */
    cxl_dcd_pool_close(b);
    g_assert_true(cxl_dcd_pool_reclaim(a, 2, &freed, NULL));
    g_assert_cmpuint(freed, ==, 5);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[4 * BLOCK], ==, 0);
    g_assert_cmpuint(free_blocks(a), ==, BLOCKS);
    end(a);
}

/* A host that comes back: accepted is its own, offers and shares are gone */
static void comes_back(void)
{
    CXLDcdPoolExtent tagged = extent(40, 4, 'T', 0);
    CXLDcdPoolExtent alone = extent(50, 1, 'S', 0);
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    const CXLDcdPoolUsed *used;
    CXLDcdPoolRange accepted = { 41, 2 };
    g_autoptr(GError) error = NULL;
    CXLDcdPoolHostInfo info;
    uint64_t freed;

    g_assert_true(cxl_dcd_pool_claim(a, 1, &tagged, 1, false, NULL));
    g_assert_true(cxl_dcd_pool_accept(a, 1, &accepted, NULL));
    g_assert_true(cxl_dcd_pool_claim(a, 1, &alone, 1, true, NULL));
    g_assert_true(cxl_dcd_pool_accept(a, 1, &alone.range, NULL));
    memset(cxl_dcd_pool_memory(a) + 40 * BLOCK, 9, 11 * BLOCK);
    failed(cxl_dcd_pool_reclaim(b, 1, &freed, &error), &error, EBUSY, "alive");
    failed(cxl_dcd_pool_reclaim(b, 2, &freed, &error), &error, EBUSY, "alive");
    failed(cxl_dcd_pool_reclaim(b, 8, &freed, &error), &error, EINVAL,
           "0 to 7");
    g_assert_true(cxl_dcd_pool_alive(b, 1));
    cxl_dcd_pool_close(a);
    g_assert_false(cxl_dcd_pool_alive(b, 1));
    a = open_host(1);
    sound(a);
    g_assert_cmpuint(free_blocks(a), ==, BLOCKS - 2);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[40 * BLOCK], ==, 0);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[41 * BLOCK], ==, 9);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[50 * BLOCK], ==, 0);
    g_assert_true(cxl_dcd_pool_host(b, 1, true, &info));
    g_assert_cmpuint(info.lives, ==, 2);
    g_assert_cmpuint(info.blocks, ==, 2);
    g_assert_cmpuint(info.used->len, ==, 1);
    used = &g_array_index(info.used, CXLDcdPoolUsed, 0);
    g_assert_cmpuint(used->extent.range.first, ==, 41);
    g_assert_cmpuint(used->use, ==, CXL_DCD_POOL_ACCEPTED);
    g_assert_cmpmem(used->extent.tag, 16, tagged.tag, 16);
    g_array_unref(info.used);
    cxl_dcd_pool_close(a);
    g_assert_true(cxl_dcd_pool_reclaim(b, 1, &freed, NULL));
    g_assert_cmpuint(freed, ==, 2);
    g_assert_cmpint(cxl_dcd_pool_memory(b)[41 * BLOCK], ==, 0);
    end(b);
}

static void cleared(void)
{
    CXLDcdPoolExtent alone = extent(50, 1, 'S', 0);
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    CXLDcdPoolRange own = { 10, 4 }, more = { 12, 4 };
    g_autoptr(GError) error = NULL;

    g_assert_true(claim(a, 1, 10, 4, NULL));
    g_assert_true(claim(b, 2, 14, 4, NULL));
    g_assert_true(cxl_dcd_pool_claim(a, 1, &alone, 1, true, NULL));
    memset(cxl_dcd_pool_memory(a) + 10 * BLOCK, 9, 8 * BLOCK);
    failed(cxl_dcd_pool_clear(a, 1, &more, &error), &error, EPERM, "block 14");
    failed(cxl_dcd_pool_clear(a, 1, &alone.range, &error), &error, EPERM,
           "block 50");
    g_assert_cmpint(cxl_dcd_pool_memory(a)[12 * BLOCK], ==, 9);
    g_assert_true(cxl_dcd_pool_clear(a, 1, &own, NULL));
    g_assert_cmpint(cxl_dcd_pool_memory(a)[14 * BLOCK - 1], ==, 0);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[14 * BLOCK], ==, 9);
    cxl_dcd_pool_close(b);
    end(a);
}

static void one_layout(void)
{
    CXLDcdPoolRegion regions[] = { { .count = 100 },
                                   { .first = 100, .count = 412 } };
    CXLDcdPoolRegion seen[CXL_DCD_POOL_REGIONS];
    CXLDcdPoolHead head = { .base = 1 << 30, .read_only = 2 };
    CXLDcdPool *pool = open_host(1);
    g_autoptr(GError) error = NULL;
    CXLDcdPoolHostInfo info;

    g_assert_true(cxl_dcd_pool_attach(pool, 2, NULL));
    g_assert_cmpuint(cxl_dcd_pool_regions(pool, seen), ==, 0);
    g_assert_true(cxl_dcd_pool_set_head(pool, 1, regions, 2, &head, NULL));
    g_assert_true(cxl_dcd_pool_set_head(pool, 2, regions, 2, &head, NULL));
    regions[1].sanitize = 1;
    failed(cxl_dcd_pool_set_head(pool, 2, regions, 2, &head, &error), &error,
           EINVAL, "2 regions");
    failed(cxl_dcd_pool_set_head(pool, 2, regions, 1, &head, &error), &error,
           EINVAL, "2 regions");
    g_assert_cmpuint(cxl_dcd_pool_regions(pool, seen), ==, 2);
    g_assert_true(cxl_dcd_pool_host(pool, 2, false, &info));
    g_assert_cmpuint(info.head.read_only, ==, 2);
    end(pool);
}

/* The longest run, and any run, agree with a search block by block */
static void finds(void)
{
    CXLDcdPool *pool = open_host(0);
    g_autofree bool *used = g_new0(bool, BLOCKS);
    CXLDcdPoolRange found;

    for (unsigned round = 0; round < 300; round++) {
        uint64_t at = g_test_rand_int_range(0, BLOCKS);
        uint64_t want = g_test_rand_int_range(1, 20), run = 0, i;
        uint64_t from = g_test_rand_int_range(0, BLOCKS);
        uint64_t to = g_test_rand_int_range(from, BLOCKS + 1);

        if (used[at]) {
            give_back(pool, 0, at, 1);
            used[at] = false;
        } else if (g_test_rand_bit()) {
            used[at] = claim(pool, 0, at, 1, NULL);
        }
        for (i = from; i < to && run < want; i++) {
            run = used[i] ? 0 : run + 1;
        }
        g_assert_cmpint(cxl_dcd_pool_find(pool, from, to, want, &found), ==,
                        run >= want);
        if (run >= want) {
            g_assert_cmpuint(found.first, ==, i - want);
            for (; i < to && !used[i]; i++) {
                run++;
            }
            g_assert_cmpuint(found.count, ==, run);
        }
    }
    end(pool);
}

/* --- What is refused --- */

static void refuse(uint64_t size, uint64_t block, uint32_t hosts,
                   const char *words)
{
    CXLDcdPoolConfig other = { .size = size, .block_size = block,
                               .max_hosts = hosts };
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool = cxl_dcd_pool_open(path, &other, &error);

    failed(pool, &error, EINVAL, words);
}

static void other_values(void)
{
    CXLDcdPool *pool = open_host(3);
    g_autoptr(GError) error = NULL;

    refuse(BLOCKS * BLOCK * 4, BLOCK, 0, "no pool of size");
    refuse(BLOCKS * BLOCK / 2, BLOCK, 0, "no pool of size");
    refuse(BLOCKS * BLOCK, 2 * BLOCK, 0, "block-size=4096");
    refuse(BLOCKS * BLOCK, BLOCK, 9, "max-hosts=8");
    refuse(BLOCKS * BLOCK, BLOCK, 20000, "16384");
    refuse(BLOCK + 1, BLOCK, 0, "blocks of block-size");
    refuse(0, BLOCK, 0, "blocks of block-size");
    refuse(BLOCKS * BLOCK, 1000, 0, "power of two");
    failed(cxl_dcd_pool_attach(pool, 3, &error), &error, EBUSY, "this process");
    failed(cxl_dcd_pool_attach(pool, 8, &error), &error, EINVAL, "0 to 7");
    {
        CXLDcdPool *other = open_pool();

        failed(cxl_dcd_pool_attach(other, 3, &error), &error, EBUSY,
               "another process");
        cxl_dcd_pool_close(other);
    }
    end(pool);
}

/* Any byte of header and root, and others at random */
static void damaged(void)
{
    g_autofree char *good = NULL, *bad = NULL;
    g_autoptr(GError) error = NULL;
    unsigned refused = 0, i;
    CXLDcdPool *pool;
    gsize len;

    pool = open_host(1);
    g_assert_true(claim(pool, 1, 7, 90, NULL));
    cxl_dcd_pool_close(pool);
    g_assert_true(g_file_get_contents(path, &good, &len, NULL));
    for (i = 0; i < 400; i++) {
        gsize at = BLOCKS * BLOCK + (i < 64 ? i : (gsize)
            g_test_rand_int_range(0, len - BLOCKS * BLOCK));

        g_free(bad);
        bad = g_memdup2(good, len);
        bad[at] ^= 1 << g_test_rand_int_range(0, 8);
        g_assert_true(g_file_set_contents(path, bad, len, NULL));
        pool = cxl_dcd_pool_open(path, &config, &error);
        g_assert_true(i >= 56 || !pool);
        refused += !pool;
        g_clear_error(&error);
        cxl_dcd_pool_close(pool);
    }
    g_assert_cmpuint(refused, >, 56);
    for (i = 0; i < 4; i++) {
        gsize cut = i * len / 4;

        g_assert_true(g_file_set_contents(path, good, cut, NULL));
        pool = cxl_dcd_pool_open(path, &config, &error);
        failed(pool, &error, EINVAL, "pool");
    }
    memset(good, 'x', len);
    g_assert_true(g_file_set_contents(path, good, len, NULL));
    pool = cxl_dcd_pool_open(path, &config, &error);
    failed(pool, &error, EINVAL, "no pool");
    g_unlink(path);
    g_mkdir(path, 0700);
    pool = cxl_dcd_pool_open(path, &config, &error);
    failed(pool, &error, EISDIR, "cannot open");
    g_rmdir(path);
}

/* In a child: 0 when opening fails with @code, and nothing is left behind */
static void in_child(int code, void (*prepare)(void))
{
    pid_t child = fork();
    int status;

    if (!child) {
        g_autoptr(GError) error = NULL;
        CXLDcdPool *pool;

        prepare();
        pool = cxl_dcd_pool_open(path, &config, &error);
        _exit(pool ? 100 : error->code == code ? 0 : error->code);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void drop_privileges(void)
{
    if (!geteuid() && (setgroups(0, NULL) || setgid(65534) || setuid(65534))) {
        _exit(99);
    }
}

static void small_files(void)
{
    const struct rlimit limit = { 1 << 20, 1 << 20 };

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void no_permission(void)
{
    CXLDcdPool *pool;

    g_chmod(dir, 0755);
    in_child(EACCES, drop_privileges);
    g_assert_cmpint(access(path, F_OK), !=, 0);
    pool = open_host(1);
    g_chmod(path, 0400);
    in_child(EACCES, drop_privileges);
    end(pool);
}

static void no_room(void)
{
    CXLDcdPoolConfig small = config;
    g_autofree char *mount_at = g_build_filename(dir, "disk", NULL);
    g_autofree char *file = g_build_filename(mount_at, "pool", NULL);
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool;
    uint64_t before;

    in_child(EFBIG, small_files);
    g_assert_cmpint(access(path, F_OK), !=, 0);
    g_mkdir(mount_at, 0700);
    if (mount("none", mount_at, "tmpfs", 0, "size=4m")) {
        g_rmdir(mount_at);
        g_test_skip("a disk of its own needs root");
        return;
    }
    /* There is room for the pool, not for all of its memory */
    small.size = 64 << 20;
    pool = cxl_dcd_pool_open(file, &small, &error);
    g_assert_no_error(error);
    g_assert_true(cxl_dcd_pool_attach(pool, 1, NULL));
    g_assert_true(claim(pool, 1, 3, 100, NULL));
    before = cxl_dcd_pool_free_blocks(pool, 0, UINT64_MAX);
    failed(claim(pool, 1, 1000, 2000, &error), &error, ENOSPC, "no memory");
    g_assert_cmpuint(cxl_dcd_pool_free_blocks(pool, 0, UINT64_MAX), ==, before);
    sound(pool);
    g_assert_true(claim(pool, 1, 1000, 10, NULL));
    sound(pool);
    cxl_dcd_pool_close(pool);
    g_unlink(file);
    /* None for that either */
    umount(mount_at);
    g_assert_cmpint(mount("none", mount_at, "tmpfs", 0, "size=1m"), ==, 0);
    pool = cxl_dcd_pool_open(file, &small, &error);
    failed(pool, &error, ENOSPC, "cannot make");
    g_assert_cmpint(g_rmdir(file), !=, 0);
    umount(mount_at);
    g_rmdir(mount_at);
}

static unsigned free_huge_pages(void)
{
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL)) {
        return 0;
    }
    line = strstr(text, "HugePages_Free:");
    return line ? g_ascii_strtoull(line + 15, NULL, 10) : 0;
}

/* Where only whole huge pages can be had, and files cannot be written to */
static void huge_pages(void)
{
    g_autofree char *mount_at = g_build_filename(dir, "huge", NULL);
    g_autofree char *file = g_build_filename(mount_at, "pool", NULL);
    CXLDcdPoolConfig huge = config;
    CXLDcdPoolRange range = { 3, 4 };
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool;

    g_mkdir(mount_at, 0700);
    if (free_huge_pages() < 24 ||
        mount("none", mount_at, "hugetlbfs", 0, "pagesize=2M")) {
        g_rmdir(mount_at);
        g_test_skip("needs root, and 24 huge pages: echo 24 > "
                    "/proc/sys/vm/nr_hugepages");
        return;
    }
    huge.size = 32 << 20;
    huge.block_size = 2 << 20;
    pool = cxl_dcd_pool_open(file, &huge, &error);
    g_assert_no_error(error);
    g_assert_true(cxl_dcd_pool_attach(pool, 1, NULL));
    g_assert_true(claim(pool, 1, 3, 4, NULL));
    cxl_dcd_pool_memory(pool)[3 * huge.block_size] = 7;
    g_assert_true(cxl_dcd_pool_accept(pool, 1, &range, NULL));
    give_back(pool, 1, 3, 4);
    g_assert_cmpint(cxl_dcd_pool_memory(pool)[3 * huge.block_size], ==, 0);
    sound(pool);
    cxl_dcd_pool_close(pool);
    huge.size += 4096;
    huge.block_size = 4096;
    g_unlink(file);
    pool = cxl_dcd_pool_open(file, &huge, &error);
    failed(pool, &error, EINVAL, "pages of 2097152");
    umount(mount_at);
    g_rmdir(mount_at);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("dcd-pool-XXXXXX", NULL);
    path = g_build_filename(dir, "pool", NULL);
    g_test_add_func("/pool/owned-once", owned_once);
    g_test_add_func("/pool/all-or-none", all_or_none);
    g_test_add_func("/pool/shared", shared);
    g_test_add_func("/pool/comes-back", comes_back);
    g_test_add_func("/pool/cleared", cleared);
    g_test_add_func("/pool/one-layout", one_layout);
    g_test_add_func("/pool/finds", finds);
    g_test_add_func("/pool/other-values", other_values);
    g_test_add_func("/pool/damaged", damaged);
    g_test_add_func("/pool/no-permission", no_permission);
    g_test_add_func("/pool/no-room", no_room);
    g_test_add_func("/pool/huge-pages", huge_pages);
    status = g_test_run();
    g_rmdir(dir);
    g_free(path);
    g_free(dir);
    return status;
}
