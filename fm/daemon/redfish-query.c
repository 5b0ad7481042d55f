/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GET: a resource, and what $expand, $select, $top, $skip and only make of it
 */
#include <malloc.h>
#include <string.h>
#include "redfish-call.h"
#include "redfish-tree.h"

#define LEVELS_MAX   4
#define EXPANDED_MAX 8192         /* resources in one answer */
#define WEIGHT_MAX   (1 << 18)    /* values in all of them */
#define WEIGHT_LARGE (1 << 14)    /* its memory is given back at once */
#define SELECT_DEPTH 8

typedef struct Query {
    bool inner, links;            /* expand what is below; what is linked */
    unsigned levels;
    unsigned expanded;            /* so far */
    size_t weight;                /* of these */
    uint64_t top, skip;
    bool only;
    bool paged;                   /* it asks for some of the members */
    char **select;                /* NULL: all */
} Query;

static bool query_bad(HttpRequest *request, const char *key, const char *value,
                      const char *help)
{
    redfish_fail(request, 400, "QueryParameterValueFormatError", help, value,
                 key, NULL);
    return false;
}

/* "*", ".", "~"; "($levels=2)" may follow. */
static bool query_expand(HttpRequest *request, Query *query, const char *value)
{
    static const char levels[] = "($levels=";
    guint64 count;

    query->inner = *value == '*' || *value == '.';
    query->links = *value == '*' || *value == '~';
    query->levels = 1;
    if (!query->inner && !query->links) {
        return query_bad(request, "$expand", value, "send *, . or ~, and "
                         "($levels=N) after it if you like");
    }
    if (value[1]) {
        size_t len = strlen(value + 1);
        g_autofree char *number = NULL;

        if (!g_str_has_prefix(value + 1, levels) || value[len] != ')') {
            return query_bad(request, "$expand", value,
                             "($levels=N) may follow");
        }
        number = g_strndup(value + 1 + strlen(levels),
                           len - strlen(levels) - 1);
        if (!g_ascii_string_to_unsigned(number, 10, 1, LEVELS_MAX, &count,
                                        NULL)) {
            return query_bad(request, "$expand", value, "levels are 1 to "
                             G_STRINGIFY(LEVELS_MAX));
        }
        query->levels = count;
    }
    return true;
}

/* False: it was answered. */
static bool query_read(HttpRequest *request, Query *query)
{
    GHashTableIter iter;
    char *key, *value;

    g_hash_table_iter_init(&iter, request->query);
    while (g_hash_table_iter_next(&iter, (gpointer *)&key,
                                  (gpointer *)&value)) {
        bool good = true;

        query->paged |= !strcmp(key, "$top") || !strcmp(key, "$skip") ||
                        !strcmp(key, "only");
        if (!strcmp(key, "$expand")) {
            good = query_expand(request, query, value);
        } else if (!strcmp(key, "$select")) {
            query->select = g_strsplit(value, ",", -1);
            good = *value || query_bad(request, key, value,
                                       "name properties");
        } else if (!strcmp(key, "$top")) {
            good = g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT64,
                                              &query->top, NULL) ||
                   query_bad(request, key, value, "send a number");
        } else if (!strcmp(key, "$skip")) {
            good = g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT64,
                                              &query->skip, NULL) ||
                   query_bad(request, key, value, "send a number");
        } else if (!strcmp(key, "only")) {
            query->only = true;
            good = !*value || query_bad(request, key, value,
                                        "it has no value");
        } else if (*key == '$') {
            redfish_fail(request, 501, "QueryNotSupported", NULL, NULL);
            good = false;
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

/* --- What there is at a path --- */

static struct json_object *query_build(RedfishView *view, const char *path)
{
    const RedfishPath *p;

    for (p = redfish_of(view->request)->paths; p->path; p++) {
        char *part[HTTP_MAX_SEGMENTS + 1];
        struct json_object *node;

        if (!p->get || view->request->role < p->reads ||
            !node_path_fits(p->path, path, part, HTTP_MAX_SEGMENTS)) {
            continue;
        }
        node = p->get(view, part);
        node_parts_free(part);
        if (node) {
            node_mark(node, 0);
        }
        return node;
    }
    return NULL;
}

/* --- $expand --- */

static bool query_is_link(struct json_object *o)
{
    return json_object_is_type(o, json_type_object) &&
           json_object_object_length(o) == 1 &&
           *node_get_text(o, "@odata.id");
}

static void query_deepen(RedfishView *view, Query *query,
                         struct json_object *node, unsigned levels,
                         bool below_links);

/* How many values are in @o: some resources have thousands of links. */
static size_t query_weigh(struct json_object *o)
{
    size_t weight = 1, i;

    if (json_object_is_type(o, json_type_object)) {
        json_object_object_foreach(o, key, value) {
            weight += key ? query_weigh(value) : 0;
        }
    }
    for (i = 0; i < node_count(o); i++) {
        weight += query_weigh(node_at(o, i));
    }
    return weight;
}

/* What stands for the link @o; NULL: it stays one. */
static struct json_object *query_follow(RedfishView *view, Query *query,
                                        struct json_object *o, unsigned levels)
{
    bool room = query->expanded < EXPANDED_MAX && query->weight < WEIGHT_MAX;
    struct json_object *node = room ? query_build(view, node_get_text(
        o, "@odata.id")) : NULL;

    if (node) {
        query->expanded++;
        query->weight += query_weigh(node);
        query_deepen(view, query, node, levels - 1, false);
    }
    return node;
}

static void query_deepen_array(RedfishView *view, Query *query,
                               struct json_object *array, unsigned levels,
                               bool below_links)
{
    size_t i;

    for (i = 0; i < node_count(array); i++) {
        struct json_object *o = node_at(array, i), *node = NULL;

        if (!query_is_link(o)) {
            query_deepen(view, query, o, levels, below_links);
        } else if (below_links ? query->links : query->inner) {
            node = query_follow(view, query, o, levels);
        }
        if (node) {
            json_object_array_put_idx(array, i, node);
        }
    }
}

/* Put resources in the place of links, @levels deep. */
static void query_deepen(RedfishView *view, Query *query,
                         struct json_object *node, unsigned levels,
                         bool below_links)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    unsigned i;

    if (!levels || !json_object_is_type(node, json_type_object)) {
        return;
    }
    json_object_object_foreach(node, name, member) {
        if (json_object_is_type(member, json_type_object) ||
            json_object_is_type(member, json_type_array)) {
            g_ptr_array_add(keys, g_strdup(name));
        }
    }
    for (i = 0; i < keys->len; i++) {
        const char *key = keys->pdata[i];
        struct json_object *o = node_get(node, key), *found = NULL;
        bool below = below_links || !strcmp(key, "Links");

        if (json_object_is_type(o, json_type_array)) {
            query_deepen_array(view, query, o, levels, below);
        } else if (!query_is_link(o)) {
            query_deepen(view, query, o, levels, below);
        } else if (below ? query->links : query->inner) {
            found = query_follow(view, query, o, levels);
        }
        if (found) {
            json_object_object_add(node, key, found);
        }
    }
}

