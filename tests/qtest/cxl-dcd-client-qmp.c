/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what an orchestrator does over QMP, and the
 * snapshot of all visible state that refused requests are judged by
 */
#include "qemu/osdep.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "qobject/qstring.h"
#include "cxl-dcd-client.h"

static void cxl_dcd_request_members(GString *json, const CXLDcdDevice *device,
                                    const CXLDcdRequest *request)
{
    size_t i;

    g_string_append_printf(json, ",\"host-id\":%u",
                           request->host ?: device->host);
    if (request->tag) {
        g_string_append_printf(json, ",\"tag\":\"%s\"", request->tag);
    }
    if (request->length) {
        g_string_append_printf(json, ",\"length\":%" PRIu64, request->length);
    }
    if (!request->extents) {
        return;
    }
    g_string_append(json, ",\"extents\":[");
    for (i = 0; i < request->count; i++) {
        g_string_append_printf(json, "%s{\"offset\":%" PRIu64 ",\"len\":%"
                               PRIu64 "}", i ? "," : "",
                               request->extents[i].start,
                               request->extents[i].length);
    }
    g_string_append_c(json, ']');
}

static void cxl_dcd_qmp_run(CXLDcdMachine *machine, const char *json,
                            const char *error)
{
    QDict *response;

    qtest_qmp_send_raw(machine->qts, "%s", json);
    response = qtest_qmp_receive(machine->qts);
    if (error) {
        const char *text;

        g_assert_nonnull(qdict_get_qdict(response, "error"));
        text = qdict_get_str(qdict_get_qdict(response, "error"), "desc");
        if (!strstr(text, error)) {
            g_test_message("expected '%s' in '%s'", error, text);
            g_assert_cmpstr(text, ==, error);
        }
    } else if (qdict_haskey(response, "error")) {
        g_assert_cmpstr(qdict_get_str(qdict_get_qdict(response, "error"),
                                      "desc"), ==, NULL);
    }
    qobject_unref(response);
}

void cxl_dcd_qmp_fails(CXLDcdMachine *machine, const char *json,
                       const char *error)
{
    g_assert_nonnull(error);
    cxl_dcd_qmp_run(machine, json, error);
}

void cxl_dcd_qmp_does(CXLDcdMachine *machine, const char *json)
{
    cxl_dcd_qmp_run(machine, json, NULL);
}

void cxl_dcd_hmp(CXLDcdMachine *machine, const char *command)
{
    g_autofree char *reply = qtest_hmp(machine->qts, "%s", command);

    g_assert_cmpstr(reply, ==, "");
}

static void cxl_dcd_wait_job(CXLDcdMachine *machine, const char *id)
{
    bool concluded;

    do {
        QDict *event = qtest_qmp_eventwait_ref(machine->qts,
                                               "JOB_STATUS_CHANGE");
        QDict *data = qdict_get_qdict(event, "data");

        concluded = g_str_equal(qdict_get_str(data, "status"), "concluded");
        qobject_unref(event);
    } while (!concluded);
    qtest_qmp_assert_success(machine->qts, "{'execute':'job-dismiss',"
                             "'arguments':{'id':%s}}", id);
}

CXLDcdMachine *cxl_dcd_snapshots_start(const CXLDcdOptions *options)
{
    CXLDcdOptions with_file = *options;
    g_autofree char *file = NULL, *arguments = NULL;
    CXLDcdMachine *machine;
    int fd = g_file_open_tmp("cxl-dcd-snapshots-XXXXXX", &file, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    arguments = g_strdup_printf(" -blockdev file,node-name=file,filename=%s%s",
                                file, options->arguments ?: "");
    with_file.arguments = arguments;
    machine = cxl_dcd_machine_start(&with_file);
    unlink(file);                 /* QEMU has it open */
    qtest_qmp_assert_success(machine->qts, "{'execute':'blockdev-create',"
        "'arguments':{'job-id':'make','options':{'driver':'qcow2',"
        "'file':'file','size':1048576}}}");
    cxl_dcd_wait_job(machine, "make");
    qtest_qmp_assert_success(machine->qts, "{'execute':'blockdev-add',"
        "'arguments':{'driver':'qcow2','node-name':'vm','file':'file'}}");
    return machine;
}

void cxl_dcd_qmp_add_request(CXLDcdDevice *device,
                             const CXLDcdRequest *request)
{
    g_autoptr(GString) json = g_string_new(NULL);

    g_string_append_printf(json,
        "{\"execute\":\"cxl-add-dynamic-capacity\",\"arguments\":"
        "{\"path\":\"%s\",\"selection-policy\":\"%s\",\"region\":%u",
        device->path, request->policy ?: "prescriptive", request->region);
    cxl_dcd_request_members(json, device, request);
    g_string_append(json, "}}");
    cxl_dcd_qmp_run(device->machine, json->str, request->error);
}

void cxl_dcd_qmp_release_request(CXLDcdDevice *device,
                                 const CXLDcdRequest *request)
{
    g_autoptr(GString) json = g_string_new(NULL);

    g_string_append_printf(json,
        "{\"execute\":\"cxl-release-dynamic-capacity\",\"arguments\":"
        "{\"path\":\"%s\",\"removal-policy\":\"%s\",\"region\":%u",
        device->path, request->policy ?: "prescriptive", request->region);
    if (request->forced) {
        g_string_append(json, ",\"forced-removal\":true");
    }
    if (request->sanitize) {
        g_string_append(json, ",\"sanitize-on-release\":true");
    }
    cxl_dcd_request_members(json, device, request);
    g_string_append(json, "}}");
    cxl_dcd_qmp_run(device->machine, json->str, request->error);
}

/* NULL: it is unplugged */
static QDict *cxl_dcd_query_if_there(CXLDcdDevice *device)
{
    QDict *response = qtest_qmp(device->machine->qts,
                                "{'execute':'query-cxl-dynamic-capacity'}");
    QDict *found = NULL;
    const QListEntry *entry;

    g_assert_true(qdict_haskey(response, "return"));
    QLIST_FOREACH_ENTRY(qdict_get_qlist(response, "return"), entry) {
        QDict *one = qobject_to(QDict, qlist_entry_obj(entry));

        if (g_str_equal(qdict_get_str(one, "path"), device->path)) {
            found = qobject_ref(one);
        }
    }
    qobject_unref(response);
    return found;
}

QDict *cxl_dcd_query(CXLDcdDevice *device)
{
    QDict *found = cxl_dcd_query_if_there(device);

    g_assert_nonnull(found);
    return found;
}

static unsigned cxl_dcd_count_extents(const QDict *info, const char *key,
                                      const char *value)
{
    const QListEntry *entry;
    unsigned count = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(info, "extents"), entry) {
        QDict *extent = qobject_to(QDict, qlist_entry_obj(entry));

        count += !g_strcmp0(qdict_get_try_str(extent, key), value);
    }
    return count;
}

