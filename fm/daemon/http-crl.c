/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates of clients that their CA has taken back
 */
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <gio/gio.h>
#include <gnutls/x509.h>
#include "http-crl.h"

#define UNSIGNED (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA | \
                  GNUTLS_CERT_SIGNATURE_FAILURE | \
                  GNUTLS_CERT_INSECURE_ALGORITHM)

typedef struct Lists {
    gnutls_x509_crl_t *list;      /* NULL: they could not be read */
    unsigned count;
    struct stat seen;             /* the file then */
} Lists;

struct HttpCrl {
    char *path;
    gnutls_x509_crt_t *cas;
    unsigned ca_count;
    GMutex lock;                  /* of what follows */
    Lists lists;
};

static void lists_free(Lists *lists)
{
    unsigned i;

    for (i = 0; i < lists->count; i++) {
        gnutls_x509_crl_deinit(lists->list[i]);
    }
    gnutls_free(lists->list);
    memset(lists, 0, sizeof(*lists));
}

/* NULL, or what is wrong with the lists in @text, which become @lists */
static const char *lists_fault(const HttpCrl *crl, const char *text, gsize len,
                               Lists *lists)
{
    const gnutls_datum_t data = { (unsigned char *)text, len };
    unsigned status, i;

    if (gnutls_x509_crl_list_import2(&lists->list, &lists->count, &data,
                                     GNUTLS_X509_FMT_PEM, 0) < 0 ||
        !lists->count) {
        return "has no list, or one that cannot be read";
    }
    for (i = 0; i < lists->count; i++) {
        if (gnutls_x509_crl_verify(lists->list[i], crl->cas, crl->ca_count, 0,
                                   &status) < 0 || status & UNSIGNED) {
            return "has a list that no CA of client-ca has signed";
        }
        if (gnutls_x509_crl_get_next_update(lists->list[i]) == (time_t)-1) {
            return "has a list that does not say how long it is good";
        }
    }
    return NULL;
}

/* As it is now; without any lists when that fails, with @error. */
static Lists lists_read(const HttpCrl *crl, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) inner = NULL;
    const char *fault;
    Lists lists = { 0 };
    struct stat seen = { 0 };
    gsize len;

    /* Before it is read: what changes meanwhile is seen the next time. */
    (void)stat(crl->path, &seen);
    fault = g_file_get_contents(crl->path, &text, &len, &inner) ?
            lists_fault(crl, text, len, &lists) : inner->message;
    if (fault) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "[http] client-crl: '%s' %s; name a PEM file with the "
                    "lists of revoked certificates of the CAs in client-ca",
                    crl->path, fault);
        lists_free(&lists);
    }
    lists.seen = seen;
    return lists;
}

HttpCrl *http_crl_new(const char *path, const char *ca, GError **error)
{
    const gnutls_datum_t data = { (unsigned char *)ca, strlen(ca) };
    HttpCrl *crl = g_new0(HttpCrl, 1);

    g_mutex_init(&crl->lock);
    crl->path = g_strdup(path);
    gnutls_x509_crt_list_import2(&crl->cas, &crl->ca_count, &data,
                                 GNUTLS_X509_FMT_PEM, 0);
    crl->lists = lists_read(crl, error);
    if (!crl->lists.list) {
        http_crl_free(crl);
        return NULL;
    }
    return crl;
}

void http_crl_free(HttpCrl *crl)
{
    unsigned i;

    if (crl) {
        lists_free(&crl->lists);
        for (i = 0; i < crl->ca_count; i++) {
            gnutls_x509_crt_deinit(crl->cas[i]);
        }
        gnutls_free(crl->cas);
        g_mutex_clear(&crl->lock);
        g_free(crl->path);
        g_free(crl);
    }
}

/* The rest, with the lock: */

static void crl_again(HttpCrl *crl)
{
    g_autoptr(GError) error = NULL;
    struct stat now = { 0 };

    (void)stat(crl->path, &now);
    if (now.st_ino == crl->lists.seen.st_ino &&
        now.st_size == crl->lists.seen.st_size &&
        !memcmp(&now.st_mtim, &crl->lists.seen.st_mtim, sizeof(now.st_mtim)) &&
        !memcmp(&now.st_ctim, &crl->lists.seen.st_ctim, sizeof(now.st_ctim))) {
        return;
    }
    lists_free(&crl->lists);
    crl->lists = lists_read(crl, &error);
    if (error) {
        g_warning("%s: until then no certificate is good", error->message);
    }
}

/* The newest list of who has signed @cert; NULL */
static gnutls_x509_crl_t crl_of(const HttpCrl *crl, gnutls_x509_crt_t cert)
{
    gnutls_datum_t issuer, name;
    gnutls_x509_crl_t newest = NULL;
    bool same;
    unsigned i;

    if (gnutls_x509_crt_get_raw_issuer_dn(cert, &issuer) < 0) {
        return NULL;
    }
    for (i = 0; i < crl->lists.count; i++) {
        gnutls_x509_crl_t one = crl->lists.list[i];

        if (gnutls_x509_crl_get_raw_issuer_dn(one, &name) < 0) {
            continue;
        }
        same = name.size == issuer.size &&
               !memcmp(name.data, issuer.data, name.size);
        gnutls_free(name.data);
        if (same && (!newest || gnutls_x509_crl_get_this_update(one) >
                     gnutls_x509_crl_get_this_update(newest))) {
            newest = one;
        }
    }
    gnutls_free(issuer.data);
    return newest;
}

/* Of one of a chain; the first must be on no list, and on whose is known. */
static const char *crl_fault_of(const HttpCrl *crl, gnutls_x509_crt_t cert,
                                bool first)
{
    gnutls_x509_crl_t list = crl_of(crl, cert);

    if (!list) {
        return first ? "client-crl has no list of the CA that signed it" :
               NULL;
    }
    if (gnutls_x509_crl_get_next_update(list) < time(NULL)) {
        return "the list of its CA in client-crl is out of date";
    }
    return !gnutls_x509_crt_check_revocation(cert, &list, 1) ? NULL :
           first ? "it was revoked" : "one that it hangs on was revoked";
}

const char *http_crl_fault(HttpCrl *crl, const gnutls_datum_t *chain,
                           unsigned count)
{
    const char *fault = NULL;
    gnutls_x509_crt_t cert;
    unsigned i;

    g_mutex_lock(&crl->lock);
    crl_again(crl);
    if (!crl->lists.list) {
        fault = "client-crl of the daemon cannot be read";
    }
    for (i = 0; i < count && !fault; i++) {
        if (gnutls_x509_crt_init(&cert) < 0) {
            fault = "there is no memory to read it";
            break;
        }
        fault = gnutls_x509_crt_import(cert, &chain[i],
                                       GNUTLS_X509_FMT_DER) < 0 ?
                "it cannot be read" : crl_fault_of(crl, cert, !i);
        gnutls_x509_crt_deinit(cert);
    }
    g_mutex_unlock(&crl->lock);
    return fault;
}
