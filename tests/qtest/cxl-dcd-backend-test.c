/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: memory backends that cannot keep what is offered
 */
#include "qemu/osdep.h"
#include <sched.h>
#include <sys/mount.h>
#include "cxl-dcd-client.h"

#define BLOCK CXL_DCD_TEST_BLOCK
#define SIZE  (256 * CXL_DCD_TEST_MIB)
#define REGIONS "[{\"size\":268435456}]"
#define NEW "{\"execute\":\"device_add\",\"arguments\":{" \
            "\"driver\":\"cxl-type3\",\"id\":\"new\",\"bus\":\"rp8\"," \
            "\"dc-memdev\":\"odd\",\"dc-regions\":" REGIONS "%s}}"
#define ADD "{'execute':'cxl-add-dynamic-capacity','arguments':{" \
            "'path':'/machine/peripheral/new','region':0," \
            "'extents':[{'offset':0,'len':2097152}]}}"

static const CXLDcdOptions one_more_port = {
    .arguments =
        "-device cxl-rp,id=rp8,bus=cxl.0,chassis=0,slot=8,port=8 ",
};

static void read_only(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    g_autofree char *add = g_strdup_printf(NEW, "");
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("cxl-dcd-XXXXXX", &name, NULL);

    g_assert_cmpint(ftruncate(fd, SIZE), ==, 0);
    close(fd);
    qtest_qmp_assert_success(qts, "{'execute':'object-add','arguments':{"
        "'qom-type':'memory-backend-file','id':'odd','size':268435456,"
        "'mem-path':%s,'readonly':true,'rom':'on'}}", name);
    cxl_dcd_qmp_fails(d->machine, add, "is read-only");
    unlink(name);
}

/* Huge pages, of which there are none: whoever touched one would get SIGBUS */
static void no_room(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    g_autofree char *add = g_strdup_printf(NEW, "");
    g_autofree char *reserved = NULL;
    QDict *response;

    if (!g_file_get_contents("/proc/sys/vm/nr_hugepages", &reserved, NULL,
                             NULL) || g_strcmp0(g_strstrip(reserved), "0")) {
        g_test_skip("this machine has huge pages to give");
        return;
    }
    response = qtest_qmp(qts, "{'execute':'object-add','arguments':{"
        "'qom-type':'memory-backend-memfd','id':'odd','size':268435456,"
        "'hugetlb':true,'reserve':false,'share':true}}");
    if (qdict_haskey(response, "error")) {
        g_test_skip("this machine knows no huge pages");
        qobject_unref(response);
        return;
    }
    qobject_unref(response);
    qtest_qmp_send_raw(qts, "%s", add);
    response = qtest_qmp_receive(qts);
    g_assert_true(qdict_haskey(response, "return"));
    qobject_unref(response);
    cxl_dcd_qmp_fails(d->machine, ADD, "has no room for 0x200000 bytes more");
    response = qtest_qmp(qts, "{'execute':'query-cxl-dynamic-capacity',"
                         "'arguments':{'path':'/machine/peripheral/new'}}");
    g_assert_true(qlist_empty(qdict_get_qlist(qobject_to(QDict, qlist_peek(
        qdict_get_qlist(response, "return"))), "extents")));
    qobject_unref(response);
}

static uint64_t bytes_of(const char *name)
{
    struct stat st;

    g_assert_cmpint(stat(name, &st), ==, 0);
    return st.st_blocks * 512;
}

static uint64_t taken(CXLDcdOptions *options, const char *properties)
{
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("cxl-dcd-XXXXXX", &name, NULL);
    CXLDcdMachine *machine;
    uint64_t before, after;

    options->memory_file = name;
    options->properties = properties;
    machine = cxl_dcd_machine_start(options);
    before = bytes_of(name);
    close(fd);
    cxl_dcd_qmp_add(&machine->device[0], CXL_DCD_EXTENTS({ 0, 2 * BLOCK }));
    after = bytes_of(name);
    cxl_dcd_machine_stop(machine);
    unlink(name);
    return after - before;
}

static void taken_when_offered(void)
{
    CXLDcdOptions options = { .size = SIZE, .regions = REGIONS };

    g_assert_cmpuint(taken(&options, NULL), >=, 2 * BLOCK);
    g_assert_cmpuint(taken(&options, NULL), <, 16 * BLOCK);
    g_assert_cmpuint(taken(&options, ",\"dc-prealloc\":true"), >=, 2 * BLOCK);
    g_assert_cmpuint(taken(&options, ",\"dc-prealloc\":false"), ==, 0);
}

/* A file system of @bytes that only this process sees; NULL: it may not */
static char *small_disk(uint64_t bytes)
{
    g_autofree char *data = g_strdup_printf("size=%" PRIu64, bytes);
    char *folder;

    if (unshare(CLONE_NEWNS) ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
        return NULL;
    }
    folder = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL);
    if (mount("none", folder, "tmpfs", 0, data)) {
        rmdir(folder);
        g_clear_pointer(&folder, g_free);
    }
    return folder;
}

/* What was offered is there, and what is not there is not offered. */
static void full_disk(void)
{
    g_autofree char *folder = small_disk(4 * BLOCK);
    g_autofree char *name = g_strdup_printf("%s/memory", folder);
    CXLDcdOptions options = {
        .size = SIZE, .regions = REGIONS, .memory_file = name,
    };
    CXLDcdMachine *machine;
    CXLDcdDevice *d;
    uint64_t hpa;

    if (!folder) {
        g_test_skip("this process may not mount a file system");
        return;
    }
    machine = cxl_dcd_machine_start(&options);
    d = &machine->device[0];
    hpa = cxl_dcd_map(d);
    cxl_dcd_add_accepted(d, { 0, 3 * BLOCK });
    cxl_dcd_qmp_add(d, .error = "has no room",
                    CXL_DCD_EXTENTS({ 8 * BLOCK, 2 * BLOCK }));
    cxl_dcd_qmp_add(d, .error = "has no room", .policy = "free",
                    .length = 8 * BLOCK);
    cxl_dcd_add_accepted(d, { 8 * BLOCK, BLOCK });
    cxl_dcd_qmp_add(d, .error = "has no room",
                    CXL_DCD_EXTENTS({ 16 * BLOCK, BLOCK }));
    qtest_memset(machine->qts, hpa, 0x5a, 3 * BLOCK);
    qtest_memset(machine->qts, hpa + 8 * BLOCK, 0x5a, BLOCK);
    /* What is given back makes room */
    cxl_dcd_give_back(d, { d->dc_base, BLOCK });
    cxl_dcd_wait_clean(d);
    cxl_dcd_add_accepted(d, { 16 * BLOCK, BLOCK });
    qtest_memset(machine->qts, hpa + 16 * BLOCK, 0x5a, BLOCK);
    cxl_dcd_machine_stop(machine);
    umount(folder);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/backend/read-only", &one_more_port, read_only);
    cxl_dcd_add_case("/cxl-dcd/backend/no-room", &one_more_port, no_room);
    qtest_add_func("/cxl-dcd/backend/taken-when-offered", taken_when_offered);
    /* Last: the file systems are this process's own from then on */
    qtest_add_func("/cxl-dcd/backend/full-disk", full_disk);
    return g_test_run();
}
