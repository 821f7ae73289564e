/* SPDX-License-Identifier: Apache-2.0 */
/* The signed file: nobody else's, nothing unknown, nothing twice, and judged like an answer from the network. */
#include "tests/unit/endorsements/intel.h"

#include "attestation/endorsements/bundle.h"
#include "attestation/refvalue/cborwr.h"
#include "attestation/refvalue/cose.h"

static void add(cof_bundle *b, cof_endorse_type type)
{
	cof_endorsement e = {.id = {.type = type}, .fetched = 1, .expires = 2, .source = "x"};
	assert_ok(cof_buf_add_str(&e.body, "body", &err));
	assert_ok(cof_bundle_add(b, &e, &err));
}

static void comes_back_in_order(void **state)
{
	(void)state;
	COF_AUTO(cof_bundle) b = {.created = 1000};
	COF_AUTO(cof_bundle) again = {0};
	COF_AUTO(cof_buf) file = {0};
	EVP_PKEY *key = EVP_EC_gen("P-384"), *other = EVP_EC_gen("P-384");
	assert_fails(cof_bundle_sign(&b, key, &file, &err), "bundle-empty");
	add(&b, COF_ENDORSE_TDX_ROOT_CRL);
	add(&b, COF_ENDORSE_TDX_QE_IDENTITY);
	assert_ok(cof_bundle_sign(&b, key, &file, &err));
	assert_ok(cof_bundle_open(cof_buf_span(&file), key, &again, &err));
	assert_int_equal(again.created, 1000);
	assert_int_equal(again.n, 2);
	assert_int_equal(again.e[0].id.type, COF_ENDORSE_TDX_QE_IDENTITY); /* before what it vouches for */
	cof_bundle none = {0};
	assert_fails(cof_bundle_open(cof_buf_span(&file), other, &none, &err), "cose-signature");
	for (size_t i = 0; i < file.len; i++) {
		file.data[i] ^= 1;
		assert_true(cof_bundle_open(cof_buf_span(&file), key, &none, NULL) < 0);
		file.data[i] ^= 1;
		assert_true(cof_bundle_open(cof_span_of(file.data, i), key, &none, NULL) < 0);
	}
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

/* --- what was signed but is no bundle --- */

typedef struct odd {
	const char *type;
	uint64_t version;
	bool more, no_entries, twice, disordered;
} odd;

static void put_entry(cof_wr *w)
{
	COF_AUTO(cof_endorsement) e = {.id = {.type = COF_ENDORSE_TDX_QE_IDENTITY}, .source = "x"};
	assert_ok(cof_buf_add_str(&e.body, "b", &err));
	cof_endorsement_write(&e, w);
}

static void sign_odd(const odd *o, EVP_PKEY *key, cof_buf *file)
{
	COF_AUTO(cof_buf) payload = {0};
	cof_wr w = cof_wr_to(&payload);
	cof_cbor_put_map(&w, o->more ? 4 : 3);
	cof_cbor_put_uint(&w, o->disordered ? 2 : 1);
	cof_cbor_put_uint(&w, o->version);
	cof_cbor_put_uint(&w, o->disordered ? 1 : 2);
	cof_cbor_put_uint(&w, 1);
	cof_cbor_put_uint(&w, 3);
	cof_cbor_put_array(&w, o->no_entries ? 0 : o->twice ? 2 : 1);
	for (int i = 0; i < (o->no_entries ? 0 : o->twice ? 2 : 1); i++)
		put_entry(&w);
	if (o->more) {
		cof_cbor_put_uint(&w, 4);
		cof_cbor_put_uint(&w, 4);
	}
	const cof_cose_out out = {.content_type = o->type, .payload = cof_buf_span(&payload)};
	assert_ok(cof_cose_sign(&out, key, file, &err));
}

static void what_the_owner_signed_otherwise_is_refused(void **state)
{
	(void)state;
#define TYPE "application/vnd.coffer.endorsements+cbor"
	static const struct {
		odd o;
		const char *why;
	} cases[] = {
		{{.type = TYPE, .version = 1}, NULL},
		{{.type = "application/rim+cbor", .version = 1}, "bundle-malformed"},
		{{.type = TYPE, .version = 2}, "bundle-version"},
		{{.type = TYPE, .version = 0}, "bundle-version"},
		{{.type = TYPE, .version = 1, .more = true}, "bundle-malformed"},
		{{.type = TYPE, .version = 1, .no_entries = true}, "bundle-malformed"},
		{{.type = TYPE, .version = 1, .twice = true}, "bundle-malformed"},
		{{.type = TYPE, .version = 1, .disordered = true}, "cbor-malformed"},
	};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) file = {0};
		COF_AUTO(cof_bundle) b = {0};
		sign_odd(&cases[i].o, key, &file);
		if (cases[i].why == NULL)
			assert_ok(cof_bundle_open(cof_buf_span(&file), key, &b, &err));
		else
			assert_fails(cof_bundle_open(cof_buf_span(&file), key, &b, &err), cases[i].why);
	}
	EVP_PKEY_free(key);
}

