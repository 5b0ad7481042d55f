/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's door, an MCTP endpoint
 *
 * MCTP messages of types 07h and 08h go to the FM's CCI, the answers back, and
 * Event Notification (0106h) to whoever asked for it. One request is in work
 * at a time. Its answer may have to wait until what it says is so; who has the
 * line gives us no bytes meanwhile.
 */
#include <string.h>
#include "hw/cxl/dcd/commands.h"
#include "hw/cxl/dcd/fault.h"
#include "cci.h"

#define TYPE 1                    /* type byte before the CCI message */
/* Times that a request waits; others may always be faster than it */
#define WAITS_MAX 4

struct CXLDcdEndpoint {
    CXLDcdFmCci *cci;
    CXLDcdFaults *faults;         /* NULL: there can be none */
    CXLDcdMctp *mctp;
    const CXLDcdEndpointOps *ops;
    void *opaque;
    uint8_t listener;             /* EID that issued 0105h */
    uint8_t next_tag;             /* of notifications: CCI and MCTP tag */
    /* An answer that waits; held_len 0: none */
    CXLDcdMctpMessage to;         /* without its body */
    uint8_t held[TYPE + CXL_DCD_CCI_MESSAGE_MAX];
    size_t held_len;
    /* A request that waits to be run again; waits 0: none */
    CXLDcdMctpMessage again;
    uint8_t again_body[TYPE + CXL_DCD_CCI_MESSAGE_MAX];
    unsigned waits;               /* of this request so far */
};

static void cxl_dcd_endpoint_send(void *opaque, const uint8_t *bytes,
                                  size_t len)
{
    CXLDcdEndpoint *endpoint = opaque;

    endpoint->ops->send(endpoint->opaque, bytes, len);
}

/* A command was carried out: what follows, whatever is told of it */
static void cxl_dcd_endpoint_ran(CXLDcdEndpoint *endpoint,
                                 const CXLDcdMctpMessage *message,
                                 const CXLDcdCciHeader *request, uint16_t code,
                                 size_t len)
{
    uint16_t opcode = request->command_set << 8 | request->command;

    if (opcode == CXL_DCD_OP_SET_MCTP_EVENT_POLICY &&
        code == CXL_DCD_RC_SUCCESS) {
        endpoint->listener = message->source;
    }
    if (endpoint->ops->ran) {
        endpoint->ops->ran(endpoint->opaque, opcode,
                           message->total - TYPE - sizeof(*request), code, len);
    }
}

/* Initiate Add may have memory taken first; what a tunnel carries may not */
static bool cxl_dcd_endpoint_may_wait(const CXLDcdEndpoint *endpoint,
                                      const CXLDcdCciHeader *request)
{
    return endpoint->ops->may_wait && endpoint->waits < WAITS_MAX &&
           (request->command_set << 8 | request->command) ==
           CXL_DCD_OP_FM_INITIATE_ADD;
}

/* The answer's length, with its header */
static size_t cxl_dcd_endpoint_run(CXLDcdEndpoint *endpoint,
                                   const CXLDcdMctpMessage *message,
                                   uint8_t *answer, bool may_wait)
{
    size_t len;

    if (may_wait) {
        endpoint->ops->may_wait(endpoint->opaque, true);
    }
    len = cxl_dcd_fm_message(endpoint->cci, message->body[0],
                             message->body + TYPE, message->len - TYPE,
                             message->total - TYPE, answer);
    if (may_wait) {
        endpoint->ops->may_wait(endpoint->opaque, false);
    }
    return len;
}

/* True: @message is kept, and run again later */
static bool cxl_dcd_endpoint_waits(CXLDcdEndpoint *endpoint,
                                   const CXLDcdMctpMessage *message,
                                   uint16_t code)
{
    if (code != CXL_DCD_RC_RETRY_REQUIRED ||
        !endpoint->ops->begun(endpoint->opaque)) {
        return false;
    }
    if (message != &endpoint->again) {
        endpoint->again = *message;
        memcpy(endpoint->again_body, message->body, message->len);
        endpoint->again.body = endpoint->again_body;
    }
    endpoint->waits++;
    return true;
}

/*
 * The CCI's answer to @message, behind its type byte at @answer: how many bytes
 * it has, 0 for none; and how long it is to wait, ms.
 */
static size_t cxl_dcd_endpoint_answer(CXLDcdEndpoint *endpoint,
                                      const CXLDcdMctpMessage *message,
                                      uint8_t *answer, uint32_t *ret_delay)
{
    const uint8_t *body = message->body + TYPE;
    const CXLDcdCciHeader *request = (const CXLDcdCciHeader *)body;
    CXLDcdCciHeader *response = (CXLDcdCciHeader *)answer;
    size_t len = message->len - TYPE;
    CXLDcdFaultAnswer given = { .out = answer + sizeof(*response) };
    CXLDcdFault *fault;
    bool run = true, may_wait;

    *ret_delay = 0;
    if (len < sizeof(*request) || !cxl_dcd_cci_is_request(request)) {
        return 0;
    }
    /* What is run again has met no fault */
    fault = endpoint->waits ? NULL :
            cxl_dcd_fault_find(endpoint->faults, true,
                               request->command_set << 8 | request->command,
                               body + sizeof(*request), len - sizeof(*request),
                               &run);
    may_wait = !fault && cxl_dcd_endpoint_may_wait(endpoint, request);
    given.room = cxl_dcd_fm_cci_limit(endpoint->cci);
    given.outside = cxl_dcd_fm_cci_outside(endpoint->cci);
    if (run) {
        given.len = cxl_dcd_endpoint_run(endpoint, message, answer, may_wait) -
                    sizeof(*response);
        given.code = cxl_dcd_get16(response->return_code);
        if (may_wait &&
            cxl_dcd_endpoint_waits(endpoint, message, given.code)) {
            return 0;
        }
        endpoint->waits = 0;
        cxl_dcd_endpoint_ran(endpoint, message, request, given.code, given.len);
    } else {
        cxl_dcd_cci_answer(request, CXL_DCD_RC_SUCCESS, 0, answer);
    }
    if (!fault) {
        return sizeof(*response) + given.len;
    }
    cxl_dcd_fault_strike(endpoint->faults, fault, &given);
    cxl_dcd_cci_answer(request, given.code, given.said, answer);
    *ret_delay = given.delay;
    return given.none ? 0 : sizeof(*response) + given.len;
}

