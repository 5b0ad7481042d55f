/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last events, in memory and in a file */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "events-file.h"
#include "events.h"
#include "log.h"

struct events {
    struct events_file *file;
    GMutex lock;                  /* of all that follows */
    GQueue list;                  /* fmd_event, oldest first */
    uint64_t last;                /* id */
    uint64_t kept;                /* the last id of the lives before this */
    uint64_t begun;               /* ids of this life are above */
    void (*notify)(void *opaque);
    void *opaque;
    /* Of the one that follows the store */
    struct store_watch *watch;
    char *of;                     /* which store */
};

static fmd_event *events_copy(const fmd_event *event)
{
    fmd_event *copy = g_new(fmd_event, 1);

    *copy = *event;
    copy->kind = g_strdup(event->kind);
    copy->object = g_strdup(event->object);
    copy->text = g_strdup(event->text);
    copy->data = g_strdup(event->data);
    return copy;
}

struct events *events_open(const char *path, GError **error)
{
    struct events *events = g_new0(struct events, 1);

    g_queue_init(&events->list);
    g_mutex_init(&events->lock);
    events->file = events_file_open(path, &events->list, error);
    if (!events->file) {
        events_close(events);
        return NULL;
    }
    events->kept = events_file_last(events->file);
    /*
     * Others may have been told, and could not be kept: ids go on above the
     * clock, so that none is given twice.
     */
    events->begun = events->kept ? MAX(events->kept, g_get_real_time()) : 0;
    events->last = events->begun;
    return events;
}

void events_close(struct events *events)
{
    if (events) {
        events_file_close(events->file);
        g_queue_clear_full(&events->list, (GDestroyNotify)fmd_event_free);
        g_mutex_clear(&events->lock);
        g_free(events->of);
        g_free(events);
    }
}

/* Takes @event; @rev: of the store's change that it is, or 0. */
static void events_put(struct events *events, fmd_event *event, uint64_t rev)
{
    void (*notify)(void *opaque);
    void *opaque;

    g_mutex_lock(&events->lock);
    event->time = g_get_real_time() / 1000;
    event->id = ++events->last;
    /* A disk that is full stops nothing; the next events are in order. */
    events_file_add(events->file, event, events->of, rev);
    g_queue_push_tail(&events->list, event);
    if (events->list.length > EVENTS_KEEP) {
        fmd_event_free(g_queue_pop_head(&events->list));
    }
    notify = events->notify;
    opaque = events->opaque;
    if (notify) {
        notify(opaque);
    }
    g_mutex_unlock(&events->lock);
}

void events_add(struct events *events, const char *kind, const char *object,
                const char *data, const char *format, ...)
{
    fmd_event *event = g_new0(fmd_event, 1);
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    /* It may quote what a monitor said. */
    event->text = g_utf8_make_valid(text, -1);
    event->kind = g_strdup(kind);
    event->object = g_strdup(object ? object : "");
    event->data = g_strdup(data ? data : "{}");
    log_line(LOG_LEVEL_INFO, "%s%s%s: %s", kind, *event->object ? " " : "",
             event->object, event->text);
    events_put(events, event, 0);
}

/* --- The store's changes --- */

/* What a key is about: its kind, its UUID, and the rest ("/status") */
static bool events_key(const char *key, const char **ret_kind,
                       char uuid[FMD_UUID_TEXT], const char **ret_rest)
{
    static const struct {
        const char *prefix;
        const char *kind;
    } kinds[] = {
        { FMD_CLAIMS, "claim" }, { FMD_HOSTS, "host" }, { FMD_POOLS, "pool" },
    };
    g_autofree char *id = NULL;
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(key, kinds[i].prefix)) {
            const char *at = key + strlen(kinds[i].prefix);
            size_t len = strcspn(at, "/");

            id = g_strndup(at, len);
            *ret_kind = kinds[i].kind;
            *ret_rest = at + len;
            return fmd_uuid_parse(id, uuid);
        }
    }
    return false;
}

static char *events_status_text(const char *uuid, const char *value)
{
    g_autoptr(fmd_status) status = fmd_status_parse(uuid, value, NULL);

    if (!status) {
        return g_strdup("status makes no sense");
    }
    return g_strdup_printf("%s%s%s", fmd_phase_name(status->phase),
                           *status->message ? ": " : "", status->message);
}

/* Of a claim; NULL: nothing worth a word of its own */
static char *events_claim_text(const char *uuid, const char *value)
{
    g_autoptr(fmd_claim) claim = value ? fmd_claim_parse(uuid, value, NULL) :
                                 NULL;

    return !claim || !claim->lapsed ? NULL :
           g_strdup_printf("its lease of %u s was not renewed: it is ended",
                           claim->lease);
}

