/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All state as bytes and back.
 */
#include "tests/unit/owner.h"

static void snapshot_of_everything(void)
{
    g_autoptr(Owner) o = owner_with_everything();
    g_autoptr(Owner) copy = owner_copy(o);
    g_autoptr(GByteArray) bytes = cxl_dcd_save(o->dcd);
    g_autoptr(GByteArray) again = cxl_dcd_save(copy->dcd);

    assert_extents(o, EVERYTHING);
    assert_extents(copy, EVERYTHING);
    g_assert_cmpmem(again->data, again->len, bytes->data, bytes->len);
    g_assert_cmpuint(cxl_dcd_generation(copy->dcd), ==,
                     cxl_dcd_generation(o->dcd));
    g_assert_cmpuint(cxl_dcd_tag_generation(copy->dcd), ==,
                     cxl_dcd_tag_generation(o->dcd));
    g_assert_cmphex(cxl_dcd_available(copy->dcd, 0), ==,
                    cxl_dcd_available(o->dcd, 0));
    /* The new owner learns what is reachable, at once and nothing else */
    assert_trace(copy, "reach 0:0+4\nreach 0:5+4\nreach 1:0+2\nreach 3:0+1\n"
                 "commit\n");
    g_assert_true(cxl_dcd_reachable(copy->dcd, REGION1_BASE, 8 * MIB));
}

/* The chain, the order of groups and the dead one go on as before. */
static void snapshot_goes_on(void)
{
    g_autoptr(Owner) o = owner_with_everything();
    g_autoptr(Owner) copy = owner_copy(o);

    assert_ok(append(copy, CXL_DCD_CHAIN_RELEASE, "0:5+1"));
    assert_ok(end(copy, CXL_DCD_CHAIN_RELEASE));
    assert_rc(answer(copy, "0:10+1"), INVALID_PA);
    assert_ok(answer(copy, ""));
    assert_ok(answer(copy, "0:10+1"));
    assert_ok(add_shared(copy, 2, 'B'));
    assert_extents(copy, "0:1+3 A#0 accepted, 0:6+3 A#0 accepted, "
                   "0:10+1 A#0 accepted, 1:1+1 releasing, "
                   "2:0+2 B#0 pending, 2:9+1 B#1 pending, "
                   "3:0+1 C#0 accepted");
}

/* An answer of as many ranges as one may have (8.2.10.9.9.3, .4) */
static void snapshot_of_longest_answer(void)
{
    const guint most = 2 * MAX_EXTENTS + 65536;
    g_autoptr(Owner) o = owner_new();
    g_autoptr(Owner) copy = NULL;
    g_autofree CXLDcdRange *ranges = g_new(CXLDcdRange, most);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < most; i++) {
        ranges[i] = (CXLDcdRange) { REGION0_BASE, 2 * MIB };
    }
    cxl_dcd_chain_append(o->dcd, CXL_DCD_CHAIN_RELEASE, ranges, most, &error);
    g_assert_no_error(error);
    copy = owner_copy(o);
    g_assert_false(cxl_dcd_chain_append(copy->dcd, CXL_DCD_CHAIN_RELEASE,
                                        ranges, 1, &error));
    g_assert_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED);
}

static void snapshot_of_nothing(void)
{
    g_autoptr(Owner) o = owner_new();
    g_autoptr(Owner) copy = owner_copy(o);

    assert_extents(copy, "");
    assert_trace(copy, "commit\n");
}

static void snapshot_over_other_state(void)
{
    g_autoptr(Owner) o = owner_with_everything();
    g_autoptr(Owner) other = owner_new();
    g_autoptr(GByteArray) bytes = cxl_dcd_save(o->dcd);

    assert_ok(add(other, "0:60+4"));
    assert_ok(answer(other, "0:60+4"));
    skip_trace(other);
    g_assert_true(cxl_dcd_restore(other->dcd, bytes->data, bytes->len, NULL));
    assert_trace(other, "unreach 0:60+4\nreach 0:0+4\nreach 0:5+4\n"
                 "reach 1:0+2\nreach 3:0+1\ncommit\n");
    assert_extents(other, EVERYTHING);
}

