/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates of clients: who shows a good one is who it says
 *
 * GnuTLS has seen in the handshake that the client has the key. The
 * certificate is judged for each request, so that one that expires, or whose
 * name is taken out of the tokens file, is good for no more of them, whatever
 * connection is still open. One that is shown and not good is never as if none
 * had been.
 */
#include <string.h>
#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "http-call.h"

#define NAME_SIZE 256
#define BAD            "bad-certificate"

/* --- client-ca of the configuration --- */

static char *http_cert_fail(char *text, GError **error, const char *path,
                            const char *why)
{
    if (text) {
        explicit_bzero(text, strlen(text));
        g_free(text);
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "[http] client-ca: '%s' %s; name a PEM file with the "
                "certificates of the CAs that sign those of clients", path,
                why);
    return NULL;
}

/* NULL, or why @text is not what client-ca must name */
static const char *http_cert_fault(const char *text, size_t len)
{
    const gnutls_datum_t data = { (unsigned char *)text, len };
    gnutls_x509_crt_t *list = NULL;
    const char *fault = NULL;
    unsigned count = 0, i;

    if (strlen(text) != len) {
        return "is no text";
    }
    if (strstr(text, "PRIVATE KEY-----")) {
        return "has a private key, which must not be there";
    }
    if (gnutls_x509_crt_list_import2(&list, &count, &data,
                                     GNUTLS_X509_FMT_PEM, 0) < 0 || !count) {
        return "has no certificate, or one that cannot be read";
    }
    for (i = 0; i < count; i++) {
        if (gnutls_x509_crt_get_ca_status(list[i], NULL) <= 0) {
            fault = "has a certificate that is no CA's";
        }
        gnutls_x509_crt_deinit(list[i]);
    }
    gnutls_free(list);
    return fault;
}

char *http_cert_read(const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    const char *fault;
    char *text = NULL;
    gsize len;

    if (!g_file_get_contents(path, &text, &len, &why)) {
        return http_cert_fail(NULL, error, path, why->message);
    }
    fault = http_cert_fault(text, len);
    return fault ? http_cert_fail(text, error, path, fault) : text;
}

/* --- What a client shows --- */

static bool http_cert_refuse(HttpCall *call, const char *why)
{
    http_answer_error(&call->request, MHD_HTTP_UNAUTHORIZED, BAD,
                      "show another certificate, or none and send a token",
                      "the certificate that was shown is not good: %s", why);
    return false;
}

/* False, with an answer: it is not valid, not for this, or not of our CAs. */
static bool http_cert_verify(HttpCall *call, gnutls_session_t session)
{
    static const struct {
        unsigned status;
        const char *why;
    } faults[] = {
        { GNUTLS_CERT_SIGNER_NOT_FOUND, "no CA of client-ca has signed it" },
        { GNUTLS_CERT_EXPIRED, "it has expired" },
        { GNUTLS_CERT_NOT_ACTIVATED, "it is not valid yet" },
        { GNUTLS_CERT_PURPOSE_MISMATCH,
          "it is not for clients: its extended key usage is another" },
    };
    gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID,
        .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
    };
    gnutls_datum_t text = { NULL, 0 };
    unsigned status = 0, i;
    int ret = gnutls_certificate_verify_peers(session, &purpose, 1, &status);

    if (ret < 0) {
        return http_cert_refuse(call, gnutls_strerror(ret));
    }
    if (!status) {
        return true;
    }
    for (i = 0; i < G_N_ELEMENTS(faults); i++) {
        if (status & faults[i].status) {
            return http_cert_refuse(call, faults[i].why);
        }
    }
    ret = gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509,
                                                       &text, 0);
    http_cert_refuse(call, ret < 0 ? "it stands no test" :
                     (const char *)text.data);
    gnutls_free(text.data);
    return false;
}

/* The one common name, to @name; false with an answer. */
static bool http_cert_name(HttpCall *call, gnutls_x509_crt_t cert,
                           char name[NAME_SIZE])
{
    char other[1];
    size_t size = NAME_SIZE, size_of_other = 0;
    int ret = gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME,
                                            0, 0, name, &size);

    if (ret == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
        return http_cert_refuse(call, "it has no common name");
    }
    if (gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 1, 0,
                                      other, &size_of_other) !=
        GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
        return http_cert_refuse(call, "it has several common names");
    }
    /* What is no plain text comes escaped, with what no name may have. */
    if (ret < 0 || strlen(name) != size || !auth_common_name(name)) {
        return http_cert_refuse(call, "its common name has what cannot be in "
                                "it: blanks, control characters or one of "
                                AUTH_NAME_NOT);
    }
    return true;
}

/* Whose @cert is; false with an answer. */
static bool http_cert_whose(HttpCall *call, gnutls_x509_crt_t cert,
                            AuthGrant *ret_grant)
{
    char name[NAME_SIZE];
    g_autofree char *why = NULL;

    if (!http_cert_name(call, cert, name)) {
        return false;
    }
    if (!auth_tokens_certificate(call->door->server->tokens, name,
                                 ret_grant)) {
        why = g_strdup_printf("no line of the daemon's tokens file has "
                              "cert:%s", name);
        return http_cert_refuse(call, why);
    }
    ret_grant->until = gnutls_x509_crt_get_expiration_time(cert);
    return true;
}

static const char *http_cert_revoked(HttpServer *server,
                                     const gnutls_datum_t *chain,
                                     unsigned count)
{
    return server->crl ? http_crl_fault(server->crl, chain, count) : NULL;
}

bool http_cert_stays(HttpServer *server, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    const gnutls_datum_t *chain = NULL;
    unsigned count = 0;

    if (info) {
        chain = gnutls_certificate_get_peers(info->tls_session, &count);
    }
    return chain && !http_cert_revoked(server, chain, count);
}

bool http_cert_check(HttpCall *call, AuthGrant *ret_grant)
{
    const union MHD_ConnectionInfo *info;
    const gnutls_datum_t *chain = NULL;
    gnutls_x509_crt_t cert;
    unsigned count = 0;
    const char *fault;
    bool good;

    memset(ret_grant, 0, sizeof(*ret_grant));
    if (!call->door->server->config->client_ca) {
        return true;
    }
    info = MHD_get_connection_info(call->connection,
                                   MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info) {
        return http_cert_refuse(call, "there is no TLS");
    }
    chain = gnutls_certificate_get_peers(info->tls_session, &count);
    if (!chain || !count) {
        return true;
    }
    if (!http_cert_verify(call, info->tls_session)) {
        return false;
    }
    fault = http_cert_revoked(call->door->server, chain, count);
    if (fault) {
        return http_cert_refuse(call, fault);
    }
    if (gnutls_x509_crt_init(&cert) < 0) {
        return http_cert_refuse(call, "there is no memory to read it");
    }
    good = gnutls_x509_crt_import(cert, chain, GNUTLS_X509_FMT_DER) < 0 ?
           http_cert_refuse(call, "it cannot be read") :
           http_cert_whose(call, cert, ret_grant);
    gnutls_x509_crt_deinit(cert);
    return good;
}
