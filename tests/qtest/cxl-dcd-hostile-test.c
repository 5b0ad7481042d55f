/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: commands that the device inherits, with what a
 * hostile guest would say. Each case is an input that once ended QEMU, told of
 * its memory or wrote into it; after each the device must still work.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cxl-dcd-client-raw.h"

#define SUCCESS             CXL_DCD_RC_SUCCESS
#define STARTED             CXL_DCD_RC_BACKGROUND_STARTED
#define INVALID_INPUT       CXL_DCD_RC_INVALID_INPUT
#define INVALID_PA          CXL_DCD_RC_INVALID_PA
#define INVALID_LENGTH      CXL_DCD_RC_INVALID_PAYLOAD_LENGTH
#define OUT_OF_ORDER        0x001c  /* Feature Transfer Out of Order */
#define IN_PROGRESS         0x001b  /* Feature Transfer In Progress */

#define OP_TRANSFER_FW      0x0201
#define OP_GET_LOGS         0x0400
#define OP_GET_LOG          0x0401
#define OP_GET_FEATURE      0x0501
#define OP_SET_FEATURE      0x0502
#define OP_GET_LSA          0x4102
#define OP_SET_LSA          0x4103
#define OP_CLEAR_POISON     0x4302
#define OP_SCAN_CAPS        0x4303
#define OP_SCAN             0x4304
#define OP_SANITIZE         0x4400

#define LINE                64
#define FW_HEADER           0x80
#define LSA_HEADER          8

/* --- Logs (8.2.10.5) --- */

static uint16_t get_log(CXLDcdDevice *d, uint32_t offset, uint32_t length,
                        CXLDcdRawReply *reply)
{
    CXLDcdGetLogRequest request = {
        .uuid = { CXL_DCD_CEL_UUID_BYTES },
        .offset = cxl_dcd_put32(offset),
        .length = cxl_dcd_put32(length),
    };

    return cxl_dcd_raw_bytes(d, OP_GET_LOG, &request, sizeof(request), reply);
}

