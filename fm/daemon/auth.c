/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens: a file of roles, names and secrets
 *
 * Secrets are kept and compared as SHA-256: a digest has one length, and to
 * compare two takes the same time wherever they differ.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "auth.h"

#define DIGEST_SIZE AUTH_DIGEST_SIZE
#define TOKEN_MIN   16
#define TOKEN_MAX   512
#define FILE_MAX    (1 << 20)
#define HOSTS       "host="
#define CERTIFICATE "cert:"
#define NAME_BYTES    255

struct AuthTokens {
    char *path;
    GMutex lock;                  /* of what follows */
    GArray *list;                 /* AuthGrant */
    struct stat seen;             /* the file when it was read */
};

static const char *const role_names[AUTH_ROLE_MAX] = {
    "nobody", "reader", "user", "admin",
};

const char *auth_role_name(AuthRole role)
{
    return role < AUTH_ROLE_MAX ? role_names[role] : "unknown";
}

AuthRole auth_role_parse(const char *name)
{
    AuthRole role;

    for (role = AUTH_READER; role < AUTH_ROLE_MAX; role++) {
        if (!strcmp(role_names[role], name)) {
            return role;
        }
    }
    return AUTH_ROLE_MAX;
}

void auth_grant_clear(AuthGrant *grant)
{
    g_clear_pointer(&grant->name, g_free);
    g_clear_pointer(&grant->common_name, g_free);
    g_clear_pointer(&grant->hosts, g_strfreev);
    grant->role = AUTH_NOBODY;
}

static void auth_token_clear(gpointer data)
{
    auth_grant_clear(data);
}

static void auth_token_free(gpointer data)
{
    auth_grant_clear(data);
    g_free(data);
}

void auth_grant_copy(const AuthGrant *from, AuthGrant *to)
{
    *to = *from;
    to->name = g_strdup(from->name);
    to->common_name = g_strdup(from->common_name);
    to->hosts = g_strdupv(from->hosts);
}

void auth_digest(const char *token, uint8_t digest[DIGEST_SIZE])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize size = DIGEST_SIZE;

    g_checksum_update(sum, (const guchar *)token, strlen(token));
    g_checksum_get_digest(sum, digest, &size);
}

bool auth_common_name(const char *name)
{
    size_t len = strlen(name);
    const char *at;

    if (!len || len > NAME_BYTES || !g_utf8_validate(name, len, NULL)) {
        return false;
    }
    for (at = name; *at; at = g_utf8_next_char(at)) {
        if (!g_unichar_isgraph(g_utf8_get_char(at)) ||
            (*at != ' ' && strchr(AUTH_NAME_NOT, *at))) {
            return false;
        }
    }
    return true;
}

/* A NUL is in it, and in no token: none can pass for a certificate. */
static void auth_digest_name(const char *name, uint8_t digest[DIGEST_SIZE])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize size = DIGEST_SIZE;

    g_checksum_update(sum, (const guchar *)CERTIFICATE, sizeof(CERTIFICATE));
    g_checksum_update(sum, (const guchar *)name, strlen(name));
    g_checksum_get_digest(sum, digest, &size);
}

/* "sha256:" and 64 hexadecimal digits, or the token itself */
static bool auth_secret(const char *text, uint8_t digest[DIGEST_SIZE])
{
    size_t i, len = strlen(text);

    if (!g_str_has_prefix(text, "sha256:")) {
        auth_digest(text, digest);
        return len >= TOKEN_MIN && len <= TOKEN_MAX;
    }
    text += strlen("sha256:");
    if (strlen(text) != 2 * DIGEST_SIZE) {
        return false;
    }
    for (i = 0; i < DIGEST_SIZE; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]);
        int low = g_ascii_xdigit_value(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        digest[i] = high << 4 | low;
    }
    return true;
}

bool auth_digest_equal(const uint8_t a[DIGEST_SIZE],
                       const uint8_t b[DIGEST_SIZE])
{
    uint8_t differs = 0;
    unsigned i;

    for (i = 0; i < DIGEST_SIZE; i++) {
        differs |= a[i] ^ b[i];
    }
    return !differs;
}

/* The third word of a line */
static bool auth_proof(const char *text, AuthGrant *token)
{
    if (!g_str_has_prefix(text, CERTIFICATE)) {
        return auth_secret(text, token->digest);
    }
    text += strlen(CERTIFICATE);
    if (!auth_common_name(text)) {
        return false;
    }
    token->common_name = g_strdup(text);
    auth_digest_name(text, token->digest);
    return true;
}

/* "host=NAME,NAME", only where it limits something */
static bool auth_hosts(const char *text, AuthGrant *token)
{
    unsigned i;

    if (!g_str_has_prefix(text, HOSTS) || token->role != AUTH_USER) {
        return false;
    }
    token->hosts = g_strsplit(text + strlen(HOSTS), ",", -1);
    for (i = 0; token->hosts[i]; i++) {
        if (!*token->hosts[i]) {
            return false;
        }
    }
    return i;
}

