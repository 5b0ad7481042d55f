/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regions: geometry (CXL r3.2 9.13.3), Set DC Region Configuration (7.6.7.6.3),
 * and the block bits that say what the host reaches.
 */
#include "tests/unit/owner.h"

#define TIB (1ULL << 40)

/* --- Geometry --- */

static void bad_region(void (*spoil)(CXLDcdConfig *config), const char *message)
{
    static const CXLDcdOps none = { 0 };
    CXLDcdConfig config = owner_config();
    g_autoptr(GError) error = NULL;

    spoil(&config);
    g_assert_null(cxl_dcd_new(&config, &none, NULL, &error));
    g_assert_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT);
    if (!strstr(error->message, message)) {
        g_test_message("\"%s\" is not in \"%s\"", message, error->message);
        g_assert_not_reached();
    }
}

#define SPOIL(name, statement) \
    static void name(CXLDcdConfig *c) \
    { \
        statement; \
    }

SPOIL(no_regions, c->num_regions = 0)
SPOIL(nine_regions, c->num_regions = 9)
SPOIL(no_extents, c->max_extents = 0)
SPOIL(odd_base, c->regions[0].base += 2 * MIB)
SPOIL(overlapping, c->regions[1].base = c->regions[0].base)
SPOIL(descending, c->regions[3].base = 0)
SPOIL(odd_decode, c->regions[0].decode_length -= 2 * MIB)
SPOIL(no_decode, c->regions[0].decode_length = 0)
SPOIL(wrapping, c->regions[3].base = -(256 * MIB))
SPOIL(small_block, c->regions[0].block_size = 32)
SPOIL(odd_block, c->regions[0].block_size = 3 * MIB)
SPOIL(no_block, c->regions[0].block_size = 0)
SPOIL(huge_block, c->regions[0].block_size = 1ULL << 52)
SPOIL(block_past_base, c->regions[0].block_size = 512 * MIB)
SPOIL(block_not_supported, c->regions[0].block_sizes = 4 * MIB)
SPOIL(size_not_possible, c->regions[0].block_sizes |= 32)
SPOIL(long_region, c->regions[0].length = 512 * MIB)
SPOIL(no_length, c->regions[0].length = 0)
SPOIL(odd_length, c->regions[0].length -= MIB)
SPOIL(unknown_attribute, c->regions[2].attributes |= 1)

static void geometry_refused(void)
{
    bad_region(no_regions, "0 regions");
    bad_region(nine_regions, "9 regions");
    bad_region(no_extents, "at least 1 extent");
    bad_region(odd_base, "region 0: 0x10200000 is no valid base");
    bad_region(overlapping, "region 1: 0x10000000 is no valid base");
    bad_region(descending, "region 3: 0x0 is no valid base");
    bad_region(odd_decode, "region 0: 0xfe00000 is no valid decode length");
    bad_region(no_decode, "region 0: 0x0 is no valid decode length");
    bad_region(wrapping, "region 3: 0x20000000 is no valid decode length");
    bad_region(small_block, "region 0: 0x20 is no valid block size");
    bad_region(odd_block, "region 0: 0x300000 is no valid block size");
    bad_region(no_block, "region 0: 0x0 is no valid block size");
    bad_region(huge_block, "is no valid block size");
    bad_region(block_past_base, "the base is not a multiple");
    bad_region(block_not_supported, "0x400000 is no valid set of block sizes");
    bad_region(size_not_possible, "is no valid set of block sizes");
    bad_region(long_region, "region 0: 0x20000000 is no valid length");
    bad_region(no_length, "region 0: 0x0 is no valid length");
    bad_region(odd_length, "region 0: 0x7f00000 is no valid length");
    bad_region(unknown_attribute, "region 2: 0x9 is no valid attributes");
}

