/* SPDX-License-Identifier: GPL-2.0-or-later OR LGPL-2.1-or-later */
/*
 * CXL Dynamic Capacity: what a fabric manager and a device say to each other
 *
 * The FM API and the commands of a component's own CCI, laid out as in
 * dcd/wire.h, which has what a host says, opcodes, and return codes.
 */
#ifndef CXL_DCD_WIRE_FM_H
#define CXL_DCD_WIRE_FM_H

#include "hw/cxl/dcd/wire.h"

/* --- 7.6.7.6.1 Get DCD Info (5600h) --- */
enum {
    CXL_DCD_POLICY_FREE               = 0,
    CXL_DCD_POLICY_CONTIGUOUS         = 1,
    CXL_DCD_POLICY_PRESCRIPTIVE       = 2,
    CXL_DCD_POLICY_SHARED_ACCESS      = 3,
};
#define CXL_DCD_POLICY_MASK           0x0f
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

#endif /* CXL_DCD_WIRE_FM_H */
