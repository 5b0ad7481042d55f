/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call of etcd's JSON gateway
 *
 * Where a connection cannot be made, nothing was asked: the next member is
 * tried. A change whose answer does not come may have been made, and nobody is
 * asked again.
 */
#include <string.h>
#include "store-etcd.h"

#define CONNECT_MS 1500
#define ANSWER_MS  5000
#define ANSWER_MAX (256 << 20)
#define IDLE_MAX   16

/* --- Handles --- */

CURL *etcd_handle(struct store_etcd *store)
{
    CURL *curl;

    g_mutex_lock(&store->lock);
    curl = g_queue_pop_head(&store->idle);
    g_mutex_unlock(&store->lock);
    if (!curl) {
        curl = curl_easy_init();
        g_assert(curl);
    }
    curl_easy_reset(curl);
    return curl;
}

static void etcd_handle_back(struct store_etcd *store, CURL *curl)
{
    g_mutex_lock(&store->lock);
    if (store->idle.length < IDLE_MAX) {
        g_queue_push_head(&store->idle, curl);
        curl = NULL;
    }
    g_mutex_unlock(&store->lock);
    if (curl) {
        curl_easy_cleanup(curl);
    }
}

void etcd_handle_set(struct store_etcd *store, CURL *curl, unsigned url,
                     const char *path)
{
    g_autofree char *whole = g_strconcat(store->urls[url], path, NULL);

    curl_easy_setopt(curl, CURLOPT_URL, whole);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 5L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 2L);
    if (store->ca) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, store->ca);
    }
    if (store->cert) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, store->cert);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, store->key);
    }
}

/* --- Bytes and numbers --- */

void etcd_put_bytes(struct json_object *to, const char *key, const char *text)
{
    g_autofree char *coded = g_base64_encode((const guchar *)text,
                                             strlen(text));

    json_object_object_add(to, key, json_object_new_string(coded));
}

void etcd_put_number(struct json_object *to, const char *key, int64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

    json_object_object_add(to, key, json_object_new_string(text));
}

int64_t etcd_number(struct json_object *from, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(from, key, &value) ?
           g_ascii_strtoll(json_object_get_string(value), NULL, 10) : 0;
}

void etcd_put_prefix(struct json_object *to, const char *prefix)
{
    g_autofree char *end = store_prefix_end(prefix);

    /* A NUL as the key begins at the first, as the end it goes to the last. */
    if (*prefix) {
        etcd_put_bytes(to, "key", prefix);
    } else {
        json_object_object_add(to, "key", json_object_new_string("AA=="));
    }
    if (end) {
        etcd_put_bytes(to, "range_end", end);
    } else {
        json_object_object_add(to, "range_end",
                               json_object_new_string("AA=="));
    }
}

/* Text without NUL; NULL otherwise */
static char *etcd_bytes(struct json_object *from, const char *key)
{
    struct json_object *value;
    gsize len = 0;
    char *text;

    if (!json_object_object_get_ex(from, key, &value)) {
        return g_strdup("");
    }
    text = (char *)g_base64_decode(json_object_get_string(value), &len);
    text = g_realloc(text, len + 1);
    text[len] = '\0';
    if (strlen(text) != len || !g_utf8_validate(text, len, NULL)) {
        g_clear_pointer(&text, g_free);
    }
    return text;
}

struct store_entry *etcd_entry(struct json_object *kv, bool deleted)
{
    struct store_entry *entry = g_new0(struct store_entry, 1);

    entry->key = etcd_bytes(kv, "key");
    entry->mod_rev = etcd_number(kv, "mod_revision");
    if (!deleted) {
        entry->value = etcd_bytes(kv, "value");
        entry->create_rev = etcd_number(kv, "create_revision");
        entry->lease = etcd_number(kv, "lease");
    }
    if (!entry->key || (!deleted && !entry->value)) {
        g_clear_pointer(&entry, store_entry_free);
    }
    return entry;
}

/* --- Errors --- */

