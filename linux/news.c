// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space is told of a region's capacity: uevents, and not too many.
 *
 * udev handles one event after the other, and all of a machine's wait in one
 * queue; when capacity comes and goes by the hundred it would be minutes behind.
 * So a few are told at once, and what comes more in the same second is added up
 * and told at its end. Whoever hears of one looks at what there is anyway.
 */
#include <linux/jiffies.h>
#include <linux/string.h>

#include "lock.h"
#include "news.h"
#include "region.h"

/* So many uevents of a region are told at once within WINDOW. */
#define AT_ONCE 4
#define WINDOW HZ

static const char * const kinds[CXL_DCD_NEWS_KINDS] = {
	[CXL_DCD_NEWS_ADD] = "add",
	[CXL_DCD_NEWS_RELEASE] = "release",
	[CXL_DCD_NEWS_BUSY] = "busy",
	[CXL_DCD_NEWS_FORCED] = "forced",
};

static void dcd_news_tell(struct cxl_dcd_region *rgn,
			  const struct cxl_dcd_news_item *item)
{
	char event[32], region[32], uuid[64], size[40];

	snprintf(event, sizeof(event), "DCD_EVENT=%s", kinds[item->kind]);
	snprintf(region, sizeof(region), "DCD_REGION=region%d", rgn->cxlr->id);
	snprintf(uuid, sizeof(uuid), "DCD_UUID=%pUb", item->tag);
	snprintf(size, sizeof(size), "DCD_LENGTH=%#llx", item->length);
	kobject_uevent_env(&rgn->dev->kobj, KOBJ_CHANGE,
			   (char *[]){ event, region, uuid, size, NULL });
}

/* One item for each kind of news that there is, whatever the tags. */
static void dcd_news_join(struct cxl_dcd_news *news)
{
	struct cxl_dcd_news_item all[CXL_DCD_NEWS_KINDS] = { };
	unsigned int i, nr = 0;

	for (i = 0; i < news->nr; i++) {
		struct cxl_dcd_news_item *item = &news->item[i];
		unsigned int k = 0;

		while (k < nr && all[k].kind != item->kind)
			k++;
		if (k == nr)
			all[nr++].kind = item->kind;
		all[k].length += item->length;
	}
	memcpy(news->item, all, nr * sizeof(*all));
	news->nr = nr;
}

static void dcd_news_add(struct cxl_dcd_news *news,
			 const struct cxl_dcd_news_item *item)
{
	unsigned int i;

	for (i = 0; i < news->nr; i++)
		if (news->item[i].kind == item->kind &&
		    !memcmp(news->item[i].tag, item->tag, sizeof(item->tag))) {
			news->item[i].length += item->length;
			return;
		}
	if (news->nr == ARRAY_SIZE(news->item))
		dcd_news_join(news);
	news->item[news->nr++] = *item;
}

/* Tell what was added up. */
void cxl_dcd_news_flush(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd_news *news = &rgn->news;
	unsigned int i;

	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	for (i = 0; i < news->nr; i++)
		dcd_news_tell(rgn, &news->item[i]);
	news->told = news->nr;
	news->nr = 0;
	news->since = jiffies;
}

static void dcd_news_work(struct work_struct *work)
{
	struct cxl_dcd_region *rgn =
		container_of(to_delayed_work(work), struct cxl_dcd_region,
			     news.work);

	guard(cxl_dcd)(cxl_dcd_of(rgn));
	cxl_dcd_news_flush(rgn);
}

/**
 * cxl_dcd_uevent - tell user space that capacity has come or gone
 * @rgn: region
 * @kind: what has happened
 * @tag: whose capacity
 * @length: bytes of host address space
 */
void cxl_dcd_uevent(struct cxl_dcd_region *rgn, enum cxl_dcd_news_kind kind,
		    const u8 *tag, u64 length)
{
	struct cxl_dcd_news *news = &rgn->news;
	struct cxl_dcd_news_item item = { .kind = kind, .length = length };

	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	memcpy(item.tag, tag, sizeof(item.tag));
	if (!news->nr && time_after(jiffies, news->since + WINDOW)) {
		news->since = jiffies;
		news->told = 0;
	}
	if (!news->nr && news->told < AT_ONCE) {
		news->told++;
		dcd_news_tell(rgn, &item);
		return;
	}
	dcd_news_add(news, &item);
	queue_delayed_work(system_wq, &news->work, WINDOW);
}

void cxl_dcd_news_init(struct cxl_dcd_region *rgn)
{
	rgn->news.since = jiffies - WINDOW - 1;
	INIT_DELAYED_WORK(&rgn->news.work, dcd_news_work);
}

/* No work of it runs any more, nor will; not with the mutex held. */
void cxl_dcd_news_end(struct cxl_dcd_region *rgn)
{
	disable_delayed_work_sync(&rgn->news.work);
}
