// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that misbehaves: sits between a memdev and its mailbox.
 *
 * A correct device never offers what cxl_dcd has to refuse: sequences with gaps,
 * ranges that wrap, lists that never stand still. This module, which is for tests
 * only and is never installed, adds such records to event log 4 of one real
 * device, lies in the answers to some commands, and notes how the host answers.
 *
 * Below /sys/kernel/debug/cxl_dcd_inject:
 *   events   (WO) append event records of 128 bytes and raise the interrupt
 *   pending  (RO) how many of them the host has not cleared yet
 *   config   (WO) what to answer to 4800h from now on; empty: the device's answer
 *   lie      (RW) enum lie, below
 *   overflow (RW) 1: report an overflow once
 *   pretend  (RW) 1: answer 4802h and 4803h here, with success; the device
 *                    does not hear of them, and 4801h lists what they said
 *   fail_opcode, fail_code, fail_count
 *            (RW) so many commands of this opcode fail with this return code, and
 *                 0 for the code: with a timeout
 *   fail_late (RW) 1: the device runs them all the same
 *   cut      (RW) once, between so many commands of a More chain and the next
 *                 one, have the device run another command
 *   slow     (RW) milliseconds that every command takes longer
 *   answers  (RW) what 4802h and 4803h said: "add|release START+LENGTH..." each;
 *                 writing forgets it
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "stock.h"
#include "hw/cxl/dcd/wire.h"

#define FIRST_HANDLE 0xc000
#define MAX_RECORDS 12000
#define MAX_ANSWERS 32768
#define MAX_HELD 12000

enum lie {
	LIE_NONE,
	LIE_GENERATION,		/* another generation in every part of 4801h */
	LIE_TOTAL,		/* 4801h: 2^32 - 1 extents */
	LIE_RETURNED,		/* 4801h: more returned than there are */
	LIE_NOTHING,		/* 4801h: none returned of one */
	LIE_SHORT,		/* 4801h: fewer bytes than a header */
	LIE_EVENT_COUNT,	/* 0100h: more records than bytes */
	LIE_EVENT_SHORT,	/* 0100h: fewer bytes than a header */
	LIE_ERROR,		/* 0100h, 4801h: the command fails */
	LIE_LOSE,		/* 0100h: all records are lost to an overflow */
};

static char *memdev = "mem0";
module_param(memdev, charp, 0444);
MODULE_PARM_DESC(memdev, "device to sit on");

static struct device *target;
static struct cxl_dev_state *cxlds;
static int (*real_send)(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd);
static struct dentry *folder;

static DEFINE_MUTEX(lock); /* all of the following */
static CXLDcdEventRecord *records;
static u32 nr_records, first_record, next_handle, pending;
static char *answers;
static size_t answers_len;
static void *config;
static size_t config_len;
static u32 generation;
static CXLDcdWireExtent *held;
static u32 nr_held;

static u8 lie, overflow, pretend, fail_late;
static u16 fail_opcode, fail_code;
static u32 fail_count, cut, chained, slow;
static atomic_t busy = ATOMIC_INIT(0);

/* Have the device forget what is in its log, one record after the other. */
static int lose_events(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	CXLDcdGetEventsResponse *resp = cmd->payload_out;
	unsigned int i, nr = le16_to_cpu(resp->record_count);
	struct {
		CXLDcdClearEventsRequest req;
		__le16 handle;
	} __packed one = {
		.req = { .log = CXL_DCD_EVENT_LOG, .count = 1 },
	};
	int rc = 0;

	for (i = 0; i < nr && !rc; i++) {
		struct cxl_mbox_cmd clear = {
			.opcode = CXL_DCD_OP_CLEAR_EVENT_RECORDS,
			.payload_in = &one,
			.size_in = sizeof(one),
		};

		one.handle = resp->records[i].handle;
		rc = real_send(mbox, &clear);
	}
	if (nr)
		resp->flags |= CXL_DCD_EVENTS_OVERFLOW;
	resp->record_count = 0;
	cmd->size_out = sizeof(*resp);
	return rc;
}

