/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memwatch - say when capacity has become usable
 *
 *   memwatch --ram BYTES     when the system has gained that many bytes of RAM
 *   memwatch --dax           when there is one more DAX device than now
 *
 * Prints "ready" once it knows how things are and "reached" when it has come.
 * It looks every half millisecond: asking costs less than being told, and the
 * same whatever brings the capacity.
 */
#define _GNU_SOURCE
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>

#define NAP_NS 500000

static unsigned long long ram_bytes(void)
{
    struct sysinfo info;

    if (sysinfo(&info) != 0) {
        perror("memwatch: sysinfo");
        exit(1);
    }
    return (unsigned long long)info.totalram * info.mem_unit;
}

static unsigned long long dax_devices(void)
{
    unsigned long long count = 0;
    glob_t found;

    if (glob("/dev/dax*", 0, NULL, &found) == 0) {
        count = found.gl_pathc;
        globfree(&found);
    }
    return count;
}

int main(int argc, char **argv)
{
    static const struct timespec nap = { .tv_nsec = NAP_NS };
    unsigned long long (*now)(void);
    unsigned long long want;

    if (argc == 3 && strcmp(argv[1], "--ram") == 0) {
        now = ram_bytes;
        want = strtoull(argv[2], NULL, 0);
    } else if (argc == 2 && strcmp(argv[1], "--dax") == 0) {
        now = dax_devices;
        want = 1;
    } else {
        fprintf(stderr, "usage: memwatch --ram BYTES | --dax\n");
        return 2;
    }
    want += now();
    printf("ready\n");
    fflush(stdout);
    while (now() < want) {
        nanosleep(&nap, NULL);
    }
    printf("reached\n");
    return 0;
}
