// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoders that were committed before the kernel's drivers came: by firmware,
 * or by a kernel that started this one with kexec.
 *
 * The stock port driver takes such a decoder over and makes its region. Over
 * dynamic capacity two things go wrong.
 *
 * The decoder's mode is "mixed", since its addresses are in no partition that
 * the core knows; or "pmem" where the device has no such capacity, since the
 * core's empty resource at 0 ends at the highest address. That is corrected
 * before the region code looks at it.
 *
 * Where the port came before this module, the core took the addresses for ones
 * beyond the device's range, and the memdev has no driver now. It gets another
 * try.
 */
#include <linux/bitfield.h>
#include <linux/io.h>

#include "device.h"
#include "judge.h"
#include "lock.h"
#include "glue/compat.h"
#include "glue/facts.h"
#include "glue/firmware.h"

/* Register Block Identifier of component registers (8.1.9.1) */
#define COMPONENT_REGISTERS 1

/**
 * cxl_dcd_decoder_committed - a decoder was added: was it committed before?
 * @dcd: its device
 * @cxled: decoder, not yet seen by the region code
 */
void cxl_dcd_decoder_committed(struct cxl_dcd *dcd,
			       struct cxl_endpoint_decoder *cxled)
{
	const struct cxl_dcd_part *part;
	struct range dpa;
	unsigned int i;

	if (cxl_dcd_facts_dpa(cxled, &dpa) <= 0)
		return;
	i = cxl_dcd_part_find(dcd->parts, dcd->nr_parts, dpa.start);
	if (i == CXL_DCD_PART_NONE)
		return;
	part = &dcd->parts[i];
	if (!cxl_dcd_range_within(part->base, part->decode, dpa.start,
				  range_len(&dpa))) {
		dev_err(&cxled->cxld.dev,
			"was committed over more than dynamic capacity region %u: DPA [%#llx, +%#llx] is not used\n",
			i, dpa.start, range_len(&dpa));
		cxl_dcd_decoder_is(cxled, false);
		return;
	}
	cxl_dcd_decoder_is(cxled, true);
}

/* Has any of the device's decoders been committed? By its registers. */
static bool dcd_firmware_any_committed(struct cxl_dev_state *cxlds)
{
	const struct cxl_register_map *map = &cxlds->reg_map;
	const struct cxl_reg_map *hdm = &map->component_map.hdm_decoder;
	unsigned int nr, i;
	bool found = false;
	void __iomem *regs;

	if (map->reg_type != COMPONENT_REGISTERS || !hdm->valid)
		return false;
	regs = ioremap(map->resource + hdm->offset, hdm->size);
	if (!regs)
		return false;
	nr = cxl_hdm_decoder_count(readl(regs + CXL_HDM_DECODER_CAP_OFFSET));
	for (i = 0; i < nr && !found &&
	     CXL_HDM_DECODER0_CTRL_OFFSET(i) + sizeof(u32) <= hdm->size; i++)
		found = FIELD_GET(CXL_HDM_DECODER0_CTRL_COMMITTED,
				  readl(regs + CXL_HDM_DECODER0_CTRL_OFFSET(i)));
	iounmap(regs);
	return found;
}

static int dcd_firmware_retry_one(struct device *dev, void *unused)
{
	struct cxl_memdev *cxlmd;
	struct cxl_dcd *dcd;
	bool ours;

	if (!is_cxl_memdev(dev) || dev->driver)
		return 0;
	cxlmd = to_cxl_memdev(dev);
	dcd = cxl_dcd_find_get(cxlmd);
	if (!dcd)
		return 0;
	/* While they are held, it stays. */
	cxl_dcd_lock(dcd);
	ours = !dcd->dying && dcd_firmware_any_committed(dcd->cxlds);
	cxl_dcd_unlock(dcd);
	cxl_dcd_put(dcd);
	if (ours && device_attach(dev) < 0)
		dev_err(dev, "has committed decoders, but cannot be used\n");
	return 0;
}

/* Give memdevs without a driver another try; at load, the last step. */
void cxl_dcd_firmware_retry(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, dcd_firmware_retry_one);
}
