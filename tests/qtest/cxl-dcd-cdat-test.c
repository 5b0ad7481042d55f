/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: CDAT. Every DC region has a DSMAS with the
 * dynamic capacity bit, performance, and an EFI memory type.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cxl-dcd-client.h"

#define DSMAS   0
#define DSLBIS  1
#define DSEMTS  4

#define MIB     CXL_DCD_TEST_MIB

/* The entry of @type whose handle is @handle, NULL when there is none. */
static const uint8_t *find(const GByteArray *cdat, uint8_t type, uint8_t handle)
{
    uint32_t at = 0x10;

    while (at < cdat->len) {
        const uint8_t *entry = cdat->data + at;

        g_assert_cmpuint(lduw_le_p(entry + 2), >=, 8);
        if (entry[0] == type && entry[4] == handle) {
            return entry;
        }
        at += lduw_le_p(entry + 2);
    }
    g_assert_cmpuint(at, ==, cdat->len);
    return NULL;
}

static void envelope(CXLDcdDevice *d)
{
    g_autoptr(GByteArray) cdat = cxl_dcd_read_cdat(d);
    uint8_t sum = 0;
    guint i;

    g_assert_cmpuint(ldl_le_p(cdat->data), ==, cdat->len);
    for (i = 0; i < cdat->len; i++) {
        sum += cdat->data[i];
    }
    g_assert_cmphex(sum, ==, 0);
}

/* What every region of any machine must have; @flags by region. */
static void check_regions(CXLDcdDevice *d, const uint8_t *flags,
                          const uint8_t *efi)
{
    g_autoptr(GByteArray) cdat = cxl_dcd_read_cdat(d);
    CXLDcdHostConfig config;
    unsigned i;

    g_assert_cmphex(cxl_dcd_get_config(d, 8, 0, &config), ==,
                    CXL_DCD_RC_SUCCESS);
    for (i = 0; i < config.returned; i++) {
        const CXLDcdWireRegion *region = &config.region[i];
        uint8_t handle = cxl_dcd_get32(region->dsmad_handle);
        uint64_t decode = cxl_dcd_get64(region->decode_length) *
                          CXL_DCD_CAPACITY_UNIT;
        const uint8_t *dsmas = find(cdat, DSMAS, handle);
        const uint8_t *dslbis = find(cdat, DSLBIS, handle);
        const uint8_t *dsemts = find(cdat, DSEMTS, handle);

        g_assert_nonnull(dsmas);
        g_assert_cmpuint(lduw_le_p(dsmas + 2), ==, 0x18);
        g_assert_cmphex(dsmas[5], ==, flags[i]);
        g_assert_cmphex(ldq_le_p(dsmas + 8), ==, cxl_dcd_get64(region->base));
        g_assert_cmphex(ldq_le_p(dsmas + 16), ==, decode);
        g_assert_nonnull(dslbis);
        g_assert_cmpuint(lduw_le_p(dslbis + 2), ==, 0x18);
        g_assert_cmphex(ldq_le_p(dslbis + 8), !=, 0);
        g_assert_nonnull(dsemts);
        g_assert_cmpuint(lduw_le_p(dsemts + 2), ==, 0x18);
        g_assert_cmphex(dsemts[5], ==, efi[i]);
        g_assert_cmphex(ldq_le_p(dsemts + 8), ==, 0);
        g_assert_cmphex(ldq_le_p(dsemts + 16), ==, decode);
    }
}

static void usual(CXLDcdDevice *d)
{
    const uint8_t flags[] = { CXL_DCD_REGION_IC_SPECIFIC,
                              CXL_DCD_REGION_IC_SPECIFIC };
    const uint8_t efi[] = { 1, 1 };

    check_regions(d, flags, efi);
}

static void attributes(CXLDcdDevice *d)
{
    const uint8_t flags[] = {
        CXL_DCD_REGION_IC_SPECIFIC | CXL_DCD_REGION_SHARABLE,
        CXL_DCD_REGION_IC_SPECIFIC | CXL_DCD_REGION_NONVOLATILE,
        CXL_DCD_REGION_IC_SPECIFIC | CXL_DCD_REGION_SHARABLE |
        CXL_DCD_REGION_READ_ONLY | CXL_DCD_REGION_HW_COHERENT,
    };
    const uint8_t efi[] = { 1, 2, 1 };

    check_regions(d, flags, efi);
}

static void handles_differ(CXLDcdDevice *d)
{
    CXLDcdHostConfig config;

    g_assert_cmphex(cxl_dcd_get_config(d, 8, 0, &config), ==,
                    CXL_DCD_RC_SUCCESS);
    g_assert_cmphex(config.region[0].dsmad_handle, !=,
                    config.region[1].dsmad_handle);
}

/* Static memory keeps its own entries beside those of the DC regions. */
static void with_static(CXLDcdDevice *d)
{
    g_autoptr(GByteArray) cdat = cxl_dcd_read_cdat(d);
    const uint8_t *dsmas = NULL;
    uint32_t at;

    usual(d);
    for (at = 0x10; at < cdat->len; at += lduw_le_p(cdat->data + at + 2)) {
        if (cdat->data[at] == DSMAS && !ldq_le_p(cdat->data + at + 8)) {
            dsmas = cdat->data + at;
        }
    }
    g_assert_nonnull(dsmas);
    g_assert_cmphex(dsmas[5] & CXL_DCD_REGION_IC_SPECIFIC, ==, 0);
    g_assert_cmphex(ldq_le_p(dsmas + 16), ==, 256 * MIB);
    g_assert_cmphex(d->dc_base, ==, 256 * MIB);
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions with_memory = { .static_size = 256 * MIB };
    static const CXLDcdOptions three = {
        .size = 3 * 256 * MIB,
        .regions = "[{\"size\":268435456,\"flags\":[\"sharable\"]},"
                   "{\"size\":268435456,\"flags\":[\"nonvolatile\"]},"
                   "{\"size\":268435456,\"flags\":[\"sharable\",\"read-only\","
                   "\"hw-coherent\"]}]",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/cdat/envelope", NULL, envelope);
    cxl_dcd_add_case("/cxl-dcd/cdat/regions", NULL, usual);
    cxl_dcd_add_case("/cxl-dcd/cdat/attributes", &three, attributes);
    cxl_dcd_add_case("/cxl-dcd/cdat/handles-differ", NULL, handles_differ);
    cxl_dcd_add_case("/cxl-dcd/cdat/static-memory-beside", &with_memory,
                     with_static);
    return g_test_run();
}
