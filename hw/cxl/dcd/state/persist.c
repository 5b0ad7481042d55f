/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: persistent regions outlive QEMU
 *
 * Contents are in the file of the memory backend; who has what is in a file
 * beside it (property dc-state). It is small, is written anew after every
 * change, and replaces the old one by a rename, so that there is always a
 * whole one. All changes until the main loop comes round are one write, and so
 * are all while one is being written; the machine waits for a write only when
 * it stops or ends.
 *
 * The memory file is locked while the device may change either of the two. An
 * incoming machine gets its state from the stream: it takes the lock, and
 * writes, when it starts.
 */
#include "qemu/osdep.h"
#include "crypto/hash.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/state.h"
#include "hw/cxl/dcd/trace.h"
#include "writer.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "system/hostmem.h"
#include "system/runstate.h"
#include "system/system.h"

#define MAGIC      "CXLDCDST"
#define VERSION    1
#define SUM_SIZE   32           /* SHA-256 */
#define STATE_MAX  (512u << 20)
#define RETRY_MS 1000

/* Little-endian; @sum is over the whole file with @sum zero. */
typedef struct QEMU_PACKED StateHeader {
    char magic[8];
    uint32_t version;
    uint32_t length;            /* of what follows */
    uint64_t serial;            /* of the device */
    uint8_t sum[SUM_SIZE];
} StateHeader;

struct CXLDcdPersist {
    CXLDcdDevice *device;
    QEMUBH *bh;
    Notifier exit;
    VMChangeStateEntry *vm_state;
    CXLDcdWriter *writer;
    GByteArray *writing;        /* what is being written; NULL: nothing is */
    GByteArray *written;        /* what the file holds; NULL: not known */
    bool changed;               /* since what is written or being written */
    int failed;                 /* errno of the last write, tried again */
    bool owed;                  /* the host has what the file has not */
    QEMUTimer *retry;
    bool locked;
};

static bool cxl_dcd_persist_checksum(const uint8_t *bytes, size_t len,
                                     uint8_t *sum, Error **errp)
{
    size_t size = SUM_SIZE;

    return !qcrypto_hash_bytes(QCRYPTO_HASH_ALGO_SHA256, (const char *)bytes,
                               len, &sum, &size, errp);
}

/* In the writer's thread: a large state takes longer than others may wait */
static bool cxl_dcd_persist_seal(GByteArray *file)
{
    uint8_t sum[SUM_SIZE];

    if (!cxl_dcd_persist_checksum(file->data, file->len, sum, NULL)) {
        return false;
    }
    memcpy(file->data + offsetof(StateHeader, sum), sum, SUM_SIZE);
    return true;
}

/* Not sealed yet */
static GByteArray *cxl_dcd_persist_encode(CXLDcdDevice *device)
{
    g_autoptr(GByteArray) core = cxl_dcd_save_persistent(device->dcd);
    GByteArray *file = g_byte_array_new();
    StateHeader header = {
        .version = cpu_to_le32(VERSION),
        .length = cpu_to_le32(core->len),
        .serial = cpu_to_le64(CXL_TYPE3(device)->sn),
    };

    memcpy(header.magic, MAGIC, sizeof(header.magic));
    g_byte_array_append(file, (uint8_t *)&header, sizeof(header));
    g_byte_array_append(file, core->data, core->len);
    return file;
}

/* --- Writing --- */

static void cxl_dcd_persist_cannot_write(CXLDcdPersist *persist, int error,
                                         Error **errp)
{
    const char *path = persist->device->state_path;

    error_setg_errno(errp, error, "dynamic capacity state cannot be written to "
                     "'%s' (by way of '%s.new')", path, path);
}

