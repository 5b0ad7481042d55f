/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: the orchestrator's side. What QMP refuses, that
 * the message names the value and the limit, and that nothing has changed;
 * both spellings; the query; the events.
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define TAG     "10111213-1415-1617-1819-1a1b1c1d1e1f"
#define OTHER   "20212223-2425-2627-2829-2a2b2c2d2e2f"
#define NO_TAG  "00000000-0000-0000-0000-000000000000"
#define DEVICE  "\"path\":\"/machine/peripheral/cxl-mem0\""

static void add_fails(CXLDcdDevice *d, unsigned region, CXLDcdSpan span,
                      const char *error)
{
    char *before = cxl_dcd_snapshot(d);

    cxl_dcd_qmp_add(d, .region = region, .extents = &span, .count = 1,
                    .error = error);
    cxl_dcd_assert_unchanged(d, before);
}

static void release_fails(CXLDcdDevice *d, CXLDcdSpan span, const char *error)
{
    char *before = cxl_dcd_snapshot(d);

    cxl_dcd_qmp_release(d, .extents = &span, .count = 1, .error = error);
    cxl_dcd_assert_unchanged(d, before);
    before = cxl_dcd_snapshot(d);
    cxl_dcd_qmp_release(d, .extents = &span, .count = 1, .error = error,
                        .forced = true);
    cxl_dcd_assert_unchanged(d, before);
}

static void json_fails(CXLDcdDevice *d, const char *json, const char *error)
{
    char *before = cxl_dcd_snapshot(d);

    cxl_dcd_qmp_fails(d->machine, json, error);
    cxl_dcd_assert_unchanged(d, before);
}

/* --- cxl-add-dynamic-capacity refused --- */

static void add_not_a_block(CXLDcdDevice *d)
{
    add_fails(d, 0, (CXLDcdSpan){ BLOCK / 2, BLOCK }, "block size 0x200000");
    add_fails(d, 0, (CXLDcdSpan){ 0, BLOCK / 2 }, "block size 0x200000");
    add_fails(d, 0, (CXLDcdSpan){ 1, 1 }, "block size 0x200000");
    add_fails(d, 0, (CXLDcdSpan){ 0, BLOCK + 4096 }, "+0x201000]");
    add_fails(d, 1, (CXLDcdSpan){ 4096, 65536 }, "block size 0x10000");
}

static void add_empty_extent(CXLDcdDevice *d)
{
    add_fails(d, 0, (CXLDcdSpan){ 0, 0 }, "+0x0]");
}

static void add_beyond_region(CXLDcdDevice *d)
{
    add_fails(d, 0, (CXLDcdSpan){ 1024 * MIB, BLOCK }, "region 0");
    add_fails(d, 0, (CXLDcdSpan){ 1022 * MIB, 2 * BLOCK }, "region 0");
    add_fails(d, 0, (CXLDcdSpan){ 0, 1026 * MIB }, "region 0");
    add_fails(d, 1, (CXLDcdSpan){ 512 * MIB, BLOCK }, "region");
    add_fails(d, 0, (CXLDcdSpan){ 1ULL << 62, BLOCK }, "region");
}

/* An offset plus a length past 2^64 is outside of the region. */
static void add_wraps(CXLDcdDevice *d)
{
    add_fails(d, 0, (CXLDcdSpan){ -BLOCK, 2 * BLOCK }, "region");
    add_fails(d, 0, (CXLDcdSpan){ -BLOCK, BLOCK }, "region");
    add_fails(d, 0, (CXLDcdSpan){ BLOCK, -BLOCK }, "region");
    add_fails(d, 1, (CXLDcdSpan){ -65536, 2 * 65536 }, "region");
    add_fails(d, 1, (CXLDcdSpan){ 65536, -65536 }, "region");
}

