/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what a hostile guest reaches beside the mailbox
 *
 * Configuration space with its data object exchange, the register blocks of the
 * BARs, decoders of device and host bridge, and commands that run in the
 * background while something else happens. Nothing ends QEMU, nothing of its
 * memory is told, and after a reset the device works.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cxl-dcd-client-raw.h"

#define DOE_CONTROL         0x08    /* PCIe r6 7.9.24 */
#define DOE_STATUS          0x0c
#define DOE_WRITE           0x10
#define DOE_READ            0x14
#define DOE_ABORT           1U
#define DOE_GO              (1U << 31)
#define DOE_READY           (1U << 31)
#define DOE_ERROR           (1U << 2)
#define DOE_WORDS           (1U << 18)
#define DOE_DISCOVERY       0x00000001  /* vendor 0001h, type 0 */
#define DOE_CDAT            0x00021e98  /* vendor 1e98h, type 2 */

#define OP_SCAN             0x4304
#define OP_TRANSFER_FW      0x0201
#define OP_SANITIZE         0x4400
#define OP_IDENTIFY         0x4000

#define CONFIG_SIZE         4096
#define BAR_COMPONENT       0
#define BAR_DEVICE          2
#define BAR_COMPONENT_SIZE  0x10000
#define BAR_DEVICE_SIZE     0x1000

/* --- Data object exchange --- */

static void doe_ask(CXLDcdDevice *d, uint64_t doe, const uint32_t *request,
                    unsigned words)
{
    QTestState *qts = d->machine->qts;
    unsigned i;

    qtest_writel(qts, doe + DOE_CONTROL, DOE_ABORT);
    for (i = 0; i < words; i++) {
        qtest_writel(qts, doe + DOE_WRITE, request[i]);
    }
    qtest_writel(qts, doe + DOE_CONTROL, DOE_GO);
}

/* Words that are there to be read; the first of them in @first */
static unsigned doe_read_all(CXLDcdDevice *d, uint64_t doe, uint32_t *first,
                             unsigned most)
{
    QTestState *qts = d->machine->qts;
    unsigned words = 0;

    while (qtest_readl(qts, doe + DOE_STATUS) & DOE_READY) {
        uint32_t word = qtest_readl(qts, doe + DOE_READ);

        g_assert_cmpuint(words, <, most);
        if (!words++) {
            *first = word;
        }
        qtest_writel(qts, doe + DOE_READ, 0);
    }
    return words;
}

/* A question that is asked again has one answer, however often that is */
static void doe_go_again(CXLDcdDevice *d)
{
    static const uint32_t discovery[] = { DOE_DISCOVERY, 3, 0 };
    static const uint32_t table[] = { DOE_CDAT, 3, 0 };
    QTestState *qts = d->machine->qts;
    uint64_t doe = cxl_dcd_raw_doe(d);
    unsigned i, words;
    uint32_t first;

    doe_ask(d, doe, table, ARRAY_SIZE(table));
    words = doe_read_all(d, doe, &first, 100);
    g_assert_cmphex(first, ==, DOE_CDAT);
    doe_ask(d, doe, table, ARRAY_SIZE(table));
    qtest_writel(qts, doe + DOE_CONTROL, DOE_GO);
    g_assert_cmpuint(doe_read_all(d, doe, &first, 100), ==, words);

    /* As often as it takes to fill the mailbox of 1 MiB with answers */
    doe_ask(d, doe, discovery, ARRAY_SIZE(discovery));
    for (i = 0; i < DOE_WORDS / 3 + 16; i++) {
        qtest_writel(qts, doe + DOE_CONTROL, DOE_GO);
    }
    g_assert_cmpuint(doe_read_all(d, doe, &first, 100), ==, 3);
    g_assert_cmphex(first, ==, DOE_DISCOVERY);

    /* One answer is begun, and another one asked for */
    doe_ask(d, doe, table, ARRAY_SIZE(table));
    qtest_writel(qts, doe + DOE_READ, 0);
    qtest_writel(qts, doe + DOE_CONTROL, DOE_GO);
    g_assert_cmpuint(doe_read_all(d, doe, &first, 100), ==, words);
    g_assert_cmphex(first, ==, DOE_CDAT);
}

