/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plain interface: the table of its routes. openapi.json describes them to
 * others; a test compares the two.
 */
#include <stdio.h>
#include <string.h>
#include "api-call.h"
#include "redfish.h"

#define GET(path, role, lane, run) \
    { "GET", path, AUTH_##role, HTTP_##lane, false, run, NULL }
#define CHANGE(method, path, role, lane, body, run) \
    { method, path, AUTH_##role, HTTP_##lane, body, run, NULL }

static const HttpRoute routes[] = {
    GET("/", NOBODY, AT_ONCE, api_page),
    GET("/page/{}", NOBODY, AT_ONCE, api_page),
    GET("/healthz", NOBODY, AT_ONCE, api_healthz),
    GET("/readyz", NOBODY, AT_ONCE, api_readyz),
    GET("/metrics", READER, STORE, api_metrics),
    GET("/v1/openapi.json", NOBODY, AT_ONCE, api_openapi),
    GET("/v1/me", NOBODY, AT_ONCE, api_me),
    GET("/v1/health", READER, STORE, api_health),
    GET("/v1/events", READER, AT_ONCE, api_events),
    GET("/v1/pools", READER, LARGE, api_pools),
    GET("/v1/pools/{}", READER, STORE, api_pool),
    GET("/v1/orphans", READER, LARGE, api_orphans),
    GET("/v1/hosts", READER, LARGE, api_hosts),
    GET("/v1/hosts/{}", READER, STORE, api_host),
    CHANGE("PUT", "/v1/hosts/{}", ADMIN, STORE, true, api_host_put),
    CHANGE("DELETE", "/v1/hosts/{}", ADMIN, STORE, false, api_host_delete),
    GET("/v1/claims", READER, LARGE, api_claims),
    GET("/v1/claims/{}", READER, STORE, api_claim),
    CHANGE("PUT", "/v1/claims/{}", USER, STORE, true, api_claim_put),
    CHANGE("DELETE", "/v1/claims/{}", USER, STORE, false, api_claim_delete),
    CHANGE("POST", "/v1/claims/{}/renew", USER, STORE, false,
           api_claim_renew),
    GET("/v1/devices", READER, STORE, api_devices),
    GET("/v1/devices/{}/snapshot", READER, DEVICE, api_device),
    GET("/v1/devices/{}/tags", READER, DEVICE, api_device),
    GET("/v1/devices/{}/pools", READER, DEVICE, api_device),
    CHANGE("POST", "/v1/devices/{}/add", ADMIN, DEVICE, true, api_device),
    CHANGE("POST", "/v1/devices/{}/release", ADMIN, DEVICE, true, api_device),
    CHANGE("POST", "/v1/devices/{}/reference", ADMIN, DEVICE, true,
           api_device),
    CHANGE("POST", "/v1/devices/{}/region", ADMIN, DEVICE, true, api_device),
    CHANGE("POST", "/v1/devices/{}/reclaim", ADMIN, DEVICE, true, api_device),
};

/* All of them, for one server */
static HttpRoute *api_routes(void)
{
    GArray *all = g_array_new(true, true, sizeof(HttpRoute));

    g_array_append_vals(all, routes, G_N_ELEMENTS(routes));
    redfish_routes(all);
    return (HttpRoute *)g_array_free(all, false);
}

void api_print_routes(void)
{
    g_autofree HttpRoute *all = api_routes();
    const HttpRoute *route;

    for (route = all; route->method; route++) {
        if (strcmp(route->method, HTTP_FACE)) {
            printf("%s %s\n", route->method, route->path);
        }
    }
}

static void api_wake(void *opaque)
{
    Api *api = opaque;

    http_streams_wake(api->http);
    redfish_wake(api->redfish);
}

static int64_t api_waited(void *opaque)
{
    const Api *api = opaque;

    return http_store_waited(api->http);
}

static void api_free(Api *api)
{
    redfish_stop(api->redfish);
    g_free(api->routes);
    g_hash_table_unref(api->turns);
    g_mutex_clear(&api->lock);
    g_free(api);
}

Api *api_start(struct fmd *fmd, const HttpConfig *config, GError **error)
{
    Api *api = g_new0(Api, 1);

    api->fmd = fmd;
    g_mutex_init(&api->lock);
    api->turns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    api->routes = api_routes();
    api->redfish = redfish_start(fmd, error);
    if (!api->redfish) {
        api_free(api);
        return NULL;
    }
    api->http = http_new(config, api->routes, api);
    if (!http_start(api->http, error)) {
        http_stop(api->http);
        api_free(api);
        return NULL;
    }
    fmd_events_notify(fmd, api_wake, api);
    fmd_waited_from(fmd, api_waited, api);
    return api;
}

void api_stop(Api *api)
{
    if (api) {
        fmd_waited_from(api->fmd, NULL, NULL);
        fmd_events_notify(api->fmd, NULL, NULL);
        http_stop(api->http);
        api_free(api);
    }
}
