/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what the machine's operator can see: the
 * monitor command for people, a trace event for every transition, and memory
 * that comes back to the system.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define MIB     CXL_DCD_TEST_MIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS
#define TAG     "10111213-1415-1617-1819-1a1b1c1d1e1f"

/* --- info cxl-dynamic-capacity --- */

static void assert_info(CXLDcdDevice *d, const char *what, bool there)
{
    g_autofree char *text = qtest_hmp(d->machine->qts,
                                      "info cxl-dynamic-capacity");

    if (!!strstr(text, what) != there) {
        g_test_message("%s", text);
        g_assert_cmpstr(text, ==, what);
    }
}

static void hmp(CXLDcdDevice *d)
{
    g_autofree char *offered = g_strdup_printf(
        "extent [0x200000, +0x400000] of region 0: pending, none, tag " TAG
        ", sequence 0");

    assert_info(d, d->path, true);
    assert_info(d, "extents 0 of 1048576", true);
    assert_info(d, "region 0: dpa 0x0, length 0x40000000, block 0x200000, "
                "available 0x40000000", true);
    assert_info(d, "region 1: dpa 0x40000000, length 0x20000000, block 0x10000",
                true);
    assert_info(d, "extent [", false);
    cxl_dcd_map(d);
    cxl_dcd_qmp_add(d, .tag = TAG, CXL_DCD_EXTENTS({ BLOCK, 2 * BLOCK }));
    assert_info(d, offered, true);
    assert_info(d, "extents 1 of 1048576", true);
    assert_info(d, "available 0x3fc00000", true);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + BLOCK, 2 * BLOCK }), ==,
                    SUCCESS);
    assert_info(d, "region 0: accepted, direct, tag " TAG, true);
    assert_info(d, "1 direct mappings", true);
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ BLOCK, 2 * BLOCK }));
    assert_info(d, "region 0: releasing, direct", true);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base + BLOCK, 2 * BLOCK }), ==,
                    SUCCESS);
    assert_info(d, "accepted", false);
    assert_info(d, "releasing", false);
}

/* --- Trace events --- */

typedef const char *Phrase;

static char *trace_file;

/* The lines that were written since @from contain all of @what, in order. */
static size_t assert_traced(size_t from, const Phrase *what)
{
    g_autofree char *text = NULL;
    const char *at;
    size_t len;

    g_assert_true(g_file_get_contents(trace_file, &text, &len, NULL));
    g_assert_cmpuint(from, <=, len);
    for (at = text + from; *what; what++) {
        const char *found = strstr(at, *what);

        if (!found) {
            g_test_message("%s", at);
            g_assert_cmpstr(at, ==, *what);
        }
        at = found + strlen(*what);
    }
    return len;
}

#define TRACED(from, ...) \
    assert_traced(from, (const Phrase[]){ __VA_ARGS__, NULL })

static void trace(CXLDcdDevice *d)
{
    CXLDcdSpan two[] = { { d->dc_base, BLOCK }, { d->dc_base + BLOCK, BLOCK } };
    size_t at;

    at = TRACED(0, "cxl_dcd_realized", "2 regions", "cxl_dcd_reset");
    cxl_dcd_map(d);
    at = TRACED(at, "cxl_dcd_mailbox", "0x4800", "cxl_dcd_routes", "1 routes");

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 2 * BLOCK }));
    at = TRACED(at, "cxl_dcd_add ", "1 extents", "cxl_dcd_event ", "type 0");
    g_assert_cmphex(cxl_dcd_accept(d, two[0], two[1]), ==, SUCCESS);
    at = TRACED(at, "cxl_dcd_reach ", "reachable 1", "cxl_dcd_map ",
                "cxl_dcd_map_commit", "1 mappings", "cxl_dcd_outcome",
                "outcome 0", "cxl_dcd_mailbox", "0x4802");

    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    at = TRACED(at, "cxl_dcd_remove ", "forced 0", "cxl_dcd_event ", "type 1");
    g_assert_cmphex(cxl_dcd_give_back(d, two[0]), ==, SUCCESS);
    at = TRACED(at, "cxl_dcd_reach ", "reachable 0", "cxl_dcd_unmap ",
                "cxl_dcd_outcome", "outcome 2");
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ BLOCK, BLOCK }), .forced = true);
    at = TRACED(at, "cxl_dcd_remove ", "forced 1", "reachable 0",
                "cxl_dcd_unmap ", "type 2");

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmphex(cxl_dcd_reject(d), ==, SUCCESS);
    at = TRACED(at, "type 0", "cxl_dcd_outcome", "outcome 1");
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 1 }), .error = "block size");
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 0, BLOCK }),
                    .error = "same request");
    at = TRACED(at, "cxl_dcd_refused", "same request");
    qtest_readq(d->machine->qts, d->machine->window);
    at = TRACED(at, "cxl_dcd_access_refused", "write 0");
    cxl_dcd_machine_reset(d->machine);
    TRACED(at, "cxl_dcd_reset", "cxl_dcd_routes", "0 routes");
}

static size_t trace_end(void)
{
    struct stat st;

    g_assert_cmpint(stat(trace_file, &st), ==, 0);
    return st.st_size;
}