/* --- $top, $skip, only --- */

static void query_page(HttpRequest *request, const Query *query,
                       struct json_object *node)
{
    struct json_object *members = node_get(node, "Members"), *some;
    size_t i, count = node_count(members), end;

    if (!members || (!query->skip && query->top >= count)) {
        return;
    }
    some = json_object_new_array();
    end = query->top < count - MIN(query->skip, count) ?
          query->skip + query->top : count;
    for (i = query->skip; i < end; i++) {
        json_object_array_add(some, json_object_get(node_at(members, i)));
    }
    json_object_object_add(node, "Members", some);
    if (query->top && end < count) {
        g_autofree char *next = g_strdup_printf(
            "%s?$skip=%zu&$top=%" G_GUINT64_FORMAT,
            node_get_text(node, "@odata.id"), end, query->top);

        node_text(node, "Members@odata.nextLink", next);
    }
}

/* The only member of @node, which is taken over, or that itself */
static struct json_object *query_only(RedfishView *view, Query *query,
                                      struct json_object *node)
{
    struct json_object *members = node_get(node, "Members"), *one;

    if (!query->only || node_count(members) != 1) {
        return node;
    }
    one = query_build(view, node_get_text(node_at(members, 0), "@odata.id"));
    if (!one) {
        return node;
    }
    json_object_put(node);
    return one;
}

/* --- $select --- */

/* Copy what @path, "A/B", names of @from; arrays: of each of their objects. */
static struct json_object *select_path(struct json_object *from,
                                       struct json_object *to,
                                       const char *path, unsigned depth)
{
    g_autofree char *key = g_strndup(path, strcspn(path, "/"));
    const char *rest = path[strlen(key)] ? path + strlen(key) + 1 : NULL;
    struct json_object *member;

    if (!json_object_is_type(from, json_type_object) ||
        !json_object_object_get_ex(from, key, &member)) {
        return to;
    }
    if (!rest || !depth || !json_object_is_type(member, json_type_object)) {
        json_object_object_add(to, key, json_object_get(member));
    } else {
        struct json_object *there = node_get(to, key);

        if (!there) {
            there = node_object(to, key);
        }
        select_path(member, there, rest, depth - 1);
    }
    return to;
}

static struct json_object *select_of(struct json_object *node, char **select)
{
    struct json_object *to = json_object_new_object();
    unsigned i;

