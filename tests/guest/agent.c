// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's end of tests that look at many things quickly: reads commands, one
 * line each, and answers each with one line.  A shell would need a process for
 * each of them, and cannot touch mapped memory.
 *
 *   read PATH                 ok TEXT | err ERRNO
 *   write PATH TEXT           ok | err ERRNO
 *   list PATTERN              ok PATH...
 *   map SLOT PATH BYTES [OFFSET]
 *                             ok | err ERRNO
 *   unmap SLOT                ok
 *   put SLOT AT STEP N FIRST  ok | sigbus
 *   get SLOT AT STEP N FIRST INCREMENT
 *                             ok | differs AT | sigbus
 *   peek SLOT AT              ok VALUE, of a register of 32 bits
 *   poke SLOT AT VALUE        ok
 *   state                     ok, then per region and extent and device a word
 *
 * put writes the numbers FIRST, FIRST + 1... of 64 bits, N of them, STEP bytes
 * apart; get compares with FIRST, FIRST + INCREMENT...
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOTS = 64, TEXT = 4096 };

static struct {
    char *at;
    size_t size;
} slots[SLOTS];

static sigjmp_buf back;

static void on_sigbus(int sig)
{
    (void)sig;
    siglongjmp(back, 1);
}

/* The contents of a file, newlines as blanks; -errno or the length. */
static int slurp(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0) {
        return -errno;
    }
    got = read(fd, text, size - 1);
    if (got < 0) {
        got = -errno;
    }
    close(fd);
    if (got < 0) {
        return got;
    }
    while (got && text[got - 1] == '\n') {
        got--;
    }
    text[got] = 0;
    for (ssize_t i = 0; i < got; i++) {
        if (text[i] == '\n') {
            text[i] = ' ';
        }
    }
    return got;
}

static void do_read(const char *path)
{
    char text[TEXT];
    int rc = slurp(path, text, sizeof(text));

    if (rc < 0) {
        printf("err %d\n", -rc);
    } else {
        printf("ok %s\n", text);
    }
}

static void do_write(char *args)
{
    char *path = strsep(&args, " ");
    int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

    if (fd < 0) {
        rc = errno;
    } else if (write(fd, args ? args : "", args ? strlen(args) : 0) < 0) {
        rc = errno;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (rc) {
        printf("err %d\n", rc);
    } else {
        printf("ok\n");
    }
}

static void do_list(const char *pattern)
{
    glob_t found;

    printf("ok");
    if (!glob(pattern, 0, NULL, &found)) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            printf(" %s", found.gl_pathv[i]);
        }
        globfree(&found);
    }
    printf("\n");
}

static void do_map(const char *args)
{
    char path[256];
    unsigned slot;
    size_t size;
    long long offset = 0;
    int fd;

    if (sscanf(args, "%u %255s %zu %lli", &slot, path, &size, &offset) < 3 ||
        slot >= SLOTS || slots[slot].at) {
        printf("err %d\n", EINVAL);
        return;
    }
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        printf("err %d\n", errno);
        return;
    }
    slots[slot].at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                          offset);
    slots[slot].size = size;
    if (slots[slot].at == MAP_FAILED) {
        slots[slot].at = NULL;
        printf("err %d\n", errno);
    } else {
        printf("ok\n");
    }
    close(fd);
}

static void do_unmap(const char *args)
{
    unsigned slot = atoi(args);

    if (slot < SLOTS && slots[slot].at) {
        munmap(slots[slot].at, slots[slot].size);
        slots[slot].at = NULL;
    }
    printf("ok\n");
}

static void do_access(const char *args, int store)
{
    unsigned long long at, step, n, value, more = 1;
    unsigned slot;
    int words = sscanf(args, "%u %llu %llu %llu %llu %llu", &slot, &at, &step,
                       &n, &value, &more);

    if (words < (store ? 5 : 6) || slot >= SLOTS || !slots[slot].at || !n ||
        at % 8 || step % 8 || slots[slot].size < 8 ||
        at > slots[slot].size - 8 ||
        (n - 1 && step > (slots[slot].size - 8 - at) / (n - 1))) {
        printf("err %d\n", EINVAL);
        return;
    }
    if (sigsetjmp(back, 1)) {
        printf("sigbus\n");
        return;
    }
    for (; n--; at += step, value += more) {
        volatile uint64_t *word = (void *)(slots[slot].at + at);

        if (store) {
            *word = value;
        } else if (*word != value) {
            printf("differs %llu\n", at);
            return;
        }
    }
    printf("ok\n");
}

static void do_register(const char *args, int store)
{
    unsigned long long at;
    volatile uint32_t *word;
    unsigned slot, value;

    if (sscanf(args, "%u %llu %u", &slot, &at, &value) != 2 + store ||
        slot >= SLOTS || !slots[slot].at || at % 4 || slots[slot].size < 4 ||
        at > slots[slot].size - 4) {
        printf("err %d\n", EINVAL);
        return;
    }
    word = (void *)(slots[slot].at + at);
    if (store) {
        *word = value;
        printf("ok\n");
    } else {
        printf("ok %u\n", *word);
    }
}

static void show(const char *folder, const char *name)
{
    char path[512], text[TEXT];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    printf(",%s", slurp(path, text, sizeof(text)) < 0 ? "-" : text);
}

static void show_all(const char *kind, const char *pattern,
                     const char *const *names)
{
    glob_t found;

    if (glob(pattern, 0, NULL, &found)) {
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        printf(" %s,%s", kind, found.gl_pathv[i]);
        for (const char *const *name = names; *name; name++) {
            show(found.gl_pathv[i], *name);
        }
    }
    globfree(&found);
}

static void do_state(void)
{
    printf("ok");
    show_all("extent", "/sys/bus/cxl/devices/dax_region*/extent*",
             (const char *const[]) { "offset", "length", "state", "uuid",
                                     NULL });
    show_all("region", "/sys/bus/cxl/devices/dax_region*/dax_region",
             (const char *const[]) { "available_size", NULL });
    show_all("dax", "/sys/bus/dax/devices/dax*",
             (const char *const[]) { "size", "uuid", NULL });
    printf("\n");
}

int main(void)
{
    struct sigaction bus = { .sa_handler = on_sigbus };
    char *line = NULL;
    size_t room = 0;

    sigaction(SIGBUS, &bus, NULL);
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    while (getline(&line, &room, stdin) > 0) {
        char *args = line, *word;

        line[strcspn(line, "\n")] = 0;
        word = strsep(&args, " ");
        args = args ? args : "";
        if (!strcmp(word, "read")) {
            do_read(args);
        } else if (!strcmp(word, "write")) {
            do_write(args);
        } else if (!strcmp(word, "list")) {
            do_list(args);
        } else if (!strcmp(word, "map")) {
            do_map(args);
        } else if (!strcmp(word, "unmap")) {
            do_unmap(args);
        } else if (!strcmp(word, "put") || !strcmp(word, "get")) {
            do_access(args, word[0] == 'p');
        } else if (!strcmp(word, "peek") || !strcmp(word, "poke")) {
            do_register(args, word[1] == 'o');
        } else if (!strcmp(word, "state")) {
            do_state();
        } else {
            printf("err %d\n", ENOSYS);
        }
        fflush(stdout);
    }
    return 0;
}
