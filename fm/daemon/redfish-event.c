/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of the daemon as those of Redfish */
#include <string.h>
#include "redfish-event.h"
#include "redfish-tree.h"

#define PLACES_MAX 65536

/*
 * A thing, as events have told of it. All who listen hear the same, whoever of
 * them is first.
 */
typedef struct Place {
    char *path;                   /* below REDFISH_ROOT; NULL: not known yet */
    uint64_t region;              /* of a claim */
    bool has_region;
    bool created;                 /* in this life of the daemon */
    uint64_t first;               /* event that said so and knew where; or 0 */
    uint64_t gone;                /* the last event that said that; or 0 */
} Place;

struct RedfishPlaces {
    GMutex lock;                  /* of what follows */
    GHashTable *all;              /* UUID: Place * */
};

static void place_free(gpointer data)
{
    Place *place = data;

    g_free(place->path);
    g_free(place);
}

RedfishPlaces *redfish_places_new(void)
{
    RedfishPlaces *places = g_new0(RedfishPlaces, 1);

    g_mutex_init(&places->lock);
    places->all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        place_free);
    return places;
}

void redfish_places_free(RedfishPlaces *places)
{
    if (places) {
        g_hash_table_unref(places->all);
        g_mutex_clear(&places->lock);
        g_free(places);
    }
}

/* With the lock */
static Place *place_of(RedfishPlaces *places, const char *uuid)
{
    Place *place = g_hash_table_lookup(places->all, uuid);

    if (!place) {
        if (g_hash_table_size(places->all) >= PLACES_MAX) {
            g_hash_table_remove_all(places->all);
        }
        place = g_new0(Place, 1);
        g_hash_table_insert(places->all, g_strdup(uuid), place);
    }
    return place;
}

/*
 * What an event tells of a thing. The copy of the store may be behind it, so it
 * is asked only for what was there before.
 */
typedef struct Told {
    bool whole;                   /* "claims/UUID", not "claims/UUID/status" */
    bool created, gone;
    const char *name, *pool;      /* "" */
    uint64_t region;
} Told;

static void told_of(const fmd_event *event, struct json_object *data,
                    Told *told)
{
    struct json_object *value = node_get(data, "value");

    told->whole = g_str_has_suffix(node_get_text(data, "key"), event->object);
    told->gone = told->whole && !value;
    told->created = told->whole && node_get_bool(data, "created");
    told->name = told->whole ? node_get_text(value, "name") : "";
    told->pool = node_get_text(value, "pool");
    told->region = node_get_number(value, "region");
}

/* With the lock */
static void place_claim(struct fmd *fmd, Place *place, const fmd_event *event,
                        const Told *told)
{
    struct json_object *claim = NULL;
    const char *pool = told->pool;

    if (told->whole && !told->gone) {
        place->region = told->region;
        place->has_region = true;
    }
    if (!place->has_region || (!*pool && !place->path)) {
        claim = fmd_get(fmd, "claims", event->object, NULL, NULL);
    }
    if (claim && !place->has_region) {
        place->region = node_get_number(claim, "region");
        place->has_region = true;
    }
    /* One that is made anywhere has its place when it is placed. */
    if (claim && !*pool && !place->path && !place->created && !told->created) {
        pool = redfish_claim_pool(claim);
    }
    if (*pool && place->has_region) {
        g_free(place->path);
        place->path = g_strdup_printf(PATH_CHUNK, pool, place->region,
                                      event->object);
    }
    json_object_put(claim);
}

/* With the lock */
static void place_host(struct fmd *fmd, Place *place, const fmd_event *event,
                       const Told *told)
{
    struct json_object *host = NULL;
    const char *name = told->name;

    if (!*name && !place->path) {
        host = fmd_get(fmd, "hosts", event->object, NULL, NULL);
        name = node_get_text(host, "name");
    }
    if (*name) {
        g_free(place->path);
        place->path = g_strdup_printf(PATH_SYSTEM, name);
    }
    json_object_put(host);
}

