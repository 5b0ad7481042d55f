/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: the memory file and the state file of a device
 * with property dc-state belong together, and to one machine at a time.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include "cxl-dcd-persist-test.h"

#define ATTRIBUTE "user.cxl-dcd"
#define ADOPT     ",\"sn\":1,\"dc-state-adopt\":true"
#define SN        ",\"sn\":1"
#define ONE       "[{\"size\":268435456,\"flags\":[\"nonvolatile\"]}]"
#define VALUE     0x0123456789abcdefULL

/* In front of the core's bytes; what stands where, cxl-dcd's image.c says */
#define HEADER    56
#define VERSION   8
#define LENGTH    12
#define SUM       24
#define TIE       28

/* Its device has one block of region 0, and ends. */
static void use(const Store *store)
{
    CXLDcdMachine *m = cxl_dcd_machine_start(&store->options);
    uint64_t hpa = cxl_dcd_map(&m->device[0]);

    offer_and_accept(&m->device[0], 0, 0, BLOCK, TAG);
    qtest_writeq(m->qts, hpa, VALUE);
    assert_saved(&m->device[0], store);
    cxl_dcd_machine_stop(m);
}

static Store used(void)
{
    Store store = store_begin(BOTH, 2 * REGION);

    use(&store);
    return store;
}

/* The device starts with the two, and has what it had. */
static void assert_pair(Store *store)
{
    CXLDcdMachine *m = cxl_dcd_machine_start(&store->options);
    CXLDcdDevice *d = &m->device[0];
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_assert_extents(d, { d->dc_base, BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(d, "tag", TAG), ==, 1);
    g_assert_cmphex(qtest_readq(m->qts, hpa), ==, VALUE);
    cxl_dcd_machine_stop(m);
}

/* A machine with the memory of @store, and no device that uses it */
static CXLDcdMachine *bare(const Store *store)
{
    CXLDcdOptions options = store->options;
    CXLDcdMachine *m;

    options.properties = NULL;
    m = cxl_dcd_machine_start(&options);
    cxl_dcd_device_unplug(&m->device[0]);
    return m;
}

/* The memory of @memory with the state of @state is refused, and says why. */
static void assert_refused(const Store *memory, const Store *state,
                           const char *why)
{
    CXLDcdMachine *m = bare(memory);
    g_autofree char *before = NULL, *after = NULL;
    bool there = g_file_test(state->state, G_FILE_TEST_EXISTS);
    size_t len = 0, after_len = 0;

    if (there) {
        g_file_get_contents(state->state, &before, &len, NULL);
    }
    refuse(m, state, SN, memory->options.regions, why);
    refuse(m, state, SN, memory->options.regions, "dc-state-adopt");
    refuse(m, state, SN, memory->options.regions, memory->memory);
    g_assert_cmpint(g_file_test(state->state, G_FILE_TEST_EXISTS), ==, there);
    if (there) {
        g_file_get_contents(state->state, &after, &after_len, NULL);
        g_assert_cmpmem(before, len, after, after_len);
    }
    cxl_dcd_machine_stop(m);
}

/* ... but not when it is told to take it. */
static void adopt(const Store *memory, const Store *state)
{
    g_autofree char *properties = g_strdup_printf(",\"dc-state\":\"%s\","
        "\"dc-state-adopt\":true", state->state);
    CXLDcdOptions options = memory->options;
    CXLDcdMachine *m;

    options.properties = properties;
    m = cxl_dcd_machine_start(&options);
    cxl_dcd_machine_stop(m);
}

static void run(const char *format, const char *a, const char *b)
{
    g_autofree char *command = g_strdup_printf(format, a, b);
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &status,
                                            NULL));
    g_assert_cmpint(status, ==, 0);
}

static void copy(const char *from, const char *to)
{
    run("cp --sparse=always %s %s", from, to);
}

/* As on a machine that has two devices, and has them the wrong way round */
static void exchanged(void)
{
    Store a = used(), b = used();

    assert_refused(&a, &b, "it belongs to another state file");
    assert_refused(&b, &a, "it belongs to another state file");
    assert_pair(&a);
    assert_pair(&b);
    /* On purpose; and what belonged to the one is the other's for good */
    adopt(&b, &a);
    assert_refused(&b, &b, "it belongs to another state file");
    assert_refused(&a, &a, "it belongs to another state file");
    adopt(&a, &a);
    adopt(&b, &b);
    assert_pair(&a);
    assert_pair(&b);
    store_end(&a);
    store_end(&b);
}

static void new_memory(void)
{
    Store a = used(), fresh = store_begin(BOTH, 2 * REGION);

    assert_refused(&fresh, &a, "it belongs to none");
    assert_pair(&a);
    store_end(&a);
    store_end(&fresh);
}

/* A wrong name for the state file must not begin without capacity */
static void no_state(void)
{
    Store a = used(), fresh = store_begin(BOTH, 2 * REGION);
    CXLDcdMachine *m;

    assert_refused(&a, &fresh, "does not exist, but memory file");
    assert_pair(&a);
    unlink(a.state);
    assert_refused(&a, &a, "does not exist, but memory file");
    adopt(&a, &a);
    m = cxl_dcd_machine_start(&a.options);
    cxl_dcd_assert_no_extents(&m->device[0]);
    cxl_dcd_machine_stop(m);
    store_end(&a);
    store_end(&fresh);
}

