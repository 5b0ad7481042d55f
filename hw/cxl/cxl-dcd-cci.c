/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's CCI
 *
 * The component commands that any MCTP CCI of a Type 3 device needs (Identify,
 * message limits, logs, events), the message header of 7.6.3, and the tunnel
 * of 7.6.7.3.1. The DCD management commands are in cxl-dcd-fmapi.c.
 */
#include <string.h>
#include "cxl-dcd-command-internal.h"

struct CXLDcdFmCci {
    CXLDcdCommandContext context;
    CXLDcdFmIdentity identity;
    CXLDcdEventLog *no_events;    /* logs 0 to 3: nothing ever happens there */
    uint8_t limit;                /* response payload, 2^n bytes */
    uint16_t event_policy;        /* CXL_DCD_MCTP_EVENT_* */
    bool tunnelled;               /* the running command came by 5300h */
};

static const uint8_t cel_uuid[16] = { CXL_DCD_CEL_UUID_BYTES };

CXLDcdFmCci *cxl_dcd_fm_cci_new(CXLDcd *dcd, CXLDcdEventLog *events,
                                const CXLDcdFmIdentity *identity)
{
    CXLDcdFmCci *cci = g_new0(CXLDcdFmCci, 1);

    cci->context.dcd = dcd;
    cci->context.events = events;
    cci->context.fm = cci;
    cci->identity = *identity;
    cci->no_events = cxl_dcd_event_log_new(1, NULL, NULL);
    cxl_dcd_fm_cci_reset(cci);
    return cci;
}

void cxl_dcd_fm_cci_free(CXLDcdFmCci *cci)
{
    if (cci) {
        cxl_dcd_event_log_free(cci->no_events);
        g_free(cci);
    }
}

void cxl_dcd_fm_cci_set_pool(CXLDcdFmCci *cci, struct CXLDcdPool *pool,
                             const CXLDcdHeadInfo *link)
{
    cci->context.pool = pool;
    cci->context.link = *link;
}

uint16_t cxl_dcd_fm_cci_limit(const CXLDcdFmCci *cci)
{
    return 1 << cci->limit;
}

uint16_t cxl_dcd_fm_cci_event_policy(const CXLDcdFmCci *cci)
{
    return cci->event_policy;
}

void cxl_dcd_fm_cci_reset(CXLDcdFmCci *cci)
{
    cci->limit = CXL_DCD_LIMIT_MAX;
    cci->event_policy = 0;
}

bool cxl_dcd_fm_cci_restore(CXLDcdFmCci *cci, uint16_t limit, uint16_t policy)
{
    uint8_t n;

    for (n = CXL_DCD_LIMIT_MIN; n <= CXL_DCD_LIMIT_MAX; n++) {
        if (limit == 1 << n && !(policy & ~CXL_DCD_MCTP_EVENT_MASK)) {
            cci->limit = n;
            cci->event_policy = policy;
            return true;
        }
    }
    return false;
}

/* --- 8.2.10.1: information and status --- */

uint16_t cxl_dcd_cci_identify(CXLDcdCommandContext *context,
                              const uint8_t *in, size_t in_len,
                              uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdFmIdentity *identity = &context->fm->identity;
    const CXLDcdIdentifyResponse response = {
        .vendor = cxl_dcd_put16(identity->vendor),
        .device = cxl_dcd_put16(identity->device),
        .subsystem_vendor = cxl_dcd_put16(identity->subsystem_vendor),
        .subsystem = cxl_dcd_put16(identity->subsystem),
        .serial = cxl_dcd_put64(identity->serial),
        .max_message = CXL_DCD_LIMIT_MAX,
        .component_type = CXL_DCD_COMPONENT_TYPE3,
    };

    return cxl_dcd_respond(&response, sizeof(response), out, out_max, ret_len);
}

/* 0002h: no command of ours goes to the background */
uint16_t cxl_dcd_cci_background(CXLDcdCommandContext *context,
                                const uint8_t *in, size_t in_len,
                                uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdBackgroundStatus response = { 0 };

    return cxl_dcd_respond(&response, sizeof(response), out, out_max, ret_len);
}

