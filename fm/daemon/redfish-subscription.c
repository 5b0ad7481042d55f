/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EventService and its subscriptions
 */
#include <string.h>
#include "redfish-listener.h"
#include "redfish-push.h"
#include "redfish-tree.h"

#define PATH_SUBSCRIPTIONS "/EventService/Subscriptions"
#define TEXT_MAX           1024
#define LIST_MAX           32
#define HEADER_MAX         16

struct json_object *redfish_event_service(RedfishView *view, char *const *part)
{
    struct json_object *to = node_new("EventService.v1_7_0.EventService",
                                      "EventService", "Events",
                                      "/EventService"), *filter;
    static const char *const filters[] = {
        "EventFormatType", "MessageId", "MetricReportDefinition",
        "OriginResource", "RegistryPrefix", "ResourceType",
        "SubordinateResources",
    };
    unsigned i;

    node_bool(to, "ServiceEnabled", true);
    node_number(to, "DeliveryRetryAttempts", REDFISH_PUSH_ATTEMPTS);
    node_number(to, "DeliveryRetryIntervalSeconds", REDFISH_PUSH_INTERVAL);
    node_texts(to, "EventFormatTypes", "Event", NULL);
    node_texts(to, "RegistryPrefixes", "ResourceEvent", NULL);
    node_texts(to, "ResourceTypes", "MemoryChunks", "ComputerSystem", "Chassis",
               NULL);
    node_bool(to, "SubordinateResourcesSupported", true);
    node_bool(to, "IncludeOriginOfConditionSupported", false);
    node_text(to, "ServerSentEventUri", REDFISH_ROOT "/EventService/SSE");
    filter = node_object(to, "SSEFilterPropertiesSupported");
    for (i = 0; i < G_N_ELEMENTS(filters); i++) {
        node_bool(filter, filters[i], false);
    }
    node_status(to, "Enabled", "OK");
    node_link(to, "Subscriptions", PATH_SUBSCRIPTIONS);
    return to;
}

static RedfishPush *subscription_push(HttpRequest *request)
{
    return redfish_of(request)->push;
}

struct json_object *redfish_subscriptions(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("EventDestinationCollection",
                                             "Subscriptions",
                                             PATH_SUBSCRIPTIONS);
    g_autoptr(GPtrArray) list = redfish_push_list(
        subscription_push(view->request));
    g_autoptr(GPtrArray) streams = redfish_listener_list(
        redfish_of(view->request)->listeners);
    unsigned i;

    for (i = 0; i < list->len; i++) {
        node_member(to, PATH_SUBSCRIPTIONS "/%s", (char *)list->pdata[i]);
    }
    for (i = 0; i < streams->len; i++) {
        node_member(to, PATH_SUBSCRIPTIONS "/%s", (char *)streams->pdata[i]);
    }
    return to;
}

/* Who reads the stream now */
static struct json_object *subscription_stream(RedfishView *view,
                                               const char *id)
{
    struct json_object *to;

    if (!redfish_listener_is_welcome(redfish_of(view->request)->listeners,
                                     id)) {
        return NULL;
    }
    to = node_new("EventDestination.v1_11_0.EventDestination", id,
                  "Reader of the stream", PATH_SUBSCRIPTIONS "/%s", id);
    node_text(to, "Destination", "redfish-sse://client");
    node_text(to, "Context", id);
    node_text(to, "Protocol", "Redfish");
    node_text(to, "SubscriptionType", "SSE");
    node_text(to, "EventFormatType", "Event");
    node_status(to, "Enabled", "OK");
    return to;
}

struct json_object *redfish_subscription(RedfishView *view, char *const *part)
{
    static const char *const more[] = {
        "EventTypes", "RegistryPrefixes", "ResourceTypes", "OriginResources",
    };
    struct json_object *to, *wish;
    bool suspended = false;
    unsigned i;

