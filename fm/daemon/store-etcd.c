/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store in etcd, over its JSON gateway: many machines
 *
 * Revisions, compares and leases are etcd's own.
 */
#include <string.h>
#include "store-etcd.h"

/* --- Opening --- */

/* "URL,URL;ca=FILE;cert=FILE;key=FILE" */
static bool store_etcd_words(struct store_etcd *store, const char *rest,
                             GError **error)
{
    g_auto(GStrv) words = g_strsplit(rest, ";", -1);
    unsigned i;

    store->urls = g_strsplit(words[0] ? words[0] : "", ",", -1);
    for (i = 0; store->urls[i]; i++) {
        size_t len = strlen(store->urls[i]);

        if (!g_str_has_prefix(store->urls[i], "http://") &&
            !g_str_has_prefix(store->urls[i], "https://")) {
            return store_fail(error, STORE_ERROR_INVALID, "etcd: \"%s\" must "
                              "begin with http:// or https://",
                              store->urls[i]);
        }
        if (store->urls[i][len - 1] == '/') {
            store->urls[i][len - 1] = '\0';
        }
    }
    if (!i) {
        return store_fail(error, STORE_ERROR_INVALID, "etcd: needs URLs, with "
                          "commas between them");
    }
    for (i = 1; words[i]; i++) {
        char **to = g_str_has_prefix(words[i], "ca=") ? &store->ca :
                    g_str_has_prefix(words[i], "cert=") ? &store->cert :
                    g_str_has_prefix(words[i], "key=") ? &store->key : NULL;

        if (!to) {
            return store_fail(error, STORE_ERROR_INVALID, "etcd: \"%s\" is "
                              "none of ca=FILE, cert=FILE, key=FILE",
                              words[i]);
        }
        g_free(*to);
        *to = g_strdup(strchr(words[i], '=') + 1);
    }
    return !store->cert == !store->key ||
           store_fail(error, STORE_ERROR_INVALID, "etcd: cert= and key= go "
                      "together");
}

static void store_etcd_close(struct store *base)
{
    struct store_etcd *store = (struct store_etcd *)base;

    g_queue_clear_full(&store->idle, curl_easy_cleanup);
    g_mutex_clear(&store->lock);
    g_strfreev(store->urls);
    g_free(store->ca);
    g_free(store->cert);
    g_free(store->key);
    g_free(store);
}

static struct store *store_etcd_open(const char *rest, GError **error)
{
    struct store_etcd *store = g_new0(struct store_etcd, 1);

    curl_global_init(CURL_GLOBAL_DEFAULT);
    g_mutex_init(&store->lock);
    g_queue_init(&store->idle);
    if (!store_etcd_words(store, rest, error)) {
        store_etcd_close(&store->base);
        return NULL;
    }
    return &store->base;
}

/* --- Calls --- */

static uint64_t store_etcd_revision(struct json_object *answer)
{
    struct json_object *header;

    return json_object_object_get_ex(answer, "header", &header) ?
           etcd_number(header, "revision") : 0;
}

static bool store_etcd_range(struct store *base, const char *prefix,
                             GPtrArray *fill, uint64_t *ret_rev, GError **error)
{
    struct json_object *request = json_object_new_object(), *answer, *list;
    bool ok = true;
    size_t i;

    etcd_put_prefix(request, prefix);
    answer = etcd_call((struct store_etcd *)base, "/v3/kv/range", request,
                       ETCD_READS, error);
    if (!answer) {
        return false;
    }
    *ret_rev = store_etcd_revision(answer);
    if (json_object_object_get_ex(answer, "kvs", &list)) {
        for (i = 0; ok && i < json_object_array_length(list); i++) {
            struct store_entry *entry = etcd_entry(
                json_object_array_get_idx(list, i), false);

            ok = entry || store_fail(error, STORE_ERROR_BROKEN, "etcd: a key "
                                     "or value below %s is no text", prefix);
            if (entry) {
                g_ptr_array_add(fill, entry);
            }
        }
    }
    json_object_put(answer);
    return ok;
}

static struct json_object *store_etcd_compare(const struct store_cmp *cmp)
{
    struct json_object *to = json_object_new_object();
    bool modified = cmp->compare == STORE_IF_MODIFIED;

    etcd_put_bytes(to, "key", cmp->key);
    json_object_object_add(to, "result", json_object_new_string("EQUAL"));
    json_object_object_add(to, "target", json_object_new_string(
        modified ? "MOD" : "CREATE"));
    etcd_put_number(to, modified ? "mod_revision" : "create_revision",
                    cmp->compare == STORE_IF_ABSENT ? 0 : cmp->rev);
    return to;
}

