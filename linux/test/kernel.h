/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel as far as mailbox.c, events.c and list.c use it, for user space:
 * included before them, so that what a device answers can be fuzzed.
 *
 * Time is a number that goes on as the program says. The device is one function
 * of the program, kernel_device(); works are run by it, kernel_run(). It stands
 * for device.h, lock.h, stock.h and trace_cxl.h, which are not read.
 */
#ifndef CXL_DCD_TEST_KERNEL_H
#define CXL_DCD_TEST_KERNEL_H

#define CXL_DCD_DEVICE_H
#define CXL_DCD_LOCK_H
#define CXL_DCD_TRACE_CXL_H

#include <assert.h>

#include "shim.h"

#include "../judge.h"

#define U8_MAX UINT8_MAX
#define SZ_4K 4096
#define SZ_16K 16384
#define ALIGN_DOWN(n, unit) rounddown(n, unit)
#define __packed CXL_DCD_PACKED
typedef u16 __le16;
typedef u32 __le32;

static inline size_t rounddown(size_t n, size_t unit)
{
	return n / unit * unit;
}

#define HZ 250UL
#define GFP_KERNEL 0

/* As the program says */
extern unsigned long jiffies;
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define msecs_to_jiffies(ms) ((unsigned long)(ms) * HZ / 1000)
#define msleep(ms) (jiffies += msecs_to_jiffies(ms))

#define min(a, b) ({				\
	__auto_type _a = (a);			\
	__auto_type _b = (b);			\
	_a < _b ? _a : _b; })
#define max(a, b) ({				\
	__auto_type _a = (a);			\
	__auto_type _b = (b);			\
	_a > _b ? _a : _b; })
#define min_t(type, a, b) min((type)(a), (type)(b))
#define struct_size(p, member, n)		\
	(sizeof(*(p)) + sizeof((p)->member[0]) * (size_t)(n))
#define container_of(p, type, member)		\
	((type *)((char *)(p) - offsetof(type, member)))

#define le16_to_cpu(n) cxl_dcd_get16(n)
#define le32_to_cpu(n) cxl_dcd_get32(n)
#define le64_to_cpu(n) cxl_dcd_get64(n)
#define cpu_to_le32(n) cxl_dcd_put32(n)
#define cpu_to_le64(n) cxl_dcd_put64(n)

static inline void *kvcalloc(size_t n, size_t size, int gfp)
{
	return calloc(n, size);
}

static inline void *kvmalloc(size_t size, int gfp)
{
	return malloc(size);
}

#define kmalloc kvmalloc
#define kzalloc(size, gfp) kvcalloc(1, size, gfp)
#define kvzalloc kzalloc
#define kvmalloc_array kvcalloc
#define kfree free
#define kvfree free

#define module_param(name, type, mode) static_assert(mode, #name)
#define MODULE_PARM_DESC(name, text) static_assert(sizeof(text) > 1, #name)

struct device {
	int unused;
};

/* The compiler sees to it that arguments fit, but for %pU. */
static inline void kernel_say(const struct device *dev, ...)
{
}

#define dev_dbg(dev, ...) kernel_say(dev, __VA_ARGS__)
#define dev_info(dev, ...) kernel_say(dev, __VA_ARGS__)
#define dev_err(dev, ...) kernel_say(dev, __VA_ARGS__)
#define dev_warn(dev, ...) kernel_say(dev, __VA_ARGS__)
#define dev_warn_ratelimited(dev, ...) kernel_say(dev, __VA_ARGS__)
#define trace_cxl_dynamic_capacity(dev, number, record)	\
	kernel_say(dev, number, (record)->type)

/* Works: one that is to be done has its time, @due. */
struct work_struct {
	void (*func)(struct work_struct *work);
};

struct delayed_work {
	struct work_struct work;
	bool queued;
	unsigned long due;
};

#define to_delayed_work(w) container_of(w, struct delayed_work, work)
#define INIT_DELAYED_WORK(w, f)					\
	(*(w) = (struct delayed_work) { .work = { .func = f } })

static inline void mod_delayed_work(void *wq, struct delayed_work *work,
				    unsigned long delay)
{
	work->queued = true;
	work->due = jiffies + delay;
}

static inline void queue_delayed_work(void *wq, struct delayed_work *work,
				      unsigned long delay)
{
	if (!work->queued)
		mod_delayed_work(wq, work, delay);
}

static inline void disable_delayed_work_sync(struct delayed_work *work)
{
	work->queued = false;
}

/* Do it if its time has come. */
static inline void kernel_run(struct delayed_work *work)
{
	if (!work->queued || time_before(jiffies, work->due))
		return;
	work->queued = false;
	work->work.func(&work->work);
}

/* The stock driver's mailbox */
struct cxl_mbox_cmd {
	u16 opcode;
	void *payload_in;
	void *payload_out;
	size_t size_in;
	size_t size_out;
	size_t min_out;
	u16 return_code;
};

struct cxl_mailbox {
	size_t payload_size;
};

struct cxl_dev_state {
	struct device *dev;
	u64 serial;
	struct cxl_mailbox cxl_mbox;
};

/*
 * What the device makes of a command: 0, or -errno when there is no answer.
 * At most @size_out bytes are written, and it is made as many.
 */
int kernel_device(struct cxl_mbox_cmd *cmd);

static inline bool pci_device_is_present(const struct device *pdev)
{
	return pdev;
}

#define to_pci_dev(dev) (dev)

/* As the stock driver: an answer that is shorter than asked for is none. */
static inline int cxl_internal_send_cmd(struct cxl_mailbox *mbox,
					struct cxl_mbox_cmd *cmd)
{
	size_t want = cmd->size_out;
	int rc;

	if (cmd->size_in > mbox->payload_size || want > mbox->payload_size)
		return -E2BIG;
	rc = kernel_device(cmd);
	if (rc)
		return rc;
	if (cmd->return_code)
		return -ENXIO;
	if (want && cmd->size_out < (cmd->min_out ? cmd->min_out : want))
		return -EIO;
	return 0;
}

/* device.h */
struct cxl_memdev {
	struct device dev;
};

struct cxl_dcd_chain {
	struct cxl_dcd_rec *recs;
	u32 nr;
	u32 room;
	bool broken;
	bool open;
	unsigned int blind;
	bool refused;
	unsigned long refused_end;
};

struct cxl_dcd {
	struct cxl_memdev *cxlmd;
	struct cxl_dev_state *cxlds;
	unsigned int nr_parts;
	struct cxl_dcd_part parts[CXL_DCD_MAX_REGIONS];
	bool dying;
	bool armed;
	const struct cxl_dcd_event_ops *ops;
	u32 generation;
	void *wq;
	bool drained;
	struct delayed_work event_work;
	struct delayed_work stall_work;
	struct cxl_dcd_chain chain;
	bool parked;
	void *events;
	u16 *handled;
	u32 nr_handled;
	bool overflow;
	unsigned int failures;
};

static inline bool cxl_dcd_may_log(void)
{
	return true;
}

#define cxl_dcd_lock(dcd) ((void)(dcd))
#define cxl_dcd_trylock(dcd) ((void)(dcd), true)
#define cxl_dcd_unlock(dcd) ((void)(dcd))
#define cxl_dcd_assert_held(dcd) ((void)(dcd))
#define cxl_dcd_payload(dcd) ((dcd)->cxlds->cxl_mbox.payload_size)

#endif /* CXL_DCD_TEST_KERNEL_H */
