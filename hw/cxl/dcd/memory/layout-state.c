/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the order of bytes, in snapshots and migrations
 *
 * Each device says what of its memory is laid out, and with whom; all members
 * of a set say the same of it. Units that follow each other are one record:
 *
 *   ways u32, log2 of the granularity u32, units u32, and for each member
 *   first DPA u64, length of its QOM path u16, QOM path
 *
 * Big-endian. What is loaded is made of all devices' that were; a unit that an
 * older one overlaps takes its place.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "layout.h"
#include "qemu/bswap.h"

#define PATH_MAX_LEN 4096

static void cxl_dcd_layout_put(GByteArray *to, uint64_t value, unsigned size)
{
    uint8_t bytes[8];

    stn_be_p(bytes, size, value);
    g_byte_array_append(to, bytes, size);
}

/* Does @next follow @unit, member by member? */
static bool cxl_dcd_layout_follows(const CXLDcdUnit *unit,
                                   const CXLDcdUnit *next)
{
    unsigned i;

    if (unit->ways != next->ways || unit->shift != next->shift) {
        return false;
    }
    for (i = 0; i < unit->ways; i++) {
        if (unit->way[i].device != next->way[i].device ||
            unit->way[i].node.last + 1 != next->way[i].node.start) {
            return false;
        }
    }
    return true;
}

static void cxl_dcd_layout_record(GByteArray *to, const CXLDcdUnit *first,
                                  uint32_t count)
{
    unsigned i;

    cxl_dcd_layout_put(to, first->ways, 4);
    cxl_dcd_layout_put(to, first->shift, 4);
    cxl_dcd_layout_put(to, count, 4);
    for (i = 0; i < first->ways; i++) {
        const char *path = first->way[i].device->path;

        cxl_dcd_layout_put(to, first->way[i].node.start, 8);
        cxl_dcd_layout_put(to, strlen(path), 2);
        g_byte_array_append(to, (const uint8_t *)path, strlen(path));
    }
}

bool cxl_dcd_layout_any(CXLDcdDevice *device)
{
    return cxl_dcd_laid_from(device, 0, UINT64_MAX);
}

GByteArray *cxl_dcd_layout_save(CXLDcdDevice *device)
{
    GByteArray *to = g_byte_array_new();
    CXLDcdUnitWay *way = cxl_dcd_laid_from(device, 0, UINT64_MAX), *next;

    while (way) {
        const CXLDcdUnit *first = way->unit;
        uint32_t count = 1;

        while ((next = cxl_dcd_laid_from(device, way->node.last + 1,
                                         UINT64_MAX)) &&
               cxl_dcd_layout_follows(way->unit, next->unit)) {
            way = next;
            count++;
        }
        cxl_dcd_layout_record(to, first, count);
        way = next;
    }
    return to;
}

/* --- Loading --- */

typedef struct CXLDcdLayoutReader {
    const uint8_t *at;
    uint32_t left;
    bool ends_early;
} CXLDcdLayoutReader;

static uint64_t cxl_dcd_layout_get(CXLDcdLayoutReader *from, unsigned size)
{
    uint64_t value = 0;

    if (from->left < size) {
        from->ends_early = true;
        from->left = 0;
        return 0;
    }
    value = ldn_be_p(from->at, size);
    from->at += size;
    from->left -= size;
    return value;
}

static CXLDcdDevice *cxl_dcd_layout_get_device(CXLDcdLayoutReader *from)
{
    uint16_t len = cxl_dcd_layout_get(from, 2);
    g_autofree char *path = NULL;
    Object *device;

    if (from->left < len || len > PATH_MAX_LEN) {
        from->ends_early = true;
        return NULL;
    }
    path = g_strndup((const char *)from->at, len);
    from->at += len;
    from->left -= len;
    device = object_resolve_path(path, NULL);
    device = device ? object_dynamic_cast(device, TYPE_CXL_DCD) : NULL;
    return device && CXL_DCD(device)->dcd && CXL_DCD(device)->linked ?
           CXL_DCD(device) : NULL;
}

