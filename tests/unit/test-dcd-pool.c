/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool: what is refused, and processes that are killed at any point while
 * they claim, write and release, with an audit of the whole file after each
 * round.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hw/cxl/cxl_dcd_pool.h"

#define BLOCK 4096ULL
#define BLOCKS 64ULL
#define HOSTS 4
#define ROUNDS 300

static char *path;

static CXLDcdPool *open_host(uint16_t host)
{
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool = cxl_dcd_pool_open(path, BLOCKS * BLOCK, BLOCK, host,
                                         &error);

    g_assert_no_error(error);
    return pool;
}

static void refuse(uint64_t size, uint16_t host, int code)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(cxl_dcd_pool_open(path, size, BLOCK, host, &error));
    g_assert_error(error, CXL_DCD_POOL_ERROR, code);
}

static void bad_input(void)
{
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    uint64_t freed;
    uint16_t host;
    gsize len;

    refuse(BLOCKS * BLOCK, 1, EBUSY);
    refuse(BLOCKS * BLOCK, CXL_DCD_POOL_HOSTS, ERANGE);
    refuse(BLOCKS * BLOCK * 2, 3, EINVAL);
    refuse(BLOCK + 1, 3, EINVAL);
    g_assert_true(cxl_dcd_pool_claim(a, 4, 2, NULL));
    g_assert_false(cxl_dcd_pool_claim(b, 3, 3, &error));
    g_assert_error(error, CXL_DCD_POOL_ERROR, EBUSY);
    g_assert_cmpint(cxl_dcd_pool_block(b, 3, &host), ==, CXL_DCD_POOL_FREE);
    g_assert_false(cxl_dcd_pool_release(b, 4, 1, NULL));
    g_assert_false(cxl_dcd_pool_claim(b, BLOCKS, 1, NULL));
    g_assert_false(cxl_dcd_pool_claim(b, 1, UINT64_MAX, NULL));
    g_assert_false(cxl_dcd_pool_reclaim(b, 1, &freed, NULL));
    g_assert_cmpint(cxl_dcd_pool_block(b, 5, &host), ==, CXL_DCD_POOL_OWNED);
    g_assert_cmpint(host, ==, 1);
    cxl_dcd_pool_close(a);
    a = open_host(1);
    g_assert_true(cxl_dcd_pool_release(a, 4, 1, NULL));
    cxl_dcd_pool_close(a);
    g_assert_true(cxl_dcd_pool_reclaim(b, 1, &freed, NULL));
    g_assert_cmpuint(freed, ==, 1);
    cxl_dcd_pool_close(b);

    g_assert_true(g_file_get_contents(path, &bytes, &len, NULL));
    bytes[BLOCKS * BLOCK + 17]++;
    g_assert_true(g_file_set_contents(path, bytes, len, NULL));
    refuse(BLOCKS * BLOCK, 1, EINVAL);
    g_assert_true(g_file_set_contents(path, bytes, len / 2, NULL));
    refuse(BLOCKS * BLOCK, 1, EINVAL);
    g_unlink(path);
}

/* A host's life; it ends by SIGKILL, or 3 when it saw another's bytes */
static void live(uint16_t host, uint32_t seed)
{
    CXLDcdPool *pool;
    uint8_t *memory;
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);

    /* A test that fails takes its hosts along */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pool = open_host(host);
    memory = cxl_dcd_pool_memory(pool);
    for (;;) {
        uint64_t first = g_rand_int_range(rand, 0, BLOCKS - 4);
        uint64_t count = g_rand_int_range(rand, 1, 5);
        uint8_t *at = memory + first * BLOCK;

        if (!cxl_dcd_pool_claim(pool, first, count, NULL)) {
            cxl_dcd_pool_release(pool, first, 1, NULL);
            continue;
        }
        for (uint64_t i = 0; i < count * BLOCK; i += 64) {
            if (at[i]) {
                _exit(3);
            }
            at[i] = host;
        }
    }
}

static void audit(CXLDcdPool *pool)
{
    const uint8_t *memory = cxl_dcd_pool_memory(pool);
    uint16_t owner;

    for (uint64_t i = 0; i < BLOCKS; i++) {
        CXLDcdPoolState state = cxl_dcd_pool_block(pool, i, &owner);
        uint8_t allowed = state == CXL_DCD_POOL_FREE ? 0 : owner;

        g_assert_cmpuint(owner, <=, HOSTS);
        for (uint64_t j = 0; j < BLOCK; j++) {
            uint8_t byte = memory[i * BLOCK + j];

            g_assert_true(!byte || byte == allowed);
        }
    }
}

static void killed(void)
{
    CXLDcdPool *pool = open_host(0);

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint16_t victim = g_test_rand_int_range(1, HOSTS + 1);
        pid_t child[HOSTS];
        uint64_t freed;
        int status;

        for (int i = 0; i < HOSTS; i++) {
            uint32_t seed = g_test_rand_int();

            child[i] = fork();
            if (!child[i]) {
                live(i + 1, seed);
            }
        }
        g_usleep(g_test_rand_int_range(1, 20000));
        for (int i = 0; i < HOSTS; i++) {
            kill(child[i], SIGKILL);
            g_assert_cmpint(waitpid(child[i], &status, 0), ==, child[i]);
            g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        }
        audit(pool);
        g_assert_true(cxl_dcd_pool_reclaim(pool, victim, &freed, NULL));
        audit(pool);
    }
    for (uint16_t host = 1; host <= HOSTS; host++) {
        uint64_t freed;

        g_assert_true(cxl_dcd_pool_reclaim(pool, host, &freed, NULL));
    }
    g_assert_true(cxl_dcd_pool_claim(pool, 0, BLOCKS, NULL));
    cxl_dcd_pool_close(pool);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_autofree char *dir = g_dir_make_tmp("dcd-pool-XXXXXX", NULL);
    int status;

    g_test_init(&argc, &argv, NULL);
    path = g_build_filename(dir, "pool", NULL);
    g_test_add_func("/pool/bad-input", bad_input);
    g_test_add_func("/pool/killed", killed);
    status = g_test_run();
    g_rmdir(dir);
    g_free(path);
    return status;
}
