/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the store: pools, hosts, claims and their status
 *
 * Keys, with values that are JSON objects with "v": 1:
 *
 *   /cxl-dcd/v1/pools/UUID          struct fmd_pool, by the owner
 *   /cxl-dcd/v1/pools/UUID/owner    struct fmd_owner, on the owner's lease; its
 *                                   create revision is the epoch
 *   /cxl-dcd/v1/hosts/UUID          struct fmd_host, by people
 *   /cxl-dcd/v1/hosts/UUID/alive    struct fmd_alive, on the agent's lease
 *   /cxl-dcd/v1/hosts/UUID/place    the same, as it was last: it stays
 *   /cxl-dcd/v1/names/NAME          UUID of the host of that name (in quotes)
 *   /cxl-dcd/v1/monitors/M/ADDRESS  UUID of the host behind that monitor
 *   /cxl-dcd/v1/claims/UUID         struct fmd_claim, by clients
 *   /cxl-dcd/v1/claims/UUID/status  struct fmd_status, by the pool's owner
 *   /cxl-dcd/v1/leases/UUID         {"seconds"} of a claim that has a lease;
 *                                   written anew with each renewal, and with
 *                                   {"silent"}, ms, by the placer
 *   /cxl-dcd/v1/placer              struct fmd_owner, on the placer's lease
 *   /cxl-dcd/v1/pressures/UUID      {"percent"} of a host, on the agent's lease
 *
 * That pressures and leases change wakes nobody: it is seen in time.
 *
 * Parsing checks everything and says what is wrong in a sentence with the name
 * of the member (domain FMD_ERROR, code FMD_ERROR_INVALID): what is allowed and
 * what was given. A member that is not known is refused, so that a misspelt one
 * is not a wish that is lost. Sizes in JSON are bytes, or text such as "256M"
 * or "2 GiB" where people write.
 *
 * UUIDs are 36 characters, lower case; parse also takes upper case. That of a
 * claim is the tag of its capacity, so it is never all zeros.
 */
#ifndef CXL_FMD_MODEL_H
#define CXL_FMD_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <json-c/json.h>

enum fmd_error {
    FMD_ERROR_INVALID,            /* what was said makes no sense (400) */
    FMD_ERROR_NOT_FOUND,          /* there is no such thing (404) */
    FMD_ERROR_CONFLICT,           /* not with what there is (409) */
    FMD_ERROR_STALE,              /* it is not at that revision (412) */
    FMD_ERROR_UNAVAILABLE,        /* the store cannot be reached now (503) */
    FMD_ERROR_UNKNOWN,            /* may have been done: ask again (504) */
    FMD_ERROR_FULL,               /* no room to keep it (507) */
    FMD_ERROR_TOO_MANY,           /* a limit of the configuration (507) */
    FMD_ERROR_INTERNAL,           /* (500) */
};
#define FMD_ERROR (fmd_error_quark())
GQuark fmd_error_quark(void);

#define FMD_KEYS        "/cxl-dcd/v1/"
#define FMD_POOLS       FMD_KEYS "pools/"
#define FMD_HOSTS       FMD_KEYS "hosts/"
#define FMD_NAMES       FMD_KEYS "names/"
#define FMD_MONITORS    FMD_KEYS "monitors/"
#define FMD_CLAIMS      FMD_KEYS "claims/"
#define FMD_PLACER      FMD_KEYS "placer"
#define FMD_PRESSURES   FMD_KEYS "pressures/"
#define FMD_LEASES      FMD_KEYS "leases/"

#define FMD_NAME_MAX    64        /* of a host or machine: [A-Za-z0-9._-] */
#define FMD_LABELS_MAX  32        /* of a host, in a selector */
#define FMD_SHARED_MAX  16        /* hosts of one claim */
#define FMD_REGIONS_MAX 8
#define FMD_TEXT_MAX    256       /* bytes: a label's value, a message */
#define FMD_LEASE_MIN   5         /* s, of a consumer */
#define FMD_LEASE_MAX   (365 * 24 * 3600)

