/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pin - hold on to pages of memory so that the kernel cannot move them
 *
 * usage: pin NODE
 *
 * Runs in the guest. Its buffer alone is on the node: the program must outlive
 * it. Pages that were given to a pipe by vmsplice() are referenced until
 * somebody reads them. Says "pinned", then looks at its memory for ever; says
 * "SIGBUS" and ends when that is gone.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define LEN       (1UL << 20)
#define MPOL_BIND 2

static void on_bus(int number)
{
    static const char text[] = "SIGBUS\n";

    (void)number;
    if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0) {
        _exit(1);
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    volatile unsigned char *area;
    struct iovec vec = { .iov_len = LEN };
    size_t i, sum = 0;
    unsigned long nodes = 1UL << (argc == 2 ? atoi(argv[1]) : 0);
    int ends[2];

    area = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED ||
        syscall(SYS_mbind, area, LEN, MPOL_BIND, &nodes, 8 * sizeof(nodes),
                0) || pipe(ends) ||
        fcntl(ends[1], F_SETPIPE_SZ, LEN) < 0) {
        perror("pin");
        return 1;
    }
    memset((void *)area, 0x5a, LEN);
    vec.iov_base = (void *)area;
    if (vmsplice(ends[1], &vec, 1, SPLICE_F_NONBLOCK) <= 0) {
        perror("pin: vmsplice");
        return 1;
    }
    signal(SIGBUS, on_bus);
    puts("pinned");
    fflush(stdout);
    for (;;) {
        for (i = 0; i < LEN; i += 4096) {
            sum += area[i];
        }
        usleep(100000);
        if (sum == 1) {
            puts("never");       /* keeps the loads */
        }
    }
}
