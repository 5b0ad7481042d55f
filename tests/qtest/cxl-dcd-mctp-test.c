/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: the FM endpoint's line, with raw bytes
 *
 * Frames (DSP0253), packets and messages (DSP0236), control messages. Who comes
 * and goes is in cxl-dcd-line-test.c, the commands are in cxl-dcd-cci-test.c
 * and cxl-dcd-fmapi-test.c.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client-fm.h"

#define SUCCESS    CXL_DCD_RC_SUCCESS
#define OWNER      CXL_DCD_FM_OWNER
#define SOM        CXL_DCD_FM_SOM
#define EOM        CXL_DCD_FM_EOM
#define SEQ        CXL_DCD_FM_SEQ
#define CCI        CXL_DCD_FM_CCI

static CXLDcdOptions one;

/* --- Frames --- */

/* Every byte of a frame wrong in turn: nothing is answered, sync is found. */
static void frame_damaged(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t frame[CXL_DCD_FM_LINE];
    size_t len = cxl_dcd_fm_info_frame(frame, 0x55), i;

    for (i = 0; i < len; i++) {
        frame[i] ^= 0x10;
        cxl_dcd_fm_send(&l, frame, len);
        frame[i] ^= 0x10;
        /* What follows a lost end may be lost with it, a flag ends that. */
        cxl_dcd_fm_send(&l, "\x7e", 1);
        cxl_dcd_fm_silent(&l);
    }
    cxl_dcd_fm_send(&l, frame, len);
    cxl_dcd_fm_expect_info(&l, 0x55, 0);
    cxl_dcd_fm_close(&l);
}

/* The frame check in the wrong order of bytes, inverted, or without init */
static void frame_check(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t frame[CXL_DCD_FM_LINE], high, low;
    size_t len = cxl_dcd_fm_info_frame(frame, 0x55);

    high = frame[len - 3];
    low = frame[len - 2];
    frame[len - 3] = low;
    frame[len - 2] = high;
    cxl_dcd_fm_send(&l, frame, len);
    cxl_dcd_fm_silent(&l);
    frame[len - 3] = ~high;
    frame[len - 2] = ~low;
    cxl_dcd_fm_send(&l, frame, len);
    cxl_dcd_fm_silent(&l);
    cxl_dcd_fm_close(&l);
}

/* Shorter than a header, or than its count says, or without its end */
static void frame_short(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t frame[CXL_DCD_FM_LINE], packet[4] = { 1, CXL_DCD_FM_EID, 8, 0xc8 };
    size_t len, i;

    for (i = 0; i <= sizeof(packet); i++) {
        cxl_dcd_fm_send(&l, frame, cxl_dcd_fm_frame(packet, i, frame));
        cxl_dcd_fm_silent(&l);
    }
    len = cxl_dcd_fm_info_frame(frame, 0x55);
    for (i = 1; i < len - 1; i++) {
        /* Two flags: the first may stand where a check byte would. */
        cxl_dcd_fm_send(&l, frame, i);
        cxl_dcd_fm_send(&l, "\x7e\x7e\x7e\x7e", 4);
        cxl_dcd_fm_silent(&l);
    }
    cxl_dcd_fm_close(&l);
}

/* Garbage in front, flags doubled or shared, one byte at a time */
static void frame_sync(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t frame[CXL_DCD_FM_LINE];
    size_t len = cxl_dcd_fm_info_frame(frame, 0x55), i;

    cxl_dcd_fm_send(&l, "\x01\x7d\x00garbage", 10);
    cxl_dcd_fm_send(&l, frame, len);
    cxl_dcd_fm_expect_info(&l, 0x55, 0);
    cxl_dcd_fm_send(&l, "\x7e\x7e\x7e", 3);
    cxl_dcd_fm_send(&l, frame, len);
    cxl_dcd_fm_expect_info(&l, 0x55, 0);
    cxl_dcd_fm_send(&l, frame + 1, len - 1);
    cxl_dcd_fm_expect_info(&l, 0x55, 0);
    for (i = 0; i < len; i++) {
        cxl_dcd_fm_send(&l, frame + i, 1);
    }
    cxl_dcd_fm_expect_info(&l, 0x55, 0);
    cxl_dcd_fm_close(&l);
}

