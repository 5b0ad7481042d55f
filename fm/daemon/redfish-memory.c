/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regions as memory domains, claims as memory chunks in them
 */
#include <string.h>
#include "redfish-tree.h"

struct json_object *redfish_domains(RedfishView *view, char *const *part)
{
    struct json_object *pool = redfish_pool(view, part[0]), *to;
    struct json_object *regions = node_get(pool, "regions");
    size_t i;

    if (!pool) {
        return NULL;
    }
    to = node_collection("MemoryDomainCollection", "Regions of the pool",
                         PATH_CHASSIS "/MemoryDomains", part[0]);
    for (i = 0; i < node_count(regions); i++) {
        node_member(to, PATH_DOMAIN, part[0],
                    node_get_number(node_at(regions, i), "index"));
    }
    return to;
}

struct json_object *redfish_domain(RedfishView *view, char *const *part)
{
    struct json_object *region = redfish_region(view, part[0], part[1]), *to,
        *oem, *links;
    const GPtrArray *hosts;
    uint64_t index = node_get_number(region, "index");
    uint64_t block = node_get_number(region, "block_size");
    g_autofree char *name = g_strdup_printf("Region %s", part[1]);
    unsigned i;

    if (!region) {
        return NULL;
    }
    to = node_new("MemoryDomain.v1_5_0.MemoryDomain", part[1], name,
                  PATH_DOMAIN, part[0], index);
    node_bool(to, "AllowsMemoryChunkCreation", true);
    node_bool(to, "AllowsBlockProvisioning", false);
    node_bool(to, "AllowsMirroring", false);
    node_bool(to, "AllowsSparing", false);
    node_number(to, "MemorySizeMiB", node_get_number(region, "length") / MIB);
    node_number(to, "MinMemoryChunkSizeMiB", MAX(block / MIB, 1));
    node_number(to, "MemoryChunkIncrementMiB", MAX(block / MIB, 1));
    node_status(to, "Enabled", "OK");
    node_link(to, "MemoryChunks", PATH_DOMAIN "/MemoryChunks", part[0], index);
    links = node_array(node_object(to, "Links"), "CXLLogicalDevices");
    hosts = redfish_pool_hosts(view, part[0]);
    for (i = 0; i < hosts->len; i++) {
        node_link_add(links, PATH_LOGICAL, part[0],
                      node_get_text(hosts->pdata[i], "name"));
    }
    oem = node_oem(to, "MemoryDomain");
    node_number(oem, "BlockSizeBytes", block);
    if (node_get(region, "available")) {
        node_number(oem, "AvailableBytes",
                    node_get_number(region, "available"));
    } else {
        node_null(oem, "AvailableBytes");
    }
    return to;
}

/* Whether @claim is a chunk of that domain */
static bool chunk_is_of(struct json_object *claim, const char *pool,
                        uint64_t region)
{
    return !strcmp(redfish_claim_pool(claim), pool) &&
           node_get_number(claim, "region") == region;
}

struct json_object *redfish_chunks(RedfishView *view, char *const *part)
{
    struct json_object *region = redfish_region(view, part[0], part[1]), *to,
        *claims;
    uint64_t index = node_get_number(region, "index");
    size_t i;

    if (!region) {
        return NULL;
    }
    to = node_collection("MemoryChunksCollection", "Claims in the region",
                         PATH_DOMAIN "/MemoryChunks", part[0], index);
    claims = redfish_claims(view);
    for (i = 0; i < node_count(claims); i++) {
        struct json_object *claim = node_at(claims, i);

        if (chunk_is_of(claim, part[0], index)) {
            node_member(to, PATH_CHUNK, part[0], index,
                        node_get_text(claim, "uuid"));
        }
    }
    return to;
}

