/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: sets of 2, 4 and 8 devices behind one host
 * bridge, two host bridges and a switch, from 256 bytes to 16 KiB (CXL r3.2
 * 8.2.4.20, 9.18.1.3). Every byte is written through the window and looked for
 * in the file of the device where the formulas put it.
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "cxl-dcd-client.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define MIB     CXL_DCD_TEST_MIB

typedef enum { ONE_BRIDGE, TWO_BRIDGES, SWITCH } Kind;

typedef struct Topology {
    const char *path;
    Kind kind;
    unsigned ways_code;
} Topology;

typedef struct Set {
    CXLDcdOptions options;
    CXLDcdMachine *m;
    const Topology *topology;
    unsigned granularity_code;
} Set;

static unsigned ways(const Set *s)
{
    return 1U << s->topology->ways_code;
}

static uint64_t hpa_of(const Set *s, unsigned position, uint64_t offset)
{
    return cxl_dcd_set_hpa(s->m, s->topology->ways_code, s->granularity_code,
                           position, offset);
}

/* First and last words of granules, pages and blocks of one device */
static const uint64_t *offsets_of(const Set *s, unsigned *ret_count)
{
    static uint64_t offsets[10];
    uint64_t g = 256ULL << s->granularity_code;
    const uint64_t now[] = {
        0, g - 8, g, 3 * g + 16, 4096 - 8, 4096, 5 * g, 65536 + 8,
        BLOCK - g, BLOCK - 8,
    };

    QEMU_BUILD_BUG_ON(sizeof(now) != sizeof(offsets));
    memcpy(offsets, now, sizeof(now));
    *ret_count = G_N_ELEMENTS(now);
    return offsets;
}

static uint64_t word_of(unsigned position, uint64_t offset)
{
    return 0x70b0000000000000ULL | (uint64_t)position << 40 | offset;
}

static void set_start(Set *s, const Topology *topology, unsigned code,
                      const char *folder)
{
    *s = (Set) {
        .topology = topology, .granularity_code = code,
        .options = {
            .devices = 1U << topology->ways_code,
            .memory_file = g_build_filename(folder, "memory", NULL),
            .bridges = topology->kind == TWO_BRIDGES ? 2 : 1,
            .granularity = 256U << code,
            .behind_switch = topology->kind == SWITCH,
        },
    };
    s->m = cxl_dcd_machine_start(&s->options);
    cxl_dcd_set_commit(s->m, topology->ways_code, code);
}

static void set_stop(Set *s)
{
    unsigned i;

    cxl_dcd_machine_stop(s->m);
    for (i = 0; i < ways(s); i++) {
        g_autofree char *file = cxl_dcd_memory_file(&s->options, i);

        unlink(file);
    }
    g_free((char *)s->options.memory_file);
}

static void set_write(Set *s)
{
    unsigned i, k, count;
    const uint64_t *offsets = offsets_of(s, &count);

    for (i = 0; i < ways(s); i++) {
        for (k = 0; k < count; k++) {
            qtest_writeq(s->m->qts, hpa_of(s, i, offsets[k]),
                         word_of(i, offsets[k]));
        }
    }
}

static void assert_contents(Set *s)
{
    unsigned i, k, count;
    const uint64_t *offsets = offsets_of(s, &count);

    for (i = 0; i < ways(s); i++) {
        g_autofree char *name = cxl_dcd_memory_file(&s->options, i);
        int file = open(name, O_RDONLY);

        for (k = 0; k < count; k++) {
            uint64_t word;

            g_assert_cmpint(pread(file, &word, 8, offsets[k]), ==, 8);
            g_assert_cmphex(word, ==, word_of(i, offsets[k]));
            g_assert_cmphex(qtest_readq(s->m->qts, hpa_of(s, i, offsets[k])),
                            ==, word_of(i, offsets[k]));
        }
        close(file);
    }
}

/* The last device gives its part back: it is out of reach, nothing else is */
static void assert_given_back(Set *s)
{
    unsigned last = ways(s) - 1, i, k, count;
    CXLDcdDevice *device = &s->m->device[last];
    const uint64_t *offsets = offsets_of(s, &count);

    g_assert_cmphex(cxl_dcd_give_back(device, { device->dc_base, BLOCK }), ==,
                    SUCCESS);
    for (i = 0; i < ways(s); i++) {
        for (k = 0; k < count; k++) {
            g_assert_cmphex(qtest_readq(s->m->qts, hpa_of(s, i, offsets[k])),
                            ==, i == last ? UINT64_MAX
                                          : word_of(i, offsets[k]));
        }
    }
}

