/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials for endorsement keys of every kind, made by the verifier and opened by the known-answer kind. */
#include "tests/unit/verify/soft_quote.h"

#include "attestation/verify/credential.h"
#include "attestation/verify/makecredential.h"
#include "attestation/verify/tpm_credential.h"

static soft_keys keys;

enum { SOFT_EKS = 4 };

typedef struct soft_ek {
	const char *label;
	EVP_PKEY *key;
	uint16_t name_alg, sym_bits;
	size_t digest;
} soft_ek;

static soft_ek eks[SOFT_EKS] = {{"RSA 2048", NULL, 0xb, 128, 32},
				{"P-256", NULL, 0xb, 128, 32},
				{"P-384", NULL, 0xc, 256, 48},
				{"P-521", NULL, 0xd, 256, 64}};

typedef struct made {
	cof_buf ek, ak, blob, secret, pem, tools;
	uint8_t credential[32];
	char name[2 * COF_TPM_NAME_MAX + 1];
} made;

static void made_release(made *m)
{
	cof_buf *all[] = {&m->ek, &m->ak, &m->blob, &m->secret, &m->pem, &m->tools};
	for (size_t i = 0; i < COF_COUNT(all); i++)
		cof_buf_release(all[i]);
}
COF_DEFINE_AUTO(made, made_release)

static void put_private(EVP_PKEY *key, cof_buf *ret)
{
	char *text = NULL;
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL), 1);
	long n = BIO_get_mem_data(b, &text);
	ret->len = 0;
	assert_ok(cof_buf_add(ret, text, (size_t)n, &err));
	BIO_free(b);
}

static void put_tools(made *m)
{
	cof_wr w = cof_wr_to(&m->tools);
	m->tools.len = 0;
	cof_wr_u32be(&w, (uint32_t)COF_TPM_TOOLS_MAGIC);
	cof_wr_u32be(&w, 1);
	cof_wr_bytes(&w, cof_buf_span(&m->blob));
	cof_wr_bytes(&w, cof_buf_span(&m->secret));
	assert_ok(cof_wr_done(&w, &err));
}

/* As the broker makes it, for a certified EK. */
static void make(const soft_ek *e, made *m)
{
	const soft_area ek = {0, e->name_alg, 6, e->sym_bits, 0x43, 0x10, 0, EK_BITS, 0};
	const soft_area ak = {0, 0xb, 0x10, 0, 0, 0x14, 0xb, 0x00050072, 0};
	COF_AUTO(cof_buf) cert = {0};
	COF_AUTO(cof_buf) root = {0};
	soft_cert c = soft_ek_cert(&keys), r = soft_root_cert(&keys);
	cof_tpm_public p;
	soft_put_area(&ek, e->key, &m->ek);
	soft_put_area(&ak, keys.ak, &m->ak);
	c.key = e->key;
	c.ext = EVP_PKEY_get_base_id(e->key) == EVP_PKEY_RSA
			? SOFT_EK_EXT
			: "[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyAgreement\n"
			  "extendedKeyUsage=2.23.133.8.1\nsubjectAltName=critical," SOFT_EK_SAN;
	soft_der(&c, &cert);
	soft_pem(&r, &root);
	memset(m->credential, 0x5a, sizeof m->credential);
	const cof_tpm_bind_in in = {.ek_cert = cof_buf_span(&cert),
				    .ek_public = cof_buf_span(&m->ek),
				    .ak_public = cof_buf_span(&m->ak),
				    .credential = cof_span_of(m->credential, 32),
				    .ek_roots = cof_buf_span(&root),
				    .now = SOFT_NOW};
	assert_ok(cof_tpm_bind(&in, &m->blob, &m->secret, &err));
	assert_ok(cof_tpm_public_parse(cof_buf_span(&m->ak), &p, &err));
	cof_hex(cof_tpm_public_name(&p), m->name);
	put_private(e->key, &m->pem);
	put_tools(m);
}