static void snapshot_keeps_configuration(void)
{
    g_autoptr(Owner) o = owner_new();
    g_autoptr(Owner) other = owner_new();
    g_autoptr(GByteArray) bytes = NULL;

    assert_ok(set_region(o, 0, 4 * MIB, true));
    assert_ok(add(o, "0:31+1"));
    bytes = cxl_dcd_save(o->dcd);
    g_assert_true(cxl_dcd_restore(other->dcd, bytes->data, bytes->len, NULL));
    g_assert_cmphex(cxl_dcd_config(other->dcd)->regions[0].block_size, ==,
                    4 * MIB);
    g_assert_true(cxl_dcd_config(other->dcd)->regions[0].sanitize);
    assert_extents(other, "0:31+1 pending");
}

static void snapshot_other_geometry(void)
{
    g_autoptr(Owner) o = owner_with_everything();
    g_autoptr(GByteArray) bytes = cxl_dcd_save(o->dcd);

    for (unsigned change = 0; change < 6; change++) {
        CXLDcdConfig config = owner_config();
        g_autoptr(Owner) other = NULL;
        g_autoptr(GError) error = NULL;

        switch (change) {
        case 0:
            config.num_regions = 3;
            break;
        case 1:
            config.regions[3].base += 256 * MIB;
            break;
        case 2:
            config.regions[0].length -= 4 * MIB;
            break;
        case 3:
            config.regions[2].attributes |= CXL_DCD_REGION_NONVOLATILE;
            break;
        case 4:
            config.max_extents = 9;
            break;
        default:
            config.max_tags = 2;
            break;
        }
        other = owner_new_with(&config);
        g_assert_false(cxl_dcd_restore(other->dcd, bytes->data, bytes->len,
                                       &error));
        g_assert_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INTERNAL_ERROR);
        assert_extents(other, "");
        assert_trace(other, "");
    }
}

static void snapshot_truncated(void)
{
    g_autoptr(Owner) o = owner_with_everything();
    g_autoptr(Owner) other = owner_new();
    g_autoptr(GByteArray) bytes = cxl_dcd_save(o->dcd);

    for (size_t len = 0; len < bytes->len; len++) {
        /* A copy of that size, so that reading past its end is caught */
        g_autofree uint8_t *part = len ? g_memdup2(bytes->data, len) :
                                   g_malloc(1);

        g_assert_false(cxl_dcd_restore(other->dcd, part, len, NULL));
    }
    g_byte_array_append(bytes, (const uint8_t *)"", 1);
    g_assert_false(cxl_dcd_restore(other->dcd, bytes->data, bytes->len, NULL));
    assert_extents(other, "");
    assert_trace(other, "");
}

/* Any byte changed: refused, or a state that holds all invariants. */
static void snapshot_damaged(void)
{
    g_autoptr(Owner) o = owner_with_everything();
    g_autoptr(GByteArray) bytes = cxl_dcd_save(o->dcd);
    unsigned refused = 0;

    for (size_t at = 0; at < bytes->len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            g_autoptr(Owner) other = owner_new();

            bytes->data[at] ^= 1 << bit;
            refused += !cxl_dcd_restore(other->dcd, bytes->data, bytes->len,
                                        NULL);
            cxl_dcd_assert_state(other->dcd);
            bytes->data[at] ^= 1 << bit;
        }
    }
    /* What may change: generations, tags, sanitize, ranges of the answer */
    g_test_message("%u of %u changes of a bit refused", refused,
                   bytes->len * 8);
    g_assert_cmpuint(refused, >, bytes->len * 8 / 2);
}

static void snapshot_random(void)
{
    g_autoptr(Owner) o = owner_with_everything();
    g_autoptr(GByteArray) bytes = cxl_dcd_save(o->dcd);

    for (unsigned round = 0; round < 20000; round++) {
        g_autoptr(Owner) other = owner_new();
        g_autofree uint8_t *mutant = g_memdup2(bytes->data, bytes->len);

        for (int n = g_test_rand_int_range(1, 5); n; n--) {
            mutant[g_test_rand_int_range(0, bytes->len)] =
                g_test_rand_int_range(0, 256);
        }
        cxl_dcd_restore(other->dcd, mutant, bytes->len, NULL);
        cxl_dcd_assert_state(other->dcd);
    }
}

#define T(path, function) g_test_add_func("/core/snapshot/" path, function)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T("everything", snapshot_of_everything);
    T("goes-on", snapshot_goes_on);
    T("longest-answer", snapshot_of_longest_answer);
    T("nothing", snapshot_of_nothing);
    T("over-other-state", snapshot_over_other_state);
    T("configuration", snapshot_keeps_configuration);
    T("other-geometry", snapshot_other_geometry);
    T("truncated", snapshot_truncated);
    T("damaged", snapshot_damaged);
    T("random", snapshot_random);
    return g_test_run();
}
