/* SPDX-License-Identifier: GPL-2.0-or-later OR LGPL-2.1-or-later */
/*
 * MCTP packets and messages (DSP0236) over serial frames
 *
 * Contracts are in the header.
 */
#include <string.h>
#include "hw/cxl/dcd/mctp.h"

#define HEADER_VERSION 0x01
#define SOM            0x80
#define EOM            0x40
#define SEQUENCE_SHIFT 4
#define SEQUENCE_MASK  0x03
#define TAG_OWNER      0x08
#define TAG_MASK       0x07
#define TYPE_INTEGRITY 0x80       /* never used by our message types */

/*
 * A message of which not all packets are here. Packets of one message share
 * source, destination, tag and tag owner; those of others may come in between.
 */
typedef struct Assembly {
    bool active;
    uint8_t source;
    uint8_t destination;
    uint8_t tag;                  /* with TAG_OWNER */
    uint8_t next_sequence;
    uint8_t unit;                 /* payload of all packets but the last */
    uint32_t age;                 /* the oldest one gives way */
    size_t len;                   /* kept in body */
    size_t total;
    uint8_t *body;                /* max_message bytes */
} Assembly;

struct CXLDcdMctp {
    CXLDcdMctpConfig config;
    const CXLDcdMctpOps *ops;
    void *opaque;
    uint8_t eid;
    /* Of the bus that the endpoint is on; NULL: alone on its line */
    const CXLDcdMctpBus *bus;
    CXLDcdMctpTaken *taken;
    uint32_t clock;
    CXLDcdMctpDeframer deframer;
    Assembly assemblies[CXL_DCD_MCTP_ASSEMBLIES];
    CXLDcdMctpStats stats;
    GByteArray *line;             /* frames of the message being sent */
};

CXLDcdMctp *cxl_dcd_mctp_new(const CXLDcdMctpConfig *config,
                             const CXLDcdMctpOps *ops, void *opaque)
{
    CXLDcdMctp *mctp = g_new0(CXLDcdMctp, 1);
    const uint8_t max_unit = CXL_DCD_MCTP_MAX_PACKET - CXL_DCD_MCTP_HEADER;

    mctp->config = *config;
    mctp->config.unit = MIN(config->unit ? config->unit : CXL_DCD_MCTP_UNIT,
                            max_unit);
    mctp->config.max_message = MAX(config->max_message, CXL_DCD_MCTP_UNIT);
    mctp->ops = ops;
    mctp->opaque = opaque;
    mctp->eid = config->eid;
    mctp->line = g_byte_array_new();
    return mctp;
}

void cxl_dcd_mctp_free(CXLDcdMctp *mctp)
{
    unsigned i;

    if (!mctp) {
        return;
    }
    for (i = 0; i < CXL_DCD_MCTP_ASSEMBLIES; i++) {
        g_free(mctp->assemblies[i].body);
    }
    g_byte_array_unref(mctp->line);
    g_free(mctp);
}

uint8_t cxl_dcd_mctp_eid(const CXLDcdMctp *mctp)
{
    return mctp->eid;
}

void cxl_dcd_mctp_set_eid(CXLDcdMctp *mctp, uint8_t eid)
{
    mctp->eid = eid;
}

void cxl_dcd_mctp_set_bus(CXLDcdMctp *mctp, const CXLDcdMctpBus *bus,
                          CXLDcdMctpTaken *taken)
{
    mctp->bus = bus;
    mctp->taken = taken;
}

void cxl_dcd_mctp_stats(const CXLDcdMctp *mctp, CXLDcdMctpStats *ret_stats)
{
    *ret_stats = mctp->stats;
    ret_stats->bad_frames = mctp->deframer.dropped;
}

void cxl_dcd_mctp_link_reset(CXLDcdMctp *mctp)
{
    uint32_t dropped = mctp->deframer.dropped;
    unsigned i;

    memset(&mctp->deframer, 0, sizeof(mctp->deframer));
    mctp->deframer.dropped = dropped;
    for (i = 0; i < CXL_DCD_MCTP_ASSEMBLIES; i++) {
        mctp->assemblies[i].active = false;
    }
}

void cxl_dcd_mctp_send(CXLDcdMctp *mctp, uint8_t source, uint8_t destination,
                       uint8_t tag, bool tag_owner, const uint8_t *body,
                       size_t len)
{
    uint8_t packet[CXL_DCD_MCTP_MAX_PACKET];
    uint8_t frame[CXL_DCD_MCTP_MAX_FRAME];
    size_t at = 0;
    unsigned sequence = 0;

    g_byte_array_set_size(mctp->line, 0);
    while (at < len) {
        size_t part = MIN(len - at, mctp->config.unit);

        packet[0] = HEADER_VERSION;
        packet[1] = destination;
        packet[2] = source;
        packet[3] = (at ? 0 : SOM) | (at + part == len ? EOM : 0) |
                    (sequence & SEQUENCE_MASK) << SEQUENCE_SHIFT |
                    (tag_owner ? TAG_OWNER : 0) | (tag & TAG_MASK);
        memcpy(packet + CXL_DCD_MCTP_HEADER, body + at, part);
        g_byte_array_append(mctp->line, frame,
                            cxl_dcd_mctp_frame(frame, packet,
                                               CXL_DCD_MCTP_HEADER + part));
        at += part;
        sequence++;
    }
    mctp->ops->send(mctp->opaque, mctp->line->data, mctp->line->len);
}

