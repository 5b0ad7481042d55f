/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: machines, from their command line to their end
 */
#include "qemu/osdep.h"
#include <sys/syscall.h>
#include "libqos/libqos-pc.h"
#include "cxl-dcd-client-pci.h"

#define SAVE_POLLS         6000     /* of 10 ms */

/* What -device and device_add take. Caller frees. */
static char *cxl_dcd_device_json(const CXLDcdOptions *options, unsigned index)
{
    GString *json = g_string_new(NULL);

    g_string_append_printf(json,
        "{\"driver\":\"cxl-type3\",\"bus\":\"rp%u\",\"id\":\"cxl-mem%u\","
        "\"sn\":%u", index, index, index + 1);
    if (options->static_only) {
        g_assert_cmpuint(options->static_size, >, 0);
    } else if (options->short_regions) {
        g_string_append_printf(json,
            ",\"volatile-dc-memdev\":\"dcmem%u\",\"num-dc-regions\":%u",
            index, options->short_regions);
    } else if (options->pool) {
        g_string_append_printf(json, ",\"dc-pool\":\"dcmem%u\",\"host-id\":%u",
                               index, options->host);
        if (options->regions) {
            g_string_append_printf(json, ",\"dc-regions\":%s",
                                   options->regions);
        }
    } else {
        g_string_append_printf(json,
            ",\"dc-memdev\":\"dcmem%u\",\"dc-regions\":%s",
            index, options->regions ?: CXL_DCD_TEST_REGIONS);
    }
    if (options->static_size) {
        g_string_append_printf(json, ",\"volatile-memdev\":\"vmem%u\"", index);
    }
    if (options->fm_eid) {
        g_string_append_printf(json, ",\"fmapi-eid\":%u",
                               options->fm_eid + index);
    }
    g_string_append_printf(json, "%s}", options->properties ?: "");
    return g_string_free(json, false);
}

char *cxl_dcd_memory_file(const CXLDcdOptions *options, unsigned index)
{
    return index ? g_strdup_printf("%s.%u", options->memory_file, index)
                 : g_strdup(options->memory_file);
}

static void cxl_dcd_device_arguments(GString *args,
                                     const CXLDcdOptions *options,
                                     const CXLDcdDevice *device, unsigned index)
{
    uint64_t size = options->short_regions ? CXL_DCD_TEST_GIB :
                    options->regions ? options->size : CXL_DCD_TEST_SIZE;

    if (options->pool) {
        g_string_append_printf(args, "-object cxl-dc-pool,id=dcmem%u,size=%"
                               PRIu64 ",path=%s ", index, options->size,
                               options->pool);
    } else if (options->memory_file) {
        g_autofree char *file = cxl_dcd_memory_file(options, index);

        g_string_append_printf(args,
            "-object memory-backend-file,id=dcmem%u,size=%" PRIu64 ",share=on,"
            "mem-path=%s ", index, size, file);
    } else {
        g_string_append_printf(args,
            "-object memory-backend-ram,id=dcmem%u,size=%" PRIu64
            ",reserve=off ", index, size);
    }
    if (options->behind_switch) {
        g_string_append_printf(args,
            "-device cxl-downstream,id=rp%u,bus=up0,chassis=0,slot=%u,port=%u ",
            index, index + 1, index);
    } else {
        unsigned bridges = options->bridges ?: 1;

        g_string_append_printf(args,
            "-device cxl-rp,id=rp%u,bus=cxl.%u,chassis=0,slot=%u,port=%u ",
            index, index % bridges, index, index / bridges);
    }
    if (options->static_size) {
        g_string_append_printf(args,
            "-object memory-backend-ram,id=vmem%u,size=%" PRIu64 " ",
            index, options->static_size);
    }
    g_string_append_printf(args, "-device '%s' ", device->json);
}

/*
 * Under the qtest accelerator no processor runs: any ROM will do, and this one
 * does not depend on what firmware packages the machine has. Caller unlinks.
 */
