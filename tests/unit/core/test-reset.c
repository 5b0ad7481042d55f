/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resets (CXL r3.2 9.5, 9.7).
 */
#include "tests/unit/owner.h"

static void reset_conventional(CXLDcdReset kind)
{
    g_autoptr(Owner) o = owner_with_everything();
    uint32_t generation = cxl_dcd_generation(o->dcd);

    cxl_dcd_reset(o->dcd, kind);
    cxl_dcd_assert_state(o->dcd);
    assert_extents(o, "0:0+4 A#0 accepted, 0:5+4 A#0 accepted, "
                   "1:0+2 releasing, 2:0+2 B#0 referenced, "
                   "2:9+1 B#1 referenced");
    assert_trace(o, "discard 0:20+1\n"
                 "discard 0:30+2\n"
                 "discard 0:10+1\n"
                 "discard 0:12+1\n"
                 "REJECTED 0:10+1 A#0, 0:12+1\n"
                 "unreach 3:0+1\ncommit\ndiscard 3:0+1\n"
                 "fm-released 3:0+1 C#0\nRELEASED 3:0+1 C#0\n");
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), !=, generation);
    /* What survived can be asked for again, and the old answer is gone */
    assert_rc(end(o, CXL_DCD_CHAIN_RELEASE), INVALID_INPUT);
    assert_rc(answer(o, ""), INVALID_INPUT);
    assert_ok(ask_back(o, "1:0+2"));
    assert_ok(give_back(o, "0:0+4, 0:5+4, 1:0+2"));
}

static void reset_conventional_kinds(void)
{
    reset_conventional(CXL_DCD_RESET_CONVENTIONAL);
    reset_conventional(CXL_DCD_RESET_CXL);
}

static void reset_function_level(void)
{
    g_autoptr(Owner) o = owner_with_everything();
    g_autoptr(GByteArray) before = cxl_dcd_save(o->dcd), after = NULL;

    cxl_dcd_reset(o->dcd, CXL_DCD_RESET_FLR);
    after = cxl_dcd_save(o->dcd);
    g_assert_cmpmem(after->data, after->len, before->data, before->len);
    assert_trace(o, "");
}

/* A referenced tag that was offered again stays the fabric manager's. */
static void reset_with_referenced_offer(void)
{
    g_autoptr(Owner) o = owner_with_everything();

    assert_ok(add_shared(o, 2, 'B'));
    skip_trace(o);
    cxl_dcd_reset(o->dcd, CXL_DCD_RESET_CONVENTIONAL);
    g_assert_null(strstr(o->trace->str, "unclaim 2:"));
    assert_extents(o, "0:0+4 A#0 accepted, 0:5+4 A#0 accepted, "
                   "1:0+2 releasing, 2:0+2 B#0 referenced, "
                   "2:9+1 B#1 referenced");
}

static void reset_of_nothing(void)
{
    g_autoptr(Owner) o = owner_new();

    cxl_dcd_reset(o->dcd, CXL_DCD_RESET_CONVENTIONAL);
    assert_trace(o, "");
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, 0);
}

#define T(path, function) g_test_add_func("/core/reset/" path, function)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T("conventional", reset_conventional_kinds);
    T("function-level", reset_function_level);
    T("referenced-offer", reset_with_referenced_offer);
    T("nothing", reset_of_nothing);
    return g_test_run();
}