void cxl_dcd_mctp_reply(CXLDcdMctp *mctp, const CXLDcdMctpMessage *request,
                        const uint8_t *body, size_t len)
{
    cxl_dcd_mctp_send(mctp, request->destination, request->source,
                      request->tag, false, body, len);
}

static void cxl_dcd_mctp_deliver(CXLDcdMctp *mctp,
                                 const CXLDcdMctpMessage *message)
{
    uint8_t response[CXL_DCD_MCTP_CONTROL_MAX], want;
    bool taken;
    size_t len;

    mctp->stats.messages++;
    if (message->body[0] != CXL_DCD_MCTP_TYPE_CONTROL || !message->tag_owner) {
        mctp->ops->message(mctp->opaque, message);
        return;
    }
    /* A control request longer than what we keep is too long for any. */
    if (mctp->config.endpoint) {
        want = cxl_dcd_mctp_control_wants(&mctp->config, message->body,
                                          message->len);
        taken = want && mctp->bus && mctp->taken(mctp->bus, want);
        len = cxl_dcd_mctp_control(&mctp->config, &mctp->eid, taken,
                                   message->body, message->len, response);
        if (len) {
            cxl_dcd_mctp_reply(mctp, message, response, len);
        }
    }
}

static Assembly *cxl_dcd_mctp_find(CXLDcdMctp *mctp, const uint8_t *packet)
{
    unsigned i;

    for (i = 0; i < CXL_DCD_MCTP_ASSEMBLIES; i++) {
        Assembly *a = &mctp->assemblies[i];

        if (a->active && a->source == packet[2] &&
            a->destination == packet[1] &&
            a->tag == (packet[3] & (TAG_OWNER | TAG_MASK))) {
            return a;
        }
    }
    return NULL;
}

/* A place for a new message: a free one, else the oldest is given up. */
static Assembly *cxl_dcd_mctp_start(CXLDcdMctp *mctp, const uint8_t *packet)
{
    Assembly *best = &mctp->assemblies[0];
    unsigned i;

    for (i = 0; i < CXL_DCD_MCTP_ASSEMBLIES; i++) {
        Assembly *a = &mctp->assemblies[i];

        if (!a->active) {
            best = a;
            break;
        }
        if (mctp->clock - a->age > mctp->clock - best->age) {
            best = a;
        }
    }
    mctp->stats.bad_packets += best->active;
    if (!best->body) {
        best->body = g_malloc(mctp->config.max_message);
    }
    best->active = true;
    best->source = packet[2];
    best->destination = packet[1];
    best->tag = packet[3] & (TAG_OWNER | TAG_MASK);
    best->next_sequence = packet[3] >> SEQUENCE_SHIFT & SEQUENCE_MASK;
    best->age = ++mctp->clock;
    best->len = 0;
    best->total = 0;
    return best;
}

/* Whether the packet continues @a as DSP0236 wants it. */
static bool cxl_dcd_mctp_fits(const Assembly *a, const uint8_t *packet,
                              size_t payload)
{
    if ((packet[3] >> SEQUENCE_SHIFT & SEQUENCE_MASK) != a->next_sequence) {
        return false;
    }
    if (packet[3] & SOM) {
        return true;
    }
    return packet[3] & EOM ? payload <= a->unit : payload == a->unit;
}

static void cxl_dcd_mctp_packet(CXLDcdMctp *mctp, const uint8_t *packet,
                                size_t len)
{
    size_t payload = len - CXL_DCD_MCTP_HEADER, keep;
    Assembly *a = cxl_dcd_mctp_find(mctp, packet);

    if (packet[3] & SOM) {
        if (a) {
            /* The old message will never end. */
            mctp->stats.bad_packets++;
            a->active = false;
        }
        if (!payload || packet[4] & TYPE_INTEGRITY) {
            mctp->stats.bad_packets++;
            return;
        }
        a = cxl_dcd_mctp_start(mctp, packet);
        a->unit = payload;
    }
    if (!a || !payload || !cxl_dcd_mctp_fits(a, packet, payload)) {
        mctp->stats.bad_packets++;
        if (a) {
            a->active = false;
        }
        return;
    }
    keep = MIN(payload, mctp->config.max_message - a->len);
    memcpy(a->body + a->len, packet + CXL_DCD_MCTP_HEADER, keep);
    a->len += keep;
    a->total += payload;
    a->next_sequence = (a->next_sequence + 1) & SEQUENCE_MASK;
    if (packet[3] & EOM) {
        const CXLDcdMctpMessage message = {
            .source = a->source,
            .destination = a->destination,
            .tag = a->tag & TAG_MASK,
            .tag_owner = a->tag & TAG_OWNER,
            .body = a->body,
            .len = a->len,
            .total = a->total,
        };

        a->active = false;
        cxl_dcd_mctp_deliver(mctp, &message);
    }
}

void cxl_dcd_mctp_take(CXLDcdMctp *mctp, const uint8_t *packet, size_t len)
{
    uint8_t destination = cxl_dcd_mctp_destination(packet);

    mctp->stats.packets++;
    if ((packet[0] & 0x0f) != HEADER_VERSION) {
        mctp->stats.bad_packets++;
    } else if (destination != CXL_DCD_MCTP_EID_NULL &&
               destination != mctp->eid) {
        mctp->stats.other_packets++;
    } else {
        cxl_dcd_mctp_packet(mctp, packet, len);
    }
}

void cxl_dcd_mctp_receive(CXLDcdMctp *mctp, const uint8_t *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (cxl_dcd_mctp_deframe(&mctp->deframer, bytes[i])) {
            cxl_dcd_mctp_take(mctp, mctp->deframer.packet, mctp->deframer.len);
        }
    }
}
