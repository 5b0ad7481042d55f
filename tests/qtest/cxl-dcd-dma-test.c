/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a disk reads into capacity while it is taken
 * away
 *
 * The disk is held in the middle of the read, by a breakpoint of QEMU's block
 * layer. Until it goes on, what it reads into is nobody's: it is not free, not
 * clean and cannot be offered, to this host or to another of the pool. Then the
 * read ends, in memory that nobody has, and only after that it is made clean.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"
#include "standard-headers/linux/pci_regs.h"
#include "qobject/qdict.h"

#define MIB       CXL_DCD_TEST_MIB
#define BLOCK     CXL_DCD_TEST_BLOCK
#define SUCCESS   CXL_DCD_RC_SUCCESS
#define LENGTH    (64 * 1024)     /* of the read */
#define FILLED    0x5a            /* each byte of the disk */
#define MEMORY    (512 * MIB)

/* AHCI, revision 1.3.1: q35 has it at 00:1f.2 */
#define AHCI_CONFIG   (0xb0000000ULL + (0x1f << 15) + (2 << 12))
#define AHCI_BAR      0x24
#define AHCI_BASE     0xfe000000ULL
#define AHCI_GHC      0x04
#define AHCI_PORT     0x100
#define PORT_CLB      0x00
#define PORT_FB       0x08
#define PORT_CMD      0x18
#define PORT_CI       0x38
#define GHC_ENABLE    (1U << 31)
#define CMD_START     (1 << 0)
#define CMD_FIS       (1 << 4)
#define READ_DMA_EXT  0x25
#define TABLE_PRDT    0x80

#define REGIONS       "[{\"size\":536870912,\"block-size\":2097152," \
                      "\"sanitize\":true}]"

#define SHARED_REGIONS "[{\"size\":536870912,\"block-size\":2097152," \
                       "\"sanitize\":true,\"flags\":[\"sharable\"]}]"

typedef struct Disk {
    char *directory;
    char *image;
    char *memory;                 /* file of the device's capacity, or pool */
    char *arguments;
    uint64_t area;                /* command list, received FIS, table */
} Disk;

static Disk disk_make(void)
{
    Disk disk = { .directory = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL) };
    g_autofree char *filled = g_malloc(MIB);

    g_assert_nonnull(disk.directory);
    disk.image = g_build_filename(disk.directory, "disk", NULL);
    disk.memory = g_build_filename(disk.directory, "memory", NULL);
    memset(filled, FILLED, MIB);
    g_assert_true(g_file_set_contents(disk.image, filled, MIB, NULL));
    disk.arguments = g_strdup_printf(
        " -blockdev file,node-name=file,filename=%s"
        " -blockdev blkdebug,node-name=debug,image=file"
        " -blockdev raw,node-name=disk,file=debug"
        " -device ide-hd,id=hd,drive=disk,bus=ide.0", disk.image);
    return disk;
}

static void disk_free(Disk *disk)
{
    unlink(disk->image);
    unlink(disk->memory);
    g_assert_cmpint(rmdir(disk->directory), ==, 0);
    g_free(disk->directory);
    g_free(disk->image);
    g_free(disk->memory);
    g_free(disk->arguments);
}