    wish = redfish_push_get(subscription_push(view->request), part[0],
                            &suspended);
    if (!wish) {
        return subscription_stream(view, part[0]);
    }
    to = node_new("EventDestination.v1_11_0.EventDestination", part[0],
                  "Subscription", PATH_SUBSCRIPTIONS "/%s", part[0]);
    node_text(to, "Destination", node_get_text(wish, "Destination"));
    node_text(to, "Context", node_get_text(wish, "Context"));
    node_text(to, "Protocol", "Redfish");
    node_text(to, "SubscriptionType", "RedfishEvent");
    node_text(to, "EventFormatType", "Event");
    node_text(to, "DeliveryRetryPolicy",
              node_get_text(wish, "DeliveryRetryPolicy"));
    node_bool(to, "VerifyCertificate", node_get_bool(wish,
                                                     "VerifyCertificate"));
    node_bool(to, "SubordinateResources",
              node_get_bool(wish, "SubordinateResources"));
    /* They may have secrets in them. */
    node_array(to, "HttpHeaders");
    for (i = 0; i < G_N_ELEMENTS(more); i++) {
        struct json_object *list = node_get(wish, more[i]);

        if (node_count(list)) {
            json_object_object_add(to, more[i], json_object_get(list));
        }
    }
    node_status(to, suspended ? "Disabled" : "Enabled", suspended ? "Warning" :
                "OK");
    json_object_put(wish);
    return to;
}

/* --- What is asked for --- */

/* NULL: good; else the message of Base that says what is wrong. */
typedef const char *(*SubscriptionCheck)(struct json_object *value);

static const char *check_text(struct json_object *value)
{
    return !json_object_is_type(value, json_type_string) ?
           "PropertyValueTypeError" :
           json_object_get_string_len(value) > TEXT_MAX ?
           "PropertyValueFormatError" : NULL;
}

static const char *check_destination(struct json_object *value)
{
    const char *bad = check_text(value), *scheme;
    g_autoptr(GUri) uri = NULL;

    if (bad) {
        return bad;
    }
    uri = g_uri_parse(json_object_get_string(value), G_URI_FLAGS_NONE, NULL);
    scheme = uri ? g_uri_get_scheme(uri) : "";
    if ((strcmp(scheme, "http") && strcmp(scheme, "https")) ||
        !g_uri_get_host(uri) || !*g_uri_get_host(uri) ||
        g_uri_get_userinfo(uri) || g_uri_get_fragment(uri)) {
        return "PropertyValueFormatError";
    }
    return NULL;
}

static const char *check_in(struct json_object *value, const char *const *words)
{
    const char *bad = check_text(value);

    return bad ? bad : g_strv_contains(words, json_object_get_string(value)) ?
           NULL : "PropertyValueNotInList";
}

static const char *check_protocol(struct json_object *value)
{
    static const char *const words[] = { "Redfish", NULL };

    return check_in(value, words);
}

static const char *check_type(struct json_object *value)
{
    static const char *const words[] = { "RedfishEvent", NULL };

    return check_in(value, words);
}

static const char *check_format(struct json_object *value)
{
    static const char *const words[] = { "Event", NULL };

    return check_in(value, words);
}

static const char *check_policy(struct json_object *value)
{
    static const char *const words[] = { "TerminateAfterRetries",
                                         "SuspendRetries", "RetryForever",
                                         NULL };

    return check_in(value, words);
}

static const char *check_bool(struct json_object *value)
{
    return json_object_is_type(value, json_type_boolean) ? NULL :
           "PropertyValueTypeError";
}

static const char *check_list(struct json_object *value,
                              SubscriptionCheck check)
{
    const char *bad = NULL;
    size_t i;

    if (!json_object_is_type(value, json_type_array)) {
        return "PropertyValueTypeError";
    }
    if (node_count(value) > LIST_MAX) {
        return "PropertyValueOutOfRange";
    }
    for (i = 0; !bad && i < node_count(value); i++) {
        bad = check(node_at(value, i));
    }
    return bad;
}

static const char *check_event_type(struct json_object *value)
{
    static const char *const words[] = {
        "StatusChange", "ResourceUpdated", "ResourceAdded", "ResourceRemoved",
        "Alert", "Other", NULL
    };

    return check_in(value, words);
}

static const char *check_event_types(struct json_object *value)
{
    return check_list(value, check_event_type);
}

static const char *check_texts(struct json_object *value)
{
    return check_list(value, check_text);
}

static const char *check_link(struct json_object *value)
{
    return *node_get_text(value, "@odata.id") ? NULL :
           "PropertyValueFormatError";
}

static const char *check_links(struct json_object *value)
{
    return check_list(value, check_link);
}

