/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: persistent regions outlive QEMU
 */
#include "qemu/osdep.h"
#include "cxl-dcd-persist-test.h"

#define SHARED  "[{\"size\":268435456," \
                "\"flags\":[\"nonvolatile\",\"sharable\"]}]"

/*
 * Ends QEMU, when all is saved. @copied: what is found later are copies of its
 * files, made while it ran, before it could tidy up.
 */
static void stop(CXLDcdMachine *m, const Store *store, bool copied)
{
    g_autofree char *command = g_strdup_printf(
        "sh -c 'cd %s && mkdir copy && "
        "cp --preserve=xattr --sparse=always memory state copy'",
        store->directory);
    g_autofree char *back = g_strdup_printf(
        "sh -c 'cd %s && mv -f copy/memory copy/state . && rmdir copy'",
        store->directory);
    int status;

    assert_saved(&m->device[0], store);
    if (copied) {
        g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &status,
                                                NULL));
        g_assert_cmpint(status, ==, 0);
        cxl_dcd_give_back(&m->device[0], { m->device[0].dc_base, BLOCK });
    }
    cxl_dcd_machine_stop(m);
    if (copied) {
        g_assert_true(g_spawn_command_line_sync(back, NULL, NULL, &status,
                                                NULL));
        g_assert_cmpint(status, ==, 0);
    }
}

static void restart(bool copied)
{
    Store store = store_begin(BOTH, 2 * REGION);
    CXLDcdMachine *m = cxl_dcd_machine_start(&store.options);
    CXLDcdDevice *d = &m->device[0];
    uint64_t hpa = cxl_dcd_map(d);

    offer_and_accept(d, 0, 0, 2 * BLOCK, NULL);
    offer_and_accept(d, 0, 8 * BLOCK, BLOCK, TAG);
    offer_and_accept(d, 0, 16 * BLOCK, BLOCK, NULL);
    offer_and_accept(d, 1, 0, BLOCK, NULL);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 24 * BLOCK, BLOCK }));
    qtest_memset(m->qts, hpa, 0x5a, 2 * BLOCK);
    qtest_writeq(m->qts, hpa + 8 * BLOCK, 4711);
    qtest_writeq(m->qts, hpa + REGION, 815);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base + 16 * BLOCK, BLOCK }),
                    ==, SUCCESS);
    stop(m, &store, copied);

    m = cxl_dcd_machine_start(&store.options);
    d = &m->device[0];
    hpa = cxl_dcd_map(d);
    cxl_dcd_assert_extents(d, { d->dc_base, 2 * BLOCK },
                           { d->dc_base + 8 * BLOCK, BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(d, "tag", TAG), ==, 1);
    g_assert_cmphex(qtest_readq(m->qts, hpa), ==, 0x5a5a5a5a5a5a5a5aULL);
    g_assert_cmphex(qtest_readq(m->qts, hpa + 2 * BLOCK - 8), ==,
                    0x5a5a5a5a5a5a5a5aULL);
    g_assert_cmphex(qtest_readq(m->qts, hpa + 8 * BLOCK), ==, 4711);
    g_assert_cmphex(qtest_readq(m->qts, hpa + REGION), ==, UINT64_MAX);
    /* The offer is gone, and what was volatile is clean for its next owner */
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + 24 * BLOCK, BLOCK }), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    offer_and_accept(d, 1, 0, BLOCK, NULL);
    g_assert_cmphex(qtest_readq(m->qts, hpa + REGION), ==, 0);
    stop(m, &store, copied);
    store_end(&store);
}

static void restart_after_end(void)
{
    restart(false);
}

static void restart_from_saved_copy(void)
{
    restart(true);
}

/* Power loss takes shared capacity (9.5); a reference keeps it. */
static void shared_and_referenced(void)
{
    Store store = store_begin(SHARED, REGION);
    CXLDcdMachine *m = cxl_dcd_machine_start(&store.options);
    CXLDcdDevice *d = &m->device[0];

    offer_and_accept(d, 0, 0, BLOCK, TAG);
    offer_and_accept(d, 0, 4 * BLOCK, BLOCK,
                     "30313233-3435-3637-3839-3a3b3c3d3e3f");
    qtest_qmp_assert_success(m->qts,
        "{'execute':'cxl-dynamic-capacity-reference',"
        "'arguments':{'path':%s,'tag':%s,'held':true}}", d->path, TAG);
    stop(m, &store, false);

    m = cxl_dcd_machine_start(&store.options);
    d = &m->device[0];
    cxl_dcd_assert_no_extents(d);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "referenced"), ==, 1);
    g_assert_cmpuint(cxl_dcd_query_count(d, "tag", TAG), ==, 1);
    stop(m, &store, false);
    store_end(&store);
}

