/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a fabric manager that speaks raw frames
 */
#include "qemu/osdep.h"
#include <poll.h>
#include <sys/un.h>
#include "cxl-dcd-client-fm.h"

#define LIMIT_MS   20000
#define HEADER     4
#define CCI        CXL_DCD_FM_CCI
#define INFO       CXL_DCD_OP_FM_GET_INFO
#define INFO_SIZE  sizeof(CXLDcdFmInfoResponse)
#define BODY_MAX   (CCI + 1024)

static char *line_path(void)
{
    return g_strdup_printf("%s/cxl-dcd-fm-%d", g_get_tmp_dir(), getpid());
}

void cxl_dcd_fm_options(CXLDcdOptions *options, const char *properties)
{
    g_autofree char *path = line_path();

    options->arguments = g_strdup_printf(
        " -chardev socket,id=fm0,path=%s,server=on,wait=off ", path);
    options->properties = g_strdup_printf(",\"fmapi\":\"fm0\"%s",
                                          properties ?: "");
}

CXLDcdFmLine cxl_dcd_fm_connect(void)
{
    CXLDcdFmLine line = { .eid = CXL_DCD_FM_EID, .unit = 64 };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *path = line_path();

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    line.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(line.fd, (struct sockaddr *)&address,
                            sizeof(address)), ==, 0);
    return line;
}

void cxl_dcd_fm_close(CXLDcdFmLine *line)
{
    close(line->fd);
    line->fd = -1;
}

/* --- Frames: DSP0253 --- */

/* CRC-16/MCRF4XX, bit by bit */
static uint16_t fcs(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xffff;
    size_t i;
    int bit;

    for (i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
        }
    }
    return crc;
}

size_t cxl_dcd_fm_frame(const uint8_t *packet, size_t len, uint8_t *out)
{
    uint8_t plain[2 + 255] = { 1, len };
    size_t at = 3, i;
    uint16_t check;

    memcpy(plain + 2, packet, len);
    check = fcs(plain, 2 + len);
    out[0] = 0x7e;
    memcpy(out + 1, plain, 2);
    for (i = 0; i < len; i++) {
        if (packet[i] == 0x7e || packet[i] == 0x7d) {
            out[at++] = 0x7d;
            out[at++] = packet[i] ^ 0x20;
        } else {
            out[at++] = packet[i];
        }
    }
    out[at++] = check >> 8;
    out[at++] = check;
    out[at++] = 0x7e;
    return at;
}

void cxl_dcd_fm_send(CXLDcdFmLine *line, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    while (len) {
        ssize_t sent = send(line->fd, at, len, MSG_NOSIGNAL);

        g_assert_cmpint(sent, >, 0);
        at += sent;
        len -= sent;
    }
}

void cxl_dcd_fm_send_packet(CXLDcdFmLine *line, uint8_t destination,
                            uint8_t flags, const void *payload, size_t len)
{
    uint8_t packet[255] = { 1, destination, CXL_DCD_FM_US, flags };
    uint8_t frame[CXL_DCD_FM_LINE];

    g_assert_cmpuint(len, <=, sizeof(packet) - HEADER);
    memcpy(packet + HEADER, payload, len);
    cxl_dcd_fm_send(line, frame, cxl_dcd_fm_frame(packet, HEADER + len, frame));
}

static uint8_t receive_byte(CXLDcdFmLine *line)
{
    struct pollfd fd = { .fd = line->fd, .events = POLLIN };
    ssize_t len;

    if (line->at == line->end) {
        g_assert_cmpint(poll(&fd, 1, LIMIT_MS), ==, 1);
        len = read(line->fd, line->bytes, sizeof(line->bytes));
        g_assert_cmpint(len, >, 0);
        line->at = 0;
        line->end = len;
    }
    return line->bytes[line->at++];
}

size_t cxl_dcd_fm_receive_packet(CXLDcdFmLine *line, uint8_t *packet)
{
    uint8_t plain[2 + 255];
    uint16_t check;
    size_t i;

    g_assert_cmphex(receive_byte(line), ==, 0x7e);
    plain[0] = receive_byte(line);
    plain[1] = receive_byte(line);
    g_assert_cmphex(plain[0], ==, 1);
    for (i = 0; i < plain[1]; i++) {
        uint8_t byte = receive_byte(line);

        g_assert_cmphex(byte, !=, 0x7e);
        plain[2 + i] = byte == 0x7d ? receive_byte(line) ^ 0x20 : byte;
    }
    check = receive_byte(line) << 8;
    check |= receive_byte(line);
    g_assert_cmphex(check, ==, fcs(plain, 2 + plain[1]));
    g_assert_cmphex(receive_byte(line), ==, 0x7e);
    memcpy(packet, plain + 2, plain[1]);
    return plain[1];
}

