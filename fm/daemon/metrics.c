/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GET /metrics: numbers for Prometheus, in its text format
 */
#include <stdio.h>
#include <unistd.h>
#include "api-call.h"

#define PREFIX "cxl_fmd_"

/* "# HELP" and "# TYPE"; samples follow. */
static void metrics_head(GString *text, const char *name, const char *type,
                         const char *help)
{
    g_string_append_printf(text, "# HELP " PREFIX "%s %s\n"
                           "# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void metrics_value(GString *text, const char *name, const char *type,
                          const char *help, uint64_t value)
{
    metrics_head(text, name, type, help);
    g_string_append_printf(text, PREFIX "%s %" G_GUINT64_FORMAT "\n", name,
                           value);
}

/* Microseconds as seconds */
static void metrics_seconds(GString *text, const char *name, const char *help,
                            uint64_t us)
{
    metrics_head(text, name, "counter", help);
    g_string_append_printf(text, PREFIX "%s %" G_GUINT64_FORMAT ".%06u\n",
                           name, us / G_USEC_PER_SEC,
                           (unsigned)(us % G_USEC_PER_SEC));
}

/* @value as it stands between the quotes of a label */
static void metrics_label(GString *text, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n') {
            g_string_append_c(text, '\\');
        }
        g_string_append_c(text, *value == '\n' ? 'n' : *value);
    }
}

static const char *metrics_text(struct json_object *o, const char *key)
{
    struct json_object *member;
    const char *text = json_object_object_get_ex(o, key, &member) ?
                       json_object_get_string(member) : NULL;

    return text ? text : "";
}

/* The numbers @key of all pools */
static void metrics_pools(GString *text, struct json_object *pools,
                          const char *key, const char *name, const char *help)
{
    size_t i;

    metrics_head(text, name, "gauge", help);
    for (i = 0; i < json_object_array_length(pools); i++) {
        struct json_object *pool = json_object_array_get_idx(pools, i);
        struct json_object *member;

        if (!json_object_object_get_ex(pool, key, &member)) {
            continue;
        }
        g_string_append_printf(text, PREFIX "%s{pool=\"", name);
        metrics_label(text, metrics_text(pool, "uuid"));
        g_string_append(text, "\",machine=\"");
        metrics_label(text, metrics_text(pool, "machine"));
        g_string_append_printf(text, "\"} %" G_GUINT64_FORMAT "\n",
                               json_object_get_uint64(member));
    }
}

static void metrics_pressure(GString *text, struct fmd *fmd)
{
    struct json_object *list = fmd_pressures(fmd);
    size_t i;

    metrics_head(text, "host_pressure_percent", "gauge",
                 "How short of memory a host of the fleet is.");
    for (i = 0; i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        struct json_object *percent;

        json_object_object_get_ex(one, "percent", &percent);
        g_string_append(text, PREFIX "host_pressure_percent{host=\"");
        metrics_label(text, metrics_text(one, "host"));
        g_string_append(text, "\",name=\"");
        metrics_label(text, metrics_text(one, "name"));
        g_string_append_printf(text, "\"} %s\n", g_ascii_formatd(
                                   number, sizeof(number), "%.2f",
                                   json_object_get_double(percent)));
    }
    json_object_put(list);
}

