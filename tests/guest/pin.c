/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pin - hold on to pages of memory so that the kernel cannot move them
 *
 * usage: pin NODE|FILE [MIB [free|closed]]
 *
 * Runs in the guest. Its buffer (1 MiB) alone is on the node, or is the start
 * of the file, a DAX device: the program must outlive it. Pages that were given to a pipe by vmsplice() are referenced until
 * somebody reads them; with "free" none is. From 2 MiB on they are huge pages
 * where the kernel has some. Says "pinned", then looks at its memory for ever;
 * says "SIGBUS" and ends when that is gone. With "closed" it has neither file nor
 * mapping any more, and only the pipe holds the pages.
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

#define MIB       (1UL << 20)
#define HUGE      (2 * MIB)
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

/* Give all of an area to a pipe that nobody reads. */
static int give(void *area, size_t len)
{
    struct iovec vec = { .iov_base = area, .iov_len = len };
    int ends[2];

    if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, len) < 0) {
        return -1;
    }
    return vmsplice(ends[1], &vec, 1, SPLICE_F_NONBLOCK) > 0 ? 0 : -1;
}

/* Memory of a node alone. */
static char *of_node(unsigned long node, size_t len)
{
    unsigned long nodes = 1UL << node;
    char *start;

    start = mmap(NULL, len + HUGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        perror("pin");
        exit(1);
    }
    start = (char *)(((unsigned long)start + HUGE - 1) & ~(HUGE - 1));
    if (syscall(SYS_mbind, start, len, MPOL_BIND, &nodes, 8 * sizeof(nodes),
                0)) {
        perror("pin: mbind");
        exit(1);
    }
    if (len >= HUGE) {
        madvise(start, len, MADV_HUGEPAGE);
    }
    return start;
}

/* Memory of a DAX device. */
static char *of_file(const char *path, size_t len)
{
    int fd = open(path, O_RDWR);
    char *start = MAP_FAILED;

    if (fd >= 0) {
        start = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (start == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    close(fd);
    return start;
}

int main(int argc, char **argv)
{
    size_t len = argc > 2 ? strtoul(argv[2], NULL, 0) * MIB : MIB;
    const char *where = argc > 1 ? argv[1] : "0";
    volatile unsigned char *area;
    char *start;
    size_t i, sum = 0;

    start = where[0] == '/' ? of_file(where, len) :
                              of_node(strtoul(where, NULL, 0), len);
    area = (void *)start;
    memset(start, 0x5a, len);
    if ((argc < 4 || strcmp(argv[3], "free")) && give(start, len)) {
        perror("pin: vmsplice");
        return 1;
    }
    signal(SIGBUS, on_bus);
    if (argc > 3 && !strcmp(argv[3], "closed")) {
        munmap(start, len);
    }
    puts("pinned");
    fflush(stdout);
    while (argc > 3 && !strcmp(argv[3], "closed")) {
        pause();
    }
    for (;;) {
        for (i = 0; i < len; i += 4096) {
            sum += area[i];     /* ones, from when it is gone to the signal */
        }
        usleep(100000);
        if (sum == 1) {
            puts("never");      /* keeps the loads */
        }
    }
}
