/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The array of blocks: what is asked of it, and what leaves
 */
#include <string.h>
#include "model.h"

Model *model_new(const CXLDcdConfig *config)
{
    Model *m = g_new0(Model, 1);

    m->config = *config;
    m->room = UINT32_MAX;
    m->records = g_array_new(FALSE, TRUE, sizeof(ModelRecord));
    FOR_EACH_BLOCK(m, r, i) {
        g_assert_cmpuint(i, <, MODEL_BLOCKS);
    }
    return m;
}

void model_free(Model *m)
{
    g_array_unref(m->records);
    g_free(m);
}

void model_step_begins(Model *m)
{
    g_array_set_size(m->records, 0);
    FOR_EACH_BLOCK(m, r, i) {
        m->block[r][i].given_back = m->block[r][i].zeroed = false;
    }
}

/* --- Counting --- */

unsigned model_blocks(const Model *m, unsigned region)
{
    return m->config.regions[region].length /
           m->config.regions[region].block_size;
}

uint64_t model_dpa(const Model *m, unsigned region, unsigned block)
{
    return m->config.regions[region].base +
           block * m->config.regions[region].block_size;
}

bool model_next(const Model *m, ModelRun *run)
{
    unsigned r = run->region, i = run->first + run->count;

    for (; r < m->config.num_regions; r++, i = 0) {
        for (; i < model_blocks(m, r); i++) {
            const ModelBlock *b = &m->block[r][i];

            if (!b->extent) {
                continue;
            }
            *run = (ModelRun) { r, i, 1, b };
            while (i + run->count < model_blocks(m, r) &&
                   b[run->count].extent == b->extent) {
                run->count++;
            }
            return true;
        }
    }
    return false;
}

unsigned model_extents(const Model *m)
{
    ModelRun run = { 0 };
    unsigned count = 0;

    while (model_next(m, &run)) {
        count++;
    }
    return count;
}

bool model_tag_exists(const Model *m, uint8_t tag)
{
    FOR_EACH_BLOCK(m, r, i) {
        if (tag && m->block[r][i].extent && m->block[r][i].tag == tag) {
            return true;
        }
    }
    return false;
}

bool model_sharable(const Model *m, unsigned region)
{
    return m->config.regions[region].attributes & CXL_DCD_REGION_SHARABLE;
}

bool model_tag_sharable(const Model *m, uint8_t tag)
{
    FOR_EACH_BLOCK(m, r, i) {
        if (tag && m->block[r][i].extent && m->block[r][i].tag == tag) {
            return model_sharable(m, r);
        }
    }
    return false;
}

unsigned model_tags(const Model *m)
{
    bool seen[MODEL_LETTERS] = { false };
    ModelRun run = { 0 };
    unsigned count = 0;

    while (model_next(m, &run)) {
        count += run.block->tag && !seen[run.block->tag];
        seen[run.block->tag] = true;
    }
    return count;
}

bool model_listed(const ModelBlock *b)
{
    return b->extent && (b->state == CXL_DCD_ACCEPTED ||
                         b->state == CXL_DCD_RELEASING);
}

/* --- Lists of ranges --- */

int model_region_of(const Model *m, uint64_t dpa, uint64_t len)
{
    for (unsigned r = 0; r < m->config.num_regions; r++) {
        const CXLDcdRegionConfig *c = &m->config.regions[r];

        if (dpa >= c->base && dpa - c->base < c->length &&
            len <= c->length - (dpa - c->base)) {
            return r;
        }
    }
    return -1;
}

/* 8.2.10.9.9.3: what is wrong with a list whatever it is for. */
uint16_t model_name_blocks(const Model *m, const CXLDcdRange *ranges,
                            size_t count, ModelNamed named)
{
    bool twice = false;

    memset(named, 0, sizeof(ModelNamed));
    for (size_t n = 0; n < count; n++) {
        int r = model_region_of(m, ranges[n].dpa, 1);
        uint64_t size, first;

        if (r < 0) {
            return CXL_DCD_RC_INVALID_PA;
        }
        size = m->config.regions[r].block_size;
        if (!ranges[n].len || ranges[n].dpa % size || ranges[n].len % size) {
            return CXL_DCD_RC_INVALID_EXTENT_LIST;
        }
        if (model_region_of(m, ranges[n].dpa, ranges[n].len) < 0) {
            return CXL_DCD_RC_INVALID_PA;
        }
        first = (ranges[n].dpa - m->config.regions[r].base) / size;
        for (uint64_t i = first; i < first + ranges[n].len / size; i++) {
            twice |= named[r][i];
            named[r][i] = true;
        }
    }
    return twice ? CXL_DCD_RC_INVALID_EXTENT_LIST : CXL_DCD_RC_SUCCESS;
}

/* A sharable tag is named whole or not at all. */
bool model_whole_tags(const Model *m, ModelNamed named)
{
    FOR_EACH_BLOCK(m, r, i) {
        if (!named[r][i] || !model_sharable(m, r)) {
            continue;
        }
        FOR_EACH_BLOCK(m, q, j) {
            if (m->block[q][j].extent &&
                m->block[q][j].tag == m->block[r][i].tag && !named[q][j]) {
                return false;
            }
        }
    }
    return true;
}

/* One record for each run of named blocks of one extent */
unsigned model_tell(Model *m, uint8_t type, ModelNamed named, bool dry)
{
    unsigned told = 0;
    ModelRecord *last = NULL;

    FOR_EACH_BLOCK(m, r, i) {
        const ModelBlock *b = &m->block[r][i];
        uint64_t size = m->config.regions[r].block_size;

        if (!named[r][i]) {
            continue;
        }
        if (i && named[r][i - 1] && b[-1].extent == b->extent) {
            if (last) {
                last->len += size;
            }
            continue;
        }
        told++;
        if (!dry) {
            ModelRecord record = { model_dpa(m, r, i), size, b->sequence, type,
                                   b->tag, false };

            if (last) {
                last->more = true;
            }
            g_array_append_val(m->records, record);
            last = &g_array_index(m->records, ModelRecord, m->records->len - 1);
        }
    }
    return told;
}

/* --- Leaving --- */

void model_leave(Model *m, unsigned r, unsigned i, bool sanitize)
{
    ModelBlock *b = &m->block[r][i];

    if (b->tag && m->referenced[b->tag]) {
        b->state = CXL_DCD_REFERENCED;
        b->offer = 0;
        b->sanitize |= sanitize;
        return;
    }
    *b = (ModelBlock) {
        .given_back = true,
        .zeroed = sanitize || b->sanitize || m->config.regions[r].sanitize,
    };
}

/* False, and nothing changed, when more extents were left than can be tracked. */
bool model_take(Model *m, ModelNamed named, bool sanitize)
{
    Model *was = g_memdup2(m, sizeof(*m));
    bool fits;

    FOR_EACH_BLOCK(m, r, i) {
        if (named[r][i]) {
            model_leave(m, r, i, sanitize);
        }
    }
    fits = model_extents(m) <= m->config.max_extents;
    if (!fits) {
        *m = *was;
    }
    g_free(was);
    return fits;
}
