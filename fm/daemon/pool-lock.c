/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One daemon of this machine acts on a pool */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pool-lock.h"
#include "words.h"

/* flock() needs no right to write, and knows nothing of QEMU's own locks. */
static bool pool_lock_try(int fd, const char *path, GError **error)
{
    if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB)) {
        return true;
    }
    if (fd >= 0 && errno == EWOULDBLOCK) {
        return fmd_fail(error, FMD_ERROR_CONFLICT, "another cxl-fmd of this "
                        "machine holds %s", path);
    }
    return fmd_fail(error, FMD_ERROR_INTERNAL, "cannot lock %s: %s", path,
                    g_strerror(errno));
}

/* The name comes from a monitor: only a file is opened. */
static int pool_lock_open(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat is;

    if (fd >= 0 && (fstat(fd, &is) || !S_ISREG(is.st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool pool_lock_take(const char *folder, const char *uuid, const char *file,
                    int ret_fds[2], GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/pool-%s.lock", folder, uuid);

    g_mkdir_with_parents(folder, 0750);
    ret_fds[1] = -1;
    ret_fds[0] = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (!pool_lock_try(ret_fds[0], path, error)) {
        pool_lock_drop(ret_fds);
        return false;
    }
    ret_fds[1] = *file ? pool_lock_open(file) : -1;
    if (ret_fds[1] >= 0 && !pool_lock_try(ret_fds[1], file, error)) {
        pool_lock_drop(ret_fds);
        return false;
    }
    return true;
}

void pool_lock_drop(int fds[2])
{
    unsigned i;

    for (i = 0; i < 2; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
            fds[i] = -1;
        }
    }
}
