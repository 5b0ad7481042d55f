/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: Sanitize of all media (CXL r3.2 8.2.10.9.5.1,
 * 4400h) and what it means to capacity that the host has
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cxl-dcd-client.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS

#define OP_GET_POISON_LIST   0x4300
#define OP_SANITIZE          0x4400
#define OP_MEDIA_OPERATIONS  0x4402
#define RC_STARTED           0x0001
#define RC_MEDIA_DISABLED    0x0007
#define RC_BUSY              0x0006

#define BACKGROUND_STATUS    0x18
#define LONGER_THAN_IT_TAKES (60 * 1000000000LL)

static uint16_t run(CXLDcdDevice *d, uint16_t opcode, const void *in,
                    size_t in_len)
{
    uint8_t out[4096];
    size_t len;

    return cxl_dcd_command(d, opcode, in, in_len, out, sizeof(out), &len);
}

static uint16_t poison_list(CXLDcdDevice *d)
{
    uint64_t request[2] = { 0, cpu_to_le64(1) };

    return run(d, OP_GET_POISON_LIST, request, sizeof(request));
}

static void finish(CXLDcdDevice *d)
{
    uint64_t status;

    qtest_clock_step(d->machine->qts, LONGER_THAN_IT_TAKES);
    status = qtest_readq(d->machine->qts, d->mailbox + BACKGROUND_STATUS);
    g_assert_cmphex(status & 0xffff, ==, OP_SANITIZE);
    g_assert_cmpuint(status >> 16 & 0x7f, ==, 100);
    g_assert_cmphex(status >> 32 & 0xffff, ==, SUCCESS);
}

static void assert_out_of_reach(CXLDcdDevice *d, uint64_t hpa)
{
    g_assert_cmphex(qtest_readq(d->machine->qts, hpa), ==, UINT64_MAX);
    qtest_writeq(d->machine->qts, hpa + 64, 4712);
    g_assert_cmphex(qtest_readq(d->machine->qts, hpa + 64), ==, UINT64_MAX);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 0);
    g_assert_cmphex(poison_list(d), ==, RC_MEDIA_DISABLED);
}

/* Nothing is read or written while it runs; then all is zero, and the host's */
static void erases(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK });
    qtest_writeq(qts, hpa, 4711);
    qtest_writeq(qts, hpa + 2 * BLOCK - 8, 4711);
    g_assert_cmphex(poison_list(d), ==, SUCCESS);

    g_assert_cmphex(run(d, OP_SANITIZE, NULL, 0), ==, RC_STARTED);
    assert_out_of_reach(d, hpa);
    g_assert_cmphex(run(d, OP_SANITIZE, NULL, 0), ==, RC_BUSY);
    /* What is not on the media can be asked for all the time */
    cxl_dcd_assert_extents(d, { d->dc_base, 2 * BLOCK });
    finish(d);

    cxl_dcd_assert_extents(d, { d->dc_base, 2 * BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 1);
    g_assert_cmphex(poison_list(d), ==, SUCCESS);
    g_assert_cmphex(qtest_readq(qts, hpa), ==, 0);
    g_assert_cmphex(qtest_readq(qts, hpa + 64), ==, 0);
    g_assert_cmphex(qtest_readq(qts, hpa + 2 * BLOCK - 8), ==, 0);
    qtest_writeq(qts, hpa, 4713);
    g_assert_cmphex(qtest_readq(qts, hpa), ==, 4713);
}

/* Capacity changes hands meanwhile, and is as clean when it is over. */
static void while_it_runs(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_add_accepted(d, { 0, BLOCK }, { 4 * BLOCK, BLOCK });
    qtest_writeq(d->machine->qts, hpa, 4711);
    qtest_writeq(d->machine->qts, hpa + 4 * BLOCK, 4711);
    g_assert_cmphex(run(d, OP_SANITIZE, NULL, 0), ==, RC_STARTED);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base + 4 * BLOCK, BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_add_accepted(d, { 4 * BLOCK, 2 * BLOCK });
    assert_out_of_reach(d, hpa);
    assert_out_of_reach(d, hpa + 4 * BLOCK);
    finish(d);
    g_assert_cmphex(qtest_readq(d->machine->qts, hpa), ==, 0);
    g_assert_cmphex(qtest_readq(d->machine->qts, hpa + 4 * BLOCK), ==, 0);
}

/* All event logs are deleted; an offer outlives its record, as choice. */
static void empties_logs(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_true(cxl_dcd_event_status(d));
    g_assert_cmphex(run(d, OP_SANITIZE, NULL, 0), ==, RC_STARTED);
    finish(d);
    cxl_dcd_assert_no_events(d);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, 1);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==, SUCCESS);
}

