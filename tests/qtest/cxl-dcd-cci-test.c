/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: component commands of the FM endpoint
 *
 * Identify, message limits, logs, events and their notification (CXL r3.2
 * 8.2.10.1, .2, .5), the tunnel (7.6.7.3.1), and that QMP and the FM API are
 * two fronts of one state.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client-fm.h"
#include "qobject/qlist.h"

#define BLOCK      CXL_DCD_TEST_BLOCK
#define SUCCESS    CXL_DCD_RC_SUCCESS
#define ADD        CXL_DCD_OP_FM_INITIATE_ADD
#define RELEASE    CXL_DCD_OP_FM_INITIATE_RELEASE
#define CCI        CXL_DCD_FM_CCI
#define TAG        "10111213-1415-1617-1819-1a1b1c1d1e1f"

static CXLDcdOptions options;

/* Every command, one byte too short and one too long */
static void lengths(CXLDcdDevice *d)
{
    static const struct {
        uint16_t opcode;
        size_t len;
        bool open;                /* longer is another request */
    } commands[] = {
        { CXL_DCD_OP_FM_GET_INFO, 0 },
        { CXL_DCD_OP_FM_GET_REGION_CONFIG, 4 },
        { CXL_DCD_OP_FM_SET_REGION_CONFIG, 16 },
        { CXL_DCD_OP_FM_GET_EXTENT_LISTS, 12 },
        { ADD, 32, true },
        { RELEASE, 32, true },
        { CXL_DCD_OP_FM_ADD_REFERENCE, 16 },
        { CXL_DCD_OP_FM_REMOVE_REFERENCE, 16 },
        { CXL_DCD_OP_FM_LIST_TAGS, 8 },
        { CXL_DCD_OP_IDENTIFY, 0 },
        { CXL_DCD_OP_BACKGROUND_STATUS, 0 },
        { CXL_DCD_OP_GET_RESPONSE_LIMIT, 0 },
        { CXL_DCD_OP_SET_RESPONSE_LIMIT, 1 },
        { CXL_DCD_OP_GET_EVENT_RECORDS, 1 },
        { CXL_DCD_OP_CLEAR_EVENT_RECORDS, 6, true },
        { CXL_DCD_OP_GET_MCTP_EVENT_POLICY, 0 },
        { CXL_DCD_OP_SET_MCTP_EVENT_POLICY, 2 },
        { CXL_DCD_OP_GET_SUPPORTED_LOGS, 0 },
        { CXL_DCD_OP_GET_LOG, 24 },
        { CXL_DCD_OP_GET_SUPPORTED_SUBLIST, 2 },
        { CXL_DCD_OP_TUNNEL, 4, true },
    };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    char *before = cxl_dcd_snapshot(d);
    static const uint8_t zeros[64];
    size_t i, len;

    for (i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].len) {
            g_assert_cmphex(cxl_dcd_fm_command(&l, commands[i].opcode, zeros,
                                               commands[i].len - 1, NULL,
                                               &len), ==,
                            CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
        }
        if (!commands[i].open) {
            g_assert_cmphex(cxl_dcd_fm_command(&l, commands[i].opcode, zeros,
                                               commands[i].len + 1, NULL,
                                               &len), ==,
                            CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
        }
    }
    cxl_dcd_assert_unchanged(d, before);
    cxl_dcd_fm_close(&l);
}

/* What is not the fabric manager's, or nobody's */
static void unknown(CXLDcdDevice *d)
{
    static const uint16_t opcodes[] = {
        0x0000, 0x0005, 0x0102, 0x0103, 0x0106, 0x4000, 0x4800, 0x4801, 0x4802,
        0x4803, 0x5100, 0x5609, 0x56ff, 0xffff,
    };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    size_t i, len;

    for (i = 0; i < G_N_ELEMENTS(opcodes); i++) {
        g_assert_cmphex(cxl_dcd_fm_command(&l, opcodes[i], NULL, 0, NULL,
                                           &len), ==, CXL_DCD_RC_UNSUPPORTED);
    }
    cxl_dcd_fm_close(&l);
}

