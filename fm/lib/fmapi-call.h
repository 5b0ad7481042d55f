/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: one command and its answer, CCI messages (r3.2 7.6.3) in
 * MCTP types 07h and 08h
 */
#ifndef CXLFM_FMAPI_CALL_H
#define CXLFM_FMAPI_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include "cxlfm.h"
#include "deadline.h"

typedef struct CxlfmRequest {
    uint16_t opcode;
    const void *payload;
    size_t len;
    bool changes;                 /* must not be sent twice; without an answer
                                     it may have been carried out */
    bool once;                    /* must not be sent twice */
    size_t min_answer;            /* a shorter payload is a protocol error */
} CxlfmRequest;

/* A CxlfmRequest that changes nothing, whose payload is @data */
#define CXLFM_PAYLOAD(op, data, minimum) \
    (&(const CxlfmRequest) { .opcode = (op), .payload = &(data), \
                             .len = sizeof(data), .min_answer = (minimum) })

/* Find the endpoints on the open line; there is at least one. */
int cxlfm_fmapi_open(cxlfm *fm, CxlfmDeadline deadline);
void cxlfm_fmapi_close(cxlfm *fm);
/* Wait up to @timeout ms for an Event Notification. 1, 0, or an error. */
bool cxlfm_fmapi_waiting(const cxlfm *fm);
int cxlfm_fmapi_pump(cxlfm *fm, unsigned timeout);

size_t cxlfm_fmapi_endpoints(const cxlfm *fm);
/* The endpoint that the following calls are about; at first the first one. */
void cxlfm_fmapi_select(cxlfm *fm, size_t endpoint);
/* Its MCTP endpoint id */
uint8_t cxlfm_fmapi_eid(const cxlfm *fm);
/* Most bytes of a request's payload; the least there is until it is set */
size_t cxlfm_fmapi_request_max(const cxlfm *fm);
void cxlfm_fmapi_set_request_max(cxlfm *fm, size_t request_max);

/*
 * One command and its answer. *ret_answer is the payload, valid until the next
 * call; *ret_len its bytes, at least request->min_answer.
 */
int cxlfm_fmapi_call(cxlfm *fm, const CxlfmRequest *request,
                     const uint8_t **ret_answer, size_t *ret_len);
/* The answer to @opcode cannot be; returns the error. */
int cxlfm_fmapi_senseless(cxlfm *fm, uint16_t opcode);

#endif /* CXLFM_FMAPI_CALL_H */