/* What a backup brings back, with its attributes and without */
static void restored(void)
{
    Store a = used(), back = store_begin(BOTH, 2 * REGION);

    run("cp --sparse=always --preserve=xattr %s %s", a.memory, back.memory);
    copy(a.state, back.state);
    assert_pair(&back);
    unlink(back.memory);
    copy(a.memory, back.memory);
    assert_refused(&back, &back, "it belongs to none, or is a copy");
    adopt(&back, &back);
    assert_pair(&back);
    assert_pair(&a);
    store_end(&a);
    store_end(&back);
}

/* Each of the two is one machine's, whatever the other one is */
static void locked(void)
{
    Store a = used(), b = used();
    CXLDcdMachine *m, *other;

    /* So that nothing but the lock can be in the way */
    run("cp --sparse=always --preserve=xattr %s %s", a.memory, b.memory);
    m = cxl_dcd_machine_start(&a.options);
    other = bare(&b);
    refuse(other, &a, SN, BOTH, "is in use by another machine");
    /* The file was replaced meanwhile, and is locked as before */
    offer_and_accept(&m->device[0], 0, 4 * BLOCK, BLOCK, NULL);
    assert_saved(&m->device[0], &a);
    refuse(other, &a, ADOPT, BOTH, "is in use by another machine");
    cxl_dcd_machine_stop(other);
    other = bare(&a);
    refuse(other, &b, SN, BOTH, "the memory backend is in use by another");
    cxl_dcd_machine_stop(other);
    cxl_dcd_give_back(&m->device[0], { m->device[0].dc_base + 4 * BLOCK,
                                       BLOCK });
    cxl_dcd_machine_kill(m);
    assert_pair(&a);
    store_end(&a);
    store_end(&b);
}

/* Two that begin at the same time, with no state file yet */
static void locked_first(void)
{
    Store a = store_begin(BOTH, 2 * REGION), b = store_begin(BOTH, 2 * REGION);
    g_autofree char *fresh = g_strdup_printf("%s.new", a.state);
    int fd = open(fresh, O_RDWR | O_CREAT, 0600);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    CXLDcdMachine *m = bare(&b);

    /* The other one has it locked, and has not written yet */
    g_assert_cmpint(fcntl(fd, F_OFD_SETLK, &lock), ==, 0);
    refuse(m, &a, SN, BOTH, "is in use by another machine");
    g_assert_cmpint(access(a.state, F_OK), <, 0);
    close(fd);
    unlink(fresh);
    cxl_dcd_machine_stop(m);
    store_end(&a);
    store_end(&b);
}

/* A process that got the memory outlives QEMU; the lock does not */
static void lock_ends(void)
{
    Store a = used();
    CXLDcdMachine *m = cxl_dcd_machine_start(&a.options);
    int fd = cxl_dcd_machine_mapped(m, a.memory);

    if (fd < 0) {
        g_test_skip("this process may not have another's files");
    } else {
        assert_saved(&m->device[0], &a);
        cxl_dcd_machine_kill(g_steal_pointer(&m));
        assert_pair(&a);
        close(fd);
    }
    if (m) {
        cxl_dcd_machine_stop(m);
    }
    store_end(&a);
}

/* --- States of other times --- */

/* Write it as if these bytes had been meant. */
static void put_state(const Store *store, char *bytes, gsize len)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize sum_len = 32;

    memset(bytes + SUM, 0, sum_len);
    g_checksum_update(sum, (const guchar *)bytes, len);
    g_checksum_get_digest(sum, (guint8 *)bytes + SUM, &sum_len);
    g_assert_true(g_file_set_contents(store->state, bytes, len, NULL));
}

static void assert_marked(const Store *store)
{
    g_assert_cmpint(getxattr(store->memory, ATTRIBUTE, NULL, 0), ==, 36);
}

/* It says nothing of its memory */
static void earlier_version(void)
{
    Store a = used();
    g_autofree char *bytes = NULL;
    gsize len;

    g_assert_true(g_file_get_contents(a.state, &bytes, &len, NULL));
    len -= TIE;
    memmove(bytes + HEADER, bytes + HEADER + TIE, len - HEADER);
    stl_le_p(bytes + VERSION, 1);
    stl_le_p(bytes + LENGTH, len - HEADER);
    put_state(&a, bytes, len);
    /* Which memory it was about cannot be known: none that has another state */
    assert_refused(&a, &a, "it belongs to another state file");
    g_assert_cmpint(removexattr(a.memory, ATTRIBUTE), ==, 0);
    assert_pair(&a);
    assert_marked(&a);
    assert_pair(&a);
    store_end(&a);
}