    json_object_object_foreach(node, key, value) {
        if (g_str_has_prefix(key, "@odata.") ||
            g_str_has_prefix(key, "Members@odata.")) {
            json_object_object_add(to, key, json_object_get(value));
        }
    }
    for (i = 0; select[i]; i++) {
        select_path(node, to, select[i], SELECT_DEPTH);
    }
    return to;
}

/* Of a collection with its members in it, the members are meant. */
static struct json_object *query_select(const Query *query,
                                        struct json_object *node)
{
    struct json_object *members = node_get(node, "Members"), *to;
    size_t i;

    if (!query->select) {
        return node;
    }
    if (query->inner && members) {
        for (i = 0; i < node_count(members); i++) {
            json_object_array_put_idx(members, i, select_of(
                node_at(members, i), query->select));
        }
        return node;
    }
    to = select_of(node, query->select);
    json_object_put(node);
    return to;
}

/* --- The answer --- */

static void query_link(HttpRequest *request, const char *type)
{
    g_auto(GStrv) words = g_strsplit(type, ".", -1);
    bool ours = *type == '#' && g_strv_length(words) >= 2;
    g_autofree char *link = !ours ? NULL :
        g_strdup_printf("<https://redfish.dmtf.org/schemas/v1/%s%s%s.json>; "
                        "rel=describedby", words[0] + 1,
                        words[2] ? "." : "", words[2] ? words[1] : "");

    if (link) {
        http_answer_header(request, "Link", link);
    }
}

void redfish_answer(HttpRequest *request, unsigned status,
                    struct json_object *node)
{
    if (node) {
        query_link(request, node_get_text(node, "@odata.type"));
        if (status == 200 || status == 201) {
            node_mark(node, 0);
            g_free(request->etag);
            request->etag = g_strdup(node_get_text(node, "@odata.etag"));
        }
        http_answer_json(request, status, node);
    } else {
        redfish_fail(request, 404, "ResourceMissingAtURI", "it was there, and "
                     "has ended meanwhile", request->path, NULL);
    }
}

bool redfish_if_match(HttpRequest *request)
{
    struct json_object *node;
    RedfishView view;
    bool match;

    if (!request->if_match || !strcmp(request->if_match, "*")) {
        return true;
    }
    redfish_view_begin(&view, request);
    node = query_build(&view, request->path);
    redfish_view_end(&view);
    match = !strcmp(node_get_text(node, "@odata.etag"), request->if_match);
    if (!node) {
        redfish_fail(request, 404, "ResourceMissingAtURI", NULL, request->path,
                     NULL);
    } else if (!match) {
        redfish_fail(request, 412, "PreconditionFailed", NULL, NULL);
    }
    json_object_put(node);
    return match;
}

/* With others in it, a resource's own ETag does not say what was answered. */
static void query_expanded(HttpRequest *request)
{
    g_autofree char *digest = g_compute_checksum_for_string(
        G_CHECKSUM_SHA256, request->text, request->text_len);

    g_free(request->etag);
    request->etag = g_strdup_printf("\"%.24s\"", digest);
}

static void query_answer(HttpRequest *request, Query *query)
{
    struct json_object *node;
    RedfishView view;

    redfish_view_begin(&view, request);
    node = query_build(&view, request->path);
    if (!node) {
        redfish_fail(request, 404, "ResourceMissingAtURI", NULL, request->path,
                     NULL);
    } else if (query->paged && !node_get(node, "Members")) {
        redfish_fail(request, 400, "QueryNotSupportedOnResource", NULL, NULL);
        json_object_put(node);
    } else {
        node = query_only(&view, query, node);
        query_page(request, query, node);
        if (query->levels) {
            query_deepen(&view, query, node, query->levels, false);
        }
        node = query_select(query, node);
        redfish_answer(request, 200, node);
        if (query->levels) {
            query_expanded(request);
        }
    }
    redfish_view_end(&view);
}

/*
 * What is expanded takes a hundred megabytes while it is made: its lane has few
 * workers, and the next has the memory of the one before.
 */
static void query_answer_large(HttpRequest *request, Query *query)
{
    query_answer(request, query);
    if (query->weight >= WEIGHT_LARGE) {
        malloc_trim(0);
    }
}

bool redfish_is_large(const HttpRequest *request)
{
    return g_hash_table_contains(request->query, "$expand");
}

void redfish_read(HttpRequest *request)
{
    Query query = { .top = G_MAXINT64 };

    if (request->odata_version && strcmp(request->odata_version, "4.0")) {
        redfish_fail(request, 412, "HeaderInvalid", "this is OData 4.0",
                     "OData-Version", NULL);
        return;
    }
    if (query_read(request, &query)) {
        if (query.levels) {
            query_answer_large(request, &query);
        } else {
            query_answer(request, &query);
        }
    }
    g_strfreev(query.select);
}
