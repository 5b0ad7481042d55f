/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: 4800h and 4801h (CXL r3.2 8.2.10.9.9), and what
 * the mailbox's other commands say of dynamic capacity
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS

/* DPA of a block of region 0 */
static uint64_t at(CXLDcdDevice *d, uint64_t block)
{
    return d->dc_base + block * BLOCK;
}

static uint16_t raw(CXLDcdDevice *d, uint16_t opcode, size_t len)
{
    static const uint8_t zeros[0x40];
    uint8_t out[0x800];

    return cxl_dcd_command(d, opcode, zeros, len, out, sizeof(out), NULL);
}

/* --- 4800h --- */

static void config_all(CXLDcdDevice *d)
{
    static const uint64_t length[] = { CXL_DCD_TEST_LENGTH,
                                       CXL_DCD_TEST_LENGTH1 };
    static const uint64_t block[] = { CXL_DCD_TEST_BLOCK, CXL_DCD_TEST_BLOCK1 };
    CXLDcdHostConfig config;
    uint64_t end = 0;
    unsigned i;

    g_assert_cmphex(cxl_dcd_get_config(d, CXL_DCD_MAX_REGIONS, 0, &config), ==,
                    SUCCESS);
    g_assert_cmpuint(config.available, ==, 2);
    g_assert_cmpuint(config.returned, ==, 2);
    for (i = 0; i < 2; i++) {
        const CXLDcdWireRegion *region = &config.region[i];
        uint64_t base = cxl_dcd_get64(region->base);

        g_assert_cmphex(base % CXL_DCD_REGION_ALIGN, ==, 0);
        g_assert_cmphex(base, >=, end);
        end = base +
              cxl_dcd_get64(region->decode_length) * CXL_DCD_CAPACITY_UNIT;
        g_assert_cmphex(end - base, ==, length[i]);
        g_assert_cmphex(cxl_dcd_get64(region->length), ==, length[i]);
        g_assert_cmphex(cxl_dcd_get64(region->block_size), ==, block[i]);
        g_assert_cmphex(cxl_dcd_get32(region->dsmad_handle), <=, 0xff);
        g_assert_cmphex(region->flags, ==, 0);
    }
    g_assert_cmpuint(cxl_dcd_get32(config.counters.supported_extents), >=,
                     10000);
    g_assert_cmpuint(cxl_dcd_get32(config.counters.available_extents), ==,
                     cxl_dcd_get32(config.counters.supported_extents));
    g_assert_cmpuint(cxl_dcd_get32(config.counters.available_tags), ==,
                     cxl_dcd_get32(config.counters.supported_tags));
}

static void config_part(CXLDcdDevice *d)
{
    CXLDcdHostConfig all, part;

    g_assert_cmphex(cxl_dcd_get_config(d, 8, 0, &all), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get_config(d, 1, 1, &part), ==, SUCCESS);
    g_assert_cmpuint(part.available, ==, 2);
    g_assert_cmpuint(part.returned, ==, 1);
    g_assert_cmpmem(&part.region[0], sizeof(part.region[0]),
                    &all.region[1], sizeof(all.region[1]));
    g_assert_cmpmem(&part.counters, sizeof(part.counters),
                    &all.counters, sizeof(all.counters));
    g_assert_cmphex(cxl_dcd_get_config(d, 255, 1, &part), ==, SUCCESS);
    g_assert_cmpuint(part.returned, ==, 1);
}

static void config_none(CXLDcdDevice *d)
{
    CXLDcdHostConfig config;

    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &config), ==, SUCCESS);
    g_assert_cmpuint(config.available, ==, 2);
    g_assert_cmpuint(config.returned, ==, 0);
    g_assert_cmpuint(cxl_dcd_get32(config.counters.supported_extents), >, 0);
}