/* A reset does not open what was not erased; another Sanitize does. */
static void reset_does_not_end_it(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    qtest_writeq(d->machine->qts, hpa, 4711);
    g_assert_cmphex(run(d, OP_SANITIZE, NULL, 0), ==, RC_STARTED);
    cxl_dcd_machine_reset(d->machine);
    g_assert_cmphex(cxl_dcd_map(d), ==, hpa);
    qtest_clock_step(d->machine->qts, LONGER_THAN_IT_TAKES);
    assert_out_of_reach(d, hpa);
    g_assert_cmphex(run(d, OP_SANITIZE, NULL, 0), ==, RC_STARTED);
    finish(d);
    g_assert_cmphex(qtest_readq(d->machine->qts, hpa), ==, 0);
}

/* Optional commands that the device has not are not in its log either. */
static void media_operations(CXLDcdDevice *d)
{
    uint8_t discovery[16] = { 0 };

    g_assert_cmpint(cxl_dcd_effects(d, OP_SANITIZE), >, 0);
    g_assert_cmpint(cxl_dcd_effects(d, OP_MEDIA_OPERATIONS), ==, -1);
    g_assert_cmphex(run(d, OP_MEDIA_OPERATIONS, discovery, sizeof(discovery)),
                    ==, CXL_DCD_RC_UNSUPPORTED);
}

/*
 * A guest can ask for it: static memory that nobody has touched takes none of
 * the host's, and what was written goes without holding up the machine.
 */
static void static_memory(void)
{
    static const uint8_t zero[4096];
    g_autofree char *folder = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "memory", NULL);
    g_autofree char *labels = g_build_filename(folder, "labels", NULL);
    g_autofree char *arguments = g_strdup_printf(
        "-object memory-backend-file,id=pmem,size=4G,share=on,mem-path=%s "
        "-object memory-backend-file,id=lsa,size=1M,share=on,mem-path=%s ",
        file, labels);
    CXLDcdOptions options = {
        .arguments = arguments,
        .properties = ",\"persistent-memdev\":\"pmem\",\"lsa\":\"lsa\"",
    };
    CXLDcdMachine *m = cxl_dcd_machine_start(&options);
    static const uint64_t written[] = {
        0, 1 << 20, 3ULL << 30, (4ULL << 30) - 4096
    };
    struct stat st;
    int fd = open(file, O_RDWR), label = open(labels, O_RDWR);
    uint8_t bytes[4096];

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(label, >=, 0);
    memset(bytes, 0x5a, sizeof(bytes));
    for (unsigned i = 0; i < ARRAY_SIZE(written); i++) {
        g_assert_cmpint(pwrite(fd, bytes, sizeof(bytes), written[i]), ==,
                        sizeof(bytes));
    }
    g_assert_cmpint(pwrite(label, bytes, sizeof(bytes), 8192), ==,
                    sizeof(bytes));
    g_assert_cmphex(run(&m->device[0], OP_SANITIZE, NULL, 0), ==, RC_STARTED);
    finish(&m->device[0]);
    for (unsigned i = 0; i < ARRAY_SIZE(written); i++) {
        g_assert_cmpint(pread(fd, bytes, sizeof(bytes), written[i]), ==,
                        sizeof(bytes));
        g_assert_cmpmem(bytes, sizeof(bytes), zero, sizeof(zero));
    }
    g_assert_cmpint(pread(label, bytes, sizeof(bytes), 8192), ==,
                    sizeof(bytes));
    g_assert_cmpmem(bytes, sizeof(bytes), zero, sizeof(zero));
    g_assert_cmpint(fstat(fd, &st), ==, 0);
    g_assert_cmpuint(st.st_blocks, <, (64 << 20) / 512);
    close(fd);
    close(label);
    cxl_dcd_machine_stop(m);
    unlink(file);
    unlink(labels);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/sanitize/erases", NULL, erases);
    qtest_add_func("/cxl-dcd/sanitize/static-memory", static_memory);
    cxl_dcd_add_case("/cxl-dcd/sanitize/while-it-runs", NULL, while_it_runs);
    cxl_dcd_add_case("/cxl-dcd/sanitize/empties-logs", NULL, empties_logs);
    cxl_dcd_add_case("/cxl-dcd/sanitize/reset-does-not-end-it", NULL,
                     reset_does_not_end_it);
    cxl_dcd_add_case("/cxl-dcd/sanitize/media-operations", NULL,
                     media_operations);
    return g_test_run();
}
