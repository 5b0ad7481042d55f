/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a file is replaced, while the machine goes on
 *
 * To be sure that a disk has something takes as long as the disk likes. A
 * thread waits for that; the file is whole at every moment, because what is new
 * is written beside it and renamed.
 *
 * A lock goes with a file, not with its name. So what is new is locked before
 * it gets the name; and only who has locked the name for new files, if only for
 * a moment, may look which file is there.
 */
#include "qemu/osdep.h"
#include "writer.h"
#include "qapi/error.h"
#include "qemu/lockable.h"
#include "qemu/thread.h"

/* Somebody who only looks has the name for new files so long at the most */
#define LOOK_TRIES 1000
#define LOOK_US    1000

struct CXLDcdWriter {
    char *path;
    char *fresh;                /* where new contents come to be */
    int held;                   /* the file that is there, locked; or -1 */
    int first;                  /* there is none yet: locked at @fresh; or -1 */
    bool (*seal)(GByteArray *bytes);
    QEMUBH *done;
    QemuThread thread;
    QemuMutex mutex;            /* of what follows */
    QemuCond cond;
    GByteArray *bytes;          /* being written; NULL: idle */
    int result;                 /* errno of the last write */
    bool quit;
};

/*
 * Open what is called @path, and lock it; where files cannot be locked, it is
 * not. A negative errno; -EAGAIN: another process has the lock.
 */
static int cxl_dcd_writer_open(const char *path, int flags)
{
    struct stat opened, named;
    int fd, ret;

    do {
        fd = open(path, flags | O_CLOEXEC, 0600);
        if (fd < 0) {
            return -errno;
        }
        ret = qemu_lock_fd(fd, 0, 0, true);
        if (ret == -EAGAIN || ret == -EACCES) {
            close(fd);
            return -EAGAIN;
        }
        if (fstat(fd, &opened)) {
            ret = -errno;
            close(fd);
            return ret;
        }
        if (!stat(path, &named) && named.st_ino == opened.st_ino &&
            named.st_dev == opened.st_dev) {
            return fd;
        }
        /* It was renamed, or removed, before it was locked */
        close(fd);
    } while (true);
}