static void cxl_dcd_endpoint_take(CXLDcdEndpoint *endpoint,
                                  const CXLDcdMctpMessage *message)
{
    uint8_t *answer = endpoint->held;
    const CXLDcdCciHeader *request, *response;
    uint16_t opcode, code;
    uint32_t delay;
    size_t len;

    len = cxl_dcd_endpoint_answer(endpoint, message, answer + TYPE, &delay);
    if (!len) {
        return;
    }
    answer[0] = message->body[0];
    request = (const CXLDcdCciHeader *)(message->body + TYPE);
    response = (const CXLDcdCciHeader *)(answer + TYPE);
    opcode = request->command_set << 8 | request->command;
    code = cxl_dcd_get16(response->return_code);
    endpoint->to = *message;
    endpoint->to.body = NULL;
    endpoint->held_len = TYPE + len;
    if (!endpoint->ops->settle ||
        endpoint->ops->settle(endpoint->opaque, opcode, code, delay)) {
        cxl_dcd_endpoint_settled(endpoint);
    }
}

static void cxl_dcd_endpoint_message(void *opaque,
                                     const CXLDcdMctpMessage *message)
{
    CXLDcdEndpoint *endpoint = opaque;

    /* Answers to our notifications want nothing more; other types neither. */
    if (message->tag_owner && !endpoint->held_len && !endpoint->waits &&
        (message->body[0] == CXL_DCD_MCTP_TYPE_FM_API ||
         message->body[0] == CXL_DCD_MCTP_TYPE_CCI)) {
        cxl_dcd_endpoint_take(endpoint, message);
    }
}

void cxl_dcd_endpoint_again(CXLDcdEndpoint *endpoint)
{
    if (endpoint->waits) {
        cxl_dcd_endpoint_take(endpoint, &endpoint->again);
    }
}

void cxl_dcd_endpoint_settled(CXLDcdEndpoint *endpoint)
{
    size_t len = endpoint->held_len;

    if (len) {
        endpoint->held_len = 0;
        cxl_dcd_mctp_reply(endpoint->mctp, &endpoint->to, endpoint->held, len);
    }
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

void cxl_dcd_endpoint_set_faults(CXLDcdEndpoint *endpoint,
                                 CXLDcdFaults *faults)
{
    endpoint->faults = faults;
}

void cxl_dcd_endpoint_receive(CXLDcdEndpoint *endpoint, const uint8_t *bytes,
                              size_t len)
{
    cxl_dcd_mctp_receive(endpoint->mctp, bytes, len);
}

void cxl_dcd_endpoint_disconnect(CXLDcdEndpoint *endpoint)
{
    endpoint->held_len = 0;
    endpoint->waits = 0;
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

/* --- Save and restore; little-endian --- */

typedef struct CXL_DCD_PACKED SavedEndpoint {
    cxl_dcd_le32 magic;
    cxl_dcd_u8 eid;
    cxl_dcd_u8 listener;
    cxl_dcd_u8 next_tag;
    cxl_dcd_u8 reserved;
    cxl_dcd_le16 limit;           /* bytes */
    cxl_dcd_le16 policy;
} SavedEndpoint;

#define SAVED_MAGIC 0x31504544u /* "DEP1" */

GByteArray *cxl_dcd_endpoint_save(const CXLDcdEndpoint *endpoint)
{
    GByteArray *bytes = g_byte_array_new();
    SavedEndpoint saved = {
        .magic = cxl_dcd_put32(SAVED_MAGIC),
        .eid = cxl_dcd_mctp_eid(endpoint->mctp),
        .listener = endpoint->listener,
        .next_tag = endpoint->next_tag,
        .limit = cxl_dcd_put16(cxl_dcd_fm_cci_limit(endpoint->cci)),
        .policy = cxl_dcd_put16(cxl_dcd_fm_cci_event_policy(endpoint->cci)),
    };

    return g_byte_array_append(bytes, (const uint8_t *)&saved, sizeof(saved));
}

bool cxl_dcd_endpoint_restore(CXLDcdEndpoint *endpoint, const uint8_t *bytes,
                              size_t len,
                              bool (*taken)(void *opaque, uint8_t eid))
{
    const SavedEndpoint *saved = (const SavedEndpoint *)bytes;
    uint8_t eid;

    if (len != sizeof(*saved) || cxl_dcd_get32(saved->magic) != SAVED_MAGIC) {
        return false;
    }
    eid = saved->eid;
    if ((eid && eid < CXL_DCD_MCTP_EID_FIRST) || eid == 0xff ||
        (eid && eid != cxl_dcd_mctp_eid(endpoint->mctp) &&
         taken(endpoint->opaque, eid)) ||
        !cxl_dcd_fm_cci_restore(endpoint->cci, cxl_dcd_get16(saved->limit),
                                cxl_dcd_get16(saved->policy))) {
        return false;
    }
    cxl_dcd_mctp_set_eid(endpoint->mctp, eid);
    endpoint->listener = saved->listener;
    endpoint->next_tag = saved->next_tag;
    endpoint->held_len = 0;
    endpoint->waits = 0;
    return true;
}
