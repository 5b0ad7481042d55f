/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An add or a release from the wish to the outcome: what they share */
#ifndef CXL_FM_CHANGE_H
#define CXL_FM_CHANGE_H

#include "change-problem.h"
#include "reach.h"

/* --- Options --- */

typedef struct ChangeOptions {
    int host;
    int region;                       /* -1: not given */
    gboolean wait;
    double timeout;                   /* seconds; < 0: not given */
    gboolean dry_run;
    /* Bytes that an earlier step of a dry run would have freed */
    uint64_t coming;
    /* A move: bytes that the giver must be left with, whatever it gives */
    uint64_t keep;
} ChangeOptions;

#define CHANGE_OPTIONS_INIT { .host = -1, .region = -1, .timeout = -1 }

/* The options themselves, for a command's table of entries */
#define CHANGE_OPTION_ENTRIES(o) \
    { "host", 'H', 0, G_OPTION_ARG_INT, &(o).host, \
      "Host id (default: the device's only one, or 0)", "ID" }, \
    { "region", 'r', 0, G_OPTION_ARG_INT, &(o).region, \
      "Region, 0 to 7 (default 0)", "N" }, \
    { "wait", 'w', 0, G_OPTION_ARG_NONE, &(o).wait, \
      "Wait until the host has answered", NULL }, \
    { "timeout", 'T', 0, G_OPTION_ARG_DOUBLE, &(o).timeout, \
      "With --wait: give up after SECONDS (default 30)", "SECONDS" }, \
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &(o).dry_run, \
      "Say what would be asked of the device, and change nothing", NULL }

bool change_check_options(const ChangeOptions *options, GError **error);
/*
 * The host that the options name; when they do not, the only one of @target, 0
 * when it has several.
 */
uint16_t change_host(const ChangeOptions *options, const Target *target);
/* For how long the options want to wait, in seconds */
double change_timeout(const ChangeOptions *options);
/* The region that the options name, 0 when they do not. */
uint8_t change_region(const ChangeOptions *options);

/* --- One change --- */

#define CHANGE_SHOWN_EXTENTS 4        /* in a sentence */

typedef struct Change {
    Wish wish;
    const void *request;              /* struct cxlfm_add or cxlfm_release */
    const char *sentence;             /* "ask host 0 for 1 GiB" */
    const char *verb;                 /* what a host did then: "released" */
    /* Without --wait: what --json calls the outcome, and what people read */
    const char *sent;
    const char *sent_text;
    /* The steps: begin to wait, ask the device, tell people the outcome. */
    int (*begin)(const Target *target, const void *request,
                 struct cxlfm_wait **ret_wait);
    /* *ret_done grows by the bytes granted, also before a failure. */
    int (*send)(const Target *target, const void *request, uint64_t *ret_done);
    int (*tell)(Tool *tool, const Target *target, const void *request,
                const struct cxlfm_outcome *outcome);
    /*
     * Bytes that changed hands besides those asked for, by the time of the
     * outcome. NULL: none do.
     */
    uint64_t (*more)(const Target *target, const void *request);
} Change;

/*
 * Carry out @change as @options say: say what would be done, or do it and wait.
 * Prints the result. A signal ends the waiting, and what was asked for stands:
 * then TOOL_UNKNOWN. Exit status, or -1 with @error.
 */
int change_run(Tool *tool, const Target *target, const Change *change,
               const ChangeOptions *options, GError **error);

/* All extents together */
uint64_t change_bytes(const struct cxlfm_extent *extents, size_t count);

#endif /* CXL_FM_CHANGE_H */