/* An offset counts bytes, and the log ends where 0400h says that it does */
static void log_ends(CXLDcdDevice *d)
{
    CXLDcdRawReply all, part;
    uint32_t size, at;

    cxl_dcd_raw_bytes(d, OP_GET_LOGS, NULL, 0, &all);
    size = ldl_le_p(all.bytes + 0x18);
    g_assert_cmphex(get_log(d, 0, size, &all), ==, SUCCESS);
    g_assert_cmphex(all.length, ==, size);
    for (at = 0; at < size; at++) {
        uint32_t length = MIN(4, size - at);

        g_assert_cmphex(get_log(d, at, length, &part), ==, SUCCESS);
        g_assert_cmpmem(part.bytes, part.length, all.bytes + at, length);
    }
    g_assert_cmphex(get_log(d, size, 1, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_log(d, 0, size + 1, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_log(d, 1, size, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_log(d, 0x3f000, 0x800, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_log(d, UINT32_MAX, 1, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_log(d, UINT32_MAX - 3, 8, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_log(d, 4, UINT32_MAX - 3, NULL), ==, INVALID_INPUT);
}

/* --- Features (8.2.10.6) --- */

#define FLAG_FULL           0
#define FLAG_INITIATE       1
#define FLAG_CONTINUE       2
#define FLAG_FINISH         3
#define FLAG_ABORT          4
#define FEATURE_DATA        32

typedef struct Feature {
    uint8_t uuid[16];
    size_t set_size;
} Feature;

static const Feature patrol_scrub = {
    .uuid = { 0x96, 0xda, 0xd7, 0xd6, 0xfd, 0xe8, 0x48, 0x2b, 0xa7, 0x33, 0x75,
              0x77, 0x4e, 0x06, 0xdb, 0x8a },
    .set_size = 2,
};
static const Feature error_check_scrub = {
    .uuid = { 0xe5, 0xb1, 0x3f, 0x22, 0x23, 0x28, 0x4a, 0x14, 0xb8, 0xba, 0xb9,
              0x69, 0x1e, 0x89, 0x33, 0x86 },
    .set_size = 7,
};

static uint16_t set_feature(CXLDcdDevice *d, const Feature *feature,
                            uint32_t flags, uint16_t offset, size_t size,
                            uint8_t fill)
{
    uint8_t in[CXL_DCD_RAW_PAYLOAD] = { 0 };

    memcpy(in, feature->uuid, sizeof(feature->uuid));
    stl_le_p(in + 16, flags);
    stw_le_p(in + 20, offset);
    in[22] = 1;
    memset(in + FEATURE_DATA, fill, size);
    return cxl_dcd_raw(d, OP_SET_FEATURE, FEATURE_DATA + size, in, NULL);
}

static uint16_t get_feature(CXLDcdDevice *d, const Feature *feature,
                            CXLDcdRawReply *reply)
{
    uint8_t in[21] = { 0 };

    memcpy(in, feature->uuid, sizeof(feature->uuid));
    stw_le_p(in + 18, 256);
    return cxl_dcd_raw_bytes(d, OP_GET_FEATURE, in, sizeof(in), reply);
}

/* The sum of the parts is what the feature has room for, not more */
static void parts_of(CXLDcdDevice *d, const Feature *feature)
{
    CXLDcdRawReply before, after;
    size_t i, size = feature->set_size;

    g_assert_cmphex(get_feature(d, feature, &before), ==, SUCCESS);
    g_assert_cmphex(set_feature(d, feature, FLAG_INITIATE, 0, size, 0xff), ==,
                    SUCCESS);
    for (i = 0; i < 2000; i++) {
        g_assert_cmphex(set_feature(d, feature, FLAG_CONTINUE, 0, size, 0xff),
                        ==, OUT_OF_ORDER);
    }
    g_assert_cmphex(set_feature(d, feature, FLAG_CONTINUE, size, 1, 0xff), ==,
                    INVALID_LENGTH);
    g_assert_cmphex(set_feature(d, feature, FLAG_FULL, 0, size, 0xff), ==,
                    IN_PROGRESS);
    g_assert_cmphex(set_feature(d, feature, FLAG_ABORT, 0, size, 0xff), ==,
                    SUCCESS);
    g_assert_cmphex(get_feature(d, feature, &after), ==, SUCCESS);
    g_assert_cmpmem(before.bytes, before.length, after.bytes, after.length);

    /* One byte each, then the same as one */
    for (i = 0; i < size; i++) {
        g_assert_cmphex(set_feature(d, feature, i == 0 ? FLAG_INITIATE :
                                    i + 1 == size ? FLAG_FINISH : FLAG_CONTINUE,
                                    i, 1, 1), ==, SUCCESS);
    }
    g_assert_cmphex(get_feature(d, feature, &before), ==, SUCCESS);
    g_assert_cmphex(set_feature(d, feature, FLAG_FULL, 0, size, 1), ==,
                    SUCCESS);
    g_assert_cmphex(get_feature(d, feature, &after), ==, SUCCESS);
    g_assert_cmpmem(before.bytes, before.length, after.bytes, after.length);
    g_assert_cmphex(after.bytes[2] | after.bytes[0], !=, 0);
}

static void feature_parts(CXLDcdDevice *d)
{
    parts_of(d, &patrol_scrub);
    parts_of(d, &error_check_scrub);
}

/* A part that is refused begins nothing, and is no part of anything */
static void feature_refused(CXLDcdDevice *d)
{
    Feature nothing = { .set_size = 2 }, unknown = { .set_size = 2 };

    memset(unknown.uuid, 0x5a, sizeof(unknown.uuid));
    g_assert_cmphex(set_feature(d, &unknown, FLAG_INITIATE, 0, 2, 1), ==,
                    CXL_DCD_RC_UNSUPPORTED);
    g_assert_cmphex(set_feature(d, &nothing, FLAG_INITIATE, 0, 2, 1), ==,
                    CXL_DCD_RC_UNSUPPORTED);
    g_assert_cmphex(set_feature(d, &patrol_scrub, FLAG_INITIATE, 0, 3, 1), ==,
                    INVALID_LENGTH);
    g_assert_cmphex(set_feature(d, &patrol_scrub, FLAG_INITIATE, 0xffff, 2, 1),
                    ==, INVALID_LENGTH);
    g_assert_cmphex(set_feature(d, &patrol_scrub, FLAG_INITIATE, 1, 1, 1), ==,
                    OUT_OF_ORDER);
    g_assert_cmphex(set_feature(d, &patrol_scrub, FLAG_FULL, 0, 0, 1), ==,
                    INVALID_LENGTH);
    g_assert_cmphex(set_feature(d, &patrol_scrub, FLAG_CONTINUE, 0, 1, 1), ==,
                    OUT_OF_ORDER);
    g_assert_cmphex(set_feature(d, &patrol_scrub, FLAG_FINISH, 0, 1, 1), ==,
                    OUT_OF_ORDER);
    g_assert_cmphex(set_feature(d, &patrol_scrub, 7, 0, 1, 1), ==,
                    INVALID_INPUT);
    g_assert_cmphex(set_feature(d, &patrol_scrub, FLAG_FULL, 1, 2, 1), ==,
                    INVALID_LENGTH);
    g_assert_cmphex(get_feature(d, &nothing, NULL), ==, CXL_DCD_RC_UNSUPPORTED);
    parts_of(d, &patrol_scrub);
    parts_of(d, &error_check_scrub);

    /* What was under way ends with a reset */
    g_assert_cmphex(set_feature(d, &patrol_scrub, FLAG_INITIATE, 0, 1, 1), ==,
                    SUCCESS);
    cxl_dcd_machine_reset(d->machine);
    g_assert_cmphex(set_feature(d, &patrol_scrub, FLAG_FINISH, 1, 1, 1), ==,
                    OUT_OF_ORDER);
    parts_of(d, &error_check_scrub);
}

/* --- Label area (8.2.10.9.2.3) --- */

static uint16_t get_label(CXLDcdDevice *d, uint32_t offset, uint32_t length,
                          CXLDcdRawReply *reply)
{
    uint8_t in[8];

    stl_le_p(in, offset);
    stl_le_p(in + 4, length);
    return cxl_dcd_raw_bytes(d, OP_GET_LSA, in, sizeof(in), reply);
}

static uint16_t set_label(CXLDcdDevice *d, uint32_t offset, size_t length,
                          uint8_t fill)
{
    uint8_t in[CXL_DCD_RAW_PAYLOAD] = { 0 };

    stl_le_p(in, offset);
    memset(in + LSA_HEADER, fill, length);
    return cxl_dcd_raw(d, OP_SET_LSA, LSA_HEADER + length, in, NULL);
}

static void label_bounds(CXLDcdDevice *d)
{
    const uint32_t size = CXL_DCD_TEST_MIB, most = CXL_DCD_RAW_PAYLOAD;
    uint8_t fill[CXL_DCD_RAW_PAYLOAD];
    CXLDcdRawReply reply;

    memset(fill, 0xa5, sizeof(fill));
    g_assert_cmphex(set_label(d, 0, most - LSA_HEADER, 0xa5), ==, SUCCESS);
    g_assert_cmphex(set_label(d, most - LSA_HEADER, 16, 0xa5), ==, SUCCESS);
    g_assert_cmphex(get_label(d, 0, most, &reply), ==, SUCCESS);
    g_assert_cmpmem(reply.bytes, reply.length, fill, most);
    g_assert_cmphex(get_label(d, 0, most + 1, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_label(d, 0, size, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_label(d, size, 1, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_label(d, size - 1, 2, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(get_label(d, UINT32_MAX, UINT32_MAX, NULL), ==,
                    INVALID_INPUT);
    g_assert_cmphex(get_label(d, UINT32_MAX, 2, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(set_label(d, size, 1, 1), ==, INVALID_INPUT);
    g_assert_cmphex(set_label(d, size - 8, 9, 1), ==, INVALID_INPUT);
    g_assert_cmphex(set_label(d, UINT32_MAX, 9, 1), ==, INVALID_INPUT);
    g_assert_cmphex(set_label(d, size - 8, 8, 0xa5), ==, SUCCESS);
    g_assert_cmphex(get_label(d, size - 8, 8, &reply), ==, SUCCESS);
    g_assert_cmpmem(reply.bytes, reply.length, fill, 8);
}

/* No bytes are no bytes: at the start, in the middle, at the end, behind it */
static void label_empty(CXLDcdDevice *d)
{
    const uint32_t size = CXL_DCD_TEST_MIB;
    const uint32_t offsets[] = { 0, 1, size - 1, size };
    CXLDcdRawReply reply;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(offsets); i++) {
        g_assert_cmphex(get_label(d, offsets[i], 0, &reply), ==, SUCCESS);
        g_assert_cmphex(reply.length, ==, 0);
        g_assert_cmphex(set_label(d, offsets[i], 0, 0), ==, SUCCESS);
    }
    g_assert_cmphex(get_label(d, size + 1, 0, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(set_label(d, size + 1, 0, 0), ==, INVALID_INPUT);
}

static void label_absent(CXLDcdDevice *d)
{
    g_assert_cmphex(get_label(d, 0, 1, NULL), ==, INVALID_INPUT);
    g_assert_cmphex(set_label(d, 0, 1, 1), ==, INVALID_INPUT);
    g_assert_cmphex(get_label(d, 0, 0, NULL), ==, SUCCESS);
    g_assert_cmphex(set_label(d, 0, 0, 1), ==, SUCCESS);
}

/*
 * Memory that the host cannot write to, either: the guest's writes find that
 * out, not a signal.
 */
static void label_read_only(void)
{
    g_autofree char *file = NULL, *arguments = NULL;
    CXLDcdOptions options = { 0 };
    CXLDcdMachine *machine;
    CXLDcdDevice *d;
    CXLDcdRawReply reply;
    int fd = g_file_open_tmp("cxl-dcd-lsa-XXXXXX", &file, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, CXL_DCD_TEST_MIB), ==, 0);
    close(fd);
    arguments = g_strdup_printf(
        "-object memory-backend-ram,id=pmem0,size=256M,reserve=off "
        "-object memory-backend-file,id=lsa0,size=1M,share=on,readonly=on,"
        "mem-path=%s ", file);
    options.arguments = arguments;
    options.properties = ",\"persistent-memdev\":\"pmem0\",\"lsa\":\"lsa0\"";
    machine = cxl_dcd_machine_start(&options);
    unlink(file);
    d = &machine->device[0];
    g_assert_cmphex(set_label(d, 0, 1, 1), ==, CXL_DCD_RC_INTERNAL_ERROR);
    g_assert_cmphex(cxl_dcd_raw_bytes(d, OP_SANITIZE, NULL, 0, NULL), ==,
                    CXL_DCD_RC_INTERNAL_ERROR);
    g_assert_cmphex(get_label(d, 0, 16, &reply), ==, SUCCESS);
    g_assert_cmphex(reply.bytes[0], ==, 0);
    cxl_dcd_add_accepted(d, { 0, CXL_DCD_TEST_BLOCK });
    cxl_dcd_machine_stop(machine);
}

/* --- Firmware, media scans --- */

static uint16_t transfer(CXLDcdDevice *d, uint8_t action, uint8_t slot,
                         uint32_t offset, size_t length)
{
    uint8_t in[CXL_DCD_RAW_PAYLOAD] = { action, slot };

    stl_le_p(in + 4, offset);
    return cxl_dcd_raw(d, OP_TRANSFER_FW, FW_HEADER + length, in, NULL);
}

/* Offsets count 128 bytes: 32 bits of them are more than 32 bits of bytes */
static void firmware_offset(CXLDcdDevice *d)
{
    const uint32_t end = (32 * CXL_DCD_TEST_MIB) / 128;

    g_assert_cmphex(transfer(d, 1, 2, 0x02000000, 128), ==, INVALID_INPUT);
    g_assert_cmphex(transfer(d, 0, 2, UINT32_MAX, 128), ==, INVALID_INPUT);
    g_assert_cmphex(transfer(d, 0, 2, end, 128), ==, INVALID_INPUT);
    g_assert_cmphex(transfer(d, 1, 2, 0, 128), ==, STARTED);
    cxl_dcd_raw_wait(d);
    g_assert_cmphex(transfer(d, 3, 2, 0x02000001, 128), ==, INVALID_INPUT);
    g_assert_cmphex(transfer(d, 3, 2, end - 1, 128), ==, STARTED);
    cxl_dcd_raw_wait(d);
}

static uint16_t scan(CXLDcdDevice *d, uint16_t opcode, uint64_t dpa,
                     uint64_t lines)
{
    uint8_t in[17];

    stq_le_p(in, dpa);
    stq_le_p(in + 8, lines);
    in[16] = 1;
    return cxl_dcd_raw_bytes(d, opcode, in, opcode == OP_SCAN ? 17 : 16, NULL);
}

/* A sum that wraps would be scanned for years, and nothing else be started */
static void scan_wraps(CXLDcdDevice *d)
{
    const uint64_t size = 512 * CXL_DCD_TEST_MIB + 256 * CXL_DCD_TEST_MIB;
    const uint16_t opcodes[] = { OP_SCAN_CAPS, OP_SCAN };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
        uint16_t op = opcodes[i];

        g_assert_cmphex(scan(d, op, -(uint64_t)LINE, 1), ==, INVALID_PA);
        g_assert_cmphex(scan(d, op, LINE, UINT64_MAX / LINE), ==, INVALID_PA);
        g_assert_cmphex(scan(d, op, 0, UINT64_MAX), ==, INVALID_PA);
        g_assert_cmphex(scan(d, op, LINE, 1ULL << 58), ==, INVALID_PA);
        g_assert_cmphex(scan(d, op, size, 1), ==, INVALID_PA);
        g_assert_cmphex(scan(d, op, size - LINE, 2), ==, INVALID_PA);
        g_assert_cmphex(scan(d, op, 1, 1), ==, INVALID_INPUT);
    }
    g_assert_cmphex(scan(d, OP_SCAN_CAPS, size - LINE, 1), ==, SUCCESS);
    g_assert_cmphex(scan(d, OP_SCAN, 0, size / LINE), ==, STARTED);
    cxl_dcd_raw_wait(d);
}

/* The line behind the last one is none: not -1, and not with 63 bytes of it */
static void clear_poison_wraps(CXLDcdDevice *d)
{
    const uint64_t bad[] = {
        -(uint64_t)LINE, -(uint64_t)1, 768 * CXL_DCD_TEST_MIB,
        512 * CXL_DCD_TEST_MIB - LINE / 2, 1ULL << 63,
    };
    uint8_t in[8 + LINE] = { 0 };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        stq_le_p(in, bad[i]);
        g_assert_cmphex(cxl_dcd_raw_bytes(d, OP_CLEAR_POISON, in, sizeof(in),
                                          NULL), ==, INVALID_PA);
    }
}

static const CXLDcdMakeup *makeup(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cxl_dcd_makeups); i++) {
        if (!strcmp(cxl_dcd_makeups[i].name, name)) {
            return &cxl_dcd_makeups[i];
        }
    }
    g_assert_not_reached();
}

int main(int argc, char **argv)
{
    const CXLDcdOptions *all = &makeup("all")->options;
    const CXLDcdOptions *plain = &makeup("static")->options;

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/hostile/log-ends", NULL, log_ends);
    cxl_dcd_add_case("/cxl-dcd/hostile/log-ends-static", plain, log_ends);
    cxl_dcd_add_case("/cxl-dcd/hostile/feature-parts", NULL, feature_parts);
    cxl_dcd_add_case("/cxl-dcd/hostile/feature-refused", NULL, feature_refused);
    cxl_dcd_add_case("/cxl-dcd/hostile/feature-parts-static", plain,
                     feature_parts);
    cxl_dcd_add_case("/cxl-dcd/hostile/label-bounds", all, label_bounds);
    cxl_dcd_add_case("/cxl-dcd/hostile/label-bounds-static", plain,
                     label_bounds);
    cxl_dcd_add_case("/cxl-dcd/hostile/label-empty", all, label_empty);
    cxl_dcd_add_case("/cxl-dcd/hostile/label-absent", NULL, label_absent);
    qtest_add_func("/cxl-dcd/hostile/label-read-only", label_read_only);
    cxl_dcd_add_case("/cxl-dcd/hostile/firmware-offset", NULL, firmware_offset);
    cxl_dcd_add_case("/cxl-dcd/hostile/scan-wraps", all, scan_wraps);
    cxl_dcd_add_case("/cxl-dcd/hostile/clear-poison-wraps", plain,
                     clear_poison_wraps);
    return g_test_run();
}
