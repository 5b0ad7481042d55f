/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of a monitor that cxl-fm uses, on a head of a pool, in the
 * shapes of qapi/cxl.json
 */
#include <json-c/json.h>
#include <string.h>
#include "monitor.h"

#define PUT(o, key, value) json_object_object_add(o, key, value)
#define INT(value)         json_object_new_uint64(value)
#define TEXT(value)        json_object_new_string(value)
#define BOOL(value)        json_object_new_boolean(value)
#define PATH "/machine/peripheral/mem0"

/* --- Words --- */

static const char *arg_text(struct json_object *args, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(args, key, &value) ?
           json_object_get_string(value) : "";
}

static uint64_t arg_int(struct json_object *args, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(args, key, &value) ?
           json_object_get_uint64(value) : 0;
}

static struct json_object *tag_put(const uint8_t *tag)
{
    GString *text = g_string_new(NULL);
    struct json_object *o;
    unsigned i;

    for (i = 0; i < CXL_DCD_TAG_SIZE; i++) {
        g_string_append_printf(text, "%s%02x", i == 4 || i == 6 || i == 8 ||
                               i == 10 ? "-" : "", tag[i]);
    }
    o = TEXT(text->str);
    g_string_free(text, true);
    return o;
}

static CXLDcdTag tag_get(struct json_object *args)
{
    const char *text = arg_text(args, "tag");
    CXLDcdTag tag = { { 0 } };
    unsigned i = 0;

    for (; *text; text += *text == '-' ? 1 : 2) {
        if (*text != '-') {
            tag.bytes[i++] = g_ascii_xdigit_value(text[0]) << 4 |
                             g_ascii_xdigit_value(text[1]);
        }
    }
    return tag;
}

static const CXLDcdRegionConfig *region_of(const Head *head, unsigned region)
{
    return &cxl_dcd_config(head->dcd)->regions[region];
}

/* --- query-cxl-dynamic-capacity --- */

static struct json_object *extent_put(const Head *head, const CXLDcdExtent *e)
{
    static const char *const states[CXL_DCD_STATE_MAX] = {
        [CXL_DCD_PENDING] = "pending", [CXL_DCD_ACCEPTED] = "accepted",
        [CXL_DCD_RELEASING] = "releasing", [CXL_DCD_DEAD] = "dead",
        [CXL_DCD_REFERENCED] = "referenced",
        [CXL_DCD_SANITIZING] = "sanitizing",
    };
    int region = cxl_dcd_region_of(head->dcd, e->dpa, e->len);
    struct json_object *o = json_object_new_object();

    PUT(o, "region", INT(region));
    PUT(o, "offset", INT(e->dpa - region_of(head, region)->base));
    PUT(o, "len", INT(e->len));
    PUT(o, "dpa", INT(e->dpa));
    PUT(o, "tag", tag_put(e->tag.bytes));
    PUT(o, "sequence", INT(e->sequence));
    PUT(o, "state", TEXT(states[e->state]));
    PUT(o, "mapping", TEXT("direct"));
    return o;
}

static struct json_object *regions_put(const Head *head, bool of_pool)
{
    const CXLDcdConfig *config = cxl_dcd_config(head->dcd);
    struct json_object *list = json_object_new_array();
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        const CXLDcdRegionConfig *r = &config->regions[i];
        struct json_object *o = json_object_new_object();
        struct json_object *flags = json_object_new_array();

        if (r->attributes & CXL_DCD_REGION_SHARABLE) {
            json_object_array_add(flags, TEXT("sharable"));
        }
        PUT(o, "index", INT(i));
        PUT(o, of_pool ? "offset" : "base",
            INT(r->base - (of_pool ? config->regions[0].base : 0)));
        PUT(o, "length", INT(r->length));
        PUT(o, "available", INT(cxl_dcd_available(head->dcd, i)));
        PUT(o, "flags", flags);
        PUT(o, "sanitize", BOOL(true));
        if (!of_pool) {
            PUT(o, "decode-length", INT(r->decode_length));
            PUT(o, "block-size", INT(r->block_size));
        }
        json_object_array_add(list, o);
    }
    return list;
}

static struct json_object *run_query(const Head *head)
{
    struct json_object *list = json_object_new_array();
    struct json_object *extents = json_object_new_array();
    struct json_object *o = json_object_new_object();
    CXLDcdExtent e = { 0 };

    while (cxl_dcd_extent_from(head->dcd, e.dpa + e.len, &e)) {
        json_object_array_add(extents, extent_put(head, &e));
    }
    PUT(o, "path", TEXT(PATH));
    PUT(o, "id", TEXT("mem0"));
    PUT(o, "host-id", INT(head->host));
    PUT(o, "generation", INT(cxl_dcd_generation(head->dcd)));
    PUT(o, "supported-extents", INT(4096));
    PUT(o, "available-extents", INT(cxl_dcd_available_extents(head->dcd)));
    PUT(o, "supported-tags", INT(64));
    PUT(o, "available-tags", INT(cxl_dcd_available_tags(head->dcd)));
    PUT(o, "regions", regions_put(head, false));
    PUT(o, "extents", extents);
    json_object_array_add(list, o);
    return list;
}

