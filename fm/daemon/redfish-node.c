/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON of Redfish: resources, links, collections */
#include <stdarg.h>
#include <string.h>
#include "redfish-node.h"

static char *node_path(const char *format, va_list args) G_GNUC_PRINTF(1, 0);

static char *node_path(const char *format, va_list args)
{
    g_autofree char *rest = g_strdup_vprintf(format, args);

    return g_strconcat(REDFISH_ROOT, rest, NULL);
}

static void node_head(struct json_object *to, const char *type,
                      const char *name, const char *path)
{
    g_autofree char *full = g_strconcat("#", type, NULL);

    node_text(to, "@odata.id", path);
    node_text(to, "@odata.type", full);
    node_text(to, "Name", name);
}

struct json_object *node_new(const char *type, const char *id,
                             const char *name, const char *format, ...)
{
    struct json_object *to = json_object_new_object();
    g_autofree char *path = NULL;
    va_list args;

    va_start(args, format);
    path = node_path(format, args);
    va_end(args);
    node_head(to, type, name, path);
    node_text(to, "Id", id);
    return to;
}

struct json_object *node_collection(const char *type, const char *name,
                                    const char *format, ...)
{
    struct json_object *to = json_object_new_object();
    g_autofree char *full = g_strconcat(type, ".", type, NULL);
    g_autofree char *path = NULL;
    va_list args;

    va_start(args, format);
    path = node_path(format, args);
    va_end(args);
    node_head(to, full, name, path);
    node_array(to, "Members");
    node_number(to, "Members@odata.count", 0);
    return to;
}

static void node_add(struct json_object *array, char *path)
{
    struct json_object *link = json_object_new_object();

    node_text(link, "@odata.id", path);
    json_object_array_add(array, link);
    g_free(path);
}

void node_member(struct json_object *collection, const char *format, ...)
{
    struct json_object *members = node_get(collection, "Members");
    va_list args;

    va_start(args, format);
    node_add(members, node_path(format, args));
    va_end(args);
    node_number(collection, "Members@odata.count", node_count(members));
}

void node_text(struct json_object *to, const char *key, const char *text)
{
    json_object_object_add(to, key, text ? json_object_new_string(text) : NULL);
}

void node_text_if_any(struct json_object *to, const char *key,
                      const char *text)
{
    if (text && *text) {
        node_text(to, key, text);
    }
}

void node_number(struct json_object *to, const char *key, uint64_t value)
{
    json_object_object_add(to, key, json_object_new_uint64(value));
}

void node_bool(struct json_object *to, const char *key, bool value)
{
    json_object_object_add(to, key, json_object_new_boolean(value));
}

void node_null(struct json_object *to, const char *key)
{
    json_object_object_add(to, key, NULL);
}

struct json_object *node_object(struct json_object *to, const char *key)
{
    struct json_object *o = json_object_new_object();

    json_object_object_add(to, key, o);
    return o;
}

struct json_object *node_array(struct json_object *to, const char *key)
{
    struct json_object *o = json_object_new_array();

    json_object_object_add(to, key, o);
    return o;
}

void node_texts(struct json_object *to, const char *key, ...)
{
    struct json_object *array = node_array(to, key);
    const char *text;
    va_list args;

    va_start(args, key);
    while ((text = va_arg(args, const char *))) {
        json_object_array_add(array, json_object_new_string(text));
    }
    va_end(args);
}

void node_link(struct json_object *to, const char *key, const char *format, ...)
{
    struct json_object *link = node_object(to, key);
    g_autofree char *path = NULL;
    va_list args;

    va_start(args, format);
    path = node_path(format, args);
    va_end(args);
    node_text(link, "@odata.id", path);
}

void node_link_add(struct json_object *array, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    node_add(array, node_path(format, args));
    va_end(args);
}

void node_status(struct json_object *to, const char *state,
                 const char *health)
{
    struct json_object *status = node_object(to, "Status");

    node_text(status, "State", state);
    if (health) {
        node_text(status, "Health", health);
    }
}

struct json_object *node_oem(struct json_object *to, const char *type)
{
    struct json_object *ours = node_object(node_object(to, "Oem"),
                                           REDFISH_OEM);
    g_autofree char *full = g_strdup_printf("#" REDFISH_OEM ".v1_0_0.%s",
                                            type);

    node_text(ours, "@odata.type", full);
    return ours;
}

