/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ordered set of extents of one region
 *
 * A B+ tree keyed by DPA. Each page also knows, of what is below each of its
 * entries, how many extents are listed and how large the largest gap between
 * neighbours is: so that the n-th listed extent, the extent at an address and a
 * gap of some size are all found on one way down. A binary tree would be three
 * times as deep, and a step down a large tree is a wait for memory. A node and
 * its place in a page are the whole bookkeeping of one extent (at most 128
 * bytes with the allocator's share).
 */
#ifndef CXL_DCD_EXTENT_H
#define CXL_DCD_EXTENT_H

#include <stdbool.h>
#include <stdint.h>
#include "hw/cxl/dcd/core.h"

typedef struct CXLDcdNode {
    uint64_t dpa;
    uint64_t len;
    struct CXLDcdTagEntry *tag;   /* NULL: untagged */
    struct CXLDcdNode *tag_prev;  /* extents of one tag, oldest first */
    struct CXLDcdNode *tag_next;
    union {
        struct CXLDcdGroup *group; /* pending and dead */
        struct CXLDcdLeave *leave; /* sanitizing */
    };
    uint16_t sequence;
    uint8_t state;              /* CXLDcdExtentState */
    bool sanitize;              /* asked for with its release */
} CXLDcdNode;

typedef struct CXLDcdTree {
    struct CXLDcdPage *root;    /* NULL: empty */
} CXLDcdTree;

/* The caller made sure that @node overlaps nothing; the tree owns it now. */
void cxl_dcd_tree_insert(CXLDcdTree *tree, CXLDcdNode *node);
/* Unlink the node that starts at @dpa; NULL when there is none. */
CXLDcdNode *cxl_dcd_tree_remove(CXLDcdTree *tree, uint64_t dpa);
/* Change the state of a node of the tree (keeps the count of listed ones). */
void cxl_dcd_tree_set_state(CXLDcdTree *tree, CXLDcdNode *node,
                            CXLDcdExtentState state);
/* Change where a node ends or starts without passing a neighbour. */
void cxl_dcd_tree_resize(CXLDcdTree *tree, CXLDcdNode *node, uint64_t dpa,
                         uint64_t len);

/* The first node that ends above @dpa: covers @dpa or lies behind it. */
CXLDcdNode *cxl_dcd_tree_from(const CXLDcdTree *tree, uint64_t dpa);
/* The @index-th listed node, ascending DPA; NULL past the end. */
CXLDcdNode *cxl_dcd_tree_listed(const CXLDcdTree *tree, uint32_t index);
uint32_t cxl_dcd_tree_listed_count(const CXLDcdTree *tree);

/*
 * Lowest gap of at least @want bytes inside [@from, @end). True and *@ret on
 * success; the gap given is whole (its length may exceed @want).
 */
bool cxl_dcd_tree_gap(const CXLDcdTree *tree, uint64_t from, uint64_t end,
                      uint64_t want, CXLDcdRange *ret);
/* Free all nodes. */
void cxl_dcd_tree_clear(CXLDcdTree *tree);

/* Steps from the root to a node; 0: empty. */
unsigned cxl_dcd_tree_depth(const CXLDcdTree *tree);
/* Order, depth and all facts about what is below hold; O(n), for tests. */
bool cxl_dcd_tree_valid(const CXLDcdTree *tree);

#endif
