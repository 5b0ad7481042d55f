/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: which pools and heads can be made, and which
 * are refused
 */
#include "qemu/osdep.h"
#include "cxl-dcd-pool-test.h"

/* object-add or device_add with these members, which must fail */
static void refused(CXLDcdMachine *machine, const char *command,
                    const char *members, const char *error)
{
    g_autofree char *json = g_strdup_printf(
        "{\"execute\":\"%s\",\"arguments\":{%s}}", command, members);

    cxl_dcd_qmp_fails(machine, json, error);
}

static void object_refused(const Pool *pool, const char *file,
                           const char *members, const char *error)
{
    g_autofree char *all = g_strdup_printf(
        "\"qom-type\":\"cxl-dc-pool\",\"id\":\"again\",\"path\":\"%s\",%s",
        file, members);

    refused(pool->host[1], "object-add", all, error);
}

static void device_refused(const Pool *pool, const char *members,
                           const char *error)
{
    g_autofree char *all = g_strdup_printf(
        "\"driver\":\"cxl-type3\",\"bus\":\"rp1\",\"id\":\"again\",%s",
        members);

    refused(pool->host[1], "device_add", all, error);
}

static void bad_objects(const Pool *pool)
{
    object_refused(pool, pool->file, "\"size\":268435456", "no pool of size");
    object_refused(pool, pool->file, "\"size\":1073741824", "no pool of size");
    object_refused(pool, pool->file,
                   "\"size\":536870912,\"block-size\":4096",
                   "was made with block-size=2097152");
    object_refused(pool, pool->file,
                   "\"size\":536870912,\"max-hosts\":2",
                   "was made with max-hosts=64");
    object_refused(pool, pool->file,
                   "\"size\":536870912,\"share\":false", "cannot be off");
    object_refused(pool, pool->file,
                   "\"size\":536870912,\"prealloc\":true", "cannot be on");
    object_refused(pool, "/proc/version", "\"size\":536870912",
                   "/proc/version");
    object_refused(pool, "/nowhere/at/all", "\"size\":536870912",
                   "cannot make pool");
    object_refused(pool, pool->directory, "\"size\":536870912",
                   "cannot open pool");
}

static void bad_heads(const Pool *pool)
{
    /* A second device of this process needs a pool object of its own */
    device_refused(pool, "\"dc-pool\":\"dcmem0\",\"host-id\":3",
                   "used multiple times");
    qtest_qmp_assert_success(pool->host[1]->qts,
        "{'execute':'object-add','arguments':{'qom-type':'cxl-dc-pool',"
        "'id':'more','path':%s,'size':536870912}}", pool->file);
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":1",
                   "host 1 of pool");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":2,"
                   "\"dc-regions\":" REGIONS(""), "by another process");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":64",
                   "ids 0 to 63");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3",
                   "divided into 2 regions");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3,\"dc-regions\":"
                   "[{\"size\":268435456},{\"size\":268435456}]",
                   "divided into 2 regions");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3,\"dc-regions\":"
                   "[{\"size\":268435456,\"block-size\":4096}]",
                   "is not the pool's");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3,"
                   "\"dc-memdev\":\"plain\"", "leave out 'dc-memdev'");
    device_refused(pool, "\"dc-pool\":\"more\",\"host-id\":3,"
                   "\"dc-state\":\"/tmp/state\"", "cannot be used with");
    device_refused(pool, "\"dc-memdev\":\"plain\",\"num-dc-regions\":1,"
                   "\"host-id\":3", "needs property 'dc-pool'");
    device_refused(pool, "\"dc-pool\":\"plain\",\"host-id\":3",
                   "cxl-dc-pool");
}

