/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [http] of the configuration: the doors, and limits with names */
#ifndef FMD_HTTP_CONFIG_H
#define FMD_HTTP_CONFIG_H

#include <stdbool.h>
#include <glib.h>
#include "auth.h"

typedef struct HttpConfig {
    char *socket;                 /* path; NULL: none */
    int socket_fd;                /* handed over by systemd; -1: none */
    unsigned socket_mode;
    char *socket_group;           /* NULL: as it is */
    AuthRole socket_role;         /* of whoever may open the socket */
    char *listen;                 /* "ADDRESS:PORT"; NULL: no TCP */
    char *certificate;            /* PEM files */
    char *key;
    char *client_ca;              /* the same: who signs clients'; NULL */
    char *client_crl;             /* what those have taken back; NULL */
    char *tokens;
    char **names;                 /* Host headers besides localhost and ours */
    unsigned connections;         /* at once, each door */
    unsigned connections_per_address;
    unsigned body_bytes;
    unsigned header_seconds;      /* from a connection to a whole header */
    unsigned body_seconds;        /* from the header to the whole request */
    unsigned idle_seconds;        /* between requests, or without progress */
    unsigned requests_per_second; /* of one connection */
    unsigned streams;             /* of events, at once */
    unsigned waiting_requests;    /* for a worker, at once */
    unsigned answer_megabytes;    /* of large answers that wait for readers */
} HttpConfig;

/*
 * Group [http] of @file (NULL, or without the group: the defaults). An unknown
 * key is an error. NULL with @error.
 */
HttpConfig *http_config_read(GKeyFile *file, GError **error);
void http_config_free(HttpConfig *config);

#endif /* FMD_HTTP_CONFIG_H */
