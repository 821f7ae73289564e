/* SPDX-License-Identifier: Apache-2.0 */
/* The backend table, which of it a machine has, and a handshake through it. */
#include "tests/unit/evidence/fake_tee.h"
#include "tests/unit/evidence/tpmbox.h"

#include "attestation/evidence/attester.h"
#include "attestation/verify/makecredential.h"
#include "attestation/verify/tpm.h"
#include "common/hex.h"

static const uint8_t bytes[32] = {1, 2, 3};
static const cof_digest digest = {.alg = COF_SHA256, .bytes = {1, 2, 3}};

static int make_box(void **state)
{
	static tpmbox box;
	(void)setenv("TSS2_LOG", "all+none", 1);
	(void)tpmbox_make(&box);
	*state = &box;
	return 0;
}

static int drop_box(void **state)
{
	tpmbox_drop(*state);
	return 0;
}

static void t024_no_backend_but_the_one_named(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "sample", "SNP", "TPM", "tpm2", "az-snp-vtpm", "sev"};
	const cof_attester_backend *b = NULL;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_attester_backend_by_name(bad[i], &b, &err), "tee-unknown");
	assert_ok(cof_attester_backend_by_name("tpm", &b, &err));
	assert_int_equal(b->report_data_len, 32);
	cof_attester *a = NULL;
	assert_fails(b->open(&a, &(cof_attester_opts){0}, &err), "tcti-unknown");
	assert_fails(b->open(&a, &(cof_attester_opts){.tcti = "swtpm:path=/nonexistent", .eventlog = "x"}, &err),
		     "tpm-unreachable");
	b->free(NULL);
}

static const char *tee_of(fake_tee *f, const char *tcti)
{
	const cof_sys sys = fake_sys(f);
	const cof_attester_backend *b = NULL;
	cof_err err = {0};
	if (cof_attester_detect(&(cof_attester_opts){.tcti = tcti, .sys = &sys}, &b, &err) < 0)
		return err.reason[0] == 't' ? "none" : "?";
	return b->tee;
}

/* T-24: the strongest that the kernel offers, whatever else the host has plugged in. */
static void t024_the_machine_says_what_it_is(void **state)
{
	(void)state;
	static const char tpm[] = "device:/dev/tpmrm0";
	fake_tee f = {.no_tsm = true};
	assert_string_equal(tee_of(&f, NULL), "none");
	assert_string_equal(tee_of(&f, tpm), "none"); /* no such device */
	f.files[0] = (fake_file){"/dev/tpmrm0", {0}};
	assert_string_equal(tee_of(&f, tpm), "tpm");
	f = (fake_tee){.files = {{"/dev/tpmrm0", {0}}}}; /* configfs, and no provider in it */
	assert_string_equal(tee_of(&f, tpm), "tpm");
	f.provider = "arm_cca_guest\n";
	assert_string_equal(tee_of(&f, tpm), "tpm");
	f.provider = "tdx_guest\n";
	assert_string_equal(tee_of(&f, tpm), "tdx");
	f.provider = "sev_guest\n";
	assert_string_equal(tee_of(&f, tpm), "snp");
	assert_string_equal(tee_of(&f, NULL), "snp");
	fake_drop(&f);
	f = (fake_tee){.no_tsm = true, .tdxguest = true, .files = {{"/dev/tpmrm0", {0}}}};
	assert_string_equal(tee_of(&f, tpm), "tdx");
	f.sevguest = true;
	assert_string_equal(tee_of(&f, tpm), "snp");
	assert_string_equal(tee_of(&(fake_tee){0}, "swtpm:path=x"), "tpm"); /* named by who runs this process */
	fake_drop(&f);
}

/* T-24: and one that is there and does not work is no reason to prove less. */
static void t024_no_fall_back(void **state)
{
	(void)state;
	fake_tee f = {.no_tsm = true, .tdxguest = true};
	const cof_sys sys = fake_sys(&f);
	const cof_attester_opts opts = {.tcti = "swtpm:path=x", .sys = &sys};
	const cof_attester_backend *b = NULL;
	cof_attester *a = NULL;
	assert_ok(cof_attester_detect(&opts, &b, &err));
	assert_string_equal(b->tee, "tdx");
	assert_fails(b->open(&a, &opts, &err), "tdx-no-quotes");
	assert_null(a);
	fake_drop(&f);
}

static json_t *b64_of(cof_span s)
{
	COF_AUTO_FREE char *t = cof_b64_dup(s);
	return json_string(t);
}

