/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz the fabric manager's messages, header and all: [kind][...] repeated
 */
#include "dcd-world.h"
#include "fuzzer.h"

/* A message of raw bytes: whatever header, whatever payload */
static void raw(Fixture *f, Input *in)
{
    uint8_t out[CXL_DCD_CCI_MESSAGE_MAX];
    uint8_t type = take(in);
    size_t len, answer;
    g_autofree uint8_t *message = take_raw(in, 1100, &len);

    answer = cxl_dcd_fm_message(f->cci, type, message, len, len, out);
    g_assert(answer <= sizeof(CXLDcdCciHeader) + (1 << CXL_DCD_LIMIT_MAX));
    g_assert(!answer || answer >= sizeof(CXLDcdCciHeader));
    cxl_dcd_assert_state(f->dcd);
}

/* A payload of raw bytes under a command that exists */
static void command(Fixture *f, Input *in)
{
    size_t count, len;
    const CXLDcdCommand *commands = cxl_dcd_fm_commands(&count);
    const CXLDcdCommand *run = &commands[take(in) % count];
    uint8_t payload[1024] = { 0 };
    GByteArray *before = fixture_state(f);
    uint16_t code;

    len = run->min_in + (run->variable ? take(in) * 3 : 0);
    for (size_t i = 0; i < len; i++) {
        payload[i] = take(in);
    }
    code = fm(f, run->opcode, payload, len);
    g_assert(code == CXL_DCD_RC_SUCCESS || !f->out_len);
    g_assert(f->out_len <= cxl_dcd_fm_cci_limit(f->cci));
    world_check(f, code, before);
}

static void reference(Fixture *f, Input *in)
{
    CXLDcdFmReferenceRequest request;
    GByteArray *before = fixture_state(f);
    uint8_t shape = take(in);
    uint16_t code;

    memset(request.tag, shape >> 2 & 3, sizeof(request.tag));
    code = fm(f, shape & 1 ? CXL_DCD_OP_FM_ADD_REFERENCE :
                             CXL_DCD_OP_FM_REMOVE_REFERENCE,
              &request, sizeof(request));
    world_check(f, code, before);
}

/* Framed bytes through the endpoint, good or not */
static void frames(Fixture *f, Input *in)
{
    cxl_dcd_endpoint_receive(f->endpoint, in->at, in->left);
    cxl_dcd_assert_state(f->dcd);
    take_bytes(in, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const WorldStep steps[] = {
        world_add,
        world_release,
        world_update,
        reference,
        world_clear_fm,
        frames,
        command,
        raw,
    };

    return world_run(data, size, steps, G_N_ELEMENTS(steps));
}
