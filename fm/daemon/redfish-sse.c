/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of Redfish as a stream, at ServerSentEventUri
 */
#include <string.h>
#include "redfish-event.h"
#include "redfish-listener.h"
#include "redfish-push.h"

#define BATCH       16           /* events a turn, Redfish's or not */
#define HEARTBEAT   (15 * G_USEC_PER_SEC)

typedef struct Listener {
    struct fmd *fmd;
    RedfishPlaces *places;
    RedfishListeners *listeners;
    char *id;                     /* of its subscription */
    uint64_t after;               /* event that it has */
    bool lost;                    /* it asks for what is not there */
    gint64 said;                  /* when something was said last */
} Listener;

static void sse_free(gpointer data)
{
    Listener *listener = data;

    redfish_listener_gone(listener->listeners, listener->id);
    g_free(listener->id);
    g_free(listener);
}

/* Takes over @record. */
static void sse_say(const Listener *listener, GString *text, uint64_t id,
                    struct json_object *record)
{
    /* Nobody chose a context for it, so it is the name of its subscription. */
    struct json_object *event = redfish_event_of(id, listener->id, record);

    g_string_append_printf(text, "id: %" G_GUINT64_FORMAT "\ndata: %s\n\n", id,
                           json_object_to_json_string_ext(
                               event, JSON_C_TO_STRING_PLAIN |
                               JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(event);
}

static HttpStreamNext sse_next(GString *text, void *opaque)
{
    gint64 now = g_get_monotonic_time();
    g_autoptr(GPtrArray) events = NULL;
    Listener *listener = opaque;
    bool lost = false;
    unsigned i;

    if (!redfish_listener_is_welcome(listener->listeners, listener->id)) {
        return HTTP_STREAM_ENDS;
    }
    if (!listener->said) {
        g_string_append(text, "retry: 1000\n\n");
    }
    fmd_events(listener->fmd, listener->after, BATCH, &events, &lost);
    if (lost || listener->lost) {
        sse_say(listener, text, listener->after,
                redfish_event_lost(listener->after));
        listener->lost = false;
    }
    for (i = 0; i < events->len; i++) {
        const fmd_event *event = events->pdata[i];
        struct json_object *record = redfish_event_record(
            listener->fmd, listener->places, event);

        listener->after = event->id;
        if (record) {
            sse_say(listener, text, event->id, record);
        }
    }
    if (!text->len && now - listener->said >= HEARTBEAT) {
        g_string_append_printf(text, "id: %" G_GUINT64_FORMAT "\n\n",
                               listener->after);
    }
    listener->said = text->len ? now : listener->said;
    return events->len == BATCH ? HTTP_STREAM_GOES_ON : HTTP_STREAM_WAITS;
}

void redfish_sse(HttpRequest *request)
{
    Api *api = request->opaque;
    uint64_t last = fmd_events_last(api->fmd);
    Listener *listener = g_new0(Listener, 1);

    listener->fmd = api->fmd;
    listener->places = redfish_push_places(api->redfish->push);
    listener->listeners = api->redfish->listeners;
    listener->id = redfish_listener_begin(listener->listeners);
    listener->after = last;
    if (request->last_event_id &&
        (!g_ascii_string_to_unsigned(request->last_event_id, 10, 0, G_MAXUINT64,
                                     &listener->after, NULL) ||
         listener->after > last)) {
        /* Of another life of the daemon */
        listener->after = last;
        listener->lost = true;
    }
    http_answer_stream(api->http, request, "text/event-stream", sse_next,
                       listener, sse_free);
}
