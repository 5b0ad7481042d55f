/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the device model
 *
 * "cxl-type3" is a subclass of QEMU's Type 3 device. The parent keeps what is
 * not dynamic capacity: PCI configuration, registers, static memory, all other
 * mailbox commands. Its own idea of dynamic capacity is one region over the
 * whole backend with no block ever backed; nothing that a guest or an operator
 * can send reaches that code.
 *
 * This is the struct that all rooms of the device share; what each offers is in
 * memory.h, state.h, head.h, and in the private headers of device/.
 *
 * All of it runs under the BQL.
 */
#ifndef CXL_DCD_DEVICE_H
#define CXL_DCD_DEVICE_H

#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/core.h"
#include "hw/cxl/dcd/commands.h"
#include "hw/cxl/dcd/event_log.h"
#include "hw/cxl/dcd/runs.h"
#include "qapi/qapi-types-cxl.h"
#include "qemu/coroutine.h"
#include "qemu/interval-tree.h"
#include "qemu/queue.h"
#include "qom/object.h"
#include "system/runstate.h"

#define TYPE_CXL_DCD "cxl-type3"
OBJECT_DECLARE_TYPE(CXLDcdDevice, CXLDcdDeviceClass, CXL_DCD)

#define CXL_DCD_PROP_REGIONS     "dc-regions"
#define CXL_DCD_PROP_MEMDEV      "dc-memdev"
#define CXL_DCD_PROP_EXTENTS     "dc-max-extents"
#define CXL_DCD_PROP_TAGS        "dc-max-tags"
#define CXL_DCD_PROP_LOG_SIZE    "dc-event-log-size"
#define CXL_DCD_PROP_DIRECT      "dc-direct-map"
#define CXL_DCD_PROP_LIMIT       "dc-direct-map-limit"
#define CXL_DCD_PROP_PREALLOC    "dc-prealloc"
#define CXL_DCD_PROP_STATE       "dc-state"
#define CXL_DCD_PROP_ADOPT       "dc-state-adopt"
#define CXL_DCD_PROP_FMAPI       "fmapi"
#define CXL_DCD_PROP_FMAPI_EID   "fmapi-eid"
#define CXL_DCD_PROP_POOL        "dc-pool"
#define CXL_DCD_PROP_HOST        "host-id"

/* HDM decoders that a Type 3 device of QEMU has */
#define CXL_DCD_DECODERS         4
#define CXL_DCD_WAYS_MAX         16

/* A committed decoder of a device. Everything in bytes. */
typedef struct CXLDcdDecoder {
    uint64_t hpa;
    uint64_t size;                /* of the whole set, HPA */
    uint64_t dpa;
    unsigned ways;                /* 0: not committed or nonsense */
    unsigned shift;               /* granularity is 1 << shift */
} CXLDcdDecoder;

/* A poisoned line that is being written over, in pieces */
typedef struct CXLDcdHealing {
    uint64_t line;
    uint64_t written;             /* a bit for each byte; 0: it is not used */
} CXLDcdHealing;

#define CXL_DCD_HEALING 8

/* Why contents stay as they are for now */
#define CXL_DCD_HOLD_STOPPED 1
#define CXL_DCD_HOLD_LOADING 2

typedef struct CXLDcdWindow CXLDcdWindow;
typedef struct CXLDcdDma CXLDcdDma;
typedef struct CXLDcdSanitizer CXLDcdSanitizer;
typedef struct CXLDcdPersist CXLDcdPersist;
typedef struct CXLDcdFm CXLDcdFm;

/* DPA range that one window shows uninterrupted: what can be mapped */
typedef struct CXLDcdSegment {
    uint64_t dpa;
    uint64_t len;
    uint64_t offset;              /* of dpa, in the window */
    CXLDcdWindow *window;
} CXLDcdSegment;

struct CXLDcdDeviceClass {
    CXLType3Class parent_class;

