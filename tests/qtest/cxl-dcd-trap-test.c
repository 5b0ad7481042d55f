/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: why capacity is trapped, as the query says it
 *
 * What is about limits, poison and sets that are fine or not whole stands with
 * the tests of those (address, poison, layout, set); here is what is about the
 * other members of a set.
 */
#include "qemu/osdep.h"
#include <elf.h>
#include "qemu/bswap.h"
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

/* --- Dumps --- */

/* dump-guest-memory of the first blocks of the window, in ELF */
static GByteArray *dump(CXLDcdDevice *d)
{
    g_autofree char *name = NULL, *uri = NULL;
    gchar *bytes;
    gsize len;

    close(g_file_open_tmp("cxl-dcd-XXXXXX", &name, NULL));
    uri = g_strdup_printf("file:%s", name);
    qtest_qmp_assert_success(d->machine->qts,
        "{'execute':'dump-guest-memory','arguments':{'paging':false,"
        "'protocol':%s,'begin':%" PRIu64 ",'length':%" PRIu64 "}}", uri,
        d->machine->window, (uint64_t)(8 * BLOCK));
    g_assert_true(g_file_get_contents(name, &bytes, &len, NULL));
    unlink(name);
    return g_byte_array_new_take((guint8 *)bytes, len);
}

/* Where the byte at @offset of the window is in it; NULL: it is not */
static const uint8_t *dumped_at(CXLDcdDevice *d, const GByteArray *file,
                                uint64_t offset)
{
    const Elf64_Ehdr *elf = (const Elf64_Ehdr *)(void *)file->data;
    const Elf64_Phdr *header = (const Elf64_Phdr *)(void *)(file->data +
                                                            elf->e_phoff);
    uint64_t hpa = d->machine->window + offset;
    const uint8_t *found = NULL;
    unsigned i;

    for (i = 0; i < elf->e_phnum; i++) {
        if (header[i].p_type == PT_LOAD && hpa >= header[i].p_paddr &&
            hpa - header[i].p_paddr < header[i].p_filesz) {
            /* Once, whoever put it there */
            g_assert_null(found);
            g_assert_cmpuint(header[i].p_offset + header[i].p_filesz, <=,
                             file->len);
            found = file->data + header[i].p_offset +
                    (hpa - header[i].p_paddr);
        }
    }
    return found;
}

static void assert_dumped(CXLDcdDevice *d, const GByteArray *file,
                          uint64_t offset, uint64_t value)
{
    const uint8_t *at = dumped_at(d, file, offset);

    g_assert_nonnull(at);
    g_assert_cmphex(ldq_le_p(at), ==, value);
}

/* Three extents, of which two touch, and none, one or all are mapped */
static void dumped(CXLDcdDevice *d)
{
    static const uint64_t offsets[] = {
        0, 4096, BLOCK - 8, 2 * BLOCK, 4 * BLOCK - 8, 4 * BLOCK, 5 * BLOCK - 8,
    };
    g_autoptr(GByteArray) file = NULL;
    unsigned i;

    cxl_dcd_map(d);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    cxl_dcd_add_accepted(d, { 2 * BLOCK, 2 * BLOCK }, { 4 * BLOCK, BLOCK });
    for (i = 0; i < G_N_ELEMENTS(offsets); i++) {
        qtest_writeq(d->machine->qts, d->machine->window + offsets[i], i + 1);
    }
    file = dump(d);
    for (i = 0; i < G_N_ELEMENTS(offsets); i++) {
        assert_dumped(d, file, offsets[i], i + 1);
    }
    g_assert_null(dumped_at(d, file, BLOCK));
    g_assert_null(dumped_at(d, file, 2 * BLOCK - 1));
    g_assert_null(dumped_at(d, file, 5 * BLOCK));
}

/* All but the page that cannot be read */
static void dumped_poisoned(CXLDcdDevice *d)
{
    g_autoptr(GByteArray) file = NULL;

    cxl_dcd_map(d);
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    qtest_writeq(d->machine->qts, d->machine->window + 4096 - 8, 1);
    qtest_writeq(d->machine->qts, d->machine->window + 8192, 2);
    qtest_qmp_assert_success(d->machine->qts,
        "{'execute':'cxl-inject-poison','arguments':{'path':%s,"
        "'start':%" PRIu64 ",'length':64}}", d->path, d->dc_base + 4096);
    file = dump(d);
    assert_dumped(d, file, 4096 - 8, 1);
    assert_dumped(d, file, 8192, 2);
    g_assert_null(dumped_at(d, file, 4096));
    g_assert_null(dumped_at(d, file, 8191));
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
    static const CXLDcdOptions one_mapping = {
        .properties = ",\"dc-direct-map-limit\":1",
    };
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
    cxl_dcd_add_case("/cxl-dcd/trap/dumped-when-off", &off, dumped);
    cxl_dcd_add_case("/cxl-dcd/trap/dumped-in-part", &one_mapping, dumped);
    cxl_dcd_add_case("/cxl-dcd/trap/dumped-when-mapped", NULL, dumped);
    cxl_dcd_add_case("/cxl-dcd/trap/dumped-when-poisoned", NULL,
                     dumped_poisoned);
    return g_test_run();
}