void node_time(struct json_object *to, const char *key, int64_t seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    g_autofree char *text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");

    node_text(to, key, text);
}

/* --- ETags --- */

/* What follows says how long it is: no two values have the same bytes. */
static void mark_bytes(GChecksum *sum, char kind, const char *bytes, size_t len)
{
    g_autofree char *head = g_strdup_printf("%c%zu:", kind, len);

    g_checksum_update(sum, (const guchar *)head, -1);
    g_checksum_update(sum, (const guchar *)bytes, len);
}

/*
 * Not over its text, which json-c would keep with each of thousands of
 * resources of one answer.
 */
static void mark_value(GChecksum *sum, struct json_object *o)
{
    int64_t numbers[2];
    size_t i;

    switch (json_object_get_type(o)) {
    case json_type_object:
        mark_bytes(sum, '{', "", 0);
        json_object_object_foreach(o, key, value) {
            mark_bytes(sum, 'k', key, strlen(key));
            mark_value(sum, value);
        }
        mark_bytes(sum, '}', "", 0);
        break;
    case json_type_array:
        mark_bytes(sum, '[', "", 0);
        for (i = 0; i < node_count(o); i++) {
            mark_value(sum, node_at(o, i));
        }
        mark_bytes(sum, ']', "", 0);
        break;
    case json_type_string:
        mark_bytes(sum, 's', json_object_get_string(o),
                   json_object_get_string_len(o));
        break;
    case json_type_int:
        /* What is too large for the one is right in the other. */
        numbers[0] = json_object_get_int64(o);
        numbers[1] = json_object_get_uint64(o);
        mark_bytes(sum, 'i', (const char *)numbers, sizeof(numbers));
        break;
    default:
        mark_bytes(sum, 'o', json_object_to_json_string(o),
                   strlen(json_object_to_json_string(o)));
    }
}

void node_mark(struct json_object *to, uint64_t rev)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *etag = NULL;

    if (node_get(to, "@odata.etag")) {
        return;
    }
    mark_value(sum, to);
    etag = rev ? g_strdup_printf("\"%" G_GUINT64_FORMAT "-%.12s\"", rev,
                                 g_checksum_get_string(sum)) :
           g_strdup_printf("\"%.24s\"", g_checksum_get_string(sum));
    node_text(to, "@odata.etag", etag);
}

/* --- Reading --- */

struct json_object *node_get(struct json_object *o, const char *key)
{
    struct json_object *member = NULL;

    if (json_object_is_type(o, json_type_object)) {
        json_object_object_get_ex(o, key, &member);
    }
    return member;
}

const char *node_get_text(struct json_object *o, const char *key)
{
    struct json_object *member = node_get(o, key);

    return json_object_is_type(member, json_type_string) ?
           json_object_get_string(member) : "";
}

uint64_t node_get_number(struct json_object *o, const char *key)
{
    struct json_object *member = node_get(o, key);

    return json_object_is_type(member, json_type_int) ?
           json_object_get_uint64(member) : 0;
}

bool node_get_bool(struct json_object *o, const char *key)
{
    struct json_object *member = node_get(o, key);

    return json_object_is_type(member, json_type_boolean) &&
           json_object_get_boolean(member);
}

size_t node_count(struct json_object *array)
{
    return json_object_is_type(array, json_type_array) ?
           json_object_array_length(array) : 0;
}

struct json_object *node_at(struct json_object *array, size_t i)
{
    return json_object_array_get_idx(array, i);
}

bool node_path_fits(const char *pattern, const char *path, char **part,
                    unsigned max)
{
    unsigned count = 0;

    if (g_str_has_prefix(path, REDFISH_ROOT)) {
        path += strlen(REDFISH_ROOT);
    }
    memset(part, 0, (max + 1) * sizeof(*part));
    while (*pattern) {
        if (g_str_has_prefix(pattern, "{}") && count < max) {
            size_t len = strcspn(path, "/");

            if (!len) {
                break;
            }
            part[count++] = g_strndup(path, len);
            path += len;
            pattern += 2;
        } else if (*pattern != *path) {
            break;
        } else {
            pattern++;
            path++;
        }
    }
    if (!*pattern && (!*path || !strcmp(path, "/"))) {
        return true;
    }
    node_parts_free(part);
    return false;
}

void node_parts_free(char **part)
{
    for (; *part; part++) {
        g_free(*part);
    }
}
