/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: bytes as deeds of a hostile guest
 *
 * After configuration space was written to, the registers may be elsewhere or
 * nowhere: nothing is awaited of them until the next reset.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cxl-dcd-fuzz-ops.h"

#define MAILBOX_CONTROL     0x04    /* 8.2.8.4 */
#define MAILBOX_COMMAND     0x08
#define MAILBOX_PAYLOAD     0x20
#define DOORBELL_POLLS      2000
#define DOE_CONTROL         0x08    /* PCIe r6 7.9.24 */
#define DOE_WRITE           0x10
#define DOE_READ            0x14
#define BAR_COMPONENT       0
#define BAR_DEVICE          2
#define OP_IDENTIFY         0x4000

typedef struct Run {
    const uint8_t *bytes;
    size_t left;
    const CXLDcdMakeup *makeup;
    CXLDcdDevice *d;
    QTestState *qts;
    GArray *opcodes;
    uint64_t doe;
    uint64_t component;
    uint64_t registers;
    bool strayed;                 /* registers may be anywhere */
} Run;

/* The next @size bytes as a number */
static uint64_t take(Run *run, unsigned size)
{
    uint64_t value = 0;
    unsigned i;

    for (i = 0; i < size && run->left; i++) {
        value |= (uint64_t)*run->bytes++ << 8 * i;
        run->left--;
    }
    return value;
}

static unsigned take_width(Run *run, unsigned most)
{
    return MIN(1U << take(run, 1) % 4, most);
}

/* --- Commands --- */

/* Bytes of input that a driver would send; where it varies, the least */
static uint32_t usual_length(uint16_t opcode)
{
    static const uint16_t lengths[][2] = {
        { 0x0100, 1 }, { 0x0101, 8 }, { 0x0103, 5 }, { 0x0201, 0x100 },
        { 0x0202, 2 }, { 0x0301, 8 }, { 0x0401, 0x18 }, { 0x0500, 8 },
        { 0x0501, 0x15 }, { 0x0502, 0x22 }, { 0x4102, 8 }, { 0x4103, 16 },
        { 0x4202, 12 }, { 0x4300, 16 }, { 0x4301, 8 }, { 0x4302, 72 },
        { 0x4303, 16 }, { 0x4304, 17 }, { 0x4800, 2 }, { 0x4801, 8 },
        { 0x4802, 32 }, { 0x4803, 32 },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(lengths); i++) {
        if (lengths[i][0] == opcode) {
            return lengths[i][1];
        }
    }
    return 0;
}

/* Names that a command asks for, and addresses of what there is */
static void usual_payload(Run *run, uint16_t opcode, uint8_t *payload)
{
    static const uint8_t log[] = { CXL_DCD_CEL_UUID_BYTES };
    static const uint8_t features[2][16] = {
        { 0x96, 0xda, 0xd7, 0xd6, 0xfd, 0xe8, 0x48, 0x2b, 0xa7, 0x33, 0x75,
          0x77, 0x4e, 0x06, 0xdb, 0x8a },
        { 0xe5, 0xb1, 0x3f, 0x22, 0x23, 0x28, 0x4a, 0x14, 0xb8, 0xba, 0xb9,
          0x69, 0x1e, 0x89, 0x33, 0x86 },
    };
    uint64_t base = run->makeup->dynamic ? run->d->dc_base : 0;

    switch (opcode) {
    case 0x0401:
        memcpy(payload, log, sizeof(log));
        break;
    case 0x0501:
    case 0x0502:
        memcpy(payload, features[take(run, 1) % 2], 16);
        payload[22] = opcode == 0x0502;
        break;
    case 0x4300:
    case 0x4301:
    case 0x4302:
    case 0x4303:
    case 0x4304:
        stq_le_p(payload, take(run, 1) % 4 * base / 2 + take(run, 1) * 64);
        stq_le_p(payload + 8, take(run, 2));
        break;
    case 0x4802:
    case 0x4803:
        payload[0] = take(run, 1) % 4;
        payload[4] = take(run, 1) & 1;
        stq_le_p(payload + 8, base + take(run, 1) % 16 * CXL_DCD_TEST_BLOCK);
        stq_le_p(payload + 16, CXL_DCD_TEST_BLOCK << take(run, 1) % 3);
        break;
    default:
        break;
    }
}

