/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that stops in the middle of a change of one parcel: others change
 * other parcels meanwhile, those who need that one are told in time, and when
 * it ends, it is as if it had not begun.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/unit/pool-fixture.h"

#define BLOCKS   1024ULL
#define PARCEL   64ULL            /* 16 of them */

static const CXLDcdPoolConfig config = {
    .size = BLOCKS * BLOCK, .block_size = BLOCK, .max_hosts = 4,
    .max_records = BLOCKS + 1, .reserve = true,
};

#ifdef __x86_64__

static bool accept(CXLDcdPool *pool, uint32_t host, uint64_t first,
                   uint64_t count)
{
    CXLDcdPoolRange range = { first, count };

    return cxl_dcd_pool_accept(pool, host, &range, NULL);
}

static bool leave(CXLDcdPool *pool, uint32_t host, uint64_t first,
                  uint64_t count)
{
    CXLDcdPoolRange range = { first, count };

    return cxl_dcd_pool_leave(pool, host, &range, NULL);
}

static bool finish(CXLDcdPool *pool, uint32_t host, uint64_t first,
                   uint64_t count)
{
    CXLDcdPoolRange range = { first, count };

    return cxl_dcd_pool_finish(pool, host, &range, false, NULL);
}

static volatile sig_atomic_t steps_left;

static void on_step(int signum G_GNUC_UNUSED)
{
    if (!steps_left--) {
        raise(SIGSTOP);
    }
}

/* In parcel 3, and it has been there before, so that it needs nothing else */
static void stops(uint32_t host)
{
    CXLDcdPool *pool;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pool = open_host(host);
    claim(pool, host, 3 * PARCEL, 1, NULL);
    leave(pool, host, 3 * PARCEL, 1);
    finish(pool, host, 3 * PARCEL, 1);
    signal(SIGTRAP, on_step);
    __asm__ volatile("subq $128, %%rsp\n\t"
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "addq $128, %%rsp" : : : "memory", "cc");
    for (;;) {
        if (!claim(pool, host, 3 * PARCEL, 1, NULL) ||
            !leave(pool, host, 3 * PARCEL, 1) ||
            !finish(pool, host, 3 * PARCEL, 1)) {
            _exit(5);
        }
    }
}

static pid_t start(void)
{
    pid_t child = fork();

    g_assert_cmpint(child, >=, 0);
    if (!child) {
        stops(2);
    }
    return child;
}

