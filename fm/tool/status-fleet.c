/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cxl-fm status says of cxl-fmd
 */
#include <json-c/json.h>
#include <string.h>
#include "fleet.h"
#include "status-fleet.h"
#include "text.h"

/*
 * List @key at @path, or with NULL all that is there; NULL, which is a problem,
 * when it cannot be had
 */
static struct json_object *fleet_list(Tool *tool, cxlfm *fm, const char *path,
                                      const char *key, StatusFleet *fleet)
{
    g_autoptr(GError) error = NULL;
    struct json_object *said, *list;

    if (key ? !fleet_ask_list(tool, fm, path, key, &said, &error) :
        !fleet_ask(tool, fm, "GET", path, NULL, NULL, &said, &error)) {
        status_note(fleet->notes, STATUS_PROBLEM, "daemon-failed", "%s: %s",
                    path, error->message);
        return NULL;
    }
    list = key ? json_object_get(fleet_member(said, key)) :
           json_object_get(said);
    json_object_put(said);
    return list;
}

static size_t fleet_length(struct json_object *list)
{
    return json_object_is_type(list, json_type_array) ?
           json_object_array_length(list) : 0;
}

static void fleet_claim(StatusFleet *fleet, struct json_object *claim)
{
    static const char *const bad[] = {
        "Declined", "Unanswered", "Lost", "Stuck", NULL
    };
    struct json_object *status = fleet_member(claim, "status");
    const char *phase = fleet_text(status, "phase");
    const char *message = fleet_text(status, "message");
    g_autofree char *size = format_size(fleet_number(claim, "bytes"));
    struct json_object *note;

    phase = *phase ? phase : "Pending";
    json_object_object_add(fleet->claims, phase, json_object_new_int64(
                               fleet_number(fleet->claims, phase) + 1));
    if (strcmp(phase, "Bound")) {
        note = status_note(fleet->notes, g_strv_contains(bad, phase) ?
                           STATUS_PROBLEM : STATUS_WAITING, "claim",
                           "claim %s: %s, %s%s%s", fleet_text(claim, "uuid"),
                           size, phase, *message ? ": " : "", message);
        status_note_text(note, "claim", fleet_text(claim, "uuid"));
        status_note_text(note, "phase", phase);
        status_note_number(note, "bytes", fleet_number(claim, "bytes"));
    }
}

static void fleet_claims(Tool *tool, cxlfm *fm, StatusFleet *fleet)
{
    struct json_object *list = fleet_list(tool, fm, FLEET_CLAIMS, "claims",
                                          fleet);
    size_t i;

    for (i = 0; i < fleet_length(list); i++) {
        fleet_claim(fleet, json_object_array_get_idx(list, i));
    }
    json_object_put(list);
}

static void fleet_orphans(Tool *tool, cxlfm *fm, StatusFleet *fleet)
{
    struct json_object *list = fleet_list(tool, fm, "/v1/orphans", "orphans",
                                          fleet);
    size_t i;

    for (i = 0; i < fleet_length(list); i++) {
        struct json_object *orphan = json_object_array_get_idx(list, i);
        g_autofree char *size = format_size(fleet_number(orphan, "bytes"));
        struct json_object *note;

        note = status_note(fleet->notes, STATUS_PROBLEM, "orphan", "orphan: "
                           "host %s has %s of tag %s, which no claim wants; "
                           "'cxl-fm release --tag' asks for it",
                           fleet_text(orphan, "host"), size,
                           fleet_text(orphan, "tag"));
        status_note_text(note, "host-uuid", fleet_text(orphan, "host"));
        status_note_text(note, "tag", fleet_text(orphan, "tag"));
        status_note_number(note, "bytes", fleet_number(orphan, "bytes"));
    }
    json_object_put(list);
}

