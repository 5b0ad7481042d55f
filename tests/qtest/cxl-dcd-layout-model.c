/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what a set of devices holds
 */
#include "qemu/osdep.h"
#include "cxl-dcd-layout-model.h"

#define LONGEST 700
#define WAIT_US (30 * G_USEC_PER_SEC)

unsigned model_ways(const Model *model)
{
    return 1U << model->ways_code;
}

Model *model_new(CXLDcdDevice *d, unsigned ways_code)
{
    Model *model = g_new0(Model, 1);
    unsigned i;

    model->m = d->machine;
    model->ways_code = ways_code;
    model->alone = -1;
    model->rand = g_rand_new_with_seed(20 + ways_code);
    for (i = 0; i < model_ways(model); i++) {
        model->bytes[i] = g_malloc0(SIZE);
    }
    return model;
}

void model_free(Model *model)
{
    unsigned i;

    for (i = 0; i < model_ways(model); i++) {
        g_free(model->bytes[i]);
    }
    g_rand_free(model->rand);
    g_free(model);
}

/* Byte @at of what is decoded now */
static uint8_t *model_byte(Model *model, uint64_t at)
{
    uint64_t g = 256ULL << model->code, granule = at / g;

    if (model->alone >= 0) {
        return &model->bytes[model->alone][at];
    }
    return &model->bytes[granule % model_ways(model)]
                        [granule / model_ways(model) * g + at % g];
}

static uint64_t model_size(const Model *model)
{
    return model->alone >= 0 ? SIZE : SIZE << model->ways_code;
}

void model_store(Model *model, uint64_t at, unsigned len)
{
    g_autofree uint8_t *data = g_malloc(len);
    unsigned i;

    for (i = 0; i < len; i++) {
        data[i] = *model_byte(model, at + i) = g_rand_int(model->rand);
    }
    qtest_memwrite(model->m->qts, model->m->window + at, data, len);
}

void model_load(Model *model, uint64_t at, unsigned len)
{
    g_autofree uint8_t *data = g_malloc(len);
    unsigned i;

    qtest_memread(model->m->qts, model->m->window + at, data, len);
    for (i = 0; i < len; i++) {
        g_assert_cmphex(data[i], ==, *model_byte(model, at + i));
    }
}

/* Somewhere; half of the time where units, chunks and granules end */
static uint64_t model_somewhere(Model *model, unsigned len)
{
    uint64_t size = model_size(model) - len;
    uint64_t at = g_rand_int(model->rand) % size;

    if (g_rand_boolean(model->rand)) {
        at = ROUND_UP(at, MIB);
        at -= MIN(at, g_rand_int_range(model->rand, 0, len + 1));
    }
    return MIN(at, size);
}

void model_run(Model *model, unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++) {
        unsigned len = g_rand_int_range(model->rand, 1, LONGEST);
        uint64_t at = model_somewhere(model, len);

        if (g_rand_boolean(model->rand)) {
            model_store(model, at, len);
        } else {
            model_load(model, at, len);
        }
    }
}

void model_check(Model *model)
{
    uint64_t step = 65536 * model_size(model) / SIZE, at;

    for (at = 0; at < model_size(model); at += step) {
        model_load(model, at + g_rand_int_range(model->rand, 0, step - LONGEST),
                   LONGEST);
    }
}

/* --- Decoders --- */

void model_uncommit(Model *model)
{
    unsigned i;

    for (i = 0; i < model_ways(model); i++) {
        cxl_dcd_decoder_uncommit(model->m, model->m->device[i].hdm, 0);
    }
    cxl_dcd_decoder_uncommit(model->m, model->m->host_bridge_hdm, 0);
}

void model_show_set(Model *model, unsigned code)
{
    cxl_dcd_set_commit(model->m, model->ways_code, code);
    model->code = code;
    model->alone = -1;
}

void model_show_alone(Model *model, unsigned i)
{
    CXLDcdDecoder alone = {
        .hpa = model->m->window, .size = 512 * MIB, .skip = i,
    };

    cxl_dcd_decoder_commit(model->m, model->m->host_bridge_hdm, &alone);
    alone.skip = model->m->device[i].dc_base;
    cxl_dcd_decoder_commit(model->m, model->m->device[i].hdm, &alone);
    model->alone = i;
}

void wait_direct(CXLDcdDevice *d)
{
    int64_t until = g_get_monotonic_time() + WAIT_US;

    while (cxl_dcd_query_count(d, "mapping", "trapped")) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(1000);
    }
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), >, 0);
}

void model_accept(Model *model)
{
    unsigned i;

    for (i = 0; i < model_ways(model); i++) {
        cxl_dcd_add_accepted(&model->m->device[i], { 0, SIZE });
    }
}

void model_assert_direct(Model *model)
{
    unsigned i;

    for (i = 0; i < model_ways(model); i++) {
        g_assert_cmpuint(cxl_dcd_query_count(&model->m->device[i], "mapping",
                                             "direct"), ==, 1);
    }
}