static void stop(pid_t child)
{
    int status;

    kill(child, SIGKILL);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void use(CXLDcdPool *pool, uint64_t at)
{
    g_autoptr(GError) error = NULL;

    claim(pool, 1, at, 2, &error);
    g_assert_no_error(error);
    g_assert_true(accept(pool, 1, at, 1));
    g_assert_true(leave(pool, 1, at, 2));
    g_assert_true(finish(pool, 1, at, 2));
}

/* It is one or the other */
static bool times_out(bool ok, GError **error)
{
    bool out = !ok && (*error)->code == ETIMEDOUT;

    g_assert_true(ok || out);
    g_clear_error(error);
    return out;
}

static uint64_t found(CXLDcdPool *pool, uint64_t from, uint64_t to,
                      uint64_t count)
{
    CXLDcdPoolRange range = { 0 };

    g_assert_true(cxl_dcd_pool_find_apart(pool, from, to, count, &range, NULL));
    g_assert_cmpuint(range.count, >=, count);
    g_assert_cmpuint(range.first, >=, from);
    g_assert_cmpuint(range.first + range.count, <=, to);
    return range.first;
}

/* Until it stopped while it had the lock of its parcel */
static pid_t stop_in_parcel(CXLDcdPool *pool)
{
    for (;;) {
        g_autoptr(GError) error = NULL;
        pid_t child;
        uint64_t freed;
        int status;

        steps_left = g_test_rand_int_range(0, 12000);
        child = start();
        g_assert_cmpint(waitpid(child, &status, WUNTRACED), ==, child);
        g_assert_true(WIFSTOPPED(status));
        cxl_dcd_pool_set_wait(pool, 20);
        if (times_out(claim(pool, 1, 3 * PARCEL + 8, 1, &error), &error)) {
            return child;
        }
        cxl_dcd_pool_set_wait(pool, 10000);
        give_back(pool, 1, 3 * PARCEL + 8, 1);
        stop(child);
        g_assert_true(cxl_dcd_pool_reclaim(pool, 2, &freed, NULL));
    }
}

/* Who waits in vain for the first room finds some elsewhere in the end. */
static void moves_away(void)
{
    CXLDcdPool *pool = open_host(1);
    pid_t child = stop_in_parcel(pool);
    g_autoptr(GError) error = NULL;
    CXLDcdPoolRange range;
    unsigned tries = 0;
    uint64_t first, other, freed;

    while (!cxl_dcd_pool_find_apart(pool, 0, BLOCKS, 4, &range, &error)) {
        g_assert_error(error, CXL_DCD_POOL_ERROR, ETIMEDOUT);
        g_clear_error(&error);
        g_assert_cmpuint(++tries, <, 30);
    }
    g_assert_cmpuint(tries, >, 0);
    first = range.first;
    g_assert_cmpuint(first / PARCEL, !=, 3);
    g_assert_cmpuint(first / PARCEL, ==, (first + range.count - 1) / PARCEL);
    for (unsigned i = 0; i < 100; i++) {
        g_assert_cmpuint(found(pool, 0, BLOCKS, 4), ==, first);
    }
    cxl_dcd_pool_set_wait(pool, 10000);
    stop(child);
    g_assert_true(cxl_dcd_pool_reclaim(pool, 2, &freed, NULL));
    /* What there is none of there is looked for everywhere. */
    g_assert_cmpuint(found(pool, 0, BLOCKS, BLOCKS / 2), ==, 0);
    other = first ? 0 : PARCEL;
    g_assert_cmpuint(found(pool, other, first ? first : BLOCKS, 1), ==, other);
    end(pool);
}

static void stopped(void)
{
    CXLDcdPool *pool = open_host(1);
    unsigned in_parcel = 0, in_pool = 0;
    g_autoptr(GError) error = NULL;
    int status;

    /* Both have what they need in their parcels from here on */
    use(pool, 0);
    use(pool, 7 * PARCEL);
    use(pool, 3 * PARCEL + 8);
    for (unsigned i = 0; i < 40; i++) {
        uint64_t freed;
        pid_t child;

        steps_left = g_test_rand_int_range(0, 12000);
        child = start();
        g_assert_cmpint(waitpid(child, &status, WUNTRACED), ==, child);
        g_assert_true(WIFSTOPPED(status));
        cxl_dcd_pool_set_wait(pool, 20);
        use(pool, 0);
        in_parcel += times_out(claim(pool, 1, 3 * PARCEL + 8, 1, &error),
                               &error);
        /* Who waits for all of it in vain leaves it to the others */
        in_pool += times_out(cxl_dcd_pool_check(pool, &error), &error);
        use(pool, 7 * PARCEL);
        cxl_dcd_pool_set_wait(pool, 10000);
        if (g_test_rand_bit()) {
            kill(child, SIGCONT);
            sound(pool);
        }
        stop(child);
        if (leave(pool, 1, 3 * PARCEL + 8, 1)) {
            g_assert_true(finish(pool, 1, 3 * PARCEL + 8, 1));
        }
        use(pool, 3 * PARCEL + 8);
        sound(pool);
        g_assert_true(cxl_dcd_pool_reclaim(pool, 2, &freed, NULL));
        g_assert_cmpuint(free_blocks(pool), ==, BLOCKS);
    }
    g_test_message("stopped in the parcel %u times", in_parcel);
    g_assert_cmpuint(in_parcel, >, 0);
    g_assert_cmpuint(in_pool, ==, in_parcel);
    end(pool);
}

#else

static void stopped(void)
{
    g_test_skip("only x86 processors are told to stop after each instruction");
}

static void moves_away(void)
{
    stopped();
}

#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/stopped/others-go-on", stopped);
    g_test_add_func("/pool/stopped/moves-away", moves_away);
    return run_in_folder();
}
