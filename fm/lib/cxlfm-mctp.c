/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door's lower half: one requester on an MCTP line
 *
 * Finds the endpoints, gives those an id that have none, and runs one command
 * at a time: CCI messages (r3.2 7.6.3) in MCTP types 07h and 08h.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cxlfm-private.h"
#include "hw/cxl/cxl_dcd_mctp.h"
#include "hw/cxl/cxl_dcd_wire_fm.h"

#define OUR_EID       CXL_DCD_MCTP_EID_FIRST
#define GIVEN_EID     (CXL_DCD_MCTP_EID_FIRST + 1)
#define TYPE          1           /* type byte before a message */
#define MESSAGE_MAX   (TYPE + sizeof(CXLDcdCciHeader) + \
                       (1 << CXL_DCD_LIMIT_MAX))
/* A reading command is sent again when an answer is not there after this. */
#define RESEND_MS     2000
#define CONTROL_FIXED 4           /* type, instance, command, completion */
#define EID_STATUS    0x30        /* Set Endpoint ID: not 0 is no */

/* Instance ids of control requests; the last of a search has its own. */
#define INSTANCE       0
#define INSTANCE_LAST  1

typedef struct CxlfmEndpoint {
    uint8_t eid;
    uint16_t request_max;         /* payload bytes */
    uint16_t answer_max;
} CxlfmEndpoint;

typedef struct CxlfmMctp {
    CXLDcdMctp *mctp;
    GArray *endpoints;            /* CxlfmEndpoint, one per device */
    unsigned selected;
    bool *found;                  /* by EID, while endpoints are searched */
    uint8_t next_tag;             /* low 3 bits: MCTP tag; all: CCI tag */
    bool notified;                /* Event Notification (0106h) came */
    int line_error;               /* of a write inside a callback */
    CxlfmDeadline deadline;       /* of the call in progress */
    /* The answer that is waited for, and whether it is here */
    bool waiting;
    uint8_t from;                 /* EID that was asked; 0: any */
    uint8_t tag;
    uint8_t want[6];              /* first bytes it must have, masked */
    uint8_t mask[6];
    size_t answer_len;
    uint8_t answer[MESSAGE_MAX];
    cxlfm *fm;
} CxlfmMctp;

static CxlfmEndpoint *cxlfm_mctp_selected(const CxlfmMctp *m)
{
    return &g_array_index(m->endpoints, CxlfmEndpoint, m->selected);
}

static void cxlfm_mctp_send_line(void *opaque, const uint8_t *bytes,
                                 size_t len)
{
    CxlfmMctp *m = opaque;

    if (!m->line_error) {
        m->line_error = cxlfm_stream_write(m->fm, bytes, len, m->deadline);
    }
}

/* The device asks something of us: only Event Notification makes sense. */
static void cxlfm_mctp_notified(CxlfmMctp *m, const CXLDcdMctpMessage *message)
{
    const CXLDcdCciHeader *h = (const CXLDcdCciHeader *)(message->body + TYPE);

    if (message->body[0] == CXL_DCD_MCTP_TYPE_CCI &&
        message->len >= TYPE + sizeof(*h) &&
        (h->command_set << 8 | h->command) == CXL_DCD_OP_EVENT_NOTIFICATION) {
        m->notified = true;
    }
}

/* An answer to Get Endpoint ID from an endpoint that the search asked for */
static void cxlfm_mctp_found(CxlfmMctp *m, const CXLDcdMctpMessage *message)
{
    if (message->len > CONTROL_FIXED &&
        message->body[0] == CXL_DCD_MCTP_TYPE_CONTROL &&
        message->body[1] == INSTANCE &&
        message->body[2] == CXL_DCD_MCTP_GET_EID &&
        message->body[3] == CXL_DCD_MCTP_CC_SUCCESS &&
        message->body[CONTROL_FIXED] == message->source) {
        m->found[message->source] = true;
    }
}