static void across_unplug(void)
{
    Store store = store_begin(BOTH, 2 * REGION);
    CXLDcdMachine *m = cxl_dcd_machine_start(&store.options);
    CXLDcdDevice *d = &m->device[0];

    offer_and_accept(d, 0, 0, BLOCK, TAG);
    offer_and_accept(d, 1, 0, BLOCK, NULL);
    cxl_dcd_device_unplug(d);
    cxl_dcd_device_plug(d);
    cxl_dcd_assert_extents(d, { d->dc_base, BLOCK });
    stop(m, &store, false);
    store_end(&store);
}

/* --- Files that cannot be used --- */

static void put_file(const Store *store, const char *bytes, size_t len)
{
    g_assert_true(g_file_set_contents(store->state, bytes, len, NULL));
}

static void bad_files(void)
{
    static const char sn[] = ",\"sn\":1";
    Store store = store_begin(BOTH, 2 * REGION);
    CXLDcdMachine *m = cxl_dcd_machine_start(&store.options);
    g_autofree char *good = NULL, *bad = NULL, *after = NULL;
    size_t len, after_len, i;

    offer_and_accept(&m->device[0], 0, 0, BLOCK, TAG);
    cxl_dcd_device_unplug(&m->device[0]);
    g_assert_true(g_file_get_contents(store.state, &good, &len, NULL));
    bad = g_malloc(len + 1);
    for (i = 0; i < len; i++) {
        memcpy(bad, good, len);
        bad[i] ^= 1;
        put_file(&store, bad, len);
        refuse(m, &store, sn, BOTH, "cannot be used: it is ");
    }
    memcpy(bad, good, len);
    for (i = 0; i < len; i += 7) {
        put_file(&store, bad, i);
        refuse(m, &store, sn, BOTH, i < 16 ? "not a file of dynamic"
                                            : "cannot be used: it is ");
    }
    put_file(&store, bad, len + 1);
    refuse(m, &store, sn, BOTH, "truncated or has been appended to");
    g_assert_true(g_file_get_contents(store.state, &after, &after_len, NULL));
    g_assert_cmpmem(after, after_len, bad, len + 1);
    put_file(&store, good, len);
    refuse(m, &store, ",\"sn\":2", BOTH,
           "belongs to the device with sn=0x1, this one has sn=0x2");
    refuse(m, &store, sn, SHARED, "another configuration");
    refuse(m, &store, sn, "[{\"size\":134217728,\"flags\":[\"nonvolatile\"]},"
           "{\"size\":268435456}]", "region 0 has another base, length");
    refuse(m, &store, sn, "[{\"size\":268435456}]", "the flag nonvolatile");
    /* Good as it was, all that notwithstanding */
    cxl_dcd_device_plug(&m->device[0]);
    cxl_dcd_assert_extents(&m->device[0], { m->device[0].dc_base, BLOCK });
    cxl_dcd_machine_stop(m);
    store_end(&store);
}

static void bad_places(void)
{
    Store store = store_begin(BOTH, 2 * REGION);
    CXLDcdMachine *m = cxl_dcd_machine_start(&store.options);
    Store elsewhere = store;

    cxl_dcd_device_unplug(&m->device[0]);
    elsewhere.state = store.directory;
    refuse(m, &elsewhere, "", BOTH, "is not a file of dynamic capacity state");
    elsewhere.state = g_build_filename(store.directory, "none", "state", NULL);
    refuse(m, &elsewhere, "", BOTH, "cannot be written to");
    g_free(elsewhere.state);
    cxl_dcd_device_plug(&m->device[0]);
    cxl_dcd_machine_stop(m);
    store_end(&store);
}