static void judge(const char *kind_name, const cof_role_file *files, size_t n, const json_t *policy, cof_verdict *v)
{
	const cof_kind *kind = NULL;
	const cof_verify_in in = {.files = files, .n_files = n, .policy = policy, .now = SOFT_NOW};
	assert_ok(cof_kind_find(kind_name, &kind, &err));
	assert_ok(cof_verify(kind, &in, v, &err));
}

static void open_it(const made *m, const char *name, cof_verdict *v)
{
	const cof_role_file files[] = {{"ek_private", cof_buf_span(&m->pem)},
				       {"credential_blob", cof_buf_span(&m->blob)},
				       {"encrypted_secret", cof_buf_span(&m->secret)}};
	COF_AUTO_PTR(json_t) policy = name == NULL ? NULL : json_pack("{s:s}", "ak_name", name);
	judge("tpm-makecredential-kat", files, COF_COUNT(files), policy, v);
}

static void judge_shape(const made *m, cof_verdict *v)
{
	const cof_role_file files[] = {
		{"credential_blob", cof_buf_span(&m->blob)}, {"encrypted_secret", cof_buf_span(&m->secret)},
		{"ek_public", cof_buf_span(&m->ek)},	     {"ak_public", cof_buf_span(&m->ak)},
		{"tools_file", cof_buf_span(&m->tools)},     {"secret", cof_span_of(m->credential, 32)}};
	judge("tpm-credential", files, COF_COUNT(files), NULL, v);
}

/* ---- */

static void made_and_opened(void **state)
{
	(void)state;
	static cof_verdict v;
	for (size_t i = 0; i < SOFT_EKS; i++) {
		COF_AUTO(made) m = {0};
		char want[65];
		make(&eks[i], &m);
		cof_hex(cof_span_of(m.credential, 32), want);
		open_it(&m, m.name, &v);
		assert_verdict(&v, eks[i].label, NULL);
		assert_string_equal(json_string_value(json_object_get(v.fields, "secret")), want);
		assert_int_equal(json_string_length(json_object_get(v.fields, "seed")), 2 * eks[i].digest);
		assert_int_equal(json_object_get(v.fields, "z") != NULL, i > 0);
		cof_verdict_release(&v);
		judge_shape(&m, &v);
		assert_verdict(&v, eks[i].label, NULL);
		assert_int_equal(json_integer_value(json_object_get(v.fields, "id_object_hmac_len")), eks[i].digest);
		cof_verdict_release(&v);
	}
}

/* A credential is for one AK in one TPM. */
static void t025_for_one_key_in_one_tpm(void **state)
{
	(void)state;
	static cof_verdict v;
	for (size_t i = 0; i < SOFT_EKS; i++) {
		COF_AUTO(made) m = {0};
		make(&eks[i], &m);
		const char digit = m.name[9];
		m.name[9] = digit == '0' ? '1' : '0'; /* still a hex digit, whatever the AK's name */
		open_it(&m, m.name, &v);
		assert_verdict(&v, eks[i].label, "credential-integrity");
		assert_null(json_object_get(v.fields, "secret"));
		cof_verdict_release(&v);
		m.name[9] = digit;
		open_it(&m, NULL, &v);
		assert_verdict(&v, "without a name", NULL);
		assert_null(json_object_get(v.fields, "sym_key"));
		assert_null(json_object_get(v.fields, "secret"));
		cof_verdict_release(&v);
		EVP_PKEY *stranger = i == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen(eks[i].label);
		put_private(stranger, &m.pem);
		EVP_PKEY_free(stranger);
		open_it(&m, m.name, &v);
		/* an exchange always gives some seed: the wrong one */
		assert_verdict(&v, "another EK", i == 0 ? "secret-unopened" : "credential-integrity");
		cof_verdict_release(&v);
	}
}

