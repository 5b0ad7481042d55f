/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the device model, its parts among each other
 *
 * "cxl-type3" is a subclass of QEMU's Type 3 device. The parent keeps what is
 * not dynamic capacity: PCI configuration, registers, static memory, all other
 * mailbox commands. Its own idea of dynamic capacity is one region over the
 * whole backend with no block ever backed; nothing that a guest or an operator
 * can send reaches that code.
 *
 *   device   type, realize, reset, teardown; what the core asks of its owner
 *   props    the dc-regions property and where regions lie in DPA
 *   pool     the memory may be a pool's, see cxl_dcd_head.h
 *   ops      what the core and the event log ask of the device
 *   mailbox  the host's commands, from QEMU's tables to ours
 *   reset    conventional, FLR, and CXL reset by the DVSEC
 *   sanitize Sanitize, of what is dynamic
 *   cdat     one set of table entries per region
 *   access   a load or store at a DPA, for what is not mapped
 *   poison   injected poison, in access and mapping
 *   window   fixed windows and what they lead to (cxl_dcd_window.h)
 *   map      accepted capacity, mapped into the window
 *   scrub    capacity that was given back, until nobody holds on to it
 *   persist  what outlives QEMU, and its file
 *   discard  which memory holds anything, for migration and VFIO
 *   vmstate  what a snapshot or a migration takes along
 *   qmp, hmp what operators ask and are told
 *
 * All of it runs under the BQL.
 */
#ifndef CXL_DCD_DEVICE_H
#define CXL_DCD_DEVICE_H

#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd.h"
#include "hw/cxl/cxl_dcd_command.h"
#include "hw/cxl/cxl_dcd_event.h"
#include "hw/cxl/cxl_dcd_runs.h"
#include "qapi/qapi-types-cxl.h"
#include "qemu/interval-tree.h"
#include "qemu/queue.h"
#include "qom/object.h"

#define TYPE_CXL_DCD "cxl-type3"
OBJECT_DECLARE_TYPE(CXLDcdDevice, CXLDcdDeviceClass, CXL_DCD)

#define CXL_DCD_PROP_REGIONS     "dc-regions"
#define CXL_DCD_PROP_MEMDEV      "dc-memdev"
#define CXL_DCD_PROP_EXTENTS     "dc-max-extents"
#define CXL_DCD_PROP_TAGS        "dc-max-tags"
#define CXL_DCD_PROP_LOG_SIZE    "dc-event-log-size"
#define CXL_DCD_PROP_DIRECT      "dc-direct-map"
#define CXL_DCD_PROP_LIMIT       "dc-direct-map-limit"
#define CXL_DCD_PROP_STATE       "dc-state"
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

typedef struct CXLDcdWindow CXLDcdWindow;

/* DPA range that one window shows uninterrupted: what can be mapped */
typedef struct CXLDcdSegment {
    uint64_t dpa;
    uint64_t len;
    uint64_t offset;              /* of dpa, in the window */
    CXLDcdWindow *window;
} CXLDcdSegment;

/* Capacity that left the host, see cxl_dcd_scrub_add() */
typedef struct CXLDcdScrub {
    QSIMPLEQ_ENTRY(CXLDcdScrub) next;
    CXLDcdRange range;
    bool must;
    uint64_t ticket;
} CXLDcdScrub;

struct CXLDcdDeviceClass {
    CXLType3Class parent_class;

    void (*parent_realize)(PCIDevice *pci_dev, Error **errp);
    void (*parent_exit)(PCIDevice *pci_dev);
    void (*parent_config_write)(PCIDevice *pci_dev, uint32_t addr,
                                uint32_t val, int len);
    void (*parent_reset)(DeviceState *dev);
    bool (*parent_set_cacheline)(CXLType3Dev *ct3d, uint64_t dpa,
                                 uint8_t *data);
};

struct CXLDcdDevice {
    CXLType3Dev parent_obj;

