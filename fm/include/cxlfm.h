/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcxlfm: give and take CXL dynamic capacity, from outside the host
 *
 * Three doors, one set of calls. An address says which:
 *
 *   qmp:/PATH            QEMU's monitor protocol on a unix socket
 *   qmp:tcp:HOST:PORT    the same over TCP
 *   fm:/PATH             the CXL FM API: MCTP over serial frames (DSP0253)
 *   fm:tcp:HOST:PORT     on a unix socket, over TCP, or
 *   fm:tty:/DEV          on a terminal (a pty, a serial port); with ,baud=N
 *                        behind it, at that speed
 *   fmd:/PATH            cxl-fmd, the daemon that holds the monitors, by its
 *   fmd:https://HOST:PORT  unix socket or over TCP; many at once
 *
 * An fm: address may end in ",eid=N" (8..254): the endpoint's MCTP address on
 * a line with several of them. For https the file that CXL_FMD_TOKEN_FILE names
 * has the token, and the one of CXL_FMD_CA_FILE who may vouch for the daemon;
 * CXL_FMD_CERT_FILE and CXL_FMD_KEY_FILE have a certificate to show.
 *
 * Terms (CXL r3.2 9.13.3)
 *   device   one Type 3 device with dynamic capacity; an address leads to one
 *            or more, numbered from 0
 *   region   0..7, a range of the device's physical addresses (DPA)
 *   extent   a piece of a region that was offered to a host or given to it
 *   tag      16 opaque bytes chosen by whoever adds; all zeros: no tag
 *   offer    what one add request offers; the host answers it as one
 *
 * Every call that returns int returns 0 or more on success and a negative
 * enum cxlfm_error on failure; cxlfm_error_text() then has a sentence for the
 * person who must act. Outputs (ret_*) are written on success only. The
 * library prints nothing and installs no signal handler; the name of a host in
 * an address is looked up by a thread, in which no signal is delivered and which
 * may outlive the call. One handle must not be used by two threads at once;
 * several handles may.
 *
 * Sizes and offsets are bytes, times milliseconds unless they say otherwise.
 *
 * Fill requests with zeros before you set members ("= { .host = 1 }" does), and
 * do not make arrays of structs for the library to fill: reserved members will
 * get names, and what the library hands out may grow at its end.
 */
#ifndef CXLFM_H
#define CXLFM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CXLFM_TAG_SIZE    16
#define CXLFM_MAX_REGIONS 8
#define CXLFM_UNKNOWN     UINT64_MAX /* a size this door cannot tell */

enum cxlfm_error {
    CXLFM_ERROR_INVALID     = -1, /* an argument is wrong; nothing was sent */
    CXLFM_ERROR_UNREACHABLE = -2, /* no connection, or it broke */
    CXLFM_ERROR_TIMEOUT     = -3, /* no answer in time */
    CXLFM_ERROR_PROTOCOL    = -4, /* an answer that makes no sense */
    CXLFM_ERROR_REFUSED     = -5, /* the device said no; nothing changed */
    CXLFM_ERROR_UNSUPPORTED = -6, /* this door cannot do that */
    /* A change was asked for and no answer came: it may have been made. */
    CXLFM_ERROR_UNKNOWN     = -7,
};

typedef struct cxlfm cxlfm;

/* --- Connections --- */

/* The version of this library, three numbers with dots between them. Static. */
const char *cxlfm_version(void);

/* A handle without connection; free with cxlfm_free(), which takes NULL. */
cxlfm *cxlfm_new(void);
void cxlfm_free(cxlfm *fm);

/* Limit for one answer, default 5000. Changing requests are never re-sent. */
void cxlfm_set_timeout(cxlfm *fm, unsigned milliseconds);

/*
 * Of unix sockets with qmp: and fm:, take only those at which this user or root
 * listens (default false). For an address that nobody named: in /tmp anybody may
 * have put a socket. Others are UNREACHABLE.
 */
void cxlfm_set_own(cxlfm *fm, bool own);

/*
 * Connect and find the devices. A handle has one connection; when this fails it
 * has none, and may try again.
 * Errors: INVALID (address), UNREACHABLE, TIMEOUT, PROTOCOL.
 */
int cxlfm_connect(cxlfm *fm, const char *address);

/*
 * Connect anew to the same address, after the connection broke or did not come
 * about. Devices are found again: their numbers, names and paths may be others.
 * Events of the time between are lost: take snapshots. A handle that had
 * subscribed does so again. What cxlfm_fd() gave is closed.
 */
