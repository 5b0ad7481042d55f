/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON members with a name for each fault
 *
 * What is in the store was written by us or by somebody else who may write
 * there; what a client sends, by anybody. Both are read by the same code.
 */
#include <stdarg.h>
#include <math.h>
#include <string.h>
#include "words.h"

#define DEPTH_MAX 16

void fmd_read_fail(struct fmd_reader *reader, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    if (reader->error) {
        return;
    }
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fmd_fail(&reader->error, FMD_ERROR_INVALID, "%s: %s", reader->what, text);
}

/* NULL with the fault noted; trailing words are one, too. */
static struct json_object *fmd_read_object(struct fmd_reader *reader,
                                           const char *text)
{
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
    struct json_object *object;
    size_t len = strlen(text);
    const char *bad;

    /* json-c's own check lets through what other readers refuse. */
    if (!g_utf8_validate(text, len, &bad)) {
        fmd_read_fail(reader, "not JSON: no UTF-8 at byte %zu",
                      (size_t)(bad - text));
        json_tokener_free(tokener);
        return NULL;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    object = json_tokener_parse_ex(tokener, text, len + 1);
    if (!object) {
        fmd_read_fail(reader, "not JSON: %s at byte %zu",
                      json_tokener_error_desc(json_tokener_get_error(tokener)),
                      json_tokener_get_parse_end(tokener));
    } else if (!json_object_is_type(object, json_type_object)) {
        fmd_read_fail(reader, "must be a JSON object, \"{...}\"");
    } else if (json_tokener_get_parse_end(tokener) < len) {
        fmd_read_fail(reader, "more text after the JSON object, at byte %zu",
                      json_tokener_get_parse_end(tokener));
    }
    json_tokener_free(tokener);
    if (reader->error && object) {
        json_object_put(object);
        object = NULL;
    }
    return object;
}

void fmd_read_begin(struct fmd_reader *reader, const char *what,
                    const char *uuid, const char *text)
{
    g_autofree char *own = NULL;

    *reader = (struct fmd_reader) {
        .what = what,
        .asked = g_hash_table_new(g_str_hash, g_str_equal),
    };
    reader->object = fmd_read_object(reader, text);
    if (fmd_read_number(reader, "v", 1, 1, UINT32_MAX) != 1) {
        fmd_read_fail(reader, "is of version %s, this cxl-fmd knows 1: upgrade "
                      "it", json_object_get_string(fmd_read_any(reader, "v")));
    }
    own = fmd_read_uuid(reader, "uuid");
    if (*own && uuid && strcmp(own, uuid)) {
        fmd_read_fail(reader, "\"uuid\" is %s, the key is %s", own, uuid);
    }
}

bool fmd_read_end(struct fmd_reader *reader, GError **error)
{
    if (reader->object) {
        json_object_object_foreach(reader->object, key, value) {
            (void)value;
            if (!g_hash_table_contains(reader->asked, key)) {
                fmd_read_fail(reader, "member \"%.64s\" is not known", key);
            }
        }
        json_object_put(reader->object);
    }
    g_hash_table_unref(reader->asked);
    if (reader->error) {
        g_propagate_error(error, reader->error);
        return false;
    }
    return true;
}

struct json_object *fmd_read_any(struct fmd_reader *reader, const char *key)
{
    struct json_object *value = NULL;

    g_hash_table_add(reader->asked, (char *)key);
    if (!reader->error && reader->object) {
        json_object_object_get_ex(reader->object, key, &value);
    }
    return value;
}

/* Text without NUL in it, of which @ret is a copy */
static bool fmd_read_string(struct json_object *value, char **ret)
{
    const char *text;

    if (!json_object_is_type(value, json_type_string)) {
        return false;
    }
    text = json_object_get_string(value);
    if (strlen(text) != json_object_get_string_len(value) ||
        strlen(text) > FMD_TEXT_MAX) {
        return false;
    }
    *ret = g_strdup(text);
    return true;
}

char *fmd_read_text(struct fmd_reader *reader, const char *key)
{
    struct json_object *value = fmd_read_any(reader, key);
    char *text = NULL;

    if (value && !fmd_read_string(value, &text)) {
        fmd_read_fail(reader, "\"%s\" must be text of at most %d bytes", key,
                      FMD_TEXT_MAX);
    }
    return text ? text : g_strdup("");
}

char *fmd_read_uuid(struct fmd_reader *reader, const char *key)
{
    g_autofree char *text = fmd_read_text(reader, key);
    char uuid[FMD_UUID_TEXT];

    if (!*text) {
        return g_strdup("");
    }
    if (!fmd_uuid_parse(text, uuid)) {
        fmd_read_fail(reader, "\"%s\" must be a UUID, not all zeros, and is "
                      "\"%.64s\"", key, text);
        return g_strdup("");
    }
    return g_strdup(uuid);
}

uint64_t fmd_read_number(struct fmd_reader *reader, const char *key,
                         uint64_t absent, uint64_t min, uint64_t max)
{
    struct json_object *value = fmd_read_any(reader, key);

    if (!value) {
        return absent;
    }
    /* A negative number reads as 0 with json-c's unsigned getter. */
    if (!json_object_is_type(value, json_type_int) ||
        json_object_get_int64(value) < 0 ||
        json_object_get_uint64(value) < min ||
        json_object_get_uint64(value) > max) {
        fmd_read_fail(reader, "\"%s\" must be a whole number from %"
                      G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                      ", and is %.64s", key, min, max,
                      json_object_to_json_string(value));
        return absent;
    }
    return json_object_get_uint64(value);
}

int64_t fmd_read_never(struct fmd_reader *reader, const char *key,
                       int64_t absent, int64_t max)
{
    struct json_object *value = fmd_read_any(reader, key);

    if (!value) {
        return absent;
    }
    if (json_object_is_type(value, json_type_string) &&
        !strcmp(json_object_get_string(value), "never")) {
        return -1;
    }
    if (!json_object_is_type(value, json_type_int) ||
        json_object_get_int64(value) < 0 ||
        json_object_get_int64(value) > max) {
        fmd_read_fail(reader, "\"%s\" must be \"never\" or seconds from 0 to %"
                      G_GINT64_FORMAT ", and is %.64s", key, max,
                      json_object_to_json_string(value));
        return absent;
    }
    return json_object_get_int64(value);
}

uint64_t fmd_read_size(struct fmd_reader *reader, const char *key,
                       uint64_t absent)
{
    struct json_object *value = fmd_read_any(reader, key);
    uint64_t bytes = absent;

    if (!value) {
        return absent;
    }
    if (json_object_is_type(value, json_type_int) &&
        json_object_get_int64(value) >= 0 &&
        json_object_get_uint64(value) <= INT64_MAX) {
        return json_object_get_uint64(value);
    }
    if (!json_object_is_type(value, json_type_string) ||
        !fmd_size_parse(json_object_get_string(value), &bytes) ||
        bytes > INT64_MAX) {
        fmd_read_fail(reader, "\"%s\" must be bytes, or text such as \"256M\" "
                      "or \"2 GiB\", and is %.64s", key,
                      json_object_to_json_string(value));
        return absent;
    }
    return bytes;
}

double fmd_read_double(struct fmd_reader *reader, const char *key,
                       double absent, double min, double max)
{
    struct json_object *value = fmd_read_any(reader, key);
    double number;

    if (!value) {
        return absent;
    }
    number = json_object_is_type(value, json_type_double) ||
             json_object_is_type(value, json_type_int) ?
             json_object_get_double(value) : NAN;
    /* Written so that no number is none of them */
    if (!(number >= min && number <= max)) {
        fmd_read_fail(reader, "\"%s\" must be a number from %g to %g, and is "
                      "%.64s", key, min, max,
                      json_object_to_json_string(value));
        return absent;
    }
    return number;
}

bool fmd_read_bool(struct fmd_reader *reader, const char *key, bool absent)
{
    struct json_object *value = fmd_read_any(reader, key);

    if (!value) {
        return absent;
    }
    if (!json_object_is_type(value, json_type_boolean)) {
        fmd_read_fail(reader, "\"%s\" must be true or false, and is %.64s",
                      key, json_object_to_json_string(value));
        return absent;
    }
    return json_object_get_boolean(value);
}

unsigned fmd_read_word(struct fmd_reader *reader, const char *key,
                       const char *const *names, unsigned count,
                       unsigned absent)
{
    struct json_object *value = fmd_read_any(reader, key);
    GString *all;
    unsigned i;

    if (!value) {
        return absent;
    }
    for (i = 0; i < count; i++) {
        if (!g_strcmp0(json_object_get_string(value), names[i])) {
            return i;
        }
    }
    all = g_string_new(names[0]);
    for (i = 1; i < count; i++) {
        g_string_append_printf(all, ", %s", names[i]);
    }
    fmd_read_fail(reader, "\"%s\" must be one of %s, and is %.64s", key,
                  all->str, json_object_to_json_string(value));
    g_string_free(all, true);
    return absent;
}

GHashTable *fmd_read_labels(struct fmd_reader *reader, const char *key)
{
    GHashTable *labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               g_free);
    struct json_object *value = fmd_read_any(reader, key);

    if (!value) {
        return labels;
    }
    if (!json_object_is_type(value, json_type_object) ||
        json_object_object_length(value) > FMD_LABELS_MAX) {
        fmd_read_fail(reader, "\"%s\" must be an object of at most %d texts",
                      key, FMD_LABELS_MAX);
        return labels;
    }
    json_object_object_foreach(value, name, text) {
        char *copy = NULL;

        if (!fmd_name_is_good(name) || !fmd_read_string(text, &copy)) {
            fmd_read_fail(reader, "\"%s\": label \"%.64s\" must be a name of "
                          "letters, digits and \"._-\", with text of at most "
                          "%d bytes", key, name, FMD_TEXT_MAX);
            break;
        }
        g_hash_table_insert(labels, g_strdup(name), copy);
    }
    return labels;
}

