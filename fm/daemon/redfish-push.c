/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subscriptions: a thread each, and their file */
#include <string.h>
#include <unistd.h>
#include "redfish-push.h"
#include "redfish-send.h"

#define FILE_NAME     "redfish-subscriptions.json"
#define FILE_BYTES    (1 << 20)
#define BATCH         64
#define TEST_INTERVAL "FMD_REDFISH_INTERVAL_MS"

typedef struct Subscription {
    RedfishPush *push;
    char id[REDFISH_PUSH_ID];
    GThread *thread;
    /* With the lock: */
    struct json_object *wish;
    bool ended;                   /* somebody waits for the thread */
    bool suspended;
    uint64_t after;               /* event that it has */
} Subscription;

struct RedfishPush {
    struct fmd *fmd;
    RedfishPlaces *places;
    char *file;
    GThread *follower;            /* remembers places, ends what gave up */
    uint64_t begun;               /* the last event before it */
    unsigned interval;            /* ms */
    /*
     * Of what follows. Whoever adds an event has that lock when this one is
     * taken: nothing is asked of events with it.
     */
    GMutex lock;
    GCond wake;
    uint64_t woken;               /* how often */
    bool ended;
    GPtrArray *list;              /* Subscription * */
    GPtrArray *over;              /* the same: their threads have ended */
};

/* --- What is for whom --- */

/* What nobody else has a part of: parts are counted without atomics. */
static struct json_object *push_copy(struct json_object *from)
{
    return json_tokener_parse(json_object_to_json_string(from));
}

/* Events after *after, which moves on, as one; NULL: none is wanted. */
static struct json_object *push_collect(RedfishPush *push,
                                        struct json_object *wish,
                                        uint64_t *after, bool *ret_more)
{
    const char *context = node_get_text(wish, "Context");
    g_autoptr(GPtrArray) events = NULL;
    struct json_object *to = NULL;
    bool lost = false;
    unsigned i;

    fmd_events(push->fmd, *after, BATCH, &events, &lost);
    if (lost) {
        to = redfish_event_of(*after, context, redfish_event_lost(*after));
        *after = MIN(*after, fmd_events_last(push->fmd));
    }
    for (i = 0; i < events->len; i++) {
        const fmd_event *event = events->pdata[i];
        struct json_object *record = redfish_event_record(
            push->fmd, push->places, event);

        *after = event->id;
        if (!record || !redfish_wants(wish, record)) {
            json_object_put(record);
        } else if (to) {
            redfish_event_add(to, record);
        } else {
            to = redfish_event_of(event->id, context, record);
        }
    }
    *ret_more = events->len == BATCH;
    return to;
}

/*
 * What Sunfish wants to hear first of an agent: where it is, and how it is
 * reached
 */
static struct json_object *push_announcement(struct json_object *wish)
{
    struct json_object *record = json_object_new_object();

    node_text(record, "EventId", "1");
    node_text(record, "EventType", "Other");
    node_time(record, "EventTimestamp", g_get_real_time() / G_USEC_PER_SEC);
    node_text(record, "MessageId",
              "ResourceEvent.1.3.AggregationSourceDiscovered");
    node_text(record, "Message", "An aggregation source was discovered.");
    node_texts(record, "MessageArgs", "Redfish",
               node_get_text(wish, "Announce"), NULL);
    node_text(record, "MessageSeverity", "OK");
    node_link(record, "OriginOfCondition",
              "/AggregationService/ConnectionMethods/CXL");
    return redfish_event_of(1, node_get_text(wish, "Context"), record);
}

/* --- The file --- */

/* With the lock. Headers may have secrets in them. */
static bool push_save(RedfishPush *push, GError **error)
{
    struct json_object *to = json_object_new_object();
    const char *text;
    bool good;
    unsigned i;

    for (i = 0; i < push->list->len; i++) {
        const Subscription *s = push->list->pdata[i];

        json_object_object_add(to, s->id, json_object_get(s->wish));
    }
    text = json_object_to_json_string(to);
    good = strlen(text) < FILE_BYTES;
    if (!good) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "all "
                    "subscriptions together have room for %u bytes: delete "
                    "others, or send shorter HttpHeaders", FILE_BYTES);
    } else {
        good = g_file_set_contents_full(
            push->file, text, -1, G_FILE_SET_CONTENTS_CONSISTENT |
            G_FILE_SET_CONTENTS_DURABLE, 0600, error);
    }
    json_object_put(to);
    return good;
}

