/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the stream that all state is saved as
 *
 * Little-endian: header, regions (checked, not restored, but for block size and
 * sanitize), tags with references, extents, groups, the answer that is being
 * collected, what left and is not clean yet.
 */
#ifndef CXL_DCD_SNAPSHOT_H
#define CXL_DCD_SNAPSHOT_H

#include "dcd.h"

#define SAVED_MAGIC 0x32444344u /* "DCD2" */
#define SAVED_MAGIC_1 0x31444344u /* "DCD1": without leaves */
#define NO_GROUP UINT32_MAX

typedef struct CXL_DCD_PACKED SavedHeader {
    cxl_dcd_le32 magic;
    cxl_dcd_le32 generation;
    cxl_dcd_le32 tag_generation;
    cxl_dcd_le32 num_regions;
    cxl_dcd_le32 num_tags;      /* sharable ones */
    cxl_dcd_le32 num_extents;
    cxl_dcd_le32 num_groups;
    cxl_dcd_le32 chain_kind;
    cxl_dcd_le32 chain_len;
    cxl_dcd_le32 num_leaves;      /* not in DCD1 */
} SavedHeader;

typedef struct CXL_DCD_PACKED SavedRegion {
    cxl_dcd_le64 base;
    cxl_dcd_le64 decode_length;
    cxl_dcd_le64 length;
    cxl_dcd_le64 block_size;
    cxl_dcd_u8 attributes;
    cxl_dcd_u8 sanitize;
} SavedRegion;

typedef struct CXL_DCD_PACKED SavedExtent {
    cxl_dcd_le64 dpa;
    cxl_dcd_le64 len;
    cxl_dcd_u8 tag[CXL_DCD_TAG_SIZE];
    cxl_dcd_le16 sequence;
    cxl_dcd_u8 state;
    cxl_dcd_u8 sanitize;
    cxl_dcd_le32 group;         /* index, NO_GROUP */
    cxl_dcd_le32 place;         /* within its group */
} SavedExtent;

typedef struct CXL_DCD_PACKED SavedTag {
    cxl_dcd_u8 tag[CXL_DCD_TAG_SIZE];
    cxl_dcd_u8 referenced;
} SavedTag;

typedef struct CXL_DCD_PACKED SavedGroup {
    cxl_dcd_le32 extents;
    cxl_dcd_le32 dead;
} SavedGroup;

/* What is to be said when capacity that left is clean; its pieces follow. */
typedef struct CXL_DCD_PACKED SavedLeave {
    cxl_dcd_le32 pieces;
    cxl_dcd_u8 outcome;           /* CXLDcdOutcome, FFh: nothing */
    cxl_dcd_u8 reserved[3];
} SavedLeave;

typedef struct CXL_DCD_PACKED SavedPiece {
    cxl_dcd_le64 dpa;
    cxl_dcd_le64 len;
    cxl_dcd_u8 tag[CXL_DCD_TAG_SIZE];
    cxl_dcd_le16 sequence;
    cxl_dcd_u8 state;             /* SAVED_PIECE_* */
    cxl_dcd_u8 sanitize;
} SavedPiece;

enum {
    SAVED_PIECE_CLEAN,
    SAVED_PIECE_SANITIZING,
    SAVED_PIECE_REFERENCED,
    SAVED_PIECE_MAX,
};

typedef struct CXL_DCD_PACKED SavedRange {
    cxl_dcd_le64 dpa;
    cxl_dcd_le64 len;
} SavedRange;

#endif