uint16_t cxl_dcd_cci_get_limit(CXLDcdCommandContext *context,
                               const uint8_t *in, size_t in_len,
                               uint8_t *out, size_t out_max, size_t *ret_len)
{
    return cxl_dcd_respond(&context->fm->limit, 1, out, out_max, ret_len);
}

uint16_t cxl_dcd_cci_set_limit(CXLDcdCommandContext *context,
                               const uint8_t *in, size_t in_len,
                               uint8_t *out, size_t out_max, size_t *ret_len)
{
    if (in[0] < CXL_DCD_LIMIT_MIN || in[0] > CXL_DCD_LIMIT_MAX) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    context->fm->limit = in[0];
    return cxl_dcd_cci_get_limit(context, in, in_len, out, out_max, ret_len);
}

/* --- 8.2.10.2: events of this CCI --- */

/* Log @id of the CCI; NULL when there is no such log. */
static CXLDcdEventLog *cxl_dcd_cci_log(CXLDcdCommandContext *context,
                                       uint8_t id)
{
    if (id == CXL_DCD_EVENT_LOG) {
        return context->events;
    }
    /* A mailbox's other logs belong to the device, not to us. */
    return id < CXL_DCD_EVENT_LOG && context->fm ? context->fm->no_events :
                                                   NULL;
}

uint16_t cxl_dcd_cci_get_events(CXLDcdCommandContext *context,
                                const uint8_t *in, size_t in_len,
                                uint8_t *out, size_t out_max, size_t *ret_len)
{
    CXLDcdEventLog *log = cxl_dcd_cci_log(context, in[0]);

    return log ? cxl_dcd_event_log_get(log, out, out_max, ret_len) :
                 CXL_DCD_RC_INVALID_INPUT;
}

uint16_t cxl_dcd_cci_clear_events(CXLDcdCommandContext *context,
                                  const uint8_t *in, size_t in_len,
                                  uint8_t *out, size_t out_max,
                                  size_t *ret_len)
{
    CXLDcdEventLog *log = cxl_dcd_cci_log(context, in[0]);

    *ret_len = 0;
    return log ? cxl_dcd_event_log_clear(log, in, in_len) :
                 CXL_DCD_RC_INVALID_INPUT;
}

uint16_t cxl_dcd_cci_get_policy(CXLDcdCommandContext *context,
                                const uint8_t *in, size_t in_len,
                                uint8_t *out, size_t out_max, size_t *ret_len)
{
    cxl_dcd_le16 policy = cxl_dcd_put16(context->fm->event_policy);

    return cxl_dcd_respond(&policy, sizeof(policy), out, out_max, ret_len);
}

/* 0105h; who asked, and so gets the notification, is the endpoint's to keep */
uint16_t cxl_dcd_cci_set_policy(CXLDcdCommandContext *context,
                                const uint8_t *in, size_t in_len,
                                uint8_t *out, size_t out_max, size_t *ret_len)
{
    context->fm->event_policy = (in[0] | in[1] << 8) & CXL_DCD_MCTP_EVENT_MASK;
    return cxl_dcd_cci_get_policy(context, in, in_len, out, out_max, ret_len);
}

/* --- 8.2.10.5: logs --- */

static bool cxl_dcd_cci_has(const CXLDcdFmCci *cci, uint16_t opcode)
{
    switch (opcode) {
    case CXL_DCD_OP_TUNNEL:
        return !cci->tunnelled;
    case CXL_DCD_OP_GET_MULTI_HEADED_INFO:
    case CXL_DCD_OP_GET_HEAD_INFO:
        return cci->context.pool;
    default:
        return true;
    }
}

/* The Command Effects Log of this CCI into @cel; returns its bytes. */
static size_t cxl_dcd_cci_cel(const CXLDcdFmCci *cci, CXLDcdCelEntry *cel)
{
    size_t count, i, n = 0;
    const CXLDcdCommand *commands = cxl_dcd_fm_commands(&count);

    for (i = 0; i < count; i++) {
        if (!cxl_dcd_cci_has(cci, commands[i].opcode)) {
            continue;
        }
        cel[n].opcode = cxl_dcd_put16(commands[i].opcode);
        cel[n].effects = cxl_dcd_put16(commands[i].effects);
        n++;
    }
    return n * sizeof(*cel);
}

