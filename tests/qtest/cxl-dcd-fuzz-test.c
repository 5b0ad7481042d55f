/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a guest whose deeds are drawn by lot
 *
 * Some inputs that are kept, then random ones and changed copies of those kept,
 * for CXL_DCD_FUZZ_SECONDS. An input is in a file while it is tried: what ends
 * QEMU is still there afterwards. CXL_DCD_FUZZ_INPUT tries one such file,
 * CXL_DCD_FUZZ_SEED repeats a run, CXL_DCD_FUZZ_DIR is where files go.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "cxl-dcd-fuzz-ops.h"

#define SECONDS_USUAL   20
#define LENGTH_MIN      64
#define LENGTH_MAX      1500

/*
 * What is kept, in hex: make-up, then deeds. Each leads to a place where an
 * input has ended QEMU, or where chance takes long to come.
 */
#define ZEROS_16 "00000000000000000000000000000000"
#define EXCHANGE_AGAIN "0a00000001" "0a00000001" "0a00000001" "0a00000001"

static const char *const kept[] = {
    /* Get LSA of no bytes; Set LSA with none; of all there are */
    "02" "0010000000" "0011e80000" "0010000100",
    "02" "0011e80000" "0e00" "0011000000",
    /* Set Feature: a part, then the end with more; then one that is whole */
    "00" "000d0000000101" "000d0000000104" "000d0000000100",
    /* Clear Poison of the last line of all addresses */
    "04" "001400000000000048" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16
    "c0ffffffffffffff",
    /* Objects for the exchange, again and again, then read */
    "00" "0a0300010000000001" EXCHANGE_AGAIN EXCHANGE_AGAIN "0a00270000",
    /* Sanitize, time, a reset in the middle, more time, once more, FLR */
    "03" "0018000000" "0c04" "0e00" "0c20" "0018000000" "0c04" "0e01" "0c40",
    /* Poison, its list, a scan of it, while it is sanitized */
    "03" "001300000001000000" "001200000000ff0000" "001600000000100000"
    "0018000000" "001200000000ff0000" "0c40",
    /* Offers are made, taken in parts, taken away */
    "00" "0d01040100" "001c000001010400" "0d02040000" "001d0000000104",
};

static GByteArray *from_hex(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();

    for (; hex[0] && hex[1]; hex += 2) {
        uint8_t byte = g_ascii_xdigit_value(hex[0]) << 4 |
                       g_ascii_xdigit_value(hex[1]);

        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

static void attempt(const GByteArray *bytes, const char *file)
{
    g_autoptr(GError) error = NULL;

    g_file_set_contents(file, (const char *)bytes->data, bytes->len, &error);
    g_assert_no_error(error);
    cxl_dcd_fuzz_run(bytes->data, bytes->len);
    unlink(file);
}

/* All by chance, or something kept with some of its bytes changed and a tail */
static GByteArray *draw(uint64_t *state)
{
    uint64_t random = cxl_dcd_raw_random(state);
    unsigned length = LENGTH_MIN + random % (LENGTH_MAX - LENGTH_MIN);
    GByteArray *bytes = random >> 32 & 1 ? g_byte_array_new() :
        from_hex(kept[(random >> 40) % ARRAY_SIZE(kept)]);
    unsigned i;

    for (i = 0; i < bytes->len; i++) {
        random = cxl_dcd_raw_random(state);
        if (random % 8 == 0) {
            bytes->data[i] = random >> 8;
        }
    }
    while (bytes->len < length) {
        uint8_t byte = cxl_dcd_raw_random(state);

        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

static char *input_file(void)
{
    const char *dir = g_getenv("CXL_DCD_FUZZ_DIR") ?: g_get_tmp_dir();

    return g_strdup_printf("%s/cxl-dcd-fuzz-%d", dir, getpid());
}

static void all_kept(void)
{
    g_autofree char *file = input_file();
    size_t i;

    for (i = 0; i < ARRAY_SIZE(kept); i++) {
        g_autoptr(GByteArray) bytes = from_hex(kept[i]);

        attempt(bytes, file);
    }
}

static uint64_t number(const char *name, uint64_t usual)
{
    const char *text = g_getenv(name);
    uint64_t value;

    if (!text) {
        return usual;
    }
    g_assert_cmpint(qemu_strtou64(text, NULL, 0, &value), ==, 0);
    return value;
}

static void by_lot(void)
{
    int64_t end = g_get_monotonic_time() + G_USEC_PER_SEC *
                  number("CXL_DCD_FUZZ_SECONDS", SECONDS_USUAL);
    uint64_t state = number("CXL_DCD_FUZZ_SEED", g_get_real_time());
    g_autofree char *file = input_file();
    unsigned count = 0;

    printf("# CXL_DCD_FUZZ_SEED=%" PRIu64 ", what is being tried is in %s\n",
           state, file);
    fflush(stdout);
    while (g_get_monotonic_time() < end) {
        g_autoptr(GByteArray) bytes = draw(&state);

        attempt(bytes, file);
        count++;
    }
    printf("# %u inputs\n", count);
}

static void one(void)
{
    const char *file = g_getenv("CXL_DCD_FUZZ_INPUT");
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize length;

    g_file_get_contents(file, &bytes, &length, &error);
    g_assert_no_error(error);
    cxl_dcd_fuzz_run((const uint8_t *)bytes, length);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (g_getenv("CXL_DCD_FUZZ_INPUT")) {
        qtest_add_func("/cxl-dcd/fuzz/one", one);
        return g_test_run();
    }
    qtest_add_func("/cxl-dcd/fuzz/kept", all_kept);
    qtest_add_func("/cxl-dcd/fuzz/by-lot", by_lot);
    return g_test_run();
}
