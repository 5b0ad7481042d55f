/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core beside the model: the same random operations, everything compared
 *
 * Half of what is asked is nearly right, so that all states come up, and the
 * rest is wrong in some way. DCD_MODEL_STEPS sets the number of operations,
 * g_test's --seed repeats a run.
 */
#include <stdlib.h>
#include <string.h>
#include "tests/unit/model.h"
#include "tests/unit/owner.h"

#define STEPS       1000000
#define MIB_END     0x500               /* above the last region, in MiB */
#define LIST_MAX    6

typedef struct World {
    CXLDcd *dcd;
    Model *model;
    GArray *records;                    /* of ModelRecord, as the core told */
    bool reach[MIB_END];
    bool given_back[MIB_END];
    bool zeroed[MIB_END];
    GArray *chain;                      /* of CXLDcdRange */
    CXLDcdChain chain_kind;
    uint64_t random;
    uint64_t done[2];                   /* refused, done */
} World;

/* --- Chance --- */

static uint32_t chance(World *w, uint32_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (w->random >> 11) % below;
}

static bool one_in(World *w, uint32_t n)
{
    return !chance(w, n);
}

/* --- The core's owner --- */

static uint32_t world_room(void *opaque)
{
    return ((World *)opaque)->model->room;
}

static void world_event(void *opaque, const CXLDcdEvent *event)
{
    World *w = opaque;
    ModelRecord record = { event->dpa, event->length, event->sequence,
                           event->type, event->tag[0], event->more };

    g_array_append_val(w->records, record);
}

static void world_reach(void *opaque, const CXLDcdRange *range, bool reachable)
{
    World *w = opaque;

    for (uint64_t i = 0; i < range->len / MIB; i++) {
        g_assert_true(w->reach[range->dpa / MIB + i] != reachable);
        w->reach[range->dpa / MIB + i] = reachable;
    }
}

static bool world_sanitize(void *opaque, const CXLDcdRange *range, bool must)
{
    World *w = opaque;

    for (uint64_t i = range->dpa / MIB;
         i < (range->dpa + range->len) / MIB; i++) {
        g_assert_false(w->given_back[i]);
        g_assert_false(w->reach[i]);
        w->given_back[i] = true;
        w->zeroed[i] = must;
    }
    return true;
}

static bool world_claim(void *opaque,
                        const CXLDcdExtent *extents G_GNUC_UNUSED,
                        size_t count G_GNUC_UNUSED, bool join G_GNUC_UNUSED,
                        GError **error)
{
    World *w = opaque;

    if (w->model->refuse_claim) {
        g_set_error_literal(error, CXL_DCD_ERROR, CXL_DCD_RC_BUSY, "taken");
    }
    return !w->model->refuse_claim;
}

static const CXLDcdOps world_ops = {
    .event_room = world_room,
    .event = world_event,
    .reach = world_reach,
    .sanitize = world_sanitize,
    .claim = world_claim,
};

static World *world_new(uint64_t seed)
{
    CXLDcdConfig config = owner_config();
    World *w = g_new0(World, 1);

    w->random = seed | 1;
    w->model = model_new(&config);
    w->records = g_array_new(FALSE, TRUE, sizeof(ModelRecord));
    w->chain = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    w->dcd = cxl_dcd_new(&config, &world_ops, w, NULL);
    return w;
}

static void world_free(World *w)
{
    cxl_dcd_free(w->dcd);
    model_free(w->model);
    g_array_unref(w->records);
    g_array_unref(w->chain);
    g_free(w);
}

/* --- What to ask --- */

/* Any extent of the model for which one of the states holds, else any place */
static CXLDcdExtent some_extent(World *w, unsigned states)
{
    CXLDcdExtent found = { 0 };
    ModelRun run = { 0 };
    unsigned seen = 0;
    uint64_t size;

    while (model_next(w->model, &run)) {
        size = w->model->config.regions[run.region].block_size;
        if ((states & 1u << run.block->state) && one_in(w, ++seen)) {
            found.dpa = model_dpa(w->model, run.region, run.first);
            found.len = run.count * size;
            found.tag = tag_of(run.block->tag);
            found.region = run.region;
        }
    }
    if (seen) {
        return found;
    }
    found.region = chance(w, 4);
    size = w->model->config.regions[found.region].block_size;
    found.dpa = model_dpa(w->model, found.region,
                          chance(w, model_blocks(w->model, found.region)));
    found.len = size * (1 + chance(w, 6));
    return found;
}

