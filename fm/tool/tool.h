/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cxl-fm inside: what the commands share
 *
 * One command is one file cmd-NAME.c with one entry function, one man page
 * cxl-fm-NAME.1, one test, and one word in completion/cxl-fm. The table in
 * main.c is the index.
 *
 * Errors are GErrors of TOOL_ERROR; their code is the exit code. Only main()
 * prints them. Results go to stdout (one JSON document with --json), progress
 * and warnings to stderr.
 */
#ifndef CXL_FM_TOOL_H
#define CXL_FM_TOOL_H

#include <inttypes.h>
#include <stdbool.h>
#include <glib.h>
#include "cxlfm.h"

/* Documented in cxl-fm(1); never renumber. */
typedef enum ToolExit {
    TOOL_OK          = 0,
    TOOL_FAILED      = 1,
    TOOL_USAGE       = 2,
    TOOL_REFUSED     = 3,
    TOOL_TIMEOUT     = 4,
    TOOL_UNREACHABLE = 5,
    TOOL_REJECTED    = 6,             /* by the host, all or a part */
} ToolExit;

#define TOOL_ERROR (tool_error_quark())
GQuark tool_error_quark(void);

typedef struct Tool {
    const char *command;
    char **addresses;
    char **devices;                   /* names; NULL: any */
    gboolean json;
    double answer_timeout;            /* seconds */
    GPtrArray *connections;           /* cxlfm *, in the order given */
    uint16_t return_code;             /* of the last refusal, for --json */
    ToolExit partial;                 /* some address did not answer */
} Tool;

typedef struct Command {
    const char *name;
    const char *arguments;            /* after the options, for --help */
    const char *summary;
    /* Exit code, or -1 with @error set. */
    int (*run)(Tool *tool, int argc, char **argv, GError **error);
} Command;

/* NULL for none of that name. */
const Command *tool_find_command(const char *name);

int cmd_add(Tool *tool, int argc, char **argv, GError **error);
int cmd_balance(Tool *tool, int argc, char **argv, GError **error);
int cmd_config(Tool *tool, int argc, char **argv, GError **error);
int cmd_extents(Tool *tool, int argc, char **argv, GError **error);
int cmd_list(Tool *tool, int argc, char **argv, GError **error);
int cmd_move(Tool *tool, int argc, char **argv, GError **error);
int cmd_pool(Tool *tool, int argc, char **argv, GError **error);
int cmd_reclaim(Tool *tool, int argc, char **argv, GError **error);
int cmd_reference(Tool *tool, int argc, char **argv, GError **error);
int cmd_release(Tool *tool, int argc, char **argv, GError **error);
int cmd_share(Tool *tool, int argc, char **argv, GError **error);
int cmd_tags(Tool *tool, int argc, char **argv, GError **error);
int cmd_top(Tool *tool, int argc, char **argv, GError **error);
int cmd_watch(Tool *tool, int argc, char **argv, GError **error);

/*
 * Parse @entries and the options all commands have. Leaves the words that are
 * no options in @argv from index 1 on; fewer than @min or more than @max of
 * them are an error.
 */
bool tool_parse(Tool *tool, const GOptionEntry *entries, int min, int max,
                int *argc, char ***argv, GError **error);

