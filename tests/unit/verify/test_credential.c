/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/vectors.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "attestation/verify/credential.h"

static EVP_PKEY *read_private(const json_t *v)
{
	COF_AUTO(cof_buf) pem = {0};
	vector_file(v, "ek_private", &pem);
	BIO *b = BIO_new_mem_buf(pem.data, (int)pem.len);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	BIO_free(b);
	assert_non_null(k);
	return k;
}

static void unhex_field(const json_t *v, const char *key, uint8_t *out, size_t len)
{
	assert_ok(cof_unhex(jstr(json_object_get(v, "fields"), key), out, len, &err));
}

/* As the TPM does it: the seed out of the encrypted secret. */
static void open_seed(EVP_PKEY *key, cof_span secret, uint8_t out[32])
{
	static const char label[] = "IDENTITY";
	uint8_t plain[256];
	size_t n = sizeof plain;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0);
	assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup(label, sizeof label), sizeof label) > 0);
	assert_int_equal(EVP_PKEY_decrypt(ctx, plain, &n, secret.data + 2, secret.len - 2), 1);
	assert_int_equal(n, 32);
	memcpy(out, plain, 32);
	EVP_PKEY_CTX_free(ctx);
}

static cof_tpm_public rsa_ek(EVP_PKEY *key, uint8_t modulus[256])
{
	BIGNUM *n = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(key, "n", &n), 1);
	assert_int_equal(BN_bn2binpad(n, modulus, 256), 256);
	BN_free(n);
	return (cof_tpm_public){.type = COF_TPM_ALG_RSA,
				.name_alg = COF_SHA256,
				.sym_bits = 128,
				.bits = 2048,
				.exponent = 65537,
				.modulus = {modulus, 256}};
}

static void known_answer_rsa(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	const json_t *v = vector_by_id(index, "tpm/makecredential-rsa2048-sha256-aes128");
	uint8_t seed[32], name[34], secret[32], sym[16], mac[32], opened[32], modulus[256];
	COF_AUTO(cof_buf) blob = {0};
	COF_AUTO(cof_buf) encrypted = {0};
	COF_AUTO(cof_buf) got = {0};
	COF_AUTO(cof_buf) sealed = {0};
	unhex_field(v, "seed", seed, 32);
	unhex_field(v, "ak_name", name, 34);
	unhex_field(v, "secret", secret, 32);
	vector_file(v, "credential_blob", &blob);
	vector_file(v, "encrypted_secret", &encrypted);
	EVP_PKEY *key = read_private(v);
	open_seed(key, cof_buf_span(&encrypted), opened);
	assert_memory_equal(opened, seed, 32);
	const cof_kdfa_in storage = {
		.hash = COF_SHA256, .key = {seed, 32}, .label = "STORAGE", .u = {name, 34}, .bits = 128};
	assert_ok(cof_kdfa(&storage, sym, &err));
	assert_hex(cof_span_of(sym, 16), jstr(json_object_get(v, "fields"), "sym_key"));
	const cof_kdfa_in integrity = {.hash = COF_SHA256, .key = {seed, 32}, .label = "INTEGRITY", .bits = 256};
	assert_ok(cof_kdfa(&integrity, mac, &err));
	assert_hex(cof_span_of(mac, 32), jstr(json_object_get(v, "fields"), "hmac_key"));
	cof_tpm_public ek = rsa_ek(key, modulus);
	assert_ok(cof_credential_wrap(&ek, cof_span_of(seed, 32), cof_span_of(name, 34), cof_span_of(secret, 32), &got,
				      &err));
	assert_span_equal(cof_buf_span(&got), blob.data, blob.len);
	assert_ok(cof_credential_seal_seed(&ek, cof_span_of(seed, 32), &sealed, &err));
	assert_int_equal(sealed.len, encrypted.len);
	open_seed(key, cof_buf_span(&sealed), opened);
	assert_memory_equal(opened, seed, 32);
	EVP_PKEY_free(key);
}

/* The wrapping is the same for ECC EKs; only the seed travels otherwise. */
static void known_answer_wrapping_of_ecc(void **state)
{
	(void)state;
	static const struct {
		const char *id;
		cof_hash hash;
		uint16_t bits;
		size_t secret;
	} cases[] = {{"tpm/makecredential-p256-sha256-aes128", COF_SHA256, 128, 32},
		     {"tpm/makecredential-p384-sha384-aes256", COF_SHA384, 256, 32}};
	COF_AUTO_PTR(json_t) index = vector_index();
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		const json_t *v = vector_by_id(index, cases[i].id);
		const json_t *f = json_object_get(v, "fields");
		uint8_t seed[64], name[66], secret[64];
		size_t seed_len = cof_hash_len(cases[i].hash), name_len = strlen(jstr(f, "ak_name")) / 2;
		size_t secret_len = strlen(jstr(f, "secret")) / 2;
		COF_AUTO(cof_buf) blob = {0};
		COF_AUTO(cof_buf) got = {0};
		unhex_field(v, "seed", seed, seed_len);
		unhex_field(v, "ak_name", name, name_len);
		unhex_field(v, "secret", secret, secret_len);
		vector_file(v, "credential_blob", &blob);
		const cof_tpm_public ek = {
			.type = COF_TPM_ALG_ECC, .name_alg = cases[i].hash, .sym_bits = cases[i].bits};
		assert_ok(cof_credential_wrap(&ek, cof_span_of(seed, seed_len), cof_span_of(name, name_len),
					      cof_span_of(secret, secret_len), &got, &err));
		assert_span_equal(cof_buf_span(&got), blob.data, blob.len);
	}
}

static void sizes_that_no_tpm_takes(void **state)
{
	(void)state;
	uint8_t bytes[64] = {0}, out[1024];
	COF_AUTO(cof_buf) got = {0};
	cof_tpm_public ek = {.type = COF_TPM_ALG_ECC, .name_alg = COF_SHA256, .sym_bits = 128};
	assert_fails(cof_credential_wrap(&ek, cof_span_of(bytes, 32), cof_span_of(bytes, 34), cof_span_of(bytes, 33),
					 &got, &err),
		     "credential-size");
	ek.sym_bits = 192;
	assert_fails(cof_credential_wrap(&ek, cof_span_of(bytes, 32), cof_span_of(bytes, 34), cof_span_of(bytes, 32),
					 &got, &err),
		     "credential-size");
	assert_fails(cof_credential_seal_seed(&ek, cof_span_of(bytes, 32), &got, &err), "ek-template");
	assert_int_equal(got.len, 0);
	cof_kdfa_in k = {.hash = COF_SHA256, .key = {bytes, 32}, .label = "X", .bits = 12};
	assert_fails(cof_kdfa(&k, out, &err), "openssl");
	k.bits = 8192;
	assert_fails(cof_kdfa(&k, out, &err), "openssl");
	k.bits = 1024; /* several blocks */
	assert_ok(cof_kdfa(&k, out, &err));
	assert_memory_not_equal(out, out + 32, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_that_no_tpm_takes),
		cmocka_unit_test(known_answer_rsa),
		cmocka_unit_test(known_answer_wrapping_of_ecc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
