/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: where the bytes of interleaved capacity lie
 *
 * Capacity lies plainly when a byte of a device's DPA is at its place in the
 * device's own backend. While a set of devices is committed whose granularity
 * is less than a page, no page of the guest would be in one piece that way. So
 * the set's capacity is laid out in the order of the host's addresses: all
 * members' parts of it, some MiB each, are a unit; the unit's bytes are the
 * same backends' memory, but the first of its chunks holds what the host sees
 * first. What the host has of it can then be mapped.
 *
 * A unit never changes what memory it takes, only the order of bytes inside. It
 * is either plain or laid out, as a whole; where a byte is, is asked here.
 */
#ifndef CXL_DCD_LAYOUT_H
#define CXL_DCD_LAYOUT_H

#include "window.h"
#include "qemu/interval-tree.h"
#include "qemu/queue.h"
#include "qemu/units.h"

/* All chunks of a unit together; as much is moved in one go */
#define CXL_DCD_UNIT_BYTES (16 * MiB)
/* Granularities of 256 bytes to 16 KiB exist (8.2.4.20.7, IG) */
#define CXL_DCD_SHIFT_MIN  8
#define CXL_DCD_SHIFT_MAX  14
/* The least chunk: of 16 ways */
#define CXL_DCD_CHUNK_MIN  (CXL_DCD_UNIT_BYTES / CXL_DCD_WAYS_MAX)

typedef struct CXLDcdUnit CXLDcdUnit;

typedef struct CXLDcdUnitWay {
    IntervalTreeNode node;        /* DPA; in the device's units */
    CXLDcdUnit *unit;
    CXLDcdDevice *device;         /* referenced */
} CXLDcdUnitWay;

/* Why a unit is with the mover, and how far it is there */
typedef enum CXLDcdUnitStep {
    CXL_DCD_UNIT_RESTS,           /* it is not with the mover */
    CXL_DCD_UNIT_LEFT,            /* out of the memory map */
    CXL_DCD_UNIT_GRACE,           /* every processor is to notice that */
    CXL_DCD_UNIT_READY,           /* nobody but DMA may reach it */
    CXL_DCD_UNIT_EMPTY,           /* laid out, and nobody has any of it */
} CXLDcdUnitStep;

struct CXLDcdUnit {
    QTAILQ_ENTRY(CXLDcdUnit) next; /* of all */
    QTAILQ_ENTRY(CXLDcdUnit) busy; /* of those that the mover has */
    unsigned ways;
    unsigned shift;               /* granularity is 1 << shift */
    uint64_t chunk;
    bool laid;
    CXLDcdUnitStep step;
    CXLDcdUnitWay way[CXL_DCD_WAYS_MAX];
};

typedef QTAILQ_HEAD(CXLDcdUnits, CXLDcdUnit) CXLDcdUnits;
extern CXLDcdUnits cxl_dcd_units;
extern CXLDcdUnits cxl_dcd_units_busy;
/* Chunks of all units: more than can be mapped are of no use. */
extern unsigned cxl_dcd_unit_chunks;
/* There is something for the mover to do. */
extern void (*cxl_dcd_units_work)(void);

/* What the routes that there are now want a unit to be */
typedef enum CXLDcdVerdict {
    CXL_DCD_VERDICT_STAY,         /* nothing shows it */
    CXL_DCD_VERDICT_LAID,
    CXL_DCD_VERDICT_PLAIN,
} CXLDcdVerdict;

/* --- layout: where bytes are --- */

/* Bytes that follow each other in one backend */
typedef struct CXLDcdBytes {
    CXLDcdDevice *device;         /* whose backend */
    uint64_t offset;
    uint64_t len;
} CXLDcdBytes;

/*
 * Where the bytes from @dpa on are; @len of them at most, one at least. Are
 * they laid out?
 */
bool cxl_dcd_bytes_at(CXLDcdDevice *device, uint64_t dpa, uint64_t len,
                      CXLDcdBytes *ret);
/*
 * All memory that the bytes of [@dpa, @dpa + @len) lie in, with what lies
 * between them: whole stripes of a set, where it is laid out.
 */
void cxl_dcd_bytes_around(CXLDcdDevice *device, uint64_t dpa, uint64_t len,
                          void (*fn)(const CXLDcdBytes *bytes, void *opaque),
                          void *opaque);
/* The same of a unit, whose byte @at is asked for, as the host sees it. */
void cxl_dcd_unit_at(const CXLDcdUnit *unit, uint64_t at, CXLDcdBytes *ret);
/* The first unit of a device at or above @dpa and below @end, NULL: none. */
CXLDcdUnitWay *cxl_dcd_unit_from(CXLDcdDevice *device, uint64_t dpa,
                                 uint64_t end);
/* The same, of those that are laid out */
CXLDcdUnitWay *cxl_dcd_laid_from(CXLDcdDevice *device, uint64_t dpa,
                                 uint64_t end);

/* Plain, and without ways; the caller fills them in. */
CXLDcdUnit *cxl_dcd_unit_new(unsigned ways, unsigned shift);
uint64_t cxl_dcd_unit_chunk(unsigned ways);
/* Does nobody have any of it, nor is any of it being sanitized? */
bool cxl_dcd_unit_empty(const CXLDcdUnit *unit);
/* Is it one that the set of @route would have? */
bool cxl_dcd_unit_fits(const CXLDcdUnit *unit, const CXLDcdRoute *route);
/* Why memory of this device is never laid out; NULL: it may be. */
const char *cxl_dcd_layout_plain_why(CXLDcdDevice *device);
bool cxl_dcd_layout_possible(CXLDcdDevice *device, uint64_t dpa, uint64_t len);
/*
 * The first piece of [@dpa, @end) that is laid out for @route and at rest; of
 * what is plain and at rest when that is NULL.
 */
bool cxl_dcd_layout_next(CXLDcdDevice *device, uint64_t dpa, uint64_t end,
                         const CXLDcdRoute *route, uint64_t *ret_start,
                         uint64_t *ret_end);
/* State came from elsewhere: what is mapped has to follow. */
extern bool cxl_dcd_layout_came;

/* --- layout-units --- */

void cxl_dcd_unit_insert(CXLDcdUnit *unit);
/* Forget it: its bytes are where they would be plainly. */
void cxl_dcd_unit_free(CXLDcdUnit *unit);
/* The mover has it from now on, or has it no more. */
void cxl_dcd_unit_step(CXLDcdUnit *unit, CXLDcdUnitStep step);
/* The order of bytes is another from now on; somebody else moves them. */
void cxl_dcd_unit_turn(CXLDcdUnit *unit, bool laid);
/* Threads that clean memory wait meanwhile. */
void cxl_dcd_unit_pause(const CXLDcdUnit *unit, bool pause);

/* --- layout-want: what the routes want --- */

/* The first route that shows any of [@dpa, @end) of a device; NULL: none. */
const CXLDcdRoute *cxl_dcd_layout_route(CXLDcdDevice *device, uint64_t dpa,
                                        uint64_t end, unsigned *ret_way);
/* Is the capacity of this set laid out, as far as it can be? */
bool cxl_dcd_layout_wanted(const CXLDcdRoute *route);
CXLDcdVerdict cxl_dcd_unit_verdict(const CXLDcdUnit *unit);
/* Routes changed, and nothing is mapped. */
void cxl_dcd_layout_routes(void);
/* Look at a range anew. */
void cxl_dcd_layout_consider(CXLDcdDevice *device, uint64_t dpa, uint64_t end);

#endif /* CXL_DCD_LAYOUT_H */