static void run(const void *opaque)
{
    static const unsigned codes[] = { 0, 1, 3, 4, 6 };
    g_autofree char *folder = g_dir_make_tmp("cxl-dcd-set-XXXXXX", NULL);
    unsigned i, k;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        Set s;

        set_start(&s, opaque, codes[i], folder);
        for (k = 0; k < ways(&s); k++) {
            cxl_dcd_add_accepted(&s.m->device[k], { 0, BLOCK });
        }
        set_write(&s);
        assert_contents(&s);
        assert_given_back(&s);
        set_stop(&s);
    }
    rmdir(folder);
}

/* The ports' and the switch's decoders come along with the machine */
static void migrated(const void *opaque)
{
    g_autofree char *folder = g_dir_make_tmp("cxl-dcd-set-XXXXXX", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s/state", folder);
    CXLDcdMachine *from;
    unsigned k;
    Set s;

    set_start(&s, opaque, 4, folder);
    for (k = 0; k < ways(&s); k++) {
        cxl_dcd_add_accepted(&s.m->device[k], { 0, BLOCK });
    }
    set_write(&s);
    from = s.m;
    cxl_dcd_machine_save(from, uri);
    s.m = cxl_dcd_machine_load(&s.options, from, uri);
    cxl_dcd_machine_stop(from);
    assert_contents(&s);
    assert_given_back(&s);
    unlink(uri + strlen("file:"));
    set_stop(&s);
    rmdir(folder);
}

/*
 * QEMU follows addresses through one switch: what the host could never reach is
 * not offered.
 */
static void two_switches(void)
{
    static const CXLDcdOptions options = {
        .behind_switch = true,
        .arguments =
            "-device cxl-downstream,id=ds9,bus=up0,chassis=0,slot=9,port=9 "
            "-device cxl-upstream,id=up9,bus=ds9 "
            "-device cxl-downstream,id=ds10,bus=up9,chassis=0,slot=10,port=0 "
            "-object memory-backend-ram,id=deep-memory,size=1G,reserve=off "
            "-device cxl-type3,id=deep,bus=ds10,volatile-dc-memdev=deep-memory,"
            "num-dc-regions=1 ",
    };
    CXLDcdMachine *m = cxl_dcd_machine_start(&options);
    CXLDcdDevice *d = &m->device[0], deep = *d;

    deep.path = (char *)"/machine/peripheral/deep";
    cxl_dcd_qmp_add(&deep, CXL_DCD_EXTENTS({ 0, BLOCK }),
                    .error = "behind 2 CXL switches in a row");
    cxl_dcd_qmp_add(&deep, .policy = "free", .length = BLOCK,
                    .error = "put it behind one switch or none");
    /* Its neighbour is behind the first of them only */
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    cxl_dcd_machine_stop(m);
}

int main(int argc, char **argv)
{
    static const Topology topologies[] = {
        { "/cxl-dcd/topology/one-bridge-2-ways", ONE_BRIDGE, 1 },
        { "/cxl-dcd/topology/one-bridge-4-ways", ONE_BRIDGE, 2 },
        { "/cxl-dcd/topology/one-bridge-8-ways", ONE_BRIDGE, 3 },
        { "/cxl-dcd/topology/two-bridges-2-ways", TWO_BRIDGES, 1 },
        { "/cxl-dcd/topology/two-bridges-4-ways", TWO_BRIDGES, 2 },
        { "/cxl-dcd/topology/two-bridges-8-ways", TWO_BRIDGES, 3 },
        { "/cxl-dcd/topology/switch-2-ways", SWITCH, 1 },
        { "/cxl-dcd/topology/switch-4-ways", SWITCH, 2 },
        { "/cxl-dcd/topology/switch-8-ways", SWITCH, 3 },
    };
    static const Topology moved[] = {
        { "/cxl-dcd/topology/two-bridges-migrated", TWO_BRIDGES, 2 },
        { "/cxl-dcd/topology/switch-migrated", SWITCH, 2 },
    };
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < G_N_ELEMENTS(topologies); i++) {
        g_test_add_data_func(topologies[i].path, &topologies[i], run);
    }
    for (i = 0; i < G_N_ELEMENTS(moved); i++) {
        g_test_add_data_func(moved[i].path, &moved[i], migrated);
    }
    g_test_add_func("/cxl-dcd/topology/two-switches", two_switches);
    return g_test_run();
}