/* What the host was answered is there, however soon after it QEMU is killed */
static void killed_after_answers(void)
{
    unsigned i;

    for (i = 0; i < 8; i++) {
        Store store = store_begin(BOTH, 2 * REGION);
        CXLDcdMachine *m = cxl_dcd_machine_start(&store.options);
        CXLDcdDevice *d = &m->device[0];

        cxl_dcd_qmp_add(d, .region = 0, CXL_DCD_EXTENTS({ 0, 4 * BLOCK }));
        g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, 4 * BLOCK }), ==,
                        SUCCESS);
        if (i & 1) {
            g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==,
                            SUCCESS);
        }
        cxl_dcd_machine_kill(m);
        m = cxl_dcd_machine_start(&store.options);
        d = &m->device[0];
        if (i & 1) {
            cxl_dcd_assert_extents(d, { d->dc_base + BLOCK, 3 * BLOCK });
        } else {
            cxl_dcd_assert_extents(d, { d->dc_base, 4 * BLOCK });
        }
        cxl_dcd_machine_stop(m);
        store_end(&store);
    }
}

/* A command that waits for the disk ends with a reset, as any does */
static void reset_on_slow_disk(void)
{
    Store store = store_begin(BOTH, 2 * REGION);
    CXLDcdMachine *m = cxl_dcd_machine_start(&store.options);
    CXLDcdDevice *d = &m->device[0];
    g_autofree char *fresh = g_strdup_printf("%s.new", store.state);
    CXLDcdSpan offer = { d->dc_base, BLOCK };
    int fd;

    assert_saved(d, &store);
    g_assert_cmpint(mkfifo(fresh, 0600), ==, 0);
    cxl_dcd_qmp_add(d, .region = 0, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_begin_accept(d, offer);
    g_assert_true(cxl_dcd_doorbell(d));
    cxl_dcd_machine_reset(m);
    g_assert_false(cxl_dcd_doorbell(d));
    fd = open(fresh, O_RDONLY | O_NONBLOCK);
    g_assert_cmpint(fd, >=, 0);
    assert_saved(d, &store);
    g_assert_false(cxl_dcd_doorbell(d));
    close(fd);
    cxl_dcd_machine_stop(m);
    store_end(&store);
}

/* A disk that does not answer does not stop the machine. */
static void slow_disk(void)
{
    Store store = store_begin(BOTH, 2 * REGION);
    CXLDcdMachine *m = cxl_dcd_machine_start(&store.options);
    CXLDcdDevice *d = &m->device[0];
    g_autofree char *fresh = g_strdup_printf("%s.new", store.state);
    CXLDcdSpan offer = { d->dc_base, BLOCK };
    unsigned i;
    int fd;

    assert_saved(d, &store);
    /* Who opens it waits for somebody to read it */
    g_assert_cmpint(mkfifo(fresh, 0600), ==, 0);
    cxl_dcd_qmp_add(d, .region = 0, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_begin_accept(d, offer);
    /* Not said before it is written, while the machine goes on */
    for (i = 0; i < 100; i++) {
        g_assert_true(cxl_dcd_doorbell(d));
        g_assert_false(saved(d, &store));
        g_usleep(1000);
    }
    fd = open(fresh, O_RDONLY | O_NONBLOCK);
    g_assert_cmpint(fd, >=, 0);
    /* A pipe cannot be synced: that one failed, which must not stop the host */
    while (cxl_dcd_doorbell(d)) {
        g_usleep(1000);
    }
    /* It is tried again, and what came since with it */
    for (i = 1; i < 8; i++) {
        offer_and_accept(d, 0, i * 2 * BLOCK, BLOCK, NULL);
    }
    assert_saved(d, &store);
    close(fd);
    cxl_dcd_machine_stop(m);

    m = cxl_dcd_machine_start(&store.options);
    g_assert_cmpuint(cxl_dcd_query_count(&m->device[0], "state", "accepted"),
                     ==, 8);
    cxl_dcd_machine_stop(m);
    store_end(&store);
}

/* It has been tried: a request that would change nothing is refused, too. */
static void wait_failed(CXLDcdDevice *d, const char *why)
{
    gint64 limit = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;
    bool failed;

    do {
        QDict *response = qtest_qmp(d->machine->qts,
            "{'execute':'cxl-set-dynamic-capacity-region','arguments':{"
            "'path':%s,'region':1,'block-size':%u}}", d->path, (int)BLOCK);
        QDict *error = qdict_get_qdict(response, "error");

        failed = error && strstr(qdict_get_str(error, "desc"), why);
        qobject_unref(response);
        g_assert_cmpint(g_get_monotonic_time(), <, limit);
    } while (!failed);
}

/* A disk that refuses: nothing is answered that a crash would take back. */
static void failing_disk(void)
{
    static const char why[] = "cannot be written to";
    Store store = store_begin(BOTH, 2 * REGION);
    CXLDcdMachine *m = cxl_dcd_machine_start(&store.options);
    CXLDcdDevice *d = &m->device[0];
    g_autofree char *fresh = g_strdup_printf("%s.new", store.state);
    CXLDcdSpan offer = { d->dc_base, BLOCK };
    g_autofree char *region = g_strdup_printf(
        "{'execute':'cxl-set-dynamic-capacity-region','arguments':{"
        "'path':'%s','region':0,'sanitize-on-release':false}}", d->path);

    offer_and_accept(d, 0, 8 * BLOCK, BLOCK, NULL);
    assert_saved(d, &store);
    g_assert_cmpint(mkdir(fresh, 0700), ==, 0);
    cxl_dcd_qmp_add(d, .region = 0, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_qmp_add(d, .region = 1, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_begin_accept(d, offer);
    wait_failed(d, why);
    cxl_dcd_qmp_add(d, .region = 0, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }),
                    .error = why);
    cxl_dcd_qmp_release(d, .forced = true, .region = 0, .error = why,
                        CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
    cxl_dcd_qmp_fails(m, region, why);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "accepted"), ==, 2);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, 1);
    g_assert_true(cxl_dcd_doorbell(d));
    /* A reset ends it, as it ends everything */
    cxl_dcd_machine_reset(m);
    g_assert_false(cxl_dcd_doorbell(d));
    g_assert_false(saved(d, &store));

    g_assert_cmpint(rmdir(fresh), ==, 0);
    assert_saved(d, &store);
    cxl_dcd_machine_kill(m);
    m = cxl_dcd_machine_start(&store.options);
    d = &m->device[0];
    cxl_dcd_assert_extents(d, { d->dc_base, BLOCK },
                           { d->dc_base + 8 * BLOCK, BLOCK });

    /* Answered when there is room again, and not before */
    g_assert_cmpint(mkdir(fresh, 0700), ==, 0);
    cxl_dcd_begin_update(d, CXL_DCD_OP_RELEASE, offer);
    for (unsigned i = 0; i < 100; i++) {
        g_assert_true(cxl_dcd_doorbell(d));
        g_usleep(1000);
    }
    g_assert_cmpint(rmdir(fresh), ==, 0);
    while (cxl_dcd_doorbell(d)) {
        g_usleep(1000);
    }
    cxl_dcd_machine_kill(m);
    m = cxl_dcd_machine_start(&store.options);
    d = &m->device[0];
    cxl_dcd_assert_extents(d, { d->dc_base + 8 * BLOCK, BLOCK });
    cxl_dcd_machine_stop(m);
    store_end(&store);
}

