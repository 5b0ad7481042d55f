/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking cxl-fmd
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fleet.h"

struct json_object *fleet_member(struct json_object *o, const char *key)
{
    struct json_object *member;

    return json_object_object_get_ex(o, key, &member) ? member : NULL;
}

const char *fleet_text(struct json_object *o, const char *key)
{
    struct json_object *member = fleet_member(o, key);

    return json_object_is_type(member, json_type_string) ?
           json_object_get_string(member) : "";
}

uint64_t fleet_number(struct json_object *o, const char *key)
{
    struct json_object *member = fleet_member(o, key);

    return json_object_is_type(member, json_type_int) ?
           json_object_get_uint64(member) : 0;
}

bool fleet_uuid(const char *text, char ret[FLEET_UUID_TEXT], GError **error)
{
    uint8_t tag[CXLFM_TAG_SIZE];

    if (cxlfm_tag_parse(text, tag) < 0 || cxlfm_tag_is_zero(tag)) {
        tool_fail(error, TOOL_USAGE, "'%s' is no claim's UUID: 8-4-4-4-12 "
                  "hexadecimal digits, not all of them 0", text);
        return false;
    }
    cxlfm_tag_format(tag, ret);
    return true;
}

static ToolExit fleet_exit_of_error(int ret)
{
    switch (ret) {
    case CXLFM_ERROR_INVALID:
    case CXLFM_ERROR_UNSUPPORTED:
        return TOOL_USAGE;
    case CXLFM_ERROR_UNKNOWN:
        return TOOL_UNKNOWN;
    case CXLFM_ERROR_REFUSED:
        return TOOL_REFUSED;
    case CXLFM_ERROR_PROTOCOL:
        return TOOL_FAILED;
    default:
        return TOOL_UNREACHABLE;
    }
}

static ToolExit fleet_exit_of_status(unsigned status)
{
    switch (status) {
    case 400:
    case 415:
    case 422:
        return TOOL_USAGE;
    case 401:
    case 403:
    case 409:
    case 412:
    case 507:
        return TOOL_REFUSED;
    case 503:
        return TOOL_UNREACHABLE;
    case 504:
        return TOOL_UNKNOWN;
    default:
        return TOOL_FAILED;
    }
}

/* The first fmd: address; an explicit one of another kind is an error. */
static const char *fleet_address(const Tool *tool, GError **error)
{
    unsigned i;

    for (i = 0; tool->addresses && tool->addresses[i]; i++) {
        if (g_str_has_prefix(tool->addresses[i], "fmd:")) {
            return tool->addresses[i];
        }
    }
    if (tool->addresses_given && tool->addresses[0]) {
        tool_fail(error, TOOL_USAGE, "%s is no cxl-fmd, which keeps claims; "
                  "give --address " FLEET_DEFAULT_ADDRESS ", or leave it out",
                  tool->addresses[0]);
        return NULL;
    }
    return FLEET_DEFAULT_ADDRESS;
}

static void fleet_log(const char *line, void *opaque)
{
    fprintf(stderr, "cxl-fm: %s\n", line);
}

cxlfm *fleet_reach(Tool *tool, GError **error)
{
    const char *address = fleet_address(tool, error);
    cxlfm *fm;
    int ret;

    if (!address) {
        return NULL;
    }
    fm = cxlfm_new();
    cxlfm_set_timeout(fm, tool->answer_timeout * 1000);
    cxlfm_set_log(fm, tool->debug ? fleet_log : NULL, NULL);
    ret = cxlfm_connect(fm, address);
    if (ret < 0) {
        tool_fail(error, fleet_exit_of_error(ret), "%s", cxlfm_error_text(fm));
        cxlfm_free(fm);
        return NULL;
    }
    g_ptr_array_add(tool->connections, fm);
    return fm;
}

/* The daemon said no: its sentence, and what to do */
static void fleet_refused(cxlfm *fm, unsigned status, struct json_object *said,
                          GError **error)
{
    struct json_object *inner = fleet_member(said, "error");
    const char *message = fleet_text(inner, "message");
    const char *what = fleet_text(inner, "what_to_do");

    tool_fail(error, fleet_exit_of_status(status), "%s%s%s",
              *message ? message : cxlfm_address(fm), *message ? "; " :
              " answers as no cxl-fmd does", what);
}

