/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One requester on an MCTP line: sends a message and waits for its answer
 *
 * A message is its type byte and what follows. Its MCTP tag tells answers
 * apart; a message may carry the tag a second time in its body.
 */
#ifndef CXLFM_MCTP_H
#define CXLFM_MCTP_H

#include <stdbool.h>
#include <stddef.h>
#include "cxlfm.h"
#include "deadline.h"
#include "hw/cxl/dcd/mctp.h"
#include "hw/cxl/dcd/wire_fm.h"

#define CXLFM_MCTP_OUR_EID CXL_DCD_MCTP_EID_FIRST
#define CXLFM_MCTP_TYPE    1      /* bytes of the type before a message */
#define CXLFM_MCTP_HEAD    6      /* bytes by which an answer is known */
/* Bytes of a type, a CCI header and the largest payload */
#define CXLFM_MCTP_MESSAGE_MAX \
    (CXLFM_MCTP_TYPE + sizeof(CXLDcdCciHeader) + (1 << CXL_DCD_LIMIT_MAX))

typedef struct CxlfmMctp CxlfmMctp;

typedef struct CxlfmExchange {
    uint8_t eid;                  /* who is asked; 0: whoever is there */
    uint8_t *body;
    size_t len;
    size_t tag_at;                /* where @body has the tag too; 0: no */
    /* The answer's first bytes, where the mask is set */
    uint8_t want[CXLFM_MCTP_HEAD];
    uint8_t mask[CXLFM_MCTP_HEAD];
    bool resend;                  /* with a new tag, while there is no answer */
} CxlfmExchange;

/* @fm's line is open. Never NULL. */
CxlfmMctp *cxlfm_mctp_new(cxlfm *fm);
void cxlfm_mctp_free(CxlfmMctp *m);
cxlfm *cxlfm_mctp_handle(const CxlfmMctp *m);

/*
 * Send and wait. 1 with *ret_answer, valid until the next exchange, and its
 * *ret_len bytes; 0 too late; or an error.
 */
int cxlfm_mctp_exchange(CxlfmMctp *m, CxlfmExchange *x, CxlfmDeadline deadline,
                        const uint8_t **ret_answer, size_t *ret_len);
/* Send and do not wait for the answer; see cxlfm_mctp_listen(). */
int cxlfm_mctp_send(CxlfmMctp *m, uint8_t eid, const uint8_t *body, size_t len,
                    CxlfmDeadline deadline);
/* Hear all answers, also those that nobody waits for. @fn NULL: no more. */
typedef void (*cxlfm_mctp_listen_fn)(void *opaque,
                                     const CXLDcdMctpMessage *message);
void cxlfm_mctp_listen(CxlfmMctp *m, cxlfm_mctp_listen_fn fn, void *opaque);
/* Did a notification come that cxlfm_mctp_pump() has not told of? */
bool cxlfm_mctp_notified(const CxlfmMctp *m);
/*
 * Wait up to @timeout ms for an Event Notification (0106h), or find that one
 * came since the last call. 1, 0, or an error.
 */
int cxlfm_mctp_pump(CxlfmMctp *m, unsigned timeout);

#endif /* CXLFM_MCTP_H */
