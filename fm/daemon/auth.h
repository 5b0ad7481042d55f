/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do what: roles, and the tokens that stand for them */
#ifndef FMD_AUTH_H
#define FMD_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

/* Each may do what those before it may. */
typedef enum AuthRole {
    AUTH_NOBODY,                  /* may ask whether the daemon lives */
    AUTH_READER,                  /* sees everything */
    AUTH_USER,                    /* makes and ends claims */
    AUTH_ADMIN,                   /* hosts, and devices by hand */
    AUTH_ROLE_MAX,
} AuthRole;

#define AUTH_DIGEST_SIZE 32

/* What somebody may */
typedef struct AuthGrant {
    AuthRole role;
    char *name;                   /* of the token */
    char *common_name;            /* of a certificate; NULL: it is a token */
    char **hosts;                 /* claims of these hosts only; NULL: of all */
    uint8_t digest[AUTH_DIGEST_SIZE]; /* of the token, or the common name */
    int64_t until;                /* end of what was shown, s since 1970; 0 */
} AuthGrant;

void auth_grant_copy(const AuthGrant *from, AuthGrant *to);
void auth_grant_clear(AuthGrant *grant);

/* The tokens of a file; it is read again when it changes. */
typedef struct AuthTokens AuthTokens;

/*
 * @path has lines "ROLE NAME TOKEN", or "ROLE NAME sha256:DIGEST" for a token
 * that is not to stand in a file; "host=NAME,NAME" may follow for a user whose
 * claims are for these hosts only; '#' begins a comment. For who shows a
 * certificate a line has cert:NAME in place of the token, its common name.
 * Others than the owner and its group may not be able to read it. NULL with
 * @error.
 */
AuthTokens *auth_tokens_load(const char *path, GError **error);
void auth_tokens_free(AuthTokens *tokens);
/*
 * What @token may, for auth_grant_clear(). False, with AUTH_NOBODY, when no
 * line has it. Takes as long for a wrong token as for a right one. A file that
 * cannot be read any more lets nobody in.
 */
bool auth_tokens_check(AuthTokens *tokens, const char *token,
                       AuthGrant *ret_grant);
/* The same for the common name of a certificate that was found good */
bool auth_tokens_certificate(AuthTokens *tokens, const char *name,
                             AuthGrant *ret_grant);
/*
 * Whether @name is one that a line can have: UTF-8 without blanks, control
 * characters and AUTH_NAME_NOT. That is also what RFC 4514 writes as it is.
 */
bool auth_common_name(const char *name);
#define AUTH_NAME_NOT ", + \" \\ < > ; #"
/* The same for the digest of a token, or that of a common name */
bool auth_tokens_again(AuthTokens *tokens,
                       const uint8_t digest[AUTH_DIGEST_SIZE],
                       AuthGrant *ret_grant);
/* Of AuthGrant *, in the order of the file */
GPtrArray *auth_tokens_list(AuthTokens *tokens);
/* SHA-256 of @text */
void auth_digest(const char *text, uint8_t ret_digest[AUTH_DIGEST_SIZE]);
/* Takes as long whether they differ or not. */
bool auth_digest_equal(const uint8_t a[AUTH_DIGEST_SIZE],
                       const uint8_t b[AUTH_DIGEST_SIZE]);

const char *auth_role_name(AuthRole role);
/* AUTH_ROLE_MAX: there is no such role. */
AuthRole auth_role_parse(const char *name);

#endif /* FMD_AUTH_H */
