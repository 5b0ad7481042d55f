/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who tried tokens and certificates that let nobody in, for the journal
 *
 * One warning for an address at once, then one a second with how many more, so
 * that who tries many is seen and fills no disk.
 */
#ifndef FMD_HTTP_REFUSED_H
#define FMD_HTTP_REFUSED_H

#include <microhttpd.h>
#include <glib.h>

typedef struct HttpRefused HttpRefused;

HttpRefused *http_refused_new(void);
/* Says what was not said yet. */
void http_refused_free(HttpRefused *refused);
void http_refused_note(HttpRefused *refused, struct MHD_Connection *connection);
/* Now and then */
void http_refused_sweep(HttpRefused *refused);

#endif /* FMD_HTTP_REFUSED_H */
