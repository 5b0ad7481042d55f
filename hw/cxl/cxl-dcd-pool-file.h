/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the pool's file, and what the pool's files share
 *
 * Behind the memory, each part at a multiple of a page, in host byte order:
 *
 *   header   a page that never changes, with a checksum
 *   root     counters, lists, regions
 *   journal  old values of the transaction that is going on
 *   hosts    one entry per host
 *   buckets  hash of tags and references, to records
 *   records  extents, tags, references
 *   words    one per block: whose it is
 *   nodes    tree of free runs; follows from the words
 *
 * The file may come from anywhere: no number read from it is used as an index
 * before it was checked.
 */
#ifndef CXL_DCD_POOL_FILE_H
#define CXL_DCD_POOL_FILE_H

#include "hw/cxl/cxl_dcd_pool.h"

#define POOL_MAGIC "CXLDCDP"
#define POOL_VERSION 2
#define POOL_PAGE 4096ULL
#define POOL_JOURNAL_ENTRIES 65536U
#define POOL_NONE UINT32_MAX      /* no host */

typedef struct PoolHeader {
    char magic[8];
    uint64_t version;
    uint64_t size;
    uint64_t block_size;
    uint64_t max_hosts;
    uint64_t max_records;
    uint64_t length;              /* of the file */
    char sha256[72];              /* of the above, in hex */
} PoolHeader;

typedef struct PoolRoot {
    uint64_t journal_count;       /* entries that are to be undone */
    uint64_t generation;          /* of the last claim */
    uint32_t free_record;         /* list by next; 0 ends it */
    uint32_t fresh_record;        /* above it none was ever used */
    uint32_t used_records;
    uint32_t tags;                /* list by next, of tags */
    uint32_t tag_count;
    uint32_t tag_generation;
    uint64_t region_count;
    CXLDcdPoolRegion regions[CXL_DCD_POOL_REGIONS];
} PoolRoot;

typedef struct PoolHost {
    uint32_t first;               /* list of records; 0: none */
    uint32_t records;
    uint64_t blocks;
    uint64_t lives;
    uint64_t generation;
    CXLDcdPoolHead head;
    uint64_t reserved[4];
} PoolHost;

/* CXLDcdPoolUse: leaving, and nobody reaches it any more */
#define POOL_LEFT (CXL_DCD_POOL_LEAVING + 1)
#define POOL_USES_ALL 15U

typedef enum PoolKind {
    POOL_UNUSED,
    POOL_EXTENT,                  /* of a host, or of a tag */
    POOL_TAG,
    POOL_REFERENCE,               /* a host has a tag */
} PoolKind;

typedef struct PoolRecord {
    uint32_t kind;
    uint32_t use;                 /* CXLDcdPoolUse; of a tag: held */
    uint32_t host;                /* POOL_NONE: a tag's */
    uint32_t sequence;
    uint64_t first;               /* extent */
    uint64_t count;               /* extent; tag: of all its extents */
    uint64_t generation;
    uint8_t tag[CXL_DCD_POOL_TAG_SIZE];
    uint32_t next;                /* in the list of host, tag or root */
    uint32_t prev;
    uint32_t peer_next;           /* reference: others on the same tag */
    uint32_t peer_prev;
    uint32_t hash_next;           /* tag and reference */
    uint32_t parent;              /* a tag's extent, a reference: the tag */
    uint32_t extents;             /* tag: list */
    uint32_t references;          /* tag: list by peer_next */
    uint32_t extent_count;
    uint32_t reference_count;
    uint64_t reserved[4];
} PoolRecord;

G_STATIC_ASSERT(sizeof(PoolRecord) == 128);
G_STATIC_ASSERT(sizeof(PoolRoot) <= POOL_PAGE);

/*
 * A word: state in bits 3:0, the record of its extent in 27:4, generation of
 * the claim in 63:28. A free block's is 0.
 */
#define POOL_RECORD_BITS 24
#define POOL_GENERATION_MASK ((1ULL << 36) - 1)

static inline uint64_t pool_word(CXLDcdPoolState state, uint32_t record,
                                 uint64_t generation)
{
    return state == CXL_DCD_POOL_FREE ? 0 :
        (generation & POOL_GENERATION_MASK) << (4 + POOL_RECORD_BITS) |
        (uint64_t)record << 4 | state;
}

static inline CXLDcdPoolState pool_word_state(uint64_t word)
{
    return word & 15;
}

