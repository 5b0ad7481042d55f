/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP inside: a door, and one request on its way through the server */
#ifndef FMD_HTTP_CALL_H
#define FMD_HTTP_CALL_H

#include <microhttpd.h>
#include "http.h"
#include "http-crl.h"
#include "http-peer.h"
#include "http-queue.h"
#include "http-refused.h"

/* Disks answer in turn; a device that hangs must not have all workers. */
#define HTTP_STORE_WORKERS  8
#define HTTP_LARGE_WORKERS  2
#define HTTP_DEVICE_WORKERS 64

typedef struct HttpDoor {
    HttpServer *server;
    bool tcp;
    struct MHD_Daemon *daemon;
    HttpPeers *peers;
} HttpDoor;

typedef enum HttpStage {
    HTTP_STAGE_LINE,              /* the request line was read */
    HTTP_STAGE_BODY,              /* its header was found good */
    HTTP_STAGE_WORK,              /* a worker has it */
    HTTP_STAGE_ANSWER,            /* there is an answer to send */
    HTTP_STAGE_SENT,
} HttpStage;

typedef struct HttpCall {
    HttpRequest request;          /* what routes see */
    HttpDoor *door;
    struct MHD_Connection *connection;
    HttpPeer *peer;
    const HttpRoute *face;        /* that has its path; NULL */
    HttpStage stage;
    HttpLane lane;                /* in which it waits or works */
    bool bad_line;                /* a NUL, or nothing that can be a path */
    bool ambiguous;               /* nobody knows where it ends */
    bool get;                     /* GET or HEAD */
    bool declared;                /* a body was announced */
    bool at_work;                 /* it is counted as such */
    size_t answering;             /* counted bytes */
    GByteArray *text;             /* the body */
    GString *allowed;             /* methods of the path, for 405 */
    gint64 begun;
} HttpCall;

struct HttpServer {
    const HttpConfig *config;
    const HttpRoute *routes;
    void *opaque;
    AuthTokens *tokens;           /* NULL: no TCP */
    AuthSessions *sessions;       /* the same */
    HttpCrl *crl;                 /* NULL: not asked for */
    HttpDoor local, tcp;
    char *socket;                 /* to be removed at the end; NULL */
    dev_t socket_device;
    ino_t socket_inode;
    GMutex lock;                  /* of all that follows */
    GCond tick;                   /* wakes the sweeper */
    GCond answered;               /* @at_work went down */
    unsigned at_work;             /* requests from a worker to their end */
    uint64_t answering;           /* bytes of answers that are not out yet */
    bool stopping;
    GThread *sweeper;
    HttpQueue *queues[HTTP_LANE_MAX]; /* none for HTTP_AT_ONCE */
    HttpRefused *refused;         /* its own lock */
    HttpCounters counters;
    GHashTable *streams;          /* HttpStream * */
};

/* http-check.c: take in header and body; false: answered with an error. */
bool http_check_head(HttpCall *call, const char *method, const char *url);
bool http_check_body(HttpCall *call);
/* http-cert.c: the text of client-ca, or NULL with @error. */
char *http_cert_read(const char *path, GError **error);
/*
 * Who it is by the certificate that was shown, AUTH_NOBODY without one; false:
 * it is not good, and the request is answered.
 */
bool http_cert_check(HttpCall *call, AuthGrant *ret_grant);
/*
 * Whether the certificate that was shown at @connection is on no list since; of
 * one that was good.
 */
bool http_cert_stays(HttpServer *server, struct MHD_Connection *connection);
/* http-send.c: hand the answer to libmicrohttpd, also the stream. */
enum MHD_Result http_answer_send(HttpCall *call);
/* http-stream.c: for http_answer_send(); takes over @request's stream. */
struct MHD_Response *http_stream_response(HttpServer *server,
                                          HttpStream *stream,
                                          struct MHD_Connection *connection);
/* A stream that was never sent */
void http_stream_free(HttpStream *stream);
/* http-listen.c: a listening socket, or -1 with @error. */
int http_listen_unix(HttpServer *server, GError **error);
int http_listen_tcp(const HttpConfig *config, GError **error);
void http_listen_end(HttpServer *server);

#endif /* FMD_HTTP_CALL_H */