/* Objects of any length, any index and entry; reads of what is not there */
static void doe_nonsense(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint64_t doe = cxl_dcd_raw_doe(d), state = 1;
    uint32_t first;
    unsigned i, k;

    for (i = 0; i < 3000; i++) {
        uint64_t random = cxl_dcd_raw_random(&state);
        unsigned words = random % 6;
        uint32_t request[6] = {
            random & 64 ? DOE_CDAT : DOE_DISCOVERY, random >> 8 & 7,
            random >> 16, random >> 24, random >> 32,
        };

        doe_ask(d, doe, request, words);
        for (k = 0; k < (random >> 40) % 8; k++) {
            qtest_writel(qts, doe + DOE_READ, 0);
            qtest_readl(qts, doe + DOE_READ);
        }
        if (random & 128) {
            qtest_writel(qts, doe + DOE_CONTROL, DOE_GO);
        }
        qtest_readl(qts, doe + DOE_STATUS);
    }
    qtest_writel(qts, doe + DOE_CONTROL, DOE_ABORT);
    for (i = 0; i < DOE_WORDS + 2; i++) {
        qtest_writel(qts, doe + DOE_WRITE, DOE_CDAT);
    }
    qtest_writel(qts, doe + DOE_CONTROL, DOE_GO);
    doe_ask(d, doe, (const uint32_t[]){ DOE_CDAT, 3, 0 }, 3);
    g_assert_cmpuint(doe_read_all(d, doe, &first, 100), >, 3);
    g_assert_cmphex(first, ==, DOE_CDAT);
}

/* --- Registers and configuration space --- */