int cxlfm_reconnect(cxlfm *fm);

/*
 * Have @log told what passes over the line, one line of text without a newline
 * each; NULL: nobody. For people: the wording may change. It must not call the
 * library.
 */
typedef void (*cxlfm_log_fn)(const char *line, void *opaque);
void cxlfm_set_log(cxlfm *fm, cxlfm_log_fn log, void *opaque);

/* A sentence about the last call that failed; "" if none did. Owned by @fm. */
const char *cxlfm_error_text(const cxlfm *fm);
/*
 * CXL return code (r3.2 8.2.9.4.5.1) of the last refusal over the FM API; 0
 * when there is none. QMP gives sentences only, but for CXLFM_RETRY_REQUIRED:
 * the same request may be granted in a moment, for instance when what it wants
 * has been sanitized.
 */
#define CXLFM_RETRY_REQUIRED 0x0005
uint16_t cxlfm_return_code(const cxlfm *fm);
/* Name of a CXL return code, "unknown" for others. Static. */
const char *cxlfm_return_code_name(uint16_t code);

/* As given to cxlfm_connect(). */
const char *cxlfm_address(const cxlfm *fm);
/* True for the FM API, false for QMP and cxl-fmd. */
bool cxlfm_is_fmapi(const cxlfm *fm);
/* How many devices were found; they are numbered from 0. */
size_t cxlfm_device_count(const cxlfm *fm);
/*
 * Name for people (QEMU's device id; over the FM API the serial number as 16
 * hexadecimal digits, the address if it has none) and QOM path ("" over the
 * FM API). Owned by @fm; NULL when there is no such device.
 */
const char *cxlfm_device_name(const cxlfm *fm, size_t device);
const char *cxlfm_device_path(const cxlfm *fm, size_t device);

/*
 * A tag as people write it, 8-4-4-4-12 hexadecimal digits (dashes may miss),
 * byte 0 first. Parse returns 0 or CXLFM_ERROR_INVALID; all zeros is "no tag"
 * and not an error. Format writes 36 characters and a NUL.
 */
#define CXLFM_TAG_TEXT 37
int cxlfm_tag_parse(const char *text, uint8_t ret_tag[CXLFM_TAG_SIZE]);
void cxlfm_tag_format(const uint8_t tag[CXLFM_TAG_SIZE],
                      char out[CXLFM_TAG_TEXT]);
bool cxlfm_tag_is_zero(const uint8_t tag[CXLFM_TAG_SIZE]);

/* --- What there is --- */

enum cxlfm_policy {
    CXLFM_POLICY_FREE         = 0, /* any blocks, any number of extents */
    CXLFM_POLICY_CONTIGUOUS   = 1, /* one extent */
    CXLFM_POLICY_PRESCRIPTIVE = 2, /* exactly the extents listed */
    CXLFM_POLICY_SHARED       = 3, /* what the tag names, for one more host */
};

enum cxlfm_removal {
    CXLFM_REMOVE_TAG          = 0,
    CXLFM_REMOVE_PRESCRIPTIVE = 1,
};

/* Region attributes: r3.2 Table 7-70, the bits of CDAT's DSMAS */
enum cxlfm_attribute {
    CXLFM_REGION_NONVOLATILE  = 1 << 2,
    CXLFM_REGION_SHARABLE     = 1 << 3,
    CXLFM_REGION_HW_COHERENT  = 1 << 4,
    CXLFM_REGION_IC_SPECIFIC  = 1 << 5,
    CXLFM_REGION_READ_ONLY    = 1 << 6,
};

enum cxlfm_extent_state {
    CXLFM_EXTENT_PENDING,         /* offered, the host has not answered */
    CXLFM_EXTENT_ACCEPTED,        /* the host's */
    CXLFM_EXTENT_RELEASING,       /* the host's, asked to give it back */
    CXLFM_EXTENT_SANITIZING,      /* nobody's, being erased */
    CXLFM_EXTENT_DEAD,            /* taken back before the host answered */
    CXLFM_EXTENT_REFERENCED,      /* no host's, kept by the FM's reference */
    CXLFM_EXTENT_STATE_MAX,
};

enum cxlfm_mapping {
    CXLFM_MAPPING_UNKNOWN,        /* the FM API does not tell */
    CXLFM_MAPPING_DIRECT,
    CXLFM_MAPPING_TRAPPED,
    CXLFM_MAPPING_NONE,
};

