/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event on its way to one destination: is it wanted, is it taken? */
#include <curl/curl.h>
#include <string.h>
#include "redfish-node.h"
#include "redfish-send.h"

#define CONNECT_MS 5000
#define WHOLE_MS   10000

void redfish_send_begin(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

void redfish_send_end(void)
{
    curl_global_cleanup();
}

static size_t send_ignore(char *data, size_t size, size_t count, void *opaque)
{
    size_t *left = opaque;

    /* What it answers is of no interest, and need not be long. */
    if (size * count > *left) {
        return 0;
    }
    *left -= size * count;
    return size * count;
}

static struct curl_slist *send_headers(struct json_object *wish)
{
    struct curl_slist *list = curl_slist_append(
        NULL, "Content-Type: application/json; charset=utf-8");
    struct json_object *headers = node_get(wish, "HttpHeaders");
    size_t i;

    list = curl_slist_append(list, "OData-Version: 4.0");
    list = curl_slist_append(list, "Expect:");
    for (i = 0; i < node_count(headers); i++) {
        json_object_object_foreach(node_at(headers, i), name, value) {
            g_autofree char *line = g_strdup_printf(
                "%s: %s", name, json_object_get_string(value));

            list = curl_slist_append(list, line);
        }
    }
    return list;
}

/* Nobody waits for what nobody wants. */
static int send_is_ended(void *opaque, curl_off_t down, curl_off_t down_now,
                         curl_off_t up, curl_off_t up_now)
{
    return __atomic_load_n((const bool *)opaque, __ATOMIC_RELAXED);
}

bool redfish_send(struct json_object *wish, struct json_object *event,
                  const bool *ended)
{
    const char *text = json_object_to_json_string_ext(
        event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    struct curl_slist *headers = send_headers(wish);
    long verify = node_get_bool(wish, "VerifyCertificate");
    size_t left = 65536;
    CURL *curl = curl_easy_init();
    long status = 0;
    CURLcode code;

    g_assert(curl);
    curl_easy_setopt(curl, CURLOPT_URL, node_get_text(wish, "Destination"));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, verify);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, send_ignore);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &left);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, send_is_ended);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, ended);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return code == CURLE_OK && status >= 200 && status < 300;
}

/* --- What is for whom --- */

static bool send_has(struct json_object *list, const char *word)
{
    size_t i;

    for (i = 0; i < node_count(list); i++) {
        if (!strcmp(json_object_get_string(node_at(list, i)), word)) {
            return true;
        }
    }
    return false;
}

/* The schema of a path that records have */
static const char *send_type(const char *path)
{
    return strstr(path, "/MemoryChunks/") ? "MemoryChunks" :
           strstr(path, "/Systems/") ? "ComputerSystem" :
           strstr(path, "/Chassis/") ? "Chassis" : "ServiceRoot";
}

static bool send_is_origin(struct json_object *wish, const char *path)
{
    struct json_object *list = node_get(wish, "OriginResources");
    bool below = node_get_bool(wish, "SubordinateResources");
    size_t i;

    for (i = 0; i < node_count(list); i++) {
        const char *origin = node_get_text(node_at(list, i), "@odata.id");
        size_t len = strlen(origin);

        if (!strcmp(origin, path) ||
            (below && g_str_has_prefix(path, origin) && path[len] == '/')) {
            return true;
        }
    }
    return !node_count(list);
}

bool redfish_wants(struct json_object *wish, struct json_object *record)
{
    const char *path = node_get_text(node_get(record, "OriginOfCondition"),
                                     "@odata.id");
    struct json_object *prefixes = node_get(wish, "RegistryPrefixes");
    struct json_object *types = node_get(wish, "ResourceTypes");
    struct json_object *kinds = node_get(wish, "EventTypes");

    return (!node_count(prefixes) || send_has(prefixes, "ResourceEvent")) &&
           (!node_count(types) || send_has(types, send_type(path))) &&
           (!node_count(kinds) ||
            send_has(kinds, node_get_text(record, "EventType"))) &&
           send_is_origin(wish, path);
}