static char *cxl_dcd_empty_rom(void)
{
    char *path;
    int fd = g_file_open_tmp("cxl-dcd-rom-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, 64 * 1024), ==, 0);
    close(fd);
    return path;
}

static void cxl_dcd_read_dc_base(CXLDcdDevice *device)
{
    CXLDcdHostConfig config;

    g_assert_cmphex(cxl_dcd_get_config(device, 1, 0, &config), ==,
                    CXL_DCD_RC_SUCCESS);
    device->dc_base = cxl_dcd_get64(config.region[0].base);
}

/* What is between the root complex and the devices' ports */
static void cxl_dcd_bridge_arguments(GString *args,
                                     const CXLDcdOptions *options)
{
    unsigned i, bridges = options->bridges ?: 1;

    for (i = 0; i < bridges; i++) {
        g_string_append_printf(args,
            "-device pxb-cxl,id=cxl.%u,bus=pcie.0,bus_nr=%u,"
            "hdm_for_passthrough=%s ", i, cxl_dcd_bridge_bus(i),
            options->host_bridge_decoders ? "on" : "off");
    }
    g_string_append_printf(args, "-M cxl-fmw.0.size=64G,"
                           "cxl-fmw.0.interleave-granularity=%u",
                           options->granularity ?: 256);
    for (i = 0; i < bridges; i++) {
        g_string_append_printf(args, ",cxl-fmw.0.targets.%u=cxl.%u", i, i);
    }
    g_string_append_c(args, ' ');
    if (options->behind_switch) {
        g_string_append(args,
            "-device cxl-rp,id=root0,bus=cxl.0,chassis=0,slot=0,port=0 "
            "-device cxl-upstream,id=up0,bus=root0 ");
    }
}

/* QEMU with the devices, nothing touched yet; @more goes behind the rest. */
static CXLDcdMachine *cxl_dcd_machine_launch(const CXLDcdOptions *options,
                                             const char *more)
{
    CXLDcdMachine *machine = g_new0(CXLDcdMachine, 1);
    g_autoptr(GString) args = g_string_new(NULL);
    g_autofree char *rom = options->rom ? NULL : cxl_dcd_empty_rom();
    unsigned i;

    machine->device_count = options->devices ?: 1;
    g_assert_cmpuint(machine->device_count, <=, CXL_DCD_TEST_MAX_DEVICES);
    machine->bridges = options->bridges ?: 1;
    machine->behind_switch = options->behind_switch;
    g_string_append_printf(args,
        "-machine q35,cxl=on -nodefaults -bios %s ", rom ?: options->rom);
    cxl_dcd_bridge_arguments(args, options);
    for (i = 0; i < machine->device_count; i++) {
        CXLDcdDevice *device = &machine->device[i];

        device->machine = machine;
        device->path = g_strdup_printf("/machine/peripheral/cxl-mem%u", i);
        device->json = cxl_dcd_device_json(options, i);
        device->host = options->host;
        cxl_dcd_device_arguments(args, options, device, i);
    }
    machine->qs = qtest_pc_boot("%s%s%s", args->str, options->arguments ?: "",
                                more);
    machine->qts = machine->qs->qts;
    if (rom) {
        unlink(rom);
    }
    return machine;
}

CXLDcdMachine *cxl_dcd_machine_start(const CXLDcdOptions *options)
{
    CXLDcdMachine *machine = cxl_dcd_machine_launch(options, "");
    unsigned i;

    machine->msi_area = guest_alloc(&machine->qs->alloc, 0x1000);
    cxl_dcd_read_cedt(machine);
    cxl_dcd_machine_enumerate(machine);
    for (i = 0; i < machine->device_count && !options->static_only; i++) {
        cxl_dcd_read_dc_base(&machine->device[i]);
    }
    return machine;
}

/* Wait until a migration, of either direction, has ended like this. */
void cxl_dcd_machine_migrated(CXLDcdMachine *machine, const char *want)
{
    int polls;

    for (polls = 0; polls < SAVE_POLLS; polls++) {
        QDict *reply = qtest_qmp(machine->qts, "{'execute':'query-migrate'}");
        g_autofree char *status = g_strdup(
            qdict_get_try_str(qdict_get_qdict(reply, "return"), "status"));

        qobject_unref(reply);
        if (!g_strcmp0(status, want)) {
            return;
        }
        if (!g_strcmp0(status, "failed") || !g_strcmp0(status, "completed")) {
            g_assert_cmpstr(status, ==, want);
        }
        g_usleep(10000);
    }
    g_assert_not_reached();
}

void cxl_dcd_machine_save(CXLDcdMachine *machine, const char *file)
{
    qtest_qmp_assert_success(machine->qts,
        "{'execute':'migrate-set-capabilities','arguments':{'capabilities':"
        "[{'capability':'events','state':true}]}}");
    qtest_qmp_send(machine->qts,
                   "{'execute':'migrate','arguments':{'uri':%s}}", file);
    qobject_unref(qtest_qmp_receive(machine->qts));
    cxl_dcd_machine_migrated(machine, "completed");
}

CXLDcdMachine *cxl_dcd_machine_listen(const CXLDcdOptions *options,
                                      const CXLDcdMachine *source,
                                      const char *uri)
{
    CXLDcdMachine *machine = cxl_dcd_machine_launch(options,
                                                    "-incoming defer");
    unsigned i;

    machine->window = source->window;
    machine->window_size = source->window_size;
    memcpy(machine->bridge, source->bridge, sizeof(machine->bridge));
    memcpy(machine->bridge_hdm, source->bridge_hdm,
           sizeof(machine->bridge_hdm));
    machine->host_bridge_hdm = source->host_bridge_hdm;
    machine->switch_hdm = source->switch_hdm;
    machine->msi_area = guest_alloc(&machine->qs->alloc, 0x1000);
    g_assert_cmphex(machine->msi_area, ==, source->msi_area);
    for (i = 0; i < machine->device_count; i++) {
        CXLDcdDevice *device = &machine->device[i];
        char *path = device->path, *json = device->json;

        *device = source->device[i];
        device->machine = machine;
        device->path = path;
        device->json = json;
    }
    qtest_qmp_assert_success(machine->qts, "{'execute':'migrate-incoming',"
                             "'arguments':{'uri':%s,'exit-on-error':false}}",
                             uri);
    return machine;
}

CXLDcdMachine *cxl_dcd_machine_load(const CXLDcdOptions *options,
                                    const CXLDcdMachine *source,
                                    const char *file)
{
    CXLDcdMachine *machine = cxl_dcd_machine_listen(options, source, file);

    qtest_qmp_eventwait(machine->qts, "RESUME");
    return machine;
}

void cxl_dcd_machine_stop(CXLDcdMachine *machine)
{
    unsigned i;

    guest_free(&machine->qs->alloc, machine->msi_area);
    qtest_shutdown(machine->qs);
    for (i = 0; i < machine->device_count; i++) {
        g_free(machine->device[i].path);
        g_free(machine->device[i].json);
    }
    g_free(machine);
}

/* Does the process have a lock by this opening of a file? */
static bool cxl_dcd_has_lock(int process, int fd)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/fdinfo/%d", process, fd);
    g_autofree char *text = NULL;

    return g_file_get_contents(name, &text, NULL, NULL) &&
           strstr(text, "lock:");
}

