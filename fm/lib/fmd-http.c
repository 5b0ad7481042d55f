/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fmd door: one request to the daemon and its answer
 *
 * libcurl sends a request again when a connection that was used before turns
 * out to be dead. A change might be made twice so: it gets a fresh one.
 */
#include <json-c/json.h>
#include <signal.h>
#include <string.h>
#include "deadline.h"
#include "error.h"
#include "fmd-http.h"
#include "handle.h"

#define ANSWER_MAX   (256 << 20)
#define AGAIN_US     (50 * 1000)
#define TOKEN_MAX    4096
#define TOKEN_FILE   "CXL_FMD_TOKEN_FILE"
#define CA_FILE      "CXL_FMD_CA_FILE"
#define CERT_FILE    "CXL_FMD_CERT_FILE"
#define KEY_FILE     "CXL_FMD_KEY_FILE"

typedef struct CxlfmAnswer {
    GByteArray *text;
    long status;
    bool too_large;
} CxlfmAnswer;

static void cxlfm_fmd_header(CxlfmFmd *fmd, const char *line)
{
    fmd->headers = curl_slist_append(fmd->headers, line);
    g_assert(fmd->headers);
}

static int cxlfm_fmd_token(cxlfm *fm, CxlfmFmd *fmd)
{
    const char *path = g_getenv(TOKEN_FILE);
    g_autofree char *token = NULL;
    g_autofree char *line = NULL;
    g_autoptr(GError) error = NULL;

    if (!path || !*path || fmd->socket) {
        return 0;
    }
    if (!g_file_get_contents(path, &token, NULL, &error)) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID, TOKEN_FILE ": %s",
                          error->message);
    }
    g_strstrip(token);
    if (!*token || strlen(token) > TOKEN_MAX ||
        token[strcspn(token, "\r\n")]) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID, TOKEN_FILE ": %s must have "
                          "one line, the token", path);
    }
    line = g_strdup_printf("Authorization: Bearer %s", token);
    cxlfm_fmd_header(fmd, line);
    return 0;
}

/* What the variable @name says; NULL: nothing */
static const char *cxlfm_fmd_said(const char *name)
{
    const char *path = g_getenv(name);

    return path && *path ? path : NULL;
}

/* The certificate that we show, and its key */
static int cxlfm_fmd_certificate(cxlfm *fm, const CxlfmFmd *fmd)
{
    static const char *const names[] = { CERT_FILE, KEY_FILE };
    unsigned i;

    if (fmd->socket) {
        return 0;
    }
    if (!cxlfm_fmd_said(CERT_FILE) != !cxlfm_fmd_said(KEY_FILE)) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID, "set " CERT_FILE " and "
                          KEY_FILE ", or none of them: a certificate and its "
                          "key, which may be in one file");
    }
    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *path = cxlfm_fmd_said(names[i]);
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;
        gsize len;

        if (!path) {
            continue;
        }
        if (!g_file_get_contents(path, &text, &len, &error)) {
            return cxlfm_fail(fm, CXLFM_ERROR_INVALID, "%s: %s", names[i],
                              error->message);
        }
        explicit_bzero(text, len);
    }
    return 0;
}

int cxlfm_fmd_open(cxlfm *fm, const char *where)
{
    static gsize once;
    CxlfmFmd *fmd = g_new0(CxlfmFmd, 1);
    int ret;

    if (g_once_init_enter(&once)) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        g_once_init_leave(&once, 1);
    }
    fm->state = fmd;
    fmd->ids = g_ptr_array_new_with_free_func(g_free);
    fmd->processes = g_ptr_array_new_with_free_func(g_free);
    fmd->pools = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                       g_free);
    fmd->said = g_string_new(NULL);
    fmd->curl = curl_easy_init();
    fmd->multi = curl_multi_init();
    g_assert(fmd->curl && fmd->multi);
    if (g_str_has_prefix(where, "http://") ||
        g_str_has_prefix(where, "https://")) {
        fmd->base = g_strdup(where);
        while (g_str_has_suffix(fmd->base, "/")) {
            fmd->base[strlen(fmd->base) - 1] = '\0';
        }
    } else if (*where == '/') {
        fmd->base = g_strdup("http://localhost");
        fmd->socket = g_strdup(where);
    } else {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "address %s: after fmd: comes the path of the "
                          "daemon's socket, such as /run/cxl-fmd/api, or "
                          "https://HOST:PORT", fm->address);
    }
    cxlfm_fmd_header(fmd, "Content-Type: application/json");
    cxlfm_fmd_header(fmd, "Expect:");
    ret = cxlfm_fmd_token(fm, fmd);
    return ret < 0 ? ret : cxlfm_fmd_certificate(fm, fmd);
}

