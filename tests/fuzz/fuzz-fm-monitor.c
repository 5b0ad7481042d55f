/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz what a monitor answers over QMP: lines
 *
 * The first has the calls, a character each. Each of the others is what one
 * request of the library returns, after those before it that begin with '!',
 * which are sent as they stand, without it.
 */
#include "fm-line.h"

#define CALLS_MAX 15

static const char *at, *end;
static unsigned asked;

/* The next line of the input; NULL: there is none */
static char *take_line(void)
{
    const char *newline = at < end ? memchr(at, '\n', end - at) : NULL;
    char *line = at < end ? g_strndup(at, (newline ? newline : end) - at) :
                 NULL;

    at = newline ? newline + 1 : end;
    return line;
}

static void say_text(const char *text)
{
    line_say(text, strlen(text));
}

/* The answer to request number @asked, which is all that the id says */
static void monitor_answer(void)
{
    g_autofree char *line = NULL, *answer = NULL;

    while ((line = take_line()) && line[0] == '!') {
        say_text(line + 1);
        say_text("\r\n");
        g_clear_pointer(&line, g_free);
    }
    if (line) {
        answer = g_strdup_printf("{\"return\": %s, \"id\": %u}\r\n", line,
                                 asked);
        say_text(answer);
    }
}

static void line_hear(const uint8_t *bytes, size_t len)
{
    g_assert(len && bytes[len - 1] == '\n' && bytes[0] == '{');
    asked++;
    monitor_answer();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *calls = NULL;

    at = (const char *)data;
    end = at + size;
    asked = 0;
    calls = take_line();
    line_greeting = "{\"QMP\": {}}\r\n";
    line_run("qmp:memory", (const uint8_t *)calls,
             calls ? MIN(strlen(calls), CALLS_MAX) : 0);
    return 0;
}
