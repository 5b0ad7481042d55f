/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the event log of one command interface
 *
 * A ring that grows by doubling up to its depth. The invariants and the
 * contract of every public function are in the header.
 */
#include <string.h>
#include "hw/cxl/dcd/event_log.h"

#define INITIAL_SLOTS 64
#define SAVE_VERSION  1

/* 56 bytes in memory for 128 on the wire */
typedef struct Slot {
    uint64_t timestamp;
    CXLDcdEvent event;
} Slot;

struct CXLDcdEventLog {
    const CXLDcdEventLogOps *ops;
    void *opaque;
    Slot *slots;
    uint32_t size;                /* slots allocated */
    uint32_t depth;
    uint32_t head;                /* slot of the oldest record */
    uint32_t count;
    uint16_t next_handle;         /* of the next record to be inserted */
    uint16_t overflow_count;      /* saturates */
    bool overflow;
    bool losing;                  /* the rest of a group is lost, too */
    uint64_t first_overflow;      /* ns */
    uint64_t last_overflow;       /* ns */
};

/* Version 1 of the snapshot; records follow, oldest first. */
typedef struct CXL_DCD_PACKED SavedHeader {
    cxl_dcd_le32 version;
    cxl_dcd_le32 count;
    cxl_dcd_le64 first_overflow;
    cxl_dcd_le64 last_overflow;
    cxl_dcd_le16 overflow_count;
    cxl_dcd_le16 next_handle;
    cxl_dcd_u8 overflow;
    cxl_dcd_u8 reserved[3];
} SavedHeader;
CXL_DCD_SIZE(SavedHeader, 32);

static const uint8_t cxl_dcd_event_uuid[16] = { CXL_DCD_EVENT_UUID_BYTES };

/* Handles run 1..65535; @steps may be negative but less than 65535. */
static uint16_t cxl_dcd_handle_step(uint16_t handle, int32_t steps)
{
    int32_t at = (int32_t)handle - 1 + steps;

    return (at % 65535 + 65535) % 65535 + 1;
}

static Slot *cxl_dcd_event_slot(const CXLDcdEventLog *log, uint32_t index)
{
    uint32_t at = log->head + index;

    return &log->slots[at >= log->size ? at - log->size : at];
}

/* Invariant 2 gives every record's handle without storing it. */
static uint16_t cxl_dcd_event_handle(const CXLDcdEventLog *log, uint32_t index)
{
    return cxl_dcd_handle_step(log->next_handle,
                               (int32_t)index - (int32_t)log->count);
}

static void cxl_dcd_event_log_grow(CXLDcdEventLog *log)
{
    uint32_t size = MIN(MAX(log->size * 2, INITIAL_SLOTS), log->depth);
    Slot *slots = g_new0(Slot, size);
    uint32_t i;

    for (i = 0; i < log->count; i++) {
        slots[i] = *cxl_dcd_event_slot(log, i);
    }
    g_free(log->slots);
    log->slots = slots;
    log->size = size;
    log->head = 0;
}

CXLDcdEventLog *cxl_dcd_event_log_new(uint32_t depth,
                                      const CXLDcdEventLogOps *ops,
                                      void *opaque)
{
    static const CXLDcdEventLogOps no_ops;
    CXLDcdEventLog *log = g_new0(CXLDcdEventLog, 1);

    log->ops = ops ? ops : &no_ops;
    log->opaque = opaque;
    log->depth = CLAMP(depth, 1, CXL_DCD_EVENT_DEPTH_MAX);
    log->next_handle = 1;
    return log;
}

void cxl_dcd_event_log_free(CXLDcdEventLog *log)
{
    if (log) {
        g_free(log->slots);
        g_free(log);
    }
}

uint32_t cxl_dcd_event_log_depth(const CXLDcdEventLog *log)
{
    return log->depth;
}

uint32_t cxl_dcd_event_log_count(const CXLDcdEventLog *log)
{
    return log->count;
}

bool cxl_dcd_event_log_overflowed(const CXLDcdEventLog *log)
{
    return log->overflow;
}

uint32_t cxl_dcd_event_log_room(const CXLDcdEventLog *log)
{
    return log->depth - log->count;
}

static uint64_t cxl_dcd_event_log_now(const CXLDcdEventLog *log)
{
    return log->ops->now ? log->ops->now(log->opaque) : 0;
}

