/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said to people and read from them: failures, JSON members */
#ifndef CXL_FMD_WORDS_H
#define CXL_FMD_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <json-c/json.h>
#include "model.h"

/* Sets @error and returns false. */
bool fmd_fail(GError **error, enum fmd_error code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/*
 * Reading one object, member by member. The first fault stays; what is read
 * after it is a default. Members that nobody asked for are a fault at the end.
 */
struct fmd_reader {
    struct json_object *object;   /* NULL when the text is none */
    const char *what;             /* "claim" */
    GHashTable *asked;
    GError *error;
};

/* @uuid as in the key; "v" and "uuid" are read here. */
void fmd_read_begin(struct fmd_reader *reader, const char *what,
                    const char *uuid, const char *text);
/* False, with the first fault in @error, when there was one. */
bool fmd_read_end(struct fmd_reader *reader, GError **error);
void fmd_read_fail(struct fmd_reader *reader, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
/* NULL when it is not there or null */
struct json_object *fmd_read_any(struct fmd_reader *reader, const char *key);
/* At most FMD_TEXT_MAX bytes; "" when it is not there. Never NULL; owned. */
char *fmd_read_text(struct fmd_reader *reader, const char *key);
/* A UUID in lower case, or "" */
char *fmd_read_uuid(struct fmd_reader *reader, const char *key);
/* A whole number */
uint64_t fmd_read_number(struct fmd_reader *reader, const char *key,
                         uint64_t absent, uint64_t min, uint64_t max);
/* A whole number, or -1 for never: the word "never" */
int64_t fmd_read_never(struct fmd_reader *reader, const char *key,
                       int64_t absent, int64_t max);
/* Bytes: a whole number or a size as people write it */
uint64_t fmd_read_size(struct fmd_reader *reader, const char *key,
                       uint64_t absent);
double fmd_read_double(struct fmd_reader *reader, const char *key,
                       double absent, double min, double max);
bool fmd_read_bool(struct fmd_reader *reader, const char *key, bool absent);
/* The number of one of @names[0..count-1] */
unsigned fmd_read_word(struct fmd_reader *reader, const char *key,
                       const char *const *names, unsigned count,
                       unsigned absent);
/* Names and texts; never NULL */
GHashTable *fmd_read_labels(struct fmd_reader *reader, const char *key);
/* Texts; never NULL */
GPtrArray *fmd_read_texts(struct fmd_reader *reader, const char *key,
                          unsigned max);

/* --- Writing --- */

/* An object with "v" and, unless NULL, "uuid" */
struct json_object *fmd_write_begin(const char *uuid);
void fmd_write_text(struct json_object *to, const char *key, const char *text);
void fmd_write_number(struct json_object *to, const char *key, uint64_t value);
/* -1 is "never" */
void fmd_write_never(struct json_object *to, const char *key, int64_t value);
void fmd_write_bool(struct json_object *to, const char *key, bool value);
void fmd_write_labels(struct json_object *to, const char *key,
                      GHashTable *labels);
void fmd_write_texts(struct json_object *to, const char *key,
                     const GPtrArray *texts);
/* Frees @object. */
char *fmd_write_end(struct json_object *object);

#endif /* CXL_FMD_WORDS_H */