static void add_overlap(CXLDcdDevice *d)
{
    char *before;

    cxl_dcd_add_accepted(d, { 4 * BLOCK, 4 * BLOCK });
    add_fails(d, 0, (CXLDcdSpan){ 4 * BLOCK, BLOCK }, "accepted");
    add_fails(d, 0, (CXLDcdSpan){ 3 * BLOCK, 2 * BLOCK }, "accepted");
    add_fails(d, 0, (CXLDcdSpan){ 7 * BLOCK, 2 * BLOCK }, "accepted");
    add_fails(d, 0, (CXLDcdSpan){ 0, 16 * BLOCK }, "accepted");
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 32 * BLOCK, BLOCK }));
    add_fails(d, 0, (CXLDcdSpan){ 32 * BLOCK, BLOCK }, "pending");
    add_fails(d, 0, (CXLDcdSpan){ 31 * BLOCK, 3 * BLOCK }, "pending");
    before = cxl_dcd_snapshot(d);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 64 * BLOCK, 2 * BLOCK },
                                       { 65 * BLOCK, BLOCK }),
                    .error = "same request");
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 80 * BLOCK, BLOCK },
                                       { 5 * BLOCK, BLOCK }),
                    .error = "accepted");
    cxl_dcd_assert_unchanged(d, before);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 3 * BLOCK, BLOCK },
                                       { 8 * BLOCK, BLOCK }));
}

static void add_no_such_region(CXLDcdDevice *d)
{
    add_fails(d, 2, (CXLDcdSpan){ 0, BLOCK }, "region 2");
    add_fails(d, 7, (CXLDcdSpan){ 0, BLOCK }, "region 7");
    add_fails(d, 255, (CXLDcdSpan){ 0, BLOCK }, "region 255");
}

static void add_bad_arguments(CXLDcdDevice *d)
{
#define ADD(rest) "{\"execute\":\"cxl-add-dynamic-capacity\",\"arguments\":{" \
                  DEVICE rest "}}"
#define ONE ",\"extents\":[{\"offset\":0,\"len\":2097152}]"
    json_fails(d, ADD(",\"region\":0,\"extents\":[]"), "empty");
    json_fails(d, ADD(",\"region\":0"), "extents");
    json_fails(d, ADD(ONE), "region");
    json_fails(d, ADD(",\"region\":0,\"region-id\":1" ONE), "region");
    json_fails(d, ADD(",\"region\":0,\"host-id\":1" ONE), "host 1");
    json_fails(d, ADD(",\"region\":0,\"host-id\":65535" ONE), "host 65535");
    json_fails(d, ADD(",\"region\":0,\"selection-policy\":\"best\"" ONE),
               "best");
    json_fails(d, ADD(",\"region\":0,\"tag\":\"no uuid\"" ONE), "no uuid");
    json_fails(d, ADD(",\"region\":0,\"tag\":\"" TAG "0\"" ONE), TAG "0");
    json_fails(d, ADD(",\"region\":0,\"extents\":[{\"offset\":-1,\"len\":1}]"),
               "0xffffffffffffffff");
    json_fails(d, ADD(",\"region\":0,\"extents\":[{\"offset\":0}]"), "len");
    json_fails(d, ADD(",\"region\":256" ONE), "region");
    json_fails(d, ADD(",\"region\":0,\"colour\":\"red\"" ONE), "colour");
    json_fails(d, ADD(",\"region\":0,\"selection-policy\":\"free\","
                      "\"length\":1"), "block size 0x200000");
    json_fails(d, ADD(",\"region\":0,\"selection-policy\":\"free\","
                      "\"length\":1075838976"), "0x40200000");
    json_fails(d, ADD(",\"region\":0,\"selection-policy\":"
                      "\"enable-shared-access\",\"tag\":\"" TAG "\""),
               "sharable");
}

static void add_no_such_device(CXLDcdDevice *d)
{
#define TO(path) "{\"execute\":\"cxl-add-dynamic-capacity\",\"arguments\":{" \
                 "\"path\":\"" path "\",\"region\":0" ONE "}}"
    json_fails(d, TO("/machine/peripheral/nobody"), "nobody");
    json_fails(d, TO(""), "path");
    json_fails(d, TO("/machine/peripheral/rp0"), "rp0");
    json_fails(d, TO("/machine/peripheral/plain"), "dynamic capacity");
}

/* --- cxl-release-dynamic-capacity refused --- */

