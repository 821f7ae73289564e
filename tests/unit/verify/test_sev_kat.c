/* SPDX-License-Identifier: Apache-2.0 */
/* A record of a launch, made here, and each member of it wrong by itself. */
#include "tests/unit/verify/soft_sev.h"

#include "common/hex.h"
#include "common/json.h"

static json_t *record;
static uint8_t header[COF_SEV_HEADER_LEN];
static cof_buf ciphertext;
static const uint8_t plain[32] = "a secret that is no secret";
static cof_verdict *verdict;

static json_t *hex_of(const void *bytes, size_t n)
{
	COF_AUTO_FREE char *hex = cof_hex_dup(cof_span_of(bytes, n));
	return json_string(hex);
}

static json_t *session_json(const uint8_t tek[16], const uint8_t tik[16], uint32_t policy)
{
	uint8_t z[48], nonce[16], iv[16], word[4], blob[COF_SEV_SESSION_LEN];
	cof_sev_keys k;
	memset(z, 0x5a, sizeof z);
	memset(nonce, 0x4e, 16);
	memset(iv, 0x49, 16);
	cof_put_le(word, 4, policy);
	const cof_sev_session_in in = {nonce, iv, cof_span_of(tek, 16), cof_span_of(tik, 16), policy};
	assert_ok(cof_sev_keys_derive(cof_span_of(z, sizeof z), nonce, &k, &err));
	assert_ok(cof_sev_session_wrap(&k, &in, blob, &err));
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "z", hex_of(z, 48), "nonce",
			 hex_of(nonce, 16), "iv", hex_of(iv, 16), "tek", hex_of(tek, 16), "tik", hex_of(tik, 16),
			 "policy", hex_of(word, 4), "master", hex_of(k.master, 16), "kek", hex_of(k.kek, 16), "kik",
			 hex_of(k.kik, 16), "wrap_tk", hex_of(blob + 16, 32), "wrap_mac", hex_of(blob + 64, 32),
			 "policy_mac", hex_of(blob + 96, 32));
}

static void make(void)
{
	static cof_checks checks;
	uint8_t tek[16] = "transport key 1", tik[16] = "transport key 2", iv[16] = "a random number";
	uint8_t digest[32] = "digest", measurement[COF_SEV_MEASUREMENT_LEN], word[4] = {5};
	COF_AUTO_PTR(cof_sev_launched) launched = NULL;
	soft_firmware f = {.policy = 5};
	memcpy(f.tik, tik, 16);
	soft_launch_measure(&f, digest, measurement);
	cof_sev_launch_in launch = {.tik = cof_span_of(tik, 16), .policy = 5, .api_minor = 24, .build = 20};
	memcpy(launch.digest, digest, sizeof digest);
	launch.measurement = cof_span_of(measurement, sizeof measurement);
	assert_ok(cof_sev_launch_verify(&launch, &checks, &launched, &err));
	const cof_sev_packet_in in = {cof_span_of(tek, 16), cof_span_of(tik, 16), iv, cof_span_of(plain, sizeof plain)};
	assert_ok(cof_sev_packet_make(launched, &in, header, &ciphertext, &err));
	json_t *m = json_pack("{s:o,s:i,s:i,s:i,s:o,s:o,s:o,s:o}", "tik", hex_of(tik, 16), "api_major", 0, "api_minor",
			      24, "build", 20, "policy", hex_of(word, 4), "launch_digest", hex_of(digest, 32), "mnonce",
			      hex_of(measurement + 32, 16), "measure", hex_of(measurement, 32));
	json_t *s = json_pack("{s:o,s:o,s:o,s:i,s:i,s:i}", "tek", hex_of(tek, 16), "tik", hex_of(tik, 16), "iv",
			      hex_of(iv, 16), "flags", 0, "guest_length", 32, "trans_length", 32);
	record =
		json_pack("{s:o,s:o,s:o,s:{s:o,s:O}}", "session", session_json(tek, tik, 5), "launch_measure", m,
			  "secret", s, "peer_kats", "session_all_zero", session_json(tik, tek, 1), "launch_measure", m);
	assert_non_null(record);
}

static bool judge(void)
{
	COF_AUTO(cof_buf) text = {0};
	const cof_kind *kind = NULL;
	assert_ok(cof_json_dump(record, &text, &err));
	const cof_role_file files[] = {{"kat", cof_buf_span(&text)},
				       {"secret_header", cof_span_of(header, sizeof header)},
				       {"secret_ciphertext", cof_buf_span(&ciphertext)},
				       {"secret_plain", cof_span_of(plain, sizeof plain)}};
	const cof_verify_in in = {.files = files, .n_files = COF_COUNT(files)};
	cof_verdict_release(verdict);
	assert_ok(cof_kind_find("sev-legacy-kat", &kind, &err));
	assert_ok(cof_verify(kind, &in, verdict, &err));
	return verdict->accepted;
}

static const char *first(void)
{
	return verdict->checks.failed == 0 ? "" : verdict->checks.list[verdict->checks.first].name;
}

static bool failed(const char *name)
{
	return soft_sev_failed(&verdict->checks, name);
}

/* The last digit of a text (twice is once not), or a number. */
static void change(json_t *o, const char *member, int by)
{
	static const char digits[] = "0123456789abcdef";
	json_t *v = json_object_get(o, member);
	if (json_is_integer(v)) {
		assert_int_equal(json_integer_set(v, json_integer_value(v) + by), 0);
		return;
	}
	COF_AUTO_FREE char *text = strdup(json_string_value(v));
	char *last = text + strlen(text) - 1;
	*last = digits[(strchr(digits, *last) - digits) ^ 1];
	assert_int_equal(json_string_set(v, text), 0);
}

