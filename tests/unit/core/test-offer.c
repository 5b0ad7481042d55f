/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Initiate Dynamic Capacity Add: selection policies, refusals (CXL r3.2
 * 7.6.7.6.5). The tracking limits and the tags of plain regions are here too.
 */
#include "tests/unit/owner.h"

/* --- Prescriptive --- */

static void prescriptive_one(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:3+2"));
    assert_extents(o, "0:3+2 pending");
    assert_trace(o, "claim 0:3+2\noffer 0:3+2\n");
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, 0);
    g_assert_cmpuint(cxl_dcd_listed_count(o->dcd), ==, 0);
    g_assert_false(cxl_dcd_reachable(o->dcd, REGION0_BASE + 6 * MIB, 1));
}

static void prescriptive_group(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "1:8+1, 0:5+1, 0:0+2, 1:3+4"));
    assert_trace(o, "claim 1:8+1, 0:5+1, 0:0+2, 1:3+4\n"
                 "offer 0:0+2 more\noffer 0:5+1 more\noffer 1:3+4 more\n"
                 "offer 1:8+1\n");
    assert_extents(o, "0:0+2 pending, 0:5+1 pending, 1:3+4 pending, "
                   "1:8+1 pending");
    g_assert_cmpuint(cxl_dcd_available_extents(o->dcd), ==, MAX_EXTENTS - 4);
    g_assert_cmphex(cxl_dcd_available(o->dcd, 0), ==, (64 - 3) * 2 * MIB);
    g_assert_cmphex(cxl_dcd_available(o->dcd, 1), ==, (16 - 5) * 4 * MIB);
}

static void prescriptive_neighbours_stay_apart(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+1, 0:1+1"));
    assert_ok(add(o, "0:2+1"));
    assert_extents(o, "0:0+1 pending, 0:1+1 pending, 0:2+1 pending");
}

static void prescriptive_whole_region(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+64"));
    g_assert_cmphex(cxl_dcd_available(o->dcd, 0), ==, 0);
    assert_rc(add(o, "0:63+1"), INVALID_EXTENT_LIST);
}

static void prescriptive_empty(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(add(o, ""), INVALID_EXTENT_LIST);
    assert_message("empty");
}

static void prescriptive_zero_length(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(add(o, "0:0+1, 0:3+0"), INVALID_EXTENT_LIST);
    assert_message("[0x10600000, +0x0]");
}

static void prescriptive_misaligned(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(add(o, "@10100000+200000"), INVALID_EXTENT_LIST);
    assert_message("extent [0x10100000, +0x200000] is not a multiple of "
                   "region 0's block size 0x200000");
    assert_rc(add(o, "@10200000+100000"), INVALID_EXTENT_LIST);
    assert_message("block size 0x200000");
    /* Whole blocks of region 0, but not of region 1 */
    assert_rc(add(o, "@20200000+200000"), INVALID_EXTENT_LIST);
    assert_message("region 1's block size 0x400000");
}

static void prescriptive_outside(void)
{
    static const char *const outside[] = {
        "@0+200000",                    /* below all regions */
        "@f000000+200000",              /* ends below region 0 */
        "@f000000+2000000",             /* starts below, ends inside */
        "@17e00000+400000",             /* passes the end of region 0 */
        "@18000000+200000",             /* decoded, but behind its length */
        "@1fe00000+400000",             /* between the regions, into the next */
        "@10000000+20000000",           /* over two regions */
        "@80000000+200000",             /* above all regions */
        "@ffffffffffe00000+200000",     /* ends at 2^64 */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(outside); i++) {
        g_autoptr(Owner) o = owner_new();

        assert_rc(add(o, outside[i]), INVALID_EXTENT_LIST);
        assert_message("region");
    }
}

/* Offset plus length past 2^64 once killed the whole virtual machine. */
static void prescriptive_wraps(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(add(o, "@10000000+fffffffffffe00000"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "@ffffffffffe00000+400000"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "@ffffffffffe00000+10400000"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "@10200000+fffffffffffffffff"), INVALID_EXTENT_LIST);
    /* 0x10200000 + 0xffffffffffe00000 wraps to the start of the region */
    assert_rc(add(o, "@10200000+ffffffffffe00000"), INVALID_EXTENT_LIST);
}