/* What befalls capacity beside requests and answers */
static void trace_incidents(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint64_t hpa = cxl_dcd_map(d);
    size_t at = trace_end();

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    cxl_dcd_device_enable(d, false);
    cxl_dcd_device_enable(d, true);
    at = TRACED(at, "cxl_dcd_reachable", "enabled 0", "cxl_dcd_reachable",
                "enabled 1");
    qtest_qmp_assert_success(qts, "{'execute':'cxl-inject-poison','arguments':"
        "{'path':%s,'start':%" PRIu64 ",'length':64}}", d->path, d->dc_base);
    qtest_readb(qts, hpa);
    at = TRACED(at, "cxl_dcd_poison ", "len 0x40", "cxl_dcd_access_poisoned");
    cxl_dcd_irq_enable(d);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    at = TRACED(at, "cxl_dcd_interrupt", "vector");
    /* The log holds one record, which is there */
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }), .forced = true);
    at = TRACED(at, "cxl_dcd_remove ", "cxl_dcd_poison_dropped",
                "cxl_dcd_event_dropped", "type 2",
                "cxl_dcd_sanitized_own", "cxl_dcd_sanitized_range",
                "cxl_dcd_outcome", "outcome 3");
    cxl_dcd_device_flr(d);
    at = TRACED(at, "cxl_dcd_flr");
    cxl_dcd_device_cxl_reset(d);
    at = TRACED(at, "cxl_dcd_cxl_reset", "cxl_dcd_reset", "outcome 1");
}

/* References, a region's configuration, Sanitize, and the end */
static void trace_rest(CXLDcdDevice *d)
{
    const char *reference = "{'execute':'cxl-dynamic-capacity-reference',"
        "'arguments':{'path':%s,'tag':%s,'held':%i}}";
    uint64_t shared = d->dc_base + CXL_DCD_TEST_LENGTH;
    size_t at = trace_end();

    cxl_dcd_qmp_add(d, .region = 1, .tag = TAG, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_cmphex(cxl_dcd_accept(d, { shared, BLOCK }), ==, SUCCESS);
    cxl_dcd_drop_events(d);
    qtest_qmp_assert_success(d->machine->qts, reference, d->path, TAG, true);
    at = TRACED(at, "cxl_dcd_reference", TAG, "held 1");
    g_assert_cmphex(cxl_dcd_give_back(d, { shared, BLOCK }), ==, SUCCESS);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "referenced"), ==, 1);
    qtest_qmp_assert_success(d->machine->qts, reference, d->path, TAG, false);
    at = TRACED(at, "outcome 2", "cxl_dcd_reference", TAG, "held 0",
                "cxl_dcd_sanitized_range");
    qtest_qmp_assert_success(d->machine->qts,
        "{'execute':'cxl-set-dynamic-capacity-region','arguments':{'path':%s,"
        "'region':0,'block-size':65536}}", d->path);
    at = TRACED(at, "cxl_dcd_event ", "type 3");
    cxl_dcd_command(d, 0x4400, NULL, 0, NULL, 0, NULL);
    qtest_clock_step(d->machine->qts, 60 * G_GINT64_CONSTANT(1000000000));
    at = TRACED(at, "cxl_dcd_sanitize ", "cxl_dcd_sanitized");
    cxl_dcd_device_unplug(d);
    TRACED(at, "cxl_dcd_exit");
    cxl_dcd_device_plug(d);
}

/* --- Memory of the system --- */

static uint64_t resident(CXLDcdDevice *d)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm",
                                            qtest_pid(d->machine->qts));
    g_autofree char *text = NULL;
    uint64_t size, pages;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpint(sscanf(text, "%" SCNu64 " %" SCNu64, &size, &pages), ==, 2);
    return pages * qemu_real_host_page_size();
}

static void fill(CXLDcdDevice *d, uint64_t hpa, uint64_t length)
{
    uint64_t at;

    for (at = 0; at < length; at += MIB) {
        qtest_memset(d->machine->qts, hpa + at, 0x5a, MIB);
    }
}

/* @forced or by the host: what 128 MiB took is there again for others. */
static void comes_back(CXLDcdDevice *d, bool forced)
{
    const uint64_t size = 128 * MIB, slack = 8 * MIB;
    uint64_t hpa = cxl_dcd_map(d), before, full;

    before = resident(d);
    cxl_dcd_add_accepted(d, { 0, size });
    fill(d, hpa, size);
    full = resident(d);
    g_assert_cmpuint(full, >, before + size - slack);
    if (forced) {
        cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, size }), .forced = true);
    } else {
        g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, size }), ==,
                        SUCCESS);
    }
    cxl_dcd_wait_clean(d);
    g_assert_cmpuint(resident(d), <, full - size + slack);
}

static void released(CXLDcdDevice *d)
{
    comes_back(d, false);
}

static void forced(CXLDcdDevice *d)
{
    comes_back(d, true);
}

int main(int argc, char **argv)
{
    CXLDcdOptions traced = { 0 }, shallow = {
        .size = CXL_DCD_TEST_SIZE,
        .regions = "[{\"size\":1073741824},{\"size\":536870912,"
                   "\"flags\":[\"sharable\"]}]",
        .properties = ",\"dc-event-log-size\":1",
    };
    g_autofree char *arguments = NULL;
    int fd, status;

    g_test_init(&argc, &argv, NULL);
    fd = g_file_open_tmp("cxl-dcd-trace-XXXXXX", &trace_file, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    arguments = g_strdup_printf("-trace enable=cxl_dcd_* -D %s ", trace_file);
    traced.arguments = shallow.arguments = arguments;
    cxl_dcd_add_case("/cxl-dcd/observe/hmp", NULL, hmp);
    cxl_dcd_add_case("/cxl-dcd/observe/trace", &traced, trace);
    cxl_dcd_add_case("/cxl-dcd/observe/trace-incidents", &shallow,
                     trace_incidents);
    cxl_dcd_add_case("/cxl-dcd/observe/trace-rest", &shallow, trace_rest);
    cxl_dcd_add_case("/cxl-dcd/observe/memory-released", NULL, released);
    cxl_dcd_add_case("/cxl-dcd/observe/memory-forced", NULL, forced);
    status = g_test_run();
    unlink(trace_file);
    g_free(trace_file);
    return status;
}
