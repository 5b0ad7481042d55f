/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is, as one request sees it: everything is read once, when it is
 * asked for first. What is returned is the view's.
 */
#ifndef FMD_REDFISH_VIEW_H
#define FMD_REDFISH_VIEW_H

#include "fmd.h"
#include "http.h"

typedef struct RedfishView {
    HttpRequest *request;
    struct fmd *fmd;
    struct json_object *pools, *hosts, *claims; /* arrays; NULL: not read */
    GHashTable *pool_of;          /* UUID: of @pools */
    GHashTable *host_of, *host_named; /* UUID, name: of @hosts */
    GHashTable *heads;            /* pool's UUID: GPtrArray of its @hosts */
    GHashTable *place_of;         /* host's UUID: pool's UUID */
    GHashTable *claim_of;         /* UUID: of @claims */
    GHashTable *some;             /* UUID: read while there was no @claims */
    GHashTable *lives;            /* pool's UUID: what its owner sees */
} RedfishView;

void redfish_view_begin(RedfishView *view, HttpRequest *request);
void redfish_view_end(RedfishView *view);

struct json_object *redfish_pools(RedfishView *view);
struct json_object *redfish_hosts(RedfishView *view);
struct json_object *redfish_claims(RedfishView *view);
/* NULL: there is none */
struct json_object *redfish_pool(RedfishView *view, const char *uuid);
struct json_object *redfish_region(RedfishView *view, const char *pool,
                                   const char *index);
struct json_object *redfish_claim(RedfishView *view, const char *uuid);
/* By its name */
struct json_object *redfish_host(RedfishView *view, const char *name);
/* By its UUID, or by its name */
struct json_object *redfish_host_named(RedfishView *view, const char *word);

/* Where it is, or shall be: UUID of a pool; "" */
const char *redfish_claim_pool(struct json_object *claim);
/* "Bound"; "Pending" without status */
const char *redfish_claim_phase(struct json_object *claim);
/*
 * Hosts of a claim, the first first, of struct json_object *; for
 * g_ptr_array_unref().
 */
GPtrArray *redfish_claim_hosts(RedfishView *view, struct json_object *claim);
/* The pool that a host is a head of: its UUID; "" */
const char *redfish_host_pool(RedfishView *view, struct json_object *host);
/* Hosts that are heads of @pool, in the order of all of them; the view's */
const GPtrArray *redfish_pool_hosts(RedfishView *view, const char *pool);

typedef struct RedfishExtent {
    const char *tag;              /* "" */
    const char *state;
    uint64_t offset, length;
    bool shared;
} RedfishExtent;

/* Of @host in @pool and @region; for g_array_unref() */
GArray *redfish_extents(RedfishView *view, const char *pool, const char *host,
                        uint64_t region);
/* Bytes that @host has of @pool, alone or with others, or is giving back */
uint64_t redfish_owned(RedfishView *view, struct json_object *pool,
                       struct json_object *host);

#endif /* FMD_REDFISH_VIEW_H */
