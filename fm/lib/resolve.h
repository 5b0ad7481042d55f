/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses of a host, by a moment */
#ifndef CXLFM_RESOLVE_H
#define CXLFM_RESOLVE_H

#include "deadline.h"

struct addrinfo;

/*
 * Look up @host and @port for streams. 0 with *ret_list, for freeaddrinfo(); or
 * else NULL there and a code of getaddrinfo(), EAI_AGAIN when @deadline came
 * first: what a name server has to say then is not waited for.
 */
int cxlfm_resolve(const char *host, const char *port, CxlfmDeadline deadline,
                  struct addrinfo **ret_list);

#endif /* CXLFM_RESOLVE_H */
