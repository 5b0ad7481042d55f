/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's JSON into our structs: devices, extents, events
 *
 * What comes from a monitor is checked like anything else that comes over a
 * socket: a field of the wrong type or out of range is reported by name.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "error.h"
#include "handle.h"
#include "qmp-parse.h"

static const char *const state_names[CXLFM_EXTENT_STATE_MAX] = {
    "pending", "accepted", "releasing", "sanitizing", "dead",
    "referenced",
};
static const char *const mapping_names[] = {
    "unknown", "direct", "trapped", "none",
};
static const struct {
    const char *name;
    uint8_t bit;
} flag_names[] = {
    { "nonvolatile", CXLFM_REGION_NONVOLATILE },
    { "sharable", CXLFM_REGION_SHARABLE },
    { "hw-coherent", CXLFM_REGION_HW_COHERENT },
    { "ic-specific", CXLFM_REGION_IC_SPECIFIC },
    { "read-only", CXLFM_REGION_READ_ONLY },
};

const char *cxlfm_qmp_string(struct json_object *from, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(from, key, &value) &&
           json_object_is_type(value, json_type_string) ?
           json_object_get_string(value) : "";
}

bool cxlfm_qmp_number(struct json_object *from, const char *key,
                      uint64_t absent, uint64_t max, uint64_t *ret_value)
{
    struct json_object *value;

    if (!json_object_object_get_ex(from, key, &value)) {
        *ret_value = absent;
        return true;
    }
    if (!json_object_is_type(value, json_type_int)) {
        return false;
    }
    /* A negative number reads as 0 with json-c's unsigned getter. */
    if (json_object_get_int64(value) < 0 || json_object_get_uint64(value) >
        max) {
        return false;
    }
    *ret_value = json_object_get_uint64(value);
    return true;
}

static bool cxlfm_qmp_tag(struct json_object *from, uint8_t *ret_tag)
{
    struct json_object *value;

    memset(ret_tag, 0, CXLFM_TAG_SIZE);
    if (!json_object_object_get_ex(from, "tag", &value) || !value) {
        return true;
    }
    return !cxlfm_tag_parse(json_object_get_string(value), ret_tag);
}

int cxlfm_qmp_name(struct json_object *from, const char *key,
                   const char *const *names, int count, int absent)
{
    struct json_object *value;
    int i;

    if (!json_object_object_get_ex(from, key, &value)) {
        return absent;
    }
    for (i = 0; i < count; i++) {
        if (!g_strcmp0(json_object_get_string(value), names[i])) {
            return i;
        }
    }
    return -1;
}

static bool cxlfm_qmp_extent(struct json_object *from,
                             struct cxlfm_extent *fill)
{
    uint64_t region, host, sequence;
    int state, mapping;

    if (!json_object_is_type(from, json_type_object) ||
        !cxlfm_qmp_number(from, "region", fill->region, CXLFM_MAX_REGIONS - 1,
                          &region) ||
        !cxlfm_qmp_number(from, "offset", 0, INT64_MAX, &fill->offset) ||
        !cxlfm_qmp_number(from, "len", 0, INT64_MAX, &fill->length) ||
        !cxlfm_qmp_number(from, "dpa", 0, INT64_MAX, &fill->dpa) ||
        !cxlfm_qmp_number(from, "sequence", 0, UINT16_MAX, &sequence) ||
        !cxlfm_qmp_number(from, "host-id", fill->host, UINT16_MAX, &host) ||
        !cxlfm_qmp_tag(from, fill->tag)) {
        return false;
    }
    state = cxlfm_qmp_name(from, "state", state_names, CXLFM_EXTENT_STATE_MAX,
                           CXLFM_EXTENT_ACCEPTED);
    mapping = cxlfm_qmp_name(from, "mapping", mapping_names,
                             G_N_ELEMENTS(mapping_names),
                             CXLFM_MAPPING_UNKNOWN);
    if (state < 0) {
        return false;
    }
    fill->region = region;
    fill->host = host;
    fill->sequence = sequence;
    fill->state = state;
    fill->mapping = MAX(mapping, 0);
    return true;
}

/* A flag of a later QEMU that we do not know is no reason to give up. */
static bool cxlfm_qmp_flags(struct json_object *from,
                            struct cxlfm_region *fill)
{
    struct json_object *flags;
    size_t i, j;