static void chunk_status(struct json_object *to, const char *phase)
{
    static const struct {
        const char *phase, *state, *health;
    } states[] = {
        { "Bound", "Enabled", "OK" },
        { "Releasing", "Disabled", "OK" },
        { "Forcing", "Disabled", "OK" },
        { "Gone", "Absent", "OK" },
        { "Declined", "StandbyOffline", "Warning" },
        { "Unanswered", "Starting", "Warning" },
        { "Stuck", "Disabled", "Warning" },
        { "Lost", "Absent", "Critical" },
    };
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(states); i++) {
        if (!strcmp(states[i].phase, phase)) {
            node_status(to, states[i].state, states[i].health);
            return;
        }
    }
    node_status(to, "Starting", "OK");
}

static void chunk_links(RedfishView *view, struct json_object *to,
                        struct json_object *claim, const char *pool,
                        uint64_t region)
{
    struct json_object *links = node_object(to, "Links");
    struct json_object *ends = node_array(links, "Endpoints");
    struct json_object *logicals = node_array(links, "CXLLogicalDevices");
    struct json_object *regions = node_array(links, "MemoryRegions");
    g_autoptr(GPtrArray) hosts = redfish_claim_hosts(view, claim);
    unsigned i;

    for (i = 0; i < hosts->len; i++) {
        const char *name = node_get_text(hosts->pdata[i], "name");

        node_link_add(ends, PATH_HOST_END, name);
        if (!strcmp(redfish_host_pool(view, hosts->pdata[i]), pool)) {
            node_link_add(logicals, PATH_LOGICAL, pool, name);
            node_link_add(regions, PATH_REGION, pool, name, region);
        }
    }
}

static void chunk_oem(RedfishView *view, struct json_object *to,
                      struct json_object *claim)
{
    struct json_object *oem = node_oem(to, "MemoryChunk"), *hosts;
    struct json_object *status = node_get(claim, "status");
    g_autoptr(GPtrArray) list = redfish_claim_hosts(view, claim);
    unsigned i;

    node_text(oem, "Phase", redfish_claim_phase(claim));
    node_text_if_any(oem, "Message", node_get_text(status, "message"));
    node_number(oem, "Bytes", node_get_number(claim, "bytes"));
    hosts = node_array(oem, "Hosts");
    for (i = 0; i < list->len; i++) {
        json_object_array_add(hosts, json_object_new_string(
            node_get_text(list->pdata[i], "name")));
    }
    node_text_if_any(oem, "ConsumerKind",
                     node_get_text(claim, "consumer_kind"));
    node_text_if_any(oem, "Consumer", node_get_text(claim, "consumer"));
}

struct json_object *redfish_chunk(RedfishView *view, char *const *part)
{
    struct json_object *region = redfish_region(view, part[0], part[1]);
    struct json_object *claim = redfish_claim(view, part[2]), *to, *extents;
    uint64_t index = node_get_number(region, "index");

    if (!region || !claim || !chunk_is_of(claim, part[0], index)) {
        return NULL;
    }
    to = node_new("MemoryChunks.v1_6_0.MemoryChunks", part[2], "Claim",
                  PATH_CHUNK, part[0], index, part[2]);
    node_number(to, "MemoryChunkSizeMiB",
                node_get_number(claim, "bytes") / MIB);
    node_text(to, "AddressRangeType", "Volatile");
    extents = node_get(node_get(claim, "status"), "extents");
    if (node_count(extents)) {
        node_number(to, "AddressRangeOffsetMiB",
                    node_get_number(node_at(extents, 0), "offset") / MIB);
    } else {
        node_null(to, "AddressRangeOffsetMiB");
    }
    node_text(to, "DisplayName", node_get_text(claim, "consumer"));
    node_text(to, "MediaLocation", "Remote");
    node_text(to, "RequestedOperationalState",
              node_get_bool(claim, "deleted") ? "Offline" : "Online");
    chunk_status(to, redfish_claim_phase(claim));
    chunk_links(view, to, claim, part[0], index);
    chunk_oem(view, to, claim);
    node_mark(to, node_get_number(claim, "revision"));
    return to;
}