/* Can this be a unit of @device's set, with the members that it has? */
static const char *cxl_dcd_layout_check(const CXLDcdUnit *unit,
                                        CXLDcdDevice *device)
{
    bool member = false;
    unsigned i, k;

    for (i = 0; i < unit->ways; i++) {
        const CXLDcdUnitWay *way = &unit->way[i];

        if (way->node.start % unit->chunk ||
            !cxl_dcd_layout_possible(way->device, way->node.start,
                                     unit->chunk)) {
            return "a member's memory cannot be laid out";
        }
        for (k = 0; k < i; k++) {
            if (unit->way[k].device == way->device) {
                return "a set has a member twice";
            }
        }
        member |= way->device == device;
    }
    return member ? NULL : "a set is not the device's";
}

static void cxl_dcd_layout_place(CXLDcdUnit *unit)
{
    CXLDcdUnitWay *old;
    unsigned i;

    for (i = 0; i < unit->ways; i++) {
        while ((old = cxl_dcd_unit_from(unit->way[i].device,
                                        unit->way[i].node.start,
                                        unit->way[i].node.last + 1))) {
            if (old->unit->laid) {
                cxl_dcd_unit_turn(old->unit, false);
            }
            cxl_dcd_unit_free(old->unit);
        }
    }
    cxl_dcd_unit_insert(unit);
    cxl_dcd_unit_turn(unit, true);
}

/* All units of a record; NULL, or why it is impossible */
static const char *cxl_dcd_layout_load_units(CXLDcdDevice *device,
                                             const CXLDcdUnit *first,
                                             uint32_t count)
{
    const char *why;
    uint32_t n;
    unsigned i;

    for (n = 0; n < count; n++) {
        CXLDcdUnit *unit = g_memdup2(first, sizeof(*first));

        for (i = 0; i < unit->ways; i++) {
            unit->way[i].node.start += n * unit->chunk;
            unit->way[i].node.last =
                unit->way[i].node.start + unit->chunk - 1;
        }
        why = cxl_dcd_layout_check(unit, device);
        if (why) {
            g_free(unit);
            return why;
        }
        cxl_dcd_layout_place(unit);
    }
    return NULL;
}

static const char *cxl_dcd_layout_load_record(CXLDcdDevice *device,
                                              CXLDcdLayoutReader *from)
{
    uint32_t ways = cxl_dcd_layout_get(from, 4);
    uint32_t shift = cxl_dcd_layout_get(from, 4);
    uint32_t count = cxl_dcd_layout_get(from, 4);
    g_autofree CXLDcdUnit *first = NULL;
    unsigned i;

    if (ways < 2 || ways > CXL_DCD_WAYS_MAX || shift < CXL_DCD_SHIFT_MIN ||
        shift > CXL_DCD_SHIFT_MAX) {
        return "a set's ways or granularity do not exist";
    }
    first = cxl_dcd_unit_new(ways, shift);
    for (i = 0; i < ways; i++) {
        first->way[i].node.start = cxl_dcd_layout_get(from, 8);
        first->way[i].device = cxl_dcd_layout_get_device(from);
        if (from->ends_early) {
            return "it ends early";
        }
        if (!first->way[i].device) {
            return "a member of a set is not there";
        }
    }
    return cxl_dcd_layout_load_units(device, first, count);
}

void cxl_dcd_layout_clear(CXLDcdDevice *device)
{
    CXLDcdUnitWay *way;

    while ((way = cxl_dcd_unit_from(device, 0, UINT64_MAX))) {
        if (way->unit->laid) {
            cxl_dcd_unit_turn(way->unit, false);
        }
        cxl_dcd_unit_free(way->unit);
    }
    cxl_dcd_layout_came = true;
}

bool cxl_dcd_layout_load(CXLDcdDevice *device, const uint8_t *bytes,
                         uint32_t len, const char **ret_why)
{
    CXLDcdLayoutReader from = { .at = bytes, .left = len };

    cxl_dcd_layout_clear(device);
    while (from.left) {
        *ret_why = cxl_dcd_layout_load_record(device, &from);
        if (*ret_why) {
            cxl_dcd_layout_clear(device);
            return false;
        }
    }
    return true;
}