GPtrArray *fmd_read_texts(struct fmd_reader *reader, const char *key,
                          unsigned max)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    struct json_object *value = fmd_read_any(reader, key);
    size_t i;

    if (!value) {
        return texts;
    }
    if (!json_object_is_type(value, json_type_array) ||
        json_object_array_length(value) > max) {
        fmd_read_fail(reader, "\"%s\" must be a list of at most %u texts", key,
                      max);
        return texts;
    }
    for (i = 0; i < json_object_array_length(value); i++) {
        char *copy = NULL;

        if (!fmd_read_string(json_object_array_get_idx(value, i), &copy) ||
            !*copy) {
            g_free(copy);
            fmd_read_fail(reader, "\"%s\" must have texts that are not empty",
                          key);
            break;
        }
        g_ptr_array_add(texts, copy);
    }
    return texts;
}

/* --- Writing --- */

struct json_object *fmd_write_begin(const char *uuid)
{
    struct json_object *object = json_object_new_object();

    fmd_write_number(object, "v", 1);
    if (uuid) {
        fmd_write_text(object, "uuid", uuid);
    }
    return object;
}

void fmd_write_text(struct json_object *to, const char *key, const char *text)
{
    json_object_object_add(to, key, json_object_new_string(text));
}

void fmd_write_number(struct json_object *to, const char *key, uint64_t value)
{
    json_object_object_add(to, key, json_object_new_uint64(value));
}

void fmd_write_never(struct json_object *to, const char *key, int64_t value)
{
    json_object_object_add(to, key, value < 0 ?
                           json_object_new_string("never") :
                           json_object_new_int64(value));
}

void fmd_write_bool(struct json_object *to, const char *key, bool value)
{
    json_object_object_add(to, key, json_object_new_boolean(value));
}

void fmd_write_labels(struct json_object *to, const char *key,
                      GHashTable *labels)
{
    struct json_object *object = json_object_new_object();
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(labels),
                                         (GCompareFunc)strcmp);

    for (GList *at = names; at; at = at->next) {
        fmd_write_text(object, at->data, g_hash_table_lookup(labels,
                                                             at->data));
    }
    json_object_object_add(to, key, object);
}

void fmd_write_texts(struct json_object *to, const char *key,
                     const GPtrArray *texts)
{
    struct json_object *list = json_object_new_array();
    unsigned i;

    for (i = 0; i < texts->len; i++) {
        json_object_array_add(list,
                              json_object_new_string(texts->pdata[i]));
    }
    json_object_object_add(to, key, list);
}

char *fmd_write_end(struct json_object *object)
{
    char *text = g_strdup(json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));

    json_object_put(object);
    return text;
}
