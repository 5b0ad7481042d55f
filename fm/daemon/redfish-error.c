/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers that say no, in the words of DMTF's message registry Base
 */
#include <json-c/json.h>
#include <stdarg.h>
#include <string.h>
#include "api-call.h"
#include "redfish-error.h"
#include "redfish-node.h"

typedef struct Message {
    const char *key;
    const char *severity;
    const char *text;             /* "%1" and so on are arguments */
    const char *resolution;
} Message;

#define ARGS_MAX 4

static const Message messages[] = {
    { "GeneralError", "Critical", "A general error has occurred.  See "
      "Resolution for information on how to resolve the error.", "None." },
    { "ActionNotSupported", "Critical", "The action %1 is not supported by the "
      "resource.", "Take an action of the resource's Actions." },
    { "HeaderInvalid", "Critical", "Header '%1' is invalid.",
      "Send the request again with a proper header." },
    { "InsufficientPrivilege", "Critical", "There are insufficient privileges "
      "for the account or credentials associated with the current session to "
      "perform the requested operation.", "Ask whoever runs the daemon for a "
      "token with a higher role." },
    { "InsufficientStorage", "Critical", "Insufficient storage or memory "
      "available to complete the request.", "Make room on the disk of the "
      "store." },
    { "MalformedJSON", "Critical", "The request body submitted was malformed "
      "JSON and could not be parsed by the receiving service.",
      "Send one JSON object." },
    { "NoValidSession", "Critical", "There is no valid session established "
      "with the implementation.", "Establish a session, or send a token." },
    { "OperationNotAllowed", "Critical", "The HTTP method is not allowed on "
      "this resource.", "None." },
    { "OperationTimeout", "Critical", "A timeout internal to the service "
      "occured as part of the request.  Partial results may have been "
      "returned.", "Read it, or send the same again." },
    { "PreconditionFailed", "Critical", "The ETag supplied did not match the "
      "ETag required to change this resource.", "Read it again: its ETag is "
      "another than your If-Match." },
    { "PropertyMissing", "Warning", "The property %1 is a required property "
      "and must be included in the request.", "Send the request again with "
      "it." },
    { "PropertyUnknown", "Warning", "The property %1 is not in the list of "
      "valid properties for the resource.", "Send the request again without "
      "it." },
    { "PropertyValueFormatError", "Warning", "The value '%1' for the property "
      "%2 is not a format that the property can accept.", "Send the request "
      "again with a proper value." },
    { "PropertyValueNotInList", "Warning", "The value '%1' for the property "
      "%2 is not in the list of acceptable values.", "Send the request again "
      "with one of them." },
    { "PropertyValueOutOfRange", "Warning", "The value '%1' for the property "
      "%2 is not in the supported range of acceptable values.",
      "Send the request again with one in that range." },
    { "PropertyValueTypeError", "Warning", "The value '%1' for the property %2 "
      "is not a type that the property can accept.", "Send the request again "
      "with a proper value." },
    { "QueryNotSupported", "Warning", "Querying is not supported by the "
      "implementation.", "Leave the query out, or use those that "
      "ProtocolFeaturesSupported of the service root has." },
    { "QueryNotSupportedOnResource", "Warning", "Querying is not supported on "
      "the requested resource.", "Leave $top, $skip and only out, or ask a "
      "collection." },
    { "QueryParameterValueFormatError", "Warning", "The value '%1' for the "
      "parameter %2 is not a format that the parameter can accept.",
      "Send the request again with a proper value." },
    { "ResourceAtUriUnauthorized", "Critical", "While accessing the resource "
      "at '%1', the service received an authorization error '%2'.",
      "Send a token of the daemon's tokens file, or a session's." },
    { "ResourceCannotBeDeleted", "Critical", "The delete request failed "
      "because the resource requested cannot be deleted.", "Do not attempt to "
      "delete it." },
    { "ResourceInUse", "Warning", "The change to the requested resource failed "
      "because the resource is in use or in transition.", "Read it, then "
      "decide." },
    { "ResourceMissingAtURI", "Critical", "The resource at the URI '%1' was "
      "not found.", "List what there is: the service root leads everywhere." },
    { "ServiceTemporarilyUnavailable", "Critical", "The service is temporarily "
      "unavailable.  Retry in %1 seconds.", "Wait, and send it again." },
    { "SessionLimitExceeded", "Critical", "The session establishment failed "
      "due to the number of simultaneous sessions exceeding the limit of the "
      "implementation.", "End other sessions." },
    { "EventSubscriptionLimitExceeded", "Critical", "The event subscription "
      "failed due to the number of simultaneous subscriptions exceeding the "
      "limit of the implementation.", "End other subscriptions." },
    { NULL },
};

/* What codes of the server are here */
static const struct {
    const char *code, *key;
    unsigned status;              /* 0: stays */
} codes[] = {
    { "bad-certificate", "ResourceAtUriUnauthorized", 0 },
    { "bad-if-match", "HeaderInvalid", 0 },
    { "bad-json", "MalformedJSON", 0 },
    { "bad-method", "OperationNotAllowed", 0 },
    { "bad-origin", "InsufficientPrivilege", 0 },
    { "bad-token", "ResourceAtUriUnauthorized", 0 },
    { "busy", "ServiceTemporarilyUnavailable", 0 },
    { "conflict", "ResourceInUse", 0 },
    { "exists", "PreconditionFailed", 0 },
    { "forbidden", "InsufficientPrivilege", 0 },
    { "full", "InsufficientStorage", 0 },
    { "invalid", "GeneralError", 400 },
    { "no-such-path", "ResourceMissingAtURI", 0 },
    { "no-token", "NoValidSession", 0 },
    { "not-found", "ResourceMissingAtURI", 0 },
    { "not-json", "HeaderInvalid", 0 },
    { "stale", "PreconditionFailed", 0 },
    { "too-fast", "ServiceTemporarilyUnavailable", 0 },
    { "too-many-streams", "ServiceTemporarilyUnavailable", 0 },
    { "unavailable", "ServiceTemporarilyUnavailable", 0 },
    { "unknown", "OperationTimeout", 0 },
};