static void release_not_added(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 4 * BLOCK, 4 * BLOCK });
    release_fails(d, (CXLDcdSpan){ 0, BLOCK }, "not added");
    release_fails(d, (CXLDcdSpan){ 3 * BLOCK, 2 * BLOCK }, "not added");
    release_fails(d, (CXLDcdSpan){ 7 * BLOCK, 2 * BLOCK }, "not added");
    release_fails(d, (CXLDcdSpan){ 0, 16 * BLOCK }, "not added");
    release_fails(d, (CXLDcdSpan){ 4 * BLOCK, BLOCK / 2 },
                  "block size 0x200000");
    release_fails(d, (CXLDcdSpan){ 4 * BLOCK, 0 }, "+0x0]");
    release_fails(d, (CXLDcdSpan){ 4 * BLOCK, -BLOCK }, "region");
    release_fails(d, (CXLDcdSpan){ -BLOCK, 2 * BLOCK }, "region");
    release_fails(d, (CXLDcdSpan){ 4096 * MIB, BLOCK }, "region");
}

static void release_pending(CXLDcdDevice *d)
{
    char *before;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    before = cxl_dcd_snapshot(d);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .error = "pending");
    cxl_dcd_assert_unchanged(d, before);
}

static void release_bad_arguments(CXLDcdDevice *d)
{
#define RELEASE(rest) "{\"execute\":\"cxl-release-dynamic-capacity\"," \
                      "\"arguments\":{" DEVICE rest "}}"
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    json_fails(d, RELEASE(",\"region\":0,\"extents\":[]"), "empty");
    json_fails(d, RELEASE(",\"region\":0"), "extents");
    json_fails(d, RELEASE(ONE), "region");
    json_fails(d, RELEASE(",\"region\":5" ONE), "region 5");
    json_fails(d, RELEASE(",\"region\":0,\"host-id\":3" ONE), "host 3");
    json_fails(d, RELEASE(",\"region\":0,\"removal-policy\":\"x\"" ONE), "x");
    json_fails(d, RELEASE(",\"removal-policy\":\"tag-based\",\"tag\":\"" TAG
                          "\""), "tag");
    json_fails(d, RELEASE(",\"removal-policy\":\"tag-based\""), "tag");
}

/* --- Both spellings --- */

static void region_id_is_region(CXLDcdDevice *d)
{
    QDict *reply = qtest_qmp(d->machine->qts,
        "{ 'execute': 'cxl-add-dynamic-capacity', 'arguments': {"
        " 'path': '/machine/peripheral/cxl-mem0', 'region-id': 0,"
        " 'extents': [ { 'offset': 0, 'len': 1073741824 } ] } }");

    g_assert_true(qdict_haskey(reply, "return"));
    qobject_unref(reply);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_ADD,
        { d->dc_base, CXL_DCD_TEST_LENGTH });
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, CXL_DCD_TEST_LENGTH }), ==,
                    SUCCESS);
    reply = qtest_qmp(d->machine->qts,
        "{ 'execute': 'cxl-release-dynamic-capacity', 'arguments': {"
        " 'path': '/machine/peripheral/cxl-mem0', 'region-id': 0,"
        " 'extents': [ { 'offset': 0, 'len': 1073741824 } ] } }");
    g_assert_true(qdict_haskey(reply, "return"));
    qobject_unref(reply);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_RELEASE,
        { d->dc_base, CXL_DCD_TEST_LENGTH });
}

/* --- Policies --- */

static void policy_free(CXLDcdDevice *d)
{
    const uint64_t left = CXL_DCD_TEST_LENGTH - 2 * BLOCK;
    CXLDcdEvents events;

    cxl_dcd_add_accepted(d, { 8 * BLOCK, 2 * BLOCK });
    cxl_dcd_qmp_add(d, .policy = "contiguous", .length = left,
                    .error = "region 0");
    cxl_dcd_qmp_add(d, .policy = "free", .length = left);
    events = cxl_dcd_drain_events(d);
    g_assert_cmpuint(events.records->len, ==, 2);
    cxl_dcd_events_free(&events);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, 8 * BLOCK },
                                   { d->dc_base + 10 * BLOCK,
                                     left - 8 * BLOCK }), ==, SUCCESS);
}

