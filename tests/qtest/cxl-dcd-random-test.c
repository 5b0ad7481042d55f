/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: random requests, answers, resets and decoder
 * changes against an array of blocks. After every step the extent list, the
 * query and every single address must say what the array says, and a block
 * must hold what its present owner wrote. Repeat a run with --seed.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define BLOCKS  48
#define STEPS   250

typedef enum { FREE, PENDING, ACCEPTED, DEAD } State;

typedef struct Model {
    CXLDcdDevice *d;
    State state[BLOCKS];
    unsigned group[BLOCKS];       /* of pending and dead blocks */
    uint64_t value[BLOCKS];       /* of accepted blocks: what was written */
    unsigned oldest, newest;      /* groups [oldest, newest) are unanswered */
    uint64_t writes;
    bool decoded;
} Model;

static void pick(unsigned *first, unsigned *count)
{
    *first = g_test_rand_int_range(0, BLOCKS);
    *count = g_test_rand_int_range(1, MIN(8, BLOCKS - *first) + 1);
}

static bool all_in(const Model *m, unsigned first, unsigned count, State state)
{
    unsigned i;

    for (i = first; i < first + count; i++) {
        if (m->state[i] != state) {
            return false;
        }
    }
    return true;
}

static void set(Model *m, unsigned first, unsigned count, State state)
{
    unsigned i;

    for (i = first; i < first + count; i++) {
        m->state[i] = state;
        m->group[i] = m->newest;
        m->value[i] = 0;
    }
}

static CXLDcdSpan dpa_of(const Model *m, unsigned first, unsigned count)
{
    return (CXLDcdSpan){ m->d->dc_base + first * BLOCK, count * BLOCK };
}

/* Block @i has no contents that a test may rely on: write some. */
static void own(Model *m, unsigned i)
{
    uint64_t hpa = m->d->machine->window + i * BLOCK;

    m->value[i] = ++m->writes << 16 | i;
    qtest_writeq(m->d->machine->qts, hpa, m->value[i]);
    qtest_writeq(m->d->machine->qts, hpa + BLOCK - 8, m->value[i]);
}

static void add(Model *m)
{
    unsigned first, count;
    CXLDcdSpan span;

    pick(&first, &count);
    span = (CXLDcdSpan){ first * BLOCK, count * BLOCK };
    if (all_in(m, first, count, FREE)) {
        cxl_dcd_qmp_add(m->d, .extents = &span, .count = 1);
        set(m, first, count, PENDING);
        m->newest++;
    } else {
        cxl_dcd_qmp_add(m->d, .extents = &span, .count = 1, .error = "overlap");
    }
}

/* Answer the oldest group with all, part or nothing of it. */
static void answer(Model *m)
{
    unsigned first = BLOCKS, count = 0, i;
    bool dead = false;
    CXLDcdSpan span;
    uint16_t code;

    for (i = 0; i < BLOCKS; i++) {
        if ((m->state[i] == PENDING || m->state[i] == DEAD) &&
            m->group[i] == m->oldest) {
            first = MIN(first, i);
            count++;
            dead |= m->state[i] == DEAD;
        }
    }
    if (m->oldest == m->newest) {
        g_assert_cmphex(cxl_dcd_reject(m->d), ==, CXL_DCD_RC_INVALID_INPUT);
        return;
    }
    span = dpa_of(m, first, count);
    if (g_test_rand_bit()) {
        span.length = g_test_rand_int_range(1, count + 1) * BLOCK;
    }
    code = cxl_dcd_update(m->d, CXL_DCD_OP_ADD_RESPONSE, 0, &span, 1);
    g_assert_cmphex(code, ==, dead ? CXL_DCD_RC_INVALID_PA : SUCCESS);
    if (dead) {
        g_assert_cmphex(cxl_dcd_reject(m->d), ==, SUCCESS);
        span.length = 0;
    }
    set(m, first, count, FREE);
    set(m, first, span.length / BLOCK, ACCEPTED);
    m->oldest++;
    for (i = first; m->decoded && i < first + span.length / BLOCK; i++) {
        own(m, i);
    }
}

static void give_back(Model *m)
{
    unsigned first, count;
    CXLDcdSpan span;
    uint16_t code;

    pick(&first, &count);
    span = dpa_of(m, first, count);
    code = cxl_dcd_update(m->d, CXL_DCD_OP_RELEASE, 0, &span, 1);
    if (all_in(m, first, count, ACCEPTED)) {
        g_assert_cmphex(code, ==, SUCCESS);
        set(m, first, count, FREE);
    } else {
        g_assert_cmphex(code, ==, CXL_DCD_RC_INVALID_PA);
    }
}

