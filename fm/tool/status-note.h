/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status finds: a sentence for people, and a code for programs */
#ifndef CXL_FM_STATUS_NOTE_H
#define CXL_FM_STATUS_NOTE_H

#include <glib.h>

struct json_object;

typedef enum StatusKind {
    STATUS_POOL,
    STATUS_WAITING,                   /* somebody has to answer */
    STATUS_PROBLEM,                   /* somebody has to act */
    STATUS_KINDS,
} StatusKind;

typedef struct StatusNotes {
    GPtrArray *lines[STATUS_KINDS];
    struct json_object *items;        /* all of them, as found */
} StatusNotes;

void status_notes_init(StatusNotes *notes);
void status_notes_clear(StatusNotes *notes);
/*
 * One more: the sentence, without what a terminal would obey, and @code, which
 * is a promise (docs/fm.md). The object it becomes, which the caller may add
 * to; it belongs to @notes.
 */
struct json_object *status_note(StatusNotes *notes, StatusKind kind,
                                const char *code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Add @key to an object that status_note() gave. */
void status_note_text(struct json_object *note, const char *key,
                      const char *value);
void status_note_number(struct json_object *note, const char *key,
                        guint64 value);

#endif /* CXL_FM_STATUS_NOTE_H */
