/* SPDX-License-Identifier: GPL-2.0-only OR GPL-2.0-or-later OR LGPL-2.1-or-later */
/*
 * CXL Dynamic Capacity: the one text of the protocol
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

/* --- 7.6.7.6.1 Get DCD Info (5600h) --- */
enum {
    CXL_DCD_POLICY_FREE               = 0,
    CXL_DCD_POLICY_CONTIGUOUS         = 1,
    CXL_DCD_POLICY_PRESCRIPTIVE       = 2,
    CXL_DCD_POLICY_SHARED_ACCESS      = 3,
};
enum {
    CXL_DCD_REMOVE_TAG                = 0,
    CXL_DCD_REMOVE_PRESCRIPTIVE       = 1,
};
#define CXL_DCD_REMOVE_POLICY_MASK    0x0f
#define CXL_DCD_REMOVE_FORCED         (1 << 4)
#define CXL_DCD_REMOVE_SANITIZE       (1 << 5)

typedef struct CXL_DCD_PACKED CXLDcdFmInfoResponse {
    cxl_dcd_u8 hosts;
    cxl_dcd_u8 regions;
    cxl_dcd_u8 reserved1[2];
    cxl_dcd_le16 add_policies;
    cxl_dcd_u8 reserved2[2];
    cxl_dcd_le16 removal_policies;
    cxl_dcd_u8 sanitize_configurable;
    cxl_dcd_u8 reserved3;
    cxl_dcd_le64 total_capacity;  /* CXL_DCD_CAPACITY_UNIT */
    cxl_dcd_le64 block_sizes[CXL_DCD_MAX_REGIONS];
} CXLDcdFmInfoResponse;
CXL_DCD_SIZE(CXLDcdFmInfoResponse, 0x54);

/* --- 7.6.7.5.1 Get Multi-Headed Info (5500h) --- */
#define CXL_DCD_NO_HEAD               0xff

typedef struct CXL_DCD_PACKED CXLDcdMhdInfoRequest {
    cxl_dcd_u8 start_ld;
    cxl_dcd_u8 max_lds;
} CXLDcdMhdInfoRequest;
CXL_DCD_SIZE(CXLDcdMhdInfoRequest, 2);

typedef struct CXL_DCD_PACKED CXLDcdMhdInfoResponse {
    cxl_dcd_u8 lds;
    cxl_dcd_u8 heads;
    cxl_dcd_u8 reserved1[2];
    cxl_dcd_u8 start_ld;
    cxl_dcd_u8 map_length;
    cxl_dcd_u8 reserved2[2];
    cxl_dcd_u8 map[];             /* head of each LD, CXL_DCD_NO_HEAD */
} CXLDcdMhdInfoResponse;
CXL_DCD_SIZE(CXLDcdMhdInfoResponse, 8);

/* --- 7.6.7.5.2 Get Head Info (5501h) --- */
enum {
    CXL_DCD_LTSSM_L0                  = 0x04,
    CXL_DCD_LTSSM_DISABLED            = 0x08,
};

typedef struct CXL_DCD_PACKED CXLDcdHeadInfoRequest {
    cxl_dcd_u8 start_head;
    cxl_dcd_u8 max_heads;
} CXLDcdHeadInfoRequest;
CXL_DCD_SIZE(CXLDcdHeadInfoRequest, 2);

typedef struct CXL_DCD_PACKED CXLDcdHeadInfo {
    cxl_dcd_u8 port;
    cxl_dcd_u8 max_width;         /* 5:0, as in PCIe's Link Capabilities */
    cxl_dcd_u8 current_width;     /* 5:0 */
    cxl_dcd_u8 speeds;            /* 5:0, supported link speeds vector */
    cxl_dcd_u8 max_speed;         /* 5:0 */
    cxl_dcd_u8 current_speed;     /* 5:0 */
    cxl_dcd_u8 ltssm;             /* CXL_DCD_LTSSM_* */
    cxl_dcd_u8 first_lane;
    cxl_dcd_u8 link_state;        /* flags */
} CXLDcdHeadInfo;
CXL_DCD_SIZE(CXLDcdHeadInfo, 9);

typedef struct CXL_DCD_PACKED CXLDcdHeadInfoResponse {
    cxl_dcd_u8 returned;
    cxl_dcd_u8 reserved[3];
    CXLDcdHeadInfo heads[];
} CXLDcdHeadInfoResponse;
CXL_DCD_SIZE(CXLDcdHeadInfoResponse, 4);

