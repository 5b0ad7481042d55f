/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The structs of cxlfm.h as JSON
 */
#include <json-c/json.h>
#include <stdlib.h>
#include "fmd-member.h"
#include "fmd-wire.h"

static const char *const states[] = {
    "pending", "accepted", "releasing", "sanitizing", "dead", "referenced",
    NULL
};
static const char *const mappings[] = {
    "unknown", "direct", "trapped", "none", NULL
};
static const char *const policies[] = {
    "free", "contiguous", "prescriptive", "enable-shared-access", NULL
};
static const char *const removals[] = { "tag-based", "prescriptive", NULL };
static const char *const events[] = {
    "added", "rejected", "released", "forced", "lost", NULL
};

#define EXTENT(...) CXLFM_MEMBER(cxlfm_extent, __VA_ARGS__)
static const CxlfmMember extent_members[] = {
    EXTENT(host, "host", NUMBER),
    EXTENT(region, "region", NUMBER, .max = CXLFM_MAX_REGIONS - 1),
    EXTENT(offset, "offset", NUMBER),
    EXTENT(length, "length", NUMBER),
    EXTENT(dpa, "dpa", NUMBER),
    EXTENT(tag, "tag", TAG),
    EXTENT(sequence, "sequence", NUMBER),
    EXTENT(state, "state", WORD, .words = states),
    EXTENT(mapping, "mapping", WORD, .words = mappings),
    { .key = NULL },
};
/* What a request says of an extent */
static const CxlfmMember wanted_members[] = {
    EXTENT(offset, "offset", NUMBER),
    EXTENT(length, "length", NUMBER),
    { .key = NULL },
};

#define REGION(...) CXLFM_MEMBER(cxlfm_region, __VA_ARGS__)
static const CxlfmMember region_members[] = {
    REGION(index, "index", NUMBER, .max = CXLFM_MAX_REGIONS - 1),
    REGION(base, "base", NUMBER),
    REGION(decode_length, "decode-length", NUMBER),
    REGION(length, "length", NUMBER),
    REGION(block_size, "block-size", NUMBER),
    REGION(available, "available", KNOWN),
    REGION(block_sizes, "block-sizes", NUMBER),
    REGION(attributes, "attributes", NUMBER),
    REGION(sanitize, "sanitize", BOOL),
    REGION(sanitize_configurable, "sanitize-configurable", BOOL),
    { .key = NULL },
};

#define HOST(...) CXLFM_MEMBER(cxlfm_host, __VA_ARGS__)
static const CxlfmMember host_members[] = {
    HOST(id, "host", NUMBER),
    HOST(generation, "generation", NUMBER),
    HOST(supported_extents, "supported-extents", NUMBER),
    HOST(available_extents, "available-extents", NUMBER),
    HOST(supported_tags, "supported-tags", NUMBER),
    HOST(available_tags, "available-tags", NUMBER),
    { .key = NULL },
};

#define SNAPSHOT(...) CXLFM_MEMBER(cxlfm_snapshot, __VA_ARGS__)
static const CxlfmMember snapshot_members[] = {
    SNAPSHOT(serial, "serial", KNOWN),
    SNAPSHOT(total_capacity, "total-capacity", NUMBER),
    SNAPSHOT(vendor, "vendor", NUMBER),
    SNAPSHOT(device, "device", NUMBER),
    SNAPSHOT(add_policies, "add-policies", NUMBER),
    SNAPSHOT(removal_policies, "removal-policies", NUMBER),
    SNAPSHOT(pending_listed, "pending-listed", BOOL),
    { .key = NULL },
};

#define TAG(...) CXLFM_MEMBER(cxlfm_tag, __VA_ARGS__)
static const CxlfmMember tag_members[] = {
    TAG(tag, "tag", TAG),
    TAG(fm_reference, "fm-reference", BOOL),
    TAG(accepted, "accepted", HOSTS),
    TAG(pending, "pending", HOSTS),
    { .key = NULL },
};

#define ADD(...) CXLFM_MEMBER(cxlfm_add, __VA_ARGS__, .optional = true)
static const CxlfmMember add_members[] = {
    ADD(host, "host", NUMBER),
    ADD(policy, "policy", WORD, .words = policies),
    ADD(region, "region", NUMBER, .max = CXLFM_MAX_REGIONS - 1),
    ADD(length, "length", NUMBER),
    ADD(tag, "tag", TAG),
    { .key = NULL },
};