static void cxlfm_mctp_message(void *opaque, const CXLDcdMctpMessage *message)
{
    CxlfmMctp *m = opaque;
    size_t i;

    if (message->tag_owner) {
        cxlfm_mctp_notified(m, message);
        return;
    }
    if (m->found) {
        cxlfm_mctp_found(m, message);
    }
    if (!m->waiting || (m->from && message->source != m->from) ||
        message->tag != (m->tag & 7) ||
        message->len != message->total || message->len > sizeof(m->answer) ||
        message->len < sizeof(m->want)) {
        return;
    }
    for (i = 0; i < sizeof(m->want); i++) {
        if ((message->body[i] & m->mask[i]) != m->want[i]) {
            return;
        }
    }
    memcpy(m->answer, message->body, message->len);
    m->answer_len = message->len;
    m->waiting = false;
}

static const CXLDcdMctpOps mctp_ops = {
    .send = cxlfm_mctp_send_line,
    .message = cxlfm_mctp_message,
};

/* Take bytes in until the answer is here. 1 it is, 0 too late. */
static int cxlfm_mctp_await(CxlfmMctp *m, CxlfmDeadline deadline)
{
    uint8_t bytes[4096];
    int ret;

    while (m->waiting) {
        ret = cxlfm_stream_read_soon(m->fm, bytes, sizeof(bytes), deadline);
        if (ret <= 0) {
            return ret;
        }
        cxl_dcd_mctp_receive(m->mctp, bytes, ret);
    }
    return 1;
}

/*
 * Send @body to @eid and wait. Repeated until @deadline when @resend, each
 * time with a new tag (@tag_at: where in the body it stands, 0 for nowhere).
 */
static int cxlfm_mctp_exchange(CxlfmMctp *m, uint8_t eid, uint8_t *body,
                               size_t len, size_t tag_at, bool resend,
                               CxlfmDeadline deadline)
{
    int ret;

    m->deadline = deadline;
    do {
        CxlfmDeadline attempt = resend ?
            MIN(deadline, cxlfm_deadline(RESEND_MS)) : deadline;

        m->tag = m->next_tag++;
        if (tag_at) {
            body[tag_at] = m->tag;
            m->want[tag_at] = m->tag;
        }
        m->waiting = true;
        m->from = eid;
        m->line_error = 0;
        cxl_dcd_mctp_send(m->mctp, OUR_EID, eid, m->tag & 7, true, body, len);
        if (m->line_error) {
            return m->line_error;
        }
        ret = cxlfm_mctp_await(m, attempt);
    } while (!ret && g_get_monotonic_time() < deadline);
    m->waiting = false;
    return ret;
}

/* One MCTP control command; its data follows the completion code. */
static int cxlfm_mctp_control(CxlfmMctp *m, uint8_t eid, uint8_t command,
                              const uint8_t *data, size_t len,
                              size_t min_answer, CxlfmDeadline deadline)
{
    const uint8_t instance = m->found ? INSTANCE_LAST : INSTANCE;
    uint8_t body[8] = {
        CXL_DCD_MCTP_TYPE_CONTROL, CXL_DCD_MCTP_CONTROL_RQ | instance, command,
    };
    int ret;

    g_assert(len <= sizeof(body) - 3);
    if (len) {
        memcpy(body + 3, data, len);
    }
    memset(m->mask, 0, sizeof(m->mask));
    memset(m->want, 0, sizeof(m->want));
    m->mask[0] = 0x7f;
    m->mask[1] = CXL_DCD_MCTP_CONTROL_RQ | CXL_DCD_MCTP_CONTROL_INSTANCE;
    m->want[1] = instance;
    m->mask[2] = 0xff;
    m->want[2] = command;
    ret = cxlfm_mctp_exchange(m, eid, body, 3 + len, 0, true, deadline);
    if (ret <= 0) {
        return ret;
    }
    if (m->answer[3] != CXL_DCD_MCTP_CC_SUCCESS ||
        m->answer_len < CONTROL_FIXED + min_answer) {
        return cxlfm_fail(m->fm, CXLFM_ERROR_PROTOCOL,
                          "%s answered MCTP control command %02xh with "
                          "completion code %02xh and %zu bytes",
                          m->fm->address, command, m->answer[3],
                          m->answer_len);
    }
    return 1;
}

