/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: accepted capacity as memory of the guest
 */
#ifndef CXL_DCD_MEMORY_H
#define CXL_DCD_MEMORY_H

#include "hw/cxl/dcd/device.h"

/* --- backing --- */

/* Counts whatever may change what an access finds; never 0 */
extern uint64_t cxl_dcd_epoch;

/*
 * Where @dpa lies in the backend, if it lies plainly; @dpa is in a region.
 * Where its byte is, cxl_dcd_bytes_at() says (memory/layout.h).
 */
uint64_t cxl_dcd_backing_of(CXLDcdDevice *device, uint64_t dpa);
/*
 * The region that has [@offset, @offset + @len) of the backend, and its DPA;
 * -1 when none has all of it.
 */
int cxl_dcd_backing_region(const CXLDcdDevice *device, uint64_t offset,
                           uint64_t len, CXLDcdRange *ret);

/* --- contents --- */

/*
 * The contents of @range changed behind the processors' back, or came into
 * reach: a migration that is under way has not seen them.
 */
void cxl_dcd_backing_changed(CXLDcdDevice *device, const CXLDcdRange *range);

/* Bytes of capacity that the host has, whatever the host may do with it */
void cxl_dcd_backing_write(CXLDcdDevice *device, uint64_t dpa,
                           const uint8_t *data, uint64_t len);
/* Have all that waits for a change of @range hear of one. */
void cxl_dcd_backing_dirty(CXLDcdDevice *device, const CXLDcdRange *range);

/* --- layout: the order of bytes in interleaved sets --- */

void cxl_dcd_layout_init(CXLDcdDevice *device);
void cxl_dcd_layout_free(CXLDcdDevice *device);
/* @range was accepted and is new to the host; before _accepted. */
void cxl_dcd_layout_reach(CXLDcdDevice *device, const CXLDcdRange *range);
/* All was told of; none of it has contents, where nobody had anything. */
void cxl_dcd_layout_accepted(CXLDcdDevice *device);
/*
 * The machine has stopped, and may be saved from now on: what lies in memory of
 * a device that is unplugged is brought to where it will be saved.
 */
void cxl_dcd_layout_finish(void);
/*
 * Is any of the device's memory laid out? Bytes that say which; and back, in
 * place of what there is: false with @ret_why set when it is impossible.
 */
bool cxl_dcd_layout_any(CXLDcdDevice *device);
GByteArray *cxl_dcd_layout_save(CXLDcdDevice *device);
bool cxl_dcd_layout_load(CXLDcdDevice *device, const uint8_t *bytes,
                         uint32_t len, const char **ret_why);
/* Contents come from elsewhere: all lie plainly, if nothing else is said. */
void cxl_dcd_layout_clear(CXLDcdDevice *device);

/* --- footprint --- */

/* Have capacity that was never touched cost no memory; once, in realize. */
void cxl_dcd_footprint_trim(CXLDcdDevice *device);
/* The host is about to reach @range: have writes to it at full speed. */
void cxl_dcd_footprint_use(CXLDcdDevice *device, const CXLDcdRange *range);

/* --- pages: of a pool's file, a process maps what its host has --- */

/*
 * Put the pool's own memory behind [@offset, @offset + @len) of @backend, or
 * empty memory of this process alone. 0 or a negative errno; -ENOMEM: this
 * process has too many mappings.
 */
int cxl_dcd_pages_show(HostMemoryBackend *backend, uint64_t offset,
                       uint64_t len);
int cxl_dcd_pages_hide(HostMemoryBackend *backend, uint64_t offset,
                       uint64_t len);
/*
 * Nobody uses the pool's memory there any more, and it will be hidden: have
 * that cost nothing. Any thread; takes 15 ms a GiB of what was used.
 */
void cxl_dcd_pages_let_go(HostMemoryBackend *backend, uint64_t offset,
                          uint64_t len);

/* --- prepare --- */

/* How memory for an offer is taken */
typedef struct CXLDcdPrepareOps {
    /*
     * How often anything was claimed that these may be part of. False: not all
     * of @extents are free, or it cannot be known. With the BQL.
     */
    bool (*claims)(CXLDcdDevice *device, const CXLDcdExtent *extents,
                   size_t count, uint64_t *ret);
    /* In a thread, without the BQL: a piece of the backend, some MiB */
    bool (*take)(CXLDcdDevice *device, uint64_t offset, uint64_t len);
    /* It was taken for nothing: of what is free yet it goes back. */
    void (*undo)(CXLDcdDevice *device, const CXLDcdRange *range);
} CXLDcdPrepareOps;

