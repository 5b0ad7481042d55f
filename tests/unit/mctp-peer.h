/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of an MCTP line, for tests of frames and of messages
 */
#ifndef MCTP_PEER_H
#define MCTP_PEER_H

#include <string.h>
#include "hw/cxl/dcd/mctp.h"

/* Get Endpoint ID, from the null EID, as a frame */
static const uint8_t get_eid[] = {
    0x7e, 0x01, 0x07, 0x01, 0x00, 0x08, 0xc8, 0x00, 0x80, 0x02, 0x2b, 0xc1,
    0x7e
};

typedef struct Peer {
    CXLDcdMctp *mctp;
    GByteArray *line;             /* what it sent */
    GByteArray *body;             /* last message it received */
    CXLDcdMctpMessage last;
    unsigned messages;
} Peer;

static inline void peer_send(void *opaque, const uint8_t *bytes, size_t len)
{
    g_byte_array_append(((Peer *)opaque)->line, bytes, len);
}

static inline void peer_message(void *opaque, const CXLDcdMctpMessage *message)
{
    Peer *peer = opaque;

    peer->messages++;
    peer->last = *message;
    g_byte_array_set_size(peer->body, 0);
    g_byte_array_append(peer->body, message->body, message->len);
}

static const CXLDcdMctpOps peer_ops = {
    .send = peer_send,
    .message = peer_message,
};

static inline Peer *peer_new(uint8_t eid, bool endpoint, uint8_t unit)
{
    Peer *peer = g_new0(Peer, 1);
    CXLDcdMctpConfig config = {
        .eid = eid, .endpoint = endpoint, .unit = unit, .max_message = 1200,
    };

    for (unsigned i = 0; i < sizeof(config.uuid); i++) {
        config.uuid[i] = 0xa0 + i;
    }
    peer->line = g_byte_array_new();
    peer->body = g_byte_array_new();
    peer->mctp = cxl_dcd_mctp_new(&config, &peer_ops, peer);
    return peer;
}

static inline void peer_free(Peer *peer)
{
    cxl_dcd_mctp_free(peer->mctp);
    g_byte_array_unref(peer->line);
    g_byte_array_unref(peer->body);
    g_free(peer);
}

static inline void give(Peer *peer, const uint8_t *bytes, size_t len)
{
    cxl_dcd_mctp_receive(peer->mctp, bytes, len);
}

/* A packet from EID 8 as a good frame; @flags is the fourth header byte. */
static inline void give_packet(Peer *peer, uint8_t destination, uint8_t flags,
                               const uint8_t *payload, size_t len)
{
    uint8_t packet[CXL_DCD_MCTP_MAX_PACKET] = { 1, destination, 8, flags };
    uint8_t frame[CXL_DCD_MCTP_MAX_FRAME];

    if (len) {
        memcpy(packet + 4, payload, len);
    }
    give(peer, frame, cxl_dcd_mctp_frame(frame, packet, len + 4));
}

static inline void assert_sent(Peer *peer, const uint8_t *frame, size_t len)
{
    g_assert_cmpmem(peer->line->data, peer->line->len, frame, len);
    g_byte_array_set_size(peer->line, 0);
}

#endif /* MCTP_PEER_H */
