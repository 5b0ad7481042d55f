/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which memory file a state file is about
 *
 * The state file says which bytes of the memory file are somebody's: with those
 * of another device, or of another time, a guest finds strange contents where
 * its own were. Contents belong to the guest, to the last byte; so an id that
 * both have is kept in an extended attribute of the memory file, which also
 * goes with it when it is moved, or copied as a backup does. File systems that
 * keep none leave the number of the inode.
 */
#include "qemu/osdep.h"
#include <sys/xattr.h>
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "tie.h"

#define ATTRIBUTE "user.cxl-dcd"

static bool cxl_dcd_tie_impossible(int error)
{
    return error == ENOTSUP || error == EOPNOTSUPP || error == EPERM ||
           error == ENOSYS;
}

static bool cxl_dcd_tie_look_mark(int fd, CXLDcdTieFile *file, Error **errp)
{
    char text[UUID_STR_LEN] = "";
    ssize_t len = fgetxattr(fd, ATTRIBUTE, text, sizeof(text) - 1);

    if (len < 0 && (errno == ENODATA || cxl_dcd_tie_impossible(errno))) {
        return true;
    }
    if (len < 0 && errno != ERANGE) {
        error_setg_errno(errp, errno, "cannot read the extended attribute "
                         ATTRIBUTE " of memory file '%s'", file->name);
        return false;
    }
    if (len < 0 || qemu_uuid_parse(text, &file->id)) {
        error_setg(errp, "the extended attribute " ATTRIBUTE " of memory file "
                   "'%s' is not one that QEMU has written; to go on without "
                   "it, remove it: setfattr -x " ATTRIBUTE " '%s'", file->name,
                   file->name);
        return false;
    }
    file->marked = true;
    return true;
}

bool cxl_dcd_tie_look(int fd, const char *name, CXLDcdTieFile *ret,
                      Error **errp)
{
    struct stat st;

    *ret = (CXLDcdTieFile) { .name = g_strdup(name) };
    if (fstat(fd, &st)) {
        error_setg_errno(errp, errno, "cannot look at memory file '%s'", name);
        return false;
    }
    ret->regular = S_ISREG(st.st_mode);
    ret->inode = st.st_ino;
    if (!st.st_nlink) {
        error_setg(errp, "memory '%s' has no name in any folder and is gone "
                   "when QEMU ends: use a memory-backend-file whose mem-path "
                   "is the name of a file", name);
        return false;
    }
    return cxl_dcd_tie_look_mark(fd, ret, errp);
}

void cxl_dcd_tie_file_clear(CXLDcdTieFile *file)
{
    g_clear_pointer(&file->name, g_free);
}

char *cxl_dcd_tie_fault(const CXLDcdTie *tie, const CXLDcdTieFile *file)
{
    if (file->marked && qemu_uuid_is_equal(&file->id, &tie->id)) {
        return NULL;
    }
    if (file->marked) {
        return g_strdup("it belongs to another state file");
    }
    if (tie->kind == CXL_DCD_TIE_MARK) {
        return g_strdup("it belongs to none, or is a copy that was made "
                        "without its extended attributes");
    }
    if (tie->kind == CXL_DCD_TIE_INODE && tie->inode != file->inode) {
        return g_strdup_printf("it is another file than it was (inode %" PRIu64
                               ", not %" PRIu64 ")", file->inode, tie->inode);
    }
    return NULL;
}

void cxl_dcd_tie_make(CXLDcdTie *tie, CXLDcdTieFile *file, bool anew)
{
    if (anew) {
        file->marked = false;
        tie->id = (QemuUUID) { 0 };
    }
    if (file->marked) {
        *tie = (CXLDcdTie) { CXL_DCD_TIE_MARK, file->id, file->inode };
        return;
    }
    tie->kind = CXL_DCD_TIE_NONE;
    tie->inode = file->inode;
    if (qemu_uuid_is_null(&tie->id)) {
        qemu_uuid_generate(&tie->id);
    }
}

bool cxl_dcd_tie_mark(CXLDcdTie *tie, int fd, const CXLDcdTieFile *file,
                      Error **errp)
{
    char text[UUID_STR_LEN];

    if (file->marked) {
        return true;
    }
    qemu_uuid_unparse(&tie->id, text);
    if (!fsetxattr(fd, ATTRIBUTE, text, strlen(text), 0)) {
        tie->kind = CXL_DCD_TIE_MARK;
        return true;
    }
    if (!cxl_dcd_tie_impossible(errno)) {
        error_setg_errno(errp, errno, "cannot write the extended attribute "
                         ATTRIBUTE " of memory file '%s', which ties it to its "
                         "state", file->name);
        return false;
    }
    warn_report("memory file '%s' keeps no extended attributes: %s", file->name,
                file->regular ? "its state file knows it by its inode, and a "
                "copy of it is refused" : "it is no regular file, and nothing "
                "notices when it is exchanged for another");
    tie->kind = file->regular ? CXL_DCD_TIE_INODE : CXL_DCD_TIE_NONE;
    return true;
}
