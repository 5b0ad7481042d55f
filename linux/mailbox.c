// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic capacity and event commands over a memdev's own mailbox.
 *
 * Whatever comes back is checked here for size, so that callers may look at
 * every record that they are told about.
 */
#include <linux/delay.h>
#include <linux/slab.h>

#include "device.h"
#include "judge.h"
#include "lock.h"
#include "mailbox.h"

/* A device whose list changes all the time is not worth more tries. */
#define LIST_TRIES 16
/* 4801h counts in 32 bits; more than our own device may list is not believed. */
#define LIST_MAX BIT(20)
/*
 * Time for a list of many commands, one way or the other: while it runs, all
 * that concerns the device waits.
 */
#define LIST_TIME (10 * HZ)
#define UPDATE_TIME (30 * HZ)
/* Time for a device that says "later"; between tries, milliseconds. */
#define BUSY_TIME HZ
#define BUSY_POLL_MS 10

/* Did the device put a command off, without doing any of it? */
static bool dcd_mailbox_later(const struct cxl_mbox_cmd *cmd, int rc)
{
	return rc && (cmd->return_code == CXL_DCD_RC_RETRY_REQUIRED ||
		      cmd->return_code == CXL_DCD_RC_BUSY);
}

/*
 * "Retry required" and "busy" are no refusals: what another head of a pool, or
 * the device itself, is about just now is over in a moment. So the command is
 * sent again, for a while.
 *
 * Returns: 0; -EREMOTEIO: the device has answered, with an error code; -EBUSY:
 * it put the command off all the time.
 */
static int dcd_mailbox_send(struct cxl_dev_state *cxlds, u16 opcode,
			    const void *in, size_t size_in, void *out,
			    size_t *size_out, size_t min_out)
{
	unsigned long end = jiffies + BUSY_TIME;
	struct cxl_mbox_cmd cmd = {
		.opcode = opcode,
		.payload_in = (void *)in,
		.size_in = size_in,
		.payload_out = out,
		.size_out = size_out ? *size_out : 0,
		.min_out = min_out,
	};
	int rc;

	if (!pci_device_is_present(to_pci_dev(cxlds->dev)))
		return -ENODEV;
	rc = cxl_internal_send_cmd(&cxlds->cxl_mbox, &cmd);
	while (dcd_mailbox_later(&cmd, rc) && time_before(jiffies, end)) {
		msleep(BUSY_POLL_MS);
		cmd.size_in = size_in;
		cmd.size_out = size_out ? *size_out : 0;
		cmd.return_code = 0;
		rc = cxl_internal_send_cmd(&cxlds->cxl_mbox, &cmd);
	}
	if (size_out)
		*size_out = cmd.size_out;
	if (rc)
		dev_dbg(cxlds->dev, "command %04xh: return code %#x, error %d\n",
			opcode, cmd.return_code, rc);
	if (dcd_mailbox_later(&cmd, rc))
		return -EBUSY;
	return rc && cmd.return_code ? -EREMOTEIO : rc;
}

static int dcd_mailbox_read_config(struct cxl_dev_state *cxlds,
				   CXLDcdGetConfigResponse *resp, size_t size,
				   struct cxl_dcd_part *parts,
				   unsigned int *nr_parts)
{
	unsigned int nr = 0, total = 0;

	do {
		CXLDcdGetConfigRequest req = {
			.region_count = CXL_DCD_MAX_REGIONS - nr,
			.start_region = nr,
		};
		size_t got = size;
		int rc = dcd_mailbox_send(cxlds, CXL_DCD_OP_GET_CONFIG, &req,
					  sizeof(req), resp, &got,
					  sizeof(*resp));

		rc = rc ?: cxl_dcd_parts_take(parts, &nr, &total, resp, got);
		if (rc)
			return rc;
	} while (nr < total);

	*nr_parts = nr;
	return cxl_dcd_parts_check(parts, nr) ? -EPROTO : 0;
}

/* Of a Command Effects Log; a device has some hundred commands at most. */
#define EFFECTS_MAX SZ_16K
#define EFFECTS_UUID_SIZE 16

