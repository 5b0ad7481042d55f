/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fabric manager's MCTP endpoint: requests, answers and notifications
 */
#include "tests/unit/cci-message.h"

static void give(Fixture *f, uint8_t type, const Message *m, size_t len,
                 uint8_t tag)
{
    static const CXLDcdMctpOps ops = { .send = fixture_send };
    CXLDcdMctpConfig config = { .eid = 8, .max_message = 64 };
    g_autofree uint8_t *body = g_malloc(1 + sizeof(m->header) + len);
    CXLDcdMctp *requester = cxl_dcd_mctp_new(&config, &ops, f);
    g_autofree uint8_t *bytes = NULL;
    guint n;

    body[0] = type;
    memcpy(body + 1, m, sizeof(m->header) + len);
    g_byte_array_set_size(f->line, 0);
    cxl_dcd_mctp_send(requester, 8, 9, tag, true, body,
                      1 + sizeof(m->header) + len);
    n = f->line->len;
    bytes = g_memdup2(f->line->data, n);
    g_byte_array_set_size(f->line, 0);
    cxl_dcd_endpoint_receive(f->endpoint, bytes, n);
    cxl_dcd_mctp_free(requester);
}

static void test_endpoint(void)
{
    /* Get DCD Info, CCI tag 2, MCTP tag 2 */
    static const uint8_t request[] = {
        0x7e, 0x01, 0x11, 0x01, 0x09, 0x08, 0xca, 0x07, 0x00, 0x02, 0x00,
        0x00, 0x56, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc3, 0x1a,
        0x7e
    };
    Fixture *f = fixture_new(16);
    Message m = message(0x0001, NULL, 0);
    CXLDcdMctpDeframer d = { 0 };
    unsigned packets = 0;

    cxl_dcd_endpoint_receive(f->endpoint, request, sizeof(request));
    for (guint i = 0; i < f->line->len; i++) {
        if (cxl_dcd_mctp_deframe(&d, f->line->data[i])) {
            /* To EID 8, from 9, tag 2, not its owner; two packets */
            g_assert_cmphex(d.packet[1], ==, 8);
            g_assert_cmphex(d.packet[2], ==, 9);
            g_assert_cmphex(d.packet[3], ==, packets ? 0x52 : 0x82);
            packets++;
        }
    }
    g_assert_cmpuint(packets, ==, 2);
    g_assert_cmpuint(d.len, ==, 4 + 1 + 12 + 0x54 - 64);

    /* Types that are not ours, and what owns no tag, get no answer */
    give(f, 0x05, &m, 0, 1);
    give(f, 0x7e, &m, 0, 1);
    g_assert_cmpuint(f->line->len, ==, 0);
    give(f, 0x08, &m, 0, 1);
    g_assert_cmpuint(f->line->len, >, 0);
    fixture_free(f);
}

/* A manager vanishes at every byte of a request; the next one is served */
static void test_vanish(void)
{
    Fixture *f = fixture_new(16);
    g_autoptr(GByteArray) before = fixture_state(f);
    Message m = message(0x5600, NULL, 0);
    static const uint8_t request[] = {
        0x7e, 0x01, 0x11, 0x01, 0x09, 0x08, 0xca, 0x07, 0x00, 0x02, 0x00,
        0x00, 0x56, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc3, 0x1a,
        0x7e
    };

    for (size_t cut = 0; cut < sizeof(request); cut++) {
        g_byte_array_set_size(f->line, 0);
        cxl_dcd_endpoint_receive(f->endpoint, request, cut);
        g_assert_cmpuint(f->line->len, ==, 0);
        cxl_dcd_endpoint_disconnect(f->endpoint);
        give(f, 0x07, &m, 0, cut % 8);
        g_assert_cmpuint(f->line->len, >, 0);
    }
    assert_state_is(f, before);
    fixture_free(f);
}

/* Return code of the one answer on the line, whatever its packets */
static int answered(Fixture *f)
{
    CXLDcdMctpDeframer d = { 0 };

    for (guint i = 0; i < f->line->len; i++) {
        if (cxl_dcd_mctp_deframe(&d, f->line->data[i])) {
            /* Header of MCTP, type; the code is behind 8 bytes of the CCI's */
            return d.packet[4 + 1 + 8] | d.packet[4 + 1 + 9] << 8;
        }
    }
    return -1;
}

/* What begun is done: the command is run again. */
static void done(Fixture *f)
{
    g_assert_true(f->begun);
    f->begun = false;
    g_byte_array_set_size(f->line, 0);
    cxl_dcd_endpoint_again(f->endpoint);
}

static Message offer_of(uint64_t length, size_t *ret_len)
{
    CXLDcdFmInitiateRequest request = {
        .policy = CXL_DCD_POLICY_FREE, .length = cxl_dcd_put64(length),
    };

    *ret_len = sizeof(request);
    return message(CXL_DCD_OP_FM_INITIATE_ADD, &request, sizeof(request));
}