static inline uint32_t pool_word_record(uint64_t word)
{
    return word >> 4 & ((1U << POOL_RECORD_BITS) - 1);
}

/* Free runs of POOL_LEAF << level blocks; all counts in blocks */
#define POOL_LEAF 64U

typedef struct PoolNode {
    uint32_t prefix;              /* free blocks at its start */
    uint32_t suffix;              /* at its end */
    uint32_t longest;             /* anywhere in it */
    uint32_t total;
} PoolNode;

typedef struct PoolEntry {        /* of the journal */
    uint64_t kind;                /* POOL_ENTRY_* */
    uint64_t at;                  /* offset in the metadata, or a block */
    uint64_t old;
    uint64_t fresh;               /* FILL */
    uint64_t count;               /* FILL, INDEX: blocks */
} PoolEntry;

enum { POOL_ENTRY_SET, POOL_ENTRY_FILL, POOL_ENTRY_INDEX };

struct CXLDcdPool {
    char *path;
    CXLDcdPoolConfig config;
    int fd;
    uint64_t blocks;
    uint64_t leaves;              /* a power of two */
    uint64_t buckets_count;       /* a power of two */
    uint64_t length;              /* of the file */
    uint64_t meta_length;
    uint8_t *memory;              /* mapping of the memory, read on use */
    uint8_t *meta;                /* mapping of what is behind it */
    PoolRoot *root;
    PoolEntry *journal;
    PoolHost *hosts;
    uint32_t *buckets;
    PoolRecord *records;
    uint64_t *words;
    PoolNode *nodes;
    bool *attached;               /* by host: this process is it */
    bool locked;
    bool failed;                  /* the transaction must be undone */
    bool full;                    /* because the journal is */
};

G_GNUC_PRINTF(3, 4)
bool cxl_dcd_pool_fail(GError **error, int code, const char *format, ...);

/* --- cxl-dcd-pool-journal.c --- */

/* Bytes of the file that are locked: one for the pool, one per host */
bool cxl_dcd_pool_lock_byte(const CXLDcdPool *pool, uint64_t byte, bool lock);
#define POOL_LOCK_POOL (1ULL << 60)
#define POOL_LOCK_HOST (POOL_LOCK_POOL + 1)

/*
 * Between these the file is this process's alone. _begin waits for others, but
 * not for ever, and undoes what a process was killed in. _end keeps what was
 * done, or, when anything failed or @keep is false, puts everything back.
 */
bool cxl_dcd_pool_begin(CXLDcdPool *pool, GError **error);
bool cxl_dcd_pool_end(CXLDcdPool *pool, bool keep, GError **error);
/* Change [@at, @at + @len) of the metadata; both multiples of 8 */
void cxl_dcd_pool_set(CXLDcdPool *pool, void *at, const void *value,
                      size_t len);
/* Change words from @old to @fresh. False: some were not @old. */
bool cxl_dcd_pool_fill(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                       uint64_t old, uint64_t fresh);

/* --- cxl-dcd-pool-index.c --- */

/* Bring the tree in step with the words of @range. */
void cxl_dcd_pool_index(CXLDcdPool *pool, const CXLDcdPoolRange *range);
/* What of the tree is not so; UINT64_MAX when all is. O(blocks) */
uint64_t cxl_dcd_pool_index_fault(const CXLDcdPool *pool);
bool cxl_dcd_pool_run(const CXLDcdPool *pool, uint64_t from, uint64_t end,
                      uint64_t count, CXLDcdPoolRange *ret);

/* --- cxl-dcd-pool-record.c: all within a transaction --- */

/* NULL, and the transaction failed, when there is no record @number in use */
PoolRecord *cxl_dcd_pool_record(CXLDcdPool *pool, uint32_t number,
                                PoolKind kind);
static inline uint32_t pool_number(const CXLDcdPool *pool,
                                   const PoolRecord *record)
{
    return record - pool->records;
}
/* @number, which was checked before, becomes a copy of @value */
void cxl_dcd_pool_set_record(CXLDcdPool *pool, uint32_t number,
                             const PoolRecord *value);
/* The root becomes a copy of @value, but for the journal's own count */
void cxl_dcd_pool_set_root(CXLDcdPool *pool, const PoolRoot *value);
/* A copy of @value as a new record, in no list. 0: no room, error set */
uint32_t cxl_dcd_pool_new_record(CXLDcdPool *pool, const PoolRecord *value,
                                 GError **error);
