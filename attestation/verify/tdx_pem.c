/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates out of their text or DER, so that what is read is all that there is. */
#include "attestation/verify/tdx_cert.h"
#include "common/hex.h"
#include "common/rd.h"
#include "common/secret.h"

enum { PEM_MAX = 64 << 10 };

void cof_tdx_chain_release(cof_tdx_chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		cof_x509_free(c->cert[i]);
	*c = (cof_tdx_chain){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "certificate-malformed", "certificate: %s", what);
}

/* Up to the next newline, which is taken too, and without a carriage return before it. */
static cof_span next_line(cof_rd *r)
{
	cof_span line = cof_rd_bytes(r, cof_rd_find(r, '\n'));
	if (r->left > 0)
		cof_rd_skip(r, 1);
	cof_rd end = cof_rd_of(line);
	cof_rd last = cof_rd_of(line.len > 0 ? cof_rd_tail(&end, 1) : line);
	return last.left > 0 && cof_rd_u8(&last) == '\r' ? cof_rd_rest(&end) : line;
}

static bool is_text(cof_span line, const char *text)
{
	return cof_ct_equal(line, cof_span_str(text));
}

static int next_cert(cof_rd *r, cof_x509 **ret, cof_err *err)
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
	return cof_x509_read(cof_buf_span(&der), ret, err);
}

static int read_all(cof_rd *r, size_t n, cof_tdx_chain *chain, cof_err *err)
{
	while (chain->n < n) {
		int rc = next_cert(r, &chain->cert[chain->n], err);
		if (rc < 0)
			return rc;
		chain->n++;
	}
	return 0;
}

int cof_tdx_chain_read(cof_span pem, size_t n, cof_tdx_chain *ret, cof_err *err)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	if (pem.len == 0 || pem.len > PEM_MAX || n == 0 || n > COF_TDX_CHAIN_MAX)
		return malformed(err, "size of the chain");
	/* source: most platforms count the C string's NUL as certification data */
	cof_rd r = cof_rd_of(pem), end = r;
	if (cof_rd_tail(&end, 1).data[0] == '\0')
		r = end;
	int rc = read_all(&r, n, &chain, err);
	if (rc < 0)
		return rc;
	if (!cof_rd_end(&r))
		return malformed(err, "more than the chain");
	*ret = chain;
	chain = (cof_tdx_chain){0};
	return 0;
}

int cof_tdx_cert_read(cof_span in, cof_x509 **ret, cof_err *err)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	cof_rd r = cof_rd_of(in);
	if (cof_rd_u8(&r) != '-')
		return cof_x509_read(in, ret, err);
	int rc = cof_tdx_chain_read(in, 1, &chain, err);
	if (rc == 0)
		*ret = cof_steal(&chain.cert[0]);
	return rc;
}
