/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_curl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "common/ossl.h"

/* Debian's, on hosts and in guests; named, because the guest's libcurl is built without a place of its own and others'
 * differ. */
#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

/*
 * libcurl tells a refused certificate from its first OpenSSL error, which for a forged signature (a CA that carries
 * our CA's name) is another one; so the verdict is noted where it is made.
 */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	cof_http_peer *p = ssl == NULL ? NULL : SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (ok == 0 && p != NULL)
		p->untrusted = true;
	return ok;
}

/* All of a PEM list, or it is no list: a typing mistake must not shorten it. */
static bool add_roots(X509_STORE *store, cof_span pem)
{
	COF_AUTO_PTR(cof_ossl_bio) in = BIO_new_mem_buf(pem.data, (int)pem.len);
	bool ok = in != NULL;
	size_t n = 0;
	for (; ok; n++) {
		COF_AUTO_PTR(cof_ossl_cert) cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
		if (cert == NULL)
			break;
		ok = X509_STORE_add_cert(store, cert) == 1;
	}
	ok = ok && n > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return ok;
}

static CURLcode on_context(CURL *easy, void *context, void *arg)
{
	(void)easy;
	SSL_CTX *ctx = context;
	cof_http_peer *p = arg;
	if (SSL_CTX_set_app_data(ctx, arg) != 1)
		return CURLE_OUT_OF_MEMORY;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	/* The end of a connection that the peer did not announce in TLS is a cut, not an end. */
	(void)SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	if (p->system_roots && p->roots.len > 0 && !add_roots(SSL_CTX_get_cert_store(ctx), p->roots)) {
		p->bad_roots = true;
		return CURLE_SSL_CACERT_BADFILE;
	}
	return CURLE_OK;
}

/* libcurl's own bundle and folder are taken away: where roots are given, and where the system's have their name. */
static bool set_roots(CURL *easy, const cof_http_peer *p)
{
	struct curl_blob blob = {(void *)(uintptr_t)p->roots.data, p->roots.len, CURL_BLOB_COPY};
	bool given = p->roots.len > 0 && !p->system_roots;
	if (curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) != CURLE_OK)
		return false;
	if (!given)
		return curl_easy_setopt(easy, CURLOPT_CAINFO, SYSTEM_BUNDLE) == CURLE_OK;
	return curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
}

int cof_http_tls(CURL *easy, cof_http_peer *p, cof_err *err)
{
	p->untrusted = p->bad_roots = false;
	bool set = set_roots(easy, p) &&
		   curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
		   curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
		   curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
		   curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context) == CURLE_OK &&
		   curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, p) == CURLE_OK;
	return set ? 0 : cof_err_set(err, COF_E_INTERNAL, "http-init", "TLS cannot be set up");
}

/* --- outcomes --- */

static const struct {
	CURLcode code;
	cof_class cls;
	const char *reason;
} outcomes[] = {
	{CURLE_COULDNT_RESOLVE_HOST, COF_E_UNAVAILABLE, "http-unreachable"},
	{CURLE_COULDNT_RESOLVE_PROXY, COF_E_UNAVAILABLE, "http-unreachable"},
	{CURLE_COULDNT_CONNECT, COF_E_UNAVAILABLE, "http-unreachable"},
	{CURLE_SSL_CONNECT_ERROR, COF_E_UNAVAILABLE, "http-unreachable"},
	{CURLE_OPERATION_TIMEDOUT, COF_E_UNAVAILABLE, "http-timeout"},
	{CURLE_GOT_NOTHING, COF_E_UNAVAILABLE, "http-cut"},
	{CURLE_SEND_ERROR, COF_E_UNAVAILABLE, "http-cut"},
	{CURLE_RECV_ERROR, COF_E_UNAVAILABLE, "http-cut"},
	{CURLE_PARTIAL_FILE, COF_E_UNAVAILABLE, "http-cut"},
	{CURLE_PEER_FAILED_VERIFICATION, COF_E_CRYPTO, "tls-untrusted"},
	{CURLE_SSL_ISSUER_ERROR, COF_E_CRYPTO, "tls-untrusted"},
	{CURLE_SSL_CACERT_BADFILE, COF_E_CRYPTO, "tls-untrusted"},
	{CURLE_TOO_MANY_REDIRECTS, COF_E_MALFORMED, "http-redirect"},
	{CURLE_URL_MALFORMAT, COF_E_USAGE, "http-url"},
	{CURLE_UNSUPPORTED_PROTOCOL, COF_E_USAGE, "http-url"},
	{CURLE_OUT_OF_MEMORY, COF_E_INTERNAL, "out-of-memory"},
};

int cof_http_outcome(CURLcode code, const char *why, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(outcomes); i++)
		if (outcomes[i].code == code)
			return cof_err_set(err, outcomes[i].cls, outcomes[i].reason, "%s", why);
	return cof_err_set(err, COF_E_MALFORMED, "http-malformed", "%s", why);
}
