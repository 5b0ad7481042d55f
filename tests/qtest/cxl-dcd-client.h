/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: the protocol client
 *
 * Plays firmware, host driver and orchestrator against a q35 machine: finds
 * the devices over ECAM, speaks to their mailboxes, decoders, interrupts and
 * CDAT, and asks for capacity over QMP. Cases live in the *-test.c files.
 *
 * A helper that cannot go on asserts. A helper whose failure may be the
 * subject of a test returns the CCI return code. Byte arrays on the wire are
 * those of hw/cxl/cxl_dcd_wire_fm.h; everything else is in host order.
 */
#ifndef CXL_DCD_CLIENT_H
#define CXL_DCD_CLIENT_H

#include "libqtest.h"
#include "libqos/libqos.h"
#include "qobject/qdict.h"
#include "hw/cxl/dcd/wire_fm.h"

#define CXL_DCD_TEST_MIB          (1ULL << 20)
#define CXL_DCD_TEST_GIB          (1ULL << 30)

/* The usual device: region 0 of 1 GiB in blocks of 2 MiB, and region 1 */
#define CXL_DCD_TEST_BLOCK        (2 * CXL_DCD_TEST_MIB)
#define CXL_DCD_TEST_BLOCK1       (64ULL << 10)
#define CXL_DCD_TEST_LENGTH       CXL_DCD_TEST_GIB
#define CXL_DCD_TEST_LENGTH1      (512 * CXL_DCD_TEST_MIB)
#define CXL_DCD_TEST_SIZE         (CXL_DCD_TEST_LENGTH + CXL_DCD_TEST_LENGTH1)
#define CXL_DCD_TEST_REGIONS \
    "[{\"size\":1073741824,\"block-size\":2097152}," \
    "{\"size\":536870912,\"block-size\":65536}]"
#define CXL_DCD_TEST_MAX_DEVICES  8
#define CXL_DCD_TEST_MAX_BRIDGES  2
#define CXL_DCD_TEST_VECTORS      16
#define CXL_DCD_TEST_PAYLOAD      (1 << 20)

/* The machine; every field is optional. */
typedef struct CXLDcdOptions {
    unsigned devices;             /* one root port each; 0 means 1 */
    uint64_t size;                /* of a device's DC backend, with .regions */
    const char *regions;          /* "dc-regions" as JSON; NULL: the usual */
    unsigned short_regions;       /* num-dc-regions: 1 GiB by the short form */
    uint64_t static_size;         /* volatile memory beside it, bytes */
    bool static_only;             /* no dynamic capacity at all */
    const char *properties;       /* more members of -device, leading comma */
    const char *arguments;        /* more of the command line */
    bool host_bridge_decoders;    /* even with a single root port */
    unsigned fm_eid;              /* fmapi-eid: this, and one more each */
    const char *memory_file;      /* DC backend, shared; NULL: plain memory */
    const char *pool;             /* file of a pool of .size; or NULL */
    unsigned host;                /* of the pool */
    const char *rom;              /* for processors that run; NULL: none do */
    unsigned bridges;             /* host bridges, devices in turn; 0 means 1 */
    unsigned granularity;         /* of the window over them; 0: 256 */
    bool behind_switch;           /* all devices, at the first root port */
} CXLDcdOptions;

typedef struct CXLDcdMachine CXLDcdMachine;

typedef struct CXLDcdDevice {
    CXLDcdMachine *machine;
    char *path;                   /* QOM */
    char *json;                   /* arguments of device_add */
    uint64_t config;              /* address of its ECAM page */
    uint64_t component;           /* CXL.cachemem registers */
    uint64_t hdm;                 /* HDM decoder capability */
    uint64_t status;              /* Event Status register */
    uint64_t mailbox;
    uint64_t msix;                /* MSI-X table */
    uint64_t msi;                 /* guest RAM that its messages are sent to */
    unsigned vectors;             /* of MSI-X */
    uint64_t dc_base;             /* DPA of region 0 */
    unsigned host;                /* host id; 0 without a pool */
} CXLDcdDevice;