/* --- Identify, limits, background --- */

static void identify(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    CXLDcdBackgroundStatus status;
    CXLDcdIdentifyResponse id;

    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_IDENTIFY, NULL, 0, &id,
                                   sizeof(id)), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get16(id.vendor), ==, 0x8086);
    g_assert_cmphex(cxl_dcd_get16(id.device), ==, 0x0d93);
    g_assert_cmpuint(cxl_dcd_get64(id.serial), ==, 1);
    g_assert_cmpuint(id.max_message, ==, 10);
    g_assert_cmphex(id.component_type, ==, 3);
    /* No command of this CCI goes to the background. */
    memset(&status, 0xff, sizeof(status));
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_BACKGROUND_STATUS, NULL, 0,
                                   &status, sizeof(status)), ==, SUCCESS);
    g_assert_cmphex(status.status, ==, 0);
    g_assert_cmphex(cxl_dcd_get16(status.opcode), ==, 0);
    cxl_dcd_fm_close(&l);
}

/* 2^8 to 2^10 bytes; lists get shorter with it. */
static void limit(CXLDcdDevice *d)
{
    const CXLDcdFmExtentListRequest list = {
        .extent_count = cxl_dcd_put32(-1),
    };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t want, got, answer[1024];
    CXLDcdSpan spans[30];
    size_t len;
    unsigned i;

    for (i = 0; i < 30; i++) {
        spans[i] = (CXLDcdSpan) { 2 * i * BLOCK, BLOCK };
    }
    cxl_dcd_add_accepted_n(d, spans, 30);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_RESPONSE_LIMIT, NULL, 0,
                                   &got, 1), ==, SUCCESS);
    g_assert_cmpuint(got, ==, 10);
    for (want = 8; want <= 10; want++) {
        g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_SET_RESPONSE_LIMIT, &want,
                                       1, &got, 1), ==, SUCCESS);
        g_assert_cmpuint(got, ==, want);
        g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_RESPONSE_LIMIT, NULL,
                                       0, &got, 1), ==, SUCCESS);
        g_assert_cmpuint(got, ==, want);
        g_assert_cmphex(cxl_dcd_fm_command(&l, CXL_DCD_OP_FM_GET_EXTENT_LISTS,
                                           &list, sizeof(list), answer, &len),
                        ==, SUCCESS);
        g_assert_cmpuint(len, ==, 0x18 + 0x28 * (((1 << want) - 0x18) / 0x28));
    }
    for (i = 0; i < 256; i++) {
        want = i;
        if (i < 8 || i > 10) {
            g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_SET_RESPONSE_LIMIT,
                                           &want, 1, &got, 1), ==,
                            CXL_DCD_RC_INVALID_INPUT);
        }
    }
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_RESPONSE_LIMIT, NULL, 0,
                                   &got, 1), ==, SUCCESS);
    g_assert_cmpuint(got, ==, 10);
    cxl_dcd_fm_close(&l);
}

/* --- Logs --- */

static const uint8_t cel_uuid[16] = { CXL_DCD_CEL_UUID_BYTES };

/* Opcodes and effects, all of them, in the log's order */
static const uint16_t effects[][2] = {
    { 0x0001, 0 }, { 0x0002, 0 }, { 0x0003, 0 }, { 0x0004, 0 },
    { 0x0100, 0 }, { 0x0101, 0x10 }, { 0x0104, 0 }, { 0x0105, 0x08 },
    { 0x0400, 0 }, { 0x0401, 0 }, { 0x0405, 0 }, { 0x5300, 0 },
    { 0x5600, 0 }, { 0x5601, 0 }, { 0x5602, 0x0e07 }, { 0x5603, 0 },
    { 0x5604, 0x0e07 }, { 0x5605, 0x0e07 }, { 0x5606, 0x0e03 },
    { 0x5607, 0x0e07 }, { 0x5608, 0 },
};
#define CEL_SIZE sizeof(effects)

