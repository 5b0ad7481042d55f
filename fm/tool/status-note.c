/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status finds: a sentence for people, and a code for programs */
#include <json-c/json.h>
#include <stdarg.h>
#include "status-note.h"

void status_notes_init(StatusNotes *notes)
{
    unsigned i;

    for (i = 0; i < STATUS_KINDS; i++) {
        notes->lines[i] = g_ptr_array_new_with_free_func(g_free);
    }
    notes->items = json_object_new_array();
}

void status_notes_clear(StatusNotes *notes)
{
    unsigned i;

    for (i = 0; i < STATUS_KINDS; i++) {
        g_ptr_array_unref(notes->lines[i]);
    }
    json_object_put(notes->items);
}

struct json_object *status_note(StatusNotes *notes, StatusKind kind,
                                const char *code, const char *format, ...)
{
    static const char *const kinds[] = { "pool", "waiting", "problem" };
    struct json_object *o = json_object_new_object();
    va_list args;
    char *line, *c;

    va_start(args, format);
    line = g_strdup_vprintf(format, args);
    va_end(args);
    /* Names and messages of others are not for our terminal. */
    for (c = line; *c; c++) {
        if (g_ascii_iscntrl(*c)) {
            *c = ' ';
        }
    }
    g_ptr_array_add(notes->lines[kind], line);
    status_note_text(o, "kind", kinds[kind]);
    status_note_text(o, "code", code);
    status_note_text(o, "text", line);
    json_object_array_add(notes->items, o);
    return o;
}

void status_note_text(struct json_object *note, const char *key,
                      const char *value)
{
    json_object_object_add(note, key, json_object_new_string(value));
}

void status_note_number(struct json_object *note, const char *key,
                        guint64 value)
{
    json_object_object_add(note, key, json_object_new_uint64(value));
}
