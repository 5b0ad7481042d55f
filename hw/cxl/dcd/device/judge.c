/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what of a guest's command reaches the parent
 *
 * The parent's handlers trust their input: they add an offset and a length that
 * the guest chose, copy as much as that says, and stop QEMU at an assertion
 * when it does not fit. So there is one place in front of all of them. It has a
 * row for every command that the device inherits, with the lengths that are
 * possible; where a payload says more of itself, a function looks at that, in
 * numbers that cannot wrap. A command without a row is not offered at all.
 *
 * What is right by itself is left to the parent: return codes for slots, UUIDs
 * or handles are its own.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "judge.h"
#include "qemu/units.h"
#include "system/hostmem.h"

/* 8.2.10.3.2: a package for firmware has 32 MiB; offsets count 128 bytes */
#define FIRMWARE_HEADER    0x80
#define FIRMWARE_OFFSET    4
#define FIRMWARE_UNIT      128
#define FIRMWARE_SIZE      (32ULL * MiB)
#define FIRMWARE_ABORT     4

/* 8.2.10.9.2.3, 8.2.10.9.2.4 */
#define LABEL_HEADER       8
#define LABEL_LENGTH       4

#define PAYLOAD_MAX        CXL_MAILBOX_MAX_PAYLOAD_SIZE

typedef bool CXLDcdJudgement(CXLDcdDevice *device, const uint8_t *in,
                             size_t in_len, CXLRetCode *ret_code);

typedef struct CXLDcdRule {
    uint16_t opcode;
    uint16_t min;                 /* bytes of input */
    uint16_t max;
    CXLDcdJudgement *judge;       /* NULL: all of that length is harmless */
} CXLDcdRule;

/* Is [@offset, @offset + @length) inside of [0, @size)? An empty one may be. */
static bool cxl_dcd_inside(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

static bool cxl_dcd_refuse(CXLRetCode code, CXLRetCode *ret_code)
{
    *ret_code = code;
    return false;
}

static bool cxl_dcd_judge_firmware(CXLDcdDevice *device, const uint8_t *in,
                                   size_t in_len, CXLRetCode *ret_code)
{
    uint64_t offset = (uint64_t)ldl_le_p(in + FIRMWARE_OFFSET) * FIRMWARE_UNIT;

    return in[0] == FIRMWARE_ABORT ||
           cxl_dcd_inside(offset, in_len - FIRMWARE_HEADER, FIRMWARE_SIZE) ||
           cxl_dcd_refuse(CXL_MBOX_INVALID_INPUT, ret_code);
}

/* --- Label area --- */

static uint64_t cxl_dcd_label_size(CXLDcdDevice *device)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);

    return CXL_TYPE3_GET_CLASS(ct3d)->get_lsa_size(ct3d);
}

static bool cxl_dcd_writable(HostMemoryBackend *backend)
{
    return !backend ||
           !memory_region_is_rom(host_memory_backend_get_memory(backend));
}

static bool cxl_dcd_judge_get_label(CXLDcdDevice *device, const uint8_t *in,
                                    size_t in_len, CXLRetCode *ret_code)
{
    uint32_t offset = ldl_le_p(in), length = ldl_le_p(in + LABEL_LENGTH);

    if (length > PAYLOAD_MAX ||
        !cxl_dcd_inside(offset, length, cxl_dcd_label_size(device))) {
        return cxl_dcd_refuse(CXL_MBOX_INVALID_INPUT, ret_code);
    }
    return length || cxl_dcd_refuse(CXL_MBOX_SUCCESS, ret_code);
}

static bool cxl_dcd_judge_set_label(CXLDcdDevice *device, const uint8_t *in,
                                    size_t in_len, CXLRetCode *ret_code)
{
    size_t length = in_len - LABEL_HEADER;

    if (!cxl_dcd_inside(ldl_le_p(in), length, cxl_dcd_label_size(device))) {
        return cxl_dcd_refuse(CXL_MBOX_INVALID_INPUT, ret_code);
    }
    if (!cxl_dcd_writable(CXL_TYPE3(device)->lsa)) {
        return cxl_dcd_refuse(CXL_MBOX_INTERNAL_ERROR, ret_code);
    }
    return length || cxl_dcd_refuse(CXL_MBOX_SUCCESS, ret_code);
}

/* --- Media --- */

