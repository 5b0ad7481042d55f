/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plain interface, /v1: what the daemon says and does over HTTP */
#ifndef FMD_API_H
#define FMD_API_H

#include <glib.h>
#include "fmd.h"
#include "http-config.h"

typedef struct Api Api;

/* What is served, to stdout: a line "METHOD PATH" for each; {} is any word. */
void api_print_routes(void);
/* Serve @fmd; both outlive the API. NULL with @error. */
Api *api_start(struct fmd *fmd, const HttpConfig *config, GError **error);
/* Before fmd_stop(): what is under way ends. NULL allowed. */
void api_stop(Api *api);

#endif /* FMD_API_H */