/* Memory is taken first: the offer is made after that, and answered once. */
static void test_again(void)
{
    Fixture *f = fixture_new(16);
    Message get = message(0x5600, NULL, 0), m;
    size_t len;

    m = offer_of(BLOCK, &len);
    f->takes = 2;
    give(f, 0x07, &m, len, 1);
    g_assert_cmpint(answered(f), ==, -1);
    /* One at a time */
    give(f, 0x07, &get, 0, 2);
    g_assert_cmpint(answered(f), ==, -1);
    done(f);
    g_assert_cmpint(answered(f), ==, -1);
    done(f);
    g_assert_cmpint(answered(f), ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->host_log), ==, 1);
    g_assert_false(f->may_wait);
    g_byte_array_set_size(f->line, 0);
    cxl_dcd_endpoint_again(f->endpoint);
    g_assert_cmpint(answered(f), ==, -1);

    /* Others are always faster: it ends all the same */
    f->takes = 100;
    give(f, 0x07, &m, len, 1);
    for (unsigned i = 0; answered(f) < 0; i++) {
        g_assert_cmpuint(i, <, 10);
        done(f);
    }
    g_assert_cmpint(answered(f), ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->host_log), ==, 2);

    /* What cannot be is refused then, with the code that it has then */
    m = offer_of(GIB - BLOCK, &len);
    f->takes = 1;
    give(f, 0x07, &m, len, 1);
    g_assert_cmpint(answered(f), ==, CXL_DCD_RC_RESOURCES_EXHAUSTED);
    f->begun = false;
    m = offer_of(GIB - 2 * BLOCK, &len);
    give(f, 0x07, &m, len, 1);
    g_assert_cmpint(answered(f), ==, -1);
    g_assert_rc(OFFER(f, REGION0 + 4 * BLOCK, BLOCK), SUCCESS);
    done(f);
    g_assert_cmpint(answered(f), ==, CXL_DCD_RC_RESOURCES_EXHAUSTED);

    /* Nobody waits any more */
    m = offer_of(BLOCK, &len);
    f->takes = 1;
    give(f, 0x07, &m, len, 1);
    g_assert_cmpint(answered(f), ==, -1);
    cxl_dcd_endpoint_disconnect(f->endpoint);
    done(f);
    g_assert_cmpint(answered(f), ==, -1);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->host_log), ==, 3);
    give(f, 0x07, &get, 0, 2);
    g_assert_cmpint(answered(f), ==, CXL_DCD_RC_SUCCESS);
    fixture_free(f);
}

/* Who asks through a tunnel is answered at once. */
static void test_again_tunnel(void)
{
    Fixture *f = fixture_new(16);
    uint8_t in[4 + sizeof(Message)] = { 0 };
    Message inner, outer;
    size_t len;

    inner = offer_of(BLOCK, &len);
    len += sizeof(inner.header);
    in[2] = len;
    memcpy(in + 4, &inner, len);
    outer = message(CXL_DCD_OP_TUNNEL, in, 4 + len);
    f->takes = 1;
    give(f, 0x07, &outer, 4 + len, 1);
    g_assert_cmpint(answered(f), ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->host_log), ==, 1);
    g_assert_cmpuint(f->takes, ==, 1);
    fixture_free(f);
}

/* 0106h once per change from empty, to whoever set the policy */
static void test_notification(void)
{
    static const uint8_t on[] = { 0x10, 0x00 }, all[] = { 0xff, 0xff };
    static const uint8_t off[2];
    static const uint8_t clear[] = { 4, 0, 2, 0, 0, 0, 1, 0, 2, 0 };
    Fixture *f = fixture_new(16);
    Message m = message(0x0105, on, 2);
    CXLDcdMctpDeframer d = { 0 };
    bool got = false;

    g_assert_rc(fm(f, 0x0104, NULL, 0), SUCCESS);
    g_assert_cmpmem(f->out, f->out_len, off, 2);
    give(f, 0x08, &m, 2, 3);
    g_byte_array_set_size(f->line, 0);
    g_assert_rc(OFFER(f, REGION0, BLOCK, REGION0 + 4 * BLOCK, BLOCK), SUCCESS);
    g_assert_cmpuint(f->line->len, ==, 0);
    g_assert_rc(ACCEPT(f, REGION0, BLOCK, REGION0 + 4 * BLOCK, BLOCK),
                SUCCESS);
    for (guint i = 0; i < f->line->len; i++) {
        g_assert_false(got);
        got = cxl_dcd_mctp_deframe(&d, f->line->data[i]);
    }
    g_assert_true(got);
    g_assert_cmpuint(d.len, ==, 4 + 1 + 12 + 2);
    g_assert_cmphex(d.packet[1], ==, 8);
    g_assert_cmphex(d.packet[2], ==, 9);
    g_assert_cmphex(d.packet[3] & 0xc8, ==, 0xc8);
    g_assert_cmphex(d.packet[4], ==, 0x08);
    g_assert_cmphex(d.packet[5], ==, 0x00);
    g_assert_cmphex(d.packet[8], ==, 0x06);
    g_assert_cmphex(d.packet[9], ==, 0x01);
    g_assert_cmphex(d.packet[10], ==, 2);
    g_assert_cmphex(d.packet[17], ==, 0x10);

    /* Not again until the log was empty */
    g_byte_array_set_size(f->line, 0);
    g_assert_rc(RELEASE(f, REGION0, BLOCK), SUCCESS);
    g_assert_cmpuint(f->line->len, ==, 0);
    g_assert_rc(fm(f, 0x0101, clear, sizeof(clear)), SUCCESS);
    g_assert_cmpuint(cxl_dcd_event_log_count(f->fm_log), ==, 1);

    /* Reserved bits are not kept; gone with the manager */
    g_assert_rc(fm(f, 0x0105, all, 2), SUCCESS);
    g_assert_cmphex(f->out[0] | f->out[1] << 8, ==, 0x801f);
    cxl_dcd_endpoint_disconnect(f->endpoint);
    cxl_dcd_event_log_reset(f->fm_log);
    g_assert_rc(RELEASE(f, REGION0 + 4 * BLOCK, BLOCK), SUCCESS);
    g_assert_cmpuint(f->line->len, ==, 0);
    fixture_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/commands/endpoint/request", test_endpoint);
    g_test_add_func("/commands/endpoint/vanish", test_vanish);
    g_test_add_func("/commands/endpoint/again", test_again);
    g_test_add_func("/commands/endpoint/again-tunnel", test_again_tunnel);
    g_test_add_func("/commands/endpoint/notification", test_notification);
    return g_test_run();
}
