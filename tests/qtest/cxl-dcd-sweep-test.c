/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: every command of the Command Effects Log, and
 * some that are not in it, with every length that tells lengths apart and with
 * several payloads, for each make-up of a device. Whatever it is, QEMU lives,
 * the answer is as long as the specification has it, and nothing is behind it.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cxl-dcd-client-raw.h"

#define SUCCESS         CXL_DCD_RC_SUCCESS
#define ANY             UINT32_MAX
#define OP_SANITIZE     0x4400

/* Of the commands that we know: lengths that are possible, and of the answer */
typedef struct Known {
    uint16_t opcode;
    uint32_t min;
    uint32_t max;
    uint32_t answer;
} Known;

static const Known known[] = {
    { 0x0005, 0, 0, 0 },
    { 0x0100, 1, 1, ANY },
    { 0x0101, 6, 2048, 0 },
    { 0x0102, 0, 0, 5 },
    { 0x0103, 4, 5, 0 },
    { 0x0200, 0, 0, 0x50 },
    { 0x0201, 0x80, 2048, 0 },
    { 0x0202, 2, 2, 0 },
    { 0x0300, 0, 0, 8 },
    { 0x0301, 8, 8, 0 },
    { 0x0400, 0, 0, 0x1c },
    { 0x0401, 0x18, 0x18, ANY },
    { 0x0500, 8, 8, ANY },
    { 0x0501, 0x15, 0x15, ANY },
    { 0x0502, 0x20, 2048, 0 },
    { 0x4000, 0, 0, 0x45 },
    { 0x4100, 0, 0, 0x20 },
    { 0x4102, 8, 8, ANY },
    { 0x4103, 8, 2048, 0 },
    { 0x4201, 0, 0, 0x10 },
    { 0x4202, 12, 12, 0 },
    { 0x4300, 16, 16, ANY },
    { 0x4301, 8, 8, 0 },
    { 0x4302, 72, 72, 0 },
    { 0x4303, 16, 16, 4 },
    { 0x4304, 17, 17, 0 },
    { 0x4305, 0, 0, ANY },
    { 0x4400, 0, 0, 0 },
    { 0x4500, 0, 0, 4 },
    { 0x4800, 2, 2, ANY },
    { 0x4801, 8, 8, ANY },
    { 0x4802, 8, 2048, 0 },
    { 0x4803, 8, 2048, 0 },
};

/* Not in the log, or not for this mailbox */
static const uint16_t others[] = {
    0x0000, 0x0001, 0x0002, 0x0003, 0x0004, 0x0402, 0x0600, 0x4101, 0x4200,
    0x4402, 0x4501, 0x4804, 0x5100, 0x5300, 0x5600, 0x56ff, 0xc000, 0xffff,
};

static const Known *find(uint16_t opcode)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(known); i++) {
        if (known[i].opcode == opcode) {
            return &known[i];
        }
    }
    return NULL;
}

/* What a driver would send, as far as it matters where a handler goes */
static void plausible(uint16_t opcode, uint8_t *payload)
{
    static const uint8_t log[] = { CXL_DCD_CEL_UUID_BYTES };
    static const uint8_t scrub[] = {
        0x96, 0xda, 0xd7, 0xd6, 0xfd, 0xe8, 0x48, 0x2b, 0xa7, 0x33, 0x75, 0x77,
        0x4e, 0x06, 0xdb, 0x8a,
    };

    switch (opcode) {
    case 0x0201:
        payload[1] = 2;
        break;
    case 0x0401:
        memcpy(payload, log, sizeof(log));
        break;
    case 0x0501:
    case 0x0502:
        memcpy(payload, scrub, sizeof(scrub));
        payload[22] = opcode == 0x0502;
        break;
    default:
        break;
    }
}

#define FILLS 8

static void fill(unsigned which, uint16_t opcode, uint64_t *state,
                 uint8_t payload[CXL_DCD_RAW_PAYLOAD])
{
    unsigned i;

    memset(payload, which == 1 ? 0xff : which == 2 ? 0x01 : 0,
           CXL_DCD_RAW_PAYLOAD);
    if (which >= 4) {
        for (i = 0; i < CXL_DCD_RAW_PAYLOAD; i += 8) {
            stq_le_p(payload + i, cxl_dcd_raw_random(state));
        }
    }
    if (which == 3 || which >= 5) {
        plausible(opcode, payload);
    }
    if (which == 7) {
        /* Small numbers after the name */
        for (i = 16; i < 64; i++) {
            payload[i] &= i % 4 ? 0 : 0x7f;
        }
        plausible(opcode, payload);
    }
}

/* @loaded: something else may be under way, which comes first */
static void judge(uint16_t opcode, uint32_t length, bool loaded,
                  const CXLDcdRawReply *reply)
{
    const Known *one = find(opcode);

    if (!one) {
        g_assert_cmphex(reply->code, ==, length > CXL_DCD_RAW_PAYLOAD ?
                        CXL_DCD_RC_INVALID_PAYLOAD_LENGTH :
                        CXL_DCD_RC_UNSUPPORTED);
        return;
    }
    if (length < one->min || length > one->max) {
        bool later = loaded && (reply->code == CXL_DCD_RC_BUSY ||
                                reply->code == CXL_DCD_RC_MEDIA_DISABLED);

        if (reply->code != CXL_DCD_RC_INVALID_PAYLOAD_LENGTH &&
            reply->code != CXL_DCD_RC_UNSUPPORTED && !later) {
            g_error("%04xh takes %u bytes: %x", opcode, length, reply->code);
        }
    }
    if (reply->code == SUCCESS && one->answer != ANY) {
        g_assert_cmphex(reply->length, ==, one->answer);
    }
}

