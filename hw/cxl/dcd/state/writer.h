/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a file is replaced, while the machine goes on
 */
#ifndef CXL_DCD_WRITER_H
#define CXL_DCD_WRITER_H

#include "qemu/main-loop.h"

typedef struct CXLDcdWriter CXLDcdWriter;

/*
 * For the file at @path; @done is scheduled at the end of every write. In the
 * thread, @seal makes the bytes complete before they are written. False: it
 * cannot, which is EIO.
 */
CXLDcdWriter *cxl_dcd_writer_new(const char *path,
                                 bool (*seal)(GByteArray *bytes),
                                 QEMUBH *done);
/* Ends what is being written first. */
void cxl_dcd_writer_free(CXLDcdWriter *writer);
/*
 * Nobody else replaces the file from now on; before the first start. False with
 * @errp set: another process has it, or its folder cannot be written to.
 */
bool cxl_dcd_writer_lock(CXLDcdWriter *writer, Error **errp);
/* While nothing is being written */
void cxl_dcd_writer_unlock(CXLDcdWriter *writer);
/* Replace the file by @bytes, which nobody changes; not while it is busy. */
void cxl_dcd_writer_start(CXLDcdWriter *writer, GByteArray *bytes);
bool cxl_dcd_writer_busy(CXLDcdWriter *writer);
/* Wait until it is idle. Returns 0, or the errno of the last write. */
int cxl_dcd_writer_wait(CXLDcdWriter *writer);

#endif /* CXL_DCD_WRITER_H */
