/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers by which a browser could be made to ask for somebody else
 */
#include <stdlib.h>
#include <string.h>
#include <gio/gio.h>
#include "http-guard.h"

/* @host without its port and brackets, in small letters; NULL: nonsense */
static char *http_guard_name(const char *host)
{
    const char *end = *host == '[' ? strchr(host, ']') : NULL;
    const char *port = strchr(end ? end : host, ':');
    char *name;

    if (*host == '[' && !end) {
        return NULL;
    }
    if (end && end[1] && end[1] != ':') {
        return NULL;
    }
    if (port && port[1 + strspn(port + 1, "0123456789")]) {
        return NULL;
    }
    name = end ? g_strndup(host + 1, end - host - 1) :
           g_strndup(host, port ? (size_t)(port - host) : strlen(host));
    g_strstrip(name);
    return name;
}

bool http_guard_host(const char *host, char **names)
{
    static const char *const ours[] = { "localhost", "cxl-fmd", NULL };
    g_autofree char *name = http_guard_name(host);
    size_t i;

    if (!name || !*name) {
        return false;
    }
    if (g_hostname_is_ip_address(name) ||
        !g_ascii_strcasecmp(name, g_get_host_name())) {
        return true;
    }
    for (i = 0; ours[i]; i++) {
        if (!g_ascii_strcasecmp(name, ours[i])) {
            return true;
        }
    }
    for (i = 0; names && names[i]; i++) {
        if (!g_ascii_strcasecmp(name, names[i])) {
            return true;
        }
    }
    return false;
}

bool http_guard_origin(const char *origin, const char *fetch_site,
                       const char *scheme, const char *host)
{
    g_autofree char *ours = g_strdup_printf("%s://%s", scheme, host);

    if (fetch_site && strcmp(fetch_site, "same-origin") &&
        strcmp(fetch_site, "none")) {
        return false;
    }
    return !origin || !g_ascii_strcasecmp(origin, ours);
}

bool http_guard_json(const char *type)
{
    static const char json[] = "application/json";

    if (!type || g_ascii_strncasecmp(type, json, strlen(json))) {
        return false;
    }
    type += strlen(json);
    type += strspn(type, " \t");
    return !*type || *type == ';';
}
