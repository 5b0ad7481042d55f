/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fabric manager's requests over an array of blocks
 */
#include <string.h>
#include "model.h"

/* --- 7.6.7.6.5 --- */

/* The chosen extents get a number each, and one for the offer. */
static int by_address(const void *a, const void *b)
{
    const CXLDcdExtent *x = a, *y = b;

    return x->dpa < y->dpa ? -1 : x->dpa > y->dpa;
}

/* What is not sharable is offered by rising address. */
static void offer(Model *m, const CXLDcdExtent *chosen, size_t count)
{
    g_autofree CXLDcdExtent *sorted = g_memdup2(chosen,
                                                count * sizeof(*chosen));

    if (!model_sharable(m, model_region_of(m, chosen->dpa, chosen->len))) {
        qsort(sorted, count, sizeof(*sorted), by_address);
    }
    m->last_offer++;
    for (size_t n = 0; n < count; n++) {
        const CXLDcdExtent *e = &sorted[n];
        unsigned r = model_region_of(m, e->dpa, e->len);
        uint64_t size = m->config.regions[r].block_size;
        unsigned first = (e->dpa - m->config.regions[r].base) / size;
        ModelRecord record = { e->dpa, e->len, e->sequence, CXL_DCD_EVENT_ADD,
                               e->tag.bytes[0], n + 1 < count };

        m->last_extent++;
        for (unsigned i = first; i < first + e->len / size; i++) {
            ModelBlock *b = &m->block[r][i];

            *b = (ModelBlock) {
                .extent = m->last_extent, .offer = m->last_offer,
                .sequence = e->sequence, .tag = e->tag.bytes[0],
                .state = CXL_DCD_PENDING, .sanitize = e->sanitize,
            };
        }
        g_array_append_val(m->records, record);
    }
}

/* Tags: 9.13.3 for sharable regions, any for others. */
static uint16_t check_tags(const Model *m, const CXLDcdExtent *e, size_t count,
                           uint16_t code)
{
    bool seen[MODEL_LETTERS] = { false };
    bool shared = false;
    unsigned fresh = 0;

    for (size_t n = 0; n < count; n++) {
        shared |= model_sharable(m, model_region_of(m, e[n].dpa, e[n].len));
    }
    for (size_t n = 0; n < count; n++) {
        uint8_t tag = e[n].tag.bytes[0];

        if (shared && (tag != e[0].tag.bytes[0] || !tag || model_tag_exists(m, tag) ||
                       model_region_of(m, e[n].dpa, 1) != model_region_of(m, e[0].dpa, 1))) {
            return code;
        }
        if (model_tag_exists(m, tag) && model_tag_sharable(m, tag) != shared) {
            return code;
        }
        fresh += tag && !seen[tag] && !model_tag_exists(m, tag);
        seen[tag] = true;
        for (size_t k = 0; shared && k < count; k++) {
            if (e[n].sequence >= count ||
                (k != n && e[k].sequence == e[n].sequence)) {
                return code;
            }
        }
    }
    return model_tags(m) + fresh > m->config.max_tags ?
           CXL_DCD_RC_RESOURCES_EXHAUSTED : CXL_DCD_RC_SUCCESS;
}

static uint16_t try_offer(Model *m, const CXLDcdExtent *chosen, size_t count,
                          uint16_t code)
{
    uint16_t wrong = check_tags(m, chosen, count, code);

    if (wrong) {
        return wrong;
    }
    if (model_extents(m) + count > m->config.max_extents) {
        return CXL_DCD_RC_RESOURCES_EXHAUSTED;
    }
    if (count > m->room) {
        return CXL_DCD_RC_RETRY_REQUIRED;
    }
    if (m->refuse_claim) {
        return code == CXL_DCD_RC_INVALID_EXTENT_LIST ? code :
               CXL_DCD_RC_RETRY_REQUIRED;
    }
    offer(m, chosen, count);
    return CXL_DCD_RC_SUCCESS;
}