/* If a write has ended: false when it failed; the next change tries again */
static bool cxl_dcd_persist_write_ended(CXLDcdPersist *persist, Error **errp)
{
    int error;

    if (!persist->writing || cxl_dcd_writer_busy(persist->writer)) {
        return true;
    }
    error = cxl_dcd_writer_wait(persist->writer);
    g_clear_pointer(&persist->written, g_byte_array_unref);
    persist->failed = error;
    if (error) {
        g_clear_pointer(&persist->writing, g_byte_array_unref);
        persist->changed = true;
        cxl_dcd_persist_cannot_write(persist, error, errp);
        return false;
    }
    trace_cxl_dcd_state_written(persist->device->path, persist->writing->len);
    persist->written = g_steal_pointer(&persist->writing);
    persist->owed = persist->changed;
    return true;
}

/* But for the checksum, which only the one has that was written */
static bool cxl_dcd_persist_same(const GByteArray *one, const GByteArray *other)
{
    return one->len == other->len &&
           !memcmp(one->data + sizeof(StateHeader),
                   other->data + sizeof(StateHeader),
                   one->len - sizeof(StateHeader));
}

/* Write what the file does not hold yet; nothing is being written. */
static void cxl_dcd_persist_write_begin(CXLDcdPersist *persist)
{
    g_autoptr(GByteArray) bytes = cxl_dcd_persist_encode(persist->device);

    persist->changed = false;
    if (!persist->written || !cxl_dcd_persist_same(persist->written, bytes)) {
        persist->writing = g_steal_pointer(&bytes);
        cxl_dcd_writer_start(persist->writer, persist->writing);
    } else {
        persist->owed = false;
    }
}

/* All that there is to be written is, when it returns */
static bool cxl_dcd_persist_write_now(CXLDcdPersist *persist, Error **errp)
{
    Error *old = NULL;

    qemu_bh_cancel(persist->bh);
    cxl_dcd_writer_wait(persist->writer);
    cxl_dcd_persist_write_ended(persist, &old);
    error_free(old);            /* it is tried again */
    cxl_dcd_persist_write_begin(persist);
    cxl_dcd_writer_wait(persist->writer);
    qemu_bh_cancel(persist->bh);
    qemu_bh_schedule(persist->device->settle_bh);
    return cxl_dcd_persist_write_ended(persist, errp);
}

/* A write failed, as on a full disk: said once, and tried again. */
static void cxl_dcd_persist_write_later(CXLDcdPersist *persist, Error *err,
                                        bool failed_before)
{
    if (failed_before) {
        error_free(err);
    } else {
        error_append_hint(&err, "It is tried again every second; until then "
                                "the file holds an earlier state\n");
        error_report_err(err);
    }
    timer_mod(persist->retry,
              qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + RETRY_MS);
}

/* The main loop comes round after changes, or a write has ended */
static void cxl_dcd_persist_step(void *opaque)
{
    CXLDcdPersist *persist = opaque;
    bool failed_before = persist->failed;
    Error *err = NULL;

    if (!cxl_dcd_persist_write_ended(persist, &err)) {
        cxl_dcd_persist_write_later(persist, err, failed_before);
    } else if (persist->locked && persist->changed && !persist->writing) {
        cxl_dcd_persist_write_begin(persist);
    }
    if (!persist->writing) {
        qemu_bh_schedule(persist->device->settle_bh);
    }
}

static void cxl_dcd_persist_flush(CXLDcdPersist *persist)
{
    Error *err = NULL;

    if (persist->locked && !cxl_dcd_persist_write_now(persist, &err)) {
        error_report_err(err);
    }
}

void cxl_dcd_persist_changed(CXLDcdDevice *device)
{
    if (device->persist) {
        device->persist->changed = true;
        qemu_bh_schedule(device->persist->bh);
    }
}

void cxl_dcd_persist_reach(CXLDcdDevice *device, const CXLDcdRange *range)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);

    for (unsigned i = 0; device->persist && i < config->num_regions; i++) {
        const CXLDcdRegionConfig *region = &config->regions[i];

        if (region->attributes & CXL_DCD_REGION_NONVOLATILE &&
            range->dpa >= region->base &&
            range->dpa - region->base < region->length) {
            device->persist->owed = true;
        }
    }
}

/* --- Reading --- */

