/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what tests of the FM API commands share
 *
 * CXL r3.2 7.6.7.6: each command's good case and the bad values of each field.
 * A refused command must leave no trace: every table of bad fields compares
 * all that host, fabric manager and operator can see.
 */
#ifndef CXL_DCD_FMAPI_TEST_H
#define CXL_DCD_FMAPI_TEST_H

#include "cxl-dcd-client-fm.h"

#define MIB        CXL_DCD_TEST_MIB
#define GIB        CXL_DCD_TEST_GIB
#define BLOCK      CXL_DCD_TEST_BLOCK
#define BLOCK1     CXL_DCD_TEST_BLOCK1
#define SUCCESS    CXL_DCD_RC_SUCCESS
#define ADD        CXL_DCD_OP_FM_INITIATE_ADD
#define RELEASE    CXL_DCD_OP_FM_INITIATE_RELEASE
#define SHARED     2                /* region that can be shared */

static CXLDcdOptions options = {
    .size = 2 * GIB,
    .regions = "[{\"size\":1073741824,\"block-size\":2097152},"
               "{\"size\":536870912,\"block-size\":65536},"
               "{\"size\":268435456,\"flags\":[\"sharable\"]}]",
    /* Little, to come to the end of it */
    .properties = ",\"dc-max-extents\":64,\"dc-max-tags\":4",
};

static const uint8_t tag[16] = { 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
                                 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e };
static const uint8_t no_tag[16];

/* A request with one listed extent behind it, which not every policy uses */
typedef struct QEMU_PACKED Initiate {
    CXLDcdFmInitiateRequest head;
    CXLDcdWireExtent extent;
} Initiate;

static inline Initiate initiate(uint8_t policy, uint64_t length,
                                const uint8_t *name, uint64_t dpa)
{
    Initiate request = { .head.policy = policy };

    memcpy(request.head.tag, name, 16);
    if (dpa == UINT64_MAX) {
        request.head.length = cxl_dcd_put64(length);
    } else {
        request.head.extent_count = cxl_dcd_put32(1);
        request.extent.start_dpa = cxl_dcd_put64(dpa);
        request.extent.length = cxl_dcd_put64(length);
        memcpy(request.extent.tag, name, 16);
    }
    return request;
}

/* Send it, with its extent only when it counts one */
static inline uint16_t run(CXLDcdFmLine *l, uint16_t opcode,
                           const Initiate *request)
{
    return cxl_dcd_fm_ask(l, opcode, request, sizeof(request->head) +
                          (cxl_dcd_get32(request->head.extent_count) ?
                           sizeof(request->extent) : 0), NULL, 0);
}

/* --- Bad fields --- */

typedef struct BadField {
    size_t offset;
    size_t size;
    uint64_t value;
    uint16_t code;
} BadField;

#define BAD(struct_, field, value_, code_) \
    { offsetof(struct_, field), sizeof_field(struct_, field), value_, code_ }
#define BAD_FIELD(field, value_, code_) \
    BAD(CXLDcdFmInitiateRequest, field, value_, code_)
#define BAD_EXTENT(field, value_, code_) \
    BAD(Initiate, extent.field, value_, code_)

/* @request is good but for one field at a time; nothing may change. */
static inline void assert_refused(CXLDcdDevice *d, CXLDcdFmLine *l,
                                  uint16_t opcode, const void *request,
                                  size_t len, const BadField *bad,
                                  size_t count)
{
    char *before = cxl_dcd_snapshot(d);
    size_t i, answer_len, byte;
    uint8_t answer[1024];

    for (i = 0; i < count; i++) {
        g_autofree uint8_t *wrong = g_memdup2(request, len);
        uint16_t code;

        for (byte = 0; byte < bad[i].size; byte++) {
            wrong[bad[i].offset + byte] = byte < 8 ?
                                          bad[i].value >> 8 * byte : 0;
        }
        code = cxl_dcd_fm_command(l, opcode, wrong, len, answer, &answer_len);
        if (code != bad[i].code) {
            g_test_message("%04xh, bad field %zu", opcode, i);
        }
        g_assert_cmphex(code, ==, bad[i].code);
    }
    cxl_dcd_assert_unchanged(d, before);
}
#define ASSERT_REFUSED(d, l, opcode, request, bad) \
    assert_refused(d, l, opcode, &(request), sizeof(request), bad, \
                   G_N_ELEMENTS(bad))

#endif /* CXL_DCD_FMAPI_TEST_H */