    if (!json_object_object_get_ex(from, "flags", &flags)) {
        return true;
    }
    if (!json_object_is_type(flags, json_type_array)) {
        return false;
    }
    for (i = 0; i < json_object_array_length(flags); i++) {
        const char *name = json_object_get_string(
            json_object_array_get_idx(flags, i));

        for (j = 0; j < G_N_ELEMENTS(flag_names); j++) {
            if (!g_strcmp0(name, flag_names[j].name)) {
                fill->attributes |= flag_names[j].bit;
            }
        }
    }
    return true;
}

static bool cxlfm_qmp_region(struct json_object *from,
                             struct cxlfm_region *fill)
{
    struct json_object *sanitize;
    uint64_t index;

    if (!json_object_is_type(from, json_type_object) ||
        !cxlfm_qmp_number(from, "index", 0, CXLFM_MAX_REGIONS - 1, &index) ||
        !cxlfm_qmp_number(from, "base", 0, INT64_MAX, &fill->base) ||
        !cxlfm_qmp_number(from, "decode-length", 0, INT64_MAX,
                          &fill->decode_length) ||
        !cxlfm_qmp_number(from, "length", 0, INT64_MAX, &fill->length) ||
        !cxlfm_qmp_number(from, "block-size", 0, INT64_MAX,
                          &fill->block_size) ||
        !cxlfm_qmp_number(from, "available", CXLFM_UNKNOWN, INT64_MAX,
                          &fill->available) ||
        !cxlfm_qmp_flags(from, fill)) {
        return false;
    }
    if (json_object_object_get_ex(from, "sanitize", &sanitize)) {
        fill->sanitize = json_object_get_boolean(sanitize);
    }
    fill->index = index;
    return true;
}

struct json_object *cxlfm_qmp_list(struct json_object *from, const char *key)
{
    struct json_object *list;

    return json_object_object_get_ex(from, key, &list) &&
           json_object_is_type(list, json_type_array) ? list : NULL;
}

int cxlfm_qmp_senseless(cxlfm *fm, const char *what)
{
    return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                      "%s: QEMU's %s cannot be understood; are QEMU and "
                      "libcxlfm of one release?", fm->address, what);
}

static bool cxlfm_qmp_host(struct json_object *device, struct cxlfm_host *host)
{
    uint64_t id, generation, count[4];

    if (!cxlfm_qmp_number(device, "host-id", 0, UINT16_MAX, &id) ||
        !cxlfm_qmp_number(device, "generation", 0, UINT32_MAX, &generation) ||
        !cxlfm_qmp_number(device, "supported-extents", 0, UINT32_MAX,
                          &count[0]) ||
        !cxlfm_qmp_number(device, "available-extents", 0, UINT32_MAX,
                          &count[1]) ||
        !cxlfm_qmp_number(device, "supported-tags", 0, UINT32_MAX,
                          &count[2]) ||
        !cxlfm_qmp_number(device, "available-tags", 0, UINT32_MAX,
                          &count[3])) {
        return false;
    }
    host->id = id;
    host->generation = generation;
    host->supported_extents = count[0];
    host->available_extents = count[1];
    host->supported_tags = count[2];
    host->available_tags = count[3];
    return true;
}

int cxlfm_qmp_parse_device(cxlfm *fm, struct json_object *device,
                           struct cxlfm_snapshot *fill)
{
    struct json_object *regions = cxlfm_qmp_list(device, "regions");
    struct json_object *extents = cxlfm_qmp_list(device, "extents");
    struct cxlfm_host *host = g_new0(struct cxlfm_host, 1);
    size_t i, count;