static void disk_setup(Disk *disk, CXLDcdMachine *m)
{
    QTestState *qts = m->qts;
    uint64_t port = AHCI_BASE + AHCI_PORT;

    disk->area = guest_alloc(&m->qs->alloc, 0x3000);
    qtest_memset(qts, disk->area, 0, 0x3000);
    qtest_writel(qts, AHCI_CONFIG + AHCI_BAR, AHCI_BASE);
    qtest_writew(qts, AHCI_CONFIG + PCI_COMMAND,
                 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    qtest_writel(qts, AHCI_BASE + AHCI_GHC, GHC_ENABLE);
    qtest_writeq(qts, port + PORT_CLB, disk->area);
    qtest_writeq(qts, port + PORT_FB, disk->area + 0x1000);
    qtest_writel(qts, port + PORT_CMD, CMD_FIS);
    qtest_writel(qts, port + PORT_CMD, CMD_FIS | CMD_START);
}

/* Begin to read the disk's first LENGTH bytes to @to; it stops on the way */
static void read_begin(Disk *disk, CXLDcdMachine *m, uint64_t to)
{
    QTestState *qts = m->qts;
    uint64_t table = disk->area + 0x2000;
    const uint8_t fis[20] = {
        0x27, 0x80, READ_DMA_EXT, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, LENGTH / 512,
    };
    g_autofree char *reply =
        qtest_hmp(qts, "qemu-io -d hd \"break read_aio held\"");

    g_assert_cmpstr(reply, ==, "");
    qtest_memwrite(qts, table, fis, sizeof(fis));
    qtest_writeq(qts, table + TABLE_PRDT, to);
    qtest_writel(qts, table + TABLE_PRDT + 12, LENGTH - 1);
    qtest_writel(qts, disk->area, sizeof(fis) / 4 | 1 << 16);
    qtest_writeq(qts, disk->area + 8, table);
    qtest_writel(qts, AHCI_BASE + AHCI_PORT + PORT_CI, 1);
}

static bool read_going_on(CXLDcdMachine *m)
{
    return qtest_readl(m->qts, AHCI_BASE + AHCI_PORT + PORT_CI) & 1;
}

static void read_end(CXLDcdMachine *m)
{
    g_autofree char *reply = qtest_hmp(m->qts, "qemu-io -d hd \"resume held\"");
    gint64 limit = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;

    g_assert_cmpstr(reply, ==, "");
    while (read_going_on(m)) {
        g_assert_cmpint(g_get_monotonic_time(), <, limit);
        g_usleep(1000);
    }
}

/* What is in the file at @offset: only @byte, for LENGTH bytes */
static void assert_file(const Disk *disk, uint64_t offset, uint8_t byte)
{
    g_autofree uint8_t *bytes = g_malloc(LENGTH);
    int fd = open(disk->memory, O_RDONLY);
    unsigned i;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pread(fd, bytes, LENGTH, offset), ==, LENGTH);
    close(fd);
    for (i = 0; i < LENGTH; i++) {
        g_assert_cmphex(bytes[i], ==, byte);
    }
}

static CXLDcdMachine *start(Disk *disk)
{
    const CXLDcdOptions options = {
        .size = MEMORY, .memory_file = disk->memory,
        .regions = REGIONS,
        .arguments = disk->arguments,
    };
    CXLDcdMachine *m = cxl_dcd_machine_start(&options);

    disk_setup(disk, m);
    cxl_dcd_map(&m->device[0]);
    return m;
}

/* Taken while a read goes on: nobody's until it ends, then clean */
static void taken(Disk *disk, CXLDcdMachine *m, bool forced)
{
    CXLDcdDevice *d = &m->device[0];

    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK });
    cxl_dcd_drop_events(d);
    read_begin(disk, m, m->window + BLOCK);
    if (forced) {
        cxl_dcd_qmp_release(d, .forced = true,
                            CXL_DCD_EXTENTS({ BLOCK, BLOCK }));
    } else {
        g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base + BLOCK, BLOCK }),
                        ==, SUCCESS);
    }
    g_assert_true(read_going_on(m));
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "sanitizing"), ==, 1);
    g_assert_cmpuint(cxl_dcd_query_count(d, "waits-for", "transfers"), ==, 1);
    cxl_dcd_qmp_add(d, .error = "sanitized", CXL_DCD_EXTENTS({ BLOCK, BLOCK }));
    g_assert_null(qtest_qmp_event_ref(m->qts, "CXL_DYNAMIC_CAPACITY_FORCED"));
    g_assert_null(qtest_qmp_event_ref(m->qts, "CXL_DYNAMIC_CAPACITY_RELEASED"));
    read_end(m);
    qobject_unref(cxl_dcd_wait_event(d, forced ?
        "CXL_DYNAMIC_CAPACITY_FORCED" : "CXL_DYNAMIC_CAPACITY_RELEASED"));
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "sanitizing"), ==, 0);
    assert_file(disk, BLOCK, 0);
    cxl_dcd_drop_events(d);
    cxl_dcd_add_accepted(d, { BLOCK, BLOCK });
    g_assert_cmphex(qtest_readq(m->qts, m->window + BLOCK), ==, 0);
}