    /* Properties */
    CxlDynamicCapacityRegionConfigList *region_props;
    uint32_t max_extents;
    uint32_t max_tags;
    uint32_t event_log_size;
    uint32_t map_limit;
    bool map_enabled;
    char *state_path;
    char *fmapi;                  /* id of a character device */
    uint8_t fmapi_eid;
    struct CXLDcdPoolObject *pool; /* NULL: the memory is this host's alone */
    uint16_t host_id;

    /* Dynamic capacity; dcd is NULL on a device without */
    CXLDcd *dcd;
    CXLDcdEventLog *events;       /* log 4 of the host's mailbox */
    CXLDcdCommandContext context;
    struct CXLDcdFm *fm;          /* NULL: no endpoint for the FM */
    struct CXLDcdPersist *persist; /* NULL: nothing outlives QEMU */
    GHashTable *parent_commands;  /* struct cxl_cmd by opcode */
    uint64_t dc_base;             /* DPA of region 0 */
    uint64_t dc_end;
    MemoryRegion *dc_mr;          /* the backend's */
    uint8_t *dc_ram;
    MemoryRegionCache dc_cache;   /* of all of it, to mark it as written */
    uint64_t backing[CXL_DCD_MAX_REGIONS]; /* offset of each in dc_mr */
    char *path;                   /* QOM path, for events and traces */

    /* What the parent would do */
    int (*parent_build_cdat)(CDATSubHeader ***table, void *opaque);
    void (*parent_register_write)(void *opaque, hwaddr offset, uint64_t value,
                                  unsigned size);

    bool in_flr;
    QEMUTimerCB *parent_background; /* while Sanitize is under way */
    bool attached;                /* memory is registered for migration */
    bool pool_attached;           /* we are host_id */
    Error *pool_blocker;          /* of migration */
    CXLDcdOps ops;
    QLIST_HEAD(, RamDiscardListener) discard_listeners;

    /* access: DVSEC Mem_Enable was withdrawn, memory space is disabled */
    bool mem_withdrawn;
    bool reachable;

    /* route */
    bool linked;
    QLIST_ENTRY(CXLDcdDevice) link;

    /* map */
    CXLDcdSegment segment[CXL_DCD_DECODERS];
    unsigned segment_count;
    CXLDcdRuns runs;              /* by DPA */
    GArray *map_sets;             /* CXLDcdRange: interleaved sets look anew */
    bool map_open;                /* a memory transaction was begun */

    /* scrub */
    QSIMPLEQ_HEAD(, CXLDcdScrub) scrubs;
    bool scrub_open;              /* the last ticket may be shared */
};

/* --- props --- */

void cxl_dcd_props_class_init(ObjectClass *oc);
/*
 * Lay the regions out in DPA from @base and over the backend of @backing bytes
 * (one after the other, without holes). Fills @config and device->backing.
 */
bool cxl_dcd_props_layout(CXLDcdDevice *device, uint64_t base, uint64_t backing,
                          CXLDcdConfig *config, Error **errp);
/* How many regions the properties ask for; 0: no dynamic capacity. */
unsigned cxl_dcd_props_regions(const CXLDcdDevice *device);
/* QAPI list of attribute flags and back. The caller frees the list. */
CxlDynamicCapacityRegionFlagList *cxl_dcd_props_flags(uint8_t attributes);

/* --- ops --- */

extern const CXLDcdOps cxl_dcd_device_ops;
extern const CXLDcdEventLogOps cxl_dcd_device_log_ops;

/* --- mailbox --- */

/* Have capacity that was never touched cost no memory; once, in realize. */
void cxl_dcd_footprint_trim(CXLDcdDevice *device);
/* The host is about to reach @range: have writes to it at full speed. */
void cxl_dcd_footprint_use(CXLDcdDevice *device, const CXLDcdRange *range);

/*
 * Follow what config space says now; @old_control is what the DVSEC's control
 * register said before. Mappings are the caller's to rebuild.
 */
void cxl_dcd_check_enables(CXLDcdDevice *device, uint16_t old_control);

/* The same, and mappings follow. */
void cxl_dcd_reach_again(CXLDcdDevice *device, uint16_t old_control);

/* What the parent's handlers of these names do, and what follows from it */
void cxl_dcd_config_write(PCIDevice *pci_dev, uint32_t addr, uint32_t val,
                          int len);
