/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: processors that never stop touching memory
 * while capacity comes and goes
 *
 * The machine runs emulated processors (not the qtest accelerator) on a ROM of
 * our own, cxl-dcd-stress.S: each loads and stores in random blocks and says
 * when a load is not what it must be. This side offers, accepts, gives back,
 * takes by force, moves decoders, disables devices and migrates, at random. A
 * block that nobody owns must read as ones for them, and hold nothing but
 * zeros in its backing file, whatever they store; a block that is owned must
 * hold what its present owner wrote and never again what one before it did.
 *
 * CXL_DCD_STRESS_STEPS in the environment makes it longer; --seed repeats it.
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "cxl-dcd-client.h"

#define MIB       CXL_DCD_TEST_MIB
#define BLOCK     CXL_DCD_TEST_BLOCK
#define SUCCESS   CXL_DCD_RC_SUCCESS
#define BLOCKS    32
#define CPUS      3
#define STEPS     150
#define LINES     16
#define DEVICES   2

/* As in cxl-dcd-stress.S */
#define CONTROL   0x20000
#define GO        0x00
#define BAD       0x20
#define COUNT     0x80
#define ENTRY     0x1000
#define SLOT      56

typedef enum { ON_ITS_WAY = 0, FREE = 1, OWNED = 3 } State;

typedef struct Mode {
    const char *path;
    unsigned devices;
    unsigned ways_code, granularity_code;
    bool laid;                    /* no files: bytes may change their order */
} Mode;

typedef struct Stress {
    const Mode *mode;
    CXLDcdOptions options;
    CXLDcdMachine *m;
    int file[DEVICES];            /* what backs the devices */
    State state[BLOCKS];
    uint64_t changes[BLOCKS];
    uint32_t generation[BLOCKS];
    uint64_t counted[CPUS];
    unsigned done[8];             /* steps of each kind */
} Stress;

static uint64_t value_of(const Stress *s, unsigned block)
{
    return (0xc0de0000ULL | block) << 32 | s->generation[block];
}

static uint64_t stride(const Stress *s)
{
    return BLOCK * s->mode->devices;
}

/* Lines that carry the value: pages and granules of every device */
static uint64_t line_of(const Stress *s, unsigned block, unsigned line)
{
    return s->m->window + block * stride(s) + line * (stride(s) / LINES) +
        (line & 1) * 4096 + (line & 2) * 128;
}

/* --- What the processors are told --- */

static void tell(Stress *s, unsigned block, State state)
{
    uint64_t word = ++s->changes[block] << 2 | state;

    s->state[block] = state;
    qtest_writeq(s->m->qts, CONTROL + ENTRY + block * 16, word);
}

static void tell_value(Stress *s, unsigned block)
{
    qtest_writeq(s->m->qts, CONTROL + ENTRY + block * 16 + 8,
                 value_of(s, block));
}

/* They have found nothing wrong, and each has run since the last time. */
static void ask(Stress *s)
{
    uint64_t bad[5];
    unsigned cpu;

    qtest_memread(s->m->qts, CONTROL + BAD, bad, sizeof(bad));
    if (bad[0]) {
        g_error("%" PRIu64 " wrong loads; one of block %" PRIu64 ": 0x%" PRIx64
                ", not 0x%" PRIx64 ", state %" PRIu64, bad[0], bad[1], bad[2],
                bad[3], bad[4] & 3);
    }
    for (cpu = 0; cpu < CPUS; cpu++) {
        uint64_t count;
        int polls = 0;

        do {
            count = qtest_readq(s->m->qts, CONTROL + COUNT + 8 * cpu);
            g_assert_cmpint(polls++, <, 100000);
        } while (count == s->counted[cpu]);
        s->counted[cpu] = count;
    }
}

/* --- What the files hold --- */

static void assert_zero(Stress *s, unsigned block)
{
    g_autofree uint64_t *bytes = g_malloc(BLOCK);
    unsigned i, k;

    for (i = 0; !s->mode->laid && i < s->mode->devices; i++) {
        g_assert_cmpint(pread(s->file[i], bytes, BLOCK, block * BLOCK), ==,
                        BLOCK);
        for (k = 0; k < BLOCK / 8; k++) {
            if (bytes[k]) {
                g_error("block %u of device %u is free and holds 0x%" PRIx64
                        " at 0x%x", block, i, bytes[k], k * 8);
            }
        }
    }
}

/* --- Blocks change hands --- */

static CXLDcdSpan dpa_of(CXLDcdDevice *d, unsigned first, unsigned count)
{
    return (CXLDcdSpan) { d->dc_base + first * BLOCK, count * BLOCK };
}

