/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: several clients of QMP
 *
 * One client's command waits until memory of a pool is taken, which in shared
 * memory lasts some tenths of a second per GiB. The others are served, and see
 * the file grow meanwhile.
 */
#include "qemu/osdep.h"
#include <sys/un.h>
#include "libqmp.h"
#include "cxl-dcd-client.h"

#define GIB     CXL_DCD_TEST_GIB
#define ALL     (2 * GIB)
#define REGIONS "[{\"size\":2147483648}]"

static char *folder, *file, *door[2];

static uint64_t taken(void)
{
    struct stat st;

    g_assert_cmpint(stat(file, &st), ==, 0);
    return st.st_blocks * 512ULL;
}

static CXLDcdMachine *start(unsigned host)
{
    g_autofree char *monitors = g_strdup_printf(
        "-chardev socket,id=door0,path=%s,server=on,wait=off "
        "-mon chardev=door0,mode=control "
        "-chardev socket,id=door1,path=%s,server=on,wait=off "
        "-mon chardev=door1,mode=control", door[0], door[1]);
    CXLDcdOptions options = {
        .size = ALL, .regions = REGIONS, .pool = file, .host = host,
        .arguments = monitors,
    };

    return cxl_dcd_machine_start(&options);
}

static void stop(CXLDcdMachine *machine)
{
    cxl_dcd_machine_stop(machine);
    unlink(file);
    unlink(door[0]);
    unlink(door[1]);
}

/* --- A client beside the test's own --- */

/* The next answer is to the command with @id. True: it is good. */
static bool answer(int fd, const char *id)
{
    QDict *response = qmp_fd_receive(fd);
    bool good;

    while (qdict_haskey(response, "event")) {
        qobject_unref(response);
        response = qmp_fd_receive(fd);
    }
    g_assert_cmpstr(qdict_get_try_str(response, "id"), ==, id);
    good = qdict_haskey(response, "return");
    qobject_unref(response);
    return good;
}

/* @oob: commands are taken in before the ones in front of them are answered */
static int client(unsigned at, bool oob)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    QDict *greeting;

    g_strlcpy(address.sun_path, door[at], sizeof(address.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                    ==, 0);
    greeting = qmp_fd_receive(fd);
    g_assert_true(qdict_haskey(greeting, "QMP"));
    qobject_unref(greeting);
    if (oob) {
        qmp_fd_send(fd, "{'execute':'qmp_capabilities','id':'hello',"
                        "'arguments':{'enable':['oob']}}");
    } else {
        qmp_fd_send(fd, "{'execute':'qmp_capabilities','id':'hello'}");
    }
    g_assert_true(answer(fd, "hello"));
    return fd;
}

static void add(int fd, const char *id, CXLDcdMachine *machine, uint64_t length)
{
    qmp_fd_send(fd, "{'execute':'cxl-add-dynamic-capacity','id':%s,"
                "'arguments':{'path':%s,'region':0,'selection-policy':'free',"
                "'length':%" PRIu64 "}}", id, machine->device[0].path, length);
}

static void ask(int fd, const char *id)
{
    qmp_fd_send(fd, "{'execute':'query-status','id':%s}", id);
}

/* More memory than the pool's own, and than @before, is taken by now. */
static void wait_begun(CXLDcdMachine *machine, uint64_t before)
{
    while (taken() < before + GIB / 16) {
        qtest_qmp_assert_success(machine->qts, "{'execute':'query-status'}");
    }
}

/* How many questions @fd has answered while some of @bytes are taken */
static unsigned meanwhile(int fd, uint64_t bytes)
{
    uint64_t now, before = taken();
    unsigned answers = 0;

    while ((now = taken()) < bytes) {
        ask(fd, "how");
        g_assert_true(answer(fd, "how"));
        answers += now > before;
    }
    return answers;
}

static unsigned pending(CXLDcdMachine *machine)
{
    return cxl_dcd_query_count(&machine->device[0], "state", "pending");
}

/* --- What one client's command has others wait for: nothing --- */

static void served(gconstpointer oob)
{
    CXLDcdMachine *machine = start(1);
    int one = client(0, GPOINTER_TO_INT(oob)), two = client(1, false);

    add(one, "add", machine, ALL);
    g_assert_cmpuint(meanwhile(two, ALL), >, 20);
    g_assert_true(answer(one, "add"));
    g_assert_cmpuint(pending(machine), ==, 1);
    close(one);
    close(two);
    stop(machine);
}

/* What one client asks for is done and answered in that order. */
static void in_order(void)
{
    CXLDcdMachine *machine = start(1);
    int one = client(0, true), two = client(1, false);
    static const char *const later[] = { "2", "3", "4", "5", "6", "7" };

    add(one, "1", machine, ALL);
    for (unsigned i = 0; i < ARRAY_SIZE(later); i++) {
        ask(one, later[i]);
    }
    g_assert_cmpuint(meanwhile(two, ALL), >, 20);
    g_assert_true(answer(one, "1"));
    for (unsigned i = 0; i < ARRAY_SIZE(later); i++) {
        g_assert_true(answer(one, later[i]));
    }
    close(one);
    close(two);
    stop(machine);
}

