/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tags as text, and the names of CXL return codes
 */
#include <string.h>
#include "cxlfm-private.h"
#include "hw/cxl/cxl_dcd_wire_fm.h"

CXLFM_EXPORT int cxlfm_tag_parse(const char *text,
                                 uint8_t ret_tag[CXLFM_TAG_SIZE])
{
    bool dashes = strchr(text, '-') != NULL;
    uint8_t tag[CXLFM_TAG_SIZE];
    size_t i;

    for (i = 0; i < CXLFM_TAG_SIZE; i++) {
        if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) &&
            *text++ != '-') {
            return CXLFM_ERROR_INVALID;
        }
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1])) {
            return CXLFM_ERROR_INVALID;
        }
        tag[i] = g_ascii_xdigit_value(text[0]) << 4 |
                 g_ascii_xdigit_value(text[1]);
        text += 2;
    }
    if (*text) {
        return CXLFM_ERROR_INVALID;
    }
    memcpy(ret_tag, tag, sizeof(tag));
    return 0;
}

CXLFM_EXPORT void cxlfm_tag_format(const uint8_t tag[CXLFM_TAG_SIZE],
                                   char out[CXLFM_TAG_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    size_t i;

    for (i = 0; i < CXLFM_TAG_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = digits[tag[i] >> 4];
        *out++ = digits[tag[i] & 0xf];
    }
    *out = '\0';
}

CXLFM_EXPORT bool cxlfm_tag_is_zero(const uint8_t tag[CXLFM_TAG_SIZE])
{
    static const uint8_t zero[CXLFM_TAG_SIZE];

    return !memcmp(tag, zero, sizeof(zero));
}

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

CXLFM_EXPORT const char *cxlfm_return_code_name(uint16_t code)
{
    return code < G_N_ELEMENTS(code_names) ? code_names[code] : "unknown";
}
