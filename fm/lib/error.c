/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What went wrong: a sentence, and the CXL return code of a refusal
 */
#include <stdarg.h>
#include "error.h"
#include "export.h"
#include "handle.h"
#include "hw/cxl/dcd/wire_fm.h"

/* r3.2 8.2.9.4.5.1, in the order of their numbers */
static const char *const code_names[] = {
    "Success", "Background Command Started", "Invalid Input", "Unsupported",
    "Internal Error", "Retry Required", "Busy", "Media Disabled",
    "FW Transfer in Progress", "FW Transfer Out of Order",
    "FW Verification Failed", "Invalid Slot",
    "Activation Failed, FW Rolled Back",
    "Activation Failed, Cold Reset Required", "Invalid Handle",
    "Invalid Physical Address", "Inject Poison Limit Reached",
    "Permanent Media Failure", "Aborted", "Invalid Security State",
    "Incorrect Passphrase", "Unsupported Mailbox or CCI",
    "Invalid Payload Length", "Invalid Log", "Interrupted",
    "Unsupported Feature Version", "Unsupported Feature Selection Value",
    "Feature Transfer in Progress", "Feature Transfer Out of Order",
    "Resources Exhausted", "Invalid Extent List", "Transfer Out of Order",
    "Request Abort Background Operation Not Supported",
};
G_STATIC_ASSERT(CXL_DCD_RC_INVALID_EXTENT_LIST + 3 ==
                G_N_ELEMENTS(code_names));

void cxlfm_log(const cxlfm *fm, const char *format, ...)
{
    g_autofree char *line = NULL;
    va_list args;

    if (fm->log) {
        va_start(args, format);
        line = g_strdup_vprintf(format, args);
        va_end(args);
        fm->log(line, fm->log_opaque);
    }
}

int cxlfm_fail(cxlfm *fm, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_string_vprintf(fm->error, format, args);
    va_end(args);
    cxlfm_log(fm, "failed: %s", fm->error->str);
    if (error != CXLFM_ERROR_REFUSED) {
        fm->return_code = 0;
    }
    return error;
}

int cxlfm_unknown(cxlfm *fm)
{
    g_string_append(fm->error, "; whether it was carried out is unknown");
    return CXLFM_ERROR_UNKNOWN;
}

CXLFM_EXPORT const char *cxlfm_error_text(const cxlfm *fm)
{
    return fm->error->str;
}

CXLFM_EXPORT uint16_t cxlfm_return_code(const cxlfm *fm)
{
    return fm->return_code;
}

CXLFM_EXPORT const char *cxlfm_return_code_name(uint16_t code)
{
    return code < G_N_ELEMENTS(code_names) ? code_names[code] : "unknown";
}