static void needs_shared_file(void)
{
    Store store = store_begin(BOTH, 2 * REGION);
    CXLDcdMachine *m;

    store.options.memory_file = NULL;
    store.options.properties = NULL;
    m = cxl_dcd_machine_start(&store.options);
    cxl_dcd_device_unplug(&m->device[0]);
    refuse(m, &store, "", BOTH, "memory-backend-file with share=on");
    cxl_dcd_machine_stop(m);
    store_end(&store);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/persist/restart-after-end", restart_after_end);
    qtest_add_func("/cxl-dcd/persist/restart-from-saved-copy",
                   restart_from_saved_copy);
    qtest_add_func("/cxl-dcd/persist/shared-and-referenced",
                   shared_and_referenced);
    qtest_add_func("/cxl-dcd/persist/across-unplug", across_unplug);
    qtest_add_func("/cxl-dcd/persist/bad-files", bad_files);
    qtest_add_func("/cxl-dcd/persist/bad-places", bad_places);
    qtest_add_func("/cxl-dcd/persist/killed-after-answers",
                   killed_after_answers);
    qtest_add_func("/cxl-dcd/persist/slow-disk", slow_disk);
    qtest_add_func("/cxl-dcd/persist/failing-disk", failing_disk);
    qtest_add_func("/cxl-dcd/persist/reset-on-slow-disk", reset_on_slow_disk);
    qtest_add_func("/cxl-dcd/persist/needs-shared-file", needs_shared_file);
    return g_test_run();
}
