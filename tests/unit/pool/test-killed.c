/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool under processes that are killed
 *
 * "rounds": several hosts, each a process, claim, accept, share, give back and
 * look at what they got, until they are killed at any moment; then the file is
 * audited, some of them are reclaimed, and others come back in the next round.
 * CXL_DCD_POOL_ROUNDS sets how many (300).
 *
 * "instructions": one process is killed after an exact number of machine
 * instructions within a series of operations, so that a failure can be seen
 * again; CXL_DCD_POOL_STEPS sets how many times (40).
 *
 * Each host writes its own pattern into what is its own, so that what an audit
 * or a new owner finds says whose it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/unit/pool-fixture.h"

#define BLOCKS 256ULL
#define HOSTS 5U
#define TAGS 6U
#define STEP 64               /* bytes between those that are looked at */

static const CXLDcdPoolConfig config = {
    .size = BLOCKS * BLOCK, .block_size = BLOCK, .max_hosts = HOSTS + 1,
    .max_records = 1024, .reserve = true,
};

static unsigned number(const char *name, unsigned otherwise)
{
    const char *text = g_getenv(name);

    return text ? strtoul(text, NULL, 10) : otherwise;
}

/* What a host writes, and what all write into a tag's capacity */
static uint8_t own_pattern(uint32_t host)
{
    return 0x10 + host;
}

static uint8_t tag_pattern(const uint8_t *tag)
{
    return 0x80 + tag[0];
}

static bool holds_only(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                       uint8_t allowed)
{
    const uint8_t *at = cxl_dcd_pool_memory(pool) + range->first * BLOCK;

    for (uint64_t i = 0; i < range->count * BLOCK; i += STEP) {
        if (at[i] && at[i] != allowed) {
            return false;
        }
    }
    return true;
}

static void scribble(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                     uint8_t pattern)
{
    uint8_t *at = cxl_dcd_pool_memory(pool) + range->first * BLOCK;

    for (uint64_t i = 0; i < range->count * BLOCK; i += STEP) {
        at[i] = pattern;
    }
}

/* --- A host's life --- */

typedef struct Life {
    CXLDcdPool *pool;
    GRand *rand;
    uint32_t host;
} Life;

/* Ends the process with a status that the parent takes for a failure */
static void demand(bool ok, int status)
{
    if (!ok) {
        _exit(status);
    }
}

static void choose_tag(Life *life, uint8_t tag[CXL_DCD_POOL_TAG_SIZE])
{
    memset(tag, 0, CXL_DCD_POOL_TAG_SIZE);
    tag[0] = g_rand_int_range(life->rand, 1, TAGS + 1);
    tag[1] = 's';
}

static void claim_own(Life *life)
{
    uint64_t want = g_rand_int_range(life->rand, 1, 12);
    CXLDcdPoolExtent extent = { 0 };
    bool apart = g_rand_boolean(life->rand);

    if (!(apart ? cxl_dcd_pool_find_apart : cxl_dcd_pool_find)(
            life->pool, g_rand_int_range(life->rand, 0, BLOCKS), BLOCKS, want,
            &extent.range, NULL)) {
        return;
    }
    extent.range.count = want;
    if (cxl_dcd_pool_claim(life->pool, life->host, &extent, 1, false, NULL)) {
        /* Nobody's old data, and nobody else's new data */
        demand(holds_only(life->pool, &extent.range, 0), 3);
        scribble(life->pool, &extent.range, own_pattern(life->host));
    }
}

static void claim_shared(Life *life)
{
    CXLDcdPoolExtent extents[3] = { 0 };
    unsigned count = g_rand_int_range(life->rand, 1, 4), i;
    uint64_t from = g_rand_int_range(life->rand, 0, BLOCKS);

    for (i = 0; i < count; i++) {
        choose_tag(life, extents[i].tag);
        memcpy(extents[i].tag, extents[0].tag, sizeof(extents[i].tag));
        extents[i].sequence = i;
        if (!cxl_dcd_pool_find(life->pool, from, BLOCKS, 2,
                               &extents[i].range, NULL)) {
            return;
        }
        extents[i].range.count = 2;
        from = extents[i].range.first + 2;
    }
    if (!cxl_dcd_pool_claim(life->pool, life->host, extents, count, true,
                            NULL)) {
        return;
    }
    for (i = 0; i < count; i++) {
        /* Others may have the tag by now */
        demand(holds_only(life->pool, &extents[i].range,
                          tag_pattern(extents[0].tag)), 4);
        scribble(life->pool, &extents[i].range, tag_pattern(extents[0].tag));
    }
}

