/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where everything begins, and the manager: this daemon
 */
#include <string.h>
#include "redfish-tree.h"

static void root_features(struct json_object *to)
{
    struct json_object *o = node_object(to, "ProtocolFeaturesSupported");
    struct json_object *expand = node_object(o, "ExpandQuery"), *deep;

    node_bool(expand, "ExpandAll", true);
    node_bool(expand, "Levels", true);
    node_number(expand, "MaxLevels", 4);
    node_bool(expand, "Links", true);
    node_bool(expand, "NoLinks", true);
    node_bool(o, "SelectQuery", true);
    node_bool(o, "OnlyMemberQuery", true);
    node_bool(o, "FilterQuery", false);
    node_bool(o, "ExcerptQuery", false);
    deep = node_object(o, "DeepOperations");
    node_bool(deep, "DeepPATCH", false);
    node_bool(deep, "DeepPOST", false);
}

struct json_object *redfish_root(RedfishView *view, char *const *part)
{
    static const char *const services[] = {
        "AccountService", "AggregationService", "Chassis", "EventService",
        "Fabrics", "JsonSchemas", "Managers", "Registries", "SessionService",
        "Systems",
    };
    struct json_object *to = node_new("ServiceRoot.v1_15_0.ServiceRoot",
                                      "RootService", "cxl-fmd", "/");
    char uuid[FMD_UUID_TEXT];
    unsigned i;

    fmd_uuid_of("redfish", fmd_config(view->fmd)->machine, uuid);
    node_text(to, "RedfishVersion", "1.18.0");
    node_text(to, "UUID", uuid);
    node_text(to, "Vendor", "cxl-dcd");
    node_text(to, "Product", "cxl-fmd " FMD_VERSION);
    root_features(to);
    for (i = 0; i < G_N_ELEMENTS(services); i++) {
        node_link(to, services[i], "/%s", services[i]);
    }
    node_link(to, "Tasks", "/TaskService");
    node_link(node_object(to, "Links"), "Sessions",
              "/SessionService/Sessions");
    return to;
}

struct json_object *redfish_managers(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("ManagerCollection", "Managers",
                                             "/Managers");

    node_member(to, PATH_MANAGER, fmd_config(view->fmd)->machine);
    return to;
}

/* What this daemon has: hosts and pools of its machine */
static void manager_links(RedfishView *view, struct json_object *to,
                          const char *machine)
{
    struct json_object *links = node_object(to, "Links"), *array, *list;
    size_t i;

    array = node_array(links, "ManagerForServers");
    list = redfish_hosts(view);
    for (i = 0; i < node_count(list); i++) {
        struct json_object *o = node_at(list, i);

        if (!strcmp(node_get_text(o, "machine"), machine)) {
            node_link_add(array, PATH_SYSTEM, node_get_text(o, "name"));
        }
    }
    array = node_array(links, "ManagerForChassis");
    list = redfish_pools(view);
    for (i = 0; i < node_count(list); i++) {
        struct json_object *o = node_at(list, i);

        if (!strcmp(node_get_text(o, "machine"), machine)) {
            node_link_add(array, PATH_CHASSIS, node_get_text(o, "uuid"));
        }
    }
}

struct json_object *redfish_manager(RedfishView *view, char *const *part)
{
    const char *machine = fmd_config(view->fmd)->machine;
    struct json_object *to;
    bool live, ready;

    if (strcmp(part[0], machine)) {
        return NULL;
    }
    to = node_new("Manager.v1_11_0.Manager", machine, machine, PATH_MANAGER,
                  machine);
    node_text(to, "Description", "The daemon that holds the monitors of this "
              "machine");
    node_text(to, "ManagerType", "Service");
    node_text(to, "FirmwareVersion", FMD_VERSION);
    fmd_is_live(view->fmd, &live, &ready);
    node_status(to, "Enabled", live && ready ? "OK" : "Critical");
    manager_links(view, to, machine);
    return to;
}