static void settle(Run *run)
{
    unsigned polls;

    for (polls = 0; polls < DOORBELL_POLLS; polls++) {
        uint32_t control = qtest_readl(run->qts,
                                       run->d->mailbox + MAILBOX_CONTROL);

        if (!(control & 1) || control == UINT32_MAX) {
            return;
        }
        g_usleep(100);
    }
    /* Registers that moved may show anything; these have not */
    g_assert_true(run->strayed);
}

static void ring(Run *run, uint16_t opcode, uint32_t length,
                 const uint8_t *payload)
{
    if (!run->strayed) {
        cxl_dcd_raw(run->d, opcode, length, payload, NULL);
        return;
    }
    settle(run);
    qtest_memwrite(run->qts, run->d->mailbox + MAILBOX_PAYLOAD, payload,
                   CXL_DCD_RAW_PAYLOAD);
    qtest_writeq(run->qts, run->d->mailbox + MAILBOX_COMMAND,
                 opcode | (uint64_t)length << 16);
    qtest_writel(run->qts, run->d->mailbox + MAILBOX_CONTROL, 1);
    settle(run);
}

static void command(Run *run, bool raw)
{
    uint8_t payload[CXL_DCD_RAW_PAYLOAD];
    unsigned chosen, count, i;
    uint16_t opcode;
    uint32_t length;

    if (raw) {
        opcode = take(run, 2);
        length = take(run, 3) & CXL_DCD_RAW_LENGTH_MAX;
    } else {
        chosen = take(run, 1);
        opcode = g_array_index(run->opcodes, uint16_t,
                               chosen % run->opcodes->len);
        chosen = take(run, 1);
        length = usual_length(opcode);
        length = chosen < 192 ? length :
                 chosen < 224 ? length + chosen % 32 :
                 chosen < 240 ? length - MIN(length, chosen % 16) :
                 (uint32_t)(chosen % 16) << 7;
    }
    memset(payload, take(run, 1) & 1 ? 0xff : 0, sizeof(payload));
    usual_payload(run, opcode, payload);
    count = take(run, 1) % 80;
    for (i = 0; i < count && run->left; i++) {
        /* In place of what is usual, from some byte of it on */
        uint8_t byte = take(run, 1);

        payload[(i + 16) % 80] = byte;
    }
    ring(run, opcode, length, payload);
}

/* --- The other doors --- */

static void touch(Run *run, uint64_t address, unsigned most)
{
    unsigned width = take_width(run, most);
    unsigned how = take(run, 1) % 4;
    uint64_t value = how == 0 ? UINT64_MAX : how == 1 ? 0 : take(run, width);

    if (how != 3) {
        cxl_dcd_raw_write(run->d, address, width, value);
    }
    cxl_dcd_raw_read(run->d, address, width);
}

static void config(Run *run)
{
    unsigned offset = take(run, 2) % 4093;

    touch(run, run->d->config + offset, 4);
    run->strayed = true;
}

static void exchange(Run *run)
{
    unsigned words = take(run, 1) % 8, reads = take(run, 1) % 40, i;
    uint32_t first = take(run, 1) & 1 ? 0x00021e98 : 1;

    for (i = 0; i < words; i++) {
        qtest_writel(run->qts, run->doe + DOE_WRITE,
                     i == 0 ? first : i == 1 ? 3 : take(run, 4));
    }
    qtest_writel(run->qts, run->doe + DOE_CONTROL,
                 take(run, 1) % 8 ? 1U << 31 : 1);
    for (i = 0; i < reads; i++) {
        qtest_readl(run->qts, run->doe + DOE_READ);
        qtest_writel(run->qts, run->doe + DOE_READ, 0);
    }
}

static void by_qmp(Run *run)
{
    unsigned kind = take(run, 1) % 4;
    uint64_t at = take(run, 1) % 16 * CXL_DCD_TEST_BLOCK;
    uint64_t length = CXL_DCD_TEST_BLOCK << take(run, 1) % 3;
    uint64_t line = take(run, 1) * 64;
    const char *path = run->d->path;

    if (!run->makeup->dynamic) {
        return;
    }
    if (kind == 0) {
        qobject_unref(qtest_qmp(run->qts, "{'execute':'cxl-inject-poison',"
            "'arguments':{'path':%s,'start':%" PRIu64 ",'length':%" PRIu64
            "}}", path, run->d->dc_base + at + line, length >> 14));
    } else if (kind == 1) {
        qobject_unref(qtest_qmp(run->qts,
            "{'execute':'cxl-add-dynamic-capacity','arguments':{'path':%s,"
            "'region':0,'extents':[{'offset':%" PRIu64 ",'len':%" PRIu64
            "}]}}", path, at, length));
    } else {
        qobject_unref(qtest_qmp(run->qts,
            "{'execute':'cxl-release-dynamic-capacity','arguments':{'path':%s,"
            "'region':0,'forced-removal':%i,'extents':[{'offset':%" PRIu64
            ",'len':%" PRIu64 "}]}}", path, kind == 2, at, length));
    }
}

