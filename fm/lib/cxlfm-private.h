/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcxlfm inside: what a door must be able to do, and what doors share
 *
 * A door is one way to the devices: QMP or the FM API. It fills a table of
 * functions; cxlfm.c checks arguments and calls it. Doors report through
 * cxlfm_fail(), once, at the place that knows what went wrong.
 */
#ifndef CXLFM_PRIVATE_H
#define CXLFM_PRIVATE_H

#include <inttypes.h>
#include <glib.h>
#include "cxlfm.h"

#define CXLFM_EXPORT __attribute__((visibility("default")))

/* Monotonic microseconds, as g_get_monotonic_time() */
typedef int64_t CxlfmDeadline;

typedef struct CxlfmDoor {
    bool fmapi;
    /* Greet and find devices over @fm's open line. */
    int (*connect)(cxlfm *fm, CxlfmDeadline deadline);
    void (*close)(cxlfm *fm);
    int (*snapshot)(cxlfm *fm, size_t device, struct cxlfm_snapshot *fill);
    int (*tags)(cxlfm *fm, size_t device, GArray *fill);
    int (*add)(cxlfm *fm, size_t device, const struct cxlfm_add *request);
    int (*release)(cxlfm *fm, size_t device,
                   const struct cxlfm_release *request);
    int (*reference)(cxlfm *fm, size_t device, const uint8_t *tag, bool held);
    int (*set_region)(cxlfm *fm, size_t device, uint8_t region,
                      uint64_t block_size, bool sanitize);
    int (*subscribe)(cxlfm *fm);
    /*
     * Take in what arrives within @timeout ms, at least what is there already;
     * new events go to fm->events. Returns early with 1 when something came
     * that may be news, 0 when nothing did.
     */
    int (*pump)(cxlfm *fm, unsigned timeout);
    /* Events that must be asked for, into fm->events. NULL: none such. */
    int (*drain)(cxlfm *fm);
} CxlfmDoor;

extern const CxlfmDoor cxlfm_door_qmp;
extern const CxlfmDoor cxlfm_door_fmapi;

typedef struct CxlfmDevice {
    char *name;
    char *path;
} CxlfmDevice;

struct cxlfm {
    char *address;
    unsigned timeout;
    GString *error;
    uint16_t return_code;
    const CxlfmDoor *door;        /* NULL until connected */
    void *state;                  /* the door's own */
    int fd;                       /* the line, non-blocking; -1: closed */
    unsigned eid;                 /* from the address; 0: find out */
    GArray *devices;              /* CxlfmDevice */
    GQueue events;                /* struct cxlfm_event *, oldest first */
};