static json_t *challenge_for(const tpmbox *box, const json_t *extra)
{
	const json_t *tpm = json_object_get(extra, "tpm");
	COF_AUTO(cof_buf) cert = {0};
	COF_AUTO(cof_buf) ek = {0};
	COF_AUTO(cof_buf) ak = {0};
	COF_AUTO(cof_buf) blob = {0};
	COF_AUTO(cof_buf) secret = {0};
	assert_ok(cof_json_b64(tpm, "ek_cert", &cert, &err));
	assert_ok(cof_json_b64(tpm, "ek_public", &ek, &err));
	assert_ok(cof_json_b64(tpm, "ak_public", &ak, &err));
	const cof_tpm_bind_in in = {.ek_cert = cof_buf_span(&cert),
				    .ek_public = cof_buf_span(&ek),
				    .ak_public = cof_buf_span(&ak),
				    .credential = cof_span_of(bytes, 32),
				    .ek_roots = cof_buf_span(&box->ca_pem),
				    .now = 1800000000};
	assert_ok(cof_tpm_bind(&in, &blob, &secret, &err));
	return json_pack("{s:{s:o, s:o}}", "tpm", "credential_blob", b64_of(cof_buf_span(&blob)), "encrypted_secret",
			 b64_of(cof_buf_span(&secret)));
}

static void a_handshake(void **state)
{
	tpmbox *box = *state;
	const cof_attester_backend *b = NULL;
	cof_attester *a = NULL;
	COF_AUTO_PTR(json_t) extra = NULL;
	COF_AUTO_PTR(json_t) evidence = NULL;
	COF_AUTO_PTR(json_t) bad = json_pack("{s:{s:s}}", "tpm", "credential_blob", "AA==");
	COF_AUTO_PTR(json_t) none = json_string("");
	if (!box->there)
		skip();
	tpmbox_on(box);
	assert_ok(cof_attester_backend_by_name("tpm", &b, &err));
	assert_ok(b->open(&a, &(cof_attester_opts){.tcti = box->tcti}, &err));
	assert_ok(b->bind_initdata(a, &digest, &err));
	assert_fails(b->bind_initdata(a, &digest, &err), "initdata-bound");
	assert_ok(b->request_extra(a, &extra, &err));
	assert_fails(b->challenge_extra(a, bad, &err), "json-missing");
	assert_ok(b->challenge_extra(a, none, &err)); /* the protocol's "" */
	COF_AUTO_PTR(json_t) challenge = challenge_for(box, extra);
	assert_ok(b->challenge_extra(a, challenge, &err));
	assert_fails(b->evidence(a, cof_span_of(bytes, 31), &evidence, &err), "report-data");
	assert_ok(b->evidence(a, cof_span_of(bytes, 32), &evidence, &err));
	assert_non_null(json_object_get(evidence, "activation"));
	assert_null(json_object_get(evidence, "eventlog"));
	COF_AUTO_PTR(json_t) again = NULL;
	assert_ok(b->evidence(a, cof_span_of(bytes, 32), &again, &err));
	assert_null(json_object_get(again, "activation")); /* used up */
	b->free(a);
}

static void a_log_that_is_not_there(void **state)
{
	tpmbox *box = *state;
	const cof_attester_backend *b = NULL;
	cof_attester *a = NULL;
	json_t *evidence = NULL;
	if (!box->there)
		skip();
	tpmbox_on(box);
	assert_ok(cof_attester_backend_by_name("tpm", &b, &err));
	assert_ok(b->open(&a, &(cof_attester_opts){.tcti = box->tcti, .eventlog = "/nonexistent/log"}, &err));
	assert_fails(b->evidence(a, cof_span_of(bytes, 32), &evidence, &err), "no-such-file");
	b->free(a);
}

static void t061_a_tpm_that_dies(void **state)
{
	tpmbox *box = *state;
	const cof_attester_backend *b = NULL;
	cof_attester *a = NULL;
	json_t *evidence = NULL;
	if (!box->there)
		skip();
	tpmbox_on(box);
	assert_ok(cof_attester_backend_by_name("tpm", &b, &err));
	assert_ok(b->open(&a, &(cof_attester_opts){.tcti = box->tcti}, &err));
	tpmbox_off(box);
	assert_true(b->evidence(a, cof_span_of(bytes, 32), &evidence, NULL) < 0);
	assert_null(evidence);
	b->free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t024_no_backend_but_the_one_named),
		cmocka_unit_test(t024_the_machine_says_what_it_is),
		cmocka_unit_test(t024_no_fall_back),
		cmocka_unit_test(a_log_that_is_not_there),
		cmocka_unit_test(t061_a_tpm_that_dies),
		cmocka_unit_test(a_handshake),
	};
	return cmocka_run_group_tests(tests, make_box, drop_box);
}
