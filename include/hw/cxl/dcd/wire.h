/* SPDX-License-Identifier: GPL-2.0-only OR GPL-2.0-or-later OR LGPL-2.1-or-later */
/*
 * CXL Dynamic Capacity: the one text of the protocol, as a host speaks it
 *
 * Little-endian, packed layouts shared by the device model, the kernel module,
 * the fabric manager library and all tests, so that both ends of every message
 * compile the same words. Section numbers are those of CXL r3.2; r3.1 has the
 * same text at 8.2.9.x where r3.2 has 8.2.10.x.
 *
 * Nothing here holds host byte order. Convert with cxl_dcd_get16/32/64() and
 * cxl_dcd_put16/32/64() (or the consumer's own le*_to_cpu()).
 */
#ifndef CXL_DCD_WIRE_H
#define CXL_DCD_WIRE_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/build_bug.h>
#include <asm/byteorder.h>
typedef __le16 cxl_dcd_le16;
typedef __le32 cxl_dcd_le32;
typedef __le64 cxl_dcd_le64;
typedef __u8 cxl_dcd_u8;
#define cxl_dcd_get16(x) le16_to_cpu(x)
#define cxl_dcd_get32(x) le32_to_cpu(x)
#define cxl_dcd_get64(x) le64_to_cpu(x)
#define cxl_dcd_put16(x) cpu_to_le16(x)
#define cxl_dcd_put32(x) cpu_to_le32(x)
#define cxl_dcd_put64(x) cpu_to_le64(x)
#else
#include <stdint.h>
#include <endian.h>
#include <assert.h>
typedef uint16_t cxl_dcd_le16;
typedef uint32_t cxl_dcd_le32;
typedef uint64_t cxl_dcd_le64;
typedef uint8_t cxl_dcd_u8;
#define cxl_dcd_get16(x) le16toh(x)
#define cxl_dcd_get32(x) le32toh(x)
#define cxl_dcd_get64(x) le64toh(x)
#define cxl_dcd_put16(x) htole16(x)
#define cxl_dcd_put32(x) htole32(x)
#define cxl_dcd_put64(x) htole64(x)
#endif

