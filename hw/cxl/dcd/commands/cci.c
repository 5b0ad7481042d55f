/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's CCI
 *
 * Messages with the header of 7.6.3, and the tunnel of 7.6.7.3.1.
 */
#include <string.h>
#include "cci.h"
#include "handlers.h"
#include "run.h"

CXLDcdFmCci *cxl_dcd_cci_new(CXLDcd *dcd, CXLDcdEventLog *events,
                             const CXLDcdFmIdentity *identity,
                             const CXLDcdCommand *commands, size_t count)
{
    CXLDcdFmCci *cci = g_new0(CXLDcdFmCci, 1);

    cci->context.dcd = dcd;
    cci->context.events = events;
    cci->context.fm = cci;
    cci->identity = *identity;
    cci->commands = commands;
    cci->count = count;
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

uint64_t cxl_dcd_fm_cci_outside(const CXLDcdFmCci *cci)
{
    const CXLDcdConfig *config = cxl_dcd_config(cci->context.dcd);
    const CXLDcdRegionConfig *last = &config->regions[config->num_regions - 1];

    return last->base + last->decode_length;
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

/* --- 7.6.3: messages --- */

static size_t cxl_dcd_cci_length(const CXLDcdCciHeader *header)
{
    return header->length[0] | header->length[1] << 8 |
           (header->length[2] & 0x1f) << 16;
}

bool cxl_dcd_cci_is_request(const CXLDcdCciHeader *header)
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

size_t cxl_dcd_cci_answer(const CXLDcdCciHeader *request, uint16_t code,
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
    const CXLDcdCommand *command =
        cxl_dcd_command_find(cci->commands, cci->count, opcode);

    return cxl_dcd_command_run(command, &cci->context, in, in_len, out,
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