/* With the lock: what has happened already, and nobody waits for */
static void push_note(RedfishPush *push)
{
    g_autoptr(GError) error = NULL;

    if (!push_save(push, &error)) {
        g_warning("a restart does not know how subscriptions are now: %s",
                  error->message);
    }
}

/* --- The thread of one --- */

/* With the lock: sleep so long, or until it shall end. */
static void push_pause(Subscription *s, unsigned ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000ll;

    while (!s->ended &&
           g_cond_wait_until(&s->push->wake, &s->push->lock, end)) {
        continue;
    }
}

/* With the lock, which is let go meanwhile. True: it was taken. */
static bool push_try(Subscription *s, struct json_object *wish,
                     struct json_object *event)
{
    bool forever = !strcmp(node_get_text(wish, "DeliveryRetryPolicy"),
                           "RetryForever"), taken = false;
    unsigned attempt;

    for (attempt = 0; !taken && !s->ended &&
         (forever || attempt <= REDFISH_PUSH_ATTEMPTS); attempt++) {
        if (attempt) {
            push_pause(s, s->push->interval);
        }
        if (!s->ended) {
            g_mutex_unlock(&s->push->lock);
            taken = redfish_send(wish, event, &s->ended);
            g_mutex_lock(&s->push->lock);
        }
    }
    return taken;
}

/* With the lock: it was not taken, and is not tried again. */
static void push_give_up(Subscription *s)
{
    RedfishPush *push = s->push;

    s->suspended = true;
    g_warning("events of Redfish are not taken at %s: %s",
              node_get_text(s->wish, "Destination"),
              strcmp(node_get_text(s->wish, "DeliveryRetryPolicy"),
                     "SuspendRetries") ? "the subscription ends" :
              "the subscription is suspended");
    if (strcmp(node_get_text(s->wish, "DeliveryRetryPolicy"),
               "SuspendRetries") && g_ptr_array_remove(push->list, s)) {
        g_ptr_array_add(push->over, s);
    }
}

/* With the lock: once in its life, also over restarts */
static void push_announce(Subscription *s)
{
    struct json_object *wish = json_object_get(s->wish), *event, *now;

    if (*node_get_text(wish, "Announce") &&
        !node_get_bool(wish, "Announced")) {
        event = push_announcement(wish);
        if (push_try(s, wish, event)) {
            now = push_copy(s->wish);
            node_bool(now, "Announced", true);
            json_object_put(s->wish);
            s->wish = now;
            push_note(s->push);
        } else if (!s->ended) {
            push_give_up(s);
        }
        json_object_put(event);
    }
    json_object_put(wish);
}

static gpointer push_run(gpointer opaque)
{
    Subscription *s = opaque;
    RedfishPush *push = s->push;
    uint64_t woken = 0;

    g_mutex_lock(&push->lock);
    push_announce(s);
    while (!s->ended && !s->suspended) {
        struct json_object *wish = json_object_get(s->wish), *event;
        uint64_t after = s->after;
        bool more;

        woken = push->woken;
        g_mutex_unlock(&push->lock);
        event = push_collect(push, wish, &after, &more);
        g_mutex_lock(&push->lock);
        if (event && !push_try(s, wish, event)) {
            if (!s->ended) {
                push_give_up(s);
            }
        } else {
            s->after = after;
        }
        json_object_put(event);
        json_object_put(wish);
        while (!more && !s->ended && !s->suspended && push->woken == woken) {
            g_cond_wait(&push->wake, &push->lock);
        }
    }
    g_mutex_unlock(&push->lock);
    return NULL;
}

/* With the lock; who is told looks when woken. */
static void push_end(Subscription *s)
{
    __atomic_store_n(&s->ended, true, __ATOMIC_RELAXED);
}

/* When its thread has ended, or is told to */
static void push_free(Subscription *s)
{
    g_thread_join(s->thread);
    json_object_put(s->wish);
    g_free(s);
}

/* With the lock; events after @after are for it. Takes over @wish. */
static Subscription *push_begin(RedfishPush *push, const char *id,
                                struct json_object *wish, uint64_t after)
{
    Subscription *s = g_new0(Subscription, 1);