#define CXL_DCD_PACKED __attribute__((packed))
#define CXL_DCD_SIZE(type, size) \
    _Static_assert(sizeof(type) == (size), #type " is not " #size " bytes")

#define CXL_DCD_MAX_REGIONS       8
#define CXL_DCD_TAG_SIZE          16
#define CXL_DCD_CAPACITY_UNIT     (256ULL << 20) /* unit of decode lengths */
#define CXL_DCD_REGION_ALIGN      (256ULL << 20) /* 9.13.3 */
#define CXL_DCD_MIN_BLOCK         64ULL          /* Table 8-180 */

/* Opcodes: (command set << 8) | command */
enum {
    /* 8.2.10.2, 8.2.10.5: used by the DCD flow */
    CXL_DCD_OP_IDENTIFY               = 0x0001,
    CXL_DCD_OP_BACKGROUND_STATUS      = 0x0002,
    CXL_DCD_OP_GET_RESPONSE_LIMIT     = 0x0003,
    CXL_DCD_OP_SET_RESPONSE_LIMIT     = 0x0004,
    CXL_DCD_OP_GET_EVENT_RECORDS      = 0x0100,
    CXL_DCD_OP_CLEAR_EVENT_RECORDS    = 0x0101,
    CXL_DCD_OP_GET_EVENT_IRQ_POLICY   = 0x0102,
    CXL_DCD_OP_SET_EVENT_IRQ_POLICY   = 0x0103,
    CXL_DCD_OP_GET_MCTP_EVENT_POLICY  = 0x0104,
    CXL_DCD_OP_SET_MCTP_EVENT_POLICY  = 0x0105,
    CXL_DCD_OP_EVENT_NOTIFICATION     = 0x0106,
    CXL_DCD_OP_GET_SUPPORTED_LOGS     = 0x0400,
    CXL_DCD_OP_GET_LOG                = 0x0401,
    CXL_DCD_OP_GET_SUPPORTED_SUBLIST  = 0x0405,
    CXL_DCD_OP_IDENTIFY_MEMDEV        = 0x4000,
    /* 8.2.10.9.9: host mailbox */
    CXL_DCD_OP_GET_CONFIG             = 0x4800,
    CXL_DCD_OP_GET_EXTENT_LIST        = 0x4801,
    CXL_DCD_OP_ADD_RESPONSE           = 0x4802,
    CXL_DCD_OP_RELEASE                = 0x4803,
    /* 7.6.7.3, 7.6.7.5 */
    CXL_DCD_OP_TUNNEL                 = 0x5300,
    CXL_DCD_OP_GET_MULTI_HEADED_INFO  = 0x5500,
    CXL_DCD_OP_GET_HEAD_INFO          = 0x5501,
    /* 7.6.7.6: fabric manager */
    CXL_DCD_OP_FM_GET_INFO            = 0x5600,
    CXL_DCD_OP_FM_GET_REGION_CONFIG   = 0x5601,
    CXL_DCD_OP_FM_SET_REGION_CONFIG   = 0x5602,
    CXL_DCD_OP_FM_GET_EXTENT_LISTS    = 0x5603,
    CXL_DCD_OP_FM_INITIATE_ADD        = 0x5604,
    CXL_DCD_OP_FM_INITIATE_RELEASE    = 0x5605,
    CXL_DCD_OP_FM_ADD_REFERENCE       = 0x5606,
    CXL_DCD_OP_FM_REMOVE_REFERENCE    = 0x5607,
    CXL_DCD_OP_FM_LIST_TAGS           = 0x5608,
};

/* 8.2.9.4.5.1: CCI return codes */
enum {
    CXL_DCD_RC_SUCCESS                = 0x0000,
    CXL_DCD_RC_BACKGROUND_STARTED     = 0x0001,
    CXL_DCD_RC_INVALID_INPUT          = 0x0002,
    CXL_DCD_RC_UNSUPPORTED            = 0x0003,
    CXL_DCD_RC_INTERNAL_ERROR         = 0x0004,
    CXL_DCD_RC_RETRY_REQUIRED         = 0x0005,
    CXL_DCD_RC_BUSY                   = 0x0006,
    CXL_DCD_RC_MEDIA_DISABLED         = 0x0007,
    CXL_DCD_RC_INVALID_HANDLE         = 0x000e,
    CXL_DCD_RC_INVALID_PA             = 0x000f,
    CXL_DCD_RC_INVALID_SECURITY_STATE = 0x0013,
    CXL_DCD_RC_UNSUPPORTED_CCI        = 0x0015,
    CXL_DCD_RC_INVALID_PAYLOAD_LENGTH = 0x0016,
    CXL_DCD_RC_INVALID_LOG            = 0x0017,
    CXL_DCD_RC_RESOURCES_EXHAUSTED    = 0x001d,
    CXL_DCD_RC_INVALID_EXTENT_LIST    = 0x001e,
};

/* Region attributes: Table 7-70 (FM view) = CDAT DSMAS flag bits */
enum {
    CXL_DCD_REGION_NONVOLATILE        = 1 << 2,
    CXL_DCD_REGION_SHARABLE           = 1 << 3,
    CXL_DCD_REGION_HW_COHERENT        = 1 << 4,
    CXL_DCD_REGION_IC_SPECIFIC        = 1 << 5,
    CXL_DCD_REGION_READ_ONLY          = 1 << 6,
};
#define CXL_DCD_REGION_SANITIZE       (1 << 0) /* own byte, Table 8-180 */

/* Extent structure, Table 8-51 of r3.1: 4801h, 5603h, 5604h, 5605h, events */
typedef struct CXL_DCD_PACKED CXLDcdWireExtent {
    cxl_dcd_le64 start_dpa;
    cxl_dcd_le64 length;
    cxl_dcd_u8 tag[CXL_DCD_TAG_SIZE];
    cxl_dcd_le16 sequence;
    cxl_dcd_u8 reserved[6];
} CXLDcdWireExtent;
CXL_DCD_SIZE(CXLDcdWireExtent, 0x28);

/* --- 8.2.10.9.9.1 Get Dynamic Capacity Configuration (4800h) --- */
typedef struct CXL_DCD_PACKED CXLDcdGetConfigRequest {
    cxl_dcd_u8 region_count;
    cxl_dcd_u8 start_region;
} CXLDcdGetConfigRequest;
CXL_DCD_SIZE(CXLDcdGetConfigRequest, 2);

/* Table 8-180: host view of a region */
typedef struct CXL_DCD_PACKED CXLDcdWireRegion {
    cxl_dcd_le64 base;
    cxl_dcd_le64 decode_length;   /* CXL_DCD_CAPACITY_UNIT */
    cxl_dcd_le64 length;          /* bytes */
    cxl_dcd_le64 block_size;      /* bytes */
    cxl_dcd_le32 dsmad_handle;
    cxl_dcd_u8 flags;             /* CXL_DCD_REGION_SANITIZE */
    cxl_dcd_u8 reserved[3];
} CXLDcdWireRegion;
CXL_DCD_SIZE(CXLDcdWireRegion, 0x28);

typedef struct CXL_DCD_PACKED CXLDcdGetConfigResponse {
    cxl_dcd_u8 available_regions;
    cxl_dcd_u8 returned_regions;
    cxl_dcd_u8 reserved[6];
    CXLDcdWireRegion regions[];   /* then a CXLDcdWireCounters */
} CXLDcdGetConfigResponse;
CXL_DCD_SIZE(CXLDcdGetConfigResponse, 8);

/* Directly behind the last region that was returned (4800h and 5601h) */
typedef struct CXL_DCD_PACKED CXLDcdWireCounters {
    cxl_dcd_le32 supported_extents;
    cxl_dcd_le32 available_extents;
    cxl_dcd_le32 supported_tags;
    cxl_dcd_le32 available_tags;
} CXLDcdWireCounters;
CXL_DCD_SIZE(CXLDcdWireCounters, 0x10);

/* --- 8.2.10.9.9.2 Get Dynamic Capacity Extent List (4801h) --- */
typedef struct CXL_DCD_PACKED CXLDcdGetExtentListRequest {
    cxl_dcd_le32 extent_count;
    cxl_dcd_le32 start_index;
} CXLDcdGetExtentListRequest;
CXL_DCD_SIZE(CXLDcdGetExtentListRequest, 8);

typedef struct CXL_DCD_PACKED CXLDcdGetExtentListResponse {
    cxl_dcd_le32 returned;
    cxl_dcd_le32 total;
    cxl_dcd_le32 generation;
    cxl_dcd_u8 reserved[4];
    CXLDcdWireExtent extents[];
} CXLDcdGetExtentListResponse;
CXL_DCD_SIZE(CXLDcdGetExtentListResponse, 0x10);

/* --- 8.2.10.9.9.3 / .4 Add Response (4802h), Release (4803h) --- */
#define CXL_DCD_UPDATE_MORE (1 << 0)

typedef struct CXL_DCD_PACKED CXLDcdUpdatedExtent {
    cxl_dcd_le64 start_dpa;
    cxl_dcd_le64 length;
    cxl_dcd_u8 reserved[8];
} CXLDcdUpdatedExtent;
CXL_DCD_SIZE(CXLDcdUpdatedExtent, 0x18);

typedef struct CXL_DCD_PACKED CXLDcdUpdateRequest {
    cxl_dcd_le32 count;
    cxl_dcd_u8 flags;             /* CXL_DCD_UPDATE_MORE */
    cxl_dcd_u8 reserved[3];
    CXLDcdUpdatedExtent extents[];
} CXLDcdUpdateRequest;
CXL_DCD_SIZE(CXLDcdUpdateRequest, 8);

/* --- 8.2.10.2.1: event records --- */
#define CXL_DCD_EVENT_LOG 4
#define CXL_DCD_EVENT_UUID_BYTES \
    0xca, 0x95, 0xaf, 0xa7, 0xf1, 0x83, 0x40, 0x18, \
    0x8c, 0x2f, 0x95, 0x26, 0x8e, 0x10, 0x1a, 0x2a

enum {
    CXL_DCD_EVENT_ADD                 = 0x00,
    CXL_DCD_EVENT_RELEASE             = 0x01,
    CXL_DCD_EVENT_FORCED_RELEASE      = 0x02,
    CXL_DCD_EVENT_REGION_CONFIG       = 0x03,
    CXL_DCD_EVENT_ADD_RESPONSE        = 0x04, /* FM only */
    CXL_DCD_EVENT_CAPACITY_RELEASED   = 0x05, /* FM only */
};
#define CXL_DCD_EVENT_COUNTERS_VALID  (1 << 0)
#define CXL_DCD_EVENT_MORE            (1 << 0)

/* r3.2 Tables 8-55, 8-62 */
typedef struct CXL_DCD_PACKED CXLDcdEventRecord {
    cxl_dcd_u8 uuid[16];
    cxl_dcd_u8 length;            /* 0x80 */
    cxl_dcd_u8 record_flags[3];
    cxl_dcd_le16 handle;
    cxl_dcd_le16 related_handle;
    cxl_dcd_le64 timestamp;       /* ns since 1970-01-01 UTC, 0 = not set */
    cxl_dcd_u8 maintenance_class;
    cxl_dcd_u8 maintenance_subclass;
    cxl_dcd_le16 ld_id;
    cxl_dcd_u8 head_id;
    cxl_dcd_u8 reserved1[0x0b];
    /* Dynamic Capacity body */
    cxl_dcd_u8 type;
    cxl_dcd_u8 validity;          /* CXL_DCD_EVENT_COUNTERS_VALID */
    cxl_dcd_le16 host_id;
    cxl_dcd_u8 region_index;
    cxl_dcd_u8 flags;             /* CXL_DCD_EVENT_MORE */
    cxl_dcd_u8 reserved2[2];
    CXLDcdWireExtent extent;
    cxl_dcd_u8 reserved3[0x18];
    cxl_dcd_le32 available_extents;
    cxl_dcd_le32 available_tags;
} CXLDcdEventRecord;
CXL_DCD_SIZE(CXLDcdEventRecord, 0x80);

/* 8.2.10.2.2 Get Event Records (0100h) */
#define CXL_DCD_EVENTS_OVERFLOW       (1 << 0)
#define CXL_DCD_EVENTS_MORE           (1 << 1)

typedef struct CXL_DCD_PACKED CXLDcdGetEventsResponse {
    cxl_dcd_u8 flags;
    cxl_dcd_u8 reserved1;
    cxl_dcd_le16 overflow_count;
    cxl_dcd_le64 first_overflow;
    cxl_dcd_le64 last_overflow;
    cxl_dcd_le16 record_count;
    cxl_dcd_u8 reserved2[0x0a];
    CXLDcdEventRecord records[];
} CXLDcdGetEventsResponse;
CXL_DCD_SIZE(CXLDcdGetEventsResponse, 0x20);

/* 8.2.10.2.3 Clear Event Records (0101h) */
#define CXL_DCD_CLEAR_ALL             (1 << 0)

typedef struct CXL_DCD_PACKED CXLDcdClearEventsRequest {
    cxl_dcd_u8 log;
    cxl_dcd_u8 flags;
    cxl_dcd_u8 count;
    cxl_dcd_u8 reserved[3];
    cxl_dcd_le16 handles[];
} CXLDcdClearEventsRequest;
CXL_DCD_SIZE(CXLDcdClearEventsRequest, 6);

/* 8.2.10.2.4, .5: interrupt policy (0102h, 0103h); the last byte may miss */
#define CXL_DCD_IRQ_MODE_MASK         0x03
#define CXL_DCD_IRQ_MODE_MSI          0x01
#define CXL_DCD_IRQ_MESSAGE_SHIFT     4

typedef struct CXL_DCD_PACKED CXLDcdEventIrqPolicy {
    cxl_dcd_u8 informational;
    cxl_dcd_u8 warning;
    cxl_dcd_u8 failure;
    cxl_dcd_u8 fatal;
    cxl_dcd_u8 dynamic_capacity;
} CXLDcdEventIrqPolicy;
CXL_DCD_SIZE(CXLDcdEventIrqPolicy, 5);

#endif /* CXL_DCD_WIRE_H */
