/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: mailbox, commands, events, interrupts
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define MAILBOX_CAPS       0x00     /* 8.2.9.4 */
#define MAILBOX_CONTROL    0x04
#define MAILBOX_COMMAND    0x08
#define MAILBOX_STATUS     0x10
#define MAILBOX_PAYLOAD    0x20
#define MAILBOX_POLLS      1000000

size_t cxl_dcd_mailbox_size(CXLDcdDevice *device)
{
    return 1ULL << (qtest_readl(device->machine->qts,
                                device->mailbox + MAILBOX_CAPS) & 0x1f);
}

bool cxl_dcd_doorbell(CXLDcdDevice *device)
{
    return qtest_readl(device->machine->qts,
                       device->mailbox + MAILBOX_CONTROL) & 1;
}

static void cxl_dcd_command_begin(CXLDcdDevice *device, uint16_t opcode,
                                  const void *in, size_t in_len)
{
    QTestState *qts = device->machine->qts;
    uint64_t mailbox = device->mailbox;

    g_assert_cmpuint(in_len, <=, cxl_dcd_mailbox_size(device));
    g_assert_false(cxl_dcd_doorbell(device));
    if (in_len) {
        qtest_bufwrite(qts, mailbox + MAILBOX_PAYLOAD, in, in_len);
    }
    qtest_writeq(qts, mailbox + MAILBOX_COMMAND,
                 opcode | (uint64_t)in_len << 16);
    qtest_writel(qts, mailbox + MAILBOX_CONTROL, 1);
}

uint16_t cxl_dcd_command(CXLDcdDevice *device, uint16_t opcode,
                         const void *in, size_t in_len,
                         void *out, size_t out_max, size_t *ret_len)
{
    QTestState *qts = device->machine->qts;
    uint64_t mailbox = device->mailbox;
    uint16_t code;
    size_t len;
    unsigned polls = 0;

    cxl_dcd_command_begin(device, opcode, in, in_len);
    while (cxl_dcd_doorbell(device)) {
        g_assert_cmpuint(++polls, <, MAILBOX_POLLS);
    }
    code = qtest_readq(qts, mailbox + MAILBOX_STATUS) >> 32;
    len = qtest_readq(qts, mailbox + MAILBOX_COMMAND) >> 16 & 0x1fffff;
    if (code != CXL_DCD_RC_SUCCESS) {
        g_assert_cmpuint(len, ==, 0);     /* errors carry no payload */
        return code;
    }
    g_assert_cmpuint(len, <=, out_max);
    if (len) {
        qtest_bufread(qts, mailbox + MAILBOX_PAYLOAD, out, len);
    }
    if (ret_len) {
        *ret_len = len;
    }
    return code;
}

uint16_t cxl_dcd_get_config(CXLDcdDevice *device, uint8_t count, uint8_t start,
                            CXLDcdHostConfig *ret_config)
{
    CXLDcdGetConfigRequest request = {
        .region_count = count,
        .start_region = start,
    };
    uint8_t buffer[0x1000];
    const CXLDcdGetConfigResponse *response = (void *)buffer;
    size_t len;
    uint16_t code = cxl_dcd_command(device, CXL_DCD_OP_GET_CONFIG, &request,
                                    sizeof(request), buffer, sizeof(buffer),
                                    &len);

    if (code != CXL_DCD_RC_SUCCESS) {
        return code;
    }
    memset(ret_config, 0, sizeof(*ret_config));
    ret_config->available = response->available_regions;
    ret_config->returned = response->returned_regions;
    g_assert_cmpuint(response->returned_regions, <=, CXL_DCD_MAX_REGIONS);
    g_assert_cmpuint(len, ==, sizeof(*response) + sizeof(CXLDcdWireCounters) +
                     response->returned_regions * sizeof(CXLDcdWireRegion));
    memcpy(ret_config->region, response->regions,
           response->returned_regions * sizeof(CXLDcdWireRegion));
    memcpy(&ret_config->counters,
           &response->regions[response->returned_regions],
           sizeof(CXLDcdWireCounters));
    return code;
}

