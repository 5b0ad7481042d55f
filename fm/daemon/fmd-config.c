/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file; see fmd-config.h */
#include <stdlib.h>
#include <string.h>
#include "fmd-config.h"
#include "words.h"

#define TTL_MAX  3600
#define PASS_MAX 3600
#define CLAIMS_MAX (1 << 24)


static const char *const daemon_keys[] = {
    "machine", "store", "state", "run", "url", "owner-ttl", "pass", "retry",
    "lost-after", "claims", "claims-per-token", NULL,
};
static const char *const host_keys[] = {
    "uuid", "monitor", "pool", "min", "max", "weight", "pressure",
    "ask-timeout", "force-after", "reclaim-after", "kill-after", NULL,
};

/* --- Values --- */

static char *config_text(GKeyFile *keys, const char *group, const char *key,
                         const char *absent)
{
    g_autofree char *text = g_key_file_get_string(keys, group, key, NULL);

    return g_strdup(text ? g_strstrip(text) : absent);
}

static bool config_number(GKeyFile *keys, const char *key, unsigned absent,
                          unsigned min, unsigned max, unsigned *ret,
                          GError **error)
{
    g_autofree char *text = config_text(keys, "daemon", key, "");
    guint64 value;

    *ret = absent;
    if (!*text) {
        return true;
    }
    if (!g_ascii_string_to_unsigned(text, 10, min, max, &value, NULL)) {
        return fmd_fail(error, FMD_ERROR_INVALID, "[daemon] %s is \"%s\", it "
                        "must be a whole number from %u to %u", key, text, min,
                        max);
    }
    *ret = value;
    return true;
}

static bool config_keys_are_known(GKeyFile *keys, const char *group,
                                  const char *const *known, GError **error)
{
    g_auto(GStrv) names = g_key_file_get_keys(keys, group, NULL, NULL);
    g_autofree char *all = g_strjoinv(", ", (char **)known);
    unsigned i;

    for (i = 0; names && names[i]; i++) {
        if (!g_strv_contains(known, names[i]) &&
            !(known == host_keys && g_str_has_prefix(names[i], "label."))) {
            return fmd_fail(error, FMD_ERROR_INVALID, "[%s] has no key \"%s\": "
                            "there are %s%s", group, names[i], all,
                            known == host_keys ? ", label.NAME" : "");
        }
    }
    return true;
}

/* --- Hosts --- */

/* A number is one, the rest is text: as a client would put it. */
static void config_host_member(struct json_object *to, const char *key,
                               const char *text)
{
    g_autofree char *member = g_strdelimit(g_strdup(key), "-", '_');
    char *end;
    double number = g_ascii_strtod(text, &end);

    if (g_str_has_prefix(key, "label.")) {
        struct json_object *labels;

        if (!json_object_object_get_ex(to, "labels", &labels)) {
            labels = json_object_new_object();
            json_object_object_add(to, "labels", labels);
        }
        fmd_write_text(labels, key + strlen("label."), text);
    } else if (*text && !*end && strcmp(key, "pressure")) {
        json_object_object_add(to, member,
                               strspn(text, "0123456789") == strlen(text) ?
                               json_object_new_int64(strtoll(text, NULL, 10)) :
                               json_object_new_double(number));
    } else {
        fmd_write_text(to, member, text);
    }
}

static fmd_host *config_host(const struct fmd_config *config,
                             const char *group, const char *name,
                             GError **error)
{
    g_auto(GStrv) names = g_key_file_get_keys(config->keys, group, NULL, NULL);
    g_autofree char *uuid = config_text(config->keys, group, "uuid", "");
    g_autofree char *words = g_strconcat(config->machine, "/", name, NULL);
    g_autofree char *text = NULL;
    struct json_object *to = fmd_write_begin(NULL);
    char made[FMD_UUID_TEXT];
    fmd_host *host;
    unsigned i;

    if (*uuid && !fmd_uuid_parse(uuid, made)) {
        json_object_put(to);
        fmd_fail(error, FMD_ERROR_INVALID, "[%s] uuid \"%s\" is none", group,
                 uuid);
        return NULL;
    }
    if (!*uuid) {
        fmd_uuid_of("host", words, made);
    }
    for (i = 0; names[i]; i++) {
        g_autofree char *value = config_text(config->keys, group, names[i],
                                             "");

        if (strcmp(names[i], "uuid")) {
            config_host_member(to, names[i], value);
        }
    }
    fmd_write_text(to, "name", name);
    fmd_write_text(to, "machine", config->machine);
    fmd_write_bool(to, "from_config", true);
    text = fmd_write_end(to);
    host = fmd_host_parse(made, text, error);
    if (!host) {
        g_prefix_error(error, "[%s] ", group);
    }
    return host;
}