static void config_bad_start(CXLDcdDevice *d)
{
    CXLDcdHostConfig config;

    g_assert_cmphex(cxl_dcd_get_config(d, 1, 2, &config), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(cxl_dcd_get_config(d, 1, 255, &config), ==,
                    CXL_DCD_RC_INVALID_INPUT);
}

static void config_bad_length(CXLDcdDevice *d)
{
    g_assert_cmphex(raw(d, CXL_DCD_OP_GET_CONFIG, 0), ==,
                    CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    g_assert_cmphex(raw(d, CXL_DCD_OP_GET_CONFIG, 1), ==,
                    CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    g_assert_cmphex(raw(d, CXL_DCD_OP_GET_CONFIG, 3), ==,
                    CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
}

/* Pending capacity counts against the limit, rejected capacity does not. */
static void config_counts_extents(CXLDcdDevice *d)
{
    CXLDcdHostConfig before, now;

    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &before), ==, SUCCESS);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 2 * BLOCK, BLOCK }));
    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &now), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(now.counters.available_extents) + 2, ==,
                     cxl_dcd_get32(before.counters.available_extents));
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 0), BLOCK }), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &now), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_get32(now.counters.available_extents) + 1, ==,
                     cxl_dcd_get32(before.counters.available_extents));
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 0), BLOCK }), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &now), ==, SUCCESS);
    g_assert_cmpmem(&now.counters, sizeof(now.counters), &before.counters,
                    sizeof(before.counters));
}

static void config_eight_regions(CXLDcdDevice *d)
{
    CXLDcdHostConfig config;

    g_assert_cmphex(cxl_dcd_get_config(d, 8, 0, &config), ==, SUCCESS);
    g_assert_cmpuint(config.available, ==, 8);
    g_assert_cmpuint(config.returned, ==, 8);
    g_assert_cmphex(cxl_dcd_get_config(d, 8, 7, &config), ==, SUCCESS);
    g_assert_cmpuint(config.returned, ==, 1);
}

static void config_equal_regions(CXLDcdDevice *d)
{
    CXLDcdHostConfig config;

    g_assert_cmphex(cxl_dcd_get_config(d, 8, 0, &config), ==, SUCCESS);
    g_assert_cmpuint(config.returned, ==, 4);
    g_assert_cmphex(cxl_dcd_get64(config.region[3].length), ==, 256 * MIB);
    g_assert_cmphex(cxl_dcd_get64(config.region[3].block_size), ==, BLOCK);
}

static void effects(CXLDcdDevice *d)
{
    g_assert_cmphex(cxl_dcd_effects(d, CXL_DCD_OP_GET_CONFIG), ==, 0);
    g_assert_cmphex(cxl_dcd_effects(d, CXL_DCD_OP_GET_EXTENT_LIST), ==, 0);
    g_assert_cmphex(cxl_dcd_effects(d, CXL_DCD_OP_ADD_RESPONSE), ==,
                    CXL_DCD_EFFECT_CONFIG);
    g_assert_cmphex(cxl_dcd_effects(d, CXL_DCD_OP_RELEASE), ==,
                    CXL_DCD_EFFECT_CONFIG);
}

/* Table 8-215: an FM's commands are optional on a mailbox; we have them not. */
static void fm_commands_not_on_mailbox(CXLDcdDevice *d)
{
    uint16_t opcode;

    for (opcode = CXL_DCD_OP_FM_GET_INFO; opcode <= CXL_DCD_OP_FM_LIST_TAGS;
         opcode++) {
        g_assert_cmpint(cxl_dcd_effects(d, opcode), ==, -1);
        g_assert_cmphex(raw(d, opcode, 0x10), ==, CXL_DCD_RC_UNSUPPORTED);
    }
}

static void identify(CXLDcdDevice *d)
{
    uint8_t out[0x80];
    size_t len;

    g_assert_cmphex(cxl_dcd_command(d, CXL_DCD_OP_IDENTIFY_MEMDEV, NULL, 0, out,
                                    sizeof(out), &len), ==, SUCCESS);
    g_assert_cmpuint(len, ==, 0x45);
    g_assert_cmpuint(out[0x43] | out[0x44] << 8, >=, 16384);
}

/* --- 4801h --- */

