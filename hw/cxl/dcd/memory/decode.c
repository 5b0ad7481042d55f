/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: one walk through the decoders above a device
 *
 * An address of a fixed window goes through up to three decoders before it
 * reaches the device's own: window, host bridge, switch. Their registers are
 * the parent's; they are read here, never changed.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "decode.h"
#include "hw/cxl/cxl_host.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pcie_port.h"
#include "hw/pci-bridge/cxl_upstream_port.h"

#define HDM_STRIDE (R_CXL_HDM_DECODER1_BASE_LO - R_CXL_HDM_DECODER0_BASE_LO)

static unsigned cxl_dcd_ways(uint32_t encoded)
{
    static const uint8_t ways[] = { 1, 2, 4, 8, 16, 0, 0, 0, 3, 6, 12 };

    return encoded < ARRAY_SIZE(ways) ? ways[encoded] : 0;
}

bool cxl_dcd_ways_valid(uint32_t encoded)
{
    return cxl_dcd_ways(encoded);
}

static uint64_t cxl_dcd_register64(const uint32_t *registers, unsigned low,
                                   unsigned decoder)
{
    const uint32_t *at = registers + low + decoder * HDM_STRIDE;

    return (uint64_t)ldl_le_p(at + 1) << 32 | (ldl_le_p(at) & 0xf0000000);
}

static unsigned cxl_dcd_decoder_count(const uint32_t *registers)
{
    uint32_t cap = ldl_le_p(registers + R_CXL_HDM_DECODER_CAPABILITY);

    return cxl_decoder_count_dec(FIELD_EX32(cap, CXL_HDM_DECODER_CAPABILITY,
                                            DECODER_COUNT));
}

static uint32_t cxl_dcd_control(const uint32_t *registers, unsigned decoder)
{
    return ldl_le_p(registers + R_CXL_HDM_DECODER0_CTRL +
                    decoder * HDM_STRIDE);
}

unsigned cxl_dcd_device_decoders(CXLType3Dev *ct3d, CXLDcdDecoder *ret)
{
    const uint32_t *registers = ct3d->cxl_cstate.crb.cache_mem_registers;
    unsigned i, count = MIN(cxl_dcd_decoder_count(registers), CXL_DCD_DECODERS);
    uint64_t dpa = 0;

    for (i = 0; i < count; i++) {
        uint32_t control = cxl_dcd_control(registers, i);

        if (!FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, COMMITTED)) {
            break;
        }
        ret[i].hpa = cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_BASE_LO,
                                        i);
        ret[i].size = cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_SIZE_LO,
                                         i);
        ret[i].ways = cxl_dcd_ways(FIELD_EX32(control, CXL_HDM_DECODER0_CTRL,
                                              IW));
        ret[i].shift = 8 + FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, IG);
        dpa += cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_DPA_SKIP_LO,
                                  i);
        ret[i].dpa = dpa;
        if (!ret[i].ways || ret[i].size > UINT64_MAX - ret[i].hpa) {
            break;
        }
        dpa += ret[i].size / ret[i].ways;
    }
    return i;
}

/* 8.2.4.20: the port that a host bridge or switch sends @hpa to */
static bool cxl_dcd_bridge_target(const uint32_t *registers, uint64_t hpa,
                                  uint8_t *ret_port, CXLDcdLevel *ret_level)
{
    unsigned i, index, ways, count = cxl_dcd_decoder_count(registers);
    uint64_t base, size, granularity;
    uint32_t control, list;

    for (i = 0; i < count; i++) {
        base = cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_BASE_LO, i);
        size = cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_SIZE_LO, i);
        if (hpa >= base && hpa - base < size) {
            break;
        }
    }
    if (i == count) {
        return false;
    }
    control = cxl_dcd_control(registers, i);
    ways = cxl_dcd_ways(FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, IW));
    if (!FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, COMMITTED) || !ways ||
        ways > 8) {
        return false;
    }
    granularity = 256ULL << FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, IG);
    index = (hpa - base) / granularity % ways;
    list = ldl_le_p(registers + i * HDM_STRIDE +
                    (index < 4 ? R_CXL_HDM_DECODER0_TARGET_LIST_LO
                               : R_CXL_HDM_DECODER0_TARGET_LIST_HI));
    *ret_port = extract32(list, index % 4 * 8, 8);
    *ret_level = (CXLDcdLevel) {
        .period = granularity * ways, .start = base, .end = base + size,
    };
    return true;
}

static PCIDevice *cxl_dcd_below(PCIDevice *port)
{
    return port ? pci_bridge_get_sec_bus(PCI_BRIDGE(port))->devices[0] : NULL;
}

CXLDcdDevice *cxl_dcd_walk(CXLFixedWindow *fw, uint64_t hpa,
                           CXLDcdLevel *levels, unsigned *ret_levels)
{
    uint64_t granularity = cxl_decode_ig(fw->enc_int_gran);
    PXBCXLDev *pxb = fw->target_hbs[hpa / granularity % fw->num_targets];
    PCIHostState *hb = pxb ? PCI_HOST_BRIDGE(pxb->cxl_host_bridge) : NULL;
    CXLComponentState *cstate;
    PCIDevice *port, *device;
    unsigned n = 0;
    uint8_t number;

    if (!hb || !hb->bus || !pci_bus_is_cxl(hb->bus)) {
        return NULL;
    }
    levels[n++] = (CXLDcdLevel) {
        .period = granularity * fw->num_targets,
        .start = fw->base, .end = fw->base + fw->size,
    };
    if (cxl_get_hb_passthrough(hb)) {
        port = pcie_find_port_first(hb->bus);
    } else {
        cstate = cxl_get_hb_cstate(hb);
        if (!cstate || !cxl_dcd_bridge_target(cstate->crb.cache_mem_registers,
                                              hpa, &number, &levels[n++])) {
            return NULL;
        }
        port = pcie_find_port_by_pn(hb->bus, number);
    }
    device = cxl_dcd_below(port);
    if (device && object_dynamic_cast(OBJECT(device), TYPE_CXL_USP)) {
        cstate = cxl_usp_to_cstate(CXL_USP(device));
        if (!cstate || !cxl_dcd_bridge_target(cstate->crb.cache_mem_registers,
                                              hpa, &number, &levels[n++])) {
            return NULL;
        }
        device = cxl_dcd_below(pcie_find_port_by_pn(
                                   pci_bridge_get_sec_bus(PCI_BRIDGE(device)),
                                   number));
    }
    if (!device || !object_dynamic_cast(OBJECT(device), TYPE_CXL_DCD) ||
        !CXL_DCD(device)->linked) {
        return NULL;              /* no memory device, or one that is leaving */
    }
    *ret_levels = n;
    return CXL_DCD(device);
}

unsigned cxl_dcd_switch_depth(CXLDcdDevice *device)
{
    PCIDevice *above = pci_get_bus(PCI_DEVICE(device))->parent_dev;
    unsigned depth = 0;

    for (; above; above = pci_get_bus(above)->parent_dev) {
        depth += !!object_dynamic_cast(OBJECT(above), TYPE_CXL_USP);
    }
    return depth;
}
