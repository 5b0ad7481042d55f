/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts: systems, and the memory that they have of their pool
 */
#include "redfish-tree.h"

struct json_object *redfish_systems(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("ComputerSystemCollection",
                                             "Hosts", "/Systems");
    struct json_object *hosts = redfish_hosts(view);
    size_t i;

    for (i = 0; i < node_count(hosts); i++) {
        node_member(to, PATH_SYSTEM, node_get_text(node_at(hosts, i), "name"));
    }
    return to;
}

static bool system_is_up(struct json_object *host)
{
    return node_get_bool(host, "reachable") || node_get(host, "alive");
}

void redfish_host_status(struct json_object *to, struct json_object *host)
{
    if (system_is_up(host)) {
        node_status(to, "Enabled", "OK");
    } else {
        node_status(to, "UnavailableOffline", "Warning");
    }
}

static void system_links(RedfishView *view, struct json_object *to,
                         struct json_object *host)
{
    const char *pool = redfish_host_pool(view, host);
    const char *machine = fmd_config(view->fmd)->machine;
    struct json_object *links = node_object(to, "Links"), *array;

    array = node_array(links, "Chassis");
    if (*pool) {
        node_link_add(array, PATH_CHASSIS, pool);
    }
    array = node_array(links, "ManagedBy");
    if (!g_strcmp0(node_get_text(host, "machine"), machine)) {
        node_link_add(array, PATH_MANAGER, machine);
    }
    node_link_add(node_array(links, "Endpoints"), PATH_HOST_END,
                  node_get_text(host, "name"));
}

/* "key=value" each */
static void system_labels(struct json_object *to, struct json_object *labels)
{
    struct json_object *list = node_array(to, "Labels");

    if (!json_object_is_type(labels, json_type_object)) {
        return;
    }
    json_object_object_foreach(labels, key, value) {
        g_autofree char *text = g_strdup_printf("%s=%s", key,
                                                json_object_get_string(value));

        json_object_array_add(list, json_object_new_string(text));
    }
}

struct json_object *redfish_system(RedfishView *view, char *const *part)
{
    struct json_object *host = redfish_host(view, part[0]), *to, *oem;

    if (!host) {
        return NULL;
    }
    to = node_new("ComputerSystem.v1_17_0.ComputerSystem", part[0], part[0],
                  PATH_SYSTEM, part[0]);
    node_text(to, "Description", "A host: a head of a pool, and its monitor");
    node_text(to, "SystemType", "Virtual");
    node_text(to, "HostName", part[0]);
    node_text(to, "PowerState", system_is_up(host) ? "On" : "Off");
    redfish_host_status(to, host);
    node_link(to, "Memory", PATH_SYSTEM "/Memory", part[0]);
    /* Nothing can be done with it here; clients want to be told so. */
    node_text(node_object(to, "Boot"), "BootSourceOverrideEnabled",
              "Disabled");
    node_object(to, "Actions");
    system_links(view, to, host);
    oem = node_oem(to, "Host");
    node_text(oem, "UUID", node_get_text(host, "uuid"));
    node_text_if_any(oem, "Machine", node_get_text(host, "machine"));
    system_labels(oem, node_get(host, "labels"));
    node_text_if_any(oem, "Error", node_get_text(host, "error"));
    return to;
}

struct json_object *redfish_memories(RedfishView *view, char *const *part)
{
    struct json_object *to;

    if (!redfish_host(view, part[0])) {
        return NULL;
    }
    to = node_collection("MemoryCollection", "Memory of the pool",
                         PATH_SYSTEM "/Memory", part[0]);
    node_member(to, PATH_SYSTEM "/Memory/CXL", part[0]);
    return to;
}

/* Bytes of the note @key about @host; null: not known here */
static void memory_bytes(struct json_object *to, const char *name,
                         struct json_object *host, const char *key)
{
    if (node_get(host, key)) {
        node_number(to, name, node_get_number(host, key));
    } else {
        node_null(to, name);
    }
}

struct json_object *redfish_memory(RedfishView *view, char *const *part)
{
    struct json_object *host = redfish_host(view, part[0]), *to, *links, *oem;
    const char *pool;

    if (!host) {
        return NULL;
    }
    to = node_new("Memory.v1_17_0.Memory", "CXL", "CXL memory of the pool",
                  PATH_SYSTEM "/Memory/CXL", part[0]);
    node_text(to, "MemoryType", "DRAM");
    node_texts(to, "OperatingMemoryModes", "Volatile", NULL);
    pool = redfish_host_pool(view, host);
    if (*pool) {
        node_number(to, "CapacityMiB", redfish_owned(
            view, redfish_pool(view, pool), host) / MIB);
    } else {
        node_null(to, "CapacityMiB");
    }
    redfish_host_status(to, host);
    links = node_object(to, "Links");
    if (*pool) {
        node_link(links, "Chassis", PATH_CHASSIS, pool);
    }
    oem = node_oem(to, "Memory");
    memory_bytes(oem, "OwnedBytes", host, "owned");
    memory_bytes(oem, "OfferedBytes", host, "offered");
    memory_bytes(oem, "ReleasingBytes", host, "releasing");
    memory_bytes(oem, "UntaggedBytes", host, "untagged");
    return to;
}
