/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm status: is all well, and what waits for whom? */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "reach.h"
#include "status-fleet.h"
#include "status-note.h"
#include "text.h"

typedef struct Status {
    Tool *tool;
    StatusNotes notes;
    GHashTable *seen;                 /* identities of pools */
    struct json_object *claims;       /* of daemons, by phase; NULL: none */
} Status;

/* Bytes of @host in @state */
static uint64_t status_bytes(const struct cxlfm_snapshot *s, uint16_t host,
                             enum cxlfm_extent_state state)
{
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < s->extent_count; i++) {
        if (s->extents[i].host == host && s->extents[i].state == state) {
            bytes += s->extents[i].length;
        }
    }
    return bytes;
}

/* What there is of @state, if anything: @what is said of it */
static void status_state(Status *status, const Target *target,
                         const struct cxlfm_snapshot *s, uint16_t host,
                         enum cxlfm_extent_state state, const char *code,
                         const char *what)
{
    uint64_t bytes = status_bytes(s, host, state);
    g_autofree char *size = format_size(bytes);

    if (bytes) {
        struct json_object *note = status_note(
            &status->notes, STATUS_WAITING, code, "%s: host %u: %s %s",
            target->name, host, size, what);

        status_note_text(note, "device", target->name);
        status_note_text(note, "address", cxlfm_address(target->fm));
        status_note_number(note, "host", host);
        status_note_number(note, "bytes", bytes);
    }
}

static void status_device(Status *status, const Target *target)
{
    struct cxlfm_snapshot *s;
    size_t i;

    if (cxlfm_snapshot(target->fm, target->device, &s) < 0) {
        struct json_object *note = status_note(
            &status->notes, STATUS_PROBLEM, "device-failed", "%s: %s",
            target->name, cxlfm_error_text(target->fm));

        status_note_text(note, "device", target->name);
        status_note_text(note, "address", cxlfm_address(target->fm));
        return;
    }
    for (i = 0; i < s->host_count; i++) {
        uint16_t host = s->hosts[i].id;

        status_state(status, target, s, host, CXLFM_EXTENT_PENDING,
                     "offered", "are offered and not answered");
        status_state(status, target, s, host, CXLFM_EXTENT_RELEASING,
                     "asked", "are asked for and not given back");
        status_state(status, target, s, host, CXLFM_EXTENT_SANITIZING,
                     "sanitizing", "are being sanitized");
        status_state(status, target, s, host, CXLFM_EXTENT_DEAD,
                     "dead", "were taken before they were answered, and are "
                     "free when the guest has answered");
    }
    cxlfm_snapshot_free(s);
}

static void status_pool(Status *status, const struct cxlfm_pool *pool)
{
    g_autofree char *size = format_size(pool->size);
    g_autofree char *left = format_size(pool->available);
    struct json_object *all;
    unsigned alive = 0;
    size_t i;

    if (!g_hash_table_add(status->seen, g_strdup(pool->identity))) {
        return;
    }
    for (i = 0; i < pool->host_count; i++) {
        const struct cxlfm_pool_host *host = &pool->hosts[i];
        g_autofree char *owned = format_size(host->owned);
        struct json_object *note;

        alive += host->alive;
        if (!host->alive && host->owned) {
            note = status_note(&status->notes, STATUS_PROBLEM, "host-dead",
                               "pool %s: host %u is not alive and has %s; "
                               "start it, or 'cxl-fm reclaim --host %u'",
                               pool->name, host->id, owned, host->id);
            status_note_text(note, "pool", pool->name);
            status_note_number(note, "host", host->id);
            status_note_number(note, "bytes", host->owned);
        }
    }
    all = status_note(&status->notes, STATUS_POOL, "pool", "pool %s (%s): %s, "
                      "%s free, %u of %zu hosts alive", pool->name, pool->file,
                      size, left, alive, pool->host_count);
    status_note_text(all, "pool", pool->name);
    status_note_text(all, "file", pool->file);
    status_note_number(all, "size", pool->size);
    status_note_number(all, "available", pool->available);
    status_note_number(all, "hosts", pool->host_count);
    status_note_number(all, "hosts-alive", alive);
}