static void t022_every_bit(void **state)
{
	(void)state;
	static cof_verdict v;
	for (size_t i = 0; i < SOFT_EKS; i++) {
		COF_AUTO(made) m = {0};
		make(&eks[i], &m);
		cof_buf *const both[] = {&m.blob, &m.secret};
		for (size_t k = 0; k < COF_COUNT(both); k++) {
			for (size_t bit = 0; bit < 8 * both[k]->len; bit += 3) {
				both[k]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
				open_it(&m, m.name, &v);
				both[k]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
				if (v.accepted)
					fail_msg("%s: bit %zu of %zu", eks[i].label, bit, k);
				cof_verdict_release(&v);
			}
		}
	}
}

static void t079_every_truncation(void **state)
{
	(void)state;
	static cof_verdict v;
	for (size_t i = 0; i < SOFT_EKS; i++) {
		COF_AUTO(made) m = {0};
		make(&eks[i], &m);
		cof_buf *const all[] = {&m.blob, &m.secret, &m.tools, &m.ek, &m.ak};
		for (size_t k = 0; k < COF_COUNT(all); k++) {
			size_t len = all[k]->len;
			for (all[k]->len = 0; all[k]->len < len; all[k]->len++) {
				judge_shape(&m, &v);
				if (v.accepted)
					fail_msg("%s: file %zu of %zu bytes", eks[i].label, k, all[k]->len);
				cof_verdict_release(&v);
			}
		}
	}
}

/* ---- shapes ---- */

static void assert_shape(const made *m, const char *label, const char *want)
{
	static cof_verdict v;
	judge_shape(m, &v);
	assert_alone(&v, label, want);
	cof_verdict_release(&v);
}

static void put_blob(made *m, size_t hmac, size_t enc)
{
	cof_wr w = cof_wr_to(&m->blob);
	m->blob.len = 0;
	size_t mark = cof_wr_begin_u16be(&w);
	cof_wr_u16be(&w, (uint16_t)hmac);
	cof_wr_zeros(&w, hmac + enc);
	cof_wr_end_u16be(&w, mark);
	assert_ok(cof_wr_done(&w, &err));
	put_tools(m);
}

static void t022_shapes_for_other_keys(void **state)
{
	(void)state;
	COF_AUTO(made) m = {0};
	make(&eks[0], &m);
	put_blob(&m, 48, 34);
	assert_shape(&m, "a MAC of SHA-384", "credential-hmac-size");
	put_blob(&m, 32, 33);
	assert_shape(&m, "another secret's size", "credential-secret-size");
	put_blob(&m, 32, 34);
	assert_shape(&m, "as it should be", NULL);
	m.tools.data[30] ^= 1;
	assert_shape(&m, "another file of the tools", "tools-mismatch");
	m.tools.data[30] ^= 1;
	m.tools.data[0] ^= 1;
	assert_shape(&m, "no file of the tools", "tools-malformed");
	m.tools.data[0] ^= 1;
	m.tools.data[7] = 2;
	assert_shape(&m, "a later version", "tools-malformed");
	put_tools(&m);
	soft_area ak = {0, 0xb, 0x10, 0, 0, 0x14, 0xb, 0x00040072, 0};
	m.ak.len = 0;
	soft_put_area(&ak, keys.ak, &m.ak);
	assert_shape(&m, "an AK that is none", "ak-restricted");
	COF_AUTO(made) ec = {0};
	make(&eks[1], &ec);
	m.ak.len = 0;
	ak.attributes = 0x00050072;
	soft_put_area(&ak, keys.ak, &m.ak);
	m.secret.len = 0;
	assert_ok(cof_buf_add(&m.secret, ec.secret.data, ec.secret.len, &err));
	put_tools(&m);
	assert_shape(&m, "a point for RSA", "secret-for-another-ek");
	ec.secret.data[20] ^= 1;
	put_tools(&ec);
	assert_shape(&ec, "no point of the curve", "secret-for-another-ek");
}

