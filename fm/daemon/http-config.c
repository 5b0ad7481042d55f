/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [http] of the configuration
 */
#include <stddef.h>
#include <string.h>
#include "http-config.h"

#define GROUP "http"

typedef struct HttpNumber {
    const char *key;
    size_t at;                    /* offset in HttpConfig */
    unsigned fallback, min, max;
} HttpNumber;

#define NUMBER(key, member, fallback, min, max) \
    { key, offsetof(HttpConfig, member), fallback, min, max }

static const HttpNumber numbers[] = {
    NUMBER("connections", connections, 2048, 8, 65536),
    NUMBER("connections-per-address", connections_per_address, 256, 1, 65536),
    NUMBER("body-bytes", body_bytes, 64 << 10, 1024, 16 << 20),
    NUMBER("header-seconds", header_seconds, 10, 1, 3600),
    NUMBER("body-seconds", body_seconds, 30, 1, 3600),
    NUMBER("idle-seconds", idle_seconds, 60, 1, 86400),
    NUMBER("requests-per-second", requests_per_second, 1000, 1, 1000000),
    NUMBER("streams", streams, 256, 1, 65536),
    NUMBER("waiting-requests", waiting_requests, 1024, 1, 65536),
    NUMBER("answer-megabytes", answer_megabytes, 256, 1, 65536),
};

typedef struct HttpText {
    const char *key;
    size_t at;
} HttpText;

#define TEXT(key, member) { key, offsetof(HttpConfig, member) }

static const HttpText texts[] = {
    TEXT("socket", socket),
    TEXT("socket-group", socket_group),
    TEXT("listen", listen),
    TEXT("certificate", certificate),
    TEXT("key", key),
    TEXT("client-ca", client_ca),
    TEXT("client-crl", client_crl),
    TEXT("tokens", tokens),
};

static bool http_config_fail(GError **error, const char *key, const char *rule)
{
    g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                "[http] %s: %s", key, rule);
    return false;
}

static bool http_config_numbers(HttpConfig *config, GKeyFile *file,
                                GError **error)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(numbers); i++) {
        const HttpNumber *n = &numbers[i];
        unsigned *value = G_STRUCT_MEMBER_P(config, n->at);
        g_autofree char *text = NULL;
        g_autofree char *rule = NULL;
        guint64 number = n->fallback;

        if (file) {
            text = g_key_file_get_string(file, GROUP, n->key, NULL);
        }
        if (text && !g_ascii_string_to_unsigned(text, 10, n->min, n->max,
                                                &number, NULL)) {
            rule = g_strdup_printf("a number from %u to %u, not '%s'", n->min,
                                   n->max, text);
            return http_config_fail(error, n->key, rule);
        }
        *value = number;
    }
    return true;
}

static bool http_config_known(GKeyFile *file, GError **error)
{
    static const char *const others[] = {
        "socket-mode", "socket-role", "names", NULL
    };
    g_auto(GStrv) keys = g_key_file_get_keys(file, GROUP, NULL, NULL);
    size_t i, j;

    for (i = 0; keys && keys[i]; i++) {
        bool known = g_strv_contains(others, keys[i]);

        for (j = 0; j < G_N_ELEMENTS(texts); j++) {
            known |= !strcmp(keys[i], texts[j].key);
        }
        for (j = 0; j < G_N_ELEMENTS(numbers); j++) {
            known |= !strcmp(keys[i], numbers[j].key);
        }
        if (!known) {
            return http_config_fail(error, keys[i], "there is no such key; "
                                    "cxl-fmd.conf(5) lists them");
        }
    }
    return true;
}

static bool http_config_socket(HttpConfig *config, GKeyFile *file,
                               GError **error)
{
    g_autofree char *mode = g_key_file_get_string(file, GROUP, "socket-mode",
                                                  NULL);
    g_autofree char *role = g_key_file_get_string(file, GROUP, "socket-role",
                                                  NULL);
    char *end;

    if (mode) {
        config->socket_mode = g_ascii_strtoull(mode, &end, 8);
        if (!*mode || *end || config->socket_mode > 0777) {
            return http_config_fail(error, "socket-mode",
                                    "permissions as an octal number, such as "
                                    "0660");
        }
    }
    if (role) {
        config->socket_role = auth_role_parse(role);
        if (config->socket_role == AUTH_ROLE_MAX) {
            return http_config_fail(error, "socket-role",
                                    "one of reader, user, admin");
        }
    }
    return true;
}

/* TCP is never without TLS and tokens. */
static bool http_config_tcp(const HttpConfig *config, GError **error)
{
    if (config->listen &&
        (!config->certificate || !config->key || !config->tokens)) {
        return http_config_fail(error, "listen", "TCP needs certificate, key "
                                "and tokens as well; without them use the "
                                "unix socket");
    }
    if (!config->listen &&
        (config->certificate || config->key || config->tokens ||
         config->client_ca || config->client_crl)) {
        return http_config_fail(error, "listen", "certificate, key, tokens, "
                                "client-crl and client-ca are for TCP; say "
                                "where to listen, such as 0.0.0.0:8443");
    }
    if (config->client_crl && !config->client_ca) {
        return http_config_fail(error, "client-crl", "it needs client-ca, "
                                "whose lists these are");
    }
    return true;
}

static bool http_config_fill(HttpConfig *config, GKeyFile *file,
                             GError **error)
{
    size_t i;

    if (!http_config_numbers(config, file, error)) {
        return false;
    }
    if (!file) {
        return true;
    }
    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        char **value = G_STRUCT_MEMBER_P(config, texts[i].at);
        char *text = g_key_file_get_string(file, GROUP, texts[i].key, NULL);

        if (text) {
            g_free(*value);
            *value = text;
        }
    }
    config->names = g_key_file_get_string_list(file, GROUP, "names", NULL,
                                               NULL);
    if (config->socket && !*config->socket) {
        g_clear_pointer(&config->socket, g_free);
    }
    return http_config_known(file, error) &&
           http_config_socket(config, file, error) &&
           http_config_tcp(config, error);
}

HttpConfig *http_config_read(GKeyFile *file, GError **error)
{
    HttpConfig *config = g_new0(HttpConfig, 1);

    config->socket = g_strdup("/run/cxl-fmd/api");
    config->socket_fd = -1;
    config->socket_mode = 0660;
    config->socket_role = AUTH_ADMIN;
    if (!http_config_fill(config, file, error)) {
        http_config_free(config);
        return NULL;
    }
    return config;
}

void http_config_free(HttpConfig *config)
{
    if (config) {
        g_free(config->socket);
        g_free(config->socket_group);
        g_free(config->listen);
        g_free(config->certificate);
        g_free(config->key);
        g_free(config->client_ca);
        g_free(config->client_crl);
        g_free(config->tokens);
        g_strfreev(config->names);
        g_free(config);
    }
}
