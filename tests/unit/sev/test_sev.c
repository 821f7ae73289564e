/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/sev.h"

#include "tests/unit/sev/make_launch.h"
#include "tests/unit/sev/sev_vectors.h"

static void sev(const cof_sev_launch *in, uint8_t ret[COF_SHA256_LEN])
{
	assert_ok(cof_sev_measure(in, ret, &err));
}

static void seves(const cof_sev_launch *in, unsigned vcpus, uint8_t ret[COF_SHA256_LEN])
{
	assert_ok(cof_seves_measure(in, vcpus, ret, &err));
}

/* Values for the usual image, made with sev-snp-measure 0.0.13. */
static void as_another_tool_says(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t d[COF_SHA256_LEN];
	rig_usual(&r);
	sev(&r.in, d);
	assert_hex(d, sizeof d, "ae8bb34043bf8b96b28b7bfd8ae6a9661cdede726142570f7eb87600a0d1b449");
	seves(&r.in, 3, d);
	assert_hex(d, sizeof d, "4d99401c91c957eaff6153cccfac5eb3dad7cdc4f7ce3900826109ef331b4e83");
	r.in.hashes = NULL;
	sev(&r.in, d);
	assert_hex(d, sizeof d, "2d9039708a47cbeaead5abbeeaf33ff24a4777c2f7327376dae9db77bee92d24");
	seves(&r.in, 1, d);
	assert_hex(d, sizeof d, "0e5e3f81f2141a82fb969cd803970a091589c152bd1c0f1ec91db7026420c03f");
}

static void plainly_worked_out(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t d[COF_SHA256_LEN], want[COF_SHA256_LEN];
	rig_usual(&r);
	for (int k = 0; k < 4; k++) {
		r.in.hashes = (k & 1) != 0 ? &r.hashes : NULL;
		r.in.zero_fpu = (k & 2) != 0;
		sev(&r.in, d);
		plain_sev(&r.in, 0, want);
		assert_memory_equal(d, want, sizeof want);
		for (unsigned vcpus = 1; vcpus <= 3; vcpus++) {
			seves(&r.in, vcpus, d);
			plain_sev(&r.in, vcpus, want);
			assert_memory_equal(d, want, sizeof want);
		}
	}
}

static void upto_gives_each_number_of_cpus(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t each[9][COF_SHA256_LEN], want[COF_SHA256_LEN];
	rig_usual(&r);
	memset(each[8], 0xee, sizeof each[8]);
	assert_ok(cof_seves_measure_upto(&r.in, 8, each, &err));
	for (unsigned i = 0; i < 8; i++) {
		plain_sev(&r.in, i + 1, want);
		assert_memory_equal(each[i], want, sizeof want);
	}
	assert_int_equal(each[8][0], 0xee);
}

/* T-15: everything that a machine starts with moves the digest. */
static void t015_every_input_moves_the_digest(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t base[COF_SHA256_LEN], d[COF_SHA256_LEN];
	rig_usual(&r);
	seves(&r.in, 2, base);
	uint8_t *const bytes[] = {
		&r.image.data[0],     &r.image.data[r.image.len - 1], &r.hashes.kernel[0],	&r.hashes.initrd[31],
		&r.hashes.cmdline[7], (uint8_t *)&r.meta.reset_eip,   (uint8_t *)&r.in.vcpu_sig};
	for (size_t i = 0; i < COF_COUNT(bytes); i++) {
		*bytes[i] ^= 1;
		seves(&r.in, 2, d);
		assert_memory_not_equal(d, base, sizeof base);
		*bytes[i] ^= 1;
	}
	seves(&r.in, 3, d);
	assert_memory_not_equal(d, base, sizeof base);
	r.in.zero_fpu = true;
	seves(&r.in, 2, d);
	assert_memory_not_equal(d, base, sizeof base);
	r.in.zero_fpu = false;
	r.in.hashes = NULL;
	seves(&r.in, 2, d);
	assert_memory_not_equal(d, base, sizeof base);
}

/* Plain SEV knows no CPUs, SEV-ES no SNP features. */
static void what_does_not_count(void **state)
{
	(void)state;
	COF_AUTO(rig) r = {0};
	uint8_t a[COF_SHA256_LEN], b[COF_SHA256_LEN];
	rig_usual(&r);
	seves(&r.in, 2, a);
	r.in.guest_features = 0x21;
	seves(&r.in, 2, b);
	assert_memory_equal(a, b, sizeof a);
	sev(&r.in, a);
	r.in.vcpu_sig = 0;
	r.in.vmm = vmm_named("gce");
	sev(&r.in, b);
	assert_memory_equal(a, b, sizeof a);
}

static void check_case(const sev_case *c)
{
	const char *reason = jstr(c->j, "error");
	const bool es = strcmp(c->mode, "seves") == 0;
	uint8_t d[COF_SHA256_LEN];
	cof_err why = {0};
	int rc = es ? cof_seves_measure(&c->in, c->vcpus, d, &why) : cof_sev_measure(&c->in, d, &why);
	if (reason != NULL) {
		assert_true(rc < 0);
		assert_string_equal(why.reason, reason);
		return;
	}
	if (rc < 0)
		fail_msg("%s: %s", c->id, why.text);
	assert_hex(d, sizeof d, jstr(c->j, "expect"));
	COF_AUTO_FREE uint8_t(*each)[COF_SHA256_LEN] = calloc(COF_SEV_VCPUS_MAX, sizeof *each);
	if (es) {
		assert_ok(cof_seves_measure_upto(&c->in, c->vcpus, each, &err));
		assert_memory_equal(each[c->vcpus - 1], d, sizeof d);
	}
}

static void every_sev_case(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	assert_true(each_case(root, "sev", check_case) >= 8);
}

static void every_sev_es_case(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	assert_true(each_case(root, "seves", check_case) >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_another_tool_says),
		cmocka_unit_test(plainly_worked_out),
		cmocka_unit_test(upto_gives_each_number_of_cpus),
		cmocka_unit_test(t015_every_input_moves_the_digest),
		cmocka_unit_test(what_does_not_count),
		cmocka_unit_test(every_sev_case),
		cmocka_unit_test(every_sev_es_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