/* --- query-cxl-dc-pool --- */

static struct json_object *pool_extent_put(const Head *head,
                                           const CXLDcdPoolUsed *used)
{
    static const char *const states[] = { "pending", "accepted", "leaving" };
    uint64_t size = cxl_dcd_pool_config(head->pool)->block_size;
    uint64_t at = used->extent.range.first * size;
    uint64_t first = region_of(head, 0)->length;
    struct json_object *o = json_object_new_object();

    PUT(o, "offset", INT(at));
    PUT(o, "len", INT(used->extent.range.count * size));
    PUT(o, "region", INT(at >= first));
    PUT(o, "region-offset", INT(at >= first ? at - first : at));
    PUT(o, "tag", tag_put(used->extent.tag));
    PUT(o, "sequence", INT(used->extent.sequence));
    PUT(o, "shared", BOOL(used->shared));
    PUT(o, "state", TEXT(states[used->use]));
    PUT(o, "generation", INT(used->generation));
    return o;
}

static struct json_object *pool_host_put(const Head *head, uint16_t host)
{
    uint64_t size = cxl_dcd_pool_config(head->pool)->block_size;
    struct json_object *o = json_object_new_object();
    struct json_object *extents = json_object_new_array();
    g_autoptr(GArray) used = NULL;
    CXLDcdPoolHostInfo info;
    guint i;

    g_assert_true(cxl_dcd_pool_host(head->pool, host, true, &info));
    used = info.used;
    for (i = 0; i < used->len; i++) {
        json_object_array_add(extents, pool_extent_put(
            head, &g_array_index(used, CXLDcdPoolUsed, i)));
    }
    PUT(o, "host-id", INT(host));
    PUT(o, "alive", BOOL(info.alive));
    PUT(o, "lives", INT(info.lives));
    PUT(o, "owned", INT(info.blocks * size));
    PUT(o, "generation", INT(info.generation));
    PUT(o, "extents", extents);
    if (host == head->host) {
        PUT(o, "path", TEXT(PATH));
    }
    return o;
}

static struct json_object *run_pool(const Head *head, bool hostile)
{
    const CXLDcdPoolConfig *config = cxl_dcd_pool_config(head->pool);
    uint64_t size = config->block_size;
    struct json_object *list = json_object_new_array();
    struct json_object *o = json_object_new_object();
    struct json_object *hosts = json_object_new_array();
    unsigned i;

    /* Also those of other processes */
    for (i = 0; i < config->max_hosts; i++) {
        CXLDcdPoolHostInfo info;

        if (cxl_dcd_pool_host(head->pool, i, false, &info) && info.known) {
            json_object_array_add(hosts, pool_host_put(head, i));
        }
    }
    PUT(o, "pool", TEXT("pool0"));
    PUT(o, "file", TEXT(head->path));
    PUT(o, "size", hostile ? json_object_new_int(-1) : INT(config->size));
    PUT(o, "block-size", INT(size));
    PUT(o, "available", INT(size * cxl_dcd_pool_free_blocks(
        head->pool, 0, config->size / size)));
    PUT(o, "largest", INT(size * cxl_dcd_pool_longest(head->pool)));
    PUT(o, "max-hosts", INT(config->max_hosts));
    PUT(o, "regions", regions_put(head, true));
    PUT(o, "hosts", hosts);
    PUT(o, "tags", json_object_new_array());
    json_object_array_add(list, o);
    return list;
}

static struct json_object *run_reclaim(const Head *head,
                                       struct json_object *args, GError **error)
{
    struct json_object *o;
    uint64_t freed;

    if (!cxl_dcd_pool_reclaim(head->pool, arg_int(args, "host-id"), &freed,
                              error)) {
        return NULL;
    }
    o = json_object_new_object();
    PUT(o, "freed",
        INT(freed * cxl_dcd_pool_config(head->pool)->block_size));
    return o;
}

/* --- Changes --- */

static GArray *extents_get(const Head *head, struct json_object *args)
{
    GArray *extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    struct json_object *list = NULL;
    size_t i;

    json_object_object_get_ex(args, "extents", &list);
    for (i = 0; list && i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        const CXLDcdExtent e = {
            .dpa = region_of(head, arg_int(args, "region"))->base +
                   arg_int(one, "offset"),
            .len = arg_int(one, "len"), .tag = tag_get(args),
        };

        g_array_append_val(extents, e);
    }
    return extents;
}

