/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that lies to the kernel module: what it answers to each command, by
 * the bytes of an input
 */
#ifndef MODULE_DEVICE_H
#define MODULE_DEVICE_H

#include "linux/test/kernel.h"

/* Also with NDEBUG */
#define MUST(cond) do {                                                 \
    if (!(cond)) {                                                      \
        fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
        abort();                                                        \
    }                                                                   \
} while (0)

unsigned long jiffies;

static const uint8_t *input;
static size_t left;
static struct cxl_dcd *world;         /* the device that answers */

static uint8_t take(void)
{
    if (!left) {
        return 0;
    }
    left--;
    return *input++;
}

static uint64_t take_bytes(unsigned n)
{
    uint64_t value = 0;

    while (n--) {
        value = value << 8 | take();
    }
    return value;
}

/* Mostly blocks of some partition; sometimes anything at all */
static CXLDcdWireExtent take_extent(void)
{
    uint8_t shape = take();
    const struct cxl_dcd_part *part =
        &world->parts[shape % (world->nr_parts ?: 1)];
    uint64_t dpa = part->base + take() * part->block;
    uint64_t len = (1 + (shape >> 3 & 3)) * part->block;
    CXLDcdWireExtent extent = { 0 };

    if (shape >> 5 == 7) {
        dpa = take_bytes(8);
        len = take_bytes(8);
    } else if (shape >> 5 == 6) {
        dpa += take_bytes(2);
        len -= take_bytes(2);
    }
    extent.start_dpa = cxl_dcd_put64(dpa);
    extent.length = cxl_dcd_put64(len);
    extent.tag[15] = shape >> 5 & 3;
    if (extent.tag[15]) {
        extent.sequence = cxl_dcd_put16(take() & 7);
    }
    return extent;
}

static size_t config(uint8_t *out, size_t room)
{
    CXLDcdGetConfigResponse *resp = (CXLDcdGetConfigResponse *)out;
    size_t n = (room - sizeof(*resp)) / sizeof(resp->regions[0]);
    uint8_t shape = take();

    resp->available_regions = shape >> 4;
    resp->returned_regions = shape & 15;
    if (resp->returned_regions < n) {
        n = resp->returned_regions;
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t size = take();

        resp->regions[i] = (CXLDcdWireRegion) {
            .base = cxl_dcd_put64((uint64_t)take() << 28),
            .decode_length = cxl_dcd_put64(1 + (size >> 4)),
            .length = cxl_dcd_put64((uint64_t)(size & 15) << 26),
            .block_size = cxl_dcd_put64(1ULL << (take() & 63)),
            .dsmad_handle = cxl_dcd_put32(take() & 3),
        };
        if (size == 255) {
            resp->regions[i].base = cxl_dcd_put64(take_bytes(8));
            resp->regions[i].decode_length = cxl_dcd_put64(take_bytes(8));
        }
    }
    return sizeof(*resp) + n * sizeof(resp->regions[0]);
}

static size_t list(uint8_t *out, size_t room)
{
    CXLDcdGetExtentListResponse *resp = (CXLDcdGetExtentListResponse *)out;
    size_t n = (room - sizeof(*resp)) / sizeof(resp->extents[0]);
    uint8_t shape = take();
    uint32_t returned = shape & 31;

    resp->returned = cxl_dcd_put32(returned);
    resp->total = cxl_dcd_put32(shape & 128 ? take_bytes(4) : returned +
                                (shape >> 5 & 3) * 8);
    resp->generation = cxl_dcd_put32(take() / 250);
    if (returned < n) {
        n = returned;
    }
    for (size_t i = 0; i < n; i++) {
        resp->extents[i] = take_extent();
    }
    return sizeof(*resp) + n * sizeof(resp->extents[0]);
}

static size_t events(uint8_t *out, size_t room)
{
    static const uint8_t uuid[16] = { CXL_DCD_EVENT_UUID_BYTES };
    CXLDcdGetEventsResponse *resp = (CXLDcdGetEventsResponse *)out;
    size_t n = (room - sizeof(*resp)) / sizeof(resp->records[0]);
    uint8_t shape = take();

    resp->record_count = cxl_dcd_put16(shape == 255 ? take_bytes(2)
                                                    : shape & 15);
    resp->flags = shape >> 4;
    if (cxl_dcd_get16(resp->record_count) < n) {
        n = cxl_dcd_get16(resp->record_count);
    }
    for (size_t i = 0; i < n; i++) {
        CXLDcdEventRecord *record = &resp->records[i];
        uint8_t kind = take();

        memcpy(record->uuid, uuid, sizeof(uuid));
        record->uuid[0] ^= kind >> 4 == 15;
        record->handle = cxl_dcd_put16(take());
        record->type = kind & 4 ? CXL_DCD_EVENT_ADD : kind & 3;
        record->flags = kind >> 3 & 1;
        record->extent = take_extent();
    }
    return sizeof(*resp) + n * sizeof(resp->records[0]);
}

static size_t raw(uint8_t *out, size_t room)
{
    size_t len = take_bytes(2) % (room + 1);

    for (size_t i = 0; i < len; i++) {
        out[i] = take();
    }
    return len;
}

static size_t well_formed(uint16_t opcode, uint8_t *out, size_t room)
{
    switch (opcode) {
    case CXL_DCD_OP_GET_CONFIG:
        return config(out, room);
    case CXL_DCD_OP_GET_EXTENT_LIST:
        return list(out, room);
    case CXL_DCD_OP_GET_EVENT_RECORDS:
        return events(out, room);
    default:
        return raw(out, room);
    }
}

/* Every byte of the request is there. */
static void look_at(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    memcpy(copy, bytes, size);
    copy[size] = 0;
    MUST(strlen((char *)copy) <= size);
    free(copy);
}

int kernel_device(struct cxl_mbox_cmd *cmd)
{
    uint8_t shape = take();
    size_t len = 0;

    if (cmd->size_in) {
        look_at(cmd->payload_in, cmd->size_in);
    }
    jiffies += 1 + (left ? (shape >> 4) * HZ / 16 : HZ);
    if ((shape & 7) == 7) {
        return -(1 + take() % 120);
    }
    if ((shape & 7) == 6) {
        cmd->return_code = take() & 31;
    }
    if (cmd->size_out) {
        memset(cmd->payload_out, 0, cmd->size_out);
        len = (shape & 7) == 5 ? raw(cmd->payload_out, cmd->size_out)
                               : well_formed(cmd->opcode, cmd->payload_out,
                                             cmd->size_out);
        if ((shape & 7) == 4) {
            len = take_bytes(2) % (len + 1);
        }
    }
    cmd->size_out = len;
    return 0;
}

#endif /* MODULE_DEVICE_H */
