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
 * The two files are tied to each other (tie.c), and both are locked while the
 * device may change either. An incoming machine gets its state from the stream:
 * it takes the locks, and writes, when it starts.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/state.h"
#include "hw/cxl/dcd/trace.h"
#include "image.h"
#include "tie.h"
#include "writer.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "system/hostmem.h"
#include "system/runstate.h"
#include "system/system.h"

#define RETRY_MS 1000

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
    CXLDcdTie tie;              /* to the memory file */
    bool tied;
    int memory;                 /* that file, opened for its lock; or -1 */
    bool locked;                /* both files */
};

/* Not sealed yet: a large state takes longer than others may wait */
static GByteArray *cxl_dcd_persist_encode(const CXLDcdPersist *persist)
{
    CXLDcdDevice *device = persist->device;
    g_autoptr(GByteArray) core = cxl_dcd_save_persistent(device->dcd);

    return cxl_dcd_image_encode(CXL_TYPE3(device)->sn, &persist->tie, core);
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

/* Write what the file does not hold yet; nothing is being written. */
static void cxl_dcd_persist_write_begin(CXLDcdPersist *persist)
{
    g_autoptr(GByteArray) bytes = cxl_dcd_persist_encode(persist);

    persist->changed = false;
    if (!persist->written || !cxl_dcd_image_same(persist->written, bytes)) {
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

/* --- Which memory file --- */

static bool cxl_dcd_persist_look(CXLDcdDevice *device, CXLDcdTieFile *ret,
                                 Error **errp)
{
    Object *backend = OBJECT(CXL_TYPE3(device)->dc.host_dc);
    g_autofree char *path = object_property_get_str(backend, "mem-path", NULL);
    const char *name = path ?: object_get_canonical_path_component(backend);

    return cxl_dcd_tie_look(memory_region_get_fd(device->dc_mr), name, ret,
                            errp);
}

/* Do the two belong together? If not, it may be that they are told to. */
static bool cxl_dcd_persist_check_tie(CXLDcdDevice *device,
                                      const CXLDcdTie *tie,
                                      CXLDcdTieFile *file, bool *ret_anew,
                                      Error **errp)
{
    g_autofree char *why = cxl_dcd_tie_fault(tie, file);

    *ret_anew = why;
    if (why && !device->state_adopt) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' is not the "
                   "state of memory file '%s': %s; name the two that belong "
                   "together, or, if these do (as after a restore), start once "
                   "with '" CXL_DCD_PROP_ADOPT "' on", device->state_path,
                   file->name, why);
        return false;
    }
    return true;
}

/* There is no state: the memory must not be somebody's whose state is. */
static bool cxl_dcd_persist_check_alone(CXLDcdDevice *device,
                                        const CXLDcdTieFile *file,
                                        Error **errp)
{
    if (file->marked && !device->state_adopt) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' does not "
                   "exist, but memory file '%s' belongs to a state file: name "
                   "that one, or start once with '" CXL_DCD_PROP_ADOPT "' on "
                   "to begin without capacity", device->state_path, file->name);
        return false;
    }
    return true;
}

/* The state is written so that the two are a pair from now on. */
static bool cxl_dcd_persist_tie(CXLDcdPersist *persist, CXLDcdTieFile *file,
                                bool anew, Error **errp)
{
    CXLDcdTieKind kind;

    cxl_dcd_tie_make(&persist->tie, file, anew);
    kind = persist->tie.kind;
    if (!cxl_dcd_persist_write_now(persist, errp) ||
        !cxl_dcd_tie_mark(&persist->tie,
                          memory_region_get_fd(persist->device->dc_mr), file,
                          errp)) {
        return false;
    }
    persist->tied = true;
    return persist->tie.kind == kind ||
           cxl_dcd_persist_write_now(persist, errp);
}

/* --- Reading --- */

static bool cxl_dcd_persist_take(CXLDcdPersist *persist,
                                 const CXLDcdImage *image, CXLDcdTieFile *file,
                                 bool *ret_anew, Error **errp)
{
    CXLDcdDevice *device = persist->device;
    g_autoptr(GError) error = NULL;

    if (image->serial != CXL_TYPE3(device)->sn) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' belongs to "
                   "the device with sn=0x%" PRIx64 ", this one has sn=0x%"
                   PRIx64, device->state_path, image->serial,
                   CXL_TYPE3(device)->sn);
        return false;
    }
    if (!cxl_dcd_persist_check_tie(device, &image->tie, file, ret_anew, errp)) {
        return false;
    }
    if (!cxl_dcd_restore(device->dcd, image->core, image->core_len, &error)) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' is of "
                   "another configuration: %s", device->state_path,
                   error->message);
        return false;
    }
    if (!cxl_dcd_prealloc_listed(device, &error)) {
        error_setg(errp, "memory file '%s' of the capacity that the host has: "
                   "%s", file->name, error->message);
        return false;
    }
    persist->tie = image->tie;
    return true;
}

static bool cxl_dcd_persist_read_state(CXLDcdPersist *persist,
                                       CXLDcdTieFile *file, bool *ret_anew,
                                       Error **errp)
{
    CXLDcdImage image;
    bool ok;

    if (!cxl_dcd_image_read(persist->device->state_path, &image, errp)) {
        return false;
    }
    ok = cxl_dcd_persist_take(persist, &image, file, ret_anew, errp);
    cxl_dcd_image_clear(&image);
    return ok;
}