static void works_after_reset(CXLDcdDevice *d)
{
    CXLDcdRawReply reply;

    cxl_dcd_machine_reset(d->machine);
    cxl_dcd_raw_bytes(d, OP_IDENTIFY, NULL, 0, &reply);
    g_assert_cmphex(reply.code, ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmphex(reply.length, ==, 0x45);
}

static void sweep_registers(CXLDcdDevice *d, uint64_t base, uint64_t size,
                            unsigned *seed)
{
    uint64_t state = ++*seed, at;
    unsigned width;

    for (width = 1; width <= 8; width *= 2) {
        for (at = 0; at < size; at++) {
            uint64_t random = cxl_dcd_raw_random(&state);

            cxl_dcd_raw_read(d, base + at, width);
            cxl_dcd_raw_write(d, base + at, width,
                              random & 1 ? random >> 8 :
                              random & 2 ? UINT64_MAX : 0);
        }
    }
}

static void bars(CXLDcdDevice *d)
{
    uint64_t component = cxl_dcd_raw_bar(d, BAR_COMPONENT);
    uint64_t registers = cxl_dcd_raw_bar(d, BAR_DEVICE);
    unsigned seed = 0;

    /* The registers, what is between them, and the edges of the blocks */
    sweep_registers(d, component + 0xff0, 0x1020, &seed);
    sweep_registers(d, component, 16, &seed);
    sweep_registers(d, component + BAR_COMPONENT_SIZE - 16, 9, &seed);
    sweep_registers(d, registers, 0x200, &seed);
    sweep_registers(d, registers + BAR_DEVICE_SIZE - 0x700, 0x6f9, &seed);
    sweep_registers(d, d->msix, 16 * CXL_DCD_TEST_VECTORS, &seed);
    works_after_reset(d);
}

static void config_space(CXLDcdDevice *d)
{
    uint64_t state = 7;
    unsigned round, width, at;

    for (round = 0; round < 3; round++) {
        for (width = 1; width <= 4; width *= 2) {
            for (at = 0; at < CONFIG_SIZE; at++) {
                uint64_t random = cxl_dcd_raw_random(&state);

                if (at + width > CONFIG_SIZE) {
                    continue;
                }
                cxl_dcd_raw_read(d, d->config + at, width);
                cxl_dcd_raw_write(d, d->config + at, width,
                                  round == 0 ? random :
                                  round == 1 ? UINT32_MAX : 0);
            }
        }
        works_after_reset(d);
    }
}

/* More ways than a host bridge's list of targets has room for */
static void wide_decoders(CXLDcdDevice *d)
{
    CXLDcdMachine *machine = d->machine;
    unsigned ways, granularity, i;

    for (ways = 0; ways < 16; ways++) {
        for (granularity = 0; granularity < 16; granularity += 5) {
            CXLDcdDecoder decoder = {
                .hpa = machine->window, .size = CXL_DCD_TEST_GIB,
                .ways_code = ways, .granularity_code = granularity,
                .skip = 0x0101010101010101ULL,
            };

            cxl_dcd_decoder_try(machine, machine->host_bridge_hdm, &decoder);
            decoder.skip = 0;
            cxl_dcd_decoder_try(machine, d->hdm, &decoder);
            for (i = 0; i < 64; i++) {
                uint64_t at = machine->window + i * 256 + i;

                qtest_readq(machine->qts, at);
                qtest_writeq(machine->qts, at, i);
            }
            cxl_dcd_decoder_uncommit(machine, machine->host_bridge_hdm, 0);
            cxl_dcd_decoder_uncommit(machine, d->hdm, 0);
        }
    }
}

/* --- Commands in the background --- */

static void begin(CXLDcdDevice *d, uint16_t opcode)
{
    uint8_t in[CXL_DCD_RAW_PAYLOAD] = { 0 };
    uint32_t length = 0;

    if (opcode == OP_SCAN) {
        in[8] = 1;
        in[16] = 1;
        length = 17;
    } else if (opcode == OP_TRANSFER_FW) {
        in[0] = 1;
        in[1] = 2;
        length = 0x100;
    }
    g_assert_cmphex(cxl_dcd_raw(d, opcode, length, in, NULL), ==,
                    CXL_DCD_RC_BACKGROUND_STARTED);
}

/* A reset in the middle: what ticks for the old one finds nothing to do */
static void reset_in_background(CXLDcdDevice *d)
{
    static const uint16_t opcodes[] = { OP_TRANSFER_FW, OP_SCAN, OP_SANITIZE };
    QTestState *qts = d->machine->qts;
    size_t i, k;

    for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
        for (k = 0; k < ARRAY_SIZE(opcodes); k++) {
            begin(d, opcodes[i]);
            qtest_clock_step(qts, 500000000);
            works_after_reset(d);
            /* Without its memory if that was half sanitized: once more */
            begin(d, OP_SANITIZE);
            cxl_dcd_raw_wait(d);
            begin(d, opcodes[k]);
            qtest_clock_step(qts, 600000000);
            cxl_dcd_device_flr(d);
            qtest_clock_step(qts, 600000000);
            cxl_dcd_raw_wait(d);
            works_after_reset(d);
        }
    }
}

static const CXLDcdOptions *options_of(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cxl_dcd_makeups); i++) {
        if (!strcmp(cxl_dcd_makeups[i].name, name)) {
            return &cxl_dcd_makeups[i].options;
        }
    }
    g_assert_not_reached();
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions bridge = { .host_bridge_decoders = true };
    CXLDcdOptions bridge_static = *options_of("static");

    bridge_static.host_bridge_decoders = true;
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/doors/doe-go-again", NULL, doe_go_again);
    cxl_dcd_add_case("/cxl-dcd/doors/doe-nonsense", NULL, doe_nonsense);
    cxl_dcd_add_case("/cxl-dcd/doors/bars", NULL, bars);
    cxl_dcd_add_case("/cxl-dcd/doors/bars-static", options_of("static"), bars);
    cxl_dcd_add_case("/cxl-dcd/doors/config-space", NULL, config_space);
    cxl_dcd_add_case("/cxl-dcd/doors/config-space-static",
                     options_of("static"), config_space);
    cxl_dcd_add_case("/cxl-dcd/doors/wide-decoders", &bridge, wide_decoders);
    cxl_dcd_add_case("/cxl-dcd/doors/wide-decoders-static", &bridge_static,
                     wide_decoders);
    cxl_dcd_add_case("/cxl-dcd/doors/reset-in-background", options_of("all"),
                     reset_in_background);
    return g_test_run();
}
