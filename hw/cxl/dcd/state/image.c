/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the bytes of a state file
 *
 * A header with a checksum over all of it, then which memory file it is about,
 * then what the core saves of itself. Files of version 1 do not say which
 * memory file; they are read, and written anew as of this version.
 */
#include "qemu/osdep.h"
#include "crypto/hash.h"
#include "hw/cxl/dcd/state.h"
#include "image.h"
#include "qapi/error.h"

#define MAGIC     "CXLDCDST"
#define VERSION   2
#define UNTIED    1             /* the version without a tie */
#define SUM_SIZE  32            /* SHA-256 */
#define IMAGE_MAX (512u << 20)

/* Little-endian; @sum is over the whole file with @sum zero. */
typedef struct QEMU_PACKED ImageHeader {
    char magic[8];
    uint32_t version;
    uint32_t length;            /* of what follows */
    uint64_t serial;            /* of the device */
    uint8_t sum[SUM_SIZE];
} ImageHeader;

typedef struct QEMU_PACKED ImageTie {
    uint32_t kind;
    uint8_t id[16];
    uint64_t inode;
} ImageTie;

static bool cxl_dcd_image_checksum(const uint8_t *bytes, size_t len,
                                   uint8_t *sum)
{
    size_t size = SUM_SIZE;

    return !qcrypto_hash_bytes(QCRYPTO_HASH_ALGO_SHA256, (const char *)bytes,
                               len, &sum, &size, NULL);
}

GByteArray *cxl_dcd_image_encode(uint64_t serial, const CXLDcdTie *tie,
                                 const GByteArray *core)
{
    GByteArray *file = g_byte_array_new();
    ImageHeader header = {
        .version = cpu_to_le32(VERSION),
        .length = cpu_to_le32(sizeof(ImageTie) + core->len),
        .serial = cpu_to_le64(serial),
    };
    ImageTie saved = {
        .kind = cpu_to_le32(tie->kind),
        .inode = cpu_to_le64(tie->inode),
    };

    memcpy(header.magic, MAGIC, sizeof(header.magic));
    memcpy(saved.id, tie->id.data, sizeof(saved.id));
    g_byte_array_append(file, (uint8_t *)&header, sizeof(header));
    g_byte_array_append(file, (uint8_t *)&saved, sizeof(saved));
    return g_byte_array_append(file, core->data, core->len);
}

bool cxl_dcd_image_seal(GByteArray *file)
{
    uint8_t sum[SUM_SIZE];

    if (!cxl_dcd_image_checksum(file->data, file->len, sum)) {
        return false;
    }
    memcpy(file->data + offsetof(ImageHeader, sum), sum, SUM_SIZE);
    return true;
}

bool cxl_dcd_image_same(const GByteArray *one, const GByteArray *other)
{
    return one->len == other->len &&
           !memcmp(one->data + sizeof(ImageHeader),
                   other->data + sizeof(ImageHeader),
                   one->len - sizeof(ImageHeader));
}

static bool cxl_dcd_image_read_whole(const char *path, uint8_t **ret,
                                     size_t *ret_len, Error **errp)
{
    g_autoptr(GError) error = NULL;
    char *contents = NULL;
    struct stat st;

    if (stat(path, &st)) {
        error_setg_errno(errp, errno, "property '" CXL_DCD_PROP_STATE "': "
                         "'%s' cannot be read", path);
        return false;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > IMAGE_MAX) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' is not a "
                   "file of dynamic capacity state", path);
        return false;
    }
    if (!g_file_get_contents(path, &contents, ret_len, &error)) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': %s",
                   error->message);
        return false;
    }
    *ret = (uint8_t *)contents;
    return true;
}

/* What is wrong with the file by itself; NULL: nothing */
static const char *cxl_dcd_image_fault_of(uint8_t *bytes, size_t len)
{
    ImageHeader header;
    uint8_t sum[SUM_SIZE];

    if (len < sizeof(header) || memcmp(bytes, MAGIC, sizeof(header.magic))) {
        return "it is not a file of dynamic capacity state";
    }
    memcpy(&header, bytes, sizeof(header));
    if (le32_to_cpu(header.version) != VERSION &&
        le32_to_cpu(header.version) != UNTIED) {
        return "it is of another version";
    }
    if (le32_to_cpu(header.length) != len - sizeof(header) ||
        (le32_to_cpu(header.version) == VERSION &&
         len - sizeof(header) < sizeof(ImageTie))) {
        return "it is truncated or has been appended to";
    }
    memset(bytes + offsetof(ImageHeader, sum), 0, SUM_SIZE);
    if (!cxl_dcd_image_checksum(bytes, len, sum) ||
        memcmp(sum, header.sum, SUM_SIZE)) {
        return "it is damaged (its checksum is wrong)";
    }
    return NULL;
}

static void cxl_dcd_image_decode(CXLDcdImage *image, size_t len)
{
    const ImageHeader *header = (const ImageHeader *)image->bytes;
    const ImageTie *tie = (const ImageTie *)(header + 1);

    image->serial = le64_to_cpu(header->serial);
    image->core = image->bytes + sizeof(*header);
    if (le32_to_cpu(header->version) == VERSION) {
        image->tie.kind = le32_to_cpu(tie->kind);
        image->tie.inode = le64_to_cpu(tie->inode);
        memcpy(image->tie.id.data, tie->id, sizeof(tie->id));
        image->core += sizeof(*tie);
    }
    image->core_len = image->bytes + len - image->core;
}

bool cxl_dcd_image_read(const char *path, CXLDcdImage *ret, Error **errp)
{
    const char *fault;
    size_t len;

    memset(ret, 0, sizeof(*ret));
    if (!cxl_dcd_image_read_whole(path, &ret->bytes, &len, errp)) {
        return false;
    }
    fault = cxl_dcd_image_fault_of(ret->bytes, len);
    if (fault) {
        error_setg(errp, "property '" CXL_DCD_PROP_STATE "': '%s' cannot be "
                   "used: %s; name another file, or remove this one to start "
                   "without capacity (with '" CXL_DCD_PROP_ADOPT "' on)", path,
                   fault);
        cxl_dcd_image_clear(ret);
        return false;
    }
    cxl_dcd_image_decode(ret, len);
    return true;
}

void cxl_dcd_image_clear(CXLDcdImage *image)
{
    g_clear_pointer(&image->bytes, g_free);
}