static void logs(CXLDcdDevice *d)
{
    struct QEMU_PACKED {
        CXLDcdSupportedLogs head;
        CXLDcdLogEntry entry;
    } supported;
    struct QEMU_PACKED {
        CXLDcdLogSublist head;
        CXLDcdLogEntry entry;
    } sublist;
    CXLDcdLogSublistRequest ask = { .max_entries = 5 };
    CXLDcdGetLogRequest get = { .length = cxl_dcd_put32(CEL_SIZE) };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    CXLDcdCelEntry cel[G_N_ELEMENTS(effects)];
    size_t i;

    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_SUPPORTED_LOGS, NULL, 0,
                                   &supported, sizeof(supported)), ==,
                    SUCCESS);
    g_assert_cmpuint(cxl_dcd_get16(supported.head.count), ==, 1);
    g_assert_cmpmem(supported.entry.uuid, 16, cel_uuid, 16);
    g_assert_cmpuint(cxl_dcd_get32(supported.entry.size), ==, CEL_SIZE);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_SUPPORTED_SUBLIST, &ask,
                                   sizeof(ask), &sublist, sizeof(sublist)), ==,
                    SUCCESS);
    g_assert_cmpuint(sublist.head.returned, ==, 1);
    g_assert_cmpmem(&sublist.entry, sizeof(sublist.entry), &supported.entry,
                    sizeof(supported.entry));
    memcpy(get.uuid, cel_uuid, 16);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_LOG, &get, sizeof(get),
                                   cel, sizeof(cel)), ==, SUCCESS);
    for (i = 0; i < G_N_ELEMENTS(effects); i++) {
        g_assert_cmphex(cxl_dcd_get16(cel[i].opcode), ==, effects[i][0]);
        g_assert_cmphex(cxl_dcd_get16(cel[i].effects), ==, effects[i][1]);
    }
    /* A part of it */
    get.offset = cxl_dcd_put32(4);
    get.length = cxl_dcd_put32(8);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_LOG, &get, sizeof(get),
                                   cel, 8), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get16(cel[0].opcode), ==, 0x0002);
    cxl_dcd_fm_close(&l);
}

static void logs_bad(CXLDcdDevice *d)
{
    CXLDcdGetLogRequest get = { .length = cxl_dcd_put32(CEL_SIZE + 1) };
    CXLDcdLogSublistRequest ask = { .max_entries = 0 };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t answer[1024];

    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_LOG, &get, sizeof(get),
                                   answer, 0), ==, CXL_DCD_RC_INVALID_LOG);
    memcpy(get.uuid, cel_uuid, 16);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_LOG, &get, sizeof(get),
                                   answer, 0), ==, CXL_DCD_RC_INVALID_INPUT);
    get.length = cxl_dcd_put32(2);
    get.offset = cxl_dcd_put32(CEL_SIZE - 1);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_LOG, &get, sizeof(get),
                                   answer, 0), ==, CXL_DCD_RC_INVALID_INPUT);
    get.offset = cxl_dcd_put32(-1);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_LOG, &get, sizeof(get),
                                   answer, 0), ==, CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_SUPPORTED_SUBLIST, &ask,
                                   sizeof(ask), answer, 0), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    ask = (CXLDcdLogSublistRequest) { .max_entries = 1, .start_index = 1 };
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_SUPPORTED_SUBLIST, &ask,
                                   sizeof(ask), answer, 0), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    cxl_dcd_fm_close(&l);
}

/* --- Events --- */

typedef struct QEMU_PACKED OneEvent {
    CXLDcdGetEventsResponse head;
    CXLDcdEventRecord record;
} OneEvent;

