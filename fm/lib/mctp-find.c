/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The endpoints on an MCTP line, by MCTP control messages (DSP0236)
 */
#include <string.h>
#include "error.h"
#include "handle.h"
#include "mctp-find.h"

#define GIVEN_EID     (CXLFM_MCTP_OUR_EID + 1)
#define CONTROL_FIXED 4           /* type, instance, command, completion */
#define CONTROL_DATA  3           /* type, instance, command */
#define EID_STATUS    0x30        /* of Set Endpoint ID: 0 when it was taken */

/* Instance ids of control requests; the last of a search has its own. */
#define INSTANCE      0
#define INSTANCE_LAST 1

/* An EID of 0 to 255, and whether an endpoint has it */
typedef struct CxlfmFound {
    bool eid[CXL_DCD_MCTP_EID_BROADCAST + 1];
} CxlfmFound;

/* One control command, and the data that its answer must have */
typedef struct CxlfmControl {
    uint8_t command;
    uint8_t instance;
    const uint8_t *data;
    size_t len;
    size_t min_answer;
} CxlfmControl;

/*
 * Ask @eid. 1 with *ret_data behind the completion code and its length; 0 too
 * late; or an error.
 */
static int cxlfm_mctp_control(CxlfmMctp *m, uint8_t eid,
                              const CxlfmControl *control,
                              CxlfmDeadline deadline, const uint8_t **ret_data,
                              size_t *ret_len)
{
    cxlfm *fm = cxlfm_mctp_handle(m);
    uint8_t body[8] = {
        CXL_DCD_MCTP_TYPE_CONTROL,
        CXL_DCD_MCTP_CONTROL_RQ | control->instance, control->command,
    };
    CxlfmExchange x = {
        .eid = eid, .body = body, .len = CONTROL_DATA + control->len,
        .want = { 0, control->instance, control->command },
        .mask = { 0x7f, CXL_DCD_MCTP_CONTROL_RQ | CXL_DCD_MCTP_CONTROL_INSTANCE,
                  0xff },
        .resend = true,
    };
    const uint8_t *answer;
    size_t len;
    int ret;

    g_assert(control->len <= sizeof(body) - CONTROL_DATA);
    if (control->len) {
        memcpy(body + CONTROL_DATA, control->data, control->len);
    }
    ret = cxlfm_mctp_exchange(m, &x, deadline, &answer, &len);
    if (ret <= 0) {
        return ret;
    }
    if (answer[3] != CXL_DCD_MCTP_CC_SUCCESS ||
        len < CONTROL_FIXED + control->min_answer) {
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s answered MCTP control command %02xh with "
                          "completion code %02xh and %zu bytes",
                          fm->address, control->command, answer[3], len);
    }
    *ret_data = answer + CONTROL_FIXED;
    *ret_len = len - CONTROL_FIXED;
    return 1;
}

/* The EID of whoever takes packets to @eid: 0 when it has none. */
static int cxlfm_mctp_get_eid(CxlfmMctp *m, uint8_t eid, uint8_t instance,
                              CxlfmDeadline deadline, uint8_t *ret_eid)
{
    const CxlfmControl control = {
        .command = CXL_DCD_MCTP_GET_EID, .instance = instance, .min_answer = 3,
    };
    const uint8_t *data;
    size_t len;
    int ret = cxlfm_mctp_control(m, eid, &control, deadline, &data, &len);

    if (ret > 0) {
        *ret_eid = data[0];
    }
    return ret;
}

/*
 * Give the endpoint that takes packets to @eid one of its own, the first that
 * is not taken. DSP0236: status bits 5:4 tell whether it was accepted.
 */
static int cxlfm_mctp_set_eid(CxlfmMctp *m, uint8_t eid,
                              CxlfmDeadline deadline, uint8_t *ret_eid)
{
    cxlfm *fm = cxlfm_mctp_handle(m);
    uint8_t set[2] = { 0, GIVEN_EID };
    const CxlfmControl control = {
        .command = CXL_DCD_MCTP_SET_EID, .instance = INSTANCE, .data = set,
        .len = sizeof(set), .min_answer = 2,
    };
    const uint8_t *data;
    size_t len;
    int ret;

    do {
        ret = cxlfm_mctp_control(m, eid, &control, deadline, &data, &len);
        if (ret > 0 && !(data[0] & EID_STATUS)) {
            *ret_eid = data[1];
            return 1;
        }
    } while (ret > 0 && ++set[1] < CXL_DCD_MCTP_EID_BROADCAST);
    return ret <= 0 ? ret :
           cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                      "the MCTP endpoint at %s takes no endpoint id",
                      fm->address);
}

