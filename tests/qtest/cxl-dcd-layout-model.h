/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what a set of devices holds, as plain arrays,
 * one for each device
 */
#ifndef CXL_DCD_LAYOUT_MODEL_H
#define CXL_DCD_LAYOUT_MODEL_H

#include "cxl-dcd-client.h"

#define MIB  CXL_DCD_TEST_MIB
#define SIZE (20 * MIB)           /* of each device that is accepted: units */

typedef struct Model {
    CXLDcdMachine *m;
    unsigned ways_code;
    unsigned code;                /* of the granularity */
    int alone;                    /* decoded instead of the set; -1: none */
    uint8_t *bytes[CXL_DCD_TEST_MAX_DEVICES];
    GRand *rand;
} Model;

unsigned model_ways(const Model *model);
/* 1 << @ways_code devices, nothing decoded */
Model *model_new(CXLDcdDevice *d, unsigned ways_code);
void model_free(Model *model);
/* So many loads and stores, drawn by lot */
void model_run(Model *model, unsigned count);
/* A piece of every 64 KiB of each device's part, from end to end */
void model_check(Model *model);
void model_uncommit(Model *model);
void model_show_set(Model *model, unsigned code);
/* Decode one device in place of the set. */
void model_show_alone(Model *model, unsigned i);
/* All that the device has is memory, at the latest when it has been moved */
void wait_direct(CXLDcdDevice *d);
void model_accept(Model *model);
void model_assert_direct(Model *model);
void model_store(Model *model, uint64_t at, unsigned len);
void model_load(Model *model, uint64_t at, unsigned len);

#endif /* CXL_DCD_LAYOUT_MODEL_H */
