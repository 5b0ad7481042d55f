/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fabric manager's CCI: component commands, message headers, tunnel
 * (CXL r3.2 8.2.10.1, .2, .5; 7.6.3; 7.6.7.3.1)
 */
#include "tests/unit/cci-message.h"

static void test_identify(void)
{
    static const uint8_t expected[0x12] = {
        0x86, 0x80, 0x93, 0x0d, 0xf4, 0x1a, 0x00, 0x11,
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x0a, 0x03,
    };
    static const uint8_t idle[8];
    Fixture *f = fixture_new(16);

    g_assert_rc(fm(f, 0x0001, NULL, 0), SUCCESS);
    g_assert_cmpmem(f->out, f->out_len, expected, sizeof(expected));
    g_assert_rc(fm(f, 0x0002, NULL, 0), SUCCESS);
    g_assert_cmpmem(f->out, f->out_len, idle, sizeof(idle));
    fixture_free(f);
}

static void test_limit(void)
{
    static const uint8_t bad[] = { 0, 7, 11, 12, 255 };
    Fixture *f = fixture_new(64);
    uint8_t n, log = CXL_DCD_EVENT_LOG;

    g_assert_rc(fm(f, 0x0003, NULL, 0), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 1);
    g_assert_cmpuint(f->out[0], ==, 10);
    for (unsigned i = 0; i < sizeof(bad); i++) {
        g_assert_rc(fm(f, 0x0004, &bad[i], 1), INVALID_INPUT);
        g_assert_cmpuint(cxl_dcd_fm_cci_limit(f->cci), ==, 1024);
    }
    for (unsigned i = 0; i < 20; i++) {
        CXLDcdEvent event = { .type = CXL_DCD_EVENT_ADD_RESPONSE };

        cxl_dcd_event_log_insert(f->fm_log, &event);
    }
    /* 1, 3 and 7 records fit */
    for (n = 8; n <= 10; n++) {
        g_assert_rc(fm(f, 0x0004, &n, 1), SUCCESS);
        g_assert_cmpuint(f->out[0], ==, n);
        g_assert_rc(fm(f, 0x0100, &log, 1), SUCCESS);
        g_assert_cmpuint(f->out_len, ==, 0x20 + ((1 << (n - 7)) - 1) * 0x80);
        g_assert_cmphex(f->out[0], ==, CXL_DCD_EVENTS_MORE);
    }
    n = 8;
    g_assert_rc(fm(f, 0x0004, &n, 1), SUCCESS);
    cxl_dcd_endpoint_disconnect(f->endpoint);
    g_assert_cmpuint(cxl_dcd_fm_cci_limit(f->cci), ==, 1024);
    fixture_free(f);
}

static void test_restore(void)
{
    Fixture *f = fixture_new(16);

    g_assert_true(cxl_dcd_fm_cci_restore(f->cci, 512, 0x8010));
    g_assert_cmpuint(cxl_dcd_fm_cci_limit(f->cci), ==, 512);
    g_assert_cmphex(cxl_dcd_fm_cci_event_policy(f->cci), ==, 0x8010);
    g_assert_false(cxl_dcd_fm_cci_restore(f->cci, 128, 0));
    g_assert_false(cxl_dcd_fm_cci_restore(f->cci, 2048, 0));
    g_assert_false(cxl_dcd_fm_cci_restore(f->cci, 0, 0));
    g_assert_false(cxl_dcd_fm_cci_restore(f->cci, 256, 0x20));
    g_assert_cmpuint(cxl_dcd_fm_cci_limit(f->cci), ==, 512);
    fixture_free(f);
}