static void cxl_dcd_cci_cel_entry(const CXLDcdFmCci *cci,
                                  CXLDcdLogEntry *ret_entry)
{
    CXLDcdCelEntry cel[CXL_DCD_MAX_COMMANDS];

    memcpy(ret_entry->uuid, cel_uuid, sizeof(cel_uuid));
    ret_entry->size = cxl_dcd_put32(cxl_dcd_cci_cel(cci, cel));
}

uint16_t cxl_dcd_cci_supported_logs(CXLDcdCommandContext *context,
                                    const uint8_t *in, size_t in_len,
                                    uint8_t *out, size_t out_max,
                                    size_t *ret_len)
{
    CXLDcdSupportedLogs *response = (CXLDcdSupportedLogs *)out;
    const size_t len = sizeof(*response) + sizeof(response->entries[0]);

    if (out_max < len) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    memset(out, 0, len);
    response->count = cxl_dcd_put16(1);
    cxl_dcd_cci_cel_entry(context->fm, &response->entries[0]);
    *ret_len = len;
    return CXL_DCD_RC_SUCCESS;
}

uint16_t cxl_dcd_cci_get_log(CXLDcdCommandContext *context,
                             const uint8_t *in, size_t in_len,
                             uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdGetLogRequest *request = (const CXLDcdGetLogRequest *)in;
    uint32_t offset = cxl_dcd_get32(request->offset);
    uint32_t length = cxl_dcd_get32(request->length);
    CXLDcdCelEntry cel[CXL_DCD_MAX_COMMANDS];
    size_t size = cxl_dcd_cci_cel(context->fm, cel);

    if (memcmp(request->uuid, cel_uuid, sizeof(cel_uuid))) {
        return CXL_DCD_RC_INVALID_LOG;
    }
    if (offset > size || length > size - offset || length > out_max) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    return cxl_dcd_respond((const uint8_t *)cel + offset, length, out, out_max,
                           ret_len);
}

uint16_t cxl_dcd_cci_log_sublist(CXLDcdCommandContext *context,
                                 const uint8_t *in, size_t in_len,
                                 uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdLogSublistRequest *request =
        (const CXLDcdLogSublistRequest *)in;
    CXLDcdLogSublist *response = (CXLDcdLogSublist *)out;
    const size_t len = sizeof(*response) + sizeof(response->entries[0]);

    if (!request->max_entries || request->start_index) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (out_max < len) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    memset(out, 0, len);
    response->returned = 1;
    response->total = cxl_dcd_put16(1);
    cxl_dcd_cci_cel_entry(context->fm, &response->entries[0]);
    *ret_len = len;
    return CXL_DCD_RC_SUCCESS;
}

/* --- 7.6.3: messages --- */

static size_t cxl_dcd_cci_length(const CXLDcdCciHeader *header)
{
    return header->length[0] | header->length[1] << 8 |
           (header->length[2] & 0x1f) << 16;
}

static bool cxl_dcd_cci_is_request(const CXLDcdCciHeader *header)
{
    return !(header->category & 0x0f);
}

/* DSP0234 carries command sets 51h to 5fh, DSP0281 all others */
static bool cxl_dcd_cci_type_fits(uint8_t mctp_type, uint8_t command_set)
{
    bool fm_api = command_set >= 0x51 && command_set <= 0x5f;

    return mctp_type == (fm_api ? CXL_DCD_MCTP_TYPE_FM_API :
                                  CXL_DCD_MCTP_TYPE_CCI);
}

/* The answer to @request: header and, on success, @len payload bytes at @out */
static size_t cxl_dcd_cci_answer(const CXLDcdCciHeader *request, uint16_t code,
                                 size_t len, uint8_t *out)
{
    const CXLDcdCciHeader header = {
        .category = CXL_DCD_CCI_RESPONSE,
        .tag = request->tag,
        .command = request->command,
        .command_set = request->command_set,
        .length = { len, len >> 8, len >> 16 },
        .return_code = cxl_dcd_put16(code),
    };

    memcpy(out, &header, sizeof(header));
    return sizeof(header) + len;
}