bool cxl_dcd_set_cacheline(CXLType3Dev *ct3d, uint64_t dpa, uint8_t *data);
/*
 * Decoders are the parent's; what they lead to is ours. The parent commits
 * whatever it is given and later stops the machine over a number of ways that
 * does not exist: such a commit fails here (8.2.4.20.7).
 */
void cxl_dcd_register_write(void *opaque, hwaddr offset, uint64_t value,
                            unsigned size);

/* Put our handlers into the table that the parent's reset has just rebuilt. */
void cxl_dcd_mailbox_install(CXLDcdDevice *device);
void cxl_dcd_mailbox_free(CXLDcdDevice *device);
/* An interrupt for log 4, if the host wants one. */
void cxl_dcd_mailbox_interrupt(CXLDcdDevice *device);

/* --- sanitize --- */

/* Is Sanitize under way? Then no capacity answers (8.2.9.5.1). */
bool cxl_dcd_media_disabled(CXLDcdDevice *device);
/* The parent has started it in the background. */
void cxl_dcd_sanitize_begin(CXLDcdDevice *device);
/* State came from elsewhere, perhaps in the middle of one. */
void cxl_dcd_sanitize_resume(CXLDcdDevice *device);

/* --- reset --- */

/* DeviceClass.legacy_reset: FLR leaves dynamic capacity alone. */
void cxl_dcd_reset_device(DeviceState *dev);
/* What the parent leaves behind when it goes: timers, its mailbox for CDAT. */
void cxl_dcd_free_parent(CXLType3Dev *ct3d);

/* Say in the DVSEC that the device can do a CXL reset (8.1.3.1). */
void cxl_dcd_reset_offer(CXLDcdDevice *device);
/* Configuration space was written: do one if it was asked for (8.1.3.4). */
void cxl_dcd_reset_asked(CXLDcdDevice *device);

/* --- cdat --- */

/* Replace the parent's table by one with an entry set per region. */
bool cxl_dcd_cdat_init(CXLDcdDevice *device, Error **errp);
/* Before the parent releases the table. */
void cxl_dcd_cdat_free(CXLDcdDevice *device);

/* --- access --- */

/*
 * A guest access of @size bytes (1..8) to @dpa, which lies in dynamic
 * capacity. 9.2: what is not reachable reads all ones, writes to it and to
 * read-only regions vanish.
 */
MemTxResult cxl_dcd_access(CXLDcdDevice *device, uint64_t dpa, uint64_t *data,
                           unsigned size, bool is_write, MemTxAttrs attrs);
/* Where @dpa lies in the backend; @dpa is in a region. */
uint64_t cxl_dcd_backing_of(CXLDcdDevice *device, uint64_t dpa);
/*
 * What a run of accesses can rely on, until the epoch changes: a piece around
 * @dpa that is in one region, reachable and without poison. False: none.
 */
typedef struct CXLDcdSpan CXLDcdSpan;
bool cxl_dcd_span(CXLDcdDevice *device, uint64_t dpa, CXLDcdSpan *ret);

/* --- poison --- */

/* Does injected poison touch the range? */
bool cxl_dcd_poisoned(CXLDcdDevice *device, uint64_t dpa, uint64_t len);
/* First 4 KiB page at or above @dpa and below @end with poison, else @end. */
uint64_t cxl_dcd_poison_page(CXLDcdDevice *device, uint64_t dpa, uint64_t end);
/* Is it in static memory or in what the host has, from end to end? */
bool cxl_dcd_poison_possible(CXLDcdDevice *device, uint64_t dpa, uint64_t len);
/* The host's mailbox changed the lists: what is mapped follows. */
void cxl_dcd_poison_changed(CXLDcdDevice *device);
/* @range left the host, and its poison with it. */
void cxl_dcd_poison_drop(CXLDcdDevice *device, const CXLDcdRange *range);

/* --- route --- */

