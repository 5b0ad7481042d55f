/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz the core with random operations, and its snapshots with random bytes
 */
#include "dcd-world.h"
#include "fuzzer.h"

/* A snapshot with some bytes changed is refused, or leaves a sound core. */
static void damaged_snapshot(Fixture *f, Input *in)
{
    g_autoptr(GByteArray) core = cxl_dcd_save(f->dcd);
    g_autoptr(GByteArray) log = cxl_dcd_event_log_save(f->host_log);
    g_autoptr(GByteArray) before = fixture_state(f);
    g_autoptr(GError) error = NULL;
    unsigned changes = take(in) % 4;
    size_t len;

    while (changes--) {
        core->data[take_bytes(in, 2) % core->len] ^= take(in);
        log->data[take_bytes(in, 2) % log->len] ^= take(in);
    }
    len = take(in) & 1 ? core->len : take_bytes(in, 2) % (core->len + 1);
    if (!cxl_dcd_restore(f->dcd, core->data, len, &error)) {
        g_assert(error);
        assert_state_is(f, before);
    }
    cxl_dcd_event_log_restore(f->host_log, log->data, log->len, NULL);
    cxl_dcd_event_log_assert(f->host_log);
    cxl_dcd_assert_state(f->dcd);
}

static void set_region(Fixture *f, Input *in)
{
    uint8_t shape = take(in);
    GByteArray *before = fixture_state(f);
    bool done = cxl_dcd_set_region(f->dcd, shape & 7, 1ULL << (shape >> 3),
                                   take(in) & 1, NULL);

    world_check(f, done ? CXL_DCD_RC_SUCCESS : CXL_DCD_RC_INTERNAL_ERROR,
                before);
}

/* Questions with any argument: an answer, and no change */
static void ask(Fixture *f, Input *in)
{
    uint64_t dpa, len;
    CXLDcdTagInfo info;
    CXLDcdExtent extent;
    GByteArray *before = fixture_state(f);

    take_range(in, &dpa, &len);
    cxl_dcd_reachable(f->dcd, dpa, len);
    cxl_dcd_region_of(f->dcd, dpa, len);
    cxl_dcd_extent_from(f->dcd, dpa, &extent);
    g_assert(cxl_dcd_listed(f->dcd, dpa, &extent) ==
             ((uint32_t)dpa < cxl_dcd_listed_count(f->dcd)));
    g_assert(cxl_dcd_tag_info(f->dcd, take(in), &info) ||
             cxl_dcd_tag_count(f->dcd) < 256);
    world_check(f, CXL_DCD_RC_INTERNAL_ERROR, before);
}

static void reset(Fixture *f, Input *in)
{
    cxl_dcd_reset(f->dcd, take(in) % 3);
    cxl_dcd_event_log_reset(f->host_log);
    cxl_dcd_assert_state(f->dcd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const WorldStep steps[] = {
        world_add, world_add,
        world_release,
        world_update, world_update,
        set_region,
        reset,
        world_round_trip,
        damaged_snapshot,
        ask,
    };

    return world_run(data, size, steps, G_N_ELEMENTS(steps));
}
