/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which memory file a state file is about
 */
#ifndef CXL_DCD_TIE_H
#define CXL_DCD_TIE_H

#include "qemu/uuid.h"

/* How the pair is known; in files */
typedef enum CXLDcdTieKind {
    CXL_DCD_TIE_NONE,             /* not yet, or it cannot be */
    CXL_DCD_TIE_MARK,             /* both have the same id */
    CXL_DCD_TIE_INODE,            /* no id can be put on the memory file */
} CXLDcdTieKind;

/* What a state file says of its memory file */
typedef struct CXLDcdTie {
    CXLDcdTieKind kind;
    QemuUUID id;                  /* of the pair; null: it has none yet */
    uint64_t inode;
} CXLDcdTie;

/* What a memory file says itself */
typedef struct CXLDcdTieFile {
    char *name;                   /* for messages */
    bool regular;
    bool marked;
    QemuUUID id;                  /* when it is marked */
    uint64_t inode;
} CXLDcdTieFile;

/*
 * Look at the open file @fd, called @name. False with @errp set: it cannot be
 * found again by anybody, or its mark is not one of ours.
 */
bool cxl_dcd_tie_look(int fd, const char *name, CXLDcdTieFile *ret,
                      Error **errp);
void cxl_dcd_tie_file_clear(CXLDcdTieFile *file);
/* Why @file is not the one that @tie is about; NULL: it may be. */
char *cxl_dcd_tie_fault(const CXLDcdTie *tie, const CXLDcdTieFile *file);
/*
 * Take the two for a pair, as they are; with @anew under an id that no other
 * file has. The state is written with what @tie is then, and after that
 * cxl_dcd_tie_mark() is called: so whoever is killed in between finds a state
 * that takes an unmarked file.
 */
void cxl_dcd_tie_make(CXLDcdTie *tie, CXLDcdTieFile *file, bool anew);
/*
 * Mark @file, if it is not, or find that it cannot be; if @tie changes, it has
 * to be written again. False with @errp set: it can be marked, but not now.
 */
bool cxl_dcd_tie_mark(CXLDcdTie *tie, int fd, const CXLDcdTieFile *file,
                      Error **errp);

#endif /* CXL_DCD_TIE_H */