static char *events_entry_text(const char *kind, const char *uuid,
                               const char *rest, const char *value)
{
    char *text;

    if (!strcmp(rest, "/status")) {
        return value ? events_status_text(uuid, value) : NULL;
    }
    if (!strcmp(rest, "/place")) {
        return NULL;
    }
    if (!strcmp(rest, "/owner")) {
        return g_strdup(value ? "has an owner" : "has no owner");
    }
    if (!strcmp(rest, "/alive")) {
        return g_strdup(value ? "its monitor was heard" :
                        "its monitor is not heard any more");
    }
    text = strcmp(kind, "claim") ? NULL : events_claim_text(uuid, value);
    return text ? text : g_strdup(!value ? strcmp(kind, "claim") ? "is gone" :
                                  "Gone" : "was put");
}

/* NULL: it is nobody's business. @entry NULL: some were missed. */
static fmd_event *events_of_entry(const struct store_entry *entry, uint64_t rev)
{
    char uuid[FMD_UUID_TEXT] = "";
    const char *kind = "store", *rest = "";
    fmd_event *event;
    char *text;

    if (entry && !events_key(entry->key, &kind, uuid, &rest)) {
        return NULL;
    }
    text = entry ? events_entry_text(kind, uuid, rest, entry->value) :
           g_strdup("changes were missed: read what there is anew");
    if (!text) {
        return NULL;
    }
    event = g_new0(fmd_event, 1);
    event->kind = g_strdup(kind);
    event->object = g_strdup(uuid);
    event->text = text;
    event->data = g_strdup_printf(
        "{\"key\":\"%s\",\"revision\":%" G_GUINT64_FORMAT ",\"created\":%s,"
        "\"value\":%s}", entry ? entry->key + strlen(FMD_KEYS) : "", rev,
        entry && entry->value && entry->create_rev == entry->mod_rev ? "true" :
        "false",
        entry && entry->value ? entry->value : "null");
    log_line(LOG_LEVEL_DEBUG, "%s %s: %s", kind, uuid, text);
    return event;
}

/* The changes of one revision; NULL: some were missed. */
static void events_heard(struct store *store, uint64_t rev,
                         const GPtrArray *entries, void *opaque)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    unsigned i;

    for (i = 0; i < (entries ? entries->len : 1); i++) {
        fmd_event *event = events_of_entry(entries ? entries->pdata[i] : NULL,
                                           rev);

        if (event) {
            g_ptr_array_add(found, event);
        }
    }
    /* Of a revision with several, only the last says that all are told. */
    for (i = 0; i < found->len; i++) {
        events_put(opaque, found->pdata[i], i + 1 < found->len ? rev - 1 : rev);
    }
}

bool events_follow(struct events *events, struct store *store, GError **error)
{
    g_autoptr(GPtrArray) none = NULL;
    uint64_t rev;

    if (events->watch) {
        return true;
    }
    g_mutex_lock(&events->lock);
    g_free(events->of);
    events->of = g_strdup(store_address(store));
    g_mutex_unlock(&events->lock);
    if (!events_file_rev(events->file, events->of, &rev) &&
        !store_range(store, FMD_PLACER, &none, &rev, error)) {
        return false;
    }
    events->watch = store_watch_begin(store, FMD_KEYS, rev, events_heard,
                                      events, error);
    return events->watch;
}

void events_unfollow(struct events *events)
{
    g_clear_pointer(&events->watch, store_watch_end);
}

/* --- Who listens --- */

static GPtrArray *events_pick(struct events *events, uint64_t after,
                              unsigned max, bool *ret_lost)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(
        (GDestroyNotify)fmd_event_free);
    GList *at = events->list.tail;
    const fmd_event *first = g_queue_peek_head(&events->list);

    *ret_lost = after > events->last ||
                (after > events->kept && after < events->begun) ||
                (first ? first->id > after + 1 : events->last > after);
    while (at && ((fmd_event *)at->data)->id > after && at->prev) {
        at = at->prev;
    }
    for (; at && found->len < max; at = at->next) {
        const fmd_event *event = at->data;

        if (event->id > after) {
            g_ptr_array_add(found, events_copy(event));
        }
    }
    return found;
}

void events_since(struct events *events, uint64_t after, unsigned max,
                  GPtrArray **ret, bool *ret_lost)
{
    g_mutex_lock(&events->lock);
    *ret = events_pick(events, after, max, ret_lost);
    g_mutex_unlock(&events->lock);
}

uint64_t events_last(struct events *events)
{
    uint64_t last;

    g_mutex_lock(&events->lock);
    last = events->last;
    g_mutex_unlock(&events->lock);
    return last;
}

void events_notify(struct events *events, void (*fn)(void *opaque),
                   void *opaque)
{
    g_mutex_lock(&events->lock);
    events->notify = fn;
    events->opaque = opaque;
    g_mutex_unlock(&events->lock);
}
