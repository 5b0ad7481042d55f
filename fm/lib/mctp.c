/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One requester on an MCTP line: sends a message and waits for its answer
 */
#include <string.h>
#include <glib.h>
#include "handle.h"
#include "mctp-net.h"
#include "mctp.h"
#include "stream.h"

/* What only reads is sent again when there is no answer after this time. */
#define RESEND_MS   2000
/* Who does not wait takes in what is there, but not for ever. */
#define DRAIN_US    (100 * 1000)

struct CxlfmMctp {
    cxlfm *fm;
    CXLDcdMctp *line;
    uint8_t next_tag;             /* MCTP has 3 bits of it, a body all 8 */
    bool notified;                /* Event Notification (0106h) came */
    int line_error;               /* of a write inside a callback */
    CxlfmDeadline deadline;       /* of the call in progress */
    cxlfm_mctp_listen_fn listen;
    void *listen_opaque;
    /* The exchange in progress, until its answer is here; NULL: none */
    const CxlfmExchange *waiting;
    uint8_t tag;
    size_t answer_len;
    uint8_t answer[CXLFM_MCTP_MESSAGE_MAX];
};

static void cxlfm_mctp_write(void *opaque, const uint8_t *bytes, size_t len)
{
    CxlfmMctp *m = opaque;

    if (!m->line_error) {
        m->line_error = cxlfm_stream_write(m->fm, bytes, len, m->deadline);
    }
}

/* A request to us: of those only Event Notification makes sense. */
static void cxlfm_mctp_requested(CxlfmMctp *m, const CXLDcdMctpMessage *message)
{
    const CXLDcdCciHeader *h =
        (const CXLDcdCciHeader *)(message->body + CXLFM_MCTP_TYPE);

    if (message->body[0] == CXL_DCD_MCTP_TYPE_CCI &&
        message->len >= CXLFM_MCTP_TYPE + sizeof(*h) &&
        (h->command_set << 8 | h->command) == CXL_DCD_OP_EVENT_NOTIFICATION) {
        m->notified = true;
    }
}

static bool cxlfm_mctp_is_answer(const CxlfmMctp *m,
                                 const CXLDcdMctpMessage *message)
{
    const CxlfmExchange *x = m->waiting;
    size_t i;

    /* The kernel gives tags of its own, and has looked at them */
    if (!x || (x->eid && message->source != x->eid) ||
        (!m->fm->network && message->tag != (m->tag & 7)) ||
        message->len != message->total ||
        message->len > sizeof(m->answer) || message->len < CXLFM_MCTP_HEAD) {
        return false;
    }
    for (i = 0; i < CXLFM_MCTP_HEAD; i++) {
        if ((message->body[i] & x->mask[i]) != x->want[i]) {
            return false;
        }
    }
    return true;
}

static void cxlfm_mctp_message(void *opaque, const CXLDcdMctpMessage *message)
{
    CxlfmMctp *m = opaque;

    if (message->tag_owner) {
        /* Of a network of endpoints, ours is one */
        if (m->fm->network && message->source != m->fm->eid) {
            return;
        }
        cxlfm_mctp_requested(m, message);
        return;
    }
    if (m->listen) {
        m->listen(m->listen_opaque, message);
    }
    if (cxlfm_mctp_is_answer(m, message)) {
        memcpy(m->answer, message->body, message->len);
        m->answer_len = message->len;
        m->waiting = NULL;
    }
}

static const CXLDcdMctpOps mctp_ops = {
    .send = cxlfm_mctp_write,
    .message = cxlfm_mctp_message,
};

CxlfmMctp *cxlfm_mctp_new(cxlfm *fm)
{
    const CXLDcdMctpConfig config = {
        .eid = CXLFM_MCTP_OUR_EID,
        .max_message = CXLFM_MCTP_MESSAGE_MAX,
    };
    CxlfmMctp *m = g_new0(CxlfmMctp, 1);

    m->fm = fm;
    m->line = cxl_dcd_mctp_new(&config, &mctp_ops, m);
    return m;
}

void cxlfm_mctp_free(CxlfmMctp *m)
{
    cxl_dcd_mctp_free(m->line);
    g_free(m);
}

