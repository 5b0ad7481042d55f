/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MCTP's packets, messages and control messages (DSP0236)
 */
#include "tests/unit/mctp-peer.h"

/* A message of every length in packets of every size */
static void test_fragments(void)
{
    uint8_t body[600];

    for (size_t i = 0; i < sizeof(body); i++) {
        body[i] = i ? i * 7 : 0x08;
    }
    for (unsigned unit = 1; unit <= 251; unit += unit < 70 ? 1 : 30) {
        Peer *from = peer_new(8, false, unit), *to = peer_new(9, true, 0);

        for (size_t len = 1; len <= sizeof(body); len += 1 + len / 8) {
            cxl_dcd_mctp_send(from->mctp, 8, 9, 5, true, body, len);
            give(to, from->line->data, from->line->len);
            g_byte_array_set_size(from->line, 0);
            g_assert_cmpuint(to->last.total, ==, len);
            g_assert_cmpmem(to->body->data, to->body->len, body, len);
        }
        peer_free(from);
        peer_free(to);
    }
}

/* Longer than is kept: the start arrives, and how long it was */
static void test_oversized(void)
{
    g_autofree uint8_t *body = g_malloc0(70000);
    Peer *from = peer_new(8, false, 0), *to = peer_new(9, true, 0);

    body[0] = 0x08;
    body[1199] = 0x42;
    cxl_dcd_mctp_send(from->mctp, 8, 9, 0, true, body, 70000);
    give(to, from->line->data, from->line->len);
    g_assert_cmpuint(to->messages, ==, 1);
    g_assert_cmpuint(to->last.len, ==, 1200);
    g_assert_cmpuint(to->last.total, ==, 70000);
    g_assert_cmphex(to->body->data[1199], ==, 0x42);
    peer_free(from);
    peer_free(to);
}

static void test_sequence(void)
{
    static const uint8_t body[64] = { 0x08 };
    Peer *to = peer_new(9, true, 0);
    CXLDcdMctpStats stats;

    /* A middle and an end without a start */
    give_packet(to, 9, 0x08, body, 64);
    give_packet(to, 9, 0x58, body, 10);
    g_assert_cmpuint(to->messages, ==, 0);
    /* A gap: 0, then 2; what follows belongs to nothing */
    give_packet(to, 9, 0x88, body, 64);
    give_packet(to, 9, 0x28, body, 64);
    give_packet(to, 9, 0x58, body, 64);
    g_assert_cmpuint(to->messages, ==, 0);
    /* The same packet twice */
    give_packet(to, 9, 0x88, body, 64);
    give_packet(to, 9, 0x18, body, 64);
    give_packet(to, 9, 0x18, body, 64);
    give_packet(to, 9, 0x68, body, 64);
    g_assert_cmpuint(to->messages, ==, 0);
    /* Middle shorter, then end longer than the first */
    give_packet(to, 9, 0x88, body, 64);
    give_packet(to, 9, 0x18, body, 63);
    give_packet(to, 9, 0x68, body, 1);
    give_packet(to, 9, 0x88, body, 20);
    give_packet(to, 9, 0x58, body, 21);
    g_assert_cmpuint(to->messages, ==, 0);
    /* A start gives up the message that had not ended */
    give_packet(to, 9, 0x88, body, 64);
    give_packet(to, 9, 0xc8, body, 5);
    g_assert_cmpuint(to->messages, ==, 1);
    g_assert_cmpuint(to->last.total, ==, 5);
    /* A sequence may begin anywhere */
    give_packet(to, 9, 0xb8, body, 64);
    give_packet(to, 9, 0x08, body, 64);
    give_packet(to, 9, 0x58, body, 1);
    g_assert_cmpuint(to->messages, ==, 2);
    g_assert_cmpuint(to->last.total, ==, 129);
    cxl_dcd_mctp_stats(to->mctp, &stats);
    g_assert_cmpuint(stats.bad_packets, ==, 10);
    peer_free(to);
}