/* A part of it, of whole blocks, sometimes of other numbers altogether */
static void bend(World *w, CXLDcdExtent *e)
{
    uint64_t size = w->model->config.regions[e->region].block_size;
    uint64_t cut;

    switch (chance(w, 40)) {
    case 0:
        e->len += chance(w, 2) ? size : 4096;
        break;
    case 1:
        e->dpa += chance(w, 2) ? size : 64;
        break;
    case 2:
        e->len = chance(w, 2) ? 0 : -size;
        break;
    case 3:
        e->dpa = chance(w, 2) ? -size : (uint64_t)chance(w, MIB_END) * MIB;
        break;
    case 4 ... 18:
        cut = size * chance(w, e->len / size + 1);
        e->len -= cut;
        break;
    case 19 ... 28:
        cut = size * chance(w, e->len / size + 1);
        e->dpa += cut;
        e->len -= cut;
        break;
    default:
        break;
    }
}

static CXLDcdTag some_tag(World *w)
{
    return tag_of(one_in(w, 3) ? 0 : "ABCDE"[chance(w, 5)]);
}

static uint64_t some_length(World *w, unsigned region)
{
    uint64_t size = region < 4 ? w->model->config.regions[region].block_size :
                                 MIB;

    return one_in(w, 30) ? chance(w, 8 * MIB) :
           size * chance(w, one_in(w, 8) ? 70 : 9);
}

/* --- Asking both --- */

static bool do_add(World *w, GError **error, uint16_t *ret_model)
{
    CXLDcdExtent list[LIST_MAX];
    CXLDcdAddRequest q = {
        .host_id = one_in(w, 200) ? chance(w, 9) : HOST,
        .policy = one_in(w, 200) ? chance(w, 256) : chance(w, 4),
        .region = one_in(w, 100) ? chance(w, 256) : chance(w, 4),
        .tag = some_tag(w),
        .extents = list,
        .count = chance(w, LIST_MAX + 1),
    };
    bool one_tag = chance(w, 3);

    q.length = some_length(w, q.region);
    for (size_t i = 0; i < q.count; i++) {
        list[i] = some_extent(w, 0);
        if (one_tag && one_in(w, 2)) {
            list[i].region = q.region & 3;
            list[i].dpa = model_dpa(w->model, list[i].region, chance(w,
                                    model_blocks(w->model, list[i].region)));
            list[i].len = w->model->config.regions[list[i].region].block_size;
        }
        bend(w, &list[i]);
        list[i].tag = one_tag ? q.tag : some_tag(w);
        list[i].sequence = list[i].region < 2 ? one_in(w, 100) :
                           one_in(w, 10) ? chance(w, 9) : i;
    }
    *ret_model = model_add(w->model, &q);
    return cxl_dcd_add(w->dcd, &q, error);
}

static bool take_back(World *w, GError **error, uint16_t *ret_model)
{
    bool forced = one_in(w, 3);
    unsigned states = 1 << CXL_DCD_ACCEPTED | 1 << CXL_DCD_RELEASING |
                      (forced && one_in(w, 3)) << CXL_DCD_PENDING;
    CXLDcdExtent list[LIST_MAX];
    CXLDcdRemoveRequest q = {
        .host_id = one_in(w, 200) ? chance(w, 9) : HOST,
        .policy = one_in(w, 100) ? chance(w, 8) : chance(w, 2),
        .forced = forced,
        .sanitize = one_in(w, 3),
        .extents = list,
        .count = one_in(w, 2) ? 1 : chance(w, LIST_MAX + 1),
    };

    for (size_t i = 0; i < q.count; i++) {
        list[i] = some_extent(w, one_in(w, 20) ? ~0u : states);
        bend(w, &list[i]);
    }
    q.tag = one_in(w, 4) || !q.count ? some_tag(w) : list[0].tag;
    q.length = one_in(w, 2) ? 0 : some_length(w, chance(w, 4));
    *ret_model = model_remove(w->model, &q);
    return cxl_dcd_remove(w->dcd, &q, error);
}

