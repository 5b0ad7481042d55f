/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz the MCTP state machine: damaged frames, then well-framed bad packets
 *
 * Byte 0 decides the shape of the rest:
 *   bit 0     0: raw line bytes; 1: packets [length][bytes], framed for us, so
 *             that the fuzzer need not guess the frame check
 *   bit 1     the endpoint has a static EID
 *   bit 2     a second endpoint shares the line
 *   bits 7:3  how many line bytes arrive at a time
 */
#include <stdlib.h>
#include <string.h>
#include "fuzzer.h"
#include "hw/cxl/dcd/mctp.h"

#define MAX_MESSAGE 256

static CXLDcdMctp *mctp[2];
static CXLDcdMctpBus *bus;

/* Whatever is sent must be good frames of legal packets. */
static void check_send(void *opaque, const uint8_t *bytes, size_t len)
{
    CXLDcdMctpDeframer d = { 0 };
    size_t i, packets = 0;

    for (i = 0; i < len; i++) {
        if (cxl_dcd_mctp_deframe(&d, bytes[i])) {
            g_assert(d.len > CXL_DCD_MCTP_HEADER);
            g_assert(d.len <= CXL_DCD_MCTP_HEADER + CXL_DCD_MCTP_UNIT);
            packets++;
        }
    }
    g_assert(packets && !d.dropped);
}

static void check_message(void *opaque, const CXLDcdMctpMessage *message)
{
    g_assert(message->len && message->len <= MAX_MESSAGE);
    g_assert(message->total >= message->len);
    if (message->tag_owner) {
        /* Touches every byte that we claim to have. */
        cxl_dcd_mctp_reply(*(CXLDcdMctp **)opaque, message, message->body, message->len);
    }
}

static void feed(const uint8_t *bytes, size_t len, size_t portion)
{
    size_t at, part;

    for (at = 0; at < len; at += part) {
        part = MIN(portion, len - at);
        if (bus) {
            cxl_dcd_mctp_bus_receive(bus, bytes + at, part);
        } else {
            cxl_dcd_mctp_receive(mctp[0], bytes + at, part);
        }
    }
}

static void leave(void)
{
    if (bus) {
        /* Two endpoints never get to have the same EID. */
        g_assert(!cxl_dcd_mctp_eid(mctp[0]) ||
                 cxl_dcd_mctp_eid(mctp[0]) != cxl_dcd_mctp_eid(mctp[1]));
        cxl_dcd_mctp_bus_link_reset(bus);
        cxl_dcd_mctp_bus_detach(bus, mctp[0]);
        cxl_dcd_mctp_bus_detach(bus, mctp[1]);
        cxl_dcd_mctp_bus_free(bus);
        cxl_dcd_mctp_free(mctp[1]);
    }
    bus = NULL;
    cxl_dcd_mctp_link_reset(mctp[0]);
    cxl_dcd_mctp_free(mctp[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const CXLDcdMctpOps ops = { check_send, check_message };
    CXLDcdMctpConfig config = { .endpoint = true, .max_message = MAX_MESSAGE };
    size_t portion, at, len;

    if (!size) {
        return 0;
    }
    config.eid = data[0] & 2 ? 9 : 0;
    portion = (data[0] >> 3) + 1;
    mctp[0] = cxl_dcd_mctp_new(&config, &ops, &mctp[0]);
    if (data[0] & 4) {
        config.eid = config.eid ? config.eid + 1 : 0;
        mctp[1] = cxl_dcd_mctp_new(&config, &ops, &mctp[1]);
        bus = cxl_dcd_mctp_bus_new();
        g_assert(cxl_dcd_mctp_bus_attach(bus, mctp[0]) &&
                 cxl_dcd_mctp_bus_attach(bus, mctp[1]));
    }
    if (!(data[0] & 1)) {
        feed(data + 1, size - 1, portion);
    } else {
        for (at = 1; at < size; at += 1 + len) {
            uint8_t frame[CXL_DCD_MCTP_MAX_FRAME];

            len = MIN(data[at], size - at - 1);
            feed(frame, cxl_dcd_mctp_frame(frame, data + at + 1, len),
                 portion);
        }
    }
    leave();
    return 0;
}
