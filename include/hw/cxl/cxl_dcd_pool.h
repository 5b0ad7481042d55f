/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a pool of blocks that several hosts share
 *
 * One file: the memory at offset 0, behind it who owns each block. A block is
 *   free   zero, nobody's
 *   owned  by one host
 *   dirty  given back by its host, not yet zero
 *
 * Rules
 *   1. free -> owned is one compare-and-swap: a block has one owner.
 *   2. A block that is not free is changed only by the process that holds its
 *      host's lock, which the kernel drops when that process ends.
 *   3. dirty -> free only after its contents are gone.
 * So a process killed at any instruction leaves blocks that are free or found
 * by their host's id: by the host when it is back, or by
 * cxl_dcd_pool_reclaim().
 */
#ifndef CXL_DCD_POOL_H
#define CXL_DCD_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#define CXL_DCD_POOL_ERROR (cxl_dcd_pool_error_quark())
GQuark cxl_dcd_pool_error_quark(void);

#define CXL_DCD_POOL_HOSTS 1024

typedef enum CXLDcdPoolState {
    CXL_DCD_POOL_FREE,
    CXL_DCD_POOL_OWNED,
    CXL_DCD_POOL_DIRTY,
} CXLDcdPoolState;

typedef struct CXLDcdPool CXLDcdPool;

/*
 * Open @path as host @host, making it when there is none. @size and
 * @block_size in bytes. NULL with @error set, and the file as it was, when the
 * file is no pool, is damaged, has another size, or @host is taken.
 */
CXLDcdPool *cxl_dcd_pool_open(const char *path, uint64_t size,
                              uint64_t block_size, uint16_t host,
                              GError **error);
/* The host's blocks stay the host's. NULL allowed. */
void cxl_dcd_pool_close(CXLDcdPool *pool);
/* Take blocks [@first, @first + @count), all or none. */
bool cxl_dcd_pool_claim(CXLDcdPool *pool, uint64_t first, uint64_t count,
                        GError **error);
/* Give back, zeroed. False, changing nothing, when one is not the host's. */
bool cxl_dcd_pool_release(CXLDcdPool *pool, uint64_t first, uint64_t count,
                          GError **error);
/* Free all that @host has; refused while a process runs as @host. */
bool cxl_dcd_pool_reclaim(CXLDcdPool *pool, uint16_t host, uint64_t *ret_freed,
                          GError **error);
/* State of a block, and its host unless free */
CXLDcdPoolState cxl_dcd_pool_block(const CXLDcdPool *pool, uint64_t block,
                                   uint16_t *ret_host);
uint64_t cxl_dcd_pool_blocks(const CXLDcdPool *pool);
/* The pool's memory, shared with all hosts */
uint8_t *cxl_dcd_pool_memory(CXLDcdPool *pool);

#endif
