/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the DCD series traces, in the CXL core's own trace system and with its
 * fields: whoever listens to that hears of dynamic capacity, too.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cxl

#if !defined(CXL_DCD_TRACE_CXL_H) || defined(TRACE_HEADER_MULTI_READ)
#define CXL_DCD_TRACE_CXL_H

#include <linux/device.h>
#include <linux/tracepoint.h>
#include <linux/uuid.h>

#include "judge.h"

/* For programs: in the format they are numbers. */
TRACE_DEFINE_ENUM(CXL_DCD_EVENT_ADD);
TRACE_DEFINE_ENUM(CXL_DCD_EVENT_RELEASE);
TRACE_DEFINE_ENUM(CXL_DCD_EVENT_FORCED_RELEASE);
TRACE_DEFINE_ENUM(CXL_DCD_EVENT_REGION_CONFIG);

#define show_dcd_event(type) __print_symbolic(type,			\
	{ CXL_DCD_EVENT_ADD, "Add capacity" },				\
	{ CXL_DCD_EVENT_RELEASE, "Release capacity" },			\
	{ CXL_DCD_EVENT_FORCED_RELEASE, "Forced capacity release" },	\
	{ CXL_DCD_EVENT_REGION_CONFIG, "Region Configuration Updated" })

/* One per record of event log 4; @flags is ours, and at the end */
TRACE_EVENT(cxl_dynamic_capacity,
	TP_PROTO(const struct device *dev, u64 number,
		 const CXLDcdEventRecord *record),
	TP_ARGS(dev, number, record),
	TP_STRUCT__entry(
		__string(memdev, dev_name(dev))
		__string(host, dev_name(dev->parent))
		__field(int, log)
		__field_struct(uuid_t, hdr_uuid)
		__field(u64, serial)
		__field(u32, hdr_flags)
		__field(u16, hdr_handle)
		__field(u16, hdr_related_handle)
		__field(u64, hdr_timestamp)
		__field(u8, hdr_length)
		__field(u8, hdr_maint_op_class)
		__field(u8, hdr_maint_op_sub_class)
		__field(u8, event_type)
		__field(u16, hostid)
		__field(u8, updated_region_index)
		__field(u64, dpa_start)
		__field(u64, length)
		__array(u8, uuid, CXL_DCD_TAG_SIZE)
		__field(u16, sh_extent_seq)
		__field(u8, flags)
	),
	TP_fast_assign(
		__assign_str(memdev);
		__assign_str(host);
		__entry->log = CXL_DCD_EVENT_LOG;
		import_uuid(&__entry->hdr_uuid, record->uuid);
		__entry->serial = number;
		__entry->hdr_flags = record->record_flags[0] |
				     record->record_flags[1] << 8 |
				     record->record_flags[2] << 16;
		__entry->hdr_handle = le16_to_cpu(record->handle);
		__entry->hdr_related_handle =
			le16_to_cpu(record->related_handle);
		__entry->hdr_timestamp = le64_to_cpu(record->timestamp);
		__entry->hdr_length = record->length;
		__entry->hdr_maint_op_class = record->maintenance_class;
		__entry->hdr_maint_op_sub_class = record->maintenance_subclass;
		__entry->event_type = record->type;
		__entry->hostid = le16_to_cpu(record->host_id);
		/* No other record says anything there. */
		__entry->updated_region_index =
			record->type == CXL_DCD_EVENT_REGION_CONFIG ?
				record->region_index : U8_MAX;
		__entry->dpa_start = le64_to_cpu(record->extent.start_dpa);
		__entry->length = le64_to_cpu(record->extent.length);
		memcpy(__entry->uuid, record->extent.tag, CXL_DCD_TAG_SIZE);
		__entry->sh_extent_seq = le16_to_cpu(record->extent.sequence);
		__entry->flags = record->flags;
	),
	TP_printk("memdev=%s host=%s serial=%llu log=Dynamic Capacity : time=%llu uuid=%pUb len=%u flags=%#x handle=%x related_handle=%x maint_op_class=%u maint_op_sub_class=%u : event_type='%s' host_id='%u' updated_region_index='%u' starting_dpa=%llx length=%llx tag=%pU shared_extent_sequence=%u more=%u",
		  __get_str(memdev), __get_str(host), __entry->serial,
		  __entry->hdr_timestamp, &__entry->hdr_uuid,
		  __entry->hdr_length, __entry->hdr_flags,
		  __entry->hdr_handle, __entry->hdr_related_handle,
		  __entry->hdr_maint_op_class, __entry->hdr_maint_op_sub_class,
		  show_dcd_event(__entry->event_type), __entry->hostid,
		  __entry->updated_region_index, __entry->dpa_start,
		  __entry->length, __entry->uuid, __entry->sh_extent_seq,
		  __entry->flags & 1)
);

#endif /* CXL_DCD_TRACE_CXL_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace_cxl
#include <trace/define_trace.h>