static void metrics_state(GString *text, struct fmd *fmd)
{
    uint64_t rev;
    struct json_object *pools = fmd_pool_list(fmd, &rev, NULL);
    struct json_object *orphans = fmd_orphans(fmd), *health;
    uint64_t phases[FMD_PHASE_MAX];
    bool live, ready;
    unsigned i;

    metrics_pools(text, pools, "size", "pool_size_bytes", "Size of a pool.");
    metrics_pools(text, pools, "available", "pool_available_bytes",
                  "Capacity of a pool that nobody has.");
    metrics_pools(text, pools, "largest", "pool_largest_bytes",
                  "Largest free run of a pool.");
    fmd_phases(fmd, phases);
    metrics_head(text, "claims", "gauge", "Claims in each phase.");
    for (i = 0; i < FMD_PHASE_MAX; i++) {
        g_string_append_printf(text, PREFIX "claims{phase=\"%s\"} %"
                               G_GUINT64_FORMAT "\n", fmd_phase_name(i),
                               phases[i]);
    }
    metrics_value(text, "orphans", "gauge",
                  "Tags at this daemon's hosts that no claim wants.",
                  json_object_array_length(orphans));
    metrics_pressure(text, fmd);
    health = fmd_health(fmd, &live, &ready);
    metrics_value(text, "live", "gauge", "1 when all threads move on.", live);
    metrics_value(text, "ready", "gauge", "1 when the store answers.", ready);
    json_object_put(health);
    json_object_put(orphans);
    json_object_put(pools);
}

/* One counter for each kind of act */
static void metrics_acts(GString *text, struct fmd *fmd, const char *name,
                         const char *help, enum fmd_counter counter)
{
    unsigned act;

    metrics_head(text, name, "counter", help);
    for (act = FMD_ACT_NONE + 1; act < FMD_ACT_MAX; act++) {
        g_string_append_printf(text, PREFIX "%s{act=\"%s\"} %"
                               G_GUINT64_FORMAT "\n", name, fmd_act_name(act),
                               fmd_counter(fmd, counter, act));
    }
}

static void metrics_core(GString *text, struct fmd *fmd)
{
    static const struct {
        enum fmd_counter counter;
        const char *name, *help;
    } counters[] = {
        { FMD_COUNT_PASSES, "passes_total", "Passes over a pool." },
        { FMD_COUNT_LOOKED, "claims_looked_at_total",
          "Claims that passes looked at." },
        { FMD_COUNT_CONNECTS, "connects_total", "Connections to monitors." },
        { FMD_COUNT_CONNECTS_FAILED, "connects_failed_total",
          "Connections to monitors that did not come about." },
        { FMD_COUNT_STORE_WRITES, "store_writes_total",
          "Transactions of the store." },
        { FMD_COUNT_STORE_FAILED, "store_failed_total",
          "Calls of the store that failed." },
        { FMD_COUNT_STORE_CONFLICTS, "store_conflicts_total",
          "Transactions that others had overtaken." },
        { FMD_COUNT_LEASES_LOST, "leases_lost_total",
          "Leases that lapsed before they were renewed." },
        { FMD_COUNT_LAPSED, "claims_lapsed_total",
          "Claims that were ended since their lease was not renewed." },
    };
    size_t i;

    metrics_acts(text, fmd, "acts_total", "What was asked of devices.",
                 FMD_COUNT_ACTS);
    metrics_acts(text, fmd, "acts_failed_total",
                 "What devices refused or did not answer.",
                 FMD_COUNT_ACTS_FAILED);
    for (i = 0; i < G_N_ELEMENTS(counters); i++) {
        metrics_value(text, counters[i].name, "counter", counters[i].help,
                      fmd_counter(fmd, counters[i].counter, 0));
    }
    metrics_seconds(text, "pass_seconds_total", "Time that passes took.",
                    fmd_counter(fmd, FMD_COUNT_PASS_US, 0));
    metrics_seconds(text, "store_seconds_total",
                    "Time that transactions of the store took.",
                    fmd_counter(fmd, FMD_COUNT_STORE_US, 0));
    metrics_value(text, "sanitized_bytes_total", "counter",
                  "Capacity that was sanitized, where it is known in what "
                  "time.",
                  fmd_counter(fmd, FMD_COUNT_SANITIZED, 0));
    metrics_seconds(text, "sanitize_seconds_total",
                    "Time from its leaving until it was free, at most a tenth "
                    "too much.",
                    fmd_counter(fmd, FMD_COUNT_SANITIZE_US, 0));
}

