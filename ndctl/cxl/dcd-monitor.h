/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _CXL_DCD_MONITOR_H_
#define _CXL_DCD_MONITOR_H_

struct json_object;

#define DCD_TRACE_SYSTEM "cxl"
#define DCD_TRACE_EVENT "cxl_dynamic_capacity"
#define DCD_MONITOR_MS 1000 /* how long it may be missed, see there */

void dcd_event_json(struct json_object *jevent);

#endif /* _CXL_DCD_MONITOR_H_ */
