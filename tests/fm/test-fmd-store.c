/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's five calls, the same for every implementation
 *
 *   test-fmd-store ADDRESS [--tap]
 *
 * ADDRESS as in the daemon's configuration; the store may have other keys.
 */
#include <string.h>
#include "store.h"

#define PREFIX "/store-test/"

static const char *address;

typedef struct Bench {
    struct store *store;
    GMutex lock;
    GCond more;
    GPtrArray *told;              /* struct store_entry of watches */
    unsigned missed;
} Bench;

static void put(struct store *store, const char *key, const char *value,
                int64_t lease, uint64_t *ret_rev)
{
    g_autoptr(GError) error = NULL;

    store_txn(store, NULL, 0, &(struct store_op) { key, value, lease }, 1,
              ret_rev, &error);
    g_assert_no_error(error);
}

static GPtrArray *range(struct store *store, const char *prefix,
                        uint64_t *ret_rev)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *entries = NULL;

    store_range(store, prefix, &entries, ret_rev, &error);
    g_assert_no_error(error);
    return entries;
}

static void begin(Bench *b, const void *unused)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) old = NULL;
    unsigned i;

    b->store = store_open(address, &error);
    g_assert_no_error(error);
    b->told = g_ptr_array_new_with_free_func((GDestroyNotify)store_entry_free);
    g_mutex_init(&b->lock);
    g_cond_init(&b->more);
    old = range(b->store, PREFIX, NULL);
    for (i = 0; i < old->len; i++) {
        put(b->store, ((struct store_entry *)old->pdata[i])->key, NULL, 0,
            NULL);
    }
}

static void end(Bench *b, const void *unused)
{
    store_close(b->store);
    g_ptr_array_unref(b->told);
    g_mutex_clear(&b->lock);
    g_cond_clear(&b->more);
}

static void check(const GPtrArray *entries, unsigned at, const char *key,
                  const char *value)
{
    const struct store_entry *entry = entries->pdata[at];

    g_assert_cmpstr(entry->key, ==, key);
    g_assert_cmpstr(entry->value, ==, value);
}

/* --- Ranges --- */

static void test_range(Bench *b, const void *unused)
{
    g_autoptr(GPtrArray) none = range(b->store, PREFIX, NULL);
    g_autoptr(GPtrArray) some = NULL;
    const struct store_entry *entry;
    uint64_t one, two, again, rev;

    g_assert_cmpuint(none->len, ==, 0);
    put(b->store, PREFIX "b", "2", 0, &two);
    put(b->store, PREFIX "a/x", "\"\xc3\xa4 \\n ' %\"", 0, &one);
    put(b->store, PREFIX "b", "3", 0, &again);
    put(b->store, "/store-tesu", "out", 0, NULL);
    put(b->store, "/store-tesu", NULL, 0, &rev);
    g_assert_cmpuint(one, >, two);
    some = range(b->store, PREFIX, &rev);
    g_assert_cmpuint(some->len, ==, 2);
    check(some, 0, PREFIX "a/x", "\"\xc3\xa4 \\n ' %\"");
    check(some, 1, PREFIX "b", "3");
    entry = some->pdata[1];
    g_assert_cmpuint(entry->create_rev, ==, two);
    g_assert_cmpuint(entry->mod_rev, ==, again);
    g_assert_cmpuint(rev, >=, again);
}

/* --- Transactions --- */

static void expect(struct store *store, const struct store_cmp *compares,
                   size_t count, const struct store_op *ops, size_t op_count,
                   int code)
{
    g_autoptr(GError) error = NULL;
    bool ok = store_txn(store, compares, count, ops, op_count, NULL, &error);

    if (code < 0) {
        g_assert_no_error(error);
        g_assert_true(ok);
    } else {
        g_assert_false(ok);
        g_assert_error(error, STORE_ERROR, code);
    }
}

