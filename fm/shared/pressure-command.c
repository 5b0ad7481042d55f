/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How short of memory a host is, as a command of its operator says
 */
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
#define WAIT_US    2000
/* timeout(1) ends it before; this is for who holds the pipe afterwards. */
#define MOST_US    ((PRESSURE_COMMAND_LIMIT + 2) * G_USEC_PER_SEC)
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

/* A run of a command, and when it is too late for it */
typedef struct PressureRun {
    GPid pid;
    int fd;                           /* what it prints */
    int64_t end;                      /* monotonic us */
    const volatile sig_atomic_t *stop;
} PressureRun;

static bool pressure_command_is_over(const PressureRun *run)
{
    return (run->stop && __atomic_load_n(run->stop, __ATOMIC_RELAXED)) ||
           g_get_monotonic_time() >= run->end;
}

static bool pressure_command_has_ended(const PressureRun *run)
{
    siginfo_t info = { .si_pid = 0 };

    return !waitid(P_PID, run->pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
           info.si_pid;
}

/*
 * All that it prints, until it ends; false: too much, or it is over. Whoever it
 * has left behind may keep the pipe: he is not waited for.
 */
static bool pressure_command_read(const PressureRun *run, char text[MOST])
{
    struct pollfd look = { .fd = run->fd, .events = POLLIN };
    size_t have = 0;

    text[0] = '\0';
    while (have < MOST - 1 && !pressure_command_is_over(run)) {
        bool ended = pressure_command_has_ended(run);
        bool more = poll(&look, 1, ended ? 0 : LOOK_MS) > 0;
        ssize_t got = more ? read(run->fd, text + have, MOST - 1 - have) : -1;

        if (!got || (ended && !more)) {
            return true;
        }
        have += MAX(got, 0);
        text[have] = '\0';
    }
    return false;
}

/* Its status, once it has ended; it is made to when it is over. */
static int pressure_command_wait(const PressureRun *run, bool ended)
{
    bool asked = false;
    int status = 0;

    if (!ended) {
        kill(run->pid, SIGTERM);
        asked = true;
    }
    while (!waitpid(run->pid, &status, WNOHANG)) {
        if (!asked && pressure_command_is_over(run)) {
            kill(run->pid, SIGTERM);
            asked = true;
        }
        g_usleep(WAIT_US);
    }
    return status;
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

double pressure_command_run(const char *command,
                            const volatile sig_atomic_t *stop,
                            char **ret_error)
{
    PressureRun run = {
        .end = g_get_monotonic_time() + MOST_US, .stop = stop,
    };
    g_autoptr(GError) error = NULL;
    char text[MOST];
    double pressure = -1;
    bool ended;
    int status;

    *ret_error = NULL;
    run.pid = pressure_command_start(command, &run.fd, &error);
    if (!run.pid) {
        *ret_error = g_strdup(error->message);
        return -1;
    }
    ended = pressure_command_read(&run, text);
    close(run.fd);
    status = pressure_command_wait(&run, ended);
    if (!status && ended) {
        pressure = pressure_parse(text);
    }
    if (pressure < 0) {
        *ret_error = pressure_command_fault(command, status, text);
    }
    return pressure;
}
