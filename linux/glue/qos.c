// SPDX-License-Identifier: GPL-2.0-only
/*
 * The platform's Quality of Service class for a partition.
 *
 * What the device says of its own speed and what the kernel knows of the way to
 * it, together, are shown to the platform, which answers with a class (CXL r3.2
 * section 9.17.3). Many platforms have none.
 */
#include "cdat.h"
#include "device.h"
#include "glue/compat.h"
#include "glue/qos.h"

/* The lesser of two speeds; 0 is one that is not known. */
static u32 dcd_qos_narrower(u32 a, u32 b)
{
	return a && b ? min(a, b) : max(a, b);
}

static int dcd_qos_class_of(struct cxl_root *root,
			    const struct cxl_dcd_perf *perf,
			    const struct access_coordinate *way)
{
	struct access_coordinate sum = {
		.read_bandwidth = dcd_qos_narrower(perf->read_bandwidth,
						   way->read_bandwidth),
		.write_bandwidth = dcd_qos_narrower(perf->write_bandwidth,
						    way->write_bandwidth),
		.read_latency = perf->read_latency + way->read_latency,
		.write_latency = perf->write_latency + way->write_latency,
	};
	int class;

	if (cxl_dcd_ask_class(root, &sum, &class) != 1)
		return CXL_QOS_CLASS_INVALID;
	return class;
}

/**
 * cxl_dcd_read_qos - learn the classes of all partitions
 * @dcd: device
 * @port: its endpoint, whose ancestors stay; its CDAT has been read
 *
 * Not within anybody's books: the platform's firmware is asked.
 */
void cxl_dcd_read_qos(struct cxl_dcd *dcd, struct cxl_port *port)
{
	struct access_coordinate way[ACCESS_COORDINATE_MAX] = { };
	struct cxl_root *root __free(put_cxl_root) = find_cxl_root(port);
	struct cxl_dcd_perf perf;
	unsigned int i;

	if (!root || cxl_endpoint_get_perf_coordinates(port, way))
		return;
	for (i = 0; i < dcd->nr_parts; i++) {
		if (!dcd->parts[i].size ||
		    !cxl_dcd_cdat_perf(dcd->parts[i].dsmad, port->cdat.table,
				       port->cdat.length, &perf))
			continue;
		dcd->qos_class[i] = dcd_qos_class_of(root, &perf,
						     &way[ACCESS_COORDINATE_CPU]);
	}
}