/* Free means: whoever may still have had them has let go. */
static void settle(Stress *s, unsigned first, unsigned count)
{
    unsigned i, block;

    for (i = 0; i < s->mode->devices; i++) {
        cxl_dcd_wait_clean(&s->m->device[i]);
    }
    for (block = first; block < first + count; block++) {
        s->generation[block]++;
        tell_value(s, block);
        tell(s, block, FREE);
        assert_zero(s, block);
    }
}

static void own(Stress *s, unsigned block)
{
    unsigned line;

    for (line = 0; line < LINES; line++) {
        qtest_writeq(s->m->qts, line_of(s, block, line) + SLOT,
                     value_of(s, block));
    }
    tell(s, block, OWNED);
}

static void take(Stress *s, unsigned first, unsigned count)
{
    unsigned i, block;

    for (block = first; block < first + count; block++) {
        assert_zero(s, block);
        tell(s, block, ON_ITS_WAY);
    }
    for (i = 0; i < s->mode->devices; i++) {
        CXLDcdDevice *d = &s->m->device[i];
        CXLDcdSpan offset = { first * BLOCK, count * BLOCK };
        CXLDcdSpan dpa = dpa_of(d, first, count);

        cxl_dcd_qmp_add(d, .extents = &offset, .count = 1);
        g_assert_cmphex(cxl_dcd_update(d, CXL_DCD_OP_ADD_RESPONSE, 0, &dpa, 1),
                        ==, SUCCESS);
    }
    for (block = first; block < first + count; block++) {
        own(s, block);
    }
}

static void lose(Stress *s, unsigned first, unsigned count, bool forced)
{
    unsigned i, block;

    for (block = first; block < first + count; block++) {
        tell(s, block, ON_ITS_WAY);
    }
    for (i = 0; i < s->mode->devices; i++) {
        CXLDcdDevice *d = &s->m->device[i];
        CXLDcdSpan offset = { first * BLOCK, count * BLOCK };
        CXLDcdSpan dpa = dpa_of(d, first, count);

        if (forced) {
            cxl_dcd_qmp_release(d, .extents = &offset, .count = 1,
                                .forced = true);
        } else {
            g_assert_cmphex(cxl_dcd_update(d, CXL_DCD_OP_RELEASE, 0, &dpa, 1),
                            ==, SUCCESS);
        }
    }
    settle(s, first, count);
}

/* --- Steps --- */

/* Something out of reach for a while: what was owned is owned afterwards. */
static void away(Stress *s, void (*fn)(Stress *s, bool away))
{
    State before[BLOCKS];
    unsigned block;

    memcpy(before, s->state, sizeof(before));
    for (block = 0; block < BLOCKS; block++) {
        if (before[block] == OWNED) {
            tell(s, block, ON_ITS_WAY);
        }
    }
    fn(s, true);
    for (block = 0; block < BLOCKS; block++) {
        if (before[block] == FREE) {
            assert_zero(s, block);
        }
    }
    fn(s, false);
    for (block = 0; block < BLOCKS; block++) {
        if (before[block] == OWNED) {
            tell(s, block, OWNED);
        }
    }
}

static void disable(Stress *s, bool away)
{
    cxl_dcd_device_enable(&s->m->device[s->mode->devices - 1], !away);
}

static void commit(Stress *s)
{
    CXLDcdMachine *m = s->m;

    if (s->mode->devices == 1) {
        cxl_dcd_map(&m->device[0]);
    } else {
        cxl_dcd_set_commit(m, s->mode->ways_code, s->mode->granularity_code);
    }
}

/*
 * The second device is decoded alone, somewhere else, so that all bytes of the
 * set have to be brought into another order; and back.
 */
static void reorder(Stress *s, bool away)
{
    CXLDcdMachine *m = s->m;
    CXLDcdDecoder alone = {
        .hpa = m->window + 2 * CXL_DCD_TEST_GIB, .size = 512 * MIB, .skip = 1,
    };
    unsigned i;

    if (!away) {
        cxl_dcd_decoder_uncommit(m, m->device[1].hdm, 0);
        cxl_dcd_decoder_uncommit(m, m->host_bridge_hdm, 0);
        commit(s);
        return;
    }
    for (i = 0; i < 2; i++) {
        cxl_dcd_decoder_uncommit(m, m->device[i].hdm, 0);
    }
    cxl_dcd_decoder_uncommit(m, m->host_bridge_hdm, 0);
    cxl_dcd_decoder_commit(m, m->host_bridge_hdm, &alone);
    alone.skip = m->device[1].dc_base;
    cxl_dcd_decoder_commit(m, m->device[1].hdm, &alone);
    while (cxl_dcd_query_count(&m->device[1], "mapping", "trapped")) {
        g_usleep(1000);
    }
}

