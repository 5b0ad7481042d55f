/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several MCTP endpoints on one line: who takes a packet, who may have an id
 */
#include <string.h>
#include "hw/cxl/dcd/mctp.h"

#define US   8                    /* the bus owner's EID */
#define TYPE 0x7e                 /* of our messages: vendor defined (PCI) */

/* A line with three endpoints; what they got and sent */
typedef struct Line {
    CXLDcdMctpBus *bus;
    CXLDcdMctp *mctp[3];
    unsigned got[3];              /* messages that came to each */
    CXLDcdMctpDeframer answers;
    GByteArray *answer;           /* packet that was sent last */
} Line;

static void line_send(void *opaque, const uint8_t *bytes, size_t len)
{
    Line *l = opaque;
    size_t i;

    for (i = 0; i < len; i++) {
        if (cxl_dcd_mctp_deframe(&l->answers, bytes[i])) {
            g_byte_array_set_size(l->answer, 0);
            g_byte_array_append(l->answer, l->answers.packet, l->answers.len);
        }
    }
}

static void line_message(void *opaque, const CXLDcdMctpMessage *message)
{
    Line *l = opaque;

    g_assert_cmphex(message->body[0], ==, TYPE);
    g_assert_cmpuint(message->len, ==, 2);
    l->got[message->body[1]]++;
}

static const CXLDcdMctpOps line_ops = { line_send, line_message };

static Line *line_new(uint8_t first, uint8_t second, uint8_t third)
{
    const uint8_t eids[3] = { first, second, third };
    Line *l = g_new0(Line, 1);
    unsigned i;

    l->bus = cxl_dcd_mctp_bus_new();
    l->answer = g_byte_array_new();
    for (i = 0; i < 3; i++) {
        const CXLDcdMctpConfig config = {
            .eid = eids[i], .endpoint = true, .max_message = 64,
        };

        l->mctp[i] = cxl_dcd_mctp_new(&config, &line_ops, l);
        g_assert_true(cxl_dcd_mctp_bus_attach(l->bus, l->mctp[i]));
    }
    return l;
}

static void line_free(Line *l)
{
    unsigned i;

    for (i = 0; i < 3; i++) {
        cxl_dcd_mctp_bus_detach(l->bus, l->mctp[i]);
        cxl_dcd_mctp_free(l->mctp[i]);
    }
    cxl_dcd_mctp_bus_free(l->bus);
    g_byte_array_unref(l->answer);
    g_free(l);
}

/* A whole message to @eid in one packet */
static void line_ask(Line *l, uint8_t eid, const uint8_t *body, size_t len)
{
    uint8_t packet[64] = { 1, eid, US, 0xc8 }, frame[CXL_DCD_MCTP_MAX_FRAME];

    memcpy(packet + CXL_DCD_MCTP_HEADER, body, len);
    g_byte_array_set_size(l->answer, 0);
    cxl_dcd_mctp_bus_receive(l->bus, frame,
                             cxl_dcd_mctp_frame(frame, packet,
                                                CXL_DCD_MCTP_HEADER + len));
}

static void line_tell(Line *l, uint8_t eid, uint8_t which)
{
    const uint8_t body[2] = { TYPE, which };

    line_ask(l, eid, body, sizeof(body));
}

/* Get Endpoint ID to @eid: what it says, -1 for no answer */
static int line_eid(Line *l, uint8_t eid)
{
    const uint8_t body[3] = { 0, CXL_DCD_MCTP_CONTROL_RQ,
                              CXL_DCD_MCTP_GET_EID };

    line_ask(l, eid, body, sizeof(body));
    return l->answer->len ? l->answer->data[8] : -1;
}

/* Set Endpoint ID: the new one, or -1 when it is rejected */
static int line_set_eid(Line *l, uint8_t eid, uint8_t operation, uint8_t to)
{
    const uint8_t body[5] = { 0, CXL_DCD_MCTP_CONTROL_RQ, CXL_DCD_MCTP_SET_EID,
                              operation, to };

    line_ask(l, eid, body, sizeof(body));
    g_assert_cmpuint(l->answer->len, ==, 11);
    g_assert_cmphex(l->answer->data[7], ==, CXL_DCD_MCTP_CC_SUCCESS);
    return l->answer->data[8] & 0x30 ? -1 : l->answer->data[9];
}

