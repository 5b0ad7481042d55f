/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of a struct as members of a JSON object, by a table */
#ifndef CXLFM_FMD_MEMBER_H
#define CXLFM_FMD_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>
#include "cxlfm.h"

struct json_object;

typedef enum CxlfmKind {
    CXLFM_KIND_NUMBER,            /* unsigned, of @size bytes */
    CXLFM_KIND_KNOWN,             /* uint64_t, CXLFM_UNKNOWN is null */
    CXLFM_KIND_BOOL,
    CXLFM_KIND_TAG,               /* zeros are null */
    CXLFM_KIND_WORD,              /* uint8_t, one of @words */
    CXLFM_KIND_TEXT,              /* char *, freed by g_free() */
    CXLFM_KIND_HOSTS,             /* a bit for each of 256 hosts; a list */
} CxlfmKind;

typedef struct CxlfmMember {
    const char *key;              /* NULL ends a table */
    CxlfmKind kind;
    size_t at, size;
    const char *const *words;     /* ends with NULL */
    bool optional;                /* stays as it is without, or with null */
    uint64_t max;                 /* of a number; 0: what fits, and 2^63 - 1 */
} CxlfmMember;

#define CXLFM_MEMBER(type, member, json_key, json_kind, ...) \
    { .key = json_key, .kind = CXLFM_KIND_##json_kind, \
      .at = offsetof(struct type, member), \
      .size = sizeof(((struct type *)NULL)->member), __VA_ARGS__ }

/* All members of @table in an object that is the caller's */
struct json_object *cxlfm_members_write(const CxlfmMember *table,
                                        const void *from);
/*
 * NULL, or what is wrong. @others: keys that are not in the table and yet may
 * be there, ending with NULL; @others NULL: any.
 */
const char *cxlfm_members_read(const CxlfmMember *table,
                               struct json_object *from,
                               const char *const *others, void *fill);
/* Free what reading has put into texts. */
void cxlfm_members_clear(const CxlfmMember *table, void *of);

/* The list @key of @o, NULL when there is none: length and elements */
size_t cxlfm_list_length(struct json_object *o, const char *key);
struct json_object *cxlfm_list_at(struct json_object *o, const char *key,
                                  size_t at);

/* @count structs of @size bytes at @from, as the list @key of @o */
void cxlfm_list_write(struct json_object *o, const char *key,
                      const CxlfmMember *table, const void *from,
                      size_t count, size_t size);
/*
 * The list @key into @fill, which has zeros and room for all. NULL, or what is
 * wrong.
 */
const char *cxlfm_list_read(struct json_object *o, const char *key,
                            const CxlfmMember *table, void *fill, size_t size);

#endif /* CXLFM_FMD_MEMBER_H */