/* --- 7.6.7.6.2 Get Host DC Region Configuration (5601h) --- */
typedef struct CXL_DCD_PACKED CXLDcdFmRegionConfigRequest {
    cxl_dcd_le16 host_id;
    cxl_dcd_u8 region_count;
    cxl_dcd_u8 start_region;
} CXLDcdFmRegionConfigRequest;
CXL_DCD_SIZE(CXLDcdFmRegionConfigRequest, 4);

typedef struct CXL_DCD_PACKED CXLDcdFmRegion {
    cxl_dcd_le64 base;
    cxl_dcd_le64 decode_length;   /* CXL_DCD_CAPACITY_UNIT */
    cxl_dcd_le64 length;
    cxl_dcd_le64 block_size;
    cxl_dcd_u8 attributes;        /* CXL_DCD_REGION_NONVOLATILE ... */
    cxl_dcd_u8 reserved1[3];
    cxl_dcd_u8 sanitize;          /* CXL_DCD_REGION_SANITIZE */
    cxl_dcd_u8 reserved2[3];
} CXLDcdFmRegion;
CXL_DCD_SIZE(CXLDcdFmRegion, 0x28);

typedef struct CXL_DCD_PACKED CXLDcdFmRegionConfigResponse {
    cxl_dcd_le16 host_id;
    cxl_dcd_u8 available_regions;
    cxl_dcd_u8 returned_regions;
    CXLDcdFmRegion regions[];     /* then a CXLDcdWireCounters */
} CXLDcdFmRegionConfigResponse;
CXL_DCD_SIZE(CXLDcdFmRegionConfigResponse, 4);

/* --- 7.6.7.6.3 Set DC Region Configuration (5602h) --- */
typedef struct CXL_DCD_PACKED CXLDcdFmSetRegionRequest {
    cxl_dcd_u8 region;
    cxl_dcd_u8 reserved1[3];
    cxl_dcd_le64 block_size;
    cxl_dcd_u8 sanitize;
    cxl_dcd_u8 reserved2[3];
} CXLDcdFmSetRegionRequest;
CXL_DCD_SIZE(CXLDcdFmSetRegionRequest, 0x10);

/* --- 7.6.7.6.4 Get DC Region Extent Lists (5603h) --- */
typedef struct CXL_DCD_PACKED CXLDcdFmExtentListRequest {
    cxl_dcd_le16 host_id;
    cxl_dcd_u8 reserved[2];
    cxl_dcd_le32 extent_count;
    cxl_dcd_le32 start_index;
} CXLDcdFmExtentListRequest;
CXL_DCD_SIZE(CXLDcdFmExtentListRequest, 0x0c);

typedef struct CXL_DCD_PACKED CXLDcdFmExtentListResponse {
    cxl_dcd_le16 host_id;
    cxl_dcd_u8 reserved1[2];
    cxl_dcd_le32 start_index;
    cxl_dcd_le32 returned;
    cxl_dcd_le32 total;
    cxl_dcd_le32 generation;
    cxl_dcd_u8 reserved2[4];
    CXLDcdWireExtent extents[];
} CXLDcdFmExtentListResponse;
CXL_DCD_SIZE(CXLDcdFmExtentListResponse, 0x18);

/* --- 7.6.7.6.5 / .6 Initiate Add (5604h), Initiate Release (5605h) --- */
typedef struct CXL_DCD_PACKED CXLDcdFmInitiateRequest {
    cxl_dcd_le16 host_id;
    cxl_dcd_u8 policy;            /* add: 3:0 policy; release: and flags */
    cxl_dcd_u8 region;            /* add only */
    cxl_dcd_le64 length;
    cxl_dcd_u8 tag[CXL_DCD_TAG_SIZE];
    cxl_dcd_le32 extent_count;
    CXLDcdWireExtent extents[];
} CXLDcdFmInitiateRequest;
CXL_DCD_SIZE(CXLDcdFmInitiateRequest, 0x20);

/* --- 7.6.7.6.7 / .8 Add, Remove Reference (5606h, 5607h) --- */
typedef struct CXL_DCD_PACKED CXLDcdFmReferenceRequest {
    cxl_dcd_u8 tag[CXL_DCD_TAG_SIZE];
} CXLDcdFmReferenceRequest;
CXL_DCD_SIZE(CXLDcdFmReferenceRequest, 0x10);

