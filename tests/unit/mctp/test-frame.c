/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MCTP's serial frames (DSP0253). Golden frames have EID 8 as requester and 9
 * as endpoint.
 */
#include "tests/unit/mctp-peer.h"

/* Golden frames: see the name of each */
static const uint8_t set_eid_9[] = {
    0x7e, 0x01, 0x09, 0x01, 0x00, 0x08, 0xc8, 0x00, 0x81, 0x01, 0x00, 0x09,
    0xa3, 0x46, 0x7e
};
static const uint8_t set_eid_9_accepted[] = {
    0x7e, 0x01, 0x0b, 0x01, 0x08, 0x00, 0xc0, 0x00, 0x01, 0x01, 0x00, 0x00,
    0x09, 0x00, 0xf2, 0x67, 0x7e
};
static const uint8_t identify[] = {
    0x7e, 0x01, 0x11, 0x01, 0x09, 0x08, 0xc9, 0x08, 0x00, 0x01, 0x00, 0x01,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xe5, 0x79, 0x7e
};
static const uint8_t get_dcd_info[] = {
    0x7e, 0x01, 0x11, 0x01, 0x09, 0x08, 0xca, 0x07, 0x00, 0x02, 0x00, 0x00,
    0x56, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc3, 0x1a, 0x7e
};
static const uint8_t identify_tag_7e[] = {
    0x7e, 0x01, 0x11, 0x01, 0x09, 0x08, 0xc9, 0x08, 0x00, 0x7d, 0x5e, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xa7, 0xff, 0x7e
};

static void test_fcs(void)
{
    g_assert_cmphex(cxl_dcd_mctp_fcs(0xffff, (const uint8_t *)"123456789", 9),
                    ==, 0x6f91);
}

static void test_golden_send(void)
{
    static const uint8_t eid_body[] = { 0x00, 0x80, 0x02 };
    static const uint8_t set_body[] = { 0x00, 0x81, 0x01, 0x00, 0x09 };
    uint8_t cci[13] = { 0x08, 0x00, 0x01, 0x00, 0x01 };
    uint8_t dcd[13] = { 0x07, 0x00, 0x02, 0x00, 0x00, 0x56 };
    Peer *fm = peer_new(8, false, 0);

    cxl_dcd_mctp_send(fm->mctp, 8, 0, 0, true, eid_body, sizeof(eid_body));
    assert_sent(fm, get_eid, sizeof(get_eid));
    cxl_dcd_mctp_send(fm->mctp, 8, 0, 0, true, set_body, sizeof(set_body));
    assert_sent(fm, set_eid_9, sizeof(set_eid_9));
    cxl_dcd_mctp_send(fm->mctp, 8, 9, 1, true, cci, sizeof(cci));
    assert_sent(fm, identify, sizeof(identify));
    cxl_dcd_mctp_send(fm->mctp, 8, 9, 2, true, dcd, sizeof(dcd));
    assert_sent(fm, get_dcd_info, sizeof(get_dcd_info));
    cci[2] = 0x7e;
    cxl_dcd_mctp_send(fm->mctp, 8, 9, 1, true, cci, sizeof(cci));
    assert_sent(fm, identify_tag_7e, sizeof(identify_tag_7e));
    peer_free(fm);
}

static void test_golden_receive(void)
{
    static const uint8_t cci[13] = { 0x08, 0x00, 0x7e, 0x00, 0x01 };
    Peer *device = peer_new(0, true, 0);

    give(device, set_eid_9, sizeof(set_eid_9));
    assert_sent(device, set_eid_9_accepted, sizeof(set_eid_9_accepted));
    g_assert_cmphex(cxl_dcd_mctp_eid(device->mctp), ==, 9);

    give(device, identify, sizeof(identify));
    g_assert_cmpuint(device->messages, ==, 1);
    g_assert_cmphex(device->last.source, ==, 8);
    g_assert_cmphex(device->last.destination, ==, 9);
    g_assert_cmpuint(device->last.tag, ==, 1);
    g_assert_true(device->last.tag_owner);
    g_assert_cmpuint(device->last.total, ==, 13);
    give(device, get_dcd_info, sizeof(get_dcd_info));
    g_assert_cmpuint(device->last.tag, ==, 2);
    g_assert_cmphex(device->body->data[0], ==, 0x07);
    /* Byte by byte, escaped */
    for (size_t i = 0; i < sizeof(identify_tag_7e); i++) {
        give(device, &identify_tag_7e[i], 1);
    }
    g_assert_cmpuint(device->messages, ==, 3);
    g_assert_cmpmem(device->body->data, device->body->len, cci, sizeof(cci));
    peer_free(device);
}

