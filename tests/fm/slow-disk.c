/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk that is slow, for one process: put before the C library by LD_PRELOAD.
 * The file that SLOW_DISK names has the milliseconds that each write to the
 * disk takes, and may change while the process runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void disk_wait(void)
{
    const char *path = getenv("SLOW_DISK");
    FILE *file = path ? fopen(path, "r") : NULL;
    unsigned ms = 0;

    if (file) {
        if (fscanf(file, "%u", &ms) != 1) {
            ms = 0;
        }
        fclose(file);
    }
    usleep(ms * 1000);
}

int fsync(int fd)
{
    disk_wait();
    return syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    disk_wait();
    return syscall(SYS_fdatasync, fd);
}