static int cxlfm_mctp_silent(cxlfm *fm, int ret)
{
    return ret < 0 ? ret :
           cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE,
                      "%s takes connections but nothing answers as an MCTP "
                      "endpoint: another fabric manager may hold the line, or "
                      "it is the socket of something else", fm->address);
}

/* The EID of whoever takes packets to @eid: 0 when it has none. */
static int cxlfm_mctp_ask_eid(CxlfmMctp *m, uint8_t eid,
                              CxlfmDeadline deadline, uint8_t *ret_eid)
{
    int ret = cxlfm_mctp_control(m, eid, CXL_DCD_MCTP_GET_EID, NULL, 0, 3,
                                 deadline);

    if (ret > 0) {
        *ret_eid = m->answer[CONTROL_FIXED];
    }
    return ret;
}

/*
 * Give the endpoint that takes packets to @eid one of its own, the first that
 * is not taken. DSP0236: status bits 5:4 tell whether it was accepted.
 */
static int cxlfm_mctp_give_eid(CxlfmMctp *m, uint8_t eid,
                               CxlfmDeadline deadline, uint8_t *ret_eid)
{
    const uint8_t *answer = m->answer + CONTROL_FIXED;
    uint8_t set[2] = { 0, GIVEN_EID };
    int ret;

    do {
        ret = cxlfm_mctp_control(m, eid, CXL_DCD_MCTP_SET_EID, set,
                                 sizeof(set), 2, deadline);
        if (ret > 0 && !(answer[0] & EID_STATUS)) {
            *ret_eid = answer[1];
            return 1;
        }
    } while (ret > 0 && ++set[1] < CXL_DCD_MCTP_EID_BROADCAST);
    return ret <= 0 ? ret :
           cxlfm_fail(m->fm, CXLFM_ERROR_PROTOCOL,
                      "the MCTP endpoint at %s takes no endpoint id",
                      m->fm->address);
}

/*
 * Who else is on the line: ask every EID. Absent ones do not answer; but a line
 * keeps order, so the answer to the null EID, asked last, ends the search.
 */
static int cxlfm_mctp_search(CxlfmMctp *m, bool *found, CxlfmDeadline deadline)
{
    const uint8_t body[3] = {
        CXL_DCD_MCTP_TYPE_CONTROL, CXL_DCD_MCTP_CONTROL_RQ | INSTANCE,
        CXL_DCD_MCTP_GET_EID,
    };
    uint8_t ignored;
    unsigned eid;
    int ret;

    m->found = found;
    m->deadline = deadline;
    m->line_error = 0;
    for (eid = CXL_DCD_MCTP_EID_FIRST; eid < CXL_DCD_MCTP_EID_BROADCAST;
         eid++) {
        cxl_dcd_mctp_send(m->mctp, OUR_EID, eid, eid & 7, true, body,
                          sizeof(body));
    }
    ret = m->line_error ? m->line_error :
          cxlfm_mctp_ask_eid(m, CXL_DCD_MCTP_EID_NULL, deadline, &ignored);
    m->found = NULL;
    return ret;
}

static void cxlfm_mctp_add_endpoint(CxlfmMctp *m, uint8_t eid)
{
    const CxlfmEndpoint endpoint = {
        .eid = eid,
        .request_max = 1 << CXL_DCD_LIMIT_MIN,
        .answer_max = 1 << CXL_DCD_LIMIT_MIN,
    };

    g_array_append_val(m->endpoints, endpoint);
}