int cxl_dcd_machine_mapped(CXLDcdMachine *machine, const char *name)
{
    int pid = qtest_pid(machine->qts), found = -1, process, fd, ret;

    for (fd = 3; fd < 1024; fd++) {
        g_autofree char *link = g_strdup_printf("/proc/%d/fd/%d", pid, fd);
        g_autofree char *file = g_file_read_link(link, NULL);

        if (file && g_str_equal(file, name) &&
            (found < 0 || cxl_dcd_has_lock(pid, found))) {
            found = fd;
        }
    }
    g_assert_cmpint(found, >=, 0);
    process = syscall(SYS_pidfd_open, pid, 0);
    ret = syscall(SYS_pidfd_getfd, process, found, 0);
    close(process);
    return ret;
}

void cxl_dcd_machine_kill(CXLDcdMachine *machine)
{
    unsigned i;

    kill(qtest_pid(machine->qts), SIGKILL);
    while (qtest_probe_child(machine->qts)) {
        g_usleep(1000);
    }
    /* libqtest takes such an end for a failure: what it has is left behind */
    for (i = 0; i < machine->device_count; i++) {
        g_free(machine->device[i].path);
        g_free(machine->device[i].json);
    }
    g_free(machine);
}

void cxl_dcd_machine_reset(CXLDcdMachine *machine)
{
    qtest_system_reset(machine->qts);
    cxl_dcd_machine_enumerate(machine);
}

void cxl_dcd_device_unplug_begin(CXLDcdDevice *device)
{
    qtest_qmp_device_del_send(device->machine->qts,
                              strrchr(device->path, '/') + 1);
    cxl_dcd_slot_power(device, false);
}

void cxl_dcd_device_unplug(CXLDcdDevice *device)
{
    cxl_dcd_device_unplug_begin(device);
    qtest_qmp_eventwait(device->machine->qts, "DEVICE_DELETED");
}

void cxl_dcd_device_plug(CXLDcdDevice *device)
{
    CXLDcdMachine *machine = device->machine;
    g_autofree char *json = g_strdup_printf(
        "{\"execute\":\"device_add\",\"arguments\":%s}", device->json);
    QDict *reply;

    qtest_qmp_send_raw(machine->qts, "%s", json);
    reply = qtest_qmp_receive(machine->qts);
    g_assert_true(qdict_haskey(reply, "return"));
    qobject_unref(reply);
    cxl_dcd_slot_power(device, true);
    cxl_dcd_setup_device(machine, device - machine->device);
    cxl_dcd_read_dc_base(device);
}

typedef struct CXLDcdCaseData {
    const CXLDcdOptions *options;
    CXLDcdCase run;
} CXLDcdCaseData;

static void cxl_dcd_run_case(const void *data)
{
    static const CXLDcdOptions usual;
    const CXLDcdCaseData *one = data;
    CXLDcdMachine *machine = cxl_dcd_machine_start(one->options ?: &usual);

    one->run(&machine->device[0]);
    if (!one->options || !one->options->static_only) {
        cxl_dcd_read_dc_base(&machine->device[0]);
    }
    cxl_dcd_machine_stop(machine);
}

void cxl_dcd_add_case(const char *path, const CXLDcdOptions *options,
                      CXLDcdCase run)
{
    CXLDcdCaseData *data = g_new(CXLDcdCaseData, 1);

    data->options = options;
    data->run = run;
    qtest_add_data_func_full(path, data, cxl_dcd_run_case, g_free);
}
