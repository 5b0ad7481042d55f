/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sharable regions: tags, sequences, references, the list of tags (CXL r3.2
 * 9.13.3.2, 7.6.7.6.7 to .9).
 */
#include "tests/unit/owner.h"

static void assert_tag(const Owner *o, uint32_t index, char letter,
                       const char *state)
{
    CXLDcdTagInfo info;
    CXLDcdTag tag = tag_of(letter);

    g_assert_true(cxl_dcd_tag_info(o->dcd, index, &info));
    g_assert_cmpmem(info.tag.bytes, 16, tag.bytes, 16);
    g_assert_cmpint(info.referenced, ==, !!strchr(state, 'r'));
    g_assert_cmpint(info.accepted, ==, !!strchr(state, 'a'));
    g_assert_cmpint(info.pending, ==, !!strchr(state, 'p'));
}

/* --- Adding --- */

static void add_in_sequence(void)
{
    g_autoptr(Owner) o = owner_new();

    /* Any order of addresses, each number once */
    assert_ok(add(o, "2:9+1 A#0, 2:0+2 A#2, 2:4+1 A#1"));
    assert_trace(o, "claim 2:9+1, 2:0+2, 2:4+1 A\noffer 2:9+1 A#0 more\n"
                 "offer 2:0+2 A#2 more\noffer 2:4+1 A#1\n");
    assert_tag(o, 0, 'A', "p");
    assert_ok(answer(o, "2:0+2, 2:4+1, 2:9+1"));
    assert_extents(o, "2:0+2 A#2 accepted, 2:4+1 A#1 accepted, "
                   "2:9+1 A#0 accepted");
    assert_tag(o, 0, 'A', "a");
}

static void add_bad_sequence(void)
{
    static const char *const bad[] = {
        "2:0+1 A#1",                            /* starts at 0 */
        "2:0+1 A#0, 2:2+1 A#0",                 /* twice */
        "2:0+1 A#0, 2:2+1 A#2",                 /* a hole */
        "2:0+1 A#1, 2:2+1 A#2",                 /* counts from 1 */
        "2:0+1 A#0, 2:2+1 A#65535",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Owner) o = owner_new();

        assert_rc(add(o, bad[i]), INVALID_EXTENT_LIST);
        assert_message("sequence");
        assert_extents(o, "");
    }
}

static void add_without_tag(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(add(o, "2:0+1"), INVALID_EXTENT_LIST);
    assert_message("region 2 is sharable: its capacity needs a tag");
    assert_rc(add_free(o, 2, 1, 0), INVALID_INPUT);
    assert_rc(add_contiguous(o, 3, 1, 0), INVALID_INPUT);
    assert_message("needs a tag");
}

/* A sharable tag is one allocation: it does not grow, and is in one region */
static void add_tag_in_use(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+1 A#0"));
    assert_rc(add(o, "2:4+1 A#0"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "2:4+1 A#1"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "0:4+1 A#0"), INVALID_EXTENT_LIST);
    assert_rc(add_free(o, 2, 1, 'A'), INVALID_INPUT);
    assert_rc(add_free(o, 0, 1, 'A'), INVALID_INPUT);
    assert_ok(add(o, "0:4+1 B#0"));
    assert_rc(add(o, "2:4+1 B#0"), INVALID_EXTENT_LIST);
    assert_rc(add_contiguous(o, 3, 1, 'B'), INVALID_INPUT);
    assert_message("in use");
}

static void add_one_tag_at_a_time(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(add(o, "2:0+1 A#0, 2:4+1 B#0"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "2:0+1 A#0, 3:0+1 A#1"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "2:0+1 A#0, 0:0+1"), INVALID_EXTENT_LIST);
    assert_rc(add(o, "0:0+1, 2:0+1 A#0"), INVALID_EXTENT_LIST);
}

static void add_free_numbers_them(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:2+2 B#0, 2:6+26 B#1"));
    skip_trace(o);
    assert_ok(add_free(o, 2, 4, 'A'));
    assert_trace(o, "claim 2:0+2, 2:4+2 A\noffer 2:0+2 A#0 more\n"
                 "offer 2:4+2 A#1\n");
}

/* --- Answers --- */

