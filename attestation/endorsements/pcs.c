/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/vendor.h"
#include "attestation/verify/tdx_cert.h"
#include "common/hex.h"
#include "common/rd.h"
#include "common/secret.h"

#define PEM_BEGIN "-----BEGIN X509 CRL-----"
#define PEM_END "-----END X509 CRL-----"

int cof_pcs_path(const cof_endorse_id *id, bool pccs, cof_buf *ret, cof_err *err)
{
	char hex[2 * COF_ENDORSE_FMSPC_LEN + 1];
	cof_hex(cof_span_of(id->fmspc, sizeof id->fmspc), hex);
	if (id->type == COF_ENDORSE_TDX_TCB_INFO)
		return cof_buf_printf(ret, err, "/tdx/certification/v4/tcb?fmspc=%s", hex);
	if (id->type == COF_ENDORSE_TDX_QE_IDENTITY)
		return cof_buf_add_str(ret, "/tdx/certification/v4/qe/identity", err);
	if (id->type == COF_ENDORSE_TDX_PCK_CRL)
		return cof_buf_printf(ret, err, "/sgx/certification/v4/pckcrl?ca=%s&encoding=der",
				      id->processor_ca ? "processor" : "platform");
	return cof_buf_add_str(ret, pccs ? "/sgx/certification/v4/rootcacrl" : "/IntelSGXRootCA.der", err);
}

static int answer(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "endorsement-answer", "the service's answer has no %s", what);
}

/* --- issuer chains --- */

static bool hex_digit(uint8_t c, uint8_t *ret)
{
	if (c >= '0' && c <= '9')
		*ret = (uint8_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*ret = (uint8_t)(c - 'a' + 10);
	else if (c >= 'A' && c <= 'F')
		*ret = (uint8_t)(c - 'A' + 10);
	else
		return false;
	return true;
}

/* spec: RFC 3986, 2.1. A '+' is a '+': it belongs to base64. */
static uint8_t take_byte(cof_rd *r)
{
	uint8_t c = cof_rd_u8(r), high = 0, low = 0;
	if (c != '%')
		return c;
	if (!hex_digit(cof_rd_u8(r), &high) || !hex_digit(cof_rd_u8(r), &low))
		cof_rd_fail(r);
	return (uint8_t)(high << 4 | low);
}

static bool is_text(uint8_t c)
{
	return c == '\n' || c == '\r' || (c >= ' ' && c < 0x7f);
}

static void drop_last_lines(cof_buf *b)
{
	while (b->len > 0 && (b->data[b->len - 1] == '\n' || b->data[b->len - 1] == '\r'))
		b->data[--b->len] = '\0';
}

int cof_pcs_chain_decode(cof_span header, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_tdx_chain) chain = {0};
	cof_rd r = cof_rd_of(header);
	int rc = header.len == 0 || header.len > COF_ENDORSE_CHAIN_MAX ? answer(err, "issuer chain") : 0;
	while (rc == 0 && r.left > 0) {
		uint8_t c = take_byte(&r);
		rc = cof_rd_ok(&r) && is_text(c) ? cof_buf_add(&pem, &c, 1, err) : answer(err, "issuer chain in PEM");
	}
	drop_last_lines(&pem);
	if (rc == 0 && cof_tdx_chain_read(cof_buf_span(&pem), 2, &chain, NULL) < 0)
		rc = answer(err, "issuer chain of two certificates");
	return rc < 0 ? rc : cof_buf_add(ret, pem.data, pem.len, err);
}

/* source: PCS API 4: the header that an issuer chain is in; the root's list has none */
static const char *chain_header(cof_endorse_type type)
{
	switch (type) {
	case COF_ENDORSE_TDX_TCB_INFO:
		return "TCB-Info-Issuer-Chain";
	case COF_ENDORSE_TDX_QE_IDENTITY:
		return "SGX-Enclave-Identity-Issuer-Chain";
	case COF_ENDORSE_TDX_PCK_CRL:
		return "SGX-PCK-CRL-Issuer-Chain";
	default:
		return NULL;
	}
}

/* --- revocation lists --- */

/* Between the two lines. */
static int crl_pem(cof_span body, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) der = {0};
	cof_rd r = cof_rd_of(body);
	cof_rd_skip(&r, strlen(PEM_BEGIN));
	if (!cof_ct_equal(cof_rd_tail(&r, strlen(PEM_END)), cof_span_str(PEM_END)))
		return answer(err, "end of its PEM");
	int rc = 0;
	while (rc == 0 && r.left > 0) {
		uint8_t c = cof_rd_u8(&r);
		if (c != '\n' && c != '\r')
			rc = cof_buf_add(&text, &c, 1, err);
	}
	if (rc == 0 && (cof_unb64(cof_buf_span(&text), &der, NULL) < 0 || der.len == 0))
		rc = answer(err, "base64 in its PEM");
	return rc < 0 ? rc : cof_buf_add(ret, der.data, der.len, err);
}

static int crl_hex(cof_span body, cof_buf *ret, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(body);
	int rc = body.len % 2 != 0 || text == NULL ? answer(err, "list in DER, PEM or hex")
						   : cof_buf_reserve(ret, body.len / 2, err);
	if (rc == 0 && cof_unhex(text, ret->data + ret->len, body.len / 2, NULL) < 0)
		rc = answer(err, "list in DER, PEM or hex");
	if (rc == 0)
		ret->len += body.len / 2;
	return rc;
}

/* A SEQUENCE begins with 30 hex, which is '0', and so may hex text: what follows tells them apart. */
static bool is_hex_text(cof_span s)
{
	uint8_t digit;
	for (size_t i = 0; i < s.len; i++) {
		if (!hex_digit(s.data[i], &digit))
			return false;
	}
	return s.len > 0;
}

int cof_pcs_crl_decode(cof_span body, cof_buf *ret, cof_err *err)
{
	cof_span trimmed = body;
	cof_rd r = cof_rd_of(body);
	while (trimmed.len > 0 && (trimmed.data[trimmed.len - 1] == '\n' || trimmed.data[trimmed.len - 1] == '\r'))
		trimmed.len--;
	if (body.len == 0 || body.len > 2 * (size_t)COF_ENDORSE_BODY_MAX)
		return answer(err, "list");
	if (cof_ct_equal(cof_rd_bytes(&r, strlen(PEM_BEGIN)), cof_span_str(PEM_BEGIN)))
		return crl_pem(trimmed, ret, err);
	return is_hex_text(trimmed) ? crl_hex(trimmed, ret, err) : cof_buf_add(ret, body.data, body.len, err);
}

/* --- answers --- */

static bool is_list(cof_endorse_type type)
{
	return type == COF_ENDORSE_TDX_PCK_CRL || type == COF_ENDORSE_TDX_ROOT_CRL;
}

int cof_pcs_take(const cof_http_resp *resp, cof_endorsement *e, cof_err *err)
{
	const char *name = chain_header(e->id.type);
	COF_AUTO_FREE char *header = name == NULL ? NULL : cof_http_header(resp, name);
	cof_span body = cof_buf_span(&resp->body);
	int rc = 0;
	if (name != NULL)
		rc = header == NULL ? answer(err, name) : cof_pcs_chain_decode(cof_span_str(header), &e->chain, err);
	if (rc < 0)
		return rc;
	if (is_list(e->id.type))
		return cof_pcs_crl_decode(body, &e->body, err);
	return body.len == 0 ? answer(err, "body") : cof_buf_add(&e->body, body.data, body.len, err);
}