/* {"Name": "value"}: not those that the message itself needs */
static const char *check_header(struct json_object *value)
{
    static const char *const ours[] = { "host", "content-length", "connection",
                                        "content-type", "transfer-encoding",
                                        "expect", NULL };

    if (!json_object_is_type(value, json_type_object) ||
        json_object_object_length(value) > HEADER_MAX) {
        return "PropertyValueTypeError";
    }
    json_object_object_foreach(value, name, text) {
        g_autofree char *lower = g_ascii_strdown(name, -1);
        const char *c = json_object_is_type(text, json_type_string) ?
                        json_object_get_string(text) : "\n";

        if (!*lower || strlen(lower) > 64 || g_strv_contains(ours, lower) ||
            lower[strspn(lower, G_CSET_a_2_z G_CSET_DIGITS "-_")] ||
            strlen(c) > TEXT_MAX || strpbrk(c, "\r\n")) {
            return "PropertyValueFormatError";
        }
    }
    return NULL;
}

static const char *check_headers(struct json_object *value)
{
    return check_list(value, check_header);
}

static const char *check_id(struct json_object *value)
{
    const char *bad = check_text(value), *id = json_object_get_string(value);

    return bad ? bad : !redfish_push_id_is_good(id) ||
           g_str_has_prefix(id, REDFISH_LISTENER_ID) ?
           "PropertyValueFormatError" : NULL;
}

/* {"CxlDcd": {"Announce": where Sunfish reaches us}}; others' are theirs. */
static const char *check_oem(struct json_object *value)
{
    struct json_object *ours = node_get(value, REDFISH_OEM);

    if (!json_object_is_type(value, json_type_object)) {
        return "PropertyValueTypeError";
    }
    if (json_object_is_type(ours, json_type_object)) {
        json_object_object_foreach(ours, key, where) {
            const char *bad = strcmp(key, "Announce") ?
                              strchr(key, '@') ? NULL : "PropertyUnknown" :
                              check_destination(where);

            if (bad) {
                return bad;
            }
        }
    }
    return NULL;
}

static const struct {
    const char *key;
    SubscriptionCheck check;
    bool kept, later;             /* in the file; may be changed by PATCH */
} members[] = {
    { "Destination", check_destination, true, false },
    { "Context", check_text, true, true },
    { "Protocol", check_protocol, false, false },
    { "SubscriptionType", check_type, false, false },
    { "EventFormatType", check_format, false, false },
    { "DeliveryRetryPolicy", check_policy, true, true },
    { "VerifyCertificate", check_bool, true, true },
    { "EventTypes", check_event_types, true, false },
    { "RegistryPrefixes", check_texts, true, false },
    { "ResourceTypes", check_texts, true, false },
    { "OriginResources", check_links, true, false },
    { "SubordinateResources", check_bool, true, false },
    { "HttpHeaders", check_headers, true, true },
    { "Id", check_id, true, false },
    { "Name", check_text, false, false },
    { "Oem", check_oem, false, false },
};

/* What is kept of the body; NULL: it was answered. */
static struct json_object *subscription_read(HttpRequest *request, bool later)
{
    struct json_object *wish = json_object_new_object();

    json_object_object_foreach(request->body, key, value) {
        const char *bad = "PropertyUnknown";
        unsigned i;

        if (strchr(key, '@')) {
            continue;
        }
        for (i = 0; i < G_N_ELEMENTS(members); i++) {
            if (!strcmp(members[i].key, key) && (!later || members[i].later)) {
                bad = members[i].check(value);
                if (!bad && members[i].kept) {
                    json_object_object_add(wish, key, json_object_get(value));
                }
            }
        }
        if (bad && !strcmp(bad, "PropertyUnknown")) {
            redfish_fail(request, 400, bad, NULL, key, NULL);
        } else if (bad) {
            redfish_fail(request, 400, bad, "a destination is http://HOST/... "
                         "or https://HOST/...; lists have 32 members at most, "
                         "texts 1024 bytes", !strcmp(key, "HttpHeaders") ?
                         "******" : json_object_to_json_string(value), key,
                         NULL);
        }
        if (bad) {
            json_object_put(wish);
            return NULL;
        }
    }
    return wish;
}

static void subscription_not_kept(HttpRequest *request, GError *error)
{
    g_warning("subscriptions are not kept: %s", error->message);
    redfish_fail(request, 507, "InsufficientStorage", error->message, NULL);
    g_error_free(error);
}