/* 7eh and 7dh, in what is sent and in what is answered */
static void frame_escapes(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[CCI];

    cxl_dcd_fm_send_message(&l, l.eid, OWNER | 1, body,
                            cxl_dcd_fm_info_request(body, 0x7e));
    cxl_dcd_fm_expect_info(&l, 0x7e, 1);
    cxl_dcd_fm_send_message(&l, l.eid, OWNER | 2, body,
                            cxl_dcd_fm_info_request(body, 0x7d));
    cxl_dcd_fm_expect_info(&l, 0x7d, 2);
    cxl_dcd_fm_close(&l);
}

/* --- Packets --- */

static void packet_header(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t packet[4 + CCI] = { 1, CXL_DCD_FM_EID, CXL_DCD_FM_US,
                                SOM | EOM | OWNER };
    static const uint8_t others[] = { 1, 7, 8, 10, 254, 255 };
    size_t len = 4 + cxl_dcd_fm_info_request(packet + 4, 3), i;
    uint8_t frame[CXL_DCD_FM_LINE];

    for (i = 0; i < 16; i++) {
        packet[0] = i;
        if (i != 1) {
            cxl_dcd_fm_send(&l, frame, cxl_dcd_fm_frame(packet, len, frame));
            cxl_dcd_fm_silent(&l);
        }
    }
    /* Reserved bits are ignored. */
    packet[0] = 0xf1;
    cxl_dcd_fm_send(&l, frame, cxl_dcd_fm_frame(packet, len, frame));
    cxl_dcd_fm_expect_info(&l, 3, 0);
    packet[0] = 1;
    for (i = 0; i < sizeof(others); i++) {
        packet[1] = others[i];
        cxl_dcd_fm_send(&l, frame, cxl_dcd_fm_frame(packet, len, frame));
        cxl_dcd_fm_silent(&l);
    }
    cxl_dcd_fm_close(&l);
}

/* One byte that differs: not the start, not the end, not the next one */
static void packet_sequence(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[CCI];
    unsigned from, to;

    cxl_dcd_fm_info_request(body, 9);
    for (from = 0; from < 4; from++) {
        for (to = 0; to < 4; to++) {
            cxl_dcd_fm_send_packet(&l, l.eid, SOM | SEQ(from) | OWNER, body, 8);
            cxl_dcd_fm_send_packet(&l, l.eid, EOM | SEQ(to) | OWNER, body + 8,
                                   CCI - 8);
            if (to == ((from + 1) & 3)) {
                cxl_dcd_fm_expect_info(&l, 9, 0);
            } else {
                cxl_dcd_fm_silent(&l);
                /* Nor does the right one help afterwards. */
                cxl_dcd_fm_send_packet(&l, l.eid, EOM | SEQ(from + 1) | OWNER,
                                       body + 8, CCI - 8);
                cxl_dcd_fm_silent(&l);
            }
        }
    }
    cxl_dcd_fm_close(&l);
}

static void packet_no_start(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[CCI];
    size_t len = cxl_dcd_fm_info_request(body, 4);

    cxl_dcd_fm_send_packet(&l, l.eid, EOM | OWNER, body, len);
    cxl_dcd_fm_silent(&l);
    cxl_dcd_fm_send_packet(&l, l.eid, OWNER, body, len);
    cxl_dcd_fm_silent(&l);
    /* A second start drops the first; a start alone waits for more. */
    cxl_dcd_fm_send_packet(&l, l.eid, SOM | OWNER, "\x07garbage", 8);
    cxl_dcd_fm_silent(&l);
    cxl_dcd_fm_send_packet(&l, l.eid, SOM | EOM | OWNER, body, len);
    cxl_dcd_fm_expect_info(&l, 4, 0);
    cxl_dcd_fm_close(&l);
}