static const u8 effects_uuid[EFFECTS_UUID_SIZE] = {
	0x0d, 0xa9, 0xc0, 0xb5, 0xbf, 0x41, 0x4b, 0x78,
	0x8f, 0x79, 0x96, 0xb1, 0x62, 0x3b, 0x3f, 0x17,
};

/* Answer of Get Supported Logs (Table 8-82 of CXL r3.2), and an entry of it */
struct dcd_mailbox_logs {
	__le16 nr;
	u8 reserved[6];
	struct {
		u8 uuid[EFFECTS_UUID_SIZE];
		__le32 size;
	} __packed log[];
} __packed;

/* Get Log */
struct dcd_mailbox_get_log {
	u8 uuid[EFFECTS_UUID_SIZE];
	__le32 offset;
	__le32 length;
} __packed;

/* Bytes of the device's Command Effects Log, 0 for none, or -errno. */
static int dcd_mailbox_effects_size(struct cxl_dev_state *cxlds, void *buf,
				    size_t room)
{
	const struct dcd_mailbox_logs *logs = buf;
	size_t got = room;
	unsigned int i;
	int rc;

	rc = dcd_mailbox_send(cxlds, CXL_DCD_OP_GET_SUPPORTED_LOGS, NULL, 0,
			      buf, &got, sizeof(*logs));
	if (rc)
		return rc;
	for (i = 0; i < le16_to_cpu(logs->nr) &&
	     struct_size(logs, log, i + 1) <= got; i++)
		if (!memcmp(logs->log[i].uuid, effects_uuid,
			    sizeof(effects_uuid)))
			return min(le32_to_cpu(logs->log[i].size), EFFECTS_MAX);
	return 0;
}

/* Does the device say that it has a command? It is asked part by part. */
static bool dcd_mailbox_has(struct cxl_dev_state *cxlds, u16 opcode, void *buf,
			    size_t room)
{
	int size = dcd_mailbox_effects_size(cxlds, buf, room), at;
	size_t got;

	for (at = 0; at < size; at += got) {
		struct dcd_mailbox_get_log req = {
			.offset = cpu_to_le32(at),
			.length = cpu_to_le32(min_t(size_t, size - at, room)),
		};

		memcpy(req.uuid, effects_uuid, sizeof(req.uuid));
		got = min_t(size_t, size - at, room);
		if (dcd_mailbox_send(cxlds, CXL_DCD_OP_GET_LOG, &req,
				     sizeof(req), buf, &got, 0) ||
		    got < sizeof(u32))
			return false;
		if (cxl_dcd_effects_have(buf, got, opcode))
			return true;
		/* Entries are not cut in two. */
		got = ALIGN_DOWN(got, sizeof(u32));
	}
	return false;
}

/**
 * cxl_dcd_get_config - which dynamic capacity regions has the device? (4800h)
 * @cxlds: device; need not be one with dynamic capacity
 * @parts: room for CXL_DCD_MAX_REGIONS
 * @nr_parts: set to the number that the device has
 *
 * One that does not have the command, by its Command Effects Log, is not sent
 * it.
 *
 * Returns: 0, -EOPNOTSUPP when the device does not have the command, -EPROTO
 * when the answer makes no sense.
 */
int cxl_dcd_get_config(struct cxl_dev_state *cxlds, struct cxl_dcd_part *parts,
		       unsigned int *nr_parts)
{
	size_t size = min_t(size_t, cxlds->cxl_mbox.payload_size, SZ_4K);
	CXLDcdGetConfigResponse *resp;
	int rc;

	resp = kmalloc(size, GFP_KERNEL);
	if (!resp)
		return -ENOMEM;
	rc = -EOPNOTSUPP;
	if (dcd_mailbox_has(cxlds, CXL_DCD_OP_GET_CONFIG, resp, size))
		rc = dcd_mailbox_read_config(cxlds, resp, size, parts,
					     nr_parts);
	kfree(resp);
	return rc;
}

/**
 * cxl_dcd_get_events - read the oldest records of event log 4 (0100h)
 * @dcd: device
 * @resp: buffer of cxl_dcd_payload() bytes
 * @nr: set to the number of records that are really in @resp
 */
