/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the pool's file: making, opening, closing
 *
 * A new pool is complete before it has a name, so nobody sees half of one. All
 * of a file but the memory has room on the disk from the start: a store to it
 * cannot fail later.
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
#include <sys/vfs.h>
#include <unistd.h>
#include "error.h"
#include "file.h"
#include "index.h"
#include "lock.h"
#include "upgrade.h"

#define HUGETLBFS 0x958458f6

/* --- Where things are --- */

static uint64_t cxl_dcd_pool_file_round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static uint64_t cxl_dcd_pool_file_power_of_two(uint64_t value)
{
    uint64_t power = 1;

    while (power < value) {
        power *= 2;
    }
    return power;
}

/*
 * Where the parts behind the memory are, once that is mapped, and how long it
 * is; @page is the file system's
 */
static void cxl_dcd_pool_file_lay_out(CXLDcdPool *pool, uint64_t page)
{
    const CXLDcdPoolConfig *config = &pool->config;
    const struct {
        void **at;
        uint64_t bytes;
    } parts[] = {
        { (void **)&pool->root, sizeof(PoolRoot) },
        { (void **)&pool->journal,
          POOL_ENTRIES_OLD_BYTES - POOL_PARCELS_BYTES },
        { (void **)&pool->parcels, POOL_PARCELS_BYTES },
        { (void **)&pool->hosts, config->max_hosts * sizeof(PoolHost) },
        { (void **)&pool->buckets, pool->buckets_count * sizeof(uint32_t) },
        { (void **)&pool->records, config->max_records * sizeof(PoolRecord) },
        { (void **)&pool->words, pool->blocks * sizeof(uint64_t) },
        { (void **)&pool->nodes, 2 * pool->leaves * sizeof(PoolNode) },
    };
    uint64_t at = POOL_PAGE;

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (pool->meta) {
            *parts[i].at = pool->meta + at;
        }
        at += cxl_dcd_pool_file_round_up(parts[i].bytes, POOL_PAGE);
    }
    if (pool->meta) {
        pool->lock = (uint64_t *)(void *)(pool->meta + POOL_LOCK_AT);
    }
    pool->meta_length = cxl_dcd_pool_file_round_up(at, page);
    pool->length = config->size + pool->meta_length;
}

static void cxl_dcd_pool_file_set_sizes(CXLDcdPool *pool, uint64_t page)
{
    CXLDcdPoolConfig *config = &pool->config;

    pool->blocks = config->size / config->block_size;
    pool->leaves = cxl_dcd_pool_file_power_of_two(
        cxl_dcd_pool_file_round_up(pool->blocks, POOL_LEAF) / POOL_LEAF);
    pool->journal_entries = POOL_ENTRIES;
    pool->parcels_count = MIN(pool->leaves, POOL_PARCELS);
    pool->parcel_blocks = pool->leaves / pool->parcels_count * POOL_LEAF;
    pool->parcel_shift = __builtin_ctzll(pool->parcel_blocks);
    pool->buckets_count =
        MAX(cxl_dcd_pool_file_power_of_two(config->max_records), 2);
    cxl_dcd_pool_file_lay_out(pool, page);
}

static void cxl_dcd_pool_file_fill_header(const CXLDcdPool *pool,
                                          uint64_t version, PoolHeader *header)
{
    g_autofree char *sum = NULL;

    memset(header, 0, sizeof(*header));
    memcpy(header->magic, POOL_MAGIC, sizeof(POOL_MAGIC));
    header->version = version;
    header->size = pool->config.size;
    header->block_size = pool->config.block_size;
    header->max_hosts = pool->config.max_hosts;
    header->max_records = pool->config.max_records;
    header->length = pool->length;
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)header,
                                      offsetof(PoolHeader, sha256));
    memcpy(header->sha256, sum, strlen(sum));
}

static uint64_t cxl_dcd_pool_file_page_of(int fd)
{
    struct statfs fs;

    return !fstatfs(fd, &fs) && fs.f_type == HUGETLBFS ?
           MAX((uint64_t)fs.f_bsize, POOL_PAGE) : POOL_PAGE;
}

static bool cxl_dcd_pool_file_map(CXLDcdPool *pool, uint64_t page,
                                  GError **error)
{
    pool->meta = mmap(NULL, pool->meta_length, PROT_READ | PROT_WRITE,
                      MAP_SHARED, pool->fd, pool->config.size);
    if (pool->meta == MAP_FAILED) {
        pool->meta = NULL;
        return cxl_dcd_pool_fail(error, errno, "cannot map pool '%s': %s",
                                 pool->path, g_strerror(errno));
    }
    cxl_dcd_pool_file_lay_out(pool, page);
    return true;
}

