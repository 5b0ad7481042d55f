/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: properties, and where regions lie
 *
 * Regions are given as a list ("dc-regions", JSON form of -device) or, as
 * upstream has it, by their number alone ("num-dc-regions"): then they share
 * the backend equally. In DPA each starts at a multiple of 256 MiB above the
 * one before; in the backend they follow each other without holes.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/head.h"
#include "props.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-cxl.h"
#include "qapi/visitor.h"
#include "qemu/cutils.h"
#include "qemu/units.h"

#define DEFAULT_BLOCK_SIZE (2 * MiB)
/* 5600h: block sizes of 2^6 to 2^51 bytes can be named */
#define BLOCK_SHIFT_MAX    51

static void cxl_dcd_get_regions(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    CXLDcdDevice *device = CXL_DCD(obj);

    visit_type_CxlDynamicCapacityRegionConfigList(v, name,
                                                  &device->region_props, errp);
}

static void cxl_dcd_set_regions(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    CXLDcdDevice *device = CXL_DCD(obj);
    CxlDynamicCapacityRegionConfigList *list = NULL;

    if (DEVICE(obj)->realized) {
        error_setg(errp, "property '%s' cannot be set any more: the device is "
                   "in use", name);
        return;
    }
    if (!visit_type_CxlDynamicCapacityRegionConfigList(v, name, &list, errp)) {
        return;
    }
    qapi_free_CxlDynamicCapacityRegionConfigList(device->region_props);
    device->region_props = list;
}

static bool cxl_dcd_get_prealloc(Object *obj, Error **errp)
{
    return CXL_DCD(obj)->prealloc;
}

/* Not a plain property: whether it was set makes a difference */
static void cxl_dcd_set_prealloc(Object *obj, bool value, Error **errp)
{
    CXLDcdDevice *device = CXL_DCD(obj);

    if (DEVICE(obj)->realized) {
        error_setg(errp, "property '" CXL_DCD_PROP_PREALLOC "' cannot be set "
                   "any more: the device is in use");
        return;
    }
    device->prealloc = value;
    device->prealloc_chosen = true;
}

static const Property cxl_dcd_properties[] = {
    DEFINE_PROP_UINT32(CXL_DCD_PROP_EXTENTS, CXLDcdDevice, max_extents,
                       1048576),
    DEFINE_PROP_UINT32(CXL_DCD_PROP_TAGS, CXLDcdDevice, max_tags, 65536),
    DEFINE_PROP_UINT32(CXL_DCD_PROP_LOG_SIZE, CXLDcdDevice, event_log_size,
                       CXL_DCD_EVENT_DEPTH_DEFAULT),
    DEFINE_PROP_BOOL(CXL_DCD_PROP_DIRECT, CXLDcdDevice, map_enabled, true),
    DEFINE_PROP_UINT32(CXL_DCD_PROP_LIMIT, CXLDcdDevice, map_limit, 1024),
    DEFINE_PROP_STRING(CXL_DCD_PROP_STATE, CXLDcdDevice, state_path),
    DEFINE_PROP_BOOL(CXL_DCD_PROP_ADOPT, CXLDcdDevice, state_adopt, false),
    DEFINE_PROP_STRING(CXL_DCD_PROP_FMAPI, CXLDcdDevice, fmapi),
    DEFINE_PROP_UINT8(CXL_DCD_PROP_FMAPI_EID, CXLDcdDevice, fmapi_eid, 9),
    DEFINE_PROP_LINK(CXL_DCD_PROP_POOL, CXLDcdDevice, pool, TYPE_CXL_DCD_POOL,
                     CXLDcdPoolObject *),
    DEFINE_PROP_UINT16(CXL_DCD_PROP_HOST, CXLDcdDevice, host_id, 0),
};

