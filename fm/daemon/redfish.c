/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redfish: the table of its paths
 */
#include <string.h>
#include "redfish-event.h"
#include "redfish-listener.h"
#include "redfish-push.h"
#include "redfish-task.h"
#include "redfish-tree.h"

#define READ(path, get) \
    { path, get, NULL, NULL, NULL, AUTH_READER, AUTH_READER }
#define CHANGE(path, get, post, delete, role) \
    { path, get, post, delete, NULL, AUTH_READER, AUTH_##role }
#define DEVICES  "/Chassis/{}/PCIeDevices"
#define LOGICALS DEVICES "/DCD/CXLLogicalDevices"
#define DOMAINS  "/Chassis/{}/MemoryDomains"
#define CHUNKS   DOMAINS "/{}/MemoryChunks"
#define EVENTS   "/EventService/Subscriptions"

static const RedfishPath paths[] = {
    { "", redfish_root, NULL, NULL, NULL, AUTH_NOBODY, AUTH_NOBODY },
    READ("/JsonSchemas", redfish_schemas),
    READ("/JsonSchemas/{}", redfish_schema),
    READ("/Registries", redfish_registries),
    READ("/Registries/{}", redfish_registry),
    READ("/Managers", redfish_managers),
    READ("/Managers/{}", redfish_manager),
    READ("/AccountService", redfish_account_service),
    READ("/AccountService/Accounts", redfish_accounts),
    READ("/AccountService/Accounts/{}", redfish_account),
    READ("/AccountService/Roles", redfish_roles),
    READ("/AccountService/Roles/{}", redfish_role),
    READ("/SessionService", redfish_session_service),
    CHANGE("/SessionService/Sessions", redfish_sessions, redfish_session_post,
           NULL, NOBODY),
    CHANGE("/SessionService/Sessions/{}", redfish_session, NULL,
           redfish_session_delete, READER),
    READ("/TaskService", redfish_task_service),
    READ("/TaskService/Tasks", redfish_tasks),
    CHANGE("/TaskService/Tasks/{}", redfish_task, NULL, redfish_task_delete,
           USER),
    READ("/EventService", redfish_event_service),
    CHANGE(EVENTS, redfish_subscriptions, redfish_subscription_post, NULL,
           ADMIN),
    { EVENTS "/{}", redfish_subscription, NULL, redfish_subscription_delete,
      redfish_subscription_patch, AUTH_READER, AUTH_ADMIN },
    READ("/AggregationService", redfish_aggregation),
    READ("/AggregationService/ConnectionMethods", redfish_methods),
    READ("/AggregationService/ConnectionMethods/CXL", redfish_method),
    READ("/Chassis", redfish_chassis_all),
    READ("/Chassis/{}", redfish_chassis),
    READ(DEVICES, redfish_devices),
    READ(DEVICES "/DCD", redfish_device),
    READ(LOGICALS, redfish_logicals),
    READ(LOGICALS "/{}", redfish_logical),
    READ(LOGICALS "/{}/MemoryRegions", redfish_regions),
    READ(LOGICALS "/{}/MemoryRegions/{}", redfish_memory_region),
    READ(DOMAINS, redfish_domains),
    READ(DOMAINS "/{}", redfish_domain),
    CHANGE(CHUNKS, redfish_chunks, redfish_chunk_post, NULL, USER),
    CHANGE(CHUNKS "/{}", redfish_chunk, NULL, redfish_chunk_delete, USER),
    READ("/Systems", redfish_systems),
    READ("/Systems/{}", redfish_system),
    READ("/Systems/{}/Memory", redfish_memories),
    READ("/Systems/{}/Memory/CXL", redfish_memory),
    READ("/Fabrics", redfish_fabrics),
    READ("/Fabrics/CXL", redfish_fabric),
    READ("/Fabrics/CXL/Endpoints", redfish_endpoints),
    READ("/Fabrics/CXL/Endpoints/{}", redfish_endpoint),
    READ("/Fabrics/CXL/Zones", redfish_zones),
    READ("/Fabrics/CXL/Zones/{}", redfish_zone),
    CHANGE("/Fabrics/CXL/Connections", redfish_connections,
           redfish_connection_post, NULL, USER),
    CHANGE("/Fabrics/CXL/Connections/{}", redfish_connection, NULL,
           redfish_connection_delete, USER),
    { NULL },
};

/* What are no resources */
static const HttpRoute others[] = {
    { HTTP_FACE, "/redfish", AUTH_NOBODY, HTTP_AT_ONCE, false, redfish_dress,
      NULL },
    { "GET", "/redfish", AUTH_NOBODY, HTTP_AT_ONCE, false, redfish_versions,
      NULL },
    { "GET", REDFISH_ROOT "/odata", AUTH_NOBODY, HTTP_AT_ONCE, false,
      redfish_odata, NULL },
    { "GET", REDFISH_ROOT "/$metadata", AUTH_NOBODY, HTTP_AT_ONCE, false,
      redfish_metadata, NULL },
    { "GET", REDFISH_ROOT "/Schemas/" REDFISH_OEM "_v1.xml", AUTH_NOBODY,
      HTTP_AT_ONCE, false, redfish_oem_schema, NULL },
    { "GET", REDFISH_ROOT "/TaskService/TaskMonitors/{}", AUTH_READER,
      HTTP_STORE, false, redfish_task_monitor, NULL },
    { "GET", REDFISH_ROOT "/EventService/SSE", AUTH_READER, HTTP_AT_ONCE,
      false, redfish_sse, NULL },
};

static void routes_add(GArray *routes, const char *method, const char *path,
                       AuthRole role, bool takes_body,
                       void (*run)(HttpRequest *request))
{
    const HttpRoute route = {
        .method = method,
        /* They live as long as the program. */
        .path = g_intern_string(path),
        .role = role,
        .lane = HTTP_STORE,
        .takes_body = takes_body,
        .run = run,
        .is_large = run == redfish_read ? redfish_is_large : NULL,
    };

    if (run) {
        g_array_append_val(routes, route);
    }
}

void redfish_routes(GArray *routes)
{
    const RedfishPath *p;

    g_array_append_vals(routes, others, G_N_ELEMENTS(others));
    for (p = paths; p->path; p++) {
        g_autofree char *path = g_strconcat(REDFISH_ROOT, p->path, NULL);

        routes_add(routes, "GET", path, p->reads, false, redfish_read);
        routes_add(routes, "POST", path, p->changes, true, p->post);
        /* Clients may also post to what has the members. */
        if (p->post) {
            g_autofree char *members = g_strconcat(path, "/Members", NULL);

            routes_add(routes, "POST", members, p->changes, true, p->post);
        }
        routes_add(routes, "PATCH", path, p->changes, true, p->patch);
        routes_add(routes, "DELETE", path, p->changes, false, p->delete);
    }
}

Redfish *redfish_start(struct fmd *fmd, GError **error)
{
    Redfish *redfish = g_new0(Redfish, 1);

    g_mutex_init(&redfish->change);
    redfish->fmd = fmd;
    redfish->paths = paths;
    redfish->tasks = redfish_tasks_new();
    redfish->listeners = redfish_listeners_new();
    redfish->push = redfish_push_start(fmd, error);
    if (!redfish->push) {
        redfish_stop(redfish);
        return NULL;
    }
    return redfish;
}

void redfish_stop(Redfish *redfish)
{
    if (redfish) {
        redfish_push_stop(redfish->push);
        redfish_listeners_free(redfish->listeners);
        redfish_tasks_free(redfish->tasks);
        g_mutex_clear(&redfish->change);
        g_free(redfish);
    }
}

void redfish_wake(Redfish *redfish)
{
    redfish_push_wake(redfish->push);
}
