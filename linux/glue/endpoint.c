// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known at a device's endpoint: its CDAT, and how far away it is.
 *
 * Both are with the endpoint port and go with that: only for callers that keep
 * it from going.
 */
#include <linux/minmax.h>
#include <linux/node.h>

#include "cdat.h"
#include "device.h"
#include "glue/endpoint.h"
#include "glue/facts.h"

/* Learn which partitions are shareable, read-only or non-volatile. */
void cxl_dcd_read_cdat(struct cxl_dcd *dcd)
{
	struct cxl_port *port = dcd->cxlmd->endpoint;

	if (IS_ERR_OR_NULL(port) || !cxl_dcd_facts_cdat(dcd->cxlmd, port))
		return;
	cxl_dcd_cdat_flags(dcd->parts, dcd->nr_parts, port->cdat.table,
			   port->cdat.length);
	dcd->cdat_known = true;
}

/* The lesser of two speeds; 0 is one that is not known. */
static u32 dcd_endpoint_narrower(u32 a, u32 b)
{
	return a && b ? min(a, b) : max(a, b);
}

/**
 * cxl_dcd_endpoint_speed - how fast is a partition, seen from processors?
 * @dcd: its device
 * @port: the device's endpoint, whose ancestors stay
 * @part: which partition
 * @sum: set, for each class of access: what the device says of itself and what
 *	 the kernel knows of the way to it, together
 *
 * Returns: false when the device says nothing, or the kernel does not know.
 */
bool cxl_dcd_endpoint_speed(struct cxl_dcd *dcd, struct cxl_port *port,
			    unsigned int part, struct access_coordinate *sum)
{
	struct access_coordinate way[ACCESS_COORDINATE_MAX] = { };
	struct cxl_dcd_perf perf;
	unsigned int i;

	if (!dcd->parts[part].size || !cxl_dcd_facts_cdat(dcd->cxlmd, port) ||
	    !cxl_dcd_cdat_perf(dcd->parts[part].dsmad, port->cdat.table,
			       port->cdat.length, &perf) ||
	    cxl_endpoint_get_perf_coordinates(port, way))
		return false;
	for (i = 0; i < ACCESS_COORDINATE_MAX; i++)
		sum[i] = (struct access_coordinate) {
			.read_bandwidth =
				dcd_endpoint_narrower(perf.read_bandwidth,
						      way[i].read_bandwidth),
			.write_bandwidth =
				dcd_endpoint_narrower(perf.write_bandwidth,
						      way[i].write_bandwidth),
			.read_latency = perf.read_latency + way[i].read_latency,
			.write_latency =
				perf.write_latency + way[i].write_latency,
		};
	return true;
}
