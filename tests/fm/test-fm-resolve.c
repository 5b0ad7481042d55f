/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name server that says nothing: getaddrinfo() of this program, which comes
 * before the C library's, answers for names when the test lets it
 */
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>
#include <glib.h>
#include "cxlfm.h"

static GMutex lock;
static GCond changed;
static unsigned asked, answered;
static bool silent = true;
static uint16_t port;

static int answer_loopback(struct addrinfo **ret)
{
    struct addrinfo *one = g_malloc0(sizeof(*one) + sizeof(struct sockaddr_in));
    struct sockaddr_in *address = (struct sockaddr_in *)(one + 1);

    address->sin_family = AF_INET;
    address->sin_port = htons(port);
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    one->ai_family = AF_INET;
    one->ai_socktype = SOCK_STREAM;
    one->ai_addr = (struct sockaddr *)address;
    one->ai_addrlen = sizeof(*address);
    *ret = one;
    return 0;
}

int getaddrinfo(const char *host, const char *service,
                const struct addrinfo *hints, struct addrinfo **ret)
{
    int result;

    if (g_ascii_isdigit(host[0])) {
        return answer_loopback(ret);
    }
    if (hints->ai_flags & AI_NUMERICHOST) {
        return EAI_NONAME;
    }
    g_mutex_lock(&lock);
    asked++;
    while (silent) {
        g_cond_wait(&changed, &lock);
    }
    result = strcmp(host, "nosuch.example") ? answer_loopback(ret) : EAI_FAIL;
    answered++;
    g_cond_broadcast(&changed);
    g_mutex_unlock(&lock);
    return result;
}

void freeaddrinfo(struct addrinfo *list)
{
    g_free(list);
}

static void speak(bool now)
{
    g_mutex_lock(&lock);
    silent = !now;
    g_cond_broadcast(&changed);
    while (now && answered < asked) {
        g_cond_wait(&changed, &lock);
    }
    g_mutex_unlock(&lock);
}

static int connect_to(const char *address, char **ret_text)
{
    cxlfm *fm = cxlfm_new();
    int ret;

    cxlfm_set_timeout(fm, 100);
    ret = cxlfm_connect(fm, address);
    *ret_text = g_strdup(cxlfm_error_text(fm));
    cxlfm_free(fm);
    return ret;
}

/* Until the test lets it speak, which is after the connect() gave up */
static void test_silent(void)
{
    g_autofree char *text = NULL;

    speak(false);
    g_assert_cmpint(connect_to("fm:tcp:nosuch.example:4444", &text), ==,
                    CXLFM_ERROR_UNREACHABLE);
    g_assert_nonnull(strstr(text, "cannot reach fm:tcp:nosuch.example:4444"));
    g_assert_cmpuint(asked, ==, 1);
    speak(true);                  /* an answer that nobody waits for */
}

static void test_answers(void)
{
    g_autofree char *unknown = NULL, *mute = NULL;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(listen(fd, 4), ==, 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    port = ntohs(address.sin_port);
    speak(true);
    g_assert_cmpint(connect_to("qmp:tcp:nosuch.example:4444", &unknown), ==,
                    CXLFM_ERROR_UNREACHABLE);
    g_assert_nonnull(strstr(unknown, gai_strerror(EAI_FAIL)));
    /* Found and connected: it does not greet. */
    g_assert_cmpint(connect_to("qmp:tcp:here.example:4444", &mute), ==,
                    CXLFM_ERROR_UNREACHABLE);
    g_assert_nonnull(strstr(mute, "does not greet"));
    close(fd);
}

/* A number is nothing to ask for. */
static void test_number(void)
{
    g_autofree char *text = NULL;
    unsigned before = asked;

    port = 1;
    speak(false);
    g_assert_cmpint(connect_to("fm:tcp:127.0.0.1:1", &text), ==,
                    CXLFM_ERROR_UNREACHABLE);
    g_assert_cmpuint(asked, ==, before);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fm/resolve/silent", test_silent);
    g_test_add_func("/fm/resolve/answers", test_answers);
    g_test_add_func("/fm/resolve/number", test_number);
    return g_test_run();
}