static void uncommit(Stress *s, bool away)
{
    if (s->mode->laid && s->done[1] % 2) {
        reorder(s, away);
    } else if (away) {
        cxl_dcd_decoder_uncommit(s->m, s->m->device[0].hdm, 0);
    } else {
        commit(s);
    }
}

/* The machine goes on in another QEMU, with the same files. */
static void move_on(Stress *s)
{
    g_autofree char *uri = g_strdup_printf("file:%s/stress-%d.mig",
                                           g_get_tmp_dir(), getpid());
    CXLDcdMachine *from = s->m;

    cxl_dcd_machine_save(from, uri);
    s->m = cxl_dcd_machine_load(&s->options, from, uri);
    cxl_dcd_machine_stop(from);
    unlink(uri + strlen("file:"));
}

static unsigned run_of(const Stress *s, unsigned first, State state)
{
    unsigned end = first, longest = g_test_rand_int_range(1, 6);

    while (end < BLOCKS && end - first < longest && s->state[end] == state) {
        end++;
    }
    return end - first;
}

static void step(Stress *s)
{
    unsigned first = g_test_rand_int_range(0, BLOCKS);
    int dice = g_test_rand_int_range(0, 100);
    unsigned kind;

    if (dice < 4) {
        kind = 0;
        away(s, disable);
    } else if (dice < 8) {
        kind = 1;
        away(s, uncommit);
    } else if (dice < 9) {
        kind = 2;
        move_on(s);
    } else if (s->state[first] == FREE) {
        kind = 3;
        take(s, first, run_of(s, first, FREE));
    } else {
        kind = dice & 1 ? 4 : 5;
        lose(s, first, run_of(s, first, OWNED), dice & 1);
    }
    s->done[kind]++;
    ask(s);
}

/* --- The machine --- */

static void start(Stress *s, const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "memory", NULL);
    unsigned i;

    s->options = (CXLDcdOptions) {
        .devices = s->mode->devices,
        .memory_file = s->mode->laid ? NULL : g_steal_pointer(&path),
        .rom = CXL_DCD_STRESS_ROM,
        .arguments = "-accel tcg,thread=multi -cpu max -smp 3 ",
    };
    s->m = cxl_dcd_machine_start(&s->options);
    for (i = 0; i < s->mode->devices; i++) {
        g_autofree char *name = NULL;

        if (!s->mode->laid) {
            name = cxl_dcd_memory_file(&s->options, i);
            s->file[i] = open(name, O_RDONLY);
            g_assert_cmpint(s->file[i], >=, 0);
        }
    }
    commit(s);
}

static void run(const void *opaque)
{
    g_autofree char *folder = g_dir_make_tmp("cxl-dcd-stress-XXXXXX", NULL);
    g_autofree Stress *s = g_new0(Stress, 1);
    const char *more = g_getenv("CXL_DCD_STRESS_STEPS");
    unsigned steps = more ? atoi(more) : STEPS, i;

    s->mode = opaque;
    start(s, folder);
    for (i = 0; i < BLOCKS; i++) {
        tell_value(s, i);
        tell(s, i, FREE);
    }
    qtest_writeq(s->m->qts, CONTROL + 0x08, s->m->window);
    qtest_writeq(s->m->qts, CONTROL + 0x10, ctz64(stride(s)));
    qtest_writeq(s->m->qts, CONTROL + 0x18, BLOCKS - 1);
    qtest_writeq(s->m->qts, CONTROL + GO, 1);
    for (i = 0; i < steps; i++) {
        step(s);
    }
    /* Each kind at least once, or it was no test */
    move_on(s);
    ask(s);
    g_test_message("%s: %u taken, %u given back, %u by force, %u disabled, "
                   "%u decoders moved, %u migrations, %" PRIu64 " loads",
                   s->mode->path, s->done[3], s->done[5], s->done[4],
                   s->done[0], s->done[1], s->done[2] + 1,
                   s->counted[0] + s->counted[1] + s->counted[2]);
    g_assert_cmpuint(s->done[3], >, 0);
    g_assert_cmpuint(s->done[4], >, 0);
    g_assert_cmpuint(s->done[5], >, 0);
    cxl_dcd_machine_stop(s->m);
    for (i = 0; !s->mode->laid && i < s->mode->devices; i++) {
        g_autofree char *name = cxl_dcd_memory_file(&s->options, i);

        close(s->file[i]);
        unlink(name);
    }
    g_free((char *)s->options.memory_file);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    static const Mode modes[] = {
        { "/cxl-dcd/stress/direct", 1 },
        { "/cxl-dcd/stress/by-pages", 2, 1, 4 },
        { "/cxl-dcd/stress/by-256-bytes", 2, 1, 0 },
        { "/cxl-dcd/stress/laid-out", 2, 1, 0, true },
    };
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_test_add_data_func(modes[i].path, &modes[i], run);
    }
    return g_test_run();
}