static bool config_host_is_new(const struct fmd_config *config,
                               const fmd_host *host, GError **error)
{
    unsigned i;

    for (i = 0; i < config->hosts->len; i++) {
        const fmd_host *other = config->hosts->pdata[i];

        if (!strcmp(other->uuid, host->uuid) ||
            !strcmp(other->name, host->name) ||
            !strcmp(other->monitor, host->monitor)) {
            return fmd_fail(error, FMD_ERROR_INVALID, "hosts %s and %s have "
                            "the same name, uuid or monitor", other->name,
                            host->name);
        }
    }
    return true;
}

/* --- Groups --- */

static bool config_group(struct fmd_config *config, const char *group,
                         GError **error)
{
    fmd_host *host;

    if (!strcmp(group, "daemon")) {
        return config_keys_are_known(config->keys, group, daemon_keys, error);
    }
    if (!strcmp(group, "http")) {
        return true;
    }
    if (!g_str_has_prefix(group, "host ")) {
        return fmd_fail(error, FMD_ERROR_INVALID, "group [%s] is not known: "
                        "there are [daemon], [http] and [host NAME]", group);
    }
    if (!config_keys_are_known(config->keys, group, host_keys, error)) {
        return false;
    }
    host = config_host(config, group, group + strlen("host "), error);
    if (!host) {
        return false;
    }
    if (!config_host_is_new(config, host, error)) {
        fmd_host_free(host);
        return false;
    }
    g_ptr_array_add(config->hosts, host);
    return true;
}

static bool config_fill(struct fmd_config *config, GError **error)
{
    GKeyFile *keys = config->keys;
    g_auto(GStrv) groups = NULL;
    g_autofree char *store = NULL;
    unsigned i;

    config->machine = config_text(keys, "daemon", "machine", g_get_host_name());
    config->state = config_text(keys, "daemon", "state", "/var/lib/cxl-fmd");
    config->run = config_text(keys, "daemon", "run", "/run/cxl-fmd");
    config->url = config_text(keys, "daemon", "url", "");
    store = g_strdup_printf("sqlite:%s/store.db", config->state);
    config->store = config_text(keys, "daemon", "store", store);
    if (!fmd_name_is_good(config->machine)) {
        return fmd_fail(error, FMD_ERROR_INVALID, "[daemon] machine is "
                        "\"%s\": it must be 1 to %d letters, digits and "
                        "\"._-\"", config->machine, FMD_NAME_MAX);
    }
    if (!config_number(keys, "owner-ttl", 10, 1, TTL_MAX, &config->owner_ttl,
                       error) ||
        !config_number(keys, "pass", 30, 1, PASS_MAX, &config->pass, error) ||
        !config_number(keys, "retry", 30, 1, PASS_MAX, &config->retry,
                       error) ||
        !config_number(keys, "lost-after", 300, 1, 30 * 24 * 3600,
                       &config->lost_after, error) ||
        !config_number(keys, "claims", 32768, 1, CLAIMS_MAX, &config->claims,
                       error) ||
        !config_number(keys, "claims-per-token", 0, 0, CLAIMS_MAX,
                       &config->claims_per_token, error)) {
        return false;
    }
    groups = g_key_file_get_groups(keys, NULL);
    for (i = 0; groups[i]; i++) {
        if (!config_group(config, groups[i], error)) {
            return false;
        }
    }
    return true;
}

struct fmd_config *fmd_config_load(const char *path, GError **error)
{
    struct fmd_config *config = g_new0(struct fmd_config, 1);
    GError *inner = NULL;

    config->keys = g_key_file_new();
    config->hosts = g_ptr_array_new_with_free_func(
        (GDestroyNotify)fmd_host_free);
    config->path = g_strdup(path ? path : FMD_CONFIG_FILE);
    if ((path || g_file_test(FMD_CONFIG_FILE, G_FILE_TEST_EXISTS)) &&
        !g_key_file_load_from_file(config->keys, config->path,
                                   G_KEY_FILE_NONE, &inner)) {
        fmd_fail(error, FMD_ERROR_INVALID, "%s: %s", config->path,
                 inner->message);
        g_error_free(inner);
        fmd_config_free(config);
        return NULL;
    }
    if (!config_fill(config, &inner)) {
        g_propagate_prefixed_error(error, inner, "%s: ", config->path);
        fmd_config_free(config);
        return NULL;
    }
    return config;
}

void fmd_config_free(struct fmd_config *config)
{
    if (config) {
        g_free(config->path);
        g_free(config->machine);
        g_free(config->store);
        g_free(config->state);
        g_free(config->run);
        g_free(config->url);
        g_ptr_array_unref(config->hosts);
        g_key_file_unref(config->keys);
        g_free(config);
    }
}