/* The CCI's own logs: 0 to 3 exist and are empty, clearing log 4 is ours */
static void test_events(void)
{
    static const uint8_t clear[] = { 4, 0, 1, 0, 0, 0, 1, 0 };
    static const uint8_t clear_2[] = { 2, 0, 1, 0, 0, 0, 1, 0 };
    static const uint8_t clear_5[] = { 5, 0, 1, 0, 0, 0, 1, 0 };
    Fixture *f = fixture_new(16);
    uint8_t log;

    g_assert_rc(OFFER(f, REGION0, BLOCK), SUCCESS);
    g_assert_rc(ACCEPT(f, REGION0, BLOCK), SUCCESS);
    for (log = 0; log < 4; log++) {
        g_assert_rc(fm(f, 0x0100, &log, 1), SUCCESS);
        g_assert_cmpuint(f->out_len, ==, 0x20);
    }
    g_assert_rc(fm(f, 0x0100, &log, 1), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0xa0);
    g_assert_cmphex(f->out[0x20 + 0x30], ==, CXL_DCD_EVENT_ADD_RESPONSE);
    log = 5;
    g_assert_rc(fm(f, 0x0100, &log, 1), INVALID_INPUT);
    g_assert_rc(fm(f, 0x0101, clear_5, sizeof(clear_5)), INVALID_INPUT);
    g_assert_rc(fm(f, 0x0101, clear_2, sizeof(clear_2)), INVALID_HANDLE);
    g_assert_rc(fm(f, 0x0101, clear, sizeof(clear)), SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->fm_log), ==, 0);
    /* The host's context is another one */
    g_assert_cmpuint(cxl_dcd_event_log_count(f->host_log), ==, 1);
    fixture_free(f);
}

static void test_logs(void)
{
    static const uint8_t uuid[] = { CXL_DCD_CEL_UUID_BYTES };
    static const uint16_t expected[][2] = {
        { 0x0001, 0 }, { 0x0002, 0 }, { 0x0003, 0 }, { 0x0004, 0 },
        { 0x0100, 0 }, { 0x0101, 0x0010 }, { 0x0104, 0 }, { 0x0105, 0x0008 },
        { 0x0400, 0 }, { 0x0401, 0 }, { 0x0405, 0 }, { 0x5300, 0 },
        { 0x5600, 0 }, { 0x5601, 0 }, { 0x5602, 0x0e07 }, { 0x5603, 0 },
        { 0x5604, 0x0e07 }, { 0x5605, 0x0e07 }, { 0x5606, 0x0e03 },
        { 0x5607, 0x0e07 }, { 0x5608, 0 },
    };
    const uint32_t size = sizeof(expected);
    Fixture *f = fixture_new(16);
    CXLDcdGetLogRequest get = { .length = cxl_dcd_put32(size) };
    uint8_t sublist[2] = { 1, 0 };

    g_assert_rc(fm(f, 0x0400, NULL, 0), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 8 + 0x14);
    g_assert_cmpuint(f->out[0], ==, 1);
    g_assert_cmpmem(f->out + 8, 16, uuid, 16);
    g_assert_cmpuint(f->out[0x18], ==, size);
    g_assert_rc(fm(f, 0x0405, sublist, 2), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 8 + 0x14);
    g_assert_cmpuint(f->out[0], ==, 1);
    g_assert_cmpuint(f->out[2], ==, 1);
    sublist[1] = 1;
    g_assert_rc(fm(f, 0x0405, sublist, 2), INVALID_INPUT);
    sublist[0] = sublist[1] = 0;
    g_assert_rc(fm(f, 0x0405, sublist, 2), INVALID_INPUT);

    g_assert_rc(fm(f, 0x0401, &get, sizeof(get)), INVALID_LOG);
    memcpy(get.uuid, uuid, sizeof(uuid));
    g_assert_rc(fm(f, 0x0401, &get, sizeof(get)), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, size);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        const CXLDcdCelEntry *entry = (CXLDcdCelEntry *)f->out + i;

        g_assert_cmphex(cxl_dcd_get16(entry->opcode), ==, expected[i][0]);
        g_assert_cmphex(cxl_dcd_get16(entry->effects), ==, expected[i][1]);
    }
    get.offset = cxl_dcd_put32(4);
    g_assert_rc(fm(f, 0x0401, &get, sizeof(get)), INVALID_INPUT);
    get.length = cxl_dcd_put32(0xfffffffc);
    g_assert_rc(fm(f, 0x0401, &get, sizeof(get)), INVALID_INPUT);
    get.length = cxl_dcd_put32(8);
    g_assert_rc(fm(f, 0x0401, &get, sizeof(get)), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 8);
    g_assert_cmphex(f->out[0], ==, 0x02);
    get.offset = cxl_dcd_put32(size + 1);
    get.length = 0;
    g_assert_rc(fm(f, 0x0401, &get, sizeof(get)), INVALID_INPUT);
    fixture_free(f);
}

