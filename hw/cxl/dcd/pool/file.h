/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the pool's file, and an open pool
 *
 * Behind the memory, each part at a multiple of a page, in host byte order:
 *
 *   header   a page that never changes, with a checksum, but for the lock in it
 *   root     counters, lists, regions
 *   journal  old values of the transaction of the whole pool that is going on
 *   parcels  locks, journals, free records of as many runs of blocks
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

#include "hw/cxl/dcd/pool.h"

#define POOL_MAGIC "CXLDCDP"
#define POOL_VERSION 4
/* The same but for the parcels, where it had more of the journal */
#define POOL_VERSION_OLD 3
#define POOL_PAGE 4096ULL
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

/* Of the lock's word in the header's page: on a cache line of its own */
#define POOL_LOCK_AT 2048U

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
    uint32_t clean;               /* tag: with the last host, contents go */
    uint32_t reserved1;
    uint64_t reserved[3];
} PoolRecord;

G_STATIC_ASSERT(sizeof(PoolHeader) <= POOL_LOCK_AT);
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

/*
 * A run of blocks that is changed without the rest of the pool. Who has its
 * lock changes, besides what is in here: words and nodes of its blocks, records
 * of extents that lie in it as a whole, and of those also the lists of his own
 * hosts. Whoever has the lock of the pool has all of them.
 */
typedef struct PoolParcel {
    uint64_t lock;                /* token of who has it; 0: nobody */
    uint64_t journal_count;
    uint64_t reserved[6];
    uint64_t generation;          /* of its last claim */
    uint64_t generation_end;      /* it may have numbers up to this */
    uint32_t free_record;         /* list by next; 0 ends it */
    uint32_t used_records;        /* more, or (wrapped) less, than it got */
    uint64_t unused[5];
} PoolParcel;

/*
 * All of them lie together, for they are looked at together; the lines of one
 * are no other's. Their journals are behind them.
 */
#define POOL_PARCELS 16U          /* at most; a power of two */
#define POOL_PARCELS_BYTES (POOL_PARCELS * 8192U)
#define POOL_PARCEL_ENTRIES \
    ((POOL_PARCELS_BYTES / POOL_PARCELS - (uint32_t)sizeof(PoolParcel)) / \
     (uint32_t)sizeof(PoolEntry))

#define POOL_ENTRIES_OLD 65536U
#define POOL_ENTRIES_OLD_BYTES (POOL_ENTRIES_OLD * sizeof(PoolEntry))
#define POOL_ENTRIES \
    ((uint32_t)((POOL_ENTRIES_OLD_BYTES - POOL_PARCELS_BYTES) / \
                sizeof(PoolEntry)))

G_STATIC_ASSERT(sizeof(PoolParcel) == 128);
G_STATIC_ASSERT(POOL_ENTRIES_OLD_BYTES % POOL_PAGE == 0);

struct CXLDcdPool {
    char *path;
    CXLDcdPoolConfig config;
    int fd;
    uint64_t blocks;
    uint64_t leaves;              /* a power of two */
    uint64_t buckets_count;       /* a power of two */
    uint32_t parcels_count;       /* a power of two */
    uint64_t parcel_blocks;       /* a power of two */
    unsigned parcel_shift;        /* which one */
    uint32_t journal_entries;     /* that there is room for */
    uint64_t length;              /* of the file */
    uint64_t meta_length;
    uint8_t *memory;              /* mapping of the memory, read on use */
    uint8_t *meta;                /* mapping of what is behind it */
    uint64_t *lock;               /* token of who has it; 0: nobody */
    uint64_t token;               /* ours */
    PoolRoot *root;
    PoolEntry *journal;
    PoolParcel *parcels;          /* and behind them their journals */
    PoolHost *hosts;
    uint32_t *buckets;
    PoolRecord *records;
    uint64_t *words;
    PoolNode *nodes;
    bool *attached;               /* by host: this process is it */
    unsigned wait_ms;             /* for the lock, at most */
    int64_t until;                /* when that is over; 0: not begun */
    unsigned met;                 /* how much others were in the way lately */
    unsigned away;                /* searches that are still made in @home */
    uint32_t home;                /* a parcel, away from others */
    uint32_t turn;                /* that chose it */
    PoolParcel *here;             /* the transaction's; NULL: all of the pool */
    bool narrow;                  /* it needs more than that parcel */
    bool frozen;                  /* the lock is held over several readings */
    bool locked;
    bool failed;                  /* the transaction must be undone */
    bool full;                    /* because the journal is */
};

/* The parcel that has all of @range; NULL: none has */
static inline PoolParcel *pool_parcel_of(const CXLDcdPool *pool,
                                         const CXLDcdPoolRange *range)
{
    uint64_t number = range->first >> pool->parcel_shift;

    return range->count && range->first < pool->blocks &&
           range->count <= pool->blocks - range->first &&
           (range->first + range->count - 1) >> pool->parcel_shift == number ?
           &pool->parcels[number] : NULL;
}

/* May the transaction change these blocks? If not, it is done once more. */
static inline bool pool_within(CXLDcdPool *pool, const CXLDcdPoolRange *range)
{
    bool within = !pool->here || pool_parcel_of(pool, range) == pool->here;

    if (!within) {
        pool->narrow = pool->failed = true;
    }
    return within;
}

#endif