#define RELEASE(...) CXLFM_MEMBER(cxlfm_release, __VA_ARGS__, .optional = true)
static const CxlfmMember release_members[] = {
    RELEASE(host, "host", NUMBER),
    RELEASE(removal, "removal", WORD, .words = removals),
    RELEASE(region, "region", NUMBER, .max = CXLFM_MAX_REGIONS - 1),
    RELEASE(force, "force", BOOL),
    RELEASE(sanitize, "sanitize", BOOL),
    RELEASE(length, "length", NUMBER),
    RELEASE(tag, "tag", TAG),
    { .key = NULL },
};

#define EVENT(...) CXLFM_MEMBER(cxlfm_event, __VA_ARGS__)
static const CxlfmMember event_members[] = {
    EVENT(type, "event", WORD, .words = events),
    EVENT(timestamp, "timestamp-ns", NUMBER, .optional = true),
    EVENT(host, "host", NUMBER),
    EVENT(region, "region", NUMBER),
    EVENT(tag, "tag", TAG),
    { .key = NULL },
};

/* --- Snapshots --- */

struct json_object *cxlfm_wire_snapshot(const struct cxlfm_snapshot *snapshot)
{
    struct json_object *o = cxlfm_members_write(snapshot_members, snapshot);
    struct json_object *hosts = json_object_new_array(), *host;
    size_t i;

    for (i = 0; i < snapshot->host_count; i++) {
        host = cxlfm_members_write(host_members, &snapshot->hosts[i]);
        cxlfm_list_write(host, "regions", region_members,
                      snapshot->hosts[i].regions,
                      snapshot->hosts[i].region_count,
                      sizeof(struct cxlfm_region));
        json_object_array_add(hosts, host);
    }
    json_object_object_add(o, "hosts", hosts);
    cxlfm_list_write(o, "extents", extent_members, snapshot->extents,
                  snapshot->extent_count, sizeof(struct cxlfm_extent));
    return o;
}

static const char *wire_read_host(struct json_object *from,
                                  struct cxlfm_host *fill)
{
    const char *wrong = cxlfm_members_read(host_members, from, NULL, fill);

    fill->region_count = MIN(cxlfm_list_length(from, "regions"), UINT16_MAX);
    if (!wrong && fill->region_count > CXLFM_MAX_REGIONS) {
        wrong = "regions";
    }
    return wrong ? wrong : cxlfm_list_read(from, "regions", region_members,
                                         fill->regions,
                                         sizeof(struct cxlfm_region));
}

const char *cxlfm_wire_read_snapshot(struct json_object *from,
                                     struct cxlfm_snapshot *fill)
{
    struct cxlfm_snapshot s = { 0 };
    const char *wrong = cxlfm_members_read(snapshot_members, from, NULL, &s);
    size_t i;

    if (wrong) {
        return wrong;
    }
    s.host_count = cxlfm_list_length(from, "hosts");
    s.hosts = g_new0(struct cxlfm_host, s.host_count);
    for (i = 0; i < s.host_count && !wrong; i++) {
        wrong = wire_read_host(cxlfm_list_at(from, "hosts", i), &s.hosts[i]);
    }
    s.extent_count = cxlfm_list_length(from, "extents");
    s.extents = g_new0(struct cxlfm_extent, s.extent_count);
    if (!wrong) {
        wrong = cxlfm_list_read(from, "extents", extent_members, s.extents,
                              sizeof(struct cxlfm_extent));
    }
    if (wrong) {
        g_free(s.hosts);
        g_free(s.extents);
        return wrong;
    }
    *fill = s;
    return NULL;
}

struct json_object *cxlfm_wire_tags(const struct cxlfm_tag *tags, size_t count)
{
    struct json_object *o = json_object_new_object();

    cxlfm_list_write(o, "tags", tag_members, tags, count, sizeof(*tags));
    return o;
}