bool etcd_fail(struct json_object *answer, enum etcd_kind kind, GError **error)
{
    static const struct {
        const char *words;
        enum store_error code;
        const char *advice;
    } known[] = {
        { "lease not found", STORE_ERROR_NO_LEASE, "" },
        { "space exceeded", STORE_ERROR_FULL,
          ": compact and defragment it, then disarm its alarm" },
        { "no leader", STORE_ERROR_UNAVAILABLE, ": no quorum" },
        { "compacted", STORE_ERROR_COMPACTED, "" },
        { "too large", STORE_ERROR_INVALID, "" },
        { "too many operations", STORE_ERROR_INVALID, "" },
    };
    struct json_object *value = NULL;
    const char *text = "no reason";
    unsigned i;

    if (json_object_object_get_ex(answer, "message", &value) ||
        json_object_object_get_ex(answer, "error", &value)) {
        text = json_object_get_string(value);
    }
    for (i = 0; text && i < G_N_ELEMENTS(known); i++) {
        if (strstr(text, known[i].words)) {
            return store_fail(error, known[i].code, "etcd: %s%s", text,
                              known[i].advice);
        }
    }
    return store_fail(error, kind == ETCD_CHANGES ? STORE_ERROR_UNKNOWN :
                      STORE_ERROR_UNAVAILABLE, "etcd: %s", text);
}

/* --- The call --- */

static size_t etcd_take(char *bytes, size_t size, size_t count, void *opaque)
{
    GString *text = opaque;

    if (text->len + size * count > ANSWER_MAX) {
        return 0;
    }
    g_string_append_len(text, bytes, size * count);
    return size * count;
}

/* True when etcd answered, however. */
static bool etcd_try(struct store_etcd *store, unsigned url, const char *path,
                     const char *request, GString *answer, long *ret_status,
                     bool *ret_asked, char *said)
{
    CURL *curl = etcd_handle(store);
    CURLcode code;

    etcd_handle_set(store, curl, url, path);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(request));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, etcd_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    *ret_asked = code != CURLE_COULDNT_CONNECT &&
                 code != CURLE_COULDNT_RESOLVE_HOST &&
                 code != CURLE_SSL_CONNECT_ERROR &&
                 code != CURLE_PEER_FAILED_VERIFICATION;
    g_strlcpy(said, curl_easy_strerror(code), CURL_ERROR_SIZE);
    if (code == CURLE_OPERATION_TIMEDOUT) {
        curl_off_t sent = 0;

        /* It ran out before there was a connection. */
        curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &sent);
        *ret_asked = sent > 0;
    }
    etcd_handle_back(store, curl);
    return code == CURLE_OK;
}

static struct json_object *etcd_parse(const GString *answer, long status,
                                      enum etcd_kind kind, GError **error)
{
    struct json_object *object = json_tokener_parse(answer->str);

    if (!json_object_is_type(object, json_type_object)) {
        json_object_put(object);
        store_fail(error, kind == ETCD_CHANGES ? STORE_ERROR_UNKNOWN :
                   STORE_ERROR_UNAVAILABLE, "etcd answered %ld with something "
                   "that is no JSON object: is it etcd 3.4 or newer?", status);
        return NULL;
    }
    if (status != 200) {
        etcd_fail(object, kind, error);
        json_object_put(object);
        return NULL;
    }
    return object;
}

struct json_object *etcd_call(struct store_etcd *store, const char *path,
                              struct json_object *request, enum etcd_kind kind,
                              GError **error)
{
    g_autofree char *text = g_strdup(json_object_to_json_string_ext(
        request, JSON_C_TO_STRING_PLAIN));
    g_autoptr(GString) answer = g_string_new(NULL);
    unsigned count = g_strv_length(store->urls), i;
    unsigned first = __atomic_load_n(&store->at, __ATOMIC_RELAXED);
    char said[CURL_ERROR_SIZE] = "";

    json_object_put(request);
    for (i = 0; i < count; i++) {
        unsigned url = (first + i) % count;
        bool asked;
        long status;

        g_string_truncate(answer, 0);
        if (etcd_try(store, url, path, text, answer, &status, &asked, said)) {
            GError *inner = NULL;
            struct json_object *object = etcd_parse(answer, status, kind,
                                                    &inner);

            if (object || inner->code != STORE_ERROR_UNAVAILABLE ||
                i + 1 == count) {
                __atomic_store_n(&store->at, url, __ATOMIC_RELAXED);
                if (inner) {
                    g_propagate_error(error, inner);
                }
                return object;
            }
            /* This member has no quorum; another may. */
            g_error_free(inner);
            continue;
        }
        if (asked && kind == ETCD_CHANGES) {
            __atomic_store_n(&store->at, (url + 1) % count, __ATOMIC_RELAXED);
            store_fail(error, STORE_ERROR_UNKNOWN, "etcd at %s did not "
                       "answer: %s", store->urls[url], said);
            return NULL;
        }
    }
    store_fail(error, STORE_ERROR_UNAVAILABLE, "no etcd of %u answers: %s",
               count, said);
    return NULL;
}
