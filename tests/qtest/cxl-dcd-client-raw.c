/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a hostile guest
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "cxl-dcd-client-raw.h"

#define MAILBOX_CONTROL     0x04    /* 8.2.8.4 */
#define MAILBOX_COMMAND     0x08
#define MAILBOX_STATUS      0x10
#define MAILBOX_BACKGROUND  0x18
#define MAILBOX_PAYLOAD     0x20
#define BACKGROUND_RUNS     1       /* bit 0 of the status register */
#define DOORBELL_POLLS      100000
#define WAIT_STEP           1000000000LL
#define WAIT_STEPS          100
#define OP_GET_LOGS         0x0400
#define OP_GET_LOG          0x0401
#define LOGS_SIZE           0x18    /* 8.2.10.5.1: of the first log */
#define CEL_ENTRY           4
#define CODE_MAX            0x20    /* 8.2.8.4.5.1 */

#define PERSISTENT_MEMDEVS \
    "-object memory-backend-ram,id=pmem0,size=256M,reserve=off " \
    "-object memory-backend-ram,id=lsa0,size=1M "
#define PERSISTENT_PROPERTIES \
    ",\"persistent-memdev\":\"pmem0\",\"lsa\":\"lsa0\""

const CXLDcdMakeup cxl_dcd_makeups[CXL_DCD_RAW_MAKEUPS] = {
    {
        .name = "dynamic",
        .dynamic = true,
    }, {
        .name = "volatile",
        .options = { .static_size = 256 * CXL_DCD_TEST_MIB },
        .dynamic = true,
    }, {
        .name = "persistent",
        .options = {
            .arguments = PERSISTENT_MEMDEVS,
            .properties = PERSISTENT_PROPERTIES,
        },
        .dynamic = true,
        .lsa = CXL_DCD_TEST_MIB,
    }, {
        .name = "all",
        .options = {
            .static_size = 512 * CXL_DCD_TEST_MIB,
            .arguments = PERSISTENT_MEMDEVS,
            .properties = PERSISTENT_PROPERTIES,
        },
        .dynamic = true,
        .lsa = CXL_DCD_TEST_MIB,
    }, {
        .name = "static",
        .options = {
            .static_only = true,
            .static_size = 256 * CXL_DCD_TEST_MIB,
            .arguments = PERSISTENT_MEMDEVS,
            .properties = PERSISTENT_PROPERTIES,
        },
        .lsa = CXL_DCD_TEST_MIB,
    },
};

/* What holds for any answer */
static void check_reply(uint16_t opcode, uint32_t length,
                        const CXLDcdRawReply *reply)
{
    size_t i;

    g_assert_cmphex(reply->code, <=, CODE_MAX);
    g_assert_cmphex(reply->length, <=, CXL_DCD_RAW_PAYLOAD);
    if (reply->code != CXL_DCD_RC_SUCCESS) {
        g_assert_cmphex(reply->length, ==, 0);
    }
    for (i = reply->length; i < CXL_DCD_RAW_PAYLOAD; i++) {
        if (reply->bytes[i]) {
            g_error("%04xh with length %xh: code %x, %zu bytes of answer, and "
                    "byte %zu is %02x", opcode, length, reply->code,
                    reply->length, i, reply->bytes[i]);
        }
    }
}

static void wait_doorbell(CXLDcdDevice *device)
{
    unsigned polls = 0;

    while (cxl_dcd_doorbell(device)) {
        g_assert_cmpuint(++polls, <, DOORBELL_POLLS);
        g_usleep(100);
    }
}

uint16_t cxl_dcd_raw(CXLDcdDevice *device, uint16_t opcode, uint32_t length,
                     const uint8_t payload[CXL_DCD_RAW_PAYLOAD],
                     CXLDcdRawReply *reply)
{
    QTestState *qts = device->machine->qts;
    uint64_t mailbox = device->mailbox;
    CXLDcdRawReply own;

    reply = reply ?: &own;
    wait_doorbell(device);
    qtest_memwrite(qts, mailbox + MAILBOX_PAYLOAD, payload,
                   CXL_DCD_RAW_PAYLOAD);
    qtest_writeq(qts, mailbox + MAILBOX_COMMAND,
                 opcode | (uint64_t)length << 16);
    qtest_writel(qts, mailbox + MAILBOX_CONTROL, 1);
    wait_doorbell(device);
    reply->code = qtest_readq(qts, mailbox + MAILBOX_STATUS) >> 32;
    reply->length = qtest_readq(qts, mailbox + MAILBOX_COMMAND) >> 16 &
                    0x1fffff;
    qtest_memread(qts, mailbox + MAILBOX_PAYLOAD, reply->bytes,
                  CXL_DCD_RAW_PAYLOAD);
    check_reply(opcode, length, reply);
    return reply->code;
}

