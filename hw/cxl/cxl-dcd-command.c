/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which command exists where, and how one is run
 */
#include <string.h>
#include "cxl-dcd-command-internal.h"

/* 7.6.7.6: a change that also decides what is there after any reset */
#define EFFECT_RESETS (CXL_DCD_EFFECT_CONFIG_COLD | \
                       CXL_DCD_EFFECT_RESETS_VALID | \
                       CXL_DCD_EFFECT_CONFIG_CONV | CXL_DCD_EFFECT_CONFIG_CXL)
#define EFFECT_CAPACITY (EFFECT_RESETS | CXL_DCD_EFFECT_CONFIG | \
                         CXL_DCD_EFFECT_DATA)

static const CXLDcdCommand mailbox_commands[] = {
    { CXL_DCD_OP_GET_EVENT_RECORDS, 0, 1, false,
      "get-event-records", cxl_dcd_cci_get_events },
    { CXL_DCD_OP_CLEAR_EVENT_RECORDS, CXL_DCD_EFFECT_LOG,
      sizeof(CXLDcdClearEventsRequest), true,
      "clear-event-records", cxl_dcd_cci_clear_events },
    { CXL_DCD_OP_GET_CONFIG, 0, sizeof(CXLDcdGetConfigRequest), false,
      "get-dynamic-capacity-configuration", cxl_dcd_wire_get_config },
    { CXL_DCD_OP_GET_EXTENT_LIST, 0, sizeof(CXLDcdGetExtentListRequest), false,
      "get-dynamic-capacity-extent-list", cxl_dcd_wire_get_extent_list },
    { CXL_DCD_OP_ADD_RESPONSE, CXL_DCD_EFFECT_CONFIG,
      sizeof(CXLDcdUpdateRequest), true,
      "add-dynamic-capacity-response", cxl_dcd_wire_add_response },
    { CXL_DCD_OP_RELEASE, CXL_DCD_EFFECT_CONFIG,
      sizeof(CXLDcdUpdateRequest), true,
      "release-dynamic-capacity", cxl_dcd_wire_release },
};

static const CXLDcdCommand fm_commands[] = {
    { CXL_DCD_OP_IDENTIFY, 0, 0, false,
      "identify", cxl_dcd_cci_identify },
    { CXL_DCD_OP_BACKGROUND_STATUS, 0, 0, false,
      "background-operation-status", cxl_dcd_cci_background },
    { CXL_DCD_OP_GET_RESPONSE_LIMIT, 0, 0, false,
      "get-response-message-limit", cxl_dcd_cci_get_limit },
    { CXL_DCD_OP_SET_RESPONSE_LIMIT, 0, 1, false,
      "set-response-message-limit", cxl_dcd_cci_set_limit },
    { CXL_DCD_OP_GET_EVENT_RECORDS, 0, 1, false,
      "get-event-records", cxl_dcd_cci_get_events },
    { CXL_DCD_OP_CLEAR_EVENT_RECORDS, CXL_DCD_EFFECT_LOG,
      sizeof(CXLDcdClearEventsRequest), true,
      "clear-event-records", cxl_dcd_cci_clear_events },
    { CXL_DCD_OP_GET_MCTP_EVENT_POLICY, 0, 0, false,
      "get-mctp-event-interrupt-policy", cxl_dcd_cci_get_policy },
    { CXL_DCD_OP_SET_MCTP_EVENT_POLICY, CXL_DCD_EFFECT_POLICY, 2, false,
      "set-mctp-event-interrupt-policy", cxl_dcd_cci_set_policy },
    { CXL_DCD_OP_GET_SUPPORTED_LOGS, 0, 0, false,
      "get-supported-logs", cxl_dcd_cci_supported_logs },
    { CXL_DCD_OP_GET_LOG, 0, sizeof(CXLDcdGetLogRequest), false,
      "get-log", cxl_dcd_cci_get_log },
    { CXL_DCD_OP_GET_SUPPORTED_SUBLIST, 0, sizeof(CXLDcdLogSublistRequest),
      false, "get-supported-logs-sub-list", cxl_dcd_cci_log_sublist },
    { CXL_DCD_OP_TUNNEL, 0, sizeof(CXLDcdTunnelRequest), true,
      "tunnel-management-command", cxl_dcd_cci_tunnel },
    { CXL_DCD_OP_GET_MULTI_HEADED_INFO, 0, sizeof(CXLDcdMhdInfoRequest), false,
      "get-multi-headed-info", cxl_dcd_mhd_get_info },
    { CXL_DCD_OP_GET_HEAD_INFO, 0, sizeof(CXLDcdHeadInfoRequest), false,
      "get-head-info", cxl_dcd_mhd_get_heads },
    { CXL_DCD_OP_FM_GET_INFO, 0, 0, false,
      "get-dcd-info", cxl_dcd_fm_get_info },
    { CXL_DCD_OP_FM_GET_REGION_CONFIG, 0, sizeof(CXLDcdFmRegionConfigRequest),
      false, "get-host-dc-region-configuration",
      cxl_dcd_fm_get_region_config },
    { CXL_DCD_OP_FM_SET_REGION_CONFIG, EFFECT_CAPACITY,
      sizeof(CXLDcdFmSetRegionRequest), false,
      "set-dc-region-configuration", cxl_dcd_fm_set_region_config },
    { CXL_DCD_OP_FM_GET_EXTENT_LISTS, 0, sizeof(CXLDcdFmExtentListRequest),
      false, "get-dc-region-extent-lists", cxl_dcd_fm_get_extent_lists },
    { CXL_DCD_OP_FM_INITIATE_ADD, EFFECT_CAPACITY,
      sizeof(CXLDcdFmInitiateRequest), true,
      "initiate-dynamic-capacity-add", cxl_dcd_fm_initiate_add },
    { CXL_DCD_OP_FM_INITIATE_RELEASE, EFFECT_CAPACITY,
      sizeof(CXLDcdFmInitiateRequest), true,
      "initiate-dynamic-capacity-release", cxl_dcd_fm_initiate_release },
    { CXL_DCD_OP_FM_ADD_REFERENCE, EFFECT_RESETS | CXL_DCD_EFFECT_CONFIG,
      sizeof(CXLDcdFmReferenceRequest), false,
      "dynamic-capacity-add-reference", cxl_dcd_fm_add_reference },
    { CXL_DCD_OP_FM_REMOVE_REFERENCE, EFFECT_CAPACITY,
      sizeof(CXLDcdFmReferenceRequest), false,
      "dynamic-capacity-remove-reference", cxl_dcd_fm_remove_reference },
    { CXL_DCD_OP_FM_LIST_TAGS, 0, sizeof(CXLDcdFmListTagsRequest), false,
      "dynamic-capacity-list-tags", cxl_dcd_fm_list_tags },
};

