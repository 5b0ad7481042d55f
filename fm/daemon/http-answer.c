/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers: what routes say
 */
#include <json-c/json.h>
#include <stdarg.h>
#include <string.h>
#include "http.h"

void http_answer_text(HttpRequest *request, unsigned status, const char *type,
                      char *text)
{
    g_free(request->text);
    request->status = status;
    request->type = type;
    request->text = text;
    request->text_len = text ? strlen(text) : 0;
}

void http_answer_json(HttpRequest *request, unsigned status,
                      struct json_object *object)
{
    const char *said = json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    char *text = g_strconcat(said, "\n", NULL);

    /* What devices and files say may be none, and would spoil all of it. */
    if (!g_utf8_validate(text, -1, NULL)) {
        char *valid = g_utf8_make_valid(text, -1);

        g_free(text);
        text = valid;
    }
    http_answer_text(request, status, "application/json", text);
    json_object_put(object);
}

void http_answer_empty(HttpRequest *request, unsigned status)
{
    http_answer_text(request, status, NULL, NULL);
}

void http_answer_header(HttpRequest *request, const char *name,
                        const char *value)
{
    if (!request->headers) {
        request->headers = g_ptr_array_new_with_free_func(g_free);
    }
    g_ptr_array_add(request->headers, g_strdup(name));
    g_ptr_array_add(request->headers, g_strdup(value));
}

struct json_object *http_error_object(const char *code, const char *what_to_do,
                                      const char *message)
{
    struct json_object *outer = json_object_new_object();
    struct json_object *inner = json_object_new_object();
    /* It may quote what was sent, and cut that within a character. */
    g_autofree char *valid = g_utf8_make_valid(message, -1);

    json_object_object_add(inner, "code", json_object_new_string(code));
    json_object_object_add(inner, "message", json_object_new_string(valid));
    json_object_object_add(inner, "what_to_do",
                           json_object_new_string(what_to_do));
    json_object_object_add(outer, "error", inner);
    return outer;
}

void http_answer_error(HttpRequest *request, unsigned status, const char *code,
                       const char *what_to_do, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    http_answer_json(request, status,
                     http_error_object(code, what_to_do, message));
    g_clear_pointer(&request->etag, g_free);
}
