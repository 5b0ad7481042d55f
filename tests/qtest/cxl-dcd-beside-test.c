/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what takes long is done beside the machine
 *
 * Memory for an offer is taken, and what the last host of a shared tag leaves
 * is cleaned. The files are in shared memory, where either takes some tenths of
 * a second per GiB.
 */
#include "qemu/osdep.h"
#include <sys/mount.h>
#include "cxl-dcd-client-fm.h"

#define MIB     CXL_DCD_TEST_MIB
#define GIB     CXL_DCD_TEST_GIB
#define BLOCK   CXL_DCD_TEST_BLOCK
#define ALL     (2 * GIB)
#define SUCCESS CXL_DCD_RC_SUCCESS
#define REGIONS "[{\"size\":2147483648}]"
#define SHARED  "[{\"size\":2147483648,\"flags\":[\"sharable\"]}]"
#define TAG     "20212223-2425-2627-2829-2a2b2c2d2e2f"
#define ADD_ALL \
    "{'execute':'cxl-add-dynamic-capacity','arguments':{'path':%s," \
    "'region':0,'selection-policy':'free','length':%" PRIu64 "}}"

/* A folder in shared memory, and a file in it */
static char *folder, *file;

static uint64_t taken(void)
{
    struct stat st;

    g_assert_cmpint(stat(file, &st), ==, 0);
    return st.st_blocks * 512ULL;
}

static CXLDcdMachine *start(bool pool, unsigned host)
{
    CXLDcdOptions options = {
        .size = ALL, .regions = REGIONS, .pool = pool ? file : NULL,
        .host = pool ? host : 0, .memory_file = pool ? NULL : file,
        .properties = pool ? NULL : ",\"dc-prealloc\":true",
    };

    if (!pool) {
        g_assert_true(g_file_set_contents(file, "", 0, NULL));
    }
    return cxl_dcd_machine_start(&options);
}

/* How often the machine answers while some of @bytes are taken, not all */
static unsigned meanwhile(CXLDcdDevice *device, uint64_t bytes)
{
    uint64_t now, before = taken();
    unsigned answers = 0;

    while ((now = taken()) < bytes) {
        cxl_dcd_doorbell(device);
        answers += now > before;
    }
    return answers;
}

static void add_all(CXLDcdDevice *device, uint64_t length)
{
    qtest_qmp_send(device->machine->qts, ADD_ALL, device->path, length);
}

/* What was asked for last has been done. */
static void done(CXLDcdDevice *device)
{
    QDict *response = qtest_qmp_receive(device->machine->qts);

    g_assert_true(qdict_haskey(response, "return"));
    qobject_unref(response);
}

/* Nearly no memory is behind the file any more. */
static void wait_given_back(CXLDcdDevice *device)
{
    gint64 limit = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;

    while (taken() > 64 * MIB) {
        cxl_dcd_doorbell(device);
        g_assert_cmpint(g_get_monotonic_time(), <, limit);
    }
}

static void machine_goes_on(bool pool)
{
    CXLDcdMachine *machine = start(pool, 1);
    CXLDcdDevice *device = &machine->device[0];

    add_all(device, ALL);
    g_assert_cmpuint(meanwhile(device, ALL), >, 20);
    done(device);
    g_assert_cmpuint(taken(), >=, ALL);
    g_assert_cmpuint(cxl_dcd_query_count(device, "state", "pending"), ==, 1);
    g_assert_cmpuint(cxl_dcd_reject(device), ==, CXL_DCD_RC_SUCCESS);
    cxl_dcd_wait_clean(device);
    g_assert_cmpuint(taken(), <, GIB);
    cxl_dcd_machine_stop(machine);
    unlink(file);
}

static void of_a_pool(void)
{
    machine_goes_on(true);
}

static void own(void)
{
    machine_goes_on(false);
}

