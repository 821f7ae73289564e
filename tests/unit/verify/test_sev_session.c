/* SPDX-License-Identifier: Apache-2.0 */
/* A session, a launch and a secret: what the owner makes is what a platform's firmware takes, and no other one's. */
#include "tests/unit/verify/soft_sev.h"

#include "attestation/verify/sev_table.h"
#include "common/hex.h"

static soft_sev own;

static void unhex(const char *hex, uint8_t *out)
{
	assert_ok(cof_unhex(hex, out, strlen(hex) / 2, &err));
}

/* source: constants in the tests of virtee/sev (src/session/mod.rs): everything zero */
static void known_answer(void **state)
{
	(void)state;
	static const uint8_t zero[16];
	uint8_t blob[COF_SEV_SESSION_LEN], want[32];
	COF_AUTO(cof_sev_keys) k = {0};
	const cof_sev_session_in in = {zero, zero, cof_span_of(zero, 16), cof_span_of(zero, 16), 0};
	assert_ok(cof_sev_keys_derive(cof_span_of(zero, 16), zero, &k, &err));
	unhex("ab4d269fcc62bedb4511d56c386ce706", want);
	assert_memory_equal(k.master, want, 16);
	assert_ok(cof_sev_session_wrap(&k, &in, blob, &err));
	assert_memory_equal(blob, zero, 16);
	unhex("2137bc7f9bb8bd7c3e55a576a15d3454b3856b8ba27afadf46dcfee9f02c02c4", want);
	assert_memory_equal(blob + 16, want, 32);
	assert_memory_equal(blob + 48, zero, 16);
	unhex("3176c0752738bd9d5e86689534020f528c088f16238826b000b327dee6aeed7d", want);
	assert_memory_equal(blob + 64, want, 32);
	unhex("aa7855e13839dd767cd5da7c1ff5036540c9264b7a803029315e55375287b4af", want);
	assert_memory_equal(blob + 96, want, 32);
}

typedef struct made {
	uint8_t session[COF_SEV_SESSION_LEN], godh[COF_SEV_CERT_LEN], tek[16], tik[16];
} made;

static int make(EVP_PKEY *key, uint32_t policy, size_t tk_len, made *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_sev_platform) p = soft_sev_platform(&own);
	uint8_t nonce[16], iv[16];
	memset(nonce, 0x11, 16);
	memset(iv, 0x22, 16);
	memset(ret->tek, 0x33, 16);
	memset(ret->tik, 0x44, 16);
	const cof_sev_session_in in = {nonce, iv, cof_span_of(ret->tek, tk_len), cof_span_of(ret->tik, 16), policy};
	int rc = cof_sev_session_make(p, key, &in, ret->session, err);
	return rc < 0 ? rc : cof_sev_godh_make(p, key, ret->godh, err);
}

static void keys_that_are_none(void **state)
{
	(void)state;
	made m;
	EVP_PKEY *p256 = EVP_EC_gen("P-256"), *rsa = own.stranger_rsa;
	assert_fails(make(p256, 3, 16, &m, &err), "sev-key");
	assert_fails(make(rsa, 3, 16, &m, &err), "sev-key");
	assert_fails(make(own.stranger, 3, 15, &m, &err), "sev-key-size");
	assert_fails(make(own.stranger, 0x19000003, 16, &m, &err), "api-too-low");
	assert_fails(make(own.stranger, 0x00010003, 16, &m, &err), "api-too-low");
	EVP_PKEY_free(p256);
}

/* The certificate is one that the reader here takes too, signed by nobody. */
static void our_certificate(void **state)
{
	(void)state;
	made m;
	cof_sev_cert c;
	assert_ok(make(own.stranger, 3, 16, &m, &err));
	assert_ok(cof_sev_cert_parse(cof_span_of(m.godh, sizeof m.godh), &c, &err));
	EVP_PKEY *key = cof_sev_cert_key(&c);
	assert_int_equal(EVP_PKEY_eq(key, own.stranger), 1);
	assert_int_equal(c.version, 1);
	assert_int_equal(c.api_minor, 24);
	assert_int_equal(c.usage, COF_SEV_PDH);
	assert_int_equal(c.algo, COF_SEV_ECDH_SHA256);
	assert_true(c.reserved_zero);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(c.signatures[i].usage, COF_SEV_NOBODY);
		assert_int_equal(c.signatures[i].algo, COF_SEV_NONE);
	}
	EVP_PKEY_free(key);
}

