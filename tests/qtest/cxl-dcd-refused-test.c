/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: every argument of every QMP command, and every
 * property of the device, with every kind of value that is no good. The message
 * names what was asked and what is allowed; all that can be seen of the device
 * is as before. All rows of a table are tried before the test fails.
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "cxl-dcd-client.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define MINE    "10111213-1415-1617-1819-1a1b1c1d1e1f"
#define SHARED  "20212223-2425-2627-2829-2a2b2c2d2e2f"
#define THIRD   "30313233-3435-3637-3839-3a3b3c3d3e3f"
#define FOURTH  "40414243-4445-4647-4849-4a4b4c4d4e4f"

/* Arguments of a command, without braces, and what the message must have */
typedef struct Row {
    const char *arguments;
    const char *error;
} Row;

static bool refused(CXLDcdDevice *d, const char *command, const Row *row)
{
    g_autofree char *json = g_strdup_printf(
        "{\"execute\":\"%s\",\"arguments\":{%s}}", command, row->arguments);
    char *before = cxl_dcd_snapshot(d);
    const char *text = "(done)";
    QDict *reply, *error;
    bool good;

    qtest_qmp_send_raw(d->machine->qts, "%s", json);
    reply = qtest_qmp_receive(d->machine->qts);
    error = qdict_get_qdict(reply, "error");
    if (error) {
        text = qdict_get_str(error, "desc");
    }
    good = error && strstr(text, row->error);
    if (!good) {
        g_test_message("%s should say '%s', says '%s'", json, row->error,
                       text);
    }
    qobject_unref(reply);
    cxl_dcd_assert_unchanged(d, before);
    return good;
}

static void all_refused(CXLDcdDevice *d, const char *command, const Row *rows,
                        size_t count)
{
    unsigned wrong = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        wrong += !refused(d, command, &rows[i]);
    }
    g_assert_cmpuint(wrong, ==, 0);
}

#define ALL_REFUSED(d, command, rows) \
    all_refused(d, command, rows, G_N_ELEMENTS(rows))