    void (*parent_realize)(PCIDevice *pci_dev, Error **errp);
    void (*parent_exit)(PCIDevice *pci_dev);
    void (*parent_config_write)(PCIDevice *pci_dev, uint32_t addr,
                                uint32_t val, int len);
    void (*parent_reset)(DeviceState *dev);
    bool (*parent_set_cacheline)(CXLType3Dev *ct3d, uint64_t dpa,
                                 uint8_t *data);
    /* All state came from elsewhere, perhaps in the middle of a command */
    void (*loaded)(CXLDcdDevice *device);
    /* The machine has stopped, and may be copied as it is now */
    void (*stopped)(CXLDcdDevice *device);
    /*
     * The endpoint for fabric managers: bytes of it, and of its event log, that
     * the caller unrefs; and back. False with @ret_why set: they do not fit,
     * and nothing has changed.
     */
    void (*fm_save)(CXLDcdDevice *device, GByteArray **ret_endpoint,
                    GByteArray **ret_events);
    bool (*fm_load)(CXLDcdDevice *device, const GByteArray *endpoint,
                    const GByteArray *events, const char **ret_why);
};

struct CXLDcdDevice {
    CXLType3Dev parent_obj;

    /* Properties */
    CxlDynamicCapacityRegionConfigList *region_props;
    uint32_t max_extents;
    uint32_t max_tags;
    uint32_t event_log_size;
    uint32_t map_limit;
    bool prealloc;                /* memory is there before it is offered */
    bool prealloc_chosen;         /* by the user; else by what the backend is */
    bool map_enabled;
    char *state_path;
    bool state_adopt;             /* it is of this memory, whatever it says */
    char *fmapi;                  /* id of a character device */
    uint8_t fmapi_eid;
    struct CXLDcdPoolObject *pool; /* NULL: the memory is this host's alone */
    struct CXLDcdHeadLeft *left;  /* of shared tags, being cleaned; or NULL */
    uint16_t host_id;

    /* Dynamic capacity; dcd is NULL on a device without */
    CXLDcd *dcd;
    CXLDcdEventLog *events;       /* log 4 of the host's mailbox */
    CXLDcdCommandContext context;
    CXLDcdFm *fm;          /* NULL: no endpoint for the FM */
    struct CXLDcdFaults *faults;
    bool doorbell_held;           /* by one: the host's mailbox hangs */
    Error *fault_blocker;         /* of migration */
    CXLDcdPersist *persist;       /* NULL: nothing outlives QEMU */
    GHashTable *parent_commands;  /* struct cxl_cmd by opcode */
    uint64_t dc_base;             /* DPA of region 0 */
    uint64_t dc_end;
    MemoryRegion *dc_mr;          /* the backend's */
    uint8_t *dc_ram;
    MemoryRegionCache dc_cache;   /* of all of it, to mark it as written */
    uint64_t backing[CXL_DCD_MAX_REGIONS]; /* offset of each in dc_mr */
    char *path;                   /* QOM path, for events and traces */

    /* Get Poison List: what was asked for last, and where that goes on */
    CXLDcdRange poison_asked;
    uint64_t poison_from;

    /* poison */
    CXLDcdHealing healing[CXL_DCD_HEALING];
    unsigned healing_next;        /* in place of which another line goes */
    QEMUBH *poison_bh;            /* mappings follow */

    /* What the parent would do */
    int (*parent_build_cdat)(CDATSubHeader ***table, void *opaque);
    void (*parent_register_write)(void *opaque, hwaddr offset, uint64_t value,
                                  unsigned size);

    bool gone;                    /* unplugged: answers nothing any more */
    struct CXLDcdMailbox *mailbox;
    bool in_flr;
    QEMUTimerCB *parent_background; /* while Sanitize is under way */
    unsigned sanitize_region;       /* how far it is */
    uint64_t sanitize_offset;
    bool attached;                /* memory is registered for migration */
    bool pool_attached;           /* we are host_id */
    Error *pool_blocker;          /* of migration */
    CXLDcdOps ops;
    QLIST_HEAD(, RamDiscardListener) discard_listeners;

    /* access: DVSEC Mem_Enable was withdrawn, memory space is disabled */
    bool mem_withdrawn;
    bool sent;                    /* to where the machine goes on, or a file */
    bool reachable;