/* Without the tools' file, whose copy would tell. */
static void t022_shapes_by_themselves(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO(made) m = {0};
	make(&eks[0], &m);
	const cof_role_file good[] = {{"credential_blob", cof_buf_span(&m.blob)},
				      {"encrypted_secret", cof_buf_span(&m.secret)},
				      {"ek_public", cof_buf_span(&m.ek)},
				      {"ak_public", cof_buf_span(&m.ak)}};
	static const char *const checks[] = {"credential-malformed", "secret-malformed", "ek-malformed",
					     "ak-malformed"};
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		cof_role_file files[COF_COUNT(good)];
		memcpy(files, good, sizeof files);
		files[i].bytes.len--;
		judge("tpm-credential", files, COF_COUNT(files), NULL, &v);
		assert_alone(&v, files[i].role, checks[i]);
		cof_verdict_release(&v);
	}
}

/* Made by who knows the seed: the MAC is right, and what is under it is not one sized secret. */
static void t022_a_size_that_lies(void **state)
{
	(void)state;
	static cof_verdict v;
	static const uint8_t sizes[] = {31, 33, 0, 255}, zero_iv[16];
	for (size_t i = 0; i < sizeof sizes; i++) {
		COF_AUTO(made) m = {0};
		uint8_t seed[COF_DIGEST_MAX], plain[34] = {0, sizes[i]}, enc[34], mac[COF_DIGEST_MAX];
		cof_credential_keys k;
		cof_tpm_public ek, ak;
		int n = 0;
		make(&eks[1], &m);
		assert_ok(cof_tpm_public_parse(cof_buf_span(&m.ek), &ek, &err));
		assert_ok(cof_tpm_public_parse(cof_buf_span(&m.ak), &ak, &err));
		m.secret.len = m.blob.len = 0;
		assert_ok(cof_credential_make_seed(&ek, seed, &m.secret, &err));
		assert_ok(cof_credential_derive(&ek, cof_span_of(seed, 32), cof_tpm_public_name(&ak), &k, &err));
		EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
		assert_int_equal(EVP_EncryptInit_ex(c, EVP_aes_128_cfb128(), NULL, k.sym, zero_iv), 1);
		assert_int_equal(EVP_EncryptUpdate(c, enc, &n, plain, sizeof plain), 1);
		EVP_CIPHER_CTX_free(c);
		assert_ok(cof_credential_mac(&ek, &k, cof_span_of(enc, 34), cof_tpm_public_name(&ak), mac, &err));
		cof_wr w = cof_wr_to(&m.blob);
		cof_wr_u16be(&w, 2 + 32 + 34);
		cof_wr_span_u16be(&w, cof_span_of(mac, 32));
		cof_wr_bytes(&w, cof_span_of(enc, 34));
		assert_ok(cof_wr_done(&w, &err));
		open_it(&m, m.name, &v);
		assert_alone(&v, "size", "credential-plain-size");
		cof_verdict_release(&v);
	}
}

static void t022_credentials_larger_than_a_digest(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO(made) m = {0};
	make(&eks[0], &m);
	put_blob(&m, 32, 40);
	const cof_role_file files[] = {{"credential_blob", cof_buf_span(&m.blob)},
				       {"encrypted_secret", cof_buf_span(&m.secret)},
				       {"ek_public", cof_buf_span(&m.ek)},
				       {"ak_public", cof_buf_span(&m.ak)}};
	judge("tpm-credential", files, COF_COUNT(files), NULL, &v);
	assert_alone(&v, "38 bytes under SHA-256", "credential-size");
	cof_verdict_release(&v);
}

