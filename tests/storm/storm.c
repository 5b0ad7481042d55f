/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * storm - root in a guest writes everything that leads to a CXL device
 *
 * usage: storm SECONDS SEED
 *
 * Registers of CXL devices and of the ports above them with every width and
 * alignment, the mailbox with every opcode and length, configuration space, the
 * host bridges' registers and the windows of memory that ACPI names (CEDT, CXL
 * r3.2 9.18.1). Two threads, so that doorbells meet other writes. The kernel
 * needs iomem=relaxed. It may well not survive; what counts is QEMU.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PLACES_MAX  256
#define WINDOW_MAX  (256UL << 20)  /* of a window of memory, mapped */
#define CHILD_SECONDS 15
/* Of the device's registers: capabilities, 8.2.8; ids of the mailbox */
#define CAP_MAILBOX 2
#define MB_CONTROL  4
#define MB_COMMAND  8
#define MB_PAYLOAD  0x20

enum kind { REGISTERS, MEMORY, CONFIG };

struct place {
    enum kind kind;
    volatile uint8_t *at;         /* NULL: config, by @fd */
    uint64_t size;
    int fd;
    volatile uint8_t *mailbox;    /* in it; NULL: none */
    uint8_t saved[64];            /* the header of config space */
};

static struct place places[PLACES_MAX];
static unsigned count;
static volatile int stop;

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t value(uint64_t *state)
{
    static const uint64_t odd[] = {
        0, 1, 2, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
        0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
        0xffffffffffffffff, 0x10000000, 0x90000000, 0x110000000,
    };

    switch (draw(state) % 4) {
    case 0:
        return odd[draw(state) % (sizeof(odd) / sizeof(odd[0]))];
    case 1:
        return 1ULL << draw(state) % 64;
    case 2:
        return draw(state) % 4096;
    default:
        return draw(state);
    }
}

/* --- What there is --- */

static struct place *add(enum kind kind, void *at, uint64_t size, int fd)
{
    struct place *place = &places[count];

    if (count == PLACES_MAX || at == MAP_FAILED) {
        return NULL;
    }
    count++;
    *place = (struct place) { .kind = kind, .at = at, .size = size, .fd = fd };
    return place;
}

static void find_mailbox(struct place *place)
{
    uint64_t caps = *(volatile uint64_t *)place->at;
    unsigned i, n = caps >> 32 & 0xffff;

    /* The array of capabilities begins with its own header, of id 0 */
    if ((caps & 0xffff) != 0 || !n || n > 16 || place->size < 0x1000) {
        return;
    }
    for (i = 1; i <= n; i++) {
        volatile uint8_t *entry = place->at + 16 * i;
        uint16_t id = *(volatile uint16_t *)entry;
        uint32_t offset = *(volatile uint32_t *)(entry + 4);

        if (id == CAP_MAILBOX && offset < place->size - MB_PAYLOAD) {
            place->mailbox = place->at + offset;
        }
    }
}

static unsigned long number_in(const char *folder, const char *name)
{
    char path[512], text[64] = "";
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_RDONLY);
    if (fd >= 0) {
        if (read(fd, text, sizeof(text) - 1) < 0) {
            text[0] = 0;
        }
        close(fd);
    }
    return strtoul(text, NULL, 0);
}

static void add_function(const char *folder)
{
    char path[512];
    struct place *place;
    struct stat st;
    int fd, i;

    snprintf(path, sizeof(path), "%s/config", folder);
    fd = open(path, O_RDWR);
    if (fd >= 0) {
        place = add(CONFIG, NULL, 4096, fd);
        if (place && pread(fd, place->saved, sizeof(place->saved), 0) < 0) {
            count--;
        }
    }
    for (i = 0; i < 6; i++) {
        snprintf(path, sizeof(path), "%s/resource%d", folder, i);
        fd = open(path, O_RDWR);
        if (fd < 0 || fstat(fd, &st) || !st.st_size) {
            continue;
        }
        place = add(REGISTERS, mmap(NULL, st.st_size, PROT_READ | PROT_WRITE,
                                    MAP_SHARED, fd, 0), st.st_size, fd);
        if (place) {
            find_mailbox(place);
        }
    }
}

