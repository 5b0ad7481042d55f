/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what a hostile guest writes into the registers
 * of the mailbox (r3.2 8.2.8.4). Any width anywhere, any length of a command:
 * nothing ends QEMU, nothing of its memory is told, and a command that follows
 * is answered.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define BLOCK       CXL_DCD_TEST_BLOCK
#define SUCCESS     CXL_DCD_RC_SUCCESS
#define CAPABILITY  0x00
#define CONTROL     0x04
#define COMMAND     0x08
#define STATUS      0x10
#define BACKGROUND  0x18
#define PAYLOAD     0x20
#define LENGTH_MAX  0xfffffU      /* the field has 20 bits */
#define GET_LOG     0x0401
#define NO_COMMAND  0x7fff

static void write_sized(QTestState *qts, uint64_t at, unsigned size,
                        uint64_t value)
{
    switch (size) {
    case 1:
        qtest_writeb(qts, at, value);
        break;
    case 2:
        qtest_writew(qts, at, value);
        break;
    case 4:
        qtest_writel(qts, at, value);
        break;
    default:
        qtest_writeq(qts, at, value);
        break;
    }
}

static uint64_t read_sized(QTestState *qts, uint64_t at, unsigned size)
{
    switch (size) {
    case 1:
        return qtest_readb(qts, at);
    case 2:
        return qtest_readw(qts, at);
    case 4:
        return qtest_readl(qts, at);
    default:
        return qtest_readq(qts, at);
    }
}

static uint16_t ring(CXLDcdDevice *d, uint64_t command)
{
    QTestState *qts = d->machine->qts;

    qtest_writeq(qts, d->mailbox + COMMAND, command);
    qtest_writel(qts, d->mailbox + CONTROL, 1);
    while (cxl_dcd_doorbell(d)) {
        g_usleep(100);
    }
    return qtest_readq(qts, d->mailbox + STATUS) >> 32;
}

static void every_width(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint32_t capability = qtest_readl(qts, d->mailbox + CAPABILITY);
    unsigned size, at;

    for (size = 1; size <= 8; size *= 2) {
        for (at = 0; at < PAYLOAD + 16; at += size) {
            write_sized(qts, d->mailbox + at, size, UINT64_MAX);
            while (cxl_dcd_doorbell(d)) {
                g_usleep(100);
            }
            read_sized(qts, d->mailbox + at, size);
        }
        /* Of what can only be read nothing changed */
        g_assert_cmphex(qtest_readl(qts, d->mailbox + CAPABILITY), ==,
                        capability);
        g_assert_cmphex(qtest_readw(qts, d->mailbox + BACKGROUND), ==, 0);
    }
    cxl_dcd_add_accepted(d, { 0, BLOCK });
}

/* The same registers by bytes: a command is a command */
static void by_bytes(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint64_t command = 0x4000;                /* Identify Memory Device */
    unsigned i;

    for (i = 0; i < 8; i++) {
        qtest_writeb(qts, d->mailbox + COMMAND + i, command >> i * 8);
    }
    qtest_writeb(qts, d->mailbox + CONTROL, 1);
    while (qtest_readb(qts, d->mailbox + CONTROL) & 1) {
        g_usleep(100);
    }
    g_assert_cmphex(qtest_readw(qts, d->mailbox + STATUS + 4), ==, SUCCESS);
    g_assert_cmphex(qtest_readw(qts, d->mailbox + COMMAND + 2), ==, 0x45);
    for (i = 0; i < 16; i++) {
        g_assert_cmphex(qtest_readb(qts, d->mailbox + PAYLOAD + i), !=, 0xff);
    }
}

/* More than the payload area has is refused, by every command */
static void every_length(CXLDcdDevice *d)
{
    static const uint16_t opcodes[] = {
        0x0001, 0x0100, 0x0101, 0x0103, 0x0301, GET_LOG, 0x4000, 0x4103, 0x4300,
        0x4301, 0x4302, 0x4400, 0x4800, 0x4801, 0x4802, 0x4803,
    };
    size_t max = cxl_dcd_mailbox_size(d), i, k;
    const uint32_t lengths[] = {
        max + 1, max + 32, max + 33, 4096, 65536, LENGTH_MAX,
    };

    for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
        for (k = 0; k < ARRAY_SIZE(lengths); k++) {
            g_assert_cmphex(ring(d, opcodes[i] | (uint64_t)lengths[k] << 16),
                            ==, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
        }
    }
    cxl_dcd_add_accepted(d, { 0, BLOCK });
}

/* What is told of an answer is the answer, then zeros: not what was there */
static void nothing_left_over(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    size_t max = cxl_dcd_mailbox_size(d), i;
    g_autofree uint8_t *bytes = g_malloc(max);

    memset(bytes, 0x77, max);
    qtest_bufwrite(qts, d->mailbox + PAYLOAD, bytes, max);
    g_assert_cmphex(ring(d, 0x4000), ==, SUCCESS);
    qtest_bufread(qts, d->mailbox + PAYLOAD, bytes, max);
    for (i = 0x45; i < max; i++) {
        g_assert_cmphex(bytes[i], ==, 0);
    }
    /* Nor what one was answered before that is refused for its length */
    g_assert_cmphex(ring(d, 0x4000 | (uint64_t)LENGTH_MAX << 16), ==,
                    CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    qtest_bufread(qts, d->mailbox + PAYLOAD, bytes, max);
    for (i = 0; i < max; i++) {
        g_assert_cmphex(bytes[i], ==, 0);
    }
}

/*
 * 8.2.10.9.9.3: a command between those of a chain ends the chain, also one
 * that there is not, or that is refused for its length
 */
static void between_a_chain(CXLDcdDevice *d)
{
    static const uint64_t between[] = {
        NO_COMMAND, 0x4000, 0x4000 | 1 << 16, 0x4801, GET_LOG,
        0x4802 | (uint64_t)LENGTH_MAX << 16,
    };
    CXLDcdSpan a = { d->dc_base, BLOCK };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(between); i++) {
        cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 2 * BLOCK }));
        g_assert_cmphex(cxl_dcd_update(d, CXL_DCD_OP_ADD_RESPONSE,
                                       CXL_DCD_UPDATE_MORE, &a, 1), ==,
                        SUCCESS);
        ring(d, between[i]);
        /* A new answer, which alone counts */
        g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
        cxl_dcd_assert_no_extents(d);
        cxl_dcd_drop_events(d);
        cxl_dcd_wait_clean(d);
    }
}

static void with_device(gconstpointer data)
{
    void (*test)(CXLDcdDevice *d) = data;
    CXLDcdMachine *m = cxl_dcd_machine_start(&(CXLDcdOptions) { });

    test(&m->device[0]);
    cxl_dcd_machine_stop(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_data_func("/cxl-dcd/registers/every-width", every_width,
                        with_device);
    qtest_add_data_func("/cxl-dcd/registers/by-bytes", by_bytes, with_device);
    qtest_add_data_func("/cxl-dcd/registers/every-length", every_length,
                        with_device);
    qtest_add_data_func("/cxl-dcd/registers/nothing-left-over",
                        nothing_left_over, with_device);
    qtest_add_data_func("/cxl-dcd/registers/between-a-chain", between_a_chain,
                        with_device);
    return g_test_run();
}