/* An answer to Get Endpoint ID from an endpoint that the search asked for */
static void cxlfm_mctp_heard(void *opaque, const CXLDcdMctpMessage *message)
{
    CxlfmFound *found = opaque;

    if (message->len > CONTROL_FIXED &&
        message->body[0] == CXL_DCD_MCTP_TYPE_CONTROL &&
        message->body[1] == INSTANCE &&
        message->body[2] == CXL_DCD_MCTP_GET_EID &&
        message->body[3] == CXL_DCD_MCTP_CC_SUCCESS &&
        message->body[CONTROL_FIXED] == message->source) {
        found->eid[message->source] = true;
    }
}

/*
 * Who else is on the line: ask every EID. Those that nobody has do not answer.
 * Whoever answered at first is asked once more after all of them, by the null
 * EID: answers keep the order of requests, so its answer ends the search.
 */
static int cxlfm_mctp_search(CxlfmMctp *m, CxlfmFound *found,
                             CxlfmDeadline deadline)
{
    const uint8_t body[CONTROL_DATA] = {
        CXL_DCD_MCTP_TYPE_CONTROL, CXL_DCD_MCTP_CONTROL_RQ | INSTANCE,
        CXL_DCD_MCTP_GET_EID,
    };
    uint8_t ignored;
    unsigned eid;
    int ret = 0;

    cxlfm_mctp_listen(m, cxlfm_mctp_heard, found);
    for (eid = CXL_DCD_MCTP_EID_FIRST;
         !ret && eid < CXL_DCD_MCTP_EID_BROADCAST; eid++) {
        ret = cxlfm_mctp_send(m, eid, body, sizeof(body), deadline);
    }
    if (!ret) {
        ret = cxlfm_mctp_get_eid(m, CXL_DCD_MCTP_EID_NULL, INSTANCE_LAST,
                                 deadline, &ignored);
    }
    cxlfm_mctp_listen(m, NULL, NULL);
    return ret;
}

/* All endpoints of the line; those without an EID, or with ours, get one. */
static int cxlfm_mctp_discover(CxlfmMctp *m, uint8_t eid,
                               CxlfmDeadline deadline, CxlfmFound *found)
{
    uint8_t got;
    int ret;

    do {
        ret = cxlfm_mctp_get_eid(m, eid, INSTANCE, deadline, &got);
        if (ret > 0 && got == CXL_DCD_MCTP_EID_NULL) {
            ret = cxlfm_mctp_set_eid(m, got, deadline, &got);
            found->eid[got] = true;
            got = CXL_DCD_MCTP_EID_NULL;
        }
    } while (ret > 0 && got == CXL_DCD_MCTP_EID_NULL);
    if (ret <= 0) {
        return ret;
    }
    found->eid[got] = true;
    if (!eid) {
        ret = cxlfm_mctp_search(m, found, deadline);
    }
    if (ret > 0 && found->eid[CXLFM_MCTP_OUR_EID]) {
        ret = cxlfm_mctp_set_eid(m, CXLFM_MCTP_OUR_EID, deadline, &got);
        found->eid[CXLFM_MCTP_OUR_EID] = false;
        found->eid[got] = true;
    }
    return ret;
}

static int cxlfm_mctp_check_types(CxlfmMctp *m, uint8_t eid,
                                  CxlfmDeadline deadline)
{
    const CxlfmControl control = {
        .command = CXL_DCD_MCTP_GET_TYPES, .instance = INSTANCE,
        .min_answer = 1,
    };
    cxlfm *fm = cxlfm_mctp_handle(m);
    const uint8_t *data;
    size_t len;
    int ret = cxlfm_mctp_control(m, eid, &control, deadline, &data, &len);

    if (ret <= 0) {
        return ret;
    }
    if (!memchr(data + 1, CXL_DCD_MCTP_TYPE_FM_API, MIN(data[0], len - 1))) {
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "the MCTP endpoint %u at %s does not speak the CXL "
                          "FM API (message type 07h)", eid, fm->address);
    }
    return 1;
}

int cxlfm_mctp_find(CxlfmMctp *m, uint8_t eid, CxlfmDeadline deadline,
                    GByteArray *eids)
{
    cxlfm *fm = cxlfm_mctp_handle(m);
    CxlfmFound found = { 0 };
    unsigned i;
    int ret;

    if (fm->network) {
        /* Who is where is the kernel's, and his who set it up */
        const uint8_t given = eid;

        g_byte_array_append(eids, &given, 1);
        return 0;
    }
    ret = cxlfm_mctp_discover(m, eid, deadline, &found);
    for (i = 0; i < G_N_ELEMENTS(found.eid) && ret > 0; i++) {
        const uint8_t one = i;

        if (found.eid[i]) {
            ret = cxlfm_mctp_check_types(m, one, deadline);
            g_byte_array_append(eids, &one, 1);
        }
    }
    if (ret) {
        return MIN(ret, 0);
    }
    return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE,
                      "%s takes connections but nothing answers as an MCTP "
                      "endpoint: another fabric manager may hold the line, or "
                      "it is the socket of something else", fm->address);
}