static void policy_contiguous(CXLDcdDevice *d)
{
    CXLDcdEvents events;

    cxl_dcd_add_accepted(d, { 2 * BLOCK, BLOCK });
    cxl_dcd_qmp_add(d, .policy = "contiguous", .length = 3 * BLOCK);
    events = cxl_dcd_drain_events(d);
    g_assert_cmpuint(events.records->len, ==, 1);
    g_assert_cmphex(cxl_dcd_get64(g_array_index(events.records,
                                                CXLDcdEventRecord,
                                                0).extent.length), ==,
                    3 * BLOCK);
    cxl_dcd_events_free(&events);
}

static void release_by_tag(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 32 * BLOCK, BLOCK });
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 4 * BLOCK, BLOCK }),
                    .tag = TAG);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK },
                                   { d->dc_base + 4 * BLOCK, BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_drop_events(d);
    cxl_dcd_qmp_release(d, .policy = "tag-based", .tag = TAG);
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_RELEASE,
        { d->dc_base, BLOCK },
                       { d->dc_base + 4 * BLOCK, BLOCK });
    cxl_dcd_qmp_release(d, .policy = "tag-based", .tag = TAG, .forced = true);
    cxl_dcd_assert_extents(d, { d->dc_base + 32 * BLOCK,
                                               BLOCK });
}

/* Shared capacity is accepted and released as a whole (4802h, 4803h). */
static void shared_is_whole(CXLDcdDevice *d)
{
    CXLDcdEvents events;
    const CXLDcdEventRecord *record;
    char *before;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .error = "tag");
    cxl_dcd_qmp_add(d, .policy = "free", .length = 4 * BLOCK, .tag = TAG);
    events = cxl_dcd_drain_events(d);
    record = &g_array_index(events.records, CXLDcdEventRecord, 0);
    g_assert_cmpuint(cxl_dcd_get16(record->extent.sequence), ==, 0);
    cxl_dcd_events_free(&events);
    before = cxl_dcd_snapshot(d);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==,
                    CXL_DCD_RC_INVALID_EXTENT_LIST);
    cxl_dcd_assert_unchanged(d, before);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, 4 * BLOCK }), ==, SUCCESS);
    before = cxl_dcd_snapshot(d);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==,
                    CXL_DCD_RC_INVALID_EXTENT_LIST);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .error = "shared");
    cxl_dcd_assert_unchanged(d, before);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, 4 * BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_assert_no_extents(d);
}

/* --- Query and events --- */

static void query(CXLDcdDevice *d)
{
    QDict *info, *one;
    QList *regions, *extents;

    cxl_dcd_qmp_add(d, .region = 1, .tag = TAG,
                    CXL_DCD_EXTENTS({ 65536, 131072 }));
    info = cxl_dcd_query(d);
    g_assert_cmpstr(qdict_get_str(info, "id"), ==, "cxl-mem0");
    g_assert_cmpint(qdict_get_int(info, "host-id"), ==, 0);
    regions = qdict_get_qlist(info, "regions");
    g_assert_cmpuint(qlist_size(regions), ==, 2);
    one = qobject_to(QDict, qlist_peek(regions));
    g_assert_cmpint(qdict_get_int(one, "index"), ==, 0);
    g_assert_cmphex(qdict_get_int(one, "base"), ==, d->dc_base);
    g_assert_cmphex(qdict_get_int(one, "length"), ==, CXL_DCD_TEST_LENGTH);
    g_assert_cmphex(qdict_get_int(one, "available"), ==, CXL_DCD_TEST_LENGTH);
    one = qobject_to(QDict, qlist_entry_obj(qlist_next(qlist_first(regions))));
    g_assert_cmphex(qdict_get_int(one, "block-size"), ==, 65536);
    g_assert_cmphex(qdict_get_int(one, "available"), ==,
                    CXL_DCD_TEST_LENGTH1 - 131072);
    extents = qdict_get_qlist(info, "extents");
    g_assert_cmpuint(qlist_size(extents), ==, 1);
    one = qobject_to(QDict, qlist_peek(extents));
    g_assert_cmpint(qdict_get_int(one, "region"), ==, 1);
    g_assert_cmphex(qdict_get_int(one, "offset"), ==, 65536);
    g_assert_cmphex(qdict_get_int(one, "len"), ==, 131072);
    g_assert_cmphex(qdict_get_int(one, "dpa"), ==,
                    d->dc_base + CXL_DCD_TEST_LENGTH + 65536);
    g_assert_cmpstr(qdict_get_str(one, "tag"), ==, TAG);
    g_assert_cmpstr(qdict_get_str(one, "state"), ==, "pending");
    qobject_unref(info);
    cxl_dcd_qmp_fails(d->machine, "{\"execute\":\"query-cxl-dynamic-capacity\","
                      "\"arguments\":{\"path\":\"/nowhere\"}}", "/nowhere");
}