/* The FM's log 4, which must hold @count records (0 or 1) */
static OneEvent get_event(CXLDcdFmLine *l, unsigned count)
{
    const uint8_t log = CXL_DCD_EVENT_LOG;
    OneEvent event = { 0 };

    g_assert_cmphex(cxl_dcd_fm_ask(l, CXL_DCD_OP_GET_EVENT_RECORDS, &log, 1,
                                   &event, sizeof(event.head) +
                                   count * sizeof(event.record)), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_get16(event.head.record_count), ==, count);
    return event;
}

static uint16_t clear_event(CXLDcdFmLine *l, uint16_t handle)
{
    struct QEMU_PACKED {
        CXLDcdClearEventsRequest head;
        cxl_dcd_le16 handle;
    } clear = {
        .head = { .log = CXL_DCD_EVENT_LOG, .count = 1 },
        .handle = cxl_dcd_put16(handle),
    };

    return cxl_dcd_fm_tell(l, CXL_DCD_OP_CLEAR_EVENT_RECORDS, clear);
}

/* Types 4 and 5, by what the host does; 0 to 2 are the host's. */
static void events(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint64_t base = d->dc_base;
    OneEvent event;
    uint16_t handle;

    get_event(&l, 0);
    cxl_dcd_qmp_add(d, .tag = TAG, CXL_DCD_EXTENTS({ 0, 2 * BLOCK }));
    get_event(&l, 0);
    g_assert_cmphex(cxl_dcd_accept(d, { base, BLOCK }), ==, SUCCESS);
    event = get_event(&l, 1);
    g_assert_cmphex(event.record.type, ==, CXL_DCD_EVENT_ADD_RESPONSE);
    g_assert_cmphex(cxl_dcd_get64(event.record.extent.start_dpa), ==, base);
    g_assert_cmphex(cxl_dcd_get64(event.record.extent.length), ==, BLOCK);
    g_assert_cmphex(event.record.extent.tag[0], ==, 0x10);
    handle = cxl_dcd_get16(event.record.handle);
    g_assert_cmphex(handle, !=, 0);
    g_assert_cmphex(clear_event(&l, handle + 1), ==,
                    CXL_DCD_RC_INVALID_HANDLE);
    g_assert_cmphex(clear_event(&l, 0), ==, CXL_DCD_RC_INVALID_HANDLE);
    get_event(&l, 1);
    g_assert_cmphex(clear_event(&l, handle), ==, SUCCESS);
    get_event(&l, 0);
    g_assert_cmphex(cxl_dcd_give_back(d, { base, BLOCK }), ==, SUCCESS);
    event = get_event(&l, 1);
    g_assert_cmphex(event.record.type, ==, CXL_DCD_EVENT_CAPACITY_RELEASED);
    g_assert_cmphex(clear_event(&l, cxl_dcd_get16(event.record.handle)), ==,
                    SUCCESS);
    cxl_dcd_fm_close(&l);
}

/* The other logs are empty; there is none behind log 4. */
static void events_logs(CXLDcdDevice *d)
{
    CXLDcdClearEventsRequest clear = { .log = 5 };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    CXLDcdGetEventsResponse head;
    uint8_t log;

    for (log = 0; log < 4; log++) {
        g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_EVENT_RECORDS, &log,
                                       1, &head, sizeof(head)), ==, SUCCESS);
    }
    for (log = 5; log; log++) {
        g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_EVENT_RECORDS, &log,
                                       1, &head, sizeof(head)), ==,
                        CXL_DCD_RC_INVALID_INPUT);
    }
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_CLEAR_EVENT_RECORDS, clear),
                    ==, CXL_DCD_RC_INVALID_INPUT);
    /* Clear All, without an overflow; more handles than there are */
    clear = (CXLDcdClearEventsRequest) {
        .log = CXL_DCD_EVENT_LOG, .flags = CXL_DCD_CLEAR_ALL,
    };
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_CLEAR_EVENT_RECORDS, clear),
                    ==, CXL_DCD_RC_INVALID_INPUT);
    clear = (CXLDcdClearEventsRequest) {
        .log = CXL_DCD_EVENT_LOG, .count = 1,
    };
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_CLEAR_EVENT_RECORDS, clear),
                    ==, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    cxl_dcd_fm_close(&l);
}