typedef enum CXLDcdPrepared {
    CXL_DCD_PREPARED,             /* it is there */
    CXL_DCD_PREPARE_NOT,          /* the claim has to take it */
    CXL_DCD_PREPARE_REFUSED,      /* @error says why, and whether for now */
} CXLDcdPrepared;

/*
 * For CXLDcdOps.claim: is memory there for @extents, which are free? If so, as
 * long as there are *@ret_claims, and the claim that follows has to succeed, or
 * cxl_dcd_prepare_undo() be called. Refused: with Retry Required, ask again
 * when cxl_dcd_preparing() says false, which only whoever may wait is told;
 * with Resources Exhausted there is none.
 */
CXLDcdPrepared cxl_dcd_prepare(CXLDcdDevice *device,
                               const CXLDcdExtent *extents, size_t count,
                               uint64_t *ret_claims, GError **error);
bool cxl_dcd_preparing(const CXLDcdDevice *device);
/* QEMU is about to end, and waits for what its clients wait for: no longer */
bool cxl_dcd_ending(void);
void cxl_dcd_prepare_undo(CXLDcdDevice *device, const CXLDcdExtent *extents,
                          size_t count);
/* Whoever waited does not ask again. */
void cxl_dcd_prepare_abandon(CXLDcdDevice *device);
/* May whoever asks for capacity from here on wait? At first nobody may. */
void cxl_dcd_prepare_may_wait(CXLDcdDevice *device, bool may_wait);
/* Have it end with QEMU (cxl_dcd_ending()). */
void cxl_dcd_prepare_class_init(void);
void cxl_dcd_prepare_init(CXLDcdDevice *device, const CXLDcdPrepareOps *ops);
/* Nothing is taken any more when it returns; NULL allowed. */
typedef struct CXLDcdPrepare CXLDcdPrepare;
void cxl_dcd_prepare_free(CXLDcdPrepare *prepare);

/* --- prealloc --- */

/* May QEMU end because the memory is not there when it is touched? */
bool cxl_dcd_prealloc_advised(HostMemoryBackend *backend);
/*
 * Take the memory of all that the host has: its file may have been copied
 * without it. False with @error set: it has no room.
 */
bool cxl_dcd_prealloc_listed(CXLDcdDevice *device, GError **error);
/*
 * For CXLDcdOps.claim of a device with memory of its own: take the host's
 * memory for what is offered, so that the guest never touches what is not
 * there. A full file system, or no more huge pages, refuse the offer.
 */
bool cxl_dcd_prealloc_claim(void *opaque, const CXLDcdExtent *extents,
                            size_t count, bool join, GError **error);
extern const CXLDcdPrepareOps cxl_dcd_prealloc_ops;

/* --- enables --- */

/* Is Sanitize under way? Then no capacity answers (8.2.9.5.1). */
bool cxl_dcd_media_disabled(CXLDcdDevice *device);
/* The control register of the DVSEC for devices (8.1.3.2) */
uint16_t cxl_dcd_dvsec_control(PCIDevice *pci_dev);
/*
 * Follow what config space says now; @old_control is what the DVSEC's control
 * register said before. Mappings are the caller's to rebuild.
 */
void cxl_dcd_check_enables(CXLDcdDevice *device, uint16_t old_control);

/* The same, and mappings follow. */
void cxl_dcd_reach_again(CXLDcdDevice *device, uint16_t old_control);

/* --- access --- */

/*
 * A guest access of @size bytes (1..8) to @dpa, which lies in dynamic
 * capacity. 9.2: what is not reachable reads all ones, writes to it and to
 * read-only regions vanish.
 */
MemTxResult cxl_dcd_access(CXLDcdDevice *device, uint64_t dpa, uint64_t *data,
                           unsigned size, bool is_write, MemTxAttrs attrs);

/* --- poison-list, poison --- */

