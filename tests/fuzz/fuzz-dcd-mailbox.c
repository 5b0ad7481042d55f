/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz the host's mailbox payloads: [kind][...] repeated
 */
#include "dcd-world.h"
#include "fuzzer.h"

/* An opcode, a length and that many bytes, as they are */
static void raw(Fixture *f, Input *in)
{
    static const uint16_t opcodes[] = {
        0x0100, 0x0101, 0x4800, 0x4801, 0x4802, 0x4803, 0x4804, 0x5604
    };
    uint16_t opcode = opcodes[take(in) % G_N_ELEMENTS(opcodes)];
    size_t len;
    g_autofree uint8_t *payload = take_raw(in, 2048, &len);
    GByteArray *before = world_before(f, false);
    uint16_t code;

    code = mailbox(f, opcode, payload, len);
    g_assert(code == CXL_DCD_RC_SUCCESS || !f->out_len);
    g_assert(f->out_len <= OUT_MAX);
    world_check(f, code, before);
}

/* A list request that is well formed */
static void list(Fixture *f, Input *in)
{
    CXLDcdGetExtentListRequest request = {
        cxl_dcd_put32(take(in)), cxl_dcd_put32(take(in))
    };
    const CXLDcdGetExtentListResponse *out =
        (const CXLDcdGetExtentListResponse *)f->out;

    if (mailbox(f, 0x4801, &request, sizeof(request)) == CXL_DCD_RC_SUCCESS) {
        g_assert(f->out_len == sizeof(*out) + cxl_dcd_get32(out->returned) *
                               sizeof(out->extents[0]));
        g_assert(cxl_dcd_get32(out->total) == cxl_dcd_listed_count(f->dcd));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const WorldStep steps[] = {
        world_add,
        world_update, world_update,
        list,
        world_clear_host,
        raw,
    };

    return world_run(data, size, steps, G_N_ELEMENTS(steps));
}