struct cxlfm_extent {
    uint64_t offset;              /* from the start of the region */
    uint64_t length;
    uint64_t dpa;                 /* results only */
    uint8_t tag[CXLFM_TAG_SIZE];
    uint16_t host;
    uint16_t sequence;            /* order within a shared tag */
    uint8_t region;
    uint8_t state;                /* enum cxlfm_extent_state */
    uint8_t mapping;              /* enum cxlfm_mapping */
    uint8_t reserved[1];
};

struct cxlfm_region {
    uint64_t base;                /* DPA */
    uint64_t decode_length;
    uint64_t length;
    uint64_t block_size;
    uint64_t available;           /* bytes nobody has; CXLFM_UNKNOWN */
    uint64_t block_sizes;         /* bit n: 2^n can be set; 0: unknown */
    uint8_t index;
    uint8_t attributes;           /* enum cxlfm_attribute */
    bool sanitize;                /* on release */
    bool sanitize_configurable;   /* meaningful over the FM API */
    uint8_t reserved[4];
};

struct cxlfm_host {
    uint16_t id;
    uint16_t region_count;
    uint32_t generation;          /* changes with the extent list */
    uint32_t supported_extents;
    uint32_t available_extents;
    uint32_t supported_tags;
    uint32_t available_tags;
    struct cxlfm_region regions[CXLFM_MAX_REGIONS];
    uint64_t reserved[4];
};

/* One device as it was at one moment. The arrays belong to the snapshot. */
struct cxlfm_snapshot {
    uint64_t serial;              /* CXLFM_UNKNOWN over QMP */
    uint64_t total_capacity;
    uint16_t vendor;              /* PCI ids; 0 over QMP */
    uint16_t device;
    uint16_t add_policies;        /* bit n: enum cxlfm_policy n */
    uint16_t removal_policies;    /* bit n: enum cxlfm_removal n */
    /*
     * Whether offers are listed. The FM API lists only what hosts accepted
     * (5603h); that something is pending shows in the counters and tags.
     */
    bool pending_listed;
    uint8_t reserved[7];
    size_t host_count;
    struct cxlfm_host *hosts;
    size_t extent_count;
    struct cxlfm_extent *extents; /* by host, then as the device lists them */
};

/*
 * Read everything about device @device. A list that changes while it is read
 * in parts is read again. Free with cxlfm_snapshot_free(), which takes NULL.
 * Errors: all but UNSUPPORTED; PROTOCOL also when the list never stays still.
 */
int cxlfm_snapshot(cxlfm *fm, size_t device,
                   struct cxlfm_snapshot **ret_snapshot);
void cxlfm_snapshot_free(struct cxlfm_snapshot *snapshot);

struct cxlfm_tag {
    uint8_t tag[CXLFM_TAG_SIZE];
    bool fm_reference;            /* kept although no host may have it */
    uint8_t reserved[7];
    uint8_t accepted[32];         /* bit n: host n has accepted it */
    uint8_t pending[32];          /* bit n: offered to host n */
};

/*
 * All tags in use (r3.2 7.6.7.6.9). *ret_tags is one array, free with free().
 */
int cxlfm_tags(cxlfm *fm, size_t device, struct cxlfm_tag **ret_tags,
               size_t *ret_count);

/* --- Change --- */

struct cxlfm_add {
    uint16_t host;
    uint8_t policy;               /* enum cxlfm_policy */
    uint8_t region;
    uint64_t length;              /* FREE and CONTIGUOUS */
    uint8_t tag[CXLFM_TAG_SIZE];
    /* PRESCRIPTIVE: offset and length of each, all in @region */
    const struct cxlfm_extent *extents;
    size_t extent_count;
    uint64_t reserved[4];         /* 0 */
};

/*
 * Offer capacity to a host (r3.2 7.6.7.6.5). Success: the offer is made, not
 * that the host took it; see cxlfm_wait_begin_add(). All or nothing.
 * Errors: all.
 */
int cxlfm_add(cxlfm *fm, size_t device, const struct cxlfm_add *request);

struct cxlfm_release {
    uint16_t host;
    uint8_t removal;              /* enum cxlfm_removal */
    uint8_t region;
    bool force;                   /* take it away at once */
    bool sanitize;                /* erase before anybody gets it */
    uint64_t length;              /* by tag: bytes, 0 for all of the tag */
    uint8_t tag[CXLFM_TAG_SIZE];
    const struct cxlfm_extent *extents;
    size_t extent_count;
    uint64_t reserved[4];         /* 0 */
};