/* Messages with different tags may interleave; the fifth evicts the oldest */
static void test_interleaved(void)
{
    static const uint8_t body[8] = { 0x08 };
    Peer *to = peer_new(9, true, 0);

    for (unsigned tag = 0; tag < 4; tag++) {
        give_packet(to, 9, 0x88 | tag, body, 8);
    }
    for (unsigned tag = 0; tag < 4; tag++) {
        give_packet(to, 9, 0x58 | tag, body, 1 + tag);
        g_assert_cmpuint(to->messages, ==, tag + 1);
        g_assert_cmpuint(to->last.tag, ==, tag);
        g_assert_cmpuint(to->last.total, ==, 9 + tag);
    }
    for (unsigned tag = 0; tag < 5; tag++) {
        give_packet(to, 9, 0x88 | tag, body, 8);
    }
    give_packet(to, 9, 0x58, body, 1);
    g_assert_cmpuint(to->messages, ==, 4);
    for (unsigned tag = 1; tag < 5; tag++) {
        give_packet(to, 9, 0x58 | tag, body, 1);
        g_assert_cmpuint(to->messages, ==, 4 + tag);
    }
    /* A response and a request with one tag number are two messages */
    give_packet(to, 9, 0x81, body, 8);
    give_packet(to, 9, 0x89, body, 8);
    give_packet(to, 9, 0x51, body, 1);
    g_assert_false(to->last.tag_owner);
    give_packet(to, 9, 0x59, body, 1);
    g_assert_true(to->last.tag_owner);
    g_assert_cmpuint(to->messages, ==, 10);
    peer_free(to);
}

static void test_addressing(void)
{
    static const uint8_t body[13] = { 0x08 }, integrity[13] = { 0x88 };
    uint8_t version_2[] = { 2, 9, 8, 0xc8, 8, 0 };
    uint8_t frame[CXL_DCD_MCTP_MAX_FRAME];
    Peer *to = peer_new(9, true, 0);
    CXLDcdMctpStats stats;

    give_packet(to, 10, 0xc8, body, 13);
    give_packet(to, 0xff, 0xc8, body, 13);
    g_assert_cmpuint(to->messages, ==, 0);
    give_packet(to, 0, 0xc8, body, 13);
    g_assert_cmpuint(to->messages, ==, 1);
    give_packet(to, 9, 0xc8, integrity, 13);
    give_packet(to, 9, 0xc8, NULL, 0);
    give(to, frame, cxl_dcd_mctp_frame(frame, version_2, sizeof(version_2)));
    g_assert_cmpuint(to->messages, ==, 1);
    cxl_dcd_mctp_stats(to->mctp, &stats);
    g_assert_cmpuint(stats.other_packets, ==, 2);
    g_assert_cmpuint(stats.bad_packets, ==, 3);
    g_assert_cmpuint(stats.bad_frames, ==, 0);
    peer_free(to);
}

/* Send a control request, return the data behind the completion code */
static size_t control(Peer *device, uint8_t command, const uint8_t *data,
                      size_t len, uint8_t *ret_code, uint8_t *ret_data)
{
    uint8_t body[64] = { 0x00, 0x80 | 0x15, command };
    CXLDcdMctpDeframer d = { 0 };
    bool got = false;

    if (len) {
        memcpy(body + 3, data, len);
    }
    give_packet(device, 0, 0xcb, body, 3 + len);
    for (guint i = 0; i < device->line->len; i++) {
        got = cxl_dcd_mctp_deframe(&d, device->line->data[i]);
    }
    g_assert_true(got);
    g_byte_array_set_size(device->line, 0);
    g_assert_cmphex(d.packet[1], ==, 8);
    g_assert_cmphex(d.packet[3], ==, 0xc3);
    g_assert_cmphex(d.packet[4], ==, 0x00);
    g_assert_cmphex(d.packet[5], ==, 0x15);
    g_assert_cmphex(d.packet[6], ==, command);
    *ret_code = d.packet[7];
    memcpy(ret_data, d.packet + 8, d.len - 8);
    return d.len - 8;
}

static void test_control(void)
{
    static const uint8_t types[] = { 0xff, 0x00, 0x07, 0x08 };
    static const uint8_t other[] = { 0x01, 0x05, 0x7e };
    static const uint8_t list[] = { 3, 0x00, 0x07, 0x08 };
    Peer *device = peer_new(0, true, 0);
    uint8_t data[64], code;

    g_assert_cmpuint(control(device, 0x02, NULL, 0, &code, data), ==, 3);
    g_assert_cmphex(code, ==, CXL_DCD_MCTP_CC_SUCCESS);
    g_assert_cmphex(data[0], ==, 0);
    g_assert_cmpuint(control(device, 0x03, NULL, 0, &code, data), ==, 16);
    g_assert_cmphex(data[0], ==, 0xa0);
    g_assert_cmphex(data[15], ==, 0xaf);
    for (unsigned i = 0; i < sizeof(types); i++) {
        g_assert_cmpuint(control(device, 0x04, &types[i], 1, &code, data), ==,
                         5);
        g_assert_cmphex(code, ==, CXL_DCD_MCTP_CC_SUCCESS);
        g_assert_cmpuint(data[0], ==, 1);
        g_assert_cmphex(data[1], ==, 0xf1);
    }
    for (unsigned i = 0; i < sizeof(other); i++) {
        g_assert_cmpuint(control(device, 0x04, &other[i], 1, &code, data), ==,
                         0);
        g_assert_cmphex(code, ==, CXL_DCD_MCTP_CC_NO_SUCH_TYPE);
    }
    g_assert_cmpuint(control(device, 0x05, NULL, 0, &code, data), ==, 4);
    g_assert_cmpmem(data, 4, list, 4);
    /* Wrong lengths and unknown commands */
    for (uint8_t command = 1; command <= 5; command++) {
        uint8_t three[3] = { 0 };

        g_assert_cmpuint(control(device, command, three, 3, &code, data), ==,
                         0);
        g_assert_cmphex(code, ==, CXL_DCD_MCTP_CC_INVALID_LENGTH);
    }
    g_assert_cmpuint(control(device, 0x06, NULL, 0, &code, data), ==, 0);
    g_assert_cmphex(code, ==, CXL_DCD_MCTP_CC_UNSUPPORTED);
    g_assert_cmpuint(control(device, 0x00, NULL, 0, &code, data), ==, 0);
    g_assert_cmphex(code, ==, CXL_DCD_MCTP_CC_UNSUPPORTED);
    peer_free(device);
}

