/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fmd: the fabric manager as a service */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "api.h"
#include "fmd.h"
#include "http-config.h"
#include "log.h"
#include "notify.h"

static const char usage[] =
    "usage: cxl-fmd [--config FILE] [--check] [--routes] [--verbose]\n"
    "Keeps pools of CXL dynamic capacity as claims say. See cxl-fmd(8).\n"
    "\n"
    "  -c, --config FILE  instead of " FMD_CONFIG_FILE "\n"
    "      --check        read the configuration, say what is wrong, and end\n"
    "      --routes       print what can be asked for over HTTP, and end\n"
    "  -v, --verbose      tell more\n"
    "  -h, --help         this text\n"
    "  -V, --version      version\n";

struct options {
    const char *config;
    bool check;
};

/* -1: go on; else the exit status */
static int options_read(int argc, char **argv, struct options *options)
{
    int i;

    for (i = 1; i < argc; i++) {
        const char *word = argv[i];

        if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
            fputs(usage, stdout);
            return 0;
        }
        if (!strcmp(word, "-V") || !strcmp(word, "--version")) {
            puts("cxl-fmd " FMD_VERSION);
            return 0;
        }
        if (!strcmp(word, "--routes")) {
            api_print_routes();
            return 0;
        }
        if (!strcmp(word, "-v") || !strcmp(word, "--verbose")) {
            log_begin(LOG_LEVEL_DEBUG);
        } else if (!strcmp(word, "--check")) {
            options->check = true;
        } else if ((!strcmp(word, "-c") || !strcmp(word, "--config")) &&
                   i + 1 < argc) {
            options->config = argv[++i];
        } else if (g_str_has_prefix(word, "--config=")) {
            options->config = word + strlen("--config=");
        } else {
            fprintf(stderr, "cxl-fmd: \"%s\" is not understood\n%s", word,
                    usage);
            return 2;
        }
    }
    return -1;
}

static int fail(GError *error)
{
    log_line(LOG_LEVEL_ERROR, "%s", error->message);
    g_error_free(error);
    return 1;
}

/* The hosts of the file are taken over; for the rest it is started anew. */
static void reload(struct fmd *fmd, const char *path)
{
    GError *error = NULL;
    struct fmd_config *config;

    notify_reloading();
    config = fmd_config_load(path, &error);
    if (!config) {
        log_line(LOG_LEVEL_ERROR, "all stays as it was: %s", error->message);
        g_error_free(error);
    } else {
        fmd_reload(fmd, config);
        fmd_config_free(config);
        log_line(LOG_LEVEL_INFO, "the hosts of the configuration were read "
                 "anew");
    }
    notify_ready();
}

static void beat(struct fmd *fmd)
{
    bool live, ready;

    fmd_is_live(fmd, &live, &ready);
    if (live) {
        notify_watchdog();
    } else {
        log_line(LOG_LEVEL_ERROR, "a thread does not move on");
    }
}

/* Until a signal ends it */
static void serve(struct fmd *fmd, const char *path, int signals)
{
    int64_t period = notify_watchdog_ms();
    struct pollfd fd = { .fd = signals, .events = POLLIN };
    struct signalfd_siginfo info;

    notify_ready();
    for (;;) {
        int n = poll(&fd, 1, period > 0 ? period : -1);

        if (n < 0 && errno != EINTR) {
            return;
        }
        if (n > 0 && read(signals, &info, sizeof(info)) == sizeof(info)) {
            if (info.ssi_signo != SIGHUP) {
                return;
            }
            reload(fmd, path);
        }
        if (period > 0) {
            beat(fmd);
        }
    }
}

/* Threads that start later inherit what is blocked. */
static int signals_take(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(struct fmd_config *config, const char *path, HttpConfig *http,
               int signals)
{
    GError *error = NULL;
    struct fmd *fmd = fmd_start(config, &error);
    Api *api;

    if (!fmd) {
        return fail(error);
    }
    http->socket_fd = notify_socket();
    api = api_start(fmd, http, &error);
    if (api) {
        serve(fmd, path, signals);
        notify_stopping();
    }
    api_stop(api);
    fmd_stop(fmd);
    return api ? 0 : fail(error);
}

int main(int argc, char **argv)
{
    struct options options = { .config = NULL };
    int status = options_read(argc, argv, &options), signals;
    struct fmd_config *config;
    GError *error = NULL;
    HttpConfig *http;

    if (status >= 0) {
        return status;
    }
    signals = signals_take();
    config = fmd_config_load(options.config, &error);
    if (!config) {
        return fail(error);
    }
    http = http_config_read(config->keys, &error);
    if (!http) {
        status = fail(error);
    } else if (options.check) {
        printf("%s: good, machine %s, %u hosts, store %s\n", config->path,
               config->machine, config->hosts->len, config->store);
        status = 0;
    } else {
        status = run(config, options.config, http, signals);
    }
    close(signals);
    http_config_free(http);
    fmd_config_free(config);
    return status;
}