static uint16_t add_free(Model *m, const CXLDcdAddRequest *q)
{
    CXLDcdExtent chosen[MODEL_BLOCKS] = { 0 };
    uint64_t size, want, free_blocks = 0;
    unsigned runs = 0;
    ModelBlock *b;

    if (q->region >= m->config.num_regions) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    b = m->block[q->region];
    size = m->config.regions[q->region].block_size;
    want = q->length / size;
    if (!want || q->length % size) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    for (unsigned i = 0; i < model_blocks(m, q->region); i++) {
        free_blocks += !b[i].extent;
    }
    if (want > free_blocks) {
        return CXL_DCD_RC_RESOURCES_EXHAUSTED;
    }
    for (unsigned i = 0, run = 0; i < model_blocks(m, q->region); i++) {
        run = b[i].extent ? 0 : run + 1;
        if (run == want) {
            chosen[0] = (CXLDcdExtent) {
                .dpa = model_dpa(m, q->region, i + 1 - want),
                .len = q->length, .tag = q->tag,
            };
            return try_offer(m, chosen, 1, CXL_DCD_RC_INVALID_INPUT);
        }
    }
    if (q->policy == CXL_DCD_POLICY_CONTIGUOUS) {
        return CXL_DCD_RC_RESOURCES_EXHAUSTED;
    }
    for (unsigned i = 0; want; i++) {
        if (b[i].extent) {
            continue;
        }
        if (!i || b[i - 1].extent || !runs) {
            chosen[runs] = (CXLDcdExtent) {
                .dpa = model_dpa(m, q->region, i), .tag = q->tag,
                .sequence = model_sharable(m, q->region) ? runs : 0,
            };
            runs++;
        }
        chosen[runs - 1].len += size;
        want--;
    }
    if (model_extents(m) + runs > m->config.max_extents) {
        return CXL_DCD_RC_RESOURCES_EXHAUSTED;
    }
    return try_offer(m, chosen, runs, CXL_DCD_RC_INVALID_INPUT);
}

static uint16_t add_prescriptive(Model *m, const CXLDcdAddRequest *q)
{
    g_autofree CXLDcdRange *ranges = g_new0(CXLDcdRange, q->count);
    ModelNamed named;

    if (!q->count) {
        return CXL_DCD_RC_INVALID_EXTENT_LIST;
    }
    if (model_extents(m) + q->count > m->config.max_extents) {
        return CXL_DCD_RC_RESOURCES_EXHAUSTED;
    }
    for (size_t n = 0; n < q->count; n++) {
        ranges[n] = (CXLDcdRange) { q->extents[n].dpa, q->extents[n].len };
    }
    if (model_name_blocks(m, ranges, q->count, named)) {
        return CXL_DCD_RC_INVALID_EXTENT_LIST;
    }
    FOR_EACH_BLOCK(m, r, i) {
        if (named[r][i] && m->block[r][i].extent) {
            return CXL_DCD_RC_INVALID_EXTENT_LIST;
        }
    }
    for (size_t n = 0; n < q->count; n++) {
        if (q->extents[n].sequence &&
            !model_sharable(m, model_region_of(m, q->extents[n].dpa, 1))) {
            return CXL_DCD_RC_INVALID_EXTENT_LIST;
        }
    }
    return try_offer(m, q->extents, q->count, CXL_DCD_RC_INVALID_EXTENT_LIST);
}

/* Again to the host what only the fabric manager holds; in sequence */
static uint16_t add_shared(Model *m, const CXLDcdAddRequest *q)
{
    CXLDcdExtent chosen[MODEL_BLOCKS];
    ModelRun run = { 0 };
    uint8_t tag = q->tag.bytes[0];
    size_t count = 0;

    if (q->region >= m->config.num_regions || !model_sharable(m, q->region) ||
        !model_tag_sharable(m, tag)) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    while (model_next(m, &run)) {
        if (run.block->tag != tag) {
            continue;
        }
        if (run.block->state != CXL_DCD_REFERENCED || run.region != q->region) {
            return CXL_DCD_RC_INVALID_INPUT;
        }
        chosen[run.block->sequence] = (CXLDcdExtent) {
            .dpa = model_dpa(m, run.region, run.first),
            .len = run.count * m->config.regions[run.region].block_size,
            .tag = q->tag, .sequence = run.block->sequence,
            .sanitize = run.block->sanitize,
        };
        count++;
    }
    if (count > m->room) {
        return CXL_DCD_RC_RETRY_REQUIRED;
    }
    offer(m, chosen, count);
    return CXL_DCD_RC_SUCCESS;
}

uint16_t model_add(Model *m, const CXLDcdAddRequest *q)
{
    if (q->host_id != m->config.host_id) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    switch (q->policy) {
    case CXL_DCD_POLICY_FREE:
    case CXL_DCD_POLICY_CONTIGUOUS:
        return add_free(m, q);
    case CXL_DCD_POLICY_PRESCRIPTIVE:
        return add_prescriptive(m, q);
    case CXL_DCD_POLICY_SHARED_ACCESS:
        return add_shared(m, q);
    default:
        return CXL_DCD_RC_INVALID_INPUT;
    }
}

/* --- 7.6.7.6.6 --- */

static bool removable(const ModelBlock *b, bool forced)
{
    return model_listed(b) || (forced && b->extent && b->state == CXL_DCD_PENDING);
}