static void cxl_dcd_pool_file_unmap(CXLDcdPool *pool)
{
    if (pool->memory) {
        munmap(pool->memory, pool->config.size);
    }
    if (pool->meta) {
        munmap(pool->meta, pool->meta_length);
    }
    pool->memory = pool->meta = NULL;
    if (pool->fd >= 0) {
        close(pool->fd);
    }
    pool->fd = -1;
}

/* --- Making --- */

static bool cxl_dcd_pool_file_fill_file(CXLDcdPool *pool, uint64_t page,
                                        GError **error)
{
    CXLDcdPoolRange all = { 0, pool->blocks };
    int code = ftruncate(pool->fd, pool->length) ? errno :
        posix_fallocate(pool->fd, pool->config.size, pool->meta_length);

    if (code) {
        return cxl_dcd_pool_fail(error, code, "cannot make pool '%s' (%" PRIu64
                                 " bytes, of which %" PRIu64 " at once): %s",
                                 pool->path, pool->length, pool->meta_length,
                                 g_strerror(code));
    }
    if (!cxl_dcd_pool_file_map(pool, page, error)) {
        return false;
    }
    pool->root->fresh_record = 1;
    cxl_dcd_pool_index(pool, &all);
    cxl_dcd_pool_file_fill_header(pool, POOL_VERSION,
                                  (PoolHeader *)(void *)pool->meta);
    return true;
}

/* A file without a name, or with one that ends with this process */
static int cxl_dcd_pool_file_open_fresh(const char *path, char **ret_name)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0660);

    *ret_name = NULL;
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        *ret_name = g_strdup_printf("%s.XXXXXX", path);
        fd = g_mkstemp_full(*ret_name, O_RDWR | O_CLOEXEC, 0660);
    }
    return fd;
}

static bool cxl_dcd_pool_file_give_name(int fd, const char *name,
                                        const char *path)
{
    g_autofree char *proc = g_strdup_printf("/proc/self/fd/%d", fd);
    int ret = name ? link(name, path) :
              linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW);

    /* Somebody else may have been faster: then his is the pool */
    return !ret || errno == EEXIST;
}

static bool cxl_dcd_pool_file_make(CXLDcdPool *pool, GError **error)
{
    g_autofree char *name = NULL;
    uint64_t page;
    bool ok;

    pool->fd = cxl_dcd_pool_file_open_fresh(pool->path, &name);
    if (pool->fd < 0) {
        return cxl_dcd_pool_fail(error, errno, "cannot make pool '%s': %s",
                                 pool->path, g_strerror(errno));
    }
    page = cxl_dcd_pool_file_page_of(pool->fd);
    cxl_dcd_pool_file_set_sizes(pool, page);
    ok = pool->config.size % page == 0 ||
         cxl_dcd_pool_fail(error, EINVAL, "size %" PRIu64 " of pool '%s' is "
                           "not a multiple of its file system's pages of %"
                           PRIu64 " bytes", pool->config.size, pool->path,
                           page);
    ok = ok && cxl_dcd_pool_file_fill_file(pool, page, error);
    if (ok && !cxl_dcd_pool_file_give_name(pool->fd, name, pool->path)) {
        ok = cxl_dcd_pool_fail(error, errno, "cannot make pool '%s': %s",
                               pool->path, g_strerror(errno));
    }
    if (name) {
        unlink(name);
    }
    cxl_dcd_pool_file_unmap(pool);
    return ok;
}

/* --- Opening --- */

static bool cxl_dcd_pool_file_differs(const CXLDcdPool *pool, GError **error,
                                      const char *what, uint64_t file,
                                      uint64_t asked)
{
    return cxl_dcd_pool_fail(error, EINVAL, "pool '%s' was made with %s=%"
                             PRIu64 ", %s=%" PRIu64 " was asked for: give what "
                             "it was made with, or another path", pool->path,
                             what, file, what, asked);
}

/* Where the header is follows from the size, or is not there */
static bool cxl_dcd_pool_file_read_header(const CXLDcdPool *pool,
                                          uint64_t length, PoolHeader *header,
                                          GError **error)
{
    uint64_t at = pool->config.size;
    uint64_t unit = cxl_dcd_pool_file_page_of(pool->fd);
    void *page;

    if (at >= length || length - at < POOL_PAGE) {
        return cxl_dcd_pool_fail(error, EINVAL, "'%s' has %" PRIu64 " bytes: "
                                 "it is no pool of size %" PRIu64 ", or was "
                                 "cut off", pool->path, length, at);
    }
    page = mmap(NULL, unit, PROT_READ, MAP_SHARED, pool->fd, at);
    if (page == MAP_FAILED) {
        return cxl_dcd_pool_fail(error, errno, "cannot map pool '%s': %s",
                                 pool->path, g_strerror(errno));
    }
    memcpy(header, page, sizeof(*header));
    munmap(page, unit);
    return true;
}