/* Killed before the memory was marked, or before the state says that it is */
static void killed_in_between(void)
{
    Store a = used(), b = used();
    g_autofree char *bytes = NULL;
    gsize len;

    g_assert_true(g_file_get_contents(a.state, &bytes, &len, NULL));
    g_assert_cmphex(ldl_le_p(bytes + HEADER), ==, 1);
    stl_le_p(bytes + HEADER, 0);
    put_state(&a, bytes, len);
    assert_refused(&b, &a, "it belongs to another state file");
    assert_pair(&a);
    put_state(&a, bytes, len);
    g_assert_cmpint(removexattr(a.memory, ATTRIBUTE), ==, 0);
    assert_pair(&a);
    assert_marked(&a);
    assert_pair(&a);
    store_end(&a);
    store_end(&b);
}

static void strange_mark(void)
{
    Store a = used();
    CXLDcdMachine *m;

    g_assert_cmpint(setxattr(a.memory, ATTRIBUTE, "what?", 5, 0), ==, 0);
    m = bare(&a);
    refuse(m, &a, SN, BOTH, "is not one that QEMU has written");
    cxl_dcd_machine_stop(m);
    g_assert_cmpint(removexattr(a.memory, ATTRIBUTE), ==, 0);
    adopt(&a, &a);
    assert_pair(&a);
    store_end(&a);
}

/* To a machine with the same two files, or with two of its own */
static void moved(const Store *from, Store *to)
{
    g_autofree char *uri = g_strdup_printf("file:%s.stream", from->memory);
    CXLDcdMachine *m = cxl_dcd_machine_start(&from->options), *target;

    cxl_dcd_machine_save(m, uri);
    target = cxl_dcd_machine_load(&to->options, m, uri);
    cxl_dcd_machine_stop(m);
    assert_saved(&target->device[0], to);
    cxl_dcd_machine_stop(target);
    assert_pair(to);
    unlink(uri + strlen("file:"));
}

static void migrated(void)
{
    Store a = used(), b = store_begin(BOTH, 2 * REGION), same = a;

    moved(&a, &same);
    moved(&a, &b);
    assert_refused(&b, &a, "it belongs to another state file");
    store_end(&a);
    store_end(&b);
}

/* --- A file system without extended attributes --- */

/* ramfs, where only this process sees it; NULL: it is not allowed to */
static char *plain_folder(void)
{
    char *folder;

    if (unshare(CLONE_NEWNS)) {
        return NULL;
    }
    folder = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", folder, "ramfs", 0, NULL)) {
        rmdir(folder);
        g_free(folder);
        return NULL;
    }
    return folder;
}

static Store store_below(const char *folder, const char *name)
{
    char *directory = g_build_filename(folder, name, NULL);

    g_assert_cmpint(mkdir(directory, 0700), ==, 0);
    return store_begin_in(directory, ONE, REGION);
}

static void by_inode(void)
{
    g_autofree char *folder = plain_folder();
    Store a, back;

    if (!folder) {
        g_test_skip("this process may not mount a file system");
        return;
    }
    a = store_below(folder, "a");
    back = store_below(folder, "b");
    use(&a);
    assert_pair(&a);
    copy(a.memory, back.memory);
    copy(a.state, back.state);
    assert_refused(&back, &back, "it is another file than it was");
    adopt(&back, &back);
    assert_pair(&back);
    store_end(&a);
    store_end(&back);
    umount(folder);
    rmdir(folder);
}

/* Memory that nobody can name again is no place for what shall be there then */
static void no_name(void)
{
    Store a = store_begin(ONE, REGION);
    CXLDcdMachine *m = bare(&a);
    g_autofree char *json = g_strdup_printf(
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"cxl-type3\","
        "\"bus\":\"rp0\",\"id\":\"bad\",\"dc-memdev\":\"none\",\"sn\":1,"
        "\"dc-regions\":" ONE ",\"dc-state\":\"%s\"}}", a.state);

    qtest_qmp_assert_success(m->qts, "{'execute':'object-add','arguments':{"
        "'qom-type':'memory-backend-memfd','id':'none','size':268435456,"
        "'share':true}}");
    cxl_dcd_qmp_fails(m, json, "has no name in any folder");
    cxl_dcd_machine_stop(m);
    store_end(&a);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/tie/exchanged", exchanged);
    qtest_add_func("/cxl-dcd/tie/new-memory", new_memory);
    qtest_add_func("/cxl-dcd/tie/no-state", no_state);
    qtest_add_func("/cxl-dcd/tie/restored", restored);
    qtest_add_func("/cxl-dcd/tie/locked", locked);
    qtest_add_func("/cxl-dcd/tie/locked-first", locked_first);
    qtest_add_func("/cxl-dcd/tie/lock-ends", lock_ends);
    qtest_add_func("/cxl-dcd/tie/earlier-version", earlier_version);
    qtest_add_func("/cxl-dcd/tie/strange-mark", strange_mark);
    qtest_add_func("/cxl-dcd/tie/killed-in-between", killed_in_between);
    qtest_add_func("/cxl-dcd/tie/migrated", migrated);
    qtest_add_func("/cxl-dcd/tie/no-name", no_name);
    /* Last: the file systems are this process's own from then on */
    qtest_add_func("/cxl-dcd/tie/by-inode", by_inode);
    return g_test_run();
}