void cxl_dcd_props_class_init(ObjectClass *oc)
{
    device_class_set_props(DEVICE_CLASS(oc), cxl_dcd_properties);
    object_class_property_add(oc, CXL_DCD_PROP_REGIONS,
                              "CxlDynamicCapacityRegionConfigList",
                              cxl_dcd_get_regions, cxl_dcd_set_regions,
                              NULL, NULL);
    object_class_property_add_bool(oc, CXL_DCD_PROP_PREALLOC,
                                   cxl_dcd_get_prealloc, cxl_dcd_set_prealloc);
    object_class_property_set_description(oc, CXL_DCD_PROP_PREALLOC,
        "Take the backend's memory before capacity is offered (default: where "
        "it could be missing later)");
    object_class_property_set_description(oc, CXL_DCD_PROP_REGIONS,
        "List of dynamic capacity regions: size, block-size, decode-size, "
        "flags, sanitize (use the JSON form of -device)");
}

unsigned cxl_dcd_props_regions(const CXLDcdDevice *device)
{
    const CxlDynamicCapacityRegionConfigList *item;
    unsigned count = 0;

    for (item = device->region_props; item; item = item->next) {
        count++;
    }
    return count ?: device->parent_obj.dc.num_regions ?: !!device->pool;
}

static uint8_t cxl_dcd_props_attributes(
    const CxlDynamicCapacityRegionFlagList *flags)
{
    uint8_t attributes = 0;

    for (; flags; flags = flags->next) {
        switch (flags->value) {
        case CXL_DYNAMIC_CAPACITY_REGION_FLAG_NONVOLATILE:
            attributes |= CXL_DCD_REGION_NONVOLATILE;
            break;
        case CXL_DYNAMIC_CAPACITY_REGION_FLAG_SHARABLE:
            attributes |= CXL_DCD_REGION_SHARABLE;
            break;
        case CXL_DYNAMIC_CAPACITY_REGION_FLAG_HW_COHERENT:
            attributes |= CXL_DCD_REGION_HW_COHERENT;
            break;
        case CXL_DYNAMIC_CAPACITY_REGION_FLAG_IC_SPECIFIC:
            attributes |= CXL_DCD_REGION_IC_SPECIFIC;
            break;
        case CXL_DYNAMIC_CAPACITY_REGION_FLAG_READ_ONLY:
            attributes |= CXL_DCD_REGION_READ_ONLY;
            break;
        default:
            g_assert_not_reached();
        }
    }
    return attributes;
}

CxlDynamicCapacityRegionFlagList *cxl_dcd_props_flags(uint8_t attributes)
{
    CxlDynamicCapacityRegionFlagList *list = NULL, **tail = &list;
    CxlDynamicCapacityRegionFlag flag;

    for (flag = 0; flag < CXL_DYNAMIC_CAPACITY_REGION_FLAG__MAX; flag++) {
        CxlDynamicCapacityRegionFlagList one = { .value = flag };

        if (attributes & cxl_dcd_props_attributes(&one)) {
            QAPI_LIST_APPEND(tail, flag);
        }
    }
    return list;
}

/* Block sizes that 5602h may set: those that keep the length in whole blocks */
static uint64_t cxl_dcd_props_block_sizes(uint64_t length)
{
    unsigned top = MIN(ctz64(length), BLOCK_SHIFT_MAX);

    return MAKE_64BIT_MASK(6, top - 6 + 1);
}

/* What all heads of a pool have in common is not one head's to change */
static bool cxl_dcd_props_pooled(const CXLDcdDevice *device,
                                 const CxlDynamicCapacityRegionConfig *props,
                                 unsigned index, CXLDcdRegionConfig *region,
                                 Error **errp)
{
    if (region->block_size != device->pool->block_size) {
        error_setg(errp, CXL_DCD_PROP_REGIONS "[%u]: block-size %" PRIu64
                   " is not the pool's, which is %" PRIu64, index,
                   region->block_size, device->pool->block_size);
        return false;
    }
    region->block_sizes = region->block_size;
    region->sanitize = !props->has_sanitize || props->sanitize;
    region->sanitize_configurable = false;
    return true;
}