static void run_add(Head *head, struct json_object *args, GError **error)
{
    static const char *const policies[] = {
        "free", "contiguous", "prescriptive", "enable-shared-access", NULL,
    };
    g_autoptr(GArray) extents = extents_get(head, args);
    CXLDcdAddRequest request = {
        .host_id = arg_int(args, "host-id"),
        .region = arg_int(args, "region"), .length = arg_int(args, "length"),
        .tag = tag_get(args),
        .extents = (CXLDcdExtent *)(void *)extents->data,
        .count = extents->len,
    };

    while (policies[request.policy] && strcmp(policies[request.policy],
           arg_text(args, "selection-policy"))) {
        request.policy++;
    }
    cxl_dcd_add(head->dcd, &request, error);
}

static void run_release(Head *head, struct json_object *args, GError **error)
{
    g_autoptr(GArray) extents = extents_get(head, args);
    const CXLDcdRemoveRequest request = {
        .host_id = arg_int(args, "host-id"),
        .policy = strcmp(arg_text(args, "removal-policy"), "tag-based") ?
                  CXL_DCD_REMOVE_PRESCRIPTIVE : CXL_DCD_REMOVE_TAG,
        .forced = arg_int(args, "forced-removal"),
        .length = arg_int(args, "length"), .tag = tag_get(args),
        .extents = (CXLDcdExtent *)(void *)extents->data,
        .count = extents->len,
    };

    cxl_dcd_remove(head->dcd, &request, error);
}

/* What the command returns; NULL with @error, or when there is none such */
static struct json_object *run_command(Head *head, const Head *const *heads,
                                       unsigned count, const MonitorMood *mood,
                                       const char *name,
                                       struct json_object *args,
                                       GError **error)
{
    if (!strcmp(name, "query-cxl-dynamic-capacity")) {
        return run_query(head);
    }
    if (!strcmp(name, "query-cxl-dc-pool")) {
        return run_pool(head, mood->hostile);
    }
    if (!strcmp(name, "cxl-dc-pool-reclaim")) {
        return run_reclaim(head, args, error);
    }
    if (!strcmp(name, "cxl-add-dynamic-capacity")) {
        run_add(head, args, error);
    } else if (!strcmp(name, "cxl-release-dynamic-capacity")) {
        run_release(head, args, error);
    } else if (strcmp(name, "qmp_capabilities")) {
        return NULL;
    }
    return *error ? NULL : json_object_new_object();
}

struct json_object *monitor_run(Head *head, const Head *const *heads,
                                unsigned count, MonitorMood *mood,
                                struct json_object *request)
{
    struct json_object *answer = json_object_new_object(), *result;
    struct json_object *args = NULL, *id = NULL;
    const char *name = arg_text(request, "execute");
    g_autoptr(GError) error = NULL;

    json_object_object_get_ex(request, "arguments", &args);
    json_object_object_get_ex(request, "id", &id);
    mood->reads = g_str_has_prefix(name, "q");
    result = run_command(head, heads, count, mood, name, args, &error);
    if (result) {
        PUT(answer, "return", result);
    } else {
        struct json_object *wrong = json_object_new_object();

        PUT(wrong, "class", TEXT(error ? "GenericError" : "CommandNotFound"));
        PUT(wrong, "desc", TEXT(error ? error->message : name));
        PUT(answer, "error", wrong);
    }
    PUT(answer, "id", json_object_get(id));
    return answer;
}

struct json_object *monitor_event(const Head *head, CXLDcdOutcome outcome,
                                  const CXLDcdExtent *extents, size_t count)
{
    static const char *const names[] = {
        [CXL_DCD_OUTCOME_ADDED] = "CXL_DYNAMIC_CAPACITY_ADDED",
        [CXL_DCD_OUTCOME_REJECTED] = "CXL_DYNAMIC_CAPACITY_REJECTED",
        [CXL_DCD_OUTCOME_RELEASED] = "CXL_DYNAMIC_CAPACITY_RELEASED",
        [CXL_DCD_OUTCOME_FORCED] = "CXL_DYNAMIC_CAPACITY_FORCED",
    };
    struct json_object *event = json_object_new_object();
    struct json_object *data = json_object_new_object();
    struct json_object *list = json_object_new_array();
    size_t i;

    for (i = 0; i < count; i++) {
        struct json_object *o = json_object_new_object();

        PUT(o, "offset",
            INT(extents[i].dpa - region_of(head, extents[0].region)->base));
        PUT(o, "len", INT(extents[i].len));
        json_object_array_add(list, o);
    }
    PUT(data, "path", TEXT(PATH));
    PUT(data, "host-id", INT(head->host));
    PUT(data, "region", INT(extents[0].region));
    PUT(data, "tag", tag_put(extents[0].tag.bytes));
    PUT(data, "extents", list);
    PUT(event, "event", TEXT(names[outcome]));
    PUT(event, "data", data);
    return event;
}
