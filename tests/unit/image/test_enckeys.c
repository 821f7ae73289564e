/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's set of keys: every form of file that it takes, and what it refuses. */
#include "image-decrypt/enckeys.h"

#include "image-decrypt/enc_int.h"
#include "image-decrypt/enckeyfile.h"
#include "tests/unit/image/keyfiles.h"
#include "tests/unit/image/scratch.h"

static int begin(void **state)
{
	int r = scratch_up(state);
	const scratch *s = *state;
	assert_int_equal(chdir(s->top), 0);
	return r;
}

static int end(void **state)
{
	assert_int_equal(chdir("/"), 0);
	return scratch_down(state);
}

static cof_enc_keys *set(void)
{
	cof_enc_keys *k = NULL;
	assert_ok(cof_enc_keys_new(&k, &err));
	assert_true(cof_enc_keys_empty(k));
	return k;
}

static int add(const char *arg, cof_err *err)
{
	COF_AUTO_PTR(cof_enc_keys) k = set();
	return cof_enc_keys_add(k, arg, err);
}

/* The file is read as this key. */
static void reads_as(const char *arg, EVP_PKEY *want)
{
	COF_AUTO_PTR(cof_enc_keys) k = set();
	assert_ok(cof_enc_keys_add(k, arg, &err));
	assert_false(cof_enc_keys_empty(k));
	assert_non_null(cof_enc_keys_private(k, 0));
	assert_null(cof_enc_keys_private(k, 1));
	assert_int_equal(EVP_PKEY_eq(cof_enc_keys_private(k, 0), want), 1);
}

static void put(const char *path, const cof_buf *b)
{
	assert_ok(cof_file_write(path, cof_buf_span(b), 0600, &err));
}

static void pem_and_der(void **state)
{
	(void)state;
	const char *const types[] = {"RSA", "P-256", "P-384", "P-521"};
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		EVP_PKEY *key = key_of(types[i]);
		uint8_t *der = NULL;
		write_private("k.pem", key, NULL, NULL);
		reads_as("k.pem", key);
		int n = i2d_PrivateKey(key, &der); /* PKCS#1 or SEC1 */
		assert_ok(cof_file_write("k.der", cof_span_of(der, (size_t)n), 0600, &err));
		OPENSSL_free(der);
		reads_as("k.der", key);
		PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
		der = NULL;
		n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
		assert_ok(cof_file_write("k.p8", cof_span_of(der, (size_t)n), 0600, &err));
		OPENSSL_free(der);
		PKCS8_PRIV_KEY_INFO_free(p8);
		reads_as("k.p8", key);
		BIO *b = BIO_new(BIO_s_mem());
		assert_int_equal(PEM_write_bio_PrivateKey_traditional(b, key, NULL, NULL, 0, NULL, NULL), 1);
		write_bio("k.old", b);
		reads_as("k.old", key);
	}
}

static void jwks(void **state)
{
	(void)state;
	static const struct {
		const char *crv;
		size_t len;
	} curves[] = {{"P-256", 32}, {"P-384", 48}, {"P-521", 66}};
	for (size_t i = 0; i < COF_COUNT(curves); i++) {
		COF_AUTO(cof_buf) b = {0};
		ec_jwk(key_of(curves[i].crv), curves[i].crv, curves[i].len, ",\"kid\":\"mine\"", &b);
		put("k.jwk", &b);
		reads_as("k.jwk", key_of(curves[i].crv));
	}
	for (int factors = 0; factors < 2; factors++) {
		COF_AUTO(cof_buf) b = {0};
		assert_ok(cof_buf_add_str(&b, " \n", &err));
		rsa_jwk(key_of("RSA"), factors != 0, "", &b);
		put("k.jwk", &b);
		reads_as("k.jwk", key_of("RSA"));
	}
}

static void refuses_jwks(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) good = {0};
	ec_jwk(key_of("P-256"), "P-256", 32, "", &good);
	const char *const bad[] = {
		"{}",
		"{",
		"{\"kty\":1}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\",\"d\":\"AAAA\"}",
		"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AAAA\",\"y\":\"AAAA\",\"d\":\"AAAA\"}",
		/* not on the curve */
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
		"\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"d\":\"AQ\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\",\"d\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"AQAB\",\"p\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"AQAB\",\"oth\":[]}",
		"{\"kty\":\"EC\",\"kty\":\"EC\"}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		assert_ok(cof_file_write("k.jwk", cof_span_str(bad[i]), 0600, &err));
		assert_fails(add("k.jwk", &err), "key-malformed");
	}
	assert_ok(cof_file_write("k.jwk", cof_span_str("{\"kty\":\"oct\",\"k\":\"AAAA\"}"), 0600, &err));
	assert_fails(add("k.jwk", &err), "key-unsupported");
	/* every cut of a good one */
	for (size_t n = 0; n < good.len; n += 7) {
		assert_ok(cof_file_write("k.jwk", cof_span_of(good.data, n), 0600, &err));
		assert_true(n == 32 || add("k.jwk", NULL) < 0);
	}
}