static void force(Model *m)
{
    unsigned first, count, i;
    CXLDcdSpan span;

    pick(&first, &count);
    span = (CXLDcdSpan){ first * BLOCK, count * BLOCK };
    if (all_in(m, first, count, ACCEPTED)) {
        cxl_dcd_qmp_release(m->d, .extents = &span, .count = 1, .forced = true);
        set(m, first, count, FREE);
        return;
    }
    if (m->state[first] == PENDING) {
        /* A group is one range here: take all of it. */
        unsigned group = m->group[first];

        count = 0;
        for (i = 0; i < BLOCKS; i++) {
            if (m->state[i] == PENDING && m->group[i] == group) {
                first = MIN(first, i);
                m->state[i] = DEAD;
                count++;
            }
        }
        span = (CXLDcdSpan){ first * BLOCK, count * BLOCK };
        cxl_dcd_qmp_release(m->d, .extents = &span, .count = 1, .forced = true);
    }
}

static void decoder(Model *m)
{
    unsigned i;

    if (m->decoded) {
        cxl_dcd_decoder_uncommit(m->d->machine, m->d->hdm, 0);
    } else {
        cxl_dcd_map(m->d);
    }
    m->decoded = !m->decoded;
    for (i = 0; m->decoded && i < BLOCKS; i++) {
        if (m->state[i] == ACCEPTED && !m->value[i]) {
            own(m, i);
        }
    }
}

static void reset(Model *m)
{
    unsigned i;

    cxl_dcd_machine_reset(m->d->machine);
    for (i = 0; i < BLOCKS; i++) {
        if (m->state[i] != ACCEPTED) {
            m->state[i] = FREE;
        }
    }
    m->oldest = m->newest;
    m->decoded = false;
    decoder(m);
}

/* The list, merged to blocks, is the array's accepted blocks. */
static void compare_list(Model *m)
{
    CXLDcdExtentList list = cxl_dcd_list_extents(m->d);
    bool listed[BLOCKS] = { 0 };
    unsigned i;

    for (i = 0; i < list.extents->len; i++) {
        CXLDcdWireExtent *e = &g_array_index(list.extents, CXLDcdWireExtent, i);
        uint64_t first = (cxl_dcd_get64(e->start_dpa) - m->d->dc_base) / BLOCK;
        uint64_t end = first + cxl_dcd_get64(e->length) / BLOCK;

        g_assert_cmpuint(end, <=, BLOCKS);
        for (; first < end; first++) {
            g_assert_false(listed[first]);
            listed[first] = true;
        }
    }
    for (i = 0; i < BLOCKS; i++) {
        g_assert_cmpuint(listed[i], ==, m->state[i] == ACCEPTED);
    }
    cxl_dcd_extents_free(&list);
}

static void compare_memory(Model *m)
{
    QTestState *qts = m->d->machine->qts;
    unsigned i;

    for (i = 0; i < BLOCKS; i++) {
        uint64_t hpa = m->d->machine->window + i * BLOCK;
        uint64_t expect = m->decoded && m->state[i] == ACCEPTED ?
                          m->value[i] : UINT64_MAX;

        g_assert_cmphex(qtest_readq(qts, hpa), ==, expect);
        g_assert_cmphex(qtest_readq(qts, hpa + BLOCK - 8), ==, expect);
        if (expect == UINT64_MAX) {
            qtest_writeq(qts, hpa, 0xbadbadbadbadbad0ULL);
        }
    }
}

static void walk(CXLDcdDevice *d)
{
    Model m = { .d = d };
    unsigned step;

    decoder(&m);
    for (step = 0; step < STEPS; step++) {
        unsigned dice = g_test_rand_int_range(0, 100);

        if (dice < 35) {
            add(&m);
        } else if (dice < 65) {
            answer(&m);
        } else if (dice < 82) {
            give_back(&m);
        } else if (dice < 91) {
            force(&m);
        } else if (dice < 98) {
            decoder(&m);
        } else {
            reset(&m);
        }
        cxl_dcd_drop_events(d);
        compare_list(&m);
        compare_memory(&m);
    }
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions few = {
        .properties = ",\"dc-direct-map-limit\":3",
    };
    static const CXLDcdOptions trapped = {
        .properties = ",\"dc-direct-map\":false",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/random/mapped", NULL, walk);
    cxl_dcd_add_case("/cxl-dcd/random/few-mappings", &few, walk);
    cxl_dcd_add_case("/cxl-dcd/random/trapped", &trapped, walk);
    return g_test_run();
}
