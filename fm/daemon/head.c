/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host's monitor */
#include <stdlib.h>
#include <string.h>
#include "counters.h"
#include "head.h"

#define ANSWER_MS      2000       /* a monitor that is well answers in one */
#define BACKOFF_MIN    250        /* ms */
#define BACKOFF_MAX    15000

struct head *head_new(const fmd_host *host)
{
    struct head *head = g_new0(struct head, 1);
    g_autofree char *text = fmd_host_text(host);

    g_atomic_ref_count_init(&head->refs);
    head->host = fmd_host_parse(host->uuid, text, NULL);
    g_assert(head->host);
    g_strlcpy(head->uuid, host->uuid, sizeof(head->uuid));
    head->pool_name = g_strdup("");
    head->pool_uuid = g_strdup("");
    head->pool_file = g_strdup("");
    head->kind = g_strdup("");
    head->fm = cxlfm_new();
    cxlfm_set_timeout(head->fm, ANSWER_MS);
    g_mutex_init(&head->lock);
    return head;
}

struct head *head_ref(struct head *head)
{
    g_atomic_ref_count_inc(&head->refs);
    return head;
}

void head_unref(struct head *head)
{
    if (head && g_atomic_ref_count_dec(&head->refs)) {
        cxlfm_free(head->fm);
        head_peer_free(head->peer);
        cxlfm_snapshot_free(head->truth);
        fmd_host_free(head->host);
        g_mutex_clear(&head->lock);
        g_free(head->error);
        g_free(head->pool_name);
        g_free(head->pool_uuid);
        g_free(head->pool_file);
        g_free(head->kind);
        g_free(head);
    }
}

int64_t head_due(const struct head *head)
{
    return head->state == HEAD_UP ? -1 :
           MAX(head->retry_at - g_get_monotonic_time(), 0);
}

static void head_error(struct head *head, const char *text)
{
    g_free(head->error);
    head->error = g_utf8_make_valid(text, -1);
}

static void head_down(struct head *head, enum head_state state)
{
    int64_t now = g_get_monotonic_time();

    if (!head->down_since) {
        head->down_since = now;
    }
    head->state = state;
    head->backoff = CLAMP(head->backoff * 2, BACKOFF_MIN, BACKOFF_MAX);
    head->retry_at = now + head->backoff * 1000ll;
    g_clear_pointer(&head->truth, cxlfm_snapshot_free);
}

/* A call failed with @ret, for which the line is of no use any more. */
static void head_broken(struct head *head, int ret)
{
    head_error(head, cxlfm_error_text(head->fm));
    head->connected = false;
    head_down(head, ret == CXLFM_ERROR_UNREACHABLE ? HEAD_DEAD : HEAD_HUNG);
    head->silent_until = g_get_monotonic_time();
    if (ret == CXLFM_ERROR_PROTOCOL) {
        head->silent_since = 0;
    }
}

bool head_is_broken(int ret)
{
    return ret == CXLFM_ERROR_UNREACHABLE || ret == CXLFM_ERROR_TIMEOUT ||
           ret == CXLFM_ERROR_PROTOCOL || ret == CXLFM_ERROR_UNKNOWN;
}

void head_note(struct head *head, int ret)
{
    if (head_is_broken(ret)) {
        head_broken(head, ret);
    }
    /* Of a line that was ours: one that another client holds is no reason. */
    if ((ret == CXLFM_ERROR_TIMEOUT || ret == CXLFM_ERROR_UNKNOWN) &&
        !head->silent_since) {
        head->silent_since = head->silent_until;
    }
}

static void head_set(char **to, const char *text)
{
    g_free(*to);
    *to = g_strdup(text);
}

void head_place(struct head *head, const char *pool, uint16_t id)
{
    head_set(&head->pool_uuid, pool);
    head->id = id;
    head->placed = true;
}

/*
 * A pool that tells no UUID is known by its file's path, which stays over a
 * restart of the machine, as the number of its device need not.
 */
static void head_pool_uuid(const struct cxlfm_pool *pool, const char *machine,
                           char uuid[FMD_UUID_TEXT])
{
    g_autofree char *words = NULL;
    char *path;

    if (fmd_uuid_parse(pool->identity, uuid)) {
        return;
    }
    path = realpath(pool->file, NULL);
    words = g_strdup_printf("%s/%s", machine, path ? path : pool->file);
    free(path);
    fmd_uuid_of("pool", words, uuid);
}

