/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers by which a browser could be made to ask for somebody else */
#ifndef FMD_HTTP_GUARD_H
#define FMD_HTTP_GUARD_H

#include <stdbool.h>

/*
 * Whether @host, a Host header, is a name of ours: an address, localhost, this
 * machine's name or one of @names. A page that has its own name point to us is
 * refused.
 */
bool http_guard_host(const char *host, char **names);
/*
 * Whether a request is from no page, or from one of ours: @origin and
 * @fetch_site are headers, NULL when they were not sent.
 */
bool http_guard_origin(const char *origin, const char *fetch_site,
                       const char *scheme, const char *host);
/* Whether @type, a Content-Type header or NULL, is JSON */
bool http_guard_json(const char *type);

#endif /* FMD_HTTP_GUARD_H */
