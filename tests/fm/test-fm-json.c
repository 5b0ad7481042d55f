/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON out and in: the documented shapes of cxl-fm, and QEMU's answers as
 * libcxlfm takes them, whatever they are
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "device.h"
#include "fail.h"
#include "fmapi-ops.h"
#include "handle.h"
#include "json.h"
#include "qmp-parse.h"

static void assert_json(struct json_object *object, const char *expected)
{
    g_autofree char *text = g_strdup(json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));

    /* ' instead of " keeps the expectation readable */
    g_strdelimit(text, "\"", '\'');
    g_assert_cmpstr(text, ==, expected);
    json_object_put(object);
}

static void test_extent(void)
{
    struct cxlfm_extent e = {
        .offset = 1, .length = UINT64_MAX, .dpa = 3, .host = 4, .region = 5,
        .sequence = 6, .state = CXLFM_EXTENT_RELEASING,
    };

    assert_json(json_extent(&e),
                "{'host':4,'region':5,'offset':1,"
                "'length':18446744073709551615,'dpa':3,'tag':null,"
                "'sequence':6,'state':'releasing','mapping':null}");
    e.tag[0] = 0xab;
    e.mapping = CXLFM_MAPPING_DIRECT;
    assert_json(json_extent(&e),
                "{'host':4,'region':5,'offset':1,"
                "'length':18446744073709551615,'dpa':3,"
                "'tag':'ab000000-0000-0000-0000-000000000000',"
                "'sequence':6,'state':'releasing','mapping':'direct'}");
}

static void test_host(void)
{
    struct cxlfm_host host = {
        .id = 2, .region_count = 1, .generation = 7, .supported_extents = 9,
        .available_extents = 8, .supported_tags = 6, .available_tags = 5,
        .regions = {
            { .base = 256, .decode_length = 512, .length = 128,
              .block_size = 64, .available = CXLFM_UNKNOWN,
              .block_sizes = 0xc0, .attributes = CXLFM_REGION_SHARABLE,
              .sanitize = true },
        },
    };

    assert_json(json_host(&host),
                "{'host':2,'generation':7,"
                "'extents':{'supported':9,'available':8},"
                "'tags':{'supported':6,'available':5},"
                "'regions':[{'index':0,'base':256,'decode-length':512,"
                "'length':128,'block-size':64,'available':null,"
                "'attributes':['sharable'],'sanitize':true,"
                "'block-sizes':[64,128]}]}");
}

static void test_others(void)
{
    struct cxlfm_tag tag = {
        .tag = { 1 }, .fm_reference = true, .accepted = { 5 },
    };
    struct cxlfm_event event = {
        .type = CXLFM_EVENT_REJECTED, .host = 1, .region = 2,
    };
    cxlfm fm = { .address = (char *)"fm:/x", .door = &cxlfm_door_fmapi };
    const Target target = { .fm = &fm, .name = "mem0" };
    g_autoptr(GError) error = g_error_new(TOOL_ERROR, TOOL_REFUSED, "no");

    assert_json(json_tag(&tag),
                "{'tag':'01000000-0000-0000-0000-000000000000',"
                "'fm-reference':true,'accepted':[0,2],'pending':[]}");
    assert_json(json_event(&event, "mem0", "qmp:/x"),
                "{'device':'mem0','address':'qmp:/x','event':'rejected',"
                "'timestamp-ns':null,'host':1,'region':2,'tag':null,"
                "'extents':[]}");
    assert_json(json_target(&target),
                "{'device':'mem0','address':'fm:/x','door':'fm'}");
    assert_json(json_error(error, 0x1e),
                "{'error':{'exit':3,'kind':'refused','message':'no',"
                "'return-code':30,'return-code-name':'Invalid Extent List'}}");
}

/* --- What QEMU says --- */

static struct json_object *json_of(const char *text)
{
    g_autofree char *quoted = g_strdup(text);
    struct json_object *object = json_tokener_parse(g_strdelimit(quoted, "'",
                                                                 '"'));

    g_assert_nonnull(object);
    return object;
}

static int parse_device(const char *text, struct cxlfm_snapshot **ret)
{
    struct json_object *object = json_of(text);
    cxlfm *fm = cxlfm_new();
    int code;

    *ret = g_new0(struct cxlfm_snapshot, 1);
    code = cxlfm_qmp_parse_device(fm, object, *ret);
    g_assert_cmpint(code != 0, ==, *cxlfm_error_text(fm) != '\0');
    json_object_put(object);
    cxlfm_free(fm);
    return code;
}

