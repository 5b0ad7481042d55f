/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: component commands of a CCI
 *
 * What any MCTP CCI of a Type 3 device needs: Identify, message limits, events,
 * logs. Events are the host's mailbox's as well.
 */
#include <string.h>
#include "cci.h"
#include "handlers.h"
#include "run.h"

static const uint8_t cel_uuid[16] = { CXL_DCD_CEL_UUID_BYTES };

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
    size_t i, n = 0;

    for (i = 0; i < cci->count; i++) {
        const CXLDcdCommand *command = &cci->commands[i];

        if (!cxl_dcd_cci_has(cci, command->opcode)) {
            continue;
        }
        cel[n].opcode = cxl_dcd_put16(command->opcode);
        cel[n].effects = cxl_dcd_put16(command->effects);
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
