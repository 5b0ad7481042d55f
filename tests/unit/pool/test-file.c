/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool's file: others' values, damage, and where no file can be had. What
 * is refused leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/unit/pool-fixture.h"

#define BLOCKS 512ULL

static const CXLDcdPoolConfig config = {
    .size = BLOCKS * BLOCK, .block_size = BLOCK, .max_hosts = 8,
    .max_records = 200, .reserve = true,
};

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

static gpointer look_all_the_time(gpointer opaque)
{
    CXLDcdPool *pool = open_pool();
    int *stop = opaque;
    unsigned alive = 0;

    while (!g_atomic_int_get(stop)) {
        alive += cxl_dcd_pool_alive(pool, 3);
    }
    cxl_dcd_pool_close(pool);
    return GUINT_TO_POINTER(alive);
}

/* Whoever looks whether a host is there does not keep it from coming */
static void looked_at_while_attached(void)
{
    CXLDcdPool *pool = open_pool();
    int stop = 0;
    GThread *looker = g_thread_new("looker", look_all_the_time, &stop);

    for (unsigned i = 0; i < 2000; i++) {
        g_autoptr(GError) error = NULL;

        cxl_dcd_pool_attach(pool, 3, &error);
        g_assert_no_error(error);
        cxl_dcd_pool_detach(pool, 3);
    }
    g_atomic_int_set(&stop, 1);
    g_thread_join(looker);
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

    /* Nobody's to write to, also where the test has no privileges to drop */
    g_chmod(dir, 0555);
    in_child(EACCES, drop_privileges);
    g_assert_cmpint(access(path, F_OK), !=, 0);
    g_chmod(dir, 0755);
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
    /* Busy, if a part of the file were still mapped */
    g_assert_cmpint(umount(mount_at), ==, 0);
    g_assert_cmpint(g_rmdir(mount_at), ==, 0);
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
    /* Busy, if a part of the file were still mapped */
    g_assert_cmpint(umount(mount_at), ==, 0);
    g_assert_cmpint(g_rmdir(mount_at), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/other-values", other_values);
    g_test_add_func("/pool/looked-at-while-attached",
                    looked_at_while_attached);
    g_test_add_func("/pool/damaged", damaged);
    g_test_add_func("/pool/no-permission", no_permission);
    g_test_add_func("/pool/no-room", no_room);
    g_test_add_func("/pool/huge-pages", huge_pages);
    return run_in_folder();
}