/* An answer in one or more commands; sometimes it is broken off. */
static bool do_answer(World *w, CXLDcdChain kind, GError **error,
                      uint16_t *ret_model)
{
    unsigned states = kind == CXL_DCD_CHAIN_ADD_RESPONSE ?
                      1 << CXL_DCD_PENDING :
                      1 << CXL_DCD_ACCEPTED | 1 << CXL_DCD_RELEASING;
    CXLDcdRange list[LIST_MAX];
    size_t count = one_in(w, 2) ? 1 : chance(w, LIST_MAX + 1);

    for (size_t i = 0; i < count; i++) {
        CXLDcdExtent e = some_extent(w, one_in(w, 30) ? ~0u : states);

        bend(w, &e);
        list[i] = (CXLDcdRange) { e.dpa, e.len };
    }
    *ret_model = CXL_DCD_RC_SUCCESS;
    if (w->chain_kind != kind) {
        g_array_set_size(w->chain, 0);
        w->chain_kind = kind;
    }
    g_array_append_vals(w->chain, list, count);
    g_assert_true(cxl_dcd_chain_append(w->dcd, kind, list, count, error));
    if (one_in(w, 4)) {
        return true;
    }
    *ret_model = (kind == CXL_DCD_CHAIN_ADD_RESPONSE ? model_answer :
                  model_release)(w->model, (CXLDcdRange *)(void *)
                                 w->chain->data, w->chain->len);
    g_array_set_size(w->chain, 0);
    w->chain_kind = CXL_DCD_CHAIN_NONE;
    return cxl_dcd_chain_end(w->dcd, kind, error);
}

/* All that is offered, as a well-behaved host answers */
static bool accept_all(World *w, GError **error, uint16_t *ret_model)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    ModelRun run = { 0 };
    uint32_t oldest = 0;

    while (model_next(w->model, &run)) {
        if (run.block->offer && (!oldest || run.block->offer < oldest)) {
            oldest = run.block->offer;
        }
    }
    memset(&run, 0, sizeof(run));
    while (model_next(w->model, &run)) {
        CXLDcdRange range = {
            model_dpa(w->model, run.region, run.first),
            run.count * w->model->config.regions[run.region].block_size,
        };

        if (run.block->offer == oldest && oldest) {
            g_array_append_val(ranges, range);
        }
    }
    g_array_set_size(w->chain, 0);
    w->chain_kind = CXL_DCD_CHAIN_NONE;
    cxl_dcd_chain_abort(w->dcd);
    cxl_dcd_chain_append(w->dcd, CXL_DCD_CHAIN_ADD_RESPONSE,
                         (CXLDcdRange *)(void *)ranges->data, ranges->len,
                         NULL);
    *ret_model = model_answer(w->model, (CXLDcdRange *)(void *)ranges->data,
                              ranges->len);
    return cxl_dcd_chain_end(w->dcd, CXL_DCD_CHAIN_ADD_RESPONSE, error);
}

static bool refer(World *w, GError **error, uint16_t *ret_model)
{
    CXLDcdTag tag = some_tag(w);
    bool held = one_in(w, 2);

    *ret_model = model_reference(w->model, tag.bytes[0], held);
    return (held ? cxl_dcd_reference_add :
                   cxl_dcd_reference_remove)(w->dcd, &tag, error);
}

static bool configure(World *w, GError **error, uint16_t *ret_model)
{
    uint8_t region = one_in(w, 2) ? 0 : chance(w, 6);
    uint64_t size = one_in(w, 9) ? chance(w, UINT32_MAX) : MIB << chance(w, 4);
    bool sanitize = one_in(w, 2);

    *ret_model = model_set_region(w->model, region, size, sanitize);
    return cxl_dcd_set_region(w->dcd, region, size, sanitize, error);
}