/* --- into a cache --- */

static const char *adopt(const intel *i, cof_endorse_type type, const cof_buf *body, const cof_buf *chain,
			 int64_t fetched)
{
	static cof_err why;
	COF_AUTO(cof_endorsement) e = {.id = {.type = type}, .fetched = fetched, .source = "x"};
	assert_ok(cof_buf_add(&e.body, body->data, body->len, &err));
	if (chain != NULL)
		assert_ok(cof_buf_add(&e.chain, chain->data, chain->len, &err));
	why = (cof_err){0};
	assert_ok(cof_fetch_adopt(&i->f, &e, &why, &err));
	return why.reason;
}

/* The owner's signature does not make Intel's. */
static void an_import_is_judged_like_an_answer(void **state)
{
	(void)state;
	intel i;
	intel_open(&i);
	i.f.service = NULL;
	const cof_buf *signing = &i.t.signing;
	assert_string_equal(adopt(&i, COF_ENDORSE_TDX_ROOT_CRL, &i.t.root_crl_der, NULL, SOFT_NOW),
			    "endorsement-missing");
	i.t.qe_identity.data[i.t.qe_identity.len - 5] ^= 1;
	assert_string_not_equal(adopt(&i, COF_ENDORSE_TDX_QE_IDENTITY, &i.t.qe_identity, signing, SOFT_NOW), "");
	i.t.qe_identity.data[i.t.qe_identity.len - 5] ^= 1;
	assert_string_equal(adopt(&i, COF_ENDORSE_TDX_QE_IDENTITY, &i.t.qe_identity, signing, SOFT_NOW), "");
	assert_string_equal(adopt(&i, COF_ENDORSE_TDX_ROOT_CRL, &i.t.root_crl_der, NULL, SOFT_NOW), "");
	assert_string_equal(adopt(&i, COF_ENDORSE_TDX_TCB_INFO, &i.t.tcb_info, signing, SOFT_NOW), "endorsement-other");
	intel_close(&i);
}

/* What was fetched long ago is stale, and what was "fetched tomorrow" is not fresh for ever. */
static void an_import_keeps_its_age(void **state)
{
	(void)state;
	intel i;
	const cof_endorse_id id = {.type = COF_ENDORSE_TDX_QE_IDENTITY};
	intel_open(&i);
	i.f.service = NULL;
	static const struct {
		int64_t fetched;
		cof_fetch_state want;
	} cases[] = {{SOFT_NOW - 3 * SOFT_DAY, COF_FETCH_STALE}, {SOFT_NOW + 3 * SOFT_DAY, COF_FETCH_FRESH}};
	for (size_t k = 0; k < COF_COUNT(cases); k++) {
		COF_AUTO(cof_fetch_got) got = {0};
		assert_string_equal(adopt(&i, id.type, &i.t.qe_identity, &i.t.signing, cases[k].fetched), "");
		assert_ok(cof_fetch(&i.f, &id, &got, &err));
		assert_int_equal(got.state, cases[k].want);
		assert_true(got.e.fetched <= SOFT_NOW);
	}
	intel_close(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_in_order),
		cmocka_unit_test(what_the_owner_signed_otherwise_is_refused),
		cmocka_unit_test(an_import_is_judged_like_an_answer),
		cmocka_unit_test(an_import_keeps_its_age),
	};
	return cmocka_run_group_tests(tests, intel_setup, intel_teardown);
}