static void test_qmp_device(void)
{
    struct cxlfm_snapshot *s;

    g_assert_cmpint(parse_device(
        "{'path':'/p','id':'m','host-id':3,'hosts':1,'generation':9,"
        "'supported-extents':10,'available-extents':9,"
        "'regions':[{'index':0,'base':256,'decode-length':268435456,"
        "'length':100,'block-size':4,'flags':['sharable','novel'],"
        "'sanitize':true,'available':96}],"
        "'extents':[{'region':0,'offset':4,'len':4,'dpa':260,"
        "'tag':'00000000-0000-0000-0000-000000000000','sequence':0,"
        "'state':'pending','mapping':'none'}]}", &s), ==, 0);
    g_assert_cmpuint(s->host_count, ==, 1);
    g_assert_cmpuint(s->hosts[0].id, ==, 3);
    g_assert_cmpuint(s->hosts[0].generation, ==, 9);
    g_assert_cmphex(s->hosts[0].regions[0].attributes, ==,
                    CXLFM_REGION_SHARABLE);
    g_assert_true(s->hosts[0].regions[0].sanitize);
    g_assert_cmpuint(s->hosts[0].regions[0].available, ==, 96);
    g_assert_cmpuint(s->extent_count, ==, 1);
    g_assert_cmpuint(s->extents[0].host, ==, 3);
    g_assert_cmpuint(s->extents[0].state, ==, CXLFM_EXTENT_PENDING);
    g_assert_cmpuint(s->extents[0].mapping, ==, CXLFM_MAPPING_NONE);
    cxlfm_snapshot_free(s);
}

static void test_qmp_hostile(void)
{
    static const char *const cases[] = {
        "{'host-id':70000}", "{'host-id':-1}", "{'host-id':'0'}",
        "{'regions':[1]}", "{'regions':[{'index':8}]}",
        "{'regions':[{'length':-5}]}", "{'regions':[{'flags':{}}]}",
        "{'regions':[{},{},{},{},{},{},{},{},{}]}",
        "{'extents':[null]}", "{'extents':[{'offset':1.5}]}",
        "{'extents':[{'region':9}]}", "{'extents':[{'state':'odd'}]}",
        "{'extents':[{'tag':'odd'}]}", "{'extents':[{'tag':7}]}",
        "{'extents':[{'len':18446744073709551615}]}",
        "{'generation':4294967296}",
    };
    struct cxlfm_snapshot *s;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i]);
        g_assert_cmpint(parse_device(cases[i], &s), ==, CXLFM_ERROR_PROTOCOL);
        cxlfm_snapshot_free(s);
    }
}

static void test_qmp_event(void)
{
    static const char *const none[] = {
        "{'event':'STOP','data':{}}", "{'event':'CXL_DYNAMIC_CAPACITY_ADDED'}",
        "{'event':'CXL_DYNAMIC_CAPACITY_ADDED','data':{'path':'/q'}}",
        "{'event':'CXL_DYNAMIC_CAPACITY_ADDED','data':{'path':'/p',"
        "'region':99}}", "{'event':7,'data':7}",
    };
    struct json_object *object = json_of(
        "{'event':'CXL_DYNAMIC_CAPACITY_FORCED','data':{'path':'/p',"
        "'host-id':2,'region':1,'tag':'01000000-0000-0000-0000-000000000000',"
        "'extents':[{'offset':2,'len':4,'dpa':6},{'offset':-1}]},"
        "'timestamp':{'seconds':5,'microseconds':7}}");
    cxlfm *fm = cxlfm_new();
    struct cxlfm_event *event;
    size_t i;

    cxlfm_devices_add(fm, "m", "/p");
    event = cxlfm_qmp_parse_event(fm, object);
    json_object_put(object);
    g_assert_nonnull(event);
    g_assert_cmpuint(event->type, ==, CXLFM_EVENT_FORCED);
    g_assert_cmpuint(event->host, ==, 2);
    g_assert_cmpuint(event->timestamp, ==, 5000007000);
    g_assert_cmpuint(event->extent_count, ==, 1);
    g_assert_cmpuint(event->extents[0].length, ==, 4);
    g_assert_cmpuint(event->extents[0].tag[0], ==, 1);
    free(event);
    for (i = 0; i < G_N_ELEMENTS(none); i++) {
        object = json_of(none[i]);
        g_assert_null(cxlfm_qmp_parse_event(fm, object));
        json_object_put(object);
    }
    cxlfm_free(fm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fm/json/extent", test_extent);
    g_test_add_func("/fm/json/host", test_host);
    g_test_add_func("/fm/json/others", test_others);
    g_test_add_func("/fm/qmp/device", test_qmp_device);
    g_test_add_func("/fm/qmp/hostile", test_qmp_hostile);
    g_test_add_func("/fm/qmp/event", test_qmp_event);
    return g_test_run();
}