/* The query with these arguments shows extents at these offsets, in order */
static void assert_shown(CXLDcdDevice *d, const char *arguments,
                         const char *want)
{
    g_autofree char *json = g_strdup_printf(
        "{\"execute\":\"query-cxl-dynamic-capacity\",\"arguments\":{%s}}",
        arguments);
    g_autoptr(GString) have = g_string_new(NULL);
    const QListEntry *device, *entry;
    QDict *reply;

    qtest_qmp_send_raw(d->machine->qts, "%s", json);
    reply = qtest_qmp_receive(d->machine->qts);
    g_assert_true(qdict_haskey(reply, "return"));
    QLIST_FOREACH_ENTRY(qdict_get_qlist(reply, "return"), device) {
        QDict *info = qobject_to(QDict, qlist_entry_obj(device));

        QLIST_FOREACH_ENTRY(qdict_get_qlist(info, "extents"), entry) {
            QDict *one = qobject_to(QDict, qlist_entry_obj(entry));

            g_string_append_printf(have, "%s%" PRId64 ":%" PRId64,
                                   have->len ? " " : "",
                                   qdict_get_int(one, "region"),
                                   qdict_get_int(one, "offset") / 65536);
        }
    }
    g_assert_cmpstr(have->str, ==, want);
    qobject_unref(reply);
}

static void query_parts(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, BLOCK }, { 2 * BLOCK, BLOCK });
    cxl_dcd_qmp_add(d, .tag = TAG, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    cxl_dcd_qmp_add(d, .region = 1, .tag = TAG,
                    CXL_DCD_EXTENTS({ 0, 65536 }, { 131072, 65536 }));
    cxl_dcd_qmp_add(d, .region = 1, .tag = OTHER,
                    CXL_DCD_EXTENTS({ 262144, 65536 }));
    assert_shown(d, "", "0:0 0:64 0:128 1:0 1:2 1:4");
    assert_shown(d, "\"region\":0", "0:0 0:64 0:128");
    assert_shown(d, "\"region\":1", "1:0 1:2 1:4");
    assert_shown(d, "\"state\":\"accepted\"", "0:0 0:64");
    assert_shown(d, "\"state\":\"pending\"", "0:128 1:0 1:2 1:4");
    assert_shown(d, "\"state\":\"dead\"", "");
    assert_shown(d, "\"tag\":\"" TAG "\"", "0:128 1:0 1:2");
    assert_shown(d, "\"tag\":\"" OTHER "\",\"region\":0", "");
    assert_shown(d, "\"region\":0,\"state\":\"pending\",\"tag\":\"" TAG "\"",
                 "0:128");
    assert_shown(d, "\"path\":\"/machine/peripheral/cxl-mem0\",\"region\":0",
                 "0:0 0:64 0:128");
}

static void assert_event(CXLDcdDevice *d, const char *name, const char *tag,
                         uint64_t offset, uint64_t len)
{
    QDict *event = cxl_dcd_wait_event(d, name);
    QList *extents = qdict_get_qlist(event, "extents");
    QDict *one = qobject_to(QDict, qlist_peek(extents));

    g_assert_cmpint(qdict_get_int(event, "host-id"), ==, 0);
    g_assert_cmpint(qdict_get_int(event, "region"), ==, 0);
    g_assert_cmpstr(qdict_get_str(event, "tag"), ==, tag);
    g_assert_cmpuint(qlist_size(extents), ==, 1);
    g_assert_cmphex(qdict_get_int(one, "offset"), ==, offset);
    g_assert_cmphex(qdict_get_int(one, "len"), ==, len);
    g_assert_cmphex(qdict_get_int(one, "dpa"), ==, d->dc_base + offset);
    qobject_unref(event);
}

