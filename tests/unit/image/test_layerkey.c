/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "common/file.h"
#include "image-decrypt/layerkey.h"
#include "tests/unit/test.h"

static void make(cof_layer_key *k)
{
	assert_ok(cof_secret_new(&k->key, COF_LAYER_KEY_LEN, &err));
	for (size_t i = 0; i < COF_LAYER_KEY_LEN; i++)
		k->key.data[i] = (uint8_t)i;
	memset(k->nonce, 7, sizeof k->nonce);
}

static void refuses(void **state)
{
	(void)state;
	COF_AUTO(cof_layer_key) k = {0};
	COF_AUTO(cof_layer_key) none = {0};
	COF_AUTO(cof_secret) wire = {0};
	make(&k);
	assert_ok(cof_layer_key_encode(&k, &wire, &err));
	for (size_t n = 0; n < wire.len; n++)
		assert_fails(cof_layer_key_decode(cof_span_of(wire.data, n), &none, &err), "layer-key-malformed");
	for (size_t i = 0; i < 8; i++) {
		wire.data[i] ^= 1;
		assert_fails(cof_layer_key_decode(cof_secret_span(&wire), &none, &err), "layer-key-malformed");
		wire.data[i] ^= 1;
	}
	uint8_t longer[COF_LAYER_KEY_WIRE + 1] = {0};
	memcpy(longer, wire.data, wire.len);
	assert_fails(cof_layer_key_decode(cof_span_of(longer, sizeof longer), &none, &err), "layer-key-malformed");
	assert_null(none.key.data);
	k.key.len = 31;
	COF_AUTO(cof_secret) bad = {0};
	assert_fails(cof_layer_key_encode(&k, &bad, &err), "layer-key-malformed");
	k.key.len = 32;
}

/* What the reader gets when the writer sends n bytes and closes. */
static int through_pipe(cof_span sent, cof_layer_key *ret, cof_err *err)
{
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	COF_AUTO_FD int in = fds[0];
	assert_int_equal(cof_fd_write_all(fds[1], sent, NULL), 0);
	(void)close(fds[1]);
	return cof_layer_key_read(in, ret, err);
}

static void pipes(void **state)
{
	(void)state;
	COF_AUTO(cof_layer_key) k = {0};
	COF_AUTO(cof_layer_key) got = {0};
	COF_AUTO(cof_secret) wire = {0};
	uint8_t twice[2 * COF_LAYER_KEY_WIRE] = {0};
	make(&k);
	assert_ok(cof_layer_key_encode(&k, &wire, &err));
	memcpy(twice, wire.data, wire.len);
	assert_fails(through_pipe(cof_span_of(twice, 0), &got, &err), "layer-key-refused");
	assert_fails(through_pipe(cof_span_of(twice, 55), &got, &err), "layer-key-malformed");
	assert_fails(through_pipe(cof_span_of(twice, sizeof twice), &got, &err), "layer-key-malformed");
	assert_ok(through_pipe(cof_span_of(twice, COF_LAYER_KEY_WIRE), &got, &err));
	assert_true(cof_ct_equal(cof_secret_span(&got.key), cof_secret_span(&k.key)));
	assert_memory_equal(got.nonce, k.nonce, sizeof k.nonce);
}

static void writes_and_wipes(void **state)
{
	(void)state;
	int fds[2];
	COF_AUTO(cof_layer_key) got = {0};
	cof_layer_key k = {0};
	make(&k);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_ok(cof_layer_key_write(fds[1], &k, &err));
	(void)close(fds[1]);
	assert_ok(cof_layer_key_read(fds[0], &got, &err));
	(void)close(fds[0]);
	cof_layer_key_release(&k);
	assert_null(k.key.data);
	assert_int_equal(k.nonce[0], 0);
	assert_int_equal(got.key.data[31], 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(pipes),
		cmocka_unit_test(writes_and_wipes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
