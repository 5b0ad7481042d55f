/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store in etcd: what its parts share */
#ifndef CXL_FMD_STORE_ETCD_H
#define CXL_FMD_STORE_ETCD_H

#include <curl/curl.h>
#include <json-c/json.h>
#include "store-ops.h"

struct store_etcd {
    struct store base;
    char **urls;
    char *ca, *cert, *key;        /* of TLS; NULL: the system's, none */
    unsigned at;                  /* atomic: of @urls, the one that answered */
    GMutex lock;
    GQueue idle;                  /* CURL *, with connections that are open */
};

/* What is asked: does it matter whether it was carried out? */
enum etcd_kind { ETCD_READS, ETCD_CHANGES };

/*
 * POST @request (freed) to @path; the answer, an object, or NULL with @error.
 */
struct json_object *etcd_call(struct store_etcd *store, const char *path,
                              struct json_object *request, enum etcd_kind kind,
                              GError **error);
/* A handle set up for @path at the URL number @url */
CURL *etcd_handle(struct store_etcd *store);
void etcd_handle_set(struct store_etcd *store, CURL *curl, unsigned url,
                     const char *path);
/* etcd's error in @answer becomes ours. */
bool etcd_fail(struct json_object *answer, enum etcd_kind kind, GError **error);

void etcd_put_bytes(struct json_object *to, const char *key, const char *text);
void etcd_put_number(struct json_object *to, const char *key, int64_t value);
/* Numbers are texts in etcd's JSON; 0 is not written. */
int64_t etcd_number(struct json_object *from, const char *key);
/* @key and the end of its prefix */
void etcd_put_prefix(struct json_object *to, const char *prefix);
/* An entry of a range or an event; NULL: it makes no sense. */
struct store_entry *etcd_entry(struct json_object *kv, bool deleted);

struct store_watch *store_etcd_watch_begin(
    struct store *base, const char *prefix, uint64_t rev, store_watch_fn fn,
    void *opaque, GError **error);
void store_etcd_watch_end(struct store_watch *watch);

#endif /* CXL_FMD_STORE_ETCD_H */
