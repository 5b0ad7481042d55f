/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people type, into numbers: sizes, extents, tags, names
 */
#include <errno.h>
#include <string.h>
#include "fail.h"
#include "parse.h"
#include "text.h"

/* Digits and a unit at *@text, which is moved behind them. */
static bool parse_bytes(const char **text, uint64_t *ret_bytes)
{
    bool hex = g_str_has_prefix(*text, "0x") || g_str_has_prefix(*text, "0X");
    const char *unit;
    uint64_t value;
    char *end;

    if (!g_ascii_isdigit(**text)) {
        return false;
    }
    errno = 0;
    value = g_ascii_strtoull(*text, &end, hex ? 16 : 10);
    if (errno || (hex && end == *text + 1)) {
        return false;
    }
    unit = *end && !hex ? strchr(size_units, g_ascii_toupper(*end)) : NULL;
    if (unit) {
        unsigned shift = (unit - size_units) * 10;

        if (value > UINT64_MAX >> shift) {
            return false;
        }
        value <<= shift;
        end++;
        if (shift && g_str_has_prefix(end, "iB")) {
            end += strlen("iB");
        }
    }
    *text = end;
    *ret_bytes = value;
    return true;
}

bool parse_size(const char *text, uint64_t *ret_bytes, GError **error)
{
    const char *end = text;

    if (!parse_bytes(&end, ret_bytes) || *end) {
        tool_fail(error, TOOL_USAGE,
                  "'%s' is not a size; write bytes or a whole number with K, "
                  "M, G or T, such as 512M or 1G", text);
        return false;
    }
    if (!*ret_bytes) {
        tool_fail(error, TOOL_USAGE, "a size of 0 asks for nothing");
        return false;
    }
    return true;
}

bool parse_extent(const char *text, struct cxlfm_extent *ret_extent,
                  GError **error)
{
    struct cxlfm_extent extent = { .offset = 0 };
    const char *at = text;

    if (!parse_bytes(&at, &extent.offset) || *at++ != '+' ||
        !parse_bytes(&at, &extent.length) || *at) {
        tool_fail(error, TOOL_USAGE,
                  "'%s' is not an extent; write OFFSET+LENGTH within the "
                  "region, such as 1G+256M or 0x40000000+0x10000000", text);
        return false;
    }
    if (!extent.length || extent.offset > UINT64_MAX - extent.length) {
        tool_fail(error, TOOL_USAGE, "extent '%s' is %s", text,
                  extent.length ? "larger than any device" : "empty");
        return false;
    }
    *ret_extent = extent;
    return true;
}

bool parse_extents(char **texts, uint8_t region,
                   struct cxlfm_extent **ret_extents, size_t *ret_count,
                   GError **error)
{
    size_t count = texts ? g_strv_length(texts) : 0, i;
    g_autofree struct cxlfm_extent *extents =
        g_new0(struct cxlfm_extent, count);

    for (i = 0; i < count; i++) {
        if (!parse_extent(texts[i], &extents[i], error)) {
            return false;
        }
        extents[i].region = region;
    }
    *ret_extents = g_steal_pointer(&extents);
    *ret_count = count;
    return true;
}

bool parse_tag(const char *text, uint8_t ret_tag[CXLFM_TAG_SIZE],
               GError **error)
{
    g_autofree char *random = NULL;

    if (!text) {
        memset(ret_tag, 0, CXLFM_TAG_SIZE);
        return true;
    }
    if (!strcmp(text, "random")) {
        text = random = g_uuid_string_random();
    }
    if (cxlfm_tag_parse(text, ret_tag)) {
        tool_fail(error, TOOL_USAGE,
                  "'%s' is not a tag; write a UUID such as "
                  "10203040-5060-7080-90a0-b0c0d0e0f000, or 'random'", text);
        return false;
    }
    if (cxlfm_tag_is_zero(ret_tag)) {
        tool_fail(error, TOOL_USAGE,
                  "a tag of zeros means no tag; leave --tag out for that");
        return false;
    }
    return true;
}

bool parse_number(const char *what, int value, int max, GError **error)
{
    if (value < 0 || value > max) {
        tool_fail(error, TOOL_USAGE, "%s %d is not within 0 to %d", what,
                  value, max);
        return false;
    }
    return true;
}

bool parse_time(const char *what, const char *text, uint64_t *ret_seconds,
                GError **error)
{
    static const struct { const char *unit; uint64_t seconds; } units[] = {
        { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 },
    };
    char *end = NULL;
    guint64 number = g_ascii_isdigit(*text) ?
                     g_ascii_strtoull(text, &end, 10) : 0;
    unsigned i;

    for (i = 0; number && number < UINT32_MAX &&
         i < G_N_ELEMENTS(units); i++) {
        if (!strcmp(end, units[i].unit)) {
            *ret_seconds = number * units[i].seconds;
            return true;
        }
    }
    tool_fail(error, TOOL_USAGE, "%s %s is no time: 30s, 5m, 2h or 1d are",
              what, text);
    return false;
}

bool parse_policy(const char *text, uint8_t *ret_policy, GError **error)
{
    unsigned i;

    /* The last one is what `cxl-fm share` does. */
    for (i = 0; i < CXLFM_POLICY_SHARED; i++) {
        if (!strcmp(text, policy_name(i))) {
            *ret_policy = i;
            return true;
        }
    }
    tool_fail(error, TOOL_USAGE,
              "'%s' is not a policy; there are free, contiguous and "
              "prescriptive (with --extent)", text);
    return false;
}