static bool cxl_dcd_persist_begin(CXLDcdPersist *persist, CXLDcdTieFile *file,
                                  Error **errp)
{
    bool anew = false;
    bool ok = !access(persist->device->state_path, F_OK) ?
        cxl_dcd_persist_read_state(persist, file, &anew, errp) :
        cxl_dcd_persist_check_alone(persist->device, file, errp);

    return ok && cxl_dcd_persist_tie(persist, file, anew, errp);
}

/*
 * State and contents are to come from another machine, which may have the two
 * files yet; if they are others, they are a pair, or they are new.
 */
static bool cxl_dcd_persist_expect(CXLDcdPersist *persist, CXLDcdTieFile *file,
                                   Error **errp)
{
    CXLDcdDevice *device = persist->device;
    CXLDcdImage image;
    bool anew, ok;

    if (access(device->state_path, F_OK)) {
        return cxl_dcd_persist_check_alone(device, file, errp);
    }
    if (!cxl_dcd_image_read(device->state_path, &image, NULL)) {
        return true;            /* it will be replaced */
    }
    ok = cxl_dcd_persist_check_tie(device, &image.tie, file, &anew, errp);
    cxl_dcd_image_clear(&image);
    return ok;
}

/* --- Life --- */

/*
 * The memory file is opened once more: who else gets the one that is mapped, as
 * the processes do that serve a machine's vhost-user devices, would have the
 * lock as long as it likes.
 */
static int cxl_dcd_persist_open_memory(CXLDcdDevice *device)
{
    int fd = memory_region_get_fd(device->dc_mr);
    g_autofree char *again = g_strdup_printf("/proc/self/fd/%d", fd);
    int ret = open(again, O_RDWR | O_CLOEXEC);

    return ret >= 0 ? ret : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void cxl_dcd_persist_unlock(CXLDcdPersist *persist)
{
    cxl_dcd_writer_unlock(persist->writer);
    if (persist->memory >= 0) {
        qemu_unlock_fd(persist->memory, 0, 0);
        close(persist->memory);
        persist->memory = -1;
    }
    persist->locked = false;
}

static bool cxl_dcd_persist_lock(CXLDcdPersist *persist, Error **errp)
{
    ERRP_GUARD();
    int ret;

    if (persist->locked) {
        return true;
    }
    persist->memory = cxl_dcd_persist_open_memory(persist->device);
    ret = persist->memory < 0 ? 0 : qemu_lock_fd(persist->memory, 0, 0, true);
    if (ret == -EAGAIN || ret == -EACCES) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': the file of the "
                   "memory backend is in use by another machine");
        cxl_dcd_persist_unlock(persist);
        return false;
    }
    if (!cxl_dcd_writer_lock(persist->writer, errp)) {
        error_prepend(errp, "property '" CXL_DCD_PROP_STATE "': ");
        cxl_dcd_persist_unlock(persist);
        return false;
    }
    persist->locked = true;
    return true;
}

/* A machine that came from elsewhere runs here now */
static void cxl_dcd_persist_arrived(CXLDcdPersist *persist)
{
    CXLDcdTieFile file = { 0 };
    Error *err = NULL;

    if (!cxl_dcd_persist_look(persist->device, &file, &err) ||
        !cxl_dcd_persist_tie(persist, &file, false, &err)) {
        error_report_err(err);
    }
    cxl_dcd_tie_file_clear(&file);
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
        if (!persist->tied) {
            cxl_dcd_persist_arrived(persist);
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

static CXLDcdPersist *cxl_dcd_persist_new(CXLDcdDevice *device)
{
    CXLDcdPersist *persist = g_new0(CXLDcdPersist, 1);

    persist->device = device;
    persist->memory = -1;
    persist->bh = qemu_bh_new_guarded(cxl_dcd_persist_step, persist,
                                      &DEVICE(device)->mem_reentrancy_guard);
    persist->writer = cxl_dcd_writer_new(device->state_path,
                                         cxl_dcd_image_seal, persist->bh);
    persist->retry =
        timer_new_ms(QEMU_CLOCK_REALTIME, cxl_dcd_persist_step, persist);
    persist->exit.notify = cxl_dcd_persist_at_exit;
    qemu_add_exit_notifier(&persist->exit);
    persist->vm_state =
        qemu_add_vm_change_state_handler(cxl_dcd_persist_machine_changes,
                                         persist);
    return persist;
}

bool cxl_dcd_persist_init(CXLDcdDevice *device, Error **errp)
{
    bool incoming = runstate_check(RUN_STATE_INMIGRATE), ok;
    CXLDcdTieFile file = { 0 };
    CXLDcdPersist *persist;

    if (!device->state_path) {
        if (device->state_adopt) {
            error_setg(errp, "property '" CXL_DCD_PROP_ADOPT "' is about the "
                       "file of property '" CXL_DCD_PROP_STATE "', which is "
                       "not set");
        }
        return !device->state_adopt;
    }
    if (!cxl_dcd_persist_check_use(device, errp)) {
        return false;
    }
    persist = device->persist = cxl_dcd_persist_new(device);
    ok = (incoming || cxl_dcd_persist_lock(persist, errp)) &&
         cxl_dcd_persist_look(device, &file, errp) &&
         (incoming ? cxl_dcd_persist_expect(persist, &file, errp) :
                     cxl_dcd_persist_begin(persist, &file, errp));
    cxl_dcd_tie_file_clear(&file);
    if (!ok) {
        cxl_dcd_persist_unlock(persist);
    } else if (!incoming) {
        cxl_dcd_sanitize_gaps(device);
    }
    return ok;
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
