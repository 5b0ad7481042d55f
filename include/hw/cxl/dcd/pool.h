/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a pool of blocks that several hosts share
 *
 * One file: the memory at offset 0, behind it who owns each block. All
 * processes that open the file share it; docs/pool.md has its format. A block
 * is
 *   free    zero (or what its last owner left, where that is allowed), nobody's
 *   owned   by one host
 *   shared  a tag's, which any number of hosts may have at once
 *   dirty   given back, not yet zero; its last host's to clean
 *
 * Rules
 *   1. A block leaves "free" by one compare-and-swap: it has one owner.
 *   2. Only the process that holds a host's lock changes what that host has.
 *      The kernel drops the lock when the process ends, however it ends.
 *   3. dirty -> free only after the contents are gone, where they must go.
 *   4. Every change is a transaction: under a lock, of a part of the pool or of
 *      all of it, with the old values in a journal in the file. Who gets the
 *      lock after a process was killed inside a transaction puts the old values
 *      back first.
 * So a process that is killed at any instruction leaves blocks that are free or
 * found by its host's id: by the host when it is back (cxl_dcd_pool_attach()),
 * or by cxl_dcd_pool_reclaim().
 *
 * Blocks are numbered from 0; block n is the memory at n * block size. No
 * operation but opening, checking and listing depends on the pool's size more
 * than by its logarithm.
 *
 * Errors are GErrors of CXL_DCD_POOL_ERROR whose code is an errno value:
 * EINVAL bad request, EBUSY somebody has it, ENOSPC no room, EEXIST tag or
 * reference is there already, ENOENT it is not, EPERM not this host's, EIO the
 * file is damaged. A call that fails has changed nothing. Not thread-safe
 * within a process; any number of processes.
 */
#ifndef CXL_DCD_POOL_H
#define CXL_DCD_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#define CXL_DCD_POOL_ERROR (cxl_dcd_pool_error_quark())
GQuark cxl_dcd_pool_error_quark(void);

#define CXL_DCD_POOL_HOSTS_MAX      16384
#define CXL_DCD_POOL_HOSTS_DEFAULT  64
#define CXL_DCD_POOL_RECORDS_MAX    (1U << 24)
#define CXL_DCD_POOL_RECORDS_DEFAULT 16384
#define CXL_DCD_POOL_BLOCKS_MAX     (1ULL << 30)
#define CXL_DCD_POOL_REGIONS        8
#define CXL_DCD_POOL_TAG_SIZE       16
/* Extents of one request */
#define CXL_DCD_POOL_RANGES_MAX     1024

typedef enum CXLDcdPoolState {
    CXL_DCD_POOL_FREE,
    CXL_DCD_POOL_OWNED,
    CXL_DCD_POOL_SHARED,
    CXL_DCD_POOL_DIRTY,
} CXLDcdPoolState;

typedef struct CXLDcdPool CXLDcdPool;

/* What a file is made with. Counts that are 0 are defaults, or the file's. */
typedef struct CXLDcdPoolConfig {
    uint64_t size;                /* bytes */
    uint64_t block_size;          /* bytes, a power of two >= 4096 */
    uint32_t max_hosts;
    uint32_t max_records;         /* extents, tags and references together */
    bool reserve;                 /* claim memory with blocks, not on use */
} CXLDcdPoolConfig;

typedef struct CXLDcdPoolRange {
    uint64_t first;               /* block */
    uint64_t count;               /* blocks */
} CXLDcdPoolRange;

/*
 * Open @path, making it when there is none. NULL with @error set, and the file
 * as it was, when it is no pool, is damaged, or has other values. Reads and
 * checks every block's entry.
 */
CXLDcdPool *cxl_dcd_pool_open(const char *path, const CXLDcdPoolConfig *config,
                              GError **error);
/*
 * The file of @other once more, whatever is at its path by now: what is done by
 * one handle is to the other as another process does it. Of @other only what
 * never changes is read, so it may be used in another thread meanwhile.
 */