/* --- Messages: DSP0236 --- */

void cxl_dcd_fm_send_message(CXLDcdFmLine *line, uint8_t destination,
                             uint8_t flags, const void *body, size_t len)
{
    const uint8_t *bytes = body;
    size_t at, part, n = 0;

    for (at = 0; at < len; at += part, n++) {
        part = MIN(len - at, line->unit);
        cxl_dcd_fm_send_packet(line, destination,
                               flags | CXL_DCD_FM_SEQ(n) |
                               (at ? 0 : CXL_DCD_FM_SOM) |
                               (at + part == len ? CXL_DCD_FM_EOM : 0),
                               bytes + at, part);
    }
}

size_t cxl_dcd_fm_receive_message(CXLDcdFmLine *line, uint8_t head[4],
                                  uint8_t *body, size_t size)
{
    uint8_t packet[255];
    size_t len, total = 0;
    unsigned sequence = 0;

    do {
        len = cxl_dcd_fm_receive_packet(line, packet);
        g_assert_cmpuint(len, >, HEADER);
        g_assert_cmpuint(len, <=, HEADER + 64);
        g_assert_cmphex(packet[0], ==, 1);
        g_assert_cmphex(packet[1], ==, CXL_DCD_FM_US);
        if (!sequence) {
            memcpy(head, packet, HEADER);
        }
        g_assert_cmphex(packet[2], ==, head[2]);
        g_assert_cmphex(packet[3], ==,
                        (head[3] & 0x0f) | CXL_DCD_FM_SEQ(sequence) |
                        (sequence ? 0 : CXL_DCD_FM_SOM) |
                        (packet[3] & CXL_DCD_FM_EOM));
        /* All packets but the last are full. */
        if (!(packet[3] & CXL_DCD_FM_EOM)) {
            g_assert_cmpuint(len, ==, HEADER + 64);
        }
        g_assert_cmpuint(total + len - HEADER, <=, size);
        memcpy(body + total, packet + HEADER, len - HEADER);
        total += len - HEADER;
        sequence++;
    } while (!(packet[3] & CXL_DCD_FM_EOM));
    return total;
}

void cxl_dcd_fm_silent(CXLDcdFmLine *line)
{
    static uint8_t instance;
    uint8_t ask[3] = { 0, 0x80 | (++instance & 0x1f), CXL_DCD_MCTP_GET_UUID };
    uint8_t head[4], body[32];

    cxl_dcd_fm_send_message(line, line->eid, CXL_DCD_FM_OWNER | 7, ask,
                            sizeof(ask));
    g_assert_cmpuint(cxl_dcd_fm_receive_message(line, head, body, 32), ==, 20);
    g_assert_cmphex(head[3] & 0x0f, ==, 7);
    g_assert_cmphex(body[0], ==, 0);
    g_assert_cmphex(body[1], ==, instance & 0x1f);
    g_assert_cmphex(body[2], ==, CXL_DCD_MCTP_GET_UUID);
}

uint8_t cxl_dcd_fm_control(CXLDcdFmLine *line, uint8_t destination,
                           uint8_t command, const void *data, size_t len,
                           uint8_t *out, size_t *ret_len)
{
    uint8_t body[64] = { 0, 0x80 | 0x15, command }, head[4];

    memcpy(body + 3, data, len);
    cxl_dcd_fm_send_message(line, destination, CXL_DCD_FM_OWNER | 3, body,
                            3 + len);
    len = cxl_dcd_fm_receive_message(line, head, body, sizeof(body));
    g_assert_cmpuint(len, >=, 4);
    g_assert_cmphex(head[2], ==, destination);
    g_assert_cmphex(head[3] & 0x0f, ==, 3);
    g_assert_cmphex(body[0], ==, 0);
    g_assert_cmphex(body[1], ==, 0x15);
    g_assert_cmphex(body[2], ==, command);
    memcpy(out, body + 4, len - 4);
    *ret_len = len - 4;
    return body[3];
}

/* --- Commands: CXL r3.2 7.6.3 --- */

static uint8_t type_of(uint16_t opcode)
{
    return opcode >> 8 >= 0x51 && opcode >> 8 <= 0x5f ? 7 : 8;
}

size_t cxl_dcd_fm_request(uint8_t *body, uint16_t opcode, uint8_t tag,
                          const void *payload, size_t len)
{
    memset(body, 0, CCI);
    body[0] = type_of(opcode);
    body[2] = tag;
    body[4] = opcode;
    body[5] = opcode >> 8;
    body[6] = len;
    body[7] = len >> 8;
    body[8] = len >> 16;
    if (len) {
        memcpy(body + CCI, payload, len);
    }
    return CCI + len;
}

