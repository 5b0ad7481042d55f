/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What describes all this: DMTF's schemas by their addresses, and ours
 */
#include <string.h>
#include "redfish-tree.h"

#define SCHEMAS "redfish.dmtf.org/schemas/v1/"
#define EDMX    "http://docs.oasis-open.org/odata/ns/edmx"
#define EDM     "http://docs.oasis-open.org/odata/ns/edm"

/* CxlDcd_v1.xml, put there by the build */
extern const char fmd_redfish_oem[];

/* All types that are said anywhere; a test compares them with the tree. */
static const struct {
    const char *name;
    const char *version;          /* NULL: a collection */
} schemas[] = {
    { "AccountService", "v1_15_0" },
    { "AggregationService", "v1_0_0" },
    { "CXLLogicalDevice", "v1_1_0" },
    { "CXLLogicalDeviceCollection", NULL },
    { "Chassis", "v1_21_0" },
    { "ChassisCollection", NULL },
    { "ComputerSystem", "v1_17_0" },
    { "ComputerSystemCollection", NULL },
    { "Connection", "v1_1_0" },
    { "ConnectionCollection", NULL },
    { "ConnectionMethod", "v1_0_0" },
    { "ConnectionMethodCollection", NULL },
    { "Endpoint", "v1_8_0" },
    { "EndpointCollection", NULL },
    { "Event", "v1_7_0" },
    { "EventDestination", "v1_11_0" },
    { "EventDestinationCollection", NULL },
    { "EventService", "v1_7_0" },
    { "Fabric", "v1_3_0" },
    { "FabricCollection", NULL },
    { "JsonSchemaFile", "v1_1_4" },
    { "JsonSchemaFileCollection", NULL },
    { "Manager", "v1_11_0" },
    { "ManagerAccount", "v1_7_0" },
    { "ManagerAccountCollection", NULL },
    { "ManagerCollection", NULL },
    { "Memory", "v1_17_0" },
    { "MemoryChunks", "v1_6_0" },
    { "MemoryChunksCollection", NULL },
    { "MemoryCollection", NULL },
    { "MemoryDomain", "v1_5_0" },
    { "MemoryDomainCollection", NULL },
    { "MemoryRegion", "v1_0_0" },
    { "MemoryRegionCollection", NULL },
    { "Message", "v1_1_2" },
    { "MessageRegistryFile", "v1_1_0" },
    { "MessageRegistryFileCollection", NULL },
    { "PCIeDevice", "v1_11_0" },
    { "PCIeDeviceCollection", NULL },
    { "Role", "v1_2_2" },
    { "RoleCollection", NULL },
    { "ServiceRoot", "v1_15_0" },
    { "Session", "v1_5_0" },
    { "SessionCollection", NULL },
    { "SessionService", "v1_1_8" },
    { "Task", "v1_7_0" },
    { "TaskCollection", NULL },
    { "TaskService", "v1_2_0" },
    { "Zone", "v1_6_0" },
    { "ZoneCollection", NULL },
};

static const struct {
    const char *name, *version;
} registries[] = {
    { "Base", REDFISH_BASE_VERSION },
    { "ResourceEvent", "1.3.0" },
};

struct json_object *redfish_schemas(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("JsonSchemaFileCollection",
                                             "Schemas", "/JsonSchemas");
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(schemas); i++) {
        node_member(to, "/JsonSchemas/%s", schemas[i].name);
    }
    return to;
}

/* "Location" and "Languages" of a file of DMTF's */
static void schema_location(struct json_object *to, const char *uri)
{
    struct json_object *one = json_object_new_object();

    node_texts(to, "Languages", "en", NULL);
    node_text(one, "Language", "en");
    node_text(one, "PublicationUri", uri);
    json_object_array_add(node_array(to, "Location"), one);
}

struct json_object *redfish_schema(RedfishView *view, char *const *part)
{
    g_autofree char *uri = NULL, *name = NULL;
    struct json_object *to;
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(schemas) &&
         strcmp(schemas[i].name, part[0]); i++) {
        continue;
    }
    if (i == G_N_ELEMENTS(schemas)) {
        return NULL;
    }
    to = node_new("JsonSchemaFile.v1_1_4.JsonSchemaFile", part[0], part[0],
                  "/JsonSchemas/%s", part[0]);
    name = g_strdup_printf("#%s.%s", part[0], part[0]);
    node_text(to, "Schema", name);
    uri = g_strdup_printf("https://" SCHEMAS "%s%s%s.json", part[0],
                          schemas[i].version ? "." : "",
                          schemas[i].version ? schemas[i].version : "");
    schema_location(to, uri);
    return to;
}

struct json_object *redfish_registries(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("MessageRegistryFileCollection",
                                             "Registries", "/Registries");
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(registries); i++) {
        node_member(to, "/Registries/%s", registries[i].name);
    }
    return to;
}