/*
 * Ask a host for capacity, or take it (r3.2 7.6.7.6.6). Without force, success
 * means that the host was asked; it may take its time or never answer.
 *
 * Force is not reversible: the host loses the contents under its feet.
 */
int cxlfm_release(cxlfm *fm, size_t device,
                  const struct cxlfm_release *request);

/* Hold (or drop) the FM's reference on a sharable tag: 7.6.7.6.7 and .8. */
int cxlfm_reference(cxlfm *fm, size_t device,
                    const uint8_t tag[CXLFM_TAG_SIZE], bool held);

/*
 * Configure a region for all hosts (r3.2 7.6.7.6.3). Refused while capacity of
 * it is out.
 */
int cxlfm_set_region(cxlfm *fm, size_t device, uint8_t region,
                     uint64_t block_size, bool sanitize);

/* --- Events --- */

enum cxlfm_event_type {
    CXLFM_EVENT_ADDED,            /* the host accepted these extents */
    CXLFM_EVENT_REJECTED,         /* it took nothing; QMP only */
    CXLFM_EVENT_RELEASED,         /* the host gave these extents back */
    CXLFM_EVENT_FORCED,           /* they were taken from it; QMP only */
    CXLFM_EVENT_LOST,             /* events overflowed: take a snapshot */
    CXLFM_EVENT_MAX,
};

struct cxlfm_event {
    uint8_t type;                 /* enum cxlfm_event_type */
    uint8_t region;               /* of the first extent */
    uint16_t host;
    uint32_t extent_count;
    size_t device;
    uint64_t timestamp;           /* ns since 1970 UTC; 0: unknown */
    uint8_t tag[CXLFM_TAG_SIZE];
    struct cxlfm_extent *extents; /* part of the event's memory */
};

/*
 * Ask the devices to tell. Over QMP nothing is needed; over the FM API it sets
 * the event policy (0105h) of the endpoint to us.
 */
int cxlfm_subscribe(cxlfm *fm);

/*
 * The next event, waiting up to @timeout ms. Returns 1 with *ret_event set
 * (free with free()), 0 when none came, or an error. Over the FM API the
 * records are cleared from the device as they are read.
 */
int cxlfm_next_event(cxlfm *fm, unsigned timeout,
                     struct cxlfm_event **ret_event);

/* Most extents one add or release may list over this door; 0: any number. */
size_t cxlfm_extent_limit(const cxlfm *fm);

/*
 * For poll(), until the handle is connected anew or freed: readable while
 * cxlfm_next_event() may have something, also what came in other calls, or an
 * error to tell. It is not the connection itself: do not read from it. -1 when
 * there is none.
 */
int cxlfm_fd(const cxlfm *fm);

/* --- Waiting for hosts --- */

enum cxlfm_outcome_state {
    CXLFM_OUTCOME_DONE,           /* all accepted, or all given back */
    CXLFM_OUTCOME_PARTIAL,        /* the host accepted a part, refused a part */
    CXLFM_OUTCOME_REJECTED,       /* the host accepted nothing */
    CXLFM_OUTCOME_TIMEOUT,        /* the host has not answered (all of it) */
    CXLFM_OUTCOME_MAX,
};

struct cxlfm_outcome {
    uint32_t state;               /* enum cxlfm_outcome_state */
    uint32_t elapsed;             /* ms */
    uint64_t wanted;              /* bytes that were asked for */
    uint64_t done;                /* bytes accepted, or given back */
    uint64_t waiting;             /* bytes with no answer; CXLFM_UNKNOWN */
    size_t extent_count;          /* add: accepted; release: still held */
    struct cxlfm_extent *extents; /* free with free() */
};

/* Called now and then while waiting; false ends the wait as a timeout. */
typedef bool (*cxlfm_progress_fn)(const struct cxlfm_outcome *so_far,
                                  void *opaque);

/*
 * Follow one request to its end. Begin before the request: it remembers what
 * the device looked like. Others that change the same host and region at the
 * same time, and offers made before that the host answers now, blur the account
 * unless the request lists extents or has a tag of its own.
 *
 *     struct cxlfm_wait *wait;
 *     if (!cxlfm_wait_begin_add(fm, 0, &request, &wait) &&
 *         !cxlfm_add(fm, 0, &request)) {
 *         cxlfm_wait_run(wait, 30000, NULL, NULL, &outcome);
 *     }
 *     cxlfm_wait_free(wait);
 *
 * @request may go after begin. cxlfm_wait_run() may be called again after a
 * timeout. Its return value is about the door; what the host did is in
 * *ret_outcome.
 */
