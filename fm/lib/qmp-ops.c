/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The QMP door: what each call of the library is in QEMU's commands
 */
#include <json-c/json.h>
#include <string.h>
#include "device.h"
#include "error.h"
#include "handle.h"
#include "qmp-ops.h"
#include "qmp-parse.h"
#include "qmp-pool.h"
#include "qmp.h"

#define QUERY "query-cxl-dynamic-capacity"

static struct json_object *cxlfm_qmp_path_args(cxlfm *fm, size_t device)
{
    struct json_object *args = json_object_new_object();

    json_object_object_add(args, "path", json_object_new_string(
                               cxlfm_device_path(fm, device)));
    return args;
}

/* What an add and a release begin with */
static struct json_object *cxlfm_qmp_change_args(cxlfm *fm, size_t device,
                                                 uint16_t host, uint8_t region)
{
    struct json_object *args = cxlfm_qmp_path_args(fm, device);

    json_object_object_add(args, "host-id", json_object_new_int(host));
    json_object_object_add(args, "region", json_object_new_int(region));
    return args;
}

static void cxlfm_qmp_put_tag(struct json_object *args, const uint8_t *tag)
{
    char text[CXLFM_TAG_TEXT];

    if (!cxlfm_tag_is_zero(tag)) {
        cxlfm_tag_format(tag, text);
        json_object_object_add(args, "tag", json_object_new_string(text));
    }
}

static void cxlfm_qmp_put_extents(struct json_object *args,
                                  const struct cxlfm_extent *extents,
                                  size_t count)
{
    struct json_object *list = json_object_new_array(), *e;
    size_t i;

    for (i = 0; i < count; i++) {
        e = json_object_new_object();
        json_object_object_add(e, "offset",
                               json_object_new_uint64(extents[i].offset));
        json_object_object_add(e, "len",
                               json_object_new_uint64(extents[i].length));
        json_object_array_add(list, e);
    }
    json_object_object_add(args, "extents", list);
}

/* All devices, or with @args one. */
static int cxlfm_qmp_query(cxlfm *fm, struct json_object *args,
                           struct json_object **ret_list)
{
    int ret = cxlfm_qmp_call(fm, QUERY, args, ret_list);

    if (ret < 0) {
        return ret;
    }
    if (!json_object_is_type(*ret_list, json_type_array)) {
        json_object_put(*ret_list);
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s: the answer to " QUERY " is not a list",
                          fm->address);
    }
    return 0;
}

static int cxlfm_qmp_connect(cxlfm *fm, CxlfmDeadline deadline)
{
    struct json_object *list;
    int ret = cxlfm_qmp_open(fm, deadline);
    size_t i;

    if (ret < 0 || (ret = cxlfm_qmp_query(fm, NULL, &list)) < 0) {
        return ret;
    }
    for (i = 0; i < json_object_array_length(list); i++) {
        struct json_object *device = json_object_array_get_idx(list, i);
        const char *path = cxlfm_qmp_string(device, "path");
        const char *id = cxlfm_qmp_string(device, "id");

        cxlfm_devices_add(fm, *id ? id : path, path);
    }
    json_object_put(list);
    return 0;
}

/* The element of a fresh query that is @device; it lives in *ret_list. */
static int cxlfm_qmp_query_device(cxlfm *fm, size_t device,
                                  struct json_object **ret_list,
                                  struct json_object **ret_device)
{
    int ret = cxlfm_qmp_query(fm, cxlfm_qmp_path_args(fm, device), ret_list);

    if (ret < 0) {
        return ret;
    }
    if (!json_object_array_length(*ret_list)) {
        json_object_put(*ret_list);
        return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE,
                          "device %s of %s is gone (unplugged?)",
                          cxlfm_device_name(fm, device), fm->address);
    }
    *ret_device = json_object_array_get_idx(*ret_list, 0);
    return 0;
}

static int cxlfm_qmp_snapshot(cxlfm *fm, size_t device,
                              struct cxlfm_snapshot *fill)
{
    struct json_object *list, *found;
    int ret = cxlfm_qmp_query_device(fm, device, &list, &found);

    if (ret < 0) {
        return ret;
    }
    ret = cxlfm_qmp_parse_device(fm, found, fill);
    json_object_put(list);
    return ret;
}

static struct cxlfm_tag *cxlfm_qmp_tag_entry(GArray *tags, GHashTable *index,
                                             const uint8_t *tag)
{
    g_autoptr(GBytes) key = g_bytes_new(tag, CXLFM_TAG_SIZE);
    gpointer at;

    if (!g_hash_table_lookup_extended(index, key, NULL, &at)) {
        struct cxlfm_tag entry = { .fm_reference = false };

        memcpy(entry.tag, tag, sizeof(entry.tag));
        g_array_append_val(tags, entry);
        at = GUINT_TO_POINTER(tags->len - 1);
        g_hash_table_insert(index, g_bytes_ref(key), at);
    }
    return &g_array_index(tags, struct cxlfm_tag, GPOINTER_TO_UINT(at));
}

