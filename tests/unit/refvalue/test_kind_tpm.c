/* SPDX-License-Identifier: Apache-2.0 */
/* TPM quotes beside predicted boots: one register or one word at a time. */
#include "tests/unit/verify/soft_quote.h"

#include "attestation/refvalue/corim.h"
#include "tests/unit/refvalue/make_rim.h"
#include "tests/unit/refvalue/pem.h"

static soft_keys keys;
static EVP_PKEY *author, *stranger;
static cof_verdict v; /* too large for a frame */

enum { PREDICTED = 0xfbff /* 0 to 15 but IMA's */ };

/* A machine that booted what rim_prediction predicts. */
static soft_quote *booted(void)
{
	soft_quote *s = soft_quote_new(&keys);
	s->select[0].mask = PREDICTED;
	return s;
}

static void sign(cof_rim *rim, EVP_PKEY *by, cof_buf *ret)
{
	const cof_corim_signer signer = {.key = by, .name = "s"};
	if (rim->id[0] == '\0')
		assert_ok(cof_rim_set_id(rim, cof_span_str("guest"), &err));
	ret->len = 0;
	assert_ok(cof_corim_sign(rim, COF_RIM_TPM, &signer, ret, &err));
}

/* Judges it beside this file under this key. */
static void judge(soft_quote *s, const cof_buf *corim, EVP_PKEY *key)
{
	COF_AUTO(cof_buf) pem = {0};
	cof_role_file files[SOFT_ROLES_MAX + 2];
	const cof_kind *kind = NULL;
	COF_AUTO_PTR(json_t) policy = json_loads(s->policy, 0, NULL);
	soft_quote_make(s);
	size_t n = s->n_files;
	memcpy(files, s->files, n * sizeof files[0]);
	if (corim != NULL)
		files[n++] = (cof_role_file){"ref", cof_buf_span(corim)};
	if (key != NULL) {
		pem_public(key, &pem);
		files[n++] = (cof_role_file){"ref_key", cof_buf_span(&pem)};
	}
	const cof_verify_in in = {.files = files, .n_files = n, .policy = policy, .now = s->now};
	assert_ok(cof_kind_find("tpm-quote", &kind, &err));
	cof_verdict_release(&v);
	assert_ok(cof_verify(kind, &in, &v, &err));
}

static const char *first_failed(void)
{
	return v.checks.failed == 0 ? "none" : v.checks.list[v.checks.first].name;
}

static size_t registers_failed(void)
{
	size_t n = 0;
	for (size_t i = 0; i < v.checks.n; i++)
		n += !v.checks.list[i].passed && strcmp(v.checks.list[i].name, "reference-pcr") == 0;
	return n;
}

/* Two boots, of which the second is the one. */
static void predict(const char *name, cof_buf *ret)
{
	COF_AUTO(cof_rim) rim = {0};
	cof_measurement *m = calloc(1, sizeof *m);
	assert_non_null(m);
	rim_prediction(m);
	m->events[0].digest.bytes[0] ^= 1;
	rim_replay(m);
	rim_put_measured(&rim, "another", m);
	free(m);
	rim_put_tpm(&rim, name);
	sign(&rim, author, ret);
}

static void a_predicted_boot_matches(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = booted();
	COF_AUTO(cof_buf) corim = {0};
	predict("this", &corim);
	judge(s, &corim, author);
	assert_string_equal(first_failed(), "none");
	assert_true(v.accepted);
	assert_int_equal(v.appraisal, COF_APPRAISED_MATCH);
	const json_t *a = json_object_get(v.fields, "appraisal");
	assert_string_equal(json_string_value(json_object_get(a, "entry")), "this");
	assert_int_equal(json_integer_value(json_object_get(a, "of_class")), 2);
	assert_string_equal(json_string_value(json_object_get(a, "corim")), "guest/tpm");
	size_t i;
	const json_t *c;
	assert_true(json_array_size(json_object_get(a, "conditions")) >= 9);
	json_array_foreach (json_object_get(a, "conditions"), i, c)
		assert_true(json_is_true(json_object_get(c, "passed")));
	/* without references nothing is said of them */
	judge(s, NULL, NULL);
	assert_true(v.accepted);
	assert_int_equal(v.appraisal, COF_NOT_APPRAISED);
	assert_null(json_object_get(v.fields, "appraisal"));
}