static void firmware_takes_it(void **state)
{
	(void)state;
	made m;
	soft_firmware f = {.pdh = own.pdh_key}, other = {.pdh = own.stranger};
	assert_ok(make(own.stranger, 7, 16, &m, &err));
	cof_span godh = cof_span_of(m.godh, sizeof m.godh), session = cof_span_of(m.session, sizeof m.session);
	assert_true(soft_launch_start(&f, godh, session, 7));
	assert_memory_equal(f.tek, m.tek, 16);
	assert_memory_equal(f.tik, m.tik, 16);
	/* Not under another policy, not by another platform, not with a byte changed. */
	assert_false(soft_launch_start(&f, godh, session, 6));
	assert_false(soft_launch_start(&other, godh, session, 7));
	for (size_t i = 0; i < sizeof m.session; i++) {
		m.session[i] ^= 1;
		assert_false(soft_launch_start(&f, godh, session, 7));
		m.session[i] ^= 1;
	}
}

/* session -> measurement -> secret -> what the guest reads */
static void there_and_back(void **state)
{
	(void)state;
	made m;
	soft_firmware f = {.pdh = own.pdh_key};
	uint8_t header[COF_SEV_HEADER_LEN], iv[16] = {9}, measurement[COF_SEV_MEASUREMENT_LEN];
	static cof_checks checks;
	cof_sev_table table = {.n = 1, .entries = {{.data = cof_span_str("the passphrase")}}};
	static cof_sev_table back;
	COF_AUTO_PTR(cof_sev_launched) launched = NULL;
	COF_AUTO(cof_secret) plain = {0};
	COF_AUTO(cof_secret) opened = {0};
	COF_AUTO(cof_buf) ciphertext = {0};
	assert_ok(make(own.stranger, 7, 16, &m, &err));
	assert_true(
		soft_launch_start(&f, cof_span_of(m.godh, sizeof m.godh), cof_span_of(m.session, sizeof m.session), 7));
	cof_sev_launch_in launch = {.tik = cof_span_of(m.tik, 16), .policy = 7, .api_minor = 24, .build = 20};
	memset(launch.digest, 0x5a, sizeof launch.digest);
	soft_launch_measure(&f, launch.digest, measurement);
	launch.measurement = cof_span_of(measurement, sizeof measurement);
	assert_ok(cof_sev_launch_verify(&launch, &checks, &launched, &err));
	assert_non_null(launched);
	assert_ok(cof_sev_entry_guid("disk-passphrase", table.entries[0].guid, &err));
	assert_ok(cof_sev_table_make(&table, &plain, &err));
	const cof_sev_packet_in in = {cof_span_of(m.tek, 16), cof_span_of(m.tik, 16), iv, cof_secret_span(&plain)};
	assert_ok(cof_sev_packet_make(launched, &in, header, &ciphertext, &err));
	const cof_sev_packet packet = {cof_span_of(f.tek, 16), cof_span_of(f.tik, 16), cof_span_of(f.measure, 32),
				       cof_span_of(header, sizeof header), cof_buf_span(&ciphertext)};
	assert_ok(cof_sev_packet_open(&packet, &opened, &err));
	assert_ok(cof_sev_table_parse(cof_secret_span(&opened), &back, &err));
	assert_int_equal(back.n, 1);
	assert_span_equal(back.entries[0].data, "the passphrase", 14);
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
		cmocka_unit_test(known_answer),	   cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(our_certificate), cmocka_unit_test(firmware_takes_it),
		cmocka_unit_test(there_and_back),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