void cxl_dcd_route_attach(CXLDcdDevice *device);
void cxl_dcd_route_detach(CXLDcdDevice *device);
/* Is an encoded number of ways one that exists? (8.2.4.20, IW) */
bool cxl_dcd_ways_valid(uint32_t encoded);
/* Is [@dpa, @dpa + @len) shown by any window, in whatever pieces? */
bool cxl_dcd_route_covers(CXLDcdDevice *device, uint64_t dpa, uint64_t len);

/* --- map --- */

/* Counts whatever may change what an access finds; never 0 */
extern uint64_t cxl_dcd_epoch;

void cxl_dcd_map_init(CXLDcdDevice *device);
void cxl_dcd_map_free(CXLDcdDevice *device);
void cxl_dcd_map_reach(CXLDcdDevice *device, const CXLDcdRange *range,
                       bool reachable);
void cxl_dcd_map_commit(CXLDcdDevice *device);
/* No mapping in [@start, @end) from now on, until it is built anew. */
void cxl_dcd_map_cut(CXLDcdDevice *device, uint64_t start, uint64_t end);
/* Forget all mappings; between this and _build segments may change. */
void cxl_dcd_map_clear(CXLDcdDevice *device);
void cxl_dcd_map_build(CXLDcdDevice *device);
/* Mappings that show capacity of this device */
uint32_t cxl_dcd_map_count(CXLDcdDevice *device);
/* How the host reaches an accepted range. */
CxlDynamicCapacityMapping cxl_dcd_map_kind(CXLDcdDevice *device, uint64_t dpa,
                                           uint64_t len);

/* --- scrub --- */

/*
 * @range left the host; @must: its contents must be zero for the next owner.
 * Its mapping is gone, but a virtual CPU may still use it until it next looks
 * at its work queue (some microseconds), so the bytes are cleared after that.
 */
void cxl_dcd_scrub_add(CXLDcdDevice *device, const CXLDcdRange *range,
                       bool must);
/*
 * Wait until everything that was given back is clean. Only from the main loop:
 * it may drop the BQL. The caller holds a reference to the device.
 */
void cxl_dcd_scrub_drain(CXLDcdDevice *device);
/* The memory map changed: what is given back from now on needs a new ticket */
void cxl_dcd_scrub_fence(CXLDcdDevice *device);
/* No processor runs, or teardown: clear now what is left. */
void cxl_dcd_scrub_finish(CXLDcdDevice *device);
/*
 * State came from elsewhere: what it leaves free holds nothing of what was
 * there, save persistent capacity that need not be sanitized.
 */
void cxl_dcd_scrub_free(CXLDcdDevice *device);

/* --- persist --- */

typedef struct CXLDcdPersist CXLDcdPersist;

/*
 * Take up what property dc-state names, if it is set; at the end of realize.
 * Nothing is changed, and the file is left alone, when it cannot be used.
 */
bool cxl_dcd_persist_init(CXLDcdDevice *device, Error **errp);
/* Writes what is still to be written. */
void cxl_dcd_persist_free(CXLDcdDevice *device);
/* Something may have changed; it is written when the main loop comes round. */
void cxl_dcd_persist_changed(CXLDcdDevice *device);
/* Has all been written that was to be? Only with property dc-state. */
bool cxl_dcd_persist_current(const CXLDcdDevice *device);

/* --- discard --- */

void cxl_dcd_discard_class_init(ObjectClass *oc);
/* The device answers for its backend's memory, or does no longer. */
void cxl_dcd_discard_attach(CXLDcdDevice *device, bool attach);
void cxl_dcd_discard_reach(CXLDcdDevice *device, const CXLDcdRange *range,
                           bool reachable);

/* --- vmstate --- */

/* @range became reachable with contents that a migration has not seen. */
void cxl_dcd_vmstate_memory_changed(CXLDcdDevice *device,
                                    const CXLDcdRange *range);

/* --- qmp, qmp-query --- */

/* The device at a QOM path, which must have dynamic capacity. */
CXLDcdDevice *cxl_dcd_qmp_device(const char *path, Error **errp);
/* Tell what became of a request, event by event. */
void cxl_dcd_qmp_outcome(CXLDcdDevice *device, CXLDcdOutcome outcome,
                         const CXLDcdExtent *extents, size_t count);

#endif /* CXL_DCD_DEVICE_H */
