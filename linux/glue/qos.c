// SPDX-License-Identifier: GPL-2.0-only
/*
 * The platform's Quality of Service class for a partition.
 *
 * How fast a partition is, seen from processors, is shown to the platform, which
 * answers with a class (CXL r3.2 section 9.17.3). Many platforms have none.
 */
#include "device.h"
#include "glue/compat.h"
#include "glue/endpoint.h"
#include "glue/qos.h"

/**
 * cxl_dcd_read_qos - learn the classes of all partitions
 * @dcd: device
 * @port: its endpoint, whose ancestors stay
 *
 * Not within anybody's books: the platform's firmware is asked.
 */
void cxl_dcd_read_qos(struct cxl_dcd *dcd, struct cxl_port *port)
{
	struct cxl_root *root __free(put_cxl_root) = find_cxl_root(port);
	struct access_coordinate speed[ACCESS_COORDINATE_MAX];
	unsigned int i;
	int class;

	if (!root)
		return;
	for (i = 0; i < dcd->nr_parts; i++)
		if (cxl_dcd_endpoint_speed(dcd, port, i, speed) &&
		    cxl_dcd_ask_class(root, &speed[ACCESS_COORDINATE_CPU],
				      &class) == 1)
			dcd->qos_class[i] = class;
}
