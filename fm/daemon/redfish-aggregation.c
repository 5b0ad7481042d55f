/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a manager of managers (Sunfish) asks of an agent: how it is reached
 */
#include <string.h>
#include "redfish-tree.h"

#define PATH_METHODS "/AggregationService/ConnectionMethods"

struct json_object *redfish_aggregation(RedfishView *view, char *const *part)
{
    struct json_object *to = node_new(
        "AggregationService.v1_0_0.AggregationService", "AggregationService",
        "Aggregation", "/AggregationService");

    node_text(to, "Description", "How a manager of managers reaches this "
              "service; it aggregates nothing itself");
    node_bool(to, "ServiceEnabled", true);
    node_status(to, "Enabled", "OK");
    node_link(to, "ConnectionMethods", PATH_METHODS);
    return to;
}

struct json_object *redfish_methods(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("ConnectionMethodCollection",
                                             "Connection methods",
                                             PATH_METHODS);

    node_member(to, PATH_METHODS "/CXL");
    return to;
}

struct json_object *redfish_method(RedfishView *view, char *const *part)
{
    struct json_object *to = node_new(
        "ConnectionMethod.v1_0_0.ConnectionMethod", "CXL", "cxl-fmd",
        PATH_METHODS "/CXL");

    node_text(to, "ConnectionMethodType", "Redfish");
    node_text(to, "ConnectionMethodVariant", "cxl-dcd");
    node_array(node_object(to, "Links"), "AggregationSources");
    return to;
}