static void accept_all_or_none(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+2 A#0, 2:4+2 A#1"));
    assert_rc(answer(o, "2:0+2"), INVALID_EXTENT_LIST);
    assert_message("0x400000 of 0x800000");
    assert_rc(answer(o, "2:0+2, 2:4+1"), INVALID_EXTENT_LIST);
    assert_ok(answer(o, ""));
    assert_extents(o, "");
    g_assert_cmpuint(cxl_dcd_tag_count(o->dcd), ==, 0);
    assert_ok(add(o, "2:0+2 A#0, 2:4+2 A#1"));
    /* In pieces, but all of it */
    assert_ok(answer(o, "2:4+1, 2:0+2, 2:5+1"));
    g_assert_cmpuint(cxl_dcd_listed_count(o->dcd), ==, 2);
    assert_extents(o, "2:0+2 A#0 accepted, 2:4+2 A#1 accepted");
}

static void release_whole_tag(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+2 A#0, 2:4+2 A#1"));
    assert_ok(answer(o, "2:0+2, 2:4+2"));
    assert_rc(give_back(o, "2:0+2"), INVALID_EXTENT_LIST);
    assert_rc(give_back(o, "2:0+2, 2:4+1"), INVALID_EXTENT_LIST);
    assert_rc(give_back(o, "2:1+1"), INVALID_EXTENT_LIST);
    skip_trace(o);
    assert_ok(give_back(o, "2:4+1, 2:0+2, 2:5+1"));
    assert_trace(o, "unreach 2:0+2\nunreach 2:4+2\ncommit\n"
                 "discard 2:0+2\n"
                 "discard 2:4+2\n"
                 "fm-released 2:0+2 A#0 more\nfm-released 2:4+2 A#1\n"
                 "RELEASED 2:0+2 A#0, 2:4+2 A#1\n");
    g_assert_cmpuint(cxl_dcd_tag_count(o->dcd), ==, 0);
}

static void release_two_tags(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+1 A#0, 2:2+1 A#1"));
    assert_ok(add(o, "2:1+1 B#0"));
    assert_ok(answer(o, "2:0+1, 2:2+1"));
    assert_ok(answer(o, "2:1+1"));
    assert_rc(give_back(o, "2:0+2"), INVALID_EXTENT_LIST);
    assert_ok(give_back(o, "2:0+3"));
    assert_extents(o, "");
}

/* --- The fabric manager --- */

static void remove_whole_tag(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+2 A#0, 2:4+2 A#1"));
    assert_ok(answer(o, "2:0+2, 2:4+2"));
    skip_trace(o);
    assert_rc(ask_back(o, "2:0+2"), INVALID_INPUT);
    assert_rc(ask_back(o, "2:0+2, 2:4+1"), INVALID_INPUT);
    assert_rc(force(o, "2:4+2"), INVALID_INPUT);
    assert_rc(ask_tag(o, 'A', 4 * MIB), INVALID_INPUT);
    assert_rc(force_tag(o, 'A', 6 * MIB), INVALID_INPUT);
    assert_rc(ask_tag(o, 'A', 10 * MIB), RESOURCES_EXHAUSTED);
    assert_ok(ask_tag(o, 'A', 8 * MIB));
    assert_trace(o, "release 2:0+2 A#0 more\nrelease 2:4+2 A#1\n");
    assert_ok(ask_back(o, "2:0+2, 2:4+2"));
    assert_ok(force_tag(o, 'A', 0));
    assert_extents(o, "");
}

static void hold_keeps_contents(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+2 A#0, 2:4+2 A#1"));
    assert_ok(hold(o, 'A'));
    assert_ok(hold(o, 'A'));
    assert_tag(o, 0, 'A', "rp");
    assert_ok(answer(o, "2:0+2, 2:4+2"));
    assert_tag(o, 0, 'A', "ra");
    skip_trace(o);
    assert_ok(give_back(o, "2:0+2, 2:4+2"));
    assert_trace(o, "unreach 2:0+2\nunreach 2:4+2\ncommit\n"
                 "fm-released 2:0+2 A#0 more\nfm-released 2:4+2 A#1\n"
                 "RELEASED 2:0+2 A#0, 2:4+2 A#1\n");
    assert_extents(o, "2:0+2 A#0 referenced, 2:4+2 A#1 referenced");
    assert_tag(o, 0, 'A', "r");
    g_assert_cmpuint(cxl_dcd_listed_count(o->dcd), ==, 0);
    g_assert_cmpuint(cxl_dcd_available_extents(o->dcd), ==, MAX_EXTENTS - 2);
    assert_rc(add(o, "2:4+1 B#0"), INVALID_EXTENT_LIST);
    assert_message("referenced");
    assert_ok(let_go(o, 'A'));
    assert_trace(o, "discard 2:0+2\n"
                 "discard 2:4+2\n");
    assert_extents(o, "");
    assert_rc(let_go(o, 'A'), INVALID_INPUT);
}

