/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of a broker's keys, opened by an owner who has copies of these. */
#include <fcntl.h>

#include "image-decrypt/enc_provider.h"
#include "tests/unit/image/packets.h"
#include "tests/unit/image/scratch.h"

static const uint8_t kek[COF_ENC_KEK_LEN] = {1, 2, 3}, other_kek[COF_ENC_KEK_LEN] = {4};

static void names(void **state)
{
	(void)state;
	static const struct {
		const char *kid, *host, *repo, *tag;
	} good[] = {
		{"kbs:///a/b/c", "", "a", "c"},
		{"kbs+resource:///a/b/c", "", "a", "c"},
		{"/a/b/c", "", "a", "c"},
		{"kbs://127.0.0.1:8080/tenant/key/shared-2", "127.0.0.1:8080", "tenant", "shared-2"},
		{"kbs://broker.example/a/b/c.d", "broker.example", "a", "c.d"},
		{"broker.example:1/a/b/c", "broker.example:1", "a", "c"},
		{"kbs://[::1]:8080/a/b/c", "[::1]:8080", "a", "c"},
		{"[::1]/a/b/c", "[::1]", "a", "c"},
	};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		cof_enc_kid kid;
		assert_ok(cof_enc_kid_parse(good[i].kid, &kid, &err));
		assert_string_equal(kid.host, good[i].host);
		assert_string_equal(kid.path.repo, good[i].repo);
		assert_string_equal(kid.path.tag, good[i].tag);
	}
}

static void t038_names_that_climb(void **state)
{
	(void)state;
	const char *const bad[] = {"",
				   "a",
				   "a/b/c",
				   "kbs://",
				   "kbs:///",
				   "kbs:///a/b",
				   "kbs:///a/b/c/d",
				   "kbs:///a/b/c?x=y",
				   "kbs:///a//c",
				   "kbs:///a/../c",
				   "kbs:///../../x/../y",
				   "kbs:///a/%2e%2e/c",
				   "kbs:///a%2fb/c/d",
				   "kbs://../a/b/c",
				   "kbs://h:/a/b/c",
				   "kbs://h:123456/a/b/c",
				   "kbs://h:x/a/b/c",
				   "kbs://[::1/a/b/c",
				   "kbs://[x]/a/b/c",
				   "kbs://[::1]x/a/b/c",
				   "kbs://[]/a/b/c",
				   "kbs://u@h/a/b/c",
				   "kbs+other:///a/b/c",
				   "file:///etc/shadow",
				   "http://h/a/b/c",
				   "//a/b/c",
				   "..//a/b/c"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_enc_kid kid;
		if (cof_enc_kid_parse(bad[i], &kid, NULL) == 0)
			fail_msg("'%s' was taken", bad[i]);
	}
}

/* One packet's JSON. */
static void packet(const char *kid, const uint8_t *key, cof_buf *ret)
{
	COF_AUTO(cof_buf) list = {0};
	assert_ok(cof_enc_wrap_make(kid, cof_span_of(key, COF_ENC_KEK_LEN), cof_span_str(OPTIONS), &list, &err));
	assert_ok(cof_unb64(cof_buf_span(&list), ret, &err));
}

static cof_enc_keys *keys_of(const char *dir, const uint8_t *raw)
{
	cof_enc_keys *k = NULL;
	assert_ok(cof_enc_keys_new(&k, &err));
	if (dir != NULL)
		assert_ok(cof_enc_keys_add_dir(k, dir, &err));
	if (raw != NULL)
		assert_ok(cof_enc_keys_add_kek(k, cof_span_of(raw, COF_ENC_KEK_LEN), &err));
	return k;
}

static void put(const scratch *s, const char *name, const uint8_t *key)
{
	char path[256];
	(void)snprintf(path, sizeof path, "%s/%s", s->top, name);
	assert_ok(cof_file_write(path, cof_span_of(key, COF_ENC_KEK_LEN), 0600, &err));
}

