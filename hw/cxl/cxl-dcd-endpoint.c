/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's door, an MCTP endpoint
 *
 * MCTP messages of types 07h and 08h go to the FM's CCI, the answers back, and
 * Event Notification (0106h) to whoever asked for it. One request is in work
 * at a time: every command is done before the next byte is looked at.
 */
#include <string.h>
#include "hw/cxl/cxl_dcd_command.h"

#define TYPE 1                    /* type byte before the CCI message */

struct CXLDcdEndpoint {
    CXLDcdFmCci *cci;
    CXLDcdMctp *mctp;
    const CXLDcdEndpointOps *ops;
    void *opaque;
    uint8_t listener;             /* EID that issued 0105h */
    uint8_t next_tag;             /* of notifications: CCI and MCTP tag */
};

static void cxl_dcd_endpoint_send(void *opaque, const uint8_t *bytes,
                                  size_t len)
{
    CXLDcdEndpoint *endpoint = opaque;

    endpoint->ops->send(endpoint->opaque, bytes, len);
}

static void cxl_dcd_endpoint_message(void *opaque,
                                     const CXLDcdMctpMessage *message)
{
    uint8_t answer[TYPE + CXL_DCD_CCI_MESSAGE_MAX];
    CXLDcdEndpoint *endpoint = opaque;
    const CXLDcdCciHeader *request, *response;
    uint16_t opcode, code;
    size_t len;

    /* Answers to our notifications want nothing more; other types neither. */
    if (!message->tag_owner ||
        (message->body[0] != CXL_DCD_MCTP_TYPE_FM_API &&
         message->body[0] != CXL_DCD_MCTP_TYPE_CCI)) {
        return;
    }
    len = cxl_dcd_fm_message(endpoint->cci, message->body[0],
                             message->body + TYPE, message->len - TYPE,
                             message->total - TYPE, answer + TYPE);
    if (!len) {
        return;
    }
    answer[0] = message->body[0];
    request = (const CXLDcdCciHeader *)(message->body + TYPE);
    response = (const CXLDcdCciHeader *)(answer + TYPE);
    opcode = request->command_set << 8 | request->command;
    code = cxl_dcd_get16(response->return_code);
    if (opcode == CXL_DCD_OP_SET_MCTP_EVENT_POLICY &&
        code == CXL_DCD_RC_SUCCESS) {
        endpoint->listener = message->source;
    }
    if (endpoint->ops->ran) {
        endpoint->ops->ran(endpoint->opaque, opcode,
                           message->total - TYPE - sizeof(*request), code,
                           len - sizeof(*response));
    }
    cxl_dcd_mctp_reply(endpoint->mctp, message, answer, TYPE + len);
}

static const CXLDcdMctpOps endpoint_ops = {
    .send = cxl_dcd_endpoint_send,
    .message = cxl_dcd_endpoint_message,
};

CXLDcdEndpoint *cxl_dcd_endpoint_new(CXLDcdFmCci *cci, uint8_t eid,
                                     const uint8_t uuid[16],
                                     const CXLDcdEndpointOps *ops,
                                     void *opaque)
{
    CXLDcdEndpoint *endpoint = g_new0(CXLDcdEndpoint, 1);
    CXLDcdMctpConfig config = {
        .eid = eid,
        .endpoint = true,
        .max_message = TYPE + CXL_DCD_CCI_MESSAGE_MAX,
    };

    memcpy(config.uuid, uuid, sizeof(config.uuid));
    endpoint->cci = cci;
    endpoint->ops = ops;
    endpoint->opaque = opaque;
    endpoint->mctp = cxl_dcd_mctp_new(&config, &endpoint_ops, endpoint);
    return endpoint;
}

void cxl_dcd_endpoint_free(CXLDcdEndpoint *endpoint)
{
    if (endpoint) {
        cxl_dcd_mctp_free(endpoint->mctp);
        g_free(endpoint);
    }
}

void cxl_dcd_endpoint_receive(CXLDcdEndpoint *endpoint, const uint8_t *bytes,
                              size_t len)
{
    cxl_dcd_mctp_receive(endpoint->mctp, bytes, len);
}

void cxl_dcd_endpoint_disconnect(CXLDcdEndpoint *endpoint)
{
    cxl_dcd_mctp_link_reset(endpoint->mctp);
    cxl_dcd_fm_cci_reset(endpoint->cci);
}

void cxl_dcd_endpoint_notify(CXLDcdEndpoint *endpoint)
{
    struct CXL_DCD_PACKED {
        uint8_t type;
        CXLDcdCciHeader header;
        cxl_dcd_le16 events;
    } message = {
        .type = CXL_DCD_MCTP_TYPE_CCI,
        .header.command = CXL_DCD_OP_EVENT_NOTIFICATION & 0xff,
        .header.command_set = CXL_DCD_OP_EVENT_NOTIFICATION >> 8,
        .header.length = { sizeof(message.events) },
        .events = cxl_dcd_put16(CXL_DCD_MCTP_EVENT_DC),
    };

    if (!(cxl_dcd_fm_cci_event_policy(endpoint->cci) &
          CXL_DCD_MCTP_EVENT_DC)) {
        return;
    }
    message.header.tag = endpoint->next_tag++;
    cxl_dcd_mctp_send(endpoint->mctp, cxl_dcd_mctp_eid(endpoint->mctp),
                      endpoint->listener, message.header.tag & 7, true,
                      (const uint8_t *)&message, sizeof(message));
}

CXLDcdMctp *cxl_dcd_endpoint_mctp(CXLDcdEndpoint *endpoint)
{
    return endpoint->mctp;
}