/* Put our records behind the device's own. */
static int get_events(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	CXLDcdGetEventsResponse *resp = cmd->payload_out;
	size_t room = cmd->size_out;
	unsigned int have, n;
	int rc = real_send(mbox, cmd);

	if (rc || *(u8 *)cmd->payload_in != CXL_DCD_EVENT_LOG)
		return rc;
	if (lie == LIE_ERROR)
		return -ENXIO;
	if (lie == LIE_LOSE)
		return lose_events(mbox, cmd);
	have = le16_to_cpu(resp->record_count);
	mutex_lock(&lock);
	n = (room - struct_size(resp, records, have)) / sizeof(*records);
	n = min(n, nr_records - first_record);
	n = min(n, 200U);
	memcpy(resp->records + have, records + first_record,
	       n * sizeof(*records));
	resp->record_count = cpu_to_le16(have + n);
	if (overflow) {
		resp->flags |= CXL_DCD_EVENTS_OVERFLOW;
		overflow = 0;
	}
	mutex_unlock(&lock);
	cmd->size_out = struct_size(resp, records, have + n);
	if (lie == LIE_EVENT_COUNT)
		resp->record_count = cpu_to_le16(U16_MAX);
	if (lie == LIE_EVENT_SHORT)
		cmd->size_out = sizeof(*resp) - 1;
	return 0;
}

/* Is a handle one of ours? Then its record is done with. */
static bool cleared(u16 handle)
{
	if (first_record == nr_records ||
	    handle != le16_to_cpu(records[first_record].handle))
		return false;
	if (++first_record == nr_records) {
		first_record = 0;
		nr_records = 0;
	}
	pending = nr_records - first_record;
	return true;
}

static int clear_events(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	CXLDcdClearEventsRequest *req = cmd->payload_in;
	unsigned int i, left = 0;

	if (req->log != CXL_DCD_EVENT_LOG || req->flags)
		return real_send(mbox, cmd);
	mutex_lock(&lock);
	for (i = 0; i < req->count; i++)
		if (!cleared(le16_to_cpu(req->handles[i])))
			req->handles[left++] = req->handles[i];
	mutex_unlock(&lock);
	if (req->count && !left)
		return 0;
	req->count = left;
	cmd->size_in = struct_size(req, handles, left);
	return real_send(mbox, cmd);
}

/* Break into a chain of commands, as any other user of the mailbox may. */
static void break_in(struct cxl_mailbox *mbox, const CXLDcdUpdateRequest *req)
{
	CXLDcdEventIrqPolicy policy;
	struct cxl_mbox_cmd cmd = {
		.opcode = CXL_DCD_OP_GET_EVENT_IRQ_POLICY,
		.payload_out = &policy,
		.size_out = sizeof(policy),
		.min_out = sizeof(policy),
	};

	if (cut && chained == cut) {
		real_send(mbox, &cmd);
		cut = 0;
	}
	chained = req->flags & CXL_DCD_UPDATE_MORE ? chained + 1 : 0;
}

/* Keep the list of accepted extents in the device's place. */
static void hold(u16 opcode, const CXLDcdUpdateRequest *req)
{
	u32 i, k;

	mutex_lock(&lock);
	for (i = 0; i < le32_to_cpu(req->count); i++) {
		if (opcode == CXL_DCD_OP_ADD_RESPONSE && nr_held < MAX_HELD)
			held[nr_held++] = (CXLDcdWireExtent) {
				.start_dpa = req->extents[i].start_dpa,
				.length = req->extents[i].length,
			};
		for (k = 0; opcode == CXL_DCD_OP_RELEASE && k < nr_held; k++)
			if (held[k].start_dpa == req->extents[i].start_dpa)
				held[k--] = held[--nr_held];
	}
	generation++;
	mutex_unlock(&lock);
}

static int list_held(struct cxl_mbox_cmd *cmd)
{
	CXLDcdGetExtentListRequest *req = cmd->payload_in;
	CXLDcdGetExtentListResponse *resp = cmd->payload_out;
	u32 first, n;

	mutex_lock(&lock);
	first = min(le32_to_cpu(req->start_index), nr_held);
	n = min(le32_to_cpu(req->extent_count), nr_held - first);
	*resp = (CXLDcdGetExtentListResponse) {
		.returned = cpu_to_le32(n),
		.total = cpu_to_le32(nr_held),
		.generation = cpu_to_le32(generation),
	};
	memcpy(resp->extents, held + first, n * sizeof(*held));
	mutex_unlock(&lock);
	cmd->size_out = struct_size(resp, extents, n);
	cmd->return_code = 0;
	return 0;
}

