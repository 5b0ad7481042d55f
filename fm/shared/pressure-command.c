/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How short of memory a host is, as a command of its operator says
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "pressure-command.h"

#define LIMIT_TEXT G_STRINGIFY(PRESSURE_COMMAND_LIMIT)
#define MOST       4096               /* bytes; /proc/pressure/memory has 140 */
#define LOOK_MS    100
#define SAID       80                 /* bytes of it that an error repeats */
#define TIMED_OUT  124                /* exit status of timeout(1) */

double pressure_parse(const char *text)
{
    const char *at = strstr(text, "some avg10=");
    char *end;
    double value;

    at = at ? at + strlen("some avg10=") : text;
    value = g_ascii_strtod(at, &end);
    return end == at || !(value >= 0 && value <= 100) ? -1 : value;
}

/* In the child: what a daemon blocks is what timeout(1) listens to. */
static void pressure_command_unblock(gpointer opaque)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A process of timeout(1), which ends all that it began; its output in *ret */
static GPid pressure_command_start(const char *command, int *ret,
                                   GError **error)
{
    /* A guest that hangs must not keep the others from being looked after. */
    const char *argv[] = { "timeout", "--kill-after=1", LIMIT_TEXT, "/bin/sh",
                           "-c", command, NULL };
    GPid pid;

    return g_spawn_async_with_pipes(
        NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH |
        G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL,
        pressure_command_unblock, NULL, &pid, NULL, ret, NULL, error) ? pid : 0;
}

/* All that comes from @fd, until the end; false: too much, or *@stop */
static bool pressure_command_read(int fd, const int *stop, char text[MOST])
{
    struct pollfd look = { .fd = fd, .events = POLLIN };
    size_t have = 0;

    while (have < MOST - 1 &&
           !(stop && __atomic_load_n(stop, __ATOMIC_RELAXED))) {
        ssize_t got = poll(&look, 1, LOOK_MS) > 0 ?
                      read(fd, text + have, MOST - 1 - have) : -1;

        if (!got) {
            text[have] = '\0';
            return true;
        }
        have += MAX(got, 0);
    }
    text[have] = '\0';
    return false;
}

static char *pressure_command_fault(const char *command, int status,
                                    const char *text)
{
    g_autofree char *said = g_strndup(text, SAID);
    char *c;

    for (c = said; *c; c++) {
        *c = g_ascii_isprint(*c) ? *c : ' ';
    }
    return g_strdup_printf("'%s' %s '%s'", command,
                           WIFEXITED(status) && WEXITSTATUS(status) ==
                           TIMED_OUT ? "took longer than " LIMIT_TEXT
                           " s and said" : status ? "failed and said" : "gave",
                           g_strchomp(said));
}

double pressure_command_run(const char *command, const int *stop,
                            char **ret_error)
{
    g_autoptr(GError) error = NULL;
    char text[MOST];
    double pressure = -1;
    int fd, status = 0;
    GPid pid = pressure_command_start(command, &fd, &error);

    *ret_error = NULL;
    if (!pid) {
        *ret_error = g_strdup(error->message);
        return -1;
    }
    if (!pressure_command_read(fd, stop, text)) {
        kill(pid, SIGTERM);
    }
    close(fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!status) {
        pressure = pressure_parse(text);
    }
    if (pressure < 0) {
        *ret_error = pressure_command_fault(command, status, text);
    }
    return pressure;
}
