/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store's calls: arguments are checked here, for all implementations */
#include <string.h>
#include "store-ops.h"

static const struct {
    const char *prefix;
    const struct store_ops *ops;
} kinds[] = {
    { "sqlite:", &store_sqlite_ops },
#ifdef FMD_HAVE_ETCD
    { "etcd:", &store_etcd_ops },
#endif
};

struct store *store_open(const char *address, GError **error)
{
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(address, kinds[i].prefix)) {
            struct store *store = kinds[i].ops->open(
                address + strlen(kinds[i].prefix), error);

            if (store) {
                store->ops = kinds[i].ops;
                store->address = g_strdup(address);
            }
            return store;
        }
    }
    store_fail(error, STORE_ERROR_INVALID, "store \"%s\" is none: it is "
               "sqlite:PATH or etcd:URL,URL...", address);
    return NULL;
}

void store_close(struct store *store)
{
    if (store) {
        g_free(store->address);
        store->ops->close(store);
    }
}

const char *store_address(const struct store *store)
{
    return store->address;
}

static bool store_key_is_good(const char *key, GError **error)
{
    size_t len = key ? strlen(key) : 0;

    if (!len || len > STORE_KEY_MAX || !g_utf8_validate(key, len, NULL)) {
        return store_fail(error, STORE_ERROR_INVALID, "a key must be UTF-8 of "
                          "1 to %d bytes, one has %zu", STORE_KEY_MAX, len);
    }
    return true;
}

bool store_range(struct store *store, const char *prefix,
                 GPtrArray **ret_entries, uint64_t *ret_rev, GError **error)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(
        (GDestroyNotify)store_entry_free);
    uint64_t rev;

    if (!store->ops->range(store, prefix, entries, &rev, error)) {
        return false;
    }
    *ret_entries = g_steal_pointer(&entries);
    if (ret_rev) {
        *ret_rev = rev;
    }
    return true;
}

static bool store_op_is_good(const struct store_op *op, GError **error)
{
    if (!store_key_is_good(op->key, error)) {
        return false;
    }
    if (op->value && strlen(op->value) > STORE_VALUE_MAX) {
        return store_fail(error, STORE_ERROR_INVALID, "the value of %s has "
                          "%zu bytes, %d are allowed", op->key,
                          strlen(op->value), STORE_VALUE_MAX);
    }
    if (op->value && !g_utf8_validate(op->value, -1, NULL)) {
        return store_fail(error, STORE_ERROR_INVALID, "the value of %s is not "
                          "UTF-8", op->key);
    }
    if (!op->value && op->lease) {
        return store_fail(error, STORE_ERROR_INVALID, "%s is deleted and "
                          "leased at once", op->key);
    }
    return true;
}

bool store_txn(struct store *store, const struct store_cmp *compares,
               size_t compare_count, const struct store_op *ops,
               size_t op_count, uint64_t *ret_rev, GError **error)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
    uint64_t rev;
    size_t i;

    if (compare_count > STORE_TXN_MAX || op_count > STORE_TXN_MAX) {
        return store_fail(error, STORE_ERROR_INVALID, "a transaction has %zu "
                          "compares and %zu changes, %d are allowed",
                          compare_count, op_count, STORE_TXN_MAX);
    }
    for (i = 0; i < compare_count; i++) {
        if (!store_key_is_good(compares[i].key, error)) {
            return false;
        }
    }
    for (i = 0; i < op_count; i++) {
        if (!store_op_is_good(&ops[i], error)) {
            return false;
        }
        if (!g_hash_table_add(keys, (char *)ops[i].key)) {
            return store_fail(error, STORE_ERROR_INVALID, "%s is changed twice "
                              "in one transaction", ops[i].key);
        }
    }
    if (!store->ops->txn(store, compares, compare_count, ops, op_count, &rev,
                         error)) {
        return false;
    }
    if (ret_rev) {
        *ret_rev = rev;
    }
    return true;
}

struct store_watch *store_watch_begin(struct store *store, const char *prefix,
                                      uint64_t rev, store_watch_fn fn,
                                      void *opaque, GError **error)
{
    return store->ops->watch_begin(store, prefix, rev, fn, opaque, error);
}

void store_watch_end(struct store_watch *watch)
{
    if (watch) {
        watch->store->ops->watch_end(watch);
    }
}

bool store_lease_grant(struct store *store, unsigned ttl, int64_t *ret_lease,
                       GError **error)
{
    if (!ttl || ttl > 24 * 3600) {
        return store_fail(error, STORE_ERROR_INVALID, "a lease of %u seconds "
                          "cannot be had: 1 to 86400", ttl);
    }
    return store->ops->lease_grant(store, ttl, ret_lease, error);
}

bool store_lease_keep_alive(struct store *store, int64_t lease, GError **error)
{
    return store->ops->lease_keep_alive(store, lease, error);
}
