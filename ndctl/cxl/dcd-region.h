/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _CXL_DCD_REGION_H_
#define _CXL_DCD_REGION_H_

struct log_ctx;
struct cxl_memdev;
struct cxl_region;
struct cxl_decoder;
struct json_object;

int dcd_validate_memdevs(struct log_ctx *log, struct json_object *jmemdevs,
			 int ways, const char *type, unsigned long long size);
unsigned long long dcd_partition_size(struct cxl_memdev *memdev,
				      const char *type);
int dcd_partition_qos_class(struct cxl_memdev *memdev, const char *type);
int dcd_granularity(struct cxl_decoder *root, int ways);
struct cxl_region *dcd_create_region(struct log_ctx *log,
				     struct cxl_decoder *root,
				     struct json_object *jmemdevs,
				     const char *type);
int dcd_refuse_dpa(struct log_ctx *log, struct cxl_memdev *memdev,
		   const char *type);
int dcd_set_decoder(struct log_ctx *log, struct cxl_decoder *decoder,
		    struct cxl_memdev *memdev, const char *type);
void dcd_free_decoders(struct json_object *jmemdevs, int ways);
void dcd_target_hint(struct log_ctx *log, int rc);
void dcd_commit_hint(struct log_ctx *log, int rc);

#endif /* _CXL_DCD_REGION_H_ */
