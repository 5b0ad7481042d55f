/* SPDX-License-Identifier: GPL-2.0-or-later OR LGPL-2.1-or-later */
/*
 * MCTP over a serial line, as a pure state machine: bytes in, bytes out
 *
 * DSP0253 serial frames, DSP0236 packets, message assembly, and the control
 * messages an endpoint must answer. Knows no socket, no chardev, no QEMU: the
 * device's endpoint and the fabric manager's requester are both made of it.
 *
 * A line has one endpoint, or several behind a bus.
 *
 * Layers, from the line up
 *   frame    flag, revision, count, escaped packet, FCS, flag
 *   packet   4-byte transport header and payload; part of a message
 *   message  type byte and body; what the owner sends and receives
 *
 * Hostile input: whatever arrives, a damaged frame, a packet out of sequence
 * or a message without an end is dropped and counted; memory in use stays
 * below CXL_DCD_MCTP_ASSEMBLIES * max_message.
 */
#ifndef CXL_DCD_MCTP_H
#define CXL_DCD_MCTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#define CXL_DCD_MCTP_EID_NULL       0x00
#define CXL_DCD_MCTP_EID_FIRST      0x08 /* 01h..07h are reserved */
#define CXL_DCD_MCTP_EID_BROADCAST  0xff

/* Message types: DSP0239 */
#define CXL_DCD_MCTP_TYPE_CONTROL   0x00
#define CXL_DCD_MCTP_TYPE_FM_API    0x07 /* DSP0234: command sets 51h..5fh */
#define CXL_DCD_MCTP_TYPE_CCI       0x08 /* DSP0281: all other sets */

#define CXL_DCD_MCTP_HEADER         4
#define CXL_DCD_MCTP_UNIT           64   /* baseline payload of a packet */
#define CXL_DCD_MCTP_MAX_PACKET     255  /* the frame's count is one byte */
#define CXL_DCD_MCTP_ASSEMBLIES     4    /* messages that may interleave */
#define CXL_DCD_MCTP_MAX_FRAME      (2 * CXL_DCD_MCTP_MAX_PACKET + 6)

/* Control messages: DSP0236 table 12 and 13 */
enum {
    CXL_DCD_MCTP_SET_EID            = 0x01,
    CXL_DCD_MCTP_GET_EID            = 0x02,
    CXL_DCD_MCTP_GET_UUID           = 0x03,
    CXL_DCD_MCTP_GET_VERSION        = 0x04,
    CXL_DCD_MCTP_GET_TYPES          = 0x05,
};
enum {
    CXL_DCD_MCTP_CC_SUCCESS         = 0x00,
    CXL_DCD_MCTP_CC_ERROR           = 0x01,
    CXL_DCD_MCTP_CC_INVALID_DATA    = 0x02,
    CXL_DCD_MCTP_CC_INVALID_LENGTH  = 0x03,
    CXL_DCD_MCTP_CC_UNSUPPORTED     = 0x05,
    CXL_DCD_MCTP_CC_NO_SUCH_TYPE    = 0x80, /* Get MCTP Version */
};
#define CXL_DCD_MCTP_CONTROL_RQ       0x80
#define CXL_DCD_MCTP_CONTROL_DATAGRAM 0x40
#define CXL_DCD_MCTP_CONTROL_INSTANCE 0x1f

/* --- Frames --- */

/*
 * CRC-16/MCRF4XX over @len bytes, continuing from @fcs (start with 0xffff).
 */
uint16_t cxl_dcd_mctp_fcs(uint16_t fcs, const uint8_t *bytes, size_t len);

/*
 * Write the frame of one packet of @len (<= CXL_DCD_MCTP_MAX_PACKET) bytes to
 * @out, which has room for CXL_DCD_MCTP_MAX_FRAME. Returns the frame's bytes.
 */
size_t cxl_dcd_mctp_frame(uint8_t *out, const uint8_t *packet, size_t len);

/* Zero-initialised, it hunts for the first flag. */
typedef struct CXLDcdMctpDeframer {
    uint8_t state;
    bool escaped;
    uint8_t count;                /* bytes the packet will have */
    uint8_t len;                  /* bytes of it that are here */
    uint16_t fcs;                 /* computed so far */
    uint16_t got_fcs;
    uint32_t dropped;             /* damaged frames seen */
    uint8_t packet[CXL_DCD_MCTP_MAX_PACKET];
} CXLDcdMctpDeframer;

/*
 * Take the next byte of the line. True when it completed a good frame: the
 * packet is in @d->packet, @d->len bytes, until the next call.
 */
bool cxl_dcd_mctp_deframe(CXLDcdMctpDeframer *d, uint8_t byte);

/* --- Messages --- */

typedef struct CXLDcdMctpMessage {
    uint8_t source;               /* EID */
    uint8_t destination;          /* EID */
    uint8_t tag;                  /* 0..7 */
    bool tag_owner;               /* request: true; its response: false */
    /* First byte is the message type; valid during the callback only */
    const uint8_t *body;
    size_t len;                   /* bytes of body that were kept */
    size_t total;                 /* bytes of the message; > len: truncated */
} CXLDcdMctpMessage;

typedef struct CXLDcdMctpOps {
    /* Bytes for the line: all frames of one message. */
    void (*send)(void *opaque, const uint8_t *bytes, size_t len);
    /*
     * A whole message that the state machine did not answer itself: every
     * type but control, and control responses. May call
     * cxl_dcd_mctp_send(), must not free the state machine.
     */
    void (*message)(void *opaque, const CXLDcdMctpMessage *message);
} CXLDcdMctpOps;

