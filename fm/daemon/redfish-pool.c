/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool: a chassis with one device, which has a logical device for each head
 */
#include <string.h>
#include "redfish-tree.h"

/* The host of that name, if it is a head of @pool */
static struct json_object *pool_host(RedfishView *view, const char *pool,
                                     const char *name)
{
    struct json_object *host = redfish_host(view, name);

    return host && !strcmp(redfish_host_pool(view, host), pool) ? host : NULL;
}

/* A pool that nobody has is there, and nobody can say how it is. */
static void pool_status(struct json_object *to, struct json_object *pool)
{
    if (node_get(pool, "owner")) {
        node_status(to, "Enabled", "OK");
    } else {
        node_status(to, "UnavailableOffline", "Warning");
    }
}

struct json_object *redfish_chassis_all(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("ChassisCollection", "Pools",
                                             "/Chassis");
    struct json_object *pools = redfish_pools(view);
    size_t i;

    for (i = 0; i < node_count(pools); i++) {
        node_member(to, PATH_CHASSIS, node_get_text(node_at(pools, i),
                                                    "uuid"));
    }
    return to;
}

struct json_object *redfish_chassis(RedfishView *view, char *const *part)
{
    struct json_object *pool = redfish_pool(view, part[0]), *to, *links, *oem,
        *systems;
    const GPtrArray *hosts;
    const char *machine;
    unsigned i;

    if (!pool) {
        return NULL;
    }
    to = node_new("Chassis.v1_21_0.Chassis", part[0],
                  node_get_text(pool, "name"), PATH_CHASSIS, part[0]);
    node_text(to, "Description", "A pool of CXL memory: hosts that can share "
              "its blocks");
    node_text(to, "ChassisType", "Enclosure");
    node_text(to, "UUID", part[0]);
    pool_status(to, pool);
    node_link(to, "PCIeDevices", PATH_CHASSIS "/PCIeDevices", part[0]);
    node_link(to, "MemoryDomains", PATH_CHASSIS "/MemoryDomains", part[0]);
    links = node_object(to, "Links");
    hosts = redfish_pool_hosts(view, part[0]);
    systems = node_array(links, "ComputerSystems");
    for (i = 0; i < hosts->len; i++) {
        node_link_add(systems, PATH_SYSTEM, node_get_text(hosts->pdata[i],
                                                          "name"));
    }
    machine = fmd_config(view->fmd)->machine;
    if (!strcmp(node_get_text(pool, "machine"), machine)) {
        node_link_add(node_array(links, "ManagedBy"), PATH_MANAGER, machine);
    }
    oem = node_oem(to, "Pool");
    node_text_if_any(oem, "Machine", node_get_text(pool, "machine"));
    node_text_if_any(oem, "File", node_get_text(pool, "file"));
    node_number(oem, "SizeBytes", node_get_number(pool, "size"));
    node_number(oem, "AvailableBytes", node_get_number(pool, "available"));
    node_number(oem, "LargestFreeBytes", node_get_number(pool, "largest"));
    node_number(oem, "BlockSizeBytes", node_get_number(pool, "block_size"));
    return to;
}

struct json_object *redfish_devices(RedfishView *view, char *const *part)
{
    struct json_object *to;

    if (!redfish_pool(view, part[0])) {
        return NULL;
    }
    to = node_collection("PCIeDeviceCollection", "Devices of the pool",
                         PATH_CHASSIS "/PCIeDevices", part[0]);
    node_member(to, PATH_DEVICE, part[0]);
    return to;
}

struct json_object *redfish_device(RedfishView *view, char *const *part)
{
    struct json_object *pool = redfish_pool(view, part[0]), *to, *cxl, *links;
    const GPtrArray *hosts;

