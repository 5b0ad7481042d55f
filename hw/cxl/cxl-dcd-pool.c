/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a pool of blocks that several hosts share
 *
 * Rules and states are in the header. The file: @size bytes of memory, a page
 * of header, one 64-bit word per block (state, host << 8), in host byte order.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "hw/cxl/cxl_dcd_pool.h"

#define PAGE 4096ULL
#define MAGIC "CXLDCDP"
#define SIZE_MAX_POOL (1ULL << 52)

typedef struct Header {
    char magic[8];
    uint64_t version;
    uint64_t size;
    uint64_t block_size;
    char sha256[65];              /* of the above, in hex */
} Header;

struct CXLDcdPool {
    int fd;
    uint16_t host;
    uint64_t size;
    uint64_t block_size;
    uint64_t blocks;
    uint64_t length;              /* of the file */
    uint8_t *map;
    uint64_t *words;
};

GQuark cxl_dcd_pool_error_quark(void)
{
    return g_quark_from_static_string("cxl-dcd-pool-error");
}

static bool fail(GError **error, int code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool fail(GError **error, int code, const char *format, ...)
{
    va_list args;

    if (error) {
        va_start(args, format);
        *error = g_error_new_valist(CXL_DCD_POOL_ERROR, code, format, args);
        va_end(args);
    }
    return false;
}

static void fill_header(const CXLDcdPool *pool, Header *header)
{
    g_autofree char *sum = NULL;

    memset(header, 0, sizeof(*header));
    memcpy(header->magic, MAGIC, sizeof(MAGIC));
    header->version = 1;
    header->size = pool->size;
    header->block_size = pool->block_size;
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)header,
                                      offsetof(Header, sha256));
    memcpy(header->sha256, sum, sizeof(header->sha256));
}

/* Complete under another name, then linked: no process sees half a pool */
static bool create(const CXLDcdPool *pool, const char *path, GError **error)
{
    g_autofree char *fresh = g_strdup_printf("%s.XXXXXX", path);
    int fd = g_mkstemp(fresh), saved;
    Header header;
    bool ok;

    if (fd < 0) {
        return fail(error, errno, "cannot make pool '%s': %s", path,
                    g_strerror(errno));
    }
    fill_header(pool, &header);
    ok = !ftruncate(fd, pool->length) &&
        !(errno = posix_fallocate(fd, pool->size, pool->length - pool->size)) &&
        pwrite(fd, &header, sizeof(header), pool->size) == sizeof(header) &&
        !fsync(fd) && (!link(fresh, path) || errno == EEXIST);
    saved = errno;
    unlink(fresh);
    close(fd);
    return ok || fail(error, saved, "cannot make pool '%s': %s", path,
                      g_strerror(saved));
}

static bool check_file(const CXLDcdPool *pool, const char *path, GError **error)
{
    Header want, found;
    struct stat st;

    fill_header(pool, &want);
    if (fstat(pool->fd, &st) || !S_ISREG(st.st_mode) ||
        (uint64_t)st.st_size != pool->length ||
        pread(pool->fd, &found, sizeof(found), pool->size) != sizeof(found) ||
        memcmp(&want, &found, sizeof(want))) {
        return fail(error, EINVAL, "'%s' is not a pool of size %" PRIu64
                    " with blocks of %" PRIu64 ", or it is damaged; give the "
                    "values it was made with, or another path", path,
                    pool->size, pool->block_size);
    }
    return true;
}

/* One byte of the header page per host, by this open of the file */
static bool lock_host(CXLDcdPool *pool, uint16_t host, bool lock)
{
    struct flock range = {
        .l_type = lock ? F_WRLCK : F_UNLCK,
        .l_whence = SEEK_SET,
        .l_start = pool->size + host,
        .l_len = 1,
    };

    return !fcntl(pool->fd, F_OFD_SETLK, &range);
}

static uint64_t word_of(CXLDcdPoolState state, uint16_t host)
{
    return state == CXL_DCD_POOL_FREE ? 0 : (uint64_t)host << 8 | state;
}