/* All packets but the last have one size; none is empty. */
static void packet_uneven(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[CCI];

    cxl_dcd_fm_info_request(body, 4);
    cxl_dcd_fm_send_packet(&l, l.eid, SOM | OWNER, body, 4);
    cxl_dcd_fm_send_packet(&l, l.eid, SEQ(1) | OWNER, body + 4, 5);
    cxl_dcd_fm_send_packet(&l, l.eid, EOM | SEQ(2) | OWNER, body + 9, CCI - 9);
    cxl_dcd_fm_silent(&l);
    cxl_dcd_fm_send_packet(&l, l.eid, SOM | OWNER, body, 4);
    cxl_dcd_fm_send_packet(&l, l.eid, EOM | SEQ(1) | OWNER, body + 4, CCI - 4);
    cxl_dcd_fm_silent(&l);
    cxl_dcd_fm_send_packet(&l, l.eid, SOM | OWNER, body, CCI);
    cxl_dcd_fm_send_packet(&l, l.eid, EOM | SEQ(1) | OWNER, body, 0);
    cxl_dcd_fm_silent(&l);
    cxl_dcd_fm_close(&l);
}

/* --- Messages --- */

/* Fragments of every legal size */
static void message_fragments(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t answer[24];
    unsigned unit;

    for (unit = 1; unit <= 251; unit++) {
        const CXLDcdFmExtentListRequest request = {
            .extent_count = cxl_dcd_put32(1),
        };

        l.unit = unit;
        g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_FM_GET_EXTENT_LISTS,
                                       &request, sizeof(request), answer,
                                       sizeof(answer)), ==, SUCCESS);
    }
    cxl_dcd_fm_close(&l);
}

/* Packets of four messages, told apart by tag, in turn */
static void message_interleaved(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[4][CCI];
    unsigned at, m;

    for (m = 0; m < 4; m++) {
        cxl_dcd_fm_info_request(body[m], 0x40 + m);
    }
    for (at = 0; at < CCI; at++) {
        for (m = 0; m < 4; m++) {
            cxl_dcd_fm_send_packet(&l, l.eid, OWNER | m | SEQ(at) |
                                   (at ? 0 : SOM) |
                                   (at == CCI - 1 ? EOM : 0), &body[m][at], 1);
        }
    }
    for (m = 0; m < 4; m++) {
        cxl_dcd_fm_expect_info(&l, 0x40 + m, m);
    }
    cxl_dcd_fm_close(&l);
}

/* More than four at once: the oldest gives way, the others arrive. */
static void message_too_many(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[CCI];
    unsigned m;

    cxl_dcd_fm_info_request(body, 1);
    for (m = 0; m < 8; m++) {
        cxl_dcd_fm_send_packet(&l, l.eid, SOM | OWNER | m, body, 8);
    }
    for (m = 0; m < 8; m++) {
        cxl_dcd_fm_send_packet(&l, l.eid, EOM | SEQ(1) | OWNER | m, body + 8,
                               CCI - 8);
        if (m >= 4) {
            cxl_dcd_fm_expect_info(&l, 1, m);
        }
    }
    cxl_dcd_fm_silent(&l);
    cxl_dcd_fm_close(&l);
}