/* Set @error; always returns -1, for `return tool_fail(...)`. */
int tool_fail(GError **error, ToolExit code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

struct json_object;
typedef struct Table Table;

/* --- Reaching devices (reach.c) --- */

typedef struct Target {
    cxlfm *fm;                        /* not owned */
    size_t device;
    const char *name;
} Target;

/*
 * Connect to all addresses; the devices that were asked for, in their order.
 * An address that cannot be reached is a warning and makes the exit code 5,
 * unless it is the only one. Free with g_array_unref().
 */
GArray *tool_targets(Tool *tool, GError **error);
/* Exactly one device, or an error that lists the choice. */
bool tool_target(Tool *tool, Target *ret_target, GError **error);
/* A library call on @target failed with @ret: turn that into @error. */
int tool_library_error(Tool *tool, const Target *target, int ret,
                       GError **error);

/*
 * The frame of a reading command: for every target, one snapshot goes to
 * @visit, which adds rows to the table and gives a JSON object for the list
 * "devices". Prints the one or the other; @nothing when no row came.
 */
typedef struct json_object *(*tool_visit_fn)(const Target *target,
                                             const struct cxlfm_snapshot *s,
                                             Table *table,
                                             void *opaque);
int tool_show(Tool *tool, const char *const *headings, tool_visit_fn visit,
              void *opaque, const char *nothing, GError **error);

/* --- Words and numbers (parse.c, text.c) --- */

/* "4096", "0x1000", "512M", "1GiB". Bytes, at least 1. */
bool parse_size(const char *text, uint64_t *ret_bytes, GError **error);
/* "OFFSET+LENGTH", each as for parse_size(), the offset may be 0. */
bool parse_extent(const char *text, struct cxlfm_extent *ret_extent,
                  GError **error);
/* All of @texts (NULL: none), all of @region. g_free() the result. */
bool parse_extents(char **texts, uint8_t region,
                   struct cxlfm_extent **ret_extents, size_t *ret_count,
                   GError **error);
/* A UUID, 32 hexadecimal digits, or "random". NULL: zeros, no tag. */
bool parse_tag(const char *text, uint8_t ret_tag[CXLFM_TAG_SIZE],
               GError **error);
bool parse_policy(const char *text, uint8_t *ret_policy, GError **error);
bool parse_number(const char *what, int value, int max, GError **error);

/* "1 GiB", "1.5 GiB", "4 KiB", "100 B". Exact. Free with g_free(). */
char *format_size(uint64_t bytes);
/* "1 extent", "2 extents" */
char *format_count(size_t count, const char *singular);
/* "[0x0, +0x40000000]" and more, at most @limit of them, then "..." */
char *format_extents(const struct cxlfm_extent *extents, size_t count,
                     size_t limit);
/* "sharable, read-only" or "-" */
char *format_attributes(uint8_t attributes);
/* "0, 3" or "-" */
char *format_hosts(const uint8_t bitmap[32]);
/* One line about an event of device @name. */
char *format_event(const struct cxlfm_event *event, const char *name);
const char *policy_name(unsigned policy);
const char *extent_state_name(unsigned state);
const char *mapping_name(unsigned mapping);
const char *event_name(unsigned type);
const char *outcome_name(unsigned state);

/* --- Tables (table.c) --- */

/* Rows after the headings */
size_t table_rows(const Table *table);
/*
 * @headings ends with NULL. A heading that begins with '>' is flushed right
 * (the sign is not shown). Free with table_free(), NULL allowed.
 */
Table *table_new(const char *const *headings);
/* One text per heading; takes over each (g_free()). */
void table_row(Table *table, ...) G_GNUC_NULL_TERMINATED;
/* The whole table as text, free with g_free(). */
char *table_text(const Table *table);
void table_free(Table *table);

/* --- JSON (json.c); shapes are documented in docs/fm.md --- */

struct json_object *json_extent(const struct cxlfm_extent *extent);
struct json_object *json_extents(const struct cxlfm_extent *extents,
                                 size_t count);
struct json_object *json_region(const struct cxlfm_region *region);
struct json_object *json_host(const struct cxlfm_host *host);
struct json_object *json_tag(const struct cxlfm_tag *tag);
struct json_object *json_tag_text(const uint8_t tag[CXLFM_TAG_SIZE]);
struct json_object *json_event(const struct cxlfm_event *event,
                               const char *name, const char *address);
/* name, address, door */
struct json_object *json_target(const char *name, const char *address,
                                bool fmapi);
struct json_object *json_error(const GError *error, uint16_t return_code);
/* Print on one line (or many) and free. */
void json_print(struct json_object *object, bool pretty);

/* --- Choosing what to take back (pick.c) --- */

/*
 * Extents of @held (accepted, of one host) that make up @bytes exactly: whole
 * extents first, one that fits exactly before all, then the end of one that is
 * larger; pieces are multiples of @block_size. g_free() the result. False when
 * @held has less, or @bytes is no multiple.
 */
bool pick_extents(const struct cxlfm_extent *held, size_t count,
                  uint64_t bytes, uint64_t block_size,
                  struct cxlfm_extent **ret_extents, size_t *ret_count,
                  GError **error);

/* --- Changes (change.c) --- */

typedef struct ChangeOptions {
    int host;
    int region;                       /* -1: not given */
    gboolean wait;
    double timeout;                   /* seconds; < 0: not given */
    gboolean dry_run;
} ChangeOptions;

#define CHANGE_OPTIONS_INIT { .region = -1, .timeout = -1 }
#define CHANGE_DEFAULT_TIMEOUT 30

/* The options themselves, for a command's table of entries */
#define CHANGE_OPTION_ENTRIES(o) \
    { "host", 'H', 0, G_OPTION_ARG_INT, &(o).host, \
      "Host id (default 0)", "ID" }, \
    { "region", 'r', 0, G_OPTION_ARG_INT, &(o).region, \
      "Region, 0 to 7 (default 0)", "N" }, \
    { "wait", 'w', 0, G_OPTION_ARG_NONE, &(o).wait, \
      "Wait until the host has answered", NULL }, \
    { "timeout", 'T', 0, G_OPTION_ARG_DOUBLE, &(o).timeout, \
      "With --wait: give up after SECONDS (default 30)", "SECONDS" }, \
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &(o).dry_run, \
      "Say what would be asked of the device, and change nothing", NULL }

