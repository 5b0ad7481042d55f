/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcxlfm as a program sees it that does not do everything right
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib.h>
#include "cxlfm.h"

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==,
                    0);
    g_assert_cmpint(listen(fd, 4), ==, 0);
    return fd;
}

/* Every call that takes no request, on a handle without a connection */
static void stands_alone(cxlfm *fm)
{
    struct cxlfm_snapshot *snapshot;
    struct cxlfm_event *event;
    struct cxlfm_pool *pool;

    g_assert_cmpuint(cxlfm_extent_limit(fm), ==, 0);
    g_assert_cmpint(cxlfm_fd(fm), ==, -1);
    g_assert_false(cxlfm_is_fmapi(fm));
    g_assert_cmpuint(cxlfm_device_count(fm), ==, 0);
    g_assert_null(cxlfm_device_name(fm, 0));
    g_assert_cmpint(cxlfm_snapshot(fm, 0, &snapshot), ==,
                    CXLFM_ERROR_INVALID);
    g_assert_cmpint(cxlfm_subscribe(fm), ==, CXLFM_ERROR_INVALID);
    g_assert_cmpint(cxlfm_next_event(fm, 0, &event), ==, CXLFM_ERROR_INVALID);
    g_assert_cmpint(cxlfm_pool_query(fm, &pool), <, 0);
}

static void test_failed_connect(void)
{
    static const char *const nowhere[] = {
        "fm:/no/such/socket", "fm:tcp:127.0.0.1:1", "fm:tty:/dev/null",
        "fm:/no/such/socket,eid=9", "qmp:/no/such/socket",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(nowhere); i++) {
        cxlfm *fm = cxlfm_new();

        stands_alone(fm);
        g_assert_cmpint(cxlfm_connect(fm, nowhere[i]), ==,
                        CXLFM_ERROR_UNREACHABLE);
        g_assert_nonnull(strstr(cxlfm_error_text(fm), "cannot reach"));
        stands_alone(fm);
        /* It is no worse for that: another address may be tried. */
        g_assert_cmpint(cxlfm_connect(fm, "fm:/no/other,eid=8"), ==,
                        CXLFM_ERROR_UNREACHABLE);
        g_assert_cmpstr(cxlfm_address(fm), ==, "fm:/no/other,eid=8");
        cxlfm_free(fm);
    }
}

/* A socket that takes the connection and says nothing */
static void test_mute(void)
{
    g_autofree char *dir = g_dir_make_tmp("fm-library-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "s", NULL);
    int listener = listen_at(path);
    const char *const kinds[] = { "fm", "qmp" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *address = g_strdup_printf("%s:%s", kinds[i], path);
        cxlfm *fm = cxlfm_new();

        cxlfm_set_timeout(fm, 50);
        g_assert_cmpint(cxlfm_connect(fm, address), <, 0);
        stands_alone(fm);
        cxlfm_free(fm);
    }
    close(listener);
    unlink(path);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fm/library/failed-connect", test_failed_connect);
    g_test_add_func("/fm/library/mute", test_mute);
    return g_test_run();
}
