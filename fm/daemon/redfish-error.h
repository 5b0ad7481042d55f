/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers that say no, in the words of DMTF's message registry Base */
#ifndef FMD_REDFISH_ERROR_H
#define FMD_REDFISH_ERROR_H

#include "http.h"

#define REDFISH_BASE         "Base.1.19"
#define REDFISH_BASE_VERSION "1.19.0"

/*
 * Answer with message @key of Base; its arguments follow, up to NULL. @help:
 * what to do about it, NULL: what the registry says.
 */
void redfish_fail(HttpRequest *request, unsigned status, const char *key,
                  const char *help, ...) G_GNUC_NULL_TERMINATED;
/* Answer with @error, of FMD_ERROR, and free it. */
void redfish_fail_error(HttpRequest *request, GError *error);
/* An answer of the server becomes one of Redfish; with all headers. */
void redfish_dress(HttpRequest *request);

#endif /* FMD_REDFISH_ERROR_H */
