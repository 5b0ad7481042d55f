/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: why capacity is trapped, as the query says it
 *
 * What is about limits, poison and sets that are fine or not whole stands with
 * the tests of those (address, poison, layout, set); here is what is about the
 * other members of a set.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"
#include "cxl-dcd-client-pci.h"
#include "hw/pci/pci_regs.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define BY_PAGE 4                 /* 256 << 4 */

static void assert_why(CXLDcdDevice *d, const char *why)
{
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "trapped"), ==, 1);
    g_assert_cmpuint(cxl_dcd_query_count(d, "trapped-by", why), ==, 1);
}

static void switched_off(CXLDcdDevice *d)
{
    cxl_dcd_map(d);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    assert_why(d, "switched-off");
}

static void read_only(CXLDcdDevice *d)
{
    cxl_dcd_map(d);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    assert_why(d, "read-only");
}

/* The other member's driver has let go of it: both are trapped by that */
static void no_bus_master(CXLDcdDevice *d)
{
    CXLDcdDevice *other = &d->machine->device[1];
    uint16_t command;

    cxl_dcd_set_commit(d->machine, 1, BY_PAGE);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    assert_why(d, "incomplete");
    cxl_dcd_add_accepted(other, { 0, BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 1);
    command = qtest_readw(d->machine->qts, other->config + PCI_COMMAND);
    qtest_writew(d->machine->qts, other->config + PCI_COMMAND,
                 command & ~PCI_COMMAND_MASTER);
    assert_why(d, "no-bus-master");
    assert_why(other, "no-bus-master");
    qtest_writew(d->machine->qts, other->config + PCI_COMMAND, command);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==, 1);
}

/* A guest may make a set of dynamic and static memory; nobody dies of it */
static void with_static(CXLDcdDevice *d)
{
    CXLDcdMachine *machine = d->machine;
    CXLDcdDevice *other = &machine->device[1];

    cxl_dcd_device_unplug(other);
    g_free(other->json);
    other->json = g_strdup("{\"driver\":\"cxl-type3\",\"bus\":\"rp1\","
                           "\"id\":\"cxl-mem1\",\"sn\":2,"
                           "\"volatile-memdev\":\"static\"}");
    {
        g_autofree char *json = g_strdup_printf(
            "{\"execute\":\"device_add\",\"arguments\":%s}", other->json);

        cxl_dcd_qmp_does(machine, json);
    }
    cxl_dcd_slot_power(other, true);
    cxl_dcd_setup_device(machine, 1);
    other->dc_base = 0;
    cxl_dcd_set_commit(machine, 1, BY_PAGE);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    assert_why(d, "incomplete");
}

/* A set that is shown in another way: its bytes are on their way, no more */
static void moving(CXLDcdDevice *d)
{
    CXLDcdMachine *machine = d->machine;
    CXLDcdDecoder alone = {
        .hpa = machine->window, .size = 512 * CXL_DCD_TEST_MIB,
    };
    unsigned i;

    cxl_dcd_set_commit(machine, 1, 0);
    for (i = 0; i < 2; i++) {
        cxl_dcd_add_accepted(&machine->device[i], { 0, 128 * BLOCK });
        g_assert_cmpuint(cxl_dcd_query_count(&machine->device[i], "trapped-by",
                                             "limit"), ==, 0);
    }
    for (i = 0; i < 2; i++) {
        cxl_dcd_decoder_uncommit(machine, machine->device[i].hdm, 0);
    }
    cxl_dcd_decoder_uncommit(machine, machine->host_bridge_hdm, 0);
    cxl_dcd_decoder_commit(machine, machine->host_bridge_hdm, &alone);
    alone.skip = d->dc_base;
    cxl_dcd_decoder_commit(machine, d->hdm, &alone);
    while (cxl_dcd_query_count(d, "mapping", "trapped")) {
        g_assert_cmpuint(cxl_dcd_query_count(d, "trapped-by", "limit"), ==, 0);
        g_usleep(1000);
    }
    g_assert_cmpuint(cxl_dcd_query_count(d, "layout", "plain"), ==, 1);
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions off = {
        .properties = ",\"dc-direct-map\":false",
    };
    static const CXLDcdOptions reading = {
        .regions = "[{\"size\":1073741824,\"flags\":[\"read-only\"]}]",
        .size = CXL_DCD_TEST_GIB,
    };
    static const CXLDcdOptions two = { .devices = 2 };
    static const CXLDcdOptions mixed = {
        .devices = 2,
        .arguments = " -object memory-backend-ram,id=static,size=1G ",
    };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/trap/switched-off", &off, switched_off);
    cxl_dcd_add_case("/cxl-dcd/trap/read-only", &reading, read_only);
    cxl_dcd_add_case("/cxl-dcd/trap/no-bus-master", &two, no_bus_master);
    cxl_dcd_add_case("/cxl-dcd/trap/with-static", &mixed, with_static);
    cxl_dcd_add_case("/cxl-dcd/trap/moving", &two, moving);
    return g_test_run();
}
