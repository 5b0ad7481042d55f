/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches in etcd: a thread and a stream of JSON lines each
 *
 * A member that has lost the others ends the stream, because we say that we
 * want one with a leader. One that hangs, or whose machine has lost its power,
 * ends nothing: while the stream is still, it is asked for a key now and then.
 * After either the next member is asked, from the revision that was told last.
 */
#include <string.h>
#include "store-etcd.h"

#define PAUSE_MS 200
#define STILL_MS 1000             /* from the last word to a question */
#define PROBE_MS 3000             /* for the answer */
#define LINE_MAX_BYTES (64 << 20)

struct etcd_watch {
    struct store_watch base;
    GThread *thread;
    CURLM *multi;
    char *prefix;
    uint64_t rev;                 /* all until here was told */
    store_watch_fn fn;
    void *opaque;
    bool ended;                   /* atomic */
    GString *line;
    bool broken;                  /* the stream makes no sense, or has ended */
    unsigned url;
    CURL *probe;                  /* NULL: none is under way */
    char *probe_request;
    int64_t heard;                /* us */
};

/* --- What comes --- */

static void etcd_watch_missed(struct etcd_watch *watch, uint64_t rev)
{
    watch->rev = rev;
    watch->fn(watch->base.store, rev, NULL, watch->opaque);
}

static void etcd_watch_tell(struct etcd_watch *watch, uint64_t rev,
                            GPtrArray *entries)
{
    if (entries->len) {
        watch->fn(watch->base.store, rev, entries, watch->opaque);
        g_ptr_array_set_size(entries, 0);
        watch->rev = rev;
    }
}

static void etcd_watch_events(struct etcd_watch *watch,
                              struct json_object *events)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(
        (GDestroyNotify)store_entry_free);
    uint64_t rev = 0;
    size_t i;

    for (i = 0; i < json_object_array_length(events); i++) {
        struct json_object *event = json_object_array_get_idx(events, i);
        struct json_object *kv = NULL, *type = NULL;
        struct store_entry *entry;

        json_object_object_get_ex(event, "type", &type);
        json_object_object_get_ex(event, "kv", &kv);
        entry = etcd_entry(kv, !g_strcmp0(json_object_get_string(type),
                                          "DELETE"));
        if (!entry) {
            continue;
        }
        if (entry->mod_rev != rev) {
            etcd_watch_tell(watch, rev, entries);
            rev = entry->mod_rev;
        }
        g_ptr_array_add(entries, entry);
    }
    etcd_watch_tell(watch, rev, entries);
}

static void etcd_watch_line(struct etcd_watch *watch, const char *line)
{
    struct json_object *said = json_tokener_parse(line), *result, *value;
    uint64_t compacted;

    if (!json_object_object_get_ex(said, "result", &result)) {
        watch->broken = true;
    } else if ((compacted = etcd_number(result, "compact_revision"))) {
        struct json_object *header = NULL;

        json_object_object_get_ex(result, "header", &header);
        etcd_watch_missed(watch, MAX(compacted,
                                     etcd_number(header, "revision")));
        watch->broken = true;
    } else if (json_object_object_get_ex(result, "canceled", &value) &&
               json_object_get_boolean(value)) {
        watch->broken = true;
    } else if (json_object_object_get_ex(result, "events", &value)) {
        etcd_watch_events(watch, value);
    }
    json_object_put(said);
}

static size_t etcd_watch_take(char *bytes, size_t size, size_t count,
                              void *opaque)
{
    struct etcd_watch *watch = opaque;
    char *newline;

    watch->heard = g_get_monotonic_time();
    g_string_append_len(watch->line, bytes, size * count);
    while (!watch->broken && (newline = memchr(watch->line->str, '\n',
                                               watch->line->len))) {
        *newline = '\0';
        etcd_watch_line(watch, watch->line->str);
        g_string_erase(watch->line, 0, newline - watch->line->str + 1);
    }
    return watch->broken || watch->line->len > LINE_MAX_BYTES ? 0 :
           size * count;
}

/* --- The stream --- */

static bool etcd_watch_is_over(struct etcd_watch *watch)
{
    return __atomic_load_n(&watch->ended, __ATOMIC_ACQUIRE);
}

static char *etcd_watch_request(const struct etcd_watch *watch)
{
    struct json_object *request = json_object_new_object();
    struct json_object *create = json_object_new_object();
    char *text;

    etcd_put_prefix(create, watch->prefix);
    etcd_put_number(create, "start_revision", watch->rev + 1);
    json_object_object_add(request, "create_request", create);
    text = g_strdup(json_object_to_json_string_ext(request,
                                                   JSON_C_TO_STRING_PLAIN));
    json_object_put(request);
    return text;
}

static size_t etcd_watch_drop(char *bytes, size_t size, size_t count,
                              void *opaque)
{
    return size * count;
}