/* The length in the CCI header is not that of the message. */
static void message_truncated(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[CCI + 12], head[4], answer[64];
    size_t len;

    for (len = 1; len < CCI; len++) {
        cxl_dcd_fm_request(body, CXL_DCD_OP_FM_GET_EXTENT_LISTS, 1,
                           "\0\0\0\0\0\0\0\0\0\0\0", 12);
        cxl_dcd_fm_send_message(&l, l.eid, OWNER, body, len);
        cxl_dcd_fm_silent(&l);
    }
    for (len = CCI; len < CCI + 12; len++) {
        cxl_dcd_fm_send_message(&l, l.eid, OWNER, body, len);
        g_assert_cmpuint(cxl_dcd_fm_receive_message(&l, head, answer, 64), ==,
                         CCI);
        g_assert_cmphex(answer[9], ==, CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    }
    cxl_dcd_fm_close(&l);
}

/* Longer than a payload may be, up to a megabyte: answered, not kept */
static void message_oversized(CXLDcdDevice *d)
{
    static const size_t sizes[] = { 1025, 2000, 65535, 65536, 1 << 20 };
    char *before = cxl_dcd_snapshot(d);
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree uint8_t *payload = g_malloc0(sizes[i]);
        size_t len;

        g_assert_cmphex(cxl_dcd_fm_command(&l, CXL_DCD_OP_FM_INITIATE_ADD,
                                           payload, sizes[i], NULL, &len), ==,
                        CXL_DCD_RC_INVALID_PAYLOAD_LENGTH);
    }
    cxl_dcd_assert_unchanged(d, before);
    cxl_dcd_fm_close(&l);
}

/* Unknown types, and commands under the type of others */
static void message_types(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[CCI], head[4], answer[CCI];
    unsigned type;

    for (type = 0; type < 256; type++) {
        cxl_dcd_fm_info_request(body, 5);
        body[0] = type;
        if (type == 0 || type == 7 || type == 8) {
            continue;
        }
        cxl_dcd_fm_send_message(&l, l.eid, OWNER, body, CCI);
        cxl_dcd_fm_silent(&l);
    }
    body[0] = 8;
    cxl_dcd_fm_send_message(&l, l.eid, OWNER, body, CCI);
    cxl_dcd_fm_receive_message(&l, head, answer, CCI);
    g_assert_cmphex(answer[0], ==, 8);
    g_assert_cmphex(answer[9], ==, CXL_DCD_RC_UNSUPPORTED);
    cxl_dcd_fm_request(body, CXL_DCD_OP_IDENTIFY, 5, NULL, 0);
    body[0] = 7;
    cxl_dcd_fm_send_message(&l, l.eid, OWNER, body, CCI);
    cxl_dcd_fm_receive_message(&l, head, answer, CCI);
    g_assert_cmphex(answer[9], ==, CXL_DCD_RC_UNSUPPORTED);
    cxl_dcd_fm_close(&l);
}

/* Responses, and requests by one who does not own the tag, get no answer. */
static void message_responses(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[CCI];
    size_t len = cxl_dcd_fm_info_request(body, 6);

    cxl_dcd_fm_send_message(&l, l.eid, 0, body, len);
    cxl_dcd_fm_silent(&l);
    for (body[1] = 1; body[1] < 16; body[1]++) {
        cxl_dcd_fm_send_message(&l, l.eid, OWNER, body, len);
        cxl_dcd_fm_silent(&l);
    }
    body[1] = 0xf0;                /* reserved bits of a request */
    cxl_dcd_fm_send_message(&l, l.eid, OWNER, body, len);
    cxl_dcd_fm_expect_info(&l, 6, 0);
    cxl_dcd_fm_close(&l);
}

/* --- Control messages --- */