static void two_wait(void)
{
    CXLDcdMachine *machine = start(1);
    int one = client(0, false), two = client(1, false);

    add(one, "one", machine, GIB);
    add(two, "two", machine, GIB);
    while (taken() < ALL) {
        qtest_qmp_assert_success(machine->qts, "{'execute':'query-status'}");
    }
    g_assert_true(answer(one, "one"));
    g_assert_true(answer(two, "two"));
    g_assert_cmpuint(pending(machine), ==, 2);
    close(one);
    close(two);
    stop(machine);
}

/* --- The client leaves --- */

/* Who comes next is served at once, and hears nothing that is not his. */
static void gone(gconstpointer oob)
{
    CXLDcdMachine *machine = start(1);
    int fd = client(0, GPOINTER_TO_INT(oob));

    add(fd, "of somebody else", machine, ALL);
    wait_begun(machine, 0);
    close(fd);
    fd = client(0, GPOINTER_TO_INT(oob));
    g_assert_cmpuint(meanwhile(fd, ALL), >, 20);
    /* What was asked for is done all the same */
    while (!pending(machine)) {
        ask(fd, "still");
        g_assert_true(answer(fd, "still"));
    }
    ask(fd, "last");
    g_assert_true(answer(fd, "last"));
    close(fd);
    stop(machine);
}

/* Nobody is there any more, and somebody waits again. */
static void gone_twice(void)
{
    CXLDcdMachine *machine = start(1);

    for (unsigned i = 0; i < 8; i++) {
        int fd = client(i % 2, i % 3);
        uint64_t before = taken();

        add(fd, "of somebody else", machine, GIB / 8);
        wait_begun(machine, before);
        close(fd);
    }
    while (pending(machine) < 8) {
        g_usleep(1000);
    }
    for (unsigned i = 0; i < 2; i++) {
        int fd = client(i, false);

        add(fd, "mine", machine, GIB / 8);
        g_assert_true(answer(fd, "mine"));
        close(fd);
    }
    g_assert_cmpuint(pending(machine), ==, 10);
    stop(machine);
}

/* --- What the command needs goes --- */

static void unplugged(void)
{
    CXLDcdMachine *machine = start(1);
    int fd = client(0, false);

    add(fd, "add", machine, ALL);
    wait_begun(machine, 0);
    cxl_dcd_device_unplug_begin(&machine->device[0]);
    qtest_qmp_eventwait(machine->qts, "DEVICE_DELETED");
    g_assert_false(answer(fd, "add"));
    ask(fd, "how");
    g_assert_true(answer(fd, "how"));
    close(fd);
    stop(machine);
}

/* QEMU ends, as it must when it is told to, and as itself. */
static void ends(void)
{
    CXLDcdMachine *machine = start(1);
    int one = client(0, false), two = client(1, true);

    add(one, "one", machine, GIB);
    add(two, "two", machine, GIB);
    ask(two, "how");
    wait_begun(machine, 0);
    stop(machine);
    close(one);
    close(two);
}

/* --- A dead host's capacity is cleaned --- */

static void reclaim(void)
{
    CXLDcdMachine *machine = start(1);
    CXLDcdDevice *device = &machine->device[0];
    CXLDcdSpan all = { device->dc_base, ALL };
    int one, two;
    unsigned answers = 0;

    cxl_dcd_qmp_add(device, .policy = "free", .length = ALL);
    g_assert_cmpuint(cxl_dcd_update(device, CXL_DCD_OP_ADD_RESPONSE, 0, &all,
                                    1), ==, CXL_DCD_RC_SUCCESS);
    cxl_dcd_machine_kill(machine);
    machine = start(2);
    one = client(0, false);
    two = client(1, false);
    qmp_fd_send(one, "{'execute':'cxl-reclaim-dc-pool','id':'reclaim',"
                "'arguments':{'pool':'dcmem0','host-id':1}}");
    for (uint64_t now; (now = taken()) > GIB / 8; ) {
        ask(two, "how");
        g_assert_true(answer(two, "how"));
        answers += now < ALL - GIB / 8;
    }
    g_assert_cmpuint(answers, >, 20);
    g_assert_true(answer(one, "reclaim"));
    close(one);
    close(two);
    stop(machine);
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
    door[0] = g_build_filename(folder, "0", NULL);
    door[1] = g_build_filename(folder, "1", NULL);
    qtest_add_data_func("/cxl-dcd/clients/served/plain", NULL, served);
    qtest_add_data_func("/cxl-dcd/clients/served/oob", GINT_TO_POINTER(true),
                        served);
    qtest_add_func("/cxl-dcd/clients/in-order", in_order);
    qtest_add_func("/cxl-dcd/clients/two-wait", two_wait);
    qtest_add_data_func("/cxl-dcd/clients/gone/plain", NULL, gone);
    qtest_add_data_func("/cxl-dcd/clients/gone/oob", GINT_TO_POINTER(true),
                        gone);
    qtest_add_func("/cxl-dcd/clients/gone/twice", gone_twice);
    qtest_add_func("/cxl-dcd/clients/unplugged", unplugged);
    qtest_add_func("/cxl-dcd/clients/ends", ends);
    qtest_add_func("/cxl-dcd/clients/reclaim", reclaim);
    result = g_test_run();
    g_assert_cmpint(rmdir(folder), ==, 0);
    g_free(folder);
    g_free(file);
    g_free(door[0]);
    g_free(door[1]);
    return result;
}
