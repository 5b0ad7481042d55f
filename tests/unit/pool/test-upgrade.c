/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool's file of the format before this one: it is made one of this format
 * when nobody has it open, whole, or not at all
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hw/cxl/dcd/pool/file.h"
#include "hw/cxl/dcd/pool/lock.h"
#include "tests/unit/pool-fixture.h"

#define BLOCKS 1024ULL
#define LIVES  5

static const CXLDcdPoolConfig config = {
    .size = BLOCKS * BLOCK, .block_size = BLOCK, .max_hosts = 8,
    .max_records = 200, .reserve = true,
};

/* The parts behind the memory */
typedef struct File {
    uint8_t *meta;
    size_t length;
    PoolHeader *header;
    uint64_t *lock;
    PoolRoot *root;
    PoolEntry *journal;
    PoolHost *hosts;
} File;

static File file_map(void)
{
    int fd = g_open(path, O_RDWR, 0);
    File file = { .length = lseek(fd, 0, SEEK_END) - BLOCKS * BLOCK };

    file.meta = mmap(NULL, file.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                     BLOCKS * BLOCK);
    g_assert_true(file.meta != MAP_FAILED);
    close(fd);
    file.header = (void *)file.meta;
    file.lock = (void *)(file.meta + POOL_LOCK_AT);
    file.root = (void *)(file.meta + POOL_PAGE);
    file.journal = (void *)(file.meta + 2 * POOL_PAGE);
    file.hosts = (void *)(file.journal + POOL_ENTRIES_OLD);
    return file;
}

static void file_unmap(const File *file)
{
    munmap(file->meta, file->length);
}

/*
 * As a program of format 3 leaves it that was killed: @entries in its journal,
 * of a change to the lives of host 1, and old ones behind them. An extent that
 * is in two parcels, so that no parcel has got anything yet.
 */
static void make_old(uint32_t entries)
{
    CXLDcdPool *pool = open_host(1);
    g_autofree char *sum = NULL;
    File file;

    g_assert_true(claim(pool, 1, 7, 90, NULL));
    g_assert_true(cxl_dcd_pool_accept(pool, 1, &(CXLDcdPoolRange) { 7, 90 },
                                      NULL));
    cxl_dcd_pool_close(pool);
    file = file_map();
    for (uint32_t i = 0; i < POOL_ENTRIES_OLD; i++) {
        file.journal[i] = (PoolEntry) {
            .kind = POOL_ENTRY_SET,
            .at = (uint8_t *)&file.hosts[1].lives - file.meta,
            .old = i ? 1000 + i : LIVES,
        };
    }
    file.hosts[1].lives = 77;
    file.root->journal_count = entries;
    *file.lock = 123ULL << 32 | 4;
    file.header->version = POOL_VERSION_OLD;
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256,
                                      (guchar *)file.header,
                                      offsetof(PoolHeader, sha256));
    memcpy(file.header->sha256, sum, strlen(sum));
    file_unmap(&file);
}

static uint64_t version(void)
{
    File file = file_map();
    uint64_t found = file.header->version;

    file_unmap(&file);
    return found;
}

/* All that it had is there, and it can be used */
static void look_at(uint64_t lives)
{
    CXLDcdPool *pool = open_pool();
    CXLDcdPoolHostInfo info;

    g_assert_cmpuint(version(), ==, POOL_VERSION);
    g_assert_true(cxl_dcd_pool_host(pool, 1, true, &info));
    g_assert_cmpuint(info.lives, ==, lives);
    g_assert_cmpuint(info.blocks, ==, 90);
    g_assert_cmpuint(info.used->len, ==, 1);
    g_assert_cmpuint(g_array_index(info.used, CXLDcdPoolUsed, 0).generation,
                     ==, 1);
    g_array_unref(info.used);
    g_assert_true(cxl_dcd_pool_attach(pool, 1, NULL));
    g_assert_true(claim(pool, 1, 200, 1, NULL));
    g_assert_cmpuint(cxl_dcd_pool_claims(pool), ==, 2);
    give_back(pool, 1, 200, 1);
    g_assert_cmpuint(free_blocks(pool), ==, BLOCKS - 90);
    sound(pool);
    cxl_dcd_pool_close(pool);
    pool = open_host(1);
    end(pool);
}

/* Also when all of its journal is in use, which was longer */
static void old_format(void)
{
    static const uint32_t entries[] = { 0, 1, 1000, POOL_ENTRIES_OLD };

    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++) {
        make_old(entries[i]);
        look_at(entries[i] ? LIVES : 77);
    }
}

