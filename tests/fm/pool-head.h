/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One head of a pool and the host behind it: the device's core and pool, put
 * together as QEMU's device does it, without QEMU
 *
 * Region 0: 1 GiB of 2 MiB blocks. Region 1: 256 MiB, sharable. With a size,
 * there is only region 0, and it has that.
 */
#ifndef POOL_HEAD_H
#define POOL_HEAD_H

#include "hw/cxl/dcd/core.h"
#include "hw/cxl/dcd/pool.h"

typedef enum Offers { TAKE_ALL, TAKE_HALF, TAKE_NONE, NO_ANSWER } Offers;

typedef struct Head Head;

struct Head {
    uint16_t host;
    uint64_t size;                /* bytes; 0: both regions */
    const char *path;             /* of the pool's file */
    CXLDcd *dcd;                  /* NULL: its process is dead */
    CXLDcdPool *pool;             /* a handle of its own, as a process has */
    GArray *told;                 /* CXLDcdEvent the host has not read */
    GArray *dirty;                /* CXLDcdRange, when it sanitizes slowly */
    Offers offers;
    bool gives;
    bool slow;
    bool whole;                   /* gives all of an extent asked for in part */
    /* What became of a request, for the monitor */
    void (*outcome)(Head *head, CXLDcdOutcome outcome,
                    const CXLDcdExtent *extents, size_t count);
};

/* A process that is @head->host starts, or dies without a word. */
void head_live(Head *head);
void head_die(Head *head);
/* The host reads what it was told and answers as it is set to. */
void head_answer(Head *head);
/* What was given back is clean now. */
void head_clean(Head *head);

#endif /* POOL_HEAD_H */
