/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tags as text
 */
#include <string.h>
#include <glib.h>
#include "cxlfm.h"
#include "export.h"

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