static bool cxl_dcd_persist_read_whole(const char *path, uint8_t **ret,
                                       size_t *ret_len, Error **errp)
{
    g_autoptr(GError) error = NULL;
    char *contents = NULL;
    struct stat st;

    if (stat(path, &st)) {
        error_setg_errno(errp, errno, "property '" CXL_DCD_PROP_STATE "': "
                         "'%s' cannot be read", path);
        return false;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > STATE_MAX) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' is not a "
                   "file of dynamic capacity state", path);
        return false;
    }
    if (!g_file_get_contents(path, &contents, ret_len, &error)) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': %s",
                   error->message);
        return false;
    }
    *ret = (uint8_t *)contents;
    return true;
}

/* What is wrong with the file by itself; NULL: nothing */
static const char *cxl_dcd_persist_fault_of(uint8_t *bytes, size_t len)
{
    StateHeader header;
    uint8_t sum[SUM_SIZE];

    if (len < sizeof(header) || memcmp(bytes, MAGIC, sizeof(header.magic))) {
        return "it is not a file of dynamic capacity state";
    }
    memcpy(&header, bytes, sizeof(header));
    if (le32_to_cpu(header.version) != VERSION) {
        return "it is of another version";
    }
    if (le32_to_cpu(header.length) != len - sizeof(header)) {
        return "it is truncated or has been appended to";
    }
    memset(bytes + offsetof(StateHeader, sum), 0, SUM_SIZE);
    if (!cxl_dcd_persist_checksum(bytes, len, sum, NULL) ||
        memcmp(sum, header.sum, SUM_SIZE)) {
        return "it is damaged (its checksum is wrong)";
    }
    return NULL;
}

static bool cxl_dcd_persist_read_state(CXLDcdDevice *device, Error **errp)
{
    const char *path = device->state_path, *fault;
    g_autofree uint8_t *bytes = NULL;
    g_autoptr(GError) error = NULL;
    StateHeader header;
    size_t len;

    if (!cxl_dcd_persist_read_whole(path, &bytes, &len, errp)) {
        return false;
    }
    fault = cxl_dcd_persist_fault_of(bytes, len);
    if (fault) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' cannot be "
                   "used: %s; name another file, or remove this one to start "
                   "without capacity", path, fault);
        return false;
    }
    memcpy(&header, bytes, sizeof(header));
    if (le64_to_cpu(header.serial) != CXL_TYPE3(device)->sn) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' belongs to "
                   "the device with sn=0x%" PRIx64 ", this one has sn=0x%"
                   PRIx64, path, le64_to_cpu(header.serial),
                   CXL_TYPE3(device)->sn);
        return false;
    }
    if (!cxl_dcd_restore(device->dcd, bytes + sizeof(header),
                         len - sizeof(header), &error)) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' is of "
                   "another configuration: %s", path, error->message);
        return false;
    }
    return true;
}

/* --- Life --- */

static bool cxl_dcd_persist_lock(CXLDcdPersist *persist, Error **errp)
{
    int fd = memory_region_get_fd(persist->device->dc_mr);

    if (!persist->locked && qemu_lock_fd(fd, 0, 0, true)) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': the file of the "
                   "memory backend is in use by another machine");
        return false;
    }
    persist->locked = true;
    return true;
}

static void cxl_dcd_persist_unlock(CXLDcdPersist *persist)
{
    if (persist->locked) {
        qemu_unlock_fd(memory_region_get_fd(persist->device->dc_mr), 0, 0);
        persist->locked = false;
    }
}

static void cxl_dcd_persist_machine_changes(void *opaque, bool running,
                                            RunState state)
{
    CXLDcdPersist *persist = opaque;
    Error *err = NULL;

    if (running) {
        if (!persist->locked) {
            g_clear_pointer(&persist->written, g_byte_array_unref);
        }
        if (!cxl_dcd_persist_lock(persist, &err)) {
            error_append_hint(&err, "'%s' is not written any more\n",
                              persist->device->state_path);
            error_report_err(err);
            return;
        }
    }
    cxl_dcd_persist_flush(persist);
    if (!running && state == RUN_STATE_FINISH_MIGRATE) {
        cxl_dcd_persist_unlock(persist);
    }
}

