/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nobody has any more is not free, and not said to be, before it is clean.
 */
#include "tests/unit/owner.h"

static Owner *slow_owner_with(const char *extents)
{
    Owner *o = owner_new();

    assert_ok(add(o, extents));
    assert_ok(answer(o, extents));
    o->slow = true;
    skip_trace(o);
    return o;
}

static void released_is_not_free(void)
{
    g_autoptr(Owner) o = slow_owner_with("0:0+4");
    uint64_t before = cxl_dcd_available(o->dcd, 0);

    assert_ok(give_back(o, "0:0+4"));
    assert_trace(o, "unreach 0:0+4\ncommit\ndiscard 0:0+4\n");
    assert_extents(o, "0:0+4 sanitizing");
    g_assert_cmpuint(cxl_dcd_listed_count(o->dcd), ==, 0);
    g_assert_cmpuint(cxl_dcd_available(o->dcd, 0), ==, before);
    g_assert_cmpuint(cxl_dcd_sanitizing(o->dcd), ==, 4 * 2 * MIB);
    /* It counts for nobody: neither extents nor tags are used up */
    g_assert_cmpuint(cxl_dcd_available_extents(o->dcd), ==, MAX_EXTENTS);

    assert_rc(add(o, "0:2+1"), RETRY_REQUIRED);
    assert_message("being sanitized");
    assert_rc(add(o, "0:3+2"), RETRY_REQUIRED);
    assert_rc(add_free(o, 0, 64, 0), RETRY_REQUIRED);
    assert_rc(add_contiguous(o, 0, 61, 0), RETRY_REQUIRED);
    assert_rc(give_back(o, "0:0+1"), INVALID_PA);
    assert_rc(ask_back(o, "0:0+1"), INVALID_PA);
    assert_rc(force(o, "0:0+1"), INVALID_PA);
    assert_rc(set_region(o, 0, 4 * MIB, false), RETRY_REQUIRED);
    assert_trace(o, "");

    sanitized(o, "0:0+4");
    assert_trace(o, "fm-released 0:0+4\nRELEASED 0:0+4\n");
    assert_extents(o, "");
    assert_ok(add_free(o, 0, 64, 0));
}

static void what_is_free_is_offered(void)
{
    g_autoptr(Owner) o = slow_owner_with("0:0+4");

    assert_ok(give_back(o, "0:0+4"));
    assert_ok(add_contiguous(o, 0, 2, 0));
    assert_extents(o, "0:0+4 sanitizing, 0:4+2 pending");
}

/* One command is one group of records and one outcome, when all is clean. */
static void told_when_all_is_clean(void)
{
    g_autoptr(Owner) o = slow_owner_with("0:0+8, 1:0+2 A");

    assert_ok(give_back(o, "0:1+2, 0:5+1, 1:0+1"));
    assert_extents(o, "0:0+1 accepted, 0:1+2 sanitizing, 0:3+2 accepted, "
                   "0:5+1 sanitizing, 0:6+2 accepted, 1:0+1 sanitizing, "
                   "1:1+1 A#0 accepted");
    assert_trace(o, "unreach 0:1+2\nunreach 0:5+1\nunreach 1:0+1\ncommit\n"
                 "discard 0:1+2\ndiscard 0:5+1\nzero 1:0+1\n");
    sanitized(o, "0:5+1");
    sanitized(o, "0:1+2");
    assert_trace(o, "");
    assert_ok(add(o, "0:5+1"));
    skip_trace(o);
    sanitized(o, "1:0+1");
    assert_trace(o, "fm-released 0:1+2 more\nfm-released 0:5+1 more\nfm-released 1:0+1 A#0\n"
                 "RELEASED 0:1+2, 0:5+1, 1:0+1 A#0\n");
}

static void forced(void)
{
    g_autoptr(Owner) o = slow_owner_with("0:0+4 A");

    assert_ok(force(o, "0:0+2"));
    /* The host hears of it at once, the fabric manager when it is so */
    assert_trace(o, "unreach 0:0+2\ncommit\ndiscard 0:0+2\nforced 0:0+2 A#0\n");
    assert_extents(o, "0:0+2 sanitizing, 0:2+2 A#0 accepted");
    sanitized(o, "0:0+2");
    assert_trace(o, "fm-released 0:0+2 A#0\nFORCED 0:0+2 A#0\n");
}

static void rejected(void)
{
    g_autoptr(Owner) o = owner_new();

    o->slow = true;
    assert_ok(add(o, "0:0+4"));
    skip_trace(o);
    assert_ok(answer(o, "0:1+1"));
    assert_trace(o, "reach 0:1+1\ncommit\ndiscard 0:0+1\ndiscard 0:2+2\n"
                 "fm-added 0:1+1\nADDED 0:1+1\n");
    assert_extents(o, "0:0+1 sanitizing, 0:1+1 accepted, 0:2+2 sanitizing");
    sanitized(o, "0:0+1");
    sanitized(o, "0:2+2");
    assert_trace(o, "REJECTED 0:0+1, 0:2+2\n");
}

