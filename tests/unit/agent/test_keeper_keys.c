/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "agent/keeper_keys.h"
#include "common/digest.h"

static const uint8_t kek_bytes[COF_ENC_KEK_LEN] = {1, 2, 3};
static int asked;

/* The broker's answers, by tag. */
static int get(void *arg, const cof_kbsp_path *path, cof_keeper_ask *ask, cof_secret *ret, cof_err *err)
{
	(void)arg;
	asked++;
	if (strcmp(path->tag, "short") == 0)
		return cof_secret_from(ret, cof_span_str("short"), err);
	if (strcmp(path->tag, "denied") == 0) {
		(void)snprintf(ask->refusal.reason, sizeof ask->refusal.reason, "pcr-mismatch");
		return cof_err_set(err, COF_E_POLICY, "pcr-mismatch", "PCR 4");
	}
	return cof_secret_from(ret, cof_span_of(kek_bytes, sizeof kek_bytes), err);
}

/* The annotation for a fresh key wrapped under kek_bytes. */
static void annotation_for(const char *kid, cof_layer_key *key, cof_buf *ret)
{
	COF_AUTO(cof_secret) options = {0};
	cof_digest plain = {.alg = COF_SHA256};
	assert_ok(cof_enc_key_new(key, &err));
	assert_ok(cof_enc_private_make(key, &plain, &options, &err));
	assert_ok(
		cof_enc_wrap_make(kid, cof_span_of(kek_bytes, sizeof kek_bytes), cof_secret_span(&options), ret, &err));
}

static void opens_layers_and_asks_once(void **state)
{
	(void)state;
	cof_keeper_keys keys = {0};
	asked = 0;
	for (int i = 0; i < 3; i++) {
		COF_AUTO(cof_layer_key) made = {0};
		COF_AUTO(cof_layer_key) opened = {0};
		COF_AUTO(cof_buf) text = {0};
		cof_keeper_ask ask = {0};
		annotation_for("kbs:///default/image-key/demo", &made, &text);
		assert_ok(cof_keeper_keys_open(&keys, cof_buf_str(&text), &ask, get, NULL, &opened, &err));
		assert_true(cof_ct_equal(cof_secret_span(&made.key), cof_secret_span(&opened.key)));
		assert_memory_equal(made.nonce, opened.nonce, sizeof made.nonce);
	}
	assert_int_equal(asked, 1);
	cof_keeper_keys_release(&keys);
}

static void forgets_the_oldest_key_of_a_full_table(void **state)
{
	(void)state;
	cof_keeper_keys keys = {0};
	asked = 0;
	for (int i = 0; i < COF_KEEPER_KEKS + 2; i++) {
		COF_AUTO(cof_layer_key) made = {0};
		COF_AUTO(cof_layer_key) opened = {0};
		COF_AUTO(cof_buf) text = {0};
		cof_keeper_ask ask = {0};
		char kid[64];
		(void)snprintf(kid, sizeof kid, "kbs:///default/image-key/k%d", i % (COF_KEEPER_KEKS + 1));
		annotation_for(kid, &made, &text);
		assert_ok(cof_keeper_keys_open(&keys, cof_buf_str(&text), &ask, get, NULL, &opened, &err));
	}
	assert_int_equal(asked, COF_KEEPER_KEKS + 2);
	cof_keeper_keys_release(&keys);
}

static void hands_on_the_brokers_refusal(void **state)
{
	(void)state;
	cof_keeper_keys keys = {0};
	COF_AUTO(cof_layer_key) made = {0};
	COF_AUTO(cof_layer_key) opened = {0};
	COF_AUTO(cof_buf) text = {0};
	cof_keeper_ask ask = {0};
	annotation_for("kbs:///default/image-key/denied", &made, &text);
	assert_fails(cof_keeper_keys_open(&keys, cof_buf_str(&text), &ask, get, NULL, &opened, &err), "pcr-mismatch");
	assert_string_equal(ask.refusal.reason, "pcr-mismatch");
	assert_null(opened.key.data);
	assert_int_equal(keys.n, 0);
}

static void refuses_what_is_no_key(void **state)
{
	(void)state;
	cof_keeper_keys keys = {0};
	COF_AUTO(cof_layer_key) made = {0};
	COF_AUTO(cof_layer_key) opened = {0};
	COF_AUTO(cof_buf) text = {0};
	cof_keeper_ask ask = {0};
	annotation_for("kbs:///default/image-key/short", &made, &text);
	assert_fails(cof_keeper_keys_open(&keys, cof_buf_str(&text), &ask, get, NULL, &opened, &err),
		     "layer-key-unwrap");
}

/* An annotation must not choose whom the guest asks for keys. */
static void a_kid_with_a_host_is_refused_unasked(void **state)
{
	(void)state;
	const char *const kids[] = {"kbs://evil.test/default/image-key/demo", "https://evil.test/a/b/c", "kbs:///a/b",
				    "kbs:///a/../c"};
	asked = 0;
	for (size_t i = 0; i < COF_COUNT(kids); i++) {
		cof_keeper_keys keys = {0};
		COF_AUTO(cof_layer_key) made = {0};
		COF_AUTO(cof_layer_key) opened = {0};
		COF_AUTO(cof_buf) text = {0};
		cof_keeper_ask ask = {0};
		annotation_for(kids[i], &made, &text);
		assert_true(cof_keeper_keys_open(&keys, cof_buf_str(&text), &ask, get, NULL, &opened, NULL) < 0);
	}
	assert_int_equal(asked, 0);
}

static void a_changed_annotation_opens_nothing(void **state)
{
	(void)state;
	COF_AUTO(cof_layer_key) made = {0};
	COF_AUTO(cof_buf) text = {0};
	annotation_for("kbs:///default/image-key/demo", &made, &text);
	for (size_t i = 0; i < text.len; i += 3) {
		cof_keeper_keys keys = {0};
		COF_AUTO(cof_layer_key) opened = {0};
		cof_keeper_ask ask = {0};
		text.data[i] ^= 1;
		if (cof_keeper_keys_open(&keys, cof_buf_str(&text), &ask, get, NULL, &opened, NULL) == 0) {
			/* only the name of the resource is outside the authenticated part, and it only says whom to ask
			 */
			assert_true(cof_ct_equal(cof_secret_span(&made.key), cof_secret_span(&opened.key)));
		}
		text.data[i] ^= 1;
		cof_keeper_keys_release(&keys);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_layers_and_asks_once),
		cmocka_unit_test(forgets_the_oldest_key_of_a_full_table),
		cmocka_unit_test(hands_on_the_brokers_refusal),
		cmocka_unit_test(refuses_what_is_no_key),
		cmocka_unit_test(a_kid_with_a_host_is_refused_unasked),
		cmocka_unit_test(a_changed_annotation_opens_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
