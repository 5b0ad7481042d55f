/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: who is on the line of the FM endpoint
 *
 * Fabric managers that come and vanish, and several devices on one line.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client-fm.h"

#define SUCCESS    CXL_DCD_RC_SUCCESS
#define BLOCK      CXL_DCD_TEST_BLOCK
#define OWNER      CXL_DCD_FM_OWNER
#define SOM        CXL_DCD_FM_SOM
#define EOM        CXL_DCD_FM_EOM
#define SEQ        CXL_DCD_FM_SEQ
#define CCI        CXL_DCD_FM_CCI

static CXLDcdOptions one, two, unnumbered;

/* --- Fabric managers that vanish --- */

/* What a fabric manager sees: configuration, lists, tags, its own settings */
static char *fm_view(void)
{
    static const struct {
        uint16_t opcode;
        uint8_t in[12], len;
    } asked[] = {
        { CXL_DCD_OP_FM_GET_INFO },
        { CXL_DCD_OP_FM_GET_REGION_CONFIG, { 0, 0, 8, 0 }, 4 },
        { CXL_DCD_OP_FM_GET_EXTENT_LISTS, { 0, 0, 0, 0, 0xff }, 12 },
        { CXL_DCD_OP_FM_LIST_TAGS, { 0, 0, 0, 0, 0xff }, 8 },
        { CXL_DCD_OP_GET_EVENT_RECORDS, { CXL_DCD_EVENT_LOG }, 1 },
        { CXL_DCD_OP_GET_RESPONSE_LIMIT },
        { CXL_DCD_OP_GET_MCTP_EVENT_POLICY },
    };
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    GString *text = g_string_new(NULL);
    uint8_t answer[1024];
    size_t i, j, len;

    for (i = 0; i < G_N_ELEMENTS(asked); i++) {
        g_assert_cmphex(cxl_dcd_fm_command(&l, asked[i].opcode, asked[i].in,
                                           asked[i].len, answer, &len), ==,
                        SUCCESS);
        g_string_append_printf(text, "%04x:", asked[i].opcode);
        for (j = 0; j < len; j++) {
            g_string_append_printf(text, " %02x", answer[j]);
        }
        g_string_append_c(text, '\n');
    }
    cxl_dcd_fm_close(&l);
    return g_string_free(text, false);
}

/* An add of one block in two packets, as bytes of the line */
static size_t add_frames(uint8_t *out, unsigned tag)
{
    CXLDcdFmInitiateRequest request = { .policy = CXL_DCD_POLICY_FREE };
    uint8_t body[CCI + sizeof(request)], packet[4 + 64];
    size_t len, first = 24;

    request.length = cxl_dcd_put64(BLOCK);
    len = cxl_dcd_fm_request(body, CXL_DCD_OP_FM_INITIATE_ADD, 1, &request,
                             sizeof(request));
    memcpy(packet, ((const uint8_t[]) { 1, 9, 8, SOM | OWNER | tag }), 4);
    memcpy(packet + 4, body, first);
    len -= first;
    first = cxl_dcd_fm_frame(packet, 4 + first, out);
    packet[3] = EOM | SEQ(1) | OWNER | tag;
    memcpy(packet + 4, body + 24, len);
    return first + cxl_dcd_fm_frame(packet, 4 + len, out + first);
}

/* Ten leave, each at another byte of an add, settings of their own made */
static void vanish_mid_message(CXLDcdDevice *d)
{
    uint8_t bytes[2 * CXL_DCD_FM_LINE], limit = CXL_DCD_LIMIT_MIN;
    const cxl_dcd_le16 policy = cxl_dcd_put16(CXL_DCD_MCTP_EVENT_DC);
    g_autofree char *fm_before = NULL, *fm_after = NULL;
    size_t len = add_frames(bytes, 5);
    char *before;
    unsigned i;

    cxl_dcd_add_accepted(d, { 0, BLOCK }, { 4 * BLOCK, BLOCK });
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    before = cxl_dcd_snapshot(d);
    fm_before = fm_view();
    for (i = 0; i < 10; i++) {
        CXLDcdFmLine l = cxl_dcd_fm_connect();
        cxl_dcd_le16 got;
        uint8_t got_limit;

        g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_SET_RESPONSE_LIMIT,
                                       &limit, 1, &got_limit, 1), ==, SUCCESS);
        g_assert_cmphex(cxl_dcd_fm_ask(&l, CXL_DCD_OP_SET_MCTP_EVENT_POLICY,
                                       &policy, 2, &got, 2), ==, SUCCESS);
        cxl_dcd_fm_send(&l, bytes, 1 + i * (len - 2) / 9);
        cxl_dcd_fm_close(&l);
    }
    fm_after = fm_view();
    g_assert_cmpstr(fm_after, ==, fm_before);
    cxl_dcd_assert_unchanged(d, before);
}

