/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fabric manager as a service: what its faces (HTTP) may ask of its core
 *
 * All of it may be called by any thread. JSON objects that are returned are the
 * caller's (json_object_put()) and shared with nobody. Errors: FMD_ERROR of
 * model.h, with a sentence for people.
 */
#ifndef CXL_FMD_FMD_H
#define CXL_FMD_FMD_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <json-c/json.h>
#include "fmd-config.h"
#include "fmd-count.h"
#include "model.h"
#include "store.h"

struct fmd;
struct cxlfm;

/* Opens the store, starts the threads; monitors are reached in their time. */
struct fmd *fmd_start(const struct fmd_config *config, GError **error);
/* Gives up the leases; what is bound stays bound. Takes NULL. */
void fmd_stop(struct fmd *fmd);

/* The hosts of @config are those of the configuration now. */
void fmd_reload(struct fmd *fmd, const struct fmd_config *config);

const struct fmd_config *fmd_config(const struct fmd *fmd);
struct store *fmd_store(struct fmd *fmd);

/*
 * --- What is wished ---
 *
 * @text is what the client sent, at most STORE_VALUE_MAX bytes, NUL-terminated.
 * @if_rev: 0, or the revision the thing must have (412 otherwise). Putting what
 * is there already succeeds and changes nothing. *ret_rev: its revision.
 * When they succeed, it is stored, and the reads below show it. @who makes it,
 * for the limit of each. TOO_MANY: of a moment, so that who puts several at once
 * may have a few more.
 */
bool fmd_claim_put(struct fmd *fmd, const char *who, const char *uuid,
                   const char *text, uint64_t if_rev, bool *ret_created,
                   uint64_t *ret_rev, GError **error);
/* Marks it; it leaves when its tag is nowhere. */
bool fmd_claim_delete(struct fmd *fmd, const char *uuid, uint64_t if_rev,
                      uint64_t *ret_rev, GError **error);
/* Who has a claim with a lease is still there. */
bool fmd_claim_renew(struct fmd *fmd, const char *uuid, uint64_t if_rev,
                     uint64_t *ret_rev, GError **error);
/*
 * @fn tells how long (us) the oldest call has waited that was not passed on to
 * us yet; NULL: nobody can ask. It may be a renewal: while that is long, no
 * lease ends. Called by any thread, without waiting in it.
 */
void fmd_waited_from(struct fmd *fmd, int64_t (*fn)(void *opaque),
                     void *opaque);
bool fmd_host_put(struct fmd *fmd, const char *uuid, const char *text,
                  uint64_t if_rev, bool *ret_created, uint64_t *ret_rev,
                  GError **error);
/* Refused while claims are for it, or one it was placed at is there. */
bool fmd_host_delete(struct fmd *fmd, const char *uuid, uint64_t if_rev,
                     uint64_t *ret_rev, GError **error);

/*
 * --- What there is ---
 *
 * From a copy of the store that follows it: also without quorum, and then as
 * old as *ret_stale says (ms; 0: as new as it can be; may be NULL).
 *
 * An object is the value in the store, with "uuid", "revision", and
 *   claims  "status": what the owner wrote, or null
 *   hosts   "alive": what the agent wrote, or null; "owned", "offered",
 *           "releasing", "untagged": bytes, or null when not known here;
 *           "reachable": true or false, as the daemon of its machine says;
 *           "error": what its monitor said; "head"
 *           "lives": how often its monitor was reached since we began
 *           "pressure_now": percent, "pressure_error": text; see pressure.h
 *   pools   "owner": the owner, or null; "epoch"; "mine": acted on by this one
 */
struct json_object *fmd_claim_list(struct fmd *fmd, uint64_t *ret_rev,
                                   int64_t *ret_stale);
struct json_object *fmd_host_list(struct fmd *fmd, uint64_t *ret_rev,
                                  int64_t *ret_stale);
struct json_object *fmd_pool_list(struct fmd *fmd, uint64_t *ret_rev,
                                  int64_t *ret_stale);
