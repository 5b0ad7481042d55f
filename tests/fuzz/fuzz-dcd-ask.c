/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz the arguments of the QMP commands, from where QMP's parser has made
 * numbers and texts of them: the requests of operators (dcd/request.h), decided
 * by the core, with a host that answers in between
 *
 * Every field may be there or not and have any value. A refusal has a message
 * and changes nothing.
 */
#include <string.h>
#include "dcd-world.h"
#include "fuzzer.h"
#include "hw/cxl/dcd/request.h"

#define RANGES  24

typedef struct Asked {
    CXLDcdAsk ask;
    CXLDcdAskRange ranges[RANGES];
    char tag[64];
} Asked;

/* Mostly one of four tags; else bytes of any kind, cut like any C string */
static const char *take_tag(Input *in, char *text, size_t max)
{
    uint8_t kind = take(in);

    if (kind < 64) {
        return NULL;
    }
    if (kind < 224) {
        g_snprintf(text, max, "%08x-aBcD-ef01-2345-6789abcdef%02x", kind & 3,
                   kind & 4);
    } else {
        for (size_t i = 0; i + 1 < max; i++) {
            text[i] = take(in);
        }
        text[max - 1] = 0;
    }
    return text;
}

/* An offset into a region: near blocks, at its ends, or anything */
static uint64_t take_bytes_near(Input *in)
{
    uint8_t kind = take(in);

    switch (kind & 7) {
    case 0:
        return take_bytes(in, 8);
    case 1:
        return -(uint64_t)take(in) * BLOCK;
    case 2:
        return take(in) * 4096ULL;
    case 3:
        return take(in) * BLOCK + take(in);
    default:
        return (kind >> 3) * BLOCK;
    }
}

static void take_ask(Input *in, Asked *ret)
{
    uint8_t shape = take(in);

    memset(ret, 0, sizeof(*ret));
    ret->ask = (CXLDcdAsk) {
        .has_region = shape & 3, .region = shape >> 6,
        .has_region_id = !(shape & 12), .region_id = shape & 16 ? 0 : take(in),
        .tag = take_tag(in, ret->tag, sizeof(ret->tag)),
        .has_length = shape & 32, .length = take_bytes_near(in),
        .ranges = ret->ranges, .count = take(in) % RANGES,
    };
    for (size_t i = 0; i < ret->ask.count; i++) {
        ret->ranges[i].offset = take_bytes_near(in);
        ret->ranges[i].len = take_bytes_near(in);
    }
}

/* @done and @error agree, and what was refused left no trace. */
static void settle(Fixture *f, bool done, GError *error, GByteArray *before)
{
    g_assert(done == !error);
    if (error) {
        g_assert(error->code != CXL_DCD_RC_SUCCESS && *error->message);
    }
    world_check(f, done ? CXL_DCD_RC_SUCCESS : CXL_DCD_RC_INTERNAL_ERROR,
                before);
    g_clear_error(&error);
}

static void add(Fixture *f, Input *in)
{
    GByteArray *before = fixture_state(f);
    CXLDcdAddRequest request = {
        .policy = take(in) & 3, .host_id = take(in) / 250,
    };
    g_autoptr(GArray) extents = NULL;
    GError *error = NULL;
    Asked asked;

    take_ask(in, &asked);
    extents = cxl_dcd_ask_add(f->dcd, &asked.ask, &request, &error);
    settle(f, extents && cxl_dcd_add(f->dcd, &request, &error), error, before);
}

static void release(Fixture *f, Input *in)
{
    GByteArray *before = fixture_state(f);
    uint8_t shape = take(in);
    CXLDcdRemoveRequest request = {
        .policy = shape & 1 ? CXL_DCD_REMOVE_TAG : CXL_DCD_REMOVE_PRESCRIPTIVE,
        .forced = shape & 2, .sanitize = shape & 4, .host_id = shape >= 250,
    };
    g_autoptr(GArray) extents = NULL;
    GError *error = NULL;
    Asked asked;

    take_ask(in, &asked);
    extents = cxl_dcd_ask_remove(f->dcd, &asked.ask, &request, &error);
    settle(f, extents && cxl_dcd_remove(f->dcd, &request, &error), error,
           before);
}

static void reference(Fixture *f, Input *in)
{
    GByteArray *before = fixture_state(f);
    GError *error = NULL;
    char text[64];
    CXLDcdTag tag;
    bool held = take(in) & 1;

    settle(f, cxl_dcd_ask_tag(take_tag(in, text, sizeof(text)), &tag, &error) &&
              (held ? cxl_dcd_reference_add(f->dcd, &tag, &error)
                    : cxl_dcd_reference_remove(f->dcd, &tag, &error)),
           error, before);
}

static void set_region(Fixture *f, Input *in)
{
    GByteArray *before = fixture_state(f);
    CXLDcdAsk ask = { .has_region = true, .region = take(in) & 7 };
    GError *error = NULL;
    int region;
    uint64_t block = take(in) & 1 ? take_bytes_near(in)
                                  : 1ULL << (take(in) & 63);

    settle(f, cxl_dcd_ask_region(f->dcd, &ask, &region, &error) &&
              cxl_dcd_set_region(f->dcd, region, block, take(in) & 1, &error),
           error, before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const WorldStep steps[] = {
        add, add, add,
        release,
        reference,
        set_region,
        world_clear_host,
        world_update,
    };

    return world_run(data, size, steps, G_N_ELEMENTS(steps));
}
