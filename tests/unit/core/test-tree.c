/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ordered set of extents against a plain array: order, the n-th listed one,
 * gaps, and that it stays balanced.
 */
#include "hw/cxl/dcd/core/tree.h"

#define BASE    0x1000
#define SLOTS   64              /* addresses BASE .. BASE + SLOTS - 1 */

static CXLDcdNode *new_node(uint64_t dpa, uint64_t len, uint8_t state)
{
    CXLDcdNode *node = g_new0(CXLDcdNode, 1);

    node->dpa = dpa;
    node->len = len;
    node->state = state;
    return node;
}

static void empty_tree(void)
{
    CXLDcdTree tree = { 0 };
    CXLDcdRange gap;

    g_assert_null(cxl_dcd_tree_from(&tree, 0));
    g_assert_null(cxl_dcd_tree_listed(&tree, 0));
    g_assert_null(cxl_dcd_tree_remove(&tree, 5));
    g_assert_cmpuint(cxl_dcd_tree_listed_count(&tree), ==, 0);
    g_assert_true(cxl_dcd_tree_valid(&tree));
    g_assert_true(cxl_dcd_tree_gap(&tree, 10, 20, 10, &gap));
    g_assert_cmpuint(gap.dpa, ==, 10);
    g_assert_cmpuint(gap.len, ==, 10);
    g_assert_false(cxl_dcd_tree_gap(&tree, 10, 20, 11, &gap));
    g_assert_false(cxl_dcd_tree_gap(&tree, 20, 20, 1, &gap));
    g_assert_false(cxl_dcd_tree_gap(&tree, 20, 10, 1, &gap));
    g_assert_false(cxl_dcd_tree_gap(&tree, 10, 20, 0, &gap));
    cxl_dcd_tree_clear(&tree);
}

/* --- A slot each: the node that starts there, or is there at all --- */

typedef struct Plain {
    CXLDcdNode *at[SLOTS];      /* NULL: free */
} Plain;

static void fill(Plain *plain, CXLDcdNode *node, CXLDcdNode *with)
{
    for (uint64_t i = 0; i < node->len; i++) {
        plain->at[node->dpa - BASE + i] = with;
    }
}

static bool plain_gap(const Plain *plain, unsigned from, unsigned end,
                      unsigned want, CXLDcdRange *ret)
{
    for (unsigned i = from; i < end; i++) {
        unsigned len = 0;

        while (i + len < end && !plain->at[i + len]) {
            len++;
        }
        if (len >= want) {
            ret->dpa = BASE + i;
            ret->len = len;
            return true;
        }
        i += len;
    }
    return false;
}

static void compare(const CXLDcdTree *tree, const Plain *plain)
{
    CXLDcdNode *last = NULL, *next = NULL;
    uint32_t listed = 0;

    g_assert_true(cxl_dcd_tree_valid(tree));
    for (unsigned i = SLOTS; i-- > 0;) {
        next = plain->at[i] ? plain->at[i] : next;
        g_assert_true(cxl_dcd_tree_from(tree, BASE + i) == next);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        CXLDcdNode *node = plain->at[i];

        if (node && node != last && (node->state == CXL_DCD_ACCEPTED ||
                                     node->state == CXL_DCD_RELEASING)) {
            g_assert_true(cxl_dcd_tree_listed(tree, listed) == node);
            listed++;
        }
        last = node;
    }
    g_assert_null(cxl_dcd_tree_listed(tree, listed));
    g_assert_cmpuint(cxl_dcd_tree_listed_count(tree), ==, listed);
    for (unsigned from = 0; from < SLOTS; from += 3) {
        for (unsigned want = 1; want <= SLOTS; want += 2) {
            CXLDcdRange found = { 0 }, expected = { 0 };

            g_assert_cmpint(cxl_dcd_tree_gap(tree, BASE + from, BASE + SLOTS,
                                             want, &found), ==,
                            plain_gap(plain, from, SLOTS, want, &expected));
            g_assert_cmphex(found.dpa, ==, expected.dpa);
            g_assert_cmphex(found.len, ==, expected.len);
        }
    }
}

/* Insert where there is room, else change, cut or remove what is there. */
static void random_step(CXLDcdTree *tree, Plain *plain)
{
    unsigned at = g_test_rand_int_range(0, SLOTS);
    uint8_t state = g_test_rand_int_range(0, CXL_DCD_STATE_MAX);
    CXLDcdNode *node = plain->at[at];
    unsigned len = 0;

    if (!node) {
        unsigned want = g_test_rand_int_range(1, 6);

        while (len < want && at + len < SLOTS && !plain->at[at + len]) {
            len++;
        }
        node = new_node(BASE + at, len, state);
        cxl_dcd_tree_insert(tree, node);
        fill(plain, node, node);
        return;
    }
    switch (g_test_rand_int_range(0, 3)) {
    case 0:
        cxl_dcd_tree_set_state(tree, node, state);
        break;
    case 1:
        if (node->len > 1) {
            unsigned up = g_test_rand_int_range(0, 2);

            fill(plain, node, NULL);
            cxl_dcd_tree_resize(tree, node, node->dpa + up, node->len - 1);
            fill(plain, node, node);
        }
        break;
    default:
        fill(plain, node, NULL);
        g_assert_true(cxl_dcd_tree_remove(tree, node->dpa) == node);
        g_assert_null(cxl_dcd_tree_remove(tree, node->dpa));
        g_free(node);
        break;
    }
}

static void random_steps(void)
{
    CXLDcdTree tree = { 0 };
    Plain plain = { { NULL } };

    for (unsigned i = 0; i < 4000; i++) {
        random_step(&tree, &plain);
        compare(&tree, &plain);
    }
    cxl_dcd_tree_clear(&tree);
}

/* Ascending, as a host would be given capacity, is the worst case of many */
static void stays_balanced(void)
{
    CXLDcdTree tree = { 0 };

    for (unsigned i = 0; i < 100000; i++) {
        cxl_dcd_tree_insert(&tree, new_node(BASE + i * 2, 1,
                                            CXL_DCD_ACCEPTED));
    }
    /* Full pages: 24 to the power of 4 is more than that */
    g_assert_cmpuint(cxl_dcd_tree_depth(&tree), ==, 4);
    for (unsigned i = 0; i < 100000; i += 2) {
        g_free(cxl_dcd_tree_remove(&tree, BASE + i * 2));
    }
    g_assert_cmpuint(cxl_dcd_tree_depth(&tree), <=, 5);
    g_assert_true(cxl_dcd_tree_valid(&tree));
    g_assert_cmpuint(cxl_dcd_tree_listed_count(&tree), ==, 50000);
    g_assert_cmphex(cxl_dcd_tree_listed(&tree, 49999)->dpa, ==,
                    BASE + 99999 * 2);
    cxl_dcd_tree_clear(&tree);
}

/* One node is all that an extent costs: 128 bytes with malloc's part. */
static void node_is_small(void)
{
    g_assert_cmpuint(sizeof(CXLDcdNode) + 2 * sizeof(size_t), <=, 128);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/tree/empty", empty_tree);
    g_test_add_func("/core/tree/random", random_steps);
    g_test_add_func("/core/tree/balanced", stays_balanced);
    g_test_add_func("/core/tree/size", node_is_small);
    return g_test_run();
}