static bool cxl_dcd_judge_poison(CXLDcdDevice *device, const uint8_t *in,
                                 size_t in_len, CXLRetCode *ret_code)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);

    return cxl_dcd_inside(ldq_le_p(in), CXL_CACHE_LINE_SIZE,
                          ct3d->cxl_dstate.static_mem_size +
                          ct3d->dc.total_capacity) ||
           cxl_dcd_refuse(CXL_MBOX_INVALID_PA, ret_code);
}

/* A count of lines that the parent multiplies and adds to an address */
static bool cxl_dcd_judge_scan(CXLDcdDevice *device, const uint8_t *in,
                               size_t in_len, CXLRetCode *ret_code)
{
    uint64_t dpa = ldq_le_p(in), lines = ldq_le_p(in + sizeof(dpa));
    uint64_t size = CXL_TYPE3(device)->cxl_dstate.static_mem_size;

    if (dpa % CXL_CACHE_LINE_SIZE) {
        return cxl_dcd_refuse(CXL_MBOX_INVALID_INPUT, ret_code);
    }
    return cxl_dcd_inside(dpa / CXL_CACHE_LINE_SIZE, lines,
                          size / CXL_CACHE_LINE_SIZE) ||
           cxl_dcd_refuse(CXL_MBOX_INVALID_PA, ret_code);
}

/* Zeros are written where the memory can be written to, or nowhere */
static bool cxl_dcd_judge_sanitize(CXLDcdDevice *device, const uint8_t *in,
                                   size_t in_len, CXLRetCode *ret_code)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);

    return (cxl_dcd_writable(ct3d->hostvmem) &&
            cxl_dcd_writable(ct3d->hostpmem) && cxl_dcd_writable(ct3d->lsa)) ||
           cxl_dcd_refuse(CXL_MBOX_INTERNAL_ERROR, ret_code);
}

/* --- All of them --- */

static const CXLDcdRule cxl_dcd_rules[] = {
    { 0x0005, 0, 0 },
    { 0x0100, 1, 1 },
    { 0x0101, 6, PAYLOAD_MAX },
    { 0x0102, 0, 0 },
    { 0x0103, 4, 5 },
    { 0x0200, 0, 0 },
    { 0x0201, FIRMWARE_HEADER, PAYLOAD_MAX, cxl_dcd_judge_firmware },
    { 0x0202, 2, 2 },
    { 0x0300, 0, 0 },
    { 0x0301, 8, 8 },
    { 0x0400, 0, 0 },
    { 0x0401, 0x18, 0x18 },
    { 0x0500, 8, 8 },
    { 0x0501, 0x15, 0x15, cxl_dcd_judge_get_feature },
    { 0x0502, 0x20, PAYLOAD_MAX, cxl_dcd_judge_feature },
    { 0x4000, 0, 0 },
    { 0x4100, 0, 0 },
    { 0x4102, 8, 8, cxl_dcd_judge_get_label },
    { 0x4103, LABEL_HEADER, PAYLOAD_MAX, cxl_dcd_judge_set_label },
    { 0x4201, 0, 0 },
    { 0x4202, 12, 12 },
    { 0x4300, 16, 16 },
    { 0x4301, 8, 8, cxl_dcd_judge_poison },
    { 0x4302, 72, 72, cxl_dcd_judge_poison },
    { 0x4303, 16, 16, cxl_dcd_judge_scan },
    { 0x4304, 17, 17, cxl_dcd_judge_scan },
    { 0x4305, 0, 0 },
    { 0x4400, 0, 0, cxl_dcd_judge_sanitize },
    { 0x4500, 0, 0 },
};

static const CXLDcdRule *cxl_dcd_rule_of(uint16_t opcode)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cxl_dcd_rules); i++) {
        if (cxl_dcd_rules[i].opcode == opcode) {
            return &cxl_dcd_rules[i];
        }
    }
    return NULL;
}

bool cxl_dcd_judge_knows(uint16_t opcode)
{
    return cxl_dcd_rule_of(opcode);
}

bool cxl_dcd_judge(CXLDcdDevice *device, uint16_t opcode, const uint8_t *in,
                   size_t in_len, CXLRetCode *ret_code)
{
    const CXLDcdRule *rule = cxl_dcd_rule_of(opcode);

    if (!rule) {
        return cxl_dcd_refuse(CXL_MBOX_UNSUPPORTED, ret_code);
    }
    if (in_len < rule->min || in_len > rule->max) {
        return cxl_dcd_refuse(CXL_MBOX_INVALID_PAYLOAD_LENGTH, ret_code);
    }
    return !rule->judge || rule->judge(device, in, in_len, ret_code);
}