static void share(Life *life)
{
    uint8_t tag[CXL_DCD_POOL_TAG_SIZE];
    g_autoptr(GArray) extents = NULL;

    choose_tag(life, tag);
    if (!cxl_dcd_pool_share(life->pool, life->host, tag, NULL)) {
        return;
    }
    /* It is ours: nobody can take it away */
    extents = cxl_dcd_pool_tag_extents(life->pool, tag, NULL);
    demand(extents && extents->len, 5);
    for (guint i = 0; i < extents->len; i++) {
        const CXLDcdPoolExtent *e = &g_array_index(extents, CXLDcdPoolExtent,
                                                   i);

        demand(e->sequence == i, 6);
        demand(holds_only(life->pool, &e->range, tag_pattern(tag)), 7);
        scribble(life->pool, &e->range, tag_pattern(tag));
    }
}

static void hold(Life *life)
{
    uint8_t tag[CXL_DCD_POOL_TAG_SIZE];

    choose_tag(life, tag);
    cxl_dcd_pool_hold(life->pool, life->host, tag,
                      g_rand_boolean(life->rand), NULL);
}

/* Something that the host has: accept it, or give some of it back */
static void answer(Life *life)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) used = NULL;
    const CXLDcdPoolUsed *one;
    CXLDcdPoolHostInfo info;
    CXLDcdPoolRange range;

    demand(cxl_dcd_pool_host(life->pool, life->host, true, &info), 8);
    used = info.used;
    if (!used->len) {
        return;
    }
    one = &g_array_index(used, CXLDcdPoolUsed,
                         g_rand_int_range(life->rand, 0, used->len));
    demand(one->use != CXL_DCD_POOL_LEAVING, 9);
    range = one->extent.range;
    demand(holds_only(life->pool, &range, one->shared ?
                      tag_pattern(one->extent.tag) : own_pattern(life->host)),
           10);
    if (!one->shared && g_rand_boolean(life->rand)) {
        range.first += g_rand_int_range(life->rand, 0, range.count);
        range.count = g_rand_int_range(life->rand, 1, one->extent.range.first +
                                       one->extent.range.count - range.first +
                                       1);
    }
    if (g_rand_int_range(life->rand, 0, 3)) {
        demand(cxl_dcd_pool_accept(life->pool, life->host, &range, &error),
               11);
        return;
    }
    demand(cxl_dcd_pool_leave(life->pool, life->host, &range, &error), 12);
    demand(cxl_dcd_pool_finish(life->pool, life->host, &range, true, &error),
           13);
}

static void reclaim(Life *life)
{
    uint64_t freed;

    /* Mostly of hosts that are alive, or of itself: refused */
    cxl_dcd_pool_reclaim(life->pool,
                         g_rand_int_range(life->rand, 0, HOSTS + 3), &freed,
                         NULL);
}

static void act(Life *life)
{
    switch (g_rand_int_range(life->rand, 0, 12)) {
    case 0:
        claim_shared(life);
        break;
    case 1:
    case 2:
        share(life);
        break;
    case 3:
        hold(life);
        break;
    case 4:
        reclaim(life);
        break;
    case 5:
    case 6:
    case 7:
        claim_own(life);
        break;
    default:
        answer(life);
        break;
    }
}

/* What is left from before is the host's, and untouched */
static void look_back(Life *life)
{
    g_autoptr(GArray) used = NULL;
    CXLDcdPoolHostInfo info;

    demand(cxl_dcd_pool_host(life->pool, life->host, true, &info), 14);
    used = info.used;
    for (guint i = 0; i < used->len; i++) {
        const CXLDcdPoolUsed *one = &g_array_index(used, CXLDcdPoolUsed, i);

        demand(one->use == CXL_DCD_POOL_ACCEPTED && !one->shared, 15);
        demand(holds_only(life->pool, &one->extent.range,
                          own_pattern(life->host)), 16);
    }
}