unsigned cxl_dcd_query_count(CXLDcdDevice *device, const char *key,
                             const char *value)
{
    QDict *info = cxl_dcd_query(device);
    unsigned count = cxl_dcd_count_extents(info, key, value);

    qobject_unref(info);
    return count;
}

void cxl_dcd_wait_clean(CXLDcdDevice *device)
{
    gint64 limit = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;

    QDict *info;
    unsigned count;

    do {
        info = cxl_dcd_query_if_there(device);
        count = info ? cxl_dcd_count_extents(info, "state", "sanitizing") : 0;
        qobject_unref(info);
        g_assert_cmpint(g_get_monotonic_time(), <, limit);
        g_usleep(count ? 1000 : 0);
    } while (count);
}

QDict *cxl_dcd_wait_event(CXLDcdDevice *device, const char *name)
{
    QDict *event = qtest_qmp_eventwait_ref(device->machine->qts, name);
    QDict *data = qobject_ref(qdict_get_qdict(event, "data"));

    qobject_unref(event);
    g_assert_cmpstr(qdict_get_str(data, "path"), ==, device->path);
    return data;
}

static void cxl_dcd_append_hex(GString *text, const char *what,
                               const void *bytes, size_t len)
{
    const uint8_t *byte = bytes;
    size_t i;

    g_string_append_printf(text, "\n%s ", what);
    for (i = 0; i < len; i++) {
        g_string_append_printf(text, "%02x", byte[i]);
    }
}

char *cxl_dcd_snapshot(CXLDcdDevice *device)
{
    GString *text = g_string_new(NULL);
    QDict *info = cxl_dcd_query(device);
    GString *json = qobject_to_json_pretty(QOBJECT(info), true);
    CXLDcdExtentList list = cxl_dcd_list_extents(device);
    CXLDcdEvents events = cxl_dcd_peek_events(device);
    CXLDcdHostConfig config;

    g_assert_cmphex(cxl_dcd_get_config(device, CXL_DCD_MAX_REGIONS, 0, &config),
                    ==, CXL_DCD_RC_SUCCESS);
    g_string_append(text, json->str);
    cxl_dcd_append_hex(text, "config", &config, sizeof(config));
    g_string_append_printf(text, "\ngeneration %u", list.generation);
    cxl_dcd_append_hex(text, "extents", list.extents->data,
                       list.extents->len * sizeof(CXLDcdWireExtent));
    g_string_append_printf(text, "\nstatus %d flags %x lost %u",
                           cxl_dcd_event_status(device), events.flags,
                           events.overflow_count);
    cxl_dcd_append_hex(text, "events", events.records->data,
                       events.records->len * sizeof(CXLDcdEventRecord));
    cxl_dcd_events_free(&events);
    cxl_dcd_extents_free(&list);
    g_string_free(json, true);
    qobject_unref(info);
    return g_string_free(text, false);
}

void cxl_dcd_assert_unchanged(CXLDcdDevice *device, char *before)
{
    g_autofree char *after = cxl_dcd_snapshot(device);

    g_assert_cmpstr(after, ==, before);
    g_free(before);
}

void cxl_dcd_add_accepted_n(CXLDcdDevice *device, const CXLDcdSpan *ranges,
                            size_t count)
{
    g_autofree CXLDcdSpan *dpa = g_new(CXLDcdSpan, count);
    CXLDcdEvents events;
    size_t i;

    for (i = 0; i < count; i++) {
        dpa[i].start = device->dc_base + ranges[i].start;
        dpa[i].length = ranges[i].length;
    }
    cxl_dcd_qmp_add(device, .extents = ranges, .count = count);
    events = cxl_dcd_drain_events(device);
    g_assert_cmpuint(events.records->len, >=, count);
    cxl_dcd_events_free(&events);
    g_assert_cmphex(cxl_dcd_update_chain(device, CXL_DCD_OP_ADD_RESPONSE, dpa,
                                         count), ==, CXL_DCD_RC_SUCCESS);
}