static void taken_by_force(void)
{
    Disk disk = disk_make();
    CXLDcdMachine *m = start(&disk);

    taken(&disk, m, true);
    cxl_dcd_machine_stop(m);
    disk_free(&disk);
}

static void given_back(void)
{
    Disk disk = disk_make();
    CXLDcdMachine *m = start(&disk);

    taken(&disk, m, false);
    cxl_dcd_machine_stop(m);
    disk_free(&disk);
}

/* What the host keeps is read into as if nothing were */
static void kept(void)
{
    Disk disk = disk_make();
    CXLDcdMachine *m = start(&disk);
    CXLDcdDevice *d = &m->device[0];

    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK });
    read_begin(&disk, m, m->window);
    cxl_dcd_qmp_release(d, .forced = true, CXL_DCD_EXTENTS({ BLOCK, BLOCK }));
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "sanitizing"), ==, 0);
    g_assert_true(read_going_on(m));
    read_end(m);
    assert_file(&disk, 0, FILLED);
    cxl_dcd_machine_stop(m);
    disk_free(&disk);
}

/* The device goes while a read goes on; its memory stays until that ends */
static void unplugged(void)
{
    Disk disk = disk_make();
    CXLDcdMachine *m = start(&disk);
    CXLDcdDevice *d = &m->device[0];
    unsigned i;

    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK });
    read_begin(&disk, m, m->window + BLOCK);
    cxl_dcd_qmp_release(d, .forced = true, CXL_DCD_EXTENTS({ BLOCK, BLOCK }));
    cxl_dcd_device_unplug_begin(d);
    /* Long enough for a device that does not wait to end */
    for (i = 0; i < 100; i++) {
        g_assert_true(read_going_on(m));
        g_usleep(1000);
    }
    g_assert_null(qtest_qmp_event_ref(m->qts, "DEVICE_DELETED"));
    read_end(m);
    qtest_qmp_eventwait(m->qts, "DEVICE_DELETED");
    assert_file(&disk, BLOCK, 0);
    cxl_dcd_device_plug(d);
    cxl_dcd_add_accepted(d, { BLOCK, BLOCK });
    cxl_dcd_machine_stop(m);
    disk_free(&disk);
}

/* Of a pool: another host gets it when this host's read has ended */
static void of_pool(void)
{
    Disk disk = disk_make();
    CXLDcdOptions options = {
        .size = MEMORY, .pool = disk.memory, .host = 1,
        .regions = REGIONS,
        .arguments = disk.arguments,
    };
    CXLDcdMachine *m = cxl_dcd_machine_start(&options), *other;
    CXLDcdDevice *d = &m->device[0];

    disk_setup(&disk, m);
    cxl_dcd_map(d);
    options.arguments = NULL;
    options.host = 2;
    other = cxl_dcd_machine_start(&options);
    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK });
    read_begin(&disk, m, m->window + BLOCK);
    cxl_dcd_qmp_release(d, .forced = true, CXL_DCD_EXTENTS({ BLOCK, BLOCK }));
    g_assert_true(read_going_on(m));
    cxl_dcd_qmp_add(&other->device[0], .error = "is being cleaned after host 1",
                    CXL_DCD_EXTENTS({ BLOCK, BLOCK }));
    read_end(m);
    cxl_dcd_wait_clean(d);
    cxl_dcd_add_accepted(&other->device[0], { BLOCK, BLOCK });
    assert_file(&disk, BLOCK, 0);
    cxl_dcd_machine_stop(other);
    cxl_dcd_machine_stop(m);
    disk_free(&disk);
}

