/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims, their status, events: to JSON and back */
#include <string.h>
#include "cxlfm.h"
#include "words.h"

static const char *const phase_names[FMD_PHASE_MAX] = {
    "Pending", "Placed", "Offering", "Bound", "Releasing", "Forcing", "Gone",
    "Declined", "Unanswered", "Lost", "Stuck",
};
static const char *const act_names[FMD_ACT_MAX] = {
    "none", "add", "share", "release", "force", "reclaim", "kill",
};
static const char *const state_names[CXLFM_EXTENT_STATE_MAX] = {
    "pending", "accepted", "releasing", "sanitizing", "dead", "referenced",
};

const char *fmd_phase_name(enum fmd_phase phase)
{
    return phase < FMD_PHASE_MAX ? phase_names[phase] : "unknown";
}

const char *fmd_act_name(enum fmd_act act)
{
    return act < FMD_ACT_MAX ? act_names[act] : "unknown";
}

/* --- Claims --- */

fmd_claim *fmd_claim_new(void)
{
    fmd_claim *claim = g_new0(fmd_claim, 1);

    claim->uuid = g_strdup("");
    claim->host = g_strdup("");
    claim->pool = g_strdup("");
    claim->consumer_kind = g_strdup("");
    claim->consumer = g_strdup("");
    claim->by = g_strdup("");
    claim->selector = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                            g_free);
    claim->shared_with = g_ptr_array_new_with_free_func(g_free);
    return claim;
}

void fmd_claim_free(fmd_claim *claim)
{
    if (claim) {
        g_free(claim->uuid);
        g_free(claim->host);
        g_free(claim->pool);
        g_free(claim->consumer_kind);
        g_free(claim->consumer);
        g_free(claim->by);
        g_clear_pointer(&claim->selector, g_hash_table_unref);
        g_clear_pointer(&claim->shared_with, g_ptr_array_unref);
        g_free(claim);
    }
}

/* A host as people name it: its name, or its UUID in lower case */
static char *fmd_claim_host_name(struct fmd_reader *reader, const char *key,
                                 const char *text)
{
    char uuid[FMD_UUID_TEXT];

    if (fmd_uuid_parse(text, uuid)) {
        return g_strdup(uuid);
    }
    if (*text && !fmd_name_is_good(text)) {
        fmd_read_fail(reader, "\"%s\" must be a host's name or UUID, and is "
                      "\"%.64s\"", key, text);
    }
    return g_strdup(text);
}

static GPtrArray *fmd_claim_read_shared(struct fmd_reader *reader)
{
    GPtrArray *hosts = fmd_read_texts(reader, "shared_with", FMD_SHARED_MAX);
    unsigned i, j;

    for (i = 0; i < hosts->len; i++) {
        char *name = fmd_claim_host_name(reader, "shared_with",
                                         hosts->pdata[i]);

        g_free(hosts->pdata[i]);
        hosts->pdata[i] = name;
        for (j = 0; j < i; j++) {
            if (!strcmp(hosts->pdata[j], name)) {
                fmd_read_fail(reader, "\"shared_with\" names \"%s\" twice",
                              name);
            }
        }
    }
    return hosts;
}

static void fmd_claim_check(struct fmd_reader *reader, const fmd_claim *claim)
{
    unsigned i;

    if (!claim->bytes) {
        fmd_read_fail(reader, "\"bytes\" is missing, or 0: how much is "
                      "wanted?");
    }
    if (*claim->host && g_hash_table_size(claim->selector)) {
        fmd_read_fail(reader, "has both \"host\" and \"selector\": name a "
                      "host, or labels of the hosts that may be chosen");
    }
    for (i = 0; i < claim->shared_with->len; i++) {
        if (!strcmp(claim->shared_with->pdata[i], claim->host)) {
            fmd_read_fail(reader, "\"shared_with\" names \"%s\", which is "
                          "\"host\" already", claim->host);
        }
    }
    if (claim->shared_with->len && !*claim->host) {
        fmd_read_fail(reader, "\"shared_with\" needs \"host\": all hosts of "
                      "shared capacity are named");
    }
}