uint16_t cxl_dcd_raw_bytes(CXLDcdDevice *device, uint16_t opcode,
                           const void *bytes, size_t length,
                           CXLDcdRawReply *reply)
{
    uint8_t payload[CXL_DCD_RAW_PAYLOAD] = { 0 };

    g_assert_cmpuint(length, <=, sizeof(payload));
    if (length) {
        memcpy(payload, bytes, length);
    }
    return cxl_dcd_raw(device, opcode, length, payload, reply);
}

void cxl_dcd_raw_wait(CXLDcdDevice *device)
{
    QTestState *qts = device->machine->qts;
    unsigned steps = 0;

    while (qtest_readq(qts, device->mailbox + MAILBOX_STATUS) &
           BACKGROUND_RUNS) {
        g_assert_cmpuint(++steps, <, WAIT_STEPS);
        qtest_clock_step(qts, WAIT_STEP);
    }
}

GArray *cxl_dcd_raw_opcodes(CXLDcdDevice *device)
{
    CXLDcdGetLogRequest request = { .uuid = { CXL_DCD_CEL_UUID_BYTES } };
    GArray *opcodes = g_array_new(false, false, sizeof(uint16_t));
    CXLDcdRawReply reply;
    uint32_t size;
    size_t i;

    g_assert_cmphex(cxl_dcd_raw_bytes(device, OP_GET_LOGS, NULL, 0, &reply), ==,
                    CXL_DCD_RC_SUCCESS);
    size = ldl_le_p(reply.bytes + LOGS_SIZE);
    g_assert_cmphex(size, <=, CXL_DCD_RAW_PAYLOAD);
    request.length = cxl_dcd_put32(size);
    g_assert_cmphex(cxl_dcd_raw_bytes(device, OP_GET_LOG, &request,
                                      sizeof(request), &reply), ==,
                    CXL_DCD_RC_SUCCESS);
    for (i = 0; i < size; i += CEL_ENTRY) {
        uint16_t opcode = lduw_le_p(reply.bytes + i);

        g_array_append_val(opcodes, opcode);
    }
    return opcodes;
}

void cxl_dcd_raw_write(CXLDcdDevice *device, uint64_t address, unsigned size,
                       uint64_t value)
{
    QTestState *qts = device->machine->qts;

    switch (size) {
    case 1:
        qtest_writeb(qts, address, value);
        break;
    case 2:
        qtest_writew(qts, address, value);
        break;
    case 4:
        qtest_writel(qts, address, value);
        break;
    default:
        qtest_writeq(qts, address, value);
        break;
    }
}

uint64_t cxl_dcd_raw_read(CXLDcdDevice *device, uint64_t address, unsigned size)
{
    QTestState *qts = device->machine->qts;

    switch (size) {
    case 1:
        return qtest_readb(qts, address);
    case 2:
        return qtest_readw(qts, address);
    case 4:
        return qtest_readl(qts, address);
    default:
        return qtest_readq(qts, address);
    }
}

uint64_t cxl_dcd_raw_bar(CXLDcdDevice *device, unsigned index)
{
    return qtest_readq(device->machine->qts, device->config +
                       PCI_BASE_ADDRESS_0 + 4 * index) &
           PCI_BASE_ADDRESS_MEM_MASK;
}

uint64_t cxl_dcd_raw_doe(CXLDcdDevice *device)
{
    QTestState *qts = device->machine->qts;
    unsigned at = PCI_CFG_SPACE_SIZE;

    while (at) {
        uint32_t header = qtest_readl(qts, device->config + at);

        if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_DOE) {
            return device->config + at;
        }
        at = PCI_EXT_CAP_NEXT(header);
    }
    g_assert_not_reached();
}

/* splitmix64 */
uint64_t cxl_dcd_raw_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}