void cxlfm_fmd_close(cxlfm *fm)
{
    CxlfmFmd *fmd = fm->state;

    if (fmd->stream) {
        curl_multi_remove_handle(fmd->multi, fmd->stream);
        curl_easy_cleanup(fmd->stream);
    }
    curl_multi_cleanup(fmd->multi);
    curl_easy_cleanup(fmd->curl);
    curl_slist_free_all(fmd->headers);
    g_string_free(fmd->said, true);
    g_hash_table_unref(fmd->pools);
    g_ptr_array_unref(fmd->processes);
    g_ptr_array_unref(fmd->ids);
    g_free(fmd->socket);
    g_free(fmd->base);
    g_free(fmd);
}

void cxlfm_fmd_prepare(const CxlfmFmd *fmd, CURL *curl, const char *path)
{
    g_autofree char *url = g_strconcat(fmd->base, path, NULL);
    const char *ca = cxlfm_fmd_said(CA_FILE);

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, fmd->socket);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fmd->headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    /* What the environment says of proxies is about the web. */
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    if (ca) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    }
    curl_easy_setopt(curl, CURLOPT_SSLCERT, cxlfm_fmd_said(CERT_FILE));
    curl_easy_setopt(curl, CURLOPT_SSLKEY, cxlfm_fmd_said(KEY_FILE));
}

static size_t cxlfm_fmd_take(char *bytes, size_t size, size_t count,
                             void *opaque)
{
    CxlfmAnswer *answer = opaque;

    if (size * count > ANSWER_MAX - answer->text->len) {
        answer->too_large = true;
        return 0;
    }
    g_byte_array_append(answer->text, (const guint8 *)bytes, size * count);
    return size * count;
}

/*
 * TLS writes to its socket without a say about signals: a connection that ends
 * must not end the program.
 */
static CURLcode cxlfm_fmd_perform(CURL *curl)
{
    const struct timespec now = { 0 };
    sigset_t pipe, before, pending;
    CURLcode code;
    bool ours;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    ours = !sigismember(&pending, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    code = curl_easy_perform(curl);
    if (ours) {
        (void)sigtimedwait(&pipe, NULL, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

int cxlfm_fmd_unreachable(cxlfm *fm, CURLcode code)
{
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return cxlfm_fail(fm, CXLFM_ERROR_TIMEOUT,
                          "%s has not answered within %.1f s", fm->address,
                          fm->timeout / 1000.0);
    }
    if (code == CURLE_SSL_CERTPROBLEM) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID, CERT_FILE " and " KEY_FILE
                          ": they must have a certificate and its key as PEM, "
                          "without a password");
    }
    return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE,
                      "cannot reach %s: %s; does cxl-fmd run, and may you use "
                      "its socket?", fm->address, curl_easy_strerror(code));
}

/* What the daemon said no with */
static int cxlfm_fmd_refused(cxlfm *fm, const CxlfmAnswer *answer,
                             struct json_object *said, bool changes)
{
    struct json_object *error, *member;
    const char *message = NULL;
    int code = CXLFM_ERROR_REFUSED, ret;

    if (json_object_object_get_ex(said, "error", &error)) {
        if (json_object_object_get_ex(error, "message", &member)) {
            message = json_object_get_string(member);
        }
        if (json_object_object_get_ex(error, "return_code", &member)) {
            fm->return_code = json_object_get_int(member);
        }
        if (json_object_object_get_ex(error, "cxlfm_error", &member)) {
            code = json_object_get_int(member);
            ret = cxlfm_fail(fm, code <= CXLFM_ERROR_INVALID &&
                             code >= CXLFM_ERROR_UNKNOWN ? code :
                             CXLFM_ERROR_PROTOCOL, "%s",
                             message ? message : "no reason is given");
            return ret;
        }
    }
    switch (answer->status) {
    case 400:
    case 415:
    case 422:
        code = CXLFM_ERROR_INVALID;
        break;
    case 404:
    case 502:
    case 503:
        code = CXLFM_ERROR_UNREACHABLE;
        break;
    case 504:
        code = CXLFM_ERROR_TIMEOUT;
        break;
    default:
        code = answer->status >= 400 && answer->status < 500 ?
               CXLFM_ERROR_REFUSED : CXLFM_ERROR_PROTOCOL;
    }
    fm->return_code = 0;
    ret = cxlfm_fail(fm, code, "%s: %s", fm->address,
                     message ? message : "an answer that is no cxl-fmd's");
    return changes && answer->status == 504 ? cxlfm_unknown(fm) : ret;
}