uint16_t cxl_dcd_fm_run(CXLDcdFmCci *cci, uint16_t opcode,
                        const uint8_t *in, size_t in_len,
                        uint8_t *out, size_t out_max, size_t *ret_len)
{
    size_t count;
    const CXLDcdCommand *commands = cxl_dcd_fm_commands(&count);

    return cxl_dcd_command_run(cxl_dcd_command_find(commands, count, opcode),
                               &cci->context, in, in_len, out,
                               MIN(out_max, cxl_dcd_fm_cci_limit(cci)),
                               ret_len);
}

size_t cxl_dcd_fm_message(CXLDcdFmCci *cci, uint8_t mctp_type,
                          const uint8_t *message, size_t len, size_t total,
                          uint8_t *out)
{
    const CXLDcdCciHeader *header = (const CXLDcdCciHeader *)message;
    const size_t max = 1 << CXL_DCD_LIMIT_MAX;
    size_t out_len = 0, payload;
    uint16_t code;

    if (len < sizeof(*header) || !cxl_dcd_cci_is_request(header)) {
        return 0;
    }
    payload = total - sizeof(*header);
    if (!cxl_dcd_cci_type_fits(mctp_type, header->command_set)) {
        code = CXL_DCD_RC_UNSUPPORTED;
    } else if (cxl_dcd_cci_length(header) != payload || payload > max ||
               len != total) {
        code = CXL_DCD_RC_INVALID_PAYLOAD_LENGTH;
    } else {
        code = cxl_dcd_fm_run(cci, header->command_set << 8 | header->command,
                              message + sizeof(*header), payload,
                              out + sizeof(*header), max, &out_len);
    }
    return cxl_dcd_cci_answer(header, code,
                              code == CXL_DCD_RC_SUCCESS ? out_len : 0, out);
}

/* LD 0 is the device; the LD pool's CCI is behind every head of a pool */
static bool cxl_dcd_cci_tunnel_target(const CXLDcdFmCci *cci,
                                      const CXLDcdTunnelRequest *request)
{
    switch (request->target & CXL_DCD_TUNNEL_TARGET_MASK) {
    case CXL_DCD_TUNNEL_PORT_OR_LD:
        return request->id == 0;
    case CXL_DCD_TUNNEL_LD_POOL:
        return cci->context.pool;
    default:
        return false;
    }
}

/*
 * 5300h: a message for one LD, or for the pool of LDs. Ours has the FM-owned
 * LD and LD 0, and no further tunnel behind either. The outer code tells only
 * whether the tunnel worked.
 */
uint16_t cxl_dcd_cci_tunnel(CXLDcdCommandContext *context,
                            const uint8_t *in, size_t in_len,
                            uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdTunnelRequest *request = (const CXLDcdTunnelRequest *)in;
    const CXLDcdCciHeader *inner = (const CXLDcdCciHeader *)request->message;
    const size_t overhead = sizeof(CXLDcdTunnelResponse) + sizeof(*inner);
    size_t size = cxl_dcd_get16(request->size), inner_len = 0;
    CXLDcdTunnelResponse response = { 0 };
    CXLDcdFmCci *cci = context->fm;
    uint16_t opcode, code = CXL_DCD_RC_UNSUPPORTED;

    if (out_max < overhead) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    if (size < sizeof(*inner) || in_len != sizeof(*request) + size ||
        cxl_dcd_cci_length(inner) != size - sizeof(*inner)) {
        return CXL_DCD_RC_INVALID_PAYLOAD_LENGTH;
    }
    if (!cxl_dcd_cci_tunnel_target(cci, request) ||
        !cxl_dcd_cci_is_request(inner)) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    opcode = inner->command_set << 8 | inner->command;
    if (opcode != CXL_DCD_OP_TUNNEL) {
        cci->tunnelled = true;
        code = cxl_dcd_fm_run(cci, opcode, request->message + sizeof(*inner),
                              size - sizeof(*inner), out + overhead,
                              out_max - overhead, &inner_len);
        cci->tunnelled = false;
    }
    if (code != CXL_DCD_RC_SUCCESS) {
        inner_len = 0;
    }
    inner_len = cxl_dcd_cci_answer(inner, code, inner_len,
                                   out + sizeof(response));
    response.size = cxl_dcd_put16(inner_len);
    memcpy(out, &response, sizeof(response));
    *ret_len = sizeof(response) + inner_len;
    return CXL_DCD_RC_SUCCESS;
}
