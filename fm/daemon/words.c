/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UUIDs, sizes, names: as people and programs write them */
#include <stdarg.h>
#include <string.h>
#include "words.h"

G_DEFINE_QUARK(cxl-fmd-error, fmd_error)

bool fmd_fail(GError **error, enum fmd_error code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error) {
        /* What was sent may be quoted, and cut within a character. */
        g_autofree char *text = g_strdup_vprintf(format, args);
        g_autofree char *valid = g_utf8_make_valid(text, -1);

        *error = g_error_new_literal(FMD_ERROR, code, valid);
    }
    va_end(args);
    return false;
}

/* --- UUIDs --- */

static bool fmd_uuid_dash(unsigned at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

bool fmd_uuid_parse(const char *text, char ret[FMD_UUID_TEXT])
{
    bool zero = true;
    unsigned i;

    for (i = 0; i < FMD_UUID_TEXT - 1; i++) {
        if (fmd_uuid_dash(i) ? text[i] != '-' : !g_ascii_isxdigit(text[i])) {
            return false;
        }
        ret[i] = g_ascii_tolower(text[i]);
        zero &= ret[i] == '0' || ret[i] == '-';
    }
    ret[i] = '\0';
    return !text[i] && !zero;
}

static void fmd_uuid_put(const uint8_t *bytes, char ret[FMD_UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    unsigned i, at = 0;

    for (i = 0; i < 16; i++) {
        if (fmd_uuid_dash(at)) {
            ret[at++] = '-';
        }
        ret[at++] = digits[bytes[i] >> 4];
        ret[at++] = digits[bytes[i] & 15];
    }
    ret[at] = '\0';
}

void fmd_uuid_random(char ret[FMD_UUID_TEXT])
{
    g_autofree char *text = g_uuid_string_random();

    g_strlcpy(ret, text, FMD_UUID_TEXT);
}

void fmd_uuid_of(const char *kind, const char *words, char ret[FMD_UUID_TEXT])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t bytes[32];
    gsize len = sizeof(bytes);

    /* With the NUL between them, no two pairs make the same bytes. */
    g_checksum_update(sum, (const guchar *)kind, strlen(kind) + 1);
    g_checksum_update(sum, (const guchar *)words, strlen(words));
    g_checksum_get_digest(sum, bytes, &len);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    fmd_uuid_put(bytes, ret);
}

/* --- Sizes and names --- */

bool fmd_size_parse(const char *text, uint64_t *ret)
{
    static const char units[] = "KMGTPE";
    const char *unit;
    char *end;
    uint64_t value;
    unsigned shift = 0;

    if (!g_ascii_isdigit(*text)) {
        return false;
    }
    errno = 0;
    value = g_ascii_strtoull(text, &end, 10);
    if (errno) {
        return false;
    }
    while (*end == ' ') {
        end++;
    }
    unit = *end ? strchr(units, g_ascii_toupper(*end)) : NULL;
    if (unit) {
        shift = 10 * (unit - units + 1);
        end += end[1] == 'i' && (end[2] == 'B' || end[2] == 'b') ? 3 :
               end[1] == 'i' ? 2 : 1;
    }
    if (*end || (shift && value >> (64 - shift))) {
        return false;
    }
    *ret = value << shift;
    return true;
}

char *fmd_size_text(uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB",
                                         "PiB", "EiB" };
    unsigned i = 0;

    while (bytes && !(bytes & 1023) && i + 1 < G_N_ELEMENTS(units)) {
        bytes >>= 10;
        i++;
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s", bytes, units[i]);
}

bool fmd_name_is_good(const char *name)
{
    size_t len = strlen(name);

    return len && len <= FMD_NAME_MAX && *name != '.' && *name != '-' &&
           strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") == len;
}

/* --- Keys --- */

char *fmd_key_pool(const char *uuid)
{
    return g_strconcat(FMD_POOLS, uuid, NULL);
}

char *fmd_key_owner(const char *uuid)
{
    return g_strconcat(FMD_POOLS, uuid, "/owner", NULL);
}

char *fmd_key_host(const char *uuid)
{
    return g_strconcat(FMD_HOSTS, uuid, NULL);
}

char *fmd_key_alive(const char *uuid)
{
    return g_strconcat(FMD_HOSTS, uuid, "/alive", NULL);
}

char *fmd_key_place(const char *uuid)
{
    return g_strconcat(FMD_HOSTS, uuid, "/place", NULL);
}

char *fmd_key_name(const char *name)
{
    return g_strconcat(FMD_NAMES, name, NULL);
}

char *fmd_key_monitor(const char *machine, const char *address)
{
    g_autofree char *escaped = g_uri_escape_string(address, NULL, false);

    return g_strconcat(FMD_MONITORS, machine, "/", escaped, NULL);
}

char *fmd_key_claim(const char *uuid)
{
    return g_strconcat(FMD_CLAIMS, uuid, NULL);
}

char *fmd_key_status(const char *uuid)
{
    return g_strconcat(FMD_CLAIMS, uuid, "/status", NULL);
}

char *fmd_key_pressure(const char *uuid)
{
    return g_strconcat(FMD_PRESSURES, uuid, NULL);
}

char *fmd_key_lease(const char *uuid)
{
    return g_strconcat(FMD_LEASES, uuid, NULL);
}
