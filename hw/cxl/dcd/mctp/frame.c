/* SPDX-License-Identifier: GPL-2.0-or-later OR LGPL-2.1-or-later */
/*
 * MCTP serial transport binding: frames (DSP0253)
 *
 *   7e | revision 01 | count | packet, escaped | FCS high, low | 7e
 *
 * Only the packet is escaped. Count and FCS may have the value of a flag, so
 * inside a frame the receiver goes by position and looks for 7e only where it
 * cannot be anything else.
 */
#include <string.h>
#include "hw/cxl/dcd/mctp.h"

#define FLAG     0x7e
#define ESCAPE   0x7d
#define ESCAPED  0x20
#define REVISION 0x01

typedef enum FrameState {
    FRAME_HUNT,                   /* out of sync: wait for a flag */
    FRAME_REVISION,               /* a flag was seen, more may follow */
    FRAME_COUNT,
    FRAME_PACKET,
    FRAME_FCS_HIGH,
    FRAME_FCS_LOW,
    FRAME_END,
} FrameState;

/* CRC-16/MCRF4XX, polynomial 8408h reflected, four bits at a time */
static const uint16_t fcs_nibble[16] = {
    0x0000, 0x1081, 0x2102, 0x3183, 0x4204, 0x5285, 0x6306, 0x7387,
    0x8408, 0x9489, 0xa50a, 0xb58b, 0xc60c, 0xd68d, 0xe70e, 0xf78f,
};

uint16_t cxl_dcd_mctp_fcs(uint16_t fcs, const uint8_t *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        fcs = (fcs >> 4) ^ fcs_nibble[(fcs ^ bytes[i]) & 0xf];
        fcs = (fcs >> 4) ^ fcs_nibble[(fcs ^ (bytes[i] >> 4)) & 0xf];
    }
    return fcs;
}

size_t cxl_dcd_mctp_frame(uint8_t *out, const uint8_t *packet, size_t len)
{
    const uint8_t head[2] = { REVISION, len };
    uint16_t fcs = cxl_dcd_mctp_fcs(0xffff, head, sizeof(head));
    size_t at = 0, i;

    fcs = cxl_dcd_mctp_fcs(fcs, packet, len);
    out[at++] = FLAG;
    out[at++] = REVISION;
    out[at++] = len;
    for (i = 0; i < len; i++) {
        if (packet[i] == FLAG || packet[i] == ESCAPE) {
            out[at++] = ESCAPE;
            out[at++] = packet[i] ^ ESCAPED;
        } else {
            out[at++] = packet[i];
        }
    }
    out[at++] = fcs >> 8;
    out[at++] = fcs;
    out[at++] = FLAG;
    return at;
}

/* This frame is lost; @byte decides where the next one can begin. */
static bool cxl_dcd_mctp_frame_lost(CXLDcdMctpDeframer *d, uint8_t byte)
{
    d->dropped++;
    d->escaped = false;
    d->state = byte == FLAG ? FRAME_REVISION : FRAME_HUNT;
    return false;
}

static bool cxl_dcd_mctp_frame_packet(CXLDcdMctpDeframer *d, uint8_t byte)
{
    if (byte == FLAG) {
        return cxl_dcd_mctp_frame_lost(d, byte);
    }
    if (!d->escaped && byte == ESCAPE) {
        d->escaped = true;
        return false;
    }
    d->packet[d->len++] = d->escaped ? byte ^ ESCAPED : byte;
    d->escaped = false;
    if (d->len == d->count) {
        d->fcs = cxl_dcd_mctp_fcs(d->fcs, d->packet, d->len);
        d->state = FRAME_FCS_HIGH;
    }
    return false;
}

bool cxl_dcd_mctp_deframe(CXLDcdMctpDeframer *d, uint8_t byte)
{
    switch ((FrameState)d->state) {
    case FRAME_HUNT:
        if (byte == FLAG) {
            d->state = FRAME_REVISION;
        }
        return false;
    case FRAME_REVISION:
        /* Closing and opening flag may be one or two, or fill the line. */
        if (byte == FLAG) {
            return false;
        }
        if (byte != REVISION) {
            return cxl_dcd_mctp_frame_lost(d, byte);
        }
        d->fcs = cxl_dcd_mctp_fcs(0xffff, &byte, 1);
        d->state = FRAME_COUNT;
        return false;
    case FRAME_COUNT:
        if (byte < CXL_DCD_MCTP_HEADER) {
            return cxl_dcd_mctp_frame_lost(d, byte);
        }
        d->fcs = cxl_dcd_mctp_fcs(d->fcs, &byte, 1);
        d->count = byte;
        d->len = 0;
        d->escaped = false;
        d->state = FRAME_PACKET;
        return false;
    case FRAME_PACKET:
        return cxl_dcd_mctp_frame_packet(d, byte);
    case FRAME_FCS_HIGH:
        d->got_fcs = byte << 8;
        d->state = FRAME_FCS_LOW;
        return false;
    case FRAME_FCS_LOW:
        d->got_fcs |= byte;
        d->state = FRAME_END;
        return false;
    case FRAME_END:
        if (byte != FLAG || d->got_fcs != d->fcs) {
            return cxl_dcd_mctp_frame_lost(d, byte);
        }
        d->state = FRAME_REVISION;
        return true;
    }
    g_assert_not_reached();
}