    if (!pool) {
        return NULL;
    }
    hosts = redfish_pool_hosts(view, part[0]);
    to = node_new("PCIeDevice.v1_11_0.PCIeDevice", "DCD",
                  node_get_text(pool, "name"), PATH_DEVICE, part[0]);
    node_text(to, "Description", "A device with dynamic capacity; each host "
              "has a logical device of it");
    node_text(to, "DeviceType", "SingleFunction");
    pool_status(to, pool);
    cxl = node_object(to, "CXLDevice");
    node_text(cxl, "DeviceType", "Type3");
    node_number(cxl, "MaxNumberLogicalDevices", hosts->len);
    node_link(to, "CXLLogicalDevices", PATH_DEVICE "/CXLLogicalDevices",
              part[0]);
    links = node_object(to, "Links");
    node_link_add(node_array(links, "Chassis"), PATH_CHASSIS, part[0]);
    return to;
}

struct json_object *redfish_logicals(RedfishView *view, char *const *part)
{
    struct json_object *to;
    const GPtrArray *hosts;
    unsigned i;

    if (!redfish_pool(view, part[0])) {
        return NULL;
    }
    to = node_collection("CXLLogicalDeviceCollection",
                         "What each host has of the device",
                         PATH_DEVICE "/CXLLogicalDevices", part[0]);
    hosts = redfish_pool_hosts(view, part[0]);
    for (i = 0; i < hosts->len; i++) {
        node_member(to, PATH_LOGICAL, part[0],
                    node_get_text(hosts->pdata[i], "name"));
    }
    return to;
}

static void logical_links(RedfishView *view, struct json_object *to,
                          struct json_object *pool, struct json_object *host)
{
    struct json_object *links = node_object(to, "Links"), *array, *list;
    const char *uuid = node_get_text(pool, "uuid");
    size_t i;
    unsigned j;

    list = node_get(pool, "regions");
    array = node_array(links, "MemoryDomains");
    for (i = 0; i < node_count(list); i++) {
        node_link_add(array, PATH_DOMAIN, uuid,
                      node_get_number(node_at(list, i), "index"));
    }
    list = redfish_claims(view);
    array = node_array(links, "MemoryChunks");
    for (i = 0; i < node_count(list); i++) {
        struct json_object *claim = node_at(list, i);
        uint64_t region = node_get_number(claim, "region");
        g_autofree char *index = g_strdup_printf("%" G_GUINT64_FORMAT, region);
        const GPtrArray *hosts;

        if (strcmp(redfish_claim_pool(claim), uuid) ||
            !redfish_region(view, uuid, index)) {
            continue;
        }
        hosts = redfish_claim_hosts(view, claim);
        for (j = 0; j < hosts->len; j++) {
            if (hosts->pdata[j] == host) {
                node_link_add(array, PATH_CHUNK, uuid, region,
                              node_get_text(claim, "uuid"));
            }
        }
    }
    node_link_add(node_array(links, "Endpoints"), PATH_DEVICE_END,
                  node_get_text(host, "name"));
}

struct json_object *redfish_logical(RedfishView *view, char *const *part)
{
    struct json_object *pool = redfish_pool(view, part[0]);
    struct json_object *host = pool_host(view, part[0], part[1]), *to, *name;

    if (!pool || !host) {
        return NULL;
    }
    to = node_new("CXLLogicalDevice.v1_1_0.CXLLogicalDevice", part[1], part[1],
                  PATH_LOGICAL, part[0], part[1]);
    node_text(to, "Description", "What this host has of the device");
    name = json_object_new_object();
    node_text(name, "DurableName", node_get_text(host, "uuid"));
    node_text(name, "DurableNameFormat", "UUID");
    json_object_array_add(node_array(to, "Identifiers"), name);
    node_texts(to, "SemanticsSupported", "CXLio", "CXLmem", NULL);
    node_number(to, "MemorySizeMiB", redfish_owned(view, pool, host) / MIB);
    redfish_host_status(to, host);
    node_link(to, "MemoryRegions", PATH_LOGICAL "/MemoryRegions", part[0],
              part[1]);
    logical_links(view, to, pool, host);
    return to;
}

struct json_object *redfish_regions(RedfishView *view, char *const *part)
{
    struct json_object *pool = redfish_pool(view, part[0]), *to;
    struct json_object *regions = node_get(pool, "regions");
    size_t i;

    if (!pool || !pool_host(view, part[0], part[1])) {
        return NULL;
    }
    to = node_collection("MemoryRegionCollection", "Regions",
                         PATH_LOGICAL "/MemoryRegions", part[0], part[1]);
    for (i = 0; i < node_count(regions); i++) {
        node_member(to, PATH_REGION, part[0], part[1],
                    node_get_number(node_at(regions, i), "index"));
    }
    return to;
}