/* QEMU has no list of tags: extents have tags, and so have references. */
static int cxlfm_qmp_tags(cxlfm *fm, size_t device, GArray *fill)
{
    g_autoptr(GHashTable) index = g_hash_table_new_full(
        g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    struct json_object *list, *found, *references;
    struct cxlfm_snapshot *snapshot;
    uint8_t tag[CXLFM_TAG_SIZE];
    size_t i;
    int ret = cxlfm_qmp_query_device(fm, device, &list, &found);

    if (ret < 0) {
        return ret;
    }
    snapshot = g_new0(struct cxlfm_snapshot, 1);
    ret = cxlfm_qmp_parse_device(fm, found, snapshot);
    for (i = 0; ret >= 0 && i < snapshot->extent_count; i++) {
        const struct cxlfm_extent *e = &snapshot->extents[i];
        struct cxlfm_tag *entry;

        if (cxlfm_tag_is_zero(e->tag) || e->host >= 256 ||
            e->state == CXLFM_EXTENT_SANITIZING) {
            continue;
        }
        entry = cxlfm_qmp_tag_entry(fill, index, e->tag);
        if (e->state == CXLFM_EXTENT_ACCEPTED ||
            e->state == CXLFM_EXTENT_RELEASING) {
            entry->accepted[e->host / 8] |= 1 << e->host % 8;
        } else {
            entry->pending[e->host / 8] |= 1 << e->host % 8;
        }
    }
    if (ret >= 0 &&
        json_object_object_get_ex(found, "fm-references", &references) &&
        json_object_is_type(references, json_type_array)) {
        for (i = 0; i < json_object_array_length(references); i++) {
            const char *text = json_object_get_string(
                json_object_array_get_idx(references, i));

            if (text && !cxlfm_tag_parse(text, tag)) {
                cxlfm_qmp_tag_entry(fill, index, tag)->fm_reference = true;
            }
        }
    }
    cxlfm_snapshot_free(snapshot);
    json_object_put(list);
    return ret;
}

static int cxlfm_qmp_add(cxlfm *fm, size_t device,
                         const struct cxlfm_add *request)
{
    static const char *const policies[] = {
        "free", "contiguous", "prescriptive", "enable-shared-access",
    };
    struct json_object *args = cxlfm_qmp_change_args(fm, device, request->host,
                                                     request->region);

    json_object_object_add(args, "selection-policy",
                           json_object_new_string(policies[request->policy]));
    cxlfm_qmp_put_tag(args, request->tag);
    if (request->policy == CXLFM_POLICY_PRESCRIPTIVE) {
        cxlfm_qmp_put_extents(args, request->extents, request->extent_count);
    } else if (request->policy != CXLFM_POLICY_SHARED) {
        json_object_object_add(args, "length",
                               json_object_new_uint64(request->length));
    }
    return cxlfm_qmp_call(fm, "cxl-add-dynamic-capacity", args, NULL);
}

static int cxlfm_qmp_release(cxlfm *fm, size_t device,
                             const struct cxlfm_release *request)
{
    struct json_object *args = cxlfm_qmp_change_args(fm, device, request->host,
                                                     request->region);
    bool by_tag = request->removal == CXLFM_REMOVE_TAG;

    json_object_object_add(args, "removal-policy",
                           json_object_new_string(by_tag ? "tag-based" :
                                                  "prescriptive"));
    json_object_object_add(args, "forced-removal",
                           json_object_new_boolean(request->force));
    json_object_object_add(args, "sanitize-on-release",
                           json_object_new_boolean(request->sanitize));
    if (!by_tag) {
        cxlfm_qmp_put_extents(args, request->extents, request->extent_count);
    } else {
        cxlfm_qmp_put_tag(args, request->tag);
        if (request->length) {
            json_object_object_add(args, "length",
                                   json_object_new_uint64(request->length));
        }
    }
    return cxlfm_qmp_call(fm, "cxl-release-dynamic-capacity", args, NULL);
}

static int cxlfm_qmp_reference(cxlfm *fm, size_t device, const uint8_t *tag,
                               bool held)
{
    struct json_object *args = cxlfm_qmp_path_args(fm, device);

    cxlfm_qmp_put_tag(args, tag);
    json_object_object_add(args, "held", json_object_new_boolean(held));
    return cxlfm_qmp_call(fm, "cxl-dynamic-capacity-reference", args, NULL);
}

static int cxlfm_qmp_set_region(cxlfm *fm, size_t device, uint8_t region,
                                uint64_t block_size, bool sanitize)
{
    struct json_object *args = cxlfm_qmp_path_args(fm, device);

    json_object_object_add(args, "region", json_object_new_int(region));
    json_object_object_add(args, "block-size",
                           json_object_new_uint64(block_size));
    json_object_object_add(args, "sanitize-on-release",
                           json_object_new_boolean(sanitize));
    return cxlfm_qmp_call(fm, "cxl-set-dynamic-capacity-region", args, NULL);
}

const struct cxlfm_door_ops cxlfm_door_qmp = {
    .fmapi = false,
    .connect = cxlfm_qmp_connect,
    .close = cxlfm_qmp_close,
    .snapshot = cxlfm_qmp_snapshot,
    .tags = cxlfm_qmp_tags,
    .add = cxlfm_qmp_add,
    .release = cxlfm_qmp_release,
    .reference = cxlfm_qmp_reference,
    .set_region = cxlfm_qmp_set_region,
    .waiting = cxlfm_qmp_waiting,
    .pump = cxlfm_qmp_pump,
    .pool_query = cxlfm_qmp_pool_query,
    .pool_reclaim = cxlfm_qmp_pool_reclaim,
};