/* All endpoints of the line; those without an EID, or with ours, get one. */
static int cxlfm_mctp_discover(CxlfmMctp *m, CxlfmDeadline deadline)
{
    bool found[CXL_DCD_MCTP_EID_BROADCAST + 1] = { false };
    unsigned eid;
    uint8_t got;
    int ret;

    do {
        ret = cxlfm_mctp_ask_eid(m, m->fm->eid, deadline, &got);
        if (ret > 0 && got == CXL_DCD_MCTP_EID_NULL) {
            ret = cxlfm_mctp_give_eid(m, got, deadline, &got);
            found[got] = true;
            got = CXL_DCD_MCTP_EID_NULL;
        }
    } while (ret > 0 && got == CXL_DCD_MCTP_EID_NULL);
    if (ret <= 0) {
        return ret;
    }
    found[got] = true;
    if (!m->fm->eid) {
        ret = cxlfm_mctp_search(m, found, deadline);
    }
    if (ret > 0 && found[OUR_EID]) {
        ret = cxlfm_mctp_give_eid(m, OUR_EID, deadline, &got);
        found[OUR_EID] = false;
        found[got] = true;
    }
    for (eid = 0; eid < G_N_ELEMENTS(found) && ret > 0; eid++) {
        if (found[eid]) {
            cxlfm_mctp_add_endpoint(m, eid);
        }
    }
    return ret;
}

static int cxlfm_mctp_check_types(CxlfmMctp *m, uint8_t eid,
                                  CxlfmDeadline deadline)
{
    const uint8_t *answer = m->answer + CONTROL_FIXED;
    int ret = cxlfm_mctp_control(m, eid, CXL_DCD_MCTP_GET_TYPES, NULL, 0, 1,
                                 deadline);

    if (ret <= 0) {
        return ret;
    }
    if (!memchr(answer + 1, CXL_DCD_MCTP_TYPE_FM_API,
                MIN(answer[0], m->answer_len - CONTROL_FIXED - 1))) {
        return cxlfm_fail(m->fm, CXLFM_ERROR_PROTOCOL,
                          "the MCTP endpoint %u at %s does not speak the CXL "
                          "FM API (message type 07h)", eid, m->fm->address);
    }
    return 1;
}

int cxlfm_mctp_connect(cxlfm *fm, CxlfmDeadline deadline)
{
    const CXLDcdMctpConfig config = {
        .eid = OUR_EID,
        .max_message = MESSAGE_MAX,
    };
    CxlfmMctp *m = g_new0(CxlfmMctp, 1);
    unsigned i;
    int ret;

    m->fm = fm;
    m->mctp = cxl_dcd_mctp_new(&config, &mctp_ops, m);
    m->endpoints = g_array_new(false, false, sizeof(CxlfmEndpoint));
    fm->state = m;
    ret = cxlfm_mctp_discover(m, deadline);
    for (i = 0; i < m->endpoints->len && ret > 0; i++) {
        ret = cxlfm_mctp_check_types(m, g_array_index(m->endpoints,
                                                      CxlfmEndpoint, i).eid,
                                     deadline);
    }
    return ret > 0 ? 0 : cxlfm_mctp_silent(fm, ret);
}

void cxlfm_mctp_close(cxlfm *fm)
{
    CxlfmMctp *m = fm->state;

    cxl_dcd_mctp_free(m->mctp);
    g_array_unref(m->endpoints);
    g_free(m);
}

int cxlfm_mctp_pump(cxlfm *fm, unsigned timeout)
{
    CxlfmDeadline deadline = cxlfm_deadline(timeout);
    CxlfmMctp *m = fm->state;
    uint8_t bytes[4096];
    int ret = 1;

    while (!m->notified && ret > 0) {
        ret = cxlfm_stream_read(fm, bytes, sizeof(bytes), deadline);
        if (ret > 0) {
            cxl_dcd_mctp_receive(m->mctp, bytes, ret);
        }
    }
    if (ret < 0) {
        return ret;
    }
    ret = m->notified;
    m->notified = false;
    return ret;
}

void cxlfm_fmapi_select(cxlfm *fm, size_t device)
{
    ((CxlfmMctp *)fm->state)->selected = device;
}

size_t cxlfm_mctp_endpoints(const cxlfm *fm)
{
    return ((const CxlfmMctp *)fm->state)->endpoints->len;
}

uint8_t cxlfm_mctp_eid(const cxlfm *fm)
{
    return cxlfm_mctp_selected(fm->state)->eid;
}