/* 0106h comes when the log gets its first record, to who asked with 0105h. */
static void notification(CXLDcdDevice *d)
{
    const cxl_dcd_le16 all = cxl_dcd_put16(0xffff);
    const uint8_t none[2] = { 0 };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t head[4], body[64];
    uint64_t base = d->dc_base;
    cxl_dcd_le16 policy;

    /* Bits that mean nothing are not kept. */
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_SET_MCTP_EVENT_POLICY, &all,
                                   2, &policy, 2), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get16(policy), ==, CXL_DCD_MCTP_EVENT_MASK);
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_GET_MCTP_EVENT_POLICY, NULL,
                                   0, &policy, 2), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_get16(policy), ==, CXL_DCD_MCTP_EVENT_MASK);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 2 * BLOCK }));
    cxl_dcd_fm_silent(&l);
    g_assert_cmphex(cxl_dcd_accept(d, { base, 2 * BLOCK }), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_fm_receive_message(&l, head, body, sizeof(body)),
                     ==, CCI + 2);
    g_assert_cmphex(head[2], ==, CXL_DCD_FM_EID);
    g_assert_cmphex(head[3] & CXL_DCD_FM_OWNER, ==, CXL_DCD_FM_OWNER);
    g_assert_cmphex(body[0], ==, 8);
    g_assert_cmphex(body[1], ==, 0);              /* a request */
    g_assert_cmphex(body[4] | body[5] << 8, ==, 0x0106);
    g_assert_cmpuint(body[6], ==, 2);
    g_assert_cmphex(body[CCI], ==, CXL_DCD_MCTP_EVENT_DC);
    /* The log is not empty: a second record brings no second one. */
    g_assert_cmphex(cxl_dcd_give_back(d, { base, BLOCK }), ==, SUCCESS);
    cxl_dcd_fm_silent(&l);
    /* Switched off: none */
    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_SET_MCTP_EVENT_POLICY, none,
                                   2, &policy, 2), ==, SUCCESS);
    cxl_dcd_fm_close(&l);
}

static void notification_off(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    cxl_dcd_fm_silent(&l);
    get_event(&l, 1);
    cxl_dcd_fm_close(&l);
}

/* --- Tunnel: 7.6.7.3.1 --- */

/* @opcode through the tunnel as it is built here; outer and inner code */
static uint16_t tunnel(CXLDcdFmLine *l, uint8_t id, uint8_t type, int size_off,
                       uint8_t category, uint16_t opcode, const void *in,
                       size_t len, uint8_t *out, size_t *ret_len)
{
    uint8_t request[1024] = { id, type }, body[1024], answer[1024];
    size_t inner = cxl_dcd_fm_request(body, opcode, 0x77, in, len) - 1;
    uint16_t code;

    body[1] = category;
    memcpy(request + 4, body + 1, inner);
    request[2] = inner + size_off;
    request[3] = (inner + size_off) >> 8;
    code = cxl_dcd_fm_command(l, CXL_DCD_OP_TUNNEL, request, 4 + inner, answer,
                              &len);
    if (code == SUCCESS) {
        g_assert_cmpuint(answer[0] | answer[1] << 8, ==, len - 4);
        g_assert_cmphex(answer[4], ==, 1);
        g_assert_cmphex(answer[5], ==, 0x77);
        g_assert_cmphex(answer[7] | answer[8] << 8, ==, opcode);
        *ret_len = len - 4 - sizeof(CXLDcdCciHeader);
        memcpy(out, answer + 4 + sizeof(CXLDcdCciHeader), *ret_len);
        return answer[12] | answer[13] << 8;
    }
    return 0x8000 | code;
}

