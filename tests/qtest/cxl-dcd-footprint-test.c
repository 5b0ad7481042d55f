/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: capacity that nobody has costs the host next to
 * nothing, however much there is of it.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define GIB     CXL_DCD_TEST_GIB
#define TIB     (1024 * GIB)
#define KIB_MAX (16 * 1024)

/* Resident memory of QEMU in KiB, as the system counts it */
static uint64_t resident_kib(CXLDcdMachine *machine)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status",
                                            qtest_pid(machine->qts));
    g_autofree char *text = NULL;
    char *line;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    line = strstr(text, "VmRSS:");
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen("VmRSS:"), NULL, 10);
}

static uint64_t resident_with(const CXLDcdOptions *options)
{
    CXLDcdMachine *machine = cxl_dcd_machine_start(options);
    uint64_t kib = resident_kib(machine);

    cxl_dcd_machine_stop(machine);
    return kib;
}

static void unused_capacity(void)
{
    static const CXLDcdOptions one_gib = {
        .size = GIB, .regions = "[{\"size\":1073741824}]",
    };
    static const CXLDcdOptions one_tib = {
        .size = TIB, .regions = "[{\"size\":1099511627776}]",
    };
    uint64_t small = resident_with(&one_gib), large = resident_with(&one_tib);

    g_test_message("1 GiB: %" PRIu64 " KiB resident, 1 TiB: %" PRIu64,
                   small, large);
    g_assert_cmpuint(large, <, small + KIB_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/footprint/unused-capacity", unused_capacity);
    return g_test_run();
}