static void cxl_dcd_event_log_drop(CXLDcdEventLog *log,
                                   const CXLDcdEvent *event)
{
    log->last_overflow = cxl_dcd_event_log_now(log);
    if (!log->overflow) {
        log->overflow = true;
        log->first_overflow = log->last_overflow;
        log->overflow_count = 0;
    }
    if (log->overflow_count < UINT16_MAX) {
        log->overflow_count++;
    }
    /*
     * A reader waits for the rest of an open group for ever. The group is
     * still being inserted (nobody has read its records), so close it here.
     */
    cxl_dcd_event_slot(log, log->count - 1)->event.more = false;
    if (log->ops->dropped) {
        log->ops->dropped(log->opaque, event);
    }
}

bool cxl_dcd_event_log_insert(CXLDcdEventLog *log, const CXLDcdEvent *event)
{
    bool lost = log->count == log->depth || log->losing ||
                (log->count && log->ops->full && log->ops->full(log->opaque));
    Slot *slot;

    log->losing = lost && event->more;
    if (lost) {
        cxl_dcd_event_log_drop(log, event);
        return false;
    }
    if (log->count == log->size) {
        cxl_dcd_event_log_grow(log);
    }
    slot = cxl_dcd_event_slot(log, log->count);
    slot->timestamp = cxl_dcd_event_log_now(log);
    slot->event = *event;
    log->count++;
    log->next_handle = cxl_dcd_handle_step(log->next_handle, 1);
    if (log->count == 1 && log->ops->became_non_empty) {
        log->ops->became_non_empty(log->opaque);
    }
    return true;
}

bool cxl_dcd_event_log_peek(const CXLDcdEventLog *log, uint32_t index,
                            CXLDcdEvent *ret_event, uint16_t *ret_handle,
                            uint64_t *ret_timestamp)
{
    const Slot *slot;

    if (index >= log->count) {
        return false;
    }
    slot = cxl_dcd_event_slot(log, index);
    *ret_event = slot->event;
    if (ret_handle) {
        *ret_handle = cxl_dcd_event_handle(log, index);
    }
    if (ret_timestamp) {
        *ret_timestamp = slot->timestamp;
    }
    return true;
}

static guint cxl_dcd_event_range_hash(gconstpointer key)
{
    const uint64_t *range = key;

    return g_int64_hash(&range[0]) ^ g_int64_hash(&range[1]) * 31;
}

static gboolean cxl_dcd_event_range_equal(gconstpointer a, gconstpointer b)
{
    return !memcmp(a, b, 2 * sizeof(uint64_t));
}

GHashTable *cxl_dcd_event_log_ranges(const CXLDcdEventLog *log, uint8_t type)
{
    GHashTable *ranges =
        g_hash_table_new_full(cxl_dcd_event_range_hash,
                              cxl_dcd_event_range_equal, g_free, NULL);
    uint32_t i;

    for (i = 0; i < log->count; i++) {
        const CXLDcdEvent *event = &cxl_dcd_event_slot(log, i)->event;
        uint64_t range[2] = { event->dpa, event->length };

        if (event->type == type) {
            g_hash_table_add(ranges, g_memdup2(range, sizeof(range)));
        }
    }
    return ranges;
}

void cxl_dcd_event_encode(CXLDcdEventRecord *record, const CXLDcdEvent *event,
                          uint16_t handle, uint64_t timestamp)
{
    memset(record, 0, sizeof(*record));
    memcpy(record->uuid, cxl_dcd_event_uuid, sizeof(record->uuid));
    record->length = sizeof(*record);
    record->handle = cxl_dcd_put16(handle);
    record->timestamp = cxl_dcd_put64(timestamp);
    record->type = event->type;
    record->validity = CXL_DCD_EVENT_COUNTERS_VALID;
    record->host_id = cxl_dcd_put16(event->host_id);
    record->region_index = event->region;
    record->flags = event->more ? CXL_DCD_EVENT_MORE : 0;
    record->extent.start_dpa = cxl_dcd_put64(event->dpa);
    record->extent.length = cxl_dcd_put64(event->length);
    memcpy(record->extent.tag, event->tag, CXL_DCD_TAG_SIZE);
    record->extent.sequence = cxl_dcd_put16(event->sequence);
    record->available_extents = cxl_dcd_put32(event->available_extents);
    record->available_tags = cxl_dcd_put32(event->available_tags);
}

