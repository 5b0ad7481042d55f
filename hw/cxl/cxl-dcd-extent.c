/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: ordered set of the extents of one region
 */
#include <string.h>
#include "cxl-dcd-extent.h"

static bool state_listed(uint8_t state)
{
    return state == CXL_DCD_ACCEPTED || state == CXL_DCD_RELEASING;
}

static uint32_t listed_of(const CXLDcdNode *node)
{
    return node ? node->subtree_listed : 0;
}

/* Recompute what a node knows of its subtree from its children. */
static void update(CXLDcdNode *node)
{
    const CXLDcdNode *left = node->left, *right = node->right;

    node->subtree_listed = listed_of(left) + listed_of(right) +
                           state_listed(node->state);
    node->subtree_first = left ? left->subtree_first : node->dpa;
    node->subtree_end = right ? right->subtree_end : node->dpa + node->len;
    node->subtree_gap = 0;
    if (left) {
        node->subtree_gap = MAX(left->subtree_gap,
                                node->dpa - left->subtree_end);
    }
    if (right) {
        uint64_t gap = right->subtree_first - (node->dpa + node->len);

        node->subtree_gap = MAX(node->subtree_gap,
                                MAX(right->subtree_gap, gap));
    }
}

/* All of @node below @dpa to *@low, the others to *@high. */
static void split(CXLDcdNode *node, uint64_t dpa, CXLDcdNode **low,
                  CXLDcdNode **high)
{
    if (!node) {
        *low = *high = NULL;
    } else if (node->dpa < dpa) {
        split(node->right, dpa, &node->right, high);
        *low = node;
        update(node);
    } else {
        split(node->left, dpa, low, &node->left);
        *high = node;
        update(node);
    }
}

static CXLDcdNode *merge(CXLDcdNode *low, CXLDcdNode *high)
{
    if (!low || !high) {
        return low ? low : high;
    }
    if (low->priority > high->priority) {
        low->right = merge(low->right, high);
        update(low);
        return low;
    }
    high->left = merge(low, high->left);
    update(high);
    return high;
}

static uint32_t next_priority(CXLDcdTree *tree)
{
    uint32_t x = tree->random ? tree->random : 2463534242u;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    tree->random = x;
    return x;
}

static void insert_at(CXLDcdNode **link, CXLDcdNode *node)
{
    if (!*link || (*link)->priority < node->priority) {
        split(*link, node->dpa, &node->left, &node->right);
        *link = node;
    } else if (node->dpa < (*link)->dpa) {
        insert_at(&(*link)->left, node);
    } else {
        insert_at(&(*link)->right, node);
    }
    update(*link);
}

void cxl_dcd_tree_insert(CXLDcdTree *tree, CXLDcdNode *node)
{
    node->left = node->right = NULL;
    node->priority = next_priority(tree);
    update(node);
    insert_at(&tree->root, node);
}

static CXLDcdNode *remove_at(CXLDcdNode **link, uint64_t dpa)
{
    CXLDcdNode *node = *link, *found;

    if (!node) {
        return NULL;
    }
    if (node->dpa == dpa) {
        *link = merge(node->left, node->right);
        node->left = node->right = NULL;
        return node;
    }
    found = remove_at(dpa < node->dpa ? &node->left : &node->right, dpa);
    update(node);
    return found;
}

CXLDcdNode *cxl_dcd_tree_remove(CXLDcdTree *tree, uint64_t dpa)
{
    return remove_at(&tree->root, dpa);
}

/* Walk down to the node that starts at @dpa and update the way back up. */
static void refresh(CXLDcdNode *node, uint64_t dpa)
{
    if (node->dpa != dpa) {
        refresh(dpa < node->dpa ? node->left : node->right, dpa);
    }
    update(node);
}

void cxl_dcd_tree_set_state(CXLDcdTree *tree, CXLDcdNode *node,
                            CXLDcdExtentState state)
{
    node->state = state;
    refresh(tree->root, node->dpa);
}

void cxl_dcd_tree_resize(CXLDcdTree *tree, CXLDcdNode *node, uint64_t dpa,
                         uint64_t len)
{
    node->dpa = dpa;
    node->len = len;
    refresh(tree->root, dpa);
}

CXLDcdNode *cxl_dcd_tree_from(const CXLDcdTree *tree, uint64_t dpa)
{
    CXLDcdNode *node = tree->root, *found = NULL;

    while (node) {
        if (node->dpa + node->len > dpa) {
            found = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return found;
}

CXLDcdNode *cxl_dcd_tree_listed(const CXLDcdTree *tree, uint32_t index)
{
    CXLDcdNode *node = tree->root;

    while (node) {
        uint32_t before = listed_of(node->left);

        if (index < before) {
            node = node->left;
        } else if (index == before && state_listed(node->state)) {
            return node;
        } else {
            index -= before + state_listed(node->state);
            node = node->right;
        }
    }
    return NULL;
}

uint32_t cxl_dcd_tree_listed_count(const CXLDcdTree *tree)
{
    return listed_of(tree->root);
}

/*
 * Search the gaps of a subtree that has @low before it and @high behind it.
 * Subtrees whose gaps are all too small are not entered.
 */
static bool gap_in(const CXLDcdNode *node, uint64_t low, uint64_t high,
                   uint64_t from, uint64_t want, CXLDcdRange *ret)
{
    uint64_t largest;

    if (high <= from) {
        return false;
    }
    if (!node) {
        uint64_t start = MAX(low, from);

        if (high - start < want) {
            return false;
        }
        ret->dpa = start;
        ret->len = high - start;
        return true;
    }
    largest = MAX(node->subtree_gap, MAX(node->subtree_first - low,
                                         high - node->subtree_end));
    if (largest < want) {
        return false;
    }
    return gap_in(node->left, low, node->dpa, from, want, ret) ||
           gap_in(node->right, node->dpa + node->len, high, from, want, ret);
}

bool cxl_dcd_tree_gap(const CXLDcdTree *tree, uint64_t from, uint64_t end,
                      uint64_t want, CXLDcdRange *ret)
{
    uint64_t low = from;

    if (from >= end || !want) {
        return false;
    }
    if (tree->root) {
        low = MIN(from, tree->root->subtree_first);
    }
    return gap_in(tree->root, low, MAX(end, tree->root ?
                                       tree->root->subtree_end : end),
                  from, want, ret);
}

static void clear(CXLDcdNode *node)
{
    if (node) {
        clear(node->left);
        clear(node->right);
        g_free(node);
    }
}

void cxl_dcd_tree_clear(CXLDcdTree *tree)
{
    clear(tree->root);
    tree->root = NULL;
}

static bool valid(const CXLDcdNode *node, uint64_t low, uint64_t high)
{
    CXLDcdNode copy;

    if (!node) {
        return true;
    }
    copy = *node;
    update(&copy);
    return node->dpa >= low && node->dpa + node->len <= high &&
           !memcmp(&copy, node, sizeof(copy)) &&
           (!node->left || node->left->priority <= node->priority) &&
           (!node->right || node->right->priority <= node->priority) &&
           valid(node->left, low, node->dpa) &&
           valid(node->right, node->dpa + node->len, high);
}

bool cxl_dcd_tree_valid(const CXLDcdTree *tree)
{
    return valid(tree->root, 0, UINT64_MAX);
}