/* The fabric manager's request waits, and no other machine's part does. */
static void by_the_line(void)
{
    CXLDcdOptions options = { .size = ALL, .regions = REGIONS, .pool = file,
                              .host = 1 };
    CXLDcdFmInitiateRequest request = {
        .policy = CXL_DCD_POLICY_FREE, .length = cxl_dcd_put64(ALL),
        .host_id = cxl_dcd_put16(1),
    };
    uint8_t body[CXL_DCD_FM_CCI + sizeof(request)], answer[64], head[4];
    CXLDcdMachine *machine;
    CXLDcdDevice *device;
    CXLDcdFmLine line;
    size_t len;

    cxl_dcd_fm_options(&options, NULL);
    machine = cxl_dcd_machine_start(&options);
    device = &machine->device[0];
    line = cxl_dcd_fm_connect();
    len = cxl_dcd_fm_request(body, CXL_DCD_OP_FM_INITIATE_ADD, 1, &request,
                             sizeof(request));
    cxl_dcd_fm_send_message(&line, CXL_DCD_FM_EID, CXL_DCD_FM_OWNER, body, len);
    g_assert_cmpuint(meanwhile(device, ALL), >, 20);
    len = cxl_dcd_fm_receive_message(&line, head, answer, sizeof(answer));
    g_assert_cmpuint(len, ==, CXL_DCD_FM_CCI);
    g_assert_cmphex(answer[9] | answer[10] << 8, ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(taken(), >=, ALL);
    g_assert_cmpuint(cxl_dcd_query_count(device, "state", "pending"), ==, 1);

    /* Who asks and leaves gets nothing, and nobody else waits for him */
    g_assert_cmpuint(cxl_dcd_reject(device), ==, CXL_DCD_RC_SUCCESS);
    cxl_dcd_wait_clean(device);
    len = cxl_dcd_fm_request(body, CXL_DCD_OP_FM_INITIATE_ADD, 2, &request,
                             sizeof(request));
    cxl_dcd_fm_send_message(&line, CXL_DCD_FM_EID, CXL_DCD_FM_OWNER, body, len);
    cxl_dcd_fm_close(&line);
    line = cxl_dcd_fm_connect();
    g_assert_cmpuint(cxl_dcd_fm_info(&line), ==, CXL_DCD_RC_SUCCESS);
    wait_given_back(device);
    cxl_dcd_fm_close(&line);
    cxl_dcd_machine_stop(machine);
    unlink(file);
}

/* Another host claims what memory is taken for: both have what they got. */
static void another_is_faster(void)
{
    CXLDcdMachine *one = start(true, 1), *two = start(true, 2);
    CXLDcdDevice *a = &one->device[0], *b = &two->device[0];

    add_all(a, GIB);
    cxl_dcd_doorbell(a);          /* it has been begun by now */
    cxl_dcd_qmp_add(b, CXL_DCD_EXTENTS({ 64 * BLOCK, BLOCK }));
    done(a);
    g_assert_cmpuint(cxl_dcd_query_count(a, "state", "pending"), ==, 1);
    g_assert_cmpuint(cxl_dcd_query_count(b, "state", "pending"), ==, 1);
    g_assert_cmpuint(taken(), >=, GIB + BLOCK);
    g_assert_cmpuint(cxl_dcd_reject(a), ==, CXL_DCD_RC_SUCCESS);
    g_assert_cmpuint(cxl_dcd_reject(b), ==, CXL_DCD_RC_SUCCESS);
    cxl_dcd_machine_stop(one);
    cxl_dcd_machine_stop(two);
    unlink(file);
}

/* QEMU ends while memory is taken, and what it had begun is nobody's. */
static void killed(void)
{
    CXLDcdMachine *machine = start(true, 1);
    CXLDcdDevice *device = &machine->device[0];

    add_all(device, ALL);
    cxl_dcd_doorbell(device);
    cxl_dcd_machine_kill(machine);
    machine = start(true, 1);
    device = &machine->device[0];
    cxl_dcd_assert_no_extents(device);
    cxl_dcd_assert_no_events(device);
    add_all(device, ALL);
    done(device);
    cxl_dcd_machine_stop(machine);
    unlink(file);
}

/* --- A file system that has no room for it --- */

/* False: it cannot be made, and the test is skipped. */
static bool small_disk(char **before)
{
    g_autofree char *mount_at = g_build_filename(folder, "disk", NULL);

    g_assert_cmpint(mkdir(mount_at, 0700), ==, 0);
    if (mount("none", mount_at, "tmpfs", 0, "size=512m")) {
        rmdir(mount_at);
        g_test_skip("a file system of its own needs root");
        return false;
    }
    *before = file;
    file = g_build_filename(mount_at, "memory", NULL);
    return true;
}

static void small_disk_end(char *before)
{
    g_autofree char *mount_at = g_path_get_dirname(file);

    unlink(file);
    g_assert_cmpint(umount(mount_at), ==, 0);
    g_assert_cmpint(rmdir(mount_at), ==, 0);
    g_free(file);
    file = before;
}

/* Refused, and all is given back. */
static void full(gconstpointer pool)
{
    CXLDcdMachine *machine;
    CXLDcdDevice *device;
    uint64_t empty;
    char *before;

    if (!small_disk(&before)) {
        return;
    }
    machine = start(GPOINTER_TO_INT(pool), 1);
    device = &machine->device[0];
    empty = taken();
    cxl_dcd_qmp_add(device, .policy = "free", .length = GIB,
                    .error = "make room");
    wait_given_back(device);
    cxl_dcd_qmp_add(device, .policy = "free", .length = 128 * MIB);
    g_assert_cmpuint(taken(), >=, empty + 128 * MIB);
    cxl_dcd_machine_stop(machine);
    small_disk_end(before);
}

/* What a region may keep for whoever has it next is not lost by a refusal. */
static void full_keeps(void)
{
    CXLDcdOptions options = {
        .size = ALL, .properties = ",\"dc-prealloc\":true",
        .regions = "[{\"size\":2147483648,\"flags\":[\"nonvolatile\"],"
                   "\"sanitize\":false}]",
    };
    static const char kept[] = "kept";
    CXLDcdMachine *machine;
    char *before, bytes[sizeof(kept)];
    int fd;

    if (!small_disk(&before)) {
        return;
    }
    g_assert_true(g_file_set_contents(file, kept, sizeof(kept), NULL));
    g_assert_cmpint(truncate(file, ALL), ==, 0);
    options.memory_file = file;
    machine = cxl_dcd_machine_start(&options);
    cxl_dcd_qmp_add(&machine->device[0], .policy = "free", .length = GIB,
                    .error = "make room");
    fd = open(file, O_RDONLY);
    g_assert_cmpint(read(fd, bytes, sizeof(bytes)), ==, sizeof(bytes));
    g_assert_cmpstr(bytes, ==, kept);
    close(fd);
    cxl_dcd_machine_stop(machine);
    small_disk_end(before);
}

/* --- What is left of a shared tag --- */

static CXLDcdMachine *start_shared(unsigned host)
{
    CXLDcdOptions options = {
        .size = ALL, .regions = SHARED, .pool = file, .host = host,
    };

    return cxl_dcd_machine_start(&options);
}

static CXLDcdSpan all_of(const CXLDcdDevice *device)
{
    return (CXLDcdSpan) { device->dc_base, ALL };
}

static void take_shared(CXLDcdDevice *device)
{
    CXLDcdSpan all = all_of(device);

    cxl_dcd_qmp_add(device, .policy = "free", .length = ALL, .tag = TAG);
    g_assert_cmpuint(cxl_dcd_update(device, CXL_DCD_OP_ADD_RESPONSE, 0, &all,
                                    1), ==, CXL_DCD_RC_SUCCESS);
    cxl_dcd_drop_events(device);
    g_assert_cmpuint(taken(), >=, ALL);
}

/*
 * The pool says that all of it is free: a request waits for that for a second,
 * which may not be enough on a busy machine.
 */
static void wait_free(CXLDcdDevice *device)
{
    gint64 limit = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;
    uint64_t available;

    do {
        QDict *response = qtest_qmp(device->machine->qts,
                                    "{'execute':'query-cxl-dc-pool'}");
        QDict *pool = qobject_to(QDict, qlist_peek(
            qdict_get_qlist(response, "return")));

        available = qdict_get_int(pool, "available");
        qobject_unref(response);
        g_assert_cmpint(g_get_monotonic_time(), <, limit);
        g_usleep(1000);
    } while (available < ALL);
}

/* How often the machine answers while memory of the pool goes */
static unsigned while_it_goes(CXLDcdDevice *device)
{
    uint64_t now;
    unsigned answers = 0;

    while ((now = taken()) >= GIB / 8) {
        cxl_dcd_doorbell(device);
        answers += now < ALL - GIB / 8;
    }
    return answers;
}

static void begin(CXLDcdDevice *device, const char *command, const char *more)
{
    g_autofree char *text = g_strdup_printf("{'execute':'%s','arguments':{"
        "'path':'%s','tag':'" TAG "'%s}}", command, device->path, more);

    for (char *at = text; *at; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    qtest_qmp_send_raw(device->machine->qts, "%s", text);
}

/* Some of it is clean by now. */
static void wait_begun(CXLDcdDevice *device)
{
    while (taken() >= ALL) {
        cxl_dcd_doorbell(device);
    }
}

#define RELEASE "cxl-release-dynamic-capacity"
#define FORCED  ",'region':0,'removal-policy':'tag-based','forced-removal':true"

static void left_by_the_last(void)
{
    CXLDcdMachine *machine = start_shared(1);
    CXLDcdDevice *device = &machine->device[0];

    take_shared(device);
    begin(device, RELEASE, FORCED);
    g_assert_cmpuint(while_it_goes(device), >, 20);
    done(device);
    wait_free(device);
    take_shared(device);
    cxl_dcd_machine_stop(machine);
    unlink(file);
}

/* No host has it any more, but the fabric manager has a reference. */
static void keep_for_the_manager(CXLDcdDevice *device)
{
    take_shared(device);
    begin(device, "cxl-add-dynamic-capacity-reference", "");
    done(device);
    begin(device, RELEASE, FORCED);
    done(device);
    cxl_dcd_wait_clean(device);
}

/* What only the fabric manager kept: he lets go of it. */
static void left_by_the_manager(void)
{
    CXLDcdMachine *machine = start_shared(1);
    CXLDcdDevice *device = &machine->device[0];

    keep_for_the_manager(device);
    g_assert_cmpuint(taken(), >=, ALL);
    begin(device, "cxl-remove-dynamic-capacity-reference", "");
    g_assert_cmpuint(while_it_goes(device), >, 20);
    done(device);
    wait_free(device);
    take_shared(device);
    cxl_dcd_machine_stop(machine);
    unlink(file);
}

/* QEMU ends while it is cleaned: who is that host next goes on. */
static void left_and_killed(void)
{
    CXLDcdMachine *machine = start_shared(1);
    CXLDcdDevice *device = &machine->device[0];

    take_shared(device);
    begin(device, RELEASE, FORCED);
    wait_begun(device);
    cxl_dcd_machine_kill(machine);
    machine = start_shared(1);
    device = &machine->device[0];
    g_assert_cmpuint(taken(), <, GIB / 8);
    cxl_dcd_assert_no_extents(device);
    take_shared(device);
    cxl_dcd_machine_stop(machine);
    unlink(file);
}

/* While it is cleaned, it is neither free nor anybody's. */
static void left_is_not_free(void)
{
    CXLDcdMachine *one = start_shared(1), *two = start_shared(2);
    CXLDcdDevice *a = &one->device[0], *b = &two->device[0];
    QDict *response;

    take_shared(a);
    begin(a, RELEASE, FORCED);
    wait_begun(a);
    begin(b, "cxl-add-dynamic-capacity",
          ",'region':0,'selection-policy':'free','length':2147483648");
    response = qtest_qmp_receive(two->qts);
    if (qdict_haskey(response, "return")) {
        /* On a machine that is busy enough it is clean by then */
        g_assert_cmpuint(cxl_dcd_reject(b), ==, SUCCESS);
        wait_free(b);
    } else {
        g_assert_nonnull(strstr(qdict_get_str(qdict_get_qdict(response,
            "error"), "desc"), "region 0 has 0x0 free"));
    }
    qobject_unref(response);
    done(a);
    wait_free(a);
    take_shared(b);
    cxl_dcd_machine_stop(one);
    cxl_dcd_machine_stop(two);
    unlink(file);
}

/* The tag is another host's: refused when memory has been taken for it. */
static void refused_in_the_end(void)
{
    CXLDcdMachine *one = start_shared(1), *two = start_shared(2);
    CXLDcdDevice *a = &one->device[0], *b = &two->device[0];
    CXLDcdSpan block = { a->dc_base, BLOCK };

    cxl_dcd_qmp_add(a, .policy = "free", .length = BLOCK, .tag = TAG);
    g_assert_cmpuint(cxl_dcd_update(a, CXL_DCD_OP_ADD_RESPONSE, 0, &block, 1),
                     ==, CXL_DCD_RC_SUCCESS);
    cxl_dcd_qmp_add(b, .policy = "free", .length = GIB, .tag = TAG,
                    .error = "the tag is in use");
    wait_given_back(b);
    cxl_dcd_machine_stop(one);
    cxl_dcd_machine_stop(two);
    unlink(file);
}

/* The device goes while what the manager kept is cleaned. */
static void left_and_unplugged(void)
{
    CXLDcdOptions options = {
        .size = ALL, .regions = SHARED, .pool = file, .host = 1,
    };
    static const uint8_t tag[] = {
        0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
        0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f,
    };
    uint8_t body[CXL_DCD_FM_CCI + sizeof(tag)];
    CXLDcdMachine *machine;
    CXLDcdFmLine line;
    size_t len;

    cxl_dcd_fm_options(&options, NULL);
    machine = cxl_dcd_machine_start(&options);
    line = cxl_dcd_fm_connect();
    keep_for_the_manager(&machine->device[0]);
    /* Over the line, which waits as a client of QMP does */
    len = cxl_dcd_fm_request(body, CXL_DCD_OP_FM_REMOVE_REFERENCE, 1, tag,
                             sizeof(tag));
    cxl_dcd_fm_send_message(&line, CXL_DCD_FM_EID, CXL_DCD_FM_OWNER, body, len);
    wait_begun(&machine->device[0]);
    cxl_dcd_device_unplug_begin(&machine->device[0]);
    while (taken() >= GIB / 8) {
        g_usleep(1000);
    }
    /* It ends, and the machine lives */
    qtest_qmp_eventwait(machine->qts, "DEVICE_DELETED");
    qtest_qmp_assert_success(machine->qts, "{'execute':'query-status'}");
    cxl_dcd_fm_close(&line);
    cxl_dcd_machine_stop(machine);
    /* The host is free for another head, and so is all of the pool */
    machine = start_shared(1);
    take_shared(&machine->device[0]);
    cxl_dcd_machine_stop(machine);
    unlink(file);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    /* QEMU does not get away with using what it has freed */
    g_setenv("MALLOC_PERTURB_", "165", false);
    folder = g_strdup("/dev/shm/cxl-dcd-XXXXXX");
    g_assert_nonnull(g_mkdtemp(folder));
    file = g_build_filename(folder, "memory", NULL);
    qtest_add_func("/cxl-dcd/beside/take/pool", of_a_pool);
    qtest_add_func("/cxl-dcd/beside/take/own", own);
    qtest_add_func("/cxl-dcd/beside/take/line", by_the_line);
    qtest_add_func("/cxl-dcd/beside/take/another-is-faster", another_is_faster);
    qtest_add_func("/cxl-dcd/beside/take/killed", killed);
    qtest_add_data_func("/cxl-dcd/beside/take/full/pool", GINT_TO_POINTER(true),
                        full);
    qtest_add_data_func("/cxl-dcd/beside/take/full/own", GINT_TO_POINTER(false),
                        full);
    qtest_add_func("/cxl-dcd/beside/take/full/keeps", full_keeps);
    qtest_add_func("/cxl-dcd/beside/left/by-the-last", left_by_the_last);
    qtest_add_func("/cxl-dcd/beside/left/by-the-manager", left_by_the_manager);
    qtest_add_func("/cxl-dcd/beside/left/killed", left_and_killed);
    qtest_add_func("/cxl-dcd/beside/left/not-free", left_is_not_free);
    qtest_add_func("/cxl-dcd/beside/left/unplugged", left_and_unplugged);
    qtest_add_func("/cxl-dcd/beside/take/refused", refused_in_the_end);
    result = g_test_run();
    g_assert_cmpint(rmdir(folder), ==, 0);
    g_free(folder);
    g_free(file);
    return result;
}