static void geometry_of_ranges(void)
{
    g_autoptr(Owner) o = owner_new();
    const CXLDcd *d = o->dcd;

    g_assert_cmpint(cxl_dcd_region_of(d, REGION0_BASE, 1), ==, 0);
    g_assert_cmpint(cxl_dcd_region_of(d, REGION0_BASE - 1, 1), ==, -1);
    g_assert_cmpint(cxl_dcd_region_of(d, REGION0_BASE, 128 * MIB), ==, 0);
    g_assert_cmpint(cxl_dcd_region_of(d, REGION0_BASE, 128 * MIB + 1), ==, -1);
    g_assert_cmpint(cxl_dcd_region_of(d, REGION0_BASE, 0), ==, -1);
    g_assert_cmpint(cxl_dcd_region_of(d, REGION0_BASE + 128 * MIB, 1), ==, -1);
    g_assert_cmpint(cxl_dcd_region_of(d, REGION0_BASE + 1, UINT64_MAX), ==,
                    -1);
    g_assert_cmpint(cxl_dcd_region_of(d, UINT64_MAX, UINT64_MAX), ==, -1);
    g_assert_cmpint(cxl_dcd_region_of(d, REGION3_BASE + 64 * MIB - 1, 1), ==,
                    3);
}

/* --- Set DC Region Configuration --- */

static void set_block_size(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(set_region(o, 0, MIB, false));
    assert_trace(o, "region 0\n");
    assert_ok(add(o, "0:127+1"));
    assert_ok(answer(o, "0:127+1"));
    g_assert_true(cxl_dcd_reachable(o->dcd, REGION0_BASE + 127 * MIB, MIB));
    g_assert_false(cxl_dcd_reachable(o->dcd, REGION0_BASE + 126 * MIB, 1));
    assert_rc(set_region(o, 0, 4 * MIB, false), UNSUPPORTED);
    assert_message("0x100000 bytes of capacity out");
    assert_ok(give_back(o, "0:127+1"));
    assert_ok(set_region(o, 0, 4 * MIB, false));
    assert_rc(add(o, "@10100000+100000"), INVALID_EXTENT_LIST);
    assert_ok(add(o, "0:31+1"));
}

static void set_while_capacity_is_out(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+1"));
    assert_rc(set_region(o, 0, MIB, false), UNSUPPORTED);       /* pending */
    assert_ok(force(o, "0:0+1"));
    assert_rc(set_region(o, 0, MIB, false), UNSUPPORTED);       /* dead */
    /* Another region's capacity is no obstacle */
    assert_ok(set_region(o, 1, 4 * MIB, true));
    assert_ok(answer(o, ""));
    assert_ok(set_region(o, 0, MIB, false));
}

static void set_nothing(void)
{
    g_autoptr(Owner) o = owner_new();

    skip_trace(o);
    o->room = 0;
    assert_ok(set_region(o, 0, 2 * MIB, false));
    assert_trace(o, "");
    assert_rc(set_region(o, 0, MIB, false), RETRY_REQUIRED);
    o->room = 1;
    assert_ok(set_region(o, 0, MIB, false));
}

static void set_bad_block_size(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(set_region(o, 0, 0, false), INVALID_INPUT);
    assert_rc(set_region(o, 0, 3 * MIB, false), INVALID_INPUT);
    assert_rc(set_region(o, 0, 8 * MIB, false), INVALID_INPUT);
    assert_message("0x800000");
    assert_rc(set_region(o, 0, 64, false), INVALID_INPUT);
    assert_rc(set_region(o, 0, UINT64_MAX, false), INVALID_INPUT);
    assert_rc(set_region(o, 0, 1ULL << 63, false), INVALID_INPUT);
    assert_rc(set_region(o, 4, 2 * MIB, false), INVALID_INPUT);
    assert_message("region 4");
    assert_rc(set_region(o, 255, 2 * MIB, false), INVALID_INPUT);
}

static void set_sanitize(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(set_region(o, 1, 4 * MIB, false), UNSUPPORTED);
    assert_message("is on and cannot be changed");
    assert_ok(set_region(o, 1, 4 * MIB, true));
    assert_ok(set_region(o, 0, 2 * MIB, true));
    assert_trace(o, "region 0\n");
    assert_ok(add(o, "0:0+1"));
    assert_ok(answer(o, "0:0+1"));
    skip_trace(o);
    assert_ok(give_back(o, "0:0+1"));
    assert_trace(o, "unreach 0:0+1\ncommit\nzero 0:0+1\n"
                 "fm-released 0:0+1\nRELEASED 0:0+1\n");
}

/* --- What the host reaches --- */