/* Remember the sentence and give back @error. */
int cxlfm_fail(cxlfm *fm, int error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

CxlfmDeadline cxlfm_deadline(unsigned milliseconds);
/* Milliseconds left, at least 0, for poll(). */
int cxlfm_left(CxlfmDeadline deadline);
void cxlfm_add_device(cxlfm *fm, const char *name, const char *path);

/* --- The line (cxlfm-stream.c) --- */

/* Open @where ("/path", "tcp:host:port", "tty:/dev/x"); sets fm->fd. */
int cxlfm_stream_open(cxlfm *fm, const char *where, CxlfmDeadline deadline);
int cxlfm_stream_write(cxlfm *fm, const void *bytes, size_t len,
                       CxlfmDeadline deadline);
/* Bytes read (> 0), 0 at the deadline, or an error; never end of file. */
int cxlfm_stream_read(cxlfm *fm, void *bytes, size_t size,
                      CxlfmDeadline deadline);
/* The same, for an answer that is due at once: may spin for 100 us. */
int cxlfm_stream_read_soon(cxlfm *fm, void *bytes, size_t size,
                           CxlfmDeadline deadline);

/* --- The FM API (cxlfm-mctp.c) --- */

typedef struct CxlfmRequest {
    uint16_t opcode;
    const void *payload;
    size_t len;
    bool changes;                 /* must not be sent twice */
    size_t min_answer;            /* a shorter payload is a protocol error */
} CxlfmRequest;

#define CXLFM_PAYLOAD(op, data, minimum) \
    (&(const CxlfmRequest) { .opcode = (op), .payload = &(data), \
                             .len = sizeof(data), .min_answer = (minimum) })

/* The endpoint that the following calls go to; at first that of device 0. */
void cxlfm_fmapi_select(cxlfm *fm, size_t device);
/*
 * One command and its answer. *ret_answer is the payload, valid until the next
 * call; *ret_len its bytes, at least request->min_answer.
 */
int cxlfm_fmapi_call(cxlfm *fm, const CxlfmRequest *request,
                     const uint8_t **ret_answer, size_t *ret_len);
/* Most bytes of a request's payload. */
size_t cxlfm_fmapi_request_max(const cxlfm *fm);
/* Extents that fit one 5604h or 5605h. */
size_t cxlfm_fmapi_request_extents(const cxlfm *fm);
void cxlfm_fmapi_set_limits(cxlfm *fm, size_t request_max, size_t answer_max);

/* Find the endpoints: at least one, each speaks the FM API. */
int cxlfm_mctp_connect(cxlfm *fm, CxlfmDeadline deadline);
size_t cxlfm_mctp_endpoints(const cxlfm *fm);
/* MCTP endpoint id of the one that is selected */
uint8_t cxlfm_mctp_eid(const cxlfm *fm);
void cxlfm_mctp_close(cxlfm *fm);
/* Door.pump: returns 1 when an Event Notification came. */
int cxlfm_mctp_pump(cxlfm *fm, unsigned timeout);

/* Host @id with its regions and counters, into a zeroed @host. */
int cxlfm_fmapi_read_host(cxlfm *fm, uint16_t id, struct cxlfm_host *host);

/* The answer to @opcode cannot be; returns the error. */
int cxlfm_fmapi_senseless(cxlfm *fm, uint16_t opcode);

/* Lists (cxlfm-fmlist.c): @host's extents, appended; Door.tags */
int cxlfm_fmapi_extents(cxlfm *fm, struct cxlfm_host *host, GArray *fill);
int cxlfm_fmapi_tags(cxlfm *fm, size_t device, GArray *fill);

/* Door.add, .release, .reference and .set_region (cxlfm-fmchange.c) */
int cxlfm_fmapi_add(cxlfm *fm, size_t device,
                    const struct cxlfm_add *request);
int cxlfm_fmapi_release(cxlfm *fm, size_t device,
                        const struct cxlfm_release *request);
int cxlfm_fmapi_reference(cxlfm *fm, size_t device, const uint8_t *tag,
                          bool held);
int cxlfm_fmapi_set_region(cxlfm *fm, size_t device, uint8_t region,
                           uint64_t block_size, bool sanitize);

/* Door.subscribe and .drain (cxlfm-fmevent.c) */
int cxlfm_fmapi_subscribe(cxlfm *fm);
int cxlfm_fmapi_drain(cxlfm *fm);

/* --- QMP (cxlfm-qmp.c) --- */

struct json_object;

/*
 * Run @command; takes over @arguments (may be NULL). *ret_result (may be
 * NULL) is what it returned, to be put with json_object_put().
 */
int cxlfm_qmp_call(cxlfm *fm, const char *command,
                   struct json_object *arguments,
                   struct json_object **ret_result);
int cxlfm_qmp_connect(cxlfm *fm, CxlfmDeadline deadline);
void cxlfm_qmp_close(cxlfm *fm);
int cxlfm_qmp_pump(cxlfm *fm, unsigned timeout);
/* Parse one of our events; NULL when it is none of ours (cxlfm-qmpparse.c). */
struct cxlfm_event *cxlfm_qmp_event(const cxlfm *fm,
                                    struct json_object *event);
/* Fill from one element of query-cxl-dynamic-capacity. */
int cxlfm_qmp_parse_device(cxlfm *fm, struct json_object *device,
                           struct cxlfm_snapshot *fill);

/* --- Ranges, for cxlfm-wait.c and its test (cxlfm-range.c) --- */

typedef struct CxlfmRange {
    uint64_t start;
    uint64_t end;                 /* exclusive */
} CxlfmRange;

/* Sort @ranges (of CxlfmRange) and merge what touches or overlaps. */
void cxlfm_ranges_normalize(GArray *ranges);
/* Bytes in @ranges, which are normalized. */
uint64_t cxlfm_ranges_bytes(const GArray *ranges);
/* Both normalized; a new normalized array, free with g_array_unref(). */
GArray *cxlfm_ranges_subtract(const GArray *from, const GArray *what);
GArray *cxlfm_ranges_intersect(const GArray *a, const GArray *b);

#endif /* CXLFM_PRIVATE_H */