/* With the checksum of its own version, or of that which it was made as */
static bool cxl_dcd_pool_file_header_is(const CXLDcdPool *pool,
                                        const PoolHeader *found)
{
    for (uint64_t made = POOL_VERSION_OLD; made <= found->version; made++) {
        PoolHeader want;

        cxl_dcd_pool_file_fill_header(pool, made, &want);
        want.version = found->version;
        if (!memcmp(&want, found, sizeof(want))) {
            return true;
        }
    }
    return false;
}

static bool cxl_dcd_pool_file_check_header(CXLDcdPool *pool, uint64_t length,
                                           const PoolHeader *found,
                                           GError **error)
{
    CXLDcdPoolConfig *config = &pool->config;

    if (memcmp(found->magic, POOL_MAGIC, sizeof(POOL_MAGIC))) {
        return cxl_dcd_pool_fail(error, EINVAL, "'%s' is no pool of size %"
                                 PRIu64 ": there is no pool's header behind "
                                 "the memory", pool->path, config->size);
    }
    if (found->version != POOL_VERSION && found->version != POOL_VERSION_OLD) {
        return cxl_dcd_pool_fail(error, EINVAL, "pool '%s' has format version "
                                 "%" PRIu64 ", this program knows %d and %d",
                                 pool->path, found->version, POOL_VERSION_OLD,
                                 POOL_VERSION);
    }
    if (found->max_hosts && found->max_hosts <= CXL_DCD_POOL_HOSTS_MAX &&
        config->max_hosts && found->max_hosts != config->max_hosts) {
        return cxl_dcd_pool_file_differs(pool, error, "max-hosts",
                                         found->max_hosts, config->max_hosts);
    }
    if (config->max_records && found->max_records != config->max_records &&
        found->max_records <= CXL_DCD_POOL_RECORDS_MAX) {
        return cxl_dcd_pool_file_differs(pool, error, "max-extents",
                                         found->max_records,
                                         config->max_records);
    }
    if (found->block_size != config->block_size) {
        return cxl_dcd_pool_file_differs(pool, error, "block-size",
                                         found->block_size, config->block_size);
    }
    config->max_hosts = MIN(found->max_hosts, CXL_DCD_POOL_HOSTS_MAX);
    config->max_records = MIN(found->max_records, CXL_DCD_POOL_RECORDS_MAX);
    cxl_dcd_pool_file_set_sizes(pool, cxl_dcd_pool_file_page_of(pool->fd));
    if (!cxl_dcd_pool_file_header_is(pool, found) || pool->length != length) {
        return cxl_dcd_pool_fail(error, EINVAL, "pool '%s' is damaged: its "
                                 "header's checksum or its length is wrong; "
                                 "remove the file, what it holds is lost",
                                 pool->path);
    }
    return true;
}

