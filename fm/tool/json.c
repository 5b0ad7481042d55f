/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results as JSON. The shapes are a promise: docs/fm.md documents them, keys
 * are added and never renamed.
 */
#include <json-c/json.h>
#include <stdio.h>
#include "json.h"
#include "text.h"

#define ADD(object, key, value) json_object_object_add(object, key, value)
#define U64(value) json_object_new_uint64(value)

/* null for what this door cannot tell */
static struct json_object *json_known(uint64_t value)
{
    return value == CXLFM_UNKNOWN ? NULL : U64(value);
}

struct json_object *json_tag_text(const uint8_t tag[CXLFM_TAG_SIZE])
{
    char text[CXLFM_TAG_TEXT];

    if (cxlfm_tag_is_zero(tag)) {
        return NULL;
    }
    cxlfm_tag_format(tag, text);
    return json_object_new_string(text);
}

struct json_object *json_extent(const struct cxlfm_extent *extent)
{
    struct json_object *o = json_object_new_object();

    ADD(o, "host", json_object_new_int(extent->host));
    ADD(o, "region", json_object_new_int(extent->region));
    ADD(o, "offset", U64(extent->offset));
    ADD(o, "length", U64(extent->length));
    ADD(o, "dpa", U64(extent->dpa));
    ADD(o, "tag", json_tag_text(extent->tag));
    ADD(o, "sequence", json_object_new_int(extent->sequence));
    ADD(o, "state", json_object_new_string(extent_state_name(extent->state)));
    ADD(o, "mapping", extent->mapping == CXLFM_MAPPING_UNKNOWN ? NULL :
        json_object_new_string(mapping_name(extent->mapping)));
    return o;
}

struct json_object *json_extents(const struct cxlfm_extent *extents,
                                 size_t count)
{
    struct json_object *list = json_object_new_array();
    size_t i;

    for (i = 0; i < count; i++) {
        json_object_array_add(list, json_extent(&extents[i]));
    }
    return list;
}

static struct json_object *json_attributes(uint8_t attributes)
{
    struct json_object *list = json_object_new_array();
    unsigned i;

    for (i = 0; i < 8; i++) {
        if (attributes >> i & 1 && attribute_name(i)) {
            json_object_array_add(list,
                                  json_object_new_string(attribute_name(i)));
        }
    }
    return list;
}

struct json_object *json_region(const struct cxlfm_region *region)
{
    struct json_object *o = json_object_new_object();
    struct json_object *sizes = json_object_new_array();
    unsigned i;

    ADD(o, "index", json_object_new_int(region->index));
    ADD(o, "base", U64(region->base));
    ADD(o, "decode-length", U64(region->decode_length));
    ADD(o, "length", U64(region->length));
    ADD(o, "block-size", U64(region->block_size));
    ADD(o, "available", json_known(region->available));
    ADD(o, "attributes", json_attributes(region->attributes));
    ADD(o, "sanitize", json_object_new_boolean(region->sanitize));
    for (i = 0; i < 64; i++) {
        if (region->block_sizes >> i & 1) {
            json_object_array_add(sizes, U64(1ull << i));
        }
    }
    ADD(o, "block-sizes", sizes);
    return o;
}

static struct json_object *json_counter(uint32_t supported, uint32_t available)
{
    struct json_object *o = json_object_new_object();

    ADD(o, "supported", U64(supported));
    ADD(o, "available", U64(available));
    return o;
}

struct json_object *json_host(const struct cxlfm_host *host)
{
    struct json_object *o = json_object_new_object();
    struct json_object *regions = json_object_new_array();
    unsigned i;

    ADD(o, "host", json_object_new_int(host->id));
    ADD(o, "generation", U64(host->generation));
    ADD(o, "extents", json_counter(host->supported_extents,
                                   host->available_extents));
    ADD(o, "tags", json_counter(host->supported_tags, host->available_tags));
    for (i = 0; i < host->region_count; i++) {
        json_object_array_add(regions, json_region(&host->regions[i]));
    }
    ADD(o, "regions", regions);
    return o;
}

static struct json_object *json_bitmap(const uint8_t bitmap[32])
{
    struct json_object *list = json_object_new_array();
    unsigned i;

    for (i = 0; i < 256; i++) {
        if (bitmap[i / 8] >> i % 8 & 1) {
            json_object_array_add(list, json_object_new_int(i));
        }
    }
    return list;
}

struct json_object *json_tag(const struct cxlfm_tag *tag)
{
    struct json_object *o = json_object_new_object();

    ADD(o, "tag", json_tag_text(tag->tag));
    ADD(o, "fm-reference", json_object_new_boolean(tag->fm_reference));
    ADD(o, "accepted", json_bitmap(tag->accepted));
    ADD(o, "pending", json_bitmap(tag->pending));
    return o;
}

struct json_object *json_target(const Target *target)
{
    struct json_object *o = json_object_new_object();

    ADD(o, "device", json_object_new_string(target->name));
    ADD(o, "address", json_object_new_string(cxlfm_address(target->fm)));
    ADD(o, "door", json_object_new_string(
            g_str_has_prefix(cxlfm_address(target->fm), "fmd:") ? "fmd" :
            cxlfm_is_fmapi(target->fm) ? "fm" : "qmp"));
    return o;
}

struct json_object *json_event(const struct cxlfm_event *event,
                               const char *name, const char *address)
{
    struct json_object *o = json_object_new_object();

    ADD(o, "device", json_object_new_string(name));
    ADD(o, "address", json_object_new_string(address));
    ADD(o, "event", json_object_new_string(event_name(event->type)));
    ADD(o, "timestamp-ns", event->timestamp ? U64(event->timestamp) : NULL);
    ADD(o, "host", json_object_new_int(event->host));
    ADD(o, "region", json_object_new_int(event->region));
    ADD(o, "tag", json_tag_text(event->tag));
    ADD(o, "extents", json_extents(event->extents, event->extent_count));
    return o;
}

struct json_object *json_error(const GError *error, uint16_t return_code)
{
    static const char *const kinds[] = {
        "ok", "failed", "usage", "refused", "timeout", "unreachable",
        "rejected", "unknown", "partial",
    };
    struct json_object *o = json_object_new_object();
    struct json_object *inner = json_object_new_object();

    ADD(inner, "exit", json_object_new_int(error->code));
    ADD(inner, "kind", json_object_new_string(
            (unsigned)error->code < G_N_ELEMENTS(kinds) ? kinds[error->code] :
            "failed"));
    ADD(inner, "message", json_object_new_string(error->message));
    ADD(inner, "return-code", return_code ? json_object_new_int(return_code) :
        NULL);
    ADD(inner, "return-code-name", return_code ?
        json_object_new_string(cxlfm_return_code_name(return_code)) : NULL);
    ADD(o, "error", inner);
    return o;
}

void json_result(Tool *tool, struct json_object *object)
{
    if (tool->steps) {
        json_object_array_add(tool->steps, object);
    } else {
        json_print(object, true);
    }
}

void json_print(struct json_object *object, bool pretty)
{
    puts(json_object_to_json_string_ext(
             object, JSON_C_TO_STRING_NOSLASHESCAPE |
             (pretty ? JSON_C_TO_STRING_PRETTY : JSON_C_TO_STRING_PLAIN)));
    fflush(stdout);
    json_object_put(object);
}