static void hold_what_is_not_sharable(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(hold(o, 'A'), INVALID_INPUT);
    assert_rc(let_go(o, 'A'), INVALID_INPUT);
    assert_rc(hold(o, 0), INVALID_INPUT);
    assert_ok(add(o, "0:0+1 A#0"));
    assert_rc(hold(o, 'A'), INVALID_INPUT);
    assert_message("sharable");
}

static void let_go_while_accepted(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+2 A#0"));
    assert_ok(answer(o, "2:0+2"));
    assert_ok(let_go(o, 'A'));                  /* idempotent */
    assert_ok(hold(o, 'A'));
    assert_ok(let_go(o, 'A'));
    assert_extents(o, "2:0+2 A#0 accepted");
    assert_ok(give_back(o, "2:0+2"));
    assert_extents(o, "");
}

static void share_again(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:4+2 A#0, 2:0+2 A#1"));
    assert_ok(answer(o, "2:0+2, 2:4+2"));
    assert_rc(add_shared(o, 2, 'A'), INVALID_INPUT);    /* has it already */
    assert_message("accepted");
    assert_ok(hold(o, 'A'));
    assert_ok(force_tag(o, 'A', 0));
    assert_rc(add_shared(o, 0, 'A'), INVALID_INPUT);    /* not sharable */
    assert_rc(add_shared(o, 3, 'A'), INVALID_INPUT);    /* elsewhere */
    assert_rc(add_shared(o, 4, 'A'), INVALID_INPUT);    /* no region */
    assert_rc(add_shared(o, 2, 'B'), INVALID_INPUT);    /* no tag */
    o->room = 1;
    assert_rc(add_shared(o, 2, 'A'), RETRY_REQUIRED);
    o->room = 2;
    skip_trace(o);
    assert_ok(add_shared(o, 2, 'A'));
    /* In the order of the sequence; no claim: it is allocated already */
    assert_trace(o, "offer 2:4+2 A#0 more\noffer 2:0+2 A#1\n");
    assert_tag(o, 0, 'A', "rp");
    assert_rc(add_shared(o, 2, 'A'), INVALID_INPUT);
    assert_message("pending");
    assert_ok(answer(o, "2:4+2, 2:0+2"));
    assert_extents(o, "2:0+2 A#1 accepted, 2:4+2 A#0 accepted");
}

static void share_again_needs_no_room_to_track(void)
{
    CXLDcdConfig config = owner_config();
    g_autoptr(Owner) o = NULL;

    config.max_extents = 2;
    config.max_tags = 1;
    o = owner_new_with(&config);
    assert_ok(add(o, "2:0+2 A#0, 2:4+2 A#1"));
    assert_ok(hold(o, 'A'));
    assert_ok(answer(o, ""));
    assert_extents(o, "2:0+2 A#0 referenced, 2:4+2 A#1 referenced");
    assert_ok(add_shared(o, 2, 'A'));
    assert_ok(answer(o, "2:0+2, 2:4+2"));
}

/* The reference goes while the tag is offered again, and the host refuses. */
static void rejected_after_use(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+2 A#0"));
    assert_ok(hold(o, 'A'));
    assert_ok(answer(o, "2:0+2"));
    assert_ok(give_back(o, "2:0+2"));
    assert_ok(add_shared(o, 2, 'A'));
    assert_ok(let_go(o, 'A'));
    skip_trace(o);
    assert_ok(answer(o, ""));
    assert_trace(o, "discard 2:0+2\nREJECTED 2:0+2 A#0\n");
    assert_extents(o, "");
}

/* Sanitize on a release that leaves a reference: done when that goes. */
static void sanitized_after_the_last_reference(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+2 A#0"));
    assert_ok(hold(o, 'A'));
    assert_ok(answer(o, "2:0+2"));
    assert_ok(remove_request(o, &(CXLDcdRemoveRequest) {
        .host_id = HOST, .policy = CXL_DCD_REMOVE_TAG, .forced = true,
        .sanitize = true, .tag = tag_of('A'),
    }));
    skip_trace(o);
    assert_ok(let_go(o, 'A'));
    assert_trace(o, "zero 2:0+2\n");
}