static void test_compare(Bench *b, const void *unused)
{
    const char *key = PREFIX "k", *other = PREFIX "o";
    const struct store_op op[] = { { key, "1", 0 }, { other, "1", 0 } };
    struct store_cmp cmp = { STORE_IF_ABSENT, key, 0 };
    g_autoptr(GPtrArray) list = NULL;
    const struct store_entry *entry;

    expect(b->store, &cmp, 1, op, 1, -1);
    expect(b->store, &cmp, 1, op, 2, STORE_ERROR_CONFLICT);
    list = range(b->store, PREFIX, NULL);
    g_assert_cmpuint(list->len, ==, 1);
    entry = list->pdata[0];
    cmp = (struct store_cmp) { STORE_IF_MODIFIED, key, entry->mod_rev };
    expect(b->store, &cmp, 1, op, 2, -1);
    expect(b->store, &cmp, 1, op, 2, STORE_ERROR_CONFLICT);
    cmp = (struct store_cmp) { STORE_IF_CREATED, key, entry->create_rev };
    expect(b->store, &cmp, 1, op, 2, -1);
    /* What was deleted and made again is another. */
    put(b->store, key, NULL, 0, NULL);
    expect(b->store, &cmp, 1, op, 2, STORE_ERROR_CONFLICT);
    put(b->store, key, "1", 0, NULL);
    expect(b->store, &cmp, 1, op, 2, STORE_ERROR_CONFLICT);
    /* Nothing that is not there is at revision 0. */
    cmp = (struct store_cmp) { STORE_IF_MODIFIED, PREFIX "none", 0 };
    expect(b->store, &cmp, 1, op, 2, STORE_ERROR_CONFLICT);
    cmp.compare = STORE_IF_CREATED;
    expect(b->store, &cmp, 1, NULL, 0, STORE_ERROR_CONFLICT);
    expect(b->store, NULL, 0, NULL, 0, -1);
}

static void test_wrong(Bench *b, const void *unused)
{
    g_autofree char *large = g_strnfill(STORE_VALUE_MAX + 1, 'x');
    g_autofree char *key = g_strnfill(STORE_KEY_MAX + 1, 'k');
    const struct store_op twice[] = { { PREFIX "k", "1", 0 },
                                      { PREFIX "k", NULL, 0 } };
    g_autofree struct store_op *many = g_new0(struct store_op,
                                              STORE_TXN_MAX + 1);

    expect(b->store, NULL, 0, twice, 2, STORE_ERROR_INVALID);
    expect(b->store, NULL, 0, &(struct store_op) { key, "1", 0 }, 1,
           STORE_ERROR_INVALID);
    expect(b->store, NULL, 0, &(struct store_op) { "", "1", 0 }, 1,
           STORE_ERROR_INVALID);
    expect(b->store, NULL, 0, &(struct store_op) { PREFIX "k", large, 0 }, 1,
           STORE_ERROR_INVALID);
    expect(b->store, NULL, 0, &(struct store_op) { PREFIX "k", "\xff", 0 }, 1,
           STORE_ERROR_INVALID);
    expect(b->store, NULL, 0, many, STORE_TXN_MAX + 1, STORE_ERROR_INVALID);
    large[STORE_VALUE_MAX] = '\0';
    expect(b->store, NULL, 0, &(struct store_op) { PREFIX "k", large, 0 }, 1,
           -1);
}

/* --- Many at once --- */

#define RACERS 4
#define LAPS   25

static void *race(void *opaque)
{
    struct store *store = opaque;
    unsigned i = 0;

    while (i < LAPS) {
        g_autoptr(GPtrArray) list = range(store, PREFIX "count", NULL);
        const struct store_entry *entry = list->len ? list->pdata[0] : NULL;
        g_autofree char *value = g_strdup_printf(
            "%d", entry ? atoi(entry->value) + 1 : 1);
        const struct store_cmp cmp = {
            entry ? STORE_IF_MODIFIED : STORE_IF_ABSENT, PREFIX "count",
            entry ? entry->mod_rev : 0,
        };
        g_autoptr(GError) error = NULL;

        if (store_txn(store, &cmp, 1, &(struct store_op) { PREFIX "count",
                      value, 0 }, 1, NULL, &error)) {
            i++;
        } else {
            g_assert_error(error, STORE_ERROR, STORE_ERROR_CONFLICT);
        }
    }
    return NULL;
}

static void test_race(Bench *b, const void *unused)
{
    /* Two handles, as two processes have them */
    struct store *other = store_open(address, NULL);
    GThread *threads[RACERS];
    g_autoptr(GPtrArray) list = NULL;
    g_autofree char *all = g_strdup_printf("%d", RACERS * LAPS);
    unsigned i;

    for (i = 0; i < RACERS; i++) {
        threads[i] = g_thread_new("race", race, i % 2 ? other : b->store);
    }
    for (i = 0; i < RACERS; i++) {
        g_thread_join(threads[i]);
    }
    list = range(b->store, PREFIX "count", NULL);
    check(list, 0, PREFIX "count", all);
    store_close(other);
}

/* --- Watches --- */

static void heard(struct store *store, uint64_t rev, const GPtrArray *entries,
                  void *opaque)
{
    Bench *b = opaque;
    unsigned i;

    g_mutex_lock(&b->lock);
    b->missed += !entries;
    for (i = 0; entries && i < entries->len; i++) {
        const struct store_entry *entry = entries->pdata[i];

        g_assert_cmpuint(entry->mod_rev, ==, rev);
        g_ptr_array_add(b->told, store_entry_copy(entry));
    }
    g_cond_broadcast(&b->more);
    g_mutex_unlock(&b->lock);
}