static void prescriptive_overlaps_itself(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(add(o, "0:0+4, 0:3+1"), INVALID_EXTENT_LIST);
    assert_message("in the same request");
    assert_rc(add(o, "0:7+1, 0:3+1, 0:7+1"), INVALID_EXTENT_LIST);
    assert_message("in the same request");
}

static void prescriptive_overlaps_pending(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:4+4"));
    assert_rc(add(o, "0:3+2"), INVALID_EXTENT_LIST);
    assert_message("extent [0x10600000, +0x400000] overlaps "
                   "extent [0x10800000, +0x800000], which is pending");
    assert_rc(add(o, "0:7+2"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "0:5+1"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "0:0+20"), INVALID_EXTENT_LIST);
    assert_ok(add(o, "0:3+1, 0:8+1"));
}

static void prescriptive_overlaps_other_states(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+4"));
    assert_ok(answer(o, "0:0+4"));
    assert_rc(add(o, "0:2+4"), INVALID_EXTENT_LIST);
    assert_message("accepted");
    assert_ok(ask_back(o, "0:0+4"));
    assert_rc(add(o, "0:2+4"), INVALID_EXTENT_LIST);
    assert_message("releasing");
    assert_ok(add(o, "0:8+4"));
    assert_ok(force(o, "0:8+4"));
    assert_rc(add(o, "0:8+1"), INVALID_EXTENT_LIST);
    assert_message("dead");
}

/* The last extent of a list is bad: the others are not added either. */
static void prescriptive_all_or_nothing(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:9+1"));
    assert_rc(add(o, "0:0+1, 0:2+1, 0:4+1, 0:9+1"), INVALID_EXTENT_LIST);
    assert_extents(o, "0:9+1 pending");
}

static void prescriptive_sequence_in_plain_region(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(add(o, "0:0+1 A#1"), INVALID_EXTENT_LIST);
    assert_message("region 0 is not sharable");
}

static void wrong_host(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(add_request(o, &(CXLDcdAddRequest) { .host_id = HOST + 1 }),
              INVALID_INPUT);
    assert_message("host 6");
}

static void wrong_policy(void)
{
    g_autoptr(Owner) o = owner_new();

    for (unsigned policy = 4; policy < 256; policy++) {
        assert_rc(add_request(o, &(CXLDcdAddRequest) {
                      .host_id = HOST, .policy = policy }), INVALID_INPUT);
        assert_message("policy");
    }
}

/* --- Free and Contiguous --- */

/* Fewer extents are better: a run that is large enough goes first. */
static void free_prefers_one_run(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:1+1, 0:3+1"));
    skip_trace(o);
    assert_ok(add_free(o, 0, 2, 0));
    assert_trace(o, "claim 0:4+2\noffer 0:4+2\n");
}

static void free_takes_gaps(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:2+2, 0:5+58"));
    skip_trace(o);
    assert_ok(add_free(o, 0, 4, 0));
    assert_trace(o, "claim 0:0+2, 0:4+1, 0:63+1\n"
                 "offer 0:0+2 more\noffer 0:4+1 more\noffer 0:63+1\n");
    g_assert_cmphex(cxl_dcd_available(o->dcd, 0), ==, 0);
    assert_rc(add_free(o, 0, 1, 0), RESOURCES_EXHAUSTED);
}

static void free_part_of_a_gap(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add_free(o, 0, 3, 'A'));
    assert_ok(add_free(o, 0, 1, 0));
    assert_extents(o, "0:0+3 A#0 pending, 0:3+1 pending");
}

static void free_more_than_there_is(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+1"));
    assert_rc(add_free(o, 0, 64, 0), RESOURCES_EXHAUSTED);
    assert_message("0x8000000");
    assert_message("0x7e00000");
    assert_rc(add_free(o, 0, 1ULL << 40, 0), RESOURCES_EXHAUSTED);
    assert_ok(add_free(o, 0, 63, 0));
}

