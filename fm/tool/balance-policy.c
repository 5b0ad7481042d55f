/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy file of cxl-fm balance
 *
 *     step 256M
 *     high 10
 *     low 1
 *     host 1 min 512M max 4G pressure ssh vm1 cat /proc/pressure/memory
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "balance-policy.h"
#include "fail.h"
#include "parse.h"

#define STEP (256ull << 20)
#define HIGH 10
#define LOW  1

static void policy_host_clear(gpointer data)
{
    BalanceHost *host = data;

    g_free(host->command);
    g_free(host->pressure_fault);
    g_clear_pointer(&host->held, g_array_unref);
    g_clear_pointer(&host->claims, g_array_unref);
}

void balance_policy_free(BalancePolicy *policy)
{
    if (policy) {
        g_array_unref(policy->hosts);
        g_free(policy);
    }
}

/* The next word of *@at, which moves behind it; NULL at the end. */
static char *policy_word(const char **at)
{
    const char *start = *at + strspn(*at, " \t");
    size_t len = strcspn(start, " \t");

    *at = start + len;
    return len ? g_strndup(start, len) : NULL;
}

static bool policy_number(const char *key, const char *word, double min,
                          double max, double *ret_value, GError **error)
{
    char *end;

    *ret_value = word ? g_ascii_strtod(word, &end) : NAN;
    if (!word || *end || !(*ret_value >= min && *ret_value <= max)) {
        tool_fail(error, TOOL_USAGE, "'%s %s': a number from %g to %g belongs "
                  "there", key, word ? word : "", min, max);
        return false;
    }
    return true;
}

static bool policy_bytes(const char *key, const char *word,
                         uint64_t *ret_bytes, GError **error)
{
    if (word && !strcmp(word, "0")) {
        *ret_bytes = 0;
        return true;
    }
    if (!word) {
        tool_fail(error, TOOL_USAGE, "'%s': a size such as 512M belongs there",
                  key);
        return false;
    }
    return parse_size(word, ret_bytes, error);
}

/* One key of a host's line and its value; "pressure" takes the rest. */
static bool policy_host_key(BalanceHost *host, const char *key,
                            const char **at, GError **error)
{
    g_autofree char *word = NULL;

    if (!strcmp(key, "pressure")) {
        host->command = g_strstrip(g_strdup(*at));
        *at += strlen(*at);
        if (!*host->command) {
            tool_fail(error, TOOL_USAGE, "'pressure': a command belongs there");
        }
        return *host->command;
    }
    word = policy_word(at);
    if (!strcmp(key, "min")) {
        return policy_bytes(key, word, &host->min, error);
    }
    if (!strcmp(key, "max")) {
        return policy_bytes(key, word, &host->max, error);
    }
    if (!strcmp(key, "weight")) {
        return policy_number(key, word, 0.001, 1000, &host->weight, error);
    }
    tool_fail(error, TOOL_USAGE, "'%s' is nothing a host has; there are min, "
              "max, weight and pressure", key);
    return false;
}

static bool policy_host(BalancePolicy *policy, const char *at, GError **error)
{
    BalanceHost host = { .max = UINT64_MAX, .weight = 1, .pressure = -1 };
    g_autofree char *id = policy_word(&at);
    double number;
    char *key;
    unsigned i;
    bool ok = policy_number("host", id, 0, UINT16_MAX, &number, error);

    host.id = ok ? number : 0;
    while (ok && (key = policy_word(&at))) {
        ok = policy_host_key(&host, key, &at, error);
        g_free(key);
    }
    for (i = 0; ok && i < policy->hosts->len; i++) {
        if (g_array_index(policy->hosts, BalanceHost, i).id == host.id) {
            tool_fail(error, TOOL_USAGE, "host %u has two lines", host.id);
            ok = false;
        }
    }
    if (ok && host.min > host.max) {
        tool_fail(error, TOOL_USAGE, "host %u: min is more than max", host.id);
        ok = false;
    }
    if (!ok) {
        g_free(host.command);
        return false;
    }
    g_array_append_val(policy->hosts, host);
    return true;
}

static bool policy_line(BalancePolicy *policy, const char *line,
                        GError **error)
{
    const char *at = line;
    g_autofree char *key = policy_word(&at), *word = NULL;

    if (!key || *key == '#') {
        return true;
    }
    if (!strcmp(key, "host")) {
        return policy_host(policy, at, error);
    }
    word = policy_word(&at);
    if (!strcmp(key, "step")) {
        return policy_bytes(key, word, &policy->step, error);
    }
    if (!strcmp(key, "high")) {
        return policy_number(key, word, 0, 100, &policy->high, error);
    }
    if (!strcmp(key, "low")) {
        return policy_number(key, word, 0, 100, &policy->low, error);
    }
    tool_fail(error, TOOL_USAGE, "'%s' begins no line; there are step, high, "
              "low and host", key);
    return false;
}

BalancePolicy *balance_policy_parse(const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    BalancePolicy *policy = g_new0(BalancePolicy, 1);
    unsigned i;
    bool ok = true;

    policy->step = STEP;
    policy->high = HIGH;
    policy->low = LOW;
    policy->hosts = g_array_new(false, false, sizeof(BalanceHost));
    g_array_set_clear_func(policy->hosts, policy_host_clear);
    for (i = 0; lines[i] && ok; i++) {
        ok = policy_line(policy, lines[i], error);
        if (!ok) {
            g_prefix_error(error, "line %u: ", i + 1);
        }
    }
    if (ok && (!policy->step || policy->low > policy->high ||
               !policy->hosts->len)) {
        tool_fail(error, TOOL_USAGE, !policy->hosts->len ? "there is no line "
                  "'host ID ...'" : !policy->step ? "step is 0" :
                  "low is more than high");
        ok = false;
    }
    if (!ok) {
        balance_policy_free(policy);
        return NULL;
    }
    return policy;
}