static int note(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	CXLDcdUpdateRequest *req = cmd->payload_in;
	u32 i;

	mutex_lock(&lock);
	answers_len += scnprintf(answers + answers_len,
				 MAX_ANSWERS - answers_len, "%s",
				 cmd->opcode == CXL_DCD_OP_RELEASE ?
				 "release" : "add");
	for (i = 0; i < le32_to_cpu(req->count); i++)
		answers_len += scnprintf(answers + answers_len,
					 MAX_ANSWERS - answers_len,
					 " %#llx+%#llx",
					 le64_to_cpu(req->extents[i].start_dpa),
					 le64_to_cpu(req->extents[i].length));
	answers_len += scnprintf(answers + answers_len,
				 MAX_ANSWERS - answers_len, "\n");
	mutex_unlock(&lock);
	if (!pretend) {
		break_in(mbox, req);
		return real_send(mbox, cmd);
	}
	hold(cmd->opcode, req);
	cmd->return_code = 0;
	return 0;
}

static int get_list(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	CXLDcdGetExtentListResponse *resp = cmd->payload_out;
	int rc;

	if (pretend)
		return list_held(cmd);
	rc = real_send(mbox, cmd);
	if (rc)
		return rc;
	switch (lie) {
	case LIE_GENERATION:
		/* Never the end of the list, never the same list. */
		resp->total = cpu_to_le32(2);
		resp->returned = cpu_to_le32(1);
		resp->generation = cpu_to_le32(generation++);
		cmd->size_out = struct_size(resp, extents, 1);
		break;
	case LIE_TOTAL:
		resp->total = cpu_to_le32(U32_MAX);
		break;
	case LIE_RETURNED:
		resp->total = cpu_to_le32(1);
		resp->returned = cpu_to_le32(0x10000001);
		break;
	case LIE_NOTHING:
		resp->total = cpu_to_le32(1);
		resp->returned = 0;
		break;
	case LIE_SHORT:
		cmd->size_out = sizeof(*resp) - 1;
		break;
	case LIE_ERROR:
		return -ENXIO;
	default:
		break;
	}
	return 0;
}

static int get_config(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	int rc = real_send(mbox, cmd);

	mutex_lock(&lock);
	if (!rc && config) {
		cmd->size_out = min(cmd->size_out, config_len);
		memcpy(cmd->payload_out, config, cmd->size_out);
	}
	mutex_unlock(&lock);
	return rc;
}

static int handle(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	switch (cmd->opcode) {
	case CXL_DCD_OP_GET_EVENT_RECORDS:
		return get_events(mbox, cmd);
	case CXL_DCD_OP_CLEAR_EVENT_RECORDS:
		return clear_events(mbox, cmd);
	case CXL_DCD_OP_ADD_RESPONSE:
	case CXL_DCD_OP_RELEASE:
		return note(mbox, cmd);
	case CXL_DCD_OP_GET_EXTENT_LIST:
		return get_list(mbox, cmd);
	case CXL_DCD_OP_GET_CONFIG:
		return get_config(mbox, cmd);
	default:
		return real_send(mbox, cmd);
	}
}

static bool must_fail(u16 opcode)
{
	bool yes;

	mutex_lock(&lock);
	yes = fail_count && opcode == fail_opcode;
	if (yes)
		fail_count--;
	mutex_unlock(&lock);
	return yes;
}

static int send(struct cxl_mailbox *mbox, struct cxl_mbox_cmd *cmd)
{
	int rc = 0;

	atomic_inc(&busy);
	if (slow)
		msleep(slow);
	if (!must_fail(cmd->opcode)) {
		rc = handle(mbox, cmd);
	} else {
		if (fail_late)
			handle(mbox, cmd);
		cmd->return_code = fail_code;
		cmd->size_out = 0;
		if (!fail_code)
			rc = -ETIMEDOUT;
	}
	atomic_dec(&busy);
	return rc;
}

/* Raise the interrupt by which the device announces records. */
static int kick(void)
{
	CXLDcdEventIrqPolicy policy = { };
	struct cxl_mbox_cmd cmd = {
		.opcode = CXL_DCD_OP_GET_EVENT_IRQ_POLICY,
		.payload_out = &policy,
		.size_out = sizeof(policy),
		.min_out = sizeof(policy),
	};
	int rc = real_send(&cxlds->cxl_mbox, &cmd);
	int irq;

	if (rc)
		return rc;
	irq = pci_irq_vector(to_pci_dev(cxlds->dev),
			     policy.dynamic_capacity >>
			     CXL_DCD_IRQ_MESSAGE_SHIFT);
	if (irq < 0)
		return irq;
	/* Busy: one is on its way already, which serves as well. */
	rc = irq_inject_interrupt(irq);
	return rc == -EBUSY ? 0 : rc;
}