/* Revision 0 means that it is not there, which no such compare may ask. */
static struct json_object *store_etcd_is_there(const struct store_cmp *cmp)
{
    struct json_object *to = json_object_new_object();

    etcd_put_bytes(to, "key", cmp->key);
    json_object_object_add(to, "result", json_object_new_string("GREATER"));
    json_object_object_add(to, "target", json_object_new_string("CREATE"));
    etcd_put_number(to, "create_revision", 0);
    return to;
}

static struct json_object *store_etcd_op(const struct store_op *op)
{
    struct json_object *to = json_object_new_object();
    struct json_object *inner = json_object_new_object();

    etcd_put_bytes(inner, "key", op->key);
    if (op->value) {
        etcd_put_bytes(inner, "value", op->value);
        if (op->lease) {
            etcd_put_number(inner, "lease", op->lease);
        }
    }
    json_object_object_add(to, op->value ? "request_put" :
                           "request_delete_range", inner);
    return to;
}

static bool store_etcd_txn(struct store *base,
                           const struct store_cmp *compares,
                           size_t compare_count, const struct store_op *ops,
                           size_t op_count, uint64_t *ret_rev, GError **error)
{
    struct json_object *request = json_object_new_object(), *answer, *value;
    struct json_object *compare = json_object_new_array();
    struct json_object *success = json_object_new_array();
    bool ok;
    size_t i;

    for (i = 0; i < compare_count; i++) {
        json_object_array_add(compare, compares[i].compare != STORE_IF_ABSENT &&
                              !compares[i].rev ?
                              store_etcd_is_there(&compares[i]) :
                              store_etcd_compare(&compares[i]));
        if (compares[i].compare != STORE_IF_ABSENT && !compares[i].rev) {
            json_object_array_add(compare, store_etcd_compare(&compares[i]));
        }
    }
    for (i = 0; i < op_count; i++) {
        json_object_array_add(success, store_etcd_op(&ops[i]));
    }
    json_object_object_add(request, "compare", compare);
    json_object_object_add(request, "success", success);
    answer = etcd_call((struct store_etcd *)base, "/v3/kv/txn", request,
                       op_count ? ETCD_CHANGES : ETCD_READS, error);
    if (!answer) {
        return false;
    }
    *ret_rev = store_etcd_revision(answer);
    ok = json_object_object_get_ex(answer, "succeeded", &value) &&
         json_object_get_boolean(value);
    json_object_put(answer);
    return ok || store_fail(error, STORE_ERROR_CONFLICT, "what was read has "
                            "been changed by somebody else");
}

/* --- Leases --- */

static bool store_etcd_lease_grant(struct store *base, unsigned ttl,
                                   int64_t *ret_lease, GError **error)
{
    struct json_object *request = json_object_new_object(), *answer;

    etcd_put_number(request, "TTL", ttl);
    answer = etcd_call((struct store_etcd *)base, "/v3/lease/grant", request,
                       ETCD_CHANGES, error);
    if (!answer) {
        return false;
    }
    *ret_lease = etcd_number(answer, "ID");
    json_object_put(answer);
    return *ret_lease || store_fail(error, STORE_ERROR_UNKNOWN, "etcd granted "
                                    "a lease without ID");
}

static bool store_etcd_lease_keep_alive(struct store *base, int64_t lease,
                                        GError **error)
{
    struct json_object *request = json_object_new_object(), *answer, *result;
    GError *inner = NULL;
    bool alive;

    etcd_put_number(request, "ID", lease);
    answer = etcd_call((struct store_etcd *)base, "/v3/lease/keepalive",
                       request, ETCD_READS, &inner);
    if (!answer) {
        g_propagate_error(error, inner);
        return false;
    }
    if (json_object_object_get_ex(answer, "error", &result)) {
        etcd_fail(result, ETCD_READS, error);
        json_object_put(answer);
        return false;
    }
    alive = json_object_object_get_ex(answer, "result", &result) &&
            etcd_number(result, "TTL") > 0;
    json_object_put(answer);
    return alive || store_fail(error, STORE_ERROR_NO_LEASE, "the lease has "
                               "lapsed");
}

const struct store_ops store_etcd_ops = {
    .open = store_etcd_open,
    .close = store_etcd_close,
    .range = store_etcd_range,
    .txn = store_etcd_txn,
    .watch_begin = store_etcd_watch_begin,
    .watch_end = store_etcd_watch_end,
    .lease_grant = store_etcd_lease_grant,
    .lease_keep_alive = store_etcd_lease_keep_alive,
};
