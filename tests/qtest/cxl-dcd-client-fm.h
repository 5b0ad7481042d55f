/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a fabric manager that speaks raw frames
 *
 * Makes and reads frames with code of its own, so that the device's is not
 * checked against itself. Every wait has a limit; nothing sleeps. That the
 * device stays silent is shown by what it answers next (cxl_dcd_fm_silent).
 */
#ifndef CXL_DCD_CLIENT_FM_H
#define CXL_DCD_CLIENT_FM_H

#include "cxl-dcd-client.h"
#include "hw/cxl/dcd/mctp.h"

#define CXL_DCD_FM_US     8       /* our endpoint id */
#define CXL_DCD_FM_EID    9       /* the device's, when nothing else is said */
#define CXL_DCD_FM_LINE   2300    /* more than any frame, escaped */

#define CXL_DCD_FM_CCI    (1 + sizeof(CXLDcdCciHeader)) /* type and header */

/* Flags of a packet's fourth byte */
#define CXL_DCD_FM_SOM    0x80
#define CXL_DCD_FM_EOM    0x40
#define CXL_DCD_FM_SEQ(n) (((n) & 3) << 4)
#define CXL_DCD_FM_OWNER  0x08

typedef struct CXLDcdFmLine {
    int fd;
    uint8_t eid;                  /* of the endpoint we talk to */
    uint8_t tag;                  /* of the last request */
    uint8_t unit;                 /* payload of the packets we send */
    uint8_t bytes[4096];          /* read, and not looked at yet */
    size_t at;
    size_t end;
} CXLDcdFmLine;

/*
 * Options for a machine whose devices share the line "fm0", a unix socket of
 * this process. @properties are more members of -device, after a comma.
 */
void cxl_dcd_fm_options(CXLDcdOptions *options, const char *properties);

/* Connect; the device is at endpoint 9. */
CXLDcdFmLine cxl_dcd_fm_connect(void);
void cxl_dcd_fm_close(CXLDcdFmLine *line);

/* --- Frames --- */

/* The frame of @packet; @out holds 2 * len + 6 bytes. Returns its length. */
size_t cxl_dcd_fm_frame(const uint8_t *packet, size_t len, uint8_t *out);
void cxl_dcd_fm_send(CXLDcdFmLine *line, const void *bytes, size_t len);
/* One packet with these header fields and @len bytes behind them. */
void cxl_dcd_fm_send_packet(CXLDcdFmLine *line, uint8_t destination,
                            uint8_t flags, const void *payload, size_t len);
/* The next packet from the line; every frame must be good. Its length. */
size_t cxl_dcd_fm_receive_packet(CXLDcdFmLine *line, uint8_t *packet);

/* --- Messages --- */

/* @body, its type first, to @destination in packets of line->unit bytes */
void cxl_dcd_fm_send_message(CXLDcdFmLine *line, uint8_t destination,
                             uint8_t flags, const void *body, size_t len);
/* A whole message; fields of its first packet in @head. Its length. */
size_t cxl_dcd_fm_receive_message(CXLDcdFmLine *line, uint8_t head[4],
                                  uint8_t *body, size_t size);
/* Nothing has been answered to what was sent so far. */
void cxl_dcd_fm_silent(CXLDcdFmLine *line);

/*
 * An MCTP control request with @len bytes of data to @destination; its
 * completion code. Data of the answer goes to @out (at least 28 bytes).
 */
uint8_t cxl_dcd_fm_control(CXLDcdFmLine *line, uint8_t destination,
                           uint8_t command, const void *data, size_t len,
                           uint8_t *out, size_t *ret_len);

/* --- Commands --- */

/* A CCI message with its type byte, as a request is; returns its length. */
size_t cxl_dcd_fm_request(uint8_t *body, uint16_t opcode, uint8_t tag,
                          const void *payload, size_t len);
/*
 * Run @opcode. The answer's header is asserted to fit the request. @out has
 * room for 1024 bytes; NULL when the answer must be empty. Returns the code.
 */
uint16_t cxl_dcd_fm_command(CXLDcdFmLine *line, uint16_t opcode,
                            const void *payload, size_t len, void *out,
                            size_t *ret_len);
/* ... with an answer of exactly @out_len bytes on success */
uint16_t cxl_dcd_fm_ask(CXLDcdFmLine *line, uint16_t opcode,
                        const void *payload, size_t len, void *out,
                        size_t out_len);
/* ... without an answer */
#define cxl_dcd_fm_tell(line, opcode, payload) \
    cxl_dcd_fm_ask(line, opcode, &(payload), sizeof(payload), NULL, 0)

/* Initiate Add or Release (5604h, 5605h) of @len bytes at @dpa; the code. */
uint16_t cxl_dcd_fm_initiate(CXLDcdFmLine *line, uint16_t opcode,
                             uint8_t policy, uint64_t dpa, uint64_t len);

/* --- Get DCD Info, the command of tests that are about the line --- */

/* The request, CXL_DCD_FM_CCI bytes of body; and as one frame, MCTP tag 0 */
size_t cxl_dcd_fm_info_request(uint8_t *body, uint8_t tag);
size_t cxl_dcd_fm_info_frame(uint8_t *frame, uint8_t tag);
/* The next message is the answer to one with @tag and @mctp_tag. */
void cxl_dcd_fm_expect_info(CXLDcdFmLine *line, uint8_t tag, uint8_t mctp_tag);
/* Both; the return code. */
uint16_t cxl_dcd_fm_info(CXLDcdFmLine *line);

#endif /* CXL_DCD_CLIENT_FM_H */
