/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The QMP door: lines of JSON, answers by id, events kept for later
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "error.h"
#include "handle.h"
#include "hw/cxl/dcd/wire.h"
#include "qmp-parse.h"
#include "qmp.h"
#include "stream.h"

#define READ_CHUNK  65536
/* Far above a list of a million extents, which is about 200 MB of text */
#define LINE_LIMIT  (768u << 20)
#define EVENT_LIMIT 100000
#define LOG_BYTES   400           /* of a line; lists may be long */

typedef struct CxlfmQmp {
    GByteArray *in;               /* bytes not yet taken as lines */
    size_t scanned;               /* of them, known to have no newline */
    int64_t next_id;
} CxlfmQmp;

static void cxlfm_qmp_queue(cxlfm *fm, struct json_object *message)
{
    struct cxlfm_event *event = cxlfm_qmp_parse_event(fm, message);

    if (!event) {
        return;
    }
    if (g_queue_get_length(&fm->events) >= EVENT_LIMIT) {
        /* Nobody reads them: only say that events were lost. */
        g_queue_clear_full(&fm->events, free);
        event->type = CXLFM_EVENT_LOST;
        event->extent_count = 0;
    }
    g_queue_push_tail(&fm->events, event);
}

/*
 * The next message that is here or comes by @deadline. 1 with *ret_message,
 * 0 too late, or an error.
 */
static int cxlfm_qmp_message(cxlfm *fm, CxlfmDeadline deadline,
                             struct json_object **ret_message)
{
    CxlfmQmp *qmp = fm->state;
    uint8_t *newline;
    int ret;

    for (;;) {
        /* An array that is empty has no data to look at. */
        newline = qmp->in->len == qmp->scanned ? NULL :
                  memchr(qmp->in->data + qmp->scanned, '\n',
                         qmp->in->len - qmp->scanned);
        if (newline) {
            break;
        }
        qmp->scanned = qmp->in->len;
        if (qmp->in->len > LINE_LIMIT) {
            return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                              "%s sent a line of more than %u MiB",
                              fm->address, LINE_LIMIT >> 20);
        }
        g_byte_array_set_size(qmp->in, qmp->scanned + READ_CHUNK);
        ret = cxlfm_stream_read(fm, qmp->in->data + qmp->scanned, READ_CHUNK,
                                deadline);
        g_byte_array_set_size(qmp->in, qmp->scanned + MAX(ret, 0));
        if (ret <= 0) {
            return ret;
        }
    }
    *newline = '\0';
    cxlfm_log(fm, "%s: < %.*s", fm->address, LOG_BYTES,
              (const char *)qmp->in->data);
    *ret_message = json_tokener_parse((const char *)qmp->in->data);
    g_byte_array_remove_range(qmp->in, 0, newline - qmp->in->data + 1);
    qmp->scanned = 0;
    if (!json_object_is_type(*ret_message, json_type_object)) {
        json_object_put(*ret_message);
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s does not speak QMP: its line is no JSON object",
                          fm->address);
    }
    return 1;
}

bool cxlfm_qmp_waiting(const cxlfm *fm)
{
    const CxlfmQmp *qmp = fm->state;

    return qmp->in->len > qmp->scanned &&
           memchr(qmp->in->data + qmp->scanned, '\n',
                  qmp->in->len - qmp->scanned);
}

int cxlfm_qmp_pump(cxlfm *fm, unsigned timeout)
{
    CxlfmDeadline deadline = cxlfm_deadline(timeout);
    struct json_object *message;
    int ret, news = 0;

    while ((ret = cxlfm_qmp_message(fm, deadline, &message)) > 0) {
        unsigned before = g_queue_get_length(&fm->events);

        cxlfm_qmp_queue(fm, message);
        json_object_put(message);
        if (g_queue_get_length(&fm->events) != before) {
            news = 1;
            deadline = 0;         /* take what is here, wait no longer */
        }
    }
    return ret < 0 ? ret : news;
}

static int cxlfm_qmp_refused(cxlfm *fm, const char *command,
                             struct json_object *error)
{
    struct json_object *class = NULL, *desc = NULL;

    json_object_object_get_ex(error, "class", &class);
    json_object_object_get_ex(error, "desc", &desc);
    if (!g_strcmp0(json_object_get_string(class), "CommandNotFound")) {
        return cxlfm_fail(fm, CXLFM_ERROR_UNSUPPORTED,
                          "the QEMU at %s has no command %s; the FM API "
                          "endpoint of the device may do it (address fm:...)",
                          fm->address, command);
    }
    /* QMP has sentences only; this is how our device ends those. */
    fm->return_code = desc && strstr(json_object_get_string(desc),
                                     "try again") ?
                      CXL_DCD_RC_RETRY_REQUIRED : 0;
    return cxlfm_fail(fm, CXLFM_ERROR_REFUSED, "%s",
                      desc ? json_object_get_string(desc) :
                      "QEMU refused without a reason");
}