struct json_object *redfish_registry(RedfishView *view, char *const *part)
{
    g_autofree char *uri = NULL, *name = NULL;
    g_auto(GStrv) version = NULL;
    struct json_object *to;
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(registries) &&
         strcmp(registries[i].name, part[0]); i++) {
        continue;
    }
    if (i == G_N_ELEMENTS(registries)) {
        return NULL;
    }
    version = g_strsplit(registries[i].version, ".", -1);
    name = g_strdup_printf("%s.%s.%s", part[0], version[0], version[1]);
    to = node_new("MessageRegistryFile.v1_1_0.MessageRegistryFile", part[0],
                  part[0], "/Registries/%s", part[0]);
    node_text(to, "Registry", name);
    uri = g_strdup_printf("https://redfish.dmtf.org/registries/%s.%s.json",
                          part[0], registries[i].version);
    schema_location(to, uri);
    return to;
}

/* --- Paths that are no resources --- */

void redfish_versions(HttpRequest *request)
{
    struct json_object *to = json_object_new_object();

    node_text(to, "v1", REDFISH_ROOT "/");
    http_answer_json(request, 200, to);
}

void redfish_odata(HttpRequest *request)
{
    static const char *const names[][2] = {
        { "Service", "/" },
        { "AggregationService", "/AggregationService" },
        { "Chassis", "/Chassis" },
        { "Systems", "/Systems" },
        { "Fabrics", "/Fabrics" },
        { "Managers", "/Managers" },
        { "Tasks", "/TaskService" },
        { "SessionService", "/SessionService" },
        { "AccountService", "/AccountService" },
        { "EventService", "/EventService" },
        { "Registries", "/Registries" },
        { "JsonSchemas", "/JsonSchemas" },
        { "Sessions", "/SessionService/Sessions" },
    };
    struct json_object *to = json_object_new_object(), *list;
    unsigned i;

    node_text(to, "@odata.context", REDFISH_ROOT "/$metadata");
    list = node_array(to, "value");
    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        struct json_object *one = json_object_new_object();
        g_autofree char *url = g_strconcat(REDFISH_ROOT, names[i][1], NULL);

        node_text(one, "name", names[i][0]);
        node_text(one, "kind", "Singleton");
        node_text(one, "url", url);
        json_object_array_add(list, one);
    }
    http_answer_json(request, 200, to);
}

static void metadata_reference(GString *to, const char *name,
                               const char *version, const char *alias)
{
    g_string_append_printf(to, "  <edmx:Reference Uri=\"http://" SCHEMAS
                           "%s_v1.xml\">\n", name);
    g_string_append_printf(to, "    <edmx:Include Namespace=\"%s\"/>\n", name);
    if (version) {
        g_string_append_printf(to, "    <edmx:Include Namespace=\"%s.%s\"%s%s%s"
                               "/>\n", name, version, alias ? " Alias=\"" : "",
                               alias ? alias : "", alias ? "\"" : "");
    }
    g_string_append(to, "  </edmx:Reference>\n");
}

void redfish_metadata(HttpRequest *request)
{
    GString *to = g_string_new(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<edmx:Edmx xmlns:edmx=\"" EDMX "\" Version=\"4.0\">\n");
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(schemas); i++) {
        metadata_reference(to, schemas[i].name, schemas[i].version, NULL);
    }
    metadata_reference(to, "Resource", "v1_0_0", NULL);
    g_string_append(
        to, "  <edmx:Reference Uri=\"http://" SCHEMAS
        "RedfishExtensions_v1.xml\">\n"
        "    <edmx:Include Namespace=\"RedfishExtensions.v1_0_0\" "
        "Alias=\"Redfish\"/>\n"
        "  </edmx:Reference>\n"
        "  <edmx:Reference Uri=\"" REDFISH_ROOT "/Schemas/" REDFISH_OEM
        "_v1.xml\">\n"
        "    <edmx:Include Namespace=\"" REDFISH_OEM "\"/>\n"
        "    <edmx:Include Namespace=\"" REDFISH_OEM ".v1_0_0\"/>\n"
        "  </edmx:Reference>\n"
        "  <edmx:DataServices>\n"
        "    <Schema xmlns=\"" EDM "\" Namespace=\"Service\">\n"
        "      <EntityContainer Name=\"Service\" "
        "Extends=\"ServiceRoot.v1_15_0.ServiceContainer\"/>\n"
        "    </Schema>\n"
        "  </edmx:DataServices>\n"
        "</edmx:Edmx>\n");
    http_answer_text(request, 200, "application/xml",
                     g_string_free(to, false));
}

void redfish_oem_schema(HttpRequest *request)
{
    http_answer_text(request, 200, "application/xml",
                     g_strdup(fmd_redfish_oem));
}