static void cxl_dcd_writer_close(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* Locked, and empty; others are in the way only while they look. */
static int cxl_dcd_writer_open_fresh(CXLDcdWriter *writer)
{
    int fd = writer->first, tries = 0;
    struct stat st;

    writer->first = -1;
    while (fd < 0) {
        fd = cxl_dcd_writer_open(writer->fresh, O_WRONLY | O_CREAT);
        if (fd < 0 && (fd != -EAGAIN || ++tries > LOOK_TRIES)) {
            return fd;
        }
        if (fd < 0) {
            g_usleep(LOOK_US);
        }
    }
    if (!fstat(fd, &st) && S_ISREG(st.st_mode) && ftruncate(fd, 0)) {
        int ret = -errno;

        close(fd);
        return ret;
    }
    return fd;
}

static int cxl_dcd_writer_fill(int fd, const GByteArray *bytes)
{
    errno = 0;
    if (qemu_write_full(fd, bytes->data, bytes->len) != bytes->len ||
        qemu_fdatasync(fd)) {
        return errno ?: EIO;
    }
    return 0;
}

static int cxl_dcd_writer_replace(CXLDcdWriter *writer,
                                  const GByteArray *bytes)
{
    g_autofree char *folder = g_path_get_dirname(writer->path);
    int fresh = cxl_dcd_writer_open_fresh(writer), result, fd;

    if (fresh < 0) {
        return -fresh;
    }
    result = cxl_dcd_writer_fill(fresh, bytes);
    if (!result && rename(writer->fresh, writer->path)) {
        result = errno;
    }
    if (result) {
        unlink(writer->fresh);
        close(fresh);
        return result;
    }
    cxl_dcd_writer_close(&writer->held);
    writer->held = fresh;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems cannot; the rename stands all the same */
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    return 0;
}

static void *cxl_dcd_writer_run(void *opaque)
{
    CXLDcdWriter *writer = opaque;

    qemu_mutex_lock(&writer->mutex);
    while (true) {
        while (!writer->bytes && !writer->quit) {
            qemu_cond_wait(&writer->cond, &writer->mutex);
        }
        if (!writer->bytes) {
            break;
        }
        qemu_mutex_unlock(&writer->mutex);
        /* Nobody else changes the bytes as long as they are there */
        writer->result = writer->seal(writer->bytes) ?
                         cxl_dcd_writer_replace(writer, writer->bytes) : EIO;
        qemu_mutex_lock(&writer->mutex);
        g_clear_pointer(&writer->bytes, g_byte_array_unref);
        qemu_cond_broadcast(&writer->cond);
        qemu_bh_schedule(writer->done);
    }
    qemu_mutex_unlock(&writer->mutex);
    return NULL;
}

CXLDcdWriter *cxl_dcd_writer_new(const char *path,
                                 bool (*seal)(GByteArray *bytes),
                                 QEMUBH *done)
{
    CXLDcdWriter *writer = g_new0(CXLDcdWriter, 1);

    writer->path = g_strdup(path);
    writer->fresh = g_strdup_printf("%s.new", path);
    writer->held = -1;
    writer->first = -1;
    writer->seal = seal;
    writer->done = done;
    qemu_mutex_init(&writer->mutex);
    qemu_cond_init(&writer->cond);
    qemu_thread_create(&writer->thread, "cxl-dcd-writer", cxl_dcd_writer_run,
                       writer, QEMU_THREAD_JOINABLE);
    return writer;
}

void cxl_dcd_writer_free(CXLDcdWriter *writer)
{
    qemu_mutex_lock(&writer->mutex);
    writer->quit = true;
    qemu_cond_broadcast(&writer->cond);
    qemu_mutex_unlock(&writer->mutex);
    qemu_thread_join(&writer->thread);
    cxl_dcd_writer_unlock(writer);
    qemu_cond_destroy(&writer->cond);
    qemu_mutex_destroy(&writer->mutex);
    g_free(writer->fresh);
    g_free(writer->path);
    g_free(writer);
}

bool cxl_dcd_writer_lock(CXLDcdWriter *writer, Error **errp)
{
    int fresh, file = -EAGAIN;

    fresh = cxl_dcd_writer_open(writer->fresh, O_RDWR | O_CREAT);
    if (fresh >= 0) {
        file = cxl_dcd_writer_open(writer->path, O_RDWR);
        if (file == -ENOENT) {
            writer->first = fresh;
            return true;
        }
        unlink(writer->fresh);
        close(fresh);
    } else if (fresh != -EAGAIN) {
        error_setg_errno(errp, -fresh, "dynamic capacity state cannot be "
                         "written to '%s' (by way of '%s')", writer->path,
                         writer->fresh);
        return false;
    }
    if (file == -EAGAIN) {
        error_setg(errp, "'%s' is in use by another machine", writer->path);
        return false;
    }
    /* What cannot be opened cannot be read, which says why */
    writer->held = MAX(file, -1);
    return true;
}

void cxl_dcd_writer_unlock(CXLDcdWriter *writer)
{
    if (writer->first >= 0) {
        unlink(writer->fresh);
    }
    cxl_dcd_writer_close(&writer->first);
    cxl_dcd_writer_close(&writer->held);
}

void cxl_dcd_writer_start(CXLDcdWriter *writer, GByteArray *bytes)
{
    QEMU_LOCK_GUARD(&writer->mutex);
    assert(!writer->bytes);
    writer->bytes = g_byte_array_ref(bytes);
    qemu_cond_broadcast(&writer->cond);
}

bool cxl_dcd_writer_busy(CXLDcdWriter *writer)
{
    QEMU_LOCK_GUARD(&writer->mutex);
    return writer->bytes;
}

int cxl_dcd_writer_wait(CXLDcdWriter *writer)
{
    QEMU_LOCK_GUARD(&writer->mutex);
    while (writer->bytes) {
        qemu_cond_wait(&writer->cond, &writer->mutex);
    }
    return writer->result;
}