typedef struct CXLDcdMctpConfig {
    uint8_t eid;                  /* static EID, 0: wait for Set Endpoint ID */
    uint8_t uuid[16];             /* in the order it is printed */
    bool endpoint;                /* answer control requests */
    /* Payload of a packet we send; 0: CXL_DCD_MCTP_UNIT, at most 251 */
    uint8_t unit;
    /* Body bytes kept of one received message, type byte included */
    uint32_t max_message;
} CXLDcdMctpConfig;

/* What arrived and what became of it, since creation */
typedef struct CXLDcdMctpStats {
    uint64_t packets;             /* in good frames */
    uint64_t bad_frames;
    uint64_t bad_packets;         /* version, length, sequence, no start */
    uint64_t other_packets;       /* for another endpoint */
    uint64_t messages;
} CXLDcdMctpStats;

typedef struct CXLDcdMctp CXLDcdMctp;

/*
 * @config is copied, @ops must outlive the result. Free with
 * cxl_dcd_mctp_free(), which takes NULL.
 */
CXLDcdMctp *cxl_dcd_mctp_new(const CXLDcdMctpConfig *config,
                             const CXLDcdMctpOps *ops, void *opaque);
void cxl_dcd_mctp_free(CXLDcdMctp *mctp);

/* Bytes from the line, in any portions. Callbacks run inside. */
void cxl_dcd_mctp_receive(CXLDcdMctp *mctp, const uint8_t *bytes, size_t len);

/*
 * Send one message (@body starts with the type byte) to @destination. @source
 * is the sender's EID as it shall appear: a response swaps the request's EIDs.
 */
void cxl_dcd_mctp_send(CXLDcdMctp *mctp, uint8_t source, uint8_t destination,
                       uint8_t tag, bool tag_owner, const uint8_t *body,
                       size_t len);

/* Answer @request: EIDs swapped, same tag, tag owner clear. */
void cxl_dcd_mctp_reply(CXLDcdMctp *mctp, const CXLDcdMctpMessage *request,
                        const uint8_t *body, size_t len);

/* The peer is gone: forget half a frame and half-assembled messages. */
void cxl_dcd_mctp_link_reset(CXLDcdMctp *mctp);

/* Own EID; 0 until one was assigned. Setting serves requesters and restore. */
uint8_t cxl_dcd_mctp_eid(const CXLDcdMctp *mctp);
void cxl_dcd_mctp_set_eid(CXLDcdMctp *mctp, uint8_t eid);

void cxl_dcd_mctp_stats(const CXLDcdMctp *mctp, CXLDcdMctpStats *ret_stats);

/* --- Several endpoints on one line --- */

typedef struct CXLDcdMctpBus CXLDcdMctpBus;

/* Free with cxl_dcd_mctp_bus_free(), when nothing is attached any more. */
CXLDcdMctpBus *cxl_dcd_mctp_bus_new(void);
void cxl_dcd_mctp_bus_free(CXLDcdMctpBus *bus);
/*
 * @mctp stays the caller's, who detaches it before it is freed. False: its EID
 * is taken, nothing changed.
 */
bool cxl_dcd_mctp_bus_attach(CXLDcdMctpBus *bus, CXLDcdMctp *mctp);
void cxl_dcd_mctp_bus_detach(CXLDcdMctpBus *bus, CXLDcdMctp *mctp);
/* Who has @eid (0: the first that has none); NULL: nobody. */
CXLDcdMctp *cxl_dcd_mctp_bus_find(const CXLDcdMctpBus *bus, uint8_t eid);
/* Bytes from the line, in any portions. Callbacks run inside. */
void cxl_dcd_mctp_bus_receive(CXLDcdMctpBus *bus, const uint8_t *bytes,
                              size_t len);
/* The peer is gone, for all endpoints. */
void cxl_dcd_mctp_bus_link_reset(CXLDcdMctpBus *bus);
/* Damaged frames, and packets to EIDs that nobody has. */
void cxl_dcd_mctp_bus_stats(const CXLDcdMctpBus *bus,
                            CXLDcdMctpStats *ret_stats);

/* For the bus: a packet from a good frame, of at least a header's length */
void cxl_dcd_mctp_take(CXLDcdMctp *mctp, const uint8_t *packet, size_t len);
/* Does another endpoint have @eid? */
typedef bool CXLDcdMctpTaken(const CXLDcdMctpBus *bus, uint8_t eid);
void cxl_dcd_mctp_set_bus(CXLDcdMctp *mctp, const CXLDcdMctpBus *bus,
                          CXLDcdMctpTaken *taken);
static inline uint8_t cxl_dcd_mctp_destination(const uint8_t *packet)
{
    return packet[1];
}

/*
 * The control message responder alone: @request of @len bytes (type byte
 * first) is answered into @out (at least CXL_DCD_MCTP_CONTROL_MAX bytes).
 * *@eid changes on Set Endpoint ID, unless what it wants is @taken. Returns the
 * response's bytes, 0 for none.
 */
#define CXL_DCD_MCTP_CONTROL_MAX 32
size_t cxl_dcd_mctp_control(const CXLDcdMctpConfig *config, uint8_t *eid,
                            bool taken, const uint8_t *request, size_t len,
                            uint8_t *out);
/* The EID that @request asks for, the null EID when it asks for none. */
uint8_t cxl_dcd_mctp_control_wants(const CXLDcdMctpConfig *config,
                                   const uint8_t *request, size_t len);

#endif /* CXL_DCD_MCTP_H */
