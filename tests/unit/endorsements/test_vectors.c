/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendors' services played with published evidence: what must be accepted is accepted by way of service and cache,
 * and nothing else is. Skips where the vectors are not.
 */
#include "tests/unit/endorsements/vendor.h"
#include "tests/unit/kbs/tmpdir.h"
#include "tests/unit/verify/vectors.h"

#include <openssl/pem.h>

#include "attestation/endorsements/fetch.h"
#include "attestation/endorsements/roles.h"
#include "attestation/verify/snp_certs.h"
#include "attestation/verify/tdx_cert.h"
#include "attestation/verify/tdx_quote.h"

typedef struct rig {
	vendor_peer v;
	tmpdir dir;
	cof_ecache *cache;
	cof_service *service;
	cof_fetcher f;
	cof_buf evidence, root;
	cof_endorse_wants wants;
} rig;

static void rig_open(rig *r, const json_t *v, const char *role)
{
	*r = (rig){.dir = tmpdir_new()};
	vendor_open(&r->v);
	assert_ok(cof_ecache_open(r->dir.path, true, &r->cache, &err));
	const cof_service_opts o = {.base = {r->v.url, r->v.url, r->v.url}, .backoff_ms = 1, .vcek_every_ms = 1};
	assert_ok(cof_service_new(&o, r->cache, &r->service, &err));
	r->f = (cof_fetcher){.store = r->cache, .service = r->service, .now = (int64_t)vector_time(v)};
	vector_file(v, role, &r->evidence);
	if (vector_has(v, "root"))
		vector_file(v, "root", &r->root);
}

static void rig_close(rig *r)
{
	vendor_close(&r->v);
	cof_service_free(r->service);
	cof_ecache_free(r->cache);
	cof_buf_release(&r->evidence);
	cof_buf_release(&r->root);
	tmpdir_release(&r->dir);
}

static void put_pem(const X509 *c, cof_buf *ret)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	assert_int_equal(PEM_write_bio_X509(b, (X509 *)(uintptr_t)c), 1);
	long n = BIO_get_mem_data(b, &text);
	assert_ok(cof_buf_add(ret, text, (size_t)n, &err));
	BIO_free(b);
}

static void der_pem(const cof_buf *der, cof_buf *ret)
{
	const uint8_t *at = der->data;
	X509 *c = d2i_X509(NULL, &at, (long)der->len);
	assert_non_null(c);
	put_pem(c, ret);
	X509_free(c);
}

/* How many of what is wanted came. */
static size_t fetch_all(const rig *r)
{
	size_t came = 0;
	for (size_t i = 0; i < r->wants.n; i++) {
		COF_AUTO(cof_fetch_got) got = {0};
		assert_ok(cof_fetch(&r->f, &r->wants.id[i], &got, &err));
		came += got.state != COF_FETCH_MISSING;
	}
	return came;
}

/* --- TDX --- */

/* PCK CA and root, as the quote has them. */
static bool pck_issuers(const rig *r, cof_buf *ret)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	cof_tdx_quote q;
	if (cof_tdx_quote_parse(cof_buf_span(&r->evidence), &q, NULL) < 0 ||
	    cof_tdx_chain_read(q.pck_chain, 3, &chain, NULL) < 0)
		return false;
	der_pem(&chain.cert[1]->der, ret);
	der_pem(&chain.cert[2]->der, ret);
	return true;
}

static void say_one(rig *r, const json_t *v, const cof_endorse_id *id, const char *role, const char *header,
		    const cof_buf *chain)
{
	COF_AUTO(cof_buf) path = {0};
	COF_AUTO(cof_buf) body = {0};
	if (!vector_has(v, role))
		return;
	assert_ok(cof_pcs_path(id, false, &path, &err));
	vector_file(v, role, &body);
	if (body.len > 0)
		vendor_say(&r->v, cof_buf_str(&path), cof_buf_span(&body), header, chain);
}

static void say_intel(rig *r, const json_t *v, const cof_buf *issuers)
{
	static const struct {
		const char *role, *header;
	} how[COF_ENDORSE_TYPES] = {
		[COF_ENDORSE_TDX_QE_IDENTITY] = {"qe_identity", "SGX-Enclave-Identity-Issuer-Chain"},
		[COF_ENDORSE_TDX_TCB_INFO] = {"tcb_info", "TCB-Info-Issuer-Chain"},
		[COF_ENDORSE_TDX_PCK_CRL] = {"pck_crl", "SGX-PCK-CRL-Issuer-Chain"},
		[COF_ENDORSE_TDX_ROOT_CRL] = {"root_crl", NULL},
	};
	COF_AUTO(cof_buf) signing = {0};
	if (vector_has(v, "tcb_signing_chain"))
		vector_file(v, "tcb_signing_chain", &signing);
	for (size_t i = 0; i < r->wants.n; i++) {
		const cof_endorse_id *id = &r->wants.id[i];
		say_one(r, v, id, how[id->type].role, how[id->type].header,
			id->type == COF_ENDORSE_TDX_PCK_CRL ? issuers : &signing);
	}
}

static bool is_intel(const rig *r)
{
	static cof_checks checks;
	COF_AUTO(cof_tdx_anchor) a = {0};
	cof_x509 *cert = NULL;
	assert_ok(cof_tdx_cert_read(cof_buf_span(&r->root), &cert, &err));
	bool is = cof_tdx_anchor_find(&checks, (cof_span){0}, cert, &a);
	cof_x509_free(cert);
	return is;
}