static void bad_input(void)
{
    Pool pool = pool_begin();
    CXLDcdOptions options = pool_options(&pool, 1, REGIONS(""));
    char *before;

    options.arguments =
        "-device cxl-rp,id=rp1,bus=cxl.0,chassis=0,slot=1,port=1 "
        "-object memory-backend-ram,id=plain,size=256M,reserve=off ";
    pool.host[1] = cxl_dcd_machine_start(&options);
    pool_start(&pool, 2, REGIONS(""));
    before = cxl_dcd_snapshot(head(&pool, 1));
    bad_objects(&pool);
    bad_heads(&pool);
    refused(pool.host[1], "cxl-dc-pool-reclaim",
            "\"pool\":\"plain\",\"host-id\":3", "no object 'cxl-dc-pool'");
    refused(pool.host[1], "cxl-dc-pool-reclaim",
            "\"pool\":\"more\",\"host-id\":64", "0 to 63");
    refused(pool.host[1], "migrate", "\"uri\":\"exec:cat >/dev/null\"",
            "is a head of a pool");
    refused(pool.host[1], "cxl-set-dynamic-capacity-region",
            "\"path\":\"/machine/peripheral/cxl-mem0\",\"region\":0,"
            "\"block-size\":4096", "not supported");
    cxl_dcd_assert_unchanged(head(&pool, 1), before);
    g_assert_cmpuint(pool_free(&pool, 2), ==, 2 * REGION);
    pool_end(&pool);
}

/* Which device is the head of host @about, as the process of host 1 says it */
static void assert_path(const Pool *pool, unsigned about, const char *want)
{
    QDict *info = qtest_qmp(pool->host[1]->qts,
                            "{'execute':'query-cxl-dc-pool'}");
    const QListEntry *object, *host;
    unsigned found = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(info, "return"), object) {
        QDict *one = qobject_to(QDict, qlist_entry_obj(object));

        QLIST_FOREACH_ENTRY(qdict_get_qlist(one, "hosts"), host) {
            QDict *h = qobject_to(QDict, qlist_entry_obj(host));
            const char *path = qdict_get_try_str(h, "path");

            if (qdict_get_int(h, "host-id") == about && path) {
                g_assert_cmpstr(path, ==, want);
                found++;
            }
        }
    }
    g_assert_cmpuint(found, ==, 1);
    qobject_unref(info);
}

/* All of a pool as one region, and two heads of one process */
static void by_default(void)
{
    Pool pool = pool_begin();
    CXLDcdOptions options = pool_options(&pool, 1, NULL);
    g_autofree char *arguments = g_strdup_printf(
        "-device cxl-rp,id=rp1,bus=cxl.0,chassis=0,slot=1,port=1 "
        "-object cxl-dc-pool,id=two,size=512M,path=%s "
        "-device cxl-type3,bus=rp1,id=two,dc-pool=two,host-id=2 ", pool.file);
    CXLDcdHostConfig config;

    options.arguments = arguments;
    pool.host[1] = cxl_dcd_machine_start(&options);
    g_assert_cmphex(cxl_dcd_get_config(head(&pool, 1), 8, 0, &config), ==,
                    SUCCESS);
    g_assert_cmpuint(config.returned, ==, 1);
    g_assert_cmphex(cxl_dcd_get64(config.region[0].length), ==, 2 * REGION);
    g_assert_cmphex(cxl_dcd_get64(config.region[0].block_size), ==, BLOCK);
    accepted(head(&pool, 1), 0, 0, BLOCK, NULL);
    assert_path(&pool, 1, "/machine/peripheral/cxl-mem0");
    assert_path(&pool, 2, "/machine/peripheral/two");
    cxl_dcd_qmp_fails(pool.host[1],
        "{\"execute\":\"cxl-add-dynamic-capacity\",\"arguments\":{"
        "\"path\":\"/machine/peripheral/two\",\"region\":0,"
        "\"extents\":[{\"offset\":0,\"len\":2097152}]}}", "is host 1's");
    pool_end(&pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/pool/bad-input", bad_input);
    qtest_add_func("/cxl-dcd/pool/one-region-by-default", by_default);
    return g_test_run();
}