/* Events tell an operator how the host answered a request. */
static void events(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 4 * BLOCK }), .tag = TAG);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, 3 * BLOCK }), ==, SUCCESS);
    assert_event(d, "CXL_DYNAMIC_CAPACITY_ADDED", TAG, 0, 3 * BLOCK);
    assert_event(d, "CXL_DYNAMIC_CAPACITY_REJECTED", TAG, 3 * BLOCK, BLOCK);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    assert_event(d, "CXL_DYNAMIC_CAPACITY_REJECTED", NO_TAG, 8 * BLOCK, BLOCK);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    assert_event(d, "CXL_DYNAMIC_CAPACITY_RELEASED", TAG, 0, BLOCK);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ BLOCK, 2 * BLOCK }),
                        .forced = true);
    assert_event(d, "CXL_DYNAMIC_CAPACITY_FORCED", TAG, BLOCK, 2 * BLOCK);
}

static void limit_on_extents(CXLDcdDevice *d)
{
    char *before;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    before = cxl_dcd_snapshot(d);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK },
                                       { 8 * BLOCK, BLOCK }),
                    .error = "limit 2");
    cxl_dcd_assert_unchanged(d, before);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }),
                    .error = "limit 2");
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions with_plain = {
        .arguments = "-object memory-backend-ram,id=plain-ram,size=256M "
                     "-device cxl-rp,id=rp9,bus=cxl.0,chassis=0,slot=9,port=9 "
                     "-device cxl-type3,bus=rp9,id=plain,"
                     "volatile-memdev=plain-ram ",
    };
    static const CXLDcdOptions sharable = {
        .size = CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":1073741824,\"flags\":[\"sharable\"]}]",
    };
    static const CXLDcdOptions two = { .properties = ",\"dc-max-extents\":2" };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/qmp/add/not-a-block", NULL, add_not_a_block);
    cxl_dcd_add_case("/cxl-dcd/qmp/add/empty-extent", NULL, add_empty_extent);
    cxl_dcd_add_case("/cxl-dcd/qmp/add/beyond-region", NULL, add_beyond_region);
    cxl_dcd_add_case("/cxl-dcd/qmp/add/offset-plus-length-wraps", NULL,
                     add_wraps);
    cxl_dcd_add_case("/cxl-dcd/qmp/add/overlap", NULL, add_overlap);
    cxl_dcd_add_case("/cxl-dcd/qmp/add/no-such-region", NULL,
                     add_no_such_region);
    cxl_dcd_add_case("/cxl-dcd/qmp/add/bad-arguments", NULL, add_bad_arguments);
    cxl_dcd_add_case("/cxl-dcd/qmp/add/no-such-device", &with_plain,
                     add_no_such_device);
    cxl_dcd_add_case("/cxl-dcd/qmp/add/limit-on-extents", &two,
                     limit_on_extents);
    cxl_dcd_add_case("/cxl-dcd/qmp/release/not-added", NULL, release_not_added);
    cxl_dcd_add_case("/cxl-dcd/qmp/release/pending", NULL, release_pending);
    cxl_dcd_add_case("/cxl-dcd/qmp/release/bad-arguments", NULL,
                     release_bad_arguments);
    cxl_dcd_add_case("/cxl-dcd/qmp/release/by-tag", NULL, release_by_tag);
    cxl_dcd_add_case("/cxl-dcd/qmp/region-id-is-region", NULL,
                     region_id_is_region);
    cxl_dcd_add_case("/cxl-dcd/qmp/policy/free", NULL, policy_free);
    cxl_dcd_add_case("/cxl-dcd/qmp/policy/contiguous", NULL, policy_contiguous);
    cxl_dcd_add_case("/cxl-dcd/qmp/shared-is-whole", &sharable,
                     shared_is_whole);
    cxl_dcd_add_case("/cxl-dcd/qmp/query", NULL, query);
    cxl_dcd_add_case("/cxl-dcd/qmp/query-parts", NULL, query_parts);
    cxl_dcd_add_case("/cxl-dcd/qmp/events", NULL, events);
    return g_test_run();
}