static void tunnel_good(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    CXLDcdFmInfoResponse direct;
    uint8_t out[1024], inner[64];
    CXLDcdGetLogRequest get = { .length = cxl_dcd_put32(CEL_SIZE - 4) };
    size_t len;

    g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_INFO, NULL, 0,
                                   &direct, sizeof(direct)), ==, SUCCESS);
    g_assert_cmphex(tunnel(&l, 0, 0, 0, 0, CXL_DCD_OP_FM_GET_INFO, NULL, 0,
                           out, &len), ==, SUCCESS);
    g_assert_cmpmem(out, len, &direct, sizeof(direct));
    /* The inner code is the command's own. */
    g_assert_cmphex(tunnel(&l, 0, 0, 0, 0, CXL_DCD_OP_SET_RESPONSE_LIMIT,
                           "\x01", 1, out, &len), ==, CXL_DCD_RC_INVALID_INPUT);
    g_assert_cmphex(tunnel(&l, 0, 0, 0, 0, 0x5609, NULL, 0, out, &len), ==,
                    CXL_DCD_RC_UNSUPPORTED);
    /* No tunnel in the tunnel, and the log there says so. */
    memset(inner, 0, sizeof(inner));
    g_assert_cmphex(tunnel(&l, 0, 0, 0, 0, CXL_DCD_OP_TUNNEL, inner, 16, out,
                           &len), ==, CXL_DCD_RC_UNSUPPORTED);
    memcpy(get.uuid, cel_uuid, 16);
    g_assert_cmphex(tunnel(&l, 0, 0, 0, 0, CXL_DCD_OP_GET_LOG, &get,
                           sizeof(get), out, &len), ==, SUCCESS);
    g_assert_cmphex(out[11 * 4] | out[11 * 4 + 1] << 8, ==, 0x5600);
    cxl_dcd_fm_close(&l);
}