/* Every packet, whatever bytes it has, comes back from its frame */
static void test_frame_round_trip(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(253);
    CXLDcdMctpDeframer d = { 0 };
    unsigned flag_in_fcs = 0;

    for (unsigned n = 0; n < 20000; n++) {
        uint8_t packet[CXL_DCD_MCTP_MAX_PACKET];
        uint8_t frame[CXL_DCD_MCTP_MAX_FRAME];
        size_t len = g_rand_int_range(random, 4, sizeof(packet) + 1), end;
        bool got = false;

        for (size_t i = 0; i < len; i++) {
            packet[i] = n % 3 ? g_rand_int_range(random, 0, 256) :
                                0x7c + g_rand_int_range(random, 0, 4);
        }
        end = cxl_dcd_mctp_frame(frame, packet, len);
        g_assert_cmpuint(end, <=, sizeof(frame));
        flag_in_fcs += frame[end - 2] == 0x7e || frame[end - 3] == 0x7e;
        for (size_t i = 0; i < end; i++) {
            g_assert_false(got);
            got = cxl_dcd_mctp_deframe(&d, frame[i]);
        }
        g_assert_true(got);
        g_assert_cmpmem(d.packet, d.len, packet, len);
    }
    g_assert_cmpuint(d.dropped, ==, 0);
    g_assert_cmpuint(flag_in_fcs, >, 0);
}

/* One flipped bit anywhere: the frame is dropped, the next one arrives */
static void test_frame_damaged(void)
{
    uint8_t frame[sizeof(identify)];

    for (size_t i = 0; i < sizeof(frame); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            Peer *device = peer_new(9, true, 0);

            memcpy(frame, identify, sizeof(frame));
            frame[i] ^= 1 << bit;
            give(device, frame, sizeof(frame));
            g_assert_cmpuint(device->messages, ==, 0);
            /* A count that is now too large swallows at most these two. */
            give(device, identify, sizeof(identify));
            give(device, identify, sizeof(identify));
            give(device, identify, sizeof(identify));
            g_assert_cmpuint(device->messages, >=, 1);
            peer_free(device);
        }
    }
}

static void test_frame_resync(void)
{
    static const uint8_t noise[] = { 0x00, 0x55, 0x7d, 0x01, 0xff };
    static const uint8_t flags[] = { 0x7e, 0x7e, 0x7e };
    static const uint8_t revision_2[] = { 0x7e, 0x02, 0x04, 0x01 };
    static const uint8_t short_count[] = { 0x7e, 0x01, 0x03, 0x01, 0x09, 0x08 };
    Peer *device = peer_new(9, true, 0);
    CXLDcdMctpStats stats;

    give(device, noise, sizeof(noise));
    give(device, identify, sizeof(identify));
    g_assert_cmpuint(device->messages, ==, 1);
    give(device, flags, sizeof(flags));
    give(device, identify, sizeof(identify));
    g_assert_cmpuint(device->messages, ==, 2);
    /* Closing and opening flag in one */
    give(device, identify + 1, sizeof(identify) - 1);
    g_assert_cmpuint(device->messages, ==, 3);
    /* Cut off in the middle */
    give(device, identify, 9);
    give(device, identify, sizeof(identify));
    g_assert_cmpuint(device->messages, ==, 4);
    give(device, revision_2, sizeof(revision_2));
    give(device, short_count, sizeof(short_count));
    give(device, identify, sizeof(identify));
    g_assert_cmpuint(device->messages, ==, 5);
    cxl_dcd_mctp_stats(device->mctp, &stats);
    g_assert_cmpuint(stats.bad_frames, ==, 3);
    g_assert_cmpuint(stats.messages, ==, 5);
    /* The peer vanishes in a frame; the next one starts clean */
    give(device, identify, 9);
    cxl_dcd_mctp_link_reset(device->mctp);
    give(device, identify, sizeof(identify));
    g_assert_cmpuint(device->messages, ==, 6);
    peer_free(device);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mctp/fcs", test_fcs);
    g_test_add_func("/mctp/golden/send", test_golden_send);
    g_test_add_func("/mctp/golden/receive", test_golden_receive);
    g_test_add_func("/mctp/frame/round-trip", test_frame_round_trip);
    g_test_add_func("/mctp/frame/damaged", test_frame_damaged);
    g_test_add_func("/mctp/frame/resync", test_frame_resync);
    return g_test_run();
}
