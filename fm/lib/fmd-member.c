/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Members of a struct as members of a JSON object, by a table
 */
#include <json-c/json.h>
#include <string.h>
#include "fmd-member.h"

#define HOSTS 256

static uint64_t cxlfm_member_number(const CxlfmMember *m, const void *at)
{
    switch (m->size) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        return *(const uint16_t *)at;
    case 4:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static void cxlfm_member_set(const CxlfmMember *m, void *at, uint64_t value)
{
    switch (m->size) {
    case 1:
        *(uint8_t *)at = value;
        break;
    case 2:
        *(uint16_t *)at = value;
        break;
    case 4:
        *(uint32_t *)at = value;
        break;
    default:
        *(uint64_t *)at = value;
    }
}

static struct json_object *cxlfm_member_hosts(const uint8_t *bitmap)
{
    struct json_object *list = json_object_new_array();
    unsigned i;

    for (i = 0; i < HOSTS; i++) {
        if (bitmap[i / 8] >> i % 8 & 1) {
            json_object_array_add(list, json_object_new_int(i));
        }
    }
    return list;
}

static struct json_object *cxlfm_member_write(const CxlfmMember *m,
                                              const void *at)
{
    char text[CXLFM_TAG_TEXT];
    uint64_t number;

    switch (m->kind) {
    case CXLFM_KIND_BOOL:
        return json_object_new_boolean(*(const bool *)at);
    case CXLFM_KIND_TAG:
        if (cxlfm_tag_is_zero(at)) {
            return NULL;
        }
        cxlfm_tag_format(at, text);
        return json_object_new_string(text);
    case CXLFM_KIND_WORD:
        number = *(const uint8_t *)at;
        return number < g_strv_length((char **)m->words) ?
               json_object_new_string(m->words[number]) : NULL;
    case CXLFM_KIND_TEXT:
        return *(char *const *)at ? json_object_new_string(*(char *const *)at) :
               NULL;
    case CXLFM_KIND_HOSTS:
        return cxlfm_member_hosts(at);
    default:
        number = cxlfm_member_number(m, at);
        return m->kind == CXLFM_KIND_KNOWN && number == CXLFM_UNKNOWN ? NULL :
               json_object_new_uint64(number);
    }
}

struct json_object *cxlfm_members_write(const CxlfmMember *table,
                                        const void *from)
{
    struct json_object *o = json_object_new_object();
    const CxlfmMember *m;

    for (m = table; m->key; m++) {
        json_object_object_add(o, m->key, cxlfm_member_write(
                                   m, (const char *)from + m->at));
    }
    return o;
}

/* --- Reading: true when @value is one, and then it is set --- */

static bool cxlfm_member_read_number(const CxlfmMember *m,
                                     struct json_object *value, void *at)
{
    /* What ends below 2^63 can be added up. */
    uint64_t max = m->max ? m->max : m->kind == CXLFM_KIND_KNOWN ? UINT64_MAX :
                   m->size == sizeof(uint64_t) ? INT64_MAX :
                   (1ull << 8 * m->size) - 1;

    if (!json_object_is_type(value, json_type_int) ||
        json_object_get_uint64(value) > max ||
        (json_object_get_int64(value) < 0)) {
        return false;
    }
    cxlfm_member_set(m, at, json_object_get_uint64(value));
    return true;
}

static bool cxlfm_member_read_tag(struct json_object *value, void *at)
{
    uint8_t tag[CXLFM_TAG_SIZE] = { 0 };

    if (value && (!json_object_is_type(value, json_type_string) ||
                  cxlfm_tag_parse(json_object_get_string(value), tag) < 0)) {
        return false;
    }
    memcpy(at, tag, sizeof(tag));
    return true;
}

static bool cxlfm_member_read_word(const CxlfmMember *m,
                                   struct json_object *value, void *at)
{
    unsigned i;

    if (!json_object_is_type(value, json_type_string)) {
        return false;
    }
    for (i = 0; m->words[i]; i++) {
        if (!strcmp(m->words[i], json_object_get_string(value))) {
            *(uint8_t *)at = i;
            return true;
        }
    }
    return false;
}

static bool cxlfm_member_read_hosts(struct json_object *value, uint8_t *bitmap)
{
    size_t i;

    if (!json_object_is_type(value, json_type_array)) {
        return false;
    }
    for (i = 0; i < json_object_array_length(value); i++) {
        struct json_object *one = json_object_array_get_idx(value, i);
        int64_t host = json_object_get_int64(one);

        if (!json_object_is_type(one, json_type_int) || host < 0 ||
            host >= HOSTS) {
            return false;
        }
        bitmap[host / 8] |= 1 << host % 8;
    }
    return true;
}

static bool cxlfm_member_read(const CxlfmMember *m, struct json_object *value,
                              void *at)
{
    switch (m->kind) {
    case CXLFM_KIND_BOOL:
        *(bool *)at = json_object_get_boolean(value);
        return json_object_is_type(value, json_type_boolean);
    case CXLFM_KIND_TAG:
        return cxlfm_member_read_tag(value, at);
    case CXLFM_KIND_WORD:
        return cxlfm_member_read_word(m, value, at);
    case CXLFM_KIND_TEXT:
        if (!json_object_is_type(value, json_type_string)) {
            return false;
        }
        g_free(*(char **)at);
        *(char **)at = g_strdup(json_object_get_string(value));
        return true;
    case CXLFM_KIND_HOSTS:
        return cxlfm_member_read_hosts(value, at);
    case CXLFM_KIND_KNOWN:
        if (!value) {
            *(uint64_t *)at = CXLFM_UNKNOWN;
            return true;
        }
        /* fall through */
    default:
        return cxlfm_member_read_number(m, value, at);
    }
}

static bool cxlfm_members_known(const CxlfmMember *table, const char *key,
                                const char *const *others)
{
    const CxlfmMember *m;

    for (m = table; m->key; m++) {
        if (!strcmp(m->key, key)) {
            return true;
        }
    }
    return g_strv_contains(others, key);
}

const char *cxlfm_members_read(const CxlfmMember *table,
                               struct json_object *from,
                               const char *const *others, void *fill)
{
    const CxlfmMember *m;

    if (!json_object_is_type(from, json_type_object)) {
        return "an object";
    }
    if (others) {
        json_object_object_foreach(from, key, unused) {
            (void)unused;
            if (!cxlfm_members_known(table, key, others)) {
                return "a member that is not known";
            }
        }
    }
    for (m = table; m->key; m++) {
        struct json_object *value;
        bool there = json_object_object_get_ex(from, m->key, &value) &&
                     (value || !m->optional);

        if ((!there && !m->optional) ||
            (there && !cxlfm_member_read(m, value, (char *)fill + m->at))) {
            return m->key;
        }
    }
    return NULL;
}

void cxlfm_members_clear(const CxlfmMember *table, void *of)
{
    const CxlfmMember *m;

    for (m = table; m->key; m++) {
        if (m->kind == CXLFM_KIND_TEXT) {
            g_clear_pointer((char **)((char *)of + m->at), g_free);
        }
    }
}

static struct json_object *cxlfm_list(struct json_object *o, const char *key)
{
    struct json_object *list;

    return json_object_object_get_ex(o, key, &list) &&
           json_object_is_type(list, json_type_array) ? list : NULL;
}

size_t cxlfm_list_length(struct json_object *o, const char *key)
{
    struct json_object *list = cxlfm_list(o, key);

    return list ? json_object_array_length(list) : 0;
}

struct json_object *cxlfm_list_at(struct json_object *o, const char *key,
                                  size_t at)
{
    return json_object_array_get_idx(cxlfm_list(o, key), at);
}

void cxlfm_list_write(struct json_object *o, const char *key,
                      const CxlfmMember *table, const void *from,
                      size_t count, size_t size)
{
    struct json_object *list = json_object_new_array();
    size_t i;

    for (i = 0; i < count; i++) {
        json_object_array_add(list, cxlfm_members_write(
                                  table, (const char *)from + i * size));
    }
    json_object_object_add(o, key, list);
}

const char *cxlfm_list_read(struct json_object *o, const char *key,
                            const CxlfmMember *table, void *fill, size_t size)
{
    size_t count = cxlfm_list_length(o, key), i;
    const char *wrong = NULL;

    for (i = 0; i < count && !wrong; i++) {
        wrong = cxlfm_members_read(table, cxlfm_list_at(o, key, i), NULL,
                                   (char *)fill + i * size);
    }
    return wrong;
}
