/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the command handlers, for the tables only
 *
 * Handlers trust min_in of their table entry; run them through
 * cxl_dcd_command_run().
 */
#ifndef CXL_DCD_COMMAND_INTERNAL_H
#define CXL_DCD_COMMAND_INTERNAL_H

#include "hw/cxl/cxl_dcd_command.h"

/* At least as many as either table has: bounds the CEL on the stack. */
#define CXL_DCD_MAX_COMMANDS 32

#define CXL_DCD_HANDLER(name) \
    uint16_t name(CXLDcdCommandContext *context, \
                  const uint8_t *in, size_t in_len, \
                  uint8_t *out, size_t out_max, size_t *ret_len)

/* cxl-dcd-wire.c: 8.2.10.9.9 */
CXL_DCD_HANDLER(cxl_dcd_wire_get_config);
CXL_DCD_HANDLER(cxl_dcd_wire_get_extent_list);
CXL_DCD_HANDLER(cxl_dcd_wire_add_response);
CXL_DCD_HANDLER(cxl_dcd_wire_release);

/* cxl-dcd-cci.c: component commands */
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
CXL_DCD_HANDLER(cxl_dcd_cci_tunnel);

/* cxl-dcd-fmapi.c: 7.6.7.6 */
CXL_DCD_HANDLER(cxl_dcd_fm_get_info);
CXL_DCD_HANDLER(cxl_dcd_fm_get_region_config);
CXL_DCD_HANDLER(cxl_dcd_fm_set_region_config);
CXL_DCD_HANDLER(cxl_dcd_fm_get_extent_lists);
CXL_DCD_HANDLER(cxl_dcd_fm_initiate_add);
CXL_DCD_HANDLER(cxl_dcd_fm_initiate_release);
CXL_DCD_HANDLER(cxl_dcd_fm_add_reference);
CXL_DCD_HANDLER(cxl_dcd_fm_remove_reference);
CXL_DCD_HANDLER(cxl_dcd_fm_list_tags);

/* cxl-dcd-fmapi-pool.c: 7.6.7.5; Unsupported where there is no pool */
CXL_DCD_HANDLER(cxl_dcd_mhd_get_info);
CXL_DCD_HANDLER(cxl_dcd_mhd_get_heads);

/* Is @host a host of the same pool, and not this device's? */
bool cxl_dcd_fm_elsewhere(const CXLDcdCommandContext *context, uint16_t host);
/* What the handlers of the same names do for hosts elsewhere, or all */
uint16_t cxl_dcd_fm_pool_region_config(CXLDcdCommandContext *context,
                                       const CXLDcdFmRegionConfigRequest *in,
                                       uint8_t *out, size_t out_max,
                                       size_t *ret_len);
uint16_t cxl_dcd_fm_pool_extent_lists(CXLDcdCommandContext *context,
                                      const CXLDcdFmExtentListRequest *in,
                                      uint8_t *out, size_t out_max,
                                      size_t *ret_len);
uint16_t cxl_dcd_fm_pool_list_tags(CXLDcdCommandContext *context,
                                   const CXLDcdFmListTagsRequest *in,
                                   uint8_t *out, size_t out_max,
                                   size_t *ret_len);
/* The LD's bit in the 256-bit maps of a tag entry */
void cxl_dcd_fm_tag_host(uint8_t map[32], uint16_t host, bool set);

/*
 * Answer with @len bytes at @response. Internal Error when the caller's buffer
 * has no room for a fixed-size answer: a fault of ours, not of the requester.
 */
uint16_t cxl_dcd_respond(const void *response, size_t len, uint8_t *out,
                         size_t out_max, size_t *ret_len);

/* The return code of @error, which is freed; Internal Error for NULL. */
uint16_t cxl_dcd_error_code(GError *error);

/* Host order to wire, shared by the host's and the fabric manager's views */
void cxl_dcd_wire_counters(const CXLDcd *dcd, CXLDcdWireCounters *ret);
void cxl_dcd_wire_extent(const CXLDcdExtent *extent, CXLDcdWireExtent *ret);
/*
 * Up to @count listed extents from @start (<= the total) that fit in @room
 * bytes at @out. Returns how many.
 */
uint32_t cxl_dcd_wire_listed(const CXLDcd *dcd, uint32_t start, uint32_t count,
                             size_t room, CXLDcdWireExtent *out);

#endif /* CXL_DCD_COMMAND_INTERNAL_H */
