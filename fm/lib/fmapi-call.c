/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: one command and its answer, to one of the line's endpoints
 */
#include <string.h>
#include <glib.h>
#include "error.h"
#include "fmapi-call.h"
#include "handle.h"
#include "mctp-find.h"

#define TYPE CXLFM_MCTP_TYPE

typedef struct CxlfmEndpoint {
    uint8_t eid;
    uint16_t request_max;         /* payload bytes */
} CxlfmEndpoint;

typedef struct CxlfmFmapi {
    CxlfmMctp *mctp;
    GArray *endpoints;            /* CxlfmEndpoint, one per device */
    unsigned selected;
} CxlfmFmapi;

static CxlfmEndpoint *cxlfm_fmapi_selected(const cxlfm *fm)
{
    const CxlfmFmapi *f = fm->state;

    return &g_array_index(f->endpoints, CxlfmEndpoint, f->selected);
}

int cxlfm_fmapi_open(cxlfm *fm, CxlfmDeadline deadline)
{
    g_autoptr(GByteArray) eids = g_byte_array_new();
    CxlfmFmapi *f = g_new0(CxlfmFmapi, 1);
    unsigned i;
    int ret;

    f->mctp = cxlfm_mctp_new(fm);
    f->endpoints = g_array_new(false, false, sizeof(CxlfmEndpoint));
    fm->state = f;
    ret = cxlfm_mctp_find(f->mctp, fm->eid, deadline, eids);
    for (i = 0; i < eids->len; i++) {
        const CxlfmEndpoint endpoint = {
            .eid = eids->data[i], .request_max = 1 << CXL_DCD_LIMIT_MIN,
        };

        g_array_append_val(f->endpoints, endpoint);
    }
    return ret;
}

void cxlfm_fmapi_close(cxlfm *fm)
{
    CxlfmFmapi *f = fm->state;

    cxlfm_mctp_free(f->mctp);
    g_array_unref(f->endpoints);
    g_free(f);
}

bool cxlfm_fmapi_waiting(const cxlfm *fm)
{
    return cxlfm_mctp_notified(((const CxlfmFmapi *)fm->state)->mctp);
}

int cxlfm_fmapi_pump(cxlfm *fm, unsigned timeout)
{
    return cxlfm_mctp_pump(((CxlfmFmapi *)fm->state)->mctp, timeout);
}

size_t cxlfm_fmapi_endpoints(const cxlfm *fm)
{
    return ((const CxlfmFmapi *)fm->state)->endpoints->len;
}

void cxlfm_fmapi_select(cxlfm *fm, size_t endpoint)
{
    ((CxlfmFmapi *)fm->state)->selected = endpoint;
}

uint8_t cxlfm_fmapi_eid(const cxlfm *fm)
{
    return cxlfm_fmapi_selected(fm)->eid;
}

size_t cxlfm_fmapi_request_max(const cxlfm *fm)
{
    return cxlfm_fmapi_selected(fm)->request_max;
}

void cxlfm_fmapi_set_request_max(cxlfm *fm, size_t request_max)
{
    cxlfm_fmapi_selected(fm)->request_max = request_max;
}

int cxlfm_fmapi_senseless(cxlfm *fm, uint16_t opcode)
{
    return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                      "%s: the answer to command %04xh contradicts itself",
                      fm->address, opcode);
}

/* FM API command sets are 51h to 5Fh, the rest is component CCI: 7.6.3. */
static uint8_t cxlfm_fmapi_type(uint16_t opcode)
{
    return opcode >> 8 >= 0x51 && opcode >> 8 <= 0x5f ?
           CXL_DCD_MCTP_TYPE_FM_API : CXL_DCD_MCTP_TYPE_CCI;
}

/* From the message that is the answer, its payload */
static int cxlfm_fmapi_answer(cxlfm *fm, const CxlfmRequest *request,
                              const uint8_t *message, size_t message_len,
                              const uint8_t **ret_answer, size_t *ret_len)
{
    const CXLDcdCciHeader *h = (const CXLDcdCciHeader *)(message + TYPE);
    size_t len = h->length[0] | h->length[1] << 8 |
                 (size_t)(h->length[2] & 0x1f) << 16;
    uint16_t code;

    if (message_len != TYPE + sizeof(*h) + len) {
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s answered %04xh with a length of %zu bytes in a "
                          "message of %zu", fm->address, request->opcode, len,
                          message_len);
    }
    code = cxl_dcd_get16(h->return_code);
    cxlfm_log(fm, "%s: < command %04xh: %s, %zu bytes", fm->address,
              request->opcode, cxlfm_return_code_name(code), len);
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
    *ret_answer = message + TYPE + sizeof(*h);
    *ret_len = len;
    return 0;
}

int cxlfm_fmapi_call(cxlfm *fm, const CxlfmRequest *request,
                     const uint8_t **ret_answer, size_t *ret_len)
{
    CxlfmDeadline deadline = cxlfm_deadline(fm->timeout);
    const uint8_t type = cxlfm_fmapi_type(request->opcode);
    uint8_t body[CXLFM_MCTP_MESSAGE_MAX] = { type };
    CXLDcdCciHeader *h = (CXLDcdCciHeader *)(body + TYPE);
    CxlfmFmapi *f = fm->state;
    /* Type, category, tag, reserved, command, command set */
    CxlfmExchange x = {
        .eid = cxlfm_fmapi_eid(fm), .body = body,
        .len = TYPE + sizeof(*h) + request->len, .tag_at = 2,
        .want = { type, CXL_DCD_CCI_RESPONSE, 0, 0, request->opcode & 0xff,
                  request->opcode >> 8 },
        .mask = { 0xff, 0x0f, 0xff, 0, 0xff, 0xff },
        .resend = !request->changes && !request->once,
    };
    const uint8_t *message;
    size_t len;
    int ret;

    g_assert(request->len <= cxlfm_fmapi_request_max(fm));
    h->command = request->opcode;
    h->command_set = request->opcode >> 8;
    h->length[0] = request->len;
    h->length[1] = request->len >> 8;
    if (request->len) {
        memcpy(h + 1, request->payload, request->len);
    }
    cxlfm_log(fm, "%s: > command %04xh to endpoint %u, %zu bytes", fm->address,
              request->opcode, x.eid, request->len);
    ret = cxlfm_mctp_exchange(f->mctp, &x, deadline, &message, &len);
    if (!ret) {
        ret = cxlfm_fail(fm, CXLFM_ERROR_TIMEOUT,
                         "%s has not answered command %04xh within %.1f s",
                         fm->address, request->opcode, fm->timeout / 1000.0);
    }
    if (ret < 0) {
        return request->changes ? cxlfm_unknown(fm) : ret;
    }
    return cxlfm_fmapi_answer(fm, request, message, len, ret_answer, ret_len);
}