G_STATIC_ASSERT(G_N_ELEMENTS(mailbox_commands) <= CXL_DCD_MAX_COMMANDS);
G_STATIC_ASSERT(G_N_ELEMENTS(fm_commands) <= CXL_DCD_MAX_COMMANDS);

const CXLDcdCommand *cxl_dcd_mailbox_commands(size_t *ret_count)
{
    *ret_count = G_N_ELEMENTS(mailbox_commands);
    return mailbox_commands;
}

const CXLDcdCommand *cxl_dcd_fm_commands(size_t *ret_count)
{
    *ret_count = G_N_ELEMENTS(fm_commands);
    return fm_commands;
}

const CXLDcdCommand *cxl_dcd_command_find(const CXLDcdCommand *table,
                                          size_t count, uint16_t opcode)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table[middle].opcode == opcode) {
            return &table[middle];
        }
        if (table[middle].opcode < opcode) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

uint16_t cxl_dcd_respond(const void *response, size_t len, uint8_t *out,
                         size_t out_max, size_t *ret_len)
{
    if (len > out_max) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    memcpy(out, response, len);
    *ret_len = len;
    return CXL_DCD_RC_SUCCESS;
}

static bool cxl_dcd_command_chains(const CXLDcdCommand *command)
{
    return command && (command->opcode == CXL_DCD_OP_ADD_RESPONSE ||
                       command->opcode == CXL_DCD_OP_RELEASE);
}

static bool cxl_dcd_command_fits(const CXLDcdCommand *command, size_t in_len)
{
    return command->variable ? in_len >= command->min_in :
                               in_len == command->min_in;
}

uint16_t cxl_dcd_command_run(const CXLDcdCommand *command,
                             CXLDcdCommandContext *context,
                             const uint8_t *in, size_t in_len,
                             uint8_t *out, size_t out_max, size_t *ret_len)
{
    uint16_t code = CXL_DCD_RC_UNSUPPORTED;
    size_t len = 0;

    if (command && !cxl_dcd_command_fits(command, in_len)) {
        code = CXL_DCD_RC_INVALID_PAYLOAD_LENGTH;
    } else if (command) {
        code = command->run(context, in, in_len, out, out_max, &len);
    }
    /* The chain is the host's; the fabric manager cannot break into it. */
    if (!context->fm &&
        (code != CXL_DCD_RC_SUCCESS || !cxl_dcd_command_chains(command))) {
        cxl_dcd_chain_abort(context->dcd);
    }
    if (code == CXL_DCD_RC_SUCCESS) {
        *ret_len = len;
    }
    return code;
}

uint16_t cxl_dcd_mailbox_run(CXLDcdCommandContext *context, uint16_t opcode,
                             const uint8_t *in, size_t in_len,
                             uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdCommand *command =
        cxl_dcd_command_find(mailbox_commands, G_N_ELEMENTS(mailbox_commands),
                             opcode);

    return cxl_dcd_command_run(command, context, in, in_len, out, out_max,
                               ret_len);
}

const char *cxl_dcd_return_code_name(uint16_t code)
{
    switch (code) {
    case CXL_DCD_RC_SUCCESS:
        return "success";
    case CXL_DCD_RC_BACKGROUND_STARTED:
        return "background command started";
    case CXL_DCD_RC_INVALID_INPUT:
        return "invalid input";
    case CXL_DCD_RC_UNSUPPORTED:
        return "unsupported";
    case CXL_DCD_RC_INTERNAL_ERROR:
        return "internal error";
    case CXL_DCD_RC_RETRY_REQUIRED:
        return "retry required";
    case CXL_DCD_RC_BUSY:
        return "busy";
    case CXL_DCD_RC_MEDIA_DISABLED:
        return "media disabled";
    case CXL_DCD_RC_INVALID_HANDLE:
        return "invalid handle";
    case CXL_DCD_RC_INVALID_PA:
        return "invalid physical address";
    case CXL_DCD_RC_INVALID_SECURITY_STATE:
        return "invalid security state";
    case CXL_DCD_RC_UNSUPPORTED_CCI:
        return "unsupported mailbox or CCI";
    case CXL_DCD_RC_INVALID_PAYLOAD_LENGTH:
        return "invalid payload length";
    case CXL_DCD_RC_INVALID_LOG:
        return "invalid log";
    case CXL_DCD_RC_RESOURCES_EXHAUSTED:
        return "resources exhausted";
    case CXL_DCD_RC_INVALID_EXTENT_LIST:
        return "invalid extent list";
    default:
        return "unknown";
    }
}