static void live(uint32_t host, uint32_t seed)
{
    Life life = { .rand = g_rand_new_with_seed(seed), .host = host };

    /* A test that fails takes its hosts along */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    life.pool = open_pool();
    while (!cxl_dcd_pool_attach(life.pool, host, NULL)) {
        g_thread_yield();       /* somebody is reclaiming us */
    }
    look_back(&life);
    for (;;) {
        act(&life);
    }
}

/* --- The audit --- */

static void audit_memory(CXLDcdPool *pool)
{
    g_autofree uint8_t *allowed = g_new0(uint8_t, BLOCKS);
    g_autofree uint32_t *owners = g_new0(uint32_t, BLOCKS);
    g_autoptr(GArray) tags = NULL;
    uint32_t host, generation;

    for (host = 0; host <= HOSTS; host++) {
        g_autoptr(GArray) used = NULL;
        CXLDcdPoolHostInfo info;

        g_assert_true(cxl_dcd_pool_host(pool, host, true, &info));
        used = info.used;
        for (guint i = 0; i < used->len; i++) {
            const CXLDcdPoolUsed *u = &g_array_index(used, CXLDcdPoolUsed, i);
            const uint8_t *tag = u->extent.tag;

            for (uint64_t j = 0; j < u->extent.range.count; j++) {
                uint64_t block = u->extent.range.first + j;

                /* None owned twice */
                g_assert_true(u->shared || !owners[block]);
                owners[block] = u->shared ? UINT32_MAX : host + 1;
                allowed[block] = tag[0] ? tag_pattern(tag) : own_pattern(host);
            }
        }
    }
    tags = cxl_dcd_pool_tags(pool, &generation);
    for (guint i = 0; i < tags->len; i++) {
        const CXLDcdPoolTagInfo *info = &g_array_index(tags, CXLDcdPoolTagInfo,
                                                       i);
        g_autoptr(GArray) extents = cxl_dcd_pool_tag_extents(pool, info->tag,
                                                             NULL);

        for (guint j = 0; j < extents->len; j++) {
            const CXLDcdPoolExtent *e = &g_array_index(extents,
                                                       CXLDcdPoolExtent, j);

            for (uint64_t k = 0; k < e->range.count; k++) {
                allowed[e->range.first + k] = tag_pattern(info->tag);
                owners[e->range.first + k] = UINT32_MAX;
            }
        }
    }
    for (uint64_t i = 0; i < BLOCKS; i++) {
        CXLDcdPoolRange block = { i, 1 };
        CXLDcdPoolState state = cxl_dcd_pool_block(pool, i, &host);

        /* None lost: what is not free has somebody who can give it back */
        g_assert_cmpint(state == CXL_DCD_POOL_FREE, ==, !owners[i]);
        /* Nothing stale in what the next owner gets */
        g_assert_true(holds_only(pool, &block, allowed[i]));
    }
}

static void audit(CXLDcdPool *pool)
{
    g_autoptr(GError) error = NULL;

    cxl_dcd_pool_check(pool, &error);
    g_assert_no_error(error);
    audit_memory(pool);
}

static void free_all(CXLDcdPool *pool)
{
    CXLDcdPoolExtent all = { .range = { 0, BLOCKS } };
    g_autoptr(GError) error = NULL;
    uint32_t generation, host;
    g_autoptr(GArray) tags = NULL;
    uint64_t freed;

    for (host = 1; host <= HOSTS; host++) {
        cxl_dcd_pool_reclaim(pool, host, &freed, &error);
        g_assert_no_error(error);
    }
    tags = cxl_dcd_pool_tags(pool, &generation);
    for (guint i = 0; i < tags->len; i++) {
        g_assert_true(cxl_dcd_pool_hold(pool, 0, g_array_index(tags,
                                        CXLDcdPoolTagInfo, i).tag, false,
                                        NULL));
    }
    audit(pool);
    g_assert_cmpuint(cxl_dcd_pool_free_blocks(pool, 0, BLOCKS), ==, BLOCKS);
    cxl_dcd_pool_claim(pool, 0, &all, 1, false, &error);
    g_assert_no_error(error);
    g_assert_true(cxl_dcd_pool_leave(pool, 0, &all.range, NULL));
    g_assert_true(cxl_dcd_pool_finish(pool, 0, &all.range, true, NULL));
}

/* --- Killed at any time --- */

