/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: sets whose bytes lie in the order of the host's
 * addresses come along with a migration, and are back after loadvm, whatever
 * order they were in by then
 */
#include "qemu/osdep.h"
#include "cxl-dcd-layout-model.h"

static void migrated(void)
{
    static const CXLDcdOptions four = { .devices = 4 };
    g_autofree char *file = g_strdup_printf("%s/cxl-dcd-layout-%d.mig",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    CXLDcdMachine *from = cxl_dcd_machine_start(&four);
    Model *model = model_new(&from->device[0], 2);
    unsigned k;

    model_show_set(model, 0);
    model_accept(model);
    model_run(model, 300);
    cxl_dcd_machine_save(from, uri);
    model->m = cxl_dcd_machine_load(&four, from, uri);
    cxl_dcd_machine_stop(from);
    model_assert_direct(model);
    model_check(model);
    model_run(model, 100);
    model_uncommit(model);
    for (k = 0; k < 4; k++) {
        model_show_alone(model, k);
        model_check(model);
        model_uncommit(model);
    }
    cxl_dcd_machine_stop(model->m);
    unlink(file);
    model_free(model);
}

/* Back to another order of bytes, of the same memory, from any */
static void snapshot_back(Model *model, uint8_t **saved)
{
    unsigned i;

    cxl_dcd_hmp(model->m, "loadvm one");
    for (i = 0; i < model_ways(model); i++) {
        memcpy(model->bytes[i], saved[i], SIZE);
    }
    model->code = 0;
    model->alone = -1;
    model_check(model);
    for (i = 0; i < model_ways(model); i++) {
        wait_direct(&model->m->device[i]);
    }
    model_check(model);
    model_run(model, 100);
}

static void snapshot(void)
{
    const CXLDcdOptions options = {
        .devices = 2, .size = 512 * MIB, .regions = "[{\"size\":536870912}]",
    };
    CXLDcdMachine *m = cxl_dcd_snapshots_start(&options);
    uint8_t *saved[2];
    Model *model;
    unsigned i;

    model = model_new(&m->device[0], 1);
    model_show_set(model, 0);
    model_accept(model);
    model_run(model, 300);
    cxl_dcd_hmp(m, "savevm one");
    for (i = 0; i < 2; i++) {
        saved[i] = g_memdup2(model->bytes[i], SIZE);
    }
    model_run(model, 100);
    snapshot_back(model, saved);
    model_uncommit(model);
    model_show_set(model, 2);
    model_run(model, 100);
    snapshot_back(model, saved);
    model_uncommit(model);
    model_show_alone(model, 1);
    wait_direct(&m->device[1]);
    model_run(model, 100);
    snapshot_back(model, saved);
    for (i = 0; i < 2; i++) {
        CXLDcdDevice *one = &m->device[i];

        g_assert_cmphex(cxl_dcd_give_back(one, { one->dc_base, SIZE }), ==,
                        CXL_DCD_RC_SUCCESS);
        cxl_dcd_wait_clean(one);
    }
    snapshot_back(model, saved);
    for (i = 0; i < 2; i++) {
        g_free(saved[i]);
    }
    cxl_dcd_machine_stop(m);
    model_free(model);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/layout-saved/migrated", migrated);
    qtest_add_func("/cxl-dcd/layout-saved/snapshot", snapshot);
    return g_test_run();
}