/* The end of one's message does not complete the start of another's. */
static void vanish_and_follow(CXLDcdDevice *d)
{
    uint8_t bytes[2 * CXL_DCD_FM_LINE];
    size_t len = add_frames(bytes, 5), cut;
    char *before = cxl_dcd_snapshot(d);

    for (cut = 1; cut < len; cut++) {
        CXLDcdFmLine l = cxl_dcd_fm_connect();

        cxl_dcd_fm_send(&l, bytes, cut);
        cxl_dcd_fm_close(&l);
        l = cxl_dcd_fm_connect();
        cxl_dcd_fm_send(&l, bytes + cut, len - cut);
        cxl_dcd_fm_send(&l, "\x7e", 1);
        cxl_dcd_fm_silent(&l);
        cxl_dcd_fm_close(&l);
    }
    cxl_dcd_assert_unchanged(d, before);
}

/* One that asks and asks and reads nothing stops being served, no more. */
static void vanish_unread(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    char *before = cxl_dcd_snapshot(d);
    uint8_t frame[CXL_DCD_FM_LINE];
    size_t len = cxl_dcd_fm_info_frame(frame, 0x55), sent = 0;
    int idle = 0;

    while (idle < 100 && sent < 64 * CXL_DCD_TEST_MIB) {
        ssize_t n = send(l.fd, frame, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n > 0) {
            sent += n;
            idle = 0;
        } else {
            /* The device is alive meanwhile, and had time to read more. */
            idle++;
            g_assert_false(cxl_dcd_event_status(d));
        }
    }
    g_assert_cmpuint(sent, <, 64 * CXL_DCD_TEST_MIB);
    cxl_dcd_fm_close(&l);
    cxl_dcd_assert_unchanged(d, before);
    l = cxl_dcd_fm_connect();
    g_assert_cmphex(cxl_dcd_fm_info(&l), ==, SUCCESS);
    cxl_dcd_fm_close(&l);
}

/* --- Several devices on one line --- */

static uint64_t serial(CXLDcdFmLine *l)
{
    CXLDcdIdentifyResponse id;

    g_assert_cmphex(cxl_dcd_fm_ask(l, CXL_DCD_OP_IDENTIFY, NULL, 0, &id,
                                   sizeof(id)), ==, SUCCESS);
    return cxl_dcd_get64(id.serial);
}

/* Each by its endpoint id; what one is asked, the other does not do. */
static void bus_two(CXLDcdDevice *d)
{
    CXLDcdFmInitiateRequest request = { .policy = CXL_DCD_POLICY_FREE };
    CXLDcdDevice *other = &d->machine->device[1];
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    char *before = cxl_dcd_snapshot(d);

    g_assert_cmpuint(serial(&l), ==, 1);
    l.eid = 10;
    g_assert_cmpuint(serial(&l), ==, 2);
    request.length = cxl_dcd_put64(BLOCK);
    g_assert_cmphex(cxl_dcd_fm_tell(&l, CXL_DCD_OP_FM_INITIATE_ADD, request),
                    ==, SUCCESS);
    cxl_dcd_assert_unchanged(d, before);
    g_assert_cmpuint(cxl_dcd_query_count(other, "state", "pending"), ==, 1);
    cxl_dcd_fm_close(&l);
}

/* Packets of two messages for two devices, in turn, with the same tag */
static void bus_interleaved(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t body[2][CCI];
    unsigned at, m;

    for (m = 0; m < 2; m++) {
        cxl_dcd_fm_info_request(body[m], 0x20 + m);
    }
    for (at = 0; at < CCI; at++) {
        for (m = 0; m < 2; m++) {
            cxl_dcd_fm_send_packet(&l, 9 + m, OWNER | SEQ(at) |
                                   (at ? 0 : SOM) |
                                   (at == CCI - 1 ? EOM : 0), &body[m][at], 1);
        }
    }
    cxl_dcd_fm_expect_info(&l, 0x20, 0);
    l.eid = 10;
    cxl_dcd_fm_expect_info(&l, 0x21, 0);
    cxl_dcd_fm_close(&l);
}