/* CXL devices, and the ports that lead to them */
static void add_functions(void)
{
    const char *all = "/sys/bus/pci/devices";
    DIR *dir = opendir(all);
    struct dirent *entry;
    char folder[300];

    while (dir && (entry = readdir(dir))) {
        unsigned long class, id;

        snprintf(folder, sizeof(folder), "%s/%s", all, entry->d_name);
        class = number_in(folder, "class") >> 8;
        id = number_in(folder, "vendor") << 16 | number_in(folder, "device");
        if (class == 0x0502 || id == 0x80867075 || id == 0x19e5a128 ||
            id == 0x19e5a129) {
            add_function(folder);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

static void add_physical(int mem, enum kind kind, uint64_t base, uint64_t size)
{
    add(kind, mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, mem, base),
        size, mem);
}

static uint64_t le64(const uint8_t *at)
{
    uint64_t result;

    memcpy(&result, at, sizeof(result));
    return result;
}

static void add_cedt(void)
{
    static uint8_t table[65536];
    int mem = open("/dev/mem", O_RDWR | O_SYNC);
    int fd = open("/sys/firmware/acpi/tables/CEDT", O_RDONLY);
    ssize_t len = fd < 0 ? 0 : read(fd, table, sizeof(table)), at, step;

    for (at = 36; mem >= 0 && at + 32 <= len; at += step) {
        step = table[at + 2] | table[at + 3] << 8;
        if (step < 16) {
            break;
        }
        if (table[at] == 0) {
            add_physical(mem, REGISTERS, le64(table + at + 16),
                         le64(table + at + 24));
        } else if (table[at] == 1) {
            uint64_t size = le64(table + at + 16);

            add_physical(mem, MEMORY, le64(table + at + 8),
                         size < WINDOW_MAX ? size : WINDOW_MAX);
        }
    }
}

/* --- What is done to it --- */

static void write_at(volatile uint8_t *at, unsigned width, uint64_t what)
{
    switch (width) {
    case 0:
        *at = what;
        break;
    case 1:
        *(volatile uint16_t *)at = what;
        break;
    case 2:
        *(volatile uint32_t *)at = what;
        break;
    default:
        *(volatile uint64_t *)at = what;
        break;
    }
}

static uint64_t read_at(volatile uint8_t *at, unsigned width)
{
    switch (width) {
    case 0:
        return *at;
    case 1:
        return *(volatile uint16_t *)at;
    case 2:
        return *(volatile uint32_t *)at;
    default:
        return *(volatile uint64_t *)at;
    }
}

static void touch(struct place *place, uint64_t *state)
{
    uint64_t offset = draw(state) % (place->size - 8);
    unsigned width = draw(state) % 4;

    if (draw(state) % 3) {
        offset &= ~7ULL;
    }
    if (place->kind == REGISTERS && draw(state) % 2 && place->size > 0x2000) {
        offset %= 0x2000;         /* where most of them are */
    }
    if (draw(state) % 2) {
        write_at(place->at + offset, width, value(state));
    } else {
        read_at(place->at + offset, width);
    }
}

static void config(struct place *place, uint64_t *state)
{
    uint64_t what = value(state);
    unsigned width = draw(state) % 3;
    uint64_t offset = draw(state) % 4088;

    if (draw(state) % 4 == 0) {
        /* So that what is mapped leads somewhere again */
        if (pwrite(place->fd, place->saved, sizeof(place->saved), 0) < 0) {
            return;
        }
    } else if (draw(state) % 2) {
        if (pwrite(place->fd, &what, 1 << width, offset) < 0) {
            return;
        }
    } else if (pread(place->fd, &what, 1 << width, offset) < 0) {
        return;
    }
}

static void command(struct place *place, uint64_t *state)
{
    static const uint16_t opcodes[] = {
        0x0001, 0x0002, 0x0003, 0x0004, 0x0100, 0x0101, 0x0102, 0x0103, 0x0200,
        0x0201, 0x0202, 0x0300, 0x0301, 0x0400, 0x0401, 0x0500, 0x0501, 0x0502,
        0x4000, 0x4100, 0x4101, 0x4102, 0x4103, 0x4200, 0x4300, 0x4301, 0x4302,
        0x4303, 0x4304, 0x4305, 0x4400, 0x4500, 0x4800, 0x4801, 0x4802, 0x4803,
        0x5300, 0x5400, 0x5500, 0x5600, 0x5601, 0x5602, 0x5603, 0x5604, 0x5605,
    };
    volatile uint8_t *mailbox = place->mailbox;
    uint64_t room = place->at + place->size - mailbox - MB_PAYLOAD;
    uint64_t len, i;
    uint16_t opcode = draw(state) % 8 ?
        opcodes[draw(state) % (sizeof(opcodes) / sizeof(opcodes[0]))] :
        draw(state);

    len = draw(state) % 8 ? draw(state) % 256 : draw(state) & 0x1fffff;
    for (i = 0; i < len && i + 8 <= room && i < 512; i += 8) {
        write_at(mailbox + MB_PAYLOAD + i, 3, value(state));
    }
    write_at(mailbox + MB_COMMAND, 3, opcode | len << 16);
    write_at(mailbox + MB_CONTROL, 2, draw(state) % 16 ? 1 : value(state));
    for (i = 0; draw(state) % 8 && i < 1000 && *(mailbox + MB_CONTROL) & 1;
         i++) {
        /* until it is carried out */
    }
}

static void *storm(void *opaque)
{
    uint64_t state = (uint64_t)(uintptr_t)opaque | 1;

    while (!stop) {
        struct place *place = &places[draw(&state) % count];

        if (place->kind == CONFIG) {
            /* Rarely: what it says may end all the rest */
            if (draw(&state) % 16 == 0) {
                config(place, &state);
            }
        } else if (place->mailbox && draw(&state) % 4) {
            command(place, &state);
        } else {
            touch(place, &state);
        }
    }
    return NULL;
}

static void ended(int signal)
{
    _exit(0);
}

static void child(uint64_t seed)
{
    pthread_t other;

    signal(SIGBUS, ended);
    signal(SIGSEGV, ended);
    pthread_create(&other, NULL, storm,
                   (void *)(uintptr_t)(seed * 0x9e3779b97f4a7c15));
    alarm(CHILD_SECONDS);
    signal(SIGALRM, ended);
    storm((void *)(uintptr_t)(seed * 0xbf58476d1ce4e5b9));
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 60);
    unsigned i, mailboxes = 0;

    add_functions();
    add_cedt();
    for (i = 0; i < count; i++) {
        mailboxes += !!places[i].mailbox;
    }
    printf("storm: %u places, %u mailboxes, seed %llu\n", count, mailboxes,
           (unsigned long long)seed);
    fflush(stdout);
    if (!mailboxes) {
        return 1;
    }
    for (; time(NULL) < end; seed++) {
        pid_t pid = fork();

        if (!pid) {
            child(seed);
        }
        waitpid(pid, NULL, 0);
        for (i = 0; i < count; i++) {
            if (places[i].kind == CONFIG &&
                pwrite(places[i].fd, places[i].saved,
                       sizeof(places[i].saved), 0) < 0) {
                continue;
            }
        }
    }
    puts("storm: over");
    return 0;
}
