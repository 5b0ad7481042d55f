/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resources that are only read, and what others ask of their files */
#ifndef FMD_REDFISH_TREE_H
#define FMD_REDFISH_TREE_H

#include "redfish-call.h"

/* Paths below REDFISH_ROOT, for node_link() and its like */
#define PATH_CHASSIS  "/Chassis/%s"
#define PATH_DEVICE   PATH_CHASSIS "/PCIeDevices/DCD"
#define PATH_LOGICAL  PATH_DEVICE "/CXLLogicalDevices/%s"
#define PATH_REGION   PATH_LOGICAL "/MemoryRegions/%" G_GUINT64_FORMAT
#define PATH_DOMAIN   PATH_CHASSIS "/MemoryDomains/%" G_GUINT64_FORMAT
#define PATH_CHUNK    PATH_DOMAIN "/MemoryChunks/%s"
#define PATTERN_CHUNK "/Chassis/{}/MemoryDomains/{}/MemoryChunks/{}"
#define PATH_SYSTEM   "/Systems/%s"
#define PATH_MANAGER  "/Managers/%s"
#define PATH_FABRIC   "/Fabrics/CXL"
#define PATH_HOST_END PATH_FABRIC "/Endpoints/I.%s"
#define PATH_DEVICE_END PATH_FABRIC "/Endpoints/T.%s"
#define PATH_ZONE     PATH_FABRIC "/Zones/%s"
#define PATH_CONNECTION PATH_FABRIC "/Connections/%s.%s"

#define MIB (1ull << 20)

/* redfish-root.c */
struct json_object *redfish_root(RedfishView *view, char *const *part);
struct json_object *redfish_managers(RedfishView *view, char *const *part);
struct json_object *redfish_manager(RedfishView *view, char *const *part);
/* redfish-schema.c */
struct json_object *redfish_schemas(RedfishView *view, char *const *part);
struct json_object *redfish_schema(RedfishView *view, char *const *part);
struct json_object *redfish_registries(RedfishView *view, char *const *part);
struct json_object *redfish_registry(RedfishView *view, char *const *part);
void redfish_versions(HttpRequest *request);
void redfish_odata(HttpRequest *request);
void redfish_metadata(HttpRequest *request);
void redfish_oem_schema(HttpRequest *request);
/* redfish-aggregation.c */
struct json_object *redfish_aggregation(RedfishView *view, char *const *part);
struct json_object *redfish_methods(RedfishView *view, char *const *part);
struct json_object *redfish_method(RedfishView *view, char *const *part);
/* redfish-pool.c */
struct json_object *redfish_chassis_all(RedfishView *view, char *const *part);
struct json_object *redfish_chassis(RedfishView *view, char *const *part);
struct json_object *redfish_devices(RedfishView *view, char *const *part);
struct json_object *redfish_device(RedfishView *view, char *const *part);
struct json_object *redfish_logicals(RedfishView *view, char *const *part);
struct json_object *redfish_logical(RedfishView *view, char *const *part);
struct json_object *redfish_regions(RedfishView *view, char *const *part);
struct json_object *redfish_memory_region(RedfishView *view,
                                          char *const *part);
/* redfish-system.c */
/* The Status of @host, or of what it has */
void redfish_host_status(struct json_object *to, struct json_object *host);
struct json_object *redfish_systems(RedfishView *view, char *const *part);
struct json_object *redfish_system(RedfishView *view, char *const *part);
struct json_object *redfish_memories(RedfishView *view, char *const *part);
struct json_object *redfish_memory(RedfishView *view, char *const *part);
/* redfish-fabric.c */
struct json_object *redfish_fabrics(RedfishView *view, char *const *part);
struct json_object *redfish_fabric(RedfishView *view, char *const *part);
struct json_object *redfish_endpoints(RedfishView *view, char *const *part);
struct json_object *redfish_endpoint(RedfishView *view, char *const *part);
struct json_object *redfish_zones(RedfishView *view, char *const *part);
struct json_object *redfish_zone(RedfishView *view, char *const *part);
/* redfish-connection.c */
struct json_object *redfish_connections(RedfishView *view, char *const *part);
struct json_object *redfish_connection(RedfishView *view, char *const *part);
void redfish_connection_post(HttpRequest *request);
void redfish_connection_delete(HttpRequest *request);
/* redfish-memory.c */
struct json_object *redfish_domains(RedfishView *view, char *const *part);
struct json_object *redfish_domain(RedfishView *view, char *const *part);
struct json_object *redfish_chunks(RedfishView *view, char *const *part);
struct json_object *redfish_chunk(RedfishView *view, char *const *part);
/* redfish-claim.c */
void redfish_chunk_post(HttpRequest *request);
void redfish_chunk_delete(HttpRequest *request);
/* redfish-session.c */
struct json_object *redfish_session_service(RedfishView *view,
                                            char *const *part);
struct json_object *redfish_sessions(RedfishView *view, char *const *part);
struct json_object *redfish_session(RedfishView *view, char *const *part);
void redfish_session_post(HttpRequest *request);
void redfish_session_delete(HttpRequest *request);
/* redfish-account.c */
struct json_object *redfish_account_service(RedfishView *view,
                                            char *const *part);
struct json_object *redfish_accounts(RedfishView *view, char *const *part);
struct json_object *redfish_account(RedfishView *view, char *const *part);
struct json_object *redfish_roles(RedfishView *view, char *const *part);
struct json_object *redfish_role(RedfishView *view, char *const *part);

#endif /* FMD_REDFISH_TREE_H */