/* One device, of one pool: with more, who is meant is not known. */
static bool head_find(struct head *head, const char *machine)
{
    struct cxlfm_pool *pool = NULL;
    int ret;

    if (cxlfm_device_count(head->fm) != 1) {
        g_autofree char *text = g_strdup_printf(
            "%s has %zu devices with dynamic capacity: a host needs a monitor "
            "with one", head->host->monitor, cxlfm_device_count(head->fm));

        head_error(head, text);
        head_down(head, HEAD_HUNG);
        return false;
    }
    ret = cxlfm_is_fmapi(head->fm) ? CXLFM_ERROR_INVALID :
          cxlfm_pool_query(head->fm, &pool);
    if (ret < 0 && ret != CXLFM_ERROR_INVALID) {
        head_note(head, ret);
        return false;
    }
    if (pool) {
        char uuid[FMD_UUID_TEXT];

        head_pool_uuid(pool, machine, uuid);
        head_set(&head->pool_uuid, uuid);
        head_set(&head->pool_name, pool->name);
        head_set(&head->pool_file, pool->file);
        head_set(&head->kind, "file");
        cxlfm_pool_free(pool);
    } else {
        char uuid[FMD_UUID_TEXT];

        fmd_uuid_of("device", head->host->uuid, uuid);
        head_set(&head->pool_uuid, uuid);
        head_set(&head->pool_name, "");
        head_set(&head->pool_file, "");
        head_set(&head->kind, "device");
    }
    return true;
}

/* The one that it must be of, if that is said */
static bool head_is_of_pool(struct head *head)
{
    g_autofree char *text = NULL;

    if (!*head->host->pool || !strcmp(head->host->pool, head->pool_uuid)) {
        return true;
    }
    text = g_strdup_printf("%s is of pool %s; it was put as one of %s: it is "
                           "let alone", head->host->monitor, head->pool_uuid,
                           head->host->pool);
    head_error(head, text);
    head_down(head, HEAD_HUNG);
    return false;
}

bool head_connect(struct head *head, const char *machine)
{
    int ret;

    counter_add(FMD_COUNT_CONNECTS, 0, 1);
    g_mutex_lock(&head->lock);
    ret = *cxlfm_address(head->fm) ? cxlfm_reconnect(head->fm) :
          cxlfm_connect(head->fm, head->host->monitor);
    head->connected = ret >= 0;
    if (ret >= 0 && cxlfm_is_fmapi(head->fm)) {
        ret = cxlfm_subscribe(head->fm);
    }
    if (ret < 0) {
        head_broken(head, ret);
    } else {
        /* It answers; or another process does, which was never silent. */
        head->silent_since = 0;
        head_peer_free(head->peer);
        head->peer = head_peer_new(head->fm);
    }
    if (ret < 0 || !head_find(head, machine) || !head_is_of_pool(head)) {
        counter_add(FMD_COUNT_CONNECTS_FAILED, 0, 1);
        head->connected = false;
        g_mutex_unlock(&head->lock);
        return false;
    }
    g_mutex_unlock(&head->lock);
    head->life++;
    head->state = HEAD_UP;
    return head_read(head);
}

bool head_read(struct head *head)
{
    struct cxlfm_snapshot *truth;
    int ret;

    g_mutex_lock(&head->lock);
    ret = cxlfm_snapshot(head->fm, 0, &truth);
    if (ret < 0) {
        head_note(head, ret);
    } else {
        head->connected = true;   /* whatever others thought of it */
    }
    g_mutex_unlock(&head->lock);
    if (ret < 0) {
        g_clear_pointer(&head->truth, cxlfm_snapshot_free);
        return false;
    }
    cxlfm_snapshot_free(head->truth);
    head->truth = truth;
    head->truth_at = g_get_monotonic_time();
    head->id = truth->host_count ? truth->hosts[0].id : 0;
    head->placed = true;
    head->down_since = head->silent_since = 0;
    head->backoff = 0;
    g_clear_pointer(&head->error, g_free);
    return true;
}

struct cxlfm_pool *head_pool(struct head *head)
{
    struct cxlfm_pool *pool = NULL;
    int ret;

    g_mutex_lock(&head->lock);
    ret = cxlfm_pool_query(head->fm, &pool);
    if (ret < 0) {
        head_note(head, ret);
    }
    g_mutex_unlock(&head->lock);
    return ret < 0 ? NULL : pool;
}