static bool swap(CXLDcdPool *pool, uint64_t block, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(&pool->words[block], &from, to, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* @host's lock is held. A disk that cannot punch holes is written instead. */
static void clean(CXLDcdPool *pool, uint64_t block, uint16_t host)
{
    uint64_t at = block * pool->block_size;

    if (fallocate(pool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
                  pool->block_size)) {
        memset(pool->map + at, 0, pool->block_size);
    }
    swap(pool, block, word_of(CXL_DCD_POOL_DIRTY, host), 0);
}

static bool check_words(const CXLDcdPool *pool, const char *path,
                        GError **error)
{
    uint64_t i, word;

    for (i = 0; i < pool->blocks; i++) {
        word = __atomic_load_n(&pool->words[i], __ATOMIC_ACQUIRE);
        if (word && ((word & 0xff) < CXL_DCD_POOL_OWNED ||
                     (word & 0xff) > CXL_DCD_POOL_DIRTY ||
                     word >> 8 >= CXL_DCD_POOL_HOSTS)) {
            return fail(error, EINVAL, "pool '%s' is damaged: block %" PRIu64
                        " is marked 0x%" PRIx64, path, i, word);
        }
    }
    return true;
}

static bool attach(CXLDcdPool *pool, const char *path, GError **error)
{
    uint64_t i;

    if (access(path, F_OK) && errno == ENOENT && !create(pool, path, error)) {
        return false;
    }
    pool->fd = open(path, O_RDWR | O_CLOEXEC);
    if (pool->fd < 0) {
        return fail(error, errno, "cannot open pool '%s': %s", path,
                    g_strerror(errno));
    }
    if (!check_file(pool, path, error)) {
        return false;
    }
    pool->map = mmap(NULL, pool->length, PROT_READ | PROT_WRITE, MAP_SHARED,
                     pool->fd, 0);
    if (pool->map == MAP_FAILED) {
        pool->map = NULL;
        return fail(error, errno, "cannot map pool '%s': %s", path,
                    g_strerror(errno));
    }
    pool->words = (uint64_t *)(void *)(pool->map + pool->size + PAGE);
    if (!check_words(pool, path, error)) {
        return false;
    }
    if (!lock_host(pool, pool->host, true)) {
        return fail(error, EBUSY, "host %u of pool '%s' is in use by another "
                    "process; every host needs an id of its own", pool->host,
                    path);
    }
    /* What an earlier life was about to clean */
    for (i = 0; i < pool->blocks; i++) {
        if (pool->words[i] == word_of(CXL_DCD_POOL_DIRTY, pool->host)) {
            clean(pool, i, pool->host);
        }
    }
    return true;
}

CXLDcdPool *cxl_dcd_pool_open(const char *path, uint64_t size,
                              uint64_t block_size, uint16_t host,
                              GError **error)
{
    CXLDcdPool *pool;

    if (host >= CXL_DCD_POOL_HOSTS) {
        fail(error, ERANGE, "host id %u is not possible, 0 to %d are", host,
             CXL_DCD_POOL_HOSTS - 1);
        return NULL;
    }
    if (block_size < PAGE || (block_size & (block_size - 1)) || !size ||
        size % block_size || size > SIZE_MAX_POOL) {
        fail(error, EINVAL, "a pool of size %" PRIu64 " with blocks of %" PRIu64
             " is not possible: blocks are a power of two of at least 4096, "
             "size is whole blocks", size, block_size);
        return NULL;
    }
    pool = g_new0(CXLDcdPool, 1);
    pool->fd = -1;
    pool->host = host;
    pool->size = size;
    pool->block_size = block_size;
    pool->blocks = size / block_size;
    pool->length = size + PAGE + pool->blocks * sizeof(uint64_t);
    if (!attach(pool, path, error)) {
        cxl_dcd_pool_close(pool);
        return NULL;
    }
    return pool;
}

void cxl_dcd_pool_close(CXLDcdPool *pool)
{
    if (!pool) {
        return;
    }
    if (pool->map) {
        munmap(pool->map, pool->length);
    }
    if (pool->fd >= 0) {
        close(pool->fd);
    }
    g_free(pool);
}

static bool check_range(const CXLDcdPool *pool, uint64_t first, uint64_t count,
                        GError **error)
{
    if (!count || first >= pool->blocks || count > pool->blocks - first) {
        return fail(error, ERANGE, "%" PRIu64 " blocks from block %" PRIu64
                    " asked for, the pool has %" PRIu64, count, first,
                    pool->blocks);
    }
    return true;
}

bool cxl_dcd_pool_claim(CXLDcdPool *pool, uint64_t first, uint64_t count,
                        GError **error)
{
    uint64_t mine = word_of(CXL_DCD_POOL_OWNED, pool->host), i;

    if (!check_range(pool, first, count, error)) {
        return false;
    }
    for (i = 0; i < count; i++) {
        if (!swap(pool, first + i, 0, mine)) {
            fail(error, EBUSY, "block %" PRIu64 " of the pool is not free",
                 first + i);
            /* Nobody has written to these */
            while (i--) {
                swap(pool, first + i, mine, 0);
            }
            return false;
        }
    }
    return true;
}

bool cxl_dcd_pool_release(CXLDcdPool *pool, uint64_t first, uint64_t count,
                          GError **error)
{
    uint64_t mine = word_of(CXL_DCD_POOL_OWNED, pool->host), i;

    if (!check_range(pool, first, count, error)) {
        return false;
    }
    for (i = first; i < first + count; i++) {
        if (__atomic_load_n(&pool->words[i], __ATOMIC_ACQUIRE) != mine) {
            return fail(error, EPERM, "block %" PRIu64 " of the pool is not "
                        "host %u's", i, pool->host);
        }
    }
    for (i = first; i < first + count; i++) {
        swap(pool, i, mine, word_of(CXL_DCD_POOL_DIRTY, pool->host));
        clean(pool, i, pool->host);
    }
    return true;
}

bool cxl_dcd_pool_reclaim(CXLDcdPool *pool, uint16_t host, uint64_t *ret_freed,
                          GError **error)
{
    uint64_t i, freed = 0;
    uint16_t owner;

    if (host >= CXL_DCD_POOL_HOSTS || host == pool->host ||
        !lock_host(pool, host, true)) {
        return fail(error, EBUSY, "host %u cannot be reclaimed: it is alive or "
                    "no host; end its process first", host);
    }
    for (i = 0; i < pool->blocks; i++) {
        if (cxl_dcd_pool_block(pool, i, &owner) == CXL_DCD_POOL_FREE ||
            owner != host) {
            continue;
        }
        swap(pool, i, word_of(CXL_DCD_POOL_OWNED, host),
             word_of(CXL_DCD_POOL_DIRTY, host));
        clean(pool, i, host);
        freed++;
    }
    lock_host(pool, host, false);
    *ret_freed = freed;
    return true;
}

CXLDcdPoolState cxl_dcd_pool_block(const CXLDcdPool *pool, uint64_t block,
                                   uint16_t *ret_host)
{
    uint64_t word = __atomic_load_n(&pool->words[block], __ATOMIC_ACQUIRE);

    *ret_host = word >> 8;
    return word & 0xff;
}

uint64_t cxl_dcd_pool_blocks(const CXLDcdPool *pool)
{
    return pool->blocks;
}

uint8_t *cxl_dcd_pool_memory(CXLDcdPool *pool)
{
    return pool->map;
}
