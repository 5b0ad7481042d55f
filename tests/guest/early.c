/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * early - make DAX devices as soon as a region's files are there, and delete them
 *
 * usage: early FOLDER END
 *
 * Runs in the guest. Tries again and again, without a rest, until the file END
 * is there; says how often the files were.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Bytes that were read or written, 0 for none; -1: the file is not there */
static long one(const char *folder, const char *name, int flags, char *text,
                size_t len)
{
    char path[256];
    long done;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, flags);
    if (fd < 0) {
        return -1;
    }
    done = flags == O_RDONLY ? read(fd, text, len) : write(fd, text, len);
    close(fd);
    return done < 0 ? 0 : done;
}

int main(int argc, char **argv)
{
    unsigned long turns = 0, there = 0;
    char name[64];
    long len;

    while (argc == 3 && (++turns % 256 || access(argv[2], F_OK))) {
        if (one(argv[1], "create", O_WRONLY, "1", 1) < 0) {
            continue;
        }
        there++;
        /* Also when it made none: another one may have. */
        len = one(argv[1], "create", O_RDONLY, name, sizeof(name));
        if (len > 1) {
            one(argv[1], "delete", O_WRONLY, name, len - 1);
        }
    }
    printf("%lu\n", there);
    return argc != 3;
}
