/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an implementation of the store must be able to do; see store.h */
#ifndef CXL_FMD_STORE_OPS_H
#define CXL_FMD_STORE_OPS_H

#include "store.h"

struct store_ops {
    /* @rest: the address after its prefix */
    struct store *(*open)(const char *rest, GError **error);
    void (*close)(struct store *store);
    bool (*range)(struct store *store, const char *prefix,
                  GPtrArray *fill, uint64_t *ret_rev, GError **error);
    bool (*txn)(struct store *store, const struct store_cmp *compares,
                size_t compare_count, const struct store_op *ops,
                size_t op_count, uint64_t *ret_rev, GError **error);
    struct store_watch *(*watch_begin)(struct store *store, const char *prefix,
                                       uint64_t rev, store_watch_fn fn,
                                       void *opaque, GError **error);
    void (*watch_end)(struct store_watch *watch);
    bool (*lease_grant)(struct store *store, unsigned ttl, int64_t *ret_lease,
                        GError **error);
    bool (*lease_keep_alive)(struct store *store, int64_t lease,
                             GError **error);
};

/* Each implementation's store and watch begin with these. */
struct store {
    const struct store_ops *ops;
    char *address;
};

struct store_watch {
    struct store *store;
};

extern const struct store_ops store_sqlite_ops;
extern const struct store_ops store_etcd_ops;

bool store_fail(GError **error, enum store_error code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* The first key that is behind all that begin with @prefix; NULL: none is */
char *store_prefix_end(const char *prefix);

#endif /* CXL_FMD_STORE_OPS_H */
