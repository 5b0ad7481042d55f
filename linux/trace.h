/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cxl_dcd

#if !defined(CXL_DCD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define CXL_DCD_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>

#include "judge.h"

#define show_dcd_event(type) __print_symbolic(type,		\
	{ CXL_DCD_EVENT_ADD, "add capacity" },			\
	{ CXL_DCD_EVENT_RELEASE, "release capacity" },		\
	{ CXL_DCD_EVENT_FORCED_RELEASE, "forced release" },	\
	{ CXL_DCD_EVENT_REGION_CONFIG, "region configuration" })

/* One per record of event log 4 */
TRACE_EVENT(cxl_dynamic_capacity,
	TP_PROTO(const struct device *dev, u8 type, u8 flags,
		 const struct cxl_dcd_rec *rec),
	TP_ARGS(dev, type, flags, rec),
	TP_STRUCT__entry(
		__string(memdev, dev_name(dev))
		__field(u8, type)
		__field(u8, flags)
		__field(u64, dpa)
		__field(u64, len)
		__field(u16, seq)
		__array(u8, tag, CXL_DCD_TAG_SIZE)
	),
	TP_fast_assign(
		__assign_str(memdev);
		__entry->type = type;
		__entry->flags = flags;
		__entry->dpa = rec->dpa;
		__entry->len = rec->len;
		__entry->seq = rec->seq;
		memcpy(__entry->tag, rec->tag, CXL_DCD_TAG_SIZE);
	),
	TP_printk("memdev=%s event_type='%s' more=%d starting_dpa=%#llx length=%#llx tag=%pU shared_extent_sequence=%u",
		  __get_str(memdev), show_dcd_event(__entry->type),
		  __entry->flags & CXL_DCD_EVENT_MORE, __entry->dpa,
		  __entry->len, __entry->tag, __entry->seq)
);

/* What became of one offer */
TRACE_EVENT(cxl_dcd_offer,
	TP_PROTO(const struct device *dev, u32 offered, u32 accepted, int rc),
	TP_ARGS(dev, offered, accepted, rc),
	TP_STRUCT__entry(
		__string(memdev, dev_name(dev))
		__field(u32, offered)
		__field(u32, accepted)
		__field(int, rc)
	),
	TP_fast_assign(
		__assign_str(memdev);
		__entry->offered = offered;
		__entry->accepted = accepted;
		__entry->rc = rc;
	),
	TP_printk("memdev=%s offered=%u accepted=%u rc=%d",
		  __get_str(memdev), __entry->offered, __entry->accepted,
		  __entry->rc)
);

#endif /* CXL_DCD_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
