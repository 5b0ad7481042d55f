/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redfish, /redfish/v1: pools, hosts and claims as DMTF's schemas name them
 *
 *   pool                      Chassis, with a PCIeDevice that has a
 *                             CXLLogicalDevice for each head
 *   region of a pool          MemoryDomain; for each head a MemoryRegion
 *   claim                     MemoryChunks of its region's domain
 *   host                      ComputerSystem and Endpoint
 *   host of a claim           Connection
 *   what takes its time       Task
 */
#ifndef FMD_REDFISH_H
#define FMD_REDFISH_H

#include "fmd.h"
#include "http.h"

typedef struct Redfish Redfish;

/* NULL with @error. */
Redfish *redfish_start(struct fmd *fmd, GError **error);
/* When no request is under way any more. NULL allowed. */
void redfish_stop(Redfish *redfish);
/* There are new events. Does not wait. */
void redfish_wake(Redfish *redfish);
/* Appended to @routes, of HttpRoute */
void redfish_routes(GArray *routes);

#endif /* FMD_REDFISH_H */