/* The extents of one host, with tags, in the order of their offsets */
static void region_extents(struct json_object *to, struct json_object *exact,
                           const GArray *extents)
{
    struct json_object *list = node_array(to, "MemoryExtents");
    g_autoptr(GHashTable) count = g_hash_table_new(g_str_hash, g_str_equal);
    unsigned i;

    node_number(to, "ExtentsCount", extents->len);
    for (i = 0; i < extents->len; i++) {
        const RedfishExtent *e = &g_array_index(extents, RedfishExtent, i);
        struct json_object *one = json_object_new_object();
        unsigned number = 0;

        /* Only shared extents have an order that the device tells. */
        if (e->shared) {
            number = GPOINTER_TO_UINT(g_hash_table_lookup(count, e->tag)) + 1;
            g_hash_table_insert(count, (char *)e->tag,
                                GUINT_TO_POINTER(number));
        }
        node_number(one, "ExtentOffsetMiB", e->offset / MIB);
        node_number(one, "ExtentSizeMiB", e->length / MIB);
        node_text_if_any(one, "Tag", e->tag);
        node_number(one, "SequenceNumber", number);
        json_object_array_add(list, one);
        one = json_object_new_object();
        node_number(one, "OffsetBytes", e->offset);
        node_number(one, "SizeBytes", e->length);
        node_text_if_any(one, "Tag", e->tag);
        node_text(one, "State", e->state);
        node_bool(one, "Shared", e->shared);
        json_object_array_add(exact, one);
    }
}

static void region_chunks(RedfishView *view, struct json_object *to,
                          const char *pool, uint64_t region,
                          const GArray *extents)
{
    struct json_object *list = node_array(to, "MemoryChunks");
    unsigned i;

    for (i = 0; i < extents->len; i++) {
        const RedfishExtent *e = &g_array_index(extents, RedfishExtent, i);
        struct json_object *claim = redfish_claim(view, e->tag), *one;

        if (claim && !strcmp(redfish_claim_pool(claim), pool) &&
            node_get_number(claim, "region") == region) {
            one = json_object_new_object();
            node_number(one, "ChunkOffsetMiB", e->offset / MIB);
            node_link(one, "ChunkLink", PATH_CHUNK, pool, region, e->tag);
            json_object_array_add(list, one);
        }
    }
}

struct json_object *redfish_memory_region(RedfishView *view,
                                          char *const *part)
{
    struct json_object *region = redfish_region(view, part[0], part[2]);
    struct json_object *host = pool_host(view, part[0], part[1]), *to, *oem;
    uint64_t index = node_get_number(region, "index"), block;
    g_autoptr(GArray) extents = NULL;

    if (!region || !host) {
        return NULL;
    }
    extents = redfish_extents(view, part[0], node_get_text(host, "uuid"),
                              index);
    block = node_get_number(region, "block_size");
    to = node_new("MemoryRegion.v1_0_0.MemoryRegion", part[2], "Region",
                  PATH_REGION, part[0], part[1], index);
    node_text(to, "RegionType", "Dynamic");
    node_number(to, "RegionNumber", index);
    /* A finer block has no number of MiB. */
    if (block && !(block % MIB)) {
        node_number(to, "BlockSizeMiB", block / MIB);
    }
    node_number(to, "RegionSizeMiB", node_get_number(region, "length") / MIB);
    node_bool(to, "ShareableRegion", node_get_bool(region, "sharable"));
    node_bool(to, "NonVolatileRegion", false);
    /* A head of a pool does so, asked or not. */
    if (!strcmp(node_get_text(redfish_pool(view, part[0]), "kind"), "file")) {
        node_bool(to, "SanitizeOnRelease", true);
    }
    node_status(to, "Enabled", "OK");
    oem = node_oem(to, "MemoryRegion");
    node_number(oem, "BlockSizeBytes", block);
    region_extents(to, node_array(oem, "Extents"), extents);
    region_chunks(view, to, part[0], index, extents);
    return to;
}