/* Some capacity in every state that a request may run into */
static void prepare(CXLDcdDevice *d)
{
    const uint64_t shared = d->dc_base + 768 * CXL_DCD_TEST_MIB;

    cxl_dcd_qmp_add(d, .tag = MINE, CXL_DCD_EXTENTS({ 4 * BLOCK, 4 * BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + 4 * BLOCK, 4 * BLOCK }),
                    ==, SUCCESS);
    cxl_dcd_qmp_add(d, .region = 2, .tag = SHARED,
                    CXL_DCD_EXTENTS({ 0, BLOCK }, { BLOCK, BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { shared, BLOCK },
                                   { shared + BLOCK, BLOCK }), ==, SUCCESS);
    cxl_dcd_drop_events(d);
    cxl_dcd_qmp_add(d, .tag = THIRD, CXL_DCD_EXTENTS({ 32 * BLOCK, BLOCK }));
}

#define PATH  "\"path\":\"/machine/peripheral/cxl-mem0\""
#define WHAT  "\"extents\":[{\"offset\":0,\"len\":2097152}]"
#define ONE   PATH ",\"region\":0," WHAT
#define AT(offset, len) \
    PATH ",\"region\":0,\"extents\":[{\"offset\":" offset ",\"len\":" len "}]"

/* Arguments that adding and releasing have in common */
static const Row common[] = {
    /* path */
    { "\"region\":0," WHAT, "'path' is missing" },
    { "\"path\":7,\"region\":0," WHAT, "'path', expected: string" },
    { "\"path\":\"\",\"region\":0," WHAT, "path '' names more than one" },
    { "\"path\":\"/nowhere\",\"region\":0," WHAT, "at path '/nowhere'" },
    { "\"path\":\"/machine/peripheral/rp0\",\"region\":0," WHAT,
      "is a cxl-rp, not a cxl-type3 device" },
    { "\"path\":\"/machine/peripheral/plain\",\"region\":0," WHAT,
      "has no dynamic capacity: it was made without 'dc-regions'" },
    /* host-id */
    { ONE ",\"host-id\":1", "host 1" },
    { ONE ",\"host-id\":65535", "host 65535" },
    { ONE ",\"host-id\":65536", "host-id" },
    { ONE ",\"host-id\":-1", "host-id" },
    { ONE ",\"host-id\":\"0\"", "'host-id' expects uint64" },
    /* region, region-id */
    { PATH "," WHAT, "'region' is missing" },
    { PATH ",\"region\":3," WHAT, "region 3 does not exist: the device has "
      "regions 0 to 2" },
    { PATH ",\"region\":8," WHAT, "region 8 does not exist" },
    { PATH ",\"region\":255," WHAT, "region 255 does not exist" },
    { PATH ",\"region\":256," WHAT, "region" },
    { PATH ",\"region\":-1," WHAT, "region" },
    { PATH ",\"region\":\"0\"," WHAT, "'region' expects uint64" },
    { PATH ",\"region\":0.5," WHAT, "'region' expects uint64" },
    { PATH ",\"region\":null," WHAT, "'region' expects uint64" },
    { PATH ",\"region-id\":8," WHAT, "region 8 does not exist" },
    { PATH ",\"region-id\":256," WHAT, "region-id" },
    { ONE ",\"region-id\":1", "two names of one: give either" },
    /* tag */
    { ONE ",\"tag\":\"no uuid\"", "tag 'no uuid' is not a UUID of the form" },
    { ONE ",\"tag\":\"" MINE "0\"", "is not a UUID of the form" },
    { ONE ",\"tag\":\"10111213-1415-1617-1819-1a1b1c1d1e1\"", "is not a UUID" },
    { ONE ",\"tag\":\"1011121-31415-1617-1819-1a1b1c1d1e1f\"", "not a UUID" },
    { ONE ",\"tag\":\"1011121314151617-1819-1a1b-1c1d1e1f-\"", "not a UUID" },
    { ONE ",\"tag\":\"g0111213-1415-1617-1819-1a1b1c1d1e1f\"", "not a UUID" },
    { ONE ",\"tag\":\"{10111213-1415-1617-1819-1a1b1c1d1e1f}\"", "not a UUID" },
    { ONE ",\"tag\":16", "'tag', expected: string" },
    /* extents */
    { PATH ",\"region\":0", "'extents' is missing or empty" },
    { PATH ",\"region\":0,\"extents\":[]", "'extents' is missing or empty" },
    { PATH ",\"region\":0,\"extents\":{}", "'extents', expected: array" },
    { PATH ",\"region\":0,\"extents\":[7]", "expected: object" },
    { PATH ",\"region\":0,\"extents\":[{\"len\":2097152}]", "offset' is" },
    { PATH ",\"region\":0,\"extents\":[{\"offset\":0}]", "len' is missing" },
    { PATH ",\"region\":0,\"extents\":[{\"offset\":0,\"len\":2097152,"
      "\"x\":0}]", "x' is unexpected" },
    { AT("\"0\"", "2097152"), "offset' expects uint64" },
    { AT("0", "\"2M\""), "len' expects uint64" },
    { AT("0", "0"), "extent [0x0, +0x0] has no length: region 0 gives away "
      "blocks of 0x200000 bytes" },
    { AT("1", "2097152"), "extent [0x1, +0x200000] is not a multiple of region "
      "0's block size 0x200000" },
    { AT("0", "1"), "not a multiple of region 0's block size 0x200000" },
    { AT("1048576", "1048576"), "not a multiple" },
    { AT("536870912", "2097152"), "is beyond the end of region 0, which has "
      "0x20000000 bytes" },
    { AT("534773760", "4194304"), "is beyond the end of region 0" },
    { AT("0", "538968064"), "is beyond the end of region 0" },
    { AT("18446744073707454464", "2097152"), "is beyond the end" },
    { AT("18446744073707454464", "4194304"), "is beyond the end" },
    { AT("2097152", "18446744073707454464"), "is beyond the end" },
    { AT("-1", "2097152"), "extent [0xffffffffffffffff" },
    { AT("18446744073709551616", "2097152"), "offset" },
    { AT("9223372036854775808", "9223372036854775808"), "beyond the end" },
    { PATH ",\"region\":0,\"extents\":[{\"offset\":0,\"len\":2097152},"
      "{\"offset\":2097152,\"len\":1}]", "extent [0x200000, +0x1] is not" },
    /* anything else */
    { ONE ",\"colour\":\"red\"", "'colour' is unexpected" },
};

static void shared_by_both(CXLDcdDevice *d)
{
    prepare(d);
    ALL_REFUSED(d, "cxl-add-dynamic-capacity", common);
    ALL_REFUSED(d, "cxl-release-dynamic-capacity", common);
}

#define PICK(policy, rest) \
    PATH ",\"selection-policy\":\"" policy "\"" rest

static void add(CXLDcdDevice *d)
{
    static const Row rows[] = {
        /* selection-policy */
        { PICK("best", ",\"region\":0," WHAT), "best" },
        { ONE ",\"selection-policy\":0", "'selection-policy', expected:" },
        /* what is taken, offered, named twice */
        { AT("8388608", "2097152"), "accepted" },
        { AT("6291456", "4194304"), "accepted" },
        { AT("0", "536870912"), "accepted" },
        { AT("67108864", "2097152"), "pending" },
        { PATH ",\"region\":0,\"extents\":[{\"offset\":0,\"len\":4194304},"
          "{\"offset\":2097152,\"len\":2097152}]", "same request" },
        { PATH ",\"region\":0,\"extents\":[{\"offset\":0,\"len\":2097152},"
          "{\"offset\":0,\"len\":2097152}]", "same request" },
        /* too many */
        { PATH ",\"region\":0,\"extents\":[{\"offset\":0,\"len\":2097152},"
          "{\"offset\":20971520,\"len\":2097152},"
          "{\"offset\":25165824,\"len\":2097152},"
          "{\"offset\":29360128,\"len\":2097152},"
          "{\"offset\":33554432,\"len\":2097152}]", "limit 8" },
        { ONE ",\"tag\":\"" FOURTH "\"", "limit 3" },
        /* length */
        { PICK("free", ",\"region\":0"), "'length' is missing or 0" },
        { PICK("free", ",\"region\":0,\"length\":0"), "is missing or 0" },
        { PICK("free", ",\"region\":0,\"length\":1"), "block size 0x200000" },
        { PICK("free", ",\"region\":0,\"length\":-1"), "length" },
        { PICK("free", ",\"region\":0,\"length\":\"1 parsec\""), "length" },
        { PICK("free", ",\"region\":0,\"length\":[]"), "length" },
        { PICK("free", ",\"region\":0,\"length\":18446744073707454464"),
          "region 0" },
        { PICK("free", ",\"region\":0,\"length\":536870912"), "region 0" },
        { PICK("free", ",\"length\":2097152"), "'region' is missing" },
        { PICK("free", ",\"region\":8,\"length\":2097152"), "region 8" },
        { PICK("free", ",\"region\":0,\"length\":4194304," WHAT),
          "give one of them" },
        { PICK("free", ",\"region\":0,\"extents\":[{\"offset\":0,"
          "\"len\":18446744073707454464},{\"offset\":0,\"len\":4194304}]"),
          "more than 2^64 bytes" },
        { PICK("contiguous", ",\"region\":0"), "'length' is missing or 0" },
        { PICK("contiguous", ",\"region\":0,\"length\":4096"), "block size" },
        { PICK("contiguous", ",\"region\":0,\"length\":534773760"),
          "region 0" },
        /* shared access */
        { PICK("enable-shared-access", ",\"tag\":\"" SHARED "\""),
          "'region' is missing" },
        { PICK("enable-shared-access", ",\"region\":2"), "tag" },
        { PICK("enable-shared-access", ",\"region\":0,\"tag\":\"" MINE "\""),
          "sharable" },
        { PICK("enable-shared-access", ",\"region\":2,\"tag\":\"" FOURTH "\""),
          "names no capacity of a sharable region" },
        { PICK("enable-shared-access", ",\"region\":2,\"tag\":\"" SHARED "\""),
          "host 0 has this tag already (accepted)" },
        { PATH ",\"region\":2,\"extents\":[{\"offset\":4194304,"
          "\"len\":2097152}]", "tag" },
        { PATH ",\"region\":2,\"tag\":\"" SHARED "\",\"extents\":[{"
          "\"offset\":4194304,\"len\":2097152}]", "cannot grow" },
    };

    prepare(d);
    ALL_REFUSED(d, "cxl-add-dynamic-capacity", rows);
}

#define BY_TAG(rest) PATH ",\"removal-policy\":\"tag-based\"" rest

static void release(CXLDcdDevice *d)
{
    static const Row rows[] = {
        { ONE ",\"removal-policy\":\"x\"", "x" },
        { ONE ",\"removal-policy\":true", "'removal-policy', expected:" },
        { ONE ",\"forced-removal\":1", "'forced-removal', expected: boolean" },
        { ONE ",\"forced-removal\":\"on\"", "expected: boolean" },
        { ONE ",\"sanitize-on-release\":0", "'sanitize-on-release', expected" },
        /* what is not there, only pending, only part of what is shared */
        { ONE, "not added" },
        { ONE ",\"forced-removal\":true", "not added" },
        { AT("6291456", "4194304"), "not added" },
        { AT("8388608", "16777216"), "not added" },
        { AT("67108864", "2097152"), "pending" },
        { PATH ",\"region\":0,\"extents\":[{\"offset\":8388608,"
          "\"len\":2097152},{\"offset\":8388608,\"len\":2097152}]",
          "same request" },
        { PATH ",\"region\":2,\"extents\":[{\"offset\":0,\"len\":2097152}]",
          "shared" },
        { PATH ",\"region\":2,\"forced-removal\":true,\"extents\":[{"
          "\"offset\":2097152,\"len\":2097152}]", "shared" },
        /* by tag */
        { BY_TAG(""), "'tag' is missing" },
        { BY_TAG(",\"tag\":\"\""), "tag" },
        { BY_TAG(",\"tag\":\"" FOURTH "\""),
          "host 0 has accepted no capacity with this tag" },
        { BY_TAG(",\"tag\":\"" MINE "\",\"length\":0"), "'length' is 0" },
        { BY_TAG(",\"tag\":\"" MINE "\",\"length\":4096"), "block size" },
        { BY_TAG(",\"tag\":\"" MINE "\",\"length\":10485760"), "0x800000" },
        { BY_TAG(",\"tag\":\"" MINE "\",\"length\":18446744073707454464"),
          "0x800000" },
        { BY_TAG(",\"tag\":\"" SHARED "\",\"length\":2097152"), "shared" },
        { BY_TAG(",\"tag\":\"" THIRD "\""),
          "host 0 has accepted no capacity with this tag" },
        { BY_TAG(",\"tag\":\"" MINE "\",\"host-id\":2"), "host 2" },
        { BY_TAG(",\"tag\":\"" MINE "\",\"region\":8"), "region 8" },
    };

    prepare(d);
    ALL_REFUSED(d, "cxl-release-dynamic-capacity", rows);
}

static void others(CXLDcdDevice *d)
{
    static const Row region[] = {
        { "\"region\":0,\"block-size\":4096", "'path' is missing" },
        { PATH, "'region' is missing" },
        { PATH ",\"region\":3", "region 3 does not exist" },
        { PATH ",\"region\":8", "region 8 does not exist" },
        { PATH ",\"region\":256", "region" },
        { PATH ",\"region\":0,\"block-size\":4194304", "region 0" },
        { PATH ",\"region\":1,\"block-size\":0", "region 1" },
        { PATH ",\"region\":1,\"block-size\":32", "region 1" },
        { PATH ",\"region\":1,\"block-size\":3000", "region 1" },
        { PATH ",\"region\":1,\"block-size\":536870912", "region 1" },
        { PATH ",\"region\":1,\"block-size\":9223372036854775808",
          "region 1" },
        { PATH ",\"region\":1,\"block-size\":-1", "block size" },
        { PATH ",\"region\":1,\"sanitize-on-release\":7", "expected: boolean" },
    };
    static const Row reference[] = {
        { PATH ",\"held\":true", "'tag' is missing" },
        { PATH ",\"tag\":\"" SHARED "\"", "'held' is missing" },
        { PATH ",\"tag\":\"" SHARED "\",\"held\":1", "expected: boolean" },
        { PATH ",\"tag\":\"x\",\"held\":true", "tag 'x' is not a UUID" },
        { PATH ",\"tag\":\"\",\"held\":true", "tag" },
        { PATH ",\"tag\":\"" MINE "\",\"held\":true",
          "names no capacity of a sharable region" },
        { PATH ",\"tag\":\"" FOURTH "\",\"held\":false",
          "names no capacity of a sharable region" },
        { "\"path\":\"/nowhere\",\"tag\":\"" SHARED "\",\"held\":true",
          "/nowhere" },
    };
    static const Row query[] = {
        { "\"path\":\"/nowhere\"", "/nowhere" },
        { "\"path\":\"/machine/peripheral/plain\"", "no dynamic capacity" },
        { "\"region\":256", "region" },
        { "\"state\":\"lost\"", "lost" },
        { "\"tag\":\"x\"", "tag 'x' is not a UUID" },
        { "\"host\":0", "'host' is unexpected" },
    };

    prepare(d);
    ALL_REFUSED(d, "cxl-set-dynamic-capacity-region", region);
    ALL_REFUSED(d, "cxl-dynamic-capacity-reference", reference);
    ALL_REFUSED(d, "query-cxl-dynamic-capacity", query);
}

/* --- Properties --- */

#define NEW(rest) "\"driver\":\"cxl-type3\",\"id\":\"new\",\"bus\":\"rp8\"" rest
#define WITH(regions) \
    NEW(",\"dc-memdev\":\"spare\",\"dc-regions\":[" regions "]")
#define GOOD "{\"size\":1073741824}"
#define AND(rest) WITH(GOOD) "," rest
#define R256 "{\"size\":268435456}"

static void properties(CXLDcdDevice *d)
{
    static const Row rows[] = {
        { NEW(",\"dc-memdev\":\"spare\""), "there are no regions: set" },
        { NEW(",\"dc-regions\":[" GOOD "]"), "'dc-memdev'" },
        { NEW(",\"dc-memdev\":\"nobody\",\"dc-regions\":[" GOOD "]"),
          "nobody" },
        { NEW(",\"dc-memdev\":\"dcmem0\",\"dc-regions\":[" GOOD "]"),
          "dcmem0" },
        { NEW(",\"dc-memdev\":\"odd\",\"dc-regions\":[{\"size\":104857600}]"),
          "104857600 of the memory backend of property 'dc-memdev' is not a "
          "multiple of 256 MiB" },
        { AND("\"num-dc-regions\":2"), "cannot be used together" },
        { NEW(",\"dc-memdev\":\"spare\",\"num-dc-regions\":9"), "num-dc-regi" },
        { NEW(",\"dc-memdev\":\"spare\",\"num-dc-regions\":3"),
          "cannot be divided into num-dc-regions=3" },
        { WITH(""), "no regions" },
        { WITH("7"), "expected: object" },
        { WITH("{}"), "size' is missing" },
        { WITH("{\"size\":\"much\"}"), "size" },
        { WITH("{\"size\":0}"), "dc-regions[0]" },
        { WITH("{\"size\":-1}"), "size" },
        { WITH("{\"size\":1048576}"), "dc-regions[0]: size 1048576 is not a "
          "multiple of its block-size 2097152" },
        { WITH("{\"size\":2147483648}"), "have 2147483648 bytes together, "
          "more than the 1073741824 bytes of dc-memdev" },
        { WITH(GOOD "," GOOD), "have 2147483648 bytes together" },
        { WITH("{\"size\":18446744073707454464}"), "is more than" },
        { WITH("{\"size\":1073741824,\"block-size\":0}"), "power of two" },
        { WITH("{\"size\":1073741824,\"block-size\":32}"), "at least 64" },
        { WITH("{\"size\":1073741824,\"block-size\":3145728}"),
          "block-size 3145728 is not a power of two" },
        { WITH("{\"size\":1073741824,\"decode-size\":1}"),
          "decode-size 1 is not a multiple of 256 MiB" },
        { WITH("{\"size\":1073741824,\"decode-size\":268435456}"),
          "decode-size 268435456 is not" },
        { WITH("{\"size\":1073741824,\"flags\":[\"shiny\"]}"), "shiny" },
        { WITH("{\"size\":1073741824,\"flags\":\"sharable\"}"), "flags" },
        { WITH("{\"size\":1073741824,\"sanitize\":\"maybe\"}"), "sanitize" },
        { WITH("{\"size\":1073741824,\"weight\":1}"), "weight" },
        { WITH(R256 "," R256 "," R256 "," R256 "," R256 "," R256 "," R256 ","
               R256 "," R256), "9 regions, at most 8" },
        { AND("\"dc-max-extents\":0"), "'dc-max-extents' is 0, it must be" },
        { AND("\"dc-max-extents\":4194305"), "from 1 to 4194304" },
        { AND("\"dc-max-extents\":4294967295"), "from 1 to 4194304" },
        { AND("\"dc-max-extents\":4294967296"), "dc-max-extents" },
        { AND("\"dc-max-tags\":0"), "'dc-max-tags' is 0, it must be" },
        { AND("\"dc-max-tags\":4194305"), "from 1 to 4194304" },
        { AND("\"dc-event-log-size\":0"), "dc-event-log-size" },
        { AND("\"dc-event-log-size\":65536"), "dc-event-log-size" },
        { AND("\"dc-direct-map-limit\":1000000"), "dc-direct-map-limit" },
        { AND("\"fmapi-eid\":7"), "'fmapi-eid' is 7, it must be 0" },
        { AND("\"fmapi-eid\":255"), "'fmapi-eid' is 255" },
        { AND("\"fmapi\":\"nobody\""), "nobody" },
        { AND("\"host-id\":1"), "only heads of a pool have a number" },
        { AND("\"dc-pool\":\"spare\""), "'dc-pool', expected: cxl-dc-pool" },
        { AND("\"dc-prealloc\":\"perhaps\""), "dc-prealloc" },
        { AND("\"dc-state\":\"/nowhere/state\""), "flag nonvolatile" },
        { AND("\"dc-state-adopt\":true"), "'dc-state', which is not set" },
        { NEW(",\"volatile-memdev\":\"spare\",\"dc-state\":\"/tmp/x\""),
          "'dc-state' needs dynamic capacity" },
    };

    prepare(d);
    ALL_REFUSED(d, "device_add", rows);
    /* None of them has left the id, the slot or the memory taken */
    qtest_qmp_assert_success(d->machine->qts,
        "{'execute':'device_add','arguments':{'driver':'cxl-type3','id':'new',"
        "'bus':'rp8','dc-memdev':'spare','dc-regions':[{'size':1073741824}]}}");
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions options = {
        .size = CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":536870912},"
                   "{\"size\":268435456,\"block-size\":65536},"
                   "{\"size\":268435456,\"flags\":[\"sharable\"]}]",
        .properties = ",\"dc-max-extents\":8,\"dc-max-tags\":3",
        .arguments =
            "-object memory-backend-ram,id=plain-ram,size=256M "
            "-object memory-backend-ram,id=spare,size=1G,reserve=off "
            "-object memory-backend-ram,id=odd,size=100M,reserve=off "
            "-device cxl-rp,id=rp8,bus=cxl.0,chassis=0,slot=8,port=8 "
            "-device cxl-rp,id=rp9,bus=cxl.0,chassis=0,slot=9,port=9 "
            "-device cxl-type3,bus=rp9,id=plain,volatile-memdev=plain-ram ",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/refused/add-and-release", &options,
                     shared_by_both);
    cxl_dcd_add_case("/cxl-dcd/refused/add", &options, add);
    cxl_dcd_add_case("/cxl-dcd/refused/release", &options, release);
    cxl_dcd_add_case("/cxl-dcd/refused/others", &options, others);
    cxl_dcd_add_case("/cxl-dcd/refused/properties", &options, properties);
    return g_test_run();
}