static void reset(World *w)
{
    CXLDcdReset kind = chance(w, 3);

    cxl_dcd_reset(w->dcd, kind);
    if (kind != CXL_DCD_RESET_FLR) {
        model_reset(w->model);
        g_array_set_size(w->chain, 0);
        w->chain_kind = CXL_DCD_CHAIN_NONE;
    }
}

/* The state as bytes into a new core, which goes on in place of the old */
static void save_and_restore(World *w)
{
    g_autoptr(GByteArray) bytes = cxl_dcd_save(w->dcd);
    CXLDcdConfig config = owner_config();
    g_autoptr(GError) error = NULL;

    cxl_dcd_free(w->dcd);
    w->dcd = cxl_dcd_new(&config, &world_ops, w, NULL);
    memset(w->reach, 0, sizeof(w->reach));
    cxl_dcd_restore(w->dcd, bytes->data, bytes->len, &error);
    g_assert_no_error(error);
}

/* --- Comparing --- */

static void compare_extents(World *w)
{
    uint32_t listed = 0;
    uint64_t from = 0;
    CXLDcdExtent e;
    ModelRun run = { 0 };

    while (model_next(w->model, &run)) {
        uint64_t size = w->model->config.regions[run.region].block_size;
        bool held = run.block->state == CXL_DCD_ACCEPTED ||
                    run.block->state == CXL_DCD_RELEASING;
        CXLDcdExtent l;

        g_assert_true(cxl_dcd_extent_from(w->dcd, from, &e));
        g_assert_cmphex(e.dpa, ==, model_dpa(w->model, run.region, run.first));
        g_assert_cmphex(e.len, ==, run.count * size);
        g_assert_cmpint(e.state, ==, run.block->state);
        g_assert_cmpint(e.tag.bytes[0], ==, run.block->tag);
        g_assert_cmpint(e.sequence, ==, run.block->sequence);
        g_assert_cmpint(e.region, ==, run.region);
        g_assert_cmpint(e.sanitize, ==, run.block->sanitize);
        g_assert_cmpint(cxl_dcd_reachable(w->dcd, e.dpa, e.len), ==, held);
        if (held) {
            g_assert_true(cxl_dcd_listed(w->dcd, listed++, &l));
            g_assert_cmphex(l.dpa, ==, e.dpa);
        }
        from = e.dpa + e.len;
    }
    g_assert_false(cxl_dcd_extent_from(w->dcd, from, &e));
    g_assert_cmpuint(cxl_dcd_listed_count(w->dcd), ==, listed);
    g_assert_false(cxl_dcd_listed(w->dcd, listed, &e));
}

static void compare_blocks(World *w)
{
    const CXLDcdConfig *config = cxl_dcd_config(w->dcd);

    for (unsigned r = 0; r < config->num_regions; r++) {
        const CXLDcdRegionConfig *c = &w->model->config.regions[r];
        uint64_t available = 0;

        g_assert_cmphex(config->regions[r].block_size, ==, c->block_size);
        g_assert_cmpint(config->regions[r].sanitize, ==, c->sanitize);
        for (unsigned i = 0; i < model_blocks(w->model, r); i++) {
            const ModelBlock *b = &w->model->block[r][i];
            uint64_t dpa = model_dpa(w->model, r, i);
            bool held = b->extent && (b->state == CXL_DCD_ACCEPTED ||
                                      b->state == CXL_DCD_RELEASING);

            available += b->extent ? 0 : c->block_size;
            for (uint64_t at = dpa; at < dpa + c->block_size; at += MIB) {
                g_assert_cmpint(w->reach[at / MIB], ==, held);
                g_assert_cmpint(w->given_back[at / MIB], ==, b->given_back);
                g_assert_cmpint(w->zeroed[at / MIB], ==, b->zeroed);
            }
        }
        g_assert_cmphex(cxl_dcd_available(w->dcd, r), ==, available);
    }
}