static bool opened(GError **error)
{
    CXLDcdPool *pool = cxl_dcd_pool_open(path, &config, error);

    cxl_dcd_pool_close(pool);
    return pool;
}

static void damaged(void)
{
    g_autoptr(GError) error = NULL;
    File file;

    make_old(POOL_ENTRIES_OLD + 1);
    failed(opened(&error), &error, EIO, "journal");
    g_assert_cmpuint(version(), ==, POOL_VERSION_OLD);
    g_unlink(path);
    make_old(0);
    file = file_map();
    file.header->max_hosts++;
    failed(opened(&error), &error, EINVAL,
           "max-hosts");
    file.header->max_hosts--;
    file.header->length++;
    failed(opened(&error), &error, EINVAL,
           "checksum");
    file.header->length--;
    file.header->version = 2;
    failed(opened(&error), &error, EINVAL,
           "format version 2");
    file_unmap(&file);
    g_unlink(path);
}

/* By a program that would not know that it is another format now */
static void in_use(void)
{
    struct flock opening = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET,
        .l_start = POOL_LOCK_OPENING + 4711, .l_len = 1,
    };
    g_autoptr(GError) error = NULL;
    int fd;

    make_old(1);
    fd = g_open(path, O_RDWR, 0);
    g_assert_cmpint(fcntl(fd, F_OFD_SETLK, &opening), ==, 0);
    failed(opened(&error), &error, EBUSY, "in use");
    g_assert_cmpuint(version(), ==, POOL_VERSION_OLD);
    close(fd);
    look_at(LIVES);
}

/* --- Several at once, and killed at any instruction --- */

static void come_at_once(void)
{
    for (unsigned round = 0; round < 20; round++) {
        pid_t child[4];
        int status;

        make_old(1 + round * 100);
        for (unsigned i = 0; i < G_N_ELEMENTS(child); i++) {
            child[i] = fork();
            if (!child[i]) {
                _exit(cxl_dcd_pool_open(path, &config, NULL) ? 0 : 1);
            }
        }
        for (unsigned i = 0; i < G_N_ELEMENTS(child); i++) {
            g_assert_cmpint(waitpid(child[i], &status, 0), ==, child[i]);
            g_assert_cmpint(status, ==, 0);
        }
        look_at(LIVES);
    }
}

#ifdef __x86_64__

static volatile sig_atomic_t steps, last_step;
static File stepped;
static unsigned *upgraded_at;     /* of parent and child: which step it was */

static void on_step(int signum G_GNUC_UNUSED)
{
    steps++;
    if (!*upgraded_at && stepped.header->version == POOL_VERSION) {
        *upgraded_at = steps;
    }
    if (steps == last_step) {
        kill(getpid(), SIGKILL);
    }
}

static void open_and_die(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTRAP, on_step);
    __asm__ volatile("subq $128, %%rsp\n\t"
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "addq $128, %%rsp" : : : "memory", "cc");
    cxl_dcd_pool_open(path, &config, NULL);
    kill(getpid(), SIGKILL);
}

/* After so many instructions; 0: when it is open */
static void kill_after(unsigned last)
{
    pid_t child;
    int status;

    last_step = last;
    stepped = file_map();
    child = fork();
    if (!child) {
        open_and_die();
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    file_unmap(&stepped);
}

static void killed(void)
{
    unsigned old = 0, rounds = 25;

    upgraded_at = mmap(NULL, sizeof(*upgraded_at), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(upgraded_at != MAP_FAILED);
    make_old(20);
    kill_after(0);
    look_at(LIVES);
    g_assert_cmpuint(*upgraded_at, >, 0);
    for (unsigned round = 0; round < rounds; round++) {
        make_old(20);
        kill_after(g_test_rand_int_range(1, *upgraded_at * 3 / 2));
        old += version() == POOL_VERSION_OLD;
        look_at(LIVES);
    }
    g_test_message("%u instructions; killed before the last of them: %u of %u",
                   *upgraded_at, old, rounds);
    g_assert_cmpuint(old, >, 0);
    g_assert_cmpuint(old, <, rounds);
    munmap(upgraded_at, sizeof(*upgraded_at));
}

#else

static void killed(void)
{
    g_test_skip("only x86 processors are told to stop after each instruction");
}

#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/upgrade/old-format", old_format);
    g_test_add_func("/pool/upgrade/damaged", damaged);
    g_test_add_func("/pool/upgrade/in-use", in_use);
    g_test_add_func("/pool/upgrade/come-at-once", come_at_once);
    g_test_add_func("/pool/upgrade/killed", killed);
    return run_in_folder();
}
