/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz what a device answers over the FM API
 *
 *   [calls][call]...   what the library is asked for, up to 15 calls
 *   [shape][length][payload]...   one for each message that it sends
 */
#include "fm-line.h"
#include "hw/cxl/dcd/mctp.h"
#include "hw/cxl/dcd/wire_fm.h"

#define CALLS_MAX 15
/* Of a shape: which liberties an answer takes */
#define SAYS_CODE    0x01         /* a return code of its own */
#define LIES_LENGTH  0x02         /* a header whose length is another one */
#define NOTIFIES     0x04         /* an Event Notification before it */
#define NOISE        0x08         /* bytes that are no frame before it */
#define SHORT        0x10         /* no CCI message at all */
#define LONG         0x20         /* sixteen times the length */

static const uint8_t *at, *end;
static CXLDcdMctp *device;

static uint8_t take(void)
{
    return at < end ? *at++ : 0;
}

static void device_send(void *opaque, const uint8_t *bytes, size_t len)
{
    line_say(bytes, len);
}

static void device_notify(void)
{
    uint8_t body[1 + sizeof(CXLDcdCciHeader)] = { CXL_DCD_MCTP_TYPE_CCI };
    CXLDcdCciHeader *h = (CXLDcdCciHeader *)(body + 1);

    h->command = CXL_DCD_OP_EVENT_NOTIFICATION & 0xff;
    h->command_set = CXL_DCD_OP_EVENT_NOTIFICATION >> 8;
    cxl_dcd_mctp_send(device, cxl_dcd_mctp_eid(device), 8, take() & 7, true,
                      body, sizeof(body));
}

/* Answer with what the input has next, under the header that was asked with. */
static void device_message(void *opaque, const CXLDcdMctpMessage *message)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    uint8_t shape = take();
    size_t len = take(), told, i;
    CXLDcdCciHeader h;

    len *= shape & LONG ? 16 : 1;
    told = len + (shape & LIES_LENGTH ? take() : 0);
    if (shape & NOISE) {
        line_say(at, MIN((size_t)(end - at), 5));
    }
    if (shape & NOTIFIES) {
        device_notify();
    }
    if (!message->tag_owner || message->len < 1 + sizeof(h)) {
        return;
    }
    memcpy(&h, message->body + 1, sizeof(h));
    h.category = CXL_DCD_CCI_RESPONSE;
    h.return_code = cxl_dcd_put16(shape & SAYS_CODE ? take() : 0);
    h.length[0] = told;
    h.length[1] = told >> 8;
    h.length[2] = 0;
    g_byte_array_append(body, message->body, 1);
    if (!(shape & SHORT)) {
        g_byte_array_append(body, (const uint8_t *)&h, sizeof(h));
    }
    for (i = 0; i < len; i++) {
        const uint8_t byte = take();

        g_byte_array_append(body, &byte, 1);
    }
    cxl_dcd_mctp_reply(device, message, body->data, body->len);
}

static void line_hear(const uint8_t *bytes, size_t len)
{
    cxl_dcd_mctp_receive(device, bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const CXLDcdMctpOps ops = {
        .send = device_send, .message = device_message,
    };
    const CXLDcdMctpConfig config = {
        .eid = 9, .endpoint = true, .max_message = 8192,
    };
    const uint8_t *calls;
    size_t count;

    at = data;
    end = data + size;
    count = take() % (CALLS_MAX + 1);
    count = MIN(count, (size_t)(end - at));
    calls = at;
    at += count;
    device = cxl_dcd_mctp_new(&config, &ops, NULL);
    line_run("fm:memory,eid=9", calls, count);
    cxl_dcd_mctp_free(device);
    return 0;
}
