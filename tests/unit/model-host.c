/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's answers, and what else changes state, over an array of blocks
 */
#include <string.h>
#include "model.h"

/* --- The host's answers --- */

static uint32_t oldest_offer(const Model *m)
{
    uint32_t oldest = 0;

    FOR_EACH_BLOCK(m, r, i) {
        const ModelBlock *b = &m->block[r][i];

        if (b->extent && b->offer && (!oldest || b->offer < oldest)) {
            oldest = b->offer;
        }
    }
    return oldest;
}

/* The named blocks of the oldest offer are the host's, the others are not. */
static bool settle(Model *m, ModelNamed named)
{
    Model *was = g_memdup2(m, sizeof(*m));
    uint32_t oldest = oldest_offer(m);
    bool fits;

    FOR_EACH_BLOCK(m, r, i) {
        ModelBlock *b = &m->block[r][i];

        if (!b->extent || b->offer != oldest) {
            continue;
        }
        if (named[r][i]) {
            b->state = CXL_DCD_ACCEPTED;
            b->offer = 0;
        } else {
            model_leave(m, r, i, false);
        }
    }
    fits = model_extents(m) <= m->config.max_extents;
    if (!fits) {
        *m = *was;
    }
    g_free(was);
    return fits;
}

uint16_t model_answer(Model *m, const CXLDcdRange *ranges, size_t count)
{
    uint32_t oldest = oldest_offer(m);
    bool whole = true, shared = false;
    uint16_t code;
    ModelNamed named;

    if (!oldest) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    code = model_name_blocks(m, ranges, count, named);
    if (code) {
        return code;
    }
    FOR_EACH_BLOCK(m, r, i) {
        const ModelBlock *b = &m->block[r][i];
        bool offered = b->extent && b->offer == oldest;

        if (named[r][i] && (!offered || b->state != CXL_DCD_PENDING)) {
            return CXL_DCD_RC_INVALID_PA;
        }
        whole &= offered == named[r][i];
        shared |= offered && model_sharable(m, r);
    }
    if (shared && count && !whole) {
        return CXL_DCD_RC_INVALID_EXTENT_LIST;
    }
    if (!settle(m, named)) {
        return CXL_DCD_RC_RESOURCES_EXHAUSTED;
    }
    model_tell(m, CXL_DCD_EVENT_ADD_RESPONSE, named, false);
    return CXL_DCD_RC_SUCCESS;
}

uint16_t model_release(Model *m, const CXLDcdRange *ranges, size_t count)
{
    uint16_t code;
    ModelNamed named;

    if (!count) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    code = model_name_blocks(m, ranges, count, named);
    if (code) {
        return code;
    }
    FOR_EACH_BLOCK(m, r, i) {
        if (named[r][i] && !model_listed(&m->block[r][i])) {
            return CXL_DCD_RC_INVALID_PA;
        }
    }
    if (!model_whole_tags(m, named)) {
        return CXL_DCD_RC_INVALID_EXTENT_LIST;
    }
    model_tell(m, CXL_DCD_EVENT_CAPACITY_RELEASED, named, false);
    if (!model_take(m, named, false)) {
        g_array_set_size(m->records, 0);
        return CXL_DCD_RC_RESOURCES_EXHAUSTED;
    }
    return CXL_DCD_RC_SUCCESS;
}

/* --- 7.6.7.6.3, .7, .8, and 9.7 --- */

uint16_t model_set_region(Model *m, uint8_t region, uint64_t block_size,
                          bool sanitize)
{
    CXLDcdRegionConfig *c = &m->config.regions[region];
    ModelRecord record = { .type = CXL_DCD_EVENT_REGION_CONFIG };

    if (region >= m->config.num_regions || !block_size ||
        (block_size & (block_size - 1)) || !(c->block_sizes & block_size)) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    for (unsigned i = 0; i < model_blocks(m, region); i++) {
        if (m->block[region][i].extent) {
            return CXL_DCD_RC_UNSUPPORTED;
        }
    }
    if (sanitize != c->sanitize && !c->sanitize_configurable) {
        return CXL_DCD_RC_UNSUPPORTED;
    }
    if (c->block_size == block_size && c->sanitize == sanitize) {
        return CXL_DCD_RC_SUCCESS;
    }
    if (!m->room) {
        return CXL_DCD_RC_RETRY_REQUIRED;
    }
    c->block_size = block_size;
    c->sanitize = sanitize;
    g_array_append_val(m->records, record);
    return CXL_DCD_RC_SUCCESS;
}

uint16_t model_reference(Model *m, uint8_t tag, bool held)
{
    if (!model_tag_sharable(m, tag)) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    m->referenced[tag] = held;
    FOR_EACH_BLOCK(m, r, i) {
        const ModelBlock *b = &m->block[r][i];

        if (!held && b->extent && b->tag == tag &&
            b->state == CXL_DCD_REFERENCED) {
            model_leave(m, r, i, false);
        }
    }
    return CXL_DCD_RC_SUCCESS;
}

void model_reset(Model *m)
{
    ModelNamed shared = { { false } };
    static ModelNamed none;

    while (oldest_offer(m)) {
        settle(m, none);
    }
    FOR_EACH_BLOCK(m, r, i) {
        shared[r][i] = model_sharable(m, r) && model_listed(&m->block[r][i]);
    }
    model_tell(m, CXL_DCD_EVENT_CAPACITY_RELEASED, shared, false);
    model_take(m, shared, false);
}