const char *cxlfm_wire_read_tags(struct json_object *from, GArray *fill)
{
    size_t count = cxlfm_list_length(from, "tags"), i;

    for (i = 0; i < count; i++) {
        struct cxlfm_tag tag = { .fm_reference = false };
        const char *wrong = cxlfm_members_read(
            tag_members, cxlfm_list_at(from, "tags", i), NULL, &tag);

        if (wrong) {
            return wrong;
        }
        g_array_append_val(fill, tag);
    }
    return NULL;
}

/* --- Requests --- */

static const char *const extents_too[] = { "extents", NULL };

/* Of a request that lists some: *ret is NULL when it does not. */
static const char *wire_read_wanted(struct json_object *from, uint8_t region,
                                    struct cxlfm_extent **ret, size_t *count)
{
    const char *wrong;
    size_t i;

    *count = cxlfm_list_length(from, "extents");
    *ret = NULL;
    if (!*count) {
        return json_object_object_get_ex(from, "extents", NULL) ? "extents" :
               NULL;
    }
    *ret = g_new0(struct cxlfm_extent, *count);
    wrong = cxlfm_list_read(from, "extents", wanted_members, *ret,
                          sizeof(**ret));
    for (i = 0; i < *count; i++) {
        (*ret)[i].region = region;
    }
    if (wrong) {
        g_clear_pointer(ret, g_free);
    }
    return wrong;
}

struct json_object *cxlfm_wire_add(const struct cxlfm_add *request)
{
    struct json_object *o = cxlfm_members_write(add_members, request);

    if (request->policy == CXLFM_POLICY_PRESCRIPTIVE) {
        cxlfm_list_write(o, "extents", wanted_members, request->extents,
                      request->extent_count, sizeof(*request->extents));
    }
    return o;
}

const char *cxlfm_wire_read_add(struct json_object *from,
                                struct cxlfm_add *fill)
{
    struct cxlfm_add add = { 0 };
    struct cxlfm_extent *extents = NULL;
    const char *wrong = cxlfm_members_read(add_members, from, extents_too,
                                           &add);

    if (!wrong) {
        wrong = wire_read_wanted(from, add.region, &extents,
                                 &add.extent_count);
    }
    if (!wrong) {
        add.extents = extents;
        *fill = add;
    }
    return wrong;
}

struct json_object *cxlfm_wire_release(const struct cxlfm_release *request)
{
    struct json_object *o = cxlfm_members_write(release_members, request);

    if (request->removal == CXLFM_REMOVE_PRESCRIPTIVE) {
        cxlfm_list_write(o, "extents", wanted_members, request->extents,
                      request->extent_count, sizeof(*request->extents));
    }
    return o;
}

const char *cxlfm_wire_read_release(struct json_object *from,
                                    struct cxlfm_release *fill)
{
    struct cxlfm_release release = { 0 };
    struct cxlfm_extent *extents = NULL;
    const char *wrong = cxlfm_members_read(release_members, from, extents_too,
                                           &release);

    if (!wrong) {
        wrong = wire_read_wanted(from, release.region, &extents,
                                 &release.extent_count);
    }
    if (!wrong) {
        release.extents = extents;
        *fill = release;
    }
    return wrong;
}

/* --- Events --- */

struct json_object *cxlfm_wire_event(const struct cxlfm_event *event)
{
    struct json_object *o = cxlfm_members_write(event_members, event);

    cxlfm_list_write(o, "extents", extent_members, event->extents,
                  event->extent_count, sizeof(*event->extents));
    return o;
}

const char *cxlfm_wire_read_event(struct json_object *from,
                                  struct cxlfm_event **ret_event)
{
    size_t count = cxlfm_list_length(from, "extents");
    struct cxlfm_event *event = calloc(1, sizeof(*event) +
                                       count * sizeof(struct cxlfm_extent));
    const char *wrong;

    g_assert(event);
    event->extents = (struct cxlfm_extent *)(event + 1);
    event->extent_count = count;
    wrong = cxlfm_members_read(event_members, from, NULL, event);
    if (!wrong) {
        wrong = cxlfm_list_read(from, "extents", extent_members, event->extents,
                              sizeof(struct cxlfm_extent));
    }
    if (wrong) {
        free(event);
        return wrong;
    }
    *ret_event = event;
    return NULL;
}
