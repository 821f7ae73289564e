/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms and launches: what is demanded of them, and that nothing less makes a session or a secret possible. */
#include "tests/unit/verify/soft_sev.h"

#include "common/hex.h"
#include "common/json.h"

static soft_sev own;
static cof_checks checks;

static bool failed(const char *name)
{
	return soft_sev_failed(&checks, name);
}

/* ---- policies ---- */

static int read_policy(const char *text, cof_sev_demands *ret, json_t **held, cof_err *err)
{
	int rc = cof_json_parse(cof_span_str(text), held, err);
	return rc < 0 ? rc : cof_sev_demands_read(*held, ret, err);
}

static void words_that_are_none(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{\"min_apis\":{}}",
		"{\"min_api\":1}",
		"{\"min_api\":{}}",
		"{\"min_api\":{\"major\":1}}",
		"{\"min_api\":{\"major\":1,\"minor\":256}}",
		"{\"min_api\":{\"major\":-1,\"minor\":0}}",
		"{\"min_api\":{\"major\":1,\"minor\":0,\"build\":3}}",
		"{\"min_api\":\"1.0\"}",
		"{\"require_vendor_root\":1}",
		"{\"cek_keys\":\"00\"}",
		"{\"cek_keys\":[\"00\"]}",
		"{\"cek_keys\":[7]}",
		"{\"oca_keys\":{}}",
		"{\"oca_keys\":[null]}",
		"{\"report_data\":\"00\"}",
		"[]",
		"{\"oca_keys\":[\"zz00000000000000000000000000000000000000000000000000000000000000\"]}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(json_t) held = NULL;
		cof_sev_demands d;
		assert_fails(read_policy(bad[i], &d, &held, &err), "policy-word");
	}
}

/* The checks of the policy alone. */
static bool platform_passes(const char *policy)
{
	COF_AUTO_PTR(json_t) held = NULL;
	COF_AUTO_PTR(cof_sev_platform) p = NULL;
	cof_sev_demands d;
	const cof_sev_chain_in in = soft_sev_in(&own);
	assert_ok(read_policy(policy, &d, &held, &err));
	checks = (cof_checks){0};
	assert_ok(cof_sev_verify(&in, &d, &checks, NULL, &p, &err));
	assert_int_equal(p != NULL, cof_checks_passed(&checks));
	return p != NULL;
}

static void t020_older_firmware(void **state)
{
	(void)state;
	assert_true(platform_passes("{}"));
	assert_true(platform_passes("{\"min_api\":{\"major\":0,\"minor\":24}}"));
	assert_false(platform_passes("{\"min_api\":{\"major\":0,\"minor\":25}}"));
	assert_true(failed("api-too-low"));
	assert_int_equal(checks.failed, 1);
	assert_false(platform_passes("{\"min_api\":{\"major\":1,\"minor\":0}}"));
	assert_true(failed("api-too-low"));
	assert_false(cof_sev_api_covers(1, 5, 2, 0));
	assert_true(cof_sev_api_covers(2, 0, 1, 5));
}

/* A chain that holds below a root of one's own: told apart, and refused where AMD's is demanded. */
static void t042_a_root_of_ones_own(void **state)
{
	(void)state;
	assert_true(platform_passes("{\"require_vendor_root\":false}"));
	assert_false(platform_passes("{\"require_vendor_root\":true}"));
	assert_true(failed("ark-anchor"));
	assert_int_equal(checks.failed, 1);
}

static void digest_of(int file, char out[65])
{
	cof_sev_cert cert;
	assert_ok(cof_sev_cert_parse(cof_buf_span(&own.files[file]), &cert, &err));
	assert_ok(cof_sev_key_digest(&cert, out, &err));
}

