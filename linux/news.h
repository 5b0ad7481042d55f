/* SPDX-License-Identifier: GPL-2.0-only */
/* What user space is told of a region's capacity. */
#ifndef CXL_DCD_NEWS_H
#define CXL_DCD_NEWS_H

#include <linux/workqueue.h>

#include "judge.h"

struct cxl_dcd_region;

enum cxl_dcd_news_kind {
	CXL_DCD_NEWS_ADD,
	CXL_DCD_NEWS_RELEASE,
	CXL_DCD_NEWS_BUSY,
	CXL_DCD_NEWS_FORCED,
	CXL_DCD_NEWS_KINDS,
};

struct cxl_dcd_news_item {
	enum cxl_dcd_news_kind kind;
	u8 tag[CXL_DCD_TAG_SIZE];
	u64 length;
};

/**
 * struct cxl_dcd_news - what is still to be told of a region
 * @item: @nr of them, one for each kind and tag
 * @nr: none of them while everything was told at once
 * @told: how many were told since @since
 * @since: when that began, in jiffies
 * @work: tells @item
 */
struct cxl_dcd_news {
	struct cxl_dcd_news_item item[8];
	unsigned int nr;
	unsigned int told;
	unsigned long since;
	struct delayed_work work;
};

void cxl_dcd_news_init(struct cxl_dcd_region *rgn);
void cxl_dcd_news_end(struct cxl_dcd_region *rgn);
void cxl_dcd_news_flush(struct cxl_dcd_region *rgn);
void cxl_dcd_uevent(struct cxl_dcd_region *rgn, enum cxl_dcd_news_kind kind,
		    const u8 *tag, u64 length);

#endif /* CXL_DCD_NEWS_H */
