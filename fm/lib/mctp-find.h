/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The endpoints on an MCTP line */
#ifndef CXLFM_MCTP_FIND_H
#define CXLFM_MCTP_FIND_H

#include <glib.h>
#include "mctp.h"

/*
 * Find the endpoints, by rising endpoint id (EID): at least one, each speaks
 * the FM API. Those that have no EID, or ours, are given one. With @eid only
 * the endpoint that has it; 0: all. Appends to @eids.
 */
int cxlfm_mctp_find(CxlfmMctp *m, uint8_t eid, CxlfmDeadline deadline,
                    GByteArray *eids);

#endif /* CXLFM_MCTP_FIND_H */