bool cxl_dcd_event_decode(const CXLDcdEventRecord *record,
                          CXLDcdEvent *ret_event, uint16_t *ret_handle,
                          uint64_t *ret_timestamp)
{
    if (memcmp(record->uuid, cxl_dcd_event_uuid, sizeof(record->uuid)) ||
        record->length != sizeof(*record) ||
        record->type > CXL_DCD_EVENT_CAPACITY_RELEASED) {
        return false;
    }
    *ret_event = (CXLDcdEvent) {
        .dpa = cxl_dcd_get64(record->extent.start_dpa),
        .length = cxl_dcd_get64(record->extent.length),
        .available_extents = cxl_dcd_get32(record->available_extents),
        .available_tags = cxl_dcd_get32(record->available_tags),
        .sequence = cxl_dcd_get16(record->extent.sequence),
        .host_id = cxl_dcd_get16(record->host_id),
        .type = record->type,
        .region = record->region_index,
        .more = record->flags & CXL_DCD_EVENT_MORE,
    };
    memcpy(ret_event->tag, record->extent.tag, CXL_DCD_TAG_SIZE);
    *ret_handle = cxl_dcd_get16(record->handle);
    *ret_timestamp = cxl_dcd_get64(record->timestamp);
    return true;
}

uint16_t cxl_dcd_event_log_get(const CXLDcdEventLog *log, void *out,
                               size_t out_max, size_t *ret_len)
{
    CXLDcdGetEventsResponse *response = out;
    uint32_t fit, i;

    if (out_max < sizeof(*response)) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    fit = MIN((out_max - sizeof(*response)) / sizeof(CXLDcdEventRecord),
              log->count);
    memset(response, 0, sizeof(*response));
    if (log->overflow) {
        response->flags |= CXL_DCD_EVENTS_OVERFLOW;
        response->overflow_count = cxl_dcd_put16(log->overflow_count);
        response->first_overflow = cxl_dcd_put64(log->first_overflow);
        response->last_overflow = cxl_dcd_put64(log->last_overflow);
    }
    if (fit < log->count) {
        response->flags |= CXL_DCD_EVENTS_MORE;
    }
    response->record_count = cxl_dcd_put16(fit);
    for (i = 0; i < fit; i++) {
        const Slot *slot = cxl_dcd_event_slot(log, i);

        cxl_dcd_event_encode(&response->records[i], &slot->event,
                             cxl_dcd_event_handle(log, i), slot->timestamp);
    }
    *ret_len = sizeof(*response) + fit * sizeof(CXLDcdEventRecord);
    return CXL_DCD_RC_SUCCESS;
}

/* The @count oldest records are gone; so is the overflow state (8.2.10.2.2) */
static void cxl_dcd_event_log_remove(CXLDcdEventLog *log, uint32_t count)
{
    if (!count) {
        return;
    }
    log->head = (log->head + count) % log->size;
    log->count -= count;
    log->overflow = false;
    log->overflow_count = 0;
    log->first_overflow = 0;
    log->last_overflow = 0;
    if (!log->count && log->ops->became_empty) {
        log->ops->became_empty(log->opaque);
    }
}

uint16_t cxl_dcd_event_log_clear(CXLDcdEventLog *log, const void *in,
                                 size_t in_len)
{
    const CXLDcdClearEventsRequest *request = in;
    uint32_t i;

    if (in_len < sizeof(*request) ||
        in_len < sizeof(*request) + request->count * sizeof(uint16_t)) {
        return CXL_DCD_RC_INVALID_PAYLOAD_LENGTH;
    }
    if (request->flags & CXL_DCD_CLEAR_ALL) {
        if (!log->overflow || request->count) {
            return CXL_DCD_RC_INVALID_INPUT;
        }
        cxl_dcd_event_log_remove(log, log->count);
        return CXL_DCD_RC_SUCCESS;
    }
    for (i = 0; i < request->count; i++) {
        /* In temporal order without a gap: exactly the oldest records. */
        if (i >= log->count || cxl_dcd_get16(request->handles[i]) !=
                               cxl_dcd_event_handle(log, i)) {
            return CXL_DCD_RC_INVALID_HANDLE;
        }
    }
    cxl_dcd_event_log_remove(log, request->count);
    return CXL_DCD_RC_SUCCESS;
}

void cxl_dcd_event_log_reset(CXLDcdEventLog *log)
{
    cxl_dcd_event_log_remove(log, log->count);
    g_clear_pointer(&log->slots, g_free);
    log->size = 0;
    log->head = 0;
}

