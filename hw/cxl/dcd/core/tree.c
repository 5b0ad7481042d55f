/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: ordered set of the extents of one region
 *
 * Pages are never empty. Two neighbours that would fit into one, and leave it
 * some room, become one: on average pages are half full at least.
 */
#include <string.h>
#include "tree.h"

#define ENTRIES 24
#define MERGE   (ENTRIES - 2)

typedef struct CXLDcdPage CXLDcdPage;
struct CXLDcdPage {
    uint16_t count;
    uint16_t height;            /* 0: below are nodes, otherwise pages */
    uint64_t first[ENTRIES];    /* lowest DPA below each entry */
    uint64_t end[ENTRIES];      /* one past its highest */
    void *below[ENTRIES];
    uint32_t listed[ENTRIES];   /* how many below are in the host's list */
    uint64_t gap[];             /* largest below each; pages over pages only */
};

/* --- Pages --- */

static CXLDcdPage *cxl_dcd_tree_page_new(unsigned height)
{
    size_t gaps = height ? ENTRIES * sizeof(uint64_t) : 0;
    CXLDcdPage *page = g_malloc(sizeof(*page) + gaps);

    page->count = 0;
    page->height = height;
    return page;
}

static uint32_t cxl_dcd_tree_page_listed(const CXLDcdPage *page)
{
    uint32_t listed = 0;

    for (unsigned i = 0; i < page->count; i++) {
        listed += page->listed[i];
    }
    return listed;
}

/* Largest gap between neighbours in or below a page */
static uint64_t cxl_dcd_tree_page_gap(const CXLDcdPage *page)
{
    uint64_t gap = 0;

    for (unsigned i = 0; i < page->count; i++) {
        if (page->height) {
            gap = MAX(gap, page->gap[i]);
        }
        if (i) {
            gap = MAX(gap, page->first[i] - page->end[i - 1]);
        }
    }
    return gap;
}

/* Entry @i is @below: take over what there is to know of it. */
static void cxl_dcd_tree_page_set(CXLDcdPage *page, unsigned i, void *below)
{
    page->below[i] = below;
    if (page->height) {
        const CXLDcdPage *child = below;

        page->first[i] = child->first[0];
        page->end[i] = child->end[child->count - 1];
        page->listed[i] = cxl_dcd_tree_page_listed(child);
        page->gap[i] = cxl_dcd_tree_page_gap(child);
    } else {
        const CXLDcdNode *node = below;

        page->first[i] = node->dpa;
        page->end[i] = node->dpa + node->len;
        page->listed[i] = cxl_dcd_state_listed(node->state);
    }
}

/* Copy @count entries; the two places may overlap. */
static void cxl_dcd_tree_page_copy(CXLDcdPage *to, unsigned at,
                                   const CXLDcdPage *from, unsigned first,
                                   unsigned count)
{
    memmove(to->first + at, from->first + first, count * sizeof(*to->first));
    memmove(to->end + at, from->end + first, count * sizeof(*to->end));
    memmove(to->below + at, from->below + first, count * sizeof(*to->below));
    memmove(to->listed + at, from->listed + first,
            count * sizeof(*to->listed));
    if (to->height) {
        memmove(to->gap + at, from->gap + first, count * sizeof(*to->gap));
    }
}

/* Entries of @from, @first and later, go to the end of @to. */
static void cxl_dcd_tree_page_move(CXLDcdPage *from, unsigned first,
                                   CXLDcdPage *to)
{
    cxl_dcd_tree_page_copy(to, to->count, from, first, from->count - first);
    to->count += from->count - first;
    from->count = first;
}

static void cxl_dcd_tree_page_drop(CXLDcdPage *page, unsigned i)
{
    cxl_dcd_tree_page_copy(page, i, page, i + 1, page->count - i - 1);
    page->count--;
}

/*
 * Make @below the entry @at. A page that is full is split, and its new
 * neighbour above returned; what comes in ascending order leaves full pages.
 */
static CXLDcdPage *cxl_dcd_tree_page_put(CXLDcdPage *page, unsigned at,
                                         void *below)
{
    CXLDcdPage *above = NULL, *target = page;

    if (page->count == ENTRIES) {
        unsigned half = at == ENTRIES ? ENTRIES : ENTRIES / 2;

        above = cxl_dcd_tree_page_new(page->height);
        cxl_dcd_tree_page_move(page, half, above);
        if (at > half || half == ENTRIES) {
            target = above;
            at -= half;
        }
    }
    cxl_dcd_tree_page_copy(target, at + 1, target, at, target->count - at);
    target->count++;
    cxl_dcd_tree_page_set(target, at, below);
    return above;
}

/* The last entry that starts at or below @dpa, or the first one */
static unsigned cxl_dcd_tree_page_find(const CXLDcdPage *page, uint64_t dpa)
{
    unsigned i = 1;

    while (i < page->count && page->first[i] <= dpa) {
        i++;
    }
    return i - 1;
}