struct CXLDcdMachine {
    QOSState *qs;
    QTestState *qts;
    unsigned device_count;
    CXLDcdDevice device[CXL_DCD_TEST_MAX_DEVICES];
    uint64_t window;              /* HPA of the fixed memory window */
    uint64_t window_size;
    unsigned bridges;
    bool behind_switch;
    uint64_t bridge[CXL_DCD_TEST_MAX_BRIDGES]; /* component registers */
    uint64_t host_bridge_hdm;     /* 0: it has no decoders, all goes through */
    uint64_t bridge_hdm[CXL_DCD_TEST_MAX_BRIDGES]; /* the same, of each */
    uint64_t switch_hdm;
    uint64_t msi_area;
};

/* A range of bytes: a DPA on the wire, an offset into a region over QMP. */
typedef struct CXLDcdSpan {
    uint64_t start;
    uint64_t length;
} CXLDcdSpan;

/*
 * A list of { start, length }; functions that take one as array and count end
 * in _n and have a macro without it that takes the list.
 */
#define CXL_DCD_SPANS(...) ((const CXLDcdSpan[]){ __VA_ARGS__ })
#define CXL_DCD_COUNT(...) G_N_ELEMENTS(CXL_DCD_SPANS(__VA_ARGS__))

/* --- Machine --- */

typedef void (*CXLDcdCase)(CXLDcdDevice *device);

/*
 * Register a case. It gets the first device of a machine of its own, which
 * must still answer when the case is over. @options NULL: the usual machine.
 */
void cxl_dcd_add_case(const char *path, const CXLDcdOptions *options,
                      CXLDcdCase run);

/* The file that backs the @index-th device's DC. Caller frees. */
char *cxl_dcd_memory_file(const CXLDcdOptions *options, unsigned index);
/* Starts QEMU and enumerates. Free with cxl_dcd_machine_stop(). */
CXLDcdMachine *cxl_dcd_machine_start(const CXLDcdOptions *options);
void cxl_dcd_machine_stop(CXLDcdMachine *machine);
/* SIGKILL; nothing of the machine can be used any more. */
void cxl_dcd_machine_kill(CXLDcdMachine *machine);
/*
 * The file @name as QEMU has it mapped and gives it to the back ends of
 * vhost-user: the same opening. -1: the test is not allowed to have it.
 */
int cxl_dcd_machine_mapped(CXLDcdMachine *machine, const char *name);
/*
 * Migrate @machine to @file ("file:PATH"); and a second QEMU that
 * starts from there, where nothing was enumerated: all must have come along.
 */
void cxl_dcd_machine_save(CXLDcdMachine *machine, const char *file);
CXLDcdMachine *cxl_dcd_machine_load(const CXLDcdOptions *options,
                                    const CXLDcdMachine *source,
                                    const char *file);
/* The same, but does not wait until the machine runs. */
CXLDcdMachine *cxl_dcd_machine_listen(const CXLDcdOptions *options,
                                      const CXLDcdMachine *source,
                                      const char *uri);
/* Wait for the end of a migration: "completed" or "failed", as it must be. */
void cxl_dcd_machine_migrated(CXLDcdMachine *machine, const char *want);
/* What firmware does: bus numbers, BARs, register blocks. */
void cxl_dcd_machine_enumerate(CXLDcdMachine *machine);
/* system_reset over QMP, then enumerate again. */
void cxl_dcd_machine_reset(CXLDcdMachine *machine);
/*
 * CXL reset by the DVSEC for devices (8.1.3), whose bits are asserted; BARs
 * are programmed again.
 */
void cxl_dcd_device_cxl_reset(CXLDcdDevice *device);
/* Function Level Reset; BARs are programmed again. */
void cxl_dcd_device_flr(CXLDcdDevice *device);
/* device_del, and what the guest does about it; returns when it is gone. */
void cxl_dcd_device_unplug(CXLDcdDevice *device);
/* The same, not waiting for the device to end */
void cxl_dcd_device_unplug_begin(CXLDcdDevice *device);
/* device_add with the arguments it had, and enumerate it. */
void cxl_dcd_device_plug(CXLDcdDevice *device);
/* Memory Space Enable of the device's command register. */
void cxl_dcd_device_enable(CXLDcdDevice *device, bool enable);

