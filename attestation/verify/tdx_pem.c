/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates out of their text or DER, so that what is read is all that there is. */
#include "attestation/verify/tdx_cert.h"
#include "common/hex.h"
#include "common/ossl.h"
#include "common/rd.h"
#include "common/secret.h"

enum { PEM_MAX = 64 << 10 };

void cof_tdx_chain_release(cof_tdx_chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		X509_free(c->cert[i]);
	*c = (cof_tdx_chain){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "certificate-malformed", "certificate: %s", what);
}

static bool encodes_to(X509 *c, cof_span der)
{
	uint8_t *again = NULL;
	int n = i2d_X509(c, &again);
	bool same = n > 0 && cof_ct_equal(cof_span_of(again, (size_t)n), der);
	OPENSSL_free(again);
	return same;
}

static int read_der(cof_span der, X509 *known, X509 **ret, cof_err *err)
{
	const uint8_t *at = der.data;
	if (der.len == 0 || der.len > COF_TDX_CERT_MAX)
		return malformed(err, "size");
	if (known != NULL && encodes_to(known, der) && X509_up_ref(known) == 1) {
		*ret = known;
		return 0;
	}
	COF_AUTO_PTR(cof_ossl_cert) c = d2i_X509(NULL, &at, (long)der.len);
	if (c == NULL || at != der.data + der.len)
		return malformed(err, "not one DER certificate");
	if (!encodes_to(c, der))
		return malformed(err, "BER that is not DER");
	*ret = cof_steal(&c);
	return 0;
}

/* Up to the next newline, which is taken too, and a carriage return before it. */
static cof_span next_line(cof_rd *r)
{
	size_t n = 0;
	bool cr = false;
	for (cof_rd look = *r; look.left > 0; n++) {
		uint8_t byte = cof_rd_u8(&look);
		if (byte == '\n')
			break;
		cr = byte == '\r';
	}
	cof_span line = cof_rd_bytes(r, n);
	if (r->left > 0)
		cof_rd_skip(r, 1);
	return (cof_span){line.data, cr ? line.len - 1 : line.len};
}

static bool is_text(cof_span line, const char *text)
{
	return cof_ct_equal(line, cof_span_str(text));
}

static int next_cert(cof_rd *r, X509 *known, X509 **ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) der = {0};
	if (!is_text(next_line(r), "-----BEGIN CERTIFICATE-----"))
		return malformed(err, "no PEM where one was expected");
	for (cof_span line = next_line(r); !is_text(line, "-----END CERTIFICATE-----"); line = next_line(r)) {
		if (line.len == 0)
			return malformed(err, "PEM without an end");
		int rc = cof_buf_add(&text, line.data, line.len, err);
		if (rc < 0)
			return rc;
	}
	if (cof_unb64(cof_buf_span(&text), &der, NULL) < 0)
		return malformed(err, "no base64 in PEM");
	return read_der(cof_buf_span(&der), known, ret, err);
}

static int read_all(cof_rd *r, size_t n, X509 *known, cof_tdx_chain *chain, cof_err *err)
{
	while (chain->n < n) {
		int rc = next_cert(r, known, &chain->cert[chain->n], err);
		if (rc < 0)
			return rc;
		chain->n++;
	}
	return 0;
}

int cof_tdx_chain_read(cof_span pem, size_t n, X509 *known, cof_tdx_chain *ret, cof_err *err)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	if (pem.len == 0 || pem.len > PEM_MAX || n == 0 || n > COF_TDX_CHAIN_MAX)
		return malformed(err, "size of the chain");
	/* source: most platforms count the C string's NUL as certification data */
	cof_rd r = cof_rd_of(pem), end = r;
	if (cof_rd_tail(&end, 1).data[0] == '\0')
		r = end;
	int rc = read_all(&r, n, known, &chain, err);
	if (rc < 0)
		return rc;
	if (!cof_rd_end(&r))
		return malformed(err, "more than the chain");
	*ret = chain;
	chain = (cof_tdx_chain){0};
	return 0;
}

int cof_tdx_cert_read(cof_span in, X509 *known, X509 **ret, cof_err *err)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	cof_rd r = cof_rd_of(in);
	if (cof_rd_u8(&r) != '-')
		return read_der(in, known, ret, err);
	int rc = cof_tdx_chain_read(in, 1, known, &chain, err);
	if (rc == 0)
		*ret = cof_steal(&chain.cert[0]);
	return rc;
}