/* Does injected poison touch the range? */
bool cxl_dcd_poisoned(CXLDcdDevice *device, uint64_t dpa, uint64_t len);
/* First 4 KiB page at or above @dpa and below @end with poison, else @end. */
uint64_t cxl_dcd_poison_page(CXLDcdDevice *device, uint64_t dpa, uint64_t end);
/* Is it in static memory or in what the host has, from end to end? */
bool cxl_dcd_poison_possible(CXLDcdDevice *device, uint64_t dpa, uint64_t len);
void cxl_dcd_poison_init(CXLDcdDevice *device);
void cxl_dcd_poison_free(CXLDcdDevice *device);
/* The host's mailbox changed the lists: what is mapped follows. */
void cxl_dcd_poison_changed(CXLDcdDevice *device);
/*
 * The host has written this; of what is poisoned, a line of which that makes
 * all is good again.
 */
void cxl_dcd_poison_written(CXLDcdDevice *device, uint64_t dpa, unsigned size);
/* It is poisoned anew: what was written of it before does not count. */
void cxl_dcd_poison_again(CXLDcdDevice *device, uint64_t dpa, uint64_t len);
/* @range left the host, and its poison with it. */
void cxl_dcd_poison_drop(CXLDcdDevice *device, const CXLDcdRange *range);

/* --- window, route --- */

/* Find the machine's fixed windows; before the first cxl_dcd_route_attach(). */
void cxl_dcd_window_find(void);
/* A device comes or goes: windows lead to it, or do no longer. */
void cxl_dcd_route_attach(CXLDcdDevice *device);
void cxl_dcd_route_detach(CXLDcdDevice *device);
/* Switches between the device and its root port */
unsigned cxl_dcd_switch_depth(CXLDcdDevice *device);
/* Is an encoded number of ways one that exists? (8.2.4.20, IW) */
bool cxl_dcd_ways_valid(uint32_t encoded);
/* How the host reaches an accepted range. */
CxlDynamicCapacityMapping cxl_dcd_route_mapping(CXLDcdDevice *device,
                                                uint64_t dpa, uint64_t len);

/* --- trap --- */

/* Why a range that is trapped is not mapped, or not all of it. */
CxlDynamicCapacityTrap cxl_dcd_trap_why(CXLDcdDevice *device, uint64_t dpa,
                                        uint64_t len);
/* In which order its bytes lie. */
CxlDynamicCapacityLayout cxl_dcd_layout_of(CXLDcdDevice *device, uint64_t dpa,
                                           uint64_t len);

/* --- map --- */

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
/* Map what can be mapped of a range, and nothing else of it. */
void cxl_dcd_map_again(CXLDcdDevice *device, uint64_t start, uint64_t len);
/* Mappings that show capacity of this device */
uint32_t cxl_dcd_map_count(CXLDcdDevice *device);

/* --- dma --- */

/* @ended: a transfer has; from the main loop. */
void cxl_dcd_dma_init(CXLDcdDevice *device,
                      void (*ended)(CXLDcdDevice *device));
void cxl_dcd_dma_free(CXLDcdDevice *device);
/* Is a transfer under way that touches this part of the backend? */
bool cxl_dcd_dma_busy(CXLDcdDevice *device, uint64_t offset, uint64_t len);

/* --- sanitizer --- */

/* A part of the backend, bytes */
typedef struct CXLDcdPart {
    uint64_t offset;
    uint64_t len;
    bool keep;                    /* contents: it is only put out of reach */
} CXLDcdPart;

typedef enum CXLDcdSanitizeEnd {
    CXL_DCD_END_DONE,
    CXL_DCD_END_LATER,            /* not now, it is tried again */
    CXL_DCD_END_MORE,             /* more is being cleaned; a poke says when */
} CXLDcdSanitizeEnd;

/* How contents go. All with the BQL, but for @clean. */
typedef struct CXLDcdSanitizeOps {
    /*
     * Nobody reaches @range any more. Adds what is to be cleaned to @parts, of
     * CXLDcdPart. False: not now, it is tried again.
     */
    bool (*begin)(CXLDcdDevice *device, const CXLDcdRange *range, bool must,
                  GArray *parts);
    /*
     * In a thread, without the BQL: a piece of a part, some MiB, and whole
     * pages of the backend. False: not now, all of it is tried again, from
     * @begin on.
     */
    bool (*clean)(CXLDcdDevice *device, const CXLDcdPart *piece, bool must);
    /* All parts are clean. */
    CXLDcdSanitizeEnd (*end)(CXLDcdDevice *device, const CXLDcdRange *range,
                             bool must, const GArray *parts);
    /*
     * Is @range part of what ends as a whole? Then none of what was added with
     * it ends before the rest can. NULL: never.
     */
    bool (*together)(CXLDcdDevice *device, const CXLDcdRange *range);
} CXLDcdSanitizeOps;