static void t077_another_event_is_another_boot(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = booted();
	COF_AUTO(cof_rim) rim = {0};
	COF_AUTO(cof_buf) corim = {0};
	cof_measurement *m = calloc(1, sizeof *m);
	assert_non_null(m);
	rim_prediction(m);
	size_t n = m->n_events;
	free(m);
	for (size_t i = 0; i < n; i++) {
		cof_rim_release(&rim);
		m = calloc(1, sizeof *m);
		assert_non_null(m);
		rim_prediction(m);
		m->events[i].digest.bytes[31] ^= 0x80;
		rim_replay(m);
		rim_put_measured(&rim, "this", m);
		free(m);
		sign(&rim, author, &corim);
		judge(s, &corim, author);
		assert_string_equal(first_failed(), "reference-mismatch");
		assert_int_equal(v.appraisal, COF_APPRAISED_NO_MATCH);
		assert_false(v.accepted);
		assert_int_equal(registers_failed(), 1);
	}
}

/* A register that the reference names and nobody quoted says nothing, least of all yes. */
static void each_register_must_be_quoted(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	predict("this", &corim);
	for (uint32_t pcr = 0; pcr < 10; pcr++) {
		COF_AUTO_PTR(soft_quote) s = booted();
		s->select[0].mask = PREDICTED & ~(1u << pcr);
		s->send_log = false;
		judge(s, &corim, author);
		assert_string_equal(first_failed(), pcr == 8 ? "none" : "reference-mismatch");
		assert_int_equal(registers_failed(), pcr == 8 ? 0 : 1);
	}
}

/* What the reference measures nothing into must hold nothing: here a register of the dynamic launch. */
static void what_is_not_measured_is_untouched(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	predict("this", &corim);
	for (int touched = 0; touched < 2; touched++) {
		COF_AUTO_PTR(soft_quote) s = booted();
		s->select[0].mask = PREDICTED | 1u << 17;
		s->banks.list[0].pcrs[17][0] ^= (uint8_t)touched;
		s->send_log = false;
		judge(s, &corim, author);
		assert_string_equal(first_failed(), touched ? "reference-mismatch" : "none");
	}
}

static void only_sha256_registers_count(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = booted();
	COF_AUTO(cof_buf) corim = {0};
	predict("this", &corim);
	s->select[0] = (soft_select){0xc, 3, PREDICTED};
	s->send_log = false;
	judge(s, &corim, author);
	assert_string_equal(first_failed(), "reference-mismatch");
}

static void t007_whose_word_it_is(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = booted();
	COF_AUTO(cof_buf) corim = {0};
	predict("this", &corim);
	judge(s, &corim, stranger);
	assert_false(v.accepted);
	assert_string_equal(first_failed(), "cose-signature");
	assert_int_equal(v.appraisal, COF_APPRAISED_NO_MATCH);
	judge(s, &corim, NULL);
	assert_false(v.accepted);
	corim.data[corim.len / 2] ^= 1;
	judge(s, &corim, author);
	assert_false(v.accepted);
}

/* References to other machines: none is of the class. */
static void references_of_another_class(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = booted();
	COF_AUTO(cof_rim) rim = {0};
	COF_AUTO(cof_buf) corim = {0};
	const cof_corim_signer by = {.key = author, .name = "s"};
	assert_ok(cof_rim_set_id(&rim, cof_span_str("guest"), &err));
	rim_put(&rim, rim_launch(COF_RIM_SEV, "this"));
	assert_ok(cof_corim_sign(&rim, COF_RIM_SEV, &by, &corim, &err));
	judge(s, &corim, author);
	assert_string_equal(first_failed(), "reference-mismatch");
	assert_string_equal(v.checks.list[v.checks.first].found, "none of this class");
}

static void a_refused_quote_matches_nothing(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = booted();
	COF_AUTO(cof_buf) corim = {0};
	predict("this", &corim);
	s->sig_flip = 1;
	judge(s, &corim, author);
	assert_false(v.accepted);
	assert_int_equal(v.appraisal, COF_APPRAISED_NO_MATCH);
	assert_null(json_object_get(v.fields, "appraisal"));
}

static int make_all(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	author = EVP_EC_gen("P-256");
	stranger = EVP_EC_gen("P-256");
	return author != NULL && stranger != NULL ? 0 : -1;
}

static int drop_all(void **state)
{
	(void)state;
	cof_verdict_release(&v);
	soft_keys_drop(&keys);
	EVP_PKEY_free(author);
	EVP_PKEY_free(stranger);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_predicted_boot_matches),	cmocka_unit_test(t077_another_event_is_another_boot),
		cmocka_unit_test(each_register_must_be_quoted), cmocka_unit_test(what_is_not_measured_is_untouched),
		cmocka_unit_test(only_sha256_registers_count),	cmocka_unit_test(t007_whose_word_it_is),
		cmocka_unit_test(references_of_another_class),	cmocka_unit_test(a_refused_quote_matches_nothing),
	};
	return cmocka_run_group_tests(tests, make_all, drop_all);
}
