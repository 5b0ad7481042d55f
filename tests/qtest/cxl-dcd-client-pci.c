/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: PCI, registers, CEDT, as firmware finds them
 *
 * Section numbers are those of CXL r3.2 unless they name another document.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "libqos/fw_cfg.h"
#include "cxl-dcd-client-pci.h"

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

unsigned cxl_dcd_bridge_bus(unsigned bridge)
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

void cxl_dcd_setup_device(CXLDcdMachine *machine, unsigned index)
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
void cxl_dcd_read_cedt(CXLDcdMachine *machine)
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
void cxl_dcd_slot_power(CXLDcdDevice *device, bool on)
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
