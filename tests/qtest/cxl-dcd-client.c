/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: machine, PCI, registers, mailbox
 *
 * Section numbers are those of CXL r3.2 unless they name another document.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "libqos/fw_cfg.h"
#include "libqos/libqos-pc.h"
#include "libqos/pci.h"
#include "cxl-dcd-client.h"

/* Where we, as firmware, put things; all below 4 GiB and above guest RAM. */
#define ECAM_BASE          0xb0000000ULL
#define ECAM_BUS_SHIFT     20
#define ECAM_SLOT_SHIFT    15
#define MMIO_BASE          0xc0000000ULL
#define MMIO_PER_PORT      (16 * CXL_DCD_TEST_MIB)
#define MMIO_PER_BAR       CXL_DCD_TEST_MIB
#define HOST_BRIDGE_BUS    52
#define BUSES_PER_BRIDGE   24
#define SWITCH_BUS         (HOST_BRIDGE_BUS + 1)
#define SWITCH_MMIO        (MMIO_BASE + \
                            CXL_DCD_TEST_MAX_DEVICES * MMIO_PER_PORT)

#define Q35_PCIEXBAR       0x60
#define PCIE_LINK_CAP_PORT 24

#define COMPONENT_CACHEMEM 0x1000   /* 8.2.3 */
#define CAPABILITY_HDM     5        /* 8.2.4 */
#define DEVICE_CAP_STATUS  0x0001   /* 8.2.9.2.1 */
#define DEVICE_CAP_MAILBOX 0x0002
#define DVSEC_VENDOR_CXL   0x1e98
#define DVSEC_DEVICE       0x0000   /* 8.1.3 */

#define MAILBOX_CAPS       0x00     /* 8.2.9.4 */
#define MAILBOX_CONTROL    0x04
#define MAILBOX_COMMAND    0x08
#define MAILBOX_STATUS     0x10
#define MAILBOX_PAYLOAD    0x20
#define MAILBOX_POLLS      10000

#define SAVE_POLLS         6000     /* of 10 ms */

#define CEDT_HEADER        36       /* ACPI table header */
#define CEDT_CHBS          0
#define CEDT_CFMWS         1

static uint64_t cxl_dcd_ecam(unsigned bus, unsigned slot)
{
    return ECAM_BASE + ((uint64_t)bus << ECAM_BUS_SHIFT) +
           ((uint64_t)slot << ECAM_SLOT_SHIFT);
}

static void cxl_dcd_enable_ecam(QTestState *qts)
{
    qtest_outl(qts, 0xcf8, 0x80000000 | (Q35_PCIEXBAR + 4));
    qtest_outl(qts, 0xcfc, 0);
    qtest_outl(qts, 0xcf8, 0x80000000 | Q35_PCIEXBAR);
    qtest_outl(qts, 0xcfc, ECAM_BASE | 1);
}

/* Offset of a capability of the conventional list; asserts that it is there. */
static unsigned cxl_dcd_pci_capability(QTestState *qts, uint64_t config,
                                       uint8_t id)
{
    unsigned at = qtest_readb(qts, config + PCI_CAPABILITY_LIST);

    while (at && qtest_readb(qts, config + at) != id) {
        at = qtest_readb(qts, config + at + 1);
    }
    g_assert_cmphex(at, !=, 0);
    return at;
}

static unsigned cxl_dcd_bridge_bus(unsigned bridge)
{
    return HOST_BRIDGE_BUS + bridge * BUSES_PER_BRIDGE;
}

/* The port on @bus whose port number is @number. */
static uint64_t cxl_dcd_find_port(QTestState *qts, unsigned bus,
                                  unsigned number)
{
    unsigned slot;

    for (slot = 0; slot < 32; slot++) {
        uint64_t config = cxl_dcd_ecam(bus, slot);
        unsigned cap;

        if (qtest_readw(qts, config + PCI_VENDOR_ID) == 0xffff) {
            continue;
        }
        cap = cxl_dcd_pci_capability(qts, config, PCI_CAP_ID_EXP);
        if (qtest_readl(qts, config + cap + PCI_EXP_LNKCAP) >>
            PCIE_LINK_CAP_PORT == number) {
            return config;
        }
    }
    g_assert_not_reached();
}

