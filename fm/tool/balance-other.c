/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who else balances a pool that cxl-fmd keeps */
#include <json-c/json.h>
#include <string.h>
#include "balance-other.h"
#include "fleet-claim.h"

char *balance_other_name(void)
{
    return g_strdup_printf("%s@%s", g_get_user_name(), g_get_host_name());
}

/* Where it is, or shall be: a name; NULL when that is not known */
static const char *other_host(struct json_object *claim, GHashTable *names)
{
    const char *at = fleet_text(fleet_member(claim, "status"), "host");
    const char *name;

    at = *at ? at : fleet_text(claim, "host");
    name = g_hash_table_lookup(names, at);
    return name ? name : at;
}

static bool other_is_head(const PoolView *view, const char *name)
{
    unsigned i;

    for (i = 0; i < view->heads->len; i++) {
        if (!g_strcmp0(g_array_index(view->heads, PoolHead, i).target.name,
                       name)) {
            return true;
        }
    }
    return false;
}

bool balance_other_is_here(const PoolView *view, uint8_t region,
                           const char *name, GHashTable *names,
                           struct json_object *claim, bool *ret_other)
{
    const char *by = fleet_text(claim, "consumer");

    /* Before balancers had names they said the pool's, and were nobody. */
    *ret_other = strcmp(by, name) && strcmp(by, view->pool->name);
    return !strcmp(fleet_text(claim, "consumer_kind"), BALANCE_KIND) &&
           fleet_number(claim, "region") == region &&
           !json_object_get_boolean(fleet_member(claim, "deleted")) &&
           other_is_head(view, other_host(claim, names));
}

/* The next one of another from @at on; NULL: there is none */
static struct json_object *other_next(const PoolView *view, uint8_t region,
                                      const char *name, GHashTable *names,
                                      struct json_object *list, size_t *at)
{
    size_t count = list ? json_object_array_length(list) : 0;

    while (*at < count) {
        struct json_object *claim = json_object_array_get_idx(list, (*at)++);
        bool other;

        if (balance_other_is_here(view, region, name, names, claim, &other) &&
            other) {
            return claim;
        }
    }
    return NULL;
}

static void other_refuse(const PoolView *view, struct json_object *claim,
                         const char *name, GError **error)
{
    g_autofree char *by = g_strescape(fleet_text(claim, "consumer"), NULL);

    tool_fail(error, TOOL_REFUSED, "'%s' balances pool %s (claim %s is its), "
              "and '%s' would undo what it does; end the other one, and give "
              "--take-over once", by, view->pool->name,
              fleet_text(claim, "uuid"), name);
}

bool balance_other_is_none(const PoolView *view, uint8_t region,
                           const char *name, GHashTable *names,
                           struct json_object *list, GError **error)
{
    size_t at = 0;
    struct json_object *claim = other_next(view, region, name, names, list,
                                           &at);

    if (claim) {
        other_refuse(view, claim, name, error);
    }
    return !claim;
}

/* The wish as it is, but for whose it is */
static struct json_object *other_wish(struct json_object *claim,
                                      const char *name)
{
    static const char *const members[] = {
        "host", "selector", "pool", "bytes", "region", "shared_with", "lease",
    };
    struct json_object *wish = json_object_new_object();
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(members); i++) {
        struct json_object *member = fleet_member(claim, members[i]);

        if (member) {
            json_object_object_add(wish, members[i], json_object_get(member));
        }
    }
    json_object_object_add(wish, "consumer_kind",
                           json_object_new_string(BALANCE_KIND));
    json_object_object_add(wish, "consumer", json_object_new_string(name));
    return wish;
}

bool balance_other_take_over(Tool *tool, const PoolView *view, uint8_t region,
                             const char *name, GHashTable *names,
                             struct json_object *list, GError **error)
{
    struct json_object *claim;
    size_t at = 0;

    while ((claim = other_next(view, region, name, names, list, &at))) {
        g_autofree char *path = fleet_claim_path(fleet_text(claim, "uuid"));

        if (!fleet_ask(tool, view->fm, "PUT", path, other_wish(claim, name),
                       NULL, NULL, error)) {
            return false;
        }
        json_object_object_add(claim, "consumer",
                               json_object_new_string(name));
    }
    return true;
}

bool balance_other_is_later(Tool *tool, const PoolView *view, uint8_t region,
                            const char *name, uint64_t revision,
                            GError **error)
{
    g_autoptr(GHashTable) hosts = fleet_host_names(tool, view->fm, error);
    struct json_object *said, *claim, *list;
    bool first = true;
    size_t at = 0;

    if (!hosts || !fleet_ask_list(tool, view->fm,
                                  FLEET_CLAIMS "&consumer_kind=" BALANCE_KIND,
                                  "claims", &said, error)) {
        return false;
    }
    list = fleet_member(said, "claims");
    while (first &&
           (claim = other_next(view, region, name, hosts, list, &at))) {
        if (fleet_number(claim, "revision") < revision) {
            other_refuse(view, claim, name, error);
            first = false;
        }
    }
    json_object_put(said);
    return first;
}
