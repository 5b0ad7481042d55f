/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the event log of one command interface
 *
 * CXL r3.2 8.2.10.2. Every CCI has an event context of its own (9.20): the
 * host's mailbox sees record types 0 to 3 in its log 4, the fabric manager
 * types 4 and 5 in the log 4 of its CCI. One CXLDcdEventLog is one such log.
 *
 * Terms
 *   record   one event, 80h bytes on the wire, kept compactly here
 *   handle   16-bit name of a record, never 0, unique within the log
 *   group    records chained by their More flag; adjacent, same type
 *   room     records that may still be inserted before one is dropped
 *
 * Invariants (checked by cxl_dcd_event_log_assert())
 *   1. count <= depth <= CXL_DCD_EVENT_DEPTH_MAX.
 *   2. Handles rise by one from oldest to newest, 0xffff is followed by 1:
 *      records leave from the old end only, so a handle is never in the log
 *      twice.
 *   3. Old records are never dropped for new ones; what did not fit is counted
 *      until the reader clears at least one record.
 *   4. No drop leaves a group open: the last record that fitted is closed.
 *
 * Not thread-safe: the caller's lock (in QEMU the BQL) is held in every call,
 * and no reader runs between the records of one group.
 */
#ifndef CXL_DCD_EVENT_H
#define CXL_DCD_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "hw/cxl/dcd/wire.h"

/* Identify Memory Device reports the depth in 16 bits, handles are 1..ffffh */
#define CXL_DCD_EVENT_DEPTH_MAX     65535
/* Room for three requests of 10,000 extents; 1.8 MiB when full, none idle */
#define CXL_DCD_EVENT_DEPTH_DEFAULT 32768

/* One event in host byte order. Fields that a type does not use are 0. */
typedef struct CXLDcdEvent {
    uint64_t dpa;                 /* extent: bytes */
    uint64_t length;              /* extent: bytes */
    uint8_t tag[CXL_DCD_TAG_SIZE];
    uint32_t available_extents;   /* reported as valid in every record */
    uint32_t available_tags;
    uint16_t sequence;            /* shared extent sequence */
    uint16_t host_id;             /* types 4 and 5 only */
    uint8_t type;                 /* CXL_DCD_EVENT_* */
    uint8_t region;               /* type 3 only */
    bool more;                    /* the next record belongs to this one */
} CXLDcdEvent;

typedef struct CXLDcdEventLog CXLDcdEventLog;

/* What the log asks of its owner. Any member may be NULL. */
typedef struct CXLDcdEventLogOps {
    /* Nanoseconds since 1970-01-01 UTC; 0 or no callback: time is not set. */
    uint64_t (*now)(void *opaque);
    /* The log went from empty to non-empty: the moment of the interrupt. */
    void (*became_non_empty)(void *opaque);
    /* The last record was cleared: the Event Status bit drops. */
    void (*became_empty)(void *opaque);
    /* Must the log, which has room and is not empty, act as if it were full? */
    bool (*full)(void *opaque);
    /* A record did not fit and is lost (counted as overflow). */
    void (*dropped)(void *opaque, const CXLDcdEvent *event);
} CXLDcdEventLogOps;

/*
 * A log of @depth records (1..CXL_DCD_EVENT_DEPTH_MAX, clamped). Memory grows
 * with use. @ops must outlive the log. Free with cxl_dcd_event_log_free(),
 * which takes NULL.
 */
CXLDcdEventLog *cxl_dcd_event_log_new(uint32_t depth,
                                      const CXLDcdEventLogOps *ops,
                                      void *opaque);
void cxl_dcd_event_log_free(CXLDcdEventLog *log);

uint32_t cxl_dcd_event_log_depth(const CXLDcdEventLog *log);
uint32_t cxl_dcd_event_log_count(const CXLDcdEventLog *log);
bool cxl_dcd_event_log_overflowed(const CXLDcdEventLog *log);

/*
 * Records that can be inserted now without a drop. A caller that must not lose
 * records (5604h, 5605h not forced) compares before it changes anything, and
 * inserts under the same lock.
 */
uint32_t cxl_dcd_event_log_room(const CXLDcdEventLog *log);

/*
 * Append one record, O(1). True when it is in the log, false when it was
 * dropped: then the overflow count and times are updated and a group that was
 * being inserted is closed. Callbacks run inside the call.
 */
bool cxl_dcd_event_log_insert(CXLDcdEventLog *log, const CXLDcdEvent *event);

/*
 * The @index-th oldest record in host order, false past the end. With
 * @ret_handle and @ret_timestamp (ns) when not NULL.
 */
bool cxl_dcd_event_log_peek(const CXLDcdEventLog *log, uint32_t index,
                            CXLDcdEvent *ret_event, uint16_t *ret_handle,
                            uint64_t *ret_timestamp);

/*
 * What the records of @type that nobody has cleared yet are about: a set of
 * pairs of uint64_t, DPA and length. The caller unrefs it. O(records).
 */
GHashTable *cxl_dcd_event_log_ranges(const CXLDcdEventLog *log, uint8_t type);

/*
 * 8.2.10.2.2 Get Event Records: as many of the oldest records as fit into
 * @out_max bytes. Nothing is removed, so a second call gives the same records.
 * Returns a CCI return code; Internal Error when not even the header fits.
 */
uint16_t cxl_dcd_event_log_get(const CXLDcdEventLog *log, void *out,
                               size_t out_max, size_t *ret_len);

/*
 * 8.2.10.2.3 Clear Event Records. @in is the whole request payload, log
 * identifier included (the caller dispatched on it). All handles or none.
 *
 * Invalid Payload Length  shorter than its header or its handles
 * Invalid Handle          a handle is 0, unknown, or would leave an older
 *                         record behind
 * Invalid Input           Clear All without overflow or with handles
 */
uint16_t cxl_dcd_event_log_clear(CXLDcdEventLog *log, const void *in,
                                 size_t in_len);

/* Forget all records and the overflow state (reset, sanitize). */
void cxl_dcd_event_log_reset(CXLDcdEventLog *log);

/*
 * The whole log as bytes for a snapshot, and back. The stream is little-endian
 * and versioned; the caller owns the array. Restoring replaces the contents
 * without any callback and fails, changing nothing, on a stream that is
 * damaged or holds more records than this log's depth; *@ret_why (static text,
 * may be NULL) then says what is wrong.
 */
GByteArray *cxl_dcd_event_log_save(const CXLDcdEventLog *log);
bool cxl_dcd_event_log_restore(CXLDcdEventLog *log, const uint8_t *bytes,
                               size_t len, const char **ret_why);

/* One record as it goes over the wire. */
void cxl_dcd_event_encode(CXLDcdEventRecord *record, const CXLDcdEvent *event,
                          uint16_t handle, uint64_t timestamp);
/* And back; false when it is not a Dynamic Capacity record. */
bool cxl_dcd_event_decode(const CXLDcdEventRecord *record,
                          CXLDcdEvent *ret_event, uint16_t *ret_handle,
                          uint64_t *ret_timestamp);

/* Abort when an invariant does not hold. Tests and debug builds. */
void cxl_dcd_event_log_assert(const CXLDcdEventLog *log);

#endif /* CXL_DCD_EVENT_H */