static void withdrawn_by_reset(void)
{
    g_autoptr(Owner) o = slow_owner_with("3:0+1 C");

    assert_ok(add(o, "0:0+4"));
    skip_trace(o);
    cxl_dcd_reset(o->dcd, CXL_DCD_RESET_CONVENTIONAL);
    assert_extents(o, "0:0+4 sanitizing, 3:0+1 sanitizing");
    cxl_dcd_reset(o->dcd, CXL_DCD_RESET_CONVENTIONAL);
    assert_extents(o, "0:0+4 sanitizing, 3:0+1 sanitizing");
    skip_trace(o);
    sanitized(o, "3:0+1");
    sanitized(o, "0:0+4");
    assert_trace(o, "fm-released 3:0+1 C#0\nRELEASED 3:0+1 C#0\n"
                 "REJECTED 0:0+4\n");
}

/* The tag is free with the capacity's leaving, as the limit on tags is. */
static void tag_is_free_at_once(void)
{
    g_autoptr(Owner) o = slow_owner_with("2:0+2 A");

    assert_ok(give_back(o, "2:0+2"));
    g_assert_cmpuint(cxl_dcd_tag_count(o->dcd), ==, 0);
    assert_ok(add(o, "2:4+1 A"));
    sanitized(o, "2:0+2");
    assert_ok(answer(o, "2:4+1"));
    assert_extents(o, "2:4+1 A#0 accepted");
}

static void with_the_last_reference(void)
{
    g_autoptr(Owner) o = slow_owner_with("2:0+2 A");

    assert_ok(hold(o, 'A'));
    assert_ok(give_back(o, "2:0+2"));
    /* Kept, so nothing is to be sanitized: it is said at once */
    assert_trace(o, "unreach 2:0+2\ncommit\n"
                 "fm-released 2:0+2 A#0\nRELEASED 2:0+2 A#0\n");
    assert_ok(let_go(o, 'A'));
    assert_extents(o, "2:0+2 sanitizing");
    assert_trace(o, "discard 2:0+2\n");
    sanitized(o, "2:0+2");
    assert_trace(o, "");
    assert_extents(o, "");
}

/* A state that is saved in the middle goes on elsewhere. */
static void goes_on_after_restore(void)
{
    g_autoptr(Owner) o = slow_owner_with("0:0+8 A, 1:0+2");
    g_autoptr(Owner) copy = NULL;
    g_autoptr(GByteArray) saved = NULL;
    g_autoptr(GByteArray) again = NULL;

    assert_ok(give_back(o, "0:0+2, 1:0+1"));
    assert_ok(force(o, "0:4+1"));
    sanitized(o, "0:0+2");
    skip_trace(o);
    saved = cxl_dcd_save(o->dcd);
    copy = owner_new();
    copy->slow = true;
    /* Not a fresh one: what it was about is no concern any more */
    assert_ok(add(copy, "0:20+2"));
    assert_ok(answer(copy, "0:20+2"));
    assert_ok(give_back(copy, "0:20+1"));
    skip_trace(copy);
    g_assert_true(cxl_dcd_restore(copy->dcd, saved->data, saved->len, NULL));
    again = cxl_dcd_save(copy->dcd);
    g_assert_cmpmem(saved->data, saved->len, again->data, again->len);
    assert_trace(copy, "unreach 0:21+1\nreach 0:2+2\nreach 0:5+3\n"
                 "reach 1:1+1\ncommit\ndiscard 0:4+1\nzero 1:0+1\n");
    sanitized(copy, "0:4+1");
    assert_trace(copy, "fm-released 0:4+1 A#0\nFORCED 0:4+1 A#0\n");
    sanitized(copy, "1:0+1");
    assert_trace(copy, "fm-released 0:0+2 A#0 more\nfm-released 1:0+1\n"
                 "RELEASED 0:0+2 A#0, 1:0+1\n");
}

/* Where it can be done at once, a restored state is free again at once. */
static void restored_and_done(void)
{
    g_autoptr(Owner) o = slow_owner_with("0:0+8");
    g_autoptr(Owner) copy = NULL;

    assert_ok(give_back(o, "0:0+2, 0:5+1"));
    copy = owner_copy(o);
    assert_extents(copy, "0:2+3 accepted, 0:6+2 accepted");
}

/* --- What is not asked twice, what is refused, in which order --- */

