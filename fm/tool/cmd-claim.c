/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm claim: capacity that cxl-fmd shall get for somebody, and keep */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include "commands.h"
#include "fleet-claim.h"
#include "json.h"
#include "options.h"
#include "parse.h"
#include "table.h"
#include "text.h"

typedef struct ClaimOptions {
    char *host;
    char **labels;
    char *pool;
    int region;
    char **shared;
    char *uuid;
    char *consumer;
    char *lease;
    gboolean wait;
    double timeout;
} ClaimOptions;

static void claim_options_clear(ClaimOptions *o)
{
    g_free(o->host);
    g_strfreev(o->labels);
    g_free(o->pool);
    g_strfreev(o->shared);
    g_free(o->uuid);
    g_free(o->consumer);
    g_free(o->lease);
}

static void claim_put_text(struct json_object *o, const char *key,
                           const char *text)
{
    if (text) {
        json_object_object_add(o, key, json_object_new_string(text));
    }
}

/* --- What people read --- */

/* Where it is, or shall be; "-": not decided */
static const char *claim_host(struct json_object *claim, GHashTable *names)
{
    const char *uuid = fleet_text(fleet_member(claim, "status"), "host");
    const char *name;

    if (!*uuid) {
        uuid = fleet_text(claim, "host");
    }
    /* Without the names a UUID says it, too. */
    name = names ? g_hash_table_lookup(names, uuid) : NULL;
    return name ? name : *uuid ? uuid : "-";
}

/* Control characters of others are not for our terminal. */
static char *claim_message(struct json_object *claim)
{
    char *text = g_strdup(fleet_text(fleet_member(claim, "status"),
                                     "message"));
    char *c;

    for (c = text; *c; c++) {
        if (g_ascii_iscntrl(*c)) {
            *c = ' ';
        }
    }
    if (!*text) {
        g_free(text);
        text = g_strdup("-");
    }
    return text;
}

static void claim_row(Table *table, struct json_object *claim,
                      GHashTable *names)
{
    table_row(table, g_strdup(fleet_text(claim, "uuid")),
              format_size(fleet_number(claim, "bytes")),
              g_strdup(claim_host(claim, names)),
              g_strdup(fleet_claim_phase(claim)), claim_message(claim), NULL);
}

/* NULL with @error: a column is not known. */
static Table *claim_table(const Tool *tool, GError **error)
{
    static const char *const headings[] = {
        "CLAIM", ">SIZE", "HOST", "PHASE", "MESSAGE", NULL
    };

    Table *table = table_new(headings);

    if (!table_choose(table, tool->columns, error)) {
        g_clear_pointer(&table, table_free);
    }
    return table;
}

static void claim_print_table(const Tool *tool, Table *table)
{
    g_autofree char *text = table_text(table, !tool->no_headings);

    fputs(text, stdout);
    table_free(table);
}

/* Takes over @claim. */
static void claim_tell(Tool *tool, cxlfm *fm, struct json_object *claim)
{
    g_autoptr(GHashTable) names = NULL;
    Table *table;

    if (tool->json) {
        json_print(claim, true);
        return;
    }
    names = fleet_host_names(tool, fm, NULL);
    table = claim_table(tool, NULL);
    claim_row(table, claim, names);
    claim_print_table(tool, table);
    json_object_put(claim);
}

/* --- Waiting --- */

/* What it was at last is told. Exit status, or -1 with @error */
static int claim_wait(Tool *tool, cxlfm *fm, const char *uuid, bool gone,
                      double timeout, GError **error)
{
    struct json_object *claim;
    int exit = fleet_claim_wait(tool, fm, uuid, gone, timeout, NULL, &claim,
                                error);

    if (exit >= 0 && claim) {
        claim_tell(tool, fm, claim);
    }
    return exit;
}

/* --- The commands --- */

/* "KEY=VALUE" of each --selector */
static bool claim_put_labels(struct json_object *o, char **labels,
                             GError **error)
{
    struct json_object *selector = json_object_new_object();
    unsigned i;

    json_object_object_add(o, "selector", selector);
    for (i = 0; labels[i]; i++) {
        const char *value = strchr(labels[i], '=');
        g_autofree char *key = NULL;

        if (!value || value == labels[i]) {
            tool_fail(error, TOOL_USAGE, "--selector %s: KEY=VALUE is a label "
                      "that the host must have", labels[i]);
            return false;
        }
        key = g_strndup(labels[i], value - labels[i]);
        json_object_object_add(selector, key,
                               json_object_new_string(value + 1));
    }
    return true;
}