/* Without static ids: the null EID reaches the first that has none. */
static void bus_numbered(CXLDcdDevice *d)
{
    CXLDcdFmLine l = cxl_dcd_fm_connect();
    uint8_t out[64];
    size_t len;

    g_assert_cmphex(cxl_dcd_fm_control(&l, 0, CXL_DCD_MCTP_GET_EID, "", 0, out,
                                       &len), ==, 0);
    g_assert_cmpmem(out, len, "\0\0\0", 3);
    g_assert_cmphex(cxl_dcd_fm_control(&l, 0, CXL_DCD_MCTP_SET_EID, "\0\x30",
                                       2, out, &len), ==, 0);
    g_assert_cmpmem(out, len, "\0\x30\0", 3);
    /* Taken: rejected, which is not an error of the message */
    g_assert_cmphex(cxl_dcd_fm_control(&l, 0, CXL_DCD_MCTP_SET_EID, "\0\x30",
                                       2, out, &len), ==, 0);
    g_assert_cmpmem(out, len, "\x10\0\0", 3);
    g_assert_cmphex(cxl_dcd_fm_control(&l, 0, CXL_DCD_MCTP_SET_EID, "\0\x31",
                                       2, out, &len), ==, 0);
    g_assert_cmpmem(out, len, "\0\x31\0", 3);
    l.eid = 0x30;
    g_assert_cmpuint(serial(&l), ==, 1);
    l.eid = 0x31;
    g_assert_cmpuint(serial(&l), ==, 2);
    /* No static id to go back to */
    g_assert_cmphex(cxl_dcd_fm_control(&l, 0x31, CXL_DCD_MCTP_SET_EID, "\2\0",
                                       2, out, &len), ==,
                    CXL_DCD_MCTP_CC_INVALID_DATA);
    cxl_dcd_fm_close(&l);
}

/* One device is unplugged; the line stays for the other, and for its like. */
static void bus_unplug(CXLDcdDevice *d)
{
    CXLDcdDevice *other = &d->machine->device[1];
    CXLDcdFmLine l = cxl_dcd_fm_connect();

    l.eid = 10;
    g_assert_cmpuint(serial(&l), ==, 2);
    cxl_dcd_device_unplug(other);
    l.eid = 9;
    cxl_dcd_fm_send_packet(&l, 10, SOM | EOM | OWNER, "\x00\x80\x03", 3);
    cxl_dcd_fm_silent(&l);
    cxl_dcd_device_plug(other);
    l.eid = 10;
    g_assert_cmpuint(serial(&l), ==, 2);
    cxl_dcd_fm_close(&l);
}

/* Refused with what to do: no such line, an id that is taken */
static void bus_refused(CXLDcdDevice *d)
{
    static const char add[] =
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"cxl-type3\","
        "\"id\":\"new\",\"bus\":\"rp1\",\"dc-memdev\":\"dcmem1\","
        "\"dc-regions\":" CXL_DCD_TEST_REGIONS ",\"sn\":7,%s}}";
    CXLDcdDevice *other = &d->machine->device[1];
    g_autofree char *taken = g_strdup_printf(
        add, "\"fmapi\":\"fm0\",\"fmapi-eid\":9");
    g_autofree char *missing = g_strdup_printf(add, "\"fmapi\":\"fm7\"");
    g_autofree char *range = g_strdup_printf(
        add, "\"fmapi\":\"fm0\",\"fmapi-eid\":255");

    cxl_dcd_device_unplug(other);
    cxl_dcd_qmp_fails(d->machine, taken, "endpoint id 9 is taken on character "
                      "device 'fm0'; give every device there another");
    cxl_dcd_qmp_fails(d->machine, missing, "no character device 'fm7'");
    cxl_dcd_qmp_fails(d->machine, range, "from 8 to 254");
    cxl_dcd_device_plug(other);
}

int main(int argc, char **argv)
{
    cxl_dcd_fm_options(&one, NULL);
    two.devices = 2;
    two.fm_eid = CXL_DCD_FM_EID;
    cxl_dcd_fm_options(&two, NULL);
    unnumbered.devices = 2;
    cxl_dcd_fm_options(&unnumbered, ",\"fmapi-eid\":0");
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/line/vanish/mid-message", &one,
                     vanish_mid_message);
    cxl_dcd_add_case("/cxl-dcd/line/vanish/and-follow", &one,
                     vanish_and_follow);
    cxl_dcd_add_case("/cxl-dcd/line/vanish/unread", &one, vanish_unread);
    cxl_dcd_add_case("/cxl-dcd/line/bus/two", &two, bus_two);
    cxl_dcd_add_case("/cxl-dcd/line/bus/interleaved", &two, bus_interleaved);
    cxl_dcd_add_case("/cxl-dcd/line/bus/numbered", &unnumbered, bus_numbered);
    cxl_dcd_add_case("/cxl-dcd/line/bus/unplug", &two, bus_unplug);
    cxl_dcd_add_case("/cxl-dcd/line/bus/refused", &two, bus_refused);
    return g_test_run();
}
