/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the wishes and their status are kept: five calls, two implementations
 *
 * A store is a set of keys with text values. Every change of the set gets the
 * next number, the revision; a key remembers the revision that created it and
 * the one that changed it last. A key may hang on a lease: it goes when the
 * lease lapses, that is when nobody kept it alive for its time.
 *
 * All calls may be made by any thread. Those that fail return false and set
 * @error, whose domain is STORE_ERROR; its message is for the person who must
 * act.
 */
#ifndef CXL_FMD_STORE_H
#define CXL_FMD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

enum store_error {
    STORE_ERROR_CONFLICT,         /* a compare does not hold; nothing changed */
    STORE_ERROR_UNAVAILABLE,      /* not now: no quorum, no connection, busy;
                                     nothing changed */
    STORE_ERROR_UNKNOWN,          /* it may have been changed: read again */
    STORE_ERROR_FULL,             /* no room on the disk; nothing changed */
    STORE_ERROR_COMPACTED,        /* the past that was asked for is gone */
    STORE_ERROR_NO_LEASE,         /* it lapsed, or there never was one */
    STORE_ERROR_INVALID,          /* an argument, or the address, is wrong */
    STORE_ERROR_BROKEN,           /* what is stored makes no sense */
};
#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);

#define STORE_KEY_MAX   512       /* bytes */
#define STORE_VALUE_MAX (1 << 20) /* bytes */
#define STORE_TXN_MAX   128       /* compares, and changes, of one */

struct store;

struct store_entry {
    char *key;
    char *value;                  /* JSON text; NULL in a deletion */
    uint64_t create_rev;          /* 0 in a deletion */
    uint64_t mod_rev;
    int64_t lease;                /* 0: none */
};

void store_entry_free(struct store_entry *entry);
struct store_entry *store_entry_copy(const struct store_entry *entry);

/*
 * "sqlite:PATH" or "etcd:URL,URL..."; opens, and creates what is not there. An
 * etcd that does not answer is no error here: calls say so.
 */
struct store *store_open(const char *address, GError **error);
/* All watches have ended. Takes NULL. */
void store_close(struct store *store);
/* As it was opened; for people. Owned by @store. */
const char *store_address(const struct store *store);

/*
 * 1. All keys that begin with @prefix, in their order, as they are at one
 * moment: (*ret_entries) of struct store_entry *, freed with
 * g_ptr_array_unref(); *ret_rev is the store's revision at that moment.
 */
bool store_range(struct store *store, const char *prefix,
                 GPtrArray **ret_entries, uint64_t *ret_rev, GError **error);

enum store_compare {
    STORE_IF_ABSENT,              /* the key is not there */
    STORE_IF_CREATED,             /* it is there, its create_rev is @rev */
    STORE_IF_MODIFIED,            /* it is there, its mod_rev is @rev */
};

struct store_cmp {
    enum store_compare compare;
    const char *key;
    uint64_t rev;
};

struct store_op {
    const char *key;
    const char *value;            /* NULL: delete; deleting nothing is fine */
    int64_t lease;                /* of a put; 0: none */
};

/*
 * 2. If all compares hold, make all changes as one, and keep them: what was
 * answered with success survives a crash. CONFLICT otherwise. No key may be
 * changed twice in one transaction. *ret_rev (may be NULL) is the revision of
 * the changes.
 */
bool store_txn(struct store *store, const struct store_cmp *compares,
               size_t compare_count, const struct store_op *ops,
               size_t op_count, uint64_t *ret_rev, GError **error);

/*
 * What a watch tells: changes in the order of their revisions, those of one
 * revision together. @entries NULL: changes were missed (compaction, a store
 * that was replaced): read the range anew; the watch goes on after @rev.
 */
typedef void (*store_watch_fn)(struct store *store, uint64_t rev,
                               const GPtrArray *entries, void *opaque);
struct store_watch;

/*
 * 3. Call @fn, from a thread of the watch, for each change after @rev of keys
 * that begin with @prefix, whoever made it. Goes on by itself when the store
 * comes back. End waits for a call that is under way.
 */
struct store_watch *store_watch_begin(struct store *store, const char *prefix,
                                      uint64_t rev, store_watch_fn fn,
                                      void *opaque, GError **error);
void store_watch_end(struct store_watch *watch);

/* 4. A lease of @ttl seconds, at least 1. */
bool store_lease_grant(struct store *store, unsigned ttl, int64_t *ret_lease,
                       GError **error);
/*
 * 5. It lives @ttl seconds more from some moment after this call began.
 * NO_LEASE when it has lapsed.
 */
bool store_lease_keep_alive(struct store *store, int64_t lease, GError **error);

#endif /* CXL_FMD_STORE_H */