bool change_check_options(const ChangeOptions *options, GError **error);
/* Run the whole of it, print the result; exit code or -1 with @error. */
int change_add(Tool *tool, const Target *target,
               const struct cxlfm_add *request, const ChangeOptions *options,
               GError **error);
int change_release(Tool *tool, const Target *target,
                   const struct cxlfm_release *request,
                   const ChangeOptions *options, GError **error);

/*
 * What @request shall list when only its length is known (or, with @all, not
 * even that): extents of its host and region. They go to @request and to
 * *ret_extents, for g_free(). At least one, or an error.
 */
int release_choose(Tool *tool, const Target *target,
                   struct cxlfm_release *request, bool all,
                   struct cxlfm_extent **ret_extents, GError **error);

/* --- A pool and its heads (pool.c) --- */

typedef struct PoolHead {
    uint16_t host;
    Target target;                    /* the device that is this host's */
} PoolHead;

typedef struct PoolView {
    struct cxlfm_pool *pool;
    cxlfm *fm;                        /* who told */
    GArray *heads;                    /* PoolHead, of all addresses */
} PoolView;

/* Ask the addresses; false with @error set. Free with pool_view_free(). */
bool pool_view(Tool *tool, PoolView *view, GError **error);
void pool_view_free(PoolView *view);
/* Read the pool again, from whoever still answers. */
bool pool_view_again(Tool *tool, PoolView *view, GError **error);
const struct cxlfm_pool_host *pool_find_host(const PoolView *view,
                                             uint16_t host);
/* The device of @host, or an error that says what to do. */
bool pool_head(const PoolView *view, int host, Target *ret_target,
               GError **error);
/* @cells characters: '.' free, '=' shared, else the host's last digit */
char *pool_map(const struct cxlfm_pool *pool, size_t cells);
/* Ask @from for @bytes, wait, give them to @to. Exit code, -1 with @error. */
int pool_move(Tool *tool, const PoolView *view, uint16_t from, uint16_t to,
              uint64_t bytes, bool force, const ChangeOptions *options,
              GError **error);
/* Give @bytes of the pool to @to. */
int pool_give(Tool *tool, const PoolView *view, uint16_t to, uint64_t bytes,
              const ChangeOptions *options, GError **error);

/* --- Balancing (balance-policy.c, balance-plan.c) --- */

typedef struct BalanceHost {
    uint16_t id;
    uint64_t min;                     /* bytes, as the next two */
    uint64_t max;
    uint64_t owned;
    double weight;
    bool alive;
    double pressure;                  /* percent; negative: not known */
    char *command;                    /* that tells it; NULL: none */
} BalanceHost;

typedef struct BalancePolicy {
    uint64_t step;                    /* bytes moved at a time */
    double high;                      /* from here on a host wants more */
    double low;                       /* up to here it can give */
    GArray *hosts;                    /* BalanceHost */
} BalancePolicy;

typedef struct BalanceStep {
    int from;                         /* host, -1: from what is free */
    uint16_t to;
    uint64_t bytes;
    char *why;
} BalanceStep;

/* @text as cxl-fm-balance(1) has it; errors name the line. */
BalancePolicy *balance_policy_parse(const char *text, GError **error);
void balance_policy_free(BalancePolicy *policy);
/* "some avg10=1.5 ..." or a plain number, as percent; negative: neither */
double balance_pressure(const char *text);
/*
 * What to do now: BalanceStep, for g_ptr_array_unref(). @available is free.
 * No host is in two of them; no minimum and no maximum is broken.
 */
GPtrArray *balance_plan(const BalancePolicy *policy, uint64_t available);

/* --- The map of top (top-map.c) --- */

typedef struct MapCell {
    char letter;                      /* '.' free, see map_legend */
    uint16_t host;                    /* when it is not free */
} MapCell;

#define MAP_LEGEND ". free   o offered   # accepted   r releasing   " \
                   "s sanitizing   x dead   k kept by reference"

/*
 * @region as @count cells of equal size (the last may be smaller). A cell
 * shows what takes most of it, anything rather than free.
 */
void map_region(const struct cxlfm_snapshot *snapshot, unsigned region,
                MapCell *cells, size_t count);

#endif /* CXL_FM_TOOL_H */