static void control_good(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t out[64], uuid[16];
    size_t len;

    g_assert_cmphex(cxl_dcd_fm_control(&l, 9, CXL_DCD_MCTP_GET_EID, "", 0, out,
                                       &len), ==, 0);
    g_assert_cmpmem(out, len, "\x09\x01\x00", 3);
    g_assert_cmphex(cxl_dcd_fm_control(&l, 0, CXL_DCD_MCTP_GET_EID, "", 0, out,
                                       &len), ==, 0);
    g_assert_cmpmem(out, len, "\x09\x01\x00", 3);
    g_assert_cmphex(cxl_dcd_fm_control(&l, 9, CXL_DCD_MCTP_GET_UUID, "", 0,
                                       uuid, &len), ==, 0);
    g_assert_cmpuint(len, ==, 16);
    g_assert_cmphex(cxl_dcd_fm_control(&l, 9, CXL_DCD_MCTP_GET_UUID, "", 0,
                                       out, &len), ==, 0);
    g_assert_cmpmem(out, len, uuid, 16);
    g_assert_cmphex(cxl_dcd_fm_control(&l, 9, CXL_DCD_MCTP_GET_TYPES, "", 0,
                                       out, &len), ==, 0);
    g_assert_cmpmem(out, len, "\x03\x00\x07\x08", 4);
    g_assert_cmphex(cxl_dcd_fm_control(&l, 9, CXL_DCD_MCTP_GET_VERSION, "\xff",
                                       1, out, &len), ==, 0);
    g_assert_cmpmem(out, len, "\x01\xf1\xf3\xf1\x00", 5);
    g_assert_cmphex(cxl_dcd_fm_control(&l, 9, CXL_DCD_MCTP_GET_VERSION, "\x07",
                                       1, out, &len), ==, 0);
    g_assert_cmpuint(len, ==, 5);
    cxl_dcd_fm_close(&l);
}

static void control_set_eid(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t out[64];
    size_t len;

    g_assert_cmphex(cxl_dcd_fm_control(&l, 9, CXL_DCD_MCTP_SET_EID, "\0\x20",
                                       2, out, &len), ==, 0);
    g_assert_cmpmem(out, len, "\x00\x20\x00", 3);
    l.eid = 0x20;
    g_assert_cmphex(cxl_dcd_fm_info(&l), ==, SUCCESS);
    g_assert_cmphex(cxl_dcd_fm_control(&l, 0, CXL_DCD_MCTP_SET_EID, "\1\x21",
                                       2, out, &len), ==, 0);
    l.eid = 0x21;
    g_assert_cmphex(cxl_dcd_fm_info(&l), ==, SUCCESS);
    /* Back to the static one */
    g_assert_cmphex(cxl_dcd_fm_control(&l, 0x21, CXL_DCD_MCTP_SET_EID, "\2\0",
                                       2, out, &len), ==, 0);
    g_assert_cmpmem(out, len, "\x00\x09\x00", 3);
    l.eid = 9;
    g_assert_cmphex(cxl_dcd_fm_info(&l), ==, SUCCESS);
    cxl_dcd_fm_close(&l);
}