/* Put BAR @index of the device at @address. Returns @address. */
static uint64_t cxl_dcd_set_bar(CXLDcdDevice *device, unsigned index,
                                uint64_t address)
{
    QTestState *qts = device->machine->qts;
    uint64_t reg = device->config + PCI_BASE_ADDRESS_0 + 4 * index;
    uint32_t mask;

    qtest_writel(qts, reg, 0xffffffff);
    mask = qtest_readl(qts, reg);
    g_assert_cmphex(mask & ~0xfU, !=, 0);
    g_assert_cmphex(-(mask & ~0xfU), <=, MMIO_PER_BAR);
    qtest_writel(qts, reg, address);
    if ((mask & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
        PCI_BASE_ADDRESS_MEM_TYPE_64) {
        qtest_writel(qts, reg + 4, address >> 32);
    }
    return address;
}

/* Address of the HDM decoder capability, 0 when there is none. */
static uint64_t cxl_dcd_find_hdm(QTestState *qts, uint64_t component)
{
    uint64_t cachemem = component + COMPONENT_CACHEMEM;
    uint32_t header = qtest_readl(qts, cachemem);
    unsigned i;

    g_assert_cmphex(header & 0xffff, ==, 1);
    for (i = 1; i <= header >> 24; i++) {
        uint32_t entry = qtest_readl(qts, cachemem + 4 * i);

        if ((entry & 0xffff) == CAPABILITY_HDM) {
            return cachemem + (entry >> 20);
        }
    }
    return 0;
}

/* Address of a capability in the device registers (8.2.9.1). */
static uint64_t cxl_dcd_find_register(QTestState *qts, uint64_t base,
                                      uint16_t id)
{
    unsigned count = qtest_readq(qts, base) >> 32 & 0xffff;
    unsigned i;

    for (i = 1; i <= count; i++) {
        uint64_t entry = base + 0x10 * i;

        if ((qtest_readl(qts, entry) & 0xffff) == id) {
            return base + qtest_readl(qts, entry + 4);
        }
    }
    g_assert_not_reached();
}

void cxl_dcd_device_enable(CXLDcdDevice *device, bool enable)
{
    qtest_writew(device->machine->qts, device->config + PCI_COMMAND,
                 enable ? PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER
                        : PCI_COMMAND_MASTER);
}

static void cxl_dcd_setup_bars(CXLDcdDevice *device, uint64_t mmio)
{
    QTestState *qts = device->machine->qts;
    uint64_t component, registers, bar4;
    unsigned cap;

    component = cxl_dcd_set_bar(device, 0, mmio);
    registers = cxl_dcd_set_bar(device, 2, mmio + MMIO_PER_BAR);
    bar4 = cxl_dcd_set_bar(device, 4, mmio + 2 * MMIO_PER_BAR);
    cxl_dcd_device_enable(device, true);

    device->component = component + COMPONENT_CACHEMEM;
    device->hdm = cxl_dcd_find_hdm(qts, component);
    g_assert_cmphex(device->hdm, !=, 0);
    device->status = cxl_dcd_find_register(qts, registers, DEVICE_CAP_STATUS);
    device->mailbox = cxl_dcd_find_register(qts, registers, DEVICE_CAP_MAILBOX);

    cap = cxl_dcd_pci_capability(qts, device->config, PCI_CAP_ID_MSIX);
    g_assert_cmpuint(qtest_readl(qts, device->config + cap + PCI_MSIX_TABLE) &
                     PCI_MSIX_FLAGS_BIRMASK, ==, 4);
    device->msix = bar4 +
        (qtest_readl(qts, device->config + cap + PCI_MSIX_TABLE) &
         ~PCI_MSIX_FLAGS_BIRMASK);
    device->vectors = 1 + (qtest_readw(qts, device->config + cap +
                                       PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE);
    g_assert_cmpuint(device->vectors, <=, CXL_DCD_TEST_VECTORS);
    qtest_writew(qts, device->config + cap + PCI_MSIX_FLAGS,
                 PCI_MSIX_FLAGS_ENABLE);
}

/* Buses @first to @last and @size bytes of memory at @mmio are below it. */
static void cxl_dcd_setup_port(QTestState *qts, uint64_t port, unsigned bus,
                               unsigned first, unsigned last, uint64_t mmio,
                               uint64_t size)
{
    qtest_writel(qts, port + PCI_PRIMARY_BUS, bus | first << 8 | last << 16);
    qtest_writel(qts, port + PCI_MEMORY_BASE,
                 (mmio >> 16) | ((mmio + size - 1) & 0xfff00000));
    qtest_writew(qts, port + PCI_COMMAND,
                 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Root port, upstream port with its registers; the rest is the devices' */
static void cxl_dcd_setup_switch(CXLDcdMachine *machine)
{
    CXLDcdDevice upstream = {
        .machine = machine, .config = cxl_dcd_ecam(SWITCH_BUS, 0),
    };
    unsigned last = SWITCH_BUS + 1 + machine->device_count;

    cxl_dcd_setup_port(machine->qts, cxl_dcd_find_port(machine->qts,
                                                       HOST_BRIDGE_BUS, 0),
                       HOST_BRIDGE_BUS, SWITCH_BUS, last, MMIO_BASE,
                       SWITCH_MMIO + MMIO_PER_PORT - MMIO_BASE);
    cxl_dcd_setup_port(machine->qts, upstream.config, SWITCH_BUS,
                       SWITCH_BUS + 1, last, MMIO_BASE,
                       SWITCH_MMIO - MMIO_BASE);
    machine->switch_hdm = cxl_dcd_find_hdm(machine->qts,
        cxl_dcd_set_bar(&upstream, 0, SWITCH_MMIO));
    g_assert_cmphex(machine->switch_hdm, !=, 0);
}

/* The port that a device is at, and the bus that the port is on */
static uint64_t cxl_dcd_port_of(const CXLDcdDevice *device, unsigned *ret_bus,
                                unsigned *ret_number)
{
    const CXLDcdMachine *machine = device->machine;
    unsigned index = device - machine->device;

    *ret_bus = machine->behind_switch ? SWITCH_BUS + 1 :
               cxl_dcd_bridge_bus(index % machine->bridges);
    *ret_number = index / machine->bridges;
    return cxl_dcd_find_port(machine->qts, *ret_bus, *ret_number);
}

static void cxl_dcd_setup_device(CXLDcdMachine *machine, unsigned index)
{
    QTestState *qts = machine->qts;
    CXLDcdDevice *device = &machine->device[index];
    unsigned above, number;
    uint64_t port = cxl_dcd_port_of(device, &above, &number);
    unsigned bus = above + 1 + number;
    uint64_t mmio = MMIO_BASE + index * MMIO_PER_PORT;

    cxl_dcd_setup_port(qts, port, above, bus, bus, mmio, MMIO_PER_PORT);
    device->config = cxl_dcd_ecam(bus, 0);
    device->msi = machine->msi_area + index * 4 * CXL_DCD_TEST_VECTORS;
    cxl_dcd_setup_bars(device, mmio);
}

/* The CEDT says where the host bridge's registers and the window are. */
static void cxl_dcd_read_cedt(CXLDcdMachine *machine)
{
    const size_t max = 4 * CXL_DCD_TEST_MIB;
    g_autofree uint8_t *tables = g_malloc0(max);
    QFWCFG *fw_cfg = pc_fw_cfg_init(machine->qts);
    size_t len = qfw_cfg_read_file(fw_cfg, machine->qs, "etc/acpi/tables",
                                   tables, max);
    uint8_t *cedt = memmem(tables, MIN(len, max), "CEDT", 4);
    uint32_t end, at;
    unsigned i;

    pc_fw_cfg_uninit(fw_cfg);
    g_assert_nonnull(cedt);
    end = ldl_le_p(cedt + 4);
    for (at = CEDT_HEADER; at < end; at += lduw_le_p(cedt + at + 2)) {
        if (cedt[at] == CEDT_CHBS) {
            for (i = 0; i < machine->bridges; i++) {
                if (ldl_le_p(cedt + at + 0x04) == cxl_dcd_bridge_bus(i)) {
                    machine->bridge[i] = ldq_le_p(cedt + at + 0x10);
                }
            }
        } else if (cedt[at] == CEDT_CFMWS) {
            machine->window = ldq_le_p(cedt + at + 0x08);
            machine->window_size = ldq_le_p(cedt + at + 0x10);
        }
    }
    g_assert_cmphex(machine->window, !=, 0);
    for (i = 0; i < machine->bridges; i++) {
        g_assert_cmphex(machine->bridge[i], !=, 0);
    }
}

void cxl_dcd_machine_enumerate(CXLDcdMachine *machine)
{
    unsigned i;

    cxl_dcd_enable_ecam(machine->qts);
    if (machine->behind_switch) {
        cxl_dcd_setup_switch(machine);
    }
    for (i = 0; i < machine->device_count; i++) {
        cxl_dcd_setup_device(machine, i);
    }
    for (i = 0; i < machine->bridges; i++) {
        machine->bridge_hdm[i] = cxl_dcd_find_hdm(machine->qts,
                                                  machine->bridge[i]);
    }
    machine->host_bridge_hdm = machine->bridge_hdm[0];
}

/* What -device and device_add take. Caller frees. */
static char *cxl_dcd_device_json(const CXLDcdOptions *options, unsigned index)
{
    GString *json = g_string_new(NULL);

    g_string_append_printf(json,
        "{\"driver\":\"cxl-type3\",\"bus\":\"rp%u\",\"id\":\"cxl-mem%u\","
        "\"sn\":%u", index, index, index + 1);
    if (options->short_regions) {
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
    for (i = 0; i < machine->device_count; i++) {
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

void cxl_dcd_device_flr(CXLDcdDevice *device)
{
    QTestState *qts = device->machine->qts;
    unsigned cap = cxl_dcd_pci_capability(qts, device->config, PCI_CAP_ID_EXP);
    unsigned index = device - device->machine->device;

    g_assert_cmphex(qtest_readl(qts, device->config + cap + PCI_EXP_DEVCAP) &
                    PCI_EXP_DEVCAP_FLR, !=, 0);
    qtest_writew(qts, device->config + cap + PCI_EXP_DEVCTL,
                 PCI_EXP_DEVCTL_BCR_FLR);
    cxl_dcd_setup_device(device->machine, index);
}

/* Extended capability: the DVSEC of CXL with this id (8.1.1). */
static uint64_t cxl_dcd_find_dvsec(CXLDcdDevice *device, uint16_t id)
{
    QTestState *qts = device->machine->qts;
    unsigned at = PCI_CFG_SPACE_SIZE;

    while (at) {
        uint64_t header = device->config + at;
        uint32_t value = qtest_readl(qts, header);

        if ((value & 0xffff) == PCI_EXT_CAP_ID_DVSEC &&
            qtest_readw(qts, header + 4) == DVSEC_VENDOR_CXL &&
            qtest_readw(qts, header + 8) == id) {
            return header;
        }
        at = value >> 20;
    }
    g_assert_not_reached();
}

void cxl_dcd_device_cxl_reset(CXLDcdDevice *device)
{
    QTestState *qts = device->machine->qts;
    uint64_t dvsec = cxl_dcd_find_dvsec(device, DVSEC_DEVICE);
    uint64_t control2 = dvsec + 0x10, status2 = dvsec + 0x12;

    g_assert_cmphex(qtest_readw(qts, dvsec + 0x0a) & 0x80, !=, 0);
    qtest_writew(qts, control2, 0x4);
    g_assert_cmphex(qtest_readw(qts, control2) & 0x4, ==, 0);
    g_assert_cmphex(qtest_readw(qts, status2) & 0x6, ==, 0x2);
    cxl_dcd_setup_device(device->machine, device - device->machine->device);
}

/* Power and power indicator of the device's slot, as a guest switches them. */
static void cxl_dcd_slot_power(CXLDcdDevice *device, bool on)
{
    QTestState *qts = device->machine->qts;
    unsigned bus, number;
    uint64_t port = cxl_dcd_port_of(device, &bus, &number);
    uint64_t reg = port + PCI_EXP_SLTCTL +
                   cxl_dcd_pci_capability(qts, port, PCI_CAP_ID_EXP);
    uint16_t control = qtest_readw(qts, reg) &
                       ~(PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PIC);

    qtest_writew(qts, reg, control | (on ? PCI_EXP_SLTCTL_PWR_IND_ON :
                                      PCI_EXP_SLTCTL_PWR_OFF |
                                      PCI_EXP_SLTCTL_PWR_IND_OFF));
}

void cxl_dcd_device_unplug(CXLDcdDevice *device)
{
    QTestState *qts = device->machine->qts;

    qtest_qmp_device_del_send(qts, strrchr(device->path, '/') + 1);
    cxl_dcd_slot_power(device, false);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
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
    cxl_dcd_read_dc_base(&machine->device[0]);
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

size_t cxl_dcd_mailbox_size(CXLDcdDevice *device)
{
    return 1ULL << (qtest_readl(device->machine->qts,
                                device->mailbox + MAILBOX_CAPS) & 0x1f);
}

uint16_t cxl_dcd_command(CXLDcdDevice *device, uint16_t opcode,
                         const void *in, size_t in_len,
                         void *out, size_t out_max, size_t *ret_len)
{
    QTestState *qts = device->machine->qts;
    uint64_t mailbox = device->mailbox;
    uint16_t code;
    size_t len;
    unsigned polls = 0;

    g_assert_cmpuint(in_len, <=, cxl_dcd_mailbox_size(device));
    g_assert_cmphex(qtest_readl(qts, mailbox + MAILBOX_CONTROL) & 1, ==, 0);
    if (in_len) {
        qtest_bufwrite(qts, mailbox + MAILBOX_PAYLOAD, in, in_len);
    }
    qtest_writeq(qts, mailbox + MAILBOX_COMMAND,
                 opcode | (uint64_t)in_len << 16);
    qtest_writel(qts, mailbox + MAILBOX_CONTROL, 1);
    while (qtest_readl(qts, mailbox + MAILBOX_CONTROL) & 1) {
        g_assert_cmpuint(++polls, <, MAILBOX_POLLS);
    }
    code = qtest_readq(qts, mailbox + MAILBOX_STATUS) >> 32;
    len = qtest_readq(qts, mailbox + MAILBOX_COMMAND) >> 16 & 0x1fffff;
    if (code != CXL_DCD_RC_SUCCESS) {
        g_assert_cmpuint(len, ==, 0);     /* errors carry no payload */
        return code;
    }
    g_assert_cmpuint(len, <=, out_max);
    if (len) {
        qtest_bufread(qts, mailbox + MAILBOX_PAYLOAD, out, len);
    }
    if (ret_len) {
        *ret_len = len;
    }
    return code;
}