fmd_claim *fmd_claim_parse(const char *uuid, const char *text, GError **error)
{
    g_autoptr(fmd_claim) claim = g_new0(fmd_claim, 1);
    g_autofree char *host = NULL;
    struct fmd_reader reader;

    fmd_read_begin(&reader, "claim", uuid, text);
    claim->uuid = g_strdup(uuid);
    host = fmd_read_text(&reader, "host");
    claim->host = fmd_claim_host_name(&reader, "host", host);
    claim->selector = fmd_read_labels(&reader, "selector");
    claim->pool = fmd_read_uuid(&reader, "pool");
    claim->bytes = fmd_read_size(&reader, "bytes", 0);
    claim->region = fmd_read_number(&reader, "region", 0, 0,
                                    CXLFM_MAX_REGIONS - 1);
    claim->shared_with = fmd_claim_read_shared(&reader);
    claim->consumer_kind = fmd_read_text(&reader, "consumer_kind");
    claim->consumer = fmd_read_text(&reader, "consumer");
    claim->lease = fmd_read_number(&reader, "lease", 0, FMD_LEASE_MIN,
                                   FMD_LEASE_MAX);
    claim->deleted = fmd_read_bool(&reader, "deleted", false);
    claim->lapsed = fmd_read_bool(&reader, "lapsed", false);
    claim->by = fmd_read_text(&reader, "by");
    fmd_claim_check(&reader, claim);
    return fmd_read_end(&reader, error) ? g_steal_pointer(&claim) : NULL;
}

struct json_object *fmd_claim_json(const fmd_claim *claim)
{
    struct json_object *to = fmd_write_begin(claim->uuid);

    fmd_write_text(to, "host", claim->host);
    fmd_write_labels(to, "selector", claim->selector);
    fmd_write_text(to, "pool", claim->pool);
    fmd_write_number(to, "bytes", claim->bytes);
    fmd_write_number(to, "region", claim->region);
    fmd_write_texts(to, "shared_with", claim->shared_with);
    fmd_write_text(to, "consumer_kind", claim->consumer_kind);
    fmd_write_text(to, "consumer", claim->consumer);
    /* Who has none is read by older daemons, too. */
    if (claim->lease) {
        fmd_write_number(to, "lease", claim->lease);
    }
    fmd_write_bool(to, "deleted", claim->deleted);
    if (claim->lapsed) {
        fmd_write_bool(to, "lapsed", true);
    }
    if (*claim->by) {
        fmd_write_text(to, "by", claim->by);
    }
    return to;
}

char *fmd_claim_text(const fmd_claim *claim)
{
    return fmd_write_end(fmd_claim_json(claim));
}

bool fmd_claim_equal(const fmd_claim *a, const fmd_claim *b)
{
    struct json_object *one = fmd_claim_json(a), *two = fmd_claim_json(b);
    bool equal;

    json_object_object_del(one, "deleted");
    json_object_object_del(two, "deleted");
    json_object_object_del(one, "lapsed");
    json_object_object_del(two, "lapsed");
    json_object_object_del(one, "by");
    json_object_object_del(two, "by");
    equal = json_object_equal(one, two);
    json_object_put(one);
    json_object_put(two);
    return equal;
}

/* --- Status --- */

fmd_status *fmd_status_new(void)
{
    fmd_status *status = g_new0(fmd_status, 1);

    status->host = g_strdup("");
    status->pool = g_strdup("");
    status->act_host = g_strdup("");
    status->message = g_strdup("");
    status->extents = g_array_new(false, true, sizeof(struct fmd_extent));
    status->declined = g_ptr_array_new_with_free_func(g_free);
    return status;
}

void fmd_status_free(fmd_status *status)
{
    if (status) {
        g_free(status->host);
        g_free(status->pool);
        g_free(status->act_host);
        g_free(status->message);
        g_clear_pointer(&status->extents, g_array_unref);
        g_clear_pointer(&status->declined, g_ptr_array_unref);
        g_free(status);
    }
}

static void fmd_status_read_extent(struct fmd_reader *reader,
                                   struct json_object *from, GArray *extents)
{
    struct fmd_reader inner;
    struct fmd_extent e;
    g_autofree char *host = NULL;

    /* With what lies between members: they are compared as bytes. */
    memset(&e, 0, sizeof(e));
    fmd_read_begin(&inner, "extent", NULL, json_object_to_json_string(from));
    host = fmd_read_uuid(&inner, "host");
    g_strlcpy(e.host, host, sizeof(e.host));
    e.region = fmd_read_number(&inner, "region", 0, 0, CXLFM_MAX_REGIONS - 1);
    e.offset = fmd_read_number(&inner, "offset", 0, 0, INT64_MAX);
    e.length = fmd_read_number(&inner, "length", 0, 0, INT64_MAX);
    e.state = fmd_read_word(&inner, "state", state_names,
                            CXLFM_EXTENT_STATE_MAX, CXLFM_EXTENT_ACCEPTED);
    if (fmd_read_end(&inner, reader->error ? NULL : &reader->error)) {
        g_array_append_val(extents, e);
    }
}

