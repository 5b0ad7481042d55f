/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _CXL_DCD_LIST_H_
#define _CXL_DCD_LIST_H_

struct cxl_memdev;
struct cxl_region;
struct cxl_decoder;
struct json_object;

void dcd_memdev_append_json(struct json_object *jdev, struct cxl_memdev *memdev,
			    unsigned long flags);
void dcd_decoder_append_json(struct json_object *jdecoder,
			     struct cxl_decoder *decoder);
void dcd_extents_append_json(struct json_object *jregion,
			     struct cxl_region *region, unsigned long flags);

#endif /* _CXL_DCD_LIST_H_ */
