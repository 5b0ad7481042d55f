/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fmd door: one request to the daemon and its answer */
#ifndef CXLFM_FMD_HTTP_H
#define CXLFM_FMD_HTTP_H

#include <curl/curl.h>
#include <glib.h>
#include "cxlfm.h"

struct json_object;

/* What the handle has while it is connected */
typedef struct CxlfmFmd {
    char *base;                   /* "https://host:port"; "http://localhost" */
    char *socket;                 /* NULL: over TCP */
    struct curl_slist *headers;   /* who we are, and that we send JSON */
    CURL *curl;                   /* of requests */
    GPtrArray *ids;               /* char *, by the number of the device */
    GPtrArray *processes;         /* the same: what two of one process share */
    size_t extent_limit;          /* the least of the devices; 0: none */
    GHashTable *pools;            /* name -> "ID NAME" there, once asked */
    /* fmd-event.c */
    CURLM *multi;
    CURL *stream;                 /* NULL: not listening yet */
    GString *said;                /* of the event that is not whole yet */
    uint64_t heard;               /* bytes */
    bool greeted;
} CxlfmFmd;

/* fm->state from @where, the address after "fmd:"; opens nothing. */
int cxlfm_fmd_open(cxlfm *fm, const char *where);
void cxlfm_fmd_close(cxlfm *fm);
/* What all requests have: where to, by what, as who */
void cxlfm_fmd_prepare(const CxlfmFmd *fmd, CURL *curl, const char *path);
/*
 * GET @path, or with @body, which is taken over, POST it: a change, which is
 * never sent twice. *ret_result (may be NULL) is what came back.
 */
int cxlfm_fmd_call(cxlfm *fm, const char *path, struct json_object *body,
                   struct json_object **ret_result);
/* As struct cxlfm_door_ops has it */
int cxlfm_fmd_daemon_call(cxlfm *fm, const char *method, const char *path,
                          const char *body, unsigned *ret_status,
                          char **ret_answer);
/* The daemon does not answer, as @code has it. */
int cxlfm_fmd_unreachable(cxlfm *fm, CURLcode code);

#endif /* CXLFM_FMD_HTTP_H */