/* NULL status: refused. */
static bool judged(const rig *r, const json_t *v, const char **ret_status)
{
	static cof_verdict verdict;
	COF_AUTO(cof_endorse_files) files = {0};
	const cof_kind *kind = NULL;
	bool named = r->f.root.len > 0;
	cof_role_file all[COF_ENDORSE_ROLES_MAX + 2] = {{"quote", cof_buf_span(&r->evidence)},
							{"root", cof_buf_span(&r->root)}};
	const cof_endorse_files_in in = {.store = r->cache, .wants = &r->wants};
	verdict = (cof_verdict){0};
	assert_ok(cof_endorse_files_load(&in, &verdict.checks, &files, &err));
	if (verdict.checks.n > 0)
		return false;
	size_t n = named ? 2 : 1;
	memcpy(all + n, files.file, files.n * sizeof *all);
	const cof_verify_in judge = {.files = all,
				     .n_files = n + files.n,
				     .policy = json_object_get(v, "policy"),
				     .now = (int64_t)vector_time(v)};
	assert_ok(cof_kind_find("tdx-quote", &kind, &err));
	assert_ok(cof_verify(kind, &judge, &verdict, &err));
	bool accepted = verdict.accepted;
	*ret_status = verdict.tcb_status;
	cof_verdict_release(&verdict);
	return accepted;
}

/* 1: a case that came out valid. */
static int tdx_case(const json_t *v)
{
	static rig r;
	const char *want = jstr(json_object_get(v, "expect"), "verdict"), *status = NULL;
	const char *want_status = jstr(json_object_get(v, "expect"), "tcb_status");
	COF_AUTO(cof_buf) issuers = {0};
	rig_open(&r, v, "quote");
	bool valid = strcmp(want, "valid") == 0;
	if (cof_endorse_wants_quote(cof_buf_span(&r.evidence), &r.wants, NULL) < 0 || !pck_issuers(&r, &issuers)) {
		assert_false(valid);
		rig_close(&r);
		return 0;
	}
	if (!is_intel(&r))
		r.f.root = cof_buf_span(&r.root);
	say_intel(&r, v, &issuers);
	size_t came = fetch_all(&r);
	bool accepted = judged(&r, v, &status);
	if (valid && (!accepted || came != 4 || strcmp(status, want_status) != 0))
		fail_msg("%s: %zu came, %s", jstr(v, "id"), came, accepted ? status : "refused");
	if (!valid && accepted && strcmp(want, "valid-or-invalid") != 0)
		fail_msg("%s: accepted", jstr(v, "id"));
	rig_close(&r);
	return valid;
}

static void quotes_by_way_of_the_cache(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i;
	json_t *v;
	int valid = 0;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		if (strcmp(jstr(v, "kind"), "tdx-quote") == 0 && vector_has(v, "tcb_info") && vector_has(v, "root"))
			valid += tdx_case(v);
	}
	assert_true(valid >= 10);
}

/* --- SEV-SNP --- */

static void say_amd(rig *r, const json_t *v)
{
	COF_AUTO(cof_buf) chain = {0};
	COF_AUTO(cof_buf) middle = {0};
	COF_AUTO(cof_buf) vek = {0};
	vector_file(v, "intermediate", &middle);
	vector_file(v, "vek", &vek);
	der_pem(&middle, &chain);
	der_pem(&r->root, &chain);
	for (size_t i = 0; i < r->wants.n; i++) {
		COF_AUTO(cof_buf) path = {0};
		assert_ok(cof_kds_path(&r->wants.id[i], &path, &err));
		if (r->wants.id[i].type != COF_ENDORSE_SNP_CRL)
			vendor_say(&r->v, cof_buf_str(&path),
				   cof_buf_span(r->wants.id[i].type == COF_ENDORSE_SNP_CHAIN ? &chain : &vek), NULL,
				   NULL);
	}
}

/* Genuine chains and VCEKs pass under AMD's pinned keys; nobody has published AMD's lists. */
static int snp_case(const json_t *v)
{
	static rig r;
	rig_open(&r, v, "report");
	assert_ok(cof_endorse_wants_report(cof_buf_span(&r.evidence),
					   cof_snp_line_by_name(cof_span_str(jstr(v, "product"))), &r.wants, &err));
	if (!cof_snp_root_is_amd(cof_buf_span(&r.root)))
		r.f.root = cof_buf_span(&r.root);
	say_amd(&r, v);
	size_t came = fetch_all(&r);
	if (came != r.wants.n - 1)
		fail_msg("%s: %zu of %zu came", jstr(v, "id"), came, r.wants.n);
	rig_close(&r);
	return 1;
}

static void chains_and_vceks_by_way_of_the_cache(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i;
	json_t *v;
	int n = 0;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		if (strcmp(jstr(v, "kind"), "snp-report") == 0 &&
		    strcmp(jstr(json_object_get(v, "expect"), "verdict"), "valid") == 0)
			n += snp_case(v);
	}
	assert_true(n >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_by_way_of_the_cache),
		cmocka_unit_test(chains_and_vceks_by_way_of_the_cache),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