struct cxlfm_wait;
int cxlfm_wait_begin_add(cxlfm *fm, size_t device,
                         const struct cxlfm_add *request,
                         struct cxlfm_wait **ret_wait);
int cxlfm_wait_begin_release(cxlfm *fm, size_t device,
                             const struct cxlfm_release *request,
                             struct cxlfm_wait **ret_wait);
int cxlfm_wait_run(struct cxlfm_wait *wait, unsigned timeout,
                   cxlfm_progress_fn progress, void *opaque,
                   struct cxlfm_outcome *ret_outcome);
void cxlfm_wait_free(struct cxlfm_wait *wait);

/* --- The pool of a multi-headed device; over QMP only --- */

struct cxlfm_pool_host {
    uint16_t id;
    bool alive;                   /* a process has its head */
    bool here;                    /* this one */
    uint8_t reserved[4];
    uint64_t owned;               /* bytes */
    char *path;                   /* of its head if that is here, else "" */
};

enum cxlfm_pool_state {
    CXLFM_POOL_PENDING,           /* offered to the host */
    CXLFM_POOL_ACCEPTED,
    CXLFM_POOL_LEAVING,           /* not the host's any more, being cleaned */
    CXLFM_POOL_STATE_MAX,
};

struct cxlfm_pool_extent {
    uint64_t offset;              /* in the pool, bytes */
    uint64_t length;
    uint16_t host;
    uint8_t region;
    bool shared;                  /* other hosts may have it too */
    uint8_t state;                /* enum cxlfm_pool_state */
    uint8_t reserved[3];
};

struct cxlfm_pool {
    char *name;                   /* id of the object in QEMU */
    char *file;
    uint64_t size;                /* bytes, as the next three */
    uint64_t block_size;
    uint64_t available;
    uint64_t largest;             /* free run */
    uint32_t max_hosts;
    size_t host_count;
    struct cxlfm_pool_host *hosts;
    size_t extent_count;
    struct cxlfm_pool_extent *extents;
    /*
     * Equal for two answers about one pool, whoever gave them: names and paths
     * need not be. Its UUID if QEMU tells it, else the file itself where we can
     * see it, else the file's path.
     */
    char *identity;
    uint32_t region_count;        /* 0: QEMU does not tell */
    uint64_t region_available[CXLFM_MAX_REGIONS]; /* bytes */
    /* The tag of each of @extents; NULL when the door does not tell */
    uint8_t (*extent_tags)[CXLFM_TAG_SIZE];
};

/*
 * The first pool of the process at @fm, all hosts of all processes. Free with
 * cxlfm_pool_free(), which takes NULL. INVALID when it has none.
 */
int cxlfm_pool_query(cxlfm *fm, struct cxlfm_pool **ret_pool);
void cxlfm_pool_free(struct cxlfm_pool *pool);
/*
 * All of them: *ret_pools has *ret_count (at least one). Free each, then the
 * array with free().
 */
int cxlfm_pools(cxlfm *fm, struct cxlfm_pool ***ret_pools, size_t *ret_count);
/*
 * Take back all that @host has, whose process ended; refused while it is
 * alive. @pool is its name at @fm.
 */
int cxlfm_pool_reclaim(cxlfm *fm, const char *pool, uint16_t host,
                       uint64_t *ret_freed);

/* --- The daemon; over fmd: only --- */

/*
 * Ask cxl-fmd what is not a device's: claims, hosts, pools, health. @method and
 * @path as its OpenAPI document has them ("GET", "/v1/claims"); @body is JSON,
 * or NULL. Success means that it answered: *ret_status is the HTTP status, and
 * *ret_answer what came with it, perhaps "" (free with free()).
 * Errors: INVALID, UNREACHABLE, TIMEOUT, PROTOCOL, UNSUPPORTED (another door),
 * UNKNOWN (nothing came back from a change).
 */
int cxlfm_daemon_call(cxlfm *fm, const char *method, const char *path,
                      const char *body, unsigned *ret_status,
                      char **ret_answer);

#ifdef __cplusplus
}
#endif

#endif /* CXLFM_H */