/* --- Messages --- */

/* Give a message of @len payload bytes, return the code of the answer. */
static uint16_t say(Fixture *f, uint8_t type, const Message *m, size_t len)
{
    uint8_t out[CXL_DCD_CCI_MESSAGE_MAX];
    size_t total = sizeof(m->header) + len, n;
    const CXLDcdCciHeader *answer = (const CXLDcdCciHeader *)out;

    n = cxl_dcd_fm_message(f->cci, type, (const uint8_t *)m, total, total,
                           out);
    g_assert_cmpuint(n, >=, sizeof(*answer));
    g_assert_cmphex(answer->category, ==, CXL_DCD_CCI_RESPONSE);
    g_assert_cmphex(answer->tag, ==, 0x5a);
    g_assert_cmphex(answer->command, ==, m->header.command);
    g_assert_cmphex(answer->command_set, ==, m->header.command_set);
    f->out_len = answer->length[0] | answer->length[1] << 8;
    g_assert_cmpuint(n, ==, sizeof(*answer) + f->out_len);
    memcpy(f->out, out + sizeof(*answer), f->out_len);
    if (answer->return_code) {
        g_assert_cmpuint(f->out_len, ==, 0);
    }
    return cxl_dcd_get16(answer->return_code);
}

static void test_messages(void)
{
    Fixture *f = fixture_new(16);
    uint8_t big[1025] = { 0 }, out[CXL_DCD_CCI_MESSAGE_MAX];
    Message m = message(0x5600, NULL, 0);

    g_assert_rc(say(f, 7, &m, 0), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 0x54);
    /* Header and message disagree on the length, 21 bits of it */
    g_assert_rc(say(f, 7, &m, 1), INVALID_PAYLOAD_LENGTH);
    m.header.length[2] = 0x10;
    g_assert_rc(say(f, 7, &m, 0), INVALID_PAYLOAD_LENGTH);
    m.header.length[2] = 0xe0;
    g_assert_rc(say(f, 7, &m, 0), SUCCESS);
    /* More than the limit of a request */
    m = message(0x0101, big, 1024);
    g_assert_rc(say(f, 8, &m, 1024), SUCCESS);
    m = message(0x0101, big, 1025);
    g_assert_rc(say(f, 8, &m, 1025), INVALID_PAYLOAD_LENGTH);
    g_assert_cmpuint(cxl_dcd_fm_message(f->cci, 8, (uint8_t *)&m, 1036, 90000,
                                        out), ==, 12);
    /* The wrong message type, both ways */
    m = message(0x5600, NULL, 0);
    g_assert_rc(say(f, 8, &m, 0), UNSUPPORTED);
    m = message(0x0001, NULL, 0);
    g_assert_rc(say(f, 7, &m, 0), UNSUPPORTED);
    g_assert_rc(say(f, 8, &m, 0), SUCCESS);
    m = message(0x4800, big, 2);
    g_assert_rc(say(f, 8, &m, 2), UNSUPPORTED);
    m = message(0x51ff, NULL, 0);
    g_assert_rc(say(f, 7, &m, 0), UNSUPPORTED);
    /* No request, or half a header: no answer */
    m = message(0x0001, NULL, 0);
    m.header.category = CXL_DCD_CCI_RESPONSE;
    g_assert_cmpuint(cxl_dcd_fm_message(f->cci, 8, (uint8_t *)&m, 12, 12, out),
                     ==, 0);
    m.header.category = 0;
    for (size_t len = 0; len < 12; len++) {
        g_assert_cmpuint(cxl_dcd_fm_message(f->cci, 8, (uint8_t *)&m, len, len,
                                            out), ==, 0);
    }
    fixture_free(f);
}

