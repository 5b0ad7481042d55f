/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions: a secret for a while in the place of a token
 *
 * A session may what its token may, and ends with it.
 */
#ifndef FMD_AUTH_SESSION_H
#define FMD_AUTH_SESSION_H

#include "auth.h"

#define AUTH_SESSION_SECONDS 1800 /* without a request */
#define AUTH_SESSIONS_MAX    256
#define AUTH_SESSIONS_EACH   16   /* of one token: the oldest makes room */
#define AUTH_SESSION_ID      17   /* with the NUL */

typedef struct AuthSession {
    char id[AUTH_SESSION_ID];
    AuthGrant grant;
    int64_t created;              /* s since 1970, for people */
    int64_t used;                 /* monotonic us */
    uint8_t secret[AUTH_DIGEST_SIZE]; /* its digest */
} AuthSession;

typedef struct AuthSessions AuthSessions;

/* @tokens outlive them. */
AuthSessions *auth_sessions_new(AuthTokens *tokens);
/* NULL allowed */
void auth_sessions_free(AuthSessions *sessions);
/*
 * A new one for who has @token. Its secret, which is told only now, or NULL
 * when there are too many; *ret_id is 0-terminated.
 */
char *auth_sessions_add(AuthSessions *sessions, const AuthGrant *grant,
                        char ret_id[AUTH_SESSION_ID]);
/* What @secret may now, for auth_grant_clear(); false: there is no such. */
bool auth_sessions_check(AuthSessions *sessions, const char *secret,
                         char ret_id[AUTH_SESSION_ID], AuthGrant *ret_grant);
/* Whether it is one of the token with that digest */
bool auth_sessions_is_of(AuthSessions *sessions, const char *id,
                         const uint8_t token[AUTH_DIGEST_SIZE]);
/* False: there is none. */
bool auth_sessions_end(AuthSessions *sessions, const char *id);
/* Of AuthSession *, oldest first */
GPtrArray *auth_sessions_list(AuthSessions *sessions);

#endif /* FMD_AUTH_SESSION_H */
