/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: decoders, and the CDAT
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "cxl-dcd-client.h"

#define HDM_GLOBAL         0x04     /* 8.2.4.20 */
#define HDM_DECODER(n)     (0x10 + 0x20 * (n))
#define HDM_BASE           0x00     /* each: low word, high word */
#define HDM_SIZE           0x08
#define HDM_CONTROL        0x10
#define HDM_SKIP           0x14
#define HDM_ENABLE         (1 << 1)
#define HDM_COMMIT         (1 << 9)
#define HDM_COMMITTED      CXL_DCD_TEST_HDM_COMMITTED
#define HDM_ERROR          CXL_DCD_TEST_HDM_ERROR
#define HDM_HOST_ONLY      (1 << 12)

#define DOE_ID             0x2e     /* PCIe r6 6.30, 7.9.24 */
#define DOE_CONTROL        0x08
#define DOE_STATUS         0x0c
#define DOE_WRITE          0x10
#define DOE_READ           0x14
#define DOE_GO             (1U << 31)
#define DOE_READY          (1U << 31)
#define DOE_ERROR          (1U << 2)
#define DOE_CDAT           0x00021e98 /* vendor 1e98h, type 2 */
#define DOE_POLLS          10000

static void cxl_dcd_write_pair(QTestState *qts, uint64_t reg, uint64_t value)
{
    qtest_writel(qts, reg, value);
    qtest_writel(qts, reg + 4, value >> 32);
}

uint32_t cxl_dcd_decoder_try(CXLDcdMachine *machine, uint64_t hdm,
                             const CXLDcdDecoder *decoder)
{
    QTestState *qts = machine->qts;
    uint64_t reg = hdm + HDM_DECODER(decoder->index);

    g_assert_cmphex(hdm, !=, 0);
    qtest_writel(qts, hdm + HDM_GLOBAL, HDM_ENABLE);
    cxl_dcd_write_pair(qts, reg + HDM_BASE, decoder->hpa);
    cxl_dcd_write_pair(qts, reg + HDM_SIZE, decoder->size);
    cxl_dcd_write_pair(qts, reg + HDM_SKIP, decoder->skip);
    qtest_writel(qts, reg + HDM_CONTROL,
                 decoder->granularity_code | decoder->ways_code << 4 |
                 HDM_HOST_ONLY | HDM_COMMIT);
    return qtest_readl(qts, reg + HDM_CONTROL) &
           (HDM_COMMITTED | HDM_ERROR);
}

void cxl_dcd_decoder_commit(CXLDcdMachine *machine, uint64_t hdm,
                            const CXLDcdDecoder *decoder)
{
    g_assert_cmphex(cxl_dcd_decoder_try(machine, hdm, decoder), ==,
                    HDM_COMMITTED);
}

void cxl_dcd_decoder_uncommit(CXLDcdMachine *machine, uint64_t hdm,
                              unsigned index)
{
    uint64_t reg = hdm + HDM_DECODER(index) + HDM_CONTROL;
    uint32_t control = qtest_readl(machine->qts, reg);

    qtest_writel(machine->qts, reg, control & ~HDM_COMMIT);
    g_assert_cmphex(qtest_readl(machine->qts, reg) & HDM_COMMITTED, ==, 0);
}

uint64_t cxl_dcd_map(CXLDcdDevice *device)
{
    CXLDcdMachine *machine = device->machine;
    CXLDcdHostConfig config;
    CXLDcdDecoder decoder = { .hpa = machine->window };
    const CXLDcdWireRegion *last;

    g_assert_cmphex(cxl_dcd_get_config(device, CXL_DCD_MAX_REGIONS, 0, &config),
                    ==, CXL_DCD_RC_SUCCESS);
    last = &config.region[config.returned - 1];
    decoder.size = cxl_dcd_get64(last->base) - device->dc_base +
                   cxl_dcd_get64(last->decode_length) * CXL_DCD_CAPACITY_UNIT;
    if (machine->host_bridge_hdm) {
        /* One target: the first root port, whose port number is 0. */
        cxl_dcd_decoder_commit(machine, machine->host_bridge_hdm, &decoder);
    }
    decoder.skip = device->dc_base;
    cxl_dcd_decoder_commit(machine, device->hdm, &decoder);
    return decoder.hpa;
}

uint64_t cxl_dcd_map_beside(CXLDcdMachine *machine, unsigned index)
{
    CXLDcdDecoder decoder = {
        .index = index,
        .hpa = machine->window + index * CXL_DCD_TEST_GIB,
        .size = CXL_DCD_TEST_GIB,
        .skip = index,
    };

    cxl_dcd_decoder_commit(machine, machine->host_bridge_hdm, &decoder);
    decoder.index = 0;
    decoder.skip = machine->device[index].dc_base;
    cxl_dcd_decoder_commit(machine, machine->device[index].hdm, &decoder);
    return decoder.hpa;
}