size_t cxlfm_fmapi_request_max(const cxlfm *fm)
{
    return cxlfm_mctp_selected(fm->state)->request_max;
}

void cxlfm_fmapi_set_limits(cxlfm *fm, size_t request_max, size_t answer_max)
{
    CxlfmEndpoint *endpoint = cxlfm_mctp_selected(fm->state);

    endpoint->request_max = request_max;
    endpoint->answer_max = answer_max;
}

/* FM API command sets are 51h to 5Fh, the rest is component CCI: 7.6.3. */
static uint8_t cxlfm_fmapi_type(uint16_t opcode)
{
    return opcode >> 8 >= 0x51 && opcode >> 8 <= 0x5f ?
           CXL_DCD_MCTP_TYPE_FM_API : CXL_DCD_MCTP_TYPE_CCI;
}

/* The answer is here: what does it say? */
static int cxlfm_fmapi_answer(CxlfmMctp *m, const CxlfmRequest *request,
                              const uint8_t **ret_answer, size_t *ret_len)
{
    const CXLDcdCciHeader *h = (const CXLDcdCciHeader *)(m->answer + TYPE);
    size_t len = h->length[0] | h->length[1] << 8 |
                 (size_t)(h->length[2] & 0x1f) << 16;
    cxlfm *fm = m->fm;
    uint16_t code;

    if (m->answer_len != TYPE + sizeof(*h) + len) {
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s answered %04xh with a length of %zu bytes in a "
                          "message of %zu", fm->address, request->opcode, len,
                          m->answer_len);
    }
    code = cxl_dcd_get16(h->return_code);
    if (code != CXL_DCD_RC_SUCCESS) {
        fm->return_code = code;
        return cxlfm_fail(fm, CXLFM_ERROR_REFUSED,
                          "command %04xh: %s (return code %04xh)",
                          request->opcode, cxlfm_return_code_name(code), code);
    }
    if (len < request->min_answer) {
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s answered %04xh with %zu bytes, at least %zu were "
                          "expected", fm->address, request->opcode, len,
                          request->min_answer);
    }
    *ret_answer = m->answer + TYPE + sizeof(*h);
    *ret_len = len;
    return 0;
}

int cxlfm_fmapi_call(cxlfm *fm, const CxlfmRequest *request,
                     const uint8_t **ret_answer, size_t *ret_len)
{
    CxlfmDeadline deadline = cxlfm_deadline(fm->timeout);
    uint8_t body[MESSAGE_MAX] = { cxlfm_fmapi_type(request->opcode) };
    CXLDcdCciHeader *h = (CXLDcdCciHeader *)(body + TYPE);
    CxlfmMctp *m = fm->state;
    int ret;

    g_assert(request->len <= cxlfm_fmapi_request_max(fm));
    h->command = request->opcode;
    h->command_set = request->opcode >> 8;
    h->length[0] = request->len;
    h->length[1] = request->len >> 8;
    if (request->len) {
        memcpy(h + 1, request->payload, request->len);
    }
    memset(m->mask, 0xff, sizeof(m->mask));
    m->mask[1] = 0x0f;
    m->mask[3] = 0;               /* reserved */
    memset(m->want, 0, sizeof(m->want));
    m->want[0] = body[0];
    m->want[1] = CXL_DCD_CCI_RESPONSE;
    m->want[4] = h->command;
    m->want[5] = h->command_set;
    ret = cxlfm_mctp_exchange(m, cxlfm_mctp_eid(fm), body,
                              TYPE + sizeof(*h) + request->len, 2,
                              !request->changes, deadline);
    if (ret < 0) {
        return ret;
    }
    if (!ret) {
        return cxlfm_fail(fm, CXLFM_ERROR_TIMEOUT,
                          "%s has not answered command %04xh within %.1f s%s",
                          fm->address, request->opcode, fm->timeout / 1000.0,
                          request->changes ?
                          "; whether it was carried out is unknown" : "");
    }
    return cxlfm_fmapi_answer(m, request, ret_answer, ret_len);
}