static void tunnel_bad(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    char *before = cxl_dcd_snapshot(d);
    uint8_t out[1024];
    unsigned type;
    size_t len;

    /* Another LD; a target that is not there; a response inside */
    g_assert_cmphex(tunnel(&l, 1, 0, 0, 0, CXL_DCD_OP_FM_GET_INFO, NULL, 0,
                           out, &len), ==, 0x8000 | CXL_DCD_RC_INVALID_INPUT);
    for (type = 1; type < 16; type++) {
        g_assert_cmphex(tunnel(&l, 0, type, 0, 0, CXL_DCD_OP_FM_GET_INFO, NULL,
                               0, out, &len), ==,
                        0x8000 | CXL_DCD_RC_INVALID_INPUT);
    }
    g_assert_cmphex(tunnel(&l, 0, 0, 0, 1, CXL_DCD_OP_FM_GET_INFO, NULL, 0,
                           out, &len), ==, 0x8000 | CXL_DCD_RC_INVALID_INPUT);
    /* Sizes that do not agree */
    g_assert_cmphex(tunnel(&l, 0, 0, 1, 0, CXL_DCD_OP_FM_GET_INFO, NULL, 0,
                           out, &len), ==,
                    0x8000 | CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    g_assert_cmphex(tunnel(&l, 0, 0, -1, 0, CXL_DCD_OP_FM_GET_INFO, NULL, 0,
                           out, &len), ==,
                    0x8000 | CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    cxl_dcd_assert_unchanged(d, before);
    cxl_dcd_fm_close(&l);
}

/* --- Two fronts of one core --- */

static uint32_t listed(CXLDcdFmLine *l)
{
    const CXLDcdFmExtentListRequest in = { 0 };
    CXLDcdFmExtentListResponse list;

    g_assert_cmphex(cxl_dcd_fm_ask(l, CXL_DCD_OP_FM_GET_EXTENT_LISTS, &in,
                                   sizeof(in), &list, sizeof(list)), ==,
                    SUCCESS);
    return cxl_dcd_get32(list.total);
}

static void fronts(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint64_t base = d->dc_base;
    const uint8_t log = CXL_DCD_EVENT_LOG;
    uint8_t records[1024];
    QDict *heard;
    size_t len, i;

    /* The FM adds: QMP sees it, refuses the same, hears of the answer. */
    g_assert_cmphex(cxl_dcd_fm_initiate(&l, ADD, CXL_DCD_POLICY_PRESCRIPTIVE,
                                        base, BLOCK), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, 1);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .error = "overlaps");
    g_assert_cmphex(cxl_dcd_accept(d, { base, BLOCK }), ==, SUCCESS);
    heard = cxl_dcd_wait_event(d, "CXL_DYNAMIC_CAPACITY_ADDED");
    qobject_unref(heard);
    /* QMP adds: the FM sees it, is refused the same, has a record. */
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    g_assert_cmphex(cxl_dcd_fm_initiate(&l, ADD, CXL_DCD_POLICY_PRESCRIPTIVE,
                                        base + 4 * BLOCK, BLOCK), ==,
                    CXL_DCD_RC_INVALID_EXTENT_LIST);
    g_assert_cmpuint(listed(&l), ==, 1);
    g_assert_cmphex(cxl_dcd_accept(d, { base + 4 * BLOCK, BLOCK }), ==,
                    SUCCESS);
    g_assert_cmpuint(listed(&l), ==, 2);
    /* Each takes away what the other gave. */
    cxl_dcd_qmp_release(d, .forced = true, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmpuint(listed(&l), ==, 1);
    g_assert_cmphex(cxl_dcd_fm_initiate(&l, RELEASE,
                                        CXL_DCD_REMOVE_PRESCRIPTIVE |
                                        CXL_DCD_REMOVE_FORCED,
                                        base + 4 * BLOCK, BLOCK), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "accepted"), ==, 0);
    /* Both answers of the host, and both removals, are recorded for the FM. */
    g_assert_cmphex(cxl_dcd_fm_command(&l, CXL_DCD_OP_GET_EVENT_RECORDS, &log,
                                       1, records, &len), ==, SUCCESS);
    g_assert_cmpuint(len, ==, sizeof(CXLDcdGetEventsResponse) +
                              4 * sizeof(CXLDcdEventRecord));
    for (i = 0; i < 4; i++) {
        g_assert_cmphex(((CXLDcdGetEventsResponse *)records)->records[i].type,
                        ==, i < 2 ? CXL_DCD_EVENT_ADD_RESPONSE :
                            CXL_DCD_EVENT_CAPACITY_RELEASED);
    }
    cxl_dcd_fm_close(&l);
}

int main(int argc, char **argv)
{
    cxl_dcd_fm_options(&options, NULL);
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/cci/lengths", &options, lengths);
    cxl_dcd_add_case("/cxl-dcd/cci/unknown", &options, unknown);
    cxl_dcd_add_case("/cxl-dcd/cci/identify", &options, identify);
    cxl_dcd_add_case("/cxl-dcd/cci/limit", &options, limit);
    cxl_dcd_add_case("/cxl-dcd/cci/logs/good", &options, logs);
    cxl_dcd_add_case("/cxl-dcd/cci/logs/bad-fields", &options, logs_bad);
    cxl_dcd_add_case("/cxl-dcd/cci/events/records", &options, events);
    cxl_dcd_add_case("/cxl-dcd/cci/events/logs", &options, events_logs);
    cxl_dcd_add_case("/cxl-dcd/cci/events/notification", &options,
                     notification);
    cxl_dcd_add_case("/cxl-dcd/cci/events/not-asked-for", &options,
                     notification_off);
    cxl_dcd_add_case("/cxl-dcd/cci/tunnel/good", &options, tunnel_good);
    cxl_dcd_add_case("/cxl-dcd/cci/tunnel/bad-fields", &options, tunnel_bad);
    cxl_dcd_add_case("/cxl-dcd/cci/qmp-and-fm-api-agree", &options, fronts);
    return g_test_run();
}