static bool cxl_dcd_pool_file_check_file(CXLDcdPool *pool, GError **error)
{
    PoolHeader header;
    struct stat st;

    if (fstat(pool->fd, &st)) {
        return cxl_dcd_pool_fail(error, errno, "cannot look at pool '%s': %s",
                                 pool->path, g_strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return cxl_dcd_pool_fail(error, EINVAL, "'%s' is not a regular file",
                                 pool->path);
    }
    return cxl_dcd_pool_file_read_header(pool, st.st_size, &header, error) &&
           cxl_dcd_pool_file_check_header(pool, st.st_size, &header, error);
}

static bool cxl_dcd_pool_file_check_config(CXLDcdPool *pool, GError **error)
{
    const CXLDcdPoolConfig *c = &pool->config;

    if (c->block_size < POOL_PAGE || (c->block_size & (c->block_size - 1))) {
        return cxl_dcd_pool_fail(error, EINVAL, "block-size %" PRIu64 " of "
                                 "pool '%s' is not a power of two of at least "
                                 "%llu", c->block_size, pool->path, POOL_PAGE);
    }
    if (!c->size || c->size % c->block_size ||
        c->size / c->block_size > CXL_DCD_POOL_BLOCKS_MAX) {
        return cxl_dcd_pool_fail(error, EINVAL, "size %" PRIu64 " of pool '%s' "
                                 "is not 1 to %llu blocks of block-size %"
                                 PRIu64, c->size, pool->path,
                                 CXL_DCD_POOL_BLOCKS_MAX, c->block_size);
    }
    if (c->max_hosts > CXL_DCD_POOL_HOSTS_MAX) {
        return cxl_dcd_pool_fail(error, EINVAL, "max-hosts %u of pool '%s' is "
                                 "more than %d", c->max_hosts, pool->path,
                                 CXL_DCD_POOL_HOSTS_MAX);
    }
    if (c->max_records == 1 || c->max_records > CXL_DCD_POOL_RECORDS_MAX) {
        return cxl_dcd_pool_fail(error, EINVAL, "max-extents %u of pool '%s' "
                                 "is not from 2 to %u", c->max_records,
                                 pool->path, CXL_DCD_POOL_RECORDS_MAX);
    }
    return true;
}

static bool cxl_dcd_pool_file_make_if_missing(const CXLDcdPool *pool,
                                              GError **error)
{
    CXLDcdPool fresh = { .fd = -1, .path = pool->path,
                         .config = pool->config };

    if (!access(pool->path, F_OK) || errno != ENOENT) {
        return true;
    }
    if (!fresh.config.max_hosts) {
        fresh.config.max_hosts = CXL_DCD_POOL_HOSTS_DEFAULT;
    }
    if (!fresh.config.max_records) {
        fresh.config.max_records = CXL_DCD_POOL_RECORDS_DEFAULT;
    }
    return cxl_dcd_pool_file_make(&fresh, error);
}

static bool cxl_dcd_pool_file_open_at(CXLDcdPool *pool, const char *path,
                                      GError **error)
{
    pool->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (pool->fd < 0) {
        return cxl_dcd_pool_fail(error, errno, "cannot open pool '%s': %s",
                                 pool->path, g_strerror(errno));
    }
    return cxl_dcd_pool_file_check_file(pool, error) &&
           cxl_dcd_pool_file_map(pool, cxl_dcd_pool_file_page_of(pool->fd),
                                 error) &&
           cxl_dcd_pool_upgrade(pool, error) &&
           cxl_dcd_pool_lock_init(pool, error) &&
           cxl_dcd_pool_check(pool, error);
}

static CXLDcdPool *cxl_dcd_pool_file_new(const char *path,
                                         const CXLDcdPoolConfig *config)
{
    CXLDcdPool *pool = g_new0(CXLDcdPool, 1);

    pool->fd = -1;
    pool->path = g_strdup(path);
    pool->wait_ms = 10000;
    pool->config = *config;
    return pool;
}

static CXLDcdPool *cxl_dcd_pool_file_opened(CXLDcdPool *pool, bool ok)
{
    if (!ok) {
        cxl_dcd_pool_close(pool);
        return NULL;
    }
    pool->attached = g_new0(bool, pool->config.max_hosts);
    return pool;
}

CXLDcdPool *cxl_dcd_pool_open(const char *path, const CXLDcdPoolConfig *config,
                              GError **error)
{
    CXLDcdPool *pool = cxl_dcd_pool_file_new(path, config);

    return cxl_dcd_pool_file_opened(
        pool, cxl_dcd_pool_file_check_config(pool, error) &&
                  cxl_dcd_pool_file_make_if_missing(pool, error) &&
                  cxl_dcd_pool_file_open_at(pool, path, error));
}

CXLDcdPool *cxl_dcd_pool_open_again(const CXLDcdPool *other, GError **error)
{
    CXLDcdPool *pool = cxl_dcd_pool_file_new(other->path, &other->config);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", other->fd);

    return cxl_dcd_pool_file_opened(
        pool, cxl_dcd_pool_file_open_at(pool, path, error));
}

void cxl_dcd_pool_close(CXLDcdPool *pool)
{
    if (!pool) {
        return;
    }
    for (uint32_t i = 0; pool->attached && i < pool->config.max_hosts; i++) {
        cxl_dcd_pool_detach(pool, i);
    }
    cxl_dcd_pool_file_unmap(pool);
    g_free(pool->attached);
    g_free(pool->path);
    g_free(pool);
}

const CXLDcdPoolConfig *cxl_dcd_pool_config(const CXLDcdPool *pool)
{
    return &pool->config;
}

uint64_t cxl_dcd_pool_blocks(const CXLDcdPool *pool)
{
    return pool->blocks;
}

/* Not before it is asked for: devices map it themselves */
uint8_t *cxl_dcd_pool_memory(CXLDcdPool *pool)
{
    if (!pool->memory) {
        pool->memory = mmap(NULL, pool->config.size, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_NORESERVE, pool->fd, 0);
        if (pool->memory == MAP_FAILED) {
            pool->memory = NULL;
        }
    }
    return pool->memory;
}

int cxl_dcd_pool_fd(const CXLDcdPool *pool)
{
    return pool->fd;
}

uint64_t cxl_dcd_pool_page(const CXLDcdPool *pool)
{
    return cxl_dcd_pool_file_page_of(pool->fd);
}