void cxl_dcd_pool_free_record(CXLDcdPool *pool, uint32_t number);
/* The record beside @number in a list of its. False: there is no @number */
bool cxl_dcd_pool_set_link(CXLDcdPool *pool, uint32_t number, PoolKind kind,
                           size_t link, uint32_t other);
#define POOL_PREV offsetof(PoolRecord, prev)
#define POOL_NEXT offsetof(PoolRecord, next)
#define POOL_PEER_PREV offsetof(PoolRecord, peer_prev)
#define POOL_PEER_NEXT offsetof(PoolRecord, peer_next)
/* Into and out of the list of its host */
void cxl_dcd_pool_link_host(CXLDcdPool *pool, uint32_t number);
void cxl_dcd_pool_unlink_host(CXLDcdPool *pool, uint32_t number);
/* Into and out of the hash; @host POOL_NONE: the tag itself. 0: none */
void cxl_dcd_pool_hash(CXLDcdPool *pool, uint32_t number);
void cxl_dcd_pool_unhash(CXLDcdPool *pool, uint32_t number);
uint32_t cxl_dcd_pool_lookup(CXLDcdPool *pool, const uint8_t *tag,
                             uint32_t host);
uint32_t cxl_dcd_pool_hash_of(const CXLDcdPool *pool, const uint8_t *tag,
                              uint32_t host);
void cxl_dcd_pool_set_use(CXLDcdPool *pool, uint32_t number, uint32_t use);
void cxl_dcd_pool_count_host(CXLDcdPool *pool, uint32_t host, int64_t blocks,
                             bool listed);

/* --- cxl-dcd-pool-claim.c --- */

/*
 * A new record like @value, and the words of its blocks, which must be free,
 * its. 0 with @error set.
 */
uint32_t cxl_dcd_pool_take(CXLDcdPool *pool, const PoolRecord *value,
                           CXLDcdPoolState state, GError **error);
/* Memory for these blocks, where the pool is to reserve it */
bool cxl_dcd_pool_reserve(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                          GError **error);
/* All words of an extent's record to another state */
void cxl_dcd_pool_mark(CXLDcdPool *pool, uint32_t number,
                       CXLDcdPoolState from, CXLDcdPoolState to);
/* The record of the extent that covers @block; 0: none */
uint32_t cxl_dcd_pool_covering(CXLDcdPool *pool, uint64_t block);
/* The record of @host's that covers @block; 0 with @error set */
uint32_t cxl_dcd_pool_own(CXLDcdPool *pool, uint32_t host, uint64_t block,
                          GError **error);
/* The tag of @block; 0: it is not shared */
uint32_t cxl_dcd_pool_tag_of(CXLDcdPool *pool, uint64_t block);
/*
 * @step on each record of @host's within @range, after dividing those that
 * reach out of it; and its list has changed. @at: the record's first block.
 */
typedef bool (*PoolStep)(CXLDcdPool *pool, uint32_t host, uint32_t number,
                         uint64_t at, GError **error);
bool cxl_dcd_pool_each_own(CXLDcdPool *pool, uint32_t host,
                           const CXLDcdPoolRange *range, PoolStep step,
                           GError **error);
bool cxl_dcd_pool_check_range(const CXLDcdPool *pool,
                              const CXLDcdPoolRange *range, GError **error);
bool cxl_dcd_pool_check_host(const CXLDcdPool *pool, uint32_t host,
                             GError **error);

/* --- cxl-dcd-pool-leave.c --- */

/*
 * Clean and free what @host has in these uses (bit n: use n), and drop its
 * references in them; each is a transaction of its own.
 */
bool cxl_dcd_pool_clean_host(CXLDcdPool *pool, uint32_t host, unsigned uses,
                             bool zero, uint64_t *ret_freed, GError **error);
/* Drop all references of @host, and clean what ends with them */
bool cxl_dcd_pool_drop_all(CXLDcdPool *pool, uint32_t host, GError **error);

/* --- cxl-dcd-pool-tag.c --- */

/* The list begins with @first now, has @count more; or says something else */
void cxl_dcd_pool_tags_changed(CXLDcdPool *pool, uint32_t first, int count);

bool cxl_dcd_pool_new_tag(CXLDcdPool *pool, uint32_t host,
                          const CXLDcdPoolExtent *extents, size_t count,
                          uint64_t generation, GError **error);
/*
 * A reference goes; with the last one the extents become @host's, leaving.
 */
void cxl_dcd_pool_drop_reference(CXLDcdPool *pool, uint32_t number,
                                 uint32_t host);

#endif
