/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fabric: an endpoint for each host and for each of its logical devices, a
 * zone for each pool
 */
#include <string.h>
#include "redfish-tree.h"

struct json_object *redfish_fabrics(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("FabricCollection", "Fabrics",
                                             "/Fabrics");

    node_member(to, PATH_FABRIC);
    return to;
}

struct json_object *redfish_fabric(RedfishView *view, char *const *part)
{
    struct json_object *to = node_new("Fabric.v1_3_0.Fabric", "CXL", "CXL",
                                      PATH_FABRIC);

    node_text(to, "Description", "Hosts, and the pools that they are heads of");
    node_text(to, "FabricType", "CXL");
    node_status(to, "Enabled", "OK");
    node_link(to, "Endpoints", PATH_FABRIC "/Endpoints");
    node_link(to, "Zones", PATH_FABRIC "/Zones");
    node_link(to, "Connections", PATH_FABRIC "/Connections");
    return to;
}

struct json_object *redfish_endpoints(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("EndpointCollection", "Endpoints",
                                             PATH_FABRIC "/Endpoints");
    struct json_object *hosts = redfish_hosts(view);
    size_t i;

    for (i = 0; i < node_count(hosts); i++) {
        const char *name = node_get_text(node_at(hosts, i), "name");

        node_member(to, PATH_HOST_END, name);
        if (*redfish_host_pool(view, node_at(hosts, i))) {
            node_member(to, PATH_DEVICE_END, name);
        }
    }
    return to;
}

struct json_object *redfish_endpoint(RedfishView *view, char *const *part)
{
    bool initiator = g_str_has_prefix(part[0], "I.");
    struct json_object *host = initiator || g_str_has_prefix(part[0], "T.") ?
                               redfish_host(view, part[0] + 2) : NULL;
    const char *pool = host ? redfish_host_pool(view, host) : "";
    struct json_object *to, *entity, *zones;

    if (!host || (!initiator && !*pool)) {
        return NULL;
    }
    to = node_new("Endpoint.v1_8_0.Endpoint", part[0], part[0] + 2,
                  PATH_FABRIC "/Endpoints/%s", part[0]);
    node_text(to, "Description", initiator ? "The host" :
              "What the host has of the pool's device");
    node_text(to, "EndpointProtocol", "CXL");
    entity = json_object_new_object();
    node_text(entity, "EntityType", initiator ? "RootComplex" : "CXLDevice");
    node_text(entity, "EntityRole", initiator ? "Initiator" : "Target");
    if (initiator) {
        node_link(entity, "EntityLink", PATH_SYSTEM, part[0] + 2);
    } else {
        node_link(entity, "EntityLink", PATH_LOGICAL, pool, part[0] + 2);
    }
    json_object_array_add(node_array(to, "ConnectedEntities"), entity);
    redfish_host_status(to, host);
    zones = node_array(node_object(to, "Links"), "Zones");
    if (*pool) {
        node_link_add(zones, PATH_ZONE, pool);
    }
    return to;
}

struct json_object *redfish_zones(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("ZoneCollection", "Zones",
                                             PATH_FABRIC "/Zones");
    struct json_object *pools = redfish_pools(view);
    size_t i;

    for (i = 0; i < node_count(pools); i++) {
        node_member(to, PATH_ZONE, node_get_text(node_at(pools, i), "uuid"));
    }
    return to;
}

struct json_object *redfish_zone(RedfishView *view, char *const *part)
{
    struct json_object *pool = redfish_pool(view, part[0]), *to, *ends;
    const GPtrArray *hosts;
    unsigned i;

    if (!pool) {
        return NULL;
    }
    to = node_new("Zone.v1_6_0.Zone", part[0], node_get_text(pool, "name"),
                  PATH_ZONE, part[0]);
    node_text(to, "Description", "Hosts of one pool, which can share memory");
    node_text(to, "ZoneType", "ZoneOfEndpoints");
    node_status(to, "Enabled", "OK");
    ends = node_array(node_object(to, "Links"), "Endpoints");
    hosts = redfish_pool_hosts(view, part[0]);
    for (i = 0; i < hosts->len; i++) {
        const char *name = node_get_text(hosts->pdata[i], "name");

        node_link_add(ends, PATH_HOST_END, name);
        node_link_add(ends, PATH_DEVICE_END, name);
    }
    return to;
}