static void reach_follows_state(void)
{
    g_autoptr(Owner) o = owner_new();
    const uint64_t dpa = REGION0_BASE + 6 * MIB;

#define REACHES(yes) \
    g_assert_cmpint(cxl_dcd_reachable(o->dcd, dpa, 64), ==, yes)
    REACHES(false);
    assert_ok(add(o, "0:3+1"));
    REACHES(false);
    assert_ok(answer(o, "0:3+1"));
    REACHES(true);
    assert_ok(ask_back(o, "0:3+1"));
    REACHES(true);
    assert_ok(give_back(o, "0:3+1"));
    REACHES(false);
    assert_ok(add(o, "0:3+1"));
    assert_ok(answer(o, ""));
    REACHES(false);
    assert_ok(add(o, "0:3+1"));
    assert_ok(answer(o, "0:3+1"));
    assert_ok(force(o, "0:3+1"));
    REACHES(false);
}

static void reach_edges(void)
{
    g_autoptr(Owner) o = owner_new();
    const CXLDcd *d = o->dcd;

    assert_ok(add(o, "0:3+2, 0:6+1"));
    assert_ok(answer(o, "0:3+2, 0:6+1"));
    g_assert_true(cxl_dcd_reachable(d, REGION0_BASE + 6 * MIB, 4 * MIB));
    g_assert_false(cxl_dcd_reachable(d, REGION0_BASE + 6 * MIB - 1, 2));
    g_assert_false(cxl_dcd_reachable(d, REGION0_BASE + 10 * MIB - 1, 2));
    g_assert_true(cxl_dcd_reachable(d, REGION0_BASE + 10 * MIB - 1, 1));
    g_assert_false(cxl_dcd_reachable(d, REGION0_BASE + 6 * MIB, 8 * MIB));
    g_assert_false(cxl_dcd_reachable(d, REGION0_BASE + 6 * MIB, 0));
    g_assert_false(cxl_dcd_reachable(d, REGION0_BASE + 6 * MIB, UINT64_MAX));
    g_assert_false(cxl_dcd_reachable(d, 0, 64));
    g_assert_false(cxl_dcd_reachable(d, UINT64_MAX, 1));
}

/* 16 TiB in blocks of 64 bytes: bits for all of it would be 32 GiB. */
static void reach_needs_no_memory_when_uniform(void)
{
    CXLDcdConfig config = owner_config();
    g_autoptr(Owner) o = NULL;
    const uint64_t base = REGION0_BASE;

    config.num_regions = 1;
    config.regions[0].decode_length = config.regions[0].length = 16 * TIB;
    config.regions[0].block_size = config.regions[0].block_sizes = 64;
    o = owner_new_with(&config);
    assert_ok(add_contiguous(o, 0, 16 * TIB / 64, 0));
    assert_ok(answer(o, "@10000000+100000000000"));
    g_assert_true(cxl_dcd_reachable(o->dcd, base, 16 * TIB));
    assert_ok(force(o, "@7f0000000c0+40"));
    g_assert_true(cxl_dcd_reachable(o->dcd, base, 0x7f0000000c0 - base));
    g_assert_false(cxl_dcd_reachable(o->dcd, 0x7f0000000c0, 1));
    g_assert_false(cxl_dcd_reachable(o->dcd, 0x7f0000000ff, 1));
    g_assert_true(cxl_dcd_reachable(o->dcd, 0x7f000000100, 8 * TIB));
    g_assert_false(cxl_dcd_reachable(o->dcd, base, 16 * TIB));
    assert_ok(ask_back(o, "@80000000000+40"));
    assert_ok(give_back(o, "@10000000+7f0000000"));
    g_assert_false(cxl_dcd_reachable(o->dcd, base + 0x7f0000000 - 1, 1));
    g_assert_true(cxl_dcd_reachable(o->dcd, base + 0x7f0000000, 64));
}

#define T(path, function) g_test_add_func("/core/region-config/" path, function)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T("geometry/refused", geometry_refused);
    T("geometry/of-ranges", geometry_of_ranges);
    T("set/block-size", set_block_size);
    T("set/capacity-is-out", set_while_capacity_is_out);
    T("set/nothing", set_nothing);
    T("set/bad-block-size", set_bad_block_size);
    T("set/sanitize", set_sanitize);
    T("reach/follows-state", reach_follows_state);
    T("reach/edges", reach_edges);
    T("reach/no-memory-when-uniform", reach_needs_no_memory_when_uniform);
    return g_test_run();
}