static void one_member_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *part, *member, *check;
	} cases[] = {
		{"session", "z", "session-master"},
		{"session", "nonce", "session-master"},
		{"session", "iv", "session-wrapped-keys"},
		{"session", "tek", "session-wrapped-keys"},
		{"session", "tik", "session-policy-mac"},
		{"session", "policy", "session-policy-mac"},
		{"session", "master", "session-master"},
		{"session", "kek", "session-kek"},
		{"session", "kik", "session-kik"},
		{"session", "wrap_tk", "session-wrapped-keys"},
		{"session", "wrap_mac", "session-wrap-mac"},
		{"session", "policy_mac", "session-policy-mac"},
		{"launch_measure", "tik", "launch-measure"},
		{"launch_measure", "api_major", "launch-measure"},
		{"launch_measure", "api_minor", "launch-measure"},
		{"launch_measure", "build", "launch-measure"},
		{"launch_measure", "policy", "launch-measure"},
		{"launch_measure", "launch_digest", "launch-measure"},
		{"launch_measure", "mnonce", "launch-measure"},
		{"launch_measure", "measure", "sev-packet-mac"},
		{"secret", "tek", "secret-plain"},
		{"secret", "tik", "sev-packet-mac"},
		{"secret", "iv", "secret-iv"},
		{"secret", "flags", "secret-flags"},
		{"secret", "guest_length", "secret-guest-length"},
		{"secret", "trans_length", "secret-trans-length"},
	};
	assert_true(judge());
	assert_non_null(verdict->fields);
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		json_t *part = json_object_get(record, cases[i].part);
		change(part, cases[i].member, 1);
		if (judge() || !failed(cases[i].check))
			fail_msg("%s: %s: %s, not %s", cases[i].part, cases[i].member, first(), cases[i].check);
		change(part, cases[i].member, -1);
	}
	assert_true(judge());
}

static void packets(void **state)
{
	(void)state;
	header[0] = 1;
	assert_false(judge());
	assert_true(failed("sev-packet-malformed"));
	header[0] = 0;
	header[51] ^= 1;
	assert_false(judge());
	assert_true(failed("sev-packet-mac"));
	header[51] ^= 1;
	ciphertext.len -= 16;
	assert_false(judge());
	assert_true(failed("secret-guest-length") && failed("sev-packet-mac"));
	ciphertext.len += 16;
	assert_true(judge());
}

/* What a peer states counts as well. */
static void peers(void **state)
{
	(void)state;
	json_t *peer = json_object_get(json_object_get(record, "peer_kats"), "session_all_zero");
	change(peer, "wrap_mac", 0);
	assert_false(judge());
	assert_string_equal(first(), "session-wrap-mac");
	change(peer, "wrap_mac", 0);
	assert_true(judge());
}

static void malformed(void **state)
{
	(void)state;
	static const char *const parts[] = {"session", "launch_measure", "secret"};
	for (size_t i = 0; i < COF_COUNT(parts); i++) {
		json_t *part = json_object_get(record, parts[i]);
		const char *key;
		json_t *v;
		COF_AUTO_PTR(json_t) copy = json_deep_copy(part);
		json_object_foreach (copy, key, v) {
			assert_int_equal(json_object_set(part, key, json_null()), 0);
			assert_false(judge());
			assert_string_equal(first(), "sev-kat-malformed");
			assert_int_equal(json_object_set(part, key, v), 0);
		}
		assert_int_equal(json_object_set_new(part, "more", json_true()), 0);
		assert_false(judge());
		assert_string_equal(first(), "sev-kat-malformed");
		assert_int_equal(json_object_del(part, "more"), 0);
	}
	assert_int_equal(json_object_set_new(record, "more", json_true()), 0);
	assert_false(judge());
	assert_int_equal(json_object_del(record, "more"), 0);
	assert_true(judge());
}

/* No key of the record is in what is said of it. */
static void t026_nothing_secret_is_said(void **state)
{
	(void)state;
	static const char *const keys[] = {"tek", "tik", "master", "kek", "kik"};
	json_t *session = json_object_get(record, "session");
	const cof_kind *kind = NULL;
	COF_AUTO_PTR(json_t) said = NULL;
	change(session, "wrap_mac", 0);
	change(session, "kek", 0);
	assert_false(judge());
	assert_ok(cof_kind_find("sev-legacy-kat", &kind, &err));
	assert_ok(cof_verdict_json(kind, verdict, &said, &err));
	COF_AUTO_FREE char *text = json_dumps(said, 0);
	for (size_t i = 0; i < COF_COUNT(keys); i++)
		assert_null(strstr(text, json_string_value(json_object_get(session, keys[i]))));
	change(session, "wrap_mac", 0);
	change(session, "kek", 0);
}

static int setup(void **state)
{
	(void)state;
	verdict = calloc(1, sizeof *verdict);
	make();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cof_verdict_release(verdict);
	free(verdict);
	json_decref(record);
	cof_buf_release(&ciphertext);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_member_wrong), cmocka_unit_test(packets),
					   cmocka_unit_test(peers), cmocka_unit_test(malformed),
					   cmocka_unit_test(t026_nothing_secret_is_said)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