static void force_pending_share(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "2:0+2 A#0, 2:4+2 A#1"));
    assert_ok(hold(o, 'A'));
    assert_ok(force_tag(o, 'A', 0));
    assert_extents(o, "2:0+2 A#0 dead, 2:4+2 A#1 dead");
    assert_tag(o, 0, 'A', "r");
    assert_rc(answer(o, "2:0+2, 2:4+2"), INVALID_PA);
    assert_ok(answer(o, ""));
    assert_extents(o, "2:0+2 A#0 referenced, 2:4+2 A#1 referenced");
}

/* --- The list of tags --- */

static void tags_listed(void)
{
    g_autoptr(Owner) o = owner_new();
    CXLDcdTagInfo info;
    uint32_t generation = cxl_dcd_tag_generation(o->dcd);

    g_assert_cmpuint(cxl_dcd_tag_count(o->dcd), ==, 0);
    g_assert_false(cxl_dcd_tag_info(o->dcd, 0, &info));
    /* A plain region's tag is not in the list */
    assert_ok(add(o, "0:0+1 C#0"));
    g_assert_cmpuint(cxl_dcd_tag_count(o->dcd), ==, 0);
    assert_ok(add(o, "2:0+1 A#0"));
    assert_ok(add(o, "3:0+1 B#0"));
    g_assert_cmpuint(cxl_dcd_tag_count(o->dcd), ==, 2);
    assert_tag(o, 0, 'A', "p");
    assert_tag(o, 1, 'B', "p");
    g_assert_false(cxl_dcd_tag_info(o->dcd, 2, &info));
    g_assert_cmpuint(cxl_dcd_tag_generation(o->dcd), !=, generation);
}

/* It changes with whatever 5608h would say, and only then. */
static void tag_generation(void)
{
    g_autoptr(Owner) o = owner_new();
    uint32_t last = cxl_dcd_tag_generation(o->dcd);

#define CHANGES(call) do { \
        assert_ok(call); \
        g_assert_cmpuint(cxl_dcd_tag_generation(o->dcd), !=, last); \
        last = cxl_dcd_tag_generation(o->dcd); \
    } while (0)
#define STAYS(call) do { \
        assert_ok(call); \
        g_assert_cmpuint(cxl_dcd_tag_generation(o->dcd), ==, last); \
    } while (0)

    CHANGES(add(o, "2:0+1 A#0, 2:4+1 A#1"));
    CHANGES(hold(o, 'A'));
    STAYS(hold(o, 'A'));
    STAYS(add(o, "0:0+1 B#0"));
    CHANGES(answer(o, "2:0+1, 2:4+1"));
    STAYS(answer(o, "0:0+1"));
    STAYS(ask_tag(o, 'A', 0));
    STAYS(give_back(o, "0:0+1"));
    CHANGES(give_back(o, "2:0+1, 2:4+1"));
    CHANGES(add_shared(o, 2, 'A'));
    CHANGES(let_go(o, 'A'));
    STAYS(let_go(o, 'A'));
    CHANGES(force_tag(o, 'A', 0));
    CHANGES(answer(o, ""));
    g_assert_cmpuint(cxl_dcd_tag_count(o->dcd), ==, 0);
}

#define T(path, function) g_test_add_func("/core/share/" path, function)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T("add/in-sequence", add_in_sequence);
    T("add/bad-sequence", add_bad_sequence);
    T("add/without-tag", add_without_tag);
    T("add/tag-in-use", add_tag_in_use);
    T("add/one-tag-at-a-time", add_one_tag_at_a_time);
    T("add/free-numbers-them", add_free_numbers_them);
    T("accept/all-or-none", accept_all_or_none);
    T("release/whole-tag", release_whole_tag);
    T("release/two-tags", release_two_tags);
    T("remove/whole-tag", remove_whole_tag);
    T("reference/keeps-contents", hold_keeps_contents);
    T("reference/not-sharable", hold_what_is_not_sharable);
    T("reference/let-go-while-accepted", let_go_while_accepted);
    T("again/offered", share_again);
    T("again/no-room-needed", share_again_needs_no_room_to_track);
    T("again/declined-after-use", rejected_after_use);
    T("sanitized-after-the-last-reference",
      sanitized_after_the_last_reference);
    T("force-pending", force_pending_share);
    T("tags/listed", tags_listed);
    T("tags/generation", tag_generation);
    return g_test_run();
}