    /* layout */
    IntervalTreeRoot units;       /* of CXLDcdUnitWay, by DPA */
    GArray *fresh;                /* CXLDcdRange: accepted since the commit */
    /* A range was sanitized, and the core knows of it */
    void (*clean)(CXLDcdDevice *device, const CXLDcdRange *range);
    bool restoring;               /* what comes into reach has contents */

    /* route */
    bool linked;
    QLIST_ENTRY(CXLDcdDevice) link;

    /* map */
    CXLDcdSegment segment[CXL_DCD_DECODERS];
    unsigned segment_count;
    CXLDcdRuns runs;              /* by DPA */
    GArray *map_sets;             /* CXLDcdRange: interleaved sets look anew */
    bool trap_told;               /* that accesses to some of it are trapped */
    bool map_open;                /* a memory transaction was begun */

    /* dma, sanitizer */
    CXLDcdDma *dma;
    CXLDcdSanitizer *sanitizer;

    /* prealloc, prepare */
    struct CXLDcdPrepare *prepare; /* NULL: offers need no memory in advance */
    uint64_t claims;              /* of own memory, and what is like one */

    /* settle */
    QEMUBH *settle_bh;            /* something ended that is waited for */
    QEMUTimer *settle_timer;
    QTAILQ_HEAD(, CXLDcdSettled) settled;
};

/* --- props, for queries --- */

/* QAPI list of attribute flags and back. The caller frees the list. */
CxlDynamicCapacityRegionFlagList *cxl_dcd_props_flags(uint8_t attributes);

/* --- vmstate --- */

/*
 * Has this machine's state gone to another one, which the guest runs on in? A
 * change is lost from then on, unless this one runs again.
 */
static inline bool cxl_dcd_migrated(const CXLDcdDevice *device)
{
    return device->sent && (runstate_check(RUN_STATE_FINISH_MIGRATE) ||
                            runstate_check(RUN_STATE_POSTMIGRATE));
}

/* --- settle --- */

/* Somebody who waits before he says that something is done */
typedef struct CXLDcdSettled {
    /* Also for what left to be clean */
    bool clean;
    /* Only for memory that is being taken (cxl_dcd_preparing()) */
    bool prepare;
    /* Until the file has it, whatever the disk says */
    bool durable;
    /* For a second at most, or until QEMU ends, whatever is not so by then */
    bool limited;
    void (*done)(void *opaque);
    void *opaque;
    /* The device's, while it has it */
    int64_t deadline;             /* ns of QEMU_CLOCK_REALTIME */
    bool waiting;
    QTAILQ_ENTRY(CXLDcdSettled) next;
} CXLDcdSettled;

/*
 * Is all so that was decided: processors have let go of what left, and what
 * outlives the process has been written? A device that is gone has settled.
 */
bool cxl_dcd_settled(CXLDcdDevice *device);
/* ... and what the host has would be so after a crash, too? */
bool cxl_dcd_durable(CXLDcdDevice *device);
/* ... and is all clean that left, here or at the pool? */
bool cxl_dcd_clean(const CXLDcdDevice *device);
/* done() is called from the main loop when it is so; once. */
void cxl_dcd_settle_wait(CXLDcdDevice *device, CXLDcdSettled *waiter);
void cxl_dcd_settle_cancel(CXLDcdDevice *device, CXLDcdSettled *waiter);
/* Does anybody wait for memory that is being taken? */
bool cxl_dcd_settle_prepare_awaited(const CXLDcdDevice *device);
/* Wait in a coroutine; the device may be gone afterwards. */
void coroutine_fn cxl_dcd_settle_co(CXLDcdDevice *device, bool clean);
/* The same, for memory that is being taken, however long it takes */
void coroutine_fn cxl_dcd_settle_prepare_co(CXLDcdDevice *device);

/* --- fault --- */

/*
 * The device is to misbehave (fault.h), and cannot be migrated until it has.
 * False with @errp set: it cannot, and nothing has changed.
 */
struct CXLDcdFault;
bool cxl_dcd_device_fault(CXLDcdDevice *device, const struct CXLDcdFault *fault,
                          Error **errp);
/* No more of it; a doorbell that hangs stays so until the next reset. */
void cxl_dcd_device_fault_clear(CXLDcdDevice *device);

#endif /* CXL_DCD_DEVICE_H */
