/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates of clients that their CA has taken back
 *
 * The file is read again when it changes. When it cannot be read, has no list
 * of a certificate's CA, or an old one, no such certificate is good: who takes
 * one back must not depend on whether a file comes in time.
 */
#ifndef FMD_HTTP_CRL_H
#define FMD_HTTP_CRL_H

#include <stdbool.h>
#include <glib.h>
#include <gnutls/gnutls.h>

typedef struct HttpCrl HttpCrl;

/*
 * @path: lists in PEM, each signed by a CA of @ca, a text that is known to be
 * good. NULL with @error.
 */
HttpCrl *http_crl_new(const char *path, const char *ca, GError **error);
/* NULL allowed */
void http_crl_free(HttpCrl *crl);
/* NULL, or why the first certificate of @chain is not good, a static text */
const char *http_crl_fault(HttpCrl *crl, const gnutls_datum_t *chain,
                           unsigned count);

#endif /* FMD_HTTP_CRL_H */