static void compare_tags(World *w)
{
    CXLDcdTagInfo info;
    uint32_t count = 0, sharable = 0;

    for (; cxl_dcd_tag_info(w->dcd, count, &info); count++) {
        uint8_t tag = info.tag.bytes[0];

        g_assert_true(model_tag_sharable(w->model, tag));
        g_assert_cmpint(info.referenced, ==, w->model->referenced[tag]);
    }
    for (const char *tag = "ABCDE"; *tag; tag++) {
        sharable += model_tag_sharable(w->model, *tag);
    }
    g_assert_cmpuint(count, ==, sharable);
    g_assert_cmpuint(cxl_dcd_tag_count(w->dcd), ==, sharable);
    g_assert_cmpuint(cxl_dcd_available_tags(w->dcd), ==,
                     MAX_TAGS - model_tags(w->model));
    g_assert_cmpuint(cxl_dcd_available_extents(w->dcd), ==,
                     MAX_EXTENTS - model_extents(w->model));
}

static void compare_records(World *w)
{
    g_assert_cmpuint(w->records->len, ==, w->model->records->len);
    for (guint i = 0; i < w->records->len; i++) {
        ModelRecord *a = &g_array_index(w->records, ModelRecord, i);
        ModelRecord *b = &g_array_index(w->model->records, ModelRecord, i);

        g_assert_cmpint(a->type, ==, b->type);
        g_assert_cmphex(a->dpa, ==, b->dpa);
        g_assert_cmphex(a->len, ==, b->len);
        g_assert_cmpint(a->tag, ==, b->tag);
        g_assert_cmpint(a->sequence, ==, b->sequence);
        g_assert_cmpint(a->more, ==, b->more);
    }
}

/* --- Steps --- */

static void step(World *w)
{
    g_autoptr(GError) error = NULL;
    uint16_t code = CXL_DCD_RC_SUCCESS;
    bool ok = true;

    g_array_set_size(w->records, 0);
    memset(w->given_back, 0, sizeof(w->given_back));
    memset(w->zeroed, 0, sizeof(w->zeroed));
    model_step_begins(w->model);
    w->model->room = one_in(w, 16) ? chance(w, 4) : UINT32_MAX;
    w->model->refuse_claim = one_in(w, 50);
    switch (chance(w, 64)) {
    case 0 ... 19:
        ok = do_add(w, &error, &code);
        break;
    case 20 ... 29:
        ok = take_back(w, &error, &code);
        break;
    case 30 ... 35:
        ok = do_answer(w, CXL_DCD_CHAIN_ADD_RESPONSE, &error, &code);
        break;
    case 36 ... 47:
        ok = accept_all(w, &error, &code);
        break;
    case 48 ... 56:
        ok = do_answer(w, CXL_DCD_CHAIN_RELEASE, &error, &code);
        break;
    case 57 ... 59:
        ok = refer(w, &error, &code);
        break;
    case 60:
        ok = configure(w, &error, &code);
        break;
    case 61:
        save_and_restore(w);
        break;
    case 62:
        cxl_dcd_chain_abort(w->dcd);
        g_array_set_size(w->chain, 0);
        break;
    default:
        if (one_in(w, 8)) {
            reset(w);
        }
        break;
    }
    g_assert_cmphex(ok ? CXL_DCD_RC_SUCCESS : error->code, ==, code);
    w->done[ok]++;
    compare_records(w);
    compare_extents(w);
    compare_blocks(w);
    compare_tags(w);
    if (one_in(w, 64)) {
        cxl_dcd_assert_state(w->dcd);   /* walks all block bits: slow */
    }
}

static void beside_the_model(void)
{
    const char *text = g_getenv("DCD_MODEL_STEPS");
    uint64_t steps = text ? g_ascii_strtoull(text, NULL, 10) : STEPS;
    uint64_t seed = (uint64_t)g_test_rand_int() << 32 | g_test_rand_int();
    World *w = world_new(seed);

    for (uint64_t i = 0; i < steps; i++) {
        step(w);
    }
    g_test_message("%" G_GUINT64_FORMAT " operations done, %" G_GUINT64_FORMAT
                   " refused", w->done[1], w->done[0]);
    /* A run in which nearly all is refused would prove nothing. */
    g_assert_cmpuint(w->done[1], >, steps / 8);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/model/random", beside_the_model);
    return g_test_run();
}
