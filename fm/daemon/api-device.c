/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /v1/devices: the calls of libcxlfm, on the devices that this daemon holds
 *
 * The other end is the fmd door of libcxlfm. Errors of the library keep their
 * names, so that a program cannot tell who holds the monitor.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "api-call.h"
#include "cxlfm.h"
#include "fmd-wire.h"

#define TURN_MS   20000           /* to wait for a device that others use */
#define TURNS_MAX 48              /* of the workers, for one device */

typedef struct ApiVerb ApiVerb;

/* One call: what is asked, and what came of it */
typedef struct ApiCall {
    HttpRequest *request;
    const ApiVerb *verb;
    struct cxlfm_add add;
    struct cxlfm_release release;
    uint8_t tag[CXLFM_TAG_SIZE];
    bool held;
    uint64_t region;
    uint64_t block_size;
    bool sanitize;
    const char *pool;             /* in the request's body */
    uint64_t host;
    struct json_object *result;   /* NULL: nothing to tell */
} ApiCall;

/* The last word of a path: what is done with a device */
struct ApiVerb {
    const char *word;
    const char *what;             /* for the journal; NULL: only looked */
    /* The member that is not as it must be, or NULL; @read NULL: no body */
    const char *(*read)(ApiCall *call, struct json_object *body);
    int (*run)(ApiCall *call, cxlfm *fm, size_t device);
};

static const struct {
    unsigned status;
    const char *code, *what_to_do;
} failures[] = {
    [-CXLFM_ERROR_INVALID] = { 422, "invalid", "mend what the message names" },
    [-CXLFM_ERROR_UNREACHABLE] = { 502, "unreachable",
                                   "is the machine running?" },
    [-CXLFM_ERROR_TIMEOUT] = { 504, "timeout", "is the machine stopped?" },
    [-CXLFM_ERROR_PROTOCOL] = { 502, "protocol", "see the daemon's journal" },
    [-CXLFM_ERROR_REFUSED] = { 409, "refused",
                               "nothing changed; the message says why" },
    [-CXLFM_ERROR_UNSUPPORTED] = { 422, "unsupported",
                                   "reach the device by its monitor" },
    [-CXLFM_ERROR_UNKNOWN] = { 504, "unknown",
                               "it may have been done: look" },
};

static void api_device_fail(HttpRequest *request, const cxlfm *fm, int ret)
{
    unsigned at = -ret < (int)G_N_ELEMENTS(failures) ? -ret :
                  -CXLFM_ERROR_PROTOCOL;
    struct json_object *o = http_error_object(
        failures[at].code, failures[at].what_to_do, cxlfm_error_text(fm));
    struct json_object *inner;

    json_object_object_get_ex(o, "error", &inner);
    json_object_object_add(inner, "cxlfm_error", json_object_new_int(-(int)at));
    json_object_object_add(inner, "return_code",
                           json_object_new_int(cxlfm_return_code(fm)));
    http_answer_json(request, failures[at].status, o);
}

/* With the device, which is nobody else's now */
static int api_device_turn(struct cxlfm *fm, size_t device, void *opaque)
{
    ApiCall *call = opaque;
    int ret = call->verb->run(call, fm, device);

    if (ret < 0) {
        json_object_put(call->result);
        api_device_fail(call->request, fm, ret);
    } else {
        http_answer_json(call->request, 200, call->result ? call->result :
                         json_object_new_object());
    }
    return ret < 0 ? ret : call->request->route->takes_body;
}

/* Of the requests that wait for @device; false: there are too many. */
static bool api_device_count(Api *api, const char *device, int change)
{
    int count;

    g_mutex_lock(&api->lock);
    count = GPOINTER_TO_INT(g_hash_table_lookup(api->turns, device)) + change;
    if (!count) {
        g_hash_table_remove(api->turns, device);
    } else if (count <= TURNS_MAX) {
        g_hash_table_replace(api->turns, g_strdup(device),
                             GINT_TO_POINTER(count));
    }
    g_mutex_unlock(&api->lock);
    return count <= TURNS_MAX;
}