/* --- 7.6.7.6.9 Dynamic Capacity List Tags (5608h) --- */
#define CXL_DCD_TAGS_REFERENCES_VALID (1 << 0)
#define CXL_DCD_TAGS_PENDING_VALID    (1 << 1)
#define CXL_DCD_TAG_FM_REFERENCE      (1 << 0)

typedef struct CXL_DCD_PACKED CXLDcdFmListTagsRequest {
    cxl_dcd_le32 start_index;
    cxl_dcd_le32 max_tags;
} CXLDcdFmListTagsRequest;
CXL_DCD_SIZE(CXLDcdFmListTagsRequest, 8);

typedef struct CXL_DCD_PACKED CXLDcdFmTag {
    cxl_dcd_u8 tag[CXL_DCD_TAG_SIZE];
    cxl_dcd_u8 flags;             /* CXL_DCD_TAG_FM_REFERENCE */
    cxl_dcd_u8 reserved[3];
    cxl_dcd_u8 accepted[32];      /* bit n = LD n */
    cxl_dcd_u8 pending[32];
} CXLDcdFmTag;
CXL_DCD_SIZE(CXLDcdFmTag, 0x54);

typedef struct CXL_DCD_PACKED CXLDcdFmListTagsResponse {
    cxl_dcd_le32 generation;
    cxl_dcd_le32 total;
    cxl_dcd_le32 returned;
    cxl_dcd_u8 validity;          /* CXL_DCD_TAGS_REFERENCES_VALID ... */
    cxl_dcd_u8 reserved[3];
    CXLDcdFmTag tags[];
} CXLDcdFmListTagsResponse;
CXL_DCD_SIZE(CXLDcdFmListTagsResponse, 0x10);

/* --- 7.6.3 CCI message header --- */
#define CXL_DCD_CCI_RESPONSE          1
#define CXL_DCD_CCI_BACKGROUND        (1 << 7)

typedef struct CXL_DCD_PACKED CXLDcdCciHeader {
    cxl_dcd_u8 category;          /* 3:0: 0 request, 1 response */
    cxl_dcd_u8 tag;
    cxl_dcd_u8 reserved;
    cxl_dcd_u8 command;
    cxl_dcd_u8 command_set;
    cxl_dcd_u8 length[3];         /* 20:0 payload length, bit 23 background */
    cxl_dcd_le16 return_code;
    cxl_dcd_le16 vendor_status;
} CXLDcdCciHeader;
CXL_DCD_SIZE(CXLDcdCciHeader, 0x0c);

/* --- 8.2.10.1.1 Identify (0001h) --- */
#define CXL_DCD_COMPONENT_TYPE3       0x03

typedef struct CXL_DCD_PACKED CXLDcdIdentifyResponse {
    cxl_dcd_le16 vendor;
    cxl_dcd_le16 device;
    cxl_dcd_le16 subsystem_vendor;
    cxl_dcd_le16 subsystem;
    cxl_dcd_le64 serial;
    cxl_dcd_u8 max_message;       /* 2^n bytes, n = 8..10 */
    cxl_dcd_u8 component_type;    /* CXL_DCD_COMPONENT_TYPE3 */
} CXLDcdIdentifyResponse;
CXL_DCD_SIZE(CXLDcdIdentifyResponse, 0x12);

/* 8.2.10.1.2 Background Operation Status (0002h) */
typedef struct CXL_DCD_PACKED CXLDcdBackgroundStatus {
    cxl_dcd_u8 status;            /* bit 0: an operation is in progress */
    cxl_dcd_u8 reserved;
    cxl_dcd_le16 opcode;
    cxl_dcd_le16 return_code;
    cxl_dcd_le16 vendor_status;
} CXLDcdBackgroundStatus;
CXL_DCD_SIZE(CXLDcdBackgroundStatus, 8);

/* 8.2.10.1.3 / .4: limits of an MCTP CCI are 2^8..2^10 bytes */
#define CXL_DCD_LIMIT_MIN             8
#define CXL_DCD_LIMIT_MAX             10

/* 8.2.10.2.6 to .8: bits of the one 16-bit word of 0104h, 0105h, 0106h */
#define CXL_DCD_MCTP_EVENT_DC         (1 << 4)
#define CXL_DCD_MCTP_EVENT_BACKGROUND (1 << 15)
#define CXL_DCD_MCTP_EVENT_MASK       0x801f