bool fleet_ask(Tool *tool, cxlfm *fm, const char *method, const char *path,
               struct json_object *body, unsigned *ret_status,
               struct json_object **ret, GError **error)
{
    const char *text = body ? json_object_to_json_string_ext(
        body, JSON_C_TO_STRING_PLAIN) : NULL;
    struct json_object *said;
    unsigned status = 0;
    char *answer;
    bool good;
    int done = cxlfm_daemon_call(fm, method, path, text, &status, &answer);

    json_object_put(body);
    if (ret_status) {
        *ret_status = done < 0 ? 0 : status;
    }
    if (done < 0) {
        tool_fail(error, fleet_exit_of_error(done), "%s",
                  cxlfm_error_text(fm));
        return false;
    }
    said = json_tokener_parse(answer);
    free(answer);
    good = status >= 200 && status < 300 && said;
    if (!good) {
        fleet_refused(fm, status, said, error);
    }
    if (good && ret) {
        *ret = said;
    } else {
        json_object_put(said);
    }
    return good;
}

/* --- Lists, which may come in parts --- */

/* @path with the place that the next part begins behind */
static char *fleet_part_path(const char *path, const char *after)
{
    g_autofree char *escaped = NULL;

    if (!after) {
        return g_strdup(path);
    }
    escaped = g_uri_escape_string(after, NULL, false);
    return g_strdup_printf("%s%cafter=%s", path, strchr(path, '?') ? '&' : '?',
                           escaped);
}

/*
 * The list @key of @part goes behind that of @all. *after, which was of the
 * part before, is that of the next one, or NULL. False: it leads nowhere.
 */
static bool fleet_part_take(struct json_object *all, struct json_object *part,
                            const char *key, char **after)
{
    struct json_object *list = fleet_member(part, key);
    struct json_object *whole = fleet_member(all, key);
    g_autofree char *before = g_steal_pointer(after);
    const char *next = fleet_text(part, "next");
    size_t i;

    if (!json_object_is_type(list, json_type_array)) {
        return false;
    }
    *after = *next ? g_strdup(next) : NULL;
    for (i = 0; part != all && i < json_object_array_length(list); i++) {
        json_object_array_add(whole, json_object_get(
                                  json_object_array_get_idx(list, i)));
    }
    /* A part must be one, and not the one before. */
    return !*after || (json_object_array_length(list) &&
                       g_strcmp0(*after, before));
}

bool fleet_ask_list(Tool *tool, cxlfm *fm, const char *path, const char *key,
                    struct json_object **ret, GError **error)
{
    struct json_object *all = NULL, *part;
    g_autofree char *after = NULL;
    bool good;

    do {
        g_autofree char *here = fleet_part_path(path, after);

        if (!fleet_ask(tool, fm, "GET", here, NULL, NULL, &part, error)) {
            json_object_put(all);
            return false;
        }
        all = all ? all : json_object_get(part);
        good = fleet_part_take(all, part, key, &after);
        json_object_put(part);
    } while (good && after);
    if (!good) {
        json_object_put(all);
        tool_fail(error, TOOL_FAILED, "%s: the answer to %s makes no sense: "
                  "its \"%s\" or \"next\"", cxlfm_address(fm), path, key);
        return false;
    }
    json_object_object_del(all, "next");
    *ret = all;
    return true;
}

GHashTable *fleet_host_names(Tool *tool, cxlfm *fm, GError **error)
{
    struct json_object *said, *list;
    GHashTable *names;
    size_t i;

    if (!fleet_ask_list(tool, fm, FLEET_HOSTS, "hosts", &said, error)) {
        return NULL;
    }
    names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    list = fleet_member(said, "hosts");
    for (i = 0; i < json_object_array_length(list); i++) {
        struct json_object *host = json_object_array_get_idx(list, i);

        g_hash_table_replace(names, g_strdup(fleet_text(host, "uuid")),
                             g_strdup(fleet_text(host, "name")));
    }
    json_object_put(said);
    return names;
}
