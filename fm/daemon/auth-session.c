/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions: a secret for a while in the place of a token */
#include <string.h>
#include <sys/random.h>
#include "auth-session.h"

#define SECRET_BYTES 32
#define SECRET_MAX   (2 * SECRET_BYTES)

struct AuthSessions {
    AuthTokens *tokens;
    GMutex lock;                  /* of what follows */
    GPtrArray *list;              /* AuthSession *, oldest first */
};

static void auth_session_free(gpointer data)
{
    AuthSession *session = data;

    auth_grant_clear(&session->grant);
    g_free(session);
}

AuthSessions *auth_sessions_new(AuthTokens *tokens)
{
    AuthSessions *sessions = g_new0(AuthSessions, 1);

    sessions->tokens = tokens;
    sessions->list = g_ptr_array_new_with_free_func(auth_session_free);
    g_mutex_init(&sessions->lock);
    return sessions;
}

void auth_sessions_free(AuthSessions *sessions)
{
    if (sessions) {
        g_ptr_array_unref(sessions->list);
        g_mutex_clear(&sessions->lock);
        g_free(sessions);
    }
}

/* With the lock: those that nobody has used for long are over. */
static void auth_sessions_sweep(AuthSessions *sessions)
{
    int64_t then = g_get_monotonic_time() -
                   AUTH_SESSION_SECONDS * (int64_t)G_USEC_PER_SEC;
    unsigned i = 0;

    while (i < sessions->list->len) {
        const AuthSession *session = sessions->list->pdata[i];

        if (session->used < then) {
            g_ptr_array_remove_index(sessions->list, i);
        } else {
            i++;
        }
    }
}

/* With the lock: one more of @token may begin, its oldest makes room. */
static void auth_sessions_make_room(AuthSessions *sessions,
                                    const uint8_t token[AUTH_DIGEST_SIZE])
{
    unsigned i, count = 0, oldest = 0;

    for (i = sessions->list->len; i-- > 0;) {
        const AuthSession *session = sessions->list->pdata[i];

        if (!memcmp(session->grant.digest, token, AUTH_DIGEST_SIZE)) {
            oldest = i;
            count++;
        }
    }
    if (count >= AUTH_SESSIONS_EACH) {
        g_ptr_array_remove_index(sessions->list, oldest);
    }
}

/* @count bytes that nobody can guess, in hexadecimal digits */
static char *auth_random(size_t count)
{
    GString *text = g_string_new(NULL);
    uint8_t bytes[SECRET_BYTES];
    ssize_t got = getrandom(bytes, MIN(count, sizeof(bytes)), 0);
    size_t i;

    /* Also where assertions are left out, nothing else becomes a secret. */
    if (got != (ssize_t)count) {
        g_error("no random numbers for a session");
    }
    for (i = 0; i < count; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    return g_string_free(text, false);
}

char *auth_sessions_add(AuthSessions *sessions, const AuthGrant *grant,
                        char ret_id[AUTH_SESSION_ID])
{
    g_autofree char *secret = auth_random(SECRET_BYTES);
    g_autofree char *id = auth_random((AUTH_SESSION_ID - 1) / 2);
    AuthSession *session = g_new0(AuthSession, 1);
    bool room;

    g_strlcpy(session->id, id, sizeof(session->id));
    g_strlcpy(ret_id, id, AUTH_SESSION_ID);
    auth_grant_copy(grant, &session->grant);
    session->created = g_get_real_time() / G_USEC_PER_SEC;
    session->used = g_get_monotonic_time();
    auth_digest(secret, session->secret);
    g_mutex_lock(&sessions->lock);
    auth_sessions_sweep(sessions);
    auth_sessions_make_room(sessions, session->grant.digest);
    room = sessions->list->len < AUTH_SESSIONS_MAX;
    if (room) {
        g_ptr_array_add(sessions->list, session);
    }
    g_mutex_unlock(&sessions->lock);
    if (!room) {
        auth_session_free(session);
        return NULL;
    }
    return g_steal_pointer(&secret);
}

bool auth_sessions_check(AuthSessions *sessions, const char *secret,
                         char ret_id[AUTH_SESSION_ID], AuthGrant *ret_grant)
{
    uint8_t digest[AUTH_DIGEST_SIZE], token[AUTH_DIGEST_SIZE];
    bool found = false;
    unsigned i;

    memset(ret_grant, 0, sizeof(*ret_grant));
    if (strlen(secret) > SECRET_MAX) {
        return false;
    }
    auth_digest(secret, digest);
    g_mutex_lock(&sessions->lock);
    auth_sessions_sweep(sessions);
    for (i = 0; i < sessions->list->len; i++) {
        AuthSession *session = sessions->list->pdata[i];

        if (auth_digest_equal(session->secret, digest)) {
            session->used = g_get_monotonic_time();
            memcpy(token, session->grant.digest, sizeof(token));
            g_strlcpy(ret_id, session->id, AUTH_SESSION_ID);
            found = true;
        }
    }
    g_mutex_unlock(&sessions->lock);
    /* Who has lost the token has lost its sessions. */
    if (found && !auth_tokens_again(sessions->tokens, token, ret_grant)) {
        auth_sessions_end(sessions, ret_id);
        found = false;
    }
    return found;
}

/* With the lock */
static AuthSession *auth_session_find(AuthSessions *sessions, const char *id)
{
    unsigned i;

    for (i = 0; i < sessions->list->len; i++) {
        AuthSession *session = sessions->list->pdata[i];

        if (!strcmp(session->id, id)) {
            return session;
        }
    }
    return NULL;
}

bool auth_sessions_is_of(AuthSessions *sessions, const char *id,
                         const uint8_t token[AUTH_DIGEST_SIZE])
{
    const AuthSession *session;
    bool is;

    g_mutex_lock(&sessions->lock);
    session = auth_session_find(sessions, id);
    is = session && !memcmp(session->grant.digest, token, AUTH_DIGEST_SIZE);
    g_mutex_unlock(&sessions->lock);
    return is;
}

bool auth_sessions_end(AuthSessions *sessions, const char *id)
{
    AuthSession *session;
    bool there;

    g_mutex_lock(&sessions->lock);
    session = auth_session_find(sessions, id);
    there = session;
    if (there) {
        g_ptr_array_remove(sessions->list, session);
    }
    g_mutex_unlock(&sessions->lock);
    return there;
}

GPtrArray *auth_sessions_list(AuthSessions *sessions)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(auth_session_free);
    unsigned i;

    g_mutex_lock(&sessions->lock);
    auth_sessions_sweep(sessions);
    for (i = 0; i < sessions->list->len; i++) {
        const AuthSession *session = sessions->list->pdata[i];
        AuthSession *copy = g_new0(AuthSession, 1);

        *copy = *session;
        auth_grant_copy(&session->grant, &copy->grant);
        g_ptr_array_add(list, copy);
    }
    g_mutex_unlock(&sessions->lock);
    return list;
}
