/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: where regions lie, and how much room is left
 *
 * Follows from the configuration and a few counts alone: all other files of
 * the core may ask here.
 */
#include "geometry.h"

static bool cxl_dcd_check_region(const CXLDcdConfig *config, unsigned i,
                                 uint64_t floor, GError **error)
{
    const CXLDcdRegionConfig *r = &config->regions[i];
    const char *what = NULL;
    uint64_t value = 0;

    if (r->base % CXL_DCD_REGION_ALIGN || r->base < floor) {
        what = "base (256 MiB aligned, above the region before it)";
        value = r->base;
    } else if (!r->decode_length || r->decode_length % CXL_DCD_REGION_ALIGN ||
               r->base + r->decode_length < r->base) {
        what = "decode length (a multiple of 256 MiB)";
        value = r->decode_length;
    } else if (r->block_size < CXL_DCD_MIN_BLOCK ||
               (r->block_size & (r->block_size - 1)) ||
               r->block_size > 1ULL << 51) {
        what = "block size (a power of two, 64 bytes at least)";
        value = r->block_size;
    } else if (r->base % r->block_size) {
        what = "block size (the base is not a multiple of it)";
        value = r->block_size;
    } else if (r->block_sizes & ~CXL_DCD_BLOCK_SIZES ||
               !(r->block_sizes & r->block_size)) {
        what = "set of block sizes (bits 6 to 51, the block size's among them)";
        value = r->block_sizes;
    } else if (!r->length || r->length > r->decode_length ||
               r->length % r->block_size) {
        what = "length (whole blocks, at most the decode length)";
        value = r->length;
    } else if (r->attributes & ~(CXL_DCD_REGION_NONVOLATILE |
                                 CXL_DCD_REGION_SHARABLE |
                                 CXL_DCD_REGION_HW_COHERENT |
                                 CXL_DCD_REGION_IC_SPECIFIC |
                                 CXL_DCD_REGION_READ_ONLY)) {
        what = "attributes";
        value = r->attributes;
    }
    if (!what) {
        return true;
    }
    g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                "region %u: " CXL_DCD_HEX " is no valid %s", i, value, what);
    return false;
}

bool cxl_dcd_check_config(const CXLDcdConfig *config, GError **error)
{
    uint64_t floor = 0;

    if (!config->num_regions || config->num_regions > CXL_DCD_MAX_REGIONS) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                            "%u regions asked for, 1 to %d are possible",
                            config->num_regions, CXL_DCD_MAX_REGIONS);
    }
    if (!config->max_extents) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                            "a device needs at least 1 extent, 0 asked for");
    }
    for (unsigned i = 0; i < config->num_regions; i++) {
        if (!cxl_dcd_check_region(config, i, floor, error)) {
            return false;
        }
        floor = config->regions[i].base + config->regions[i].decode_length;
    }
    return true;
}

const CXLDcdConfig *cxl_dcd_config(const CXLDcd *dcd)
{
    return &dcd->config;
}

int cxl_dcd_region_of(const CXLDcd *dcd, uint64_t dpa, uint64_t len)
{
    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        const CXLDcdRegionConfig *r = cxl_dcd_region_config(dcd, i);

        if (dpa >= r->base && dpa - r->base < r->length) {
            return len && len <= r->length - (dpa - r->base) ? (int)i : -1;
        }
    }
    return -1;
}

uint32_t cxl_dcd_available_extents(const CXLDcd *dcd)
{
    return dcd->config.max_extents - dcd->extents;
}

uint32_t cxl_dcd_available_tags(const CXLDcd *dcd)
{
    return dcd->config.max_tags - g_hash_table_size(dcd->tags);
}

bool cxl_dcd_tell_available(const CXLDcd *dcd, unsigned region, uint64_t *ret,
                            GError **error)
{
    const CXLDcdRegionConfig *r = cxl_dcd_region_config(dcd, region);

    if (dcd->ops->available) {
        return dcd->ops->available(dcd->opaque, r->base, r->base + r->length,
                                   ret, error);
    }
    *ret = r->length - dcd->regions[region].allocated;
    return true;
}

uint64_t cxl_dcd_available(const CXLDcd *dcd, unsigned region)
{
    uint64_t available = 0;

    cxl_dcd_tell_available(dcd, region, &available, NULL);
    return available;
}

bool cxl_dcd_check_blocks(const CXLDcdRegionConfig *region, int number,
                          uint64_t offset, uint64_t len, uint64_t shown,
                          uint16_t beyond, GError **error)
{
    uint64_t block = region->block_size;

    if (!len) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_EXTENT_LIST,
                            CXL_DCD_EXTENT_FMT " has no length: region %d "
                            "gives away blocks of " CXL_DCD_HEX " bytes", shown,
                            len, number, block);
    }
    if (offset % block || len % block) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_EXTENT_LIST,
                            CXL_DCD_EXTENT_FMT " is not a multiple of region "
                            "%d's block size " CXL_DCD_HEX, shown, len, number,
                            block);
    }
    if (offset >= region->length || len > region->length - offset) {
        return cxl_dcd_fail(error, beyond, CXL_DCD_EXTENT_FMT " is beyond the "
                            "end of region %d, which has " CXL_DCD_HEX
                            " bytes", shown, len, number, region->length);
    }
    return true;
}

/* No honest answer has more entries than there are extents, or holes in them */
uint64_t cxl_dcd_pieces_limit(const CXLDcd *dcd)
{
    return (uint64_t)dcd->config.max_extents * 2 + 65536;
}

uint64_t cxl_dcd_sanitizing(const CXLDcd *dcd)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        bytes += dcd->regions[i].sanitizing;
    }
    return bytes;
}