/* One of them; @kind is "claims", "hosts" or "pools". NOT_FOUND. */
struct json_object *fmd_get(struct fmd *fmd, const char *kind,
                            const char *uuid, uint64_t *ret_rev,
                            GError **error);

/*
 * The devices of a pool of this daemon as they were seen last: the pool's
 * members, "seen" (ms ago), "hosts" [{uuid, name, head, reachable, alive,
 * error}], "extents" [{host, head, region, offset, length, state, tag ("" for
 * none), claim (UUID or null), shared}], "orphans" [{tag, host, bytes}].
 * NOT_FOUND for a pool of another machine: ask its owner's url.
 */
struct json_object *fmd_pool_live(struct fmd *fmd, const char *uuid,
                                  GError **error);
/* Of all pools of this daemon: [{pool, tag, host, bytes}] */
struct json_object *fmd_orphans(struct fmd *fmd);
/* How short of memory hosts are, as is known: [{host, name, percent}] */
struct json_object *fmd_pressures(struct fmd *fmd);

/*
 * --- What happened ---
 *
 * Events with an id above @after, oldest first, at most @max: (*ret) of struct
 * fmd_event *, maybe empty.
 * *ret_lost: some after @after are not kept any more. Ids grow over restarts.
 */
void fmd_events(struct fmd *fmd, uint64_t after, unsigned max,
                GPtrArray **ret, bool *ret_lost);
uint64_t fmd_events_last(struct fmd *fmd);
/*
 * Have @fn called, by any thread and without waiting in it, when there are new
 * events. One at a time; NULL: nobody.
 */
void fmd_events_notify(struct fmd *fmd, void (*fn)(void *opaque),
                       void *opaque);

/*
 * --- Devices by hand ---
 *
 * What cxl-fm does through the daemon (fmd:PATH). [{"id", "name", "path" (QOM),
 * "host": UUID, "host_name", "fmapi", "extent_limit" (of a request; 0: none)}]
 * of the monitors that are reached now; "id" is a word of [A-Za-z0-9._-] that
 * stays while the daemon knows the host.
 */
struct json_object *fmd_device_list(struct fmd *fmd);
/*
 * Call @fn with the connection that leads to device @id while nobody else uses
 * it; waits up to @timeout ms for its turn. It returns an error of the library,
 * 0, or 1 when it changed something: then the pool's owner looks at once. After
 * an error that speaks of a broken line nobody gets the device until that owner
 * has reached it again, so that those who wait do not each wait for it. Events that libcxlfm tells
 * of a device come as events of kind "device", whose data has the members of
 * cxl-fm watch --json with "id" for "device" and "address".
 * NOT_FOUND, UNAVAILABLE (@fn was not called).
 */
typedef int (*fmd_device_fn)(struct cxlfm *fm, size_t device, void *opaque);
bool fmd_device_call(struct fmd *fmd, const char *id, unsigned timeout,
                     fmd_device_fn fn, void *opaque, GError **error);

/* --- How it does --- */

/* @act: enum fmd_act for the first two, else 0 */
uint64_t fmd_counter(struct fmd *fmd, enum fmd_counter counter, unsigned act);

/* Claims of each phase; those without status are Pending. */
void fmd_phases(struct fmd *fmd, uint64_t ret[FMD_PHASE_MAX]);

/*
 * {"ok", "store": {"address", "ok", "stale_ms", "error"}, "pools": [{"uuid",
 * "mine", "epoch", "error"}], "hosts": {"known", "reachable"}, "orphans",
 * "not_bound", "placer": bool}. *ret_live: its threads move on (/healthz);
 * *ret_ready: the store answers and was read (/readyz).
 */
struct json_object *fmd_health(struct fmd *fmd, bool *ret_live,
                               bool *ret_ready);
/* The same two at once, however many claims there are */
void fmd_is_live(struct fmd *fmd, bool *ret_live, bool *ret_ready);

#endif /* CXL_FMD_FMD_H */