static void control_refused(CXLDcdDevice *d)
{
    static const struct {
        uint8_t command, data[3], len, code;
    } bad[] = {
        { CXL_DCD_MCTP_SET_EID, { 0, 0 }, 2, CXL_DCD_MCTP_CC_INVALID_DATA },
        { CXL_DCD_MCTP_SET_EID, { 0, 7 }, 2, CXL_DCD_MCTP_CC_INVALID_DATA },
        { CXL_DCD_MCTP_SET_EID, { 0, 255 }, 2, CXL_DCD_MCTP_CC_INVALID_DATA },
        { CXL_DCD_MCTP_SET_EID, { 3, 20 }, 2, CXL_DCD_MCTP_CC_INVALID_DATA },
        { CXL_DCD_MCTP_SET_EID, { 0 }, 1, CXL_DCD_MCTP_CC_INVALID_LENGTH },
        { CXL_DCD_MCTP_SET_EID, { 0, 20, 0 }, 3,
          CXL_DCD_MCTP_CC_INVALID_LENGTH },
        { CXL_DCD_MCTP_GET_EID, { 0 }, 1, CXL_DCD_MCTP_CC_INVALID_LENGTH },
        { CXL_DCD_MCTP_GET_UUID, { 0 }, 1, CXL_DCD_MCTP_CC_INVALID_LENGTH },
        { CXL_DCD_MCTP_GET_TYPES, { 0 }, 1, CXL_DCD_MCTP_CC_INVALID_LENGTH },
        { CXL_DCD_MCTP_GET_VERSION, { 0 }, 0, CXL_DCD_MCTP_CC_INVALID_LENGTH },
        { CXL_DCD_MCTP_GET_VERSION, { 1 }, 1, CXL_DCD_MCTP_CC_NO_SUCH_TYPE },
        { 0, { 0 }, 0, CXL_DCD_MCTP_CC_UNSUPPORTED },
        { 6, { 0 }, 1, CXL_DCD_MCTP_CC_UNSUPPORTED },
        { 0xff, { 0 }, 0, CXL_DCD_MCTP_CC_UNSUPPORTED },
    };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t out[64], body[3] = { 0, 0x80 | 0x40, CXL_DCD_MCTP_GET_EID };
    size_t len, i;

    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmphex(cxl_dcd_fm_control(&l, 9, bad[i].command, bad[i].data,
                                           bad[i].len, out, &len), ==,
                        bad[i].code);
        g_assert_cmpuint(len, ==, 0);
    }
    /* A datagram, a response, a request cut short: no answer */
    cxl_dcd_fm_send_message(&l, 9, OWNER, body, 3);
    cxl_dcd_fm_silent(&l);
    body[1] = 0;
    cxl_dcd_fm_send_message(&l, 9, OWNER, body, 3);
    cxl_dcd_fm_silent(&l);
    body[1] = 0x80;
    cxl_dcd_fm_send_message(&l, 9, OWNER, body, 2);
    cxl_dcd_fm_silent(&l);
    cxl_dcd_fm_close(&l);
}

int main(int argc, char **argv)
{
    cxl_dcd_fm_options(&one, NULL);
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/mctp/frame/damaged", &one, frame_damaged);
    cxl_dcd_add_case("/cxl-dcd/mctp/frame/check", &one, frame_check);
    cxl_dcd_add_case("/cxl-dcd/mctp/frame/short", &one, frame_short);
    cxl_dcd_add_case("/cxl-dcd/mctp/frame/sync", &one, frame_sync);
    cxl_dcd_add_case("/cxl-dcd/mctp/frame/escapes", &one, frame_escapes);
    cxl_dcd_add_case("/cxl-dcd/mctp/packet/header", &one, packet_header);
    cxl_dcd_add_case("/cxl-dcd/mctp/packet/sequence", &one, packet_sequence);
    cxl_dcd_add_case("/cxl-dcd/mctp/packet/no-start", &one, packet_no_start);
    cxl_dcd_add_case("/cxl-dcd/mctp/packet/uneven", &one, packet_uneven);
    cxl_dcd_add_case("/cxl-dcd/mctp/message/fragments", &one,
                     message_fragments);
    cxl_dcd_add_case("/cxl-dcd/mctp/message/interleaved", &one,
                     message_interleaved);
    cxl_dcd_add_case("/cxl-dcd/mctp/message/too-many", &one, message_too_many);
    cxl_dcd_add_case("/cxl-dcd/mctp/message/truncated", &one,
                     message_truncated);
    cxl_dcd_add_case("/cxl-dcd/mctp/message/oversized", &one,
                     message_oversized);
    cxl_dcd_add_case("/cxl-dcd/mctp/message/types", &one, message_types);
    cxl_dcd_add_case("/cxl-dcd/mctp/message/responses", &one,
                     message_responses);
    cxl_dcd_add_case("/cxl-dcd/mctp/control/good", &one, control_good);
    cxl_dcd_add_case("/cxl-dcd/mctp/control/set-eid", &one, control_set_eid);
    cxl_dcd_add_case("/cxl-dcd/mctp/control/refused", &one, control_refused);
    return g_test_run();
}
