// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device's Coherent Device Attribute Table (CDAT 1.04) says of its
 * dynamic capacity regions.
 *
 * The table is the device's own and is not trusted: no entry is looked at
 * before it is known to lie inside the table.
 */
#include "cdat.h"
#include "judge.h"

/* 16 bytes of header, then entries: type, a reserved byte, length */
#define CDAT_HEADER_SIZE 16
#define CDAT_ENTRY_SIZE 4
#define CDAT_DSMAS_TYPE 0
#define CDAT_DSMAS_SIZE 24
#define CDAT_DSLBIS_TYPE 1
#define CDAT_DSLBIS_SIZE 24

/* Of a DSLBIS: the low bits of its flags are 0 for memory itself. */
#define DSLBIS_HIERARCHY 0x0f

/* What a DSLBIS tells, as in the HMAT of ACPI */
enum {
	LATENCY,
	READ_LATENCY,
	WRITE_LATENCY,
	BANDWIDTH,
	READ_BANDWIDTH,
	WRITE_BANDWIDTH,
};

#define PICOSECONDS_PER_NANOSECOND 1000

/*
 * The next entry of the type that is whole, or NULL at the end, which is also
 * the first entry that does not fit. @at is where to go on, 0 to begin.
 */
static const u8 *dcd_cdat_next(const u8 *table, size_t length, size_t *at,
			       u8 type, size_t least)
{
	if (!*at)
		*at = CDAT_HEADER_SIZE;
	while (*at < length && length - *at >= CDAT_ENTRY_SIZE) {
		const u8 *entry = table + *at;
		size_t size = entry[2] | entry[3] << 8;

		if (size < CDAT_ENTRY_SIZE || size > length - *at)
			return NULL;
		*at += size;
		if (entry[0] == type && size >= least)
			return entry;
	}
	return NULL;
}

/**
 * cxl_dcd_cdat_flags - take the attributes of partitions out of the CDAT
 * @parts: partitions, matched by their DSMAS handle
 * @nr: number of partitions
 * @table: the whole table, header first
 * @length: bytes at @table
 *
 * Stops at the first entry that does not fit; what was found until then stays.
 * Of two that contradict each other, the one that forbids more counts; where
 * there is none, it is not known what the partition is.
 */
void cxl_dcd_cdat_flags(struct cxl_dcd_part *parts, unsigned int nr,
			const u8 *table, size_t length)
{
	const u8 *entry;
	size_t at = 0;
	unsigned int i;

	while ((entry = dcd_cdat_next(table, length, &at, CDAT_DSMAS_TYPE,
				      CDAT_DSMAS_SIZE)))
		for (i = 0; i < nr; i++) {
			if (!parts[i].size || parts[i].dsmad != entry[4])
				continue;
			parts[i].shareable |= entry[5] & CXL_DCD_REGION_SHARABLE;
			parts[i].read_only |= entry[5] & CXL_DCD_REGION_READ_ONLY;
			parts[i].nonvolatile |=
				entry[5] & CXL_DCD_REGION_NONVOLATILE;
			parts[i].known = true;
		}
}

/* The value of a DSLBIS: ns or MB/s, 0 when it says nothing usable. */
static u32 dcd_cdat_dslbis_value(const u8 *entry)
{
	u16 value = entry[16] | entry[17] << 8;
	bool time = entry[6] <= WRITE_LATENCY;
	u64 unit = 0;
	int i;

	for (i = 7; i >= 0; i--)
		unit = unit << 8 | entry[8 + i];
	if (!value || value == 0xffff || !unit || unit > U32_MAX / value)
		return 0;
	if (!time)
		return value * unit;
	/* What is added must not carry the sum beyond 32 bits. */
	return (u32)(value * unit - 1) / PICOSECONDS_PER_NANOSECOND + 1;
}

/**
 * cxl_dcd_cdat_perf - how fast the device says that a partition is
 * @dsmad: handle of the partition
 * @table: the whole table, header first
 * @length: bytes at @table
 * @perf: set; 0 where the table says nothing
 *
 * Returns: does it say anything at all?
 */
bool cxl_dcd_cdat_perf(u8 dsmad, const u8 *table, size_t length,
		       struct cxl_dcd_perf *perf)
{
	const u8 *entry;
	bool any = false;
	size_t at = 0;

	memset(perf, 0, sizeof(*perf));
	while ((entry = dcd_cdat_next(table, length, &at, CDAT_DSLBIS_TYPE,
				      CDAT_DSLBIS_SIZE))) {
		u32 value = dcd_cdat_dslbis_value(entry);

		if (entry[4] != dsmad || entry[5] & DSLBIS_HIERARCHY || !value)
			continue;
		any = true;
		if (entry[6] == LATENCY || entry[6] == READ_LATENCY)
			perf->read_latency = value;
		if (entry[6] == LATENCY || entry[6] == WRITE_LATENCY)
			perf->write_latency = value;
		if (entry[6] == BANDWIDTH || entry[6] == READ_BANDWIDTH)
			perf->read_bandwidth = value;
		if (entry[6] == BANDWIDTH || entry[6] == WRITE_BANDWIDTH)
			perf->write_bandwidth = value;
	}
	return any;
}
