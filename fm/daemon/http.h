/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP server: a unix socket for this machine, and TCP with TLS if the
 * configuration has it
 *
 * One thread a door reads and writes (libmicrohttpd, epoll); what may wait runs
 * in workers, so that neither a slow client nor a slow device holds up others.
 */
#ifndef FMD_HTTP_H
#define FMD_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "auth-session.h"
#include "auth.h"
#include "http-config.h"

struct json_object;

typedef struct HttpServer HttpServer;
typedef struct HttpStream HttpStream;
typedef struct HttpRequest HttpRequest;

/* Where a route runs */
typedef enum HttpLane {
    HTTP_AT_ONCE,                 /* in the server's thread: must not wait */
    HTTP_STORE,                   /* in a worker; the store may wait for disks */
    HTTP_LARGE,                   /* in others; answers that take a while */
    HTTP_DEVICE,                  /* in other workers; devices may take seconds */
    HTTP_LANE_MAX,
} HttpLane;

typedef struct HttpRoute {
    const char *method;
    const char *path;             /* "{}" stands for one segment */
    AuthRole role;                /* the least that may */
    HttpLane lane;
    bool takes_body;              /* a JSON object */
    void (*run)(HttpRequest *request);
    /* This one is HTTP_LARGE, whatever @lane is; NULL: none is. */
    bool (*is_large)(const HttpRequest *request);
} HttpRoute;

/*
 * A route of this method is a face: everything below its path is its own. Its
 * run() sees each answer to such a request before it goes out, also those of
 * the server, and may change it. Below it there are sessions and passwords; a
 * '/' at the end of a path, and a body that is not taken, say nothing.
 */
#define HTTP_FACE "*"

#define HTTP_MAX_SEGMENTS 4

/* One request, as a route sees it. */
struct HttpRequest {
    const HttpRoute *route;
    char *segments[HTTP_MAX_SEGMENTS]; /* what the "{}" of the path were */
    char *method;                 /* as sent */
    char *path;                   /* decoded */
    GHashTable *query;            /* char * -> char *: after the '?' */
    struct json_object *body;     /* NULL without */
    const char *body_text;        /* as it was sent */
    char *if_match;               /* as sent; NULL: not sent */
    char *if_none_match;
    char *last_event_id;
    char *odata_version;
    AuthRole role;
    char **hosts;                 /* claims of these hosts only; NULL: all */
    char *who;                    /* for the journal: "uid 0", "token ci" */
    bool refused;                 /* what was shown lets nobody in */
    bool granted;                 /* by the token of this digest */
    uint8_t token[AUTH_DIGEST_SIZE];
    int64_t until;                /* of a certificate, s since 1970; 0 */
    char session[AUTH_SESSION_ID]; /* by which it came; "" */
    AuthTokens *tokens;           /* NULL: no TCP */
    AuthSessions *sessions;       /* the same */
    const char *allowed;          /* methods of the path: "GET, PUT"; NULL */
    void *opaque;                 /* as given to http_new() */
    /* The answer */
    unsigned status;
    char *text;
    size_t text_len;
    const char *type;             /* of @text; static */
    const char *policy;           /* of a page's content; static; NULL: none
                                     may be loaded */
    char *etag;
    char *location;
    unsigned retry_after;         /* seconds; 0: none */
    GPtrArray *headers;           /* char *: more of them, name and value in
                                     turns; NULL */
    HttpStream *stream;           /* instead of @text: goes on and on */
};

/* @routes ends with a NULL method and outlives the server. */
HttpServer *http_new(const HttpConfig *config, const HttpRoute *routes,
                     void *opaque);
/*
 * Open the doors: requests come from now on, also before it returns. False with
 * @error; then http_stop() is for what came already.
 */
bool http_start(HttpServer *server, GError **error);
/* No new requests, those under way end; then all is freed. NULL allowed. */
void http_stop(HttpServer *server);

/* --- Answers --- */

/* Takes over @object. */
void http_answer_json(HttpRequest *request, unsigned status,
                      struct json_object *object);
/* Takes over @text. */
void http_answer_text(HttpRequest *request, unsigned status, const char *type,
                      char *text);
void http_answer_empty(HttpRequest *request, unsigned status);
/*
 * {"error":{"code","message","what_to_do"}}; @code is a word for programs.
 */
void http_answer_error(HttpRequest *request, unsigned status, const char *code,
                       const char *what_to_do, const char *format, ...)
    G_GNUC_PRINTF(5, 6);

/* One header more */
void http_answer_header(HttpRequest *request, const char *name,
                        const char *value);

/* What that answers with, to add members to "error" */
struct json_object *http_error_object(const char *code, const char *what_to_do,
                                      const char *message);

/* --- Streams: answers that never end by themselves --- */

typedef enum HttpStreamNext {
    HTTP_STREAM_ENDS,
    HTTP_STREAM_WAITS,            /* for http_streams_wake() */
    HTTP_STREAM_GOES_ON,          /* there is more to look at, at once */
} HttpStreamNext;

/*
 * Append what is next to @text, nothing when there is nothing yet. Called in
 * the server's thread, in turns with all else there: must not wait, and does a
 * little of what there is.
 */
typedef HttpStreamNext (*HttpStreamFn)(GString *text, void *opaque);

/*
 * Answer @request with a stream; @opaque is freed with @destroy. It ends soon
 * after the token of whoever asked is taken away, or the certificate expires,
 * by which it was asked for. False when there are too many:
 * @request is answered with an error.
 */
bool http_answer_stream(HttpServer *server, HttpRequest *request,
                        const char *type, HttpStreamFn next, void *opaque,
                        GDestroyNotify destroy);
/* All streams look for what is next; from any thread. */
void http_streams_wake(HttpServer *server);

/* us for which the oldest request has waited to reach the store; any thread */
int64_t http_store_waited(HttpServer *server);

/* --- What /metrics tells --- */

typedef struct HttpCounters {
    uint64_t connections;         /* now */
    uint64_t streams;             /* now */
    uint64_t accepted;            /* connections ever */
    uint64_t turns;               /* of streams, ever */
    uint64_t evicted;             /* idle ones, to make room */
    uint64_t late;                /* closed at a deadline */
    uint64_t throttled;           /* requests over the rate */
    uint64_t busy;                /* refused: too many waited */
    uint64_t hung_up;             /* gone before it was their turn */
    uint64_t denied;              /* by role, Host, Origin */
    uint64_t answers[6];          /* by the first digit of their status */
    uint64_t waiting[HTTP_LANE_MAX]; /* requests for a worker, now */
    uint64_t work_us[HTTP_LANE_MAX]; /* time in workers */
    uint64_t work[HTTP_LANE_MAX]; /* requests in workers, ever */
} HttpCounters;

void http_counters(HttpServer *server, HttpCounters *ret_counters);

#endif /* FMD_HTTP_H */