static void asked_once(void)
{
    g_autoptr(Owner) o = owner_new();

    o->unread = cxl_dcd_event_log_new(4, NULL, NULL);
    assert_ok(add(o, "0:0+4"));
    assert_ok(answer(o, "0:0+4"));
    assert_ok(ask_back(o, "0:0+2"));
    assert_ok(ask_back(o, "0:0+2"));
    g_assert_cmpuint(cxl_dcd_event_log_count(o->unread), ==, 2);
    /* Not asked for by the letter, so it is asked for */
    assert_ok(ask_back(o, "0:1+1"));
    g_assert_cmpuint(cxl_dcd_event_log_count(o->unread), ==, 3);
    /* The log is full: what it says already needs no room */
    o->room = 0;
    assert_ok(ask_back(o, "0:0+2"));
    assert_rc(ask_back(o, "0:2+2"), RETRY_REQUIRED);
    /* Read and not acted on, or lost with a reset: then it is asked again */
    o->room = 4;
    cxl_dcd_event_log_reset(o->unread);
    assert_ok(ask_back(o, "0:0+2"));
    g_assert_cmpuint(cxl_dcd_event_log_count(o->unread), ==, 1);
    cxl_dcd_event_log_free(o->unread);
}

static void changes_can_be_refused(void)
{
    g_autoptr(Owner) o = owner_new();

    o->trace_agreement = true;
    assert_ok(add(o, "0:0+4"));
    o->refuse_change = "the record is locked";
    skip_trace(o);
    assert_rc(answer(o, "0:0+2"), RETRY_REQUIRED);
    assert_extents(o, "0:0+4 pending");
    o->refuse_change = NULL;
    assert_ok(answer(o, "0:0+2, 0:2+1"));
    assert_trace(o, "accept 0:0+3\nreach 0:0+3\ncommit\ndiscard 0:3+1\n"
                 "fm-added 0:0+3\nADDED 0:0+3\nREJECTED 0:3+1\n");
    o->refuse_change = "the record is locked";
    assert_rc(give_back(o, "0:0+1"), RETRY_REQUIRED);
    assert_rc(force(o, "0:0+1"), RETRY_REQUIRED);
    assert_extents(o, "0:0+3 accepted");
    assert_trace(o, "");
    o->refuse_change = NULL;
    assert_ok(give_back(o, "0:0+1"));
    assert_trace(o, "leave 0:0+1\nunreach 0:0+1\ncommit\ndiscard 0:0+1\n"
                 "fm-released 0:0+1\nRELEASED 0:0+1\n");
    o->refuse_offer = "nobody can reach it";
    assert_rc(add(o, "0:8+1"), UNSUPPORTED);
    assert_rc(add_free(o, 0, 1, 0), UNSUPPORTED);
    assert_message("nobody can reach it");
}

/* The manager's every way to change something, and the host's none of them */
static void manager_refused(void)
{
    g_autoptr(Owner) o = owner_with_everything();

    o->refuse_all = "it has moved";
    skip_trace(o);
    assert_rc(add(o, "0:16+1"), RETRY_REQUIRED);
    assert_rc(add_free(o, 0, 1, 0), RETRY_REQUIRED);
    assert_rc(add_shared(o, 2, 'B'), RETRY_REQUIRED);
    assert_rc(ask_back(o, "0:0+1"), RETRY_REQUIRED);
    assert_rc(force(o, "0:0+1"), RETRY_REQUIRED);
    assert_rc(force_tag(o, 'A', 2 * MIB), RETRY_REQUIRED);
    assert_rc(set_region(o, 0, MIB, false), RETRY_REQUIRED);
    assert_rc(hold(o, 'C'), RETRY_REQUIRED);
    assert_rc(let_go(o, 'B'), RETRY_REQUIRED);
    assert_message("it has moved");
    assert_extents(o, EVERYTHING);
    assert_trace(o, "");
    assert_ok(give_back(o, "1:0+2"));
}

/* As the list will have them: a tag's order is the same over a reset. */
static void offered_by_rising_address(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:8+1 A, 0:2+2 A, 0:5+1 A"));
    assert_trace(o, "claim 0:8+1, 0:2+2, 0:5+1 A\n"
                 "offer 0:2+2 A#0 more\noffer 0:5+1 A#0 more\n"
                 "offer 0:8+1 A#0\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/sanitize/released-is-not-free",
                    released_is_not_free);
    g_test_add_func("/core/sanitize/what-is-free-is-offered",
                    what_is_free_is_offered);
    g_test_add_func("/core/sanitize/told-when-all-is-clean",
                    told_when_all_is_clean);
    g_test_add_func("/core/sanitize/forced", forced);
    g_test_add_func("/core/sanitize/rejected", rejected);
    g_test_add_func("/core/sanitize/withdrawn-by-reset", withdrawn_by_reset);
    g_test_add_func("/core/sanitize/tag-is-free-at-once", tag_is_free_at_once);
    g_test_add_func("/core/sanitize/with-the-last-reference",
                    with_the_last_reference);
    g_test_add_func("/core/sanitize/goes-on-after-restore",
                    goes_on_after_restore);
    g_test_add_func("/core/sanitize/restored-and-done", restored_and_done);
    g_test_add_func("/core/release/asked-once", asked_once);
    g_test_add_func("/core/agreement/changes-can-be-refused",
                    changes_can_be_refused);
    g_test_add_func("/core/agreement/manager-refused", manager_refused);
    g_test_add_func("/core/offer/by-rising-address", offered_by_rising_address);
    return g_test_run();
}