CXLDcdPool *cxl_dcd_pool_open_again(const CXLDcdPool *other, GError **error);
/* What hosts have stays theirs. NULL allowed. */
void cxl_dcd_pool_close(CXLDcdPool *pool);
/* As the file has it */
const CXLDcdPoolConfig *cxl_dcd_pool_config(const CXLDcdPool *pool);
uint64_t cxl_dcd_pool_blocks(const CXLDcdPool *pool);
/*
 * The pool's memory, shared with all hosts (NULL: no room in the address
 * space); and the file. Both stay the pool's.
 */
uint8_t *cxl_dcd_pool_memory(CXLDcdPool *pool);
int cxl_dcd_pool_fd(const CXLDcdPool *pool);
/* Bytes of the pages that its file system has, which may be huge */
uint64_t cxl_dcd_pool_page(const CXLDcdPool *pool);

/* --- Hosts --- */

/*
 * Be @host from now on: EBUSY while another process is. What an earlier life
 * left is put in order: what was accepted stays the host's, offers that nobody
 * answered are free again, its references on shared capacity are dropped.
 */
bool cxl_dcd_pool_attach(CXLDcdPool *pool, uint32_t host, GError **error);
void cxl_dcd_pool_detach(CXLDcdPool *pool, uint32_t host);
/* Is a process @host now? */
bool cxl_dcd_pool_alive(CXLDcdPool *pool, uint32_t host);
/*
 * Free all that @host has, zeroed; EBUSY while a process is @host.
 * *@ret_freed: blocks.
 */
bool cxl_dcd_pool_reclaim(CXLDcdPool *pool, uint32_t host, uint64_t *ret_freed,
                          GError **error);

/* --- Capacity of a host that this process is --- */

/*
 * First free blocks in [@from, @end), @count at least in one run; as long as
 * the run goes on in *@ret. False when there are none, or (@error set) when it
 * cannot be known.
 */
bool cxl_dcd_pool_find(CXLDcdPool *pool, uint64_t from, uint64_t end,
                       uint64_t count, CXLDcdPoolRange *ret, GError **error);
/*
 * The same, but not always the first: a process that often has to wait for
 * others in the pool is sent to where they are not, for some time. There the
 * run is as long as it goes on in that part of the pool.
 */
bool cxl_dcd_pool_find_apart(CXLDcdPool *pool, uint64_t from, uint64_t end,
                             uint64_t count, CXLDcdPoolRange *ret,
                             GError **error);
/* Free blocks in [@from, @end); false with @error set: it cannot be told now */
bool cxl_dcd_pool_count_free(CXLDcdPool *pool, uint64_t from, uint64_t end,
                             uint64_t *ret, GError **error);
/* The same, or 0 */
uint64_t cxl_dcd_pool_free_blocks(CXLDcdPool *pool, uint64_t from,
                                  uint64_t end);

/* Blocks of the longest free run */
uint64_t cxl_dcd_pool_longest(CXLDcdPool *pool);

typedef struct CXLDcdPoolExtent {
    CXLDcdPoolRange range;
    uint8_t tag[CXL_DCD_POOL_TAG_SIZE]; /* all zero: none */
    uint16_t sequence;
} CXLDcdPoolExtent;

/*
 * Take free blocks, all or none, as offers ("pending"). With @shared they
 * become the tag's, numbered by sequence, and @host its first reference; the
 * extents then all carry the same tag, which must be new (EEXIST).
 */
bool cxl_dcd_pool_claim(CXLDcdPool *pool, uint32_t host,
                        const CXLDcdPoolExtent *extents, size_t count,
                        bool shared, GError **error);
/*
 * With the pool's `reserve`, a claim takes the system's memory for its blocks,
 * which takes long. It may be taken in advance: ask how often blocks have been
 * claimed (false: not all of @ranges are free); take memory, in any thread;
 * claim, with that number. If nobody has claimed anything since, the memory is
 * there, and none is taken again.
 */
bool cxl_dcd_pool_free_since(CXLDcdPool *pool, const CXLDcdPoolRange *ranges,
                             size_t count, uint64_t *ret_claims);
/* @at and @len, bytes, are whole pages; ENOSPC when there is no memory. */
bool cxl_dcd_pool_reserve(const CXLDcdPool *pool, uint64_t at, uint64_t len,
                          GError **error);