static void sweep_opcode(CXLDcdDevice *d, uint16_t opcode, bool loaded,
                         uint64_t *state)
{
    const Known *one = find(opcode);
    uint32_t min = one ? one->min : 8, max = one ? one->max : 8;
    const uint32_t lengths[] = {
        0, 1, min - 1, min, min + 1, max - 1, max, max + 1, 2, 4, 5, 9, 15, 31,
        33, 40, 64, 129, 136, 256, 1024, 2047, 2048, 2049, 4096, 65536,
        CXL_DCD_RAW_LENGTH_MAX,
    };
    uint8_t payload[CXL_DCD_RAW_PAYLOAD];
    CXLDcdRawReply reply;
    unsigned i, k;

    for (i = 0; i < ARRAY_SIZE(lengths); i++) {
        uint32_t length = lengths[i] & CXL_DCD_RAW_LENGTH_MAX;
        bool fits = one && length >= min && length <= max;

        for (k = 0; k < i && lengths[k] != lengths[i];) {
            k++;
        }
        if (k < i) {
            continue;
        }
        for (k = 0; k < (fits ? 3 * FILLS : 2); k++) {
            fill(fits ? k % FILLS : k, opcode, state, payload);
            cxl_dcd_raw(d, opcode, length, payload, &reply);
            judge(opcode, length, loaded, &reply);
            if (reply.code == CXL_DCD_RC_BACKGROUND_STARTED && !loaded) {
                cxl_dcd_raw_wait(d);
            }
        }
    }
}

/* A device that has something of everything */
static void prepare(CXLDcdDevice *d, const CXLDcdMakeup *makeup, bool first)
{
    unsigned i;
    uint8_t in[8];

    if (makeup->dynamic && first) {
        cxl_dcd_add_accepted(d, { 0, CXL_DCD_TEST_BLOCK });
        cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 8 * CXL_DCD_TEST_BLOCK,
                                             CXL_DCD_TEST_BLOCK }));
    }
    for (i = 0; i < 200; i++) {
        stq_le_p(in, (makeup->dynamic ? d->dc_base : 0) + i * 64);
        g_assert_cmphex(cxl_dcd_raw_bytes(d, 0x4301, in, sizeof(in), NULL), ==,
                        SUCCESS);
    }
}

static void works(CXLDcdDevice *d)
{
    const uint8_t range[16] = { 0 };
    CXLDcdRawReply reply;

    cxl_dcd_machine_reset(d->machine);
    cxl_dcd_raw_bytes(d, 0x4000, NULL, 0, &reply);
    g_assert_cmphex(reply.code, ==, SUCCESS);
    cxl_dcd_raw_bytes(d, OP_SANITIZE, NULL, 0, &reply);
    g_assert_cmphex(reply.code, ==, CXL_DCD_RC_BACKGROUND_STARTED);
    cxl_dcd_raw_wait(d);
    cxl_dcd_raw_bytes(d, 0x4300, range, sizeof(range), &reply);
    g_assert_cmphex(reply.code, ==, SUCCESS);
}

/* Of what is not known here nobody has said which lengths it takes */
static void assert_known(const GArray *opcodes)
{
    unsigned i;

    for (i = 0; i < opcodes->len; i++) {
        if (!find(g_array_index(opcodes, uint16_t, i))) {
            g_error("no lengths here for %04xh",
                    g_array_index(opcodes, uint16_t, i));
        }
    }
}

/*
 * Twice: with what runs in the background brought to its end after each
 * command, and with it going on beneath the following ones.
 */
static void sweep(gconstpointer data)
{
    const CXLDcdMakeup *makeup = data;
    CXLDcdMachine *machine = cxl_dcd_machine_start(&makeup->options);
    CXLDcdDevice *d = &machine->device[0];
    g_autoptr(GArray) opcodes = cxl_dcd_raw_opcodes(d);
    uint64_t state = 1;
    unsigned round, i;

    assert_known(opcodes);
    g_array_append_vals(opcodes, others, ARRAY_SIZE(others));
    for (round = 0; round < 2; round++) {
        prepare(d, makeup, !round);
        for (i = 0; i < opcodes->len; i++) {
            sweep_opcode(d, g_array_index(opcodes, uint16_t, i), round,
                         &state);
            if (round) {
                qtest_clock_step(machine->qts, 300000000);
            }
        }
        cxl_dcd_raw_wait(d);
        works(d);
    }
    cxl_dcd_machine_stop(machine);
}

static void add(const char *path, const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cxl_dcd_makeups); i++) {
        if (!strcmp(cxl_dcd_makeups[i].name, name)) {
            qtest_add_data_func(path, &cxl_dcd_makeups[i], sweep);
            return;
        }
    }
    g_assert_not_reached();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/cxl-dcd/sweep/dynamic", "dynamic");
    add("/cxl-dcd/sweep/volatile", "volatile");
    add("/cxl-dcd/sweep/persistent", "persistent");
    add("/cxl-dcd/sweep/all", "all");
    add("/cxl-dcd/sweep/static", "static");
    return g_test_run();
}
