/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrapped for recipients opens with their keys, and with no others; every scheme in both directions. */
#include "image-decrypt/encto.h"

#include "image-decrypt/enc_provider.h"
#include "image-decrypt/encopen.h"
#include "tests/unit/image/keyfiles.h"
#include "tests/unit/image/scratch.h"

#define KID "kbs:///default/image-key/demo"
#define KEK "0123456789abcdef0123456789abcdef"

static int begin(void **state)
{
	int r = scratch_up(state);
	const scratch *s = *state;
	const char *const types[] = {"RSA", "P-256", "P-384", "P-521"};
	assert_int_equal(chdir(s->top), 0);
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		char path[32];
		(void)snprintf(path, sizeof path, "%s.pub", types[i]);
		write_public(path, key_of(types[i]));
		(void)snprintf(path, sizeof path, "%s.key", types[i]);
		write_private(path, key_of(types[i]), NULL, NULL);
	}
	write_public("RSA2.pub", key_of("RSA2"));
	write_private("RSA2.key", key_of("RSA2"), NULL, NULL);
	write_cert("RSA.crt", key_of("RSA"));
	write_cert("RSA2.crt", key_of("RSA2"));
	write_cert("P-256.crt", key_of("P-256"));
	assert_ok(cof_file_write("kek", cof_span_str(KEK), 0600, &err));
	assert_int_equal(mkdir("keks", 0700), 0);
	assert_ok(cof_file_write("keks/default_image-key_demo", cof_span_str(KEK), 0600, &err));
	return r;
}

static int end(void **state)
{
	assert_int_equal(chdir("/"), 0);
	return scratch_down(state);
}

typedef struct made {
	cof_layer_key key;
	cof_secret options;
	cof_desc desc;
} made;

static void made_release(made *m)
{
	cof_layer_key_release(&m->key);
	cof_secret_release(&m->options);
	cof_desc_release(&m->desc);
}
COF_DEFINE_AUTO(made, made_release)

static void make(made *m)
{
	cof_digest plain = {.alg = COF_SHA256};
	assert_ok(cof_enc_key_new(&m->key, &err));
	assert_ok(cof_enc_private_make(&m->key, &plain, &m->options, &err));
	m->desc.annotations = json_object();
}

/* recipients: NULL-ended. */
static void seal(made *m, const char *const *recipients)
{
	COF_AUTO_PTR(cof_enc_to) to = NULL;
	assert_ok(cof_enc_to_new(&to, &err));
	assert_true(cof_enc_to_empty(to));
	for (; *recipients != NULL; recipients++)
		assert_ok(cof_enc_to_add(to, *recipients, &err));
	assert_ok(cof_enc_to_seal(to, cof_secret_span(&m->options), m->desc.annotations, &err));
}
#define SEAL(m, ...) seal(m, (const char *const[]){__VA_ARGS__, NULL})

static cof_enc_keys *keys_of(const char *file)
{
	cof_enc_keys *keys = NULL;
	assert_ok(cof_enc_keys_new(&keys, &err));
	assert_ok(strcmp(file, "keks") == 0 ? cof_enc_keys_add_dir(keys, file, &err)
					    : cof_enc_keys_add(keys, file, &err));
	return keys;
}

static void opens(const made *m, const char *file)
{
	COF_AUTO_PTR(cof_enc_keys) keys = keys_of(file);
	COF_AUTO(cof_layer_key) got = {0};
	COF_AUTO(cof_secret) options = {0};
	assert_ok(cof_enc_open(&m->desc, keys, false, &got, &err));
	assert_true(cof_ct_equal(cof_secret_span(&got.key), cof_secret_span(&m->key.key)));
	assert_memory_equal(got.nonce, m->key.nonce, sizeof got.nonce);
	assert_ok(cof_enc_open_options(&m->desc, keys, false, &options, &err));
	assert_true(cof_ct_equal(cof_secret_span(&options), cof_secret_span(&m->options)));
}

static void shut(const made *m, const char *file)
{
	COF_AUTO_PTR(cof_enc_keys) keys = keys_of(file);
	COF_AUTO(cof_layer_key) got = {0};
	assert_fails(cof_enc_open(&m->desc, keys, true, &got, &err), "layer-key-unwrap");
}