/* "KIND/NAME", or a name alone */
static void claim_put_consumer(struct json_object *o, const char *consumer)
{
    const char *slash = consumer ? strchr(consumer, '/') : NULL;
    g_autofree char *kind = slash ? g_strndup(consumer, slash - consumer) :
                            NULL;

    claim_put_text(o, "consumer_kind", kind);
    claim_put_text(o, "consumer", slash ? slash + 1 : consumer);
}

/* The wish as JSON; NULL with @error */
static struct json_object *claim_wish(const ClaimOptions *o, const char *size,
                                      GError **error)
{
    struct json_object *wish, *shared;
    uint64_t bytes, lease = 0;
    unsigned i;

    if (!parse_size(size, &bytes, error) ||
        (o->lease && !parse_time("--lease", o->lease, &lease, error)) ||
        !parse_number("--region", o->region, CXLFM_MAX_REGIONS - 1, error)) {
        return NULL;
    }
    wish = json_object_new_object();
    json_object_object_add(wish, "bytes", json_object_new_uint64(bytes));
    json_object_object_add(wish, "region", json_object_new_int(o->region));
    claim_put_text(wish, "host", o->host);
    claim_put_text(wish, "pool", o->pool);
    claim_put_consumer(wish, o->consumer);
    if (o->lease) {
        json_object_object_add(wish, "lease", json_object_new_uint64(lease));
    }
    if (o->shared) {
        shared = json_object_new_array();
        for (i = 0; o->shared[i]; i++) {
            json_object_array_add(shared, json_object_new_string(
                                      o->shared[i]));
        }
        json_object_object_add(wish, "shared_with", shared);
    }
    if (o->labels && !claim_put_labels(wish, o->labels, error)) {
        json_object_put(wish);
        return NULL;
    }
    return wish;
}

static int claim_add(Tool *tool, cxlfm *fm, const ClaimOptions *o,
                     const char *size, GError **error)
{
    struct json_object *wish, *claim;
    char uuid[FLEET_UUID_TEXT];
    g_autofree char *chosen = o->uuid ? g_strdup(o->uuid) :
                              g_uuid_string_random();
    g_autofree char *path = NULL;

    if (!fleet_uuid(chosen, uuid, error) ||
        !(wish = claim_wish(o, size, error))) {
        return -1;
    }
    path = fleet_claim_path(uuid);
    if (!fleet_ask(tool, fm, "PUT", path, wish, NULL, &claim, error)) {
        /* Whoever asks again must ask for the same. */
        g_prefix_error(error, "claim %s: ", uuid);
        return -1;
    }
    if (o->wait) {
        json_object_put(claim);
        return claim_wait(tool, fm, uuid, false, o->timeout, error);
    }
    claim_tell(tool, fm, claim);
    return TOOL_OK;
}

static int claim_list(Tool *tool, cxlfm *fm, GError **error)
{
    g_autoptr(GHashTable) names = NULL;
    struct json_object *said, *list;
    Table *table;
    size_t i;

    if (!fleet_ask_list(tool, fm, FLEET_CLAIMS, "claims", &said, error)) {
        return -1;
    }
    list = fleet_member(said, "claims");
    if (tool->json) {
        json_print(said, true);
        return TOOL_OK;
    }
    if (!json_object_array_length(list)) {
        puts("no claims");
        json_object_put(said);
        return TOOL_OK;
    }
    names = fleet_host_names(tool, fm, NULL);
    table = claim_table(tool, NULL);
    for (i = 0; i < json_object_array_length(list); i++) {
        claim_row(table, json_object_array_get_idx(list, i), names);
    }
    claim_print_table(tool, table);
    json_object_put(said);
    return TOOL_OK;
}

static int claim_show(Tool *tool, cxlfm *fm, const char *uuid, GError **error)
{
    g_autofree char *path = fleet_claim_path(uuid);
    struct json_object *claim;

    if (!fleet_ask(tool, fm, "GET", path, NULL, NULL, &claim, error)) {
        return -1;
    }
    claim_tell(tool, fm, claim);
    return TOOL_OK;
}

static int claim_renew(Tool *tool, cxlfm *fm, const char *uuid, GError **error)
{
    g_autofree char *claim_path = fleet_claim_path(uuid);
    g_autofree char *path = g_strconcat(claim_path, "/renew", NULL);
    struct json_object *claim;

    if (!fleet_ask(tool, fm, "POST", path, NULL, NULL, &claim, error)) {
        return -1;
    }
    claim_tell(tool, fm, claim);
    return TOOL_OK;
}