cxlfm *cxlfm_mctp_handle(const CxlfmMctp *m)
{
    return m->fm;
}

void cxlfm_mctp_listen(CxlfmMctp *m, cxlfm_mctp_listen_fn fn, void *opaque)
{
    m->listen = fn;
    m->listen_opaque = opaque;
}

/* One message out, with @tag */
static int cxlfm_mctp_put(CxlfmMctp *m, uint8_t eid, uint8_t tag,
                          const uint8_t *body, size_t len,
                          CxlfmDeadline deadline)
{
    if (m->fm->network) {
        return cxlfm_mctp_net_send(m->fm, eid, body, len, deadline);
    }
    m->deadline = deadline;
    m->line_error = 0;
    cxl_dcd_mctp_send(m->line, CXLFM_MCTP_OUR_EID, eid, tag & 7, true, body,
                      len);
    return m->line_error;
}

int cxlfm_mctp_send(CxlfmMctp *m, uint8_t eid, const uint8_t *body, size_t len,
                    CxlfmDeadline deadline)
{
    /* Nobody waits for an answer with this tag: any will do. */
    return cxlfm_mctp_put(m, eid, eid, body, len, deadline);
}

/* Take in what comes. @soon: it is expected now. 1 something, 0 too late. */
static int cxlfm_mctp_take(CxlfmMctp *m, bool soon, CxlfmDeadline deadline)
{
    uint8_t bytes[4096];
    CXLDcdMctpMessage message;
    int ret;

    if (m->fm->network) {
        ret = cxlfm_mctp_net_receive(m->fm, bytes, sizeof(bytes), deadline,
                                     &message);
        if (ret > 0) {
            cxlfm_mctp_message(m, &message);
        }
        return ret;
    }
    ret = soon ?
        cxlfm_stream_read_soon(m->fm, bytes, sizeof(bytes), deadline) :
        cxlfm_stream_read(m->fm, bytes, sizeof(bytes), deadline);
    if (ret > 0) {
        cxl_dcd_mctp_receive(m->line, bytes, ret);
    }
    return ret;
}

/*
 * Take bytes in until the answer is here. 1 it is, 0 too late, whatever else
 * still comes.
 */
static int cxlfm_mctp_await(CxlfmMctp *m, CxlfmDeadline deadline)
{
    int ret = 1;

    while (m->waiting && ret > 0) {
        ret = cxlfm_mctp_take(m, true, deadline);
        if (ret > 0 && m->waiting && !cxlfm_left(deadline)) {
            ret = 0;
        }
    }
    return ret;
}

int cxlfm_mctp_exchange(CxlfmMctp *m, CxlfmExchange *x, CxlfmDeadline deadline,
                        const uint8_t **ret_answer, size_t *ret_len)
{
    int ret;

    do {
        CxlfmDeadline attempt = x->resend ?
            MIN(deadline, cxlfm_deadline(RESEND_MS)) : deadline;

        m->tag = m->next_tag++;
        if (x->tag_at) {
            x->body[x->tag_at] = m->tag;
            x->want[x->tag_at] = m->tag;
        }
        m->waiting = x;
        ret = cxlfm_mctp_put(m, x->eid, m->tag, x->body, x->len, deadline);
        if (!ret) {
            ret = cxlfm_mctp_await(m, attempt);
        }
        m->waiting = NULL;
    } while (!ret && g_get_monotonic_time() < deadline);
    *ret_answer = m->answer;
    *ret_len = m->answer_len;
    return ret;
}

bool cxlfm_mctp_notified(const CxlfmMctp *m)
{
    return m->notified;
}

int cxlfm_mctp_pump(CxlfmMctp *m, unsigned timeout)
{
    CxlfmDeadline deadline = cxlfm_deadline(timeout);
    const CxlfmDeadline end = deadline + DRAIN_US;
    int ret = 1;

    while (!m->notified && ret > 0) {
        ret = cxlfm_mctp_take(m, false, deadline);
        if (ret > 0 && g_get_monotonic_time() >= end) {
            ret = 0;
        }
    }
    if (ret < 0) {
        return ret;
    }
    ret = m->notified;
    m->notified = false;
    return ret;
}