static void test_control_set_eid(void)
{
    static const uint8_t bad[][2] = {
        { 0, 0x00 }, { 0, 0x07 }, { 0, 0xff }, { 1, 0x00 }, { 3, 0x20 },
    };
    static const uint8_t set[] = { 0, 0x20 }, force[] = { 1, 0xfe },
                         reset[] = { 2, 0 };
    Peer *device = peer_new(0, true, 0), *fixed = peer_new(9, true, 0);
    uint8_t data[64], code;

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmpuint(control(device, 1, bad[i], 2, &code, data), ==, 0);
        g_assert_cmphex(code, ==, CXL_DCD_MCTP_CC_INVALID_DATA);
        g_assert_cmphex(cxl_dcd_mctp_eid(device->mctp), ==, 0);
    }
    g_assert_cmpuint(control(device, 1, reset, 2, &code, data), ==, 0);
    g_assert_cmphex(code, ==, CXL_DCD_MCTP_CC_INVALID_DATA);
    g_assert_cmpuint(control(device, 1, set, 2, &code, data), ==, 3);
    g_assert_cmphex(data[1], ==, 0x20);
    g_assert_cmphex(cxl_dcd_mctp_eid(device->mctp), ==, 0x20);

    control(fixed, 1, force, 2, &code, data);
    g_assert_cmphex(cxl_dcd_mctp_eid(fixed->mctp), ==, 0xfe);
    control(fixed, 1, reset, 2, &code, data);
    g_assert_cmphex(code, ==, CXL_DCD_MCTP_CC_SUCCESS);
    g_assert_cmphex(cxl_dcd_mctp_eid(fixed->mctp), ==, 9);
    peer_free(device);
    peer_free(fixed);
}

/* Neither a datagram, a response, nor half a header is answered */
static void test_control_silence(void)
{
    static const uint8_t datagram[] = { 0x00, 0xc0, 0x02 };
    static const uint8_t response[] = { 0x00, 0x00, 0x02, 0x00 };
    static const uint8_t half[] = { 0x00, 0x80 };
    Peer *device = peer_new(9, true, 0), *fm = peer_new(9, false, 0);

    give_packet(device, 9, 0xc8, datagram, sizeof(datagram));
    give_packet(device, 9, 0xc8, response, sizeof(response));
    give_packet(device, 9, 0xc8, half, sizeof(half));
    g_assert_cmpuint(device->line->len, ==, 0);
    g_assert_cmpuint(device->messages, ==, 0);
    /* The requester gets responses, and answers no request */
    give_packet(fm, 9, 0xc0, response, sizeof(response));
    g_assert_cmpuint(fm->messages, ==, 1);
    give(fm, get_eid, sizeof(get_eid));
    g_assert_cmpuint(fm->messages, ==, 1);
    g_assert_cmpuint(fm->line->len, ==, 0);
    peer_free(device);
    peer_free(fm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mctp/message/fragments", test_fragments);
    g_test_add_func("/mctp/message/oversized", test_oversized);
    g_test_add_func("/mctp/message/sequence", test_sequence);
    g_test_add_func("/mctp/message/interleaved", test_interleaved);
    g_test_add_func("/mctp/message/addressing", test_addressing);
    g_test_add_func("/mctp/control", test_control);
    g_test_add_func("/mctp/control/set-eid", test_control_set_eid);
    g_test_add_func("/mctp/control/silence", test_control_silence);
    return g_test_run();
}