static void api_device_run(ApiCall *call)
{
    HttpRequest *request = call->request;
    const char *device = request->segments[0];
    GError *error = NULL;

    /* What is not a word of these names no device, and is not for a log. */
    if (device[strspn(device, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-")]) {
        http_answer_error(request, 404, "not-found", "list what there is",
                          "there is no device of that name");
        return;
    }
    if (!api_device_count(request->opaque, device, 1)) {
        http_answer_error(request, 503, "device-busy", "nothing was asked of "
                          "it; ask again in a second",
                          "%d requests wait for %s", TURNS_MAX, device);
        request->retry_after = 1;
        return;
    }
    if (!fmd_device_call(api_fmd(request), device, TURN_MS, api_device_turn,
                         call, &error)) {
        api_answer_error(request, error);
    }
    api_device_count(request->opaque, device, -1);
    if (call->verb->what) {
        g_info("%s: %s%s %s: %u", request->who, call->verb->what,
               call->release.force ? " by force" : "", device,
               request->status);
    }
}

/* --- What there is --- */

static const char *api_device_name(const void *element)
{
    struct json_object *name;

    return json_object_object_get_ex(*(struct json_object *const *)element,
                                     "host_name", &name) ?
           json_object_get_string(name) : "";
}

static int api_device_order(const void *a, const void *b)
{
    return strcmp(api_device_name(a), api_device_name(b));
}

void api_devices(HttpRequest *request)
{
    struct json_object *o = json_object_new_object();
    struct json_object *list = fmd_device_list(api_fmd(request));

    json_object_array_sort(list, api_device_order);
    json_object_object_add(o, "devices", list);
    http_answer_json(request, 200, o);
}

static int api_run_snapshot(ApiCall *call, cxlfm *fm, size_t device)
{
    struct cxlfm_snapshot *snapshot;
    int ret = cxlfm_snapshot(fm, device, &snapshot);

    if (ret >= 0) {
        call->result = cxlfm_wire_snapshot(snapshot);
        cxlfm_snapshot_free(snapshot);
    }
    return ret;
}

static int api_run_tags(ApiCall *call, cxlfm *fm, size_t device)
{
    struct cxlfm_tag *tags;
    size_t count;
    int ret = cxlfm_tags(fm, device, &tags, &count);

    if (ret >= 0) {
        call->result = cxlfm_wire_tags(tags, count);
        free(tags);
    }
    return ret;
}

static int api_run_pools(ApiCall *call, cxlfm *fm, size_t device)
{
    struct json_object *list = json_object_new_array();
    struct cxlfm_pool **pools;
    size_t count, i;
    int ret = cxlfm_pools(fm, &pools, &count);

    call->result = json_object_new_object();
    json_object_object_add(call->result, "pools", list);
    if (ret < 0) {
        return ret;
    }
    for (i = 0; i < count; i++) {
        json_object_array_add(list, cxlfm_wire_pool(pools[i]));
        cxlfm_pool_free(pools[i]);
    }
    free(pools);
    return ret;
}

/* --- Changes --- */

/* The member @key of @body if it is of @type, else NULL */
static struct json_object *api_member(struct json_object *body,
                                      const char *key, enum json_type type)
{
    struct json_object *member;

    return json_object_object_get_ex(body, key, &member) &&
           json_object_is_type(member, type) ? member : NULL;
}

/* A whole number up to @max */
static bool api_number(struct json_object *body, const char *key, uint64_t max,
                       uint64_t *ret)
{
    struct json_object *member = api_member(body, key, json_type_int);

    if (!member || json_object_get_int64(member) < 0 ||
        json_object_get_uint64(member) > max) {
        return false;
    }
    *ret = json_object_get_uint64(member);
    return true;
}

static bool api_bool(struct json_object *body, const char *key, bool *ret)
{
    struct json_object *member = api_member(body, key, json_type_boolean);

    *ret = member && json_object_get_boolean(member);
    return member;
}

static const char *api_read_add(ApiCall *call, struct json_object *body)
{
    return cxlfm_wire_read_add(body, &call->add);
}

static int api_run_add(ApiCall *call, cxlfm *fm, size_t device)
{
    return cxlfm_add(fm, device, &call->add);
}

static const char *api_read_release(ApiCall *call, struct json_object *body)
{
    return cxlfm_wire_read_release(body, &call->release);
}

static int api_run_release(ApiCall *call, cxlfm *fm, size_t device)
{
    return cxlfm_release(fm, device, &call->release);
}

static const char *api_read_reference(ApiCall *call, struct json_object *body)
{
    struct json_object *tag = api_member(body, "tag", json_type_string);

    return !tag || cxlfm_tag_parse(json_object_get_string(tag),
                                   call->tag) < 0 ? "tag" :
           !api_bool(body, "held", &call->held) ? "held" : NULL;
}

static int api_run_reference(ApiCall *call, cxlfm *fm, size_t device)
{
    return cxlfm_reference(fm, device, call->tag, call->held);
}

static const char *api_read_region(ApiCall *call, struct json_object *body)
{
    return !api_number(body, "region", CXLFM_MAX_REGIONS - 1,
                       &call->region) ? "region" :
           !api_number(body, "block-size", G_MAXUINT64,
                       &call->block_size) ? "block-size" :
           !api_bool(body, "sanitize", &call->sanitize) ? "sanitize" : NULL;
}

static int api_run_region(ApiCall *call, cxlfm *fm, size_t device)
{
    return cxlfm_set_region(fm, device, call->region, call->block_size,
                            call->sanitize);
}

static const char *api_read_reclaim(ApiCall *call, struct json_object *body)
{
    struct json_object *pool = api_member(body, "pool", json_type_string);

    call->pool = json_object_get_string(pool);
    return !pool ? "pool" :
           !api_number(body, "host", G_MAXUINT16, &call->host) ? "host" : NULL;
}

static int api_run_reclaim(ApiCall *call, cxlfm *fm, size_t device)
{
    uint64_t freed;
    int ret = cxlfm_pool_reclaim(fm, call->pool, call->host, &freed);

    if (ret >= 0) {
        call->result = json_object_new_object();
        json_object_object_add(call->result, "freed",
                               json_object_new_uint64(freed));
    }
    return ret;
}

/* --- All --- */

static const ApiVerb verbs[] = {
    { "snapshot", NULL, NULL, api_run_snapshot },
    { "tags", NULL, NULL, api_run_tags },
    { "pools", NULL, NULL, api_run_pools },
    { "add", "add", api_read_add, api_run_add },
    { "release", "release", api_read_release, api_run_release },
    { "reference", "reference", api_read_reference, api_run_reference },
    { "region", "configure a region of", api_read_region, api_run_region },
    { "reclaim", "reclaim a host of", api_read_reclaim, api_run_reclaim },
};

void api_device(HttpRequest *request)
{
    const char *word = strrchr(request->route->path, '/') + 1;
    ApiCall call = { .request = request, .verb = verbs };
    const char *wrong = NULL;

    while (strcmp(call.verb->word, word)) {
        call.verb++;
        g_assert(call.verb < verbs + G_N_ELEMENTS(verbs));
    }
    if (call.verb->read) {
        wrong = call.verb->read(&call, request->body);
    }
    if (wrong) {
        http_answer_error(request, 422, "invalid",
                          "/v1/openapi.json has the members",
                          "not as it must be, or missing: %s", wrong);
    } else {
        api_device_run(&call);
    }
    g_free((void *)call.add.extents);
    g_free((void *)call.release.extents);
}