/* --- Changes --- */

static CXLDcdPage *cxl_dcd_tree_insert_below(CXLDcdPage *page, CXLDcdNode *node)
{
    unsigned i = cxl_dcd_tree_page_find(page, node->dpa);
    CXLDcdPage *above;

    if (!page->height) {
        return cxl_dcd_tree_page_put(
            page, i + (page->count && page->first[i] < node->dpa), node);
    }
    above = cxl_dcd_tree_insert_below(page->below[i], node);
    cxl_dcd_tree_page_set(page, i, page->below[i]);
    return above ? cxl_dcd_tree_page_put(page, i + 1, above) : NULL;
}

void cxl_dcd_tree_insert(CXLDcdTree *tree, CXLDcdNode *node)
{
    CXLDcdPage *above, *root;

    if (!tree->root) {
        tree->root = cxl_dcd_tree_page_new(0);
    }
    above = cxl_dcd_tree_insert_below(tree->root, node);
    if (above) {
        root = cxl_dcd_tree_page_new(tree->root->height + 1);
        cxl_dcd_tree_page_put(root, 0, tree->root);
        cxl_dcd_tree_page_put(root, 1, above);
        tree->root = root;
    }
}

/* Entries @i and @i + 1 become one, if there is room; false if not. */
static bool cxl_dcd_tree_page_join(CXLDcdPage *page, unsigned i)
{
    CXLDcdPage *low, *high;

    if (i + 1 >= page->count) {
        return false;
    }
    low = page->below[i];
    high = page->below[i + 1];
    if (low->count + high->count > MERGE) {
        return false;
    }
    cxl_dcd_tree_page_move(high, 0, low);
    g_free(high);
    cxl_dcd_tree_page_drop(page, i + 1);
    cxl_dcd_tree_page_set(page, i, low);
    return true;
}

static CXLDcdNode *cxl_dcd_tree_remove_below(CXLDcdPage *page, uint64_t dpa)
{
    unsigned i = cxl_dcd_tree_page_find(page, dpa);
    CXLDcdPage *child;
    CXLDcdNode *node;

    if (!page->height) {
        if (page->first[i] != dpa) {
            return NULL;
        }
        node = page->below[i];
        cxl_dcd_tree_page_drop(page, i);
        return node;
    }
    child = page->below[i];
    node = cxl_dcd_tree_remove_below(child, dpa);
    if (!node) {
        return NULL;
    }
    if (!child->count) {
        g_free(child);
        cxl_dcd_tree_page_drop(page, i);
        return node;
    }
    cxl_dcd_tree_page_set(page, i, child);
    if (!i || !cxl_dcd_tree_page_join(page, i - 1)) {
        cxl_dcd_tree_page_join(page, i);
    }
    return node;
}

CXLDcdNode *cxl_dcd_tree_remove(CXLDcdTree *tree, uint64_t dpa)
{
    CXLDcdNode *node =
        tree->root ? cxl_dcd_tree_remove_below(tree->root, dpa) : NULL;
    CXLDcdPage *root;

    while ((root = tree->root) && root->height && root->count == 1) {
        tree->root = root->below[0];
        g_free(root);
    }
    if (root && !root->count) {
        g_free(root);
        tree->root = NULL;
    }
    return node;
}

/* The node that the tree knows at @dpa has changed. */
static void cxl_dcd_tree_refresh(CXLDcdPage *page, uint64_t dpa)
{
    unsigned i = cxl_dcd_tree_page_find(page, dpa);

    if (page->height) {
        cxl_dcd_tree_refresh(page->below[i], dpa);
    }
    cxl_dcd_tree_page_set(page, i, page->below[i]);
}

void cxl_dcd_tree_set_state(CXLDcdTree *tree, CXLDcdNode *node,
                            CXLDcdExtentState state)
{
    node->state = state;
    cxl_dcd_tree_refresh(tree->root, node->dpa);
}

void cxl_dcd_tree_resize(CXLDcdTree *tree, CXLDcdNode *node, uint64_t dpa,
                         uint64_t len)
{
    uint64_t before = node->dpa;

    node->dpa = dpa;
    node->len = len;
    cxl_dcd_tree_refresh(tree->root, before);
}

/* --- Looking up --- */

/* The entry of a page to go down by; page->count: none */
typedef unsigned (*Chooser)(const CXLDcdPage *page, uint64_t *sought);

static CXLDcdNode *cxl_dcd_tree_descend(const CXLDcdTree *tree, Chooser choose,
                                        uint64_t sought)
{
    const CXLDcdPage *page = tree->root;

    while (page) {
        unsigned i = choose(page, &sought);

        if (i == page->count) {
            return NULL;
        }
        if (!page->height) {
            return page->below[i];
        }
        page = page->below[i];
    }
    return NULL;
}