    s->push = push;
    g_strlcpy(s->id, id, sizeof(s->id));
    s->wish = wish;
    s->after = after;
    g_ptr_array_add(push->list, s);
    s->thread = g_thread_new("redfish-push", push_run, s);
    return s;
}

/* --- The file is read --- */

static bool push_load(RedfishPush *push, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) inner = NULL;
    struct json_object *from;

    if (!g_file_get_contents(push->file, &text, NULL, &inner)) {
        if (!g_error_matches(inner, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            g_propagate_error(error, g_steal_pointer(&inner));
            return false;
        }
        return true;
    }
    from = strlen(text) < FILE_BYTES ? json_tokener_parse(text) : NULL;
    if (!json_object_is_type(from, json_type_object)) {
        g_warning("%s makes no sense: there are no subscriptions", push->file);
        json_object_put(from);
        return true;
    }
    json_object_object_foreach(from, key, wish) {
        if (redfish_push_id_is_good(key) &&
            json_object_is_type(wish, json_type_object) &&
            push->list->len < REDFISH_PUSH_MAX) {
            push_begin(push, key, push_copy(wish), push->begun);
        }
    }
    json_object_put(from);
    return true;
}

/* --- All of them --- */

/* Places are remembered whether somebody listens or not. */
static void push_follow_events(RedfishPush *push, uint64_t *after)
{
    unsigned got = BATCH, i;

    while (got == BATCH) {
        g_autoptr(GPtrArray) events = NULL;
        bool lost;

        fmd_events(push->fmd, *after, BATCH, &events, &lost);
        got = events->len;
        for (i = 0; i < got; i++) {
            const fmd_event *event = events->pdata[i];

            *after = event->id;
            json_object_put(redfish_event_record(push->fmd, push->places,
                                                 event));
        }
    }
}

static gpointer push_follow(gpointer opaque)
{
    RedfishPush *push = opaque;
    uint64_t after = push->begun, woken;
    bool ended = false;

    while (!ended) {
        g_autoptr(GPtrArray) over = g_ptr_array_new();
        unsigned i;

        g_mutex_lock(&push->lock);
        woken = push->woken;
        for (i = 0; i < push->over->len; i++) {
            g_ptr_array_add(over, push->over->pdata[i]);
        }
        g_ptr_array_set_size(push->over, 0);
        if (over->len) {
            push_note(push);
        }
        g_mutex_unlock(&push->lock);
        for (i = 0; i < over->len; i++) {
            push_free(over->pdata[i]);
        }
        push_follow_events(push, &after);
        g_mutex_lock(&push->lock);
        while (!push->ended && push->woken == woken && !push->over->len) {
            g_cond_wait(&push->wake, &push->lock);
        }
        ended = push->ended;
        g_mutex_unlock(&push->lock);
    }
    return NULL;
}

RedfishPush *redfish_push_start(struct fmd *fmd, GError **error)
{
    RedfishPush *push = g_new0(RedfishPush, 1);
    const char *interval = g_getenv(TEST_INTERVAL);
    bool loaded;

    redfish_send_begin();
    push->fmd = fmd;
    push->begun = fmd_events_last(fmd);
    push->places = redfish_places_new();
    push->file = g_build_filename(fmd_config(fmd)->state, FILE_NAME, NULL);
    push->interval = interval ? MAX(atoi(interval), 1) :
                     REDFISH_PUSH_INTERVAL * 1000;
    g_mutex_init(&push->lock);
    g_cond_init(&push->wake);
    push->list = g_ptr_array_new();
    push->over = g_ptr_array_new();
    g_mutex_lock(&push->lock);
    loaded = push_load(push, error);
    g_mutex_unlock(&push->lock);
    if (!loaded) {
        redfish_push_stop(push);
        return NULL;
    }
    push->follower = g_thread_new("redfish-follow", push_follow, push);
    return push;
}

void redfish_push_stop(RedfishPush *push)
{
    unsigned i;

    if (!push) {
        return;
    }
    g_mutex_lock(&push->lock);
    push->ended = true;
    for (i = 0; i < push->list->len; i++) {
        push_end(push->list->pdata[i]);
    }
    g_cond_broadcast(&push->wake);
    g_mutex_unlock(&push->lock);
    if (push->follower) {
        g_thread_join(push->follower);
    }
    for (i = 0; i < push->list->len; i++) {
        push_free(push->list->pdata[i]);
    }
    for (i = 0; i < push->over->len; i++) {
        push_free(push->over->pdata[i]);
    }
    g_ptr_array_unref(push->list);
    g_ptr_array_unref(push->over);
    g_cond_clear(&push->wake);
    g_mutex_clear(&push->lock);
    redfish_places_free(push->places);
    g_free(push->file);
    g_free(push);
    redfish_send_end();
}