/* Whether @message answers request @id; then *ret is the call's result. */
static bool cxlfm_qmp_is_answer(cxlfm *fm, const char *command, int64_t id,
                                struct json_object *message,
                                struct json_object **ret_result, int *ret)
{
    struct json_object *value;

    if (json_object_object_get_ex(message, "event", &value)) {
        cxlfm_qmp_queue(fm, message);
        return false;
    }
    if (json_object_object_get_ex(message, "id", &value) &&
        json_object_get_int64(value) != id) {
        return false;             /* an answer that came too late */
    }
    if (json_object_object_get_ex(message, "error", &value)) {
        *ret = cxlfm_qmp_refused(fm, command, value);
        return true;
    }
    if (json_object_object_get_ex(message, "return", &value)) {
        if (ret_result) {
            *ret_result = json_object_get(value);
        }
        *ret = 0;
        return true;
    }
    return false;
}

/* Send @command and its @arguments, which are taken. */
static int cxlfm_qmp_send(cxlfm *fm, const char *command,
                          struct json_object *arguments, int64_t id,
                          CxlfmDeadline deadline)
{
    struct json_object *request = json_object_new_object();
    g_autofree char *line = NULL;

    json_object_object_add(request, "execute", json_object_new_string(command));
    if (arguments) {
        json_object_object_add(request, "arguments", arguments);
    }
    json_object_object_add(request, "id", json_object_new_int64(id));
    line = g_strdup_printf("%s\n", json_object_to_json_string_ext(
                               request, JSON_C_TO_STRING_PLAIN));
    json_object_put(request);
    cxlfm_log(fm, "%s: > %.*s", fm->address,
              (int)MIN(strlen(line) - 1, LOG_BYTES), line);
    return cxlfm_stream_write(fm, line, strlen(line), deadline);
}

/* No answer came, as @ret says: too late (0), or the line is of no use. */
static int cxlfm_qmp_no_answer(cxlfm *fm, const char *command, int ret)
{
    bool changes = g_str_has_prefix(command, "cxl-");

    if (!ret) {
        cxlfm_fail(fm, CXLFM_ERROR_TIMEOUT,
                   "%s has not answered %s within %.1f s", fm->address,
                   command, fm->timeout / 1000.0);
        ret = CXLFM_ERROR_TIMEOUT;
    }
    return changes ? cxlfm_unknown(fm) : ret;
}

int cxlfm_qmp_call(cxlfm *fm, const char *command,
                   struct json_object *arguments,
                   struct json_object **ret_result)
{
    CxlfmDeadline deadline = cxlfm_deadline(fm->timeout);
    struct json_object *message;
    CxlfmQmp *qmp = fm->state;
    int64_t id = ++qmp->next_id;
    bool answered;
    int ret = cxlfm_qmp_send(fm, command, arguments, id, deadline);

    if (ret < 0) {
        return ret;
    }
    do {
        ret = cxlfm_qmp_message(fm, deadline, &message);
        if (ret <= 0) {
            return cxlfm_qmp_no_answer(fm, command, ret);
        }
        answered = cxlfm_qmp_is_answer(fm, command, id, message, ret_result,
                                       &ret);
        json_object_put(message);
    } while (!answered);
    return ret;
}

static int cxlfm_qmp_greet(cxlfm *fm, CxlfmDeadline deadline)
{
    struct json_object *message;
    bool greeting;
    int ret = cxlfm_qmp_message(fm, deadline, &message);

    if (ret < 0) {
        return ret;
    }
    if (!ret) {
        return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE,
                          "%s takes connections but does not greet: a QEMU "
                          "monitor serves one client at a time, another one "
                          "seems to hold it", fm->address);
    }
    greeting = json_object_object_get_ex(message, "QMP", NULL);
    json_object_put(message);
    if (!greeting) {
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s does not greet as a QEMU monitor", fm->address);
    }
    return cxlfm_qmp_call(fm, "qmp_capabilities", NULL, NULL);
}

int cxlfm_qmp_open(cxlfm *fm, CxlfmDeadline deadline)
{
    CxlfmQmp *qmp = g_new0(CxlfmQmp, 1);

    qmp->in = g_byte_array_new();
    fm->state = qmp;
    return cxlfm_qmp_greet(fm, deadline);
}

void cxlfm_qmp_close(cxlfm *fm)
{
    CxlfmQmp *qmp = fm->state;

    g_byte_array_unref(qmp->in);
    g_free(qmp);
}
