/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which command exists where
 *
 * The only file that names all handlers.
 */
#include "handlers.h"

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

CXLDcdFmCci *cxl_dcd_fm_cci_new(CXLDcd *dcd, CXLDcdEventLog *events,
                                const CXLDcdFmIdentity *identity)
{
    return cxl_dcd_cci_new(dcd, events, identity, fm_commands,
                           G_N_ELEMENTS(fm_commands));
}