static void list_empty(CXLDcdDevice *d)
{
    CXLDcdExtentList list;

    g_assert_cmphex(cxl_dcd_get_extents(d, 0, 0, &list), ==, SUCCESS);
    g_assert_cmpuint(list.total, ==, 0);
    cxl_dcd_extents_free(&list);
    g_assert_cmphex(cxl_dcd_get_extents(d, 100, 0, &list), ==, SUCCESS);
    g_assert_cmpuint(list.extents->len, ==, 0);
    cxl_dcd_extents_free(&list);
}

static void list_bad_start(CXLDcdDevice *d)
{
    CXLDcdExtentList list;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    g_assert_cmphex(cxl_dcd_get_extents(d, 1, 1, &list), ==, SUCCESS);
    g_assert_cmpuint(list.extents->len, ==, 0);
    g_assert_cmpuint(list.total, ==, 1);
    cxl_dcd_extents_free(&list);
    g_assert_cmphex(cxl_dcd_get_extents(d, 1, 2, &list), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(cxl_dcd_get_extents(d, 0, UINT32_MAX, &list), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(cxl_dcd_get_extents(d, UINT32_MAX, UINT32_MAX, &list), ==,
                    CXL_DCD_RC_INVALID_INPUT);
}

static void list_bad_length(CXLDcdDevice *d)
{
    static const size_t lengths[] = { 0, 4, 7, 9 };
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_assert_cmphex(raw(d, CXL_DCD_OP_GET_EXTENT_LIST, lengths[i]), ==,
                        CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    }
}

static void list_without_pending(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_assert_no_extents(d);
    g_assert_cmphex(cxl_dcd_accept(d, { at(d, 0), BLOCK }), ==, SUCCESS);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    cxl_dcd_assert_extents(d, { at(d, 0), BLOCK });
}

static void list_with_releasing(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_assert_extents(d, { at(d, 0), BLOCK });
}

static uint32_t generation(CXLDcdDevice *d)
{
    CXLDcdExtentList list = cxl_dcd_list_extents(d);

    cxl_dcd_extents_free(&list);
    return list.generation;
}

static void list_generation(CXLDcdDevice *d)
{
    uint32_t first = generation(d), accepted, released;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmpuint(generation(d), ==, first);
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    g_assert_cmpuint(generation(d), ==, first);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    accepted = generation(d);
    g_assert_cmpuint(accepted, !=, first);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmpuint(generation(d), ==, accepted);
    g_assert_cmphex(cxl_dcd_give_back(d, { at(d, 0), BLOCK }), ==, SUCCESS);
    released = generation(d);
    g_assert_cmpuint(released, !=, accepted);
    g_assert_cmpuint(released, !=, first);
}

/* More extents than one payload carries: index by index, and in parts. */
static void list_in_parts(CXLDcdDevice *d)
{
    enum { N = 130 };
    CXLDcdSpan offset[N], dpa[N];
    CXLDcdExtentList one;
    unsigned i;

    for (i = 0; i < N; i++) {
        offset[i] = (CXLDcdSpan){ i * 2 * BLOCK, BLOCK };
        dpa[i] = (CXLDcdSpan){ d->dc_base + i * 2 * BLOCK, BLOCK };
    }
    cxl_dcd_add_accepted_n(d, offset, N);
    cxl_dcd_assert_extents_n(d, dpa, N);
    for (i = 0; i < N; i += 43) {
        g_assert_cmphex(cxl_dcd_get_extents(d, 1, i, &one), ==, SUCCESS);
        g_assert_cmpuint(one.total, ==, N);
        g_assert_cmpuint(one.extents->len, ==, 1);
        g_assert_cmphex(cxl_dcd_get64(g_array_index(one.extents,
                                                    CXLDcdWireExtent,
                                                    0).start_dpa), ==,
                        dpa[i].start);
        cxl_dcd_extents_free(&one);
    }
}

/* --- 4400h --- */

#define OP_SANITIZE      0x4400
#define SANITIZE_SECONDS 5

/* Sanitize, of all media: nothing answers until it is over, all is zero then */
static void sanitize(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint64_t hpa = cxl_dcd_map(d);
    uint8_t log = 0, out[64];
    size_t len;

    cxl_dcd_add_accepted(d, { 0, BLOCK }, { 4 * BLOCK, BLOCK });
    qtest_writeq(qts, hpa, 4711);
    qtest_writeq(qts, hpa + 5 * BLOCK - 8, 4712);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    g_assert_cmphex(raw(d, OP_SANITIZE, 0), ==,
                    CXL_DCD_RC_BACKGROUND_STARTED);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "none"), ==, 2);
    g_assert_cmphex(qtest_readq(qts, hpa), ==, UINT64_MAX);
    qtest_writeq(qts, hpa, 77);
    g_assert_cmphex(raw(d, OP_SANITIZE, 0), ==, CXL_DCD_RC_BUSY);
    g_assert_cmphex(cxl_dcd_command(d, CXL_DCD_OP_GET_EVENT_RECORDS, &log, 1,
                                    out, sizeof(out), &len), ==,
                    CXL_DCD_RC_MEDIA_DISABLED);
    qtest_clock_step(qts, SANITIZE_SECONDS * G_GINT64_CONSTANT(1000000000));
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 2);
    g_assert_cmphex(qtest_readq(qts, hpa), ==, 0);
    g_assert_cmphex(qtest_readq(qts, hpa + 5 * BLOCK - 8), ==, 0);
    /* Who has what is as it was; all event logs are empty */
    cxl_dcd_assert_extents(d, { at(d, 0), BLOCK }, { at(d, 4), BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "releasing"), ==, 1);
    cxl_dcd_assert_no_events(d);
    qtest_writeq(qts, hpa, 4713);
    g_assert_cmphex(qtest_readq(qts, hpa), ==, 4713);
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions eight = {
        .size = 8 * 256 * MIB,
        .regions = "[{\"size\":268435456},{\"size\":268435456},"
                   "{\"size\":268435456},{\"size\":268435456},"
                   "{\"size\":268435456},{\"size\":268435456},"
                   "{\"size\":268435456},{\"size\":268435456}]",
    };
    static const CXLDcdOptions upstream = { .short_regions = 4 };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/get-config/all", NULL, config_all);
    cxl_dcd_add_case("/cxl-dcd/get-config/part", NULL, config_part);
    cxl_dcd_add_case("/cxl-dcd/get-config/none", NULL, config_none);
    cxl_dcd_add_case("/cxl-dcd/get-config/bad-start", NULL, config_bad_start);
    cxl_dcd_add_case("/cxl-dcd/get-config/bad-length", NULL, config_bad_length);
    cxl_dcd_add_case("/cxl-dcd/get-config/counts-extents", NULL,
                     config_counts_extents);
    cxl_dcd_add_case("/cxl-dcd/get-config/eight-regions", &eight,
                     config_eight_regions);
    cxl_dcd_add_case("/cxl-dcd/get-config/equal-regions", &upstream,
                     config_equal_regions);
    cxl_dcd_add_case("/cxl-dcd/effects", NULL, effects);
    cxl_dcd_add_case("/cxl-dcd/fm-commands-not-on-mailbox", NULL,
                     fm_commands_not_on_mailbox);
    cxl_dcd_add_case("/cxl-dcd/identify/event-log-size", NULL, identify);

    cxl_dcd_add_case("/cxl-dcd/get-extents/empty", NULL, list_empty);
    cxl_dcd_add_case("/cxl-dcd/get-extents/bad-start", NULL, list_bad_start);
    cxl_dcd_add_case("/cxl-dcd/get-extents/bad-length", NULL, list_bad_length);
    cxl_dcd_add_case("/cxl-dcd/get-extents/without-pending", NULL,
                     list_without_pending);
    cxl_dcd_add_case("/cxl-dcd/get-extents/with-releasing", NULL,
                     list_with_releasing);
    cxl_dcd_add_case("/cxl-dcd/get-extents/generation-changes-with-list", NULL,
                     list_generation);
    cxl_dcd_add_case("/cxl-dcd/get-extents/in-parts", NULL, list_in_parts);


    cxl_dcd_add_case("/cxl-dcd/sanitize", NULL, sanitize);
    return g_test_run();
}