static void wait_told(Bench *b, unsigned count)
{
    int64_t limit = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    g_mutex_lock(&b->lock);
    while (b->told->len < count &&
           g_cond_wait_until(&b->more, &b->lock, limit)) {
        continue;
    }
    g_assert_cmpuint(b->told->len, ==, count);
    g_mutex_unlock(&b->lock);
}

static void test_watch(Bench *b, const void *unused)
{
    struct store *other = store_open(address, NULL);
    const struct store_op both[] = { { PREFIX "w/1", "1", 0 },
                                     { PREFIX "w/2", "2", 0 } };
    struct store_watch *watch;
    uint64_t before, first;

    put(b->store, PREFIX "w/0", "0", 0, &before);
    put(b->store, PREFIX "w/0", "1", 0, &first);
    watch = store_watch_begin(b->store, PREFIX "w/", before, heard, b, NULL);
    wait_told(b, 1);
    check(b->told, 0, PREFIX "w/0", "1");
    expect(other, NULL, 0, both, 2, -1);
    put(b->store, PREFIX "v", "not here", 0, NULL);
    put(other, PREFIX "w/1", NULL, 0, NULL);
    wait_told(b, 4);
    check(b->told, 1, PREFIX "w/1", "1");
    check(b->told, 2, PREFIX "w/2", "2");
    check(b->told, 3, PREFIX "w/1", NULL);
    store_watch_end(watch);
    g_assert_cmpuint(b->missed, ==, 0);
    store_close(other);
}

static void test_watch_ends(Bench *b, const void *unused)
{
    int64_t begun = g_get_monotonic_time();
    unsigned i;

    for (i = 0; i < 10; i++) {
        store_watch_end(store_watch_begin(b->store, PREFIX, 0, heard, b,
                                          NULL));
    }
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 5 * G_USEC_PER_SEC);
}

/* --- Leases --- */

static void test_lease(Bench *b, const void *unused)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) there = NULL, gone = NULL;
    struct store_watch *watch;
    int64_t lease, begun = g_get_monotonic_time();
    uint64_t rev;
    unsigned i;

    g_assert_true(store_lease_grant(b->store, 2, &lease, &error));
    put(b->store, PREFIX "l", "mine", lease, &rev);
    watch = store_watch_begin(b->store, PREFIX "l", rev, heard, b, NULL);
    for (i = 0; i < 6; i++) {
        g_usleep(G_USEC_PER_SEC / 2);
        store_lease_keep_alive(b->store, lease, &error);
        g_assert_no_error(error);
    }
    there = range(b->store, PREFIX "l", NULL);
    g_assert_cmpuint(there->len, ==, 1);
    g_assert_cmpint(((struct store_entry *)there->pdata[0])->lease, ==, lease);
    begun = g_get_monotonic_time();
    wait_told(b, 1);
    check(b->told, 0, PREFIX "l", NULL);
    g_assert_cmpint(g_get_monotonic_time() - begun, >, G_USEC_PER_SEC);
    gone = range(b->store, PREFIX "l", NULL);
    g_assert_cmpuint(gone->len, ==, 0);
    g_assert_false(store_lease_keep_alive(b->store, lease, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_NO_LEASE);
    expect(b->store, NULL, 0, &(struct store_op) { PREFIX "l", "1", lease }, 1,
           STORE_ERROR_NO_LEASE);
    store_watch_end(watch);
}

/* A key that is put anew without the lease stays. */
static void test_lease_left(Bench *b, const void *unused)
{
    g_autoptr(GPtrArray) list = NULL;
    int64_t lease;

    g_assert_true(store_lease_grant(b->store, 1, &lease, NULL));
    put(b->store, PREFIX "l", "1", lease, NULL);
    put(b->store, PREFIX "l", "2", 0, NULL);
    g_usleep(2500000);
    list = range(b->store, PREFIX "l", NULL);
    g_assert_cmpuint(list->len, ==, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(Bench *b, const void *unused);
    } tests[] = {
        { "/store/range", test_range },
        { "/store/txn/compare", test_compare },
        { "/store/txn/wrong", test_wrong },
        { "/store/txn/race", test_race },
        { "/store/watch/order", test_watch },
        { "/store/watch/ends", test_watch_ends },
        { "/store/lease/lapses", test_lease },
        { "/store/lease/left", test_lease_left },
    };
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    if (argc != 2) {
        g_printerr("usage: test-fmd-store ADDRESS\n");
        return 2;
    }
    address = argv[1];
    for (i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].name, Bench, NULL, begin, tests[i].fn, end);
    }
    return g_test_run();
}