static void keys_by_name(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_keys) keys = keys_of(s->top, NULL);
	static const char *const same[] = {"kbs:///a/b/c", "kbs+resource:///a/b/c", "/a/b/c", "kbs://h:1/a/b/c",
					   "other.example/a/b/c"};
	put(s, "a_b_c", kek);
	for (size_t i = 0; i < COF_COUNT(same); i++) {
		COF_AUTO(cof_buf) p = {0};
		packet(same[i], kek, &p);
		packet_opens(cof_enc_kbs_open, cof_buf_span(&p), keys);
	}
	/* a host's own key comes first */
	put(s, "h:1_a_b_c", other_kek);
	COF_AUTO(cof_buf) hosts = {0};
	packet("kbs://h:1/a/b/c", other_kek, &hosts);
	packet_opens(cof_enc_kbs_open, cof_buf_span(&hosts), keys);
	COF_AUTO(cof_buf) absent = {0};
	packet("kbs:///a/b/d", kek, &absent);
	packet_refused(cof_enc_kbs_open, cof_buf_span(&absent), keys, "layer-key-unwrap");
}

/* A key that is given for all ids opens any; where a folder has the id's key, that one counts alone. */
static void keys_for_all(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) p = {0};
	COF_AUTO_PTR(cof_enc_keys) raw = keys_of(NULL, kek);
	COF_AUTO_PTR(cof_enc_keys) wrong = keys_of(NULL, other_kek);
	packet("kbs:///a/b/c", kek, &p);
	packet_opens(cof_enc_kbs_open, cof_buf_span(&p), raw);
	packet_refused(cof_enc_kbs_open, cof_buf_span(&p), wrong, "layer-key-unwrap");
	assert_ok(cof_enc_keys_add_kek(wrong, cof_span_of(kek, sizeof kek), &err));
	packet_opens(cof_enc_kbs_open, cof_buf_span(&p), wrong);
	put(s, "a_b_c", other_kek);
	COF_AUTO_PTR(cof_enc_keys) both = keys_of(s->top, kek);
	packet_refused(cof_enc_kbs_open, cof_buf_span(&p), both, "layer-key-unwrap");
}

static void t038_changed_packets(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) p = {0};
	COF_AUTO_PTR(cof_enc_keys) keys = keys_of(NULL, kek);
	packet("kbs:///a/b/c", kek, &p);
	packet_flips(cof_enc_kbs_open, cof_buf_span(&p), keys, 1);
	packet_cuts(cof_enc_kbs_open, cof_buf_span(&p), keys);
}

/* What is wrapped by A256CTR opens when that is asked for, and never as something that it is not. */
static void t038_unauthenticated_wrap(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_enc_keys) keys = keys_of(NULL, kek);
	COF_AUTO_PTR(cof_enc_keys) wrong = keys_of(NULL, other_kek);
	COF_AUTO(cof_secret) got = {0};
	COF_AUTO(cof_secret) none = {0};
	COF_AUTO(cof_buf) p = {0};
	uint8_t iv[16] = {7}, text[sizeof OPTIONS];
	int n = 0;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, kek, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, text, &n, (const uint8_t *)OPTIONS, (int)strlen(OPTIONS)), 1);
	EVP_CIPHER_CTX_free(ctx);
	COF_AUTO_FREE char *wrapped = cof_b64_dup(cof_span_of(text, (size_t)n));
	COF_AUTO_FREE char *iv_text = cof_b64_dup(cof_span_of(iv, sizeof iv));
	assert_ok(cof_buf_printf(
		&p, &err, "{\"kid\":\"kbs:///a/b/c\",\"wrapped_data\":\"%s\",\"iv\":\"%s\",\"wrap_type\":\"A256CTR\"}",
		wrapped, iv_text));
	packet_refused(cof_enc_kbs_open, cof_buf_span(&p), keys, "layer-wrap-unauthenticated");
	assert_ok(cof_enc_kbs_open(cof_buf_span(&p), keys, true, &got, &err));
	assert_span_equal(cof_secret_span(&got), OPTIONS, strlen(OPTIONS));
	assert_fails(cof_enc_kbs_open(cof_buf_span(&p), wrong, true, &none, &err), "layer-key-unwrap");
	/* the right key among others */
	assert_ok(cof_enc_keys_add_kek(wrong, cof_span_of(kek, sizeof kek), &err));
	assert_ok(cof_enc_kbs_open(cof_buf_span(&p), wrong, true, &none, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(names),	 T(t038_names_that_climb), T(keys_by_name),
		T(keys_for_all), T(t038_changed_packets),  T(t038_unauthenticated_wrap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
