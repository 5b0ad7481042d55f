/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the bytes of a state file
 */
#ifndef CXL_DCD_IMAGE_H
#define CXL_DCD_IMAGE_H

#include "tie.h"

typedef struct CXLDcdImage {
    uint8_t *bytes;               /* of the whole file */
    uint64_t serial;              /* of the device */
    CXLDcdTie tie;
    const uint8_t *core;          /* in @bytes: what the core has saved */
    size_t core_len;
} CXLDcdImage;

/* Not sealed yet. The caller unrefs it. */
GByteArray *cxl_dcd_image_encode(uint64_t serial, const CXLDcdTie *tie,
                                 const GByteArray *core);
/* The last step, with the checksum; in any thread. */
bool cxl_dcd_image_seal(GByteArray *file);
/* Do two say the same, whether they are sealed or not? */
bool cxl_dcd_image_same(const GByteArray *one, const GByteArray *other);
/*
 * Read @path. False with @errp set: it cannot be used, and that is its own
 * fault. Clear what is returned with cxl_dcd_image_clear().
 */
bool cxl_dcd_image_read(const char *path, CXLDcdImage *ret, Error **errp);
void cxl_dcd_image_clear(CXLDcdImage *image);

#endif /* CXL_DCD_IMAGE_H */
