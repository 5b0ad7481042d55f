/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON with values exchanged at random, for tests of what reads it */
#ifndef FM_SPOIL_H
#define FM_SPOIL_H

#include <json-c/json.h>
#include <glib.h>

static const char *const nonsense[] = {
    "null", "-1", "18446744073709551615", "9223372036854775807", "65536",
    "8", "1e99", "true", "{}", "[]", "[[]]", "[null]", "\"\"", "\"x\"",
    "\"11111111\"", "{\"a\":1}",
};

static inline struct json_object *some_nonsense(void)
{
    return json_tokener_parse(nonsense[g_test_rand_int_range(
        0, G_N_ELEMENTS(nonsense))]);
}

/* One value somewhere below @o becomes another, or goes. */
static inline void spoil(struct json_object *o)
{
    int count = json_object_is_type(o, json_type_object) ?
                json_object_object_length(o) :
                json_object_is_type(o, json_type_array) ?
                (int)json_object_array_length(o) : 0;
    int at = count ? g_test_rand_int_range(0, count) : 0;

    if (json_object_is_type(o, json_type_array) && count) {
        struct json_object *below = json_object_array_get_idx(o, at);

        if (g_test_rand_bit() && below) {
            spoil(below);
        } else {
            json_object_array_put_idx(o, at, some_nonsense());
        }
    } else if (count) {
        g_autofree char *key = NULL;
        struct json_object *below = NULL;

        json_object_object_foreach(o, name, value) {
            if (!at--) {
                key = g_strdup(name);
                below = value;
            }
        }
        if (g_test_rand_int_range(0, 4) && below &&
            (json_object_is_type(below, json_type_object) ||
             json_object_is_type(below, json_type_array))) {
            spoil(below);
        } else if (g_test_rand_int_range(0, 5)) {
            json_object_object_add(o, key, some_nonsense());
        } else {
            json_object_object_del(o, key);
        }
    }
}

/* @json with up to three values spoilt */
static inline struct json_object *spoilt(const char *json)
{
    struct json_object *o = json_tokener_parse(json);
    int times = g_test_rand_int_range(0, 4);

    g_assert_nonnull(o);
    while (times--) {
        spoil(o);
    }
    return o;
}

#endif /* FM_SPOIL_H */