int cxl_dcd_effects(CXLDcdDevice *device, uint16_t opcode)
{
    CXLDcdGetLogRequest request = {
        .uuid = { CXL_DCD_CEL_UUID_BYTES },
        .length = cxl_dcd_put32(cxl_dcd_mailbox_size(device)),
    };
    g_autofree CXLDcdCelEntry *entries = g_malloc0(CXL_DCD_TEST_PAYLOAD);
    size_t len, i;

    /* Its exact size is in 0400h; a command asking for more is refused. */
    uint8_t logs[0x100];
    const CXLDcdSupportedLogs *supported = (void *)logs;

    g_assert_cmphex(cxl_dcd_command(device, CXL_DCD_OP_GET_SUPPORTED_LOGS, NULL,
                                    0, logs, sizeof(logs), &len), ==,
                    CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(cxl_dcd_get16(supported->count), >=, 1);
    g_assert_cmpmem(supported->entries[0].uuid, 16, request.uuid, 16);
    request.length = supported->entries[0].size;
    g_assert_cmphex(cxl_dcd_command(device, CXL_DCD_OP_GET_LOG, &request,
                                    sizeof(request), entries,
                                    CXL_DCD_TEST_PAYLOAD, &len), ==,
                    CXL_DCD_RC_SUCCESS);
    for (i = 0; i < len / sizeof(*entries); i++) {
        if (cxl_dcd_get16(entries[i].opcode) == opcode) {
            return cxl_dcd_get16(entries[i].effects);
        }
    }
    return -1;
}

uint16_t cxl_dcd_get_extents(CXLDcdDevice *device, uint32_t count,
                             uint32_t start, CXLDcdExtentList *ret_list)
{
    CXLDcdGetExtentListRequest request = {
        .extent_count = cxl_dcd_put32(count),
        .start_index = cxl_dcd_put32(start),
    };
    g_autofree CXLDcdGetExtentListResponse *response =
        g_malloc0(CXL_DCD_TEST_PAYLOAD);
    size_t len;
    uint16_t code = cxl_dcd_command(device, CXL_DCD_OP_GET_EXTENT_LIST,
                                    &request, sizeof(request), response,
                                    CXL_DCD_TEST_PAYLOAD, &len);

    if (code != CXL_DCD_RC_SUCCESS) {
        return code;
    }
    g_assert_cmpuint(cxl_dcd_get32(response->returned), <=, count);
    g_assert_cmpuint(len, ==, sizeof(*response) +
                     cxl_dcd_get32(response->returned) *
                     sizeof(CXLDcdWireExtent));
    ret_list->generation = cxl_dcd_get32(response->generation);
    ret_list->total = cxl_dcd_get32(response->total);
    ret_list->extents = g_array_new(false, true, sizeof(CXLDcdWireExtent));
    g_array_append_vals(ret_list->extents, response->extents,
                        cxl_dcd_get32(response->returned));
    return code;
}

CXLDcdExtentList cxl_dcd_list_extents(CXLDcdDevice *device)
{
    CXLDcdExtentList list;

    g_assert_cmphex(cxl_dcd_get_extents(device, 0xffffffff, 0, &list), ==,
                    CXL_DCD_RC_SUCCESS);
    while (list.extents->len < list.total) {
        CXLDcdExtentList more;

        g_assert_cmphex(cxl_dcd_get_extents(device, 0xffffffff,
                                            list.extents->len, &more), ==,
                        CXL_DCD_RC_SUCCESS);
        g_assert_cmpuint(more.generation, ==, list.generation);
        g_assert_cmpuint(more.total, ==, list.total);
        g_assert_cmpuint(more.extents->len, >, 0);
        g_array_append_vals(list.extents, more.extents->data,
                            more.extents->len);
        cxl_dcd_extents_free(&more);
    }
    return list;
}

void cxl_dcd_extents_free(CXLDcdExtentList *list)
{
    g_clear_pointer(&list->extents, g_array_unref);
}

void cxl_dcd_assert_extents_n(CXLDcdDevice *device, const CXLDcdSpan *ranges,
                              size_t count)
{
    CXLDcdExtentList list = cxl_dcd_list_extents(device);
    size_t i;

    g_assert_cmpuint(list.total, ==, count);
    g_assert_cmpuint(list.extents->len, ==, count);
    for (i = 0; i < count; i++) {
        CXLDcdWireExtent *extent = &g_array_index(list.extents,
                                                  CXLDcdWireExtent, i);

        g_assert_cmphex(cxl_dcd_get64(extent->start_dpa), ==, ranges[i].start);
        g_assert_cmphex(cxl_dcd_get64(extent->length), ==, ranges[i].length);
    }
    cxl_dcd_extents_free(&list);
}

static CXLDcdUpdateRequest *
cxl_dcd_update_request(uint8_t flags, const CXLDcdSpan *ranges, size_t count,
                       size_t *ret_len)
{
    size_t len = sizeof(CXLDcdUpdateRequest) +
                 count * sizeof(CXLDcdUpdatedExtent);
    CXLDcdUpdateRequest *request = g_malloc0(len);
    size_t i;

    request->count = cxl_dcd_put32(count);
    request->flags = flags;
    for (i = 0; i < count; i++) {
        request->extents[i].start_dpa = cxl_dcd_put64(ranges[i].start);
        request->extents[i].length = cxl_dcd_put64(ranges[i].length);
    }
    *ret_len = len;
    return request;
}

uint16_t cxl_dcd_update(CXLDcdDevice *device, uint16_t opcode, uint8_t flags,
                        const CXLDcdSpan *ranges, size_t count)
{
    size_t len;
    g_autofree CXLDcdUpdateRequest *request =
        cxl_dcd_update_request(flags, ranges, count, &len);

    return cxl_dcd_command(device, opcode, request, len, NULL, 0, NULL);
}

void cxl_dcd_begin_update(CXLDcdDevice *device, uint16_t opcode,
                          CXLDcdSpan range)
{
    size_t len;
    g_autofree CXLDcdUpdateRequest *request =
        cxl_dcd_update_request(0, &range, 1, &len);

    cxl_dcd_command_begin(device, opcode, request, len);
}

void cxl_dcd_begin_accept(CXLDcdDevice *device, CXLDcdSpan range)
{
    cxl_dcd_begin_update(device, CXL_DCD_OP_ADD_RESPONSE, range);
}

uint16_t cxl_dcd_update_chain(CXLDcdDevice *device, uint16_t opcode,
                              const CXLDcdSpan *ranges, size_t count)
{
    size_t fit = (cxl_dcd_mailbox_size(device) - sizeof(CXLDcdUpdateRequest)) /
                 sizeof(CXLDcdUpdatedExtent);
    uint16_t code;

    do {
        size_t part = MIN(fit, count);

        code = cxl_dcd_update(device, opcode,
                              part < count ? CXL_DCD_UPDATE_MORE : 0,
                              ranges, part);
        ranges += part;
        count -= part;
    } while (count && code == CXL_DCD_RC_SUCCESS);
    return code;
}

static void cxl_dcd_get_events(CXLDcdDevice *device, CXLDcdEvents *events)
{
    const uint8_t log = CXL_DCD_EVENT_LOG;
    g_autofree CXLDcdGetEventsResponse *response =
        g_malloc0(CXL_DCD_TEST_PAYLOAD);
    size_t len, count;

    g_assert_cmphex(cxl_dcd_command(device, CXL_DCD_OP_GET_EVENT_RECORDS, &log,
                                    sizeof(log), response,
                                    CXL_DCD_TEST_PAYLOAD, &len), ==,
                    CXL_DCD_RC_SUCCESS);
    count = cxl_dcd_get16(response->record_count);
    g_assert_cmpuint(len, ==, sizeof(*response) +
                     count * sizeof(CXLDcdEventRecord));
    events->flags = response->flags;
    events->overflow_count = cxl_dcd_get16(response->overflow_count);
    events->first_overflow = cxl_dcd_get64(response->first_overflow);
    events->last_overflow = cxl_dcd_get64(response->last_overflow);
    events->records = g_array_new(false, true, sizeof(CXLDcdEventRecord));
    g_array_append_vals(events->records, response->records, count);
}

CXLDcdEvents cxl_dcd_peek_events(CXLDcdDevice *device)
{
    CXLDcdEvents events;

    cxl_dcd_get_events(device, &events);
    return events;
}

CXLDcdEvents cxl_dcd_drain_events(CXLDcdDevice *device)
{
    CXLDcdEvents all = cxl_dcd_peek_events(device);
    guint cleared = 0;

    while (cleared < all.records->len) {
        uint16_t handles[UINT8_MAX];
        uint8_t n = 0;

        while (cleared + n < all.records->len && n < UINT8_MAX) {
            handles[n] = g_array_index(all.records, CXLDcdEventRecord,
                                       cleared + n).handle;
            n++;
        }
        g_assert_cmphex(cxl_dcd_clear_events(device, 0, handles, n), ==,
                        CXL_DCD_RC_SUCCESS);
        cleared += n;
        if (cleared == all.records->len) {
            CXLDcdEvents more = cxl_dcd_peek_events(device);

            g_array_append_vals(all.records, more.records->data,
                                more.records->len);
            cxl_dcd_events_free(&more);
        }
    }
    return all;
}

void cxl_dcd_events_free(CXLDcdEvents *events)
{
    g_clear_pointer(&events->records, g_array_unref);
}

const CXLDcdEventRecord *cxl_dcd_record_at(const CXLDcdEvents *events, guint i)
{
    g_assert_cmpuint(i, <, events->records->len);
    return &g_array_index(events->records, CXLDcdEventRecord, i);
}

uint16_t cxl_dcd_handle_at(const CXLDcdEvents *events, guint i)
{
    return cxl_dcd_record_at(events, i)->handle;
}

void cxl_dcd_assert_no_events(CXLDcdDevice *device)
{
    CXLDcdEvents events = cxl_dcd_peek_events(device);

    g_assert_cmpuint(events.records->len, ==, 0);
    g_assert_cmphex(events.flags, ==, 0);
    g_assert_false(cxl_dcd_event_status(device));
    cxl_dcd_events_free(&events);
}

void cxl_dcd_drop_events(CXLDcdDevice *device)
{
    CXLDcdEvents events = cxl_dcd_drain_events(device);

    cxl_dcd_events_free(&events);
}

uint16_t cxl_dcd_clear_events(CXLDcdDevice *device, uint8_t flags,
                              const uint16_t *handles, uint8_t count)
{
    size_t len = sizeof(CXLDcdClearEventsRequest) + count * sizeof(*handles);
    g_autofree CXLDcdClearEventsRequest *request = g_malloc0(len);

    request->log = CXL_DCD_EVENT_LOG;
    request->flags = flags;
    request->count = count;
    if (count) {
        memcpy(request->handles, handles, count * sizeof(*handles));
    }
    return cxl_dcd_command(device, CXL_DCD_OP_CLEAR_EVENT_RECORDS, request, len,
                           NULL, 0, NULL);
}

bool cxl_dcd_event_status(CXLDcdDevice *device)
{
    return qtest_readq(device->machine->qts, device->status) >>
           CXL_DCD_EVENT_LOG & 1;
}

void cxl_dcd_assert_event_group_n(CXLDcdDevice *device, uint8_t type,
                                  const CXLDcdSpan *ranges, size_t count)
{
    CXLDcdEvents events = cxl_dcd_drain_events(device);
    size_t i;

    g_assert_cmpuint(events.records->len, ==, count);
    for (i = 0; i < count; i++) {
        CXLDcdEventRecord *record = &g_array_index(events.records,
                                                   CXLDcdEventRecord, i);

        g_assert_cmphex(record->type, ==, type);
        g_assert_cmphex(record->flags, ==,
                        i + 1 < count ? CXL_DCD_EVENT_MORE : 0);
        g_assert_cmphex(cxl_dcd_get64(record->extent.start_dpa), ==,
                        ranges[i].start);
        g_assert_cmphex(cxl_dcd_get64(record->extent.length), ==,
                        ranges[i].length);
    }
    cxl_dcd_events_free(&events);
}

unsigned cxl_dcd_irq_enable(CXLDcdDevice *device)
{
    QTestState *qts = device->machine->qts;
    CXLDcdEventIrqPolicy policy = { .dynamic_capacity = CXL_DCD_IRQ_MODE_MSI };
    unsigned vector, i;
    size_t len;

    g_assert_cmphex(cxl_dcd_command(device, CXL_DCD_OP_SET_EVENT_IRQ_POLICY,
                                    &policy, sizeof(policy), NULL, 0, NULL),
                    ==, CXL_DCD_RC_SUCCESS);
    memset(&policy, 0, sizeof(policy));
    g_assert_cmphex(cxl_dcd_command(device, CXL_DCD_OP_GET_EVENT_IRQ_POLICY,
                                    NULL, 0, &policy, sizeof(policy), &len),
                    ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(len, ==, sizeof(policy));
    g_assert_cmphex(policy.dynamic_capacity & CXL_DCD_IRQ_MODE_MASK, ==,
                    CXL_DCD_IRQ_MODE_MSI);
    vector = policy.dynamic_capacity >> CXL_DCD_IRQ_MESSAGE_SHIFT;
    for (i = 0; i < device->vectors; i++) {
        qtest_writel(qts, device->msi + 4 * i, 0);
        qtest_writel(qts, device->msix + 16 * i, device->msi + 4 * i);
        qtest_writel(qts, device->msix + 16 * i + 4, 0);
        qtest_writel(qts, device->msix + 16 * i + 8, 0xdcd00000 | i);
        qtest_writel(qts, device->msix + 16 * i + 12, 0);
    }
    g_assert_cmpuint(vector, <, device->vectors);
    return vector;
}

bool cxl_dcd_irq_take(CXLDcdDevice *device, unsigned vector)
{
    QTestState *qts = device->machine->qts;
    uint32_t message = qtest_readl(qts, device->msi + 4 * vector);

    qtest_writel(qts, device->msi + 4 * vector, 0);
    g_assert_true(!message || message == (0xdcd00000 | vector));
    return message != 0;
}