/* --- 8.2.10.5: logs --- */
#define CXL_DCD_CEL_UUID_BYTES \
    0x0d, 0xa9, 0xc0, 0xb5, 0xbf, 0x41, 0x4b, 0x78, \
    0x8f, 0x79, 0x96, 0xb1, 0x62, 0x3b, 0x3f, 0x17

typedef struct CXL_DCD_PACKED CXLDcdLogEntry {
    cxl_dcd_u8 uuid[16];
    cxl_dcd_le32 size;            /* bytes */
} CXLDcdLogEntry;
CXL_DCD_SIZE(CXLDcdLogEntry, 0x14);

/* 8.2.10.5.1 Get Supported Logs (0400h) */
typedef struct CXL_DCD_PACKED CXLDcdSupportedLogs {
    cxl_dcd_le16 count;
    cxl_dcd_u8 reserved[6];
    CXLDcdLogEntry entries[];
} CXLDcdSupportedLogs;
CXL_DCD_SIZE(CXLDcdSupportedLogs, 8);

/* 8.2.10.5.2 Get Log (0401h); the answer is the bytes alone */
typedef struct CXL_DCD_PACKED CXLDcdGetLogRequest {
    cxl_dcd_u8 uuid[16];
    cxl_dcd_le32 offset;
    cxl_dcd_le32 length;
} CXLDcdGetLogRequest;
CXL_DCD_SIZE(CXLDcdGetLogRequest, 0x18);

/* 8.2.10.5.6 Get Supported Logs Sub-List (0405h) */
typedef struct CXL_DCD_PACKED CXLDcdLogSublistRequest {
    cxl_dcd_u8 max_entries;
    cxl_dcd_u8 start_index;
} CXLDcdLogSublistRequest;
CXL_DCD_SIZE(CXLDcdLogSublistRequest, 2);

typedef struct CXL_DCD_PACKED CXLDcdLogSublist {
    cxl_dcd_u8 returned;
    cxl_dcd_u8 reserved1;
    cxl_dcd_le16 total;
    cxl_dcd_u8 start_index;
    cxl_dcd_u8 reserved2[3];
    CXLDcdLogEntry entries[];
} CXLDcdLogSublist;
CXL_DCD_SIZE(CXLDcdLogSublist, 8);

/* Command Effects Log: one entry per opcode */
typedef struct CXL_DCD_PACKED CXLDcdCelEntry {
    cxl_dcd_le16 opcode;
    cxl_dcd_le16 effects;         /* CXL_DCD_EFFECT_* */
} CXLDcdCelEntry;
CXL_DCD_SIZE(CXLDcdCelEntry, 4);

enum {
    CXL_DCD_EFFECT_CONFIG_COLD        = 1 << 0,
    CXL_DCD_EFFECT_CONFIG             = 1 << 1,
    CXL_DCD_EFFECT_DATA               = 1 << 2,
    CXL_DCD_EFFECT_POLICY             = 1 << 3,
    CXL_DCD_EFFECT_LOG                = 1 << 4,
    CXL_DCD_EFFECT_RESETS_VALID       = 1 << 9,
    CXL_DCD_EFFECT_CONFIG_CONV        = 1 << 10,
    CXL_DCD_EFFECT_CONFIG_CXL         = 1 << 11,
};

/* --- 7.6.7.3.1 Tunnel Management Command (5300h) --- */
#define CXL_DCD_TUNNEL_TARGET_MASK    0x0f
#define CXL_DCD_TUNNEL_PORT_OR_LD     0
#define CXL_DCD_TUNNEL_LD_POOL        1
#define CXL_DCD_LD_FM_OWNED           0xffff

typedef struct CXL_DCD_PACKED CXLDcdTunnelRequest {
    cxl_dcd_u8 id;                /* port or LD */
    cxl_dcd_u8 target;            /* 3:0 CXL_DCD_TUNNEL_* */
    cxl_dcd_le16 size;            /* of message */
    cxl_dcd_u8 message[];         /* a CXLDcdCciHeader and its payload */
} CXLDcdTunnelRequest;
CXL_DCD_SIZE(CXLDcdTunnelRequest, 4);

typedef struct CXL_DCD_PACKED CXLDcdTunnelResponse {
    cxl_dcd_le16 size;
    cxl_dcd_u8 reserved[2];
    cxl_dcd_u8 message[];
} CXLDcdTunnelResponse;
CXL_DCD_SIZE(CXLDcdTunnelResponse, 4);

#endif /* CXL_DCD_WIRE_H */