int cxl_dcd_get_events(struct cxl_dcd *dcd, CXLDcdGetEventsResponse *resp,
		       unsigned int *nr)
{
	size_t size = cxl_dcd_payload(dcd);
	u8 log = CXL_DCD_EVENT_LOG;
	int rc;

	rc = dcd_mailbox_send(dcd->cxlds, CXL_DCD_OP_GET_EVENT_RECORDS, &log,
			      sizeof(log), resp, &size, sizeof(*resp));
	if (rc)
		return rc;
	*nr = le16_to_cpu(resp->record_count);
	if (size < struct_size(resp, records, *nr))
		return -EPROTO;
	return 0;
}

/* Clear the first @nr records of @resp from log 4 (0101h). */
int cxl_dcd_clear_events(struct cxl_dcd *dcd,
			 const CXLDcdGetEventsResponse *resp, unsigned int nr)
{
	CXLDcdClearEventsRequest *req;
	unsigned int room, done, n, i;
	int rc = 0;

	room = min_t(size_t, U8_MAX, (cxl_dcd_payload(dcd) - sizeof(*req)) /
				     sizeof(req->handles[0]));
	req = kzalloc(struct_size(req, handles, room), GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	req->log = CXL_DCD_EVENT_LOG;
	for (done = 0; !rc && done < nr; done += n) {
		n = min(nr - done, room);
		req->count = n;
		for (i = 0; i < n; i++)
			req->handles[i] = resp->records[done + i].handle;
		rc = dcd_mailbox_send(dcd->cxlds,
				      CXL_DCD_OP_CLEAR_EVENT_RECORDS, req,
				      struct_size(req, handles, n), NULL, NULL,
				      0);
	}
	kfree(req);
	return rc;
}

/* 0102h; a device of CXL 2.0 leaves the fifth byte out, which reads as 0. */
int cxl_dcd_get_irq_policy(struct cxl_dcd *dcd, CXLDcdEventIrqPolicy *policy)
{
	size_t size = sizeof(*policy);

	memset(policy, 0, sizeof(*policy));
	return dcd_mailbox_send(dcd->cxlds, CXL_DCD_OP_GET_EVENT_IRQ_POLICY,
				NULL, 0, policy, &size, sizeof(*policy) - 1);
}

int cxl_dcd_set_irq_policy(struct cxl_dcd *dcd,
			   const CXLDcdEventIrqPolicy *policy)
{
	return dcd_mailbox_send(dcd->cxlds, CXL_DCD_OP_SET_EVENT_IRQ_POLICY,
				policy, sizeof(*policy), NULL, NULL, 0);
}

/* Entries that one 4802h or 4803h can hold. */
u32 cxl_dcd_update_room(struct cxl_dcd *dcd)
{
	return (cxl_dcd_payload(dcd) - sizeof(CXLDcdUpdateRequest)) /
	       sizeof(CXLDcdUpdatedExtent);
}

/**
 * cxl_dcd_update - accept (4802h) or release (4803h) capacity
 * @dcd: device
 * @opcode: CXL_DCD_OP_ADD_RESPONSE or CXL_DCD_OP_RELEASE
 * @spans: DPA ranges; not looked at when @nr is 0
 * @nr: their number; 0 refuses the oldest offer
 *
 * A list that does not fit into one payload is sent as several commands chained
 * by More, which the device takes as one. The caller holds the books, so
 * that no command of ours comes between them. Others use the mailbox as well:
 * when a command of theirs does, the device may drop the first part of the
 * chain and take the second for the whole. So after a list of more than
 * cxl_dcd_update_room() entries the caller must look at what the device lists.
 *
 * Returns: 0; -EREMOTEIO: the device refused, and has taken nothing; any other
 * -errno: nobody knows.
 */
int cxl_dcd_update(struct cxl_dcd *dcd, u16 opcode,
		   const struct cxl_dcd_span *spans, u32 nr)
{
	unsigned long end = jiffies + UPDATE_TIME;
	CXLDcdUpdateRequest *req;
	u32 room, done = 0, n, i;
	int rc;

	cxl_dcd_assert_held(dcd);
	if (dcd->dying)
		return -ENODEV;
	room = min(max(nr, 1), cxl_dcd_update_room(dcd));
	req = kvzalloc(struct_size(req, extents, room), GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	do {
		n = min(nr - done, room);
		for (i = 0; i < n; i++) {
			req->extents[i].start_dpa =
				cpu_to_le64(spans[done + i].dpa);
			req->extents[i].length =
				cpu_to_le64(spans[done + i].len);
		}
		done += n;
		req->count = cpu_to_le32(n);
		req->flags = done < nr ? CXL_DCD_UPDATE_MORE : 0;
		rc = dcd_mailbox_send(dcd->cxlds, opcode, req,
				      struct_size(req, extents, n), NULL, NULL,
				      0);
		if (!rc && done < nr && time_after(jiffies, end))
			rc = -ETIME;
	} while (!rc && done < nr);
	kvfree(req);
	return rc;
}

/* No honest list is longer than the device has blocks. */
static u64 dcd_mailbox_list_max(const struct cxl_dcd *dcd)
{
	u64 blocks = 0;
	unsigned int i;

	for (i = 0; i < dcd->nr_parts; i++)
		if (dcd->parts[i].size)
			blocks += dcd->parts[i].size / dcd->parts[i].block;
	return min(blocks, LIST_MAX);
}

/* One pass over the list; -EAGAIN when it changed on the way. */
static int dcd_mailbox_read_list(struct cxl_dcd *dcd,
				 CXLDcdGetExtentListResponse *resp, size_t size,
				 unsigned long end, struct cxl_dcd_rec **recs,
				 u32 *nr)
{
	u32 total = 0, have = 0, generation = 0, n, i;

	*recs = NULL;
	do {
		CXLDcdGetExtentListRequest req = {
			.extent_count = cpu_to_le32((size - sizeof(*resp)) /
						    sizeof(resp->extents[0])),
			.start_index = cpu_to_le32(have),
		};
		size_t got = size;
		int rc = dcd_mailbox_send(dcd->cxlds,
					  CXL_DCD_OP_GET_EXTENT_LIST, &req,
					  sizeof(req), resp, &got,
					  sizeof(*resp));

		if (rc)
			return rc;
		if (time_after(jiffies, end))
			return -ETIME;
		n = le32_to_cpu(resp->returned);
		if (!*recs) {
			total = le32_to_cpu(resp->total);
			generation = le32_to_cpu(resp->generation);
			if (total > dcd_mailbox_list_max(dcd))
				return -EPROTO;
			*recs = kvcalloc(max(total, 1), sizeof(**recs),
					 GFP_KERNEL);
			if (!*recs)
				return -ENOMEM;
		}
		if (generation != le32_to_cpu(resp->generation) ||
		    total != le32_to_cpu(resp->total))
			return -EAGAIN;
		if (n > total - have || (!n && have < total) ||
		    n > (got - sizeof(*resp)) / sizeof(resp->extents[0]))
			return -EPROTO;
		cond_resched();
		for (i = 0; i < n; i++, have++)
			cxl_dcd_rec_decode(*recs + have, &resp->extents[i],
					   have);
	} while (have < total);

	*nr = total;
	dcd->generation = generation;
	return 0;
}

/**
 * cxl_dcd_read_extents - read the whole list of accepted extents (4801h)
 * @dcd: device
 * @recs: set to an array, to be freed with kvfree(); NULL on error
 * @nr: its length
 *
 * Returns: 0 or -errno, -EAGAIN when the list would not stand still, -ETIME
 * when it had no end in time.
 */
int cxl_dcd_read_extents(struct cxl_dcd *dcd, struct cxl_dcd_rec **recs,
			 u32 *nr)
{
	unsigned long end = jiffies + LIST_TIME;
	size_t size = cxl_dcd_payload(dcd);
	CXLDcdGetExtentListResponse *resp = kvmalloc(size, GFP_KERNEL);
	int rc = -EAGAIN;
	unsigned int i;

	*recs = NULL;
	if (!resp)
		return -ENOMEM;
	for (i = 0; i < LIST_TRIES && rc == -EAGAIN; i++) {
		kvfree(*recs);
		rc = dcd_mailbox_read_list(dcd, resp, size, end, recs, nr);
	}
	if (rc) {
		kvfree(*recs);
		*recs = NULL;
	}
	kvfree(resp);
	return rc;
}