/* One line; false with @error, which must not tell the secret. */
static bool auth_line(const char *path, unsigned number, char *line,
                      GArray *list, GError **error)
{
    AuthGrant token = { .role = AUTH_NOBODY };
    g_auto(GStrv) words = NULL;
    char *comment = strchr(line, '#');
    unsigned count;
    bool good;

    if (comment) {
        *comment = '\0';
    }
    g_strdelimit(line, "\t\r", ' ');
    while (strstr(line, "  ")) {
        char *gap = strstr(line, "  ");

        memmove(gap, gap + 1, strlen(gap));
    }
    g_strstrip(line);
    if (!*line) {
        return true;
    }
    words = g_strsplit(line, " ", -1);
    count = g_strv_length(words);
    good = count == 3 || count == 4;
    if (good) {
        token.role = auth_role_parse(words[0]);
        good = token.role != AUTH_ROLE_MAX &&
               auth_proof(words[2], &token) &&
               (count == 3 || auth_hosts(words[3], &token));
    }
    if (!good) {
        auth_grant_clear(&token);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s line %u: expected ROLE NAME TOKEN with a role of "
                    "reader, user or admin and a token of %d to %d letters, "
                    "sha256: and 64 hexadecimal digits, or cert:NAME for the "
                    "common name of a certificate; after a user's, "
                    "host=NAME,NAME may follow", path, number, TOKEN_MIN,
                    TOKEN_MAX);
        return false;
    }
    token.name = g_strdup(words[1]);
    g_array_append_val(list, token);
    return true;
}

static GArray *auth_read(const char *path, struct stat *ret_seen,
                         GError **error)
{
    g_autoptr(GArray) list = g_array_new(false, true, sizeof(AuthGrant));
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    gsize len;
    unsigned i;

    g_array_set_clear_func(list, auth_token_clear);
    if (stat(path, ret_seen) < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "tokens in %s: %s", path, g_strerror(errno));
        return NULL;
    }
    if (ret_seen->st_mode & 07 || ret_seen->st_size > FILE_MAX) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "tokens in %s: %s", path, ret_seen->st_mode & 07 ?
                    "everybody on this machine may read them; chmod 0640" :
                    "the file is larger than 1 MiB");
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &len, error)) {
        return NULL;
    }
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        if (!auth_line(path, i + 1, lines[i], list, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&list);
}

AuthTokens *auth_tokens_load(const char *path, GError **error)
{
    struct stat seen;
    GArray *list = auth_read(path, &seen, error);
    AuthTokens *tokens;

    if (!list) {
        return NULL;
    }
    tokens = g_new0(AuthTokens, 1);
    g_mutex_init(&tokens->lock);
    tokens->path = g_strdup(path);
    tokens->list = list;
    tokens->seen = seen;
    return tokens;
}

void auth_tokens_free(AuthTokens *tokens)
{
    if (tokens) {
        g_array_unref(tokens->list);
        g_mutex_clear(&tokens->lock);
        g_free(tokens->path);
        g_free(tokens);
    }
}

static bool auth_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
           a->st_size == b->st_size && a->st_mode == b->st_mode &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Called with the lock: take in a file that is another than it was. */
static void auth_refresh(AuthTokens *tokens)
{
    g_autoptr(GError) error = NULL;
    struct stat now = { 0 };
    GArray *list;

    if (!stat(tokens->path, &now) && auth_same_file(&now, &tokens->seen)) {
        return;
    }
    list = auth_read(tokens->path, &now, &error);
    if (!list && !auth_same_file(&now, &tokens->seen)) {
        g_warning("%s; nobody gets in by a token until that is mended",
                  error->message);
    }
    g_array_unref(tokens->list);
    tokens->list = list ? list : g_array_new(false, true, sizeof(AuthGrant));
    tokens->seen = now;
}

/* Called with the lock; all lines are looked at. */
static bool auth_find(AuthTokens *tokens, const uint8_t digest[DIGEST_SIZE],
                      AuthGrant *ret_grant)
{
    const AuthGrant *found = NULL;
    unsigned i;

    auth_refresh(tokens);
    for (i = 0; i < tokens->list->len; i++) {
        const AuthGrant *t = &g_array_index(tokens->list, AuthGrant, i);

        found = auth_digest_equal(t->digest, digest) ? t : found;
    }
    if (found) {
        auth_grant_copy(found, ret_grant);
    }
    return found;
}

bool auth_tokens_again(AuthTokens *tokens, const uint8_t digest[DIGEST_SIZE],
                       AuthGrant *ret_grant)
{
    bool found;

    memset(ret_grant, 0, sizeof(*ret_grant));
    g_mutex_lock(&tokens->lock);
    found = auth_find(tokens, digest, ret_grant);
    g_mutex_unlock(&tokens->lock);
    return found;
}

bool auth_tokens_check(AuthTokens *tokens, const char *token,
                       AuthGrant *ret_grant)
{
    uint8_t digest[DIGEST_SIZE];

    memset(ret_grant, 0, sizeof(*ret_grant));
    if (strlen(token) > TOKEN_MAX) {
        return false;
    }
    auth_digest(token, digest);
    return auth_tokens_again(tokens, digest, ret_grant);
}

bool auth_tokens_certificate(AuthTokens *tokens, const char *name,
                             AuthGrant *ret_grant)
{
    uint8_t digest[DIGEST_SIZE];

    auth_digest_name(name, digest);
    return auth_tokens_again(tokens, digest, ret_grant);
}

GPtrArray *auth_tokens_list(AuthTokens *tokens)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(auth_token_free);
    unsigned i;

    g_mutex_lock(&tokens->lock);
    auth_refresh(tokens);
    for (i = 0; i < tokens->list->len; i++) {
        AuthGrant *copy = g_new0(AuthGrant, 1);

        auth_grant_copy(&g_array_index(tokens->list, AuthGrant, i), copy);
        g_ptr_array_add(list, copy);
    }
    g_mutex_unlock(&tokens->lock);
    return list;
}