static uint16_t tunnel(Fixture *f, uint8_t id, uint8_t target, uint16_t opcode,
                       const void *payload, size_t len)
{
    Message inner = message(opcode, payload, len);
    size_t size = sizeof(inner.header) + len;
    uint8_t in[4 + sizeof(inner)] = { id, target, size, size >> 8 };

    memcpy(in + 4, &inner, size);
    return fm(f, 0x5300, in, 4 + size);
}

/* The inner answer's code; the payload behind it is at f->out + 16 */
static uint16_t inner_code(Fixture *f)
{
    g_assert_cmpuint(f->out_len, >=, 16);
    g_assert_cmpuint(f->out[0] | f->out[1] << 8, ==, f->out_len - 4);
    g_assert_cmphex(f->out[4], ==, CXL_DCD_CCI_RESPONSE);
    g_assert_cmphex(f->out[5], ==, 0x5a);
    return f->out[12] | f->out[13] << 8;
}

static void test_tunnel(void)
{
    Fixture *f = fixture_new(16);
    uint8_t in[32] = { 0, 0, 12, 0 }, limit = 8;

    g_assert_rc(tunnel(f, 0, 0, 0x0001, NULL, 0), SUCCESS);
    g_assert_rc(inner_code(f), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 16 + 0x12);
    g_assert_cmphex(f->out[16], ==, 0x86);
    /* The outer code tells of the tunnel, the inner of the command */
    g_assert_rc(tunnel(f, 0, 0, 0x0001, "x", 1), SUCCESS);
    g_assert_rc(inner_code(f), INVALID_PAYLOAD_LENGTH);
    g_assert_cmpuint(f->out_len, ==, 16);
    g_assert_rc(tunnel(f, 0, 0, 0x4800, "xy", 2), SUCCESS);
    g_assert_rc(inner_code(f), UNSUPPORTED);
    g_assert_rc(tunnel(f, 0, 0, 0x5300, in, 16), SUCCESS);
    g_assert_rc(inner_code(f), UNSUPPORTED);
    g_assert_rc(tunnel(f, 1, 0, 0x0001, NULL, 0), INVALID_INPUT);
    g_assert_rc(tunnel(f, 0, 1, 0x0001, NULL, 0), INVALID_INPUT);
    g_assert_rc(tunnel(f, 0, 0xf0, 0x0001, NULL, 0), SUCCESS);
    /* Sizes that do not match */
    g_assert_rc(fm(f, 0x5300, in, 4), INVALID_PAYLOAD_LENGTH);
    g_assert_rc(fm(f, 0x5300, in, 15), INVALID_PAYLOAD_LENGTH);
    g_assert_rc(fm(f, 0x5300, in, 17), INVALID_PAYLOAD_LENGTH);
    in[4 + 5] = 1;
    g_assert_rc(fm(f, 0x5300, in, 16), INVALID_PAYLOAD_LENGTH);
    in[4 + 5] = 0;
    in[4] = CXL_DCD_CCI_RESPONSE;
    g_assert_rc(fm(f, 0x5300, in, 16), INVALID_INPUT);
    /* Through it, too, the answer stays below the limit */
    g_assert_rc(fm(f, 0x0004, &limit, 1), SUCCESS);
    for (unsigned i = 0; i < 8; i++) {
        CXLDcdEvent event = { .type = CXL_DCD_EVENT_ADD_RESPONSE };

        cxl_dcd_event_log_insert(f->fm_log, &event);
    }
    g_assert_rc(tunnel(f, 0, 0, 0x0100, "\4", 1), SUCCESS);
    g_assert_rc(inner_code(f), SUCCESS);
    g_assert_cmpuint(f->out_len, ==, 16 + 0x20 + 0x80);
    fixture_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/commands/cci/identify", test_identify);
    g_test_add_func("/commands/cci/limit", test_limit);
    g_test_add_func("/commands/cci/restore", test_restore);
    g_test_add_func("/commands/cci/events", test_events);
    g_test_add_func("/commands/cci/logs", test_logs);
    g_test_add_func("/commands/cci/messages", test_messages);
    g_test_add_func("/commands/cci/tunnel", test_tunnel);
    return g_test_run();
}
