/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: devices that go and come back. Mappings must be
 * gone before the memory is, and what comes back is a device that was never
 * used.
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "cxl-dcd-client.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS

static unsigned devices_in_query(CXLDcdMachine *m)
{
    QDict *reply = qtest_qmp(m->qts,
                             "{'execute':'query-cxl-dynamic-capacity'}");
    unsigned count = qlist_size(qdict_get_qlist(reply, "return"));

    qobject_unref(reply);
    return count;
}

static void unplug(CXLDcdDevice *d)
{
    uint64_t hpa = d->machine->window, value;

    cxl_dcd_device_unplug(d);
    g_assert_cmpuint(devices_in_query(d->machine), ==, 0);
    qtest_writeq(d->machine->qts, hpa, 1234);
    value = qtest_readq(d->machine->qts, hpa);
    g_assert_true(value == 0 || value == UINT64_MAX);
}

static void plug(CXLDcdDevice *d)
{
    cxl_dcd_device_plug(d);
    g_assert_cmpuint(devices_in_query(d->machine), ==, 1);
    cxl_dcd_assert_no_extents(d);
    cxl_dcd_assert_no_events(d);
}

static void idle(CXLDcdDevice *d)
{
    unplug(d);
    plug(d);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
}

static void accepted_and_mapped(CXLDcdDevice *d)
{
    unsigned i;

    for (i = 0; i < 3; i++) {
        uint64_t hpa = cxl_dcd_map(d);

        cxl_dcd_add_accepted(d, { 0, 4 * BLOCK });
        qtest_writeq(d->machine->qts, hpa, 4711);
        g_assert_cmphex(qtest_readq(d->machine->qts, hpa), ==, 4711);
        unplug(d);
        plug(d);
    }
}

/* An operator who takes the device out of its slot by its property */
static void not_twice(void)
{
    CXLDcdMachine *m = cxl_dcd_machine_start(&(CXLDcdOptions) { });
    CXLDcdDevice *d = &m->device[0];
    QTestState *qts = m->qts;
    QDict *reply;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    qtest_qmp_assert_success(qts, "{'execute':'qom-set','arguments':{'path':%s,"
                             "'property':'realized','value':false}}", d->path);
    reply = qtest_qmp(qts, "{'execute':'qom-set','arguments':{'path':%s,"
                      "'property':'realized','value':true}}", d->path);
    g_assert_nonnull(strstr(qdict_get_str(qdict_get_qdict(reply, "error"),
                                          "desc"), "taken out"));
    qobject_unref(reply);
    g_assert_cmpuint(devices_in_query(m), ==, 0);
    cxl_dcd_machine_stop(m);
}

static void pending(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    unplug(d);
    plug(d);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==,
                    CXL_DCD_RC_INVALID_INPUT);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
}

/* Static memory comes back with the device, not only dynamic capacity. */
static void with_static_memory(CXLDcdDevice *d)
{
    unplug(d);
    plug(d);
    unplug(d);
    plug(d);
}

/* A second device beside it keeps what it has. */
static void neighbour_stays(CXLDcdDevice *d)
{
    CXLDcdMachine *m = d->machine;
    CXLDcdDevice *other = &m->device[1];
    CXLDcdDecoder decoder = { .hpa = m->window, .size = CXL_DCD_TEST_GIB,
                              .skip = 1 };

    cxl_dcd_decoder_commit(m, m->host_bridge_hdm, &decoder);
    decoder.skip = other->dc_base;
    cxl_dcd_decoder_commit(m, other->hdm, &decoder);
    cxl_dcd_add_accepted(other, { 0, BLOCK });
    qtest_writeq(m->qts, m->window, 4711);
    cxl_dcd_device_unplug(d);
    g_assert_cmphex(qtest_readq(m->qts, m->window), ==, 4711);
    g_assert_cmpuint(devices_in_query(m), ==, 1);
    cxl_dcd_device_plug(d);
    g_assert_cmphex(qtest_readq(m->qts, m->window), ==, 4711);
}

static uint64_t data_kib(CXLDcdMachine *m)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status",
                                            qtest_pid(m->qts));
    g_autofree char *text = NULL;
    const char *at;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    at = strstr(text, "VmData:");
    g_assert_nonnull(at);
    return g_ascii_strtoull(at + strlen("VmData:"), NULL, 10);
}

/*
 * Neither a bit for each block (256 KiB for 4 TiB) nor the 2 MiB of the DOE
 * mailbox are left behind, each time. The first rounds fill caches.
 */
static void leaves_nothing(CXLDcdDevice *d)
{
    uint64_t before = 0;
    unsigned i;

    if (g_getenv("ASAN_OPTIONS")) {
        g_test_skip("AddressSanitizer keeps what was freed; it finds leaks");
        return;
    }
    for (i = 0; i < 24; i++) {
        if (i == 4) {
            before = data_kib(d->machine);
        }
        cxl_dcd_device_unplug(d);
        cxl_dcd_device_plug(d);
    }
    g_assert_cmpuint(data_kib(d->machine), <, before + 2048);
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions two = { .devices = 2 };
    static const CXLDcdOptions below_a_switch = { .behind_switch = true };
    static const CXLDcdOptions with_static = {
        .static_size = 256 * CXL_DCD_TEST_MIB,
    };
    static const CXLDcdOptions large = {
        .size = 4096 * CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":4398046511104}]",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/hotplug/idle", NULL, idle);
    cxl_dcd_add_case("/cxl-dcd/hotplug/below-a-switch", &below_a_switch, idle);
    cxl_dcd_add_case("/cxl-dcd/hotplug/accepted-and-mapped", NULL,
                     accepted_and_mapped);
    cxl_dcd_add_case("/cxl-dcd/hotplug/with-static-memory", &with_static,
                     with_static_memory);
    cxl_dcd_add_case("/cxl-dcd/hotplug/pending", NULL, pending);
    qtest_add_func("/cxl-dcd/hotplug/not-twice", not_twice);
    cxl_dcd_add_case("/cxl-dcd/hotplug/neighbour-stays", &two, neighbour_stays);
    cxl_dcd_add_case("/cxl-dcd/hotplug/leaves-nothing", &large,
                     leaves_nothing);
    return g_test_run();
}