static void find_registers(Run *run)
{
    run->strayed = false;
    run->doe = cxl_dcd_raw_doe(run->d);
    run->component = cxl_dcd_raw_bar(run->d, BAR_COMPONENT);
    run->registers = cxl_dcd_raw_bar(run->d, BAR_DEVICE);
}

static void reset(Run *run)
{
    unsigned kind = take(run, 1) % 3;

    if (run->strayed || kind == 0) {
        cxl_dcd_machine_reset(run->d->machine);
    } else if (kind == 1) {
        cxl_dcd_device_flr(run->d);
    } else if (run->makeup->dynamic) {
        cxl_dcd_device_cxl_reset(run->d);
    }
    find_registers(run);
}

static void deed(Run *run)
{
    static const CXLDcdFuzzKind kinds[16] = {
        FUZZ_COMMAND, FUZZ_COMMAND, FUZZ_COMMAND, FUZZ_COMMAND, FUZZ_COMMAND,
        FUZZ_COMMAND, FUZZ_COMMAND_RAW, FUZZ_REGISTER, FUZZ_MAILBOX,
        FUZZ_CONFIG, FUZZ_EXCHANGE, FUZZ_MEMORY, FUZZ_TIME, FUZZ_QMP,
        FUZZ_RESET, FUZZ_RESET,
    };

    switch (kinds[take(run, 1) % ARRAY_SIZE(kinds)]) {
    case FUZZ_COMMAND:
        command(run, false);
        break;
    case FUZZ_COMMAND_RAW:
        command(run, true);
        break;
    case FUZZ_REGISTER:
        touch(run, take(run, 1) & 1 ? run->component + take(run, 2) :
                                      run->registers + take(run, 2) % 4096, 8);
        settle(run);
        break;
    case FUZZ_MAILBOX:
        touch(run, run->d->mailbox + take(run, 1) % 0x60, 8);
        settle(run);
        break;
    case FUZZ_CONFIG:
        config(run);
        break;
    case FUZZ_EXCHANGE:
        exchange(run);
        break;
    case FUZZ_MEMORY:
        touch(run, run->d->machine->window + take(run, 4), 8);
        break;
    case FUZZ_TIME:
        qtest_clock_step(run->qts, (take(run, 1) + 1) * 100000000LL);
        break;
    case FUZZ_QMP:
        by_qmp(run);
        break;
    default:
        reset(run);
        break;
    }
}

void cxl_dcd_fuzz_run(const uint8_t *bytes, size_t count)
{
    static const uint16_t others[] = { 0x0000, 0x0002, 0x4402, 0x5600, 0xffff };
    Run run = { .bytes = bytes, .left = MIN(count, CXL_DCD_FUZZ_MAX) };
    CXLDcdMachine *machine;
    CXLDcdRawReply reply;

    run.makeup = &cxl_dcd_makeups[take(&run, 1) % CXL_DCD_RAW_MAKEUPS];
    machine = cxl_dcd_machine_start(&run.makeup->options);
    run.d = &machine->device[0];
    run.qts = machine->qts;
    run.opcodes = cxl_dcd_raw_opcodes(run.d);
    g_array_append_vals(run.opcodes, others, ARRAY_SIZE(others));
    find_registers(&run);
    if (run.makeup->dynamic) {
        cxl_dcd_map(run.d);
        cxl_dcd_add_accepted(run.d, { 0, 2 * CXL_DCD_TEST_BLOCK });
    }
    while (run.left) {
        deed(&run);
    }
    cxl_dcd_machine_reset(machine);
    cxl_dcd_raw_bytes(run.d, OP_IDENTIFY, NULL, 0, &reply);
    g_assert_cmphex(reply.code, ==, CXL_DCD_RC_SUCCESS);
    g_array_unref(run.opcodes);
    cxl_dcd_machine_stop(machine);
}
