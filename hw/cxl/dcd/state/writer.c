/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a file is replaced, while the machine goes on
 *
 * To be sure that a disk has something takes as long as the disk likes. A
 * thread waits for that; the file is whole at every moment, because what is new
 * is written beside it and renamed.
 */
#include "qemu/osdep.h"
#include "writer.h"
#include "qemu/lockable.h"
#include "qemu/thread.h"

struct CXLDcdWriter {
    char *path;
    char *fresh;                /* where new contents come to be */
    bool (*seal)(GByteArray *bytes);
    QEMUBH *done;
    QemuThread thread;
    QemuMutex mutex;            /* of what follows */
    QemuCond cond;
    GByteArray *bytes;          /* being written; NULL: idle */
    int result;                 /* errno of the last write */
    bool quit;
};

static int cxl_dcd_writer_write_fresh(const CXLDcdWriter *writer,
                                      const GByteArray *bytes)
{
    int fd = qemu_create(writer->fresh, O_WRONLY | O_TRUNC, 0600, NULL);
    int result = 0;

    if (fd < 0) {
        return errno ?: EIO;
    }
    if (qemu_write_full(fd, bytes->data, bytes->len) != bytes->len ||
        qemu_fdatasync(fd)) {
        result = errno ?: EIO;
    }
    if (close(fd) && !result) {
        result = errno;
    }
    return result;
}

static int cxl_dcd_writer_replace(const CXLDcdWriter *writer,
                                  const GByteArray *bytes)
{
    g_autofree char *folder = g_path_get_dirname(writer->path);
    int result = cxl_dcd_writer_write_fresh(writer, bytes), fd;

    if (!result && rename(writer->fresh, writer->path)) {
        result = errno;
    }
    if (result) {
        unlink(writer->fresh);
        return result;
    }
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
    qemu_cond_destroy(&writer->cond);
    qemu_mutex_destroy(&writer->mutex);
    g_free(writer->fresh);
    g_free(writer->path);
    g_free(writer);
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