static struct json_object *cxlfm_fmd_parse(const CxlfmAnswer *answer)
{
    struct json_tokener *tokener = json_tokener_new_ex(32);
    struct json_object *said;

    g_assert(tokener);
    said = json_tokener_parse_ex(tokener, (const char *)answer->text->data,
                                 answer->text->len);
    json_tokener_free(tokener);
    return said;
}

/* One try, with @answer empty before */
static CURLcode cxlfm_fmd_send(cxlfm *fm, const char *method,
                               const char *path, const char *body,
                               unsigned timeout, CxlfmAnswer *answer)
{
    CxlfmFmd *fmd = fm->state;
    CURLcode code;

    curl_easy_reset(fmd->curl);
    cxlfm_fmd_prepare(fmd, fmd->curl, path);
    curl_easy_setopt(fmd->curl, CURLOPT_TIMEOUT_MS, (long)MAX(timeout, 1));
    curl_easy_setopt(fmd->curl, CURLOPT_WRITEFUNCTION, cxlfm_fmd_take);
    curl_easy_setopt(fmd->curl, CURLOPT_WRITEDATA, answer);
    if (body) {
        curl_easy_setopt(fmd->curl, CURLOPT_POSTFIELDS, body);
    }
    if (strcmp(method, "GET")) {
        curl_easy_setopt(fmd->curl, CURLOPT_CUSTOMREQUEST, method);
        curl_easy_setopt(fmd->curl, CURLOPT_FRESH_CONNECT, 1L);
    }
    g_byte_array_set_size(answer->text, 0);
    code = cxlfm_fmd_perform(fmd->curl);
    curl_easy_getinfo(fmd->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    cxlfm_log(fm, "%s: %s %s: %s, %ld, %u bytes", fm->address, method, path,
              curl_easy_strerror(code), answer->status, answer->text->len);
    return code;
}

/* Until there is an answer, or none is to be had: 0, or an error */
static int cxlfm_fmd_ask(cxlfm *fm, const char *method, const char *path,
                         const char *body, CxlfmAnswer *answer)
{
    CxlfmDeadline deadline = cxlfm_deadline(fm->timeout);
    CURLcode code;
    int ret;

    /*
     * 503: there is no room now, and nothing was done. Not asked again without
     * time for an answer: what that came to would not be known.
     */
    while ((code = cxlfm_fmd_send(fm, method, path, body, cxlfm_left(deadline),
                                  answer)) == CURLE_OK &&
           answer->status == 503 &&
           (unsigned)cxlfm_left(deadline) > fm->timeout / 4 + AGAIN_US / 1000) {
        g_usleep(AGAIN_US);
    }
    if (code == CURLE_OK) {
        return 0;
    }
    ret = answer->too_large ?
          cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL, "%s: the answer is larger than "
                     "%d MiB", fm->address, ANSWER_MAX >> 20) :
          cxlfm_fmd_unreachable(fm, code);
    return strcmp(method, "GET") && code != CURLE_COULDNT_CONNECT &&
           code != CURLE_COULDNT_RESOLVE_HOST ? cxlfm_unknown(fm) : ret;
}

int cxlfm_fmd_call(cxlfm *fm, const char *path, struct json_object *body,
                   struct json_object **ret_result)
{
    CxlfmAnswer answer = { .text = g_byte_array_new() };
    int ret = cxlfm_fmd_ask(fm, body ? "POST" : "GET", path,
                            body ? json_object_to_json_string_ext(
                                body, JSON_C_TO_STRING_PLAIN) : NULL, &answer);
    struct json_object *said = ret < 0 ? NULL : cxlfm_fmd_parse(&answer);

    if (ret >= 0 && (answer.status < 200 || answer.status > 299)) {
        ret = cxlfm_fmd_refused(fm, &answer, said, body != NULL);
    } else if (ret >= 0 && !said) {
        ret = cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                         "%s: the answer is no JSON", fm->address);
    } else if (ret >= 0 && ret_result) {
        *ret_result = json_object_get(said);
    }
    json_object_put(said);
    g_byte_array_unref(answer.text);
    json_object_put(body);
    return ret;
}

int cxlfm_fmd_daemon_call(cxlfm *fm, const char *method, const char *path,
                          const char *body, unsigned *ret_status,
                          char **ret_answer)
{
    CxlfmAnswer answer = { .text = g_byte_array_new() };
    int ret = cxlfm_fmd_ask(fm, method, path, body, &answer);

    if (ret >= 0) {
        g_byte_array_append(answer.text, (const guint8 *)"", 1);
        *ret_status = answer.status;
        *ret_answer = strdup((const char *)answer.text->data);
        g_assert(*ret_answer);
    }
    g_byte_array_unref(answer.text);
    return ret;
}