/* --- Mailbox --- */

/*
 * Run @opcode with @in_len bytes of payload; the response goes to @out with
 * room for @out_max bytes (asserted). Returns the CCI return code.
 */
uint16_t cxl_dcd_command(CXLDcdDevice *device, uint16_t opcode,
                         const void *in, size_t in_len,
                         void *out, size_t out_max, size_t *ret_len);
/* Bytes of payload that one command carries. */
size_t cxl_dcd_mailbox_size(CXLDcdDevice *device);
/* Effects of @opcode in the Command Effects Log, -1 when it is not listed. */
int cxl_dcd_effects(CXLDcdDevice *device, uint16_t opcode);

typedef struct CXLDcdHostConfig {
    uint8_t available;
    uint8_t returned;
    CXLDcdWireRegion region[CXL_DCD_MAX_REGIONS];
    CXLDcdWireCounters counters;
} CXLDcdHostConfig;

/* 4800h. The response's length is asserted to be the one of its contents. */
uint16_t cxl_dcd_get_config(CXLDcdDevice *device, uint8_t count, uint8_t start,
                            CXLDcdHostConfig *ret_config);

typedef struct CXLDcdExtentList {
    uint32_t generation;
    uint32_t total;
    GArray *extents;              /* of CXLDcdWireExtent */
} CXLDcdExtentList;

/* 4801h, once. Free with cxl_dcd_extents_free(). */
uint16_t cxl_dcd_get_extents(CXLDcdDevice *device, uint32_t count,
                             uint32_t start, CXLDcdExtentList *ret_list);
/* The whole list, over as many calls as it takes. */
CXLDcdExtentList cxl_dcd_list_extents(CXLDcdDevice *device);
void cxl_dcd_extents_free(CXLDcdExtentList *list);
/* The whole list is exactly these ranges of DPA, in this order. */
void cxl_dcd_assert_extents_n(CXLDcdDevice *device, const CXLDcdSpan *ranges,
                              size_t count);
#define cxl_dcd_assert_extents(device, ...) \
    cxl_dcd_assert_extents_n(device, CXL_DCD_SPANS(__VA_ARGS__), \
                             CXL_DCD_COUNT(__VA_ARGS__))
#define cxl_dcd_assert_no_extents(device) \
    cxl_dcd_assert_extents_n(device, NULL, 0)

/* 4802h or 4803h with these ranges of DPA; any number of them, one command. */
uint16_t cxl_dcd_update(CXLDcdDevice *device, uint16_t opcode, uint8_t flags,
                        const CXLDcdSpan *ranges, size_t count);
/* 4802h or 4803h in as many More-chained commands as the payload needs. */
uint16_t cxl_dcd_update_chain(CXLDcdDevice *device, uint16_t opcode,
                              const CXLDcdSpan *ranges, size_t count);
#define cxl_dcd_accept(device, ...) \
    cxl_dcd_update(device, CXL_DCD_OP_ADD_RESPONSE, 0, \
                   CXL_DCD_SPANS(__VA_ARGS__), CXL_DCD_COUNT(__VA_ARGS__))
/* 4802h or 4803h with one range; it is not waited for. */
void cxl_dcd_begin_update(CXLDcdDevice *device, uint16_t opcode,
                          CXLDcdSpan range);
void cxl_dcd_begin_accept(CXLDcdDevice *device, CXLDcdSpan range);
/* Is a command being carried out? */
bool cxl_dcd_doorbell(CXLDcdDevice *device);
#define cxl_dcd_reject(device) \
    cxl_dcd_update(device, CXL_DCD_OP_ADD_RESPONSE, 0, NULL, 0)
#define cxl_dcd_give_back(device, ...) \
    cxl_dcd_update(device, CXL_DCD_OP_RELEASE, 0, \
                   CXL_DCD_SPANS(__VA_ARGS__), CXL_DCD_COUNT(__VA_ARGS__))

