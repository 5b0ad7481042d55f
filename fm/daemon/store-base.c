/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all implementations of the store share */
#include <stdarg.h>
#include <string.h>
#include "store-ops.h"

G_DEFINE_QUARK(cxl-fmd-store-error, store_error)

bool store_fail(GError **error, enum store_error code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error) {
        *error = g_error_new_valist(STORE_ERROR, code, format, args);
    }
    va_end(args);
    return false;
}

void store_entry_free(struct store_entry *entry)
{
    if (entry) {
        g_free(entry->key);
        g_free(entry->value);
        g_free(entry);
    }
}

struct store_entry *store_entry_copy(const struct store_entry *entry)
{
    struct store_entry *copy = g_new(struct store_entry, 1);

    *copy = *entry;
    copy->key = g_strdup(entry->key);
    copy->value = g_strdup(entry->value);
    return copy;
}

char *store_prefix_end(const char *prefix)
{
    char *end = g_strdup(prefix);
    size_t len = strlen(end);

    while (len && (uint8_t)end[len - 1] == 0xff) {
        len--;
    }
    if (!len) {
        g_free(end);
        return NULL;
    }
    end[len - 1]++;
    end[len] = '\0';
    return end;
}