/* One processor whose key leaked signs any platform: those that are known are named. */
static void t021_keys_of_known_platforms(void **state)
{
	(void)state;
	static const char stranger[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	static const struct {
		const char *word, *check;
		int file, other;
	} lists[] = {{"cek_keys", "cek-not-allowed", SOFT_SEV_CEK, SOFT_SEV_OCA},
		     {"oca_keys", "oca-not-allowed", SOFT_SEV_OCA, SOFT_SEV_CEK}};
	for (size_t i = 0; i < COF_COUNT(lists); i++) {
		char text[256], hex[65], other[65];
		digest_of(lists[i].file, hex);
		digest_of(lists[i].other, other);
		(void)snprintf(text, sizeof text, "{\"%s\":[\"%s\",\"%s\"]}", lists[i].word, stranger, hex);
		assert_true(platform_passes(text));
		(void)snprintf(text, sizeof text, "{\"%s\":[\"%s\",\"%s\"]}", lists[i].word, stranger, other);
		assert_false(platform_passes(text));
		assert_true(failed(lists[i].check));
		assert_int_equal(checks.failed, 1);
		(void)snprintf(text, sizeof text, "{\"%s\":[]}", lists[i].word);
		assert_false(platform_passes(text));
	}
}

/* ---- the kind ---- */

static void judge_kind(cof_verdict *v)
{
	static const char *const roles[] = {"ark", "ask", "cek", "oca", "pek", "pdh"};
	cof_role_file files[SOFT_SEV_FILES];
	const cof_kind *kind = NULL;
	for (size_t i = 0; i < SOFT_SEV_FILES; i++)
		files[i] = (cof_role_file){roles[i], cof_buf_span(&own.files[i])};
	const cof_verify_in in = {.files = files, .n_files = SOFT_SEV_FILES};
	assert_ok(cof_kind_find("sev-legacy-chain", &kind, &err));
	assert_ok(cof_verify(kind, &in, v, &err));
}

static void the_kind(void **state)
{
	(void)state;
	cof_verdict *v = calloc(1, sizeof *v);
	judge_kind(v);
	assert_true(v->accepted && !v->decoded_only);
	assert_string_equal(json_string_value(json_object_get(v->fields, "root")), "named by the caller");
	assert_string_equal(json_string_value(json_object_get(json_object_get(v->fields, "pdh"), "api")), "0.24");
	cof_verdict_release(v);
	/* Fields are there for what is wrong, and not for what cannot be read. */
	own.files[SOFT_SEV_PDH].data[COF_SEV_CERT_LEN - 1] ^= 1;
	judge_kind(v);
	assert_true(!v->accepted && v->fields != NULL);
	cof_verdict_release(v);
	own.files[SOFT_SEV_PDH].data[COF_SEV_CERT_LEN - 1] ^= 1;
	own.files[SOFT_SEV_PDH].len--;
	judge_kind(v);
	assert_true(!v->accepted && v->fields == NULL);
	cof_verdict_release(v);
	own.files[SOFT_SEV_PDH].len++;
	free(v);
}

/* A platform is what a session is made with, so it exists only after every check. */
static void no_platform_without_a_chain(void **state)
{
	(void)state;
	static const cof_sev_demands nothing;
	for (size_t f = 0; f < SOFT_SEV_FILES; f++) {
		cof_sev_platform *p = NULL;
		cof_sev_chain_in in = soft_sev_in(&own);
		cof_span *spans[] = {&in.ark, &in.ask, &in.cek, &in.oca, &in.pek, &in.pdh};
		*spans[f] = (cof_span){0};
		checks = (cof_checks){0};
		assert_ok(cof_sev_verify(&in, &nothing, &checks, NULL, &p, &err));
		assert_null(p);
		assert_false(cof_checks_passed(&checks));
	}
}

/* ---- launches ---- */

static const uint8_t tik[16] = "0123456789abcdef";

typedef struct launch {
	cof_sev_launch_in in;
	uint8_t tik[16], measurement[COF_SEV_MEASUREMENT_LEN];
} launch;

static void good_launch(launch *l)
{
	soft_firmware f = {.policy = 0x18000003}; /* API 0.24 at least */
	*l = (launch){.in = {.policy = f.policy, .api_minor = 24, .build = 20}};
	memset(l->in.digest, 0xd1, sizeof l->in.digest);
	memcpy(l->tik, tik, sizeof tik);
	memcpy(f.tik, tik, sizeof tik);
	soft_launch_measure(&f, l->in.digest, l->measurement);
	l->in.tik = cof_span_of(l->tik, sizeof l->tik);
	l->in.measurement = cof_span_of(l->measurement, sizeof l->measurement);
}

static bool launched(const launch *l)
{
	COF_AUTO_PTR(cof_sev_launched) ok = NULL;
	checks = (cof_checks){0};
	assert_ok(cof_sev_launch_verify(&l->in, &checks, &ok, &err));
	assert_int_equal(ok != NULL, cof_checks_passed(&checks));
	if (ok != NULL)
		assert_span_equal(cof_sev_launched_measure(ok), l->measurement, COF_SEV_MEASURE_LEN);
	return ok != NULL;
}

/* Each input alone is wrong. */
static void t004_launches_that_are_others(void **state)
{
	(void)state;
	launch l;
	good_launch(&l);
	assert_true(launched(&l));
	for (size_t bit = 0; bit < COF_SEV_MEASUREMENT_LEN * 8; bit++) {
		l.measurement[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_false(launched(&l));
		assert_true(failed("launch-measure"));
		assert_int_equal(checks.failed, 1);
		l.measurement[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	for (size_t bit = 0; bit < 256; bit++) {
		l.in.digest[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_false(launched(&l));
		l.in.digest[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	for (unsigned bit = 0; bit < 16; bit++) {
		l.in.policy ^= 1u << bit;
		assert_false(launched(&l));
		assert_true(failed("launch-measure"));
		l.in.policy ^= 1u << bit;
	}
	for (size_t i = 0; i < 16; i++) {
		l.tik[i] ^= 1;
		assert_false(launched(&l));
		l.tik[i] ^= 1;
	}
	l.in.api_major++;
	assert_false(launched(&l));
	l.in.api_major--;
	l.in.api_minor++;
	assert_false(launched(&l));
	l.in.api_minor--;
	l.in.build++;
	assert_false(launched(&l));
	l.in.build--;
	assert_true(launched(&l));
}

static void sizes_of_measurements(void **state)
{
	(void)state;
	launch l;
	uint8_t longer[COF_SEV_MEASUREMENT_LEN + 1] = {0};
	good_launch(&l);
	memcpy(longer, l.measurement, sizeof l.measurement);
	for (size_t len = 0; len <= sizeof longer; len++) {
		l.in.measurement = cof_span_of(longer, len);
		assert_int_equal(launched(&l), len == COF_SEV_MEASUREMENT_LEN);
		if (len != COF_SEV_MEASUREMENT_LEN)
			assert_true(failed("launch-measurement-size"));
	}
	good_launch(&l);
	l.in.tik.len = 15;
	COF_AUTO_PTR(cof_sev_launched) ok = NULL;
	assert_fails(cof_sev_launch_verify(&l.in, &checks, &ok, &err), "tik-size");
	assert_null(ok);
}

/* The host tells which firmware it runs: told too low, nothing is looked at further; told too high, the MAC fails. */
static void t020_firmware_below_the_least(void **state)
{
	(void)state;
	launch l;
	good_launch(&l);
	l.in.policy = 0x19000003;
	assert_false(launched(&l));
	assert_true(failed("api-too-low"));
	good_launch(&l);
	l.in.has_api = true;
	l.in.min_api_minor = 25;
	assert_false(launched(&l));
	assert_true(failed("api-too-low"));
	assert_int_equal(checks.failed, 1);
	l.in.min_api_minor = 24;
	l.in.min_build = 20;
	assert_true(launched(&l));
	l.in.min_build = 21;
	assert_false(launched(&l));
	assert_true(failed("build-too-low"));
	assert_int_equal(checks.failed, 1);
}

/* A refusal that showed the right measure would be the next answer. */
static void t073_the_right_measure_is_not_told(void **state)
{
	(void)state;
	launch l;
	char want[2 * COF_SEV_MEASURE_LEN + 1];
	good_launch(&l);
	cof_hex(cof_span_of(l.measurement, COF_SEV_MEASURE_LEN), want);
	want[16] = '\0';
	memset(l.measurement, 0, COF_SEV_MEASURE_LEN);
	assert_false(launched(&l));
	for (size_t i = 0; i < checks.n; i++) {
		assert_null(strstr(checks.list[i].expected, want));
		assert_null(strstr(checks.list[i].found, want));
	}
}

static int setup(void **state)
{
	(void)state;
	soft_sev_new(&own, 2048);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_sev_drop(&own);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_are_none),
		cmocka_unit_test(t042_a_root_of_ones_own),
		cmocka_unit_test(t020_older_firmware),
		cmocka_unit_test(t021_keys_of_known_platforms),
		cmocka_unit_test(the_kind),
		cmocka_unit_test(no_platform_without_a_chain),
		cmocka_unit_test(t004_launches_that_are_others),
		cmocka_unit_test(sizes_of_measurements),
		cmocka_unit_test(t020_firmware_below_the_least),
		cmocka_unit_test(t073_the_right_measure_is_not_told),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