static unsigned cxl_dcd_tree_ends_behind(const CXLDcdPage *page, uint64_t *dpa)
{
    unsigned i = 0;

    while (i < page->count && page->end[i] <= *dpa) {
        i++;
    }
    return i;
}

CXLDcdNode *cxl_dcd_tree_from(const CXLDcdTree *tree, uint64_t dpa)
{
    return cxl_dcd_tree_descend(tree, cxl_dcd_tree_ends_behind, dpa);
}

static unsigned cxl_dcd_tree_has_listed(const CXLDcdPage *page, uint64_t *index)
{
    unsigned i = 0;

    while (i < page->count && *index >= page->listed[i]) {
        *index -= page->listed[i++];
    }
    return i;
}

CXLDcdNode *cxl_dcd_tree_listed(const CXLDcdTree *tree, uint32_t index)
{
    return cxl_dcd_tree_descend(tree, cxl_dcd_tree_has_listed, index);
}

uint32_t cxl_dcd_tree_listed_count(const CXLDcdTree *tree)
{
    return tree->root ? cxl_dcd_tree_page_listed(tree->root) : 0;
}

static bool cxl_dcd_tree_gap_at(uint64_t start, uint64_t end, uint64_t want,
                                CXLDcdRange *ret)
{
    if (start >= end || end - start < want) {
        return false;
    }
    *ret = (CXLDcdRange) { start, end - start };
    return true;
}

/*
 * The gaps between neighbours in a page and below it, in ascending order.
 * What is below an entry is not entered when its gaps are all too small.
 */
static bool cxl_dcd_tree_gap_below(const CXLDcdPage *page, uint64_t from,
                                   uint64_t end, uint64_t want,
                                   CXLDcdRange *ret)
{
    for (unsigned i = 0; i < page->count && page->first[i] < end; i++) {
        if (i && cxl_dcd_tree_gap_at(MAX(page->end[i - 1], from),
                                     MIN(page->first[i], end), want, ret)) {
            return true;
        }
        if (page->height && page->end[i] > from && page->gap[i] >= want &&
            cxl_dcd_tree_gap_below(page->below[i], from, end, want, ret)) {
            return true;
        }
    }
    /* The last one before @end has its successor behind that */
    for (unsigned i = 1; i < page->count; i++) {
        if (page->first[i] >= end) {
            return cxl_dcd_tree_gap_at(MAX(page->end[i - 1], from), end, want,
                                       ret);
        }
    }
    return false;
}

bool cxl_dcd_tree_gap(const CXLDcdTree *tree, uint64_t from, uint64_t end,
                      uint64_t want, CXLDcdRange *ret)
{
    const CXLDcdPage *root = tree->root;

    if (from >= end || !want) {
        return false;
    }
    if (!root) {
        return cxl_dcd_tree_gap_at(from, end, want, ret);
    }
    return cxl_dcd_tree_gap_at(from, MIN(root->first[0], end), want, ret) ||
           cxl_dcd_tree_gap_below(root, from, end, want, ret) ||
           cxl_dcd_tree_gap_at(MAX(root->end[root->count - 1], from), end, want,
                               ret);
}

/* --- All of it --- */

static void cxl_dcd_page_free_below(CXLDcdPage *page)
{
    for (unsigned i = 0; i < page->count; i++) {
        if (page->height) {
            cxl_dcd_page_free_below(page->below[i]);
        } else {
            g_free(page->below[i]);
        }
    }
    g_free(page);
}

void cxl_dcd_tree_clear(CXLDcdTree *tree)
{
    if (tree->root) {
        cxl_dcd_page_free_below(tree->root);
        tree->root = NULL;
    }
}

unsigned cxl_dcd_tree_depth(const CXLDcdTree *tree)
{
    return tree->root ? tree->root->height + 1 : 0;
}

static bool cxl_dcd_page_valid(CXLDcdPage *page)
{
    if (!page->count || page->count > ENTRIES) {
        return false;
    }
    for (unsigned i = 0; i < page->count; i++) {
        uint64_t first = page->first[i], end = page->end[i];
        uint64_t gap = page->height ? page->gap[i] : 0;
        uint32_t listed = page->listed[i];
        CXLDcdPage *child = page->below[i];

        if (page->height &&
            (child->height + 1 != page->height || !cxl_dcd_page_valid(child))) {
            return false;
        }
        cxl_dcd_tree_page_set(page, i, child);
        if (first != page->first[i] || end != page->end[i] ||
            listed != page->listed[i] || first >= end ||
            (page->height && gap != page->gap[i]) ||
            (i && first < page->end[i - 1])) {
            return false;
        }
    }
    return true;
}

bool cxl_dcd_tree_valid(const CXLDcdTree *tree)
{
    return !tree->root || cxl_dcd_page_valid(tree->root);
}