#define FMD_UUID_TEXT   37
/* Lower case into @ret; false when @text is no UUID, or all zeros. */
bool fmd_uuid_parse(const char *text, char ret[FMD_UUID_TEXT]);
void fmd_uuid_random(char ret[FMD_UUID_TEXT]);
/* The same for the same words (RFC 9562, version 8 over SHA-256) */
void fmd_uuid_of(const char *kind, const char *words, char ret[FMD_UUID_TEXT]);
/* "256M", "2 GiB", "4096"; false when it is none, or does not fit. */
bool fmd_size_parse(const char *text, uint64_t *ret);
/* "256 MiB" */
char *fmd_size_text(uint64_t bytes);
bool fmd_name_is_good(const char *name);

/* --- Keys; freed by the caller --- */

char *fmd_key_pool(const char *uuid);
char *fmd_key_owner(const char *uuid);
char *fmd_key_host(const char *uuid);
char *fmd_key_alive(const char *uuid);
char *fmd_key_place(const char *uuid);
char *fmd_key_name(const char *name);
char *fmd_key_monitor(const char *machine, const char *address);
char *fmd_key_claim(const char *uuid);
char *fmd_key_status(const char *uuid);
char *fmd_key_pressure(const char *uuid);
char *fmd_key_lease(const char *uuid);

/* --- Pools --- */

struct fmd_region {
    uint64_t length;              /* bytes */
    uint64_t available;           /* CXLFM_UNKNOWN: not told */
    uint64_t block_size;
    uint8_t index;
    bool sharable;
};

struct fmd_pool {
    char *uuid;
    char *name;                   /* for people: file's name, or the device's */
    char *machine;
    char *kind;                   /* "file", "device" (one head, no pool) */
    char *file;                   /* "" when there is none */
    uint64_t size;                /* bytes, as the next three */
    uint64_t block_size;
    uint64_t available;
    uint64_t largest;             /* free run */
    unsigned region_count;
    struct fmd_region regions[FMD_REGIONS_MAX];
};

struct fmd_owner {
    char *machine;
    char *instance;               /* of the daemon: new with each start */
    char *url;                    /* where it can be asked; "" locally only */
    int64_t pid;
};

/* --- Hosts --- */

struct fmd_host {
    char *uuid;
    char *name;                   /* unique */
    char *machine;                /* whose daemon has the monitor */
    char *monitor;                /* an address of libcxlfm: "qmp:/run/..." */
    char *pool;                   /* it must be this one; "" any */
    GHashTable *labels;           /* text to text */
    uint64_t min;                 /* bytes it keeps whatever is asked */
    uint64_t max;                 /* bytes; UINT64_MAX: no limit */
    double weight;                /* for placing: more gets more; 1 */
    char *pressure;               /* command that tells it, or "" */
    unsigned ask_timeout;         /* s until no answer is called so; 30 */
    int64_t force_after;          /* s after ask_timeout; -1: never */
    int64_t reclaim_after;        /* s after it died; -1: never; 60 */
    int64_t kill_after;           /* s after its monitor fell silent, while it
                                     has what is wanted back; -1: never */
    bool from_config;             /* written in the daemon's configuration */
};

struct fmd_alive {
    char *pool;                   /* UUID */
    uint16_t head;
    int64_t pid;                  /* of the monitor; 0: not known */
    char *start;                  /* of that process, in its own words; "" */
    bool answers;                 /* its monitor does */
};

/* --- Claims --- */

struct fmd_claim {
    char *uuid;                   /* and tag */
    char *host;                   /* UUID or name; "" : chosen by selector */
    GHashTable *selector;         /* labels the host must have */
    char *pool;                   /* UUID; "": any */
    uint64_t bytes;
    uint8_t region;
    GPtrArray *shared_with;       /* char *, UUIDs or names of more hosts */
    char *consumer_kind;          /* "job", "pod"...; "" */
    char *consumer;               /* which one; "" */
    unsigned lease;               /* s: it ends when its consumer is silent for
                                     so long; 0: it does not */
    bool deleted;
    bool lapsed;                  /* because of that */
    char *by;                     /* who has put it first; "": not noted */
};