/* While others live, one of them may be about the same */
static void reclaim_dead(CXLDcdPool *pool, uint32_t host)
{
    gint64 end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    uint64_t freed;

    while (!cxl_dcd_pool_reclaim(pool, host, &freed, NULL)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_thread_yield();
    }
}

static void round_of(CXLDcdPool *pool, unsigned round, pid_t *child)
{
    unsigned i;
    int status;

    for (i = 0; i < HOSTS; i++) {
        uint32_t seed = g_test_rand_int();

        child[i] = fork();
        if (!child[i]) {
            live(i + 1, seed);
        }
        g_assert_cmpint(child[i], >, 0);
    }
    for (i = 0; i < HOSTS; i++) {
        /* One after the other: the rest goes on, and may be in its way */
        g_usleep(g_test_rand_int_range(1, 6000));
        kill(child[i], SIGKILL);
        g_assert_cmpint(waitpid(child[i], &status, 0), ==, child[i]);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
            g_error("round %u: host %u ended with status 0x%x", round, i + 1,
                    status);
        }
        if (g_test_rand_bit()) {
            reclaim_dead(pool, i + 1);
        }
    }
    audit(pool);
}

static void rounds(void)
{
    unsigned count = number("CXL_DCD_POOL_ROUNDS", 300), i;
    CXLDcdPool *pool = open_pool();
    CXLDcdPoolHostInfo info;
    pid_t child[HOSTS];
    uint64_t claims;

    g_assert_true(cxl_dcd_pool_attach(pool, 0, NULL));
    for (i = 0; i < count; i++) {
        round_of(pool, i, child);
        if (i % 100 == 99) {
            free_all(pool);
        }
    }
    free_all(pool);
    claims = cxl_dcd_pool_claims(pool);
    g_assert_true(cxl_dcd_pool_host(pool, 1, false, &info));
    g_test_message("%u rounds, host 1 lived %" G_GUINT64_FORMAT " times, %"
                   G_GUINT64_FORMAT " claims", count, info.lives, claims);
    g_assert_cmpuint(info.lives, >, count / 2);
    g_assert_cmpuint(claims, >, count);
    cxl_dcd_pool_close(pool);
    g_unlink(path);
}

/* --- Killed at one instruction --- */

#ifdef __x86_64__

static volatile sig_atomic_t steps_left;

static void on_step(int signum G_GNUC_UNUSED)
{
    if (!steps_left--) {
        kill(getpid(), SIGKILL);
    }
}

/* The trap flag: from here on, a signal after each instruction */
static void step_from_here(unsigned steps)
{
    signal(SIGTRAP, on_step);
    steps_left = steps;
    __asm__ volatile("subq $128, %%rsp\n\t"
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "addq $128, %%rsp" : : : "memory", "cc");
}

static void stepped(uint32_t seed, unsigned steps)
{
    Life life = { .rand = g_rand_new_with_seed(seed), .host = 1 };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    life.pool = open_pool();
    demand(cxl_dcd_pool_attach(life.pool, 1, NULL), 17);
    for (unsigned i = 0; i < 20; i++) {
        act(&life);
    }
    step_from_here(steps);
    for (;;) {
        act(&life);
    }
}

static void kill_after(uint32_t seed, unsigned steps)
{
    pid_t child = fork();
    int status;

    if (!child) {
        stepped(seed, steps);
    }
    g_assert_cmpint(child, >, 0);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        g_error("seed %u, %u steps: the host ended with status 0x%x", seed,
                steps, status);
    }
}

static void instructions(void)
{
    unsigned count = number("CXL_DCD_POOL_STEPS", 40), i;
    CXLDcdPool *pool = open_pool();
    uint64_t freed;

    g_assert_true(cxl_dcd_pool_attach(pool, 0, NULL));
    for (i = 0; i < count; i++) {
        kill_after(g_test_rand_int(), g_test_rand_int_range(0, 12000));
        audit(pool);
        if (g_test_rand_bit()) {
            g_assert_true(cxl_dcd_pool_reclaim(pool, 1, &freed, NULL));
            audit(pool);
        }
    }
    free_all(pool);
    cxl_dcd_pool_close(pool);
    g_unlink(path);
}

#else

static void instructions(void)
{
    g_test_skip("only x86 processors are told to stop after each instruction");
}

#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/rounds", rounds);
    g_test_add_func("/pool/instructions", instructions);
    return run_in_folder();
}
