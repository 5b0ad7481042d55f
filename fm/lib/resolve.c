/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The addresses of a host, by a moment
 *
 * getaddrinfo() takes as long as name servers do, and cannot be told to end. A
 * thread calls it; whoever is the last to be done with the question frees it.
 */
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <glib.h>
#include "resolve.h"

typedef struct CxlfmQuestion {
    GMutex lock;
    GCond answered;
    bool done;                    /* @ret and @list are there */
    bool left;                    /* nobody waits for them any more */
    int ret;
    struct addrinfo *list;
    char *host;
    char *port;
} CxlfmQuestion;

static int cxlfm_look_up(const char *host, const char *port, int flags,
                         struct addrinfo **ret_list)
{
    const struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM, .ai_flags = flags,
    };
    int ret;

    *ret_list = NULL;
    ret = getaddrinfo(host, port, &hints, ret_list);
    if (ret) {
        *ret_list = NULL;
    }
    return ret;
}

static void cxlfm_question_free(CxlfmQuestion *question)
{
    if (question->list) {
        freeaddrinfo(question->list);
    }
    g_mutex_clear(&question->lock);
    g_cond_clear(&question->answered);
    g_free(question->host);
    g_free(question->port);
    g_free(question);
}

static gpointer cxlfm_question_ask(gpointer opaque)
{
    CxlfmQuestion *question = opaque;
    struct addrinfo *list;
    int ret = cxlfm_look_up(question->host, question->port, 0, &list);
    bool left;

    g_mutex_lock(&question->lock);
    question->ret = ret;
    question->list = list;
    question->done = true;
    left = question->left;
    g_cond_signal(&question->answered);
    g_mutex_unlock(&question->lock);
    if (left) {
        cxlfm_question_free(question);
    }
    return NULL;
}

/* The program's signals are not for a thread that it does not know of. */
static GThread *cxlfm_question_thread(CxlfmQuestion *question)
{
    sigset_t all, before;
    GThread *thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = g_thread_try_new("cxlfm-resolve", cxlfm_question_ask, question,
                              NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return thread;
}

/* The answer, or EAI_AGAIN. Takes @question. */
static int cxlfm_question_wait(CxlfmQuestion *question, CxlfmDeadline deadline,
                               struct addrinfo **ret_list)
{
    int ret = EAI_AGAIN;
    bool done;

    g_mutex_lock(&question->lock);
    while (!question->done &&
           g_cond_wait_until(&question->answered, &question->lock, deadline)) {
        continue;
    }
    done = question->done;
    if (done) {
        ret = question->ret;
        *ret_list = question->list;
        question->list = NULL;
    }
    question->left = true;
    g_mutex_unlock(&question->lock);
    if (done) {
        cxlfm_question_free(question);
    }
    return ret;
}

int cxlfm_resolve(const char *host, const char *port, CxlfmDeadline deadline,
                  struct addrinfo **ret_list)
{
    /* Numbers need nobody to ask. */
    int ret = cxlfm_look_up(host, port, AI_NUMERICHOST, ret_list);
    CxlfmQuestion *question;
    GThread *thread;

    if (ret != EAI_NONAME) {
        return ret;
    }
    question = g_new0(CxlfmQuestion, 1);
    g_mutex_init(&question->lock);
    g_cond_init(&question->answered);
    question->host = g_strdup(host);
    question->port = g_strdup(port);
    thread = cxlfm_question_thread(question);
    if (!thread) {
        cxlfm_question_free(question);
        return EAI_MEMORY;
    }
    g_thread_unref(thread);
    return cxlfm_question_wait(question, deadline, ret_list);
}