static int claim_delete(Tool *tool, cxlfm *fm, const ClaimOptions *o,
                        const char *uuid, GError **error)
{
    g_autofree char *path = fleet_claim_path(uuid);
    struct json_object *claim;

    if (!fleet_ask(tool, fm, "DELETE", path, NULL, NULL, &claim, error)) {
        return -1;
    }
    if (o->wait) {
        json_object_put(claim);
        return claim_wait(tool, fm, uuid, true, o->timeout, error);
    }
    claim_tell(tool, fm, claim);
    return TOOL_OK;
}

static int claim_run(Tool *tool, const ClaimOptions *o, const char *action,
                     const char *word, GError **error)
{
    static const char *const of_one[] = { "show", "renew", "delete", "wait",
                                          NULL };
    bool one = g_strv_contains(of_one, action);
    char uuid[FLEET_UUID_TEXT];
    cxlfm *fm;

    if (!one && strcmp(action, "add") && strcmp(action, "list")) {
        return tool_fail(error, TOOL_USAGE, "'%s' a claim? There are add, "
                         "list, show, renew, delete and wait", action);
    }
    if (strcmp(action, "list") ? !word : !!word) {
        return tool_fail(error, TOOL_USAGE, "claim %s %s", action,
                         !strcmp(action, "add") ? "needs a SIZE such as 1G" :
                         one ? "needs the UUID of a claim" :
                         "lists all and takes no word");
    }
    if ((one && !fleet_uuid(word, uuid, error)) ||
        !(fm = fleet_reach(tool, error))) {
        return -1;
    }
    switch (*action) {
    case 'a':
        return claim_add(tool, fm, o, word, error);
    case 'l':
        return claim_list(tool, fm, error);
    case 's':
        return claim_show(tool, fm, uuid, error);
    case 'r':
        return claim_renew(tool, fm, uuid, error);
    case 'd':
        return claim_delete(tool, fm, o, uuid, error);
    default:
        return claim_wait(tool, fm, uuid, false, o->timeout, error);
    }
}

int cmd_claim(Tool *tool, int argc, char **argv, GError **error)
{
    ClaimOptions o = { .timeout = 30 };
    const GOptionEntry entries[] = {
        { "host", 'H', 0, G_OPTION_ARG_STRING, &o.host,
          "For this host: its name or UUID; else one is chosen", "HOST" },
        { "selector", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &o.labels,
          "Choose a host with this label (may be repeated)", "KEY=VALUE" },
        { "pool", 'P', 0, G_OPTION_ARG_STRING, &o.pool,
          "From the pool of this UUID; else any", "UUID" },
        { "region", 'r', 0, G_OPTION_ARG_INT, &o.region,
          "Region of the device (default 0)", "N" },
        { "shared-with", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.shared,
          "One more host that has the same capacity (may be repeated)",
          "HOST" },
        { "uuid", 'u', 0, G_OPTION_ARG_STRING, &o.uuid,
          "The claim's UUID, which is the tag; else a random one", "UUID" },
        { "consumer", 'c', 0, G_OPTION_ARG_STRING, &o.consumer,
          "For whom, for people: KIND/NAME, such as job/17", "WHOM" },
        { "lease", 0, 0, G_OPTION_ARG_STRING, &o.lease,
          "It ends when it is not renewed for so long, such as 30s, 5m or 2h",
          "TIME" },
        { "wait", 'w', 0, G_OPTION_ARG_NONE, &o.wait,
          "Until it is bound, or gone", NULL },
        { "timeout", 'T', 0, G_OPTION_ARG_DOUBLE, &o.timeout,
          "Limit for that (default 30)", "SECONDS" },
        TABLE_OPTION_ENTRY(tool),
        { NULL }
    };
    Table *table = NULL;
    int ret = -1;

    /* A column that is not known is told of before anything is done. */
    if (options_parse(tool, entries, 1, 2, &argc, &argv, error) &&
        (table = claim_table(tool, error))) {
        if (o.timeout < 0 || o.timeout > 86400 * 365.0) {
            tool_fail(error, TOOL_USAGE, "--timeout is 0 seconds or more");
        } else {
            ret = claim_run(tool, &o, argv[1], argc > 2 ? argv[2] : NULL,
                            error);
        }
    }
    table_free(table);
    claim_options_clear(&o);
    return ret;
}