/* --- Events --- */

typedef struct CXLDcdEvents {
    uint8_t flags;                /* CXL_DCD_EVENTS_* */
    uint16_t overflow_count;
    uint64_t first_overflow;
    uint64_t last_overflow;
    GArray *records;              /* of CXLDcdEventRecord */
} CXLDcdEvents;

/* 0100h on log 4, once, nothing cleared. */
CXLDcdEvents cxl_dcd_peek_events(CXLDcdDevice *device);
/* Read and clear until the log is empty; flags are those of the first read. */
CXLDcdEvents cxl_dcd_drain_events(CXLDcdDevice *device);
void cxl_dcd_events_free(CXLDcdEvents *events);
/* What there must be at @i. The handle is as on the wire: only given back. */
const CXLDcdEventRecord *cxl_dcd_record_at(const CXLDcdEvents *events, guint i);
uint16_t cxl_dcd_handle_at(const CXLDcdEvents *events, guint i);
/* There are none, and no sign of any. */
void cxl_dcd_assert_no_events(CXLDcdDevice *device);
/* Read and clear all, whatever it says. */
void cxl_dcd_drop_events(CXLDcdDevice *device);
/* 0101h on log 4. */
uint16_t cxl_dcd_clear_events(CXLDcdDevice *device, uint8_t flags,
                              const uint16_t *handles, uint8_t count);
/* Bit 4 of the Event Status register. */
bool cxl_dcd_event_status(CXLDcdDevice *device);
/*
 * The log holds one chained group of @type with exactly these ranges of DPA;
 * it is cleared.
 */
void cxl_dcd_assert_event_group_n(CXLDcdDevice *device, uint8_t type,
                                  const CXLDcdSpan *ranges, size_t count);
#define cxl_dcd_assert_event_group(device, type, ...) \
    cxl_dcd_assert_event_group_n(device, type, CXL_DCD_SPANS(__VA_ARGS__), \
                                 CXL_DCD_COUNT(__VA_ARGS__))

/* Interrupt policy of log 4 to MSI-X, table programmed. Returns the vector. */
unsigned cxl_dcd_irq_enable(CXLDcdDevice *device);
/* How often this vector's message arrived is not counted: did it, since? */
bool cxl_dcd_irq_take(CXLDcdDevice *device, unsigned vector);

/* --- Decoders and memory --- */

typedef struct CXLDcdDecoder {
    unsigned index;
    uint64_t hpa;
    uint64_t size;                /* HPA bytes of the whole set */
    uint64_t skip;                /* DPA bytes; host bridge: target list */
    unsigned ways_code;           /* IW */
    unsigned granularity_code;    /* IG */
} CXLDcdDecoder;

#define CXL_DCD_TEST_HDM_COMMITTED  (1 << 10)
#define CXL_DCD_TEST_HDM_ERROR      (1 << 11)

/* Program a decoder and ask for its commit; which of the two bits is set. */
uint32_t cxl_dcd_decoder_try(CXLDcdMachine *machine, uint64_t hdm,
                             const CXLDcdDecoder *decoder);
/* Program and commit decoder @decoder->index below @hdm; enables decoding. */
void cxl_dcd_decoder_commit(CXLDcdMachine *machine, uint64_t hdm,
                            const CXLDcdDecoder *decoder);
void cxl_dcd_decoder_uncommit(CXLDcdMachine *machine, uint64_t hdm,
                              unsigned index);
/*
 * Decode DC of the only device from its region 0 on at the start of the
 * window, 1-way, in host bridge and endpoint. Returns the HPA of region 0.
 */
uint64_t cxl_dcd_map(CXLDcdDevice *device);
/*
 * Decode DC of the @index-th device alone, 1 GiB, at as many GiB behind the
 * start of the window, in decoder @index of the host bridge. Returns the HPA.
 */
uint64_t cxl_dcd_map_beside(CXLDcdMachine *machine, unsigned index);
/*
 * Decode DC of the first 2^@ways_code devices, 512 MiB of each, as one set at
 * the start of the window; the granularity is 256 << @granularity_code. With
 * several host bridges that must be the window's as well.
 */