static bool subscription_is_there(HttpRequest *request, const char *id)
{
    bool suspended, there;
    struct json_object *wish = redfish_push_get(subscription_push(request), id,
                                                &suspended);

    there = wish;
    json_object_put(wish);
    return there;
}

void redfish_subscription_post(HttpRequest *request)
{
    static const char *const needed[] = { "Destination", "Protocol" };
    struct json_object *wish = subscription_read(request, false);
    char id[REDFISH_PUSH_ID], *part[] = { id, NULL };
    struct json_object *announce;
    GError *error = NULL;
    RedfishView view;
    unsigned i;
    bool added;

    if (!wish) {
        return;
    }
    announce = node_get(node_get(node_get(request->body, "Oem"), REDFISH_OEM),
                        "Announce");
    if (announce) {
        json_object_object_add(wish, "Announce", json_object_get(announce));
    }
    for (i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!node_get(request->body, needed[i])) {
            redfish_fail(request, 400, "PropertyMissing", NULL, needed[i],
                         NULL);
            json_object_put(wish);
            return;
        }
    }
    if (!node_get(wish, "DeliveryRetryPolicy")) {
        node_text(wish, "DeliveryRetryPolicy", "SuspendRetries");
    }
    added = redfish_push_add(subscription_push(request), wish, id, &error);
    json_object_put(wish);
    if (!added) {
        if (error) {
            subscription_not_kept(request, error);
        } else if (subscription_is_there(request, id)) {
            redfish_fail(request, 409, "ResourceInUse", "there is one of that "
                         "Id: change or delete it", NULL);
        } else {
            redfish_fail(request, 503, "EventSubscriptionLimitExceeded", NULL,
                         NULL);
        }
        return;
    }
    g_info("%s: subscription %s", request->who, id);
    redfish_view_begin(&view, request);
    redfish_answer(request, 201, redfish_subscription(&view, part));
    redfish_view_end(&view);
    request->location = g_strdup_printf(REDFISH_ROOT PATH_SUBSCRIPTIONS "/%s",
                                        id);
}

static void subscription_missing(HttpRequest *request)
{
    redfish_fail(request, 404, "ResourceMissingAtURI", NULL, request->path,
                 NULL);
}

/* With the lock of changes */
static void subscription_change(HttpRequest *request)
{
    struct json_object *wish;
    GError *error = NULL;
    RedfishView view;
    bool changed;

    wish = redfish_if_match(request) ? subscription_read(request, true) : NULL;
    if (!wish) {
        return;
    }
    changed = redfish_push_change(subscription_push(request),
                                  request->segments[0], wish, &error);
    json_object_put(wish);
    if (error) {
        subscription_not_kept(request, error);
    } else if (!changed) {
        subscription_missing(request);
    } else {
        redfish_view_begin(&view, request);
        redfish_answer(request, 200, redfish_subscription(
            &view, request->segments));
        redfish_view_end(&view);
    }
}

/* The same */
static void subscription_end(HttpRequest *request)
{
    GError *error = NULL;
    bool removed;

    if (!redfish_if_match(request)) {
        return;
    }
    if (redfish_listener_end(redfish_of(request)->listeners,
                             request->segments[0])) {
        http_streams_wake(((Api *)request->opaque)->http);
        http_answer_empty(request, 204);
        return;
    }
    removed = redfish_push_remove(subscription_push(request),
                                  request->segments[0], &error);
    if (error) {
        subscription_not_kept(request, error);
    } else if (!removed) {
        subscription_missing(request);
    } else {
        g_info("%s: subscription %s ends", request->who, request->segments[0]);
        http_answer_empty(request, 204);
    }
}

/* Between If-Match and the change nobody else changes anything. */
static void subscription_alone(HttpRequest *request,
                               void (*change)(HttpRequest *request))
{
    Redfish *redfish = redfish_of(request);

    g_mutex_lock(&redfish->change);
    change(request);
    g_mutex_unlock(&redfish->change);
}

void redfish_subscription_patch(HttpRequest *request)
{
    subscription_alone(request, subscription_change);
}

void redfish_subscription_delete(HttpRequest *request)
{
    subscription_alone(request, subscription_end);
}