uint16_t cxl_dcd_fm_command(CXLDcdFmLine *line, uint16_t opcode,
                            const void *payload, size_t len, void *out,
                            size_t *ret_len)
{
    g_autofree uint8_t *request = g_malloc(CCI + len);
    uint8_t body[BODY_MAX], head[4];
    uint16_t code;

    line->tag++;
    cxl_dcd_fm_request(request, opcode, line->tag, payload, len);
    cxl_dcd_fm_send_message(line, line->eid,
                            CXL_DCD_FM_OWNER | (line->tag & 7), request,
                            CCI + len);
    len = cxl_dcd_fm_receive_message(line, head, body, sizeof(body));
    g_assert_cmpuint(len, >=, CCI);
    g_assert_cmphex(head[2], ==, line->eid);
    g_assert_cmphex(head[3] & 0x0f, ==, line->tag & 7);
    g_assert_cmphex(body[0], ==, type_of(opcode));
    g_assert_cmphex(body[1], ==, 1);              /* a response */
    g_assert_cmphex(body[2], ==, line->tag);
    g_assert_cmphex(body[3], ==, 0);
    g_assert_cmphex(body[4] | body[5] << 8, ==, opcode);
    g_assert_cmpuint(body[6] | body[7] << 8 | body[8] << 16, ==, len - CCI);
    g_assert_cmphex(body[11] | body[12] << 8, ==, 0);
    code = body[9] | body[10] << 8;
    if (code != CXL_DCD_RC_SUCCESS) {
        g_assert_cmpuint(len, ==, CCI);           /* errors carry no payload */
    }
    *ret_len = len - CCI;
    if (out) {
        memcpy(out, body + CCI, len - CCI);
    }
    return code;
}

uint16_t cxl_dcd_fm_ask(CXLDcdFmLine *line, uint16_t opcode,
                        const void *payload, size_t len, void *out,
                        size_t out_len)
{
    uint8_t answer[1024];
    uint16_t code = cxl_dcd_fm_command(line, opcode, payload, len, answer,
                                       &len);

    if (code == CXL_DCD_RC_SUCCESS) {
        g_assert_cmpuint(len, ==, out_len);
        if (out_len) {
            memcpy(out, answer, out_len);
        }
    }
    return code;
}

uint16_t cxl_dcd_fm_initiate(CXLDcdFmLine *line, uint16_t opcode,
                             uint8_t policy, uint64_t dpa, uint64_t len)
{
    struct QEMU_PACKED {
        CXLDcdFmInitiateRequest head;
        CXLDcdWireExtent extent;
    } in = {
        .head = { .policy = policy, .extent_count = cxl_dcd_put32(1) },
        .extent = { .start_dpa = cxl_dcd_put64(dpa),
                    .length = cxl_dcd_put64(len) },
    };

    return cxl_dcd_fm_tell(line, opcode, in);
}

/* --- Get DCD Info --- */

size_t cxl_dcd_fm_info_request(uint8_t *body, uint8_t tag)
{
    return cxl_dcd_fm_request(body, INFO, tag, NULL, 0);
}

size_t cxl_dcd_fm_info_frame(uint8_t *frame, uint8_t tag)
{
    uint8_t packet[HEADER + CCI] = {
        1, CXL_DCD_FM_EID, CXL_DCD_FM_US,
        CXL_DCD_FM_SOM | CXL_DCD_FM_EOM | CXL_DCD_FM_OWNER,
    };

    return cxl_dcd_fm_frame(packet, HEADER +
                            cxl_dcd_fm_info_request(packet + HEADER, tag),
                            frame);
}

void cxl_dcd_fm_expect_info(CXLDcdFmLine *line, uint8_t tag, uint8_t mctp_tag)
{
    uint8_t head[4], body[CCI + INFO_SIZE];

    g_assert_cmpuint(cxl_dcd_fm_receive_message(line, head, body,
                                                sizeof(body)), ==,
                     CCI + INFO_SIZE);
    g_assert_cmphex(head[2], ==, line->eid);
    g_assert_cmphex(head[3] & 0x0f, ==, mctp_tag);
    g_assert_cmphex(body[2], ==, tag);
    g_assert_cmphex(body[9], ==, CXL_DCD_RC_SUCCESS);
}

uint16_t cxl_dcd_fm_info(CXLDcdFmLine *line)
{
    uint8_t answer[INFO_SIZE];

    return cxl_dcd_fm_ask(line, INFO, NULL, 0, answer, sizeof(answer));
}