static void known_answers_from_the_other_side(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO(made) m = {0};
	make(&eks[1], &m);
	const cof_role_file files[] = {{"ek_private", cof_buf_span(&m.pem)},
				       {"credential_blob", cof_buf_span(&m.blob)},
				       {"encrypted_secret", cof_buf_span(&m.secret)},
				       {"ephemeral_private", cof_buf_span(&m.pem)}};
	judge("tpm-makecredential-kat", files, COF_COUNT(files), NULL, &v);
	assert_alone(&v, "the EK is not the ephemeral key", "ephemeral-mismatch");
	cof_verdict_release(&v);
	put_blob(&m, 20, 34);
	open_it(&m, NULL, &v);
	assert_verdict(&v, "a MAC of SHA-1", "credential-hmac-size");
	cof_verdict_release(&v);
	m.pem.len = 30;
	open_it(&m, NULL, &v);
	assert_verdict(&v, "no key", "ek-private-malformed");
	cof_verdict_release(&v);
}

static void policies(void **state)
{
	(void)state;
	static const char *const bad[] = {"{\"nonce\":\"00\"}", "{\"ak_name\":5}", "{\"ak_name\":\"\"}",
					  "{\"ak_name\":\"0\"}", "[]"};
	static cof_verdict v;
	COF_AUTO(made) m = {0};
	make(&eks[0], &m);
	const cof_role_file kat[] = {{"ek_private", cof_buf_span(&m.pem)},
				     {"credential_blob", cof_buf_span(&m.blob)},
				     {"encrypted_secret", cof_buf_span(&m.secret)}};
	const cof_role_file shape[] = {
		kat[1], kat[2], {"ek_public", cof_buf_span(&m.ek)}, {"ak_public", cof_buf_span(&m.ak)}};
	const cof_kind *kinds[2] = {NULL};
	assert_ok(cof_kind_find("tpm-makecredential-kat", &kinds[0], &err));
	assert_ok(cof_kind_find("tpm-credential", &kinds[1], &err));
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(json_t) policy = json_loads(bad[i], 0, NULL);
		const cof_verify_in a = {.files = kat, .n_files = COF_COUNT(kat), .policy = policy, .now = SOFT_NOW};
		const cof_verify_in b = {
			.files = shape, .n_files = COF_COUNT(shape), .policy = policy, .now = SOFT_NOW};
		assert_fails(cof_verify(kinds[0], &a, &v, &err), "policy-word");
		assert_fails(cof_verify(kinds[1], &b, &v, &err), "policy-word");
	}
}

static void kdfe_of_a_whole_digest_at_most(void **state)
{
	(void)state;
	uint8_t z[32] = {1}, out[64];
	cof_kdfe_in k = {COF_SHA256, {z, 32}, "IDENTITY", {z, 32}, {z, 32}, 256};
	assert_ok(cof_kdfe(&k, out, &err));
	k.bits = 264;
	assert_fails(cof_kdfe(&k, out, &err), "openssl");
	k.bits = 12;
	assert_fails(cof_kdfe(&k, out, &err), "openssl");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_and_opened),
		cmocka_unit_test(t025_for_one_key_in_one_tpm),
		cmocka_unit_test(t022_every_bit),
		cmocka_unit_test(t079_every_truncation),
		cmocka_unit_test(t022_shapes_for_other_keys),
		cmocka_unit_test(t022_shapes_by_themselves),
		cmocka_unit_test(t022_a_size_that_lies),
		cmocka_unit_test(t022_credentials_larger_than_a_digest),
		cmocka_unit_test(known_answers_from_the_other_side),
		cmocka_unit_test(policies),
		cmocka_unit_test(kdfe_of_a_whole_digest_at_most),
	};
	soft_keys_make(&keys);
	eks[0].key = keys.ek;
	for (size_t i = 1; i < SOFT_EKS; i++)
		eks[i].key = EVP_EC_gen(eks[i].label);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (size_t i = 1; i < SOFT_EKS; i++)
		EVP_PKEY_free(eks[i].key);
	soft_keys_drop(&keys);
	return failed;
}
