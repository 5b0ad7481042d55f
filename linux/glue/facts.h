/* SPDX-License-Identifier: GPL-2.0-only */
/* Is this the kernel that the module was built for? */
#ifndef CXL_DCD_FACTS_H
#define CXL_DCD_FACTS_H

#include "stock.h"

bool cxl_dcd_facts_fit(void);
bool cxl_dcd_facts_memdev(const struct cxl_memdev *cxlmd);
bool cxl_dcd_facts_decoder(const struct cxl_endpoint_decoder *cxled);
int cxl_dcd_facts_dpa(const struct cxl_endpoint_decoder *cxled,
		      struct range *dpa);
bool cxl_dcd_facts_cdat(const struct cxl_memdev *cxlmd,
			const struct cxl_port *port);
bool cxl_dcd_facts_reserved(int rc);
bool cxl_dcd_facts_mode(const struct cxl_region *cxlr);
bool cxl_dcd_facts_targets(const struct cxl_region *cxlr);
bool cxl_dcd_facts_region(const struct cxl_dax_region *cxlr_dax);
bool cxl_dcd_facts_dax(const struct dax_region *dax, const struct device *dev,
		       int id, const struct range *hpa);
bool cxl_dcd_facts_dev_dax(const struct dev_dax *dev_dax,
			   const struct dax_region *dax);
bool cxl_dcd_facts_ranges(const struct dev_dax *dev_dax,
			  const struct range *hpa);
bool cxl_dcd_facts_taken(u64 have, u64 want);
bool cxl_dcd_facts_drivers(void);
bool cxl_dcd_facts_driver(const struct cxl_driver *drv);

#endif /* CXL_DCD_FACTS_H */