static const Message *error_message(const char *key)
{
    const Message *m;

    for (m = messages; m->key && strcmp(m->key, key); m++) {
        continue;
    }
    g_assert(m->key);
    return m;
}

/* The text of @message with its arguments in it */
static char *error_text(const Message *message, const char *const *args,
                        unsigned count)
{
    GString *text = g_string_new(NULL);
    const char *at;

    for (at = message->text; *at; at++) {
        if (*at == '%' && at[1] > '0' && at[1] - '1' < (int)count) {
            g_string_append(text, args[*++at - '1']);
        } else {
            g_string_append_c(text, *at);
        }
    }
    return g_string_free(text, false);
}

static void error_answer(HttpRequest *request, unsigned status,
                         const char *key, const char *help,
                         const char *const *args, unsigned count)
{
    struct json_object *outer = json_object_new_object();
    struct json_object *error = node_object(outer, "error"), *info, *list;
    const Message *message = error_message(key);
    g_autofree char *text = error_text(message, args, count);
    g_autofree char *id = g_strconcat(REDFISH_BASE ".", key, NULL);
    /* Paths and queries are what somebody sent. */
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    unsigned i;

    node_text(error, "code", id);
    node_text(error, "message", valid);
    info = json_object_new_object();
    node_text(info, "@odata.type", "#Message.v1_1_2.Message");
    node_text(info, "MessageId", id);
    node_text(info, "Message", valid);
    list = node_array(info, "MessageArgs");
    for (i = 0; i < count; i++) {
        g_autofree char *arg = g_utf8_make_valid(args[i], -1);

        json_object_array_add(list, json_object_new_string(arg));
    }
    node_text(info, "MessageSeverity", message->severity);
    node_text(info, "Resolution", help ? help : message->resolution);
    json_object_array_add(node_array(error, "@Message.ExtendedInfo"), info);
    http_answer_json(request, status, outer);
    g_clear_pointer(&request->etag, g_free);
    g_clear_pointer(&request->location, g_free);
}

void redfish_fail(HttpRequest *request, unsigned status, const char *key,
                  const char *help, ...)
{
    const char *args[ARGS_MAX];
    unsigned count = 0;
    va_list list;

    va_start(list, help);
    while (count < ARGS_MAX && (args[count] = va_arg(list, const char *))) {
        count++;
    }
    va_end(list);
    error_answer(request, status, key, help, args, count);
}

/* What the server says in its own words */
static void error_translate(HttpRequest *request, const char *code,
                            const char *why, const char *what)
{
    g_autofree char *help = g_strdup_printf("%s: %s", why, what);
    g_autofree char *wait = g_strdup_printf("%u", MAX(request->retry_after,
                                                      1));
    const char *path = request->path ? request->path : "", *key =
        "GeneralError";
    unsigned i, status = request->status;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (!strcmp(codes[i].code, code)) {
            key = codes[i].key;
            status = codes[i].status ? codes[i].status : status;
        }
    }
    if (!strcmp(key, "ResourceMissingAtURI")) {
        redfish_fail(request, status, key, help, path, NULL);
    } else if (!strcmp(key, "ResourceAtUriUnauthorized")) {
        redfish_fail(request, status, key, help, path, why, NULL);
    } else if (!strcmp(key, "ServiceTemporarilyUnavailable")) {
        redfish_fail(request, status, key, help, wait, NULL);
    } else if (!strcmp(key, "HeaderInvalid")) {
        redfish_fail(request, status, key, help, !strcmp(code, "not-json") ?
                     "Content-Type" : "If-Match", NULL);
    } else {
        redfish_fail(request, status, key, help, NULL);
    }
}

static void error_dress(HttpRequest *request)
{
    struct json_object *o = request->text ? json_tokener_parse(request->text) :
                            NULL;
    struct json_object *error = node_get(o, "error");

    if (node_get(error, "what_to_do")) {
        error_translate(request, node_get_text(error, "code"),
                        node_get_text(error, "message"),
                        node_get_text(error, "what_to_do"));
    }
    json_object_put(o);
}

void redfish_fail_error(HttpRequest *request, GError *error)
{
    api_answer_error(request, error);
    error_dress(request);
}

/* "GET, POST" is "GET, HEAD, POST" */
static void error_allow(HttpRequest *request)
{
    g_auto(GStrv) methods = g_strsplit(request->allowed, ", ", -1);
    GString *text = g_string_new(NULL);
    unsigned i;

    for (i = 0; methods[i]; i++) {
        g_string_append_printf(text, "%s%s%s", i ? ", " : "", methods[i],
                               strcmp(methods[i], "GET") ? "" : ", HEAD");
    }
    http_answer_header(request, "Allow", text->str);
    g_string_free(text, true);
}

void redfish_dress(HttpRequest *request)
{
    if (request->status >= 400) {
        error_dress(request);
    }
    http_answer_header(request, "OData-Version", "4.0");
    if (request->allowed) {
        error_allow(request);
    }
    if (request->type && !strcmp(request->type, "application/json")) {
        request->type = "application/json; charset=utf-8";
    }
}