static void metrics_http(GString *text, HttpServer *server)
{
    static const char *const lanes[] = { "at-once", "store", "large",
                                         "device" };
    HttpCounters c;
    unsigned i;

    http_counters(server, &c);
    metrics_value(text, "http_connections", "gauge", "Open connections.",
                  c.connections);
    metrics_value(text, "http_streams", "gauge", "Open streams of events.",
                  c.streams);
    metrics_value(text, "http_stream_turns_total", "counter",
                  "Turns in which streams looked at a few events each.",
                  c.turns);
    metrics_value(text, "http_connections_total", "counter",
                  "Connections ever accepted.", c.accepted);
    metrics_value(text, "http_evicted_total", "counter",
                  "Idle connections closed to make room.", c.evicted);
    metrics_value(text, "http_late_total", "counter",
                  "Connections closed because a step took too long.", c.late);
    metrics_value(text, "http_throttled_total", "counter",
                  "Requests refused because they came too fast.", c.throttled);
    metrics_value(text, "http_busy_total", "counter",
                  "Requests refused because too many waited.", c.busy);
    metrics_value(text, "http_hung_up_total", "counter",
                  "Requests dropped since whoever asked had hung up.",
                  c.hung_up);
    metrics_value(text, "http_denied_total", "counter",
                  "Requests refused by role, Host or Origin.", c.denied);
    metrics_head(text, "http_answers_total", "counter",
                 "Answers by the class of their status.");
    for (i = 1; i < G_N_ELEMENTS(c.answers); i++) {
        g_string_append_printf(text, PREFIX "http_answers_total"
                               "{class=\"%uxx\"} %" G_GUINT64_FORMAT "\n", i,
                               c.answers[i]);
    }
    metrics_head(text, "http_waiting", "gauge",
                 "Requests that wait for a worker, or have one.");
    for (i = HTTP_STORE; i < HTTP_LANE_MAX; i++) {
        g_string_append_printf(text, PREFIX "http_waiting{lane=\"%s\"} %"
                               G_GUINT64_FORMAT "\n", lanes[i], c.waiting[i]);
    }
    metrics_head(text, "http_work_total", "counter",
                 "Requests that workers answered.");
    for (i = HTTP_STORE; i < HTTP_LANE_MAX; i++) {
        g_string_append_printf(text, PREFIX "http_work_total{lane=\"%s\"} %"
                               G_GUINT64_FORMAT "\n", lanes[i], c.work[i]);
    }
    metrics_head(text, "http_work_seconds_total", "counter",
                 "Time that workers took.");
    for (i = HTTP_STORE; i < HTTP_LANE_MAX; i++) {
        g_string_append_printf(text, PREFIX "http_work_seconds_total"
                               "{lane=\"%s\"} %" G_GUINT64_FORMAT ".%06u\n",
                               lanes[i], c.work_us[i] / G_USEC_PER_SEC,
                               (unsigned)(c.work_us[i] % G_USEC_PER_SEC));
    }
}

static void metrics_process(GString *text)
{
    g_autofree char *statm = NULL;
    unsigned long total, resident;

    if (g_file_get_contents("/proc/self/statm", &statm, NULL, NULL) &&
        sscanf(statm, "%lu %lu", &total, &resident) == 2) {
        metrics_value(text, "resident_memory_bytes", "gauge",
                      "Memory of the daemon.",
                      (uint64_t)resident * sysconf(_SC_PAGESIZE));
    }
    metrics_head(text, "build_info", "gauge", "The version that runs.");
    g_string_append(text, PREFIX "build_info{version=\"" FMD_VERSION
                    "\"} 1\n");
}

void api_metrics(HttpRequest *request)
{
    Api *api = request->opaque;
    GString *text = g_string_new(NULL);

    metrics_state(text, api->fmd);
    metrics_core(text, api->fmd);
    metrics_http(text, api->http);
    metrics_process(text);
    http_answer_text(request, 200, "text/plain; version=0.0.4",
                     g_string_free(text, false));
}