/* A packet reaches the endpoint that has its destination, and no other. */
static void test_route(void)
{
    Line *l = line_new(9, 10, 20);
    CXLDcdMctpStats stats;

    line_tell(l, 9, 0);
    line_tell(l, 20, 2);
    line_tell(l, 20, 2);
    line_tell(l, 11, 1);
    line_tell(l, CXL_DCD_MCTP_EID_BROADCAST, 1);
    g_assert_cmpuint(l->got[0], ==, 1);
    g_assert_cmpuint(l->got[1], ==, 0);
    g_assert_cmpuint(l->got[2], ==, 2);
    cxl_dcd_mctp_bus_stats(l->bus, &stats);
    g_assert_cmpuint(stats.other_packets, ==, 2);
    g_assert_cmpint(line_eid(l, 10), ==, 10);
    g_assert_cmpint(line_eid(l, 11), ==, -1);
    line_free(l);
}

/* The null EID: whoever has none yet, else the first */
static void test_null(void)
{
    Line *l = line_new(0, 10, 0);

    g_assert_cmpint(line_eid(l, 0), ==, 0);
    g_assert_cmpint(line_set_eid(l, 0, 0, 30), ==, 30);
    g_assert_cmpint(cxl_dcd_mctp_eid(l->mctp[0]), ==, 30);
    g_assert_cmpint(line_eid(l, 0), ==, 0);
    g_assert_cmpint(line_set_eid(l, 0, 0, 31), ==, 31);
    g_assert_cmpint(cxl_dcd_mctp_eid(l->mctp[2]), ==, 31);
    g_assert_cmpint(line_eid(l, 0), ==, 30);
    line_free(l);
}

/* No two endpoints of a line get one EID. */
static void test_taken(void)
{
    Line *l = line_new(9, 10, 0);
    const CXLDcdMctpConfig config = { .eid = 9, .max_message = 64 };
    CXLDcdMctp *fourth = cxl_dcd_mctp_new(&config, &line_ops, l);

    g_assert_false(cxl_dcd_mctp_bus_attach(l->bus, fourth));
    g_assert_cmpint(line_set_eid(l, 9, 0, 10), ==, -1);
    g_assert_cmpint(line_set_eid(l, 0, 1, 9), ==, -1);
    g_assert_cmpint(line_eid(l, 0), ==, 0);
    g_assert_cmpint(line_set_eid(l, 9, 0, 9), ==, 9);
    /* 9 moves away, another takes it, so 9 cannot go back to it. */
    g_assert_cmpint(line_set_eid(l, 9, 0, 50), ==, 50);
    g_assert_cmpint(line_set_eid(l, 10, 0, 9), ==, 9);
    g_assert_cmpint(line_set_eid(l, 50, 2, 0), ==, -1);
    g_assert_cmpint(cxl_dcd_mctp_eid(l->mctp[0]), ==, 50);
    cxl_dcd_mctp_free(fourth);
    line_free(l);
}

/* One endpoint leaves: its EID is free, the others stay. */
static void test_detach(void)
{
    Line *l = line_new(9, 10, 11);

    cxl_dcd_mctp_bus_detach(l->bus, l->mctp[1]);
    line_tell(l, 10, 1);
    line_tell(l, 11, 2);
    g_assert_cmpuint(l->got[1], ==, 0);
    g_assert_cmpuint(l->got[2], ==, 1);
    g_assert_cmpint(line_set_eid(l, 11, 0, 10), ==, 10);
    g_assert_false(cxl_dcd_mctp_bus_attach(l->bus, l->mctp[1]));
    line_free(l);
}

/* The peer leaves mid-message: the halves are forgotten, everywhere. */
static void test_reset(void)
{
    Line *l = line_new(9, 10, 11);
    uint8_t packet[5] = { 1, 9, US, 0x88, TYPE }, frame[32];
    size_t len;

    cxl_dcd_mctp_bus_receive(l->bus, frame,
                             cxl_dcd_mctp_frame(frame, packet, 5));
    packet[1] = 10;
    cxl_dcd_mctp_bus_receive(l->bus, frame,
                             cxl_dcd_mctp_frame(frame, packet, 5));
    cxl_dcd_mctp_bus_link_reset(l->bus);
    packet[3] = 0x58;
    packet[4] = 1;
    len = cxl_dcd_mctp_frame(frame, packet, 5);
    cxl_dcd_mctp_bus_receive(l->bus, frame, len);
    /* Half a frame is forgotten, too. */
    cxl_dcd_mctp_bus_receive(l->bus, frame, len / 2);
    cxl_dcd_mctp_bus_link_reset(l->bus);
    line_tell(l, 11, 2);
    g_assert_cmpuint(l->got[0] + l->got[1], ==, 0);
    g_assert_cmpuint(l->got[2], ==, 1);
    line_free(l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mctp/bus/route", test_route);
    g_test_add_func("/mctp/bus/null", test_null);
    g_test_add_func("/mctp/bus/taken", test_taken);
    g_test_add_func("/mctp/bus/detach", test_detach);
    g_test_add_func("/mctp/bus/reset", test_reset);
    return g_test_run();
}