static void cxl_dcd_persist_at_exit(Notifier *notifier, void *data)
{
    cxl_dcd_persist_flush(container_of(notifier, CXLDcdPersist, exit));
}

static bool cxl_dcd_persist_check_use(CXLDcdDevice *device, Error **errp)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    HostMemoryBackend *backend = CXL_TYPE3(device)->dc.host_dc;
    uint8_t attributes = 0;
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        attributes |= config->regions[i].attributes;
    }
    if (!(attributes & CXL_DCD_REGION_NONVOLATILE)) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "' is for devices "
                   "with a persistent region: give one of '"
                   CXL_DCD_PROP_REGIONS "' the flag nonvolatile");
        return false;
    }
    if (!backend->share || memory_region_get_fd(device->dc_mr) < 0) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "' needs memory that "
                   "outlives QEMU: '" CXL_DCD_PROP_MEMDEV "' must be a "
                   "memory-backend-file with share=on");
        return false;
    }
    return true;
}

bool cxl_dcd_persist_init(CXLDcdDevice *device, Error **errp)
{
    CXLDcdPersist *persist;
    bool incoming = runstate_check(RUN_STATE_INMIGRATE);

    if (!device->state_path) {
        return true;
    }
    if (!cxl_dcd_persist_check_use(device, errp)) {
        return false;
    }
    persist = g_new0(CXLDcdPersist, 1);
    persist->device = device;
    persist->bh = qemu_bh_new_guarded(cxl_dcd_persist_step, persist,
                                      &DEVICE(device)->mem_reentrancy_guard);
    persist->writer = cxl_dcd_writer_new(device->state_path,
                                         cxl_dcd_persist_seal, persist->bh);
    persist->retry =
        timer_new_ms(QEMU_CLOCK_REALTIME, cxl_dcd_persist_step, persist);
    persist->exit.notify = cxl_dcd_persist_at_exit;
    qemu_add_exit_notifier(&persist->exit);
    persist->vm_state =
        qemu_add_vm_change_state_handler(cxl_dcd_persist_machine_changes,
                                         persist);
    device->persist = persist;
    if (incoming) {
        return true;
    }
    if (!cxl_dcd_persist_lock(persist, errp) ||
        (!access(device->state_path, F_OK) &&
         !cxl_dcd_persist_read_state(device, errp)) ||
        !cxl_dcd_persist_write_now(persist, errp)) {
        cxl_dcd_persist_unlock(persist);
        return false;
    }
    cxl_dcd_sanitize_gaps(device);
    return true;
}

void cxl_dcd_persist_free(CXLDcdDevice *device)
{
    CXLDcdPersist *persist = device->persist;

    if (!persist) {
        return;
    }
    cxl_dcd_persist_flush(persist);
    cxl_dcd_persist_unlock(persist);
    device->persist = NULL;
    cxl_dcd_writer_free(persist->writer);
    timer_free(persist->retry);
    qemu_bh_delete(persist->bh);
    qemu_remove_exit_notifier(&persist->exit);
    qemu_del_vm_change_state_handler(persist->vm_state);
    g_clear_pointer(&persist->writing, g_byte_array_unref);
    g_clear_pointer(&persist->written, g_byte_array_unref);
    g_free(persist);
}

bool cxl_dcd_persist_current(const CXLDcdDevice *device)
{
    const CXLDcdPersist *persist = device->persist;

    return persist->locked && persist->written && !persist->writing &&
           !persist->changed;
}

bool cxl_dcd_persist_settled(const CXLDcdDevice *device)
{
    const CXLDcdPersist *persist = device->persist;

    return !persist || !persist->locked || persist->failed ||
           (!persist->writing && !persist->changed);
}

bool cxl_dcd_persist_durable(const CXLDcdDevice *device)
{
    const CXLDcdPersist *persist = device->persist;

    return !persist || !persist->locked || !persist->owed;
}

int cxl_dcd_persist_failed(const CXLDcdDevice *device)
{
    return device->persist ? device->persist->failed : 0;
}