void cxl_dcd_set_commit(CXLDcdMachine *machine, unsigned ways_code,
                        unsigned granularity_code)
{
    unsigned bridge_code = ctz32(machine->bridges), i;
    CXLDcdDecoder set = {
        .hpa = machine->window,
        .size = 512 * CXL_DCD_TEST_MIB << ways_code,
        .ways_code = ways_code,
        .granularity_code = granularity_code,
    };
    CXLDcdDecoder above = set;

    /* Ports in the order of their numbers */
    above.skip = 0x0706050403020100;
    if (machine->behind_switch) {
        cxl_dcd_decoder_commit(machine, machine->switch_hdm, &above);
    }
    for (i = 0; i < machine->bridges && machine->bridge_hdm[i]; i++) {
        above.ways_code = machine->behind_switch ? 0 : ways_code - bridge_code;
        above.granularity_code = granularity_code + bridge_code;
        cxl_dcd_decoder_commit(machine, machine->bridge_hdm[i], &above);
    }
    for (i = 0; i < 1U << ways_code; i++) {
        set.skip = machine->device[i].dc_base;
        cxl_dcd_decoder_commit(machine, machine->device[i].hdm, &set);
    }
}

uint64_t cxl_dcd_set_hpa(CXLDcdMachine *machine, unsigned ways_code,
                         unsigned granularity_code, unsigned position,
                         uint64_t offset)
{
    uint64_t g = 256ULL << granularity_code;

    return machine->window + offset % g +
        ((offset / g << ways_code) + position) * g;
}

/* One request to the DOE at @doe; the response's dwords, header included. */
static GArray *cxl_dcd_doe(CXLDcdDevice *device, uint64_t doe,
                           const uint32_t *request, unsigned count)
{
    QTestState *qts = device->machine->qts;
    GArray *response = g_array_new(false, false, sizeof(uint32_t));
    unsigned polls = 0, i;

    for (i = 0; i < count; i++) {
        qtest_writel(qts, doe + DOE_WRITE, request[i]);
    }
    qtest_writel(qts, doe + DOE_CONTROL, DOE_GO);
    while (!(qtest_readl(qts, doe + DOE_STATUS) & (DOE_READY | DOE_ERROR))) {
        g_assert_cmpuint(++polls, <, DOE_POLLS);
    }
    g_assert_cmphex(qtest_readl(qts, doe + DOE_STATUS) & DOE_ERROR, ==, 0);
    while (qtest_readl(qts, doe + DOE_STATUS) & DOE_READY) {
        uint32_t word = qtest_readl(qts, doe + DOE_READ);

        g_array_append_val(response, word);
        qtest_writel(qts, doe + DOE_READ, 0);   /* next dword */
    }
    g_assert_cmpuint(response->len, >=, 3);
    g_assert_cmpuint(g_array_index(response, uint32_t, 1), ==, response->len);
    return response;
}

/* Address of the DOE that a discovery names as CDAT's. */
static uint64_t cxl_dcd_find_cdat_doe(CXLDcdDevice *device)
{
    QTestState *qts = device->machine->qts;
    uint32_t at = 0x100;

    while (at) {
        uint32_t header = qtest_readl(qts, device->config + at);
        uint32_t index = 0;

        if ((header & 0xffff) == DOE_ID) {
            do {
                uint32_t request[] = { 0x00000001, 3, index };
                g_autoptr(GArray) found = cxl_dcd_doe(device,
                                                      device->config + at,
                                                      request, 3);
                uint32_t word = g_array_index(found, uint32_t, 2);

                if ((word & 0xffffff) == DOE_CDAT) {
                    return device->config + at;
                }
                index = word >> 24;
            } while (index);
        }
        at = header >> 20;
    }
    g_assert_not_reached();
}

GByteArray *cxl_dcd_read_cdat(CXLDcdDevice *device)
{
    uint64_t doe = cxl_dcd_find_cdat_doe(device);
    GByteArray *table = g_byte_array_new();
    uint32_t entry = 0;

    while (entry != 0xffff) {
        uint32_t request[] = { DOE_CDAT, 3, entry << 16 };
        g_autoptr(GArray) response = cxl_dcd_doe(device, doe, request, 3);

        g_assert_cmphex(g_array_index(response, uint32_t, 0), ==, DOE_CDAT);
        g_byte_array_append(table,
                            (guint8 *)&g_array_index(response, uint32_t, 3),
                            (response->len - 3) * sizeof(uint32_t));
        entry = g_array_index(response, uint32_t, 2) >> 16;
        g_assert_cmpuint(table->len, <, CXL_DCD_TEST_PAYLOAD);
    }
    return table;
}