/* @claims: as above; NULL: nothing was taken in advance */
bool cxl_dcd_pool_claim_reserved(CXLDcdPool *pool, uint32_t host,
                                 const CXLDcdPoolExtent *extents, size_t count,
                                 bool shared, const uint64_t *claims,
                                 GError **error);
/* The extents of a shared tag, ascending sequence; NULL when there is none */
GArray *cxl_dcd_pool_tag_extents(CXLDcdPool *pool, const uint8_t *tag,
                                 GError **error);
/* Another reference on a shared tag, pending; EEXIST when @host has one */
bool cxl_dcd_pool_share(CXLDcdPool *pool, uint32_t host, const uint8_t *tag,
                        GError **error);
/* The host accepted this part of an offer (a shared tag: all of it) */
bool cxl_dcd_pool_accept(CXLDcdPool *pool, uint32_t host,
                         const CXLDcdPoolRange *range, GError **error);
/* The same for parts of several offers, all or none */
bool cxl_dcd_pool_accept_all(CXLDcdPool *pool, uint32_t host,
                             const CXLDcdPoolRange *ranges, size_t count,
                             GError **error);
/*
 * Giving back has two steps. Leave: the host is about to lose @range, a part or
 * all of an extent; whoever finds it so cleans it. Finish: nobody reaches it
 * any more; its contents go, if @zero, and it is free. Of a shared tag the
 * first range that is named stands for all, and the capacity is free with the
 * last reference; its contents go if any of the hosts that left wanted it.
 */
bool cxl_dcd_pool_leave(CXLDcdPool *pool, uint32_t host,
                        const CXLDcdPoolRange *range, GError **error);
/* The same for several ranges, all or none */
bool cxl_dcd_pool_leave_all(CXLDcdPool *pool, uint32_t host,
                            const CXLDcdPoolRange *ranges, size_t count,
                            GError **error);
/*
 * Bytes of blocks that leave a host, and nobody else has, become zero; @at and
 * @len are whole pages. Takes no lock and changes no record: any thread.
 */
bool cxl_dcd_pool_zero(const CXLDcdPool *pool, uint64_t at, uint64_t len,
                       GError **error);
bool cxl_dcd_pool_finish(CXLDcdPool *pool, uint32_t host,
                         const CXLDcdPoolRange *range, bool zero,
                         GError **error);
/*
 * The same for a shared tag (else *@ret_shared is false, and nothing was done),
 * by hand: what the last reference leaves is added to @left, of
 * CXLDcdPoolRange. It is @host's until each of these is finished, clean or not.
 * *@clean: does this host want it clean? Then: does any?
 */
bool cxl_dcd_pool_finish_shared(CXLDcdPool *pool, uint32_t host,
                                const CXLDcdPoolRange *range, bool *clean,
                                GArray *left, bool *ret_shared, GError **error);
bool cxl_dcd_pool_finish_left(CXLDcdPool *pool, uint32_t host,
                              const CXLDcdPoolRange *range, GError **error);
/*
 * Make zero what @host has, and keeps; EPERM for what is shared. @at and @len,
 * bytes, are whole pages; all blocks in which any of them are must be the
 * host's.
 */
bool cxl_dcd_pool_clear(CXLDcdPool *pool, uint32_t host, uint64_t at,
                        uint64_t len, GError **error);
/*
 * The fabric manager's reference on a shared tag; idempotent. What it alone
 * kept is freed, through @host.
 */
bool cxl_dcd_pool_hold(CXLDcdPool *pool, uint32_t host, const uint8_t *tag,
                       bool held, GError **error);
/* The same, and what is left is finished by hand, as above */
bool cxl_dcd_pool_hold_left(CXLDcdPool *pool, uint32_t host, const uint8_t *tag,
                            bool held, GArray *left, GError **error);

/* --- Regions: how all heads see the pool --- */

