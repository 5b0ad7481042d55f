/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reach - what can be read of memory that is taken away?
 *
 * usage: reach NODE PAGES [LATE]
 *
 * Runs in the guest. Writes to so many pages of the node and says "ready". When
 * it is told that one of them is gone it takes LATE more and says "late". On
 * SIGTERM it says how many pages give something that was never written there,
 * and how many give SIGBUS, and ends.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE           4096UL
#define MPOL_PREFERRED 1
#define WRITTEN        0x5a

static sigjmp_buf back;
static volatile sig_atomic_t told, over;

static void on_bus(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    if (info->si_code == BUS_MCEERR_AO) {
        told = 1;               /* some page, not one that is read just now */
        return;
    }
    siglongjmp(back, 1);
}

static void on_term(int number)
{
    (void)number;
    over = 1;
}

/* Pages of a node, as long as it has some; all of them written. */
static volatile unsigned char *take(unsigned long node, size_t pages)
{
    unsigned long nodes = 1UL << node;
    volatile unsigned char *area;
    size_t i;

    area = mmap(NULL, pages * PAGE + 1, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED ||
        syscall(SYS_mbind, area, pages * PAGE, MPOL_PREFERRED, &nodes,
                8 * sizeof(nodes), 0)) {
        perror("reach");
        exit(1);
    }
    madvise((void *)area, pages * PAGE, MADV_NOHUGEPAGE);
    for (i = 0; i < pages; i++) {
        if (!sigsetjmp(back, 1)) {
            area[i * PAGE] = WRITTEN;
        }
    }
    return area;
}

static void look(volatile unsigned char *area, size_t pages,
                 unsigned long *nonsense, unsigned long *bus)
{
    volatile size_t i;

    for (i = 0; i < pages; i++) {
        if (sigsetjmp(back, 1)) {
            ++*bus;
        } else if (area[i * PAGE] != WRITTEN) {
            ++*nonsense;
        }
    }
}

int main(int argc, char **argv)
{
    unsigned long node = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
    size_t pages = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
    size_t more = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
    struct sigaction bus = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
    volatile unsigned char *area, *late = NULL;
    unsigned long nonsense = 0, gone = 0;

    sigaction(SIGBUS, &bus, NULL);
    signal(SIGTERM, on_term);
    area = take(node, pages);
    puts("ready");
    fflush(stdout);
    while (!over) {
        usleep(10000);
        if (told && more && !late) {
            usleep(500000);
            late = take(node, more);
            puts("late");
            fflush(stdout);
        }
    }
    look(area, pages, &nonsense, &gone);
    if (late) {
        look(late, more, &nonsense, &gone);
    }
    printf("nonsense %lu sigbus %lu\n", nonsense, gone);
    return 0;
}
