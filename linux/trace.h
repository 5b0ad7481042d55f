/* SPDX-License-Identifier: GPL-2.0-only */
/* What only we trace. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cxl_dcd

#if !defined(CXL_DCD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define CXL_DCD_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>

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
