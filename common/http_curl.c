/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_curl.h"

#include <openssl/ssl.h>

/*
 * libcurl tells a refused certificate from its first OpenSSL error, which for a forged signature (a CA that carries
 * our CA's name) is another one; so the verdict is noted where it is made.
 */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	bool *untrusted = ssl == NULL ? NULL : SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (ok == 0 && untrusted != NULL)
		*untrusted = true;
	return ok;
}

static CURLcode on_context(CURL *easy, void *context, void *arg)
{
	(void)easy;
	SSL_CTX *ctx = context;
	if (SSL_CTX_set_app_data(ctx, arg) != 1)
		return CURLE_OUT_OF_MEMORY;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	/* The end of a connection that the peer did not announce in TLS is a cut, not an end. */
	(void)SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return CURLE_OK;
}

/* libcurl's built-in bundle and folder are taken away where roots are given. */
static bool set_roots(CURL *easy, const cof_buf *roots)
{
	struct curl_blob blob = {roots->data, roots->len, CURL_BLOB_COPY};
	if (roots->len == 0)
		return true;
	return curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
}

int cof_http_tls(CURL *easy, const cof_buf *roots, bool *untrusted, cof_err *err)
{
	*untrusted = false;
	bool set = set_roots(easy, roots) &&
		   curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
		   curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
		   curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
		   curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context) == CURLE_OK &&
		   curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, untrusted) == CURLE_OK;
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