GByteArray *cxl_dcd_event_log_save(const CXLDcdEventLog *log)
{
    SavedHeader header = {
        .version = cxl_dcd_put32(SAVE_VERSION),
        .count = cxl_dcd_put32(log->count),
        .first_overflow = cxl_dcd_put64(log->first_overflow),
        .last_overflow = cxl_dcd_put64(log->last_overflow),
        .overflow_count = cxl_dcd_put16(log->overflow_count),
        .next_handle = cxl_dcd_put16(log->next_handle),
        .overflow = log->overflow,
    };
    GByteArray *bytes = g_byte_array_sized_new(
        sizeof(header) + log->count * sizeof(CXLDcdEventRecord));
    uint32_t i;

    g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
    for (i = 0; i < log->count; i++) {
        const Slot *slot = cxl_dcd_event_slot(log, i);
        CXLDcdEventRecord record;

        cxl_dcd_event_encode(&record, &slot->event,
                             cxl_dcd_event_handle(log, i), slot->timestamp);
        g_byte_array_append(bytes, (const guint8 *)&record, sizeof(record));
    }
    return bytes;
}

/* NULL when the stream is one that this log can take, else what is wrong. */
static const char *cxl_dcd_event_saved_check(const CXLDcdEventLog *log,
                                             const uint8_t *bytes, size_t len)
{
    const SavedHeader *header = (const SavedHeader *)bytes;
    const CXLDcdEventRecord *records;
    uint32_t count, i;
    uint16_t next;

    if (len < sizeof(*header)) {
        return "event log snapshot is shorter than its header";
    }
    if (cxl_dcd_get32(header->version) != SAVE_VERSION) {
        return "event log snapshot has an unknown version";
    }
    count = cxl_dcd_get32(header->count);
    next = cxl_dcd_get16(header->next_handle);
    if (count > log->depth) {
        return "event log snapshot holds more records than this log's depth";
    }
    if ((len - sizeof(*header)) / sizeof(*records) != count ||
        (len - sizeof(*header)) % sizeof(*records)) {
        return "event log snapshot's length does not match its record count";
    }
    if (!next || header->overflow > 1 ||
        (header->overflow && (!count || !header->overflow_count))) {
        return "event log snapshot's handle or overflow state is impossible";
    }
    records = (const CXLDcdEventRecord *)(bytes + sizeof(*header));
    for (i = 0; i < count; i++) {
        CXLDcdEvent event;
        uint16_t handle;
        uint64_t timestamp;

        if (!cxl_dcd_event_decode(&records[i], &event, &handle, &timestamp) ||
            handle != cxl_dcd_handle_step(next, (int32_t)i - (int32_t)count)) {
            return "event log snapshot holds a damaged record";
        }
    }
    return NULL;
}

bool cxl_dcd_event_log_restore(CXLDcdEventLog *log, const uint8_t *bytes,
                               size_t len, const char **ret_why)
{
    const char *why = cxl_dcd_event_saved_check(log, bytes, len);
    const SavedHeader *header = (const SavedHeader *)bytes;
    const CXLDcdEventRecord *records;
    uint32_t i;

    if (ret_why) {
        *ret_why = why;
    }
    if (why) {
        return false;
    }
    records = (const CXLDcdEventRecord *)(bytes + sizeof(*header));
    log->count = cxl_dcd_get32(header->count);
    log->head = 0;
    log->size = log->count;
    g_free(log->slots);
    log->slots = g_new0(Slot, log->size);
    for (i = 0; i < log->count; i++) {
        uint16_t handle;

        cxl_dcd_event_decode(&records[i], &log->slots[i].event, &handle,
                             &log->slots[i].timestamp);
    }
    log->next_handle = cxl_dcd_get16(header->next_handle);
    log->overflow = header->overflow;
    log->overflow_count = cxl_dcd_get16(header->overflow_count);
    log->first_overflow = cxl_dcd_get64(header->first_overflow);
    log->last_overflow = cxl_dcd_get64(header->last_overflow);
    return true;
}

void cxl_dcd_event_log_assert(const CXLDcdEventLog *log)
{
    g_assert(log->count <= log->size);
    g_assert(log->size <= log->depth);
    g_assert(log->depth <= CXL_DCD_EVENT_DEPTH_MAX);
    g_assert(log->next_handle != 0);
    g_assert(!log->size || log->head < log->size);
    g_assert(!log->overflow || log->count);
    if (log->overflow) {
        g_assert(log->overflow_count > 0);
    }
}