static uint16_t name_tag(const Model *m, const CXLDcdRemoveRequest *q,
                         ModelNamed named)
{
    uint64_t found = 0, left = q->length;
    ModelRun run = { 0 };
    uint8_t tag = q->tag.bytes[0];

    memset(named, 0, sizeof(ModelNamed));
    while (tag && model_next(m, &run)) {
        if (run.block->tag == tag && removable(run.block, q->forced)) {
            found += run.count * m->config.regions[run.region].block_size;
        }
    }
    if (!found) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (q->length > found) {
        return CXL_DCD_RC_RESOURCES_EXHAUSTED;
    }
    if (q->length && q->length != found && model_tag_sharable(m, tag)) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    left = q->length ? q->length : found;
    memset(&run, 0, sizeof(run));
    while (left && model_next(m, &run)) {
        uint64_t size = m->config.regions[run.region].block_size;

        if (run.block->tag != tag || !removable(run.block, q->forced)) {
            continue;
        }
        for (unsigned i = 0; i < run.count && left; i++) {
            if (left < size) {
                return CXL_DCD_RC_INVALID_INPUT;
            }
            named[run.region][run.first + i] = true;
            left -= size;
        }
    }
    return CXL_DCD_RC_SUCCESS;
}

static uint16_t name_prescribed(const Model *m, const CXLDcdRemoveRequest *q,
                                ModelNamed named)
{
    g_autofree CXLDcdRange *ranges = g_new0(CXLDcdRange, q->count);
    uint16_t code;

    if (!q->count) {
        return CXL_DCD_RC_INVALID_EXTENT_LIST;
    }
    for (size_t n = 0; n < q->count; n++) {
        ranges[n] = (CXLDcdRange) { q->extents[n].dpa, q->extents[n].len };
    }
    code = model_name_blocks(m, ranges, q->count, named);
    if (code) {
        return code;
    }
    FOR_EACH_BLOCK(m, r, i) {
        if (named[r][i] && !removable(&m->block[r][i], q->forced)) {
            return CXL_DCD_RC_INVALID_PA;
        }
    }
    return model_whole_tags(m, named) ? CXL_DCD_RC_SUCCESS :
                                  CXL_DCD_RC_INVALID_INPUT;
}

/* All of an extent is asked for when a block of it is. */
static uint16_t ask(Model *m, ModelNamed named, bool sanitize)
{
    ModelRun run = { 0 };

    if (model_tell(m, CXL_DCD_EVENT_RELEASE, named, true) > m->room) {
        return CXL_DCD_RC_RETRY_REQUIRED;
    }
    while (model_next(m, &run)) {
        bool asked = false;

        for (unsigned i = 0; i < run.count; i++) {
            asked |= named[run.region][run.first + i];
        }
        for (unsigned i = 0; asked && i < run.count; i++) {
            ModelBlock *b = &m->block[run.region][run.first + i];

            b->state = CXL_DCD_RELEASING;
            b->sanitize |= sanitize;
        }
    }
    model_tell(m, CXL_DCD_EVENT_RELEASE, named, false);
    return CXL_DCD_RC_SUCCESS;
}

static uint16_t force(Model *m, ModelNamed named, bool sanitize)
{
    ModelNamed held;

    memcpy(held, named, sizeof(held));
    FOR_EACH_BLOCK(m, r, i) {
        held[r][i] &= model_listed(&m->block[r][i]);
    }
    model_tell(m, CXL_DCD_EVENT_FORCED_RELEASE, held, false);
    model_tell(m, CXL_DCD_EVENT_CAPACITY_RELEASED, held, false);
    if (!model_take(m, held, sanitize)) {
        g_array_set_size(m->records, 0);
        return CXL_DCD_RC_RESOURCES_EXHAUSTED;
    }
    FOR_EACH_BLOCK(m, r, i) {
        if (!named[r][i] || held[r][i]) {
            continue;
        }
        FOR_EACH_BLOCK(m, p, j) {
            if (m->block[p][j].extent &&
                m->block[p][j].offer == m->block[r][i].offer) {
                m->block[p][j].state = CXL_DCD_DEAD;
            }
        }
    }
    return CXL_DCD_RC_SUCCESS;
}

uint16_t model_remove(Model *m, const CXLDcdRemoveRequest *q)
{
    uint16_t code;
    ModelNamed named;

    if (q->host_id != m->config.host_id ||
        (q->policy != CXL_DCD_REMOVE_TAG &&
         q->policy != CXL_DCD_REMOVE_PRESCRIPTIVE)) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    code = q->policy == CXL_DCD_REMOVE_TAG ? name_tag(m, q, named) :
                                             name_prescribed(m, q, named);
    if (code) {
        return code;
    }
    return q->forced ? force(m, named, q->sanitize) :
                       ask(m, named, q->sanitize);
}