static void contiguous_first_that_fits(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:2+2, 0:9+55"));
    skip_trace(o);
    assert_ok(add_contiguous(o, 0, 4, 0));
    assert_trace(o, "claim 0:4+4\noffer 0:4+4\n");
    assert_rc(add_contiguous(o, 0, 3, 0), RESOURCES_EXHAUSTED);
    assert_message("0x600000");
    assert_ok(add_contiguous(o, 0, 2, 0));
    assert_ok(add_contiguous(o, 0, 1, 0));
    g_assert_cmphex(cxl_dcd_available(o->dcd, 0), ==, 0);
}

/* The gap behind the last extent ends with the length, not the decode length */
static void contiguous_ends_with_the_region(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:1+1"));
    assert_rc(add_contiguous(o, 0, 63, 0), RESOURCES_EXHAUSTED);
    assert_ok(add_contiguous(o, 0, 62, 0));
    assert_extents(o, "0:1+1 pending, 0:2+62 pending");
}

static void length_checked(void)
{
    g_autoptr(Owner) o = owner_new();

    for (unsigned policy = CXL_DCD_POLICY_FREE;
         policy <= CXL_DCD_POLICY_CONTIGUOUS; policy++) {
        CXLDcdAddRequest request = { .host_id = HOST, .policy = policy };

        assert_rc(add_request(o, &request), INVALID_INPUT);
        request.length = 3 * MIB;
        assert_rc(add_request(o, &request), INVALID_INPUT);
        assert_message("0x300000");
        request.length = UINT64_MAX;
        assert_rc(add_request(o, &request), INVALID_INPUT);
        request.length = 2 * MIB;
        request.region = 4;
        assert_rc(add_request(o, &request), INVALID_INPUT);
        assert_message("region 4");
        request.region = 255;
        assert_rc(add_request(o, &request), INVALID_INPUT);
    }
}

/*
 * Somebody else takes what was chosen, before it is claimed: what the device
 * chooses is chosen again, 16 times; what was asked for by address is not.
 */
static void chosen_again(void)
{
    g_autoptr(Owner) o = owner_new();

    o->busy_claims = 15;
    assert_ok(add_free(o, 0, 2, 0));
    g_assert_cmpuint(o->busy_claims, ==, 0);
    assert_trace(o, "claim 0:0+2\noffer 0:0+2\n");
    o->busy_claims = 17;
    assert_rc(add_free(o, 0, 2, 0), RETRY_REQUIRED);
    assert_message("taken");
    g_assert_cmpuint(o->busy_claims, ==, 1);
    o->busy_claims = 15;
    assert_ok(add_contiguous(o, 1, 3, 0));
    g_assert_cmpuint(o->busy_claims, ==, 0);
    o->busy_claims = 17;
    assert_rc(add_contiguous(o, 1, 3, 0), RETRY_REQUIRED);
    g_assert_cmpuint(o->busy_claims, ==, 1);
    assert_rc(add(o, "0:8+1"), INVALID_EXTENT_LIST);
    g_assert_cmpuint(o->busy_claims, ==, 0);
    assert_extents(o, "0:0+2 pending, 1:0+3 pending");
}

/* --- Limits --- */

static void limit_of_extents(void)
{
    CXLDcdConfig config = owner_config();
    g_autoptr(Owner) o = NULL;

    config.max_extents = 3;
    o = owner_new_with(&config);
    assert_rc(add(o, "0:0+1, 0:2+1, 0:4+1, 0:6+1"), RESOURCES_EXHAUSTED);
    assert_message("4 extents");
    assert_message("3");
    assert_ok(add(o, "0:0+1, 0:2+1"));
    assert_rc(add(o, "0:4+1, 0:6+1"), RESOURCES_EXHAUSTED);
    /* One run is enough for 61 blocks, 62 need two gaps */
    assert_rc(add_free(o, 0, 62, 0), RESOURCES_EXHAUSTED);
    assert_message("more than the 1 extents");
    assert_ok(add_free(o, 0, 61, 0));
    g_assert_cmpuint(cxl_dcd_available_extents(o->dcd), ==, 0);
    assert_rc(add(o, "0:1+1"), RESOURCES_EXHAUSTED);
    assert_rc(add_free(o, 0, 1, 0), RESOURCES_EXHAUSTED);
}