/* A shared tag is free as a whole, when the last of it is nobody's any more */
static void of_shared_tag(void)
{
    const char *tag = "20212223-2425-2627-2829-2a2b2c2d2e2f";
    const char *next = "30313233-3435-3637-3839-3a3b3c3d3e3f";
    Disk disk = disk_make();
    CXLDcdOptions options = {
        .size = MEMORY, .pool = disk.memory, .host = 1,
        .regions = SHARED_REGIONS, .arguments = disk.arguments,
    };
    CXLDcdMachine *m = cxl_dcd_machine_start(&options), *other;
    CXLDcdDevice *d = &m->device[0];

    disk_setup(&disk, m);
    cxl_dcd_map(d);
    options.arguments = NULL;
    options.host = 2;
    other = cxl_dcd_machine_start(&options);
    cxl_dcd_qmp_add(d, .tag = tag,
                    CXL_DCD_EXTENTS({ 0, BLOCK }, { 4 * BLOCK, BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK },
                                   { d->dc_base + 4 * BLOCK, BLOCK }), ==,
                    SUCCESS);
    read_begin(&disk, m, m->window + 4 * BLOCK);
    cxl_dcd_qmp_release(d, .tag = tag, .policy = "tag-based", .forced = true);
    g_assert_true(read_going_on(m));
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "sanitizing"), ==, 2);
    cxl_dcd_qmp_add(&other->device[0], .tag = next, .error = "is shared",
                    CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    read_end(m);
    cxl_dcd_wait_clean(d);
    cxl_dcd_qmp_add(&other->device[0], .tag = next,
                    CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    assert_file(&disk, 4 * BLOCK, 0);
    cxl_dcd_machine_stop(other);
    cxl_dcd_machine_stop(m);
    disk_free(&disk);
}

/* --- Of a pool, at random --- */

#define BLOCKS  16                /* of the pool, that are used here */
#define OTHERS  0xc0c0c0c0c0c0c0c0ULL

typedef struct Round {
    Disk *disk;
    CXLDcdMachine *m;             /* with the disk */
    CXLDcdDevice *d, *other;
    uint64_t hpa;                 /* of the other host's */
    int pool;                     /* its file */
    bool others[BLOCKS];
    unsigned refused;
} Round;

static void assert_block(const Round *r, unsigned block, uint64_t value)
{
    g_autofree uint64_t *words = g_malloc(BLOCK);
    unsigned i;

    g_assert_cmpint(pread(r->pool, words, BLOCK, block * BLOCK), ==, BLOCK);
    for (i = 0; i < BLOCK / 8; i++) {
        g_assert_cmphex(words[i], ==, value);
    }
}

/* All that the other host stored is there, in each block of its */
static void assert_others(const Round *r)
{
    unsigned i;

    for (i = 0; i < BLOCKS; i++) {
        if (r->others[i]) {
            assert_block(r, i, OTHERS);
        }
    }
}

static void others_take(Round *r, unsigned first, unsigned count)
{
    unsigned i;

    cxl_dcd_add_accepted(r->other, { first * BLOCK, count * BLOCK });
    for (i = first; i < first + count; i++) {
        assert_block(r, i, 0);
        qtest_memset(r->other->machine->qts, r->hpa + i * BLOCK, OTHERS & 0xff,
                     BLOCK);
        r->others[i] = true;
    }
}

/* The other host has the blocks next, and until then it is refused */
static void round_of_pool(Round *r)
{
    unsigned count = g_test_rand_int_range(1, 4);
    unsigned first = g_test_rand_int_range(0, BLOCKS - count + 1), i;
    uint64_t room = count * BLOCK - LENGTH;
    uint64_t at = first * BLOCK +
                  g_test_rand_int_range(0, room / 4096 + 1) * 4096;
    CXLDcdSpan span = { first * BLOCK, count * BLOCK };
    bool early = !g_test_rand_int_range(0, 4);

    for (i = first; i < first + count; i++) {
        if (r->others[i]) {
            g_assert_cmphex(cxl_dcd_give_back(r->other, {
                                r->other->dc_base + i * BLOCK, BLOCK }), ==,
                            SUCCESS);
            r->others[i] = false;
        }
    }
    cxl_dcd_wait_clean(r->other);
    cxl_dcd_add_accepted(r->d, span);
    read_begin(r->disk, r->m, r->m->window + at);
    if (early) {
        read_end(r->m);
    }
    if (g_test_rand_bit()) {
        cxl_dcd_qmp_release(r->d, .forced = true, CXL_DCD_EXTENTS(span));
        cxl_dcd_drop_events(r->d);
    } else {
        g_assert_cmphex(cxl_dcd_give_back(r->d, { r->d->dc_base + span.start,
                                                  span.length }), ==, SUCCESS);
    }
    if (!early) {
        cxl_dcd_qmp_add(r->other, .error = "is being cleaned after host 1",
                        CXL_DCD_EXTENTS(span));
        r->refused++;
        assert_others(r);
        read_end(r->m);
    }
    cxl_dcd_wait_clean(r->d);
    others_take(r, first, count);
    assert_others(r);
}

static void rounds_of_pool(void)
{
    const char *text = g_getenv("CXL_DCD_DMA_ROUNDS");
    unsigned rounds = text ? g_ascii_strtoull(text, NULL, 10) : 24, i;
    Disk disk = disk_make();
    CXLDcdOptions options = {
        .size = MEMORY, .pool = disk.memory, .host = 1,
        .regions = REGIONS,
        .arguments = disk.arguments,
    };
    CXLDcdMachine *m = cxl_dcd_machine_start(&options), *other;
    Round r = { .disk = &disk, .m = m, .d = &m->device[0] };

    disk_setup(&disk, m);
    cxl_dcd_map(r.d);
    options.arguments = NULL;
    options.host = 2;
    other = cxl_dcd_machine_start(&options);
    r.other = &other->device[0];
    r.hpa = cxl_dcd_map(r.other);
    r.pool = open(disk.memory, O_RDONLY);
    g_assert_cmpint(r.pool, >=, 0);
    for (i = 0; i < rounds; i++) {
        round_of_pool(&r);
    }
    g_test_message("%u rounds, in %u of them a read was under way", rounds,
                   r.refused);
    g_assert_cmpuint(r.refused, >, 0);
    close(r.pool);
    cxl_dcd_machine_stop(other);
    cxl_dcd_machine_stop(m);
    disk_free(&disk);
}

/* The device goes while much is being cleaned, and ends when that is done */
static void unplugged_cleaning(void)
{
    const uint64_t len = 240 * BLOCK;
    Disk disk = disk_make();
    CXLDcdMachine *m = start(&disk);
    CXLDcdDevice *d = &m->device[0];
    g_autofree uint8_t *bytes = g_malloc(len);
    int fd = open(disk.memory, O_RDWR);

    memset(bytes, FILLED, len);
    cxl_dcd_add_accepted(d, { 0, len });
    g_assert_cmpint(pwrite(fd, bytes, len, 0), ==, len);
    close(fd);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, len }), ==, SUCCESS);
    cxl_dcd_device_unplug(d);
    assert_file(&disk, 0, 0);
    assert_file(&disk, len - LENGTH, 0);
    cxl_dcd_device_plug(d);
    cxl_dcd_add_accepted(d, { 0, len });
    cxl_dcd_machine_stop(m);
    disk_free(&disk);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/dma/taken-by-force", taken_by_force);
    qtest_add_func("/cxl-dcd/dma/given-back", given_back);
    qtest_add_func("/cxl-dcd/dma/kept", kept);
    qtest_add_func("/cxl-dcd/dma/unplugged", unplugged);
    qtest_add_func("/cxl-dcd/dma/unplugged-cleaning", unplugged_cleaning);
    qtest_add_func("/cxl-dcd/dma/of-pool", of_pool);
    qtest_add_func("/cxl-dcd/dma/of-shared-tag", of_shared_tag);
    qtest_add_func("/cxl-dcd/dma/rounds-of-pool", rounds_of_pool);
    return g_test_run();
}