enum fmd_phase {
    FMD_PENDING,                  /* waits for room, a host, a pool */
    FMD_PLACED,                   /* host and pool are chosen */
    FMD_OFFERING,                 /* the host is or will be offered it */
    FMD_BOUND,                    /* the host has all of it */
    FMD_RELEASING,                /* it is asked for it */
    FMD_FORCING,                  /* it is taken away */
    FMD_GONE,                     /* its tag is nowhere; leaves the store */
    FMD_DECLINED,                 /* the host took nothing */
    FMD_UNANSWERED,               /* it says nothing; the offer stands */
    FMD_LOST,                     /* host or machine died, contents gone */
    FMD_STUCK,                    /* not given back, force not allowed */
    FMD_PHASE_MAX,
};
const char *fmd_phase_name(enum fmd_phase phase); /* "Pending" */

enum fmd_act {
    FMD_ACT_NONE,
    FMD_ACT_ADD,
    FMD_ACT_SHARE,                /* add what the tag names at one host more */
    FMD_ACT_RELEASE,              /* ask */
    FMD_ACT_FORCE,
    FMD_ACT_RECLAIM,              /* of a host that died */
    FMD_ACT_KILL,                 /* a process that hangs, before that */
    FMD_ACT_MAX,
};
const char *fmd_act_name(enum fmd_act act); /* "add" */

struct fmd_extent {
    char host[FMD_UUID_TEXT];
    uint64_t offset;              /* in the region */
    uint64_t length;
    uint8_t region;
    uint8_t state;                /* enum cxlfm_extent_state */
};

struct fmd_status {
    enum fmd_phase phase;
    char *host;                   /* UUID of the first; "" not placed */
    char *pool;                   /* UUID; "" not placed */
    GArray *extents;              /* struct fmd_extent, all hosts */
    uint64_t epoch;               /* of whoever wrote it */
    enum fmd_act act;             /* under way, or about to be; or NONE */
    char *act_host;               /* UUID; "" */
    uint64_t attempts;            /* acts so far */
    char *message;                /* why, what to do; "" */
    int64_t since;                /* ms since 1970, for people: of the phase */
    GPtrArray *declined;          /* char *, UUIDs of hosts that would not */
};

/* --- Events: what happened, and what was decided and why --- */

struct fmd_event {
    uint64_t id;                  /* grows by at least 1; over restarts, too */
    int64_t time;                 /* ms since 1970, for people */
    char *kind;                   /* "claim", "host", "pool", "orphan", "act",
                                     "device", "store", "daemon" */
    char *object;                 /* UUID; "" */
    char *text;                   /* a sentence */
    char *data;                   /* JSON object text; never NULL */
};

/*
 * JSON and back. A parse takes the UUID from the key and the value's text;
 * "uuid" may stand in it and must then be the same. New ones have defaults and
 * are valid but for what has none. Frees take NULL.
 */
#define FMD_MODEL(type)                                                       \
    struct type *type##_new(void);                                            \
    void type##_free(struct type *it);                                        \
    struct type *type##_parse(const char *uuid, const char *text,             \
                              GError **error);                                \
    struct json_object *type##_json(const struct type *it);                   \
    char *type##_text(const struct type *it);                                 \
    G_DEFINE_AUTOPTR_CLEANUP_FUNC(type, type##_free)

typedef struct fmd_pool fmd_pool;
typedef struct fmd_owner fmd_owner;
typedef struct fmd_host fmd_host;
typedef struct fmd_alive fmd_alive;
typedef struct fmd_claim fmd_claim;
typedef struct fmd_status fmd_status;
typedef struct fmd_event fmd_event;

FMD_MODEL(fmd_pool)
FMD_MODEL(fmd_owner)
FMD_MODEL(fmd_host)
FMD_MODEL(fmd_alive)
FMD_MODEL(fmd_claim)
FMD_MODEL(fmd_status)

void fmd_event_free(struct fmd_event *event);
struct json_object *fmd_event_json(const struct fmd_event *event);

/* The same wish, but for "deleted" and why */
bool fmd_claim_equal(const struct fmd_claim *a, const struct fmd_claim *b);

#endif /* CXL_FMD_MODEL_H */