/* Ask for a key that nobody has: whoever answers is with the leader. */
static void etcd_watch_probe(struct etcd_watch *watch)
{
    struct store_etcd *store = (struct store_etcd *)watch->base.store;

    if (watch->probe ||
        g_get_monotonic_time() < watch->heard + STILL_MS * 1000) {
        return;
    }
    /* Not one of those that wait for calls: connections are the multi's. */
    watch->probe = curl_easy_init();
    g_assert(watch->probe);
    etcd_handle_set(store, watch->probe, watch->url, "/v3/kv/range");
    curl_easy_setopt(watch->probe, CURLOPT_POSTFIELDS, watch->probe_request);
    curl_easy_setopt(watch->probe, CURLOPT_WRITEFUNCTION, etcd_watch_drop);
    curl_easy_setopt(watch->probe, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(watch->probe, CURLOPT_TIMEOUT_MS, (long)PROBE_MS);
    curl_multi_add_handle(watch->multi, watch->probe);
}

static void etcd_watch_probe_end(struct etcd_watch *watch)
{
    if (watch->probe) {
        curl_multi_remove_handle(watch->multi, watch->probe);
        curl_easy_cleanup(watch->probe);
        watch->probe = NULL;
    }
}

/* False: the stream has ended, or its member does not answer. */
static bool etcd_watch_goes_on(struct etcd_watch *watch)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(watch->multi, &left))) {
        if (message->easy_handle != watch->probe ||
            message->data.result != CURLE_OK) {
            return false;
        }
        etcd_watch_probe_end(watch);
        watch->heard = g_get_monotonic_time();
    }
    return !watch->broken;
}

static void etcd_watch_stream(struct etcd_watch *watch)
{
    struct store_etcd *store = (struct store_etcd *)watch->base.store;
    g_autofree char *request = etcd_watch_request(watch);
    struct curl_slist *headers = curl_slist_append(
        NULL, "Grpc-Metadata-hasleader: true");
    CURL *curl = etcd_handle(store);
    int running;

    watch->broken = false;
    watch->heard = g_get_monotonic_time();
    g_string_truncate(watch->line, 0);
    etcd_handle_set(store, curl, watch->url, "/v3/watch");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, etcd_watch_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, watch);
    curl_multi_add_handle(watch->multi, curl);
    while (!etcd_watch_is_over(watch) &&
           !curl_multi_perform(watch->multi, &running) &&
           etcd_watch_goes_on(watch)) {
        etcd_watch_probe(watch);
        curl_multi_poll(watch->multi, NULL, 0, STILL_MS, NULL);
    }
    etcd_watch_probe_end(watch);
    curl_multi_remove_handle(watch->multi, curl);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
}

static char *etcd_watch_probe_request(const char *prefix)
{
    struct json_object *request = json_object_new_object();
    g_autofree char *key = g_strconcat(prefix, "probe", NULL);
    char *text;

    etcd_put_bytes(request, "key", key);
    text = g_strdup(json_object_to_json_string_ext(request,
                                                   JSON_C_TO_STRING_PLAIN));
    json_object_put(request);
    return text;
}

static void *etcd_watch_run(void *opaque)
{
    struct etcd_watch *watch = opaque;
    struct store_etcd *store = (struct store_etcd *)watch->base.store;

    while (!etcd_watch_is_over(watch)) {
        etcd_watch_stream(watch);
        watch->url = (watch->url + 1) % g_strv_length(store->urls);
        if (!etcd_watch_is_over(watch)) {
            curl_multi_poll(watch->multi, NULL, 0, PAUSE_MS, NULL);
        }
    }
    return NULL;
}

struct store_watch *store_etcd_watch_begin(
    struct store *base, const char *prefix, uint64_t rev, store_watch_fn fn,
    void *opaque, GError **error)
{
    struct store_etcd *store = (struct store_etcd *)base;
    struct etcd_watch *watch = g_new0(struct etcd_watch, 1);

    watch->base.store = base;
    watch->multi = curl_multi_init();
    watch->prefix = g_strdup(prefix);
    watch->rev = rev;
    watch->fn = fn;
    watch->opaque = opaque;
    watch->line = g_string_new(NULL);
    watch->probe_request = etcd_watch_probe_request(prefix);
    watch->url = __atomic_load_n(&store->at, __ATOMIC_RELAXED);
    watch->thread = g_thread_new("fmd-watch", etcd_watch_run, watch);
    return &watch->base;
}

void store_etcd_watch_end(struct store_watch *base)
{
    struct etcd_watch *watch = (struct etcd_watch *)base;

    __atomic_store_n(&watch->ended, true, __ATOMIC_RELEASE);
    curl_multi_wakeup(watch->multi);
    g_thread_join(watch->thread);
    curl_multi_cleanup(watch->multi);
    g_string_free(watch->line, true);
    g_free(watch->probe_request);
    g_free(watch->prefix);
    g_free(watch);
}