static const char *note(const made *m, const char *scheme)
{
	char key[128];
	(void)snprintf(key, sizeof key, COF_ENC_ANNOTATION_KEYS "%s", scheme);
	return json_string_value(json_object_get(m->desc.annotations, key));
}

/* The first packet of an annotation. */
static json_t *packet_json(const made *m, const char *scheme)
{
	COF_AUTO(cof_buf) raw = {0};
	json_t *doc = NULL;
	const char *text = note(m, scheme);
	assert_non_null(text);
	assert_ok(cof_unb64(cof_span_of(text, strcspn(text, ",")), &raw, &err));
	assert_ok(cof_json_parse(cof_buf_span(&raw), &doc, &err));
	return doc;
}

static void one_recipient(void **state)
{
	(void)state;
	static const struct {
		const char *to, *key, *other;
	} cases[] = {
		{"jwe:RSA.pub", "RSA.key", "RSA2.key"},
		{"jwe:P-256.pub", "P-256.key", "P-384.key"},
		{"jwe:P-384.pub", "P-384.key", "P-521.key"},
		{"jwe:P-521.pub", "P-521.key", "RSA.key"},
		{"pkcs7:RSA.crt", "RSA.key", "RSA2.key"},
		{"pkcs11:RSA.pub", "RSA.key", "RSA2.key"},
		{"provider:attestation-agent:keyid=" KID "::keypath=kek", "keks", "RSA.key"},
		{"provider:attestation-agent:keypath=kek::keyid=/a/b/c::algorithm=A256GCM", "kek", "keks"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(made) m = {0};
		make(&m);
		SEAL(&m, cases[i].to);
		assert_int_equal(json_object_size(m.desc.annotations), 1);
		opens(&m, cases[i].key);
		shut(&m, cases[i].other);
	}
}

/* spec: ocicrypt: one recipient is flattened, with everything in the protected header; several are general */
static void forms_of_jwe(void **state)
{
	(void)state;
	COF_AUTO(made) one = {0};
	COF_AUTO(made) two = {0};
	COF_AUTO(cof_buf) header = {0};
	make(&one);
	SEAL(&one, "jwe:P-256.pub");
	COF_AUTO_PTR(json_t) flat = packet_json(&one, "jwe");
	assert_null(json_object_get(flat, "recipients"));
	assert_null(json_object_get(flat, "header"));
	assert_ok(cof_unb64url(cof_span_str(json_string_value(json_object_get(flat, "protected"))), &header, &err));
	assert_non_null(strstr(cof_buf_str(&header), "\"alg\":\"ECDH-ES+A256KW\""));
	assert_non_null(strstr(cof_buf_str(&header), "\"enc\":\"A256GCM\""));
	assert_non_null(strstr(cof_buf_str(&header), "\"epk\":{"));
	make(&two);
	SEAL(&two, "jwe:P-256.pub", "jwe:RSA.pub", "jwe:RSA2.pub");
	COF_AUTO_PTR(json_t) general = packet_json(&two, "jwe");
	assert_int_equal(json_array_size(json_object_get(general, "recipients")), 3);
	assert_null(json_object_get(general, "encrypted_key"));
	assert_null(strchr(note(&two, "jwe"), ','));
	opens(&two, "RSA.key");
	opens(&two, "RSA2.key");
	opens(&two, "P-256.key");
	shut(&two, "P-521.key");
}

static void what_a_jwk_asks_for(void **state)
{
	(void)state;
	static const struct {
		const char *type, *crv, *alg;
		size_t len;
	} cases[] = {{"RSA", NULL, "RSA-OAEP", 0},
		     {"RSA", NULL, "RSA-OAEP-256", 0},
		     {"P-256", "P-256", "ECDH-ES+A128KW", 32},
		     {"P-384", "P-384", "ECDH-ES+A192KW", 48},
		     {"P-521", "P-521", "ECDH-ES+A256KW", 66}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(made) m = {0};
		COF_AUTO(cof_buf) jwk = {0};
		COF_AUTO(cof_buf) header = {0};
		char more[64], want[64], key[16];
		(void)snprintf(more, sizeof more, ",\"alg\":\"%s\",\"kid\":\"me\"", cases[i].alg);
		if (cases[i].crv != NULL)
			ec_jwk(key_of(cases[i].type), cases[i].crv, cases[i].len, more, &jwk);
		else
			rsa_jwk(key_of(cases[i].type), false, more, &jwk);
		assert_ok(cof_file_write("k.jwk", cof_buf_span(&jwk), 0600, &err));
		make(&m);
		SEAL(&m, "jwe:k.jwk");
		COF_AUTO_PTR(json_t) doc = packet_json(&m, "jwe");
		assert_ok(cof_unb64url(cof_span_str(json_string_value(json_object_get(doc, "protected"))), &header,
				       &err));
		(void)snprintf(want, sizeof want, "\"alg\":\"%s\",\"kid\":\"me\"", cases[i].alg);
		assert_non_null(strstr(cof_buf_str(&header), want));
		(void)snprintf(key, sizeof key, "%s.key", cases[i].type);
		opens(&m, key);
		opens(&m, "k.jwk");
	}
}

static void several_schemes(void **state)
{
	(void)state;
	COF_AUTO(made) m = {0};
	make(&m);
	SEAL(&m, "pkcs7:RSA.crt", "jwe:P-256.pub", "provider:attestation-agent:keyid=" KID "::keypath=kek",
	     "pkcs7:RSA2.crt", "pkcs11:RSA2.pub", "pkcs11:RSA.pub");
	assert_int_equal(json_object_size(m.desc.annotations), 4);
	const char *const keys[] = {"RSA.key", "RSA2.key", "P-256.key", "keks", "kek"};
	for (size_t i = 0; i < COF_COUNT(keys); i++)
		opens(&m, keys[i]);
	shut(&m, "P-384.key");
	assert_null(strchr(note(&m, "pkcs7"), ','));
	assert_null(strchr(note(&m, "pkcs11"), ','));
}

/* A recipient who comes later stands in a packet behind those that are there. */
static void added_later(void **state)
{
	(void)state;
	COF_AUTO(made) m = {0};
	make(&m);
	SEAL(&m, "jwe:RSA.pub");
	SEAL(&m, "jwe:P-256.pub");
	SEAL(&m, "provider:attestation-agent:keyid=" KID "::keypath=kek");
	SEAL(&m, "provider:attestation-agent:keyid=kbs:///x/y/z::keypath=kek");
	assert_non_null(strchr(note(&m, "jwe"), ','));
	opens(&m, "RSA.key");
	opens(&m, "P-256.key");
	opens(&m, "keks");
	COF_AUTO(cof_enc_packets) all = {0};
	assert_ok(cof_enc_packets_parse(note(&m, "provider.attestation-agent"), &all, &err));
	assert_int_equal(all.n, 2);
	assert_string_equal(all.at[1].kid, "kbs:///x/y/z");
}

/* Two packets with different keys: one of them is a stranger's. */
static void t038_packets_that_disagree(void **state)
{
	(void)state;
	COF_AUTO(made) a = {0};
	COF_AUTO(made) b = {0};
	COF_AUTO(cof_layer_key) got = {0};
	make(&a);
	make(&b);
	SEAL(&a, "jwe:RSA.pub");
	SEAL(&b, "jwe:P-256.pub");
	COF_AUTO(cof_buf) both = {0};
	assert_ok(cof_buf_printf(&both, &err, "%s,%s", note(&a, "jwe"), note(&b, "jwe")));
	assert_ok(cof_json_set_str(a.desc.annotations, COF_ENC_ANNOTATION_KEYS "jwe", cof_buf_str(&both), &err));
	COF_AUTO_PTR(cof_enc_keys) keys = keys_of("RSA.key");
	assert_ok(cof_enc_open(&a.desc, keys, false, &got, &err));
	assert_ok(cof_enc_keys_add(keys, "P-256.key", &err));
	COF_AUTO(cof_layer_key) none = {0};
	assert_fails(cof_enc_open(&a.desc, keys, false, &none, &err), "layer-packets-disagree");
	assert_null(none.key.data);
	/* the same in two schemes */
	COF_AUTO(made) c = {0};
	make(&c);
	SEAL(&c, "pkcs7:RSA.crt");
	assert_ok(cof_json_set_str(c.desc.annotations, COF_ENC_ANNOTATION_KEYS "jwe", note(&b, "jwe"), &err));
	assert_fails(cof_enc_open(&c.desc, keys, false, &none, &err), "layer-packets-disagree");
}

static int add(const char *text, cof_err *err)
{
	COF_AUTO_PTR(cof_enc_to) to = NULL;
	assert_int_equal(cof_enc_to_new(&to, NULL), 0);
	int r = cof_enc_to_add(to, text, err);
	assert_int_equal(cof_enc_to_empty(to), r < 0);
	return r;
}

static void refuses_recipients(void **state)
{
	(void)state;
	EVP_PKEY *weak = EVP_RSA_gen(1024);
	COF_AUTO(cof_buf) jwk = {0};
	assert_ok(cof_file_write("short", cof_span_str("0123"), 0600, &err));
	write_public("weak.pub", weak);
	write_cert("weak.crt", weak);
	EVP_PKEY_free(weak);
	ec_jwk(key_of("P-256"), "P-256", 32, ",\"alg\":\"RSA-OAEP\"", &jwk);
	assert_ok(cof_file_write("odd.jwk", cof_buf_span(&jwk), 0600, &err));
	const struct {
		const char *text, *reason;
	} bad[] = {
		{"", "recipient-unsupported"},
		{"RSA.pub", "recipient-unsupported"},
		{"pgp:someone", "recipient-unsupported"},
		{"provider:other:x", "recipient-unsupported"},
		{"provider.attestation-agent:keyid=" KID "::keypath=kek", "recipient-unsupported"},
		{"jwe:", "no-such-file"},
		{"jwe:absent", "no-such-file"},
		{"jwe:RSA.crt", "key-malformed"},
		{"jwe:RSA.key", "key-malformed"},
		{"jwe:weak.pub", "key-unsupported"},
		{"jwe:odd.jwk", "key-unsupported"},
		{"pkcs7:RSA.pub", "key-malformed"},
		{"pkcs7:P-256.crt", "key-unsupported"},
		{"pkcs7:weak.crt", "key-unsupported"},
		{"pkcs11:P-256.pub", "key-unsupported"},
		{"provider:attestation-agent:", "recipient-malformed"},
		{"provider:attestation-agent:sample=true", "recipient-malformed"},
		{"provider:attestation-agent:keyid=" KID, "recipient-malformed"},
		{"provider:attestation-agent:keypath=kek", "recipient-malformed"},
		{"provider:attestation-agent:keyid=" KID "::keyid=" KID "::keypath=kek", "recipient-malformed"},
		{"provider:attestation-agent:keyid=" KID "::keypath=kek::algorithm=A256CTR", "recipient-malformed"},
		{"provider:attestation-agent:keyid=" KID "::keypath=short", "kek-size"},
		{"provider:attestation-agent:keyid=kbs://host/a/b/c::keypath=kek", "resource-path"},
		{"provider:attestation-agent:keyid=kbs:///a/../c::keypath=kek", "resource-path"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(add(bad[i].text, &err), bad[i].reason);
}

static void number_of_recipients(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_enc_to) to = NULL;
	assert_ok(cof_enc_to_new(&to, &err));
	for (int i = 0; i < COF_ENC_TO_MAX; i++)
		assert_ok(cof_enc_to_add_kek(to, KID, cof_span_str(KEK), &err));
	assert_fails(cof_enc_to_add_kek(to, KID, cof_span_str(KEK), &err), "too-many-keys");
	assert_fails(cof_enc_to_add(to, "jwe:RSA.pub", &err), "too-many-keys");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(one_recipient),      T(forms_of_jwe),		T(what_a_jwk_asks_for),
		T(several_schemes),    T(added_later),		T(t038_packets_that_disagree),
		T(refuses_recipients), T(number_of_recipients),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