/* "Created", "Changed", "Removed"; NULL: nothing, or nowhere that is known */
static const char *event_what(struct fmd *fmd, RedfishPlaces *places,
                              const fmd_event *event,
                              struct json_object *data, char **ret_path)
{
    const char *what = NULL;
    Place *place;
    Told told;

    told_of(event, data, &told);
    g_mutex_lock(&places->lock);
    place = place_of(places, event->object);
    if (!strcmp(event->kind, "claim")) {
        place_claim(fmd, place, event, &told);
    } else if (!strcmp(event->kind, "host")) {
        place_host(fmd, place, event, &told);
    } else if (!place->path) {
        place->path = g_strdup_printf(PATH_CHASSIS, event->object);
    }
    if (told.gone) {
        place->gone = MAX(place->gone, event->id);
    }
    /* The same name again is another thing. */
    if (told.created && event->id > place->gone) {
        place->created = true;
        place->first = place->first > place->gone ? place->first : 0;
    }
    if (place->created && place->path && !place->first &&
        event->id > place->gone) {
        place->first = event->id;
    }
    if (place->path && (event->id >= place->first ||
                        event->id <= place->gone)) {
        what = told.gone ? "Removed" : event->id == place->first ? "Created" :
               "Changed";
    }
    *ret_path = what ? g_strdup(place->path) : NULL;
    g_mutex_unlock(&places->lock);
    return what;
}

static struct json_object *event_record(uint64_t id, int64_t time,
                                        const char *what, const char *type,
                                        const char *text, const char *path)
{
    struct json_object *to = json_object_new_object();
    g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, id);
    g_autofree char *message = g_strconcat("ResourceEvent.1.3.Resource", what,
                                           NULL);

    node_text(to, "EventId", number);
    node_text(to, "EventType", type);
    node_time(to, "EventTimestamp", time / 1000);
    node_text(to, "MessageId", message);
    node_text(to, "Message", !strcmp(what, "Created") ?
              "The resource was created successfully." :
              !strcmp(what, "Removed") ?
              "The resource was removed successfully." :
              "One or more resource properties have changed.");
    node_array(to, "MessageArgs");
    node_text(to, "MessageSeverity", "OK");
    node_link(to, "OriginOfCondition", "%s", path);
    node_text(node_oem(to, "Event"), "Text", text);
    return to;
}

struct json_object *redfish_event_record(struct fmd *fmd,
                                         RedfishPlaces *places,
                                         const fmd_event *event)
{
    static const char *const kinds[] = { "claim", "host", "pool", NULL };
    struct json_object *data, *to = NULL;
    g_autofree char *path = NULL;
    const char *what;

    if (!g_strv_contains(kinds, event->kind)) {
        return NULL;
    }
    data = json_tokener_parse(event->data);
    what = event_what(fmd, places, event, data, &path);
    if (what) {
        to = event_record(event->id, event->time, what,
                          !strcmp(what, "Created") ? "ResourceAdded" :
                          !strcmp(what, "Removed") ? "ResourceRemoved" :
                          "ResourceUpdated", event->text, path);
    }
    json_object_put(data);
    return to;
}

struct json_object *redfish_event_lost(uint64_t id)
{
    return event_record(id, g_get_real_time() / 1000, "Changed",
                        "ResourceUpdated", "events were missed: read what "
                        "there is anew", "/");
}

void redfish_event_add(struct json_object *event, struct json_object *record)
{
    struct json_object *list = node_get(event, "Events");
    g_autofree char *number = g_strdup_printf("%zu", node_count(list));

    node_text(record, "MemberId", number);
    json_object_array_add(list, record);
}

struct json_object *redfish_event_of(uint64_t id, const char *context,
                                     struct json_object *record)
{
    struct json_object *to = json_object_new_object();
    g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, id);

    node_text(to, "@odata.type", "#Event.v1_7_0.Event");
    node_text(to, "Id", number);
    node_text(to, "Name", "Event");
    node_text(to, "Context", context ? context : "");
    node_array(to, "Events");
    redfish_event_add(to, record);
    return to;
}