static bool cxl_dcd_props_region(const CXLDcdDevice *device,
                                 const CxlDynamicCapacityRegionConfig *props,
                                 unsigned index, CXLDcdRegionConfig *region,
                                 Error **errp)
{
    uint64_t block = props->has_block_size ? props->block_size :
        device->pool ? device->pool->block_size : DEFAULT_BLOCK_SIZE;
    uint64_t decode;

    if (!is_power_of_2(block) || block < CXL_DCD_MIN_BLOCK) {
        error_setg(errp, CXL_DCD_PROP_REGIONS "[%u]: block-size %" PRIu64
                   " is not a power of two of at least %llu", index, block,
                   CXL_DCD_MIN_BLOCK);
        return false;
    }
    if (!props->size || props->size % block) {
        error_setg(errp, CXL_DCD_PROP_REGIONS "[%u]: size %" PRIu64 " is not "
                   "a multiple of its block-size %" PRIu64, index, props->size,
                   block);
        return false;
    }
    if (props->size > 1ULL << BLOCK_SHIFT_MAX) {
        error_setg(errp, CXL_DCD_PROP_REGIONS "[%u]: size %" PRIu64 " is more "
                   "than %llu", index, props->size, 1ULL << BLOCK_SHIFT_MAX);
        return false;
    }
    decode = props->has_decode_size ? props->decode_size :
             ROUND_UP(props->size, CXL_DCD_REGION_ALIGN);
    if (decode < props->size || decode > 1ULL << BLOCK_SHIFT_MAX ||
        decode % CXL_DCD_REGION_ALIGN) {
        error_setg(errp, CXL_DCD_PROP_REGIONS "[%u]: decode-size %" PRIu64
                   " is not a multiple of 256 MiB from size %" PRIu64 " up to "
                   "%llu", index, decode, props->size, 1ULL << BLOCK_SHIFT_MAX);
        return false;
    }
    *region = (CXLDcdRegionConfig) {
        .decode_length = decode,
        .length = props->size,
        .block_size = block,
        .block_sizes = cxl_dcd_props_block_sizes(props->size),
        .attributes = cxl_dcd_props_attributes(props->flags),
        .sanitize = props->has_sanitize && props->sanitize,
        .sanitize_configurable = true,
    };
    return !device->pool ||
           cxl_dcd_props_pooled(device, props, index, region, errp);
}

/* num-dc-regions: equal parts of the backend */
static bool cxl_dcd_props_equal(CXLDcdDevice *device, uint64_t backing,
                                CXLDcdConfig *config, Error **errp)
{
    unsigned i, count = cxl_dcd_props_regions(device);
    CxlDynamicCapacityRegionConfig part = { .size = backing / count };

    if (backing % (count * CXL_DCD_REGION_ALIGN)) {
        error_setg(errp, "the %" PRIu64 " bytes of dynamic capacity memory "
                   "cannot be divided into num-dc-regions=%u parts that are "
                   "multiples of 256 MiB", backing, count);
        return false;
    }
    for (i = 0; i < count; i++) {
        if (!cxl_dcd_props_region(device, &part, i, &config->regions[i],
                                  errp)) {
            return false;
        }
    }
    return true;
}

bool cxl_dcd_props_layout(CXLDcdDevice *device, uint64_t base, uint64_t backing,
                          CXLDcdConfig *config, Error **errp)
{
    const CxlDynamicCapacityRegionConfigList *item = device->region_props;
    unsigned i;
    uint64_t offset = 0;

    config->num_regions = cxl_dcd_props_regions(device);
    if (config->num_regions > CXL_DCD_MAX_REGIONS) {
        error_setg(errp, "%s gives %u regions, at most %d are possible",
                   item ? CXL_DCD_PROP_REGIONS : "num-dc-regions",
                   config->num_regions, CXL_DCD_MAX_REGIONS);
        return false;
    }
    if (!item && !cxl_dcd_props_equal(device, backing, config, errp)) {
        return false;
    }
    for (i = 0; item; item = item->next, i++) {
        if (!cxl_dcd_props_region(device, item->value, i,
                                  &config->regions[i], errp)) {
            return false;
        }
    }
    base = ROUND_UP(base, CXL_DCD_REGION_ALIGN);
    for (i = 0; i < config->num_regions; i++) {
        CXLDcdRegionConfig *region = &config->regions[i];

        region->base = base;
        base += region->decode_length;
        device->backing[i] = offset;
        offset += region->length;
    }
    if (offset > backing) {
        error_setg(errp, "the regions of " CXL_DCD_PROP_REGIONS " have %"
                   PRIu64 " bytes together, more than the %" PRIu64 " bytes "
                   "of " CXL_DCD_PROP_MEMDEV, offset, backing);
        return false;
    }
    return true;
}