static void fleet_hosts(Tool *tool, cxlfm *fm, StatusFleet *fleet)
{
    struct json_object *list = fleet_list(tool, fm, FLEET_HOSTS, "hosts",
                                          fleet);
    size_t i;

    for (i = 0; i < fleet_length(list); i++) {
        struct json_object *host = json_object_array_get_idx(list, i);
        struct json_object *reachable = fleet_member(host, "reachable");

        if (reachable && !json_object_get_boolean(reachable)) {
            const char *why = fleet_text(host, "error");

            struct json_object *note = status_note(
                fleet->notes, STATUS_PROBLEM, "host-unreached", "host %s is "
                "not reached: %s%s", fleet_text(host, "name"), *why ? why :
                "nothing is heard of it from the cxl-fmd of machine ",
                *why ? "" : fleet_text(host, "machine"));

            status_note_text(note, "host-name", fleet_text(host, "name"));
        }
    }
    json_object_put(list);
}

/* Those of other machines; of this one the devices have told. */
static void fleet_pools(Tool *tool, cxlfm *fm, StatusFleet *fleet)
{
    struct json_object *list = fleet_list(tool, fm, "/v1/pools", "pools",
                                          fleet);
    size_t i;

    for (i = 0; i < fleet_length(list); i++) {
        struct json_object *pool = json_object_array_get_idx(list, i);
        struct json_object *owner = fleet_member(pool, "owner");
        g_autofree char *size = format_size(fleet_number(pool, "size"));
        g_autofree char *left = format_size(fleet_number(pool, "available"));
        struct json_object *note;

        if (json_object_get_boolean(fleet_member(pool, "mine"))) {
            continue;
        }
        note = status_note(fleet->notes, STATUS_POOL, "pool", "pool %s of "
                           "machine %s: %s, %s free%s",
                           fleet_text(pool, "name"),
                           fleet_text(pool, "machine"), size, left, owner ?
                           "" : " when its cxl-fmd was heard last");
        status_note_text(note, "pool", fleet_text(pool, "name"));
        status_note_text(note, "machine", fleet_text(pool, "machine"));
        status_note_number(note, "size", fleet_number(pool, "size"));
        status_note_number(note, "available",
                           fleet_number(pool, "available"));
    }
    json_object_put(list);
}

static void fleet_health(Tool *tool, cxlfm *fm, StatusFleet *fleet)
{
    struct json_object *health = fleet_list(tool, fm, "/v1/health", NULL,
                                            fleet);
    struct json_object *store = fleet_member(health, "store");
    struct json_object *pools = fleet_member(health, "pools");
    uint64_t stale = fleet_number(store, "stale_ms");
    size_t i;

    if (store && !json_object_get_boolean(fleet_member(store, "ok"))) {
        status_note_number(
            status_note(fleet->notes, STATUS_PROBLEM, "store-silent", "the "
                        "store %s does not answer: %s; what is told is %"
                        G_GUINT64_FORMAT ".%u s old",
                        fleet_text(store, "address"),
                        fleet_text(store, "error"), stale / 1000,
                        (unsigned)(stale % 1000 / 100)), "stale-ms", stale);
    }
    for (i = 0; i < fleet_length(pools); i++) {
        struct json_object *pool = json_object_array_get_idx(pools, i);

        if (*fleet_text(pool, "error")) {
            status_note_text(
                status_note(fleet->notes, STATUS_PROBLEM, "pool-stale",
                            "pool %s is stale: %s", fleet_text(pool, "uuid"),
                            fleet_text(pool, "error")), "pool-uuid",
                fleet_text(pool, "uuid"));
        }
    }
    json_object_put(health);
}

void status_fleet(Tool *tool, cxlfm *fm, StatusFleet *fleet)
{
    fleet_health(tool, fm, fleet);
    fleet_claims(tool, fm, fleet);
    fleet_orphans(tool, fm, fleet);
    fleet_hosts(tool, fm, fleet);
    fleet_pools(tool, fm, fleet);
}
