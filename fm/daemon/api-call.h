/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API inside: what its routes share */
#ifndef FMD_API_CALL_H
#define FMD_API_CALL_H

#include "api.h"
#include "http.h"

/* openapi.json, put there by the build */
extern const char fmd_openapi_json[];

struct Api {
    struct fmd *fmd;
    HttpServer *http;
    HttpRoute *routes;            /* all */
    struct Redfish *redfish;
    GMutex lock;                  /* of what follows */
    GHashTable *turns;            /* device -> requests that wait for it */
};

static inline struct fmd *api_fmd(const HttpRequest *request)
{
    return ((Api *)request->opaque)->fmd;
}

/* --- api-answer.c --- */

/* Answer with @error, of FMD_ERROR, and free it. */
void api_answer_error(HttpRequest *request, GError *error);
/* An object at revision @rev; takes over @object. */
void api_answer_object(HttpRequest *request, unsigned status,
                       struct json_object *object, uint64_t rev);
/*
 * {@name: @list, "revision", "stale_ms", "next"}; takes over @list. @next: NULL
 * when it is the last part.
 */
void api_answer_list(HttpRequest *request, const char *name,
                     struct json_object *list, uint64_t rev, int64_t stale,
                     const char *next);
/*
 * The UUID that is segment 0 of the path; false: answered.
 */
bool api_uuid(HttpRequest *request, char ret[FMD_UUID_TEXT]);
/*
 * The revision that If-Match asks for (0: any) of @kind @uuid; false: answered.
 */
bool api_if_match(HttpRequest *request, const char *kind, const char *uuid,
                  uint64_t *ret_rev);
/*
 * Whether who asks may change claim @uuid, if it is there, and make it what
 * @wish says (NULL: end it); else it was answered. Where that is limited to
 * some hosts, *rev becomes the revision that was looked at.
 */
bool api_may_claim(HttpRequest *request, const char *uuid,
                   struct json_object *wish, uint64_t *rev);
/* Whether If-None-Match: * allows to put @kind @uuid; false: answered. */
bool api_if_absent(HttpRequest *request, const char *kind, const char *uuid);

/* --- The routes --- */

/* api-wish.c */
void api_claims(HttpRequest *request);
void api_claim(HttpRequest *request);
void api_claim_put(HttpRequest *request);
void api_claim_delete(HttpRequest *request);
void api_claim_renew(HttpRequest *request);
void api_hosts(HttpRequest *request);
void api_host(HttpRequest *request);
void api_host_put(HttpRequest *request);
void api_host_delete(HttpRequest *request);
/* api-state.c */
void api_pools(HttpRequest *request);
void api_pool(HttpRequest *request);
void api_orphans(HttpRequest *request);
void api_health(HttpRequest *request);
void api_healthz(HttpRequest *request);
void api_readyz(HttpRequest *request);
void api_openapi(HttpRequest *request);
void api_me(HttpRequest *request);
/* api-device.c */
void api_devices(HttpRequest *request);
void api_device(HttpRequest *request);
/* sse.c */
void api_events(HttpRequest *request);
/* metrics.c */
void api_metrics(HttpRequest *request);
/* page.c */
void api_page(HttpRequest *request);

#endif /* FMD_API_CALL_H */