static void status_pools(Status *status, cxlfm *fm)
{
    struct cxlfm_pool **pools;
    size_t count, i;

    /* A machine without a pool is no problem. */
    if (cxlfm_is_fmapi(fm) || cxlfm_pools(fm, &pools, &count) < 0) {
        return;
    }
    for (i = 0; i < count; i++) {
        status_pool(status, pools[i]);
        cxlfm_pool_free(pools[i]);
    }
    free(pools);
}

static void status_daemon(Status *status, cxlfm *fm)
{
    StatusFleet fleet = { &status->notes, status->claims };

    if (!fleet.claims) {
        fleet.claims = status->claims = json_object_new_object();
    }
    status_fleet(status->tool, fm, &fleet);
}

/* "3 Bound, 1 Pending" */
static void status_print_claims(const Status *status)
{
    const char *gap = "claims: ";

    if (!status->claims) {
        return;
    }
    json_object_object_foreach(status->claims, phase, count) {
        printf("%s%s %s", gap, json_object_get_string(count), phase);
        gap = ", ";
    }
    puts(json_object_object_length(status->claims) ? "" : "claims: none");
}

static struct json_object *status_json(const GPtrArray *lines)
{
    struct json_object *list = json_object_new_array();
    unsigned i;

    for (i = 0; i < lines->len; i++) {
        json_object_array_add(list, json_object_new_string(lines->pdata[i]));
    }
    return list;
}

static void status_print_lines(const char *title, const GPtrArray *lines)
{
    unsigned i;

    if (lines->len) {
        printf("%s\n", title);
    }
    for (i = 0; i < lines->len; i++) {
        printf("  %s\n", (const char *)lines->pdata[i]);
    }
}

static void status_print(const Status *status, unsigned devices)
{
    GPtrArray *const *lines = status->notes.lines;
    const char *health = lines[STATUS_PROBLEM]->len ? "attention" :
                         lines[STATUS_WAITING]->len ? "waiting" : "ok";

    if (status->tool->json) {
        struct json_object *o = json_object_new_object();

        json_object_object_add(o, "health", json_object_new_string(health));
        json_object_object_add(o, "devices", json_object_new_int(devices));
        json_object_object_add(o, "pools",
                               status_json(lines[STATUS_POOL]));
        json_object_object_add(o, "waiting",
                               status_json(lines[STATUS_WAITING]));
        json_object_object_add(o, "problems",
                               status_json(lines[STATUS_PROBLEM]));
        json_object_object_add(o, "notes",
                               json_object_get(status->notes.items));
        if (status->claims) {
            json_object_object_add(o, "claims",
                                   json_object_get(status->claims));
        }
        json_print(o, true);
        return;
    }
    printf("health: %s, %u device%s\n", health, devices,
           devices == 1 ? "" : "s");
    status_print_claims(status);
    status_print_lines("pools:", lines[STATUS_POOL]);
    status_print_lines("waiting:", lines[STATUS_WAITING]);
    status_print_lines("problems:", lines[STATUS_PROBLEM]);
}

int cmd_status(Tool *tool, int argc, char **argv, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(
        g_str_hash, g_str_equal, g_free, NULL);
    Status status = { .tool = tool, .seen = seen };
    g_autoptr(GArray) targets = NULL;
    unsigned i;

    if (!options_parse(tool, NULL, 0, 0, &argc, &argv, error) ||
        !(targets = reach_targets(tool, error))) {
        return -1;
    }
    status_notes_init(&status.notes);
    for (i = 0; i < targets->len; i++) {
        status_device(&status, &g_array_index(targets, Target, i));
    }
    for (i = 0; i < tool->connections->len; i++) {
        cxlfm *fm = tool->connections->pdata[i];

        status_pools(&status, fm);
        if (g_str_has_prefix(cxlfm_address(fm), "fmd:")) {
            status_daemon(&status, fm);
        }
    }
    if (tool->some_missing) {
        status_note(&status.notes, STATUS_PROBLEM, "address-missing",
                    "not all addresses can be reached");
    }
    status_print(&status, targets->len);
    status_notes_clear(&status.notes);
    json_object_put(status.claims);
    return TOOL_OK;
}
