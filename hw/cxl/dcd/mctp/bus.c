/* SPDX-License-Identifier: GPL-2.0-or-later OR LGPL-2.1-or-later */
/*
 * Several MCTP endpoints on one serial line
 *
 * The line's frames are taken apart once; each packet goes to the endpoint
 * that has its destination. The null EID means "whoever is at the other end"
 * (DSP0236): here the first endpoint, in the order they were attached, that
 * has no EID yet, so that a bus owner finds and numbers them one by one; when
 * all have one, the first of all.
 */
#include <string.h>
#include "hw/cxl/dcd/mctp.h"

struct CXLDcdMctpBus {
    CXLDcdMctpDeframer deframer;
    GPtrArray *endpoints;         /* CXLDcdMctp, not owned */
    uint64_t nobody;              /* packets to an EID that none has */
};

CXLDcdMctpBus *cxl_dcd_mctp_bus_new(void)
{
    CXLDcdMctpBus *bus = g_new0(CXLDcdMctpBus, 1);

    bus->endpoints = g_ptr_array_new();
    return bus;
}

void cxl_dcd_mctp_bus_free(CXLDcdMctpBus *bus)
{
    if (bus) {
        g_assert(!bus->endpoints->len);
        g_ptr_array_unref(bus->endpoints);
        g_free(bus);
    }
}

CXLDcdMctp *cxl_dcd_mctp_bus_find(const CXLDcdMctpBus *bus, uint8_t eid)
{
    guint i;

    for (i = 0; i < bus->endpoints->len; i++) {
        CXLDcdMctp *mctp = g_ptr_array_index(bus->endpoints, i);

        if (cxl_dcd_mctp_eid(mctp) == eid) {
            return mctp;
        }
    }
    return NULL;
}

static bool cxl_dcd_mctp_bus_taken(const CXLDcdMctpBus *bus, uint8_t eid)
{
    return cxl_dcd_mctp_bus_find(bus, eid);
}

bool cxl_dcd_mctp_bus_attach(CXLDcdMctpBus *bus, CXLDcdMctp *mctp)
{
    uint8_t eid = cxl_dcd_mctp_eid(mctp);

    if (eid != CXL_DCD_MCTP_EID_NULL && cxl_dcd_mctp_bus_find(bus, eid)) {
        return false;
    }
    g_ptr_array_add(bus->endpoints, mctp);
    cxl_dcd_mctp_set_bus(mctp, bus, cxl_dcd_mctp_bus_taken);
    return true;
}

void cxl_dcd_mctp_bus_detach(CXLDcdMctpBus *bus, CXLDcdMctp *mctp)
{
    if (g_ptr_array_remove(bus->endpoints, mctp)) {
        cxl_dcd_mctp_set_bus(mctp, NULL, NULL);
    }
}

/* Who takes a packet for @eid; NULL: nobody. */
static CXLDcdMctp *cxl_dcd_mctp_bus_route(const CXLDcdMctpBus *bus,
                                          uint8_t eid)
{
    CXLDcdMctp *mctp = cxl_dcd_mctp_bus_find(bus, eid);

    if (!mctp && eid == CXL_DCD_MCTP_EID_NULL && bus->endpoints->len) {
        mctp = g_ptr_array_index(bus->endpoints, 0);
    }
    return mctp;
}

void cxl_dcd_mctp_bus_receive(CXLDcdMctpBus *bus, const uint8_t *bytes,
                              size_t len)
{
    CXLDcdMctpDeframer *d = &bus->deframer;
    CXLDcdMctp *mctp;
    size_t i;

    for (i = 0; i < len; i++) {
        if (!cxl_dcd_mctp_deframe(d, bytes[i])) {
            continue;
        }
        mctp = cxl_dcd_mctp_bus_route(bus, cxl_dcd_mctp_destination(d->packet));
        if (mctp) {
            cxl_dcd_mctp_take(mctp, d->packet, d->len);
        } else {
            bus->nobody++;
        }
    }
}

void cxl_dcd_mctp_bus_link_reset(CXLDcdMctpBus *bus)
{
    uint32_t dropped = bus->deframer.dropped;
    guint i;

    memset(&bus->deframer, 0, sizeof(bus->deframer));
    bus->deframer.dropped = dropped;
    for (i = 0; i < bus->endpoints->len; i++) {
        cxl_dcd_mctp_link_reset(g_ptr_array_index(bus->endpoints, i));
    }
}

void cxl_dcd_mctp_bus_stats(const CXLDcdMctpBus *bus,
                            CXLDcdMctpStats *ret_stats)
{
    *ret_stats = (CXLDcdMctpStats) {
        .bad_frames = bus->deframer.dropped,
        .other_packets = bus->nobody,
    };
}