static void passwords(void **state)
{
	(void)state;
	EVP_PKEY *key = key_of("RSA");
	write_private("k8.pem", key, "aes-256-cbc", "open sesame");
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PrivateKey_traditional(b, key, EVP_aes_128_cbc(), NULL, 0, NULL,
							      (void *)(uintptr_t) "open sesame"),
			 1);
	write_bio("k1.pem", b);
	b = BIO_new(BIO_s_mem());
	assert_int_equal(
		i2d_PKCS8PrivateKey_bio(b, key, EVP_aes_256_cbc(), NULL, 0, NULL, (void *)(uintptr_t) "open sesame"),
		1);
	write_bio("k8.der", b);
	assert_ok(cof_file_write("pw", cof_span_str("open sesame\n"), 0600, &err));
	int pw = open("pw", O_RDONLY | O_CLOEXEC);
	const char *const files[] = {"k8.pem", "k1.pem", "k8.der"};
	const char *const forms[] = {"open sesame", "pass=open sesame", "file=pw", "fd="};
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		for (size_t f = 0; f < COF_COUNT(forms); f++) {
			char arg[64];
			(void)snprintf(arg, sizeof arg, "%s:%s", files[i], forms[f]);
			if (f == 3)
				(void)snprintf(arg, sizeof arg, "%s:fd=%d", files[i], pw);
			assert_int_equal(lseek(pw, 0, SEEK_SET), 0);
			reads_as(arg, key);
		}
		char arg[64];
		(void)snprintf(arg, sizeof arg, "%s:pass=other", files[i]);
		assert_fails(add(files[i], &err), "key-password");
		assert_fails(add(arg, &err), "key-password");
	}
	(void)close(pw);
	assert_fails(add("k8.pem:file=absent", &err), "no-such-file");
	assert_fails(add("k8.pem:fd=x", &err), "key-password");
	assert_fails(add("k8.pem:fd=-1", &err), "key-password");
	/* a password that no key asks for is no error */
	write_private("plain.pem", key, NULL, NULL);
	reads_as("plain.pem:pass=x", key);
	/* a name with a colon in it */
	write_private("a:b.pem", key, NULL, NULL);
	reads_as("a:b.pem", key);
}

static void refuses_files(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) large = {0};
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), *curve = EVP_EC_gen("secp256k1");
	assert_ok(cof_buf_reserve(&large, COF_ENC_KEY_FILE_MAX + 1, &err));
	large.len = COF_ENC_KEY_FILE_MAX + 1;
	put("large", &large);
	assert_fails(add("absent", &err), "no-such-file");
	assert_fails(add("absent:pw", &err), "no-such-file");
	assert_fails(add("large", &err), "file-too-large");
	assert_ok(cof_file_write("bad", cof_span_str(""), 0600, &err));
	assert_fails(add("bad", &err), "key-malformed");
	assert_ok(cof_file_write("bad", cof_span_str("-----BEGIN PRIVATE KEY-----\nAAAA\n"), 0600, &err));
	assert_fails(add("bad", &err), "key-malformed");
	write_public("bad", key_of("RSA"));
	assert_fails(add("bad", &err), "key-malformed");
	write_private("bad", ed, NULL, NULL);
	assert_fails(add("bad", &err), "key-unsupported");
	write_private("bad", curve, NULL, NULL);
	assert_fails(add("bad", &err), "key-unsupported");
	EVP_PKEY_free(ed);
	EVP_PKEY_free(curve);
}

static void keks(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_enc_keys) k = set();
	COF_AUTO(cof_secret) got = {0};
	const char *const raw = "0123456789abcdef0123456789abcdef";
	assert_ok(cof_file_write("kek", cof_span_str(raw), 0600, &err));
	assert_ok(cof_enc_keys_add(k, "kek", &err));
	assert_non_null(cof_enc_keys_kek(k, 0));
	assert_null(cof_enc_keys_kek(k, 1));
	assert_span_equal(cof_secret_span(cof_enc_keys_kek(k, 0)), raw, 32);
	assert_fails(cof_enc_keys_add_kek(k, cof_span_of(raw, 31), &err), "kek-size");
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_ok(cof_file_write("dir/a_b_c", cof_span_str(raw), 0600, &err));
	assert_ok(cof_file_write("dir/short", cof_span_of(raw, 31), 0600, &err));
	assert_fails(cof_enc_keys_kek_named(k, "a_b_c", &got, &err), "kek-missing");
	assert_fails(cof_enc_keys_add_dir(k, "nowhere", &err), "no-such-file");
	assert_ok(cof_enc_keys_add_dir(k, "dir", &err));
	assert_fails(cof_enc_keys_add_dir(k, "dir", &err), "too-many-keys");
	assert_fails(cof_enc_keys_kek_named(k, "short", &got, &err), "kek-missing");
	assert_fails(cof_enc_keys_kek_named(k, "absent", &got, &err), "kek-missing");
	assert_ok(cof_enc_keys_kek_named(k, "a_b_c", &got, &err));
	assert_span_equal(cof_secret_span(&got), raw, 32);
}

static void number_of_keys(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_enc_keys) k = set();
	write_private("k.pem", key_of("P-256"), NULL, NULL);
	assert_ok(cof_file_write("kek", cof_span_str("0123456789abcdef0123456789abcdef"), 0600, &err));
	for (int i = 0; i < COF_ENC_KEYS_MAX; i++) {
		assert_ok(cof_enc_keys_add(k, "k.pem", &err));
		assert_ok(cof_enc_keys_add(k, "kek", &err));
	}
	assert_fails(cof_enc_keys_add(k, "k.pem", &err), "too-many-keys");
	assert_fails(cof_enc_keys_add(k, "kek", &err), "too-many-keys");
}

static void certificates_open_nothing(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_enc_keys) k = set();
	write_cert("c.pem", key_of("RSA"));
	assert_ok(cof_enc_keys_add(k, "c.pem", &err));
	assert_true(cof_enc_keys_empty(k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(pem_and_der),	  T(jwks), T(refuses_jwks),   T(passwords),
		T(refuses_files), T(keks), T(number_of_keys), T(certificates_open_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