void redfish_push_wake(RedfishPush *push)
{
    g_mutex_lock(&push->lock);
    push->woken++;
    g_cond_broadcast(&push->wake);
    g_mutex_unlock(&push->lock);
}

RedfishPlaces *redfish_push_places(RedfishPush *push)
{
    return push->places;
}

/* --- By others --- */

/* With the lock */
static Subscription *push_find(RedfishPush *push, const char *id)
{
    unsigned i;

    for (i = 0; i < push->list->len; i++) {
        Subscription *s = push->list->pdata[i];

        if (!strcmp(s->id, id)) {
            return s;
        }
    }
    return NULL;
}

bool redfish_push_id_is_good(const char *id)
{
    size_t len = strlen(id);

    return len && len < REDFISH_PUSH_ID &&
           strspn(id, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-") == len;
}

bool redfish_push_add(RedfishPush *push, struct json_object *wish,
                      char ret_id[REDFISH_PUSH_ID], GError **error)
{
    uint64_t after = fmd_events_last(push->fmd);
    Subscription *s = NULL;
    bool good = false;

    g_strlcpy(ret_id, node_get_text(wish, "Id"), REDFISH_PUSH_ID);
    if (!*ret_id) {
        fmd_uuid_random(ret_id);
    }
    g_mutex_lock(&push->lock);
    if (push->list->len < REDFISH_PUSH_MAX && !push_find(push, ret_id)) {
        /* It sends nothing before the lock is let go. */
        s = push_begin(push, ret_id, push_copy(wish), after);
        good = push_save(push, error);
    }
    if (s && !good) {
        push_end(s);
        g_ptr_array_remove(push->list, s);
    }
    g_mutex_unlock(&push->lock);
    if (s && !good) {
        push_free(s);
    }
    return good;
}

bool redfish_push_change(RedfishPush *push, const char *id,
                         struct json_object *change, GError **error)
{
    struct json_object *wish, *mine = push_copy(change);
    Subscription *s;
    bool good = false;

    g_mutex_lock(&push->lock);
    s = push_find(push, id);
    if (s) {
        /* The old one may be in use. */
        wish = push_copy(s->wish);
        json_object_object_foreach(mine, name, new) {
            json_object_object_add(wish, name, json_object_get(new));
        }
        json_object_put(mine);
        mine = s->wish;
        s->wish = wish;
        good = push_save(push, error);
        if (!good) {
            s->wish = mine;
            mine = wish;
        }
    }
    json_object_put(mine);
    g_mutex_unlock(&push->lock);
    return good;
}

bool redfish_push_remove(RedfishPush *push, const char *id, GError **error)
{
    Subscription *s;
    bool good = false;

    g_mutex_lock(&push->lock);
    s = push_find(push, id);
    if (s) {
        g_ptr_array_remove(push->list, s);
        good = push_save(push, error);
    }
    if (good) {
        push_end(s);
        g_cond_broadcast(&push->wake);
    } else if (s) {
        g_ptr_array_add(push->list, s);
    }
    g_mutex_unlock(&push->lock);
    if (good) {
        push_free(s);
    }
    return good;
}

GPtrArray *redfish_push_list(RedfishPush *push)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    unsigned i;

    g_mutex_lock(&push->lock);
    for (i = 0; i < push->list->len; i++) {
        g_ptr_array_add(list, g_strdup(
            ((Subscription *)push->list->pdata[i])->id));
    }
    g_mutex_unlock(&push->lock);
    return list;
}

struct json_object *redfish_push_get(RedfishPush *push, const char *id,
                                     bool *ret_suspended)
{
    struct json_object *wish = NULL;
    Subscription *s;

    g_mutex_lock(&push->lock);
    s = push_find(push, id);
    if (s) {
        wish = push_copy(s->wish);
        *ret_suspended = s->suspended;
    }
    g_mutex_unlock(&push->lock);
    return wish;
}