static ssize_t events_write(struct file *file, const char __user *buf,
			    size_t len, loff_t *pos)
{
	u32 n = len / sizeof(*records), i;
	int rc = 0;

	if (len % sizeof(*records) || n > MAX_RECORDS)
		return -EINVAL;
	mutex_lock(&lock);
	if (nr_records + n > MAX_RECORDS)
		rc = -ENOSPC;
	else if (copy_from_user(records + nr_records, buf, len))
		rc = -EFAULT;
	for (i = 0; !rc && i < n; i++) {
		records[nr_records++].handle =
			cpu_to_le16(FIRST_HANDLE + next_handle);
		next_handle = (next_handle + 1) % MAX_RECORDS;
	}
	pending = nr_records - first_record;
	mutex_unlock(&lock);
	return rc ?: kick() ?: len;
}

static const struct file_operations events_ops = {
	.owner = THIS_MODULE, .open = simple_open, .write = events_write,
};

static ssize_t config_write(struct file *file, const char __user *buf,
			    size_t len, loff_t *pos)
{
	void *data = NULL;

	/* A single newline stands for nothing: the shell cannot write less. */
	if (len > 1) {
		data = memdup_user(buf, min(len, 4096));
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	mutex_lock(&lock);
	kfree(config);
	config = data;
	config_len = len;
	mutex_unlock(&lock);
	return len;
}

static const struct file_operations config_ops = {
	.owner = THIS_MODULE, .open = simple_open, .write = config_write,
};

static int answers_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&lock);
	seq_write(seq, answers, answers_len);
	mutex_unlock(&lock);
	return 0;
}

static int answers_open(struct inode *inode, struct file *file)
{
	return single_open(file, answers_show, NULL);
}

static ssize_t answers_write(struct file *file, const char __user *buf,
			     size_t len, loff_t *pos)
{
	mutex_lock(&lock);
	answers_len = 0;
	mutex_unlock(&lock);
	return len;
}

static const struct file_operations answers_ops = {
	.owner = THIS_MODULE,
	.open = answers_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
	.write = answers_write,
};

static void forget(void)
{
	vfree(records);
	vfree(held);
	kfree(answers);
	kfree(config);
	put_device(target);
}

static int __init inject_init(void)
{
	target = bus_find_device_by_name(&cxl_bus_type, NULL, memdev);
	if (!target || !is_cxl_memdev(target)) {
		put_device(target);
		return -ENODEV;
	}
	cxlds = to_cxl_memdev(target)->cxlds;
	records = vcalloc(MAX_RECORDS, sizeof(*records));
	held = vcalloc(MAX_HELD, sizeof(*held));
	answers = kzalloc(MAX_ANSWERS, GFP_KERNEL);
	if (!records || !held || !answers) {
		forget();
		return -ENOMEM;
	}
	real_send = cxlds->cxl_mbox.mbox_send;
	WRITE_ONCE(cxlds->cxl_mbox.mbox_send, send);

	folder = debugfs_create_dir("cxl_dcd_inject", NULL);
	debugfs_create_file("events", 0200, folder, NULL, &events_ops);
	debugfs_create_file("config", 0200, folder, NULL, &config_ops);
	debugfs_create_file("answers", 0600, folder, NULL, &answers_ops);
	debugfs_create_u32("pending", 0400, folder, &pending);
	debugfs_create_u8("lie", 0600, folder, &lie);
	debugfs_create_u8("overflow", 0600, folder, &overflow);
	debugfs_create_u8("pretend", 0600, folder, &pretend);
	debugfs_create_x16("fail_opcode", 0600, folder, &fail_opcode);
	debugfs_create_x16("fail_code", 0600, folder, &fail_code);
	debugfs_create_u32("fail_count", 0600, folder, &fail_count);
	debugfs_create_u8("fail_late", 0600, folder, &fail_late);
	debugfs_create_u32("cut", 0600, folder, &cut);
	debugfs_create_u32("slow", 0600, folder, &slow);
	return 0;
}

static void __exit inject_exit(void)
{
	debugfs_remove(folder);
	WRITE_ONCE(cxlds->cxl_mbox.mbox_send, real_send);
	do {
		synchronize_rcu();
	} while (atomic_read(&busy));
	forget();
}

module_init(inject_init);
module_exit(inject_exit);

MODULE_DESCRIPTION("CXL: a dynamic capacity device that misbehaves, for tests");
MODULE_LICENSE("GPL");
CXL_DCD_IMPORT_NS;