static void limit_of_tags(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+1 A#0, 0:1+1 B#0, 0:2+1 A#0"));
    g_assert_cmpuint(cxl_dcd_available_tags(o->dcd), ==, MAX_TAGS - 2);
    assert_rc(add(o, "0:4+1 C#0, 0:5+1 D#0"), RESOURCES_EXHAUSTED);
    assert_message("2 new tags");
    assert_ok(add(o, "0:4+1 C#0, 0:5+1 A#0"));
    assert_rc(add_free(o, 1, 1, 'E'), RESOURCES_EXHAUSTED);
    assert_ok(add_free(o, 1, 1, 'A'));
    assert_ok(answer(o, ""));
    /* Rejected: B is no longer anybody's */
    g_assert_cmpuint(cxl_dcd_available_tags(o->dcd), ==, MAX_TAGS - 2);
    assert_ok(add_free(o, 1, 1, 'E'));
}

/* Not one record more than the host's log has room for (7.6.7.6.5) */
static void log_has_no_room(void)
{
    g_autoptr(Owner) o = owner_new();

    o->room = 2;
    assert_rc(add(o, "0:0+1, 0:2+1, 0:4+1"), RETRY_REQUIRED);
    assert_message("3 event records");
    assert_message("2");
    assert_ok(add(o, "0:0+1, 0:2+1"));
    o->room = 0;
    assert_rc(add_free(o, 0, 1, 0), RETRY_REQUIRED);
    assert_rc(add_contiguous(o, 0, 1, 0), RETRY_REQUIRED);
}

static void pool_refuses(void)
{
    g_autoptr(Owner) o = owner_new();

    o->refuse_claim = "block 7 belongs to host 2";
    assert_rc(add(o, "0:0+1, 0:2+1"), RESOURCES_EXHAUSTED);
    assert_message("block 7 belongs to host 2");
    assert_rc(add_free(o, 0, 9, 'A'), RESOURCES_EXHAUSTED);
    o->refuse_claim = NULL;
    assert_ok(add(o, "0:0+1, 0:2+1"));
}

/* Owners may leave out every callback but the events'. */
static void fewest_callbacks(void)
{
    static const CXLDcdOps none = { 0 };
    CXLDcdConfig config = owner_config();
    CXLDcd *dcd = cxl_dcd_new(&config, &none, NULL, NULL);

    g_assert_nonnull(dcd);
    cxl_dcd_free(dcd);
    cxl_dcd_free(NULL);
}

#define T(path, function) g_test_add_func("/core/offer/" path, function)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T("prescriptive/one", prescriptive_one);
    T("prescriptive/group", prescriptive_group);
    T("prescriptive/neighbours-stay-apart",
      prescriptive_neighbours_stay_apart);
    T("prescriptive/whole-region", prescriptive_whole_region);
    T("prescriptive/empty", prescriptive_empty);
    T("prescriptive/zero-length", prescriptive_zero_length);
    T("prescriptive/misaligned", prescriptive_misaligned);
    T("prescriptive/outside", prescriptive_outside);
    T("prescriptive/wraps", prescriptive_wraps);
    T("prescriptive/overlaps-itself", prescriptive_overlaps_itself);
    T("prescriptive/overlaps-pending", prescriptive_overlaps_pending);
    T("prescriptive/overlaps-other-states",
      prescriptive_overlaps_other_states);
    T("prescriptive/all-or-nothing", prescriptive_all_or_nothing);
    T("prescriptive/sequence-in-plain-region",
      prescriptive_sequence_in_plain_region);
    T("host", wrong_host);
    T("policy", wrong_policy);
    T("free/one-run", free_prefers_one_run);
    T("free/gaps", free_takes_gaps);
    T("free/part-of-a-gap", free_part_of_a_gap);
    T("free/more-than-there-is", free_more_than_there_is);
    T("contiguous/first-that-fits", contiguous_first_that_fits);
    T("contiguous/ends-with-the-region", contiguous_ends_with_the_region);
    T("length", length_checked);
    T("chosen-again-when-taken", chosen_again);
    T("limit/extents", limit_of_extents);
    T("limit/tags", limit_of_tags);
    T("limit/log", log_has_no_room);
    T("pool-refuses", pool_refuses);
    T("fewest-callbacks", fewest_callbacks);
    return g_test_run();
}