    fill->hosts = host;
    fill->host_count = 1;
    fill->serial = CXLFM_UNKNOWN;
    fill->pending_listed = true;
    fill->add_policies = 0xf;
    fill->removal_policies = 0x3;
    if (!cxlfm_qmp_host(device, host)) {
        return cxlfm_qmp_senseless(fm, "numbers of a device");
    }
    count = regions ? json_object_array_length(regions) : 0;
    if (count > CXLFM_MAX_REGIONS) {
        return cxlfm_qmp_senseless(fm, "list of regions");
    }
    for (i = 0; i < count; i++) {
        if (!cxlfm_qmp_region(json_object_array_get_idx(regions, i),
                              &host->regions[i])) {
            return cxlfm_qmp_senseless(fm, "description of a region");
        }
        fill->total_capacity += host->regions[i].length;
    }
    host->region_count = count;
    count = extents ? json_object_array_length(extents) : 0;
    fill->extents = g_new0(struct cxlfm_extent, count);
    for (i = 0; i < count; i++) {
        fill->extents[i].host = host->id;
        if (!cxlfm_qmp_extent(json_object_array_get_idx(extents, i),
                              &fill->extents[i])) {
            return cxlfm_qmp_senseless(fm, "description of an extent");
        }
    }
    fill->extent_count = count;
    return 0;
}

static int cxlfm_qmp_event_type(const char *name)
{
    static const char *const names[] = {
        "CXL_DYNAMIC_CAPACITY_ADDED", "CXL_DYNAMIC_CAPACITY_REJECTED",
        "CXL_DYNAMIC_CAPACITY_RELEASED", "CXL_DYNAMIC_CAPACITY_FORCED",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!g_strcmp0(name, names[i])) {
            return CXLFM_EVENT_ADDED + i;
        }
    }
    return -1;
}

/* The device an event names by path or id; those not listed: none. */
static bool cxlfm_qmp_find_device(const cxlfm *fm, struct json_object *data,
                                  size_t *ret_device)
{
    struct json_object *path;
    size_t i;

    if (!json_object_object_get_ex(data, "path", &path)) {
        return false;
    }
    for (i = 0; i < cxlfm_device_count(fm); i++) {
        if (!g_strcmp0(json_object_get_string(path),
                       cxlfm_device_path(fm, i)) ||
            !g_strcmp0(json_object_get_string(path),
                       cxlfm_device_name(fm, i))) {
            *ret_device = i;
            return true;
        }
    }
    return false;
}

static uint64_t cxlfm_qmp_timestamp(struct json_object *message)
{
    struct json_object *timestamp;
    uint64_t seconds, micro;

    if (!json_object_object_get_ex(message, "timestamp", &timestamp) ||
        !cxlfm_qmp_number(timestamp, "seconds", 0, INT32_MAX * 4ull,
                          &seconds) ||
        !cxlfm_qmp_number(timestamp, "microseconds", 0, 999999, &micro)) {
        return 0;
    }
    return seconds * 1000000000 + micro * 1000;
}

struct cxlfm_event *cxlfm_qmp_parse_event(const cxlfm *fm,
                                          struct json_object *message)
{
    struct json_object *name, *data, *extents;
    uint64_t host, region;
    struct cxlfm_event *event;
    size_t count, i, device;
    int type;

    if (!json_object_object_get_ex(message, "event", &name) ||
        !json_object_object_get_ex(message, "data", &data)) {
        return NULL;
    }
    type = cxlfm_qmp_event_type(json_object_get_string(name));
    if (type < 0 || !cxlfm_qmp_find_device(fm, data, &device) ||
        !cxlfm_qmp_number(data, "host-id", 0, UINT16_MAX, &host) ||
        !cxlfm_qmp_number(data, "region", 0, CXLFM_MAX_REGIONS - 1,
                          &region)) {
        return NULL;
    }
    extents = cxlfm_qmp_list(data, "extents");
    count = extents ? json_object_array_length(extents) : 0;
    event = calloc(1, sizeof(*event) + count * sizeof(*event->extents));
    g_assert(event);
    event->type = type;
    event->device = device;
    event->host = host;
    event->region = region;
    event->timestamp = cxlfm_qmp_timestamp(message);
    cxlfm_qmp_tag(data, event->tag);
    event->extents = (struct cxlfm_extent *)(event + 1);
    for (i = 0; i < count; i++) {
        struct cxlfm_extent *e = &event->extents[event->extent_count];

        e->host = host;
        e->region = region;
        if (cxlfm_qmp_extent(json_object_array_get_idx(extents, i), e)) {
            if (cxlfm_tag_is_zero(e->tag)) {
                memcpy(e->tag, event->tag, sizeof(e->tag));
            }
            event->extent_count++;
        }
    }
    return event;
}
