/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GET /v1/events: what happens, as server-sent events
 *
 * A stream is a place in the core's list of events. A client that comes back
 * with Last-Event-ID goes on at its place; when the list does not reach back
 * that far it is told "lost" and reads everything anew.
 */
#include <string.h>
#include "api-call.h"

#define BATCH       100          /* events a turn, wanted or not */
#define HEARTBEAT   (15 * G_USEC_PER_SEC)

typedef struct Sse {
    struct fmd *fmd;
    uint64_t after;               /* the last event that was looked at */
    bool greeted;
    bool lost;                    /* it asks for what is not there */
    char **kinds;                 /* NULL: all */
    char *object;                 /* NULL: any */
    gint64 said;                  /* when something was said last */
} Sse;

static void sse_free(gpointer data)
{
    Sse *sse = data;

    g_strfreev(sse->kinds);
    g_free(sse->object);
    g_free(sse);
}

static void sse_append(GString *text, uint64_t id, const char *kind,
                       struct json_object *data)
{
    g_string_append_printf(text, "id: %" G_GUINT64_FORMAT "\nevent: %s\n"
                           "data: %s\n\n", id, kind,
                           json_object_to_json_string_ext(
                               data, JSON_C_TO_STRING_PLAIN |
                               JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(data);
}

/* From where it goes on: a client that knows that misses nothing after. */
static void sse_place(GString *text, const Sse *sse, const char *kind)
{
    struct json_object *data = json_object_new_object();

    json_object_object_add(data, "after", json_object_new_uint64(sse->after));
    sse_append(text, sse->after, kind, data);
}

static bool sse_wants(const Sse *sse, const fmd_event *event)
{
    return (!sse->kinds ||
            g_strv_contains((const char *const *)sse->kinds, event->kind)) &&
           (!sse->object || !strcmp(sse->object, event->object));
}

static HttpStreamNext sse_next(GString *text, void *opaque)
{
    gint64 now = g_get_monotonic_time();
    g_autoptr(GPtrArray) events = NULL;
    Sse *sse = opaque;
    bool lost = false;
    unsigned i;

    fmd_events(sse->fmd, sse->after, BATCH, &events, &lost);
    if (!sse->greeted) {
        g_string_append(text, "retry: 1000\n");
        lost |= sse->lost;
    }
    if (lost || !sse->greeted) {
        sse_place(text, sse, lost ? "lost" : "hello");
    }
    sse->greeted = true;
    for (i = 0; i < events->len; i++) {
        const fmd_event *event = events->pdata[i];

        sse->after = event->id;
        if (sse_wants(sse, event)) {
            sse_append(text, event->id, event->kind, fmd_event_json(event));
        }
    }
    if (!text->len && now - sse->said >= HEARTBEAT) {
        /* No event, but a place to come back to: past what was not wanted */
        g_string_append_printf(text, "id: %" G_GUINT64_FORMAT "\n\n",
                               sse->after);
    }
    sse->said = text->len ? now : sse->said;
    return events->len == BATCH ? HTTP_STREAM_GOES_ON : HTTP_STREAM_WAITS;
}

/* Where to begin: Last-Event-ID, else ?after=, else now. False: answered. */
static bool sse_begin(HttpRequest *request, uint64_t *ret_after,
                      bool *ret_lost)
{
    const char *text = request->last_event_id ? request->last_event_id :
                       g_hash_table_lookup(request->query, "after");
    uint64_t last = fmd_events_last(api_fmd(request));

    *ret_after = last;
    *ret_lost = false;
    if (!text) {
        return true;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, ret_after,
                                    NULL)) {
        http_answer_error(request, 400, "bad-event-id",
                          "send the id of an event, or none to begin now",
                          "'%.32s' is no id of an event", text);
        return false;
    }
    /* Of another life of the daemon, whose events are gone */
    if (*ret_after > last) {
        *ret_after = last;
        *ret_lost = true;
    }
    return true;
}

void api_events(HttpRequest *request)
{
    Api *api = request->opaque;
    const char *kinds = g_hash_table_lookup(request->query, "kind");
    const char *object = g_hash_table_lookup(request->query, "object");
    uint64_t after;
    bool lost;
    Sse *sse;

    if (!sse_begin(request, &after, &lost)) {
        return;
    }
    sse = g_new0(Sse, 1);
    sse->fmd = api->fmd;
    sse->after = after;
    sse->lost = lost;
    sse->kinds = kinds ? g_strsplit(kinds, ",", -1) : NULL;
    sse->object = g_strdup(object);
    http_answer_stream(api->http, request, "text/event-stream", sse_next, sse,
                       sse_free);
}