/* What a range that is being sanitized waits for */
typedef enum CXLDcdSanitizeWait {
    CXL_DCD_WAIT_PROCESSORS,
    CXL_DCD_WAIT_TRANSFERS,       /* that are under way */
    CXL_DCD_WAIT_POOL,            /* until its file can be changed */
    CXL_DCD_WAIT_CONTENTS,        /* they are being cleaned */
    CXL_DCD_WAIT_MACHINE,         /* its state is being saved or loaded */
} CXLDcdSanitizeWait;

void cxl_dcd_sanitizer_init(CXLDcdDevice *device, const CXLDcdSanitizeOps *ops);
/* What is not clean yet is forgotten; NULL allowed. */
void cxl_dcd_sanitizer_free(CXLDcdSanitizer *sanitizer);
/*
 * @range left the host and is out of the memory map; when it is clean, the core
 * hears of it by cxl_dcd_sanitized(). @must: its contents must be zero for the
 * next owner.
 */
void cxl_dcd_sanitizer_add(CXLDcdDevice *device, const CXLDcdRange *range,
                           bool must);
/* Something has happened that ranges may have waited for. */
void cxl_dcd_sanitizer_poke(CXLDcdDevice *device);
/*
 * Have the processors let go of all that left, so that what is not free by now
 * waits for something that may take long?
 */
bool cxl_dcd_sanitizer_settled(const CXLDcdDevice *device);
/* Of the range that starts at @dpa; false: there is none. */
bool cxl_dcd_sanitizer_waits_for(const CXLDcdDevice *device, uint64_t dpa,
                                 CXLDcdSanitizeWait *ret);
/*
 * Contents stay as they are, until it is taken back: they are being saved, or
 * come from elsewhere. What is being cleaned has stopped when it returns.
 * @reason is one of CXL_DCD_HOLD_*. The second is for all devices, also those
 * that are unplugged.
 */
void cxl_dcd_sanitizer_hold(CXLDcdDevice *device, unsigned reason, bool hold);
void cxl_dcd_sanitizer_hold_all(unsigned reason, bool hold);
/* What is being cleaned has stopped when it returns; for a moment. */
void cxl_dcd_sanitizer_pause(CXLDcdDevice *device, bool pause);
bool cxl_dcd_sanitizer_held(const CXLDcdDevice *device);
/*
 * State is about to come from elsewhere, with ranges of its own. What there was
 * is freed with cxl_dcd_sanitizer_free(), or taken up again.
 */
CXLDcdSanitizer *cxl_dcd_sanitizer_put_aside(CXLDcdDevice *device);
void cxl_dcd_sanitizer_take_up(CXLDcdDevice *device, CXLDcdSanitizer *aside);

/* --- sanitize-own --- */

extern const CXLDcdSanitizeOps cxl_dcd_sanitize_own_ops;
/*
 * Bytes of the device's own, in one region: no more of what was there. Any
 * thread.
 */
void cxl_dcd_sanitize_own_clean(CXLDcdDevice *device, uint64_t dpa,
                                uint64_t len, bool must);
/*
 * State came from elsewhere: what it leaves free holds nothing of what was
 * there, save persistent capacity that need not be sanitized.
 */
void cxl_dcd_sanitize_gaps(CXLDcdDevice *device);

/* --- discard --- */

void cxl_dcd_discard_class_init(ObjectClass *oc);
/* The device answers for its backend's memory, or does no longer. */
void cxl_dcd_discard_attach(CXLDcdDevice *device, bool attach);
void cxl_dcd_discard_reach(CXLDcdDevice *device, const CXLDcdRange *range,
                           bool reachable);
/* @range is laid out from now on, and all of it in use; or plain again. */
void cxl_dcd_discard_layout(CXLDcdDevice *device, const CXLDcdRange *range,
                            bool laid);

#endif /* CXL_DCD_MEMORY_H */
