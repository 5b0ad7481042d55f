/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MCTP through the kernel: a socket of AF_MCTP instead of a line of our own
 */
#ifndef CXLFM_MCTP_NET_H
#define CXLFM_MCTP_NET_H

#include <stddef.h>
#include "cxlfm.h"
#include "deadline.h"
#include "hw/cxl/dcd/mctp.h"

/*
 * Open the socket for @where, "NET:EID": fm->fd, fm->network, fm->eid. 0, or an
 * error.
 */
int cxlfm_mctp_net_open(cxlfm *fm, const char *where);
/* A request, with its type in front. 0, or an error. */
int cxlfm_mctp_net_send(cxlfm *fm, uint8_t eid, const uint8_t *body, size_t len,
                        CxlfmDeadline deadline);
/*
 * The next message, with its type in front in @buffer of @size bytes, which
 * @ret points to. 1, 0 too late, or an error.
 */
int cxlfm_mctp_net_receive(cxlfm *fm, uint8_t *buffer, size_t size,
                           CxlfmDeadline deadline, CXLDcdMctpMessage *ret);

#endif /* CXLFM_MCTP_NET_H */
