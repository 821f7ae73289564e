/* SPDX-License-Identifier: Apache-2.0 */
/* What Intel's service and its mirrors are asked, and the shapes of their answers. */
#include "tests/unit/endorsements/intel.h"

#include "attestation/endorsements/vendor.h"

static void asks(const char *name, bool pccs, const char *want)
{
	cof_endorse_id id = {0};
	COF_AUTO(cof_buf) path = {0};
	assert_ok(cof_endorse_name_parse(cof_span_str(name), &id, &err));
	assert_ok(cof_pcs_path(&id, pccs, &path, &err));
	assert_string_equal(cof_buf_str(&path), want);
}

static void paths_are_version_4s(void **state)
{
	(void)state;
	for (int pccs = 0; pccs < 2; pccs++) {
		asks("tdx/tcb-info/00806f050000", pccs, "/tdx/certification/v4/tcb?fmspc=00806f050000");
		asks("tdx/qe-identity", pccs, "/tdx/certification/v4/qe/identity");
		asks("tdx/pck-crl/platform", pccs, "/sgx/certification/v4/pckcrl?ca=platform&encoding=der");
		asks("tdx/pck-crl/processor", pccs, "/sgx/certification/v4/pckcrl?ca=processor&encoding=der");
	}
	asks("tdx/root-crl", false, "/IntelSGXRootCA.der");
	asks("tdx/root-crl", true, "/sgx/certification/v4/rootcacrl");
}

/* --- issuer chains --- */

static int decode(const char *header, cof_err *err)
{
	COF_AUTO(cof_buf) pem = {0};
	return cof_pcs_chain_decode(cof_span_str(header), &pem, err);
}

static void a_chain_comes_percent_encoded(void **state)
{
	(void)state;
	soft_tdx t;
	COF_AUTO(cof_buf) header = {0};
	COF_AUTO(cof_buf) pem = {0};
	soft_start(&t, &intel_keys);
	soft_finish(&t);
	vendor_encode(&t.signing, &header);
	assert_ok(cof_pcs_chain_decode(cof_buf_span(&header), &pem, &err));
	/* without the last line's end */
	assert_span_equal(cof_buf_span(&pem), t.signing.data, t.signing.len - 1);
	for (size_t n = 0; n < header.len - 3; n += 7) {
		COF_AUTO(cof_buf) cut = {0};
		assert_fails(cof_pcs_chain_decode(cof_span_of(header.data, n), &cut, &err), "endorsement-answer");
		assert_int_equal(cut.len, 0);
	}
	/* three certificates, or one */
	COF_AUTO(cof_buf) three = {0};
	soft_put_pem(t.x509[SOFT_CA], &t.signing);
	vendor_encode(&t.signing, &three);
	assert_fails(decode(cof_buf_str(&three), &err), "endorsement-answer");
	COF_AUTO(cof_buf) one = {0};
	t.signing.len = 0;
	soft_put_pem(t.x509[SOFT_CA], &t.signing);
	vendor_encode(&t.signing, &one);
	assert_fails(decode(cof_buf_str(&one), &err), "endorsement-answer");
	soft_drop(&t);
}

static void what_is_no_encoding_is_refused(void **state)
{
	(void)state;
	const char *const bad[] = {"",	 "%", "%4", "%4g", "%g4", "%00", "%80", "\x80", "-----BEGIN%20CERTIFICATE-----",
				   "%0A"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(decode(bad[i], &err), "endorsement-answer");
	COF_AUTO(cof_buf) huge = {0};
	for (int i = 0; i < 50 << 10; i++)
		assert_ok(cof_buf_add_str(&huge, "A", &err));
	assert_fails(decode(cof_buf_str(&huge), &err), "endorsement-answer");
}

/* --- lists --- */

static void assert_list(cof_span body, const cof_buf *want)
{
	COF_AUTO(cof_buf) der = {0};
	assert_ok(cof_pcs_crl_decode(body, &der, &err));
	assert_span_equal(cof_buf_span(&der), want->data, want->len);
}

/* A PCCS gives hex unless it is asked for DER, and some give PEM. */
static void lists_come_as_der_hex_and_pem(void **state)
{
	(void)state;
	soft_tdx t;
	COF_AUTO(cof_buf) text = {0};
	soft_start(&t, &intel_keys);
	soft_finish(&t);
	const cof_buf *der = &t.root_crl_der;
	assert_list(cof_buf_span(der), der);
	COF_AUTO_FREE char *hex = cof_hex_dup(cof_buf_span(der));
	assert_list(cof_span_str(hex), der);
	assert_ok(cof_buf_printf(&text, &err, "%s\r\n", hex));
	assert_list(cof_buf_span(&text), der);
	COF_AUTO_FREE char *b64 = cof_b64_dup(cof_buf_span(der));
	text.len = 0;
	assert_ok(cof_buf_printf(&text, &err, "-----BEGIN X509 CRL-----\n%.64s\n%s\n-----END X509 CRL-----\n", b64,
				 b64 + 64));
	assert_list(cof_buf_span(&text), der);
	soft_drop(&t);
}

static void other_lists_are_refused(void **state)
{
	(void)state;
	const char *const bad[] = {"",
				   "3",
				   "308",
				   "-----BEGIN X509 CRL-----",
				   "-----BEGIN X509 CRL-----\nAAAA\n",
				   "-----BEGIN X509 CRL-----\nA*AA\n-----END X509 CRL-----",
				   "-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) der = {0};
		assert_fails(cof_pcs_crl_decode(cof_span_str(bad[i]), &der, &err), "endorsement-answer");
	}
}

static void an_answer_has_its_chain(void **state)
{
	(void)state;
	static const cof_endorse_type types[] = {COF_ENDORSE_TDX_QE_IDENTITY, COF_ENDORSE_TDX_TCB_INFO,
						 COF_ENDORSE_TDX_PCK_CRL};
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		COF_AUTO(cof_endorsement) e = {.id = {.type = types[i]}};
		COF_AUTO(cof_http_resp) resp = {.status = 200};
		assert_ok(cof_buf_add_str(&resp.body, "{}", &err));
		assert_ok(cof_buf_add_str(&resp.headers, "HTTP/1.1 200 OK\r\nX-Issuer-Chain: a\r\n\r\n", &err));
		assert_fails(cof_pcs_take(&resp, &e, &err), "endorsement-answer");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_version_4s),		  cmocka_unit_test(a_chain_comes_percent_encoded),
		cmocka_unit_test(what_is_no_encoding_is_refused), cmocka_unit_test(lists_come_as_der_hex_and_pem),
		cmocka_unit_test(other_lists_are_refused),	  cmocka_unit_test(an_answer_has_its_chain),
	};
	return cmocka_run_group_tests(tests, intel_setup, intel_teardown);
}