typedef struct CXLDcdPoolRegion {
    uint64_t first;               /* block */
    uint64_t count;               /* blocks; 0: no region */
    uint64_t decode_length;       /* bytes */
    uint32_t attributes;          /* CXL_DCD_REGION_*, but for read-only */
    uint32_t sanitize;            /* contents go before another gets it */
} CXLDcdPoolRegion;

/* What differs between heads; for reports on hosts elsewhere */
typedef struct CXLDcdPoolHead {
    uint64_t base;                /* DPA of region 0 */
    uint32_t read_only;           /* bit n: region n is to this host */
    uint32_t max_extents;
    uint32_t max_tags;
    uint32_t reserved;
} CXLDcdPoolHead;

/*
 * The first head decides on the regions, others must have the same (EINVAL).
 * @head is kept with the host.
 */
bool cxl_dcd_pool_set_head(CXLDcdPool *pool, uint32_t host,
                           const CXLDcdPoolRegion *regions, unsigned count,
                           const CXLDcdPoolHead *head, GError **error);
/* Regions that the pool has; 0 before there was a head */
unsigned cxl_dcd_pool_regions(CXLDcdPool *pool,
                              CXLDcdPoolRegion ret[CXL_DCD_POOL_REGIONS]);

/* --- Reading --- */

/*
 * How long the lock of the file is waited for, that others hold for
 * microseconds unless they are stopped; 10 s at first. ETIMEDOUT says that it
 * was not to be had.
 */
void cxl_dcd_pool_set_wait(CXLDcdPool *pool, unsigned ms);
/*
 * What is read from here to _thaw is of one moment, and none of it fails for
 * the lock. Nothing may be changed in between.
 */
bool cxl_dcd_pool_freeze(CXLDcdPool *pool, GError **error);
void cxl_dcd_pool_thaw(CXLDcdPool *pool);

typedef enum CXLDcdPoolUse {
    CXL_DCD_POOL_PENDING,
    CXL_DCD_POOL_ACCEPTED,
    CXL_DCD_POOL_LEAVING,
} CXLDcdPoolUse;

typedef struct CXLDcdPoolUsed {
    CXLDcdPoolExtent extent;
    CXLDcdPoolUse use;
    bool shared;
    uint64_t generation;          /* of the claim */
} CXLDcdPoolUsed;

typedef struct CXLDcdPoolHostInfo {
    CXLDcdPoolHead head;
    bool alive;
    bool known;                   /* it has been there once */
    uint64_t lives;               /* times it was attached */
    uint64_t blocks;              /* its own; not shared ones */
    uint32_t generation;          /* of the list of what it accepted */
    GArray *used;                 /* CXLDcdPoolUsed; the caller frees */
} CXLDcdPoolHostInfo;

/* False when the id is out of range. @used: fill that list as well. */
bool cxl_dcd_pool_host(CXLDcdPool *pool, uint32_t host, bool used,
                       CXLDcdPoolHostInfo *ret);

typedef struct CXLDcdPoolTagInfo {
    uint8_t tag[CXL_DCD_POOL_TAG_SIZE];
    bool held;                    /* by the fabric manager */
    uint64_t blocks;
    uint64_t generation;          /* of the claim */
    GArray *hosts;                /* CXLDcdPoolReference */
} CXLDcdPoolTagInfo;

typedef struct CXLDcdPoolReference {
    uint32_t host;
    CXLDcdPoolUse use;
} CXLDcdPoolReference;

/* All shared tags (CXLDcdPoolTagInfo), and the generation of that list */
GArray *cxl_dcd_pool_tags(CXLDcdPool *pool, uint32_t *ret_generation);
/* Claims that were made since the file was */
uint64_t cxl_dcd_pool_claims(const CXLDcdPool *pool);
/* State of a block, and its host, or (shared) a number for its tag */
CXLDcdPoolState cxl_dcd_pool_block(const CXLDcdPool *pool, uint64_t block,
                                   uint32_t *ret_owner);
/*
 * Everything that must hold in the file: each block's entry agrees with the
 * one record that covers it, or with being free; lists, counts and the index
 * of free runs agree with the records. O(blocks). EIO says what does not.
 */
bool cxl_dcd_pool_check(CXLDcdPool *pool, GError **error);

#endif