void cxl_dcd_set_commit(CXLDcdMachine *machine, unsigned ways_code,
                        unsigned granularity_code);
/* HPA of byte @offset of the device at @position of that set (11.4, inverse) */
uint64_t cxl_dcd_set_hpa(CXLDcdMachine *machine, unsigned ways_code,
                         unsigned granularity_code, unsigned position,
                         uint64_t offset);

/* --- CDAT --- */

/* The whole table over the Table Access DOE; caller frees. */
GByteArray *cxl_dcd_read_cdat(CXLDcdDevice *device);

/* --- QMP --- */

typedef struct CXLDcdRequest {
    unsigned region;
    const CXLDcdSpan *extents;   /* offsets into the region; may be NULL */
    size_t count;
    const char *policy;           /* NULL: prescriptive */
    const char *tag;
    uint64_t length;              /* 0: not given */
    unsigned host;                /* 0: the device's */
    bool forced;
    bool sanitize;
    const char *error;            /* part of the message; NULL: must succeed */
} CXLDcdRequest;

#define CXL_DCD_EXTENTS(...) .extents = CXL_DCD_SPANS(__VA_ARGS__), \
    .count = CXL_DCD_COUNT(__VA_ARGS__)

/*
 * cxl-add-dynamic-capacity and cxl-release-dynamic-capacity. With ->error the
 * command must fail and its message must contain that text.
 */
void cxl_dcd_qmp_add_request(CXLDcdDevice *device,
                             const CXLDcdRequest *request);
void cxl_dcd_qmp_release_request(CXLDcdDevice *device,
                                 const CXLDcdRequest *request);
#define cxl_dcd_qmp_add(device, ...) \
    cxl_dcd_qmp_add_request(device, &(CXLDcdRequest){ __VA_ARGS__ })
#define cxl_dcd_qmp_release(device, ...) \
    cxl_dcd_qmp_release_request(device, &(CXLDcdRequest){ __VA_ARGS__ })

/* Run a QMP command given as JSON that must fail; message has @error in it. */
void cxl_dcd_qmp_fails(CXLDcdMachine *machine, const char *json,
                       const char *error);
/* ... and one that must succeed. */
void cxl_dcd_qmp_does(CXLDcdMachine *machine, const char *json);
/* A command of HMP that has nothing to say */
void cxl_dcd_hmp(CXLDcdMachine *machine, const char *command);
/* cxl_dcd_machine_start(), with a disk for savevm and loadvm. */
CXLDcdMachine *cxl_dcd_snapshots_start(const CXLDcdOptions *options);
/* This device in query-cxl-dynamic-capacity; qobject_unref() it. */
QDict *cxl_dcd_query(CXLDcdDevice *device);
/* Extents in the query whose member @key is the string @value. */
unsigned cxl_dcd_query_count(CXLDcdDevice *device, const char *key,
                             const char *value);
/* Wait until nothing is being sanitized, or the device is unplugged. */
void cxl_dcd_wait_clean(CXLDcdDevice *device);
/* Wait for an event of this name from this device; qobject_unref() it. */
QDict *cxl_dcd_wait_event(CXLDcdDevice *device, const char *name);

/*
 * Everything that can be seen of the device's capacity from both sides, as
 * text: query, configuration, extent list, event log. Caller frees.
 */
char *cxl_dcd_snapshot(CXLDcdDevice *device);
/* Compare with an earlier snapshot, which is freed. */
void cxl_dcd_assert_unchanged(CXLDcdDevice *device, char *before);

/* Offer these offsets of region 0, accept them all, clear the log. */
void cxl_dcd_add_accepted_n(CXLDcdDevice *device, const CXLDcdSpan *ranges,
                            size_t count);
#define cxl_dcd_add_accepted(device, ...) \
    cxl_dcd_add_accepted_n(device, CXL_DCD_SPANS(__VA_ARGS__), \
                           CXL_DCD_COUNT(__VA_ARGS__))

#endif /* CXL_DCD_CLIENT_H */
