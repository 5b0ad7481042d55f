/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: how one command is run
 */
#include <string.h>
#include "run.h"

const CXLDcdCommand *cxl_dcd_command_find(const CXLDcdCommand *table,
                                          size_t count, uint16_t opcode)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table[middle].opcode == opcode) {
            return &table[middle];
        }
        if (table[middle].opcode < opcode) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

uint16_t cxl_dcd_error_code(GError *error)
{
    uint16_t code = CXL_DCD_RC_INTERNAL_ERROR;

    if (error) {
        if (error->domain == CXL_DCD_ERROR) {
            code = error->code;
        }
        g_error_free(error);
    }
    return code;
}

uint16_t cxl_dcd_respond(const void *response, size_t len, uint8_t *out,
                         size_t out_max, size_t *ret_len)
{
    if (len > out_max) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    memcpy(out, response, len);
    *ret_len = len;
    return CXL_DCD_RC_SUCCESS;
}

static bool cxl_dcd_command_chains(const CXLDcdCommand *command)
{
    return command && (command->opcode == CXL_DCD_OP_ADD_RESPONSE ||
                       command->opcode == CXL_DCD_OP_RELEASE);
}

static bool cxl_dcd_command_fits(const CXLDcdCommand *command, size_t in_len)
{
    return command->variable ? in_len >= command->min_in :
                               in_len == command->min_in;
}

uint16_t cxl_dcd_command_run(const CXLDcdCommand *command,
                             CXLDcdCommandContext *context,
                             const uint8_t *in, size_t in_len,
                             uint8_t *out, size_t out_max, size_t *ret_len)
{
    uint16_t code = CXL_DCD_RC_UNSUPPORTED;
    size_t len = 0;

    if (command && !cxl_dcd_command_fits(command, in_len)) {
        code = CXL_DCD_RC_INVALID_PAYLOAD_LENGTH;
    } else if (command) {
        code = command->run(context, in, in_len, out, out_max, &len);
    }
    /* The chain is the host's; the fabric manager cannot break into it. */
    if (!context->fm &&
        (code != CXL_DCD_RC_SUCCESS || !cxl_dcd_command_chains(command))) {
        cxl_dcd_chain_abort(context->dcd);
    }
    if (code == CXL_DCD_RC_SUCCESS) {
        *ret_len = len;
    }
    return code;
}

const char *cxl_dcd_return_code_name(uint16_t code)
{
    switch (code) {
    case CXL_DCD_RC_SUCCESS:
        return "success";
    case CXL_DCD_RC_BACKGROUND_STARTED:
        return "background command started";
    case CXL_DCD_RC_INVALID_INPUT:
        return "invalid input";
    case CXL_DCD_RC_UNSUPPORTED:
        return "unsupported";
    case CXL_DCD_RC_INTERNAL_ERROR:
        return "internal error";
    case CXL_DCD_RC_RETRY_REQUIRED:
        return "retry required";
    case CXL_DCD_RC_BUSY:
        return "busy";
    case CXL_DCD_RC_MEDIA_DISABLED:
        return "media disabled";
    case CXL_DCD_RC_INVALID_HANDLE:
        return "invalid handle";
    case CXL_DCD_RC_INVALID_PA:
        return "invalid physical address";
    case CXL_DCD_RC_INVALID_SECURITY_STATE:
        return "invalid security state";
    case CXL_DCD_RC_UNSUPPORTED_CCI:
        return "unsupported mailbox or CCI";
    case CXL_DCD_RC_INVALID_PAYLOAD_LENGTH:
        return "invalid payload length";
    case CXL_DCD_RC_INVALID_LOG:
        return "invalid log";
    case CXL_DCD_RC_RESOURCES_EXHAUSTED:
        return "resources exhausted";
    case CXL_DCD_RC_INVALID_EXTENT_LIST:
        return "invalid extent list";
    default:
        return "unknown";
    }
}
