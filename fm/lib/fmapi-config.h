/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: what a device and its hosts are (0001h, 5600h, 5601h), and
 * where extents are in them
 */
#ifndef CXLFM_FMAPI_CONFIG_H
#define CXLFM_FMAPI_CONFIG_H

#include <stdbool.h>
#include "cxlfm.h"
#include "hw/cxl/dcd/wire_fm.h"

/* 0001h */
int cxlfm_fmapi_identify(cxlfm *fm, CXLDcdIdentifyResponse *ret_id);
/* 5600h */
int cxlfm_fmapi_info(cxlfm *fm, CXLDcdFmInfoResponse *ret_info);
/*
 * 5601h: host @id with its regions and counters, into a zeroed @host. @info
 * adds what regions can be set to; NULL where that does not matter.
 */
int cxlfm_fmapi_host(cxlfm *fm, uint16_t id, const CXLDcdFmInfoResponse *info,
                     struct cxlfm_host *host);

/* An extent that @host accepted, but for region and offset */
void cxlfm_fmapi_extent(const CXLDcdWireExtent *wire, uint16_t host,
                        struct cxlfm_extent *fill);
/*
 * The FM API names a DPA, people want region and offset. False, and nothing is
 * written, when no region of @host begins an extent there.
 */
bool cxlfm_fmapi_locate(const struct cxlfm_host *host,
                        struct cxlfm_extent *extent);

#endif /* CXLFM_FMAPI_CONFIG_H */
