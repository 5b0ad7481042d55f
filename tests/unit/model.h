/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core's rules once more, slow and obvious, to compare with
 *
 * Capacity is a plain array of blocks; each block says which extent it belongs
 * to and what that extent is. An extent is a run of neighbouring blocks with
 * the same number. There is no tree, no list and no counter: what is asked is
 * counted again each time. Shares nothing with the core but its public types.
 */
#ifndef MODEL_H
#define MODEL_H

#include "hw/cxl/dcd/core.h"

#define MODEL_BLOCKS    128             /* most blocks that a region may have */
#define MODEL_LETTERS   256

/* What the owner was told, apart from reachability. */
typedef struct ModelRecord {
    uint64_t dpa;
    uint64_t len;
    uint16_t sequence;
    uint8_t type;
    uint8_t tag;                        /* letter, 0: none */
    bool more;
} ModelRecord;

typedef struct ModelBlock {
    uint32_t extent;                    /* 0: free */
    uint32_t offer;                     /* 0: none */
    uint16_t sequence;
    uint8_t state;
    uint8_t tag;
    bool sanitize;                      /* asked for with its release */
    bool given_back;                    /* since model_step_begins() */
    bool zeroed;                        /* ... and had to be zeroed */
} ModelBlock;

typedef struct Model {
    CXLDcdConfig config;
    ModelBlock block[CXL_DCD_MAX_REGIONS][MODEL_BLOCKS];
    bool referenced[MODEL_LETTERS];
    uint32_t last_extent;
    uint32_t last_offer;
    uint32_t room;                      /* of the host's event log */
    bool refuse_claim;
    GArray *records;                    /* of ModelRecord, of this step */
} Model;

/* A run of blocks of one extent. Start with { 0 }. */
typedef struct ModelRun {
    unsigned region;
    unsigned first;
    unsigned count;
    const ModelBlock *block;            /* the first */
} ModelRun;

Model *model_new(const CXLDcdConfig *config);
void model_free(Model *m);
void model_step_begins(Model *m);

/* The next extent in ascending DPA; false at the end. */
bool model_next(const Model *m, ModelRun *run);
uint64_t model_dpa(const Model *m, unsigned region, unsigned block);
unsigned model_blocks(const Model *m, unsigned region);
unsigned model_extents(const Model *m);
unsigned model_tags(const Model *m);
bool model_tag_sharable(const Model *m, uint8_t tag);

/* --- What the model's own files share --- */

typedef bool ModelNamed[CXL_DCD_MAX_REGIONS][MODEL_BLOCKS];

#define FOR_EACH_BLOCK(m, r, i) \
    for (unsigned r = 0; r < (m)->config.num_regions; r++) \
        for (unsigned i = 0; i < model_blocks(m, r); i++)

bool model_sharable(const Model *m, unsigned region);
bool model_tag_exists(const Model *m, uint8_t tag);
bool model_listed(const ModelBlock *b);
int model_region_of(const Model *m, uint64_t dpa, uint64_t len);
/* Mark what a list names; the code of what is wrong with any list. */
uint16_t model_name_blocks(const Model *m, const CXLDcdRange *ranges,
                           size_t count, ModelNamed named);
bool model_whole_tags(const Model *m, ModelNamed named);
/* Records of named blocks, or (@dry) only how many. */
unsigned model_tell(Model *m, uint8_t type, ModelNamed named, bool dry);
void model_leave(Model *m, unsigned region, unsigned block, bool sanitize);
bool model_take(Model *m, ModelNamed named, bool sanitize);

/* --- Requests --- */

/* Each gives the return code, CXL_DCD_RC_SUCCESS when it was done. */
uint16_t model_add(Model *m, const CXLDcdAddRequest *request);
uint16_t model_remove(Model *m, const CXLDcdRemoveRequest *request);
uint16_t model_answer(Model *m, const CXLDcdRange *ranges, size_t count);
uint16_t model_release(Model *m, const CXLDcdRange *ranges, size_t count);
uint16_t model_set_region(Model *m, uint8_t region, uint64_t block_size,
                          bool sanitize);
uint16_t model_reference(Model *m, uint8_t tag, bool held);
void model_reset(Model *m);

#endif /* MODEL_H */
