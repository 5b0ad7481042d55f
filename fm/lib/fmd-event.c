/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fmd door: events, by GET /v1/events
 *
 * fm->fd is an epoll descriptor, which shows what there is to read of the
 * stream. The stream begins with a greeting: what happens after it is told.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include "deadline.h"
#include "error.h"
#include "fmd-event.h"
#include "fmd-http.h"
#include "fmd-wire.h"
#include "handle.h"
#include "stream.h"

#define EVENT_MAX (16 << 20)

/* The number of the device @id, or -1 */
static int cxlfm_fmd_number(const CxlfmFmd *fmd, const char *id)
{
    unsigned i;

    for (i = 0; id && i < fmd->ids->len; i++) {
        if (!strcmp(fmd->ids->pdata[i], id)) {
            return i;
        }
    }
    return -1;
}

static void cxlfm_fmd_lost(cxlfm *fm)
{
    const CxlfmFmd *fmd = fm->state;
    unsigned i;

    for (i = 0; i < fmd->ids->len; i++) {
        struct cxlfm_event *event = calloc(1, sizeof(*event));

        g_assert(event);
        event->type = CXLFM_EVENT_LOST;
        event->device = i;
        g_queue_push_tail(&fm->events, event);
    }
}

/* The data of an event of a device; one that makes no sense is as one lost. */
static void cxlfm_fmd_device_event(cxlfm *fm, struct json_object *said)
{
    struct json_object *data, *id;
    struct cxlfm_event *event;
    int device;

    if (!json_object_object_get_ex(said, "data", &data) ||
        !json_object_object_get_ex(data, "id", &id)) {
        cxlfm_fmd_lost(fm);
        return;
    }
    device = cxlfm_fmd_number(fm->state, json_object_get_string(id));
    if (device < 0) {
        return;                   /* one that came after we did */
    }
    if (cxlfm_wire_read_event(data, &event)) {
        cxlfm_fmd_lost(fm);
        return;
    }
    event->device = device;
    g_queue_push_tail(&fm->events, event);
}

/* One whole event of the stream, without the empty line at its end */
static void cxlfm_fmd_heard(cxlfm *fm, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const char *kind = "", *data = "";
    CxlfmFmd *fmd = fm->state;
    struct json_object *said;
    unsigned i;

    for (i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], "event: ")) {
            kind = lines[i] + strlen("event: ");
        } else if (g_str_has_prefix(lines[i], "data: ")) {
            data = lines[i] + strlen("data: ");
        }
    }
    if (!strcmp(kind, "hello")) {
        fmd->greeted = true;
    } else if (!strcmp(kind, "lost")) {
        fmd->greeted = true;
        cxlfm_fmd_lost(fm);
    } else if (!strcmp(kind, "device")) {
        said = json_tokener_parse(data);
        cxlfm_fmd_device_event(fm, said);
        json_object_put(said);
    }
}

static size_t cxlfm_fmd_listen(char *bytes, size_t size, size_t count,
                               void *opaque)
{
    cxlfm *fm = opaque;
    CxlfmFmd *fmd = fm->state;
    char *end;

    if (size * count > EVENT_MAX - MIN(fmd->said->len, EVENT_MAX)) {
        return 0;
    }
    fmd->heard += size * count;
    g_string_append_len(fmd->said, bytes, size * count);
    while ((end = strstr(fmd->said->str, "\n\n"))) {
        *end = '\0';
        cxlfm_fmd_heard(fm, fmd->said->str);
        g_string_erase(fmd->said, 0, end - fmd->said->str + 2);
    }
    return size * count;
}

/* The stream ended: what comes next is not told any more. */
static int cxlfm_fmd_broken(cxlfm *fm, CURLcode code, long status)
{
    cxlfm_stream_close(fm);
    if (code == CURLE_OK && status != 200) {
        return cxlfm_fail(fm, CXLFM_ERROR_REFUSED, "%s: its events are not for "
                          "us: answer %ld", fm->address, status);
    }
    if (code == CURLE_OK) {
        return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE,
                          "%s has ended the stream of events", fm->address);
    }
    return cxlfm_fmd_unreachable(fm, code);
}

/* Read all there is. Returns 1 when something was heard. */
static int cxlfm_fmd_read(cxlfm *fm)
{
    CxlfmFmd *fmd = fm->state;
    uint64_t heard = fmd->heard, before;
    int running, left;
    CURLMsg *message;
    long status = 0;

    do {
        before = fmd->heard;
        curl_multi_perform(fmd->multi, &running);
    } while (running && fmd->heard != before);
    message = curl_multi_info_read(fmd->multi, &left);
    if (message) {
        CURLcode code = message->data.result;

        curl_easy_getinfo(fmd->stream, CURLINFO_RESPONSE_CODE, &status);
        return cxlfm_fmd_broken(fm, code, status);
    }
    return fmd->heard != heard;
}

/* Wait for the greeting: it comes at once. */
static int cxlfm_fmd_greet(cxlfm *fm)
{
    CxlfmDeadline deadline = cxlfm_deadline(fm->timeout);
    struct epoll_event event = { .events = EPOLLIN };
    CxlfmFmd *fmd = fm->state;
    curl_socket_t line;
    int ret;

    while ((ret = cxlfm_fmd_read(fm)) >= 0 && !fmd->greeted) {
        if (!cxlfm_left(deadline)) {
            cxlfm_stream_close(fm);
            return cxlfm_fmd_unreachable(fm, CURLE_OPERATION_TIMEDOUT);
        }
        curl_multi_poll(fmd->multi, NULL, 0, cxlfm_left(deadline), NULL);
    }
    if (ret >= 0 &&
        curl_easy_getinfo(fmd->stream, CURLINFO_ACTIVESOCKET, &line) ==
        CURLE_OK && line != CURL_SOCKET_BAD) {
        epoll_ctl(fm->fd, EPOLL_CTL_ADD, line, &event);
    }
    return MIN(ret, 0);
}

int cxlfm_fmd_subscribe(cxlfm *fm)
{
    CxlfmFmd *fmd = fm->state;

    if (fmd->stream) {
        return 0;
    }
    fmd->stream = curl_easy_init();
    g_assert(fmd->stream);
    cxlfm_fmd_prepare(fmd, fmd->stream, "/v1/events?kind=device");
    curl_easy_setopt(fmd->stream, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)MAX(fm->timeout, 1));
    curl_easy_setopt(fmd->stream, CURLOPT_WRITEFUNCTION, cxlfm_fmd_listen);
    curl_easy_setopt(fmd->stream, CURLOPT_WRITEDATA, fm);
    curl_multi_add_handle(fmd->multi, fmd->stream);
    return cxlfm_fmd_greet(fm);
}

int cxlfm_fmd_pump(cxlfm *fm, unsigned timeout)
{
    CxlfmDeadline deadline = cxlfm_deadline(timeout);
    CxlfmFmd *fmd = fm->state;
    int ret = cxlfm_fmd_subscribe(fm);

    if (ret < 0) {
        return ret;
    }
    while (!(ret = cxlfm_fmd_read(fm)) && cxlfm_left(deadline)) {
        curl_multi_poll(fmd->multi, NULL, 0, cxlfm_left(deadline), NULL);
    }
    return ret;
}

/* All that was heard is read to its end; half an event is none. */
bool cxlfm_fmd_waiting(const cxlfm *fm)
{
    return false;
}