static GArray *fmd_status_read_extents(struct fmd_reader *reader)
{
    GArray *extents = g_array_new(false, true, sizeof(struct fmd_extent));
    struct json_object *list = fmd_read_any(reader, "extents");
    size_t i;

    if (list && !json_object_is_type(list, json_type_array)) {
        fmd_read_fail(reader, "\"extents\" must be a list");
        list = NULL;
    }
    for (i = 0; list && i < json_object_array_length(list); i++) {
        fmd_status_read_extent(reader, json_object_array_get_idx(list, i),
                               extents);
    }
    return extents;
}

fmd_status *fmd_status_parse(const char *uuid, const char *text,
                             GError **error)
{
    g_autoptr(fmd_status) status = g_new0(fmd_status, 1);
    struct fmd_reader reader;

    fmd_read_begin(&reader, "status", uuid, text);
    status->phase = fmd_read_word(&reader, "phase", phase_names, FMD_PHASE_MAX,
                                  FMD_PENDING);
    status->host = fmd_read_uuid(&reader, "host");
    status->pool = fmd_read_uuid(&reader, "pool");
    status->extents = fmd_status_read_extents(&reader);
    status->epoch = fmd_read_number(&reader, "epoch", 0, 0, INT64_MAX);
    status->act = fmd_read_word(&reader, "act", act_names, FMD_ACT_MAX,
                                FMD_ACT_NONE);
    status->act_host = fmd_read_uuid(&reader, "act_host");
    status->attempts = fmd_read_number(&reader, "attempts", 0, 0, INT64_MAX);
    status->message = fmd_read_text(&reader, "message");
    status->since = fmd_read_number(&reader, "since", 0, 0, INT64_MAX);
    status->declined = fmd_read_texts(&reader, "declined", UINT16_MAX);
    return fmd_read_end(&reader, error) ? g_steal_pointer(&status) : NULL;
}

struct json_object *fmd_status_json(const fmd_status *status)
{
    struct json_object *to = fmd_write_begin(NULL);
    struct json_object *list = json_object_new_array();
    g_autofree char *message = g_utf8_substring(
        status->message, 0, MIN(g_utf8_strlen(status->message, -1),
                                FMD_TEXT_MAX / 4));
    unsigned i;

    for (i = 0; i < status->extents->len; i++) {
        const struct fmd_extent *e = &g_array_index(status->extents,
                                                    struct fmd_extent, i);
        struct json_object *one = json_object_new_object();

        fmd_write_text(one, "host", e->host);
        fmd_write_number(one, "region", e->region);
        fmd_write_number(one, "offset", e->offset);
        fmd_write_number(one, "length", e->length);
        fmd_write_text(one, "state", state_names[e->state]);
        json_object_array_add(list, one);
    }
    fmd_write_text(to, "phase", fmd_phase_name(status->phase));
    fmd_write_text(to, "host", status->host);
    fmd_write_text(to, "pool", status->pool);
    json_object_object_add(to, "extents", list);
    fmd_write_number(to, "epoch", status->epoch);
    fmd_write_text(to, "act", fmd_act_name(status->act));
    fmd_write_text(to, "act_host", status->act_host);
    fmd_write_number(to, "attempts", status->attempts);
    fmd_write_text(to, "message", strlen(status->message) > FMD_TEXT_MAX ?
                   message : status->message);
    fmd_write_number(to, "since", status->since);
    fmd_write_texts(to, "declined", status->declined);
    return to;
}

char *fmd_status_text(const fmd_status *status)
{
    return fmd_write_end(fmd_status_json(status));
}

/* --- Events --- */

void fmd_event_free(fmd_event *event)
{
    if (event) {
        g_free(event->kind);
        g_free(event->object);
        g_free(event->text);
        g_free(event->data);
        g_free(event);
    }
}

struct json_object *fmd_event_json(const fmd_event *event)
{
    struct json_object *to = fmd_write_begin(NULL);
    struct json_object *data = json_tokener_parse(event->data);

    fmd_write_number(to, "id", event->id);
    fmd_write_number(to, "time", event->time);
    fmd_write_text(to, "kind", event->kind);
    fmd_write_text(to, "object", event->object);
    fmd_write_text(to, "text", event->text);
    json_object_object_add(to, "data",
                           data ? data : json_object_new_object());
    return to;
}
