/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the command handlers, for the tables only
 *
 * Handlers trust min_in of their table entry; run them through
 * cxl_dcd_command_run().
 */
#ifndef CXL_DCD_HANDLERS_H
#define CXL_DCD_HANDLERS_H

#include "hw/cxl/dcd/commands.h"

/* At least as many as either table has: bounds the CEL on the stack. */
#define CXL_DCD_MAX_COMMANDS 32

#define CXL_DCD_HANDLER(name) \
    uint16_t name(CXLDcdCommandContext *context, \
                  const uint8_t *in, size_t in_len, \
                  uint8_t *out, size_t out_max, size_t *ret_len)

/* host.c: 8.2.10.9.9 */
CXL_DCD_HANDLER(cxl_dcd_wire_get_config);
CXL_DCD_HANDLER(cxl_dcd_wire_get_extent_list);
CXL_DCD_HANDLER(cxl_dcd_wire_add_response);
CXL_DCD_HANDLER(cxl_dcd_wire_release);

/* component.c */
CXL_DCD_HANDLER(cxl_dcd_cci_identify);
CXL_DCD_HANDLER(cxl_dcd_cci_background);
CXL_DCD_HANDLER(cxl_dcd_cci_get_limit);
CXL_DCD_HANDLER(cxl_dcd_cci_set_limit);
CXL_DCD_HANDLER(cxl_dcd_cci_get_events);
CXL_DCD_HANDLER(cxl_dcd_cci_clear_events);
CXL_DCD_HANDLER(cxl_dcd_cci_get_policy);
CXL_DCD_HANDLER(cxl_dcd_cci_set_policy);
CXL_DCD_HANDLER(cxl_dcd_cci_supported_logs);
CXL_DCD_HANDLER(cxl_dcd_cci_get_log);
CXL_DCD_HANDLER(cxl_dcd_cci_log_sublist);

/* cci.c: 7.6.7.3.1 */
CXL_DCD_HANDLER(cxl_dcd_cci_tunnel);

/* dcd.c: 7.6.7.6 */
CXL_DCD_HANDLER(cxl_dcd_fm_get_info);
CXL_DCD_HANDLER(cxl_dcd_fm_get_region_config);
CXL_DCD_HANDLER(cxl_dcd_fm_set_region_config);
CXL_DCD_HANDLER(cxl_dcd_fm_get_extent_lists);
CXL_DCD_HANDLER(cxl_dcd_fm_initiate_add);
CXL_DCD_HANDLER(cxl_dcd_fm_initiate_release);
CXL_DCD_HANDLER(cxl_dcd_fm_add_reference);
CXL_DCD_HANDLER(cxl_dcd_fm_remove_reference);
CXL_DCD_HANDLER(cxl_dcd_fm_list_tags);

/* multi-head.c: 7.6.7.5; Unsupported where there is no pool */
CXL_DCD_HANDLER(cxl_dcd_mhd_get_info);
CXL_DCD_HANDLER(cxl_dcd_mhd_get_heads);

/* --- The CCI --- */

/* cxl_dcd_fm_cci_new() with the table that its commands are found in */
CXLDcdFmCci *cxl_dcd_cci_new(CXLDcd *dcd, CXLDcdEventLog *events,
                             const CXLDcdFmIdentity *identity,
                             const CXLDcdCommand *commands, size_t count);

#endif /* CXL_DCD_HANDLERS_H */
